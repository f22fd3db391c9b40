"""What each type of data node does with its source: one row a type. Add a type by adding its row."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from runtime.data import arrays, generated, images, tables, texts, texts_windows
from runtime.data.image_looks import look_at_images
from runtime.data.looks import look_at_samples
from runtime.data.records import Arrays, Loaded, Look, Statistics
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
    Place,
)
from runtime.data.tables_look import look_at_table

if TYPE_CHECKING:
    import numpy as np

Values = Mapping[str, Any]  # the checked parameters of the node
Facts = Mapping[str, Any]  # what the node remembers of its data (`Loaded.facts`)


def _nothing(values: Values, loaded: Loaded, train: np.ndarray) -> Statistics:
    return {}


def as_it_is(values: Values, statistics: Statistics, samples: Arrays) -> Arrays:
    """The samples of a store are what leaves the ports."""
    return samples


class Reader(NamedTuple):
    """How the data of one type of node is read.

    `read` finds out what there is, and reads it or says how (`Loaded.store`). `fit` measures what `transform` needs (means,
    vocabularies) on the training rows alone. `transform` makes of raw samples what leaves the ports: a function of a module,
    because worker processes call it too. `read_input` reads one file that a person gives to a trained model as raw samples
    of the inputs (no target). `look` makes what a person can look at from the first raw samples, already transformed.
    """

    read: Callable[[Place, Values], Loaded]
    read_input: Callable[[Values, Facts, Path], Arrays]
    fit: Callable[[Values, Loaded, np.ndarray], Statistics] = _nothing
    transform: Callable[[Values, Statistics, Arrays], Arrays] = as_it_is
    look: Callable[[Values, Loaded, Arrays], Look] = look_at_samples


READERS: Mapping[str, Reader] = {
    IMAGES: Reader(images.read_images, images.read_input, look=look_at_images),
    TABLE: Reader(tables.read_table, tables.read_input, tables.fit, tables.transform, look_at_table),
    ARRAYS: Reader(arrays.read_arrays, arrays.read_input),
    TEXT: Reader(
        texts_windows.read_windows,
        texts_windows.read_prompts,
        texts_windows.fit_windows,
        texts_windows.transform_windows,
        texts_windows.look_at_windows,
    ),
    LABELED: Reader(
        texts.read_labeled, texts.read_lines, texts.fit_labeled, texts.transform_labeled, texts.look_at_labeled
    ),
    TAGGED: Reader(
        texts.read_tagged, texts.read_sentences, texts.fit_tagged, texts.transform_tagged, texts.look_at_tagged
    ),
    PAIRS: Reader(texts.read_pairs, texts.read_sources, texts.fit_pairs, texts.transform_pairs, texts.look_at_pairs),
    POINTS: Reader(generated.read_points, generated.read_points_input, look=generated.look_at_points),
    SERIES: Reader(generated.read_series, generated.read_array_input, look=generated.look_at_series),
    SHAPES: Reader(generated.read_shapes, generated.read_array_input, look=generated.look_at_shapes),
}
