"""Opens the window: first the picture, then everything that takes time."""

from __future__ import annotations

import sys
import threading
import traceback
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Slot
from PySide6.QtWidgets import QApplication, QWidget

from graph.messages import Message, language, msg
from gui.apart import Messenger
from gui.icons import application_icon
from gui.motion import motion
from gui.settings import Settings
from gui.style import Dresser
from gui.sweeper import Sweeper
from gui.theme import theme
from gui.tongue import tongue
from runtime.places import state_folder

if TYPE_CHECKING:
    from gui.main_window import MainWindow
    from gui.shortcuts import Shortcuts

_windows: set[MainWindow] = set()


def run(path: Path | None = None) -> int:
    """Open the window on a file, or on the first example, and stay until it is closed.

    Returns:
        The exit status of the application.
    """
    app = make_application()
    Sweeper(app)
    settings = Settings()
    tongue.use(settings.language or language())
    theme.use(settings.theme)
    theme.set_scale(settings.text_size)
    motion.reduced = settings.motion
    motion.follow(app)
    dresser = Dresser(app)
    from gui.main_window import MainWindow
    from gui.shortcuts import Shortcuts

    window = MainWindow(settings, Shortcuts(settings, app))
    keep(window)
    dresser.dress()
    ErrorReporter(tell_windows, app).watch()
    window.show_document(path)
    FirstPaint(window.canvas.viewport(), window.start_background)
    window.view_actions.offer_hints()
    window.show()
    return app.exec()


class FirstPaint(QObject):
    """Calls a function once, when a widget has been painted for the first time."""

    def __init__(self, widget: QWidget, then: Callable[[], None]) -> None:
        super().__init__(widget)
        self._then = then
        widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Paint:
            watched.removeEventFilter(self)
            QTimer.singleShot(0, self._then)
        return False


def make_application() -> QApplication:
    """The application object with its names."""
    app = QApplication.instance() or QApplication(sys.argv[:1])
    assert isinstance(app, QApplication)
    app.setOrganizationName("Layerloom")
    app.setApplicationName("Layerloom")
    app.setApplicationDisplayName("Layerloom")
    app.setWindowIcon(application_icon())
    return app


def open_window(settings: Settings, shortcuts: Shortcuts | None = None) -> MainWindow:
    """Another window. It is kept as long as it is open."""
    from gui.main_window import MainWindow

    window = MainWindow(settings, shortcuts)
    keep(window)
    window.show()
    return window


def keep(window: MainWindow) -> None:
    """Let a window live until it is closed, and no longer."""
    window.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    _windows.add(window)
    window.destroyed.connect(lambda _gone=None: _windows.discard(window))


def tell_windows(message: Message) -> None:
    """Show an error in every window."""
    from gui.main_window import MainWindow

    for window in QApplication.topLevelWidgets():
        if isinstance(window, MainWindow):
            window.notice.show_message(message, "error")


class ErrorReporter(QObject):
    """Tells the person of every error of ours that nobody caught: a sentence in the window, the details in a file."""

    def __init__(self, tell: Callable[[Message], object], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._tell = tell
        self._messenger = Messenger(self.report)

    def watch(self) -> None:
        """Take what falls through, in the thread of the window and in all others."""
        sys.excepthook = lambda _kind, error, _trace: self.report(error)
        messenger = self._messenger
        threading.excepthook = lambda what: messenger.tell(what.exc_value)

    @Slot(object)
    def report(self, error: BaseException) -> None:
        """Write the details to a file and say where it is."""
        if isinstance(error, KeyboardInterrupt):
            QApplication.quit()
            return
        folder = state_folder() / "reports"
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / f"{datetime.now():%Y-%m-%d_%H%M%S}.txt"
        file.write_text("".join(traceback.format_exception(error)), "utf-8")
        text = msg(
            "Something went wrong inside Layerloom; your drawing is as it was. Save it now. "
            "Details for a report are in {file}.",
            file=file,
        )
        self._tell(text)
