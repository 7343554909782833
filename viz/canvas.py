"""What a renderer draws: shapes and lines of text in groups, in points, y downwards."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from viz.setting import Line

Command = tuple[str, tuple[float, ...]]

__all__ = [
    "Canvas",
    "Command",
    "Part",
    "Shape",
    "Words",
    "circle",
    "rectangle",
    "scaled",
    "shifted",
]

_ROUND = 0.5523  # of a quarter of a circle as a cubic curve


class Shape(NamedTuple):
    """A path of the commands M, L, C and Z; fill and line are colours, or nothing."""

    path: tuple[Command, ...]
    fill: str = ""
    line: str = ""
    width: float = 1.0
    dash: tuple[float, ...] = ()


class Words(NamedTuple):
    """A line of text, its base line beginning at (x, y)."""

    line: Line
    x: float
    y: float
    colour: str = "#000000"


@dataclass
class Part:
    """What belongs together, under a name: a node, an arrow, a group, the caption."""

    name: str
    kind: str
    told: str = ""
    items: list[Shape | Words] = field(default_factory=list)
    ends: tuple[str, str] | None = None  # of an arrow


@dataclass
class Canvas:
    """All that is drawn, in its order: later parts lie on earlier ones."""

    width: float
    height: float
    parts: list[Part]
    told: str = ""

    # Everything inside is drawn at this scale and moved by this: so it is fitted to a page.
    scale: float = 1.0
    left: float = 0.0
    top: float = 0.0


def rectangle(
    x: float, y: float, width: float, height: float, radius: float = 0.0
) -> tuple[Command, ...]:
    """A rectangle by its upper left corner, its corners round if there is a radius."""
    r = min(radius, width / 2, height / 2)
    right, bottom = x + width, y + height
    if not r:
        corners = (("M", (x, y)), ("L", (right, y)), ("L", (right, bottom)), ("L", (x, bottom)))
        return (*corners, ("Z", ()))
    k = r * (1 - _ROUND)
    return (
        ("M", (x + r, y)),
        ("L", (right - r, y)),
        ("C", (right - k, y, right, y + k, right, y + r)),
        ("L", (right, bottom - r)),
        ("C", (right, bottom - k, right - k, bottom, right - r, bottom)),
        ("L", (x + r, bottom)),
        ("C", (x + k, bottom, x, bottom - k, x, bottom - r)),
        ("L", (x, y + r)),
        ("C", (x, y + k, x + k, y, x + r, y)),
        ("Z", ()),
    )


def circle(x: float, y: float, radius: float) -> tuple[Command, ...]:
    """A circle around (x, y)."""
    return rectangle(x - radius, y - radius, 2 * radius, 2 * radius, radius)


def shifted(item: Shape | Words, x: float, y: float) -> Shape | Words:
    """The same, moved by so much."""
    if isinstance(item, Words):
        return item._replace(x=item.x + x, y=item.y + y)
    path = tuple(
        (name, tuple(place + (y if at % 2 else x) for at, place in enumerate(places)))
        for name, places in item.path
    )
    return item._replace(path=path)


def scaled(item: Shape | Words, by: float, x: float, y: float) -> Shape | Words:
    """The same, that many times as large, and then moved by so much."""
    if isinstance(item, Words):
        runs = tuple(
            run._replace(x=run.x * by, rise=run.rise * by, size=run.size * by)
            for run in item.line.runs
        )
        line = item.line._replace(runs=runs, width=item.line.width * by, size=item.line.size * by)
        return item._replace(line=line, x=item.x * by + x, y=item.y * by + y)
    path = tuple(
        (name, tuple(place * by + (y if at % 2 else x) for at, place in enumerate(places)))
        for name, places in item.path
    )
    return item._replace(path=path, width=item.width * by)
