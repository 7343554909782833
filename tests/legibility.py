"""What can be read in a picture's SVG, and whether any text is in the way of anything."""

from __future__ import annotations

import math
import re
import xml.etree.ElementTree as ET
from itertools import combinations, pairwise
from typing import TYPE_CHECKING, NamedTuple

from viz import fonts
from viz.svg import svg_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from viz import Picture

SVG = "{http://www.w3.org/2000/svg}"
_SUPERSCRIPTS = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")


class Text(NamedTuple):
    """A line of text and the ground it takes, and to what it belongs."""

    string: str
    left: float
    top: float
    right: float
    bottom: float
    of: str


class Arrow(NamedTuple):
    """An arrow: the names of the boxes at its ends, what is written on it, whether it is dashed."""

    start: str
    end: str
    label: str
    dashed: bool


class Reading(NamedTuple):
    """All that can be read: lines of boxes by name, arrows, caption, titles with their boxes."""

    boxes: dict[str, list[str]]
    arrows: list[Arrow]
    caption: list[str]
    groups: dict[str, set[str]]
    legend: list[str]


def svg(picture: Picture) -> ET.Element:
    return ET.fromstring(svg_of(picture.canvas, with_font=False))


def parts(root: ET.Element, kind: str) -> list[ET.Element]:
    """The groups of a kind: node, edge, cluster, caption, legend."""
    return [part for part in root.iter(f"{SVG}g") if part.get("class") == kind]


def strings(part: ET.Element) -> list[str]:
    """The lines of text in a part of a picture, as they are written in one line."""
    return [
        text.get("data-text", "") or "".join(text.itertext()) for text in part.iter(f"{SVG}text")
    ]


def read(picture: Picture) -> Reading:
    root = svg(picture)
    boxes = {part.get("id", ""): strings(part) for part in parts(root, "node")}
    arrows = [
        Arrow(
            part.get("data-start", ""),
            part.get("data-end", ""),
            " ".join(strings(part)),
            any(path.get("stroke-dasharray") for path in part.iter(f"{SVG}path")),
        )
        for part in parts(root, "edge")
    ]
    around = {
        part.get("id", ""): outline(part)
        for part in parts(root, "node")
        if part.find(f"{SVG}path") is not None
    }
    groups: dict[str, set[str]] = {}
    for part in parts(root, "cluster"):
        left, top, right, bottom = outline(part)
        groups[strings(part)[0]] = {
            name
            for name, (x0, y0, x1, y1) in around.items()
            if left <= x0 and x1 <= right and top <= y0 and y1 <= bottom
        }
    (caption,) = [strings(part) for part in parts(root, "caption")] or [[]]
    (legend,) = [strings(part) for part in parts(root, "legend")] or [[]]
    return Reading(boxes, arrows, caption, groups, legend)


def number_in(text: str) -> float:
    """The number that a text ends in: `grad −1.5·10⁻⁷`, `ŷ = 176`."""
    last = text.rsplit(maxsplit=1)[-1].replace("−", "-").replace("∞", "inf")
    mantissa, _, power = last.partition("·10")
    return float(f"{mantissa}e{power.translate(_SUPERSCRIPTS)}" if power else mantissa)


def outline(part: ET.Element) -> tuple[float, float, float, float]:
    """The ground of the first shape of a part."""
    path = next(part.iter(f"{SVG}path")).get("d", "")
    points = list(points_of(path))
    xs, ys = [x for x, _ in points], [y for _, y in points]
    return min(xs), min(ys), max(xs), max(ys)


def points_of(path: str) -> Iterator[tuple[float, float]]:
    """Points along a path, close to each other."""
    at = (0.0, 0.0)
    for name, places in re.findall(r"([MLCZ])([^MLCZ]*)", path):
        numbers = [float(place) for place in places.split(",") if place]
        pairs = list(zip(numbers[::2], numbers[1::2], strict=True))
        if name == "M":
            at = pairs[0]
            yield at
        elif name in ("L", "C"):
            curve = [at, *pairs] if name == "C" else [at, at, pairs[0], pairs[0]]
            length = sum(math.dist(a, b) for a, b in pairwise(curve))
            steps = max(2, math.ceil(length / 1.5))
            for step in range(1, steps + 1):
                t = step / steps
                weights = (1 - t) ** 3, 3 * (1 - t) ** 2 * t, 3 * (1 - t) * t**2, t**3
                yield (
                    sum(w * x for w, (x, _) in zip(weights, curve, strict=True)),
                    sum(w * y for w, (_, y) in zip(weights, curve, strict=True)),
                )
            at = pairs[-1]


def texts(root: ET.Element) -> Iterator[Text]:
    """The lines of text in the picture, measured with its font."""
    for part in root.iter(f"{SVG}g"):
        for text in part.findall(f"{SVG}text"):
            runs = text.findall(f"{SVG}tspan") or [text]
            boxes = []
            for run in runs:
                size, x, y = (float(run.get(name, "0")) for name in ("font-size", "x", "y"))
                string = (run.text or "").rstrip()
                left = x + fonts.width(string[: len(string) - len(string.lstrip())], size)
                right = x + fonts.width(string, size)
                boxes.append((left, y - 0.75 * size, right, y + 0.2 * size))
            yield Text(
                text.get("data-text", "") or "".join(text.itertext()),
                min(box[0] for box in boxes),
                min(box[1] for box in boxes),
                max(box[2] for box in boxes),
                max(box[3] for box in boxes),
                part.get("id", ""),
            )


def overlapping(root: ET.Element) -> list[tuple[str, str]]:
    """The pairs of texts of which one lies on the other."""
    return [
        (a.string, b.string)
        for a, b in combinations(texts(root), 2)
        if min(a.right, b.right) - max(a.left, b.left) > 0.3
        and min(a.bottom, b.bottom) - max(a.top, b.top) > 0.3
    ]


def on_arrows(root: ET.Element) -> list[tuple[str, str]]:
    """The texts that stand on an arrow, with it, or where an arrow runs through a box."""
    found = []
    all_texts = list(texts(root))
    for edge in parts(root, "edge"):
        name = f"{edge.get('data-start')} -> {edge.get('data-end')}"
        for path in edge.iter(f"{SVG}path"):
            half = float(path.get("stroke-width", "0")) / 2
            points = list(points_of(path.get("d", "")))
            left, right = min(x for x, _ in points) - half, max(x for x, _ in points) + half
            top, bottom = min(y for _, y in points) - half, max(y for _, y in points) + half
            near = [
                text
                for text in all_texts
                if text.left < right
                and left < text.right
                and text.top < bottom
                and top < text.bottom
            ]
            for x, y in points:
                found += [
                    (text.string, name)
                    for text in near
                    if text.left - half < x < text.right + half
                    and text.top - half < y < text.bottom + half
                ]
    return sorted(set(found))


def through_boxes(root: ET.Element) -> list[tuple[str, str]]:
    """The boxes that an arrow runs through, with the arrow."""
    found = []
    grounds = {part.get("id", ""): outline(part) for part in parts(root, "node")
               if part.find(f"{SVG}path") is not None}  # fmt: skip
    for edge in parts(root, "edge"):
        ends = edge.get("data-start", ""), edge.get("data-end", "")
        for path in edge.iter(f"{SVG}path"):
            points = list(points_of(path.get("d", "")))
            first, last = min(y for _, y in points), max(y for _, y in points)
            near = {n: g for n, g in grounds.items() if g[1] < last and first < g[3]}
            for x, y in points:
                found += [
                    (name, f"{ends[0]} -> {ends[1]}")
                    for name, (left, top, right, bottom) in near.items()
                    if name not in ends and left < x < right and top < y < bottom
                ]
    return sorted(set(found))


def overflowing(root: ET.Element) -> list[str]:
    """The texts of boxes that reach beyond their box, or beyond the picture."""
    width, height = (float(root.get(side, "0").removesuffix("pt")) for side in ("width", "height"))
    grounds = {part.get("id", ""): outline(part) for part in parts(root, "node")
               if part.find(f"{SVG}path") is not None}  # fmt: skip
    found = []
    scaled = any("transform" in group.attrib for group in root.iter(f"{SVG}g"))
    for text in texts(root):
        left, top, right, bottom = grounds.get(text.of, (-math.inf, -math.inf, math.inf, math.inf))
        below = text.top > bottom  # what is written below a circle
        inside = left <= text.left and text.right <= right and top <= text.top
        if (not below and not (inside and text.bottom <= bottom + 0.5)) or (
            not scaled
            and not (
                text.left >= 0 and text.right <= width and text.top >= 0 and text.bottom <= height
            )
        ):
            found.append(text.string)
    return found


def faults(picture: Picture) -> list[object]:
    """All that a reader would trip over."""
    root = svg(picture)
    return [*overlapping(root), *on_arrows(root), *through_boxes(root), *overflowing(root)]
