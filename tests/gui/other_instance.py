"""Run as a script: a document in a process of its own, edited without end until it is killed or told to end.

other_instance.py edit FILE|- [SIZE]   open the file, or a drawing of SIZE nodes, edit, say "kept N" for every autosave
other_instance.py open FILE            open the file and say "open", or why not; end when a line comes
other_instance.py window FILE          edit the file in the window of the application
other_instance.py train                train a drawing without a file in the window, and say the folder of the run when it is kept
other_instance.py copy RUNS RUN…       copy the first run there and say "half" when half of it is there; the others are to follow
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
os.environ["QT_QPA_PLATFORM"] = "offscreen"

from PySide6.QtCore import QSocketNotifier, QTimer  # noqa: E402
from PySide6.QtWidgets import QApplication  # noqa: E402

from graph.files import SUFFIX  # noqa: E402
from graph.messages import LayerloomError  # noqa: E402
from gui import autosave  # noqa: E402
from gui.documents import Documents  # noqa: E402
from gui.editor import Editor  # noqa: E402
from gui.safekeeping import origin_of, sessions_folder  # noqa: E402
from gui.settings import Settings  # noqa: E402
from safe_tools import Desk, chain  # noqa: E402


def say(*words: object) -> None:
    print(*words, flush=True)


def edit(place: str, size: str = "3") -> int:
    autosave.SETTLING, autosave.AT_MOST = 30, 60
    desk = Desk(chain(int(size)) if place == "-" else None)
    if place != "-":
        desk.documents.open(Path(place))
    return edit_without_end(desk.editor, desk.documents)


def edit_without_end(editor: Editor, documents: Documents) -> int:
    timer = QTimer(interval=7)
    timer.timeout.connect(lambda: editor.add_node("torch.nn.ReLU", (0.0, 40.0 * len(editor.graph.nodes))))
    documents.autosaved.connect(lambda _when: say("kept", len(documents.autosave.kept.graph.nodes)))
    timer.start()
    return QApplication.exec()


def window(place: str) -> int:
    from gui.main_window import MainWindow

    autosave.SETTLING, autosave.AT_MOST = 30, 60
    made = MainWindow(Settings())
    made.show_document(Path(place))
    made.show()
    return edit_without_end(made.editor, made.documents)


def train() -> int:
    from drawings import lenet5
    from gui.main_window import MainWindow
    from made_runs import Writing

    autosave.SETTLING, autosave.AT_MOST = 30, 60
    window = MainWindow(Settings())
    window.documents.open_made(lenet5().project, "")
    window.controller._new_session, window.controller._is_in_the_way = Writing, lambda: False
    window.show()
    window.controller.train()
    window.controller._session.end()
    window.controller._on_tick()
    QTimer(window, interval=10, timeout=lambda: say(*kept_runs())).start()
    return QApplication.exec()


def kept_runs() -> list[str]:
    """The runs that what is kept tells of."""
    origins = map(origin_of, sessions_folder().glob(f"*/*{SUFFIX}"))
    return [run for origin in origins if origin is not None for run in origin.runs]


def copy(runs: str, run: str, *waiting: str) -> int:
    from runtime import run_moving

    def copy_half(source: Path, target: Path) -> None:
        target.mkdir()
        (target / "run.json").write_bytes((source / "run.json").read_bytes())
        say("half")
        time.sleep(60)

    run_moving.shutil.copytree = copy_half
    run_moving.copy(Path(run), Path(runs), waiting=[Path(other) for other in waiting])
    return 0


def hold(place: str) -> int:
    desk = Desk()
    try:
        desk.documents.open(Path(place))
    except LayerloomError as error:
        say(type(error).__name__, error)
        return 1
    say("open")
    told = QSocketNotifier(sys.stdin.fileno(), QSocketNotifier.Type.Read)
    told.activated.connect(lambda *_: QApplication.quit())
    QApplication.exec()
    desk.leave()
    return 0


if __name__ == "__main__":
    app = QApplication([])
    sys.exit({"edit": edit, "open": hold, "window": window, "train": train, "copy": copy}[sys.argv[1]](*sys.argv[2:]))
