"""Which code is allowed: exactly the text that was, by a file outside every document."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from graph.code import digest
from graph.messages import FileError
from runtime import trust

TEXT = "def f(x):\n    return x\n"


def test_nothing_is_allowed_at_first_and_looking_writes_nothing(state_home):
    assert not trust.is_allowed(TEXT) and not trust.is_allowed("")
    trust.forget(TEXT)
    assert not trust.store_path().exists()
    assert trust.store_path().is_relative_to(state_home)


@pytest.mark.parametrize("other", [TEXT + "\n", TEXT.replace("x", "y"), TEXT.replace("    ", "\t"), TEXT.strip(), ""])
def test_exactly_the_text_is_allowed_and_nothing_else(other):
    trust.allow(TEXT)
    assert trust.is_allowed(TEXT) and not trust.is_allowed(other)


def test_allowing_adds_and_forgetting_takes_away_one():
    trust.allow(TEXT)
    trust.allow("second")
    trust.allow(TEXT)
    assert json.loads(trust.store_path().read_bytes()) == {"allowed": sorted([digest(TEXT), digest("second")])}
    trust.forget(TEXT)
    assert not trust.is_allowed(TEXT) and trust.is_allowed("second")


def test_it_is_remembered_by_the_next_process():
    trust.allow(TEXT)
    script = "import sys; from runtime import trust; sys.exit(0 if trust.is_allowed(sys.argv[1]) else 3)"
    root = Path(__file__).resolve().parents[2]
    for text, status in ((TEXT, 0), (TEXT + " ", 3)):
        assert subprocess.run([sys.executable, "-c", script, text], cwd=root, env=os.environ).returncode == status


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"\xff\xfe", b"[]", b"null", b"1", b'{"allowed": 1}', b'{"allowed": null}', b'{"allowed": [1]}',
     b'{"allowed": "*"}', b'{"allowed": ["*", ""]}', b"[" * 100_000, b'{"always": true}', b'{"allowed": {"a": {}}}'],
)  # fmt: skip
def test_a_damaged_file_allows_nothing_and_can_be_written_again(content):
    path = trust.store_path()
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    assert not trust.is_allowed(TEXT)
    trust.allow(TEXT)
    assert trust.is_allowed(TEXT)


def test_a_part_of_a_hash_allows_nothing():
    path = trust.store_path()
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({"allowed": [digest(TEXT)[:12], digest(TEXT).upper(), digest(TEXT) + "0"]}))
    assert not trust.is_allowed(TEXT)


def test_a_place_that_cannot_be_written_is_said_and_allows_nothing():
    path = trust.store_path()
    path.parent.parent.mkdir(parents=True, exist_ok=True)
    path.parent.write_text("a file where the folder should be")
    with pytest.raises(FileError, match="could not be saved"):
        trust.allow(TEXT)
    assert not trust.is_allowed(TEXT)
