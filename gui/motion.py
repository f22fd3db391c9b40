"""Movement on the screen: one way to animate, which a person who is disturbed by motion can do without."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
import sys
from collections.abc import Callable
from threading import Thread

from PySide6.QtCore import QAbstractAnimation, QCoreApplication, QEasingCurve, QObject, Qt, QVariantAnimation
from PySide6.QtGui import QGuiApplication

from gui.apart import work_apart

WISHES = ("system", "yes", "no")
_PATIENCE = 1.0  # seconds to wait for the answer of a system
# How a system is asked, and its answer where it is to keep still.
_QUESTIONS = {
    "darwin": (("defaults", "read", "com.apple.universalaccess", "reduceMotion"), "1"),
    "linux": (("gsettings", "get", "org.gnome.desktop.interface", "enable-animations"), "false"),
}
_CLIENT_AREA_ANIMATION = 0x1042  # what SystemParametersInfo of Windows calls it


class Motion:
    """Whether things may move. `reduced` is "yes", "no", or what the system says ("system")."""

    def __init__(self) -> None:
        self.reduced = "system"
        self._system_reduces = False  # as it said last
        self._asking: Thread | None = None

    @property
    def is_reduced(self) -> bool:
        """Whether things jump to where they go. As long as the system has not answered, they move."""
        return self._system_reduces if self.reduced == "system" else self.reduced == "yes"

    def follow(self, app: QGuiApplication) -> None:
        """Ask the system now, and again whenever the person comes back to the application, who may have been there."""
        app.applicationStateChanged.connect(self._on_state_changed)
        self.ask()

    def ask(self) -> None:
        """Ask the system in the background."""
        if self._asking is None or not self._asking.is_alive():
            self._asking = work_apart(self._hear, "layerloom-motion")

    def _hear(self) -> None:
        self._system_reduces = system_reduces_motion()

    def _on_state_changed(self, state: Qt.ApplicationState) -> None:
        if state is Qt.ApplicationState.ApplicationActive:
            self.ask()


motion = Motion()


def animate(
    duration_ms: int,
    on_step: Callable[[float], object],
    *,
    on_end: Callable[[], object] | None = None,
    parent: QObject | None = None,
) -> QAbstractAnimation | None:
    """Call `on_step` with the progress from 0 to 1, slower towards the end, then `on_end`; both at once if motion is reduced.

    Args:
        duration_ms: the milliseconds it takes; 0 for at once.
        on_step: gets 1.0 as the last progress.
        on_end: called after the last step, whether things move or jump.
        parent: the movement ends without a further call when this object is destroyed.

    Returns:
        The movement under way, to `stop()`; None if it is over already.
    """
    if motion.is_reduced or duration_ms <= 0:
        on_step(1.0)
        if on_end is not None:
            on_end()
        return None
    movement = QVariantAnimation(parent or QCoreApplication.instance())
    movement.setDuration(duration_ms)
    movement.setStartValue(0.0)
    movement.setEndValue(1.0)
    movement.setEasingCurve(QEasingCurve.Type.OutCubic)
    movement.valueChanged.connect(on_step)
    if on_end is not None:
        movement.finished.connect(on_end)
    movement.start(QAbstractAnimation.DeletionPolicy.DeleteWhenStopped)
    return movement


def system_reduces_motion() -> bool:
    """Whether the system asks programs to keep still; False where it cannot be asked."""
    if sys.platform == "win32":
        animated = ctypes.c_int(1)
        ctypes.windll.user32.SystemParametersInfoW(_CLIENT_AREA_ANIMATION, 0, ctypes.byref(animated), 0)
        return not animated.value
    command, still = _QUESTIONS.get(sys.platform, ((), ""))
    if not command or shutil.which(command[0]) is None:
        return False
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=_PATIENCE, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return answer.stdout.strip() == still
