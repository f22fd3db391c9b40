"""Which settings runs have, and in which of them they differ."""

from __future__ import annotations

from dataclasses import replace

from drawings import lenet5
from graph.plan import WHOLE, Objective
from made_runs import plan_of
from runtime.run_settings import SettingsTable, is_wide, settings_of


def with_conv(out_channels: int):
    project = lenet5().project
    node = project.graph.node_named("conv1")
    changed = replace(node, params={**node.params, "out_channels": out_channels})
    return replace(project, graph=project.graph.put(changed))


def test_settings_have_defaults_where_nothing_is_set():
    found = settings_of(lenet5().project)
    assert found["conv1"].value == "Conv2d"
    assert found["conv1.out_channels"].value == 6
    assert found["conv1.bias"].value == "yes"
    assert found["plan.batch_size"].title == "Batch size"
    whole = lenet5().project.with_plan(replace(plan_of(0.1), batch_size=WHOLE))
    assert settings_of(whole)["plan.batch_size"].value == "all"  # 0 would be the smallest batch on an axis
    assert found["objective.optimizer"].value == "Adam"
    assert found["objective.optimizer.lr"].title == "Learning rate"


def test_a_table_knows_what_differs():
    table = SettingsTable()
    table.add("a", lenet5().project.with_plan(plan_of(0.1)))
    table.add("b", lenet5().project.with_plan(plan_of(0.2)))
    table.add("c", with_conv(9).with_plan(plan_of(0.2)))
    assert table.differing(["a", "b", "c"]) == ["objective.optimizer.lr", "conv1.out_channels"]
    assert table.differing(["b", "c"]) == ["conv1.out_channels"]
    assert table.differing(["b"]) == []
    assert [table.value(meaning, "conv1.out_channels") for meaning in "abcd"] == [6, 6, 9, None]
    assert table.larger_is_better("accuracy")
    assert not table.larger_is_better("loss")


def test_what_one_run_has_and_others_have_not_differs():
    project = lenet5().project
    node = project.graph.node_named("conv1")
    less = replace(project, graph=project.graph.remove([node.id]))
    for first, second in ((project, less), (less, project)):
        table = SettingsTable()
        table.add("a", first)
        table.add("b", second)
        assert "conv1" in table.differing(["a", "b"])
        assert {table.value("a", "conv1"), table.value("b", "conv1")} == {"Conv2d", None}


def test_settings_of_several_objectives_are_kept_apart():
    plan = replace(plan_of(0.1), objectives=(Objective("critic"), Objective("maker")))
    found = settings_of(lenet5().project.with_plan(plan))
    assert found["objective maker.optimizer.lr"].title == "maker: Learning rate"


def test_numbers_that_are_far_apart_and_positive_are_wide():
    assert is_wide([0.001, 0.1, None])
    assert not is_wide([0.001, 0.01])
    assert not is_wide([0, 100])
    assert not is_wide(["Adam"])
