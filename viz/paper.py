"""Derivations typeset on paper: in columns, layer by layer, as a picture or as pages of A4.

Lengths are in points of 1/72 inch, y downwards.
"""

from __future__ import annotations

import sys
import textwrap
from html import escape
from typing import TYPE_CHECKING, Final, NamedTuple

from autograd import to_latex, to_mathml, to_unicode
from viz.canvas import Canvas, Part, Words, scaled, shifted
from viz.errors import PictureError
from viz.formulas import formula_of, in_lines, pieces_of, words
from viz.neurons import neuron_named
from viz.pdf import pdf_of
from viz.png import png_of
from viz.setting import set_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from autograd import Working
    from viz.canvas import Shape
    from viz.formulas import Formula

__all__ = ["pages", "picture"]

_SIZE: Final = 11.0
_SMALL: Final = 8.0
_TITLE: Final = 16.0
_LINE_GAP: Final = 6.0
_BLOCK_GAP: Final = 20.0
_COLUMN_GAP: Final = 30.0
_INDENT: Final = 16.0  # of a line that goes on
_MARGIN: Final = 40.0
_WIDEST: Final = 620.0  # of a line in a picture
_PAPER: Final = (595.0, 842.0)  # A4
_HIGHEST: Final = 7200.0  # nobody looks at a picture that is higher
_MOST_COLUMNS: Final = 3
_LEAST_SCALE: Final = 0.75  # smaller text than this is no text
_GREY: Final = "#666666"
_GOING_ON: Final = ("+", "-", "")  # signs of a row that is no line of its own
_MANY: Final = 30  # derivations: from here on a bar shows how many are set


class _Block(NamedTuple):
    """A working set in lines, its upper left corner at (0, 0)."""

    items: list[Shape | Words]
    width: float
    height: float
    lines: int = 0
    is_heading: bool = False


def picture(workings: Sequence[Working], title: str) -> bytes:
    """A PNG. Raises PictureError where it would be too large."""
    blocks = _set(_read(workings), _WIDEST)
    columns = _balanced(blocks, 1 if len(workings) <= 4 else 2 if len(workings) <= 40 else 3)
    head = [_heading(title, _TITLE)] if title else []
    top = head[0].height + _BLOCK_GAP if head else 0.0
    width = max([block.width for block in head] + [_width(columns)]) + 2 * _MARGIN
    height = top + max(map(_height, columns)) + 2 * _MARGIN
    canvas = Canvas(
        width,
        height,
        [
            _part("title", [head], _MARGIN, _MARGIN, 1.0),
            _part("sheet", columns, _MARGIN, _MARGIN + top, 1.0),
        ],
        title or "Derivations",
    )
    if height > _HIGHEST:
        raise PictureError(
            f"a picture of {len(workings)} derivations would be {height / 72:.0f} inches high",
            hint="write .pdf, which has pages, or .html; or fewer derivations at a time",
        )
    return png_of(canvas)


def pages(workings: Sequence[Working], title: str) -> bytes:
    """A PDF, each page with its number."""
    room, high = _PAPER[0] - 2 * _MARGIN, _PAPER[1] - 2 * _MARGIN - 12.0
    blocks, abreast = _in_columns(_read(workings), room)
    scale = min(1.0, (room + _COLUMN_GAP) / abreast / (max(b.width for b in blocks) + _COLUMN_GAP))
    step = (room + _COLUMN_GAP) / abreast
    head = [_heading(title, _TITLE)] if title else []
    filled: list[list[Part]] = []
    while blocks:
        top = head[0].height + _BLOCK_GAP if head else 0.0
        columns = []
        for _ in range(abreast):
            fitting = _fitting(blocks, (high - top) / scale)
            columns.append(blocks[:fitting])
            blocks = blocks[fitting:]
        if not blocks and abreast > 1:  # on the last page all columns are about as long
            columns = _balanced([block for column in columns for block in column], abreast)
        filled.append(
            [
                _part("title", [head], _MARGIN, _MARGIN, 1.0),
                *(
                    _part(f"column_{at}", [column], _MARGIN + at * step, _MARGIN + top, scale)
                    for at, column in enumerate(columns)
                ),
            ]
        )
        head = []
    told = title or "Derivations"
    made = []
    for number, parts in enumerate(filled, start=1):
        line = set_line(f"{number} / {len(filled)}", _SMALL)
        at = (_PAPER[0] - line.width) / 2
        foot = Part("foot", "foot", items=[Words(line, at, _PAPER[1] - _MARGIN / 2, _GREY)])
        made.append(Canvas(*_PAPER, [*parts, foot], told))
    return pdf_of(*made)


def _in_columns(workings: Sequence[_Read], room: float) -> tuple[list[_Block], int]:
    """The workings set for as many columns as leave their lines whole, and how many those are."""
    whole = sum(block.lines for block in _set(workings, room))
    for count in range(min(_MOST_COLUMNS, len(workings)), 1, -1):
        width = (room + _COLUMN_GAP) / count - _COLUMN_GAP
        blocks = _set(workings, width / _LEAST_SCALE)
        fits = max(block.width for block in blocks) <= width / _LEAST_SCALE
        if fits and sum(block.lines for block in blocks) <= 1.25 * whole:
            return blocks, count
    return _set(workings, room), 1


def _balanced(blocks: list[_Block], count: int) -> list[list[_Block]]:
    """The blocks in order in so many columns, about equally long."""
    low, high = max(block.height for block in blocks), _height(blocks)
    while high - low > 1.0:
        middle = (low + high) / 2
        if len(_filled(blocks, middle)) <= count:
            high = middle
        else:
            low = middle
    return _filled(blocks, high)


def _filled(blocks: list[_Block], height: float) -> list[list[_Block]]:
    """The blocks in columns of that height."""
    columns = []
    while blocks:
        fitting = _fitting(blocks, height)
        columns.append(blocks[:fitting])
        blocks = blocks[fitting:]
    return columns


def _fitting(blocks: list[_Block], height: float) -> int:
    """How many of the blocks fit below one another; one at least, and no heading at the end."""
    taken, count = 0.0, 0
    for block in blocks:
        taken += block.height + (_BLOCK_GAP if count else 0.0)
        if count and taken > height:
            break
        count += 1
    while 1 < count < len(blocks) and blocks[count - 1].is_heading:
        count -= 1
    return count


def _width(columns: list[list[_Block]]) -> float:
    widths = [max(block.width for block in column) for column in columns]
    return sum(widths) + (len(widths) - 1) * _COLUMN_GAP


def _height(column: list[_Block]) -> float:
    return sum(block.height for block in column) + (len(column) - 1) * _BLOCK_GAP


def _part(name: str, columns: list[list[_Block]], left: float, top: float, scale: float) -> Part:
    """Columns side by side, at a scale."""
    items: list[Shape | Words] = []
    for column in columns:
        y = 0.0
        for block in column:
            items += [scaled(shifted(item, 0.0, y), scale, left, top) for item in block.items]
            y += block.height + _BLOCK_GAP
        widest = max((block.width for block in column), default=0.0)
        left += (widest + _COLUMN_GAP) * scale
    return Part(name, "sheet", items=items)


# Lines


class _Read(NamedTuple):
    """A working whose formulas are set, each by itself."""

    left: Formula
    rows: list[tuple[Formula | None, list[Formula]]]  # with a sign, or going on without one
    remarks: tuple[str, ...]
    layer: int | None


def _read(workings: Sequence[Working]) -> list[_Read]:
    """The workings, with a bar where there are many and somebody is looking."""
    shown: Iterable[Working] = workings
    if len(workings) >= _MANY and sys.stderr.isatty():
        from rich.console import Console  # noqa: PLC0415 - slow to load
        from rich.progress import track  # noqa: PLC0415

        shown = track(workings, "derivations", console=Console(stderr=True), transient=True)
    found = []
    for working in shown:
        rows: list[tuple[Formula | None, list[Formula]]] = []
        for row in working.rows:
            sign = f"<mo>{escape(to_unicode(row.sign))}</mo>" if row.sign else ""
            if row.sign in _GOING_ON:
                rows.append((None, pieces_of(sign + row.mathml, _SIZE)))
            else:
                rows.append((formula_of(sign, _SIZE), pieces_of(row.mathml, _SIZE)))
        left = formula_of(to_mathml(working.left), _SIZE)
        found.append(_Read(left, rows, working.remarks, _layer(working)))
    return found


def _layer(working: Working) -> int | None:
    """The layer of what is derived by, or updated, if its label names one."""
    written = to_latex(working.left)
    by = written.rpartition(r"\partial ")[2].removesuffix("}")
    named = neuron_named(by) or neuron_named(written.partition(r"}_{\text{new}}")[0].lstrip("{"))
    return None if named is None else named.layer


def _set(workings: Sequence[_Read], widest: float) -> list[_Block]:
    """The workings in lines, layer by layer where they are of several, under headings."""
    layers: dict[int | None, list[_Block]] = {}
    for working in workings:
        layers.setdefault(working.layer, []).append(_block(working, widest))
    if len(layers.keys() - {None}) < 2:
        return [block for blocks in layers.values() for block in blocks]
    blocks = []
    for layer, of_layer in layers.items():
        name = "others" if layer is None else f"layer {layer}"
        blocks += [_heading(name, _SIZE)._replace(is_heading=True), *of_layer]
    return blocks


def _heading(text: str, size: float) -> _Block:
    line = set_line(text, size)
    ink = "#000000" if size > _SIZE else _GREY
    return _Block([Words(line, 0.0, 0.85 * size, ink)], line.width, 1.2 * size)


def _block(working: _Read, widest: float) -> _Block:
    """The lines of one working, none wider than that where it can be broken."""
    setter = _Setter()
    sign_at = working.left.width + 4
    body_at = sign_at + formula_of("<mo>=</mo>", _SIZE).width + 2
    for place, (sign, pieces) in enumerate(working.rows):
        first_at = body_at if sign else body_at + _INDENT
        for part, line in enumerate(in_lines(pieces, widest - first_at - _INDENT)):
            parts = [(first_at + (_INDENT if part else 0.0), line)]
            if part == 0 and sign:
                parts.append((sign_at, sign))
            if part == 0 and place == 0:
                parts.append((0.0, working.left))
            setter.line(parts)
    for remark in working.remarks:
        for text in textwrap.wrap(f"({remark})", max(20, int(widest / 4.6))):
            setter.line([(0.0, words(text, _SMALL))])
    return setter.block()


class _Setter:
    """Puts lines below one another."""

    def __init__(self) -> None:
        self._items: list[Shape | Words] = []
        self._bottom = 0.0
        self._right = 0.0
        self._lines = 0

    def line(self, pieces: list[tuple[float, Formula]]) -> None:
        """Formulas on one base line, below what stands there."""
        base = self._bottom + max(formula.ascent for _, formula in pieces)
        for x, formula in pieces:
            self._items += formula.moved(x, base)
            self._right = max(self._right, x + formula.width)
        self._bottom = base + max(formula.descent for _, formula in pieces) + _LINE_GAP
        self._lines += 1

    def block(self) -> _Block:
        return _Block(self._items, self._right, self._bottom - _LINE_GAP, self._lines)
