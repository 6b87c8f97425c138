"""The plan of a training: method, network, budget, training values, options and name.

Widgets mirror a `TrainChoice`; the rows of training values and options are rebuilt for another
system or method, and otherwise only change their values.
"""

from collections.abc import Callable
from html import escape
from typing import final

import panel as pn
import panel_material_ui as pmui

from dashboard.parts import html
from dashboard.parts.layout import card, grid
from dashboard.state.exploration import Exploration
from dashboard.train.choice import TrainChoice
from dashboard.train.plan import OPTIONS, Axis, data_bytes, has_loss, sets_of
from hoam_core.methods import METHODS

# The two buttons of a number field have no names for screen readers; the arrow keys do the same.
QUIET = {"& button": {"display": "none"}}
FIELD = {"sizing_mode": "stretch_width", "margin": (6, 4), "size": "small", "description": ""}
PRESETS = {"Quick, to watch": "quick", "Full, as shipped": "full"}


@final
class TrainForm(pn.viewable.Viewer):
    """What is to be trained; `start` is called by the button."""

    def __init__(
        self, choice: TrainChoice, state: Exploration, start: Callable[[], None], **params
    ):
        super().__init__(**params)
        self.choice, self.state = choice, state
        self.problem = html.pane(margin=(2, 4))
        self._cost = html.pane(margin=(2, 4))
        of = choice.param
        self._method = pmui.Select.from_param(of.method, **FIELD)
        self._network = pmui.Select.from_param(of.network, **FIELD)
        self._preset = pmui.RadioButtonGroup.from_param(
            of.preset, options=PRESETS, label="Budget", size="small", margin=(6, 4),
            sizing_mode="stretch_width",
        )  # fmt: skip
        self._particles = pmui.IntInput.from_param(of.particles, sx=QUIET, start=1, **FIELD)
        self._steps = pmui.IntInput.from_param(of.steps, sx=QUIET, start=1, **FIELD)
        self._rate = pmui.FloatInput.from_param(of.rate, sx=QUIET, format="0.[000000]", **FIELD)
        self._called = pmui.TextInput.from_param(of.called, **FIELD)
        self._judge = pmui.Switch.from_param(of.judge, margin=(4, 8))
        self._axes, self._options = (
            grid(columns="1fr", gap=0),
            grid(columns="1fr 1fr", narrow=0, gap=0),
        )
        self._fields: dict[tuple[str, str], pmui.FloatInput | pmui.IntInput] = {}
        self._built: tuple | None = None
        self.button = pmui.Button(
            label="Train", icon="school", color="primary", variant="contained", margin=(6, 4),
            sizing_mode="stretch_width", on_click=lambda _: start(),
        )  # fmt: skip
        self._layout = self._build()
        choice.param.watch(
            lambda *_: self.show(),
            ["system", "method", "network", "particles", "steps", "axes", "options"],
        )
        self.show()

    def _build(self) -> pn.Column:
        pair = {"columns": "minmax(0, 1fr) minmax(0, 1fr)", "narrow": 0, "gap": 0}
        return card(
            self._method,
            self._network,
            self._preset,
            grid(self._particles, self._steps, self._rate, **pair),
            self._axes,
            self._options,
            self._called,
            self._judge,
            self._cost,
            self.button,
            self.problem,
        )

    def show(self) -> None:
        """Follow the choice."""
        choice = self.choice
        with pn.io.hold():
            trained = has_loss(choice.method)
            self._network.visible = METHODS[choice.method].needs_network
            self._steps.visible = self._rate.visible = trained
            population = choice.about.population
            runs = choice.about.family.from_patches
            self._particles.label = f"{population.capitalize()}{'' if runs else ' of a run'}"
            kind = (choice.system, tuple(choice.options))
            if kind != self._built:
                self._built = kind
                self._make_rows()
            self._fill_rows()
            self._cost.object = self._cost_in_words()

    def _make_rows(self) -> None:
        self._fields.clear()
        rows = []
        for p in self.choice.about.parameters:
            symbol = p.symbol or p.name
            caption = html.pane(margin=(4, 4, 0, 4))
            caption.object = f'<p class="soft">Training values of {escape(p.label)}</p>'
            cells = [
                self._field((p.name, part), f"{symbol} {words}", whole=part == "count")
                for part, words in (("low", "from"), ("high", "to"), ("count", "values"))
            ]
            rows += [caption, grid(*cells, columns="1fr 1fr 1fr", narrow=0, gap=0)]
        self._axes[:] = rows
        self._options[:] = [
            self._field(("", name), OPTIONS[name], whole=True) for name in self.choice.options
        ]

    def _field(self, key: tuple[str, str], label: str, whole: bool):
        kind = pmui.IntInput if whole else pmui.FloatInput
        more = {} if whole else {"format": "0.[00000]"}
        made = kind(label=label, sx=QUIET, **more, **FIELD)
        made.param.watch(lambda event: self._take(key, event.new), "value")
        self._fields[key] = made
        return made

    def _fill_rows(self) -> None:
        for (parameter, part), field in self._fields.items():
            axis = self.choice.axes.get(parameter)
            field.value = getattr(axis, part) if axis else self.choice.options.get(part)

    def _take(self, key: tuple[str, str], value: float | None) -> None:
        choice, (parameter, part) = self.choice, key
        if value is None:  # emptied
            self._fill_rows()
        elif not parameter:
            if choice.options.get(part, value) != value:
                choice.options = {**choice.options, part: value}
        elif getattr(choice.axes.get(parameter), part, value) != value:
            axis: Axis = choice.axes[parameter]._replace(**{part: value})
            choice.axes = {**choice.axes, parameter: axis}

    def _cost_in_words(self) -> str:
        try:
            experiment = self.choice.experiment(self.state.seed or 0)
        except ValueError as error:
            return html.notices([], str(error))
        system = self.choice.about
        size = data_bytes(experiment, system) / 1e6
        size_words = f"{size:,.0f} MB" if size >= 1 else "under 1 MB"
        if system.family.from_patches:
            return f'<p class="soft">Small patches only, about {size_words} of training data.</p>'
        runs = sets_of(experiment.axes)
        return (
            f'<p class="soft">{runs} runs of {experiment.particles:,} {system.population} at '
            f"{experiment.n_times} times: {size_words} of training data.</p>"
        )

    def __panel__(self):
        return self._layout
