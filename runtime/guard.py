"""The second wall before `exec`: generated source may contain what the generator writes, and nothing else."""

from __future__ import annotations

import ast

_DTYPES = frozenset({"float32", "float64", "float16", "bfloat16", "int64", "int32", "bool"})
TORCH_FUNCTIONS = _DTYPES | {
    "arange", "bmm", "cat", "einsum", "full_like", "linalg", "logical_and", "logical_not", "logical_or",
    "maximum", "minimum", "ones", "rand_like", "randn_like", "stack", "where",
}  # fmt: skip
TENSOR_ATTRIBUTES = frozenset(
    {
        "abs", "amax", "amin", "argmax", "argmin", "chunk", "clamp", "cumsum", "detach", "device", "exp", "expand",
        "flip", "gather", "log", "logsumexp", "masked_fill", "mean", "narrow", "permute", "repeat", "reshape", "roll",
        "shape", "sqrt", "square", "squeeze", "std", "sum", "to", "transpose", "tril", "triu", "unsqueeze", "var",
    }
)  # fmt: skip
FUNCTIONS = {
    "torch": TORCH_FUNCTIONS,
    "torch.linalg": frozenset({"vector_norm"}),
    "nn.functional": frozenset({"interpolate", "pad", "scaled_dot_product_attention"}),
}
_STATEMENTS = (ast.Module, ast.Import, ast.ImportFrom, ast.ClassDef, ast.FunctionDef, ast.Assign, ast.Return, ast.Expr)
_EXPRESSIONS = (
    ast.Call, ast.keyword, ast.Attribute, ast.Name, ast.Constant, ast.Tuple, ast.List, ast.Dict, ast.Subscript,
    ast.BinOp, ast.Add, ast.Sub, ast.Mult, ast.Div, ast.Pow, ast.MatMult, ast.UnaryOp, ast.USub, ast.Slice,
    ast.Compare, ast.Gt, ast.GtE, ast.Lt, ast.LtE, ast.Eq, ast.NotEq, ast.Load, ast.Store, ast.alias, ast.arguments, ast.arg,
)  # fmt: skip
_IMPORTS = frozenset({"import torch", "from torch import nn"})


def check_source(text: str) -> None:
    """Refuse source that is not of the generator's form.

    Raises:
        AssertionError: it holds anything else. A drawing cannot cause that; a mistake in the generator can.
    """
    for node in ast.walk(ast.parse(text)):
        assert isinstance(node, _STATEMENTS + _EXPRESSIONS), ast.dump(node)
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            assert ast.unparse(node) in _IMPORTS, ast.unparse(node)
        elif isinstance(node, ast.Attribute):
            _check_attribute(node)
        elif isinstance(node, ast.Name):
            assert node.id == "_" or not node.id.startswith("_"), node.id
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id == "super", node.func.id


def _check_attribute(node: ast.Attribute) -> None:
    owner = ast.unparse(node.value)
    if node.attr == "__init__":
        assert owner == "super()", owner
    elif owner in FUNCTIONS:
        assert node.attr in FUNCTIONS[owner], node.attr
    elif owner == "nn":
        assert node.attr[:1].isupper() or node.attr == "functional", node.attr
    elif owner in ("self", "self.model"):
        assert not node.attr.startswith("_"), node.attr
    else:
        assert node.attr in TENSOR_ATTRIBUTES, node.attr
