"""What came of an import: how close the drawing is to what it was made from, what is in it, and what to know."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from graph.messages import tr
from gui.export_dialog import difference_text
from gui.figures import grouped
from gui.import_work import Outcome
from gui.panels.card import Card
from gui.panels.parts import FactList, breakable, label


class ImportReport(Card):
    """Shows one outcome."""

    def __init__(self) -> None:
        super().__init__(tr("Imported"))
        self.verdict = label("", tone="good", wrap=True)
        self.facts = FactList()
        self.notes = label("", tone="warning", wrap=True)
        for widget in (self.verdict, self.facts, self.notes):
            self.body.addWidget(widget)

    def show_outcome(self, outcome: Outcome) -> None:
        """Show this one."""
        self.verdict.setText(f"✓ {_verdict(outcome.report)}")
        self.facts.set_facts([*_facts(outcome)])
        notes = [*_notes(outcome.report), *map(str, outcome.notes)]
        self.notes.setText(breakable("\n".join(notes)))
        self.notes.setVisible(bool(notes))


def _verdict(report: Mapping[str, Any]) -> str:
    if "onnx" in report:
        largest = difference_text(report["onnx"]["outputs"])
        return tr(
            "Proven: the drawing computes the same as onnxruntime; largest difference {difference}.", difference=largest
        )
    proof = report["proof"]
    if not (proof["outputs"] or proof["gradients"]):
        return tr("Proven: the drawing computes and learns the same, to the last bit.")
    largest = difference_text(max(proof["outputs"], proof["gradients"]))
    return tr("Proven: the drawing computes and learns the same; largest difference {difference}.", difference=largest)


def _facts(outcome: Outcome) -> Iterator[tuple[str, str]]:
    report, proof = outcome.report, outcome.report["proof"]
    nodes = grouped(report["nodes"])
    if report["blocks"]:
        yield tr("Nodes"), tr("{nodes}, and {inside} inside of blocks", nodes=nodes, inside=grouped(report["inside"]))
        yield (
            tr("Blocks"),
            tr("{blocks}, used {instances} times", blocks=report["blocks"], instances=report["instances"]),
        )
    else:
        yield tr("Nodes"), nodes
    yield tr("Parameters"), grouped(report["parameters"])
    if "onnx" in report:
        yield tr("Compared with onnxruntime, on batches of"), ", ".join(map(str, report["onnx"]["batches"]))
    else:
        yield tr("Largest difference of outputs"), difference_text(proof["outputs"])
        yield tr("Largest difference of gradients"), difference_text(proof["gradients"])
        yield tr("Compared in evaluation and training, on batches of"), ", ".join(map(str, proof["batches"]))
    if outcome.run is not None:
        yield tr("Its weights, as a run"), outcome.run.name


def _notes(report: Mapping[str, Any]) -> Iterator[str]:
    times = ", ".join(f"{name} × {count}" for name, count in report.get("unrolled", {}).items())
    if times:
        yield tr("Called several times, drawn as often with the same weights: {names}", names=times)
    if names := ", ".join(report.get("own_code", ())):
        yield tr("No node stands for these, they are own code: {names}", names=names)
    if names := ", ".join(report.get("frozen", ())):
        yield tr("These do not learn in the module, and are frozen in the plan: {names}", names=names)
    if names := ", ".join(report.get("resting", ())):
        yield tr(
            "Being frozen, these let dropout and running statistics rest in training, as in the module they do not: {names}",
            names=names,
        )
    if names := ", ".join(report.get("unused", ())):
        numbers = grouped(report["unused_numbers"])
        yield tr(
            "{numbers} numbers take no part in what the module gives, and are left out: {names}",
            numbers=numbers,
            names=names,
        )
    if names := ", ".join(report.get("left_out", ())):
        yield tr("Buffers that nothing uses are left out: {names}", names=names)
    onnx = report.get("onnx", {})
    if names := ", ".join(onnx.get("unused", ())):
        yield tr("Tensors that nothing uses are left out: {names}", names=names)
    if (batch := onnx.get("fixed")) is not None:
        yield tr("The file takes batches of {batch} alone.", batch=batch)
