"""The page in a browser: open, drag, play, keys, switch, cancel, reload, bad links, phone, axe."""

import base64
import io
import math

import numpy as np
import pytest
from PIL import Image

COUNT_STYLES = """() => {
  window.counted = {asked: 0, unchanged: 0, painted: 0}
  const asked = CSSStyleDeclaration.prototype.getPropertyValue
  CSSStyleDeclaration.prototype.getPropertyValue = function (name) {
    window.counted.asked += name.startsWith("--bk-")
    return asked.call(this, name)
  }
  const text = Object.getOwnPropertyDescriptor(Node.prototype, "textContent")
  Object.defineProperty(HTMLStyleElement.prototype, "textContent", {
    get() { return text.get.call(this) },
    set(value) {
      window.counted.unchanged += value === text.get.call(this)
      text.set.call(this, value)
    },
  })
  const painted = CanvasRenderingContext2D.prototype.drawImage
  CanvasRenderingContext2D.prototype.drawImage = function (...all) {
    window.counted.painted += 1
    return painted.apply(this, all)
  }
}"""
COUNT_PICTURES = """() => {
  const doc = Bokeh.documents[0], patch = doc.apply_json_patch
  window.counted = {pictures: 0, patches: 0}
  doc.get_model_by_name("learned-source").properties.data.change.connect(
    () => { window.counted.pictures += 1 })
  doc.apply_json_patch = function (...all) {
    window.counted.patches += 1
    return patch.apply(this, all)
  }
}"""
LOOKS = """() => {
  const seen = Bokeh.index.query((v) => v.model.type === "Figure" && v.is_displayed)
  return [...seen].map((v) => ({
    name: v.model.name, pixels: v.canvas_view.primary.canvas.toDataURL(),
    fits: Math.abs(v.canvas_view.bbox.width - v.el.getBoundingClientRect().width) < 2,
  }))
}"""
PHONE = {"width": 390, "height": 844}


def test_opens_with_a_picture_and_without_any_outside_host(live):
    page = live()
    assert page.page.title() == "Two-stream instability – Explore – hoam_core"
    levels = page.picture("learned")[0]
    assert len(set(levels)) > 50
    page.until(lambda: page.status("truth") == "done", "truth and noise floor are complete")
    assert len(page.picture("full")[0]) == len(page.picture("difference")[0]) == len(levels)
    page.page.get_by_text("noise floor", exact=True).wait_for()
    page.page.locator(".verdict", has_text="Learned model: good.").wait_for()
    assert page.page.locator("h2").inner_text().startswith("The field energy grew")


@pytest.mark.slow
def test_a_repaint_asks_for_no_styles_and_rewrites_none(live):
    page = live("?mu=1.25&seed=3")
    page.until(lambda: page.status("truth") == "done", "nothing is computed any more")
    page.page.evaluate(COUNT_STYLES)
    frame = page.query()["t"]
    page.page.keyboard.press("ArrowRight")
    page.until(lambda: page.query()["t"] != frame, "the next frame is shown")
    page.page.wait_for_timeout(500)
    counted = page.page.evaluate("window.counted")
    # Without the care of spare.js there are hundreds of each.
    assert counted["asked"] == 0
    assert counted["unchanged"] == 0
    assert counted["painted"] > 0
    # Nor does a thumb glide to its value, for which the page would be laid out again and again.
    gliding = page.page.locator(".MuiSlider-thumb, .MuiSlider-track").evaluate_all(
        "(parts) => parts.map((part) => getComputedStyle(part).transitionDuration)"
    )
    assert set(gliding) == {"0s"}


def pixels(look: dict) -> np.ndarray:
    """What a figure has painted, (height, width, 4)."""
    content = base64.b64decode(look["pixels"].partition(",")[2])
    return np.asarray(Image.open(io.BytesIO(content)).convert("RGBA"), float)


def differences(new: list[dict], old: list[dict]) -> list[float]:
    """By how much the figures differ, in levels of 256; their sizes are the same."""
    both = [(pixels(a), pixels(b)) for a, b in zip(new, old, strict=True)]
    return [float(np.abs(a - b).mean()) for a, b in both]


@pytest.mark.slow
def test_figures_come_back_as_they_were_and_follow_the_theme_and_the_window(live):
    page = live("?mu=1.25&seed=3")
    page.until(lambda: page.status("truth") == "done", "nothing is computed any more")
    page.until(lambda: len(page.page.evaluate(LOOKS)) >= 8, "the lower half is there, too")
    page.page.wait_for_timeout(1_000)
    before = page.page.evaluate(LOOKS)

    def away_and_back(meanwhile=lambda: None) -> list[dict]:
        page.page.get_by_role("button", name="Train", exact=True).first.click()
        page.until(lambda: not page.page.evaluate(LOOKS), "Explore is hidden")
        meanwhile()
        page.page.get_by_role("button", name="Explore", exact=True).click()
        page.until(lambda: len(page.page.evaluate(LOOKS)) == len(before), "Explore is back")
        page.page.wait_for_timeout(500)
        return page.page.evaluate(LOOKS)

    # Painted anew, a figure may stand half a pixel elsewhere.
    assert max(differences(away_and_back(), before)) < 6
    dark = away_and_back(page.darken)
    assert min(differences(dark, before)) > 3
    page.page.set_viewport_size({"width": 1100, "height": 900})

    def fit() -> bool:
        looks = page.page.evaluate(LOOKS)
        return all(look["fits"] and pixels(look)[..., 3].any() for look in looks)

    page.until(fit, "every figure is painted in the size of its card")


def test_dragging_the_slider_moves_the_picture_and_the_address(live):
    page = live("?mu=1.25&seed=3")
    before, version = page.picture("learned"), int(page.status("version"))
    thumb = page.page.locator(".MuiSlider-thumb").first.bounding_box()
    x, y = thumb["x"] + thumb["width"] / 2, thumb["y"] + thumb["height"] / 2
    page.page.mouse.move(x, y)
    page.page.mouse.down()
    for i in range(1, 13):
        page.page.mouse.move(x + 8 * i, y)
    page.page.mouse.up()
    page.until(lambda: float(page.query()["mu"]) > 1.35, "the address follows the slider")
    page.until(lambda: int(page.status("version")) > version, "a new answer is shown")
    page.until(lambda: page.picture("learned") not in ([], before), "the picture has changed")
    page.until(lambda: page.slider.input_value() == page.query()["mu"], "slider = address")


@pytest.mark.slow
def test_where_the_learned_model_breaks_the_truth_is_seen_and_speaks(live):
    page = live("?mu=0.4&seed=3")
    page.until(lambda: page.status("truth") == "done", "truth and noise floor are complete")
    page.page.locator(".verdict", has_text="Learned model: do not use.").wait_for()
    assert page.page.locator("h2").inner_text().startswith("The field energy grew")
    # Neither a dark nor a white sheet.
    assert len(set(page.picture("full")[0])) > 100


@pytest.mark.slow
def test_outside_the_trained_range_there_is_a_warning(live):
    page = live("?mu=1.9")
    page.slider.press("ArrowRight")
    warning = page.page.get_by_text("lies outside the trained range")
    warning.wait_for()
    page.slider.press("ArrowLeft")
    warning.wait_for(state="hidden")


def test_player_scrubs_steps_and_plays(live):
    page = live("?t=20")
    time = page.page.get_by_label("Time", exact=True)
    before = page.picture("learned")
    time.fill("10")
    page.until_query(t="4")
    page.until(lambda: page.picture("learned") != before, "the picture follows the time")
    page.page.get_by_label("One step forward").click()
    page.until_query(t="4.4")
    page.page.get_by_label("One step back").click()
    page.until_query(t="4")
    page.page.get_by_label("Speed").select_option("4")
    page.page.get_by_label("Play (space)").click()
    page.until(lambda: int(time.input_value()) > 14, "it plays")
    page.page.get_by_label("Pause (space)").click()
    page.page.get_by_label("Play (space)").wait_for()
    page.page.get_by_label("Restart").click()
    page.page.get_by_label("Pause (space)").click()
    page.until(lambda: float(page.query()["t"]) < 20, "it started again")


@pytest.mark.slow
def test_the_browser_plays_complete_runs_by_itself_and_draws_what_the_server_would(live):
    page = live("?mu=1.25&seed=3&t=8")
    page.until(lambda: page.status("truth") == "done", "nothing is computed any more")
    page.page.evaluate(COUNT_PICTURES)
    page.page.keyboard.press("r")

    def seen_in_a_second() -> tuple[int, int]:
        before = page.page.evaluate("({...window.counted})")
        page.page.wait_for_timeout(1_000)
        after = page.page.evaluate("({...window.counted})")
        return tuple(after[name] - before[name] for name in ("pictures", "patches"))

    def plays_alone() -> bool:
        pictures, patches = seen_in_a_second()
        return pictures >= 3 and patches == 0

    page.until(plays_alone, "pictures without the server")
    page.page.keyboard.press(" ")
    page.page.get_by_label("Play (space)").wait_for()
    before = page.picture("learned")
    page.page.get_by_label("Time", exact=True).fill("20")
    page.until_query(t="8")
    page.until(lambda: page.picture("learned") != before, "it scrubs")
    parts = ("learned", "full", "difference")
    turned = [page.picture(name) for name in parts]
    densities = page.data("vertical-truth", "y")
    again = live("?mu=1.25&seed=3&t=8")
    again.until(lambda: again.status("truth") == "done", "the same runs")
    again.until(lambda: [again.picture(name) for name in parts] == turned, "the same pictures")
    again.until(lambda: again.data("vertical-truth", "y") == densities, "the same densities")
    # Another parameter: the server draws again.
    page.slider.press("PageUp")
    page.until(lambda: page.picture("learned") != turned[0], "the picture follows the slider")


@pytest.mark.slow
def test_keys_do_what_the_help_says_but_not_while_typing(live):
    page = live("?t=20")
    page.page.locator("h2").click()
    press = page.page.keyboard.press
    press("ArrowRight")
    page.until_query(t="20.4")
    press("Home")
    page.until_query(t="0")
    press("End")
    page.until_query(t="40")
    press("r")
    page.page.get_by_label("Pause (space)").wait_for()
    press(" ")
    page.page.get_by_label("Play (space)").wait_for()
    with page.page.expect_download() as saved:
        press("s")
    assert saved.value.suggested_filename.endswith(".png")
    press("?")
    page.page.get_by_text("save the plots as a picture").wait_for()
    press("Escape")
    page.page.get_by_text("save the plots as a picture").wait_for(state="hidden")
    press("End")
    page.until_query(t="40")
    seed = page.page.get_by_label("Seed")
    seed.fill("12")
    seed.press("Home")
    seed.press("Enter")
    page.until_query(seed="12")
    assert page.query()["t"] == "40"


def choose(page, selector: str, option: str) -> None:
    page.page.get_by_label(selector).first.click()
    page.page.get_by_role("menuitem", name=option, exact=True).click()


@pytest.mark.slow
def test_the_window_of_the_fit_is_shaded_moves_by_keys_and_stands_in_the_address(live):
    page = live("?system=two-stream&mu=1.85")
    shaded = (
        "() => { const found = Bokeh.documents[0].get_model_by_name('main').center"
        ".find((one) => one.type === 'BoxAnnotation'); return [found.left, found.right] }"
    )
    page.page.get_by_text("linear theory", exact=True).wait_for()
    start, end = page.page.evaluate(shaded)
    assert 0 <= start < end <= 40
    thumb = page.page.get_by_role("slider", name="Window of the fit").first
    thumb.focus()
    thumb.press("ArrowRight")
    page.until(lambda: page.page.evaluate(shaded)[0] > start, "the band has followed")
    page.until(lambda: page.query().get("window", "").endswith(f":{end:g}"), "it is in the link")
    page.page.get_by_role("button", name="Window by the data").click()
    page.until(lambda: page.page.evaluate(shaded) == [start, end], "it is that of the data again")
    page.until(lambda: "window" not in page.query(), "and the link is as before")
    choose(page, "Wave of the field", "mode 2")
    page.until_query(mode="2")
    page.page.get_by_text("of mode 2 of the field").wait_for()


@pytest.mark.slow
def test_another_system_and_the_full_model_alone(live):
    page = live("?t=20")
    choose(page, "System", "Noisy harmonic oscillator")
    page.until_query(system="oscillator", omega="4.25", t="0.5")
    page.until(lambda: len(page.picture("full")) == 1, "the full model is drawn")
    page.page.get_by_text("rises from -1 to 1 and then falls").wait_for()
    choose(page, "System", "Two-stream instability")
    page.until_query(system="two-stream", model="two-stream-mean-field")
    page.until(lambda: len(page.picture("learned")) == 1, "the learned model is drawn")
    choose(page, "Learned model", "none (full model only)")
    page.until_query(model="none")
    page.until(lambda: page.picture("learned") == [], "there is no learned model")
    page.until(lambda: len(page.picture("full")) == 1, "the full model is still drawn")


def box_end(page) -> float:
    return page.page.evaluate("Bokeh.documents[0].get_model_by_name('learned').x_range.end")


@pytest.mark.slow
def test_a_box_follows_its_slider_and_titles_name_both_parameters(live):
    page = live("?system=landau&alpha=0.3&k=0.42&t=3")
    page.until(lambda: len(page.picture("learned")) == 1, "the learned model is drawn")
    sliders = page.page.locator(".MuiSlider-root input")
    # Those of the system that was open before may still be going.
    page.until(lambda: sliders.count() == 2, "both parameters have a slider, and nothing else has")
    amplitude, wavenumber = sliders.all()
    assert amplitude.bounding_box()["y"] == wavenumber.bounding_box()["y"]
    assert abs(box_end(page) - 2 * math.pi / 0.42) < 1e-4
    wavenumber.press("ArrowRight")
    page.until(lambda: float(page.query()["k"]) > 0.42, "the address follows the slider")
    end = 2 * math.pi / float(page.query()["k"])
    page.until(lambda: abs(box_end(page) - end) < 1e-4, "the axis ends where the box does")
    title = "Bokeh.documents[0].get_model_by_name('learned').title.text"
    wanted = f"Learned model, α = 0.3, k = {page.query()['k']}"
    page.until(lambda: page.page.evaluate(title) == wanted, "the title names both parameters")
    amplitude.press("ArrowRight")
    page.until(lambda: float(page.query()["alpha"]) > 0.3, "the other slider moves too")
    page.page.locator("h2", has_text="The field energy fell to 1/").wait_for()


@pytest.mark.slow
def test_a_lattice_lives_beside_its_drift_and_its_phase_diagram(live):
    page = live("?system=ising&T=2.5&h=0.1&t=50")
    assert len(set(page.picture("cells")[0])) == 2
    assert len(page.picture("cells")[0]) == 64 * 64
    page.until(lambda: page.status("truth") == "done", "truth and noise floor are complete")
    page.until(lambda: len(page.data("diagram-source", "x")) == 17, "the diagram is complete")
    before = page.picture("cells")
    page.page.get_by_label("Time", exact=True).fill("90")
    page.until(lambda: page.picture("cells") not in ([], before), "the lattice follows the time")
    before, version = page.picture("cells"), int(page.status("version"))
    page.slider.press("PageUp")
    page.until(lambda: page.picture("cells") not in ([], before), "and the temperature")
    page.until(lambda: int(page.status("version")) > version, "the paths are those of another T")
    assert page.serious() == []


SEEN = """(name) => {
  const figures = [...Bokeh.index.all_views()].filter((view) => view.model.name === name)
  return figures.some((view) => view.el.getBoundingClientRect().width > 0)
}"""


@pytest.mark.slow
def test_only_the_pictures_of_the_present_system_and_view_are_seen(live):
    page = live("?system=ising&model=none")

    def seen() -> list[str]:
        return [name for name in ("learned", "full", "cells") if page.page.evaluate(SEEN, name)]

    page.until(lambda: seen() == ["cells"], "the lattice stands alone")
    choose(page, "System", "Two-stream instability")
    page.until(lambda: seen() == ["learned", "full"], "the pictures of a plane take its place")
    choose(page, "System", "Ising model, Glauber dynamics")
    page.until(lambda: seen() == ["cells"], "and give it back")
    budget = page.page.get_by_text("Quick, to watch")
    page.page.get_by_role("button", name="Train", exact=True).first.click()
    budget.wait_for(state="visible")
    assert seen() == []
    page.page.get_by_role("button", name="Explore", exact=True).first.click()
    budget.wait_for(state="hidden")
    assert seen() == ["cells"]


@pytest.mark.slow
def test_another_plane_of_a_hundred_components_needs_no_other_answer(live):
    page = live("?system=trap&plane=x1,x7&t=0")
    assert page.query()["plane"] == "x1,x7"
    shown = [page.page.get_by_label(side).first for side in ("Horizontal", "Vertical")]
    assert [one.inner_text() for one in shown] == ["x1", "x7"]
    page.page.get_by_role("button", name="Cancel").click()
    page.until(lambda: len(page.picture("learned")) == 1, "the learned model is drawn")
    page.until(lambda: page.status("version") != "0", "the answer is counted")
    page.until(lambda: page.data("vertical-model", "y") != [], "and its density drawn")
    before, densities = page.picture("learned"), page.data("vertical-model", "y")
    version = page.status("version")
    choose(page, "Vertical", "x50")
    page.until_query(plane="x1,x50")
    page.until(lambda: page.picture("learned") != before, "the picture shows the other plane")
    page.until(lambda: page.data("vertical-model", "y") != densities, "and so does its density")
    choose(page, "Horizontal", "x50")
    page.until_query(plane="x50,x1")
    assert page.status("version") == version
    assert page.serious() == []


@pytest.mark.slow
def test_the_status_line_tells_how_many_particles_the_answer_has(live):
    # The closed loop: the mean field has answered before anybody can read that it computes.
    page = live("?model=two-stream-galerkin&particles=1024")
    page.until(lambda: page.status("particles") == "1024", "as many as the address asks for")
    choose(page, "Particles", "32768")
    page.page.locator("h2", has_text="Computing with 32,768 particles").wait_for()
    page.until(lambda: page.status("particles") == "32768", "and then they are there")
    page.page.locator("h2", has_text="The field energy").wait_for()
    choose(page, "Particles", "4096")
    page.until(lambda: page.status("particles") == "4096", "as many as are chosen")


@pytest.mark.slow
def test_densities_follow_the_frame(live):
    page = live("?t=20")
    page.until(lambda: len(page.data("horizontal-model", "y")) == 144, "the density is drawn")
    before = page.data("horizontal-model", "y")
    page.page.get_by_label("Time", exact=True).fill("10")
    page.until(lambda: page.data("horizontal-model", "y") != before, "the density has changed")


@pytest.mark.slow
def test_a_truth_run_can_be_cancelled_and_taken_up_again(live):
    page = live("?mu=1.25&seed=41")
    page.slider.press("PageUp")
    cancel = page.page.get_by_role("button", name="Cancel")
    cancel.click()
    page.until(lambda: page.status("truth") == "cancelled", "the run is cancelled")
    page.page.get_by_role("button", name="Compute").click()
    page.until(lambda: page.status("truth") == "done", "the run is complete")


@pytest.mark.slow
def test_the_address_restores_the_state(live):
    page = live("?mu=1.25&seed=3")
    page.slider.press("ArrowRight")
    page.page.get_by_label("Time", exact=True).fill("25")
    page.until_query(mu="1.26", t="10", seed="3")
    before = page.query()
    page.page.reload()
    page.open(page.page.url.removeprefix(page.address))
    assert page.query() == before
    assert page.slider.input_value() == "1.26"
    assert page.page.get_by_label("Time", exact=True).input_value() == "25"


def test_a_bad_link_gives_toasts_and_the_defaults(live):
    page = live("?system=two-steam&mu=nan&particles=0&plane=x,w")
    sentences = "Did you mean 'two-stream'", "must be a finite number", "of at least 1"
    for sentence in (*sentences, "Unknown component 'w'"):
        page.page.get_by_text(sentence).wait_for()
    page.until_query(system="two-stream", mu="1.25", particles="4096")


def test_a_phone_shows_everything_without_scrolling_sideways(live):
    page = live(size=PHONE)
    assert page.overhang <= 0
    curves = "[...Bokeh.index.query((v) => v.model.name === 'main' && v.is_displayed)].length"
    page.until(lambda: page.page.evaluate(curves) == 1, "the curves are there")
    page.until(lambda: page.legends_outside == [], "every legend stands in its figure")
    system = page.page.get_by_label("System").first
    system.wait_for(state="hidden")
    page.page.get_by_label("Open drawer").click()
    system.wait_for(state="visible")


def test_axe_finds_nothing_serious(live):
    page = live()
    page.until(lambda: page.status("truth") == "done", "the page has come to rest")
    assert page.serious() == []
    page.darken()
    page.until(lambda: page.serious() == [], "nothing serious in the dark")


def test_a_word_leads_to_what_it_means_and_escape_comes_back(live):
    page = live("?system=two-stream&model=two-stream-galerkin")
    page.page.locator('button.term[data-term="galerkin"]').first.click()
    entry = page.page.locator("dialog .entry.here")
    entry.get_by_text("A learned model with a closed loop").wait_for()
    assert page.serious() == []
    page.page.keyboard.press("Escape")
    entry.wait_for(state="hidden")
