"""Arithmetic of block parameters: what it gives, and that nothing else gets through."""

from __future__ import annotations

import pytest

from graph.expressions import evaluate, names_in, renamed
from graph.messages import EditError

NAMES = {"channels": 64, "stride": 2, "ratio": 0.25, "deep": True}


@pytest.mark.parametrize(
    ("text", "value", "names"),
    [
        ("4 * channels", 256, ("channels",)),
        ("channels // stride - 1", 31, ("channels", "stride")),
        ("stride + channels * stride", 130, ("stride", "channels")),
        ("max(1, channels // 16)", 4, ("channels",)),
        ("min(channels, 2 ** 5, 40)", 32, ("channels",)),
        ("round(channels * ratio)", 16, ("channels", "ratio")),
        ("channels / 3", 64 / 3, ("channels",)),
        ("channels % 7", 1, ("channels",)),
        ("-channels", -64, ("channels",)),
        ("channels if stride > 1 else 3", 64, ("channels", "stride")),
        ("3 if not_here == 1 else stride", None, ("not_here", "stride")),
        ("1 < stride <= 2 != 3", True, ("stride",)),
        ("deep", True, ("deep",)),
        ("True", True, ()),
        ("  7 ", 7, ()),
        ("1 if True else 1 / 0", 1, ()),
    ],
)
def test_values_are_those_of_python(text, value, names):
    assert names_in(text) == names
    if value is not None:
        result = evaluate(text, NAMES)
        assert (result, type(result)) == (value, type(value))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("channels / (stride - 2)", "divides by zero"),
        ("channels % 0", "divides by zero"),
        ("9 ** 9 ** 9", "no number that can be used"),
        ("2 ** 63", "no number that can be used"),
        ("1e400", "no number that can be used"),
        ("(-1) ** 0.5", "no number that can be used"),
        ("(channels ** 10) * 1e300", "no number that can be used"),
        ("round(1e308 * 10)", "no number that can be used"),
        ("width", "'width' is no parameter of this block. There are: channels, stride, ratio, deep."),
        ("max(channels, max)", "'max' is no parameter"),
    ],
)
def test_what_has_no_value_says_why(text, words):
    with pytest.raises(EditError) as caught:
        evaluate(text, NAMES)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "channels channels", "channels.real", "channels.__class__", "().__class__", "lambda: 1", "(lambda: 1)()",
        "[1]", "[c for c in channels]", "{1}", "'a'", '"a" * 9', "f'{channels}'", "channels := 3", "(channels := 3)",
        "print(1)", "__import__('os')", "eval(1)", "min(3)", "min()", "min(*channels, 1)", "min(1, 2, key=abs)",
        "round(1, -99999999)", "round(channels, 2)", "channels[0]", "channels and stride", "not channels", "~channels",
        "channels << 99999999", "channels | 1", "1j", "None", "...", "b'a'", "1, 2", "channels; stride", "channels\n+ 1",
        "ｃhannels", "сhannels", "channels²", "\x00", "1 is 1", "1 in 2", "await channels", "#", "x" * 201,
        "(" * 199 + ")", "(" * 100 + "1" + ")" * 101,
    ],
)  # fmt: skip
def test_everything_else_is_refused_at_once(text):
    for refuse in (names_in, lambda entry: evaluate(entry, NAMES)):
        with pytest.raises(EditError) as caught:
            refuse(text)
        assert "cannot be worked out" in str(caught.value)


@pytest.mark.parametrize("text", ["", " "])
def test_a_missing_expression_is_called_so(text):
    for refuse in (names_in, lambda entry: evaluate(entry, NAMES)):
        with pytest.raises(EditError, match="An expression is missing after '='"):
            refuse(text)


def test_without_parameters_a_name_means_nothing():
    with pytest.raises(EditError, match="'width' means nothing here"):
        evaluate("2 * width", {})


@pytest.mark.parametrize("text", ["-" * 199 + "1", "1" + "+1" * 99, "2 " + "** 1 " * 38])
def test_long_texts_within_the_bound_are_worked_out(text):
    assert evaluate(text, {}) == eval(text)


@pytest.mark.parametrize(
    ("text", "texts", "result"),
    [
        ("k ** 2", {"k": "-3"}, "(-3) ** 2"),
        ("2 * k", {"k": "a + b"}, "2 * (a + b)"),
        ("k + kk", {"k": "kk", "kk": "k"}, "kk + k"),
        ("max(max, k)", {"max": "n"}, "max(n, k)"),
        ("a if k > 1 else 2", {"k": "x if y else z"}, "a if (x if y else z) > 1 else 2"),
        ("4*k", {"n": "1"}, "4*k"),
        ("k k", {"k": "n"}, "k k"),
        ("k + 1", {"k": "self.k"}, "self.k + 1"),
    ],
)
def test_names_give_way_to_other_texts(text, texts, result):
    assert renamed(text, texts) == result
