"""The receipt of an export: what was written, and how far it is from the model in the application."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

SUFFIX = ".receipt.json"
SAMPLES = "samples"  # the name of the batch of real samples


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What an export wrote and what its second run in a clean process showed.

    `path` is absolute here, the bare name in the file; `files` has the SHA-256 of each file by its name; `run` is the
    name of the run's folder, None for a network that was not trained. `differences` has the largest absolute difference
    of any output for each batch that was compared: "1", "2", "7" are seeded random inputs of that batch size, "samples"
    real ones. Each may be as large as `tolerance` times the largest output of its batch, or times 1 where that is less.
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

    @property
    def largest_difference(self) -> float:
        """The largest of the differences."""
        return max(self.differences.values())


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
