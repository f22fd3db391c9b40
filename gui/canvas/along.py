"""Distances to paths on the canvas, whatever they are made of: straight stretches, arcs and curves."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QPainterPath

Stretch = tuple[QPointF, QPointF]


def stretches(path: QPainterPath) -> Iterator[Stretch]:
    """A path as straight stretches, in its direction."""
    for polygon in path.toSubpathPolygons():
        yield from pairwise(polygon.toList())


def distance(path: QPainterPath, point: QPointF) -> float:
    """How far a point is from a path."""
    return min((_distance(stretch, point) for stretch in stretches(path)), default=math.inf)


def crosses(path: QPainterPath, other: QPainterPath) -> bool:
    """Whether two paths meet."""
    if not _grown(path.boundingRect()).intersects(_grown(other.boundingRect())):
        return False
    mine = list(stretches(path))
    return any(_meet(a, b) for a in mine for b in stretches(other))


def _distance(stretch: Stretch, point: QPointF) -> float:
    return _length(point - _nearest(stretch, point))


def _nearest(stretch: Stretch, point: QPointF) -> QPointF:
    start, end = stretch
    way = end - start
    square = QPointF.dotProduct(way, way)
    share = QPointF.dotProduct(point - start, way) / square if square else 0.0
    return start + way * max(0.0, min(1.0, share))


def _meet(one: Stretch, other: Stretch) -> bool:
    (a, b), (c, d) = one, other
    return _side(a, b, c) != _side(a, b, d) and _side(c, d, a) != _side(c, d, b)


def _side(start: QPointF, end: QPointF, point: QPointF) -> bool:
    way, to = end - start, point - start
    return way.x() * to.y() - way.y() * to.x() > 0


def _length(way: QPointF) -> float:
    return math.hypot(way.x(), way.y())


def _grown(area: QRectF) -> QRectF:
    return area.adjusted(-1, -1, 1, 1)
