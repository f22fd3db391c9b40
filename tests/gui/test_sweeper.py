"""Dead objects of Qt go in the thread of the window, whoever makes objects meanwhile."""

from __future__ import annotations

import gc
import threading
import weakref

import pytest
import shiboken6
from PySide6.QtCore import QObject

from gui.sweeper import Sweeper


class Tied(QObject):
    """Holds itself, so only a look for cycles finds that it is dead."""

    def __init__(self, died_in: list[str]) -> None:
        super().__init__()
        self.me = self
        weakref.finalize(self, lambda: died_in.append(threading.current_thread().name))


@pytest.fixture
def as_python_does(qapp):
    """The collector works by itself, which it does in no other test."""
    gc.collect()
    gc.enable()
    yield
    gc.disable()


@pytest.fixture
def sweeper(as_python_does):
    made = Sweeper()
    assert not gc.isenabled()
    yield made
    shiboken6.delete(made)
    assert gc.isenabled()


def crowd() -> list[list[int]]:
    """So many objects that the collector of Python would look several times."""
    return [[i] for i in range(20_000)]


def in_a_thread() -> list[list[int]]:
    made: list[list[int]] = []
    thread = threading.Thread(target=lambda: made.extend(crowd()), name="worker")
    thread.start()
    thread.join()
    return made


def test_without_it_they_die_in_any_thread(as_python_does):
    died_in: list[str] = []
    Tied(died_in)
    in_a_thread()
    assert died_in == ["worker"]


def test_they_die_in_the_thread_of_the_window(sweeper, qtbot):
    died_in: list[str] = []
    Tied(died_in)
    made = in_a_thread()
    assert died_in == [] and len(made) == 20_000
    qtbot.waitUntil(lambda: died_in == ["MainThread"])


def test_old_ones_are_found_too(sweeper, qtbot):
    """What survived young is looked at again when its turn comes."""
    died_in: list[str] = []
    tied = [Tied(died_in)]
    gc.collect()
    del tied
    made = []
    for _ in range(200):
        made.append([[i] for i in range(1000)])
        sweeper.sweep()
    assert died_in == ["MainThread"]


def test_nothing_is_looked_through_while_little_is_new(sweeper, monkeypatch):
    gc.collect()
    looked: list[int] = []
    monkeypatch.setattr(gc, "collect", looked.append)
    sweeper.sweep()
    assert looked == []


def test_the_old_are_looked_through_again_when_a_quarter_has_come_to_them(sweeper, monkeypatch):
    looked: list[int] = []
    collect = gc.collect
    monkeypatch.setattr(gc, "collect", lambda age: (looked.append(age), collect(age))[1])
    monkeypatch.setattr(gc, "get_count", lambda: (0, 11, 11))
    gc.freeze()  # what all tests before have made is left out of it
    try:
        kept = crowd()
        sweeper.sweep()
        sweeper.sweep()
        assert looked == [2, 1], "nothing came in between"
        kept += crowd()
        sweeper.sweep()
        sweeper.sweep()
        assert looked == [2, 1, 1, 2]
    finally:
        gc.unfreeze()
