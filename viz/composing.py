"""A picture put together: boxes and arrows where the layout has them, and text around them."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from viz.canvas import Canvas, Part, Shape, Words, circle, rectangle, shifted
from viz.geometry import Placed, Rectangle, Way
from viz.lettering import MANY, Ground, polyline
from viz.picture import Sample, Scale, measured
from viz.placing import lay_out
from viz.scales import paler
from viz.setting import ASCENT, DESCENT, set_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from viz.canvas import Command
    from viz.geometry import Point
    from viz.picture import Arrow, Box, Group, Measured, Picture
    from viz.setting import Line

__all__ = ["compose", "legible_scale"]

_MARGIN: Final = 10.0
_SPREADS: Final = (1.0, 1.35, 1.8, 2.5)  # more room, where something is in another's way
_TITLE: Final = 1.35  # in multiples of the size of text
_SMALL: Final = 0.88
_GREY: Final = "#555555"
_PAPER: Final = 0.7  # how much of what is faded is paper
_NARROWEST: Final = 40.0  # a caption is not broken for a picture less wide, in the same unit
_LARGEST: Final = 1.6  # a picture smaller than its page is enlarged by no more
_RADIUS: Final = 5.0
_HEAD: Final = 0.36  # half the breadth of an arrow's head, in multiples of its length
_CAPTION: Final = 1.42  # from one base line to the next above the picture, in the same unit
_CLOSE: Final = 1.36  # from one base line to the next in a label, in multiples of the size of text


def compose(picture: Picture) -> Canvas:
    """Everything at its place; with more room where text would be in the way of something."""
    board = None
    for spread in _SPREADS if len(picture.boxes) <= MANY else _SPREADS[:1]:
        tried = _Board(picture, _placed(picture, spread))
        if board is None or tried.ground.conflicts < board.ground.conflicts:
            board = tried
        if not tried.ground.conflicts:
            break
    assert board is not None  # noqa: S101 - the first try
    return board.canvas()


def legible_scale(picture: Picture) -> float:
    """By how much the picture is made smaller, or larger, to fit its page."""
    return picture.canvas.scale


def _placed(picture: Picture, spread: float) -> Placed:
    return _pinned(picture, spread) if picture.places else lay_out(picture, spread)


def _pinned(picture: Picture, spread: float) -> Placed:
    """The places that the picture has, with straight arrows from rim to rim."""
    boxes = {box.name: box for box in picture.boxes}
    places = {name: (spread * x, spread * y) for name, (x, y) in picture.places.items()}
    arrows = []
    for arrow in picture.arrows:
        start, end = places[arrow.start], places[arrow.end]
        length = math.dist(start, end)
        across, up = (end[0] - start[0]) / length, (end[1] - start[1]) / length
        first, last = boxes[arrow.start].radius, boxes[arrow.end].radius
        head = (4.0 + 2.2 * arrow.width) if arrow.head else 0.0
        begin = (start[0] + across * first, start[1] + up * first)
        tip = (end[0] - across * last, end[1] - up * last)
        stop = (tip[0] - across * head, tip[1] - up * head)
        thirds = [
            (begin[0] + (stop[0] - begin[0]) * part, begin[1] + (stop[1] - begin[1]) * part)
            for part in (1 / 3, 2 / 3)
        ]
        arrows.append(Way([begin, *thirds, stop], tip))
    return Placed(places, arrows, {})


class _Board:
    """A picture in the making, once all places are known."""

    def __init__(self, picture: Picture, placed: Placed) -> None:
        self.picture = picture
        self.placed = placed
        self.size = picture.font_size
        self.ground = Ground(thorough=len(picture.boxes) <= MANY)
        self.sizes = {box.name: measured(box, self.size) for box in picture.boxes}
        self.lines = [polyline(way) for way in placed.arrows]
        self._take_ground()
        self.groups = [part for group in picture.groups for part in self._group(group)]
        self.arrows = self._all_arrows()

    def _take_ground(self) -> None:
        for taken in self._rectangles():
            self.ground.take(taken)
        for index, (arrow, line) in enumerate(zip(self.picture.arrows, self.lines, strict=True)):
            self.ground.take_line(line, index, arrow.width)
            if arrow.head:
                (x, y), (tip_x, tip_y) = self.placed.arrows[index].points[-1], line[-1]
                breadth = 2 * _HEAD * math.dist((x, y), (tip_x, tip_y))
                for part in (0.0, 0.25, 0.5, 0.75):
                    at = x + part * (tip_x - x), y + part * (tip_y - y)
                    self.ground.take_line([at], index, (1 - part) * breadth)

    def _rectangles(self) -> Iterator[Rectangle]:
        for box in self.picture.boxes:
            x, y = self.placed.boxes[box.name]
            across, up = self.sizes[box.name].width / 2, self.sizes[box.name].height / 2
            yield Rectangle(x - across, y - up, x + across, y + up)
            for words in self._below(box):
                right = words.x + words.line.width
                size = words.line.size
                yield Rectangle(words.x, words.y - ASCENT * size, right, words.y + DESCENT * size)

    # Groups

    def _group(self, group: Group) -> Iterator[Part]:
        bounds = self.placed.groups.get(group.name)
        if bounds is None:
            return
        faded = all(box.faded for box in self.picture.boxes if box.name in group.all_boxes())
        inner = not group.groups
        shape = Shape(
            rectangle(bounds.left, bounds.top, bounds.right - bounds.left,
                      bounds.bottom - bounds.top, 8.0),
            fill="#f1f3f5" if inner else "#fafbfb",
            line="" if inner else "#dde1e4",
        )  # fmt: skip
        title = set_line(group.title, _SMALL * self.size)
        place = self.ground.within(_title_places(bounds, title))
        words = Words(title, place.left, _base(place, title), _mixed(_GREY, faded=faded))
        yield Part(f"group_{group.name}", "cluster", group.title, [shape, words])
        for each in group.groups:
            yield from self._group(each)

    # Arrows

    def _all_arrows(self) -> list[Part]:
        labels: dict[int, Rectangle] = {}
        shortest_first = sorted(range(len(self.lines)), key=lambda index: len(self.lines[index]))
        for index in shortest_first:
            arrow = self.picture.arrows[index]
            if arrow.label:
                lines = [set_line(text, _SMALL * self.size) for text in arrow.label]
                size = max(line.width for line in lines), self._height(lines)
                labels[index] = self.ground.beside(self.lines[index], index, arrow.width, size)
        return [
            self._arrow(index, arrow, labels.get(index))
            for index, arrow in enumerate(self.picture.arrows)
        ]

    def _height(self, lines: Sequence[Line]) -> float:
        last = lines[-1].size * (ASCENT + DESCENT)
        return sum(line.size * _CLOSE for line in lines[:-1]) + last

    def _arrow(self, index: int, arrow: Arrow, label: Rectangle | None) -> Part:
        way = self.placed.arrows[index]
        colour = _mixed(arrow.colour, faded=arrow.faded)
        path: list[Command] = [("M", way.points[0])]
        path += [
            ("C", (*way.points[at], *way.points[at + 1], *way.points[at + 2]))
            for at in range(1, len(way.points) - 1, 3)
        ]
        items: list[Shape | Words] = [
            Shape(tuple(path), line=colour, width=arrow.width, dash=arrow.dash)
        ]
        if arrow.head:
            items.append(_head(way, colour))
        if label is not None:
            ink = _mixed(arrow.label_colour, faded=arrow.faded)
            y = label.top
            for text in arrow.label:
                line = set_line(text, _SMALL * self.size)
                x = (label.left + label.right - line.width) / 2
                items.append(Words(line, x, y + ASCENT * line.size, ink))
                y += _CLOSE * line.size
        told = ", ".join(arrow.label)
        return Part(f"a{index}", "edge", told, items, (arrow.start, arrow.end))

    # Boxes

    def _box(self, box: Box) -> Part:
        x, y = self.placed.boxes[box.name]
        size = self.sizes[box.name]
        make = self._circle if box.radius else self._rectangle
        return Part(box.name, "node", box.told, make(box, size, x, y))

    def _circle(self, box: Box, size: Measured, x: float, y: float) -> list[Shape | Words]:
        style = box.style
        shape = Shape(
            circle(x, y, box.radius),
            _mixed(style.fill, faded=box.faded),
            _mixed(style.line, faded=box.faded),
            style.width,
            style.dash,
        )
        ink = _mixed("#000000", faded=box.faded)
        top = y - size.leading * len(size.lines) / 2
        words = [
            Words(line, x - line.width / 2, top + size.leading * (row + 0.76), ink)
            for row, line in enumerate(size.lines)
        ]
        return [shape, *words, *self._below(box)]

    def _below(self, box: Box) -> list[Words]:
        """The lines below a circle."""
        x, y = self.placed.boxes[box.name]
        ink = _mixed("#000000", faded=box.faded)
        words = []
        base = y + box.radius + 0.15 * self.size
        for text in box.below:
            line = set_line(text, _SMALL * self.size)
            base += _CLOSE * line.size
            words.append(Words(line, x - line.width / 2, base - 0.15 * line.size, ink))
        return words

    def _plain(self, size: Measured, x: float, y: float) -> list[Shape | Words]:
        """Lines of text alone, in the middle."""
        top = y - size.leading * len(size.lines) / 2
        return [
            Words(line, x - line.width / 2, top + size.leading * (row + 0.76), _GREY)
            for row, line in enumerate(size.lines)
        ]

    def _rectangle(self, box: Box, size: Measured, x: float, y: float) -> list[Shape | Words]:
        style = box.style
        if not style.line:
            return self._plain(size, x, y)
        left, top = x - size.width / 2, y - size.height / 2
        radius = min(_RADIUS * 1.6, size.height / 2) if style.rounded else 2.0
        line = _mixed(style.line, faded=box.faded)
        ink = _mixed("#000000", faded=box.faded)
        outline = rectangle(left, top, size.width, size.height, radius)
        items: list[Shape | Words] = [Shape(outline, _mixed(style.fill, faded=box.faded))]
        text_at = left + size.field + size.pad
        inner = top + 0.35 * size.pad
        if size.band is not None:
            band_at = inner + size.leading * len(size.lines)
            note = size.leading * (size.note.size / size.band.size) if size.note else 0.0
            room = Rectangle(left + size.field, band_at, left + size.width, top + size.height)
            fill = _mixed(box.band_fill or "#ffffff", faded=box.faded)
            items.append(Shape(_band(room, style.width / 2, note + 0.35 * size.pad), fill))
        if size.operation is not None:
            wall = left + size.field
            items.append(
                Shape((("M", (wall, top)), ("L", (wall, top + size.height))), line=line,
                      width=0.7 * style.width)
            )  # fmt: skip
            at = left + (size.field - size.operation.width) / 2
            middle = y + 0.34 * size.operation.size
            items.append(Words(size.operation, at, middle, ink))
        row = inner
        for text in (*size.lines, size.band, size.note):
            if text is not None:
                colour = ink if text is not size.note else _mixed("#9b2c00", faded=box.faded)
                leading = size.leading * (text.size / size.lines[0].size)
                items.append(Words(text, text_at, row + 0.76 * leading, colour))
                row += leading
        items.append(Shape(outline, "", line, style.width, style.dash))
        return items

    # The whole

    def canvas(self) -> Canvas:
        boxes = [self._box(box) for box in self.picture.boxes]
        parts = [*self.groups, *self.arrows, *boxes]
        bounds = _bounds(parts)
        size = self.size
        inside = max(bounds.right - bounds.left, _NARROWEST * size)
        if self.picture.page is not None:  # as wide as the page, once it is fitted
            across, down = self.picture.page
            height = bounds.bottom - bounds.top
            inside = max(inside, min((height + 9 * size) * across / down, 1.4 * across) - 20)
        caption, above = self._caption(inside)
        legend, below = self._legend(inside)
        wide = max([bounds.right - bounds.left, _bounds_width(caption), _bounds_width(legend)])
        parts = [
            *_moved(caption, bounds.left, bounds.top - above),
            *parts,
            *_moved(legend, bounds.left, bounds.bottom + 1.2 * size),
        ]
        told = ". ".join(filter(None, (self.picture.title, *self.picture.caption)))
        canvas = Canvas(
            wide + 2 * _MARGIN,
            bounds.bottom - bounds.top + above + below + 2 * _MARGIN,
            _moved(parts, _MARGIN - bounds.left, _MARGIN - bounds.top + above),
            told or "the graph",
        )
        return canvas if self.picture.page is None else _fitted(canvas, self.picture.page)

    def _caption(self, width: float) -> tuple[list[Part], float]:
        """What stands above, from (0, 0) on, and its height."""
        items: list[Shape | Words] = []
        y = 0.0
        title = [(self.picture.title, _TITLE)] if self.picture.title else []
        for text, times in (*title, *((line, 1.0) for line in self.picture.caption)):
            for line in _wrapped(text, times * self.size, width):
                y += _CAPTION * line.size
                items.append(Words(line, 0.0, y - 0.3 * line.size, "#000000"))
        if not items:
            return [], 0.0
        return [Part("caption", "caption", "", items)], y + 0.9 * self.size

    def _legend(self, width: float) -> tuple[list[Part], float]:
        """What stands below, from (0, 0) on, and its height with the gap above it."""
        items: list[Shape | Words] = []
        x, y = 0.0, 0.0
        size = _SMALL * self.size
        high, gap = 1.55 * size, 1.5 * size
        row = high
        for entry in self.picture.legend:
            made, wide, tall = (
                _sample(entry, size, high) if isinstance(entry, Sample) else _scale(entry, size)
            )
            if x and x + wide > width:
                x, y, row = 0.0, y + row + 0.6 * size, high
            items += [shifted(item, x, y) for item in made]
            x += wide + gap
            row = max(row, tall)
        if not items:
            return [], 0.0
        return [Part("legend", "legend", "", items)], y + row + 1.2 * self.size


def _title_places(bounds: Rectangle, title: Line) -> Iterator[Rectangle]:
    """Places for a group's title: along its upper rim, then along its lower one."""
    height = title.size * (ASCENT + DESCENT)
    first, last = bounds.left + 6, max(bounds.left + 6, bounds.right - 6 - title.width)
    steps = max(1, int((last - first) / 5))
    for top in (bounds.top + 3, bounds.top + 7, bounds.bottom - 3 - height):
        for step in range(steps + 1):
            left = first + (last - first) * step / steps
            yield Rectangle(left, top, left + title.width, top + height)


def _base(place: Rectangle, line: Line) -> float:
    return place.top + ASCENT * line.size


def _band(room: Rectangle, inset: float, below: float) -> tuple[Command, ...]:
    """The ground of a gradient, as wide as its box inside the outline."""
    return rectangle(
        room.left + inset + 1.2,
        room.top + 0.5,
        room.right - room.left - 2 * inset - 2.4,
        room.bottom - room.top - below - 0.5,
        2.0,
    )


def _head(way: Way, colour: str) -> Shape:
    """The tip of an arrow."""
    (x, y), (tip_x, tip_y) = way.points[-1], way.tip
    across, up = (tip_x - x) * _HEAD, (tip_y - y) * _HEAD
    path = (
        ("M", (tip_x, tip_y)),
        ("L", (x - up, y + across)),
        ("L", (x + up, y - across)),
        ("Z", ()),
    )
    return Shape(path, colour)


def _sample(entry: Sample, size: float, high: float) -> tuple[list[Shape | Words], float, float]:
    """A sample of how something looks, and what it means."""
    text = set_line(entry.text, size)
    inside = set_line(entry.inside, size) if entry.inside else None
    wide = max(2.2 * size, inside.width + size if inside else 0.0)
    style = entry.style
    if entry.is_line:
        middle = high / 2
        path = (("M", (0.0, middle)), ("L", (wide, middle)))
        shape = Shape(path, line=style.line, width=style.width, dash=style.dash)
    else:
        outline = rectangle(0, 0, wide, high, _RADIUS if style.rounded else 2.0)
        shape = Shape(outline, style.fill, style.line, style.width, style.dash)
    items: list[Shape | Words] = [shape]
    base = high / 2 + 0.34 * size
    if inside:
        items.append(Words(inside, (wide - inside.width) / 2, base, "#000000"))
    items.append(Words(text, wide + 0.5 * size, base, "#333333"))
    return items, wide + 0.5 * size + text.width, high


def _scale(entry: Scale, size: float) -> tuple[list[Shape | Words], float, float]:
    """A bar of colours with numbers below it, and what it means at its left."""
    text = set_line(entry.text, size)
    numbers = [set_line(number, size) for number in entry.numbers]
    bar = max(16 * size, sum(number.width for number in numbers) + 2 * size * len(numbers))
    left = text.width + 0.7 * size
    left += max(0.0, numbers[0].width / 2)
    step = bar / len(entry.colours)
    items: list[Shape | Words] = [Words(text, 0.0, 0.95 * size, "#333333")]
    for place, colour in enumerate(entry.colours):
        items.append(Shape(rectangle(left + place * step, 0, step + 0.3, 1.1 * size), colour))
    items.append(Shape(rectangle(left, 0, bar, 1.1 * size), line="#8a8a8a", width=0.6))
    for place, number in enumerate(numbers):
        at = left + bar * place / (len(numbers) - 1) - number.width / 2
        items.append(Words(number, at, 2.25 * size, "#333333"))
    return items, left + bar + numbers[-1].width / 2, 2.6 * size


def _wrapped(text: str, size: float, width: float) -> Iterator[Line]:
    """A text in lines no wider than that, if its words are not."""
    words = text.split(" ")
    line = words[0]
    for word in words[1:]:
        if set_line(f"{line} {word}", size).width > width:
            yield set_line(line, size)
            line = f"   {word}"
        else:
            line = f"{line} {word}"
    yield set_line(line, size)


def _mixed(colour: str, *, faded: bool) -> str:
    """The colour, or, where something else is to be seen, what is left of it on paper."""
    return paler(colour, _PAPER) if faded and colour else colour


def _bounds(parts: Sequence[Part]) -> Rectangle:
    """The ground that parts take, but for the breadth of their lines, which the margin has."""
    xs: list[float] = []
    ys: list[float] = []
    for part in parts:
        for item in part.items:
            if isinstance(item, Shape):
                for _, places in item.path:
                    xs += places[::2]
                    ys += places[1::2]
            else:
                size = item.line.size
                xs += (item.x, item.x + item.line.width)
                ys += (item.y - ASCENT * size, item.y + DESCENT * size)
    return Rectangle(min(xs), min(ys), max(xs), max(ys))


def _bounds_width(parts: Sequence[Part]) -> float:
    return _bounds(parts).right if parts else 0.0


def _moved(parts: Sequence[Part], x: float, y: float) -> list[Part]:
    return [replace(part, items=[shifted(item, x, y) for item in part.items]) for part in parts]


def _fitted(canvas: Canvas, page: Point) -> Canvas:
    """The canvas in the middle of a page, as large as it fits, within reason."""
    scale = min(page[0] / canvas.width, page[1] / canvas.height, _LARGEST)
    left = max(0.0, (page[0] - scale * canvas.width) / 2)
    top = max(0.0, (page[1] - scale * canvas.height) / 2)
    return replace(canvas, width=page[0], height=page[1], scale=scale, left=left, top=top)
