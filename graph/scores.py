"""What the scores of a network stand for: told by the loss that takes them, else by the layer that makes them."""

from __future__ import annotations

from collections.abc import Mapping

from graph.model import Graph, Port

LOGITS, PROBABILITIES, LOG_PROBABILITIES = "logits", "probabilities", "log_probabilities"

YES_OR_NO = frozenset(
    f"torch.nn.{name}" for name in ("BCEWithLogitsLoss", "BCELoss", "SoftMarginLoss", "MultiLabelSoftMarginLoss")
)  # losses whose every number is one question
_BY_LOSS: Mapping[str, str] = {
    "torch.nn.CrossEntropyLoss": LOGITS,
    "torch.nn.MultiMarginLoss": LOGITS,
    "torch.nn.NLLLoss": LOG_PROBABILITIES,
    **dict.fromkeys(YES_OR_NO, LOGITS),
    "torch.nn.BCELoss": PROBABILITIES,
}
_BY_LAYER: Mapping[str, str] = {
    "torch.nn.Sigmoid": PROBABILITIES,
    "torch.nn.Softmax": PROBABILITIES,
    "torch.nn.LogSoftmax": LOG_PROBABILITIES,
    "torch.nn.LogSigmoid": LOG_PROBABILITIES,
}


def losses_of(graph: Graph, scores: Port) -> list[str]:
    """The types of the losses that take an output as their input, in the order of the drawing."""
    nodes = graph.nodes
    return [node.type for node in nodes.values() if graph.inputs(node.id).get("input") == scores]


def meaning_of(graph: Graph, scores: Port) -> str:
    """What the numbers of this output are; logits where nothing tells."""
    found = (_BY_LOSS[type_id] for type_id in losses_of(graph, scores) if type_id in _BY_LOSS)
    return next(found, _BY_LAYER.get(graph.nodes[scores.node].type, LOGITS))


def is_yes_or_no(graph: Graph, scores: Port) -> bool:
    """Whether each number of this output answers a question of its own, so that its targets are 0 and 1 in its shape."""
    return any(type_id in YES_OR_NO for type_id in losses_of(graph, scores))
