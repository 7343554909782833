"""Points, rectangles and ways in a picture, in points of 1/72 inch, y downwards."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["Placed", "Point", "Rectangle", "Way"]

Point = tuple[float, float]


class Rectangle(NamedTuple):
    """A part of the plane."""

    left: float
    top: float
    right: float
    bottom: float

    def grown(self, by: float) -> Rectangle:
        """The rectangle with a margin around it."""
        return Rectangle(self.left - by, self.top - by, self.right + by, self.bottom + by)

    def meets(self, other: Rectangle) -> bool:
        """Whether the two have a part in common."""
        return (
            self.left < other.right
            and other.left < self.right
            and self.top < other.bottom
            and other.top < self.bottom
        )

    def has(self, x: float, y: float) -> bool:
        """Whether a point lies in it."""
        return self.left <= x <= self.right and self.top <= y <= self.bottom


class Way(NamedTuple):
    """How an arrow runs: cubic curves end to end, and the tip that it ends in."""

    points: list[Point]
    tip: Point


class Placed(NamedTuple):
    """The middle of each box, the way of each arrow in its order, the ground of each group."""

    boxes: dict[str, Point]
    arrows: list[Way]
    groups: dict[str, Rectangle]
