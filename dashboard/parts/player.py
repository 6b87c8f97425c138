"""Playing a run: a bar of controls, and the clock that moves the time while it plays.

The controls are one small component rather than Panel's `Player`, whose nine buttons have no names
for screen readers. The clock is a periodic callback of the visitor's own session; it stops while
nothing plays, and ends with the session. A browser that holds a flipbook plays it by itself; then
the clock only keeps the state close to it, nothing is sent, and once a second the browser reports
where it is.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, final

import panel as pn
import param
from panel.custom import JSComponent
from panel.io import PeriodicCallback

from dashboard.concurrency.event_loop import looked_at
from dashboard.parts.sliders import AtOnce
from dashboard.state.exploration import SPEEDS, Exploration

BAR_CSS = """
:host { width: 100%; }
.bar { display: flex; align-items: center; gap: 4px;
  font: var(--page-type, 13px) Roboto, sans-serif; color: var(--panel-on-background-color); }
button { display: inline-flex; align-items: center; justify-content: center; border: 0;
  width: var(--button-size, 36px); height: var(--button-size, 36px); border-radius: 50%;
  background: transparent; cursor: pointer; color: inherit; flex: none; }
button, input { filter: var(--locked-filter, none); cursor: var(--locked-cursor, pointer); }
button:hover { background: color-mix(in srgb, currentColor 12%, transparent); }
button svg { fill: currentColor; }
button.toggle { background: var(--panel-primary-color); color: var(--panel-on-primary-color); }
button.toggle:hover { filter: brightness(1.12); }
button.loop[aria-pressed="true"] { color: var(--panel-primary-color);
  background: color-mix(in srgb, currentColor 14%, transparent); }
button:focus-visible, select:focus-visible, input:focus-visible {
  outline: 2px solid var(--panel-primary-color); outline-offset: 2px; }
input { flex: 1; min-width: 60px; height: 28px; margin: 0 10px; background: transparent;
  appearance: none; cursor: pointer; }
input::-webkit-slider-runnable-track { height: 4px; border-radius: 2px; background:
  linear-gradient(var(--panel-primary-color) 0 0) 0 / var(--share, 0%) no-repeat,
  color-mix(in srgb, var(--panel-on-background-color) 22%, transparent); }
input::-webkit-slider-thumb { appearance: none; width: 16px; height: 16px; margin-top: -6px;
  border-radius: 50%; background: var(--panel-primary-color); }
input::-moz-range-track { height: 4px; border-radius: 2px;
  background: color-mix(in srgb, var(--panel-on-background-color) 22%, transparent); }
input::-moz-range-progress { height: 4px; background: var(--panel-primary-color); }
input::-moz-range-thumb { width: 16px; height: 16px; border: 0; border-radius: 50%;
  background: var(--panel-primary-color); }
output { min-width: 5.1em; text-align: right; font-variant-numeric: tabular-nums; }
select { height: 2.3em; margin-left: 8px; padding: 0 4px; border-radius: 6px; font: inherit;
  color: inherit; background: var(--panel-surface-color);
  border: 1px solid color-mix(in srgb, currentColor 30%, transparent); }
/* A finger that scrolls the page past the bar must not move the time: only the knob reacts. */
@media (pointer: coarse) {
  input { pointer-events: none; touch-action: pan-y; height: 36px; }
  input::-webkit-slider-thumb { pointer-events: auto; touch-action: none; width: 26px; height: 26px;
    margin-top: -11px; }
  input::-moz-range-thumb { pointer-events: auto; touch-action: none; width: 26px; height: 26px; } }
@media (max-width: 599px) { .bar { flex-wrap: wrap; justify-content: center; }
  button { width: 33px; height: 33px; } select { margin-left: 0; }
  input { order: -1; flex: 1 0 90%; margin: 4px 6px; } output { min-width: 58px; } }
"""


@final
class PlayerBar(AtOnce, JSComponent):
    """Restart, step, play, scrub, speed and loop, each with a name."""

    frame = param.Integer(default=0)
    last = param.Integer(default=100)
    end = param.Number(default=1.0)
    playing = param.Boolean(default=False)
    loop = param.Boolean(default=True)
    speed = param.Number(default=1.0)
    speeds = param.List(default=list(SPEEDS))
    stride = param.Integer(default=1)
    period = param.Integer(default=100)

    _esm = Path(__file__).with_name("player.js")
    _stylesheets = [BAR_CSS]

    def __init__(self, heard: Callable[[str | dict[str, int]], None], **params):
        super().__init__(**params)
        self._heard = heard

    def _handle_msg(self, data: str | dict[str, int]) -> None:
        self._heard(data)

    def give(self, message: dict[str, Any]) -> None:
        """Send a flipbook, or withdraw it."""
        self._send_msg(message)


def act(state: Exploration, name: str) -> None:
    """Carry out the action of a control or a key."""
    actions = {
        "restart": state.restart,
        "toggle": state.toggle,
        "back": lambda: state.step(-1),
        "forward": lambda: state.step(1),
        "first": lambda: state.go(0),
        "last": lambda: state.go(-1),
        "scrub": lambda: state.param.update(playing=False),
    }
    if name in actions:
        actions[name]()


@final
class Player(pn.viewable.Viewer):
    """Keeps a bar and an `Exploration` in step; a view may have one of its own."""

    def __init__(self, state: Exploration, **params):
        super().__init__(**params)
        self._state = state
        # Flipbooks are numbered; the browser has one, or none (0), and reports when it has opened
        # it.
        self._given, self._lent, self._opened = 0, 0, 0
        self._resting = False
        self._bar = PlayerBar(self._hear, sizing_mode="stretch_width", margin=(2, 6))
        self._show()
        state.param.watch(lambda *_: self._show(), ["playing", "loop", "speed", "model"])
        # Every page that plays runs this ten times a second.
        state.param.watch(lambda event: self._move(event.new), "frame")
        self._bar.param.watch(self._take, ["frame", "loop", "speed"])

    def rest(self, resting: bool) -> None:
        """A hidden bar is sent no frames; one that is shown again gets the present one."""
        self._resting = resting
        self._move(self._state.frame)

    @property
    def turns_pages(self) -> bool:
        """Whether the browser draws the frames by itself."""
        return self._lent > 0 and self._opened == self._lent

    def give(self, book: dict[str, Any]) -> None:
        """Let the browser play a flipbook, as soon as it has received it."""
        self._given += 1
        self._lent = self._given
        self._bar.give({"book": self._lent, **book})

    def take_back(self) -> bool:
        """Withdraw the flipbook, which is out of date; returns whether the browser had one."""
        had, self._lent = self._lent > 0, 0
        if had:
            self._bar.give({"book": 0})
            self._bar.frame = self._state.frame
        return had

    def _hear(self, message: str | dict[str, int]) -> None:
        if isinstance(message, str):
            act(self._state, message)
        elif "opened" in message:
            self._opened = message["opened"]
        elif self.turns_pages and self._state.playing:
            self._state.turn(min(max(message.get("frame", 0), 0), self._bar.last))

    def _move(self, frame: int) -> None:
        if not (self._resting or (self.turns_pages and self._state.turning)):
            self._bar.frame = frame

    def _show(self) -> None:
        state, ts = self._state, self._state.ts
        self._bar.param.update(
            frame=state.frame, last=len(ts) - 1, end=float(ts[-1]), playing=state.playing,
            loop=state.loop, speed=state.speed, stride=state.stride, period=state.period,
        )  # fmt: skip

    def _take(self, event) -> None:
        if getattr(self._state, event.name) != event.new:
            self._state.param.update(**{event.name: event.new})

    def __panel__(self):
        return self._bar


@final
class Clock:
    """Plays an `Exploration`: one clock for each page, whatever it shows."""

    def __init__(self, state: Exploration):
        self._state = state
        self._beat: PeriodicCallback | None = None
        state.param.watch(lambda *_: self._run(), ["playing", "speed"])

    def _run(self) -> None:
        self.stop()
        if self._state.playing:
            # In the background: Panel need not report to every page that something is running.
            self._beat = PeriodicCallback(
                callback=self._play, period=self._state.period, background=True
            )
            self._beat.start()

    def _play(self) -> None:
        # It takes a while until a closed tab is noticed.
        if looked_at(pn.state.curdoc):
            # One message for the player, the pictures and the cursors.
            with pn.io.hold():
                self._state.advance()

    def stop(self) -> None:
        """Stop, for good or until it plays again."""
        if self._beat is not None:
            self._beat.stop()
            self._beat = None
