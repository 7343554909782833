r"""The words of formula text: known labels first, then functions, numbers, signs and brackets."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from autograd.errors import ChalkgradError
from autograd.formulas.spelling import Labels, is_letter, script_of, spellings_at, word_end
from autograd.ops import TABLE, Operation

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_EXCERPT: Final = 72  # columns of the text shown in an error

Kind = Literal[
    "end", "number", "symbol", "function", "constant", "unknown", "partial", "fraction", "root",
    "sum", "+", "-", "*", "/", "^", "_", ",", "'", "raised", "open", "close", "bar",
]  # fmt: skip
OPERANDS: Final = frozenset(
    ("number", "symbol", "function", "constant", "unknown", "partial", "fraction", "root", "sum",
     "open")
)  # fmt: skip


class FormulaError(ChalkgradError, ValueError):
    """Formula text that cannot be read: shows the text with a caret under the place.

    `text[start:end]` is the place; `unknown` the symbol that is no known label, if that is the
    reason, and `nearest` the labels most like it.

    >>> from autograd.formulas.reading import read_formula
    >>> read_formula("2(x + w)", ["x", "y"])
    Traceback (most recent call last):
    autograd.formulas.tokens.FormulaError: w is not a known label
      2(x + w)
            ^
    hint: known labels: x, y
    """

    def __init__(
        self,
        problem: str,
        text: str,
        start: int,
        end: int,
        *,
        hint: str = "",
        unknown: str = "",
        nearest: tuple[str, ...] = (),
    ) -> None:
        super().__init__(f"{problem}\n{_excerpt(text, start, end)}", hint=hint)
        self.problem = problem
        self.text = text
        self.start = start
        self.end = end
        self.unknown = unknown
        self.nearest = nearest

    def within(self, text: str, offset: int) -> FormulaError:
        """The same error for a longer text, in which this one begins at `offset`."""
        start, end = self.start + offset, self.end + offset
        return FormulaError(
            self.problem, text, start, end,
            hint=self.hint, unknown=self.unknown, nearest=self.nearest,
        )  # fmt: skip

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (
            type(self), self.problem, self.text, self.start, self.end, self.hint, self.unknown,
            self.nearest,
        )  # fmt: skip


def _rebuild(
    kind: type[FormulaError],
    problem: str,
    text: str,
    start: int,
    end: int,
    hint: str,
    unknown: str,
    nearest: tuple[str, ...],
) -> FormulaError:
    return kind(problem, text, start, end, hint=hint, unknown=unknown, nearest=nearest)


def _excerpt(text: str, start: int, end: int) -> str:
    """The text around a place, on one line, and carets under it."""
    first = max(0, min(start, len(text)) - _EXCERPT // 2)
    last = min(len(text), first + _EXCERPT)
    before = "..." if first else ""
    after = "..." if last < len(text) else ""
    line = "".join(c if c.isprintable() else " " for c in text[first:last])
    carets = max(1, min(end, last) - start)
    return f"  {before}{line}{after}\n  {' ' * (len(before) + start - first)}{'^' * carets}"


def known_labels(labels: Iterable[str]) -> str:
    """A hint that lists the first few labels."""
    names = list(labels)
    if not names:
        return "no labels are known; label the Values: Value(2.0, label='x')"
    more = ", ..." if len(names) > 8 else ""
    return f"known labels: {', '.join(names[:8])}{more}"


# What is written in the text: functions, signs, brackets.

FUNCTIONS: Final[dict[str, Operation]] = {
    name: op for name, op in TABLE.items() if not op.symbol
} | {
    other: TABLE[name]
    for other, name in {
        "ln": "log", "arcsin": "asin", "arccos": "acos", "arctan": "atan", "tg": "tan",
        "sgn": "sign", "max": "maximum", "min": "minimum", "ReLU": "relu", "logistic": "sigmoid",
        "Sigmoid": "sigmoid", "swish": "silu", "sigma": "sigmoid", "SiLU": "silu", "GELU": "gelu",
        "ELU": "elu", "softrelu": "softplus",
    }.items()
}  # fmt: skip
INVERSES: Final = {"sin": "asin", "cos": "acos", "tan": "atan"}
LOGARITHMS: Final = {"2": "log2", "10": "log10", "e": "log"}

_SIGNS: Final[dict[str, Kind]] = {
    "+": "+", "-": "-", "\u2212": "-", "\u2013": "-", "\u2014": "-", "\uff0d": "-", "\u2010": "-",
    "\u2011": "-", "*": "*", "\u00b7": "*", "\u22c5": "*", "\u2219": "*", "\u2022": "*",
    "\u00d7": "*", "\u2217": "*", "\u2715": "*", "/": "/", "\u00f7": "/", "\u2215": "/",
    "\u2044": "/", "^": "^", "_": "_", ",": ",", "'": "'", "\u2032": "'", "\u2019": "'",
    "|": "bar", "\u2202": "partial", "\u221a": "root", "\u2211": "sum",
}  # fmt: skip
_COMMANDS: Final[dict[str, Kind]] = {
    "cdot": "*", "times": "*", "ast": "*", "div": "/", "frac": "fraction", "dfrac": "fraction",
    "tfrac": "fraction", "cfrac": "fraction", "sqrt": "root", "sum": "sum", "partial": "partial",
    "vert": "bar", "mid": "bar", "prime": "'",
}  # fmt: skip
_BRACKETS: Final = {"(": ")", "[": "]", "{": "}", r"\{": r"\}", r"\lbrace": r"\rbrace",
                    r"\lvert": r"\rvert", r"\lbrack": r"\rbrack"}  # fmt: skip
OPENING: Final = frozenset(_BRACKETS)
CLOSING: Final = frozenset(_BRACKETS.values())
LINKING: Final = re.compile(
    r"\\[{}]|[(\[{)\]}]|\\(?:approx|simeq|cong|equiv)(?![A-Za-z])|:?=|[≈≃≅≡]"
)

_NUMBER: Final = re.compile(
    r"(?:[0-9]{1,3}(?:\\,[0-9]{3})+(?:\.[0-9]+)?|[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
)
_COMMAND: Final = re.compile(r"\\(?:[A-Za-z]+|[{}|])")
_NAMED: Final = re.compile(
    r"\\(?:operatorname\*?|mathrm|text|textrm|mathit|mathop)\s*\{\s*\\?([A-Za-z]\w{0,15})\s*\}"
)
_SPACING = (
    r"[\s$&~]|\{\s*\}|\\(?:[,;:!> \\]|(?:left|right|[bB]igg?[lrm]?|displaystyle|textstyle|limits"
    r"|nolimits|quad|qquad|middle|mathstrut)(?![A-Za-z]))"
)
_UNSEEN: Final = re.compile(f"(?:{_SPACING})+")
_TAIL: Final = re.compile(rf"(?:[.,;:]|{_SPACING})+\Z")
DIFFERENTIAL: Final = re.compile(
    r"(?P<round>\u2202|\\partial(?![A-Za-z]))\s*(?:\\[,!]\s*)?"
    r"|(?P<upright>\\(?:mathrm|text|operatorname)\s*\{\s*d\s*\}\s*|\\mathrm\s+d\s*)|(?P<plain>d)"
)
PRIME: Final = re.compile(r"\s*(?:['\u2032\u2019]|\^\s*(?:\{\s*\\prime\s*\}|\\prime(?![A-Za-z])))")
_CONSTANT: Final = re.compile(r"(?P<pi>\\pi(?![A-Za-z])|\u03c0)|e|\\(?:mathrm|text)\s*\{\s*e\s*\}")
LIMIT: Final = re.compile(
    r"(?:\s|\\(?:limits|nolimits|displaystyle)(?![A-Za-z]))*([_^])\s*(?:\{([^{}]{1,40})\}|([A-Za-z]|[0-9]+))"
)
LOWER_LIMIT: Final = re.compile(r"([A-Za-z]|\\[A-Za-z]+)(?:\s*=\s*(-?[0-9]{1,6}))?")
_SUBSCRIPT: Final = re.compile(r"\s*(?:_|[\u2080-\u209c\u1d62-\u1d6a\u2c7c])")
_MIXED: Final = re.compile(r"[_^]\s*[0-9]+[A-Za-z]")  # as in x_1y: x_1 times y
_NAMING: Final = re.compile(r"|'+|\*|\([^()]*\)|\[[^\[\]]*\]|(?:[A-Za-z]{2,})")  # scripts of names
_LETTER_LIKE: Final = re.compile(
    r"[^\W\d_]|\\(?:hat|bar|tilde|dot|ddot|vec|check|widehat|overline|widetilde|math|bold|bm|text"
    r"|operatorname|rm|ell|eta|theta|alpha|beta|gamma|delta|epsilon|varepsilon|zeta|iota|kappa"
    r"|lambda|mu|nu|xi|pi|rho|sigma|tau|upsilon|phi|varphi|chi|psi|omega|Gamma|Delta|Theta|Lambda"
    r"|Xi|Pi|Sigma|Upsilon|Phi|Psi|Omega)"
)
_MEANINGS: Final = {
    "=": "give one side of the equation",
    "<": "give one formula, without comparisons",
    ">": "give one formula, without comparisons",
    "!": "factorials are not read",
    "%": "write a percentage as a number: 5% is 0.05",
    "#": "leave comments out",
}


@dataclass(slots=True)
class Token:
    """A word of the text: its kind, its place, and what it holds."""

    kind: Kind
    start: int
    end: int
    held: Any = None  # a label, an operation, a number, the bracket that closes this one


class Scanner:
    """Finds the token at any place of one text.

    `indices` holds the numbers of the letters that count the sums around the place.
    """

    def __init__(
        self,
        text: str,
        labels: Labels,
        functions: Mapping[str, Operation],
        *,
        new_symbols: bool,
    ) -> None:
        self.text = text
        self.labels = labels
        self.functions = functions
        self.new_symbols = new_symbols
        self.indices: dict[str, int] = {}
        self.used_indices: set[str] = set()
        self._function_name = _alternation(functions)
        self._split_until = 0  # up to here, a run of letters is known to be made of names
        self._budget = 4 * len(text) + 20_000  # tokens, as sums read theirs many times

    def scan(self, at: int) -> Token:
        """The token at or after a place."""
        self._budget -= 1
        if self._budget < 0:
            raise FormulaError(
                "the sums in this formula have too many terms", self.text, at, at + 1,
                hint="write a shorter formula, or name a part of it with a label",
            )  # fmt: skip
        unseen = _UNSEEN.match(self.text, at)
        at = unseen.end() if unseen else at
        if at == len(self.text) or _TAIL.match(self.text, at):
            return Token("end", at, at)
        return self.name_at(at) or self.sign_at(at)

    def name_at(self, at: int) -> Token | None:
        """A label, function, constant or number; None for a sign."""
        if at >= self._split_until and is_letter(self.text, at):
            end = word_end(self.text, at)
            if not self._made_of_names(at, end):
                return self.unknown_name(at, end)
        token = self.known_name(at)
        if token is not None:
            return token
        number = _NUMBER.match(self.text, at)
        if number is None:
            return self.unknown_name(at, at + 1) if is_letter(self.text, at) else None
        token = Token("number", at, number.end(), float(number[0].replace("\\,", "")))
        if math.isinf(token.held):
            raise self.error("this number is larger than the largest float, 1.8e308", token)
        return token

    def _made_of_names(self, at: int, end: int) -> bool:
        """Whether a run of letters is names that are known, one after the other, and no more."""
        while at < end:
            name = self.known_name(at)
            if name is None:
                return False
            at = name.end
        self._split_until = at
        return True

    def known_name(self, at: int) -> Token | None:
        """The longest label or function here; a label of two that are equally long."""
        label = self.labels.match(self.text, at)
        if self.indices:
            indexed = self.labels.match(self.text, at, self.indices)
            if indexed != label:
                self.used_indices.update(self.indices)
                label = indexed
        function = self.function_at(at)
        if label and (function is None or label[1] >= function.end):
            if _SUBSCRIPT.match(self.text, label[1]):
                return None  # W_{13}, say, where only W is known
            return Token("symbol", at, label[1], label[0])
        if function:
            return function
        for name, number in self.indices.items():
            if self.text.startswith(name, at):
                self.used_indices.add(name)
                return Token("number", at, at + len(name), float(number))
        constant = _CONSTANT.match(self.text, at)
        if constant:
            value = math.pi if constant["pi"] else math.e
            return Token("constant", at, constant.end(), value)
        return None

    def function_at(self, at: int) -> Token | None:
        """The function named here: a command, a word, a word in a wrapper."""
        functions = self.functions
        named = _NAMED.match(self.text, at)
        if named and named[1] in functions:
            return Token("function", at, named.end(), functions[named[1]])
        command = _COMMAND.match(self.text, at)
        if command:
            name = command[0][1:]
            if name in functions and name != "sqrt":
                return Token("function", at, command.end(), functions[name])
            return None
        if self.text[at] == "\u03c3":
            return Token("function", at, at + 1, functions["sigma"])
        word = self._function_name.match(self.text, at)
        if word is None:
            return None
        end = word.end()
        if is_letter(self.text, end) and not (
            self.labels.match(self.text, end, self.indices)
            or self._function_name.match(self.text, end)
        ):
            return None  # only the beginning of a longer word
        return Token("function", at, end, functions[word[0]])

    def sign_at(self, at: int) -> Token:
        """An operator or a bracket; an unknown command or character."""
        char = self.text[at]
        command = _COMMAND.match(self.text, at)
        written = command[0] if command else char
        end = at + len(written)
        if written in _BRACKETS:
            return Token("open", at, end, _BRACKETS[written])
        if written in CLOSING:
            return Token("close", at, end, written)
        if command:
            if written == r"\|" or written[1:] not in _COMMANDS:
                return self.unknown_name(at, end)
            kind = _COMMANDS[written[1:]]
            return Token(kind, at, end, "|" if kind == "bar" else None)
        if self.text.startswith("**", at):
            return Token("^", at, at + 2)
        if char in _SIGNS:
            return Token(_SIGNS[char], at, end, char)
        if script_of(char):
            held = ""
            while end <= len(self.text) and (raised := script_of(self.text[end - 1 : end])):
                held += raised[1]
                end += 1
            return Token("raised", at, end - 1, held)
        hint = _MEANINGS.get(char, "formulas hold numbers, labels, + - * / ^ and functions")
        raise self.error(f"{char!r} cannot stand in a formula", Token("unknown", at, end), hint)

    def unknown_name(self, at: int, end: int) -> Token:
        """A symbol that is no known label: a new one, where these are allowed."""
        readings = [
            (spelling, place)
            for spelling, place in spellings_at(self.text, at)
            if place >= end and not _MIXED.search(self.text, at, place)
        ]
        if self.new_symbols:
            for spelling, place in readings:
                if _NAMING.fullmatch(spelling.sup) and _LETTER_LIKE.match(spelling.base):
                    return Token("symbol", at, place, spelling.label)
        return Token("unknown", at, readings[0][1] if readings else end)

    # Errors.

    def error(self, problem: str, token: Token, hint: str = "") -> FormulaError:
        """The error for a token, to be raised."""
        return FormulaError(problem, self.text, token.start, token.end, hint=hint)

    def unexpected(self, token: Token) -> FormulaError:
        """The error for a token that cannot stand where it does."""
        written = self.text[token.start : token.end][:_EXCERPT]
        match token.kind:
            case "unknown":
                return self.unknown(token)
            case "end":
                return self.error(
                    "the formula ends where a number or a symbol should follow", token
                )
            case "close":
                return self.error(f"{written} closes nothing, or too early", token)
            case ",":
                hint = "decimals are written with a point, as 2.5, and thousands without a comma"
                return self.error("a comma cannot stand here", token, hint)
            case "_" | "'":
                hint = known_labels(self.labels.names)
                return self.error(f"{written} does not belong to a known label", token, hint)
        return self.error(f"{written} cannot stand here", token)

    def unknown(self, token: Token) -> FormulaError:
        """The error for a symbol that is no known label, with the nearest ones."""
        written = self.text[token.start : token.end][:_EXCERPT]
        if written.startswith("\\") and not _LETTER_LIKE.match(written):
            return self.error(f"{written} is not read in formulas", token)
        near = self.labels.nearest(written)
        hint = f"nearest known labels: {', '.join(near)}" if near else ""
        return FormulaError(
            f"{written} is not a known label", self.text, token.start, token.end,
            hint=hint or known_labels(self.labels.names), unknown=written, nearest=near,
        )  # fmt: skip


def _alternation(functions: Iterable[str]) -> re.Pattern[str]:
    longest_first = sorted(functions, key=lambda name: (-len(name), name))
    return re.compile("|".join(map(re.escape, longest_first)))
