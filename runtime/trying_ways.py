"""Finds out how a network can be tried: what its answers depend on, and what each of its data nodes takes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import prod

from graph.catalog import Role
from graph.messages import LayerloomError
from graph.model import NodeId, Port
from graph.topology import execution_order
from runtime.asked_samples import TEST, TRAIN, VALIDATION, part_of
from runtime.data.sources import PAIRS, POINTS, TABLE, TAGGED, TEXT
from runtime.predict import Trained
from runtime.predict_texts import classes_at, is_language_model
from runtime.training.answers import Question, find_question
from runtime.trying import (
    BARS,
    CHANCES,
    CLASS_MAP,
    CODE,
    CURVE,
    DATA,
    DOTS,
    NOISE,
    NUMBERS,
    PICTURE,
    READING,
    TAGS,
    TRANSLATION,
    VALUES,
    WRITING,
    AnyEntry,
    CodeEntry,
    Form,
    Trying,
    Way,
)
from runtime.trying_entries import Measured, entry_of
from runtime.trying_reading import find_spelling

RANDOM = "layerloom.Random"
# Of what goes into these, only the number of samples or places counts.
_ONLY_SIZES = frozenset({RANDOM, "layerloom.Full", "layerloom.Parameter", "layerloom.Positions"})
MOST_CODE = 16  # numbers of a code
FEW = 32  # numbers that are shown one by one


def ways_of(trained: Trained) -> Trying:
    """How a network can be tried."""
    return _Finder(trained).found()


def part_to_take(trained: Trained) -> tuple[str, int]:
    """The part of the data that samples are taken from, best one that was not learned from, and how many it has."""
    for name in (TEST, VALIDATION, TRAIN):
        try:
            if count := part_of(trained, name).count:
                return name, count
        except LayerloomError:
            break
    return TEST, 0


class _Finder:
    def __init__(self, trained: Trained) -> None:
        self.trained, self.compiled = trained, trained.compiled
        self.graph = trained.compiled.project.graph
        self.catalog = trained.compiled.project.catalog
        self.question = find_question(trained.compiled)
        self.spelling = find_spelling(trained)
        self.order = {node: place for place, node in enumerate(execution_order(self.graph))}
        self.measured = Measured(trained)

    def found(self) -> Trying:
        part, samples = part_to_take(self.trained)
        if spoken := self._spoken():
            return Trying((spoken,), samples, part)
        ways: list[Way] = []
        answers = self._answers()
        hung: dict[Port, list[Port]] = {}  # answers by the code that they hang on
        noisy: dict[Port, list[Port]] = {}
        plain: list[Port] = []
        for answer in answers:
            sources = self._sources(answer)
            noises = [port for port in sources if self._type(port) == RANDOM and self._width(port)]
            code = self._code(answer, sources)
            if code is not None:
                hung.setdefault(code, []).append(answer)
            if noises and code is None:
                noisy.setdefault(noises[0], []).append(answer)
            elif any(port in self.compiled.inputs for port in sources):
                plain.append(answer)
        for port, forms in noisy.items():
            ways.append(self._way(NOISE, [self._code_entry(port, is_noise=True)], forms))
        data = self._way(DATA, [], plain) if plain else None
        if data is not None:
            ways.insert(0 if self.question else len(ways), data)
        ways += [self._way(CODE, [self._code_entry(port, is_noise=False)], forms) for port, forms in hung.items()]
        return Trying(tuple(ways), samples, part)

    # ---- what answers depend on

    def _answers(self) -> list[Port]:
        """The outputs, that which was learned first; before them what is made of noise to look like the data, or what spells."""
        outputs = list(self.compiled.outputs)
        if self.question is not None:
            outputs.insert(0, outputs.pop(self.question.output))
        else:
            outputs.sort(key=lambda port: self._spec(port).dtype.startswith("float"))  # whole numbers are plain answers
        first = self._made() or (self.spelling.scores if self.spelling is not None else None)
        return [*([first] if first else []), *(port for port in outputs if port != first)]

    def _made(self) -> Port | None:
        """What is made of noise and as large as a sample of the data: an output, else the last value that is."""
        if self.question is not None or RANDOM not in self.graph.types:
            return None
        inner = [Port(node, name) for node in self.order for name in self._outputs(node)]
        for ports in (self.compiled.outputs, inner[::-1]):
            if (made := next(filter(self._is_made, ports), None)) is not None:
                return made
        return None

    def _is_made(self, port: Port) -> bool:
        spec = self.compiled.analysis.spec(port)
        if (
            spec is None
            or spec.dtype != "float32"
            or self._type(port) == RANDOM
            or self._looks_like(spec.shape) is None
        ):
            return False
        return any(self._type(source) == RANDOM for source in self._sources(port))

    def _sources(self, answer: Port, *, without: NodeId | None = None) -> list[Port]:
        """The data ports and the noise whose values an answer depends on, other than through a node."""
        found, seen, waiting = [], {answer}, [answer]
        while waiting:
            port = waiting.pop()
            if port.node == without:
                continue
            node_type = self.catalog.of(self.graph.nodes[port.node])
            if node_type is None or node_type.role in (Role.DATA, Role.INPUT) or self._type(port) == RANDOM:
                found.append(port)
            elif self._type(port) not in _ONLY_SIZES:
                new = [link.source for link in self.graph.incoming(port.node) if link.source not in seen]
                seen.update(new)
                waiting += new
        return sorted(found, key=lambda port: (self.order[port.node], port.name))

    def _code(self, answer: Port, sources: Sequence[Port]) -> Port | None:
        """The narrowest few numbers that a larger answer hangs on alone, the last ones of equally narrow."""
        shape = self._shape(answer)
        if not sources or shape is None or prod(shape) <= 1:
            return None
        found: tuple[int, Port] | None = None
        for node in self.order:
            outputs = self._outputs(node)
            if len(outputs) != 1 or node == answer.node or self._type(Port(node, "")) == RANDOM:
                continue
            port = Port(node, next(iter(outputs)))
            width = self._width(port)
            if not width or width > MOST_CODE or 2 * width > prod(shape) or (found and width > found[0]):
                continue
            if self._sources(port) and not self._is_source(port) and not self._sources(answer, without=node):
                found = width, port
        return found[1] if found else None

    def _is_source(self, port: Port) -> bool:
        node_type = self.catalog.of(self.graph.nodes[port.node])
        return node_type is not None and node_type.role in (Role.DATA, Role.INPUT)

    # ---- ways

    def _spoken(self) -> Way | None:
        """The one way of a network that writes on, or translates."""
        compiled, question = self.compiled, self.question
        if question is None:
            return None
        node = question.target.node
        answer = compiled.outputs[question.output]
        if self._type(question.target) == PAIRS:
            entry = self._entry(Port(node, "source"))
            return Way(DATA, (entry,), (self._form(answer, TRANSLATION),))
        if self._type(question.target) == TEXT and is_language_model(self.trained):
            source, shape = compiled.analysis.spec(compiled.inputs[0]), self._spec(answer).shape
            assert source is not None and source.classes is not None and isinstance(source.shape[1], int)
            size, length = source.classes, source.shape[1]
            if shape[1:] == (size,) or classes_at(shape, length=length, size=size, is_asked=True) is not None:
                return Way(DATA, (self._entry(compiled.inputs[0]),), (self._form(answer, WRITING),))
        return None

    def _way(self, kind: str, entries: list[AnyEntry], answers: Sequence[Port]) -> Way:
        forms = tuple(self._form(answer) for answer in answers)
        at = entries[0].name if entries else ""
        if kind != CODE:
            ports = {port for answer in answers for port in self._sources(answer)}
            entries += self._entries(ports)
        return Way(kind, tuple(entries), forms, at)

    def _entries(self, ports: Iterable[Port]) -> list[AnyEntry]:
        found: dict[str, AnyEntry] = {}
        for port in self.compiled.inputs:
            if port in ports and self._type(port) != RANDOM:
                entry = self._entry(port)
                found.setdefault(entry.key, entry)
        return list(found.values())

    def _entry(self, port: Port) -> AnyEntry:
        return entry_of(self.trained, port, self.measured)

    def _code_entry(self, port: Port, *, is_noise: bool) -> CodeEntry:
        node, width = self.graph.nodes[port.node], self._width(port)
        assert width is not None
        uniform = is_noise and node.params.get("distribution") == "uniform"
        return CodeEntry(port=port, name=node.name, width=width, is_noise=is_noise, uniform=uniform)

    # ---- forms

    def _form(self, port: Port, kind: str = "") -> Form:
        asked = self.question if self._is_asked(port) else None
        name = self.graph.nodes[port.node].name
        if self.spelling is not None and port == self.spelling.scores:
            return Form(port, name, READING, self.spelling.names, self.spelling.blank)
        shape = self._shape(port) or ()
        kind = kind or (self._asked_kind(asked, shape) if asked else "") or self._kind(shape)
        return Form(port, name, kind, self._names(asked, kind, shape, name))

    def _is_asked(self, port: Port) -> bool:
        return self.question is not None and self.compiled.outputs[self.question.output] == port

    def _asked_kind(self, question: Question, shape: tuple[int, ...]) -> str:
        """What an answer that was learned is, from what its loss makes of scores."""
        if question.chance is not None and self._looks_like(shape) is None:
            return CHANCES if prod(shape) <= FEW * 4 else ""
        if question.probabilities is None:
            return ""
        if len(shape) == 1:
            return BARS
        if len(shape) == 2 and self._type(question.target) == TAGGED:
            return TAGS
        return CLASS_MAP if len(shape) == 3 else VALUES

    def _kind(self, shape: tuple[int, ...]) -> str:
        like = self._looks_like(shape)
        if like is not None and self._type(like) == POINTS:
            return DOTS
        if (like is not None and _is_picture(self._shape(like) or ())) or _is_picture(shape):
            return PICTURE
        if like is not None and self._type(like) != TABLE and prod(shape) > 8:
            return CURVE
        return NUMBERS if prod(shape) <= FEW else CURVE if len(shape) == 1 else VALUES

    def _names(self, asked: Question | None, kind: str, shape: tuple[int, ...], name: str) -> tuple[str, ...]:
        if asked is not None and kind in (BARS, CHANCES, TAGS, CLASS_MAP):
            size = prod(shape) if kind == CHANCES else shape[0]
            known = (self.graph.nodes[asked.target.node].facts or {}).get("classes", ())
            classes = tuple(map(str, known)) if isinstance(known, list | tuple) else ()
            if kind == CHANCES and size == 1 and len(classes) == 2:
                return classes[::-1]  # of yes, and of no
            return classes if len(classes) == size else self._counted(asked, size, kind)
        if kind == NUMBERS and asked is not None and self._type(asked.target) == TABLE:
            wish = str(self.graph.nodes[asked.target.node].params.get("target") or "")
            columns = tuple(part.strip() for part in wish.split(",") if part.strip())
            if len(columns) == prod(shape):
                return columns
        size = prod(shape)
        return (name,) if size == 1 else tuple(f"{name}[{i}]" for i in range(size)) if kind == NUMBERS else ()

    def _counted(self, asked: Question, size: int, kind: str) -> tuple[str, ...]:
        known = (
            self.trained.statistics.get(asked.target.node, {}).get("tags", ()) if kind == TAGS else self.trained.classes
        )
        return tuple(known) if len(known) == size else tuple(map(str, range(size)))

    def _looks_like(self, shape: Sequence[object]) -> Port | None:
        """The data port whose samples have as many numbers; `shape` is that of a sample, or of a batch that begins with "B"."""
        sizes = [size for size in shape if isinstance(size, int)]
        for port in self.compiled.inputs:
            own, spec = self._shape(port), self._spec(port)
            if own is not None and spec.dtype == "float32" and prod(own) > 1 and prod(own) == prod(sizes):
                return port
        return None

    # ---- shapes

    def _type(self, port: Port) -> str:
        node_type = self.catalog.of(self.graph.nodes[port.node])
        return node_type.id if node_type is not None else ""

    def _outputs(self, node: NodeId):
        known = self.compiled.analysis.nodes.get(node)
        return known.outputs if known else {}

    def _spec(self, port: Port):
        spec = self.compiled.analysis.spec(port)
        assert spec is not None, port
        return spec

    def _shape(self, port: Port) -> tuple[int, ...] | None:
        """The shape of a sample there, if all of it is known."""
        spec = self.compiled.analysis.spec(port)
        if spec is None or not spec.shape or spec.shape[0] != "B":
            return None
        sizes = tuple(size for size in spec.shape[1:] if isinstance(size, int))
        return sizes if len(sizes) == len(spec.shape) - 1 else None

    def _width(self, port: Port) -> int | None:
        """How many numbers a sample has there, where those are in one row."""
        shape, spec = self._shape(port), self.compiled.analysis.spec(port)
        fits = shape is not None and len(shape) == 1 and spec is not None and spec.dtype == "float32"
        return shape[0] if fits and shape else None


def _is_picture(shape: Sequence[int]) -> bool:
    return len(shape) == 3 and shape[0] in (1, 3) and min(shape[1:]) > 1
