"""Where a person changes the keys of the actions: a list to search, and below it the keys of the chosen action."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QModelIndex, QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import (
    QAction,
    QFocusEvent,
    QFont,
    QFontMetrics,
    QKeyEvent,
    QPainter,
    QStandardItem,
    QStandardItemModel,
)
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QHBoxLayout,
    QHeaderView,
    QLineEdit,
    QPushButton,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTreeView,
    QWidget,
)

from graph.messages import Message, msg, tr
from gui.actions import ACTIONS, MENU_OF, plain
from gui.fuzzy import in_all_languages, words_fit
from gui.icons import icon
from gui.key_caps import paint_caps
from gui.key_recorder import KeyChip, KeyRecorder
from gui.panels.line_field import add_sign
from gui.panels.parts import DECORATION, column, empty, label, row, rule
from gui.shortcuts import Shortcuts, normal, shown
from gui.theme import GRID, theme
from gui.tongue import tongue

SIZE = QSize(680, 640)
ROW_HEIGHT = 32
MENU_WIDTH, KEYS_WIDTH = 28 * GRID, 56 * GRID
CELL_MARGIN = 6  # as in the style sheet, that of the heads
ACTION = Qt.ItemDataRole.UserRole  # the id of an action
KEYS, CHANGED = ACTION + 1, ACTION + 2  # its keys, and whether they are others than at first
KEYS_COLUMN = 2
FOCUS_BAR = 3  # pixels: before the chosen row while keys go to the list


class ShortcutsDialog(QDialog):
    """Every change is in force at once, and can be taken back."""

    def __init__(self, shortcuts: Shortcuts, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shortcuts = shortcuts
        self._before: list[Mapping[str, tuple[str, ...]]] = []  # states to take back to, the latest last
        self.setWindowTitle(tr("Change keys"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        tongue.changed.connect(self.close)
        self.search = QLineEdit(placeholderText=tr("Search an action or a key"), clearButtonEnabled=True)
        self.search.setAccessibleName(tr("Search an action or a key"))
        sign = QAction(icon("search", "faint"), "", self.search)
        sign.triggered.connect(self.search.selectAll)
        add_sign(self.search, sign, QLineEdit.ActionPosition.LeadingPosition, name=tr("Search an action or a key"))
        self.list = _ActionList(shortcuts)
        self.editor = _KeysEditor(shortcuts)
        self.undo, self.reset_all = QPushButton(tr("Undo")), QPushButton(tr("Reset all keys"))
        self.reset_all.setToolTip(tr("Every action gets the keys back that it had at first."))
        self._show_undo()
        self._lay_out()
        self.search.textChanged.connect(self.list.search)
        self.search.returnPressed.connect(self.list.setFocus)
        self.list.chosen.connect(self.editor.show_action)
        self.list.recording_requested.connect(self.editor.record)
        self.editor.left.connect(self.list.setFocus)
        self.editor.changing.connect(self._remember)
        self.reset_all.clicked.connect(self._on_reset_all)
        self.undo.clicked.connect(self._on_undo)
        self.list.search("")
        self.search.setFocus()
        self.resize((SIZE * theme.factor).boundedTo(self.screen().availableSize() - DECORATION))

    def choose(self, action: str) -> None:
        """Show the keys of an action."""
        self.search.clear()
        self.list.choose(action)

    def _lay_out(self) -> None:
        layout = column(self, spacing=3 * GRID)
        layout.setContentsMargins(4 * GRID, 4 * GRID, 4 * GRID, 4 * GRID)
        layout.addWidget(self.search)
        layout.addWidget(self.list, 1)
        layout.addWidget(rule())
        layout.addWidget(self.editor)
        layout.addWidget(rule())
        close = QPushButton(tr("Close"))
        close.clicked.connect(self.close)
        foot = row()
        foot.addWidget(self.reset_all)
        foot.addWidget(self.undo)
        foot.addStretch(1)
        foot.addWidget(close)
        layout.addLayout(foot)
        for button in (self.reset_all, self.undo, close):
            button.setAutoDefault(False)

    @Slot()
    def _remember(self) -> None:
        self._before.append(self._shortcuts.state())
        self._show_undo()

    @Slot()
    def _on_reset_all(self) -> None:
        if self._shortcuts.state():
            self._remember()
            self._shortcuts.reset_all()

    @Slot()
    def _on_undo(self) -> None:
        self._shortcuts.restore(self._before.pop())
        self._show_undo()

    def _show_undo(self) -> None:
        self.undo.setEnabled(bool(self._before))
        self.undo.setToolTip(
            tr("Take the last change of keys back.") if self._before else tr("Nothing was changed yet.")
        )


class _ActionList(QTreeView):
    """All actions with their menu and their keys. `chosen(id)`; Enter or a double click asks to record a key."""

    chosen = Signal(str)
    recording_requested = Signal()

    def __init__(self, shortcuts: Shortcuts) -> None:
        super().__init__()
        self._shortcuts = shortcuts
        self._query = ""
        self.setModel(QStandardItemModel(0, 3, self))
        self.setAccessibleName(tr("Actions and their keys"))
        self.setRootIsDecorated(False)
        self.setUniformRowHeights(True)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setItemDelegate(_Cells(self))
        self.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.doubleClicked.connect(self.recording_requested)
        self.selectionModel().currentChanged.connect(self._on_current_changed)
        shortcuts.changed.connect(self._show_again)
        theme.changed.connect(self._show_again)

    def model(self) -> QStandardItemModel:
        """The rows."""
        made = super().model()
        assert isinstance(made, QStandardItemModel)
        return made

    @Slot(str)
    def search(self, query: str) -> None:
        """Show the actions that a query names, by their words or their keys."""
        self._query = query
        self._show_again()

    def choose(self, action: str) -> None:
        """Go to an action."""
        for line in range(self.model().rowCount()):
            if self.model().index(line, 0).data(ACTION) == action:
                self.setCurrentIndex(self.model().index(line, 0))

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        if not self.selectionModel().hasSelection():  # somebody who comes by keys sees where they are
            self.setCurrentIndex(self.currentIndex())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.currentIndex().isValid():
            self.recording_requested.emit()
        else:
            super().keyPressEvent(event)

    @Slot()
    def _show_again(self) -> None:
        current, model = self.currentIndex().data(ACTION), self.model()
        model.clear()
        model.setHorizontalHeaderLabels([tr("Action"), tr("Menu"), tr("Keys")])
        for action in ACTIONS:
            if self._fits(action):
                model.appendRow(self._row(action))
        header = self.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.Fixed)
        header.setSectionResizeMode(KEYS_COLUMN, QHeaderView.ResizeMode.Fixed)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        self.setColumnWidth(1, theme.px(MENU_WIDTH))
        self.setColumnWidth(KEYS_COLUMN, theme.px(KEYS_WIDTH))
        self.setCurrentIndex(model.index(0, 0))
        if current is not None:
            self.choose(current)
        self.chosen.emit(self.currentIndex().data(ACTION) or "")

    def _row(self, action: str) -> list[QStandardItem]:
        keys = self._shortcuts.keys(action)
        name, menu = plain(ACTIONS[action].text), plain(MENU_OF[action].title)
        read_out = ", ".join(map(shown, keys)) or tr("no key")
        items = [QStandardItem(text) for text in (name, menu, read_out)]
        for item in items:
            item.setData(action, ACTION)
            item.setSizeHint(QSize(0, theme.px(ROW_HEIGHT)))
            item.setToolTip(name)
        if self._shortcuts.is_changed(action):
            items[0].setData(True, CHANGED)
            items[0].setToolTip(tr("{action}: its keys were changed.", action=name))
        items[KEYS_COLUMN].setData(keys, KEYS)
        return items

    def _fits(self, action: str) -> bool:
        entry, menu = ACTIONS[action], MENU_OF[action]
        names = [plain(n).casefold() for t in (entry.text, menu.title) for n in in_all_languages(t.text)]
        keys = [shown(key).casefold() for key in self._shortcuts.keys(action)]
        query = self._query.strip()
        return not query or words_fit(query, names) is not None or any(query.casefold() in key for key in keys)

    @Slot(QModelIndex)
    def _on_current_changed(self, current: QModelIndex) -> None:
        self.chosen.emit(current.data(ACTION) or "")


class _Cells(QStyledItemDelegate):
    """The words of a row, its keys as caps; what is under the mouse or chosen has a ground of one piece."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex) -> None:
        state, area = option.state, QRectF(option.rect)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if state & (QStyle.StateFlag.State_Selected | QStyle.StateFlag.State_MouseOver):
            painter.fillRect(area, theme.color("selection" if state & QStyle.StateFlag.State_Selected else "hover"))
        if state & QStyle.StateFlag.State_Selected and option.widget.hasFocus() and index.column() == 0:
            painter.fillRect(QRectF(area.left(), area.top(), FOCUS_BAR, area.height()), theme.color("accent"))
        area.adjust(theme.px(CELL_MARGIN), 0, -theme.px(CELL_MARGIN), 0)
        font = QFont(option.font)
        font.setBold(bool(index.data(CHANGED)))
        painter.setFont(font)
        if index.column() == KEYS_COLUMN:
            paint_caps(painter, area, index.data(KEYS) or ())
        else:
            text = QFontMetrics(font).elidedText(index.data(), Qt.TextElideMode.ElideRight, int(area.width()))
            painter.setPen(theme.color("text" if index.column() == 0 else "muted"))
            painter.drawText(area, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, text)
        painter.restore()


class _KeysEditor(QWidget):
    """The keys of one action: each can be taken away, and new ones pressed. `changing()` comes before every change."""

    changing = Signal()
    left = Signal()

    def __init__(self, shortcuts: Shortcuts) -> None:
        super().__init__()
        self._shortcuts, self._action = shortcuts, ""
        self._name = label("", tone="heading")
        self._chips: QHBoxLayout = row(spacing=GRID)
        self.recorder = KeyRecorder()
        self.use = QPushButton(tr("Use this key"))
        self.reset = QPushButton(tr("Reset"))
        self.verdict = label("", tone="muted", wrap=True)
        self.verdict.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._lay_out()
        self.use.clicked.connect(self._on_use)
        self.reset.clicked.connect(self._on_reset)
        self.recorder.pressed.connect(self._judge)
        self.recorder.confirmed.connect(self._on_use)
        self.recorder.left.connect(self._on_left)
        shortcuts.changed.connect(self._on_keys_changed)
        theme.changed.connect(self._use_scale)
        self._use_scale()

    def record(self) -> None:
        """Wait for a key."""
        if self._action:
            self.recorder.start()

    @Slot()
    def _use_scale(self) -> None:
        self.verdict.setMinimumHeight(theme.px(9 * GRID))

    @Slot(str)
    def show_action(self, action: str) -> None:
        """Show the keys of another action; "" for none."""
        self._action = action
        self.setEnabled(bool(action))
        self._name.setText(plain(ACTIONS[action].text) if action else tr("No action is called that."))
        self.recorder.clear()
        self._judge("")
        self._show_keys()

    def _lay_out(self) -> None:
        head = row()
        head.addWidget(self._name)
        head.addStretch(1)
        head.addLayout(self._chips)
        line = row()
        line.addWidget(self.recorder, 1)
        line.addWidget(self.use)
        line.addWidget(self.reset)
        layout = column(self, spacing=2 * GRID)
        layout.addLayout(head)
        layout.addLayout(line)
        layout.addWidget(self.verdict)
        for button in (self.use, self.reset):
            button.setAutoDefault(False)

    def _show_keys(self) -> None:
        empty(self._chips)
        for key in self._shortcuts.keys(self._action) if self._action else ():
            chip = KeyChip(key)
            chip.removed.connect(self._on_remove)
            self._chips.addWidget(chip)
        changed = bool(self._action) and self._shortcuts.is_changed(self._action)
        self.reset.setEnabled(changed)
        self.reset.setToolTip(self._reset_tip() if changed else tr("It has its first keys."))

    def _reset_tip(self) -> str:
        first = [normal(key) for key in ACTIONS[self._action].keys]
        losing = dict.fromkeys(other for key in first for other in self._shortcuts.conflicts(self._action, key))
        if not losing:
            return tr("Give it the keys back that it had at first.")
        names = ", ".join(plain(ACTIONS[other].text) for other in losing)
        return tr("Give it the keys back that it had at first. They are taken from: {actions}.", actions=names)

    def _verdict(self, key: str) -> tuple[Message, bool]:
        """What is to be said of a key, and whether it can be used."""
        refusal = self._shortcuts.refusal(self._action, key)
        if refusal is not None:
            return refusal, False
        others = self._shortcuts.conflicts(self._action, key)
        if others:
            names = ", ".join(plain(ACTIONS[other].text) for other in others)
            return msg(
                "{key} belongs to: {actions}. It loses the key if you take it over.", key=shown(key), actions=names
            ), True
        if key in self._shortcuts.keys(self._action):
            return msg("{key} is a key of this action already.", key=shown(key)), False
        return msg("{key} is free. Press Enter to use it.", key=shown(key)), True

    @Slot(str)
    def _judge(self, key: str) -> None:
        if not key:
            self.verdict.setText(tr("Choose the field above and press the key. Enter takes it, Esc leaves."))
            self._offer(False, taking_over=False)
            return
        message, usable = self._verdict(key)
        self.verdict.setText(str(message))
        self._offer(usable, taking_over=bool(self._shortcuts.conflicts(self._action, key)))

    def _offer(self, usable: bool, *, taking_over: bool) -> None:
        self.use.setText(tr("Take it over") if taking_over and usable else tr("Use this key"))
        self.use.setEnabled(usable)
        self.use.setToolTip("" if usable else self.verdict.text())

    @Slot()
    def _on_use(self) -> None:
        key = self.recorder.key
        if key and self.use.isEnabled():
            self.changing.emit()
            self._shortcuts.add(self._action, key)
            self.left.emit()

    @Slot()
    def _on_reset(self) -> None:
        self.changing.emit()
        self._shortcuts.reset(self._action)

    @Slot(str)
    def _on_remove(self, key: str) -> None:
        self.changing.emit()
        self._shortcuts.remove(self._action, key)

    @Slot()
    def _on_keys_changed(self) -> None:
        if self._action:
            self.show_action(self._action)

    @Slot()
    def _on_left(self) -> None:
        self.recorder.clear()
        self._judge("")
        self.left.emit()
