"""Labels and numbers as short unicode text, which `viz.setting` sets as mathematics."""

from __future__ import annotations

import math
import re
from typing import Final

from autograd import to_unicode

__all__ = ["FONT", "number", "one_line", "plain", "symbol"]

FONT: Final = "DejaVu Sans"  # has all these characters, and comes with matplotlib

_LONGEST: Final = 60  # characters of a label
_BRACED: Final = re.compile(r"([_^])\{([^{}]*)\}")
_LOWERED: Final = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
_RAISED: Final = str.maketrans("-−0123456789", "⁻⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def symbol(label: str) -> str:
    r"""A label in unicode, on one line; longer than 60 characters it ends in an ellipsis.

    What unicode cannot lower or raise stays in braces.

    >>> symbol("W_{11}^2"), symbol("y_hat"), symbol("W_{10,3}^1"), symbol("c_{gpa}")
    ('W₁₁²', 'ŷ', 'W_{10,3}¹', 'c_{gpa}')
    """
    text = one_line(to_unicode(label))
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def number(x: float, digits: int = 4) -> str:
    """A number to `digits` significant digits, short enough for a picture.

    Whole numbers below a million stay whole, and only they look whole: 24916.48 is 24916.5. Zeros
    stay where they are due to rounding: `0.5000` is not exactly a half. Very large and very small
    numbers get a power of ten, and none is shown as 0 but 0.

    >>> number(29568.0), number(-0.0041652), number(0.5), number(0.50000001), number(1.5e-12)
    ('29568', '−0.004165', '0.5', '0.5000', '1.5·10⁻¹²')
    """
    if not math.isfinite(x):
        return "nan" if math.isnan(x) else "∞" if x > 0 else "−∞"
    size = abs(x)
    if size < 1e6 and size == int(size):
        text = str(int(size))
    else:
        rounded = f"{size:.{digits - 1}e}"
        mantissa, _, exponent = rounded.partition("e")
        power = int(exponent)
        fixed = -3 <= power < 6
        text = f"{size:.{max(1, digits - 1 - power)}f}" if fixed else mantissa
        shown = float(text) if fixed else float(rounded)
        if "." in text and math.isclose(shown, size, rel_tol=1e-12):
            text = text.rstrip("0").rstrip(".")
        if not fixed:
            text += f"·10{str(power).translate(_RAISED)}"
    return "−" + text if x < 0 else text


def plain(text: str) -> str:
    """Text for a Graphviz label, on one line, in which no character has a meaning of its own.

    A backslash becomes the sign ∖ that looks like it: Graphviz takes it for the beginning of an
    escape, and if it is escaped itself some versions show it twice. Of braces that lower or raise
    only what is in them stands there.

    >>> plain("W_{10,3}¹ = 1"), plain("c_{gpa}")
    ('W₁₀,₃¹ = 1', 'c_gpa')
    """
    return one_line(_BRACED.sub(_subscript, text)).replace("\\", "∖")


def _subscript(braced: re.Match[str]) -> str:
    """A script that unicode lacks: `10,3` with its comma on the line, `gpa` after a bar."""
    sign, script = braced.groups()
    if script.replace(",", "").removeprefix("−").isdecimal():
        return script.translate(_LOWERED if sign == "_" else _RAISED)
    return sign + script


def one_line(text: str) -> str:
    """The printable characters of a text, words parted by single spaces."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
