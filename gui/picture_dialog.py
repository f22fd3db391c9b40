"""Takes a picture of the drawing away: choose how it is to look, see it, save it or copy it."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from PySide6.QtCore import QSize, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QColor, QGuiApplication, QPainter, QPaintEvent, QPixmap, QResizeEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from graph.messages import LayerloomError, Message, msg, tr
from gui.canvas.picture import CANVAS, FIGURE, Picture, PictureOptions, render_picture
from gui.editor import Editor
from gui.panels.parts import column, label, row
from gui.style import set_property
from gui.theme import GRID, theme
from gui.tongue import tongue

EDGE = 5 * GRID
SIZE = QSize(960, 560)  # pixels at 100 %
FORM_WIDTH = 352  # pixels at 100 %
DELAY = 60  # milliseconds after the last choice until the preview is painted
SQUARE = 2 * GRID  # pixels of the pattern that stands for nothing


class Choice(NamedTuple):
    """One thing to choose: its key in what is remembered, its title, and its values with what they are called."""

    key: str
    title: Message
    values: Mapping[str, Message]


CHOICES = (
    Choice("part", msg("What"), {"all": msg("The whole drawing"), "selection": msg("The selection")}),
    Choice("style", msg("Style"), {CANVAS: msg("As on the canvas"), FIGURE: msg("Figure for a paper")}),
    Choice(
        "width", msg("Arrangement"),
        {"": msg("As it is drawn"), "8": msg("For a column, 8 cm"), "17": msg("For a page, 17 cm")},
    ),
    Choice("theme", msg("Colors"), {"light": msg("Light"), "dark": msg("Dark")}),
    Choice("background", msg("Background"), {"solid": msg("Solid"), "transparent": msg("Transparent")}),
    Choice("format", msg("Format"), {"svg": msg("SVG, scales freely"), "pdf": msg("PDF, for LaTeX"), "png": msg("PNG, pixels")}),
    Choice("scale", msg("Resolution"), {str(n): msg("{times}× pixels", times=n) for n in (1, 2, 3, 4)}),
)  # fmt: skip
LEGEND = "legend"
FIRST: Mapping[str, str] = {"scale": "2"}


class PictureDialog(QDialog):
    """Shows the picture as it would be, and follows the drawing. `told(Message, level)`: what was saved or copied.

    `choices` is what was chosen last, by the keys of `CHOICES` and `LEGEND`; it is kept up to date.
    """

    told = Signal(object, str)

    def __init__(
        self,
        editor: Editor,
        folder: Path,
        title: str,
        parent: QWidget | None = None,
        *,
        choices: MutableMapping[str, str],
    ) -> None:
        super().__init__(parent)
        self._editor, self._folder, self._title = editor, folder, title
        self.choices = choices
        self._picture: Picture | None = None
        self._drawn: tuple[object, ...] = ()  # what the picture was made of
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(tr("Export a picture"))
        self._timer = QTimer(self, singleShot=True, interval=DELAY)
        self._build()
        self._connect()
        self.resize(theme.px(SIZE.width()), theme.px(SIZE.height()))
        self._on_chosen()
        self._refresh()

    # ---- parts

    def _build(self) -> None:
        self.preview = Preview()
        self.preview.setAccessibleName(tr("Preview"))
        self._side = QWidget()
        self._form = column(self._side, spacing=2 * GRID)
        theme.changed.connect(self._use_scale)
        self._use_scale()
        self._form.addWidget(label(tr("Take a picture of the drawing away"), tone="title", wrap=True))
        self._form.addSpacing(GRID)
        self._form.addLayout(self._make_choices())
        self.legend = QCheckBox(tr("Legend below the drawing"))
        self.legend.setChecked(self.choices.get(LEGEND) == "yes")
        self._form.addWidget(self.legend)
        self.note = label("", tone="muted", wrap=True)
        self._form.addWidget(self.note)
        self._form.addStretch(1)
        upper = row(spacing=EDGE)
        upper.addWidget(self.preview, 1)
        upper.addWidget(self._side)
        whole: QVBoxLayout = column(self, spacing=4 * GRID)
        whole.setContentsMargins(EDGE, EDGE, EDGE, EDGE)
        whole.addLayout(upper, 1)
        whole.addLayout(self._make_buttons())

    @Slot()
    def _use_scale(self) -> None:
        self._side.setFixedWidth(theme.px(FORM_WIDTH))

    def _make_choices(self) -> QGridLayout:
        grid = QGridLayout()
        grid.setHorizontalSpacing(3 * GRID)
        grid.setVerticalSpacing(2 * GRID)
        grid.setColumnStretch(1, 1)
        self.boxes: dict[str, QComboBox] = {}
        self._labels: dict[str, QLabel] = {}
        for number, choice in enumerate(CHOICES):
            box = self.boxes[choice.key] = QComboBox()
            box.setAccessibleName(str(choice.title))
            box.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
            for value, words in choice.values.items():
                box.addItem(str(words), value)
            wanted = self.choices.get(choice.key, FIRST.get(choice.key, ""))
            box.setCurrentIndex(max(0, box.findData(wanted)))
            title = self._labels[choice.key] = label(str(choice.title), tone="muted")
            title.setBuddy(box)
            grid.addWidget(title, number, 0)
            grid.addWidget(box, number, 1)
        if self._editor.selection:
            self.boxes["part"].setCurrentIndex(1)
        return grid

    def _make_buttons(self) -> QHBoxLayout:
        self.status = label("", tone="muted", wrap=True)
        self.close_button = QPushButton(tr("Close"))
        self.copy_button = QPushButton(tr("Copy"))
        self.copy_button.setToolTip(tr("Put it on the clipboard, in pixels."))
        self.save_button = QPushButton(tr("Save…"), default=True)
        self.save_button.setProperty("kind", "primary")
        line = row()
        line.addWidget(self.status, 1)
        for button in (self.close_button, self.copy_button, self.save_button):
            line.addWidget(button)
        return line

    def _connect(self) -> None:
        for box in self.boxes.values():
            box.currentIndexChanged.connect(self._on_chosen)
        self.legend.toggled.connect(self._on_chosen)
        self.close_button.clicked.connect(self.close)
        self.copy_button.clicked.connect(self.copy)
        self.save_button.clicked.connect(self.save)
        self._timer.timeout.connect(self._refresh)
        tongue.changed.connect(self.close)  # its words are those of the language before
        for signal in (self._editor.analysed, self._editor.scope_changed, self._editor.selection_changed):
            signal.connect(self._on_drawing_changed)

    # ---- what the person does

    @property
    def options(self) -> PictureOptions:
        """How the picture is to look."""
        chosen = {key: box.currentData() for key, box in self.boxes.items()}
        selected = self._editor.selection or self._editor.selected_annotations
        return PictureOptions(
            style=chosen["style"],
            theme=chosen["theme"],
            transparent=chosen["background"] == "transparent",
            legend=self.legend.isChecked(),
            nodes=self._editor.selection if chosen["part"] == "selection" and selected else None,
            annotations=self._editor.selected_annotations,
            width=float(chosen["width"]) if chosen["width"] and chosen["style"] == FIGURE else None,
            scale=float(chosen["scale"]),
        )

    @Slot()
    def save(self) -> None:
        """Choose a file and write the picture to it; close then."""
        suffix = self.boxes["format"].currentData()
        start = self._folder / f"{self._title}.{suffix}"
        kinds = f"{suffix.upper()} (*.{suffix})"
        name, _ = QFileDialog.getSaveFileName(self, tr("Export a picture"), str(start), kinds)
        if not name:
            return
        path = Path(name) if Path(name).suffix.lower() == f".{suffix}" else Path(f"{name}.{suffix}")
        try:
            render_picture(self._editor.view, self._editor.view_analysis, path, self.options)
        except LayerloomError as error:
            self._say(error.message, "error")
        else:
            self.told.emit(msg("The picture is in {file}.", file=str(path)), "info")
            self.accept()

    @Slot()
    def copy(self) -> None:
        """Put the picture on the clipboard, in pixels."""
        try:
            image = Picture(self._editor.view, self._editor.view_analysis, self.options).image(self.options.scale)
        except LayerloomError as error:
            self._say(error.message, "error")
            return
        QGuiApplication.clipboard().setImage(image)
        self._say(msg("The picture is on the clipboard."), "info")

    def _say(self, message: Message, level: str) -> None:
        self.status.setText(str(message))
        set_property(self.status, "tone", "error" if level == "error" else "muted")
        self.told.emit(message, level)

    # ---- what it shows

    @Slot()
    def _on_chosen(self) -> None:
        """Show the choices that matter, remember all, and paint the preview in a moment."""
        shown = {
            "width": self.boxes["style"].currentData() == FIGURE,
            "scale": self.boxes["format"].currentData() == "png",
        }
        for key, visible in shown.items():
            self.boxes[key].setVisible(visible)
            self._labels[key].setVisible(visible)
        self.choices.update({key: box.currentData() for key, box in self.boxes.items() if key != "part"})
        self.choices[LEGEND] = "yes" if self.legend.isChecked() else "no"
        self.status.clear()
        self._timer.start()

    @Slot()
    def _on_drawing_changed(self, *_news: object) -> None:
        self._timer.start()

    @Slot()
    def _refresh(self) -> None:
        """Paint the preview, and say how large the picture is. What is drawn stays if only ground or pixels change."""
        editor, options = self._editor, self.options
        wanted = replace(options, transparent=False, scale=1.0)
        drawn = (editor.project, editor.analysis, editor.scope, editor.way, wanted)
        if self._picture is None or not _same(drawn, self._drawn):
            self._picture, self._drawn = Picture(editor.view, editor.view_analysis, options), drawn
        picture = self._picture
        picture.options = options
        wants_selection = self.boxes["part"].currentData() == "selection"
        nothing = tr("Nothing is selected, so it is the whole drawing.")
        self.note.setText(nothing if wants_selection and not self._editor.selection else _size_text(picture))
        self.preview.show_picture(picture)


class Preview(QWidget):
    """The picture as large as there is room for, on squares where it is transparent."""

    def __init__(self) -> None:
        super().__init__()
        self._picture: Picture | None = None
        self._pixels: QPixmap | None = None
        self.setMinimumSize(QSize(60 * GRID, 60 * GRID))

    def show_picture(self, picture: Picture) -> None:
        """Show another picture."""
        self._picture, self._pixels = picture, None
        self.update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._pixels = None

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setPen(theme.color("border"))
        painter.setBrush(theme.color("field"))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.drawRoundedRect(self.rect().toRectF().adjusted(0.5, 0.5, -0.5, -0.5), GRID, GRID)
        if self._picture is None:
            return
        if self._pixels is None:
            self._pixels = self._render(self._picture)
        place = self._pixels.deviceIndependentSize()
        left, top = round((self.width() - place.width()) / 2), round((self.height() - place.height()) / 2)
        painter.drawPixmap(left, top, self._pixels)

    def _render(self, picture: Picture) -> QPixmap:
        ratio, area = self.devicePixelRatioF(), picture.area
        room = self.rect().marginsRemoved(self.contentsMargins()).adjusted(4 * GRID, 4 * GRID, -4 * GRID, -4 * GRID)
        scale = min(room.width() / area.width(), room.height() / area.height(), 1.0)
        image = picture.image(scale * ratio)
        pixels = QPixmap(image.size())
        painter = QPainter(pixels)
        _paint_squares(painter, pixels.size(), QColor(picture.scene.colors(picture.style.background)))
        painter.drawImage(0, 0, image)
        painter.end()
        pixels.setDevicePixelRatio(ratio)
        return pixels


def _paint_squares(painter: QPainter, size: QSize, color: QColor) -> None:
    """The pattern that stands for nothing, in the shades of the page that the picture will stand on."""
    painter.fillRect(0, 0, size.width(), size.height(), color)
    shade = color.darker(107) if color.lightness() > 127 else color.lighter(130)
    for line, top in enumerate(range(0, size.height(), SQUARE)):
        for left in range(line % 2 * SQUARE, size.width(), 2 * SQUARE):
            painter.fillRect(left, top, SQUARE, SQUARE, shade)


def _same(a: tuple[object, ...], b: tuple[object, ...]) -> bool:
    """Whether two pictures are of the same drawing, which is not compared value by value, in the same way."""
    return len(a) == len(b) and a[0] is b[0] and a[1] is b[1] and a[2:] == b[2:]


def _size_text(picture: Picture) -> str:
    """How large it is on paper, and in pixels."""
    area, scale = picture.area, picture.options.scale
    centimeters = 2.54 / 72 * picture.point
    return tr(
        "{width:.1f} × {height:.1f} cm on paper, {across} × {down} pixels",
        width=area.width() * centimeters,
        height=area.height() * centimeters,
        across=round(area.width() * scale),
        down=round(area.height() * scale),
    )
