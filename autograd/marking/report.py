"""The marks of a page, as they are shown: lines of text, and a table of HTML with MathML."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, ClassVar, Final, NamedTuple

from autograd.notation import Expr, Sentence, to_mathml, to_unicode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from autograd.marking.entry import Entry
    from autograd.marking.page import Passed

STATES: Final = {  # what a verdict is called
    "right": "right",
    "wrong": "WRONG",
    "carried": "carried",
    "unread": "not read",
    "definition": "definition",
    "value": "value",
    "condition": "condition",
}
_STYLE: Final = """
.chalkgrad { --right: #1a7f37; --wrong: #cf222e; --carried: #9a6700; --unread: #8250df;
             --dim: #6e7781; --line: #d0d7de; }
@media (prefers-color-scheme: dark) {
  .chalkgrad { --right: #3fb950; --wrong: #ff7b72; --carried: #d29922; --unread: #bc8cff;
               --dim: #8b949e; --line: #30363d; } }
.chalkgrad table { border-collapse: collapse; width: 100%; }
.chalkgrad td { padding: 0.35rem 0.8rem; vertical-align: top; text-align: left;
                border-top: 1px solid var(--line); }
.chalkgrad tr.continues td { border-top: none; padding-top: 0; }
.chalkgrad td.line, .chalkgrad td.verdict { white-space: nowrap; }
.chalkgrad td:last-child { width: 100%; }
.chalkgrad td.line { color: var(--dim); text-align: right; font-variant-numeric: tabular-nums; }
.chalkgrad math { font-size: 1.1em; math-style: normal; }
.chalkgrad .right td.verdict { color: var(--right); }
.chalkgrad .wrong td.verdict { color: var(--wrong); font-weight: bold; }
.chalkgrad .carried td.verdict { color: var(--carried); }
.chalkgrad .unread td.verdict { color: var(--unread); }
.chalkgrad .definition td.verdict, .chalkgrad .value td.verdict, .chalkgrad .condition td.verdict,
.chalkgrad .footnote { color: var(--dim); }
.chalkgrad tr.wrong { background: color-mix(in srgb, var(--wrong) 8%, transparent); }
.chalkgrad .note { margin: 0.2rem 0 0 1.5rem; } .chalkgrad .note b { font-weight: 600; }
.chalkgrad .continues td > math { margin-left: 2rem; }
.chalkgrad .summary { font-weight: 600; } .chalkgrad .footnote { margin: 0.4rem 0; }
"""
_MARGIN: Final = 20  # columns that the line number and the verdict take up
_WIDTH: Final = 100
_LONGEST: Final = 300  # characters of a formula that was not read
_MOSTLY: Final = 0.5  # the share of claims that were not read, from which on it is said loudly


class Line(NamedTuple):
    """A line of the report as text: its state, for a colour, and what stands in the two columns."""

    state: str
    margin: str
    text: str


@dataclass(frozen=True, slots=True)
class Report:
    """The marks of a page: an entry for each equation, in order.

    `mentions` are formulas without an equals sign, which claim nothing, `passed` lines that were
    not read, such as code, and `suggestions` what would make more of the page readable. `str()`
    gives the table that the command prints; a notebook shows it typeset.
    """

    entries: tuple[Entry, ...]
    mentions: tuple[tuple[int, str], ...] = ()
    passed: tuple[Passed, ...] = ()
    suggestions: tuple[str, ...] = ()

    STYLE: ClassVar[str] = _STYLE

    def count(self, verdict: str) -> int:
        """How many entries have this verdict."""
        return sum(entry.verdict == verdict for entry in self.entries)

    @property
    def wrong(self) -> tuple[Entry, ...]:
        """The claims that are wrong by themselves, the first one first."""
        return tuple(entry for entry in self.entries if entry.verdict == "wrong")

    @property
    def is_right(self) -> bool:
        """Whether nothing is wrong."""
        return not self.wrong

    def summary(self) -> str:
        """How many claims are right, wrong and so on, in a sentence.

        >>> from autograd import grade
        >>> grade("p = w x, dp/dw = x, dp/dx = -w").summary()
        '2 claims: 1 right, 1 wrong (line 1)'
        """
        wrong = list(dict.fromkeys(str(entry.line) for entry in self.wrong))
        where = f" ({_numbered(', ', wrong)})"
        counts = [
            (self.count("right"), "right", ""),
            (self.count("wrong"), "wrong", where),
            (self.count("carried"), "right given an earlier wrong line", ""),
            (self.count("unread"), "not read", ""),
        ]
        claims = sum(count for count, _, _ in counts)
        if not claims:
            return "nothing is claimed on this page"
        told = ", ".join(f"{count} {word}{place}" for count, word, place in counts if count)
        mostly = self.count("unread") > _MOSTLY * claims
        return f"{claims} claim{'s' if claims > 1 else ''}: {told}" + (
            ". Most of this page was not read: nothing is said about that part" if mostly else ""
        )

    def lines(self, width: int = _WIDTH, *, brief: bool = False) -> Iterator[Line]:
        """The report as lines of at most `width` columns; where `brief`, only what is not right."""
        first = self._first_wrong()
        for entry in self.entries:
            state = entry.verdict or entry.kind
            if brief and state not in ("wrong", "carried", "unread"):
                continue
            margin = f"{entry.line:>6}  {STATES[state]:<12}"
            for text in _wrapped("  " * entry.continues + equation_text(entry), width - _MARGIN):
                yield Line(state, margin, text)
                margin = " " * _MARGIN
            for heading, note in _notes(entry, entry is first):
                told = (f"{heading}: " if heading else "") + note.text()
                for text in _wrapped(told, width - _MARGIN - 4):
                    yield Line(state, " " * (_MARGIN + 2), text)
        for footnote in self.footnotes():
            for text in _wrapped(footnote, width - 2):
                yield Line("footnote", "  ", text)
        for text in _wrapped(self.summary(), width - 2):
            yield Line("all wrong" if self.wrong else "all right", "  ", text)

    def footnotes(self) -> Iterator[str]:
        """What was not marked, so that no formula is passed over in silence."""
        if self.mentions:
            lines = list(dict.fromkeys(str(line) for line, _ in self.mentions))
            yield f"Formulas without an equation, which claim nothing: {_numbered(', ', lines)}"
        for passed in self.passed:
            lines = list(dict.fromkeys((str(passed.first), str(passed.last))))
            yield f"Not read: {_numbered('-', lines)}, {passed.what}"
        yield from self.suggestions

    def html(self) -> str:
        """The report as a table of HTML, formulas as MathML; `STYLE` its style sheet."""
        first = self._first_wrong()
        rows = "\n".join(_row(entry, entry is first) for entry in self.entries)
        notes = "\n".join(f'<p class="footnote">{escape(note)}</p>' for note in self.footnotes())
        return (
            f'<div class="chalkgrad"><p class="summary">{escape(self.summary())}</p>\n'
            f"<table>\n{rows}\n</table>\n{notes}</div>"
        )

    def _first_wrong(self) -> Entry | None:
        several = len(self.wrong) > 1 or self.count("carried")
        return self.wrong[0] if self.wrong and several else None

    def __str__(self) -> str:
        return "\n".join(f"{line.margin}{line.text}".rstrip() for line in self.lines())

    def _repr_html_(self) -> str:
        return f"<style>{_STYLE}</style>{self.html()}"


def _notes(entry: Entry, is_first: bool) -> Iterator[tuple[str, Sentence]]:
    """What there is to say about an entry, in pairs: a heading and a sentence."""
    if entry.at:
        yield "", Sentence((f"for {entry.at}",))
    if entry.right_tree is not None:
        yield "should be", Sentence((entry.right_tree,))
    if entry.words:
        kind = f"{entry.slip.replace('-', ' ')}: " if entry.slip else ""
        yield "slip", Sentence((kind, *entry.words.parts))
    if entry.shown:
        yield "example", entry.shown
    if entry.because:
        wrong = f"right, given what stands in line {entry.because}, which is wrong"
        yield "", Sentence((wrong,))
    if entry.said:
        yield "", entry.said
    if is_first:
        yield "", Sentence(("the first wrong line",))


def equation_text(entry: Entry) -> str:
    """The equation as text, without what stands left where it is that of the entry before."""
    sides = _sides(entry)
    shown = [
        to_unicode(_cut(written)) if tree is None else to_unicode(tree) for written, tree in sides
    ]
    left = "" if entry.continues else f"{shown[0]} "
    return f"{left}{entry.sign} {' = '.join(shown[1:])}"


def _cut(text: str) -> str:
    """A formula that was not read, no longer than a person looks at."""
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def _equation_mathml(entry: Entry) -> str:
    shown = [to_mathml(_cut(written) if tree is None else tree) for written, tree in _sides(entry)]
    left = "" if entry.continues else shown[0]
    right = "<mo>=</mo>".join(shown[1:])
    return f"<math>{left}<mo>{entry.sign}</mo>{right}</math>"


def _sides(entry: Entry) -> list[tuple[str, Expr | None]]:
    """The sides of an entry: as they stand on the page, and as they were read."""
    written = [entry.left, entry.right]
    if len(entry.trees) != len(written) and all(tree is not None for tree in entry.trees):
        return [("", tree) for tree in entry.trees]
    trees = entry.trees if len(entry.trees) == len(written) else (None, None)
    return list(zip(written, trees, strict=True))


def _row(entry: Entry, is_first: bool) -> str:
    state = entry.verdict or entry.kind
    said = "".join(
        f'<p class="note">{f"<b>{heading}</b> " if heading else ""}{note.html()}</p>'
        for heading, note in _notes(entry, is_first)
    )
    return (
        f'<tr class="{state}{" continues" if entry.continues else ""}">'
        f'<td class="line">{entry.line}</td><td class="verdict">{STATES[state]}</td>'
        f"<td>{_equation_mathml(entry)}{said}</td></tr>"
    )


def _numbered(joint: str, lines: list[str]) -> str:
    return f"line{'s' if len(lines) > 1 else ''} {joint.join(lines)}"


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
        before = [at for at in outside if at >= least and text[at + 1 : at + 2] in signs]
        if before:
            return before[-1]
    return spaces[-1] if spaces else width


def _columns(text: str) -> int:
    return sum(not unicodedata.combining(char) for char in text)
