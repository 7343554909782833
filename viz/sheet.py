"""A sheet of derivations, typeset: as a picture, a PDF, a web page or Markdown."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from autograd import ArgumentTypeError, Working, to_mathml, to_unicode
from viz.errors import PictureError
from viz.files import write_whole

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable, Sequence

__all__ = ["sheet"]


def sheet(derivations: Iterable[Working], path: str | os.PathLike[str], *, title: str = "") -> Path:
    r"""Writes derivations one below the other, in the format that the ending of `path` names.

    `.png` and `.pdf` are typeset in columns, layer by layer where the derivations are of several,
    a PDF on pages of A4; `.html` is one page with MathML that needs neither network nor
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
mover > mo { position: relative; top: -0.15em; } /* off the letter, where no font is for it */
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


# PNG and PDF


def _png(workings: Sequence[Working], title: str) -> bytes:
    from viz.paper import picture  # noqa: PLC0415 - on the extra `pictures`, as HTML is not

    return picture(workings, title)


def _pdf(workings: Sequence[Working], title: str) -> bytes:
    from viz.paper import pages  # noqa: PLC0415 - on the extra `pictures`, as HTML is not

    return pages(workings, title)


_FORMATS: Final[dict[str, Callable[[Sequence[Working], str], bytes]]] = {
    ".png": _png,
    ".pdf": _pdf,
    ".html": _html,
    ".md": _markdown,
}
