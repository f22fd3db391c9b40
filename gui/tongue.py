"""The language of the application, switchable while it runs."""

from __future__ import annotations

from PySide6.QtCore import QLibraryInfo, QLocale, QObject, QTranslator, Signal
from PySide6.QtWidgets import QApplication

from graph.messages import language, set_language

NAMES = {"en": "English", "zh_CN": "简体中文"}


class Tongue(QObject):
    """`changed` tells windows to make their words anew."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._of_qt: QTranslator | None = None

    def use(self, code: str) -> None:
        """Speak a language from now on, with Qt's own words in it."""
        before = language()
        set_language(code)
        app = QApplication.instance()
        if app is not None:
            self._translate_qt(app, code)
        if language() != before:
            self.changed.emit()

    def _translate_qt(self, app: QObject, code: str) -> None:
        if self._of_qt is not None:
            QApplication.removeTranslator(self._of_qt)
            self._of_qt.deleteLater()
            self._of_qt = None
        if code == "en":
            return
        translator = QTranslator(app)
        folder = QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)
        if translator.load(QLocale(code), "qtbase", "_", folder):
            self._of_qt = translator
            QApplication.installTranslator(translator)


tongue = Tongue()
