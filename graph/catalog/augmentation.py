"""The way of the data into the network: what brings it into shape, and what varies it while training alone.

What varies draws fresh random numbers for each sample in training, and lets everything pass afterwards.
"""

from __future__ import annotations

from graph.catalog.common import IMAGES, NUMBERS, choice, flag, inferred, operation, pair, real, whole
from graph.catalog.types import CLASSES, Auto, Kind, NodeType, Param, PortType, Role

FAMILY = "augmentation"
_NUMBERS = r"\s*-?\d+(\.\d+)?([eE]-?\d+)?(\s*,\s*-?\d+(\.\d+)?([eE]-?\d+)?)*\s*"
_CHANNELS_SECOND = PortType(
    name="input", dtype="float", ndim=(2, 3, 4, 5), help="Batch first, channels or features second."
)


def _path(name: str, stem: str, text: str, *params: Param, port: PortType = IMAGES, **more) -> NodeType:
    values = {"summary": name, "inputs": (port,), "outputs": (PortType(name="output", dtype="float"),), **more}
    return NodeType(
        id=f"layerloom.{name}",
        label=name,
        family=FAMILY,
        role=Role.LAYER,
        stem=stem,
        help=text,
        params=params,
        **values,
    )


def _share(default: float, text: str) -> Param:
    return real("p", default, text, minimum=0, maximum=1)


def _listed(name: str, text: str) -> Param:
    return Param(name=name, kind=Kind.TEXT, default=None, optional=True, pattern=_NUMBERS, help=text)


def _mixing(name: str, text: str, default: float, *synonyms: str) -> NodeType:
    classes = Param(name="classes", kind=Kind.INT, minimum=2, required=True, keyword=True, auto=Auto("label", CLASSES),
                    help="Number of classes. Follows from the data unless you pin it.")  # fmt: skip
    alpha = real("alpha", default, "How strongly: 1 mixes in any proportion, near 0 hardly at all.",
                 minimum=0.001, maximum=100, required=True)  # fmt: skip
    return _path(
        name, "mix", text, classes, alpha, summary=f"{name} {{alpha}}", synonyms=("augmentation", "soft labels", *synonyms),
        inputs=(
            PortType(name="input", dtype="float", ndim=(4,) if name == "CutMix" else (), help="The samples, batch first."),
            PortType(name="label", dtype="integer", ndim=(1,), target=True, help="The class of each sample."),
        ),
        outputs=(
            PortType(name="output", dtype="float"),
            PortType(name="shares", dtype="float", ndim=(2,), target=True, help="The share of each class: batch × classes."),
        ),
    )  # fmt: skip


_MODULES = (
    _path(
        "Normalize", "normalize",
        "Subtracts a mean from each channel and divides by a deviation; what is not given is measured on the training part.",
        inferred("channels", 1, "Channels or features of the input."),
        _listed("mean", "A mean for all channels, or one each, such as '0.485, 0.456, 0.406'; measured if empty."),
        _listed("std", "A deviation for all channels, or one each; measured if empty."),
        port=_CHANNELS_SECOND, synonyms=("standardize", "mean", "scaling", "transforms.Normalize", "z-score"),
    ),
    _path(
        "CenterCrop", "crop", "Cuts the middle out of images; what is smaller gets a border of 0.",
        pair("size", 28, "Height and width of what stays.", minimum=1, required=True),
        summary="CenterCrop {size}", synonyms=("transforms.CenterCrop", "cut"),
    ),
    _path(
        "RandomCrop", "crop", "Cuts out a part at random after adding a border; afterwards the middle.",
        pair("size", None, "Height and width of the part; those of the input if empty.", minimum=1, optional=True),
        whole("padding", 4, "Pixels of 0 that are added on every side first.", minimum=0, required=True),
        summary="RandomCrop ±{padding}", synonyms=("transforms.RandomCrop", "shift", "augmentation", "cifar"),
    ),
    _path(
        "RandomHorizontalFlip", "flip", "Mirrors some images left to right.", _share(0.5, "The share of images that are mirrored."),
        synonyms=("transforms.RandomHorizontalFlip", "mirror", "augmentation"),
    ),
    _path(
        "RandomVerticalFlip", "flip", "Mirrors some images top to bottom.", _share(0.5, "The share of images that are mirrored."),
        synonyms=("transforms.RandomVerticalFlip", "mirror", "augmentation"),
    ),
    _path(
        "RandomRotation", "rotate", "Turns each image by an angle of its own.",
        real("degrees", 15.0, "The largest angle to both sides.", minimum=0, maximum=180, required=True),
        summary="RandomRotation ±{degrees}°", synonyms=("transforms.RandomRotation", "rotate", "augmentation"),
    ),
    _path(
        "RandomResizedCrop", "zoom", "Cuts out a part of each image and brings it to one size; afterwards the whole image.",
        real("scale", 0.5, "The least share of the area that a part has.", minimum=0.01, maximum=1, required=True),
        real("ratio", 1.33, "How much longer than high a part may be, or higher than long.", minimum=1, maximum=10, required=True),
        pair("size", None, "Height and width afterwards; those of the input if empty.", minimum=1, optional=True),
        summary="RandomResizedCrop ≥{scale}", synonyms=("transforms.RandomResizedCrop", "zoom", "augmentation", "imagenet"),
    ),
    _path(
        "ColorJitter", "jitter",
        "Varies brightness, contrast, saturation and hue of each image. Takes numbers from 0 to 1: put it before Normalize.",
        real("brightness", 0.2, "Factors from 1 - this to 1 + this.", minimum=0, maximum=1, required=True),
        real("contrast", 0.2, "Factors from 1 - this to 1 + this; with the factor 0, all is gray.", minimum=0, maximum=1, required=True),
        real("saturation", 0.2, "Factors from 1 - this to 1 + this; gray images have none.", minimum=0, maximum=1, required=True),
        real("hue", 0.0, "Turns of the colors from -this to this; 0.5 is half a circle.", minimum=0, maximum=0.5, required=True),
        synonyms=("transforms.ColorJitter", "brightness", "contrast", "hue", "augmentation"),
    ),
    _path(
        "GaussianNoise", "noise", "Adds random numbers while training.",
        real("std", 0.1, "Their deviation.", minimum=0, required=True),
        port=NUMBERS, summary="GaussianNoise {std}", synonyms=("noise", "augmentation", "denoising", "jitter"),
    ),
    _path(
        "Cutout", "cutout", "Sets a square of each image to 0 (DeVries and Taylor, 2017).",
        whole("size", 8, "Pixels that the square is long; it may lie half outside.", minimum=1, required=True),
        summary="Cutout {size}", synonyms=("augmentation", "occlusion", "mask"),
    ),
    _path(
        "RandomErasing", "erase", "Fills a rectangle of some images with noise (Zhong et al., 2017).",
        _share(0.5, "The share of images that are changed."),
        real("smallest", 0.02, "The least share of the area that is erased.", minimum=0.001, maximum=1, required=True, keyword=True),
        real("largest", 0.33, "The largest share of the area that is erased.", minimum=0.001, maximum=1, required=True, keyword=True),
        real("ratio", 3.3, "How much longer than high the rectangle may be, or higher than long.", minimum=1, maximum=10),
        synonyms=("transforms.RandomErasing", "occlusion", "augmentation"),
    ),
    _mixing("MixUp", "Mixes every sample with another one, and its label alike (Zhang et al., 2018). The loss takes the shares.", 0.2),
    _mixing("CutMix", "Puts a part of another image into each, and mixes the labels alike (Yun et al., 2019). The loss takes the shares.",
            1.0, "mixup"),
)  # fmt: skip
_OPERATIONS = (
    operation(
        "Resize", FAMILY, "resize", "Brings images to one size.",
        inputs=(IMAGES,), outputs=(PortType(name="output", dtype="float", ndim=(4,)),), summary="Resize {size}",
        synonyms=("transforms.Resize", "scale", "interpolate"),
        params=(
            pair("size", 32, "Height and width in pixels.", minimum=1, required=True),
            choice("mode", ("bilinear", "bicubic", "nearest"), "How new pixels are made."),
            flag("antialias", True, "Averages over the pixels that become one, where images shrink; not with nearest."),
        ),
    ),
)  # fmt: skip
TYPES = (_MODULES[0], *_OPERATIONS, *_MODULES[1:])

MODULES = frozenset(t.id for t in _MODULES)  # written as small classes of their own (`runtime.helper_modules`)
