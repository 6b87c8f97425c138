"""Figures of running trainings: losses above their exact minimum, and the learned samples."""

from typing import final

import numpy as np
from bokeh.models import (
    BasicTicker,
    BoxAnnotation,
    ColumnDataSource,
    LegendItem,
    Line,
    Range1d,
    Scatter,
    Span,
    Text,
)
from bokeh.plotting import figure

from dashboard.parts.colours import RULE_DASH, RULE_MARK, frame, legend, mark
from dashboard.parts.sources import put
from dashboard.quadrature.figures import EMPTY, Inks
from dashboard.quadrature.study import RULES
from dashboard.quadrature.text import number
from dashboard.quadrature.training import TIMES, Race, exact_law

# Losses are drawn as means of so many steps; a faint line has each of them, a strong one five.
MEAN, STRONG = 10, 5
LIMIT = 1.7


@final
class LossFigure:
    """Losses against steps; the impossible region below the exact minimum is shaded."""

    def __init__(self):
        self.inks, self._bottom = Inks(), -1.0
        self.figure = made = frame(
            "Loss while it trains", height=330, name="losses", x_range=Range1d(start=0, end=1_500),
            y_range=Range1d(start=self._bottom, end=0.2),
        )  # fmt: skip
        made.xaxis.axis_label = "training step"
        self.impossible = BoxAnnotation(fill_alpha=0.1, fill_color="#D55E00")
        self.impossible.update(top=None)
        made.add_layout(self.impossible)
        self.faint, self.strong, items = {}, {}, []
        for rule, entry in RULES.items():
            self.faint[rule] = ColumnDataSource(data=EMPTY)
            self.strong[rule] = ColumnDataSource(data=EMPTY, name=f"loss-{rule}")
            faint = mark(made, self.faint[rule], Line(x="x", y="y", line_width=1, line_alpha=0.35))
            strong = mark(made, self.strong[rule], Line(
                x="x", y="y", line_width=2.6, line_dash=RULE_DASH[rule]
            ))  # fmt: skip
            self.inks.add(rule, faint.glyph, strong.glyph)
            items.append(LegendItem(label=entry.title, renderers=[strong]))
        self.least = Span(location=0, dimension="width", line_width=1.8, line_dash=[2, 3])
        made.add_layout(self.least)
        # For the legend, which does not accept a span.
        line = mark(made, ColumnDataSource(data=EMPTY), Line(
            x="x", y="y", line_width=1.8, line_dash=[2, 3]
        ))  # fmt: skip
        self.inks.add("theory", self.least, line.glyph)
        self.notes = ColumnDataSource({"x": [], "y": [], "text": []}, name="loss-notes")
        note = mark(made, self.notes, Text(
            x="x", y="y", text="text", text_font_size="12px", text_baseline="bottom",
            text_font_style="bold", x_offset=5, y_offset=-4,
        ))  # fmt: skip
        self.inks.add("theory", note.glyph)
        self._items = dict(zip(RULES, items, strict=True))
        made.add_layout(legend(items=items), "below")
        made.add_layout(legend(items=[("exact minimum (shaded: impossible)", [line])]), "below")

    def show(self, race: Race) -> None:
        """Losses so far; rules that are not being trained have none."""
        self.figure.x_range.update(end=race.steps)
        if race.least is not None:
            size = -race.least
            self.least.location = self.impossible.top = race.least
            self._bottom = race.least - 0.6 * size
            self.figure.y_range.update(start=self._bottom, end=0.15 * size)
        runners = {runner.rule: runner for runner in race.runners}
        notes = []
        for rule in RULES:
            losses = runners[rule].losses if rule in runners else np.zeros(0)
            self._items[rule].visible = rule in runners
            for source, every in ((self.faint, MEAN), (self.strong, MEAN * STRONG)):
                means = losses[: losses.size // every * every].reshape(-1, every).mean(axis=1)
                x = (np.arange(means.size) + 0.5) * every
                source[rule].data = {"x": x.astype(np.float32), "y": means.astype(np.float32)}
            if rule in runners and runners[rule].fell is not None:
                notes.append(
                    (runners[rule].fell, f"↓ {RULES[rule].title} {self._depth(runners[rule])}")
                )
        rows = [self._bottom + 0.09 * i * -(race.least or 0.0) for i in range(len(notes))]
        self.notes.data = {
            # From the left half, so that the text stays inside.
            "x": [min(x, 0.55 * race.steps) for x, _ in notes], "y": rows,
            "text": [text for _, text in notes],
        }  # fmt: skip

    @staticmethod
    def _depth(runner) -> str:
        return "is no longer a number" if runner.lost else f"is at {number(runner.recent)}"


@final
class SpreadFigure:
    """The spread of learned samples against time, beside the closed form."""

    def __init__(self):
        self.inks = Inks()
        self.figure = made = frame(
            height=230, name="spreads", title="Spread of x",
            x_range=Range1d(start=0, end=1), y_range=Range1d(start=0, end=0.3),
        )  # fmt: skip
        made.xaxis.axis_label = "time t"
        self.exact = ColumnDataSource(data=EMPTY, name="spread-exact")
        line = mark(made, self.exact, Line(x="x", y="y", line_width=2, line_dash=[2, 3]))
        self.inks.add("theory", line.glyph)
        self.sources = {}
        for rule in RULES:
            self.sources[rule] = ColumnDataSource(data=EMPTY, name=f"spread-{rule}")
            line = mark(made, self.sources[rule], Line(
                x="x", y="y", line_width=2.2, line_dash=RULE_DASH[rule]
            ))  # fmt: skip
            self.inks.add(rule, line.glyph)

    def show(self, race: Race) -> None:
        """The newest roll-outs."""
        _, spread = exact_law(race.case.omega)
        self.exact.data = {"x": TIMES, "y": spread}
        self.figure.y_range.update(end=4 * float(spread.max()))
        judged = {runner.rule: runner.judged for runner in race.runners}
        for rule, source in self.sources.items():
            found = judged.get(rule)
            put(source, {"x": TIMES, "y": found.spread} if found else EMPTY)


@final
class EndFigure:
    """Samples at the last time: those of the full model, and those that were learned."""

    def __init__(self):
        self.inks = Inks()
        self.figure: figure = frame(
            "Samples at t = 1", height=230, name="end", x_range=Range1d(start=-LIMIT, end=LIMIT),
            y_range=Range1d(start=-LIMIT, end=LIMIT),
        )  # fmt: skip
        self.truth = ColumnDataSource(data=EMPTY, name="end-truth")
        dots = mark(self.figure, self.truth, Scatter(x="x", y="y", size=4, marker="cross"))
        self.inks.add("theory", dots.glyph)
        for axis in self.figure.axis:
            axis.ticker = BasicTicker(desired_num_ticks=4)
        self.sources = {}
        for rule in RULES:
            self.sources[rule] = ColumnDataSource(data=EMPTY, name=f"end-{rule}")
            dots = mark(self.figure, self.sources[rule], Scatter(
                x="x", y="y", size=5, marker=RULE_MARK[rule], line_width=0, fill_alpha=0.5,
                line_alpha=0.5,
            ))  # fmt: skip
            self.inks.add(rule, dots.glyph)

    def show(self, race: Race) -> None:
        """The newest roll-outs, around the true samples."""
        if race.truth is not None:
            put(self.truth, _points(race.truth))
            middle = race.truth.mean(axis=0)
            for side, at in zip((self.figure.x_range, self.figure.y_range), middle, strict=True):
                side.update(start=float(at) - 0.8, end=float(at) + 0.8)
        judged = {runner.rule: runner.judged for runner in race.runners}
        for rule, source in self.sources.items():
            found = judged.get(rule)
            put(source, _points(found.end) if found else EMPTY)


def _points(x: np.ndarray) -> dict[str, np.ndarray]:
    return {"x": x[:, 0].astype(np.float32), "y": x[:, 1].astype(np.float32)}
