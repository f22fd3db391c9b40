"""Where something is written: the innermost line that is neither torch's nor the importer's."""

from __future__ import annotations

import sys
from pathlib import Path

import torch
from torch import nn

from runtime.importer.apart_watch import is_theirs
from runtime.importer.recording import Place

_OWN = (str(Path(torch.__file__).parent), str(Path(__file__).parent), "<frozen")
_TRACING = str(Path(__file__).with_name("tracing.py"))


def forward_of(module: nn.Module) -> Place | None:
    """Where the `forward` of a module begins."""
    code = getattr(module.forward, "__code__", None)
    return Place(code.co_filename, code.co_firstlineno) if code is not None else None


def place_of(error: BaseException) -> Place | None:
    """The line that an error comes from: rather one of the person's own than one of a package that it uses."""
    found: list[Place] = []
    trail = error.__traceback__
    while trail is not None:
        file = trail.tb_frame.f_code.co_filename
        if not file.startswith(_OWN):
            found.append(Place(file, trail.tb_lineno))
        trail = trail.tb_next
    own = [place for place in found if is_theirs(place.file)]
    return (own or found or [None])[-1]


def place_now() -> Place | None:
    """The line that runs now."""
    frame = sys._getframe(1)
    while frame is not None:
        file = frame.f_code.co_filename
        if not file.startswith(_OWN):
            return Place(file, frame.f_lineno)
        if file == _TRACING and frame.f_code.co_name == "run":
            return None
        frame = frame.f_back
    return None
