"""Ports, parameters and layers that many families describe the same way."""

from __future__ import annotations

from graph.catalog.types import Auto, Kind, NodeType, Param, PortType, Role
from graph.model import Value

ANYTHING = PortType(name="input", help="Numbers of any kind and shape.")
NUMBERS = PortType(name="input", dtype="float", help="Numbers of any shape.")
FEATURES = PortType(name="input", dtype="float", ndim=(2, 3, 4, 5), help="Batch first, features in the last dimension.")
CHANNELS = PortType(name="input", dtype="float", ndim=(2, 3, 4, 5), help="Batch first, channels or features second.")
IMAGES = PortType(name="input", dtype="float", ndim=(4,), help="Images: batch × channels × height × width.")


def whole(name: str, default: int | None, text: str, **more) -> Param:
    """A parameter that is a whole number."""
    return Param(name=name, kind=Kind.INT, default=default, help=text, **more)


def real(name: str, default: float | None, text: str, **more) -> Param:
    """A parameter that is any number."""
    return Param(name=name, kind=Kind.FLOAT, default=default, help=text, **more)


def flag(name: str, default: bool, text: str) -> Param:
    """A parameter that is yes or no."""
    return Param(name=name, kind=Kind.BOOL, default=default, help=text)


def choice(name: str, choices: tuple[str, ...], text: str) -> Param:
    """A parameter that is one of some words; the first is the default."""
    return Param(name=name, kind=Kind.CHOICE, default=choices[0], choices=choices, help=text)


def pair(name: str, default: Value, text: str, **more) -> Param:
    """A parameter for height and width; one number stands for both."""
    return Param(name=name, kind=Kind.INTS, length=2, default=default, help=text, **more)


def inferred(name: str, dim: int, text: str) -> Param:
    """A size that PyTorch wants to be told and that follows from dimension `dim` of the input."""
    return Param(name=name, kind=Kind.INT, minimum=1, required=True, auto=Auto("input", dim), help=text)


def layer(
    family: str, name: str, stem: str, text: str, *, port: PortType = NUMBERS, summary: str = "", **more
) -> NodeType:
    """A layer of `torch.nn` with one input and one output, which has the dtype of the input."""
    return NodeType(
        id=f"torch.nn.{name}", label=name, family=family, role=Role.LAYER, stem=stem, help=text,
        summary=summary or name, inputs=(port,), outputs=(PortType(name="output", dtype=port.dtype),), **more,
    )  # fmt: skip


def operation(
    name: str, family: str, stem: str, text: str, *, inputs: tuple[PortType, ...], summary: str = "", **more
) -> NodeType:
    """A node of Layerloom's own that becomes an expression over its inputs."""
    return NodeType(
        id=f"layerloom.{name}", label=name, family=family, role=Role.OPERATION, stem=stem, help=text,
        summary=summary or name, inputs=inputs, **more,
    )  # fmt: skip
