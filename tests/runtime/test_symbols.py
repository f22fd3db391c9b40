"""Numbers under names in generated code."""

from __future__ import annotations

import pytest

from runtime.symbols import Sizes, Symbol, body_of, factor, symbol


def sizes(*known: tuple[str, tuple], taken: frozenset[str] = frozenset()) -> Sizes:
    return Sizes(known, taken.__contains__)


def test_a_symbol_counts_as_its_number_and_is_written_as_its_name():
    channels = symbol(64, "channels")
    assert isinstance(channels, int) and channels + 1 == 65
    assert repr(channels) == str(channels) == f"{channels}" == f"{channels:g}" == "channels"
    assert repr((channels, 3)) == "(channels, 3)"


def test_a_symbol_equals_nothing_so_it_is_never_taken_for_a_default():
    one = symbol(1, "stride")
    assert one == one and one not in (1, symbol(1, "stride")) and one not in {1: "default"}
    assert one.__eq__(1) is False and one.__ne__(1) is True


def test_kinds_of_symbols():
    assert isinstance(symbol(0.5, "p"), float) and isinstance(symbol(True, "bias"), int)
    assert symbol("text", "name") == "text" and symbol(None, "name") is None
    (only,) = symbol((4,), "size")
    assert isinstance(only, Symbol) and repr(only) == "size"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (4, "4"),
        (-1, "-1"),
        (symbol(4, "width"), "width"),
        (symbol(4, "width + 1"), "(width + 1)"),
        (symbol(4, "4 if a else b"), "(4 if a else b)"),
    ],
)
def test_a_factor_is_in_parentheses_where_it_is_more_than_a_word(value, text):
    assert factor(value) == text


def test_a_number_has_the_name_of_what_has_its_values_in_all_uses():
    known = sizes(("channels", (64, 128)), ("4 * channels", (256, 512)))
    assert repr(known.size((64, 128), "in_features", at=0)) == "channels"
    assert repr(known.size((256, 512), "in_features", at=1)) == "4 * channels"
    assert known.inferred == {} and known.named == {"channels"}


def test_a_size_that_differs_gets_a_name_of_its_own_that_is_free():
    known = sizes(("channels", (64, 128)), taken=frozenset({"in_features"}))
    first = known.size((3, 5), "in_features", at=1)
    assert repr(first) == "in_features_" and first + 0 == 5
    assert repr(known.size((3, 5), "other", at=0)) == "in_features_"
    assert repr(known.size((3, 6), "in_features", at=0)) == "in_features__"
    assert known.inferred == {"in_features_": (3, 5), "in_features__": (3, 6)}
    assert known.is_taken("in_features") and known.is_taken("in_features_") and not known.is_taken("i")


def test_a_size_that_is_the_same_everywhere_stays_a_number_unless_a_parameter_has_it():
    known = sizes(("channels", (64, 64)), ("stride", (1, 1)))
    assert repr(known.size((7, 7), "in_features", at=0)) == "7"
    assert repr(known.size((64, 64), "in_features", at=0)) == "channels"
    assert repr(known.size((1, 1), "in_features", at=0)) == "1"  # too common to mean the parameter


def test_what_forward_computes_with_is_an_attribute():
    known = sizes(("width", (2, 3)))
    assert repr(known.size((2, 3), "size", at=0, computing=True)) == "self.width"
    assert repr(known.expression("=width + depth", 7, computing=True)) == "self.width + self.depth"
    assert known.named == {"width", "depth"}


def test_expressions_keep_their_text_inside_tuples_too():
    known = sizes(("heads", (8,)))
    assert repr(known.expression((1, "=heads", -1), (1, 8, -1))) == "(1, heads, -1)"
    assert repr(known.expression("=4*heads", 32)) == "4 * heads"
    assert repr(known.expression("=2 * 3", 6)) == "6"  # names nothing
    assert repr(known.expression(None, 8)) == "8"


def test_names_within_names_are_left_alone():
    known = sizes()
    assert repr(known.expression("=max(max_width, width)", 4, computing=True)) == "max(self.max_width, self.width)"


def test_the_body_of_an_expression_is_spaced_as_python_is():
    assert body_of("=4*n+1") == "4 * n + 1" and body_of("= n ") == "n"
