"""The first samples of a data set, read in the background and made into what a person can look at."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QSize, Qt, Signal
from PySide6.QtGui import QImage

from graph.messages import LayerloomError, Message, msg
from graph.model import Node
from gui.figures import bytes_text, figure
from gui.panels.data_facts import data_bytes, facts_of

if TYPE_CHECKING:
    import numpy as np

    from runtime.data import Loaded

IMAGES, ROWS = 24, 12  # how many samples are shown
THUMBNAIL = 44  # logical pixels
SHARPNESS = 2  # pixels of a thumbnail to a logical pixel
MOST_BYTES = 512 * 2**20  # larger data is not read for a look only


@dataclass(frozen=True, slots=True)
class Preview:
    """Pictures with captions, or rows under a header; and how many samples each class has."""

    images: tuple[QImage, ...] = ()
    captions: tuple[str, ...] = ()
    header: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    counts: tuple[tuple[str, int], ...] = ()


class PreviewReader(QObject):
    """Reads in threads of its own and answers for the newest question only: `answered(Preview or Message)`."""

    answered = Signal(object)
    _done = Signal(int, object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._number = 0
        self._done.connect(self._on_done)

    def read(self, node: Node, folder: Path | None) -> None:
        """Begin to read the data of a data node."""
        self._number += 1
        work = _Work(self._number, node, folder)
        work.done.connect(self._done)
        threading.Thread(target=work.run, name="layerloom-preview", daemon=True).start()

    def _on_done(self, number: int, answer: object) -> None:
        if number == self._number:
            self.answered.emit(answer)


class _Work(QObject):
    """One reading. It belongs to its thread, so that the answer finds nobody if the reader is gone by then."""

    done = Signal(int, object)

    def __init__(self, number: int, node: Node, folder: Path | None) -> None:
        super().__init__()
        self._request = (node, folder)
        self._number = number

    def run(self) -> None:
        """Read and answer."""
        self.done.emit(self._number, read_preview(*self._request))


def read_preview(node: Node, folder: Path | None) -> Preview | Message:
    """The first samples of a data node, or why there are none to see."""
    size = data_bytes(facts_of(node))
    if size > MOST_BYTES:
        return msg("The data is large ({size}): it is read when training starts.", size=bytes_text(size))
    try:
        from runtime.data import load

        return make_preview(load(node, folder))
    except LayerloomError as error:
        return error.message


def make_preview(loaded: Loaded) -> Preview:
    """What a person can look at of some data."""
    (first, inputs), *rest = loaded.arrays.items()
    target_name, targets = rest[-1] if rest else ("", None)
    counts = _counts(loaded, targets)
    if inputs.ndim == 4 and inputs.shape[1] in (1, 3):
        images = tuple(to_image(sample) for sample in inputs[:IMAGES])
        return Preview(images=images, captions=_words(loaded, targets, len(images)), counts=counts)
    flat = inputs[:ROWS].reshape(min(ROWS, len(inputs)), -1)
    names = loaded.columns or tuple(f"{first} {number}" for number in range(flat.shape[1]))
    words = _words(loaded, targets, len(flat))
    rows = tuple((*map(_number, row), *words[n : n + 1]) for n, row in enumerate(flat.tolist()))
    return Preview(header=(*names, *([target_name] if words else [])), rows=rows, counts=counts)


def to_image(sample: np.ndarray) -> QImage:
    """Channels × height × width (1 or 3 channels; floats in 0..1, or bytes) as a thumbnail."""
    import numpy as np

    scale = 255.0 if sample.dtype.kind == "f" else 1.0
    pixels = np.ascontiguousarray((sample * scale).clip(0, 255).round().astype(np.uint8).transpose(1, 2, 0))
    height, width, channels = pixels.shape
    layout = QImage.Format.Format_RGB888 if channels == 3 else QImage.Format.Format_Grayscale8
    image = QImage(pixels.data, width, height, width * channels, layout).copy()
    side = THUMBNAIL * SHARPNESS
    small = max(width, height) < side
    how = Qt.TransformationMode.FastTransformation if small else Qt.TransformationMode.SmoothTransformation
    return image.scaled(QSize(side, side), Qt.AspectRatioMode.KeepAspectRatio, how)


def _words(loaded: Loaded, targets: np.ndarray | None, count: int) -> tuple[str, ...]:
    """The right answers of the first samples in words."""
    if targets is None:
        return ()
    shown = targets[:count].reshape(count, -1)[:, 0].tolist()
    word: Callable[[float], str] = (lambda value: loaded.classes[int(value)]) if loaded.classes else _number
    return tuple(word(value) for value in shown)


def _counts(loaded: Loaded, targets: np.ndarray | None) -> tuple[tuple[str, int], ...]:
    if not loaded.classes or targets is None:
        return ()
    import numpy as np

    counts = np.bincount(targets.reshape(-1), minlength=len(loaded.classes)).tolist()
    return tuple(zip(loaded.classes, counts, strict=True))


def _number(value: float) -> str:
    return str(int(value)) if float(value).is_integer() and abs(value) < 1e15 else figure(value)
