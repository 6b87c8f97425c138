"""Follow the teacher: the pages of a class show what one page shows, and cannot be operated.

A lecture lives in this process under a short code, which begins with the letter of the process
where there are several. All news of the teacher's page goes to every page that follows, which
applies it on its own event loop, the newest only: a page that is slower than the teacher's slider
skips intermediate values. A playing run is not sent frame by frame; followers play it themselves
from the same time.
"""

import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple, final

import param

from hoam_core.cli.serve import process_name

# No letters that look or sound alike when read out in a class.
LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
LENGTH = 5


class News(NamedTuple):
    """What a page shows: the link that restores it, and how it is played and drawn."""

    link: str
    playing: bool = False
    speed: float = 1.0
    loop: bool = True
    log_scale: bool = True


Hear = Callable[[News | None], None]


@final
@dataclass(eq=False)
class Lecture:
    """A teacher's page and those that follow; `counted` is called with their number."""

    now: Callable[[], News]
    counted: Callable[[int], None]
    heard_by: list[Hear] = field(default_factory=list)


@final
class Lectures:
    """All lectures of the process by their codes. Any thread may call."""

    def __init__(self):
        self._lectures: dict[str, Lecture] = {}
        self._lock = threading.Lock()

    def begin(self, now: Callable[[], News], counted: Callable[[int], None]) -> str:
        """Begin a lecture of a page whose present news is `now()`; returns its code."""
        with self._lock:
            code = ""
            while not code or code in self._lectures:
                drawn = "".join(secrets.choice(LETTERS) for _ in range(LENGTH))
                code = process_name() + drawn
            self._lectures[code] = Lecture(now, counted)
            return code

    def news(self, code: str) -> News:
        """What the teacher's page shows now; ValueError if no lecture has this code."""
        return self._find(code).now()

    def _find(self, code: str) -> Lecture:
        with self._lock:
            if (found := self._lectures.get(code)) is not None:
                return found
        raise ValueError(
            f"No lecture has the code {code!r} now; ask the teacher for the current one."
        )

    def join(self, code: str, hear: Hear) -> None:
        """Receive all further news; ValueError if no lecture has this code."""
        lecture = self._find(code)
        with self._lock:
            lecture.heard_by.append(hear)
            count = len(lecture.heard_by)
        lecture.counted(count)

    def leave(self, code: str, hear: Hear) -> None:
        """Receive no more news."""
        with self._lock:
            lecture = self._lectures.get(code)
            if lecture is None or hear not in lecture.heard_by:
                return
            lecture.heard_by.remove(hear)
            count = len(lecture.heard_by)
        lecture.counted(count)

    def tell(self, code: str, news: News) -> None:
        """Pass news on to everybody who follows."""
        with self._lock:
            hearers = list(self._lectures[code].heard_by) if code in self._lectures else []
        for hear in hearers:
            hear(news)

    def end(self, code: str) -> None:
        """The teacher has left; followers receive None."""
        with self._lock:
            lecture = self._lectures.pop(code, None)
        for hear in lecture.heard_by if lecture else ():
            hear(None)


LECTURES = Lectures()


@final
class Following(param.Parameterized):
    """The role of one page in a lecture: it teaches, it follows, or neither.

    `now` returns what the page shows, `show` makes it show something, and `schedule` runs a
    function on the event loop of the page.
    """

    role = param.Selector(default="alone", objects=["alone", "teacher", "follower"])
    code = param.String(doc="Code of the lecture; empty without one.")
    count = param.Integer(doc="How many follow this page.")
    ended = param.Boolean(default=False, doc="Whether the teacher who was followed has gone.")

    def __init__(
        self,
        now: Callable[[], News],
        show: Callable[[News], None],
        schedule: Callable[[Callable[[], None]], None],
        lectures: Lectures = LECTURES,
    ):
        super().__init__()
        self._now, self._show, self._schedule, self._lectures = now, show, schedule, lectures
        self._newest: list[News | None] = []
        self._announced: News | None = None

    def teach(self) -> None:
        """Let others follow this page."""
        self.stop()
        code = self._lectures.begin(self._now, self._count)
        self._announced = self._now()
        self.param.update(role="teacher", code=code, count=0, ended=False)

    def follow(self, code: str) -> None:
        """Follow a page. Raises ValueError if no lecture has this code."""
        self.stop()
        code = code.strip().lower()
        self._lectures.join(code, self._hear)
        self.param.update(role="follower", code=code, ended=False)
        self.catch_up()

    def catch_up(self) -> None:
        """Show again what the teacher's page shows, as after a pause."""
        if self.role == "follower":
            self._hear(self._lectures.news(self.code))

    def stop(self) -> None:
        """Stop teaching or following; what is shown stays."""
        self.close()
        self.param.update(role="alone", code="", count=0)

    def close(self) -> None:
        """The same for a page that is closed."""
        self._newest.clear()
        if self.role == "teacher":
            self._lectures.end(self.code)
        elif self.role == "follower":
            self._lectures.leave(self.code, self._hear)

    def tell(self) -> None:
        """Pass on what the page shows, if it teaches and shows something new."""
        if self.role == "teacher" and (news := self._now()) != self._announced:
            self._announced = news
            self._lectures.tell(self.code, news)

    def _count(self, count: int) -> None:
        self._schedule(partial(self._set_count, count))

    def _set_count(self, count: int) -> None:
        if self.role == "teacher":
            self.count = count

    def _hear(self, news: News | None) -> None:
        # The first to run takes the newest; those that were scheduled after it find nothing.
        self._newest[:] = [news]
        self._schedule(partial(self._take))

    def _take(self) -> None:
        if not self._newest or self.role != "follower":
            return
        if (news := self._newest.pop()) is None:
            self.param.update(role="alone", code="", ended=True)
        else:
            self._show(news)
