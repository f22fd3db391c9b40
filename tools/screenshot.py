"""Takes the pictures of the README without a display, in both themes: LeNet-5 after training, and a look into GPT-2.

python tools/screenshot.py [FOLDER]
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "resources" / "screenshots"
SIZE = (1600, 960)
SHOWN_NODE = "conv2"
NESTED, WAY, SHOWN_INSIDE = "gpt2_small", ("h", "attn"), "c_attn"
WAITING = 300_000  # milliseconds for the analysis and the whole run
SETTLING = 2_000  # milliseconds


def main(folder: Path) -> int:
    """Train in a window that nobody sees, and write one picture a theme.

    Returns:
        The exit status: 1 if the run did not finish.
    """
    with tempfile.TemporaryDirectory() as home:
        for name in ("CONFIG", "STATE", "DATA", "CACHE"):
            os.environ[f"XDG_{name}_HOME"] = home
        return _take(folder)


def _take(folder: Path) -> int:
    from gui.app import make_application
    from gui.main_window import MainWindow
    from gui.settings import Settings
    from gui.style import apply_style
    from gui.theme import theme
    from runtime.events import Finished

    app = make_application()
    theme.use("dark")
    apply_style(app)
    window = MainWindow(Settings())
    window.resize(*SIZE)
    window.show_document(None)
    window.show()
    window.start_background()
    _wait_for(window.editor.analysed, lambda analysis: analysis.complete)
    window.controller.train()
    event = _wait_for(window.controller.ended)
    window.editor.select([window.editor.graph.node_named(SHOWN_NODE).id])
    folder.mkdir(parents=True, exist_ok=True)

    def grab(title: str) -> None:
        for name in ("dark", "light"):
            theme.use(name)
            _let_settle()
            window.grab().save(str(folder / f"{title}-{name}.png"))

    grab("lenet5")
    window.editor.mark_saved(window.editor.project)
    window.file_actions.open_example(NESTED)
    _wait_for(window.editor.analysed, lambda analysis: analysis.complete)
    for instance in WAY:
        window.block_editor.enter(window.editor.graph.node_named(instance).id)
    window.editor.select([window.editor.graph.node_named(SHOWN_INSIDE).id])
    grab("blocks")
    window.close()
    print(event if not isinstance(event, Finished) else f"{folder}: test {dict(event.test)}")
    return 0 if isinstance(event, Finished) else 1


def _let_settle() -> None:
    """Give the plots, which are redrawn one after the other, the time to catch up."""
    from PySide6.QtCore import QEventLoop, QTimer

    loop = QEventLoop()
    QTimer.singleShot(SETTLING, loop.quit)
    loop.exec()


def _wait_for(signal, fits=lambda _value: True):
    """Run the event loop until the signal brings a value that fits; None after `WAITING`."""
    from PySide6.QtCore import QEventLoop, QTimer

    loop, values = QEventLoop(), []

    def take(value) -> None:
        if fits(value):
            values.append(value)
            loop.quit()

    signal.connect(take)
    QTimer.singleShot(WAITING, loop.quit)
    loop.exec()
    signal.disconnect(take)
    return values[-1] if values else None


if __name__ == "__main__":
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    sys.path.insert(0, str(ROOT))
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER))
