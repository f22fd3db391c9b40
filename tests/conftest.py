"""What every test gets: no display, an empty state folder, fixed seeds, English, and a look at what it left behind."""

from __future__ import annotations

import os

os.environ["QT_QPA_PLATFORM"] = "offscreen"  # before Qt is imported
os.environ.setdefault("OMP_NUM_THREADS", "1")  # before torch is imported
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import gc
import random
import sys
from pathlib import Path

import hypothesis
import pytest
from PySide6.QtCore import QSettings

from amount import many
from graph.messages import set_language
from gui.sweeper import Collector
from leaks import Watch

hypothesis.settings.register_profile(
    "layerloom", deadline=None, derandomize=True, database=None, max_examples=many(100)
)
hypothesis.settings.load_profile("layerloom")


# As in the application, no object of Qt is found dead, and destroyed, by a thread in the background: also not one that an earlier
# test left. What is dead is looked for between two tests.
gc.disable()
_collector = Collector()


@pytest.fixture(autouse=True)
def _dead_objects():
    yield
    _collector.look()


@pytest.fixture
def project_folder(tmp_path, monkeypatch) -> Path:
    """An empty folder for a project; the working folder too, so that relative paths lead there."""
    folder = tmp_path / "project"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def run(capsys):
    """Runs the command line in this process: `run("check", file)` gives status, stdout, stderr."""
    import main as front_door

    def call(*argv: object) -> tuple[int, str, str]:
        status = front_door.main([str(word) for word in argv])
        return status, *capsys.readouterr()

    return call


@pytest.fixture
def drawn(project_folder):
    """Saves a drawing and gives its path."""
    from graph import files

    def save(drawing, name: str = "net") -> Path:
        path = project_folder / f"{name}.layerloom"
        files.save(drawing.project, path)
        return path

    return save


@pytest.fixture
def small(project_folder) -> Path:
    """A drawing that trains in a moment."""
    from graph import files
    from graph.plan import Plan
    from trainings import digits

    def network(d, x):
        return d.add("nn.Linear", "logits", d.add("nn.Flatten", "flatten1", x), out_features=10)

    path = project_folder / "small.layerloom"
    files.save(digits(network, Plan(epochs=2, batch_size=64, device="cpu")), path)
    return path


@pytest.fixture(autouse=True)
def state_home(tmp_path_factory, monkeypatch) -> Path:
    """Settings, state and caches of the application under test, in this process and those that it starts."""
    home = tmp_path_factory.mktemp("state")
    for name in ("CONFIG", "STATE", "DATA", "CACHE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(home / name.lower()))
    QSettings.setPath(QSettings.Format.NativeFormat, QSettings.Scope.UserScope, str(home / "config"))
    return home


@pytest.fixture(autouse=True)
def _fixed_seeds() -> None:
    random.seed(0)
    if numpy := sys.modules.get("numpy"):
        numpy.random.seed(0)
    if torch := sys.modules.get("torch"):
        torch.manual_seed(0)


@pytest.fixture(autouse=True)
def _english():
    yield
    set_language("en")


@pytest.fixture(autouse=True)
def _nothing_left_behind(request):
    """A test that uses Qt leaves no window, no running timer and no thread."""
    if not {"qtbot", "qapp"} & set(request.fixturenames):
        yield
        return
    watch = Watch()
    with watch.watching():
        yield
    assert watch.leaks() == []
