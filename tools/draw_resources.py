"""Writes the drawings that ship: the famous architectures, the ready blocks and some examples (`python tools/draw_resources.py`)."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def main() -> None:
    """Draw every file again that is drawn by a program."""
    sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
    import architectures
    import example_drawings
    import gallery_compare
    import gallery_gans
    import gallery_generative
    import gallery_pairs
    import gallery_texts
    import gallery_vision
    import gallery_words
    import ready_blocks
    from graph import files

    galleries = (
        example_drawings,
        gallery_compare,
        gallery_vision,
        gallery_texts,
        gallery_generative,
        gallery_gans,
        gallery_words,
        gallery_pairs,
    )
    drawn = {name: draw for gallery in galleries for name, draw in gallery.DRAW.items()}
    folders = {"architectures": architectures.DRAW, "blocks": ready_blocks.DRAW, "examples": drawn}
    for folder, drawings in folders.items():
        for name, draw in drawings.items():
            path = ROOT / "resources" / folder / f"{name}{files.SUFFIX}"
            path.write_text(files.to_text(draw()), "utf-8")


if __name__ == "__main__":
    main()
