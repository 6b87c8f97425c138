"""Faults that the page survives: a connection that is cut, a server that dies, two tabs, links."""

import time
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, BrowserContext

from dashboard.parts import spare
from tests.ui.conftest import DESKTOP, Live
from tests.ui.served import FIRST_PICTURE, STANDS, free_port, running

STATE = {"system": "two-stream", "mu": "1.3", "seed": "4", "t": "20"}
LINK = "?view=explore&system=two-stream&mu=1.3&seed=4&t=20"


class Line:
    """What joins a page to its server, which can be cut and mended."""

    def __init__(self, page):
        self.whole, self.sockets, self.held = True, [], []
        page.route_web_socket("**/ws*", self._connect)
        page.route(f"**/{spare.NAME}", self._ask)

    def _connect(self, socket) -> None:
        if self.whole:
            self.sockets.append((socket, socket.connect_to_server()))
        else:
            socket.close(code=1012)

    def _ask(self, route) -> None:
        """Whether the server is there again: a page that hears of it is loaded anew at once."""
        if self.whole:
            route.continue_()
        else:
            self.held.append(route)

    def cut(self) -> None:
        """Close everything that is open."""
        self.whole = False
        while self.sockets:
            for end in self.sockets.pop():
                end.close(code=1012)

    def mend(self) -> None:
        """Let through what was asked meanwhile, and whatever comes."""
        self.whole = True
        while self.held:
            self.held.pop().continue_()


def opened(user: Browser | BrowserContext, address: str) -> Live:
    """A page of a browser, or one more of a user."""
    page = user.new_page()
    page.set_viewport_size(DESKTOP)
    return Live(page, address)


def anew(one: Live) -> None:
    """Mark the page, so that one which is loaded anew can be told from it."""
    one.page.evaluate("window.before = true")


def until_back(one: Live) -> None:
    """Wait until the page was loaded anew and shows something."""
    one.page.wait_for_function(f"() => window.before !== true && ({FIRST_PICTURE})()")


def test_a_page_that_was_cut_off_says_so_and_comes_back_with_its_state(browser, address):
    one = opened(browser, address)
    line = Line(one.page)
    one.open(LINK)
    one.slider.focus()
    one.slider.press("ArrowRight")
    one.until_query(mu="1.31")
    anew(one)
    line.cut()
    one.page.get_by_text("The connection to the server is lost").first.wait_for()
    line.mend()
    until_back(one)
    assert one.query().items() >= (STATE | {"mu": "1.31"}).items()
    one.slider.focus()
    one.slider.press("ArrowRight")
    one.until_query(mu="1.32")
    assert all("not connected" in error for error in one.errors)
    one.page.close()


@pytest.mark.slow
def test_a_server_that_is_killed_and_started_again_has_its_pages_back(browser):
    port = free_port()
    with running(port) as (url, server):
        one = opened(browser, url)
        one.open(LINK)
        anew(one)
        server.kill()
        server.wait()
        one.page.get_by_text("The connection to the server is lost").first.wait_for()
    time.sleep(3)
    assert one.query().items() >= STATE.items()
    with running(port):
        until_back(one)
        assert one.query().items() >= STATE.items()
        one.slider.focus()
        one.slider.press("ArrowRight")
        one.until_query(mu="1.31")
        assert all("ERR_CONNECTION" in error or "ebSocket" in error for error in one.errors)
        one.page.close()


@pytest.mark.slow
def test_two_tabs_of_one_user_do_not_disturb_each_other(browser, address):
    user = browser.new_context()
    first, second = opened(user, address), opened(user, address)
    first.open(LINK)
    second.open("?view=explore&system=oscillator&omega=5&seed=9")
    for one, name, value in ((first, "mu", "1.31"), (second, "omega", "5.05")):
        version = one.status("version")
        one.slider.focus()
        one.slider.press("ArrowRight")
        one.until_query(**{name: value})
        one.until(lambda one=one, version=version: one.status("version") != version, "an answer")
    assert first.query().items() >= {"system": "two-stream", "mu": "1.31", "seed": "4"}.items()
    assert second.query().items() >= {"system": "oscillator", "omega": "5.05", "seed": "9"}.items()
    second.page.close()
    first.slider.press("ArrowRight")
    first.until_query(mu="1.32")
    assert first.errors == second.errors == []
    user.close()


HOSTILE = quote('<img src=x onerror="window.hacked=1">')


@pytest.mark.parametrize("entry", ["system", "lesson", "follow", "mu"])
def test_a_link_cannot_bring_code_into_the_page(browser, address, entry):
    one = opened(browser, address)
    one.page.goto(f"{address}?view=lessons&%ff=%ff&{entry}={HOSTILE}")
    one.page.wait_for_function(STANDS)
    one.page.get_by_text("onerror").first.wait_for()
    assert one.page.evaluate("window.hacked") is None
    assert one.errors == []
    one.page.close()
