"""Code that gives no module: each sentence names the line and says what to do."""

from __future__ import annotations

import faulthandler
import itertools
import sys
from pathlib import Path

import pytest

from graph.messages import RunError
from runtime.importer import apart_watch
from runtime.importer.module import InputSpec, import_module
from runtime.importer.module_loading import load
from runtime.importer.recording import Place

NUMBERS = itertools.count()
BEGIN = "from torch import nn\n\n\n"
CASES = {
    "syntax": ("Net", "class Net(:\n", "Python cannot read line 4 of {file}: invalid syntax. Mend it there"),
    "missing import": ("Net", "import nopackage\n", "Line 4 of {file} imports 'nopackage', which the Python of Layerloom does not have."),
    "fails at import": ("Net", "width = {}['w']\n", "could not be imported: line 4 of {file}: KeyError: 'w'. Mend it there"),
    "ends at import": ("Net", "raise SystemExit('run me')\n", "Line 4 of {file} ends Python (sys.exit)"),
    "no such name": ("Nett", "class Net(nn.Module): ...\n", "There is no 'Nett' in {file}. There are: Net."),
    "nothing there": ("Nett", "", "There is no 'Nett' in {file}. Check the name."),
    "needs arguments": ("make", "def make(width, *, depth=1): ...\n", "in line 4 of {file} needs width, and the import gives nothing."),
    "raises": ("make", "def make():\n    raise ValueError('no')\n", "could not be built: line 5 of {file}: ValueError: no. Mend it"),
    "raises inside of Python": ("make", "def make():\n    import json\n    json.loads('{{')\n", "line 6 of {file}: JSONDecodeError"),
    "ends": ("make", "def make():\n    import sys\n    sys.exit(3)\n", "Line 6 of {file} ends Python (sys.exit)"),
    "gives nothing": ("make", "def make():\n    nn.ReLU()\n", "in line 4 of {file} gives None, which is no nn.Module."),
    "is no module": ("SIZE", "SIZE = 3\n", "gives int, which is no nn.Module."),
    "no forward": ("Net", "class Net(nn.Module): ...\n", "in line 4 of {file} has no forward"),
}  # fmt: skip


@pytest.fixture
def mine(tmp_path, monkeypatch) -> Path:
    """A file with a name of its own, found in the current folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    return tmp_path / f"mine_{next(NUMBERS)}.py"


@pytest.mark.parametrize("case", CASES)
def test_it_says_where_and_what_to_do(case, mine):
    name, text, said = CASES[case]
    mine.write_text(BEGIN + text.replace("{{", "{"))
    with pytest.raises(RunError) as refused:
        load(f"{mine.stem}:{name}")
    assert said.format(file=mine) in str(refused.value)


def test_what_does_not_run_names_the_line_of_the_person(mine):
    mine.write_text(
        BEGIN + "class Net(nn.Module):\n    def forward(self, x):\n        return nn.functional.linear(x, x[0])\n"
    )
    with pytest.raises(RunError, match=f"'Net' does not run on these inputs: line 6 of {mine}: RuntimeError"):
        import_module(load(f"{mine.stem}:Net"), [InputSpec(())])


def test_where_a_child_is_and_what_it_said_last_can_be_read(mine, tmp_path):
    mine.write_text("import json\n\ndef slow(file):\n    json.loads('{}', object_hook=lambda _: trace(file))\n")
    space = {"trace": faulthandler.dump_traceback}
    exec(compile(mine.read_text(), str(mine), "exec"), space)
    assert apart_watch.place_in(tmp_path) is None
    with (tmp_path / apart_watch.TRACES).open("wb") as file:
        space["slow"](file)
    assert apart_watch.place_in(tmp_path) == Place(str(mine), 4)
    (tmp_path / apart_watch.PRINTED).write_text("much\n" * apart_watch.TAIL + "the end\n\n")
    assert apart_watch.printed_last(tmp_path) == "the end"
    assert str(apart_watch.end_of("a:B", -11, tmp_path)).startswith(
        f"The process that ran 'a:B' was ended by the system (SIGSEGV), in line 4 of {mine}, and nothing was imported."
    )


def test_what_is_printed_without_an_end_does_not_fill_the_disk(tmp_path, monkeypatch):
    monkeypatch.setattr(apart_watch, "MOST", 100)
    with (tmp_path / apart_watch.PRINTED).open("ab", buffering=0) as printed:
        printed.write(b"x" * 101)
        apart_watch.keep_small(tmp_path)
        printed.write(b"last\n")
    assert (tmp_path / apart_watch.PRINTED).read_bytes() == b"last\n"
