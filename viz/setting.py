"""Text set as mathematics: indices lowered, exponents raised, and both above one another."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Final, NamedTuple

from viz import fonts

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["ASCENT", "DESCENT", "Line", "Run", "set_line"]

ASCENT: Final = 0.97  # of a line above its base, in multiples of the size: a raised exponent
DESCENT: Final = 0.38
_SMALLER: Final = 0.72
_RISES: Final = {"sub": -0.23, "super": 0.43}
_BRACED: Final = re.compile(r"([_^])\{([^{}]*)\}")
_SCRIPT: Final = re.compile(r"<(sub|super)> ([0-9A-F]{4,5})")


class Run(NamedTuple):
    """Characters on one base line: where they begin, how far above the line's own, how large."""

    text: str
    x: float
    rise: float
    size: float


class Line(NamedTuple):
    """A line of text, from x = 0 on."""

    text: str
    runs: tuple[Run, ...]
    width: float
    size: float


def set_line(text: str, size: float) -> Line:
    """A line of text as it is set: `W₁₁²` with 2 above 11, `c_{gpa}` with gpa lowered."""
    runs: list[Run] = []
    x = reach = 0.0  # where the line itself stands, and where its scripts end
    stacked: set[str] = set()
    for kind, part in _parts(text):
        if kind in _RISES:
            start = x
            if kind in stacked:  # a second index stands behind the first
                start, stacked = reach, set()
            small = _SMALLER * size
            runs.append(Run(part, start, _RISES[kind] * size, small))
            reach = max(reach, start + fonts.width(part, small))
            stacked.add(kind)
        else:
            x = max(x, reach)
            runs.append(Run(part, x, 0.0, size))
            x = reach = x + fonts.width(part, size)
            stacked = set()
    return Line(text, tuple(runs), max(x, reach), size)


def _parts(text: str) -> Iterator[tuple[str, str]]:
    """Runs of plain, lowered and raised characters."""
    kind, gathered = "", ""
    at = 0
    while at < len(text):
        braced = _BRACED.match(text, at)
        script = _SCRIPT.fullmatch(unicodedata.decomposition(text[at]))
        if braced is not None:
            now, part, at = ("sub" if braced[1] == "_" else "super"), braced[2], braced.end()
        elif script is not None:
            now, part, at = script[1], chr(int(script[2], 16)), at + 1
        else:
            now, part, at = "", text[at], at + 1
        if now != kind and gathered:
            yield kind, gathered
            gathered = ""
        kind, gathered = now, gathered + part
    if gathered:
        yield kind, gathered
