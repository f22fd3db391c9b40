"""Writing with what was read kept, against reading the whole window for each token: prints tokens a second of CPU time and the ratio.

Two examples of the gallery, as small as they are, and a Transformer of 4 layers of 256 numbers over windows of 256 characters.
The weights are the first ones; the tokens are the same both ways.

    python tests/benchmarks/bench_generate.py [--count 300] [--rounds 3]
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[1]), str(Path(__file__).resolve().parents[2])]

import pytest
import torch

from drawings import Drawing
from graph.files import load
from graph.model import Project
from runtime.compiler import compile_project
from runtime.data import prepare
from runtime.examples import path
from runtime.generate import Sampling, write_on
from runtime.predict import Trained
from trainings import with_facts

PROMPT = "Shall I compare thee to a summer's day?"


def transformer() -> Project:
    """4 layers of 256 numbers, windows of 256 characters."""
    d = Drawing("Wide")
    d.add("data.Text", "text", source="builtin:sonnets", tokens="characters", length=256)
    x = d.add("nn.Embedding", "embedding", d.port("text", "input"), num_embeddings=100, embedding_dim=256)
    x = d.add("op.PositionalEncoding", "places", x)
    future = d.add("op.CausalMask", "future", x, mark="hidden")
    x = d.add(
        "nn.TransformerEncoder", "layers", x, future, nhead=8, dim_feedforward=1024, num_layers=4, norm_first=True
    )
    x = d.add("nn.Linear", "scores", x, out_features=100)
    d.add("nn.CrossEntropyLoss", "loss", d.add("op.Transpose", "by_class", x, dim0=1, dim1=2), d.port("text", "target"))
    project = with_facts(d.project)
    size = project.graph.node_named("text").facts["outputs"]["input"]["classes"]
    graph = project.graph.set_params(project.graph.node_named("embedding").id, {"num_embeddings": size})
    return project.with_graph(graph.set_params(graph.node_named("scores").id, {"out_features": size}))


PROJECTS: dict[str, Callable[[], Project]] = {
    "gpt_chars": lambda: load(path("gpt_chars")),
    "char_lm": lambda: load(path("char_lm")),
    "wide": transformer,
}
LIMITS = {"gpt_chars": 1.2, "char_lm": 2.0, "wide": 8.0}  # how many times faster keeping must be on a shared machine


def rate(trained: Trained, *, count: int, cached: bool) -> tuple[float, str]:
    """Tokens a second of CPU time, with what it takes to begin, and the text."""
    began = time.process_time()
    text = "".join(islice(write_on(trained, PROMPT, Sampling(), seed=1, cached=cached), count))
    return count / (time.process_time() - began), text


def report(name: str, *, count: int, rounds: int) -> float:
    """Print a row; gives how many times faster keeping is, the median over the rounds."""
    project = PROJECTS[name]()
    compiled, data = compile_project(project), prepare(project)
    trained = Trained(project=project, compiled=compiled, model=compiled.build(1).eval(), statistics=data.statistics)
    rows = []
    for _ in range(rounds):
        (kept, text), (plain, same) = (rate(trained, count=count, cached=cached) for cached in (True, False))
        assert text == same
        rows.append((kept, plain))
    kept, plain = (statistics.median(column) for column in zip(*rows, strict=True))
    ratio = statistics.median(a / b for a, b in rows)
    print(f"| {name:9} | {kept:9,.0f} | {plain:9,.0f} | {ratio:5.1f} |", flush=True)
    return ratio


@pytest.mark.slow
@pytest.mark.parametrize("name", PROJECTS)
def test_keeping_is_faster(name):
    torch.set_num_threads(1)
    assert report(name, count=200, rounds=3) > LIMITS[name]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    torch.set_num_threads(1)
    print("| network   | kept /s   | anew /s   | ratio |")
    for name in PROJECTS:
        report(name, count=args.count, rounds=args.rounds)


if __name__ == "__main__":
    main()
