"""The threads of the process, shared by all visitors."""

import atexit
import os
from functools import cache, partial

from dashboard.runs.catalogue import catalogue
from dashboard.runs.worker import Worker
from dashboard.view import Workers
from dashboard.warm import warm_first, warm_rest

WARM = "HOAM_WARM"


@cache
def workers() -> Workers:
    """The threads of this process, made once.

    One more, behind all, compiles what visitors may ask for next.
    """
    models = Worker("learned-models", turns=True)
    full = Worker("full-models", behind=(models,))
    trainings = Worker("trainings", behind=(models, full), patience=5.0)
    files = Worker("files", behind=(models,))
    rest = Worker("warm-up", behind=(models, full, trainings), calm=2.0, patience=30.0)
    # A thread that is killed inside compiled code takes the process down with a loud message.
    atexit.register(lambda: [one.end() for one in (rest, files, trainings, full, models)])
    models.ask("warm", partial(warm_first, catalogue()), lambda _: None)
    # A machine that is busy otherwise may leave the others until somebody asks for them.
    if os.environ.get(WARM, "all") != "first":
        rest.ask("warm", partial(warm_rest, catalogue()), lambda _: None)
    return Workers(models, full, trainings, files)
