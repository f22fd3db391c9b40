"""A network that spells: one symbol or none at each step, by the loss CTC (Graves et al., 2006). What it read, and what is right."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from torch import Tensor

from graph.model import Port
from graph.topology import ancestors
from runtime.insight import Place, insight_of
from runtime.predict import Trained
from runtime.training.answers import source_of_labels
from runtime.trying import Entered, Form, PictureEntry, Reading, Way
from runtime.trying_pixels import pictures_of, pixels

CTC = "torch.nn.CTCLoss"


class Spelling(NamedTuple):
    """What the loss says: where the scores of all steps are, what should be spelled, how long that is, and which class is none."""

    scores: Port
    targets: Port
    lengths: Port | None
    blank: int
    names: tuple[str, ...]


def find_spelling(trained: Trained) -> Spelling | None:
    """What the first loss CTC asks whose scores the network computes by itself; None where there is none."""
    compiled = trained.compiled
    graph, catalog = compiled.project.graph, compiled.project.catalog
    for program in compiled.programs:
        for loss in map(graph.node_named, program.losses):
            if loss is None or loss.type != CTC:
                continue
            ends = graph.inputs(loss.id)
            scores, targets = ends.get("log_probs"), source_of_labels(graph, ends.get("targets"))
            spec = compiled.analysis.spec(scores) if scores is not None else None
            if scores is None or targets not in program.inputs or spec is None or len(spec.shape) != 3:
                continue
            inside = {port.node for port in compiled.outputs}
            if scores.node in inside | ancestors(graph, inside) and isinstance(size := spec.shape[2], int):
                assert targets is not None
                blank = int(catalog[loss.type].values(loss)["blank"])  # type: ignore[arg-type]
                names = _names(trained, targets, size)
                return Spelling(scores, targets, ends.get("target_lengths"), blank, names)
    return None


def _names(trained: Trained, targets: Port, size: int) -> tuple[str, ...]:
    known = (trained.compiled.project.graph.nodes[targets.node].facts or {}).get("classes") or ()
    names = tuple(map(str, known)) if isinstance(known, list | tuple) else ()
    return names if len(names) == size else tuple(map(str, range(size)))


def reading_of(way: Way, form: Form, scores: Tensor, entered: Entered) -> Reading:
    """What the scores of one sample spell (samples × steps × classes)."""
    assert form.blank is not None
    return Reading(form.names, form.blank, scores[0].softmax(-1).numpy(), _picture(way, entered, scores.shape[1]))


def _picture(way: Way, entered: Entered, steps: int):
    """The picture that was entered, where its columns can be the steps: it is wide, and has as many."""
    (entry, *others) = way.entries
    if others or not isinstance(entry, PictureEntry):
        return None
    _, height, width = entry.shape
    return pictures_of(pixels(entry, entered[entry.key])[None]).images[0] if width >= max(height + 1, steps) else None


def true_symbols(trained: Trained, rows: Mapping[Port, Tensor]) -> tuple[str, ...]:
    """What the network should read of a sample, as far as its loss looks at it; empty where it spells nothing."""
    spelling = find_spelling(trained)
    if spelling is None or spelling.targets not in rows:
        return ()
    numbers = [int(number) for number in rows[spelling.targets][0].reshape(-1).tolist()]
    numbers = numbers[: _length(trained, spelling, rows)]
    return tuple(spelling.names[n] for n in numbers if 0 <= n < len(spelling.names) and n != spelling.blank)


def _length(trained: Trained, spelling: Spelling, rows: Mapping[Port, Tensor]) -> int | None:
    """How many targets count: what the drawing computes of them, or what the data says."""
    if spelling.lengths is None:
        return None
    found = rows.get(spelling.lengths)
    if found is None:
        place = Place(spelling.lengths)
        found = insight_of(trained).look(rows, only=(place,)).value(place)
    return None if found is None else int(found.reshape(-1)[0])
