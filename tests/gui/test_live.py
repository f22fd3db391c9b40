"""Live figures find the cards of their losses and metrics, whatever the nodes are called."""

from __future__ import annotations

from graph.model import Graph, Node
from gui.live import live_values

CROSS_ENTROPY, ACCURACY = "torch.nn.CrossEntropyLoss", "layerloom.metrics.Accuracy"


def drawing(**types: str) -> Graph:
    graph = Graph()
    for name, type_id in types.items():
        graph = graph.add(Node(graph.free_id(), type_id, name))
    return graph


def test_one_loss_and_one_metric_go_by_their_kinds():
    graph = drawing(loss1=CROSS_ENTROPY, hits=ACCURACY, relu1="torch.nn.ReLU")
    assert live_values(graph, {"loss": 0.5, "accuracy": 0.9}) == {"loss1": 0.5, "hits": 0.9}


def test_several_go_by_their_names():
    graph = drawing(first=CROSS_ENTROPY, loss=CROSS_ENTROPY, hits=ACCURACY, others=ACCURACY)
    figures = {"loss": 3.0, "first": 1.0, "loss_node": 2.0, "hits": 0.9, "others": 0.8}
    assert live_values(graph, figures) == {"first": 1.0, "loss": 2.0, "hits": 0.9, "others": 0.8}


def test_figures_that_are_not_there_yet_are_left_out():
    assert live_values(drawing(loss1=CROSS_ENTROPY, hits=ACCURACY), {"loss": 0.5}) == {"loss1": 0.5}
