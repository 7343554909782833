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
    EULER,
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
    symbols_of,
    with_children,
)
from autograd.notation.labels import skip_space, unscripted
from autograd.notation.scanner import OPERANDS, UNSEEN_BRACKET, Scanner, Token
from autograd.notation.series import stands_in
from autograd.notation.signs import BARS, BRACKETS, DIVIDING, PRIMES, ROUNDING, VULGAR
from autograd.ops import TABLE, Operation

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

_Part = TypeVar("_Part")
_Tree = TypeVar("_Tree", bound=Expr)
_Under = list[tuple[Symbol, int]]  # what a derivative is by, each with its order

_DEEPEST: Final = 50  # brackets in brackets; no formula on paper comes near
_HIGHEST: Final = 9  # order of a derivative
_FACTORS: Final = ("number", "symbol", "constant", "unknown", "fraction", "root")  # of arguments
_SLASHES: Final = "".join(sign for sign in DIVIDING if len(sign) == 1)
_CLOSED_BY: Final = {"(": ")", "[": "]", "{": "}", r"\{": r"\}"}
_RAISED_T: Final = re.compile(
    r"\{?\s*(?:T|\\top|\\intercal|\\mathsf\s*\{?T\}?)(?![A-Za-z])\s*\}?|\u1d40"
)
_LONE_BRACKET: Final = re.compile(r"\{\s*\(\s*\w+\s*\)\s*\}")
_PRIMED: Final = re.compile(r"\s*\^\s*\{?\s*\(\s*([1-9])\s*\)\s*\}?")

_DIFFERENTIAL: Final = re.compile(
    r"(?P<round>\u2202|\\partial(?![A-Za-z])|\\delta(?![A-Za-z]))(?:\s|\\[,!]|\{\s*\})*"
    r"|(?P<upright>\\(?:mathrm|text|operatorname)\s*\{\s*d\s*\}\s*|\\mathrm\s+d\s*"
    r"|\{\s*\\rm\s+d\s*\}\s*)|(?P<plain>d)"
)
_ORDER: Final = re.compile(
    r"\s*(?:(?:\^|\*\*)\s*(?:\{\s*([0-9]+)\s*\}|([0-9]))|([²³⁴-⁹])|([2-9])(?![0-9]))"
)
_OPERATOR: Final = re.compile(r"\\frac\s*\{\s*(?:d|\\partial)\s*\}|[d∂]\s*/\s*[d∂]")
_ARGUMENTS: Final = re.compile(r"\s*(?:\\left\s*)?\([\w\\{},;|\s^']{1,60}\)\s*")
_SCRIPT: Final = re.compile(r"\s*_\s*(\{)?")
_NO_OPERATOR: Final = re.compile(rf"[^-+*=<>,;|()\[\]·×−{re.escape(_SLASHES)}]{{0,60}}")

_LIMIT: Final = re.compile(
    r"(?:\s|\\(?:limits|nolimits|displaystyle)(?![A-Za-z]))*(?:"
    r"(?P<sign>[_^])\s*(?:\{(?P<group>[^{}]{0,60}(?:\{[^{}]{0,20}\}[^{}]{0,20})?)\}"
    r"|\((?P<bracketed>[^()]{0,60})\)|(?P<bare>[0-9]+|\\[A-Za-z]+|[A-Za-z]))"
    r"|(?P<low>[₀-ₜᵢ-ᵪⱼ]+)|(?P<high>[⁰-⁹⁺-ⁿ¹²³ᴺ]+))"
)
_INDEX: Final = re.compile(r"\s*([A-Za-z]|\\[A-Za-z]+)\s*(?::?=\s*(.+))?", re.DOTALL)
_INDEX_BELOW: Final = re.compile(r"_\s*\{?\s*([A-Za-z])(?![A-Za-z0-9])|([ₐ-ₜᵢ-ᵥⱼ])")
_LETTER: Final = re.compile(r"\s*(?!\\infty)([A-Za-z]|\\[A-Za-z]+)\s*")

_MARK: Final = re.compile(
    r"\\begin|\\end|\\\\|\\[{}]|[(\[{)\]}&,]|[<>!]=|==|[=<>≤≥≠⩽⩾]"
    r"|\\(?:leq?|geq?|neq?|lt|gt|leqslant|geqslant)(?![A-Za-z])"
)
_ENVIRONMENT: Final = re.compile(r"\\(begin|end)\s*\{\s*([A-Za-z]+)\*?\s*\}(?:\s*\[[^\]]{0,9}\])?")
_COLUMNS: Final = re.compile(r"\s*\{[^{}]{0,40}\}")
_ROW_END: Final = re.compile(r"\\\\(?:\s*\[[^\]]{0,9}\])?|.")


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
        self.open: list[str] = []  # the brackets around this place; "d" for an operator d/dx
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

    # Sums and products.

    def _sum(self) -> Expr:
        start = self.token.start
        terms = [self._signed(self._product)]
        while self._at("+", "-"):
            terms.append(self._signed(self._product))
        return terms[0] if len(terms) == 1 else self._from(start, Sum(tuple(terms)))

    def _signed(self, inner: Callable[[], Expr]) -> Expr:
        start = self.token.start
        negative = False
        while self._at("+", "-"):
            negative ^= self._advance().kind == "-"
        tree = inner()
        return self._from(start, Negative(tree)) if negative else tree

    def _product(self) -> Expr:
        start = self.token.start
        factors = [self._factor()]
        divisors: list[Expr] = []
        divided = False
        while True:
            if self._takes("*"):
                factors.append(self._signed(self._factor))
                divided = False
            elif self._takes("/"):
                divisors.append(self._signed(self._divisor))
                divided = True
            elif self._at_operand():
                if divided:
                    self.doubts.add(Doubt.DIVISION)
                factors.append(self._beside(factors[-1], self._factor))
            else:
                return self._multiplied(start, factors, divisors)

    def _multiplied(self, start: int, factors: list[Expr], divisors: list[Expr]) -> Expr:
        if len(factors) == 1 and not divisors:
            return factors[0]
        return self._from(start, fraction(tuple(factors), tuple(divisors)))

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
        return self._multiplied(start, factors, [])

    def _bare_product(self) -> Expr:
        r"""The argument of a function without brackets: in `\sin 2x + 1` it is 2x."""
        start = self.token.start
        factors = [self._power()]
        while self._at(*_FACTORS):
            self.doubts.add(Doubt.ARGUMENT)
            if Doubt.ARGUMENT in self.otherwise or isinstance(factors[-1], Call):
                break
            factors.append(self._beside(factors[-1], self._power))
        return self._multiplied(start, factors, [])

    def _at_operand(self) -> bool:
        """Whether a factor begins here, multiplied without a sign."""
        if not self._at("bar"):
            return self._at(*OPERANDS)
        closes = self.token.held == r"\rvert" or self._has_point()
        inside = self.open and self.open[-1] in BARS
        return self.token.held == r"\lvert" or not (closes or inside)

    def _beside(self, before: Expr, inner: Callable[[], Expr]) -> Expr:
        """A factor without a sign before it; nobody can say what `2 3` and, for x, `x2` mean."""
        token = self.token
        if token.apart:
            raise self._error(
                "wide space stands between two formulas",
                hint="write each on a line of its own, or a sign between them",
            )
        if token.kind in ("number", "vulgar") and isinstance(before, Number):
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
            group = self.closings.get(opening.start) if opening.held == "{" else None
            is_group = group is not None and group + 1 == self.last_end
            exponent = self._exponent(base)
            if is_group:
                last = len(self.text[:group].rstrip())
                base = self._raise_last(base, exponent, last)
            else:
                base = self._from(opening.start, self._raise(base, exponent))
            if self._at("^", "raised"):
                raise self._error(
                    "a power of a power needs brackets",
                    hint="write (x^2)^3 or x^{2^3}, whichever is meant",
                )
        while self._at_point():
            base = self._at_values(base)
        if self._at("'") and len(by := symbols_of(base)) == 1:  # (x^2)'
            order = self._primes()
            base = self._from(opening.start, Derivative(base, Symbol(*by), order, "d"))
        return base

    def _raise(self, base: Expr, exponent: Expr) -> Power:
        if isinstance(base, Symbol) and self.text[base.start : base.end] == "e":
            self.doubts.add(Doubt.EULER)
            if Doubt.EULER in self.otherwise:
                base = Constant("e", start=base.start, end=base.end)
        return Power(base, exponent)

    def _raise_last(self, tree: Expr, exponent: Expr, end: int) -> Expr:
        """What braces hold, with an exponent behind: as TeX prints it, that of its last part."""
        last = children(tree)[-1:]
        enclosed = isinstance(tree, Call) or fraction_of(tree)[1]  # by brackets of its own
        composed = isinstance(tree, Sum | Product | Negative | Call) and tree.end == end
        if not composed or (enclosed and last[0].end != end):
            return self._from(tree.start, self._raise(tree, exponent))
        raised = self._raise_last(last[0], exponent, end)
        return self._from(tree.start, with_children(tree, (*children(tree)[:-1], raised)))

    def _exponent(self, base: Expr = ONE) -> Expr:
        """What is raised: after `^` a group in braces or the next atom with its sign; x², e⁻ᶻ."""
        if self._at("raised") and self.text[self.token.start] != "ᵀ":
            token = self._advance()
            exponent = unscripted(self.text[token.start : token.end])
            return self._part(token.start, token.end, Parser.formula, exponent)
        sign = self._advance() if self._at("^") else self.token
        transposed = _RAISED_T.match(self.text, self.token.start)
        if transposed and not isinstance(base, Number | Constant):
            raise self._error(
                "a transpose", Token("^", sign.start, transposed.end()),
                hint="formulas of numbers are read, not of matrices",
            )  # fmt: skip
        if isinstance(base, Symbol) and _LONE_BRACKET.match(self.text, self.token.start):
            raise self.words.unknown(Token("symbol", base.start, self.token.end))
        with self._nested():
            return self._group() if self.token.held == "{" else self._signed(self._power)

    # Atoms.

    def _atom(self) -> Expr:
        derivative = self._derivative()
        if derivative is not None:
            return derivative
        token = self.token
        match token.kind:
            case "number":
                self._advance()
                indicator = self._indicator(equal=True) if token.held == "1" else None
                return indicator or self._from(token.start, Number(token.held))
            case "constant":
                return self._from(token.start, Constant(self._advance().held))
            case "vulgar":
                over, under = VULGAR[self._advance().held]
                return self._from(token.start, Product((Number(str(over)),), (Number(str(under)),)))
            case "symbol" | "applied":
                return self._symbol(self._advance())
            case "function":
                return self._call(self._advance())
            case "fraction":
                self._advance()
                above = self._braced()
                return self._from(token.start, fraction((above,), (self._braced(),)))
            case "root":
                return self._root()
            case "series":
                return self._series()
            case "environment":
                return self._environment()
            case "indicator":
                self._advance()
                if indicator := self._indicator(equal=True):
                    return indicator
            case "open" | "bar":
                return self._grouped()
            case "partial":
                raise self._error(
                    "∂ stands without a whole derivative",
                    hint=r"write \frac{\partial L}{\partial x}, ∂L/∂x or dL/dx, of known labels",
                )
        raise self.words.unexpected(self.token)

    def _symbol(self, token: Token) -> Expr:
        """A label, or a function of the page with its arguments: f(x), f'(x), y''."""
        primes, applies = token.primes + self._primes(), token.kind == "applied"
        exponent: Expr | None = None
        if applies and (order := _PRIMED.match(self.text, token.end)):
            primes = int(order[1])
            self._resume(order.end())
        elif applies and self._at("^", "raised") and self._applies_after_exponent():
            exponent = self._exponent()
            if isinstance(exponent, Negative):
                raise self._error("the inverse of a function is not read", token)
        arguments: tuple[Expr, ...] = ()
        if self.token.held in ("(", "[") and (applies or (primes and self._is_single())):
            arguments = tuple(self._bracketed())
        tree: Expr = Symbol(token.held)
        if primes or arguments:
            tree = Applied(token.held, arguments, primes)
        tree = self._from(token.start, tree)
        if token.power:
            exponent = self._part(token.start, token.end, Parser.formula, token.power)
        return tree if exponent is None else self._from(token.start, Power(tree, exponent))

    def _applies_after_exponent(self) -> bool:
        """Whether brackets follow an exponent here, as in f^2(x)."""
        at = skip_space(self.text, self.token.end)
        if self._at("^"):
            at = self.closings.get(at, at) + 1
        return self.words.scan(at).kind == "open"

    def _is_single(self) -> bool:
        """Whether brackets hold one symbol or number and no more."""
        inner = self._next()
        if inner.kind == "-":
            inner = self.words.scan(inner.end)
        return inner.kind in ("symbol", "number") and self.words.scan(inner.end).kind == "close"

    def _grouped(self) -> Expr:
        """What brackets or bars hold."""
        opening = self.token
        if opening.held == UNSEEN_BRACKET:
            return self._up_to_point()
        name = self._next() if opening.held == "{" else opening
        if name.kind == "function" and (after := self.words.scan(name.end)).held == "}":
            self._resume(after.end)  # {cot}^2(x)
            return self._call(name)
        if found := self._indicator(equal=False):
            return found
        inner = self._group()
        operation = BRACKETS[opening.held].operation
        if self.text[: self.last_end].endswith(tuple(ROUNDING)):
            operation = "round"
        if not operation:
            return inner
        is_doubled = operation == "abs" and isinstance(inner, Call) and inner.start == opening.end
        if is_doubled and self.text[inner.end : self.last_end] == opening.held == "|":
            raise self._error("a norm is not read", opening)
        return self._from(opening.start, Call(TABLE[operation], (inner,)))

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
        outside, self.dividing = self.dividing, False
        with self._nested():
            self.open.append(opening.held)
            inner = [self._sum()]
            if self._takes("over"):  # {a \over b}
                inner = [self._from(inner[0].start, fraction((inner[0],), (self._sum(),)))]
            while self._takes(","):
                inner.append(self._sum())
            self.open.pop()
        self.dividing = outside
        closes = self._at("bar", "close") and self.token.held in BRACKETS[opening.held].closing
        if not closes and not (isinstance(inner[0], Cases) and self.token.held == UNSEEN_BRACKET):
            raise self._unclosed(opening)
        self._advance()
        return inner

    def _unclosed(self, opening: Token) -> FormulaError:
        written = self.text[opening.start : opening.end]
        if self._at("end"):
            return self._error(f"{written} is never closed", opening)
        if self._at("close"):
            closing = self.text[self.token.start : self.token.end]
            return self._error(f"{written} is closed by {closing}")
        return self.words.unexpected(self.token)

    def _braced(self) -> Expr:
        r"""An argument of a command: a group, or the next character or atom, as in `\frac12`."""
        token = self.token
        digit = self.text[token.start : token.start + 1]
        if token.kind == "number" and digit.isdigit():
            self._resume(token.start + 1)
            return self._from(token.start, Number(digit))
        with self._nested():
            return self._group() if token.kind == "open" else self._atom()

    def _root(self) -> Expr:
        sign = self._advance()
        is_command = self.text[sign.start] == "\\"
        if self.token.held == "[" and is_command:
            degree = self._group()
            power = replace(Product((ONE,), (degree,)), start=degree.start, end=degree.end)
            return self._from(sign.start, Power(self._braced(), power))
        inner = self._braced() if is_command else self._atom()
        return self._from(sign.start, Call(TABLE["sqrt"], (inner,)))

    # Functions.

    def _call(self, name: Token) -> Expr:
        r"""A function with its argument: tanh(x), \sin 2x, \sin^2 x, \sigma'(z), \log_2 x."""
        operation: Operation = name.held
        primes = name.primes + self._primes()
        base = self._logarithm_base(name) if self._at("_") else None
        if isinstance(base, Number) and (known := TABLE.get(f"log{base.written}")):
            operation, base = known, None
        exponent = self._exponent() if self._at("^", "raised") else None
        if isinstance(exponent, Negative):
            operation, exponent = self._inverse(operation, exponent), None
        arguments = self._arguments()
        tree = called(operation, arguments, primes)
        if tree is None:
            inputs = "one input" if len(arguments) == 1 else f"{len(arguments)} inputs"
            problem = f"{operation.name}{chr(39) * primes} with {inputs}"
            raise self._error(problem, name, hint=f"it is {operation.usage}")
        if base is not None:
            tree = Product((tree,), (Call(operation, (base,)),))
        tree = self._from(name.start, tree)
        return tree if exponent is None else self._from(name.start, Power(tree, exponent))

    def _primes(self) -> int:
        count = 0
        while self._at("'"):
            count += len(PRIMES.get(self._advance().held, "'"))
        return count

    def _logarithm_base(self, name: Token) -> Expr | None:
        self._advance()
        with self._nested():
            base = self._group() if self._at("open") else self._atom()
        if name.held is not TABLE["log"]:
            problem = f"{name.held.name} with a script is not known"
            raise self._error(problem, name, hint=r"a logarithm may have one: \log_2 x")
        return None if base == EULER else base

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
        if self._at("open", "bar"):
            bracket = BRACKETS.get(self.token.held)
            return self._bracketed() if bracket and not bracket.operation else [self._atom()]
        with self._nested():
            return [self._signed(self._bare_product)]

    # Derivatives.

    def _derivative(self) -> Expr | None:
        r"""A derivative that begins here, or None: `\frac{dL}{dx}`, `dL/dx`, `d/dx (...)`."""
        start = self.token.start
        if self._at("fraction"):
            above = skip_space(self.text, self.token.end)
            end = self.closings.get(above, -1)
            below = skip_space(self.text, end + 1)
            stop = self.closings.get(below, -1)
            if self.text[above : above + 1] != "{" or self.text[below : below + 1] != "{":
                return None
            above, below = above + 1, below + 1
        else:
            if not (_DIFFERENTIAL.match(self.text, start) or self.text[start : start + 1] == "D"):
                return None
            if operator := self._operator():
                return operator
            above, end, stop = start, self._slash(start), -1
            below = end + 1
            if end < 0:
                return None
        sign, under = self._differential(above), self._differential(below)
        if sign is None or under is None or end < 0:
            if sign and sign["round"] and sign["round"][-1] != "a" and not self._at("partial"):
                raise self._unfinished(sign)
            return None
        order, at = self._order(sign.end(), plain=stop < 0)
        by = self._under(below, order, stop)
        is_quotient = stop >= 0 and self.words.scan(at).kind in ("+", "-", "*", "/")
        if sign["plain"] and (by is None or is_quotient):
            return None
        if by is None:
            raise self._unfinished(under)
        is_operator = skip_space(self.text, at) == end
        of = None if is_operator else self._part(at, end, Parser._differentiated)
        self._resume(max(by[1], stop + 1))
        return self._finished(of, by[0], start)

    def _slash(self, at: int) -> int:
        """The place of the slash of a derivative that begins here, or -1."""
        found = _NO_OPERATOR.match(self.text, at)
        place = found.end() if found else at
        if place in self.closings:
            place = skip_space(self.text, self.closings[place] + 1)
        return place if self.text[place : place + 1] in tuple(_SLASHES) else -1

    def _unfinished(self, sign: re.Match[str]) -> FormulaError:
        token = self.words.scan(skip_space(self.text, sign.end()))
        if token.kind == "unknown":
            return self.words.unknown(token)
        return self._error(
            "a derivative that is not whole, or of another order below than above",
            Token("partial", sign.start(), sign.end()),
            hint=r"write \frac{\partial L}{\partial x}, ∂²L/∂x∂y, of known labels",
        )

    def _differential(self, at: int) -> re.Match[str] | None:
        """The ∂ or d at this place, unless it is a label of itself or begins a longer one."""
        sign = _DIFFERENTIAL.match(self.text, skip_space(self.text, at))
        if sign is None or sign["upright"]:
            return sign
        labels, end = self.words.names.labels, sign.end()
        label = labels.match(self.text, sign.start())
        if label is None or (sign["round"] and label[1] != len(self.text[:end].rstrip())):
            return sign
        rest = labels.match(self.text, skip_space(self.text, end))
        is_operator = label[1] == end and self.text[end:].lstrip()[:1] in ("", "}", *_SLASHES)
        belongs = sign["plain"] and (is_operator or (rest and rest[1] >= label[1]))
        return sign if belongs else None

    def _differentiated(self) -> Expr:
        """What is differentiated: one symbol, also a word or with its arguments, or a formula."""
        whole = len(self.text.rstrip())
        symbols = self.words.symbols_at(self.token.start)
        for symbol in symbols:
            is_symbol = all(each.kind == "symbol" for each in symbols)
            has_arguments = is_symbol and _ARGUMENTS.fullmatch(self.text, symbol.end)
            if symbol.end == whole or has_arguments:
                self._resume(symbol.end)
                tree = self._symbol(symbol) if symbol.end == whole else Symbol(symbol.held)
                self._resume(whole)
                return self._from(symbol.start, tree)
        return self._sum()

    def _order(self, at: int, *, plain: bool) -> tuple[int, int]:
        """The order that stands after a ∂ or d, and where that ends; in plain text d2y is d²y."""
        found = _ORDER.match(self.text, at)
        if found is None or (found[4] and not plain):
            return 1, at
        written = found[1] or found[2] or found[4] or unscripted(found[3])
        order = int(written[:3])
        if not 1 <= order <= _HIGHEST:
            raise self._error(f"a derivative of order {order}", Token("^", at, found.end()))
        return order, found.end()

    def _under(self, at: int, order: int, stop: int) -> tuple[_Under, int] | None:
        r"""The symbols under a derivative of this order, each with its own, and where they end."""
        sign = self._differential(at)
        tried: set[int] = set()
        place = skip_space(self.text, sign.end() if sign else 0)
        for token in self._symbols_at(place) if sign else ():
            if token.primes or token.power or token.end in tried or len(tried) > 2:
                continue
            tried.add(token.end)
            own, end = self._order(token.end, plain=stop < 0 and order > 1)
            symbol = Symbol(token.held, start=token.start, end=token.end)
            if own == order and (stop < 0 or skip_space(self.text, end) == stop):
                return [(symbol, own)], end
            if own < order and (rest := self._under(end, order - own, stop)):
                return [(symbol, own), *rest[0]], rest[1]
        return None

    def _symbols_at(self, place: int) -> list[Token]:
        r"""The ways to read a symbol here, maybe in braces as in \partial{x}."""
        stop = self.closings.get(place, -1)
        if stop < 0:
            return self.words.symbols_at(place)
        inner = self.words.symbols_at(skip_space(self.text, place + 1))
        whole = (symbol for symbol in inner if skip_space(self.text, symbol.end) == stop)
        return [replace(symbol, end=stop + 1) for symbol in whole]

    def _operator(self) -> Expr | None:
        r"""\partial_x f, D_x f."""
        start, is_round = self.token.start, self._at("partial")
        script = _SCRIPT.match(self.text, self.token.end if is_round else start + 1)
        if script is None or self.words.names.labels.match(self.text, start):
            return None
        stop = self.closings.get(script.end() - 1, -1) if script[1] else -1
        for token in reversed(self.words.symbols_at(script.end())):
            if token.kind == "symbol" and stop in (-1, skip_space(self.text, token.end)):
                order, at = self._order(token.end + (stop >= 0), plain=False)
                after = self.words.scan(at)
                if is_round or after.kind in OPERANDS:
                    self._resume(at)
                    symbol = Symbol(token.held, start=token.start, end=token.end)
                    return self._finished(None, [(symbol, order)], start)
        return None

    def _finished(self, of: Expr | None, by: _Under, start: int) -> Expr:
        """The derivative; where nothing was above, of what follows."""
        tree = self._following() if of is None else of
        letter = _DIFFERENTIAL.search(self.text, start)
        sign = "∂" if letter and letter["round"] and self.text[start] != "D" else "d"
        for symbol, order in reversed(by):
            tree = self._from(start, Derivative(tree, symbol, order, sign))
        if of is None or self.token.held != "(":
            return tree
        # (x) right after dy/dx says where; so does (3) where y is a function of the page.
        inner = self._next()
        after = self.words.scan(inner.end)
        if after.kind != "close" or self.words.scan(after.end).kind in ("^", "raised"):
            return tree
        symbol = by[0][0]
        if inner.kind == "symbol" and inner.held == symbol.label:
            self.doubts.add(Doubt.POINT)
            if Doubt.POINT not in self.otherwise:
                self._resume(after.end)
        elif inner.kind == "number" and isinstance(of, Symbol) and self._is_function(of.label):
            return self._from(start, At(tree, symbol, self._group()))
        return tree

    def _is_function(self, label: str) -> bool:
        return self.words.names.applied.find(label) is not None

    def _following(self) -> Expr:
        """What an operator d/dx is applied to: brackets, or the product that follows."""
        with self._nested():
            if not self._at_operand():
                raise self.words.unexpected(self.token)
            start, in_brackets = self.token.start, self._at("open")
            reaches = Doubt.SCOPE in self.otherwise
            if reaches and not in_brackets and not _OPERATOR.search(self.text, start):
                return self._sum()
            self.open.append("d")  # a point after it is that of the whole derivative
            factors, divisors = [self._power()], list[Expr]()
            in_brackets = in_brackets and not reaches
            while not in_brackets and (self._at("/") or (self._at_operand() and not divisors)):
                if self._takes("/"):
                    divisors.append(self._divisor())
                else:
                    factors.append(self._beside(factors[-1], self._power))
            self.open.pop()
            goes_on = self._at_operand() if in_brackets else self._at("*", "+", "-")
            if goes_on and (in_brackets or not _OPERATOR.search(self.text, start)):
                self.doubts.add(Doubt.SCOPE)
            return self._multiplied(start, factors, divisors)

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
            raise self._error("where it has this value is not read", bar, hint="write |_{x = 3}")
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
        limits: dict[str, tuple[str, int]] = {}
        at = sign.end
        while found := _LIMIT.match(self.text, at):
            kind = found.lastgroup or ""
            side = found["sign"] or ("_" if kind == "low" else "^")
            held = unscripted(found[kind]) if kind in ("low", "high") else found[kind]
            limits[side], at = (held, found.start(kind)), found.end()
        last = self._limit(*limits["^"]) if "^" in limits else None
        indices = self._indices(sign, at, limits.get("_"))
        outside = self.words.indices
        if taken := outside.intersection(indices):
            raise self._error(f"{min(taken)} already counts a sum around this one", sign)
        self.words.count(outside.union(indices))
        self._resume(at)
        with self._nested():
            is_call = self.text[sign.start].isalpha() and self._at("open")
            rule = self._bare_product if self.dividing else self._product
            tree = self._signed(self._power if is_call else rule)
        self.words.count(outside)
        self.token = self.words.scan(self.token.start)  # once more, now that the index is no name
        for index, first in reversed(indices.items()):
            if last is None and not stands_in(tree, index):
                raise self._error(f"over which {index} is this sum?", sign, _SUM_HINT)
            tree = self._from(sign.start, Series(sign.held, tree, index, first, last))
        return tree

    def _indices(
        self, sign: Token, at: int, below: tuple[str, int] | None
    ) -> dict[str, Expr | None]:
        """The letters that count, each with the first number where that is given."""
        if below is None:
            script = _INDEX_BELOW.search(self.text, at) if at == sign.end else None
            if script is None:
                raise self._error("a sum without an index", sign, _SUM_HINT)
            return {script[1] or unscripted(script[2]): None}
        text, place = below
        indices: dict[str, Expr | None] = {}
        for start, end in _between(text, 0, len(text), ","):
            found = _INDEX.fullmatch(text, start, end)
            if found is None:
                problem = f"what this sum is over is not read: {text.strip()}"
                raise self._error(problem, Token("series", sign.start, sign.end), _SUM_HINT)
            first = self._limit(found[2], place + found.start(2)) if found[2] else None
            indices[found[1]] = first
        return indices

    def _limit(self, text: str, at: int) -> Expr:
        letter = _LETTER.fullmatch(text)
        if letter:
            label = self.words.names.labels.find(letter[1]) or letter[1]
            return Symbol(label, start=at, end=at + len(text))
        return self._part(at, at + len(text), Parser.formula, text)

    # Cases and lists.

    def _conditional(self, value: Expr, start: int) -> Cases:
        """What follows a value: `x if z > 0 else 0`."""
        self._takes(",")
        if self._advance().held != "if":
            raise self._error("this is for all other cases, but there are none before it")
        values: tuple[Expr, ...] = (value,)
        conditions: tuple[Relation, ...] = (self._relation(),)
        if self._at("condition") and self.token.held == "else":
            other_start = self._advance().end
            other = self._sum()
            if self._at("condition"):
                with self._nested():
                    other = self._conditional(other, other_start)
                values, conditions = values + other.values, conditions + other.conditions
            else:
                values = (value, other)
        return self._from(start, Cases(values, conditions))

    def _relation(self) -> Relation:
        start = self.token.start
        left = self._sum()
        if isinstance(left, Cases) and left.values == (ONE, ZERO) and not self._at("relation"):
            return left.conditions[0]  # in brackets: (z > 0)
        if not self._at("relation"):
            raise self.words.unexpected(self.token)
        sign = self._advance().held
        right = self._sum()
        if self._at("relation"):
            raise self._error("two comparisons at once", hint="write one condition, such as z > 0")
        return self._from(start, Relation(left, sign, right))

    def _indicator(self, *, equal: bool) -> Expr | None:
        """[z > 0] or (z > 0), which is 1 or 0; None where no brackets with a condition follow."""
        opening = self.token
        closing = self.closings.get(opening.start)
        if closing is None:
            return None
        signs = {sign for _, sign in _marks(self.text, opening.end, closing)} - {",", "&", "\\\\"}
        if not signs - (set() if equal else {"="}):
            return None
        relation = self._part(opening.end, closing, Parser.condition)
        self._resume(closing + (2 if self.text[closing] == "\\" else 1))
        return self._from(opening.start, Cases((ONE, ZERO), (relation,)))

    def _listed(self) -> Listed | None:
        """[0.7, 0.2, 0.1], if the whole text is such a list."""
        opening = self.token
        closing = self.closings.get(opening.start, -1) if opening.held in ("(", "[") else -1
        if closing < 0 or self.words.scan(closing + 1).kind != "end":
            return None
        if all(sign != "," for _, sign in _marks(self.text, opening.end, closing)):
            return None
        return self._from(opening.start, Listed(tuple(self._bracketed())))

    def _environment(self) -> Expr:
        r"""\begin{cases} ... \end{cases}; a vector as a list."""
        start = self.token.start
        marks = list(_ENVIRONMENT.finditer(self.text, start))
        depth, end = 0, None
        for end in marks if marks and marks[0].start() == start else ():
            depth += 1 if end[1] == "begin" else -1
            if depth == 0:
                break
        if end is None or depth:
            raise self._error("an environment that is not whole")
        name, at = marks[0][2], marks[0].end()
        if name == "array" and (columns := _COLUMNS.match(self.text, at)):
            at = columns.end()
        rows = [
            list(_between(self.text, *row, "&"))
            for row in _between(self.text, at, end.start(), r"\\")
            if self.text[slice(*row)].strip()
        ]
        if not rows or not (name.endswith(("matrix", "cases")) or name == "array"):
            raise self._error(f"{name} is not read here")
        is_vector = name.endswith("matrix")
        with self._nested():
            tree = self._vector(rows) if is_vector else self._cases(rows)
        self._resume(end.end())
        if is_vector and (self.depth or self.text[:start].strip() or not self._at("end")):
            raise self._error("a vector within a formula is not read", Token("open", start, start))
        return self._from(start, tree)

    def _vector(self, rows: list[list[tuple[int, int]]]) -> Expr:
        cells = [cell for row in rows for cell in row]
        if len(rows) > 1 and len(cells) > len(rows):
            raise self._error("a matrix is not read", hint="write its entries one by one")
        return Listed(tuple(self._part(*cell, Parser.formula) for cell in cells))

    def _cases(self, rows: list[list[tuple[int, int]]]) -> Expr:
        values: list[Expr] = []
        conditions: list[Relation] = []
        for value_at, *rest in rows:
            if len(conditions) < len(values):
                raise self._error("a case without its condition", Token("environment", *value_at))
            value, condition = self._part(*value_at, Parser._case)
            if condition is None and rest:
                condition = self._part(rest[0][0], rest[-1][1], Parser._case_condition)
            values.append(value)
            conditions += [condition] if condition else []
        return Cases(tuple(values), tuple(conditions))

    def _case(self) -> tuple[Expr, Relation | None]:
        value = self._sum()
        self._takes(",")
        return value, self._case_condition()

    def _case_condition(self) -> Relation | None:
        if self._at("condition") and self._advance().held == "else":
            return None
        return None if self._at("end") else self._relation()

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

    def _part(self, start: int, end: int, rule: Callable[[Parser], _Part], text: str = "") -> _Part:
        """What a rule reads in a part of the text, or in `text` as if it stood there."""
        with self._nested():
            try:
                words = self.words.of(" " * start + text if text else self.text[:end])
                part = Parser(words, self.otherwise, start)
                part.depth = self.depth
                if not text:
                    part.closings = self.closings
                tree = part._whole(rule(part))
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

    def _from(self, start: int, tree: _Tree) -> _Tree:
        """The tree, as what stands from a place up to the last token taken."""
        return replace(tree, start=start, end=self.last_end)

    def _whole(self, part: _Part) -> _Part:
        if not self._at("end"):
            raise self.words.unexpected(self.token)
        return part

    def _at(self, *kinds: str) -> bool:
        return self.token.kind in kinds

    def _takes(self, kind: str) -> bool:
        """Whether a token of this kind is here, which is taken then."""
        found = self._at(kind)
        if found:
            self._advance()
        return found

    def _next(self) -> Token:
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


_SUM_HINT: Final = r"write it as \sum_{j=1}^{3} x_j, or \sum_j x_j for all that there are"


def fraction(factors: tuple[Expr, ...], divisors: tuple[Expr, ...] = ()) -> Product:
    """A product; in a fraction the products above and below are no parts of their own."""
    if divisors and len(factors) == 1 and not fraction_of(factors[0])[1]:
        factors = fraction_of(factors[0])[0]
    below: list[Expr] = []
    for divisor in divisors:
        parts, further = fraction_of(divisor)
        below.extend((divisor,) if further else parts)
    return Product(factors, tuple(below))


def called(operation: Operation, arguments: list[Expr], primes: int = 0) -> Expr | None:
    """An operation of its arguments, what may be left out filled in; None where they don't fit."""
    if len(arguments) < operation.arity and operation.default is not None:
        arguments = [*arguments, Number(repr(operation.default))]
    many = operation.name in ("maximum", "minimum") and len(arguments) >= 2
    if not (many or len(arguments) == operation.arity) or (primes and operation.arity != 1):
        return None
    if operation is TABLE["exp"]:
        return Power(EULER, arguments[0])
    return Call(operation, tuple(arguments), primes)


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
            row_end = _ROW_END.match(text, at)
            start = row_end.end() if row_end else at + 1
    yield start, end
