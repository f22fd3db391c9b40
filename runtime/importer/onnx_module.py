"""An ONNX graph as a module of PyTorch that runs it, with layers and parameters of its own: what `runtime.importer.module` draws.

Every operation runs on a line of its own, whose number is that of its node and whose file is the graph: so a refusal says where.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import FunctionType
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from graph.messages import LayerloomError, msg
from graph.names import stem_of
from runtime.importer.onnx_reading import OnnxGraph, OnnxNode, OnnxRefusal
from runtime.importer.onnx_values import Held, Known, Unable, Value, number_of, tensor_of
from runtime.importer.sketch import identifier

Weighed = Callable[[np.ndarray], np.ndarray]


class OnnxModule(nn.Module):
    """Takes the inputs of the graph by the names in `names`, and gives a dict of its outputs. Whole numbers are int64 throughout.

    Its layers are made while it runs for the first time. `fixed` is the size of the batch that the file is made for, if it has one.
    """

    def __init__(self, graph: OnnxGraph, nodes: Sequence[OnnxNode], fixed: int | None) -> None:
        super().__init__()
        self.graph, self.fixed, self.batch = graph, fixed, 0
        self.names = dict(zip(_identifiers([entry.name for entry in graph.inputs], "x"), graph.inputs, strict=True))
        self.results = dict(zip(_identifiers(graph.outputs, "output"), graph.outputs, strict=True))
        self.held_parameters: dict[tuple[str, str], nn.Parameter] = {}
        self.layers: dict[tuple[str, ...], nn.Module] = {}  # with statistics of their own, by what they hold
        self.used: set[str] = set()  # names of tensors of the file
        self.learning: set[str] = set()  # of those that became numbers to learn
        self.values: dict[str, Any] = {}
        self.body = _Part(self, list(nodes), 0)
        given = [inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD) for name in self.names]
        self.forward = FunctionType(_forward.__code__, globals(), "forward", None, None).__get__(
            self
        )  # a signature of its own
        self.forward.__func__.__signature__ = inspect.Signature(
            [inspect.Parameter("self", given[0].kind), *given] if given else []
        )

    def run(self, given: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The outputs for the inputs by these names."""
        self.batch = next((len(tensor) for tensor in given.values() if tensor.ndim), 1)
        self.values = {
            "": None,
            **{n: Known(a, n, held=Held(n), sources=frozenset((n,))) for n, a in self.graph.numbers.items()},
        }
        self.values |= {self.names[name].name: tensor for name, tensor in given.items()}
        self.body.forward(Values(self.values))  # not called: what is in it stands in the module itself
        return {name: self.learned(self.values[result]) for name, result in self.results.items()}

    def learned(self, value: Value) -> Tensor:
        """A value as a tensor: what is known is one to learn where the file holds it, else a constant."""
        if not isinstance(value, Known):
            return value
        if value.make is not None:
            return value.make()
        if value.held is None or not value.learns:
            return tensor_of(value)
        parameter = self.parameter(value, exchanged=value.held.turned)
        if not any(parameter is known for known in self.parameters()):
            name = identifier(value.held.name.rpartition(".")[2], "weight")
            self.register_parameter(_free(name, self._parameters), parameter)
        return parameter.t() if value.held.turned else parameter

    def parameter(
        self, value: Known, change: Weighed | None = None, tag: str = "", *, exchanged: bool = False
    ) -> nn.Parameter:
        """A parameter of these numbers, changed in a way that `tag` names, or with rows and columns exchanged; one for all who ask."""
        turned = exchanged != (value.held is not None and value.held.turned)
        known = (value.held.name if value.held else value.name, tag or ("turned" if turned else ""))
        if known not in self.held_parameters:
            array = change(value.array) if change else value.array.T if exchanged else value.array
            self.learning |= value.sources
            self.held_parameters[known] = nn.Parameter(
                torch.from_numpy(np.array(array, np.float32, order="C", copy=True))
            )
        return self.held_parameters[known]


def _forward(self: OnnxModule, *args: Tensor, **given: Tensor) -> dict[str, Tensor]:
    return self.run({**dict(zip(self.names, args, strict=False)), **given})


class Values:
    """What is known so far, by name. No mapping, so that a trace of what a part is given does not look into it."""

    def __init__(self, found: dict[str, Any]) -> None:
        self.found = found


class _Part(nn.Module):
    """The operations that one module was written with; those of modules in it are parts of their own."""

    def __init__(self, owner: OnnxModule, nodes: Sequence[OnnxNode], depth: int) -> None:
        super().__init__()
        self._owner = (owner,)  # in a tuple, so that it is no part
        self._runs: list[_Part | Work] = []
        computing = [node for node in nodes if not node.of_shapes]
        for scope, inner in _grouped(nodes, depth):
            if scope is None:
                for node in inner:
                    self._runs.append(Work(owner, self, node, is_alone=len(computing) == 1, depth=depth))
                continue
            labels = [
                node.classes[depth] for node in inner if len(node.classes) > depth and node.scopes[depth] == scope
            ]
            label = identifier(labels[0] if labels and labels[0] else stem_of(scope, "part").title(), "Part")
            part = type(label, (_Part,), {})(owner, inner, depth + 1)
            self.add_module(
                _free(identifier(scope, "part"), self._modules)
                if not scope.isdecimal()
                else _free(scope, self._modules),
                part,
            )
            self._runs.append(part)

    def forward(self, values: Values) -> None:
        """Run them; what they give is put among the values."""
        for run in self._runs:
            run(values) if isinstance(run, _Part) else run.done(values.found)


def _grouped(nodes: Sequence[OnnxNode], depth: int) -> Iterator[tuple[str | None, list[OnnxNode]]]:
    """Neighbours of one scope at this depth together; what is only about shapes belongs to what comes before it."""
    scope: str | None = None
    group: list[OnnxNode] = []
    for node in nodes:
        own = scope if node.of_shapes and group else node.scopes[depth] if len(node.scopes) > depth else None
        if own != scope and group:
            yield scope, group
            group = []
        scope = own
        group.append(node)
    if group:
        yield scope, group


def _identifiers(wishes: Sequence[str], default: str) -> list[str]:
    found: dict[str, None] = {}
    for wish in wishes:
        found[_free(identifier(wish, default), found)] = None
    return list(found)


def _free(name: str, taken: Mapping[str, Any]) -> str:
    number, free = 2, name
    while free in taken:
        number, free = number + 1, f"{name}_{number}"
    return free


# ---- one operation


@dataclass(eq=False)
class Work:
    """One operation that is to be done: its node, its settings, and the layer that it made for itself."""

    owner: OnnxModule
    part: _Part
    node: OnnxNode
    is_alone: bool = False
    depth: int = 0
    made: nn.Module | None = None
    kept: tuple[Known, ...] | None = None
    evaluator: Any = field(default=None, repr=False)

    def done(self, found: dict[str, Any]) -> None:
        """Run it and keep what it gives.

        Raises:
            OnnxRefusal: it cannot be done here.
        """
        values = [found[name] for name in self.node.inputs]
        results = _on_its_line(self, values)
        self.owner.used |= {v.held.name for v in values if isinstance(v, Known) and v.held}
        found.update(zip(self.node.outputs, results, strict=False))

    def results(self, values: list[Any]) -> Sequence[Value]:
        """What it gives for these values."""
        from runtime.importer.onnx_operators import OPERATORS, evaluated

        try:
            known = evaluated(self, values)
            if known is not None:
                return known
            operator = OPERATORS.get(self.node.operator)
            if operator is None:
                raise Unable(
                    msg("no node type stands for this operation. Export the model with other operations, or import it as a "
                        "PyTorch module.")
                )  # fmt: skip
            result = operator(self, *values)
        except Unable as error:
            raise OnnxRefusal(self.node, error.reason) from None
        except (LayerloomError, AssertionError):
            raise
        except Exception as error:
            text = msg(
                "it does not run on a batch of {batch}: {error}", batch=self.owner.batch, error=f"{error}".strip()[:300]
            )
            raise OnnxRefusal(self.node, text) from error
        return result if isinstance(result, tuple) else (result,)

    # ---- what an operator asks for

    def attribute(self, name: str, default: Any = None) -> Any:
        """A setting; texts as such."""
        value = self.node.attributes.get(name, default)
        return value.decode() if isinstance(value, bytes) else value

    def expect(self, name: str, *allowed: Any) -> None:
        """Check that a setting is one of those that have a counterpart; the first is what it is when it is not said.

        Raises:
            Unable: it is another.
        """
        value = self.attribute(name, allowed[0])
        if value not in allowed:
            raise Unable(
                msg(
                    "its setting {name} is {value}, which has no counterpart here. Export the model with another.",
                    name=name,
                    value=value,
                )
            )

    def tensor(self, value: Any) -> Tensor:
        """A value as a tensor."""
        return self.owner.learned(value)

    def known(self, value: Any, what: str) -> np.ndarray:
        """The numbers of a value that must not depend on those of an input.

        Raises:
            Unable: it does.
        """
        if not isinstance(value, Known):
            raise Unable(
                msg("its {what} is computed from the numbers of an input. A drawing needs it fixed.", what=what)
            )
        return value.array

    def whole(self, value: Any, what: str) -> list[int]:
        """The same as a list of whole numbers."""
        return [int(number) for number in self.known(value, what).reshape(-1)]

    def number(self, value: Any, what: str) -> float:
        """The same as one number."""
        found = number_of(value)
        if found is None:
            self.known(value, what)
            raise Unable(msg("its {what} is more than one number, and must be one. Export it so.", what=what))
        return found

    def layer(self, make: Callable[[], nn.Module]) -> nn.Module:
        """The layer of this operation, made when it is asked for first."""
        if self.made is None:
            self._take(make().train(self.owner.training))
        assert self.made is not None
        return self.made

    def one_layer(self, make: Callable[[], nn.Module], values: Sequence[Any]) -> nn.Module:
        """The same for a layer that computes with statistics: all operations that hold these values are calls of one layer."""
        arrays = [value.array for value in values if isinstance(value, Known)]
        if self.made is None and not all((array == array.reshape(-1)[0]).all() for array in arrays):
            key = (self.node.operator, repr(sorted(self.node.attributes.items())), *self.node.inputs[1:])
            known = self.owner.layers.get(key)
            if known is not None:
                self._take(known)
            self.owner.layers[key] = self.layer(make)
        return self.layer(make)

    def _take(self, layer: nn.Module) -> None:
        self.made = layer
        self.part.add_module(self._layer_name(), layer)

    def _layer_name(self) -> str:
        tail = self.node.scopes[self.depth - 1] if self.depth and self.is_alone else ""
        own = self.node.name.rpartition("/")[2]
        generic = not own or own.startswith("node_") or own.lower().startswith(self.node.operator.lower())
        wish = tail or ("" if generic else own)
        if wish and not wish.isdecimal():
            return _free(identifier(wish, "layer"), self.part._modules)
        return wish or next(str(i) for i in range(10**6) if str(i) not in self.part._modules)

    def hold(
        self,
        layer: nn.Module,
        name: str,
        value: Any,
        change: Weighed | None = None,
        tag: str = "",
        *,
        exchanged: bool = False,
    ) -> None:
        """Give a layer a parameter with the numbers of a value; layers with one value share it.

        Raises:
            Unable: it is computed from an input, or not in float32.
        """
        array = self.known(value, name)
        if array.dtype != np.float32:
            raise Unable(msg("its {what} is in {kind}. The numbers that a drawing learns are float32: convert the file first.",
                             what=name, kind=array.dtype))  # fmt: skip
        if array.size > 1 and (array == array.reshape(-1)[0]).all():
            tag = f"{tag} {self.node.number} {name}"  # exporters keep equal tensors once: zeros and ones of several layers
        setattr(layer, name, self.owner.parameter(value, change, tag, exchanged=exchanged))


def _step(work: Work, values: list[Any]) -> Sequence[Value]:
    return work.results(values)


def _on_its_line(work: Work, values: list[Any]) -> Sequence[Value]:
    """What it gives, as if it stood in the line of its number in the file of the graph."""
    code = _step.__code__.replace(co_filename=str(work.owner.graph.path), co_firstlineno=work.node.number)
    return FunctionType(code, globals())(work, values)
