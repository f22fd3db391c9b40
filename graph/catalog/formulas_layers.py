"""Formulas of layers with weights, of pooling, padding and normalization; the notation is that of PyTorch's documentation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod

from graph.catalog.formulas import Filling, Formula, shapes, times

_AXES = {1: ("L",), 2: ("H", "W"), 3: ("D", "H", "W")}
VASWANI = "Vaswani et al., Attention Is All You Need (2017)"


# ---- sizes


def _linear(f: Filling) -> list[str]:
    out = f.number("out_features")
    bias = f" + {out}" if f.values["bias"] else ""
    return [f"({times(f.taken)})·({f.taken[-1]}×{out}){bias} → {times(f.given)}"]


def _along(f: Filling, dims: int, worked: Sequence[tuple[str, int]]) -> list[str]:
    """A line for each axis with its size worked out; one for all of them where they are alike."""
    assert [size for _, size in worked] == list(f.given[-dims:]), (worked, f.given)
    lines = dict.fromkeys(worked)
    if len(lines) == 1:
        ((text, size),) = lines
        return [f"{' = '.join(_AXES[dims])} = {text} = {size}"]
    return [f"{axis} = {text} = {size}" for axis, (text, size) in zip(_AXES[dims], worked, strict=True)]


def _window(f: Filling, dims: int, place: int, *, ceil: bool = False) -> tuple[str, int]:
    """⌊(size + 2·padding − dilation·(kernel − 1) − 1) / stride⌋ + 1, of one axis."""
    size, kernel = f.taken[place - dims], f.number("kernel_size", place)
    assert isinstance(size, int), size
    stride = kernel if f.values.get("stride") is None else f.number("stride", place)
    if f.values.get("padding") == "same":
        return f"⌈{size} / {stride}⌉", -(-size // stride)
    padding = 0 if f.values.get("padding") in (None, "valid") else f.number("padding", place)
    dilation = f.number("dilation", place) if f.values.get("dilation") is not None else 1
    taken = f"{dilation}·({kernel} − 1) − 1" if dilation > 1 else f"{kernel}"
    span = size + 2 * padding - dilation * (kernel - 1) - 1
    steps = -(-span // stride) if ceil else span // stride
    if ceil and steps * stride >= size + padding:  # the last window must begin inside
        steps -= 1
    left, right = "⌈⌉" if ceil else "⌊⌋"
    return f"{left}({size} + 2·{padding} − {taken}) / {stride}{right} + 1", steps + 1


def _conv(dims: int):
    def sizes(f: Filling) -> list[str]:
        channels, out, groups = f.number("in_channels"), f.number("out_channels"), f.number("groups")
        kernel = [f.number("kernel_size", place) for place in range(dims)]
        count = out * (channels // groups * prod(kernel) + bool(f.values["bias"]))
        plus = " + 1" if f.values["bias"] else ""
        kernels = f"{out}·({channels // groups}·{'·'.join(map(str, kernel))}{plus}) = {count}"
        return [*_along(f, dims, [_window(f, dims, place) for place in range(dims)]), shapes(f)[0], f"W, b: {kernels}"]

    return sizes


def _transposed(dims: int):
    def sizes(f: Filling) -> list[str]:
        worked = []
        for place in range(dims):
            size, names = f.taken[place - dims], ("stride", "padding", "dilation", "kernel_size", "output_padding")
            stride, padding, dilation, kernel, more = (f.number(name, place) for name in names)
            assert isinstance(size, int), size
            text = f"({size} − 1)·{stride} − 2·{padding} + {dilation}·({kernel} − 1) + {more} + 1"
            worked.append((text, (size - 1) * stride - 2 * padding + dilation * (kernel - 1) + more + 1))
        return [*_along(f, dims, worked), *shapes(f)]

    return sizes


def _pool(dims: int):
    def sizes(f: Filling) -> list[str]:
        ceil = bool(f.values.get("ceil_mode"))
        return [*_along(f, dims, [_window(f, dims, place, ceil=ceil) for place in range(dims)]), *shapes(f)]

    return sizes


def _pad(dims: int):
    def sizes(f: Filling) -> list[str]:
        worked = []
        for place in range(dims):
            size, side = f.taken[place - dims], 2 * (dims - 1 - place)  # PyTorch counts the last axis first
            before, after = f.number("padding", side), f.number("padding", side + 1)
            assert isinstance(size, int), size
            worked.append((f"{before} + {size} + {after}", before + size + after))
        return [*_along(f, dims, worked), *shapes(f)]

    return sizes


def _recurrent(gates: int, cell: bool = False):
    def sizes(f: Filling) -> list[str]:
        size, hidden = f.number("input_size"), f.number("hidden_size")
        rows = f"{gates}·{hidden}" if gates > 1 else f"{hidden}"
        lines = [f"W_{{i}}: {rows}×{size},  W_{{h}}: {rows}×{f.values.get('proj_size') or hidden}", *shapes(f)]
        if cell:
            return lines
        layers, ways = f.number("num_layers"), 2 if f.values["bidirectional"] else 1
        steps = f"t = 1 … {f.taken[1]}"
        if layers > 1:
            steps += f",  l = 1 … {layers}"
            lines.insert(1, f"l > 1: W_{{i}}: {rows}×{ways * (f.values.get('proj_size') or hidden)}")
        return [steps + (",  → ←" if ways == 2 else ""), *lines]

    return sizes


def _attention(f: Filling) -> list[str]:
    features, heads = f.number("embed_dim"), f.number("num_heads")
    d = features // heads
    asked, known = f.inputs["query"][1], (f.inputs.get("key") or f.inputs["query"])[1]
    product = f"Q_{{i}}K_{{i}}^{{T}}: ({asked}×{d})·({d}×{known}) → {asked}×{known}"
    return [f"h = {heads},  d = {features}/{heads} = {d}", product, *shapes(f)]


def _transformer(f: Filling) -> list[str]:
    features, heads, width = f.number("d_model"), f.number("nhead"), f.number("dim_feedforward")
    return [
        f"h = {heads},  d = {features}/{heads} = {features // heads}",
        f"W_{{1}}: {features}×{width},  W_{{2}}: {width}×{features}",
        *shapes(f),
    ]


def _normalized(f: Filling) -> list[str]:
    shape = f.values["normalized_shape"]
    assert shape is not None
    return [f"γ, β: {times(shape) if isinstance(shape, tuple) else shape}", *shapes(f)]


# ---- lines


def _channels(f: Filling) -> list[str]:
    bias, groups = "b_{j} + " if f.values["bias"] else "", f.number("groups")
    of_group = " (j)" if groups > 1 else ""
    return [f"y_{{j}} = {bias}Σ_{{k}} W_{{j,k}} ⋆ x_{{k}}   k = 1 … {f.number('in_channels') // groups}{of_group}"]


def _pooled(word: str):
    """Windows begin `stride` apart; where none is given, one behind the other."""
    return lambda f: [
        f"y_{{c, i}} = {word}_{{m < $kernel_size}} x_{{c, i·s + m}}   s = {'$stride' if f.values['stride'] else '$kernel_size'}"
    ]


def _rnn(f: Filling) -> list[str]:
    name = "tanh" if f.values["nonlinearity"] == "tanh" else "ReLU"
    return [f"h_{{t}} = {name}(W_{{ih}} x_{{t}} + b_{{ih}} + W_{{hh}} h_{{t−1}} + b_{{hh}})"]


def _function(f: Filling) -> str:
    return {"relu": "ReLU", "gelu": "GELU"}[str(f.values["activation"])]


def _encoder(f: Filling) -> list[str]:
    """Vaswani et al. (2017), section 3.1; with the norm first as in Xiong et al. (2020)."""
    if f.values["norm_first"]:
        return [
            "a = x + MHA(LN(x), LN(x), LN(x))",
            f"y = a + W_{{2}} {_function(f)}(W_{{1}} LN(a) + b_{{1}}) + b_{{2}}",
        ]
    return ["a = LN(x + MHA(x, x, x))", f"y = LN(a + W_{{2}} {_function(f)}(W_{{1}} a + b_{{1}}) + b_{{2}})"]


def _decoder(f: Filling) -> list[str]:
    last = f"W_{{2}} {_function(f)}(W_{{1}} c + b_{{1}}) + b_{{2}}"
    if f.values["norm_first"]:
        return [
            "a = x + MHA(LN(x), LN(x), LN(x))",
            "c = a + MHA(LN(a), m, m)",
            f"y = c + {last.replace(' c ', ' LN(c) ')}",
        ]
    return ["a = LN(x + MHA(x, x, x))", "c = LN(a + MHA(a, m, m))", f"y = LN(c + {last})"]


_LSTM = (
    "i_{t} = σ(W_{ii} x_{t} + b_{ii} + W_{hi} h_{t−1} + b_{hi})",
    "f_{t} = σ(W_{if} x_{t} + b_{if} + W_{hf} h_{t−1} + b_{hf})",
    "g_{t} = tanh(W_{ig} x_{t} + b_{ig} + W_{hg} h_{t−1} + b_{hg})",
    "o_{t} = σ(W_{io} x_{t} + b_{io} + W_{ho} h_{t−1} + b_{ho})",
    "c_{t} = f_{t} ⊙ c_{t−1} + i_{t} ⊙ g_{t}",
    "h_{t} = o_{t} ⊙ tanh(c_{t})",
)
_GRU = (
    "r_{t} = σ(W_{ir} x_{t} + b_{ir} + W_{hr} h_{t−1} + b_{hr})",
    "z_{t} = σ(W_{iz} x_{t} + b_{iz} + W_{hz} h_{t−1} + b_{hz})",
    "n_{t} = tanh(W_{in} x_{t} + b_{in} + r_{t} ⊙ (W_{hn} h_{t−1} + b_{hn}))",
    "h_{t} = (1 − z_{t}) ⊙ n_{t} + z_{t} ⊙ h_{t−1}",
)
_NORMALIZED = "y = (x − μ) / √(σ² + $eps) · γ + β"
_LAYERS = ("W", "LN", "MHA")

LAYERS: Mapping[str, Formula] = {
    "Linear": Formula(("y = x W^{T} + b",), ("W", "b"), sizes=_linear),
    "Bilinear": Formula(("y = x_{1}^{T} W x_{2} + b",), ("W", "b")),
    "Identity": Formula(("y = x",)),
    "Embedding": Formula(("y_{t} = E[x_{t}]",), ("E",),
                         sizes=lambda f: [f"E: {f.values['num_embeddings']}×{f.values['embedding_dim']}", *shapes(f)]),
    "EmbeddingBag": Formula(("y = ${mode}_{t} E[x_{t}]",), ("E",)),
    **{f"Conv{n}d": Formula(_channels, ("W", "b", "⋆"), sizes=_conv(n)) for n in _AXES},
    **{f"ConvTranspose{n}d": Formula(
        ("y_{j} = b_{j} + Σ_{k} x_{k} ⋆^{T} W_{k,j}",), ("W", "b"), "PyTorch; Dumoulin and Visin, A guide to convolution "
        "arithmetic (2016)", _transposed(n)) for n in _AXES},
    **{f"MaxPool{n}d": Formula(_pooled("max"), sizes=_pool(n)) for n in _AXES},
    **{f"AvgPool{n}d": Formula(_pooled("mean"), sizes=_pool(n)) for n in _AXES},
    **{f"LPPool{n}d": Formula(("y_{c,i} = (Σ_{m < $kernel_size} x_{c, i·s + m}^{$norm_type})^{1/$norm_type}",), sizes=_pool(n))
       for n in _AXES},
    **{f"Adaptive{kind}Pool{n}d": Formula((f"y_{{c,i}} = {word}_{{m}} x_{{c,m}}   m = ⌊i·H/H′⌋ … ⌈(i + 1)·H/H′⌉ − 1",))
       for n in _AXES for kind, word in (("Avg", "mean"), ("Max", "max"))},
    **{f"FractionalMaxPool{n}d": Formula(("y_{c,i} = max_{m < $kernel_size} x_{c, a(i) + m}   a(i) = ⌈α (i + ξ)⌉",), ("ξ",),
                                         "Graham, Fractional Max-Pooling (2014)") for n in (2, 3)},
    **{f"MaxUnpool{n}d": Formula(("y_{c, index(i)} = x_{c,i},   0 elsewhere",)) for n in _AXES},
    **{f"{kind}Pad{n}d": Formula((text,), sizes=_pad(n)) for n in _AXES for kind, text in (
        ("Zero", "y_{i} = x_{i},   0 outside"), ("Constant", "y_{i} = x_{i},   $value outside"),
        ("Reflection", "y_{−i} = x_{i}"), ("Replication", "y_{−i} = x_{0}"), ("Circular", "y_{i} = x_{i mod size}"))},
    **{f"BatchNorm{n}d": Formula((_NORMALIZED,), ("μ, σ² of training", "γ, β"),
                                 "PyTorch; Ioffe and Szegedy, Batch Normalization (2015)") for n in _AXES},
    **{f"InstanceNorm{n}d": Formula((_NORMALIZED,), ("μ, σ²", "γ, β"), "PyTorch; Ulyanov et al., Instance Normalization (2016)")
       for n in _AXES},
    "LayerNorm": Formula((_NORMALIZED,), ("μ, σ²", "γ, β"), "PyTorch; Ba et al., Layer Normalization (2016)",
                         _normalized),
    "RMSNorm": Formula(("y = x / √(ε + mean(x²)) · γ",), ("γ",), "PyTorch; Zhang and Sennrich, Root Mean Square Layer "
                       "Normalization (2019)"),
    "GroupNorm": Formula((_NORMALIZED,), ("μ, σ²", "γ, β"), "PyTorch; Wu and He, Group Normalization (2018)",
                         lambda f: [f"{f.values['num_channels']} / {f.values['num_groups']} = "
                                    f"{f.number('num_channels') // f.number('num_groups')}", *shapes(f)]),
    "LocalResponseNorm": Formula(("y_{c} = x_{c} · ($k + $alpha/$size · Σ_{c′} x_{c′}²)^{−$beta}   |c′ − c| ≤ $size/2",),
                                 (), "PyTorch; Krizhevsky et al., ImageNet Classification (2012)"),
    "RNN": Formula(_rnn, ("W", "h_{t}"), "PyTorch; Elman, Finding Structure in Time (1990)", _recurrent(1)),
    "LSTM": Formula(_LSTM, ("i, f, g, o", "c_{t}", "h_{t}", "σ", "⊙"), "PyTorch; Hochreiter and Schmidhuber, Long Short-Term "
                    "Memory (1997)", _recurrent(4)),
    "GRU": Formula(_GRU, ("r, z, n", "h_{t}", "σ", "⊙"), "PyTorch; Cho et al., Learning Phrase Representations (2014)", _recurrent(3)),
    "RNNCell": Formula(_rnn, ("W", "h_{t}"), sizes=_recurrent(1, cell=True)),
    "LSTMCell": Formula(_LSTM, ("i, f, g, o", "c_{t}", "h_{t}", "σ", "⊙"), sizes=_recurrent(4, cell=True)),
    "GRUCell": Formula(_GRU, ("r, z, n", "h_{t}", "σ", "⊙"), sizes=_recurrent(3, cell=True)),
    "MultiheadAttention": Formula(
        ("head_{i} = softmax(Q_{i} K_{i}^{T} / √d + M) V_{i}", "y = [head_{1} … head_{h}] W^{O} + b^{O}"),
        ("Q, K, V", "d", "M"), f"PyTorch; {VASWANI}", _attention),
    **{f"TransformerEncoder{more}": Formula(_encoder, _LAYERS, f"PyTorch; {VASWANI}", _transformer) for more in ("", "Layer")},
    **{f"TransformerDecoder{more}": Formula(_decoder, _LAYERS, f"PyTorch; {VASWANI}", _transformer) for more in ("", "Layer")},
    "Transformer": Formula(("m = encoder(source)", "y = decoder(target, m)"), (), f"PyTorch; {VASWANI}", _transformer),
}  # fmt: skip
