"""Writes a drawing as a picture: SVG, PNG or PDF, as on the canvas or in a style fit for a paper."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QMarginsF, QRectF, QSize, QSizeF, Qt
from PySide6.QtGui import QFontInfo, QImage, QImageWriter, QPageSize, QPaintDevice, QPainter, QPdfWriter
from PySide6.QtWidgets import QApplication

from graph.atomic import write_atomically
from graph.messages import ExportError, LayerloomError, msg
from graph.model import NodeId, Project
from gui.canvas.figure import SPECK, Figure, label_gap
from gui.canvas.figure_layout import fitted, spread
from gui.canvas.figure_legend import Legend, entries_of
from gui.canvas.figure_part import keep_only
from gui.canvas.items import NodeItem
from gui.canvas.painting import paint_card
from gui.canvas.palette import Colors, ui_font
from gui.canvas.scene import CanvasScene
from gui.theme import THEMES, mono_font
from runtime.analysis import Analysis

PNG_SCALE = 2.0
PNG_LIMIT = 16_384  # pixels a side
CSS_DPI = 96  # so that a unit is a pixel in a browser
PDF_DPI = 720  # fine enough that no letter is out of its place
CENTIMETER = 72 / 2.54  # points
EMPTY = QRectF(0, 0, 320, 160)
MARGIN = 40.0  # canvas units around a drawing in the style of the canvas


class Style(NamedTuple):
    """What a style decides besides the strokes: points and margin of a canvas unit on paper, background, legend font."""

    point: float
    margin: float
    background: str
    legend: float


CANVAS, FIGURE = "canvas", "figure"
STYLES: Mapping[str, Style] = {
    CANVAS: Style(1.0, MARGIN, "canvas", 12.0),
    FIGURE: Style(0.38, 4.0, "card", 17.0),  # names of 7.6 points, values of 6.5, the smallest text of 5
}


@dataclass(frozen=True, slots=True)
class PictureOptions:
    """How a picture is to look.

    `style` is a key of `STYLES`, `theme` one of `THEMES`. `nodes` draws these alone, with the wires between them, stubs of
    those that lead elsewhere, the frames around them and these `annotations`; None draws all. `width`, in centimeters,
    arranges a figure anew for a page that wide; None leaves it as it is drawn. `scale` is pixels a canvas unit, for PNG.
    """

    style: str = CANVAS
    theme: str = "light"
    transparent: bool = False
    legend: bool = False
    nodes: frozenset[NodeId] | None = None
    annotations: frozenset[str] = frozenset()
    width: float | None = None
    scale: float = PNG_SCALE


class Picture:
    """A drawing ready to be painted on paper of any kind."""

    def __init__(self, project: Project, analysis: Analysis, options: PictureOptions) -> None:
        self.title, self.options = project.name, options
        self.style = STYLES[options.style]
        self.scene = CanvasScene(Colors(options.theme))
        figure = Figure(self.scene) if options.style == FIGURE else None
        if figure is None:
            self.scene.node_painter = _paint_card
        else:
            figure.dress()
            gap = label_gap(analysis)
            width = self._units(options.width) if options.width is not None else None
            project = spread(project, gap) if width is None else fitted(project, gap, width=width)
        self.scene.show_project(project)
        self.scene.show_analysis(analysis)
        stubs = frozenset()
        if options.nodes is not None:
            stubs = keep_only(self.scene, options.nodes, options.annotations)
        if figure is not None:
            figure.finish(stubs)
        self._add_legend()
        margin = self.style.margin
        ink = _ink(self.scene)
        area = EMPTY if ink.isNull() else ink.adjusted(-margin, -margin, margin, margin)
        self.area = area.toAlignedRect().toRectF()

    @property
    def point(self) -> float:
        """Points a canvas unit on paper; less than the style wants where the picture would be too wide for the page."""
        width = self.options.width
        return self.style.point if width is None else min(self.style.point, width * CENTIMETER / self.area.width())

    def paint(self, device: QPaintDevice, size: QSizeF) -> None:
        """Fill a device with the picture.

        Raises:
            LayerloomError: the device cannot be painted on.
        """
        painter = QPainter(device)
        if not painter.isActive():
            raise LayerloomError(msg("The picture could not be painted: there is not enough memory. Try SVG."))
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.TextAntialiasing)
        target = QRectF(0, 0, size.width(), size.height())
        if not self.options.transparent:
            painter.fillRect(target, self.scene.colors(self.style.background))
        self.scene.render(painter, target, self.area)
        painter.end()

    def image(self, scale: float) -> QImage:
        """The picture in pixels, `scale` a canvas unit, or fewer where it would be too large."""
        area = self.area
        scale = min(scale, PNG_LIMIT / area.width(), PNG_LIMIT / area.height())
        size = QSize(max(1, round(area.width() * scale)), max(1, round(area.height() * scale)))
        clear = self.options.transparent
        image = QImage(size, QImage.Format.Format_ARGB32_Premultiplied if clear else QImage.Format.Format_RGB32)
        image.fill(Qt.GlobalColor.transparent)
        self.paint(image, QSizeF(image.size()))
        return image

    def _units(self, width: float) -> float:
        """A width in centimeters in canvas units."""
        return width * CENTIMETER / self.style.point

    def _add_legend(self) -> None:
        entries = entries_of(self.scene) if self.options.legend else []
        if entries:
            ink = _ink(self.scene)
            legend = Legend(entries, self.scene.colors, font=ui_font(self.style.legend), width=ink.width())
            legend.setPos(ink.left(), ink.bottom() + self.style.legend)
            self.scene.addItem(legend)


def render_picture(project: Project, analysis: Analysis, path: Path, options: PictureOptions | None = None) -> None:
    """Write the drawing with its shapes to a file; the suffix (.svg, .png, .pdf) says in which format.

    Project and analysis are those seen from the drawing (`Project.inside`, `Analysis.within`).

    A PDF is one page of the size of the drawing: a point a unit, or for a figure what makes its text as high as that of a
    paper.

    Raises:
        LayerloomError: the suffix, style or theme is none of those there are, or the file cannot be written.
    """
    options = options or PictureOptions()
    write = _WRITERS.get(path.suffix.lower())
    if write is None:
        raise ExportError(
            msg(
                "A picture cannot be written as '{file}'. Use a name that ends in {suffixes}.",
                file=path.name,
                suffixes=", ".join(_WRITERS),
            )
        )
    if options.theme not in THEMES:
        raise ExportError(
            msg("There is no theme '{theme}'. Choose one of: {themes}.", theme=options.theme, themes=", ".join(THEMES))
        )
    app = QApplication.instance() or QApplication(["layerloom", "-platform", "offscreen"])
    write_atomically(path, write(Picture(project, analysis, options)))
    del app


def _paint_card(painter: QPainter, item: NodeItem) -> None:
    scale = painter.worldTransform().m11()
    paint_card(painter, item.card, item.mood, colors=item.canvas.colors, scale=scale if scale < SPECK else 1.0)


def _ink(scene: CanvasScene) -> QRectF:
    """The area of everything that is visible."""
    area = QRectF()
    for item in scene.items():
        if item.isVisible():
            area = area.united(item.sceneBoundingRect())
    return area


def _svg(picture: Picture) -> bytes:
    from PySide6.QtSvg import QSvgGenerator

    def device(buffer: QBuffer) -> QSvgGenerator:
        generator = QSvgGenerator()
        generator.setOutputDevice(buffer)
        generator.setSize(picture.area.size().toSize())
        generator.setResolution(CSS_DPI)
        generator.setViewBox(QRectF(0, 0, picture.area.width(), picture.area.height()))
        generator.setTitle(picture.title)
        return generator

    return _with_fallbacks(_painted(picture, device, picture.area.size()))


def _with_fallbacks(svg: bytes) -> bytes:
    """Name generic fonts beside ours, for machines that do not have these; Qt names only one."""
    for font, generic in ((ui_font(13), b"sans-serif"), (mono_font(11), b"monospace")):
        ours, found = font.family().encode(), QFontInfo(font).family().encode()
        svg = svg.replace(b'font-family="' + ours + b'"', b'font-family="' + found + b", " + generic + b'"')
    return svg


def _pdf(picture: Picture) -> bytes:
    size = picture.area.size() * picture.point

    def device(buffer: QBuffer) -> QPdfWriter:
        writer = QPdfWriter(buffer)
        writer.setTitle(picture.title)
        writer.setPageSize(QPageSize(size, QPageSize.Unit.Point, "", QPageSize.SizeMatchPolicy.ExactMatch))
        writer.setPageMargins(QMarginsF())
        writer.setResolution(PDF_DPI)
        return writer

    return _painted(picture, device, size * (PDF_DPI / 72))


def _png(picture: Picture) -> bytes:
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    QImageWriter(buffer, QByteArray(b"png")).write(picture.image(picture.options.scale))
    return bytes(buffer.data().data())


def _painted(picture: Picture, device: Callable[[QBuffer], QPaintDevice], size: QSizeF) -> bytes:
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    made = device(buffer)
    picture.paint(made, size)
    del made  # closes the document
    return bytes(buffer.data().data())


_WRITERS: Mapping[str, Callable[[Picture], bytes]] = {".svg": _svg, ".png": _png, ".pdf": _pdf}
