"""Samples to ask about are those of the run's parts, held or streamed."""

from __future__ import annotations

import pytest
import torch

from graph.files import load
from graph.messages import DataError
from runtime import examples
from runtime.asked_samples import data_ports, inputs_alone, sample_of
from runtime.data import prepare
from runtime.predict import untrained


@pytest.fixture(scope="module")
def trained():
    return untrained(load(examples.path("mlp_digits")))


def test_samples_are_the_rows_of_the_part(trained):
    found, part = sample_of(trained, "test", 5, count=2), prepare(trained.project).test
    assert list(found) == data_ports(trained)
    for port, values in found.items():
        (rows,) = part.head(7, ports=[port])
        assert torch.equal(values, rows[5:])
    assert list(inputs_alone(trained, found)) == list(trained.compiled.inputs)


def test_streamed_samples_are_the_same(trained, monkeypatch):
    held = sample_of(trained, "validation", 3, count=2)
    part = prepare(trained.project, budget=0).validation
    monkeypatch.setattr("runtime.asked_samples.part_of", lambda *_: part)
    monkeypatch.setattr("torch.utils.data.DataLoader.__init__", None)  # no process is begun for a few samples
    streamed = sample_of(trained, "validation", 3, count=2)
    part.close()
    assert all(torch.equal(held[port], streamed[port]) for port in held)


@pytest.mark.parametrize("number", [-1, 10**6])
def test_there_is_a_sentence_for_a_sample_that_is_not_there(trained, number):
    with pytest.raises(DataError, match="There is no sample"):
        sample_of(trained, "test", number)
