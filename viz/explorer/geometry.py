"""Where the boxes and arrows of a page stand, told in plain numbers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from viz import fonts
from viz.boxes import operation_text
from viz.geometry import Rectangle
from viz.lettering import MANY, Ground, polyline
from viz.neurons import neuron_named
from viz.picture import Arrow, Box, Picture, measured
from viz.placing import lay_out
from viz.text import symbol
from viz.views import collapsed, every_step

if TYPE_CHECKING:
    from collections.abc import Sequence

    from autograd import Value
    from viz.geometry import Way
    from viz.views import View

__all__ = ["HEIGHT", "in_order", "views_of"]

HEIGHT: Final = 44  # of a box, as high as two lines
_LEAST_WIDTH: Final = 112
_FOR_NUMBERS: Final = 88  # beside the symbol, as wide as −0.004165
_WIDEST_NAME: Final = 150
_NAME_SIZE: Final = 15
_FONT_SIZE: Final = 9.0
_SPREADS: Final = (1.0, 1.25, 1.6)  # tried in turn
_LINE: Final = 1.5  # the width of an arrow
_LABEL: Final = (46.0, 11.0)  # the room for a number on an arrow
_HEAD: Final = 0.4  # half the breadth of an arrow's head, in multiples of its length


def views_of(order: Sequence[Value]) -> list[tuple[View, dict[str, Any]]]:
    """The ways to look at a graph: its symbols, and every operation where that is more."""
    operations = every_step(order)
    symbols = collapsed(operations, "labels", {}, set())
    views = {"symbols": symbols, "operations": operations}
    if len(symbols.nodes) == len(operations.nodes):
        del views["symbols"]
    return [(view, _laid_out(name, view)) for name, view in views.items()]


def _laid_out(name: str, view: View) -> dict[str, Any]:
    """Size, boxes `[x, y, width]`, and arrows.

    An arrow is the places in `nodes` where it starts and ends, its line and its head as paths of an
    SVG, and the middle of what is written on it.
    """
    names = {node: f"n{place}" for place, node in enumerate(view.nodes)}
    boxes = [Box(names[node], (), least=(_width(node), HEIGHT)) for node in view.nodes]
    # The label is for a number that changes.
    arrows = [
        Arrow(names[e.start], names[e.end], () if e.start.is_constant else ("−0.00413",))
        for e in view.edges
    ]
    picture = Picture(tuple(boxes), tuple(arrows), direction="LR", font_size=_FONT_SIZE)
    tries = (_Board(picture, spread) for spread in _SPREADS)
    board = next(tries)
    for other in tries:
        if board.ground.conflicts > other.ground.conflicts:
            board = other
    placed, rectangles, lines, labels = board.placed, board.boxes, board.lines, board.labels
    ends = [Rectangle(x, y, x, y) for line in lines for x, y in line]
    everything = [*rectangles, *labels.values(), *ends]
    left = min(each.left for each in everything)
    top = min(each.top for each in everything)
    places = {node: place for place, node in enumerate(view.nodes)}
    return {
        "name": name,
        "width": round(max(each.right for each in everything) - left),
        "height": round(max(each.bottom for each in everything) - top),
        "boxes": [
            [
                round((each.left + each.right) / 2 - left),
                round((each.top + each.bottom) / 2 - top),
                round(each.right - each.left),
            ]
            for each in rectangles
        ],
        "arrows": [
            [places[edge.start], places[edge.end], *_paths(way, left, top),
             *_middle(labels.get(index), left, top)]
            for index, (edge, way) in enumerate(zip(view.edges, placed.arrows, strict=True))
        ],
    }  # fmt: skip


class _Board:
    """A picture with everything at its place; `spread` above 1 gives more room between."""

    def __init__(self, picture: Picture, spread: float) -> None:
        self.placed = lay_out(picture, spread)
        self.ground = Ground(thorough=len(picture.boxes) <= MANY)
        self.boxes = []
        for box in picture.boxes:
            x, y = self.placed.boxes[box.name]
            size = measured(box, picture.font_size)
            across, up = size.width / 2, size.height / 2
            self.boxes.append(Rectangle(x - across, y - up, x + across, y + up))
            self.ground.take(self.boxes[-1])
        self.lines = [polyline(way) for way in self.placed.arrows]
        for index, line in enumerate(self.lines):
            self.ground.take_line(line, index, _LINE)
        self.labels = {
            index: self.ground.beside(self.lines[index], index, _LINE, _LABEL)
            for index in sorted(range(len(self.lines)), key=lambda index: len(self.lines[index]))
            if picture.arrows[index].label
        }


def _middle(label: Rectangle | None, left: float, top: float) -> list[int]:
    if label is None:
        return []
    x, y = (label.left + label.right) / 2, (label.top + label.bottom) / 2
    return [round(x - left), round(y - top)]


def _paths(way: Way, left: float, top: float) -> list[str]:
    """The line of an arrow and its head."""

    def at(x: float, y: float) -> str:
        return f"{x - left:.0f} {y - top:.0f}"

    (x, y), (tip_x, tip_y) = way.points[-1], way.tip
    across, up = _HEAD * (tip_y - y), _HEAD * (x - tip_x)
    head = [at(x + across, y + up), at(*way.tip), at(x - across, y - up)]
    line = " ".join(at(*point) for point in way.points[1:])
    return [f"M{at(*way.points[0])}C{line}", f"M{'L'.join(head)}z"]


def in_order(node: Value) -> tuple[Any, ...]:
    """What sorts nodes as one counts them: by neuron, then by their label and its numbers."""
    label = re.sub(r"\{(\d)(\d)\}", r"{\1,\2}", node.label)  # W_{11} is of 1 and 1
    words = re.split(r"([0-9]+)", label)  # text and numbers in turn
    counted = tuple(int(word) if place % 2 else word for place, word in enumerate(words))
    return (*(neuron_named(node.label) or (0, 0)), counted)


def _width(node: Value) -> float:
    name = symbol(node.label) or operation_text(node, 4)
    return max(_LEAST_WIDTH, min(_WIDEST_NAME, fonts.width(name, _NAME_SIZE)) + 22 + _FOR_NUMBERS)
