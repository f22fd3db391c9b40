"""After a crash everything that was not saved is offered, by one application, until it is saved or discarded."""

from __future__ import annotations

import errno
import json
import os
import time
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QPushButton, QVBoxLayout, QWidget

from graph import atomic, files
from graph.messages import FileError
from gui import safekeeping
from gui.file_watch import Disk
from gui.panels.recovery import RecoveryPanel, facts
from gui.recovery import Recovery
from gui.safekeeping import Claim, Origin
from panel_tools import show, texts
from safe_tools import Desk, Other, chain, quick


def dead_session(*, name: str = "0123456789abcdef") -> Path:
    folder = safekeeping.sessions_folder() / name
    folder.mkdir(parents=True)
    return folder


def leave_over(folder: Path, number: int, count: int, **origin) -> Path:
    copy = folder / f"{number:016x}.layerloom"
    safekeeping.keep(chain(count), copy, Origin(**{"title": f"net{number}.layerloom", **origin}))
    return copy


@pytest.fixture
def recovery(qapp):
    made = Recovery()
    yield made
    made.close()


@pytest.fixture
def desk(qapp, monkeypatch, project_folder):
    quick(monkeypatch)
    made = Desk()
    yield made
    made.leave()


def test_a_killed_process_loses_nothing_that_was_kept(recovery, qapp):
    other = Other("edit", "-", 20)
    kept = [int(other.hear().removeprefix("kept ")) for _ in range(3)]
    assert recovery.recoverable() == []  # it lives
    other.kill()
    (item,) = recovery.recoverable()
    assert item.problem is None and item.num_nodes >= kept[-1] > 20
    assert item.title == "Untitled" and item.original is None


def test_a_killed_process_had_a_file(recovery, desk, project_folder):
    path = project_folder / "net.layerloom"
    files.save(chain(5), path)
    other = Other("edit", path)
    other.hear()
    other.kill()
    (item,) = recovery.recoverable()
    assert (item.original, item.disk, item.title) == (path, Disk.SAME, "net.layerloom")
    assert files.load(path) == chain(5)
    desk.documents.open_recovered(item)
    recovery.take(item)
    assert desk.documents.path == path and not desk.editor.is_saved
    assert item.copy.exists()
    desk.documents.save(path)
    assert len(files.load(path).graph.nodes) == item.num_nodes > 5
    assert not item.copy.exists() and recovery.recoverable() == []


def test_a_killed_window_loses_nothing_that_was_kept(recovery, project_folder):
    path = project_folder / "net.layerloom"
    files.save(chain(5), path)
    other = Other("window", path)
    kept = [int(other.hear().removeprefix("kept ")) for _ in range(2)]
    other.kill()
    (item,) = recovery.recoverable()
    assert item.original == path and item.num_nodes >= kept[-1] > 5
    assert files.load(path) == chain(5)


@pytest.mark.slow
def test_many_kills_lose_nothing_that_was_kept(qapp):
    for number in range(25):
        other = Other("edit", "-", 300)
        kept = 0
        for _ in range(1 + number % 4):
            kept = int(other.hear().removeprefix("kept "))
        time.sleep(0.013 * (number % 7))
        other.kill()
        recovery = Recovery()
        (item,) = recovery.recoverable()
        assert item.problem is None and item.num_nodes >= kept
        recovery.discard(item)
        recovery.close()


def test_a_process_that_ends_on_purpose_leaves_nothing(recovery, project_folder):
    path = project_folder / "net.layerloom"
    files.save(chain(2), path)
    other = Other("open", path)
    assert other.hear() == "open"
    assert other.end() == ("", "")
    assert recovery.recoverable() == []


def test_the_newest_is_first_and_only_one_application_offers_it(recovery, qapp):
    folder = dead_session()
    leave_over(folder, 1, 3, time=1000.0)
    leave_over(folder, 2, 4, time=2000.0)
    assert [item.num_nodes for item in recovery.recoverable()] == [4, 3]
    assert Recovery().recoverable() == []
    recovery.close()
    assert len(Recovery().recoverable()) == 2  # whoever did not answer is asked again


def test_what_the_file_holds_already_is_not_offered(recovery, project_folder):
    path = project_folder / "net.layerloom"
    files.save(chain(3), path)
    copy = leave_over(dead_session(), 1, 3, path=str(path))
    assert recovery.recoverable() == [] and not copy.exists()


def test_saving_over_an_original_that_changed_is_asked_about(recovery, desk, project_folder, qtbot):
    path = project_folder / "net.layerloom"
    files.save(chain(5), path)
    other = Other("edit", path)
    other.hear()
    other.kill()
    files.save(chain(9), path)
    (item,) = recovery.recoverable()
    assert item.disk is Disk.CHANGED
    desk.documents.open_recovered(item)
    with pytest.raises(FileError, match="was changed by another program"):
        desk.documents.save(path)
    asked = []
    assert not desk.documents.save(path, ask=lambda question: asked.append(str(question)))
    assert len(asked) == 1 and files.load(path) == chain(9) and item.copy.exists()
    assert desk.documents.save(path, ask=lambda _question: True)
    assert len(files.load(path).graph.nodes) == item.num_nodes
    assert files.load(path.with_name("net.layerloom~")) == chain(9)
    assert not item.copy.exists()


def test_a_second_crash_offers_both_and_saving_the_newer_ends_both(recovery, desk, qtbot, project_folder):
    leave_over(dead_session(), 1, 3, time=1000.0)
    (item,) = recovery.recoverable()
    desk.documents.open_recovered(item)
    recovery.take(item)
    desk.edit()
    qtbot.waitUntil(lambda: len(desk.kept()) == 2 and files.load(desk.kept()[-1]) is not None)
    qtbot.waitUntil(lambda: any(len(files.load(copy).graph.nodes) == 4 for copy in desk.kept()))
    origins = [safekeeping.origin_of(copy).continues for copy in desk.kept()]
    assert (("0123456789abcdef", f"{1:016x}"),) in origins
    assert recovery.recoverable() == []  # it is open
    desk.documents.save(project_folder / "saved")
    assert desk.kept() == []


@pytest.fixture
def crashed_thrice(qapp):
    """One drawing, recovered after each of three crashes: nodes 3, 4, 5; and another one."""
    folder = dead_session()
    keys = [(folder.name, f"{number:016x}") for number in (1, 2)]
    copies = [leave_over(folder, 1, 3, time=1000.0)]
    copies.append(leave_over(folder, 2, 4, time=2000.0, continues=keys[:1]))
    copies.append(leave_over(folder, 3, 5, time=3000.0, continues=keys))
    leave_over(folder, 4, 6, time=500.0)
    return copies


def test_what_a_recovered_drawing_continues_is_not_listed_but_kept(recovery, crashed_thrice):
    newest, other = recovery.recoverable()
    assert (newest.num_nodes, other.num_nodes) == (5, 6)
    assert all(copy.exists() for copy in crashed_thrice)
    recovery.take(newest)
    assert [item.num_nodes for item in recovery.recoverable()] == [6]
    recovery.discard(newest)
    assert not any(copy.exists() for copy in crashed_thrice)


def test_a_damaged_newest_hides_nothing_and_takes_nothing_along(recovery, crashed_thrice):
    crashed_thrice[2].write_bytes(b"{")
    assert [item.num_nodes for item in recovery.recoverable()] == [None, 4, 6]
    recovery.discard(recovery.recoverable()[0])
    assert [item.num_nodes for item in recovery.recoverable()] == [4, 6]


def test_what_was_saved_after_a_crash_is_not_offered_in_its_older_form(recovery, crashed_thrice, project_folder):
    path = project_folder / "net.layerloom"
    files.save(chain(5), path)
    keys = (("0123456789abcdef", f"{1:016x}"), ("0123456789abcdef", f"{2:016x}"))
    safekeeping.keep(chain(5), crashed_thrice[2], Origin("net", str(path), continues=keys))
    assert [item.num_nodes for item in recovery.recoverable()] == [6]
    assert not any(copy.exists() for copy in crashed_thrice)


@pytest.mark.parametrize(
    "damage", [b"", b"{", b"\xff\xfe\x00", b"[" * 100_000, b'{"format": "layerloom", "version": 1}']
)
def test_a_damaged_copy_is_listed_and_never_deleted(recovery, desk, project_folder, damage):
    copy = leave_over(dead_session(), 1, 3)
    copy.write_bytes(damage)
    (item,) = recovery.recoverable()
    assert item.problem is not None and item.num_nodes is None and item.title == "net1.layerloom"
    with pytest.raises(FileError):
        desk.documents.open_recovered(item)
    assert copy.read_bytes() == damage
    place = project_folder / "as it is.layerloom"
    recovery.save_as(item, place)
    assert place.read_bytes() == damage and not copy.exists()


@pytest.mark.parametrize(
    "record",
    [
        b"",
        b"nonsense",
        b"[]",
        b'{"title": 3}',
        b"[" * 100_000,
        json.dumps({"title": "x", "time": 1e300}).encode(),
        json.dumps({"title": "x", "continues": [["..", "../../etc/passwd"]]}).encode(),
    ],
)
def test_a_damaged_record_costs_the_title_only(recovery, record):
    copy = leave_over(dead_session(), 1, 3)
    copy.with_suffix(".json").write_bytes(record)
    (item,) = recovery.recoverable()
    assert (item.num_nodes, item.original, item.continues, item.title) == (3, None, (), "Untitled")


def test_a_copy_without_a_record_is_offered(recovery):
    copy = leave_over(dead_session(), 1, 3)
    copy.with_suffix(".json").unlink()
    assert [item.num_nodes for item in recovery.recoverable()] == [3]


def test_names_that_are_no_text_survive(recovery):
    odd = os.fsdecode(b"/tmp/\xff\xfe net \xe7\xbd\x91.layerloom")
    leave_over(dead_session(), 1, 3, path=odd)
    (item,) = recovery.recoverable()
    assert item.original == Path(odd) and item.disk is Disk.GONE


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO, errno.EROFS, errno.EACCES], ids=errno.errorcode.get)
@pytest.mark.parametrize("call", ["open", "write", "fsync", "replace"])
def test_a_copy_that_cannot_be_saved_elsewhere_stays(recovery, project_folder, monkeypatch, code, call):
    copy = leave_over(dead_session(), 1, 3)
    (item,) = recovery.recoverable()

    def failing(*_arguments, **_more):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(atomic.os, call, failing)
    with pytest.raises(FileError):
        recovery.save_as(item, project_folder / "there.layerloom")
    monkeypatch.undo()
    assert files.load(copy) == chain(3)


def test_a_live_session_is_told_apart_from_a_dead_one(recovery):
    folder = dead_session()
    leave_over(folder, 1, 3)
    living = Claim(folder)
    assert living.take()
    assert recovery.recoverable() == []
    living.release()
    assert len(recovery.recoverable()) == 1


def test_empty_sessions_are_cleared_away(qapp):
    dead_session()
    recovery = Recovery()
    assert recovery.recoverable() == []
    recovery.close()
    assert list(safekeeping.sessions_folder().iterdir()) == []


# ---- the list


@pytest.fixture
def panel(qtbot, recovery, project_folder) -> RecoveryPanel:
    folder = dead_session()
    leave_over(folder, 1, 3, time=time.time() - 3 * 86400 - 5)
    leave_over(folder, 2, 1, time=time.time() - 70, path=str(project_folder / "gone.layerloom"))
    leave_over(folder, 3, 2, time=time.time()).write_bytes(b"{")
    made = show(qtbot, RecoveryPanel(recovery), 1000, 400)
    with qtbot.waitSignal(recovery.found):
        recovery.look()
    made.adjustSize()
    return made


@pytest.mark.parametrize("count", [1, 2, 3])
def test_rows_without_a_remark_are_seen_whole(qtbot, recovery, count):
    folder = dead_session()
    for number in range(count):
        leave_over(folder, number, 3)
    window = show(qtbot, QWidget(), 1000, 600)
    lines = QVBoxLayout(window)
    lines.addWidget(panel := RecoveryPanel(recovery))
    lines.addWidget(QWidget(), 1)
    with qtbot.waitSignal(recovery.found):
        recovery.look()
    assert len(panel.rows) == count
    qtbot.waitUntil(lambda: are_seen_whole(panel))
    window.setFont(QFont(window.font().family(), 20))
    qtbot.waitUntil(lambda: panel.rows[0].height() > 60 and are_seen_whole(panel))


def are_seen_whole(panel: RecoveryPanel) -> bool:
    parts = [part for row in panel.rows for part in (row, row.open_button, row.discard_button)]
    return all(part.visibleRegion().boundingRect() == part.rect() for part in parts)


def press(qtbot, button: QPushButton) -> None:
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def test_the_list_says_age_size_and_place(panel, project_folder):
    words = [facts(row.item) for row in panel.rows]
    assert words[0] == "just now · never saved"
    assert words[1] == f"1 minute ago · 1 node · {project_folder / 'gone.layerloom'}"
    assert words[2] == "3 days ago · 3 nodes · never saved"
    assert "3 drawings were not saved when Layerloom ended." in texts(panel)
    assert "The file is gone." in texts(panel.rows[1])
    assert any(text.startswith("What was autosaved is damaged: It is not valid JSON") for text in texts(panel.rows[0]))


def test_a_damaged_one_cannot_be_opened_but_saved(panel, qtbot):
    assert not panel.rows[0].open_button.isVisible()
    with qtbot.waitSignal(panel.save_as_requested) as asked:
        press(qtbot, panel.rows[0].copy_button)
    assert asked.args[0].problem is not None


def test_open_all_asks_for_the_whole_ones(panel, qtbot):
    asked = []
    panel.open_requested.connect(asked.append)
    press(qtbot, panel.open_all)
    assert [item.num_nodes for item in asked] == [1, 3]


def test_discarding_is_confirmed_in_place(panel, qtbot):
    row = panel.rows[2]
    copy = row.item.copy
    press(qtbot, row.discard_button)
    assert copy.exists() and row.keep_button.hasFocus() and not row.discard_button.isVisible()
    qtbot.keyClick(row.keep_button, Qt.Key.Key_Space)
    assert row.discard_button.hasFocus() and copy.exists()
    press(qtbot, row.discard_button)
    press(qtbot, row.sure_button)
    assert not copy.exists() and len(panel.rows) == 2


def test_later_puts_the_list_away_and_loses_nothing(panel, qtbot):
    copies = [row.item.copy for row in panel.rows]
    press(qtbot, panel.later)
    assert not panel.isVisible() and all(copy.exists() for copy in copies)


def test_opening_takes_it_from_the_list(panel, recovery, desk):
    item = panel.rows[2].item
    desk.documents.open_recovered(item)
    recovery.take(item)
    assert [row.item.num_nodes for row in panel.rows] == [None, 1]
    assert item.copy.exists()


def test_nothing_left_over_shows_nothing(qtbot, recovery, qapp):
    panel = RecoveryPanel(recovery)
    qtbot.addWidget(panel)
    with qtbot.waitSignal(recovery.found):
        recovery.look()
    assert panel.isHidden()
