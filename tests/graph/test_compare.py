"""Two documents beside each other: exactly what was edited is said, in words that people know."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amount import many
from block_drawings import showcase
from drawings import Drawing, lenet5
from generated import projects
from graph import files
from graph.compare import Comparison, Kind, compare
from graph.look import Annotation
from graph.messages import set_language
from graph.model import Code, Graph, Link, Node, Port, Project
from graph.plan import Choice, Objective, Plan, Split
from runtime import examples

LENET = lenet5().project


def id_of(project: Project, name: str) -> str:
    return project.graph.node_named(name).id


def told(comparison: Comparison) -> list[str]:
    """All that is said about nodes and wires, a line each."""
    lines = []
    for drawing in comparison.drawings:
        for node in drawing.nodes:
            lines += [f"{node.kind} {node.name}: {text}" for text in node.details] or [f"{node.kind} {node.name}"]
        lines += [f"{wire.kind} {wire.name}" for wire in drawing.wires]
    return lines


def edited(edit, project: Project = LENET) -> list[str]:
    return told(compare(project, project.with_graph(edit(project.graph))))


def set_params(name: str, **params) -> list[str]:
    return edited(lambda graph: graph.set_params(graph.node_named(name).id, params))


# ---- nothing


@given(projects())
@settings(max_examples=many(40))
def test_a_document_is_like_itself_also_read_anew(project):
    assert not compare(project, project)
    assert not compare(project, files.from_text(files.to_text(project)))


def test_places_looks_and_titles_do_not_count():
    graph = LENET.graph
    node = id_of(LENET, "conv1")
    look = replace(graph.look, collapsed=frozenset({node}), flow="down").put(
        Annotation("a1", "note", "Hello", (0.0, 0.0, 100.0, 50.0))
    )
    changed = replace(graph.move({node: (999.0, 7.0)}), look=look)
    assert not compare(LENET, replace(LENET.with_graph(changed), name="Other"))


@pytest.mark.parametrize("params", [{"kernel_size": (5, 5)}, {"stride": 1}, {"bias": True}])
def test_the_same_value_written_otherwise_is_the_same(params):
    assert not set_params("conv1", **params)


# ---- nodes


def test_a_node_more_and_a_node_less():
    relu = Node("n99", "torch.nn.ReLU", "relu1")
    assert edited(lambda graph: graph.add(relu)) == ["added relu1"]
    comparison = compare(LENET, LENET.with_graph(LENET.graph.remove([id_of(LENET, "tanh1")])))
    assert told(comparison) == ["removed tanh1"]
    (drawing,) = comparison.drawings
    assert len(drawing.removed_links) == 2 and not drawing.added_links
    assert comparison.counts == {Kind.ADDED: 0, Kind.REMOVED: 1, Kind.CHANGED: 0}


def test_a_changed_parameter_is_named_with_both_values():
    assert set_params("conv1", out_channels=8) == ["changed conv1: out_channels: 6 → 8"]
    assert set_params("conv1", kernel_size=3) == ["changed conv1: kernel_size: 5 × 5 → 3 × 3"]
    assert set_params("conv1", in_channels=1) == ["changed conv1: in_channels: auto → 1"]
    assert set_params("conv1", bias=False) == ["changed conv1: bias: yes → no"]


def test_long_values_that_look_the_same_when_cut_are_not_said_twice():
    d = Drawing()
    d.graph = d.graph.add(Node("n1", "somebody.Else", "x", {"text": "a" * 50}))
    changed = d.project.with_graph(d.graph.set_params("n1", {"text": "a" * 51}))
    assert told(compare(d.project, changed)) == ["changed x: text: changed"]


def test_renamed_and_changed():
    def edit(graph: Graph) -> Graph:
        node = graph.node_named("conv1").id
        return graph.rename(node, "first").set_params(node, {"out_channels": 8})

    assert edited(edit) == ["changed first: renamed from conv1", "changed first: out_channels: 6 → 8"]


def test_two_nodes_that_swap_their_names_were_renamed():
    a, b = id_of(LENET, "fc1"), id_of(LENET, "fc2")
    found = edited(lambda graph: graph.rename(a, "x").rename(b, "fc1").rename(a, "fc2"))
    assert sorted(found) == ["changed fc1: renamed from fc2", "changed fc2: renamed from fc1"]


def test_another_type_of_the_same_name():
    node = id_of(LENET, "tanh1")
    found = edited(lambda graph: graph.put(replace(graph.nodes[node], type="torch.nn.ReLU")))
    assert found == ["changed tanh1: type: Tanh → ReLU"]


def test_switching_off_initialization_and_data():
    node = id_of(LENET, "conv1")

    def put(**changes) -> list[str]:
        return edited(lambda graph: graph.put(replace(graph.nodes[node], **changes)))

    assert put(bypassed=True) == ["changed conv1: bypassed"]
    normal = Choice("torch.nn.init.kaiming_normal_", {"mode": "fan_out"})
    assert put(weight_init=normal) == ["changed conv1: Weights begin: Inherited → Kaiming normal (mode fan_out)"]
    data = id_of(LENET, "digits")
    facts = dict(LENET.graph.nodes[data].facts or {})
    assert edited(lambda graph: graph.set_facts(data, {**facts, "fingerprint": "x"})) == [
        "changed digits: the content of its data differs"
    ]
    assert edited(lambda graph: graph.set_facts(data, {**facts, "samples": 7})) == [
        "changed digits: what it remembers of its data differs"
    ]


def test_shared_weights_are_told_by_names():
    fc1, fc2 = id_of(LENET, "fc1"), id_of(LENET, "fc2")
    shared = LENET.with_graph(
        LENET.graph.put(replace(LENET.graph.nodes[fc2], shares=fc1)),
    )
    assert told(compare(LENET, shared)) == [
        "changed fc1: shares its weights with fc2",
        "changed fc2: shares its weights with fc1",
    ]
    assert "changed fc2: has weights of its own" in told(compare(shared, LENET))


def test_a_wire_between_nodes_that_stay():
    graph = LENET.graph
    (link,) = graph.incoming(id_of(LENET, "tanh1"))
    other = Link(Port(id_of(LENET, "digits"), "image"), link.target)
    found = edited(lambda graph: graph.disconnect([link]).connect(other))
    assert found == ["removed conv1.output → tanh1.input", "added digits.image → tanh1.input"]


def test_an_inserted_node_takes_its_wires_along():
    def edit(graph: Graph) -> Graph:
        (link,) = graph.incoming(graph.node_named("tanh1").id)
        graph = graph.disconnect([link]).add(Node("n99", "torch.nn.ReLU", "relu1"))
        return graph.connect(Link(link.source, Port("n99", "input"))).connect(Link(Port("n99", "output"), link.target))

    assert edited(edit) == ["added relu1", "removed conv1.output → tanh1.input"]


# ---- unrelated files


def renumbered(project: Project) -> Project:
    """The same drawing with ids that mean other nodes."""
    graph = project.graph
    ids = dict(zip(graph.nodes, reversed(graph.nodes), strict=True))

    def port(end: Port) -> Port:
        return end._replace(node=ids[end.node])

    nodes = {ids[i]: replace(n, id=ids[i], shares=ids.get(n.shares or "")) for i, n in graph.nodes.items()}
    links = (Link(port(source), port(target)) for source, target in graph.links.values())
    objectives = tuple(
        replace(o, losses=tuple((ids[i], w) for i, w in o.losses), parameters=tuple(ids[i] for i in o.parameters))
        for o in project.plan.objectives
    )
    plan = replace(project.plan, objectives=objectives)
    return replace(project, graph=Graph(nodes, {link.target: link for link in links}), plan=plan)


def test_files_that_do_not_come_from_each_other_are_matched_by_name():
    plan = Plan(objectives=(Objective(losses=((id_of(LENET, "loss"), 1.0),), parameters=(id_of(LENET, "fc1"),)),))
    project = LENET.with_plan(plan)
    other = renumbered(project)
    assert not compare(project, other)
    changed = other.with_graph(other.graph.set_params(id_of(other, "conv2"), {"out_channels": 20}))
    assert told(compare(project, changed)) == ["changed conv2: out_channels: 16 → 20"]


def test_files_with_nothing_in_common_are_removed_and_added():
    d = Drawing()
    d.add("nn.LSTM", "memory")
    d.add("nn.ReLU", "act")
    e = Drawing()
    e.add("nn.Conv2d", "conv")
    e.add("nn.Tanh", "squash")
    assert told(compare(d.project, e.project)) == ["removed memory", "removed act", "added conv", "added squash"]


def test_blocks_that_only_have_an_id_in_common_are_removed_and_added():
    one, other = (files.load(examples.path(name)) for name in ("unet", "gpt2_small"))
    assert one.blocks.keys() & other.blocks.keys()
    kinds = {d.title: d.kind for d in compare(one, other).drawings if d.is_block}
    assert {title for title, kind in kinds.items() if kind is Kind.REMOVED} == {b.name for b in one.blocks.values()}
    assert {title for title, kind in kinds.items() if kind is Kind.ADDED} == {b.name for b in other.blocks.values()}


# ---- blocks and code


def test_a_change_in_a_block_is_told_there_and_nowhere_else():
    project = showcase()
    block = project.blocks["b1"]
    conv = block.graph.node_named("conv1").id
    changed = project.with_block(replace(block, graph=block.graph.set_params(conv, {"bias": False})))
    (drawing,) = compare(project, changed).drawings
    assert (drawing.title, drawing.old, drawing.new, drawing.kind) == (block.name, "b1", "b1", Kind.CHANGED)
    assert [node.name for node in drawing.nodes] == ["conv1"]


def test_a_renamed_block_leaves_its_instances_alone():
    project = showcase()
    renamed = project.with_block(replace(project.blocks["b1"], name="Stage"))
    (drawing,) = compare(project, renamed).drawings
    assert not drawing.nodes and [str(text) for text in drawing.settings] == [
        f"renamed from {project.blocks['b1'].name}"
    ]


def test_the_same_block_under_another_id_is_the_same():
    project = showcase()
    text = files.to_text(project).replace('"b1"', '"b9"').replace('"block.b1"', '"block.b9"')
    other = files.from_text(text)
    assert "b9" in other.blocks and not compare(project, other)


def test_a_block_that_only_one_has_is_whole():
    project = showcase()
    fewer = replace(project, definitions=project.definitions.remove("b1"))
    for old, new, kind in ((project, fewer, Kind.REMOVED), (fewer, project, Kind.ADDED)):
        drawing = next(d for d in compare(old, new).drawings if d.title == project.blocks["b1"].name)
        assert drawing.kind is kind and {node.kind for node in drawing.nodes} == {kind}
        assert len(drawing.nodes) == len(project.blocks["b1"].graph.nodes) and not drawing.wires


def test_parameters_of_a_block():
    project = showcase()
    block = next(block for block in project.blocks.values() if block.params)
    first = block.params[0]
    changed = project.with_block(replace(block, params=(first._replace(name="width"), *block.params[1:])))
    drawing = next(d for d in compare(project, changed).drawings if d.is_block)
    assert [str(text) for text in drawing.settings] == [
        f"parameter {first.name} removed",
        "parameter width added",
    ]


def test_code_added_changed_renamed_removed():
    text = "class Mine(nn.Module):\n    def forward(self, x):\n        return x\n"
    one = LENET
    two = replace(LENET, definitions=LENET.definitions.put_code(Code("c1", "Mine", text)))
    three = replace(two, definitions=two.definitions.put_code(Code("c1", "Yours", text.replace("Mine", "Yours"))))
    assert [str(m) for m in compare(one, two).code] == ["code Mine added"]
    assert [str(m) for m in compare(two, one).code] == ["code Mine removed"]
    assert [str(m) for m in compare(two, three).code] == [
        "code Yours: renamed from Mine",
        "code Yours: its text differs",
    ]


# ---- the plan


def plans(**changes) -> list[str]:
    return [str(text) for text in compare(LENET, LENET.with_plan(replace(LENET.plan, **changes))).training]


def objective(**changes) -> list[str]:
    return plans(objectives=(replace(LENET.plan.objectives[0], **changes),))


def test_the_plan_is_told_in_the_words_of_the_training_panel():
    assert plans(epochs=99) == [f"Epochs: {LENET.plan.epochs} → 99"]
    assert plans(batch_size=0) == [f"Batch size: {LENET.plan.batch_size} → all"]
    assert plans(device="cpu") == ["Device: Automatic → CPU"]
    assert plans(split=Split(0.8, 0.1, 0.1)) == ["Data split in percent: 70 / 10 / 20 → 80 / 10 / 10"]
    assert objective(optimizer=Choice("torch.optim.Adam", {"lr": 0.01})) == ["Learning rate: 0.001 → 0.01"]
    assert objective(optimizer=Choice("torch.optim.Adam", {"lr": 0.001})) == []
    assert objective(optimizer=Choice("torch.optim.SGD")) == ["Optimizer: Adam → SGD", "Learning rate: 0.001 → 0.01"]
    swing = Choice("torch.optim.SGD", {"lr": 0.001, "momentum": 0.9})
    assert objective(optimizer=swing) == ["Optimizer: Adam → SGD (momentum 0.9)"]
    cosine = Choice("torch.optim.lr_scheduler.CosineAnnealingLR")
    assert objective(scheduler=cosine) == ["Schedule: Constant → Cosine"]
    assert objective(losses=((id_of(LENET, "loss"), 2.0),)) == ["Losses: all → loss × 2"]
    assert objective(parameters=(id_of(LENET, "fc1"),)) == ["Trained nodes: all → fc1"]
    assert objective(every=5) == ["Steps from update to update: 1 → 5"]


def test_objectives_come_and_go_by_name():
    first = LENET.plan.objectives[0]
    found = plans(objectives=(first, Objective("critic")))
    assert found == ["objective critic added"]
    both = LENET.with_plan(replace(LENET.plan, objectives=(Objective("critic"), first)))
    assert [str(m) for m in compare(both, LENET).training] == ["objective critic removed"]
    slower = replace(both.plan, objectives=(replace(both.plan.objectives[0], every=3), first))
    assert [str(m) for m in compare(both, both.with_plan(slower)).training] == [
        "critic: Steps from update to update: 1 → 3"
    ]


def test_how_the_weights_of_the_network_begin():
    changed = replace(LENET, weight_init=Choice("torch.nn.init.orthogonal_"))
    assert [str(m) for m in compare(LENET, changed).training] == ["Weights begin: As in PyTorch → Orthogonal"]


# ---- any edit


NODES = tuple(LENET.graph.nodes)


@st.composite
def edits(draw) -> tuple[Project, list[str], set[str], set[str]]:
    """An edited LeNet-5, with the names of the nodes that were changed, added and removed."""
    graph = LENET.graph
    chosen = draw(st.lists(st.sampled_from(NODES), unique=True, max_size=6))
    changed, removed = set(), set()
    for i in chosen:
        node = graph.nodes[i]
        verb = draw(st.sampled_from(["rename", "bypass", "begin", "bias", "unwire", "remove", "move", "collapse"]))
        if verb == "rename":
            graph = graph.rename(i, f"{node.name}_x")
            changed.add(f"{node.name}_x")
        elif verb == "bypass":
            graph = graph.put(replace(node, bypassed=True))
            changed.add(node.name)
        elif verb == "begin":
            graph = graph.put(replace(node, weight_init=Choice("torch.nn.init.ones_")))
            changed.add(node.name)
        elif verb == "bias":
            graph = graph.set_params(i, {"bias": False})
            changed.add(node.name)  # a parameter that its type does not have is one, too
        elif verb == "unwire":
            graph = graph.disconnect(graph.incoming(i))
        elif verb == "remove":
            graph = graph.remove([i])
            removed.add(node.name)
        elif verb == "move":
            graph = graph.move({i: (draw(st.floats(-1e4, 1e4)), 0.0)})
        else:
            graph = replace(graph, look=graph.look.collapse([i], True))
    added = {f"new{k}" for k in range(draw(st.integers(0, 3)))}
    for k, name in enumerate(sorted(added)):
        graph = graph.add(Node(f"n{900 + k}", draw(st.sampled_from(["torch.nn.ReLU", "torch.nn.Linear"])), name))
    return LENET.with_graph(graph), changed, added, removed


@given(edits())
@settings(max_examples=many(60))
def test_any_edit_is_named_exactly(edit):
    project, changed, added, removed = edit
    nodes = [node for drawing in compare(LENET, project).drawings for node in drawing.nodes]

    def names(kind: Kind) -> set[str]:
        return {node.name for node in nodes if node.kind is kind}

    assert (names(Kind.CHANGED), names(Kind.ADDED), names(Kind.REMOVED)) == (changed, added, removed)
    back = compare(project, LENET)
    assert (back.counts[Kind.ADDED], back.counts[Kind.REMOVED]) == (len(removed), len(added))


@given(projects(), projects())
@settings(max_examples=many(30))
def test_any_two_documents_can_be_compared(one, other):
    comparison = compare(one, other)
    for drawing in comparison.drawings:
        for node in drawing.nodes:
            assert (node.old is None) == (node.kind is Kind.ADDED) and (node.new is None) == (node.kind is Kind.REMOVED)
            assert (node.kind is Kind.CHANGED) == bool(node.details)
            assert node.old is None or node.old in one.drawing(drawing.old).nodes
            assert node.new is None or node.new in other.drawing(drawing.new).nodes
    texts = [*comparison.training, *comparison.code, *(t for d in comparison.drawings for t in d.settings)]
    assert all(str(text) for text in texts)


def test_the_words_are_translated():
    set_language("zh_CN")
    assert plans(epochs=99) == [f"轮数：{LENET.plan.epochs} → 99"]
