r"""The words of formula text: known labels first, then functions, numbers, signs and brackets."""

from __future__ import annotations

import re
import sys
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from autograd.notation import signs
from autograd.notation.errors import FormulaError, known_labels
from autograd.notation.labels import Labels, Spelling, new_spellings_at, readings_at, spellings_of
from autograd.ops import TABLE, Operation

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from autograd.notation.plain import Plain

_KINDS: Final = {
    **{sign: sign for sign in "+-*/^_,'"}, **dict.fromkeys(signs.RELATIONS, "relation"),
    "…": "dots", **dict.fromkeys(signs.VULGAR, "vulgar"), r"\frac": "fraction", "√": "root",
    r"\sqrt": "root", "∂": "partial", r"\over": "over", r"\begin": "environment",
    r"\sum": "series", r"\prod": "series", **dict.fromkeys(signs.BRACKETS, "open"),
    **dict.fromkeys((")", "]", "}", r"\}", "⌋", "⌉", r"\right.", r"\end"), "close"),
    **dict.fromkeys(("|", r"\lvert", r"\rvert"), "bar"), "&": "cell", "\n": "row",
}  # fmt: skip
_PLAIN_SIGNS: Final = _KINDS.keys() - {"{"}
OPERANDS: Final = frozenset((
    "number", "symbol", "applied", "function", "constant", "unknown", "partial", "fraction",
    "vulgar", "root", "series", "indicator", "environment", "open",
))  # fmt: skip
_NO_SYMBOLS: Final = frozenset(("partial", "nabla", "infty"))
_SYMBOLS: Final = {*signs.LETTERS, *signs.ACCENTS, *signs.LETTER_FONTS, "text"} - _NO_SYMBOLS
_ONE_LETTER: Final = re.compile(rf"[^\\]|\\(?:{'|'.join(signs.GREEK)})|\\[a-z]+\{{.*\}}")
_UNSEEN: Final = re.compile(r"[ \t\n&]*")
_UNSEEN_IN_ROWS: Final = re.compile(r"[ \t]*(?:[.,;:]+[ \t]*(?=[&\n]|\\end))?")
_TAIL: Final = re.compile(r"[.,;: \t\n&]+\Z")
_COMMAND: Final = re.compile(r"\\(?:right\.|[A-Za-z]+|[{}|])")
_CONDITION: Final = re.compile(
    rf"(?:\\(?:text|mbox)\{{)?(?P<word>{'|'.join(signs.CONDITIONS)})(?![A-Za-z_])[ :,.]*\}}?"
)
_INDICATOR: Final = re.compile(r"(?:\\math(?:bb|bf|ds)(?:\{1\}|1)|1(?=_\{)|𝟙)_?")
_LOWERED: Final = re.compile(r"[0-9]|_")
_CALLING: Final = re.compile(r"[(\[]")
_APPLYING: Final = re.compile(r"(?:'|\^(?:\{[^{}]{0,9}\}|[0-9]))*[(\[]")
_UNREAD: Final = {
    "!": "factorials are not read", "%": "write a percentage as a number: 5% is 0.05",
    "#": "leave comments out", r"\int": "integrals are not read", r"\lim": "limits are not read",
    **dict.fromkeys((r"\nabla", "∇"), "write the derivative by each symbol: ∂L/∂w"),
    **dict.fromkeys((r"\pm", "±"), "write one formula for each sign"),
    **dict.fromkeys((r"\infty", "∞"), "formulas hold finite numbers"),
}  # fmt: skip
_MISPLACED: Final = {
    "end": ("the formula ends where a number or a symbol should follow", ""),
    "close": ("{} closes nothing, or too early", ""),
    "relation": ("'{}' cannot stand in a formula", "give one side of an equation or comparison"),
    "dots": ("{} leaves open what it stands for", r"write it out, or as a \sum_{j=1}^{3} x_j"),
    "partial": ("∂ stands without a whole derivative",
                r"write \frac{\partial L}{\partial x}, ∂L/∂x or dL/dx, of known labels"),
    ",": ("a comma cannot stand here",
          "decimals are written with a point, as 2.5, and thousands without a comma"),
    "_": ("{} does not belong to a known label", ""),
    "'": ("{} does not belong to a known label", ""),
}  # fmt: skip


class Token(NamedTuple):
    """A word of the text: its kind, its place, and what it holds.

    `apart` says that wide space stands before it.
    """

    kind: str
    start: int
    end: int
    held: Any = None  # a label, an operation, a number's digits, a sign
    apart: bool = False


class Names:
    """All that is known by name: labels, functions of the page, operations."""

    def __init__(
        self,
        labels: Labels,
        applied: Iterable[str] = (),
        functions: Iterable[Operation] = (),
        *,
        new_symbols: bool = False,
    ) -> None:
        self.labels = labels
        self.applied = Labels(applied)
        self.spoken, self.words = _words(tuple(functions))
        self.new_symbols = new_symbols
        self.bases = frozenset((*labels.bases, *self.applied.bases, *self.spoken.bases))


@lru_cache(maxsize=64)
def _words(own: tuple[Operation, ...]) -> tuple[Labels, Mapping[str, tuple[str, Any]]]:
    """The names of operations, constants and big sums, with the kind of each and what it is."""
    found: dict[str, tuple[str, Any]] = {}
    for operation in (*own, *(op for op in TABLE.values() if not op.symbol)):
        for name in signs.names_of(operation):
            if spellings_of(name):
                found.setdefault(name, ("function", operation))
            elif name.isalnum():  # log1p
                found.setdefault(name, ("function", operation))
                found.setdefault(rf"\operatorname{{{name}}}", ("function", operation))
    found.pop(r"\sqrt", None)
    for word, series in signs.SERIES.items():
        found.setdefault(word, ("series", series))
    found |= {"e": ("constant", "e"), r"\pi": ("constant", "pi")}
    return Labels(found), found


class Scanner:
    r"""Finds the token at any place of one text.

    In `tex` a script without braces takes one letter or number. Where `letters`, runs of two
    unknown letters are symbols side by side, as between dollars. `indices` are the letters that
    count the sums around the place; `in_rows` says whether `&` and `\\` are words here.
    """

    def __init__(self, written: Plain, names: Names, *, tex: bool, letters: bool) -> None:
        self.written = written
        self.text = written.text
        self.names = names
        self.tex = tex
        self.letters = letters and names.new_symbols
        self.in_rows = False
        self.count(frozenset())
        self._found: dict[tuple[int, frozenset[str]], Token | None] = {}
        self._split_until = 0  # up to here, a run of letters is known to be made of names

    def count(self, indices: frozenset[str]) -> None:
        """Takes letters for those that count sums."""
        self.indices = indices
        self._bases = self.names.bases | indices if indices else self.names.bases

    def scan(self, at: int) -> Token:
        """The token at or after a place."""
        text = self.text
        unseen = (_UNSEEN_IN_ROWS if self.in_rows else _UNSEEN).match(text, at)
        begin = unseen.end() if unseen else at
        if begin >= len(text):
            return Token("end", len(text), len(text))
        if _TAIL.match(text, begin):
            return Token("end", begin, begin)
        token = (text[begin] not in _PLAIN_SIGNS and self._word(begin)) or self._sign(begin)
        is_apart = begin > at and not {"\t", "\n"}.isdisjoint(text[at:begin])
        return token._replace(apart=True) if is_apart else token

    def _word(self, at: int) -> Token | None:
        """A label, function, constant or number; None for a sign."""
        text = self.text
        if indicator := _INDICATOR.match(text, at):
            return Token("indicator", at, indicator.end())
        condition = _CONDITION.match(text, at)
        if condition and not text[at - 1 : at].isalpha():
            return Token("condition", at, condition.end(), signs.CONDITIONS[condition["word"]])
        if at >= self._split_until and text[at].isalpha():
            end = at + 1
            while text[end : end + 1].isalpha():
                end += 1
            if not self._made_of_names(at, end):
                return self._new_name(at, end)
        if token := self._known(at):
            return token
        if number := signs.NUMBER.match(text, at):
            return self._number(at, number.end(), number[0])
        return self._new_name(at, at + 1) if text[at].isalpha() else None

    def scientific(self, token: Token) -> Token:
        r"""A number together with the power of ten that multiplies it: 2.5 \cdot 10^7."""
        found = signs.POWER_OF_TEN.match(self.text, token.end)
        if not found or "e" in token.held:
            return token
        return self._number(token.start, found.end(), f"{token.held}e{found[1] or found[2]}")

    def _number(self, start: int, end: int, written: str) -> Token:
        digits, _, power = written.lower().partition("e")
        digits = f"0{digits}" if digits[0] == "." else digits.removesuffix(".")
        token = Token("number", start, end, f"{digits}e{int(power[:9])}" if power else digits)
        size = len(digits) + abs(int(power[:9] or 0))
        if size > signs.LARGEST_POWER or (size > 300 and Fraction(token.held) > sys.float_info.max):
            raise self.error("this number is larger than the largest float, 1.8e308", token)
        return token

    def _made_of_names(self, at: int, end: int) -> bool:
        """Whether a run of letters is names that are known, one after the other, and no more."""
        unknown = 0
        while at < end:
            name = self._known(at)
            unknown += name is None
            if unknown > (2 if self.letters and self.text[at] != "d" else 0):
                return False
            at = name.end if name else at + 1
        self._split_until = at
        return True

    def _known(self, at: int) -> Token | None:
        """The longest label, function or constant here; a label of two that are equally long."""
        key = at, self.indices
        if key not in self._found:
            self._found[key] = self._longest(at)
        return self._found[key]

    def _longest(self, at: int) -> Token | None:
        text, names = self.text, self.names
        spelled = (self._of(*found, at) for found in readings_at(text, at, self._bases))
        token = next((token for token in spelled if token), None)
        label, function = names.labels.literal(text, at), names.spoken.literal(text, at)
        if label and (token is None or label[1] > token.end):
            return Token("symbol", at, label[1], label[0])
        if function and (token is None or function[1] > token.end):
            return Token("function", at, function[1], names.words[function[0]][1])
        if token is None or token.kind in ("function", "series"):
            return token
        return None if _LOWERED.match(text, token.end) else token  # W_{13}, where only W is known

    def _of(self, spelling: Spelling, end: int, at: int) -> Token | None:
        """The token that a spelling is, if it is known."""
        names, text = self.names, self.text
        if text.startswith("''", end - 1):  # y'' is no y' with a prime
            return None
        label = names.labels.spelled(spelling, lambda: self.written_in(at, end))
        if applied := names.applied.spelled(spelling):
            return Token("applied", at, end, label or applied)
        if label is not None:
            return Token("symbol", at, end, label)
        if spelling[1:] == ("", "") and spelling.base in self.indices:
            return Token("symbol", at, end, spelling.base)
        kind, held = names.words.get(names.spoken.spelled(spelling) or "", ("", None))
        if kind and self._stands_alone(kind, spelling.base, at, end):
            return Token(kind, at, end, held)
        if self.indices and names.labels.is_indexed(spelling, self.indices):
            return Token("symbol", at, end, spelling.label)
        return None

    def _stands_alone(self, kind: str, base: str, at: int, end: int) -> bool:
        """Whether a letter or word is here the function, constant or sum of that name."""
        after = self.text[end : end + 1]
        if kind == "function":
            is_letter = self.names.new_symbols and base[1:] in signs.GREEK
            return not is_letter or _APPLYING.match(self.text, end) is not None
        if kind == "series":
            return not after.isalpha() and (base[0] != "\\" or after == "_")
        is_word = after.isalpha() or (self.text[at - 1 : at].isalpha() and after not in ("^", "_"))
        return base != "e" or not is_word

    def _sign(self, at: int) -> Token:
        """An operator or a bracket; an unknown command or character."""
        command = _COMMAND.match(self.text, at)
        written = command[0] if command else self.text[at]
        token = Token(_KINDS.get(written, "unknown"), at, at + len(written), written)
        if token.kind == "series":
            return token._replace(held=written[1:])
        if token.kind == "relation":
            return token._replace(held=signs.RELATIONS[written])
        if token.kind != "unknown":
            return token
        if command:
            return self._new_name(at, token.end)
        written = self.written_at(token)
        hint = _UNREAD.get(written, "formulas hold numbers, labels, + - * / ^ and functions")
        raise self.error(f"{written!r} cannot stand in a formula", token, hint)

    # Symbols that nobody has named before.

    def _new_name(self, at: int, end: int) -> Token:
        """A symbol that is no known label: a new one, where these are allowed."""
        found = [s for s in new_spellings_at(self.text, at, tex=self.tex) if s[1] >= end]
        if at < self._split_until:
            found = [s for s in found if _ONE_LETTER.fullmatch(s[0].base)]
        for spelling, place in found if self.names.new_symbols else ():
            token = self._new_symbol(spelling, place, at)
            if token and self._may_be_new(spelling, at, end, place):
                return token
        return Token("unknown", at, found[0][1] if found else end)

    def symbols_at(self, at: int) -> list[Token]:
        """The ways to read a symbol here, known ones first and the longest first, also words."""
        known = (self._of(*found, at) for found in readings_at(self.text, at, self._bases))
        tokens = [self._known(at), *known]
        if self.names.new_symbols:
            new = new_spellings_at(self.text, at, tex=self.tex)
            tokens += [self._new_symbol(*found, at) for found in new]
        symbols = dict.fromkeys(t for t in tokens if t and t.kind in ("symbol", "applied"))
        return sorted(symbols, key=lambda token: -token.end)

    def _may_be_new(self, spelling: Spelling, at: int, end: int, place: int) -> bool:
        """Whether something unknown may be a new symbol: no word of a language, no function."""
        if self.text[at] == "\\":
            is_letter_alone = spelling.base[0] == "\\" and spelling.base != r"\Delta"
            return is_letter_alone or not _CALLING.match(self.text, place)
        is_word = end - at > 1 and not _ONE_LETTER.fullmatch(spelling.base)
        return not is_word or (end - at > 2 and spelling.sub != "")

    def _new_symbol(self, spelling: Spelling, end: int, at: int) -> Token | None:
        """The symbol so spelled, if its letter and its scripts make a name."""
        command = _COMMAND.match(spelling.base)
        if command and command[0][1:] not in _SYMBOLS:
            return None
        is_primed = self.text[end - 1] == "'"  # a derivative
        return (
            Token("symbol", at, end, spelling.label) if spelling.is_name and not is_primed else None
        )

    # Errors.

    def written_in(self, start: int, end: int) -> str:
        """What stands at a place, as it was written."""
        return self.written.written[slice(*self.written.place(start, end))]

    def written_at(self, token: Token) -> str:
        """What a token is, as it was written."""
        return self.written_in(token.start, token.end)

    def error(self, problem: str, token: Token, hint: str = "", **more: Any) -> FormulaError:
        """The error for a token, to be raised."""
        place = self.written.place(token.start, token.end)
        return FormulaError(problem, self.written.written, *place, hint=hint, **more)

    def unexpected(self, token: Token) -> FormulaError:
        """The error for a token that cannot stand where it does."""
        if token.kind == "unknown":
            return self.unknown(token)
        problem, hint = _MISPLACED.get(token.kind, ("{} cannot stand here", ""))
        if token.kind in ("_", "'"):
            hint = known_labels(self.names.labels.names)
        return self.error(problem.format(self.written_at(token)[:60]), token, hint)

    def unknown(self, token: Token) -> FormulaError:
        """The error for a symbol that is no known label, with the nearest ones."""
        written = self.written_at(token)[:60]
        command = _COMMAND.match(self.text, token.start, token.end)
        if command and command[0][1:] not in _SYMBOLS:
            return self.error(
                f"{command[0]} is not read in formulas", token, _UNREAD.get(command[0], "")
            )
        near = self.names.labels.nearest(written)
        hint = f"nearest known labels: {', '.join(near)}" if near else ""
        problem = f"{written} is not a known label"
        if self.names.new_symbols:
            problem = f"{written} is a word, not a symbol of this page"
            if _CALLING.match(self.text, token.end):
                problem = f"{written} is a function that is not known here"
        hint = hint or known_labels(self.names.labels.names)
        return self.error(problem, token, hint, unknown=written, nearest=near)
