"""Faults in the threads of the page: a failed or dead one is told, and the next job is served."""

import threading
import time
from types import SimpleNamespace

import jax
import pytest

from dashboard.compute import references
from dashboard.compute import session as session_module
from dashboard.compute.session import Session
from dashboard.compute.threads import Workers
from dashboard.concurrency.worker import Worker, sentence
from dashboard.runs.catalogue import Catalogue, catalogue
from dashboard.state.exploration import Exploration
from dashboard.train import training as training_module
from dashboard.train.trainings import Trainings
from hoam_core import SYSTEMS, load_model
from hoam_core.checks import DivergedError
from hoam_core.learning import learn

ERRORS = {
    "Argument `x` is wrong.": ValueError("Argument `x` is wrong."),
    "It diverged.": DivergedError("It diverged."),
    "The run failed: No space left on device. Nothing was left half-written; free some space "
    "and try again.": OSError(28, "No space left on device", "/some/where"),
    "The run failed: there is not enough memory for it; use fewer particles.": MemoryError(),
    "The run failed: there is not enough memory": jax.errors.JaxRuntimeError(
        "RESOURCE_EXHAUSTED: Out of memory while trying to allocate"
    ),
    "The run failed (JaxRuntimeError); try again.": jax.errors.JaxRuntimeError("INTERNAL: x"),
    "The run failed (KeyError); try again.": KeyError("secret"),
    "The run failed (SystemExit); try again.": SystemExit(1),
    "The run failed (KeyboardInterrupt); try again.": KeyboardInterrupt(),
}


@pytest.fixture
def worker():
    made = Worker("test")
    yield made
    made.end()


def until(condition, what: str, seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"still not true: {what}"
        time.sleep(0.01)


def failing(error: BaseException, *before):
    def job():
        yield from before
        raise error

    return job


def serves(worker: Worker) -> bool:
    """Whether a worker serves another job."""
    done = threading.Event()
    worker.ask("another", lambda: iter([1]), lambda _: done.set())
    return done.wait(30)


@pytest.mark.parametrize("words", ERRORS)
def test_whatever_a_job_raises_its_owner_is_told_and_the_next_is_served(worker, words):
    seen: list = []
    worker.ask("me", failing(ERRORS[words], 1), seen.append)
    assert serves(worker)
    assert seen[0] == 1
    assert isinstance(seen[1], Exception)
    assert str(seen[1]).startswith(words)
    assert sentence(seen[1]) == str(seen[1])
    assert "/some/where" not in str(seen[1])


def test_an_owner_who_cannot_be_told_costs_himself_only(worker):
    def gone(_):
        raise RuntimeError("Event loop is closed")

    worker.ask("me", failing(ValueError("x")), gone)
    worker.ask("you", lambda: iter([1]), gone)
    assert serves(worker)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_thread_that_dies_is_replaced_at_the_next_request(worker, monkeypatch):
    def die():
        raise SystemExit

    first = worker._thread
    monkeypatch.setattr(worker, "_take", die)
    assert serves(worker)
    first.join(30)
    assert not first.is_alive()
    monkeypatch.undo()
    assert serves(worker)
    assert worker._thread is not first


@pytest.mark.parametrize("error", [MemoryError(), OSError(28, "No space left on device")])
def test_a_truth_run_that_fails_is_told_and_can_be_started_again(worker, monkeypatch, error):
    made = SimpleNamespace(complete=False)
    jobs = [failing(error), lambda: iter([made])]
    monkeypatch.setattr(references, "reference", lambda *_: jobs.pop(0)())
    monkeypatch.setattr(session_module, "REST", 0.0)
    shelf, quiet = catalogue(), Worker("models")
    state = Exploration(shelf, system="two-stream")
    state.model = ""
    held = Session(
        state, shelf, Workers(quiet, quiet, worker, *[quiet] * 4), lambda result: result()
    )
    held.sleep(False)
    until(lambda: held.truth_state == "failed", "the failure is told")
    assert held.problem == sentence(error)
    held.resume_truth()
    until(lambda: held.reference is made, "the second try has an answer")
    assert held.truth_state == "running"
    assert held.problem == ""
    held.close()
    quiet.end()


@pytest.fixture
def kept(tmp_path) -> Trainings:
    return Trainings(tmp_path / "models")


@pytest.mark.parametrize("words", [*ERRORS][2::2])
def test_a_training_that_fails_is_told_and_goes_on_from_its_checkpoint(
    worker, kept, tiny, monkeypatch, words
):
    tries = [ERRORS[words], None]

    def cut(*args, **options):
        error = tries.pop(0)
        for state in learn(*args, **options):
            yield state
            if error is not None and state.stage == "training":
                raise error

    monkeypatch.setattr(training_module, "learn", cut)
    shelf = Catalogue(dict(SYSTEMS), {})
    experiment = tiny("oscillator", "hoam-gauss", steps=20)
    made = kept.start(experiment, shelf, judge=False)
    made.run(worker, shelf)
    until(lambda: made.look.status == "failed", "the failure is told")
    assert made.look.problem.startswith(words)
    assert [path.name for path in made.folder.iterdir()] == ["checkpoint.safetensors"]
    assert serves(worker)
    made.run(worker, shelf)
    until(lambda: made.look.status in ("done", "failed"), "it ends")
    assert (made.look.status, made.look.problem) == ("done", "")
    assert made.look.steps == (20,)  # the first ten were those of the checkpoint
    assert load_model(made.folder).experiment == experiment
