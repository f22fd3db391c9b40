"""What a recurrent layer gives and costs, without running every step."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from graph.catalog.types import NodeType
from graph.model import Value
from runtime.analysis import TensorSpec

LAYERS = ("torch.nn.RNN", "torch.nn.LSTM", "torch.nn.GRU")

Values = tuple[tuple[str, Value], ...]
Inputs = tuple[tuple[str, TensorSpec], ...]
Found = tuple[Mapping[str, TensorSpec], int, int]  # outputs, parameters, multiply-accumulates a sample


def over_steps(
    evaluate: Callable[[NodeType, Values, Inputs], Found], node_type: NodeType, values: Values, inputs: Inputs
) -> Found:
    """One step is run, whatever the number of steps T: all are alike, so the cost is T times that of one.

    PyTorch itself runs them one after the other on tensors without memory, which takes 1-5 ms a step and layer.
    """
    (port, sequence), *states = inputs
    batch, steps, size = sequence.shape
    outputs, parameters, macs = evaluate(
        node_type, values, ((port, replace(sequence, shape=(batch, 1, size))), *states)
    )
    output = replace(outputs["output"], shape=(batch, steps, outputs["output"].shape[2]))
    return {**outputs, "output": output}, parameters, macs * steps if isinstance(steps, int) else macs
