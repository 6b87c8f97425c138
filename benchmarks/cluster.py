"""How much faster more workers are: the same sweep by one worker process and by several.

Workers are started, and have compiled the full model, before the clock runs; each has one thread,
so that the ratio is that of the tasks. Rounds alternate, and the best of each counts.

    python -m benchmarks.cluster [--workers 2] [--tasks 16] [--rounds 3]
"""

import argparse
import contextlib
import tempfile
import time
from pathlib import Path

import numpy as np
from distributed import Client

from benchmarks.timing import machine
from hoam_core.studies import Study, full_model_study, run_study
from hoam_core.studies.cluster import local_cluster


def seconds(study: Study, client: Client) -> float:
    """Seconds of a study into a fresh store."""
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        *_, last = run_study(study, Path(folder) / "sweep.zarr", client)
        assert last.done == len(study.tasks)
        return time.perf_counter() - start


def main() -> None:
    """Print both times, their ratio and the machine."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--tasks", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--particles", type=int, default=65_536)
    options = parser.parse_args()
    values = {"mu": [float(mu) for mu in np.linspace(1.2, 1.9, options.tasks)]}
    study = full_model_study("two-stream", values, particles=options.particles, n_times=101)
    counts = (1, options.workers)
    best = dict.fromkeys(counts, float("inf"))
    with contextlib.ExitStack() as stack:
        # One thread a worker, also where one works alone.
        clusters = [stack.enter_context(local_cluster(count, threads=1)) for count in counts]
        clients = [stack.enter_context(Client(cluster)) for cluster in clusters]
        for client in clients:
            seconds(study, client)
        for _ in range(options.rounds):
            for count, client in zip(counts, clients, strict=True):
                best[count] = min(best[count], seconds(study, client))
    for count, found in best.items():
        print(f"{count} worker(s): {len(study.tasks)} runs in {found:.2f} s")
    ratio = best[1] / best[options.workers]
    print(f"{options.workers} workers are {ratio:.2f} times as fast as one")
    print(machine())


if __name__ == "__main__":
    main()
