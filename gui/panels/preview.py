"""The first samples of a data set, read in the background and made into what a person can look at."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QSize, Qt
from PySide6.QtGui import QImage

from graph.messages import LayerloomError, Message, msg
from graph.model import Node, Project
from gui.figures import bytes_text
from gui.panels.data_facts import facts_of
from gui.thinker import Thinker
from runtime.data.records import MOST_BYTES, Choice, Look, MendableError, held_bytes

if TYPE_CHECKING:
    import numpy as np

THUMBNAIL = 44  # logical pixels
MOST_FRAMES = 64
SHARPNESS = 2  # pixels of a thumbnail to a logical pixel


@dataclass(frozen=True, slots=True)
class Preview:
    """What there is to look at; each picture is a tuple of its frames, one for a still.

    `trouble` is why there is nothing, and `choices` are the settings (parameter, value) that would pass over it.
    """

    found: Look = field(default_factory=Look)
    pictures: tuple[tuple[QImage, ...], ...] = ()
    trouble: Message | None = None
    choices: tuple[Choice, ...] = ()


class PreviewReader(Thinker):
    """Answers for the newest question only: `answered(Preview or Message)`."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__("preview", parent)

    def read(self, node: Node, folder: Path | None) -> None:
        """Begin to read the data of a data node."""
        self.begin(partial(read_preview, node, folder))

    def look(self, project: Project, folder: Path | None) -> None:
        """Begin to look at what training sees of the data."""
        self.begin(partial(read_augmented, project, folder))


def read_preview(node: Node, folder: Path | None) -> Preview | Message:
    """The first samples of a data node, or why there are none to see."""
    size = held_bytes(facts_of(node))
    if size > MOST_BYTES:
        return msg("The data is large ({size}): it is read when training starts.", size=bytes_text(size))
    try:
        from runtime.data import look

        return make_preview(look(node, folder))
    except MendableError as error:
        return Preview(trouble=error.message, choices=error.choices)
    except LayerloomError as error:
        return error.message


def read_augmented(project: Project, folder: Path | None) -> Preview | Message:
    """Training samples as they leave the last node of the data path, or why there are none to see."""
    try:
        from runtime.warmup import warm_up

        warm_up()
        from runtime.augmented import augmented

        return make_preview(Look(pictures=augmented(project, folder)))
    except LayerloomError as error:
        return error.message


def make_preview(found: Look) -> Preview:
    """What a person can look at of some data."""
    return Preview(found, tuple(map(to_frames, found.pictures)))


def to_frames(sample: np.ndarray) -> tuple[QImage, ...]:
    """Height × width (× 3) in 0..1 as one thumbnail; frames × height × width (× 3) as several."""
    is_still = sample.ndim == 2 or (sample.ndim == 3 and sample.shape[2] == 3)
    return tuple(map(to_image, [sample] if is_still else sample[:MOST_FRAMES]))


def to_image(sample: np.ndarray) -> QImage:
    """Height × width (× 3) in 0..1 as a thumbnail."""
    import numpy as np

    pixels = np.ascontiguousarray((sample * 255).clip(0, 255).round().astype(np.uint8))
    height, width, *channels = pixels.shape
    layout = QImage.Format.Format_RGB888 if channels else QImage.Format.Format_Grayscale8
    image = QImage(pixels.data, width, height, pixels.strides[0], layout).copy()
    side = THUMBNAIL * SHARPNESS
    small = max(width, height) < side
    how = Qt.TransformationMode.FastTransformation if small else Qt.TransformationMode.SmoothTransformation
    return image.scaled(QSize(side, side), Qt.AspectRatioMode.KeepAspectRatio, how)
