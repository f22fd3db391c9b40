"""Whatever the person and other programs do to a document: what is on the canvas outlives a crash a moment later."""

from __future__ import annotations

import time
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PySide6.QtWidgets import QApplication

from amount import many
from graph import files
from graph.messages import FileError
from gui.recovery import read
from safe_tools import Desk, chain, quick

PATIENCE = 5.0  # seconds


def rest(desk: Desk) -> None:
    """Let threads and timers come to their end."""
    deadline = time.monotonic() + PATIENCE
    autosave, watch = desk.documents.autosave, desk.documents.watch
    while time.monotonic() < deadline:
        QApplication.processEvents()
        busy = (
            autosave._job is not None or watch._is_looking or autosave._timer.isActive() or watch._settling.isActive()
        )
        if not busy:
            return
        time.sleep(0.002)
    raise AssertionError("it does not come to rest")


def text_of(path: Path) -> str:
    return path.read_text("utf-8") if path.exists() else ""


class Story:
    """What can happen to a document, by name."""

    def __init__(self, desk: Desk, path: Path) -> None:
        self.desk, self.path, self.count = desk, path, 0

    def edit(self) -> None:
        self.desk.edit()

    def undo(self) -> None:
        self.desk.editor.undo()

    def redo(self) -> None:
        self.desk.editor.redo()

    def travel(self) -> None:
        self.desk.editor.travel_to(self.count % len(self.desk.editor.history.steps))

    def save(self) -> None:
        self.desk.documents.save(self.path, ask=lambda _question: True)

    def save_unasked(self) -> None:
        before = text_of(self.path)
        try:
            self.desk.documents.save(self.path)
        except FileError:
            assert text_of(self.path) == before

    def others_write(self) -> None:
        self.count += 1
        self.path.write_text(files.to_text(chain(self.count)), "utf-8")

    def others_delete(self) -> None:
        self.path.unlink(missing_ok=True)

    def reload(self) -> None:
        try:
            self.desk.documents.reload()
        except FileError:
            assert not self.path.exists()

    def keep_mine(self) -> None:
        self.desk.documents.keep_mine()

    def rest(self) -> None:
        rest(self.desk)


HAPPENINGS = [name for name in vars(Story) if not name.startswith("_")]


@given(happenings=st.lists(st.sampled_from(HAPPENINGS), max_size=10))
@settings(max_examples=many(25), suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_on_the_canvas_is_in_the_file_or_kept(qapp, monkeypatch, project_folder, happenings):
    quick(monkeypatch)
    path = project_folder / "net.layerloom"
    files.save(chain(3), path)
    desk = Desk()
    desk.documents.open(path)
    story = Story(desk, path)
    for happening in happenings:
        getattr(story, happening)()
    desk.documents.watch.look()
    rest(desk)
    present = files.to_text(desk.editor.project)
    kept = [text_of(copy) for copy in desk.kept()]
    assert present == text_of(path) or kept == [present]
    assert all(read(copy).original == path for copy in desk.kept())
    if desk.editor.is_saved and not kept:
        assert present == text_of(path)
    desk.leave()
    assert desk.kept() == []
