"""What the menus do with the window itself: themes, languages, the size of text, panels, help."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QDialog, QMessageBox

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

    def fill_menus(self, menus) -> None:
        """Fill the submenus that offer choices."""
        names = {name: str(text) for name, text in THEMES.items()}
        actions.fill_choices(menus["theme"], names, self._settings.theme, self.use_theme)
        spoken = {code: NAMES.get(code, code) for code in languages()}
        actions.fill_choices(menus["language"], spoken, self._settings.language or language(), self.use_language)
        for name, text in PANELS.items():
            action = menus["panels"].addAction(str(text))
            action.setCheckable(True)
            action.setChecked(name not in self._settings.hidden_panels)
            action.setData(name)
            action.toggled.connect(self._on_panels_toggled)
        self._panel_actions = list(menus["panels"].actions())

    def reset_layout(self) -> None:
        """Show all panels in the sizes of a first start."""
        self._settings.forget_layouts()
        for action in self._panel_actions:
            action.setChecked(True)
        self._window.arrange()

    def _on_panels_toggled(self) -> None:
        self._settings.hidden_panels = [a.data() for a in self._panel_actions if not a.isChecked()]
        self._window.arrange_panels()

    # ---- Help

    def command_palette(self) -> None:
        """Find anything by typing."""
        self._window.open_palette()

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
        self._window.offer_hints()

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
