"""The famous architectures: their size is the published one, and they compute what the same network by hand computes."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest
import torch
from torch import Tensor, nn

import hand_written
from architectures import DRAW
from drawings import overlapping
from graph import files
from graph.areas import GRID
from graph.model import Graph, Project
from runtime import examples
from runtime.analyser import analyse
from runtime.compiler import compile_project

# Of torchvision's models (its documentation gives `num_params`), of GPT-2 as OpenAI published it, and of the U-Net by
# the formula in `test_the_size_of_the_unet`.
PARAMETERS = {
    "resnet18": 11_689_512,
    "resnet50": 25_557_032,
    "resnet152": 60_192_808,
    "vgg16": 138_357_544,
    "mobilenet_v2": 3_504_872,
    "densenet121": 7_978_856,
    "vit_b_16": 86_567_656,
    "gpt2_small": 124_439_808,
    "unet": 31_030_658,
}


def shipped(name: str) -> Project:
    return files.load(examples.path(name))


def drawings(project: Project) -> list[Graph]:
    return [project.graph, *(block.graph for block in project.blocks.values())]


def test_the_architectures_are_the_files_that_ship() -> None:
    assert set(examples.architectures()) == {path.stem for path in examples.ARCHITECTURES.glob("*")} == set(PARAMETERS)


@pytest.mark.parametrize("name", PARAMETERS)
class TestArchitecture:
    """What holds for each of them."""

    def test_is_what_the_builder_draws(self, name: str) -> None:
        assert examples.path(name).read_text("utf-8") == files.to_text(DRAW[name]())

    def test_is_read_back_the_same(self, name: str) -> None:
        assert files.from_text(examples.path(name).read_text("utf-8")) == DRAW[name]()

    def test_has_the_published_size_in_the_analysis_and_in_the_model(self, name: str) -> None:
        analysis = analyse(shipped(name))
        assert [problem.code for problem in analysis.problems] == ["no-loss"]
        assert analysis.parameters == PARAMETERS[name]
        with torch.device("meta"):  # shapes alone: VGG-16 would take half a gigabyte
            model = compile_project(shipped(name)).build()
        assert sum(p.numel() for p in model.parameters()) == PARAMETERS[name]

    def test_is_a_small_drawing(self, name: str) -> None:
        assert max(len(graph.nodes) for graph in drawings(shipped(name))) <= 22

    def test_cards_stand_on_the_grid_and_apart(self, name: str) -> None:
        project = shipped(name)
        for graph in drawings(project):
            assert all(place % GRID == 0 for node in graph.nodes.values() for place in node.position)
            assert overlapping(graph, project.catalog) == []

    def test_has_a_title_and_a_sentence(self, name: str) -> None:
        title, sentence = map(str, examples.describe(name))
        assert title and sentence.endswith(".")


def test_the_size_of_the_unet() -> None:
    """Every 3 × 3 convolution has 9 weights for each pair of channels, every up-convolution 4, and each a bias."""
    widths = (64, 128, 256, 512, 1024)

    def double(before: int, after: int) -> int:
        return 9 * before * after + after + 9 * after * after + after

    down = sum(double(before, after) for before, after in zip((1, *widths), widths, strict=False))
    up = sum(4 * 2 * w * w + w + double(2 * w, w) for w in widths[:-1])
    assert down + up + 64 * 2 + 2 == PARAMETERS["unet"]


def pixels() -> Tensor:
    return torch.randn(2, 3, 64, 64)


# For each: the network by hand, and an input smaller than the one that the drawing announces.
BY_HAND: Mapping[str, tuple[Callable[[], nn.Module], Callable[[], Tensor]]] = {
    "resnet18": (hand_written.ResNet18, pixels),
    "resnet50": (hand_written.ResNet50, pixels),
    "densenet121": (hand_written.DenseNet121, pixels),
    "mobilenet_v2": (hand_written.MobileNetV2, pixels),
    "vit_b_16": (hand_written.ViT, lambda: torch.randn(1, 3, 224, 224)),
    "gpt2_small": (hand_written.GPT2, lambda: torch.randint(50257, (1, 12))),
    "unet": (hand_written.UNet, lambda: torch.randn(1, 1, 32, 32)),
}


@pytest.mark.parametrize("name", BY_HAND)
def test_computes_what_the_network_by_hand_computes(name: str) -> None:
    by_hand, make_input = BY_HAND[name]
    torch.manual_seed(0)
    reference = by_hand().eval()
    with torch.device("meta"):
        model = compile_project(shipped(name)).build().eval()
    theirs, ours = reference.state_dict(), model.state_dict()
    assert [t.shape for t in ours.values()] == [t.shape for t in theirs.values()]
    model.load_state_dict(dict(zip(ours, theirs.values(), strict=True)), assign=True)
    x = make_input()
    with torch.no_grad():
        expected, found = reference(x), model(x)
    assert found.shape == expected.shape
    # GPT-2 multiplies the scores where the reference's fused attention divides the queries: the last bits differ.
    assert (found - expected).abs().max() <= (1e-6 if name == "gpt2_small" else 0) * expected.abs().max()


def test_gpt2_has_one_tensor_for_the_tokens_and_the_scores() -> None:
    with torch.device("meta"):
        model = compile_project(shipped("gpt2_small")).build()
    assert model.lm_head.weight is model.wte.weight


def test_growing_layers_are_written_as_a_loop() -> None:
    text = compile_project(shipped("densenet121")).source.text
    assert "self.denseblock3 = nn.ModuleList(DenseLayer(256 + 32 * i) for i in range(24))" in text
    assert text.count("class DenseLayer") == 1


def test_one_class_serves_all_stages() -> None:
    for name in ("vgg16", "resnet152", "mobilenet_v2"):
        text = compile_project(shipped(name)).source.text
        assert "class Stage(nn.Module)" in text
        assert "Stage2" not in text
