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


WORKLOADS = {"mlp": mlp, "lenet": lenet}


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
