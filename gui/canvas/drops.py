"""What can be dropped on the canvas: node types of the library, drawings, files of data or weights; and what becomes of them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtCore import QMimeData, QPointF, QRectF, QSizeF

from graph.catalog import NodeType
from graph.files import SUFFIX
from graph.messages import Message, msg
from gui.canvas.adding import Adder, blocks_in_files
from gui.canvas.dropped_texts import text_type
from gui.canvas.geometry import HEIGHT, WIDTH
from gui.canvas.inserting import Inserter
from gui.panels.fields import portable_path
from gui.panels.type_list import NODE_TYPE_MIME
from gui.shelf import with_ports
from runtime.importer.weights_reading import SUFFIXES

if TYPE_CHECKING:
    from gui.canvas.view import CanvasView

IMAGES, TABLE, ARRAYS = (f"layerloom.data.{name}" for name in ("Images", "Table", "Arrays"))
BY_SUFFIX = {".csv": TABLE, ".tsv": TABLE, ".parquet": TABLE, ".npz": ARRAYS, ".npy": ARRAYS, ".bin": IMAGES}
PICTURES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp"})
WEIGHTS, NETWORK = (
    "weights",
    "network",
)  # what files become that are no node: weights, or a drawing made of what is in them
NETWORKS = frozenset({".onnx", ".py"})
STACK = 24.0  # canvas units between the nodes of files that are dropped together
_LINE = 2**16  # characters
_FILES = 1000  # of a folder that are looked at
_ARRAYS_OF_IMAGES = frozenset({"image", "images"})
_HINT_BELOW = 28.0  # pixels from the cursor to what is said about the drop


class DroppedFile(NamedTuple):
    """A file that is dragged. `type_id` is the data node that it becomes; empty for a drawing, `WEIGHTS` or `NETWORK`, None if it
    is of no use."""

    path: Path
    type_id: str | None


def dropped_files(mime: QMimeData) -> list[DroppedFile]:
    """The files on this computer that are dragged, each with what becomes of it."""
    paths = [Path(url.toLocalFile()) for url in mime.urls() if url.isLocalFile()]
    return [DroppedFile(path, _type_for(path)) for path in paths]


def drawings_in(mime: QMimeData) -> list[Path]:
    """The drawings among the files that were copied or are dragged."""
    return [file.path for file in dropped_files(mime) if file.type_id == ""]


def refusal(files: Sequence[DroppedFile]) -> Message | None:
    """Why some of the files are of no use, and what is; None if all are."""
    useless = [file.path for file in files if file.type_id is None]
    if not useless:
        return None
    names = ", ".join(path.name for path in useless)
    if all(path.suffix.lower() in PICTURES for path in useless):
        return msg(
            "A single picture is no data set: {files}. Drop the folder that has one folder of pictures for each class.",
            files=names,
        )
    return msg(
        "Layerloom cannot use {files}. Drop a drawing (.layerloom), a table (.csv, .parquet), arrays (.npz, .npy), "
        "a folder of pictures, images of MNIST or CIFAR (.bin), texts (.txt, .tsv, .conll), weights (.safetensors, .pt), "
        "or a network (.onnx, .py).",
        files=names,
    )


class Drops:
    """Follows what is dragged over the view, says what would happen, and does it. Points are in canvas units."""

    def __init__(self, view: CanvasView, adder: Adder) -> None:
        self._view, self._adder = view, adder
        self._inserter = Inserter(view)
        self._type: NodeType | None = None
        self._type_id = ""
        self._files: list[DroppedFile] = []

    def enter(self, mime: QMimeData) -> bool:
        """Something is dragged into the view; whether it can be dropped here."""
        self.leave()
        if mime.hasFormat(NODE_TYPE_MIME):
            self._type_id = bytes(mime.data(NODE_TYPE_MIME).data()).decode("utf-8", "replace")
            self._type = self._known_type(self._type_id)
        self._files = dropped_files(mime)
        return bool(self._type_id or self._files)

    def move(self, point: QPointF) -> None:
        """It is over this point now."""
        if self._type is not None:
            body = QRectF(QPointF(), QSizeF(WIDTH, HEIGHT))
            body.moveCenter(point)
            self._inserter.aim(self._type, body)
        if self._files:
            at = self._view.in_sight(point + QPointF(0, _HINT_BELOW / self._view.zoom))
            reason, pill = refusal(self._files), self._view.scene().pill
            (pill.show_hint if reason is None else pill.show_refusal)(str(reason or self._promise()), at)

    def leave(self) -> None:
        """It is dragged elsewhere, or was dropped."""
        self._inserter.clear()
        self._view.scene().pill.setVisible(False)
        self._type, self._type_id, self._files = None, "", []

    def drop(self, point: QPointF) -> bool:
        """It is let go at this point; whether anything came of it."""
        type_id, files, place = self._type_id, self._files, self._inserter.place
        self.leave()
        if type_id:
            if not self._view.editor.can_add(type_id):
                return False
            if place is not None:
                self._adder.add_into(type_id, place, point)
            else:
                self._adder.add_at(type_id, point)
            return True
        return self._take_files(files, point)

    def _take_files(self, files: list[DroppedFile], point: QPointF) -> bool:
        """Data belongs to the drawing of the network itself, whatever is on the canvas."""
        step = object()
        data = [file for file in files if file.type_id not in ("", None, WEIGHTS, NETWORK)]
        if self._view.editor.scope is not None and data:
            self._view.editor.look_into(None)
            point = self._view.center()
        for number, file in enumerate(data):
            source = portable_path(file.path, self._view.editor.folder)
            at = point + QPointF(0, number * (HEIGHT + STACK))
            self._adder.add_at(file.type_id or "", at, params={"source": source}, merge=step)
        for file in files:
            if file.type_id in ("", WEIGHTS, NETWORK):
                self._view.file_dropped.emit(file.path)
        if (reason := refusal(files)) is not None:
            self._view.editor.refused.emit(reason)
        return any(file.type_id is not None for file in files)

    def _promise(self) -> Message:
        """What happens if the files are let go."""
        drawings = [file.path.name for file in self._files if file.type_id == ""]
        if drawings:
            return msg("Let go to open {files}", files=", ".join(drawings))
        for kind, promise in (
            (NETWORK, msg("Let go to make a drawing of {files}")),
            (WEIGHTS, msg("Let go to import the weights of {files}")),
        ):
            if names := ", ".join(file.path.name for file in self._files if file.type_id == kind):
                return replace(promise, values={"files": names})
        labels = {file.type_id: self._view.editor.catalog[file.type_id or ""].label for file in self._files}
        names = ", ".join(file.path.name for file in self._files)
        return msg("Let go to add {types} for {files}", types=", ".join(labels.values()), files=names)

    def _known_type(self, type_id: str) -> NodeType | None:
        if (known := self._view.editor.catalog.get(type_id)) is not None:
            return known
        found = next((t for t in blocks_in_files() if t.id == type_id), None)
        return None if found is None else with_ports(found)


def _type_for(path: Path) -> str | None:
    """The type of data node for a file or folder; empty for a drawing, None for anything else."""
    if path.is_dir():
        return IMAGES if _has_pictures(path) else text_type(path) or IMAGES
    suffix = path.suffix.lower()
    if suffix == SUFFIX:
        return ""
    if suffix in NETWORKS:
        return NETWORK
    if suffix in SUFFIXES and suffix != ".bin":  # which is images of MNIST or CIFAR more often
        return WEIGHTS
    holds_images = _HOLD_IMAGES.get(suffix, _is_idx)
    return IMAGES if holds_images(path) else text_type(path) or BY_SUFFIX.get(suffix)


def _has_pictures(folder: Path) -> bool:
    """Whether a picture is among the first files of a folder and the folders in it."""
    try:
        return any(file.suffix.lower() in PICTURES for file in islice(folder.rglob("*"), _FILES))
    except OSError:
        return False


def _is_idx(path: Path) -> bool:
    """Whether a file is called as those of MNIST are."""
    from runtime.data.image_binary import is_idx

    return is_idx(path)


def _lists_images(path: Path) -> bool:
    """Whether a table names a picture below its first line."""
    try:
        with path.open(encoding="utf-8", errors="replace") as lines:
            _, second = lines.readline(_LINE), lines.readline(_LINE)
    except OSError:
        return False
    return any(Path(cell.strip().strip('"')).suffix.lower() in PICTURES for cell in re.split("[,;\t]", second))


def _holds_images(path: Path) -> bool:
    """Whether an .npz file has an array called image."""
    import zipfile

    try:
        with zipfile.ZipFile(path) as archive:
            names = {name.removesuffix(".npy").lower() for name in archive.namelist()}
    except (OSError, zipfile.BadZipFile):
        return False
    return bool(names & _ARRAYS_OF_IMAGES)


_HOLD_IMAGES = {".npz": _holds_images, ".csv": _lists_images, ".tsv": _lists_images}
