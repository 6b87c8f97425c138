"""The page behaves as pages do: history, keys, title, theme, a projector, a phone on its side."""

import pytest
from playwright.sync_api import expect

FOCUS = """() => {
  let one = document.activeElement
  while (one?.shadowRoot?.activeElement) { one = one.shadowRoot.activeElement }
  return one.type ?? one.tagName
}"""
SCROLLED = """() => [...Bokeh.index.query((view) => view.model.class_name === "Page")].map(
  (view) => view.shadow_el.querySelector(".main-content").scrollTop)"""
TITLE = "Bokeh.documents[0].get_model_by_name('learned').title.text_font_size"
HEIGHT = "Bokeh.documents[0].get_model_by_name('learned').height"
NEUTRAL = """() => {
  const bar = Bokeh.documents[0].get_model_by_name("difference").right[0]
  const colours = bar.color_mapper.palette
  const middle = colours[colours.length / 2]
  return parseInt(String(middle).slice(1, 3), 16)
}"""
LANDSCAPE = {"width": 844, "height": 390}
LECTURE_ROOM = {"width": 1920, "height": 1080}


def playing(page, on: bool) -> None:
    page.page.get_by_label("Pause (space)" if on else "Play (space)").wait_for()


def test_back_and_forward_go_through_views_and_systems_with_their_state(live):
    page = live("?mu=1.3&seed=4&t=10")
    assert page.page.title() == "Two-stream instability – Explore – hoam_core"
    page.slider.press("ArrowRight")  # which makes no entry
    page.until_query(mu="1.31")
    page.page.locator("nav button", has_text="Train").first.click()
    page.until_query(view="train")
    assert page.page.title() == "Two-stream instability – Train – hoam_core"
    page.page.get_by_label("System").first.click()
    page.page.get_by_role("menuitem", name="Landau damping", exact=True).click()
    page.until_query(view="train", system="landau")
    page.page.go_back()
    page.until_query(view="train", system="two-stream", mu="1.31")
    page.page.go_back()
    page.until_query(view="explore", system="two-stream", mu="1.31", seed="4", t="10")
    page.until(lambda: page.slider.input_value() == "1.31", "the slider is back, too")
    page.page.go_forward()
    page.page.go_forward()
    page.until_query(view="train", system="landau")
    assert page.page.title() == "Landau damping – Train – hoam_core"


def test_a_slider_keeps_its_own_keys_and_leaves_the_others_to_the_player(live):
    page = live("?mu=1.31&t=10")
    press = page.page.keyboard.press
    press("Tab")
    expect(page.page.get_by_text("Skip to the parameters")).to_be_focused()
    press("Enter")
    assert page.page.evaluate(FOCUS) == "range"
    press("PageUp")
    page.until_query(mu="1.52")
    press("Shift+ArrowLeft")
    page.until_query(mu="1.31", t="10")
    press(" ")
    playing(page, True)
    press(" ")
    playing(page, False)
    press("r")
    playing(page, True)
    press(" ")
    playing(page, False)
    press("Escape")
    assert page.page.evaluate(FOCUS) == "BODY"
    press("Home")
    page.until_query(mu="1.31", t="0")
    press("1")
    press("End")
    page.until_query(mu="2.5", t="0")


def test_what_was_clicked_last_does_not_take_the_space_bar(live):
    page = live("?t=0")
    page.page.get_by_label("Learned model").first.click()
    page.page.get_by_role("menuitem", name="dice", exact=True).click()
    page.until_query(model="two-stream-dice")
    page.page.keyboard.press(" ")
    playing(page, True)
    page.page.get_by_label("Pause (space)").click()
    playing(page, False)
    page.page.get_by_label("Loop").click()
    page.page.keyboard.press(" ")
    playing(page, True)
    expect(page.page.get_by_label("Loop")).to_have_attribute("aria-pressed", "false")
    assert page.page.evaluate(SCROLLED) == [0]
    seed = page.page.get_by_label("Seed")
    seed.fill("abc")
    seed.press("Enter")
    page.page.get_by_text("“abc” is not a seed").wait_for()
    assert page.query()["seed"] == "0"


def test_the_theme_follows_the_system_until_a_visitor_chooses_and_is_remembered(live):
    page = live()
    page.page.emulate_media(color_scheme="dark")
    page.page.locator(".mui-dark").first.wait_for()
    page.until(lambda: page.page.evaluate(NEUTRAL) < 80, "no difference is dark, too")
    page.page.get_by_label("Toggle theme").click()
    page.page.locator(".mui-light").first.wait_for()
    page.until(lambda: page.page.evaluate(NEUTRAL) > 170, "light again")
    page.open()
    page.until(lambda: page.page.evaluate(NEUTRAL) > 170, "and light")
    assert page.page.locator(".mui-dark").count() == 0
    page.page.get_by_label("Toggle theme").click()
    page.page.locator(".mui-dark").first.wait_for()
    assert page.page.evaluate("localStorage.getItem('hoam-theme')") is None


def test_a_projector_shows_pictures_curve_and_player_in_large_letters_by_keys_alone(live):
    page = live("?mu=1.3&projector=1", LECTURE_ROOM)
    press = page.page.keyboard.press
    page.until(lambda: page.page.evaluate(TITLE) in ("20px", {"value": "20px"}), "large letters")
    page.until(lambda: page.page.evaluate(HEIGHT) > 400, "large pictures")
    header = page.page.locator(".header")
    expect(header).to_be_hidden()
    expect(page.page.get_by_role("region", name="Scenarios")).to_be_hidden()
    curve = page.page.get_by_text("Logarithmic")
    curve.wait_for()
    assert page.page.evaluate("innerHeight") > page.page.evaluate(
        "Math.max(...[...Bokeh.index.query((v) => v.model.name === 'main')].map("
        "(v) => v.el.getBoundingClientRect().bottom))"
    )
    press("ArrowUp")
    page.until_query(mu="1.31", projector="1")
    press("PageDown")
    page.until_query(mu="1.1")
    press("n")
    page.until_query(mu="1.25", seed="3")
    press("v")
    page.until_query(view="lessons", projector="1")
    press("Shift+V")
    page.until_query(view="explore")
    press("Escape")
    page.until(lambda: "projector" not in page.query(), "the page is as usual")
    header.wait_for()
    page.until(lambda: page.page.evaluate(HEIGHT) < 300, "and so are its pictures")
    assert page.page.evaluate(TITLE) not in ("20px", {"value": "20px"})


def test_a_phone_on_its_side_shows_a_picture_and_the_player(live):
    page = live(size=LANDSCAPE)
    picture = page.page.evaluate(
        "Bokeh.index.find_one(Bokeh.documents[0].get_model_by_name('learned'))"
        ".el.getBoundingClientRect().top"
    )
    bar = page.page.get_by_label("Time", exact=True).bounding_box()
    assert picture < 250
    assert bar["y"] + bar["height"] <= LANDSCAPE["height"]
    assert page.serious() == []


@pytest.mark.slow
def test_a_finger_that_passes_the_bars_moves_neither_time_nor_parameter(browser, address):
    context = browser.new_context(
        has_touch=True, is_mobile=True, viewport={"width": 390, "height": 844}
    )
    try:
        page = context.new_page()
        page.goto(address + "?mu=1.25&t=20")
        page.get_by_label("Time", exact=True).wait_for()
        page.wait_for_function("location.search.includes('t=20')")
        for bar in (page.get_by_label("Time", exact=True), page.locator(".MuiSlider-root").first):
            box = bar.bounding_box()
            page.touchscreen.tap(box["x"] + 0.9 * box["width"], box["y"] + box["height"] / 2)
        page.get_by_label("Open drawer").tap()
        page.get_by_label("System").first.wait_for()
        page.wait_for_timeout(1_000)
        assert page.get_by_role("tooltip").count() == 0 or page.get_by_role("tooltip").is_hidden()
        assert "mu=1.25&t=20" in page.url
    finally:
        context.close()
