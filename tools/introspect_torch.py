"""Writes what the optimizers and schedulers of the installed PyTorch take (`python tools/introspect_torch.py`)."""

from __future__ import annotations

import inspect
import json
from pathlib import Path
from typing import Any

TARGET = Path(__file__).resolve().parent.parent / "resources" / "torch_optim.json"


def signatures() -> dict[str, dict[str, Any]]:
    """The parameters of every class, with their defaults; null where there is none, or it is None."""
    import torch
    from torch.optim.lr_scheduler import LRScheduler

    homes = ((torch.optim, torch.optim.Optimizer), (torch.optim.lr_scheduler, LRScheduler))
    return {
        f"{home.__name__}.{name}": _parameters(found)
        for home, base in homes
        for name, found in sorted(vars(home).items())
        if inspect.isclass(found) and issubclass(found, base) and found is not base and not name.startswith("_")
    }


def _parameters(of: type) -> dict[str, Any]:
    parameters = [*inspect.signature(of).parameters.values()][1:]
    return {p.name: None if p.default is p.empty else _plain(p.default) for p in parameters}


def _plain(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value


if __name__ == "__main__":
    TARGET.write_text(json.dumps(signatures(), indent=1) + "\n", "utf-8")
