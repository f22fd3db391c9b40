"""Recurrent layers as one operation each while a network is exported, so that their sequences may have any length."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor


@contextmanager
def whole_recurrent_layers() -> Iterator[None]:
    """In this thread, PyTorch's tracing takes the shapes of LSTM, GRU and RNN by rule.

    It would find them by a loop over all steps otherwise, which ties the exported network to the length of its example.
    The rule is that of `torch.nn.LSTM`: outputs (…, D·H), states as they were. Other threads go on as before.
    """
    import torch
    from torch._C import DispatchKey  # pyright: ignore[reportPrivateImportUsage]

    aten = torch.ops.aten
    operations = (aten.lstm.input, aten.gru.input, aten.rnn_tanh.input, aten.rnn_relu.input)
    keys = (DispatchKey.CompositeImplicitAutograd, DispatchKey.Autograd)
    places = [(operation, key) for operation in operations for key in keys if key in operation.py_kernels]
    before = [operation.py_kernels[key] for operation, key in places]
    here = threading.get_ident()
    try:
        for (operation, key), original in zip(places, before, strict=True):
            _set(operation, key, _ruled(original, here))
        yield
    finally:
        for (operation, key), original in zip(places, before, strict=True):
            _set(operation, key, original)


def _set(operation: Any, key: Any, kernel: Callable) -> None:
    operation.py_kernels[key] = kernel
    operation._dispatch_cache.clear()


def _ruled(original: Callable, thread: int) -> Callable:
    def kernel(x: Tensor, hx: Any, *more: Any) -> tuple[Tensor, ...]:
        from torch._subclasses import FakeTensor

        if threading.get_ident() != thread or not isinstance(x, FakeTensor):
            return original(x, hx, *more)
        states = tuple(hx) if isinstance(hx, (list, tuple)) else (hx,)
        *_, bidirectional, _batch_first = more
        width = states[0].shape[-1] * (2 if bidirectional else 1)
        return x.new_empty((*x.shape[:-1], width)), *(state.new_empty(state.shape) for state in states)

    return kernel
