"""What runs were trained with, setting by setting, and in which settings they differ. Importable without torch."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from graph.catalog import Catalog
from graph.catalog.optimizers import OPTIMIZERS, SCHEDULERS, ChoiceType
from graph.catalog.types import shown
from graph.compare_words import OBJECTIVE_WORDS, PLAN_WORDS
from graph.figures import direction
from graph.messages import Message, msg, tr, translate
from graph.model import Graph, Project
from graph.plan import WHOLE, Choice, Objective

Value: TypeAlias = float | str | None

WIDE = 50.0  # how many times the largest of positive numbers is the smallest one, for a logarithmic axis
_SPLIT = (
    ("train", msg("training")),
    ("validation", msg("validation")),
    ("test", msg("test")),
    ("method", msg("Split")),
)
_FIRST = {"lr": msg("Learning rate")}


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting and its value: a number, a text, or None where nothing is set. `title` is what a person calls it."""

    title: str
    value: Value


def settings_of(project: Project) -> dict[str, Setting]:
    """The settings of plan and drawing by a key that other projects share. What nobody set has its default.

    Nodes go by their names: `conv1` is the type of a node, `conv1.out_channels` one of its parameters.
    """
    plan, found = project.plan, {}
    for name, words in PLAN_WORDS:
        found[f"plan.{name}"] = Setting(str(words), _of_plan(name, getattr(plan, name)))
    for name, words in _SPLIT:
        found[f"split.{name}"] = Setting(str(words), _plain(getattr(plan.split, name)))
    for objective in plan.objectives:
        found |= _objective_settings(objective, is_only=len(plan.objectives) == 1)
    found |= _node_settings(project.graph, project.catalog, "")
    for block in project.blocks.values():
        found |= _node_settings(block.graph, project.catalog, f"{block.name}.")
    return found


def is_wide(values: Iterable[object]) -> bool:
    """Whether numbers are so far apart that a logarithmic scale suits them: all positive, over more than one power of ten."""
    numbers = [value for value in values if isinstance(value, int | float)]
    return bool(numbers) and min(numbers) > 0 and max(numbers) / min(numbers) >= WIDE


@dataclass
class SettingsTable:
    """The settings of many runs by the hash of their meaning; of each only what sets it apart from the first is kept."""

    titles: dict[str, str] = field(default_factory=dict)
    _base: dict[str, Value] = field(default_factory=dict)
    _apart: dict[str, dict[str, Value]] = field(default_factory=dict)
    _project: Project | None = None

    def __contains__(self, meaning: str) -> bool:
        return meaning in self._apart

    def add(self, meaning: str, project: Project, settings: Mapping[str, Setting] | None = None) -> None:
        """The project that runs of this meaning trained; `settings` are its settings where they are known already."""
        found = settings_of(project) if settings is None else settings
        if self._project is None:
            self._base, self._project = {key: setting.value for key, setting in found.items()}, project
        self.titles |= {key: setting.title for key, setting in found.items() if key not in self.titles}
        apart = {key: s.value for key, s in found.items() if key not in self._base or self._base[key] != s.value}
        self._apart[meaning] = apart | dict.fromkeys(self._base.keys() - found.keys())

    def add_broken(self, meaning: str) -> None:
        """Nothing can be known of the runs of this meaning."""
        self._apart[meaning] = dict.fromkeys(self._base)

    def value(self, meaning: str, key: str) -> Value:
        """A setting of the runs of a meaning; None where it has none."""
        apart = self._apart.get(meaning)
        return None if apart is None else apart.get(key, self._base.get(key))

    def differing(self, meanings: Collection[str]) -> list[str]:
        """The settings that are not the same in all runs of these meanings: plan first, then nodes in the order of the drawing."""
        known = [meaning for meaning in dict.fromkeys(meanings) if meaning in self._apart]
        candidates = dict.fromkeys(key for meaning in known for key in self._apart[meaning])
        order = {key: place for place, key in enumerate(self.titles)}
        found = [key for key in candidates if len({self.value(meaning, key) for meaning in known}) > 1]
        return sorted(found, key=lambda key: order[key])

    def larger_is_better(self, figure: str) -> bool:
        """Whether a figure should become large: told by the first project."""
        return self._project is not None and direction(figure, self._project) == "max"


def _objective_settings(objective: Objective, *, is_only: bool) -> dict[str, Setting]:
    key = "objective" if is_only else f"objective {objective.name}"

    def titled(words: Message | str) -> str:
        return str(words) if is_only else f"{objective.name}: {words}"

    found = {}
    choices = ((msg("Optimizer"), objective.optimizer, OPTIMIZERS), (msg("Schedule"), objective.scheduler, SCHEDULERS))
    for words, choice, types in choices:
        for name, title, value in _choice_settings(words, choice, types):
            found[f"{key}.{name}"] = Setting(titled(title), value)
    for name, words in OBJECTIVE_WORDS:
        found[f"{key}.{name}"] = Setting(titled(words), _plain(getattr(objective, name)))
    return found


def _choice_settings(
    words: Message, choice: Choice, types: Mapping[str, ChoiceType]
) -> Iterator[tuple[str, Message | str, Value]]:
    kind = types.get(choice.type)
    name = "optimizer" if types is OPTIMIZERS else "scheduler"
    yield name, words, translate(kind.label) if kind else choice.type
    values = kind.values(choice) if kind else dict(choice.params)
    for param, value in values.items():
        yield f"{name}.{param}", _FIRST.get(param, param), _plain(value)


def _node_settings(graph: Graph, catalog: Catalog, prefix: str) -> dict[str, Setting]:
    found = {}
    for node in graph.nodes.values():
        key, kind = f"{prefix}{node.name}", catalog.get(node.type)
        found[key] = Setting(key, translate(kind.label) if kind else node.type)
        for name, value in (kind.values(node) if kind else dict(node.params)).items():
            found[f"{key}.{name}"] = Setting(f"{key}.{name}", _plain(value))
        if node.bypassed:
            found[f"{key} bypassed"] = Setting(f"{key} ({tr('bypassed')})", tr("yes"))
    return found


def _of_plan(name: str, value: object) -> Value:
    """A batch of all samples is a word, as the number that stands for it would be the smallest batch."""
    return tr("all") if name == "batch_size" and value == WHOLE else _plain(value)


def _plain(value: object) -> Value:
    if isinstance(value, bool):
        return tr("yes") if value else tr("no")
    if value is None or isinstance(value, int | float | str):
        return value
    if isinstance(value, Sequence) and len(value) == 1:
        return _plain(value[0])
    return shown(value)
