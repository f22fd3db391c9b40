"""What the places of a search are called, and the places that such a name means."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import fields

from graph.catalog.optimizers import OPTIMIZERS, SCHEDULERS, ChoiceType
from graph.catalog.types import NETWORK, Param
from graph.messages import EditError, msg, tr
from graph.model import Project, Scope
from graph.plan import Choice, Objective, Plan
from graph.search import BYPASSED, CHOICES, OPTIMIZER, SCHEDULER, TYPE, NodePlace, ObjectivePlace, Place, PlanPlace

NEAREST = 3  # names that are offered for one that means nothing
OF_PLAN = tuple(f.name for f in fields(Plan) if isinstance(getattr(Plan(), f.name), bool | int | float | str))
OF_OBJECTIVE = tuple(
    f.name
    for f in fields(Objective)
    if f.name != "name" and isinstance(getattr(Objective(), f.name), bool | int | float | str)
)
CATALOGS: Mapping[str, Mapping[str, ChoiceType]] = {OPTIMIZER: OPTIMIZERS, SCHEDULER: SCHEDULERS}
_WORDS = {TYPE: "type", BYPASSED: "bypassed"}


def place_label(project: Project, place: Place) -> str:
    """A short name of a place: `batch_size`, `lr of main`, `scheduler.gamma of main`, `conv1.out_channels`, and in a block
    `Block.conv1.out_channels`. One that is gone is named by its ids.
    """
    if isinstance(place, PlanPlace):
        return place.name
    if isinstance(place, ObjectivePlace):
        return tr("{setting} of {objective}", setting=_setting(place), objective=place.objective)
    node = _node_name(project, place)
    return f"{node}.{_WORDS.get(place.name, place.name)}"


def place_words(project: Project, place: Place) -> str:
    """The same for a window, where the id of a node that is gone says nothing."""
    if isinstance(place, NodePlace) and not _is_there(project, place):
        return tr("{setting} of a deleted node", setting=_WORDS.get(place.name, place.name))
    return place_label(project, place)


def searchable(project: Project) -> dict[str, Place]:
    """Every place of a project where values can be tried, by its label."""
    places = [*map(PlanPlace, OF_PLAN), *_objective_places(project), *_node_places(project)]
    return {place_label(project, place): place for place in places}


def place_named(project: Project, text: str) -> Place:
    """The place that a name means: its label, or where there is one objective only, the part before "of".

    Raises:
        EditError: there is none, or several; the message names some.
    """
    places = searchable(project)
    english = {f"{_setting(p)} of {p.objective}": p for p in places.values() if isinstance(p, ObjectivePlace)}
    if (exact := places.get(text) or english.get(text)) is not None:
        return exact
    found = [p for p in places.values() if isinstance(p, ObjectivePlace) and text in (_setting(p), p.param)]
    if len(found) == 1:
        return found[0]
    if found:
        names = ", ".join(place_label(project, place) for place in found)
        raise EditError(msg("'{name}' may be any of these places: {names}. Write one of them.", name=text, names=names))
    close = difflib.get_close_matches(text, [*places, *map(_setting, english.values())], n=NEAREST, cutoff=0.5)
    names = ", ".join(dict.fromkeys(close)) or ", ".join(list(places)[:NEAREST])
    raise EditError(
        msg("There is no place '{name}' in this drawing or its plan. Most like it: {names}.", name=text, names=names)
    )


def param_at(project: Project, place: Place) -> Param | None:
    """The description of the parameter at a place; None where there is none, as for a field of the plan, or where it is gone."""
    if isinstance(place, ObjectivePlace) and place.param:
        objective = next((o for o in project.plan.objectives if o.name == place.objective), None)
        choice = getattr(objective, place.name, None)
        kind = CATALOGS[place.name].get(choice.type) if isinstance(choice, Choice) else None
        return kind.param(place.param) if kind is not None else None
    if not isinstance(place, NodePlace) or not _is_there(project, place):
        return None
    node = project.drawing(place.scope).nodes[place.node]
    kind = project.catalog.get(node.type)
    return kind.param(place.name) if kind is not None else None


def _setting(place: ObjectivePlace) -> str:
    """`lr` for a parameter of the optimizer, `scheduler.gamma` for one of the schedule, the field of any other."""
    if not place.param:
        return place.name
    return place.param if place.name == OPTIMIZER else f"{place.name}.{place.param}"


def _node_name(project: Project, place: NodePlace) -> str:
    if place.scope is not None and place.scope not in project.blocks:
        return f"{place.scope}.{place.node}"
    node = project.drawing(place.scope).nodes.get(place.node)
    name = place.node if node is None else node.name
    return name if place.scope is None else f"{project.blocks[place.scope].name}.{name}"


def _is_there(project: Project, place: NodePlace) -> bool:
    known = place.scope is None or place.scope in project.blocks
    return known and place.node in project.drawing(place.scope).nodes


def _objective_places(project: Project) -> Iterator[Place]:
    for objective in project.plan.objectives:
        yield from (ObjectivePlace(objective.name, name) for name in (*CHOICES, *OF_OBJECTIVE))
        for name in CHOICES:
            kind = CATALOGS[name].get(getattr(objective, name).type)
            yield from (ObjectivePlace(objective.name, name, param.name) for param in (kind.params if kind else ()))


def _node_places(project: Project) -> Iterator[Place]:
    scopes: list[Scope] = [None, *project.blocks]
    for scope in scopes:
        for node in project.drawing(scope).nodes.values():
            kind = project.catalog.get(node.type)
            if kind is None:
                continue
            if kind.role in NETWORK:
                yield from (NodePlace(scope, node.id, name) for name in (TYPE, BYPASSED))
            yield from (NodePlace(scope, node.id, param.name) for param in kind.params)
