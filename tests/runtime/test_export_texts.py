"""The Python project of drawings over texts, made-up data and varied images: it reads files as the application does, and its
receipt proves that it computes the same."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch

from drawings import Drawing
from graph.catalog.augmentation import MODULES
from graph.model import Port
from runtime.compiler import compile_project
from runtime.data import input_from_file, prepare
from runtime.export import export
from runtime.export.formats import weights_of
from runtime.export.python_project import files
from runtime.predict import Trained, predict_batch
from runtime.predict_texts import continue_file
from trainings import plan, with_facts


def trained(d: Drawing) -> Trained:
    """The network with its first weights, as if a run had trained it."""
    project = with_facts(d.project)
    compiled, data = compile_project(project), prepare(project)
    return Trained(
        project=project,
        compiled=compiled,
        model=compiled.build(seed=0).eval(),
        statistics=data.statistics,
        classes=data.classes,
        run=Path("run"),
    )


def by_class(d: Drawing, x: Port, target: Port, classes: int) -> Drawing:
    """Scores for each place, with the classes where the loss takes them."""
    x = d.add("nn.Linear", "scores", x, out_features=classes)
    d.add("nn.CrossEntropyLoss", "loss", d.add("op.Transpose", "by_class", x, dim0=1, dim1=2), target)
    return d


def text(**params) -> Drawing:
    d = Drawing("Net", plan())
    d.add("data.Text", "text", length=24, **params)
    size = with_facts(d.project).graph.nodes["n1"].facts["outputs"]["input"]["classes"]  # type: ignore[index]
    x = d.add("nn.Embedding", "embedding", d.port("text", "input"), num_embeddings=size, embedding_dim=8)
    return by_class(d, d.add("nn.GRU", "gru", x, hidden_size=8), d.port("text", "target"), size)


def classes_last() -> Drawing:
    """A language model whose output has the classes last."""
    d = text()
    d.add("op.Output", "answer", d.port("scores"))
    return d


def labeled(**params) -> Drawing:
    d = Drawing("Net", plan())
    d.add("data.LabeledTexts", "texts", **params)
    x = d.add("nn.EmbeddingBag", "bag", d.port("texts", "tokens"), num_embeddings=200)
    d.add("nn.CrossEntropyLoss", "loss", d.add("nn.Linear", "fc", x, out_features=2), d.port("texts", "label"))
    return d


def tagged() -> Drawing:
    d = Drawing("Net", plan())
    d.add("data.TaggedTexts", "tagged")
    x = d.add("nn.Embedding", "embedding", d.port("tagged", "tokens"), num_embeddings=49, embedding_dim=8)
    return by_class(d, x, d.port("tagged", "tags"), 7)


def pairs() -> Drawing:
    d = Drawing("Net", plan())
    d.add("data.TextPairs", "pairs")
    x = d.add("nn.Embedding", "source", d.port("pairs", "source"), num_embeddings=44, embedding_dim=8)
    y = d.add("nn.Embedding", "said", d.port("pairs", "target_in"), num_embeddings=15, embedding_dim=8)
    x = d.add("op.Add", "sum", d.add("op.Mean", "mean", x, dim=1, keepdim=True), y)
    return by_class(d, x, d.port("pairs", "target_out"), 15)


def made_up(kind: str, port: str, target: str, *, classes: int) -> Drawing:
    d = Drawing("Net", plan())
    d.add(f"data.{kind}", "data")
    x = d.add("nn.Linear", "fc", d.add("nn.Flatten", "flat", d.port("data", port)), out_features=classes or 1)
    d.add("nn.CrossEntropyLoss" if classes else "nn.MSELoss", "loss", x, d.port("data", target))
    return d


def varied(*nodes: str) -> Drawing:
    """Digits behind nodes of the data path."""
    d = Drawing("Net", plan())
    d.add("data.Images", "digits", source="builtin:digits", image_size=8)
    x, label = d.port("digits", "image"), d.port("digits", "label")
    for name in nodes:
        if name in ("MixUp", "CutMix"):
            d.add(f"op.{name}", name.lower(), x, label)
            x, label = d.ports(name.lower())
        else:
            x = d.add(f"op.{name}", name.lower(), x, **{"CenterCrop": {"size": 6}, "Resize": {"size": 8}}.get(name, {}))
    d.add(
        "nn.CrossEntropyLoss", "loss", d.add("nn.Linear", "fc", d.add("nn.Flatten", "flat", x), out_features=10), label
    )
    return d


PATH = ("ColorJitter", "Normalize", *sorted(t.rpartition(".")[2] for t in MODULES))
PATH = tuple(name for name in dict.fromkeys(PATH) if name not in ("MixUp", "CutMix", "CenterCrop"))
DRAWINGS = {
    "text": text,
    "labeled": labeled,
    "tagged": tagged,
    "pairs": pairs,
    "points": lambda: made_up("Points", "point", "label", classes=2),
    "series": lambda: made_up("Series", "window", "target", classes=0),
    "shapes": lambda: made_up("Shapes", "volume", "label", classes=4),
    "varied": lambda: varied(*PATH, "MixUp"),
    "cut": lambda: varied("CenterCrop", "Resize", "CutMix"),
}


QUICK = ("pairs",)  # the others in `make test-all`


@pytest.mark.parametrize("kind", [k if k in QUICK else pytest.param(k, marks=pytest.mark.slow) for k in DRAWINGS])
def test_the_receipt_proves_that_the_project_computes_the_same(kind, tmp_path):
    receipt = export(trained(DRAWINGS[kind]()), "python", tmp_path / "net")
    assert receipt.largest_difference == 0.0 and {"1", "2", "7", "samples"} <= receipt.differences.keys()


# ---- files are read as in the application


def written(network: Trained, folder: Path) -> Path:
    folder.mkdir()
    for name, content in files(network, weights_of(network)).items():
        (folder / name).write_bytes(content)
    return folder


def inputs_of(folder: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("inputs_of_test", folder / "inputs.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


LINES = "Shall I compare thee to a summer's day, and more?\r\n\n   \nq\nrosé — ✿ thou\tart ,too\n  the  movie was very good  \n"


@pytest.mark.parametrize(
    "draw",
    [text, lambda: text(tokens="words"), lambda: text(tokens="bpe", vocabulary=120), labeled, lambda: labeled(tokens="characters"),
     lambda: labeled(length=3), tagged],
    ids=["characters", "words", "bpe", "labeled", "labeled characters", "short", "tagged"],
)  # fmt: skip
def test_lines_become_the_numbers_that_they_are_in_the_application(draw, tmp_path):
    if draw().graph.nodes["n1"].params.get("tokens") == "bpe":
        pytest.importorskip("tokenizers")
    network = trained(draw())
    module = inputs_of(written(network, tmp_path / "net"))
    (tmp_path / "lines.txt").write_text(LINES, "utf-8-sig", newline="")
    (port,) = network.compiled.inputs
    expected = input_from_file(network.project.graph.nodes[port.node], tmp_path / "lines.txt", network.statistics)[port]
    names, (found,) = module.read(str(tmp_path / "lines.txt"))
    assert torch.equal(found, expected) and len(names) == len(found) == 4
    (tmp_path / "blank.txt").write_text("  \n")
    with pytest.raises(ValueError, match="nothing but blanks"):
        module.read(tmp_path / "blank.txt")


def test_points_are_the_columns_of_a_table_and_arrays_have_the_names_of_the_application(tmp_path):
    (tmp_path / "points.csv").write_text("label,x,y\n1,0.5,-2\n0,3e-1,4\n")
    np.savez(tmp_path / "window.npz", x=np.linspace(0, 1, 64, dtype=np.float32).reshape(2, 32, 1))
    for kind, file in (("points", "points.csv"), ("series", "window.npz")):
        network = trained(DRAWINGS[kind]())
        module = inputs_of(written(network, tmp_path / kind))
        (port,) = network.compiled.inputs
        expected = input_from_file(network.project.graph.nodes[port.node], tmp_path / file, network.statistics)[port]
        assert torch.equal(module.read(str(tmp_path / file))[1][0], expected), kind


def test_pairs_bring_both_vocabularies_along(tmp_path):
    network = trained(pairs())
    folder = written(network, tmp_path / "net")
    known = json.loads((folder / "vocabulary.json").read_text("utf-8"))
    statistics = network.statistics["n1"]
    assert (
        known == {side: statistics[side]["tokens"] for side in ("source", "target")} and known["target"][2] == "<bos>"
    )
    assert "vocabulary.json" in (folder / "README.md").read_text("utf-8")


# ---- what predict.py says


def said(folder: Path, text: str) -> list[str]:
    (folder / "lines.txt").write_text(text, "utf-8")
    command = [sys.executable, "-X", "utf8", "predict.py", "lines.txt"]
    done = subprocess.run(command, cwd=folder, capture_output=True, encoding="utf-8", check=True)
    return done.stdout.splitlines()


@pytest.mark.parametrize("draw", [text, pytest.param(classes_last, marks=pytest.mark.slow)])
def test_it_says_what_comes_next_as_the_application_does(draw, tmp_path):
    network = trained(draw())
    folder = written(network, tmp_path / "net")
    found = said(folder, "Shall I compare\nq\n")
    expected = continue_file(network, folder / "lines.txt")
    assert found == [
        f"{line.text}: " + ", ".join(f"{token!r} ({chance:.1%})" for token, chance in line.tokens) for line in expected
    ]


@pytest.mark.slow
def test_it_tags_every_word_of_a_line(tmp_path):
    network = trained(tagged())
    folder = written(network, tmp_path / "net")
    found = said(folder, "the old dog sleeps\nAnna\n")
    (port,) = network.compiled.inputs
    inputs = input_from_file(network.project.graph.nodes[port.node], folder / "lines.txt", network.statistics)
    (scores,) = predict_batch(network, inputs)
    tags = [[network.classes[i] for i in row] for row in scores.argmax(1).tolist()]
    assert found == [f"the old dog sleeps: {' '.join(tags[0][:4])}", f"Anna: {tags[1][0]}"]


@pytest.mark.slow
def test_it_names_the_class_of_a_line(tmp_path):
    network = trained(labeled())
    (line,) = said(written(network, tmp_path / "net"), "a very good movie\n")
    assert line.startswith("a very good movie: ") and line.split(": ")[1].split()[0] in network.classes
