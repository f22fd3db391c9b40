"""A file that is open elsewhere: said, with ways to open it all the same, and nothing left beside the person's files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from graph import files
from graph.messages import FileError
from gui.locks import FileLock, InUseError, lock_file
from safe_tools import Desk, Other, chain, quick


@pytest.fixture
def path(project_folder) -> Path:
    path = project_folder / "net.layerloom"
    files.save(chain(3), path)
    return path


@pytest.fixture
def desks(qapp, monkeypatch):
    quick(monkeypatch)
    made = [Desk(), Desk()]
    yield made
    for desk in made:
        desk.leave()


def test_another_process_is_told_and_a_killed_one_holds_nothing(path, desks):
    other = Other("open", path)
    assert other.hear() == "open"
    with pytest.raises(InUseError, match="is open in another window of Layerloom") as refusal:
        desks[0].documents.open(path)
    assert not refusal.value.holder.is_here
    assert desks[0].documents.path is None
    other.kill()
    desks[0].documents.open(path)
    assert desks[0].documents.path == path
    late = Other("open", path)
    assert late.hear().startswith("InUseError")
    late.end()


def test_another_tab_is_told(path, desks):
    one, two = (desk.documents for desk in desks)
    one.open(path)
    with pytest.raises(InUseError, match="another tab of this window") as refusal:
        two.open(path)
    assert refusal.value.holder.is_here
    one.open(path)  # again, in the same tab
    one.close()
    two.open(path)


def test_nothing_lies_beside_the_file(path, desks):
    desks[0].documents.open(path)
    assert [p.name for p in path.parent.iterdir()] == ["net.layerloom"]


def test_links_and_folders_lead_to_the_same_lock(path, project_folder, desks):
    link = project_folder / "link.layerloom"
    link.symlink_to(path)
    desks[0].documents.open(link)
    assert lock_file(link) == lock_file(path)
    with pytest.raises(InUseError):
        desks[1].documents.open(path)


def test_read_only_saves_elsewhere(path, desks):
    one, two = desks
    one.documents.open(path)
    two.documents.open(path, "read-only")
    assert two.documents.is_read_only
    two.edit()
    with pytest.raises(FileError, match="is open in another tab"):
        two.documents.save(path)
    two.documents.save(path.with_name("mine"))
    assert not two.documents.is_read_only and files.load(path) == chain(3)


def test_a_copy_is_a_document_of_its_own(path, desks):
    one, two = (desk.documents for desk in desks)
    one.open(path)
    two.open_copy(path)
    assert two.path is None and two.title == "net"


def test_open_anyway_is_asked_once_and_the_other_hears_of_it(path, desks, qtbot):
    one, two = desks
    one.documents.open(path)
    two.documents.open(path, "anyway")
    two.edit()
    two.documents.save(path)
    qtbot.waitUntil(lambda: bool(one.disks))
    with pytest.raises(FileError, match="was changed by another program"):
        one.documents.save(path)


def test_saving_over_what_another_tab_has_open_is_asked_about(path, desks):
    one, two = desks
    one.documents.open(path)
    two.edit()
    asked = []
    assert not two.documents.save(path, ask=lambda question: asked.append(str(question)))
    assert "open in another tab" in asked[0] and files.load(path) == chain(3)
    assert two.documents.save(path, ask=lambda _question: True)


def test_the_lock_goes_along_when_the_document_is_saved_elsewhere(path, desks):
    one, two = (desk.documents for desk in desks)
    one.open(path)
    one.save(path.with_name("other"))
    two.open(path)
    with pytest.raises(InUseError):
        two.open(path.with_name("other.layerloom"))
    assert two.path == path


def test_a_file_that_cannot_be_read_is_not_locked(path, desks):
    path.write_bytes(b"{")
    with pytest.raises(FileError):
        desks[0].documents.open(path)
    lock = FileLock(path, desks[0].documents)
    assert lock.take() is None
    lock.release()


def test_without_a_place_for_locks_files_open_all_the_same(path, desks, monkeypatch, tmp_path):
    (tmp_path / "state").write_text("in the way")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    desks[0].documents.open(path)
    assert desks[0].documents.path == path


def test_a_very_long_name_has_a_short_lock(project_folder, desks):
    name = "网" * 80 + os.fsdecode(b"\xff") + ".layerloom"
    lock = FileLock(project_folder / name, desks[0].documents)
    assert lock.take() is None and len(lock_file(lock.path).name) == 37
    lock.release()
