"""What holds for every view: it opens by its link, fits every screen, and readers can use it."""

import pytest
from playwright.sync_api import expect

from dashboard.page.views import VIEWS

PHONE = {"width": 390, "height": 844}
OTHERS = [name for name in VIEWS if name != "explore"]


@pytest.mark.slow
@pytest.mark.parametrize("name", OTHERS)
def test_a_view_opens_by_its_link_and_axe_finds_nothing_serious(live, name):
    page = live(f"?view={name}")
    assert page.page.locator("nav [aria-current=page]").inner_text() == VIEWS[name].title
    page.until(lambda: page.query().get("view") == name, "the address names the view")
    assert page.overhang <= 0
    page.until(lambda: page.legends_outside == [], "every legend stands in its figure")
    assert page.serious() == []
    page.darken()
    page.until(lambda: page.serious() == [], "nothing serious in the dark")


@pytest.mark.parametrize("name", OTHERS)
def test_a_view_fits_a_phone(live, name):
    page = live(f"?view={name}", PHONE)
    assert page.overhang <= 0
    page.until(lambda: page.legends_outside == [], "every legend stands in its figure")
    assert page.serious() == []


def test_a_button_of_the_bar_keeps_the_focus_when_it_opens_its_view(live):
    page = live("?view=train")
    button = page.page.locator("nav button", has_text=VIEWS["data"].title)
    button.press("Enter")
    page.until_query(view="data")
    expect(button).to_have_attribute("aria-current", "page")
    expect(button).to_be_focused()
    assert page.page.locator("nav [aria-current]").count() == 1


@pytest.mark.slow
def test_the_bar_leads_through_all_views_and_back(live):
    page = live("?mu=1.3&seed=4")
    for name in [*OTHERS, "explore"]:
        page.page.locator("nav button", has_text=VIEWS[name].title).first.click()
        page.until_query(view=name)
    page.until_query(mu="1.3", seed="4")
    page.until(lambda: len(page.picture("learned")) == 1, "Explore is as it was")
