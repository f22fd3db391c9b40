"""The verb `import`: weights onto a drawing; a module or an ONNX file as a drawing."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable, Mapping


def bring(args: Namespace) -> int:
    """Do what the first word asks for."""
    return _WAYS[args.way](args)


def _weights(args: Namespace) -> int:
    from runtime.cli_import_weights import import_weights

    return import_weights(args)


def _module(args: Namespace) -> int:
    from runtime.cli_import_module import import_module

    return import_module(args)


def _onnx(args: Namespace) -> int:
    from runtime.cli_import_onnx import import_onnx

    return import_onnx(args)


# Each imports what it needs when it is called. `runtime.importer.WAYS` names them for the grammar.
_WAYS: Mapping[str, Callable[[Namespace], int]] = {"weights": _weights, "module": _module, "onnx": _onnx}
