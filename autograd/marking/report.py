"""The marks of a page: an entry for each equation, shown as lines of text or a table of HTML."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, ClassVar, Final, Literal, NamedTuple

from autograd.notation import Expr, Sentence, to_latex, to_mathml, to_unicode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from autograd.marking.page import Passed
    from autograd.marking.slips import Slip
    from autograd.marking.statements import Side

Kind = Literal["definition", "value", "claim", "condition"]
Verdict = Literal["", "right", "wrong", "carried", "unread"]

_SIGNS: Final = {"=": "=", ":=": "←", "~": "≈", "->": "→"}
_CALLED: Final = {"wrong": "WRONG", "unread": "not read"}  # what a verdict is called
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
.chalkgrad mover > mo { position: relative; top: -0.15em; }
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
_BREAKS: Final = ((3, "=≈←"), (2, "+−·×"))  # the signs before which, after that part of a line


@dataclass(frozen=True, slots=True)
class Entry:
    """One equation of the page, `left sign right`, and what is said of it.

    `line` is where `right` begins. `kind` is "definition", "value", "claim", or "condition" for
    what stands after if, when or suppose. `verdict` is "right"; "wrong"; "carried", right given the
    wrong line `because`; "unread", not read or not to be judged, for the `reason` given; or empty
    for what claims nothing. Where `continues`, `left` is the right side of the entry before. `at`
    is the number of an index, as "i = 1", for which all this is said, where the equation has one.

    What it says in mathematics are trees: its `sides` as they were read, `right_tree` what is right
    instead, `said`, `shown` and the words of `slips` sentences with trees in them.
    """

    line: int
    kind: Kind
    sides: tuple[Side, ...]
    signs: tuple[str, ...]
    continues: bool = False
    verdict: Verdict = ""
    said: Sentence | None = None
    right_tree: Expr | None = None
    slips: tuple[Slip, ...] = ()
    shown: Sentence | None = None
    because: int = 0
    at: str = ""

    @property
    def left(self) -> str:
        """What stands left of its sign, on the page."""
        return self.sides[0].text

    @property
    def sign(self) -> str:
        """Its sign."""
        return _SIGNS[self.signs[0]]

    @property
    def right(self) -> str:
        """What stands right of its sign, on the page."""
        others = zip(self.signs[1:], self.sides[2:], strict=True)
        return self.sides[1].text + "".join(f" {_SIGNS[sign]} {side.text}" for sign, side in others)

    @property
    def reason(self) -> str:
        """Why it was not judged, or a remark on what is right; formulas between dollars."""
        return self.said.latex() if self.said else ""

    @property
    def answer(self) -> str:
        """The right formula or number, in LaTeX."""
        return to_latex(self.right_tree) if self.right_tree is not None else ""

    @property
    def slip(self) -> str:
        """The kind of slip that explains it, where exactly one does."""
        return self.slips[0].kind.value if len(self.slips) == 1 else ""

    @property
    def message(self) -> str:
        """The slip in a sentence."""
        return self.words.text() if self.words else ""

    @property
    def words(self) -> Sentence | None:
        """The slip in a sentence; of several that would each explain it, all."""
        if self.verdict != "wrong":
            return None
        parts: list[str | Expr] = []
        for slip in self.slips:
            parts += [", or " if parts else "either " if len(self.slips) > 1 else ""]
            parts += slip.words.parts
        return Sentence(tuple(parts) or ("no single slip that is known explains it",))

    @property
    def example(self) -> str:
        """A counterexample, formulas between dollars."""
        return self.shown.latex() if self.shown else ""

    @property
    def state(self) -> str:
        """Its verdict, or what kind of equation it is."""
        return self.verdict or self.kind

    def typeset(self, shown: Callable[[str | Expr], str]) -> list[str]:
        """Its sides, by a function for one; the first is empty where it is that before."""
        cut = (f"{s.text[:_LONGEST]}..." if s.text[_LONGEST:] else s.text for s in self.sides)
        sides = (side.tree or text for side, text in zip(self.sides, cut, strict=True))
        first, *others = map(shown, sides)
        return ["" if self.continues else first, *others]

    def notes(self) -> Iterator[tuple[str, Sentence]]:
        """What there is to say about it, in pairs: a heading and a sentence."""
        if self.at:
            yield "", Sentence((f"for {self.at}",))
        if self.right_tree is not None:
            yield "should be", Sentence((self.right_tree,))
        if self.words:
            kind = f"{self.slip.replace('-', ' ')}: " if self.slip else ""
            yield "slip", Sentence((kind, *self.words.parts))
        if self.shown:
            yield "example", self.shown
        if self.because:
            wrong = f"right, given what stands in line {self.because}, which is wrong"
            yield "", Sentence((wrong,))
        if self.said:
            yield "", self.said


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
        named = {
            "right": "right",
            "wrong": f"wrong ({_numbered(', ', *(entry.line for entry in self.wrong))})",
            "carried": "right given an earlier wrong line",
            "unread": "not read",
        }
        counts = {verdict: self.count(verdict) for verdict in named}
        claims = sum(counts.values())
        if not claims:
            return "nothing is claimed on this page"
        told = ", ".join(f"{count} {named[verdict]}" for verdict, count in counts.items() if count)
        mostly = counts["unread"] > _MOSTLY * claims
        return f"{claims} claim{'s' if claims > 1 else ''}: {told}" + (
            ". Most of this page was not read: nothing is said about that part" if mostly else ""
        )

    def _rows(self) -> Iterator[tuple[Entry, list[tuple[str, Sentence]]]]:
        """The entries, each with what there is to say about it."""
        wrong = self.wrong
        first = wrong[0] if len(wrong) > 1 or (wrong and self.count("carried")) else None
        for entry in self.entries:
            said = [("", Sentence(("the first wrong line",)))] if entry is first else []
            yield entry, [*entry.notes(), *said]

    def lines(self, width: int = _WIDTH, *, brief: bool = False) -> Iterator[Line]:
        """The report as lines of at most `width` columns; where `brief`, only what is not right."""
        for entry, notes in self._rows():
            state = entry.state
            if brief and state not in ("wrong", "carried", "unread"):
                continue
            margin = f"{entry.line:>6}  {_CALLED.get(state, state):<12}"
            left, *right = entry.typeset(to_unicode)
            text = f"{left or ' '} {entry.sign} {' = '.join(right)}"
            for part in _wrapped(text, width - _MARGIN):
                yield Line(state, margin, _printable(part))
                margin = " " * _MARGIN
            for heading, note in notes:
                told = (f"{heading}: " if heading else "") + note.text()
                for part in _wrapped(told, width - _MARGIN - 4):
                    yield Line(state, " " * (_MARGIN + 2), _printable(part))
        summary = ("all wrong" if self.wrong else "all right", self.summary())
        for state, text in [*(("footnote", note) for note in self.footnotes()), summary]:
            parts = map(_printable, _wrapped(text, width - 2))
            yield from (Line(state, "  ", part) for part in parts)

    def footnotes(self) -> Iterator[str]:
        """What was not marked, so that no formula is passed over in silence."""
        if self.mentions:
            lines = _numbered(", ", *(line for line, _ in self.mentions))
            yield f"Formulas without an equation, which claim nothing: {lines}"
        for passed in self.passed:
            yield f"Not read: {_numbered('-', passed.first, passed.last)}, {passed.what}"
        yield from self.suggestions

    def html(self) -> str:
        """The report as a table of HTML, formulas as MathML; `STYLE` its style sheet."""
        rows = []
        for entry, notes in self._rows():
            state, (left, *right) = entry.state, entry.typeset(to_mathml)
            called = _CALLED.get(state, state)
            equation = f"<math>{left}<mo>{entry.sign}</mo>{'<mo>=</mo>'.join(right)}</math>"
            said = "".join(
                f'<p class="note">{f"<b>{heading}</b> " if heading else ""}{note.html()}</p>'
                for heading, note in notes
            )
            rows.append(
                f'<tr class="{state}{" continues" if entry.continues else ""}">'
                f'<td class="line">{entry.line}</td>'
                f'<td class="verdict">{called}</td><td>{equation}{said}</td></tr>'
            )
        table = "\n".join(rows)
        below = "\n".join(f'<p class="footnote">{escape(note)}</p>' for note in self.footnotes())
        return (
            f'<div class="chalkgrad"><p class="summary">{escape(self.summary())}</p>\n'
            f"<table>\n{table}\n</table>\n{below}</div>"
        )

    def __str__(self) -> str:
        return "\n".join(f"{line.margin}{line.text}".rstrip() for line in self.lines())

    def _repr_html_(self) -> str:
        return f"<style>{_STYLE}</style>{self.html()}"


def _printable(text: str) -> str:
    r"""The text with what would act on a terminal as signs to be read: ␛[2K, \u202e."""
    return "".join(c if c.isprintable() else _picture(c) for c in text)


def _picture(char: str) -> str:
    if char.isspace() and ord(char) >= 0x80:
        return " "
    return chr(0x2400 + ord(char)) if ord(char) < 0x20 else repr(char)[1:-1]


def _numbered(joint: str, *lines: int) -> str:
    """Line 3, or lines 3, 5."""
    numbers = list(dict.fromkeys(map(str, lines)))
    return f"line{'s' if len(numbers) > 1 else ''} {joint.join(numbers)}"


def _wrapped(text: str, width: int) -> Iterator[str]:
    """The text in lines of at most `width` columns: broken before an equals sign, else before
    another sign, in no bracket, else at a space.
    """
    start = len(text) - len(text.lstrip())
    indent = " " * (start + 2)
    while sum(not unicodedata.combining(char) for char in text) > width:
        spaces = [space.start() for space in re.finditer(r"(?<=\S) ", text[: width + 1])]
        whole = [at for at in spaces if text.count("(", 0, at) == text.count(")", 0, at)]
        at = spaces[-1] if spaces else width
        for part, signs in reversed(_BREAKS):
            before = [k for k in whole if k >= width // part and text[k + 1 : k + 2] in signs]
            at = before[-1] if before else at
        yield text[:at].rstrip()
        text = indent + text[at:].lstrip()
    yield text
