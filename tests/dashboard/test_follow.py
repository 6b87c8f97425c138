"""Lectures without a browser: codes, the newest news, and what a page takes over from another."""

import param
import pytest

from dashboard.lessons.choice import LessonsChoice, for_pupils
from dashboard.runs.catalogue import catalogue
from dashboard.sharing.classroom import NOT_HERE, PLAYED, Classroom, followed, query_of
from dashboard.sharing.follow import LECTURES, LENGTH, LETTERS, Following, Lectures, News
from dashboard.state.exploration import Exploration
from dashboard.state.url import Reader, read_query, write_query
from dashboard.view.base import Visit
from dashboard.view.choice import Choice

SHELF = catalogue()


class Seat:
    """One page in a class: a link, what was shown, and a loop that runs when it is told to."""

    def __init__(self, lectures: Lectures, link: str = "?t=0"):
        self.link, self.shown, self.loop = link, [], []
        self.following = Following(self.news, self.shown.append, self.loop.append, lectures)

    def news(self) -> News:
        return News(self.link)

    def run(self) -> None:
        while self.loop:
            self.loop.pop(0)()


@pytest.fixture
def room():
    return Lectures()


def test_a_code_is_short_plain_and_not_used_twice(room):
    codes = [room.begin(lambda: News("?"), lambda count: None) for _ in range(200)]
    assert len(set(codes)) == 200
    assert all(len(code) == LENGTH and set(code) <= set(LETTERS) for code in codes)


def test_a_code_begins_with_the_letter_of_its_process(room, monkeypatch):
    monkeypatch.setenv("HOAM_PROCESS", "b")
    code = room.begin(lambda: News("?"), lambda count: None)
    assert (code[0], len(code)) == ("b", LENGTH + 1)


def test_followers_see_what_is_shown_now_and_then_the_newest(room):
    teacher, pupil = Seat(room, "?t=1"), Seat(room)
    teacher.following.teach()
    pupil.following.follow(f" {teacher.following.code.upper()} ")
    pupil.run()
    assert pupil.shown == [News("?t=1")]
    for t in range(2, 9):
        teacher.link = f"?t={t}"
        teacher.following.tell()
    teacher.following.tell()
    pupil.run()
    assert pupil.shown == [News("?t=1"), News("?t=8")]


def test_what_has_not_changed_is_not_told_again(room):
    teacher, pupil = Seat(room), Seat(room)
    teacher.following.teach()
    pupil.following.follow(teacher.following.code)
    pupil.run()
    teacher.following.tell()
    assert pupil.loop == []
    pupil.following.catch_up()
    pupil.run()
    assert len(pupil.shown) == 2


def test_the_teacher_knows_how_many_follow(room):
    teacher, pupils = Seat(room), [Seat(room) for _ in range(3)]
    teacher.following.teach()
    for pupil in pupils:
        pupil.following.follow(teacher.following.code)
    teacher.run()
    assert teacher.following.count == 3
    pupils[1].following.stop()
    teacher.run()
    assert teacher.following.count == 2
    assert pupils[1].following.role == "alone"
    teacher.link = "?t=5"
    teacher.following.tell()
    pupils[1].run()
    assert pupils[1].shown == []


def test_when_the_teacher_leaves_followers_are_told_and_free(room):
    teacher, pupil = Seat(room), Seat(room)
    teacher.following.teach()
    code = teacher.following.code
    pupil.following.follow(code)
    pupil.run()
    teacher.following.stop()
    pupil.run()
    assert (pupil.following.role, pupil.following.ended) == ("alone", True)
    with pytest.raises(ValueError, match=f"No lecture has the code '{code}' now"):
        pupil.following.follow(code)
    assert pupil.following.role == "alone"


def test_a_new_lecture_ends_the_one_before(room):
    teacher, pupil = Seat(room), Seat(room)
    teacher.following.teach()
    pupil.following.follow(teacher.following.code)
    first = teacher.following.code
    teacher.following.teach()
    pupil.run()
    assert teacher.following.code != first
    assert pupil.following.ended


class Page(Choice):
    """A choice that stands in the link unless it is the usual one."""

    addressed = ("number",)
    number = param.Integer(default=1)

    def read(self, reader: Reader, state: Exploration) -> None:
        if (number := reader.attempt("number", int)) is not None:
            self.number = number

    def write(self, state: Exploration) -> dict[str, str]:
        return {} if self.number == 1 else {"number": str(self.number)}


class Desk:
    """A page's state with a classroom, whose loop runs at once; `told` are its toasts."""

    def __init__(self, query: str = ""):
        self.state, self.told, self.choice = Exploration(SHELF), [], Page()
        schedule = lambda result: result()  # noqa: E731
        visit = Visit(self.state, None, SHELF, None, schedule, self.go, self.told.append)
        self.classroom = Classroom(visit, self.link, self.changed, list, self.show)
        self.go(query)

    def show(self, link: str) -> None:
        self.go(link)
        self.choice.read_all(query_of(link), SHELF, self.state)

    def link(self) -> str:
        return write_query(self.state, self.choice.write(self.state))

    def changed(self) -> None:
        self.classroom.following.tell()

    def go(self, link: str) -> None:
        query = dict(pair.split("=") for pair in link.lstrip("?").split("&") if pair)
        reader = read_query(query, SHELF, self.state.system)
        self.state.adopt(**reader.values)
        self.choice.read(reader, self.state)
        self.told.extend(reader.problems)

    def lead(self) -> str:
        self.classroom.following.teach()
        return self.classroom.following.code

    @property
    def shows(self):
        return self.link(), [getattr(self.state, name) for name in PLAYED]


@pytest.fixture
def desks():
    made = [Desk("?system=landau&k=0.4&seed=7"), Desk("?system=ising&share=2")]
    yield made
    for desk in made:
        desk.classroom.close()


def test_a_page_takes_over_everything_also_what_the_link_leaves_out(desks):
    teacher, pupil = desks
    pupil.classroom.follow(teacher.lead())
    assert pupil.shows == teacher.shows
    assert pupil.state.share == 1.0
    pupil.choice.number = 5
    teacher.choice.number = 3
    teacher.changed()
    assert pupil.choice.number == 3
    teacher.choice.number = 1
    teacher.changed()
    assert pupil.choice.number == 1
    teacher.state.param.update(speed=2.0, loop=False, log_scale=False)
    assert pupil.shows == teacher.shows
    teacher.state.parameters.k = 0.55
    assert pupil.state.mu["k"] == 0.55
    teacher.state.system = "chaos-9d"
    teacher.state.parameters.r = 13.9
    assert pupil.shows == teacher.shows


def test_a_playing_run_is_played_by_the_follower_and_paused_where_the_teacher_is(desks):
    teacher, pupil = desks
    pupil.classroom.follow(teacher.lead())
    teacher.state.playing = True
    assert pupil.state.playing
    pupil.state.advance()
    pupil.state.advance()
    teacher.state.playing = False
    assert not pupil.state.playing
    assert pupil.shows == teacher.shows


def test_a_follower_is_locked_and_its_address_follows_again(desks):
    teacher, pupil = desks
    code = teacher.lead()
    pupil.classroom.follow(code)
    assert pupil.classroom.guard.locked
    assert pupil.classroom.suffix == f"&follow={code}"
    assert not teacher.classroom.guard.locked
    assert teacher.classroom.suffix == ""
    pupil.classroom.following.stop()
    assert not pupil.classroom.guard.locked
    assert pupil.classroom.suffix == ""


def test_the_banner_says_what_a_page_does_in_a_lecture(desks):
    teacher, pupil = desks
    banner = pupil.classroom.__panel__()
    assert not banner.visible
    pupil.classroom.follow(teacher.lead())
    assert banner.visible
    assert "Controls are locked" in banner[0].object
    assert "One page is following" in teacher.classroom.__panel__()[0].object
    teacher.classroom.close()
    assert "The teacher has left" in banner[0].object
    banner[1].param.trigger("clicks")
    assert not banner.visible


def test_a_class_gets_no_notes_for_instructors():
    link = "?view=lessons&system=landau&lesson=landau-damping&step=2&notes=1&plane=x,v"
    query = query_of(for_pupils(link))
    assert "notes" not in query
    assert query["pupils"] == "1"
    assert query["plane"] == "x,v"
    choice, state = LessonsChoice(), Exploration(SHELF)
    choice.read(read_query(query | {"notes": "1"}, SHELF), state)
    assert (choice.step, choice.notes, choice.pupils) == (2, False, True)
    assert choice.write(state) == {"lesson": "landau-damping", "step": "2", "pupils": "1"}
    assert for_pupils("?view=explore&mu=1.3") == "?view=explore&mu=1.3"


def test_a_wrong_code_is_told_in_a_sentence(desks):
    desks[0].classroom.follow("nobody")
    assert desks[0].told == [
        "No lecture has the code 'nobody' now; ask the teacher for the current one."
    ]


def test_what_a_follower_does_not_have_is_told_once_for_each_system(desks):
    teacher, pupil = desks
    code = teacher.lead()
    pupil.classroom.follow(code)
    before = pupil.shows
    for system in ("own-mine-1", "own-mine-2"):
        for mu in (1.2, 1.3, 1.4):
            link = f"?view=explore&system={system}&model={system}-galerkin&mu={mu}"
            LECTURES.tell(code, News(link, playing=True))
    assert pupil.told == [NOT_HERE, NOT_HERE]
    assert pupil.shows == before
    teacher.state.parameters.k = 0.55
    assert pupil.shows == teacher.shows
    assert len(pupil.told) == 2


def test_a_new_page_does_not_start_with_what_it_does_not_have(desks, monkeypatch):
    code = desks[0].lead()
    monkeypatch.setattr(LECTURES, "news", lambda _: News("?system=own-mine-1&mu=1.2"))
    assert followed({"follow": code}, SHELF) == {"follow": code}


def test_a_new_page_starts_with_what_the_teacher_shows(desks):
    code = desks[0].lead()
    query = followed({"follow": code.upper(), "system": "trap"}, SHELF)
    assert (query["system"], query["seed"], query["follow"]) == ("landau", "7", code)
    assert followed({"system": "trap"}, SHELF) == {"system": "trap"}
    assert followed({"follow": "nobody"}, SHELF) == {"follow": "nobody"}
    assert LECTURES.news(code).link == write_query(desks[0].state)
