"""What can be asked about one sample of a network's data: its inputs, the answer in numbers, layers and attention to look at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from graph.model import Port
from runtime.asked_samples import inputs_alone, part_of, sample_of
from runtime.data import vocabulary as words
from runtime.explanations import Asked, Entry, Explanation, Said

if TYPE_CHECKING:
    from torch import Tensor

    from runtime.predict import Trained


def about(trained: Trained, part: str, number: int) -> Asked:
    """What there is to ask about sample `number` of a part (see `runtime.asked_samples.sample_of`).

    Raises:
        DataError: the data is missing or has changed, or there is no such sample.
        RunError: the network cannot compute it.
    """
    from runtime.attention_maps import attention_maps
    from runtime.attribution import layers_with_maps
    from runtime.insight import insight_of

    samples = sample_of(trained, part, number)
    inputs, insight = inputs_alone(trained, samples), insight_of(trained)
    seen = insight.look(inputs)
    entries = tuple(_entry(trained, n, port, inputs[port]) for n, port in enumerate(trained.compiled.inputs))
    said = _said(trained, seen.outputs, samples)
    picture = next((found for value in inputs.values() if (found := _picture(value)) is not None), None)
    return Asked(entries, said, layers_with_maps(insight, seen), attention_maps(insight, inputs), picture, part_of(trained, part).count)


def explained(
    trained: Trained, part: str, number: int, entry: Entry, answer: int, method: str, *, layer: str = "", place: int = 0
) -> Explanation:
    """Which parts of a sample count for an answer (see `runtime.attribution.explain`)."""
    from runtime.attribution import explain
    from runtime.insight import insight_of

    inputs = inputs_alone(trained, sample_of(trained, part, number))
    return explain(insight_of(trained), inputs, entry, answer, method, layer=layer, place=place)


def _entry(trained: Trained, number: int, port: Port, value: Tensor) -> Entry:
    node, shape = trained.project.graph.nodes[port.node], tuple(value.shape[1:])
    name = f"{node.name}.{port.name}"
    columns = tuple(map(str, (node.facts or {}).get("columns", ())))  # type: ignore[call-overload]
    names = columns if len(shape) == 1 and len(columns) == shape[0] else ()
    return Entry(number, name, shape, words_of(trained, port, value[0]), names)


def words_of(trained: Trained, port: Port, tokens: Tensor) -> tuple[str, ...]:
    """What the numbers of tokens (of shape T) stand for; nothing where they are none, or what fills up is all there is."""
    statistics = trained.statistics.get(port.node, {})
    vocabulary = statistics.get("target" if port.name.startswith("target") else "source", statistics.get("text"))
    if vocabulary is None or tokens.dim() != 1 or tokens.is_floating_point():
        return ()
    return tuple("" if n == words.PAD else words.token_of(n, vocabulary) for n in tokens.tolist())


def _said(trained: Trained, outputs: tuple[Tensor, ...], samples: dict[Port, Any]) -> Said:
    """What the network says of the sample, as the question of its first loss has it."""
    from runtime.training.answers import find_question

    question = find_question(trained.compiled)
    output = outputs[question.output if question else 0].float()
    target = samples.get(question.target) if question else None
    right = float(target.reshape(-1)[0]) if target is not None and target.numel() == 1 else None
    places = output.flatten(2).shape[2] if output.dim() > 2 else 0
    scores = output.flatten(2)[..., 0] if places else output.reshape(1, -1)
    if question is not None and question.chance is not None and scores.shape[1] == 1:
        chance = question.chance(scores)[0, 0]
        return Said((float(scores[0, 0]),), (float(chance),), trained.classes, right, places)
    if question is None or question.probabilities is None:
        return Said(tuple(scores[0].tolist()), (), (), right, places)
    chances = question.probabilities(scores)[0].tolist()
    return Said(tuple(scores[0].tolist()), tuple(chances), trained.classes, right, places)


def _picture(value: Tensor) -> Any:
    if value.dim() != 4 or value.shape[1] not in (1, 3) or not value.is_floating_point():
        return None
    pixels = value[0].clamp(0, 1).permute(1, 2, 0).cpu().numpy()
    return pixels[..., 0] if pixels.shape[2] == 1 else pixels
