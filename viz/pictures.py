"""A drawing as the content of a picture file: SVG, PNG or PDF, all in the same font."""

from __future__ import annotations

import math
import re
from html import unescape
from typing import TYPE_CHECKING, Final

from viz import fonts
from viz.errors import PictureError
from viz.extras import for_pictures
from viz.layout import lay_out
from viz.text import FONT

with for_pictures():
    import resvg_py

if TYPE_CHECKING:
    import graphviz  # type: ignore[import-untyped]

    from viz.layout import Renderer

__all__ = ["pdf", "png", "svg"]

_DPI: Final = 192  # of a PNG: twice a screen's, so that it stays sharp when enlarged
_LEAST_DPI: Final = 72  # below it the text cannot be read
_MOST_PIXELS: Final = 50e6  # more would take hundreds of megabytes to draw


def svg(drawing: graphviz.Digraph, renderer: Renderer | None) -> bytes:
    """An SVG with its font inside."""
    text = lay_out(drawing, "svg", renderer)
    style = f"<style>{fonts.style_sheet(_words_in(text))}</style>"
    return re.sub(r"<svg\b[^>]*>", lambda tag: f"{tag[0]}\n{style}", text, count=1).encode()


def png(drawing: graphviz.Digraph, renderer: Renderer | None) -> bytes:
    """A PNG at twice a screen's resolution, or less where it would be enormous."""
    text = lay_out(drawing, "svg", renderer)
    return resvg_py.svg_to_bytes(
        svg_string=text,
        dpi=_dpi(text),
        background="white",
        skip_system_fonts=fonts.has_all(_words_in(text)),
        font_files=[str(fonts.file())],
        font_family=FONT,
    )


def pdf(drawing: graphviz.Digraph, renderer: Renderer | None) -> bytes:
    """A PDF with real text and lines."""
    from viz.pdf import pdf_of  # noqa: PLC0415 - loads much of matplotlib

    return pdf_of(lay_out(drawing, "json", renderer))


def _words_in(text: str) -> str:
    return unescape("".join(re.findall(r"<text\b[^>]*>([^<]*)</text>", text)))


def _dpi(text: str) -> float:
    """The resolution that keeps a PNG of reasonable size."""
    width, height = (float(size) for size in re.findall(r'\b(?:width|height)="([\d.]+)pt"', text))
    dpi = min(_DPI, 72 * math.sqrt(_MOST_PIXELS / (width * height)))
    if dpi < _LEAST_DPI:
        raise PictureError(
            f"a drawing of {width / 72:.0f} by {height / 72:.0f} inches is too large for a PNG",
            hint="write it as .svg or .pdf, which can be enlarged",
        )
    return dpi
