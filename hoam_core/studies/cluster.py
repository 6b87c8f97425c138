"""Independent tasks, done in this process or by the workers of dask.distributed.

A task is plain data, and the work on it a module-level generator, which yields (current step,
share done) and returns a `Result` of plain data. Randomness comes from the seeds in the
task, so that a result does not depend on where or when it was computed. Workers take the
numerical settings of JAX from the client, and must have the same package versions.

If a worker dies, only its running task is lost, which dask gives to another worker. Results come
back one by one, each once, and only the client writes them. The processes of dask.distributed
exchange pickles: whoever can reach a scheduler can run code there (docs/cluster.md).
"""

import contextlib
import logging
import os
import signal
import uuid
from collections.abc import Callable, Generator, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import jax

from hoam_core.checks import ClusterError, check_count
from hoam_core.version import __version__

if TYPE_CHECKING:
    from distributed import Client

Stages = Generator[tuple[str, float], None, "Result"]
Work = Callable[[Any], Stages]

# Settings of JAX that change numbers.
SETTINGS = (
    "jax_enable_x64", "jax_default_matmul_precision", "jax_default_prng_impl",
    "jax_threefry_partitionable",
)  # fmt: skip
SCHEMES = ("tcp://", "tls://")


class Result(NamedTuple):
    """The result of a task: values, and the bytes of files by their paths in the study's folder."""

    values: dict[str, Any]
    files: dict[str, bytes] = {}


class Report(NamedTuple):
    """Progress of the task of that number: current step, share done, and at the end its result."""

    task: int
    note: str
    share: float
    result: Result | None = None


def run_tasks(work: Work, tasks: Sequence[Any], client: "Client | None" = None) -> Iterator[Report]:
    """Work on all tasks, and report; each ends with one report of share 1 that holds its result.

    Without a client, tasks are done in this process, in order, with reports on all stages; with
    one, results come in the order of completion. An error in a task is raised here. Raises
    ClusterError if a task repeatedly loses its worker or the scheduler is gone. Unfinished tasks
    are cancelled when the iterator is closed.
    """
    if client is None:
        for i, task in enumerate(tasks):
            yield from _followed(i, work(task))
        return
    yield from _elsewhere(work, tasks, client)


def _followed(i: int, stages: Stages) -> Iterator[Report]:
    try:
        while True:
            note, share = next(stages)
            # A share of one is kept for the result.
            yield Report(i, note, min(share, 0.999))
    except StopIteration as end:
        yield Report(i, "done", 1.0, end.value)


def _elsewhere(work: Work, tasks: Sequence[Any], client: "Client") -> Iterator[Report]:
    from distributed import CancelledError, KilledWorker, as_completed

    study, settings = uuid.uuid4().hex, _settings()
    numbers = {f"{work.__name__}-{study}-{i}": i for i in range(len(tasks))}
    futures = [
        client.submit(_on_worker, settings, work, tasks[i], key=key, pure=False)
        for key, i in numbers.items()
    ]
    try:
        for future in as_completed(futures):
            yield Report(numbers[str(future.key)], "done", 1.0, future.result())
            # The worker need not keep a result that has arrived.
            future.release()
    except KilledWorker as error:
        raise ClusterError(
            f"A task ended its worker process {error.allowed_failures + 1} times, for lack of "
            "memory perhaps; give fewer workers or less to each task, and run the command again."
        ) from error
    except CancelledError as error:
        raise ClusterError(
            "The scheduler is gone; start it again and run the same command: it goes on."
        ) from error
    finally:
        if client.status == "running":
            client.cancel(futures)


def _settings() -> dict[str, Any]:
    """Package versions and JAX settings that client and worker must share."""
    versions = {"hoam_core": __version__, "jax": jax.__version__}
    return {"versions": versions, "jax": {name: getattr(jax.config, name) for name in SETTINGS}}


def _on_worker(settings: dict[str, Any], work: Work, task: Any) -> Result | None:
    """The result of a task, in the settings of the client."""
    mine = _settings()["versions"]
    for package, version in settings["versions"].items():
        if mine[package] != version:
            raise ClusterError(
                f"A worker has {package} {mine[package]}, but the client has {version}; install "
                "the same version for both."
            )
    for name, value in settings["jax"].items():
        jax.config.update(name, value)
    *_, last = _followed(0, work(task))
    return last.result


@contextlib.contextmanager
def connect(
    scheduler: str | None = None, workers: int | None = None, tasks: int | None = None
) -> Generator["Client | None"]:
    """A client of the scheduler at that address, or of `workers` local processes started for it.

    One worker means this process, with client None. Without either argument there is one worker per
    core, though no more than there are tasks. Raises ValueError for an address that does not
    answer, and where `distributed` is not installed.
    """
    if scheduler is not None and workers is not None:
        raise ValueError(
            f"Option `--workers` must be left out beside `--scheduler`, but is {workers}; workers "
            "are started with the scheduler."
        )
    if workers is None:
        workers = cores() if tasks is None else max(1, min(cores(), tasks))
    workers = check_count("workers", workers)
    if scheduler is None and workers == 1:
        yield None
        return
    distributed = _distributed()
    # A lost scheduler is reported in a sentence, not in the traceback of a background thread.
    logging.getLogger("distributed.client").setLevel(logging.CRITICAL)
    with contextlib.ExitStack() as stack:
        if scheduler is None:
            cluster = stack.enter_context(local_cluster(workers))
            client = stack.enter_context(distributed.Client(cluster))
            client.register_worker_callbacks(_ignore_interrupts)
            yield client
            return
        if not scheduler.startswith(SCHEMES):
            raise ValueError(
                f"Option `--scheduler` must start with {' or '.join(SCHEMES)}, but is "
                f"{scheduler!r}."
            )
        try:
            client = distributed.Client(scheduler, timeout="10s")
        except (OSError, TypeError, ValueError) as error:
            raise ValueError(
                f"Option `--scheduler` names {scheduler!r}, which does not answer ({error}); start "
                "it with `dask scheduler`, or check the address."
            ) from error
        yield stack.enter_context(client)


def local_cluster(workers: int, threads: int | None = None) -> Any:
    """A cluster of so many worker processes on this machine, on loopback only.

    Each has `threads` threads for its arithmetic, by default an equal share of the cores.
    """
    threads = max(1, cores() // workers) if threads is None else threads
    # The number of XLA's threads; and workers that share an accelerator must not reserve all of it.
    env = {
        "PJRT_NPROC": str(threads),
        "NPROC": str(threads),
        "OMP_NUM_THREADS": str(threads),
        "XLA_PYTHON_CLIENT_PREALLOCATE": "false",
    }
    return _distributed().LocalCluster(
        n_workers=workers, threads_per_worker=1, processes=True, host="127.0.0.1",
        dashboard_address=None, scheduler_kwargs={"dashboard_address": "127.0.0.1:0"},
        memory_limit=None, silence_logs=logging.ERROR, env=env,
    )  # fmt: skip


def _ignore_interrupts() -> None:
    """Ignore Ctrl-C, which reaches all processes of a terminal: the client ends its workers."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def cores() -> int:
    """The cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _distributed() -> Any:
    try:
        import distributed
    except ImportError as error:
        raise ValueError(
            "More than one worker needs the package `distributed`; install `hoam-core[cluster]`, "
            "or use `--workers 1`."
        ) from error
    return distributed
