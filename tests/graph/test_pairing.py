"""Which code of two documents belongs together, however long it is."""

from __future__ import annotations

from time import perf_counter

from graph.model import Code, Definitions, Project
from graph.pairing import Both

LINES = [f"    x_{i} = x * {i} + {i % 7}\n" for i in range(1500)]


def with_code(name: str, text: str) -> Project:
    return Project(definitions=Definitions(codes={"c1": Code("c1", name, text)}))


def codes(one: str, other: str) -> dict[str, str]:
    """The pairs of code with one id and two names."""
    return dict(Both(with_code("Mine", one), with_code("Yours", other)).codes)


def test_most_lines_decide_whether_code_was_renamed_or_is_other_code():
    assert codes("".join(LINES), "".join(LINES[200:] + ["    pass\n"] * 200)) == {"c1": "c1"}
    assert codes("".join(LINES), "    y = 1\n" * 1500) == {}


def test_long_code_is_told_apart_in_a_moment():
    """Sign by sign it took many seconds, on the thread of the window."""
    one, other = "".join(LINES), "".join(line.replace("x", "y") for line in reversed(LINES))
    began = perf_counter()
    assert codes(one, other) == {}
    assert codes("\n" * 30_000, "\n" * 29_000) == {"c1": "c1"}
    assert perf_counter() - began < 1.0
