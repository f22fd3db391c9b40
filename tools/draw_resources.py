"""Writes the drawings that ship: the famous architectures and the ready blocks (`python tools/draw_resources.py`)."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def main() -> None:
    """Draw every file of the two folders again."""
    sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
    import architectures
    import ready_blocks
    from graph import files

    for folder, drawings in (("architectures", architectures.DRAW), ("blocks", ready_blocks.DRAW)):
        for name, draw in drawings.items():
            path = ROOT / "resources" / folder / f"{name}{files.SUFFIX}"
            path.write_text(files.to_text(draw()), "utf-8")


if __name__ == "__main__":
    main()
