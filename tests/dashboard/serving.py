"""Servers of a small page, started by the command that `hoam serve` starts."""

import contextlib
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from hoam_core.cli import serve
from tests.ui.served import ROOT, answers, free_port

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
                # Nobody asks for other models, which would be compiled for all of its life.
                env=os.environ
                | {"PYTHONPATH": str(ROOT), "HOAM_PROCESS": name, "HOAM_WARM": "first"}
                | environment,
            )  # fmt: skip
            stack.callback(process.wait, 20)
            stack.callback(process.terminate)
            started.append(Server(port, process, log, name))
        for server in started:
            if not answers(f"{server.url}/liveness", server.process):
                raise RuntimeError(f"Not served:\n{server.log.read_text()[-3_000:]}")
        yield started
