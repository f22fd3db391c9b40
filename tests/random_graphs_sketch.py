"""Random drawings that are right: layers, blocks in blocks, repeats, scans and nodes that share their weights."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

from drawings import SHORT
from graph.model import Block, BlockParam, Definitions, Graph, Link, Node, NodeId, Port
from graph.plan import Choice

MAX_DEPTH = 3
DEFAULT = 2  # of every parameter of a block
ODD_NAMES = ("t", "i", "layer", "alive", "step", "steps", "range", "input", "output", "x", "cell", "times", "use")
ACTIVATIONS = ("ReLU", "LeakyReLU", "ELU", "GELU", "SiLU", "Mish", "Sigmoid", "Tanh", "Softplus", "Hardswish")
CONSTANT = 0.25  # what a layer with a constant initialization is full of


@dataclass(frozen=True)
class Palette:
    """What drawings over one kind of data are made of, and how the size is called that the layers choose."""

    layer: str
    size: str
    norms: tuple[str, ...]
    dim: int


# Those over features take data of any rank: one row, or a sequence of them.
FEATURES = Palette("nn.Linear", "out_features", ("nn.LayerNorm",), -1)
ROWS = Palette("nn.Linear", "out_features", ("nn.BatchNorm1d", "nn.LayerNorm"), 1)
IMAGES = Palette("nn.Conv2d", "out_channels", ("nn.BatchNorm2d", "nn.GroupNorm"), 1)
TAKES = {FEATURES: (FEATURES,), ROWS: (FEATURES, ROWS), IMAGES: (IMAGES,)}  # the blocks that fit into a drawing


@dataclass(frozen=True)
class Wire:
    """What leaves a port. Wires of equal `size` and `steps` carry data of equal shape.

    `size` is a text over the parameters of the block, its inputs `in0`, `in1`, ... and unknowns `u1`, `u2`, ...
    """

    port: Port
    size: str
    steps: bool = False


@dataclass(frozen=True)
class Made:
    """A block that was drawn: what leaves it, and what it must be given. `sequences` says that it scans."""

    id: str
    palette: Palette
    params: tuple[str, ...]
    inputs: int
    outputs: tuple[Wire, ...]
    sequences: bool = False


@dataclass
class Studio:
    """What all drawings of one project have in common."""

    random: Random
    definitions: Definitions = field(default_factory=Definitions)
    made: list[Made] = field(default_factory=list)
    unknowns: int = 0

    def unknown(self) -> str:
        """A size that nothing is said about."""
        self.unknowns += 1
        return f"u{self.unknowns}"

    def chance(self, share: float) -> bool:
        """True in that share of the cases."""
        return self.random.random() < share


class Sketch:
    """One drawing in the making: `wires` is what may be wired on."""

    def __init__(self, studio: Studio, palette: Palette, *, params: Sequence[str] = (), depth: int = 0) -> None:
        self.studio, self.palette, self.params, self.depth = studio, palette, tuple(params), depth
        self.random, self.graph = studio.random, Graph()
        self.wires: list[Wire] = []
        self.lengths: Port | None = None
        self.sequences = False
        self._shareable: list[tuple[NodeId, tuple[Wire, ...], tuple[Wire, ...]]] = []

    # ---- nodes

    def add(self, type_id: str, *sources: Wire | Port | None, **params: Any) -> Port:
        """Add a node; its first output."""
        return self.put(Node(self.graph.free_id(), _full(type_id), self._name(), params=params), *sources)

    def put(self, node: Node, *sources: Wire | Port | None) -> Port:
        """Add a node and wire its inputs in their order; None leaves one free."""
        self.graph = self.graph.add(node)
        node_type = self.studio.definitions.catalog.of(node)
        assert node_type is not None, node.type
        for number, source in enumerate(sources):
            if source is not None:
                free = node_type.input_ports(self.graph.inputs(node.id))[number].name
                port = source.port if isinstance(source, Wire) else source
                self.graph = self.graph.connect(Link(port, Port(node.id, free)))
        return Port(node.id, node_type.outputs[0].name if node_type.outputs else "")

    def _name(self) -> str:
        odd = self.random.choice(ODD_NAMES)
        return odd if self.studio.chance(0.1) and odd not in self.graph.names else self.graph.free_name("x")

    def pick(self, *, steps: bool | None = None) -> Wire:
        """Any wire; those that came last are likelier."""
        fitting = [wire for wire in self.wires if steps is None or wire.steps == steps]
        return self.random.choice([*fitting, *fitting[-2:]])

    def number(self, text: str | None = None) -> tuple[Any, str]:
        """A size to choose: the value of a parameter, and its text. Here and there it names parameters of the block."""
        if text is None and self.params and self.studio.chance(0.6):
            name = self.random.choice(self.params)
            text = self.random.choice(
                [name, name, f"2 * {name}", f"{name} + 1", f"max({name}, 3) if {name} > 1 else 5"]
            )
        if text is None:
            text = str(self.random.randint(1, 4))
        return (int(text), text) if text.isdecimal() else (f"={text}", text)

    # ---- steps

    def step(self) -> None:
        """Add something."""
        steps = [*_STEPS] + ([Sketch.instance] * 3 if self.depth < MAX_DEPTH else [])
        if any(wire.steps for wire in self.wires) and self.palette is FEATURES and self.depth < MAX_DEPTH:
            steps += [Sketch.scan] * (3 if self.depth == 0 else 1)
        self.random.choice(steps)(self)

    def layer(self) -> None:
        """A layer with parameters, now and then with a choice of how they begin."""
        x = self.pick()
        value, size = self.number()
        self.wires.append(self.sized(x, value, size))

    def sized(self, x: Wire, value: Any, size: str) -> Wire:
        """A layer that gives data of this size."""
        kernel = self.random.choice([1, 3])
        more = {"kernel_size": kernel, "padding": kernel // 2} if self.palette is IMAGES else {}
        params = {self.palette.size: value, "bias": self.studio.chance(0.8), **more}
        begin = Choice("torch.nn.init.constant_", {"val": CONSTANT}) if self.studio.chance(0.1) else None
        node = Node(self.graph.free_id(), _full(self.palette.layer), self._name(), params=params, weight_init=begin)
        wire = Wire(self.put(node, x), size, x.steps)
        self._shareable.append((node.id, (x,), (wire,)))
        return wire

    def activation(self) -> None:
        """An activation."""
        x = self.pick()
        self.wires.append(replace(x, port=self.add(f"nn.{self.random.choice(ACTIVATIONS)}", x)))

    def normalization(self) -> None:
        """A normalization, which keeps the size."""
        x = self.pick()
        kind = self.random.choice(self.palette.norms)
        wire = replace(x, port=self.add(kind, x, **({"num_groups": 1} if kind == "nn.GroupNorm" else {})))
        self._shareable.append((wire.port.node, (x,), (wire,)))
        self.wires.append(wire)

    def arithmetic(self) -> None:
        """Two of equal shape made one."""
        x = self.pick()
        other = self.random.choice([w for w in self.wires if (w.size, w.steps) == (x.size, x.steps)])
        self.wires.append(
            replace(x, port=self.add(f"op.{self.random.choice(['Add', 'Subtract', 'Multiply'])}", x, other))
        )

    def concatenation(self) -> None:
        """Two or three joined along their size."""
        x = self.pick()
        parts = [x, *(self.pick(steps=x.steps) for _ in range(self.random.randint(1, 2)))]
        self.wires.append(
            replace(x, port=self.add("op.Concatenate", *parts, dim=self.palette.dim), size=self.studio.unknown())
        )

    def sibling(self) -> None:
        """Another node with the weights of one that is there."""
        leader, given, wires = self.random.choice(self._shareable) if self._shareable else ("", (), ())
        alike = [[w for w in self.wires if (w.size, w.steps) == (x.size, x.steps)] for x in given]
        if not alike or not all(alike):
            return self.layer()
        params = self.graph.nodes[leader].params
        if params.get("shared_weights"):  # one run of what is repeated
            params = {k: v for k, v in params.items() if k not in ("use", "times", "shared_weights")}
        node = replace(
            self.graph.nodes[leader],
            id=self.graph.free_id(),
            name=self._name(),
            params=params,
            shares=leader,
            weight_init=None,
        )
        self.put(node, *map(self.random.choice, alike))
        self.wires += [replace(wire, port=Port(node.id, wire.port.name)) for wire in wires]
        return None

    # ---- instances

    def instance(self) -> None:
        """A block, new or drawn before, called or repeated."""
        x = self.pick()
        fitting = [m for m in self.studio.made if m.palette in TAKES[self.palette] and (x.steps or not m.sequences)]
        made = self.random.choice(fitting) if fitting and self.studio.chance(0.5) else None
        if made is None:
            made = draw_block(self.studio, self.palette, depth=self.depth + 1, steps=x.steps)
        given = [x, *(self.pick(steps=x.steps) for _ in range(made.inputs - 1))]
        values, texts = self._values(made, x)
        if len(made.outputs) <= made.inputs and self.studio.chance(0.5) and self._repeat(made, given, values, texts):
            return
        node = Node(self.graph.free_id(), f"block.{made.id}", self._name(), params=values)
        self._put_instance(node, given, [self._seen(made, wire, given, texts, x.steps) for wire in made.outputs])

    def _put_instance(self, node: Node, given: Sequence[Wire], sizes: Sequence[tuple[str, bool]]) -> None:
        self.put(node, *given)
        outputs = self.studio.definitions.catalog.of(node).outputs
        wires = tuple(Wire(Port(node.id, port.name), *size) for port, size in zip(outputs, sizes, strict=True))
        self._shareable.append((node.id, tuple(given), wires))
        self.wires += wires

    def _values(self, made: Made, x: Wire) -> tuple[dict[str, Any], dict[str, str]]:
        """Values for the parameters of a block, and their texts. Some fit what is given, some stay as they are."""
        values, texts = {}, {name: str(DEFAULT) for name in made.params}
        for name in made.params:
            if self.studio.chance(0.2):
                continue
            known = not re.search(r"\b(in|u)\d", x.size)
            values[name], texts[name] = self.number(x.size if known and self.studio.chance(0.5) else None)
        return values, texts

    def _seen(
        self, made: Made, wire: Wire, given: Sequence[Wire], texts: dict[str, str], steps: bool
    ) -> tuple[str, bool]:
        """An output of a block as it is seen from outside."""
        table = {**{f"in{i}": x.size for i, x in enumerate(given)}, **texts}
        if wire.size in table:
            size = table[wire.size]
        elif re.search(r"\bu\d", wire.size):
            size = self.studio.unknown()
        else:
            size = re.sub(r"\b(in\d+|width|runs|hidden)\b", lambda found: f"({table[found[0]]})", wire.size)
            size = size if len(size) < 60 and not re.search(r"\b(in|u)\d", size) else self.studio.unknown()
        return size, wire.steps if made.sequences else steps

    def _repeat(self, made: Made, given: list[Wire], values: dict[str, Any], texts: dict[str, str]) -> bool:
        """Repeat a block whose outputs can be its inputs; False if these cannot."""
        seen = [self._seen(made, wire, given, texts, given[0].steps) for wire in made.outputs]
        if any(steps != given[0].steps for _, steps in seen):
            return False
        keeps = all(size == x.size for (size, _), x in zip(seen, given, strict=False))
        if "runs" in self.params and self.studio.chance(0.5):
            values["times"] = self.random.choice(["=runs", "=runs + 1"])
        else:
            values["times"] = self.random.randint(1, 3)
        if keeps and self.studio.chance(0.5):
            values["shared_weights"] = True
        if not keeps:
            seen = [(self.studio.unknown(), steps) for _, steps in seen]
        node = Node(self.graph.free_id(), f"block.{made.id}", self._name(), params={**values, "use": "repeat"})
        self._put_instance(node, given, seen)
        return True

    def scan(self) -> None:
        """A recurrent cell along a sequence."""
        x = self.pick(steps=True)
        made, states, whole = draw_cell(self.studio, depth=self.depth + 1)
        self.sequences = True
        rows = [wire for wire in self.wires if not wire.steps]
        if whole and not rows:
            rows = [self._first_row(x)]
        direction = self.random.choice(["forward", "forward", "backward", "both"])
        value, size = self.number()
        params = {"use": "scan", "direction": direction, "hidden": value}
        both = direction == "both"
        begins: list[Wire | None] = [
            self._beginning(rows or [self._first_row(x)], size, both=both) if self.studio.chance(0.4) else None
            for _ in states
        ]
        given = [x, *([self.random.choice(rows)] if whole else []), *begins]
        lengths = [self.lengths] if self.lengths and self.studio.chance(0.6) else []
        node = Node(self.graph.free_id(), f"block.{made.id}", self._name(), params=params)
        self.put(node, *given, *lengths)
        for port in self.studio.definitions.catalog.of(node).outputs:
            is_state = port.name.removesuffix("_last") in states
            known = size if is_state and not both else self.studio.unknown()
            self.wires.append(Wire(Port(node.id, port.name), known, not port.name.endswith("_last")))

    def _first_row(self, x: Wire) -> Wire:
        return Wire(self.add("op.Select", x, dim=1, index=self.random.choice([0, -1])), x.size)

    def _beginning(self, rows: Sequence[Wire], size: str, *, both: bool) -> Wire:
        """What a state is at first: half of it for each of two directions."""
        text = f"2 * ({size})" if both else size
        value = 2 * int(size) if both and size.isdecimal() else self.number(text)[0]
        return self.sized(self.random.choice(rows), value, text)


_STEPS: tuple[Callable[[Sketch], None], ...] = (
    Sketch.layer,
    Sketch.layer,
    Sketch.activation,
    Sketch.normalization,
    Sketch.arithmetic,
    Sketch.arithmetic,
    Sketch.concatenation,
    Sketch.sibling,
)


def _full(type_id: str) -> str:
    head, _, tail = type_id.partition(".")
    return SHORT[head] + tail if head in SHORT else type_id


def draw_block(studio: Studio, palette: Palette, *, depth: int, steps: bool) -> Made:
    """A new block that can be called with data of any size, sequences or not; its layers name its parameters."""
    random = studio.random
    params = tuple(name for name in ("width", "runs") if studio.chance(0.7))
    sketch = Sketch(studio, palette, params=params, depth=depth)
    count = random.randint(1, 3)
    for number in range(count):
        name = sketch._name()
        port = sketch.put(Node(sketch.graph.free_id(), "layerloom.Input", name, params={"shape": (3,)}))
        sketch.wires.append(Wire(port, f"in{number}", steps))
    for _ in range(random.randint(1, 4)):
        sketch.step()
    ends = random.sample(sketch.wires, min(len(sketch.wires), random.randint(1, 2)))
    if all(end in sketch.wires[:count] for end in ends):
        ends[0] = sketch.wires[-1]
    for end in ends:
        sketch.add("op.Output", end)
    return _finish(sketch, "Block", ("width", "runs"), count, ends)


def draw_cell(studio: Studio, *, depth: int) -> tuple[Made, tuple[str, ...], bool]:
    """A new recurrent cell, the outputs that are its states, and whether it takes an input whole."""
    random = studio.random
    sketch = Sketch(studio, FEATURES, params=("hidden",), depth=depth)
    whole = studio.chance(0.3)
    shapes: list[tuple[str, Any, bool]] = [("in0", 3, False), *([("in1", 3, True)] if whole else [])]
    states = random.randint(1, 2)
    shapes += [("hidden", "=hidden", False)] * states
    for size, shape, is_whole in shapes:
        params = {"shape": (shape,), **({"whole": True} if is_whole else {})}
        port = sketch.put(Node(sketch.graph.free_id(), "layerloom.Input", sketch._name(), params=params))
        sketch.wires.append(Wire(port, size))
    entries = list(sketch.wires)
    for _ in range(random.randint(1, 3)):
        sketch.step()
    ends: list[tuple[Wire, dict[str, Any]]] = []
    for entry in entries[-states:]:
        new = sketch.sized(sketch.pick(steps=False), "=hidden", "hidden")
        mixed = replace(new, port=sketch.add(f"op.{random.choice(['Add', 'Multiply'])}", new, entry))
        end = replace(new, port=sketch.add(f"nn.{random.choice(['Tanh', 'Sigmoid'])}", mixed))
        sketch.wires.append(end)
        ends.append((end, {"state": sketch.graph.nodes[entry.port.node].name}))
    if studio.chance(0.5):
        ends.append((sketch.pick(steps=False), {}))
    random.shuffle(ends)
    handed_on = []
    for end, params in ends:
        node = sketch.add("op.Output", end, **params).node
        handed_on += [sketch.graph.nodes[node].name] if params else []
    made = _finish(sketch, "Cell", ("hidden",), len(entries), [end for end, _ in ends], reusable=False)
    return made, tuple(handed_on), whole


def _finish(
    sketch: Sketch, stem: str, names: Sequence[str], inputs: int, ends: Sequence[Wire], *, reusable: bool = True
) -> Made:
    studio = sketch.studio
    params = tuple(name for name in names if name in sketch.params)
    number = len(studio.definitions.blocks) + 1
    block = Block(f"b{number}", f"{stem}{number}", sketch.graph, tuple(BlockParam(name, DEFAULT) for name in params))
    studio.definitions = studio.definitions.put_block(block)
    sequences = sketch.sequences or any(_holds_scan(studio, node) for node in sketch.graph.nodes.values())
    made = Made(block.id, sketch.palette, params, inputs, tuple(ends), sequences)
    if reusable:
        studio.made.append(made)
    return made


def _holds_scan(studio: Studio, node: Node) -> bool:
    return any(m.sequences and f"block.{m.id}" == node.type for m in studio.made)
