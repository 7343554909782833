"""What can be read in a picture: its boxes and arrows, and whether any text is in another's way."""

from __future__ import annotations

import json
from itertools import combinations
from typing import TYPE_CHECKING, Any, NamedTuple

from viz import fonts
from viz.layout import lay_out

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import graphviz

    from viz.layout import Renderer

_LISTS = ("_ldraw_", "_hldraw_", "_tldraw_")
_SUPERSCRIPTS = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")


class Text(NamedTuple):
    """A line of text and the ground it takes, in points."""

    string: str
    left: float
    bottom: float
    right: float
    top: float


class Arrow(NamedTuple):
    """An arrow: the names of the boxes at its ends, what is written on it, its line style."""

    start: str
    end: str
    label: str
    style: str


class Reading(NamedTuple):
    """All that can be read."""

    boxes: dict[str, list[str]]
    arrows: list[Arrow]
    caption: list[str]
    groups: dict[str, set[str]]


def layout_of(drawing: graphviz.Digraph, renderer: Renderer = "embedded") -> dict[str, Any]:
    layout: dict[str, Any] = json.loads(lay_out(drawing, "json", renderer))
    return layout


def read(drawing: graphviz.Digraph) -> Reading:
    """Boxes by name with their lines of text, visible arrows, the caption, what stands together."""
    layout = layout_of(drawing)
    objects = {thing["_gvid"]: thing for thing in layout["objects"]}
    boxes = {
        thing["name"]: [text.string for text in texts([thing])]
        for thing in objects.values()
        if "pos" in thing and thing.get("style") != "invis"
    }
    arrows = [
        Arrow(
            objects[edge["tail"]]["name"],
            objects[edge["head"]]["name"],
            edge.get("label", "").strip(),
            edge.get("style", ""),
        )
        for edge in layout.get("edges", [])
        if edge.get("style") != "invis"
    ]
    groups = {
        thing["label"]: {objects[node]["name"] for node in thing["nodes"]}
        for thing in objects.values()
        if thing["name"].startswith("cluster")
    }
    return Reading(boxes, arrows, [text.string for text in texts([layout])], groups)


def number_in(text: str) -> float:
    """The number that a text ends in: `grad −1.5·10⁻⁷`, `ŷ = 176`."""
    last = text.rsplit(maxsplit=1)[-1].replace("−", "-").replace("∞", "inf")
    mantissa, _, power = last.partition("·10")
    return float(f"{mantissa}e{power.translate(_SUPERSCRIPTS)}" if power else mantissa)


def texts(things: Iterable[dict[str, Any]]) -> Iterator[Text]:
    """The lines of text in the picture, measured with its font."""
    for operations in (thing.get(name, []) for thing in things for name in _LISTS):
        size = 14.0
        for operation in operations:
            if operation["op"] == "F":
                size = operation["size"]
            elif operation["op"] == "T":
                string, (x, y) = operation["text"], operation["pt"]
                width = fonts.width(string, size)
                left = x - {"l": 0.0, "c": 0.5, "r": 1.0}[operation["align"]] * width
                left += fonts.width(string[: len(string) - len(string.lstrip())], size)
                right = left + fonts.width(string.strip(), size)
                yield Text(string.strip(), left, y - 0.2 * size, right, y + 0.75 * size)


def overlapping(layout: dict[str, Any]) -> list[tuple[str, str]]:
    """The pairs of texts of which one lies on the other."""
    found = texts([layout, *layout.get("objects", []), *layout.get("edges", [])])
    return [
        (a.string, b.string)
        for a, b in combinations(found, 2)
        if min(a.right, b.right) - max(a.left, b.left) > 0.5
        and min(a.top, b.top) - max(a.bottom, b.bottom) > 0.5
    ]


def overflowing(layout: dict[str, Any]) -> list[str]:
    """The texts that reach beyond the box, or the field of a box, that they stand in."""
    found = []
    for thing in layout.get("objects", []):
        if "pos" not in thing:
            continue
        x, y = (float(place) for place in thing["pos"].split(","))
        across, up = float(thing["width"]) * 36, float(thing["height"]) * 36
        walls = [x - across, x + across]
        walls += [
            operation["points"][0][0]
            for operation in thing.get("_draw_", [])
            if operation["op"] == "L"
        ]
        for text in texts([thing]):
            middle = (text.left + text.right) / 2
            left = max((wall for wall in walls if wall <= middle), default=middle)
            right = min((wall for wall in walls if wall > middle), default=middle)
            inside = left <= text.left and text.right <= right
            if not inside or text.bottom < y - up - 1 or text.top > y + up + 1:
                found.append(text.string)
    return found
