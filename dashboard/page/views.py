"""The views of the application by name, in the order of the navigation bar."""

from typing import NamedTuple

from dashboard.compare.choice import Comparison
from dashboard.compare.view import Compare
from dashboard.explore.choice import ExploreChoice
from dashboard.explore.view import Explore
from dashboard.lessons.choice import LessonsChoice
from dashboard.lessons.view import Lessons
from dashboard.own_data.choice import OwnChoice
from dashboard.own_data.view import OwnData
from dashboard.quadrature.choice import QuadratureChoice
from dashboard.quadrature.view import QuadratureLab
from dashboard.sweep.choice import SweepChoice
from dashboard.sweep.view import SweepView
from dashboard.train.choice import TrainChoice
from dashboard.train.view import TrainView
from dashboard.view.base import View
from dashboard.view.choice import Choice


class Entry(NamedTuple):
    """A view as the navigation bar offers it."""

    title: str
    hint: str
    view: type[View]
    choice: type[Choice] = Choice


VIEWS: dict[str, Entry] = {
    "explore": Entry(
        "Explore",
        "One system: learned model, full model and difference",
        Explore,
        ExploreChoice,
    ),
    "lessons": Entry("Lessons", "Physics in steps, with questions", Lessons, LessonsChoice),
    "compare": Entry("Compare", "Two to four models side by side", Compare, Comparison),
    "train": Entry("Train", "Train a model of your own", TrainView, TrainChoice),
    "quadrature": Entry(
        "Quadrature lab",
        "Why the integral over time needs a good rule",
        QuadratureLab,
        QuadratureChoice,
    ),
    "data": Entry("Own data", "Learn from snapshots of your own", OwnData, OwnChoice),
    "sweep": Entry(
        "Sweep and infer",
        "A whole range of values at once, and the value behind a measured curve",
        SweepView,
        SweepChoice,
    ),
}
