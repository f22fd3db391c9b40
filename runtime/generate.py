"""Text that a trained language model writes on, token by token.

Each token is drawn from what the network says after the last tokens, as many as it reads at a time. What it read is kept
from one token to the next where the network allows that (`runtime.cached`), which changes no token.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from graph.catalog import CATALOG
from graph.messages import Message, RunError, msg
from runtime.cached import NotContinuable, Reader
from runtime.data import vocabulary as words
from runtime.predict import Trained
from runtime.predict_texts import as_chances, classes_at, is_language_model, next_chances
from runtime.training.answers import find_question

GREEDY = 0.0  # the temperature at which the likeliest token is always taken
_CLOSE = frozenset(".,;:!?%)]}’”'…")  # signs that stand close to the word before


@dataclass(frozen=True, slots=True)
class Sampling:
    """How a token is drawn. `temperature` divides the scores: below 1 the likely tokens become likelier, at 0 the likeliest is taken.

    `top_k` leaves the k likeliest tokens (0: all); `top_p` the fewest whose probabilities add up to p (Holtzman et al., "The
    Curious Case of Neural Text Degeneration", 2020).
    """

    temperature: float = 1.0
    top_k: int = 0
    top_p: float = 1.0


def shaped(chances: Tensor, sampling: Sampling) -> Tensor:
    """Probabilities (of shape tokens) as a token is drawn from them."""
    if sampling.temperature == GREEDY:
        return torch.nn.functional.one_hot(chances.argmax(), len(chances)).to(chances)
    chances = (chances.log() / sampling.temperature).softmax(0)
    order = chances.argsort(descending=True, stable=True)
    keep = torch.ones(len(chances), dtype=torch.bool)
    if sampling.top_k:
        keep[sampling.top_k :] = False
    if sampling.top_p < 1:
        before = chances[order].cumsum(0) - chances[order]
        keep &= before < sampling.top_p
    kept = torch.zeros_like(chances)
    kept[order[keep]] = chances[order[keep]]
    return kept / kept.sum()


def write_on(trained: Trained, prompt: str, sampling: Sampling, *, seed: int = 0, cached: bool = True) -> Writing:
    """What follows a prompt, without end: a piece of text for each token. The same seed gives the same text.

    Args:
        cached: keep what was read, where the network allows it: much less to compute, and the same tokens.

    Raises:
        RunError: the network is no language model, the prompt has no token, or is too short for the network.
        DataError: the vocabulary needs a package that is not installed.
    """
    return Writing(_Language(trained), prompt, sampling, seed=seed, cached=cached)


def next_tokens(trained: Trained, text: str, count: int, sampling: Sampling = Sampling()) -> list[tuple[str, float]]:
    """The tokens that most likely follow a text, at most `count`, with their probabilities, the likeliest first.

    They are those that `write_on` would draw the first token from.

    Raises:
        RunError, DataError: as `write_on`.
    """
    language = _Language(trained)
    numbers = language.numbers(text)[-language.length :]
    chances = shaped(language.possible(language.chances(numbers, text)), sampling)
    chances, order = chances.sort(descending=True, stable=True)
    best = [(number, chance) for number, chance in zip(order.tolist(), chances.tolist(), strict=True) if chance > 0]
    return [(words.token_of(number, language.vocabulary), chance) for number, chance in best[:count]]


class Writing(Iterator[str]):
    """The pieces of a text that is written on, one for each token that is drawn; each is computed when it is asked for, in
    whatever thread asks.

    The network reads the tokens from place `begin` of the text on, at most as many as fit its window. When the window is full,
    its older quarter is left out and the rest read anew, as its tokens now have other places; a network that answers
    for whole windows alone gets the last one each time.

    `reason` says why a network reads its whole window for each token; None where it keeps what it read.
    """

    def __init__(self, language: _Language, prompt: str, sampling: Sampling, *, seed: int, cached: bool) -> None:
        self._language, self._sampling, self.text = language, sampling, prompt
        self._generator = Generator().manual_seed(seed)
        self._numbers = language.numbers(prompt)
        self.begin = max(0, len(self._numbers) - language.length)
        self._read = 0  # how many tokens of the window the reader knows
        self.reason: Message | None = None
        self._reader = self._find_reader() if cached else None

    def __next__(self) -> str:
        language, length = self._language, self._language.length
        if len(self._numbers) - self.begin > length:
            self.begin = len(self._numbers) - (length if language.is_whole else length - length // 4)
            self._read = 0
        chances = language.possible(self._chances())
        number = int(torch.multinomial(shaped(chances, self._sampling), 1, generator=self._generator))
        self._numbers.append(number)
        piece = _piece(words.token_of(number, language.vocabulary), language.way, self.text)
        self.text += piece
        return piece

    def _find_reader(self) -> Reader | None:
        try:
            return self._language.reader()
        except NotContinuable as found:
            self.reason = found.reason
            return None

    def _chances(self) -> Tensor:
        window = self._numbers[self.begin :]
        if self._reader is None:
            return self._language.chances(window, self.text)
        scores = self._reader.read(window[self._read :], self._read)
        self._read = len(window)
        return as_chances(scores[0])


class _Language:
    """A trained language model with what its Text node says: the vocabulary, the way of cutting texts, the length of a window."""

    def __init__(self, trained: Trained) -> None:
        if not is_language_model(trained):
            raise RunError(
                msg("This network does not continue texts. Train one over a Text node, with its 'target' at the loss.")
            )
        (port,) = trained.compiled.inputs
        node, question = trained.project.graph.nodes[port.node], find_question(trained.compiled)
        values = CATALOG[node.type].values(node)
        self.trained, self.vocabulary = trained, trained.statistics[port.node]["text"]
        self.way, self.length = str(values["tokens"]), int(str(values["length"]))
        self._output, self._is_asked = question.output if question else 0, question is not None
        source, scores = (trained.compiled.analysis.spec(p) for p in (port, trained.compiled.outputs[self._output]))
        assert source is not None and source.classes is not None and scores is not None
        self._size, self._shape = source.classes, scores.shape

    @property
    def is_whole(self) -> bool:
        """Whether the network gives one answer for a window."""
        return self._shape[1:] == (self._size,)

    def numbers(self, text: str) -> list[int]:
        """The numbers of the tokens of a text, of which there must be some."""
        (numbers,) = words.encode([text], self.vocabulary, self.way)
        if not numbers:
            raise RunError(msg("There is nothing to continue. Write a prompt of at least one token."))
        return numbers

    def chances(self, numbers: list[int], text: str) -> Tensor:
        """The probability of each token after these, at most a window full; `text` is what they are, for messages."""
        window = torch.from_numpy(words.padded([numbers], self.length))
        return next_chances(self.trained, window, [text])[0]

    def possible(self, chances: Tensor) -> Tensor:
        """The same without what no text has: what fills up or is unknown."""
        chances = chances.clone()
        chances[[words.PAD, words.UNKNOWN]] = chances[words.num_tokens(self.vocabulary) :] = 0.0
        return chances / chances.sum()

    def reader(self) -> Reader:
        """Reads tokens on.

        Raises:
            NotContinuable: this network cannot.
        """
        axis = classes_at(self._shape, length=self.length, size=self._size, is_asked=self._is_asked)
        if axis is None:
            raise NotContinuable(msg("Its output does not give scores for each place."))
        return Reader(self.trained, self._output, length=self.length, size=self._size, axis=axis - 3)


def _piece(token: str, way: str, before: str) -> str:
    """What a token adds to a text."""
    if way == words.CHARACTERS:
        return token
    if way == words.BPE:
        return token.replace("▁", " ")
    return token if token in _CLOSE or not before or before[-1].isspace() else f" {token}"
