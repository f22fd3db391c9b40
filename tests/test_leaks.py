"""The check for things left behind finds them."""

from __future__ import annotations

import threading

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QWidget

import leaks
from leaks import Watch


@pytest.fixture(autouse=True)
def _impatient(monkeypatch):
    monkeypatch.setattr(leaks, "PATIENCE", 0.1)


def test_a_window_that_was_not_closed(qapp):
    watch = Watch()
    window = QWidget()
    assert len(watch.leaks()) == 1
    window.deleteLater()
    assert watch.leaks() == []


def test_a_timer_that_still_runs(qapp):
    watch = Watch()
    timer = QTimer()
    with watch.watching():
        timer.start(1000)
    assert len(watch.leaks()) == 1
    timer.stop()
    assert watch.leaks() == []


def test_a_thread_that_did_not_end(qapp):
    watch = Watch()
    end = threading.Event()
    thread = threading.Thread(target=end.wait, name="lost")
    thread.start()
    assert watch.leaks() == ["thread lost"]
    end.set()
    thread.join()
    assert watch.leaks() == []


def test_what_was_there_before_is_no_leak(qapp):
    window = QWidget()
    assert Watch().leaks() == []
    window.deleteLater()
