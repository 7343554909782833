r"""The words of formula text: known labels first, then functions, numbers, signs and brackets."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, Literal

from autograd.notation import signs
from autograd.notation.errors import FormulaError, known_labels
from autograd.notation.labels import (
    Labels,
    Spelling,
    is_letter,
    new_spellings_at,
    script_of,
    spellings_at,
    spellings_of,
    unscripted,
    word_end,
)
from autograd.ops import TABLE, Operation

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Kind = Literal[
    "end", "number", "symbol", "applied", "function", "constant", "unknown", "partial", "fraction",
    "vulgar", "root", "series", "indicator", "environment", "dots", "relation", "condition", "over",
    "+", "-", "*", "/", "^", "_", ",", "'", "raised", "open", "close", "bar",
]  # fmt: skip
OPERANDS: Final = frozenset((
    "number", "symbol", "applied", "function", "constant", "unknown", "partial", "fraction",
    "vulgar", "root", "series", "indicator", "environment", "open",
))  # fmt: skip
UNSEEN_BRACKET: Final = r"\left."

_SIGN_KINDS: Final[dict[str, Kind]] = {
    **dict.fromkeys(signs.RELATIONS, "relation"), **dict.fromkeys(signs.DOTS, "dots"),
    **{sign: "+" if kind == "+" else "-" for sign, kind in signs.ADDING.items()},
    **dict.fromkeys(signs.MULTIPLYING, "*"), **dict.fromkeys(signs.DIVIDING, "/"),
    **dict.fromkeys(signs.PRIMES, "'"), **dict.fromkeys(signs.VULGAR, "vulgar"),
    **dict.fromkeys((f"\\{name}" for name in signs.FRACTIONS), "fraction"),
    "**": "^", "^": "^", "_": "_", ",": ",", r"\prime": "'", "√": "root", r"\sqrt": "root",
    "∂": "partial", r"\partial": "partial", r"\over": "over", r"\begin": "environment",
    "∑": "series", "∏": "series", r"\sum": "series", r"\prod": "series",
    **dict.fromkeys(signs.CLOSING, "close"), **dict.fromkeys(signs.BRACKETS, "open"),
    **dict.fromkeys(signs.BARS, "bar"),
}  # fmt: skip
_SYMBOL_COMMANDS: Final = frozenset(
    {*signs.LETTERS, *signs.ACCENTS, *signs.OTHER_ACCENTS, *signs.LETTER_FONTS, *signs.WORD_FONTS}
    - {"partial", "nabla", "infty"}
)
_GREEK_LETTERS: Final = frozenset(signs.LETTERS.values())
_ONE_LETTER: Final = re.compile(rf"[^\\]|\\(?:{'|'.join(signs.GREEK)})|\\[a-z]+\{{.*\}}")
_COMMAND: Final = re.compile(r"\\(?:[A-Za-z]+|[{}|])")
_SPACING = (
    r"[\s$&~]|\{\s*\}|\\[hm]?(?:space|skip|kern)\*?\s*(?:\{[^{}]{0,20}\}|[0-9.]+\s*[a-z]{2})"
    r"|\\(?:[,;:!> \\]|(?:left|right)(?![A-Za-z])(?!\s*\.)|(?:[bB]igg?[lrm]?|displaystyle|textstyle"
    r"|limits|nolimits|enspace|enskip|thinspace|quad|qquad|middle|mathstrut)(?![A-Za-z]))"
)
_UNSEEN: Final = re.compile(f"(?:{_SPACING})+")
_TAIL: Final = re.compile(rf"(?:[.,;:]|{_SPACING})+\Z")
_WIDE: Final = re.compile(
    r"\\(?P<name>[A-Za-z]+)(?:\*?\s*\{?\s*(?P<width>[0-9]{1,4}(?:\.[0-9]*)?|\.[0-9]+)\s*(?P<unit>[a-z]{2}))?|\\\\"
)
_HALF_BRACKET: Final = re.compile(r"\\(left|right)\s*\.")
_CONDITION: Final = re.compile(
    rf"(?:\\(?:text|textrm|mathrm|mbox|operatorname)\s*\{{\s*)?(?P<word>{'|'.join(signs.CONDITIONS)})"
    r"(?![A-Za-z_])[\s:,.]*\}?"
)
_INDICATOR: Final = re.compile(
    r"(?:\\(?:mathbb|mathbf|mathds|bm|boldsymbol)\s*\{?\s*1\s*\}?|1(?=\s*_\s*\{)|𝟙)\s*_?"
)
_LOWERED: Final = r"\s*(?:_|[\u2080-\u209c\u1d62-\u1d6a\u2c7c])"
_UNFINISHED: Final = re.compile(rf"[0-9]|{_LOWERED}")
_UNFINISHED_POWER: Final = re.compile(
    rf"\s*(?:\^\s*(?:\{{[^{{}}]{{0,20}}\}}|[0-9]+|[A-Za-z])|[⁰¹²³⁴-⁹]+){_LOWERED}"
)
_ENDS_LOWERED: Final = re.compile(
    r"(?:_\s*(?:\{[^{}^]*\}|[^\W_]+|\\[A-Za-z]+)|[\u2080-\u209c\u1d62-\u1d6a\u2c7c])\Z"
)
_EXPONENT: Final = re.compile(r"[+-]?(?:[0-9]+|[A-Za-z])(?:[+-][0-9]+)?")
_CALLING: Final = re.compile(r"\s*(?:\\left|\\[bB]igg?l?)?\s*[(\[]")
_APPLYING: Final = re.compile(
    r"\s*(?:['\u2032\u2019]|\\prime|\^\s*(?:\{[^{}]{0,9}\}|[0-9]|\\prime))*\s*(?:\\left|\\[bB]igg?l?)?\s*[(\[]"
)
_POWER_SIGN: Final = re.compile(r"\s*(?:\^|\*\*)")
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
    ",": ("a comma cannot stand here",
          "decimals are written with a point, as 2.5, and thousands without a comma"),
    "_": ("{} does not belong to a known label", ""),
    "'": ("{} does not belong to a known label", ""),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Token:
    """A word of the text: its kind, its place, and what it holds.

    `primes` and `power` are scripts that stand inside a symbol, as in `w'_1` and `x^2_1`; `apart`
    says that wide space stands before it.
    """

    kind: Kind
    start: int
    end: int
    held: Any = None  # a label, an operation, a number's digits, what closes this bracket
    primes: int = 0
    power: str = ""
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
        self.functions, self.operations = _operations(tuple(functions))
        self.new_symbols = new_symbols
        bases = (*labels.bases, *self.applied.bases, *self.functions.bases)
        self.bases = frozenset((*bases, *signs.SERIES, "e", r"\pi"))


@lru_cache(maxsize=64)
def _operations(own: tuple[Operation, ...]) -> tuple[Labels, Mapping[str, Operation]]:
    """The names of operations, and the operation of each; those of one's own come first."""
    found: dict[str, Operation] = {}
    for operation in (*own, *(op for op in TABLE.values() if not op.symbol)):
        for name in signs.names_of(operation):
            if spellings_of(name):
                found.setdefault(name, operation)
            elif name.isalnum():  # log1p
                found.setdefault(name, operation)
                found.setdefault(rf"\operatorname{{{name}}}", operation)
    found.pop(r"\sqrt", None)
    return Labels(found), found


class Scanner:
    """Finds the token at any place of one text.

    In `tex` a script without braces takes one letter or number. Where `letters`, runs of two
    unknown letters are symbols side by side, as between dollars. `indices` are the letters that
    count the sums around the place.
    """

    def __init__(self, text: str, names: Names, *, tex: bool, letters: bool) -> None:
        self.text = text
        self.names = names
        self.tex = tex
        self.letters = letters and names.new_symbols
        self.count(frozenset())
        self._found: dict[tuple[int, frozenset[str]], Token | None] = {}
        self._split_until = 0  # up to here, a run of letters is known to be made of names

    def of(self, text: str) -> Scanner:
        """A scanner like this one for another text."""
        words = Scanner(text, self.names, tex=self.tex, letters=self.letters)
        words.count(self.indices)
        return words

    def count(self, indices: frozenset[str]) -> None:
        """Takes letters for those that count sums."""
        self.indices = indices
        self._bases = self.names.bases | indices if indices else self.names.bases

    def scan(self, at: int) -> Token:
        """The token at or after a place."""
        unseen = _UNSEEN.match(self.text, at)
        begin = unseen.end() if unseen else at
        if begin >= len(self.text):
            return Token("end", len(self.text), len(self.text))
        if not self.text.startswith("...", begin) and _TAIL.match(self.text, begin):
            return Token("end", begin, begin)
        token = self._named(begin) or self._sign(begin)
        is_apart = unseen is not None and begin - at > 1 and _is_wide(unseen[0])
        return replace(token, apart=True) if is_apart else token

    def _named(self, at: int) -> Token | None:
        """A label, function, constant or number; None for a sign."""
        indicator = _INDICATOR.match(self.text, at)
        if indicator:
            return Token("indicator", at, indicator.end())
        condition = _CONDITION.match(self.text, at)
        if condition and not (at and is_letter(self.text, at - 1)):
            return Token("condition", at, condition.end(), signs.CONDITIONS[condition["word"]])
        if at >= self._split_until and is_letter(self.text, at):
            end = word_end(self.text, at)
            if not self._made_of_names(at, end):
                return self.new_name(at, end)
        token = self._known(at)
        if token is not None:
            return token
        number = signs.NUMBER.match(self.text, at)
        if number is None:
            return self.new_name(at, at + 1) if is_letter(self.text, at) else None
        return self._number(number)

    def _number(self, found: re.Match[str]) -> Token:
        digits, _, power = found[0].replace("\\,", "").lower().partition("e")
        token = Token("number", found.start(), found.end(), _written(digits, power))
        return self._in_range(token, len(digits), power)

    def _in_range(self, token: Token, digits: int, power: str) -> Token:
        """The token, where its number is none that floats cannot hold."""
        size = digits + abs(int(power[:9] or 0))
        if size > signs.LARGEST_POWER or (size > 300 and Fraction(token.held) > sys.float_info.max):
            raise self.error("this number is larger than the largest float, 1.8e308", token)
        return token

    def scientific(self, token: Token) -> Token:
        r"""A number together with the power of ten that multiplies it: 2.5 \cdot 10^7."""
        found = signs.POWER_OF_TEN.match(self.text, token.end)
        if not found or "e" in token.held:
            return token
        power = found[1] or found[2] or unscripted(found[3])
        power = power.replace("\u2212", "-").replace(" ", "")
        whole = Token("number", token.start, found.end(), _written(token.held, power))
        return self._in_range(whole, len(token.held), power)

    def _made_of_names(self, at: int, end: int) -> bool:
        """Whether a run of letters is names that are known, one after the other, and no more."""
        unknown = 0
        while at < end:
            name = self._known(at)
            is_greek = self.names.new_symbols and self.text[at] in _GREEK_LETTERS
            unknown += name is None and not is_greek
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
        token: Token | None = None
        for spelling, end in spellings_at(self.text, at, self._bases):
            token = self._of(spelling, at, end)
            if token is not None:
                break
        label = self.names.labels.literal(self.text, at)
        if label and (token is None or label[1] > token.end):
            return Token("symbol", at, label[1], label[0])
        function = self.names.functions.literal(self.text, at)
        if function and (token is None or function[1] > token.end):
            return Token("function", at, function[1], self.names.operations[function[0]])
        if token is None or token.kind in ("function", "series"):
            return token
        goes_on = _UNFINISHED.match(self.text, token.end) is not None
        if token.kind != "constant" and (power := _UNFINISHED_POWER.match(self.text, token.end)):
            goes_on = goes_on or self.tex or power[0].lstrip(" ^")[0].isdigit()
        return None if goes_on else token  # W_{13}, say, where only W is known

    def _of(self, spelling: Spelling, at: int, end: int) -> Token | None:
        """The token that a spelling is, if it is known."""
        names = self.names
        label = names.labels.spelled(spelling, self.text[at:end])
        applied = names.applied.spelled(spelling)
        if applied is not None:
            return Token("applied", at, end, label or applied)
        if label is not None:
            return Token("symbol", at, end, label)
        name = names.functions.spelled(spelling)
        is_letter_alone = names.new_symbols and spelling.base[1:] in signs.GREEK
        if name and not (is_letter_alone and not _APPLYING.match(self.text, end)):
            return Token("function", at, end, names.operations[name])
        primes = len(spelling.sup) if set(spelling.sup) == {"'"} else 0
        if primes:
            bare = self._of(spelling._replace(sup=""), at, end)
            if bare and bare.kind in ("symbol", "applied", "function"):
                return replace(bare, primes=primes)
        if spelling[1:] == ("", ""):
            return self._of_letter(spelling.base, at, end)
        if self.indices and names.labels.is_indexed(spelling, self.indices):
            return Token("symbol", at, end, spelling.label)
        if self._is_power(spelling, at, end):
            bare = self._of(spelling._replace(sup=""), at, end)  # x^2_1, a power of x_1
            if bare and bare.kind in ("symbol", "applied"):
                return replace(bare, power=spelling.sup)
        return None

    def _of_letter(self, base: str, at: int, end: int) -> Token | None:
        """An index, a constant or a big sum, where no label has its name."""
        text = self.text
        if base in self.indices:
            return Token("symbol", at, end, base)
        if base in signs.SERIES and not is_letter(text, end):
            is_sign = base[0] != "\\" or _UNFINISHED.match(text, end)
            return Token("series", at, end, signs.SERIES[base]) if is_sign else None
        if base == r"\pi":
            return Token("constant", at, end, "pi")
        if base != "e" or is_letter(text, end):
            return None
        alone = not (at and is_letter(text, at - 1))
        raised = _POWER_SIGN.match(text, end) or script_of(text[end : end + 1])
        return Token("constant", at, end, "e") if alone or raised else None

    def _sign(self, at: int) -> Token:
        """An operator or a bracket; an unknown command or character."""
        text = self.text
        half = _HALF_BRACKET.match(text, at)
        if half:
            kind: Kind = "open" if half[1] == "left" else "close"
            return Token(kind, at, half.end(), UNSEEN_BRACKET)
        command = _COMMAND.match(text, at)
        written = command[0] if command else text[at]
        if not command:
            written = next((text[at : at + n] for n in (3, 2) if text[at : at + n] in _SIGN_KINDS),
                           written)  # fmt: skip
        end = at + len(written)
        if written in _SIGN_KINDS:
            held = signs.RELATIONS.get(written) or signs.SERIES.get(written) or written
            return Token(_SIGN_KINDS[written], at, end, held)
        if command:
            return self.new_name(at, end)
        if script_of(written):
            while (raised := script_of(text[end : end + 1])) and raised[0] == "^":
                end += 1
            return Token("raised", at, end)
        hint = _UNREAD.get(written, "formulas hold numbers, labels, + - * / ^ and functions")
        raise self.error(f"{written!r} cannot stand in a formula", Token("unknown", at, end), hint)

    # Symbols that nobody has named before.

    def new_name(self, at: int, end: int) -> Token:
        """A symbol that is no known label: a new one, where these are allowed."""
        found = [s for s in new_spellings_at(self.text, at, tex=self.tex) if s[1] >= end]
        if at < self._split_until:
            found = [s for s in found if _ONE_LETTER.fullmatch(s[0].base)]
        for spelling, place in found if self.names.new_symbols else ():
            token = self._new_symbol(spelling, at, place)
            if token and self._may_be_new(spelling, at, end, place):
                return token
        return Token("unknown", at, found[0][1] if found else end)

    def symbols_at(self, at: int) -> list[Token]:
        """The ways to read a symbol here, known ones first and the longest first, also words."""
        known = self._known(at)
        found = [known] if known and known.kind in ("symbol", "applied") else []
        for spelling, end in spellings_at(self.text, at, self._bases):
            token = self._of(spelling, at, end)
            if token and token.kind in ("symbol", "applied") and token not in found:
                found.append(token)
        if self.names.new_symbols:
            spelled = new_spellings_at(self.text, at, tex=self.tex)
            new = (self._new_symbol(spelling, at, end) for spelling, end in spelled)
            found += [token for token in new if token]
        return found

    def _may_be_new(self, spelling: Spelling, at: int, end: int, place: int) -> bool:
        """Whether something unknown may be a new symbol: no word of a language, no function."""
        if self.text[at] == "\\":
            is_letter_alone = spelling.base[0] == "\\" and spelling.base != r"\Delta"
            return is_letter_alone or not _CALLING.match(self.text, place)
        is_word = end - at > 1 and not _ONE_LETTER.fullmatch(spelling.base)
        return not is_word or (end - at > 2 and spelling.sub != "")

    def _new_symbol(self, spelling: Spelling, at: int, end: int) -> Token | None:
        """The symbol so spelled, if its letter and its scripts make a name."""
        is_power = self._is_power(spelling, at, end)
        command = _COMMAND.match(spelling.base)
        if command and command[0][1:] not in _SYMBOL_COMMANDS:
            return None
        if not (spelling._replace(sup="") if is_power else spelling).is_name:
            return None
        is_primed = bool(spelling.sup) and set(spelling.sup) == {"'"}
        label = spelling._replace(sup="" if is_primed or is_power else spelling.sup).label
        primes, power = len(spelling.sup) * is_primed, spelling.sup * is_power
        return Token("symbol", at, end, label, primes, power)

    def _is_power(self, spelling: Spelling, at: int, end: int) -> bool:
        """Whether an exponent stands before the subscript: x^2_1 is the square of x_1."""
        exponent = _EXPONENT.fullmatch(spelling.sup) and spelling.base != "e"
        return bool(spelling.sub and exponent and _ENDS_LOWERED.search(self.text, at, end))

    # Errors.

    def error(self, problem: str, token: Token, hint: str = "") -> FormulaError:
        """The error for a token, to be raised."""
        return FormulaError(problem, self.text, token.start, token.end, hint=hint)

    def unexpected(self, token: Token) -> FormulaError:
        """The error for a token that cannot stand where it does."""
        if token.kind == "unknown":
            return self.unknown(token)
        written = self.text[token.start : token.end][:60]
        problem, hint = _MISPLACED.get(token.kind, ("{} cannot stand here", ""))
        if token.kind in ("_", "'"):
            hint = known_labels(self.names.labels.names)
        return self.error(problem.format(written), token, hint)

    def unknown(self, token: Token) -> FormulaError:
        """The error for a symbol that is no known label, with the nearest ones."""
        written = self.text[token.start : token.end][:60]
        command = _COMMAND.match(written)
        if command and command[0][1:] not in _SYMBOL_COMMANDS:
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
        return FormulaError(
            problem, self.text, token.start, token.end,
            hint=hint or known_labels(self.names.labels.names), unknown=written, nearest=near,
        )  # fmt: skip


def _written(digits: str, power: str) -> str:
    """The digits of a Number: no spaces, nothing left out before or after its point."""
    digits = f"0{digits}" if digits[0] == "." else digits.removesuffix(".")
    return f"{digits}e{int(power[:9])}" if power else digits


def _is_wide(space: str) -> bool:
    r"""Whether space separates: \quad, \hspace{1em}, a line's end."""
    for found in _WIDE.finditer(space):
        name, width = found["name"], found["width"]
        if name is None or signs.SPACES.get(name, 0.0) >= signs.WIDE:
            return True
        if width and float(width) * signs.UNITS.get(found["unit"], 0.0) >= signs.WIDE:
            return True
    return False
