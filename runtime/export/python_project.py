"""A folder with the network as a small Python project: readable, and free of Layerloom."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path
from pprint import pformat
from string import Template
from typing import TYPE_CHECKING, Any

from graph.catalog import CATALOG
from graph.model import Node
from runtime.analysis import TensorSpec
from runtime.data.arrays import CHANNELS_LAST, INPUT_NAMES
from runtime.data.image_pixels import CROP
from runtime.data.sources import (
    ARRAYS,
    IMAGES,
    LABELED,
    PAIRS,
    POINTS,
    SERIES,
    SHAPES,
    TABLE,
    TAGGED,
    TEXT,
    builtin_names,
)
from runtime.data.tables import current
from runtime.data.tables_rows import FILL
from runtime.export.reader import Reader
from runtime.export.text_readers import lines_reader, pairs_reader
from runtime.export.verify import input_specs

if TYPE_CHECKING:
    from runtime.predict import Trained

_TEMPLATES = Path(__file__).with_name("templates")
_PACKAGES = ("torch", "safetensors", "numpy")


def files(trained: Trained, weights: bytes) -> dict[str, bytes]:
    """The files of the project by name; `weights` is the content of its safetensors file."""
    source = trained.compiled.source
    reader = _reader(trained)
    fields = {
        "class_name": source.class_name,
        "classes": pformat(_classes(trained), width=110, compact=True),
        "title": trained.project.name,
        "summary": (trained.model.__doc__ or "").strip(),
        "example": reader.example,
        "usage": reader.usage,
        "also": "".join(f"| `{name}` | the tokens by their numbers |\n" for name in reader.files),
        **reader.more,
    }
    requirements = (f"{name}  # {version(name)}\n" for name in (*_PACKAGES, *reader.packages))
    return {
        "model.py": source.model_text.encode(),
        "weights.safetensors": weights,
        "inputs.py": fill(reader.template, reader.fields),
        "predict.py": fill(reader.predict, fields),
        "README.md": fill("README.md", fields),
        "requirements.txt": "".join(requirements).encode(),
        **reader.files,
    }


def _classes(trained: Trained) -> tuple[str, ...]:
    """The names of the classes, if the outputs are their scores: logits or log-probabilities, `softmax` takes both."""
    from runtime.training.answers import find_question

    question = find_question(trained.compiled)
    return tuple(trained.classes) if question and question.probabilities else ()


def fill(template: str, fields: Mapping[str, object]) -> bytes:
    """The text of a template; a field that is missing, or a mark that is misspelled, is an error."""
    return Template((_TEMPLATES / f"{template}.template").read_text("utf-8")).substitute(fields).encode()


def _reader(trained: Trained) -> Reader:
    """The way from a file to the inputs: that of the data node if there is one, else an array for each input."""
    arrays, ports = _arrays_reader(trained, {}), trained.compiled.inputs
    nodes = [trained.project.graph.nodes[node] for node in {port.node: None for port in ports}]
    kind = CATALOG[nodes[0].type].id if len(nodes) == 1 else ""
    if kind == PAIRS:
        return pairs_reader(nodes[0], trained, arrays)
    read = _READERS.get(kind) if len(ports) == 1 else None
    return (read(nodes[0], trained) if read is not None else None) or arrays


def _images_reader(node: Node, trained: Trained) -> Reader:
    (spec,) = input_specs(trained.compiled)
    values = CATALOG[node.type].values(node)
    light_on_dark = values["source"] in builtin_names(IMAGES)
    return Reader(
        template="inputs_images.py",
        fields={"shape": _sample_shape(spec), "light_on_dark": light_on_dark, "crop": values["fit"] == CROP},
        example="picture.png",
        usage="says what it sees in picture files",
        packages=("Pillow",),
    )


def _table_reader(node: Node, trained: Trained) -> Reader:
    """What the run measured; for a network that was not trained every number stays as it is."""
    facts: Mapping[str, Any] = node.facts or {}
    known, words = current(trained.statistics.get(node.id, {}), facts["columns"]), facts.get("categories") or {}
    names = [name for name in facts["columns"] if name not in words]
    plain = {"names": names, "fill": [0.0] * len(names), "center": [0.0] * len(names), "scale": [1.0] * len(names)}
    numbers = known.get("numbers", plain)
    rows = zip(*(numbers[key] for key in ("names", "fill", "center", "scale")), strict=True)
    untrained = [{"name": name, "words": list(words[name]), "width": len(words[name])} for name in words]
    return Reader(
        template="inputs_table.py",
        fields={
            "numbers": "\n".join(f"    {name!r}: {tuple(values)!r}," for name, *values in rows),
            "words": "\n".join(
                f"    {entry['name']!r}: ({entry['words']!r}, {entry['width']}),"
                for entry in known.get("words", untrained)
            ),
            "fill": CATALOG[node.type].values(node)["missing"] == FILL,
        },
        example="table.csv",
        usage="predicts for every row of a CSV file with the columns of the training table, the target left out or not",
    )


def _points_reader(node: Node, trained: Trained) -> Reader:
    """The columns x and y as they are."""
    return Reader(
        template="inputs_table.py",
        fields={"numbers": "\n".join(f"    {name!r}: (0.0, 0.0, 1.0)," for name in "xy"), "words": "", "fill": False},
        example="points.csv",
        usage="predicts for every row of a CSV file with the columns x and y",
    )


def _named_reader(node: Node, trained: Trained) -> Reader:
    """An array that is called like the output of the data node, or as others call inputs."""
    (name,) = inspect.signature(trained.model.forward).parameters
    return _arrays_reader(trained, {name: (name.lower(), "input", "x")})


def _arrays_reader(trained: Trained, names: Mapping[str, tuple[str, ...]], *, channels_last: bool = False) -> Reader:
    """An `.npz` file with an array for each argument of `forward`; `names` gives other names that arrays may have."""
    arguments = list(inspect.signature(trained.model.forward).parameters)
    entries = [
        (names.get(argument, (argument.lower(),)), _sample_shape(spec), spec.dtype)
        for argument, spec in zip(arguments, input_specs(trained.compiled), strict=True)
    ]
    return Reader(
        template="inputs_arrays.py",
        fields={"inputs": pformat(entries, width=110), "channels_last": channels_last},
        example="samples.npz",
        usage=f"predicts for the samples in an .npz file with the arrays: {', '.join(arguments)}",
    )


def _sample_shape(spec: TensorSpec) -> tuple[int, ...]:
    return tuple(int(dim) for dim in spec.shape[1:])


_READERS: Mapping[str, Callable[[Node, Trained], Reader | None]] = {
    **dict.fromkeys((TEXT, LABELED, TAGGED), lines_reader),
    **dict.fromkeys((SERIES, SHAPES), _named_reader),
    POINTS: _points_reader,
    IMAGES: _images_reader,
    TABLE: _table_reader,
    ARRAYS: lambda node, trained: _arrays_reader(
        trained, {"input": INPUT_NAMES}, channels_last=CATALOG[node.type].values(node)["layout"] == CHANNELS_LAST
    ),
}
