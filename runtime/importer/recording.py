"""What a module did while it ran: the records that a trace leaves and a drawing is made of. No torch at import."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from graph.messages import Message, RunError, msg

if TYPE_CHECKING:
    from torch import Tensor, nn

    from runtime.importer.sizes import Turn


class Place(NamedTuple):
    """A line of the person's file."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{Path(self.file).name}:{self.line}"


class Refusal(RunError):
    """A module that cannot become a drawing: which operation stands in the way, and where it is written."""

    def __init__(self, operation: str, place: Place | None, reason: Message) -> None:
        where = {"operation": operation, "reason": reason}
        super().__init__(
            msg("'{operation}' in line {line} of {file}: {reason}", **where, line=place.line, file=place.file)
            if place
            else msg("'{operation}': {reason}", **where)
        )
        self.operation, self.place = operation, place


@dataclass(frozen=True, slots=True)
class Ref:
    """A tensor that was given or computed, by its number."""

    number: int


@dataclass(frozen=True, slots=True)
class Weight:
    """A parameter or buffer of the module, by its first name in its `state_dict`."""

    name: str


@dataclass(frozen=True, slots=True, eq=False)
class Constant:
    """A tensor that depends on nothing."""

    tensor: Tensor


@dataclass(frozen=True, slots=True)
class Size:
    """A whole number that is so many times the batch."""

    times: int


@dataclass(frozen=True, slots=True)
class Mode:
    """A value that differs between evaluation and training."""

    evaluation: Any
    training: Any


@dataclass(eq=False, slots=True)
class Scope:
    """One call of a module that is no node of its own. `path` is its name in the module that is imported."""

    path: str
    label: str
    parent: Scope | None = None
    place: Place | None = None
    arguments: dict[int, str] = field(default_factory=dict)  # by the number of a tensor that was given, its name

    @property
    def chain(self) -> tuple[Scope, ...]:
        """The scopes around it from the outermost on, itself included."""
        return (*(self.parent.chain if self.parent else ()), self)


Shape = tuple[Any, ...]  # of int, or `Size` once two recordings are united


@dataclass(slots=True)
class Step:
    """A call of a function, or of a layer of `torch.nn`. `results` are the numbers of the tensors that it gave, in order."""

    name: str
    called: Callable[..., Any]
    scope: Scope
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    results: tuple[int, ...]
    place: Place | None
    path: str = ""  # of a layer
    layer: nn.Module | None = None
    learns: bool = True  # whether gradients flow back through it
    in_place: bool = False


@dataclass(slots=True)
class Recording:
    """A run. `outputs` are names with what they are; `shapes`, `dtypes` and `tensors` are by the numbers of tensors."""

    inputs: tuple[str, ...]
    steps: list[Step] = field(default_factory=list)
    outputs: tuple[tuple[str, Any], ...] = ()
    shapes: dict[int, Shape] = field(default_factory=dict)
    dtypes: dict[int, str] = field(default_factory=dict)
    tensors: dict[int, Tensor] = field(default_factory=dict)
    calls: dict[str, int] = field(default_factory=dict)  # of every module, by its name
    by_mode: frozenset[str] = (
        frozenset()
    )  # paths of modules that are one step, since they do something else in training
    end: Place | None = None  # where `forward` is written
    decided: list[tuple[int, str, Place | None]] = field(
        default_factory=list
    )  # tensors that Python looked into, how, and where
    asked: set[int] = field(default_factory=set)  # tensors whose sizes Python was told
    turns: list[Turn] = field(default_factory=list)  # what it found out by them


def parts(value: Any) -> Iterator[Any]:
    """What a nested value is made of."""
    if isinstance(value, (tuple, list)):
        for part in value:
            yield from parts(part)
    elif isinstance(value, dict):
        yield from parts(tuple(value.values()))
    elif isinstance(value, slice):
        yield from parts((value.start, value.stop, value.step))
    else:
        yield value


def replaced(value: Any, change: Callable[[Any], Any]) -> Any:
    """A nested value with every part changed."""
    if isinstance(value, (tuple, list)):
        made = [replaced(part, change) for part in value]
        return tuple(made) if isinstance(value, tuple) else made
    if isinstance(value, dict):
        return {key: replaced(part, change) for key, part in value.items()}
    if isinstance(value, slice):
        return slice(replaced(value.start, change), replaced(value.stop, change), replaced(value.step, change))
    return change(value)
