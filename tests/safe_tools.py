"""What the tests of autosave, recovery and locks share: a document without a window, and documents in other processes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QApplication

from graph import files
from graph.model import Graph, Node, Project
from gui import safekeeping
from gui.documents import Documents
from gui.editor import Editor
from gui.safekeeping import Session
from gui.settings import Settings

ROOT = Path(__file__).parents[1]


def quick(monkeypatch) -> None:
    """Wait for milliseconds where a person would not notice seconds."""
    monkeypatch.setattr("gui.autosave.SETTLING", 20)
    monkeypatch.setattr("gui.autosave.AT_MOST", 100)
    monkeypatch.setattr("gui.autosave.RETRY", 60)
    monkeypatch.setattr("gui.file_watch.SETTLING", 20)
    monkeypatch.setattr("gui.file_watch.LOOKING", 60)


class Desk:
    """One open document, and what was said of it. It needs an application, and `leave()` at the end."""

    def __init__(self, project: Project | None = None, session: Session | None = None) -> None:
        self.owner = QObject()
        self.editor = Editor(project, parent=self.owner)
        self.session = session or Session()
        self.documents = Documents(self.editor, Settings(), self.owner, session=self.session)
        self.warnings: list[str] = []
        self.saved_at: list[object] = []
        self.disks: list[object] = []
        self.documents.warned.connect(self._on_warned)
        self.documents.autosaved.connect(self.saved_at.append)
        self.documents.disk_changed.connect(self.disks.append)

    def _on_warned(self, message) -> None:
        self.warnings.append(str(message))

    def edit(self, name: str = "") -> None:
        """One edit: another node."""
        node = self.editor.add_node("torch.nn.ReLU", (0.0, 40.0 * len(self.editor.graph.nodes)))
        if name:
            self.editor.rename(node, name)

    def kept(self) -> list[Path]:
        """What is kept for this document's session."""
        root = safekeeping.sessions_folder()
        return sorted(root.glob(f"*/*{files.SUFFIX}")) if root.is_dir() else []

    def leave(self) -> None:
        """Close the document on purpose, and end the application."""
        self.documents.close()
        self.session.end()
        self.owner.deleteLater()
        QApplication.sendPostedEvents()


def chain(count: int) -> Project:
    """A drawing with so many nodes."""
    nodes = [Node(f"n{i}", "torch.nn.Linear", f"fc{i}", {"out_features": 64}, (40.0 * i, 0.0)) for i in range(count)]
    return Project(Graph({node.id: node for node in nodes}))


class Other:
    """The same application in another process: `tests/gui/other_instance.py` with these words."""

    def __init__(self, *words: object) -> None:
        command = [sys.executable, str(ROOT / "tests" / "gui" / "other_instance.py"), *map(str, words)]
        self.process = subprocess.Popen(
            command,
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def hear(self) -> str:
        """The next line that it says."""
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def kill(self) -> None:
        """End it as a power cut would."""
        self.process.kill()
        self.process.communicate(timeout=20)

    def end(self) -> tuple[str, str]:
        """Let it end on purpose; what it said since, and its errors."""
        return self.process.communicate("\n", timeout=20)
