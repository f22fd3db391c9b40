"""Movement on the screen: one way to animate, which a person who is disturbed by motion can do without."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
import sys
from collections.abc import Callable
from functools import cache

from PySide6.QtCore import QAbstractAnimation, QCoreApplication, QEasingCurve, QObject, QVariantAnimation

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

    @property
    def is_reduced(self) -> bool:
        """Whether things jump to where they go."""
        return system_reduces_motion() if self.reduced == "system" else self.reduced == "yes"


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
        on_end: called after the last step, also when it is not reduced to it.
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


@cache
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
