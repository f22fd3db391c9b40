"""Every action of the window in one table: where it stands, its words, its first keys, what it calls; and the menus from it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from inspect import ismethod
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, Slot
from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QMenu, QMenuBar, QWidget

from graph.messages import Message, msg
from gui.unfinished import finish_typing

if TYPE_CHECKING:
    from gui.shortcuts import Shortcuts

Owner = object  # what has the methods that the menus call, or a function that gives it (None where there is none now)
Tell = Callable[[Message], object]


@dataclass(frozen=True, slots=True)
class ActionType:
    """One action. `id` names the method that it calls; "menu:…" is a submenu that the window fills.

    `keys` are those that it has as long as nobody changes them (`gui.shortcuts`): with Ctrl, Alt or a function key they work
    everywhere in the window, others on the canvas only. `checked` names the property of the owner that says whether the
    action carries a mark.
    """

    id: str
    text: Message
    keys: tuple[str, ...] = ()
    checked: str = ""


@dataclass(frozen=True, slots=True)
class MenuType:
    """A menu. Actions `on_canvas` may have keys without Ctrl or Alt; without a bar they stand in the palette and help alone."""

    title: Message
    entries: tuple[ActionType | None, ...]
    on_canvas: bool = False
    in_bar: bool = True


SEPARATOR = None
OF_QT = "close"  # the one action that is a method of every window
MNEMONIC = re.compile(r"\(&\w\)")
MENUS: tuple[MenuType, ...] = (
    MenuType(
        msg("&File"),
        (
            ActionType("new", msg("&New"), ("Ctrl+N",)),
            ActionType("new_window", msg("New &window"), ("Ctrl+Shift+N",)),
            ActionType("open", msg("&Open…"), ("Ctrl+O",)),
            ActionType("menu:recent", msg("Open &recent")),
            ActionType("menu:examples", msg("&Examples")),
            ActionType("start_page", msg("Start page"), ("Alt+Home",)),
            SEPARATOR,
            ActionType("save", msg("&Save"), ("Ctrl+S",)),
            ActionType("save_as", msg("Save &as…"), ("Ctrl+Shift+S",)),
            ActionType("show_recovered", msg("Recovered drawings…")),
            SEPARATOR,
            ActionType("compare_files", msg("Compare with a &file…")),
            ActionType("compare_with_run", msg("Compare with a run…")),
            SEPARATOR,
            ActionType("import_weights", msg("&Import weights…")),
            ActionType("import_module", msg("Import a P&yTorch module…")),
            ActionType("import_onnx", msg("Import an ONN&X file…")),
            ActionType("export_model", msg("&Export the network…"), ("Ctrl+E",)),
            ActionType("export_picture", msg("Export a &picture…")),
            SEPARATOR,
            ActionType("close_tab", msg("&Close the tab"), ("Ctrl+W",)),
            ActionType("close", msg("Close the window"), ("Ctrl+Shift+W",)),
            ActionType("quit", msg("&Quit"), ("Ctrl+Q",)),
        ),
    ),
    MenuType(
        msg("&Edit"),
        (
            ActionType("undo", msg("&Undo"), ("Ctrl+Z",)),
            ActionType("redo", msg("&Redo"), ("Ctrl+Shift+Z", "Ctrl+Y")),
            ActionType("show_history", msg("&History"), ("Ctrl+H",)),
            SEPARATOR,
            ActionType("cut", msg("Cu&t"), ("Ctrl+X",)),
            ActionType("copy", msg("&Copy"), ("Ctrl+C",)),
            ActionType("paste", msg("&Paste"), ("Ctrl+V",)),
            ActionType("duplicate", msg("&Duplicate"), ("Ctrl+D",)),
            ActionType("delete", msg("De&lete"), ("Del",)),
            ActionType("delete_and_heal", msg("Delete and &heal the wires"), ("Ctrl+Del",)),
            SEPARATOR,
            ActionType("select_all", msg("Select &all"), ("Ctrl+A",)),
            ActionType("select_upstream", msg("Select what leads here"), ("[",)),
            ActionType("select_downstream", msg("Select what follows from here"), ("]",)),
            ActionType("clear_selection", msg("Select nothing"), ("Esc",)),
            SEPARATOR,
            ActionType("find", msg("&Find in the drawing…"), ("Ctrl+F",)),
            ActionType("find_next", msg("Find ne&xt"), ("F3",)),
            ActionType("find_previous", msg("Find previous"), ("Shift+F3",)),
            ActionType("next_problem", msg("&Next problem"), ("F8",)),
            ActionType("previous_problem", msg("Previous problem"), ("Shift+F8",)),
        ),
        on_canvas=True,
    ),
    MenuType(
        msg("&View"),
        (
            ActionType("zoom_in", msg("Zoom &in"), ("Ctrl++", "Ctrl+=", "+", "=")),
            ActionType("zoom_out", msg("Zoom &out"), ("Ctrl+-", "-")),
            ActionType("zoom_to_actual", msg("&Actual size"), ("Ctrl+0", "1")),
            ActionType("zoom_to_selection", msg("Zoom to the &selection"), ("Ctrl+8", "2")),
            ActionType("fit", msg("&Fit the drawing"), ("Ctrl+9", "0", "F", "Home")),
            SEPARATOR,
            ActionType("show_outline", msg("Outl&ine"), ("Ctrl+Shift+O",)),
            ActionType("show_summary", msg("Su&mmary of the network"), ("Ctrl+Shift+M",)),
            ActionType("toggle_minimap", msg("Mi&nimap"), checked="has_minimap"),
            ActionType("menu:panels", msg("&Panels")),
            ActionType("reset_layout", msg("Panels as at &first")),
            ActionType("next_pane", msg("Next part of the window"), ("F6",)),
            ActionType("previous_pane", msg("Part of the window before"), ("Shift+F6",)),
            ActionType("next_tab", msg("&Next tab"), ("Ctrl+Tab", "Ctrl+PgDown")),
            ActionType("previous_tab", msg("Previous tab"), ("Ctrl+Shift+Tab", "Ctrl+PgUp")),
            SEPARATOR,
            ActionType("menu:theme", msg("&Theme")),
            ActionType("menu:language", msg("&Language")),
            ActionType("text_larger", msg("Larger text"), ("Ctrl+Alt+PgUp",)),
            ActionType("text_smaller", msg("Smaller text"), ("Ctrl+Alt+PgDown",)),
            ActionType("text_normal", msg("Text in its own size"), ("Ctrl+Alt+Home",)),
            ActionType("reduce_motion", msg("&Reduce motion"), checked="reduces_motion"),
        ),
        on_canvas=True,
    ),
    MenuType(
        msg("&Graph"),
        (
            ActionType("quick_add", msg("&Add a layer…"), ("/", "Tab")),
            ActionType("find_layer", msg("&Search the library"), ("Ctrl+L",)),
            ActionType("pull_out", msg("Pull &out, and heal the wires"), ("Shift+P",)),
            ActionType("connect_selected", msg("Connect the selected node, by name"), ("C",)),
            ActionType("activate", msg("Edit the parameters of the selected node"), ("Return",)),
            SEPARATOR,
            ActionType("collapse", msg("Collapse the cards"), ("H",), checked="is_collapsed"),
            ActionType("bypass", msg("&Bypass"), ("Ctrl+B", "M"), checked="is_bypassed"),
            ActionType("add_note", msg("Add a no&te"), ("N",)),
            ActionType("add_frame", msg("Add a &frame"), ("Ctrl+Alt+G", "Shift+F")),
            ActionType("edit_text", msg("Edit the te&xt of a frame or note"), ("F2",)),
            SEPARATOR,
            ActionType("make_block", msg("&Make a block…"), ("Ctrl+G",)),
            ActionType("dissolve_block", msg("Take the block a&part"), ("Ctrl+Shift+G",)),
            ActionType("new_block", msg("&New empty block…")),
            ActionType("enter_block", msg("&Look inside"), ("Alt+Down",)),
            ActionType("leave_block", msg("Go &out"), ("Alt+Up",)),
            ActionType("keep_block", msg("Save to my blocks")),
            SEPARATOR,
            ActionType("share_weights", msg("Share &weights")),
            ActionType("own_weights", msg("Give &own weights")),
            SEPARATOR,
            ActionType("new_code", msg("New &code…")),
        ),
        on_canvas=True,
    ),
    MenuType(
        msg("&Arrange"),
        (
            ActionType("tidy", msg("&Tidy up"), ("Ctrl+T",)),
            ActionType("tidy_selection", msg("Tidy up the &selection"), ("Ctrl+Shift+T",)),
            ActionType("flow_right", msg("Left to &right"), checked="flows_right"),
            ActionType("flow_down", msg("Top to &bottom"), checked="flows_down"),
            ActionType("reset_wires", msg("Let the &wires find their way"), ("Shift+R",)),
            SEPARATOR,
            ActionType("align_left", msg("Align &left edges"), ("Shift+A",)),
            ActionType("align_horizontal_centers", msg("Align &centers in a column"), ("Shift+C",)),
            ActionType("align_right", msg("Align right edges"), ("Shift+D",)),
            ActionType("align_top", msg("Align &top edges"), ("Shift+W",)),
            ActionType("align_vertical_centers", msg("Align &middles in a row"), ("Shift+E",)),
            ActionType("align_bottom", msg("Align bottom edges"), ("Shift+S",)),
            SEPARATOR,
            ActionType("distribute_horizontally", msg("Same gaps &across"), ("Shift+X",)),
            ActionType("distribute_vertically", msg("Same gaps &down"), ("Shift+Y",)),
        ),
        on_canvas=True,
    ),
    MenuType(
        msg("&Train"),
        (
            ActionType("train_or_pause", msg("&Train / pause / resume"), ("F5",)),
            ActionType("stop", msg("&Stop"), ("Shift+F5",)),
            ActionType("stop_after_epoch", msg("Stop after this &epoch")),
            ActionType("save_checkpoint", msg("Save a chec&kpoint now")),
            ActionType("use_new_drawing", msg("&Go on with the changed drawing")),
            SEPARATOR,
            ActionType("overfit", msg("&Overfit one batch")),
            ActionType("find_rate", msg("&Find a learning rate")),
            ActionType("show_sweep", msg("Show s&weeps")),
            ActionType("own_process", msg("Train in a &process of its own"), checked="has_own_process"),
            ActionType("menu:processes", msg("P&rocesses that train together")),
            ActionType("tensorboard", msg("Write files for Tensor&Board"), checked="has_tensorboard"),
            SEPARATOR,
            ActionType("continue_run", msg("&Continue a run…")),
            ActionType("watch_run", msg("&Watch a run…")),
        ),
    ),
    MenuType(
        msg("&Help"),
        (
            ActionType("command_palette", msg("&Find an action…"), ("Ctrl+Shift+P",)),
            ActionType("show_keys", msg("&Keys and gestures"), ("F1",)),
            ActionType("edit_shortcuts", msg("&Change keys…"), ("Ctrl+Shift+K",)),
            ActionType("show_hints", msg("Show &hints again")),
            SEPARATOR,
            ActionType("about", msg("&About Layerloom")),
        ),
    ),
    MenuType(
        msg("On the canvas"),
        (ActionType("remove_or_leave", msg("Delete the selection, or go out of the block"), ("Backspace",)),),
        on_canvas=True,
        in_bar=False,
    ),
)


def _entries() -> Iterator[tuple[MenuType, ActionType]]:
    """The actions with the menu that each stands in."""
    yield from ((menu, e) for menu in MENUS for e in menu.entries if e is not None and not e.id.startswith("menu:"))


ACTIONS: Mapping[str, ActionType] = {entry.id: entry for _, entry in _entries()}
MENU_OF: Mapping[str, MenuType] = {entry.id: menu for menu, entry in _entries()}
TEXTS = {entry.id: entry.text for menu in MENUS for entry in menu.entries if entry}


def plain(text: Message | str) -> str:
    """The words of an entry without its mnemonic: `&New` and `新建(&N)` lose theirs."""
    return MNEMONIC.sub("", str(text)).replace("&", "")


class Action(QAction):
    """An entry of the menus. It looks for its owner whenever it is used: another document has other ones."""

    def __init__(
        self, entry: ActionType, owners: Sequence[Owner], *, shortcuts: Shortcuts, tell: Tell, parent: QObject
    ) -> None:
        super().__init__(str(entry.text), parent)
        self.entry, self._owners, self._shortcuts, self._tell = entry, owners, shortcuts, tell
        self._disabled = False  # because it cannot be done now
        self.setObjectName(entry.id)
        self.setCheckable(bool(entry.checked))
        self.triggered.connect(self._on_triggered)
        shortcuts.changed.connect(self._on_keys_changed)
        self._on_keys_changed()

    def why_not(self) -> Message | None:
        """Why it cannot be done now; None if it can. Owners with a method `why_not(id)` are asked."""
        owner = _owner_of(self.entry.id, self._owners)
        if owner is None:
            return msg("There is no drawing for this. Open one, or start a new one.")
        ask = getattr(owner, "why_not", None)
        return ask(self.entry.id) if ask is not None else None

    def run(self) -> None:
        """Do it, or say why it cannot be done. What is being typed counts as typed."""
        finish_typing()
        reason = self.why_not()
        if reason is not None:
            self._tell(reason)
        else:
            getattr(_owner_of(self.entry.id, self._owners), self.entry.id)()
        self.show_state()

    def show_state(self, *, disabling: bool = False) -> None:
        """Carry the mark, and the reason why it cannot be done. Only an open menu disables it: its keys are always heard."""
        reason = self.why_not()
        if self.entry.checked:
            marked = getattr(_owner_of(self.entry.id, self._owners), self.entry.checked, False)
            self.setChecked(bool(marked() if callable(marked) else marked))
        if reason is not None or self._disabled:
            self._disabled = disabling and reason is not None
            self.setEnabled(not self._disabled)
        self.setToolTip(self._tip(reason))

    def retire(self) -> None:
        """Give up the keys at once; the menus are made anew."""
        self.setShortcuts([])
        self.setEnabled(False)
        self.deleteLater()

    def _tip(self, reason: Message | None) -> str:
        words = plain(self.text())
        if reason is not None:
            return f"{words}\n{reason}"
        return f"{words} ({key})" if (key := self._shortcuts.text(self.entry.id)) else words

    @Slot()
    def _on_triggered(self) -> None:
        self.run()

    @Slot()
    def _on_keys_changed(self) -> None:
        """The keys of the canvas are shown, but it handles them itself."""
        everywhere = self._shortcuts.window_keys(self.entry.id)
        local = not everywhere
        keys = self._shortcuts.keys(self.entry.id)[:1] if local else everywhere
        context = Qt.ShortcutContext.WidgetShortcut if local else Qt.ShortcutContext.WindowShortcut
        self.setShortcutContext(context)
        self.setShortcuts([QKeySequence(key) for key in keys])
        self.setToolTip(self._tip(None))


def fill(
    bar: QMenuBar, window: QWidget, *others: Owner, shortcuts: Shortcuts, tell: Tell
) -> tuple[dict[str, Action], dict[str, QMenu]]:
    """Build the menus, in the place of those that are there. The entry `save_as` calls `save_as()` of the window, or of the
    first other that has it at that moment; one that nobody has is left out. `tell` shows why something cannot be done.

    Returns:
        The actions by id, and the menus that the window fills itself by id.
    """
    for old in bar.findChildren(Action):
        old.retire()
    for menu in bar.findChildren(QMenu, options=Qt.FindChildOption.FindDirectChildrenOnly):
        menu.deleteLater()
    bar.clear()
    owners = (window, *others)
    offered = [entry.id for _, entry in _entries() if _is_offered(entry.id, owners)]
    made = {
        name: Action(ACTIONS[name], owners, shortcuts=shortcuts, tell=tell, parent=bar) for name in offered
    }  # fmt: skip
    window.addActions(list(made.values()))
    submenus: dict[str, QMenu] = {}
    for menu in MENUS:
        if menu.in_bar:
            _fill_menu(bar.addMenu(str(menu.title)), menu, made, submenus)
    return made, submenus


def follow(menu: QMenu) -> None:
    """Let the actions of a menu show whether they can be done, and why not, as long as it is open."""
    menu.setToolTipsVisible(True)
    menu.aboutToShow.connect(partial(_show_states, menu, disabling=True))
    menu.aboutToHide.connect(partial(_show_states, menu, disabling=False))


def fill_choices(menu: QMenu, texts: Mapping[str, str], chosen: str, choose: Callable[[str], None]) -> None:
    """Fill a menu with choices of which one is in force: it carries the mark."""
    for before in menu.findChildren(QActionGroup):
        before.deleteLater()
    group = QActionGroup(menu)
    for value, text in texts.items():
        action = group.addAction(menu.addAction(text, partial(choose, value)))
        action.setData(value)  # how it is known in every language
        action.setCheckable(True)
        action.setChecked(value == chosen)


def _fill_menu(menu: QMenu, menu_type: MenuType, made: Mapping[str, Action], submenus: dict[str, QMenu]) -> None:
    for entry in menu_type.entries:
        if entry is None:
            menu.addSeparator()
        elif entry.id.startswith("menu:"):
            submenus[entry.id.removeprefix("menu:")] = menu.addMenu(str(entry.text))
        elif entry.id in made:
            menu.addAction(made[entry.id])
    menu.menuAction().setVisible(any(isinstance(action, Action) for action in menu.actions()))
    follow(menu)


def _show_states(menu: QMenu, *, disabling: bool) -> None:
    for action in menu.actions():
        if isinstance(action, Action):
            action.show_state(disabling=disabling)


def _present(owner: Owner) -> object:
    return owner() if callable(owner) else owner


def _owner_of(name: str, owners: Sequence[Owner]) -> object:
    """The first owner that has the method now; None if there is none."""
    return next((there for owner in owners if _has(there := _present(owner), name)), None)


def _is_offered(name: str, owners: Sequence[Owner]) -> bool:
    """Whether somebody has the method, or may have it as soon as there is one."""
    return any(there is None or _has(there, name) for there in map(_present, owners))


def _has(owner: object, name: str) -> bool:
    """Whether the owner has a method of ours by that name: `find()` of every widget is something else."""
    return ismethod(getattr(owner, name, None)) or (name == OF_QT and hasattr(owner, name))
