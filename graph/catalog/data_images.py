"""Images as data, from whatever they lie in."""

from __future__ import annotations

from graph.catalog.common import choice, pair
from graph.catalog.types import Kind, NodeType, Param, PortType, Role
from graph.messages import msg

FAMILY = "data"


def _column(name: str, text: str) -> Param:
    return Param(name=name, kind=Kind.TEXT, optional=True, help=text)


TYPES = (
    NodeType(
        id="layerloom.data.Images", label="Images", family=FAMILY, role=Role.DATA, stem="images", summary="{source}",
        help="Images and their classes: a built-in data set, a folder with one folder a class, a list in a CSV file, or files "
             "of MNIST or CIFAR.",
        outputs=(
            PortType(name="image", dtype="float", ndim=(4,),
                     help="Images: batch × channels × height × width, from 0 to 1."),
            PortType(name="label", dtype="integer", ndim=(1,), target=True,
                     help="The class of each image, a number from 0."),
        ),
        params=(
            Param(name="source", kind=Kind.FILE, required=True, default="builtin:digits", choices=("builtin:digits",),
                  help="A built-in data set; a folder with one folder of images a class, also inside folders 'train', 'validation' "
                       "and 'test'; a CSV file that lists images; a file or folder of MNIST (IDX) or CIFAR (.bin); or an .npz."),
            pair("image_size", None, "Height and width that the images are brought to; their own if empty.",
                 minimum=1, optional=True, empty=msg("their own")),
            choice("fit", ("stretch", "crop"),
                   "How an image of other proportions gets that size: stretched, or its edges cut off to the same extent."),
            choice("channels", ("auto", "gray", "color"),
                   "1 channel or 3. Auto is gray if every image is; gray is 0.299 R + 0.587 G + 0.114 B."),
            choice("broken", ("refuse", "skip"),
                   "What becomes of images that are damaged, missing or of another size: they stop the reading, or are left out "
                   "and listed. To skip them, every image is decoded once when the data is read."),
            _column("path_column", "The column of a list that names the image files, seen from the list; if empty, one called "
                                   "path, file, filename, image or the like, else the first."),
            _column("label_column", "The column of a list that names the classes; if empty, one called label, class or target, "
                                    "else the last."),
            _column("split_by", "A column of a list with 'train', 'validation' and 'test' for a given split; images with equal "
                                "values in any other column stay together."),
        ),
        synonyms=("dataset", "pictures", "photos", "digits", "classification", "mnist", "cifar", "idx", "folder"),
    ),
)  # fmt: skip
