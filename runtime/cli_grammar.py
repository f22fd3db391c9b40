"""The verbs of the command line: what each is for, its arguments, and which values these take."""

from __future__ import annotations

import argparse
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from graph.catalog.optimizers import OPTIMIZERS, SCHEDULERS, ChoiceType
from graph.messages import Message, msg, tr
from graph.plan import DEVICES, PRECISIONS, SPLITS, WHOLE
from runtime.export.formats import FORMATS
from runtime.summary import COLUMNS
from runtime.summary_formats import FORMATTERS

PICTURES = (".svg", ".png", ".pdf")


class Argument:
    """One argument of a verb, as `argparse` takes it; what it says of itself is translatable."""

    def __init__(self, *flags: str, says: Message, **settings: Any) -> None:
        self.flags, self.says, self.settings = flags, says, settings


@dataclass(frozen=True, slots=True)
class Verb:
    """One verb: what it is for, the arguments that it takes, and its status where it cannot be done."""

    help: Message
    arguments: Sequence[Argument] = field(default=())
    trouble: int = 1

    @property
    def options(self) -> list[str]:
        """The words that begin with a dash."""
        return [flag for argument in self.arguments for flag in argument.flags if flag.startswith("-")]


# ---- values


def _number(kind: type, fits: Callable[[Any], bool], wanted: Message) -> Callable[[str], Any]:
    def parse_number(text: str) -> Any:
        try:
            value = kind(text)
        except ValueError:
            value = math.nan
        if not fits(value):
            raise argparse.ArgumentTypeError(tr("'{value}' is not {wanted}.", value=text, wanted=wanted))
        return value

    return parse_number


MAX_SEED = 2**63 - 1
_SEEDS = msg("{number}, at most {most}", number=msg("a whole number from 0"), most=MAX_SEED)
_count = _number(int, lambda n: 1 <= n <= 10**9, msg("a whole number from 1"))
_seed = _number(int, lambda n: 0 <= n <= MAX_SEED, _SEEDS)
_rate = _number(float, lambda x: 0 < x < math.inf, msg("a number above 0"))
_share = _number(float, lambda x: 0 <= x < 1, msg("a number from 0 to below 1"))
_part = _number(float, lambda x: 0 < x <= 1, msg("a number above 0, at most 1"))
_heat = _number(float, lambda x: 0 <= x <= 100, msg("a number from 0 to 100"))
_power = _number(float, lambda x: 0 <= x <= 10, msg("a number from 0 to 10"))
_size = _number(float, lambda x: 0.1 <= x <= 100, msg("a number from 0.1 to 100"))


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _hash(text: str) -> str:
    if not re.fullmatch(r"[0-9a-f]{12,64}", text.lower()):
        raise argparse.ArgumentTypeError(tr("'{hash}' is not a hash: at least its first 12 figures.", hash=text))
    return text.lower()


def _picture(text: str) -> Path:
    path = Path(text)
    if path.suffix.lower() not in PICTURES:
        raise argparse.ArgumentTypeError(
            tr("'{file}' does not end in one of: {suffixes}.", file=text, suffixes=", ".join(PICTURES))
        )
    return path


# ---- verbs

_FILE = Argument("file", metavar="FILE", says=msg("A .layerloom file, or the name of a built-in example."))
_TARGET = Argument(
    "target",
    metavar="FILE|RUN",
    says=msg("A .layerloom file or an example, for its latest run; or the folder of a run."),
)
_SIDE = msg("A .layerloom file, the name of a built-in example, or the folder of a run.")
_READ = Argument(
    "--read-data",
    action="store_const",
    const=True,
    says=msg("Read the data now, instead of going by what the drawing remembers of it."),
)
_JSON = Argument("--json", action="store_true", says=msg("Print one JSON object a line, and nothing else."))


def _count_or_all(text: str) -> int:
    return WHOLE if text == "all" else _count(text)


def _entry(catalog: Mapping[str, ChoiceType]) -> Callable[[str], str]:
    """The id of an entry by the name of its class."""

    def parse_entry(text: str) -> str:
        found = next((i for i in catalog if i.rpartition(".")[2].lower() == text.lower()), None)
        if found is None:
            names = ", ".join(i.rpartition(".")[2] for i in catalog)
            raise argparse.ArgumentTypeError(tr("'{value}' is none of: {names}.", value=text, names=names))
        return found

    return parse_entry


# What `train` takes for fields of the plan and of its objectives (`runtime.cli_plan`).
TRAINING = (
    Argument(
        "--optimizer", type=_entry(OPTIMIZERS), metavar="NAME", says=msg("An optimizer of torch.optim, such as SGD.")
    ),
    Argument(
        "--scheduler",
        type=_entry(SCHEDULERS),
        metavar="NAME",
        says=msg("A schedule of the learning rate, such as OneCycleLR."),
    ),
    Argument("--warmup", type=_count, metavar="N", says=msg("Steps over which the learning rate grows at first.")),
    Argument("--accumulate", type=_count, metavar="N", says=msg("Batches whose gradients make one step.")),
    Argument("--clip-norm", type=_rate, metavar="X", says=msg("The largest norm of the gradients.")),
    Argument("--precision", choices=PRECISIONS, says=msg("The numbers that layers compute with.")),
    Argument("--compile", action="store_const", const=True, says=msg("Use torch.compile.")),
    Argument("--channels-last", action="store_const", const=True, says=msg("Store images with channels last.")),
    Argument(
        "--deterministic",
        action="store_const",
        const=True,
        says=msg("Use only operations that give the same bits each time."),
    ),
    Argument("--ema", type=_share, metavar="DECAY", says=msg("Keep a moving average of the weights.")),
    Argument(
        "--early-stopping", type=_count, metavar="N", says=msg("End after so many epochs without a better figure.")
    ),
    Argument("--monitor", metavar="FIGURE", says=msg("The figure that says which epoch is the best.")),
    Argument("--freeze", nargs="+", metavar="NODE", says=msg("Nodes whose weights stay as they are.")),
    Argument("--split", choices=SPLITS, says=msg("Which samples go where.")),
)
_RUNS = Argument("--out", type=Path, metavar="RUNS", says=msg("Folder of the runs; default: FILE's name with .runs."))

_SORTS = msg("The column to sort by: {columns}. Figures come largest first.", columns=", ".join(COLUMNS))

VERBS: Mapping[str, Verb] = {
    "open": Verb(
        msg("Open the window."),
        [Argument("file", metavar="FILE", nargs="?", says=_FILE.says)],
    ),
    "check": Verb(msg("List what is wrong with a drawing."), [_FILE, _READ]),
    "summary": Verb(
        msg("Print a table of the layers: shapes, parameters, multiply-accumulates, memory."),
        [
            _FILE,
            Argument("--format", choices=("text", *FORMATTERS), default="text", says=msg("How to write the table.")),
            Argument("--sort", choices=tuple(COLUMNS), default="order", metavar="COLUMN", says=_SORTS),
            Argument("--expand", action="store_true", says=msg("List what is inside blocks too.")),
            _READ,
        ],
    ),
    "code": Verb(
        msg("Print the Python of a drawing."),
        [
            _FILE,
            Argument("-o", "--output", type=Path, metavar="PATH", says=msg("Write it to this file instead.")),
            _READ,
        ],
    ),
    "render": Verb(
        msg("Draw a picture of a drawing."),
        [
            _FILE,
            Argument(
                "-o", "--output", type=_picture, required=True, metavar="PATH",
                says=msg("An .svg, .png or .pdf file."),
            ),
            Argument("--style", choices=("canvas", "figure"), default="canvas", says=msg("As on the canvas, or fit for a paper.")),
            Argument("--theme", choices=("light", "dark"), default="light", says=msg("Colors of the picture.")),
            Argument("--transparent", action="store_true", says=msg("Paint no background.")),
            Argument("--legend", action="store_true", says=msg("Say below what colors and dashes mean.")),
            Argument("--block", metavar="NAME", says=msg("Draw the inside of this block.")),
            Argument("--select", type=_names, metavar="NAME,NAME", says=msg("Draw only these nodes.")),
            Argument(
                "--width", type=_size, metavar="CM",
                says=msg("Arrange a figure anew for a page that wide; columns of papers have 8, pages 17."),
            ),
            Argument("--scale", type=_size, default=2.0, metavar="N", says=msg("Pixels a canvas unit, for .png.")),
        ],
    ),
    "train": Verb(
        msg("Train a drawing."),
        [
            _FILE,
            Argument("--epochs", type=_count, metavar="N", says=msg("How often every sample is seen.")),
            Argument("--batch-size", type=_count_or_all, metavar="N", says=msg("Samples a step, or all.")),
            Argument("--lr", type=_rate, metavar="X", says=msg("Learning rate.")),
            Argument("--device", choices=DEVICES, says=msg("Where to train; auto takes the fastest.")),
            Argument("--seed", type=_seed, metavar="N", says=msg("Where random numbers start.")),
            *TRAINING,
            Argument("--resume", type=Path, metavar="RUN", says=msg("Go on with the run in this folder.")),
            Argument("--overfit", action="store_true", says=msg("Only see whether it can learn one batch by heart.")),
            Argument("--range-test", action="store_true", says=msg("Only look for a learning rate to try.")),
            Argument("--process", action="store_true", says=msg("Train in a process of its own.")),
            _RUNS,
            _READ,
            _JSON,
        ],
    ),
    "preflight": Verb(
        msg("Look at one real batch as before a run: shapes, labels, first loss, gradients, memory, time."),
        [_FILE, _READ, _JSON],
    ),
    "predict": Verb(
        msg("Ask a trained network about samples."),
        [
            _TARGET,
            Argument(
                "inputs", metavar="INPUT", nargs="*", type=Path,
                says=msg("Images, .csv, .npz or text files (each line a sample); without any, the test samples."),
            ),
            _RUNS,
            _JSON,
        ],
    ),
    "generate": Verb(
        msg("Let a trained network go on with a text, translate it, or make pictures or points of noise."),
        [
            _TARGET,
            Argument("--prompt", metavar="TEXT", says=msg("The beginning of the text, or the text to translate.")),
            Argument("--count", type=_count, metavar="N", says=msg("How many tokens to add (default: 200), or samples to make (16).")),
            Argument("-o", "--output", type=Path, metavar="PATH", says=msg("Where to write pictures that are made, such as samples.png.")),
            Argument(
                "--temperature", type=_heat, default=1.0, metavar="X",
                says=msg("Below 1 likely tokens become likelier, above 1 less so; 0 always takes the likeliest."),
            ),
            Argument("--top-k", type=_seed, default=0, metavar="N", says=msg("Draw from the N likeliest tokens only.")),
            Argument(
                "--top-p", type=_part, default=1.0, metavar="X",
                says=msg("Draw from the fewest tokens whose probabilities add up to X."),
            ),
            Argument("--seed", type=_seed, default=0, metavar="N", says=msg("Where random numbers start.")),
            Argument(
                "--beams", type=_count, default=1, metavar="K",
                says=msg("Of translations: keep the K likeliest at each length, and print them; 1 always takes the likeliest token."),
            ),
            Argument(
                "--alpha", type=_power, default=0.0, metavar="X",
                says=msg("Of translations: rank by log p / length ** X; 0 is by probability, 1 by the mean of a token."),
            ),
            Argument(
                "--no-cache", action="store_false", dest="cached",
                says=msg("Read the whole window for each token; the tokens are the same."),
            ),
            _RUNS,
            _JSON,
        ],
    ),
    "export": Verb(
        msg("Take a network away; what is written is run again and compared first."),
        [
            _TARGET,
            Argument("--format", choices=tuple(FORMATS), required=True, says=msg("What to write.")),
            Argument("-o", "--output", type=Path, required=True, metavar="PATH", says=msg("Where to write it.")),
            _RUNS,
            _READ,
        ],
    ),
    "diff": Verb(
        msg("List what differs between two drawings; the status is 1 if anything does, 2 if they cannot be compared."),
        [Argument("old", metavar="OLD", says=_SIDE), Argument("new", metavar="NEW", says=_SIDE), _JSON],
        trouble=2,
    ),
    "runs": Verb(
        msg("List the runs of a drawing with their figures, or what differs between two of them."),
        [
            Argument(
                "target", metavar="FILE|FOLDER", nargs="?",
                says=msg("A .layerloom file, the name of a built-in example, or a folder of runs."),
            ),
            Argument(
                "--sort", metavar="KEY",
                says=msg("The column to sort by, such as test.accuracy; -KEY puts the largest first (write --sort=-KEY)."),
            ),
            Argument(
                "--filter", metavar="EXPR",
                says=msg("Only runs that fit: words, and comparisons such as accuracy>0.95 or status=finished."),
            ),
            Argument("--columns", type=_names, metavar="KEY,KEY", says=msg("The columns to print.")),
            Argument("--compare", nargs=2, metavar=("A", "B"), says=msg("Say what differs between two runs.")),
            Argument("--csv", action="store_true", says=msg("Print a table for spreadsheets.")),
            _JSON,
        ],
    ),
    "allow": Verb(
        msg("Print the Python that came with a drawing, and allow it to run."),
        [
            _FILE,
            Argument(
                "--yes", action="append", default=[], type=_hash, metavar="HASH",
                says=msg("Allow the code with this hash, or with one that begins so; you have read it."),
            ),
            _JSON,
        ],
    ),
    "examples": Verb(msg("List the built-in examples.")),
}  # fmt: skip
