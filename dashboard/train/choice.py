"""What the view "train" adds to the state: the training that is being planned, and the one shown.

Method, network or preset reset the budget; every part of it can then be changed separately. A link
names only what differs from its preset.
"""

from collections.abc import Callable
from typing import Any, final

import param

from dashboard.state.exploration import Exploration
from dashboard.state.url import Reader, number, whole
from dashboard.train.plan import PRESETS, Axis, changed, methods_for, options_of, preset
from dashboard.train.trainings import trainings
from dashboard.view.choice import Choice
from hoam_core import SYSTEMS, Experiment, System, default_experiment
from hoam_core.checks import lookup
from hoam_core.methods import METHODS
from hoam_core.networks import DEFAULT_NETWORK, NETWORKS
from hoam_core.systems import get_system


@final
class TrainChoice(Choice):
    """A plan and the name of a training; `system` follows the common state."""

    addressed = (
        "method", "network", "preset", "particles", "steps", "rate", "axes", "options", "judge",
        "training",
    )  # fmt: skip

    system = param.String()
    method = param.Selector(label="Method")
    network = param.Selector(default="", objects=[""], label="Network")
    preset = param.Selector(default="quick", objects=list(PRESETS), label="Budget")
    particles = param.Integer(default=1, allow_None=True, label="Particles of a run")
    steps = param.Integer(default=1, allow_None=True, label="Training steps")
    rate = param.Number(default=1e-3, allow_None=True, label="Learning rate")
    axes = param.Dict(default={}, doc="The Axis of each parameter.")
    options = param.Dict(default={}, doc="Options of the method by name.")
    judge = param.Boolean(default=True, label="Judge it at the test values")
    called = param.String(default="", label="Name (optional)")
    training = param.String(default="", doc="Name of the training that is shown.")

    def __init__(self, **params):
        super().__init__(**params)
        self.follow(next(iter(SYSTEMS)))

    def follow(self, system: str) -> None:
        """Plan for another system; the method stays if it is suitable."""
        if system == self.system:
            return
        offered = methods_for(get_system(system))
        self.param.method.objects = offered
        method = self.method if self.method in offered.values() else next(iter(offered.values()))
        self.param.update(system=system, method=method)

    @property
    def about(self) -> System:
        """The system that is planned for."""
        return get_system(self.system)

    def usual(self) -> Experiment:
        """The experiment of the preset."""
        return preset(self.about, self.method, self.network or None, self.preset)

    @param.depends("system", "method", "network", "preset", watch=True)
    def _set_budget(self) -> None:
        needs = METHODS[self.method].needs_network
        network = (self.network or DEFAULT_NETWORK) if needs else ""
        if (objects := list(NETWORKS) if needs else [""]) != list(self.param.network.objects):
            self.param.network.objects = objects
        if network != self.network:
            self.network = network
            return
        usual, names = self.usual(), [p.name for p in self.about.parameters]
        self.param.update(
            particles=usual.particles, steps=usual.steps, rate=usual.rate,
            axes=dict(zip(names, map(Axis.of, usual.axes), strict=True)),
            options=options_of(usual, self.about),
        )  # fmt: skip

    @param.depends("particles", "steps", "rate", watch=True)
    def _mend(self) -> None:
        # An emptied field gives None.
        usual = self.usual()
        for name in ("particles", "steps", "rate"):
            if getattr(self, name) is None:
                setattr(self, name, getattr(usual, name))

    def experiment(self, seed: int) -> Experiment:
        """The experiment that is planned. Raises ValueError if it cannot be trained."""
        usual = self.usual()
        pairs = zip(self.about.parameters, usual.axes, strict=True)
        axes = tuple(self.axes[p.name].values(p, own) for p, own in pairs)
        options = dict(changed(options_of(usual, self.about), self.options))
        return default_experiment(
            self.about, self.method, network=self.network or None, particles=self.particles,
            steps=self.steps, rate=self.rate, axes=axes, seed=seed, n_times=usual.n_times,
            options={**usual.options, **options},
        )  # fmt: skip

    def read(self, reader: Reader, state: Exploration) -> None:
        self.follow(state.system)
        if state.view != "train":
            return
        kinds: dict[str, tuple[str, Callable[[str], Any]]] = {
            "method": ("method", lambda text: _known(text, self.param.method.objects, "method")),
            "network": ("network", lambda text: _known(text, NETWORKS, "network")),
            "budget": ("preset", lambda text: _known(text, PRESETS, "budget")),
            "train-particles": ("particles", lambda text: whole("train-particles", text)),
            "train-steps": ("steps", lambda text: whole("train-steps", text)),
            "rate": ("rate", lambda text: number("rate", text)),
            "judge": ("judge", lambda text: _known(text, ("yes", "no"), "judge") == "yes"),
            "training": ("training", lambda text: trainings().get(text).name),
        }
        # Method, network and preset first: each of them resets the budget.
        for entry, (name, read) in kinds.items():
            if (value := reader.attempt(entry, read)) is not None:
                fits = name != "network" or METHODS[self.method].needs_network
                self.param.update(**({name: value} if fits else {}))
        for p in self.about.parameters:
            if axis := reader.attempt(f"train-{p.name}", _axis_reader(p.name)):
                self.axes = {**self.axes, p.name: axis}
        for name in self.options:
            value = reader.attempt(f"option-{name}", lambda text, name=name: whole(name, text))
            if value is not None:
                self.options = {**self.options, name: value}

    def write(self, state: Exploration) -> dict[str, str]:
        usual, about = self.usual(), self.about
        more = {"method": self.method, "network": self.network, "budget": self.preset}
        usual_budget = {
            "train-particles": usual.particles, "train-steps": usual.steps, "rate": usual.rate,
            "judge": True, "training": "",
        }  # fmt: skip
        budget = {
            "train-particles": self.particles, "train-steps": self.steps, "rate": self.rate,
            "judge": self.judge, "training": self.training,
        }  # fmt: skip
        more |= dict(changed(usual_budget, budget))
        if not self.judge:
            more["judge"] = "no"
        for p, values in zip(about.parameters, usual.axes, strict=True):
            if (axis := self.axes[p.name]) != Axis.of(values):
                more[f"train-{p.name}"] = f"{axis.low:g}:{axis.high:g}:{axis.count}"
        options = changed(options_of(usual, about), self.options)
        more |= {f"option-{name}": value for name, value in options}
        return {name: str(value) for name, value in more.items() if value != ""}


def _known(text: str, table, kind: str) -> str:
    return lookup(text, {name: name for name in table}, kind)


def _axis_reader(name: str) -> Callable[[str], Axis]:
    def read(text: str) -> Axis:
        parts = text.split(":")
        if len(parts) != 3:
            raise ValueError(
                f"Argument `train-{name}` must be lowest:highest:count, such as 1.2:1.9:8, but is "
                f"{text!r}."
            )
        low, high = (number(f"train-{name}", part) for part in parts[:2])
        return Axis(low, high, whole(f"train-{name}", parts[2]))

    return read
