"""The table of formulas: activations, losses, metrics, operations, what begins a network; layers are in `formulas_layers`."""

from __future__ import annotations

import re
from collections.abc import Mapping

from graph.catalog.formulas import Filling, Formula, shapes, times
from graph.catalog.formulas_layers import LAYERS, VASWANI
from graph.messages import msg

_EVALUATED = msg("After training all pass: y = x.")
_SHUFFLED = msg("After training the samples pass as they are.")
_SOFTMAX = "exp(x_{i}) / Σ_{j} exp(x_{j})"
_OVER_DIM = "over dim $dim"

_ACTIVATIONS: Mapping[str, Formula] = {
    "ReLU": Formula(("y = max(0, x)",)),
    "LeakyReLU": Formula(("y = max(0, x) + $negative_slope · min(0, x)",)),
    "PReLU": Formula(("y = max(0, x) + W · min(0, x)",), ("W",)),
    "ELU": Formula(("y = max(0, x) + min(0, $alpha · (exp(x) − 1))",)),
    "CELU": Formula(("y = max(0, x) + min(0, $alpha · (exp(x / $alpha) − 1))",)),
    "SELU": Formula(("y = 1.0507 · (max(0, x) + min(0, 1.6733 · (exp(x) − 1)))",)),
    "GELU": Formula(lambda f: ("y = x · Φ(x)",) if f.values["approximate"] == "none" else
                    ("y = ½ · x · (1 + tanh(√(2/π) · (x + 0.044715 · x³)))",), ("Φ",)),
    "SiLU": Formula(("y = x · σ(x)",), ("σ",)),
    "Mish": Formula(("y = x · tanh(ln(1 + exp(x)))",)),
    "Sigmoid": Formula(("y = σ(x) = 1 / (1 + exp(−x))",)),
    "Tanh": Formula(("y = tanh(x) = (exp(x) − exp(−x)) / (exp(x) + exp(−x))",)),
    "Softplus": Formula(("y = 1/$beta · ln(1 + exp($beta · x))",)),
    "Hardtanh": Formula(("y = min($max_val, max($min_val, x))",)),
    "ReLU6": Formula(("y = min(6, max(0, x))",)),
    "RReLU": Formula(("y = max(0, x) + a · min(0, x)   a ∼ U($lower, $upper)",)),
    "Threshold": Formula(("x > $threshold: y = x,   x ≤ $threshold: y = $value",)),
    "Hardswish": Formula(("y = x · min(6, max(0, x + 3)) / 6",)),
    "Hardsigmoid": Formula(("y = min(1, max(0, x / 6 + ½))",)),
    "Hardshrink": Formula(("|x| > $lambd: y = x,   |x| ≤ $lambd: y = 0",)),
    "Softshrink": Formula(("y = sign(x) · max(0, |x| − $lambd)",)),
    "Tanhshrink": Formula(("y = x − tanh(x)",)),
    "Softsign": Formula(("y = x / (1 + |x|)",)),
    "LogSigmoid": Formula(("y = ln σ(x)",), ("σ",)),
    "GLU": Formula(("y = a ⊙ σ(b)   [a, b] = x " + _OVER_DIM,), ("σ", "⊙")),
    "Softmax": Formula((f"y_{{i}} = {_SOFTMAX}   {_OVER_DIM}",)),
    "LogSoftmax": Formula((f"y_{{i}} = ln({_SOFTMAX})   {_OVER_DIM}",)),
    "Softmin": Formula((f"y_{{i}} = exp(−x_{{i}}) / Σ_{{j}} exp(−x_{{j}})   {_OVER_DIM}",)),
    "Softmax2d": Formula((f"y_{{c}} = {_SOFTMAX.replace('_{i}', '_{c}').replace('_{j}', '_{k}')}   ∀ h, w",)),
    **{name: Formula(("y = x ⊙ m / (1 − $p)   m ∼ Bernoulli(1 − $p)",), ("m", "⊙"), note=_EVALUATED)
       for name in ("Dropout", "Dropout1d", "Dropout2d", "Dropout3d")},
    **{name: Formula(("y = a · (x ⊙ m + α′ · (1 − m)) + b   m ∼ Bernoulli(1 − $p)",), ("m", "⊙"),
                     "PyTorch; Klambauer et al., Self-Normalizing Neural Networks (2017)", note=_EVALUATED)
       for name in ("AlphaDropout", "FeatureAlphaDropout")},
}  # fmt: skip

_MEANT = "1/N Σ_{n} "
_SHAPES: Mapping[str, Formula] = {
    "Flatten": Formula(("y = vec(x)   dim $start_dim … $end_dim",)),
    "Unflatten": Formula(("dim $dim → $unflattened_size",)),
    "Upsample": Formula(("y_{i} = x_{⌊i / $scale_factor⌋}   ($mode)",)),
    "PixelShuffle": Formula(("(C·r²)×H×W → C×(H·r)×(W·r)   r = $upscale_factor",)),
    "PixelUnshuffle": Formula(("C×(H·r)×(W·r) → (C·r²)×H×W   r = $downscale_factor",)),
    "ChannelShuffle": Formula(("(g·n)×H×W → (n·g)×H×W   g = $groups",)),
    "Unfold": Formula(("y_{:, l} = vec(x_{l … l + $kernel_size})",)),
    "Fold": Formula(("y = Σ_{l} x_{:, l}   $kernel_size → $output_size",)),
    "CosineSimilarity": Formula(("y = x_{1} · x_{2} / max(‖x_{1}‖ · ‖x_{2}‖, $eps)",)),
    "PairwiseDistance": Formula(("y = ‖x_{1} − x_{2} + $eps‖_{$p}",)),
}
_LOSSES: Mapping[str, Formula] = {
    "CrossEntropyLoss": Formula((f"ℓ = −{_MEANT}ln(exp(x_{{n, y_n}}) / Σ_{{c}} exp(x_{{n, c}}))".replace("y_n", "y"),),
                                ("x, scores", "y", "N")),
    "NLLLoss": Formula((f"ℓ = −{_MEANT}x_{{n, y}}",), ("x, scores", "y", "N")),
    "MSELoss": Formula((f"ℓ = {_MEANT}(x_{{n}} − y_{{n}})²",), ("x", "y", "N")),
    "L1Loss": Formula((f"ℓ = {_MEANT}|x_{{n}} − y_{{n}}|",), ("x", "y", "N")),
    "SmoothL1Loss": Formula(
        (f"ℓ = {_MEANT}l_{{n}}   e = |x_{{n}} − y_{{n}}|", "e < $beta: l = e² / (2 · $beta),   e ≥ $beta: l = e − $beta/2"),
                            ("x", "y", "N")),
    "HuberLoss": Formula(
        (f"ℓ = {_MEANT}l_{{n}}   e = |x_{{n}} − y_{{n}}|", "e ≤ $delta: l = ½ e²,   e > $delta: l = $delta · (e − $delta/2)"),
                         ("x", "y", "N")),
    "BCEWithLogitsLoss": Formula((f"ℓ = −{_MEANT}[y_{{n}} · ln σ(x_{{n}}) + (1 − y_{{n}}) · ln(1 − σ(x_{{n}}))]",),
                                 ("x", "y", "σ", "N")),
    "BCELoss": Formula((f"ℓ = −{_MEANT}[y_{{n}} · ln x_{{n}} + (1 − y_{{n}}) · ln(1 − x_{{n}})]",), ("x", "y", "N")),
    "SoftMarginLoss": Formula((f"ℓ = {_MEANT}ln(1 + exp(−y_{{n}} · x_{{n}}))",), ("x", "y", "N")),
    "MultiMarginLoss": Formula((f"ℓ = {_MEANT}1/C Σ_{{c ≠ y}} max(0, $margin − x_{{n, y}} + x_{{n, c}})^{{$p}}",), ("x, scores", "y", "N")),
    "MultiLabelMarginLoss": Formula((f"ℓ = {_MEANT}1/C Σ_{{c, k}} max(0, 1 − (x_{{n, y(c)}} − x_{{n, k}}))",), ("x, scores", "y", "N")),
    "MultiLabelSoftMarginLoss": Formula((f"ℓ = −{_MEANT}1/C Σ_{{c}} [y_{{n,c}} · ln σ(x_{{n,c}}) + (1 − y_{{n,c}}) · ln σ(−x_{{n,c}})]",),
                                        ("x, scores", "y", "σ", "N")),
    "KLDivLoss": Formula((f"ℓ = {_MEANT}p_{{n}} · (ln p_{{n}} − x_{{n}})",), ("x", "p", "N")),
    "PoissonNLLLoss": Formula(lambda f: (f"ℓ = {_MEANT}exp(x_{{n}}) − y_{{n}} · x_{{n}}" if f.values["log_input"] else
                                         f"ℓ = {_MEANT}x_{{n}} − y_{{n}} · ln(x_{{n}} + $eps)",), ("x", "y", "N")),
    "GaussianNLLLoss": Formula((f"ℓ = {_MEANT}½ [ln max(v_{{n}}, $eps) + (x_{{n}} − y_{{n}})² / max(v_{{n}}, $eps)]",), ("x", "y", "N")),
    "CTCLoss": Formula(("ℓ = −ln Σ_{a → y} Π_{t} p(a_{t} | x_{t})",), ("y",), "PyTorch; Graves et al., Connectionist Temporal "
                       "Classification (2006)"),
    "CosineEmbeddingLoss": Formula(
        (f"ℓ = {_MEANT}l_{{n}}   y = 1: l = 1 − cos(x_{{1}}, x_{{2}})", "y = −1: l = max(0, cos(x_{1}, x_{2}) − $margin)"), ("y", "N")),
    "HingeEmbeddingLoss": Formula(
        (f"ℓ = {_MEANT}l_{{n}}", "y = 1: l = x_{n},   y = −1: l = max(0, $margin − x_{n})"), ("y", "N")),
    "MarginRankingLoss": Formula((f"ℓ = {_MEANT}max(0, −y_{{n}} · (x_{{1}} − x_{{2}}) + $margin)",), ("y", "N")),
    "TripletMarginLoss": Formula((f"ℓ = {_MEANT}max(0, ‖a_{{n}} − p_{{n}}‖_{{$p}} − ‖a_{{n}} − n_{{n}}‖_{{$p}} + $margin)",), ("N",)),
}  # fmt: skip

_NAEEM = "Naeem et al., Reliable Fidelity and Diversity Metrics for Generative Models (2020)"
_RATES = ("TP, FP, FN, TN",)
_DECIDED = ("x, scores", "y", "N", "[…]")
_METRICS: Mapping[str, Formula] = {
    "Accuracy": Formula(("a = 1/N Σ_{n} [argmax_{c} x_{n, c} = y_{n}]",), _DECIDED),
    "TopKAccuracy": Formula(("a = 1/N Σ_{n} [y_{n} ∈ top$k x_{n}]",), _DECIDED),
    "BalancedAccuracy": Formula(("a = 1/C Σ_{c} TP_{c} / (TP_{c} + FN_{c})",), _RATES),
    "Precision": Formula(("TP / (TP + FP)",), _RATES),
    "Recall": Formula(("TP / (TP + FN)",), _RATES),
    "Specificity": Formula(("TN / (TN + FP)",), _RATES),
    "F1": Formula(("2 TP / (2 TP + FP + FN)",), _RATES),
    "FBeta": Formula(("(1 + β²) TP / ((1 + β²) TP + β² FN + FP)   β = $beta",), _RATES),
    "JaccardIndex": Formula(("TP / (TP + FP + FN)",), _RATES),
    "Dice": Formula(("2 TP / (2 TP + FP + FN)",), _RATES),
    "AUROC": Formula(("P(x^{+} > x^{−}) + ½ P(x^{+} = x^{−})",)),
    "AveragePrecision": Formula(("Σ_{k} (R_{k} − R_{k−1}) · P_{k}",)),
    "MatthewsCorrCoef": Formula(("(TP · TN − FP · FN) / √((TP + FP)(TP + FN)(TN + FP)(TN + FN))",), _RATES),
    "CohenKappa": Formula(("κ = (p_{o} − p_{e}) / (1 − p_{e})",)),
    "CalibrationError": Formula(("Σ_{b} n_{b}/N · |acc(b) − conf(b)|   b = 1 … $n_bins",), ("N",)),
    "HammingDistance": Formula(("1/N Σ_{n} [argmax_{c} x_{n, c} ≠ y_{n}]",), _DECIDED),
    "ExactMatch": Formula(("1/N Σ_{n} Π_{t} [argmax_{c} x_{n, c, t} = y_{n, t}]",), _DECIDED),
    "Perplexity": Formula(("exp(−1/N Σ_{n} ln p(y_{n}))",), ("y", "N")),
    "R2": Formula(("R² = 1 − Σ_{n} (y_{n} − x_{n})² / Σ_{n} (y_{n} − ȳ)²",), ("x", "y")),
    "MeanAbsoluteError": Formula((f"{_MEANT}|x_{{n}} − y_{{n}}|",), ("x", "y", "N")),
    "MeanSquaredError": Formula((f"{_MEANT}(x_{{n}} − y_{{n}})²",), ("x", "y", "N")),
    "RootMeanSquaredError": Formula((f"√({_MEANT}(x_{{n}} − y_{{n}})²)",), ("x", "y", "N")),
    "MeanAbsolutePercentageError": Formula((f"{_MEANT}|(x_{{n}} − y_{{n}}) / y_{{n}}|",), ("x", "y", "N")),
    "ExplainedVariance": Formula(("1 − Var(y − x) / Var(y)",), ("x", "y")),
    "Density": Formula(("1/(k N) Σ_{j} Σ_{i} [‖x_{j} − y_{i}‖ < d_{k}(y_{i})]   k = $k",), ("d_{k}", "[…]"), _NAEEM),
    "Coverage": Formula(("1/N Σ_{i} [∃ j: ‖x_{j} − y_{i}‖ < d_{k}(y_{i})]   k = $k",), ("d_{k}", "[…]"), _NAEEM),
    "PearsonCorrCoef": Formula(("r = Cov(x, y) / (σ_{x} · σ_{y})",)),
    "SpearmanCorrCoef": Formula(("r = Cov(rank x, rank y) / (σ_{rank x} · σ_{rank y})",)),
}  # fmt: skip


def _infix(sign: str):
    """`y = a + b`, of as many as are wired."""
    return lambda f: (f"y = {f' {sign} '.join(_LETTERS[: max(2, len(f.inputs))])}",)


def _compared(sign: str) -> Formula:
    return Formula(lambda f: (f"y = [a {sign} b]" if len(f.inputs) > 1 else f"y = [a {sign} $value]",), ("[…]",))


def _over(text: str) -> Formula:
    """A reduction over one dimension, or all."""
    return Formula(lambda f: (f"y = {text}" + ("" if f.values.get("dim") is None else f"   {_OVER_DIM}"),))


def _product(f: Filling) -> list[str]:
    return [f"({')·('.join(map(times, f.inputs.values()))}) → {times(f.given)}"]


def _attention(f: Filling) -> list[str]:
    query, key = f.inputs["query"], f.inputs["key"]
    return [
        f"d = {query[-1]},   Q K^{{T}}: ({times(query[-2:])})·({times((key[-1], key[-2]))}) → {query[-2]}×{key[-2]}",
        *shapes(f),
    ]


def _expression(f: Filling) -> tuple[str, ...]:
    text = re.sub(r"\s*\*\*\s*(\w+|\([^()]*\))", r"^{\1}", str(f.values["expression"]))
    return (f"y = {text.replace('*', '·').replace('-', '−').replace('_', SIGN + '_')}",)


_LETTERS = "abcdefgh"
SIGN = "\\"  # before a sign that stands for itself
_DRAW = {"normal": "ξ ∼ N(0, 1)", "uniform": "ξ ∼ U(0, 1)"}
_OPERATIONS: Mapping[str, Formula] = {
    **{name: Formula(_infix(sign)) for name, sign in (("Add", "+"), ("Subtract", "−"), ("Multiply", "⊙"), ("Divide", "/"))},
    **{name: Formula((f"y = {text}",)) for name, text in (
        ("Scale", "$factor · x + $offset"), ("Power", "x^{$exponent}"), ("Negate", "−x"), ("Abs", "|x|"), ("Exp", "exp(x)"),
        ("Log", "ln(x)"), ("Sqrt", "√x"), ("Square", "x²"), ("Reciprocal", "1 / x"), ("Rsqrt", "1 / √x"), ("Sin", "sin(x)"),
        ("Cos", "cos(x)"), ("Sign", "sign(x)"), ("Round", "round(x)"), ("Floor", "⌊x⌋"), ("Ceil", "⌈x⌉"),
        ("Minimum", "min(a, b)"), ("Maximum", "max(a, b)"), ("Outer", "a b^{T}"), ("Cross", "a × b"), ("Constant", "$fill_value"),
        ("Detach", "x"), ("Concatenate", "[a, b, …]   dim $dim"), ("Stack", "(a, b, …)   dim $dim"), ("Einsum", "$equation"),
        ("ToDtype", "($dtype) x"), ("LogicalAnd", "a ∧ b"), ("LogicalOr", "a ∨ b"), ("LogicalNot", "¬a"),
        ("Where", "c · a + (1 − c) · b"), ("MaskedFill", "m · ($value) + (1 − m) · x"))},
    "Clamp": Formula(lambda f: ("y = " + "".join(["min($max, "] * (f.values["max"] is not None) +
                                                 ["max($min, x)" if f.values["min"] is not None else "x"] +
                                                 [")"] * (f.values["max"] is not None)),)),
    "Noise": Formula(lambda f: (f"y = $scale · ξ   {_DRAW[str(f.values['distribution'])]}",), ("ξ",)),
    "Random": Formula(lambda f: (f"y = ξ   {_DRAW[str(f.values['distribution'])]}",), ("ξ",)),
    "Full": Formula(("y = $fill_value",)),
    "Parameter": Formula(("y = θ",), ("θ",)),
    "Fixed": Formula(("y = c",), ("c",)),
    "Positions": Formula(("y_{t} = t   t = 0, 1, 2, …",)),
    "PositionalEncoding": Formula(
        lambda f: (f"y_{{t, 2i}} = {'x_{t, 2i} + ' * bool(f.values['add'])}sin(t / 10000^{{2i/{f.given[-1]}}})",
                   f"y_{{t, 2i+1}} = {'x_{t, 2i+1} + ' * bool(f.values['add'])}cos(t / 10000^{{2i/{f.given[-1]}}})"), (), VASWANI),
    "MatMul": Formula(("y = A B",), sizes=_product),
    "BatchMatMul": Formula(("y_{n} = A_{n} B_{n}",), sizes=_product),
    "ScaledDotProductAttention": Formula(
        lambda f: ("y = softmax(Q K^{T} / √d + M) V" if f.values["scale"] is None else "y = softmax($scale · Q K^{T} + M) V",),
        ("d", "M"), f"PyTorch; {VASWANI}", _attention),
    "Expression": Formula(_expression),
    **{name: _over(text) for name, text in (
        ("Sum", "Σ_{i} x_{i}"), ("Mean", "1/n Σ_{i} x_{i}"), ("Max", "max_{i} x_{i}"), ("Min", "min_{i} x_{i}"),
        ("Variance", "1/(n − $correction) Σ_{i} (x_{i} − x̄)²"), ("StandardDeviation", "√(1/(n − $correction) Σ_{i} (x_{i} − x̄)²)"),
        ("Norm", "(Σ_{i} |x_{i}|^{$ord})^{1/$ord}"), ("LogSumExp", "ln Σ_{i} exp(x_{i})"), ("ArgMax", "argmax_{i} x_{i}"),
        ("ArgMin", "argmin_{i} x_{i}"), ("MaxWithIndices", "max_{i} x_{i}"), ("MinWithIndices", "min_{i} x_{i}"),
        ("TopK", "top${k}_{i} x_{i}"), ("Sort", "sort_{i} x_{i}"), ("Product", "Π_{i} x_{i}"), ("Any", "⋁_{i} x_{i}"),
        ("All", "⋀_{i} x_{i}"), ("CumulativeSum", "Σ_{j ≤ i} x_{j}"))},
    **{name: _compared(sign) for name, sign in (("Greater", ">"), ("GreaterEqual", "≥"), ("Less", "<"), ("LessEqual", "≤"),
                                                ("Equal", "="), ("NotEqual", "≠"))},
    "CausalMask": Formula(lambda f: ("M_{i,j} = [j ≤ i]" if f.values["mark"] == "visible" else "M_{i,j} = [j > i]",), ("[…]",)),
    "PaddingMask": Formula(lambda f: ("M_{n,t} = [t < length_{n}]" if f.values["mark"] == "visible" else
                                      "M_{n,t} = [t ≥ length_{n}]",), ("[…]",)),
    **{name: Formula((text,)) for name, text in (
        ("Reshape", "y = x   (n → $shape)"), ("Split", "[y_{0}, y_{1}, …] = x   $split_sizes   dim $dim"),
        ("Chunk", "[y_{0}, y_{1}, …] = x   $chunks   dim $dim"), ("Unbind", "(y_{0}, y_{1}, …) = x   dim $dim"),
        ("Slice", "y = x[$start : $stop : $step]   dim $dim"), ("Select", "y = x[$index]   dim $dim"),
        ("Narrow", "y = x[$start : $start + $length]   dim $dim"), ("ChunkPiece", "y = chunk_{$index}(x)   $chunks   dim $dim"),
        ("Gather", "y_{i} = x_{index(i)}   dim $dim"), ("TakeAlongDim", "y_{i} = x_{index(i)}   dim $dim"),
        ("IndexSelect", "y = x[$index]   dim $dim"), ("ScatterAdd", "y_{index(i)} += s_{i}   dim $dim"),
        ("Diagonal", "y_{i} = x_{i, i + $offset}"), ("Tril", "y_{i,j} = x_{i,j} · [j ≤ i + $diagonal]"),
        ("Triu", "y_{i,j} = x_{i,j} · [j ≥ i + $diagonal]"), ("Movedim", "dim $source → $destination"),
        ("Permute", "dim → $dims"), ("Transpose", "dim $dim0 ↔ dim $dim1"), ("Squeeze", "dim $dim: 1 → ∅"),
        ("Unsqueeze", "dim $dim: ∅ → 1"), ("Expand", "y = x   ($size)"), ("Repeat", "y = [x, x, …]   ($repeats)"),
        ("RepeatInterleave", "y_{i} = x_{⌊i / $repeats⌋}"), ("OneHot", "y_{c} = [x = c]   c < $num_classes"),
        ("Pad", "y_{i} = x_{i},   $value outside   ($pad)"), ("Interpolate", "y_{i} = x(i · H / H′)   ($mode)"),
        ("Resize", "y_{i} = x(i · H / H′)   ($mode)"), ("Roll", "y_{i + $shifts} = x_{i}"), ("Flip", "y_{i} = x_{n − 1 − i}"))},
    "Normalize": Formula(("y_{c} = (x_{c} − $mean) / $std",)),
    "CenterCrop": Formula(("y = x[a : a + $size]   a = ⌊(H − $size) / 2⌋",)),
    "MeanLoss": Formula(("ℓ = 1/N Σ_{n} x_{n}",), ("N",)),
    **{name: Formula((text,), ("ξ",), note=_SHUFFLED) for name, text in (
        ("RandomCrop", "y = x[ξ : ξ + $size]"), ("RandomHorizontalFlip", "y_{w} = x_{W − 1 − w}   P = $p"),
        ("RandomVerticalFlip", "y_{h} = x_{H − 1 − h}   P = $p"), ("RandomRotation", "y = R(ξ) x   |ξ| ≤ $degrees°"),
        ("RandomResizedCrop", "y = x[ξ]   $scale → $size"), ("ColorJitter", "y = ξ_{1} · x + ξ_{2}"),
        ("GaussianNoise", "y = x + $std · ξ   ξ ∼ N(0, 1)"), ("Cutout", "y = m ⊙ x   $size"), ("RandomErasing", "y = m ⊙ x   P = $p"),
        ("MixUp", "y = λ · x_{n} + (1 − λ) · x_{ξ(n)}   λ ∼ Beta($alpha, $alpha)"),
        ("CutMix", "y = m ⊙ x_{n} + (1 − m) ⊙ x_{ξ(n)}   λ ∼ Beta($alpha, $alpha)"),
        ("TeacherForcing", "P = $ratio: y_{t} = y*_{t},   y_{t} = argmax x_{t−1}"))},
    "Input": Formula(("x",)),
    "Output": Formula(("y = x",)),
}  # fmt: skip

FORMULAS: Mapping[str, Formula] = {
    **{f"torch.nn.{name}": formula for table in (LAYERS, _ACTIVATIONS, _SHAPES, _LOSSES) for name, formula in table.items()},
    **{f"layerloom.{name}": formula for name, formula in _OPERATIONS.items()},
    **{f"layerloom.metrics.{name}": formula for name, formula in _METRICS.items()},
    **{f"layerloom.data.{name}": Formula(("(x, y) ∈ D",), ("D",)) for name in (
        "Images", "Table", "Arrays", "Text", "LabeledTexts", "TaggedTexts", "TextPairs", "Points", "Series", "Shapes")},
}  # fmt: skip
