"""The same systems, models and predictions over HTTP, on the port of the page.

`GET /api/systems` and `/api/models` answer what `hoam systems --json` and `hoam models --json`
print; `GET /api/predict?model=two-stream-galerkin&mu=1.25&seed=3&particles=4096&format=json|nc`
what `Model.predict` gives for the same seed: its summary and some of its states as JSON, or the
very file that `hoam predict` writes. What is wrong with a request stands in {"error": sentence}.

A prediction is made by a thread of its own that gives way to the sliders of the page.
"""

import asyncio
import json
from collections.abc import Callable, Iterator
from functools import partial
from http import HTTPStatus
from typing import Any, ClassVar, NamedTuple, final

import numpy as np
import xarray as xr

from dashboard.compute.threads import workers
from dashboard.operations.password import Guarded
from dashboard.runs.catalogue import MOST_PARTICLES, Offer, catalogue
from dashboard.state.exploration import HIGHEST_SEED
from dashboard.state.url import key_in, key_of, number, particles_up_to, whole
from hoam_core import Model
from hoam_core.checks import DivergedError, check_within, lookup
from hoam_core.files.json_text import json_text
from hoam_core.storage.datasets import dataset_bytes

# Most numbers of states in one answer, and in JSON, which takes ten times the space.
MOST_BYTES = 128 * 2**20
MOST_NUMBERS = 50_000
MOST_WAITING = 32
ARGUMENTS = ("model", "seed", "particles", "format")
JSON, NETCDF = "application/json; charset=utf-8", "application/x-netcdf"


class PredictionRequest(NamedTuple):
    """A requested prediction, checked."""

    model: Model
    parameters: dict[str, float]
    seed: int
    particles: int
    format: str


def read_request(query: dict[str, str], offered: Offer) -> PredictionRequest:
    """The prediction that a query requests; ValueError, or LookupError for an unknown model."""
    if "model" not in query:
        raise ValueError(f"Argument `model` is missing; name one of {', '.join(offered.models)}.")
    try:
        model = lookup(query["model"], offered.models, "model")
    except ValueError as error:
        raise LookupError(str(error)) from error
    system = model.system
    known = {name: name for name in (*ARGUMENTS, *(p.name for p in system.parameters))}
    known |= {key: key for key in (key_of(system, p.name) for p in system.parameters)}
    for name in query:
        lookup(name, known, "argument")
    values = {
        p.name: number(p.name, query.get(key_in(query, system, p.name), str(p.default)))
        for p in system.parameters
    }
    system.vector(values)
    seed = whole("seed", query.get("seed", "0"))
    check_within("seed", seed, 0, HIGHEST_SEED)
    usual = min(4_096, most := most_particles(model))
    particles = particles_up_to(most)(query.get("particles", str(usual)))
    kind = lookup(query.get("format", "json"), {"json": "json", "nc": "nc"}, "format")
    return PredictionRequest(model, values, seed, particles, kind)


def most_particles(model: Model) -> int:
    """The largest number of particles of one answer, a power of two."""
    room = MOST_BYTES // (4 * len(model.times()) * len(model.system.components))
    return min(MOST_PARTICLES, 1 << (room.bit_length() - 1))


def predicted(wanted: PredictionRequest) -> Iterator[bytes]:
    """A job for a worker: the body of the answer, as its only value."""
    run = wanted.model.predict(wanted.parameters, particles=wanted.particles, seed=wanted.seed)
    yield dataset_bytes(run) if wanted.format == "nc" else to_json(summary(wanted, run))


def summary(wanted: PredictionRequest, run: xr.Dataset) -> dict[str, Any]:
    """A prediction as plain values: all of its curves, and the states of its first particles."""
    state = run["state"].values
    names = [str(name) for name in run.component.values]
    few = max(1, min(state.shape[1], MOST_NUMBERS // (state.shape[0] * state.shape[2])))
    over_time = [name for name in run.data_vars if run[name].dims == ("time",)]
    told = (
        "system", "method", "particles", "seed", "steps", "model_sha256", "backend", "version",
    )  # fmt: skip
    return {
        "model": wanted.model.name,
        **{name: run.attrs[name] for name in told},
        "parameters": wanted.parameters,
        "warnings": json.loads(run.attrs["warnings"]),
        "components": names,
        "units": {c.name: c.unit for c in wanted.model.system.components}
        | {name: run[name].attrs["units"] for name in over_time},
        "times": plain(run.time.values),
        "observables": {name: plain(run[name].values) for name in over_time},
        "mean": dict(zip(names, plain(state.mean(1, dtype=np.float64).T), strict=True)),
        "spread": dict(zip(names, plain(state.std(1, dtype=np.float64).T), strict=True)),
        "state": {"particles": few, "values": plain(state[:, :few])},
    }


def plain(values: np.ndarray) -> list:
    """Nested lists of numbers; None, the null of JSON, for what is not finite."""
    finite = np.isfinite(values)
    if finite.all():
        return values.tolist()
    known = values.astype(object)
    known[~finite] = None
    return known.tolist()


def to_json(value: Any) -> bytes:
    """The bytes of a JSON body."""
    return json_text(value).encode()


class Answer(Guarded):
    """Answers in JSON, for requests from any page that know the password."""

    def set_default_headers(self) -> None:
        self.set_header("Access-Control-Allow-Origin", "*")
        self.set_header("Content-Type", JSON)

    def refuse(self, status: HTTPStatus, sentence: str) -> None:
        """Say what is wrong and how to do it right."""
        self.set_status(status)
        self.finish(to_json({"error": sentence}))

    def write_error(self, status_code: int, **about: Any) -> None:
        self.finish(to_json({"error": f"{HTTPStatus(status_code).phrase}."}))


@final
class Listing(Answer):
    """A list that needs no arguments."""

    def initialize(self, rows: Callable[[], list[dict[str, Any]]]) -> None:
        """`rows` is called for each request."""
        self._rows = rows

    def get(self) -> None:
        """The list."""
        self.finish(to_json(self._rows()))


@final
class Prediction(Answer):
    """One prediction; as many as MOST_WAITING may wait at a time."""

    waiting: ClassVar[set["Prediction"]] = set()

    async def get(self) -> None:
        """Compute with lower priority than the sliders, and answer."""
        query = {name: self.get_query_argument(name) for name in self.request.query_arguments}
        try:
            wanted = read_request(query, catalogue())
        except LookupError as error:
            self.refuse(HTTPStatus.NOT_FOUND, str(error.args[0]))
            return
        except ValueError as error:
            self.refuse(HTTPStatus.BAD_REQUEST, str(error))
            return
        if len(self.waiting) >= MOST_WAITING:
            self.set_header("Retry-After", "5")
            self.refuse(
                HTTPStatus.SERVICE_UNAVAILABLE,
                f"{MOST_WAITING} predictions are waiting already; ask again in a few seconds.",
            )
            return
        result = await self._computed(wanted)
        if result is None:
            return
        if isinstance(result, (ValueError, DivergedError)):
            self.refuse(HTTPStatus.UNPROCESSABLE_ENTITY, str(result))
        elif isinstance(result, Exception):
            self.refuse(HTTPStatus.INTERNAL_SERVER_ERROR, "The prediction failed; see the log.")
        else:
            self._send(wanted, result)

    async def _computed(self, wanted: PredictionRequest) -> bytes | Exception | None:
        loop = asyncio.get_running_loop()
        self._result: asyncio.Future = loop.create_future()
        self.waiting.add(self)
        try:
            workers().http.ask(
                self, partial(predicted, wanted), partial(loop.call_soon_threadsafe, self._settle)
            )
            return await self._result
        finally:
            self.waiting.discard(self)

    def _settle(self, result: bytes | Exception | None) -> None:
        if not self._result.done():
            self._result.set_result(result)

    def _send(self, wanted: PredictionRequest, body: bytes) -> None:
        if wanted.format == "nc":
            self.set_header("Content-Type", NETCDF)
            name = f"{wanted.model.name}.nc"
            self.set_header("Content-Disposition", f'attachment; filename="{name}"')
        self.finish(body)

    def on_connection_close(self) -> None:
        """The client no longer waits."""
        if self in self.waiting:
            workers().http.cancel(self)
            self._settle(None)


@final
class Nothing(Answer):
    """Any other path under /api."""

    def get(self) -> None:
        """Say which paths exist."""
        known = "/api/systems, /api/models and /api/predict"
        self.refuse(HTTPStatus.NOT_FOUND, f"There is no {self.request.path}; there are {known}.")


# Under this name `panel serve --plugins dashboard.operations.api` finds them, too.
ROUTES: list[tuple] = [
    (r"/api/systems", Listing, {"rows": lambda: [s.card() for s in catalogue().systems.values()]}),
    (r"/api/models", Listing, {"rows": lambda: [m.card() for m in catalogue().models.values()]}),
    (r"/api/predict", Prediction),
    (r"/api(?:/.*)?", Nothing),
]
