"""What others do to the file of a document: said, never overwritten unasked, and taken in as a step that can be undone."""

from __future__ import annotations

import errno
import os
import shutil
import threading
import time
from pathlib import Path

import pytest
from PySide6.QtCore import Qt

from graph import files
from graph.messages import FileError
from gui.file_watch import Disk, digest_of
from gui.locks import FileLock, InUseError
from gui.panels.banner import NARROW, DocumentBanner
from panel_tools import show
from safe_tools import Desk, chain, quick


@pytest.fixture
def path(project_folder) -> Path:
    folder = project_folder / "深 folder"
    folder.mkdir()
    path = folder / "net.layerloom"
    files.save(chain(3), path)
    return path


@pytest.fixture
def desk(qapp, qtbot, monkeypatch, path):
    quick(monkeypatch)
    made = Desk()
    made.documents.open(path)
    qtbot.waitUntil(lambda: str(path.parent) in made.documents.watch._watcher.directories())
    qtbot.wait(80)  # until the first looks are over
    yield made
    made.leave()


@pytest.fixture
def banner(qtbot, desk) -> DocumentBanner:
    made = show(qtbot, DocumentBanner(desk.documents), 1000, 80)
    made.hide()
    return made


def overwrite(path: Path, count: int) -> None:
    """As a program does that writes into the file."""
    path.write_text(files.to_text(chain(count)), "utf-8")


def replace(path: Path, count: int) -> None:
    """As a program does that puts another file in its place."""
    new = path.with_name("new")
    overwrite(new, count)
    os.replace(new, path)


def saw(qtbot, desk: Desk, disk: Disk) -> None:
    qtbot.waitUntil(lambda: desk.documents.disk is disk, timeout=3000)


@pytest.mark.parametrize("change", [overwrite, replace])
def test_a_change_is_noticed_again_and_again(desk, qtbot, path, change):
    for count in (4, 5, 6):
        change(path, count)
        saw(qtbot, desk, Disk.CHANGED)
        desk.documents.reload()
        assert len(desk.editor.graph.nodes) == count and desk.documents.disk is Disk.SAME
        assert desk.editor.is_saved
        qtbot.wait(80)


def test_reloading_is_a_step_that_can_be_undone(desk, qtbot, path):
    desk.edit()
    mine = desk.editor.project
    replace(path, 7)
    saw(qtbot, desk, Disk.CHANGED)
    desk.documents.reload()
    assert desk.editor.is_saved and len(desk.editor.graph.nodes) == 7
    assert str(desk.editor.undo_text) == "Reload from the file"
    desk.editor.undo()
    assert desk.editor.project is mine and not desk.editor.is_saved


def test_touching_a_file_or_saving_it_is_no_change(desk, qtbot, path):
    os.utime(path, (1, 1))
    replace(path, 3)
    desk.edit()
    desk.documents.save(path)
    qtbot.wait(200)
    assert desk.documents.disk is Disk.SAME and desk.disks == []


def test_a_change_that_is_taken_back_is_forgotten(desk, qtbot, path):
    replace(path, 4)
    saw(qtbot, desk, Disk.CHANGED)
    replace(path, 3)
    saw(qtbot, desk, Disk.SAME)
    assert desk.editor.is_saved


def test_what_the_file_lost_is_kept(desk, qtbot, path):
    replace(path, 4)
    saw(qtbot, desk, Disk.CHANGED)
    qtbot.waitUntil(lambda: len(desk.kept()) == 1)
    assert files.load(desk.kept()[0]) == desk.editor.project


@pytest.mark.parametrize("how", ["delete", "move", "folder"])
def test_a_file_that_is_gone_leaves_the_drawing_unsaved(desk, qtbot, path, how):
    there = path.with_name("elsewhere.layerloom")
    if how == "delete":
        path.unlink()
    elif how == "move":
        path.rename(there)
    else:
        shutil.rmtree(path.parent)
    saw(qtbot, desk, Disk.GONE)
    assert not desk.editor.is_saved and desk.editor.project == chain(3)
    qtbot.waitUntil(lambda: len(desk.kept()) == 1)
    if how == "move":
        there.rename(path)
        saw(qtbot, desk, Disk.SAME)
        assert desk.editor.is_saved
    elif how == "delete":
        desk.documents.save(path)
        assert files.load(path) == desk.editor.project and desk.documents.disk is Disk.SAME
    else:
        with pytest.raises(FileError, match="no such file or folder"):
            desk.documents.save(path)
        path.parent.mkdir()
        files.save(chain(3), path)
        saw(qtbot, desk, Disk.SAME)


def test_behind_a_link_both_folders_are_watched(qapp, qtbot, monkeypatch, path, project_folder):
    quick(monkeypatch)
    link = project_folder / "link.layerloom"
    link.symlink_to(path)
    desk = Desk()
    desk.documents.open(link)
    qtbot.waitUntil(lambda: {str(path.parent), str(link.parent)} <= set(desk.documents.watch._watcher.directories()))
    replace(path, 4)
    saw(qtbot, desk, Disk.CHANGED)
    desk.documents.reload()
    other = path.with_name("other.layerloom")
    files.save(chain(9), other)
    link.unlink()
    link.symlink_to(other)
    saw(qtbot, desk, Disk.CHANGED)
    desk.documents.reload()
    assert len(desk.editor.graph.nodes) == 9
    desk.leave()


def test_saving_asks_even_before_the_change_was_noticed(desk, path):
    desk.edit()
    replace(path, 5)
    asked = []
    assert not desk.documents.save(path, ask=lambda question: asked.append(str(question)))
    assert "the other version stays beside it as 'net.layerloom~'" in asked[0]
    assert files.load(path) == chain(5)
    assert desk.documents.save(path, ask=lambda _question: True)
    assert files.load(path.with_name("net.layerloom~")) == chain(5)


def test_keeping_mine_is_asked_about_no_more(desk, qtbot, path):
    desk.edit()
    replace(path, 5)
    saw(qtbot, desk, Disk.CHANGED)
    desk.documents.keep_mine()
    assert desk.documents.disk is Disk.SAME and not desk.editor.is_saved
    assert desk.documents.save(path) and len(files.load(path).graph.nodes) == 4


def test_a_file_that_became_nonsense_is_not_taken(desk, banner, qtbot, path):
    path.write_bytes(b"{")
    saw(qtbot, desk, Disk.CHANGED)
    press(qtbot, banner, "Reload")
    assert "cannot be opened" in desk.warnings[0] and desk.editor.project == chain(3)
    assert banner.isVisible()


def test_a_pipe_in_its_place_blocks_nobody(desk, qtbot, path):
    path.unlink()
    os.mkfifo(path)
    saw(qtbot, desk, Disk.UNREADABLE)
    assert desk.editor.project == chain(3)


def test_a_drive_that_is_gone_is_said_and_comes_back(desk, banner, qtbot, monkeypatch):
    def gone(_path):
        raise OSError(errno.ENOTCONN, os.strerror(errno.ENOTCONN))

    with monkeypatch.context() as broken:
        broken.setattr("gui.file_watch.digest_of", gone)
        desk.documents.watch.look()
        saw(qtbot, desk, Disk.UNREADABLE)
        assert "cannot be read at the moment" in banner.text and banner.isVisible()
        qtbot.waitUntil(lambda: len(desk.kept()) == 1)
    saw(qtbot, desk, Disk.SAME)
    assert not banner.isVisible() and desk.editor.is_saved


def test_a_drive_that_does_not_answer_holds_nobody_up(desk, qtbot, monkeypatch):
    answers = threading.Event()
    with monkeypatch.context() as broken:
        broken.setattr("gui.file_watch.digest_of", lambda path: answers.wait(5) and digest_of(path))
        began = time.monotonic()
        desk.documents.watch.look()
        desk.documents.watch.look()
        desk.edit()
        qtbot.waitUntil(lambda: len(desk.saved_at) == 1)
        assert time.monotonic() - began < 2
        answers.set()
        qtbot.wait(60)
    assert desk.documents.disk is Disk.SAME


def test_a_write_protected_file_is_said_and_the_drawing_kept(desk, qtbot, path, monkeypatch):
    desk.edit()
    with monkeypatch.context() as protected:
        protected.setattr(os, "access", lambda *_: False)
        with pytest.raises(FileError, match="You have no permission"):
            desk.documents.save(path)
    qtbot.waitUntil(lambda: len(desk.saved_at) == 1)
    assert files.load(path) == chain(3) and not desk.editor.is_saved


def test_a_name_that_is_too_long_is_said_and_changes_nothing(desk, path):
    desk.edit()
    with pytest.raises(FileError, match="The name is too long"):
        desk.documents.save(path.with_name("网" * 200))
    assert desk.documents.path == path and not desk.editor.is_saved


def test_a_longest_name_is_locked_watched_and_kept(desk, qtbot, path):
    there = path.with_name("é" * 110 + ".layerloom")
    desk.documents.save(there)
    desk.edit()
    qtbot.waitUntil(lambda: len(desk.saved_at) == 1)
    replace(there, 6)
    saw(qtbot, desk, Disk.CHANGED)


# ---- the banner


def press(qtbot, banner: DocumentBanner, words: str) -> None:
    (button,) = [button for button in banner.buttons if button.text() == words]
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def words(banner: DocumentBanner) -> list[str]:
    return [button.text() for button in banner.buttons]


def test_the_banner_offers_to_reload(desk, banner, qtbot, path):
    replace(path, 4)
    qtbot.waitUntil(banner.isVisible)
    assert banner.text == "'net.layerloom' was changed by another program. Reloading can be undone."
    assert words(banner) == ["Reload", "Compare", "Keep mine"]
    banner.buttons[0].setFocus()
    qtbot.keyClick(banner.buttons[0], Qt.Key.Key_Space)
    assert len(desk.editor.graph.nodes) == 4 and not banner.isVisible()


def test_the_banner_knows_of_my_changes(desk, banner, qtbot, path):
    desk.edit()
    replace(path, 5)
    qtbot.waitUntil(banner.isVisible)
    assert "and you have changes that are not saved" in banner.text
    with qtbot.waitSignal(desk.documents.compare_requested) as asked:
        press(qtbot, banner, "Compare")
    assert asked.args[0] == chain(5)
    press(qtbot, banner, "Keep mine")
    assert not banner.isVisible() and len(desk.editor.graph.nodes) == 4


def test_the_banner_offers_a_place_when_the_file_is_gone(desk, banner, qtbot, path):
    path.unlink()
    qtbot.waitUntil(banner.isVisible)
    assert "was deleted or moved away" in banner.text
    with qtbot.waitSignal(banner.save_as_requested):
        press(qtbot, banner, "Save as…")
    desk.documents.save(path.with_name("there"))
    assert not banner.isVisible()


@pytest.mark.parametrize(
    ("button", "way"), [("Open read-only", "read-only"), ("Open a copy", "copy"), ("Open anyway", "anyway")]
)
def test_the_banner_offers_ways_to_open_what_is_in_use(desk, banner, qtbot, path, button, way):
    with pytest.raises(InUseError) as refusal:
        raise InUseError(path, FileLock(path, desk.documents).take())
    banner.ask_how_to_open(refusal.value)
    desk.edit()  # what happens in the document meanwhile leaves the question there
    assert banner.isVisible()
    with qtbot.waitSignal(banner.open_requested) as asked:
        press(qtbot, banner, button)
    assert asked.args == [path, way] and not banner.isVisible()


def test_escape_and_the_cross_put_it_away(desk, banner, qtbot, path):
    replace(path, 4)
    qtbot.waitUntil(banner.isVisible)
    qtbot.keyClick(banner.buttons[1], Qt.Key.Key_Escape)
    assert not banner.isVisible()
    with pytest.raises(FileError):
        desk.documents.save(path)


def test_a_narrow_banner_has_its_buttons_below(desk, banner, qtbot, path):
    replace(path, 4)
    qtbot.waitUntil(banner.isVisible)
    banner.resize(NARROW - 100, 120)
    qtbot.waitUntil(lambda: banner.buttons[0].y() > banner._label.y())


def test_read_only_is_said(desk, banner, qtbot, path):
    desk.documents.open(path, "read-only")
    assert "is open read-only" in banner.text and words(banner) == ["Save as…"]
