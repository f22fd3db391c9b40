"""What Optuna does for sweeps: TPE, and which places mattered. Imported where it is used; it may not be installed.

A study is built anew from the trials each time, so that nothing of it has to be kept.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any
from zlib import crc32

from graph.figure_titles import goal_title
from graph.messages import RunError, msg
from graph.model import Value
from graph.search import Search, Space, Span
from runtime.sweep_events import FINISHED, PRUNED, RUNNING, STOPPED
from runtime.sweep_folders import Sweep, Trial
from runtime.sweep_methods import rounded

NEEDED = 4  # finished trials, below which nobody can tell what mattered


def suggest(
    search: Search, number: int, trials: Sequence[Trial], directions: Sequence[str], attempt: int = 0
) -> tuple[Value, ...]:
    """The values that TPE tries in trial `number` after these trials: the tree-structured Parzen estimator of Bergstra et al.
    (2011), of all places together; trials under way count as bad ones, so that side by side they try different things.

    Raises:
        RunError: Optuna is not installed.
    """
    optuna = _optuna()
    seed = crc32(f"{search.seed}:{number}:{attempt}".encode())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that its options are experimental
        sampler = optuna.samplers.TPESampler(seed=seed, multivariate=True, constant_liar=True, n_startup_trials=0)
        study = _study(optuna, search, trials, directions, sampler)
        asked = study.ask(_distributions(optuna, search))
    return tuple(_value(entry.space, asked.params[str(i)]) for i, entry in enumerate(search.entries))


def importance(sweep: Sweep, goal: int) -> Mapping[int, float]:
    """The share of the variance of a goal that each place explains, by the index of its entry, with fANOVA (Hutter et al. 2014).

    Raises:
        RunError: Optuna is not installed, or too few trials are finished.
    """
    optuna = _optuna()
    finished = sweep.finished
    if len(finished) < NEEDED:
        raise RunError(
            msg(
                "What mattered shows after {needed} finished trials; there are {count}.",
                needed=NEEDED,
                count=len(finished),
            )
        )
    if len({trial.goals[goal] for trial in finished}) == 1:
        raise RunError(
            msg(
                "All finished trials have the same {figure}: no place made a difference.",
                figure=goal_title(sweep.goals[goal]),
            )
        )
    study = _study(optuna, sweep.search, finished, sweep.directions)
    try:
        evaluator = optuna.importance.FanovaImportanceEvaluator(seed=0)
    except ImportError as error:
        raise _not_installed("scikit-learn") from error
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = optuna.importance.get_param_importances(
            study, evaluator=evaluator, target=lambda trial: trial.values[goal]
        )
    return {int(name): float(share) for name, share in found.items()}


def is_installed() -> bool:
    """Whether Optuna can be found."""
    from importlib.util import find_spec

    return find_spec("optuna") is not None


def not_installed() -> RunError:
    """That TPE needs Optuna."""
    return _not_installed("optuna")


def _not_installed(package: str) -> RunError:
    return RunError(
        msg("This needs the package '{package}', which is not installed. Install it with: pip install {package}. "
            "Grid and random search go without it.", package=package)
    )  # fmt: skip


def _optuna() -> Any:
    try:
        import optuna
    except Exception as error:  # a broken installation fails in other ways than ImportError
        raise not_installed() from error
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna


def _study(optuna: Any, search: Search, trials: Sequence[Trial], directions: Sequence[str], sampler: Any = None) -> Any:
    names = ["maximize" if direction == "max" else "minimize" for direction in directions]
    study = optuna.create_study(directions=names, sampler=sampler or optuna.samplers.RandomSampler(seed=0))
    states = optuna.trial.TrialState
    kinds = {FINISHED: states.COMPLETE, PRUNED: states.PRUNED, RUNNING: states.RUNNING, STOPPED: states.RUNNING}
    distributions = _distributions(optuna, search)
    for trial in trials:
        state = kinds.get(trial.status, states.FAIL)
        is_whole = state is states.COMPLETE and all(value is not None for value in trial.goals)
        params = {
            str(i): _param(entry.space, v)
            for i, (entry, v) in enumerate(zip(search.entries, trial.values, strict=True))
        }
        if any(
            not distributions[name]._contains(distributions[name].to_internal_repr(v)) for name, v in params.items()
        ):
            continue  # tried before the range was made smaller
        study.add_trial(
            optuna.trial.create_trial(
                state=state if is_whole or state is not states.COMPLETE else states.FAIL,
                params=params,
                distributions=distributions,
                values=list(trial.goals) if is_whole else None,
                intermediate_values=dict(enumerate(trial.reports, 1)) if len(directions) == 1 else None,
            )
        )
    return study


def _distributions(optuna: Any, search: Search) -> dict[str, Any]:
    """A distribution for each entry, by its index; that of a choice is over the indices of its values."""
    return {str(i): _distribution(optuna.distributions, entry.space) for i, entry in enumerate(search.entries)}


def _distribution(kinds: Any, space: Space) -> Any:
    if not isinstance(space, Span):
        return kinds.CategoricalDistribution(tuple(range(len(space.values))))
    if space.whole:
        return kinds.IntDistribution(int(-(-space.low // 1)), int(space.high // 1), log=space.log)
    return kinds.FloatDistribution(space.low, space.high, log=space.log)


def _param(space: Space, value: Value) -> Any:
    if isinstance(space, Span):
        return value
    return next((i for i, v in enumerate(space.values) if v == value and type(v) is type(value)), -1)


def _value(space: Space, param: Any) -> Value:
    return rounded(space, param) if isinstance(space, Span) else space.values[param]
