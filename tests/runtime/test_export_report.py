"""The report of exports: what it asks of whom in which order, and what its table says. No test looks at how long anything took."""

from __future__ import annotations

import json

import pytest

from exported import digits, network
from graph.messages import ExportError, msg
from runtime.export import formats, report
from runtime.export.report import Cancelled, Measured, Report, Timing, measure
from runtime.export.report_table import heads, notes, rows, to_markdown


class FakeWorker:
    """Answers at once, and notes in which order it was asked."""

    asked: list[tuple[str, int, int]] = []

    def __init__(self, kind: str, seconds: float) -> None:
        self.kind, self._seconds, self.memory = kind, seconds, 2**20

    def seconds(self, case: int, count: int) -> list[float]:
        self.asked.append((self.kind, case, count))
        if self.kind == "onnx" and len([kind for kind, *_ in self.asked if kind == "onnx"]) > 4:
            raise ExportError(msg("Gone."))
        return [self._seconds * (case + 1)] * count


def test_each_round_asks_all_in_another_order_and_one_that_breaks_down_is_left_out():
    FakeWorker.asked = asked = []
    workers = {
        "pytorch": FakeWorker("pytorch", 0.01),
        "pt2": FakeWorker("pt2", 0.02),
        "onnx": FakeWorker("onnx", 0.001),
    }
    found = {kind: Measured(id=kind, size=8) for kind in workers}
    times = report._time_in_turn(workers, (1, 32), 3, 0.05, lambda: True, found)
    order = [kind for kind, case, _ in asked if case == 0]
    assert order[:3] == ["onnx", "pytorch", "pt2"] and order[3:6] == ["pytorch", "pt2", "onnx"]
    assert order[6:] == ["pt2", "onnx", "pytorch", "pytorch", "pt2"] and found["onnx"].trouble == "Gone."
    assert {kind: {size: len(values) for size, values in of.items()} for kind, of in times.items()} == {
        "pytorch": {1: 15, 32: 9}, "pt2": {1: 9, 32: 9},
    }  # fmt: skip
    entry = report._summed(found["pt2"], times["pt2"], workers)
    assert entry.timings[32] == Timing(0.04, pytest.approx(0.04), 800.0, 9) and entry.memory == 2**20


def made() -> Report:
    entries = [
        Measured(id="pytorch", size=2048, memory=300 * 2**20, timings={1: Timing(0.002, 0.003, 500.0, 9)}),
        Measured(id="pt2", size=4096, timings={1: Timing(0.001, 0.0015, 1000.0, 9)}),
        Measured(id="onnx", trouble="Install it."),
    ]
    return Report(model="Net", run=None, entries=entries, batches=(1,), threads=2, rounds=12, versions={"torch": "2"},
                  machine="here", date="")  # fmt: skip


def test_the_table():
    assert rows(made()) == [
        ["PyTorch, as it is", "1", "2.000", "3.000", "500", "×1.00", "2.0", "300"],
        ["PyTorch program (.pt2)", "1", "1.000", "1.500", "1,000", "×2.00", "4.0", "-"],
        ["ONNX (.onnx)", "1", "-", "-", "-", "-", "-", "-"],
    ]
    assert notes(made())[1] == "ONNX (.onnx): Install it."
    lines = to_markdown(made()).splitlines()
    assert lines[0] == "# Net" and {line.count("|") for line in lines[2:7]} == {len(heads()) + 1}
    assert json.loads(json.dumps(made().record()))["entries"][1]["timings"]["1"]["throughput"] == 1000.0


def test_it_ends_when_nobody_wants_it():
    with pytest.raises(Cancelled):
        measure(network(digits()), is_wanted=lambda: False)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_every_export_is_timed_in_a_process_of_its_own(monkeypatch):
    broken = formats.FORMATS["onnx"].__class__

    def refuse(trained, name):
        raise ExportError(msg("No."))

    entries = dict(formats.FORMATS)
    entries["onnx"] = broken(**{name: getattr(entries["onnx"], name) for name in broken.__slots__} | {"write": refuse})
    monkeypatch.setattr(report, "FORMATS", entries)
    found = measure(network(digits()), batch_size=4, rounds=2, seconds=0.002)
    assert [entry.id for entry in found.entries] == ["pytorch", "pt2", "int8", "onnx"] and found.batches == (1, 4)
    for entry in found.entries[:3]:
        assert entry.timings.keys() == {1, 4} and entry.size > 0 and entry.trouble == ""
        assert all(0 < timing.median <= timing.p95 and timing.calls >= 6 for timing in entry.timings.values())
        assert all(timing.throughput == size / timing.median for size, timing in entry.timings.items())
        assert entry.memory is None or entry.memory > 2**24
    assert found.entries[3].trouble == "No." and found.factor(found.entries[0], 4) == 1.0
