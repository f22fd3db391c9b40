"""Small pictures of drawings in files, made one at a time while the window is idle."""

from __future__ import annotations

from collections import deque
from pathlib import Path

from PySide6.QtCore import QObject, QRectF, QSize, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QPainter, QPixmap

from graph import files
from graph.messages import FileError
from gui.theme import theme

MAX_BYTES = 2_000_000  # of a file that is opened for its picture
MARGIN = 24.0  # canvas units around the drawing
MAX_SCALE = 0.25  # pixels a canvas unit: colored boxes without names, which would be too small to read


class Thumbnails(QObject):
    """Makes the pictures that are asked for; `made` gives the file and its picture, which is null if there is none."""

    made = Signal(object, object)  # Path, QPixmap

    def __init__(self, size: QSize, ratio: float, parent: QObject | None = None) -> None:
        """Pictures fit into `size` logical pixels, which may be changed, of `ratio` device pixels each."""
        super().__init__(parent)
        self.size, self._ratio = size, ratio
        self._wanted: deque[Path] = deque()
        self._timer = QTimer(self, singleShot=True, interval=0)
        self._timer.timeout.connect(self._make_next)

    def ask(self, path: Path) -> None:
        """Make the picture of a file soon, once however often it is asked for meanwhile."""
        if path not in self._wanted:
            self._wanted.append(path)
        self._timer.start()

    def stop(self) -> None:
        """Nobody wants the pictures any more."""
        self._wanted.clear()
        self._timer.stop()

    @Slot()
    def _make_next(self) -> None:
        if not self._wanted:
            return
        path = self._wanted.popleft()
        self.made.emit(path, self._picture(path))
        if self._wanted:
            self._timer.start()

    def _picture(self, path: Path) -> QPixmap:
        try:
            if path.stat().st_size > MAX_BYTES:
                return QPixmap()
            project = files.load(path)
        except (OSError, FileError):
            return QPixmap()
        from gui.canvas.annotations import FrameTitle
        from gui.canvas.painting import Colors
        from gui.canvas.scene import CanvasScene

        scene = CanvasScene(Colors(theme.name))
        scene.show_project(project)
        for item in scene.items():
            if isinstance(item, FrameTitle):  # as large as can be read, it would cover what it is about
                item.hide()
        bounds = scene.bounds()
        for wire in scene.wires.values():
            bounds = bounds.united(wire.boundingRect())
        bounds = bounds.adjusted(-MARGIN, -MARGIN, MARGIN, MARGIN)
        picture = QPixmap(self.size * self._ratio)
        picture.setDevicePixelRatio(self._ratio)
        picture.fill(Qt.GlobalColor.transparent)
        if scene.bounds().isNull():
            return picture
        scale = min(MAX_SCALE, self.size.width() / bounds.width(), self.size.height() / bounds.height())
        shown = QRectF(0, 0, bounds.width() * scale, bounds.height() * scale)
        shown.moveCenter(QRectF(0, 0, self.size.width(), self.size.height()).center())
        painter = QPainter(picture)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        scene.render(painter, shown, bounds)
        painter.end()
        scene.clear()
        return picture
