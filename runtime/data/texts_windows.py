"""One text in windows, to learn what comes next.

The text is cut into stretches, and no window leaves its stretch. A split gives whole stretches to a part, so no part has a
token of another, however much the windows of a stretch overlap.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from graph.messages import DataError, msg
from runtime.data import vocabulary as words
from runtime.data.records import Arrays, Loaded, Look, Output, Statistics
from runtime.data.sources import Place, fingerprint
from runtime.data.text_files import read_text, text_of

Values = Mapping[str, Any]

STRETCHES = 100  # that a long text is cut into
FEWEST = 12  # stretches of a short one
WINDOWS = 8  # in a stretch at least, side by side, where the text allows it
LOOKED_AT = 8


@dataclass(frozen=True, eq=False, slots=True)
class WindowStore:
    """A text, held once, and where its windows begin and end, in characters; `length` is that of a sample in tokens."""

    text: str
    begins: np.ndarray
    ends: np.ndarray
    length: int

    @property
    def count(self) -> int:
        """Number of windows."""
        return len(self.begins)

    @property
    def nbytes(self) -> int:
        """Bytes that inputs and targets of all windows take as tensors."""
        return 16 * self.length * self.count

    def read(self, rows: np.ndarray) -> Arrays:
        """The text of these windows."""
        places = zip(self.begins[rows].tolist(), self.ends[rows].tolist(), strict=True)
        return {"text": words.strings(self.text[begin:end] for begin, end in places)}

    def under(self, rows: np.ndarray) -> list[str]:
        """The text that these windows lie over, every place once."""
        rows = np.sort(rows)
        begins, ends = self.begins[rows], np.maximum.accumulate(self.ends[rows])
        is_first = np.append(True, begins[1:] > ends[:-1])
        is_last = np.append(is_first[1:], True)
        places = zip(begins[is_first].tolist(), ends[is_last].tolist(), strict=True)
        return [self.text[begin:end] for begin, end in places]


def read_windows(place: Place, values: Values) -> Loaded:
    """A text in windows of `length` + 1 tokens, each `stride` tokens after the last one.

    How many tokens of BPE a text has is known only when they are learned: a window is then over `length` + 1 words, which are
    at least as many tokens, and the stride is guessed from the size of the vocabulary.

    Raises:
        DataError: it cannot be read, or is too short for two windows.
    """
    text, way, length = text_of(place.path), values["tokens"], values["length"]
    starts, stops = words.places(text, way)
    stride = values["stride"] or length
    if way == words.BPE:
        stride = max(1, round(stride * len(starts) / len(text) * math.log2(values["vocabulary"]) / 4))
    firsts, stretches = _firsts(len(starts), length, stride)
    if len(firsts) < 2:
        raise DataError(
            msg("'{file}' is too short for two windows of {length} tokens. Choose a longer text, or shorter windows.",
                file=place.title, length=length)
        )  # fmt: skip
    size = words.size_for([text], way, values["vocabulary"])
    return Loaded(
        title=place.title,
        fingerprint=fingerprint([text.encode()]),
        store=WindowStore(text, starts[firsts], stops[firsts + length], length),
        outputs={"input": Output((length,), "int64", size), "target": Output((length,), "int64", size)},
        groups=stretches,
    )


def _firsts(count: int, length: int, stride: int) -> tuple[np.ndarray, np.ndarray]:
    """The first token of each window over so many tokens, and the number of its stretch."""
    stretch = max(length + 1, count // STRETCHES, min(WINDOWS * length + 1, count // FEWEST))
    edges = range(0, count, stretch)
    windows = [np.arange(edge, min(edge + stretch, count) - length, stride) for edge in edges]
    if not windows:
        return np.arange(0), np.arange(0)
    return np.concatenate(windows), np.repeat(np.arange(len(windows)), [len(found) for found in windows])


def fit_windows(values: Values, loaded: Loaded, train: np.ndarray) -> Statistics:
    """The vocabulary of the text under the training windows."""
    store, size = loaded.store, loaded.outputs["input"].classes
    assert isinstance(store, WindowStore) and size is not None
    return {"text": words.build(store.under(train), values["tokens"], size)}


def transform_windows(values: Values, statistics: Statistics, samples: Arrays) -> Arrays:
    """Windows as numbers, and the same one token later; of a prompt its last tokens, with nothing to compare with."""
    ((name, texts),), length = samples.items(), values["length"]
    rows = words.encode(texts, statistics["text"], values["tokens"])
    if name == "prompt":
        return {"input": words.padded([row[-length:] for row in rows], length)}
    return {
        "input": words.padded(rows, length),
        "target": words.padded([row[1:] for row in rows], length, words.IGNORED),
    }


def read_prompts(values: Values, facts: Mapping[str, Any], path: Path) -> Arrays:
    """Every line of a text file as the beginning of a text, for a trained model."""
    return {"prompt": words.strings(line for line in read_text(path).split("\n") if line.strip())}


def look_at_windows(values: Values, loaded: Loaded, samples: Arrays) -> Look:
    """The first windows and their tokens."""
    rows = np.arange(min(LOOKED_AT, loaded.samples))
    texts = loaded.store.read(rows)["text"]
    vocabulary = fit_windows(values, loaded, rows)["text"]
    numbers = words.encode(texts, vocabulary, values["tokens"])
    cut = (" · ".join(words.decode(row[: values["length"]], vocabulary)).replace("\n", "↵") for row in numbers)
    return Look(texts=tuple(zip(map(str, texts), cut, strict=True)))
