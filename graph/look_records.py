"""The look of a drawing as a record of plain values, and back."""

from __future__ import annotations

from graph.look import RIGHT, Annotation, Look, with_look, within_reach
from graph.messages import FileError, msg
from graph.migrations import Record
from graph.model import Graph, Port
from graph.schema import AnnotationRecord, LookRecord

MAX_ANNOTATIONS = 10_000


def look_record(graph: Graph) -> Record:
    """What is not as it is by default; empty for a plain drawing."""
    look, order = graph.look, {node: i for i, node in enumerate(graph.nodes)}
    bends = sorted(look.bends.items(), key=lambda entry: (order[entry[0].node], entry[0].name))
    record: Record = {
        "annotations": [_annotation_record(annotation) for annotation in look.annotations.values()],
        "bends": [[*target, [list(within_reach(point)) for point in points]] for target, points in bends],
        "collapsed": sorted(look.collapsed, key=order.__getitem__),
        "flow": look.flow if look.flow != RIGHT else None,
    }
    return {name: value for name, value in record.items() if value}


def with_record(graph: Graph, record: LookRecord) -> Graph:
    """The drawing with the look that a checked record holds, as far as it has such nodes and wires."""
    if len(record.annotations) > MAX_ANNOTATIONS:
        count = len(record.annotations)
        raise FileError(msg("It has {count} frames and notes; at most {limit} can be read.",
                            count=count, limit=MAX_ANNOTATIONS))  # fmt: skip
    annotations: dict[str, Annotation] = {}
    for entry in record.annotations:
        if entry.id in annotations:
            raise FileError(msg("Two frames or notes have the id '{id}'. Give one of them another id.", id=entry.id))
        annotations[entry.id] = _annotation(entry)
    bends = {Port(node, name): points for node, name, points in record.bends if points}
    look = Look(annotations, bends, frozenset(record.collapsed), record.flow)
    return with_look(graph, look.fitting(graph))


def _annotation_record(annotation: Annotation) -> Record:
    record: Record = {
        "id": annotation.id,
        "kind": annotation.kind,
        "text": annotation.text,
        "area": [*within_reach(annotation.area[:2]), *within_reach(annotation.area[2:])],
    }
    return record | ({"color": annotation.color} if annotation.color else {})


def _annotation(record: AnnotationRecord) -> Annotation:
    left, top, width, height = record.area
    return Annotation(record.id, record.kind, record.text, (left, top, max(1.0, width), max(1.0, height)), record.color)
