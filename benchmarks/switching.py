"""How long another view or another system takes to show its first picture, on a warm server.

When everything is compiled, a headless Chromium goes once through all, which leaves runs behind
that are remembered, and then three times more in fresh pages, of which the medians are printed.
Timed by the page's own clock, from the click to the second animation frame after the view stands,
or after a picture of the new system has come, by which it is painted. Views are opened for the
first time in a page, and once more, each two seconds after the one before: what is below its
pictures has come by then. Target: one second.

    python -m benchmarks.switching
"""

import contextlib
import statistics

from playwright.sync_api import Page, sync_playwright
from playwright.sync_api import TimeoutError as TooLong

from benchmarks.timing import machine
from dashboard.page.views import VIEWS
from dashboard.runs.catalogue import catalogue
from tests.ui.served import ALL, FIRST_PICTURE, NO_CHROMIUM, launch, served, wait_until_warm

TARGET = 1_000.0
PATIENCE = 120_000
LOOK = 2_000  # milliseconds that a person looks at what was opened
TOURS = 3

TIMED = f"""() => {{
  window.clicked = 0
  window.addEventListener("pointerup", () => {{ window.clicked = performance.now() }}, true)
  {ALL}
  window.wait = (ready) => {{
    window.took = null
    const look = () => {{
      if (ready()) {{
        requestAnimationFrame(() => requestAnimationFrame(() => {{
          window.took = performance.now() - window.clicked
        }}))
      }} else {{ requestAnimationFrame(look) }}
    }}
    requestAnimationFrame(look)
  }}
  // Found once: to look through all shadow roots at every frame would slow down what is timed.
  const nav = all("nav").find((one) => one.querySelector("[aria-current]"))
  window.await_view = (title) => window.wait(() => Bokeh.documents[0].is_idle &&
    nav.querySelector("[aria-current]")?.textContent === title)
  // Pictures have replaced the arrays that stood there; Bokeh paints in the next frame but one.
  window.await_picture = () => {{
    const pictures = () => ["learned", "full", "cells", "fields"].map((name) =>
      Bokeh.documents[0].get_model_by_name(`${{name}}-source`)?.data)
    const before = pictures()
    window.wait(() => pictures().some((data, i) => data && data !== before[i] &&
      (data.image ?? data.x).length > 0))
  }}
}}"""


def took(page: Page, name: str) -> float:
    """Milliseconds from the last click until what was waited for; told if it takes too long."""
    try:
        page.wait_for_function("window.took !== null", timeout=PATIENCE)
    except TooLong as error:
        raise SystemExit(f"Nothing was drawn for {name} in {PATIENCE / 1_000:g} s.") from error
    return page.evaluate("window.took")


def rest(page: Page) -> None:
    """Wait for the full model, or stop it where it takes long: its pictures are not meant."""
    cancel = page.get_by_role("button", name="Cancel")
    done = page.locator("[data-truth=done], [data-truth=absent]")
    with contextlib.suppress(TooLong):
        done.first.wait_for(state="attached", timeout=15_000)
    if cancel.is_visible():
        cancel.click()
    page.wait_for_timeout(1_000)


def tour(page: Page) -> dict[str, float]:
    """Every view, then every system in Explore; milliseconds by name."""
    found = {}
    others = [entry for name, entry in VIEWS.items() if name != "explore"]
    for entry in [*others, VIEWS["explore"], *others]:
        name = f"view {entry.title}"
        page.evaluate("title => window.await_view(title)", entry.title)
        page.locator("nav button", has_text=entry.title).first.click()
        found[f"{name}, again" if name in found else name] = took(page, entry.title)
        page.wait_for_timeout(LOOK)
    page.locator("nav button", has_text=VIEWS["explore"].title).first.click()
    page.wait_for_timeout(3_000)
    systems = list(catalogue().systems.values())
    for system in [*systems[1:], systems[0]]:
        rest(page)
        page.get_by_label("System").first.click()
        page.evaluate("window.await_picture()")
        page.get_by_role("menuitem", name=system.title, exact=True).click()
        found[f"system {system.name}"] = took(page, system.name)
        page.wait_for_timeout(1_000)
    return found


def main() -> None:
    """Print the median time of each change beside the target."""
    with served() as url, sync_playwright() as playwright:
        browser = launch(playwright)
        if browser is None:
            raise SystemExit(NO_CHROMIUM)
        wait_until_warm(url)
        tours = []
        for _ in range(1 + TOURS):  # the first one warms
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            page.set_default_timeout(PATIENCE)
            page.goto(url)
            page.wait_for_function(FIRST_PICTURE, timeout=PATIENCE)
            page.wait_for_timeout(LOOK)
            page.evaluate(TIMED)
            tours.append(tour(page))
            page.close()
        browser.close()
    print(machine())
    found = {name: statistics.median(one[name] for one in tours[1:]) for name in tours[0]}
    for name, milliseconds in found.items():
        print(f"{name:40} {milliseconds:7.0f} ms  {'' if milliseconds <= TARGET else 'over'}")
    print(f"median {statistics.median(found.values()):.0f} ms; target {TARGET:g} ms each")


if __name__ == "__main__":
    main()
