"""Drawings over texts, for tests."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from drawings import Drawing
from graph.model import Node, Port, Project
from graph.plan import Plan
from runtime.data import describe, prepare
from runtime.data.records import Prepared
from trainings import with_facts

WORDS = "red green blue round small large warm cold soft loud quick slow".split()


def text_node(kind: str, **params) -> Node:
    """A node of texts that has read its data."""
    node = Node("n1", f"layerloom.data.{kind}", "data", params)
    return replace(node, facts=describe(node))


def prepared(kind: str, port: str, plan: Plan | None = None, **params) -> Prepared:
    """The data of a node of texts, whose output `port` goes into an embedding."""
    d = Drawing("Net", plan or Plan(seed=5))
    d.add(f"data.{kind}", "data", **params)
    d.add("nn.Embedding", "embedding", d.port("data", port), num_embeddings=10_000)
    return prepare(with_facts(d.project))


def char_lm(plan: Plan, source: Path | str = "builtin:sonnets", **params) -> Project:
    """A language model: embedding, GRU, and a score for each character, brought to where the loss wants classes."""
    d = Drawing("CharLM", plan)
    d.add("data.Text", "text", source=str(source), length=32, **params)
    x = d.add("nn.Embedding", "embedding", d.port("text", "input"), num_embeddings=58, embedding_dim=16)
    x = d.add("nn.Linear", "scores", d.add("nn.GRU", "gru", x, hidden_size=32), out_features=58)
    scores: Port = d.add("op.Transpose", "by_class", x, dim0=1, dim1=2)
    d.add("nn.CrossEntropyLoss", "loss", scores, d.port("text", "target"))
    return with_facts(d.project)
