"""Images: folders of picture files, arrays of pixels, and the way from one picture to what a network takes."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from graph.messages import DataError, msg
from runtime.data.arrays import as_input, as_labels, fingerprint_of, loaded_arrays, read_npz
from runtime.data.records import Arrays, Loaded
from runtime.data.sources import IMAGES, MAX_CLASSES, Place, builtin_names, check_size, fingerprint, reading

if TYPE_CHECKING:
    import PIL.Image

# The formats that are decoded at all, by Pillow's names and by the ends of file names.
FORMATS = ("PNG", "JPEG", "BMP", "GIF", "WEBP")
SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp"})
MAX_PIXELS = 50_000_000

IMAGE_NAMES, LABEL_NAMES = ("image", "images", "input", "x"), ("label", "labels", "target", "y")

_SIXTEEN_BITS = ("I;16", "I;16L", "I;16B", "I")

LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32)  # ITU-R BT.601, as in Pillow

# Sets whose pictures show light strokes on a dark ground.
_LIGHT_ON_DARK = frozenset(builtin_names(IMAGES))

Size = tuple[int, int]


def read_images(place: Place, values: Mapping[str, object]) -> Loaded:
    """Images as `image` (N × C × H × W, float32, 0 to 1) and `label` (N, int64).

    The source is a folder with one folder of pictures a class, or an `.npz` file with the arrays `image`
    (N × H × W or N × C × H × W, bytes or floats in 0..1) and `label`. C is 1 if every picture is gray, else 3.

    Raises:
        DataError: the source is neither, or a picture or label in it does not fit.
    """
    size = as_size(values["image_size"])
    with reading(place.path):
        is_folder = place.path.is_dir()
    return _read_folder(place, size) if is_folder else _read_file(place, size)


def read_input(values: Mapping[str, object], facts: Mapping[str, Any], path: Path) -> Arrays:
    """One picture file for a trained model, made gray or colored and stretched to the size of the drawing (`resize`).

    For the built-in digits, light on dark, a picture whose border is mostly light is inverted, so that ink on paper works.
    """
    channels, height, width = facts["outputs"]["image"]["shape"]
    pixels = with_channels(decode(read_content(path), path), channels)
    if values["source"] in _LIGHT_ON_DARK and _has_light_border(pixels):
        pixels = 1 - pixels
    return {"image": resize(pixels, (height, width))[None]}


def _has_light_border(pixels: np.ndarray) -> bool:
    edges = (pixels[:, 0], pixels[:, -1], pixels[:, :, 0], pixels[:, :, -1])
    return float(np.median(np.concatenate([edge.ravel() for edge in edges]))) > 0.5


def as_size(value: Any) -> Size | None:
    """Height and width from the parameter `image_size`: a number stands for both."""
    if value is None:
        return None
    height, width = (value, value) if isinstance(value, int) else value
    return height, width


def resize(images: np.ndarray, size: Size) -> np.ndarray:
    """Bring pixels (..., H, W) to a height and width, as float32.

    Bilinear interpolation between pixel centers without a border, the picture's edge continued outward; where it
    shrinks, over all pixels that fall into the new one (Pillow's BILINEAR; `torch.nn.functional.interpolate` with
    `mode="bilinear", align_corners=False, antialias=True`).
    """
    from PIL import Image

    if images.shape[-2:] == size:
        return np.ascontiguousarray(images, dtype=np.float32)
    height, width = size
    planes = images.reshape(-1, *images.shape[-2:]).astype(np.float32)
    result = np.empty((len(planes), height, width), dtype=np.float32)
    for i, plane in enumerate(planes):
        result[i] = np.asarray(Image.fromarray(plane).resize((width, height), Image.Resampling.BILINEAR))
    return result.reshape(*images.shape[:-2], height, width)


def decode(content: bytes, path: Path) -> np.ndarray:
    """The pixels of a picture file's content, scaled to 0..1: C × H × W, float32, C = 1 if the picture is gray, else 3.

    The first frame, turned as its camera says; what is transparent lies on white. Only the formats of `FORMATS` are
    decoded, up to `MAX_PIXELS` pixels.

    Raises:
        DataError: it is no such picture, is damaged, or has too many pixels.
    """
    from PIL import Image, ImageOps

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(content), formats=FORMATS) as image:
                _check_pixels(image.width, image.height, path)
                return _pixels(ImageOps.exif_transpose(image))
    except DataError:
        raise
    except Exception as error:  # decoders of damaged files raise whatever they stumble over
        raise DataError(
            msg(
                "'{file}' is no picture that can be read, or it is damaged. These kinds are read: {formats}.",
                file=path,
                formats=", ".join(FORMATS),
            )
        ) from error


def with_channels(pixels: np.ndarray, channels: int) -> np.ndarray:
    """The picture (C × H × W) with 1 or 3 channels; gray is 0.299 R + 0.587 G + 0.114 B."""
    if len(pixels) == channels:
        return pixels
    if channels == 1:
        return np.tensordot(LUMA, pixels, axes=1)[None]
    return np.repeat(pixels, channels, axis=0)


def read_content(path: Path) -> bytes:
    """The bytes of a file.

    Raises:
        DataError: it cannot be read, is empty, or is too large.
    """
    with reading(path):
        check_size(path, path.stat().st_size)
        return path.read_bytes()


def _check_pixels(width: int, height: int, path: Path) -> None:
    if width * height > MAX_PIXELS:
        raise DataError(
            msg(
                "'{file}' has {width} × {height} pixels; up to {limit} million are read. Make it smaller.",
                file=path,
                width=width,
                height=height,
                limit=MAX_PIXELS // 1_000_000,
            )
        )


def _pixels(image: PIL.Image.Image) -> np.ndarray:
    from PIL import Image

    if image.mode in _SIXTEEN_BITS:
        return np.asarray(image, dtype=np.float32)[None] / np.float32(65535)
    if image.has_transparency_data:
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image.convert("RGBA"))
    gray = image.mode in ("1", "L")
    pixels = np.asarray(image.convert("L" if gray else "RGB"), dtype=np.float32) / np.float32(255)
    return pixels[None] if gray else np.ascontiguousarray(pixels.transpose(2, 0, 1))


# ---- the two kinds of source


def _read_file(place: Place, size: Size | None) -> Loaded:
    if place.path.suffix.lower() != ".npz":
        raise DataError(
            msg(
                "'{file}' is no source of images. Choose a folder with one folder of pictures a class, or .npz.",
                file=place.path,
            )
        )
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
    if size:
        _check_total(len(images), images.shape[1], size, place.path)
        images = resize(images, size)
    arrays = {"image": images, "label": indices}
    return loaded_arrays(arrays, title=place.title, fingerprint=fingerprint_of(found), classes=classes)


def _read_folder(place: Place, size: Size | None) -> Loaded:
    with reading(place.path):
        folders = sorted(f for f in place.path.iterdir() if f.is_dir() and not f.name.startswith("."))
        files = [(file, label) for label, folder in enumerate(folders) for file in _pictures(folder)]
    if not 1 < len(folders) <= MAX_CLASSES:
        raise DataError(
            msg(
                "'{folder}' has {count} folders in it. Put the pictures of each class into a folder of its own, "
                "named like the class: at least 2, at most {limit}.",
                folder=place.path,
                count=len(folders),
                limit=MAX_CLASSES,
            )
        )
    digests: list[bytes] = []
    pictures = list(_decode_all([file for file, _ in files], place.path, size, digests))
    channels = max(len(picture) for picture in pictures)
    return loaded_arrays(
        {
            "image": np.stack([with_channels(picture, channels) for picture in pictures]),
            "label": np.array([label for _, label in files], dtype=np.int64),
        },
        title=place.title,
        fingerprint=fingerprint(digests),
        classes=tuple(folder.name for folder in folders),
    )


def _pictures(folder: Path) -> list[Path]:
    files = sorted(
        file for file in folder.iterdir() if file.suffix.lower() in SUFFIXES and not file.name.startswith(".")
    )
    if not files:
        raise DataError(
            msg(
                "The folder '{folder}' holds no pictures ({formats}). Add some, or remove the folder.",
                folder=folder,
                formats=", ".join(FORMATS),
            )
        )
    return files


def _decode_all(files: list[Path], root: Path, size: Size | None, digests: list[bytes]) -> Iterator[np.ndarray]:
    """Decode the files, all brought to one size, and note a digest of each one's name and content."""
    wanted = size
    for file in files:
        content = read_content(file)
        digests.append(f"{file.relative_to(root).as_posix()} {fingerprint([content])}\n".encode())
        picture = decode(content, file)
        if wanted is None:
            wanted = picture.shape[1:]
        if file is files[0]:
            _check_total(len(files), 3, wanted, root)
        if size is None and picture.shape[1:] != wanted:
            raise DataError(
                msg(
                    "'{file}' has {found} pixels, but '{first}' has {wanted}. Set 'image_size' to give all one size.",
                    file=file,
                    found=_times(picture.shape[1:]),
                    first=files[0].name,
                    wanted=_times(wanted),
                )
            )
        yield resize(picture, wanted)


def _check_total(count: int, channels: int, size: Size, path: Path) -> None:
    """Refuse more pixels than fit into memory, before they are made."""
    check_size(path, count * channels * size[0] * size[1] * 4)


def _times(size: Size) -> str:
    return f"{size[0]} × {size[1]}"
