"""The command palette: every action of the window, found by typing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from PySide6.QtCore import QModelIndex, QPoint, QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import QFontMetrics, QPainter
from PySide6.QtWidgets import (
    QApplication,
    QMenu,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from graph.messages import Message, msg, tr
from gui.actions import MENU_OF, TEXTS, Action, plain
from gui.canvas.chooser import ENTRY, Chooser
from gui.fuzzy import english_of, in_all_languages, words_fit
from gui.icons import paint_icon
from gui.key_caps import paint_caps
from gui.settings import Settings
from gui.shortcuts import Shortcuts, shown
from gui.theme import GRID, theme

WIDTH, ROW_HEIGHT, MAX_ROWS = 640, 32, 12
TOP = 19 * GRID  # from the upper edge of the window: below the tool bar
MARK = 16  # the place for the mark of what is in force
BY_MENU = 10  # a query that only the menu's name helps to fit comes behind all others
_ITSELF = "command_palette"


class Command(NamedTuple):
    """One line of the palette: its words, the menu it is in, what it calls; `name` is how it is remembered.

    `names` and `path_names` are its words and its menu's in all languages, small. `reason` says why it cannot be done now.
    """

    name: str
    text: str
    path: str
    run: Callable[[], object]
    names: tuple[str, ...]
    path_names: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    reason: Message | None = None
    checked: bool = False

    @property
    def value(self) -> str:
        """What the box gives when it is chosen."""
        return self.name

    @property
    def tip(self) -> str:
        """The reason, in words."""
        return str(self.reason) if self.reason is not None else ""


class CommandPalette(Chooser):
    """A box at the top of its window. What is chosen is done after the box has closed and the focus is where it was.

    `recent` names the commands used lately, which come first; `ran(name)` says which was used now.
    """

    ran = Signal(str)
    width_of_box, row_height, max_rows = WIDTH, ROW_HEIGHT, MAX_ROWS

    def __init__(self, parent: QWidget, entries: Sequence[Command], recent: Sequence[str] = ()) -> None:
        self._window = parent
        self._entries = list(entries)
        self._recent = {name: place for place, name in enumerate(recent)}
        self._before = QApplication.focusWidget()
        super().__init__(
            parent,
            self._find,
            title=tr("Find an action"),
            nothing=tr("No action is called that. Try another word, such as zoom, export or block."),
        )
        self.chosen.connect(self._on_chosen)

    def open(self) -> None:
        """Show the box in the middle of the upper edge."""
        self.open_at(QPoint((self._window.width() - theme.px(WIDTH)) // 2, theme.px(TOP)))

    def make_rows(self) -> QStyledItemDelegate:
        return _Rows(self.list)

    def words_of(self, entry: Command) -> str:
        keys = " ".join(map(shown, entry.keys[:1]))
        return ", ".join(filter(None, (entry.text, entry.path, keys, entry.tip)))

    def can_take(self, entry: Command) -> bool:
        return entry.reason is None

    def shut(self) -> None:
        """Close the box, and give the focus back to what had it, unless it went elsewhere already."""
        back = self._before if self.isVisible() and self.edit.hasFocus() else None
        super().shut()
        if back is not None and back.isVisible():
            back.setFocus(Qt.FocusReason.OtherFocusReason)

    @Slot(object)
    def _on_chosen(self, name: str) -> None:
        self.ran.emit(name)
        next(entry for entry in self._entries if entry.name == name).run()

    def _find(self, query: str) -> list[Command]:
        last = len(self._recent)
        if not query.strip():
            return sorted(self._entries, key=lambda entry: self._recent.get(entry.name, last))
        found = [(grade, entry) for entry in self._entries if (grade := _grade(query, entry)) is not None]
        whole = query.strip().casefold()

        def place(found: tuple[int, Command]) -> tuple[object, ...]:
            grade, entry = found
            recent = self._recent.get(entry.name, last)
            return grade, whole not in entry.names, entry.reason is not None, recent, len(entry.text)

        found.sort(key=place)
        return [entry for _, entry in found]


def open_palette(
    window: QWidget,
    actions: Mapping[str, Action],
    submenus: Mapping[str, QMenu],
    *,
    shortcuts: Shortcuts,
    settings: Settings,
) -> CommandPalette | None:
    """Open the palette over a window with what `gui.actions.fill` gave; the same key closes an open one."""
    if (there := window.findChild(CommandPalette)) is not None and there.isVisible():
        there.shut()
        return None
    palette = CommandPalette(window, commands(actions, submenus, shortcuts=shortcuts), settings.commands)
    palette.ran.connect(settings.add_command)
    palette.open()
    return palette


def commands(actions: Mapping[str, Action], submenus: Mapping[str, QMenu], *, shortcuts: Shortcuts) -> list[Command]:
    """All actions, and what the submenus offer: recent files, examples, panels, themes, languages."""
    made = [_of_action(action, shortcuts) for name, action in actions.items() if name != _ITSELF]
    for name, menu in submenus.items():
        menu.aboutToShow.emit()  # some are filled only then
        path = TEXTS[f"menu:{name}"]
        made += [_of_choice(action, name, path) for action in menu.actions() if action.isEnabled() and action.text()]
        menu.aboutToHide.emit()
    return made


def _of_action(action: Action, shortcuts: Shortcuts) -> Command:
    action.show_state()
    name, menu = action.entry.id, MENU_OF[action.entry.id]
    text = plain(action.text()).rstrip("…")
    names = tuple(dict.fromkeys((text.casefold(), *_names(action.entry.text.text))))
    reason = action.why_not() or (None if action.isEnabled() else msg("There is nothing to do this with now."))
    return Command(
        name, text, plain(menu.title), action.trigger, names, _names(menu.title.text),
        keys=shortcuts.keys(name), reason=reason, checked=action.isChecked(),
    )  # fmt: skip


def _of_choice(action, menu: str, path: Message) -> Command:
    text = plain(action.text())
    return Command(
        f"{menu}:{action.data() or text}", text, plain(path).rstrip("…"), action.trigger, _names(english_of(text)), _names(path.text),
        checked=action.isChecked(),
    )  # fmt: skip


def _names(text: str) -> tuple[str, ...]:
    return tuple(plain(name).rstrip("…").casefold() for name in in_all_languages(text))


def _grade(query: str, entry: Command) -> int | None:
    """How well a command fits: by its own words, or with those of its menu."""
    grade = words_fit(query, entry.names)
    if grade is not None:
        return grade
    with_menu = words_fit(query, (*entry.names, *entry.path_names))
    return None if with_menu is None else BY_MENU + with_menu


class _Rows(QStyledItemDelegate):
    """A line: the mark of what is in force, the words, the menu or the reason in a quieter tone, the key at the right."""

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex) -> QSize:
        return QSize(theme.px(WIDTH) - 24, theme.px(ROW_HEIGHT))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex) -> None:
        entry: Command = index.data(ENTRY)
        area, state = QRectF(option.rect), option.state
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if state & (QStyle.StateFlag.State_Selected | QStyle.StateFlag.State_MouseOver):
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.color("selection" if state & QStyle.StateFlag.State_Selected else "hover"))
            painter.drawRoundedRect(area, 4, 4)
        words, mark = area.adjusted(2 * GRID, 0, -2 * GRID, 0), theme.px(MARK)
        if entry.checked:
            at = QRectF(words.left(), words.center().y() - mark / 2, mark, mark)
            paint_icon(painter, at, "check", role="accent")
        words.setLeft(words.left() + mark + 2 * GRID)
        painter.setFont(option.font)
        words.setRight(paint_caps(painter, words, entry.keys[:1], at_right=True) - 3 * GRID)
        self._paint_words(painter, words, entry, metrics=option.fontMetrics)
        painter.restore()

    def _paint_words(self, painter: QPainter, area: QRectF, entry: Command, *, metrics: QFontMetrics) -> None:
        center, elide = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, Qt.TextElideMode.ElideMiddle
        text = metrics.elidedText(entry.text, elide, int(area.width()))
        painter.setPen(theme.color("text" if entry.reason is None else "faint"))
        painter.drawText(area, center, text)
        area.setLeft(area.left() + metrics.horizontalAdvance(text) + 3 * GRID)
        detail = entry.path if entry.reason is None else str(entry.reason)
        painter.setPen(theme.color("muted"))
        painter.drawText(
            area, center, metrics.elidedText(detail, Qt.TextElideMode.ElideRight, max(0, int(area.width())))
        )
