"""What a trained network answers to test samples: the confusion between classes, and predictions one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import repeat

import torch
from torch import Tensor, nn

from graph.model import Graph, Port
from graph.target_scaling import restored
from runtime.compiler import Compiled
from runtime.data import Part
from runtime.events import SamplePrediction
from runtime.training.kept_samples import Answer, KeptSamples

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
    """`confusion[i][j]` counts samples (or pixels, or tokens) of class i predicted as j, empty for numbers; `samples` are some
    one by one (see `KeptSamples`)."""

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
            source, target = ends.get("input"), source_of_labels(graph, ends.get("target"))
            known = _PROBABILITIES.get(loss.type), _CHANCES.get(loss.type)
            if source is not None and target is not None and known == (None, None):
                source, target = _in_own_units(compiled, source, target)
            if source in compiled.outputs and target in program.inputs:
                ignored = catalog[loss.type].values(loss).get("ignore_index", -100)
                assert target is not None
                return Question(compiled.outputs.index(source), target, *known, ignored=int(ignored))  # type: ignore[arg-type]
    return None


def _in_own_units(compiled: Compiled, source: Port, target: Port) -> tuple[Port, Port]:
    """The ends of a loss of numbers; where it compares in other units than those of the data, what outputs give and the data."""
    found, shape_of = restored(compiled.project.graph, source, target), compiled.analysis.spec
    if found is None or (a := shape_of(source)) is None or (b := shape_of(found[0])) is None or a.shape != b.shape:
        return source, target
    return found


def source_of_labels(graph: Graph, port: Port | None) -> Port | None:
    """Where labels come from that may pass through what leaves them as they are."""
    while port is not None and (passed := _SAME_ANSWERS.get(graph.nodes[port.node].type)) is not None:
        port = graph.inputs(port.node).get(passed)
    return port


def asked_output(compiled: Compiled) -> int:
    """The output that answers the question of a loss; where there is none, the first that says more than whole numbers."""
    if (question := find_question(compiled)) is not None:
        return question.output
    specs = [compiled.analysis.spec(port) for port in compiled.outputs]
    return next((n for n, spec in enumerate(specs) if spec is not None and spec.dtype.startswith("float")), 0)


def ask(compiled: Compiled, model: nn.Module, part: Part, *, batch_size: int) -> Answers:
    """Ask a network, in evaluation mode, about every sample of a part.

    Nothing is kept but the confusion and some samples, however many there are.
    """
    question = find_question(compiled)
    if question is None or part.count == 0:
        return Answers()
    confusion: Tensor | None = None
    kept: KeptSamples | None = None
    with torch.no_grad():
        for *inputs, target in part.batches(batch_size, ports=[*compiled.inputs, question.target]):
            outputs = model(*inputs)
            answers = _read(outputs if isinstance(outputs, Tensor) else outputs[question.output], target, question)
            if answers.size is not None:
                table = _count(answers, question.ignored)
                confusion = table if confusion is None else confusion + table
            if (rows := answers.one_by_one()) is not None:
                kept = kept or KeptSamples(are_classes=answers.confidence is not None)
                kept.take(rows, inputs[0] if inputs else target)
    table = () if confusion is None else tuple(map(tuple, confusion.tolist()))
    return Answers(table, () if kept is None else kept.samples(part.indices.tolist()))


@dataclass(frozen=True, slots=True)
class _Read:
    """Targets and guesses of a batch in one shape, probabilities of the guesses where there are any, the number of classes."""

    target: Tensor
    guess: Tensor
    confidence: Tensor | None = None
    size: int | None = None  # None where a confusion says nothing: numbers, or several questions a sample

    def one_by_one(self) -> Iterable[Answer] | None:
        """What is shown of each sample: target, guess, probability. Of a sample with many answers it is the first number, or
        nothing where they are classes."""
        many = self.target.dim() > 1 and self.target[0].numel() > 1
        if many and self.confidence is not None:
            return None
        target, guess = (row.reshape(len(row), -1)[:, 0].tolist() for row in (self.target, self.guess))
        if self.confidence is None:
            return zip(target, guess, repeat(None), strict=False)
        return zip(target, guess, self.confidence.reshape(len(target), -1)[:, 0].tolist(), strict=True)


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
