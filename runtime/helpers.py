"""Functions and modules that generated source defines before the classes that call them: name -> their text."""

from __future__ import annotations

from collections.abc import Mapping

from runtime.helper_modules import MODULES

# Vaswani et al., "Attention Is All You Need" (2017), section 3.5:
# PE(pos, 2i) = sin(pos / 10000^(2i / F)), PE(pos, 2i + 1) = cos(pos / 10000^(2i / F)).
_SINUSOIDAL = '''\
def sinusoidal_encoding(x):
    """Sines and cosines of every place of a sequence B x T x F, as T x F (Vaswani et al., 2017, section 3.5)."""
    place = torch.arange(x.shape[1], device=x.device).unsqueeze(1)
    frequency = 10000 ** (-torch.arange(0, x.shape[2], 2, device=x.device) / x.shape[2])
    waves = torch.stack([(place * frequency).sin(), (place * frequency).cos()], dim=2)
    return waves.flatten(1)[:, :x.shape[2]].to(x.dtype)
'''

# `vjp` differentiates wherever it is called, evaluations without gradients included, and what it gives can be differentiated.
_GRADIENT = '''\
def input_gradient(function, x, *others):
    """The gradient of the sum of what a function gives, by x and in its shape; a loss may depend on it."""

    def total(x):
        return function(x, *others).sum()

    return torch.autograd.functional.vjp(total, x, create_graph=True)[1]
'''

HELPERS: Mapping[str, str] = {"sinusoidal_encoding": _SINUSOIDAL, "input_gradient": _GRADIENT, **MODULES}


def differentiates(text: str) -> bool:
    """Whether generated source takes gradients as it computes."""
    return "def input_gradient(" in text


def helpers_in(expression: str) -> tuple[str, ...]:
    """The names of the helpers that an expression calls."""
    return tuple(name for name in HELPERS if f"{name}(" in expression)
