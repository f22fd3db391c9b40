"""Code runs only after its exact text was allowed; what goes wrong is a sentence; the text becomes a part of the source."""

from __future__ import annotations

import traceback

import pytest
import torch
from torch import nn

from graph.messages import EditError, ProjectError
from runtime import trust
from runtime.custom import load, section

SCALE = '''\
from __future__ import annotations

import torch
from torch import nn


class Scale(nn.Module):
    """Scales."""

    def __init__(self, width: int, start: float = 2.0):
        super().__init__()
        self.weight = nn.Parameter(torch.full((width,), start))

    def forward(self, x):
        return self.weight * x
'''


def allowed(text: str):
    trust.allow(text)
    return load(text)


def test_nothing_runs_before_it_was_allowed_nor_after_a_change(tmp_path):
    canary = tmp_path / "canary"
    text = f"open({str(canary)!r}, 'w').close()\ndef f(x): return x\n"
    with pytest.raises(ProjectError, match="not allowed to run"):
        load(text)
    trust.allow(text)
    with pytest.raises(ProjectError, match="not allowed to run"):
        load(text + "# one more line\n")
    assert not canary.exists()
    assert load(text)(3) == 3 and canary.exists()


def test_forgotten_code_does_not_run_even_if_it_did_before():
    f = allowed("def f(x): return x + 1")
    assert f(1) == 2
    trust.forget("def f(x): return x + 1")
    with pytest.raises(ProjectError, match="not allowed"):
        load("def f(x): return x + 1")


def test_a_module_is_its_class_the_same_each_time():
    made = allowed(SCALE)
    assert issubclass(made, nn.Module) and load(SCALE) is made
    assert torch.equal(made(width=3)(torch.ones(3)), torch.full((3,), 2.0))


def test_a_function_sees_its_helpers_and_imports():
    text = "import math\ndef half(x): return x / 2\ndef f(x, n=1): return half(x) + math.floor(n)"
    assert allowed(text)(4, n=1.5) == 3


def test_tracebacks_show_the_lines():
    f = allowed("def f(x):\n    return x.no_such_thing  # here\n")
    with pytest.raises(AttributeError) as caught:
        f(1)
    assert "return x.no_such_thing  # here" in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize(
    ("text", "line", "word"),
    [
        ("import no_such_package_anywhere\ndef f(x): return x", 1, "No module named 'no_such_package_anywhere'"),
        ("def f(x): return x\n\nf.a.b", 3, "AttributeError"),
        ("def g(): raise ValueError('two\\nlines')\ng()\ndef f(x): return x", 1, "ValueError: two lines"),
        ("def f(x): return x\nraise SystemExit(3)", 2, "SystemExit: 3"),
        ("def f(x): return x\nassert False", 2, "AssertionError."),
        ("def f(x): return x\ndef g(): return g()\ng()", 2, "RecursionError"),
        ("def f(x): return x\nreturn 1", 2, "'return' outside function"),
        ("def f(x): return x\nimport json\njson.loads('{')", 3, "JSONDecodeError"),
    ],
)  # fmt: skip
def test_what_fails_while_the_code_runs_is_a_sentence_with_its_line(text, line, word):
    with pytest.raises(ProjectError) as caught:
        allowed(text)
    assert str(caught.value).startswith(f"Line {line}: ") and word in str(caught.value)
    assert "\n" not in str(caught.value)


def test_code_that_cannot_be_a_node_does_not_run(tmp_path):
    canary = tmp_path / "canary"
    with pytest.raises(ProjectError, match="There is no nn"):
        allowed(f"open({str(canary)!r}, 'w')")
    assert not canary.exists()


@pytest.mark.parametrize("ending", ["f = 3", "del f", "class f(nn.Module): pass\nf = f if f else f"])
def test_a_name_that_means_something_else_in_the_end_is_refused(ending):
    text = f"from torch import nn\ndef f(x): return x\n{ending}"
    if "Module" in ending:
        text = text.replace("nn.Module", "Base").replace("import nn", "import nn\nBase = nn.Module")
    with pytest.raises(ProjectError, match="something else"):
        allowed(text)


def test_a_section_leaves_out_what_the_header_has():
    assert section(f"\n\n{SCALE}\n\n").startswith("class Scale(nn.Module):\n")
    assert section(SCALE).endswith("return self.weight * x")


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("import torch\nimport torch.nn as nn\nfrom torch import nn, Tensor\ndef f(x): return x",
         "import torch.nn as nn\nfrom torch import nn, Tensor\ndef f(x): return x"),
        ("import torch; import math\ndef f(x): return x", "pass; import math\ndef f(x): return x"),
        ("import math; import torch; from torch import nn  # ü\ndef f(x): return x",
         "import math; pass; pass  # ü\ndef f(x): return x"),
        ("from __future__ import (\n    annotations,\n)\ndef f(x): return x", "def f(x): return x"),
        ("import torch  # the tensors\ndef f(x): return x", "def f(x): return x"),
        ("s = 'ü'; import torch\ndef f(x): return x", "s = 'ü'; pass\ndef f(x): return x"),
        ('def f(x):\n    """\nimport torch\n"""\n    import torch\n    return x',
         'def f(x):\n    """\nimport torch\n"""\n    import torch\n    return x'),
    ],
)  # fmt: skip
def test_other_imports_and_texts_stay_as_they_are(text, part):
    assert section(text) == part
    compile(section(text), "part", "exec")


def test_a_section_means_the_same_as_the_code():
    space = {"torch": torch, "nn": nn}
    exec(section(SCALE), space)
    ours, theirs = allowed(SCALE)(width=4), space["Scale"](width=4)
    x = torch.randn(2, 4)
    assert torch.equal(ours(x), theirs(x)) and ours.state_dict().keys() == theirs.state_dict().keys()


def test_no_section_of_what_cannot_be_read():
    with pytest.raises(EditError, match="Line 1"):
        section("def f(")
