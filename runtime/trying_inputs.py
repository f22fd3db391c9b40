"""From what a person entered to tensors, as in training, and from samples of the data back to what a person would enter."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from graph.messages import DataError, RunError, msg
from graph.model import Node, Port
from runtime.asked_samples import data_ports, inputs_alone, sample_of
from runtime.data import tables
from runtime.data import vocabulary as words
from runtime.data.loading import known_facts, reader_of, values_of
from runtime.data.looks import shown_number
from runtime.data.records import tensor_dtype
from runtime.data.text_files import JOINT
from runtime.insight import Place, insight_of
from runtime.own_random import OwnRandom
from runtime.predict import Trained
from runtime.training.answers import Question, find_question
from runtime.trying import (
    CLASS_MAP,
    PICTURE,
    SENTENCE,
    AnyEntry,
    ChoiceEntry,
    CodeEntry,
    Drawn,
    FieldsEntry,
    NumbersEntry,
    PictureEntry,
    Pictures,
    PlaneEntry,
    SampleEntry,
    Taken,
    TextEntry,
    Trying,
    Way,
    missing,
)
from runtime.trying_pixels import pictures_of, pixels
from runtime.trying_reading import true_symbols

STANDS_FOR_UNKNOWN = "…"  # in texts of samples
_TEXT_COLUMN = {"line": "text", "sentence": "text", "prompt": "prompt", "source": "source"}


# ---- forwards


def encoded(trained: Trained, entry: AnyEntry, value: Any) -> dict[Port, Tensor]:
    """The tensors of one sample that a value of an entry is for the network.

    Raises:
        RunError: nothing was entered.
        DataError: what was entered does not fit.
    """
    node = trained.compiled.project.graph.nodes[entry.port.node]
    if value is None:
        raise missing(entry.name)
    if isinstance(entry, TextEntry):
        return _encoded_text(trained, node, entry, value)
    if isinstance(entry, FieldsEntry):
        return _transformed(trained, node, {"features": _raw_row(trained, node, entry, value)})
    shape = _shape(trained, entry.port)
    if isinstance(entry, ChoiceEntry):
        return {entry.port: torch.tensor([int(value)])}
    array = pixels(entry, value) if isinstance(entry, PictureEntry) else np.asarray(value)
    whole = np.ascontiguousarray(array, dtype=tensor_dtype(array)).reshape(1, *shape)
    return {entry.port: torch.from_numpy(whole)}


def _raw_row(trained: Trained, node: Node, entry: FieldsEntry, value: Mapping[str, float | str]) -> np.ndarray:
    known = (node.facts or {}).get("categories") or {}
    assert isinstance(known, Mapping)
    row = []
    for column in entry.columns:
        cell = value.get(column.name, column.start)
        codes = [str(word) for word in known.get(column.name, ())]
        row.append(float(codes.index(str(cell)) if cell in codes else -1) if column.words else float(cell))
    return np.array([row])


def _encoded_text(trained: Trained, node: Node, entry: TextEntry, value: str) -> dict[Port, Tensor]:
    if not value.strip():
        raise missing(entry.name)
    text = JOINT.join(value.split()) if entry.form == SENTENCE else value
    return _transformed(trained, node, {_TEXT_COLUMN[entry.form]: words.strings([text])})


def _transformed(trained: Trained, node: Node, samples: Mapping[str, np.ndarray]) -> dict[Port, Tensor]:
    found = reader_of(node).transform(values_of(node), trained.statistics.get(node.id, {}), samples)
    return {
        Port(node.id, name): torch.from_numpy(np.ascontiguousarray(array, dtype=tensor_dtype(array)))
        for name, array in found.items()
    }


def unknown_words(trained: Trained, entry: TextEntry, text: str) -> tuple[str, ...]:
    """The tokens of a text that the network has never seen, each once, in order."""
    node = trained.compiled.project.graph.nodes[entry.port.node]
    statistics = trained.statistics[node.id]
    vocabulary = statistics["source" if entry.form == "source" else "text"]
    if "tokens" not in vocabulary:
        return ()
    way = "words" if entry.form == "sentence" else str(values_of(node)["tokens"])
    tokens = text.split() if entry.form == "sentence" else words.cut(text, way)
    known = frozenset(vocabulary["tokens"])
    return tuple(dict.fromkeys(token for token in tokens if token not in known))


# ---- backwards


def taken(trained: Trained, part: str, way: Way, number: int) -> Taken:
    """A sample of the data as it would be entered, and the right answer in words.

    Raises:
        DataError: the data is missing or has changed.
    """
    with OwnRandom(0):
        rows = sample_of(trained, part, number)
    entered = {entry.key: _entered(trained, entry, rows) for entry in way.entries if not isinstance(entry, CodeEntry)}
    for entry in way.entries:
        if isinstance(entry, CodeEntry) and not entry.is_noise:
            entered[entry.key] = _values_at(trained, entry, rows)
    symbols = true_symbols(trained, rows)
    return Taken(entered, " ".join(symbols) or _truth(trained, rows), _true_picture(trained, way, rows), symbols)


def _entered(trained: Trained, entry: AnyEntry, rows: Mapping[Port, Tensor]) -> Any:
    if entry.port not in rows:
        raise DataError(msg("There are no samples of '{name}'. Wire a data node to it.", name=entry.name))
    row = rows[entry.port][0].numpy()
    if isinstance(entry, PictureEntry):
        return Drawn(ground=row)
    if isinstance(entry, ChoiceEntry):
        return int(row)
    if isinstance(entry, PlaneEntry):
        return tuple(row.tolist())
    if isinstance(entry, NumbersEntry):
        return row.reshape(-1)
    if isinstance(entry, TextEntry):
        return text_of(trained, entry, row)
    if isinstance(entry, FieldsEntry):
        return _row_of(trained, entry, row)
    assert isinstance(entry, SampleEntry)
    return row


def text_of(trained: Trained, entry: TextEntry, row: np.ndarray) -> str:
    """The text that the numbers of tokens stand for. Tokens that the network does not know are lost."""
    node = trained.compiled.project.graph.nodes[entry.port.node]
    statistics = trained.statistics[node.id]
    vocabulary = statistics["source" if entry.form == "source" else "text"]
    tokens = words.decode(row.tolist(), vocabulary)
    tokens = [STANDS_FOR_UNKNOWN if token == words.SPECIALS[words.UNKNOWN] else token for token in tokens]
    if entry.form == SENTENCE:
        return " ".join(tokens)
    return words.joined(tokens, str(values_of(node)["tokens"]))


def _row_of(trained: Trained, entry: FieldsEntry, row: np.ndarray) -> dict[str, float | str]:
    node = trained.compiled.project.graph.nodes[entry.port.node]
    columns = known_facts(node).get("columns")
    found = tables.current(trained.statistics[node.id], columns)
    numbers, place = found["numbers"], len(found["numbers"]["names"])
    raw = row[:place].astype(float) * np.array(numbers["scale"]) + np.array(numbers["center"])
    values: dict[str, float | str] = {
        name: float(f"{number:.5g}") for name, number in zip(numbers["names"], raw.tolist(), strict=True)
    }
    for word in found["words"]:
        hot = row[place : place + word["width"]]
        values[word["name"]] = str(word["words"][int(hot.argmax())]) if hot.any() and word["words"] else ""
        place += word["width"]
    return values


def _truth(trained: Trained, rows: Mapping[Port, Tensor]) -> str:
    """The right answer in words; empty where there is none, or it is long."""
    question = find_question(trained.compiled)
    if question is None or question.target not in rows:
        return ""
    row = rows[question.target][0]
    node = trained.compiled.project.graph.nodes[question.target.node]
    classes = (node.facts or {}).get("classes") or ()
    assert isinstance(classes, list | tuple)
    if row.is_floating_point() or row.numel() != 1:
        return _true_numbers(row, question, classes, trained)
    number = int(row)
    return str(classes[number]) if 0 <= number < len(classes) else str(number)


def _true_picture(trained: Trained, way: Way, rows: Mapping[Port, Tensor]) -> Pictures | None:
    """The picture of the data that belongs to an answer which is one: the only one of its shape that is not entered."""
    if any(isinstance(entry, CodeEntry) and entry.is_noise for entry in way.entries):
        return None
    entered = {entry.port for entry in way.entries}
    for form in way.forms:
        spec = trained.compiled.analysis.spec(form.port)
        if spec is None or form.kind not in (PICTURE, CLASS_MAP):
            continue
        is_map = form.kind == CLASS_MAP
        shape = spec.shape[2:] if is_map else spec.shape[1:]
        fitting = [
            row for port, row in rows.items()
            if port not in entered and row.is_floating_point() != is_map and tuple(row.shape[1:]) == tuple(shape)
        ]  # fmt: skip
        if len(fitting) == 1:
            return Pictures((fitting[0][0].numpy(),), names=form.names) if is_map else pictures_of(fitting[0].numpy())
    return None


def _true_numbers(row: Tensor, question: Question, classes: Any, trained: Trained) -> str:
    if row.is_floating_point():
        return ", ".join(map(shown_number, row.reshape(-1).tolist())) if row.numel() <= 4 else ""
    node = trained.compiled.project.graph.nodes[question.target.node]
    numbers = [number for number in row.reshape(-1).tolist() if number != words.IGNORED]
    if "target" in trained.statistics.get(node.id, {}) and question.target.name == "target_out":
        vocabulary = trained.statistics[node.id]["target"]
        told = words.decode([n for n in numbers if n != words.END], vocabulary)
        return words.joined(told, str(values_of(node)["tokens"]))
    if row.dim() == 1 and classes and all(0 <= number < len(classes) for number in numbers):
        return " ".join(str(classes[number]) for number in numbers)
    return ""


# ---- codes


def codes_of(trained: Trained, trying: Trying, entry: CodeEntry, count: int) -> tuple[np.ndarray, np.ndarray | None]:
    """What the first samples are at a place in the network, and their classes, if they have any."""
    count = min(count, trying.samples)
    if not count:
        raise RunError(msg("The data of this network cannot be read, so there are no samples to begin from."))
    with OwnRandom(0):
        rows = sample_of(trained, trying.part, 0, count=count)
    spare = [port for port in data_ports(trained) if port not in trained.compiled.inputs]
    labels = next((rows[port] for port in spare if rows[port].dim() == 1 and not rows[port].is_floating_point()), None)
    if labels is None:
        labels = _labels(trained, trying, entry, count)
    return _values_at(trained, entry, rows), None if labels is None else labels.numpy()


def _labels(trained: Trained, trying: Trying, entry: CodeEntry, count: int) -> Tensor | None:
    """The classes of samples that the network was not told."""
    from runtime.asked_samples import part_of

    part = part_of(trained, trying.part)
    nodes = {port.node for port in trained.compiled.inputs}
    ports = [port for port in part.ports if port.node in nodes and port not in trained.compiled.inputs]
    for port in ports:
        (rows,) = part.head(count, ports=[port])
        if rows.dim() == 1 and not rows.is_floating_point():
            return rows
    return None


def _values_at(trained: Trained, entry: CodeEntry, rows: Mapping[Port, Tensor]) -> np.ndarray:
    place = Place(entry.port)
    seen = insight_of(trained).look(inputs_alone(trained, rows), only=(place,)).value(place)
    assert seen is not None, entry.name
    return seen.numpy()


def _shape(trained: Trained, port: Port) -> tuple[int, ...]:
    spec = trained.compiled.analysis.spec(port)
    assert spec is not None, port
    return tuple(size for size in spec.shape[1:] if isinstance(size, int))
