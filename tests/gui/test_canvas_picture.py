"""Pictures of a drawing as files."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
from PySide6.QtGui import QImage

from drawings import with_images
from graph.messages import LayerloomError
from graph.model import Node, Project
from gui.canvas.picture import MARGIN, PictureOptions, render_picture
from gui.theme import THEMES
from runtime.analysis import Analysis, NodeAnalysis, TensorSpec

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def project() -> Project:
    d, image, label = with_images()
    conv = d.add("nn.Conv2d", "conv", image)
    d.add("nn.CrossEntropyLoss", "loss", conv, label)
    d.graph = d.graph.move({node: (200.0 * i, 0.0) for i, node in enumerate(d.graph.nodes)})
    return d.project


@pytest.fixture
def analysis(project) -> Analysis:
    spec = {"output": TensorSpec(("B", 16, 30, 30), "float32")}
    return Analysis({project.graph.node_named("conv").id: NodeAnalysis(outputs=spec, parameters=160)})


@pytest.mark.parametrize("theme", THEMES)
def test_svg_holds_names_and_shapes(qapp, project, analysis, tmp_path, theme):
    path = tmp_path / "net.svg"
    render_picture(project, analysis, path, PictureOptions(theme=theme))
    root = ElementTree.parse(path).getroot()
    texts = {"".join(e.itertext()).strip() for e in root.iter() if e.tag.endswith("text")}
    assert {"conv", "loss", "B×16×30×30", "160"} <= texts
    text = path.read_text("utf-8")
    assert THEMES[theme]["canvas"] in text
    assert re.findall(r'font-family="([^"]*)"', text)
    assert all(family.endswith(("sans-serif", "monospace")) for family in re.findall(r'font-family="([^"]*)"', text))


def test_png_has_two_pixels_a_unit(qapp, project, analysis, tmp_path):
    path = tmp_path / "net.PNG"
    render_picture(project, analysis, path)
    image = QImage(str(path))
    assert image.width() >= 2 * (400 + 148 + 2 * MARGIN)
    assert image.pixelColor(0, 0).name() == THEMES["light"]["canvas"]


def test_pdf(qapp, project, analysis, tmp_path):
    path = tmp_path / "net.pdf"
    render_picture(project, analysis, path)
    data = path.read_bytes()
    assert data.startswith(b"%PDF-")
    assert data.rstrip().endswith(b"%%EOF")


def test_pictures_of_the_same_drawing_are_the_same(qapp, project, analysis, tmp_path):
    for name in ("a.svg", "b.svg"):
        render_picture(project, analysis, tmp_path / name)
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()


@pytest.mark.parametrize("suffix", [".svg", ".png", ".pdf"])
def test_an_empty_drawing_and_unknown_types_are_drawn_too(qapp, tmp_path, suffix):
    empty = Project()
    render_picture(empty, Analysis(), tmp_path / f"empty{suffix}")
    odd = empty.with_graph(empty.graph.add(Node("n1", "acme.Twist", "twist")))
    render_picture(odd, Analysis(), tmp_path / f"odd{suffix}")
    assert all((tmp_path / f"{name}{suffix}").stat().st_size > 0 for name in ("empty", "odd"))


@pytest.mark.parametrize("name", ["net", "net.jpg", "net.svgz"])
def test_other_suffixes_are_refused_with_those_that_work(qapp, project, analysis, tmp_path, name):
    with pytest.raises(LayerloomError, match=r"\.svg, \.png, \.pdf"):
        render_picture(project, analysis, tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_is_said(qapp, project, analysis, tmp_path):
    with pytest.raises(LayerloomError, match=r"net\.png"):
        render_picture(project, analysis, tmp_path / "missing" / "net.png")


def test_an_unknown_theme_is_refused(qapp, project, analysis, tmp_path):
    with pytest.raises(LayerloomError, match="pink"):
        render_picture(project, analysis, tmp_path / "net.png", PictureOptions(theme="pink"))


def test_it_needs_no_display_and_no_application(tmp_path):
    code = (
        "import sys; from pathlib import Path; from graph.model import Project; from runtime.analysis import Analysis\n"
        "from gui.canvas.picture import render_picture\n"
        "render_picture(Project(), Analysis(), Path(sys.argv[1]))\n"
        "assert not {'torch', 'pyqtgraph', 'networkx'} & set(sys.modules)\n"
    )
    hidden = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    environment = {k: v for k, v in os.environ.items() if k not in hidden} | {"PYTHONPATH": str(ROOT)}
    path = tmp_path / "net.svg"
    subprocess.run([sys.executable, "-c", code, str(path)], env=environment, check=True, timeout=60)
    assert path.read_text("utf-8").startswith("<?xml")
