"""Arithmetic on two or more tensors."""

from __future__ import annotations

from graph.catalog.common import operation, whole
from graph.catalog.types import PortType

FAMILY = "arithmetic"

_ANY_NUMBER = (PortType(name="input", variadic=True, help="Wire as many as you like."),)

TYPES = (
    operation("Add", FAMILY, "add", "Adds its inputs, number by number.", inputs=_ANY_NUMBER,
              synonyms=("plus", "sum", "residual", "skip connection")),
    operation("Subtract", FAMILY, "subtract", "Takes the second input away from the first, number by number.",
              inputs=(PortType(name="input", help="What is taken away from."),
                      PortType(name="other", help="What is taken away.")),
              synonyms=("minus", "difference")),
    operation("Multiply", FAMILY, "multiply", "Multiplies its inputs, number by number.", inputs=_ANY_NUMBER,
              synonyms=("times", "product", "gate", "scale")),
    operation("Concatenate", FAMILY, "concat", "Joins its inputs along one dimension.", inputs=_ANY_NUMBER,
              summary="Concatenate dim {dim}", synonyms=("cat", "join", "merge", "dense connection"),
              params=(whole("dim", 1, "The dimension to join along; 1 is channels or features, -1 the last."),)),
)  # fmt: skip
