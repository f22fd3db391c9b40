"""The verbs of the command line: what each is for, and its arguments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from graph.catalog.optimizers import OPTIMIZERS, SCHEDULERS
from graph.messages import Message, msg
from graph.plan import DEVICES, PRECISIONS, SPLITS
from graph.search import METHODS
from runtime import cli_values
from runtime.export.formats import FORMATS
from runtime.importer import WAYS
from runtime.summary import COLUMNS
from runtime.summary_formats import FORMATTERS


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


# What `train` takes for fields of the plan and of its objectives (`runtime.cli_plan`).
TRAINING = (
    Argument(
        "--optimizer",
        type=cli_values.entry(OPTIMIZERS),
        metavar="NAME",
        says=msg("An optimizer of torch.optim, such as SGD."),
    ),
    Argument(
        "--scheduler",
        type=cli_values.entry(SCHEDULERS),
        metavar="NAME",
        says=msg("A schedule of the learning rate, such as OneCycleLR."),
    ),
    Argument(
        "--warmup", type=cli_values.count, metavar="N", says=msg("Steps over which the learning rate grows at first.")
    ),
    Argument("--accumulate", type=cli_values.count, metavar="N", says=msg("Batches whose gradients make one step.")),
    Argument("--clip-norm", type=cli_values.rate, metavar="X", says=msg("The largest norm of the gradients.")),
    Argument("--precision", choices=PRECISIONS, says=msg("The numbers that layers compute with.")),
    Argument("--compile", action="store_const", const=True, says=msg("Use torch.compile.")),
    Argument("--channels-last", action="store_const", const=True, says=msg("Store images with channels last.")),
    Argument(
        "--deterministic",
        action="store_const",
        const=True,
        says=msg("Use only operations that give the same bits each time."),
    ),
    Argument("--ema", type=cli_values.share, metavar="DECAY", says=msg("Keep a moving average of the weights.")),
    Argument(
        "--early-stopping",
        type=cli_values.count,
        metavar="N",
        says=msg("End after so many epochs without a better figure."),
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
                "-o", "--output", type=cli_values.picture, required=True, metavar="PATH",
                says=msg("An .svg, .png or .pdf file."),
            ),
            Argument("--style", choices=("canvas", "figure"), default="canvas", says=msg("As on the canvas, or fit for a paper.")),
            Argument("--theme", choices=("light", "dark"), default="light", says=msg("Colors of the picture.")),
            Argument("--transparent", action="store_true", says=msg("Paint no background.")),
            Argument("--legend", action="store_true", says=msg("Say below what colors and dashes mean.")),
            Argument("--block", metavar="NAME", says=msg("Draw the inside of this block.")),
            Argument("--select", type=cli_values.names, metavar="NAME,NAME", says=msg("Draw only these nodes.")),
            Argument(
                "--width", type=cli_values.size, metavar="CM",
                says=msg("Arrange a figure anew for a page that wide; columns of papers have 8, pages 17."),
            ),
            Argument("--scale", type=cli_values.size, default=2.0, metavar="N", says=msg("Pixels a canvas unit, for .png.")),
        ],
    ),
    "train": Verb(
        msg("Train a drawing."),
        [
            _FILE,
            Argument("--epochs", type=cli_values.count, metavar="N", says=msg("How often every sample is seen.")),
            Argument("--batch-size", type=cli_values.count_or_all, metavar="N", says=msg("Samples a step, or all.")),
            Argument("--lr", type=cli_values.rate, metavar="X", says=msg("Learning rate.")),
            Argument("--device", choices=DEVICES, says=msg("Where to train; auto takes the fastest.")),
            Argument("--seed", type=cli_values.seed, metavar="N", says=msg("Where random numbers start.")),
            *TRAINING,
            Argument("--resume", type=Path, metavar="RUN", says=msg("Go on with the run in this folder; more --epochs make it longer.")),
            Argument("--from", dest="source", metavar="FILE|RUN", says=msg("Begin a new run with the weights of this one.")),
            Argument("--overfit", action="store_true", says=msg("Only see whether it can learn one batch by heart.")),
            Argument("--range-test", action="store_true", says=msg("Only look for a learning rate to try.")),
            Argument("--process", action="store_true", says=msg("Train in a process of its own.")),
            Argument("--tensorboard", action="store_true", says=msg("Write event files for TensorBoard into the folder of the run.")),
            Argument(
                "--processes", type=cli_values.processes, default=1, metavar="N",
                says=msg("Train in so many processes, each with its part of every batch: one for each GPU, or on the CPU."),
            ),
            Argument(
                "--shard", action="store_true",
                says=msg("Divide weights, gradients and optimizer states among the processes too (FSDP), for a network that does not fit "
                         "one device. Slower for small ones."),
            ),
            _RUNS,
            _READ,
            _JSON,
        ],
    ),
    "sweep": Verb(
        msg("Train a drawing many times with other values, and say which were the best."),
        [
            _FILE,
            Argument("--method", choices=METHODS, says=msg("How to choose the values; tpe learns from the trials before.")),
            Argument("--trials", type=cli_values.count, metavar="N", says=msg("How many trainings to make at most.")),
            Argument(
                "--goal", action="append", metavar="FIGURE",
                says=msg("What counts: a validation figure such as accuracy, parameters, macs, or latency (milliseconds for one sample). "
                         "Several make a front."),
            ),
            Argument(
                "--set", action="append", default=[], metavar="PLACE=VALUES",
                says=msg("What to try where: lr=log:1e-4..1e-1, conv1.out_channels=4..32, batch_size=16,32,64, act1.type=ReLU,GELU. "
                         "A range can end in /N: values that a grid takes."),
            ),
            Argument("--places", action="store_true", says=msg("List what the drawing has marked to be searched.")),
            Argument(
                "--remove", action="append", metavar="PLACE",
                says=msg("Take a place that is listed by --places out of the drawing's search, and save the file."),
            ),
            Argument("--at-once", type=cli_values.count, metavar="N", says=msg("How many trainings to make side by side.")),
            Argument("--no-prune", action="store_true", says=msg("Let trials that fall behind go on to their end.")),
            Argument("--epochs", type=cli_values.count, metavar="N", says=msg("How often every sample is seen.")),
            Argument("--device", choices=DEVICES, says=msg("Where to train; auto takes the fastest.")),
            Argument("--seed", type=cli_values.seed, metavar="N", says=msg("Where the random numbers of the search start.")),
            Argument(
                "--resume", dest="go_on", nargs="?", const="", metavar="SWEEP",
                says=msg("Go on with this sweep, or with the latest; --trials can make it longer."),
            ),
            Argument("--list", action="store_true", says=msg("List the sweeps of the drawing.")),
            Argument("--show", nargs="?", const="", metavar="SWEEP", says=msg("Print the trials of this sweep, or of the latest.")),
            Argument(
                "--take", type=cli_values.count, metavar="TRIAL",
                says=msg("Write the drawing of this trial to a file (-o), of the latest sweep or of that after --show."),
            ),
            Argument("-o", "--output", type=Path, metavar="PATH", says=msg("Where to write the drawing of a trial.")),
            _RUNS,
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
            Argument(
                "--count", type=cli_values.count, metavar="N",
                says=msg("How many tokens to add (default: 200), or samples to make (16)."),
            ),
            Argument("-o", "--output", type=Path, metavar="PATH", says=msg("Where to write pictures that are made, such as samples.png.")),
            Argument(
                "--temperature", type=cli_values.heat, default=1.0, metavar="X",
                says=msg("Below 1 likely tokens become likelier, above 1 less so; 0 always takes the likeliest."),
            ),
            Argument("--top-k", type=cli_values.seed, default=0, metavar="N", says=msg("Draw from the N likeliest tokens only.")),
            Argument(
                "--top-p", type=cli_values.part, default=1.0, metavar="X",
                says=msg("Draw from the fewest tokens whose probabilities add up to X."),
            ),
            Argument("--seed", type=cli_values.seed, default=0, metavar="N", says=msg("Where random numbers start.")),
            Argument(
                "--beams", type=cli_values.count, default=1, metavar="K",
                says=msg("Of translations: keep the K likeliest at each length, and print them; 1 always takes the likeliest token."),
            ),
            Argument(
                "--alpha", type=cli_values.power, default=0.0, metavar="X",
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
    "import": Verb(
        msg("Bring weights, a module of PyTorch or an ONNX file back: onto a drawing, or as one."),
        [
            Argument("way", choices=WAYS, metavar="WAY", says=msg("What to bring: {ways}.", ways=", ".join(WAYS))),
            Argument(
                "source", metavar="SOURCE",
                says=msg("The drawing that gets the weights; or what becomes a drawing: package.module:factory, or an .onnx file."),
            ),
            Argument("weights", metavar="WEIGHTS", nargs="?", type=Path, says=msg("Of weights: a .safetensors, .pt, .pth or .bin file.")),
            Argument(
                "--map", action="append", default=[], type=cli_values.pair, metavar="OLD=NEW",
                says=msg(
                    "Of weights: what is called OLD in the file is NEW in the drawing; both may name a part, such as features.0=conv1."
                ),
            ),
            Argument("--transpose", action="store_true", says=msg("Of weights: let rows become columns where that makes a matrix fit.")),
            Argument(
                "--strict", action="store_true",
                says=msg("Of weights: import nothing if anything of the drawing is missing in the file."),
            ),
            Argument(
                "--input", action="append", default=[], type=cli_values.shape, metavar="SIZES",
                says=msg("Of a module or an ONNX file: the sizes of one sample, such as 3,32,32, or scalar for one number; once for each "
                         "input."),
            ),
            Argument(
                "--dtype", action="append", default=[], type=cli_values.kind_of_input, metavar="KIND",
                says=msg("Of a module or an ONNX file: the kind of each input in the same order: float32, bool, or int64:COUNT for numbers "
                         "below COUNT."),
            ),
            Argument("--allow", action="store_true", says=msg("Of a module: its Python may run.")),
            Argument("-o", "--output", type=Path, metavar="PATH", says=msg("Of a module or an ONNX file: the .layerloom file to write.")),
            Argument("--dry-run", action="store_true", says=msg("Only say what would be imported.")),
            _RUNS,
            _JSON,
        ],
    ),
    "measure": Verb(
        msg("Measure every export of a trained network against PyTorch: latency, throughput, memory, size."),
        [
            _TARGET,
            Argument(
                "--batch-size", type=cli_values.count, metavar="N",
                says=msg("The larger of the two batches; default: that of the plan. The other is 1."),
            ),
            Argument(
                "-o", "--output", type=cli_values.table_file, metavar="PATH",
                says=msg("Write the table to this file too: .json or .md."),
            ),
            _RUNS,
            _JSON,
        ],
    ),
    "watch": Verb(
        msg("Print what happens in a run that goes on elsewhere, until it ends."),
        [
            Argument(
                "target", metavar="FOLDER|HOST:PATH",
                says=msg("The folder of a run, or of runs for the latest; on another machine by ssh, as HOST:PATH or USER@HOST:PATH."),
            ),
            _JSON,
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
            Argument("--columns", type=cli_values.names, metavar="KEY,KEY", says=msg("The columns to print.")),
            Argument("--compare", nargs=2, metavar=("A", "B"), says=msg("Say what differs between two runs.")),
            Argument(
                "--export-tensorboard", type=Path, metavar="FOLDER",
                says=msg("Write event files for TensorBoard of the runs (those that fit --filter) into this folder."),
            ),
            Argument("--csv", action="store_true", says=msg("Print a table for spreadsheets.")),
            _JSON,
        ],
    ),
    "allow": Verb(
        msg("Print the Python that came with a drawing, and allow it to run."),
        [
            _FILE,
            Argument(
                "--yes", action="append", default=[], type=cli_values.hash_of_code, metavar="HASH",
                says=msg("Allow the code with this hash, or with one that begins so; you have read it."),
            ),
            _JSON,
        ],
    ),
    "examples": Verb(msg("List the built-in examples.")),
}  # fmt: skip
