"""InstanceNorm needs more than one place: that is said, whatever was looked at before."""

from __future__ import annotations

import pytest

from drawings import Drawing
from graph.problems import Problem
from runtime import shapes
from runtime.analyser import analyse


def errors(dims: int, size: int, *, tracked: bool) -> list[Problem]:
    d = Drawing()
    x = d.add("op.Input", "x", shape=(4, *[size] * dims))
    d.add("op.Output", "y", d.add(f"nn.InstanceNorm{dims}d", "norm", x, track_running_stats=tracked))
    return list(analyse(d.project).errors)


@pytest.mark.parametrize("tracked", [False, True])
@pytest.mark.parametrize("dims", [1, 2, 3])
def test_one_place_is_refused_in_words_and_two_are_not(dims, tracked):
    shapes.forget()
    first = errors(dims, 1, tracked=tracked)
    assert not errors(dims, 2, tracked=tracked)
    (problem,) = errors(dims, 1, tracked=tracked)
    assert first == [problem] and problem.code == "one-place" and problem.port == "input"
    assert str(problem.message).startswith(
        "'norm' compares the places of each channel with each other, but 'x' gives B × 4 × 1"
    )
