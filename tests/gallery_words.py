"""The gallery of word vectors: skip-gram with negative sampling, and a continuous bag of words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from drawings import Drawing
from example_drawings import finished
from graph.model import Port, Project
from graph.plan import Choice, Objective, Plan

_WORDS = 237  # different ones in the text, with its signs
_SIZE = _WORDS + 2  # with the numbers of no word and of an unknown one
_AROUND = [0, 1, 2, 4, 5, 6]  # the places of a window but for its middle
_NOISE = 5  # words that are drawn for each real one
_WIDTH = 24  # numbers in a vector


def word2vec_skipgram() -> Project:
    """A word tells those around it from words that are drawn (Mikolov et al., 2013)."""
    d = Drawing("SkipGram")
    middle, around = _windows(d)
    vector = _vectors(d, "word_vectors", middle)
    d.add("op.Output", "vector", vector)
    chance = d.add("op.Random", "chance", middle, shape=(len(_AROUND) * _NOISE,), distribution="uniform")
    drawn = f"((u * ({_WORDS + 1} ** 0.25 - 1) + 1) ** 4).long().clamp(max={_WORDS}) + 1"
    drawn = d.add("op.Expression", "drawn_words", chance, expression=drawn)
    real, made = (
        _products(d, name, vector, _vectors(d, f"{name}_vectors", words, shares))
        for name, words, shares in (("context", around, None), ("noise", drawn, "context_vectors"))
    )
    for name, scores, value, count in (("context", real, 1.0, 1), ("noise", made, 0.0, _NOISE)):
        answer = d.add("op.Full", "yes" if value else "no", scores, shape=(len(_AROUND) * count,), fill_value=value)
        d.add("nn.BCEWithLogitsLoss", f"{name}_loss", scores, answer)
    d.plan = _plan(0.01, epochs=12, losses=((d.id("context_loss"), 1.0), (d.id("noise_loss"), float(_NOISE))))
    return finished(d, "word2vec_skipgram")


def word2vec_cbow() -> Project:
    """The mean of the words around a place tells which word stands there (Mikolov et al., 2013)."""
    d = Drawing("CBOW", _plan(0.01, epochs=12))
    middle, around = _windows(d)
    vectors = _vectors(d, "word_vectors", around)
    mean = d.add("op.Mean", "mean_of_words", vectors, dim=(1,))
    scores = d.add("nn.Linear", "scores", mean, out_features=_SIZE, bias=False)
    d.add("nn.CrossEntropyLoss", "loss", scores, middle)
    d.add("metric.Accuracy", "accuracy", scores, middle)
    return finished(d, "word2vec_cbow")


def _plan(rate: float, *, epochs: int, **objective) -> Plan:
    adam = Choice("torch.optim.Adam", {"lr": rate})
    return Plan(epochs=epochs, batch_size=256, objectives=(Objective(optimizer=adam, **objective),))


def _windows(d: Drawing) -> tuple[Port, Port]:
    """The word in the middle of each window of the text, and the words around it."""
    d.add("data.Text", "village", source="builtin:village", tokens="words", length=len(_AROUND) + 1, stride=1)
    tokens = d.port("village", "input")
    middle = d.add("op.Select", "middle_word", tokens, dim=1, index=len(_AROUND) // 2)
    return middle, d.add("op.IndexSelect", "words_around", tokens, dim=1, index=_AROUND)


def _vectors(d: Drawing, name: str, words: Port, shares: str | None = None) -> Port:
    """A vector for each word, small at the start: what a word means is then learned, and not left over from there."""
    port = d.add("nn.Embedding", name, words, num_embeddings=_SIZE, embedding_dim=_WIDTH, shares=shares)
    if shares is None:
        small = Choice("torch.nn.init.normal_", {"std": 0.05})
        d.graph = d.graph.put(replace(d.graph.node_named(name), weight_init=small))
    return port


def _products(d: Drawing, name: str, vector: Port, others: Port) -> Port:
    """The scalar product of a vector with each of several others: batch × others."""
    product = "einsum('bd,bkd->bk', word, others)"
    return d.add("op.Expression", f"{name}_scores", vector, others, expression=product)


DRAW: dict[str, Callable[[], Project]] = {draw.__name__: draw for draw in (word2vec_skipgram, word2vec_cbow)}
