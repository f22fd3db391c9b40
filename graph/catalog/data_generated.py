"""Data that is made up openly: points in the plane, series of numbers, shapes that move, solids."""

from __future__ import annotations

from graph.catalog.common import choice, real, whole
from graph.catalog.types import NodeType, Param, PortType, Role

FAMILY = "data"

_SAMPLES = whole("samples", 2000, "How many samples are made.", minimum=2, maximum=1_000_000)
_SEED = whole(
    "seed", 0, "Start of the random numbers: the same seed makes the same data.", minimum=0, maximum=2**31 - 1
)


def _noise(default: float, text: str) -> Param:
    return real("noise", default, text, minimum=0, maximum=10)


def _made(name: str, stem: str, text: str, **more) -> NodeType:
    return NodeType(
        id=f"layerloom.data.{name}", label=name, family=FAMILY, role=Role.DATA, stem=stem, help=text, **more
    )


TYPES = (
    _made(
        "Points", "points", "Made-up points in the plane and the classes that they are of, to see what small networks learn.",
        summary="{set}",
        outputs=(
            PortType(name="point", dtype="float", ndim=(2,), help="Points: batch × 2."),
            PortType(name="label", dtype="integer", ndim=(1,), target=True, help="The class of each point, a number from 0."),
        ),
        params=(
            choice("set", ("two moons", "circles", "spirals", "blobs", "ring", "checkerboard", "xor", "swiss roll"),
                   "How the points lie. A ring of blobs is what many GANs are shown on."),
            _SAMPLES,
            whole("classes", 2, "Classes of spirals, blobs and the ring; other sets have two.", minimum=2, maximum=100),
            _noise(0.1, "The deviation of the noise that moves each point."),
            _SEED,
        ),
        synonyms=("dataset", "toy", "two moons", "spirals", "circles", "gan", "2d", "classification", "make_moons"),
    ),
    _made(
        "Series", "series", "Made-up series of numbers over time, and the value that comes next.", summary="{kind}",
        outputs=(
            PortType(name="window", dtype="float", ndim=(3,), help="The past: batch × time × 1."),
            PortType(name="target", dtype="float", ndim=(2,), target=True, help="The next value: batch × 1."),
        ),
        params=(
            choice("kind", ("sine", "two sines", "damped", "square", "random walk", "autoregressive"),
                   "What each series is; phase, speed and size are drawn anew for each."),
            _SAMPLES,
            whole("length", 32, "How many past values a sample has.", minimum=2, maximum=4096),
            _noise(0.05, "The deviation of the noise on each value."),
            _SEED,
        ),
        synonyms=("dataset", "time series", "forecast", "sine", "signal", "sequence", "regression"),
    ),
    _made(
        "Shapes", "shapes", "Made-up films of shapes that move, or solids, with a class each: data for 3D convolution.",
        summary="{kind}",
        outputs=(
            PortType(name="volume", dtype="float", ndim=(5,), help="Films or solids: batch × 1 × frames (or depth) × height × width."),
            PortType(name="label", dtype="integer", ndim=(1,), target=True, help="The direction or the kind of solid, from 0."),
        ),
        params=(
            choice("kind", ("moving", "solids"), "Squares that move in one of four directions, or balls, cubes and crosses."),
            whole("samples", 600, "How many samples are made.", minimum=2, maximum=100_000),
            whole("frames", 8, "Frames of a film, or the depth of a solid.", minimum=4, maximum=256),
            whole("size", 16, "Height and width in pixels.", minimum=8, maximum=256),
            _noise(0.05, "The deviation of the noise on each pixel."),
            _SEED,
        ),
        synonyms=("dataset", "video", "film", "volume", "3d", "voxels", "conv3d", "convlstm", "classification"),
    ),
)  # fmt: skip
