"""Opens the window: first the picture, then everything that takes time."""

from __future__ import annotations

import sys
import traceback
from datetime import datetime
from pathlib import Path
from types import TracebackType

from PySide6.QtCore import QLibraryInfo, QLocale, QTimer, QTranslator
from PySide6.QtWidgets import QApplication

from graph.messages import language, msg, set_language
from gui.settings import Settings
from gui.style import apply_style
from gui.theme import theme
from runtime.places import state_folder


def run(path: Path | None = None) -> int:
    """Open the window on a file, or on the first example, and stay until it is closed.

    Returns:
        The exit status of the application.
    """
    app = make_application()
    settings = Settings()
    use_language(app, settings)
    theme.use(settings.theme)
    apply_style(app)
    from gui.main_window import MainWindow

    window = MainWindow(settings)
    sys.excepthook = lambda *error: report_error(window, *error)
    window.show_document(path)
    window.show()
    QTimer.singleShot(0, window.start_background)
    return app.exec()


def make_application() -> QApplication:
    """The application object with its names."""
    app = QApplication.instance() or QApplication(sys.argv[:1])
    assert isinstance(app, QApplication)
    app.setOrganizationName("Layerloom")
    app.setApplicationName("Layerloom")
    app.setApplicationDisplayName("Layerloom")
    return app


def use_language(app: QApplication, settings: Settings) -> None:
    """Speak the chosen language, or the one that the command line found in its environment."""
    code = settings.language or language()
    set_language(code)
    if code != "en":
        translator = QTranslator(app)
        if translator.load(QLocale(code), "qtbase", "_", QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)):
            app.installTranslator(translator)


def report_error(window, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """An error of ours: a sentence for the person, the details in a file."""
    if issubclass(kind, KeyboardInterrupt):
        QApplication.quit()
        return
    folder = state_folder() / "reports"
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{datetime.now():%Y-%m-%d_%H%M%S}.txt"
    file.write_text("".join(traceback.format_exception(kind, error, trace)), "utf-8")
    text = msg(
        "Something went wrong inside Layerloom; your drawing is as it was. Save it now. Details for a report are in {file}.",
        file=file,
    )
    window.notice.show_message(text, "error")
