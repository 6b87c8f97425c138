r"""Particles of an openPMD series (openPMD standard 1.1 and 2.0) as a recording.

Positions are `position` + `positionOffset`, each times its unitSI; a record that holds the sum of
what its macroparticle stands for (macroWeighted) is divided by weighting^weightingPower. SI numbers
such as 10^-24 kg m/s vanish in single precision, so that every component is given in the power of
a thousand at which it is of order one, which its unit tells.

Particles of unequal weight are drawn anew in proportion to their weights, at each time by itself.
Particles with an `id` are put in the order of their ids, for they change places in many codes.
"""

import importlib
from math import floor, log10
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from hoam_core.imports.reading import MOST_NUMBERS, Reading, checked, numbers_of, read_parameters
from hoam_core.recordings import Recording
from hoam_core.systems.base import Component

PREFIXES = {-15: "f", -12: "p", -9: "n", -6: "µ", -3: "m", 0: "", 3: "k", 6: "M"}
DIGITS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
UNITS = {"position": "m", "momentum": "kg m/s", "velocity": "m/s"}
SHORT = {"position": "", "momentum": "p", "velocity": "v"}


class Snapshot(NamedTuple):
    """One iteration: its time, SI values (n, d), weights (n,) and ids (n,), None for neither.

    `found` is how many particles it holds.
    """

    time: float
    found: int
    x: Float[np.ndarray, "n d"]
    weights: np.ndarray | None
    ids: np.ndarray | None


def read_openpmd(path: Path, reading: Reading, name: str) -> Recording:
    """The particles of one species; ValueError where there is none, or it lacks a record."""
    try:
        # Compiled code without type hints.
        io: Any = importlib.import_module("openpmd_api")
    except ImportError as error:
        raise ValueError(
            f"{name!r} is an openPMD file, for which the package openpmd-api is missing; install "
            "it with `pip install openpmd-api`."
        ) from error
    try:
        series = io.Series(str(path), io.Access.read_only)
    except RuntimeError as error:
        raise ValueError(f"{name!r} cannot be opened as an openPMD series ({error}).") from error
    try:
        return _recording(series, reading, name)
    finally:
        series.close()


def _recording(series: Any, reading: Reading, name: str) -> Recording:
    iterations = [series.iterations[i] for i in sorted(series.iterations)]
    if not iterations:
        raise ValueError(f"{name!r} holds no iterations; give the series with particles.")
    attributes = {key: series.get_attribute(key) for key in series.attributes}
    attributes |= {k: iterations[0].get_attribute(k) for k in iterations[0].attributes}
    parameters = read_parameters(attributes, reading.attributes, name)
    told = attributes.get("lengths")
    lengths = numbers_of(str(told), "lengths", name) if told is not None else {}
    snapshots = []
    records: list[tuple[str, str]] = []
    for iteration in iterations:
        species = _species(iteration, reading.species, name)
        records = records or _records(species, reading, name)
        found = _snapshot(series, iteration, species, records, name)
        snapshots.append(_thinned(found, reading))
    return _assembled(snapshots, records, parameters, lengths, reading, name)


def _species(iteration: Any, wanted: str, name: str) -> Any:
    known = sorted(iteration.particles)
    if not known:
        raise ValueError(f"{name!r} holds no particle species; give files with particles.")
    if wanted not in known and (wanted or len(known) > 1):
        raise ValueError(
            f"{name!r} holds the species {', '.join(known)}; name one of them"
            + (f" instead of {wanted!r}." if wanted else ".")
        )
    return iteration.particles[wanted or known[0]]


def _records(species: Any, reading: Reading, name: str) -> list[tuple[str, str]]:
    """Record and component of each component: those asked for, else all that vary."""
    if reading.components:
        pairs = [(r, c) for r, _, c in (one.partition("/") for one in reading.components)]
        for record, component in pairs:
            if record not in species or component not in species[record]:
                known = ", ".join(f"{r}/{c}" for r in sorted(species) for c in sorted(species[r]))
                raise ValueError(f"{name!r} has no {record}/{component}; it has {known[:200]}.")
        return pairs
    for record in ("position", "momentum"):
        if record not in species:
            raise ValueError(
                f"{name!r} lacks the record {record!r} of its particles; name the components to "
                f"learn, such as position/x, of {', '.join(sorted(species))}."
            )
    return [
        (record, c) for record in ("position", "momentum") for c in sorted(species[record])
        if not species[record][c].constant
    ]  # fmt: skip


def _snapshot(
    series: Any, iteration: Any, species: Any, records: list[tuple[str, str]], name: str
) -> Snapshot:
    weights = _loaded(series, species, "weighting", name)
    columns = []
    for record, component in records:
        if record not in species or component not in species[record]:
            raise ValueError(
                f"{name!r} lacks {record}/{component} at time {iteration.time:g}; write it at "
                "every iteration."
            )
        values = _loaded(series, species, f"{record}/{component}", name)
        if record == "position":
            offset = _loaded(series, species, f"positionOffset/{component}", name)
            values = values if offset is None else values + offset
        attributes = species[record].attributes
        if weights is not None and "macroWeighted" in attributes:
            power = species[record].get_attribute("weightingPower")
            if species[record].get_attribute("macroWeighted") and power:
                values = values / weights**power
        columns.append(values)
    ids = _loaded(series, species, "id", name, scaled=False)
    time = iteration.time * iteration.time_unit_SI
    unequal = weights is not None and np.ptp(weights) > 1e-9 * np.max(np.abs(weights))
    x = np.stack(columns, axis=1)
    return Snapshot(time, len(x), x, weights if unequal else None, ids)


def _loaded(series: Any, species: Any, place: str, name: str, *, scaled: bool = True) -> Any:
    """Values of a record's component in SI, or None if there is no such record."""
    record, _, component = place.partition("/")
    if record not in species:
        return None
    # A scalar record has one component, which has no name.
    component = component or next(iter(species[record]))
    if component not in species[record]:
        return None
    part = species[record][component]
    count = int(np.prod(part.shape))
    if count > MOST_NUMBERS:
        raise ValueError(
            f"{name!r} holds {count:,} particles, but at most {MOST_NUMBERS:,} can be read; save "
            "fewer."
        )
    values = part.load_chunk()
    series.flush()
    return np.asarray(values, float) * part.unit_SI if scaled else np.asarray(values)


def _thinned(snapshot: Snapshot, reading: Reading) -> Snapshot:
    """At most `reading.most` particles in random order, the same at all times where ids tell."""
    n, rng = len(snapshot.x), np.random.default_rng(reading.seed)
    if snapshot.weights is not None:
        rows = _drawn(snapshot.weights, min(n, reading.most), rng)
    else:
        order = np.arange(n) if snapshot.ids is None else np.argsort(snapshot.ids, kind="stable")
        rows = order[rng.permutation(n)[: reading.most]]
    ids = None if snapshot.ids is None else snapshot.ids[rows]
    return snapshot._replace(x=snapshot.x[rows], ids=ids)


def _assembled(
    snapshots: list[Snapshot], records: list[tuple[str, str]], parameters: dict[str, float],
    lengths: dict[str, float], reading: Reading, name: str,
) -> Recording:  # fmt: skip
    counts, ids = [one.found for one in snapshots], snapshots[0].ids
    n, notes, paths = min(counts), [], True
    if any(one.weights is not None for one in snapshots):
        notes.append("Particles of unequal weight were drawn anew by their weights.")
        paths = False
    elif n < max(counts):
        notes.append("The number of particles changes with time; the smallest is used.")
        paths = False
    elif ids is not None:
        paths = all(one.ids is not None and np.array_equal(ids, one.ids) for one in snapshots)
    if n > reading.most:
        notes.append(f"{reading.most:,} particles of each file are used.")
    x = np.stack([one.x[: min(n, reading.most)] for one in snapshots])
    scales = _scales(x, records)
    components = tuple(
        Component(f"{SHORT.get(r, r)}{c}", f"{r} {c}", unit, (0.0, 1.0))
        for (r, c), unit in zip(records, scales.units, strict=True)
    )
    factors = {c.name: f for c, f in zip(components, scales.factors, strict=True)}
    lengths = {k: length / factors.get(k, 1.0) for k, length in lengths.items()}
    seconds = np.array([one.time for one in snapshots])
    power = _power(seconds)
    notes.append(f"Times are in {_unit('s', power)}.")
    return checked(
        Recording(
            name, parameters, seconds / 10.0**power, (x / scales.factors).astype(np.float32),
            components, lengths, n, paths, tuple(notes),
        )
    )  # fmt: skip


def _drawn(weights: Float[np.ndarray, " k"], n: int, rng: np.random.Generator) -> np.ndarray:
    """Indices of n particles in proportion to their weights (systematic resampling)."""
    # Shuffled first: equal steps through particles in a regular order would favour some of them.
    order = rng.permutation(len(weights))
    edges = np.cumsum(weights[order]) / np.sum(weights)
    found = np.searchsorted(edges, (np.arange(n) + rng.random()) / n)
    return rng.permutation(order[np.minimum(found, len(edges) - 1)])


class Scales(NamedTuple):
    """What the components (d,) are divided by, and their units afterwards."""

    factors: Float[np.ndarray, " d"]
    units: list[str]


def _scales(x: Float[np.ndarray, "t n d"], records: list[tuple[str, str]]) -> Scales:
    # One factor for all components of a record, so that they can be compared.
    names = [record for record, _ in records]
    factors, units = np.ones(len(names)), []
    for i, record in enumerate(names):
        same = [j for j, other in enumerate(names) if other == record]
        power = _power(x[..., same])
        factors[i] = 10.0**power
        units.append(_unit(UNITS.get(record, ""), power))
    return Scales(factors, units)


def _power(values: np.ndarray) -> int:
    """The power of a thousand that such numbers are best counted in."""
    size = float(np.percentile(np.abs(values), 90))
    # Up to a few thousand, numbers stay in the unit itself.
    return 0 if not size > 1e-300 or 1e-2 <= size < 5e3 else 3 * floor(log10(size) / 3)


def _unit(base: str, power: int) -> str:
    if base in ("m", "s") and power in PREFIXES:
        return PREFIXES[power] + base
    return f"10{str(power).translate(DIGITS)} {base}".strip() if power else base
