"""What is known about the drawing of a block is what the instance that leads there has."""

from __future__ import annotations

from drawings import Drawing
from graph.model import BlockParam
from runtime.analyser import analyse


def drawing() -> Drawing:
    """One block used for images of two sizes, the second time inside another block."""
    inner = Drawing("Wide")
    conv = inner.add(
        "nn.Conv2d", "conv", inner.add("op.Input", "x", shape=(1, 4, 4)), out_channels="=channels", kernel_size=1
    )
    inner.add("op.Output", "output", conv)
    definitions = inner.as_block(BlockParam("channels", 2))
    outer = Drawing("Outer", definitions=definitions)
    x = outer.add("op.Input", "x", shape=(1, 4, 4))
    outer.add("op.Output", "output", outer.add("block.Wide", "wide", x, channels=5))
    d = Drawing("Net", definitions=outer.as_block())
    small = d.add("block.Wide", "first", d.add("op.Input", "small", shape=(3, 8, 8)))
    large = d.add("block.Outer", "second", d.add("op.Input", "large", shape=(1, 16, 16)))
    d.add("op.Output", "a", small)
    d.add("op.Output", "b", large)
    return d


def test_the_way_decides_which_instance_is_seen():
    d = drawing()
    analysis = analyse(d.project)
    wide = next(b for b in d.project.blocks.values() if b.name == "Wide")
    outer = next(b for b in d.project.blocks.values() if b.name == "Outer")
    conv, inner = wide.graph.node_named("conv").id, outer.graph.node_named("wide").id

    def shape(*way: str) -> tuple:
        return analysis.within(wide.id, way).nodes[conv].outputs["output"].shape

    assert shape(d.id("first")) == ("B", 2, 8, 8)
    assert shape(d.id("second"), inner) == ("B", 5, 16, 16)
    assert shape() == shape("gone") == shape(d.id("second")) == ("B", 2, 8, 8)


def test_a_block_that_nothing_uses_is_seen_with_what_its_inputs_announce():
    d = drawing()
    project = d.project.with_graph(d.graph.remove([d.id("first"), d.id("second")]))
    analysis = analyse(project)
    wide = next(b for b in project.blocks.values() if b.name == "Wide")
    conv = wide.graph.node_named("conv").id
    assert analysis.within(wide.id).nodes[conv].outputs["output"].shape == ("B", 2, 4, 4)
    assert analysis.within("nothing").nodes == {}


def test_an_instance_that_is_not_fully_wired_shows_what_arrives_already():
    inner = Drawing("Cell")
    x, h = inner.add("op.Input", "x", shape=(1, 28, 28)), inner.add("op.Input", "h", shape=(6,))
    inner.add("op.Output", "y", inner.add("op.Concatenate", "both", x, h))
    for use, shape in (("call", (5, 8)), ("scan", (5, 8))):
        d = Drawing("Net", definitions=inner.as_block())
        d.add("block.Cell", "cell", d.add("op.Input", "rows", shape=shape), use=use)
        (block,) = d.project.blocks.values()
        seen = analyse(d.project).within(block.id, [d.id("cell")]).nodes
        arriving = seen[block.graph.node_named("x").id].outputs["output"]
        assert arriving.shape == (("B", 5, 8) if use == "call" else ("B", 8))
        assert seen[block.graph.node_named("h").id].outputs["output"].shape == ("B", 6)
