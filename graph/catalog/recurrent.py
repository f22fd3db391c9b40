"""Recurrent layers and their cells. The batch is the first dimension of what they take: B × T × F."""

from __future__ import annotations

from graph.catalog.common import choice, flag, inferred, real, whole
from graph.catalog.types import NodeType, Param, PortType, Role

FAMILY = "recurrent"

_SEQUENCE = PortType(name="input", dtype="float", help="Sequences: batch × steps × features.")
_STEP = PortType(name="input", dtype="float", ndim=(2,), help="One step of the sequences: batch × features.")
_INPUT_SIZE = inferred("input_size", -1, "Number of features of every step. Follows from the input unless you pin it.")
_HIDDEN_SIZE = whole("hidden_size", 64, "Number of features of the hidden state, which goes from step to step.",
                     minimum=1, required=True)  # fmt: skip
_BIAS = flag("bias", True, "Adds learned numbers to the input and to the hidden state.")
_NONLINEARITY = choice("nonlinearity", ("tanh", "relu"), "The function that every step ends with.")
_NUM_LAYERS = whole("num_layers", 1, "Number of layers on top of each other; each takes the output of the one below.",
                    minimum=1)  # fmt: skip
_MORE = (
    _BIAS,
    real("dropout", 0.0, "Share of the numbers between two layers that training sets to 0, from 0 to 1.",
         minimum=0, maximum=1),
    flag("bidirectional", False, "Reads the sequences backward as well and puts both outputs side by side."),
)  # fmt: skip
_PROJ_SIZE = whole("proj_size", 0, "Projects the hidden state to this many features, fewer than hidden_size; 0 does not.",
                   minimum=0)  # fmt: skip
_STATES = {
    "h": "hidden state: layers × batch × features, where both directions of a layer count",
    "c": "cell state: layers × batch × features, where both directions of a layer count",
}
_BEGINS = {
    "h": PortType(
        name="h_0", dtype="float", optional=True, help=f"The first {_STATES['h']}; zeros where nothing is wired."
    ),
    "c": PortType(
        name="c_0", dtype="float", optional=True, help=f"The first {_STATES['c']}; zeros where nothing is wired."
    ),
}
_ENDS = {
    "h": PortType(name="h_n", dtype="float", ndim=(3,), help=f"The last {_STATES['h']}."),
    "c": PortType(name="c_n", dtype="float", ndim=(3,), help=f"The last {_STATES['c']}."),
}
_OUTPUT = PortType(name="output", dtype="float", ndim=(3,),
                   help="The hidden state of the last layer at every step: batch × steps × features.")  # fmt: skip
_CELL_STATES = {
    "h": (PortType(name="hx", dtype="float", optional=True, help="The hidden state before: batch × features; zeros where "
                   "nothing is wired."),
          PortType(name="h", dtype="float", ndim=(2,), help="The hidden state afterwards: batch × features.")),
    "c": (PortType(name="cx", dtype="float", optional=True, help="The cell state before: batch × features; zeros where "
                   "nothing is wired."),
          PortType(name="c", dtype="float", ndim=(2,), help="The cell state afterwards: batch × features.")),
}  # fmt: skip


def _recurrent(name: str, text: str, *params: Param, states: str = "h", synonyms: tuple[str, ...] = ()) -> NodeType:
    return NodeType(
        id=f"torch.nn.{name}", label=name, family=FAMILY, role=Role.LAYER, stem=name.lower(), help=text,
        summary=f"{name} {{hidden_size}}", inputs=(_SEQUENCE, *(_BEGINS[s] for s in states)),
        outputs=(_OUTPUT, *(_ENDS[s] for s in states)), params=(_INPUT_SIZE, _HIDDEN_SIZE, *params), trainable=True,
        synonyms=("recurrent", "sequence", "time series", *synonyms),
    )  # fmt: skip


def _cell(name: str, text: str, *params: Param, states: str = "h", synonyms: tuple[str, ...] = ()) -> NodeType:
    return NodeType(
        id=f"torch.nn.{name}", label=name, family=FAMILY, role=Role.LAYER, stem="cell", help=text,
        summary=f"{name} {{hidden_size}}", inputs=(_STEP, *(_CELL_STATES[s][0] for s in states)),
        outputs=tuple(_CELL_STATES[s][1] for s in states), params=(_INPUT_SIZE, _HIDDEN_SIZE, _BIAS, *params),
        trainable=True, synonyms=("recurrent", "step", *synonyms),
    )  # fmt: skip


_TEACHER_FORCING = NodeType(
    id="layerloom.TeacherForcing", label="TeacherForcing", family=FAMILY, role=Role.LAYER, stem="teacher",
    help="What a decoder reads at a step of a scan. In training a share of the samples gets the teacher's token, the others their own "
         "best token of the step before (scheduled sampling: Bengio et al., 2015); afterwards all get their own.",
    summary="TeacherForcing {ratio}",
    inputs=(
        PortType(name="teacher", dtype="integer", ndim=(1,), help="The right token of this step: batch."),
        PortType(name="scores", dtype="float", ndim=(2,),
                 help="The own scores of the step before, which a state brings: batch × tokens."),
    ),
    outputs=(PortType(name="output", dtype="integer", ndim=(1,), help="The token to read: batch."),),
    params=(
        real("ratio", 1.0, "Share of the tokens that are the teacher's in training, from 0 to 1, drawn for every sample and step.",
             minimum=0, maximum=1, required=True),
        choice("decay", ("constant", "linear", "exponential", "inverse sigmoid"),
               "How the share goes from ratio to final_ratio with the batches i of training, n = decay_batches: as 1 − i/n, exp(−i/n) or "
               "n/(n + exp(i/n)) (scheduled sampling: Bengio et al., 2015, section 2.4); or not at all."),
        real("final_ratio", 0.0, "The share that a decay ends with, from 0 to 1.", minimum=0, maximum=1),
        whole("decay_batches", 1000, "The pace n of a decay in batches.", minimum=1),
        whole("begin", 2, "The token of the teacher that begins a sequence; it is always taken. That of pairs is 2.", minimum=0,
              required=True),
    ),
    synonyms=("scheduled sampling", "seq2seq", "decoder", "encoder decoder", "free running", "exposure bias"),
)  # fmt: skip

TYPES = (
    _recurrent("LSTM", "Reads sequences (batch first) step by step, with gates and a cell state that keep what matters "
               "for long (Hochreiter and Schmidhuber, 1997).", _NUM_LAYERS, *_MORE, _PROJ_SIZE, states="hc",
               synonyms=("long short-term memory", "gate")),
    _recurrent("GRU", "Reads sequences (batch first) step by step, with gates that decide what the hidden state keeps "
               "(Cho et al., 2014).", _NUM_LAYERS, *_MORE, synonyms=("gated recurrent unit", "gate")),
    _recurrent("RNN", "Reads sequences (batch first) step by step; the hidden state is all that it remembers "
               "(Elman, 1990).", _NUM_LAYERS, _NONLINEARITY, *_MORE, synonyms=("elman",)),
    _cell("LSTMCell", "One step of an LSTM, from the states before to the states afterwards.", states="hc",
          synonyms=("long short-term memory",)),
    _cell("GRUCell", "One step of a GRU, from the hidden state before to the one afterwards.",
          synonyms=("gated recurrent unit",)),
    _cell("RNNCell", "One step of an RNN, from the hidden state before to the one afterwards.", _NONLINEARITY,
          synonyms=("elman",)),
    _TEACHER_FORCING,
)  # fmt: skip

MODULES = frozenset({_TEACHER_FORCING.id})  # written as small classes of their own (`runtime.helper_modules`)
