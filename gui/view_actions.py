"""What the menus do with the window itself: themes, languages, the size of text, panels, help."""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QDialog, QMenu, QMessageBox

from graph.messages import language, languages, msg, tr
from gui import actions
from gui.frame import PANELS
from gui.motion import motion
from gui.settings import Settings
from gui.theme import SCALES, theme
from gui.tongue import NAMES, tongue

if TYPE_CHECKING:
    from gui.main_window import MainWindow

THEMES = {
    "system": msg("Like the system"),
    "dark": msg("Dark"),
    "light": msg("Light"),
    "high_contrast_dark": msg("High contrast, dark"),
    "high_contrast_light": msg("High contrast, light"),
}


class ViewActions(QObject):
    """Methods named like the ids in `gui.actions` are what the menus call."""

    def __init__(self, window: MainWindow, settings: Settings) -> None:
        super().__init__(window)
        self._window, self._settings = window, settings

    # ---- looks

    def use_theme(self, name: str) -> None:
        """Use a theme from now on."""
        self._settings.theme = name
        theme.use(name)

    def use_language(self, code: str) -> None:
        """Use a language from now on."""
        self._settings.language = code
        tongue.use(code)

    def text_larger(self) -> None:
        """Show all text larger."""
        self._scale(+1)

    def text_smaller(self) -> None:
        """Show all text smaller."""
        self._scale(-1)

    def text_normal(self) -> None:
        """Show all text in its own size."""
        self._use_scale(100)

    @property
    def reduces_motion(self) -> bool:
        """Whether nothing glides."""
        return motion.is_reduced

    def reduce_motion(self) -> None:
        """Let nothing glide, or let it glide again."""
        self._settings.motion = motion.reduced = "no" if motion.is_reduced else "yes"

    def _scale(self, step: int) -> None:
        at = SCALES.index(theme.scale) if theme.scale in SCALES else 0
        self._use_scale(SCALES[max(0, min(len(SCALES) - 1, at + step))])

    def _use_scale(self, percent: int) -> None:
        self._settings.text_size = percent
        theme.set_scale(percent)

    # ---- panels

    def fill_menus(self, menus: dict[str, QMenu]) -> None:
        """Fill the submenus that offer choices, each time they open: another window may have chosen meanwhile."""
        for name, fill in (
            ("theme", self._fill_themes),
            ("language", self._fill_languages),
            ("panels", self._fill_panels),
            ("processes", self._fill_processes),
        ):
            menus[name].aboutToShow.connect(partial(fill, menus[name]))

    def show_panel(self, name: str, shown: bool = True) -> None:
        """Show a part of the window around the canvas, or put it away."""
        hidden = set(self._settings.hidden_panels)
        self._settings.hidden_panels = sorted(hidden - {name} if shown else hidden | {name})
        self._window.arrange_panels()

    def reset_layout(self) -> None:
        """Show all panels in the sizes of a first start."""
        self._settings.forget_layouts()
        self._settings.hidden_panels = []
        self._window.arrange()

    def _fill_themes(self, menu: QMenu) -> None:
        menu.clear()
        names = {name: str(text) for name, text in THEMES.items()}
        actions.fill_choices(menu, names, self._settings.theme, self.use_theme)

    def _fill_languages(self, menu: QMenu) -> None:
        menu.clear()
        spoken = {code: NAMES.get(code, code) for code in languages()}
        actions.fill_choices(menu, spoken, self._settings.language or language(), self.use_language)

    def _fill_panels(self, menu: QMenu) -> None:
        menu.clear()
        for name, text in PANELS.items():
            action = menu.addAction(str(text))
            action.setCheckable(True)
            action.setChecked(name not in self._settings.hidden_panels)
            action.setData(name)
            action.toggled.connect(partial(self.show_panel, name))

    def _fill_processes(self, menu: QMenu) -> None:
        """As many as there are cores at most, by powers of two; what a settings file says besides is offered too."""
        menu.clear()
        powers = {2**power for power in range((os.cpu_count() or 1).bit_length())}
        counts = sorted(powers | {2, self._settings.processes})
        texts = {str(count): str(count) if count > 1 else tr("1, as always") for count in counts}
        actions.fill_choices(menu, texts, str(self._settings.processes), self._use_processes)
        menu.addSeparator()
        menu.setToolTipsVisible(True)
        divide = menu.addAction(tr("Divide the weights among them"))
        are_several = self._settings.processes > 1
        divide.setToolTip(
            tr("Each process holds a part of weights, gradients and optimizer states (FSDP): for a network that does not fit one "
               "device. Slower for small ones.")
            if are_several else tr("Choose two processes or more first.")
        )  # fmt: skip
        divide.setCheckable(True)
        divide.setChecked(self._settings.shard)
        divide.setEnabled(are_several)
        divide.toggled.connect(self._divide_weights)

    def _use_processes(self, count: str) -> None:
        self._settings.processes = int(count)

    def _divide_weights(self, wanted: bool) -> None:
        self._settings.shard = wanted

    # ---- Help

    def command_palette(self) -> None:
        """Find anything by typing."""
        from gui.palette import open_palette

        window = self._window
        open_palette(window, window.actions_by_id, window.menus, shortcuts=window.shortcuts, settings=self._settings)

    def edit_shortcuts(self) -> None:
        """Change the keys of actions."""
        from gui.shortcuts_dialog import ShortcutsDialog

        self._show(ShortcutsDialog(self._window.shortcuts, self._window))

    def show_keys(self) -> None:
        """List keys and gestures."""
        from gui.help import KeysDialog

        self._show(self._window.findChild(KeysDialog) or KeysDialog(self._window.shortcuts, self._window))

    def show_hints(self) -> None:
        """Show the first steps again."""
        self._settings.hints = True
        self.offer_hints()

    def offer_hints(self) -> None:
        """Show the first steps over the canvas in front, unless the person had enough of them."""
        if not self._settings.hints:
            return
        from gui.hints import Hints

        canvas = self._window.canvas
        for old in canvas.findChildren(Hints):
            old.hide()
            old.deleteLater()
        hints = Hints(canvas, self._window.shortcuts)
        hints.dismissed.connect(self._on_hints_dismissed)
        self._window.frame.run_views.started.connect(hints.note_run)
        hints.show()

    def _on_hints_dismissed(self) -> None:
        self._settings.hints = False

    def about(self) -> None:
        """Say what this is."""
        text = tr("Layerloom: draw a neural network, see at once whether it is right, train it while you watch, "
                  "and take it away as ordinary PyTorch.")  # fmt: skip
        QMessageBox.about(self._window, tr("About Layerloom"), text)

    @staticmethod
    def _show(dialog: QDialog) -> None:
        dialog.show()
        dialog.raise_()
        dialog.activateWindow()
