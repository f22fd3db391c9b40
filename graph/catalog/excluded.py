"""The classes of `torch.nn` that are no node types, each with the reason."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

_RECURRENT = "Comes with recurrent nodes: it has states beside its output."
_ATTENTION = "Comes with attention nodes: it has masks, several inputs and layers of its own."
_UNPOOLING = "Comes with nodes of several outputs: it needs the indices that a MaxPool gives beside its output."
_CONTAINER = "A container for modules: a drawing is one itself."
_BASE = "A base class, not meant to be used by itself."
_LAZY = "Sizes follow from the input already, where they are `auto`."
_DEPRECATED = "A deprecated name of {}."

_LAZY_NAMES = ("Linear", *(f"{kind}{dims}d" for kind in ("BatchNorm", "Conv", "ConvTranspose", "InstanceNorm")
                           for dims in (1, 2, 3)))  # fmt: skip

EXCLUDED: Mapping[str, str] = MappingProxyType(
    {
        "torch.nn.RNN": _RECURRENT,
        "torch.nn.LSTM": _RECURRENT,
        "torch.nn.GRU": _RECURRENT,
        "torch.nn.RNNCell": _RECURRENT,
        "torch.nn.LSTMCell": _RECURRENT,
        "torch.nn.GRUCell": _RECURRENT,
        "torch.nn.MultiheadAttention": _ATTENTION,
        "torch.nn.Transformer": _ATTENTION,
        "torch.nn.TransformerEncoder": _ATTENTION,
        "torch.nn.TransformerEncoderLayer": _ATTENTION,
        "torch.nn.TransformerDecoder": _ATTENTION,
        "torch.nn.TransformerDecoderLayer": _ATTENTION,
        "torch.nn.MaxUnpool1d": _UNPOOLING,
        "torch.nn.MaxUnpool2d": _UNPOOLING,
        "torch.nn.MaxUnpool3d": _UNPOOLING,
        "torch.nn.CTCLoss": "Comes with sequences of different lengths, which it is for: it takes the lengths as inputs.",
        "torch.nn.GaussianNLLLoss": "Comes with shapes of modules that look at values: it refuses negative variances, and "
                                    "the tensors that shapes are worked out with have no values.",
        "torch.nn.AdaptiveLogSoftmaxWithLoss": "Comes with losses that have parameters and several outputs.",
        "torch.nn.LinearCrossEntropyLoss": "Comes with losses that have parameters; a Linear and a CrossEntropyLoss are "
                                           "the same.",
        "torch.nn.TripletMarginWithDistanceLoss": "Its distance is a Python function; with the usual one it is "
                                                  "TripletMarginLoss.",
        "torch.nn.SyncBatchNorm": "A BatchNorm over several processes; training runs in one.",
        "torch.nn.DataParallel": "Spreads a module over several devices; training runs on one.",
        "torch.nn.CrossMapLRN2d": "An older LocalResponseNorm, only for images.",
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
