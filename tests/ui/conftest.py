"""The real page, served for the session and driven by a Chromium with every outside host blocked.

Chromium is the one that the variable CHROMIUM names, else `chromium` on PATH, else Playwright's
own. Without one these tests are skipped, except when CI=true, where that is a failure.
"""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).parents[2]
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
DESKTOP = {"width": 1440, "height": 900}
PATIENCE = 40_000
HELP = (
    "No Chromium for the browser tests: install one (`apt-get install chromium`, or "
    "`playwright install chromium`), or name it in the variable CHROMIUM."
)


def chromium(playwright) -> str | None:
    """Path of the browser, or None."""
    named = os.environ.get("CHROMIUM") or shutil.which("chromium")
    own = playwright.chromium.executable_path
    return named or (own if Path(own).exists() else None)


@pytest.fixture(scope="session")
def browser():
    with sync_playwright() as playwright:
        path = chromium(playwright)
        if path is None:
            if os.environ.get("CI") == "true":
                pytest.fail(HELP)
            pytest.skip(HELP)
        started = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield started
        started.close()


@pytest.fixture(scope="session")
def address(browser, tmp_path_factory):
    """Where the page is served; the server ends with the session."""
    with socket.socket() as probe:
        probe.bind(("localhost", 0))
        port = probe.getsockname()[1]
    log = tmp_path_factory.mktemp("server") / "log.txt"
    command = [sys.executable, "-m", "panel", "serve", "dashboard/app.py", "--port", str(port)]
    with log.open("w") as out:
        server = subprocess.Popen([*command, "--warm"], cwd=ROOT, stdout=out, stderr=out)
    url = f"http://localhost:{port}/app"
    try:
        wait_for(url, server, log)
        yield url
    finally:
        server.terminate()
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def wait_for(url: str, server: subprocess.Popen, log: Path) -> None:
    """Wait until the page answers."""
    for _ in range(1_200):
        if server.poll() is not None:
            break
        try:
            urllib.request.urlopen(url, timeout=30).close()
            return
        except OSError:
            time.sleep(0.1)
    pytest.fail(f"The page was not served:\n{log.read_text()[-3_000:]}")


class Live:
    """A page of the dashboard, with what tests ask of it."""

    def __init__(self, browser: Browser, address: str, size: dict[str, int]):
        self.address, self.blocked, self.errors = address, [], []
        self.page: Page = browser.new_page(viewport=size, accept_downloads=True)
        self.page.set_default_timeout(PATIENCE)
        self.page.route("**/*", self._route)
        self.page.on("console", self._note)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))

    def _route(self, route) -> None:
        if urlsplit(route.request.url).hostname in ("localhost", None):
            route.continue_()
        else:
            self.blocked.append(route.request.url)
            route.abort()

    def _note(self, message) -> None:
        if message.type == "error":
            self.errors.append(message.text)

    def open(self, query: str = "") -> "Live":
        """Open the page and wait for its first picture and until it takes input."""
        self.page.goto(self.address + query)
        self.page.wait_for_function(
            "() => window.Bokeh?.documents[0]?.is_idle && "
            "['learned', 'full'].some((name) => Bokeh.documents[0]"
            ".get_model_by_name(`${name}-source`)?.data.image.length > 0)"
        )
        return self

    def data(self, source: str, column: str):
        """A column of a source that the page draws, as a list."""
        return self.page.evaluate(
            "([source, column]) => { const found = Bokeh.documents[0].get_model_by_name(source);"
            " return Array.from(found?.data[column] ?? [], (v) => v?.length ? Array.from(v) : v) }",
            [source, column],
        )

    def picture(self, name: str) -> list:
        """Colour levels of a picture; an empty list if it is empty."""
        return self.data(f"{name}-source", "image")

    def status(self, name: str) -> str:
        """A data attribute of the status line."""
        return self.page.locator("[data-version]").get_attribute(f"data-{name}")

    def query(self) -> dict[str, str]:
        """What the address bar says."""
        return dict(parse_qsl(urlsplit(self.page.url).query))

    def until(self, condition, what: str):
        """Wait for a condition on this page; a loaded machine may take its time."""
        end = time.monotonic() + PATIENCE / 1000
        while time.monotonic() < end:
            if condition():
                return
            self.page.wait_for_timeout(50)
        pytest.fail(f"Still not true after {PATIENCE / 1000:g} s: {what}")

    def until_query(self, **wanted: str) -> None:
        """Wait until the address says so."""
        self.until(lambda: wanted.items() <= self.query().items(), f"{wanted} in {self.page.url}")

    @property
    def slider(self):
        """The slider of the first physics parameter."""
        return self.page.locator(".MuiSlider-root input").first


@pytest.fixture
def live(browser, address):
    """A function that opens the page; afterwards nothing may have gone wrong in it."""
    opened = []

    def start(query: str = "", size: dict[str, int] = DESKTOP) -> Live:
        opened.append(Live(browser, address, size))
        return opened[-1].open(query)

    yield start
    for one in opened:
        one.page.close()
        assert one.errors == []
        assert one.blocked == []
