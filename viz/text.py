"""Labels and numbers as short unicode text, for Graphviz as embedded here has no rich text."""

from __future__ import annotations

import math
import re
from typing import Final

from autograd import to_unicode

__all__ = ["FONT", "number", "plain", "symbol"]

FONT: Final = "DejaVu Sans"  # has all these characters, and comes with matplotlib

_LONGEST: Final = 60  # characters of a label
_BRACED: Final = re.compile(r"_\{([^{}]*)\}")
_LOWERED: Final = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
_RAISED: Final = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def symbol(label: str) -> str:
    r"""A label in unicode, on one line; longer than 60 characters it ends in an ellipsis.

    >>> symbol("W_{11}^2"), symbol("y_hat"), symbol("W_{10,3}^1"), symbol("c_{gpa}")
    ('W₁₁²', 'ŷ', 'W₁₀,₃¹', 'c_gpa')
    """
    text = _on_one_line(_BRACED.sub(_subscript, to_unicode(label)))
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _subscript(braced: re.Match[str]) -> str:
    """A subscript that unicode lacks: `10,3` with its comma on the line, `gpa` after a bar."""
    script = braced[1]
    plain = script.replace(",", "").isdecimal()
    return script.translate(_LOWERED) if plain else f"_{script}"


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
    escape, and if it is escaped itself some versions show it twice.
    """
    return _on_one_line(text).replace("\\", "∖")


def _on_one_line(text: str) -> str:
    """The printable characters of a text, words parted by single spaces."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
