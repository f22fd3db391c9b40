"""Data: where the samples and the right answers come from."""

from __future__ import annotations

from collections.abc import Mapping

from graph.catalog.common import choice
from graph.catalog.types import Kind, NodeType, Param, Ports, PortType, Role
from graph.messages import msg
from graph.model import Value

FAMILY = "data"


def _data(
    name: str, stem: str, text: str, *, outputs: tuple[PortType, ...], params: tuple[Param, ...], synonyms, **more
) -> NodeType:
    return NodeType(
        id=f"layerloom.data.{name}", label=name, family=FAMILY, role=Role.DATA, stem=stem, help=text,
        summary="{source}", outputs=outputs, params=params, synonyms=synonyms, **more,
    )  # fmt: skip


def _source(text: str, *builtin: str, chosen: bool = True) -> Param:
    """Where the data is; the first built-in data set is the default if a new node has one `chosen`."""
    return Param(
        name="source", kind=Kind.FILE, help=text, required=True, optional=not chosen,
        default=builtin[0] if chosen else None, choices=builtin,
    )  # fmt: skip


_ARRAYS = (
    PortType(name="input", help="The samples."),
    PortType(name="target", target=True, help="The right answers; whole numbers are classes, one a sample or one a pixel."),
)  # fmt: skip


def _array_ports(values: Mapping[str, Value]) -> Ports:
    """An .npy file alone has no right answers."""
    alone = str(values["source"] or "").lower().endswith(".npy") and not values["targets"]
    return (), _ARRAYS[:1] if alone else _ARRAYS


TYPES = (
    _data(
        "Table", "table", "A table with one sample a row: a built-in data set, or a CSV or Parquet file.",
        outputs=(
            PortType(name="features", dtype="float", ndim=(2,),
                     help="The other columns: batch × features; the numbers first, then a 0 or 1 for each word of the others."),
            PortType(name="target", target=True, help="The column to predict, or the columns."),
        ),
        params=(
            _source("A built-in data set, or a CSV or Parquet file with names of columns (in the first row of a CSV file).",
                    "builtin:diabetes", "builtin:breast_cancer", "builtin:iris", "builtin:wine"),
            Param(name="target", kind=Kind.TEXT, optional=True, empty=msg("the last column"),
                  help="The column to predict, or several numbers separated by commas; the last column if empty."),
            choice("task", ("auto", "classification", "regression"), "Whether the column holds classes or numbers."),
            Param(name="ignore", kind=Kind.TEXT, optional=True,
                  help="Columns to leave out, separated by commas, such as 'id, name'."),
            choice("scaling", ("standardize", "min-max", "none"),
                   "Brings every number to mean 0 and variance 1, or to 0..1, as measured on the training part."),
            choice("missing", ("refuse", "drop rows", "fill"),
                   "What becomes of empty cells. Filled, a number is the mean of the training part and a word is 'missing'; "
                   "rows without a target are left out."),
            choice("broken", ("refuse", "skip"),
                   "What becomes of rows that cannot be read, or hold text among numbers: they stop the reading, or are left "
                   "out and listed."),
            Param(name="split_by", kind=Kind.TEXT, optional=True,
                  help="A column of 'train', 'validation' and 'test' for a given split; rows with equal values in any other "
                       "column stay together. It is no feature."),
        ),
        synonyms=("dataset", "csv", "parquet", "spreadsheet", "rows", "regression"),
    ),
    _data(
        "Arrays", "arrays", "Arrays of numbers from NumPy files: vectors, images, volumes, videos.",
        outputs=_ARRAYS,
        ports=_array_ports,
        counts=("source", "targets"),
        params=(
            _source("A NumPy file: an .npz with the arrays 'input' and 'target', or an .npy with the inputs; or a built-in data set.",
                    "builtin:shapes", "builtin:strips", chosen=False),
            Param(name="targets", kind=Kind.FILE, optional=True,
                  help="A second .npy file with the right answers, for inputs from an .npy file; without one there are none."),
            choice("layout", ("as stored", "channels last"),
                   "Channels that come last (video: N × T × H × W × C) are moved to where layers expect them (N × C × T × H × W)."),
        ),
        synonyms=("dataset", "numpy", "npz", "npy", "tensors", "video", "volume", "segmentation"),
    ),
)  # fmt: skip
