"""The way back: what was trained or written elsewhere comes onto a drawing, or becomes one. Importable without torch."""

from __future__ import annotations

WAYS = ("weights", "module", "onnx")
TAG = "imported"  # of runs that hold imported weights
