"""What a run tells repaints what shows it, and nothing else of the window: painting shares the interpreter with the training."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from time import monotonic

import pytest
from PySide6.QtCore import QEvent, QObject

from fake_runs import FakeSessions, started, steps
from gui.main_window import MainWindow
from gui.run_views import LIVE
from gui.settings import Settings

TICKS = 8


class Paints(QObject):
    """Counts the paintings of some widgets by their names."""

    def __init__(self, **widgets) -> None:
        super().__init__()
        self.count = Counter(dict.fromkeys(widgets, 0))
        self._names = {widget: name for name, widget in widgets.items()}
        for widget in widgets.values():
            widget.installEventFilter(self)

    def eventFilter(self, watched, event) -> bool:
        if event.type() == QEvent.Type.Paint:
            self.count[self._names[watched]] += 1
        return False


@pytest.fixture
def window(qtbot):
    made = MainWindow(Settings())

    def end(window: MainWindow) -> None:
        window.controller.shutdown()
        window.editor.mark_saved(window.editor.project)

    qtbot.addWidget(made, before_close_func=end)
    made.show_document(None)
    made.resize(1366, 768)
    with qtbot.waitExposed(made):
        made.show()
    return made


def test_a_run_repaints_only_what_shows_it(qtbot, window):
    sessions = FakeSessions()
    window.controller._new_session = sessions
    window.controller.train()

    def tick(number: int) -> None:
        with qtbot.waitSignal(window.controller.events):
            event = steps(5 * number + 1, 5 * number + 5)
            sessions[0].say(replace(event, samples_per_second=10.0**number, seconds=0.1 * number))

    sessions[0].say(started())
    for number in range(3):
        tick(number)
    qtbot.wait(2 * LIVE)
    frame = window.frame
    paints = Paints(left=frame.left, side=frame.side, canvas=frame.canvas.viewport(), status=frame.run_bar.status)
    begin = monotonic()
    for number in range(3, 3 + TICKS):
        tick(number)
    qtbot.wait(50)
    seconds = monotonic() - begin
    assert paints.count["status"] >= TICKS  # it was looked at
    assert paints.count["left"] == paints.count["side"] == 0
    assert paints.count["canvas"] <= 1 + 1000 * seconds / LIVE
