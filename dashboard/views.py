"""The views of the application by name, in the order of the navigation bar."""

from typing import NamedTuple

from dashboard.choice import Choice
from dashboard.compare import Compare
from dashboard.compare_choice import Comparison
from dashboard.explore import Explore
from dashboard.lessons import Lessons
from dashboard.lessons_choice import LessonsChoice
from dashboard.own_data import OwnData
from dashboard.quadrature_choice import QuadratureChoice
from dashboard.quadrature_lab import QuadratureLab
from dashboard.sweep import Sweep
from dashboard.sweep_choice import SweepChoice
from dashboard.train_choice import TrainChoice
from dashboard.train_view import TrainView
from dashboard.view import View


class Entry(NamedTuple):
    """A view as the navigation bar offers it."""

    title: str
    hint: str
    view: type[View]
    choice: type[Choice] = Choice


VIEWS: dict[str, Entry] = {
    "explore": Entry("Explore", "One system: learned model, full model and difference", Explore),
    "lessons": Entry("Lessons", "Physics in steps, with questions", Lessons, LessonsChoice),
    "compare": Entry("Compare", "Two to four models side by side", Compare, Comparison),
    "train": Entry("Train", "Train a model of your own", TrainView, TrainChoice),
    "quadrature": Entry(
        "Quadrature lab", "Why the integral over time needs a good rule", QuadratureLab,
        QuadratureChoice,
    ),
    "data": Entry("Own data", "Learn from snapshots of your own", OwnData),
    "sweep": Entry("Sweep and infer", "All values at once, and back again", Sweep, SweepChoice),
}
