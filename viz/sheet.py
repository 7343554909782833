"""A sheet of derivations, typeset: as a picture, a PDF, a web page or Markdown."""

from __future__ import annotations

import io
import textwrap
from functools import lru_cache
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from autograd import ArgumentTypeError, Working, to_latex, to_mathml, to_unicode
from viz.errors import PictureError
from viz.extras import for_pictures
from viz.files import write_whole

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable, Sequence

    from matplotlib.figure import Figure

__all__ = ["sheet"]


def sheet(derivations: Iterable[Working], path: str | os.PathLike[str], *, title: str = "") -> Path:
    r"""Writes derivations one below the other, in the format that the ending of `path` names.

    `.png` and `.pdf` are typeset; `.html` is one page with MathML that needs neither network nor
    script; `.md` is Markdown with formulas between double dollars. Gives the path. An old file is
    replaced only when the new one is whole.

    Raises PictureError for no derivations, an unknown format or a picture too large,
    ArgumentTypeError for what is no derivation, PictureFileError where the file cannot be written.

    >>> import tempfile
    >>> from autograd import Value, derive
    >>> w = Value(2.0, "w")
    >>> loss = w * w
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     sheet([derive(loss, w)], folder + "/sheet.html").name
    'sheet.html'
    """
    place = Path(path)
    write = _FORMATS.get(place.suffix.lower())
    if write is None:
        raise PictureError(
            f"{place.name!r} does not end in the name of a format for sheets",
            hint=f"the formats are {', '.join(_FORMATS)}",
        )
    workings = _workings(derivations)
    if not workings:
        raise PictureError(
            "there are no derivations to set", hint="give some: [derive(loss, w) for w in weights]"
        )
    write_whole(place, write(workings, title))
    return place


def _workings(derivations: Any) -> list[Working]:
    workings = [derivations] if isinstance(derivations, Working) else list(derivations)
    for each in workings:
        if not isinstance(each, Working):
            raise ArgumentTypeError(
                f"sheet() of {type(each).__name__}",
                hint="give what derive() or update_rule() returned",
            )
    return workings


# Markdown and HTML


def _markdown(workings: Sequence[Working], title: str) -> bytes:
    head = [f"# {title}"] if title else []
    return ("\n\n".join([*head, *(each.markdown() for each in workings)]) + "\n").encode()


_STYLE: Final = """\
body { font-family: system-ui, sans-serif; margin: 2.5rem auto; max-width: 60rem; padding: 0 1rem;
  color: #1a1a1a; background: #fff; }
h1 { font-size: 1.4rem; font-weight: 600; }
section { padding: 1.1rem 0; border-top: 1px solid #e2e2e2; overflow-x: auto; }
math { font-size: 1.2rem; width: fit-content; margin-left: 0.5rem; }
mtd { text-align: left; padding: 0.3rem 0.15rem; }
mtd:first-child { text-align: right; }
mtd:nth-child(2) { text-align: center; padding: 0.3rem 0.4rem; }
p { color: #666; font-size: 0.9rem; margin: 0.5rem; }
@media print { body { margin: 0; } section { break-inside: avoid; } }
"""


def _html(workings: Sequence[Working], title: str) -> bytes:
    heading = escape(title or "Derivations")
    sections = "\n".join(_section(each) for each in workings)
    page = f"""\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{heading}</title>
<style>
{_STYLE}</style>
</head>
<body>
{f"<h1>{heading}</h1>" if title else ""}
{sections}
</body>
</html>
"""
    return page.encode()


def _section(working: Working) -> str:
    rows = []
    for i, row in enumerate(working.rows):
        left = to_mathml(working.left) if i == 0 else ""
        sign = f"<mo>{escape(to_unicode(row.sign))}</mo>" if row.sign else ""
        cells = (left, sign, row.mathml)
        rows.append("<mtr>" + "".join(f"<mtd>{cell}</mtd>" for cell in cells) + "</mtr>")
    table = '<mtable displaystyle="true">\n' + "\n".join(rows) + "\n</mtable>"
    remarks = "".join(f"\n<p>{escape(remark)}</p>" for remark in working.remarks)
    return f'<section>\n<math display="block">\n{table}\n</math>{remarks}\n</section>'


# PNG and PDF, in points of 1/72 inch, y downwards

_SIZE: Final = 13.0
_SMALL: Final = 9.0
_LINE_GAP: Final = 8.0
_BLOCK_GAP: Final = 26.0
_COLUMN_GAP: Final = 48.0
_MARGIN: Final = 40.0
_WIDEST: Final = 900.0  # of a line in a picture
_PAPER: Final = (595.0, 842.0)  # A4
_DPI: Final = 192
_MOST_PIXELS: Final = 50e6
_GREY: Final = "#666666"


class _Piece(NamedTuple):
    """A string at its place: the left end of its base line."""

    x: float
    y: float
    text: str
    small: bool


class _Shown(NamedTuple):
    """A formula as LaTeX and as text."""

    latex: str
    text: str


class _Block(NamedTuple):
    """A working set in lines, its upper left corner at (0, 0)."""

    pieces: list[_Piece]
    width: float
    height: float


def _png(workings: Sequence[Working], title: str) -> bytes:
    blocks = [_Setter(_WIDEST).block(each) for each in workings]
    columns = _balanced(blocks) if len(blocks) > 4 else [blocks]
    head = [_Setter(_WIDEST).heading(title)] if title else []
    top = _height(head) + _BLOCK_GAP if head else 0.0
    width = max([block.width for block in head] + [_width(columns)]) + 2 * _MARGIN
    height = top + max(map(_height, columns)) + 2 * _MARGIN
    if width * height * (_DPI / 72) ** 2 > _MOST_PIXELS:
        raise PictureError(
            f"a picture of {len(workings)} derivations would be {height / 72:.0f} inches high",
            hint="write .pdf, which has pages, or .html; or fewer derivations at a time",
        )
    figure = _paper(width, height)
    _put(figure, [head], _MARGIN, 1.0)
    _put(figure, columns, _MARGIN + top, 1.0)
    out = io.BytesIO()
    figure.savefig(out, format="png", dpi=_DPI)
    return out.getvalue()


def _pdf(workings: Sequence[Working], title: str) -> bytes:
    with for_pictures():
        from matplotlib.backends.backend_pdf import PdfPages  # noqa: PLC0415 - heavy

    room, high = _PAPER[0] - 2 * _MARGIN, _PAPER[1] - 2 * _MARGIN
    blocks = [_Setter(room).block(each) for each in workings]
    head = [_Setter(room).heading(title)] if title else []
    widest = max(block.width for block in [*head, *blocks])
    scale = min(1.0, room / widest)
    abreast = max(1, int((room + _COLUMN_GAP) / (max(b.width for b in blocks) + _COLUMN_GAP)))
    out = io.BytesIO()
    with PdfPages(out, metadata={"CreationDate": None, "Title": title or "Derivations"}) as pages:
        while blocks:
            top = _height(head) + _BLOCK_GAP if head else 0.0
            columns = []
            for _ in range(abreast):
                fitting = _fitting(blocks, high / scale - top)
                columns.append(blocks[:fitting])
                blocks = blocks[fitting:]
            figure = _paper(*_PAPER)
            _put(figure, [head], _MARGIN, scale)
            _put(figure, columns, _MARGIN + top * scale, scale)
            pages.savefig(figure)
            head = []
    return out.getvalue()


def _balanced(blocks: list[_Block]) -> list[list[_Block]]:
    """The blocks in order in two columns, as low as can be."""
    return min(
        ([blocks[:i], blocks[i:]] for i in range(1, len(blocks))),
        key=lambda columns: max(map(_height, columns)),
    )


def _fitting(blocks: list[_Block], height: float) -> int:
    """How many of the blocks fit below one another; one at least, if there is any."""
    count = min(1, len(blocks))
    while count < len(blocks) and _height(blocks[: count + 1]) <= height:
        count += 1
    return count


def _width(columns: list[list[_Block]]) -> float:
    widths = [max(block.width for block in column) for column in columns]
    return sum(widths) + (len(widths) - 1) * _COLUMN_GAP


def _height(column: list[_Block]) -> float:
    return sum(block.height for block in column) + (len(column) - 1) * _BLOCK_GAP


def _paper(width: float, height: float) -> Figure:
    with for_pictures():
        from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415 - heavy
        from matplotlib.figure import Figure  # noqa: PLC0415 - heavy

    figure = Figure(figsize=(width / 72, height / 72), facecolor="white")
    FigureCanvasAgg(figure)
    return figure


def _put(figure: Figure, columns: list[list[_Block]], top: float, scale: float) -> None:
    """Writes columns side by side, from `top` points below the upper edge on."""
    left = _MARGIN
    for column in columns:
        y = top
        for block in column:
            for piece in block.pieces:
                _write(figure, left + piece.x * scale, y + piece.y * scale, piece, scale)
            y += (block.height + _BLOCK_GAP) * scale
        left += (max((block.width for block in column), default=0.0) + _COLUMN_GAP) * scale


def _write(figure: Figure, x: float, y: float, piece: _Piece, scale: float) -> None:
    width, height = figure.get_size_inches() * 72
    size = (_SMALL if piece.small else _SIZE) * scale
    figure.text(
        x / width, 1 - y / height, piece.text, va="baseline", ha="left", size=size,
        family="DejaVu Sans", math_fontfamily="cm", parse_math=piece.text.startswith("$"),
        color=_GREY if piece.small else "black",
    )  # fmt: skip


class _Setter:
    """Sets the lines of one working, none wider than `widest` where it can be broken."""

    def __init__(self, widest: float) -> None:
        self._widest = widest
        self._pieces: list[_Piece] = []
        self._bottom = 0.0
        self._right = 0.0

    def heading(self, title: str) -> _Block:
        self._line([(0.0, title)])
        return self._set()

    def block(self, working: Working) -> _Block:
        left = self._typeset([_Shown(to_latex(working.left), to_unicode(working.left))])
        sign_at = self._width(left) + 6
        body_at = sign_at + self._width("$=$") + 7
        for i, row in enumerate(working.rows):
            sign = self._typeset([_Shown(row.sign, to_unicode(row.sign))]) if row.sign else ""
            both = zip(row.typeset(to_latex), row.typeset(to_unicode), strict=True)
            cells = [_Shown(*cell) for cell in both]
            for part, line in enumerate(self._broken(cells, self._widest - body_at)):
                pieces = [(body_at, line)]
                if part == 0:
                    pieces += [(sign_at, sign), (0.0, left if i == 0 else "")]
                self._line(pieces)
        for remark in working.remarks:
            for text in textwrap.wrap(f"({remark})", int(self._widest / 5.5)):
                self._line([(0.0, text)], small=True)
        return self._set()

    def _set(self) -> _Block:
        return _Block(self._pieces, self._right, self._bottom - _LINE_GAP)

    def _line(self, parts: list[tuple[float, str]], *, small: bool = False) -> None:
        """Puts strings on one base line below what stands there."""
        parts = [(x, text) for x, text in parts if text]
        sizes = [_size(text, small=small) for _, text in parts]
        base = self._bottom + max(height - descent for _, height, descent in sizes)
        for (x, text), (width, _, _) in zip(parts, sizes, strict=True):
            self._pieces.append(_Piece(x, base, text, small))
            self._right = max(self._right, x + width)
        self._bottom = base + max(descent for *_, descent in sizes) + _LINE_GAP

    def _broken(self, cells: Sequence[_Shown], width: float) -> list[str]:
        """The product on one line, or broken before dots where it would be wider."""
        lines = [[cells[0]]]
        for cell in cells[1:]:
            longer = self._typeset([*lines[-1], cell], goes_on=len(lines) > 1)
            if self._width(longer) <= width:
                lines[-1].append(cell)
            else:
                lines.append([cell])
        return [self._typeset(line, goes_on=place > 0) for place, line in enumerate(lines)]

    def _typeset(self, cells: Sequence[_Shown], *, goes_on: bool = False) -> str:
        """A product as matplotlib reads it; as text where that does not know a letter."""
        latex = r" \cdot ".join(cell.latex for cell in cells).replace(_FRACTION, _LARGE_FRACTION)
        formula = rf"${{\cdot}}\;{latex}$" if goes_on else f"${latex}$"
        if formula.isascii():
            try:
                _size(formula, small=False)
            except ValueError:
                pass
            else:
                return formula
        return ("· " if goes_on else "") + " · ".join(cell.text for cell in cells)

    def _width(self, text: str) -> float:
        return _size(text, small=False)[0]


@lru_cache(maxsize=4096)
def _size(text: str, *, small: bool) -> tuple[float, float, float]:
    """Width, height and the part of it below the base line, in points; ValueError for no formula.

    Kept, as reading a formula takes matplotlib milliseconds.
    """
    with for_pictures():
        from matplotlib.font_manager import FontProperties  # noqa: PLC0415 - heavy
        from matplotlib.textpath import TextToPath  # noqa: PLC0415 - heavy

    size = _SMALL if small else _SIZE
    font = FontProperties(family="DejaVu Sans", size=size, math_fontfamily="cm")
    measure = TextToPath().get_text_width_height_descent
    width, height, descent = measure(text, font, ismath=text.startswith("$"))
    return float(width), float(height), float(descent)


_FRACTION: Final = r"\frac"
_LARGE_FRACTION: Final = r"\dfrac"

_FORMATS: Final[dict[str, Callable[[Sequence[Working], str], bytes]]] = {
    ".png": _png,
    ".pdf": _pdf,
    ".html": _html,
    ".md": _markdown,
}
