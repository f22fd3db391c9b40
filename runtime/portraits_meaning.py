"""What the values of a network mean: tokens and classes by name, the probabilities of scores, what is right and what is said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from graph.catalog import CATALOG, Role
from graph.model import Port
from runtime.portraits import Meaning, Naming

if TYPE_CHECKING:
    from torch import Tensor

    from runtime.predict import Trained
    from runtime.training.answers import Question

MAX_LENGTH = 80  # letters of an answer
MAX_NUMBERS = 6
_TEXTS = "layerloom.data.Text", "layerloom.data.LabeledTexts", "layerloom.data.TaggedTexts", "layerloom.data.TextPairs"
_VOCABULARIES = {"source": "source", "target_in": "target", "target_out": "target"}  # of pairs; "text" elsewhere
_SHOWN = str.maketrans({"\n": "↵", " ": "␣", "\t": "⇥"})


@dataclass(frozen=True, slots=True)
class Verdict:
    """The right answer and that of the network, in words; `chance` is the probability that it gives its answer. Empty where the
    network was taught without answers. `is_right` is None where they are numbers."""

    right: str = ""
    said: str = ""
    chance: float | None = None
    is_right: bool | None = None


def naming_of(trained: Trained, port: Port) -> Naming | None:
    """What the whole numbers at a port of a data node are called; None where they have no names."""
    from runtime.data import vocabulary as words

    node = trained.project.graph.nodes.get(port.node)
    if node is None or node.type not in CATALOG or CATALOG[node.type].role is not Role.DATA:
        return None
    statistics: Mapping[str, Any] = trained.statistics.get(port.node, {})
    if CATALOG[node.type].id in _TEXTS and port.name not in ("label", "tags"):
        vocabulary = statistics.get(_VOCABULARIES.get(port.name, "text"))
        if vocabulary is None:
            return None
        return lambda number: words.token_of(number, vocabulary).translate(_SHOWN) if number >= 0 else ""
    facts: Mapping[str, Any] = node.facts or {}
    classes: Sequence[str] = statistics.get("tags") or facts.get("classes") or trained.classes
    return (lambda number: classes[number] if 0 <= number < len(classes) else "") if classes else None


def meaning_of(trained: Trained, port: Port, value: Tensor, *, is_inside: bool = False) -> Meaning:
    """What is known of the value at a port, in the drawing of the project or `is_inside` a block."""
    if is_inside:
        return Meaning()
    compiled, question = trained.compiled, _question(trained)
    name_of = None if value.is_floating_point() else naming_of(trained, port)
    chances = None
    if question is not None and compiled.outputs[question.output] == port and value.dim() == 2:
        names = naming_of(trained, question.target)
        if question.probabilities is not None and names is not None:
            name_of, chances = names, question.probabilities(value.float())[0].tolist()
    return Meaning(name_of, chances, _is_picture(trained, value))


def verdict_of(trained: Trained, outputs: Sequence[Tensor], samples: Mapping[Port, Tensor]) -> Verdict:
    """What is right for a sample, and what the network says of it."""
    question = _question(trained)
    if question is None or question.target not in samples:
        return Verdict()
    target, output = samples[question.target], outputs[question.output].float()
    names = naming_of(trained, question.target) or str
    if question.probabilities is not None and output.dim() > 1 and not target.is_floating_point():
        chances, guess = question.probabilities(output).max(1)
        return _of_classes(target[0], guess[0], chances[0], names, question)
    if question.chance is not None and target.numel() == output.numel() == 1:
        chance = float(question.chance(output))
        right, guess = int(float(target) > 0), int(chance > 0.5)
        return Verdict(names(right), names(guess), max(chance, 1 - chance), right == guess)
    if question.target in trained.compiled.inputs:  # it learned to give what it was given
        return Verdict()
    return Verdict(_numbers(target[0]), _numbers(output[0]))


def _of_classes(target: Tensor, guess: Tensor, chance: Tensor, names: Naming, question: Question) -> Verdict:
    if target.dim() == 0:
        right, said = int(target), int(guess)
        return Verdict(names(right), names(said), float(chance), right == said)
    counted = (target != question.ignored).reshape(-1)
    right, said = ([number for number, c in zip(row.reshape(-1).tolist(), counted.tolist(), strict=True) if c]
                   for row in (target, guess))  # fmt: skip
    return Verdict(_line(right, names), _line(said, names), None, right == said)


def _line(numbers: Sequence[int], names: Naming) -> str:
    found = [names(number) for number in numbers[:MAX_LENGTH]]
    are_letters = sum(len(name) > 1 for name in found) <= len(found) // 4  # but for what stands for no letter
    text = ("" if are_letters and len(found) > 1 else " ").join(found)
    return text if len(text) <= MAX_LENGTH else text[: MAX_LENGTH - 1] + "…"


def _numbers(value: Tensor) -> str:
    numbers = value.reshape(-1)[: MAX_NUMBERS + 1].tolist()
    shown = ", ".join(f"{number:.4g}" for number in numbers[:MAX_NUMBERS])
    return shown + (", …" if len(numbers) > MAX_NUMBERS else "")


def _is_picture(trained: Trained, value: Tensor) -> bool:
    """Whether three channels are colours: where the data has samples of that shape."""
    compiled = trained.compiled
    ports = {*compiled.inputs, *(port for program in compiled.programs for port in program.inputs)}
    specs = (compiled.analysis.spec(port) for port in ports)
    return any(spec is not None and spec.shape[1:] == tuple(value.shape[1:]) for spec in specs)


def _question(trained: Trained) -> Question | None:
    from runtime.training.answers import find_question

    return find_question(trained.compiled)
