"""Two pages of a class: the one follows the other, cannot be operated, and may leave."""

import pytest

PHONE = {"width": 390, "height": 844}


@pytest.fixture
def class_of_two(live):
    """A teacher's page and a phone that follows it."""
    teacher = live("?mu=1.25&t=10")
    teacher.page.get_by_role("button", name="Share, and let others follow").click()
    teacher.page.get_by_role("button", name="Let others follow", exact=True).click()
    box = teacher.page.get_by_label("Address of this page", exact=True)
    teacher.until(lambda: "?follow=" in box.input_value(), "the address invites to follow")
    code = box.input_value().split("=")[-1]
    teacher.page.keyboard.press("Escape")
    box.wait_for(state="hidden")
    return teacher, live(f"?follow={code}", PHONE), code


def test_a_follower_sees_every_change_and_changes_nothing(class_of_two):
    teacher, pupil, code = class_of_two
    pupil.until_query(follow=code, mu="1.25", t="10")
    pupil.page.get_by_text("You are following the teacher").wait_for()
    teacher.page.get_by_text("One page is following you").wait_for()
    teacher.slider.press("ArrowRight")
    pupil.until_query(mu="1.26")
    pupil.until(lambda: pupil.slider.input_value() == "1.26", "the slider follows")
    assert pupil.slider.is_disabled()
    before = pupil.query()
    pupil.page.get_by_label("Play (space)").click(force=True)
    pupil.page.get_by_label("Time", exact=True).press("End")
    pupil.page.keyboard.press("End")
    pupil.page.get_by_role("button", name="Lessons").click(force=True)
    # What the teacher does next comes after whatever those would have done.
    teacher.page.get_by_label("One step forward").click()
    pupil.until_query(t="10.4")
    assert pupil.query() == before | {"t": "10.4"}


@pytest.mark.slow
def test_a_follower_plays_along_and_leaves_with_the_state_it_saw(class_of_two):
    teacher, pupil, _ = class_of_two
    before = teacher.query()["t"]
    teacher.page.get_by_label("Play (space)").click()
    pupil.page.get_by_label("Pause (space)").wait_for()
    teacher.page.get_by_label("Pause (space)").click()
    pupil.page.get_by_label("Play (space)").wait_for()
    teacher.until(lambda: teacher.query()["t"] != before, "the address says where it stands")
    pupil.until_query(t=teacher.query()["t"])
    pupil.page.get_by_role("button", name="Stop following").click()
    pupil.until(lambda: "follow" not in pupil.query(), "the address is the pupil's own")
    pupil.until(lambda: pupil.slider.is_enabled(), "the controls work again")
    pupil.slider.press("ArrowLeft")
    pupil.until_query(mu="1.24")
    assert teacher.query()["mu"] == "1.25"


@pytest.mark.slow
def test_when_the_teacher_stops_the_page_is_told_and_free(class_of_two):
    teacher, pupil, _ = class_of_two
    teacher.page.get_by_role("button", name="Stop teaching").click()
    pupil.page.get_by_text("The teacher has left; the page is yours now.").wait_for()
    pupil.until(lambda: pupil.slider.is_enabled(), "the controls work again")


@pytest.mark.slow
def test_axe_finds_nothing_serious_on_a_page_that_follows(class_of_two):
    assert class_of_two[1].serious() == []


def test_a_wrong_code_is_told(live):
    page = live("?follow=nobody")
    page.page.get_by_text("No lecture has the code 'nobody' now").wait_for()
    assert page.slider.is_enabled()
