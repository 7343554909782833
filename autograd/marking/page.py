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
from itertools import groupby, repeat
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
    unit_after,
    vocabulary,
)
from autograd.marking.statements import Equation, Side, closings, statements

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_LONGEST: Final = 1_000_000  # characters: a book
_MOST: Final = 5_000  # formulas
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

    Raises PageError for front matter that cannot be used and for a page that is a book, TypeError
    for what is not text.

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
    passed: list[Passed] = []
    for spans in (_blocks, _code_lines):
        text = _blanked(text, spans(text), passed)
    found: list[Equation] = []
    signs = 0
    for equation in _Reading(text, settings.aliases).statements():
        found.append(equation)
        signs += max(1, len(equation.sides) - 1)
        if signs > _MOST:
            raise PageError(f"the page has more than {_MOST} formulas", hint="mark it in parts")
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
_FENCE_EDGE: Final = r"^ {0,3}(?:>\s?)*"
_MATH_FENCE: Final = re.compile(
    rf"{_FENCE_EDGE}(?P<fence>`{{3,}}|~{{3,}})[ \t]*math[ \t]*$(?P<content>.*?)"
    rf"{_FENCE_EDGE}(?P=fence)[`~]*[ \t]*$",
    re.MULTILINE | re.DOTALL | re.IGNORECASE,
)
_LATEX: Final = re.compile(r"\\(?:documentclass|begin\{document\}|section\{)")
_REMARK: Final = re.compile(r"(?<!\\)%[^\n]*")
_DEPTH: Final = 4  # of commands in commands


def _written_out(text: str) -> str:
    r"""The page with characters for HTML's entities and scripts, and with its own commands applied.

    >>> _written_out(r"\newcommand{\pd}[2]{d #1 / d #2} $\pd{L}{w} &lt; 0$").strip()
    '$d L / d w < 0$'
    """
    text = _ENTITY.sub(lambda found: html.unescape(found[0]).replace("\n", " "), text)
    text = _SCRIPT.sub(lambda found: f"{'_' if found[1] == 'sub' else '^'}{{{found[2]}}}", text)
    text = _VERBATIM.sub(" ", _STYLE.sub("", text))
    text = _MATH_FENCE.sub(r"$$\g<content>$$", text)
    macros: dict[str, tuple[int, list[str]]] = {}
    spans = []
    ends = closings(text) if "\\" in text else {}
    for found in _MACRO.finditer(text):
        if end := ends.get(found.end(), 0):
            inner = text[found.end() + 1 : end - 1]
            inner = rf"\operatorname{{{inner}}}" if found["operator"] else inner
            count = int(found["count"] or len(found["marks"] or "") // 2)
            parts = re.findall(r"#\d|[^#]+|#", inner)
            macros[found["name"] or found["defined"]] = count, parts
            spans.append((found.start(), end, ""))
    text = _blanked(text, spans, [])
    for _ in range(_DEPTH if macros else 0):
        text = _applied(text, macros)
    return _REMARK.sub("", text) if _LATEX.search(text) else text


def _applied(text: str, macros: Mapping[str, tuple[int, list[str]]]) -> str:
    """The text with each command once written out, and no line break fewer."""
    ends = closings(text)
    pieces: list[str] = []
    at = size = 0
    for use in _COMMAND.finditer(text):
        if use.start() < at or use[1] not in macros:
            continue
        count, body = macros[use[1]]
        put_in, end = {}, use.end()
        for number in range(1, count + 1):
            if argument := _ARGUMENT.match(text, end):
                start = argument.start(1)
                end = ends.get(start, argument.end())
                put_in[f"#{number}"] = text[start + 1 : end - 1] if start in ends else argument[1]
        written = "".join(put_in.get(part, "") if part[0] == "#" else part for part in body)
        lost = "\n" * text.count("\n", use.start(), end)
        pieces += [text[at : use.start()], written.replace("\n", " "), lost]
        size += len(written)
        at = end
        if size > _LONGEST:
            raise PageError("the page's own commands make it too long", hint="write them out")
    return "".join([*pieces, text[at:]])


# What is passed over.

_BLOCK: Final = re.compile(
    rf"{_FENCE_EDGE}(?P<fence>`{{3,}}|~{{3,}})[^\n`]*$|(?P<comment><!--)"
    r"|<(?P<tag>script|style|pre|svg)\b"
    r"|\\begin\{(?P<listing>verbatim|lstlisting|minted|Verbatim|asy|asypicture|tikzpicture|comment)\}",
    re.MULTILINE,
)
_CODE: Final = re.compile(
    r"^\s*(?:(?:import|from|return|elif) \w|(?:def|class|print) ?\w*[(:]|else:|try:|except\b|@\w"
    r"|>>> |\.\.\. |(?:In|Out) ?\[\d*\]:|#include|[%!]\w+ |for \w+(?:, ?\w+)* in .*:\s*$)"
    r"|[A-Za-z_]\w*\.[a-z_]\w*\(|\w\[[^\]]{0,20}:[^\]]{0,20}\]|= ?[\"']|\bself\.|\blambda \w+:"
)


def _blanked(text: str, spans: Iterable[tuple[int, int, str]], passed: list[Passed]) -> str:
    """The text with line breaks alone in the place of what is passed over."""
    pieces: list[str] = []
    at, line = 0, 1
    for start, end, what in spans:
        line += text.count("\n", at, start)
        lines = text.count("\n", start, end)
        pieces += [text[at:start], " " + "\n" * lines]
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
            pattern = rf"{_FENCE_EDGE}{opening['fence']}[`~]*[ \t]*$"
        closing = re.compile(pattern, re.MULTILINE).search(text, opening.end())
        at = closing.end() if closing else len(text)
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
    r"^(?:#{1,6}\s|\\(?:chapter|(?:sub)*section)\b|<h\d|[^\n]+\n(?:=+|-{3,}|([+~^*\"'.:_#])\1{3,})"
    r"[ \t]*$)",
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
_ALONE: Final = {"$": r"(?<!(?<!\\)\\){}", "`": "(?<!`){}(?!`)"}  # not escaped; so many, no more
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
    cell: tuple[int, int]  # of a table: the place of its row, and which in it


def _marked(body: str) -> tuple[str, list[_Mark]]:
    """The page with the character MATH for each formula between marks, and these."""
    ends = [found.start() for found in _PARAGRAPH_END.finditer(body)]
    missing: set[tuple[str, int]] = set()
    marks: list[_Mark] = []
    pieces: list[str] = []
    at = written = 0
    while opener := _OPENER.search(body, at):
        at, kind, name = opener.end(), opener.lastgroup, opener["environment"]
        if kind is None:  # an escaped character
            continue
        mark = rf"\end{{{name}}}" if name else opener[0].replace("[", "]").replace("(", ")")
        alone = _ALONE.get(mark[0], "{}").format(re.escape(mark))
        limit = ends[bisect_left(ends, at)] if kind in ("inline", "code") else len(body)
        is_missing = (mark, limit) in missing
        closing = None if is_missing else re.compile(alone).search(body, at, limit)
        if closing is None:
            missing.add((mark, limit))
            continue  # what follows is read as plain lines
        end = closing.end()
        content = body[opener.start() : end] if name else body[at : closing.start()]
        if opener[0] != "$" or _is_formula(content, body[end : end + 1]):
            lines = _WITHIN * body.count("\n", opener.start(), end)
            pieces += [body[written : opener.start()], MATH, lines]
            marks.append(_Mark(content, kind))
            at = written = end
    return "".join([*pieces, body[written:]]), marks


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
                    sides=_measured(found.sides, last),
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

    def _formulas(self) -> list[_Found]:
        """The formulas in lines of text, where those between marks take part as they stand."""
        formulas: list[_Found] = []
        start, ended = 0, -1
        for line in self.prose.split("\n"):
            end = start + len(line.rstrip())
            last = formulas[-1] if formulas and formulas[-1].end == ended else None
            goes_on = last and continues_formula(line, self.prose[last.start : ended], self.known)
            if last and goes_on:
                formulas[-1:] = self._found(last.start, end, last.setting)
            elif end > start:
                spans = list(formulas_in_line(line, self.known))
                settings = settings_in_line(line, spans)
                if _HEADING.match(line):
                    settings = repeat("inline", len(spans))  # a title names, it claims nothing
                is_table = line.strip()[:1] == line.strip()[-1:] == "|"
                for setting, (a, b) in zip(settings, spans, strict=True):
                    cell = (start, line.count("|", 0, a)) if is_table else (0, 0)
                    formulas += self._found(start + a, start + b, setting, cell)
            start, ended = start + len(line) + 1, end
        return formulas

    def _found(
        self, start: int, end: int, setting: Setting, cell: tuple[int, int] = (0, 0)
    ) -> Iterator[_Found]:
        marks = self._marks(start, end)
        if not marks:
            source = _DOT.sub("·", self.prose[start:end])
            source = _TILDE.sub(lambda sign: "∼" if sign[1] else "≈", source)
            yield _Found(start, end, source, setting, None, cell)
            return
        source = _QUOTE.sub(" ", self._with_formulas(start, end))
        kinds, alone = {mark.kind for mark in marks}, end == start + 1
        if not alone or kinds != {"code"} or _EQUATION.search(source):
            setting = "display" if alone and kinds & {"display", "environment"} else setting
            yield _Found(start, end, source, setting, "code" not in kinds or None, cell)


def _measured(sides: tuple[Side, ...], after: str) -> tuple[Side, ...]:
    """The sides, the last with the unit that the text after it begins with."""
    return (*sides[:-1], replace(sides[-1], unit=sides[-1].unit or unit_after(after)))


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
