"""Attention and Transformers (Vaswani et al., 2017). The batch is the first dimension of what they take: B × T × F."""

from __future__ import annotations

from collections.abc import Mapping

from graph.catalog.common import choice, flag, inferred, real, whole
from graph.catalog.types import NodeType, Param, Ports, PortType, Role
from graph.model import Value

FAMILY = "attention"

_OUTPUT = PortType(name="output", dtype="float", ndim=(3,), help="Batch × steps × features.")
_WEIGHTS = PortType(
    name="attn_output_weights", dtype="float", ndim=(3, 4),
    help="How much each target looks at each source: batch × targets × sources, for every head where not averaged.",
)  # fmt: skip
_BIAS = flag("bias", True, "Its layers add learned numbers.")


def _sequence(name: str, text: str) -> PortType:
    return PortType(name=name, dtype="float", help=f"{text}: batch × steps × features.")


def _mask(name: str, who: str, whom: str) -> PortType:
    text = f"{who} × {whom}: yes where a step must not be looked at, or numbers that are added to the scores."
    return PortType(name=name, optional=True, help=text)


def _padding(name: str, whom: str) -> PortType:
    text = f"Batch × {whom}: yes for the steps that only fill up, or numbers that are added to the scores."
    return PortType(name=name, optional=True, help=text)


_SOURCE = _sequence("src", "The sequences that are read")
_TARGET = _sequence("tgt", "The sequences that are written, each step from those before")
_MEMORY = _sequence("memory", "What an encoder made of the sequences that are read")
_TARGET_MASK = _mask("tgt_mask", "Targets", "targets")
_MEMORY_MASK = _mask("memory_mask", "Targets", "sources")
_TARGET_PADDING = _padding("tgt_key_padding_mask", "targets")
_MEMORY_PADDING = _padding("memory_key_padding_mask", "sources")
_SOURCE_PADDING = _padding("src_key_padding_mask", "sources")
_DECODED = (_TARGET, _MEMORY, _TARGET_MASK, _MEMORY_MASK, _TARGET_PADDING, _MEMORY_PADDING)


def _heads(name: str) -> Param:
    text = "Number of heads, each of which attends in its own way; must divide the number of features."
    return whole(name, 8, text, minimum=1, required=True)


def _model(port: str) -> Param:
    return inferred(
        "d_model", -1, "Number of features of every step. Follows from the input unless you pin it.", port=port
    )


_DROPOUT = real(
    "dropout", 0.1, "Share of the numbers that training sets to 0 inside, from 0 to 1.", minimum=0, maximum=1
)
_FORWARD = (
    whole("dim_feedforward", 2048, "Number of features between the two linear layers of every layer.", minimum=1),
    _DROPOUT,
    choice("activation", ("relu", "gelu"), "The function between the two linear layers of every layer."),
    real(
        "layer_norm_eps", 1e-5, "A small number that keeps the division of the normalizations from failing.", minimum=0
    ),
    flag("norm_first", False, "Normalizes before attention and linear layers, not after them."),
    _BIAS,
)
_NUM_LAYERS = whole("num_layers", 6, "Number of layers, each with weights of its own.",
                    minimum=1, required=True, keyword=True)  # fmt: skip


def _weighted(values: Mapping[str, Value]) -> Ports:
    return _ATTENDED, (_OUTPUT, _WEIGHTS) if values["need_weights"] else (_OUTPUT,)


def _width(name: str, port: str) -> Param:
    text = f"Number of features of the {port}. Follows from it unless you pin it."
    return Param(name=name, kind=_model(port).kind, minimum=1, auto=inferred(name, -1, text, port=port).auto, help=text)


_ATTENDED = (
    _sequence("query", "What looks"), _sequence("key", "What is looked at"),
    _sequence("value", "What is taken from where it looks, one value for every key"),
    _padding("key_padding_mask", "sources"), _mask("attn_mask", "Targets", "sources"),
)  # fmt: skip


def _transformer(
    name: str,
    stem: str,
    text: str,
    *params: Param,
    inputs: tuple[PortType, ...],
    summary: str,
    synonyms: tuple[str, ...],
) -> NodeType:
    return NodeType(
        id=f"torch.nn.{name}", label=name, family=FAMILY, role=Role.LAYER, stem=stem, help=text, summary=summary,
        inputs=inputs, outputs=(_OUTPUT,), params=params, trainable=True, synonyms=("attention", *synonyms),
    )  # fmt: skip


TYPES = (
    NodeType(
        id="torch.nn.MultiheadAttention", label="MultiheadAttention", family=FAMILY, role=Role.LAYER, stem="attention",
        help="Each step of the query takes a mean of the values, weighted by how well their keys fit; several heads do "
             "so side by side (batch first).",
        summary="MultiheadAttention ×{num_heads}", inputs=_ATTENDED, outputs=(_OUTPUT, _WEIGHTS), ports=_weighted,
        counts=("need_weights",), trainable=True, synonyms=("self-attention", "cross-attention", "transformer", "mha"),
        params=(
            inferred("embed_dim", -1, "Number of features of the query and of the output. Follows from the input unless "
                     "you pin it.", port="query"),
            _heads("num_heads"),
            real("dropout", 0.0, "Share of the attention weights that training sets to 0, from 0 to 1.",
                 minimum=0, maximum=1),
            _BIAS,
            flag("add_bias_kv", False, "Adds a learned key and value behind those of the sequence."),
            flag("add_zero_attn", False, "Adds a key and value of zeros, so that a step can look at nothing."),
            _width("kdim", "key"), _width("vdim", "value"),
            flag("need_weights", True, "Gives the attention weights as a second output; without them it is faster."),
            flag("average_attn_weights", True, "Averages the attention weights over the heads.",
                 when=("need_weights", True)),
        ),
    ),
    _transformer(
        "TransformerEncoderLayer", "encoder", "Self-attention and two linear layers, each added to what came in and "
        "normalized (batch first).", _model("src"), _heads("nhead"), *_FORWARD,
        inputs=(_SOURCE, _mask("src_mask", "Sources", "sources"), _SOURCE_PADDING),
        summary="TransformerEncoderLayer ×{nhead}", synonyms=("transformer", "self-attention", "bert"),
    ),
    _transformer(
        "TransformerEncoder", "encoder", "Several Transformer encoder layers on top of each other (batch first).",
        _model("src"), _heads("nhead"), *_FORWARD, _NUM_LAYERS,
        inputs=(_SOURCE, _mask("mask", "Sources", "sources"), _SOURCE_PADDING),
        summary="{num_layers} TransformerEncoderLayer ×{nhead}", synonyms=("self-attention", "bert"),
    ),
    _transformer(
        "TransformerDecoderLayer", "decoder", "Self-attention, attention to the memory of an encoder and two linear "
        "layers, each added to what came in and normalized (batch first).", _model("tgt"), _heads("nhead"), *_FORWARD,
        inputs=_DECODED, summary="TransformerDecoderLayer ×{nhead}", synonyms=("transformer", "cross-attention"),
    ),
    _transformer(
        "TransformerDecoder", "decoder", "Several Transformer decoder layers on top of each other (batch first).",
        _model("tgt"), _heads("nhead"), *_FORWARD, _NUM_LAYERS,
        inputs=_DECODED, summary="{num_layers} TransformerDecoderLayer ×{nhead}", synonyms=("cross-attention",),
    ),
    _transformer(
        "Transformer", "transformer", "An encoder of Transformer layers for one sequence and a decoder for another, which "
        "looks at the first (batch first).", _model("src"), _heads("nhead"),
        whole("num_encoder_layers", 6, "Number of layers of the encoder.", minimum=1),
        whole("num_decoder_layers", 6, "Number of layers of the decoder.", minimum=1), *_FORWARD,
        inputs=(_SOURCE, _TARGET, _mask("src_mask", "Sources", "sources"), _TARGET_MASK, _MEMORY_MASK, _SOURCE_PADDING,
                _TARGET_PADDING, _MEMORY_PADDING),
        summary="Transformer ×{nhead}", synonyms=("translation", "seq2seq", "encoder decoder"),
    ),
)  # fmt: skip
