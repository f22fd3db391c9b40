"""Muon for the matrices of a network, AdamW for all its other parameters."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

Groups = Sequence[dict[str, Any]]
_SHARED = ("lr", "weight_decay")  # settings of both


class MuonAndAdamW(torch.optim.Optimizer):
    """`torch.optim.Muon` takes 2D parameters only; biases, kernels and embeddings are meant for AdamW (Jordan et al., 2024).

    Both go by the same learning rate and weight decay; what else AdamW takes is its default. By hand:

        muon = torch.optim.Muon(matrices, lr=lr, weight_decay=decay, ...)
        adamw = torch.optim.AdamW(others, lr=lr, weight_decay=decay)
        ...
        muon.step()
        adamw.step()
    """

    def __init__(self, matrices: Groups, others: Groups, arguments: Mapping[str, Any]) -> None:
        """Set both up.

        Args:
            matrices: groups of 2D parameters, not empty.
            others: groups of the rest, not empty.
            arguments: the settings of Muon.
        """
        muon = torch.optim.Muon(matrices, **arguments)
        adamw = torch.optim.AdamW(others, **{name: arguments[name] for name in _SHARED})
        self._parts = muon, adamw
        self._num_of_muon = len(muon.param_groups)
        super().__init__([*muon.param_groups, *adamw.param_groups], {"momentum": arguments["momentum"]})
        self._join()

    def step(self, closure: Callable[[], float] | None = None) -> Tensor | float | None:  # type: ignore[override]
        """Change all parameters once."""
        loss = None if closure is None else closure()
        for part in self._parts:
            part.step()
        return loss

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from what `state_dict` gave."""
        super().load_state_dict(state_dict)
        self._join()

    def _join(self) -> None:
        """Both look at the settings and the state of the whole."""
        muon, adamw = self._parts
        muon.param_groups = self.param_groups[: self._num_of_muon]
        adamw.param_groups = self.param_groups[self._num_of_muon :]
        muon.state = adamw.state = self.state
