"""The receipt of an export: what was written, and how far it is from the model in the application."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from graph.messages import tr

SUFFIX = ".receipt.json"
SAMPLES = "samples"  # the name of the batch of real samples


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What an export wrote and what its second run in a clean process showed.

    `path` is absolute here, the bare name in the file; `files` has the SHA-256 of each file by its name; `run` is the
    name of the run's folder, None for a network that was not trained. `differences` has the largest absolute difference
    of any output for each batch that was compared: "1", "2", "7" are seeded random inputs of that batch size, "samples"
    real ones, "7x32" are 7 sequences of length 32. Each may be as large as `tolerance` times the largest output of its batch,
    or times 1 where that is less. Of a training job they are those of the figures of its first steps: "loss:24".

    `shapes` gives the dimensions of each input where the file fixes them: numbers, and "batch" or "length" for open ones.
    Of rounded weights the comparison is with the network that computes with the rounded ones; what rounding costs are the
    `figures` on the test samples, before and after, and `sizes` are the bytes of the file, before and after.
    """

    format: str
    path: str
    model: str
    files: Mapping[str, str]
    versions: Mapping[str, str]
    differences: Mapping[str, float]
    tolerance: float
    run: str | None
    date: str
    verdict: str = "equal"
    shapes: Mapping[str, tuple[int | str, ...]] = field(default_factory=dict)
    figures: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    sizes: tuple[int, int] | None = None

    @property
    def is_larger(self) -> bool:
        """Whether rounding weights made the file larger: the description of a small network outweighs them."""
        return self.sizes is not None and self.sizes[1] >= self.sizes[0]

    @property
    def largest_difference(self) -> float:
        """The largest of the differences."""
        return max(self.differences.values())


def larger_text() -> str:
    """What is said of a file that rounding made larger."""
    return tr("The file became larger: of so small a network it is mostly the description. Export it as it is (pt2).")


def batch_text(batch: str) -> str:
    """What was compared, by the key of `Receipt.differences`, for people."""
    if batch == SAMPLES:
        return tr("test samples")
    if ":" in batch:
        figure, _, count = batch.partition(":")
        return tr("{figure} of the first {count} training steps", figure=figure, count=count)
    size, _, length = batch.partition("x")
    if length:
        return tr("a batch of {size} of length {length}", size=size, length=length)
    return tr("a batch of {size}", size=size)


def receipt_path(path: Path) -> Path:
    """Where the receipt of the export at `path` lies: `lenet.onnx` has `lenet.onnx.receipt.json` beside it."""
    return path.with_name(path.name + SUFFIX)


def to_text(receipt: Receipt) -> str:
    """The receipt as JSON text. It travels with the export, so it does not tell in which folder that was written."""
    record = asdict(receipt) | {"path": Path(receipt.path).name}
    return json.dumps(record, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def files_of(path: Path) -> frozenset[str]:
    """The files that the receipt beside `path` lists; none where there is no readable receipt."""
    try:
        return frozenset(json.loads(receipt_path(path).read_text("utf-8"))["files"])
    except (OSError, ValueError, KeyError, TypeError):
        return frozenset()
