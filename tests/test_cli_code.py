"""The verb `allow`: it shows all the code of a drawing as it is, and allows exactly what the person names."""

from __future__ import annotations

import json
import shlex

import pytest

from graph import files
from graph.code import digest
from graph.model import Code, Definitions, Project
from runtime import trust

GATE = "\n\ndef gate(x):\n    return x\n"
OTHER = "def other(x): return x"


@pytest.fixture
def drawing(project_folder):
    """Saves a drawing with these pieces of code and gives its path."""

    def save(*texts: str):
        codes = {f"c{n}": Code(f"c{n}", f"Code{n}", text) for n, text in enumerate(texts, 1)}
        path = project_folder / "net.layerloom"
        files.save(Project(definitions=Definitions(codes=codes)), path)
        return path

    return save


def records(out: str) -> list[dict]:
    return [json.loads(line) for line in out.splitlines()]


def test_every_piece_of_code_is_printed_with_its_hash_and_nothing_is_allowed_by_that(run, drawing):
    status, out, err = run("allow", drawing(GATE, OTHER).name)
    assert (status, err) == (0, "")
    assert out == (
        f"Code1: not allowed\n{digest(GATE)}\n    1  \n    2  \n    3  def gate(x):\n    4      return x\n    5\n\n"
        f"Code2: not allowed\n{digest(OTHER)}\n    1  def other(x): return x\n\n"
        "To let code run that you have read and trust, type:\n"
        f"  main.py allow net.layerloom --yes {digest(GATE)}\n"
        f"  main.py allow net.layerloom --yes {digest(OTHER)}\n"
    )
    assert not trust.is_allowed(GATE) and not trust.is_allowed(OTHER)


@pytest.mark.parametrize("length", [12, 40, 64])
def test_a_hash_or_its_beginning_allows_that_code_only(run, drawing, length):
    status, out, _ = run("allow", drawing(GATE, OTHER), "--yes", digest(GATE)[:length].upper())
    assert status == 0 and "Code1: allowed\n" in out and "Code2: not allowed\n" in out
    assert trust.is_allowed(GATE) and not trust.is_allowed(OTHER)


def test_several_can_be_allowed_at_once(run, drawing):
    path = drawing(GATE, OTHER)
    assert run("allow", path, "--yes", digest(GATE), "--yes", digest(OTHER)[:16])[0] == 0
    assert trust.is_allowed(GATE) and trust.is_allowed(OTHER)


def test_a_hash_of_other_code_is_refused_and_then_none_is_allowed(run, drawing):
    status, out, err = run("allow", drawing(GATE), "--yes", digest(GATE), "--yes", digest("something else"))
    assert (status, out) == (1, "") and "0 pieces of code" in err
    assert not trust.is_allowed(GATE) and not trust.is_allowed("something else")


@pytest.mark.parametrize("word", ["", "abc", digest(GATE)[:11], digest(GATE) + "0", "g" * 12, "*", "all"])
def test_what_is_no_hash_is_a_mistake_of_usage(run, drawing, word):
    status, _, err = run("allow", drawing(GATE), "--yes", word)
    assert status == 2 and "is not a hash" in err
    assert not trust.is_allowed(GATE)


def test_the_same_code_twice_is_allowed_by_its_one_hash(run, drawing):
    status, out, _ = run("allow", drawing(GATE, GATE), "--yes", digest(GATE))
    assert status == 0 and out.count(": allowed\n") == 2


def test_json_is_one_object_a_line(run, drawing):
    path = drawing(GATE, OTHER)
    status, out, _ = run("allow", path, "--json", "--yes", digest(OTHER))
    assert status == 0
    assert records(out) == [
        {"event": "Code", "id": "c1", "name": "Code1", "hash": digest(GATE), "allowed": False, "text": GATE},
        {"event": "Code", "id": "c2", "name": "Code2", "hash": digest(OTHER), "allowed": True, "text": OTHER},
    ]


def test_a_terminal_gets_no_orders_from_the_code(run, drawing):
    """Otherwise the code could clear its own lines from the screen, or show them in another order."""
    text = "def f(x): return x  # \x1b[1A\x1b[2K \u202e \r \x07 \x9b ü\tend"
    _, out, _ = run("allow", drawing(text))
    (line,) = (line for line in out.splitlines() if "def f" in line)
    assert line == r"    1  def f(x): return x  # \x1b[1A\x1b[2K \u202e \r \x07 \x9b ü" + "\tend"


def test_the_line_to_type_next_can_be_typed(run, drawing, project_folder):
    """What is printed, given to the shell as it is, allows the code; then nothing is left to type."""
    path = drawing(GATE, GATE).rename(project_folder / "my net.layerloom")
    _, out, _ = run("allow", path)
    _, *words = shlex.split(out.splitlines()[-1])
    assert words == ["allow", str(path), "--yes", digest(GATE)] and out.count("--yes") == 1
    status, out, _ = run(*words)
    assert status == 0 and trust.is_allowed(GATE) and "--yes" not in out


def test_a_drawing_without_code_says_so(run, drawing):
    assert run("allow", drawing()) == (0, "There is no Python of its own in this drawing.\n", "")
    assert run("allow", drawing(), "--json") == (0, "", "")


def test_a_file_that_is_not_there(run, project_folder):
    status, _, err = run("allow", project_folder / "none.layerloom")
    assert status == 1 and "none.layerloom" in err
