"""Servers of a small page, started by the command that `hoam serve` starts."""

import contextlib
import os
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from hoam_core import serve

ROOT = Path(__file__).parents[2]
SMALL = Path(__file__).with_name("small.py")


@dataclass(frozen=True)
class Server:
    """A process that serves a page at `url`; what it says stands in the file `log`."""

    port: int
    process: subprocess.Popen
    log: Path
    name: str

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def answers(url: str, process: subprocess.Popen, seconds: float = 120.0) -> bool:
    """Whether a process answers before it ends and the time is over."""
    end = time.monotonic() + seconds
    while process.poll() is None and time.monotonic() < end:
        with contextlib.suppress(OSError):
            urllib.request.urlopen(url, timeout=10).close()
            return True
        time.sleep(0.1)
    return False


@contextlib.contextmanager
def serving(
    folder: Path, *names: str, page: Path = SMALL, origins: tuple[str, ...] = (), **environment: str
) -> Iterator[list[Server]]:
    """A process for each name, all ready; they end with the context."""
    started: list[Server] = []
    with contextlib.ExitStack() as stack:
        for name in names:
            port, log = free_port(), folder / f"{name}.log"
            command = serve.command(
                page, port, address="127.0.0.1", origins=origins, behind_proxy=bool(origins)
            )
            process = subprocess.Popen(
                command, cwd=ROOT, stdout=subprocess.DEVNULL,
                stderr=stack.enter_context(log.open("w")),
                env=os.environ | {"PYTHONPATH": str(ROOT), "HOAM_PROCESS": name} | environment,
            )  # fmt: skip
            stack.callback(process.wait, 20)
            stack.callback(process.terminate)
            started.append(Server(port, process, log, name))
        for server in started:
            if not answers(f"{server.url}/liveness", server.process):
                raise RuntimeError(f"Not served:\n{server.log.read_text()[-3_000:]}")
        yield started
