"""Random networks that are right: over images, over the rows of a table, over sequences, with blocks of their own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Any

from graph.model import Node, Port, Project
from graph.plan import Plan
from random_graphs_interpreter import Interpreter
from random_graphs_sketch import ACTIVATIONS, FEATURES, ROWS, Sketch, Studio, Wire
from random_graphs_sketch import IMAGES as OVER_IMAGES

__all__ = ["CLASSES", "IMAGES", "KINDS", "Artist", "Interpreter", "random_project"]

CHANNELS, SIZE, COLUMNS, CLASSES, STEPS, WORDS = 3, 12, 10, 4, 4, 7
IMAGES = {
    "samples": 100,
    "outputs": {
        "image": {"shape": [CHANNELS, SIZE, SIZE], "dtype": "float32"},
        "label": {"shape": [], "dtype": "int64", "classes": CLASSES},
    },
}
TABLE = {
    "samples": 100,
    "outputs": {
        "features": {"shape": [COLUMNS], "dtype": "float32"},
        "target": {"shape": [], "dtype": "int64", "classes": CLASSES},
    },
}
Chain = tuple[Wire, int]  # where a network over images has come to, and how large its pictures are there


class Artist:
    """Draws a network step by step: mostly forward, sometimes in branches that meet again."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.name = f"Net {seed}"
        self.studio = Studio(self.random)
        self.has_dropout = False
        self.sketch = Sketch(self.studio, ROWS)

    def convolutional(self) -> Project:
        """A network over images with a classifier at its end."""
        self.sketch = Sketch(self.studio, OVER_IMAGES)
        data = self._data("data.Images", IMAGES)
        chain = Wire(Port(data, "image"), str(CHANNELS)), SIZE
        for _ in range(self.random.randint(2, 4)):
            chain = self.random.choice(_CHAIN)(self, *chain)
        x = chain[0].port
        if self.studio.chance(0.5):
            x = self.sketch.add("nn.AdaptiveAvgPool2d", x, output_size=self.random.choice([1, 2]))
        return self._classified(self.sketch.add("nn.Flatten", x), Port(data, "label"))

    def perceptron(self) -> Project:
        """A network over the rows of a table, with shortcuts."""
        data = self._data("data.Table", TABLE)
        self.sketch.wires = [Wire(Port(data, "features"), str(COLUMNS))]
        for _ in range(self.random.randint(2, 8)):
            self.sketch.step()
        self.activated()
        return self._classified(self._joined(self.sketch.wires[1:], dim=1), Port(data, "target"))

    def sequential(self) -> Project:
        """A network over sequences of vectors or words, with their lengths."""
        self.sketch = s = Sketch(self.studio, FEATURES)
        words = self.studio.chance(0.4)
        shape = {"shape": (STEPS,), "dtype": "int64"} if words else {"shape": (STEPS, COLUMNS)}
        tokens = s.add("op.Input", **shape)
        s.lengths = s.add("op.Select", s.add("op.Input", shape=(1,), dtype="int64"), dim=1, index=0)
        x = s.add("nn.Embedding", tokens, num_embeddings=WORDS, embedding_dim=3) if words else tokens
        s.wires = [Wire(x, "3" if words else str(COLUMNS), steps=True)]
        for _ in range(self.random.randint(2, 7)):
            s.step()
        self.activated()
        if words:
            self._tied(x)
        loose = [w for w in s.wires if not s.graph.outgoing(w.port.node)] or s.wires[-1:]
        rows = [w if not w.steps else Wire(s.add("op.Select", w, dim=1, index=-1), w.size) for w in loose]
        s.add("op.Output", s.add("nn.Linear", self._joined(rows, dim=1), out_features=CLASSES))
        return self._project()

    def _data(self, type_id: str, facts: dict) -> str:
        full = f"layerloom.{type_id}"
        return self.sketch.put(Node(self.sketch.graph.free_id(), full, "data", facts=facts)).node

    def _joined(self, wires: list[Wire], *, dim: int) -> Port:
        """The loose ends and some of the other wires, joined: in the drawing itself nothing is left over."""
        graph = self.sketch.graph
        chosen = [w for w in wires if not graph.outgoing(w.port.node) or self.studio.chance(0.2)] or wires[-1:]
        return chosen[0].port if len(chosen) == 1 else self.sketch.add("op.Concatenate", *chosen, dim=dim)

    def _tied(self, embedding: Port) -> None:
        """Scores for all words, once or twice, with the weights of the embedding."""
        s = self.sketch
        for name in ("scores", "scores_again")[: self.random.randint(1, 2)]:
            features = s.sized(s.pick(), 3, "3")
            node = Node(s.graph.free_id(), "torch.nn.Linear", name, {"out_features": WORDS}, shares=embedding.node)
            s.wires.append(Wire(s.put(node, features), str(WORDS), features.steps))

    def _classified(self, x: Port, answers: Port) -> Project:
        scores = self.sketch.add("nn.Linear", x, out_features=CLASSES)
        self.sketch.add("nn.CrossEntropyLoss", scores, answers)
        return self._project()

    def _project(self) -> Project:
        return Project(self.sketch.graph, Plan(), self.name, definitions=self.studio.definitions)

    # ---- steps over images

    def activated(self, x: Wire | None = None) -> Wire:
        """Add an activation, and now and then the one Dropout."""
        x = x or self.sketch.wires[-1]
        port = self.sketch.add(f"nn.{self.random.choice(ACTIVATIONS)}", x)
        if not self.has_dropout and self.studio.chance(0.2):
            self.has_dropout = True
            port = self.sketch.add("nn.Dropout", port, p=0.4)
        self.sketch.wires.append(replace(x, port=port))
        return self.sketch.wires[-1]

    def convolved(self, x: Wire, channels: int, **params: Any) -> Wire:
        """Add a Conv2d that keeps the size unless told otherwise."""
        kernel = self.random.choice([1, 3])
        params = {"kernel_size": kernel, "padding": kernel // 2, "bias": self.studio.chance(0.8), **params}
        return Wire(self.sketch.add("nn.Conv2d", x, out_channels=channels, **params), str(channels))

    def convolution(self, x: Wire, size: int) -> Chain:
        """A convolution with an activation; a stride of 2 halves the size."""
        stride = self.random.choice([1, 1, 2])
        return self.activated(self.convolved(x, self.random.choice([2, 4, 6]), stride=stride)), -(-size // stride)

    def pooling(self, x: Wire, size: int) -> Chain:
        """A pooling that halves the size, where there is enough of it."""
        if size < 4:
            return self.activated(x), size
        kind = self.random.choice(["MaxPool2d", "AvgPool2d"])
        return replace(x, port=self.sketch.add(f"nn.{kind}", x, kernel_size=2)), size // 2

    def normalization(self, x: Wire, size: int) -> Chain:
        """A normalization."""
        kind = self.random.choice(["BatchNorm2d", "GroupNorm", "LayerNorm"])
        params = {"num_groups": 1} if kind == "GroupNorm" else {}
        return replace(x, port=self.sketch.add(f"nn.{kind}", x, **params)), size

    def parts(self, x: Wire, size: int) -> Chain:
        """Several steps at one size: branches, shortcuts, blocks, repeats and siblings."""
        self.sketch.wires = [x]
        for _ in range(self.random.randint(2, 6)):
            self.sketch.step()
        joined = self._joined(self.sketch.wires[1:], dim=1)
        return self.activated(Wire(joined, self.studio.unknown())), size


_CHAIN: tuple[Callable[[Artist, Wire, int], Chain], ...] = (
    Artist.convolution,
    Artist.pooling,
    Artist.normalization,
    Artist.parts,
    Artist.parts,
)
KINDS: dict[str, Callable[[Artist], Project]] = {
    "images": Artist.convolutional,
    "table": Artist.perceptron,
    "sequence": Artist.sequential,
}


def random_project(seed: int, kind: str | None = None) -> Project:
    """A network of that kind; of a kind that the seed decides where none is given."""
    kind = kind or list(KINDS)[seed % len(KINDS)]
    return KINDS[kind](Artist(seed))
