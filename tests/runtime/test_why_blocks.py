"""Why is this 400? The answer goes into the block of an instance, however it is used, and out of it again."""

from __future__ import annotations

import pytest

from drawings import Drawing
from graph.model import BlockParam, Definitions
from runtime.analyser import analyse
from runtime.why import why, why_param


def answers(d: Drawing, name: str, dim: int, port: str = "output") -> list[tuple[str, tuple[str, ...]]]:
    """The sentences about a dimension, each with the names of the instances that lead to its drawing."""
    return [(str(step.message), step.place) for step in why(d.project, analyse(d.project), d.port(name, port), dim)]


def told(d: Drawing, name: str, dim: int, port: str = "output") -> list[str]:
    return [sentence for sentence, _ in answers(d, name, dim, port)]


def down() -> tuple[Drawing, Definitions]:
    """A convolution without padding, with 4 × `channels` channels."""
    inner = Drawing("Down")
    x = inner.add("op.Input", "x", shape=(1, 8, 8))
    conv = inner.add("nn.Conv2d", "conv", x, out_channels="=4 * channels", kernel_size=3)
    inner.add("op.Output", "y", inner.add("nn.ReLU", "relu", conv))
    return inner, inner.as_block(BlockParam("channels", 16))


def instance(definitions: Definitions, block: str, *shapes: tuple[int, ...], **params) -> Drawing:
    d = Drawing(definitions=definitions)
    sources = [d.add("op.Input", f"image{i or ''}", shape=shape) for i, shape in enumerate(shapes)]
    d.add(f"block.{block}", "it", *sources, **params)
    return d


def test_an_instance_is_entered_and_left_again():
    _, definitions = down()
    d = instance(definitions, "Down", (3, 20, 20), channels=2)
    assert answers(d, "it", 2, "y") == [
        ("'conv' slides a kernel of 3 over 20: (20 − 3) / 1 + 1 = 18.", ("it",)),
        ("20 comes from shape of 'image', which is 3 × 20 × 20.", ()),
    ]
    (conv, image) = why(d.project, analyse(d.project), d.port("it", "y"), 2)
    assert (conv.scope, conv.way, image.scope, image.way) == (next(iter(d.definitions.blocks)), (d.id("it"),), None, ())
    assert answers(d, "it", 0, "y") == [("B is the batch: as many samples as 'image' gives at once.", ())]


def test_what_the_instance_says_of_a_parameter():
    inner, definitions = down()
    d = instance(definitions, "Down", (3, 20, 20), channels=2)
    sentences = [
        "out_channels of 'conv' is 4 * channels, with channels = 2.",
        "channels is 2 at 'it'.",
    ]
    assert told(d, "it", 1, "y") == ["8 is out_channels of 'conv'.", *sentences]
    analysis, block, way = analyse(d.project), next(iter(d.definitions.blocks)), (d.id("it"),)
    found = why_param(d.project, analysis, inner.id("conv"), "out_channels", scope=block, way=way)
    assert [(str(s.message), s.size, s.place) for s in found] == [(sentences[0], "8", ("it",)), (sentences[1], "2", ())]
    assert [str(s.message) for s in why_param(d.project, analysis, d.id("it"), "channels")] == [
        "channels is 2 at 'it'."
    ]
    plain = instance(definitions, "Down", (3, 20, 20))
    assert told(plain, "it", 1, "y")[1:] == [
        "out_channels of 'conv' is 4 * channels, with channels = 16.",
        "16 is the default of channels.",
    ]


def test_values_go_through_several_blocks():
    _, definitions = down()
    outer = Drawing("Outer", definitions=definitions)
    image = outer.add("op.Input", "x", shape=(1, 8, 8))
    outer.add("op.Output", "y", outer.add("block.Down", "down", image, channels="=width + 1"))
    d = instance(outer.as_block(BlockParam("width", 3)), "Outer", (3, 9, 9), width=5)
    assert answers(d, "it", 1, "y") == [
        ("24 is out_channels of 'conv'.", ("it", "down")),
        ("out_channels of 'conv' is 4 * channels, with channels = 6.", ("it", "down")),
        ("channels of 'down' is width + 1, with width = 5.", ("it",)),
        ("width is 5 at 'it'.", ()),
    ]


def test_asked_inside_it_says_where_the_size_comes_in():
    inner, definitions = down()
    d = instance(definitions, "Down", (3, 20, 20))
    block, analysis = next(iter(d.definitions.blocks)), analyse(d.project)
    inside = "'conv' slides a kernel of 3 over 20: (20 − 3) / 1 + 1 = 18.", "20 comes into the block through 'x'."

    def said(*args, **where):
        return [str(step.message) for step in why(*args, inner.port("conv"), 2, **where)]

    assert said(d.project, analysis, scope=block, way=(d.id("it"),)) == [
        *inside,
        "20 comes from shape of 'image', which is 3 × 20 × 20.",
    ]
    assert said(d.project, analysis, scope=block) == said(d.project, analysis, scope=block, way=("n9",)) == [*inside]


def test_a_repeat_counts_its_runs_and_goes_through_those_that_differ():
    _, definitions = down()
    d = instance(definitions, "Down", (3, 20, 20), use="repeat", times=3)
    assert answers(d, "it", 2, "y") == [
        ("14 is there after 3 runs of 'it'.", ()),
        ("'conv' slides a kernel of 3 over 16: (16 − 3) / 1 + 1 = 14.", ("it",)),
        ("'conv' slides a kernel of 3 over 18: (18 − 3) / 1 + 1 = 16.", ("it",)),
        ("'conv' slides a kernel of 3 over 20: (20 − 3) / 1 + 1 = 18.", ("it",)),
        ("20 comes from shape of 'image', which is 3 × 20 × 20.", ()),
    ]


def test_runs_that_change_nothing_are_passed_by():
    inner = Drawing("Same")
    inner.add("op.Output", "y", inner.add("nn.Conv2d", "conv", inner.add("op.Input", "x"), out_channels=3, padding=1))
    d = instance(inner.as_block(), "Same", (3, 20, 20), use="repeat", times=900)
    assert len(told(d, "it", 2, "y")) == 3
    assert told(d, "it", 2, "y")[-1] == "20 comes from shape of 'image', which is 3 × 20 × 20."


def cell() -> Definitions:
    """A recurrent cell: h = tanh(linear(x, h))."""
    inner = Drawing("Cell")
    x, h = inner.add("op.Input", "x", shape=(4,)), inner.add("op.Input", "h", shape=(6,))
    new = inner.add("nn.Linear", "linear", inner.add("op.Concatenate", "both", x, h, dim=1), out_features=6)
    inner.add("op.Output", "h_new", new, state="h")
    inner.add("op.Output", "old", h)
    inner.add("op.Output", "seen", x)
    return inner.as_block()


def test_a_scan_has_steps():
    d = instance(cell(), "Cell", (32, 4), use="scan")
    assert told(d, "it", 1, "h_new") == [
        "'it' goes along 32 steps.",
        "32 comes from shape of 'image', which is 32 × 4.",
    ]
    assert told(d, "it", 2, "h_new") == ["6 comes out of 32 steps of 'it'.", "6 is out_features of 'linear'."]
    assert told(d, "it", 1, "h_new_last") == told(d, "it", 2, "h_new")
    assert told(d, "it", 2, "old") == ["6 comes out of 32 steps of 'it'.", "6 is shape of 'h'."]
    assert told(d, "it", 2, "seen")[1:] == ["4 comes from shape of 'image', which is 32 × 4."]
    for port in ("h_new", "old", "seen"):
        assert told(d, "it", 0, port)[-1] == "B is the batch: as many samples as 'image' gives at once."


def test_a_scan_in_both_directions_has_two_halves():
    d = instance(cell(), "Cell", (32, 4), (12,), use="scan", direction="both")
    halves = "'it' lays what both directions give side by side: 6 + 6 = 12."
    assert told(d, "it", 2, "h_new") == [halves, "6 is out_features of 'linear'."]
    assert told(d, "it", 1, "h_new_last") == [halves, "6 is out_features of 'linear'."]
    assert told(d, "it", 2, "old") == [
        halves,
        "6 of 12 comes into the block through 'h', for one direction.",
        "12 is shape of 'image1'.",
    ]


@pytest.mark.parametrize("use", [{}, {"use": "repeat", "times": 2}])
def test_two_instances_of_the_same_are_two_answers(use):
    _, definitions = down()
    d = Drawing(definitions=definitions)
    image = d.add("op.Input", "image", shape=(3, 20, 20))
    parts = [d.add("block.Down", name, image, channels=2, **use) for name in ("a", "b")]
    d.add("op.Concatenate", "both", *parts, dim=1)
    found = answers(d, "both", 1)
    assert found[0] == ("'both' joins 8 + 8 along dimension 1: 16.", ())
    assert [place for text, place in found if text == "8 is out_channels of 'conv'."] == [("a",), ("b",)]
