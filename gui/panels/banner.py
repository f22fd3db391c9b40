"""A sentence across the window with the answers to it as buttons: what is asked without stopping anybody."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QEvent, QObject, QSize, Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QFrame, QPushButton, QWidget

from graph.atomic import explain
from graph.messages import LayerloomError, Message, msg, tr
from gui.documents import Documents, Way
from gui.file_watch import Disk
from gui.locks import InUseError
from gui.panels.parts import IconLabel, breakable, column, empty, flat_button, label, row, small_button
from gui.theme import GRID
from gui.unfinished import finish_typing

Answer = tuple[str, Callable[[], object]]  # the words of a button, and what it does
NARROW = 720  # pixels below which the buttons stand under the sentence


class Banner(QFrame):
    """One question at a time. Escape and the cross put it away; `put_away()` says that the person did not answer."""

    put_away = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("kind", "banner")
        self._label = label("", wrap=True)
        self._icons = column()
        self._buttons = row()
        self._close = flat_button("close", tr("Close this message"))
        self._close.clicked.connect(self._on_closed)
        self._body = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._body.setSpacing(2 * GRID)
        sentence = row(spacing=3 * GRID)
        sentence.addLayout(self._icons)
        sentence.addWidget(self._label, 1)
        self._body.addLayout(sentence, 1)
        self._body.addLayout(self._buttons)
        line = row(self, spacing=3 * GRID)
        line.setContentsMargins(4 * GRID, 2 * GRID, 2 * GRID, 2 * GRID)
        line.addLayout(self._body, 1)
        line.addWidget(self._close, 0, Qt.AlignmentFlag.AlignTop)
        self.hide()

    @property
    def text(self) -> str:
        """The sentence on show."""
        return self._label.accessibleName()

    @property
    def buttons(self) -> list[QPushButton]:
        """The answers on show."""
        items = (self._buttons.itemAt(number) for number in range(self._buttons.count()))
        widgets = (item.widget() for item in items if item is not None)
        return [widget for widget in widgets if isinstance(widget, QPushButton)]

    def ask(self, message: Message, answers: Sequence[Answer], *, icon_name: str = "warning") -> None:
        """Show a sentence and its answers, the first of which is the usual one."""
        self._label.setText(breakable(str(message)))
        self._label.setAccessibleName(str(message))
        self.setAccessibleName(str(message))
        empty(self._icons)
        empty(self._buttons)
        self._icons.addWidget(IconLabel(icon_name, "warning" if icon_name == "warning" else "muted"))
        for words, act in answers:
            button = small_button(words)
            button.clicked.connect(act)
            button.installEventFilter(self)
            self._buttons.addWidget(button)
        self._buttons.addStretch()
        self.show()

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress and event.key() == Qt.Key.Key_Escape:
            self._on_closed()
            return True
        return False

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        wide = event.size().width() >= NARROW
        self._body.setDirection(QBoxLayout.Direction.LeftToRight if wide else QBoxLayout.Direction.TopToBottom)

    def minimumSizeHint(self) -> QSize:
        return QSize(0, super().minimumSizeHint().height())

    @Slot()
    def _on_closed(self) -> None:
        self.hide()
        self.put_away.emit()


class DocumentBanner(Banner):
    """What has to be said about the file of a document: it was changed, it is gone, it is open elsewhere.

    `save_as_requested()`: the person wants another place for it. `open_requested(path, way)`: how to open a file that is
    in use; a `way` of "copy" stands for `Documents.open_copy`, and "go" for the tab that has it.
    """

    save_as_requested = Signal()
    open_requested = Signal(object, str)

    def __init__(self, documents: Documents, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._documents = documents
        self._asks_how_to_open = False
        documents.disk_changed.connect(self._on_disk_changed)
        documents.changed.connect(self._on_document_changed)
        self.put_away.connect(self._on_put_away)
        self._on_disk_changed(documents.disk)

    def ask_how_to_open(self, error: InUseError) -> None:
        """A file is open elsewhere: offer the ways to open it all the same."""
        ways: tuple[tuple[str, Way | str], ...] = (
            *([(tr("Go to it"), "go")] if error.holder.is_here else []),
            (tr("Open read-only"), "read-only"),
            (tr("Open a copy"), "copy"),
            (tr("Open anyway"), "anyway"),
        )
        self._asks_how_to_open = True
        self.ask(error.message, [(words, _Opening(self, error, way).open) for words, way in ways])

    @Slot(object)
    def _on_disk_changed(self, disk: Disk) -> None:
        self._asks_how_to_open = False
        offer = {Disk.CHANGED: self._offer_reload, Disk.GONE: self._offer_place, Disk.UNREADABLE: self._say_unreadable}
        offer.get(disk, self._say_read_only)()

    @Slot()
    def _on_document_changed(self) -> None:
        if self._documents.disk is Disk.SAME and not self._asks_how_to_open:
            self._say_read_only()

    @Slot()
    def _on_put_away(self) -> None:
        self._asks_how_to_open = False

    def _offer_reload(self) -> None:
        file = self._documents.title
        alone = msg("'{file}' was changed by another program. Reloading can be undone.", file=file)
        both = msg(
            "'{file}' was changed by another program, and you have changes that are not saved. "
            "Reloading puts the file in their place, and can be undone.",
            file=file,
        )
        answers = [
            (tr("Reload"), self._reload),
            (tr("Compare"), self._compare),
            (tr("Keep mine"), self._documents.keep_mine),
        ]
        self.ask(alone if self._documents.is_clean else both, answers)

    def _offer_place(self) -> None:
        text = msg(
            "'{file}' was deleted or moved away. Your drawing is still here, unsaved: save it again, there or elsewhere.",
            file=self._documents.title,
        )
        self.ask(text, [(tr("Save as…"), self.save_as_requested.emit)])

    def _say_unreadable(self) -> None:
        error = self._documents.watch.last.error
        text = msg(
            "'{file}' cannot be read at the moment, so nobody knows whether it changed: {reason}",
            file=self._documents.title,
            reason=explain(error or OSError()),
        )
        self.ask(text, [(tr("Save as…"), self.save_as_requested.emit)])

    def _say_read_only(self) -> None:
        if not self._documents.is_read_only:
            self.hide()
            return
        text = msg("'{file}' is open read-only. Save your changes to another place.", file=self._documents.title)
        self.ask(text, [(tr("Save as…"), self.save_as_requested.emit)], icon_name="info")

    @Slot()
    def _reload(self) -> None:
        finish_typing()
        self._try(self._documents.reload)

    @Slot()
    def _compare(self) -> None:
        self._try(self._documents.compare)

    def _try(self, act: Callable[[], None]) -> None:
        try:
            act()
        except LayerloomError as error:
            self._documents.warned.emit(error.message)


class _Opening(QObject):
    """What a button does that opens a file in one way; it lives as long as the banner."""

    def __init__(self, banner: DocumentBanner, error: InUseError, way: str) -> None:
        super().__init__(banner)
        self._banner, self._path, self._way = banner, error.path, way

    @Slot()
    def open(self) -> None:
        """Put the question away and ask for the file."""
        self._banner._on_closed()
        self._banner.open_requested.emit(self._path, self._way)
        self.deleteLater()
