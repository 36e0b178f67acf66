"""One look a place, whoever asks, and however many at once."""

import threading

import pytest

from pipeline.ground.errors import VendorUnreachable
from pipeline.ground.looks import Looks, NotYet, ahead


class Folder:
    """What counts the looks at it; a look waits until it may end."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.begun, self.may_end = threading.Event(), threading.Event()

    def look(self, place: str) -> dict[str, int]:
        self.asked.append(place)
        self.begun.set()
        assert self.may_end.wait(10)
        if place == "down":
            raise VendorUnreachable("no answer", expected="one", next_step="wait")
        if place == "broken":
            raise KeyError(place)
        return {place: len(self.asked)}


@pytest.fixture
def folder() -> Folder:
    return Folder()


def test_who_asks_while_another_looks_sees_what_that_one_sees(folder: Folder) -> None:
    looks = Looks(folder.look)
    ahead([lambda: looks.begin("a")])
    assert folder.begun.wait(10)
    answers: list[dict[str, int]] = []
    asking = threading.Thread(target=lambda: answers.append(looks.at("a")))
    asking.start()
    folder.may_end.set()
    asking.join(10)
    assert (answers, looks.at("a"), folder.asked) == ([{"a": 1}], {"a": 1}, ["a"])
    looks.forget()
    assert looks.at("a") == {"a": 2}


def test_a_look_that_failed_fails_again_and_is_told_when_somebody_asked(folder: Folder) -> None:
    folder.may_end.set()
    looks = Looks(folder.look)
    looks.begin("down")
    assert looks.failed() == {}
    for _ in range(2):
        with pytest.raises(VendorUnreachable):
            looks.at("down")
    assert [error.found for error in looks.failed().values()] == ["no answer"]
    assert (folder.asked, looks.known("down")) == (["down"], None)


def test_a_look_that_broke_is_none(folder: Folder) -> None:
    folder.may_end.set()
    looks = Looks(folder.look)
    for _ in range(2):
        with pytest.raises(KeyError):
            looks.at("broken")
    assert (folder.asked, looks.places(), looks.failed()) == (["broken", "broken"], [], {})


def test_what_nobody_looked_at_is_not_known(folder: Folder) -> None:
    assert Looks(folder.look).known("a") is None
    assert folder.asked == []


def test_who_does_not_wait_is_told_that_it_is_not_known_yet(folder: Folder) -> None:
    looks = Looks(folder.look)
    for _ in range(2):
        with pytest.raises(NotYet):
            looks.at("a", within=0.01)
    assert (folder.asked, looks.failed()) == (["a"], {})  # one look, in a thread of its own, and nothing is wrong
    folder.may_end.set()
    assert looks.at("a") == looks.at("a", within=0) == {"a": 1}
