"""How the output of every node type depends on its inputs and parameters, as a table for `runtime.why`."""

from __future__ import annotations

from collections.abc import Mapping

from graph.catalog import CATALOG, Role
from runtime.why_moves import (
    attended,
    expanded,
    flattened,
    lengths,
    lettered,
    looked_up,
    moved,
    multiplied,
    permuted,
    reduced,
    square,
    squeezed,
    states,
    transposed,
    unflattened,
    with_gone,
    without_new,
)
from runtime.why_rules import (
    Answer,
    Dims,
    Rule,
    View,
    before,
    but,
    but_last,
    comes_out,
    convolves,
    counted,
    data,
    declared,
    nowhere,
    of,
    param,
    pools,
    same,
    slides,
    spreads,
)
from runtime.why_sentences import (
    concatenate,
    flatten,
    halved,
    interpolate,
    layers,
    padding,
    patches,
    picked,
    pieces,
    reduce,
    repeated,
    reshape,
    scaled,
    shuffled,
    single,
    stack,
    unflatten,
)

KEEPING_FAMILIES = ("activation", "normalization", "regularization", "arithmetic", "distance")
_DATA = Rule(nowhere, data, grouped=True)
_KEEPING = Rule(same, comes_out)
_UNKNOWN = Rule(nowhere, comes_out)


def explain(view: View, dims: Dims) -> Answer:
    """Why these dimensions of an output have the sizes that they have."""
    rule = _rule(view)
    try:
        moved = [rule.moves(view, dim) for dim in dims]
        ports = {place[0] if place else None for place in moved}
        if len(dims) > 1 and (len(ports) > 1 or (ports == {None} and not rule.grouped)):
            return Answer(None, tuple((None, (dim,)) for dim in dims))
        places = [place for place in moved if place is not None]
        if places:
            return Answer(None, ((places[0][0], tuple(dim for _, dim in places)),))
        return rule.makes(view, dims)
    except (ArithmeticError, IndexError, KeyError, StopIteration, TypeError, ValueError):
        return comes_out(view, dims)  # values that the rule did not foresee


def _rule(view: View) -> Rule:
    node_type = CATALOG.get(view.node.type)
    if node_type is None:
        return _UNKNOWN
    if node_type.role is Role.DATA:
        return _DATA
    default = _KEEPING if node_type.family in KEEPING_FAMILIES else _UNKNOWN
    return RULES.get(node_type.id, default)


def _for_each(names: str, rule: Rule, *, dims: bool = False) -> dict[str, Rule]:
    """The rule for the modules of these names; `dims`: each in one, two and three dimensions."""
    stems = [f"{name}{n}d" for name in names.split() for n in (1, 2, 3)] if dims else names.split()
    return {f"torch.nn.{stem}": rule for stem in stems}


def _operations(names: str, rule: Rule) -> dict[str, Rule]:
    return {f"layerloom.{name}": rule for name in names.split()}


RULES: Mapping[str, Rule] = {
    **_for_each("Identity ChannelShuffle Softmax2d CrossMapLRN2d", _KEEPING),
    **_for_each("Conv", Rule(before(1), convolves(slides), grouped=True), dims=True),
    **_for_each("ConvTranspose", Rule(before(1), convolves(spreads), grouped=True), dims=True),
    **_for_each("MaxPool AvgPool LPPool", Rule(before(2), pools, grouped=True), dims=True),
    **_for_each("MaxUnpool", Rule(before(2), spreads, grouped=True), dims=True),
    **_for_each("AdaptiveAvgPool AdaptiveMaxPool", Rule(before(2), param("output_size"), grouped=True), dims=True),
    **_for_each("ZeroPad ConstantPad ReflectionPad ReplicationPad CircularPad", Rule(before(2), padding("padding")), dims=True),
    **_for_each("FractionalMaxPool2d FractionalMaxPool3d", Rule(before(2), scaled(lambda v, _: f"{v.values['output_ratio']:.12g}"))),
    **_for_each("Linear Bilinear", Rule(but_last, param("out_features"))),
    **_for_each("Embedding EmbeddingBag", Rule(but_last, param("embedding_dim"))),
    **_for_each("Flatten", Rule(flattened, flatten)),
    **_for_each("Unflatten", Rule(unflattened, unflatten)),
    **_for_each("GLU", Rule(but(), halved)),
    **_for_each("Upsample", Rule(before(2), interpolate)),
    **_for_each("PixelShuffle", Rule(before(1), shuffled("upscale_factor", channels="/", sides="×"))),
    **_for_each("PixelUnshuffle", Rule(before(1), shuffled("downscale_factor", channels="×", sides="/"))),
    **_for_each("Unfold", Rule(before(1), patches)),
    **_for_each("RNN LSTM GRU", Rule(states, layers)),
    **_for_each("RNNCell LSTMCell GRUCell", Rule(but_last, param("hidden_size"))),
    **_for_each("MultiheadAttention", Rule(attended, comes_out)),
    **_for_each("TransformerEncoder TransformerEncoderLayer", Rule(of("src"), comes_out)),
    **_for_each("TransformerDecoder TransformerDecoderLayer Transformer", Rule(of("tgt"), comes_out)),
    **_operations("Input", Rule(nowhere, declared, grouped=True)),
    **_operations("Roll Flip Tril Triu PositionalEncoding", _KEEPING),
    **_operations("Parameter Fixed", Rule(nowhere, param("shape"))),
    **_operations("Full Random", Rule(before(1), param("shape"))),
    **_operations("Reshape", Rule(before(1), reshape)),
    **_operations("Slice", Rule(but(), counted(
        lambda v, _: "[{}:{}:{}]".format(v.values["start"], "" if v.values["stop"] is None else v.values["stop"], v.values["step"])))),
    **_operations("Narrow", Rule(but(), param("length"))),
    **_operations("Split", Rule(but(), param("split_sizes"))),
    **_operations("Chunk ChunkPiece", Rule(but(), pieces)),
    **_operations("Select Unbind", Rule(with_gone, comes_out)),
    **_operations("Gather", Rule(of("index"), comes_out)),
    **_operations("TakeAlongDim", Rule(of("indices"), comes_out)),
    **_operations("IndexSelect", Rule(but(), picked)),
    **_operations("Permute", Rule(permuted, comes_out)),
    **_operations("Transpose", Rule(transposed, comes_out)),
    **_operations("Movedim", Rule(moved, comes_out)),
    **_operations("Squeeze", Rule(squeezed, comes_out)),
    **_operations("Unsqueeze", Rule(without_new, single)),
    **_operations("Expand", Rule(expanded, param("size"))),
    **_operations("Repeat RepeatInterleave", Rule(expanded, scaled(repeated))),
    **_operations("Pad", Rule(expanded, padding("pad"))),
    **_operations("Interpolate", Rule(before(2), interpolate)),
    **_operations("OneHot", Rule(but_last, param("num_classes"))),
    **_operations("TopK", Rule(but(), param("k"))),
    **_operations("Concatenate", Rule(but(), concatenate)),
    **_operations("Stack", Rule(without_new, stack)),
    **_operations("MatMul", Rule(multiplied("other"), comes_out)),
    **_operations("BatchMatMul", Rule(multiplied("mat2"), comes_out)),
    **_operations("Einsum", Rule(lettered, comes_out)),
    **_operations("ScaledDotProductAttention", Rule(looked_up, comes_out)),
    **_operations("CausalMask", Rule(square, comes_out)),
    **_operations("PaddingMask", Rule(lengths, comes_out)),
    **_operations("Outer Cross Expression", _UNKNOWN),
    **_operations("Sum Mean Max Min Variance StandardDeviation Norm LogSumExp ArgMax ArgMin MaxWithIndices MinWithIndices "
                  "Product Any All", Rule(reduced, reduce)),
}  # fmt: skip
