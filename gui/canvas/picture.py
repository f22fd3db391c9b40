"""Writes a drawing as a picture: SVG, PNG or PDF, painted by the same code as the canvas."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QMarginsF, QRectF, QSize, QSizeF
from PySide6.QtGui import QFontInfo, QImage, QImageWriter, QPageSize, QPaintDevice, QPainter, QPdfWriter
from PySide6.QtWidgets import QApplication

from graph.atomic import write_atomically
from graph.messages import ExportError, LayerloomError, msg
from graph.model import Project
from gui.canvas.painting import Colors, ui_font
from gui.canvas.scene import CanvasScene
from gui.theme import THEMES, mono_font
from runtime.analysis import Analysis

MARGIN = 40.0  # canvas units around the drawing
PNG_SCALE = 2.0
PNG_LIMIT = 16_384  # pixels a side
CSS_DPI = 96  # so that a unit is a pixel in a browser
EMPTY = QRectF(0, 0, 320, 160)


def render_picture(project: Project, analysis: Analysis, path: Path, *, theme: str = "light") -> None:
    """Write the drawing with its shapes to a file; the suffix (.svg, .png, .pdf) says in which format.

    Project and analysis are those seen from the drawing (`Project.inside`, `Analysis.within`).

    A PNG has two pixels a canvas unit, a PDF one page of the size of the drawing, a point a unit.

    Raises:
        LayerloomError: the suffix is none of these, or the file cannot be written.
    """
    write = _WRITERS.get(path.suffix.lower())
    if write is None:
        raise ExportError(
            msg(
                "A picture cannot be written as '{file}'. Use a name that ends in {suffixes}.",
                file=path.name,
                suffixes=", ".join(_WRITERS),
            )
        )
    if theme not in THEMES:
        raise ExportError(
            msg("There is no theme '{theme}'. Choose one of: {themes}.", theme=theme, themes=", ".join(THEMES))
        )
    app = QApplication.instance() or QApplication(["layerloom", "-platform", "offscreen"])
    scene = _scene(project, analysis, theme)
    bounds = scene.bounds()
    area = EMPTY if bounds.isNull() else _ink(scene).adjusted(-MARGIN, -MARGIN, MARGIN, MARGIN)
    write_atomically(path, write(scene, area.toAlignedRect().toRectF()))
    del app


def _scene(project: Project, analysis: Analysis, theme: str) -> CanvasScene:
    scene = CanvasScene(Colors(theme))
    scene.vector = True
    scene.show_project(project)
    scene.show_analysis(analysis)
    return scene


def _ink(scene: CanvasScene) -> QRectF:
    """The area of cards and wires."""
    area = scene.bounds()
    for wire in scene.wires.values():
        area = area.united(wire.boundingRect())
    return area


def _svg(scene: CanvasScene, area: QRectF) -> bytes:
    from PySide6.QtSvg import QSvgGenerator

    def device(buffer: QBuffer) -> QSvgGenerator:
        generator = QSvgGenerator()
        generator.setOutputDevice(buffer)
        generator.setSize(area.size().toSize())
        generator.setResolution(CSS_DPI)
        generator.setViewBox(QRectF(0, 0, area.width(), area.height()))
        generator.setTitle(scene.project.name)
        return generator

    return _with_fallbacks(_painted(scene, area, device, QSizeF(area.size())))


def _with_fallbacks(svg: bytes) -> bytes:
    """Name generic fonts beside ours, for machines that do not have these; Qt names only one."""
    for font, generic in ((ui_font(13), b"sans-serif"), (mono_font(11), b"monospace")):
        ours, found = font.family().encode(), QFontInfo(font).family().encode()
        svg = svg.replace(b'font-family="' + ours + b'"', b'font-family="' + found + b", " + generic + b'"')
    return svg


def _pdf(scene: CanvasScene, area: QRectF) -> bytes:
    def device(buffer: QBuffer) -> QPdfWriter:
        writer = QPdfWriter(buffer)
        writer.setTitle(scene.project.name)
        writer.setPageSize(QPageSize(area.size(), QPageSize.Unit.Point))
        writer.setPageMargins(QMarginsF())
        writer.setResolution(72)
        return writer

    return _painted(scene, area, device, QSizeF(area.size()))


def _png(scene: CanvasScene, area: QRectF) -> bytes:
    scale = min(PNG_SCALE, PNG_LIMIT / area.width(), PNG_LIMIT / area.height())
    image = QImage(QSize(round(area.width() * scale), round(area.height() * scale)), QImage.Format.Format_RGB32)
    _paint(scene, area, image, QSizeF(image.size()))
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    QImageWriter(buffer, QByteArray(b"png")).write(image)
    return bytes(buffer.data().data())


def _painted(scene: CanvasScene, area: QRectF, device: Callable[[QBuffer], QPaintDevice], size: QSizeF) -> bytes:
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    made = device(buffer)
    _paint(scene, area, made, size)
    del made  # closes the document
    return bytes(buffer.data().data())


def _paint(scene: CanvasScene, area: QRectF, device: QPaintDevice, size: QSizeF) -> None:
    painter = QPainter(device)
    if not painter.isActive():
        raise LayerloomError(msg("The picture could not be painted: there is not enough memory. Try SVG."))
    painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.TextAntialiasing)
    target = QRectF(0, 0, size.width(), size.height())
    painter.fillRect(target, scene.colors("canvas"))
    scene.render(painter, target, area)
    painter.end()


_WRITERS: dict[str, Callable[[CanvasScene, QRectF], bytes]] = {".svg": _svg, ".png": _png, ".pdf": _pdf}
