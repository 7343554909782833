"""Where the boxes and arrows of a page stand: laid out as pictures are, told in plain numbers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, Literal

from viz import fonts
from viz.boxes import operation_text
from viz.canvas import Shape, Words
from viz.neurons import neuron_named
from viz.picture import Arrow, Box, Picture
from viz.text import symbol
from viz.views import collapsed, every_step

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from autograd import Value
    from viz.canvas import Part
    from viz.views import View

__all__ = ["HEIGHT", "Detail", "in_order", "laid_out", "views_of"]

Detail = Literal["full", "labelled"]

HEIGHT: Final = 44  # of a box, as high as two lines
_LEAST_WIDTH: Final = 112
_FOR_NUMBERS: Final = 88  # beside the symbol, as wide as −0.004165
_WIDEST_NAME: Final = 150
_NAME_SIZE: Final = 15
_SOME_NUMBER: Final = "−0.00413"  # on arrows there is room for numbers that change


def views_of(order: Sequence[Value]) -> dict[str, View]:
    """The ways to look at a graph: its symbols, and every operation where that is more."""
    operations = every_step(order)
    symbols = collapsed(operations, "labels", {}, set())
    more = len(operations.nodes) > len(symbols.nodes)
    return {**({"symbols": symbols} if more else {}), "operations": operations}


def laid_out(name: str, view: View) -> dict[str, Any]:
    """Its name, size, boxes `[x, y, width]` by the number of their node, and arrows.

    An arrow is where it starts and ends (as places in `nodes`), its line as the path of an SVG, its
    head, and the middle of what is written on it.
    """
    places = {node: place for place, node in enumerate(view.nodes)}
    sizes = {f"n{place}": (_width(node), float(HEIGHT)) for node, place in places.items()}
    drawn = Picture(
        tuple(Box(box, (), size=size) for box, size in sizes.items()),
        tuple(
            Arrow(
                f"n{places[edge.start]}",
                f"n{places[edge.end]}",
                () if edge.start.is_constant else (_SOME_NUMBER,),
            )
            for edge in view.edges
        ),
        direction="LR",
    )
    canvas = drawn.canvas
    boxes: list[Any] = [None] * len(sizes)
    for part in canvas.parts:
        if part.kind == "node":
            x, y = _middle(part)
            boxes[int(part.name[1:])] = [round(x), round(y), round(sizes[part.name][0])]
    return {
        "name": name,
        "width": round(canvas.width),
        "height": round(canvas.height),
        "boxes": boxes,
        "arrows": [_arrow(part) for part in canvas.parts if part.kind == "edge"],
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


def _arrow(part: Part) -> list[Any]:
    line, head, *words = part.items
    start, end = part.ends or ("", "")
    told: list[Any] = [int(start[1:]), int(end[1:]), _path(line), _path(head)]
    for text in words:
        if isinstance(text, Words):
            told += [round(text.x + text.line.width / 2), round(text.y)]
    return told


def _path(shape: Shape | Words) -> str:
    return "".join(
        command.lower() if command == "Z" else f"{command}{' '.join(f'{n:.0f}' for n in numbers)}"
        for command, numbers in (shape.path if isinstance(shape, Shape) else ())
    )


def _middle(part: Part) -> tuple[float, float]:
    numbers = list(_numbers(part))
    xs, ys = numbers[::2], numbers[1::2]
    return (min(xs) + max(xs)) / 2, (min(ys) + max(ys)) / 2


def _numbers(part: Part) -> Iterator[float]:
    for item in part.items:
        if isinstance(item, Shape):
            for _, numbers in item.path:
                yield from numbers
