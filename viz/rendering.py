"""From a picture to a file in the format that its name asks for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from autograd import ArgumentTypeError
from viz.errors import PictureError
from viz.files import write_whole
from viz.pdf import pdf_of
from viz.picture import Picture
from viz.png import png_of
from viz.svg import svg_of

if TYPE_CHECKING:
    import os

__all__ = ["render"]

_FORMATS: Final = (".png", ".svg", ".pdf", ".dot")


def render(picture: Picture, path: str | os.PathLike[str]) -> Path:
    """Writes the picture as `.png`, `.svg`, `.pdf` or `.dot`, by the ending of `path`; gives it.

    Folders are made; an old file is replaced only when the new one is whole.

    Raises ArgumentTypeError for what is no picture, PictureError for an unknown format and what is
    too large for a PNG, PictureFileError where the file cannot be written.

    >>> import tempfile, viz
    >>> from autograd import Value
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     viz.render(viz.draw(Value(2.0, "x").tanh()), folder + "/graph.svg").name
    'graph.svg'
    """
    if not isinstance(picture, Picture):
        raise ArgumentTypeError(
            f"render() needs a picture, not {type(picture).__name__}",
            hint="render(draw(loss), 'graph.png')",
        )
    place = Path(path)
    ending = place.suffix.lower()
    if ending not in _FORMATS:
        raise PictureError(
            f"{place.name!r} does not end in the name of a picture format",
            hint=f"the formats are {', '.join(_FORMATS)}",
        )
    write_whole(place, _content(picture, ending))
    return place


def _content(picture: Picture, ending: str) -> bytes:
    if ending == ".dot":
        return picture.source.encode()
    canvas = picture.canvas
    if ending == ".svg":
        return svg_of(canvas).encode()
    return png_of(canvas) if ending == ".png" else pdf_of(canvas)
