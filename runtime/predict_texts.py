"""What a trained language model says comes next, after each line of a text file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from graph.catalog import CATALOG
from graph.catalog.types import shown
from graph.messages import RunError, msg
from graph.model import Port
from runtime.analysis import Dim, TensorSpec
from runtime.data import vocabulary as words
from runtime.data.sources import TEXT
from runtime.data.text_files import read_text
from runtime.predict import Trained, inputs_of, predict_batch
from runtime.training.answers import find_question

TOP = 5  # tokens that are named after each line
CHUNK = 256  # lines that the network reads at a time


@dataclass(frozen=True, slots=True)
class Continuation:
    """A line and the tokens that most likely come next, each with its probability, the likeliest first."""

    text: str
    tokens: tuple[tuple[str, float], ...]


def is_language_model(trained: Trained) -> bool:
    """Whether the network reads a text and learned what comes next."""
    ports, question = trained.compiled.inputs, find_question(trained.compiled)
    if len(ports) != 1 or CATALOG[trained.project.graph.nodes[ports[0].node].type].id != TEXT:
        return False
    return question is None or question.target == Port(ports[0].node, "target")


def continue_file(trained: Trained, path: Path) -> list[Continuation]:
    """What probably comes after each line of a text file. Of a line longer than a window, the network sees the end.

    Raises:
        DataError: the file is missing, is no text, or holds nothing but blanks.
        RunError: no output of the network has a score for each token, or the network needs longer lines.
    """
    inputs = inputs_of(trained, path)
    ((port, numbers),) = inputs.items()
    lines = [line for line in read_text(path).split("\n") if line.strip()]
    vocabulary, likely = trained.statistics[port.node]["text"], []
    for i, part in enumerate(numbers.split(CHUNK)):
        chances = next_chances(trained, part, lines[i * CHUNK : (i + 1) * CHUNK])
        best, tokens = chances.topk(min(TOP, chances.shape[1]))
        likely += [
            tuple((words.token_of(number, vocabulary), chance) for number, chance in zip(*row, strict=True))
            for row in zip(tokens.tolist(), best.tolist(), strict=True)
        ]
    return [Continuation(*row) for row in zip(lines, likely, strict=True)]


def next_chances(trained: Trained, numbers: Tensor, lines: list[str]) -> Tensor:
    """The probability of each token after each line: lines × tokens.

    Args:
        numbers: the tokens of the lines, int64, lines × places, filled up with `vocabulary.PAD` behind the last one.
        lines: their texts, for messages.

    Raises:
        RunError: no output of the network has a score for each token, or the network needs longer lines.
    """
    (port,) = trained.compiled.inputs
    outputs = predict_batch(trained, {port: numbers})
    spec = trained.compiled.analysis.spec(port)
    assert spec is not None and spec.classes is not None
    length, size = numbers.shape[1], spec.classes
    question = find_question(trained.compiled)
    first = outputs[question.output] if question else outputs[0]
    last = (numbers != words.PAD).sum(1) - 1  # the place of the last token of each line
    if first.shape[1:] == (size,):
        _require_whole(lines, last, length)
        return as_chances(first)
    axis = classes_at(first.shape, length=length, size=size, is_asked=question is not None)
    if axis is None:
        text = msg("No score for each of the {count} tokens leaves this network: it gives {given}. Wire an Output to the scores that the "
                   "loss takes.", count=size, given=TensorSpec(("B", *first.shape[1:]), ""))  # fmt: skip
        raise RunError(text)
    scores = first if axis == 2 else first.transpose(1, 2)
    return as_chances(scores[torch.arange(len(scores)), last.clamp(min=0)])


def classes_at(shape: Sequence[Dim], *, length: int, size: int, is_asked: bool) -> int | None:
    """The dimension of the tokens in scores of this shape: 1 (N × C × T, as losses take it) or 2 (N × T × C); None for neither.

    Where both fit it is that which the loss takes, if one asks (`is_asked`).
    """
    fitting = [axis for axis in (1, 2) if len(shape) == 3 and (shape[axis], shape[3 - axis]) == (size, length)]
    return (fitting[0] if is_asked else fitting[-1]) if fitting else None


def as_chances(scores: Tensor) -> Tensor:
    """Probabilities of scores, of logarithms of probabilities, or of what is probabilities already, in the last dimension."""
    scores = scores.float()
    is_ready = bool((scores >= 0).all()) and torch.allclose(scores.sum(-1), torch.ones(()), atol=1e-4)
    return scores if is_ready else scores.softmax(-1)


def _require_whole(lines: list[str], last: Tensor, length: int) -> None:
    """A network with one answer for the whole window also reads what fills up a short line."""
    for line, place in zip(lines, last.tolist(), strict=True):
        if place < length - 1:
            raise RunError(
                msg("The line '{line}' has {count} tokens, but this network gives one answer for a window of {length}. Give it lines of "
                    "at least that many.", line=shown(line), count=place + 1, length=length)
            )  # fmt: skip
