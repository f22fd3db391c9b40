"""The table of export formats: what each writes, how it is run again, and how exact it must be."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from graph.catalog.definitions import CODE_PREFIX
from graph.messages import ExportError, Message, msg
from runtime.export import onnx_file
from runtime.export.placing import Files
from runtime.export.verify import draws, input_specs, random_batches, still_copy

if TYPE_CHECKING:
    from graph.model import Project
    from runtime.predict import Trained

# The types that draw random numbers in evaluation mode too.
DRAWING = ("layerloom.Noise", "layerloom.Random", "torch.nn.FractionalMaxPool2d", "torch.nn.FractionalMaxPool3d")


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """One export format.

    `write(trained, file name)` gives the files by name; `job(their folder, file name, folder for more, trained)` says
    how a clean process runs them (see `clean_process.LOADERS`). `suffix` is that of the file; a format without one is a
    folder. `packages` take part in the comparison and are named with their version on the receipt.
    """

    id: str
    label: Message
    help: Message
    write: Callable[[Trained, str], Files]
    job: Callable[[Path, str, Path, Trained], Mapping[str, str]]
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
        return path if path.suffix == self.suffix or self.is_folder else path.with_name(path.name + self.suffix)


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


def _write_weights(trained: Trained, name: str) -> Files:
    return {name: weights_of(trained)}


def _write_code(trained: Trained, name: str) -> Files:
    return {name: trained.compiled.source.model_text.encode()}


def _write_project(trained: Trained, name: str) -> Files:
    from runtime.export.python_project import files

    return files(trained, weights_of(trained))


def _write_onnx(trained: Trained, name: str) -> Files:
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
        model,
        example,
        inputs=list(inspect.signature(model.forward).parameters),
        outputs=list(compiled.source.output_names),
    )
    return {name: content}


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
            id="code",
            label=msg("Python code (.py)"),
            help=msg("The class of the network alone, trained or not."),
            suffix=".py",
            write=_write_code,
            job=_code_job,
            needs_training=False,
        ),
    )
}
