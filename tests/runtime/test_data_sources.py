"""The sets that ship: real, complete, with licence and source beside them; and how a source is found."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from sklearn import datasets

from graph.catalog import CATALOG
from graph.messages import DataError
from graph.model import Node
from runtime.data import BUILTINS, builtin_names, load
from runtime.data.sources import ARRAYS, IMAGES, PREFIX, TABLE, check_size, locate


def builtin(name: str, **params):
    return load(Node("n1", BUILTINS[name].node_type, "data", {"source": PREFIX + name, **params}))


@pytest.mark.parametrize("name", BUILTINS)
def test_licence_and_source_stand_beside_each_set(name: str) -> None:
    text = (BUILTINS[name].path.parent / "SOURCE.txt").read_text("utf-8")
    assert "https://" in text or "Made up by tools/" in text
    assert "Licence" in text
    assert BUILTINS[name].path.name in text


@pytest.mark.parametrize("node_type", [IMAGES, TABLE, ARRAYS])
def test_the_catalogue_offers_exactly_the_sets_that_ship(node_type: str) -> None:
    assert set(CATALOG[node_type].param("source").choices) == set(builtin_names(node_type))


def test_digits_are_those_of_scikit_learn() -> None:
    loaded, original = builtin("digits"), datasets.load_digits()
    assert np.array_equal(loaded.store.arrays["image"][:, 0] * 16, original.images)
    assert np.array_equal(loaded.store.arrays["label"], original.target)


@pytest.mark.parametrize("name", ["iris", "wine", "breast_cancer"])
def test_classification_tables_are_those_of_scikit_learn(name: str) -> None:
    loaded, original = builtin(name), getattr(datasets, f"load_{name}")()
    assert np.array_equal(loaded.store.arrays["features"], original.data)
    labels = np.array(loaded.classes)[loaded.store.arrays["target"]]
    assert np.array_equal(labels, original.target_names[original.target])


def test_the_diabetes_table_is_that_of_scikit_learn() -> None:
    loaded, original = builtin("diabetes"), datasets.load_diabetes(scaled=False)
    assert np.array_equal(loaded.store.arrays["features"], original.data)
    assert np.array_equal(loaded.store.arrays["target"][:, 0], original.target)


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("", "No data is chosen"),
        ("builtin:cats", "builtin:digits"),
        ("builtin:iris", "for this kind of node"),
        ("missing/file.npz", "no file"),
        ("\0", "no file"),
        ("x" * 5000, "cannot be read"),
    ],
)
def test_sources_that_lead_nowhere(tmp_path: Path, source: str, words: str) -> None:
    with pytest.raises(DataError, match=words):
        locate(source, IMAGES, tmp_path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_pipes_and_devices_are_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)
    for source in ("pipe", "/dev/zero"):
        with pytest.raises(DataError, match="no file"):
            locate(source, TABLE, tmp_path)


def test_sizes_are_checked_before_reading(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"would need 1024\.0 GiB"):
        check_size(tmp_path / "big.csv", 2**40)


def test_describing_data_does_not_import_torch() -> None:
    code = (
        "import sys, runtime.data\n"
        "assert 'numpy' not in sys.modules\n"
        "from graph.model import Node\n"
        "runtime.data.describe(Node('n1', 'layerloom.data.Images', 'digits', {'image_size': 32}))\n"
        "assert 'torch' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2])
