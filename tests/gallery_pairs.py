"""The gallery of encoders and decoders: dates from words into figures by recurrent networks, sentences by a Transformer."""

from __future__ import annotations

from collections.abc import Callable

from drawings import Drawing
from example_drawings import finished
from graph.model import BlockParam, Definitions, Port, Project
from graph.plan import Choice, Objective, Plan

_SOURCE, _TARGET = 26, 12  # characters of a date in words, and in figures with the end
_FIGURES = 15  # that the decoder tells apart: ten digits, the hyphen, and four numbers of no character
_LETTERS = 53  # of dates in words, with the numbers of no character and of an unknown one
_ENGLISH, _GERMAN = 16, 18  # words of a sentence and of its translation with the end
_ENGLISH_WORDS, _GERMAN_WORDS, _WIDE = 78, 105, 64
_TOKENS = BlockParam("tokens", _FIGURES, "Number of tokens that it can say.")
_HIDDEN = BlockParam("hidden", 128, "Number of features of its state.")
_RATIO = BlockParam("ratio", 0.5, "Share of the tokens that the teacher says in training.")


def seq2seq_gru() -> Project:
    """All that the decoder knows of the source is one row of numbers, which every step gets."""
    d = Drawing("DatesGRU", _plan(0.005, epochs=12), definitions=_decoder())
    _encoded(d, hidden=128)
    return finished(_decoded(d, "block.Decoder", d.port("start"), hidden=128), "seq2seq_gru")


def seq2seq_attention() -> Project:
    """At each step the decoder looks at the places of the source, and chooses where."""
    d = Drawing("DatesAttention", _plan(0.005, epochs=6), definitions=_looking_decoder())
    memory = _encoded(d, hidden=64)
    nothing = d.add("op.Expression", "no_letters", d.port("dates", "source"), expression="letters == 0")
    d = _decoded(d, "block.LookingDecoder", memory, nothing, hidden=64)
    d.add("op.Output", "said", d.port("by_token"))
    d.add("op.Output", "attention", d.port("decoder", "looked"))
    return finished(d, "seq2seq_attention")


def transformer_translate() -> Project:
    """English into German: an encoder of two layers, and two layers of a decoder that look at what it made of the source."""
    d = Drawing("Translator", _plan(0.002, epochs=10, batch_size=64), definitions=_decoder_layer())
    d.add(
        "data.TextPairs",
        "phrases",
        source="builtin:phrases",
        tokens="words",
        source_length=_ENGLISH,
        target_length=_GERMAN,
    )
    source, target_in = d.port("phrases", "source"), d.port("phrases", "target_in")
    x = d.add("nn.Embedding", "english", source, num_embeddings=_ENGLISH_WORDS, embedding_dim=_WIDE, padding_idx=0)
    x = d.add("op.PositionalEncoding", "english_places", x)
    d.add("op.Expression", "no_words", source, expression="words == 0")
    d.add("nn.TransformerEncoder", "encoder", x, nhead=4, dim_feedforward=128, num_layers=2)
    d.wire(d.port("no_words"), "encoder", "src_key_padding_mask")
    x = d.add("nn.Embedding", "german", target_in, num_embeddings=_GERMAN_WORDS, embedding_dim=_WIDE, padding_idx=0)
    x = d.add("op.PositionalEncoding", "german_places", x)
    for name in ("decoder1", "decoder2"):
        x = d.add("block.DecoderLayer", name, x, d.port("encoder"), d.port("no_words"))
    x = d.add("nn.Linear", "say", x, out_features=_GERMAN_WORDS)
    scores = d.add("op.Transpose", "by_word", x, dim0=1, dim1=2)
    _judged(d, scores, d.port("phrases", "target_out"))
    d.add("op.Output", "said", scores)
    d.add("op.Output", "attention", d.port("decoder2", "looked"))
    return finished(d, "transformer_translate")


def _decoder_layer() -> Definitions:
    """Vaswani et al., 2017, section 3.1; as torch.nn.TransformerDecoderLayer, which does not give its weights away."""
    d = Drawing("DecoderLayer")
    x = d.add("op.Input", "x", shape=(_GERMAN, "=width"))
    memory = d.add("op.Input", "memory", shape=(_ENGLISH, "=width"))
    nothing = d.add("op.Input", "nothing", shape=(_ENGLISH,), dtype="bool")
    d.add("nn.MultiheadAttention", "before", x, x, x, num_heads="=heads", dropout="=dropout", need_weights=False)
    d.wire(d.add("op.CausalMask", "future", x, mark="hidden"), "before", "attn_mask")
    x = _added(d, 1, x, d.port("before"))
    d.add("nn.MultiheadAttention", "source", x, memory, memory, num_heads="=heads", dropout="=dropout")
    d.wire(nothing, "source", "key_padding_mask")
    x = _added(d, 2, x, d.port("source"))
    y = d.add("nn.ReLU", "relu", d.add("nn.Linear", "fc1", x, out_features="=2 * width"))
    x = _added(d, 3, x, d.add("nn.Linear", "fc2", y, out_features="=width"))
    d.add("op.Output", "output", x)
    d.add("op.Output", "looked", d.port("source", "attn_output_weights"))
    width = BlockParam("width", _WIDE, "Number of features of every word.")
    heads = BlockParam("heads", 4, "Number of attention heads; must divide the width.")
    dropout = BlockParam("dropout", 0.1, "Share of the numbers that training sets to 0.")
    help = "Every word looks at itself and at those before it, then at the source; then two linear layers."
    return d.as_block(width, heads, dropout, help=help)


def _added(d: Drawing, number: int, x: Port, y: Port) -> Port:
    """What went in plus what came out, normalized."""
    y = d.add("nn.Dropout", f"dropout{number}", y, p="=dropout")
    return d.add("nn.LayerNorm", f"norm{number}", d.add("op.Add", f"added{number}", x, y))


def _encoded(d: Drawing, *, hidden: int) -> Port:
    """A bidirectional GRU over the letters: its states at every place, and `start`, a state for a decoder."""
    d.add("data.TextPairs", "dates", source_length=_SOURCE, target_length=_TARGET)
    x = d.add(
        "nn.Embedding", "letters", d.port("dates", "source"), num_embeddings=_LETTERS, embedding_dim=32, padding_idx=0
    )
    memory = d.add("nn.GRU", "encoder", x, hidden_size=64, bidirectional=True)
    x = d.add("op.Transpose", "both_ends", d.port("encoder", "h_n"), dim0=0, dim1=1)
    x = d.add("nn.Linear", "bridge", d.add("nn.Flatten", "side_by_side", x), out_features=hidden)
    d.add("nn.Tanh", "start", x)
    return memory


def _decoded(d: Drawing, block: str, *whole: Port, hidden: int) -> Drawing:
    """A decoder block that goes along what is to be said, its loss and its figures."""
    d.add(block, "decoder", d.port("dates", "target_in"), *whole, use="scan", tokens=_FIGURES, hidden=hidden, ratio=0.5)
    d.wire(d.port("start"), "decoder", "h")
    x = d.add("op.Transpose", "by_token", d.port("decoder", "scores"), dim0=1, dim1=2)
    _judged(d, x, d.port("dates", "target_out"))
    return d


def _judged(d: Drawing, scores: Port, target: Port) -> None:
    d.add("nn.CrossEntropyLoss", "loss", scores, target, ignore_index=-100)
    d.add("metric.Accuracy", "accuracy", scores, target, ignore_index=-100)
    d.add("metric.ExactMatch", "exact_match", scores, target, ignore_index=-100)


def _decoder() -> Definitions:
    d = Drawing("Decoder")
    x, h = _read(d)
    x = d.add("op.Concatenate", "both", x, d.add("op.Input", "context", shape=("=hidden",), whole=True))
    state = d.add("nn.GRUCell", "cell", x, h, hidden_size="=hidden")
    _say(d, state, state)
    return d.as_block(
        _TOKENS, _HIDDEN, _RATIO, help="One step: reads a token, changes its state, and says the next token."
    )


def _looking_decoder() -> Definitions:
    d = Drawing("LookingDecoder")
    x, h = _read(d)
    state = d.add("nn.GRUCell", "cell", x, h, hidden_size="=hidden")
    memory = d.add("op.Input", "memory", shape=(_SOURCE, "=2 * hidden"), whole=True)
    nothing = d.add("op.Input", "nothing", shape=(_SOURCE,), dtype="bool", whole=True)
    query = d.add("op.Unsqueeze", "query", d.add("nn.Linear", "wish", state, out_features="=2 * hidden"), dim=1)
    fit = d.add("op.MatMul", "fit", query, d.add("op.Transpose", "keys", memory, dim0=1, dim1=2))
    fit = d.add("op.MaskedFill", "masked", fit, d.add("op.Unsqueeze", "hidden_places", nothing, dim=1), value=-1e9)
    weights = d.add("nn.Softmax", "weights", fit, dim=-1)
    context = d.add("op.Squeeze", "context", d.add("op.MatMul", "mixed", weights, memory), dim=1)
    x = d.add("nn.Linear", "combine", d.add("op.Concatenate", "both", context, state), out_features="=hidden")
    _say(d, d.add("nn.Tanh", "combined", x), state)
    d.add("op.Output", "looked", d.add("op.Squeeze", "where", weights, dim=1))
    help = "One step: reads a token, changes its state, looks at the source, and says the next token."
    return d.as_block(_TOKENS, _HIDDEN, _RATIO, help=help)


def _read(d: Drawing) -> tuple[Port, Port]:
    """The token that a step reads, as a row of numbers, and the state before."""
    teacher = d.add("op.Input", "teacher", shape=(1,), dtype="int64")
    before = d.add("op.Input", "said_before", shape=("=tokens",))
    token = d.add("op.TeacherForcing", "lead", teacher, before, ratio="=ratio")
    x = d.add("nn.Embedding", "embedding", token, num_embeddings="=tokens", embedding_dim=16)
    return x, d.add("op.Input", "h", shape=("=hidden",))


def _say(d: Drawing, x: Port, state: Port) -> None:
    """The scores of the next token; they and the state are handed on to the next step."""
    d.add("op.Output", "scores", d.add("nn.Linear", "say", x, out_features="=tokens"), state="said_before")
    d.add("op.Output", "h_next", state, state="h")


def _plan(lr: float, **more) -> Plan:
    adam = Choice("torch.optim.Adam", {"lr": lr})
    return Plan(objectives=(Objective(optimizer=adam, clip="norm"),), monitor="exact_match", **more)


DRAW: dict[str, Callable[[], Project]] = {
    "seq2seq_gru": seq2seq_gru,
    "seq2seq_attention": seq2seq_attention,
    "transformer_translate": transformer_translate,
}
