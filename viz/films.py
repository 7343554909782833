"""The backward pass as a film: a picture for each node, from the root to the leaves."""

from __future__ import annotations

import io
from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from autograd import ArgumentError, topological_order
from viz.boxes import EMPHASIS
from viz.captions import backward_has_run, sum_of_products
from viz.drawing import draw
from viz.errors import PictureError
from viz.extras import for_pictures
from viz.files import write_whole
from viz.picture import measured
from viz.png import png_of
from viz.scales import tint
from viz.text import number

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator, Mapping

    from autograd import Value
    from viz.picture import Arrow, Box, Direction, Page, Picture
    from viz.views import Collapse

__all__ = ["film", "frames"]

_MOST: Final = 200  # frames that anyone will watch
_DPI: Final = 96.0
_COLOURS: Final = 64


def film(
    root: Value,
    path: str | os.PathLike[str],
    *,
    title: str = "",
    seconds: float = 1.5,
    collapse: Collapse | None = None,
    direction: Direction | None = None,
    page: Page | None = None,
    font_size: float = 11.0,
    precision: int = 4,
) -> Path:
    """Writes the backward pass through a graph, a frame for each node; gives the path.

    In each frame a node has all of its gradient and sends it back: times the number on each arrow
    into it, added to what stands at the arrow's start. `path` ends in `.gif`, or is a folder, which
    gets a `.png` for each frame.

    seconds: how long each frame of a GIF is shown, 0.05 to 60.
    title, collapse, direction, page, font_size, precision: as for `draw`.

    Raises PictureError before backward(), for more than 200 frames and where an arrow has no number
    of its own (collapse="layers"), ArgumentError for other options that are not possible,
    PictureFileError where the files cannot be written.

    >>> import tempfile
    >>> from autograd import Value
    >>> x = Value(3.0, "x")
    >>> y = x * x
    >>> y.backward()
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     film(y, folder + "/backward.gif").name
    'backward.gif'
    """
    place = Path(path)
    if place.suffix.lower() not in ("", ".gif"):
        raise PictureError(
            f"{place.name!r} is neither a GIF nor a folder",
            hint="film(loss, 'backward.gif'), or film(loss, 'frames') for a PNG of each frame",
        )
    if not isinstance(seconds, int | float) or not 0.05 <= seconds <= 60:
        raise ArgumentError(
            f"seconds={seconds!r} is not possible", hint="each frame is shown 0.05 to 60 seconds"
        )
    picture = draw(
        root, title=title, collapse=collapse, direction=direction, page=page,
        font_size=font_size, precision=precision,
    )  # fmt: skip
    if not backward_has_run(topological_order(root)):
        raise PictureError(
            "backward() has not run: there is nothing to show", hint="loss.backward() comes first"
        )
    images = [png_of(frame.canvas, _DPI) for frame in frames(picture, precision)]
    if place.suffix:
        write_whole(place, _gif(images, seconds))
    else:
        for index, image in enumerate(images):
            write_whole(place / f"frame_{index:03}.png", image)
    return place


def frames(picture: Picture, digits: int) -> Iterator[Picture]:
    """The picture as it is before the backward pass, and then once for each node of it."""
    into: defaultdict[str, list[Arrow]] = defaultdict(list)
    taking = {box.name for box in picture.boxes if box.band}  # the others get no gradient
    for arrow in picture.arrows:
        if arrow.start in taking:
            into[arrow.end].append(arrow)
    if any(arrow.worth is None for arrow in picture.arrows):
        raise PictureError(
            "an arrow between whole layers has no number of its own",
            hint="draw less, or fold less: collapse='neurons'",
        )
    reached = [box for box in reversed(picture.boxes) if box.band]
    if len(reached) >= _MOST:
        raise PictureError(
            f"a film of {len(reached):,} nodes is longer than anyone watches; the limit is {_MOST}",
            hint="collapse='neurons', or the loss of a single row",
        )
    root = picture.boxes[-1].name
    sums: dict[str, float] = {}
    of = _whole(reached, into, root)
    largest = max((abs(x) for x in of.values()), default=0.0)
    still = [_still(box, picture.font_size) for box in picture.boxes]
    first = f"forward has run; backward begins with ∂{_name(reached[0])}/∂{_name(reached[0])} = 1"
    yield replace(picture, boxes=tuple(still), caption=(f"0 of {len(reached)}: {first}", " "))
    sums[root] = 1.0
    for step, box in enumerate(reached, start=1):
        gradient = sums.setdefault(box.name, 0.0)
        for arrow in into[box.name]:
            sums[arrow.start] = sums.get(arrow.start, 0.0) + (arrow.worth or 0.0) * gradient
        told = (
            f"{step} of {len(reached)}: {_name(box)} has its gradient, {number(gradient, digits)}"
        )
        yield replace(
            picture,
            boxes=tuple(
                _at(now, sums.get(now.name), largest, digits, in_hand=now.name == box.name)
                for now in still
            ),
            arrows=tuple(
                replace(arrow, colour=EMPHASIS) if arrow in into[box.name] else arrow
                for arrow in picture.arrows
            ),
            caption=(told, _sent(into[box.name], gradient, digits)),
        )


def _whole(reached: list[Box], into: Mapping[str, list[Arrow]], root: str) -> dict[str, float]:
    """The gradients at the end."""
    sums = {root: 1.0}
    for box in reached:
        for arrow in into[box.name]:
            given = (arrow.worth or 0.0) * sums.get(box.name, 0.0)
            sums[arrow.start] = sums.get(arrow.start, 0.0) + given
    return sums


def _still(box: Box, font_size: float) -> Box:
    """A box without its gradient, and as large as with it."""
    size = measured(box, font_size)
    return replace(
        box,
        band=" " if box.band else "",
        band_fill="#ffffff" if box.band else "",
        least=(size.width, size.height),
    )


def _at(box: Box, gradient: float | None, largest: float, digits: int, *, in_hand: bool) -> Box:
    """A box with what it has of its gradient by now."""
    if in_hand:
        box = replace(box, style=box.style._replace(line=EMPHASIS, width=2.4))
    if gradient is None or not box.band:
        return box
    band = f"grad {number(gradient, digits)}"
    return replace(box, band=band, band_fill=tint(gradient, largest))


def _name(box: Box) -> str:
    """What a box is called in a sentence: by its symbol, or its operation and number."""
    symbol, equals, _ = (box.lines[0] if box.lines else "").partition(" = ")
    return symbol if equals else f"({box.operation} {symbol})".replace("( ", "(")


def _sent(arrows: list[Arrow], gradient: float, digits: int) -> str:
    """What goes back over arrows, in numbers where they are few."""
    if not arrows:
        return "nothing was used to compute it: here the way back ends"
    if len(arrows) > 2:
        return f"{number(gradient, digits)} times the number on each arrow goes back"
    worths = [arrow.worth or 0.0 for arrow in arrows]
    products = [sum_of_products([[worth, gradient]], worth * gradient, digits) for worth in worths]
    return f"it sends back {' and '.join(products)}"


def _gif(images: list[bytes], seconds: float) -> bytes:
    """The frames one after the other, for ever."""
    with for_pictures():
        from PIL import Image  # noqa: PLC0415 - needed only here

    opened = []
    for image in images:
        with Image.open(io.BytesIO(image)) as frame:
            opened.append(frame.convert("RGB").quantize(_COLOURS))
    out = io.BytesIO()
    lengths = [round(1000 * seconds)] * (len(opened) - 1) + [round(3000 * seconds)]
    opened[0].save(out, "GIF", save_all=True, append_images=opened[1:], duration=lengths, loop=0)
    return out.getvalue()
