"""How many random cases a test tries: a part of them in `make test`, all in `make test-all`."""

from __future__ import annotations

import os

ALL = os.environ.get("LAYERLOOM_TESTS") == "all"
SHARE = 4


def many(count: int) -> int:
    """So many in `make test-all`, and a quarter of that else."""
    return count if ALL else max(1, count // SHARE)
