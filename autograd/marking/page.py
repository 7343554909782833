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
from itertools import groupby
from typing import TYPE_CHECKING, Final, NamedTuple

from autograd.marking.frontmatter import PageError, Settings, front_matter, read_settings
from autograd.marking.prose import (
    LEADING,
    MATH,
    Setting,
    condition_after,
    continues_formula,
    formulas_in_line,
    settings_in_line,
    vocabulary,
)
from autograd.marking.statements import Equation, statements

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_LONGEST: Final = 1_000_000  # characters: a book
_UNSEEN: Final = str.maketrans("\r", "\n", f"{MATH}\v\x02\x03\x1e\x1f")


@dataclass(frozen=True, slots=True)
class Passed:
    """Lines that were not read, and what they are."""

    first: int
    last: int
    what: str


@dataclass(frozen=True, slots=True)
class Page:
    """What a page says: its statements in order, what is said beforehand, what was passed over."""

    statements: tuple[Equation, ...]
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
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").translate(_UNSEEN)
    front, lines = front_matter(text)
    settings = read_settings(front, first_line=2)
    text = "\n" * lines + _written_out("\n".join(text.split("\n")[lines:]))
    text, passed = _without_code(text)
    found = _Reading(text, settings.aliases).statements()
    return Page(tuple(found), settings, tuple(sorted(passed, key=lambda lines: lines.first)))


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
_VERBATIM: Final = re.compile(r"\\verb\*?([^\w\s]).*?\1")
_ARGUMENT: Final = re.compile(r"\s*(\\[A-Za-z]+|\S)")
_COMMAND: Final = re.compile(r"\\([A-Za-z]+)")
_BRACE: Final = re.compile(r"\\.|[{}]", re.DOTALL)
_LONGEST_MACRO: Final = 2_000
_DEPTH: Final = 4  # of commands in commands


def _written_out(text: str) -> str:
    r"""The page with characters for HTML's entities and scripts, and with its own commands applied.

    >>> _written_out(r"\newcommand{\pd}[2]{d #1 / d #2} $\pd{L}{w} &lt; 0$").strip()
    '$d L / d w < 0$'
    """
    text = _ENTITY.sub(lambda found: html.unescape(found[0]).replace("\n", " "), text)
    text = _SCRIPT.sub(lambda found: f"{'_' if found[1] == 'sub' else '^'}{{{found[2]}}}", text)
    text = _VERBATIM.sub(" ", _STYLE.sub("", text))
    macros: dict[str, tuple[int, list[str]]] = {}
    spans = []
    for found in _MACRO.finditer(text):
        body = _group(text, found.end())
        if body:
            inner = body[1:-1]
            inner = rf"\operatorname{{{inner}}}" if found["operator"] else inner
            count = int(found["count"] or len(found["marks"] or "") // 2)
            parts = re.findall(r"#\d|[^#]+|#", inner)
            macros[found["name"] or found["defined"]] = count, parts
            spans.append((found.start(), found.end() + len(body), ""))
    text = _blanked(text, spans, [])
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


def _applied(text: str, macros: Mapping[str, tuple[int, list[str]]]) -> str:
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
        written = "".join(put_in.get(part[1:], "") if part[0] == "#" else part for part in body)
        lost = "\n" * text.count("\n", use.start(), end)
        pieces += [text[at : use.start()], written.replace("\n", " "), lost]
        size += len(written)
        at = end
        if size > _LONGEST:
            raise PageError("the page's own commands make it too long", hint="write them out")
    return "".join([*pieces, text[at:]])


# What is passed over.

_BLOCK: Final = re.compile(
    r"^ {0,3}(?:>\s?)*(?P<fence>`{3,}|~{3,})[ \t]*(?P<language>[^\n`]*)$|(?P<comment><!--)"
    r"|<(?P<tag>script|style|pre|svg)\b"
    r"|\\begin\{(?P<listing>verbatim|lstlisting|minted|Verbatim|asy|asypicture|tikzpicture|comment)\}",
    re.MULTILINE,
)
_CODE: Final = re.compile(
    r"^\s*(?:(?:import|from|return|elif) \w|(?:def|class|print) ?\w*[(:]|else:|try:|except\b|@\w"
    r"|>>> |\.\.\. |(?:In|Out) ?\[\d*\]:|#include|[%!]\w+ |for \w+(?:, ?\w+)* in .*:\s*$)"
    r"|[A-Za-z_]\w*\.[a-z_]\w*\(|\w\[[^\]]{0,20}:[^\]]{0,20}\]|= ?[\"']|\bself\.|\blambda \w+:"
)
_LATEX: Final = re.compile(r"\\(?:documentclass|begin\{document\}|section\{)")
_REMARK: Final = re.compile(r"(?<!\\)%[^\n]*")
_DISPLAY: Final = "$$"


def _without_code(text: str) -> tuple[str, list[Passed]]:
    """The page without comments and code, no line fewer; a fence marked `math` is a display."""
    passed: list[Passed] = []
    if _LATEX.search(text):
        text = _REMARK.sub("", text)
    for spans in (_blocks, _code_lines):
        text = _blanked(text, spans(text), passed)
    return text, passed


def _blanked(text: str, spans: Iterable[tuple[int, int, str]], passed: list[Passed]) -> str:
    """The text with line breaks alone in the place of what is passed over."""
    pieces: list[str] = []
    at, line = 0, 1
    for start, end, what in spans:
        line += text.count("\n", at, start)
        lines = text.count("\n", start, end)
        pieces += [text[at:start], _DISPLAY if what == _DISPLAY else " " + "\n" * lines]
        if what != _DISPLAY:
            passed.append(Passed(line, line + lines - text.endswith("\n", start, end), what))
        at, line = end, line + lines
    return "".join([*pieces, text[at:]])


def _blocks(text: str) -> Iterator[tuple[int, int, str]]:
    at = max(0, text.find(r"\begin{document}"))
    if at:
        yield 0, at, "the preamble"
    while opening := _BLOCK.search(text, at):
        name = opening["tag"] or opening["listing"] or ""
        pattern = rf"</{name}>|\\end\{{{name}\}}" if name else "-->"
        if opening["fence"]:
            pattern = rf"^ {{0,3}}(?:>\s?)*{opening['fence']}[`~]*[ \t]*$"
        closing = re.compile(pattern, re.MULTILINE).search(text, opening.end())
        at = closing.end() if closing else len(text)
        if (opening["language"] or "").strip().lower() == "math":
            yield *opening.span(), _DISPLAY
            if closing:
                yield *closing.span(), _DISPLAY
        else:
            yield opening.start(), at, "a comment" if opening["comment"] else "code"


def _code_lines(text: str) -> Iterator[tuple[int, int, str]]:
    """Lines that are surely code, and all lines of their block where these are indented."""
    at = 0
    block: list[tuple[int, int, bool]] = []
    indented = True
    for line in [*text.split("\n"), ""]:
        if line.strip():
            is_code = not {"$", "\\"} & {*line} and _CODE.search(line[:300]) is not None
            block.append((at, at + len(line), is_code))
            indented = indented and line.startswith(("    ", "\t", ">>>", "..."))
        else:
            sure = [span for span in block if span[2]]
            if sure and (indented or 2 * len(sure) > len(block)):
                sure = [(block[0][0], block[-1][1], True)]
            yield from ((start, end, "code") for start, end, _ in sure)
            block, indented = [], True
        at += len(line) + 1


# Where the formulas are.

_FAR: Final = 240  # characters of a sentence around a formula
_HEADING: Final = re.compile(
    r"^(?:#{1,6}\s|\\(?:chapter|(?:sub)*section)\b|<h\d|[^\n]+\n(?:=+|-{3,})[ \t]*$)",
    re.MULTILINE,
)
_UNIT: Final = re.compile(
    r"^[ \t>]*(?:(?:\*\*|__)[^*\n]+(?:\*\*|__)[ \t:.]*$|([-*_])(?:[ \t]*\1){2,}[ \t]*$"
    r"|[*#_]*(?:Example|Exercise|Problem|Question|Solution|Answer|Proof|Theorem|Lemma|Case|Q|Ex)\b"
    r"|(?:\(?\d{1,3}[a-z]?[.)]|\([a-z]\)|[a-z]\))[ \t]|Q\d+[.):]"
    r"|\\(?:paragraph|begin\{(?:theorem|lemma|example|exercise|proof|problem|solution|definition)))",
    re.MULTILINE,
)
_PARAGRAPH_END: Final = re.compile(r"\n(?:[ \t>\v]*\n)+|\Z")
_SENTENCE_END: Final = re.compile(
    r"(?<!\b[ei]\.[ge])(?<!\bcf)[.?!](?=\s)|\n[ \t>]*(?=\n)|(?<=\s)\|(?=\s)"
    r"|\n(?=[ \t>]*(?:[-*+•#]|\(?\w{1,3}[.)])\s)"
)
_OPENER: Final = re.compile(
    r"\\begin\{(?P<environment>(?:(?:fl)?align(?:at|ed)?|displaymath|eqnarray|equation|gather(?:ed)?"
    r"|math|multline|split|dmath)\*?)\}"
    r"|(?P<display>\$\$|\\\\?\[)|(?P<inline>\$|\\\\?\()|(?P<code>`+)|\\.",
    re.DOTALL,
)
_NO_PROSE: Final = re.compile(
    rf"</?[A-Za-z][^<>\n{MATH}]*>|\{{%[^%{{}}]*%\}}|(?:https?|ftp|file)://\S+|(?<=\])\([^()\s]*\)"
    r"|={3,}|^[ \t]*(?:={2,}|-{2,}|\*{3,}|_{3,})[ \t]*$"
    r"|\\(?:usepackage|documentclass|includegraphics|title|author|bibliography)[^\n]*"
    r"|\\(?:item|noindent|par|textbf|textit|emph)(?![A-Za-z])"
    r"|(?<=\S)[ \t]{2,}\(\d{1,3}(?:\.\d{1,3})?[a-z]?\)[ \t]*$",  # the number of an equation
    re.MULTILINE,
)
_WITHIN: Final = "\v"  # a line break in a formula
_EQUATION: Final = re.compile(r"(?<![=<>!])=(?!=)|≈")
_MARKS_BEFORE: Final = re.compile(r"\s|[>*-]|\\item(?![A-Za-z])")
_WORD_SYMBOL: Final = re.compile(r"\\(?:text|mathrm|textit|mathit)\s*\{\s*([A-Za-z]{2,24})\s*\}")
_QUOTE: Final = re.compile(r"(?<=\n)[ \t]*(?:>[ \t]?)+")
_DOT: Final = re.compile(r"(?<=\s)\.(?=\s)")  # dL/dz . dz/dw
_TILDE: Final = re.compile(r"(?<=\s)~(?=\s+([A-Z]\w*\()?)")


class _Mark(NamedTuple):
    """A formula between marks: what it holds, and what the marks are."""

    content: str
    kind: str


class _Found(NamedTuple):
    """A formula: where it is in the prose, its text, and how it stands there."""

    start: int
    end: int
    source: str
    setting: Setting
    tex: bool | None
    cell: tuple[int, int] = (0, 0)  # of a table: the place of its row, and which in it


def _marked(body: str) -> tuple[str, list[_Mark]]:
    """The page with the character MATH for each formula between marks, and these."""
    ends = [found.start() for found in _PARAGRAPH_END.finditer(body)]
    missing: set[tuple[str, int]] = set()
    marks: list[_Mark] = []
    pieces: list[str] = []
    at = written = 0
    while opener := _OPENER.search(body, at):
        at = opener.end()
        kind = opener.lastgroup
        if kind is None:  # an escaped character
            continue
        name = opener["environment"]
        mark = rf"\end{{{name}}}" if name else opener[0].replace("[", "]").replace("(", ")")
        limit = ends[bisect_left(ends, at)] if kind in ("inline", "code") else len(body)
        closing = -1 if (mark, limit) in missing else _find_mark(body, mark, at, limit)
        if closing < 0:
            missing.add((mark, limit))
            continue  # what follows is read as plain lines
        end = closing + len(mark)
        content = body[opener.start() : end] if name else body[at:closing]
        if opener[0] != "$" or _is_formula(content, body[end : end + 1]):
            lines = _WITHIN * body.count("\n", opener.start(), end)
            pieces += [body[written : opener.start()], MATH, lines]
            marks.append(_Mark(content, kind))
            at = written = end
    return "".join([*pieces, body[written:]]), marks


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


class _Reading:
    """One page being read: its prose, with the formulas between marks aside."""

    def __init__(self, body: str, aliases: Iterable[str]) -> None:
        prose, self.marks = _marked(body)
        self.sections, self.units = _places(_HEADING, prose), _places(_UNIT, prose)
        self.prose = _NO_PROSE.sub(lambda found: re.sub(".", " ", found[0]), prose)
        self.lines = _places(re.compile(r"[\n\v]"), self.prose)
        self.paragraphs = _places(_PARAGRAPH_END, self.prose)
        self.sentences = _places(_SENTENCE_END, self.prose)
        self.places = _places(re.compile(MATH), self.prose)
        inside = " ; ".join(mark.content for mark in self.marks)
        lines = "\n".join(line for line in prose.split("\n") if "=" in line)
        others = [*aliases, *_WORD_SYMBOL.findall(body)]
        self.known = vocabulary(self.prose, f"{inside} ; {lines}", others)

    def statements(self) -> Iterator[Equation]:
        """The statements in each formula, with what the page says around it."""
        for start, end, source, setting, tex, _ in _by_column(self._formulas()):
            line = bisect_right(self.lines, start) + 1
            begins = self.lines[line - 2] + 1 if line > 1 else 0
            leads = not _MARKS_BEFORE.sub("", self.prose[max(begins, start - _FAR) : start])
            section = bisect_right(self.sections, start)
            before, after = self._around(start, end)
            for found in statements(source, line):
                last = f"{found.after} {after}".strip()
                yield replace(
                    found,
                    section=section,
                    unit=section + bisect_right(self.units, start),
                    paragraph=bisect_right(self.paragraphs, start),
                    setting=setting,
                    tex=tex,
                    before=f"{before} {found.before}".strip(),
                    after=last,
                    condition=condition_after(last),
                    leads=found.leads and (leads or found.line > line),
                )

    def _around(self, start: int, end: int) -> tuple[str, str]:
        """What its sentence says before and after a formula."""
        place = bisect_left(self.sentences, start)
        starts = [0, 0, *(at + 1 for at in self.sentences[max(0, place - 2) : place])]
        earlier, first = starts[-2:]
        led = LEADING.search(self.prose, max(earlier, first - 30), first)
        if first and self.prose[first - 1] == "\n" and led and self.prose[first:start].isspace():
            first = earlier  # a display in a sentence
        place = bisect_left(self.sentences, end)
        last = self.sentences[place] if place < len(self.sentences) else len(self.prose)
        line_end = self.prose.find("\n", end)
        if line_end >= 0 and "=" in self.prose[line_end : self.prose.find("\n", line_end + 1)]:
            last = min(last, line_end)  # another formula begins there
        line_start = self.prose.rfind("\n", 0, start)
        if (
            line_start >= 0
            and "=" in self.prose[self.prose.rfind("\n", 0, line_start) : line_start]
        ):
            first = max(first, line_start)
        before = self.prose[max(first, start - _FAR) : start]
        after = self._with_formulas(end, min(last, end + _FAR), "$")
        return " ".join(before.split()), " ".join(after.split())

    def _with_formulas(self, start: int, end: int, mark: str = " ") -> str:
        """A stretch of the prose with what stood between marks put in."""
        contents = iter(self._marks(start, end))
        return re.sub(
            rf"{MATH}\v*", lambda _: f"{mark}{next(contents).content}{mark}", self.prose[start:end]
        )

    def _marks(self, start: int, end: int) -> list[_Mark]:
        return self.marks[bisect_left(self.places, start) : bisect_left(self.places, end)]

    def _formulas(self) -> Iterator[_Found]:
        """The formulas in lines of text, where those between marks take part as they stand."""
        start = 0
        opened: _Found | None = None  # a formula that went to the end of the line before
        for line in self.prose.split("\n"):
            end = start + len(line.rstrip())
            if opened:
                before = self.prose[opened.start : opened.end]
                if continues_formula(line, before, self.known):
                    opened = self._found(opened.start, end, opened.setting)
                    start += len(line) + 1
                    continue
                yield opened
                opened = None
            spans = list(formulas_in_line(line, self.known))
            is_table = line.strip()[:1] == line.strip()[-1:] == "|"
            for setting, (first, last) in zip(settings_in_line(line, spans), spans, strict=True):
                if opened:
                    yield opened
                opened = self._found(start + first, start + last, setting)
                if opened and is_table:
                    opened = opened._replace(cell=(start, line.count("|", 0, first)))
            if opened and opened.end != end:
                yield opened
                opened = None
            start += len(line) + 1
        if opened:
            yield opened

    def _found(self, start: int, end: int, setting: Setting) -> _Found | None:
        marks = self._marks(start, end)
        if not marks:
            source = _DOT.sub("·", self.prose[start:end])
            source = _TILDE.sub(lambda sign: "∼" if sign[1] else "≈", source)
            return _Found(start, end, source, setting, None)
        source = _QUOTE.sub(" ", self._with_formulas(start, end))
        kinds = {mark.kind for mark in marks}
        alone = end == start + 1
        if alone and kinds == {"code"} and not _EQUATION.search(source):
            return None
        if alone and kinds & {"display", "environment"}:
            setting = "display"
        return _Found(start, end, source, setting, "code" not in kinds or None)


def _by_column(found: Iterable[_Found]) -> Iterator[_Found]:
    """The formulas in order; of a table that says the same of things side by side, by columns."""
    for _, group in groupby(found, key=lambda formula: formula.cell[1] > 0):
        formulas = list(group)
        heads = [(f.cell[0], f.source.split("=")[0].strip()) for f in formulas if "=" in f.source]
        if formulas[0].cell[1] and len(set(heads)) < len(heads):
            formulas.sort(key=lambda formula: formula.cell[1])
        yield from formulas


def _places(pattern: re.Pattern[str], text: str) -> list[int]:
    return [found.start() for found in pattern.finditer(text)]
