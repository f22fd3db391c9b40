"""What a person can enter into a network of their own, and what it answers. Records only: importable without torch.

A network is tried in one or several ways: by its data, from the noise that it makes things of, or from a code inside it that all
the rest hangs on. Each way has entries, and answers to choose from.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from graph.messages import RunError
from graph.model import Port

if TYPE_CHECKING:
    import numpy as np

    from runtime.predict import Trained
    from runtime.translation import Translation

DATA, NOISE, CODE = "data", "noise", "code"  # ways
LINE, SENTENCE, PROMPT, SOURCE = "line", "sentence", "prompt", "source"  # what a text is

# What an answer is shown as.
BARS, CHANCES, NUMBERS, TAGS, PICTURE, DOTS, CURVE, CLASS_MAP, VALUES, READING = (
    "bars", "chances", "numbers", "tags", "picture", "dots", "curve", "class map", "values", "reading",
)  # fmt: skip
WRITING, TRANSLATION = "writing", "translation"


# ---- what is entered


@dataclass(frozen=True, kw_only=True)
class Entry:
    """Something to enter: what a data port gives, called like its node."""

    port: Port
    name: str

    @property
    def key(self) -> str:
        """What it is called in `Entered`."""
        return f"{self.port.node}.{self.port.name}"


@dataclass(frozen=True, kw_only=True)
class PictureEntry(Entry):
    """A picture of `shape` (channels, height, width); its value is a `Drawn`.

    `ground` and `ink` are the levels of the data, from 0 to 1. Where the data is strokes on an even ground, `extent` is how
    much of the larger side they take, `stroke` how wide they are as a share of the height, `grain` how many pixels of the
    height carry detail (see `runtime.trying_strokes`; None: all), and `by_mass` says that the middle of their ink is in the
    middle of the picture, rather than that of the box around it.
    """

    shape: tuple[int, int, int]
    ground: float = 0.0
    ink: float = 1.0
    extent: float | None = None
    stroke: float = 0.09
    grain: int | None = None
    by_mass: bool = False


@dataclass(frozen=True, eq=False)
class Drawn:
    """A picture as it was made on a pad: `ink` (h × w, 0 to 1, of any size) over the pixels of `ground` (C × H × W), if given.

    `fit`: strokes alone are scaled and centered as those of the data are.
    """

    ink: np.ndarray | None = None
    ground: np.ndarray | None = None
    fit: bool = True


@dataclass(frozen=True)
class Column:
    """A column of a table: where it starts, and its words where it holds those."""

    name: str
    start: float | str
    words: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class FieldsEntry(Entry):
    """A row of a table; its value maps the names of columns to numbers or words, as they are in the file."""

    columns: tuple[Column, ...]


@dataclass(frozen=True, kw_only=True)
class PlaneEntry(Entry):
    """A point in the plane, between `low` and `high`; its value is (x, y). Some of the data is there to see."""

    low: tuple[float, float]
    high: tuple[float, float]
    points: np.ndarray | None = field(default=None, compare=False)  # N × 2
    labels: np.ndarray | None = field(default=None, compare=False)


@dataclass(frozen=True, kw_only=True)
class NumbersEntry(Entry):
    """A row of numbers, such as a signal; its value has as many as `count`, mostly between `low` and `high`."""

    count: int
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class ChoiceEntry(Entry):
    """One of several classes; its value is the number of one."""

    names: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class TextEntry(Entry):
    """A text of at most so many tokens; its value is a string. A sentence has blanks between its words."""

    form: str
    length: int
    start: str = ""


@dataclass(frozen=True, kw_only=True)
class SampleEntry(Entry):
    """What is too large to enter by hand: its value is the array of a sample, in the shape of the port."""

    shape: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class CodeEntry(Entry):
    """Numbers in the middle of the network; the value is an array of samples × `width`.

    `is_noise`: they are drawn at random, from a normal or a `uniform` distribution; else they come from samples.
    """

    width: int
    is_noise: bool
    uniform: bool = False


AnyEntry: TypeAlias = (
    PictureEntry | FieldsEntry | PlaneEntry | NumbersEntry | ChoiceEntry | TextEntry | SampleEntry | CodeEntry
)
Entered: TypeAlias = Mapping[str, Any]  # values by `Entry.key`


# ---- what is answered


@dataclass(frozen=True)
class Form:
    """An answer to choose: what leaves a port, and what it is shown as. `blank` is the class of a reading that stands for none."""

    port: Port
    name: str
    kind: str
    names: tuple[str, ...] = ()
    blank: int | None = None


@dataclass(frozen=True)
class Way:
    """A way to try a network. `at` is the name of the node that is entered at, where that is no data."""

    kind: str
    entries: tuple[AnyEntry, ...]
    forms: tuple[Form, ...]
    at: str = ""


@dataclass(frozen=True)
class Trying:
    """Everything about how a network can be tried. `samples` of its data, in `part`, can be taken."""

    ways: tuple[Way, ...]
    samples: int
    part: str


@dataclass(frozen=True)
class Shares:
    """Probabilities, the likeliest first. `is_one`: of classes, which exclude each other; else each of yes."""

    names: tuple[str, ...]
    shares: tuple[float, ...]
    is_one: bool = True


@dataclass(frozen=True)
class Numbers:
    """Numbers with their names; whole ones are int."""

    names: tuple[str, ...]
    values: tuple[float, ...]


@dataclass(frozen=True)
class Tagged:
    """Words, what each was tagged as, and how sure the network is. `left_out` words did not fit into its window."""

    words: tuple[str, ...]
    tags: tuple[str, ...]
    shares: tuple[float, ...]
    left_out: int = 0


@dataclass(frozen=True, eq=False)
class Pictures:
    """Pictures, height × width (× 3), one a sample; 0 to 1 are what was `low` and `high` in the network.

    `names` are the classes where a pixel is the number of one.
    """

    images: tuple[np.ndarray, ...]
    low: float = 0.0
    high: float = 1.0
    names: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Points:
    """Points in the plane, N × 2, one a sample."""

    points: np.ndarray


@dataclass(frozen=True, eq=False)
class Row:
    """A row of numbers, such as a signal; `shape` is that of the whole answer, of which it is the beginning."""

    values: np.ndarray
    shape: tuple[int, ...]


class Symbol(NamedTuple):
    """A symbol that was read, and the steps that say so: from `first` to before `end`."""

    kind: int
    first: int
    end: int


@dataclass(frozen=True, eq=False)
class Reading:
    """What steps spell: `shares` are their probabilities (steps × classes), `names` those of the classes, of which `blank` is none.

    `picture` is what was entered (height × width (× 3)), where its columns are the steps.
    """

    names: tuple[str, ...]
    blank: int
    shares: np.ndarray
    picture: np.ndarray | None = None

    @cached_property
    def symbols(self) -> tuple[Symbol, ...]:
        """The likeliest class of each step, repeats joined and blanks left out."""
        ends, at = [], 0
        for kind, steps in groupby(self.shares.argmax(1).tolist()):
            ends.append(Symbol(kind, at, at := at + len(list(steps))))
        return tuple(symbol for symbol in ends if symbol.kind != self.blank)

    @property
    def read(self) -> tuple[str, ...]:
        """The names of the symbols."""
        return tuple(self.names[symbol.kind] for symbol in self.symbols)


Result: TypeAlias = Shares | Numbers | Tagged | Pictures | Points | Row | Reading


@dataclass(frozen=True, eq=False)
class Taken:
    """A sample of the data as it would be entered, and the right answer, if there is one: in words, as one picture, or as the
    symbols that are to be read."""

    entered: Entered
    truth: str = ""
    picture: Pictures | None = None
    symbols: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Field:
    """What the network says all over the plane: rows × columns of class numbers, from low y up, and how sure it is."""

    classes: np.ndarray
    shares: np.ndarray


def describe(trained: Trained) -> Trying:
    """How a network can be tried, from its drawing and what is known of its data."""
    from runtime.trying_ways import ways_of

    return ways_of(trained)


def answer(trained: Trained, way: Way, form: Form, entered: Entered, *, seed: int = 0) -> Result:
    """What the network says. Everything that it draws at random comes from the seed.

    Raises:
        RunError: a layer cannot compute this, or something is missing.
        DataError: what was entered does not fit.
    """
    from runtime.trying_answers import answer as ask

    return ask(trained, way, form, entered, seed=seed)


def take(trained: Trained, trying: Trying, way: Way, number: int) -> Taken:
    """A sample of the data.

    Raises:
        DataError: the data is missing or has changed.
    """
    from runtime.trying_inputs import taken

    return taken(trained, trying.part, way, number)


def from_file(trained: Trained, entry: PictureEntry, path: Path) -> np.ndarray:
    """The pixels (C × H × W) that a picture file gives, brought to its form as in training.

    Raises:
        DataError: the file is missing or no picture.
    """
    from runtime.data import input_from_file

    node = trained.project.graph.nodes[entry.port.node]
    return next(iter(input_from_file(node, path, trained.statistics).values()))[0].numpy()


def unknown(trained: Trained, entry: TextEntry, text: str) -> tuple[str, ...]:
    """The tokens of a text that the network has never seen, each once, in order."""
    from runtime.trying_inputs import unknown_words

    return unknown_words(trained, entry, text)


def codes(trained: Trained, trying: Trying, entry: CodeEntry, count: int) -> tuple[np.ndarray, np.ndarray | None]:
    """What the first samples of the data are at a place in the network (samples × width), and their classes, if they have any.

    Raises:
        DataError, RunError: the data is missing, or does not fit.
    """
    from runtime.trying_inputs import codes_of

    return codes_of(trained, trying, entry, count)


def fresh_noise(entry: CodeEntry, count: int, seed: int) -> np.ndarray:
    """Noise for so many samples, float32; the same seed gives the same."""
    import numpy as np

    random = np.random.default_rng(seed)
    size = (count, entry.width)
    return (random.random(size) if entry.uniform else random.standard_normal(size)).astype(np.float32)


def across(trained: Trained, way: Way, form: Form, *, side: int) -> Field:
    """What the network says at side × side places of the plane of a `PlaneEntry`, for classes."""
    from runtime.trying_answers import field_of

    return field_of(trained, way, form, side)


def translate(trained: Trained, text: str, *, beams: int) -> Translation:
    """The answers of an encoder and decoder to a source (see `runtime.translate`).

    Raises:
        RunError, DataError: as there.
    """
    from runtime.own_random import OwnRandom
    from runtime.translate import translate as ask

    with OwnRandom(0):
        return ask(trained, [text], beams=beams)[0]


def missing(name: str) -> RunError:
    """What is said where nothing was entered."""
    from graph.messages import msg

    return RunError(msg("There is nothing to ask yet: enter something in '{name}', or take a sample.", name=name))
