"""Lessons, scenarios and presets in a browser."""

import pytest
from playwright.sync_api import expect

from dashboard.content.lessons import lessons

PHONE = {"width": 390, "height": 844}
STEP = "?view=lessons&lesson=landau-damping&step=2"


def reload(page) -> None:
    """Open the address once more, and wait until the page takes input."""
    page.open("?" + page.page.url.partition("?")[2])


def heading(page, words: str):
    """The title of a step, once it is shown."""
    found = page.page.get_by_role("heading", name=words)
    found.wait_for()
    return found


@pytest.mark.slow
def test_a_link_restores_the_step_and_its_state_and_a_reload_what_became_of_it(live):
    page = live(STEP)
    heading(page, "How fast? Ask the dispersion relation")
    page.until_query(view="lessons", lesson="landau-damping", step="2", system="landau", k="0.4")
    page.page.locator(".MuiSlider-root input").nth(1).press("ArrowRight")
    page.until(lambda: page.query()["k"] != "0.4", "the visitor has moved the slider")
    moved = page.query()["k"]
    reload(page)
    heading(page, "How fast? Ask the dispersion relation")
    page.until_query(step="2", k=moved)
    page.page.get_by_role("button", name="Set it again").click()
    page.until_query(step="2", k="0.4")


def test_keys_scroll_what_a_step_says_and_leave_the_player_alone(live):
    page = live("?view=lessons&lesson=landau-damping&step=4")
    body = page.page.get_by_role("region", name="What this step says")
    body.wait_for()
    page.until(lambda: "t" in page.query(), "the address tells the time")
    start = float(page.query()["t"])
    for key in ("Home", "ArrowRight", " ", "End"):
        body.press(key)
    page.page.get_by_label("One step back").click()
    page.until(lambda: float(page.query()["t"]) != start, "the player has heard what came last")
    assert 0 < start - float(page.query()["t"]) < 1


def test_next_and_back_set_the_page_and_answers_stay_hidden_until_asked(live):
    page = live("?view=lessons&lesson=landau-damping&step=4")
    back, again = (
        page.page.get_by_role("button", name=name, exact=True) for name in ("Back", "Set it again")
    )
    heading(page, "Forgotten, or only hidden?")
    answer = page.page.get_by_text("plasma echo")
    assert not answer.is_visible()
    page.page.get_by_text("Show the answer").press(" ")
    answer.wait_for()
    page.page.get_by_role("button", name="Next").click()
    heading(page, "Where Landau damping stops")
    page.until_query(step="5", alpha="0.3", k="0.3")
    assert not page.page.get_by_text("O’Neil").first.is_hidden()
    back.click()
    page.until_query(step="4", alpha="0.2", k="0.5")
    assert again.is_visible()
    assert page.page.get_by_text("For the instructor").count() == 0
    page.page.get_by_label("Instructor notes").check()
    page.page.get_by_text("For the instructor").wait_for()
    page.until_query(notes="1")


@pytest.mark.slow
def test_every_formula_of_a_lesson_is_drawn_over_its_mathml(live):
    page = live("?view=lessons&lesson=landau-damping&step=1&notes=1")
    steps = lessons().items["landau-damping"].steps
    drawn = page.page.locator(".lesson .formula.drawn > math + mjx-container > svg")
    for number, step in enumerate(steps, 1):
        heading(page, step.title)
        html = step.text + step.question + step.answer + step.notes
        expect(drawn).to_have_count(html.count('class="formula"'))
        assert page.page.locator(".lesson [data-mml-node=merror]").count() == 0
        if number < len(steps):
            page.page.get_by_role("button", name="Next").click()


@pytest.mark.slow
@pytest.mark.parametrize("size", [{"width": 1440, "height": 900}, PHONE], ids=["desktop", "phone"])
def test_a_step_has_nothing_serious_for_axe_and_fits(live, size):
    page = live(STEP + "&notes=1", size)
    heading(page, "How fast? Ask the dispersion relation")
    assert page.page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    assert page.serious() == []


@pytest.mark.slow
def test_the_list_opens_a_lesson_and_a_finished_one_returns_to_it(live):
    page = live("?view=explore")
    page.page.get_by_role("button", name="Lessons", exact=True).click()
    listed = page.page.get_by_role("region", name="Lessons", exact=True)
    listed.get_by_role("button", name="A bump on the tail").click()
    heading(page, "One electron in ten")
    page.until_query(lesson="bump-on-tail", step="1", system="bump-on-tail", mu="1.35")
    page.page.get_by_role("button", name="All lessons").click()
    listed.get_by_role("button", name="How a magnet forgets").wait_for()


@pytest.mark.slow
def test_a_scenario_opens_in_place(live):
    page = live("?view=explore")
    strip = page.page.get_by_role("region", name="Scenarios")
    card = strip.get_by_role("button", name="Where damping stops")
    card.focus()
    card.press("Enter")
    page.until_query(view="explore", system="landau", alpha="0.3", k="0.3")
    strip.get_by_role("button", name="Scenarios").click()
    card.wait_for(state="hidden")
    reload(page)
    strip.get_by_role("button", name="Scenarios").wait_for()
    assert card.is_hidden()


@pytest.mark.slow
def test_a_preset_is_kept_opened_and_deleted(live):
    page = live("?view=explore&system=landau&alpha=0.2&k=0.5")
    strip = page.page.get_by_role("region", name="Scenarios")
    strip.get_by_role("button", name="Save as preset").click()
    strip.get_by_label("Name of the preset").fill("My wave")
    strip.get_by_label("Name of the preset").press("Enter")
    own = strip.get_by_role("button", name="My wave your preset")
    own.wait_for()
    page.page.locator(".MuiSlider-root input").nth(1).press("ArrowRight")
    page.until(lambda: page.query()["k"] != "0.5", "the slider has moved")
    reload(page)
    own.click()
    page.until_query(alpha="0.2", k="0.5")
    strip.get_by_role("button", name="Delete the preset My wave").click()
    own.wait_for(state="detached")
