"""The real page, served for the session and driven by a Chromium that knows no host but this one.

Without a Chromium these tests are skipped, except when CI=true, where that is a failure.
"""

import os
import time
from urllib.parse import parse_qsl, urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, sync_playwright

from tests.ui.served import FIRST_PICTURE, NO_CHROMIUM, STANDS, launch, served

DESKTOP = {"width": 1440, "height": 900}
PATIENCE = 100_000


@pytest.fixture(scope="package")
def browser():
    with sync_playwright() as playwright:
        started = launch(playwright)
        if started is None:
            if os.environ.get("CI") == "true":
                pytest.fail(NO_CHROMIUM)
            pytest.skip(NO_CHROMIUM)
        yield started
        started.close()


@pytest.fixture(scope="package")
def visitor(browser):
    """One user of the browser, who need not load the scripts anew for each test."""
    context = browser.new_context(accept_downloads=True)
    yield context
    context.close()


@pytest.fixture(scope="package")
def address(browser):
    """Where the page is served; the server ends with these tests."""
    # What the tests ask for is compiled when they ask: everything else would take their time.
    with served(warm="first") as url:
        yield url


class Live:
    """A page of the dashboard, with what tests ask of it."""

    def __init__(self, page: Page, address: str):
        self.page, self.address, self.outside, self.errors = page, address, [], []
        page.set_default_timeout(PATIENCE)
        page.on("request", self._see)
        page.on("console", self._note)
        page.on("pageerror", lambda error: self.errors.append(str(error)))

    def _see(self, request) -> None:
        place = urlsplit(request.url)
        # Panel's route of components is absent on purpose (dashboard/operations/server.py).
        if place.hostname not in ("localhost", None) or place.path.startswith("/components/"):
            self.outside.append(request.url)

    def _note(self, message) -> None:
        if message.type == "error":
            self.errors.append(message.text)

    def open(self, query: str = "") -> "Live":
        """Open the page and wait until it stands, in Explore until there is a picture."""
        self.page.goto(self.address + query)
        if dict(parse_qsl(query.lstrip("?"))).get("view", "explore") == "explore":
            self.page.wait_for_function(FIRST_PICTURE)
        else:
            self.page.locator("nav [aria-current=page]").wait_for()
            self.page.wait_for_function(STANDS)
        return self

    def serious(self) -> list:
        """What axe still finds on the page at the third look, but for minor things.

        A part that fades in or out is hidden from readers for a moment: looked at again, it is not.
        """
        kept = []
        for _ in range(3):
            kept = [
                (one["id"], [node["target"] for node in one["nodes"]][:3])
                for one in Axe().run(self.page).response["violations"]
                if one["impact"] in ("serious", "critical")
            ]
            if not kept:
                break
            self.page.wait_for_timeout(700)
        return kept

    def darken(self) -> None:
        """Change to the other theme; colours fade into it."""
        self.page.get_by_label("Toggle theme").click()
        self.page.locator(".mui-dark").first.wait_for()

    @property
    def overhang(self) -> float:
        """How far the widest figure or the page itself reaches beyond the screen, in pixels."""
        return self.page.evaluate(
            "Math.max(document.documentElement.scrollWidth, ...Bokeh.index.query((v) => "
            "v.model.type === 'Figure' && v.el.isConnected).map((v) => "
            "v.el.getBoundingClientRect().right)) - window.innerWidth"
        )

    @property
    def legends_outside(self) -> list[str]:
        """Figures whose legends are not within them, of those on show with any words in it."""
        return self.page.evaluate(
            """() => {
              const within = (a, b) => a.width > 0 && a.left >= b.left - 1 &&
                a.right <= b.right + 1 && a.top >= b.top - 1 && a.bottom <= b.bottom + 1
              const seen = Bokeh.index.query((v) => v.model.type === "Figure" && v.is_displayed)
              return [...seen].filter((v) => v.model.center.concat(v.model.below).some((part) => {
                if (part.type !== "Legend" || !part.items.some((item) => item.visible)) {
                  return false
                }
                const legend = v.renderer_views.get(part).el.getBoundingClientRect()
                return !within(legend, v.el.getBoundingClientRect())
              })).map((v) => v.model.name)
            }"""
        )

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
def live(visitor, address):
    """A function that opens the page; afterwards nothing may have gone wrong in it."""
    opened = []

    def start(query: str = "", size: dict[str, int] = DESKTOP) -> Live:
        page = visitor.new_page()
        page.set_viewport_size(size)
        opened.append(Live(page, address))
        return opened[-1].open(query)

    yield start
    for one in opened:
        # What a page keeps for the next visit belongs to its own test.
        one.page.evaluate("localStorage.clear()")
        one.page.close()
    for one in opened:
        assert one.errors == []
        assert one.outside == []
