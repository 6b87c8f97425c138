"""The view "train" in a browser: to the end, taken along, cancelled and resumed, a bad name."""

import zipfile

import pytest

from hoam_core import load_model

SMALL = "?view=train&system=oscillator&train-particles=256&judge=no"
GALERKIN = f"{SMALL}&method=galerkin&train-omega=3:5:5"
NETWORK = (
    f"{SMALL}&method=hoam-gauss&network=mlp&train-omega=3:5:3&option-nodes=4&train-steps=100000"
)
PHONE = {"width": 390, "height": 844}


def opened(live, query: str, **options):
    page = live(query, **options)
    page.page.get_by_label("Particles of a run").wait_for()
    return page


def button(page, name: str):
    # The navigation bar has a button "Train", too; that of the form comes after it.
    return page.page.get_by_role("button", name=name, exact=True).last


@pytest.mark.slow
def test_a_trained_model_is_explored_and_taken_along(live, tmp_path):
    page = opened(live, GALERKIN)
    name = page.page.get_by_label("Name (optional)")
    name.fill("My Model")
    name.press("Tab")
    button(page, "Train").click()
    page.page.get_by_role("alert").filter(has_text="try 'my-model-2'").wait_for()
    name.fill("my-model")
    name.press("Tab")
    button(page, "Train").click()
    page.page.locator("h2", has_text="my-model is trained").wait_for()
    page.until(lambda: len(page.picture("training-model")) == 1, "its samples are drawn")
    page.until(lambda: len(page.picture("training-data")) == 1, "the data are drawn")
    page.until_query(training="my-model", method="galerkin", **{"train-particles": "256"})
    with page.page.expect_download() as download:
        page.page.get_by_text("Download", exact=True).click()
    assert download.value.suggested_filename == "my-model.zip"
    with zipfile.ZipFile(download.value.path()) as archive:
        archive.extractall(tmp_path)
    assert load_model(tmp_path / "my-model").name == "my-model"
    assert page.serious() == []
    button(page, "Explore it").click()
    page.until_query(view="explore", model="my-model", system="oscillator")
    page.until(lambda: len(page.picture("learned")) == 1, "the new model answers")


@pytest.mark.slow
def test_a_cancelled_training_goes_on_after_a_reload(live):
    page = opened(live, NETWORK)
    button(page, "Train").click()
    page.until(lambda: len(page.data("training-loss", "step")) > 2, "the loss is drawn")
    button(page, "Pause").click()
    button(page, "Resume").wait_for()
    button(page, "Resume").click()
    button(page, "Pause").wait_for()
    button(page, "Cancel").click()
    page.page.locator("h2", has_text="is cancelled").wait_for()
    done = page.data("training-loss", "step")[-1]
    page.until(lambda: "training" in page.query(), "the link names the training")
    page.page.reload()
    page.page.locator("h2", has_text="is cancelled").wait_for()
    button(page, "Resume").click()
    page.until(
        lambda: (page.data("training-loss", "step") or [0])[-1] > done, "it goes on from there"
    )
    assert page.data("training-loss", "step")[0] > done - 10
    button(page, "Cancel").click()
    page.page.locator("h2", has_text="is cancelled").wait_for()


@pytest.mark.slow
def test_on_a_phone_nothing_is_wider_than_the_screen(live):
    page = opened(live, GALERKIN, size=PHONE)
    assert page.page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    assert page.serious() == []
