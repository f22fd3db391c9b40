"""Comparisons, choices between two sides, masks, and attention under masks."""

from __future__ import annotations

from functools import partial

from graph.catalog.common import ANYTHING, choice, dimension, flag, operation, real
from graph.catalog.types import NodeType, PortType

FAMILY = "arithmetic"
_operation = partial(operation, family=FAMILY)

_MASK = PortType(name="mask", help="Yes or no at every place, from a comparison or a mask.")
_MEANING = choice("mark", ("visible", "hidden"), "What yes says of a place. ScaledDotProductAttention wants the visible ones "
                  "marked, MultiheadAttention and MaskedFill the hidden ones.")  # fmt: skip


def _comparison(name: str, stem: str, symbol: str, text: str, function: str) -> NodeType:
    return _operation(
        name, stem=stem, text=text, synonyms=("compare", symbol, function), summary=f"{symbol} {{value}}",
        inputs=(PortType(name="input", help="What is compared."),
                PortType(name="other", optional=True, help="What it is compared with; unwired: the value.")),
        params=(real("value", 0.0, "What every number is compared with where 'other' has no wire."),),
    )  # fmt: skip


def _logical(name: str, stem: str, text: str, *synonyms: str) -> NodeType:
    return _operation(
        name, stem=stem, text=text, synonyms=("mask", "boolean", *synonyms),
        inputs=(PortType(name="input", help="One side."), PortType(name="other", help="The other side.")),
    )  # fmt: skip


def _floats(name: str, text: str) -> PortType:
    return PortType(name=name, dtype="float", ndim=(3, 4, 5), help=text)


TYPES = (
    _comparison("Greater", "greater", ">", "Whether the first input is larger, at every place.", "torch.gt"),
    _comparison("GreaterEqual", "greaterequal", "≥", "Whether the first input is larger or equal, at every place.", "torch.ge"),
    _comparison("Less", "less", "<", "Whether the first input is smaller, at every place.", "torch.lt"),
    _comparison("LessEqual", "lessequal", "≤", "Whether the first input is smaller or equal, at every place.", "torch.le"),
    _comparison("Equal", "equal", "=", "Whether both inputs are the same, at every place.", "torch.eq"),
    _comparison("NotEqual", "notequal", "≠", "Whether the inputs differ, at every place.", "torch.ne"),
    _logical("LogicalAnd", "both", "Yes where both inputs say yes.", "and", "torch.logical_and"),
    _logical("LogicalOr", "either", "Yes where one of the inputs says yes.", "or", "torch.logical_or"),
    _operation("LogicalNot", stem="opposite", text="Yes where the input says no.", inputs=(ANYTHING,),
               synonyms=("mask", "boolean", "not", "invert", "torch.logical_not")),
    _operation("Where", stem="where", text="Takes the numbers of one side where the condition says yes, else of the other.",
               inputs=(PortType(name="condition", help="Yes or no at every place, from a comparison or a mask."),
                       PortType(name="input", help="What is taken where the condition says yes."),
                       PortType(name="other", help="What is taken elsewhere.")),
               synonyms=("select", "choose", "if", "torch.where")),
    _operation("MaskedFill", stem="masked", text="Puts one value where the mask says yes.",
               inputs=(PortType(name="input", dtype="float", help="Numbers of any shape."), _MASK),
               outputs=(PortType(name="output", dtype="float"),), summary="MaskedFill {value}",
               synonyms=("attention mask", "torch.Tensor.masked_fill"),
               params=(real("value", -1e9, "The value; before a softmax a very low number hides a place.", required=True),)),
    _operation("CausalMask", stem="causal", text="A square mask, time × time, in which every step sees itself and those before.",
               inputs=(PortType(name="input", help="A sequence; only its length counts."),),
               summary="CausalMask {mark}", synonyms=("attention mask", "autoregressive", "decoder", "torch.tril"),
               params=(dimension(-2, "The dimension that is time: -2 in B × time × features, 1 in B × time."), _MEANING)),
    _operation("PaddingMask", stem="padding", text="A mask, B × time, of the real steps of sequences that were filled up.",
               inputs=(PortType(name="input", help="The sequences, B × time; only their length counts."),
                       PortType(name="lengths", dtype="integer", ndim=(1,), help="How many steps of each are real.")),
               summary="PaddingMask {mark}", synonyms=("attention mask", "lengths", "key_padding_mask"),
               params=(dimension(1, "The dimension that is time."), _MEANING)),
    _operation("ScaledDotProductAttention", stem="attention", text="Attention: means of the values, weighted by how well "
               "the keys fit the queries (Vaswani et al., 2017).",
               inputs=(_floats("query", "… × targets × features."), _floats("key", "… × sources × features."),
                       _floats("value", "… × sources × features."),
                       PortType(name="attn_mask", optional=True,
                                help="Targets × sources: yes where a source is visible, or numbers to add to the scores.")),
               outputs=(PortType(name="output", dtype="float", ndim=(3, 4, 5)),),
               synonyms=("sdpa", "transformer", "self-attention", "torch.nn.functional.scaled_dot_product_attention"),
               params=(flag("is_causal", False, "Every target sees only the sources up to its own place."),
                       real("scale", None, "What the scores are multiplied by; empty: 1 / √features.", optional=True))),
)  # fmt: skip
