"""Sweep and infer in a browser: the map and its hover, a click, the band, a measurement."""

import math
from urllib.parse import urlsplit

import pytest

LINK = "?view=sweep&system=two-stream&model=two-stream-galerkin&mu=1.45&t=20&runs=64"
PHONE = {"width": 390, "height": 844}


def curve(page) -> list:
    return page.data("sweep-cut-source", "y")


def swept(live, link=LINK, **options):
    page = live(link, **options)
    page.until(lambda: len(page.picture("sweep")) == 1, "the map is drawn")
    page.until(lambda: len(curve(page)) == 101, "the cut is drawn")
    return page


def frame_of(page, name: str) -> dict:
    """Where the plot area of a figure lies on the screen."""
    return page.page.evaluate(
        "(name) => { const view = Bokeh.index.find_one_by_id(Bokeh.documents[0]"
        ".get_model_by_name(name).id); const at = view.el.getBoundingClientRect();"
        " const box = view.frame.bbox;"
        " return {x: at.x + box.left, y: at.y + box.top, w: box.width, h: box.height} }",
        name,
    )


def test_the_pointer_shows_the_cut_and_a_click_opens_explore(live):
    page = swept(live)
    # The table grows, and the cut with it, until all runs are there.
    page.page.get_by_role("button", name="Cancel").wait_for(state="hidden")
    page.page.wait_for_timeout(300)
    before = curve(page)
    box = frame_of(page, "sweep-map")
    page.page.mouse.move(box["x"] + 0.75 * box["w"], box["y"] + 0.1 * box["h"])
    page.until(lambda: curve(page) != before, "the cut follows the pointer")
    page.page.mouse.move(5, 5)
    page.until(lambda: curve(page) == before, "without a pointer it is the page's own")
    page.page.mouse.click(box["x"] + 0.75 * box["w"], box["y"] + 0.5 * box["h"])
    page.until_query(view="explore")
    query = page.query()
    assert math.isclose(float(query["t"]), 30, abs_tol=0.5)
    assert math.isclose(float(query["mu"]), 1.55, abs_tol=0.01)


@pytest.mark.slow
def test_a_distribution_becomes_a_band_that_the_link_restores(live):
    page = swept(live)
    page.page.get_by_role("button", name="Uncertain").click()
    page.until(lambda: len(page.data("sweep-band-source", "m")) == 101, "the band is drawn")
    page.page.get_by_label("Standard deviation").fill("0.05")
    page.page.get_by_label("Standard deviation").press("Enter")
    page.until(lambda: page.query().get("belief", "").endswith(":0.05"), "the link says so")
    again = live("?" + urlsplit(page.page.url).query)
    again.until(lambda: len(again.data("sweep-band-source", "m")) == 101, "it is there again")
    assert again.page.get_by_label("Standard deviation").input_value() == "0.05"


@pytest.mark.slow
def test_a_synthetic_measurement_gives_back_its_hidden_value(live):
    page = live(LINK + "&tab=infer")
    page.page.get_by_role("button", name="Use a synthetic measurement").click()
    page.page.get_by_text("The hidden value was").wait_for(timeout=150_000)
    assert len(page.data("sweep-fit-dots", "t")) > 40
    assert page.serious() == []


def test_a_bad_file_is_told_in_a_sentence(live):
    page = live(LINK + "&tab=infer")
    page.page.locator("input[type=file]").set_input_files(
        {"name": "m.csv", "mimeType": "text/csv", "buffer": b"time,energy\n0,1\n"}
    )
    page.page.get_by_text("lacks the column").wait_for()


@pytest.mark.slow
@pytest.mark.parametrize("tab", ["map", "uncertain", "infer"])
def test_every_segment_fits_a_phone_and_axe_finds_nothing_serious(live, tab):
    page = live(f"{LINK}&tab={tab}", PHONE)
    source = {"map": "sweep-source", "uncertain": "sweep-band-source"}.get(tab)
    if source:
        column = "image" if tab == "map" else "t"
        page.until(lambda: len(page.data(source, column)) > 0, "it is drawn")
    assert page.overhang <= 0
    assert page.serious() == []
    page.darken()
    page.until(lambda: page.serious() == [], "nothing serious in the dark")
