"""Ports, parameters and layers that many families describe the same way."""

from __future__ import annotations

from dataclasses import dataclass

from graph.catalog.types import Auto, Kind, NodeType, Param, PortType, Role
from graph.model import Value

MAX_DIMENSIONS = 8  # of a tensor in a drawing

ANYTHING = PortType(name="input", help="Numbers of any kind and shape.")
NUMBERS = PortType(name="input", dtype="float", help="Numbers of any shape.")
FEATURES = PortType(name="input", dtype="float", ndim=(2, 3, 4, 5), help="Batch first, features in the last dimension.")
CHANNELS = PortType(name="input", dtype="float", ndim=(2, 3, 4, 5), help="Batch first, channels or features second.")
SEQUENCES = PortType(name="input", dtype="float", ndim=(3,), help="Sequences: batch × channels × length.")
IMAGES = PortType(name="input", dtype="float", ndim=(4,), help="Images: batch × channels × height × width.")
VOLUMES = PortType(name="input", dtype="float", ndim=(5,), help="Volumes: batch × channels × depth × height × width.")


@dataclass(frozen=True, slots=True)
class Rank:
    """What the 1D, 2D and 3D forms of a layer differ in: the dimensions that it slides over, and the words for them."""

    dims: int
    port: PortType
    one: str
    many: str
    sizes: str
    units: str

    def per_axis(self, name: str, default: Value, text: str, **more) -> Param:
        """A parameter with one whole number for each dimension; one number stands for all."""
        kind, length = (Kind.INT, None) if self.dims == 1 else (Kind.INTS, self.dims)
        return Param(name=name, kind=kind, length=length, default=default, help=text, **more)


# Images first: who types "conv" mostly means them.
RANKS = (
    Rank(2, IMAGES, "an image", "images", "Height and width", "pixels"),
    Rank(1, SEQUENCES, "a sequence", "sequences", "Length", "positions"),
    Rank(3, VOLUMES, "a volume", "volumes", "Depth, height and width", "voxels"),
)


def whole(name: str, default: int | None, text: str, **more) -> Param:
    """A parameter that is a whole number."""
    return Param(name=name, kind=Kind.INT, default=default, help=text, **more)


def real(name: str, default: float | None, text: str, **more) -> Param:
    """A parameter that is any number."""
    return Param(name=name, kind=Kind.FLOAT, default=default, help=text, **more)


def flag(name: str, default: bool, text: str, **more) -> Param:
    """A parameter that is yes or no."""
    return Param(name=name, kind=Kind.BOOL, default=default, help=text, **more)


def choice(name: str, choices: tuple[str, ...], text: str, **more) -> Param:
    """A parameter that is one of some words; the first is the default."""
    return Param(name=name, kind=Kind.CHOICE, default=choices[0], choices=choices, help=text, **more)


def pair(name: str, default: Value, text: str, **more) -> Param:
    """A parameter for height and width; one number stands for both."""
    return Param(name=name, kind=Kind.INTS, length=2, default=default, help=text, **more)


def dimension(default: int, text: str, *, name: str = "dim") -> Param:
    """A parameter that names a dimension: 0 is the batch, -1 the last."""
    return whole(name, default, text, minimum=-MAX_DIMENSIONS, maximum=MAX_DIMENSIONS - 1, required=True)


def dimensions(default: Value, text: str, *, name: str = "dim") -> Param:
    """A parameter that names one dimension or several."""
    return Param(
        name=name, kind=Kind.INTS, minimum=-MAX_DIMENSIONS, maximum=MAX_DIMENSIONS - 1,
        default=default, required=True, help=text,
    )  # fmt: skip


def inferred(name: str, dim: int, text: str, *, port: str = "input") -> Param:
    """A size that PyTorch wants to be told and that follows from dimension `dim` of an input."""
    return Param(name=name, kind=Kind.INT, minimum=1, required=True, auto=Auto(port, dim), help=text)


def layer(
    family: str, name: str, stem: str, text: str, *,
    port: PortType = NUMBERS, others: tuple[PortType, ...] = (), output: str = "", summary: str = "", **more,
) -> NodeType:  # fmt: skip
    """A layer of `torch.nn` with one output, whose dtype is that of the first input unless `output` names another."""
    return NodeType(
        id=f"torch.nn.{name}", label=name, family=family, role=Role.LAYER, stem=stem, help=text,
        summary=summary or name, inputs=(port, *others),
        outputs=(PortType(name="output", dtype=output or port.dtype),), **more,
    )  # fmt: skip


def operation(
    name: str,
    family: str,
    stem: str,
    text: str,
    *,
    inputs: tuple[PortType, ...],
    label: str = "",
    summary: str = "",
    **more,
) -> NodeType:
    """A node of Layerloom's own that becomes an expression over its inputs; `label` is what it is called if not `name`."""
    return NodeType(
        id=f"layerloom.{name}", label=label or name, family=family, role=Role.OPERATION, stem=stem,
        help=text, summary=summary or label or name, inputs=inputs, **more,
    )  # fmt: skip
