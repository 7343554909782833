"""MathML set as mathematics: fractions, roots, scripts and accents, as shapes and words."""

from __future__ import annotations

import unicodedata
import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING, Final, NamedTuple

from viz import fonts
from viz.canvas import Shape, Words, shifted
from viz.setting import Line, Run, set_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

__all__ = ["Formula", "beside", "formula_of", "in_lines", "pieces_of", "words"]

# In multiples of the size of text.
_AXIS: Final = 0.32  # fraction strokes are so far above the base line
_ASCENT: Final = 0.78
_DESCENT: Final = 0.22
_SCRIPT: Final = 0.72
_SMALLEST: Final = 6.0  # points: scripts of scripts are no smaller
_STROKE: Final = 0.06
_GAP: Final = 0.16

_AROUND: Final = dict.fromkeys("+−±·×=≈<>≤≥≠→∈", 0.24)
_AFTER: Final = {",": 0.28, ";": 0.28}
_ACCENTS: Final = {"ˆ": "\u0302", "˜": "\u0303", "¯": "\u0304", "ˉ": "\u0304", "˙": "\u0307",
                   "¨": "\u0308"}  # fmt: skip
_FENCES: Final = frozenset("()[]{}|⌊⌋⌈⌉⟨⟩")
_UNSEEN: Final = "\u2061"


class Formula(NamedTuple):
    """A piece of mathematics, its base line from (0, 0) on."""

    width: float
    ascent: float
    descent: float
    items: tuple[Shape | Words, ...]

    def moved(self, x: float, y: float) -> Iterator[Shape | Words]:
        """What is drawn, its base line beginning at (x, y)."""
        for item in self.items:
            yield shifted(item, x, y)


_NOTHING: Final = Formula(0.0, 0.0, 0.0, ())


def formula_of(mathml: str, size: float) -> Formula:
    """The inside of a `<math>` element, as the notation writes it, at a size of text in points."""
    return _row(_root(mathml), size)


def words(text: str, size: float) -> Formula:
    """Plain text as a formula."""
    line = set_line(text, size)
    return Formula(line.width, _ASCENT * size, _DESCENT * size, (Words(line, 0.0, 0.0),))


def beside(parts: Iterable[Formula]) -> Formula:
    """Formulas one after the other on a base line."""
    x = ascent = descent = 0.0
    items: list[Shape | Words] = []
    for part in parts:
        items += part.moved(x, 0.0)
        x += part.width
        ascent, descent = max(ascent, part.ascent), max(descent, part.descent)
    return Formula(x, ascent, descent, tuple(items))


def pieces_of(mathml: str, size: float) -> list[Formula]:
    """A formula in the pieces that it may be broken into: before signs of the outermost level."""
    pieces: list[list[Formula]] = [[]]
    for element in _outermost(_root(mathml)):
        if _breaks(element) and pieces[-1]:
            pieces.append([])
        pieces[-1].append(_set(element, size))
    return [beside(piece) for piece in pieces]


def in_lines(pieces: Sequence[Formula], width: float) -> list[Formula]:
    """Pieces beside each other, on as few lines as the width allows."""
    lines: list[list[Formula]] = [[]]
    taken = 0.0
    for piece in pieces:
        if lines[-1] and taken + piece.width > width:
            lines.append([])
            taken = 0.0
        lines[-1].append(piece)
        taken += piece.width
    return [beside(line) for line in lines]


def _root(mathml: str) -> ET.Element:
    return ET.fromstring(f"<mrow>{mathml}</mrow>")  # noqa: S314 - the notation's own


def _outermost(element: ET.Element) -> Iterator[ET.Element]:
    """The elements of a row, and of rows in it that no bracket opens."""
    for inner in element:
        if inner.tag == "mrow" and not (len(inner) and inner[0].text in _FENCES):
            yield from _outermost(inner)
        else:
            yield inner


def _breaks(element: ET.Element) -> bool:
    return (
        element.tag == "mo" and element.get("form") != "prefix" and element.text in ("+", "−", "·")
    )


# The elements of MathML


def _set(element: ET.Element, size: float) -> Formula:
    return _ELEMENTS.get(element.tag, _row)(element, size)


def _set_all(elements: Sequence[ET.Element], size: float) -> Formula:
    return beside(_set(element, size) for element in elements)


def _row(element: ET.Element, size: float) -> Formula:
    """Pieces beside each other; brackets that stretch are as tall as what they enclose."""
    inner = list(element)
    opens, closes = (len(inner) > 1 and _stretches(inner[at]) for at in (0, -1))
    content = _set_all(inner[bool(opens) : len(inner) - bool(closes)], size)
    if not (opens or closes) or content.ascent + content.descent < 1.5 * size:
        return _set_all(inner, size)
    ends = [_tall(each.text or "", content, size) if is_tall else _NOTHING
            for each, is_tall in ((inner[0], opens), (inner[-1], closes))]  # fmt: skip
    return beside((ends[0], content, ends[1]))


def _stretches(element: ET.Element) -> bool:
    return element.tag == "mo" and element.text in _FENCES and element.get("stretchy") != "false"


def _tall(text: str, content: Formula, size: float) -> Formula:
    """A bracket as tall as a formula."""
    height = content.ascent + content.descent
    large = max(size, height / (_ASCENT + _DESCENT))
    below = content.descent - _DESCENT * large
    shape = _text(text, large)
    return Formula(shape.width, content.ascent, content.descent, tuple(shape.moved(0.0, below)))


def _text(text: str, size: float) -> Formula:
    width = fonts.width(text, size)
    line = Line(text, (Run(text, 0.0, 0.0, size),), width, size)
    return Formula(width, _ASCENT * size, _DESCENT * size, (Words(line, 0.0, 0.0),))


def _token(element: ET.Element, size: float) -> Formula:
    text = (element.text or "").replace("\u00a0", " ")
    return _text(text, size) if text.strip(_UNSEEN) else _NOTHING


def _operator(element: ET.Element, size: float) -> Formula:
    shape = _token(element, size)
    text = element.text or ""
    around = 0.0 if element.get("form") == "prefix" else _AROUND.get(text, 0.0)
    after = around or _AFTER.get(text, 0.0)
    gaps = [Formula(gap * size, 0.0, 0.0, ()) for gap in (around, after)]
    return beside((gaps[0], shape, gaps[1]))


def _space(element: ET.Element, size: float) -> Formula:
    em = float(element.get("width", "0em").removesuffix("em"))
    return Formula(em * size, 0.0, 0.0, ())


def _fraction(element: ET.Element, size: float) -> Formula:
    above, below = (_set(part, size) for part in element)
    stroke, gap, axis = _STROKE * size, _GAP * size, _AXIS * size
    width = max(above.width, below.width) + 0.3 * size
    up = axis + stroke / 2 + gap + above.descent
    down = -axis + stroke / 2 + gap + below.ascent
    edge = 0.08 * size
    bar = Shape((("M", (edge, -axis)), ("L", (width - edge, -axis))), line="#000000", width=stroke)
    items = (
        *above.moved((width - above.width) / 2, -up),
        bar,
        *below.moved((width - below.width) / 2, down),
    )
    return Formula(width, up + above.ascent, down + below.descent, items)


def _scripts(below: bool, above: bool) -> Callable[[ET.Element, float], Formula]:
    """Indices and exponents, above one another."""

    def set_scripts(element: ET.Element, size: float) -> Formula:
        base, *rest = (
            _set(part, max(_SMALLEST, _SCRIPT * size) if place else size)
            for place, part in enumerate(element)
        )
        items = list(base.items)
        ascent, descent, reach = base.ascent, base.descent, 0.0
        if below:
            low = rest.pop(0)
            drop = max(0.23 * size, base.descent - 0.05 * size)
            items += low.moved(base.width, drop)
            ascent = max(ascent, low.ascent - drop)
            descent, reach = max(descent, drop + low.descent), low.width
        if above:
            high = rest.pop(0)
            rise = max(0.43 * size, base.ascent - 0.42 * size)
            items += high.moved(base.width, -rise)
            descent = max(descent, high.descent - rise)
            ascent, reach = max(ascent, rise + high.ascent), max(reach, high.width)
        return Formula(base.width + reach + 0.03 * size, ascent, descent, tuple(items))

    return set_scripts


def _limits(below: bool, above: bool) -> Callable[[ET.Element, float], Formula]:
    """What stands under and over a sum; an accent over a letter."""

    def set_limits(element: ET.Element, size: float) -> Formula:
        if element.get("accent"):
            return _accent(element, size)
        base, *rest = (
            _set(part, max(_SMALLEST, _SCRIPT * size) if place else 1.3 * size)
            for place, part in enumerate(element)
        )
        width = max([base.width, *(part.width for part in rest)])
        items = list(base.moved((width - base.width) / 2, 0.1 * size))
        ascent, descent = base.ascent, base.descent + 0.1 * size
        if below:
            low = rest.pop(0)
            at = descent + low.ascent
            items += low.moved((width - low.width) / 2, at)
            descent = at + low.descent
        if above:
            high = rest.pop(0)
            at = ascent + high.descent
            items += high.moved((width - high.width) / 2, -at)
            ascent = at + high.ascent
        return Formula(width + 0.15 * size, ascent, descent, tuple(items))

    return set_limits


def _accent(element: ET.Element, size: float) -> Formula:
    inner, mark = element
    combining = _ACCENTS.get(mark.text or "", "")
    letter = unicodedata.normalize("NFC", (inner.text or "") + combining)
    if len(letter) == 1 and not len(inner) and combining:
        return _text(letter, size)
    base, over = _set(inner, size), _text(mark.text or "", size)
    up = max(0.0, base.ascent - 0.55 * size)
    items = (*base.items, *over.moved((base.width - over.width) / 2, -up))
    return Formula(base.width, up + over.ascent, base.descent, items)


def _square_root(element: ET.Element, size: float) -> Formula:
    inner = _row(element, size)
    top, bottom = inner.ascent + 0.12 * size, inner.descent
    hook, stroke = 0.55 * size, _STROKE * size
    path = (
        ("M", (0.05 * size, -0.28 * size)),
        ("L", (0.18 * size, -0.36 * size)),
        ("L", (0.32 * size, bottom)),
        ("L", (hook, -top)),
        ("L", (hook + inner.width + 0.1 * size, -top)),
    )
    items = (Shape(path, line="#000000", width=stroke), *inner.moved(hook + 0.05 * size, 0.0))
    return Formula(hook + inner.width + 0.15 * size, top + stroke, bottom, items)


def _table(element: ET.Element, size: float) -> Formula:
    """The rows of cases."""
    rows = [[_row(cell, size) for cell in row] for row in element]
    widths = [
        max((row[place].width for row in rows if place < len(row)), default=0.0)
        for place in range(max(map(len, rows), default=0))
    ]
    items: list[Shape | Words] = []
    heights = [
        (max(cell.ascent for cell in row), max(cell.descent for cell in row)) for row in rows
    ]
    gap = 0.3 * size
    total = sum(a + d for a, d in heights) + gap * (len(rows) - 1)
    y = -total / 2 - _AXIS * size
    for row, (ascent, descent) in zip(rows, heights, strict=True):
        x = 0.2 * size
        for cell, width in zip(row, widths, strict=False):
            items += cell.moved(x, y + ascent)
            x += width + size
        y += ascent + descent + gap
    half = total / 2
    width = sum(widths) + size * len(widths)
    return Formula(width, half + _AXIS * size, half - _AXIS * size, tuple(items))


_ELEMENTS: Final[dict[str, Callable[[ET.Element, float], Formula]]] = {
    "mi": _token,
    "mn": _token,
    "mtext": _token,
    "mo": _operator,
    "mspace": _space,
    "mfrac": _fraction,
    "msub": _scripts(below=True, above=False),
    "msup": _scripts(below=False, above=True),
    "msubsup": _scripts(below=True, above=True),
    "munder": _limits(below=True, above=False),
    "mover": _limits(below=False, above=True),
    "munderover": _limits(below=True, above=True),
    "msqrt": _square_root,
    "mtable": _table,
}
