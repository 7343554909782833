"""A marked page in colours on a terminal, as a web page and as JSON."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from html import escape
from typing import TYPE_CHECKING, Any, Final

from autograd import Report

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

__all__ = ["Marked", "as_html", "as_json", "print_report", "printable"]


@dataclass(frozen=True, slots=True)
class Marked:
    """A page by its name, and the report on it."""

    name: str
    report: Report


_STYLES: Final = {  # of the lines of a report, by their state
    "right": "green",
    "wrong": "bold red",
    "carried": "yellow",
    "unread": "magenta",
    "definition": "dim",
    "value": "dim",
    "condition": "dim",
    "footnote": "dim",
    "all right": "bold green",
    "all wrong": "bold red",
}
_PLAIN: Final = ("footnote", "all right", "all wrong")  # coloured as a whole, not at the margin
_ENTRY: Final = ("line", "kind", "left", "sign", "right", "continues", "verdict", "reason",
                 "answer", "slip", "message", "example", "because", "at")  # fmt: skip


def print_report(console: Console, marked: Marked, *, brief: bool = False) -> None:
    """Prints the report on one page; where `brief`, only the lines that are not right."""
    from rich.text import Text  # noqa: PLC0415 - slow to load

    console.print(Text(printable(marked.name), style="bold"), soft_wrap=True)
    width = max(50, min(console.width, 100))
    for line in marked.report.lines(width, brief=brief):
        style = _STYLES[line.state]
        is_note = line.state in _PLAIN or not line.margin.strip()
        text = Text(line.margin, style=style)
        text.append(line.text, style=style if is_note else "")
        console.print(text, soft_wrap=True)


# Signs that do something to a terminal, or turn round what stands beside them, and what is shown.
_ACTING: Final = {
    **{code: chr(0x2400 + code) for code in range(0x20)},
    0x7F: "\u2421",
    **{code: f"\\x{code:02x}" for code in range(0x80, 0xA0)},
    **{
        code: f"\\u{code:04x}"
        for code in (
            0x61C, 0x200E, 0x200F, *range(0x2028, 0x202F), *range(0x2066, 0x206A), 0xFEFF,
        )
    },
}  # fmt: skip
_SHOWN: Final = {code: sign for code, sign in _ACTING.items() if chr(code) != "\n"}
_ESCAPED: Final = {code: f"\\u{code:04x}" for code in _ACTING if code >= 0x7F}


def printable(text: str) -> str:
    r"""The text with the signs that would act on a terminal as signs to be read.

    >>> printable("w\x1b[2K is \x9b\u202e right")
    'w␛[2K is \\x9b\\u202e right'
    """
    return text.translate(_SHOWN)


# As JSON and as a web page.


def as_json(pages: Sequence[Marked]) -> str:
    r"""The reports as JSON.

    An object with one key, `pages`, a list of objects in the order given:

    - `file`: the name; `summary`: the numbers of claims `right`, `wrong`, `carried` and `unread`.
    - `entries`: for each equation the fields of `autograd.Entry`: `line`; `kind` (`definition`,
      `value`, `claim` or `condition`); `left`, `sign` and `right`, as they stand on the page;
      `continues`; `verdict` (`right`, `wrong`, `carried`, `unread`, or empty where nothing is
      claimed); `reason`; `answer` (LaTeX); `slip` (such as `wrong-index`); `message`; `example`;
      `because`, the line of an earlier error, or 0; and `at`, the number of an index that all this
      is said for (`i = 1`), or empty.
    - `mentions`: `line` and `text` of each formula without an equation.
    - `passed`: `first` and `last` line and `what`, of what was not read; `suggestions`: sentences.

    >>> from autograd import grade
    >>> found = json.loads(as_json([Marked("notes.md", grade("p = w x, dp/dw = w"))]))
    >>> found["pages"][0]["summary"]
    {'right': 0, 'wrong': 1, 'carried': 0, 'unread': 0}
    """
    told = {"pages": [_plain(page) for page in pages]}
    return json.dumps(told, ensure_ascii=False, indent=2).translate(_ESCAPED)


def _plain(page: Marked) -> dict[str, Any]:
    report = page.report
    verdicts = ("right", "wrong", "carried", "unread")
    return {
        "file": page.name,
        "summary": {verdict: report.count(verdict) for verdict in verdicts},
        "entries": [{name: getattr(entry, name) for name in _ENTRY} for entry in report.entries],
        "mentions": [{"line": line, "text": text} for line, text in report.mentions],
        "passed": [asdict(passed) for passed in report.passed],
        "suggestions": list(report.suggestions),
    }


_STYLE: Final = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h2 { margin: 2rem 0 0.2rem; font-size: 1.3rem; }
"""


def as_html(pages: Sequence[Marked]) -> str:
    """The reports as one web page that needs neither network nor script; formulas are MathML."""
    body = "\n".join(f"<h2>{escape(page.name)}</h2>\n{page.report.html()}" for page in pages)
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>Marked: {escape(', '.join(page.name for page in pages))}</title>\n"
        f"<style>{_STYLE}{Report.STYLE}</style>\n</head>\n<body>\n{body}\n</body>\n</html>\n"
    )
