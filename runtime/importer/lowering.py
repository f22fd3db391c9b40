"""From a recording to a sketch: every step becomes a node of the catalogue, a few of them, or a piece of code that shows the call."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from graph.catalog import CATALOG
from graph.messages import EditError, msg
from graph.model import Node, Value
from graph.tensor_expressions import check_expression
from runtime.importer import module_code
from runtime.importer.module_layers import Unsuited, fitting
from runtime.importer.recording import Constant, Recording, Ref, Refusal, Scope, Step, Weight, parts
from runtime.importer.sketch import Key, Sketch, Spec, Wire
from runtime.importer.tracing_names import name_of

PARAMETER, FIXED, SELECT, TRANSPOSE = (
    "layerloom.Parameter",
    "layerloom.Fixed",
    "layerloom.Select",
    "layerloom.Transpose",
)
KINDS = ("float32", "float64", "float16", "bfloat16", "int64", "int32", "bool")
MAX_TEXT = 8000  # letters of the numbers of a constant that a node keeps
_IGNORED = frozenset("inplace _stacklevel memory_format out non_blocking copy layout pin_memory requires_grad".split())


class Lowering:
    """Turns the steps of a recording into items of a sketch."""

    def __init__(self, module: nn.Module, recording: Recording, root_name: str, bare: Collection[Key] = ()) -> None:
        self.module, self.recording, self.bare = module, recording, frozenset(bare)
        self.state: dict[str, Tensor] = {}
        self.key_of: dict[int, str] = {}
        for name, tensor in (*module.named_parameters(), *module.named_buffers()):
            self.state[name] = tensor
            self.key_of.setdefault(id(tensor), name)
        root = next((s.scope.chain[0] for s in recording.steps), None)
        assert root is not None or not recording.steps
        self.sketch = Sketch(root or Scope("", root_name))
        self.wires: dict[int, Wire] = {}
        self.turned: dict[int, Weight] = {}  # what a transposed weight is, by the number of the result
        self.held: dict[tuple[Any, ...], Wire] = {}
        self.own_calls: list[str] = []

    def run(self) -> Sketch:
        """The sketch.

        Raises:
            Refusal: a step cannot be drawn.
        """
        for number, name in enumerate(self.recording.inputs):
            self.wires[number] = self.sketch.given(name, self.spec_of(number))
        for step in self.recording.steps:
            made = self._lowered(step)
            if not step.learns:
                made = [self._detached(step, wire) for wire in made]
            self.wires |= dict(zip(step.results, made, strict=True))
            self._name_arguments(step)
        for name, value in self.recording.outputs:
            call = Call(self, Step("return", nn.Identity, self.sketch.root, (), {}, (), self.recording.end))
            self.sketch.outputs.append((name, call.wire(value)))
        return self.sketch

    def _name_arguments(self, step: Step) -> None:
        for scope in step.scope.chain:
            called = self.sketch.names.setdefault(scope, {})
            for number, name in scope.arguments.items():
                if number in self.wires:
                    called.setdefault(self.wires[number], name)

    def _detached(self, step: Step, wire: Wire) -> Wire:
        spec = self.sketch.specs[wire]
        if "float" not in spec.dtype and "complex" not in spec.dtype:
            return wire
        return Call(self, step).node("layerloom.Detach", {"input": wire}, specs=[spec])[0]

    def can_hold(self, weight: str) -> bool:
        """Whether a layer can hold a tensor: a parameter that is used in layers only."""
        return isinstance(self.state[weight], nn.Parameter) and weight not in self.bare

    def spec_of(self, number: int) -> Spec:
        """What is known of a tensor by its number."""
        return Spec(tuple(self.recording.shapes[number]), self.recording.dtypes[number])

    def _lowered(self, step: Step) -> list[Wire]:
        from runtime.importer import branching
        from runtime.importer.functions import FUNCTIONS  # it is written in terms of `Call`
        from runtime.importer.lowering_layers import layer

        call = Call(self, step)
        if step.layer is not None:
            return branching.write(call, step.layer) if step.path in self.recording.by_mode else layer(call, step.layer)
        lower = FUNCTIONS.get(step.name)
        count = len(self.sketch.items), self.sketch.definitions
        if lower is not None:
            try:
                made = lower(call)
                return [made] if isinstance(made, Wire) else list(made)
            except (Unsuited, EditError):
                self._undo(*count)
        try:
            return module_code.write(call)
        except (Unsuited, EditError) as error:
            raise call.refusal(msg("what it is given has no place in a drawing ({what}).", what=str(error))) from error

    def _undo(self, count: int, definitions: Any) -> None:
        for item in self.sketch.items[count:]:
            for port in item.outputs:
                self.sketch.specs.pop(Wire(item.number, port), None)
        del self.sketch.items[count:]
        self.sketch.definitions = definitions
        self.held = {key: wire for key, wire in self.held.items() if wire.item < count}


class Call:
    """One step, with what is needed to draw it."""

    def __init__(self, lowering: Lowering, step: Step) -> None:
        self.lowering, self.step, self.sketch = lowering, step, lowering.sketch

    # ---- what it is given

    @property
    def shown(self) -> str:
        """Its name as a person writes it."""
        return self.step.name if self.step.layer is not None else name_of(self.step.called).shown

    def refusal(self, reason: Any) -> Refusal:
        """A refusal that names this step."""
        return Refusal(self.shown, self.step.place, reason)

    def take(self, *required: str, **defaults: Any) -> list[Any]:
        """The arguments under these names, in this order.

        Raises:
            Unsuited: there are others, or one is missing.
        """
        names = [*required, *defaults]
        given = dict(zip(names, self.step.args, strict=False))
        if len(self.step.args) > len(names):
            raise Unsuited("arguments")
        for name, value in self.step.kwargs.items():
            known = {"axis": "dim", "keepdims": "keepdim", "self": "input"}.get(name, name)
            if known in names and known not in given:
                given[known] = value
            elif name == "device" or known in _IGNORED or value is None:
                continue
            else:
                raise Unsuited(name)
        if any(name not in given for name in required):
            raise Unsuited("arguments")
        return [given.get(name, defaults.get(name)) for name in names]

    def sizes(self, *, first: int = 1) -> tuple[Any, ...]:
        """What `x.view(2, 3)` and `x.view((2, 3))` are both given."""
        rest = self.step.args[first:]
        if len(rest) == 1 and isinstance(rest[0], (tuple, list)):
            return tuple(rest[0])
        if not rest:
            raise Unsuited("sizes")
        return tuple(rest)

    @staticmethod
    def is_tensor(value: Any) -> bool:
        """Whether an argument is a tensor of any origin."""
        return isinstance(value, (Ref, Weight, Constant))

    def number(self, value: Any) -> int | float | None:
        """A number of Python, or a constant of one number, as such; None for others."""
        if isinstance(value, (int, float)):
            return value
        if (
            isinstance(value, Constant)
            and value.tensor.ndim == 0
            and value.tensor.dtype in (torch.float32, torch.int64)
        ):
            return value.tensor.item()
        return None

    def spec(self, value: Any) -> Spec:
        """Shape and kind of a tensor that is given."""
        if isinstance(value, Ref):
            return self.lowering.spec_of(value.number)
        tensor = value.tensor if isinstance(value, Constant) else self.lowering.state[value.name]
        return Spec(tuple(tensor.shape), str(tensor.dtype).removeprefix("torch."))

    @property
    def results(self) -> list[Spec]:
        """Shapes and kinds of what it gives."""
        return [self.lowering.spec_of(number) for number in self.step.results]

    def wire(self, value: Any) -> Wire:
        """What carries a tensor that is given."""
        if isinstance(value, Ref):
            if value.number in self.lowering.turned and value.number not in self.lowering.wires:
                raise Unsuited("turned")
            return self.lowering.wires[value.number]
        if isinstance(value, Weight):
            return self._held(value.name, self.lowering.state[value.name], value.name)
        if isinstance(value, Constant):
            return self._constant(value.tensor)
        raise Unsuited(type(value).__name__)

    def like(self) -> Wire:
        """Something of the batch, for sizes that follow it."""
        for value in parts((self.step.args, dict(self.step.kwargs))):
            if isinstance(value, Ref) and self.spec(value).is_batch and value.number in self.lowering.wires:
                return self.wire(value)
        inside = [
            w for i in self.sketch.items if i.scope is self.step.scope for w in (Wire(i.number, p) for p in i.outputs)
        ]
        given = [
            self.lowering.wires[n]
            for s in reversed(self.step.scope.chain)
            for n in s.arguments
            if n in self.lowering.wires
        ]
        for wire in (*reversed(inside), *given):
            if self.sketch.specs[wire].is_batch:
                return wire
        raise self.refusal(
            msg("it follows the size of the batch, but nothing around it has the batch as its first dimension.")
        )

    # ---- tensors that are held

    def _held(self, key: str, tensor: Tensor, name: str) -> Wire:
        kind = str(tensor.dtype).removeprefix("torch.")
        known = (self.step.scope, key)
        if known not in self.lowering.held:
            learned = isinstance(tensor, nn.Parameter)
            if (learned and kind != "float32") or kind not in KINDS or not tensor.numel() or tensor.ndim > 8:
                reason = msg("'{name}' is a tensor of {kind}, {shape}, which no node holds. Use float32, and sizes of at least 1.",
                             name=name, kind=kind, shape=" × ".join(map(str, tensor.shape)) or "scalar")  # fmt: skip
                raise self.refusal(reason)
            params = {"shape": tuple(tensor.shape) or (1,), **({} if learned else {"dtype": kind})}
            wire = self.node(PARAMETER if learned else FIXED, {}, params, name=name.rpartition(".")[2],
                             weights=[("", key)], specs=[Spec(tuple(tensor.shape) or (1,), kind)])[0]  # fmt: skip
            self.lowering.held[known] = wire if tensor.ndim else self._first(wire, kind)
        return self.lowering.held[known]

    def _first(self, wire: Wire, kind: str) -> Wire:
        """The one number of a tensor of one."""
        return self.node(SELECT, {"input": wire}, {"dim": 0, "index": 0}, specs=[Spec((), kind)])[0]

    def _constant(self, tensor: Tensor) -> Wire:
        """A tensor that depends on nothing: its numbers in the node where they are few, else beside the weights."""
        kind = str(tensor.dtype).removeprefix("torch.")
        if kind not in KINDS or not tensor.numel() or tensor.ndim > 8:
            reason = msg("it is given a constant of {kind}, {shape}, which no node holds. Use float32, int64 or bool, and sizes of at "
                         "least 1.", kind=kind, shape=" × ".join(map(str, tensor.shape)) or "scalar")  # fmt: skip
            raise self.refusal(reason)
        text = _numbers(tensor)
        known = (self.step.scope, kind, tuple(tensor.shape), text if text is not None else id(tensor))
        if known in self.lowering.held:
            return self.lowering.held[known]
        shape = tuple(tensor.shape) or (1,)
        params: dict[str, Value] = {"shape": shape, "dtype": kind, **({"values": text} if text is not None else {})}
        wire = self.node(FIXED, {}, params, name="constant1", specs=[Spec(shape, kind)])[0]
        if text is None:
            self.sketch.items[wire.item].constant = tensor.reshape(shape)
        self.lowering.held[known] = wire if tensor.ndim else self._first(wire, kind)
        return self.lowering.held[known]

    # ---- nodes

    def node(
        self,
        type_id: str,
        inputs: Mapping[str, Wire],
        params: Mapping[str, Any] | None = None,
        *,
        specs: Sequence[Spec] | None = None,
        name: str = "",
        weights: Sequence[tuple[str, Key]] = (),
    ) -> list[Wire]:
        """Add a node of the catalogue; without `specs` it gives what the step gives.

        Raises:
            Unsuited: it has no such settings.
        """
        node_type = CATALOG[type_id]
        checked = fitting(node_type, params or {})
        shaped = node_type.of(Node("it", type_id, "it", checked))
        found = list(self.results if specs is None else specs)
        if len(found) > len(shaped.outputs):
            raise Unsuited("outputs")
        ports = {port.name: found[min(i, len(found) - 1)] for i, port in enumerate(shaped.outputs)}
        wires = self.sketch.add(
            type_id, inputs, ports, scope=self.step.scope, name=name or f"{node_type.stem}1", params=checked, weights=weights,
            place=self.step.place, path=self.step.path or self.step.scope.path,
        )  # fmt: skip
        return list(wires[: len(found)])

    def one(self, name: str, value: Any, params: Mapping[str, Any] | None = None, **more: Any) -> list[Wire]:
        """A node with one input."""
        return self.node(_full(name), {"input": value if isinstance(value, Wire) else self.wire(value)}, params, **more)

    def several(
        self, name: str, values: Sequence[Any], params: Mapping[str, Any] | None = None, **more: Any
    ) -> list[Wire]:
        """A node with as many inputs as one likes."""
        inputs = {f"input{i}": value if isinstance(value, Wire) else self.wire(value) for i, value in enumerate(values)}
        return self.node(_full(name), inputs, params, **more)

    def pair(
        self, name: str, a: Any, b: Any, second: str = "other", params: Mapping[str, Any] | None = None
    ) -> list[Wire]:
        """A node with two inputs."""
        return self.node(_full(name), {"input": self.wire(a), second: self.wire(b)}, params)

    def expression(self, text: str, **inputs: Any) -> list[Wire]:
        """A line of tensor arithmetic over inputs of these names."""
        check_expression(text)
        wires = {name: value if isinstance(value, Wire) else self.wire(value) for name, value in inputs.items()}
        return self.node("layerloom.Expression", wires, {"expression": text})


def _full(name: str) -> str:
    return name if "." in name else f"layerloom.{name}"


def _pattern(tensor: Tensor) -> str | None:
    """What a fixed tensor is told of one that counts, or is a triangle of ones."""
    counts = tensor.dtype in (torch.float32, torch.float64, torch.int64, torch.int32) and tensor.numel() > 4
    if counts and torch.equal(tensor, torch.arange(tensor.numel(), dtype=tensor.dtype).reshape(tensor.shape)):
        return "count"
    if tensor.ndim == 2 and tensor.numel() > 4:
        ones = torch.ones_like(tensor)
        for word, cut in (("lower", torch.tril), ("upper", torch.triu)):
            for diagonal in (0, 1, -1):
                if torch.equal(tensor, cut(ones, diagonal)):
                    return f"{word} {diagonal}" if diagonal else word
    return None


def _numbers(tensor: Tensor) -> str | None:
    """The numbers of a tensor with commas between them, one alone where all are the same; None where that is too long."""
    if (pattern := _pattern(tensor)) is not None:
        return pattern
    flat = tensor.reshape(-1)
    if bool((flat == flat[0]).all()):
        flat = flat[:1]
    if flat.numel() * 2 > MAX_TEXT:
        return None
    values = flat.double().tolist() if flat.is_floating_point() else [int(v) for v in flat.tolist()]
    if any(value != value for value in values):
        return None
    text = ", ".join(map(repr, values))
    return text if len(text) <= MAX_TEXT else None
