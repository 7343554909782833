"""Where the boxes and arrows of a page stand: laid out by Graphviz, told in plain numbers."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

from viz import fonts
from viz.boxes import operation_text
from viz.extras import for_pictures
from viz.layout import lay_out
from viz.neurons import neuron_named
from viz.text import FONT, symbol
from viz.views import every_step, labelled_only

with for_pictures():
    import graphviz  # type: ignore[import-untyped]

if TYPE_CHECKING:
    from collections.abc import Sequence

    from autograd import Value
    from viz.views import View

__all__ = ["HEIGHT", "in_order", "views_of"]

HEIGHT: Final = 44  # of a box, as high as two lines
_LEAST_WIDTH: Final = 112
_FOR_NUMBERS: Final = 88  # beside the symbol, as wide as −0.004165
_WIDEST_NAME: Final = 150
_NAME_SIZE: Final = 15
_POINTS: Final = 72  # to an inch


def views_of(order: Sequence[Value]) -> list[dict[str, Any]]:
    """The ways to look at a graph: its symbols, and every operation where that is more."""
    symbols, operations = labelled_only(order), every_step(order)
    views = [] if len(symbols.nodes) == len(operations.nodes) else [_laid_out("symbols", symbols)]
    return [*views, _laid_out("operations", operations)]


def _laid_out(name: str, view: View) -> dict[str, Any]:
    """Size, boxes `[x, y, width]` by the number of their node, and arrows.

    An arrow is where it starts and ends (as places in `nodes`), its line as the path of an SVG, its
    head, and the middle of what is written on it.
    """
    drawing = graphviz.Digraph()
    drawing.attr(rankdir="LR", nodesep="0.14", ranksep="0.22")
    drawing.attr("node", shape="box", label="", height=f"{HEIGHT / _POINTS}", fixedsize="true")
    drawing.attr("edge", fontname=FONT, fontsize="11", arrowsize="0.7")
    places = {node: place for place, node in enumerate(view.nodes)}
    widths = [_width(node) for node in view.nodes]
    for place in sorted(range(len(widths)), key=lambda place: in_order(view.nodes[place])):
        drawing.node(f"n{place}", width=f"{widths[place] / _POINTS:.3f}")
    for edge in view.edges:
        label = {} if edge.start.is_constant else {"label": "−0.00413"}  # for a number that changes
        drawing.edge(f"n{places[edge.start]}", f"n{places[edge.end]}", **label)
    layout = json.loads(lay_out(drawing, "json", None))
    _, _, width, height = map(float, layout["bb"].split(","))
    boxes: list[Any] = [None] * len(widths)
    for thing in layout["objects"]:
        x, y = map(float, thing["pos"].split(","))
        place = int(thing["name"][1:])
        boxes[place] = [round(x), round(height - y), round(widths[place])]
    names = {thing["_gvid"]: int(thing["name"][1:]) for thing in layout["objects"]}
    arrows = [
        [names[arrow["tail"]], names[arrow["head"]], *_arrow(arrow, height)]
        for arrow in layout.get("edges", [])
    ]
    return {
        "name": name,
        "width": round(width),
        "height": round(height),
        "boxes": boxes,
        "arrows": arrows,
    }


def in_order(node: Value) -> tuple[Any, ...]:
    """What sorts nodes as one counts them: by neuron, then by their label and its numbers."""
    label = re.sub(r"\{(\d)(\d)\}", r"{\1,\2}", node.label)  # W_{11} is of 1 and 1
    words = re.split(r"([0-9]+)", label)  # text and numbers in turn
    counted = tuple(int(word) if place % 2 else word for place, word in enumerate(words))
    return (*(neuron_named(node.label) or (0, 0)), counted)


def _width(node: Value) -> float:
    name = symbol(node.label) or operation_text(node, 4)
    return max(_LEAST_WIDTH, min(_WIDEST_NAME, fonts.width(name, _NAME_SIZE)) + 22 + _FOR_NUMBERS)


def _arrow(arrow: dict[str, Any], height: float) -> list[Any]:
    def at(point: Sequence[float]) -> str:
        return f"{point[0]:.0f} {height - point[1]:.0f}"

    line = next(step["points"] for step in arrow["_draw_"] if step["op"] == "b")
    head = next(step["points"] for step in arrow["_hdraw_"] if step["op"] == "P")
    path = f"M{at(line[0])}C{' '.join(map(at, line[1:]))}"
    if "lp" not in arrow:
        return [path, f"M{'L'.join(map(at, head))}z"]
    x, y = map(float, arrow["lp"].split(","))
    return [path, f"M{'L'.join(map(at, head))}z", round(x), round(height - y)]
