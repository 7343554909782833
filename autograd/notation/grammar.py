r"""The grammar of formula text: from its words to its tree.

Known labels come before all else (`W_{11}^2` is a name where it is a label):

    side     = sum [ "if" condition [ "else" side ] ] | "[" sum "," sum ... "]"
    sum      = [sign] product { ("+" | "-") product }
    product  = power { [ "*" | "/" ] power }             juxtaposition multiplies
    power    = atom { "^" exponent } [ "|_{x = 3}" ]     to the right: 2^3^2 = 2^9
    atom     = number | label | ( sum ) | |sum| | \frac{sum}{sum} | \sqrt[n]{sum} | cases
             | function ( sum { "," sum } ) | function bare-product | f'(sum)
             | \sum_{j=1}^{3} product | derivative | 1[condition]
    derivative = \frac{\partial^2 L}{\partial W \partial b} | dL/dW | \frac{d}{dW} product
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import replace
from enum import Enum
from functools import cached_property
from typing import TYPE_CHECKING, Final, TypeVar

from autograd.notation.errors import FormulaError
from autograd.notation.expr import (
    ONE,
    ZERO,
    Applied,
    At,
    Call,
    Cases,
    Constant,
    Derivative,
    Expr,
    Listed,
    Negative,
    Number,
    Power,
    Product,
    Relation,
    Series,
    Sum,
    Symbol,
    children,
    fraction_of,
    with_children,
)
from autograd.notation.labels import script_of, skip_space
from autograd.notation.scanner import OPERANDS, UNSEEN_BRACKET, Scanner, Token
from autograd.notation.series import running, stands_in
from autograd.notation.signs import BARS, BRACKETS, DIVIDING, PRIMES, ROUNDING, VULGAR
from autograd.ops import TABLE, Operation

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

_T = TypeVar("_T")
_DEEPEST: Final = 50  # brackets in brackets; no formula on paper comes near
_HIGHEST: Final = 9  # order of a derivative
_E: Final = Constant("e")
_FACTORS: Final = OPERANDS - {"open", "partial"}
_DIFFERENTIAL: Final = re.compile(
    r"(?P<round>\u2202|\\partial(?![A-Za-z])|\\delta(?![A-Za-z]))(?:\s|\\[,!]|\{\s*\})*"
    r"|(?P<upright>\\(?:mathrm|text|operatorname)\s*\{\s*d\s*\}\s*|\\mathrm\s+d\s*"
    r"|\{\s*\\rm\s+d\s*\}\s*)|(?P<plain>d)"
)
_ORDER: Final = re.compile(
    r"\s*(?:(?:\^|\*\*)\s*(?:\{\s*([0-9]+)\s*\}|([0-9]))|([²³⁴-⁹])|([2-9])(?![0-9]))"
)
_PRIMED: Final = re.compile(r"\s*\^\s*\{?\s*\(\s*([1-9])\s*\)\s*\}?")
_SLASH: Final = tuple(sign for sign in DIVIDING if len(sign) == 1)
_SCRIPT: Final = re.compile(r"\s*_\s*(\{)?")
_INDEX: Final = re.compile(r"\s*([A-Za-z]|\\[A-Za-z]+)\s*(?::?=\s*(.+))?", re.DOTALL)
_LIMITS: Final = re.compile(r"(?:\s|\\(?:limits|nolimits|displaystyle)(?![A-Za-z]))*")
_LOWERED_LETTER: Final = re.compile(
    r"_\s*\{?\s*([A-Za-z])(?![A-Za-z0-9])|([\u2090-\u209c\u1d62-\u1d65\u2c7c])"
)
_TRANSPOSED: Final = re.compile(
    r"\{?\s*(?:T|\\top|\\intercal|\\mathsf\s*\{?T\}?)(?![A-Za-z])\s*\}?|\u1d40"
)
_LONE_BRACKET: Final = re.compile(r"\{\s*\(\s*\w+\s*\)\s*\}")
_MARK: Final = re.compile(
    r"\\begin|\\end|\\\\|\\[{}]|[(\[{)\]}&,]|[<>!]=|==|[=<>\u2264\u2265\u2260\u2a7d\u2a7e]"
    r"|\\(?:leq?|geq?|neq?|lt|gt|leqslant|geqslant)(?![A-Za-z])"
)
_ENVIRONMENT: Final = re.compile(r"\\(begin|end)\s*\{\s*([A-Za-z]+)\*?\s*\}(?:\s*\[[^\]]{0,9}\])?")
_LINKING: Final = re.compile(
    r"\\[{}]|[(\[{)\]}]|\\(?:approx|simeq|cong|equiv)(?![A-Za-z])|:?=|[≈≃≅≡]"
)
_COLUMNS: Final = re.compile(r"\s*\{[^{}]{0,40}\}")
_ROW_OPTION: Final = re.compile(r"\\\\(?:\s*\[[^\]]{0,9}\])?")


class Doubt(Enum):
    """What paper leaves open, with the usual sense first."""

    DIVISION = "a/bc is (a/b)c, or a/(bc)"
    ARGUMENT = "sin xy is sin(xy), or sin(x) y"
    EULER = "e^x is a power of the label e, where there is one, or of Euler's number"
    POINT = "dy/dx(x) is the derivative at x, or times x"
    SCOPE = "d/dx of the product that follows, or of all that follows"


class Parser:
    """Recursive descent over one text, a token at a time, no deeper than `_DEEPEST` brackets."""

    def __init__(self, words: Scanner, otherwise: Collection[Doubt] = (), at: int = 0) -> None:
        self.words = words
        self.text = words.text
        self.otherwise = otherwise  # what is not to be read in the usual sense
        self.doubts: set[Doubt] = set()  # what could have been read in another one
        self.depth = 0
        self.open: list[str] = []  # the brackets around this place
        self.dividing = False  # whether this is what a slash divides by
        self.last_end = 0  # where the last token taken ended
        self.token = words.scan(at)

    def formula(self) -> Expr:
        """The whole text, as one side of an equation."""
        if self._at("end"):
            raise self._error("there is no formula here", hint="write one, such as 2x + 1")
        start = self.token.start
        tree = self._listed() or self._sum()
        if self._at("condition") or (self._at(",") and self._next().kind == "condition"):
            tree = self._conditional(tree, start)
        return self._whole(tree)

    def condition(self) -> Relation:
        """The whole text, as a comparison; a word such as `if` may lead it."""
        if self._at("condition") and self.token.held == "if":
            self._advance()
        return self._whole(self._relation())

    def _whole(self, part: _T) -> _T:
        if not self._at("end"):
            raise self.words.unexpected(self.token)
        return part

    # Sums and products.

    def _sum(self) -> Expr:
        start = self.token.start
        terms = [self._signed(self._product)]
        while self._at("+", "-"):
            if self._next().kind == "dots":
                terms = self._continued(terms)
            else:
                terms.append(self._signed(self._product))
        return terms[0] if len(terms) == 1 else Sum(tuple(terms), start=start, end=self.last_end)

    def _continued(self, terms: list[Expr]) -> list[Expr]:
        """x_1 + x_2 + ... + x_9, where it is clear how it goes on."""
        self._advance()
        dots = self._advance()
        last = self._signed(self._product) if self._at("+", "-") else None
        between = running(terms, last) if last else None
        if last is None or between is None:
            raise self.words.unexpected(dots)
        return [*terms, *between, last]

    def _signed(self, inner: Callable[[], Expr]) -> Expr:
        start = self.token.start
        negative = False
        while self._at("+", "-"):
            negative ^= self.token.kind == "-"
            self._advance()
        tree = inner()
        return Negative(tree, start=start, end=self.last_end) if negative else tree

    def _product(self) -> Expr:
        start = self.token.start
        factors = [self._factor()]
        divisors: list[Expr] = []
        divided = False
        while True:
            if self._at("*"):
                self._advance()
                factors.append(self._signed(self._factor))
                divided = False
            elif self._at("/"):
                self._advance()
                divisors.append(self._signed(self._divisor))
                divided = True
            elif self._at_operand():
                if divided:
                    self.doubts.add(Doubt.DIVISION)
                factors.append(self._beside(factors[-1], self._factor))
            else:
                return self._fraction_of(factors, divisors, start)

    def _fraction_of(self, factors: list[Expr], divisors: list[Expr], start: int) -> Expr:
        if len(factors) == 1 and not divisors:
            return factors[0]
        return fraction(tuple(factors), tuple(divisors), start=start, end=self.last_end)

    def _factor(self) -> Expr:
        if self._at("number"):
            self.token = self.words.scientific(self.token)
        return self._power()

    def _divisor(self) -> Expr:
        start = self.token.start
        outside, self.dividing = self.dividing, True
        factors = [self._power()]
        while Doubt.DIVISION in self.otherwise and self._at_operand():
            factors.append(self._beside(factors[-1], self._power))
        self.dividing = outside
        return self._fraction_of(factors, [], start)

    def _bare_product(self) -> Expr:
        r"""The argument of a function without brackets: in `\sin 2x + 1` it is 2x."""
        start = self.token.start
        factors = [self._power()]
        while self._at(*_FACTORS):
            self.doubts.add(Doubt.ARGUMENT)
            if Doubt.ARGUMENT in self.otherwise or isinstance(factors[-1], Call):
                break
            factors.append(self._beside(factors[-1], self._power))
        return self._fraction_of(factors, [], start)

    def _at_operand(self) -> bool:
        """Whether a factor begins here, multiplied without a sign."""
        if self._at("bar"):
            opens = not (self.open and self.open[-1] in BARS) and self.token.held != r"\rvert"
            return self.token.held == r"\lvert" or (opens and not self._has_point())
        return self._at(*OPERANDS)

    def _beside(self, before: Expr, inner: Callable[[], Expr]) -> Expr:
        """A factor without a sign before it; nobody can say what `2 3` and, for x, `x2` mean."""
        token = self.token
        if token.apart:
            raise self._error(
                "wide space stands between two formulas",
                hint="write each on a line of its own, or a sign between them",
            )
        if token.kind == "number" and isinstance(before, Number):
            raise self._error(
                "two numbers stand side by side",
                hint=r"write a product as 2 \cdot 3, and digits without spaces between them",
            )
        if token.kind == "number" and isinstance(before, Symbol) and before.end == token.start:
            raise self.words.unknown(replace(token, start=before.start))
        return inner()

    # Powers.

    def _power(self) -> Expr:
        opening = self.token
        base = self._atom()
        if self._at("^", "raised"):
            inner_end = self.text.rfind("}", opening.start, self.last_end)
            is_group = (
                opening.kind == "open" and opening.held == "{" and inner_end + 1 == self.last_end
            )
            exponent = self._raised() if self._at("raised") else self._exponent(base)
            if is_group:
                last = len(self.text[:inner_end].rstrip())
                base = self._with_exponent(base, exponent, last)
            else:
                base = self._raise(base, exponent, opening.start)
            if self._at("^", "raised"):
                raise self._error(
                    "a power of a power needs brackets",
                    hint="write (x^2)^3 or x^{2^3}, whichever is meant",
                )
        while self._at_point():
            base = self._at_values(base)
        return base

    def _raise(self, base: Expr, exponent: Expr, start: int) -> Expr:
        if isinstance(base, Symbol) and self.text[base.start : base.end] == "e":
            self.doubts.add(Doubt.EULER)
            if Doubt.EULER in self.otherwise:
                base = Constant("e", start=base.start, end=base.end)
        return Power(base, exponent, start=start, end=self.last_end)

    def _with_exponent(self, tree: Expr, exponent: Expr, end: int) -> Expr:
        """What braces hold, with an exponent after them: as TeX prints it, that of its last part."""
        last = children(tree)[-1:]
        enclosed = isinstance(tree, Call) or fraction_of(tree)[1]  # by brackets of its own
        composed = isinstance(tree, Sum | Product | Negative | Call) and tree.end == end
        if not composed or (enclosed and last[0].end != end):
            return self._raise(tree, exponent, tree.start)
        raised = self._with_exponent(last[0], exponent, end)
        return with_children(tree, (*children(tree)[:-1], raised))

    def _exponent(self, base: Expr) -> Expr:
        """After `^`: a group in braces, or the next atom, with a sign if it has one."""
        sign = self._advance()
        transposed = _TRANSPOSED.match(self.text, self.token.start)
        if transposed and self.words.names.labels.find("T") is None:
            raise self._error(
                "a transpose", Token("^", sign.start, transposed.end()),
                hint="formulas of numbers are read, not of matrices",
            )  # fmt: skip
        if isinstance(base, Symbol) and _LONE_BRACKET.match(self.text, self.token.start):
            raise self.words.unknown(Token("symbol", base.start, self.token.end))
        with self._nested():
            if self.token.kind == "open" and self.token.held == "{":
                return self._group()
            return self._signed(self._power)

    def _raised(self) -> Expr:
        """Raised characters, as in x² and e⁻ᶻ."""
        token = self._advance()
        held = [script_of(char) for char in self.text[token.start : token.end]]
        text = " " * token.start + "".join(script[1] for script in held if script)
        return self._part(token.start, token.end, Parser.formula, text)

    # Atoms.

    def _atom(self) -> Expr:
        derivative = self._derivative()
        if derivative is not None:
            return derivative
        token = self.token
        match token.kind:
            case "number":
                self._advance()
                if (
                    token.held == "1"
                    and self._at("open")
                    and (found := self._indicator(equal=True))
                ):
                    return found
                return Number(token.held, start=token.start, end=token.end)
            case "constant":
                self._advance()
                return Constant(token.held, start=token.start, end=token.end)
            case "vulgar":
                over, under = VULGAR[self._advance().held]
                parts = (Number(str(over)),), (Number(str(under)),)
                return Product(*parts, start=token.start, end=token.end)
            case "symbol" | "applied":
                return self._symbol(self._advance())
            case "function":
                return self._call(self._advance())
            case "fraction":
                self._advance()
                above = self._braced()
                return fraction((above,), (self._braced(),), start=token.start, end=self.last_end)
            case "root":
                return self._root()
            case "series":
                return self._series()
            case "environment":
                return self._environment()
            case "indicator":
                self._advance()
                return self._indicated()
            case "open" | "bar":
                return self._grouped()
        raise self._misplaced()

    def _misplaced(self) -> FormulaError:
        if self._at("partial"):
            return self._error(
                "∂ stands without a whole derivative",
                hint=r"write \frac{\partial L}{\partial x}, ∂L/∂x or dL/dx, of known labels",
            )
        return self.words.unexpected(self.token)

    def _symbol(self, token: Token) -> Expr:
        """A label, or a function of the page with its arguments: f(x), f'(x), y''."""
        start, primes = token.start, token.primes
        exponent: Expr | None = None
        if token.kind == "applied":
            if order := _PRIMED.match(self.text, token.end):
                primes = int(order[1])
                self._resume(order.end())
            elif self._at("^", "raised") and self._applies_after_exponent():
                exponent = self._raised() if self._at("raised") else self._exponent(ONE)
                if isinstance(exponent, Negative):
                    raise self._error("the inverse of a function is not read", token)
        arguments: tuple[Expr, ...] = ()
        if self._at("open") and self.token.held in ("(", "["):
            if token.kind == "applied" or (primes and self._is_single(self.token)):
                arguments = tuple(self._bracketed())
        place = {"start": start, "end": self.last_end}
        tree: Expr = Symbol(token.held, **place)
        if primes or arguments:
            tree = Applied(token.held, arguments, primes, **place)
        if token.power:
            exponent = self._part(start, token.end, Parser.formula, " " * start + token.power)
        return tree if exponent is None else Power(tree, exponent, **place)

    def _applies_after_exponent(self) -> bool:
        """Whether brackets follow an exponent here, as in f^2(x)."""
        at = skip_space(self.text, self.token.end)
        if self.token.kind == "^":
            at = self.closings.get(at, at) + 1
        return self.words.scan(at).kind == "open"

    def _is_single(self, opening: Token) -> bool:
        """Whether brackets hold one symbol or number and no more."""
        inner = self.words.scan(opening.end)
        if inner.kind == "-":
            inner = self.words.scan(inner.end)
        return inner.kind in ("symbol", "number") and self.words.scan(inner.end).kind == "close"

    def _grouped(self) -> Expr:
        """What brackets or bars hold."""
        opening = self.token
        if opening.held == UNSEEN_BRACKET:
            return self._up_to_point()
        if opening.kind == "open":
            name = self.words.scan(opening.end)
            if opening.held == "{" and name.kind == "function":  # {cot}^2(x)
                after = self.words.scan(name.end)
                if after.kind == "close" and after.held == "}":
                    self._resume(after.end)
                    return self._call(name)
            if found := self._indicator(equal=False):
                return found
        inner = self._group()
        operation = BRACKETS[opening.held].operation
        if self.text[: self.last_end].endswith(tuple(ROUNDING)):
            operation = "round"
        if not operation:
            return inner
        return Call(TABLE[operation], (inner,), start=opening.start, end=self.last_end)

    def _group(self) -> Expr:
        inner = self._bracketed()
        if len(inner) > 1:
            raise self.words.unexpected(Token(",", inner[0].end, inner[0].end + 1))
        return inner[0]

    def _bracketed(self) -> list[Expr]:
        """What brackets hold: one formula, or several with commas between."""
        opening = self._advance()
        if opening.held not in BRACKETS:
            raise self.words.unexpected(Token("close", opening.start, opening.end))
        closing = BRACKETS[opening.held].closing
        outside, self.dividing = self.dividing, False
        with self._nested():
            self.open.append(opening.held)
            inner = [self._over(self._sum())]
            while self._at(","):
                self._advance()
                inner.append(self._sum())
            self.open.pop()
        self.dividing = outside
        if not self._at("bar", "close") or self.token.held not in closing:
            if (
                self._at("close")
                and self.token.held == UNSEEN_BRACKET
                and isinstance(inner[0], Cases)
            ):
                self._advance()
                return inner
            written = self.text[opening.start : opening.end]
            if self._at("end"):
                raise self._error(f"{written} is never closed", opening)
            if self._at("close"):
                shut = self.text[self.token.start : self.token.end]
                raise self._error(f"{written} is closed by {shut}")
            raise self.words.unexpected(self.token)
        self._advance()
        return inner

    def _over(self, above: Expr) -> Expr:
        r"""{a \over b}"""
        if not self._at("over"):
            return above
        self._advance()
        return fraction((above,), (self._sum(),), start=above.start, end=self.last_end)

    def _braced(self) -> Expr:
        r"""An argument of a command: a group, or the next character or atom, as in `\frac12`."""
        token = self.token
        if token.kind == "number" and token.end > token.start + 1:
            digit = self.text[token.start]
            if digit.isdigit():
                self._resume(token.start + 1)
                return Number(digit, start=token.start, end=token.start + 1)
        with self._nested():
            return self._group() if token.kind == "open" else self._atom()

    def _root(self) -> Expr:
        sign = self._advance()
        if self._at("open") and self.token.held == "[" and self.text[sign.start] == "\\":
            degree = self._group()
            inner = self._braced()
            power = Product((ONE,), (degree,), start=degree.start, end=degree.end)
            return Power(inner, power, start=sign.start, end=self.last_end)
        inner = self._braced() if self.text[sign.start] == "\\" else self._atom()
        return Call(TABLE["sqrt"], (inner,), start=sign.start, end=self.last_end)

    # Functions.

    def _call(self, name: Token) -> Expr:
        r"""A function with its argument: tanh(x), \sin 2x, \sin^2 x, \sigma'(z), \log_2 x."""
        operation: Operation = name.held
        while self._at("'"):
            name = replace(name, primes=name.primes + len(PRIMES.get(self._advance().held, "'")))
        base = exponent = None
        if self._at("_"):
            operation, base = self._logarithm(operation, name)
        if self._at("^", "raised"):
            exponent = self._raised() if self._at("raised") else self._exponent(ONE)
            if isinstance(exponent, Negative):
                operation, exponent = self._inverse(operation, exponent), None
        arguments = self._arguments()
        place = {"start": name.start, "end": self.last_end}
        tree = called(operation, arguments, name.primes, **place)
        if tree is None:
            raise self._unfit(operation, len(arguments), name)
        if base is not None:
            tree = Product((tree,), (Call(operation, (base,)),), **place)
        return tree if exponent is None else Power(tree, exponent, **place)

    def _logarithm(self, operation: Operation, name: Token) -> tuple[Operation, Expr | None]:
        self._advance()
        base = self._group() if self._at("open") else self._atom()
        if operation is not TABLE["log"]:
            raise self._error(
                f"{operation.name} with a script is not known", name,
                hint=r"a logarithm may have one: \log_2 x",
            )  # fmt: skip
        if isinstance(base, Number) and (known := TABLE.get(f"log{base.written}")):
            return known, None
        return operation, None if isinstance(base, Constant) and base == _E else base

    def _inverse(self, operation: Operation, exponent: Negative) -> Operation:
        inverse = TABLE.get(f"a{operation.name}")
        if exponent.operand == ONE and inverse:
            return inverse
        raise self._error(
            f"a negative exponent on {operation.name}", Token("^", exponent.start, exponent.end),
            hint=f"write 1 / {operation.name}(x), or ({operation.name}(x))^{{-1}}",
        )  # fmt: skip

    def _arguments(self) -> list[Expr]:
        """What a function is applied to: brackets right after it, or a bare product."""
        if self._at("open") and not BRACKETS.get(self.token.held, BRACKETS["|"]).operation:
            return self._bracketed()
        if self._at("open", "bar"):
            return [self._atom()]
        with self._nested():
            return [self._signed(self._bare_product)]

    def _unfit(self, operation: Operation, given: int, name: Token) -> FormulaError:
        if name.primes and operation.arity != 1:
            return self._error(f"{operation.name}' is not known: it has two inputs", name)
        inputs = "one input" if given == 1 else f"{given} inputs"
        problem = f"{operation.name} with {inputs}"
        return self._error(problem, name, hint=f"it is {operation.usage}")

    # Derivatives.

    def _derivative(self) -> Expr | None:
        r"""A derivative that begins here, or None: `\frac{dL}{dx}`, `dL/dx`, `d/dx (...)`."""
        start = self.token.start
        if self._at("fraction"):
            above = skip_space(self.text, self.token.end)
            below = skip_space(self.text, self.closings.get(above, -1) + 1)
            if not (self.text.startswith("{", above) and self.text.startswith("{", below)):
                return None
            signs = [self._differential(at + 1) for at in (above, below)]
            if not all(signs) or below not in self.closings:
                self._refuse_unfinished(signs[0], above)
                return None
            return self._fraction_derivative(start, above, below)
        if self._at("partial", "symbol", "unknown", "applied"):
            if self.text[start] == "D" or self._at("partial"):
                return self._operator() or self._slash_derivative(start)
            if _DIFFERENTIAL.match(self.text, start):
                return self._slash_derivative(start)
        return None

    def _refuse_unfinished(self, sign: re.Match[str] | None, at: int) -> None:
        if sign and sign["round"] and not sign["round"].startswith("\\delta"):
            raise self._error(
                "a derivative that is not whole", Token("partial", at, sign.end()),
                hint=r"write \frac{\partial L}{\partial x}, both of known labels",
            )  # fmt: skip

    def _differential(self, at: int) -> re.Match[str] | None:
        """The ∂ or d at this place, unless it is a label of itself or begins a longer one."""
        at = skip_space(self.text, at)
        sign = _DIFFERENTIAL.match(self.text, at)
        if sign is None or sign["upright"]:
            return sign
        label = self.words.names.labels.match(self.text, at)
        if label is None or (sign["round"] and label[1] != sign.end()):
            return sign
        if sign["round"]:
            return None
        follows = self.text[skip_space(self.text, sign.end()) :][:1]
        if label[1] == sign.end() and (not follows or follows in ("}", *_SLASH)):
            return sign
        rest = self.words.names.labels.match(self.text, skip_space(self.text, sign.end()))
        return sign if rest and rest[1] >= label[1] else None

    def _fraction_derivative(self, start: int, above: int, below: int) -> Expr | None:
        sign = self._differential(above + 1)
        if sign is None:
            return None
        end = self.closings[above]
        order, at = self._order(sign.end(), plain=False)
        by = self._below(below + 1, order, self.closings[below])
        if by is None or (sign["plain"] and self.words.scan(at).kind in ("+", "-", "*", "/")):
            if sign["plain"]:
                return None
            token = Token("partial", below, self.closings[below] + 1)
            self._first_unknown(below)
            raise self._error(
                f"a derivative of order {order} by something else", token,
                hint=r"write \frac{\partial^2 L}{\partial x \partial y}, of known labels",
            )  # fmt: skip
        of: Expr | None = None
        if skip_space(self.text, at) != end:
            of = self._part(at, end, Parser._differentiated)
        self._resume(self.closings[below] + 1)
        return self._finished(of, by[0], start)

    def _first_unknown(self, below: int) -> None:
        sign = self._differential(below + 1)
        token = self.words.scan(skip_space(self.text, sign.end())) if sign else None
        if token and token.kind == "unknown":
            raise self.words.unknown(token)

    def _differentiated(self) -> Expr:
        symbols = [
            s for s in self.words.symbols_at(self.token.start) if s.end == len(self.text.rstrip())
        ]
        if symbols:
            self._resume(symbols[0].end)
            return self._symbol(symbols[0])
        return self._whole(self._sum())

    def _order(self, at: int, *, plain: bool) -> tuple[int, int]:
        """The order that stands after a ∂ or d, and where that ends; digits may follow a plain d."""
        found = _ORDER.match(self.text, at)
        if found is None or (found[4] and not plain):
            return 1, at
        held = found[1] or found[2] or found[4] or (script_of(found[3]) or "2")[1]
        order = int(held[:3])
        if not 1 <= order <= _HIGHEST:
            raise self._error(f"a derivative of order {order}", Token("^", at, found.end()))
        return order, found.end()

    def _below(
        self, at: int, order: int, closing: int = -1
    ) -> tuple[list[tuple[Symbol, int]], int] | None:
        r"""The symbols under a derivative of this order, each with its own, and where they end."""
        sign = self._differential(at)
        if sign is None:
            return None
        place = skip_space(self.text, sign.end())
        tried: set[int] = set()
        for token in self.words.symbols_at(place):
            if token.primes or token.power or token.end in tried or len(tried) > 2:
                continue
            tried.add(token.end)
            own, end = self._order(token.end, plain=closing < 0 and order > 1)
            symbol = Symbol(token.held, start=token.start, end=token.end)
            if own == order and (closing < 0 or skip_space(self.text, end) == closing):
                return [(symbol, own)], end
            if own < order and (rest := self._below(end, order - own, closing)):
                return [(symbol, own), *rest[0]], rest[1]
        return None

    def _slash_derivative(self, start: int) -> Expr | None:
        sign = self._differential(start)
        if sign is None or sign["upright"] or sign["round"] == r"\delta":
            return None
        order, at = self._order(sign.end(), plain=sign["plain"] is not None)
        for of, end in self._of_slash(at):
            slash = skip_space(self.text, end)
            if self.text[slash : slash + 1] not in _SLASH:
                continue
            by = self._below(slash + 1, order)
            if by is None:
                continue
            tree = self._part(at, end, Parser._differentiated) if of else None
            self._resume(by[1])
            return self._finished(tree, by[0], start)
        if sign["round"]:
            token = self.words.scan(skip_space(self.text, at))
            raise self.words.unknown(token) if token.kind == "unknown" else self._misplaced()
        return None

    def _of_slash(self, at: int) -> Iterator[tuple[bool, int]]:
        """Where what stands above a slash may end: nothing, brackets, a symbol, f(x)."""
        place = skip_space(self.text, at)
        if self.text[place : place + 1] in _SLASH:
            yield False, place
        elif self.text[place : place + 1] in ("(", "[") and place in self.closings:
            yield True, self.closings[place] + 1
        else:
            for token in self.words.symbols_at(place):
                yield True, token.end
                after = skip_space(self.text, token.end)
                if self.text.startswith("(", after) and after in self.closings:
                    yield True, self.closings[after] + 1

    def _operator(self) -> Expr | None:
        r"""\partial_x f, D_x f."""
        token = self.token
        known = self.words.names.labels.match(self.text, token.start)
        if not (token.kind == "partial" or self.text[token.start] == "D") or known:
            return None
        end = token.end if token.kind == "partial" else token.start + 1
        if not (script := _SCRIPT.match(self.text, end)):
            return None
        found = [s for s in self.words.symbols_at(script.end()) if not s.power]
        by = next((s for s in reversed(found) if s.kind == "symbol"), None)
        if by is None or (
            script[1] and self.closings.get(script.end(1) - 1) != skip_space(self.text, by.end)
        ):
            return None
        order, at = self._order(by.end + bool(script[1]), plain=False)
        self._resume(at)
        if token.kind != "partial" and not self._at(*OPERANDS):
            self._resume(token.start)
            return None
        symbol = Symbol(by.held, start=by.start, end=by.end)
        return self._finished(None, [(symbol, order)], token.start)

    def _finished(self, of: Expr | None, by: list[tuple[Symbol, int]], start: int) -> Expr:
        """The derivative; where nothing was above, of what follows."""
        tree = of if of is not None else self._following()
        for symbol, order in reversed(by):
            tree = Derivative(tree, symbol, order, start=start, end=self.last_end)
        if of is None or len(by) > 1 or not self._at("open") or self.token.held != "(":
            return tree
        return self._pointed(tree, of, by[0][0])

    def _pointed(self, tree: Expr, of: Expr, by: Symbol) -> Expr:
        """(x) right after dy/dx says where; so does (3) where y is a function of the page."""
        inner = self.words.scan(self.token.end)
        after = self.words.scan(inner.end)
        if after.kind != "close" or inner.kind not in ("symbol", "number"):
            return tree
        if self.words.scan(after.end).kind in ("^", "raised"):
            return tree
        is_function = isinstance(of, Symbol) and self.words.names.applied.find(of.label) is not None
        if inner.kind == "symbol" and inner.held == by.label:
            self.doubts.add(Doubt.POINT)
            if Doubt.POINT in self.otherwise:
                return tree
            self._resume(after.end)
            return tree
        if not is_function:
            return tree
        value = self._group()
        return At(tree, by, value, start=tree.start, end=self.last_end)

    def _following(self) -> Expr:
        """What an operator d/dx is applied to: brackets, or the product that follows."""
        with self._nested():
            if not self._at_operand():
                raise self.words.unexpected(self.token)
            if Doubt.SCOPE in self.otherwise:
                return self._sum()
            self.open.append("d")  # a point after it is that of the whole derivative
            start = self.token.start
            in_brackets = self._at("open")
            factors = [self._power()]
            divisors: list[Expr] = []
            while not in_brackets:
                if self._at("/"):
                    self._advance()
                    divisors.append(self._divisor())
                elif self._at_operand() and not divisors:
                    factors.append(self._beside(factors[-1], self._power))
                else:
                    break
            self.open.pop()
            if self._at("*", "+", "-") or (in_brackets and self._at_operand()):
                self.doubts.add(Doubt.SCOPE)
            return self._fraction_of(factors, divisors, start)

    # Where a symbol has a value.

    def _at_point(self) -> bool:
        r"""Whether `|_{x = 3}` stands here."""
        inside = self.open and (self.open[-1] in BARS or self.open[-1] in ("d", UNSEEN_BRACKET))
        return self._at("bar") and not inside and self._has_point()

    def _has_point(self) -> bool:
        return self.text.startswith("_", skip_space(self.text, self.token.end))

    def _at_values(self, tree: Expr) -> Expr:
        bar = self._advance()
        self._advance()
        opening = self.token.start
        closing = self.closings.get(opening)
        if not self._at("open") or closing is None:
            raise self._error("where it has this value is not read", bar, hint=r"write |_{x = 3}")
        for start, end in _between(self.text, opening + 1, closing, ","):
            relation = self._part(start, end, Parser.condition)
            if relation.sign != "=" or not isinstance(relation.left, Symbol):
                raise self._error("a point is given as |_{x = 3}", Token("bar", start, end))
            tree = At(tree, relation.left, relation.right, start=tree.start, end=closing + 1)
        self._resume(closing + 1)
        return tree

    def _up_to_point(self) -> Expr:
        r"""\left. \frac{dy}{dx} \right|_{x = 3}"""
        opening = self._advance()
        with self._nested():
            self.open.append(UNSEEN_BRACKET)
            inner = self._sum()
            self.open.pop()
        if not (self._at("bar") and self._has_point()):
            raise self._error(r"\left. is closed by no |_{x = 3}", opening)
        return self._at_values(inner)

    # Sums over an index.

    def _series(self) -> Expr:
        r"""\sum_{j=1}^{3} body, or \sum_j body over all j that the known labels have."""
        sign = self._advance()
        below, above, at = self._limits(sign.end)
        indices = self._indices(sign, below, at)
        last = self._limit(*above) if above else None
        outside = self.words.indices
        if taken := outside.intersection(index for index, _ in indices):
            raise self._error(f"{min(taken)} already counts a sum around this one", sign)
        self.words.indices = outside.union(index for index, _ in indices)
        self._resume(at)
        with self._nested():
            is_call = self.text[sign.start].isalpha() and self._at("open")
            if is_call or self.dividing:
                body = self._signed(self._power if is_call else self._bare_product)
            else:
                body = self._signed(self._product)
        self.words.indices = outside
        self.token = self.words.scan(self.token.start)  # once more, now that the index is no name
        for index, first in reversed(indices):
            if last is None and not stands_in(body, index):
                raise self._error(
                    f"over which {index} is this sum?", sign,
                    hint=rf"write its limits as \sum_{{{index}=1}}^{{3}}, of whole numbers",
                )  # fmt: skip
            body = Series(sign.held, body, index, first, last, start=sign.start, end=self.last_end)
        return body

    def _limits(self, at: int) -> tuple[tuple[str, int] | None, tuple[str, int] | None, int]:
        """What stands under and over a big sign, each with its place, and where the body begins."""
        limits: dict[str, tuple[str, int]] = {}
        while True:
            space = _LIMITS.match(self.text, at)
            place = space.end() if space else at
            kind = self.text[place : place + 1]
            script = script_of(kind)
            if script:
                kind, end = script[0], place
                held = ""
                while (script := script_of(self.text[end : end + 1])) and script[0] == kind:
                    held, end = held + script[1], end + 1
                limits[kind] = held, place
                at = end
            elif kind in ("_", "^") and kind:
                place = skip_space(self.text, place + 1)
                end = self.closings.get(place, -1)
                if end >= 0:
                    limits[kind] = self.text[place + 1 : end], place + 1
                    at = end + 1
                else:
                    found = re.compile(r"[0-9]+|\\[A-Za-z]+|\S|\Z").match(self.text, place)
                    limits[kind] = (found[0], place) if found else ("", place)
                    at = place + len(limits[kind][0])
            else:
                return limits.get("_"), limits.get("^"), at

    def _indices(
        self, sign: Token, below: tuple[str, int] | None, at: int
    ) -> list[tuple[str, Expr | None]]:
        """The letters that count, each with the first number where that is given."""
        if below is None:
            script = _LOWERED_LETTER.search(self.text, at) if at == sign.end else None
            if script is None:
                raise self._error(
                    "a sum without an index", sign,
                    hint=r"write it as \sum_{j=1}^{3} x_j, or \sum_j x_j for all that there are",
                )  # fmt: skip
            return [(script[1] or (script_of(script[2]) or "j")[-1], None)]
        text, place = below
        found = []
        for start, end in _between(text, 0, len(text), ","):
            part = _INDEX.fullmatch(text, start, end)
            if part is None:
                raise self._error(
                    f"what this sum is over is not read: {text.strip()}",
                    Token("series", sign.start, place + len(text)),
                    hint=r"write its limits as \sum_{j=1}^{3}, of whole numbers",
                )  # fmt: skip
            first = self._limit(part[2], place + part.start(2)) if part[2] else None
            found.append((part[1], first))
        return found

    def _limit(self, text: str, at: int) -> Expr:
        written = text.strip()
        place = {"start": at, "end": at + len(text)}
        if re.fullmatch(r"[A-Za-z]|\\[a-z]*[A-Za-z]", written) and written != r"\infty":
            return Symbol(self.words.names.labels.find(written) or written, **place)
        if re.fullmatch("[0-9]{1,9}", written):
            return Number(written, **place)
        return self._part(at, at + len(text), Parser.formula, " " * at + text)

    # Cases and lists.

    def _conditional(self, value: Expr, start: int) -> Cases:
        """What follows a value: `x if z > 0 else 0`."""
        if self._at(","):
            self._advance()
        if self._advance().held != "if":
            raise self._error("this is for all other cases, but there are none before it")
        values: tuple[Expr, ...] = (value,)
        conditions: tuple[Relation, ...] = (self._relation(),)
        if self._at("condition") and self.token.held == "else":
            other_start = self._advance().end
            other = self._sum()
            if self._at("condition"):
                other = self._conditional(other, other_start)
                values, conditions = values + other.values, conditions + other.conditions
            else:
                values = (value, other)
        return Cases(values, conditions, start=start, end=self.last_end)

    def _relation(self) -> Relation:
        left = self._sum()
        if not self._at("relation"):
            raise self.words.unexpected(self.token)
        sign = self._advance()
        right = self._sum()
        if self._at("relation"):
            raise self._error("two comparisons at once", hint="write one condition, such as z > 0")
        return Relation(left, sign.held, right, start=left.start, end=self.last_end)

    def _indicator(self, *, equal: bool) -> Expr | None:
        """[z > 0] or (z > 0), which is 1 or 0; None where the brackets hold no condition."""
        opening = self.token.start
        closing = self.closings.get(opening)
        if closing is None:
            return None
        signs = {sign for _, sign in _marks(self.text, self.token.end, closing)}
        signs -= {",", "&", r"\\"}
        if not signs - (set() if equal else {"="}):
            return None
        relation = self._part(self.token.end, closing, Parser.condition)
        self._resume(closing + 1 if self.text[closing] != "\\" else closing + 2)
        return Cases((ONE, ZERO), (relation,), start=opening, end=self.last_end)

    def _indicated(self) -> Expr:
        r"""What follows \mathbb{1}: a condition in brackets or below."""
        if self._at("_"):
            self._advance()
        found = self._indicator(equal=True) if self._at("open") else None
        if found is None:
            raise self.words.unexpected(self.token)
        return found

    def _listed(self) -> Listed | None:
        """[0.7, 0.2, 0.1], if the whole text is such a list."""
        opening = self.token
        closing = self.closings.get(opening.start, -1) if self._at("open") else -1
        if opening.held not in ("(", "[") or self.words.scan(closing + 1).kind != "end":
            return None
        if all(sign != "," for _, sign in _marks(self.text, opening.end, closing)):
            return None
        return Listed(tuple(self._bracketed()), start=opening.start, end=self.last_end)

    def _environment(self) -> Expr:
        r"""\begin{cases} ... \end{cases}; a vector as a list."""
        begin = _ENVIRONMENT.match(self.text, self.token.start)
        depth, end = 0, None
        for end in _ENVIRONMENT.finditer(self.text, self.token.start) if begin else ():
            depth += 1 if end[1] == "begin" else -1
            if depth == 0:
                break
        if begin is None or end is None or depth:
            raise self._error("an environment that is not whole")
        name, at = begin[2], begin.end()
        if name == "array" and (columns := _COLUMNS.match(self.text, at)):
            at = columns.end()
        is_list = name.endswith("matrix")
        if not is_list and not name.endswith("cases") and name != "array":
            raise self._error(f"{name} is not read here")
        rows = [
            list(_between(self.text, *row, "&"))
            for row in _between(self.text, at, end.start(), r"\\")
            if self.text[slice(*row)].strip()
        ]
        with self._nested():
            tree = self._vector(rows) if is_list else self._cases(rows)
        self._resume(end.end())
        return tree

    def _vector(self, rows: list[list[tuple[int, int]]]) -> Expr:
        cells = [cell for row in rows for cell in row]
        if len(rows) > 1 and len(cells) > len(rows):
            raise self._error("a matrix is not read", hint="write its entries one by one")
        items = tuple(self._part(*cell, Parser.formula) for cell in cells)
        return Listed(items, start=self.token.start, end=self.last_end)

    def _cases(self, rows: list[list[tuple[int, int]]]) -> Expr:
        values: list[Expr] = []
        conditions: list[Relation] = []
        for number, row in enumerate(rows, start=1):
            value, condition = self._part(row[0][0], row[0][1], Parser._case)
            if condition is None and len(row) > 1:
                condition = self._part(row[1][0], row[-1][1], Parser._case_condition)
            values.append(value)
            if condition is not None:
                conditions.append(condition)
            elif number < len(rows):
                raise self._error("a case without its condition", Token("environment", *row[0]))
        if not values:
            raise self._error("cases without a value")
        return Cases(tuple(values), tuple(conditions), start=self.token.start, end=self.last_end)

    def _case(self) -> tuple[Expr, Relation | None]:
        value = self._sum()
        if self._at(","):
            self._advance()
        return value, self._case_condition() if not self._at("end") else None

    def _case_condition(self) -> Relation | None:
        if self._at("condition") and self._advance().held == "else":
            return self._whole(None)
        return None if self._at("end") else self._whole(self._relation())

    # Tokens.

    @cached_property
    def closings(self) -> dict[int, int]:
        """Where the bracket that opens at a place is closed, for each that is."""
        found: dict[int, int] = {}
        opened: list[tuple[str, int]] = []
        for bracket in re.finditer(r"\\[{}]|[(\[{)\]}]", self.text):
            if bracket[0] in _CLOSED_BY:
                opened.append((_CLOSED_BY[bracket[0]], bracket.start()))
            elif opened and opened[-1][0] == bracket[0]:
                found[opened.pop()[1]] = bracket.start()
        return found

    def _part(self, start: int, end: int, rule: Callable[[Parser], _T], text: str = "") -> _T:
        """What a rule reads in a part of the text, or in `text` with the same places."""
        words = Scanner(
            text or self.text[:end],
            self.words.names,
            tex=self.words.tex,
            letters=self.words.letters,
        )
        words.indices = self.words.indices
        with self._nested():
            try:
                part = Parser(words, self.otherwise, start)
                part.depth = self.depth
                tree = rule(part)
                part._whole(tree)
            except FormulaError as error:
                raise error.within(self.text, 0) from None
        self.doubts |= part.doubts
        return tree

    @contextmanager
    def _nested(self) -> Iterator[None]:
        """One level deeper; refuses the level where nobody could follow."""
        self.depth += 1
        if self.depth > _DEEPEST:
            raise self._error(
                f"brackets are nested more than {_DEEPEST} deep",
                hint="name a part of the formula with a label",
            )
        try:
            yield
        finally:
            self.depth -= 1

    def _at(self, *kinds: str) -> bool:
        return self.token.kind in kinds

    def _next(self) -> Token:
        """The token after the one here."""
        return self.words.scan(self.token.end)

    def _advance(self) -> Token:
        """The token here; the next one takes its place."""
        token = self.token
        self._resume(token.end)
        return token

    def _resume(self, at: int) -> None:
        """Goes on at a place."""
        self.last_end = at
        self.token = self.words.scan(at)

    def _error(self, problem: str, token: Token | None = None, hint: str = "") -> FormulaError:
        """The error for a token, or for the one here."""
        return self.words.error(problem, token or self.token, hint)


_CLOSED_BY: Final = {"(": ")", "[": "]", "{": "}", r"\{": r"\}"}


def fraction(
    factors: tuple[Expr, ...], divisors: tuple[Expr, ...], *, start: int = 0, end: int = 0
) -> Product:
    """A product; in a fraction the products above and below are no parts of their own."""
    if divisors and len(factors) == 1 and not fraction_of(factors[0])[1]:
        factors = fraction_of(factors[0])[0]
    below: list[Expr] = []
    for divisor in divisors:
        parts, further = fraction_of(divisor)
        below.extend((divisor,) if further else parts)
    return Product(factors, tuple(below), start=start, end=end)


def called(
    operation: Operation, arguments: list[Expr], primes: int = 0, *, start: int = 0, end: int = 0
) -> Expr | None:
    """An operation of its arguments, what may be left out filled in; None where they do not fit."""
    if len(arguments) < operation.arity and operation.default is not None:
        arguments = [*arguments, Number(repr(operation.default))]
    many = operation.name in ("maximum", "minimum") and len(arguments) >= 2
    if not (many or len(arguments) == operation.arity) or (primes and operation.arity != 1):
        return None
    if operation is TABLE["exp"]:
        return Power(Constant("e", start=start, end=start), arguments[0], start=start, end=end)
    return Call(operation, tuple(arguments), primes, start=start, end=end)


def _marks(text: str, start: int, end: int) -> Iterator[tuple[int, str]]:
    """The signs of relation and separation in a range that stand in no further bracket."""
    depth = 0
    for mark in _MARK.finditer(text, start, end):
        sign = mark[0]
        if sign in _CLOSED_BY or sign == r"\begin":
            depth += 1
        elif sign in _CLOSED_BY.values() or sign == r"\end":
            depth -= 1
        elif depth <= 0:
            yield mark.start(), sign


def _between(text: str, start: int, end: int, separator: str) -> Iterator[tuple[int, int]]:
    """The stretches of a range between the separators in it."""
    for at, sign in _marks(text, start, end):
        if sign == separator:
            yield start, at
            option = _ROW_OPTION.match(text, at)
            start = option.end() if option else at + 1
    yield start, end


def sides_of(text: str) -> Iterator[tuple[int, int]]:
    """Where the sides of a chain of equations stand."""
    start = depth = 0
    for sign in _LINKING.finditer(text):
        if sign[0] in _CLOSED_BY:
            depth += 1
        elif sign[0] in _CLOSED_BY.values():
            depth = max(0, depth - 1)
        elif depth == 0:
            yield start, sign.start()
            start = sign.end()
    yield start, len(text)
