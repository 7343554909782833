r"""A page of Markdown, LaTeX or plain text, and every formula on it with its line and setting.

Formulas stand between `$`, `$$`, `\( \)` or `\[ \]`, in `\begin{align}` and its kin, in blocks
fenced as `math`, in inline code that has an equals sign, or in plain lines such as
`dL/dw = -2(y - p) x`. Code and comments are passed over, and it is said which.
"""

from __future__ import annotations

import html
import re
from bisect import bisect_left, bisect_right
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, NamedTuple

from autograd.marking.frontmatter import PageError, Settings, front_matter, read_settings
from autograd.marking.prose import (
    MATH,
    condition_after,
    continues_formula,
    formulas_in_line,
    introduces,
    settings_in_line,
    vocabulary,
)
from autograd.marking.statements import Setting, Statement, statements

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_LONGEST: Final = 1_000_000  # characters: a book
_FAR: Final = 240  # characters of a sentence around a formula


@dataclass(frozen=True, slots=True)
class Passed:
    """Lines that were not read, and what they are."""

    first: int
    last: int
    what: str


@dataclass(frozen=True, slots=True)
class Page:
    """What a page says: its statements in order, what is said beforehand, what was passed over."""

    statements: tuple[Statement, ...]
    settings: Settings
    passed: tuple[Passed, ...]


def read_page(text: str) -> Page:
    r"""Finds every formula on a page.

    Raises PageError for front matter that cannot be used, TypeError for what is not text.

    >>> page = read_page("Let $w = 2$.\n\n    L = (w - 3)^2\n      = 1\n")
    >>> [(found.line, found.setting, found.text) for found in page.statements]
    [(1, 'inline', 'w = 2'), (3, 'display', 'L = (w - 3)^2'), (4, 'display', '= 1')]
    """
    if not isinstance(text, str):
        raise TypeError(
            f"a page must be text, not {type(text).__name__}\nhint: read its file: path.read_text()"
        )
    if len(text) > _LONGEST:
        raise PageError(
            f"the page has {len(text)} characters, more than {_LONGEST}", hint="mark it in parts"
        )
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    front, front_lines = front_matter(text)
    settings = read_settings(front, first_line=2)
    lines = text.split("\n")
    reading = _Reading("\n" * front_lines + _written_out("\n".join(lines[front_lines:])))
    found, passed = reading.page(settings.aliases)
    return Page(found, settings, passed)


# What is written out before anything is read; line breaks stay.

_MACRO: Final = re.compile(
    r"\\(?:(?:re)?newcommand|providecommand|(?P<operator>DeclareMathOperator))\*?\s*\{?\s*"
    r"\\(?P<name>[A-Za-z]+)\s*\}?(?:\s*\[(?P<count>\d)\])?\s*(?=\{)"
    r"|\\def\s*\\(?P<defined>[A-Za-z]+)(?P<marks>(?:#\d)*)\s*(?=\{)"
)
_ENTITY: Final = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z]{2,31});")
_SCRIPT: Final = re.compile(r"<(sub|sup)>([^<>\n]{1,40})</\1>")
_STYLE: Final = re.compile(
    r"</?(?:b|i|em|strong|u|var|span|font|code|a|kbd|center)(?:\s+[\w-]+\s*=[^<>\n]*)?\s*/?>"
)
_ARGUMENT: Final = re.compile(r"\s*(\\[A-Za-z]+|\S)")
_COMMAND: Final = re.compile(r"\\([A-Za-z]+)")
_BRACE: Final = re.compile(r"\\.|[{}]", re.DOTALL)
_LONGEST_MACRO: Final = 2_000
_DEPTH: Final = 4  # of commands in commands


def _written_out(text: str) -> str:
    r"""The page with characters for HTML's entities and scripts, and with its own commands applied.

    >>> _written_out(r"\newcommand{\pd}[2]{\frac{\partial #1}{\partial #2}} $\pd{L}{w} &lt; 0$").strip()
    '$\\frac{\\partial L}{\\partial w} < 0$'
    """
    text = _ENTITY.sub(lambda found: html.unescape(found[0]).replace("\n", " "), text)
    text = _SCRIPT.sub(lambda found: f"{'_' if found[1] == 'sub' else '^'}{{{found[2]}}}", text)
    text = _STYLE.sub("", text)
    macros: dict[str, tuple[int, str]] = {}
    spans = []
    for found in _MACRO.finditer(text):
        body = _group(text, found.end())
        if body:
            inner = body[1:-1]
            inner = rf"\operatorname{{{inner}}}" if found["operator"] else inner
            count = int(found["count"] or len(found["marks"] or "") // 2)
            macros[found["name"] or found["defined"]] = count, inner
            spans.append((found.start(), found.end() + len(body)))
    text = _overwritten(text, spans)
    for _ in range(_DEPTH if macros else 0):
        text = _applied(text, macros)
    return text


def _group(text: str, at: int) -> str:
    """The group in braces that begins here; empty where it is too long or never closed."""
    depth = 0
    for brace in _BRACE.finditer(text, at, at + _LONGEST_MACRO) if text[at : at + 1] == "{" else ():
        depth += {"{": 1, "}": -1}.get(brace[0], 0)
        if depth == 0:
            return text[at : brace.end()]
    return ""


def _applied(text: str, macros: dict[str, tuple[int, str]]) -> str:
    """The text with each command once written out, and no line break fewer."""
    pieces: list[str] = []
    at = size = 0
    for use in _COMMAND.finditer(text):
        if use.start() < at or use[1] not in macros:
            continue
        count, body = macros[use[1]]
        arguments, end = [], use.end()
        for _ in range(count):
            found = _ARGUMENT.match(text, end)
            group = _group(text, found.start(1)) if found else ""
            arguments.append(group[1:-1] if group else found[1] if found else "")
            end = found.start(1) + len(group or found[1]) if found else end
        put_in = dict(zip("123456789", arguments, strict=False))
        written = re.sub(r"#(\d)", lambda place, known=put_in: known.get(place[1], ""), body)
        lost = "\n" * text.count("\n", use.start(), end)
        pieces += [text[at : use.start()], written.replace("\n", " "), lost]
        size += len(written)
        at = end
        if size > _LONGEST:
            raise PageError("the page's own commands make it too long", hint="write them out")
    return "".join([*pieces, text[at:]])


# What is passed over, and where the formulas are.

_BLOCK: Final = re.compile(
    r"^ {0,3}(?:>\s?)*(?P<fence>`{3,}|~{3,})[ \t]*(?P<language>[^\n`]*)$|(?P<comment><!--)"
    r"|<(?P<tag>script|style|pre|svg)\b"
    r"|\\begin\{(?P<listing>verbatim|lstlisting|minted|Verbatim|tikzpicture|comment)\}",
    re.MULTILINE,
)
_CODE: Final = re.compile(
    r"^\s*(?:(?:import|from|return|elif) \w|(?:def|class|print) ?\w*[(:]|else:|try:|except\b|@\w|>>> "
    r"|\.\.\. |(?:In|Out) ?\[\d*\]:|#include|[%!]\w+ |for \w+(?:, ?\w+)* in .*:\s*$)"
    r"|[A-Za-z_]\w*\.[a-z_]\w*\(|\w\[[^\]]{0,20}:[^\]]{0,20}\]|= ?[\"']|\bself\.|\blambda \w+:"
)
_LATEX: Final = re.compile(r"\\(?:documentclass|begin\{document\}|section\{)")
_REMARK: Final = re.compile(r"(?<!\\)%[^\n]*")
_QUOTE: Final = re.compile(r"(?<=\n)[ \t]*(?:>[ \t]?)+")
_DOT: Final = re.compile(r"(?<=\s)\.(?=\s)")  # dL/dz . dz/dw
_TILDE: Final = re.compile(r"(?<=\s)~(?=\s+([A-Z]\w*\()?)")
_HEADING: Final = re.compile(
    r"^(?:#{1,6}\s|\\(?:chapter|section|subsection|subsubsection)\b|<h\d|[^\n]+\n(?:=+|-{3,})[ \t]*$)",
    re.MULTILINE,
)
_UNIT: Final = re.compile(
    r"^[ \t>]*(?:(?:\*\*|__)[^*\n]+(?:\*\*|__)[ \t:.]*$|(?:[*#_]*)(?:Example|Exercise|Problem|Question|Solution"
    r"|Answer|Proof|Theorem|Lemma|Case|Q|Ex)\b[ .]*\d*|\(?\d{1,3}[a-z]?[.)][ \t]|\([a-z]\)[ \t]|[a-z]\)[ \t]"
    r"|Q\d+[.):]|([-*_])(?:[ \t]*\1){2,}[ \t]*$"
    r"|\\(?:paragraph|begin\{(?:theorem|lemma|example|exercise|proof|problem|solution|definition)))",
    re.MULTILINE,
)
_PARAGRAPH_END: Final = re.compile(r"\n[ \t>]*\n|\Z")
_SENTENCE_END: Final = re.compile(
    r"(?<!\b[ei]\.[ge])(?<!\bcf)[.?!](?=\s)|\n[ \t>]*(?=\n)|\n(?=[ \t>]*(?:[-*+•#]|\(?\w{1,3}[.)])\s)"
)
_OPENER: Final = re.compile(
    r"\\begin\{(?P<environment>(?:(?:fl)?align(?:at|ed)?|displaymath|eqnarray|equation|gather(?:ed)?"
    r"|math|multline|split|dmath)\*?)\}"
    r"|(?P<display>\$\$|\\\\?\[)|(?P<inline>\$|\\\\?\()|(?P<code>`+)|\\.",
    re.DOTALL,
)
_EQUATION: Final = re.compile(r"(?<![=<>!])=(?!=)|≈")
_NO_PROSE: Final = re.compile(
    rf"</?[A-Za-z][^<>\n{MATH}]*>|\{{%[^%{{}}]*%\}}|(?:https?|ftp|file)://\S+|(?<=\])\([^()\s]*\)"
    r"|={3,}|^[ \t]*(?:={2,}|-{2,}|\*{3,}|_{3,})[ \t]*$"
    r"|\\(?:usepackage|documentclass|includegraphics|title|author|bibliography)[^\n]*"
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
    kind: str


class _Found(NamedTuple):
    """A formula: where it is, its text, and how it stands there."""

    start: int
    end: int
    source: str
    setting: Setting
    tex: bool | None


class _Reading:
    """One page being read. What has been read is overwritten at equal length, so places stay."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.line_starts = [0, *(found.end() for found in re.finditer("\n", text))]
        self.passed: list[Passed] = []
        self.marked: list[_Marked] = []
        self.formulas: list[_Found] = []

    def page(self, aliases: Iterable[str]) -> tuple[tuple[Statement, ...], tuple[Passed, ...]]:
        """The statements of the page, and what was passed over."""
        body = _overwritten(self.text, self._blocks())
        body = _overwritten(body, list(self._code(body)))
        self._find_marked(body)
        prose = self._prose(body)
        self._find_plain(prose, aliases)
        places = [
            [found.start() for found in pattern.finditer(where)]
            for pattern, where in (
                (_HEADING, body), (_UNIT, body), (_PARAGRAPH_END, prose), (_SENTENCE_END, prose)
            )
        ]  # fmt: skip
        written = [
            statement
            for formula in sorted(self.formulas)
            for statement in self._statements(formula, prose, places)
        ]
        return tuple(written), tuple(sorted(self.passed, key=lambda lines: lines.first))

    def _statements(
        self, formula: _Found, prose: str, places: list[list[int]]
    ) -> Iterator[Statement]:
        """The statements in a formula, with what the page says around it."""
        headings, units, paragraphs, sentences = places
        start, end, source, setting, tex = formula
        line = self._line(start)
        leads = not _MARKS_BEFORE.sub("", self.text[max(self.line_starts[line - 1], start - _FAR) : start])
        before, after = self._around(start, end, prose, sentences)
        section = bisect_right(headings, start)
        for found in statements(source, line):
            last = f"{found.after} {after}".strip()
            yield replace(
                found,
                section=section,
                unit=section + bisect_right(units, start),
                paragraph=bisect_right(paragraphs, start),
                setting=setting,
                tex=tex,
                before=f"{before} {found.before}".strip(),
                after=last,
                condition=condition_after(last),
                leads=found.leads and (leads or found.line > line),
            )

    def _around(self, start: int, end: int, prose: str, sentences: list[int]) -> tuple[str, str]:
        """What its sentence says before and after a formula; of others before it that they are."""
        place = bisect_left(sentences, start)
        first = sentences[place - 1] + 1 if place else 0
        if not prose[first:start].strip() and place and prose[first - 1] == "\n":
            earlier = sentences[place - 2] + 1 if place > 1 else 0
            if introduces(prose[max(earlier, first - 30) : first]):  # a display in a sentence
                first = earlier
        place = bisect_left(sentences, end)
        last = sentences[place] if place < len(sentences) else len(prose)
        before = re.sub(f"{MATH}+", MATH, prose[max(first, start - _FAR) : start])
        after = self.text[end : min(last, end + _FAR)]
        return " ".join(before.split()), " ".join(after.split())

    def _line(self, at: int) -> int:
        return bisect_right(self.line_starts, at)

    def _pass_over(self, start: int, end: int, what: str) -> tuple[int, int]:
        self.passed.append(Passed(self._line(start), self._line(max(start, end - 1)), what))
        return start, end

    def _blocks(self) -> Iterator[tuple[int, int]]:
        """Comments, listings and fenced code; a fence marked `math` is a formula."""
        at = max(0, self.text.find(r"\begin{document}"))
        if at:
            yield self._pass_over(0, at, "the preamble")
        while opening := _BLOCK.search(self.text, at):
            start, at = opening.span()
            name = opening["tag"] or opening["listing"] or ""
            pattern = rf"</{name}>|\\end\{{{name}\}}" if name else "-->"
            if opening["fence"]:
                pattern = rf"^ {{0,3}}(?:>\s?)*{opening['fence']}[`~]*[ \t]*$"
            closing = re.compile(pattern, re.MULTILINE).search(self.text, at)
            end = closing.end() if closing else len(self.text)
            if (opening["language"] or "").strip().lower() == "math":
                last = closing.start() if closing else end
                self.formulas.append(_Found(at, last, self.text[at:last], "display", tex=True))
            else:
                self._pass_over(start, end, "a comment" if opening["comment"] else "code")
            yield start, end
            at = end
        if _LATEX.search(self.text):
            yield from (found.span() for found in _REMARK.finditer(self.text))

    def _code(self, body: str) -> Iterator[tuple[int, int]]:
        """Lines that are surely code, and all lines of their block where these are indented."""
        at = 0
        block: list[tuple[int, int, bool]] = []
        indented = True
        for line in [*body.split("\n"), ""]:
            if line.strip():
                block.append((at, at + len(line), "$" not in line and bool(_CODE.search(line[:300]))))
                indented = indented and line.startswith(("    ", "\t", ">>>", "..."))
            else:
                sure = [span for span in block if span[2]]
                if indented and sure or 2 * len(sure) > len(block):
                    sure = [(block[0][0], block[-1][1], True)]
                for start, end, _ in sure:
                    yield self._pass_over(start, end, "code")
                block, indented = [], True
            at += len(line) + 1

    def _find_marked(self, body: str) -> None:
        ends = [found.start() for found in _PARAGRAPH_END.finditer(body)]
        missing: set[tuple[str, int]] = set()
        at = 0
        while opener := _OPENER.search(body, at):
            at = opener.end()
            kind = opener.lastgroup
            if kind is None:  # an escaped character
                continue
            mark = _closer(opener)
            is_short = kind in ("inline", "code")
            limit = ends[bisect_left(ends, at)] if is_short else len(body)
            closing = -1 if (mark, limit) in missing else _find_mark(body, mark, at, limit)
            if closing < 0:
                missing.add((mark, limit))
                continue  # what follows is read as plain lines
            end = closing + len(mark)
            first, last = (opener.start(), end) if kind == "environment" else (at, closing)
            if opener[0] != "$" or _is_formula(body[first:last], body[end : end + 1]):
                self.marked.append(_Marked(opener.start(), end, first, last, kind))
                at = end

    def _prose(self, body: str) -> str:
        """The page with a stretch of MATH for each marked formula, on the line it begins on."""
        stretches = []
        for mark in self.marked:
            line_end = body.find("\n", mark.start, mark.end)
            stretches.append((mark.start, mark.end if line_end < 0 else line_end))
        prose = _overwritten(body, [(mark.start, mark.end) for mark in self.marked])
        prose = _overwritten(prose, stretches, MATH)
        return _overwritten(prose, [found.span() for found in _NO_PROSE.finditer(prose)])

    def _find_plain(self, prose: str, aliases: Iterable[str]) -> None:
        """The formulas in lines of text, where those between marks take part as they stand."""
        inside = " ; ".join(self.text[mark.first : mark.last] for mark in self.marked)
        lines = "\n".join(line for line in prose.split("\n") if "=" in line)
        known = vocabulary(prose, f"{inside} ; {lines}", [*aliases, *_WORD_SYMBOL.findall(self.text)])
        start = 0
        opened: _Found | None = None  # a formula that went to the end of the line before
        for line in prose.split("\n"):
            end = start + len(line.rstrip())
            if opened and continues_formula(line, prose[opened.start : opened.end], known):
                self.formulas.pop()
                opened = self._add(opened.start, end, opened.setting)
            else:
                opened = None
                spans = list(formulas_in_line(line, known))
                for setting, (first, last) in zip(settings_in_line(line, spans), spans, strict=True):
                    found = self._add(start + first, start + last, setting)
                    opened = found if start + last == end else None
            start += len(line) + 1

    def _add(self, start: int, end: int, setting: Setting) -> _Found | None:
        """A formula of the page; the marks within it are overwritten."""
        first = bisect_left(self.marked, start, key=lambda mark: mark.start)
        last = bisect_left(self.marked, end, key=lambda mark: mark.start)
        marks = self.marked[first:last]
        tex = True if marks and all(mark.kind != "code" for mark in marks) else None
        if not marks:
            source = _DOT.sub("·", self.text[start:end])
            source = _TILDE.sub(lambda sign: "∼" if sign[1] else "≈", source)
        else:
            end = max(end, marks[-1].end)
            (one, *others) = marks
            alone = not others and (one.start, one.end) == (start, end)
            if alone and one.kind == "code" and not _EQUATION.search(self.text, one.first, one.last):
                return None
            if alone and one.kind in ("display", "environment"):
                setting = "display"
            shells = [span for m in marks for span in ((m.start, m.first), (m.last, m.end))]
            source = _overwritten(self.text[start:end], [(a - start, b - start) for a, b in shells])
            source = _QUOTE.sub(" ", source)
        self.formulas.append(_Found(start, end, source, setting, tex))
        return self.formulas[-1]


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
