"""Old formats reach the present one step by step."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from graph.files import load
from graph.messages import FileError
from graph.migrations import MIGRATIONS, Migrations

FIXTURES = Path(__file__).parent / "fixtures"


@pytest.fixture
def migrations() -> Migrations:
    registry = Migrations(3)

    @registry.step(1)
    def rename_width(record):
        return {**record, "size": record["width"]}

    @registry.step(2)
    def double_size(record):
        return {**record, "size": 2 * record["size"]}

    return registry


def test_every_step_from_the_version_of_the_record_on(migrations):
    assert migrations.apply({"version": 1, "width": 2}) == {"version": 3, "width": 2, "size": 4}
    assert migrations.apply({"version": 2, "size": 5}) == {"version": 3, "size": 10}


def test_the_present_version_passes_untouched(migrations):
    record = {"version": 3, "size": 1}
    assert migrations.apply(record) is record
    assert MIGRATIONS.apply(latest := {"version": MIGRATIONS.version}) is latest


def test_a_step_leaves_the_record_it_was_given_alone(migrations):
    record = {"version": 1, "width": 2}
    migrations.apply(record)
    assert record == {"version": 1, "width": 2}


@pytest.mark.parametrize("version", [4, 10**6])
def test_a_newer_version_is_refused(migrations, version):
    with pytest.raises(FileError, match=f"version {version}, and this Layerloom reads up to version 3"):
        migrations.apply({"version": version})


@pytest.mark.parametrize("record", [{}, *({"version": v} for v in (0, -1, True, "1", 1.0, None, [1]))])
def test_what_is_no_version_is_refused(migrations, record):
    with pytest.raises(FileError, match="does not say which format version"):
        migrations.apply(record)


def test_files_of_every_version_open():
    """Nobody raised the version without a migration, and without a file to prove it."""
    fixtures = {int(path.stem.removeprefix("v")): path for path in FIXTURES.glob("v*.layerloom")}
    assert sorted(fixtures) == list(range(1, MIGRATIONS.version + 1))
    for version, path in fixtures.items():
        assert json.loads(path.read_text("utf-8"))["version"] == version
        assert load(path).graph.nodes


def test_a_step_is_registered_once(migrations):
    with pytest.raises(AssertionError):
        migrations.step(1)
    with pytest.raises(AssertionError):
        migrations.step(3)
