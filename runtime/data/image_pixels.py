"""Pixels: from the bytes of a picture file to what a network takes."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from graph.messages import DataError, msg
from runtime.data.image_headers import Header, peek
from runtime.data.records import MendableError

if TYPE_CHECKING:
    import PIL.Image

# The formats that are decoded at all, by Pillow's names and by the ends of file names.
FORMATS = ("PNG", "JPEG", "BMP", "GIF", "WEBP")
SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp"})
MAX_PIXELS = 50_000_000
GRAY, COLOR = "gray", "color"
CROP = "crop"

LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32)  # ITU-R BT.601, as in Pillow

_SIXTEEN_BITS = ("I;16", "I;16L", "I;16B", "I")
_ORIENTATION, _FIRST_TURNED = 0x0112, 5  # in Exif: from 5 on, width and height are exchanged

Size = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Form:
    """What pictures are brought to: their size (None: they keep it) and number of channels; `crop` says how."""

    size: Size | None
    channels: int | None = None
    crop: bool = False

    def apply(self, pixels: np.ndarray) -> np.ndarray:
        """Pictures (..., C, H, W) in this form, float32."""
        if self.channels is not None:
            pixels = with_channels(pixels, self.channels)
        if self.size is None:
            return np.ascontiguousarray(pixels, dtype=np.float32)
        return resize(cropped(pixels, self.size) if self.crop else pixels, self.size)


def form_of(values: Mapping[str, Any]) -> Form:
    """What the parameters of a node say."""
    wanted = {GRAY: 1, COLOR: 3}.get(values["channels"])
    return Form(_as_size(values["image_size"]), wanted, values["fit"] == CROP)


def _as_size(value: Any) -> Size | None:
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
    if images.shape[-2:] == size:
        return np.ascontiguousarray(images, dtype=np.float32)
    pillow = _pillow()
    height, width = size
    planes = images.reshape(-1, *images.shape[-2:]).astype(np.float32, copy=False)
    result = np.empty((len(planes), height, width), dtype=np.float32)
    for i, plane in enumerate(planes):
        result[i] = np.asarray(pillow.fromarray(plane).resize((width, height), pillow.Resampling.BILINEAR))
    return result.reshape(*images.shape[:-2], height, width)


def cropped(images: np.ndarray, size: Size) -> np.ndarray:
    """The largest middle part of pixels (..., H, W) that has the proportions of a size."""
    height, width = images.shape[-2:]
    wanted_height = min(height, max(1, round(width * size[0] / size[1])))
    wanted_width = min(width, max(1, round(height * size[1] / size[0])))
    top, left = (height - wanted_height) // 2, (width - wanted_width) // 2
    return images[..., top : top + wanted_height, left : left + wanted_width]


def with_channels(pixels: np.ndarray, channels: int) -> np.ndarray:
    """Pictures (..., C, H, W) with 1 or 3 channels; gray is 0.299 R + 0.587 G + 0.114 B."""
    if pixels.shape[-3] == channels:
        return pixels
    if channels == 1:
        red, green, blue = np.moveaxis(pixels, -3, 0)
        return (LUMA[0] * red + LUMA[1] * green + LUMA[2] * blue)[..., None, :, :]
    return np.repeat(pixels, channels, axis=-3)


def decode(content: bytes, path: Path) -> np.ndarray:
    """The pixels of a picture file's content, scaled to 0..1: C × H × W, float32, C = 1 if the picture is gray, else 3.

    The first frame, turned as its camera says; what is transparent lies on white. Only the formats of `FORMATS` are
    decoded, up to `MAX_PIXELS` pixels.

    Raises:
        DataError: it is no such picture, is damaged, or has too many pixels.
    """
    from PIL import ImageOps

    try:
        with _pillow().open(io.BytesIO(content), formats=FORMATS) as image:
            _check_pixels(image.width, image.height, path)
            if _may_turn(image, content):
                ImageOps.exif_transpose(image, in_place=True)
            return _pixels(image)
    except DataError:
        raise
    except Exception as error:  # decoders of damaged files raise whatever they stumble over
        raise _damaged(path, error) from error


def read_header(content: bytes, path: Path, *, whole: bool) -> Header | None:
    """What the beginning of a picture file says of the picture; None if that is not enough, and the rest is needed.

    Raises:
        DataError: as for `decode`.
    """
    if (header := peek(content)) is not None:
        _check_pixels(header.width, header.height, path)
        return header
    try:
        with _pillow().open(io.BytesIO(content), formats=FORMATS) as image:
            _check_pixels(image.width, image.height, path)
            width, height = image.size
            turned = _may_turn(image, content) and image.getexif().get(_ORIENTATION, 1) >= _FIRST_TURNED
            return Header(1 if _is_gray(image) else 3, *((width, height) if turned else (height, width)))
    except DataError:
        raise
    except Exception as error:
        if not whole:
            return None
        raise _damaged(path, error) from error


def _may_turn(image: PIL.Image.Image, content: bytes) -> bool:
    """Whether a camera may have said how the picture is to be turned."""
    return "exif" in image.info or "xmp" in image.info or b"eXIf" in content


def _damaged(path: Path, error: Exception) -> DataError:
    from PIL import UnidentifiedImageError

    if isinstance(error, UnidentifiedImageError):
        return MendableError(
            msg(
                "'{file}' is no picture that can be read, or it is damaged. These kinds are read: {formats}.",
                file=path,
                formats=", ".join(FORMATS),
            ),
            ("broken", "skip"),
        )
    return MendableError(
        msg(
            "'{file}' is a picture, but damaged or cut off. Copy it once more from where it came, or choose 'skip' under 'broken'.",
            file=path,
        ),
        ("broken", "skip"),
    )


@cache
def _pillow() -> Any:
    """The module `PIL.Image`, which does not warn of large pictures: `_check_pixels` refuses smaller ones already."""
    from PIL import Image, WebPImagePlugin  # noqa: F401

    Image.preinit()
    Image.MAX_IMAGE_PIXELS = None
    return Image


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


def _is_gray(image: PIL.Image.Image) -> bool:
    return image.mode in _SIXTEEN_BITS or (image.mode in ("1", "L") and not image.has_transparency_data)


def _pixels(image: PIL.Image.Image) -> np.ndarray:
    gray = _is_gray(image)
    if image.mode in _SIXTEEN_BITS:
        return np.asarray(image, dtype=np.float32)[None] / np.float32(65535)
    if image.has_transparency_data:
        ground = _pillow().new("RGBA", image.size, "white")
        image = _pillow().alpha_composite(ground, image.convert("RGBA"))
    mode = "L" if gray else "RGB"
    content = np.atleast_3d(np.asarray(image if image.mode == mode else image.convert(mode))).transpose(2, 0, 1)
    return np.divide(content, 255, dtype=np.float32, order="C")
