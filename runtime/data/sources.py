"""Where data comes from: the sets that ship with the application, and the person's files and folders."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from graph.messages import DataError, Message, msg

DATASETS = Path(__file__).resolve().parents[2] / "resources" / "datasets"
IMAGES, TABLE, ARRAYS = "layerloom.data.Images", "layerloom.data.Table", "layerloom.data.Arrays"
TEXT, LABELED = "layerloom.data.Text", "layerloom.data.LabeledTexts"
TAGGED, PAIRS = "layerloom.data.TaggedTexts", "layerloom.data.TextPairs"
POINTS, SERIES, SHAPES = "layerloom.data.Points", "layerloom.data.Series", "layerloom.data.Shapes"
PREFIX = "builtin:"

MAX_BYTES = 4 * 2**30  # of one source in memory
MAX_CLASSES = 1000


class Builtin(NamedTuple):
    """A set that ships with the application; its licence and source are written in SOURCE.txt beside the file."""

    node_type: str
    title: Message
    path: Path


BUILTINS = {
    "digits": Builtin(IMAGES, msg("Handwritten digits"), DATASETS / "digits" / "digits.npz"),
    "iris": Builtin(TABLE, msg("Iris flowers"), DATASETS / "iris" / "iris.csv"),
    "wine": Builtin(TABLE, msg("Wines of three cultivars"), DATASETS / "wine" / "wine.csv"),
    "breast_cancer": Builtin(TABLE, msg("Breast cancer diagnosis"), DATASETS / "breast_cancer" / "breast_cancer.csv"),
    "sonnets": Builtin(TEXT, msg("Sonnets of Shakespeare"), DATASETS / "sonnets" / "sonnets.txt"),
    "village": Builtin(TEXT, msg("Made-up sentences about a village"), DATASETS / "village" / "village.txt"),
    "reviews": Builtin(LABELED, msg("Made-up reviews"), DATASETS / "reviews" / "reviews.csv"),
    "tagged": Builtin(TAGGED, msg("Made-up sentences with parts of speech"), DATASETS / "tagged" / "tagged.txt"),
    "phrases": Builtin(PAIRS, msg("Made-up English sentences in German"), DATASETS / "phrases" / "phrases.tsv"),
    "dates": Builtin(PAIRS, msg("Dates in words and in figures"), DATASETS / "dates" / "dates.tsv"),
    "shapes": Builtin(ARRAYS, msg("Shapes in outline and in color"), DATASETS / "shapes" / "shapes.npz"),
    "strips": Builtin(ARRAYS, msg("Strips of handwritten digits"), DATASETS / "strips" / "strips.npz"),
    "diabetes": Builtin(TABLE, msg("Diabetes patients"), DATASETS / "diabetes" / "diabetes.csv"),
}


class Place(NamedTuple):
    """A source that was found. `title` is its file's name, or the English title of a built-in set; further relative paths
    of the node start from `folder`."""

    path: Path
    title: str
    folder: Path = Path()


def builtin_names(node_type: str) -> tuple[str, ...]:
    """The built-in sets for a type of data node, as its parameter `source` names them."""
    return tuple(PREFIX + name for name, builtin in BUILTINS.items() if builtin.node_type == node_type)


def locate(source: str, node_type: str, folder: Path | None) -> Place:
    """Find the file or folder that `source` names; a relative path starts from the project's folder.

    Raises:
        DataError: nothing is chosen, the name of a built-in set is wrong, or there is no such file.
    """
    if not source.strip():
        raise DataError(msg("No data is chosen. Choose a built-in set or a file under 'source'."))
    if source.startswith(PREFIX):
        return _locate_builtin(source, node_type)
    path = (folder or Path()) / source
    require_file(path, folder_allowed=True)
    return Place(path, path.name, folder or Path())


def _locate_builtin(source: str, node_type: str) -> Place:
    builtin = BUILTINS.get(source.removeprefix(PREFIX))
    if builtin is None or builtin.node_type != node_type:
        raise DataError(
            msg(
                "There is no built-in set '{source}' for this kind of node. There are: {sources}.",
                source=source,
                sources=listed(builtin_names(node_type)),
            )
        )
    return Place(builtin.path, builtin.title.text, builtin.path.parent)


def require_file(path: Path, *, folder_allowed: bool = False) -> None:
    """Refuse a path that leads nowhere, or to a device or pipe.

    Raises:
        DataError: there is no such file.
    """
    with reading(path):
        if not (path.is_file() or (folder_allowed and path.is_dir())):
            raise DataError(msg("There is no file '{file}'. Check where the data lies.", file=path))


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn a failure of the file system into a sentence.

    Raises:
        DataError: the system refused.
    """
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise DataError(
            msg("'{file}' cannot be read ({reason}). Check the file and its permissions.", file=path, reason=reason)
        ) from error


def check_file(path: Path) -> int:
    """The size of a file in bytes.

    Raises:
        DataError: it is empty.
    """
    size = path.stat().st_size
    if size == 0:
        raise DataError(msg("'{file}' is empty. Choose a file with data in it.", file=path.name))
    return size


def check_size(path: Path, size: int) -> None:
    """Refuse what would not fit before any of it is read; `size` is in bytes.

    Raises:
        DataError: there is too much of it, or nothing.
    """
    if size == 0:
        raise DataError(msg("'{file}' is empty. Choose a file with data in it.", file=path.name))
    if size > MAX_BYTES:
        raise DataError(
            msg(
                "'{file}' would need {size:.1f} GiB of memory; up to {limit:.0f} GiB can be read. Use fewer samples.",
                file=path.name,
                size=size / 2**30,
                limit=MAX_BYTES / 2**30,
            )
        )


def fingerprint(chunks: Iterable[bytes | memoryview]) -> str:
    """`sha256:` and the hexadecimal digest of the chunks, one after the other."""
    digest = hashlib.sha256()
    for chunk in chunks:
        digest.update(chunk)
    return f"sha256:{digest.hexdigest()}"


def listed(names: Iterable[str], limit: int = 12) -> str:
    """Names for a sentence: `a, b, c`, cut after `limit` of them."""
    names = list(names)
    return ", ".join(names[:limit]) + (", …" if len(names) > limit else "")
