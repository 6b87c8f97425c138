"""Dialogs that give something away, the panel of trust, and HTTP on the page's own port."""

import json
import urllib.request

import pytest
from playwright.sync_api import expect


def test_the_page_serves_its_data_too(address):
    root = address.removesuffix("/app")
    with urllib.request.urlopen(f"{root}/api/systems", timeout=30) as answer:
        rows = json.load(answer)
    assert {"name": "two-stream", "parameters": {"mu": [0.4, 2.5]}}.items() <= rows[0].items()


def test_the_dialog_shares_what_is_seen(live):
    page = live("?system=landau&k=0.45")
    page.page.get_by_role("button", name="Share, and let others follow").click()
    box = page.page.get_by_label("Address of this page", exact=True)
    page.until(lambda: box.input_value() == page.page.url, "it is the address of the page")
    assert "k=0.45" in box.input_value()
    assert page.page.get_by_text("hoam serve --share").is_visible()
    assert page.serious() == []


def test_a_link_is_copied_also_where_a_page_may_not_write_the_clipboard(live):
    page = live("?system=landau&k=0.45")
    page.page.evaluate(
        """() => {
          Object.defineProperty(navigator, "clipboard", {value: undefined})
          document.addEventListener("copy", (event) => {
            window.copied = event.clipboardData.getData("text/plain")
          })
        }"""
    )
    button = page.page.get_by_role("button", name="Copy link")
    button.press("Enter")
    page.page.get_by_text("The link is copied.").wait_for()
    assert page.page.evaluate("window.copied") == page.page.url
    expect(button).to_be_focused()


@pytest.mark.slow
def test_what_is_shown_can_be_cited(live):
    page = live("?system=landau")
    page.page.get_by_role("button", name="How to cite").click()
    box = page.page.get_by_label("BibTeX entries", exact=True)
    page.until(lambda: "cheng1976integration" in box.input_value(), "the source is there")
    page.page.get_by_role("button", name="Copy: BibTeX entries").click()
    page.page.get_by_text("Copied.").wait_for()
    assert page.serious() == []


@pytest.mark.slow
def test_the_panel_of_trust_unfolds_and_stays_open(live):
    page = live("?model=two-stream-galerkin&mu=1.25")
    page.page.get_by_text("How much can I trust this?").click()
    facts = page.page.locator("dl")
    facts.get_by_text("0.05 from the nearest training value").wait_for()
    page.slider.press("ArrowRight")
    facts.get_by_text("0.04 from the nearest training value 1.3, spacing 0.1").wait_for()
    assert facts.get_by_text("SHA-256").is_visible()
