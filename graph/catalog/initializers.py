"""How weights can begin: the functions of `torch.nn.init`, with PyTorch's names, order and defaults of parameters."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from graph.catalog.common import choice, real, whole
from graph.catalog.optimizers import ChoiceType
from graph.catalog.types import Param

SEED = "seed"  # in the place of the `generator` of PyTorch
AUTO = "auto"  # as the activation that the layer feeds wants it

# Those that divide by the number of inputs or outputs, or work on rows: they need a matrix at least.
FAN_BASED = frozenset(
    f"torch.nn.init.{name}_"
    for name in ("xavier_uniform", "xavier_normal", "kaiming_uniform", "kaiming_normal", "orthogonal")
)


def _initializer(name: str, label: str, text: str, *params: Param) -> ChoiceType:
    return ChoiceType(f"torch.nn.init.{name}", label, text, params)


def _drawn(name: str, label: str, text: str, *params: Param) -> ChoiceType:
    """An initializer that draws random numbers: those of the run, or some of its own."""
    seed = whole(SEED, None, "Start of random numbers of its own: weights of one shape with the same seed begin the same.",
                 optional=True, minimum=0, maximum=2**31 - 1)  # fmt: skip
    return _initializer(name, label, text, *params, seed)


def _gain() -> Param:
    return real("gain", 1.0, "What the numbers are scaled by; auto: as the activation that follows in the drawing wants it.",
                minimum=0, choices=(AUTO,))  # fmt: skip


def _kaiming() -> tuple[Param, ...]:
    return (
        real("a", 0.0, "The slope below 0 of a leaky_relu that follows.", minimum=0),
        choice("mode", ("fan_in", "fan_out"), "Keep the size of what flows forward (fan_in), or of gradients on their way back."),
        choice("nonlinearity", ("leaky_relu", "relu", "tanh", "sigmoid", "selu", "linear", AUTO),
               "The activation that follows; auto: as it follows in the drawing."),
    )  # fmt: skip


_TYPES = (
    _drawn("uniform_", "Uniform", "Any number between two bounds, each as likely.",
                 real("a", 0.0, "The lower bound."), real("b", 1.0, "The upper bound.")),
    _drawn("normal_", "Normal", "Numbers around a mean, as a bell curve has them.",
                 real("mean", 0.0, "The mean."), real("std", 1.0, "The standard deviation.", minimum=0)),
    _drawn("trunc_normal_", "Truncated normal", "As Normal, without the numbers beyond two bounds.",
                 real("mean", 0.0, "The mean."), real("std", 1.0, "The standard deviation.", minimum=0),
                 real("a", -2.0, "The lower bound."), real("b", 2.0, "The upper bound.")),
    _initializer("constant_", "Constant", "The same number everywhere.", real("val", 0.0, "The number.", required=True)),
    _initializer("zeros_", "Zeros", "0 everywhere; for biases, and for the last layer of a residual branch."),
    _initializer("ones_", "Ones", "1 everywhere."),
    _initializer("eye_", "Identity", "A matrix that passes its input on."),
    _initializer("dirac_", "Dirac", "A convolution that passes its input on.",
                 whole("groups", 1, "The groups of the convolution.", minimum=1)),
    _drawn("xavier_uniform_", "Xavier uniform", "Keeps the size of signals through tanh and sigmoid (Glorot and Bengio, "
                 "2010).", _gain()),
    _drawn("xavier_normal_", "Xavier normal", "As Xavier uniform, with a bell curve.", _gain()),
    _drawn("kaiming_uniform_", "Kaiming uniform", "Keeps the size of signals through ReLU (He et al., 2015).", *_kaiming()),
    _drawn("kaiming_normal_", "Kaiming normal", "As Kaiming uniform, with a bell curve; the usual choice for ResNets.",
                 *_kaiming()),
    _drawn("orthogonal_", "Orthogonal", "A matrix that turns and keeps lengths; for recurrent layers (Saxe et al., 2013).",
                 _gain()),
    _drawn("sparse_", "Sparse", "Mostly zeros, the others as Normal (Martens, 2010).",
                 real("sparsity", 0.9, "The share of zeros in every column.", minimum=0, maximum=1, required=True),
                 real("std", 0.01, "The standard deviation of the others.", minimum=0)),
)  # fmt: skip
INITIALIZERS: Mapping[str, ChoiceType] = MappingProxyType({t.id: t for t in _TYPES})
