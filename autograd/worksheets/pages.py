r"""A page of Markdown, LaTeX or plain text, and every formula on it with its line.

Formulas stand between `$`, `$$`, `\( \)` or `\[ \]`, in `\begin{align}` and its kin, in blocks
fenced as `math`, in inline code that has an equals sign, or in plain lines such as
`dL/dw = -2(y - p) x`. Fenced code and HTML comments are passed over, and it is said which.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from autograd.formulas.statements import Statement, statements
from autograd.worksheets.frontmatter import PageError, Settings, front_matter, read_settings
from autograd.worksheets.prose import MATH, continues_formula, formulas_in_line, words_defined

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["Page", "Passed", "Written", "read_page"]

_LONGEST: Final = 1_000_000  # characters: a book


@dataclass(frozen=True, slots=True)
class Written:
    """A statement on the page: the line it begins on, the line of each side, the section it is in.

    Every heading begins a section; what stands before the first one is section 0. `leads` says
    whether nothing but marks stands before it on its line.
    """

    statement: Statement
    line: int
    side_lines: tuple[int, ...]
    section: int
    leads: bool


@dataclass(frozen=True, slots=True)
class Passed:
    """Lines that were not read, and what they are."""

    first: int
    last: int
    what: str


@dataclass(frozen=True, slots=True)
class Page:
    """What a page says: its statements in order, what is said beforehand, what was passed over."""

    statements: tuple[Written, ...]
    settings: Settings
    passed: tuple[Passed, ...]


def read_page(text: str) -> Page:
    r"""Finds every formula on a page.

    Raises PageError for front matter that cannot be used, TypeError for what is not text.

    >>> page = read_page("Let $w = 2$.\n\n    L = (w - 3)^2\n      = 1\n")
    >>> [(found.line, found.statement.text) for found in page.statements]
    [(1, 'w = 2'), (3, 'L = (w - 3)^2'), (4, '= 1')]
    """
    if not isinstance(text, str):
        raise TypeError(
            f"a page must be text, not {type(text).__name__}\nhint: read its file: path.read_text()"
        )
    if len(text) > _LONGEST:
        raise PageError(
            f"the page has {len(text)} characters, more than {_LONGEST}", hint="mark it in parts"
        )
    return _Reading(text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")).page()


_FENCE: Final = re.compile(r"^ {0,3}(?:>\s?)*(`{3,}|~{3,})[ \t]*([^\n`]*)$", re.MULTILINE)
_COMMENT: Final = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_HEADING: Final = re.compile(
    r"^(?:#{1,6}\s|\\(?:chapter|section|subsection|subsubsection)\b|[^\n]+\n(?:=+|-{3,})[ \t]*$)",
    re.MULTILINE,
)
_DISPLAYS: Final = (
    "align", "align*", "aligned", "alignat", "alignat*", "displaymath", "eqnarray", "eqnarray*",
    "equation", "equation*", "flalign", "flalign*", "gather", "gather*", "gathered", "math",
    "multline", "multline*", "split", "dmath", "dmath*",
)  # fmt: skip
_OPENER: Final = re.compile(
    r"\\begin\{(?P<environment>" + "|".join(map(re.escape, _DISPLAYS)) + r")\}"
    r"|(?P<display>\$\$|\\\\?\[)|(?P<inline>\$|\\\\?\()|(?P<code>`+)|\\.",
    re.DOTALL,
)
_PARAGRAPH_END: Final = re.compile(r"\n[ \t>]*\n|\Z")
_EQUATION: Final = re.compile(r"(?<![=<>!])=(?!=)|≈")
_NO_PROSE: Final = re.compile(
    rf"</?[A-Za-z][^<>\n{MATH}]*>|(?:https?|ftp|file)://\S+|(?<=\])\([^()\s]*\)"
    r"|^[ \t]*(?:={2,}|-{2,}|\*{3,}|_{3,})[ \t]*$"
    r"|\\(?:usepackage|documentclass|newcommand|def|includegraphics)[^\n]*"
    r"|\\(?:item|noindent|par|textbf|textit|emph)(?![A-Za-z])"
    r"|(?<=\S)[ \t]{2,}\(\d{1,3}(?:\.\d{1,3})?[a-z]?\)[ \t]*$",  # the number of an equation
    re.MULTILINE,
)
_MARKS_BEFORE: Final = re.compile(
    r"\s|[$&>`*-]|\\\\?[\[(]|\\quad|\\qquad|\\begin\{[a-z*]+\}|\\item(?![A-Za-z])"
)
_WORD_SYMBOL: Final = re.compile(r"\\(?:text|mathrm|textit|mathit)\s*\{\s*([A-Za-z]{2,24})\s*\}")


class _Marked(NamedTuple):
    """A formula between marks: the whole, and what it holds."""

    start: int
    end: int
    first: int
    last: int
    is_code: bool


class _Reading:
    """One page being read. What has been read is overwritten at equal length, so places stay."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.line_starts = [0, *(found.end() for found in re.finditer("\n", text))]
        self.passed: list[Passed] = []
        self.marked: list[_Marked] = []
        self.formulas: list[tuple[int, str]] = []  # each with its place

    def page(self) -> Page:
        front, front_lines = front_matter(self.text)
        settings = read_settings(front, first_line=2)
        start = [*self.line_starts, len(self.text)][front_lines]
        body = _overwritten(self.text, [(0, start), *self._blocks(start)])
        sections = [heading.start() for heading in _HEADING.finditer(body)]
        self._find_marked(body)
        self._find_plain(self._prose(body), settings.aliases)
        written = [
            self._written(place + statement.start, statement, place, sections)
            for place, source in sorted(self.formulas)
            for statement in statements(source)
        ]
        passed = sorted(self.passed, key=lambda lines: lines.first)
        return Page(tuple(written), settings, tuple(passed))

    def _written(self, at: int, statement: Statement, place: int, sections: list[int]) -> Written:
        lines = tuple(self._line(place + side.start) for side in statement.sides)
        line = self._line(at)
        before = self.text[self.line_starts[line - 1] : at]
        leads = not _MARKS_BEFORE.sub("", before)
        return Written(statement, line, lines, bisect_right(sections, at), leads)

    def _line(self, at: int) -> int:
        return bisect_right(self.line_starts, at)

    def _blocks(self, at: int) -> Iterator[tuple[int, int]]:
        """Comments and fenced code; a fence marked `math` is a formula."""
        while opening := _first_of(self.text, at, _FENCE, _COMMENT):
            start, at = opening.span()
            if opening.re is _COMMENT:
                self._pass_over(start, at, "a comment")
            else:
                closing = re.compile(
                    rf"^ {{0,3}}(?:>\s?)*{re.escape(opening[1])}[`~]*[ \t]*$", re.MULTILINE
                ).search(self.text, at)
                last = closing.start() if closing else len(self.text)
                if opening[2].strip().lower() == "math":
                    self.formulas.append((at, self.text[at:last]))
                    at = closing.end() if closing else last
                else:
                    at = closing.end() if closing else last
                    self._pass_over(start, at, "code")
            yield start, at

    def _pass_over(self, start: int, end: int, what: str) -> None:
        self.passed.append(Passed(self._line(start), self._line(max(start, end - 1)), what))

    def _find_marked(self, body: str) -> None:
        at = 0
        while opener := _OPENER.search(body, at):
            at = opener.end()
            kind = opener.lastgroup
            if kind is None:  # an escaped character
                continue
            closing = self._closing(body, opener)
            if closing < 0:
                continue  # what follows is read as plain lines
            end = closing + len(_closer(opener))
            first, last = (opener.start(), end) if kind == "environment" else (at, closing)
            if opener[0] != "$" or _is_formula(body[first:last], body[end : end + 1]):
                self.marked.append(_Marked(opener.start(), end, first, last, kind == "code"))
                at = end

    def _closing(self, body: str, opener: re.Match[str]) -> int:
        limit = len(body)
        if opener.lastgroup in ("inline", "code"):
            ending = _PARAGRAPH_END.search(body, opener.end())
            limit = ending.start() if ending else limit
        return _find_mark(body, _closer(opener), opener.end(), limit)

    def _prose(self, body: str) -> str:
        """The page with a stretch of MATH for each marked formula, on the line it begins on."""
        stretches = []
        for mark in self.marked:
            line_end = body.find("\n", mark.start)
            stretches.append((mark.start, mark.end if line_end < 0 else min(mark.end, line_end)))
        prose = _overwritten(body, [(mark.start, mark.end) for mark in self.marked])
        prose = _overwritten(prose, stretches, MATH)
        return _overwritten(prose, [found.span() for found in _NO_PROSE.finditer(prose)])

    def _find_plain(self, prose: str, aliases: Iterable[str]) -> None:
        """The formulas in lines of text, where those between marks take part as they stand."""
        words = words_defined(prose) | {word for word in aliases if word.isalpha()}
        words |= set(_WORD_SYMBOL.findall(self.text))
        start = 0
        opened: tuple[int, int] | None = None  # a formula that went to the end of the line before
        for line in prose.split("\n"):
            end = start + len(line.rstrip())
            if opened and continues_formula(line, prose[slice(*opened)], words):
                self.formulas.pop()
                opened = (opened[0], end)
                self._add(*opened)
            else:
                opened = None
                for first, last in formulas_in_line(line, words):
                    self._add(start + first, start + last)
                    opened = (start + first, end) if start + last == end else None
            start += len(line) + 1

    def _add(self, start: int, end: int) -> None:
        """A formula of the page; the marks within it are overwritten."""
        first = bisect_left(self.marked, start, key=lambda mark: mark.start)
        last = bisect_left(self.marked, end, key=lambda mark: mark.start)
        marks = self.marked[first:last]
        if marks:
            end = max(end, marks[-1].end)
            (one, *others) = marks
            alone = not others and (one.start, one.end) == (start, end)
            if alone and one.is_code and not _EQUATION.search(self.text, one.first, one.last):
                return
        shells = [span for m in marks for span in ((m.start, m.first), (m.last, m.end))]
        source = _overwritten(self.text[start:end], [(a - start, b - start) for a, b in shells])
        self.formulas.append((start, source))


def _closer(opener: re.Match[str]) -> str:
    if opener["environment"]:
        return rf"\end{{{opener['environment']}}}"
    return opener[0].replace("[", "]").replace("(", ")")


def _find_mark(text: str, mark: str, at: int, limit: int) -> int:
    """Where the mark stands first, not escaped and, of dollars and backticks, as many; else -1."""
    while (at := text.find(mark, at, limit)) >= 0:
        end = at + len(mark)
        if mark[0] == "`" and (text[at - 1] == "`" or text[end : end + 1] == "`"):
            at = end
            while text[at : at + 1] == "`":
                at += 1
        elif mark[0] == "$" and text[at - 1] == "\\" and text[at - 2] != "\\":
            at = end
        else:
            return at
    return -1


def _is_formula(content: str, following: str) -> bool:
    """Whether what stands between two dollars is mathematics, not what lies between two prices."""
    tight = content == content.strip() and not following.isdigit()
    return bool(content.strip()) and (tight or bool(re.search(r"[\\=_^]", content)))


def _first_of(text: str, at: int, *patterns: re.Pattern[str]) -> re.Match[str] | None:
    found = [match for pattern in patterns if (match := pattern.search(text, at))]
    return min(found, key=lambda match: match.start(), default=None)


def _overwritten(text: str, spans: Iterable[tuple[int, int]], char: str = " ") -> str:
    """The text with these stretches overwritten; line breaks stay."""
    pieces = []
    at = 0
    for start, end in sorted(spans):
        if end > at:
            pieces.append(text[at:start])
            pieces.append(re.sub(r"[^\n]", char, text[max(start, at) : end]))
            at = end
    return "".join([*pieces, text[at:]])
