"""A line of tensor arithmetic that a person writes, such as `(a - b).abs().mean(dim=-1)`: checked, never run here.

An expression is a tree of inputs, numbers, operators, and calls of the methods and functions that are listed below.
The inputs are its free names. Numbers alone are worked out under the bounds of `graph.expressions`.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache

from graph.expressions import evaluated, in_order, parsed
from graph.messages import EditError, Message, msg

MAX_LENGTH = 200
MAX_DEPTH = 40
MAX_INPUTS = 16
MAX_EXPONENT = 64

# An equation of einsum, "bij,bjk->bik": letters, with "..." for what is left alone, commas between the inputs, the
# output after an arrow.
_TERM = r"[A-Za-z ]*(?:\.\.\.[A-Za-z ]*)?"
EQUATION = rf"{_TERM}(?:,{_TERM})*(?:->{_TERM})?"

METHODS = frozenset(
    """abs all amax amin any argmax argmin bool ceil clamp cos cumsum detach diagonal erf exp expand expm1 flatten flip
    float floor log log1p log_softmax logsumexp long masked_fill mean movedim narrow permute prod reciprocal relu
    repeat reshape roll round rsqrt sigmoid sign sin softmax sqrt square squeeze std sum tanh transpose tril triu
    unsqueeze var""".split()
)
_OF_TORCH = """abs bmm cat cos einsum exp log log_softmax logical_and logical_not logical_or logsumexp matmul maximum
    mean minimum ones_like relu rsqrt sigmoid sign sin softmax sqrt square stack sum tanh where zeros_like""".split()
_OF_FUNCTIONAL = ("gelu", "normalize", "silu", "softplus")
FUNCTIONS: Mapping[str, str] = {
    **{name: f"torch.{name}" for name in _OF_TORCH},
    **{name: f"nn.functional.{name}" for name in _OF_FUNCTIONAL},
}
_RESERVED = ("torch", "nn", "self")
_CHARACTERS = re.compile(r"[A-Za-z0-9_+\-*/%@().,<>=!\[\]:'\" ]*")
_OPERATORS = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Mod, ast.Pow, ast.MatMult)
_COMPARISONS = (ast.Gt, ast.GtE, ast.Lt, ast.LtE, ast.Eq, ast.NotEq)


def with_arrow(equation: str) -> str:
    """An equation of einsum with the output that PyTorch takes where there is no arrow: the letters that come once, in order."""
    if "->" in equation:
        return equation
    letters = [letter for letter in equation if letter.isalpha()]
    once = "".join(sorted(letter for letter in letters if letters.count(letter) == 1))
    return f"{equation}->{'...' if '...' in equation else ''}{once}"


def check_expression(text: str) -> None:
    """Refuse a text that is no expression.

    Raises:
        EditError: the message says which part does not fit, and what does.
    """
    _tree(text)


def inputs_of(text: str) -> tuple[str, ...]:
    """The names of the inputs of a checked expression, in the order of their first appearance."""
    return in_order(_inputs(_tree(text)))


def written(text: str, variables: Sequence[str]) -> str:
    """A checked expression as Python over `torch` and `nn`, with a variable in the place of each of its inputs."""
    tree = ast.parse(text.strip(), mode="eval")
    return ast.unparse(_Writer(dict(zip(inputs_of(text), variables, strict=True))).visit(tree))


class _Writer(ast.NodeTransformer):
    """Puts variables in the place of inputs, and the places of functions before their names."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables

    def visit_Name(self, node: ast.Name) -> ast.Name:
        return ast.Name(self._variables[node.id])

    def visit_Call(self, node: ast.Call) -> ast.Call:
        named = isinstance(node.func, ast.Name)
        function = (
            ast.Name(FUNCTIONS[node.func.id]) if isinstance(node.func, ast.Name) and named else self.visit(node.func)
        )
        return ast.Call(function, [self.visit(entry) for entry in node.args], node.keywords)


class _Refusal(Exception):
    """A part that does not fit: the one argument is a `Message`."""


@lru_cache(maxsize=1024)
def _tree(text: str) -> ast.expr:
    try:
        return _checked(text)
    except _Refusal as refusal:
        raise EditError(
            msg(
                "'{expression}' cannot be computed: {reason} Write inputs, numbers, + - * / // % ** @, comparisons, [ ], and "
                "calls of tensor methods and functions, such as (a - b).abs().mean(dim=-1).",
                expression=text[:MAX_LENGTH],
                reason=refusal.args[0],
            )
        ) from None


def _checked(text: str) -> ast.expr:
    if len(text) > MAX_LENGTH:
        raise _Refusal(msg("it is longer than {length} characters.", length=MAX_LENGTH))
    stranger = _CHARACTERS.sub("", text)
    if stranger:
        raise _Refusal(msg("it holds the character {character}.", character=repr(stranger[0])))
    tree = parsed(text)
    if tree is None:
        raise _Refusal(msg("it is not one expression in Python."))
    _check_tensor(tree, 0)
    inputs = in_order(_inputs(tree))
    if not 0 < len(inputs) <= MAX_INPUTS:
        raise _Refusal(msg("it names {count} inputs, and needs 1 to {limit}.", count=len(inputs), limit=MAX_INPUTS))
    for name in inputs:
        if name.startswith("_") or name in _RESERVED:
            raise _Refusal(msg("'{name}' cannot be the name of an input. Write exp(x), not torch.exp(x).", name=name))
    return tree


def _inputs(tree: ast.expr) -> Iterator[ast.Name]:
    called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    return (node for node in ast.walk(tree) if isinstance(node, ast.Name) and id(node) not in called)


# ---- the grammar


def _check_tensor(node: ast.expr, depth: int) -> None:
    """An input, or what is computed from inputs, or numbers alone."""
    if depth > MAX_DEPTH:
        raise _Refusal(msg("its parts are nested too deeply."))
    if not any(isinstance(part, ast.Name) for part in ast.walk(node)):
        _check_number(node)
        return
    match node:
        case ast.Name():
            return
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            _check_tensor(operand, depth + 1)
        case ast.BinOp(left=left, op=op, right=right) if isinstance(op, _OPERATORS):
            _check_tensor(left, depth + 1)
            _check_tensor(right, depth + 1)
            if isinstance(op, ast.Pow):
                _check_exponent(right)
        case ast.Compare(left=left, ops=[op], comparators=[right]) if isinstance(op, _COMPARISONS):
            _check_tensor(left, depth + 1)
            _check_tensor(right, depth + 1)
        case ast.Subscript(value=value, slice=place):
            _check_tensor(value, depth + 1)
            _check_place(place)
        case ast.Call(func=function, args=args, keywords=keywords):
            _check_function(function, depth + 1)
            _check_arguments(node)
            for number, entry in enumerate(args):
                _check_argument(entry, depth + 1, equation=number == 0 and _is_einsum(function))
            for keyword in keywords:
                _check_keyword(keyword)
        case _:
            raise _not_allowed(node)


def _check_function(function: ast.expr, depth: int) -> None:
    match function:
        case ast.Name(id=name):
            _check_known(name, FUNCTIONS)
        case ast.Attribute(value=value, attr=name):
            _check_tensor(value, depth)
            _check_known(name, METHODS)
        case _:
            raise _not_allowed(function)


def _check_arguments(call: ast.Call) -> None:
    """What no call may be given: the switch of `silu` that overwrites its input; a `squeeze` that can remove the batch."""
    name = call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")
    given = [*call.args, *(keyword.value for keyword in call.keywords)]
    if name == "silu" and len(given) > 1:
        raise _Refusal(msg("'{name}' takes one input and nothing else.", name=name))
    if name == "squeeze" and not (len(given) == 1 and all(_check_number(entry) for entry in _entries(given[0]))):
        raise _Refusal(
            msg(
                "squeeze needs the dimension to remove, such as x.squeeze(1), and never 0: a batch of one sample would be lost."
            )
        )


def _entries(node: ast.expr) -> Sequence[ast.expr]:
    return node.elts if isinstance(node, (ast.List, ast.Tuple)) else [node]


def _check_known(name: str, known: Sequence[str] | Mapping[str, str] | frozenset[str]) -> None:
    if name not in known:
        raise _Refusal(msg("it calls '{name}'; it may call {known}.", name=name, known=", ".join(sorted(known))))


def _check_argument(node: ast.expr, depth: int, *, equation: bool) -> None:
    """A tensor, a literal, a list of tensors as `cat` takes it, or the equation of `einsum`."""
    match node:
        case ast.Constant(value=str(text)) if equation and re.fullmatch(EQUATION, text):
            if "->" not in text:
                raise _Refusal(
                    msg(
                        "the equation of einsum needs an arrow and what comes out: '{equation}'.",
                        equation=with_arrow(text),
                    )
                )
        case ast.List(elts=[_, *_] as entries) | ast.Tuple(elts=[_, *_] as entries):
            for entry in entries:
                _check_tensor(entry, depth)
        case ast.Constant(value=None | bool()):
            return
        case _:
            _check_tensor(node, depth)


def _check_keyword(keyword: ast.keyword) -> None:
    match keyword.value:
        case _ if keyword.arg is None:
            raise _not_allowed(keyword.value)
        case ast.Constant(value=None | bool()):
            return
        case ast.List(elts=entries) | ast.Tuple(elts=entries):
            for entry in entries:
                _check_number(entry)
        case value:
            _check_number(value)


def _check_place(node: ast.expr) -> None:
    """What stands in brackets: whole numbers, stretches, `None` and `...`, which Python writes as literals."""
    match node:
        case ast.Tuple(elts=entries):
            for entry in entries:
                _check_place(entry)
        case ast.Slice(lower=lower, upper=upper, step=step):
            for part in (lower, upper, step):
                if part is not None:
                    _check_number(part)
        case ast.Constant(value=value) if value is None or value is ...:
            return
        case _:
            _check_number(node)


def _check_exponent(node: ast.expr) -> None:
    """An input, or a small number: powers of powers of numbers would never end."""
    if not isinstance(node, ast.Name) and not abs(_check_number(node)) <= MAX_EXPONENT:
        raise _Refusal(msg("an exponent is an input, or a number up to {limit}.", limit=MAX_EXPONENT))


def _check_number(node: ast.expr) -> float:
    """Arithmetic of numbers alone, with its result."""
    try:
        return evaluated(node)
    except EditError:
        raise _not_allowed(node) from None


def _is_einsum(function: ast.expr) -> bool:
    return isinstance(function, ast.Name) and function.id == "einsum"


def _not_allowed(node: ast.expr) -> _Refusal:
    try:
        part = ast.unparse(node)
    except RecursionError:
        part = "…"
    reason: Message = msg("'{part}' is not allowed there.", part=part if len(part) <= 40 else part[:39] + "…")
    return _Refusal(reason)
