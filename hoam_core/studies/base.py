"""A study: a grid of tasks, the work on each, and the store that their results go to.

The client writes a result when it arrives: first its files, then its arrays, then that it is done.
So a study can continue after a worker or the client was lost; stored results are neither lost nor
stored twice.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, final

import numpy as np

from hoam_core.storage.datasets import write_files
from hoam_core.studies.cluster import Work, run_tasks
from hoam_core.studies.task_store import Layout, open_store

if TYPE_CHECKING:
    from distributed import Client


@final
@dataclass(frozen=True)
class Study:
    """One task for each point of the layout's grid, and the work to be done on each.

    The values of a result are the variables of the layout; its files go beside the store.
    """

    layout: Layout
    tasks: tuple[Any, ...]
    work: Work


class StudyProgress(NamedTuple):
    """Number of tasks done and in total, the share of all work done, and the current step."""

    done: int
    total: int
    share: float
    note: str


def run_study(
    study: Study, path: str | Path, client: "Client | None" = None
) -> Iterator[StudyProgress]:
    """Do all tasks that are not in the store yet; to resume a stopped study, call it again.

    Raises ValueError for a store of another plan and ClusterError where workers cannot go on.
    """
    store = open_store(path, study.layout)
    missing = [int(i) for i in np.flatnonzero(~store.finished())]
    total = len(study.tasks)
    done = total - len(missing)
    yield StudyProgress(done, total, done / total, "")
    for report in run_tasks(study.work, [study.tasks[i] for i in missing], client):
        if report.result is not None:
            write_files(files_folder(path), report.result.files)
            store.write(missing[report.task], report.result.values)
            done += 1
        unfinished = 0.0 if report.result is not None else report.share
        yield StudyProgress(done, total, (done + unfinished) / total, report.note)


def files_folder(path: str | Path) -> Path:
    """The folder beside a store for results that are no arrays, such as models."""
    return Path(path).with_suffix(".files")
