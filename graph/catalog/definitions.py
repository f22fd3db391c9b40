"""The node types that a document defines itself: one for each of its blocks, and one for each piece of its code."""

from __future__ import annotations

from collections.abc import Container, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial

from graph import code
from graph.binding import bound
from graph.catalog import CATALOG, Catalog
from graph.catalog.common import choice, flag, whole
from graph.catalog.types import MAX_NUMBER, Kind, NodeType, Param, Ports, PortType, Role
from graph.messages import EditError
from graph.model import Block, BlockParam, Code, Definitions, Node, Value
from graph.names import check_name, stem_of

FAMILY = "block"
PREFIX, CODE_PREFIX = "block.", "code."
CALL, REPEAT, SCAN, GRADIENT = USES = ("call", "repeat", "scan", "gradient")
FORWARD, BACKWARD, BOTH = DIRECTIONS = ("forward", "backward", "both")
INPUT, OUTPUT = "layerloom.Input", "layerloom.Output"
LENGTHS = "lengths"
LAST = "last"  # of a scan: what a state is after the last step

# How an instance uses its block. No parameter of a block can have one of these names.
USE_PARAMS = (
    choice("use", USES, "Call runs the block once. Repeat runs it several times in a row, each on what the one before gave. "
                        "Scan runs it at every step of a sequence and hands its states on. Gradient gives how what it gives "
                        "changes with its first input."),
    whole("times", 2, "How many times it runs.", minimum=1, maximum=1000, when=("use", REPEAT)),
    flag("shared_weights", False, "Whether every run has the same weights.", when=("use", REPEAT)),
    choice("direction", DIRECTIONS, "From the first step to the last, from the last to the first, or both with weights of "
                                    "their own and the results side by side.", when=("use", SCAN)),
)  # fmt: skip
PORT_HELP = {
    "begin": "What the state is before the first step; zeros if nothing is wired.",
    GRADIENT: "The gradient of the sum of all that the block gives, by its first input: a number for each of its numbers.",
    LENGTHS: "The length of each sequence; what comes after it is left out.",
    LAST: "The state after the last step.",
}
RESERVED = frozenset(param.name for param in USE_PARAMS)
_KINDS = {bool: Kind.BOOL, int: Kind.INT, float: Kind.FLOAT}


def catalog_of(definitions: Definitions) -> Catalog:
    """The catalogue with the types of a document behind it."""
    codes = tuple(code_type(entry) for entry in definitions.codes.values())
    learning = _learning(definitions, {entry.id for entry in codes if entry.trainable})
    blocks = tuple(block_type(block, trainable=block.id in learning) for block in definitions.blocks.values())
    return CATALOG.extended((*blocks, *codes)) if blocks or codes else CATALOG


def block_of(node: Node, definitions: Definitions) -> Block | None:
    """The block that a node is an instance of, or None."""
    return definitions.blocks.get(node.type.removeprefix(PREFIX)) if node.type.startswith(PREFIX) else None


def code_of(node: Node, definitions: Definitions) -> Code | None:
    """The code that a node runs, or None."""
    return definitions.codes.get(node.type.removeprefix(CODE_PREFIX)) if node.type.startswith(CODE_PREFIX) else None


def block_type(block: Block, *, trainable: bool) -> NodeType:
    """The type of the instances of a block; `trainable` says that it has parameters to learn."""
    inputs, outputs = _ports_of(block, {"use": CALL})
    return NodeType(
        id=PREFIX + block.id, label=block.name, family=FAMILY, role=Role.BLOCK, stem=stem_of(block.name, "block"),
        help=block.help, inputs=inputs, outputs=outputs, ports=partial(_ports_of, block),
        params=(*map(_param, own_params(block)), *USE_PARAMS), summary=block.name,
        trainable=trainable,
    )  # fmt: skip


def code_type(entry: Code) -> NodeType:
    """The type of the nodes that run a piece of code; without ports where the code cannot be read."""
    try:
        signature = code.read(entry.text)
    except EditError:
        signature = code.Signature(entry.name)
    return NodeType(
        id=CODE_PREFIX + entry.id, label=signature.name, family="code", role=Role.LAYER, stem=stem_of(entry.name, "code"),
        help=signature.help, inputs=tuple(PortType(name=name, optional=optional) for name, optional in signature.inputs),
        outputs=tuple(PortType(name=name) for name in signature.outputs), params=signature.params, summary=entry.name,
        trainable=signature.is_module,
    )  # fmt: skip


def own_params(block: Block) -> tuple[BlockParam, ...]:
    """The parameters of a block that its instances have: the first of each name that can be one."""
    found: dict[str, BlockParam] = {}
    for param in block.params:
        with suppress(EditError):
            check_name(param.name, taken={*found, *RESERVED})
            found[param.name] = param
    return tuple(found.values())


def states(block: Block) -> dict[str, str]:
    """For each output of a block that is a state, the input that gets it at the next step of a scan."""
    inputs = {node.name for node in block.graph.nodes.values() if node.type == INPUT}
    feeds = {n.name: n.params.get("state") for n in block.graph.nodes.values() if n.type == OUTPUT}
    return {output: entry for output, entry in feeds.items() if isinstance(entry, str) and entry in inputs}


def whole_inputs(block: Block) -> frozenset[str]:
    """The inputs that every step of a scan gets whole."""
    return frozenset(n.name for n in block.graph.nodes.values() if n.type == INPUT and n.params.get("whole") is True)


def declared_shape(block: Block, entry: Node, values: Mapping[str, Value]) -> tuple[int, ...] | None:
    """The shape of one sample that an Input node of a block announces, with these values of the block's parameters."""
    shape = CATALOG[INPUT].param("shape")
    assert shape is not None
    known = {p.name: values.get(p.name, p.default) for p in own_params(block)}
    try:
        checked = shape.check(bound(entry.params.get("shape", shape.default), known))  # type: ignore[arg-type]
    except EditError:
        return None
    return checked if isinstance(checked, tuple) else None  # type: ignore[return-value]


def _param(param: BlockParam) -> Param:
    kind = type(param.default)
    return Param(name=param.name, kind=_KINDS[kind], default=param.default if fits(param) else kind(1), help=param.help)


def fits(param: BlockParam) -> bool:
    """Whether the default of a parameter is a number that can be used."""
    return abs(param.default) < MAX_NUMBER


def _ports_of(block: Block, values: Mapping[str, Value]) -> Ports:
    entries = [node for node in block.graph.nodes.values() if node.type == INPUT]
    names = [node.name for node in block.graph.nodes.values() if node.type == OUTPUT]
    inputs = tuple(PortType(name=node.name, dtype=_dtype(node)) for node in entries)
    outputs = tuple(PortType(name=name) for name in names)
    if values["use"] == GRADIENT:
        return inputs, (PortType(name=GRADIENT, dtype="float", help=PORT_HELP[GRADIENT]),)
    if values["use"] != SCAN:
        return inputs, outputs
    handed_on = states(block)
    sequences = [port for port in inputs if port.name not in handed_on.values()]
    by_name = {port.name: port for port in inputs}
    begins = [replace(by_name[n], optional=True, help=PORT_HELP["begin"]) for n in handed_on.values()]
    length = PortType(name=LENGTHS, dtype="integer", ndim=(1,), optional=True, help=PORT_HELP[LENGTHS])
    ends = tuple(PortType(name=f"{name}_{LAST}", help=PORT_HELP[LAST]) for name in handed_on)
    return (*sequences, *begins, length), (*outputs, *ends)


def _dtype(entry: Node) -> str:
    return {"int64": "integer", "bool": "any"}.get(str(entry.params.get("dtype")), "float")


def _learning(definitions: Definitions, codes: Container[str]) -> frozenset[str]:
    """The ids of the blocks that have parameters to learn, in themselves or in blocks in them; `codes` are types that have."""
    users: dict[str, list[str]] = {}
    for block in definitions.blocks.values():
        for type_id in block.graph.types:
            users.setdefault(type_id, []).append(block.id)
    found = {block.id for block in definitions.blocks.values() if _learns(block, codes)}
    waiting = list(found)
    while waiting:
        new = set(users.get(PREFIX + waiting.pop(), ())) - found
        found |= new
        waiting += new
    return frozenset(found)


def _learns(block: Block, codes: Container[str]) -> bool:
    """Whether a block itself has layers or code with parameters."""
    nodes = block.graph.nodes.values()
    return any(node.type in codes or (node.type in CATALOG and CATALOG[node.type].is_trainable(node)) for node in nodes)
