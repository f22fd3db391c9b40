"""How a learned tensor that is no part of a layer is written in Python."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from runtime.symbols import factor

PARAMETER = "layerloom.Parameter"


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
