"""The classes of a document's blocks: one a block, or several where its uses cannot be written as one."""

from __future__ import annotations

import keyword
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from graph.binding import is_expression
from graph.catalog.definitions import INPUT, OUTPUT, own_params
from graph.expressions import names_in
from graph.model import Block, Node, NodeId, Port, Project, Value
from graph.names import MODULE_ATTRIBUTES
from graph.topology import ancestors
from runtime.analysis import Inside, NodeAnalysis, TensorSpec, insides
from runtime.code_body import FUNCTIONS, INDENT, Body, Row
from runtime.symbols import Sizes, body_of

# What a constructor names besides classes: the last are the variables of a loop and a size that grows in it.
_NOT_A_CLASS = ("model", "nn", "self", "super", "torch", *FUNCTIONS, "i", "run", "step")


@dataclass(frozen=True, slots=True)
class Argument:
    """An argument of a block's constructor: a size that follows from what arrives, or a parameter with its default."""

    name: str
    default: Value = None
    is_param: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class BlockClass:
    """The class of a block. `given` has the values of its arguments for each use, by the identity of the `Inside`; `variables`
    the names of what leaves the ports."""

    name: str
    block: Block
    arguments: tuple[Argument, ...]
    given: Mapping[int, Mapping[str, Value]]
    rows: tuple[Row, ...]
    codes: tuple[str, ...] = ()
    variables: Mapping[Port, str] = field(default_factory=dict)


Form = Callable[[BlockClass], object]


def _rows_of(written: BlockClass) -> tuple[str, ...]:
    """The rows of a class without what they say about shapes."""
    return tuple(row.text.partition("  # ")[0] for row in written.rows[2:])


def _rows_but_numbers(written: BlockClass) -> tuple[str, ...]:
    return tuple(re.sub(r"\d+", "0", text) for text in _rows_of(written))


_FORMS: tuple[Form, ...] = (_rows_but_numbers, _rows_of)  # the first makes larger groups


@dataclass
class BlockClasses:
    """The classes for everything that a drawing's instances run, inner ones first."""

    project: Project
    taken: set[str]  # names of classes that are in use
    classes: list[BlockClass] = field(default_factory=list)
    _of: dict[int, BlockClass] = field(default_factory=dict)

    def add(self, nodes: Mapping[NodeId, NodeAnalysis]) -> None:
        """Write the classes that these nodes need."""
        uses: dict[str, list[Inside]] = {}
        for inside in insides(nodes, built=True):
            uses.setdefault(inside.block, []).append(inside)
        done: set[str] = set()

        def write(block_id: str) -> None:
            if block_id in done:
                return
            done.add(block_id)
            for inner in {deeper.block for use in uses[block_id] for deeper in insides(use.built, built=True)}:
                write(inner)
            self._write(self.project.blocks[block_id], uses[block_id], _FORMS)

        for block_id in uses:
            write(block_id)

    def of(self, inside: Inside) -> BlockClass:
        """The class that runs this."""
        return self._of[id(inside)]

    def _write(self, block: Block, uses: list[Inside], forms: Sequence[Form]) -> None:
        """Write one class if it can serve these uses, or else one for those that have one form when written alone."""
        written = self._class(block, uses)
        if written is not None:
            self.taken.add(written.name)
            self.classes.append(written)
            self._of.update({id(use): written for use in uses})
            return
        assert len(uses) > 1, block.name  # what differs are the rows of two uses
        groups: dict[object, list[Inside]] = {}
        for use in uses:
            alone = self._class(block, [use])
            groups.setdefault(forms[0](alone) if forms and alone else id(use), []).append(use)
        for group in groups.values():
            self._write(block, group, forms[1:])

    def _class(self, block: Block, uses: Sequence[Inside]) -> BlockClass | None:
        """The class for these uses, or None where their rows differ."""
        nodes = [use.nodes for use in uses]
        sizes = Sizes(_known_sizes(block, uses), lambda name: name in block.graph.names or name in MODULE_ATTRIBUTES or
                      name in {param.name for param in block.params})  # fmt: skip
        body = Body(self.project, block.graph, nodes, find_class=self.of, sizes=sizes)
        ends = [n for n in block.graph.nodes.values() if n.type == OUTPUT and n.id in body.order]
        body.returned = frozenset(port for end in ends for port in body.sources(end.id))
        wanted = {end.id for end in ends} | ancestors(block.graph, [end.id for end in ends])
        inner = [n for n in body.order if n in wanted and block.graph.nodes[n].type not in (INPUT, OUTPUT)]
        held = body.with_leaders(inner)
        constructors, statements = [], []
        for body.at in range(len(uses)):
            constructors.append(body.constructor(held))
            statements.append(body.statements(inner))
        body.at = 0
        if any(rows != constructors[0] for rows in constructors) or any(rows != statements[0] for rows in statements):
            return None
        return self._assemble(block, uses, body, (constructors[0], statements[0], ends, held))

    def _assemble(
        self,
        block: Block,
        uses: Sequence[Inside],
        body: Body,
        parts: tuple[list[Row], list[Row], list[Node], list[NodeId]],
    ) -> BlockClass:
        constructor, statements, ends, held = parts
        assert body.sizes is not None
        params = [param for param in own_params(block) if param.name in body.sizes.named]
        computing = "\n".join(row.text for row in statements)
        names = (*body.sizes.inferred, *(p.name for p in params))
        kept = [f"{INDENT}self.{name} = {name}" for name in names if re.search(rf"\bself\.{name}\b", computing)]
        arguments = (
            *(Argument(name) for name in body.sizes.inferred),
            *(Argument(param.name, param.default, is_param=True) for param in params),
        )
        given = {
            id(use): {
                **{n: v[i] for n, v in body.sizes.inferred.items()},
                **{p.name: use.values[p.name] for p in params},
            }
            for i, use in enumerate(uses)
        }
        inputs = [node for node in block.graph.nodes.values() if node.type == INPUT]
        name = self._free(block.name)
        signature_text = ", ".join(["self", *(f"{a.name}={a.default!r}" if a.is_param else a.name for a in arguments)])
        returned = ", ".join(body.variable(port) for end in ends for port in body.sources(end.id)[:1])
        rows = [
            Row(f"class {name}(nn.Module):"),
            Row(f'    """{_summary(block, body, inputs, ends, uses)}"""'),
            Row(""),
            Row(f"    def __init__({signature_text}):"),
            Row(f"{INDENT}super().__init__()"),
            *map(Row, kept),
            *constructor,
            Row(""),
            Row(f"    def forward({', '.join(['self', *(body.variable(Port(n.id, 'output')) for n in inputs)])}):"),
            *statements,
            Row(f"{INDENT}return {returned or 'None'}"),
        ]
        return BlockClass(name, block, arguments, given, tuple(rows), tuple(body.codes(held)), body.variables_of_ports)

    def _free(self, name: str) -> str:
        """The name, or the first of it with 2, 3, ... that no other class has."""
        params = {param.name for block in self.project.blocks.values() for param in block.params}
        if keyword.iskeyword(name) or name in _NOT_A_CLASS:
            name += "Block"
        number, free = 2, name
        while free in self.taken | params:
            free, number = f"{name}{number}", number + 1
        return free


def _known_sizes(block: Block, uses: Sequence[Inside]) -> list[tuple[str, tuple]]:
    """The parameters of a block and the expressions over them in its nodes, with their values in all uses."""
    known = [
        (p.name, tuple(use.values[p.name] for use in uses))
        for p in own_params(block)
        if not isinstance(p.default, bool)
    ]
    for node in block.graph.nodes.values():
        for name, raw in node.params.items():
            if isinstance(raw, str) and is_expression(raw) and names_in(body_of(raw)):
                found = [use.nodes[node.id].resolved.get(name) if node.id in use.nodes else None for use in uses]
                if all(isinstance(value, (int, float)) for value in found):
                    known.append((body_of(raw), tuple(found)))
    return known


def _summary(block: Block, body: Body, inputs: Sequence[Node], ends: Sequence[Node], uses: Sequence[Inside]) -> str:
    """What the block is, or what it takes and gives, in one line."""
    if block.help and block.help.isprintable() and not {'"', "\\"} & set(block.help):
        return block.help

    def shown(name: str, specs: Sequence[TensorSpec]) -> str:
        return f"{name} {body.comment(specs)}"

    taken = ", ".join(shown(n.name, [next(iter(use.nodes[n.id].outputs.values())) for use in uses])
                      for n in inputs if all(n.id in use.nodes and use.nodes[n.id].outputs for use in uses))  # fmt: skip
    given = ", ".join(shown(n.name, [use.outputs[n.name] for use in uses]) for n in ends)
    return f"{taken or 'nothing'} -> {given or 'nothing'}."
