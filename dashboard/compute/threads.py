"""The threads of the process, shared by all visitors."""

import atexit
import os
import sys
from dataclasses import dataclass, fields
from functools import cache, partial
from typing import final

from dashboard.compute.warm import warm_first, warm_rest
from dashboard.concurrency.worker import Worker
from dashboard.runs.catalogue import catalogue

WARM = "HOAM_WARM"
# Seconds for which a Python thread keeps others waiting. The model's thread requests its turn many
# times for one answer; by default it waits up to 5 ms each time while a class is served.
TURN = 0.0005


@final
@dataclass(frozen=True)
class Workers:
    """Every thread of the process that computes, by what it does.

    Whatever follows a slider goes first: full models wait for models and lattices, and trainings
    for all of them. `files` waits for processes that read visitors' uploads, a minute each;
    `exports` makes the files that visitors download; `http` answers /api/predict.
    """

    models: Worker
    lattices: Worker
    truths: Worker
    trainings: Worker
    files: Worker
    exports: Worker
    http: Worker

    @property
    def all(self) -> tuple[Worker, ...]:
        """Every thread, the ones with priority first."""
        return tuple(getattr(self, one.name) for one in fields(self))


def started() -> Workers:
    """New threads; `at_the_end` makes sure that they end with the process."""
    models = Worker("learned-models", turns=True)
    lattices = Worker("lattices", behind=(models,), turns=True)
    truths = Worker("full-models", behind=(models, lattices))
    trainings = Worker("trainings", behind=(models, lattices, truths), patience=5.0)
    files = Worker("files", behind=(models,))
    exports = Worker("exports", behind=(models,), patience=0.5)
    http = Worker("http-predictions", behind=(models,))
    return Workers(models, lattices, truths, trainings, files, exports, http)


def at_the_end(*threads: Worker) -> None:
    """Wait for all threads together at the end of the process.

    A thread that is killed inside compiled code makes the process abort with an error message.
    """

    def end() -> None:
        for seconds in (0.0, 10.0):
            for one in threads:
                one.end(seconds)

    atexit.register(end)


@cache
def workers() -> Workers:
    """The threads of this process, made once.

    One more, with the lowest priority, compiles what visitors may request next.
    """
    sys.setswitchinterval(TURN)
    made = started()
    answering = made.models, made.lattices, made.truths, made.trainings
    rest = Worker("warm-up", behind=answering, calm=2.0, patience=30.0)
    at_the_end(rest, *made.all)
    made.models.ask("warm", partial(warm_first, catalogue()), lambda _: None)
    # On a machine that is busy otherwise, the others may wait until somebody requests them.
    if os.environ.get(WARM, "all") != "first":
        rest.ask("warm", partial(warm_rest, catalogue()), lambda _: None)
    return made
