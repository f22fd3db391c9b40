"""Text that a trained language model writes on, token by token.

Each token is drawn from what the network says after the last tokens that it reads at a time. The network reads them anew for
each token: nothing is kept from one to the next.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from graph.catalog import CATALOG
from graph.messages import RunError, msg
from runtime.data import vocabulary as words
from runtime.predict import Trained
from runtime.predict_texts import is_language_model, next_chances

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


def write_on(trained: Trained, prompt: str, sampling: Sampling, *, seed: int = 0) -> Iterator[str]:
    """What follows a prompt, without end: a piece of text for each token. The same seed gives the same text.

    Raises:
        RunError: the network is no language model, the prompt has no token, or is too short for the network.
        DataError: the vocabulary needs a package that is not installed.
    """
    if not is_language_model(trained):
        raise RunError(
            msg("This network does not continue texts. Train one over a Text node, with its 'target' at the loss.")
        )
    ((port,), node) = trained.compiled.inputs, trained.project.graph.nodes[trained.compiled.inputs[0].node]
    values, vocabulary = CATALOG[node.type].values(node), trained.statistics[port.node]["text"]
    way, length = str(values["tokens"]), int(str(values["length"]))
    (numbers,) = words.encode([prompt], vocabulary, way)
    if not numbers:
        raise RunError(msg("There is nothing to continue. Write a prompt of at least one token."))
    known = words.num_tokens(vocabulary)
    generator, text = Generator().manual_seed(seed), prompt
    while True:
        window = torch.from_numpy(words.padded([numbers[-length:]], length))
        chances = next_chances(trained, window, [text])[0].clone()
        chances[[words.PAD, words.UNKNOWN]] = chances[known:] = 0.0  # no text has them
        number = int(torch.multinomial(shaped(chances / chances.sum(), sampling), 1, generator=generator))
        numbers.append(number)
        piece = _piece(words.token_of(number, vocabulary), way, text)
        text += piece
        yield piece


def _piece(token: str, way: str, before: str) -> str:
    """What a token adds to a text."""
    if way == words.CHARACTERS:
        return token
    if way == words.BPE:
        return token.replace("▁", " ")
    return token if token in _CLOSE or not before or before[-1].isspace() else f" {token}"
