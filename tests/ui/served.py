"""The page as tests, benchmarks and pictures drive it: a server of its own and a Chromium.

Chromium is the one that the variable CHROMIUM names, else `chromium` on PATH, else that of
Playwright.
"""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Browser, Playwright

ROOT = Path(__file__).parents[2]
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
# Without a request in Playwright's hands, which would load every script anew for each page.
FLAGS += ["--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost"]
FIRST_PICTURE = (
    "() => window.Bokeh?.documents[0]?.is_idle && "
    "['learned', 'full', 'cells'].some((name) => Bokeh.documents[0]"
    ".get_model_by_name(`${name}-source`)?.data.image.length > 0)"
)
STANDS = "() => window.Bokeh?.documents[0]?.is_idle"
# For functions of the page: every element that matches, in shadow roots, too.
ALL = """const all = (selector, root = document) => [...root.querySelectorAll("*")].flatMap(
    (one) => [...one.matches(selector) ? [one] : [],
              ...one.shadowRoot ? all(selector, one.shadowRoot) : []])"""
NO_CHROMIUM = (
    "No Chromium for the browser tests: install one (`apt-get install chromium`, or "
    "`playwright install chromium`), or name it in the variable CHROMIUM."
)


def launch(playwright: Playwright) -> Browser | None:
    """A headless Chromium, or None where there is none."""
    named = os.environ.get("CHROMIUM") or shutil.which("chromium")
    own = playwright.chromium.executable_path
    path = named or (own if Path(own).exists() else None)
    return playwright.chromium.launch(executable_path=path, args=FLAGS) if path else None


@contextlib.contextmanager
def served(warm: str = "all") -> Iterator[str]:
    """Address of the page on a free port; RuntimeError with the log if it does not come up.

    With `warm` "first" only the first system is compiled before somebody asks for another.
    """
    with running(free_port(), warm) as (url, _):
        yield url


def free_port() -> int:
    """A port that nobody listens to."""
    with socket.socket() as probe:
        probe.bind(("localhost", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def running(port: int, warm: str = "all") -> Iterator[tuple[str, subprocess.Popen]]:
    """Address and process of a server on a port; what is trained and kept there goes with it."""
    url = f"http://localhost:{port}/app"
    # The page runs programs as its visitors have them, not those that tests compile in a hurry.
    own = {name: value for name, value in os.environ.items() if name != "XLA_FLAGS"}
    command = [sys.executable, "-m", "panel", "serve", "dashboard/app.py", "--warm"]
    with tempfile.TemporaryFile("w+") as log, tempfile.TemporaryDirectory() as models:
        server = subprocess.Popen(
            [*command, "--port", str(port)],
            cwd=ROOT,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=own
            | {"HOAM_WARM": warm, "HOAM_MODELS": models, "HOAM_KEPT": str(Path(models, ".kept"))},
        )
        try:
            if not answers(url, server):
                log.seek(0)
                raise RuntimeError(f"The page was not served:\n{log.read()[-3_000:]}")
            yield url, server
        finally:
            server.terminate()
            try:
                server.wait(20)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()


def answers(url: str, server: subprocess.Popen, seconds: float = 180.0) -> bool:
    """Whether a process answers before it ends and the time is over."""
    end = time.monotonic() + seconds
    while server.poll() is None and time.monotonic() < end:
        with contextlib.suppress(OSError):
            urllib.request.urlopen(url, timeout=30).close()
            return True
        time.sleep(0.1)
    return False


def wait_until_warm(url: str, seconds: float = 900.0) -> None:
    """Wait until everything that may be asked for is compiled; RuntimeError after the time."""
    done = b'hoam_job_seconds_count{outcome="done",worker="warm-up"}'
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with urllib.request.urlopen(url.removesuffix("app") + "metrics", timeout=30) as answer:
            if done in answer.read():
                return
        time.sleep(1.0)
    raise RuntimeError(f"The server is not warm after {seconds:g} s.")
