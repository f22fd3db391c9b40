"""What to try where a layer does not learn well (see `runtime.training.health`); free of torch, for the window."""

from __future__ import annotations

from graph.messages import Message, msg
from graph.model import Project
from graph.plan import NO_CLIP

SATURATING = frozenset(f"torch.nn.{name}" for name in ("Sigmoid", "Tanh", "Hardsigmoid", "Hardtanh", "Softsign"))
RECURRENT = frozenset(f"torch.nn.{name}" for name in ("RNN", "RNNCell"))


def what_to_try(state: str, node_type: str, project: Project) -> Message | None:
    """A sentence for a layer of this type in a state of `LayerHealth`; None where nothing is wrong with it."""
    if state == "vanishing":
        return _for_vanishing(node_type, project)
    if state == "exploding":
        return _for_exploding(project)
    if state == "dead":
        return msg(
            "At least half of its units are 0 for every sample and cannot learn any more. Lower the learning rate and start anew, or use "
            "LeakyReLU or GELU instead."
        )
    return None


def _for_vanishing(node_type: str, project: Project) -> Message:
    if node_type in RECURRENT:
        return msg("Hardly any gradient arrives here. Use LSTM or GRU instead, or shorter sequences.")
    definitions = project.definitions.blocks.values()
    types = project.graph.types.union(*(block.graph.types for block in definitions))
    if types & SATURATING:
        return msg(
            "Hardly any gradient arrives here. Replace Sigmoid and Tanh between the layers by ReLU or GELU, or put BatchNorm before them."
        )
    return msg(
        "Hardly any gradient arrives here. Add normalization or a skip connection between this layer and the loss, or look for a "
        "ReLU behind it that is dead."
    )


def _for_exploding(project: Project) -> Message:
    if all(objective.clip == NO_CLIP for objective in project.plan.objectives):
        return msg(
            "Its steps are too large for its weights. Lower the learning rate, or clip the gradients by their norm."
        )
    return msg("Its steps are too large for its weights, though gradients are clipped. Lower the learning rate.")
