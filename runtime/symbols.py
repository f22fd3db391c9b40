"""Numbers that stand in generated code under a name: `channels` where this use of a block has 64 of them."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from typing import Any

from graph.binding import SIGN, is_expression
from graph.expressions import names_in, renamed
from graph.model import Value


class Symbol:
    """A number with the text that it has in the code. It equals nothing, so it is never taken for a default."""

    text: str

    def __repr__(self) -> str:
        return self.text

    __str__ = __repr__

    def __format__(self, form: str) -> str:
        return self.text

    def __eq__(self, other: object) -> bool:
        return self is other

    def __ne__(self, other: object) -> bool:
        return self is not other

    __hash__ = object.__hash__


class SymbolInt(Symbol, int):
    """A whole number, or yes or no."""


class SymbolFloat(Symbol, float):
    """A number with a fraction."""


def symbol(value: Any, text: str) -> Value:
    """The number under that text; anything else in a tuple or as it is."""
    if isinstance(value, tuple) and len(value) == 1:
        return (symbol(value[0], text),)  # type: ignore[return-value]
    if isinstance(value, (bool, int)):
        made: Symbol = SymbolInt(value)
    elif isinstance(value, float):
        made = SymbolFloat(value)
    else:
        return value
    made.text = text
    return made  # type: ignore[return-value]


def factor(value: Value) -> str:
    """The text of a number as a part of a sum or a product."""
    text = repr(value)
    return f"({text})" if isinstance(value, Symbol) and not text.replace(".", "").isidentifier() else text


class Sizes:
    """The names of a class that stand for numbers which differ between its uses: its arguments, and what is made of them.

    A number is known by its values in all uses (`vector`), so that `num_features` of a BatchNorm2d becomes `channels`
    where the convolution before it has `channels` outputs. `inferred` has the arguments for sizes that follow from what
    arrives; `named` are the names that the class uses.
    """

    def __init__(self, known: Sequence[tuple[str, tuple]], taken: Callable[[str], bool]) -> None:
        self._texts: dict[tuple, str] = {}
        self._taken = taken
        self.inferred: dict[str, tuple] = {}
        self.named: set[str] = set()
        for text, vector in known:
            self._texts.setdefault(vector, text)

    def size(self, vector: tuple, name: str, *, at: int, computing: bool = False) -> Value:
        """The number that a size has in use number `at`, under the name of what it follows from.

        A size that is the same everywhere stays a number unless a parameter has it too. `computing` says that it
        stands in `forward`.
        """
        constant = len(set(vector)) == 1
        if vector not in self._texts and not constant:
            self._texts[vector] = free = self._free(name)
            self.inferred[free] = vector
        if vector not in self._texts or (constant and vector[0] in (0, 1)):
            return vector[at]
        return symbol(vector[at], self._text(self._texts[vector], computing=computing))

    def expression(self, raw: Value, value: Any, *, computing: bool = False) -> Value:
        """A parameter's value under the text of its expression, where it is one that names parameters of the block.

        Args:
            raw: what the node has, such as `=4 * channels`.
            value: what that is in this use of the block.
            computing: whether it stands in `forward`.
        """
        if isinstance(raw, tuple) and isinstance(value, tuple) and len(raw) == len(value):
            return tuple(self.expression(r, v, computing=computing) for r, v in zip(raw, value, strict=True))  # type: ignore[misc]
        if not isinstance(raw, str) or not is_expression(raw) or not names_in(body_of(raw)):
            return value
        return symbol(value, self._text(body_of(raw), computing=computing))

    def is_taken(self, name: str) -> bool:
        """Whether the class has an argument or a node of that name."""
        return name in self.inferred or self._taken(name)

    def text(self, vector: tuple) -> str | None:
        """The name of a number, if it has one."""
        return self._texts.get(vector)

    def _text(self, text: str, *, computing: bool) -> str:
        names = names_in(text)
        self.named.update(names)
        return renamed(text, {name: f"self.{name}" for name in names}) if computing else text

    def _free(self, name: str) -> str:
        while self.is_taken(name):
            name += "_"
        return name


def body_of(raw: str) -> str:
    """An expression without the sign in front of it, spaced as Python is."""
    return ast.unparse(ast.parse(raw[len(SIGN) :].strip(), mode="eval"))
