"""What can be wrong with a block beside what can be wrong with any drawing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from graph import fixes
from graph.blocks import check_param_name
from graph.catalog import NodeType, Role
from graph.catalog.definitions import INPUT, OUTPUT, REPEAT, SCAN, block_of, fits, states
from graph.code import bindings
from graph.code_names import OWN
from graph.messages import EditError, msg
from graph.model import Block, Definitions, Node
from graph.nesting import MAX_DEPTH
from graph.problems import Problem

Known = Iterable[tuple[Node, NodeType]]
_ONLY_OUTSIDE = (Role.DATA, Role.LOSS, Role.METRIC)


def check_block(block: Block, definitions: Definitions, known: Known) -> Iterator[Problem]:
    """The problems of one block; they are not yet said to be within it."""
    yield from _check_ends(block)
    yield from _check_roles(known)
    yield from _check_params(block)
    yield from _check_states(block)
    yield from _check_nesting(block, definitions)


def check_instances(graph_nodes: Iterable[Node], definitions: Definitions) -> Iterator[Problem]:
    """Whether blocks are used in a way that they allow."""
    for node in graph_nodes:
        block = block_of(node, definitions)
        if block is not None and node.params.get("use") == SCAN:
            yield from _check_ports(node, block, definitions)
        if block is not None and node.params.get("use") == REPEAT:
            types = Counter(inner.type for inner in block.graph.nodes.values())
            if types[OUTPUT] > types[INPUT]:
                text = msg("'{node}' repeats {block}, which gives {outputs} values and takes only {inputs}: the next run would not "
                           "know what to do with them. Call it instead.",
                           node=node.name, block=block.name, outputs=types[OUTPUT], inputs=types[INPUT])  # fmt: skip
                yield Problem("repeat", text, node.id, fixes=(fixes.set_param(node.id, "use", "call"),))


def _check_ports(node: Node, block: Block, definitions: Definitions) -> Iterator[Problem]:
    node_type = definitions.catalog.of(node)
    for ports in (node_type.inputs, node_type.outputs) if node_type else ():
        names = Counter(port.name for port in ports)
        for name in (name for name, count in names.items() if count > 1 and name not in states(block).values()):
            text = msg("'{node}' scans {block}, and a scan has a port '{name}' of its own. Rename what is called so in {block}.",
                       node=node.name, block=block.name, name=name)  # fmt: skip
            yield Problem("name-clash", text, node.id, name)


def check_codes(definitions: Definitions) -> Iterator[Problem]:
    """Whether all code of the document can stand in one file."""
    owners: dict[str, tuple[str, frozenset[str]]] = {}
    for entry in definitions.codes.values():
        for name, meanings in sorted(bindings(entry.text).items()):
            owner, known = owners.setdefault(name, (entry.id, meanings))
            if owner != entry.id and (meanings != known or OWN in meanings):
                text = msg("The code {one} and the code {other} both define '{name}', so they cannot stand in one file. "
                           "Rename it in one of them.", one=definitions.codes[owner].name, other=entry.name, name=name)  # fmt: skip
                yield Problem("code-clash", text)
    for block in definitions.blocks.values():
        for param in (param for param in block.params if param.name in owners):
            text = msg("The parameter '{name}' of the block {block} needs another name: {reason}", name=param.name, block=block.name,
                       reason=msg("Another node is called '{name}'. Choose a name that is free.", name=param.name))  # fmt: skip
            yield Problem("bad-name", text).within(block.id)


def _check_ends(block: Block) -> Iterator[Problem]:
    if all(node.type != OUTPUT for node in block.graph.nodes.values()):
        text = msg(
            "The block {block} gives nothing yet. Add an Output to it, and wire it to what the block computes.",
            block=block.name,
        )
        yield Problem("no-output", text)


def _check_roles(known: Known) -> Iterator[Problem]:
    for node, node_type in known:
        if node_type.role in _ONLY_OUTSIDE:
            text = msg(
                "'{node}' is in a block. Data, losses and metrics belong into the drawing itself: move it there.",
                node=node.name,
            )
            yield Problem("not-in-a-block", text, node.id, fixes=(fixes.delete_node(node),))


def _check_params(block: Block) -> Iterator[Problem]:
    seen: set[str] = set()
    for param in block.params:
        try:
            check_param_name(param.name, block, others=seen)
        except EditError as error:
            text = msg("The parameter '{name}' of the block {block} needs another name: {reason}",
                       name=param.name, block=block.name, reason=error.message)  # fmt: skip
            yield Problem("bad-name", text)
        if not fits(param):
            text = msg("The parameter '{name}' of the block {block} begins with {value}, which is too large or no number. Set another "
                       "default.", name=param.name, block=block.name, value=param.default)  # fmt: skip
            yield Problem("bad-parameter", text)
        seen.add(param.name)


def _check_states(block: Block) -> Iterator[Problem]:
    inputs = {node.name for node in block.graph.nodes.values() if node.type == INPUT}
    fed: set[object] = set()
    for node in block.graph.nodes.values():
        state = node.params.get("state") if node.type == OUTPUT else None
        if state is None:
            continue
        if state not in inputs or state in fed:
            text = msg("'{node}' hands its value on to the Input '{state}', which is not there or gets another one already. "
                       "Choose one of: {inputs}.",
                       node=node.name, state=state, inputs=", ".join(sorted(inputs)) or msg("none"))  # fmt: skip
            yield Problem("bad-state", text, node.id, fixes=(fixes.reset_param(node.id, "state"),))
        fed.add(state)


def _check_nesting(block: Block, definitions: Definitions) -> Iterator[Problem]:
    nesting = definitions.nesting
    deepest = nesting.is_deepest(block.id)
    for node in block.graph.nodes.values():
        inner = block_of(node, definitions)
        if inner is None:
            continue
        if nesting.is_in_itself(block.id, inner.id):
            text = msg("'{node}' would put the block {block} into itself, without end. Delete it, or use another block.",
                       node=node.name, block=block.name)  # fmt: skip
            yield Problem("block-in-itself", text, node.id, fixes=(fixes.delete_node(node),))
        elif deepest and nesting.depth[inner.id] >= MAX_DEPTH:
            text = msg("'{node}' makes {block} {depth} levels of blocks deep, and at most {most} can be worked out. "
                       "Take blocks apart in it, or use a block that is less deep.",
                       node=node.name, block=block.name, depth=nesting.depth[block.id], most=MAX_DEPTH)  # fmt: skip
            yield Problem("block-too-deep", text, node.id, fixes=(fixes.delete_node(node),))


def contained(block: Block, definitions: Definitions) -> frozenset[str]:
    """The ids of a block and of all blocks in it, however deep."""
    found, waiting = {block.id}, [block.id]
    while waiting:
        new = definitions.nesting.inner[waiting.pop()] - found
        found |= new
        waiting += new
    return frozenset(found)
