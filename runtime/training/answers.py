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


def _softmax(scores: Tensor) -> Tensor:
    return scores.softmax(1)


# How scores become probabilities, by the loss that the network was trained with; other losses predict numbers.
_PROBABILITIES: Mapping[str, Callable[[Tensor], Tensor]] = {
    "torch.nn.CrossEntropyLoss": _softmax,
    "torch.nn.NLLLoss": torch.exp,
    "torch.nn.MultiMarginLoss": _softmax,
}


@dataclass(frozen=True, slots=True)
class Question:
    """Which output of the network answers which data port, and how scores become probabilities (None: numbers)."""

    output: int
    target: Port
    probabilities: Callable[[Tensor], Tensor] | None


@dataclass(frozen=True, slots=True)
class Answers:
    """`confusion[i][j]` counts samples of class i predicted as j (empty for numbers); the first samples one by one."""

    confusion: tuple[tuple[int, ...], ...] = ()
    samples: tuple[SamplePrediction, ...] = ()


def find_question(compiled: Compiled) -> Question | None:
    """What the first loss that looks at an output of the network asks; None where no loss does."""
    graph = compiled.project.graph
    for program in compiled.programs:
        for name in program.losses:
            loss = graph.node_named(name)
            assert loss is not None, name
            ends = graph.inputs(loss.id)
            source, target = ends.get("input"), ends.get("target")
            if source in compiled.outputs and target is not None and target in program.inputs:
                return Question(compiled.outputs.index(source), target, _PROBABILITIES.get(loss.type))
    return None


def ask(compiled: Compiled, model: nn.Module, part: Part, *, batch_size: int) -> Answers:
    """Ask a network, in evaluation mode, about every sample of a part. Outputs of one answer a sample are understood."""
    question = find_question(compiled)
    if question is None or part.count == 0:
        return Answers()
    targets, outputs = _collect(compiled, model, question, part, batch_size)
    if outputs.dim() > 2:
        return Answers()
    pictures = _pictures(*part.head(MAX_SAMPLES, ports=compiled.inputs[:1]))
    if question.probabilities is None:
        return Answers((), _samples(part, pictures, _first_number(targets), _first_number(outputs), repeat(None)))
    probabilities, guesses = question.probabilities(outputs).max(1)
    samples = _samples(part, pictures, targets.tolist(), guesses.tolist(), probabilities.tolist())
    return Answers(_confusion(targets, guesses, outputs.shape[1]), samples)


def _collect(
    compiled: Compiled, model: nn.Module, question: Question, part: Part, batch_size: int
) -> tuple[Tensor, Tensor]:
    """Targets and outputs of all samples, on the CPU."""
    targets, answers = [], []
    with torch.no_grad():
        for *inputs, target in part.batches(batch_size, ports=[*compiled.inputs, question.target]):
            outputs = model(*inputs)
            targets.append(target.cpu())
            answers.append((outputs if isinstance(outputs, Tensor) else outputs[question.output]).cpu())
    return torch.cat(targets), torch.cat(answers)


def _confusion(targets: Tensor, guesses: Tensor, num_classes: int) -> tuple[tuple[int, ...], ...]:
    counted = (targets >= 0) & (targets < num_classes)
    pairs = targets[counted] * num_classes + guesses[counted]
    table = torch.bincount(pairs, minlength=num_classes**2).view(num_classes, num_classes)
    return tuple(map(tuple, table.tolist()))


def _first_number(values: Tensor) -> list[float]:
    return values.reshape(len(values), -1)[:, 0].tolist()


def _samples(
    part: Part, pictures: Any, targets: Any, predictions: Any, confidences: Any
) -> tuple[SamplePrediction, ...]:
    rows = zip(part.indices[:MAX_SAMPLES].tolist(), targets, predictions, confidences, pictures, strict=False)
    return tuple(SamplePrediction(*row) for row in rows)


def _pictures(inputs: Tensor) -> Any:
    """Height × width (× 3) in 0..1 as NumPy arrays, or None over and over where the inputs are no pictures."""
    if inputs.dim() != 4 or inputs.shape[1] not in (1, 3):
        return repeat(None)
    pixels = inputs.clamp(0, 1).permute(0, 2, 3, 1).cpu()
    return (pixels[..., 0] if inputs.shape[1] == 1 else pixels).numpy()
