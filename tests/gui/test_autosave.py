"""Autosave: soon, off the thread of the window, only what the file lacks, and whatever fails is told once and mended."""

from __future__ import annotations

import errno
import os
import sys
import threading
import time
from datetime import datetime
from itertools import pairwise
from pathlib import Path

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from graph import atomic, files
from gui import safekeeping
from gui.safekeeping import Session, origin_of
from safe_tools import Desk, chain, quick

FAILURES = (errno.ENOSPC, errno.EIO, errno.EROFS, errno.EACCES)


@pytest.fixture
def desk(qapp, qtbot, monkeypatch, project_folder):
    quick(monkeypatch)
    made = Desk()
    yield made
    made.leave()


def test_an_edit_is_kept_with_where_it_came_from(desk, qtbot, project_folder):
    path = project_folder / "net.layerloom"
    desk.documents.save(path)
    with qtbot.waitSignal(desk.documents.autosaved) as told:
        desk.edit("relu")
    (copy,) = desk.kept()
    assert files.load(copy) == desk.editor.project
    origin = origin_of(copy)
    assert (origin.title, origin.path) == ("net.layerloom", str(path))
    assert abs(origin.time - time.time()) < 10 and isinstance(told.args[0], datetime)
    assert copy.parent.stat().st_mode & 0o077 == 0  # nobody else's business


def test_what_is_in_the_file_is_not_kept(desk, qtbot, project_folder):
    desk.edit()
    qtbot.waitUntil(lambda: len(desk.kept()) == 1)
    desk.documents.save(project_folder / "net.layerloom")
    qtbot.waitUntil(lambda: desk.kept() == [])
    desk.edit()
    qtbot.waitUntil(lambda: len(desk.kept()) == 1)
    desk.editor.undo()  # what the file holds again
    qtbot.waitUntil(lambda: desk.kept() == [])
    qtbot.wait(60)
    assert desk.kept() == []


def test_closing_on_purpose_leaves_nothing(desk, qtbot):
    desk.edit()
    qtbot.waitUntil(lambda: len(desk.kept()) == 1)
    desk.edit()
    desk.documents.autosave.write_now()
    desk.documents.close()  # while a thread writes
    desk.session.end()
    assert list(safekeeping.sessions_folder().iterdir()) == []


def test_edits_without_rest_are_kept_all_the_same(desk, qtbot):
    edits = QTimer(interval=5)
    edits.timeout.connect(desk.edit)
    edits.start()
    qtbot.waitUntil(lambda: len(desk.saved_at) >= 3, timeout=5000)
    edits.stop()
    qtbot.waitUntil(lambda: files.load(desk.kept()[0]) == desk.editor.project)


def test_the_last_edit_is_kept_however_slow_the_disk(desk, qtbot, monkeypatch):
    real = safekeeping.keep

    def slow(*arguments):
        time.sleep(0.08)
        real(*arguments)

    monkeypatch.setattr(safekeeping, "keep", slow)
    for _ in range(5):
        desk.edit()
        qtbot.wait(30)
    qtbot.waitUntil(lambda: bool(desk.kept()) and files.load(desk.kept()[0]) == desk.editor.project, timeout=5000)


@pytest.mark.parametrize("code", FAILURES, ids=errno.errorcode.get)
def test_a_failure_is_told_once_and_tried_again(desk, qtbot, monkeypatch, code):
    def failing(*_arguments, **_more):
        raise OSError(code, os.strerror(code))

    with monkeypatch.context() as broken:
        broken.setattr(atomic.os, "fsync", failing)
        desk.edit()
        qtbot.waitUntil(lambda: len(desk.warnings) == 1)
        desk.edit()
        qtbot.wait(150)
    assert len(desk.warnings) == 1 and "could not be autosaved" in desk.warnings[0]
    qtbot.waitUntil(lambda: len(desk.saved_at) == 1, timeout=5000)  # by itself, without an edit
    assert files.load(desk.kept()[0]) == desk.editor.project


@pytest.mark.parametrize("code", FAILURES, ids=errno.errorcode.get)
@pytest.mark.parametrize("call", ["open", "write", "fsync", "replace"])
@pytest.mark.parametrize("nth", [1, 2])
def test_whatever_write_fails_the_copy_before_is_whole(tmp_path, monkeypatch, code, call, nth):
    copy = tmp_path / "0123456789abcdef.layerloom"
    old, new = chain(3), chain(4)
    safekeeping.keep(old, copy, safekeeping.Origin("old"))
    real, calls = getattr(os, call), []

    def failing(path, *arguments, **more):
        calls.append(path)
        if len(calls) == nth:
            raise OSError(code, os.strerror(code))
        return real(path, *arguments, **more)

    monkeypatch.setattr(atomic.os, call, failing)
    try:
        safekeeping.keep(new, copy, safekeeping.Origin("new"))
        failed = False
    except files.FileError:
        failed = True
    monkeypatch.undo()
    assert failed and len(calls) >= nth
    assert files.load(copy) in (old, new) and origin_of(copy).title in ("old", "new")
    assert not list(tmp_path.glob("*.tmp"))


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
def test_a_state_folder_without_permission_is_told(desk, qtbot, state_home):
    state_home.chmod(0o500)
    try:
        desk.edit()
        qtbot.waitUntil(lambda: len(desk.warnings) == 1)
    finally:
        state_home.chmod(0o700)
    assert "no permission" in desk.warnings[0]
    qtbot.waitUntil(lambda: len(desk.saved_at) == 1)


def test_a_state_folder_that_is_a_file_is_told(qapp, qtbot, monkeypatch, tmp_path):
    quick(monkeypatch)
    (tmp_path / "state").write_text("in the way")
    desk = Desk(session=Session(tmp_path / "state" / "sessions"))
    desk.edit()
    qtbot.waitUntil(lambda: len(desk.warnings) == 1)
    assert "could not be autosaved" in desk.warnings[0]
    assert len(desk.editor.graph.nodes) == 1
    (tmp_path / "state").unlink()
    qtbot.waitUntil(lambda: len(desk.saved_at) == 1)
    desk.leave()


@pytest.mark.parametrize("code", FAILURES, ids=errno.errorcode.get)
def test_a_session_that_cannot_begin_is_told_and_begins_later(desk, qtbot, monkeypatch, code):
    def failing(*_arguments, **_more):
        raise OSError(code, os.strerror(code))

    with monkeypatch.context() as broken:
        broken.setattr(safekeeping.Path, "mkdir", failing)
        desk.edit()
        qtbot.waitUntil(lambda: len(desk.warnings) == 1)
    qtbot.waitUntil(lambda: len(desk.saved_at) == 1)


def test_a_full_disk_on_which_no_lock_can_be_written(desk, qtbot, monkeypatch):
    with monkeypatch.context() as broken:
        broken.setattr(safekeeping.Claim, "take", lambda _claim: False)
        desk.edit()
        qtbot.waitUntil(lambda: len(desk.warnings) == 1)
        assert "The disk is full" in desk.warnings[0]
        assert list(safekeeping.sessions_folder().iterdir()) == []
    qtbot.waitUntil(lambda: len(desk.saved_at) == 1)


def test_all_documents_of_an_application_have_one_session(qapp):
    root = safekeeping.sessions_folder()
    assert safekeeping.session_in(root) is safekeeping.session_in(root)


def test_a_session_whose_folder_was_cleared_away_gets_another(desk, qtbot):
    desk.edit()
    qtbot.waitUntil(lambda: len(desk.kept()) == 1)
    folder = desk.kept()[0].parent
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()
    desk.edit()
    qtbot.waitUntil(lambda: len(desk.kept()) == 1)


def test_two_documents_share_a_session(qapp, qtbot, monkeypatch, project_folder):
    quick(monkeypatch)
    session = Session()
    desks = [Desk(session=session), Desk(session=session)]
    for desk in desks:
        desk.edit()
    qtbot.waitUntil(lambda: len(desks[0].kept()) == 2)
    assert len({copy.parent for copy in desks[0].kept()}) == 1
    desks[0].documents.close()
    assert len(desks[1].kept()) == 1
    for desk in desks:
        desk.leave()


def longest_gap(qtbot, desk: Desk, ticks: list[float], edits: int) -> float:
    """Milliseconds that the window waited at most for its turn while so many edits were kept."""
    del ticks[:]
    for _ in range(edits):
        desk.edit()
        count = len(desk.saved_at)
        desk.documents.autosave.write_now()
        qtbot.waitUntil(lambda count=count: len(desk.saved_at) > count, timeout=10_000)
    gaps = [later - earlier for earlier, later in pairwise(ticks)]
    return 1000 * max(gaps)


@pytest.mark.slow
def test_the_window_does_not_wait_at_5000_nodes(qapp, qtbot, project_folder):
    desk = Desk(chain(5000))
    ticks: list[float] = []
    timer = QTimer(interval=1)
    timer.timeout.connect(lambda: ticks.append(time.perf_counter()))
    timer.start()
    began = time.perf_counter()
    desk.documents.autosave.write_now()
    assert time.perf_counter() - began < 0.004
    longest = sorted(longest_gap(qtbot, desk, ticks, 1) for _ in range(5))[2]
    timer.stop()
    desk.leave()
    assert longest < 30  # with the edit itself and the waiting of the test


def test_the_thread_takes_short_turns_and_gives_the_setting_back(desk, qtbot, monkeypatch):
    usual, during = sys.getswitchinterval(), []
    real = safekeeping.keep

    def noting(*arguments):
        during.append((sys.getswitchinterval(), threading.current_thread().name))
        real(*arguments)

    monkeypatch.setattr(safekeeping, "keep", noting)
    desk.edit()
    qtbot.waitUntil(lambda: len(desk.saved_at) == 1)
    QApplication.processEvents()
    assert during == [(pytest.approx(0.0005), "layerloom-autosave")]
    assert sys.getswitchinterval() == pytest.approx(usual)


def test_a_copy_has_its_name_whatever_the_document_is_called(desk, qtbot, project_folder):
    name = "网络 ﬁ " + "x" * 60
    desk.documents.save(project_folder / name)
    assert desk.documents.path == Path(project_folder / f"{name}.layerloom")
    desk.edit()
    qtbot.waitUntil(lambda: len(desk.saved_at) == 1)
    assert origin_of(desk.kept()[0]).title == f"{name}.layerloom"
