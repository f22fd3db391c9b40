"""The classes of `torch.nn` that are no node types, each with the reason."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

_CONTAINER = "A container for modules: a drawing is one itself."
_WEIGHTS = (
    "A last layer inside a loss: without the loss, the network could not predict. Linear and CrossEntropyLoss can."
)
_BASE = "A base class, not meant to be used by itself."
_LAZY = "Sizes follow from the input already, where they are `auto`."
_DEPRECATED = "A deprecated name of {}."

_LAZY_NAMES = ("Linear", *(f"{kind}{dims}d" for kind in ("BatchNorm", "Conv", "ConvTranspose", "InstanceNorm")
                           for dims in (1, 2, 3)))  # fmt: skip

EXCLUDED: Mapping[str, str] = MappingProxyType(
    {
        "torch.nn.AdaptiveLogSoftmaxWithLoss": _WEIGHTS,
        "torch.nn.LinearCrossEntropyLoss": _WEIGHTS,
        "torch.nn.TripletMarginWithDistanceLoss": "Its distance is a Python function; with the usual one it is "
                                                  "TripletMarginLoss.",
        "torch.nn.SyncBatchNorm": "A BatchNorm over several processes; training runs in one.",
        "torch.nn.DataParallel": "Spreads a module over several devices; training runs on one.",
        "torch.nn.CrossMapLRN2d": "An older LocalResponseNorm, only for images and not in PyTorch's documentation.",
        "torch.nn.NLLLoss2d": _DEPRECATED.format("NLLLoss"),
        "torch.nn.UpsamplingBilinear2d": _DEPRECATED.format("Upsample"),
        "torch.nn.UpsamplingNearest2d": _DEPRECATED.format("Upsample"),
        "torch.nn.Container": _DEPRECATED.format("Module"),
        "torch.nn.Module": _BASE,
        "torch.nn.RNNBase": _BASE,
        "torch.nn.RNNCellBase": _BASE,
        "torch.nn.Sequential": _CONTAINER,
        "torch.nn.ModuleList": _CONTAINER,
        "torch.nn.ModuleDict": _CONTAINER,
        "torch.nn.ParameterList": _CONTAINER,
        "torch.nn.ParameterDict": _CONTAINER,
        **{f"torch.nn.Lazy{name}": _LAZY for name in _LAZY_NAMES},
    }
)  # fmt: skip
