"""The ready blocks that ship: each is right, learns, and computes what PyTorch or the same block by hand computes."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

import hand_written
from drawings import Drawing, overlapping
from graph import files
from graph.catalog.definitions import INPUT
from graph.model import Project
from ready_blocks import DRAW
from runtime import library
from runtime.analyser import analyse
from runtime.compiler import compile_project

BATCH = 3


def shipped(name: str) -> Project:
    return files.load(library.FOLDER / f"{name}.layerloom")


def built(project: Project) -> nn.Module:
    return compile_project(project).build(seed=0)


def inputs_of(project: Project) -> list[Tensor]:
    shapes = [node.params["shape"] for node in project.graph.nodes.values() if node.type == INPUT]
    return [torch.randn(BATCH, *shape) for shape in shapes]


def copy_in_order(target: nn.Module, source: nn.Module) -> None:
    """Give a module the weights of another that has the same shapes in the same order."""
    theirs, ours = source.state_dict(), target.state_dict()
    assert [t.shape for t in ours.values()] == [t.shape for t in theirs.values()]
    target.load_state_dict(dict(zip(ours, theirs.values(), strict=True)))


@pytest.mark.parametrize("name", library.READY)
class TestReadyBlock:
    """What holds for each of them."""

    def test_is_what_the_builder_draws(self, name: str) -> None:
        text = (library.FOLDER / f"{name}.layerloom").read_text("utf-8")
        assert text == files.to_text(DRAW[name]())
        assert files.from_text(text) == DRAW[name]()

    def test_has_no_problems_but_that_nothing_trains_it(self, name: str) -> None:
        assert [problem.code for problem in analyse(shipped(name)).problems] == ["no-loss"]

    def test_says_what_it_is(self, name: str) -> None:
        project = shipped(name)
        for block in project.blocks.values():
            assert block.help.endswith(".")
            assert all(param.help.endswith(".") for param in block.params)

    def test_learns(self, name: str) -> None:
        project = shipped(name)
        model = built(project)
        results = model(*inputs_of(project))
        (results if isinstance(results, Tensor) else torch.cat(results, -1)).square().sum().backward()
        assert all(p.grad is not None and p.grad.isfinite().all() for p in model.parameters())

    def test_cards_do_not_overlap(self, name: str) -> None:
        project = shipped(name)
        for graph in (project.graph, *(block.graph for block in project.blocks.values())):
            assert overlapping(graph, project.catalog) == []


# ---- against the same block by hand

BY_HAND: Mapping[str, Callable[[], nn.Module]] = {
    "residual": lambda: hand_written.Residual(64, 64, 64, 1),
    "residual_projection": lambda: hand_written.Residual(64, 64, 64, 2),
    "bottleneck": lambda: hand_written.Residual(256, 64, 256, 1),
    "bottleneck_projection": lambda: hand_written.Residual(64, 64, 256, 2),
    "inverted_residual": lambda: hand_written.InvertedResidual(64, 64, 1, 6),
    "squeeze_excite": lambda: hand_written.SqueezeExcitation(64, 16),
    "inception": hand_written.Inception,
    "dense_block": lambda: nn.Sequential(*(hand_written.DenseLayer(64 + 32 * i) for i in range(6))),
    "unet_stage": lambda: hand_written.UNetStage(1, 64),
    "attention_gate": lambda: hand_written.AttentionGate(64, 128, 32),
    "self_attention": lambda: hand_written.SelfAttention(64),
}


@pytest.mark.parametrize("name", BY_HAND)
def test_computes_what_the_block_by_hand_computes(name: str) -> None:
    project, reference = shipped(name), BY_HAND[name]()
    model = built(project)
    copy_in_order(model, reference)
    inputs = inputs_of(project)
    for module in (model, reference):
        module.train()  # batch statistics, so that normalization counts; none of these drops anything out
    torch.testing.assert_close(model(*inputs), reference(*inputs), rtol=0, atol=1e-6)


# ---- against PyTorch's attention

WIDTH, HEADS, INNER = 64, 4, 256  # the defaults of the blocks


def copy_attention(target: nn.Module, source: nn.MultiheadAttention) -> None:
    """PyTorch keeps the three projections one below the other in a single matrix."""
    for letter, weight, bias in zip("qkv", source.in_proj_weight.chunk(3), source.in_proj_bias.chunk(3), strict=True):
        projection = getattr(target, f"{letter}_proj")
        projection.load_state_dict({"weight": weight.detach(), "bias": bias.detach()})
    target.out_proj.load_state_dict(source.out_proj.state_dict())


def copy_layer(target: nn.Module, source: nn.Module) -> None:
    copies = {"feed_forward.linear1": "linear1", "feed_forward.linear2": "linear2"}
    copies |= {f"norm{i}": f"norm{i}" for i in (1, 2, 3) if hasattr(source, f"norm{i}")}
    for mine, theirs in copies.items():
        target.get_submodule(mine).load_state_dict(source.get_submodule(theirs).state_dict())
    for name in ("self_attn", "multihead_attn"):
        if hasattr(source, name):
            copy_attention(getattr(target, name), getattr(source, name))


def randomized(module: nn.Module) -> nn.Module:
    """A module whose biases and scales count too."""
    torch.manual_seed(1)
    for parameter in module.parameters():
        nn.init.normal_(parameter, std=0.2)
    return module.eval()


def compare(ours: nn.Module, theirs: Callable[..., Tensor], *inputs: Tensor) -> None:
    """The same results, and the same gradients of the inputs."""
    torch.manual_seed(2)
    for tensor in inputs:
        tensor.requires_grad_()
    found, expected = ours(*inputs), theirs(*inputs)
    pull = torch.randn_like(expected)
    torch.testing.assert_close(found, expected, rtol=1e-6, atol=1e-6)
    gradients = (torch.autograd.grad(y, inputs, pull) for y in (found, expected))
    torch.testing.assert_close(*gradients, rtol=1e-5, atol=1e-5)


def test_attention_from_parts_is_multi_head_attention() -> None:
    model = built(shipped("multi_head_attention")).eval()
    reference = randomized(nn.MultiheadAttention(WIDTH, HEADS, batch_first=True))
    copy_attention(model.multi_head_attention, reference)
    query, key, value = torch.randn(BATCH, 5, WIDTH), torch.randn(BATCH, 7, WIDTH), torch.randn(BATCH, 7, WIDTH)
    compare(model, lambda *inputs: reference(*inputs)[0], query, key, value)


@pytest.mark.parametrize("norm_first", [False, True])
def test_the_encoder_layer_from_parts_is_that_of_pytorch(norm_first: bool) -> None:
    model = built(shipped(f"transformer_encoder_layer{'_pre_norm' if norm_first else ''}")).eval()
    reference = nn.TransformerEncoderLayer(WIDTH, HEADS, INNER, batch_first=True, norm_first=norm_first)
    (layer,) = model.children()
    copy_layer(layer, randomized(reference))
    compare(model, reference, torch.randn(BATCH, 9, WIDTH))


def test_the_decoder_layer_from_parts_is_that_of_pytorch() -> None:
    model = built(shipped("transformer_decoder_layer")).eval()
    reference = randomized(nn.TransformerDecoderLayer(WIDTH, HEADS, INNER, batch_first=True))
    copy_layer(model.decoder_layer, reference)
    mask = nn.Transformer.generate_square_subsequent_mask(6)
    compare(
        model, lambda x, memory: reference(x, memory, tgt_mask=mask, tgt_is_causal=True),
        torch.randn(BATCH, 6, WIDTH), torch.randn(BATCH, 9, WIDTH),
    )  # fmt: skip


# ---- against PyTorch's recurrent layers

STEPS, FEATURES, HIDDEN = 7, 5, 6
RECURRENT = {"lstm_cell": nn.LSTM, "gru_cell": nn.GRU}
DIRECTIONS = {"forward": slice(0, HIDDEN), "backward": slice(HIDDEN, 2 * HIDDEN), "both": slice(0, 2 * HIDDEN)}


def scanned(name: str, direction: str, *, lengths: bool) -> Project:
    """A sequence, scanned by a cell, whose steps and last state come out."""
    definitions = shipped(name).definitions
    (cell,) = definitions.blocks.values()
    d = Drawing("Scanned", definitions=definitions)
    x = d.add("op.Input", "x", shape=(STEPS, FEATURES))
    d.add(f"block.{cell.name}", "cell", x, use="scan", hidden=HIDDEN, direction=direction)
    if lengths:
        given = d.add("op.Input", "lengths", shape=(1,), dtype="int64")
        d.wire(d.add("op.Select", "each", given, dim=1, index=0), "cell", "lengths")
    d.add("op.Output", "steps", d.port("cell", "h_next"))
    d.add("op.Output", "last", d.port("cell", "h_next_last"))
    return d.project


def copy_recurrent(model: nn.Module, source: nn.Module, direction: str) -> None:
    """The cells of a scan, one for each direction, from a bidirectional layer."""
    cells = list(model.cell) if direction == "both" else [model.cell]
    suffixes = {"forward": ("",), "backward": ("_reverse",), "both": ("", "_reverse")}[direction]
    for cell, suffix in zip(cells, suffixes, strict=True):
        for part in ("ih", "hh"):
            weights = {kind: getattr(source, f"{kind}_{part}_l0{suffix}").detach() for kind in ("weight", "bias")}
            getattr(cell, part).load_state_dict(weights)


def reference_run(layer: nn.Module, x: Tensor, lengths: Tensor | None) -> tuple[Tensor, Tensor]:
    """Steps and last states of a bidirectional layer, both directions side by side."""
    if lengths is None:
        steps, state = layer(x)
    else:
        packed, state = layer(pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False))
        steps = pad_packed_sequence(packed, batch_first=True, total_length=STEPS)[0]
    last = state[0] if isinstance(state, tuple) else state
    return steps, torch.cat(list(last), -1)


@pytest.mark.parametrize("lengths", [None, (7, 2, 4)], ids=["whole", "lengths"])
@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("name", RECURRENT)
def test_a_scanned_cell_is_the_layer_of_pytorch(name: str, direction: str, lengths: tuple[int, ...] | None) -> None:
    model = built(scanned(name, direction, lengths=lengths is not None))
    reference = RECURRENT[name](FEATURES, HIDDEN, batch_first=True, bidirectional=True)
    copy_recurrent(model, reference, direction)
    x = torch.randn(BATCH, STEPS, FEATURES, requires_grad=True)
    size = None if lengths is None else torch.tensor(lengths)
    found = model(x) if size is None else model(x, size[:, None])
    expected = [tensor[..., DIRECTIONS[direction]] for tensor in reference_run(reference, x, size)]
    gradients = []
    for steps, last in (found, expected):
        torch.manual_seed(3)
        total = (steps * torch.randn(steps.shape)).sum() + (last * torch.randn(last.shape)).sum()
        gradients += torch.autograd.grad(total, x)
    for mine, theirs in (*zip(found, expected, strict=True), gradients):
        torch.testing.assert_close(mine, theirs, rtol=0, atol=1e-6)
