"""Which data node a file of texts becomes, told by its name and its first lines."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from pathlib import Path

TEXT, LABELED, TAGGED, PAIRS = (
    f"layerloom.data.{name}" for name in ("Text", "LabeledTexts", "TaggedTexts", "TextPairs")
)
TAGS = frozenset({".conll", ".conllu", ".conll2003", ".iob", ".iob2", ".bio"})
LABELS = frozenset({"label", "class", "category", "sentiment"})
LOOKED_AT = 50  # lines
_LINE = 2**16  # characters


def text_type(path: Path) -> str | None:
    """The type of data node for a file of texts, or a folder of them; None where it holds none."""
    suffix = path.suffix.lower()
    if suffix in TAGS:
        return TAGGED
    if path.is_dir():
        return _of_folder(path)
    if suffix == ".txt":
        return PAIRS if _are_pairs(_first_lines(path)) else TEXT
    if suffix in (".tsv", ".csv"):
        return _of_table(_first_lines(path), "\t" if suffix == ".tsv" else ",")
    return None


def _of_folder(path: Path) -> str | None:
    try:
        names = [file.relative_to(path).parts for file in islice(path.rglob("*.txt"), LOOKED_AT)]
    except OSError:
        return None
    inside = {len(parts) for parts in names}
    return LABELED if inside == {2} else TEXT if inside else None


def _of_table(lines: Sequence[str], delimiter: str) -> str | None:
    if not lines:
        return None
    names = {name.strip(' "').casefold() for name in lines[0].split(delimiter)}
    if "text" in names and names & LABELS:
        return LABELED
    return PAIRS if delimiter == "\t" and _are_pairs(lines) else None


def _are_pairs(lines: Sequence[str]) -> bool:
    """Whether lines are two texts with a tab between: neither is a number, and both are longer than a word somewhere."""
    rows = [line.split("\t") for line in lines if line.strip()]
    if len(rows) < 2 or any(len(row) != 2 for row in rows):
        return False
    return all(any(" " in cell.strip() for cell in cells) for cells in zip(*rows, strict=True))


def _first_lines(path: Path) -> list[str]:
    try:
        with path.open(encoding="utf-8-sig", errors="replace") as lines:
            return [lines.readline(_LINE).rstrip("\r\n") for _ in range(LOOKED_AT)]
    except OSError:
        return []
