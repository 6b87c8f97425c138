"""How long a slider of the live page takes: from the key press to the repainted picture.

A headless Chromium opens the served page and presses an arrow key on the physics slider. Everything
is timed by the page's own clock: the key event, and the second animation frame after the source
of the learned model's picture has changed, by which the picture is painted. Two medians are
printed, each beside its target:

1. a parameter the page has not been asked before, the model's own time subtracted;
2. the same presses with everything included.

    python -m benchmarks.slider_latency [--presses 40] [--particles 4096]
"""

import argparse
import os
import platform
import statistics
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from tests.ui.served import FIRST_PICTURE, NO_CHROMIUM, launch, served

TARGET_REPAINT, TARGET_ALL = 60.0, 500.0

WATCH = """() => {
  const source = Bokeh.documents[0].get_model_by_name("learned-source")
  window.repaints = []
  let version = source.data.version[0]
  window.pressed = 0
  window.addEventListener("keydown", () => { window.pressed = performance.now() }, true)
  source.properties.data.change.connect(() => {
    // A redrawn old answer does not count.
    if (!(source.data.version[0] > version)) { return }
    version = source.data.version[0]
    const started = window.pressed, model_ms = source.data.model_ms[0]
    // Bokeh paints in the first animation frame or in the one after it.
    requestAnimationFrame(() => requestAnimationFrame(() => {
      window.repaints.push({all: performance.now() - started, model_ms})
    }))
  })
}"""


def machine() -> str:
    """Processor, cores and load, in words."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    name = next((line.split(":")[1].strip() for line in lines if "model name" in line), "")
    load = f"{os.getloadavg()[0]:.1f}"
    return f"{name or platform.processor()}, {os.cpu_count()} cores, load {load}"


def press(page: Page, presses: int) -> list[dict[str, float]]:
    """Repaints of single presses, each after the page has come to rest."""
    page.evaluate(WATCH)
    page.get_by_role("slider").first.focus()
    for done in range(presses):
        # There and back would meet remembered answers; one way never does.
        page.keyboard.press("ArrowRight")
        page.wait_for_function(f"window.repaints.length > {done}", timeout=20_000)
        page.wait_for_timeout(300)
    return page.evaluate("window.repaints")[:presses]


def measure(presses: int, particles: int) -> list[dict[str, float]]:
    """Open the page at the low end of the trained range and press."""
    with served() as url, sync_playwright() as playwright:
        browser = launch(playwright)
        if browser is None:
            raise SystemExit(NO_CHROMIUM)
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.goto(f"{url}?system=two-stream&mu=1.303&seed=11&particles={particles}&t=20")
        page.wait_for_function(FIRST_PICTURE, timeout=120_000)
        # The full model would share the cores.
        page.locator("[data-truth=done]").wait_for(state="attached", timeout=120_000)
        found = press(page, presses)
        browser.close()
    return found


def main() -> None:
    """Print both medians."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--presses", type=int, default=40)
    parser.add_argument("--particles", type=int, default=4_096)
    options = parser.parse_args()
    found = measure(options.presses, options.particles)
    without = statistics.median(one["all"] - one["model_ms"] for one in found)
    everything = statistics.median(one["all"] for one in found)
    print(f"machine: {machine()}")
    print(f"{options.presses} presses, {options.particles:,} particles x 100 steps of galerkin")
    print(f"key to picture, model time excluded: {without:6.1f} ms (target {TARGET_REPAINT:g} ms)")
    print(f"key to picture, everything included: {everything:6.1f} ms (target {TARGET_ALL:g} ms)")


if __name__ == "__main__":
    main()
