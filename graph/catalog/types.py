"""How a node type is described: frozen records of ports and parameters, free of torch and Qt."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from graph.binding import is_expression
from graph.messages import EditError, Message, msg
from graph.model import Node, Value

MAX_NUMBER = 2.0**63
MAX_GROWN = 8  # outputs that wires can add up to
NEXT_OUTPUT = "A wire from here adds an output."


class Kind(StrEnum):
    """What values a parameter takes."""

    INT = "int"
    FLOAT = "float"
    BOOL = "bool"
    CHOICE = "choice"
    INTS = "ints"  # an int, or a tuple of ints; an int stands for "the same everywhere"
    TEXT = "text"
    FILE = "file"  # a path, or one of `choices` written "builtin:NAME"


class Role(StrEnum):
    """What a node does in a drawing."""

    DATA = "data"
    INPUT = "input"
    LAYER = "layer"  # becomes a submodule
    OPERATION = "operation"  # becomes an expression
    BLOCK = "block"  # an instance of a block: becomes a submodule of a class of its own
    OUTPUT = "output"
    LOSS = "loss"
    METRIC = "metric"


NETWORK = (Role.LAYER, Role.OPERATION, Role.BLOCK)  # what a network is made of


CLASSES = None  # in the place of a dimension: the number of classes of labels


class Auto(NamedTuple):
    """The value of a parameter follows from an input: from its size, `shape(port)[dim]`, or from its `CLASSES` where `dim` is None."""

    port: str
    dim: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Param:
    """One parameter of a node type, named as in PyTorch.

    `required` means that PyTorch has no default for it: the generated code always writes it, by position
    unless `keyword`. `default` is then the value of a new node. A parameter with `auto` has the value that follows
    from the input as long as nobody pins one. `pattern` is the regular expression that the whole of a text must match.
    `when` names another parameter and the value that it must have for this one to matter. `reader` is a function that
    refuses a text with an `EditError` of its own. Numbers that `may_be_empty` are allowed to be none: a shape of single numbers.
    `empty` says what an optional one amounts to that is not given, where that is not nothing.
    """

    name: str
    kind: Kind
    default: Value = None
    help: str
    required: bool = False
    keyword: bool = False
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()
    length: int | None = None
    pattern: str = ""
    optional: bool = False
    auto: Auto | None = None
    when: tuple[str, Value] | None = None
    reader: Callable[[str], object] | None = None
    may_be_empty: bool = False
    empty: Message | None = None

    def check(self, value: object) -> Value:
        """The value in its normal form.

        Raises:
            EditError: the value does not fit; the message says which values do.
        """
        if value is None:
            if self.optional or self.auto is not None:
                return None
            raise self._misfit(value)
        if isinstance(value, str) and self.choices and value in self.choices:
            return value
        return _CHECKS[self.kind](self, value)

    def describe_values(self) -> Message:
        """A phrase that says which values fit."""
        if self.kind is Kind.CHOICE:
            return msg("one of: {choices}", choices=", ".join(self.choices))
        if self.kind is Kind.BOOL:
            return msg("yes or no")
        if self.pattern or self.reader:
            return msg("a text such as {example}", example=self.default)
        if self.kind is Kind.TEXT or self.kind is Kind.FILE:
            return msg("a text")
        number = msg("a whole number") if self.kind is not Kind.FLOAT else msg("a number")
        if self.kind is Kind.INTS:
            number = msg("whole numbers such as 5 or 5 × 5")
        if self.choices:
            number = msg("one of: {choices}; or {number}", choices=", ".join(self.choices), number=number)
        low, high = self.minimum, self.maximum
        if low is not None and high is not None:
            return msg("{number} from {low:g} to {high:g}", number=number, low=low, high=high)
        if low is not None:
            return msg("{number}, at least {low:g}", number=number, low=low)
        return number

    def _misfit(self, value: object) -> EditError:
        return EditError(
            msg(
                "'{name}' cannot be {value}. It takes {values}.",
                name=self.name,
                value=shown(value),
                values=self.describe_values(),
            )
        )

    def _number(self, value: object) -> int | float:
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not abs(value) < MAX_NUMBER:
            raise self._misfit(value)
        if (self.minimum is not None and value < self.minimum) or (self.maximum is not None and value > self.maximum):
            raise self._misfit(value)
        return value


def _check_int(param: Param, value: object) -> int:
    number = param._number(value)
    if not isinstance(number, int):
        raise EditError(
            msg("'{name}' cannot be {value}. It takes {values}; in an expression, // divides without a rest.",
                name=param.name, value=shown(value), values=param.describe_values())
        )  # fmt: skip
    return number


def _check_float(param: Param, value: object) -> Value:
    return float(param._number(value))


def _check_bool(param: Param, value: object) -> Value:
    if not isinstance(value, bool):
        raise param._misfit(value)
    return value


def _check_choice(param: Param, value: object) -> Value:
    raise param._misfit(value)


def _check_ints(param: Param, value: object) -> Value:
    if isinstance(value, Iterable) and not isinstance(value, str):
        entries = [_check_int(param, entry) for entry in value]
        if (
            not (entries or param.may_be_empty)
            or len(entries) > 8
            or (param.length is not None and len(entries) != param.length)
        ):
            raise param._misfit(value)
        return entries[0] if param.length is not None and len(set(entries)) == 1 else tuple(entries)
    number = _check_int(param, value)
    return number if param.length is not None else (number,)


def _check_text(param: Param, value: object) -> Value:
    if not isinstance(value, str) or len(value) > 10_000 or (param.pattern and not re.fullmatch(param.pattern, value)):
        raise param._misfit(value)
    if param.reader is not None:
        param.reader(value)
    return value


_CHECKS = {
    Kind.INT: _check_int,
    Kind.FLOAT: _check_float,
    Kind.BOOL: _check_bool,
    Kind.CHOICE: _check_choice,
    Kind.INTS: _check_ints,
    Kind.TEXT: _check_text,
    Kind.FILE: _check_text,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class PortType:
    """A port of a node type.

    `ndim` lists the numbers of dimensions that fit, the batch dimension included (empty: any); `dtype` is "float",
    "integer" or "any". A `variadic` port stands for name0, name1, ...: one more than have wires is offered.
    A `target` port carries the right answers (labels, targets), out of data and into losses and metrics.
    """

    name: str
    help: str = ""
    dtype: str = "any"
    ndim: tuple[int, ...] = ()
    optional: bool = False
    variadic: bool = False
    target: bool = False


Ports = tuple[tuple[PortType, ...], tuple[PortType, ...]]  # inputs, outputs


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class NodeType:
    """A node type: its public id (for ever), what it takes and gives, and how it is shown.

    `summary` is the second line on the node's card, a template over its parameters. `stem` begins the names of new
    nodes. `trainable` says whether they have parameters to learn; a text names the switch among `params` that decides.
    `replaces` are older ids that mean the same. Where the ports depend on the parameters, `ports` gives them for
    checked values; `inputs` and `outputs` are then those of a new node, and `of` gives the type as one node has it.
    `counts` names the parameters that decide about the ports, which therefore cannot be written as expressions (a list
    can hold some: its length decides). `grows` names the one that counts the outputs, where a wire from behind the last
    one adds one.
    """

    id: str
    label: str
    family: str
    role: Role
    help: str
    stem: str
    inputs: tuple[PortType, ...] = ()
    outputs: tuple[PortType, ...] = (PortType(name="output"),)
    params: tuple[Param, ...] = ()
    summary: str = ""
    synonyms: tuple[str, ...] = ()
    trainable: bool | str = False
    replaces: tuple[str, ...] = ()
    ports: Callable[[Mapping[str, Value]], Ports] | None = None
    counts: tuple[str, ...] = ()
    grows: str = ""

    def of(self, node: Node) -> NodeType:
        """The type with the ports that it has for this node."""
        return self if self.ports is None else _with_ports(self, tuple(self.fitting_values(node).items()))

    def fitting_values(self, node: Node) -> dict[str, Value]:
        """As `values`, checked, with the default in the place of what does not fit, and 1 in that of expressions in lists."""
        values = {name: _with_ones(value) for name, value in self.values(node).items()}
        wrong = {name for name, _ in misfits(self.params, values) if name in node.params}
        return {p.name: p.default if p.name in wrong else p.check(values[p.name]) for p in self.params}

    def is_trainable(self, node: Node) -> bool:
        """Whether this node has parameters to learn."""
        return self.trainable if isinstance(self.trainable, bool) else bool(self.values(node)[self.trainable])

    def param(self, name: str) -> Param | None:
        """The parameter of that name, or None."""
        return next((p for p in self.params if p.name == name), None)

    def values(self, node: Node) -> dict[str, Value]:
        """Every parameter's value for this node: what the person set, else the default (None where `auto`)."""
        return {p.name: node.params.get(p.name, None if p.auto else p.default) for p in self.params}

    def input_ports(self, connected: Iterable[str] = ()) -> tuple[PortType, ...]:
        """The input ports as drawn: a variadic one spread out, with one free place at its end."""
        return tuple(shown for port in self.inputs for shown in _spread(port, connected))

    def input(self, name: str) -> PortType | None:
        """The description of the input port of that name (`input3` belongs to a variadic `input`), or None."""
        for port in self.inputs:
            if port.name == name or (port.variadic and variadic_index(port.name, name) is not None):
                return None if port.variadic and port.name == name else port
        return None

    def output(self, name: str) -> PortType | None:
        """The description of the output port of that name, or None."""
        return next((p for p in self.outputs if p.name == name), None)

    @property
    def next_output(self) -> PortType | None:
        """The output that a wire would add, where the outputs grow."""
        if not self.grows or len(self.outputs) >= MAX_GROWN:
            return None
        return replace(self.outputs[-1], name=f"output{len(self.outputs)}", help=NEXT_OUTPUT)

    def output_or_next(self, name: str) -> PortType | None:
        """The description of an output port, or of the one that a wire would add."""
        following = self.next_output
        return following if following is not None and following.name == name else self.output(name)

    def grown(self, node: Node) -> dict[str, Value] | None:
        """The parameter that gives a node one more output (a list of sizes halves its last); None if it cannot have one."""
        value = self.values(node).get(self.grows)
        if isinstance(value, int) and self.next_output is not None:
            return {self.grows: value + 1}
        if isinstance(value, tuple) and self.next_output is not None and isinstance(last := value[-1], int):
            return {self.grows: (*value[:-1], last - last // 2, max(1, last // 2))}
        return None


@lru_cache(maxsize=4096)
def _with_ports(node_type: NodeType, values: tuple[tuple[str, Value], ...]) -> NodeType:
    assert node_type.ports is not None
    inputs, outputs = node_type.ports(dict(values))
    return replace(node_type, inputs=inputs, outputs=outputs, ports=None)


def _with_ones(value: Value) -> Value:
    return tuple(1 if is_expression(entry) else entry for entry in value) if isinstance(value, tuple) else value  # type: ignore[misc]


def misfits(params: Iterable[Param], values: Mapping[str, object]) -> Iterator[tuple[str, Message | None]]:
    """The names in `values` that are wrong, with the reason; None for a name that no parameter has."""
    known = {param.name: param for param in params}
    for name, value in values.items():
        if name not in known:
            yield name, None
            continue
        try:
            known[name].check(value)
        except EditError as error:
            yield name, error.message


def variadic_index(stem: str, name: str) -> int | None:
    """3 for the stem `input` and the name `input3`; None if the name is not of that stem."""
    tail = name.removeprefix(stem)
    plain = name != tail and tail.isascii() and tail.isdecimal() and (tail == "0" or tail[0] != "0") and len(tail) < 4
    return int(tail) if plain else None


def ordered_inputs(node_type: NodeType, feeding: Mapping[str, object]) -> list[str]:
    """The connected input ports in the order of the description, variadic ones by number."""
    names = []
    for port in node_type.inputs:
        if port.variadic:
            found = [(i, n) for n in feeding if (i := variadic_index(port.name, n)) is not None]
            names += [n for _, n in sorted(found)]
        elif port.name in feeding:
            names.append(port.name)
    return names


def _spread(port: PortType, connected: Iterable[str]) -> Iterable[PortType]:
    if not port.variadic:
        return (port,)
    used = [i for name in connected if (i := variadic_index(port.name, name)) is not None]
    names = (f"{port.name}{i}" for i in range(max(used, default=-1) + 2))
    return (PortType(name=n, help=port.help, dtype=port.dtype, ndim=port.ndim, optional=True) for n in names)


def shown(value: object) -> str:
    """A value as people write it, `5 × 5` for a tuple, cut where it is long."""
    text = " × ".join(map(str, value)) if isinstance(value, (tuple, list)) else str(value)
    return text if len(text) <= 40 else text[:39] + "…"
