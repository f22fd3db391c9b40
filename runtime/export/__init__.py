"""Taking a network away: files that run without Layerloom, each run again and compared before it is kept."""

from __future__ import annotations

import platform
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from graph.atomic import write_atomically
from graph.messages import DataError, ExportError, FileError, RunError, msg
from runtime.export import placing, verify
from runtime.export.formats import FORMATS, Format, Written, format_of
from runtime.export.receipt import SAMPLES, Receipt, receipt_path, to_text

if TYPE_CHECKING:
    from torch import Tensor, nn

    from runtime.predict import Trained

__all__ = ["FORMATS", "Format", "Receipt", "export", "receipt_path"]

MAX_SAMPLES = 64


def export(trained: Trained, format_id: str, path: str | Path) -> Receipt:
    """Write a network to `path` in the format of that id (see `FORMATS`), with its receipt beside it.

    What is written was run before in a clean process, where Layerloom cannot be imported, on seeded random inputs in
    batches of 1, 2 and 7 and on the first test samples, if their data is at hand; the outputs were compared with those
    of `trained.model` on the CPU. Nothing is written if they differ by more than the format's tolerance.

    Raises:
        ExportError: the network cannot be written in that format, does not run outside, gives other outputs there,
            or cannot be stored.
        RunError: it does not run here either: a layer cannot compute one of these batches.
    """
    chosen = format_of(format_id)
    target = chosen.full_path(Path(path).absolute())
    if chosen.needs_training and trained.run is None:
        raise ExportError(
            msg("This network was not trained yet. Train it, or export its code ({format}).", format="code")
        )
    placing.check_target(target, folder=chosen.is_folder)
    written = chosen.write(trained, target.name)
    differences = _run_again(trained, chosen, target.name, written)
    receipt = _receipt(trained, chosen, target, written, differences)
    placing.place(target, written.files, folder=chosen.is_folder)
    _write_receipt(target, receipt)
    return receipt


def _run_again(trained: Trained, chosen: Format, name: str, written: Written) -> Mapping[str, verify.Difference]:
    """Run the files in a clean process, and refuse them if their outputs differ from the model's."""
    from runtime.training.failures import explaining

    specs = verify.input_specs(trained.compiled)
    with tempfile.TemporaryDirectory(prefix="layerloom-export-", ignore_cleanup_errors=True) as scratch:
        folder, aside = Path(scratch, "exported"), Path(scratch, "aside")
        folder.mkdir()
        aside.mkdir()
        placing.write_files(folder, written.files)
        if chosen.job is None:
            assert chosen.prove is not None
            differences = chosen.prove(trained, folder, aside)
        else:
            batches = {**verify.random_batches(specs), **written.batches, **_samples(trained)}
            job = chosen.job(folder, name, aside, trained)
            with explaining(trained.compiled, batch_size=MAX_SAMPLES):
                differences = verify.compare(written.reference or trained.model, batches, job=job, scratch=aside)
    for batch, difference in differences.items():
        if not difference.within(chosen.tolerance):
            raise ExportError(
                msg(
                    "The exported network gives other outputs than the one here: a difference of {difference:.3g} on "
                    "batch {batch}, where {tolerance:g} is allowed. Nothing was written.",
                    difference=difference.largest,
                    batch=batch,
                    tolerance=chosen.tolerance,
                )
            )
    return differences


def _samples(trained: Trained) -> dict[str, tuple[Tensor, ...]]:
    """The inputs of the first test samples; none where the data is not at hand."""
    from runtime.data import prepare

    try:
        test = prepare(trained.project, trained.folder).test
        batch = test.head(MAX_SAMPLES, ports=trained.compiled.inputs)
    except (DataError, KeyError):  # a KeyError: an Input node stands for data that the drawing does not have
        return {}
    return {SAMPLES: batch} if test.count else {}


def _figures(trained: Trained, rounded: nn.Module | None) -> dict[str, tuple[float, float]]:
    """What is measured on the test samples, before and after rounding; nothing where the data is not at hand."""
    from runtime.predict import test_again

    if rounded is None:
        return {}
    try:
        before, after = (test_again(network).test for network in (trained, replace(trained, model=rounded)))
    except (DataError, RunError):
        return {}
    return {name: (value, after[name]) for name, value in before.items()}


def _receipt(
    trained: Trained, chosen: Format, target: Path, written: Written, differences: Mapping[str, verify.Difference]
) -> Receipt:
    from importlib.metadata import version

    return Receipt(
        format=chosen.id,
        path=str(target),
        model=trained.compiled.source.class_name,
        files=placing.hashes(written.files),
        versions={"python": platform.python_version(), **{name: version(name) for name in chosen.packages}},
        differences={batch: difference.largest for batch, difference in differences.items()},
        tolerance=chosen.tolerance,
        run=trained.run.resolve().name if trained.run else None,
        date=datetime.now(UTC).isoformat(timespec="seconds"),
        shapes=written.shapes,
        figures=_figures(trained, written.reference),
        sizes=written.sizes,
    )


def _write_receipt(target: Path, receipt: Receipt) -> None:
    """Write the receipt; an export without one is not left behind."""
    try:
        write_atomically(receipt_path(target), to_text(receipt).encode())
    except FileError as error:
        placing.remove(target)
        raise ExportError(error.message) from error
