"""Where a network begins and ends."""

from __future__ import annotations

from graph.catalog.common import ANYTHING, choice
from graph.catalog.types import Kind, NodeType, Param, Role

FAMILY = "network"

TYPES = (
    NodeType(
        id="layerloom.Input", label="Input", family=FAMILY, role=Role.INPUT, stem="input",
        help="Stands for data of a known shape, for a network that is drawn without data.",
        summary="Input {shape}", synonyms=("placeholder", "argument", "x"),
        params=(
            Param(name="shape", kind=Kind.INTS, minimum=1, default=(1, 28, 28), required=True,
                  help="The shape of one sample, without the batch."),
            choice("dtype", ("float32", "int64"), "Whether the numbers have a decimal point or are whole."),
        ),
    ),
    NodeType(
        id="layerloom.Output", label="Output", family=FAMILY, role=Role.OUTPUT, stem="output",
        help="What the network returns.", summary="Output", synonyms=("return", "result", "prediction"),
        inputs=(ANYTHING,), outputs=(),
    ),
)  # fmt: skip
