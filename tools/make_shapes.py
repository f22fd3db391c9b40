"""Writes the made-up pairs of images that ship: outlines, and the same shapes in color (`python tools/make_shapes.py`).

Every kind of shape has a color of its own, and is lighter towards the upper left. The same each time.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

FOLDER = Path(__file__).resolve().parent.parent / "resources" / "datasets" / "shapes"
NOTE = (
    "Shapes in outline and in color: shapes.npz\n\n"
    "Made up by tools/make_shapes.py: nobody drew them.\nLicence: MIT, as Layerloom.\n"
)
COUNT, SIZE = 1000, 32
APART = 11  # pixels at least between the middles of two shapes: the upper one hides little of the other
COLORS = np.array([(0.93, 0.33, 0.31), (0.26, 0.63, 0.28), (0.26, 0.52, 0.96)])  # of a disc, a square, a triangle
GROUND = np.array((0.12, 0.13, 0.20))


def distances(kind: int, x: np.ndarray, y: np.ndarray, radius: float) -> np.ndarray:
    """How far each pixel is outside the rim of a shape around (0, 0); negative inside."""
    if kind == 0:
        return np.hypot(x, y) - radius
    if kind == 1:
        return np.maximum(abs(x), abs(y)) - 0.85 * radius
    angles = np.pi / 2 + 2 * np.pi / 3 * np.arange(3)  # of the normals of the sides
    return np.max([x * np.cos(a) + y * np.sin(a) for a in angles], axis=0) - 0.6 * radius


def middles(random: np.random.Generator) -> np.ndarray:
    """Where two shapes lie: 2 × (column, row)."""
    while True:
        places = random.uniform(9, SIZE - 9, (2, 2))
        if np.hypot(*(places[0] - places[1])) >= APART:
            return places


def pair(random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """An outline (1 × H × W) and the picture in color (3 × H × W), both from 0 to 1; what is drawn later lies above."""
    rows, columns = np.mgrid[:SIZE, :SIZE] + 0.5
    outline, picture = np.zeros((SIZE, SIZE)), np.broadcast_to(GROUND[:, None, None], (3, SIZE, SIZE))
    for left, top in middles(random):
        kind, radius, turn = random.integers(3), random.uniform(6, 9), random.uniform(0, 2 * np.pi)
        x, y = columns - left, rows - top
        turned = x * np.cos(turn) + y * np.sin(turn), y * np.cos(turn) - x * np.sin(turn)
        far = distances(int(kind), *turned, radius)
        inside = np.clip(0.5 - far, 0, 1)
        light = np.clip(0.8 - (x + y) / (4 * radius), 0.4, 1.2)
        picture = picture * (1 - inside) + np.clip(COLORS[kind][:, None, None] * light, 0, 1) * inside
        outline = outline * (1 - inside)
        outline = np.maximum(outline, np.clip(1 - abs(far), 0, 1))
    return outline[None], picture


def pairs() -> dict[str, np.ndarray]:
    """All of them: outlines N × 1 × H × W in bytes, pictures N × 3 × H × W in steps of 1/63."""
    random = np.random.default_rng(0)
    outlines, pictures = zip(*(pair(random) for _ in range(COUNT)), strict=True)
    colors = np.round(np.stack(pictures) * 63) / 63
    return {"input": np.round(np.stack(outlines) * 255).astype(np.uint8), "target": colors.astype(np.float16)}


def main() -> None:
    """Write the file again."""
    FOLDER.mkdir(exist_ok=True)
    found = pairs()
    np.savez_compressed(FOLDER / "shapes.npz", input=found["input"], target=found["target"])
    (FOLDER / "SOURCE.txt").write_text(NOTE, "utf-8")


if __name__ == "__main__":
    main()
