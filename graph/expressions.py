"""Arithmetic over the parameters of a block, such as `4 * channels`: read as a tree, never run as Python."""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from functools import lru_cache
from typing import Any

from graph.messages import EditError, Message, msg

MAX_LENGTH = 200
MAX_RESULT = 2**63
MAX_EXPONENT = 64

Number = int | float | bool

_CHARACTERS = re.compile(r"[A-Za-z0-9_+\-*/%().,<>=! ]*")
_BINARY: Mapping[type[ast.AST], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
}
_UNARY: Mapping[type[ast.AST], Callable[[Any], Any]] = {ast.USub: operator.neg, ast.UAdd: operator.pos}
_COMPARISONS: Mapping[type[ast.AST], Callable[[Any, Any], bool]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}
_FUNCTIONS: Mapping[str, Callable[..., Any]] = {"min": min, "max": max, "round": round}


def evaluate(text: str, names: Mapping[str, Number]) -> Number:
    """The value of an expression such as `max(1, channels // 16)`.

    It may hold numbers, True and False, `names`, + - * / // % **, comparisons, parentheses, `min`, `max`, `round` and
    `a if condition else b`, with Python's meaning.

    Raises:
        EditError: the text holds anything else, a name is unknown, or the result is not a number below 2**63.
    """
    return _evaluated(_parse(text), text, names)


def evaluated(tree: ast.expr) -> Number:
    """The value of arithmetic that names nothing, as a part of a larger text.

    Raises:
        EditError: as `evaluate`.
    """
    if not all(_is_known(node) for node in ast.walk(tree)):
        raise _not_understood("…")
    return _evaluated(tree, "…", {})


def _evaluated(tree: ast.expr, text: str, names: Mapping[str, Number]) -> Number:
    try:
        return _value(tree, names)
    except ZeroDivisionError:
        problem = msg("'{expression}' divides by zero. Change it, or the parameters in it.", expression=text)
    except (OverflowError, _Unbounded):
        problem = msg(
            "'{expression}' gives no number that can be used: it is too large, or not a number at all. Change it, or the "
            "parameters in it.",
            expression=text,
        )
    except KeyError as error:
        problem = _unknown(error.args[0], names)
    raise EditError(problem)


def _unknown(name: str, names: Mapping[str, Number]) -> Message:
    if names:
        return msg("'{name}' is no parameter of this block. There are: {known}.", name=name, known=", ".join(names))
    return msg(
        "'{name}' means nothing here, because there are no parameters: those belong to blocks. Write numbers only.",
        name=name,
    )


@lru_cache(maxsize=2048)
def names_in(text: str) -> tuple[str, ...]:
    """The names that an expression needs, in the order of their first appearance.

    Raises:
        EditError: the text is no expression that `evaluate` takes.
    """
    tree = _parse(text)
    called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    return in_order(node for node in ast.walk(tree) if isinstance(node, ast.Name) and id(node) not in called)


def renamed(text: str, texts: Mapping[str, str]) -> str:
    """An expression with other texts in the place of names, in parentheses where they need them.

    A text that is no expression, or has none of these names, stays as it is.
    """
    try:
        names = names_in(text)
    except EditError:
        return text
    trees = {name: tree for name in names if name in texts and (tree := parsed(texts[name])) is not None}
    return ast.unparse(_Renaming(trees).visit(deepcopy(_parse(text)))) if trees else text


class _Renaming(ast.NodeTransformer):
    """Puts other trees in the place of names; what is called keeps its name."""

    def __init__(self, trees: Mapping[str, ast.expr]) -> None:
        self._trees = trees

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return self._trees.get(node.id, node)

    def visit_Call(self, node: ast.Call) -> ast.expr:
        node.args = [self.visit(entry) for entry in node.args]
        return node


def in_order(names: Iterator[ast.Name]) -> tuple[str, ...]:
    """The different names, by their place in the text."""
    return tuple(dict.fromkeys(node.id for node in sorted(names, key=lambda node: node.col_offset)))


class _Unbounded(Exception):
    """A result that is no real number below the bound."""


@lru_cache(maxsize=2048)
def _parse(text: str) -> ast.expr:
    """The tree of a text that holds nothing but what `evaluate` understands."""
    if not text.strip():
        raise EditError(msg("An expression is missing after '='. Write one, such as 2 * 8, or a number without '='."))
    tree = None
    if len(text) <= MAX_LENGTH and _CHARACTERS.fullmatch(text):
        tree = parsed(text)
    if tree is None or not all(_is_known(node) for node in ast.walk(tree)):
        raise _not_understood(text)
    return tree


def _not_understood(text: str) -> EditError:
    return EditError(
        msg(
            "'{expression}' cannot be worked out. Write numbers, names, + - * / // % **, comparisons, parentheses, min, "
            "max, round, and 'a if condition else b', in at most {length} characters.",
            expression=text[:MAX_LENGTH],
            length=MAX_LENGTH,
        )
    )


def parsed(text: str) -> ast.expr | None:
    """The tree of a text of one expression; None if it is not of Python's grammar."""
    try:
        return ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return None


def _is_known(node: ast.AST) -> bool:
    match node:
        case ast.Constant(value=value):
            return isinstance(value, (int, float))
        case ast.BinOp(op=op):
            return type(op) in _BINARY
        case ast.UnaryOp(op=op):
            return type(op) in _UNARY
        case ast.Compare(ops=ops):
            return all(type(op) in _COMPARISONS for op in ops)
        case ast.Call(func=ast.Name(id=name), args=args, keywords=[]):
            return name in _FUNCTIONS and (len(args) == 1 if name == "round" else len(args) > 1)
    return isinstance(node, (ast.Name, ast.IfExp, ast.operator, ast.unaryop, ast.cmpop, ast.expr_context))


def _value(node: ast.expr, names: Mapping[str, Number]) -> Number:
    result = _compute(node, names)
    if isinstance(result, complex) or not abs(result) < MAX_RESULT:
        raise _Unbounded
    return result


def _compute(node: ast.expr, names: Mapping[str, Number]) -> Any:
    match node:
        case ast.Constant(value=value):
            return value
        case ast.Name(id=name):
            return names[name]
        case ast.UnaryOp(op=op, operand=operand):
            return _UNARY[type(op)](_value(operand, names))
        case ast.BinOp(left=left, op=op, right=right):
            values = _value(left, names), _value(right, names)
            if isinstance(op, ast.Pow) and abs(values[1]) > MAX_EXPONENT:
                raise _Unbounded
            return _BINARY[type(op)](*values)
        case ast.Compare(left=left, ops=ops, comparators=others):
            values = [_value(entry, names) for entry in (left, *others)]
            pairs = zip(values, ops, values[1:], strict=False)
            return all(_COMPARISONS[type(op)](a, b) for a, op, b in pairs)
        case ast.IfExp(test=test, body=body, orelse=orelse):
            return _value(body if _value(test, names) else orelse, names)
        case ast.Call(func=ast.Name(id=name), args=args):
            return _FUNCTIONS[name](*(_value(entry, names) for entry in args))
    raise AssertionError(ast.dump(node))
