"""Schedules that are made of schedules, written as in Python: `LinearLR(total_iters=5), ExponentialLR(gamma=0.9)`.

A text is only read, never run: names, and numbers and words by name.
"""

from __future__ import annotations

import ast

from graph.messages import EditError, msg
from graph.model import Value

MOST = 10  # schedules in a text
LONGEST = 2000  # characters

Written = list[tuple[str, dict[str, Value]]]


def read_calls(text: str) -> Written:
    """The name and the parameters of each schedule in a text.

    Raises:
        EditError: the text is not of this form.
    """
    try:
        tree = ast.parse(f"[{text}]", mode="eval").body if len(text) <= LONGEST else None
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        tree = None
    if not isinstance(tree, ast.List) or not tree.elts:
        raise _unreadable(text)
    if len(tree.elts) > MOST:
        raise EditError(
            msg("There are {count} schedules in one. Write {most} at most.", count=len(tree.elts), most=MOST)
        )
    return [_read_call(text, node) for node in tree.elts]


def _read_call(text: str, node: ast.expr) -> tuple[str, dict[str, Value]]:
    if isinstance(node, ast.Name):
        return node.id, {}
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
        raise _unreadable(text)
    if node.args or any(keyword.arg is None for keyword in node.keywords):
        raise EditError(
            msg("In '{name}', a value stands without its name. Write it as in {name}(gamma=0.5).", name=node.func.id)
        )
    return node.func.id, {str(keyword.arg): _read_value(text, keyword.value) for keyword in node.keywords}


def _read_value(text: str, node: ast.expr) -> Value:
    try:
        value = ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        raise _unreadable(text) from None
    if isinstance(value, list | tuple) and all(type(entry) is int for entry in value):
        return tuple(value)
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise _unreadable(text)


def _unreadable(text: str) -> EditError:
    shown = text if len(text) <= 60 else f"{text[:60]}…"
    return EditError(
        msg(
            "'{text}' cannot be read as schedules. Write them as in Python, with a comma between them: "
            "LinearLR(total_iters=5), ExponentialLR(gamma=0.9).",
            text=shown,
        )
    )
