r"""Formula text as it stands on a page, taken apart into equations and their sides.

`W = 1, \quad b = 0` holds two equations, an `align` block one a row, `A = B = C` a chain of two
links. What only decorates - boxes, colours, comments in words, tags - is overwritten with spaces,
so that every side keeps its place in the text and hence its line on the page.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["CONNECTIVES", "Side", "Statement", "statements"]


@dataclass(frozen=True, slots=True)
class Side:
    """One side of an equation: the formula's text, and where in the source it begins."""

    text: str
    start: int


@dataclass(frozen=True, slots=True)
class Statement:
    """A chain of equations, or a formula by itself, which has one side and no sign.

    `signs` are `=`, `:=` (also for a left arrow), `~` (for approximately equal) and `->`. `problem`
    says why it cannot be taken apart, if so. Where `continues`, the first side is empty: the chain
    goes on from the equation before.
    """

    text: str
    start: int
    sides: tuple[Side, ...]
    signs: tuple[str, ...]
    problem: str = ""

    @property
    def continues(self) -> bool:
        """Whether it begins with its sign, as a line `= 2400` does."""
        return bool(self.signs) and not self.sides[0].text


def statements(source: str) -> list[Statement]:
    r"""The statements in one formula of a page, in their order.

    >>> [[side.text for side in found.sides] for found in statements(r"W &= 1, \quad b = c = 0")]
    [['W', '1'], ['b', 'c', '0']]
    """
    text = _Cleaner(source).cleaned()
    found = []
    if not any(sign in text for sign in _SIGNS):
        by_itself = _statement(text, 0, len(text))
        return [by_itself] if by_itself else []
    for start, end in _rows(text):
        for part in _parts(text, start, end):
            statement = _statement(text, *part)
            if statement is not None:
                found += _by_component(statement)
    return found


# What is overwritten, so that only formulas, row ends (a line break) and separators (;) remain.

_COMMAND: Final = re.compile(r"\\(?:[A-Za-z]+\*?|.)", re.DOTALL)
_ENVIRONMENT: Final = re.compile(r"\\(begin|end)\s*\{([A-Za-z]+\*?)\}")
_ENVIRONMENT_OPTIONS: Final = re.compile(r"\s*\[[^\]\n]{0,20}\]")
_ENVIRONMENT_ARGUMENT: Final = frozenset(("array", "alignat", "alignat*", "alignedat"))
_WHOLE: Final = re.compile(r"(?:[a-zA-Z]*matrix|cases|dcases|rcases|smallmatrix|tabular)\*?")
_KEPT: Final = {  # commands whose decoration goes and whose argument of this number stays
    "boxed": 1, "fbox": 1, "cancel": 1, "bcancel": 1, "xcancel": 1, "underline": 1, "fcolorbox": 3,
    "textcolor": 2, "colorbox": 2, "underbrace": 1, "overbrace": 1, "stackrel": 2, "overset": 2,
    "underset": 2, "mathopen": 1, "mathclose": 1, "mathrel": 1, "mathbin": 1, "ensuremath": 1,
}  # fmt: skip
_GONE: Final = {  # commands that go with so many arguments
    "tag": 1, "tag*": 1, "label": 1, "hspace": 1, "hspace*": 1, "vspace": 1, "vspace*": 1,
    "color": 1, "phantom": 1, "hphantom": 1, "vphantom": 1, "nonumber": 0, "notag": 0, "hfill": 0,
    "hline": 0, "displaystyle": 0, "textstyle": 0, "noindent": 0, "smallskip": 0, "medskip": 0,
    "bigskip": 0, "centering": 0, "qedhere": 0, "blacksquare": 0, "checkmark": 0, "allowbreak": 0,
    "nobreak": 0, "small": 0, "large": 0, "Large": 0, "footnotesize": 0, "normalsize": 0,
}  # fmt: skip
_COMMENTS: Final = frozenset(
    ("text", "mbox", "textit", "textrm", "textbf", "textsf", "emph", "intertext")
)
_SEPARATING: Final = frozenset((
    "Rightarrow", "implies", "Longrightarrow", "therefore", "because", "iff", "Leftrightarrow",
    "Longleftrightarrow", "land", "wedge", "quad", "qquad", "hfil", "uparrow", "downarrow",
))  # fmt: skip
_ARROWS: Final = {
    "to": "→", "rightarrow": "→", "longrightarrow": "→", "mapsto": "→", "longmapsto": "→",
    "leftarrow": "←", "gets": "←", "longleftarrow": "←", "coloneqq": "←",
    "approx": "≈", "simeq": "≈", "cong": "≈", "thickapprox": "≈", "approxeq": "≈", "equiv": "=",
    "triangleq": "=", "doteq": "=",
}  # fmt: skip
_CHARACTERS: Final = {
    "⇒": ";", "⟹": ";", "⟶": "→", "↦": "→", "∴": ";", "≃": "≈", "≅": "≈", "≔": "←", "＝": "=",
    "≡": "=", "≜": "=", "\u200b": " ", "\ufeff": " ", "\u00a0": " ", "$": " ",
}  # fmt: skip
_DIGRAPHS: Final = {"=>": "; ", "->": "→ ", "<-": "← ", ":=": "← ", "==": "= ", "~=": "≈ "}
_ASSIGNING: Final = re.compile(r"[-+*/]=")
CONNECTIVES: Final = frozenset(
    ("a", "after", "all", "also", "an", "and", "any", "are", "as", "at", "be", "because",
     "but", "by", "can", "choose", "do", "each", "equals", "every", "finally", "first", "for",
     "from", "gets", "give", "gives", "has", "have", "he", "hence", "here", "how", "i", "i.e.",
     "if", "in", "is", "it", "its", "let", "next", "no", "not", "now", "of", "on", "one", "or",
     "our", "put", "rounded", "say", "second", "set", "she", "similarly", "since", "so",
     "such", "suppose", "take", "than", "that", "the", "then", "there", "therefore", "they",
     "this", "thus", "to", "use", "using", "was", "we", "when", "where", "which", "while",
     "with", "you")
)  # fmt: skip
_OPERATORS: Final = "+-−*/·×=≈←→"
_OPERATING: Final = (r"\cdot", r"\times", r"\div", r"\ast")
_THOUSANDS: Final = re.compile(r"(?<![\d.,])\d{1,3}(?:(?:,|\{,\})\d{3})+(?![\d])")


class _Cleaner:
    """Overwrites what decorates, at equal length."""

    def __init__(self, source: str) -> None:
        self.text = source
        self.chars = list(source)
        self.whole: list[tuple[int, int]] = []  # matrices and the like, not to be taken apart
        self.closings: dict[int, int] = {}  # the place after the brace that closes one

    def cleaned(self) -> str:
        self._break_lines()
        self._environments()
        self._commands()
        self._characters()
        self._alignment()
        self._numbers()
        return "".join(self.chars)

    def _blank(self, start: int, end: int, keep: str = "") -> None:
        """Overwrites a range with spaces, but for `keep` at its beginning."""
        self.chars[start:end] = keep + " " * (end - start - len(keep))

    def _sync(self) -> None:
        self.text = "".join(self.chars)

    def _break_lines(self) -> None:
        r"""Comments go. Rows end at line breaks between equations where there is no `\\`."""
        for comment in re.finditer(r"(?<!\\)%[^\n]*", self.text):
            self._blank(*comment.span())
        self._sync()
        lines = self.text.split("\n")
        at = 0
        for line, following in zip(lines, [*lines[1:], ""], strict=True):
            at += len(line)
            if at < len(self.chars):
                ends = r"\\" not in self.text and _stands_alone(line) and _stands_alone(following)
                self.chars[at] = "\n" if ends else " "
            at += 1
        self._sync()

    def _environments(self) -> None:
        self.closings = _closings(self.text)
        opened: list[tuple[str, int]] = []
        for mark in _ENVIRONMENT.finditer(self.text):
            name = mark[2]
            if _WHOLE.fullmatch(name):
                if mark[1] == "begin":
                    opened.append((name, mark.start()))
                elif opened and opened[-1][0] == name:
                    self.whole.append((opened.pop()[1], mark.end()))
                continue
            end = mark.end()
            if mark[1] == "begin":
                options = _ENVIRONMENT_OPTIONS.match(self.text, end)
                end = options.end() if options else end
                if name in _ENVIRONMENT_ARGUMENT and self.text.startswith("{", end):
                    end = self._group_end(end)
            self._blank(mark.start(), end)
        self.whole.extend((start, len(self.text)) for _, start in opened)
        self._sync()

    def _is_whole(self, at: int) -> bool:
        return any(start <= at < end for start, end in self.whole)

    def _commands(self) -> None:
        text = self.text
        for command in _COMMAND.finditer(text):
            start, end, name = command.start(), command.end(), command[0][1:]
            if self._is_whole(start) or self.chars[start] == " ":
                continue
            if name == "\\":
                options = _ENVIRONMENT_OPTIONS.match(text, end)
                self._blank(start, options.end() if options else end, "\n")
            elif name in _KEPT:
                self._keep_argument(start, end, _KEPT[name], notes=name.endswith("brace"))
            elif name in _GONE:
                self._blank(start, self._arguments_end(end, _GONE[name]))
            elif name in _COMMENTS:
                self._comment(start, end)
            elif name in _SEPARATING:
                self._blank(start, end, ";")
            elif name in _ARROWS:
                self._blank(start, end, _ARROWS[name])
            elif name in ("xrightarrow", "xlongequal"):
                self._labelled_arrow(start, end)

    def _group_end(self, opening: int) -> int:
        """The place after the group that a brace opens; the end of the text if it is open."""
        return self.closings.get(opening, len(self.text))

    def _arguments_end(self, at: int, count: int) -> int:
        for _ in range(count):
            opening = _next(self.text, at)
            grouped = self.text.startswith("{", opening)
            at = self._group_end(opening) if grouped else min(opening + 1, len(self.text))
        return at

    def _keep_argument(self, start: int, end: int, which: int, *, notes: bool) -> None:
        for number in range(1, which + 1):
            opening = _next(self.text, end)
            if not self.text.startswith("{", opening):
                return
            end = self._group_end(opening)
            if number < which:
                self._blank(opening, end)
        self._blank(start, opening + 1)
        self._blank(end - 1, end)
        after = _next(self.text, end)
        if notes and self.text[after : after + 1] in ("_", "^") and after < len(self.text):
            self._blank(after, self._arguments_end(after + 1, 1))

    def _comment(self, start: int, end: int) -> None:
        r"""`\text{and}` separates; `\text{loss}` and `_{\text{new}}` are names."""
        opening = _next(self.text, end)
        if not self.text.startswith("{", opening):
            return
        closing = self._group_end(opening)
        before = "".join(self.chars[:start]).rstrip()
        if before.endswith(("_", "^", "_{", "^{", ",", "{")) and not before.endswith(r"\{"):
            if not self._is_remark(self.text[opening + 1 : closing - 1], before, closing, 3):
                return
        elif not self._is_remark(self.text[opening + 1 : closing - 1], before, closing, 1):
            return
        self._blank(start, closing, ";")

    def _is_remark(self, content: str, before: str, closing: int, most_words: int) -> bool:
        words = content.replace(",", " ").split()
        if any(word.lower().strip(".:;()") in CONNECTIVES for word in words) and words != ["a"]:
            return True
        if not words or re.search(r"[^\w\s\-']", content):
            return True
        after = self.text[_next(self.text, closing) :]
        operated = before.endswith(("=", *_OPERATING, *_OPERATORS)) or after.startswith(
            ("=", "&", *_OPERATING, *_OPERATORS)
        )
        return len(words) > (3 if operated else most_words)

    def _labelled_arrow(self, start: int, end: int) -> None:
        r"""`A \xrightarrow{B}` says that A comes to B."""
        opening = _next(self.text, end)
        if not self.text.startswith("{", opening):
            return
        closing = self._group_end(opening)
        before = len("".join(self.chars[:start]).rstrip("; "))
        self._blank(before, opening + 1)
        self.chars[start] = "="
        self.chars[closing - 1] = ";"

    def _characters(self) -> None:
        self._sync()
        for at, char in enumerate(self.text):
            self.chars[at] = _CHARACTERS.get(char, char)
        self._sync()
        for pair in re.finditer(r"(?<![<>=!+\-*/])(?:=>|->|<-|:=|==|~=)(?![=>])", self.text):
            if pair[0] == "<-" and re.match(r"[\w.(\\]", self.text[pair.end() : pair.end() + 1]):
                continue  # x <-1 compares
            self.chars[pair.start() : pair.end()] = _DIGRAPHS[pair[0]]
        self._sync()

    def _alignment(self) -> None:
        """Of the marks & in a row every second one separates; around a sign both align."""
        row_marks: list[int] = []
        previous = ""
        for at, char in enumerate(self.text):
            escaped, previous = previous == "\\", char
            if char == "\n":
                row_marks = []
            elif char == "&" and not escaped and not self._is_whole(at):
                between = self.text[row_marks[-1] + 1 : at].strip() if row_marks else "="
                row_marks.append(at)
                if between in _OPERATORS or between in (r"\approx", ""):
                    row_marks = row_marks[-1:] if between else row_marks
                    self.chars[at] = " "
                else:
                    self.chars[at] = ";" if len(row_marks) % 2 == 0 else " "
        self._sync()

    def _numbers(self) -> None:
        """28,224 and 28{,}224 are one number."""
        for number in _THOUSANDS.finditer(self.text):
            digits = re.sub("[{},]", "", number[0])
            self.chars[number.start() : number.end()] = digits.rjust(len(number[0]))


def _stands_alone(line: str) -> bool:
    """Whether a line holds an equation of its own: a sign with something on both sides."""
    stripped = line.strip()
    if "=" not in stripped or stripped[0] in _OPERATORS + "&" or stripped[-1] in _OPERATORS + "&":
        return False
    return not stripped.endswith(_OPERATING) and stripped.count("{") == stripped.count("}")


def _next(text: str, at: int) -> int:
    while at < len(text) and text[at].isspace():
        at += 1
    return at


def _closings(text: str) -> dict[int, int]:
    """The place after the closing brace, for each brace that is closed."""
    found: dict[int, int] = {}
    opened: list[int] = []
    for brace in re.finditer(r"\\.|[{}]", text, re.DOTALL):
        if brace[0] == "{":
            opened.append(brace.start())
        elif brace[0] == "}" and opened:
            found[opened.pop()] = brace.end()
    return found


# Rows, equations, sides.

_BRACKET: Final = re.compile(r"\\(?:begin|end)(?![A-Za-z])|\\.|.", re.DOTALL)
_OPENING: Final = frozenset(("(", "[", "{", r"\{", r"\begin"))
_CLOSING: Final = frozenset((")", "]", "}", r"\}", r"\end"))
_SIGNS: Final = {"=": "=", "≈": "~", "←": ":=", "→": "->"}
_FRACTIONS: Final = {"½": r"\frac12 ", "⅓": r"\frac13 ", "¼": r"\frac14 ", "¾": r"\frac34 "}
_COMPARISON: Final = re.compile(
    r"[<>!]=|[<>≤≥≠]|\\(?:leq?|geq?|neq?|ll|gg|not|propto|sim|lt|gt)(?![A-Za-z])"
)
_TRANSPOSE: Final = re.compile(
    r"\^\s*\{?\s*(?:T|\\top|\\intercal|\\mathsf\s*\{?T\}?)(?![A-Za-z])|⊤|ᵀ"
)
_TUPLE: Final = re.compile(r"\(([^()]+(?:,[^()]+)+)\)")
_DECIMAL_COMMA: Final = re.compile(r"(?<![\d.,])\d+,\d+(?![\d.,])")


def _rows(text: str) -> Iterator[tuple[int, int]]:
    """Where the rows are, each with those that go on from it."""
    start = end = 0
    for line in re.finditer(r"[^\n]+", text):
        if end and _goes_on(text[start:end], line[0]):
            end = line.end()
            continue
        if end:
            yield start, end
        start, end = line.span()
    if end:
        yield start, end


def _goes_on(row: str, following: str) -> bool:
    """Whether a row is not complete, or the following one begins with a sign."""
    row, following = row.strip(" ;,"), following.strip(" ;,")
    if not row or not following:
        return not following
    if row.endswith((*_OPERATORS, *_OPERATING)) or following[0] in "=≈+×·*/":
        return True
    return following[0] in "-−" and "=" not in following


def _top_level(text: str, start: int, end: int) -> Iterator[tuple[int, str]]:
    """The characters that stand in no bracket; at the end `(` if a bracket is still open."""
    depth = 0
    for mark in _BRACKET.finditer(text, start, end):
        if mark[0] in _OPENING:
            depth += 1
        elif mark[0] in _CLOSING:
            depth = max(0, depth - 1)
        elif depth == 0:
            yield mark.start(), mark[0]
    if depth:
        yield end, "("


def _parts(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Where the statements of a row are.

    `;` divides, a comma outside brackets, and an arrow after an equation, which leads to a remark.
    """
    fractions = [span.span() for span in _DECIMAL_COMMA.finditer(text, start, end)]
    first = start
    is_equation = False
    for at, char in _top_level(text, start, end):
        divides = char == ";" or (char == "," and not any(a < at < b for a, b in fractions))
        if divides or (is_equation and char in "→←"):
            yield first, at
            first, is_equation = at + 1, False
        elif char in _SIGNS:
            is_equation = True
    yield first, end


def _statement(text: str, start: int, end: int) -> Statement | None:
    """The statement in a range of the text; None where there is nothing but spaces."""
    whole = " ".join(text[start:end].replace(";", " ").split()).rstrip(" .:,→")
    if not whole:
        return None
    sides: list[Side] = []
    signs: list[str] = []
    problem = _problem(text[start:end])
    first = start
    for at, char in _top_level(text, start, end):
        if char in _SIGNS:
            sides.append(_side(text, first, at))
            signs.append(_SIGNS[char])
            first = at + 1
        elif char == "(":
            problem = problem or "a bracket is never closed"
    sides.append(_side(text, first, end))
    if signs and signs[-1] == "->" and not sides[-1].text:  # an arrow to a remark
        sides.pop()
        signs.pop()
    begins = start + len(text[start:end]) - len(text[start:end].lstrip())
    if not signs and not (problem and "=" in whole):
        problem = ""  # nothing is claimed
    return Statement(whole, begins, tuple(sides), tuple(signs), problem)


def _by_component(statement: Statement) -> list[Statement]:
    """(x, y) = (1, 0) says x = 1 and y = 0."""
    tuples = [_TUPLE.fullmatch(side.text) for side in statement.sides]
    parts = [found[1].split(",") for found in tuples if found]
    if len(parts) < max(2, len(statement.sides)) or len({len(part) for part in parts}) > 1:
        return [statement]
    starts = [side.start for side in statement.sides]
    found = []
    for components in zip(*parts, strict=True):
        texts = [component.strip() for component in components]
        sides = tuple(Side(text, start) for text, start in zip(texts, starts, strict=True))
        found.append(replace(statement, text=" = ".join(texts), sides=sides))
    return found


def _side(text: str, start: int, end: int) -> Side:
    content = text[start:end]
    for fraction, written in _FRACTIONS.items():
        content = content.replace(fraction, written)
    return Side(
        " ".join(content.split()).rstrip(" .:,"),
        start + len(content) - len(content.lstrip()),
    )


def _problem(text: str) -> str:
    """Why a statement cannot be taken apart, if so."""
    whole = re.search(r"\\begin\s*\{([A-Za-z]+)", text)
    if whole and "cases" in whole[1]:
        return r"cases are not read; write \max(0, z), or relu(z)"
    if whole:
        return f"a {whole[1]} is not read; write its entries one by one"
    if _ASSIGNING.search(text):
        return "an operator such as += is not read; write w_{new} = w - ..."
    if _DECIMAL_COMMA.search(text):
        return "a comma between digits; decimals are written with a point"
    if _COMPARISON.search(text):
        return "a comparison; only equations are marked"
    if _TRANSPOSE.search(text):
        return "a transpose; formulas of numbers are marked, not of matrices"
    return ""
