"""The second wall before `exec`: generated source may contain what the generator writes, and nothing else."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Set

from graph.tensor_expressions import FUNCTIONS as EXPRESSION_FUNCTIONS
from graph.tensor_expressions import METHODS as EXPRESSION_METHODS
from runtime.helpers import HELPERS

_DTYPES = frozenset({"float32", "float64", "float16", "bfloat16", "int64", "int32", "bool"})
TORCH_FUNCTIONS = _DTYPES | {
    "arange", "autograd", "bmm", "distributions", "pi", "randint", "randperm", "tensor", "zeros_like",
    "cat", "einsum", "full", "full_like", "linalg", "logical_and", "logical_not", "logical_or",
    "maximum", "minimum", "ones", "rand", "rand_like", "randn", "randn_like", "stack", "where", "zeros",
}  # fmt: skip
TENSOR_ATTRIBUTES = frozenset(
    {
        "abs", "all", "amax", "amin", "any", "argmax", "argmin", "ceil", "chunk", "clamp", "cos", "cumsum", "detach", "device",
        "diagonal", "dtype", "exp", "expand", "expand_as", "flatten", "flip", "floor", "gather", "log", "logsumexp",
        "masked_fill", "max", "mean", "min", "movedim", "narrow", "permute", "prod", "reciprocal", "repeat",
        "repeat_interleave", "reshape", "roll", "round", "rsqrt", "sample", "scatter_add", "shape", "sign", "sin", "sort", "split",
        "sqrt", "square", "squeeze", "std", "sum", "take_along_dim", "to", "topk", "transpose", "tril", "triu", "unbind",
        "unsqueeze", "var",
    }
)  # fmt: skip
INITIALIZERS = frozenset(
    {
        "constant_", "dirac_", "eye_", "kaiming_normal_", "kaiming_uniform_", "normal_", "ones_", "orthogonal_", "sparse_",
        "trunc_normal_", "uniform_", "xavier_normal_", "xavier_uniform_", "zeros_",
    }
)  # fmt: skip
LAYER_ATTRIBUTES = frozenset(
    {
        "add_",
        "append",
        "contiguous",
        "bias",
        "manual_seed",
        "named_parameters",
        "ndim",
        "new_zeros",
        "parameters",
        "view",
        "weight",
    }
)
FUNCTIONS = {
    "torch": TORCH_FUNCTIONS | {"Generator"},
    "torch.distributions": frozenset({"Beta"}),
    "torch.autograd": frozenset({"functional"}),
    "torch.autograd.functional": frozenset({"vjp"}),
    "torch.linalg": frozenset({"cross", "vector_norm"}),
    "nn.init": INITIALIZERS | {"calculate_gain"},
    "nn.functional": frozenset(
        {"affine_grid", "grid_sample", "interpolate", "one_hot", "pad", "scaled_dot_product_attention"}
    ),
}
_IN_EXPRESSIONS = frozenset(EXPRESSION_FUNCTIONS.values())  # with their owners: "torch.exp"
_STATEMENTS = (ast.Module, ast.Import, ast.ImportFrom, ast.ClassDef, ast.FunctionDef, ast.Assign, ast.Return, ast.Expr,
               ast.For, ast.If)  # fmt: skip
_EXPRESSIONS = (
    ast.Call, ast.keyword, ast.Attribute, ast.Name, ast.Constant, ast.Tuple, ast.List, ast.Dict, ast.Subscript,
    ast.BinOp, ast.Add, ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Mod, ast.Pow, ast.MatMult, ast.UnaryOp, ast.USub, ast.Slice,
    ast.Compare, ast.Gt, ast.GtE, ast.Lt, ast.LtE, ast.Eq, ast.NotEq, ast.In, ast.NotIn, ast.Is, ast.IsNot, ast.BoolOp, ast.And,
    ast.IfExp, ast.GeneratorExp, ast.comprehension, ast.Starred, ast.Load, ast.Store, ast.alias, ast.arguments, ast.arg,
)  # fmt: skip
BUILTINS = frozenset({"super", "range", "reversed", "min", "max", "round"})
_ARGUMENTS = frozenset({"function"})  # of a helper: what it calls
_OWNERS = ("self", "self.model")  # of submodules
_IMPORTS = frozenset({"from __future__ import annotations", "import torch", "from torch import nn"})


def check_source(text: str, *, own: Set[str] = frozenset()) -> None:
    """Refuse source that is not of the generator's form.

    Args:
        own: names of classes and functions that the person wrote and allowed: what the text calls beside its own.

    Raises:
        AssertionError: it holds anything else. A drawing cannot cause that; a mistake in the generator can.
    """
    tree = ast.parse(text)
    classes = {node.name for node in ast.walk(tree) if isinstance(node, ast.ClassDef)}
    callable_names = HELPERS.keys() | BUILTINS | _ARGUMENTS | classes | set(_runs(tree)) | own
    for node in ast.walk(tree):
        assert isinstance(node, _STATEMENTS + _EXPRESSIONS), ast.dump(node)
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            assert ast.unparse(node) in _IMPORTS, ast.unparse(node)
        elif isinstance(node, ast.Attribute):
            _check_attribute(node)
        elif isinstance(node, ast.Name):
            assert node.id == "_" or not node.id.startswith("_"), node.id
        elif isinstance(node, ast.Call):
            _check_call(node.func, callable_names)


def _runs(tree: ast.AST) -> Iterator[str]:
    """The variables that go over submodules: `layer` in `for layer in self.blocks`."""
    for node in ast.walk(tree):
        match node:
            case ast.For(target=ast.Name(id=name), iter=ast.Attribute(value=owner)) if ast.unparse(owner) in _OWNERS:
                yield name


def _check_call(called: ast.expr, names: Set[str]) -> None:
    match called:
        case ast.Name(id=name):
            assert name in names, name
        case ast.Subscript(value=ast.Attribute(value=owner)):  # one of a list of submodules
            assert ast.unparse(owner) in _OWNERS, ast.unparse(called)
        case _:
            assert isinstance(called, ast.Attribute), ast.unparse(called)


def _check_attribute(node: ast.Attribute) -> None:
    owner = ast.unparse(node.value)
    if node.attr == "__init__":
        assert owner == "super()", owner
    elif owner in FUNCTIONS:
        assert node.attr in FUNCTIONS[owner] or f"{owner}.{node.attr}" in _IN_EXPRESSIONS, node.attr
    elif owner == "nn":
        assert node.attr[:1].isupper() or node.attr in ("functional", "init"), node.attr
    elif owner in _OWNERS:
        assert not node.attr.startswith("_"), node.attr
    else:
        assert node.attr in TENSOR_ATTRIBUTES | LAYER_ATTRIBUTES | EXPRESSION_METHODS, node.attr
