"""`generate` for networks that make something of noise: points as a table, pictures as a file, the same for the same seed."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

from graph import files
from graph.messages import FileError, RunError
from runtime import cli_generate, examples
from runtime.cli_make import GAP, SCALE, side_by_side
from runtime.cli_parser import parse
from runtime.data import prepare
from runtime.predict import Trained, untrained


@pytest.fixture
def generate(monkeypatch, capsys):
    """Run the verb over an example as it is before training; gives what it printed."""

    def run(name: str, *arguments: str) -> str:
        project = files.load(examples.path(name))
        trained: Trained = untrained(project, prepare(project))
        monkeypatch.setattr(cli_generate, "find_run", lambda *_a, **_k: None)
        monkeypatch.setattr("runtime.predict.load_trained", lambda _run: trained)
        assert cli_generate.generate(parse(["generate", name, *arguments])) == 0
        return capsys.readouterr().out

    return run


def test_points_are_printed_and_come_from_the_seed(generate):
    first = json.loads(generate("gan_points", "--json", "--count", "5"))
    assert np.array(first["points"]).shape == (5, 2)
    assert json.loads(generate("gan_points", "--json", "--count", "5")) == first
    assert json.loads(generate("gan_points", "--json", "--count", "5", "--seed", "1")) != first
    assert len(generate("gan_points").splitlines()) == 18  # two of titles, and 16 points


def test_pictures_are_written(generate, tmp_path):
    file = tmp_path / "samples.png"
    assert str(file) in generate("gan_digits", "-o", str(file), "--count", "5")
    side = 8 * SCALE + GAP
    with Image.open(file) as picture:
        assert picture.size == (3 * side + GAP, 2 * side + GAP)


def test_pictures_lie_side_by_side():
    pixels = side_by_side(np.stack([np.zeros((2, 3)), np.ones((2, 3))]))
    assert pixels.shape == (2 * SCALE + 2 * GAP, 6 * SCALE + 3 * GAP)
    assert (pixels[GAP:-GAP, GAP : GAP + 3 * SCALE] == 0).all() and (pixels[:, GAP + 3 * SCALE :] == 255).all()


@pytest.mark.parametrize(
    ("name", "arguments", "error", "says"),
    [
        ("gan_digits", (), RunError, "--output"),
        ("gan_digits", ("-o", "/no/such/folder/s.png"), FileError, "could not be written"),
        ("gan_digits", ("-o", "samples.what"), FileError, "could not be written"),
        ("char_lm", (), RunError, "--prompt"),
        ("mlp_digits", ("--prompt", "a"), RunError, "does not continue texts"),
    ],
)
def test_what_cannot_be_made_is_a_sentence(generate, name, arguments, error, says, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(error, match=says):
        generate(name, *arguments)
