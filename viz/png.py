"""A canvas as PNG, at twice a screen's resolution."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from viz import fonts
from viz.errors import PictureError
from viz.extras import for_pictures
from viz.svg import svg_of, words_of
from viz.text import FONT

if TYPE_CHECKING:
    from viz.canvas import Canvas

__all__ = ["png_of"]

_DPI: Final = 192  # so that it stays sharp when enlarged
_LARGE: Final = 8e6  # pixels; what would be larger has fewer of them an inch
_LEAST_DPI: Final = 72  # below it the text cannot be read
_MOST_PIXELS: Final = 50e6  # more would take hundreds of megabytes to draw


def png_of(canvas: Canvas, dpi: float = _DPI) -> bytes:
    """A PNG of the canvas, with fewer pixels an inch where it would be enormous."""
    with for_pictures():
        import resvg_py  # noqa: PLC0415 - needed only here

    return resvg_py.svg_to_bytes(
        svg_string=svg_of(canvas, with_font=False),
        dpi=_fitting(canvas, dpi),
        background="white",
        skip_system_fonts=fonts.has_all(words_of(canvas)),
        font_files=[str(fonts.file())],
        font_family=FONT,
    )


def _fitting(canvas: Canvas, dpi: float) -> float:
    """The resolution that keeps a PNG of reasonable size."""
    area = canvas.width * canvas.height / 72**2
    fitting = min(dpi, max(_LEAST_DPI, math.sqrt(_LARGE / area)), math.sqrt(_MOST_PIXELS / area))
    if fitting < _LEAST_DPI:
        wide, high = canvas.width / 72, canvas.height / 72
        raise PictureError(
            f"a picture of {wide:.0f} by {high:.0f} inches is too large for a PNG",
            hint="write it as .svg or .pdf, which can be enlarged; or fold it: "
            "collapse='neurons', depth=3",
        )
    return fitting
