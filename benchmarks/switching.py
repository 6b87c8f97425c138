"""How long another view or another system takes to show its first picture, on a warm server.

When everything is compiled, a headless Chromium goes once through all, which leaves runs behind
that are remembered, and then a second time in a fresh page. Timed by the page's own clock, from the click to the second animation
frame after the view stands, or after the new system's picture has changed. Target: one second.

    python -m benchmarks.switching
"""

import statistics

from playwright.sync_api import Page, TimeoutError, sync_playwright

from benchmarks.slider_latency import machine
from dashboard.runs.catalogue import catalogue
from dashboard.views import VIEWS
from tests.ui.served import FIRST_PICTURE, NO_CHROMIUM, launch, served, wait_until_warm

TARGET = 1_000.0
PATIENCE = 120_000

TIMED = """() => {
  window.clicked = 0
  window.addEventListener("pointerup", () => { window.clicked = performance.now() }, true)
  window.images = () => ["learned", "full", "cells"].map((name) =>
    Bokeh.documents[0].get_model_by_name(`${name}-source`)?.data.image?.[0])
  window.wait = (ready) => {
    window.took = null
    const look = () => {
      if (ready()) {
        requestAnimationFrame(() => { window.took = performance.now() - window.clicked })
      } else { requestAnimationFrame(look) }
    }
    requestAnimationFrame(look)
  }
  window.await_view = (title) => window.wait(() => {
    const found = []
    const search = (root) => root.querySelectorAll("*").forEach((one) => {
      if (one.matches("nav [aria-current]")) { found.push(one.textContent) }
      if (one.shadowRoot) { search(one.shadowRoot) }
    })
    search(document)
    return found.includes(title) && Bokeh.documents[0].is_idle
  })
  window.await_picture = () => {
    const before = window.images()
    window.wait(() => window.images().some((one, i) => one && one !== before[i]))
  }
}"""


def took(page: Page, name: str) -> float:
    """Milliseconds from the last click until what was waited for; told if it takes too long."""
    try:
        page.wait_for_function("window.took !== null", timeout=PATIENCE)
    except TimeoutError as error:
        raise SystemExit(f"Nothing was drawn for {name} in {PATIENCE / 1_000:g} s.") from error
    return page.evaluate("window.took")


def tour(page: Page) -> dict[str, float]:
    """Every view, then every system in Explore; milliseconds by name."""
    found = {}
    for entry in [*VIEWS.values(), VIEWS["explore"]]:
        page.evaluate("title => window.await_view(title)", entry.title)
        page.locator("nav button", has_text=entry.title).first.click()
        found[f"view {entry.title}"] = took(page, entry.title)
        page.wait_for_timeout(500)
    systems = list(catalogue().systems.values())
    for system in [*systems[1:], systems[0]]:
        page.get_by_label("System").first.click()
        page.evaluate("window.await_picture()")
        page.get_by_role("menuitem", name=system.title, exact=True).click()
        found[f"system {system.name}"] = took(page, system.name)
        page.wait_for_timeout(500)
    return found


def main() -> None:
    """Print each time of the second tour beside the target."""
    with served() as url, sync_playwright() as playwright:
        browser = launch(playwright)
        if browser is None:
            raise SystemExit(NO_CHROMIUM)
        wait_until_warm(url)
        for _ in range(2):  # the first tour warms
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            page.set_default_timeout(PATIENCE)
            page.goto(url)
            page.wait_for_function(FIRST_PICTURE, timeout=PATIENCE)
            page.evaluate(TIMED)
            found = tour(page)
            page.close()
        browser.close()
    print(machine())
    for name, milliseconds in found.items():
        print(f"{name:40} {milliseconds:7.0f} ms  {'' if milliseconds <= TARGET else 'over'}")
    print(f"median {statistics.median(found.values()):.0f} ms; target {TARGET:g} ms each")


if __name__ == "__main__":
    main()
