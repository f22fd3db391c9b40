"""The code of blocks as a teacher would show it: compared with files, which also run.

After a change that is meant, `PYTHONPATH=.:tests python tests/runtime/test_golden_code.py` writes the files anew.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from drawings import Drawing
from graph.model import BlockParam, Definitions, Port
from runtime.compiler import compile_project, execute

GOLDEN = Path(__file__).with_name("golden")


def residual() -> Definitions:
    """Two convolutions beside a shortcut, with a 1 x 1 convolution on it."""
    d = Drawing("ResidualBlock")
    x = d.add("op.Input", "x", shape=(8, 16, 16))
    y = d.add("nn.Conv2d", "conv1", x, out_channels="=channels", kernel_size=3, stride="=stride", padding=1, bias=False)
    y = d.add("nn.ReLU", "relu1", d.add("nn.BatchNorm2d", "norm1", y))
    y = d.add("nn.Conv2d", "conv2", y, out_channels="=channels", kernel_size=3, padding=1, bias=False)
    shortcut = d.add(
        "nn.Conv2d", "projection", x, out_channels="=channels", kernel_size=1, stride="=stride", bias=False
    )
    y = d.add("op.Add", "sum", d.add("nn.BatchNorm2d", "norm2", y), shortcut)
    d.add("op.Output", "y", d.add("nn.ReLU", "relu2", y))
    return d.as_block(BlockParam("channels", 8), BlockParam("stride", 1), help="Two convolutions beside a shortcut.")


def residual_network() -> Drawing:
    """Instances of one block with different parameters."""
    d = Drawing("Residual Net", definitions=residual())
    x = d.add(
        "nn.Conv2d", "stem", d.add("op.Input", "image", shape=(3, 32, 32)), out_channels=8, kernel_size=3, padding=1
    )
    x = d.add("block.ResidualBlock", "block1", x)
    x = d.add("block.ResidualBlock", "block2", x, channels=16, stride=2)
    x = d.add("nn.Flatten", "flatten", d.add("nn.AdaptiveAvgPool2d", "pool", x, output_size=1))
    d.add("op.Output", "scores", d.add("nn.Linear", "logits", x, out_features=10))
    return d


def repeats() -> Drawing:
    """Repeats that keep the size, that change it once, that grow, and that share their weights."""
    layer = Drawing("DenseLayer")
    x = layer.add("op.Input", "x", shape=(8,))
    y = layer.add("nn.ReLU", "relu", layer.add("nn.Linear", "fc", x, out_features="=growth"))
    layer.add("op.Output", "y", layer.add("op.Concatenate", "joined", x, y))
    step = Drawing("Step", definitions=layer.as_block(BlockParam("growth", 4)))
    x, context = step.add("op.Input", "x", shape=(8,)), step.add("op.Input", "context", shape=(8,))
    both = step.add("op.Concatenate", "both", x, context)
    step.add("op.Output", "y", step.add("nn.Tanh", "tanh", step.add("nn.Linear", "fc", both, out_features="=width")))
    d = Drawing("Repeats", definitions=step.as_block(BlockParam("width", 12)))
    given = d.add("op.Input", "features", shape=(8,))
    x = d.add("block.DenseLayer", "dense", given, use="repeat", times=3)
    x = d.add("block.Step", "steps", x, given, use="repeat", times=4)
    x = d.add("block.Step", "same", x, given, use="repeat", times=2, shared_weights=True)
    d.add("op.Output", "scores", d.add("nn.Linear", "logits", x, out_features=3))
    return d


def scan() -> Drawing:
    """A recurrent cell from parts, along sequences of different lengths, both ways."""
    cell = Drawing("GatedCell")
    x, h = cell.add("op.Input", "x", shape=(8,)), cell.add("op.Input", "h", shape=("=hidden",))
    both = cell.add("op.Concatenate", "both", x, h)
    gate = cell.add("nn.Sigmoid", "gate", cell.add("nn.Linear", "gate_fc", both, out_features="=hidden"))
    new = cell.add("nn.Tanh", "candidate", cell.add("nn.Linear", "candidate_fc", both, out_features="=hidden"))
    mixed = cell.add(
        "op.Add", "mixed", h, cell.add("op.Multiply", "change", gate, cell.add("op.Subtract", "gap", new, h))
    )
    cell.add("op.Output", "y", mixed, state="h")
    d = Drawing("Reader", definitions=cell.as_block(BlockParam("hidden", 16)))
    tokens = d.add("op.Input", "tokens", shape=(6,), dtype="int64")
    words = d.add("nn.Embedding", "embedding", tokens, num_embeddings=100, embedding_dim=8)
    size = d.add("op.Select", "length", d.add("op.Input", "lengths", shape=(1,), dtype="int64"), dim=1, index=0)
    d.add("block.GatedCell", "encoder", words, use="scan", direction="both", hidden=12)
    d.wire(size, "encoder", "lengths")
    d.add("block.GatedCell", "reader", d.port("encoder", "y"), use="scan")
    d.add("op.Output", "scores", d.add("nn.Linear", "logits", Port(d.id("reader"), "y_last"), out_features=2))
    return d


def siamese() -> Drawing:
    """Two pictures through one encoder."""
    encoder = Drawing("Encoder")
    x = encoder.add("op.Input", "image", shape=(1, 8, 8))
    x = encoder.add("nn.ReLU", "relu", encoder.add("nn.Conv2d", "conv", x, out_channels=4, kernel_size=3))
    x = encoder.add("nn.Flatten", "flatten", x)
    encoder.add("op.Output", "code", encoder.add("nn.Linear", "fc", x, out_features="=size"))
    d = Drawing("Siamese", definitions=encoder.as_block(BlockParam("size", 16)))
    first, second = d.add("op.Input", "first", shape=(1, 8, 8)), d.add("op.Input", "second", shape=(1, 8, 8))
    code1 = d.add("block.Encoder", "code1", first)
    code2 = d.add("block.Encoder", "code2", second, shares="code1")
    d.add("op.Output", "distance", d.add("nn.PairwiseDistance", "apart", code1, code2))
    return d


def tied_embedding() -> Drawing:
    """The scores of words come from the table of words."""
    d = Drawing("Language Model")
    x = d.add(
        "nn.Embedding",
        "words",
        d.add("op.Input", "tokens", shape=(6,), dtype="int64"),
        num_embeddings=50,
        embedding_dim=8,
    )
    x = d.add("nn.Tanh", "tanh", d.add("nn.Linear", "fc", x, out_features=8))
    d.add("op.Output", "scores", d.add("nn.Linear", "logits", x, out_features=50, bias=False, shares="words"))
    return d


DRAWINGS: dict[str, Callable[[], Drawing]] = {
    "residual_network": residual_network,
    "repeats": repeats,
    "scan": scan,
    "siamese": siamese,
    "tied_embedding": tied_embedding,
}


def inputs_for(compiled) -> list[torch.Tensor]:
    specs = [compiled.analysis.spec(port) for port in compiled.inputs]
    return [
        torch.randint(1, 6, (3, *spec.shape[1:])) if spec.dtype == "int64" else torch.randn(3, *spec.shape[1:])
        for spec in specs
    ]


@pytest.mark.parametrize("name", DRAWINGS)
def test_the_code_is_that_of_the_file_and_runs(name):
    compiled = compile_project(DRAWINGS[name]().project)
    text = (GOLDEN / f"{name}.py").read_text("utf-8")
    assert compiled.source.text == text
    torch.manual_seed(0)
    from_file = execute(text)[compiled.source.class_name]().eval()
    given, built = inputs_for(compiled), compiled.build(seed=0).eval()
    assert torch.equal(from_file(*given), built(*given))
    assert f"{sum(p.numel() for p in built.parameters()):,} parameters." in text


@pytest.mark.parametrize("name", DRAWINGS)
def test_every_line_that_computes_belongs_to_a_node(name):
    source = compile_project(DRAWINGS[name]().project).source
    for number, line in enumerate(source.text.splitlines(), 1):
        if line.startswith("        ") and not line.strip().startswith(
            ("super()", "return", '"""', "self.stride", "self.channels")
        ):
            assert source.mark_at(number) is not None, line


if __name__ == "__main__":
    for name, draw in DRAWINGS.items():
        (GOLDEN / f"{name}.py").write_text(compile_project(draw().project).source.text, "utf-8")
