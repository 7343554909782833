"""Where text stands beside arrows and in groups: on nothing else, and nearest to its own arrow."""

from __future__ import annotations

import math
from collections import defaultdict
from typing import TYPE_CHECKING, Final, NamedTuple

from viz.geometry import Rectangle

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from viz.geometry import Point, Way

__all__ = ["MANY", "Ground", "polyline"]

MANY: Final = 250  # boxes: more are not read one by one, and take their time

_STEP: Final = 3.0  # points between the samples of a curve
_CELL: Final = 24.0
_CLEAR: Final = 1.2  # between text and what it must not touch
_ALONG: Final = tuple(
    0.5 + sign * step / 50 for step in range(22) for sign in ((1, -1) if step else (1,))
)
_OFFSETS: Final = (2.5, 5.5, 9.0)


def polyline(way: Way) -> list[Point]:
    """Points of a way, close to each other, to its tip."""
    points = [way.points[0]]
    for at in range(0, len(way.points) - 1, 3):
        a, b, c, d = way.points[at : at + 4]
        length = math.dist(a, b) + math.dist(b, c) + math.dist(c, d)
        steps = max(2, math.ceil(length / _STEP))
        for step in range(1, steps + 1):
            t = step / steps
            u = 1 - t
            p, q, r, s = u * u * u, 3 * u * u * t, 3 * u * t * t, t * t * t
            points.append(
                (
                    p * a[0] + q * b[0] + r * c[0] + s * d[0],
                    p * a[1] + q * b[1] + r * c[1] + s * d[1],
                )
            )
    return [*points, *_straight(points[-1], way.tip)]


def _straight(start: Point, end: Point) -> list[Point]:
    steps = math.ceil(math.dist(start, end) / _STEP)
    return [
        (
            start[0] + (end[0] - start[0]) * step / steps,
            start[1] + (end[1] - start[1]) * step / steps,
        )
        for step in range(1, steps + 1)
    ]


class _Sample(NamedTuple):
    """A point of an arrow, with half the arrow's width."""

    x: float
    y: float
    arrow: int
    half: float


class Ground:
    """What is taken already, in cells of a grid; where much is, fewer places are tried."""

    def __init__(self, *, thorough: bool) -> None:
        self._along: tuple[float, ...] = _ALONG if thorough else _ALONG[:13]
        self._offsets: tuple[float, ...] = _OFFSETS if thorough else _OFFSETS[:1]
        self._taken: defaultdict[tuple[int, int], list[Rectangle]] = defaultdict(list)
        self._lines: defaultdict[tuple[int, int], list[_Sample]] = defaultdict(list)
        self.conflicts = 0

    def take(self, rectangle: Rectangle) -> None:
        """Nothing else is written there."""
        for cell in _cells(rectangle):
            self._taken[cell].append(rectangle)

    def take_line(self, points: Sequence[Point], arrow: int, width: float) -> None:
        """No text stands on that arrow."""
        for x, y in points:
            self._lines[int(x // _CELL), int(y // _CELL)].append(_Sample(x, y, arrow, width / 2))

    def is_free(self, rectangle: Rectangle) -> bool:
        """Whether neither box, text nor arrow is there."""
        return not self._hits(rectangle)

    def _hits(self, rectangle: Rectangle) -> int:
        wanted = left, top, right, bottom = rectangle.grown(_CLEAR)
        hits = 0
        for cell in _cells(wanted):
            hits += sum(taken.meets(wanted) for taken in self._taken.get(cell, ()))
            for x, y, _, half in self._lines.get(cell, ()):
                hits += left - half <= x <= right + half and top - half <= y <= bottom + half
        return hits

    def beside(self, line: Sequence[Point], arrow: int, width: float, size: Point) -> Rectangle:
        """The place for a label of that size beside an arrow, which is then taken.

        From the middle outwards, on both sides; it counts against a place to be nearer to another
        arrow than to its own.
        """
        best: tuple[float, Rectangle] | None = None
        for offset in self._offsets:
            for order, along in enumerate(self._along):
                for side in (1, -1):
                    place = _at(line, along, side, offset + width / 2, size)
                    hits = self._hits(place)
                    nearer = 0 if hits else self._is_nearer_to_another(place, arrow)
                    cost = 1000 * hits + 60 * nearer + order + offset
                    if best is None or cost < best[0]:
                        best = cost, place
                    if cost < 60:
                        break
                else:
                    continue
                break
            else:
                continue
            break
        assert best is not None  # noqa: S101 - there is always a first
        cost, place = best
        self.conflicts += cost >= 1000
        self.take(place)
        return place

    def _is_nearer_to_another(self, place: Rectangle, arrow: int) -> bool:
        own = other = 14.0
        for cell in _cells(place.grown(other)):
            for sample in self._lines.get(cell, ()):
                dx = max(place.left - sample.x, 0.0, sample.x - place.right)
                dy = max(place.top - sample.y, 0.0, sample.y - place.bottom)
                distance = math.hypot(dx, dy)
                if sample.arrow == arrow:
                    own = min(own, distance)
                else:
                    other = min(other, distance)
        return other < own + 2.0

    def within(self, places: Iterable[Rectangle]) -> Rectangle:
        """The first of some places that is free, or else the one with least in it; it is taken."""
        best: tuple[int, Rectangle] | None = None
        for place in places:
            hits = self._hits(place)
            if best is None or hits < best[0]:
                best = hits, place
            if not hits:
                break
        assert best is not None  # noqa: S101 - there is always a first
        self.conflicts += best[0] > 0
        self.take(best[1])
        return best[1]


def _cells(rectangle: Rectangle) -> Iterator[tuple[int, int]]:
    for column in range(int(rectangle.left // _CELL), int(rectangle.right // _CELL) + 1):
        for row in range(int(rectangle.top // _CELL), int(rectangle.bottom // _CELL) + 1):
            yield column, row


def _at(line: Sequence[Point], along: float, side: int, offset: float, size: Point) -> Rectangle:
    """A place for a label beside the point at a part of the way, right of it for side 1."""
    last = len(line) - 1
    at = min(last - 1, max(1, round(along * last))) if last > 1 else 0
    (x, y), (x0, y0), (x1, y1) = line[at], line[max(0, at - 1)], line[min(last, at + 1)]
    length = math.hypot(x1 - x0, y1 - y0) or 1.0
    normal_x, normal_y = -(y1 - y0) / length, (x1 - x0) / length
    if normal_x < 0 or (normal_x == 0 and normal_y > 0):
        normal_x, normal_y = -normal_x, -normal_y
    width, height = size
    reach = abs(normal_x) * width / 2 + abs(normal_y) * height / 2 + offset
    x, y = x + side * normal_x * reach, y + side * normal_y * reach
    return Rectangle(x - width / 2, y - height / 2, x + width / 2, y + height / 2)
