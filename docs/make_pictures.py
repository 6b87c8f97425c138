"""Take the README's pictures from the running application: `python -m docs.make_pictures`."""

from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from tests.ui.served import STANDS, launch, served

IMAGES = Path(__file__).parent / "images"
QUERY = "?system=two-stream&model=two-stream-mean-field&mu=1.25&t=20&particles=65536"
ISING = "?system=ising&model=ising-partial&T=2.4&h=0.1&t=60"
TRUTH = "[data-truth=done]"
DESKTOP, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
# Size of the window, link, theme, and what stands on the page when all has arrived.
PICTURES = {
    "dashboard": (DESKTOP, QUERY, "light", TRUTH),
    "dashboard-dark": (DESKTOP, QUERY, "dark", TRUTH),
    "ising": (DESKTOP, ISING, "light", TRUTH),
    "dashboard-phone": (PHONE, QUERY, "light", TRUTH),
    "compare": (DESKTOP, f"{QUERY}&view=compare", "light", "text=is closest"),
    "sweep": (DESKTOP, f"{QUERY}&view=sweep", "light", "text=/Point at the map/"),
    "lesson": (DESKTOP, "?view=lessons&lesson=landau-damping&step=2", "light", TRUTH),
}
PATIENCE = 240_000


def take(browser: Browser, address: str, name: str) -> None:
    """One picture, after the truth and its noise floor are there."""
    size, query, theme, ready = PICTURES[name]
    page = browser.new_page(viewport=size, color_scheme=theme)
    page.goto(address + query)
    page.wait_for_function(STANDS, timeout=PATIENCE)
    page.locator(ready).first.wait_for(state="attached", timeout=PATIENCE)
    if theme == "dark":
        page.get_by_role("button", name="theme").click()
    page.wait_for_timeout(4_000)
    page.screenshot(path=IMAGES / f"{name}.png")
    page.close()


def main() -> None:
    """All pictures, from one server."""
    IMAGES.mkdir(exist_ok=True)
    with served() as address, sync_playwright() as playwright:
        browser = launch(playwright)
        if browser is None:
            raise SystemExit("No Chromium; name one in the variable CHROMIUM.")
        for name in PICTURES:
            take(browser, address, name)
        browser.close()


if __name__ == "__main__":
    main()
