"""How a tensor that is no part of a layer is written in Python: a learned one, or one that is fixed."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Any

from graph.catalog.sources import COUNT, TRIANGLES, fixed_numbers
from runtime.symbols import factor

PARAMETER, FIXED = "layerloom.Parameter", "layerloom.Fixed"


def parameter_init(values: Mapping[str, Any]) -> str:
    """`nn.Parameter(torch.zeros(1, 1, 768))`."""
    sizes = ", ".join(map(repr, values["shape"]))
    starts = {
        "zeros": f"torch.zeros({sizes})",
        "ones": f"torch.ones({sizes})",
        "normal": f"{factor(values['std'])} * torch.randn({sizes})",
    }
    return f"nn.Parameter({starts[values['start']]})"


def parameter_call(values: Mapping[str, Any], arguments: Mapping[str, str]) -> str:
    """`{self}`, or once for every sample of what is wired to `like`: `{self}.expand(x.shape[0], -1, -1)`."""
    if not arguments:
        return "{self}"
    (like,) = arguments.values()
    return f"{{self}}.expand({', '.join([f'{like}.shape[0]', *['-1'] * (len(values['shape']) - 1)])})"


def fixed_init(values: Mapping[str, Any]) -> str:
    """`nn.Buffer(torch.tensor([0.0, 0.5]))`; zeros where the numbers come with the weights."""
    sizes = ", ".join(map(repr, values["shape"]))
    kind = "" if values["dtype"] == "float32" else f", dtype=torch.{values['dtype']}"
    text = values["values"]
    if text is None:
        return f"nn.Buffer(torch.zeros({sizes}{kind}))"
    words = text.split()
    if words == [COUNT]:
        return f"nn.Buffer(torch.arange({prod(values['shape'])}, dtype=torch.{values['dtype']}).reshape({sizes}))"
    if words[0] in TRIANGLES:
        diagonal = ", ".join(words[1:])
        return f"nn.Buffer(torch.ones({sizes}{kind}).{'tril' if words[0] == 'lower' else 'triu'}({diagonal}))"
    is_float = "float" in values["dtype"]
    numbers = [_number(number) if is_float else repr(int(number)) for number in fixed_numbers(text)]
    if len(numbers) == 1:
        return f"nn.Buffer(torch.full(({sizes},), {numbers[0]}{kind}))"
    shaped = f".reshape({sizes})" if len(values["shape"]) > 1 else ""
    return f"nn.Buffer(torch.tensor([{', '.join(numbers)}]{kind}){shaped})"


def _number(value: float) -> str:
    """A number as Python reads it, infinite ones too."""
    return repr(value) if abs(value) != float("inf") else "1e999" if value > 0 else "-1e999"
