"""Images: whatever they lie in, and the way from one picture to what a network takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from graph.messages import DataError, msg
from runtime.data.arrays import as_input, as_labels, fingerprint_of, loaded_arrays, read_npz
from runtime.data.image_binary import Pixels, PixelStore, cifar_files, idx_images, is_idx, read_cifar, read_idx
from runtime.data.image_files import load_files, read_content
from runtime.data.image_folders import list_folder
from runtime.data.image_lists import LIST_SUFFIXES, read_list
from runtime.data.image_pixels import Form, decode, form_of, with_channels
from runtime.data.records import Arrays, Loaded, Output
from runtime.data.sources import IMAGES, Place, builtin_names, check_size, reading
from runtime.data.tables_pieces import Faults

IMAGE_NAMES, LABEL_NAMES = ("image", "images", "input", "x"), ("label", "labels", "target", "y")

# Sets whose pictures show light strokes on a dark ground.
_LIGHT_ON_DARK = frozenset(builtin_names(IMAGES))


def read_images(place: Place, values: Mapping[str, Any]) -> Loaded:
    """Images as `image` (N × C × H × W, float32, 0 to 1) and `label` (N, int64).

    The source is a folder with one folder of pictures a class, also inside folders of parts; a CSV file that lists pictures;
    a file or folder of MNIST (IDX) or CIFAR (.bin); or an `.npz` file with the arrays `image` (N × H × W or N × C × H × W,
    bytes or floats in 0..1) and `label`. C is 1 if every picture is gray, else 3, unless `channels` says which.

    Raises:
        DataError: the source is none of these, or a picture or label in it does not fit.
    """
    path, form = place.path, form_of(values)
    faults = Faults(skip=values["broken"] == "skip")
    with reading(path):
        is_folder = path.is_dir()
    if is_folder and (found := idx_images(path)):
        return _loaded_pixels(place, read_idx(found), form)
    if is_folder and (found := cifar_files(path)):
        return _loaded_pixels(place, read_cifar(found), form)
    if is_folder:
        return load_files(place.title, list_folder(path, faults), form, skip=faults.skip)
    suffix = path.suffix.lower()
    if suffix in LIST_SUFFIXES:
        return load_files(place.title, read_list(path, values, faults), form, skip=faults.skip)
    if suffix == ".npz":
        return _read_npz(place, form)
    if suffix == ".bin":
        return _loaded_pixels(place, read_cifar([path]), form)
    if is_idx(path):
        return _loaded_pixels(place, read_idx([path]), form)
    raise DataError(
        msg(
            "'{file}' is no source of images. Choose a folder with one folder of pictures a class, a CSV file that lists them, "
            "a file of MNIST (IDX) or CIFAR (.bin), or .npz.",
            file=path,
        )
    )


def read_input(values: Mapping[str, Any], facts: Mapping[str, Any], path: Path) -> Arrays:
    """One picture file for a trained model, made gray or colored and brought to the size of the drawing.

    For the built-in digits, light on dark, a picture whose border is mostly light is inverted, so that ink on paper works.
    """
    channels, height, width = facts["outputs"]["image"]["shape"]
    pixels = with_channels(decode(read_content(path), path), channels)
    if values["source"] in _LIGHT_ON_DARK and _has_light_border(pixels):
        pixels = 1 - pixels
    return {"image": Form((height, width), channels, form_of(values).crop).apply(pixels)[None]}


def _has_light_border(pixels: np.ndarray) -> bool:
    edges = (pixels[:, 0], pixels[:, -1], pixels[:, :, 0], pixels[:, :, -1])
    return float(np.median(np.concatenate([edge.ravel() for edge in edges]))) > 0.5


def _loaded_pixels(place: Place, found: Pixels, form: Form) -> Loaded:
    store = PixelStore(found.images, found.labels, replace(form, channels=form.channels or found.images.shape[1]))
    check_size(place.path, 4 * int(np.prod([float(side) for side in store.shape])))
    _check_classes(found, place)
    return Loaded(
        title=place.title,
        fingerprint=fingerprint_of({"image": found.images, "label": found.labels}),
        store=store,
        outputs={"image": Output(store.shape, "float32"), "label": Output((), "int64", len(found.classes))},
        classes=found.classes,
        labels=found.labels,
        parts=found.parts,
    )


def _check_classes(found: Pixels, place: Place) -> None:
    if len(np.unique(found.labels)) < 2:
        raise DataError(
            msg(
                "All images in '{file}' are of class {name}. Choose a file with several classes.",
                file=place.path.name,
                name=found.classes[int(found.labels[0])],
            )
        )


def _read_npz(place: Place, form: Form) -> Loaded:
    found = read_npz(place.path, {"image": IMAGE_NAMES, "label": LABEL_NAMES})
    images, labels = as_input(found["image"], "image", place.path), found["label"]
    if images.ndim == 3:
        images = images[:, None]
    if images.ndim != 4 or images.dtype != np.float32 or images.shape[1] not in (1, 3) or labels.ndim != 1:
        raise DataError(
            msg(
                "'{file}': images are samples × height × width or samples × 1 or 3 × height × width, as bytes or "
                "floats from 0 to 1, with one label each. Found {image} {dtype} and labels {label}.",
                file=place.path.name,
                image=found["image"].shape,
                dtype=found["image"].dtype,
                label=labels.shape,
            )
        )
    indices, classes = as_labels(labels, "label", place.path)
    channels, size = form.channels or images.shape[1], form.size or images.shape[2:]
    check_size(place.path, len(images) * channels * int(size[0]) * int(size[1]) * 4)
    arrays = {"image": form.apply(images), "label": indices}
    return loaded_arrays(arrays, title=place.title, fingerprint=fingerprint_of(found), classes=classes)
