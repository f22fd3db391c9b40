"""Where a network begins and ends."""

from __future__ import annotations

from graph.catalog.common import ANYTHING, choice, flag
from graph.catalog.types import Kind, NodeType, Param, Role

FAMILY = "network"

TYPES = (
    NodeType(
        id="layerloom.Input", label="Input", family=FAMILY, role=Role.INPUT, stem="input",
        help="Stands for data of a known shape, for a network that is drawn without data.",
        summary="Input {shape}", synonyms=("placeholder", "argument", "x"),
        params=(
            Param(name="shape", kind=Kind.INTS, minimum=1, default=(1, 28, 28), required=True,
                  may_be_empty=True, help="The shape of one sample, without the batch; empty where a sample is one number."),
            choice("dtype", ("float32", "int64", "bool"), "Whether the numbers have a decimal point, are whole, or mean yes and no."),
            flag("whole", False, "In a block that scans a sequence: gives the whole to every step, in place of one step of it."),
        ),
    ),
    NodeType(
        id="layerloom.Output", label="Output", family=FAMILY, role=Role.OUTPUT, stem="output",
        help="What the network returns.", summary="Output", synonyms=("return", "result", "prediction"),
        inputs=(ANYTHING,), outputs=(),
        params=(
            Param(name="state", kind=Kind.TEXT, optional=True,
                  help="In a block that scans a sequence: the Input that gets this at the next step; empty if none does."),
        ),
    ),
)  # fmt: skip
