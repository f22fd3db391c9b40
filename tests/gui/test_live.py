"""Live figures find the cards of their losses and metrics, whatever the nodes are called."""

from __future__ import annotations

from graph.model import Graph, Node, Project
from graph.plan import Objective, Plan
from gui.live import live_values

CROSS_ENTROPY, ACCURACY = "torch.nn.CrossEntropyLoss", "layerloom.metrics.Accuracy"


def drawing(**types: str) -> Project:
    graph = Graph()
    for name, type_id in types.items():
        graph = graph.add(Node(graph.free_id(), type_id, name))
    return Project(graph)


def test_one_loss_and_one_metric_go_by_their_kinds():
    project = drawing(loss1=CROSS_ENTROPY, hits=ACCURACY, relu1="torch.nn.ReLU")
    assert live_values(project, {"loss": 0.5, "accuracy": 0.9}) == {"loss1": 0.5, "hits": 0.9}


def test_several_go_by_their_names():
    project = drawing(first=CROSS_ENTROPY, loss=CROSS_ENTROPY, hits=ACCURACY, others=ACCURACY)
    figures = {"loss": 3.0, "first": 1.0, "loss_node": 2.0, "hits": 0.9, "others": 0.8}
    assert live_values(project, figures) == {"first": 1.0, "loss": 2.0, "hits": 0.9, "others": 0.8}


def test_figures_that_are_not_there_yet_are_left_out():
    assert live_values(drawing(loss1=CROSS_ENTROPY, hits=ACCURACY), {"loss": 0.5}) == {"loss1": 0.5}


def test_the_losses_of_a_game_go_by_their_objectives():
    project = drawing(real=CROSS_ENTROPY, fool=CROSS_ENTROPY)
    first, second = (project.graph.node_named(name).id for name in ("real", "fool"))
    objectives = (Objective("critic", losses=((first, 1.0),)), Objective("artist", losses=((second, 1.0),)))
    project = project.with_plan(Plan(objectives=objectives))
    assert live_values(project, {"loss": 0.7, "artist_loss": 0.9}) == {"real": 0.7, "fool": 0.9}
