"""What is measured while the page is served, in the text format of Prometheus at /metrics.

Counters and histograms are updated when something happens; what can be read at any time (open
pages, queues) is read on request. Nothing here names a visitor or what a visitor computes. With a
password the route requires it from everybody, also from this machine: behind a proxy on the same
machine, every visitor appears to come from there.
"""

from collections.abc import Iterable
from functools import partial
from typing import final
from weakref import WeakSet

from bokeh.server.tornado import BokehTornado
from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.registry import Collector

from dashboard.concurrency.worker import WORKERS, Finished
from dashboard.operations.password import Guarded
from hoam_core import __version__

REGISTRY = CollectorRegistry()
SERVERS: WeakSet[BokehTornado] = WeakSet()
counter = partial(Counter, registry=REGISTRY)
histogram = partial(Histogram, registry=REGISTRY)

VISITS = counter("hoam_visits", "Pages that were opened, refused or closed.", ["event"])
ANSWERS = histogram(
    "hoam_answer_seconds", "Time from moving a slider to the learned model's answer.",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 5, 10),
)  # fmt: skip
JOBS = histogram(
    "hoam_job_seconds", "Time of a worker's jobs, including waits for other jobs.",
    ["worker", "outcome"], buckets=(0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 100, 300, 1_000),
)  # fmt: skip
LATENESS = histogram(
    "hoam_loop_lateness_seconds", "Delay of the event loop.",
    buckets=(0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5),
)  # fmt: skip
REQUESTS = histogram(
    "hoam_request_seconds", "Requests over HTTP.", ["handler", "status"],
    buckets=(0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 30),
)  # fmt: skip
ERRORS = counter("hoam_errors", "Errors that were logged.", ["logger"])
ProcessCollector(registry=REGISTRY)


def observe_job(job: Finished) -> None:
    """A worker has ended a job."""
    JOBS.labels(job.worker, job.outcome).observe(job.seconds)


def open_pages() -> int:
    """How many pages are open now."""
    return sum(len(one.get_sessions(path)) for one in SERVERS for path in one.app_paths)


@final
class Present(Collector):
    """Values at the moment of the request."""

    def collect(self) -> Iterable[Metric]:
        """Called for each response."""
        yield InfoMetricFamily("hoam", "What is served.", value={"version": __version__})
        pages = GaugeMetricFamily("hoam_sessions", "Pages that are open.")
        pages.add_metric([], open_pages())
        yield pages
        queues = GaugeMetricFamily(
            "hoam_queue_length", "Requests that wait for a worker.", labels=["worker"]
        )
        lengths: dict[str, int] = {}
        for worker in list(WORKERS):
            lengths[worker.name] = lengths.get(worker.name, 0) + worker.queue
        for name, length in sorted(lengths.items()):
            queues.add_metric([name], length)
        yield queues


REGISTRY.register(Present())


@final
class Metrics(Guarded):
    """The measurements as text."""

    def get(self) -> None:
        """All of them."""
        self.set_header("Content-Type", CONTENT_TYPE_LATEST)
        self.finish(generate_latest(REGISTRY))
