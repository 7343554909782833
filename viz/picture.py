"""What a picture consists of: boxes, arrows between them and groups of them, each with its text."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from autograd import ArgumentError
from viz.errors import PictureError
from viz.setting import set_line

if TYPE_CHECKING:
    from collections.abc import Mapping

    import graphviz

    from viz.canvas import Canvas
    from viz.setting import Line

__all__ = [
    "LEADING",
    "PAGES",
    "Arrow",
    "Box",
    "Direction",
    "Group",
    "Measured",
    "Page",
    "Picture",
    "Sample",
    "Scale",
    "Style",
    "check_text_options",
    "measured",
    "page_size",
]

Direction = Literal["TB", "LR", "BT", "RL"]
Page = Literal["slide", "a4"] | tuple[float, float]

# In points. A slide is 13.3 by 7.5 inches, as presentation programs have it.
PAGES: Final[Mapping[str, tuple[float, float]]] = {"slide": (960.0, 540.0), "a4": (595.0, 842.0)}
LEADING: Final = 1.28  # from one base line to the next, in multiples of the size of text
_PAD: Final = 0.55  # around text in a box, in the same unit
_NOTE: Final = 0.8


class Style(NamedTuple):
    """How a shape looks; a dash is the lengths of stroke and gap, none for a whole line."""

    fill: str = "#ffffff"
    line: str = "#6b6b6b"
    width: float = 1.0
    rounded: bool = False
    dash: tuple[float, ...] = ()


@dataclass(frozen=True)
class Box:
    """A box, or a circle: an operation at its left, lines of text, a band below, and a note."""

    name: str
    lines: tuple[str, ...]
    style: Style = field(default_factory=Style)
    operation: str = ""
    band: str = ""
    band_fill: str = ""
    note: str = ""
    radius: float = 0.0  # of a circle
    below: tuple[str, ...] = ()  # lines below a circle
    least: tuple[float, float] = (0.0, 0.0)  # width and height that it has at least
    text_size: float = 1.0  # in multiples of the picture's
    faded: bool = False

    @property
    def told(self) -> str:
        """All that it says, as a sentence for screen readers and tool tips."""
        value = "; ".join(filter(None, self.lines))
        operation = f"{self.operation}: " if self.operation else ""
        return "; ".join(filter(None, (operation + value, self.band, self.note, *self.below)))


@dataclass(frozen=True)
class Arrow:
    """An arrow from a box to another, the lines written beside it, and the number it stands for."""

    start: str
    end: str
    label: tuple[str, ...] = ()
    worth: float | None = None
    colour: str = "#7a7a7a"
    width: float = 1.0
    dash: tuple[float, ...] = ()
    label_colour: str = "#a32c00"
    long: bool = False  # with room for boxes beside it
    head: bool = True
    faded: bool = False


@dataclass(frozen=True)
class Group:
    """Boxes that stand together on a ground of their own, or several such groups."""

    name: str
    title: str
    boxes: tuple[str, ...] = ()
    groups: tuple[Group, ...] = ()

    def all_boxes(self) -> list[str]:
        """Those of the groups in it, too."""
        return [*self.boxes, *(name for group in self.groups for name in group.all_boxes())]


@dataclass(frozen=True)
class Sample:
    """An entry of the legend: what looks so, and what that means."""

    style: Style
    text: str
    inside: str = ""
    is_line: bool = False


@dataclass(frozen=True)
class Scale:
    """An entry of the legend: colours from the smallest to the largest, and numbers below them."""

    text: str
    colours: tuple[str, ...]
    numbers: tuple[str, ...]


@dataclass(frozen=True)
class Picture:
    """A picture, which notebooks show and `render` writes; `source` is its text for Graphviz.

    The words above it are its `title` and `caption`, those below its `legend`. Boxes come after
    those that lead to them. `rows` are boxes that stand beside each other in that order. Without
    `places` a place is found for each box.
    """

    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]
    groups: tuple[Group, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    title: str = ""
    caption: tuple[str, ...] = ()
    legend: tuple[Sample | Scale, ...] = ()
    direction: Direction = "TB"
    font_size: float = 11.0
    page: tuple[float, float] | None = None
    places: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    @property
    def digraph(self) -> graphviz.Digraph:
        """The same as a graph of the package graphviz, to change it, or have `dot` lay it out."""
        from viz.dot import digraph_of  # noqa: PLC0415 - itself on this file

        return digraph_of(self)

    @property
    def source(self) -> str:
        """The picture as Graphviz's DOT: the same graph gives the same text."""
        return str(self.digraph.source)

    @cached_property
    def canvas(self) -> Canvas:
        """The picture with everything at its place."""
        from viz.composing import compose  # noqa: PLC0415 - itself on this file

        return compose(self)

    def _repr_mimebundle_(
        self, include: object = None, exclude: object = None, **_: object
    ) -> dict[str, str]:
        from viz.svg import svg_of  # noqa: PLC0415 - itself on this file

        return {"image/svg+xml": svg_of(self.canvas), "text/plain": repr(self)}

    def __repr__(self) -> str:
        name = f"{self.title!r}, " if self.title else ""
        return f"<picture: {name}{len(self.boxes)} boxes, {len(self.arrows)} arrows>"


class Measured(NamedTuple):
    """The text of a box as it is set, and the sizes of its parts, in points."""

    operation: Line | None
    lines: tuple[Line, ...]
    band: Line | None
    note: Line | None
    width: float
    height: float
    field: float  # the width of the field at the left
    pad: float
    leading: float


def measured(box: Box, font_size: float) -> Measured:
    """How large a box is with this size of text."""
    size = font_size * box.text_size
    pad = _PAD * size
    operation = set_line(box.operation, size) if box.operation else None
    lines = tuple(set_line(text, size) for text in box.lines)
    band = set_line(box.band, size) if box.band else None
    note = set_line(box.note, _NOTE * size) if box.note else None
    leading = LEADING * size
    left = operation.width + 2 * pad if operation else 0.0
    text = max((line.width for line in (*lines, band, note) if line), default=0.0)
    height = (len(lines) + bool(band)) * leading + (_NOTE * leading if note else 0.0) + 0.7 * pad
    width = max(left + text + 2 * pad, 2.2 * size)
    width, height = max(width, box.least[0]), max(height, box.least[1])
    if box.radius:
        width = height = 2 * box.radius
    return Measured(operation, lines, band, note, width, height, left, pad, leading)


def check_text_options(font_size: object, precision: object) -> None:
    """Raises ArgumentError for a size or a number of digits that is not possible."""
    if not isinstance(precision, int) or not 1 <= precision <= 17:
        raise ArgumentError(
            f"precision={precision!r} is not possible",
            hint="precision is a number of digits, 1 to 17",
        )
    if not isinstance(font_size, int | float) or not 4 <= font_size <= 72:
        raise ArgumentError(
            f"font_size={font_size!r} is not possible", hint="font_size is in points, 4 to 72"
        )


def page_size(page: object) -> tuple[float, float] | None:
    """Width and height in points of a page that is asked for. Raises PictureError."""
    if page is None:
        return None
    if isinstance(page, str) and page in PAGES:
        return PAGES[page]
    if (
        isinstance(page, tuple | list)
        and len(page) == 2
        and all(isinstance(side, int | float) and 50 <= side <= 14400 for side in page)
    ):
        return float(page[0]), float(page[1])
    raise PictureError(
        f"page={page!r} is no page",
        hint="page is 'slide', 'a4', or (width, height) in points of 1/72 inch, each 50 to 14400",
    )
