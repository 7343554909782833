"""The one font of all pictures: DejaVu Sans, which matplotlib brings along."""

from __future__ import annotations

import base64
import io
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from unicodedata import combining

from viz.extras import for_pictures
from viz.text import FONT

with for_pictures():
    from fontTools.ttLib import TTFont  # type: ignore[import-untyped]

__all__ = ["file", "folder", "has_all", "part", "style_sheet", "width"]

_NAME = "DejaVuSans.ttf"


@cache
def folder() -> Path:
    """Where matplotlib keeps its fonts; it is loaded only where it keeps them elsewhere."""
    with for_pictures():
        found = find_spec("matplotlib")
        if found is None or found.origin is None:
            raise ModuleNotFoundError("No module named 'matplotlib'", name="matplotlib")
    beside = Path(found.origin).parent / "mpl-data" / "fonts" / "ttf"
    if not (beside / _NAME).exists():
        import matplotlib  # noqa: PLC0415 - takes a quarter of a second

        return Path(matplotlib.get_data_path(), "fonts", "ttf")
    return beside


def file() -> Path:
    """The font's file."""
    return folder() / _NAME


@cache
def _advances() -> dict[str, float]:
    """How far each character of the font reaches, in multiples of the font size."""
    with TTFont(file(), lazy=True) as font:
        metrics, unit = font["hmtx"], font["head"].unitsPerEm
        return {chr(code): metrics[name][0] / unit for code, name in font.getBestCmap().items()}


def has_all(text: str) -> bool:
    """Whether the font has every character of `text`."""
    return all(ch in _advances() or ch.isspace() for ch in text)


def width(text: str, size: float) -> float:
    """How wide a line of text is at that size, in the same unit."""
    return size * sum(_advances().get(ch, 1.0) for ch in text)


def part(text: str) -> TTFont:
    """The font cut down to the characters of `text`; the same text gives the same font."""
    with for_pictures():
        from fontTools import subset  # type: ignore[import-untyped]  # noqa: PLC0415 - takes a while, and PNGs do without

    options = subset.Options(hinting=False, layout_features=["ccmp", "mark", "mkmk"])
    options.drop_tables += ["FFTM", "kern"]
    if not any(map(combining, text)):  # tables that place accents take most of the time
        options.drop_tables += ["GDEF", "GPOS", "GSUB"]
    font = TTFont(file(), recalcTimestamp=False)
    cutter = subset.Subsetter(options)
    cutter.populate(text=text)
    cutter.subset(font)
    return font


def style_sheet(text: str) -> str:
    """CSS that gives an SVG the font, cut down to the characters of `text`.

    So the picture looks the same where the font is not installed, in a browser or a notebook.
    """
    out = io.BytesIO()
    with part(text) as font:
        font.flavor = "woff"
        font.save(out, reorderTables=None)
    data = base64.b64encode(out.getvalue()).decode("ascii")
    return f'@font-face{{font-family:"{FONT}";src:url(data:font/woff;base64,{data})}}'
