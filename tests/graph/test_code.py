"""What is read from the text of a custom node, and that reading runs nothing of it."""

from __future__ import annotations

import os
import sys
from textwrap import dedent

import pytest

from graph.catalog.definitions import code_type
from graph.catalog.types import Kind
from graph.code import MAX_SIZE, CodeError, bindings, digest, read
from graph.code_names import CALLED, OWN, rename
from graph.messages import EditError
from graph.model import Code

GATE = dedent('''
    import torch
    from torch import nn


    class Gate(nn.Module):
        """Lets a part through.

        The second line is not for the help.
        """

        def __init__(self, width: int, scale: float = 2, mode="sigmoid", depth: int | None = None, norm=nn.ReLU):
            super().__init__()

        def forward(self, features, context=None, steps: int = 3):
            kept = features
            return kept, context
''')


def params(text: str) -> list[tuple]:
    return [(p.name, p.kind, p.default, p.required) for p in read(text).params]


def test_a_module_has_the_inputs_of_forward_and_the_parameters_of_init():
    gate = read(GATE)
    assert (gate.name, gate.is_module, gate.help) == ("Gate", True, "Lets a part through.")
    assert gate.inputs == (("features", False), ("context", True))
    assert gate.outputs == ("kept", "context")
    assert params(GATE) == [
        ("width", Kind.INT, 1, True),
        ("scale", Kind.FLOAT, 2.0, False),
        ("mode", Kind.TEXT, "sigmoid", False),
        ("depth", Kind.INT, None, False),
    ]
    assert gate.params[3].check(None) is None and all(p.keyword for p in gate.params)


def test_a_function_has_both_among_its_own():
    text = "def mix(a, b, *, share: float = -0.5, flip=False, name: str, mask: 'Tensor' = None): return a"
    mix = read(text)
    assert (mix.name, mix.is_module, mix.outputs) == ("mix", False, ("output",))
    assert mix.inputs == (("a", False), ("b", False), ("mask", True))
    assert params(text) == [
        ("share", Kind.FLOAT, -0.5, False),
        ("flip", Kind.BOOL, False, False),
        ("name", Kind.TEXT, "", True),
    ]


@pytest.mark.parametrize("base", ["nn.Module", "torch.nn.Module", "Module", "Mixin, nn.Module"])
def test_the_last_module_is_the_node_whatever_helpers_follow(base):
    text = f"class A({base}):\n def forward(self, x): return x\nclass B({base}):\n def forward(self, y): return y\n"
    assert read(text + "class C: pass\ndef helper(z): return z").name == "B"


def test_without_a_module_the_last_function_is_the_node():
    assert read("def f(x): return x\ndef g(y): return y\nasync def h(z): return z\nclass C: pass").name == "g"


@pytest.mark.parametrize(
    ("annotation", "kind"),
    [
        ("int", Kind.INT), ("'int'", Kind.INT), ("float", Kind.FLOAT), ("int | float", Kind.FLOAT), ("bool", Kind.BOOL),
        ("str", Kind.TEXT), ("Optional[int]", Kind.INT), ("typing.Optional[ float ]", Kind.FLOAT), ("None | str", Kind.TEXT),
    ],
)  # fmt: skip
def test_an_annotation_of_a_scalar_makes_a_parameter(annotation, kind):
    (param,) = read(f"def f(x, value: {annotation}): return x").params
    assert (param.kind, param.required) == (kind, True)
    assert param.optional == ("None" in annotation or "Optional" in annotation)


@pytest.mark.parametrize("annotation", ["Tensor", "torch.Tensor", "'Tensor'", "list[int]", "Tensor | None"])
def test_any_other_annotation_makes_an_input(annotation):
    assert read(f"def f(x: {annotation}): return x").inputs == (("x", False),)
    assert read(f"def f(x: {annotation} = None): return x").inputs == (("x", True),)


def test_defaults_that_are_no_literals_stay_as_they_are():
    signature = read("def f(x, size=(1, 2), mode: str = MODE, act=torch.relu, **more): return x")
    assert (signature.inputs, signature.params) == ((("x", False),), ())


@pytest.mark.parametrize(
    ("ending", "outputs"),
    [
        ("): return x", ("output",)),
        (") -> Tensor: return x", ("output",)),
        ("): return x, y", ("x", "y")),
        ("): return x, x", ("output0", "output1")),
        ("): return x + 1, y", ("output0", "y")),
        ("): return _x, train", ("output0", "output1")),
        (") -> tuple[Tensor, Tensor]: return g(x)", ("output0", "output1")),
        (") -> Tuple[Tensor, Tensor]: return x, y", ("x", "y")),
        (") -> tuple[Tensor, ...]: return x, y", ("x", "y")),
        ("):\n if x:\n  return x, y\n return a, b", ("a", "b")),
        ("):\n def inner(): return 1, 2, 3\n return x", ("output",)),
    ],
)
def test_outputs_are_named_by_what_is_returned(ending, outputs):
    assert read(f"def f(x, y{ending}").outputs == outputs


MODULE = "from torch import nn\nclass A(nn.Module):\n"


@pytest.mark.parametrize(
    ("text", "line", "word"),
    [
        ("", 1, "no nn.Module"),
        ("x = 1", 1, "no nn.Module"),
        ("x = 1\ndef f(:", 2, "cannot read this"),
        ("def f(x):\n    pass", 1, "returns nothing"),
        (MODULE + " pass", 2, "no 'forward'"),
        (MODULE + " def forward(): return 1", 3, "needs 'self'"),
        (MODULE + " def forward(self, x, n: int): return x", 3, "parameter of '__init__'"),
        (MODULE + " def __init__(self, width): pass\n def forward(self, x): return x", 3, "What is 'width'?"),
        ("\ndef f(x,\n  *more): return x", 3, "Name each"),
        ("def f(x, /): return x", 1, "one way only"),
        ("def f(*, x): return x", 1, "one way only"),
        ("def f(x): return *x, 1", 1, "How many outputs"),
        ("def f(x): return ()", 1, "How many outputs"),
        ("def f(x) -> tuple[Tensor, Tensor]: return x, x, x", 1, "How many outputs"),
        ("def f(_x): return 1", 1, "'_x' cannot be a name"),
        ("def f(größe): return 1", 1, "cannot be a name"),
        ("def float(x): return x", 1, "uses that word"),
        ("def f(x,\n  _n=1): return x", 2, "'_n' cannot be a name"),
        ("def f(x, n=1" + "0" * 30 + "): return x", 1, "'n' cannot be 1000"),
        ("def f(x, n=1e999): return x", 1, "'n' cannot be inf"),
        ("\nnn = 3\ndef f(x): return x", 2, "PyTorch's own"),
        ("def torch(x): return x", 1, "PyTorch's own"),
        ("def f(x): return x\n#" + "x" * MAX_SIZE, 1, "more than 100 kB"),
        ("\n# \u202e\ndef f(x): return x", 2, "U+202E"),
        ("def f(x): return x\r\n", 1, "U+000D"),
        ("def f(x): return x\n\0", 2, "U+0000"),
        ("def f(x): return x\n\n# \u3164", 3, "U+3164"),
        ("# \u2028import os\ndef f(x): return x", 1, "U+2028"),
        ("# \ud800\ndef f(x): return x", 1, "U+D800"),
        ("-" * 60_000 + "1", 1, "too deeply"),
        ("(" * 5000, 1, "cannot read this"),
        ("x = " + "f(" * 90 + ")" * 90 + ".a" * 40_000, 1, "too deeply"),
    ],
)
def test_what_cannot_be_a_node_is_said_with_its_line(text, line, word):
    with pytest.raises(CodeError) as caught:
        read(text)
    assert caught.value.line == line and word in str(caught.value)
    assert str(caught.value).startswith(f"Line {line}: ")


@pytest.mark.parametrize(
    ("text", "line", "word"),
    [
        ("import math as nn\ndef f(x): return x", 1, "'nn' is the name of PyTorch's own module"),
        ("import numpy as torch\ndef f(x): return x", 1, "PyTorch's own"),
        ("def f(x): return x\nfrom torch import relu as nn", 2, "PyTorch's own"),
        ("def f(x): return x\ndef g():\n global torch\n torch = 1", 3, "PyTorch's own"),
        ("def f(x): return x\ndel nn", 2, "PyTorch's own"),
        ("def f(x): return x\ntry: f(1)\nexcept ValueError as nn: pass", 3, "PyTorch's own"),
        ("def f(x): return x\nmatch f:\n case nn: pass", 3, "PyTorch's own"),
        ("from math import *\ndef f(x): return x", 1, "Name what you need: from math import"),
        *((f"def {name}(x): return x\ndef f(x): return x", 1, f"calls '{name}'") for name in sorted(CALLED)),
        ("from torch import max\ndef f(x): return x", 1, "calls 'max'"),
        ("def f(x): return x\nfor range in []: pass", 2, "calls 'range'"),
    ],
)  # fmt: skip
def test_names_that_the_generated_code_uses_keep_their_meaning(text, line, word):
    with pytest.raises(CodeError, match=word) as caught:
        read(text)
    assert caught.value.line == line


@pytest.mark.parametrize(
    "line",
    ["import torch", "from torch import nn", "import torch.nn as nn", "import torch.nn.functional as F",
     "from torch import nn, Tensor", "def helper(range, nn): return [max for max in nn]", "class C: range = 1"],
)  # fmt: skip
def test_names_that_mean_the_same_or_are_of_something_within_are_free(line):
    assert read(f"{line}\ndef f(x): return x").name == "f"


def test_what_the_text_binds_at_its_top():
    text = "import os.path, math as m\nfrom a import b\nfrom . import c\nX = y = 1\nfor i in X: k = 1\ndef f(x): z = 1\nclass C: q = 1"
    imported = {"os": {"os"}, "m": {"math"}, "b": {"a.b"}, "c": {"..c"}}
    assert bindings(text) == {**imported, **{name: {OWN} for name in "XyikfC"}}
    assert bindings("try: import a as b\nexcept ImportError: b = None")["b"] == {"a", OWN}
    assert bindings("def f(") == {}


def test_another_name_goes_everywhere_but_into_attributes_and_texts():
    text = "class Gate:\n    def f(self): return Gate, self.Gate, 'Gate'  # Gate\n\n\nGate()\n"
    assert rename(text, "Gate", "Door") == text.replace("class Gate", "class Door").replace(
        "return Gate,", "return Door,"
    ).replace("Gate()", "Door()")
    with pytest.raises(EditError, match="'self' exists already"):
        rename(text, "Gate", "self")


def test_the_hash_is_that_of_the_exact_text():
    assert digest("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert len({digest(text) for text in ("a", "a ", "a\n", "a\r\n", "\ud800", "")}) == 6


HOSTILE = [
    "open({canary!r}, 'w')\ndef f(x): return x",
    "def f(x, n=open({canary!r}, 'w')): return x",
    "def f(x: open({canary!r}, 'w')): return x",
    "@open({canary!r}, 'w')\ndef f(x): return x",
    "class A(nn.Module, metaclass=open({canary!r}, 'w')):\n def forward(self, x): return x",
    "class A(nn.Module):\n y = open({canary!r}, 'w')\n def forward(self, x) -> open({canary!r}, 'w'): return x",
    "def f(x) -> tuple[open({canary!r}, 'w'), 1]: return x",
    'def f(x, n: \'__import__("os").system("touch {canary}")\' = None): return f"{{open({canary!r}, \'w\')}}"',
    "(lambda: open({canary!r}, 'w'))()",
    "import graph.no_such_module_of_ours\ndef f(x): return x",
    "# -*- coding: {canary} -*-\ndef f(x): return x",
]


@pytest.fixture(scope="module")
def watch():
    """A list of lists: what Python runs, imports and opens goes into the last one. A hook is for ever, so there is one."""
    seen: list[list[str]] = []
    kinds = frozenset({"exec", "import", "open", "os.system", "subprocess.Popen"})
    sys.addaudithook(lambda event, args: seen[-1].append(event) if seen and event in kinds else None)
    return seen


@pytest.mark.parametrize("text", HOSTILE)
def test_reading_runs_nothing(tmp_path, watch, text):
    canary = tmp_path / "canary"
    entry = Code("c1", "Mine", text.format(canary=str(canary)))
    events: list[str] = []
    watch.append(events)
    try:
        code_type(entry)
    finally:
        watch.clear()
    assert events == [] and not canary.exists()


def test_the_watch_sees_what_runs(watch):
    events: list[str] = []
    watch.append(events)
    exec(compile("import json", "", "exec"))
    watch.clear()
    assert "exec" in events


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes here")
def test_an_error_opens_no_file_of_the_working_folder(tmp_path, monkeypatch):
    """Python quotes the line of an error from the file whose name it was told, if there is one."""
    monkeypatch.chdir(tmp_path)
    for name in ("<unknown>", "<string>", "<code>"):
        os.mkfifo(tmp_path / name)  # opening one would wait for ever
    with pytest.raises(CodeError, match="cannot read this"):
        read("def f(")


def test_code_that_cannot_be_read_is_a_node_without_inputs():
    assert code_type(Code("c1", "Broken", "def f(")).inputs == ()
    broken = code_type(Code("c1", "Gate", GATE))
    assert [p.name for p in broken.inputs] == ["features", "context"] and broken.trainable
