"""The examples that ship with the application: drawings over real data, ready to train."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from graph.messages import FileError, Message, msg

FOLDER = Path(__file__).resolve().parent.parent / "resources" / "examples"


class Example(NamedTuple):
    """What people read before they open an example."""

    title: Message
    sentence: Message


_EXAMPLES = {
    "lenet5_digits": Example(
        msg("LeNet-5 for handwritten digits"),
        msg("The classic convolutional network of 1998 reads digits that 13 people wrote, in 32 × 32 pixels."),
    ),
    "mlp_digits": Example(
        msg("A small network for handwritten digits"),
        msg("Three fully connected layers read the same digits from 8 × 8 pixels; an epoch takes a blink."),
    ),
    "mlp_regression": Example(
        msg("Cholesterol from other blood values"),
        msg(
            "Regression on the records of 442 patients. HDL cholesterol follows from other values by a formula with "
            "an exponential in it: on the test part the network reaches R² 0.98, a linear fit 0.84."
        ),
    ),
}


def names() -> tuple[str, ...]:
    """The names of the examples, the one that the window opens with first."""
    return tuple(_EXAMPLES)


def path(name: str) -> Path:
    """The file of an example.

    Raises:
        FileError: there is no example of that name.
    """
    _require(name)
    return FOLDER / f"{name}.layerloom"


def describe(name: str) -> Example:
    """The title of an example and a sentence about it.

    Raises:
        FileError: there is no example of that name.
    """
    return _require(name)


def _require(name: str) -> Example:
    if name not in _EXAMPLES:
        raise FileError(
            msg("There is no example '{name}'. The examples are: {names}.", name=name, names=", ".join(_EXAMPLES))
        )
    return _EXAMPLES[name]
