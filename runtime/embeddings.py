"""What a network has learned about words and samples, as points in space: tables of embeddings, and what leaves a node for the
samples of the test; nearest words and analogies by the cosine of the angle between two points.

Importable without torch, which loads when a network is asked.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from graph.catalog import CATALOG, Role
from graph.messages import DataError, RunError, msg
from graph.model import Node, NodeId, Port
from graph.topology import ancestors, execution_order

if TYPE_CHECKING:
    from torch import Tensor, nn

    from runtime.predict import Trained

MAX_POINTS = 5000  # rows of a table: those of the most frequent words
MAX_SAMPLES = 1000
MAX_NUMBERS = 4096  # that leave a node for one sample
BATCH = 256
CAPTION = 12  # tokens of a text that say which it is
NEAREST = 10

_TABLES = ("torch.nn.Embedding", "torch.nn.EmbeddingBag")
_PLACES = ("layerloom.Positions", "layerloom.ArgMax", "layerloom.ArgMin")  # whole numbers that are no tokens
_STATISTICS = {
    "source": "source",
    "target_in": "target",
    "target_out": "target",
}  # of the ports of pairs; "text" elsewhere
_SHOWN = str.maketrans({"\n": "↵", " ": "␣", "\t": "⇥"})


class Kind(Enum):
    """What is looked at: the rows of a table, or what leaves a node for each sample."""

    TABLE = auto()
    LAYER = auto()


class Choice(NamedTuple):
    """Something to look at. `name` is the path of a table in the model, as in its `state_dict`, or the name of a node.

    `numbers` are those of a point; `words` says whether its points are words.
    """

    kind: Kind
    name: str
    node: NodeId
    numbers: int
    words: bool = False
    port: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Cloud:
    """Points (float32, points × numbers), each with a caption, and with a class (a place in `classes`) where one is known.

    `total` is how many there are; those beyond some thousands are left out.
    """

    choice: Choice
    points: np.ndarray
    captions: tuple[str, ...]
    total: int
    labels: np.ndarray | None = None
    classes: tuple[str, ...] = ()


class Neighbor(NamedTuple):
    """A point near another: its row, its caption, and the cosine of the angle between both, from -1 to 1."""

    row: int
    caption: str
    similarity: float


def choices(trained: Trained) -> tuple[Choice, ...]:
    """What of a network can be looked at, what says most first: tables of words; then nodes from the last one backwards, without
    those that the network gives; then other tables, and what the network gives.
    """
    found = [*_tables(trained), *_layers(trained)]
    outputs = set(trained.compiled.outputs)

    def rank(choice: Choice) -> int:
        if choice.kind is Kind.TABLE:
            return 0 if choice.words else 2
        return 3 if Port(choice.node, choice.port) in outputs else 1

    return tuple(sorted(found, key=rank))


def cloud(trained: Trained, choice: Choice) -> Cloud:
    """The points of something to look at; of samples those of the test part.

    Raises:
        RunError: the network has no such table or node, the plan sets no samples aside, or a layer cannot compute them.
        DataError: the data of the run is missing or has changed.
    """
    if choice not in choices(trained):
        raise RunError(msg("The network has no '{name}' to look at. Choose another part of it.", name=choice.name))
    made = _cloud_of_table(trained, choice) if choice.kind is Kind.TABLE else _cloud_of_samples(trained, choice)
    if not np.isfinite(made.points).all():
        raise RunError(
            msg("'{name}' holds numbers that are not finite: the network has diverged. Train it again, with a smaller learning rate.",
                name=choice.name)
        )  # fmt: skip
    return made


def nearest(trained: Trained, name: str, word: str, count: int = NEAREST) -> tuple[Neighbor, ...]:
    """The words whose vectors point most nearly in the direction of a word's, the nearest first.

    Args:
        name: of a table, as in `Choice`.

    Raises:
        RunError: there is no such table of words, or the word is not in it.
    """
    words = _table_of_words(trained, name)
    row = row_of(words, word)
    return near(words, words.points[row], count, without=(row,))


def analogy(trained: Trained, name: str, a: str, b: str, c: str, count: int = NEAREST) -> tuple[Neighbor, ...]:
    """Which words are to c as b is to a: those nearest to b - a + c, all of length 1 (Mikolov, Yih and Zweig, 2013).

    Raises:
        RunError: there is no such table of words, or a word is not in it.
    """
    words = _table_of_words(trained, name)
    rows = [row_of(words, word) for word in (a, b, c)]
    first, second, third = _unit(words.points[rows])
    return near(words, second - first + third, count, without=rows)


def near(
    points: Cloud, place: np.ndarray, count: int = NEAREST, *, without: Sequence[int] = ()
) -> tuple[Neighbor, ...]:
    """The points in the direction nearest to that of a place (numbers), nearest first; equal ones in their order."""
    cosines = _unit(points.points) @ _unit(place[None])[0]
    order = np.argsort(-cosines, kind="stable")
    rows = order[~np.isin(order, without)][:count].tolist()
    return tuple(Neighbor(row, points.captions[row], float(cosines[row])) for row in rows)


def row_of(points: Cloud, caption: str) -> int:
    """Where the point with that caption is, in small or capital letters.

    Raises:
        RunError: there is none.
    """
    for spelled in (caption, caption.translate(_SHOWN)):
        if spelled in points.captions:
            return points.captions.index(spelled)
    folded = [known.casefold() for known in points.captions]
    if caption.casefold() in folded:
        return folded.index(caption.casefold())
    raise RunError(
        msg("'{word}' is not among the {count} words that '{name}' knows. Choose one of the text that it was trained on.",
            word=caption, count=len(points.captions), name=points.choice.name)
    )  # fmt: skip


def _unit(points: np.ndarray) -> np.ndarray:
    """Each row with the length 1; zeros stay zeros."""
    lengths = np.linalg.norm(points, axis=1, keepdims=True)
    return points / np.where(lengths > 0, lengths, 1)


# ---- tables


def _table_of_words(trained: Trained, name: str) -> Cloud:
    tables = [choice for choice in choices(trained) if choice.kind is Kind.TABLE and choice.words]
    for choice in tables:
        if choice.name == name:
            return _cloud_of_table(trained, choice)
    if not tables:
        raise RunError(msg("The network has no table of word vectors: no Embedding takes the words of a text."))
    known = ", ".join(choice.name for choice in tables)
    raise RunError(msg("The network has no word vectors '{name}'. It has: {known}.", name=name, known=known))


def _tables(trained: Trained) -> Iterator[Choice]:
    for path, module in _embeddings(trained.model):
        node = _node_at(trained, path)
        if node is not None:
            words = _vocabulary_of(trained, node, len(module.weight)) is not None
            yield Choice(Kind.TABLE, path, node.id, module.weight.shape[1], words)


def _embeddings(model: nn.Module) -> Iterator[tuple[str, nn.Embedding | nn.EmbeddingBag]]:
    from torch import nn

    return (
        (path, module) for path, module in model.named_modules() if isinstance(module, (nn.Embedding, nn.EmbeddingBag))
    )


def _node_at(trained: Trained, path: str) -> Node | None:
    """The node of the drawing that holds a module: an instance of a block where it is inside of one."""
    return trained.compiled.project.graph.node_named(path.partition(".")[0])


def _cloud_of_table(trained: Trained, choice: Choice) -> Cloud:
    from runtime.data import vocabulary as words

    node, weight = _node_at(trained, choice.name), trained.model.get_parameter(f"{choice.name}.weight")
    assert node is not None, choice
    table = weight.detach().float().cpu().numpy()
    vocabulary = _vocabulary_of(trained, node, len(table))
    if vocabulary is None:
        captions = tuple(map(str, range(min(len(table), MAX_POINTS))))
        return Cloud(choice, table[:MAX_POINTS].copy(), captions, len(table))
    tokens = [words.token_of(number, vocabulary) for number in range(words.num_tokens(vocabulary))]
    first = next((i for i, token in enumerate(tokens) if token not in words.SPECIALS), len(tokens))
    shown = slice(first, first + MAX_POINTS)
    captions = tuple(token.translate(_SHOWN) for token in tokens[shown])
    return Cloud(choice, table[: len(tokens)][shown].copy(), captions, len(tokens) - first)


def _vocabulary_of(trained: Trained, node: Node, rows: int) -> Any:
    """The vocabulary whose numbers arrive at a node, or at one that shares its weights; None where there is not exactly one, or it
    does not fit into so many rows. A block may hold tables of other things too: there it must fit exactly.
    """
    from runtime.data.vocabulary import num_tokens

    graph = trained.compiled.project.graph
    same = [n.id for n in graph.nodes.values() if node.id in (n.id, n.shares)]
    found: dict[int, Any] = {}
    for port in (source for i in same for source in graph.inputs(i).values()):
        found |= {id(vocabulary): vocabulary for vocabulary in _arriving(trained, port)}
    if len(found) != 1:
        return None
    (vocabulary,) = found.values()
    count = num_tokens(vocabulary)
    return vocabulary if (count <= rows if node.type in _TABLES else count == rows) else None


def _arriving(trained: Trained, port: Port) -> Iterator[Any]:
    """The vocabularies of the texts whose tokens come to a wire, through nodes that pass whole numbers on."""
    graph, known = trained.compiled.project.graph, set()
    waiting = [port]
    while waiting:
        port = waiting.pop()
        spec = trained.compiled.analysis.spec(port)
        if port in known or spec is None or "int" not in spec.dtype or graph.nodes[port.node].type in _PLACES:
            continue
        known.add(port)
        vocabulary = vocabulary_at(trained, port)
        if vocabulary is not None:
            yield vocabulary
        waiting += graph.inputs(port.node).values()


def vocabulary_at(trained: Trained, port: Port) -> Any:
    """The vocabulary of a port of a data node with texts; None for all others, such as that of the tags of words."""
    found = trained.statistics.get(port.node, {}).get(_STATISTICS.get(port.name, "text"))
    is_text = isinstance(found, dict) and ("tokens" in found or "bpe" in found)
    return found if is_text and port.name not in ("label", "tags") else None


# ---- layers


def _layers(trained: Trained) -> Iterator[Choice]:
    """The nodes on the way to what the network gives that make fractions, the last one first."""
    graph, catalog = trained.compiled.project.graph, trained.compiled.project.catalog
    ends = {port.node for port in trained.compiled.outputs}
    needed = ancestors(graph, ends) | ends
    for node in reversed(execution_order(graph)):
        node_type = catalog.of(graph.nodes[node]) if node in needed else None
        if node_type is None or node_type.role is Role.DATA or node_type.id in _TABLES or not node_type.outputs:
            continue
        port = Port(node, node_type.outputs[0].name)
        numbers = _numbers_of(trained, port)
        if 2 <= numbers <= MAX_NUMBERS:
            yield Choice(Kind.LAYER, graph.nodes[node].name, node, numbers, port=port.name)


def _numbers_of(trained: Trained, port: Port) -> int:
    """How many numbers leave a port for one sample; 0 where they are not a fixed number of fractions for each sample."""
    spec = trained.compiled.analysis.spec(port)
    if spec is None or "float" not in spec.dtype or spec.shape[:1] != ("B",):
        return 0
    sizes = spec.shape[1:]
    return prod(size for size in sizes if isinstance(size, int)) if all(isinstance(s, int) for s in sizes) else 0


def _cloud_of_samples(trained: Trained, choice: Choice) -> Cloud:
    import torch

    from runtime.insight import Place, insight_of
    from runtime.training.answers import find_question

    inputs, question = trained.compiled.inputs, find_question(trained.compiled)
    tensors = _test_samples(trained, [*inputs, question.target] if question else inputs)
    batch, target = tensors[: len(inputs)], tensors[-1] if question else None
    insight, place = insight_of(trained), Place(Port(choice.node, choice.port))
    rows: list[Tensor] = []
    for piece in zip(*(tensor.split(BATCH) for tensor in batch), strict=True):
        value = insight.look(dict(zip(inputs, piece, strict=True)), losses=False, only=(place,)).value(place)
        if value is None or len(value) != len(piece[0]):
            raise RunError(msg("Nothing leaves '{name}' for single samples. Choose another part.", name=choice.name))
        rows.append(value.float().reshape(len(value), -1))
    points = torch.cat(rows).cpu().numpy()
    labels = _labels(target, len(trained.classes))
    classes = trained.classes if labels is not None else ()
    return Cloud(choice, points, _captions(trained, inputs[0], batch[0]), len(points), labels, classes)


def _test_samples(trained: Trained, ports: Sequence[Port]) -> tuple[Tensor, ...]:
    """The first samples of the test part.

    Raises:
        RunError: there are none, or not for all ports.
    """
    from runtime.asked_samples import TEST, part_of

    part = part_of(trained, TEST)
    if not part.count:
        raise RunError(msg("No samples were set aside for the test. Give the test part a share of the split."))
    for port in ports:
        if port not in part.ports:
            name = trained.compiled.project.graph.nodes[port.node].name
            raise DataError(msg("'{name}' stands for data that is not there. Put a data node in its place.", name=name))
    return part.head(MAX_SAMPLES, ports=ports)


def _labels(target: Tensor | None, classes: int) -> np.ndarray | None:
    """The class of each sample, if it has exactly one."""
    if target is None or target.dim() != 1 or target.is_floating_point() or classes < 2:
        return None
    return target.cpu().numpy() if int(target.min()) >= 0 and int(target.max()) < classes else None


def _captions(trained: Trained, port: Port, samples: Tensor) -> tuple[str, ...]:
    """The beginning of each text; "1", "2", ... for samples that are no texts."""
    from runtime.data import vocabulary as words

    vocabulary = vocabulary_at(trained, port)
    if vocabulary is None:
        return tuple(str(number) for number in range(1, len(samples) + 1))
    is_of_characters = (
        CATALOG[trained.compiled.project.graph.nodes[port.node].type]
        .values(trained.compiled.project.graph.nodes[port.node])
        .get("tokens", "words")
        == words.CHARACTERS
    )
    between, length = ("", 4 * CAPTION) if is_of_characters else (" ", CAPTION)
    return tuple(between.join(words.decode(row[:length], vocabulary)).replace("\n", "↵") for row in samples.tolist())
