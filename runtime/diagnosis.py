"""Shape and dtype problems in the words of the drawing: what each side has, and the mend."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from math import isqrt
from typing import Any

from graph import fixes
from graph.catalog import NodeType, Role
from graph.edits import bypass
from graph.messages import Message, msg
from graph.model import Graph, Node, Port, Value
from graph.problems import Fix, Problem, Severity
from runtime.analysis import Dim, TensorSpec
from runtime.diagnosis_operations import OPERATION_CHECKS

FLATTEN = "torch.nn.Flatten"
RESHAPE = "layerloom.Reshape"
TO_DTYPE = "layerloom.ToDtype"
DIMENSIONS = {2: "B × F", 3: "B × C × L", 4: "B × C × H × W", 5: "B × C × D × H × W"}
FLOATS = ("float32", "float64", "float16", "bfloat16")


@dataclass(frozen=True, slots=True)
class Situation:
    """One node with what arrives at it, before it is run."""

    graph: Graph
    node: Node
    node_type: NodeType
    values: Mapping[str, Any]  # checked: each is of the kind of its parameter
    inputs: Mapping[str, TensorSpec]

    def source(self, port: str) -> str:
        """The name of the node that feeds an input."""
        return self.graph.nodes[self.graph.inputs(self.node.id)[port].node].name

    def problem(self, code: str, message: Message, *fixes: Fix, port: str | None = None, warn: bool = False) -> Problem:
        """A problem of this node."""
        severity = Severity.WARNING if warn else Severity.ERROR
        return Problem(code, message, self.node.id, port, severity, fixes)


def look_at(situation: Situation) -> Iterator[Problem]:
    """What is wrong with what arrives at a node, found before it is run. A wrong number of dimensions hides the rest."""
    wrong = [*_check_ports(situation), *_check_precision(situation), *_check_pins(situation)]
    yield from wrong
    if not wrong:
        for check in CHECKS.get(situation.node.type, ()):
            yield from check(situation)


def explain_failure(situation: Situation, error: str) -> Problem:
    """A problem for what only PyTorch itself found, with its own words."""
    given = ", ".join(f"{situation.source(port)}: {spec}" for port, spec in situation.inputs.items())
    return situation.problem(
        "shape-mismatch",
        msg(
            "'{node}' cannot take what arrives ({given}). Change its parameters or what comes before it. "
            "PyTorch says: {error}",
            node=situation.node.name,
            given=given,
            error=error.strip().split("\n")[0][:300],
        ),
    )


# ---- what a port takes


def _check_ports(s: Situation) -> Iterator[Problem]:
    for name, spec in s.inputs.items():
        port = s.node_type.input(name)
        assert port is not None, name
        is_float = spec.dtype in FLOATS
        if (port.dtype == "float" and not is_float) or (port.dtype == "integer" and is_float):
            yield _wrong_dtype(s, name, spec, port.dtype)
        elif port.ndim and len(spec.shape) not in port.ndim:
            yield _wrong_dimensions(s, name, spec, port.ndim)


def _wrong_dimensions(s: Situation, port: str, spec: TensorSpec, takes: tuple[int, ...]) -> Problem:
    message = msg(
        "'{node}' takes {takes}, but '{source}' gives {given}. Put a node between them that changes the number of dimensions.",
        node=s.node.name,
        takes=" / ".join(DIMENSIONS.get(n, str(n)) for n in takes),
        source=s.source(port),
        given=spec,
    )
    return s.problem("wrong-dimensions", message, *_dimension_fixes(s, port, spec, takes), port=port)


def _dimension_fixes(s: Situation, port: str, spec: TensorSpec, takes: tuple[int, ...]) -> Iterator[Fix]:
    sizes = [size for size in spec.shape[1:] if isinstance(size, int)]
    if 2 in takes and len(spec.shape) > 2:
        yield fixes.insert_before(msg("Insert a Flatten"), Port(s.node.id, port), FLATTEN)
    if takes == (4,) and len(sizes) == len(spec.shape) - 1:
        shape: tuple[int, ...] | None = None
        if len(sizes) == 2:
            shape = (1, *sizes)
        elif len(sizes) == 1 and isqrt(sizes[0]) ** 2 == sizes[0]:
            shape = (1, isqrt(sizes[0]), isqrt(sizes[0]))
        if shape:
            label = msg("Insert a Reshape to {shape}", shape=" × ".join(map(str, shape)))
            yield fixes.insert_before(label, Port(s.node.id, port), RESHAPE, {"shape": shape})


def _wrong_dtype(s: Situation, port: str, spec: TensorSpec, takes: str) -> Problem:
    names = {"node": s.node.name, "source": s.source(port), "dtype": spec.dtype}
    if takes == "float" and s.node_type.role in (Role.LOSS, Role.METRIC):
        text = msg("'{node}' compares numbers, but '{source}' gives class labels ({dtype}). "
                   "For classes, use CrossEntropyLoss and Accuracy.", **names)  # fmt: skip
    elif takes == "float":
        text = msg("'{node}' takes numbers with a fraction, but '{source}' gives whole numbers ({dtype}). "
                   "Wire the values, not the labels.", **names)  # fmt: skip
    elif s.node_type.role not in (Role.LOSS, Role.METRIC):
        text = msg("'{port}' of '{node}' takes whole numbers, but '{source}' gives {dtype}. "
                   "Put a ToDtype between them, if the numbers are whole.", port=port, **names)  # fmt: skip
    else:
        text = msg("'{node}' needs class labels (whole numbers), but '{source}' gives {dtype}. "
                   "For numbers to predict, use MSELoss and R2.", **names)  # fmt: skip
    return s.problem("wrong-dtype", text, port=port)


def _check_precision(s: Situation) -> Iterator[Problem]:
    """Parameters are float32, and what meets them must be so too; normalizations take less precise numbers as well."""
    takes = ("float32", "float16", "bfloat16") if s.node_type.family == "normalization" else ("float32",)
    if s.node_type.role is not Role.LAYER or not s.node_type.is_trainable(s.node):
        return
    for port, spec in s.inputs.items():
        if spec.dtype in FLOATS and spec.dtype not in takes:
            text = msg("'{node}' learns in float32, but '{source}' gives {dtype}. Put a ToDtype between them.",
                       node=s.node.name, source=s.source(port), dtype=spec.dtype)  # fmt: skip
            label = msg("Insert a ToDtype to {dtype}", dtype="float32")
            fix = fixes.insert_before(label, Port(s.node.id, port), TO_DTYPE, {"dtype": "float32"})
            yield s.problem("wrong-precision", text, fix, port=port)


def _check_pins(s: Situation) -> Iterator[Problem]:
    """A size that follows from the input, pinned to something else."""
    for param in s.node_type.params:
        if param.auto is None or param.auto.port not in s.inputs:
            continue
        spec = s.inputs[param.auto.port]
        size = spec.shape[param.auto.dim] if -len(spec.shape) <= param.auto.dim < len(spec.shape) else None
        pinned = s.values[param.name]
        if isinstance(pinned, int) and pinned != size:
            message = msg(
                "'{node}' expects {param} = {pinned}, but '{source}' gives {size} ({given}).",
                node=s.node.name, param=param.name, pinned=pinned, source=s.source(param.auto.port), size=size, given=spec,
            )  # fmt: skip
            yield s.problem("pinned-size", message, fixes.infer_param(s.node.id, param.name), port=param.auto.port)


# ---- what single types take


def _check_kernel(s: Situation) -> Iterator[Problem]:
    sizes = s.inputs["input"].shape[2:]
    kernel, dilation, padding = (
        _per_axis(s.values.get(name, default), len(sizes))
        for name, default in (("kernel_size", 1), ("dilation", 1), ("padding", 0))
    )
    if isinstance(padding[0], str) or not all(isinstance(d, int) for d in sizes):
        return
    padded = [d + 2 * p for d, p in zip(sizes, padding, strict=True)]
    reach = [w * (k - 1) + 1 for k, w in zip(kernel, dilation, strict=True)]
    if all(r <= d for r, d in zip(reach, padded, strict=True)):
        return
    message = msg(
        "The kernel of '{node}' covers {reach}, but '{source}' gives only {given}{padding}. Use a smaller kernel, or padding.",
        node=s.node.name, reach=_times(reach), source=s.source("input"), given=_times(sizes),
        padding=msg(" ({padded} with padding)", padded=_times(padded)) if padded != list(sizes) else "",
    )  # fmt: skip
    fitting = tuple(min(k, max(1, (d - 1) // w + 1)) for k, d, w in zip(kernel, padded, dilation, strict=True))
    fix = fixes.set_param(s.node.id, "kernel_size", fitting[0] if len(fitting) == 1 else fitting)
    yield s.problem("kernel-too-large", message, fix, port="input")


def _check_groups(s: Situation) -> Iterator[Problem]:
    groups, channels = s.values["groups"], (s.values["in_channels"], s.values["out_channels"])
    if all(isinstance(c, int) and c % groups == 0 for c in channels):
        return
    message = msg(
        "'{node}' splits its channels into {groups} groups, but {inner} input and {outer} output channels cannot both be "
        "divided by {groups}.",
        node=s.node.name, groups=groups, inner=channels[0], outer=channels[1],
    )  # fmt: skip
    yield s.problem("groups", message, fixes.set_param(s.node.id, "groups", 1))


def _check_same_shapes(s: Situation) -> Iterator[Problem]:
    (first, *others) = s.inputs
    for other in others:
        a, b = s.inputs[first], s.inputs[other]
        if a.shape == b.shape:
            continue
        sides = {"node": s.node.name, "a": s.source(first), "sa": a, "b": s.source(other), "sb": b}
        if _broadcasts(a.shape, b.shape):
            text = msg("'{node}' stretches one side to fit the other: '{a}' gives {sa}, '{b}' gives {sb}. "
                       "Check that this is meant.", **sides)  # fmt: skip
            yield s.problem("broadcast", text, port=other, warn=True)
        else:
            text = msg("'{node}' needs the same shape on every side, but '{a}' gives {sa} and '{b}' gives {sb}. "
                       "Change one of them, for example with a layer that gives the other's number of channels.", **sides)  # fmt: skip
            yield s.problem("shape-mismatch", text, port=other)


def _check_concatenate(s: Situation) -> Iterator[Problem]:
    (first, *others) = s.inputs
    dim = s.values["dim"]
    for other in others:
        a, b = list(s.inputs[first].shape), list(s.inputs[other].shape)
        if len(a) == len(b) and -len(a) <= dim < len(a):
            a[dim] = b[dim]
        if a != b:
            text = msg(
                "'{node}' joins along dimension {dim}, so every other dimension must agree, but '{a}' gives {sa} and '{b}' gives {sb}.",
                node=s.node.name, dim=dim, a=s.source(first), sa=s.inputs[first], b=s.source(other), sb=s.inputs[other],
            )  # fmt: skip
            yield s.problem("shape-mismatch", text, port=other)


def _check_linear(s: Situation) -> Iterator[Problem]:
    spec = s.inputs["input"]
    if len(spec.shape) == 4:
        text = msg(
            "'{node}' sees images ({given}) and works on their last dimension only. A Flatten before it is probably missing.",
            node=s.node.name, given=spec,
        )  # fmt: skip
        fix = fixes.insert_before(msg("Insert a Flatten"), Port(s.node.id, "input"), FLATTEN)
        yield s.problem("missing-flatten", text, fix, port="input", warn=True)


def _check_classes(s: Situation) -> Iterator[Problem]:
    """Scores B × C against class indices B: cross entropy, accuracy."""
    scores, target = s.inputs["input"], s.inputs["target"]
    names = {"node": s.node.name, "source": s.source("input"), "given": scores, "target": s.source("target")}
    if scores.shape[:1] + scores.shape[2:] != target.shape:
        text = msg("'{node}' needs one score for each class (B × classes), but '{source}' gives {given} for labels of shape {labels}. "
                   "A Flatten before the last Linear is probably missing.", **names, labels=target)  # fmt: skip
        yield s.problem("class-dimension", text, *_flatten_upstream(s), port="input")
    elif target.classes and scores.shape[1] != target.classes:
        text = msg("'{source}' gives {scores} scores, but '{target}' has {classes} classes.",
                   **names, scores=scores.shape[1], classes=target.classes)  # fmt: skip
        yield s.problem("class-count", text, *_resize_source(s, target.classes), port="input")


def _check_scores(s: Situation) -> Iterator[Problem]:
    """Cross entropy applies log-softmax itself."""
    source = s.graph.nodes[s.graph.inputs(s.node.id)["input"].node]
    if source.type in ("torch.nn.Softmax", "torch.nn.LogSoftmax"):
        text = msg("'{node}' applies the softmax itself, so '{source}' before it slows learning down. Wire the scores from before it.",
                   node=s.node.name, source=source.name)  # fmt: skip
        label = msg("Take the scores from before {source}", source=source.name)
        fix = fixes.graph_fix(label, bypass, Port(s.node.id, "input"))
        yield s.problem("softmax-before-loss", text, fix, port="input", warn=True)


def _check_equal_target(s: Situation) -> Iterator[Problem]:
    given, target = s.inputs["input"], s.inputs["target"]
    names = {
        "node": s.node.name,
        "source": s.source("input"),
        "given": given,
        "target": s.source("target"),
        "wanted": target,
    }
    if given.shape != target.shape:
        text = msg(
            "'{node}' compares number by number, but '{source}' gives {given} and '{target}' gives {wanted}.", **names
        )
        size = target.shape[-1] if len(given.shape) == len(target.shape) else None
        yield s.problem("shape-mismatch", text, *_resize_source(s, size), port="input")


_RANKS = (1, 2, 3)
_ALIKE = (
    "torch.nn.CosineSimilarity", "torch.nn.PairwiseDistance", "torch.nn.MarginRankingLoss", "torch.nn.TripletMarginLoss",
)  # fmt: skip
_COMPARING = (
    "torch.nn.MSELoss", "torch.nn.L1Loss", "torch.nn.SmoothL1Loss", "torch.nn.HuberLoss", "torch.nn.BCEWithLogitsLoss",
    "torch.nn.BCELoss", "torch.nn.SoftMarginLoss", "torch.nn.MultiLabelMarginLoss", "torch.nn.MultiLabelSoftMarginLoss",
    "torch.nn.KLDivLoss", "torch.nn.PoissonNLLLoss", "torch.nn.HingeEmbeddingLoss",
    "layerloom.metrics.R2", "layerloom.metrics.MeanAbsoluteError",
)  # fmt: skip
_SAME_SHAPES = tuple(
    f"layerloom.{name}"
    for name in ("Add", "Subtract", "Multiply", "Divide", "Minimum", "Maximum", "Greater", "GreaterEqual", "Less", "LessEqual",
                 "Equal", "NotEqual", "LogicalAnd", "LogicalOr")
)  # fmt: skip
CHECKS: Mapping[str, tuple[Callable[[Situation], Iterator[Problem]], ...]] = {
    "torch.nn.Linear": (_check_linear,),
    **{f"torch.nn.Conv{dims}d": (_check_groups, _check_kernel) for dims in _RANKS},
    **{f"torch.nn.ConvTranspose{dims}d": (_check_groups,) for dims in _RANKS},
    **{f"torch.nn.{kind}Pool{dims}d": (_check_kernel,) for kind in ("Max", "Avg", "LP") for dims in _RANKS},
    "torch.nn.Unfold": (_check_kernel,),
    **OPERATION_CHECKS,
    **{type_id: (*OPERATION_CHECKS.get(type_id, ()), _check_same_shapes) for type_id in _SAME_SHAPES},
    "layerloom.Concatenate": (_check_concatenate,),
    "torch.nn.CrossEntropyLoss": (_check_classes, _check_scores),
    **dict.fromkeys(("torch.nn.NLLLoss", "torch.nn.MultiMarginLoss"), (_check_classes,)),
    **dict.fromkeys(_ALIKE, (_check_same_shapes,)),
    "layerloom.metrics.Accuracy": (_check_classes,),
    **dict.fromkeys(_COMPARING, (_check_equal_target,)),
}  # fmt: skip


# ---- mends further up


def _flatten_upstream(s: Situation) -> Iterator[Fix]:
    """Offer a Flatten before the first Linear of the chain that ends here."""
    node, found = s.node.id, None
    while (source := s.graph.inputs(node).get("input")) is not None:
        node = source.node
        if s.graph.nodes[node].type == "torch.nn.Linear":
            found = node
    if found:
        label = msg("Insert a Flatten before {name}", name=s.graph.nodes[found].name)
        yield fixes.insert_before(label, Port(found, "input"), FLATTEN)


def _resize_source(s: Situation, size: Dim | None) -> Iterator[Fix]:
    source: Port = s.graph.inputs(s.node.id)["input"]
    if isinstance(size, int) and s.graph.nodes[source.node].type == "torch.nn.Linear":
        yield fixes.set_param(source.node, "out_features", size)


def _per_axis(value: Value, dims: int) -> tuple:
    return value if isinstance(value, tuple) else (value,) * dims


def _times(sizes: Iterable[object]) -> str:
    return " × ".join(map(str, sizes))


def _broadcasts(a: tuple[Dim, ...], b: tuple[Dim, ...]) -> bool:
    return all(x == y or 1 in (x, y) for x, y in zip(reversed(a), reversed(b), strict=False))
