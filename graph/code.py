"""What Python that a person wrote offers as a node: read from its text, which is parsed and never run."""

from __future__ import annotations

import ast
import hashlib
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache

from graph.catalog.types import Kind, Param, Value
from graph.code_names import CALLED, OWN_NAMES, bound, inside
from graph.messages import EditError, Message, msg
from graph.names import check_name

MAX_SIZE = 100_000  # bytes
MAX_HELP = 200  # letters

Function = ast.FunctionDef
_MODULES = frozenset({"nn.Module", "torch.nn.Module", "Module"})
_KINDS = {"bool": Kind.BOOL, "int": Kind.INT, "float": Kind.FLOAT, "int|float": Kind.FLOAT, "float|int": Kind.FLOAT,
          "str": Kind.TEXT}  # fmt: skip
_TYPES = {bool: Kind.BOOL, int: Kind.INT, float: Kind.FLOAT, str: Kind.TEXT}
_FIRST_VALUES = {Kind.BOOL: False, Kind.INT: 1, Kind.FLOAT: 1.0, Kind.TEXT: ""}
_VISIBLE = "\n\t"
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})  # Unicode categories
_BLANK = "\u115f\u1160\u2800\u3164\uffa0"  # letters of other categories that show as nothing


@dataclass(frozen=True)
class Signature:
    """What the class or function `name` takes and gives.

    `inputs` are pairs of a name and whether it may be left out. `params` are those of a module's `__init__`, or of the
    function; the generated code writes them by name.
    """

    name: str
    is_module: bool = False
    inputs: tuple[tuple[str, bool], ...] = ()
    outputs: tuple[str, ...] = ("output",)
    params: tuple[Param, ...] = ()
    help: str = ""


class CodeError(EditError):
    """Code that cannot be a node; `line` counts from 1."""

    def __init__(self, line: int, reason: Message) -> None:
        super().__init__(msg("Line {line}: {reason}", line=line, reason=reason))
        self.line = line


def digest(text: str) -> str:
    """The SHA-256 of the exact text, in hexadecimal."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


@lru_cache(maxsize=256)
def read(text: str) -> Signature:
    """What the last `nn.Module` class in the text offers as a node, or else its last function.

    The inputs are the parameters of `forward` (or of the function) that are neither scalars nor have a default; those
    with the default None may be left out. Scalar parameters of `__init__` (or of the function) are parameters of the node.

    Raises:
        CodeError: Python cannot parse it, nothing in it can be a node, or not all of it can be seen.
    """
    with _not_too_deep():
        tree = _parse(text)
        _check_bindings(tree)
        classes = [s for s in tree.body if isinstance(s, ast.ClassDef) and _is_module(s)]
        functions = [s for s in tree.body if isinstance(s, Function)]
        if not classes and not functions:
            raise CodeError(
                1, msg("There is no nn.Module class and no function here. Write one: def mine(x): return x")
            )
        return _of_class(classes[-1]) if classes else _of_function(functions[-1])


@lru_cache(maxsize=256)
def bindings(text: str) -> Mapping[str, frozenset[str]]:
    """Every name that the text gives a meaning at its top; none where it cannot be parsed.

    A meaning is what is imported under the name, such as "torch.nn.functional", or `graph.code_names.OWN`.
    """
    found: dict[str, frozenset[str]] = {}
    try:
        with _not_too_deep():
            for name, meaning, _ in bound(_parse(text)):
                found[name] = found.get(name, frozenset()) | {meaning}
    except CodeError:
        return {}
    return found


@contextmanager
def _not_too_deep() -> Iterator[None]:
    try:
        yield
    except (RecursionError, MemoryError):
        raise CodeError(1, msg("This is nested too deeply to be read. Write it in simpler steps.")) from None


def _parse(text: str) -> ast.Module:
    if len(text.encode("utf-8", "surrogatepass")) > MAX_SIZE:
        raise CodeError(
            1, msg("This is more than {size} kB. Keep it in a package, and import that.", size=MAX_SIZE // 1000)
        )
    _check_letters(text)
    try:
        return ast.parse(text, filename="")  # for its error Python opens the file of that name; none has this one
    except SyntaxError as error:
        reason = msg("Python cannot read this: {error}. Mend that line.", error=error.msg)
        raise CodeError(error.lineno or 1, reason) from None


def is_unseen(letter: str) -> bool:
    """Whether a reader would not see this character, or would see others in another place because of it."""
    return letter in _BLANK or (letter not in _VISIBLE and unicodedata.category(letter) in _UNSEEN)


def _check_letters(text: str) -> None:
    """Refuse what a reader would not see: it could show code as other than it is."""
    for index, letter in enumerate(text):
        if is_unseen(letter):
            sign = f"U+{ord(letter):04X}"
            reason = msg(
                "There is an invisible character here ({sign}). Take it out, or write it as an escape.", sign=sign
            )
            raise CodeError(text.count("\n", 0, index) + 1, reason)


def _check_bindings(tree: ast.Module) -> None:
    """Refuse what would give another meaning to the names that generated source uses."""
    for name, meaning, line in bound(tree):
        if name == "*":
            reason = msg("What 'import *' brings cannot be seen. Name what you need: from {module} import …",
                         module=meaning.removesuffix(".*"))  # fmt: skip
            raise CodeError(line, reason)
        if meaning != OWN_NAMES.get(name, meaning):
            raise CodeError(line, msg("'{name}' is the name of PyTorch's own module. Choose another.", name=name))
        if name in CALLED:
            raise CodeError(line, msg("The generated code calls '{name}'. Choose another name for yours.", name=name))


# ---- the class or function


def _is_module(entry: ast.ClassDef) -> bool:
    return any(ast.unparse(base) in _MODULES for base in entry.bases)


def _of_class(entry: ast.ClassDef) -> Signature:
    methods = {s.name: s for s in entry.body if isinstance(s, Function)}
    forward, init = methods.get("forward"), methods.get("__init__")
    if forward is None:
        reason = msg("{name} has no 'forward'. Write one: def forward(self, x): return x", name=entry.name)
        raise CodeError(entry.lineno, reason)
    inputs = [a for a in _arguments(forward, bound=True) if a.is_input or a.has_no_default]
    params = [] if init is None else [a for a in _arguments(init, bound=True) if a.kind or a.has_no_default]
    for argument in inputs:
        if not argument.is_input:
            raise argument.error(
                msg("'{name}' is a number without a default. Make it a parameter of '__init__'.", name=argument.name)
            )
    return _signature(entry, forward, inputs, params)


def _of_function(entry: Function) -> Signature:
    arguments = _arguments(entry, bound=False)
    return _signature(entry, entry, [a for a in arguments if a.is_input], [a for a in arguments if a.kind])


def _signature(
    entry: ast.ClassDef | Function, called: Function, inputs: list[_Argument], params: list[_Argument]
) -> Signature:
    for line, name in ((entry.lineno, entry.name), *((a.line, a.name) for a in inputs)):
        _check_name(line, name)
    return Signature(
        name=entry.name,
        is_module=entry is not called,
        inputs=tuple((a.name, not a.has_no_default) for a in inputs),
        outputs=_outputs(called),
        params=tuple(a.param() for a in params),
        help=((ast.get_docstring(entry) or "").splitlines() or [""])[0][:MAX_HELP],
    )


def _check_name(line: int, name: str) -> None:
    try:
        check_name(name)
    except EditError as error:
        raise CodeError(line, error.message) from None


# ---- what it takes


@dataclass(frozen=True)
class _Argument:
    """One parameter of a function. `kind` is that of a scalar, or None; `default` is None where it has none."""

    line: int
    name: str
    kind: Kind | None
    default: ast.expr | None
    optional: bool  # whether None is a value that it takes

    @property
    def has_no_default(self) -> bool:
        return self.default is None

    @property
    def is_input(self) -> bool:
        return self.kind is None and (self.default is None or _is_none(self.default))

    def error(self, reason: Message) -> CodeError:
        return CodeError(self.line, reason)

    def param(self) -> Param:
        """The parameter of the node.

        Raises:
            CodeError: its type cannot be seen, or its default or its name cannot be.
        """
        if self.kind is None:
            raise self.error(msg("What is '{name}'? Write its type, such as {name}: int", name=self.name))
        if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]{0,63}", self.name):
            _check_name(self.line, self.name)
        default = _FIRST_VALUES[self.kind] if self.default is None else _literal(self.default)
        try:
            free = Param(name=self.name, kind=self.kind, help="", optional=self.optional)
            return Param(
                name=self.name, kind=self.kind, help="", default=free.check(default), required=self.has_no_default,
                keyword=True, optional=self.optional,
            )  # fmt: skip
        except EditError as error:
            raise self.error(error.message) from None


def _arguments(function: Function, *, bound: bool) -> list[_Argument]:
    """The parameters of a function, without `self` if it is bound."""
    args = function.args
    plain = [*args.posonlyargs, *args.args]
    defaults = [None] * (len(plain) - len(args.defaults)) + [*args.defaults, *args.kw_defaults]
    made = [_argument(arg, default) for arg, default in zip([*plain, *args.kwonlyargs], defaults, strict=True)]
    if bound and not plain:
        raise CodeError(function.lineno, msg("'{name}' needs 'self' as its first parameter.", name=function.name))
    if args.vararg is not None:
        reason = msg("How many inputs '*{name}' stands for cannot be seen. Name each.", name=args.vararg.arg)
        raise CodeError(args.vararg.lineno, reason)
    by_position = made[int(bound) : len(args.posonlyargs)]
    by_name = [a for a in made[len(plain) :] if a.kind is None and a.has_no_default]
    for argument in (*by_position, *by_name):
        raise argument.error(
            msg("'{name}' can be given in one way only. Take the '/' or '*' beside it out.", name=argument.name)
        )
    return made[int(bound) :]


def _argument(arg: ast.arg, default: ast.expr | None) -> _Argument:
    kind, optional = _kind_of(arg.annotation)
    value = None if default is None else _literal(default)
    if type(value) in _TYPES and not (kind is Kind.FLOAT and type(value) is int):
        kind = _TYPES[type(value)]
    elif value is None and default is not None and not _is_none(default):
        kind = None  # whatever that is stays as it is
    return _Argument(arg.lineno, arg.arg, kind, default, optional or (default is not None and _is_none(default)))


def _kind_of(annotation: ast.expr | None) -> tuple[Kind | None, bool]:
    """The kind of the scalar that an annotation means, if it means one, and whether None is allowed too."""
    if annotation is None:
        return None, False
    quoted = isinstance(annotation, ast.Constant) and isinstance(annotation.value, str)
    text = annotation.value if quoted else ast.unparse(annotation)  # type: ignore[union-attr]
    text = re.sub(r"\s|\btyping\.", "", str(text))
    text = re.sub(r"Optional\[(.*)\]", r"\1|None", text)
    parts = text.split("|")
    return _KINDS.get("|".join(p for p in parts if p != "None")), "None" in parts


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _literal(node: ast.expr) -> Value:
    """The scalar that is written there; None for anything else."""
    match node:
        case ast.Constant(value=bool() | int() | float() | str() as value):
            return value
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as value)):
            return -value
    return None


# ---- what it gives


def _outputs(function: Function) -> tuple[str, ...]:
    returned = [n.value for s in function.body for n in inside(s) if isinstance(n, ast.Return) and n.value is not None]
    if not returned:
        reason = msg("'{name}' returns nothing. Let it return a tensor, or several: return a, b", name=function.name)
        raise CodeError(function.lineno, reason)
    last = returned[-1]
    promised = _promised(function.returns)
    if not isinstance(last, ast.Tuple):
        return ("output",) if promised is None else _numbered(promised)
    count = len(last.elts)
    if not count or any(isinstance(e, ast.Starred) for e in last.elts) or promised not in (None, count):
        reason = msg("How many outputs there are cannot be seen. Return as many as announced: return a, b")
        raise CodeError(last.lineno, reason)
    return _named(last.elts)


def _promised(annotation: ast.expr | None) -> int | None:
    """The number of outputs that `tuple[Tensor, Tensor]` means."""
    match annotation:
        case ast.Subscript(value=owner, slice=ast.Tuple(elts=parts)) if (
            ast.unparse(owner).lower().removeprefix("typing.") == "tuple"
        ):
            return None if any(isinstance(p, ast.Constant) and p.value is ... for p in parts) else len(parts)
    return None


def _named(parts: Iterable[ast.expr]) -> tuple[str, ...]:
    """Outputs by the names of what is returned; numbers where there is none, or two are the same."""
    names = [part.id if isinstance(part, ast.Name) else "" for part in parts]
    return _numbered(len(names), names if len(set(names)) == len(names) else ())


def _numbered(count: int, names: Iterable[str] = ()) -> tuple[str, ...]:
    named = dict(enumerate(names))
    return tuple(name if _is_port_name(name := named.get(i, "")) else f"output{i}" for i in range(count))


def _is_port_name(name: str) -> bool:
    try:
        check_name(name)
    except EditError:
        return False
    return True
