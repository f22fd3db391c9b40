"""Blocks made of nodes, taken apart again, and brought in from other documents."""

from __future__ import annotations

from dataclasses import replace

import pytest

from drawings import IMAGES, Drawing
from graph.adoption import adopt, retyped, used_definitions
from graph.blocks import dissolve, make_block, rename_param, set_params
from graph.catalog.definitions import PREFIX
from graph.files import from_text, part_from_text, part_to_text, to_text
from graph.messages import EditError
from graph.model import Block, BlockParam, Code, Definitions, Graph, Link, Node, Port, Project
from graph.plan import Objective, Plan
from graph.validation import validate


def residual() -> Drawing:
    """Images through two convolutions beside a shortcut, then a classifier."""
    d = Drawing()
    d.add("data.Images", "digits", facts=IMAGES, source="builtin:digits", image_size=32)
    first = d.add("nn.Conv2d", "conv1", d.port("digits", "image"), out_channels=4, kernel_size=3, padding=1)
    inner = d.add("nn.ReLU", "relu1", first)
    inner = d.add("nn.Conv2d", "conv2", inner, out_channels=4, kernel_size=3, padding=1)
    total = d.add("op.Add", "add", inner, first)
    scores = d.add("nn.Linear", "fc", d.add("nn.Flatten", "flatten", total), out_features=10)
    d.add("nn.CrossEntropyLoss", "loss", scores, d.port("digits", "label"))
    return d


def blocked(*names: str, name: str = "Inner") -> tuple[Project, str]:
    d = residual()
    return make_block(d.project, None, [d.id(n) for n in names], name=name)


def names(graph: Graph) -> list[str]:
    return [node.name for node in graph.nodes.values()]


def test_nodes_become_a_block_and_an_instance():
    project, instance = blocked("relu1", "conv2")
    (block,) = project.blocks.values()
    assert names(project.graph) == ["digits", "conv1", "inner1", "add", "flatten", "fc", "loss"]
    assert names(block.graph) == ["relu1", "conv2", "x", "output"]
    assert project.graph.nodes[instance].type == PREFIX + block.id
    assert project.graph.inputs(instance) == {"x": Port("n2", "output")}
    assert validate(project) == ()


def test_one_input_serves_all_that_the_same_port_feeds():
    project, instance = blocked("relu1", "conv2", "add")
    assert list(project.graph.inputs(instance)) == ["x"]
    (block,) = project.blocks.values()
    entry = block.graph.node_named("x")
    assert len(block.graph.outgoing(entry.id)) == 2


def test_a_block_with_several_ends_names_its_ports_after_nodes():
    project, instance = blocked("conv1", "relu1")
    (block,) = project.blocks.values()
    assert [n for n in names(block.graph) if n.endswith("_out")] == ["conv1_out", "relu1_out"]
    assert {link.source.name for link in project.graph.outgoing(instance)} == {"conv1_out", "relu1_out"}


def test_what_would_come_back_from_outside_is_refused():
    with pytest.raises(EditError, match="comes back"):
        blocked("conv1", "conv2")


@pytest.mark.parametrize(
    ("chosen", "name", "words"),
    [
        ([], "Inner", "Nothing is selected"),
        (["digits"], "Inner", "'digits' cannot be in a block"),
        (["loss"], "Inner", "'loss' cannot be in a block"),
        (["relu1"], "not a name", "letters and digits"),
        (["relu1"], "class", "Python or PyTorch uses that word"),
    ],
)
def test_what_cannot_be_a_block(chosen, name, words):
    with pytest.raises(EditError, match=words):
        blocked(*chosen, name=name)


def test_shared_weights_stay_on_one_side():
    d = residual()
    project = d.project.with_graph(d.graph.share([d.id("conv1"), d.id("conv2")]))
    with pytest.raises(EditError, match="'conv2' shares its weights with 'conv1'"):
        make_block(project, None, [d.id("conv2")], name="Inner")


def test_objectives_follow_their_nodes_into_the_block():
    d = residual()
    plan = Plan(objectives=(Objective(parameters=(d.id("fc"), d.id("conv2"))),))
    project, instance = make_block(d.project.with_plan(plan), None, [d.id("conv2")], name="Inner")
    assert project.plan.objectives[0].parameters == (d.id("fc"), instance)


def test_a_block_in_a_block_gets_the_parameters_that_it_needs():
    project, _ = blocked("relu1", "conv2")
    (block,) = project.blocks.values()
    graph = block.graph.set_params(block.graph.node_named("conv2").id, {"out_channels": "=channels"})
    project = project.with_block(Block(block.id, block.name, graph, (BlockParam("channels", 4),)))
    project, inner = make_block(project, block.id, [graph.node_named("conv2").id], name="Deeper")
    deeper = next(b for b in project.blocks.values() if b.name == "Deeper")
    assert deeper.params == (BlockParam("channels", 4),)
    assert project.blocks[block.id].graph.nodes[inner].params == {"channels": "=channels"}
    assert validate(project) == ()


def test_taking_apart_is_the_way_back():
    d = residual()
    project, instance = make_block(d.project, None, [d.id("relu1"), d.id("conv2")], name="Inner")
    back, ids = dissolve(project, None, instance)
    assert sorted(names(back.graph)) == sorted(names(d.graph))
    assert len(ids) == 2
    wires = {
        tuple((graph.nodes[end.node].name, end.name) for end in link)
        for graph in (back.graph,)
        for link in graph.links.values()
    }
    assert wires == {tuple((d.graph.nodes[end.node].name, end.name) for end in link) for link in d.graph.links.values()}


def test_expressions_get_the_values_of_the_instance():
    conv = Node("n2", "torch.nn.Conv2d", "conv", {"out_channels": "=2 * channels", "kernel_size": 1})
    graph = Graph({n.id: n for n in (Node("n1", "layerloom.Input", "x"), conv, Node("n3", "layerloom.Output", "y"))})
    graph = graph.connect(Link(Port("n1", "output"), Port("n2", "input"))).connect(
        Link(Port("n2", "output"), Port("n3", "input"))
    )
    block = Block("b1", "Wide", graph, (BlockParam("channels", 8),))
    outer = Graph({"n1": Node("n1", "block.b1", "wide", {"channels": 5})})
    back, (inner,) = dissolve(Project(outer, definitions=Definitions({"b1": block})), None, "n1")
    assert back.graph.nodes[inner].params["out_channels"] == 10


@pytest.mark.parametrize("use", ["repeat", "scan"])
def test_a_loop_cannot_be_taken_apart(use):
    project, instance = blocked("relu1", "conv2")
    project = project.with_graph(project.graph.set_params(instance, {"use": use}))
    with pytest.raises(EditError, match="only an instance that calls its block"):
        dissolve(project, None, instance)


def test_another_documents_blocks_come_with_what_they_contain_and_only_once():
    project, _ = blocked("relu1", "conv2")
    (block,) = project.blocks.values()
    project, instance = make_block(project, None, [project.graph.node_named("inner1").id], name="Outer")
    part = project.graph.only([instance])
    text = part_to_text(part, used_definitions(part, project.definitions))
    copied, others = part_from_text(text, project.catalog)
    elsewhere, types = adopt(Definitions(codes={"b1": Code("b1", "Other", "x = 1")}), others)
    assert [b.name for b in elsewhere.blocks.values()] == ["Inner", "Outer"]
    assert retyped(copied, types).nodes[instance].type in elsewhere.catalog
    again, same = adopt(elsewhere, others)
    assert again.blocks == elsewhere.blocks
    assert same == types
    assert block.id in project.blocks


def test_a_file_keeps_blocks_code_and_places():
    project, instance = blocked("relu1", "conv2")
    (block,) = project.blocks.values()
    placed = Block(
        block.id, block.name, block.graph.move({"n3": (8.0, 12.0)}), (BlockParam("width", 2.5, "How wide."),), "Help."
    )
    project = project.with_block(placed)
    definitions = project.definitions.put_code(Code("c1", "Mine", "def Mine(x):\n    return x\n"))
    project = Project(project.graph.move({instance: (4.0, 4.0)}), name="Net", definitions=definitions)
    text = to_text(project)
    assert from_text(text) == project
    moved = to_text(
        project.with_block(
            Block(placed.id, placed.name, placed.graph.move({"n3": (8.0, 16.0)}), placed.params, placed.help)
        )
    )
    changed = [
        line for old, new in zip(text.splitlines(), moved.splitlines(), strict=True) if old != new for line in (old,)
    ]
    assert changed == ['        "n3": [8.0, 12.0],']


# ---- what taking apart keeps


def scaled(value: object, expression: str = "=k ** 2") -> tuple[Project, str]:
    """A Linear of `expression` features in a block with the parameter k, and an instance with this value of it."""
    d = Drawing("Wide")
    x = d.add("nn.ReLU", "relu", d.add("op.Input", "x", shape=(4,)))
    d.add("op.Output", "y", d.add("nn.Linear", "fc", x, out_features=expression))
    outer = Drawing(definitions=d.as_block(BlockParam("k", 2)))
    instance = outer.add("block.Wide", "wide", outer.add("op.Input", "x", shape=(4,)), k=value)
    outer.add("op.Output", "y", instance)
    return outer.project, instance.node


@pytest.mark.parametrize(
    ("value", "expression", "left"),
    [(-3, "=k ** 2", 9), (2, "=-k ** 2 + 8", 4), ("=n - 1", "=k * 2", "=(n - 1) * 2"), ("=n", "= k", "=n"), (0, "=4 // k", "=4 // 0"),
     (3, "=max(k, 1)", 3), (3, ("=k", 7), (3, 7)), (1, "=k +", "=k +"), (2, "=kk + k", "=kk + 2")],
)  # fmt: skip
def test_taking_apart_puts_values_where_names_were(value, expression, left):
    project, instance = scaled(value, expression)
    apart, _ = dissolve(project, None, instance)
    assert apart.graph.node_named("fc").params["out_features"] == left


def test_objectives_train_what_learns_of_a_block_that_is_taken_apart():
    project, instance = scaled(2)
    project = project.with_plan(Plan(objectives=(Objective(parameters=(instance,)), Objective(parameters=("n9",)))))
    apart, _ = dissolve(project, None, instance)
    assert [o.parameters for o in apart.plan.objectives] == [(apart.graph.node_named("fc").id,), ("n9",)]


# ---- what a block gives


@pytest.mark.parametrize("chosen", [("cell", "relu"), ("relu",), ("cell", "relu", "other")])
def test_a_block_of_loose_ends_gives_them(chosen):
    inner, _ = scaled(2)
    d = Drawing(definitions=inner.definitions)
    x = d.add("op.Input", "x", shape=(4,))
    d.add("nn.ReLU", "relu", d.add("block.Wide", "cell", x))
    d.add("nn.LSTM", "other", x, hidden_size=3)
    project, instance = make_block(d.project, None, [d.id(n) for n in chosen], name="Bar")
    outputs = [port.name for port in project.catalog.of(project.graph.nodes[instance]).outputs]
    assert outputs == (["relu_out", "other_out"] if "other" in chosen else ["output"])


def test_what_a_node_of_an_unknown_type_gives_still_leaves_the_block():
    graph = Graph().add(Node("n1", "future.Layer", "odd")).add(Node("n2", "torch.nn.ReLU", "relu"))
    graph = graph.connect(Link(Port("n1", "output"), Port("n2", "input")))
    project, instance = make_block(Project(graph), None, ["n1"], name="Bar")
    assert project.graph.inputs("n2") == {"input": Port(instance, "output")}


def test_a_block_that_was_tidied_elsewhere_is_the_same():
    own = scaled(2)[0].definitions
    block = own.blocks["b1"]
    moved = replace(block, id="b9", graph=block.graph.move({"n1": (50.0, 8.0)}))
    taken, types = adopt(own, Definitions({"b9": moved}))
    assert taken == own and types == {"block.b9": "block.b1"}


# ---- parameters


def test_another_name_of_a_parameter_reaches_expressions_and_instances():
    project, instance = scaled(5, "=kk_k + max(k, 1) ** k")
    renamed = rename_param(project, "b1", "k", "width")
    assert renamed.blocks["b1"].params == (BlockParam("width", 2),)
    assert renamed.blocks["b1"].graph.node_named("fc").params["out_features"] == "=kk_k + max(width, 1) ** width"
    assert renamed.graph.nodes[instance].params == {"width": 5}


def test_instances_lose_values_of_parameters_that_are_gone():
    project, instance = scaled(5)
    graph = project.blocks["b1"].graph
    number = graph.set_params(graph.node_named("fc").id, {"out_features": 4})
    assert set_params(project.with_drawing("b1", number), "b1", []).graph.nodes[instance].params == {}
    assert set_params(project, "b1", [BlockParam("k", 3), BlockParam("n", 1)]).graph == project.graph


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("max", "'max' is a function that blocks call"),
        ("times", "'times' says how a block is run"),
        ("fc", "A node of Wide is called 'fc'"),
        ("n", "Wide has a parameter 'n' already"),
        ("self", "Python or PyTorch uses that word"),
    ],
)
def test_a_parameter_is_refused_a_name_with_the_reason(name, words):
    project, _ = scaled(5)
    project = set_params(project, "b1", [BlockParam("k", 2), BlockParam("n", 2)])
    for edit in (
        lambda: rename_param(project, "b1", "k", name),
        lambda: set_params(project, "b1", [BlockParam("n", 1), BlockParam(name, 2)]),
    ):
        with pytest.raises(EditError, match=words):
            edit()
    wrong = project.with_block(replace(project.blocks["b1"], params=(BlockParam("n", 1), BlockParam(name, 2))))
    assert any(words in str(problem.message) for problem in validate(wrong))


def test_a_parameter_that_is_used_cannot_be_removed():
    project, _ = blocked("relu1", "conv2")
    (block,) = project.blocks.values()
    graph = block.graph.set_params(block.graph.node_named("conv2").id, {"out_channels": "=2 * channels"})
    params = (BlockParam("channels", 2), BlockParam("spare", 1))
    project = project.with_block(Block(block.id, block.name, graph, params))
    with pytest.raises(EditError, match="'channels' cannot be removed, because these nodes use it: conv2"):
        set_params(project, block.id, params[1:])
    assert set_params(project, block.id, params[:1]).blocks[block.id].params == params[:1]


@pytest.mark.parametrize("param", ["x", "output", "inner1"])
def test_nothing_in_a_new_block_or_beside_it_is_called_like_a_parameter(param):
    d = Drawing("Outer")
    y = d.add("nn.Linear", "fc", d.add("op.Input", "a", shape=(4,)), out_features=f"={param}")
    d.add("op.Output", "end", d.add("nn.ReLU", "relu", y))
    outer = d.as_block(BlockParam(param, 8))
    fc = d.id("fc")
    d = Drawing(definitions=outer)
    d.add("op.Output", "y", d.add("block.Outer", "it", d.add("op.Input", "i", shape=(4,))))
    project, instance = make_block(d.project, "b1", [fc], name="Inner")
    assert not [problem for problem in validate(project) if problem.severity == "error"]
    assert [p.name for p in project.blocks["b2"].params] == [param]
    assert param not in project.blocks["b1"].graph.names | project.blocks["b2"].graph.names
    assert project.blocks["b1"].graph.nodes[instance].params == {param: f"={param}"}


def test_no_entry_of_a_new_block_is_called_like_a_function_that_blocks_call():
    d = Drawing()
    x = d.add("op.Input", "x", shape=(4,))
    first, second = d.add("nn.ReLU", "max", x), d.add("nn.ReLU", "other", x)
    d.add("op.Output", "y", d.add("op.Add", "sum", first, second))
    project, instance = make_block(d.project, None, [d.id("sum")], name="Inner")
    assert list(project.graph.inputs(instance)) == ["max1", "other"]
