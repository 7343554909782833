"""Colours of signed numbers: blue above 0, orange below, the stronger the larger."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from viz.picture import Scale
from viz.text import number

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["NEGATIVE", "POSITIVE", "paler", "scale", "tint"]

POSITIVE: Final = "#00598c"
NEGATIVE: Final = "#c8600a"
_ABOVE: Final = (0x8D, 0xC1, 0xEC)  # text is still read on them
_BELOW: Final = (0xF7, 0xB7, 0x84)
_NONE: Final = "#e6e6e6"
_DECADES: Final = 1000.0  # what is smaller by that than the largest is nearly white


def tint(x: float, largest: float) -> str:
    """The colour of a number among those of which the largest has that size."""
    if not x or not largest:
        return _NONE
    size = min(1.0, abs(x) / largest) if math.isfinite(x) and math.isfinite(largest) else 1.0
    strength = math.log1p(_DECADES * size) / math.log1p(_DECADES)
    return _mixture(strength if x > 0 else -strength)


def _mixture(strength: float) -> str:
    full = _ABOVE if strength > 0 else _BELOW
    channels = (round(255 + (channel - 255) * abs(strength)) for channel in full)
    return "#" + "".join(f"{channel:02x}" for channel in channels)


def scale(text: str, numbers: Iterable[float], digits: int) -> Scale:
    """The entry of a legend for colours of these numbers."""
    largest = max(map(abs, numbers), default=0.0)
    colours = tuple(_mixture(step / 10) for step in range(-10, 11))
    ends = (number(-largest, digits), "0", number(largest, digits))
    return Scale(text, colours, ends)


def paler(colour: str, by: float) -> str:
    """A colour with so much paper in it, 0 for none and 1 for nothing else."""
    channels = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return "#" + "".join(f"{round(c + (255 - c) * by):02x}" for c in channels)
