"""The names in Python that a person wrote: what the text binds at its top, what is reserved there, and another name."""

from __future__ import annotations

import ast
import io
import tokenize
from collections.abc import Iterator

from graph.messages import EditError, msg

OWN_NAMES = {"torch": "torch", "nn": "torch.nn"}  # what these mean in generated source
_DATA_PATH = ("CenterCrop", "ColorJitter", "CutMix", "Cutout", "GaussianNoise", "MixUp", "Normalize", "RandomCrop", "RandomErasing",
              "RandomHorizontalFlip", "RandomResizedCrop", "RandomRotation", "RandomVerticalFlip")  # fmt: skip
CALLED = frozenset(
    {
        "input_gradient",
        "max",
        "min",
        "range",
        "reversed",
        "round",
        "sinusoidal_encoding",
        "super",
        "TeacherForcing",
        *_DATA_PATH,
    }
)  # what it calls
OWN = ""  # the meaning of a name that code defines itself
_NOT_ENTERED = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)


def bound(tree: ast.Module) -> Iterator[tuple[str, str, int]]:
    """What gets a meaning at the top: the name, the meaning (what is imported, such as "torch.nn", or `OWN`), and the line."""
    for node in (inner for statement in tree.body for inner in inside(statement)):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield name, OWN, node.lineno
            case ast.Name(id=name, ctx=ast.Store() | ast.Del()) | ast.ExceptHandler(name=str(name)):
                yield name, OWN, node.lineno
            case ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)) | ast.MatchMapping(rest=str(name)):
                yield name, OWN, node.lineno
            case ast.Import(names=names):
                for alias in names:
                    first = alias.name.partition(".")[0]
                    yield alias.asname or first, alias.name if alias.asname else first, node.lineno
            case ast.ImportFrom(module=module, names=names, level=level):
                for alias in names:
                    yield alias.asname or alias.name, f"{'.' * level}{module or ''}.{alias.name}", node.lineno
    for node in ast.walk(tree):
        if isinstance(node, ast.Global):
            yield from ((name, OWN, node.lineno) for name in node.names)


def inside(node: ast.AST) -> Iterator[ast.AST]:
    """A node and all within it that runs together with it."""
    yield node
    if not isinstance(node, _NOT_ENTERED):
        for child in ast.iter_child_nodes(node):
            yield from inside(child)


def rename(text: str, old: str, new: str) -> str:
    """The text with another name for a class or function.

    Raises:
        EditError: the new name occurs in it already.
    """
    lines, before = text.split("\n"), ""
    found: list[tuple[int, int]] = []
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.NAME and token.string == new:
            raise EditError(msg("'{name}' exists already. Choose another name.", name=new))
        if token.type == tokenize.NAME and token.string == old and before != ".":
            found.append(token.start)
        before = token.string
    for row, column in reversed(found):
        line = lines[row - 1]
        lines[row - 1] = line[:column] + new + line[column + len(old) :]
    return "\n".join(lines)
