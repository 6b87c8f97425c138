"""The view "explore": three pictures on one time axis, curves against time, and their errors.

The layout is built once. What changes afterwards are the sources of its figures and the text of a
few panes, in one message to the browser for each event. The pictures follow the frame; curves,
words and tables follow the runs.
"""

import panel as pn
import panel_material_ui as pmui

from dashboard import describe, readout
from dashboard.catalogue import Catalogue
from dashboard.controls import Sliders
from dashboard.figures import Curves, Picture, with_unit
from dashboard.frames import Plane, density, sigma_for, to_levels, to_signed_levels
from dashboard.layout import card, drawn, grid
from dashboard.player import Player
from dashboard.session import Session
from dashboard.state import Exploration
from hoam_core import __version__

REST_AFTER = 80  # milliseconds


class Explore(pn.viewable.Viewer):
    """Pictures, player, curves and errors of a `Session`."""

    def __init__(self, state: Exploration, session: Session, catalogue: Catalogue, **params):
        super().__init__(**params)
        self.state, self.session, self.catalogue = state, session, catalogue
        self.player = Player(state)
        self._rest_is_due = False
        self.pictures = {
            "model": Picture("learned", "Learned model"),
            "truth": Picture("full", "Full model"),
            "difference": Picture("difference", "Difference, learned − full", signed=True),
        }
        self.curves = [Curves("main", 292, legend=True, log=True)]
        self.curves += [Curves(f"other-{i}", 150) for i in range(3)]
        self._headline, self._notices = readout.words(), readout.words()
        self._progress, self._errors, self._growth = (readout.words() for _ in range(3))
        self._status = readout.Status(sizing_mode="stretch_width", margin=0)
        self._truth_button = pmui.Button(
            label="Cancel", size="small", variant="outlined", margin=0, width=96,
            on_click=lambda _: self._press(),
        )  # fmt: skip
        self._scale = pmui.Switch.from_param(
            state.param.log_scale,
            label="Logarithmic",
            size="small",
            margin=0,
            styles={"position": "absolute", "right": "6px", "top": "4px", "z-index": "2"},
        )
        self._main_curve = pn.Column(sizing_mode="stretch_width", margin=0)
        self._others = grid(columns="repeat(auto-fit, minmax(170px, 1fr))", narrow=399, gap=4)
        self._layout = self._build()
        self._place()
        state.param.watch(lambda *_: self._draw(), "frame")
        state.param.watch(lambda *_: self._place(), ["parameters", "model"])
        state.param.watch(lambda *_: self._choose_scale(), "log_scale")
        session.param.watch(
            lambda *_: self.update(), ["answer", "reference", "truth_state", "problem", "warnings"]
        )

    def _build(self) -> pn.Column:
        pictures = (card(drawn(p.figure)) for p in self.pictures.values())
        truth = pn.Row(self._progress, self._truth_button, sizing_mode="stretch_width", margin=0)
        return pn.Column(
            pn.Column(self._headline, self._status, sizing_mode="stretch_width", margin=(0, 2)),
            card(Sliders(self.state, self.catalogue), self._notices),
            grid(*pictures, columns="repeat(3, minmax(0, 1fr))"),
            card(self.player),
            grid(
                card(self._main_curve, self._scale),
                pn.Column(
                    card(self._others),
                    grid(card(self._errors), card(self._growth, truth),
                         columns="repeat(2, minmax(0, 1fr))", narrow=599),
                    sizing_mode="stretch_width", margin=0, styles={"gap": "10px"},
                ),
                columns="minmax(0, 5fr) minmax(0, 6fr)",
            ),
            sizing_mode="stretch_width", margin=(10, 14), styles={"gap": "10px"},
        )  # fmt: skip

    @property
    def system(self):
        """The system of the state."""
        return self.catalogue.systems[self.state.system]

    def _press(self) -> None:
        if self.session.truth_state in ("waiting", "running"):
            self.session.cancel_truth()
        else:
            self.session.resume_truth()

    def _choose_scale(self) -> None:
        field = describe.has_field(self.system)
        log = field and self.state.log_scale
        self._main_curve[:] = [drawn(self.curves[0].figures["log" if log else "linear"])]

    def _place(self) -> None:
        """Axes, labels and titles of another system or model."""
        if set(self.state.mu) != {p.name for p in self.system.parameters}:
            return  # halfway through a change of system
        system, self._plane = self.system, Plane.of(self.system)
        names = describe.observables_shown(system)
        info = {o.name: o for o in system.observable_info}
        field = describe.has_field(system)
        with pn.io.hold():
            for picture in self.pictures.values():
                picture.place(self._plane, system)
            for name, curve in zip(names, self.curves, strict=False):
                curve.label(with_unit(info[name].label, info[name].unit), "time t", field)
            self._others[:] = [drawn(c.figures["linear"]) for c in self.curves[1 : len(names)]]
            self._scale.visible = self._growth.visible = field
            self._choose_scale()
        self.update()

    def update(self) -> None:
        """Everything that follows the runs: the pictures at once, the rest a moment later.

        Curves and words cost more than pictures, in the browser too; while a slider moves they are
        brought up to date once for all changes that came in between.
        """
        self._draw()
        document = pn.state.curdoc
        if document is None or document.session_context is None:
            self._draw_rest()
        elif not self._rest_is_due:
            self._rest_is_due = True
            document.add_timeout_callback(self._draw_rest, REST_AFTER)

    def _draw_rest(self) -> None:
        self._rest_is_due = False
        with pn.io.hold():
            self._draw_curves()
            self._write()

    def _runs(self):
        """The learned and the full model's run, where they belong to the present system."""
        answer, reference = self.session.answer, self.session.reference
        if answer is not None and answer.case.system != self.state.system:
            answer = None
        if reference is not None and reference.truth.case.system != self.state.system:
            reference = None
        return answer, reference

    def _draw(self) -> None:
        """The pictures of the current frame, and the cursors."""
        answer, reference = self._runs()
        truth, i = reference.truth if reference else None, self.state.frame
        scale = next((run for run in (answer, truth) if run is not None), None)
        with pn.io.hold():
            for curve in self.curves:
                curve.at(self.state.time)
            if scale is None:
                self._clear_all()
                return
            sigma = sigma_for(scale.case.particles)
            shown = {"model": answer, "truth": truth}
            fields = {
                name: density(run.counts[i], run.case.particles, self._plane, sigma)
                if run is not None and i < len(run.counts)
                else None
                for name, run in shown.items()
            }
            for name, field in fields.items():
                if field is None:
                    self.pictures[name].clear(self._why_empty(name))
                else:
                    ms = 1000 * answer.seconds if answer else 0.0
                    levels = to_levels(field, scale.limit)
                    self.pictures[name].show(levels, scale.limit, self.session.version, ms)
            self._draw_difference(fields, answer, truth, scale.limit)

    def _draw_difference(self, fields, answer, truth, limit: float) -> None:
        same = answer is not None and truth is not None and answer.case.mu == truth.case.mu
        if not same or any(field is None for field in fields.values()):
            self.pictures["difference"].clear(self._why_empty("difference"))
            return
        levels = to_signed_levels(fields["model"] - fields["truth"], limit / 2)
        self.pictures["difference"].show(levels, limit / 2, self.session.version)

    def _clear_all(self) -> None:
        for name, picture in self.pictures.items():
            picture.clear(self._why_empty(name))

    def _why_empty(self, name: str) -> str:
        if name != "truth" and not self.state.model:
            return "no learned model"
        if name == "model":
            return "no answer" if self.session.problem else "computing …"
        return {
            "waiting": "starts when the sliders rest", "running": "computing …",
            "cancelled": "cancelled", "failed": "failed", "done": "",
        }[self.session.truth_state]  # fmt: skip

    def _draw_curves(self) -> None:
        answer, reference = self._runs()
        runs = {"model": answer, "truth": reference.truth if reference else None}
        for name, curve in zip(describe.observables_shown(self.system), self.curves, strict=False):
            values = []
            for kind, run in runs.items():
                y = run.curves[name] if run is not None else []
                curve.show(kind, run.ts[: len(y)] if run is not None else [], y)
                values += [y] if len(y) else []
            curve.fit(float(self.state.ts[-1]), values)
        self._fits = {kind: describe.growth(run) for kind, run in runs.items()}
        anchor = "truth" if self._fits["truth"] else "model"
        rate = reference.rate if reference else None
        line = describe.theory_line(runs[anchor], self._fits[anchor], rate)
        self.curves[0].show("theory", *line)

    def _write(self) -> None:
        session = self.session
        answer, reference = self._runs()
        truth = reference.truth if reference else None
        self._headline.object = readout.headline(
            describe.headline(answer if answer is not None else truth, self.system)
        )
        self._notices.object = readout.notices(session.warnings, session.problem)
        self._notices.visible = bool(session.warnings or session.problem)
        has_first = truth is not None and truth.complete
        done = reference.done if reference else 0.0
        self._progress.object = readout.progress(
            session.truth_state, done, has_first, self.system.truth_particles
        )
        busy = session.truth_state in ("waiting", "running")
        self._truth_button.visible = session.truth_state != "done"
        self._truth_button.label = "Cancel" if busy else "Compute"
        rows = describe.errors(answer, reference, self.system)
        self._errors.object = readout.error_table(rows, "computing" if busy else "—")
        rate = reference.rate if reference else None
        self._growth.object = readout.growth_table(self._fits["model"], self._fits["truth"], rate)
        self._write_status(answer)
        self._write_titles(answer)

    def _write_titles(self, answer) -> None:
        mu = answer.case.mu if answer is not None else tuple(self.state.mu.values())
        named = ", ".join(
            f"{p.label.split()[-1]} = {value:g}"
            for p, value in zip(self.system.parameters, mu, strict=True)
        )
        self.pictures["model"].figure.title.text = f"Learned model, {named}"
        self.pictures[
            "truth"
        ].figure.title.text = f"Full model, {self.system.truth_particles:,} particles"

    def _write_status(self, answer) -> None:
        session, state = self.session, self.state
        pieces = [f"{state.particles:,} particles", f"seed {state.seed}"]
        if answer is not None:
            waited = f"answered in {1000 * session.waited:.0f} ms"
            took = f"model {1000 * answer.seconds:.0f} ms"
            pieces = [took, waited, *pieces, f"answer {session.version}"]
        self._status.param.update(
            text=" · ".join([*pieces, f"hoam_core {__version__}"]),
            version=session.version, truth=session.truth_state,
            model_ms=1000 * answer.seconds if answer is not None else 0.0,
        )  # fmt: skip

    def theme(self, dark: bool) -> None:
        """Colours for a light or a dark page."""
        with pn.io.hold():
            for part in (*self.pictures.values(), *self.curves):
                part.theme(dark)

    def __panel__(self):
        return self._layout
