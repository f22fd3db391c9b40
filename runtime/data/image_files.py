"""Picture files: what can be known of many of them without decoding them, and the store that decodes those it is asked for."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import starmap
from pathlib import Path
from typing import NamedTuple

import numpy as np

from graph.messages import DataError, Message, msg
from runtime.data.image_headers import Header
from runtime.data.image_pixels import Form, Size, decode, read_header
from runtime.data.records import Arrays, Loaded, Output
from runtime.data.rows import cached
from runtime.data.sources import check_size, fingerprint, reading
from runtime.data.tables_pieces import Faults

HEAD, TAIL = 8192, 4096  # bytes of a file that are looked at; a smaller file is looked at whole
CACHED_FROM = 2000  # files
AT_A_TIME = 256  # files for a thread
LARGE_SIDE, USUAL_SIZE = 256, (224, 224)  # what is larger is brought to the size that most networks for pictures take
_FORMAT = 1  # of the cache
_DIGEST = 16  # bytes

_TRAILERS = {b"\x89PNG": b"IEND\xaeB`\x82", b"\xff\xd8": b"\xff\xd9", b"GIF8": b";"}  # how files end, by how they begin


@dataclass(frozen=True, eq=False, slots=True)
class Listing:
    """Files of pictures, seen from `root`, each with the index of its class; `groups` and `parts` as in `Loaded`.

    `fingerprint` is that of what lists them, `faults` has what was not found at all, `notes` is what else is worth knowing.
    """

    root: Path
    names: tuple[str, ...]
    labels: np.ndarray
    classes: tuple[str, ...]
    groups: np.ndarray | None = None
    parts: np.ndarray | None = None
    fingerprint: str = ""
    faults: Faults = field(default_factory=Faults)
    notes: tuple[Message, ...] = ()


@dataclass(frozen=True, eq=False, slots=True)
class FileStore:
    """Picture files, decoded when they are asked for and brought to one form; C × H × W is `shape`."""

    root: Path
    names: tuple[str, ...]
    labels: np.ndarray
    shape: tuple[int, int, int]
    form: Form

    @property
    def count(self) -> int:
        """Number of pictures."""
        return len(self.names)

    @property
    def nbytes(self) -> int:
        """Bytes of the pictures and labels as tensors."""
        return self.count * (int(np.prod(self.shape)) * 4 + 8)

    def read(self, rows: np.ndarray) -> Arrays:
        """The pictures of these numbers.

        Raises:
            DataError: a file is gone, damaged, or no longer what it was; the message names it.
        """
        images = np.empty((len(rows), *self.shape), np.float32)
        for place, row in enumerate(rows.tolist()):
            path = self.root / self.names[row]
            pixels = self.form.apply(decode(read_content(path), path))
            if pixels.shape != self.shape:
                raise DataError(
                    msg("'{file}' is another picture than when the data was read. Read it again.", file=path)
                )
            images[place] = pixels
        return {"image": images, "label": self.labels[rows]}


def read_content(path: Path) -> bytes:
    """The bytes of a file.

    Raises:
        DataError: it cannot be read, is empty, or is too large.
    """
    with reading(path), open(path, "rb", buffering=0) as stream:  # many small files: each is read by one call
        if not (size := os.fstat(stream.fileno()).st_size):
            raise DataError(msg("'{file}' is empty. Choose a file with data in it.", file=path))
        check_size(path, size)
        return stream.read()


def load_files(title: str, listing: Listing, form: Form, *, skip: bool) -> Loaded:
    """What there is in files of pictures.

    Only the first and last bytes of each are read, so that 100,000 are known in seconds; with `skip` each is decoded once, as
    that alone finds every damage. The fingerprint covers names, sizes and those bytes, and no times, so that a copy has the
    same; small files are covered whole, and of a large one that is compressed a change in the middle nearly always reaches
    its size or its end, where a PNG has the checksum of all its pixels.

    Raises:
        DataError: a picture is damaged, of another size or too large, and nothing is to be skipped; or none is left.
    """
    found = _examined(listing, skip)
    faults = listing.faults
    for row in sorted(found.broken):
        faults.add(found.broken[row])
    good = np.array([row for row in range(len(listing.names)) if row not in found.broken], dtype=np.int64)
    size = form.size or _common_size(listing, found, good, faults)
    if form.size is None:
        good = good[(found.headers[good, 1:] == size).all(axis=1)]
    if not len(good):
        raise DataError(
            msg(
                "No picture of '{folder}' can be read. Look at these files, or choose another folder.",
                folder=listing.root,
            )
        )
    channels = form.channels or int(found.headers[good, 0].max())
    shape = (channels, *size)
    check_size(listing.root, 4 * int(np.prod([float(n) for n in shape])))
    labels = listing.labels[good]
    return Loaded(
        title=title,
        fingerprint=_fingerprint(listing, found),
        store=FileStore(
            listing.root,
            tuple(listing.names[row] for row in good.tolist()),
            labels,
            shape,
            replace(form, channels=channels),
        ),
        outputs={"image": Output(shape, "float32"), "label": Output((), "int64", len(listing.classes))},
        classes=listing.classes,
        labels=labels,
        groups=None if listing.groups is None else listing.groups[good],
        parts=None if listing.parts is None else listing.parts[good],
        broken=faults.told(),
        skipped=faults.count,
        notes=listing.notes,
    )


def _common_size(listing: Listing, found: Examined, good: np.ndarray, faults: Faults) -> Size:
    """The size that most pictures have; the others are faults."""
    if not len(good):
        return 0, 0
    sizes, firsts, counts = np.unique(found.headers[good, 1:], axis=0, return_index=True, return_counts=True)
    place = np.lexsort((firsts, -counts))[0]
    height, width = wanted = tuple(sizes[place].tolist())
    first = Path(listing.names[good[firsts[place]]]).name
    for row in good[(found.headers[good, 1:] != wanted).any(axis=1)].tolist():
        faults.add(
            msg(
                "'{file}' has {found} pixels, but '{first}' has {wanted}. Set 'image_size' to give all one size.",
                file=listing.root / listing.names[row],
                found=_times(found.headers[row, 1:].tolist()),
                first=first,
                wanted=_times(wanted),
            ),
            ("image_size", wanted if max(wanted) <= LARGE_SIDE else USUAL_SIZE),
        )
    return height, width


def _times(size: Sequence[int]) -> str:
    return f"{size[0]} × {size[1]}"


def _fingerprint(listing: Listing, found: Examined) -> str:
    named = zip(listing.names, found.digests, strict=True)
    return fingerprint(
        (listing.fingerprint.encode(), *(f"{name} {bytes(digest).hex()}\n".encode() for name, digest in named))
    )


# ---- a look at every file


class Examined(NamedTuple):
    """Of each file channels, height and width (0 where it is broken) and a digest of its ends; what is wrong by number."""

    headers: np.ndarray
    digests: np.ndarray
    broken: Mapping[int, Message]


def _examined(listing: Listing, skip: bool) -> Examined:
    """A look at every file; of many, what it found is kept until one of them changes."""
    if len(listing.names) < CACHED_FROM:
        return _examine_all(listing, skip)
    states, root = hashlib.sha256(), str(listing.root)
    with reading(listing.root):
        for name in listing.names:
            state = os.stat(os.path.join(root, name))
            states.update(f"{name} {state.st_size} {state.st_mtime_ns}\n".encode())
    with cached(json.dumps([_FORMAT, str(listing.root.resolve()), states.hexdigest(), skip])) as folder:
        if (known := _recall(folder, len(listing.names))) is None:
            known = _examine_all(listing, skip)
            _keep(folder, known)
        return known


def _keep(folder: Path, found: Examined) -> None:
    told = [[message.text, dict(message.values)] for message in found.broken.values()]
    (folder / "broken.json").write_text(json.dumps([list(found.broken), told], default=str), "utf-8")
    unfinished = folder / "unfinished.npy"
    np.save(unfinished, np.concatenate([found.headers.astype("<i4").view(np.uint8), found.digests], axis=1))
    unfinished.replace(folder / "files.npy")


def _recall(folder: Path, count: int) -> Examined | None:
    try:
        rows = np.load(folder / "files.npy", allow_pickle=False)
        broken, told = json.loads((folder / "broken.json").read_text("utf-8"))
    except (OSError, ValueError):
        return None
    if rows.shape != (count, 3 * 4 + _DIGEST) or rows.dtype != np.uint8:
        return None
    headers = np.ascontiguousarray(rows[:, : 3 * 4]).view("<i4")
    return Examined(headers, rows[:, 3 * 4 :], dict(zip(broken, starmap(Message, told), strict=True)))


def _examine_all(listing: Listing, skip: bool) -> Examined:
    count = len(listing.names)
    headers, digests = np.zeros((count, 3), np.int32), np.zeros((count, _DIGEST), np.uint8)
    broken: dict[int, Message] = {}
    root = str(listing.root)

    def examine(start: int) -> None:
        for row in range(start, min(start + AT_A_TIME, count)):
            try:
                headers[row], digest = _examine(os.path.join(root, listing.names[row]), decoded=skip)
                digests[row] = np.frombuffer(digest, np.uint8)
            except DataError as error:
                if not skip:
                    raise
                broken[row] = error.message

    with ThreadPoolExecutor(min(8, os.cpu_count() or 1) if skip else 1) as threads:  # only decoders run side by side
        for _ in threads.map(examine, range(0, count, AT_A_TIME)):
            pass
    return Examined(headers, digests, broken)


def _examine(name: str, *, decoded: bool) -> tuple[Header, bytes]:
    """What a picture is, and a digest of the ends of its file. What looks cut off is decoded, to be sure."""
    path = Path(name)
    with reading(path):
        head, tail, size = _ends(name)
        check_size(path, size)
    whole = size <= len(head)
    digest = hashlib.blake2b(b"%d " % size + head + (b"" if whole else tail), digest_size=_DIGEST).digest()
    if decoded or not _looks_whole(head, tail, size):
        return Header(*decode(head if whole else read_content(path), path).shape), digest
    header = read_header(head, path, whole=whole)
    return header or _full_header(path), digest


def _ends(name: str) -> tuple[bytes, bytes, int]:
    """The first and the last bytes of a file, and its size."""
    file = os.open(name, os.O_RDONLY | getattr(os, "O_BINARY", 0))
    try:
        size = os.fstat(file).st_size
        head = os.read(file, HEAD)
        if size <= len(head):
            return head, head, size
        os.lseek(file, -TAIL, os.SEEK_END)
        return head, os.read(file, TAIL), size
    finally:
        os.close(file)


def _full_header(path: Path) -> Header:
    header = read_header(read_content(path), path, whole=True)
    assert header is not None
    return header


def _looks_whole(head: bytes, tail: bytes, size: int) -> bool:
    if head.startswith(b"BM"):
        return int.from_bytes(head[2:6], "little") <= size
    if head.startswith(b"RIFF"):
        return int.from_bytes(head[4:8], "little") + 8 <= size
    return any(head.startswith(begin) and tail.endswith(end) for begin, end in _TRAILERS.items())
