"""Writes the strips of digits that ship: three to five handwritten digits beside each other (`python tools/make_strips.py`).

The digits are those of resources/datasets/digits, shuffled and put in a row with random gaps. The strips are in an order: those
of the first 70 % are made of 70 % of the digits, those of the next 10 % of another 10 %, and the rest of the rest. So an ordered
split tests with digits that were never seen. The same each time.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

DATASETS = Path(__file__).resolve().parent.parent / "resources" / "datasets"
FOLDER = DATASETS / "strips"
NOTE = """Strips of three to five handwritten digits: strips.npz

Put together by tools/make_strips.py from the digits in ../digits (see ../digits/SOURCE.txt: Optical Recognition of
Handwritten Digits, E. Alpaydin and C. Kaynak, 1998, UCI Machine Learning Repository, CC BY 4.0).
Licence    Creative Commons Attribution 4.0 International (CC BY 4.0), https://creativecommons.org/licenses/by/4.0/

strips.npz  input   2000 x 1 x 8 x 56, uint8: 0 is paper and 255 is ink
            target  2000 x 5, uint8: the digits from left to right, then 10 for no digit
Changed     several digits in an image, with random gaps between them; the scale and the file format.
"""
COUNT, HEIGHT, WIDTH = 2000, 8, 56
FEWEST, MOST, NOTHING = 3, 5, 10
ENDS = (0.7, 0.8, 1.0)  # of the parts for training, validation and test


def strip(images: np.ndarray, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Some of the images beside each other, and which: numbers into `images`."""
    chosen = random.integers(len(images), size=random.integers(FEWEST, MOST + 1))
    free = WIDTH - HEIGHT * len(chosen)
    gaps = random.multinomial(free, np.full(len(chosen) + 1, 1 / (len(chosen) + 1)))
    picture = np.zeros((HEIGHT, WIDTH))
    for place, image in enumerate(chosen):
        left = gaps[: place + 1].sum() + HEIGHT * place
        picture[:, left : left + HEIGHT] = images[image]
    return picture, chosen


def strips(images: np.ndarray, labels: np.ndarray) -> dict[str, np.ndarray]:
    """All of them, and their digits."""
    random = np.random.default_rng(0)
    order = random.permutation(len(images))
    images, labels = images[order], labels[order]
    pictures, targets = np.zeros((COUNT, 1, HEIGHT, WIDTH), np.uint8), np.full((COUNT, MOST), NOTHING, np.uint8)
    for begin, end in zip((0.0, *ENDS), ENDS, strict=False):
        pool = slice(round(begin * len(images)), round(end * len(images)))
        for number in range(round(begin * COUNT), round(end * COUNT)):
            picture, chosen = strip(images[pool], random)
            pictures[number, 0] = np.round(255 * picture)
            targets[number, : len(chosen)] = labels[pool][chosen]
    return {"input": pictures, "target": targets}


def main() -> None:
    """Write the file again."""
    FOLDER.mkdir(exist_ok=True)
    digits = np.load(DATASETS / "digits" / "digits.npz")
    found = strips(digits["image"].astype(np.float64), digits["label"])
    np.savez_compressed(FOLDER / "strips.npz", input=found["input"], target=found["target"])
    (FOLDER / "SOURCE.txt").write_text(NOTE, "utf-8")


if __name__ == "__main__":
    main()
