"""Random tensors that node types of `torch.nn` take: by the description of a port, and special ones where that says too little."""

from __future__ import annotations

import torch
from torch import Tensor

from graph.catalog import NodeType, PortType

BATCH, CHANNELS, SIZE = 4, 8, 6  # SIZE: length, height, width and depth
FLAT = (BATCH, CHANNELS)


def valid_inputs(node_type: NodeType) -> list[Tensor]:
    """One tensor for each input port, the same ones every time."""
    torch.manual_seed(0)
    return [SPECIAL.get((node_type.label, port.name), _by_description)(port) for port in node_type.inputs]


def _by_description(port: PortType) -> Tensor:
    if port.dtype == "integer":
        return torch.randint(CHANNELS, (BATCH,) if port.target else FLAT)
    dims = port.ndim[0] if port.ndim else 2
    return torch.rand(FLAT + (SIZE,) * (dims - 2))


def _signs(_port: PortType) -> Tensor:
    return torch.randint(2, FLAT) * 2.0 - 1


def _pair_signs(_port: PortType) -> Tensor:
    return torch.randint(2, (BATCH,)) * 2.0 - 1


def _patches(_port: PortType) -> Tensor:
    return torch.rand(BATCH, 3 * 2 * 2, 7 * 7)  # patches of 2 × 2 from 8 × 8 pixels, 3 channels


def _class_lists(_port: PortType) -> Tensor:
    return torch.tensor([[3, 0, *[-1] * (CHANNELS - 2)]] * BATCH)


def _logarithms(_port: PortType) -> Tensor:
    return torch.rand(FLAT).log_softmax(1)


def _distribution(_port: PortType) -> Tensor:
    return torch.rand(FLAT).softmax(1)


SPECIAL = {
    ("Fold", "input"): _patches,
    ("SoftMarginLoss", "target"): _signs,
    ("HingeEmbeddingLoss", "target"): _signs,
    ("MarginRankingLoss", "target"): _signs,
    ("CosineEmbeddingLoss", "target"): _pair_signs,
    ("MultiLabelMarginLoss", "target"): _class_lists,
    ("NLLLoss", "input"): _logarithms,
    ("KLDivLoss", "input"): _logarithms,
    ("KLDivLoss", "target"): _distribution,
}
