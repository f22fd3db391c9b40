"""What a trained network answers to test samples: the confusion between classes, and predictions one by one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import repeat
from typing import Any

import torch
from torch import Tensor, nn

from graph.model import Port
from runtime.compiler import Compiled
from runtime.data import Part
from runtime.events import SamplePrediction

MAX_SAMPLES = 64
MAX_CLASSES = 1000  # of a confusion; that of a larger vocabulary tells nothing and takes much memory


def _softmax(scores: Tensor) -> Tensor:
    return scores.softmax(1)


# How scores become probabilities, by the loss that the network was trained with; other losses predict numbers.
_PROBABILITIES: Mapping[str, Callable[[Tensor], Tensor]] = {
    "torch.nn.CrossEntropyLoss": _softmax,
    "torch.nn.NLLLoss": torch.exp,
    "torch.nn.MultiMarginLoss": _softmax,
}
# The same where one score answers yes or no.
_CHANCES: Mapping[str, Callable[[Tensor], Tensor]] = {
    "torch.nn.BCEWithLogitsLoss": torch.sigmoid,
    "torch.nn.MultiLabelSoftMarginLoss": torch.sigmoid,
    "torch.nn.SoftMarginLoss": torch.sigmoid,
    "torch.nn.BCELoss": Tensor.clone,
}

# What labels may pass through, by which input.
_SAME_ANSWERS = {
    **dict.fromkeys(("layerloom.ToDtype", "layerloom.Squeeze", "layerloom.Unsqueeze"), "input"),
    **dict.fromkeys(("layerloom.MixUp", "layerloom.CutMix"), "label"),
}


@dataclass(frozen=True, slots=True)
class Question:
    """Which output of the network answers which targets, and how scores become probabilities (None: numbers).

    `target` is the data port that the targets of the loss come from. Places with a target of `ignored` do not count.
    `chance` gives the probability of yes where a score answers yes or no.
    """

    output: int
    target: Port
    probabilities: Callable[[Tensor], Tensor] | None
    chance: Callable[[Tensor], Tensor] | None = None
    ignored: int = -100


@dataclass(frozen=True, slots=True)
class Answers:
    """`confusion[i][j]` counts samples (or pixels, or tokens) of class i predicted as j, empty for numbers; the first
    samples one by one."""

    confusion: tuple[tuple[int, ...], ...] = ()
    samples: tuple[SamplePrediction, ...] = ()


def find_question(compiled: Compiled) -> Question | None:
    """What the first loss that looks at an output of the network asks; None where no loss does."""
    graph, catalog = compiled.project.graph, compiled.project.catalog
    for program in compiled.programs:
        for name in program.losses:
            loss = graph.node_named(name)
            assert loss is not None, name
            ends = graph.inputs(loss.id)
            source, target = ends.get("input"), ends.get("target")
            while target is not None and (passed := _SAME_ANSWERS.get(graph.nodes[target.node].type)) is not None:
                target = graph.inputs(target.node).get(passed)
            if source in compiled.outputs and target in program.inputs:
                ignored = catalog[loss.type].values(loss).get("ignore_index", -100)
                known = _PROBABILITIES.get(loss.type), _CHANCES.get(loss.type)
                assert target is not None
                return Question(compiled.outputs.index(source), target, *known, ignored=int(ignored))  # type: ignore[arg-type]
    return None


def ask(compiled: Compiled, model: nn.Module, part: Part, *, batch_size: int) -> Answers:
    """Ask a network, in evaluation mode, about every sample of a part.

    Nothing is kept but the confusion and the first samples, however many there are.
    """
    question = find_question(compiled)
    if question is None or part.count == 0:
        return Answers()
    confusion: Tensor | None = None
    first: list[tuple[Tensor, ...]] = []
    with torch.no_grad():
        for *inputs, target in part.batches(batch_size, ports=[*compiled.inputs, question.target]):
            outputs = model(*inputs)
            answers = _read(outputs if isinstance(outputs, Tensor) else outputs[question.output], target, question)
            if answers.size is not None:
                table = _count(answers, question.ignored)
                confusion = table if confusion is None else confusion + table
            if sum(len(rows[0]) for rows in first) < MAX_SAMPLES:
                first.append(answers.one_by_one())
    columns = [torch.cat(column)[:MAX_SAMPLES].tolist() for column in zip(*first, strict=True)]
    pictures = _pictures(*part.head(MAX_SAMPLES, ports=compiled.inputs[:1]))
    table = () if confusion is None else tuple(map(tuple, confusion.tolist()))
    return Answers(table, _samples(part, pictures, columns))


@dataclass(frozen=True, slots=True)
class _Read:
    """Targets and guesses of a batch in one shape, probabilities of the guesses where there are any, the number of classes."""

    target: Tensor
    guess: Tensor
    confidence: Tensor | None = None
    size: int | None = None  # None where a confusion says nothing: numbers, or several questions a sample

    def one_by_one(self) -> tuple[Tensor, ...]:
        """What is shown of each sample: target, guess, confidence. Of a sample with many answers it is the first number, or
        nothing where they are classes."""
        many = self.target.dim() > 1 and self.target[0].numel() > 1
        if many and self.confidence is not None:
            return tuple(self.target.new_empty(0) for _ in range(3))
        rows = (self.target, self.guess) if self.confidence is None else (self.target, self.guess, self.confidence)
        return tuple(row.reshape(len(row), -1)[:, 0].cpu() for row in rows)


def _read(outputs: Tensor, target: Tensor, question: Question) -> _Read:
    if question.probabilities is not None and outputs.dim() > 1 and not target.is_floating_point():
        confidence, guess = question.probabilities(outputs.float()).max(1)
        size = outputs.shape[1]
        return _Read(target, guess, confidence, size if size <= MAX_CLASSES else None)
    if question.chance is not None and target.numel() == outputs.numel():
        chance = question.chance(outputs.float()).reshape(target.shape)
        guess = chance > 0.5
        is_one = outputs.dim() == 1 or outputs.shape[1] == 1
        right = torch.where(target == question.ignored, target, (target > 0).to(target.dtype)).long()
        return _Read(right, guess.long(), torch.where(guess, chance, 1 - chance), 2 if is_one else None)
    return _Read(target, outputs)


def _count(answers: _Read, ignored: int) -> Tensor:
    """The confusion of a batch, on the CPU."""
    size = answers.size
    assert size is not None
    target, guess = answers.target.reshape(-1), answers.guess.reshape(-1)
    counted = (target >= 0) & (target < size) & (target != ignored)
    pairs = torch.where(counted, target * size + guess, size**2)
    return torch.bincount(pairs, minlength=size**2 + 1)[:-1].view(size, size).cpu()


def _samples(part: Part, pictures: Any, columns: list[list[Any]]) -> tuple[SamplePrediction, ...]:
    targets, guesses, *confidences = columns
    rows = zip(
        part.indices[:MAX_SAMPLES].tolist(), targets, guesses, *(confidences or [repeat(None)]), pictures, strict=False
    )
    return tuple(SamplePrediction(*row) for row in rows)


def _pictures(inputs: Tensor) -> Any:
    """Height × width (× 3) in 0..1 as NumPy arrays, or None over and over where the inputs are no pictures."""
    if inputs.dim() != 4 or inputs.shape[1] not in (1, 3):
        return repeat(None)
    pixels = inputs.clamp(0, 1).permute(0, 2, 3, 1).cpu()
    return (pixels[..., 0] if inputs.shape[1] == 1 else pixels).numpy()
