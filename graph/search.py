"""What a sweep may change: parameters marked as searchable where they are edited, and what the best trial is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from graph.messages import EditError
from graph.plan import Choice, Objective

if TYPE_CHECKING:
    from graph.model import Node, Project, Scope, Value

GRID, RANDOM, TPE = METHODS = ("grid", "random", "tpe")
PARAMETERS, MACS, LATENCY = COSTS = ("parameters", "macs", "latency")  # goals that no figure of a run tells
TYPE, BYPASSED = "(type)", "(bypassed)"  # names of a place in a node that are not parameters
OPTIMIZER, SCHEDULER = CHOICES = ("optimizer", "scheduler")


class PlanPlace(NamedTuple):
    """A field of the plan, such as `batch_size`."""

    name: str


class ObjectivePlace(NamedTuple):
    """A field of an objective, by its name; of its optimizer or scheduler the entry itself, or one of its parameters."""

    objective: str
    name: str
    param: str = ""


class NodePlace(NamedTuple):
    """A parameter of a node, in the drawing (`scope` None) or in a block; `TYPE` and `BYPASSED` are its type and whether it runs."""

    scope: Scope
    node: str
    name: str


Place = PlanPlace | ObjectivePlace | NodePlace


@dataclass(frozen=True, slots=True)
class Span:
    """Numbers from `low` to `high`, both included; on a logarithmic scale if `log`; a grid takes `count` of them."""

    low: float
    high: float
    log: bool = False
    whole: bool = False
    count: int = 5


@dataclass(frozen=True, slots=True)
class Options:
    """Values to choose from. Those of `TYPE` are ids of node types, blocks among them."""

    values: tuple[Value, ...]


Space = Span | Options


class Entry(NamedTuple):
    """A place, and the values that are tried there."""

    place: Place
    space: Space


class Goal(NamedTuple):
    """What counts: a validation figure such as `accuracy`, or one of `COSTS`. The figure knows which way is better."""

    figure: str


@dataclass(frozen=True, slots=True)
class Search:
    """A sweep as the person wrote it: where, how, how often.

    `trials` bounds the number of trials (a grid ends by itself too). No goal means the figure that the plan watches.
    `prune` ends trials that fall behind (with one goal only). `at_once` trials train side by side.
    """

    entries: tuple[Entry, ...] = ()
    goals: tuple[Goal, ...] = ()
    method: str = TPE
    trials: int = 20
    prune: bool = True
    at_once: int = 1
    seed: int = 0

    def space_at(self, place: Place) -> Space | None:
        """The values that are tried at a place; None where it is not searched."""
        return next((entry.space for entry in self.entries if entry.place == place), None)

    def with_space(self, place: Place, space: Space | None) -> Search:
        """The same search with these values at a place; None no longer searches there."""
        if space is None:
            return replace(self, entries=tuple(entry for entry in self.entries if entry.place != place))
        if self.space_at(place) is None:
            return replace(self, entries=(*self.entries, Entry(place, space)))
        return replace(self, entries=tuple(Entry(place, space) if e.place == place else e for e in self.entries))

    def with_objective_renamed(self, old: str, new: str) -> Search:
        """The same search after an objective got another name."""

        def moved(place: Place) -> Place:
            is_there = isinstance(place, ObjectivePlace) and place.objective == old
            return place._replace(objective=new) if is_there else place  # type: ignore[call-arg]

        return replace(self, entries=tuple(Entry(moved(entry.place), entry.space) for entry in self.entries))


# ---- reading and changing a project at a place


def value_at(project: Project, place: Place) -> Value:
    """What stands at a place now: of a node or a choice only what the person set, else None.

    Raises:
        KeyError: the place is gone (its node, block or objective was deleted).
    """
    if isinstance(place, PlanPlace):
        return getattr(project.plan, place.name)
    if isinstance(place, ObjectivePlace):
        found = getattr(_objective(project, place), place.name)
        if not isinstance(found, Choice):
            return found
        return found.params.get(place.param) if place.param else found.type  # type: ignore[return-value]
    node = _node(project, place)
    named = {TYPE: node.type, BYPASSED: node.bypassed}
    return named[place.name] if place.name in named else node.params.get(place.name)


def with_value(project: Project, place: Place, value: Value) -> Project:
    """The project with another value at a place. A node of another type keeps the parameters that both types have.

    Raises:
        KeyError: the place is gone, or there is no such type of node.
    """
    if isinstance(place, PlanPlace):
        return project.with_plan(replace(project.plan, **{place.name: value}))
    if isinstance(place, ObjectivePlace):
        old = _objective(project, place)
        new = replace(old, **{place.name: _changed(getattr(old, place.name), place, value)})
        objectives = tuple(new if objective is old else objective for objective in project.plan.objectives)
        return project.with_plan(replace(project.plan, objectives=objectives))
    graph = project.drawing(place.scope)
    node = _changed_node(project, _node(project, place), place.name, value)
    return project.with_drawing(place.scope, replace(graph, nodes={**graph.nodes, node.id: node}))


def _changed(old: object, place: ObjectivePlace, value: Value) -> object:
    if not isinstance(old, Choice):
        return value
    if place.param:
        return replace(old, params={**old.params, place.param: value})
    return old if old.type == value else Choice(str(value))


def _changed_node(project: Project, node: Node, name: str, value: Value) -> Node:
    if name == BYPASSED:
        return replace(node, bypassed=bool(value))
    if name != TYPE:
        return replace(node, params={**node.params, name: _normal(project, node, name, value)})
    if value == node.type:
        return node
    shared = {param.name for param in project.catalog[str(value)].params}
    return replace(node, type=str(value), params={k: v for k, v in node.params.items() if k in shared})


def _normal(project: Project, node: Node, name: str, value: Value) -> Value:
    """The value as the parameter holds it (`(3,)` for 3 where it takes a list); as it is where it does not fit."""
    kind = project.catalog.get(node.type)
    param = kind.param(name) if kind is not None else None
    try:
        return value if param is None else param.check(value)
    except EditError:
        return value


def _objective(project: Project, place: ObjectivePlace) -> Objective:
    for objective in project.plan.objectives:
        if objective.name == place.objective:
            return objective
    raise KeyError(place)


def _node(project: Project, place: NodePlace) -> Node:
    if place.scope is not None and place.scope not in project.blocks:
        raise KeyError(place)
    return project.drawing(place.scope).nodes[place.node]
