"""The verb `import onnx`: an ONNX file as a drawing, and a run that holds its weights."""

from __future__ import annotations

import json
from argparse import Namespace
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from graph.messages import RunError, msg, tr
from runtime.importer.onnx_reading import require_onnx

if TYPE_CHECKING:
    from runtime.importer.module import InputSpec
    from runtime.importer.onnx_import import OnnxImported, OnnxReport

DONE = 0


def import_onnx(args: Namespace) -> int:
    """Write the drawing, and make a run that holds the weights.

    Raises:
        LayerloomError: the file cannot be read, cannot become a drawing, or nothing can be written.
    """
    if args.output is None and not args.dry_run:
        raise RunError(msg("Say where the drawing goes: -o NAME.layerloom"))
    require_onnx()
    from runtime.warmup import warm_up

    warm_up()
    from runtime.importer.onnx_import import import_onnx as bring

    path = Path(args.source)
    made = bring(path, list(_inputs(args)), name=args.output.stem if args.output is not None else path.stem)
    run = None if args.dry_run else _written(made, args)
    if args.json:
        print(
            json.dumps(
                {"event": "Imported", "file": str(args.output), "run": str(run) if run else None, **asdict(made.report)}
            )
        )
        return DONE
    for line in _lines(made.report):
        print(line)
    if not args.dry_run:
        print(f"{tr('drawing')}  {args.output}" + (f"\n{tr('run')}  {run}" if run else ""))
    return DONE


def _inputs(args: Namespace) -> Iterator[InputSpec]:
    """Each input that is described."""
    from runtime.importer.module import InputSpec

    for number, shape in enumerate(args.input):
        dtype, count = args.dtype[number] if number < len(args.dtype) else ("float32", 2)
        yield InputSpec(shape, dtype, count)


def _written(made: OnnxImported, args: Namespace) -> Path | None:
    """The run with the weights, beside the drawing that is written."""
    from safetensors.torch import save_file

    from runtime.cli_import_module import written
    from runtime.importer.module_apart import Brought

    with TemporaryDirectory(prefix="layerloom-") as folder:
        file = Path(folder) / f"{Path(args.source).stem}.safetensors"
        save_file({name: tensor.contiguous().clone() for name, tensor in made.weights.items()}, str(file))
        return written(Brought(made.project, file, {"parameters": len(made.weights)}), args)


def _lines(report: OnnxReport) -> Iterator[str]:
    """What a person should know."""
    from runtime.cli_import_module import size_text

    yield size_text(asdict(report.module))
    batches = ", ".join(map(str, report.batches))
    yield tr("proven: outputs differ from those of onnxruntime by {share:.1e} of the largest number at most, on batches of {batches}",
             share=report.outputs, batches=batches)  # fmt: skip
    yield tr("of {numbers} numbers that the file holds and uses, {learned} learn in the drawing, and {kept} stay as they are",
             numbers=f"{report.numbers:,}", learned=f"{report.learned:,}", kept=f"{report.numbers - report.learned:,}")  # fmt: skip
    for text, found in _notes(report):
        if found:
            yield f"{tr('note')}: {text}: {found}"


def _notes(report: OnnxReport) -> Iterator[tuple[str, str]]:
    yield tr("the file takes batches of one size only, and the drawing takes any"), str(report.fixed or "")
    yield (
        tr("equal numbers that the file keeps once for several layers, which each learn their own"),
        f"{report.more:,}" if report.more else "",
    )
    yield tr("no layer holds these, so they learn in nodes of their own"), ", ".join(report.loose)
    yield tr("no node stands for these, they are own code"), ", ".join(report.module.own_code)
    yield tr("tensors of the file that nothing uses are left out"), ", ".join(report.unused)


__all__ = ["import_onnx"]
