"""How the demos speak: headings, sentences and tables within 80 columns, formulas in Unicode."""

from __future__ import annotations

import os
import re
import sys
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import Console, RenderableType
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from autograd import ChalkgradError, to_unicode

if TYPE_CHECKING:
    from argparse import ArgumentParser
    from collections.abc import Callable, Iterable, Sequence

if hasattr(sys.stdout, "reconfigure"):
    # Whatever the locale, files and pipes can hold ŷ; a terminal that cannot shows a ? for it.
    if sys.stdout.isatty():
        sys.stdout.reconfigure(errors="replace")
    else:
        sys.stdout.reconfigure(encoding="utf-8")

_console = Console(highlight=False)
_console.width = min(_console.width, 80)


def heading(step: str, title: str) -> None:
    """A line across the page; `title` as in `say`."""
    _console.print()
    _console.rule(_text(f"[bold cyan]{step}[/]  [bold]{title}[/]"), align="left", style="dim")


def say(what: str | Text) -> None:
    """A paragraph. In a str, LaTeX stands between dollars, and `[bold]` and the like are rich's.

    What comes from elsewhere (names, errors) is given as a Text, which is shown as it stands.
    """
    _show(Padding(_text(what), (0, 0, 0, 2)))


def lines(*rows: str | Text) -> None:
    """Lines that are not to be broken: formulas, a drawing, names of files."""
    for row in rows:
        _show(Text("    ") + _text(row), fit=False)


def table(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """A table after a blank line: numbers flush right, text flush left."""
    cells = [list(row) for row in rows]
    grid = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold", show_edge=False)
    for column, first in zip(columns, cells[0], strict=True):
        words = isinstance(first, (str, Text))
        grid.add_column(_text(column), justify="left" if words else "right")
    for row in cells:
        grid.add_row(*map(_text, row))
    _show(Padding(grid, (1, 0, 0, 4)))


def number(x: float, digits: int = 6) -> str:
    """So many significant digits, without powers of ten where people use none: −0.00001."""
    text = f"{x:.{digits}g}"
    if 1e-7 < abs(x) < 1e6:
        text = f"{Decimal(text):f}"
    size, _, power = text.partition("e")
    times_ten = rf"{size}{{\cdot}}10^{{{int(power)}}}" if power else size
    return to_unicode(times_ten.removeprefix(r"1{\cdot}"))


def rounded(x: float, digits: int = 3) -> float:
    """The number with so many significant digits left."""
    return float(f"{x:.{digits}g}")


def run(main: Callable[[Any], None], parser: ArgumentParser) -> None:
    """Runs a demo: an error of Chalkgrad is told in words, without a traceback, with status 2."""
    arguments = parser.parse_args()
    try:
        main(arguments)
        sys.stdout.flush()
    except ChalkgradError as error:
        sys.stdout.flush()
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
    except BrokenPipeError:  # the reader has seen enough, as `head` has
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _text(what: str | Text | float) -> Text:
    if isinstance(what, Text):
        return what
    if not isinstance(what, str):
        return Text(number(what))
    parts = what.split("$")
    unicode = (escape(to_unicode(part)) if i % 2 else part for i, part in enumerate(parts))
    return Text.from_markup("".join(unicode))


def _show(what: RenderableType, *, fit: bool = True) -> None:
    with _console.capture() as captured:
        _console.print(what, soft_wrap=not fit)
    text = re.sub(r" +$", "", captured.get(), flags=re.MULTILINE)  # rich fills lines with spaces
    _console.file.write(text)
