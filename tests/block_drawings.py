"""Drawings with blocks, scans and shared weights, for tests of the window."""

from __future__ import annotations

from drawings import Drawing, with_images
from graph.model import BlockParam, Definitions, Project


def residual(definitions: Definitions | None = None) -> Definitions:
    """A block that adds a convolution to its input, which has as many channels as it gives."""
    d = Drawing("BasicBlock", definitions=definitions)
    x = d.add("op.Input", "x", shape=(8, 28, 28))
    y = d.add("nn.Conv2d", "conv1", x, out_channels="=channels", kernel_size=3, padding=1)
    y = d.add("nn.ReLU", "relu1", y)
    d.add("op.Output", "output", d.add("op.Add", "sum", y, x))
    return d.as_block(BlockParam("channels", 8, "Number of channels."), help="A convolution, added to its input.")


def memory_cell(definitions: Definitions | None = None) -> Definitions:
    """One step of a recurrent network: its state comes back at the next step of a scan."""
    d = Drawing("MemoryCell", definitions=definitions)
    x, h = d.add("op.Input", "x", shape=(28,)), d.add("op.Input", "h", shape=(16,))
    both = d.add("op.Concatenate", "both", x, h)
    new = d.add("nn.Tanh", "tanh1", d.add("nn.Linear", "gate", both, out_features=16))
    d.add("op.Output", "state", new, state="h")
    return d.as_block(help="A recurrent cell.")


def showcase() -> Project:
    """A network with two instances of a block, one of them repeated, a scan, and two layers that share their weights."""
    definitions = memory_cell(residual())
    d, image, label = with_images("Showcase")
    d.definitions = definitions
    x = d.add("nn.Conv2d", "stem", image, out_channels=8, kernel_size=5)
    x = d.add("block.BasicBlock", "stage1", x)
    x = d.add("block.BasicBlock", "stage2", x, use="repeat", times=3, channels=8)
    rows = d.add("nn.Flatten", "rows", x, start_dim=1, end_dim=2)
    d.add("block.MemoryCell", "reader", rows, use="scan", direction="both")
    a = d.add("nn.Linear", "encoder1", d.port("reader", "state_last"), out_features=32)
    b = d.add("nn.Linear", "encoder2", d.port("reader", "state_last"), out_features=32, shares="encoder1")
    lstm = d.add("nn.LSTM", "lstm", d.port("reader", "state"), hidden_size=12)
    last = d.add("nn.Flatten", "flatten", lstm)
    joined = d.add("op.Concatenate", "joined", a, b, last)
    logits = d.add("nn.Linear", "logits", joined, out_features=10)
    d.add("nn.CrossEntropyLoss", "loss", logits, label)
    d.add("metric.Accuracy", "accuracy", logits, label)
    return d.placed
