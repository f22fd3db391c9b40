"""A call that no node type stands for, as a piece of own code: one line of Python that shows exactly what is called."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from graph.messages import msg
from runtime.importer.recording import Constant, Mode, Ref, Size, Weight, parts
from runtime.importer.sketch import Wire, identifier
from runtime.importer.tracing_names import CHANCE

if TYPE_CHECKING:
    from runtime.importer.lowering import Call

_PLACES: tuple[tuple[Any, str], ...] = (
    (torch, "torch"), (torch.nn.functional, "nn.functional"), (torch.linalg, "torch.linalg"), (torch.fft, "torch.fft"),
    (torch.special, "torch.special"),
)  # fmt: skip
_OPERATORS = {
    "add": "+", "sub": "-", "mul": "*", "div": "/", "matmul": "@", "floor_divide": "//",
    "remainder": "%", "pow": "**", "eq": "==", "ne": "!=",
    "gt": ">", "ge": ">=", "lt": "<", "le": "<=", "logical_and_": "&", "logical_or_": "|", "xor": "^",
}  # fmt: skip
_REVERSED = {
    "rsub": "-",
    "rdiv": "/",
    "rpow": "**",
    "rmatmul": "@",
    "radd": "+",
    "rmul": "*",
    "rfloordiv": "//",
    "rmod": "%",
}
_PREFIXES = {"fft_": "fft", "linalg_": "linalg", "special_": "special"}  # of the names that torch gives these functions
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


def write(call: Call) -> list[Wire]:
    """The step as a node of own code.

    Raises:
        Refusal: what is called, or what it is given, cannot be written.
    """
    writer = _Writer(call)
    lines, result = writer.lines()
    count = len(call.step.results)
    names = ["y"] if count == 1 else [f"y{i}" for i in range(count)]
    body = (
        [*lines, f"{', '.join(names)} = {result}", f"return {', '.join(names)}"]
        if count > 1
        else [*lines, f"return {result}"]
    )

    def text(name: str) -> str:
        given = ", ".join(writer.names)
        if writer.trains:
            head = f"class {name}(nn.Module):\n    def forward(self, {given}):\n"
            return f"import torch\nfrom torch import nn\n\n\n{head}" + "".join(f"        {line}\n" for line in body)
        return f"import torch\nfrom torch import nn\n\n\ndef {name}({given}):\n" + "".join(
            f"    {line}\n" for line in body
        )

    wires = [call.wire(value) if not isinstance(value, Wire) else value for value in writer.values]
    stem = identifier(f"{call.step.name}_call", "own_call").removesuffix("_call")
    stem = f"{stem}_" if stem[-1:].isdigit() else stem
    type_id = call.sketch.code(stem, text)
    ports = ["output"] if count == 1 else names
    specs = dict(zip(ports, call.results, strict=True))
    call.lowering.own_calls.append(call.shown)
    inputs = dict(zip(writer.names, wires, strict=True))
    made = call.sketch.add(
        type_id, inputs, specs, scope=call.step.scope, name=identifier(f"{stem}1", "own1"), place=call.step.place
    )
    return list(made)


def lines_of(call: Call, known: Mapping[Any, str]) -> tuple[list[str], str]:
    """The lines and the expression of a step, where its tensors have these names.

    Raises:
        Refusal: it takes another tensor, or cannot be written.
    """
    writer = _Writer(call)
    writer.values, writer.names = list(known), list(known.values())
    found = writer.lines()
    if len(writer.names) > len(known) or writer.trains:
        raise call.refusal(msg("it is given a tensor that no code can name. Make it a buffer of the module."))
    return found


class _Writer:
    def __init__(self, call: Call) -> None:
        self.call, self.step = call, call.step
        self.names: list[str] = []
        self.values: list[Any] = []
        self.trains = False
        self.sized: list[Size] = []

    def lines(self) -> tuple[list[str], str]:
        """What comes before, and the expression."""
        for value in parts((self.step.args, dict(self.step.kwargs))):
            if isinstance(value, (Ref, Weight, Constant)):
                self._name(value)
        if any(isinstance(value, Size) for value in parts((self.step.args, dict(self.step.kwargs)))):
            self._batch()
        if not self.names:
            self._batch()
        args = [self._text(value) for value in self.step.args]
        name = self.step.name
        if name == "setitem":
            changed = args[0]
            return [
                f"{changed} = {changed}.clone()",
                f"{changed}[{self._index(self.step.args[1])}] = {args[2]}",
            ], changed
        if name == "getitem":
            return [], f"{args[0]}[{self._index(self.step.args[1])}]"
        if len(args) == 2 and not self.step.kwargs and name in _OPERATORS:
            return [], f"{_side(args[0])} {_OPERATORS[name]} {_side(args[1])}"
        if len(args) == 2 and name in _REVERSED:
            return [], f"{_side(args[1])} {_REVERSED[name]} {_side(args[0])}"
        keywords = [
            f"{key}={self._text(value)}"
            for key, value in self.step.kwargs.items()
            if key not in ("inplace", "_stacklevel")
        ]
        return [], self._called(args, keywords)

    def _called(self, args: list[str], keywords: list[str]) -> str:
        func, raw = self.step.called, getattr(self.step.called, "__name__", "")
        if raw == "__get__":
            return f"{args[0]}.{self.step.name}"
        plain = raw.strip("_") if self.step.in_place else raw
        changing = f"{args[0]}.clone().{raw}({', '.join([*args[1:], *keywords])})" if args else ""
        is_method = self.step.in_place and raw.endswith("_") and not raw.startswith("__") and hasattr(Tensor, raw)
        if is_method and self.step.name in CHANCE:
            return changing  # torch.normal is another function than Tensor.normal_
        for owner, text in _PLACES:
            for name in (raw, plain):
                found = getattr(owner, name, None)
                if found is func or (name == plain and found is not None and self.step.in_place):
                    return f"{text}.{name}({', '.join([*args, *keywords])})"
        for prefix, text in _PREFIXES.items():
            name = raw.removeprefix(prefix)
            if raw.startswith(prefix) and getattr(getattr(torch, text), name, None) is func:
                return f"torch.{text}.{name}({', '.join([*args, *keywords])})"
        if callable(getattr(Tensor, plain, None)) and args:
            return f"{args[0]}.{plain}({', '.join([*args[1:], *keywords])})"
        public = next((n for n in (raw.lstrip("_"),) if callable(getattr(torch.nn.functional, n, None))), None)
        if public is not None:
            return f"nn.functional.{public}({', '.join([*args, *keywords])})"
        if is_method:
            return changing
        raise self.call.refusal(
            msg("no node stands for it, and it is no function of torch that code can call by its name.")
        )

    def _name(self, value: Any) -> str:
        for name, known in zip(self.names, self.values, strict=True):
            if known is value or (isinstance(value, (Ref, Weight)) and known == value):
                return name
        if len(self.names) == len(_LETTERS):
            raise self.call.refusal(msg("it is given more than {limit} tensors.", limit=len(_LETTERS)))
        self.names.append(_LETTERS[len(self.names)])
        self.values.append(value)
        return self.names[-1]

    def _batch(self) -> str:
        """The name of something of the batch."""
        for name, value in zip(self.names, self.values, strict=True):
            spec = self.call.sketch.specs[value] if isinstance(value, Wire) else self.call.spec(value)
            if spec.is_batch:
                return name
        return self._name(self.call.like())

    def _index(self, index: Any) -> str:
        return ", ".join(map(self._text, index)) if isinstance(index, tuple) and index else self._text(index)

    def _text(self, value: Any) -> str:
        for kind, write in _TEXTS:
            if isinstance(value, kind):
                return write(self, value)
        raise self.call.refusal(
            msg("it is given something that cannot be written as Python ({kind}).", kind=type(value).__name__)
        )

    def of_size(self, value: Size) -> str:
        """A multiple of the batch."""
        size = f"{self._batch()}.shape[0]"
        return size if value.times == 1 else f"{value.times} * {size}"

    def of_mode(self, value: Mode) -> str:
        """A value that training decides."""
        self.trains = True
        if value == Mode(False, True):
            return "self.training"
        return f"({value.training!r} if self.training else {value.evaluation!r})"

    def of_slice(self, value: slice) -> str:
        """A stretch in brackets."""
        ends = ["" if end is None else self._text(end) for end in (value.start, value.stop)]
        return ":".join([*ends, self._text(value.step)] if value.step is not None else ends)

    def of_list(self, value: list | tuple) -> str:
        """A list or tuple."""
        inner = ", ".join(map(self._text, value))
        if isinstance(value, list):
            return f"[{inner}]"
        return f"({inner},)" if len(value) == 1 else f"({inner})"

    def of_tensor(self, value: Any) -> str:
        """A tensor under its name."""
        return self._name(value)

    def of_float(self, value: float) -> str:
        """A number, infinite ones too."""
        return repr(value) if value == value and abs(value) != float("inf") else f'float("{value}")'

    def of_device(self, _: Any) -> str:
        """Where the other tensors are."""
        return f"{self.names[0]}.device"


_TEXTS: tuple[tuple[Any, Callable[[_Writer, Any], str]], ...] = (
    (Size, _Writer.of_size), (Mode, _Writer.of_mode), (slice, _Writer.of_slice), ((list, tuple), _Writer.of_list),
    ((Ref, Weight, Constant), _Writer.of_tensor), (bool, lambda _, v: repr(v)), (float, _Writer.of_float),
    ((int, str, type(None)), lambda _, v: repr(v)), (type(...), lambda _, v: "..."), (torch.device, _Writer.of_device),
    ((torch.dtype, torch.memory_format, torch.layout), lambda _, v: str(v)),
)  # fmt: skip


def _side(text: str) -> str:
    """A side of an operator: what is not one name or number in parentheses."""
    return text if text.replace(".", "").replace("_", "").isalnum() else f"({text})"
