"""What can be asked about one sample of a network's data: its inputs, the answer in numbers, layers and attention to look at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from graph.model import Port
from runtime.asked_samples import inputs_alone, part_of, sample_of
from runtime.data import vocabulary as words
from runtime.embeddings import vocabulary_at
from runtime.explanations import Asked, Entry, Explanation, Said

if TYPE_CHECKING:
    from torch import Tensor

    from runtime.predict import Trained


def about(trained: Trained, part: str, number: int, place: int | None = None) -> Asked:
    """What there is to ask about sample `number` of a part (see `runtime.asked_samples.sample_of`).

    Args:
        place: which place's answer is meant, where tokens or pixels are answered one by one: the last token or the middle, if
            none is given.

    Raises:
        DataError: the data is missing or has changed, or there is no such sample.
        RunError: the network cannot compute it.
    """
    from runtime.attention_maps import attention_maps
    from runtime.attribution import layers_with_maps
    from runtime.insight import insight_of

    samples = sample_of(trained, part, number)
    inputs, insight = inputs_alone(trained, samples), insight_of(trained)
    seen = insight.look(inputs, losses=False)
    entries = tuple(_entry(trained, n, port, inputs[port]) for n, port in enumerate(trained.compiled.inputs))
    said = _said(trained, seen.outputs, samples, entries, place)
    picture = next((found for value in inputs.values() if (found := _picture(value)) is not None), None)
    return Asked(
        entries,
        said,
        layers_with_maps(insight, seen),
        attention_maps(insight, inputs),
        picture,
        part_of(trained, part).count,
    )


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
    columns = columns_of(trained, port)
    names = columns if len(shape) == 1 and len(columns) == shape[0] else ()
    return Entry(number, name, shape, words_of(trained, port, value[0]), names)


def columns_of(trained: Trained, port: Port) -> tuple[str, ...]:
    """What the numbers of a table's row are, in their order: its columns, and `column = word` for each word of a column of words."""
    known = (trained.project.graph.nodes[port.node].facts or {}).get("columns")
    columns = tuple(map(str, known)) if isinstance(known, list | tuple) else ()
    statistics = trained.statistics.get(port.node, {})
    if "words" not in statistics or "numbers" not in statistics:
        return columns
    hot = [
        f"{entry['name']} = {entry['words'][n]}" if n < len(entry["words"]) else f"{entry['name']} = ?"
        for entry in statistics["words"]
        for n in range(entry["width"])
    ]
    return (*map(str, statistics["numbers"]["names"]), *hot)


def words_of(trained: Trained, port: Port, tokens: Tensor) -> tuple[str, ...]:
    """What the numbers of tokens (of shape T) stand for; nothing where they are none, or what fills up is all there is."""
    vocabulary = vocabulary_at(trained, port)
    if vocabulary is None or tokens.dim() != 1 or tokens.is_floating_point():
        return ()
    return tuple("" if n == words.PAD else words.token_of(n, vocabulary) for n in tokens.tolist())


def _said(
    trained: Trained,
    outputs: tuple[Tensor, ...],
    samples: dict[Port, Any],
    entries: tuple[Entry, ...],
    wish: int | None,
) -> Said:
    """What the network says of the sample, or of one place of it, as the question of its first loss has it."""
    from runtime.training.answers import asked_output, find_question

    question = find_question(trained.compiled)
    output = outputs[asked_output(trained.compiled)].float()
    places = output.flatten(2).shape[2] if output.dim() > 2 else 0
    place = 0 if not places else _usual_place(output, entries) if wish is None else max(0, min(wish, places - 1))
    target = samples.get(question.target) if question else None
    answers = None if target is None else target.reshape(-1)
    right = None
    if answers is not None and answers.numel() == max(1, places) and float(answers[place]) != question.ignored:  # type: ignore[union-attr]
        right = float(answers[place])
    scores = output.flatten(2)[..., place] if places else output.reshape(1, -1)
    if question is not None and question.chance is not None and scores.shape[1] == 1:
        chance = question.chance(scores)[0, 0]
        return Said((float(scores[0, 0]),), (float(chance),), trained.classes, right, places, place)
    if question is None or question.probabilities is None:
        return Said(tuple(scores[0].tolist()), (), (), right, places, place)
    chances = question.probabilities(scores)[0].tolist()
    return Said(
        tuple(scores[0].tolist()), tuple(chances), _names(trained, question.target, len(chances)), right, places, place
    )


def _usual_place(output: Tensor, entries: tuple[Entry, ...]) -> int:
    """The last token of the sample, or what lies in the middle."""
    shape = output.shape[2:]
    words = next((entry.words for entry in entries if len(shape) == 1 and len(entry.words) == shape[0]), ())
    if words:
        return max((n for n, word in enumerate(words) if word), default=0)
    place = 0
    for size in shape:
        place = place * size + size // 2
    return place


def _names(trained: Trained, target: Port, count: int) -> tuple[str, ...]:
    """What the classes are called: those of the data, or the tokens of the vocabulary that the targets are from."""
    if trained.classes:
        return trained.classes
    vocabulary = vocabulary_at(trained, target)
    if vocabulary is None:
        return ()
    return tuple(words.token_of(n, vocabulary) for n in range(min(count, words.num_tokens(vocabulary))))


def _picture(value: Tensor) -> Any:
    if value.dim() != 4 or value.shape[1] not in (1, 3) or not value.is_floating_point():
        return None
    pixels = value[0].clamp(0, 1).permute(1, 2, 0).cpu().numpy()
    return pixels[..., 0] if pixels.shape[2] == 1 else pixels
