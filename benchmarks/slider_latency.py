"""How long a slider of the live page takes: from the key press to the repainted picture.

A headless Chromium opens the served page and presses an arrow key on the first physics slider.
Everything is timed by the page's own clock: the key event, and the second animation frame after the
source of the learned model's picture has changed, by which the picture is painted. For each system
that is drawn as a picture three medians are printed, each beside its target:

1. the first picture at a value that was never asked before, which may be one of few particles, and
   the same without the model's own time;
2. the picture of all particles at that value;
3. the picture at a value that was asked before.

The view is Explore, or Compare with the full model and a learned one, whose picture is meant there.

    python -m benchmarks.slider_latency [--presses 20] [--systems two-stream landau ...]
        [--view compare]
"""

import argparse
import statistics
from typing import NamedTuple

from playwright.sync_api import Page, sync_playwright
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from benchmarks.timing import machine
from dashboard.runs.catalogue import catalogue
from hoam_core.systems import Lattice
from tests.ui.served import NO_CHROMIUM, launch, served, wait_until_warm

# Milliseconds: first picture, all particles, a value asked before; a first one without its model.
FAST, OTHER = (120.0, 200.0, 60.0), (400.0, 400.0, 60.0)
LESS_MODEL = 60.0
POLLING = 25  # milliseconds
PLANES = ("landau", "two-stream", "bump-on-tail", "two-stream-beams")

WATCH = """(name) => {
  const source = Bokeh.documents[0].get_model_by_name(name)
  window.repaints = []
  window.pressed = 0
  let version = source.data.version[0]
  window.addEventListener("keydown", () => { window.pressed = performance.now() }, true)
  source.properties.data.change.connect(() => {
    // A redrawn old answer does not count.
    if (!(source.data.version[0] > version)) { return }
    version = source.data.version[0]
    const started = window.pressed
    const model = source.data.model_ms[0], particles = source.data.particles[0]
    // Bokeh paints in the first animation frame or in the one after it.
    requestAnimationFrame(() => requestAnimationFrame(() => {
      window.repaints.push({started, took: performance.now() - started, model, particles})
    }))
  })
}"""
COMPLETE = """([pressed, particles]) => window.pressed > pressed &&
  window.repaints.some((one) => one.started > pressed && one.particles === particles)"""
# The picture of a learned model has come.
DRAWN = "(name) => window.Bokeh?.documents[0]?.get_model_by_name(name)?.data.image.length > 0"


class View(NamedTuple):
    """What is looked at: the source of a picture, in a view that a query opens."""

    source: str
    query: str


SHOWN = {
    "explore": View("learned-source", ""),
    "compare": View("compared-B-source", "&view=compare&with=truth,{model}"),
}


class Took(NamedTuple):
    """Milliseconds after a press: first picture, the model's part of it, that of all particles."""

    first: float
    model: float
    whole: float


def press(page: Page, key: str, particles: int) -> Took:
    """One press, after which the page comes to rest."""
    before = page.evaluate("window.pressed")
    page.keyboard.press(key)
    page.wait_for_function(COMPLETE, arg=[before, particles], polling=POLLING, timeout=120_000)
    found = [one for one in page.evaluate("window.repaints") if one["started"] > before]
    page.wait_for_timeout(150)
    return Took(found[0]["took"], found[0]["model"], found[-1]["took"])


def measure(
    page: Page, url: str, system: str, presses: int, view: View
) -> tuple[list[Took], list[Took]]:
    """Presses that go one way, which meet nothing that is remembered, and the same way back."""
    about, particles = catalogue().systems[system], catalogue().usual_particles(system)
    first = about.parameters[0]
    low = first.train[0] + 0.1 * (first.train[-1] - first.train[0])
    more = view.query.format(model=catalogue().models_of(system)[0])
    page.goto(f"{url}?system={system}&{first.name}={low:.4g}&seed=11{more}")
    page.wait_for_function(DRAWN, arg=view.source, timeout=300_000)
    # The full model would share the cores; where it takes long, it is stopped.
    done = page.locator("[data-truth=done]").or_(page.locator("h2", has_text="from the full model"))
    try:
        done.first.wait_for(state="attached", timeout=30_000)
    except PlaywrightTimeout:
        page.get_by_role("button", name="Cancel").click()
    page.wait_for_timeout(1_000)
    page.evaluate(WATCH, view.source)
    page.get_by_role("slider").first.focus()
    new = [press(page, "ArrowRight", particles) for _ in range(presses)]
    old = [press(page, "ArrowLeft", particles) for _ in range(min(5, presses - 1))]
    return new, old


def tell(system: str, new: list[Took], old: list[Took]) -> None:
    """Print the medians of one system beside their targets."""
    first, whole, again = FAST if system in PLANES else OTHER
    median = statistics.median
    print(
        f"{system:20} {median(one.first for one in new):7.0f} ({first:.0f}) "
        f"{median(one.first - one.model for one in new):7.0f} ({LESS_MODEL:.0f}) "
        f"{median(one.whole for one in new):7.0f} ({whole:.0f}) "
        f"{median(one.whole for one in old):7.0f} ({again:.0f})",
        flush=True,
    )


def main() -> None:
    """Print a line for each system."""
    shown = [
        name for name, system in catalogue().systems.items()
        if not isinstance(system, Lattice) and catalogue().models_of(name)
    ]  # fmt: skip
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--presses", type=int, default=20)
    parser.add_argument("--systems", nargs="+", choices=shown, default=shown)
    parser.add_argument("--view", choices=list(SHOWN), default="explore")
    options = parser.parse_args()
    print(f"machine: {machine()}; medians of {options.presses} presses in ms, targets in brackets")
    print(f"{'':20} {'first picture':>13} {'less model':>12} {'all':>13} {'asked before':>14}")
    with served() as url, sync_playwright() as playwright:
        browser = launch(playwright)
        if browser is None:
            raise SystemExit(NO_CHROMIUM)
        wait_until_warm(url)
        for system in options.systems:
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            view = SHOWN[options.view]
            tell(system, *measure(page, url, system, options.presses, view))
            page.close()
        browser.close()


if __name__ == "__main__":
    main()
