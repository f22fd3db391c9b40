"""The rules of the house, kept by a machine: who imports whom, what a file looks like, what must not be in it."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from importlib import import_module

import pytest
from importlinter.cli import lint_imports

from sources import ROOT, helpers, sources

MAX_LINES = 400
MAX_BODY = 50
# They run text that Layerloom wrote itself, or, two of them, what the person allowed.
EXECUTING = {
    "runtime/compiler.py",
    "runtime/insight.py",  # what the compiler checked, with statements of its own
    "runtime/shapes.py",
    "runtime/diagnosis_expressions.py",
    "runtime/code_nodes.py",
    "runtime/custom.py",
    "runtime/training/recorded.py",
}
BETWEEN_OUR_PROCESSES = {
    "runtime/isolated.py",
    "runtime/training/world.py",
}  # pickles that a parent and its own children exchange

# Spelled with dots, so that this file is not found by its own search.
UNFINISHED = "T.O.D.O|F.I.X.M.E|X.X.X|H.A.C.K|f.o.r n.o.w|place.holder implementation".replace(".", "")
MACHINE_PATHS = r"(?<![\w.])/(?:h-ome|r-oot|w-ork|U-sers)/".replace("-", "")

HEAVY = ("torch", "pyqtgraph", "networkx", "numpy", "PIL", "pygments", "onnx", "sklearn")
WITHOUT_TORCH = (
    "runtime.events",
    "runtime.analysis",
    "runtime.session",
    "runtime.codegen",
    "runtime.data",
    "runtime.cli",
)
BEFORE_THE_FIRST_PAINT = ("main", "gui.app", "gui.main_window")


def found(rows) -> str:
    return "\n".join(rows)


def test_the_rooms_import_each_other_as_agreed(monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    status = lint_imports(config_filename="pyproject.toml", no_cache=True, no_logo=True)
    assert status == 0, capsys.readouterr().out


@pytest.mark.parametrize(
    ("modules", "heavy"), [(WITHOUT_TORCH, HEAVY[:1]), (BEFORE_THE_FIRST_PAINT, HEAVY)], ids=["runtime", "window"]
)
def test_nothing_heavy_is_imported_early(modules, heavy):
    code = f"import json, sys, {', '.join(modules)}; print(json.dumps([m for m in {heavy} if m in sys.modules]))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == []


def test_files_have_one_duty_and_say_which():
    everything = sources() + helpers()
    assert not found(f"{s.path}: {s.text.count(chr(10))} lines" for s in everything if s.text.count("\n") > MAX_LINES)
    assert not found(f"{s.path}: no docstring" for s in everything if s.text and not ast.get_docstring(s.tree))


def test_functions_fit_the_eye():
    functions = [
        (s.where(node), node)
        for s in sources()
        for node in ast.walk(s.tree)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    ]
    sizes = sorted(node.end_lineno - node.body[0].lineno + 1 for _, node in functions)
    assert not found(f"{w} {n.name}" for w, n in functions if n.end_lineno - n.body[0].lineno + 1 > MAX_BODY)
    assert sizes[len(sizes) // 2] <= 7


def test_public_things_are_described():
    missing = [
        f"{s.where(node)} {node.name}"
        for s in sources()
        for node in s.tree.body
        if isinstance(node, (ast.FunctionDef, ast.ClassDef))
        and not node.name.startswith("_")
        and not ast.get_docstring(node)
    ]
    assert not found(missing)


@pytest.mark.parametrize("pattern", [rf"\b({UNFINISHED})\b", MACHINE_PATHS], ids=["unfinished", "paths"])
def test_nothing_unfinished_and_no_path_of_some_machine(pattern):
    texts = [(s.path, s.text) for s in sources() + helpers()]
    texts += [(name, (ROOT / name).read_text("utf-8")) for name in ("README.md", "Makefile", "pyproject.toml")]
    lines = ((path, i, line) for path, text in texts for i, line in enumerate(text.splitlines(), 1))
    assert not found(f"{path}:{i}: {line.strip()}" for path, i, line in lines if re.search(pattern, line))


def test_packages_say_what_is_public():
    for source in sources():
        if source.path.endswith("__init__.py"):
            package = import_module(source.path.removesuffix("/__init__.py").replace("/", "."))
            imports = [n for n in source.tree.body if isinstance(n, ast.ImportFrom) and n.module != "__future__"]
            assert hasattr(package, "__all__") or not imports, source.path
            assert [name for name in getattr(package, "__all__", ()) if not hasattr(package, name)] == []


def test_nothing_runs_what_comes_from_outside():
    """No text is executed but generated code, and nothing is unpickled but weights."""
    suspicious = [
        s.where(call)
        for s in sources()
        for name, call in s.calls()
        if (name in ("eval", "exec") and isinstance(call.func, ast.Name) and s.path not in EXECUTING)
        or (name == "load" and ast.unparse(call.func) == "torch.load" and "weights_only=True" not in ast.unparse(call))
    ]
    suspicious += [
        s.where(node)
        for s in sources()
        for node in ast.walk(s.tree)
        if isinstance(node, ast.Import)
        and {a.name for a in node.names} & {"pickle", "marshal", "shelve", "dill"}
        and s.path not in BETWEEN_OUR_PROCESSES
    ]
    assert not found(suspicious)


def test_the_window_starts_threads_in_one_way():
    starters = {
        s.path
        for s in sources()
        if str(s.path).startswith("gui/") and re.search(r"\bThread\(|QThread|QRunnable", s.text)
    }
    assert {str(path) for path in starters} == {"gui/apart.py"}, (
        "others may touch, hold or destroy what the window owns"
    )
