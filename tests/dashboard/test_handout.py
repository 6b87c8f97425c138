"""The hand-out: one small file that asks for nothing, and plays in a browser that is offline."""

import re
from dataclasses import replace
from time import monotonic

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright

from dashboard.explore.export import exportable
from dashboard.exports.handout import handout
from dashboard.view.animation import Animation
from dashboard.view.base import Exportable
from tests.dashboard.test_exports import PLASMA, small_reel, snapshot_of
from tests.ui.served import NO_CHROMIUM, launch

LABELS = "A test. It grows </script> & grows."


def page_of(animation: Animation) -> str:
    *_, data = handout(Exportable("test", LABELS, "print('<b>')", animation=lambda: animation))
    return data.decode()


def test_it_is_one_file_that_names_no_host_and_escapes_what_it_is_told():
    page = page_of(small_reel())
    assert not re.search(r"(src|href)=[\"'](?!data:)", page)
    assert "default-src 'none'" in page
    assert page.count("</script>") == 2
    assert "print(&#x27;&lt;b&gt;&#x27;)" in page
    assert "@@" not in page


def test_it_says_what_is_solved_and_that_an_axis_is_logarithmic():
    animation = small_reel()
    chart = replace(animation.charts[0], log=True)
    page = page_of(replace(animation, equations=r"\partial_t f = 0", charts=(chart,)))
    assert re.search(r"<dt>equations</dt><dd><span[^>]*><math.*?</math></span></dd>", page)
    assert f'"title":"{chart.title}, logarithmic"' in page
    assert "<dt>equations</dt>" not in page_of(animation)


@pytest.mark.slow
def test_a_real_one_is_below_three_megabytes():
    *_, data = handout(exportable(snapshot_of(PLASMA, (0, 1))))
    assert len(data) < 3_000_000


def test_frames_are_left_out_before_the_file_grows_too_large(monkeypatch):
    monkeypatch.setattr("dashboard.exports.handout.MOST_ROWS", 8 * 30)
    page = page_of(small_reel(101))
    assert page.count('"t":[0.0,') == 2
    assert '"ts":[0.0,0.04,' in page


@pytest.fixture(scope="module")
def offline():
    with sync_playwright() as playwright:
        browser = launch(playwright)
        if browser is None:
            pytest.skip(NO_CHROMIUM)
        context = browser.new_context(offline=True, viewport={"width": 390, "height": 800})
        yield context
        browser.close()


def test_it_plays_offline_by_keys_and_by_hand(offline, tmp_path):
    path = tmp_path / "handout.html"
    path.write_text(page_of(small_reel()))
    page, errors = offline.new_page(), []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(path.as_uri())
    time = page.get_by_label("Time", exact=True)
    time.wait_for()
    grey = "document.querySelector('canvas.picture').getContext('2d').getImageData(2, 2, 1, 1).data"
    assert page.evaluate(f"Array.from({grey})") == [0, 0, 0, 255]
    # Sides and curves have round numbers along them.
    assert page.locator(".plane .along span").all_inner_texts()[:3] == ["0", "0.2", "0.4"]
    assert page.evaluate("ticks(-8, 8, 5)") == [-5, 0, 5]
    assert page.evaluate("ticks(0.004, 30, 4, true)") == [0.01, 0.1, 1, 10]
    assert page.evaluate("ticks(2e-13, 1.1e-12, 5)") == [2e-13, 4e-13, 6e-13, 8e-13, 1e-12]
    page.keyboard.press("ArrowRight")
    assert time.input_value() == "1"
    assert page.evaluate(f"Array.from({grey})") == [40, 40, 40, 255]
    page.keyboard.press("End")
    assert time.get_attribute("aria-valuetext") == "t = 1"
    assert page.get_by_role("status").inner_text() == "Shown: t = 1"
    time.fill("2")
    page.get_by_label("Play (space)").click()
    end, seen = monotonic() + 10, [2]
    while max(seen) <= 3 and monotonic() < end:
        page.wait_for_timeout(20)
        seen.append(int(time.input_value()))
    assert max(seen) > 3
    page.get_by_label("Pause (space)").click()
    page.get_by_label("Play (space)").wait_for()
    picture = page.get_by_role("img", name="grey. It grows </script> & grows.")
    assert picture.bounding_box()["width"] < 390
    found = [v for v in Axe().run(page).response["violations"] if v["impact"] != "minor"]
    assert found == []
    assert errors == []
    page.close()


def test_light_and_dark_have_their_own_colours(offline, tmp_path):
    animation = small_reel()
    white = ["#ffffff"] * 256
    image = animation.scenes[0]
    both = type(image)(image.title, image.levels, white, ["#000000"] * 256, image.x, image.y)
    path = tmp_path / "colours.html"
    path.write_text(page_of(Animation("A test", np.linspace(0, 1, 6), (both,))))
    page = offline.new_page()
    at = "document.querySelector('canvas').getContext('2d').getImageData(2, 2, 1, 1).data[0]"
    for scheme, level in (("light", 255), ("dark", 0)):
        page.emulate_media(color_scheme=scheme)
        page.goto(path.as_uri())
        page.get_by_label("Time", exact=True).wait_for()
        assert page.evaluate(at) == level
    page.close()
