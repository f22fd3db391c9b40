"""The gallery of texts and sequences: classes of reviews, tags of words, and what recurrent layers remember."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from drawings import Drawing
from example_drawings import finished
from graph.model import Port, Project
from graph.plan import Choice, Objective, Plan

_WORDS = 53  # that the reviews are made of, with the numbers of no word and of an unknown one


def reviews_mean() -> Project:
    """The mean of the word vectors tells good reviews from bad ones, but not who is said to be not good."""
    d = Drawing("ReviewsMean", _plan(0.01, epochs=20, patience=5))
    tokens = _reviews(d)
    x = d.add("nn.Embedding", "embedding", tokens, num_embeddings=_WORDS, embedding_dim=16, padding_idx=0)
    mean = "vectors.sum(1) / (tokens > 0).sum(1, keepdim=True)"
    d.add("op.Expression", "mean_of_words", x, tokens, expression=mean)
    _good_or_bad(d, d.port("mean_of_words"))
    return finished(d, "reviews_mean")


def reviews_textcnn() -> Project:
    """Kim's network: filters over two, three and four words, and the strongest answer of each."""
    d = Drawing("ReviewsTextCNN", _plan(0.002, epochs=15, patience=5))
    tokens = _reviews(d)
    x = d.add("nn.Embedding", "embedding", tokens, num_embeddings=_WORDS, embedding_dim=32, padding_idx=0)
    x = d.add("op.Transpose", "channels_first", x, dim0=1, dim1=2)
    found = []
    for words in (2, 3, 4):
        y = d.add("nn.Conv1d", f"conv{words}", x, out_channels=32, kernel_size=words)
        y = d.add("nn.ReLU", f"relu{words}", y)
        found.append(d.add("op.Max", f"strongest{words}", y))
    x = d.add("op.Concatenate", "concat", *found)
    _good_or_bad(d, d.add("nn.Dropout", "dropout", x, p=0.5))
    return finished(d, "reviews_textcnn")


def deep_bigru() -> Project:
    """Two bidirectional GRUs on top of each other; the largest value over the places that hold a word."""
    d = Drawing("DeepBiGRU", _plan(0.003, epochs=8, patience=3, clip="norm"))
    tokens = _reviews(d)
    x = d.add("nn.Embedding", "embedding", tokens, num_embeddings=_WORDS, embedding_dim=32, padding_idx=0)
    x = d.add("nn.GRU", "gru", x, hidden_size=32, num_layers=2, dropout=0.3, bidirectional=True)
    largest = "where((tokens > 0).unsqueeze(-1), states, -1.0).amax(1)"
    d.add("op.Expression", "largest_of_words", tokens, x, expression=largest)
    _good_or_bad(d, d.port("largest_of_words"))
    return finished(d, "deep_bigru")


def tagger_bilstm() -> Project:
    """A part of speech for each word, from what stands before it and after it."""
    d = Drawing("TaggerBiLSTM", _plan(0.005, epochs=10, patience=3, clip="norm"))
    d.add("data.TaggedTexts", "sentences", length=12)
    tokens, tags = d.port("sentences", "tokens"), d.port("sentences", "tags")
    x = d.add("nn.Embedding", "embedding", tokens, num_embeddings=49, embedding_dim=16, padding_idx=0)
    x = d.add("nn.LSTM", "lstm", x, hidden_size=32, bidirectional=True)
    x = d.add("nn.Linear", "logits", x, out_features=7)
    scores = d.add("op.Transpose", "by_class", x, dim0=1, dim1=2)
    d.add("nn.CrossEntropyLoss", "loss", scores, tags, ignore_index=-100)
    d.add("metric.Accuracy", "accuracy", scores, tags, ignore_index=-100)
    d.add("metric.ExactMatch", "exact_match", scores, tags, ignore_index=-100)
    return finished(d, "tagger_bilstm")


def memory_rnn() -> Project:
    """A plain RNN that has read a short review, and many empty places after it; with seed 0 it never learns to keep the words."""
    return finished(_memory("RNN", epochs=20), "memory_rnn")


def memory_lstm() -> Project:
    """An LSTM at the same task; biases that are far apart leave some forget gates open from the start."""
    d = _memory("LSTM", epochs=30)
    wide = Choice("torch.nn.init.uniform_", {"a": -1.0, "b": 3.0})
    d.graph = d.graph.put(replace(d.graph.node_named("lstm"), bias_init=wide))
    return finished(d, "memory_lstm")


def memory_gru() -> Project:
    """A GRU at the same task, which learns it as it is."""
    return finished(_memory("GRU", epochs=8), "memory_gru")


def _memory(kind: str, epochs: int) -> Drawing:
    """Good or bad, from the last state alone: after 32 places, most of which only fill up."""
    d = Drawing(f"Memory{kind}", _plan(0.005, epochs=epochs, clip="norm"))
    x = d.add("nn.Embedding", "embedding", _reviews(d, 32), num_embeddings=_WORDS, embedding_dim=32, padding_idx=0)
    states = d.add(f"nn.{kind}", kind.lower(), x, hidden_size=32)
    _good_or_bad(d, d.add("op.Select", "last_state", states, dim=1, index=-1))
    return d


def _plan(lr: float, clip: str = "none", **more) -> Plan:
    """Adam at a learning rate."""
    return Plan(objectives=(Objective(optimizer=Choice("torch.optim.Adam", {"lr": lr}), clip=clip),), **more)


def _reviews(d: Drawing, length: int = 12) -> Port:
    """The words of the reviews, filled up to a length."""
    d.add("data.LabeledTexts", "reviews", length=length)
    return d.port("reviews", "tokens")


def _good_or_bad(d: Drawing, x: Port) -> None:
    """Two scores, their loss and their accuracy."""
    logits, label = d.add("nn.Linear", "logits", x, out_features=2), d.port("reviews", "label")
    d.add("nn.CrossEntropyLoss", "loss", logits, label)
    d.add("metric.Accuracy", "accuracy", logits, label)


DRAW: dict[str, Callable[[], Project]] = {
    "reviews_mean": reviews_mean,
    "reviews_textcnn": reviews_textcnn,
    "tagger_bilstm": tagger_bilstm,
    "memory_rnn": memory_rnn,
    "memory_lstm": memory_lstm,
    "memory_gru": memory_gru,
    "deep_bigru": deep_bigru,
}
