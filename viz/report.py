"""A graded page as lines on a terminal, as a web page and as JSON."""

from __future__ import annotations

import json
import re
import unicodedata
from dataclasses import asdict, dataclass
from html import escape
from typing import TYPE_CHECKING, Any, Final

from autograd import Entry, Report, to_mathml, to_unicode

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from rich.console import Console

__all__ = ["Marked", "as_html", "as_json", "print_report", "summary"]


@dataclass(frozen=True, slots=True)
class Marked:
    """A page by its name, and the report on it."""

    name: str
    report: Report


_SHOWN: Final = {  # what a verdict is called, and its style on a terminal
    "right": ("right", "green"),
    "wrong": ("WRONG", "bold red"),
    "carried": ("carried", "yellow"),
    "unread": ("not read", "magenta"),
    "definition": ("definition", "dim"),
    "value": ("value", "dim"),
}
_MARGIN: Final = 20  # columns that the line number and the verdict take up
_SHORT: Final = 24  # characters of a formula that is not broken


def summary(report: Report) -> str:
    """How many claims are right, wrong and so on, in a sentence.

    >>> from autograd import grade
    >>> summary(grade("p = w x, dp/dw = x, dp/dx = -w"))
    '2 claims: 1 right, 1 wrong (line 1)'
    """
    wrong = list(dict.fromkeys(str(entry.line) for entry in report.wrong))
    where = f" ({_numbered(', ', wrong)})"
    counts = [
        (report.count("right"), "right", ""),
        (report.count("wrong"), "wrong", where),
        (report.count("carried"), "right given an earlier wrong line", ""),
        (report.count("unread"), "not read", ""),
    ]
    claims = sum(count for count, _, _ in counts)
    if not claims:
        return "nothing is claimed on this page"
    told = ", ".join(f"{count} {word}{place}" for count, word, place in counts if count)
    return f"{claims} claim{'s' if claims > 1 else ''}: {told}"


def _state(entry: Entry) -> str:
    return entry.verdict or entry.kind


def _formula(entry: Entry) -> str:
    r"""The equation as LaTeX, without what stands left where it is that of the entry before.

    Plain notation is helped on: `w_new` is w_{\text{new}}, `h1` is h_1, and words are upright.
    """
    equation = f"{entry.sign} {entry.right}" if entry.continues else (
        f"{entry.left} {entry.sign} {entry.right}")  # fmt: skip
    if "\\" not in equation:
        equation = re.sub(r"(?<![A-Za-z_^])(d?[A-Za-z])(\d+)", r"\1_{\2}", equation)
        equation = re.sub(r"_\{(\w+)\}_\{?(\w+)\}?", r"_{\1,\2}", equation)
        equation = re.sub(r"(?<![\w^{,])[A-Za-z]{3,}(?![\w}])", r"\\text{\g<0>}", equation)
    for pattern, better in _TYPESETTING:
        equation = pattern.sub(better, equation)
    return equation


_TYPESETTING: Final = [
    (re.compile(pattern), better)
    for pattern, better in (
        (r"\\mathrm\s*\{\s*d\s*\}\s*", "d"),
        (r"\\(?:mathbf|boldsymbol|bm)\s*\{([^{}]*)\}", r"\1"),
        (r"\^\(([^()]*)\)", r"^{\1}"),
        (r"_(\w{2,})", r"_{\1}"),
        (r"([_^])\{([A-Za-z]{2,})\}", r"\1{\\text{\2}}"),
        (r"\}(?=\\(?:[dt]?frac|ln|log|exp|sin|cos|tan|sqrt))", "} "),
        (r"(?:\s|\\[,;:!])+", " "),
    )
]


def _notes(entry: Entry, is_first: bool) -> Iterator[tuple[str, str]]:
    """What there is to say about an entry, in pairs: a heading and a text with $formulas$."""
    if entry.at:
        yield "", f"for ${entry.at}$"
    if entry.answer:
        yield "should be", f"${entry.answer}$"
    if entry.slip:
        yield "slip", f"{entry.slip.replace('-', ' ')}: {entry.message}"
    elif entry.message:
        yield "slip", entry.message
    if entry.example:
        yield "example", entry.example
    if entry.because:
        yield "", f"right, given what stands in line {entry.because}, which is wrong"
    if entry.reason:
        yield "", entry.reason
    if is_first:
        yield "", "the first wrong line"


def _footnotes(report: Report) -> Iterator[str]:
    """What was not marked, so that no formula is passed over in silence."""
    if report.mentions:
        lines = list(dict.fromkeys(str(line) for line, _ in report.mentions))
        yield f"Formulas without an equation, which claim nothing: {_numbered(', ', lines)}"
    for passed in report.passed:
        lines = list(dict.fromkeys((str(passed.first), str(passed.last))))
        yield f"Not read: {_numbered('-', lines)}, {passed.what}"


def _numbered(joint: str, lines: list[str]) -> str:
    return f"line{'s' if len(lines) > 1 else ''} {joint.join(lines)}"


def _first_wrong(report: Report) -> Entry | None:
    several = len(report.wrong) > 1 or report.count("carried")
    return report.wrong[0] if report.wrong and several else None


# On a terminal.


def print_report(console: Console, marked: Marked, *, brief: bool = False) -> None:
    """Prints the report on one page; where `brief`, only the lines that are not right."""
    from rich.text import Text  # noqa: PLC0415 - slow to load

    report = marked.report
    width = max(50, min(console.width, 100))
    console.print(Text(marked.name, style="bold"), soft_wrap=True)
    first = _first_wrong(report)
    for entry in report.entries:
        if brief and _state(entry) not in ("wrong", "carried", "unread"):
            continue
        word, style = _SHOWN[_state(entry)]
        formula = to_unicode(_formula(entry))
        lines = _wrapped("  " * entry.continues + formula, width - _MARGIN)
        head = Text(f"{entry.line:>6}  ", style="dim")
        head.append(f"{word:<12}", style=style).append(lines[0])
        console.print(head, soft_wrap=True)
        for line in lines[1:]:
            console.print(Text(" " * _MARGIN + line), soft_wrap=True)
        for heading, note in _notes(entry, entry is first):
            told = (f"{heading}: " if heading else "") + _in_unicode(note)
            for line in _wrapped(told, width - _MARGIN - 4):
                note_line = " " * (_MARGIN + 2) + line.replace("\u00a0", " ")
                console.print(Text(note_line, style=style), soft_wrap=True)
    for note in _footnotes(report):
        for line in _wrapped(note, width - 2):
            console.print(Text("  " + line, style="dim"), soft_wrap=True)
    style = "bold red" if report.wrong else "bold green"
    for line in _wrapped(summary(report), width - 2):
        console.print(Text("  " + line, style=style), soft_wrap=True)


def _in_unicode(note: str) -> str:
    """A note with its formulas as text; the spaces in short ones do not break."""
    parts = note.split("$")
    for place in range(1, len(parts), 2):
        formula = to_unicode(parts[place])
        parts[place] = formula if len(formula) > _SHORT else formula.replace(" ", "\u00a0")
    return "".join(parts)


def _wrapped(text: str, width: int) -> list[str]:
    """The text in lines of at most `width` columns, formulas broken before a sign."""
    lines: list[str] = []
    indent = " " * (len(text) - len(text.lstrip()) + 2)
    while _columns(text) > width:
        at = _break_within(text, width)
        lines.append(text[:at].rstrip())
        text = indent + text[at:].lstrip()
    return [*lines, text]


def _break_within(text: str, width: int) -> int:
    """Where to break: before an equals sign, else before another sign, else at a space."""
    start = len(text) - len(text.lstrip())
    spaces = [at for at in range(start + 1, min(len(text), width + 1)) if text[at] == " "]
    outside = [at for at in spaces if text.count("(", 0, at) == text.count(")", 0, at)]
    for least, signs in ((width // 3, "=≈←"), (width // 2, "+−·×")):
        before = [at for at in outside if at >= least and text[at + 1] in signs]
        if before:
            return before[-1]
    return spaces[-1] if spaces else width


def _columns(text: str) -> int:
    return sum(not unicodedata.combining(char) for char in text)


# As JSON and as a web page.


def as_json(pages: Sequence[Marked]) -> str:
    r"""The reports as JSON.

    An object with one key, `pages`, a list of objects in the order given:

    - `file`: the name; `summary`: the numbers of claims `right`, `wrong`, `carried` and `unread`.
    - `entries`: for each equation the fields of `autograd.Entry`: `line`; `kind` (`definition`,
      `value` or `claim`); `left`, `sign` and `right`, as they stand on the page; `continues`;
      `verdict` (`right`, `wrong`, `carried`, `unread`, or empty where nothing is claimed);
      `reason`; `answer` (LaTeX); `slip` (such as `wrong-index`); `message`; `example`;
      `because`, the line of an earlier error, or 0; and `at`, the number of an index that all this
      is said for (`i = 1`), or empty.
    - `mentions`: `line` and `text` of each formula without an equation.
    - `passed`: `first` and `last` line and `what`, of what was not read.

    >>> from autograd import grade
    >>> found = json.loads(as_json([Marked("notes.md", grade("p = w x, dp/dw = w"))]))
    >>> found["pages"][0]["summary"]
    {'right': 0, 'wrong': 1, 'carried': 0, 'unread': 0}
    """
    return json.dumps({"pages": [_plain(page) for page in pages]}, ensure_ascii=False, indent=2)


def _plain(page: Marked) -> dict[str, Any]:
    report = page.report
    verdicts = ("right", "wrong", "carried", "unread")
    return {
        "file": page.name,
        "summary": {verdict: report.count(verdict) for verdict in verdicts},
        "entries": [asdict(entry) for entry in report.entries],
        "mentions": [{"line": line, "text": text} for line, text in report.mentions],
        "passed": [asdict(passed) for passed in report.passed],
    }


_STYLE: Final = """
:root { color-scheme: light dark; --right: #1a7f37; --wrong: #cf222e; --carried: #9a6700;
        --unread: #8250df; --dim: #6e7781; --line: #d0d7de; }
@media (prefers-color-scheme: dark) {
  :root { --right: #3fb950; --wrong: #ff7b72; --carried: #d29922; --unread: #bc8cff;
          --dim: #8b949e; --line: #30363d; } }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h2 { margin: 2rem 0 0.2rem; font-size: 1.3rem; }
table { border-collapse: collapse; width: 100%; }
td { padding: 0.35rem 0.8rem; vertical-align: top; border-top: 1px solid var(--line); }
tr.continues td { border-top: none; padding-top: 0; }
td.line, td.verdict { white-space: nowrap; } td:last-child { width: 100%; }
td.line { color: var(--dim); text-align: right; font-variant-numeric: tabular-nums; }
math { font-size: 1.1em; math-style: normal; }
.right td.verdict { color: var(--right); } .wrong td.verdict { color: var(--wrong); }
.wrong td.verdict { font-weight: bold; } .carried td.verdict { color: var(--carried); }
.unread td.verdict { color: var(--unread); }
.definition td.verdict, .value td.verdict, .footnote { color: var(--dim); }
tr.wrong { background: color-mix(in srgb, var(--wrong) 8%, transparent); }
.note { margin: 0.2rem 0 0 1.5rem; } .note b { font-weight: 600; }
.continues td > math { margin-left: 2rem; }
.summary { font-weight: 600; } .footnote { margin: 0.4rem 0; }
"""


def as_html(pages: Sequence[Marked]) -> str:
    """The reports as one web page that needs neither network nor script; formulas are MathML."""
    body = "\n".join(part for page in pages for part in _sections(page))
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>Marked: {escape(', '.join(page.name for page in pages))}</title>\n"
        f"<style>{_STYLE}</style>\n</head>\n<body>\n{body}\n</body>\n</html>\n"
    )


def _sections(page: Marked) -> Iterator[str]:
    report = page.report
    yield f"<h2>{escape(page.name)}</h2>"
    yield f'<p class="summary">{escape(summary(report))}</p>'
    yield "<table>"
    first = _first_wrong(report)
    for entry in report.entries:
        yield _row(entry, _notes(entry, entry is first))
    yield "</table>"
    for note in _footnotes(report):
        yield f'<p class="footnote">{escape(note)}</p>'


def _row(entry: Entry, notes: Iterable[tuple[str, str]]) -> str:
    state = _state(entry)
    kind = f"{state} continues" if entry.continues else state
    said = "".join(
        f'<p class="note">{f"<b>{heading}</b> " if heading else ""}{_in_mathml(note)}</p>'
        for heading, note in notes
    )
    return (
        f'<tr class="{kind}"><td class="line">{entry.line}</td>'
        f'<td class="verdict">{_SHOWN[state][0]}</td><td>{_math(_formula(entry))}{said}</td></tr>'
    )


def _in_mathml(note: str) -> str:
    parts = note.split("$")
    return "".join(_math(part) if place % 2 else escape(part) for place, part in enumerate(parts))


def _math(latex: str) -> str:
    return f"<math>{to_mathml(latex)}</math>"
