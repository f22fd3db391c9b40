"""What a trained encoder and decoder say for a source: token by token the likeliest, or by beam search.

The network reads the source and a prefix, and says what comes next; it is computed anew for each token. A decoder with teacher
forcing follows the prefix as it follows its teacher.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from graph.catalog import CATALOG
from graph.messages import RunError, msg
from graph.model import Port
from runtime.data import vocabulary as words
from runtime.data.sources import PAIRS
from runtime.data.text_files import read_text
from runtime.own_random import OwnRandom
from runtime.predict import Trained, predict_batch
from runtime.training.answers import find_question
from runtime.translation import Hypothesis, Translation

CHUNK = 256  # prefixes that the network reads at a time
NEVER_SAID = (words.PAD, words.BEGIN)

LogChances = Callable[[Sequence[int], Sequence[Sequence[int]]], Tensor]


@dataclass(frozen=True, slots=True)
class Said:
    """What was said so far, and the logarithm of its probability."""

    tokens: tuple[int, ...] = ()
    log_probability: float = 0.0

    @property
    def is_ended(self) -> bool:
        """Whether the end was said."""
        return self.tokens[-1:] == (words.END,)

    def score(self, alpha: float) -> float:
        """The logarithm of the probability divided by length ** alpha, as Wu et al. (2016) do with another measure of length."""
        return self.log_probability / max(1, len(self.tokens)) ** alpha


def is_translator(trained: Trained) -> bool:
    """Whether the network reads the sources of pairs and what was said so far, and learned what is said next."""
    return _node_of(trained) is not None


def translate(trained: Trained, texts: Sequence[str], *, beams: int = 1, alpha: float = 0.0) -> list[Translation]:
    """What the network says for each text.

    Beam search keeps the `beams` likeliest prefixes of each length; one that ends leaves the beam. With one beam the likeliest
    token is always taken. What that gives is a candidate of every beam search too, so that no wider beam finds a worse best one.

    Args:
        beams: how many prefixes are kept, and the most hypotheses that are given.
        alpha: hypotheses are ranked by log p / length ** alpha, where the length counts the end: 0 ranks by probability, which
            prefers short ones; 1 by the mean of a token.

    Raises:
        RunError: the network does not translate, a text has no token, or no output has a score for each token at each place.
        DataError: the vocabulary needs a package that is not installed.
    """
    network = _Network(trained, texts)
    found = search(network.log_chances, len(texts), width=beams, length=network.length)
    if beams > 1:
        greedy = search(network.log_chances, len(texts), width=1, length=network.length)
        found = [
            list({path.tokens: path for path in [*more, *one]}.values())
            for more, one in zip(found, greedy, strict=True)
        ]
    ranked = [sorted(paths, key=lambda path: -path.score(alpha))[:beams] for paths in found]
    return network.told(ranked, alpha)


def translate_file(trained: Trained, path: Path, *, beams: int = 1, alpha: float = 0.0) -> list[Translation]:
    """What the network says for each line of a text file that is not empty.

    Raises:
        DataError: the file is missing, is no text, or holds nothing but blanks.
        RunError: as `translate`.
    """
    lines = [line for line in read_text(path).split("\n") if line.strip()]
    return translate(trained, lines, beams=beams, alpha=alpha)


def search(log_chances: LogChances, count: int, *, width: int, length: int) -> list[list[Said]]:
    """The paths that beam search finds for each of `count` sources: those that ended, and those that reached the length.

    Args:
        log_chances: gives for prefixes of the sources with these numbers, all of the same length, the logarithms of the
            probabilities of the next token: prefixes × tokens.
    """
    live: list[list[Said]] = [[Said()] for _ in range(count)]
    ended: list[list[Said]] = [[] for _ in range(count)]
    for _ in range(length):
        rows = [row for row, paths in enumerate(live) for _ in paths]
        if not rows:
            break
        chances = log_chances(rows, [path.tokens for paths in live for path in paths])
        for row, part in enumerate(chances.split([len(paths) for paths in live])):
            grown = _grown(live[row], part, width)
            ended[row] += [path for path in grown if path.is_ended]
            live[row] = [path for path in grown if not path.is_ended]
    return [[*done, *cut] for done, cut in zip(ended, live, strict=True)]


def _grown(paths: Sequence[Said], chances: Tensor, width: int) -> list[Said]:
    """The likeliest paths that are longer by a token; of equal ones the first."""
    if not paths:
        return []
    before = torch.tensor([path.log_probability for path in paths], dtype=torch.float64)
    totals = (before.unsqueeze(1) + chances.double()).flatten()
    best = totals.argsort(descending=True, stable=True)[:width]
    size = chances.shape[1]
    return [
        Said((*paths[number // size].tokens, number % size), total)
        for number, total in zip(best.tolist(), totals[best].tolist(), strict=True)
        if total > -torch.inf
    ]


class _Network:
    """A trained network with the sources that it reads."""

    def __init__(self, trained: Trained, texts: Sequence[str]) -> None:
        node, question = _node_of(trained), find_question(trained.compiled)
        if node is None or question is None:
            raise RunError(
                msg("This network does not translate. Train one over a TextPairs node, with 'source' and 'target_in' as its "
                    "inputs and 'target_out' at the loss.")
            )  # fmt: skip
        values = CATALOG[PAIRS].values(trained.project.graph.nodes[node])
        self.trained, self.texts, self.node = trained, texts, node
        self.way, self.length = str(values["tokens"]), int(str(values["target_length"]))
        self.vocabulary = trained.statistics[node]["target"]
        self.asked = question.output
        self._check_scores()
        known = trained.statistics[node]["source"]
        self.rows = [row[: int(str(values["source_length"]))] for row in words.encode(texts, known, self.way)]
        if not all(self.rows):
            raise RunError(msg("There is nothing to translate. Write a text of at least one token."))
        self.source = torch.from_numpy(words.padded(self.rows, int(str(values["source_length"]))))
        self.source_tokens = [tuple(words.token_of(number, known) for number in row) for row in self.rows]

    def _check_scores(self) -> None:
        compiled = self.trained.compiled
        size, given = (
            compiled.analysis.spec(Port(self.node, "target_out")),
            compiled.analysis.spec(compiled.outputs[self.asked]),
        )
        assert size is not None and given is not None
        if given.shape[1:] != (size.classes, self.length):
            raise RunError(
                msg("No score for each of the {count} tokens at each of the {length} places leaves this network: it gives {given}. Give "
                    "the loss batch × tokens × places.", count=size.classes, length=self.length, given=given)
            )  # fmt: skip

    def log_chances(self, rows: Sequence[int], prefixes: Sequence[Sequence[int]]) -> Tensor:
        """The logarithms of the probabilities of the next token: prefixes × tokens; -inf for what is no token."""
        found = []
        for start in range(0, len(rows), CHUNK):
            part = slice(start, start + CHUNK)
            scores = self._outputs(rows[part], prefixes[part])[self.asked]
            last = torch.tensor([len(prefix) for prefix in prefixes[part]])  # the prefix begins one place later
            found.append(scores[torch.arange(len(scores)), :, last].float().log_softmax(1))
        chances = torch.cat(found)
        chances[:, NEVER_SAID] = -torch.inf
        chances[:, words.num_tokens(self.vocabulary) :] = -torch.inf
        return chances

    def told(self, ranked: Sequence[Sequence[Said]], alpha: float) -> list[Translation]:
        """The paths of each source as texts, with where the network looked."""
        pairs = [(row, path) for row, paths in enumerate(ranked) for path in paths]
        looks = iter(self._attention(pairs))
        told = [
            tuple(replace(self._hypothesis(path, alpha), attention=next(looks)) for path in paths) for paths in ranked
        ]
        return [Translation(*row) for row in zip(self.texts, self.source_tokens, told, strict=True)]

    def _hypothesis(self, path: Said, alpha: float) -> Hypothesis:
        numbers = path.tokens[:-1] if path.is_ended else path.tokens
        tokens = tuple(words.token_of(number, self.vocabulary) for number in numbers)
        text = words.joined(tokens, self.way)
        return Hypothesis(text, tokens, path.log_probability, path.score(alpha), path.is_ended)

    def _attention(self, pairs: Sequence[tuple[int, Said]]) -> list[np.ndarray | None]:
        """For each path, tokens × tokens of the source; the mean where the network gives several heads."""
        at = self._attention_output()
        if at is None:
            return [None] * len(pairs)
        found: list[np.ndarray | None] = []
        for start in range(0, len(pairs), CHUNK):
            part = pairs[start : start + CHUNK]
            weights = self._outputs([row for row, _ in part], [path.tokens for _, path in part])[at].float()
            weights = weights.mean(1) if weights.dim() == 4 else weights
            for (row, path), look in zip(part, weights.numpy(), strict=True):
                found.append(look[: len(path.tokens) - path.is_ended, : len(self.rows[row])].copy())
        return found

    def _attention_output(self) -> int | None:
        """The output of the network whose last dimensions are places of the target and places of the source."""
        compiled, wanted = self.trained.compiled, (self.length, self.source.shape[1])
        for number, port in enumerate(compiled.outputs):
            spec = compiled.analysis.spec(port)
            if number != self.asked and spec is not None and len(spec.shape) in (3, 4) and spec.shape[-2:] == wanted:
                return number
        return None

    def _outputs(self, rows: Sequence[int], prefixes: Sequence[Sequence[int]]) -> tuple[Tensor, ...]:
        begun = torch.from_numpy(words.padded([[words.BEGIN, *prefix] for prefix in prefixes], self.length))
        inputs = {Port(self.node, "source"): self.source[list(rows)], Port(self.node, "target_in"): begun}
        with following(self.trained.model):
            return predict_batch(self.trained, inputs)


@contextmanager
def following(model: nn.Module) -> Iterator[None]:
    """Decoders with teacher forcing take each token of their teacher, as in training with a ratio of 1; the rest evaluates."""
    led: list[Any] = [module for module in model.modules() if type(module).__name__ == "TeacherForcing"]
    before = [(module.ratio, module.decay, module.training) for module in led]
    with OwnRandom(0):  # what a teacher draws is not used, and a run beside this goes on as before
        try:
            for module in led:
                module.ratio, module.decay, module.training = 1.0, "constant", True
            yield
        finally:
            for module, (ratio, decay, is_training) in zip(led, before, strict=True):
                module.ratio, module.decay, module.training = ratio, decay, is_training


def _node_of(trained: Trained) -> str | None:
    """The node of the pairs, where the network takes their sources and what was said so far, and its loss what is said next."""
    question = find_question(trained.compiled)
    if question is None:
        return None
    node = question.target.node
    wanted = {Port(node, "source"), Port(node, "target_in")}
    is_pairs = CATALOG[trained.project.graph.nodes[node].type].id == PAIRS and question.target == Port(
        node, "target_out"
    )
    return node if is_pairs and set(trained.compiled.inputs) == wanted else None
