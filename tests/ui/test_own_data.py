"""Own data in the browser: an example from files to Explore, what is refused, what is kept."""

import shutil

import pytest

from dashboard.keeping.visitor import COOKIE, filed_under
from hoam_core.models.files import shipped_models
from tests.ui.served import FIRST_PICTURE


def opened(live):
    """The view; its first picture is not that of Explore."""
    page = live("?view=explore")
    tab = page.page.get_by_role("tab", name="Own data").or_(page.page.get_by_text("Own data"))
    tab.first.click()
    page.page.get_by_role("button", name="Use an example").wait_for()
    return page


@pytest.mark.slow
def test_own_work_is_there_after_a_reload_and_a_model_is_given_back(live, tmp_path):
    own, asked = live("?view=data"), []
    page = own.page
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    page.get_by_role("button", name="Use an example").wait_for()
    packed = shutil.make_archive(
        str(tmp_path / "mine"), "zip", shipped_models()["two-stream-galerkin"]
    )
    page.set_input_files("input[type=file][accept='.zip']", packed)
    explore = page.get_by_role("button", name="Explore it")
    explore.wait_for()
    kept = page.get_by_text("Kept on this server until")
    kept.wait_for()
    own.until(lambda: "data" in own.query(), "the address names the model")
    assert own.serious() == []
    sent = page.reload().text()
    (token,) = [one["value"] for one in page.context.cookies() if one["name"] == COOKIE]
    assert token not in sent
    assert filed_under(token) not in sent
    explore.wait_for()
    assert asked == []
    explore.click()
    own.until(lambda: own.query()["model"].startswith("own-two-stream-"), "it is explored")
    own.until(lambda: len(own.picture("learned")) == 1, "it answers")
    page.reload()
    page.wait_for_function(FIRST_PICTURE)
    assert own.query()["model"].startswith("own-two-stream-")
    own.open("?view=data")
    page.get_by_role("button", name="Use an example").click()
    page.get_by_role("progressbar", name="Progress").wait_for()
    own.open("?view=data")
    assert asked == ["beforeunload"]
    page.get_by_role("button", name="Delete everything").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    kept.wait_for(state="hidden")


@pytest.mark.slow
def test_an_example_is_checked_trained_and_explored(live):
    own = opened(live)
    page = own.page
    page.get_by_role("button", name="Use an example").click()
    page.locator(".own-table img").first.wait_for()
    assert page.locator(".own-table img").count() == 15
    assert page.get_by_alt_text("Density of v over x, mu = 1.3, t = 20").is_visible()
    assert own.serious() == []
    page.get_by_role("button", name="Train", exact=True).last.click()
    explore = page.get_by_role("button", name="Explore it")
    explore.wait_for(timeout=120_000)
    assert page.get_by_text("which was not used for training").is_visible()
    assert own.serious() == []
    explore.click()
    page.wait_for_url("**system=own-two-streams-*")
    page.get_by_text("Recording, 4,096 particles").first.wait_for(timeout=120_000)


@pytest.mark.slow
def test_a_file_that_cannot_be_used_is_told_and_not_kept(live, tmp_path):
    own = opened(live)
    page = own.page
    broken = tmp_path / "notes.nc"
    broken.write_text("these are words")
    page.set_input_files("input[type=file][multiple]", str(broken))
    page.get_by_text("'notes.nc' is no HDF5 file").wait_for()
    assert page.locator(".own-table").count() == 0
