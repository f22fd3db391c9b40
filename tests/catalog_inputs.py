"""Random tensors that node types of `torch.nn` take: by the description of a port, and special ones where that says too little."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn import functional

from graph.catalog import NodeType, PortType
from graph.model import Value

BATCH, CHANNELS, SIZE = 4, 8, 6  # SIZE: length, height, width and depth
FLAT = (BATCH, CHANNELS)
SEQUENCE = (BATCH, SIZE, CHANNELS)

Values = Mapping[str, Value]


def valid_inputs(node_type: NodeType, values: Values) -> dict[str, Tensor]:
    """One tensor for each input port of a node with these parameters, the same ones every time."""
    torch.manual_seed(0)
    return {port.name: _tensor(node_type, port, values) for port in node_type.inputs}


def _tensor(node_type: NodeType, port: PortType, values: Values) -> Tensor:
    special = SPECIAL.get((node_type.label, port.name)) or SPECIAL.get((node_type.family, port.name))
    return special(values) if special else _by_description(port)


def _by_description(port: PortType) -> Tensor:
    if port.dtype == "integer":
        return torch.randint(CHANNELS, (BATCH,) if port.target else FLAT)
    dims = port.ndim[0] if port.ndim else 2
    return torch.rand(FLAT + (SIZE,) * (dims - 2))


def _signs(_values: Values) -> Tensor:
    return torch.randint(2, FLAT) * 2.0 - 1


def _pair_signs(_values: Values) -> Tensor:
    return torch.randint(2, (BATCH,)) * 2.0 - 1


def _patches(_values: Values) -> Tensor:
    return torch.rand(BATCH, 3 * 2 * 2, 7 * 7)  # patches of 2 × 2 from 8 × 8 pixels, 3 channels


def _class_lists(_values: Values) -> Tensor:
    return torch.tensor([[3, 0, *[-1] * (CHANNELS - 2)]] * BATCH)


def _logarithms(_values: Values) -> Tensor:
    return torch.rand(FLAT).log_softmax(1)


def _distribution(_values: Values) -> Tensor:
    return torch.rand(FLAT).softmax(1)


def _sequence(_values: Values) -> Tensor:
    return torch.rand(SEQUENCE)


def _state(values: Values) -> Tensor:
    """Layers × batch × features."""
    layers = values["num_layers"] * (2 if values["bidirectional"] else 1)
    return torch.rand(layers, BATCH, values["hidden_size"])


def _projected_state(values: Values) -> Tensor:
    return _state({**values, "hidden_size": values.get("proj_size") or values["hidden_size"]})


def _cell_state(values: Values) -> Tensor:
    return torch.rand(BATCH, values["hidden_size"])


def _causal(_values: Values) -> Tensor:
    """Yes for the steps that come later."""
    return torch.ones(SIZE, SIZE, dtype=torch.bool).triu(1)


def _padding(_values: Values) -> Tensor:
    """Yes for what fills up sequences of 6, 5, 4 and 3 steps."""
    return torch.arange(SIZE) >= torch.tensor([[6], [5], [4], [3]])


def _places(dims: int) -> Tensor:
    """Where a pooling by 2 found the largest numbers."""
    pool = getattr(functional, f"max_pool{dims}d")
    return pool(torch.rand(FLAT + (2 * SIZE,) * dims), 2, return_indices=True)[1]


def _one_larger(dims: int) -> Tensor:
    return torch.rand(FLAT + (2 * SIZE + 1,) * dims)


def _steps_of_classes(_values: Values) -> Tensor:
    return torch.rand(SEQUENCE).log_softmax(2)


_SEQUENCES = ("query", "key", "value", "src", "tgt", "memory")
_MASKS = ("mask", "attn_mask", "src_mask", "tgt_mask", "memory_mask")
_PADDINGS = ("key_padding_mask", "src_key_padding_mask", "tgt_key_padding_mask", "memory_key_padding_mask")

# By the label or the family of a type, and the name of the port.
SPECIAL = {
    ("Fold", "input"): _patches,
    ("SoftMarginLoss", "target"): _signs,
    ("HingeEmbeddingLoss", "target"): _signs,
    ("MarginRankingLoss", "target"): _signs,
    ("CosineEmbeddingLoss", "target"): _pair_signs,
    ("MultiLabelMarginLoss", "target"): _class_lists,
    ("CrossEntropyLoss", "target"): lambda _values: torch.randint(CHANNELS, (BATCH,)),
    ("NLLLoss", "input"): _logarithms,
    ("KLDivLoss", "input"): _logarithms,
    ("KLDivLoss", "target"): _distribution,
    ("CTCLoss", "log_probs"): _steps_of_classes,
    ("CTCLoss", "targets"): lambda _values: torch.randint(1, CHANNELS, (BATCH, 3)),
    ("CTCLoss", "input_lengths"): lambda _values: torch.tensor([6, 6, 5, 4]),
    ("CTCLoss", "target_lengths"): lambda _values: torch.tensor([3, 2, 1, 2]),
    **{(name, "input"): _sequence for name in ("RNN", "LSTM", "GRU")},
    ("recurrent", "h_0"): _projected_state,
    ("recurrent", "c_0"): _state,
    ("recurrent", "hx"): _cell_state,
    ("recurrent", "cx"): _cell_state,
    **{("attention", name): _sequence for name in _SEQUENCES},
    **{("attention", name): _causal for name in _MASKS},
    **{("attention", name): _padding for name in _PADDINGS},
    **{(f"MaxUnpool{dims}d", "indices"): lambda _values, dims=dims: _places(dims) for dims in (1, 2, 3)},
    **{(f"MaxUnpool{dims}d", "output_size"): lambda _values, dims=dims: _one_larger(dims) for dims in (1, 2, 3)},
}
