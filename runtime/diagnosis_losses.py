"""What losses and metrics cannot compare: the dimension of the classes, the shape of the targets, scores made ready too soon."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from graph import fixes
from graph.catalog import CATALOG, Role
from graph.catalog.loss import read_weights
from graph.catalog.metric import OF_CLASSES, OF_NUMBERS
from graph.edits import skip_before
from graph.messages import Message, msg
from graph.model import Port
from graph.problems import Fix, Problem
from graph.scores import is_yes_or_no
from runtime.analysis import Dim
from runtime.diagnosis_joins import check_same_shapes
from runtime.diagnosis_makers import maker_of
from runtime.diagnosis_tools import (
    FLATTEN,
    FLOATS,
    LINEAR,
    broadcast_shape,
    channels_first,
    flatten_to,
    insert,
    removable,
    reorder,
    times,
    together,
)

if TYPE_CHECKING:
    from runtime.diagnosis import Situation

STRETCHING = ("torch.nn.MSELoss", "torch.nn.L1Loss", "torch.nn.SmoothL1Loss", "torch.nn.HuberLoss")


def _words(s: Situation) -> dict[str, object]:
    return {"node": s.node.name, "source": s.source("input"), "given": s.inputs["input"],
            "target": s.source("target"), "wanted": s.inputs["target"]}  # fmt: skip


# ---- classes


def _check_scores(s: Situation) -> Iterator[Problem]:
    """Against classes, or against the share of each class, which has the shape of the scores (`check_ports`)."""
    if s.inputs["target"].dtype in FLOATS:
        yield from _check_shares(s)
    else:
        yield from _check_classes(s)


def _check_shares(s: Situation) -> Iterator[Problem]:
    scores, target = s.inputs["input"], s.inputs["target"]
    if target.dtype != scores.dtype:
        text = msg("'{node}' compares numbers of one kind, but '{a}' gives {da} and '{b}' gives {db}. Put a ToDtype before one of them.",
                   node=s.node.name, a=s.source("input"), da=scores.dtype, b=s.source("target"), db=target.dtype)  # fmt: skip
        yield s.problem(
            "wrong-dtype", text, insert(s, "target", "layerloom.ToDtype", dtype=scores.dtype), port="target"
        )
    elif CATALOG[s.graph.nodes[s.feed("target").node].type].role is Role.DATA:
        text = msg("'{node}' takes the {wanted} of '{target}' as the share of each class, so each sample must add up to 1. "
                   "For numbers to predict, use MSELoss.", **_words(s))  # fmt: skip
        yield s.problem("class-shares", text, fixes.change_type(s.node, "torch.nn.MSELoss"), port="target", warn=True)


def _check_classes(s: Situation) -> Iterator[Problem]:
    """Scores B × C × … against class indices B × …: cross entropy, accuracy."""
    scores, target = s.inputs["input"], s.inputs["target"]
    if scores.shape[:1] + scores.shape[2:] != target.shape or _is_last(s):
        text, mends = _class_dimension(s)
        yield s.problem("class-dimension", text, *mends, port="input")
    elif target.classes and scores.shape[1] != target.classes:
        text = msg("'{source}' gives {scores} scores, but '{target}' has {classes} classes.", source=s.source("input"),
                   target=s.source("target"), scores=scores.shape[1], classes=target.classes)  # fmt: skip
        yield s.problem(
            "class-count", _with_maker(s, text, target.classes), *_resize_source(s, target.classes, dim=1), port="input"
        )


def _check_answers(s: Situation) -> Iterator[Problem]:
    """Metrics of classes: also one score for yes or no, and several questions a sample where the loss asks so."""
    scores, target = s.inputs["input"].shape, s.inputs["target"].shape
    is_one = len(scores) == 1 or scores[1] == 1
    if is_one and target in (scores, scores[:1] + scores[2:]) and s.inputs["target"].classes in (None, 2):
        return
    yield from (_check_equal_target if is_yes_or_no(s.graph, s.feed("input")) else _check_classes)(s)


def _is_last(s: Situation) -> bool:
    """Whether the last dimension is that of the classes, though the shapes would fit as they are (B × 10 × 10 against B × 10)."""
    shape, target = s.inputs["input"].shape, s.inputs["target"]
    return shape[:-1] == target.shape and len(shape) > 2 and target.classes == shape[-1] != shape[1]


def _class_dimension(s: Situation) -> tuple[Message, list[Fix]]:
    """Why scores and classes do not go together, and the mends."""
    scores, target = s.inputs["input"].shape, s.inputs["target"].shape
    words, fitting = _words(s), scores[:1] + scores[2:]
    extra = removable(target, fitting)
    if len(scores) > 2 and scores[:-1] == target:
        text = msg("'{node}' takes the classes in dimension 1, but '{source}' gives {given} for labels of shape {wanted} from '{target}': "
                   "there the {classes} classes are last. Bring them to the front.", **words, classes=scores[-1])  # fmt: skip
        return text, [reorder(s, "input", channels_first(len(scores)))]
    if target == scores:
        text = msg("'{node}' takes the number of the right class, but '{target}' gives {wanted}, as many numbers as '{source}' ({given}): "
                   "one-hot targets, it seems. Take the place of the largest.", **words)  # fmt: skip
        return text, [insert(s, "target", "layerloom.ArgMax", dim=1)]
    if extra is not None:
        text = msg("'{node}' takes labels of shape {fitting} for the {given} that '{source}' gives, but '{target}' gives {wanted}: "
                   "one dimension too many.", **words, fitting=times(fitting))  # fmt: skip
        return text, [insert(s, "target", "layerloom.Squeeze", dim=extra)]
    if len(scores) <= len(target) + 1:
        text = msg("'{node}' takes labels of shape {fitting} for the {given} that '{source}' gives, but '{target}' gives {wanted}. "
                   "Give one label for every row of scores.", **words, fitting=times(fitting))  # fmt: skip
        return _with_decoder(s, text), []
    return _scores_too_deep(s, words)


def _with_decoder(s: Situation, text: Message) -> Message:
    """The text, with what is missing where the answers are sentences and nobody reads what was said before each word."""
    end = s.feed("target")
    if end.name != "target_out" or any(link.source.name == "target_in" for link in s.graph.outgoing(end.node)):
        return text
    more = msg("Nothing reads 'target_in' of '{target}' yet: the words so far, as long as the answer. Give it to an Embedding and a GRU "
               "that begins (h_0) where the one over 'source' ends (h_n), and take the scores from there.",
               target=s.source("target"))  # fmt: skip
    return together(text, more)


def _scores_too_deep(s: Situation, words: dict[str, object]) -> tuple[Message, list[Fix]]:
    """The scores have dimensions left over: a Flatten is missing, before the last Linear or in front of the loss."""
    upstream = list(_flatten_upstream(s))
    if upstream:
        text = msg("'{node}' needs one score for each class (B × classes), but '{source}' gives {given} for labels of shape {labels}. "
                   "A Flatten before the last Linear is probably missing.",
                   node=words["node"], source=words["source"], given=words["given"], labels=words["wanted"])  # fmt: skip
        return text, upstream
    text = msg("'{node}' needs one score for each class (B × classes), but '{source}' gives {given} for labels of shape {wanted} from "
               "'{target}'. Put a Flatten and a Linear with one output for each class before it.", **words)  # fmt: skip
    classes = s.inputs["target"].classes or s.inputs["input"].shape[1]
    return text, list(flatten_to(s, "input", classes)) if s.inputs["target"].shape == ("B",) else []


def _check_made_ready(s: Situation, *, types: tuple[str, ...], text: Message) -> Iterator[Problem]:
    """The loss applies the softmax or the sigmoid itself."""
    source = s.graph.nodes[s.feed("input").node]
    if source.type in types:
        label = msg("Take the scores from before {source}", source=source.name)
        fix = fixes.graph_fix(label, skip_before, Port(s.node.id, "input"))
        words = replace(text, values={"node": s.node.name, "source": source.name})
        yield s.problem("softmax-before-loss", words, fix, port="input", warn=True)


# ---- weights of classes


def _check_weights(s: Situation, *, param: str = "weight", dim: int = 1) -> Iterator[Problem]:
    """One number for each score along a dimension; of `pos_weight` one may also stand for all."""
    shape, given = s.inputs["input"].shape, s.values[param]
    if given is None:
        return
    count, classes = len(read_weights(str(given))), shape[dim] if len(shape) > 1 else 1
    if param == "pos_weight" and count == 1:
        return
    if param == "pos_weight" and len(shape) > 2:
        text = msg("'{node}' takes one number for {param} where '{source}' gives scores for every place ({given}): PyTorch would count "
                   "several along the last dimension.", node=s.node.name, param=param, source=s.source("input"),
                   given=s.inputs["input"])  # fmt: skip
        yield s.problem("weight-count", text, fixes.reset_param(s.node.id, param))
        return
    if count == classes:
        return
    text = msg("'{node}' has {count} numbers for {param}, but '{source}' gives {classes} scores. Write one number for each of them, or "
               "none.", node=s.node.name, count=count, param=param, source=s.source("input"), classes=classes)  # fmt: skip
    yield s.problem("weight-count", text, fixes.reset_param(s.node.id, param))


# ---- numbers


def _check_equal_target(s: Situation) -> Iterator[Problem]:
    given, target = s.inputs["input"].shape, s.inputs["target"].shape
    if given == target:
        return
    result = broadcast_shape(given, target)
    text = msg(
        "'{node}' compares number by number, but '{source}' gives {given} and '{target}' gives {wanted}.", **_words(s)
    )
    mends = list(_equalize(s))
    if result is None or s.node.type not in STRETCHING:
        yield s.problem("shape-mismatch", text, *mends, port="input")
        return
    more = msg(
        "PyTorch stretches both to {shape} and compares every number with several: hardly what is meant.",
        shape=times(result),
    )
    yield s.problem("broadcast", together(text, more), *mends, port="input", warn=True)


def _equalize(s: Situation) -> Iterator[Fix]:
    """What gives predictions and targets one shape."""
    given, target = s.inputs["input"].shape, s.inputs["target"].shape
    for port, shape, wanted in (("input", given, target), ("target", target, given)):
        extra = removable(shape, wanted)
        if extra is not None:
            yield insert(s, port, "layerloom.Squeeze", dim=extra)
            return
    if len(given) == len(target):
        yield from _resize_source(s, target[-1], dim=-1)
    elif len(given) > len(target) == 2:
        yield from flatten_to(s, "input", target[-1])


# ---- mends further up


def _flatten_upstream(s: Situation) -> Iterator[Fix]:
    """Offer a Flatten before the first Linear of the chain that ends here."""
    node, found = s.node.id, None
    while (source := s.graph.inputs(node).get("input")) is not None:
        node = source.node
        if s.graph.nodes[node].type == LINEAR:
            found = node
    if found:
        label = msg("Insert a Flatten before {name}", name=s.graph.nodes[found].name)
        yield fixes.insert_before(label, Port(found, "input"), FLATTEN)


def _resize_source(s: Situation, size: Dim | None, *, dim: int) -> Iterator[Fix]:
    """Give the layer that made the predictions as many outputs as there must be along a dimension."""
    made = maker_of(s, "input", dim)
    if isinstance(size, int) and made is not None:
        yield fixes.set_param(made.node.id, made.param, size)


def _with_maker(s: Situation, text: Message, classes: int) -> Message:
    """The text, with the layer that decides about the number of scores, where it is not the one that gives them."""
    made = maker_of(s, "input", 1)
    if made is None or made.node.name == s.source("input"):
        return text
    more = msg("Set '{param}' of '{layer}' to {classes}.", param=made.param, layer=made.node.name, classes=classes)
    return together(text, more)


def _check_pair_target(s: Situation) -> Iterator[Problem]:
    """One target for each pair: of vectors B × F (CosineEmbeddingLoss), or of numbers of any shape (MarginRankingLoss)."""
    one, other, target = (s.inputs[port].shape for port in ("input1", "input2", "target"))
    fitting = one[:1] if s.node.type == "torch.nn.CosineEmbeddingLoss" else one
    extra = removable(target, fitting)
    if one == other and extra is not None:
        text = msg("'{node}' takes targets of shape {fitting} for the {given} that '{source}' gives, but '{target}' gives {wanted}: "
                   "one dimension too many.", node=s.node.name, fitting=times(fitting), given=s.inputs["input1"],
                   source=s.source("input1"), target=s.source("target"), wanted=s.inputs["target"])  # fmt: skip
        yield s.problem("target-dimension", text, insert(s, "target", "layerloom.Squeeze", dim=extra), port="target")
    elif s.node.type == "torch.nn.MarginRankingLoss":
        yield from check_same_shapes(s)


_COMPARING = (
    *STRETCHING, "torch.nn.BCEWithLogitsLoss", "torch.nn.BCELoss", "torch.nn.SoftMarginLoss",
    "torch.nn.MultiLabelMarginLoss", "torch.nn.MultiLabelSoftMarginLoss", "torch.nn.KLDivLoss", "torch.nn.PoissonNLLLoss",
    "torch.nn.HingeEmbeddingLoss", *OF_NUMBERS,
)  # fmt: skip
_check_softmax = partial(
    _check_made_ready,
    types=("torch.nn.Softmax", "torch.nn.LogSoftmax"),
    text=msg(
        "'{node}' applies the softmax itself, so '{source}' before it slows learning down. Wire the scores from before it."
    ),
)
_check_sigmoid = partial(
    _check_made_ready,
    types=("torch.nn.Sigmoid", "torch.nn.LogSigmoid", "torch.nn.Softmax"),
    text=msg(
        "'{node}' applies the sigmoid itself, so '{source}' before it slows learning down. Wire the scores from before it."
    ),
)
_BY_TYPE: Mapping[str, tuple[Callable[[Situation], Iterator[Problem]], ...]] = {
    "torch.nn.CrossEntropyLoss": (_check_scores, _check_softmax, _check_weights),
    **dict.fromkeys(("torch.nn.NLLLoss", "torch.nn.MultiMarginLoss"), (_check_classes, _check_weights)),
    **dict.fromkeys(OF_CLASSES, (_check_answers,)),
    **dict.fromkeys(_COMPARING, (_check_equal_target,)),
    **dict.fromkeys(("torch.nn.CosineEmbeddingLoss", "torch.nn.MarginRankingLoss"), (_check_pair_target,)),
}
LOSS_CHECKS: Mapping[str, tuple[Callable[[Situation], Iterator[Problem]], ...]] = {
    **_BY_TYPE,
    "torch.nn.BCEWithLogitsLoss": (
        _check_equal_target,
        _check_sigmoid,
        partial(_check_weights, param="pos_weight", dim=-1),
    ),
    "torch.nn.MultiLabelSoftMarginLoss": (_check_equal_target, _check_sigmoid, partial(_check_weights, dim=-1)),
}
