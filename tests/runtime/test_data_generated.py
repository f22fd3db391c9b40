"""Made-up data: openly made, the same for the same seed, and what networks learn of it."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch

from drawings import Drawing
from graph import files
from graph.catalog import CATALOG
from graph.messages import DataError
from graph.model import Node, Port
from graph.validation import validate
from runtime import examples
from runtime.analyser import analyse
from runtime.compiler import compile_project
from runtime.data import describe, input_from_file, prepare
from runtime.data.loading import load, look
from runtime.predict import load_trained
from trainings import epochs_of, plan, run, with_facts

SETS = CATALOG["layerloom.data.Points"].param("set").choices
SERIES = CATALOG["layerloom.data.Series"].param("kind").choices


def node(made: str, **params) -> Node:
    return Node("n1", f"layerloom.data.{made}", "made", params)


def arrays(made: str, **params) -> dict[str, np.ndarray]:
    store = load(node(made, **params)).store
    return dict(store.read(np.arange(store.count)))


MADE = [("Points", {"set": name}) for name in SETS] + [("Series", {"kind": name}) for name in SERIES]
MADE += [("Shapes", {"kind": name, "samples": 30}) for name in ("moving", "solids")]


@pytest.mark.parametrize(("kind", "params"), MADE)
def test_a_seed_makes_the_same_and_another_does_not(kind: str, params: dict) -> None:
    first, again, other = (arrays(kind, **params, seed=seed) for seed in (4, 4, 5))
    facts = describe(node(kind, **params, seed=4))
    for name, array in first.items():
        assert array.tobytes() == again[name].tobytes()
        assert list(array.shape[1:]) == facts["outputs"][name]["shape"]
        assert str(array.dtype) == facts["outputs"][name]["dtype"]
        assert np.isfinite(array).all()
    name = next(iter(first))
    assert first[name].tobytes() != other[name].tobytes()
    assert facts["fingerprint"] != describe(node(kind, **params, seed=5))["fingerprint"]


def test_points_lie_where_their_set_says() -> None:
    circles = arrays("Points", set="circles", noise=0.0)
    assert np.linalg.norm(circles["point"], axis=1) == pytest.approx(np.where(circles["label"], 0.5, 1.0), abs=1e-6)
    xor = arrays("Points", set="xor", noise=0.0)
    assert ((xor["point"].prod(1) > 0) == xor["label"]).all()
    ring = arrays("Points", set="ring", classes=8, noise=0.0)["point"]
    assert len(np.unique(ring.round(4), axis=0)) == 8
    spirals = arrays("Points", set="spirals", classes=3, samples=300)
    assert np.bincount(spirals["label"]).tolist() == [100, 100, 100]


def test_series_go_on_as_they_began() -> None:
    sines = arrays("Series", kind="sine", noise=0.0)
    series = np.concatenate([sines["window"][..., 0], sines["target"]], 1)
    twice_cosine = (series[:, 2:] + series[:, :-2]) / np.where(np.abs(series[:, 1:-1]) < 0.1, np.nan, series[:, 1:-1])
    assert np.nanstd(twice_cosine, axis=1).max() < 1e-4  # x[t+1] + x[t-1] = 2 cos(w) x[t]


def test_films_move_as_their_class_says() -> None:
    loaded = load(node("Shapes", samples=8, noise=0.0))
    found = loaded.store.read(np.arange(8))
    moves = {"right": (0, 1), "left": (0, -1), "down": (1, 0), "up": (-1, 0)}
    for film, label in zip(found["volume"][:, 0], found["label"], strict=True):
        for one, other in pairwise(film):
            assert (np.roll(one, moves[loaded.classes[label]], (0, 1)) == other).all()


@pytest.mark.parametrize(
    ("kind", "params"), [("Series", {"samples": 10**6, "length": 4096}), ("Shapes", {"samples": 10**5, "size": 256})]
)
def test_more_than_memory_should_hold_is_not_made(kind: str, params: dict) -> None:
    with pytest.raises(DataError, match=r"made-up data would take .* GiB"):
        load(node(kind, **params))


def test_looks_show_points_films_and_rows() -> None:
    points = look(node("Points", set="blobs", classes=3))
    assert points.points is not None and points.points.shape == (1000, 2)
    assert [name for name, _ in points.counts] == ["0", "1", "2"]
    assert look(node("Shapes", samples=30)).pictures[0].shape == (8, 16, 16)
    assert len(look(node("Series", length=5)).rows[0]) == 6


def test_a_trained_model_takes_points_and_arrays(tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text("x,y\n1,2\n3,-4.5\n")
    made = replace(node("Points"), facts=describe(node("Points")))
    assert input_from_file(made, tmp_path / "p.csv", {})[Port("n1", "point")].tolist() == [[1, 2], [3, -4.5]]
    series = replace(node("Series", length=3), facts=describe(node("Series", length=3)))
    np.savez(tmp_path / "s.npz", window=np.ones((2, 3, 1), np.float32))
    assert input_from_file(series, tmp_path / "s.npz", {})[Port("n1", "window")].shape == (2, 3, 1)


def test_a_network_with_conv3d_learns_solids(tmp_path: Path) -> None:
    d = Drawing("Solids", plan(epochs=8))
    d.add("data.Shapes", "shapes", kind="solids", size=8)
    x = d.add("nn.ReLU", "relu", d.add("nn.Conv3d", "conv", d.port("shapes", "volume"), out_channels=8, kernel_size=3))
    scores = d.add("nn.Linear", "scores", d.add("nn.Flatten", "flatten", x), out_features=3)
    d.add("nn.CrossEntropyLoss", "loss", scores, d.port("shapes", "label"))
    project = with_facts(d.project)
    assert validate(project, CATALOG) == () and analyse(project).problems == ()
    epochs = epochs_of(run(project, tmp_path))
    assert epochs[-1].train["loss"] < 0.7 * epochs[0].train["loss"]


@pytest.mark.slow
def test_the_generator_of_the_gan_comes_near_the_data(tmp_path: Path) -> None:
    project = files.load(examples.path("gan_points"))
    project = replace(project, plan=replace(project.plan, epochs=20, device="cpu"))
    real = prepare(project).test.tensors[
        Port(next(n.id for n in project.graph.nodes.values() if n.name == "ring"), "point")
    ]
    trained = load_trained(Path(run(project, tmp_path)[-1].run)).model
    untrained = compile_project(project).build(project.plan.seed).eval()

    def away(model: torch.nn.Module) -> float:
        """The mean distance of made points to the nearest real one."""
        noise = torch.randn(1000, 8, generator=torch.Generator().manual_seed(0))
        with torch.no_grad():
            made = model.make3(torch.relu(model.make2(torch.relu(model.make1(noise)))))
        return torch.cdist(made, real).amin(1).mean().item()

    assert away(untrained) > 1.0
    assert away(trained) < 0.5 * away(untrained)
