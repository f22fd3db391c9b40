"""Data: where the samples and the right answers come from."""

from __future__ import annotations

from graph.catalog.common import choice, pair
from graph.catalog.types import Kind, NodeType, Param, PortType, Role

FAMILY = "data"


def _data(
    name: str, stem: str, text: str, *, outputs: tuple[PortType, ...], params: tuple[Param, ...], synonyms
) -> NodeType:
    return NodeType(
        id=f"layerloom.data.{name}", label=name, family=FAMILY, role=Role.DATA, stem=stem, help=text,
        summary="{source}", outputs=outputs, params=params, synonyms=synonyms,
    )  # fmt: skip


def _source(text: str, *builtin: str) -> Param:
    """Where the data is; the first built-in data set is the default."""
    return Param(
        name="source", kind=Kind.FILE, help=text, required=True, optional=not builtin,
        default=builtin[0] if builtin else None, choices=builtin,
    )  # fmt: skip


TYPES = (
    _data(
        "Images", "images", "Images and their classes: a built-in data set, or a folder with one folder a class.",
        outputs=(
            PortType(name="image", dtype="float", ndim=(4,),
                     help="Images: batch × channels × height × width, from 0 to 1."),
            PortType(name="label", dtype="integer", ndim=(1,), target=True,
                     help="The class of each image, a number from 0."),
        ),
        params=(
            _source("A built-in data set, or a folder with one folder of images a class.", "builtin:digits"),
            pair("image_size", None, "Height and width that the images are brought to; their own if empty.",
                 minimum=1, optional=True),
        ),
        synonyms=("dataset", "pictures", "photos", "digits", "classification"),
    ),
    _data(
        "Table", "table", "A table with one sample a row: a built-in data set, or a CSV file.",
        outputs=(
            PortType(name="features", dtype="float", ndim=(2,), help="The other columns: batch × features."),
            PortType(name="target", target=True, help="The column to predict."),
        ),
        params=(
            _source("A built-in data set, or a CSV file with the names of the columns in its first row.",
                    "builtin:diabetes", "builtin:breast_cancer", "builtin:iris", "builtin:wine"),
            Param(name="target", kind=Kind.TEXT, optional=True, help="The column to predict; the last one if empty."),
            choice("task", ("auto", "classification", "regression"), "Whether the column holds classes or numbers."),
            Param(name="ignore", kind=Kind.TEXT, optional=True,
                  help="Columns to leave out, separated by commas, such as 'id, name'."),
            choice("scaling", ("standardize", "min-max", "none"),
                   "Brings every number to mean 0 and variance 1, or to 0..1, as measured on the training part."),
        ),
        synonyms=("dataset", "csv", "spreadsheet", "rows", "regression"),
    ),
    _data(
        "Arrays", "arrays", "Arrays of numbers from a NumPy file.",
        outputs=(
            PortType(name="input", help="The samples."),
            PortType(name="target", target=True, help="The right answers."),
        ),
        params=(_source("A NumPy file (.npz) with the arrays 'input' and 'target'."),),
        synonyms=("dataset", "numpy", "npz", "tensors"),
    ),
)  # fmt: skip
