"""Texts with a class, tagged sentences, pairs of sentences.

What is read are strings; the numbers that leave the ports come from vocabularies that are made from the training part alone.
How large a vocabulary is counts over all texts, so that shapes do not depend on the split; which tokens are in it does not.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from graph.messages import DataError, Message, msg
from runtime.data import vocabulary as words
from runtime.data.looks import class_counts
from runtime.data.records import Arrays, Loaded, Look, Output, Statistics
from runtime.data.sources import MAX_CLASSES, Place, fingerprint
from runtime.data.text_files import JOINT, labeled_texts, pairs, read_text, tagged_sentences

Values = Mapping[str, Any]

LOOKED_AT = 8
CUT = 0.01  # share of the texts that are cut, above which it is told


@dataclass(frozen=True, eq=False, slots=True)
class TextStore:
    """Columns of strings or numbers, and how many bytes a sample takes as tensors."""

    columns: Mapping[str, np.ndarray]
    bytes_a_sample: int

    @property
    def count(self) -> int:
        """Number of samples."""
        return len(next(iter(self.columns.values())))

    @property
    def nbytes(self) -> int:
        """About how many bytes all samples take as tensors."""
        return self.count * self.bytes_a_sample

    def read(self, rows: np.ndarray) -> Arrays:
        """These samples."""
        return {name: column[rows] for name, column in self.columns.items()}


def _digest(*columns: Iterable[str]) -> str:
    return fingerprint(f"{text}\x1e".encode() for column in columns for text in column)


# ---- texts with a class


def read_labeled(place: Place, values: Values) -> Loaded:
    """Texts and their classes.

    Raises:
        DataError: they cannot be read, or there are too few classes, or too many.
    """
    found = labeled_texts(place.path, values)
    classes = tuple(sorted(set(found.labels)))
    if not 1 < len(classes) <= MAX_CLASSES:
        raise DataError(
            msg("'{file}' holds {count} different classes of texts; a classification takes from 2 to {limit}.",
                file=place.title, count=len(classes), limit=MAX_CLASSES)
        )  # fmt: skip
    numbers = {name: number for number, name in enumerate(classes)}
    labels = np.array([numbers[label] for label in found.labels], np.int64)
    length = values["length"]
    size = words.size_for(found.texts, values["tokens"], values["vocabulary"])
    return Loaded(
        title=place.title,
        fingerprint=_digest(found.texts, found.labels),
        store=TextStore({"text": words.strings(found.texts), "label": labels}, 8 * length + 8),
        outputs={"tokens": Output((length,), "int64", size), "label": Output((), "int64", len(classes))},
        classes=classes,
        labels=labels,
        broken=found.broken,
        skipped=found.skipped,
        notes=_notes({"length": (_lengths(found.texts, values["tokens"]), length)}),
    )


def fit_labeled(values: Values, loaded: Loaded, train: np.ndarray) -> Statistics:
    """The vocabulary of the training texts."""
    return {"text": words.build(loaded.store.read(train)["text"], values["tokens"], _size(loaded, "tokens"))}


def transform_labeled(values: Values, statistics: Statistics, samples: Arrays) -> Arrays:
    """Texts as numbers."""
    rows = words.encode(samples["text"], statistics["text"], values["tokens"])
    found: dict[str, np.ndarray] = {"tokens": words.padded(rows, values["length"])}
    return {**found, "label": samples["label"]} if "label" in samples else found


def read_lines(values: Values, facts: Mapping[str, Any], path: Path) -> Arrays:
    """Every line of a text file as a text, for a trained model."""
    return {"text": words.strings(line for line in read_text(path).split("\n") if line.strip())}


def look_at_labeled(values: Values, loaded: Loaded, samples: Arrays) -> Look:
    """The first texts with their classes."""
    rows = loaded.store.read(np.arange(min(LOOKED_AT, loaded.samples)))
    texts = tuple((str(text), loaded.classes[label]) for text, label in zip(rows["text"], rows["label"], strict=True))
    return Look(texts=texts, counts=class_counts(loaded), broken=loaded.broken)


# ---- tagged sentences


def read_tagged(place: Place, values: Values) -> Loaded:
    """Sentences and the tags of their words.

    Raises:
        DataError: the file cannot be read, or has a single tag.
    """
    found = tagged_sentences(place.path, values)
    tags = tuple(sorted({tag for sentence in found.labels for tag in sentence.split(JOINT)}))
    if not 1 < len(tags) <= MAX_CLASSES:
        raise DataError(
            msg("'{file}' holds {count} different tags; from 2 to {limit} can be learned. The tag is the last column of a line.",
                file=place.title, count=len(tags), limit=MAX_CLASSES)
        )  # fmt: skip
    length = values["length"]
    distinct = {token for text in found.texts for token in text.split(JOINT)}
    size = min(values["vocabulary"], 2 + len(distinct))
    return Loaded(
        title=place.title,
        fingerprint=_digest(found.texts, found.labels),
        store=TextStore({"text": words.strings(found.texts), "tags": words.strings(found.labels)}, 16 * length),
        outputs={"tokens": Output((length,), "int64", size), "tags": Output((length,), "int64", len(tags))},
        classes=tags,
        broken=found.broken,
        skipped=found.skipped,
        notes=(*found.notes, *_notes({"length": ([text.count(JOINT) + 1 for text in found.texts], length)})),
    )


def fit_tagged(values: Values, loaded: Loaded, train: np.ndarray) -> Statistics:
    """The vocabulary of the training sentences, and the names of the tags."""
    sentences = (text.split(JOINT) for text in loaded.store.read(train)["text"])
    return {"text": words.of_tokens(sentences, _size(loaded, "tokens")), "tags": list(loaded.classes)}


def transform_tagged(values: Values, statistics: Statistics, samples: Arrays) -> Arrays:
    """Words and tags as numbers."""
    vocabulary, length = statistics["text"], values["length"]
    rows = words.numbers_of((text.split(JOINT) for text in samples["text"]), vocabulary)
    found: dict[str, np.ndarray] = {"tokens": words.padded(rows, length)}
    if "tags" not in samples:
        return found
    at = {tag: number for number, tag in enumerate(statistics["tags"])}
    tags = [[at[tag] for tag in sentence.split(JOINT)] for sentence in samples["tags"]]
    return {**found, "tags": words.padded(tags, length, words.IGNORED)}


def read_sentences(values: Values, facts: Mapping[str, Any], path: Path) -> Arrays:
    """Every line of a text file as a sentence of words between blanks, for a trained model."""
    return {"text": words.strings(JOINT.join(line.split()) for line in read_text(path).split("\n") if line.strip())}


def look_at_tagged(values: Values, loaded: Loaded, samples: Arrays) -> Look:
    """The first sentences over their tags."""
    rows = loaded.store.read(np.arange(min(LOOKED_AT, loaded.samples)))
    shown = zip(rows["text"], rows["tags"], strict=True)
    return Look(texts=tuple((t.replace(JOINT, " "), g.replace(JOINT, " · ")) for t, g in shown), broken=loaded.broken)


# ---- pairs


def read_pairs(place: Place, values: Values) -> Loaded:
    """Pairs of sentences.

    Raises:
        DataError: the file cannot be read, or a line has no tab.
    """
    found = pairs(place.path, values)
    way, limit = values["tokens"], values["vocabulary"]
    lengths = values["source_length"], values["target_length"]
    source = words.size_for(found.texts, way, limit)
    target = words.size_for(found.labels, way, limit, specials=4)
    return Loaded(
        title=place.title,
        fingerprint=_digest(found.texts, found.labels),
        store=TextStore(
            {"source": words.strings(found.texts), "target": words.strings(found.labels)},
            8 * (lengths[0] + 2 * lengths[1]),
        ),
        outputs={
            "source": Output((lengths[0],), "int64", source),
            "target_in": Output((lengths[1],), "int64", target),
            "target_out": Output((lengths[1],), "int64", target),
        },
        broken=found.broken,
        skipped=found.skipped,
        notes=(
            *found.notes,
            *_notes(
                {
                    "source_length": (_lengths(found.texts, way), lengths[0]),
                    "target_length": ([count + 1 for count in _lengths(found.labels, way)], lengths[1]),  # and the end
                }
            ),
        ),
    )


def fit_pairs(values: Values, loaded: Loaded, train: np.ndarray) -> Statistics:
    """A vocabulary of the training sources, and one of the training targets."""
    rows, way = loaded.store.read(train), values["tokens"]
    return {
        "source": words.build(rows["source"], way, _size(loaded, "source")),
        "target": words.build(rows["target"], way, _size(loaded, "target_in"), specials=4),
    }


def transform_pairs(values: Values, statistics: Statistics, samples: Arrays) -> Arrays:
    """Both sentences as numbers, the second one as a decoder gets and gives it."""
    way, length = values["tokens"], values["target_length"]
    rows = words.encode(samples["source"], statistics["source"], way)
    found: dict[str, np.ndarray] = {"source": words.padded(rows, values["source_length"])}
    if "target" not in samples:
        begun = [[words.BEGIN] for _ in rows]
        return {**found, "target_in": words.padded(begun, length)}
    said = [row[: length - 1] for row in words.encode(samples["target"], statistics["target"], way)]
    return {
        **found,
        "target_in": words.padded([[words.BEGIN, *row] for row in said], length),
        "target_out": words.padded([[*row, words.END] for row in said], length, words.IGNORED),
    }


def read_sources(values: Values, facts: Mapping[str, Any], path: Path) -> Arrays:
    """Every line of a text file as a source, for a trained model."""
    return {"source": read_lines(values, facts, path)["text"]}


def look_at_pairs(values: Values, loaded: Loaded, samples: Arrays) -> Look:
    """The first pairs."""
    rows = loaded.store.read(np.arange(min(LOOKED_AT, loaded.samples)))
    return Look(texts=tuple(zip(map(str, rows["source"]), map(str, rows["target"]), strict=True)), broken=loaded.broken)


def _notes(lengths: Mapping[str, tuple[list[int], int]]) -> tuple[Message, ...]:
    """How many texts are longer than a sample has room, for each parameter: lengths of texts, and the room."""
    return tuple(
        msg(
            "{share:.0%} of the texts are longer than {room} tokens, and are cut. The longest has {most}: raise '{param}' to keep all "
            "of it.",
            share=cut / len(found),
            room=room,
            most=max(found),
            param=param,
        )
        for param, (found, room) in lengths.items()
        if (cut := sum(length > room for length in found)) > CUT * len(found)
    )


def _lengths(texts: Sequence[str], way: str) -> list[int]:
    """How many tokens texts have; with BPE at least so many."""
    return [len(words.cut(text, way)) for text in texts]


def _size(loaded: Loaded, port: str) -> int:
    size = loaded.outputs[port].classes
    assert size is not None
    return size
