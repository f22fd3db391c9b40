"""The exported Python project reads files exactly as the application does."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from PIL import Image

from drawings import Drawing, with_images
from graph.model import Project
from runtime.compiler import compile_project
from runtime.data import describe, input_from_file, prepare
from runtime.export import python_project
from runtime.export.formats import weights_of
from runtime.predict import Trained


def _images(folder: Path) -> Project:
    d, x, label = with_images("Net")
    x = d.add("nn.Linear", "logits", d.add("nn.Flatten", "flatten1", x), out_features=10)
    d.add("nn.CrossEntropyLoss", "loss", x, label)
    return d.project


def _color_images(folder: Path) -> Project:
    for name in ("cats", "dogs"):
        (folder / name).mkdir(parents=True)
        for i in range(3):
            Image.new("RGB", (9, 7), (80 * i, 0, 9)).save(folder / name / f"{i}.png")
    d = Drawing("Net")
    d.add("data.Images", "photos", source=str(folder), image_size=(6, 5))
    x = d.add("nn.Linear", "logits", d.add("nn.Flatten", "flatten1", d.port("photos", "image")), out_features=2)
    d.add("nn.CrossEntropyLoss", "loss", x, d.port("photos", "label"))
    return d.project


def _table(folder: Path) -> Project:
    rows = [f"{i},{i * 0.37 % 1},word,{i * i % 7 / 3}" for i in range(20)]
    path = folder / "table.csv"
    path.write_text("\n".join(["first,the 'second',remark,answer", *rows]))
    d = Drawing("Net")
    d.add("data.Table", "rows", source=str(path), ignore="remark")
    x = d.add("nn.Linear", "fc1", d.port("rows", "features"), out_features=1)
    d.add("nn.MSELoss", "loss", x, d.port("rows", "target"))
    return d.project


def _mixed_table(folder: Path) -> Project:
    """Numbers and words with gaps; what the test part has alone is unknown to the network."""
    rows = [
        f"{i if i % 5 else ''},{'red green blue'.split()[i % 3] if i % 7 else 'NA'},{i * i % 7 / 3}" for i in range(20)
    ]
    path = folder / "mixed.csv"
    path.write_text("\n".join(["size,color,answer", *rows, "3, teal ,0.5"]), "utf-16")
    d = Drawing("Net")
    d.add("data.Table", "rows", source=str(path), missing="fill", scaling="min-max")
    x = d.add("nn.Linear", "fc1", d.port("rows", "features"), out_features=1)
    d.add("nn.MSELoss", "loss", x, d.port("rows", "target"))
    return d.project


def _comma_table(folder: Path) -> Project:
    rows = [f"{i},5;{'red green'.split()[i % 2]};{-i},25e-1;{i * i % 7}" for i in range(20)]
    path = folder / "commas.csv"
    path.write_text("\n".join(["weight;color;size;answer", *rows]))
    d = Drawing("Net")
    d.add("data.Table", "rows", source=str(path), task="regression", missing="fill")
    x = d.add("nn.Linear", "fc1", d.port("rows", "features"), out_features=1)
    d.add("nn.MSELoss", "loss", x, d.port("rows", "target"))
    return d.project


def _arrays(folder: Path) -> Project:
    path = folder / "arrays.npz"
    np.savez(path, x=np.arange(24, dtype=np.uint8).reshape(8, 3), y=np.arange(8) % 2)
    d = Drawing("Net")
    d.add("data.Arrays", "samples", source=str(path))
    x = d.add("nn.Linear", "fc1", d.port("samples", "input"), out_features=2)
    d.add("nn.CrossEntropyLoss", "loss", x, d.port("samples", "target"))
    return d.project


def _films(folder: Path) -> Project:
    path = folder / "films.npz"
    np.savez(path, x=np.zeros((8, 4, 5, 6, 3), np.uint8), y=np.arange(8) % 2)
    d = Drawing("Net")
    d.add("data.Arrays", "films", source=str(path), layout="channels last")
    x = d.add("nn.Linear", "fc1", d.add("nn.Flatten", "flat1", d.port("films", "input")), out_features=2)
    d.add("nn.CrossEntropyLoss", "loss", x, d.port("films", "target"))
    return d.project


def _trained(project: Project) -> Trained:
    for node in project.graph.nodes.values():
        if node.type.startswith("layerloom.data."):
            project = project.with_graph(project.graph.set_facts(node.id, describe(node)))
    compiled, data = compile_project(project), prepare(project)
    return Trained(
        project=project,
        compiled=compiled,
        model=compiled.build(seed=0).eval(),
        statistics=data.statistics,
        classes=data.classes,
        run=Path("run"),
    )


def _write(trained: Trained, folder: Path) -> Path:
    folder.mkdir()
    for name, content in python_project.files(trained, weights_of(trained)).items():
        (folder / name).write_bytes(content)
    return folder


def _inputs_module(folder: Path) -> ModuleType:
    module = ModuleType("inputs")
    exec(compile((folder / "inputs.py").read_text("utf-8"), "inputs.py", "exec"), module.__dict__)
    return module


def _ink(size=(40, 50), mode="RGB", ground="white") -> Image.Image:
    image = Image.new("RGB", size, ground)
    image.paste((10, 90, 200), (8, 8, 20, 30))
    return image.convert(mode)


def _rotated(folder: Path) -> Path:
    exif = Image.Exif()
    exif[0x0112] = 6
    _ink().save(folder / "camera.jpg", exif=exif)
    return folder / "camera.jpg"


def _pictures(folder: Path) -> list[Path]:
    pictures = {
        "ink.png": _ink(),
        "chalk.png": _ink(ground="black"),
        "gray.png": _ink(mode="L"),
        "bits.png": _ink(mode="1"),
        "palette.png": _ink(mode="P"),
        "gray_alpha.png": _ink(mode="LA"),
        "tall.bmp": _ink(size=(21, 90)),
        "exact.png": _ink(size=(32, 32)),
        "glass.png": Image.new("RGBA", (12, 12), (200, 10, 10, 80)),
        "deep.png": Image.fromarray(np.linspace(0, 65535, 400).astype(np.uint16).reshape(20, 20)),
    }
    for name, image in pictures.items():
        image.save(folder / name)
    return [*(folder / name for name in pictures), _rotated(folder)]


def _csv(folder: Path) -> list[Path]:
    (folder / "new.csv").write_text("answer;the 'second';first\n;0.25;3\n\n1;-4e-3;1000\n", "utf-8-sig")
    return [folder / "new.csv"]


def _mixed_csv(folder: Path) -> list[Path]:
    text = "color,size\n red ,1e2\nteal,?\nnull,-3\nmauve,0.1\ngreen,NaN\n"
    (folder / "new.csv").write_text(text)
    (folder / "new16.csv").write_text(text, "utf-16")
    return [folder / "new.csv", folder / "new16.csv"]


def _comma_csv(folder: Path) -> list[Path]:
    (folder / "new.csv").write_text("\nsize;weight;color\n 7,5 ;3;red\n;;\n-,5;NA;1,5\n+1,25e1;1000,125;green\n")
    (folder / "points.csv").write_text("size,weight,color\n7.5,3,red\n")
    return [folder / "new.csv", folder / "points.csv"]


def _films_npz(folder: Path) -> list[Path]:
    np.savez(folder / "new.npz", x=np.arange(720).reshape(2, 4, 5, 6, 3).astype(np.uint8))
    return [folder / "new.npz"]


def _npz(folder: Path) -> list[Path]:
    np.savez(folder / "new.npz", INPUT=np.arange(6, dtype=np.uint8).reshape(2, 3))
    np.savez(folder / "floats.npz", x=np.linspace(0, 1, 9).reshape(3, 3))
    return [folder / "new.npz", folder / "floats.npz"]


@pytest.mark.parametrize(
    ("draw", "samples"),
    [
        (_images, _pictures),
        (_color_images, _pictures),
        (_table, _csv),
        (_mixed_table, _mixed_csv),
        (_comma_table, _comma_csv),
        (_arrays, _npz),
        (_films, _films_npz),
    ],
)
def test_the_project_gives_the_network_what_the_application_gives_it(draw, samples, tmp_path):
    trained = _trained(draw(tmp_path / "data" if draw is _color_images else tmp_path))
    read = _inputs_module(_write(trained, tmp_path / "net")).read
    (port,) = trained.compiled.inputs
    for file in samples(tmp_path):
        expected = input_from_file(trained.project.graph.nodes[port.node], file, trained.statistics)[port]
        names, (found,) = read(str(file))
        assert len(names) == len(found) and torch.equal(found, expected), file.name


def test_a_table_that_does_not_fit_is_refused_with_its_cell(tmp_path):
    read = _inputs_module(_write(_trained(_table(tmp_path)), tmp_path / "net")).read
    (tmp_path / "new.csv").write_text("first;the 'second'\n1,5;2\n3;many\n")
    with pytest.raises(ValueError, match=r"new\.csv, column the 'second'.*'many'"):
        read(str(tmp_path / "new.csv"))
    (tmp_path / "new.csv").write_text("first;the 'second'\n1,5;2;9\n")
    with pytest.raises(ValueError, match=r"2 columns, but 3 cells.*1,5;2;9"):
        read(str(tmp_path / "new.csv"))


def test_a_network_without_data_takes_an_array_for_each_input(tmp_path):
    d = Drawing("Net")
    left = d.add("op.Input", "left", shape=(3,))
    right = d.add("op.Input", "right", shape=(3,))
    d.add("nn.Linear", "fc1", d.add("op.Add", "add1", left, right), out_features=2)
    compiled = compile_project(d.project)
    trained = Trained(
        project=d.project, compiled=compiled, model=compiled.build(seed=0), statistics={}, classes=(), run=Path("run")
    )
    read = _inputs_module(_write(trained, tmp_path / "net")).read
    np.savez(tmp_path / "ok.npz", right=np.ones((2, 3)), left=np.zeros((2, 3)))
    _, (found_left, found_right) = read(tmp_path / "ok.npz")
    assert not found_left.any() and found_right.all() and found_right.dtype is torch.float32
    np.savez(tmp_path / "bad.npz", right=np.ones((2, 3)), left=np.zeros((2, 4)))
    with pytest.raises(ValueError, match=r"left.*\(4,\).*\(3,\)"):
        read(tmp_path / "bad.npz")
    (tmp_path / "lines.txt").write_text("I have 3 cats")
    with pytest.raises(ValueError, match=r"lines.txt is no \.npz file"):
        read(tmp_path / "lines.txt")


@pytest.mark.slow
def test_predict_py_runs_by_itself_and_explains_a_wrong_file(tmp_path):
    trained = _trained(_table(tmp_path))
    folder = _write(trained, tmp_path / "net")
    (file,) = _csv(tmp_path)
    inputs = input_from_file(trained.project.graph.nodes[trained.compiled.inputs[0].node], file, trained.statistics)
    expected = trained.model(*inputs.values()).flatten().tolist()
    command = [sys.executable, str(folder / "predict.py")]
    done = subprocess.run([*command, str(file)], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [f"row {i}: {value:.6g}" for i, value in enumerate(expected, 1)]
    (tmp_path / "wrong.csv").write_text("first,second\n1,2\n")
    wrong = subprocess.run([*command, "wrong.csv"], cwd=tmp_path, capture_output=True, text=True)
    assert wrong.returncode == 1 and wrong.stderr == "error: wrong.csv has no column the 'second'\n"
