"""What trials try: grids, random draws, TPE; and when one is behind, compared with Optuna's own rule."""

from __future__ import annotations

import math
from collections import Counter
from itertools import product
from random import Random
from statistics import median

import pytest

from graph.search import Entry, Options, PlanPlace, Search, Span
from runtime.sweep_events import FINISHED, RUNNING
from runtime.sweep_folders import Trial
from runtime.sweep_methods import grid_values, is_behind, next_values, num_combinations

A, B = PlanPlace("epochs"), PlanPlace("batch_size")


def tries(search: Search, count: int, loss=lambda values: 0.0) -> list[Trial]:
    """The trials of a sweep whose loss is a function of the values."""
    trials: list[Trial] = []
    for number in range(1, count + 1):
        values = next_values(search, number, trials, ("min",))
        if values is None:
            break
        trials.append(Trial(number, values, FINISHED, (loss(values),)))
    return trials


def of(*spaces, **more) -> Search:
    return Search(tuple(Entry(PlanPlace(f"p{i}"), space) for i, space in enumerate(spaces)), **more)


def test_a_grid_takes_even_steps_on_the_scale_of_a_range():
    assert grid_values(Span(0, 1, count=5)) == [0, 0.25, 0.5, 0.75, 1]
    assert grid_values(Span(1e-4, 1, log=True, count=5)) == [1e-4, 1e-3, 1e-2, 1e-1, 1]
    assert grid_values(Span(1, 3, whole=True, count=9)) == [1, 2, 3]
    assert grid_values(Span(4, 64, log=True, whole=True, count=5)) == [4, 8, 16, 32, 64]
    assert grid_values(Span(2, 8, count=1)) == [5] and grid_values(Options((3, (1, 2)))) == [3, (1, 2)]


def test_a_grid_is_tried_whole_or_spread_over_it():
    spaces = Options((1, 2, 3)), Options(("a", "b"))
    assert [t.values for t in tries(of(*spaces, method="grid"), 9)] == list(product((1, 2, 3), "ab"))
    large = of(Span(0, 1, count=100), Span(0, 1, count=100), Span(0, 1, count=100), method="grid", trials=60)
    values = [t.values for t in tries(large, 99)]
    assert len(values) == len(set(values)) == 60 and num_combinations(large) == 1e6
    for axis in zip(*values, strict=True):
        assert min(axis) < 0.1 and max(axis) > 0.9
    longer = of(*(e.space for e in large.entries), method="grid", trials=70)
    assert [t.values for t in tries(longer, 99)][:60] == values


@pytest.mark.parametrize("method", ["random", "tpe"])
def test_values_stay_within_their_bounds_and_none_comes_twice(method):
    search = of(Span(1, 3, whole=True), Options((True, False)), Options(((3, 3), 5)), method=method)
    values = [t.values for t in tries(search, 99)]
    assert len(values) == len(set(values)) == 12 == num_combinations(search)
    search = of(Span(0.05, 0.3), Span(1e-5, 1e-1, log=True), Span(2, 50, log=True, whole=True), method=method)
    trials = tries(search, 25, sum)
    for low, high, column in ((0.05, 0.3, 0), (1e-5, 1e-1, 1), (2, 50, 2)):
        assert all(low <= t.values[column] <= high for t in trials)
    assert all(type(t.values[2]) is int and float(f"{t.values[0]:.4g}") == t.values[0] for t in trials)


def test_random_draws_are_even_and_the_same_each_time():
    search = of(Span(1, 4, whole=True), Span(1e-4, 1, log=True), method="random", trials=160, seed=5)
    values = [t.values for t in tries(search, 160)]
    assert (
        values
        == [t.values for t in tries(search, 160)]
        != [t.values for t in tries(of(*(e.space for e in search.entries), method="random"), 160)]
    )
    assert all(25 <= count <= 57 for count in Counter(v[0] for v in values).values())
    assert all(25 <= count <= 57 for count in Counter(math.floor(math.log10(v[1])) for v in values).values())


def test_who_is_behind_is_what_optunas_median_rule_says():
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    random, seen = Random(0), Counter()
    for case in range(60):
        direction = random.choice(("min", "max"))
        rows = [[random.random() for _ in range(random.randint(1, 4))] for _ in range(random.randint(3, 9))]
        reports = [random.random() for _ in range(random.randint(1, 4))]
        if case % 10 == 0:
            reports[0] = math.nan
        study = optuna.create_study(direction="maximize" if direction == "max" else "minimize")
        for row in rows:
            study.add_trial(optuna.trial.create_trial(value=0.0, intermediate_values=dict(enumerate(row, 1))))
        pruner = optuna.pruners.MedianPruner(n_startup_trials=5, n_warmup_steps=2)
        own = optuna.trial.create_trial(
            state=optuna.trial.TrialState.RUNNING, intermediate_values=dict(enumerate(reports, 1))
        )
        expected = pruner.prune(study, own)
        assert is_behind(reports, rows, direction) == expected, (reports, rows, direction)
        seen[expected] += 1
    assert min(seen.values()) > 5


def test_trials_under_way_are_not_tried_beside_themselves():
    search = of(Span(1e-5, 1e-1, log=True), Span(0, 1), method="tpe")
    trials = tries(search, 14, lambda v: abs(math.log10(v[0]) + 3) + v[1])
    for number in (15, 16, 17):
        values = next_values(search, number, trials, ("min",))
        assert values is not None
        trials.append(Trial(number, values, RUNNING))
    assert len({t.values for t in trials[-3:]}) == 3


@pytest.mark.slow
def test_tpe_finds_better_values_than_random_draws():
    def loss(values) -> float:
        rate, width, kind = values
        return (math.log10(rate) + 2.7) ** 2 + ((width - 40) / 30) ** 2 + (0 if kind == "c" else 1)

    best = {}
    for method in ("random", "tpe"):
        spaces = Span(1e-6, 1, log=True), Span(1, 128, whole=True), Options(("a", "b", "c", "d"))
        runs = [tries(of(*spaces, method=method, seed=seed), 60, loss) for seed in range(8)]
        best[method] = [min(t.goals[0] for t in trials) for trials in runs]
    assert median(best["tpe"]) < median(best["random"]) / 3, best
