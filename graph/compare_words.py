"""What differs between two forms of a node, a block, code or the training plan, in words."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from graph.catalog import Catalog, Kind, Param
from graph.catalog.initializers import INITIALIZERS
from graph.catalog.optimizers import OPTIMIZERS, SCHEDULERS, ChoiceType
from graph.catalog.types import shown
from graph.messages import EditError, Message, msg, translate
from graph.model import Block, Graph, Node, NodeId, Project
from graph.pairing import Both
from graph.plan import WHOLE, Choice, Objective, Plan, Split

_BEGINS = (("weight_init", msg("Weights begin")), ("bias_init", msg("Biases begin")))
# Fields of the plan and of an objective with the words of the Training panel.
PLAN_WORDS = (
    ("epochs", msg("Epochs")), ("batch_size", msg("Batch size")), ("seed", msg("Seed")), ("device", msg("Device")),
    ("precision", msg("Precision")), ("compile", msg("Compile")), ("channels_last", msg("Channels last")),
    ("deterministic", msg("Deterministic")), ("averaging", msg("Weight averaging")), ("averaging_decay", msg("Decay")),
    ("averaging_start", msg("From epoch")), ("monitor", msg("Watched figure")), ("patience", msg("Patience")),
    ("min_delta", msg("Least change")),
)  # fmt: skip
OBJECTIVE_WORDS = (
    ("every", msg("Steps from update to update")), ("accumulate", msg("Accumulate")), ("schedule_by", msg("Advance each")),
    ("warmup", msg("Warm-up steps")), ("clip", msg("Clip gradients")), ("clip_at", msg("At most")), ("l1", msg("L1 penalty")),
    ("l2", msg("L2 penalty")), ("decay_all", msg("Decay all")),
)  # fmt: skip
_DEVICES = {"auto": msg("Automatic"), "cpu": msg("CPU")}
_FIRST = {"lr": msg("Learning rate")}


# ---- nodes


def node_details(both: Both, node: Node, other: Node) -> Iterator[Message]:
    """What differs between a node and what became of it, its place and its wires apart."""
    if node.name != other.name:
        yield msg("renamed from {old}", old=node.name)
    same_type = both.type_now(node) == other.type
    if not same_type:
        yield _change(msg("type"), type_label(both.old.catalog, node), type_label(both.new.catalog, other))
    yield from _params(both, node, other, same_type=same_type)
    yield from _beginnings(node, other, msg("Inherited"))
    if node.bypassed != other.bypassed:
        yield msg("bypassed") if other.bypassed else msg("no longer bypassed")
    if node.facts != other.facts:
        same_data = (node.facts or {}).get("fingerprint") == (other.facts or {}).get("fingerprint")
        yield msg("what it remembers of its data differs") if same_data else msg("the content of its data differs")


def kin_details(one: Graph, other: Graph, pairs: Mapping[NodeId, NodeId]) -> dict[NodeId, Message]:
    """By its new id, with which nodes a node shares its weights now, where that is not as it was."""
    before, after = _kin(one), _kin(other)
    back = {new: old for old, new in pairs.items()}
    found = {}
    for old, new in pairs.items():
        was = {pairs[i] for i in before.get(old, ()) if i in pairs}
        now = {i for i in after.get(new, ()) if i in back}
        if was != now:
            names = ", ".join(node.name for node in other.nodes.values() if node.id in now and node.id != new)
            found[new] = msg("shares its weights with {names}", names=names) if names else msg("has weights of its own")
    return found


def type_label(catalog: Catalog, node: Node) -> str:
    """What the type of a node is called; its id where nobody knows it."""
    node_type = catalog.get(node.type)
    return translate(node_type.label) if node_type is not None else node.type


def _params(both: Both, node: Node, other: Node, *, same_type: bool) -> Iterator[Message]:
    for name in dict.fromkeys((*node.params, *other.params)):
        sides = ((both.old.catalog, node), (both.new.catalog, other))
        params = [known.param(name) if (known := catalog.get(n.type)) else None for catalog, n in sides]
        if not same_type and None in params:
            continue  # the other type has no such parameter
        values = [_value(param, n.params.get(name, _ABSENT)) for param, (_, n) in zip(params, sides, strict=True)]
        if values[0] != values[1]:
            yield _change(name, *(_word(param, value) for param, value in zip(params, values, strict=True)))


def _value(param: Param | None, value: object) -> object:
    """A value in its normal form, the default where nothing is set."""
    if param is None:
        return value
    if value is _ABSENT:
        value = None if param.auto else param.default
    try:
        return param.check(value)
    except EditError:
        return value


def _word(param: Param | None, value: object) -> object:
    """A value as the card of a node shows it."""
    if value is _ABSENT:
        return msg("not set")
    if value is None:
        return msg("auto") if param is not None and param.auto else msg("none")
    if isinstance(value, bool):
        return msg("yes") if value else msg("no")
    if param is not None and param.kind is Kind.INTS and isinstance(value, int):
        return shown((value,) * (param.length or 1))
    return f"{value:g}" if isinstance(value, float) else shown(value)


class _Absent:
    """Stands for a parameter that nobody set."""


_ABSENT = _Absent()


def _kin(graph: Graph) -> dict[NodeId, frozenset[NodeId]]:
    leaders = {node.id: node.shares or node.id for node in graph.nodes.values()}
    groups: dict[NodeId, set[NodeId]] = {}
    for i, leader in leaders.items():
        groups.setdefault(leader, set()).add(i)
    return {i: frozenset(groups[leader]) for i, leader in leaders.items() if len(groups[leader]) > 1}


# ---- blocks and code


def block_details(one: Block, other: Block) -> Iterator[Message]:
    """What differs between two forms of a block, its drawing apart."""
    if one.name != other.name:
        yield msg("renamed from {old}", old=one.name)
    a, b = ({param.name: param.default for param in block.params} for block in (one, other))
    for name in dict.fromkeys((*a, *b)):
        if name not in b:
            yield msg("parameter {name} removed", name=name)
        elif name not in a:
            yield msg("parameter {name} added", name=name)
        elif (type(a[name]), a[name]) != (type(b[name]), b[name]):
            yield _change(name, _word(None, a[name]), _word(None, b[name]))


def code_details(both: Both) -> Iterator[Message]:
    """What differs in the code that two documents define."""
    one, other = both.old.definitions.codes, both.new.definitions.codes
    for i, code in one.items():
        if i not in both.codes:
            yield msg("code {name} removed", name=code.name)
            continue
        now = other[both.codes[i]]
        if now.name != code.name:
            yield msg("code {name}: renamed from {old}", name=now.name, old=code.name)
        if now.text != code.text:
            yield msg("code {name}: its text differs", name=now.name)
    kept = set(both.codes.values())
    yield from (msg("code {name} added", name=code.name) for i, code in other.items() if i not in kept)


# ---- the training plan


def plan_details(both: Both, pairs: Mapping[NodeId, NodeId]) -> Iterator[Message]:
    """What differs in how two documents are trained, in the words of the Training panel."""
    old, new = both.old.plan, both.new.plan
    yield from _beginnings(both.old, both.new, msg("As in PyTorch"))
    if _shares(old.split) != _shares(new.split):
        yield _change(msg("Data split in percent"), _shares(old.split), _shares(new.split))
    if old.split.method != new.split.method:
        yield _change(msg("Samples"), old.split.method, new.split.method)
    if {pairs.get(i, i) for i in old.frozen} != set(new.frozen):
        yield _change(msg("Frozen"), *(_named(side.graph, side.plan.frozen) for side in (both.old, both.new)))
    for name, words in PLAN_WORDS:
        if (a := getattr(old, name)) != (b := getattr(new, name)):
            yield _change(words, *(_plan_word(name, v) for v in (a, b)))
    yield from _objectives(both, old, new, pairs)


def _objectives(both: Both, old: Plan, new: Plan, pairs: Mapping[NodeId, NodeId]) -> Iterator[Message]:
    several = max(len(old.objectives), len(new.objectives)) > 1
    for before, after in _together(old.objectives, new.objectives):
        if before is None or after is None:
            there = before or after
            assert there is not None
            yield (
                msg("objective {name} added", name=there.name)
                if before is None
                else msg("objective {name} removed", name=there.name)
            )
            continue
        for detail in _objective(both, before, after, pairs):
            yield msg("{objective}: {detail}", objective=after.name, detail=detail) if several else detail


def _together(
    old: tuple[Objective, ...], new: tuple[Objective, ...]
) -> Iterable[tuple[Objective | None, Objective | None]]:
    """Objectives by their place where as many are there, else by their names."""
    if len(old) == len(new):
        return list(zip(old, new, strict=True))
    left, pairs = list(new), []
    for objective in old:
        same = next((other for other in left if other.name == objective.name), None)
        if same is not None:
            left.remove(same)
        pairs.append((objective, same))
    return [*pairs, *((None, objective) for objective in left)]


def _objective(both: Both, old: Objective, new: Objective, pairs: Mapping[NodeId, NodeId]) -> Iterator[Message]:
    if old.name != new.name:
        yield msg("renamed from {old}", old=old.name)
    yield from _choice(msg("Optimizer"), old.optimizer, new.optimizer, OPTIMIZERS)
    yield from _choice(msg("Schedule"), old.scheduler, new.scheduler, SCHEDULERS)
    now = tuple((pairs.get(i, i), weight) for i, weight in old.losses)
    if dict(now) != dict(new.losses):
        names = (_weighted(both.old.graph, old.losses), _weighted(both.new.graph, new.losses))
        yield _change(msg("Losses"), *names)
    if {pairs.get(i, i) for i in old.parameters} != set(new.parameters):
        names = (_named(both.old.graph, old.parameters), _named(both.new.graph, new.parameters))
        yield _change(msg("Trained nodes"), *names)
    for name, words in OBJECTIVE_WORDS:
        if (a := getattr(old, name)) != (b := getattr(new, name)):
            yield _change(words, _flag(a), _flag(b))


def _plan_word(name: str, value: object) -> object:
    if name == "batch_size" and value == WHOLE:
        return msg("all")
    return _DEVICES.get(value, value) if isinstance(value, str) else _flag(value)


def _flag(value: object) -> object:
    """Yes or no for a switch; anything else as it is."""
    return _word(None, value) if isinstance(value, bool) else value


def _choice(words: Message, old: Choice, new: Choice, types: Mapping[str, ChoiceType]) -> Iterator[Message]:
    sides = [types[c.type].values(c) if c.type in types else dict(c.params) for c in (old, new)]
    if old.type != new.type:
        common = sides[0].keys() & sides[1].keys()
        yield _change(words, *(_with_params(c, types, without=common) for c in (old, new)))
    for name in dict.fromkeys((*sides[0], *sides[1])):
        if old.type != new.type and not all(name in side for side in sides):
            continue  # the other type has no such parameter
        a, b = (side.get(name, _ABSENT) for side in sides)
        if a != b:
            yield _change(_FIRST.get(name, name), _word(None, a), _word(None, b))


def _beginnings(one: Node | Project, other: Node | Project, inherited: Message) -> Iterator[Message]:
    for name, words in _BEGINS:
        a, b = getattr(one, name), getattr(other, name)
        if _filled(a) != _filled(b):
            yield _change(words, *(inherited if c is None else _with_params(c, INITIALIZERS) for c in (a, b)))


def _filled(choice: Choice | None) -> object:
    if choice is None or choice.type not in INITIALIZERS:
        return choice
    return choice.type, INITIALIZERS[choice.type].values(choice)


def _with_params(choice: Choice, types: Mapping[str, ChoiceType], *, without: Collection[str] = ()) -> str:
    """`SGD (momentum 0.9)`: the label of a choice with what the person set."""
    params = ", ".join(f"{k} {_word(None, value)}" for k, value in choice.params.items() if k not in without)
    label = translate(types[choice.type].label) if choice.type in types else choice.type
    return f"{label} ({params})" if params else label


def _shares(split: Split) -> str:
    return " / ".join(f"{100 * share:g}" for share in (split.train, split.validation, split.test))


def _weighted(graph: Graph, losses: Iterable[tuple[NodeId, float]]) -> object:
    return ", ".join(f"{_name(graph, i)} × {weight:g}" for i, weight in losses) or msg("all")


def _named(graph: Graph, nodes: Iterable[NodeId]) -> object:
    return ", ".join(_name(graph, i) for i in nodes) or msg("all")


def _name(graph: Graph, node: NodeId) -> str:
    return graph.nodes[node].name if node in graph.nodes else node


def _change(what: object, before: object, after: object) -> Message:
    if str(before) == str(after):  # long texts are cut
        return msg("{what}: changed", what=what)
    return msg("{what}: {old} → {new}", what=what, old=before, new=after)
