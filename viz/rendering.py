"""From a drawing to a picture: a file in the format its name asks for, or shown in a notebook."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from autograd import ArgumentTypeError
from viz.errors import PictureError
from viz.extras import for_pictures
from viz.files import write_whole

with for_pictures():
    import graphviz  # type: ignore[import-untyped]

if TYPE_CHECKING:
    import os

    from viz.layout import Renderer

__all__ = ["Drawing", "render"]

_FORMATS: Final = (".png", ".svg", ".pdf", ".dot")


class Drawing(graphviz.Digraph):  # type: ignore[misc]
    """A `graphviz.Digraph` that notebooks show even where no Graphviz is installed."""

    def _repr_mimebundle_(
        self, include: object = None, exclude: object = None, **_: object
    ) -> dict[str, str]:
        from viz import pictures  # noqa: PLC0415 - loads matplotlib and more

        return {"image/svg+xml": pictures.svg(self, None).decode()}


def render(
    drawing: graphviz.Digraph, path: str | os.PathLike[str], *, renderer: Renderer | None = None
) -> Path:
    """Writes the drawing as `.png`, `.svg`, `.pdf` or `.dot`, by the ending of `path`; gives it.

    `renderer` is "system" for the `dot` of this machine, "embedded" for the Graphviz that came
    with Chalkgrad, None for the first of them that can draw it. Both use the same font, so the
    pictures look alike. Folders are made; an old file is replaced only when the new one is whole.

    Raises ArgumentTypeError for what is no drawing, ArgumentError for an unknown renderer,
    PictureError for an unknown format, a missing `dot` and what Graphviz cannot draw,
    PictureFileError where the file cannot be written.

    >>> import tempfile, viz
    >>> from autograd import Value
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     viz.render(viz.draw(Value(2.0, "x").tanh()), folder + "/graph.svg").name
    'graph.svg'
    """
    if not hasattr(drawing, "source"):
        raise ArgumentTypeError(
            f"render() needs a drawing, not {type(drawing).__name__}",
            hint="render(draw(loss), 'graph.png')",
        )
    place = Path(path)
    ending = place.suffix.lower()
    if ending not in _FORMATS:
        raise PictureError(
            f"{place.name!r} does not end in the name of a picture format",
            hint=f"the formats are {', '.join(_FORMATS)}",
        )
    write_whole(place, _content(drawing, ending, renderer))
    return place


def _content(drawing: graphviz.Digraph, ending: str, renderer: Renderer | None) -> bytes:
    if ending == ".dot":
        return str(drawing.source).encode()
    from viz import pictures  # noqa: PLC0415 - loads matplotlib and more

    make = {".png": pictures.png, ".svg": pictures.svg, ".pdf": pictures.pdf}[ending]
    return make(drawing, renderer)
