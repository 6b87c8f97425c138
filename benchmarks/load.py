"""A class on one server: pages that all play, some of which drag a slider.

Pages are opened as a browser opens them (the document over HTTP, then the websocket, then the whole
page as JSON) but drawn by nobody, so that the cores measure the server and not thirty browsers. All
play; the first ones move their slider ten times a second as well, to values that nobody has asked
for. A page that is given a flipbook turns its pages as the browser's script does: it opens the
book, counts a frame every tenth of a second until the book is taken back, and says once a second
where it is; other pages count the frames that the server sends. Printed beside their targets:
frames a second of the slowest page, the time from a move to the next picture that reaches the page,
the time to open one more page meanwhile, the lateness of the event loop, the processors that the
server had and that other machines took, and its memory before, with and after all pages. Several
rounds tell whether memory returns, a long one whether the server lasts. At the end one more page
sends messages of as many events as a message may hold, one after another; how long a small request
waits meanwhile tells what that costs everybody else.

    python -m benchmarks.load [--pages 30] [--dragging 5] [--seconds 30] [--rounds 1]
"""

import argparse
import asyncio
import json
import math
import re
import statistics
import time
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import urlsplit

from prometheus_client.parser import text_string_to_metric_families
from tornado.httpclient import AsyncHTTPClient
from tornado.websocket import WebSocketClientConnection, websocket_connect

from benchmarks.timing import machine, stolen
from dashboard.operations.messages import MOST_EVENTS
from tests.ui.served import served, wait_until_warm

DRAG_RATE = 10.0
VERSION = re.compile(r'"version",\[(\d+)\]')
BOOK = re.compile(r'\["book",(\d+)\]')
PERIOD = 0.1  # seconds between two frames
MEMORY, PROCESSOR = "process_resident_memory_bytes", "process_cpu_seconds_total"


def _map(values: dict) -> dict:
    return {"type": "map", "entries": [*map(list, values.items())]}


@dataclass
class Page:
    """One visitor: a connection, the models it speaks to, and what arrives.

    `waits` are seconds from the first move of the slider that had no answer to the next picture.
    """

    socket: WebSocketClientConnection
    bridge: str = ""
    slider: str = ""
    player: str = ""
    opened: float = 0.0
    frames: int = 0
    version: int = 0
    moved: float | None = None
    turning: asyncio.Task | None = None
    waits: list[float] = field(default_factory=list)
    tasks: list[asyncio.Task] = field(default_factory=list)

    async def send(self, kind: str, content: dict) -> None:
        """A message without buffers."""
        parts = ({"msgid": "load", "msgtype": kind}, {}, content)
        # All at once: another task's parts between them would make the server close the page.
        await asyncio.gather(*[self.socket.write_message(json.dumps(part)) for part in parts])

    async def event(self, name: str, **values) -> None:
        """An event of the browser's document."""
        about = {"type": "event", "name": name, "values": _map(values)}
        sent = {"kind": "MessageSent", "msg_type": "bokeh_event", "msg_data": about}
        await self.send("PATCH-DOC", {"events": [sent]})

    async def tell(self, message: dict) -> None:
        """What the page's script says to the bridge of the page."""
        await self.say(self.bridge, message)

    async def say(self, model: str, message: dict) -> None:
        """What a part of the page says to its other half."""
        await self.event("data_event", model={"id": model}, data=_map(message))

    async def move(self, value: float) -> None:
        """The slider is somewhere else."""
        self.moved = self.moved or time.perf_counter()
        change = {"kind": "ModelChanged", "model": {"id": self.slider}, "attr": "value"}
        await self.send("PATCH-DOC", {"events": [change | {"new": value}]})

    async def message(self) -> tuple[str, str]:
        """Type and content of the next message; buffers are read and dropped."""
        header = json.loads(await self._text())
        await self._text()
        content = await self._text()
        for _ in range(2 * header.get("num_buffers", 0)):
            await self.socket.read_message()
        return header["msgtype"], content

    async def _text(self) -> str:
        while True:
            found = await self.socket.read_message()
            if found is None:
                raise ConnectionError("The server has closed a page; is HOAM_SESSIONS too small?")
            if isinstance(found, str):
                return found

    async def listen(self) -> None:
        """Count frames and time answers until the page is closed."""
        while True:
            _, content = await self.message()
            if self.turning is None:
                self.frames += '"attr":"frame"' in content
            if '"painted"' in content:
                await self.tell({"painted": True})
            for book in map(int, BOOK.findall(content)):
                await self.take(book)
            versions = [int(one) for one in VERSION.findall(content)]
            if versions and max(versions) > self.version:
                self.version = max(versions)
                if self.moved is not None:
                    self.waits.append(time.perf_counter() - self.moved)
                    self.moved = None

    async def take(self, book: int) -> None:
        """Turn the pages of a flipbook; without one (0) the server sends every frame."""
        if self.turning is not None:
            self.turning.cancel()
            self.tasks.remove(self.turning)
            self.turning = None
        if book:
            await self.say(self.player, {"opened": book})
            self.turning = asyncio.create_task(self.turn())
            self.tasks.append(self.turning)

    async def turn(self) -> None:
        """Count a frame every tenth of a second; the server hears of one in ten."""
        start, turned = time.perf_counter(), 0
        while True:
            turned += 1
            await asyncio.sleep(max(0.0, start + turned * PERIOD - time.perf_counter()))
            self.frames += 1
            if turned % 10 == 0:
                await self.say(self.player, {"frame": turned % 101})

    async def drag(self, first: float) -> None:
        """Move the slider to values that no other page asks for, round and round."""
        step = 0
        while True:
            step += 1
            await self.move(1.2 + (first + 0.0137 * step) % 0.7)
            await asyncio.sleep(1 / DRAG_RATE)

    async def hurry(self) -> None:
        """Messages of as many events as are taken: the slider moves and the help is asked for."""
        values = _map({"model": {"id": self.bridge}, "data": _map({"action": "help"})})
        press = {"type": "event", "name": "data_event", "values": values}
        sent = {"kind": "MessageSent", "msg_type": "bokeh_event", "msg_data": press}
        change = {"kind": "ModelChanged", "model": {"id": self.slider}, "attr": "value"}
        moves = [change | {"new": 1.2 + 0.005 * i} for i in range(MOST_EVENTS // 2)]
        events = [event for move in moves for event in (move, sent)]
        while True:
            await self.send("PATCH-DOC", {"events": events})
            await asyncio.sleep(0.1)

    def close(self) -> None:
        """The visitor goes."""
        for task in self.tasks:
            task.cancel()
        self.socket.close()


async def opened(url: str, query: str) -> Page:
    """A page that stands."""
    start = time.perf_counter()
    html = (await AsyncHTTPClient().fetch(url + query, request_timeout=60)).body.decode()
    token = re.search(r'"token":"([^"]+)"', html)
    if token is None:
        raise RuntimeError("The server did not send a page.")
    page = Page(
        await websocket_connect(
            f"ws://{urlsplit(url).netloc}/app/ws", subprotocols=["bokeh", token[1]],
            max_message_size=2**28,
        )
    )  # fmt: skip
    await page.message()  # the server's greeting
    await page.send("PULL-DOC-REQ", {})
    kind, content = await page.message()
    while kind != "PULL-DOC-REPLY":
        kind, content = await page.message()
    page.opened = time.perf_counter() - start
    page.bridge, page.slider, page.player = models_of(json.loads(content))
    page.tasks.append(asyncio.create_task(page.listen()))
    await page.event("document_ready")
    await page.tell({"ready": True})
    return page


def models_of(document: dict) -> tuple[str, str, str]:
    """The models that events of the bridge come from, the first slider's values, the player's."""
    found: dict[str, str] = {}

    def look(value: object) -> None:
        parts = value.values() if isinstance(value, dict) else value
        if isinstance(value, dict) and isinstance(value.get("attributes"), dict):
            data = value["attributes"].get("data")
            name = str(data.get("name", "")) if isinstance(data, dict) else ""
            for kind in ("Bridge", "PlayerBar"):
                if name.startswith(kind):
                    found.setdefault(kind, value["id"])
            if str(value.get("name", "")).startswith("LiveSlider"):
                found.setdefault("slider", value["id"])
        for part in parts if isinstance(value, (dict, list)) else ():
            look(part)

    look(document)
    return found["Bridge"], found["slider"], found["PlayerBar"]


async def measured(url: str) -> dict[str, float]:
    """The server's own measurements; those with labels as `name{labels}`."""
    text = (await AsyncHTTPClient().fetch(url.replace("/app", "/metrics"))).body.decode()
    return {
        sample.name + (str(sample.labels) if sample.labels else ""): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def most(before: dict[str, float], after: dict[str, float], name: str, share: float) -> float:
    """Upper bound of the bucket of a histogram that holds a share of what was added."""
    bounds = {
        float(re.findall(r"'le': '([^']+)'", key)[0]): value - before.get(key, 0.0)
        for key, value in after.items() if key.startswith(f"{name}_bucket")
    }  # fmt: skip
    total = max(bounds.values(), default=0.0)
    return next((b for b in sorted(bounds) if total and bounds[b] >= share * total), math.nan)


class Stretch(NamedTuple):
    """What was counted in a stretch of time."""

    rates: list[float]
    turning: int
    waits: list[float]
    before: dict[str, float]
    after: dict[str, float]
    seconds: float
    stolen: float

    def tell(self) -> None:
        """Print rates, waits, lateness, processor time and memory beside their targets."""
        middle = statistics.median(self.rates)
        print(f"  frames a second: least {min(self.rates):.1f} (9), median {middle:.1f}; "
              f"{self.turning} pages have flipbooks")  # fmt: skip
        if len(self.waits) > 1:
            middle, late = statistics.median(self.waits), statistics.quantiles(self.waits, n=20)[-1]
            print(f"  {len(self.waits)} pictures after a move: median {middle:.2f} s, "
                  f"95 % below {late:.2f} s, last {max(self.waits):.2f} s (1)")  # fmt: skip
        name = "hoam_loop_lateness_seconds"
        half, late = (most(self.before, self.after, name, share) for share in (0.5, 0.95))
        print(f"  lateness of the event loop: median below {half:g} s, 95 % below {late:g} s")
        used = (self.after[PROCESSOR] - self.before[PROCESSOR]) / self.seconds
        print(f"  processor: {used:.2f} cores, {self.stolen / self.seconds:.2f} stolen by other "
              f"machines; memory {self.after[MEMORY] / 1e9:.2f} GB", flush=True)  # fmt: skip


async def watch(url: str, pages: list[Page], seconds: float) -> Stretch:
    """Count for some seconds."""
    counted, before = [page.frames for page in pages], await measured(url)
    start, lost = time.perf_counter(), stolen()
    for page in pages:
        page.waits.clear()
    await asyncio.sleep(seconds)
    took, lost = time.perf_counter() - start, stolen() - lost
    rates = [(page.frames - old) / took for page, old in zip(pages, counted, strict=True)]
    waits = [one for page in pages for one in page.waits]
    turning = sum(page.turning is not None for page in pages)
    return Stretch(rates, turning, waits, before, await measured(url), took, lost)


async def waits_beside(url: str, hurried: Page, seconds: float) -> list[float]:
    """How long small requests of others take while a page sends as much as it may."""
    task, waits = asyncio.create_task(hurried.hurry()), []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        asked = time.perf_counter()
        await AsyncHTTPClient().fetch(url.replace("/app", "/liveness"), request_timeout=300)
        waits.append(time.perf_counter() - asked)
        await asyncio.sleep(0.05)
    task.cancel()
    return waits


async def play(url: str, options: argparse.Namespace) -> float:
    """One class: it comes, plays, drags, and goes; bytes that the server holds afterwards."""
    pages = []
    for i in range(options.pages):
        page = await opened(url, f"?system=two-stream&seed={i % 3}")
        await page.tell({"action": "toggle"})
        pages.append(page)
    dragging = pages[: options.dragging]
    for i, page in enumerate(dragging):
        page.tasks.append(asyncio.create_task(page.drag(0.1 * i)))
    await asyncio.sleep(5)
    left = options.seconds
    while left > 0:
        (await watch(url, pages, min(left, options.every))).tell()
        left -= options.every
    late = await opened(url, "?system=two-stream&seed=1")
    print(f"  opening one more page: {late.opened:.2f} s (3); the first {pages[0].opened:.2f} s")
    waits = await waits_beside(url, late, min(options.seconds, 15))
    middle = statistics.median(waits)
    print(f"  beside a page that sends {MOST_EVENTS} events at a time: median {middle:.3f} s, "
          f"last {max(waits):.2f} s (0.5)", flush=True)  # fmt: skip
    for page in [*pages, late]:
        page.close()
    # The server forgets a page that has left after a while.
    await asyncio.sleep(options.rest)
    after = await measured(url)
    print(f"  {options.rest} s later: {after['hoam_sessions']:.0f} pages, "
          f"{after[MEMORY] / 1e9:.2f} GB", flush=True)  # fmt: skip
    return after[MEMORY]


async def main() -> None:
    """Measure a server of its own."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    numbers = {"pages": 30, "dragging": 5, "seconds": 30, "every": 60, "rounds": 1, "rest": 60}
    for name, default in numbers.items():
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--warm", choices=["first", "all"], default="first")
    options = parser.parse_args()
    print(f"machine: {machine()}; targets in brackets")
    with served(options.warm) as url:
        if options.warm == "all":
            wait_until_warm(url)
        await asyncio.sleep(10)
        held = [(await measured(url))[MEMORY]]
        print(f"before: {held[0] / 1e9:.2f} GB", flush=True)
        for number in range(1, options.rounds + 1):
            print(f"round {number}: {options.pages} pages play, {options.dragging} of them drag")
            held.append(await play(url, options))
    if options.rounds > 1:
        growth = held[-1] / held[1] - 1
        print(f"memory after the last round against the first: {100 * growth:+.0f} % (10)")


if __name__ == "__main__":
    asyncio.run(main())
