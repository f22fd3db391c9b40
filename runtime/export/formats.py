"""The table of export formats: what each writes, how it is run again, and how exact it must be."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from graph.catalog.definitions import CODE_PREFIX
from graph.messages import ExportError, Message, msg
from runtime.export import int8, onnx_file
from runtime.export.placing import Files
from runtime.export.verify import Difference, draws, exportable, input_specs, random_batches, still_copy

if TYPE_CHECKING:
    from torch import Tensor, nn

    from graph.model import Project
    from runtime.predict import Trained

# The types that draw random numbers in evaluation mode too.
DRAWING = ("layerloom.Noise", "layerloom.Random", "torch.nn.FractionalMaxPool2d", "torch.nn.FractionalMaxPool3d")


@dataclass(frozen=True, slots=True)
class Written:
    """What an export is made of: its files by name, and what else is to be known to run it again and of it.

    `reference` is the network to compare with where that is not `trained.model`: the weights were rounded. `batches` are
    inputs to compare on beside the usual ones; `shapes` the dimensions of each input where the file says them, numbers and
    words for open ones; `size_before` the bytes of the file with unrounded weights.
    """

    files: Files
    reference: nn.Module | None = None
    batches: Mapping[str, tuple[Tensor, ...]] = field(default_factory=dict)
    shapes: Mapping[str, tuple[int | str, ...]] = field(default_factory=dict)
    size_before: int | None = None

    @property
    def sizes(self) -> tuple[int, int] | None:
        """The bytes before and after weights were rounded, where they were."""
        return None if self.size_before is None else (self.size_before, sum(map(len, self.files.values())))


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """One export format.

    `write(trained, file name)` makes the files; `job(their folder, file name, folder for more, trained)` says
    how a clean process runs them (see `clean_process.LOADERS`). `suffix` is that of the file; a format without one is a
    folder. `packages` take part in the comparison and are named with their version on the receipt.
    """

    id: str
    label: Message
    help: Message
    write: Callable[[Trained, str], Written]
    job: Callable[[Path, str, Path, Trained], Mapping[str, str]] | None = None
    prove: Callable[[Trained, Path, Path], Mapping[str, Difference]] | None = None
    suffix: str = ""
    tolerance: float = 0.0
    packages: tuple[str, ...] = ("torch", "safetensors")
    needs_training: bool = True

    @property
    def is_folder(self) -> bool:
        """Whether the export is a folder of files."""
        return not self.suffix

    def full_path(self, path: Path) -> Path:
        """The path with the suffix of the format."""
        if self.is_folder or path.name.endswith(self.suffix):
            return path
        last = "." + self.suffix.rpartition(".")[2]  # `net.pt2` becomes `net.int8.pt2`
        return path.with_name(path.name.removesuffix(last) + self.suffix)


def format_of(format_id: str) -> Format:
    """The format of that id.

    Raises:
        ExportError: there is none; the message lists those that exist.
    """
    if format_id not in FORMATS:
        raise ExportError(
            msg(
                "There is no export format '{format}'. Choose one of: {formats}.",
                format=format_id,
                formats=", ".join(FORMATS),
            )
        )
    return FORMATS[format_id]


def weights_of(trained: Trained) -> bytes:
    """The parameters and buffers as the bytes of a safetensors file, keys as in `state_dict()`."""
    from safetensors.torch import save

    from runtime.training.checkpoints import weights_of as copy_weights

    return save(copy_weights(trained.model), {"format": "pt", "model": trained.compiled.source.class_name})


def _write_weights(trained: Trained, name: str) -> Written:
    return Written({name: weights_of(trained)})


def _write_code(trained: Trained, name: str) -> Written:
    return Written({name: trained.compiled.source.model_text.encode()})


def _write_project(trained: Trained, name: str) -> Written:
    from runtime.export.python_project import files

    return Written(files(trained, weights_of(trained)))


def _write_onnx(trained: Trained, name: str) -> Written:
    compiled = trained.compiled
    from runtime.training.failures import explaining

    onnx_file.require_packages()
    model = still_copy(trained.model)
    example = random_batches(input_specs(compiled))["2"]
    with explaining(compiled, batch_size=len(example[0])):
        random = draws(model, example)
    if random:
        raise ExportError(
            msg("This network draws random numbers ({nodes}), so what its ONNX file gives could not be compared with what it gives here. "
                "Wire an Input in their place, or export the Python project.",
                nodes=", ".join(_drawing(compiled.project)) or compiled.source.class_name)
        )  # fmt: skip
    content = onnx_file.to_onnx(
        exportable(model),
        example,
        inputs=list(inspect.signature(model.forward).parameters),
        outputs=list(compiled.source.output_names),
    )
    return Written({name: content})


def _write_program(trained: Trained, name: str) -> Written:
    from runtime.export.program import to_program

    program = to_program(trained)
    return Written({name: program.content()}, batches=program.batches, shapes=program.shapes)


def _write_int8(trained: Trained, name: str) -> Written:
    made = int8.to_int8(trained)
    program, before = made.program, len(made.before.content())
    return Written({name: program.content()}, made.rounded, program.batches, program.shapes, before)


def _drawing(project: Project) -> list[str]:
    """The names of the nodes that draw random numbers, or may, in the drawing and in its blocks."""
    graphs = (project.graph, *(block.graph for block in project.blocks.values()))
    return [n.name for g in graphs for n in g.nodes.values() if n.type in DRAWING or n.type.startswith(CODE_PREFIX)]


def _module_job(source: Path, weights: Path, trained: Trained) -> dict[str, str]:
    class_name = trained.compiled.source.class_name
    return {"loader": "module", "source": str(source), "weights": str(weights), "class_name": class_name}


def _weights_job(folder: Path, name: str, aside: Path, trained: Trained) -> dict[str, str]:
    source = aside / "model.py"
    source.write_text(trained.compiled.source.model_text, "utf-8")
    return _module_job(source, folder / name, trained)


def _code_job(folder: Path, name: str, aside: Path, trained: Trained) -> dict[str, str]:
    weights = aside / "weights.safetensors"
    weights.write_bytes(weights_of(trained))
    return _module_job(folder / name, weights, trained)


def _project_job(folder: Path, name: str, aside: Path, trained: Trained) -> dict[str, str]:
    return {"loader": "project", "folder": str(folder)}


def _onnx_job(folder: Path, name: str, aside: Path, trained: Trained) -> dict[str, str]:
    return {"loader": "onnx", "model": str(folder / name)}


def _write_job(trained: Trained, name: str) -> Written:
    from runtime.export.job import job_files

    return Written(job_files(trained, name))


def _prove_job(trained: Trained, folder: Path, aside: Path) -> Mapping[str, Difference]:
    from runtime.export.job_proof import prove

    return prove(trained, folder, aside)


def _program_job(folder: Path, name: str, aside: Path, trained: Trained) -> dict[str, str]:
    return {"loader": "program", "model": str(folder / name)}


FORMATS: Mapping[str, Format] = {
    entry.id: entry
    for entry in (
        Format(
            id="weights",
            label=msg("Weights (.safetensors)"),
            help=msg("The trained numbers alone, for the generated class or your own."),
            suffix=".safetensors",
            write=_write_weights,
            job=_weights_job,
        ),
        Format(
            id="python",
            label=msg("Python project (folder)"),
            help=msg("Readable model.py that needs only torch, the weights, and predict.py for your own samples."),
            write=_write_project,
            job=_project_job,
        ),
        Format(
            id="onnx",
            label=msg("ONNX (.onnx)"),
            help=msg("One file for onnxruntime and many other programs, without PyTorch; any batch size."),
            suffix=".onnx",
            tolerance=1e-4,
            packages=("torch", *onnx_file.PACKAGES),
            write=_write_onnx,
            job=_onnx_job,
        ),
        Format(
            id="pt2",
            label=msg("PyTorch program (.pt2)"),
            help=msg(
                "One file for torch.export.load, without Python code; any batch size, and any length of texts where the network allows it."
            ),
            suffix=".pt2",
            tolerance=1e-5,
            packages=("torch",),
            write=_write_program,
            job=_program_job,
        ),
        Format(
            id="int8",
            label=msg("8-bit weights (.int8.pt2)"),
            help=msg(
                "A PyTorch program with weights rounded to 8 bits: up to four times smaller, not faster; says what the test figures lose."
            ),
            suffix=".int8.pt2",
            tolerance=1e-5,
            packages=("torch", int8.PACKAGE),
            write=_write_int8,
            job=_program_job,
        ),
        Format(
            id="code",
            label=msg("Python code (.py)"),
            help=msg("The class of the network alone, trained or not."),
            suffix=".py",
            write=_write_code,
            job=_code_job,
            needs_training=False,
        ),
        Format(
            id="job",
            label=msg("Training job (folder)"),
            help=msg(
                "Trains the drawing on any machine or cluster with PyTorch and torchrun: engine, plan, data up to 200 MB, scripts."
            ),
            write=_write_job,
            prove=_prove_job,
            needs_training=False,
        ),
    )
}
