"""The report of exports as a table, for a window, a terminal or a page of Markdown."""

from __future__ import annotations

from graph.messages import tr
from runtime.export.report import Measured, Report


def heads() -> list[str]:
    """The titles of the columns of `rows`; the first holds words, the others numbers."""
    return [
        tr("export"),
        tr("batch"),
        tr("median, ms"),
        tr("p95, ms"),
        tr("samples/s"),
        tr("speed"),
        tr("size, KiB"),
        tr("memory, MiB"),
    ]


def rows(report: Report) -> list[list[str]]:
    """A row for each batch size and export, PyTorch first; "-" where there is no figure."""
    return [_row(report, entry, size) for size in report.batches for entry in report.entries]


def _row(report: Report, entry: Measured, size: int) -> list[str]:
    timing, factor = entry.timings.get(size), report.factor(entry, size)
    if timing is None or factor is None:
        return [entry.label, str(size), *["-"] * 6]
    times = [f"{timing.median * 1e3:.3f}", f"{timing.p95 * 1e3:.3f}", f"{timing.throughput:,.0f}", f"×{factor:.2f}"]
    memory = f"{entry.memory / 2**20:,.0f}" if entry.memory else "-"
    return [entry.label, str(size), *times, f"{entry.size / 1024:,.1f}", memory]


def notes(report: Report) -> list[str]:
    """What the table says, and why a row is empty."""
    text = tr(
        "On the CPU with {threads} threads, each export in a process of its own, in turn for {rounds} rounds. Speed is relative to "
        "PyTorch; memory is the peak of the whole process.",
        threads=report.threads,
        rounds=report.rounds,
    )
    return [text, *(f"{entry.label}: {entry.trouble}" for entry in report.entries if entry.trouble)]


def to_markdown(report: Report) -> str:
    """The report as a table in Markdown."""
    lines = [heads(), ["---", *["---:"] * (len(heads()) - 1)], *rows(report)]
    table = "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
    facts = [
        *notes(report),
        ", ".join(f"{name} {version}" for name, version in report.versions.items()),
        report.machine,
    ]
    return f"# {report.model}\n\n{table}\n\n" + "\n\n".join(facts) + "\n"
