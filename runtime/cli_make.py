"""The verb `generate` for networks that make pictures or points of noise."""

from __future__ import annotations

import json
from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graph.atomic import explain
from graph.messages import FileError, RunError, msg, tr
from runtime import cli_text
from runtime.trying import NOISE, CodeEntry, Pictures, Points, Way, answer, describe, fresh_noise

if TYPE_CHECKING:
    import numpy as np

    from runtime.predict import Trained

SAMPLES = 16  # if nothing else is wished
SCALE, GAP = 4, 2  # pixels of a picture for one of the network, and between two pictures


def way_of(trained: Trained) -> Way | None:
    """How the network makes something of noise alone; None where it does not."""
    return next((way for way in describe(trained).ways if way.kind == NOISE), None)


def make_samples(trained: Trained, way: Way, args: Namespace) -> int:
    """Print the points that a network makes, or write its pictures side by side into a file."""
    import numpy as np

    if not all(isinstance(entry, CodeEntry) for entry in way.entries):
        raise RunError(msg("This network needs more than noise ('{name}'). Try it in the window.", name=way.at))
    count = args.count or SAMPLES
    noise = {
        entry.key: fresh_noise(entry, count, args.seed + number)
        for number, entry in enumerate(way.entries)
        if isinstance(entry, CodeEntry)
    }
    found = answer(trained, way, way.forms[0], noise, seed=args.seed)
    if isinstance(found, Pictures):
        if args.output is None:
            raise RunError(msg("This network makes pictures. Say where to write them: --output samples.png."))
        _write(side_by_side(np.stack(found.images)), args.output)
        _tell(args, {"file": str(args.output), "count": count}, tr("Written to {file}.", file=args.output))
    elif isinstance(found, Points):
        rows = found.points.tolist()
        table = cli_text.table(["x", "y"], [[f"{value:.6g}" for value in row] for row in rows], right=range(2))
        _tell(args, {"points": rows}, table)
    else:
        raise RunError(
            msg("What this network makes is neither pictures nor points. Export it as a Python project, and ask that.")
        )
    return 0


def side_by_side(images: np.ndarray) -> np.ndarray:
    """N × height × width (× 3) in 0..1 as one picture of bytes, in rows of about as many as there are rows."""
    import numpy as np

    large = images.clip(0, 1).repeat(SCALE, 1).repeat(SCALE, 2)
    columns = int(np.ceil(np.sqrt(len(large))))
    rows = -(-len(large) // columns)
    height, width = (side + GAP for side in large.shape[1:3])
    whole = np.ones((rows * height + GAP, columns * width + GAP, *large.shape[3:]), np.float32)
    for number, image in enumerate(large):
        top, left = GAP + number // columns * height, GAP + number % columns * width
        whole[top : top + image.shape[0], left : left + image.shape[1]] = image
    return (whole * 255).round().astype(np.uint8)


def _write(pixels: np.ndarray, path: Path) -> None:
    from PIL import Image

    try:
        Image.fromarray(pixels).save(path)
    except (OSError, ValueError) as error:
        raise FileError(
            msg("'{file}' could not be written: {reason}. Give a file such as samples.png in a folder that exists.",
                file=path, reason=explain(error) if isinstance(error, OSError) else error)
        ) from error  # fmt: skip


def _tell(args: Namespace, record: dict[str, Any], text: str) -> None:
    print(json.dumps({"event": "Made", **record}, ensure_ascii=False) if args.json else text)
