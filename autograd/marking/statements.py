r"""Formula text as it stands on a page, taken apart into equations and their sides.

`W = 1, \quad b = 0` holds two equations, an `align` block one a row, `A = B = C` a chain of two
links. What only decorates goes, words are set apart, and line breaks stay, so that every side
knows its line on the page.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass, replace
from itertools import chain, pairwise, zip_longest
from typing import TYPE_CHECKING, Final, NamedTuple

from autograd.marking.prose import CONNECTIVES, Setting, condition_after, cue_in, unit_after
from autograd.notation import Applied, Derivative, Expr, Relation, Symbol, is_numeric

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True)
class Side:
    """One side of an equation: its text, its line, and the formula in it, or why it is not read.

    `readings` has the formula in every sense that it may have on paper, the usual one first; `unit`
    is that of measurement which stands after it.
    """

    text: str
    line: int
    error: str = ""
    readings: tuple[Expr, ...] = ()
    unit: str = ""

    @property
    def tree(self) -> Expr | None:
        """The formula in its plainest sense."""
        return self.readings[0] if self.readings else None

    @property
    def label(self) -> str:
        """The symbol that the side is, if it is nothing more."""
        return self.tree.label if isinstance(self.tree, Symbol) else ""

    @property
    def is_number(self) -> bool:
        """Whether it was read and holds no symbols."""
        return self.tree is not None and is_numeric(self.tree)


@dataclass(frozen=True, slots=True)
class Equation:
    """A chain of equations, or a formula by itself, which has one side and no sign.

    `signs` are `=`, `:=` (also for a left arrow and the sign of identity), `~` (for approximately
    equal) and `->`. `problem` says why it cannot be taken apart, if so. `section` counts headings,
    `unit` examples and exercises too, `paragraph` what blank lines divide. A formula is a
    "display", begins its "line", or stands "inline", within a sentence: `before` and `after` is
    what its sentence says around it, `condition` what it holds under: "z > 0", and `relation` that
    as it was read. `leads` says whether nothing but marks stands before it on its line, `tex`
    whether it stood between dollars. It is at a `place` among all of the page, or `given`.
    """

    text: str
    sides: tuple[Side, ...]
    signs: tuple[str, ...] = ()
    problem: str = ""
    line: int = 1
    section: int = 0
    unit: int = 0
    paragraph: int = 0
    setting: Setting = "display"
    before: str = ""
    after: str = ""
    condition: str = ""
    leads: bool = True
    tex: bool | None = None
    place: int = 0
    relation: Relation | None = None
    given: bool = False

    @property
    def continues(self) -> bool:
        """Whether it begins with its sign, as a line `= 2400` does: its first side is empty."""
        return bool(self.signs) and not self.sides[0].text

    @property
    def cue(self) -> str:
        """The word before it by which it is a condition ("if") or a choice ("let"), no fact."""
        cue = cue_in(self.before)  # written as f = ... is a fact, as w -> 0 is none
        return "" if cue == "as" and "->" not in self.signs else cue

    @property
    def is_condition(self) -> bool:
        """Whether it is supposed, not claimed: it stands after if, when, for, let, where."""
        is_fact = self.cue == "where" and isinstance(self.sides[0].tree, Derivative)
        return bool(self.cue) and not is_fact

    @property
    def is_aside(self) -> bool:
        """Whether it is a bare `y = 0` or `i = j` within a sentence: perhaps an example."""
        plain = all(side.label or side.is_number for side in self.sides[1:])
        is_slope = isinstance(self.sides[0].tree, Derivative)
        return self.setting == "inline" and plain and not is_slope

    def head(self, place: int = 0) -> tuple[str, tuple[str, ...]]:
        """The symbol that a side names, and its arguments: of `f(x, y) = ...` f and (x, y)."""
        match self.sides[place].tree:
            case Symbol(label):
                return label, ()
            case Applied(name, arguments, 0) if arguments:
                labels = [part.label for part in arguments if isinstance(part, Symbol)]
                if len(set(labels)) == len(arguments):
                    return name, tuple(labels)
        return "", ()

    @property
    def lead(self) -> int:
        """The place of the first side that is more than a name; the last place if none is.

        Names are symbols, and functions of symbols: of `y = f(x) = x^2` it is the last.
        """
        last = len(self.sides) - 1
        return next((place for place in range(1, last) if not self.head(place)[0]), last)


def statements(source: str, line: int = 1) -> list[Equation]:
    r"""The statements in one formula of a page that begins on this line, in their order.

    >>> [[side.text for side in found.sides] for found in statements(r"W &= 1, \quad b = c = 0")]
    [['W', '1'], ['b', 'c', '0']]
    """
    return list(_Formula(_Cleaner(source).cleaned(), line).statements())


# What goes, so that only formulas and these marks remain.

_ROW: Final = "\x1e"
_BREAK: Final = "\r"  # a line break within a row; one between rows stays
_STOP: Final = ";"
_GAP: Final = "\x1f"  # space that a reader sees
_SPOKEN: Final = "\x02"  # words stand between this
_UNSPOKEN: Final = "\x03"  # and this
_INNER: Final = "{}"  # the argument that follows, without its braces

_WRITTEN: Final = {  # what stands for a command or sign, and how many arguments go with it
    name: (written, arguments)
    for written, arguments, names in (
        ("", 0, "nonumber notag hline displaystyle textstyle noindent smallskip medskip bigskip "
                "centering qedhere blacksquare square checkmark allowbreak nobreak small large "
                "Large footnotesize normalsize limits nolimits hfilneg item"),
        ("", 1, "tag tag* label vspace vspace* color phantom hphantom vphantom ref eqref cite "
                "footnote"),
        (_INNER, 0, "boxed fbox bbox cancel bcancel xcancel underline underbrace overbrace "
                    "mathopen mathclose mathrel mathbin ensuremath"),
        (_INNER, 1, "textcolor colorbox stackrel overset underset"), (_INNER, 2, "fcolorbox"),
        (_GAP, 0, "quad qquad hfill hfil"), (_GAP, 1, "hspace hspace*"),
        (_STOP, 0, "Rightarrow implies Longrightarrow therefore because iff Leftrightarrow "
                   "Longleftrightarrow land lor wedge uparrow downarrow newline => ==> <=>"),
        ("→", 0, "to rightarrow longrightarrow mapsto longmapsto ->"),
        ("←", 0, "leftarrow gets longleftarrow coloneqq coloneq equiv triangleq <- :="),
        ("≈", 0, "approx simeq cong thickapprox approxeq ~="), ("=", 0, "doteq =="),
        ("≤", 0, "le leq leqslant <="), ("≥", 0, "ge geq geqslant >="), ("≠", 0, "ne neq !="),
        ("<", 0, "lt"), (">", 0, "gt"), ("≪", 0, "ll"), ("≫", 0, "gg"), ("∈", 0, "in notin"),
        ("∼", 0, "sim"), ("∝", 0, "propto"), ("⊂", 0, "subset subseteq"),
    )
    for name in names.split()
}  # fmt: skip
_WORDS: Final = frozenset(
    ("text", "mbox", "textit", "textrm", "textbf", "textsf", "texttt", "emph", "intertext")
)
_TOKEN: Final = re.compile(
    r"(?P<comment>(?<!\\)%[^\r\n]*)"
    r"|\\(?:begin|end)\s*\{(?P<environment>[A-Za-z]+\*?)\}"
    r"|(?P<gap>(?:(?:\\[;:> ]|~)\s*){2,})"
    r"|(?P<negated>\\not(?![a-z])\s*(?:=|\\[a-z]+))"
    r"|\\(?P<command>[A-Za-z]+\*?|.)"
    r"|(?P<sign>(?<![<>=!+\-*/:])(?:<=>|==?>|->|<-(?=[\s\\])|:=|==|~=|<=|>=|!=)(?![=>]))"
    r"|(?P<character>[}&\n])",
    re.DOTALL,
)
_ALWAYS: Final = {"comment": "", "gap": _GAP, "negated": "≠"}
_OPTIONS: Final = re.compile(r"\s*\[[^\]\r\n]{0,20}\]")
_WHOLE: Final = re.compile(r"(?:[a-zA-Z]*matrix|[dr]?cases|tabular)\*?")
_WITH_ARGUMENT: Final = frozenset(("array", "alignat", "alignat*", "alignedat"))
_CHARACTERS: Final = str.maketrans({
    **dict.fromkeys("⇒⟹∴", _STOP), **dict.fromkeys("⟶↦", "→"), **dict.fromkeys("⟵≔≡≜", "←"),
    **dict.fromkeys("≃≅", "≈"), "＝": "=", "⩽": "≤", "⩾": "≥",
    "，": ",", "；": ";", **dict.fromkeys("\u200b\ufeff\u00a0$。", " "),
})  # fmt: skip
_OPERATORS: Final = tuple("+-−*/·×=≈←→")
_JOINING: Final = (*_OPERATORS, r"\cdot", r"\times", r"\div", r"\ast", r"\pm")
_THOUSANDS: Final = re.compile(r"(?<![\d.,])\d{1,3}(?:(?:,|\{,\})\d{3})+(?!\d)")
_SPACED: Final = re.compile(r"\[\s*-?\d+(?:\.\d+)?(?:(?:\s|\\[ ;,:])+-?\d+(?:\.\d+)?)+\s*\]")
_BETWEEN_NUMBERS: Final = re.compile(r"(?<=\d)(?:\\[ ;,:]|\s)+(?=-?\d)")
_SIGNED: Final = re.compile(r"\s*(?:[=+-]|\\approx)")
_NOTE: Final = re.compile(r"\s*[_^]")
_DELIMITER: Final = re.compile(r"\\left\s*\S+\s*$")


class _Cleaner:
    """Writes a formula anew without what decorates it."""

    def __init__(self, source: str) -> None:
        lines = source.split("\n")
        alone = [r"\\" not in source and _stands_alone(line) for line in lines]
        ends = ("\n" if all(pair) else _BREAK for pair in pairwise(alone))
        self.text = "".join(chain(*zip_longest(lines, ends, fillvalue="")))
        self.closings = closings(self.text)
        self.braces: dict[int, tuple[str, int]] = {}  # what stands for one, and where to go on
        self.out: list[str] = []
        self.column, self.mark = 0, 0  # of the row, by marks &; where in `out` the last of them is

    def cleaned(self) -> str:
        """The formula with marks for rows, stops, gaps and words."""
        at = 0
        while token := _TOKEN.search(self.text, at):
            self.out.append(self.text[at : token.start()])
            at = self._read(token)
        text = "".join([*self.out, self.text[at:]]).translate(_CHARACTERS)
        text = _THOUSANDS.sub(lambda number: re.sub("[{},]", "", number[0]), text)
        return _SPACED.sub(lambda row: _BETWEEN_NUMBERS.sub(", ", row[0]), text)

    def _read(self, token: re.Match[str]) -> int:
        """Writes what stands for a token; gives where what follows it begins."""
        start, end = token.span()
        kind = token.lastgroup or ""
        name = token[kind]
        if kind in _ALWAYS:
            return self._write(_ALWAYS[kind], start, end)
        if kind == "environment":
            return self._environment(name, start, end)
        if kind == "character":
            return self._character(name, start)
        if name == "\\":
            options = _OPTIONS.match(self.text, end)
            end = self._write(_ROW, start, options.end() if options else end)
            self.column, self.mark = 0, len(self.out)
            return end
        written, arguments = _WRITTEN.get(name, ("", -1))
        end = self._arguments_end(end, arguments)
        opening, closing = self._group(end)
        if name == "underline" and "".join(self.out[-2:]).rstrip(" {").endswith("^"):
            return self._write(token[0], start, token.end())
        if closing and written == _INNER:
            note = _NOTE.match(self.text, closing) if name.endswith("brace") else None
            self.braces[closing - 1] = " ", self._arguments_end(note.end(), 1) if note else closing
            return self._write(" ", start, opening + 1)
        if closing and name.startswith(("xright", "xlong")):  # A \xrightarrow{B}: A comes to B
            self.braces[closing - 1] = _STOP, closing
            while self.out and not self.out[-1].strip(f" {_STOP}{_GAP}"):
                self.out.pop()
            return self._write("=", start, opening + 1)
        if closing and name in _WORDS and self._are_words(opening + 1, closing - 1):
            content = self.text[opening + 1 : closing - 1]
            return self._write(f"{_SPOKEN}{content}{_UNSPOKEN}", start, closing)
        if arguments < 0 or written == _INNER:
            return self._write(r"\text" if name == "mbox" else token[0], start, token.end())
        return self._write(f" {written}" if kind == "command" else written, start, end)

    def _write(self, written: str, start: int, end: int) -> int:
        """Writes this for a part of the text, and no line break fewer or more."""
        breaks = re.sub(r"[^\r\n]", "", self.text[start:end]).replace("\n", _BREAK)
        self.out.append(re.sub(r"[\r\n]", " ", written) + breaks)
        return end

    def _character(self, char: str, at: int) -> int:
        """Of the marks & in a row every second one separates; around a sign both align."""
        if char == "}":
            written, end = self.braces.get(at, (char, at + 1))
            return self._write(written, at, end)
        if char == "\n":
            self.out.append(char)
            self.column, self.mark = 0, len(self.out)
            return at + 1
        between = "".join(self.out[self.mark :]).strip() if self.column else "."
        leads_on = self.column % 2 == 1 and not _SIGNED.match(self.text, at + 1)
        counts = leads_on if between == "" else between not in _OPERATORS
        self.column += counts
        self.out.append(" " if self.column % 2 or not counts else _STOP)
        self.mark = len(self.out)
        return at + 1

    def _environment(self, name: str, start: int, end: int) -> int:
        if self.text.startswith(r"\begin", start):
            delimited = _DELIMITER.search(self.text[max(0, start - 20) : start])
            if _WHOLE.fullmatch(name) or (name == "array" and delimited):
                closing = self.text.find(rf"\end{{{name}}}", end)
                end = len(self.text) if closing < 0 else closing + len(name) + 6
                return self._write(self.text[start:end], start, end)
            options = _OPTIONS.match(self.text, end)
            end = options.end() if options else end
            end = self._arguments_end(end, int(name in _WITH_ARGUMENT))
        return self._write(" ", start, end)

    def _group(self, at: int) -> tuple[int, int]:
        """Where the group in braces begins that follows, and where it ends; 0 if none does."""
        while at < len(self.text) and self.text[at].isspace():
            at += 1
        return at, self.closings.get(at, 0)

    def _arguments_end(self, at: int, count: int) -> int:
        for _ in range(count):
            opening, closing = self._group(at)
            at = closing or min(opening + 1, len(self.text))
        return at

    def _are_words(self, start: int, end: int) -> bool:
        r"""`\text{and}` are words; `\text{loss}` and `_{\text{new}}` are names."""
        before = "".join(self.out[-6:])[-40:].rstrip()
        if before.endswith(("_", "^", "_{", "^{")):
            return False
        content = re.sub(r"\\[A-Za-z]+|[{}]", " ", self.text[start:end])
        measured = re.search(r"\d(?:\\[ ,;:]?|~|\s)*$", before)
        if measured and len(content.strip()) > 1 and unit_after(content) == content.strip():
            return True
        words = content.replace(",", " ").split()
        bare = (word.lower().strip(".:;()") for word in words)
        if any(word in CONNECTIVES and len(word) > 1 for word in bare):
            return True
        if not words or re.search(r"[^\w\s\-']", content):
            return True
        after = self.text[end + 1 : end + 20].lstrip()
        in_script = before.endswith((",", "{")) and before[-2:] != r"\{"
        operated = before.endswith(_JOINING) or after.startswith(("&", *_JOINING))
        return len(words) > (3 if in_script or operated else 1)


def _stands_alone(line: str) -> bool:
    """Whether a line holds an equation of its own: a sign with something on both sides."""
    stripped = line.strip(" \t&")
    if "=" not in stripped or stripped.startswith(_OPERATORS) or stripped.endswith(_JOINING):
        return False
    return stripped.count("{") == stripped.count("}")


def closings(text: str) -> dict[int, int]:
    """Where each group in braces ends, by the place where it begins."""
    found: dict[int, int] = {}
    opened: list[int] = []
    for brace in re.finditer(r"\\.|[{}]", text, re.DOTALL):
        if brace[0] == "{":
            opened.append(brace.start())
        elif brace[0] == "}" and opened:
            found[opened.pop()] = brace.end()
    return found


# Parts and sides.

_FAR: Final = 240  # characters of a sentence around a formula
_MARK: Final = re.compile(
    rf"\\(?:begin|end)(?![A-Za-z])|{_SPOKEN}[^{_UNSPOKEN}]*.?|\\.|[^\w\s]|[\n{_ROW}{_GAP}]",
    re.DOTALL,
)
_OPENING: Final = frozenset(("(", "[", "{", r"\{", r"\begin"))
_CLOSING: Final = frozenset((")", "]", "}", r"\}", r"\end"))
_SIGNS: Final = {"=": "=", "≈": "~", "←": ":=", "→": "->"}
_COMPARISON: Final = re.compile("[<>≤≥≠≪≫∈∼∝⊂]")
_REMARK: Final = re.compile(r"\s\(([^()]*[<>≤≥≠∈][^()]*)\)\s*$")
_BARE: Final = re.compile(r"\s*(?:[-−]?\s*\d[\d.]*|\.{2,}|…|\\[clv]?dots[bcmio]?)\s*")
_NUMBERS: Final = re.compile(r"[-−\d\s.,\[\]()]+")
_DECIMAL_COMMA: Final = re.compile(r"(?<![\d.,])\d+(,)\d+(?![\d.,])")
_ASSIGNING: Final = re.compile(r"[^\^\s]\s*[-+*/]=$")
_ROWS: Final = re.compile(f"[\n{_ROW}]")
_PADDING: Final = f" \r,{_STOP}{_GAP}"
_UNMARKED: Final = str.maketrans(dict.fromkeys((_ROW, _GAP, _SPOKEN, _UNSPOKEN), " "))


class _Part(NamedTuple):
    """A part of a formula, the mark before it, and the places of its signs, with these."""

    start: int
    end: int
    divider: str
    signs: list[tuple[int, str]]


class _Formula:
    """A cleaned formula, to be divided into parts and sides."""

    def __init__(self, text: str, line: int) -> None:
        self.text = text
        self.line = line
        self.breaks = [found.start() for found in re.finditer(r"[\r\n]", text)]

    def statements(self) -> Iterator[Equation]:
        """The statements in their order. `a, b = 1, 2` is two; `k = 1, ..., K` is a list."""
        groups: list[list[_Part]] = []
        for part in self._parts():
            if part.divider == "," and groups:
                groups[-1].append(part)
            else:
                groups.append([part])
        for group in groups:
            signed = [place for place, part in enumerate(group) if part.signs]
            if len(signed) == 1 and len(group) == 2 * signed[0] + 1:
                group[:] = [_Part(group[0].start, group[-1].end, "", group[signed[0]].signs)]
            while group:
                start, end, _, signs = group.pop(0)
                if signs and group and _BARE.fullmatch(self.text, *group[0][:2]):
                    while group and not group[0].signs:
                        end = group.pop(0).end
                if found := self._statement(start, end, signs):
                    yield from _by_component(found)

    def _parts(self) -> Iterator[_Part]:
        """The parts of a formula, but for the conditions of what stands before them.

        Row ends divide, `;`, words, a comma outside brackets, a gap between two equations, and an
        arrow after an equation, which leads to a remark.
        """
        text = self.text
        decimal = {found.start(1) for found in _DECIMAL_COMMA.finditer(text)}
        signs: list[tuple[int, str]] = []
        first, divider, any_equation = 0, "", False
        for at, mark in [*_top_level(text, 0, len(text)), (len(text), _STOP)]:
            divides = mark[0] in _STOP + _SPOKEN or (mark == "," and at not in decimal)
            if mark in ("\n", _ROW, _GAP):
                before = text[max(first, at - _FAR) : at].rstrip(_PADDING)
                after = _ROWS.split(text[at + 1 : at + _FAR].lstrip(_PADDING))[0]
                divides = not (before and _is_joined(before, after, is_row=mark != _GAP))
            if divides or (signs and mark in "→←"):
                is_condition = any_equation and not signs and _COMPARISON.search(text, first, at)
                if not is_condition and text[first:at].strip(_PADDING):
                    yield _Part(first, at, divider, signs)
                any_equation = (any_equation or bool(signs)) and mark not in ("\n", _ROW)
                first, divider, signs = at + len(mark), mark[0], []
            elif mark in _SIGNS:
                signs.append((at, mark))

    def _statement(self, start: int, end: int, signs: list[tuple[int, str]]) -> Equation | None:
        """The statement in a range of the text; None where there is nothing but spaces."""
        text = self.text
        remark = _REMARK.search(text, start, end)
        if remark and not text[start : remark.start()].rstrip().endswith(_JOINING):
            end = remark.start()
        whole = _plain(text[start:end]).rstrip(" .:,→")
        if not re.search(r"\w", whole):
            return None
        begins = start + len(text[start:end]) - len(text[start:end].lstrip())
        signs = [sign for sign in signs if sign[0] < end]
        if signs and signs[-1][1] == "→" and not text[signs[-1][0] + 1 : end].strip(_PADDING):
            end = signs.pop()[0]  # an arrow to a remark
        if signs and signs[0][1] == "→" and not text[start : signs[0][0]].strip(_PADDING):
            start = signs.pop(0)[0] + 1  # or from one
        if {mark for _, mark in signs} == {"→"} and not _NUMBERS.fullmatch(
            text, signs[-1][0] + 1, end
        ):
            signs = []  # W \to 1 is a value, other arrows lead elsewhere
        edges = [start - 1, *(at for at, _ in signs), end]
        sides = tuple(self._side(a + 1, b) for a, b in pairwise(edges))
        place = bisect_left(self.breaks, begins)
        after = _plain(_ROWS.split(text[end : end + _FAR])[0])
        sides = (*sides[:-1], replace(sides[-1], unit=unit_after(after)))
        return Equation(
            whole, sides, tuple(_SIGNS[mark] for _, mark in signs),
            problem=sides[0].error if not signs and _COMPARISON.search(whole) else "",
            line=self.line + place,
            before=_plain(_ROWS.split(text[max(0, begins - _FAR) : begins])[-1]),
            after=after,
            condition=condition_after(after),
            leads=not text[self.breaks[place - 1] + 1 if place else 0 : begins].strip(f" {_GAP}"),
        )  # fmt: skip

    def _side(self, start: int, end: int) -> Side:
        content = self.text[start:end]
        begins = start + len(content) - len(content.lstrip())
        line = self.line + bisect_left(self.breaks, begins)
        problem = _problem(content)
        if _ASSIGNING.search(self.text, start, end + 1):
            problem = "an operator such as += is not read; write w_{new} = w - ..."
        return Side(_plain(content).rstrip(" .:,\\"), line, problem)


def _problem(text: str) -> str:
    """Why a side cannot be read as a formula of numbers, if so."""
    marks = "".join(mark for _, mark in _top_level(text, 0, len(text)) if len(mark) == 1)
    if _COMPARISON.search(marks):
        return "a comparison; only equations are marked"
    if "," in marks:
        return "a comma between digits or items: write 2.5 with a point, a list as [0.7, 0.2]"
    return ""


def _plain(text: str) -> str:
    """Text without marks and runs of spaces."""
    return " ".join(text.translate(_UNMARKED).split())


def _top_level(text: str, start: int, end: int) -> Iterator[tuple[int, str]]:
    """The marks that stand in no bracket; a bracket that is never closed holds nothing."""
    marks = [(mark.start(), mark[0]) for mark in _MARK.finditer(text, start, end)]
    opened: list[int] = []
    closed: dict[int, int] = {}
    for number, (_, mark) in enumerate(marks):
        if mark in _OPENING:
            opened.append(number)
        elif mark in _CLOSING and opened:
            closed[opened.pop()] = number
    number = 0
    while number < len(marks):
        if number not in closed:
            yield marks[number]
        number = closed.get(number, number) + 1


def _is_joined(before: str, after: str, *, is_row: bool) -> bool:
    """Whether a formula goes on after the end of a row, or a wide gap."""
    if before.endswith(_JOINING) or not after.strip():
        return True
    if is_row and after[0] in "-−":
        return "=" not in after
    return after.startswith(_JOINING)


def _by_component(statement: Equation) -> list[Equation]:
    """(x, y) = (1, 0) says x = 1 and y = 0."""
    items = [_items(side.text) for side in statement.sides]
    if len(items) < 2 or len({len(each) for each in items}) > 1 or len(items[0]) < 2:
        return [statement]
    if any(_BARE.fullmatch(item) for item in items[0]):
        return [statement]
    found = []
    for texts in zip(*items, strict=True):
        pairs = zip(statement.sides, texts, strict=True)
        sides = tuple(Side(text, side.line, _problem(text)) for side, text in pairs)
        found.append(replace(statement, text=" = ".join(texts), sides=sides))
    return found


def _items(text: str) -> list[str]:
    """What a list holds, in brackets or not."""
    if text[:1] + text[-1:] in ("()", "[]") and not any(_top_level(text, 0, len(text))):
        text = text[1:-1]
    commas = [place for place, mark in _top_level(text, 0, len(text)) if mark == ","]
    return [text[a + 1 : b].strip() for a, b in pairwise([-1, *commas, len(text)])]
