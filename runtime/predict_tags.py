"""What a trained tagger says of the words of sentences, each a line of a text file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from graph.catalog import CATALOG
from graph.model import Port
from runtime.data.sources import TAGGED
from runtime.data.text_files import read_text
from runtime.predict import Trained, inputs_of, predict_batch
from runtime.training.answers import Question, find_question

CHUNK = 256  # sentences that the network reads at a time


@dataclass(frozen=True, slots=True)
class TaggedLine:
    """Words, the tag of each, and how sure the network is. `left_out` words did not fit into its window."""

    words: tuple[str, ...]
    tags: tuple[str, ...]
    shares: tuple[float, ...]
    left_out: int = 0


def is_tagger(trained: Trained) -> bool:
    """Whether the network reads sentences and learned the tags of their words."""
    return _question(trained) is not None


def tag_file(trained: Trained, path: Path) -> list[TaggedLine]:
    """The tags of the words of each line, which blanks separate.

    Raises:
        DataError: the file is missing, is no text, or holds nothing but blanks.
    """
    question, inputs = _question(trained), inputs_of(trained, path)
    assert question is not None
    ((port, numbers),) = inputs.items()
    names = trained.statistics[port.node]["tags"]
    sentences = [line.split() for line in read_text(path).split("\n") if line.strip()]
    rows = (row for part in numbers.split(CHUNK) for row in _tags_of(trained, question, port, part))
    found = []
    for words, (shares, tags) in zip(sentences, rows, strict=True):
        count = min(len(words), len(tags))
        said = tuple(names[tag] for tag in tags[:count])
        found.append(TaggedLine(tuple(words[:count]), said, tuple(shares[:count]), len(words) - count))
    return found


def _question(trained: Trained) -> Question | None:
    """What the loss asks of each word; None where it asks something else."""
    ports, question = trained.compiled.inputs, find_question(trained.compiled)
    if len(ports) != 1 or CATALOG[trained.project.graph.nodes[ports[0].node].type].id != TAGGED:
        return None
    asks = (
        question is not None and question.probabilities is not None and question.target == Port(ports[0].node, "tags")
    )
    return question if asks else None


def _tags_of(
    trained: Trained, question: Question, port: Port, numbers: Tensor
) -> Iterator[tuple[list[float], list[int]]]:
    """For each sentence the shares and the numbers of the likeliest tags of all its places."""
    scores = predict_batch(trained, {port: numbers})[question.output]
    assert question.probabilities is not None
    shares, tags = question.probabilities(scores).max(1)
    yield from zip(shares.reshape(numbers.shape).tolist(), tags.reshape(numbers.shape).tolist(), strict=True)
