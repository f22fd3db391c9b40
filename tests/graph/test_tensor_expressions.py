"""Lines of tensor arithmetic: what is let through is written with other names, and everything else is refused."""

from __future__ import annotations

import ast

import pytest

from graph.catalog import CATALOG
from graph.messages import EditError
from graph.model import Node
from graph.tensor_expressions import FUNCTIONS, METHODS, check_expression, inputs_of, written

PARAM = CATALOG["layerloom.Expression"].param("expression")


@pytest.mark.parametrize(
    ("text", "inputs", "python"),
    [
        ("(a - b).abs().mean(dim=-1)", ("a", "b"), "(x0 - x1).abs().mean(dim=-1)"),
        ("b * a + b", ("b", "a"), "x0 * x1 + x0"),
        ("softmax(q @ k.transpose(-2, -1) / 8 ** 0.5, dim=-1) @ v", ("q", "k", "v"),
         "torch.softmax(x0 @ x1.transpose(-2, -1) / 8 ** 0.5, dim=-1) @ x2"),
        ("where(x > 0, x, 0.1 * x)", ("x",), "torch.where(x0 > 0, x0, 0.1 * x0)"),
        ("cat([a, b, a], dim=1)", ("a", "b"), "torch.cat([x0, x1, x0], dim=1)"),
        ("einsum('bij,bjk->bik', a, b)", ("a", "b"), "torch.einsum('bij,bjk->bik', x0, x1)"),
        ("x[:, 0, ..., 1:-1:2, None]", ("x",), "x0[:, 0, ..., 1:-1:2, None]"),
        ("x.sum(dim=(1, 2), keepdim=True)", ("x",), "x0.sum(dim=(1, 2), keepdim=True)"),
        ("x * gelu(x) ** -2", ("x",), "x0 * nn.functional.gelu(x0) ** (-2)"),
        ("2 ** x", ("x",), "2 ** x0"),
        ("x0 - x1 + x", ("x0", "x1", "x"), "x0 - x1 + x2"),
        ("x1 - x0", ("x1", "x0"), "x0 - x1"),
        ("exp(exp)", ("exp",), "torch.exp(x0)"),
    ],
)  # fmt: skip
def test_an_expression_is_written_over_variables(text, inputs, python):
    assert PARAM.check(text) == text
    assert inputs_of(text) == inputs
    assert written(text, [f"x{i}" for i in range(len(inputs))]) == python


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a.__class__", "'a.__class__' is not allowed"),
        ("a.abs.__self__", "not allowed"),
        ("a.grad", "not allowed"),
        ("a.abs", "not allowed"),
        ("a.__class__()", "it calls '__class__'"),
        ("a.apply_(b)", "it calls 'apply_'"),
        ("a.numpy()", "it calls 'numpy'"),
        ("a.sub_(b)", "it calls 'sub_'"),
        ("a.shape[0] * a", "not allowed"),
        ("torch.exp(a)", "Write exp(x), not torch.exp(x)"),
        ("torch.save(a, 'f')", "it calls 'save'"),
        ("self + a", "'self' cannot be the name of an input"),
        ("exec(a)", "it calls 'exec'"),
        ("a(b)", "it calls 'a'"),
        ("a.abs()()", "not allowed"),
        ("(lambda: a)()", "not allowed"),
        ("lambda: a", "not allowed"),
        ("[x for x in a]", "not allowed"),
        ("cat([x for x in a])", "not allowed"),
        ("(a := b)", "not allowed"),
        ("f'{a}'", "the character '{'"),
        ("'a'", "not allowed"),
        ("a + 'b'", "not allowed"),
        ("einsum(a, 'bij')", "not allowed"),
        ("einsum('__import__', a)", "not allowed"),
        ("a.sum(dim='x')", "not allowed"),
        ("9 ** 9 ** 9 * a", "'9 ** 9 ** 9' is not allowed"),
        ("((9 ** 64) ** 64) ** 64 * a", "not allowed"),
        ("a ** 9 ** 9", "a number up to 64"),
        ("a ** 65", "a number up to 64"),
        ("a ** (b * 99)", "not allowed"),
        ("exp(3) ** 9", "names 0 inputs"),
        ("a * (1 / 0)", "not allowed"),
        ("a[b]", "not allowed"),
        ("a[1:b]", "not allowed"),
        ("a['x']", "not allowed"),
        ("a.sum(*b)", "not allowed"),
        ("a.sum(**b)", "not allowed"),
        ("a.sum(dim=b)", "not allowed"),
        ("[a] * 99999", "not allowed"),
        ("[a]", "not allowed"),
        ("(a, b)", "not allowed"),
        ("a, b", "not allowed"),
        ("cat([a] * 9999)", "not allowed"),
        ("cat([])", "not allowed"),
        ("a < b < c", "not allowed"),
        ("a if b else c", "not allowed"),
        ("a and b", "not allowed"),
        ("not a", "not allowed"),
        ("await a", "not allowed"),
        ("yield a", "not one expression"),
        ("a b", "not one expression"),
        ("", "not one expression"),
        ("a = b", "not one expression"),
        ("import os", "not one expression"),
        ("5", "names 0 inputs"),
        (" + ".join(f"a{i}" for i in range(17)), "names 17 inputs"),
        ("_a", "'_a' cannot be the name"),
        ("а + b", "the character 'а'"),
        ("ｅxp(a)", "the character 'ｅ'"),
        ("a\n+ b", r"the character '\n'"),
        ("a; b", "the character ';'"),
        ("a # b", "the character '#'"),
        (r"a.sum(dim='\x41')", "the character"),
        ("-" * 190 + "a", "nested too deeply"),
        ("a" + "+a" * 60, "nested too deeply"),
        ("(" * 150 + "a" + ")" * 40, "not one expression"),
        ("a" * 201, "longer than 200"),
    ],
)
def test_everything_else_is_refused_with_the_part_that_does_not_fit(text, words):
    with pytest.raises(EditError) as caught:
        check_expression(text)
    message = str(caught.value)
    assert words in message
    assert "such as (a - b).abs().mean(dim=-1)" in message
    assert len(message) < 1200


def test_nothing_that_is_let_through_reaches_for_more_than_tensors():
    assert not any("_" in (name[0], name[-1]) for name in (*METHODS, *FUNCTIONS))
    assert not METHODS & {
        "item",
        "tolist",
        "numpy",
        "data",
        "grad",
        "shape",
        "apply",
        "map",
        "backward",
        "type",
        "to",
        "size",
    }
    assert all(path.rpartition(".")[0] in ("torch", "nn.functional") for path in FUNCTIONS.values())


def test_the_inputs_of_the_node_are_the_names():
    node_type = CATALOG["layerloom.Expression"]
    ports = node_type.of(Node("n", node_type.id, "e", {"expression": "gate * new + (1 - gate) * old"})).inputs
    assert [port.name for port in ports] == ["gate", "new", "old"]
    assert [port.name for port in node_type.inputs] == ["a", "b"]
    bad = node_type.of(Node("n", node_type.id, "e", {"expression": "gate.__class__"}))
    assert bad.inputs == node_type.inputs


def test_a_text_is_read_but_not_run():
    """What would end the test if it ran, or never end, is only read."""
    for text in ("exit(a)", "9**9**9**9**9 + a", "a.repeat(99999999999)"):
        try:
            check_expression(text)
        except EditError:
            continue
        assert isinstance(ast.parse(written(text, ["x"])), ast.Module)
