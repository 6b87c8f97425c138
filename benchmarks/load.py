"""A class on one server: pages that all play, some of which drag a slider.

Pages are opened as a browser opens them (the document over HTTP, then the websocket, then the whole
page as JSON) but drawn by nobody, so that two cores measure the server and not thirty browsers. All
play at 10 frames a second; the first ones move their slider ten times a second as well, to values
that were never asked before. Printed beside their targets: frames a second of the slowest page, the
time to open a page while the others play, the answers to the slider and the lateness of the event
loop by the server's own `/metrics`, and its memory before, with and after all pages.

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
from urllib.parse import urlsplit

from prometheus_client.parser import text_string_to_metric_families
from tornado.httpclient import AsyncHTTPClient
from tornado.websocket import WebSocketClientConnection, websocket_connect

from benchmarks.slider_latency import machine
from tests.ui.served import served

DRAG_RATE = 10.0


@dataclass
class Page:
    """One visitor: his connection, the models he speaks to, and the frames that reach him."""

    socket: WebSocketClientConnection
    opened: float
    bridge: str = ""
    slider: str = ""
    frames: int = 0
    count: int = 0
    tasks: list[asyncio.Task] = field(default_factory=list)

    async def send(self, kind: str, content: dict) -> None:
        """A message without buffers."""
        self.count += 1
        header = {"msgid": f"load-{self.count}", "msgtype": kind}
        for part in (header, {}, content):
            await self.socket.write_message(json.dumps(part))

    async def tell(self, message: dict) -> None:
        """What the page's script says to the bridge of the page."""
        data = {"type": "map", "entries": [*map(list, message.items())]}
        values = {"type": "map", "entries": [["model", {"id": self.bridge}], ["data", data]]}
        event = {"type": "event", "name": "data_event", "values": values}
        await self.send(
            "PATCH-DOC",
            {"events": [{"kind": "MessageSent", "msg_type": "bokeh_event", "msg_data": event}]},
        )

    async def move(self, value: float) -> None:
        """The slider is somewhere else."""
        model = {"id": self.slider}
        change = {"kind": "ModelChanged", "model": model, "attr": "value", "new": value}
        await self.send("PATCH-DOC", {"events": [change]})

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
        """Count frames until the page is closed."""
        while True:
            kind, content = await self.message()
            self.frames += kind == "PATCH-DOC" and '"attr":"frame"' in content


async def opened(url: str, query: str) -> Page:
    """A page that stands and plays."""
    start = time.perf_counter()
    html = (await AsyncHTTPClient().fetch(url + query, request_timeout=60)).body.decode()
    token = re.search(r'"token":"([^"]+)"', html)
    if token is None:
        raise RuntimeError("The server did not send a page.")
    socket = await websocket_connect(
        f"ws://{urlsplit(url).netloc}/app/ws", subprotocols=["bokeh", token[1]],
        max_message_size=2**28,
    )  # fmt: skip
    page = Page(socket, 0.0)
    await page.message()  # the server's greeting
    await page.send("PULL-DOC-REQ", {})
    kind, content = await page.message()
    while kind != "PULL-DOC-REPLY":
        kind, content = await page.message()
    page.opened = time.perf_counter() - start
    page.bridge, page.slider = models_of(json.loads(content))
    page.tasks.append(asyncio.create_task(page.listen()))
    await page.tell({"ready": True})
    return page


def models_of(document: dict) -> tuple[str, str]:
    """Names of the model that the bridge's events come from, and of the physics slider's values."""
    found: dict[str, str] = {}

    def look(value: object) -> None:
        parts = value.values() if isinstance(value, dict) else value
        if isinstance(value, dict) and isinstance(value.get("attributes"), dict):
            data = value["attributes"].get("data")
            if isinstance(data, dict) and str(data.get("name", "")).startswith("Bridge"):
                found.setdefault("bridge", value["id"])
            if str(value.get("name", "")).startswith("LiveSlider"):
                found.setdefault("slider", value["id"])
        for part in parts if isinstance(value, (dict, list)) else ():
            look(part)

    look(document)
    return found["bridge"], found["slider"]


async def drag(page: Page, first: float) -> None:
    """Move the slider to values that no other page asks for, back and forth."""
    step = 0
    while True:
        step += 1
        await page.move(1.2 + (first + 0.0137 * step) % 0.7)
        await asyncio.sleep(1 / DRAG_RATE)


async def measured(url: str) -> dict[str, float]:
    """The server's own measurements: values, and histograms as counts by upper bound."""
    text = (await AsyncHTTPClient().fetch(url.replace("/app", "/metrics"))).body.decode()
    return {
        sample.name + str(sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def quantile(before: dict[str, float], after: dict[str, float], name: str, share: float) -> float:
    """Upper bound of the bucket of a histogram that holds a share of what was added."""
    bounds = {}
    for key, value in after.items():
        if key.startswith(f"{name}_bucket"):
            bound = float(re.findall(r"'le', '([^']+)'", key)[0])
            bounds[bound] = value - before.get(key, 0.0)
    total = max(bounds.values(), default=0.0)
    return next((b for b in sorted(bounds) if total and bounds[b] >= share * total), math.nan)


async def play(url: str, options: argparse.Namespace, number: int) -> None:
    """One class: it comes, plays, drags, and goes."""
    memory = "process_resident_memory_bytes[]"
    before = await measured(url)
    pages = []
    for i in range(options.pages):
        page = await opened(url, f"?system=two-stream&seed={i % 3}")
        await page.tell({"action": "toggle"})
        pages.append(page)
    await asyncio.sleep(5)
    drags = [asyncio.create_task(drag(p, 0.1 * i)) for i, p in enumerate(pages[: options.dragging])]
    await asyncio.sleep(2)
    start, counted = time.perf_counter(), [page.frames for page in pages]
    quiet = await measured(url)
    await asyncio.sleep(options.seconds)
    loud, seconds = await measured(url), time.perf_counter() - start
    rates = [(page.frames - old) / seconds for page, old in zip(pages, counted, strict=True)]
    late = await opened(url, "?system=two-stream&seed=1")
    for task in [*drags, *(task for page in [*pages, late] for task in page.tasks)]:
        task.cancel()
    for page in [*pages, late]:
        page.socket.close()
    still = rates[options.dragging :]
    print(f"\nround {number}: {options.pages} pages play, {options.dragging} of them drag")
    print(f"  frames a second: least {min(still):.1f}, median {statistics.median(still):.1f} (9)")
    print(f"  the same of pages that drag: least {min(rates[: options.dragging], default=0):.1f}")
    for name, what, target in (
        ("hoam_answer_seconds", "answers to the slider", 1.0),
        ("hoam_loop_lateness_seconds", "lateness of the event loop", 0.1),
    ):
        told = [quantile(quiet, loud, name, share) for share in (0.5, 0.95)]
        print(f"  {what}: median below {told[0]:g} s, 95 % below {told[1]:g} s ({target:g})")
    first = f"the first {pages[0].opened:.2f} s"
    print(f"  opening a page meanwhile: {late.opened:.2f} s (3); {first}")
    processor = "process_cpu_seconds_total[]"
    print(f"  processor: {(loud[processor] - quiet[processor]) / seconds:.2f} cores")
    print(
        f"  memory: {before[memory] / 1e9:.2f} GB before, {loud[memory] / 1e9:.2f} GB with all",
        end="",
    )
    # The server forgets a page that has left after a while.
    await asyncio.sleep(options.rest)
    after = await measured(url)
    held = [f"{one[memory] / 1e9:.2f} GB" for one in (before, loud, after)]
    print(f"  memory: {held[0]} before, {held[1]} with all pages, {held[2]} after, when", end=" ")
    print(f"{after['hoam_sessions[]']:.0f} pages are left")


async def main() -> None:
    """Measure a server of its own."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name, default in (
        ("pages", 30),
        ("dragging", 5),
        ("seconds", 30),
        ("rounds", 1),
        ("rest", 60),
    ):
        parser.add_argument(f"--{name}", type=int, default=default)
    options = parser.parse_args()
    print(f"machine: {machine()}; targets in brackets")
    with served() as url:
        await asyncio.sleep(options.rest)  # the first models are compiled meanwhile
        for number in range(1, options.rounds + 1):
            await play(url, options, number)


if __name__ == "__main__":
    asyncio.run(main())
