"""The quadrature lab in a browser: its link, its sliders, draws, and a training on the screen."""

import pytest

LINK = "?view=quadrature&rule=gauss&nodes=9&samples=4&omega=6"


def opened(live, query=LINK):
    page = live(query)
    page.until(lambda: len(page.data("integrand-nodes", "x")) > 0, "the nodes are drawn")
    page.until(lambda: len(page.data("errors-gauss", "y")) > 0, "the study is here")
    return page


def test_sliders_move_the_nodes_and_the_address(live):
    page = opened(live)
    assert len(page.data("integrand-nodes", "x")) == 9
    page.until_query(rule="gauss", nodes="9", samples="4", omega="6")
    omega, nodes = page.page.locator(".MuiSlider-root input").all()[:2]
    nodes.press("ArrowRight")
    page.until_query(nodes="13")
    page.until(lambda: len(page.data("integrand-nodes", "x")) == 13, "four nodes more")
    before = page.data("errors-gauss", "y")
    omega.press("PageUp")
    page.until(lambda: page.data("errors-gauss", "y") != before, "errors of another frequency")
    before = page.data("newest-monte-carlo", "x")
    page.page.get_by_role("button", name="Draw again").click()
    page.until(lambda: page.data("newest-monte-carlo", "x") != before, "another draw")
    page.page.locator("h2", has_text="With 13 nodes").wait_for()


@pytest.mark.slow
def test_a_bad_link_is_told(live):
    page = opened(live, "?view=quadrature&rule=gaus&nodes=10")
    page.page.get_by_text("Did you mean 'gauss'").wait_for()
    page.page.get_by_text("`nodes` must be one of 3").wait_for()
    page.until_query(rule="gauss", nodes="33")


@pytest.mark.slow
def test_too_few_nodes_let_the_loss_fall_below_the_minimum(live):
    page = opened(live, LINK.replace("samples=4", "samples=64"))
    page.page.get_by_role("button", name="Train side by side").click()
    # Two programs are compiled first.
    pause = page.page.get_by_role("button", name="Pause")
    page.page.get_by_text("Training, ").wait_for(timeout=120_000)
    pause.click()
    page.page.get_by_text("Paused at").wait_for()
    length = len(page.data("loss-gauss", "x"))
    assert page.serious() == []
    page.page.get_by_role("button", name="Go on").click()
    page.page.get_by_text("the loss fell below the true minimum").wait_for()
    assert len(page.data("loss-gauss", "x")) > length
