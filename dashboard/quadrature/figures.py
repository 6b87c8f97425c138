"""Figures of the quadrature lab that are built once: what a rule sees of q(t), and its error."""

from typing import final

import numpy as np
from bokeh.models import (
    BasicTicker,
    ColumnDataSource,
    FactorRange,
    Line,
    Model,
    Range1d,
    Scatter,
    Segment,
    Span,
)

from dashboard.parts.colours import COLOUR, RULE_COLOUR, RULE_DASH, RULE_MARK, frame, legend, mark
from dashboard.quadrature.study import NODES, RULES, Draw, QuadratureStudy, curve
from hoam_core.systems.oscillator_action import integral

TALL, MARK = 300, 9.0
EMPTY = {"x": [], "y": []}
INKED = frozenset({"line_color", "fill_color", "text_color"})


@final
class Inks:
    """Glyphs and the series that give their colours, on a light or a dark page."""

    def __init__(self):
        self._glyphs: list[tuple[str, Model]] = []

    def add(self, series: str, *glyphs: Model) -> None:
        """`series` names a rule or an entry of INK."""
        self._glyphs += [(series, glyph) for glyph in glyphs]

    def theme(self, dark: bool, chosen: str) -> None:
        """`chosen` is the rule that glyphs of the series "rule" belong to."""
        for series, glyph in self._glyphs:
            name = chosen if series == "rule" else series
            colour = {**COLOUR[dark], **RULE_COLOUR[dark]}[name]
            names = INKED.intersection(glyph.properties())
            glyph.update(**dict.fromkeys(names, colour))


@final
class IntegrandFigure:
    """q(t), the nodes on it with their weights as areas, and both integrals as mean heights."""

    def __init__(self):
        self.inks = Inks()
        self.curve = ColumnDataSource(data=EMPTY, name="integrand-curve")
        self.nodes = ColumnDataSource(
            {"x": [], "y": [], "zero": [], "sampled": [], "size": []}, name="integrand-nodes"
        )
        self.figure = made = frame(
            height=TALL, name="integrand", title="What the rule sees of q(t)",
            x_range=Range1d(start=-0.01, end=1.01), y_range=Range1d(start=-1, end=1),
        )  # fmt: skip
        made.xaxis.axis_label = "time t"
        stems = mark(made, self.nodes, Segment(
            x0="x", y0="zero", x1="x", y1="y", line_width=1, line_alpha=0.5
        ))  # fmt: skip
        curve = mark(made, self.curve, Line(x="x", y="y", line_width=2))
        points = mark(made, self.nodes, Scatter(
            x="x", y="y", size="size", fill_alpha=0.75, line_alpha=0.9
        ))  # fmt: skip
        noisy = mark(made, self.nodes, Scatter(
            x="x", y="sampled", size=6, marker="x", line_width=1.4, fill_alpha=0
        ))  # fmt: skip
        self.exact, self.estimate = (
            Span(location=0, dimension="width", line_width=width, line_dash=dash)
            for width, dash in ((1.6, [2, 3]), (1.6, "solid"))
        )
        self.integral = 0.0
        made.add_layout(self.exact)
        made.add_layout(self.estimate)
        self._points = points.glyph
        self.inks.add("theory", curve.glyph, noisy.glyph, self.exact)
        self.inks.add("rule", stems.glyph, points.glyph, self.estimate)
        words = [
            ("q(t)", [curve]),
            ("nodes (area: weight)", [points]),
            ("by particles", [noisy]),
        ]
        made.add_layout(legend(items=words), "below")

    def place(self, omega: float) -> None:
        """The curve and the exact integral of another frequency."""
        (t, q), self.integral = curve(omega), integral(omega)
        self.exact.location = self.integral
        self.curve.data = {"x": t.astype(np.float32), "y": q.astype(np.float32)}
        reach = float(np.ptp(q))
        self.figure.y_range.update(
            start=float(q.min()) - 0.12 * reach, end=max(float(q.max()), 0.0) + 0.12 * reach
        )

    def show(self, draw: Draw, rule: str) -> None:
        """The nodes of one draw."""
        sizes = np.clip(MARK * np.sqrt(draw.weights * 24), 3.0, 22.0)
        columns = {"x": draw.nodes, "y": draw.exact, "zero": np.zeros(len(sizes)),
                   "sampled": draw.sampled, "size": sizes}  # fmt: skip
        self.nodes.data = {name: np.asarray(c, np.float32) for name, c in columns.items()}
        self.estimate.location = draw.sampled_estimate
        self._points.marker = RULE_MARK[rule]


@final
class ErrorFigure:
    """The error of every rule against its number of nodes, both logarithmic."""

    def __init__(self):
        self.inks = Inks()
        self.figure = made = frame(
            "Error of the integral", height=TALL, name="errors", x_axis_type="log",
            y_axis_type="log", x_range=Range1d(start=2.5, end=310),
            y_range=Range1d(start=1e-10, end=100),
        )  # fmt: skip
        made.xaxis.axis_label = "number of nodes"
        made.xaxis.ticker = [3, 9, 33, 65, 129, 257]
        self.cloud = ColumnDataSource(data=EMPTY, name="errors-cloud")
        faint = {"fill_alpha": 0.35, "line_alpha": 0.35, "line_width": 0}
        dots = mark(made, self.cloud, Scatter(x="x", y="y", size=3, **faint))
        self.inks.add("monte-carlo", dots.glyph)
        self.lines, items = {}, []
        for rule, entry in RULES.items():
            self.lines[rule] = source = ColumnDataSource(data=EMPTY, name=f"errors-{rule}")
            line = mark(made, source, Line(x="x", y="y", line_dash=RULE_DASH[rule], line_width=2))
            marks = mark(made, source, Scatter(x="x", y="y", marker=RULE_MARK[rule], size=6))
            self.inks.add(rule, line.glyph, marks.glyph)
            words = f"{entry.title}, 1/√n" if rule == "monte-carlo" else entry.title
            items.append((words, [line, marks]))
        self.sampled = ColumnDataSource(data=EMPTY, name="errors-sampled")
        line = mark(made, self.sampled, Line(x="x", y="y", line_width=3, line_alpha=0.4))
        self.inks.add("rule", line.glyph)
        items.append(("chosen rule with its particles", [line]))
        self.chosen = Span(location=33, dimension="height", line_width=1.2)
        made.add_layout(self.chosen)
        self.inks.add("cursor", self.chosen)
        for row in (items[:2], items[2:]):
            made.add_layout(legend(items=row), "below")

    def show(self, study: QuadratureStudy) -> None:
        """Another study."""
        x, case = np.asarray(NODES, np.float32), study.case
        for rule, source in self.lines.items():
            source.data = {"x": x, "y": study.errors[rule]}
        self.sampled.data = {"x": x, "y": study.sampled[case.rule]}
        heights = np.maximum(np.abs(study.cloud), 1e-12).astype(np.float32)
        self.cloud.data = {"x": np.repeat(x, heights.shape[1]), "y": heights.ravel()}
        lowest = min(float(values.min()) for values in study.errors.values())
        top = max(float(values.max()) for values in study.errors.values())
        self.figure.y_range.update(start=max(lowest / 3, 1e-11), end=5 * top)
        self.at(case.nodes)

    def at(self, nodes: int) -> None:
        """Mark a number of nodes."""
        self.chosen.location = nodes


@final
class DrawsFigure:
    """Estimates of all rules over many draws, the newest one large: how far each scatters."""

    def __init__(self):
        self.inks = Inks()
        titles = [entry.title for entry in RULES.values()]
        self.figure = made = frame(
            height=190, name="draws", title="Estimates of the integral, draw by draw",
            x_range=Range1d(start=-1, end=1), y_range=FactorRange(factors=titles[::-1]),
        )  # fmt: skip
        made.ygrid.visible = False
        made.xaxis.ticker = BasicTicker(desired_num_ticks=6)
        self.sources, self.newest = {}, {}
        rng = np.random.default_rng(0)
        for rule in RULES:
            self.sources[rule] = ColumnDataSource(data=EMPTY, name=f"draws-{rule}")
            self.newest[rule] = ColumnDataSource(data=EMPTY, name=f"newest-{rule}")
            shape = RULE_MARK[rule]
            old = mark(made, self.sources[rule], Scatter(
                x="x", y="y", marker=shape, size=5, fill_alpha=0.4, line_alpha=0.4, line_width=0
            ))  # fmt: skip
            new = mark(made, self.newest[rule], Scatter(
                x="x", y="y", marker=shape, size=14, line_width=2, fill_alpha=0.9
            ))  # fmt: skip
            self.inks.add(rule, old.glyph, new.glyph)
        self._jitter = rng.uniform(-0.28, 0.28, 4_096)
        self.exact = Span(location=0, dimension="height", line_width=1.6, line_dash=[2, 3])
        made.add_layout(self.exact)
        self.inks.add("theory", self.exact)

    def show(self, study: QuadratureStudy) -> None:
        """The draws of a study."""
        for rule, values in study.draws.items():
            places = [(RULES[rule].title, float(y)) for y in self._jitter[: len(values)]]
            self.sources[rule].data = {"x": values.astype(np.float32), "y": places}
        reach = max(float(np.abs(v - study.exact).max()) for v in study.draws.values())
        start, end = study.exact - 1.1 * reach, study.exact + 1.1 * reach
        self.figure.x_range.update(start=start, end=end)
        self.exact.location = study.exact

    def point(self, draws: dict[str, Draw]) -> None:
        """The newest draw of every rule."""
        for rule, one in draws.items():
            self.newest[rule].data = {"x": [one.sampled_estimate], "y": [RULES[rule].title]}
