"""What is known about why a network answers as it does for one sample. Records only: importable without torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from graph.messages import Message, msg

SALIENCY, INTEGRATED, OCCLUSION, GRAD_CAM = ("saliency", "integrated", "occlusion", "grad_cam")


class Method(NamedTuple):
    """A way to say which parts of a sample count: its name, what it does, and whether its numbers have signs."""

    label: Message
    help: Message
    source: str
    signed: bool


METHODS: dict[str, Method] = {
    SALIENCY: Method(
        msg("Saliency"),
        msg("How strongly the answer changes with each number that goes in: the size of its gradient."),
        "Simonyan et al., 2013",
        False,
    ),
    INTEGRATED: Method(
        msg("Integrated gradients"),
        msg("What each number adds to the answer, counted from an empty sample; the sum is the difference of the two "
            "answers."),
        "Sundararajan et al., 2017",
        True,
    ),
    OCCLUSION: Method(
        msg("Occlusion"),
        msg("How much the answer falls when a part of the sample is covered; it rises where the number is below 0."),
        "Zeiler and Fergus, 2014",
        True,
    ),
    GRAD_CAM: Method(
        msg("Grad-CAM"),
        msg("Where the feature maps that speak for the answer are active, in the layer that is chosen."),
        "Selvaraju et al., 2017",
        False,
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Entry:
    """An input of the network that is asked about: the name of its data node and port, its place among the inputs.

    `words` are what its numbers stand for, where they are tokens; `names` those of the features of a table.
    """

    number: int
    name: str
    shape: tuple[int, ...]
    words: tuple[str, ...] = ()
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Said:
    """What a network says of a sample: scores for classes in order with their probabilities, or a number (`scores` of one).

    `target` is the right answer, a class or a number, if it is one and known. `places` counts the places that are answered one
    by one (tokens, pixels), 0 where there is one answer; all of this is about number `place` of them.
    """

    scores: tuple[float, ...]
    chances: tuple[float, ...] = ()
    classes: tuple[str, ...] = ()
    target: float | None = None
    places: int = 0
    place: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Explanation:
    """Which parts of a sample count for an answer.

    `scores` has a number for each number of the sample (channels and features of a token added up): height × width, tokens,
    features, or time; `sample` the sample as it went in, `gap` what integrated gradients miss of the difference that they should
    add up to.
    """

    method: str
    entry: Entry
    answer: int
    scores: Any
    sample: Any
    layer: str = ""
    gap: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class AttentionMap:
    """How much each target looks at each source: heads × targets × sources, rows add up to 1. `name` is the path of the layer."""

    name: str
    weights: Any


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """All that a person chooses from for one sample: the inputs, the answers, layers for Grad-CAM, and the attention in it.

    `picture` is the first image input as height × width (× 3) in 0..1, None where there is none; `count` how many samples the part
    has.
    """

    entries: tuple[Entry, ...]
    said: Said
    layers: tuple[str, ...] = ()
    attention: tuple[AttentionMap, ...] = ()
    picture: Any = None
    count: int = 0
