"""The export menu in a browser: files arrive under the name of the view, and nothing blocks."""

import io

import pandas as pd
import pytest
from PIL import Image


def ready(live):
    """The oscillator's runs are short; the menu offers everything once there is an answer."""
    page = live("?system=oscillator&omega=4.25&seed=3&particles=1024")
    page.page.get_by_role("button", name="Export …").click()
    page.page.get_by_role("dialog").wait_for()
    return page


def saved(page, label: str):
    with page.page.expect_download() as found:
        page.page.get_by_role("button", name=label).click()
    return found.value


@pytest.mark.slow
def test_the_menu_gives_files_that_are_named_after_the_view(live):
    page = ready(live)
    stem = "oscillator-galerkin-omega4.25-seed3"
    table = saved(page, "Curves (CSV)")
    assert table.suggested_filename == f"{stem}.csv"
    assert len(pd.read_csv(table.path(), comment="#")) == 101
    film = saved(page, "Film (GIF)")
    assert film.suggested_filename == f"{stem}.gif"
    with Image.open(film.path()) as read:
        assert read.n_frames == 101
    assert saved(page, "Hand-out (HTML)").suggested_filename == f"{stem}.html"
    page.page.get_by_text(f"Saved {stem}.html").wait_for()
    assert page.serious() == []


def test_one_plot_is_saved_with_its_words(live):
    page = ready(live)
    page.page.get_by_role("button", name="One plot (PNG)").click()
    choice = page.page.get_by_role("dialog", name="Save one plot")
    with page.page.expect_download() as found:
        choice.get_by_role("button", name="Learned model").click()
    data = found.value.path().read_bytes()
    with Image.open(io.BytesIO(data)) as read:
        read.load()
        assert read.text["Description"].startswith("Learned model")
        assert "Noisy harmonic oscillator, ω = 4.25" in read.text["Description"]
        assert len(read.convert("RGB").getcolors(1 << 24)) > 50
    choice.wait_for(state="detached")
