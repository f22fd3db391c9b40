"""Expressions of a person drawn alone, and what to call each method and function with that they may call."""

from __future__ import annotations

from torch import Tensor

from drawings import Drawing
from graph.model import Link, Node, Port
from graph.tensor_expressions import inputs_of
from operation_tools import BATCH
from runtime.analyser import analyse
from runtime.compiler import compile_project

SHAPE = (4, 6)
ARGUMENTS = {
    "clamp": "min=0.6, max=0.9", "cumsum": "dim=1", "diagonal": "0, 1, 2", "expand": "-1, 4, 6", "flatten": "1", "flip": "-1",
    "log_softmax": "dim=-1", "logsumexp": "dim=-1", "movedim": "1, 2", "narrow": "1, 0, 2", "permute": "0, 2, 1",
    "repeat": "1, 2, 1", "reshape": "-1, 24", "roll": "1, dims=1", "softmax": "dim=-1", "squeeze": "1", "transpose": "1, 2",
    "unsqueeze": "1", "all": "dim=1", "any": "dim=1", "amax": "dim=(1, 2)", "amin": "dim=-1, keepdim=True", "argmax": "dim=1",
    "argmin": "dim=1", "mean": "dim=1", "prod": "dim=1", "std": "dim=1", "sum": "dim=1", "var": "dim=1, correction=0",
}  # fmt: skip
CALLS = {
    "bmm": "bmm(a, b.transpose(1, 2))", "cat": "cat([a, b], dim=1)", "einsum": "einsum('bij,bij->bi', a, b)",
    "log_softmax": "log_softmax(a, dim=1)", "logical_and": "logical_and(a > 1, b > 1)", "logical_not": "logical_not(a > 1)",
    "logical_or": "logical_or(a > 1, b > 1)", "logsumexp": "logsumexp(a, dim=1)", "matmul": "matmul(a, b.transpose(1, 2))",
    "maximum": "maximum(a, b)", "minimum": "minimum(a, b)", "softmax": "softmax(a, dim=1)", "stack": "stack([a, b], dim=1)",
    "where": "where(a > b, a, 0.1 * b)", "mean": "mean(a, dim=1)", "sum": "sum(a, dim=1)", "normalize": "normalize(a, dim=-1)",
}  # fmt: skip


def drawn(expression: str, dtype: str = "float32") -> Drawing:
    """The expression, called `it`, over an Input for each of its names."""
    d = Drawing()
    d.graph = d.graph.add(Node("n0", "layerloom.Expression", "it", {"expression": expression}))
    try:
        names = inputs_of(expression)
    except ValueError:
        names = ("a", "b")
    for name in names:
        source = d.add("op.Input", f"in_{name}", shape=SHAPE, dtype=dtype)
        d.graph = d.graph.connect(Link(source, Port("n0", name)))
    return d


def computed(expression: str, tensors: dict[str, Tensor]) -> Tensor:
    d = drawn(expression)
    analysis = analyse(d.project)
    assert analysis.errors == ()
    compiled = compile_project(d.project)
    result = compiled.build(seed=0)(*(tensors[d.graph.nodes[p.node].name] for p in compiled.inputs))
    spec = analysis.spec(d.port("it"))
    sizes = tuple({"B": BATCH}.get(size, size) for size in spec.shape)
    assert (sizes, f"torch.{spec.dtype}") == (tuple(result.shape), str(result.dtype))
    return result
