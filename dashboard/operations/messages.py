"""What a browser may send in one message, and how it is handled without keeping others waiting.

A message of Bokeh's websocket protocol is a header, metadata, content and any number of buffers.
The content of a PATCH-DOC lists events: values of widgets, presses, pieces of an upload. Bokeh
handles all of them in one go, on the event loop that serves every visitor. Here a message has a
bounded size and number of events, older values of an attribute are replaced by the newest, and a
page that keeps the loop busy pauses for as long as it has worked, so that others get their turn.
Nothing else is accepted from a browser: a page never sends a document of its own, and its bytes
come in buffers, never compressed.
"""

import asyncio
import copy
import logging
import time
from collections.abc import Iterator, Sequence
from typing import Any, final

from bokeh.protocol.exceptions import ProtocolError
from bokeh.protocol.receiver import Receiver
from bokeh.server.session import ServerSession
from bokeh.server.tornado import BokehTornado
from bokeh.server.views import ws

# A page sends a handful of events at a time, and uploads a megabyte at a time (parts/upload.py).
MOST_EVENTS, MOST_BYTES = 256, 4 * 2**20
# This many events are handled at once; after that a page gives way if it has taken long.
FEW, LONG = 8, 0.05
BREATH = 0.005
# A page that was opened in a background tab may connect late.
TOKEN_SECONDS = 24 * 3_600

log = logging.getLogger(__name__)
Event = dict[str, Any]


@final
class Bounded(Receiver):
    """Assembles messages as Bokeh does, up to a number of bytes."""

    def __init__(self, protocol: Any):
        super().__init__(protocol)
        self._taken = 0

    async def consume(self, fragment: str | bytes) -> Any:
        """Add a part of a message. Raises ProtocolError, which ends the connection."""
        self._taken += len(fragment)
        if self._taken > MOST_BYTES:
            self._partial = self._message = None
            raise ProtocolError(f"A message may have {MOST_BYTES:,} bytes at most.")
        message = await super().consume(fragment)
        if message is not None:
            self._taken = 0
        return message


def events_of(content: Any) -> list[Event]:
    """The events of a PATCH-DOC. Raises ProtocolError for anything that no page sends."""
    events = content.get("events") if isinstance(content, dict) else None
    if not isinstance(events, list) or not all(isinstance(one, dict) for one in events):
        raise ProtocolError("A message must list its events.")
    events = newest(events)
    if len(events) > MOST_EVENTS:
        raise ProtocolError(f"A message may have {MOST_EVENTS} events at most.")
    packed = (one for one in inside(events) if one.get("type") == "bytes")
    if any(isinstance(one.get("data"), str) for one in packed):
        raise ProtocolError("Bytes must come in buffers.")
    return events


def newest(events: Sequence[Event]) -> list[Event]:
    """The events in order, without values that are replaced before anything else happens."""
    latest: list[Event | None] = []
    places: dict[tuple[str, str], int] = {}
    for event in events:
        target = _target(event)
        if target is None:
            places.clear()  # a button press must find the values that were set before it
        elif target in places:
            latest[places[target]] = None
        if target is not None:
            places[target] = len(latest)
        latest.append(event)
    return [event for event in latest if event is not None]


def _target(event: Event) -> tuple[str, str] | None:
    """Model and attribute whose value an event sets, None for any other event."""
    model, attribute = event.get("model"), event.get("attr")
    name = model.get("id") if isinstance(model, dict) else None
    if event.get("kind") != "ModelChanged" or not isinstance(name, str):
        return None
    return (name, attribute) if isinstance(attribute, str) else None


def inside(value: Any) -> Iterator[dict[str, Any]]:
    """Every dictionary in a value, at any depth."""
    left = [value]
    while left:
        now = left.pop()
        if isinstance(now, dict):
            yield now
            left += now.values()
        elif isinstance(now, list):
            left += now


async def patch(message: Any, connection: Any) -> Any:
    """Handle the events of a message one by one, taking turns with other visitors."""
    try:
        events = events_of(message.content)
    except ProtocolError as error:
        return refused(message, connection, error)
    reply, spent = None, 0.0
    for i, event in enumerate(events):
        begun = time.perf_counter()
        one = copy.copy(message)
        one.content = {**message.content, "events": [event]}
        reply = await connection.session._handle_patch(one, connection)
        if i >= FEW:
            # Work that the event has started also counts for this page.
            await asyncio.sleep(BREATH)
        spent += time.perf_counter() - begun
        if spent > LONG and i < len(events) - 1:
            await asyncio.sleep(spent)
            spent = 0.0
    return reply or connection.ok(message)


async def push(message: Any, connection: Any) -> Any:
    """Refuse messages that would replace the document of a page."""
    return refused(message, connection, ProtocolError("A page cannot be replaced from outside."))


def refused(message: Any, connection: Any, error: ProtocolError) -> Any:
    """The answer to a message that is not handled; the log says why, but nothing of its content."""
    log.warning("message refused", extra={"kind": message.msgtype, "why": str(error)})
    return connection.error(message, str(error))


def guard(server: BokehTornado) -> None:
    """Bound what browsers may send to a server; this replaces classes of the whole process."""
    server.settings["websocket_max_message_size"] = MOST_BYTES
    server._session_token_expiration = max(server.session_token_expiration, TOKEN_SECONDS)
    # Bokeh has no setting for any of these.
    ws.Receiver = Bounded  # pyright: ignore[reportPrivateImportUsage]  replaced on purpose
    ServerSession.patch = staticmethod(patch)  # pyright: ignore[reportAttributeAccessIssue]  too
    ServerSession.push = staticmethod(push)  # pyright: ignore[reportAttributeAccessIssue]  too
