"""The view "compare" in a browser: columns, pins, links, one zoom, one component, a phone."""

import pytest

PHONE = {"width": 390, "height": 844}
LINK = "?view=compare&system=oscillator&particles=1024&seed=5&t=0.5"


def pictures(page, *letters: str) -> list:
    return [page.picture(f"compared-{letter}") for letter in letters]


def curves(page) -> list:
    return [page.data(f"compared-main-{letter}", "y") for letter in "AB"]


def drawn(page, *letters: str) -> None:
    page.until(lambda: all(pictures(page, *letters)), f"columns {letters} have pictures")


def ends(page) -> list:
    return page.page.evaluate(
        "['A', 'B'].map((letter) => Bokeh.documents[0].get_model_by_name(`compared-${letter}`))"
        ".map((figure) => figure.x_range.end)"
    )


@pytest.mark.slow
def test_columns_share_a_clock_and_a_scale_and_end_with_errors(live):
    page = live(LINK)
    drawn(page, "A", "B", "C")
    page.until_query(**{"with": "truth,oscillator-galerkin,oscillator-dice"})
    page.page.locator("h2", has_text="is closest").wait_for()
    page.page.locator("table small", has_text="floor").nth(3).wait_for()
    bars = page.page.evaluate(
        "['A', 'B', 'C'].map((letter) => Bokeh.documents[0].get_model_by_name("
        "`compared-${letter}`).right[0].color_mapper.high)"
    )
    assert len(set(bars)) == 1
    before = pictures(page, "A", "B", "C")
    page.page.get_by_label("Time", exact=True).fill("80")
    page.until_query(t="0.8")
    page.until(
        lambda: all(a != b for a, b in zip(before, pictures(page, "A", "B", "C"), strict=True)),
        "all pictures follow the time",
    )
    assert page.serious() == []


@pytest.mark.slow
def test_a_pinned_column_stays_while_the_others_follow_the_slider(live):
    page = live(LINK + "&omega=4.5&with=oscillator-galerkin,oscillator-dice")
    drawn(page, "A", "B")
    page.until(lambda: all(curves(page)), "both columns have curves")
    page.page.get_by_label("Pin column A").click()
    page.until_query(**{"with": "oscillator-galerkin@omega=4.5,oscillator-dice"})
    before = curves(page)
    page.slider.press("PageUp")
    page.until(lambda: curves(page)[1] not in ([], before[1]), "column B follows")
    assert curves(page)[0] == before[0]
    # It has a slider of its own, and the picture's title says where it stands.
    followed = curves(page)[1]
    page.page.get_by_label("A: angular frequency ω").press("PageDown")
    page.until(lambda: curves(page)[0] not in ([], before[0]), "column A follows its own slider")
    own = curves(page)[0]
    assert curves(page)[1] == followed
    title = "Bokeh.documents[0].get_model_by_name('compared-A').title.text"
    page.until(lambda: " at ω = " in page.page.evaluate(title), "the title tells its value")
    page.page.get_by_label("Unpin column A").click()
    page.until(lambda: curves(page)[0] not in ([], own), "column A follows, too")


def test_columns_are_added_chosen_and_removed(live):
    # One model in all of them, one pinned: what takes long to compile is not asked for.
    pinned, free = "oscillator-galerkin@omega=4.5", "oscillator-galerkin"
    page = live(f"{LINK}&with={pinned},{free}")
    drawn(page, "A", "B")
    assert not page.page.get_by_label("Remove column A").is_visible()
    page.page.get_by_role("button", name="Add a column").click()
    page.until_query(**{"with": f"{pinned},{free},truth"})
    drawn(page, "C")
    page.page.get_by_label("Column C", exact=True).click()
    page.page.get_by_role("menuitem", name="galerkin", exact=True).click()
    page.until_query(**{"with": f"{pinned},{free},{free}"})
    page.page.get_by_label("Remove column A").click()
    page.until_query(**{"with": f"{free},{free}"})


@pytest.mark.slow
def test_the_zoom_of_one_picture_is_that_of_all(live):
    page = live(LINK + "&with=oscillator-galerkin,oscillator-dice")
    drawn(page, "A", "B")
    whole = ends(page)
    page.page.get_by_label("Zoom by box and wheel").click()
    reset = page.page.get_by_role("button", name="Reset zoom")
    reset.wait_for()
    active = "() => Bokeh.documents[0].get_model_by_name('compared-A').toolbar.gestures.pan.active"
    page.page.wait_for_function(f"{active} !== null")
    box = page.page.evaluate(
        "(({x, y, width, height}) => [x, y, width, height])([...Bokeh.index.query((v) => "
        "v.model.name === 'compared-A')][0].el.getBoundingClientRect())"
    )
    x, y, width, height = box
    page.page.mouse.move(x + 0.3 * width, y + 0.3 * height)
    page.page.mouse.down()
    page.page.mouse.move(x + 0.5 * width, y + 0.5 * height, steps=6)
    page.page.mouse.up()
    page.until(lambda: ends(page)[0] < whole[0], "the picture is zoomed")
    assert len(set(ends(page))) == 1
    reset.click()
    page.until(lambda: ends(page) == whole, "all is shown again")


@pytest.mark.slow
def test_another_system_and_one_component_bring_their_own_columns(live):
    page = live("?view=compare&system=curie-weiss&t=10")
    page.until(lambda: len(page.data("compared-horizontal-B", "y")) > 0, "a density is drawn")
    assert pictures(page, "A", "B") == [[], []]
    page.page.get_by_label("System").first.click()
    page.page.get_by_role("menuitem", name="Noisy harmonic oscillator", exact=True).click()
    page.until_query(**{"with": "truth,oscillator-galerkin,oscillator-dice"})
    drawn(page, "B", "C")


@pytest.mark.slow
def test_a_bad_link_says_so_and_shows_the_usual_columns_on_a_phone(live):
    page = live(LINK + "&with=truth,landau-galerkin", PHONE)
    page.page.get_by_text("belongs to the system 'landau'").wait_for()
    page.until_query(**{"with": "truth,oscillator-galerkin,oscillator-dice"})
    drawn(page, "B", "C")
    assert page.overhang <= 0
    assert page.serious() == []
