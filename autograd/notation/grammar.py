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
from functools import cached_property, partial
from typing import TYPE_CHECKING, Final, TypeVar

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
from autograd.notation.scanner import OPERANDS, Scanner, Token
from autograd.notation.series import stands_in
from autograd.notation.signs import BRACKETS, OPERATIONS, VULGAR
from autograd.ops import TABLE, Operation

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from autograd.notation.errors import FormulaError

_Part = TypeVar("_Part")
_Tree = TypeVar("_Tree", bound=Expr)
_Under = list[tuple[Symbol, int]]  # what a derivative is by, each with its order

_DEEPEST: Final = 50  # brackets in brackets; no formula on paper comes near
_HIGHEST: Final = 9  # order of a derivative
_FACTORS: Final = ("number", "symbol", "constant", "unknown", "fraction", "root")  # of arguments
_CLOSED_BY: Final = {"(": ")", "[": "]", "{": "}", r"\{": r"\}", r"\begin": r"\end"}
_NO_POINT: Final = ("|", r"\lvert", "d")  # what a bar closes, or is to be applied first
_BRACKET: Final = re.compile(r"\\[{}]|[(\[{)\]}]|\\(?:begin|end)(?![A-Za-z])")
_COMPARING: Final = "<>≤≥≠="
_SEEN: Final = re.compile(r"\\?\{|[(\[]|\\begin|[<>≤≥≠=,]")
_TRANSPOSED: Final = re.compile(r"\{?(?:T|\\top|\\intercal|\\text\{T\})(?![A-Za-z])\}?")
_LONE_BRACKET: Final = re.compile(r"\{\(\w+\)\}")
_PRIMED: Final = re.compile(r"\^\{?\(([1-9])\)\}?")

_DIFFERENTIAL: Final = re.compile(
    r" ?(?:(?P<round>∂|\\delta(?![A-Za-z]))|(?P<upright>\\text\{d\})|(?P<plain>d)) ?"
)
_ORDER: Final = re.compile(r"\^(?:\{([0-9]+)\}|([0-9]))|([2-9])(?![0-9])")
_OPERATOR: Final = re.compile(r"\\frac\{(?:d|\\text\{d\}|∂)\}|[d∂]/[d∂]")
_ARGUMENTS: Final = re.compile(r"\([\w\\{},;|^' ]{1,60}\)")
_NO_OPERATOR: Final = re.compile(r"(?:[_^]\{[^{}]*\}|[^-+*=<>,;|()\[\]/]){0,60}")

_LIMIT: Final = re.compile(r"([_^])(?:(?=[{(])|([0-9]+|\\(?!infty)[A-Za-z]+|[A-Za-z]))")
_INDEX: Final = re.compile(r" ?([A-Za-z]|\\[A-Za-z]+) ?(?:(:?=)|(?=[,})]))")
_INDEX_BELOW: Final = re.compile(r"_\{?([A-Za-z])(?![A-Za-z0-9])")
_LETTER: Final = re.compile(r" ?(?!\\infty)([A-Za-z]|\\[A-Za-z]+)(?=[,})])")
_ENVIRONMENT: Final = re.compile(r"\\begin\{([A-Za-z]+)\*?\}(?:\[[^\]]{0,9}\])?")
_ENDING: Final = re.compile(r"\\end\{([A-Za-z]+)\*?\}")
_COLUMNS: Final = re.compile(r"\{[^{}]{0,40}\}")
_SUM_HINT: Final = r"write it as \sum_{j=1}^{3} x_j, or \sum_j x_j for all that there are"
_NOT_WHOLE: Final = "a derivative that is not whole, or of another order below than above"
_TOO_DEEP: Final = f"brackets are nested more than {_DEEPEST} deep"
_HINTS: Final = {
    "there is no formula here": "write one, such as 2x + 1",
    "wide space stands between two formulas":
        "write each on a line of its own, or a sign between them",
    "two numbers stand side by side":
        r"write a product as 2 \cdot 3, and digits without spaces between them",
    "a power of a power needs brackets": "write (x^2)^3 or x^{2^3}, whichever is meant",
    "a transpose": "formulas of numbers are read, not of matrices",
    _NOT_WHOLE: r"write \frac{\partial L}{\partial x}, ∂²L/∂x∂y, of known labels",
    "where it has this value is not read": "write |_{x = 3}",
    "two comparisons at once": "write one condition, such as z > 0",
    "a matrix is not read": "write its entries one by one",
    _TOO_DEEP: "name a part of the formula with a label",
    "a sum without an index": _SUM_HINT,
}  # fmt: skip
"""What to do about a problem."""


class Doubt(Enum):
    """What paper leaves open, with the usual sense first."""

    DIVISION = "a/bc is (a/b)c, or a/(bc)"
    ARGUMENT = "sin xy is sin(xy), or sin(x) y"
    EULER = "e^x is a power of the label e, where there is one, or of Euler's number"
    POINT = "dy/dx(x) is the derivative at x, or times x"
    SCOPE = "d/dx of the product that follows, or of all that follows"


class Parser:
    """Recursive descent over one text, a token at a time, no deeper than `_DEEPEST` brackets."""

    def __init__(self, words: Scanner, otherwise: Collection[Doubt] = ()) -> None:
        self.words = words
        self.text = words.text
        self.otherwise = otherwise  # what is not to be read in the usual sense
        self.doubts: set[Doubt] = set()  # what could have been read in another one
        self.depth = 0
        self.inside = ""  # the bracket around this place; "d" for an operator d/dx
        self.dividing = False  # whether this is what a slash divides by
        self.last_end = 0  # where the last token taken ended
        self.token = words.scan(0)

    def formula(self) -> Expr:
        """The whole text, as one side of an equation."""
        if self._at("end"):
            raise self._error("there is no formula here")
        start = self.token.start
        tree: Expr
        closing = self.closings.get(start, -1) if self.token.held in ("(", "[") else -1
        if closing > 0 and self.words.scan(closing + 1).kind == "end" and self._holds(","):
            tree = self._from(start, Listed(tuple(self._arguments())))
        else:
            tree = self._sum()
        if self._at("condition") or (self._at(",") and self._next().kind == "condition"):
            tree = self._conditional(tree, start)
        return self._whole(tree)

    def condition(self) -> Relation:
        """The whole text, as a comparison; a word such as `if` may lead it."""
        if self._at("condition") and self.token.held == "if":
            self._advance()
        return self._whole(self._relation())

    def _other(self, doubt: Doubt) -> bool:
        """Whether something is to be read in its other sense, now that it is open."""
        self.doubts.add(doubt)
        return doubt in self.otherwise

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

    def _product(self, signs: tuple[str, ...] = ("*", "/")) -> Expr:
        start = self.token.start
        factors, divisors = [self._factor()], list[Expr]()
        is_over = False  # of an operator only what stands before a quotient is the operand
        while self._at(*signs) or (self._at_operand() and not is_over):
            if self._takes("*"):
                factors.append(self._signed(self._factor))
            elif self._takes("/"):
                divisors.append(self._signed(self._divisor))
                is_over = "*" not in signs
            else:
                factors.append(self._beside(factors[-1], self._factor))
        return self._multiplied(start, factors, divisors)

    def _multiplied(self, start: int, factors: list[Expr], divisors: list[Expr]) -> Expr:
        if len(factors) == 1 and not divisors:
            return factors[0]
        return self._from(start, fraction(tuple(factors), tuple(divisors)))

    def _row(self, goes_on: Callable[[Expr], bool]) -> Expr:
        """Factors side by side, as long as they go on."""
        start = self.token.start
        factors = [self._power()]
        while goes_on(factors[-1]):
            factors.append(self._beside(factors[-1], self._power))
        return self._multiplied(start, factors, [])

    def _factor(self) -> Expr:
        if self._at("number"):
            self.token = self.words.scientific(self.token)
        return self._power()

    def _divisor(self) -> Expr:
        with self._nested(dividing=True):
            return self._row(lambda _: self._at_operand() and self._other(Doubt.DIVISION))

    def _bare_product(self) -> Expr:
        r"""The argument of a function without brackets: in `\sin 2x + 1` it is 2x."""

        def goes_on(last: Expr) -> bool:
            is_open = self._at(*_FACTORS)
            return is_open and not self._other(Doubt.ARGUMENT) and not isinstance(last, Call)

        return self._row(goes_on)

    def _at_operand(self) -> bool:
        """Whether a factor begins here, multiplied without a sign."""
        if not self._at("bar"):
            return self._at(*OPERANDS)
        closes = self.token.held == r"\rvert" or self._has_point()
        return self.token.held == r"\lvert" or not (closes or self.inside in ("|", r"\lvert"))

    def _beside(self, before: Expr, inner: Callable[[], Expr]) -> Expr:
        """A factor without a sign before it; nobody can say what `2 3` and, for x, `x2` mean."""
        token = self.token
        if token.apart:
            raise self._error("wide space stands between two formulas")
        if token.kind in ("number", "vulgar") and isinstance(before, Number):
            raise self._error("two numbers stand side by side")
        is_joined = before.end == self.words.written.starts[token.start]
        if token.kind == "number" and isinstance(before, Symbol) and is_joined:
            width = before.end - before.start
            raise self.words.unknown(token._replace(start=max(0, token.start - width)))
        return inner()

    # Powers.

    def _power(self) -> Expr:
        opening = self.token
        base = self._atom()
        if self._at("^"):
            group = self.last_end - 1 if opening.held == "{" else -1
            exponent = self._exponent(base)
            if group >= 0 and group == self.closings.get(opening.start):
                base = self._raise_last(base, exponent, self.words.written.ends[group - 1])
            else:
                base = self._from(opening.start, self._raise(base, exponent))
            if self._at("^"):
                raise self._error("a power of a power needs brackets")
        while self._at_point():
            base = self._at_values(base)
        if self._at("'") and len(by := symbols_of(base)) == 1:  # (x^2)'
            order = self._primes()
            base = self._from(opening.start, Derivative(base, Symbol(*by), order, "d"))
        return base

    def _raise(self, base: Expr, exponent: Expr) -> Power:
        is_e = isinstance(base, Symbol) and self.words.written.written[base.start : base.end] == "e"
        if is_e and self._other(Doubt.EULER):
            base = Constant("e", start=base.start, end=base.end)
        return Power(base, exponent)

    def _raise_last(self, tree: Expr, exponent: Expr, end: int) -> Expr:
        """What braces hold, with an exponent behind: as TeX prints it, that of its last part."""
        last = children(tree)[-1:]
        enclosed = isinstance(tree, Call) or fraction_of(tree)[1]  # by brackets of its own
        composed = isinstance(tree, Sum | Product | Negative | Call) and tree.end == end
        whole = self.words.written.ends[self.last_end - 1]
        if not composed or (enclosed and last[0].end != end):
            return replace(self._raise(tree, exponent), start=tree.start, end=whole)
        raised = self._raise_last(last[0], exponent, end)
        return replace(with_children(tree, (*children(tree)[:-1], raised)), end=whole)

    def _exponent(self, base: Expr = ONE) -> Expr:
        """What is raised: after `^` a group in braces or the next atom with its sign."""
        sign = self._advance()
        transposed = _TRANSPOSED.match(self.text, sign.end)
        if transposed and not isinstance(base, Number | Constant):
            raise self._error("a transpose", Token("^", sign.start, transposed.end()))
        if isinstance(base, Symbol) and _LONE_BRACKET.match(self.text, sign.end):
            raise self.words.unknown(Token("symbol", sign.start, self.token.end))
        with self._nested():
            return self._group() if self.token.held == "{" else self._signed(self._power)

    # Atoms.

    def _atom(self) -> Expr:
        if derivative := self._derivative():
            return derivative
        rule = _ATOMS.get(self.token.kind)
        if rule is None:
            raise self.words.unexpected(self.token)
        token = self._advance()
        tree = rule(self, token)
        return tree if tree.end else self._from(token.start, tree)

    def _number(self, token: Token) -> Expr:
        if token.held == "1" and self._holds(_COMPARING):
            return self._indicated(token)
        return Number(token.held)

    def _indicated(self, _: Token) -> Expr:
        """1[y = k], which is 1 or 0."""
        if not self._holds(_COMPARING):
            raise self.words.unexpected(self.token)
        return self._enclosed(lambda: self._inner(_COMPARING))[0]

    def _vulgar(self, token: Token) -> Expr:
        over, under = VULGAR[token.held]
        return Product((Number(str(over)),), (Number(str(under)),))

    def _fraction(self, _: Token) -> Expr:
        above = self._braced()
        return fraction((above,), (self._braced(),))

    def _symbol(self, token: Token) -> Expr:
        """A label, or a function of the page with its arguments: f(x), f'(x), y''."""
        primes, applies = self._primes(), token.kind == "applied"
        exponent: Expr | None = None
        if applies and (order := _PRIMED.match(self.text, token.end)):
            primes = int(order[1])
            self._resume(order.end())
        elif applies and self._at("^") and self._applies_after_exponent():
            exponent = self._exponent()
            if isinstance(exponent, Negative):
                raise self._error("the inverse of a function is not read", token)
        arguments: tuple[Expr, ...] = ()
        if self.token.held in ("(", "[") and (applies or (primes and self._is_single())):
            arguments = tuple(self._arguments())
        tree: Expr = Symbol(token.held)
        if primes or arguments:
            tree = Applied(token.held, arguments, primes)
        return self._raised(token, tree, exponent)

    def _raised(self, token: Token, tree: Expr, exponent: Expr | None) -> Expr:
        """What begins with a token, and an exponent that stands within."""
        tree = self._from(token.start, tree)
        return tree if exponent is None else self._from(token.start, Power(tree, exponent))

    def _applies_after_exponent(self) -> bool:
        """Whether brackets follow an exponent here, as in f^2(x)."""
        at = self.closings.get(self.token.end, self.token.end) + 1
        return self.words.scan(at).kind == "open"

    def _is_single(self) -> bool:
        """Whether brackets hold one symbol or number and no more."""
        inner = self._next()
        if inner.kind == "-":
            inner = self.words.scan(inner.end)
        return inner.kind in ("symbol", "number") and self.words.scan(inner.end).kind == "close"

    def _grouped(self, opening: Token) -> Expr:
        """What brackets or bars hold."""
        (inner,) = self._enclosed(lambda: self._inner("<>≤≥≠"), opening)  # also (z > 0)
        whole = self.text[opening.start : self.last_end]
        operation = next((OPERATIONS[sign] for sign in OPERATIONS if whole.endswith(sign)), "")
        if not operation:
            return inner
        is_doubled = whole[:2] == whole[-2:] == "||"
        if is_doubled and isinstance(inner, Call) and inner.operation is TABLE["abs"]:
            raise self._error("a norm is not read", opening)
        return Call(TABLE[operation], (inner,))

    def _group(self) -> Expr:
        return self._enclosed(self._inner)[0]

    def _inner(self, compared: str = "") -> Expr:
        """What stands in brackets: a formula; a condition, as 1 or 0."""
        start = self.token.start
        tree = self._sum()
        if self._takes("over"):  # {a \over b}
            return self._from(start, fraction((tree,), (self._sum(),)))
        if self._at("relation") and self.text[self.token.start] in compared:
            return Cases((ONE, ZERO), (self._compared(start, tree),))
        return tree

    def _enclosed(
        self, rule: Callable[[], _Part], opening: Token | None = None, *, several: bool = False
    ) -> list[_Part]:
        """What a rule reads in brackets, once or several times with commas between."""
        opening = opening or self._advance()
        if opening.held not in BRACKETS:
            raise self.words.unexpected(opening._replace(kind="close"))
        with self._nested(opening.held):
            inner = [rule()]
            while several and self._takes(","):
                inner.append(rule())
        closes = self._at("bar", "close") and self.token.held in BRACKETS[opening.held]
        if not closes and not (isinstance(inner[0], Cases) and self.token.held == r"\right."):
            raise self._unclosed(opening)
        self._advance()
        return inner

    def _unclosed(self, opening: Token) -> FormulaError:
        written = self.words.written_at(opening)
        if self._at("end"):
            return self._error(f"{written} is never closed", opening)
        if self._at("close"):
            return self._error(f"{written} is closed by {self.words.written_at(self.token)}")
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

    def _root(self, sign: Token) -> Expr:
        if sign.held == "√":
            return Call(TABLE["sqrt"], (self._atom(),))
        degree = self._group() if self.token.held == "[" else None
        inner = self._braced()
        if degree is None:
            return Call(TABLE["sqrt"], (inner,))
        return Power(inner, Product((ONE,), (degree,), start=degree.start, end=degree.end))

    # Functions.

    def _call(self, name: Token) -> Expr:
        r"""A function with its argument: tanh(x), \sin 2x, \sin^2 x, \sigma'(z), \log_2 x."""
        operation: Operation = name.held
        primes = self._primes()
        base = exponent = None
        if self._takes("_"):
            base = self._braced()
            if operation is not TABLE["log"]:
                problem = f"{operation.name} with a script is not known"
                raise self._error(problem, name, r"a logarithm may have one: \log_2 x")
            known = TABLE.get(f"log{base.written}") if isinstance(base, Number) else None
            operation, base = known or operation, None if known or base == EULER else base
        if self._at("^"):
            exponent = self._exponent()
        if isinstance(exponent, Negative):
            inverse = TABLE.get(f"a{operation.name}")
            if exponent.operand != ONE or not inverse:
                hint = f"write 1 / {operation.name}(x), or ({operation.name}(x))^{{-1}}"
                raise self._error(f"a negative exponent on {operation.name}", hint=hint)
            operation, exponent = inverse, None
        arguments = self._arguments()
        tree = called(operation, arguments, primes)
        if tree is None:
            inputs = "one input" if len(arguments) == 1 else f"{len(arguments)} inputs"
            problem = f"{operation.name}{chr(39) * primes} with {inputs}"
            raise self._error(problem, name, hint=f"it is {operation.usage}")
        if base is not None:
            tree = Product((tree,), (Call(operation, (base,)),))
        return self._raised(name, tree, exponent)

    def _primes(self) -> int:
        count = 0
        while self._takes("'"):
            count += 1
        return count

    def _arguments(self) -> list[Expr]:
        """What a function is applied to: brackets right after it, or a bare product."""
        if self._at("open", "bar"):
            is_plain = self.token.held in ("(", "[", "{", r"\{")
            return self._enclosed(self._inner, several=True) if is_plain else [self._atom()]
        with self._nested():
            return [self._signed(self._bare_product)]

    # Derivatives.

    def _derivative(self) -> Expr | None:
        r"""A derivative that begins here, or None: `\frac{dL}{dx}`, `dL/dx`, `d/dx (...)`."""
        start = self.token.start
        if is_fraction := self._at("fraction"):
            above = self.token.end + 1
            end = self.closings.get(above - 1, -1)
            below = end + 2
            stop = self.closings.get(below - 1, -1)
            if stop < 0 or end < 0:
                return None
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
        if sign is None or under is None:
            if sign and sign["round"] == "∂" and is_fraction:
                raise self._unfinished(sign)
            return None
        order, at = self._order(sign.end(), plain=not is_fraction)
        by = self._under(below, order, stop)
        is_quotient = is_fraction and self.words.scan(at).kind in ("+", "-", "*", "/")
        if sign["plain"] and (by is None or is_quotient):
            return None
        if by is None:
            raise self._unfinished(under)
        of = None
        if at != end:
            self._resume(at)
            with self._nested("{"):
                of = self._differentiated(end, plain=not is_fraction)
            if self.token.start != end:
                raise self.words.unexpected(self.token)
        self._resume(max(by[1], stop + 1))
        return self._finished(of, by[0], start)

    def _slash(self, at: int) -> int:
        """The place of the slash of a derivative that begins here, or -1."""
        found = _NO_OPERATOR.match(self.text, at)
        place = found.end() if found else at
        if place in self.closings:
            place = self.closings[place] + 1
        return place if self.text[place : place + 1] == "/" else -1

    def _unfinished(self, sign: re.Match[str]) -> FormulaError:
        token = self.words.scan(sign.end())
        if token.kind == "unknown":
            return self.words.unknown(token)
        place = Token("partial", sign.start(), sign.end())
        return self._error(_NOT_WHOLE, place)

    def _differential(self, at: int) -> re.Match[str] | None:
        """The ∂ or d at this place, unless it is a label of itself or begins a longer one."""
        text, labels = self.text, self.words.names.labels
        at += text[at : at + 1] == " "
        sign = _DIFFERENTIAL.match(text, at)
        label = labels.match(text, at) if sign and not sign["upright"] else None
        if sign is None or label is None:
            return sign
        end = sign.end(sign.lastgroup or 0)
        if sign["round"]:
            return sign if label[1] != end else None
        rest = labels.match(text, sign.end())
        is_operator = label[1] == end and text[end : end + 1] in ("", "}", "/")
        return sign if is_operator or (rest and rest[1] >= label[1]) else None

    def _differentiated(self, end: int, *, plain: bool) -> Expr:
        """What is differentiated: one symbol, also a word or with its arguments, or a formula."""
        symbols = self.words.symbols_at(self.token.start)
        for symbol in symbols:
            is_symbol = all(each.kind == "symbol" for each in symbols)
            has_arguments = is_symbol and _ARGUMENTS.fullmatch(self.text, symbol.end, end)
            if symbol.end == end or has_arguments:
                self._resume(symbol.end)
                tree = self._symbol(symbol) if symbol.end == end else Symbol(symbol.held)
                self._resume(end)
                return self._from(symbol.start, tree)
        return self._row(lambda _: self._at_operand()) if plain else self._sum()

    def _order(self, at: int, *, plain: bool) -> tuple[int, int]:
        """The order that stands after a ∂ or d, and where that ends; in plain text d2y is d²y."""
        found = _ORDER.match(self.text, at)
        if found is None or (found[3] and not plain):
            return 1, at
        order = int((found[1] or found[2] or found[3])[:3])
        if not 1 <= order <= _HIGHEST:
            raise self._error(f"a derivative of order {order}", Token("^", at, found.end()))
        return order, found.end()

    def _under(self, at: int, order: int, stop: int) -> tuple[_Under, int] | None:
        r"""The symbols under a derivative of this order, each with its own, and where they end."""
        sign = self._differential(at)
        tried: set[int] = set()
        for token in self._symbols_at(sign.end()) if sign else ():
            if token.end in tried or len(tried) > 2:
                continue
            tried.add(token.end)
            own, end = self._order(token.end, plain=stop < 0 and order > 1)
            symbol = self._place(token.start, token.end, Symbol(token.held))
            if own == order and (stop < 0 or end == stop):
                return [(symbol, own)], end
            if own < order and (rest := self._under(end, order - own, stop)):
                return [(symbol, own), *rest[0]], rest[1]
        return None

    def _symbols_at(self, place: int) -> list[Token]:
        r"""The ways to read a symbol here, maybe in braces as in \partial{x}."""
        stop = self.closings.get(place, -1)
        if stop < 0:
            return self.words.symbols_at(place)
        inner = self.words.symbols_at(place + 1)
        return [symbol._replace(end=stop + 1) for symbol in inner if symbol.end == stop]

    def _operator(self) -> Expr | None:
        r"""\partial_x f, D_x f."""
        start, is_round = self.token.start, self._at("partial")
        at = start + 1
        if self.text[at : at + 1] != "_" or self.words.names.labels.match(self.text, start):
            return None
        for token in reversed(self._symbols_at(at + 1)):
            order, at = self._order(token.end, plain=False)
            if token.kind == "symbol" and (is_round or self.words.scan(at).kind in OPERANDS):
                self._resume(at)
                symbol = self._place(token.start, token.end, Symbol(token.held))
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
        if after.kind != "close" or self.words.scan(after.end).kind == "^":
            return tree
        symbol = by[0][0]
        if inner.kind == "symbol" and inner.held == symbol.label:
            if not self._other(Doubt.POINT):
                self._resume(after.end)
        elif inner.kind == "number" and isinstance(of, Symbol) and self._is_function(of.label):
            return self._from(start, At(tree, symbol, self._group()))
        return tree

    def _is_function(self, label: str) -> bool:
        return self.words.names.applied.find(label) is not None

    def _following(self) -> Expr:
        """What an operator d/dx is applied to: brackets, or the product that follows."""
        if not self._at_operand():
            raise self.words.unexpected(self.token)
        start, in_brackets = self.token.start, self._at("open")
        reaches = Doubt.SCOPE in self.otherwise
        is_alone = not _OPERATOR.search(self.text, start)
        with self._nested("" if reaches else "d"):  # a point after it is of the whole derivative
            if reaches and not in_brackets and is_alone:
                return self._sum()
            in_brackets = in_brackets and not reaches
            tree = self._power() if in_brackets else self._product(("/",))
        goes_on = self._at_operand() if in_brackets else self._at("*", "+", "-")
        if goes_on and (in_brackets or is_alone):
            self.doubts.add(Doubt.SCOPE)
        return tree

    # Where a symbol has a value.

    def _at_point(self) -> bool:
        r"""Whether `|_{x = 3}` stands here."""
        return self._at("bar") and self.inside not in _NO_POINT and self._has_point()

    def _has_point(self) -> bool:
        return self.text.startswith("_", self.token.end)

    def _at_values(self, tree: Expr) -> Expr:
        bar = self._advance()
        self._advance()
        if not self._at("open"):
            raise self._error("where it has this value is not read", bar)
        points = self._enclosed(self._relation, several=True)
        for point in points:
            if point.sign != "=" or not isinstance(point.left, Symbol):
                raise self._error("a point is given as |_{x = 3}", bar)
            end = self.words.written.ends[self.last_end - 1]
            tree = At(tree, point.left, point.right, start=tree.start, end=end)
        return tree

    # Sums over an index.

    def _series(self, sign: Token) -> Expr:
        r"""\sum_{j=1}^{3} body, or \sum_j body over all j that the known labels have."""
        indices: dict[str, Expr | None] = {}
        last: Expr | None = None
        while found := _LIMIT.match(self.text, self.last_end):
            self._resume(found.end())
            if found[1] == "_":
                bare: list[tuple[str, Expr | None]] = [(found[2], None)]
                rule = partial(self._index, sign)
                indices = dict(bare if found[2] else self._enclosed(rule, several=True))
            elif found[2]:
                last = self._letter(*found.span(2))
            else:
                (last,) = self._enclosed(self._limit)
        if not indices:
            script = _INDEX_BELOW.search(self.text, sign.end) if last is None else None
            if script is None:
                raise self._error("a sum without an index", sign)
            indices = {script[1]: None}
        outside = self.words.indices
        if taken := outside.intersection(indices):
            raise self._error(f"{min(taken)} already counts a sum around this one", sign)
        self.words.count(outside.union(indices))
        self._resume(self.last_end)
        with self._nested():
            is_call = self.text[sign.start].isalpha() and self._at("open")
            body = self._bare_product if self.dividing else self._product
            tree = self._signed(self._power if is_call else body)
        self.words.count(outside)
        self.token = self.words.scan(self.token.start)  # once more, now that the index is no name
        for index, first in reversed(indices.items()):
            if last is None and not stands_in(tree, index):
                raise self._error(f"over which {index} is this sum?", sign, _SUM_HINT)
            tree = self._from(sign.start, Series(sign.held, tree, index, first, last))
        return tree

    def _index(self, sign: Token) -> tuple[str, Expr | None]:
        """A letter that counts, with the first number where that is given."""
        found = _INDEX.match(self.text, self.last_end)
        if found is None:
            start = max(self.text.rfind(opening, 0, self.last_end) for opening in "{(")
            over = Token("", start + 1, self.closings.get(start, start + 1))
            problem = f"what this sum is over is not read: {self.words.written_at(over)}"
            raise self._error(problem, sign, _SUM_HINT)
        self._resume(found.end())
        return found[1], self._limit() if found[2] else None

    def _limit(self) -> Expr:
        """A limit: a letter, whatever it is else, or a formula."""
        letter = _LETTER.match(self.text, self.last_end)
        if letter is None:
            return self._sum()
        self._resume(letter.end())
        return self._letter(*letter.span(1))

    def _letter(self, start: int, end: int) -> Expr:
        written = self.text[start:end]
        label = self.words.names.labels.find(written) or written
        tree = Number(written) if written.isdigit() else Symbol(label)
        return self._place(start, end, tree)

    # Cases and lists.

    def _conditional(self, value: Expr, start: int) -> Cases:
        """What follows a value: `x if z > 0 else 0`."""
        self._takes(",")
        if self._advance().held != "if":
            raise self._error("this is for all other cases, but there are none before it")
        values, conditions = [value], [self._relation()]
        while len(values) == len(conditions) and self._at("condition"):
            self._advance()
            values.append(self._sum())
            if self._at("condition") and self._advance().held == "if":
                conditions.append(self._relation())
        return self._from(start, Cases(tuple(values), tuple(conditions)))

    def _relation(self) -> Relation:
        start = self.token.start
        left = self._sum()
        if isinstance(left, Cases) and left.values == (ONE, ZERO) and not self._at("relation"):
            return left.conditions[0]  # in brackets: (z > 0)
        return self._compared(start, left)

    def _compared(self, start: int, left: Expr) -> Relation:
        """A comparison, from its sign on."""
        if not self._at("relation"):
            raise self.words.unexpected(self.token)
        sign = self._advance().held
        right = self._sum()
        if self._at("relation"):
            raise self._error("two comparisons at once")
        return self._from(start, Relation(left, sign, right))

    def _holds(self, signs: str) -> bool:
        """Whether brackets open here that hold one of the signs, in no further brackets."""
        at, stop = self.token.end, self.closings.get(self.token.start, -1)
        while (found := _SEEN.search(self.text, at, max(at, stop))) and found[0] not in signs:
            at = self.closings.get(found.start(), found.start()) + 1
        return found is not None

    def _environment(self, opening: Token) -> Expr:
        r"""\begin{cases} ... \end{cases}; a vector as a list."""
        start = opening.start
        found = _ENVIRONMENT.match(self.text, start)
        if found is None or start not in self.closings:
            raise self._error("an environment that is not whole", opening)
        name, at = found[1], found.end()
        is_vector = name.endswith("matrix")
        if not (is_vector or name.endswith("cases") or name == "array"):
            raise self._error(f"{name} is not read here", opening)
        inside = self.text[at : self.closings[start]].strip("\n")
        if is_vector and "&" in inside and "\n" in inside:
            raise self._error("a matrix is not read", opening)
        if name == "array" and (columns := _COLUMNS.match(self.text, at)):
            at = columns.end()
        outside, self.words.in_rows = self.words.in_rows, True
        self._resume(at)
        with self._nested():
            tree = self._vector() if is_vector else self._cases()
        self.words.in_rows = outside
        ending = _ENDING.match(self.text, self.token.start)
        if ending is None or ending[1] != name:
            raise self.words.unexpected(self.token)
        self._resume(ending.end())
        if is_vector and (self.depth or self.text[:start].strip() or not self._at("end")):
            raise self._error("a vector within a formula is not read", opening)
        return tree

    def _vector(self) -> Expr:
        items = [self._sum()]
        while self._takes("cell") or self._takes("row"):
            if not self._at("close"):  # \\ before \end
                items.append(self._sum())
        return Listed(tuple(items))

    def _cases(self) -> Expr:
        values: list[Expr] = []
        conditions: list[Relation] = []
        while not self._at("close"):
            if len(conditions) < len(values):
                raise self._error("a case without its condition")
            values.append(self._sum())
            self._takes(",")
            is_other = False
            while self._at("cell", "condition"):
                is_other = self._advance().held == "else" or is_other
            if not (is_other or self._at("row", "close")):
                conditions.append(self._relation())
            while self._takes("row"):
                pass
            if not self._at("close") and self.text[self.last_end - 1] != "\n":
                raise self.words.unexpected(self.token)
        return Cases(tuple(values), tuple(conditions))

    # Tokens.

    @cached_property
    def closings(self) -> dict[int, int]:
        """Where the bracket that opens at a place is closed, for each that is."""
        found: dict[int, int] = {}
        opened: list[tuple[str, int]] = []
        for bracket in _BRACKET.finditer(self.text):
            if bracket[0] in _CLOSED_BY:
                opened.append((_CLOSED_BY[bracket[0]], bracket.start()))
            elif opened and opened[-1][0] == bracket[0]:
                found[opened.pop()[1]] = bracket.start()
        return found

    @contextmanager
    def _nested(self, inside: str = "", *, dividing: bool = False) -> Iterator[None]:
        """One level deeper, maybe in a bracket; refuses the level where nobody could follow."""
        outside = self.depth, self.inside, self.dividing
        self.depth += 1
        if self.depth > _DEEPEST:
            raise self._error(_TOO_DEEP)
        if inside or dividing:
            self.inside, self.dividing = inside or self.inside, dividing
        yield
        self.depth, self.inside, self.dividing = outside

    def _place(self, start: int, end: int, tree: _Tree) -> _Tree:
        """The tree, as what stands at a place."""
        begin, stop = self.words.written.place(start, end)
        return replace(tree, start=begin, end=stop)

    def _from(self, start: int, tree: _Tree) -> _Tree:
        """The tree, as what stands from a place up to the last token taken."""
        return self._place(start, self.last_end, tree)

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
        return self.words.error(problem, token or self.token, hint or _HINTS.get(problem, ""))


_ATOMS: Final[dict[str, Callable[[Parser, Token], Expr]]] = {
    "number": Parser._number, "constant": lambda _, token: Constant(token.held),
    "vulgar": Parser._vulgar, "symbol": Parser._symbol, "applied": Parser._symbol,
    "function": Parser._call, "fraction": Parser._fraction, "root": Parser._root,
    "series": Parser._series, "environment": Parser._environment,
    "indicator": Parser._indicated, "open": Parser._grouped, "bar": Parser._grouped,
}  # fmt: skip
"""What begins with each kind of word."""


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
