"""The arithmetic of `torch.optim` without its bookkeeping, which would take a third of a small network's step.

A `DirectStep` does to the parameters and the state of a PyTorch optimizer what its own `step()` would do, operation by
operation as in PyTorch's default implementation on the CPU, so that the numbers are the same to the bit (tests compare).
State, settings, schedules and checkpoints stay those of the optimizer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor

Group = Mapping[str, Any]
State = Mapping[str, Any]
# (settings, parameter, gradient, state, memory of the parameter's size to compute in)
Arithmetic = Callable[[Group, Tensor, Tensor, State, Tensor], None]


def _counted(state: State) -> float:
    """The number of this step: `state["step"]` is the optimizer's own count, as an array that shares its memory."""
    count = state["step"]
    count += 1
    return float(count)


def _adam(group: Group, value: Tensor, gradient: Tensor, state: State, scratch: Tensor) -> None:
    step = _counted(state)
    rate, decay = group["lr"], group["weight_decay"]
    beta1, beta2 = group["betas"]
    if decay and group["decoupled_weight_decay"]:
        value.mul_(1 - rate * decay)
    elif decay:
        gradient.add_(value, alpha=decay)
    state["exp_avg"].lerp_(gradient, 1 - beta1)
    square = state["exp_avg_sq"]
    square.mul_(beta2).addcmul_(gradient, gradient, value=1 - beta2)
    if group["amsgrad"]:
        square = torch.maximum(state["max_exp_avg_sq"], square, out=state["max_exp_avg_sq"])
    torch.sqrt(square, out=scratch).div_((1 - beta2**step) ** 0.5).add_(group["eps"])
    value.addcdiv_(state["exp_avg"], scratch, value=-(rate / (1 - beta1**step)))


def _sgd(group: Group, value: Tensor, gradient: Tensor, state: State, scratch: Tensor) -> None:
    momentum = group["momentum"]
    if group["weight_decay"]:
        gradient.add_(value, alpha=group["weight_decay"])
    if momentum:
        velocity = state["momentum_buffer"].mul_(momentum).add_(gradient, alpha=1 - group["dampening"])
        gradient = gradient.add_(velocity, alpha=momentum) if group["nesterov"] else velocity
    value.add_(gradient, alpha=-group["lr"])


def _rmsprop(group: Group, value: Tensor, gradient: Tensor, state: State, scratch: Tensor) -> None:
    _counted(state)
    alpha = group["alpha"]
    if group["weight_decay"]:
        gradient.add_(value, alpha=group["weight_decay"])
    square = state["square_avg"].mul_(alpha).addcmul_(gradient, gradient, value=1 - alpha)
    if group["centered"]:
        mean = state["grad_avg"].lerp_(gradient, 1 - alpha)
        square = torch.addcmul(square, mean, mean, value=-1, out=scratch)
    torch.sqrt(square, out=scratch).add_(group["eps"])
    if group["momentum"] > 0:
        velocity = state["momentum_buffer"].mul_(group["momentum"]).addcdiv_(gradient, scratch)
        value.add_(velocity, alpha=-group["lr"])
    else:
        value.addcdiv_(gradient, scratch, value=-group["lr"])


def _adagrad(group: Group, value: Tensor, gradient: Tensor, state: State, scratch: Tensor) -> None:
    step = _counted(state)
    if group["weight_decay"]:
        gradient.add_(value, alpha=group["weight_decay"])
    total = state["sum"].addcmul_(gradient, gradient, value=1)
    torch.sqrt(total, out=scratch).add_(group["eps"])
    value.addcdiv_(gradient, scratch, value=-(group["lr"] / (1 + (step - 1) * group["lr_decay"])))


ARITHMETIC: Mapping[type[torch.optim.Optimizer], Arithmetic] = {
    torch.optim.Adam: _adam,
    torch.optim.AdamW: _adam,
    torch.optim.SGD: _sgd,
    torch.optim.RMSprop: _rmsprop,
    torch.optim.Adagrad: _adagrad,
}


class DirectStep:
    """Steps of an optimizer of a type in `ARITHMETIC` whose one group of parameters has gradients that stay where they are.

    The optimizer makes the first step itself, which also sets its state up; `forget` after loading another state.
    A step uses the gradients up.
    """

    def __init__(self, optimizer: torch.optim.Optimizer) -> None:
        self._optimizer = optimizer
        self._compute = ARITHMETIC[type(optimizer)]
        self._rows: list[tuple[Group, Tensor, Tensor, State, Tensor]] = []

    def __call__(self) -> None:
        """Change the parameters once."""
        if not self._rows:
            self._optimizer.step()
            self._rows = self._look()
            return
        for row in self._rows:
            self._compute(*row)

    def forget(self) -> None:
        """Look at the optimizer's state anew."""
        self._rows.clear()

    def _look(self) -> list[tuple[Group, Tensor, Tensor, State, Tensor]]:
        """For each parameter what the arithmetic takes: tensors without history, which need no `no_grad`."""
        (group,) = self._optimizer.param_groups
        parameters = group["params"]
        scratch = torch.empty_like(max(parameters, key=Tensor.numel), requires_grad=False)
        states = [dict(self._optimizer.state.get(p, {})) for p in parameters]
        for state in states:
            if "step" in state:
                state["step"] = state["step"].numpy()
        rows = zip(parameters, states, strict=True)
        return [(group, p.detach(), p.grad, state, scratch[: p.numel()]) for p, state in rows]
