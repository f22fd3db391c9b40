"""Two forms of LeNet-5 to compare, and how the window that shows them is read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import shiboken6
from PySide6.QtWidgets import QApplication

from drawings import lenet5
from graph.messages import PSEUDO, set_language
from graph.model import Link, Node, Port, Project
from gui.compare_tree import row_of
from gui.compare_window import CompareWindow
from gui.style import Dresser, apply_style
from gui.theme import theme

OLD = lenet5().placed


def id_of(project: Project, name: str) -> str:
    return project.graph.node_named(name).id


def edited() -> Project:
    """LeNet-5 with a changed, a removed and an added node, a wire laid otherwise, and another plan."""
    graph = OLD.graph
    (link,) = graph.incoming(id_of(OLD, "tanh1"))
    graph = graph.set_params(id_of(OLD, "conv1"), {"out_channels": 8}).remove([id_of(OLD, "tanh2")])
    graph = graph.disconnect([link]).connect(Link(Port(id_of(OLD, "digits"), "image"), link.target))
    place = OLD.graph.nodes[id_of(OLD, "tanh2")].position
    graph = graph.add(Node("n90", "torch.nn.ReLU", "relu1", position=place))
    return OLD.with_graph(graph).with_plan(replace(OLD.plan, epochs=77))


NEW = edited()


def lines(window: CompareWindow) -> list[str]:
    """The rows of the list."""
    return [row_of(item).words for item in window.tree._items()]


LOOKS = (("en", 100, "dark"), (PSEUDO, 100, "light"), ("zh_CN", 150, "dark"))


@contextmanager
def dressed(app: QApplication, code: str, scale: int, name: str) -> Iterator[None]:
    """A language, a size of text and a theme, in the application's style; all as before afterwards."""
    font, colors, before = app.font(), app.palette(), theme.name
    set_language(code)
    theme.set_scale(scale)
    theme.use(name)
    apply_style(app)
    yield
    shiboken6.delete(app.findChild(Dresser))
    theme.set_scale(100)
    theme.use(before)
    app.setStyleSheet("")
    app.setPalette(colors)
    app.setFont(font)
