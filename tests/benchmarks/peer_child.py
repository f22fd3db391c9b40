"""Layerloom's real compiler and loop as a contender of a benchmark that compares training loops.

    peer_child.py --workloads mlp,lenet --threads 1

prints one JSON line a workload: steps an epoch, wall and CPU seconds of each epoch (the first warms up), total seconds, last loss.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[2]), str(Path(__file__).resolve().parents[1])]

from runtime.warmup import warm_up

warm_up()

import numpy as np
import torch

from drawings import Drawing
from graph.model import Port, Project
from graph.plan import Choice, Objective, Plan, Split
from runtime import devices
from runtime.data import describe
from runtime.events import EpochEnded, Finished
from runtime.training.loop import train


@dataclass(frozen=True)
class Workload:
    """Arrays, a network over them, and how they are trained; `by_hand` is the same network in plain PyTorch."""

    inputs: np.ndarray
    targets: np.ndarray
    batch_size: int
    epochs: int
    network: Callable[[Drawing, Port], Port]
    by_hand: Callable[[], torch.nn.Module]

    @property
    def steps(self) -> int:
        return -(-len(self.inputs) // self.batch_size)


def mlp() -> Workload:
    """64-64-32-10 on scikit-learn's digits: a step is almost all overhead."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    inputs = (digits.data[:1792] / 16.0).astype(np.float32)

    def network(d: Drawing, x: Port) -> Port:
        for i, features in enumerate((64, 32), 1):
            x = d.add("nn.ReLU", f"relu{i}", d.add("nn.Linear", f"fc{i}", x, out_features=features))
        return d.add("nn.Linear", "fc3", x, out_features=10)

    def by_hand() -> torch.nn.Module:
        nn = torch.nn
        return nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))

    return Workload(inputs, digits.target[:1792].astype(np.int64), 32, 40, network, by_hand)


def lenet() -> Workload:
    """LeNet-5 on 8192 synthetic images of 32 x 32."""
    random = np.random.default_rng(0)
    targets = random.integers(0, 10, 8192)
    noise = random.standard_normal((8192, 1, 32, 32), dtype=np.float32) * 0.5
    inputs = noise + (targets / 10).astype(np.float32)[:, None, None, None]

    def network(d: Drawing, x: Port) -> Port:
        for i, channels in enumerate((6, 16), 1):
            x = d.add("nn.ReLU", f"relu{i}", d.add("nn.Conv2d", f"conv{i}", x, out_channels=channels, kernel_size=5))
            x = d.add("nn.MaxPool2d", f"pool{i}", x, kernel_size=2)
        x = d.add("nn.Flatten", "flatten", x)
        for i, features in enumerate((120, 84), 1):
            x = d.add("nn.ReLU", f"relu{i + 2}", d.add("nn.Linear", f"fc{i}", x, out_features=features))
        return d.add("nn.Linear", "fc3", x, out_features=10)

    def by_hand() -> torch.nn.Module:
        nn = torch.nn
        return nn.Sequential(
            *(nn.Conv2d(1, 6, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2)),
            *(nn.Flatten(), nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10)),
        )

    return Workload(inputs, targets, 64, 4, network, by_hand)


def lstm() -> Workload:
    """A character model: embedding 64, one LSTM of 256, the next of 96 characters at each of 64 places."""
    random = np.random.default_rng(0)
    text = random.integers(0, 96, 37)
    text[0] = 95  # the last character is there too
    text = text[(np.arange(65)[None] + np.arange(512)[:, None]) % 37]

    def network(d: Drawing, x: Port) -> Port:
        x = d.add("nn.Embedding", "embedding", x, num_embeddings=96, embedding_dim=64)
        x = d.add("nn.LSTM", "lstm", x, hidden_size=256)
        return d.add("op.Transpose", "swap", d.add("nn.Linear", "fc", x, out_features=96), dim0=1, dim1=2)

    return Workload(text[:, :-1].copy(), text[:, 1:].copy(), 32, 4, network, CharacterModel)


def transformer() -> Workload:
    """Two encoder layers of 128 over sequences of 32 words, learned positions, the mean over the steps, 10 classes."""
    random = np.random.default_rng(0)
    targets = random.integers(0, 10, 1024)
    words = (random.integers(0, 128, (1024, 32)) + targets[:, None] * 12) % 256

    def network(d: Drawing, x: Port) -> Port:
        x = d.add("nn.Embedding", "embedding", x, num_embeddings=256, embedding_dim=128)
        x = d.add("op.Scale", "scale", x, factor=128**0.5)
        place = d.add("op.Parameter", "position", shape=(1, 32, 128), start="normal")
        x = d.add("op.Add", "add", x, place)
        for i in (1, 2):
            x = d.add("nn.TransformerEncoderLayer", f"encoder{i}", x, nhead=4, dim_feedforward=256, dropout=0.0)
        return d.add("nn.Linear", "fc", d.add("op.Mean", "mean", x, dim=1), out_features=10)

    return Workload(words, targets, 32, 4, network, Encoder)


class CharacterModel(torch.nn.Module):
    """The character model by hand."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = torch.nn.Embedding(96, 64)
        self.lstm = torch.nn.LSTM(64, 256, batch_first=True)
        self.fc = torch.nn.Linear(256, 96)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.fc(self.lstm(self.embedding(x))[0]).transpose(1, 2)


class Encoder(torch.nn.Module):
    """The encoder by hand."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = torch.nn.Embedding(256, 128)
        self.position = torch.nn.Parameter(torch.randn(32, 128) * 0.02)
        self.layers = torch.nn.Sequential(
            *(torch.nn.TransformerEncoderLayer(128, 4, 256, dropout=0.0, batch_first=True) for _ in range(2))
        )
        self.fc = torch.nn.Linear(128, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.fc(self.layers(self.embedding(x) * 128**0.5 + self.position).mean(1))


WORKLOADS = {"mlp": mlp, "lenet": lenet, "lstm": lstm, "transformer": transformer}


def draw(workload: Workload, folder: Path) -> Project:
    """The workload as a project over arrays in `folder`, trained on every sample."""
    np.savez(folder / "arrays.npz", input=workload.inputs, target=workload.targets)
    objective = Objective(optimizer=Choice("torch.optim.Adam", {"lr": 1e-3}))
    plan = Plan(Split(1.0, 0.0, 0.0), (objective,), workload.epochs, workload.batch_size, seed=0, device="cpu")
    d = Drawing("Net", plan)
    d.add("data.Arrays", "arrays", source="arrays.npz")
    scores = workload.network(d, d.port("arrays", "input"))
    d.add("nn.CrossEntropyLoss", "loss", scores, d.port("arrays", "target"))
    node = d.graph.nodes[d.id("arrays")]
    return d.project.with_graph(d.graph.set_facts(node.id, describe(node, folder)))


def epochs_of(project: Project, folder: Path) -> Iterator[EpochEnded]:
    """The epochs of a run as they end."""
    for event in train(project, folder=folder, runs=folder / "runs"):
        if isinstance(event, EpochEnded):
            yield event
    assert isinstance(event, Finished), event


def measure(name: str, folder: Path) -> dict[str, object]:
    """Run a workload and time its epochs."""
    workload = WORKLOADS[name]()
    project = draw(workload, folder)
    started = wall = time.perf_counter()
    cpu = time.process_time()
    walls, cpus, loss = [], [], float("nan")
    for event in epochs_of(project, folder):
        walls.append(time.perf_counter() - wall)
        cpus.append(time.process_time() - cpu)
        wall, cpu, loss = time.perf_counter(), time.process_time(), event.train["loss"]
    return {
        "workload": name,
        "steps": workload.steps,
        "epoch_s": walls,
        "epoch_cpu_s": cpus,
        "total_s": time.perf_counter() - started,
        "loss": loss,
        "threads": devices.num_cores(),
    }


def main() -> None:
    """Measure the workloads that were asked for; one that is not drawn here is reported as such."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workloads", default=",".join(WORKLOADS))
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    devices.num_threads = lambda device, macs: args.threads
    for name in args.workloads.split(","):
        if name not in WORKLOADS:
            print(json.dumps({"workload": name, "error": "not drawn yet"}), flush=True)
            continue
        with tempfile.TemporaryDirectory() as folder:
            print(json.dumps({**measure(name, Path(folder)), "threads": args.threads}), flush=True)


if __name__ == "__main__":
    main()
