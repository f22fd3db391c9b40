"""What the recurrent operators of ONNX are in PyTorch, whose gates stand in another order (see `runtime.importer.onnx_operators`).

ONNX has the steps first, then the batch, and gives (steps, directions, batch, hidden); the gates of an LSTM are input, output,
forget, cell, those of a GRU update, reset, hidden. PyTorch has input, forget, cell, output, and reset, update, new.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from torch import Tensor, nn

from graph.messages import msg
from runtime.importer.onnx_values import APART, TURNED, Known, Unable, exchanged

if TYPE_CHECKING:
    from runtime.importer.onnx_module import Work

ORDERS: Mapping[str, tuple[int, ...]] = {"RNN": (0,), "LSTM": (0, 2, 3, 1), "GRU": (1, 0, 2)}
USUAL = {"RNN": ["Tanh"], "LSTM": ["Sigmoid", "Tanh", "Tanh"], "GRU": ["Sigmoid", "Tanh"]}


def _ordered(array: np.ndarray, order: Sequence[int]) -> np.ndarray:
    """The gates, stacked along the first dimension, in another order."""
    parts = np.split(array, len(order))
    return np.concatenate([parts[i] for i in order])


def _check(work: Work, lengths: Any, steps: int, peepholes: Any) -> None:
    work.expect("layout", 0)
    work.expect("input_forget", 0)
    if work.attribute("clip") is not None:
        raise Unable(
            msg(
                "its setting {name} is {value}, which has no counterpart here. Export the model with another.",
                name="clip",
                value=work.attribute("clip"),
            )
        )
    if peepholes is not None and np.any(work.known(peepholes, "peepholes")):
        raise Unable(
            msg("its gates look at the cell (peepholes), which PyTorch does not have. Export the model without it.")
        )
    if lengths is not None and set(work.whole(lengths, "sequence_lens")) != {steps}:
        raise Unable(
            msg(
                "its sequences have lengths of their own (sequence_lens). Export the model for sequences of one length."
            )
        )
    if work.node.operator == "GRU" and not work.attribute("linear_before_reset", 0):
        raise Unable(
            msg(
                "it resets before the product (linear_before_reset is 0), and PyTorch resets after it. Export and train it with "
                "linear_before_reset = 1."
            )
        )
    if work.attribute("direction", "forward") == "reverse":
        raise Unable(msg("it reads from the end alone. Export it bidirectional, or turn what it reads around."))


def _activation(work: Work, directions: int) -> str:
    """What an RNN has between its steps.

    Raises:
        Unable: the activations are not those that PyTorch has.
    """
    operator = work.node.operator
    found = [
        name.decode() if isinstance(name, bytes) else name
        for name in work.attribute("activations") or USUAL[operator] * directions
    ]
    if operator == "RNN" and set(found) == {"Relu"}:
        return "relu"
    if [name.lower() for name in found] != [name.lower() for name in USUAL[operator] * directions]:
        raise Unable(
            msg(
                "its activations are {names}, and PyTorch has {usual}. Export it with these.",
                names=", ".join(found),
                usual=", ".join(USUAL[operator]),
            )
        )
    return "tanh"


def _made(work: Work, weights: Any, hidden_weights: Any, bias: Any, directions: int, *, batch_first: bool) -> nn.Module:
    operator = work.node.operator
    order = ORDERS[operator]
    hidden = work.known(hidden_weights, "R").shape[-1]
    kind = {"RNN": nn.RNN, "LSTM": nn.LSTM, "GRU": nn.GRU}[operator]
    more = {"nonlinearity": _activation(work, directions)} if operator == "RNN" else {}
    layer = kind(
        work.known(weights, "W").shape[-1],
        hidden,
        bias=bias is not None,
        bidirectional=directions == 2,
        batch_first=batch_first,
        **more,
    )
    rows = len(order) * hidden
    for direction in range(directions):
        tail = "_l0_reverse" if direction else "_l0"

        def gates(array: np.ndarray, start: int = 0, at: int = direction) -> np.ndarray:
            return _ordered(array[at][start : start + rows], order)

        work.hold(layer, f"weight_ih{tail}", weights, gates, f"gates{direction}")
        work.hold(layer, f"weight_hh{tail}", hidden_weights, gates, f"gates{direction}")
        if bias is not None:
            work.hold(layer, f"bias_ih{tail}", bias, gates, f"gates{direction}")
            work.hold(layer, f"bias_hh{tail}", bias, lambda a, g=gates: g(a, rows), f"hidden{direction}")
    return layer


def _is_zero(value: Any) -> bool:
    return value is None or (isinstance(value, Known) and not value.array.any())


def _recurrent(work: Work, x: Any, weights: Any, hidden_weights: Any, bias: Any = None, lengths: Any = None, hidden: Any = None,
               cell: Any = None, peepholes: Any = None) -> tuple[Any, ...]:  # fmt: skip
    tensor = work.tensor(x)
    _check(work, lengths, tensor.shape[0], peepholes)
    directions = 2 if work.attribute("direction", "forward") == "bidirectional" else 1
    _activation(work, directions)
    batch_first = hasattr(tensor, TURNED)  # what PyTorch exports comes with the batch first, and is turned for ONNX
    layer = work.layer(lambda: _made(work, weights, hidden_weights, bias, directions, batch_first=batch_first))
    given: tuple[Any, ...] = ()
    if not (_is_zero(hidden) and _is_zero(cell)):
        states = [work.tensor(state) for state in ((hidden, cell) if work.node.operator == "LSTM" else (hidden,))]
        given = (tuple(states),) if len(states) > 1 else (states[0],)
    steps, last = layer(exchanged(tensor) if batch_first else tensor, *given)
    steps = exchanged(steps) if batch_first else steps
    wanted = work.node.outputs
    result = _apart(steps, directions) if wanted and wanted[0] else None
    return (result, *(last if isinstance(last, tuple) else (last,)))


def _apart(steps: Tensor, directions: int) -> Tensor:
    """(steps, batch, directions · hidden) as ONNX has it: (steps, directions, batch, hidden)."""
    result = steps.unsqueeze(1) if directions == 1 else steps.unflatten(2, (2, -1)).transpose(1, 2)
    setattr(result, APART, steps)
    return result


RECURRENT: Mapping[str, Callable[..., Any]] = dict.fromkeys(ORDERS, _recurrent)
