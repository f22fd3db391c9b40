"""What keeps a search from being made, and what is better known before. Importable without torch."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from graph.catalog.types import Param, shown
from graph.figures import watched_figures
from graph.messages import EditError, Message, msg
from graph.model import Project, Value
from graph.plan import GIVEN
from graph.problems import Problem, Severity
from graph.search import (
    BYPASSED,
    CHOICES,
    COSTS,
    GRID,
    LATENCY,
    TPE,
    TYPE,
    Entry,
    NodePlace,
    ObjectivePlace,
    Options,
    Place,
    PlanPlace,
    Span,
    value_at,
)  # fmt: skip
from graph.search_labels import CATALOGS, OF_OBJECTIVE, OF_PLAN, param_at, place_label, place_words
from graph.validation import validate
from runtime.sweep_folders import project_with
from runtime.sweep_methods import num_combinations, rounded
from runtime.sweep_optuna import is_installed, not_installed

MOST_TRIALS, MOST_STEPS, MOST_OPTIONS = 100_000, 10_000, 1_000
VALIDATED = 20  # values of a place with which the whole drawing is looked at, which takes a moment


class Obstacle(NamedTuple):
    """What keeps a search from being made, and where it is mended: at a place, or in a field of the search by its name."""

    message: Message
    where: Place | str = ""


def problems_of(project: Project) -> list[Message]:
    """What keeps the search of a project from being made; empty where it can begin. The drawing itself is not looked at."""
    return [obstacle.message for obstacle in obstacles_of(project)]


def obstacles_of(project: Project) -> list[Obstacle]:
    """The problems of the search of a project, with where each is mended."""
    search = project.search
    if not search.entries:
        nothing = msg(
            "Nothing is searched yet. Mark a parameter as searchable where it is edited, and say which values to try."
        )
        return [Obstacle(nothing)]
    found = [Obstacle(said, entry.place) for entry in search.entries for said in _entry_problems(project, entry)]
    found += _goal_problems(project)
    if not 1 <= search.trials <= MOST_TRIALS:
        text = msg("{count} trials cannot be made. Choose from 1 to {most:,}.", count=search.trials, most=MOST_TRIALS)
        found.append(Obstacle(text, "trials"))
    if search.at_once < 1:
        found.append(Obstacle(msg("At least one trial must be made at once."), "at_once"))
    if search.method == TPE and not is_installed():
        found.append(Obstacle(not_installed().message, "method"))
    return found


def gone_places(project: Project) -> list[str]:
    """The places that are searched and no longer in the drawing or its plan, by their labels."""
    return [place_label(project, entry.place) for entry in project.search.entries if not _is_there(project, entry)]


def notes_of(project: Project) -> list[Message]:
    """What does not keep a search from being made, and is better known before."""
    search, found = project.search, []
    if search.prune and len(search.goals) > 1:
        found.append(msg("With several goals no trial is given up early: none is behind in all of them."))
    elif search.prune and search.goals and search.goals[0].figure in COSTS:
        found.append(msg("No trial is given up early: '{goal}' is known only at its end.", goal=search.goals[0].figure))
    if search.entries and not any(_entry_problems(project, entry) for entry in search.entries):
        points = num_combinations(search)
        if search.method == GRID and points > search.trials:
            found.append(
                msg(
                    "The grid has {points:,} points; {trials} of them, spread over it, are tried.",
                    points=points,
                    trials=search.trials,
                )
            )
        elif points < search.trials:
            found.append(
                msg("There are only {points:,} combinations, so the sweep ends after as many trials.", points=points)
            )
    if search.at_once > 1 and any(goal.figure == LATENCY for goal in search.goals):
        found.append(
            msg("Latencies measured while other trials run are longer. Make one trial at once to compare them.")
        )
    return found


# ---- entries


def _entry_problems(project: Project, entry: Entry) -> list[Message]:
    label = place_label(project, entry.place)
    if not _is_there(project, entry):
        gone = place_words(project, entry.place)
        return [msg("'{place}' is searched and no longer there. Remove it from the search.", place=gone)]
    return list(_space_problems(label, entry)) or list(_value_problems(project, label, entry))


def _is_there(project: Project, entry: Entry) -> bool:
    place = entry.place
    if isinstance(place, PlanPlace):
        return place.name in OF_PLAN
    if isinstance(place, ObjectivePlace) and not place.param and place.name not in (*OF_OBJECTIVE, *CHOICES):
        return False
    try:
        value_at(project, place)
    except (KeyError, AttributeError):
        return False
    return True


def _space_problems(label: str, entry: Entry) -> Iterator[Message]:
    space = entry.space
    if not isinstance(space, Span):
        if not 1 <= len(space.values) <= MOST_OPTIONS:
            yield msg(
                "'{place}' has {count} values to try. List from 1 to {most:,}.",
                place=label,
                count=len(space.values),
                most=MOST_OPTIONS,
            )
        return
    if not (math.isfinite(space.low) and math.isfinite(space.high)):
        yield msg("The range of '{place}' goes from {low:g} to {high:g}. Write two finite numbers.",
                  place=label, low=space.low, high=space.high)  # fmt: skip
    elif space.low > space.high:
        yield msg("The range of '{place}' goes from {low:g} to {high:g}. Write the smaller number first.",
                  place=label, low=space.low, high=space.high)  # fmt: skip
    elif space.log and space.low <= 0:
        yield msg("The range of '{place}' begins at {low:g}, which has no place on a logarithmic scale. Begin above 0.",
                  place=label, low=space.low)  # fmt: skip
    elif space.whole and math.ceil(space.low) > math.floor(space.high):
        yield msg("There is no whole number from {low:g} to {high:g} for '{place}'. Widen the range.",
                  place=label, low=space.low, high=space.high)  # fmt: skip
    elif not 1 <= space.count <= MOST_STEPS:
        yield msg(
            "A grid takes {count} values of '{place}'. Choose from 1 to {most:,}.",
            place=label,
            count=space.count,
            most=MOST_STEPS,
        )


def _value_problems(project: Project, label: str, entry: Entry) -> Iterator[Message]:
    """What is wrong with a project that has one of the values at the place, and nothing else of the search."""
    known = [str(problem.message) for problem in _errors(project)]
    for number, value in enumerate(_extremes(entry)):
        reason = _misfit(project, entry.place, value)
        if reason is None and number < VALIDATED and not _is_of_another_type(project, entry.place):
            changed = project_with(project, replace(project.search, entries=(entry,)), (value,))
            reason = next((p.message for p in _errors(changed) if str(p.message) not in known), None)
        if reason is not None:
            yield msg("'{place}' cannot be {value}: {reason}", place=label, value=shown(value), reason=reason)
            return


def _extremes(entry: Entry) -> list[Value]:
    """The values that tell whether all of them fit: those of a choice, the ends of a range."""
    space = entry.space
    return [rounded(space, space.low), rounded(space, space.high)] if isinstance(space, Span) else list(space.values)


def _errors(project: Project) -> list[Problem]:
    return [problem for problem in validate(project) if problem.severity is Severity.ERROR]


def _misfit(project: Project, place: Place, value: Value) -> Message | None:
    """Why a value cannot stand at a place at all; None where it can."""
    if isinstance(place, NodePlace):
        if place.name == BYPASSED:
            return _of_kind(True, value)
        if place.name == TYPE:
            return None if value in project.catalog else msg("there is no such type of node.")
    elif not (isinstance(place, ObjectivePlace) and place.param):
        return _misfit_of_plan(project, place, value)
    param = _param(project, place)
    if param is None:
        return msg("there is no such parameter.")
    try:
        param.check(value)
    except EditError:
        return msg("it takes {values}.", values=param.describe_values())
    return None


def _misfit_of_plan(project: Project, place: PlanPlace | ObjectivePlace, value: Value) -> Message | None:
    if place.name in CATALOGS:
        names = CATALOGS[place.name]
        return None if value in names else msg("choose one of: {choices}.", choices=", ".join(names))
    return _of_kind(value_at(project, place), value)


def _of_kind(now: Value, value: Value) -> Message | None:
    """Why a value cannot take the place of one of another kind."""
    fits, wanted = {
        bool: (isinstance(value, bool), msg("yes or no")),
        int: (isinstance(value, int) and not isinstance(value, bool), msg("a whole number")),
        float: (isinstance(value, int | float) and not isinstance(value, bool), msg("a number")),
    }.get(type(now), (isinstance(value, str), msg("a text")))
    return None if fits else msg("it takes {values}.", values=wanted)


def _param(project: Project, place: Place) -> Param | None:
    """The parameter at a place, of its node as it is or as one of the types that are tried there."""
    found = param_at(project, place)
    if found is not None or not isinstance(place, NodePlace):
        return found
    others = project.search.space_at(place._replace(name=TYPE))
    types = others.values if isinstance(others, Options) else ()
    params = (project.catalog[str(t)].param(place.name) for t in types if t in project.catalog)
    return next(filter(None, params), None)


def _is_of_another_type(project: Project, place: Place) -> bool:
    """Whether the parameter is one of a type that the node does not have now."""
    return param_at(project, place) is None and _param(project, place) is not None


# ---- goals


def _goal_problems(project: Project) -> Iterator[Obstacle]:
    known, seen = watched_figures(project), set[str]()
    for figure, *_ in project.search.goals:
        if figure not in known and figure not in COSTS:
            text = msg("'{figure}' cannot be a goal: no loss or metric of the drawing gives it. Choose one of: {choices}.",
                       figure=figure, choices=", ".join((*known, *COSTS)))  # fmt: skip
            yield Obstacle(text, "goals")
        elif figure in seen:
            yield Obstacle(msg("'{figure}' is a goal twice. Remove one.", figure=figure), "goals")
        seen.add(figure)
    goals, split = [figure for figure, *_ in project.search.goals], project.plan.split
    if (not goals or set(goals) - {*COSTS}) and split.method != GIVEN and split.validation <= 0:
        text = msg(
            "Trials are compared on validation samples, and the plan has none. Give validation a share of the data."
        )
        yield Obstacle(text, PlanPlace("split"))
