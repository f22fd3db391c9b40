"""The optimizers and learning rate schedules that a training plan can choose from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from graph.catalog.common import flag, real, whole
from graph.catalog.types import Param
from graph.plan import Choice


@dataclass(frozen=True, slots=True)
class ChoiceType:
    """An entry to choose, with its parameters named as in PyTorch.

    Two are apart: `beta1` and `beta2` are PyTorch's `betas`, and without a `T_max` it is the epochs of the run.
    """

    id: str
    label: str
    help: str
    params: tuple[Param, ...] = ()

    def param(self, name: str) -> Param | None:
        """The parameter of that name, or None."""
        return next((p for p in self.params if p.name == name), None)

    def values(self, choice: Choice) -> dict[str, object]:
        """Every parameter's value: what the person set, else the default."""
        return {p.name: choice.params.get(p.name, p.default) for p in self.params}


def _lr(default: float) -> Param:
    return real("lr", default, "Learning rate: the size of each step.", minimum=0, required=True, keyword=True)


def _weight_decay(default: float = 0.0) -> Param:
    return real("weight_decay", default, "How strongly large weights are pulled towards 0.", minimum=0)


def _momentum() -> Param:
    return real("momentum", 0.0, "Share of the last step that is carried into the next one.", minimum=0)


def _beta(name: str, default: float, text: str) -> Param:
    return real(name, default, text, minimum=0, maximum=0.99999)


_EPS = real("eps", 1e-8, "A small number that keeps the division from failing.", minimum=0)


def _adam(weight_decay: float) -> tuple[Param, ...]:
    return (
        _lr(1e-3),
        _beta("beta1", 0.9, "Memory of the average gradient, from 0 to below 1."),
        _beta("beta2", 0.999, "Memory of the average squared gradient, from 0 to below 1."),
        _EPS,
        _weight_decay(weight_decay),
        flag("amsgrad", False, "Never lets the average squared gradient shrink."),
    )


def _optimizer(name: str, text: str, *params: Param) -> ChoiceType:
    return ChoiceType(f"torch.optim.{name}", name, text, params)


def _scheduler(name: str, label: str, text: str, *params: Param) -> ChoiceType:
    return ChoiceType(f"torch.optim.lr_scheduler.{name}", label, text, params)


def _table(*types: ChoiceType) -> Mapping[str, ChoiceType]:
    return MappingProxyType({t.id: t for t in types})


OPTIMIZERS = _table(
    _optimizer("Adam", "Adapts the step of every weight; a good first choice.", *_adam(0.0)),
    _optimizer("AdamW", "Adam with a weight decay that does its job.", *_adam(0.01)),
    _optimizer(
        "SGD", "Steps straight down the gradient; a classic for images with momentum.",
        _lr(0.01),
        _momentum(),
        real("dampening", 0.0, "How much the gradient is damped before it adds to the momentum."),
        _weight_decay(),
        flag("nesterov", False, "Looks ahead along the momentum; needs a momentum above 0 and no dampening."),
    ),
    _optimizer(
        "RMSprop", "Divides each step by the recent size of the gradient.",
        _lr(0.01),
        real("alpha", 0.99, "Memory of the average squared gradient, from 0 to 1.", minimum=0, maximum=1),
        _EPS,
        _weight_decay(),
        _momentum(),
        flag("centered", False, "Divides by the variance of the gradient instead of its size."),
    ),
    _optimizer(
        "Adagrad", "Makes ever smaller steps for weights that have moved much.",
        _lr(0.01),
        real("lr_decay", 0.0, "How fast the learning rate falls with every step.", minimum=0),
        _weight_decay(),
        real("initial_accumulator_value", 0.0, "The size of past gradients to start with.", minimum=0),
        real("eps", 1e-10, "A small number that keeps the division from failing.", minimum=0),
    ),
)  # fmt: skip

SCHEDULERS = _table(
    ChoiceType("constant", "Constant", "The learning rate stays as it is."),
    _scheduler(
        "StepLR", "Steps", "Multiplies the learning rate by a factor every few epochs.",
        whole("step_size", 10, "Number of epochs between two changes.", minimum=1, required=True),
        real("gamma", 0.1, "Factor of each change.", minimum=0),
    ),
    _scheduler(
        "ExponentialLR", "Exponential", "Multiplies the learning rate by a factor every epoch.",
        real("gamma", 0.95, "Factor of each epoch.", minimum=0, required=True),
    ),
    _scheduler(
        "CosineAnnealingLR", "Cosine", "Lowers the learning rate along half a cosine wave.",
        whole("T_max", None, "Number of epochs until the lowest rate; all epochs of the run if empty.",
              minimum=1, optional=True, required=True),
        real("eta_min", 0.0, "The lowest learning rate.", minimum=0),
    ),
)  # fmt: skip
