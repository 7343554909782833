r"""The grammar of formula text: from its words to its tree.

The grammar, known labels before all else (`W_{11}^2` is a name where it is a label):

    sum      = [sign] product { ("+" | "-") product }
    product  = power { [ "*" | "/" ] power }             juxtaposition multiplies
    power    = atom { "^" exponent }                     to the right: 2^3^2 = 2^9
    atom     = number | label | ( sum ) | |sum| | \frac{sum}{sum} | \sqrt[n]{sum}
             | function ( sum { "," sum } ) | function bare-product
             | \sum_{j=1}^{3} product | derivative
    derivative = \frac{\partial L}{\partial W} | dL/dW | \frac{\partial}{\partial W} power
"""

from __future__ import annotations

import math
import re
from contextlib import contextmanager
from enum import Enum
from typing import TYPE_CHECKING, Final

from autograd.formulas.spelling import skip_space
from autograd.formulas.syntax import (
    Call,
    Derivative,
    Negative,
    Node,
    Number,
    Power,
    Product,
    Sum,
    Symbol,
)
from autograd.formulas.tokens import (
    DIFFERENTIAL,
    INVERSES,
    LIMIT,
    LOGARITHMS,
    LOWER_LIMIT,
    OPERANDS,
    PRIME,
    FormulaError,
    Scanner,
    Token,
)
from autograd.ops import TABLE, Operation

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

_DEEPEST: Final = 50  # brackets in brackets; no formula on paper comes near
_BELOW: Final = tuple("/}\u2215\u2044")  # what follows the d of an operator d/dx
_DIGITS: Final = tuple("0123456789.")
_WHOLE: Final = re.compile("-?[0-9]{1,6}")
_MOST_TERMS: Final = 10_000  # of one listed sum


class Doubt(Enum):
    """What paper leaves open, with the usual sense first."""

    DIVISION = "a/bc is (a/b)c, or a/(bc)"
    ARGUMENT = "sin xy is sin(xy), or sin(x) y"
    EULER = "e^x is a power of the label e, where there is one, or of Euler's number"


class Parser:
    """Recursive descent over one text, a token at a time, no deeper than `_DEEPEST` brackets."""

    def __init__(self, words: Scanner, otherwise: Collection[Doubt] = ()) -> None:
        self.words = words
        self.text = words.text
        self.otherwise = otherwise  # what is not to be read in the usual sense
        self.doubts: set[Doubt] = set()  # what could have been read in another one
        self.depth = 0
        self.open: list[str] = []  # the brackets around this place, each by what closes it
        self.in_derivative = False
        self.last_end = 0  # where the last token taken ended
        self.token = words.scan(0)

    def formula(self) -> Node:
        """The whole text."""
        if self._at_end():
            raise self._error("there is no formula here", hint="write one, such as 2x + 1")
        tree = self._sum()
        if not self._at_end():
            raise self.words.unexpected(self.token)
        return tree

    def _at_end(self) -> bool:
        return self.token.kind == "end"

    # The grammar.

    def _sum(self) -> Node:
        start = self.token.start
        terms = [self._signed(self._product)]
        while self.token.kind in ("+", "-"):
            terms.append(self._signed(self._product))
        return terms[0] if len(terms) == 1 else Sum(tuple(terms), start=start, end=terms[-1].end)

    def _signed(self, inner: Callable[[], Node]) -> Node:
        start = self.token.start
        negative = False
        while self.token.kind in ("+", "-"):
            negative ^= self.token.kind == "-"
            self._advance()
        node = inner()
        return Negative(node, start=start, end=node.end) if negative else node

    def _product(self) -> Node:
        factors = [self._power()]
        divisors: list[Node] = []
        divided = False
        while True:
            if self.token.kind == "*":
                self._advance()
                factors.append(self._signed(self._power))
                divided = False
            elif self.token.kind == "/":
                self._advance()
                divisors.append(self._signed(self._divisor))
                divided = True
            elif self._at_operand():
                if divided:
                    self.doubts.add(Doubt.DIVISION)
                self._check_side_by_side(factors[-1])
                factors.append(self._power())
            else:
                break
        if len(factors) == 1 and not divisors:
            return factors[0]
        ends = [node.end for node in (*factors, *divisors)]
        return Product(tuple(factors), tuple(divisors), start=factors[0].start, end=max(ends))

    def _divisor(self) -> Node:
        first = self._power()
        factors = [first]
        while Doubt.DIVISION in self.otherwise and self._at_operand():
            factors.append(self._power())
        if len(factors) == 1:
            return first
        return Product(tuple(factors), start=first.start, end=factors[-1].end)

    def _at_operand(self) -> bool:
        """Whether a factor begins here, multiplied without a sign."""
        if self.token.kind == "bar":
            return not (self.open and self.open[-1] == "|")
        return self.token.kind in OPERANDS

    def _check_side_by_side(self, before: Node) -> None:
        """Refuses `2 3` and, for a symbol `x`, `x2`: nobody can say what they mean."""
        token = self.token
        if token.kind != "number" or self.text[token.start].isalpha():
            return
        if isinstance(before, Number) and before.written[-1:] in _DIGITS:
            raise self._error(
                "two numbers stand side by side",
                hint=r"write a product as 2 \cdot 3, and digits without spaces between them",
            )
        if isinstance(before, Symbol) and before.end == token.start:
            token.start = before.start
            raise self.words.unknown(self.token)

    def _power(self) -> Node:
        base = self._atom()
        if self.token.kind == "raised":
            exponent: Node = self._raised()
        elif self.token.kind == "^":
            self._advance()
            exponent = self._exponent()
        else:
            return base
        if self._is_euler(base):
            return Call(TABLE["exp"], (exponent,), start=base.start, end=exponent.end)
        if self.token.kind in ("^", "raised"):
            raise self._error(
                "a power of a power needs brackets",
                hint="write (x^2)^3 or x^{2^3}, whichever is meant",
            )
        return Power(base, exponent, start=base.start, end=exponent.end)

    def _is_euler(self, base: Node) -> bool:
        """Whether a power is one of Euler's number."""
        if isinstance(base, Symbol) and self.text[base.start : base.end] == "e":
            self.doubts.add(Doubt.EULER)
            return Doubt.EULER in self.otherwise
        return isinstance(base, Number) and base.written == "e"

    def _exponent(self) -> Node:
        """After `^`: a group in braces, or the next atom, with a sign if it has one."""
        with self._nested():
            if self.token.kind == "open" and self.token.held == "}":
                return self._group()
            return self._signed(self._power)

    def _raised(self) -> Node:
        """Raised digits, as in x²."""
        token = self._advance()
        if not _WHOLE.fullmatch(token.held):
            raise self._error(f"{token.held[:20]!r} raised is no whole number", token)
        value = int(token.held)
        digits = Number(float(abs(value)), token.held.lstrip("-"), start=token.start, end=token.end)
        return Negative(digits, start=token.start, end=token.end) if value < 0 else digits

    def _atom(self) -> Node:
        derivative = self._derivative()
        if derivative is not None:
            return derivative
        token = self.token
        match token.kind:
            case "number" | "constant":
                self._advance()
                written = self.text[token.start : token.end]
                if token.kind == "constant" and token.held == math.e:
                    written = "e"
                return Number(token.held, written, start=token.start, end=token.end)
            case "symbol":
                self._advance()
                return Symbol(token.held, start=token.start, end=token.end)
            case "function":
                return self._call()
            case "fraction":
                return self._fraction()
            case "root":
                return self._root()
            case "sum":
                return self._listed_sum()
            case "open" | "bar":
                inner = self._group()
                if token.held not in ("|", r"\rvert"):
                    return inner
                return Call(TABLE["abs"], (inner,), start=token.start, end=self.last_end)
            case "unknown":
                raise self.words.unknown(self.token)
            case "partial":
                raise self._error(
                    "∂ stands without a whole derivative",
                    hint=r"write \frac{\partial L}{\partial x}, ∂L/∂x or dL/dx, of known labels",
                )
        raise self.words.unexpected(self.token)

    def _group(self) -> Node:
        inner = self._bracketed()
        if len(inner) > 1:
            comma = Token(",", inner[0].end, inner[0].end + 1)
            raise self.words.unexpected(comma)
        return inner[0]

    def _bracketed(self) -> list[Node]:
        """What brackets hold: one formula, or several with commas between."""
        opening = self._advance()
        closing = opening.held
        with self._nested():
            self.open.append(closing)
            inner = [self._sum()]
            while self.token.kind == ",":
                self._advance()
                inner.append(self._sum())
            self.open.pop()
        token = self.token
        if token.kind not in ("bar", "close") or token.held != closing:
            written = self.text[opening.start : opening.end]
            if token.kind == "end":
                raise self._error(f"{written} is never closed", opening)
            if token.kind == "close":
                raise self._error(
                    f"{written} is closed by {self.text[token.start : token.end]}", token
                )
            raise self.words.unexpected(self.token)
        self._advance()
        return inner

    def _call(self) -> Node:
        r"""A function with its argument: tanh(x), \sin 2x, \sin^2 x, \sigma'(z), \log_2 x."""
        name = self._advance()
        operation: Operation = name.held
        slope = False
        exponent: Node | None = None
        if prime := PRIME.match(self.text, name.end):
            self.token = self.words.scan(prime.end())
            slope = True
        if self.token.kind == "_":
            self._advance()
            operation = self._logarithm(operation, name)
        if self.token.kind in ("^", "raised"):
            if self.token.kind == "raised":
                exponent = self._raised()
            else:
                self._advance()
                exponent = self._exponent()
            if isinstance(exponent, Negative):
                operation, exponent = self._inverse(operation, exponent), None
        arguments = self._arguments()
        self._check_arguments(operation, arguments, name, slope=slope)
        node: Node = Call(operation, tuple(arguments), slope, start=name.start, end=self.last_end)
        if exponent is None:
            return node
        return Power(node, exponent, start=name.start, end=self.last_end)

    def _logarithm(self, operation: Operation, name: Token) -> Operation:
        base = self._group() if self.token.kind == "open" else self._atom()
        written = base.written if isinstance(base, Number) else ""
        if operation.name != "log" or written not in LOGARITHMS:
            raise self._error(
                f"{operation.name} with a script is not known", name,
                hint=r"logarithms are \log (natural), \ln, \log_2 and \log_{10}",
            )  # fmt: skip
        return TABLE[LOGARITHMS[written]]

    def _inverse(self, operation: Operation, exponent: Negative) -> Operation:
        if exponent.operand == Number(1.0, "1") and operation.name in INVERSES:
            return TABLE[INVERSES[operation.name]]
        place = Token("^", exponent.start, exponent.end)
        raise self._error(
            f"a negative exponent on {operation.name}", place,
            hint=f"write 1 / {operation.name}(x), or ({operation.name}(x))^{{-1}}",
        )  # fmt: skip

    def _arguments(self) -> list[Node]:
        """What a function is applied to: brackets right after it, or a bare product."""
        if self.token.kind in ("open", "bar"):
            if self.token.held in ("|", r"\rvert"):
                return [self._atom()]
            return self._bracketed()
        with self._nested():
            return [self._signed(self._bare_product)]

    def _bare_product(self) -> Node:
        r"""The argument of a function without brackets: in `\sin 2x + 1` it is 2x."""
        first = self._power()
        factors = [first]
        while self.token.kind in ("number", "symbol", "constant", "unknown", "fraction", "root"):
            self.doubts.add(Doubt.ARGUMENT)
            if Doubt.ARGUMENT in self.otherwise or isinstance(factors[-1], Call):
                break
            self._check_side_by_side(factors[-1])
            factors.append(self._power())
        if len(factors) == 1:
            return first
        return Product(tuple(factors), start=first.start, end=factors[-1].end)

    def _check_arguments(
        self, operation: Operation, arguments: list[Node], name: Token, *, slope: bool
    ) -> None:
        given = len(arguments)
        fits = given == operation.arity or (operation.default is not None and given == 1)
        if operation.name in ("maximum", "minimum"):
            fits = given >= 2
        if slope and operation.arity != 1:
            raise self._error(f"{operation.name}' is not known: it has two inputs", name)
        if not fits:
            inputs = "one input" if given == 1 else f"{given} inputs"
            raise self._error(
                f"{operation.name} with {inputs}", name, hint=f"it is {operation.usage}"
            )

    def _fraction(self) -> Node:
        start = self._advance().start
        numerator = self._braced()
        denominator = self._braced()
        return Product((numerator,), (denominator,), start=start, end=self.last_end)

    def _braced(self) -> Node:
        r"""An argument of a command: a group, or the next character or atom, as in `\frac12`."""
        token = self.token
        if token.kind == "number" and token.end > token.start + 1:
            digit = self.text[token.start]
            if digit.isdigit():
                self.token = self.words.scan(token.start + 1)
                self.last_end = token.start + 1
                return Number(float(digit), digit, start=token.start, end=token.start + 1)
        with self._nested():
            return self._group() if token.kind == "open" else self._atom()

    def _root(self) -> Node:
        start = self._advance().start
        if self.token.kind == "open" and self.token.held == "]":
            degree = self._group()
            inner = self._braced()
            one = Number(1.0, "1", start=degree.start, end=degree.start)
            power = Product((one,), (degree,), start=degree.start, end=degree.end)
            return Power(inner, power, start=start, end=self.last_end)
        return Call(TABLE["sqrt"], (self._braced(),), start=start, end=self.last_end)

    # Derivatives.

    def _derivative(self) -> Derivative | None:
        r"""A derivative that begins here, or None: `\frac{dL}{dx}`, `dL/dx`, `d/dx (...)`."""
        start = self.token.start
        if self.token.kind == "fraction":
            above = skip_space(self.text, self.token.end)
            if not self.text.startswith("{", above):
                return None
            sign = self._differential_sign(above + 1)
            if sign is None:
                return None
            found = self._fraction_derivative(start, sign)
        elif self.token.kind in ("partial", "symbol", "unknown"):
            sign = self._differential_sign(start)
            found = None if sign is None else self._slash_derivative(start, sign)
        else:
            return None
        return found

    def _differential_sign(self, at: int) -> re.Match[str] | None:
        """The ∂ or d at this place, unless it is the beginning of a longer label."""
        at = skip_space(self.text, at)
        sign = DIFFERENTIAL.match(self.text, at)
        if sign is None or sign["round"]:
            return sign
        label = self.words.labels.match(self.text, at, self.words.indices)
        if label is None:
            return sign
        after = skip_space(self.text, sign.end())
        follows = self.text[after : after + 1]
        longer = label[1] > sign.end()
        return None if longer or not (follows in _BELOW or self._label_at(sign.end())) else sign

    def _label_at(self, at: int) -> Token | None:
        at = skip_space(self.text, at)
        token = self.words.scan(at)
        return token if token.kind == "symbol" else None

    def _fraction_derivative(self, start: int, above: re.Match[str]) -> Derivative | None:
        firm = above["plain"] is None  # a ∂ must be a derivative; a d may be a factor
        self._refuse_second_order(above.end())
        of = self._label_at(above.end())
        end = skip_space(self.text, of.end if of else above.end())
        expression: Node | None = None
        if of is None and not self.text.startswith("}", end):
            if not firm:
                return None
            self.token = self.words.scan(above.end())
            expression = self._within_derivative(self._sum)
            if not (self.token.kind == "close" and self.token.held == "}"):
                raise self.words.unexpected(self.token)
            end = self.token.start
        elif of is not None and not self.text.startswith("}", end):
            if not firm:
                return None
            raise self._unfinished(of)
        below = self._below(skip_space(self.text, end + 1), above)
        if below is None:
            if not firm:
                return None
            raise self._unfinished(Token("partial", end, end + 1))
        wrt, end = below
        self.token = self.words.scan(end)
        self.last_end = end
        if of is not None:
            expression = Symbol(of.held, start=of.start, end=of.end)
        return self._finished(expression, wrt, start)

    def _below(self, at: int, above: re.Match[str]) -> tuple[Symbol, int] | None:
        r"""The `{\partial x}` of a fraction, and where it ends."""
        if not self.text.startswith("{", at):
            return None
        sign = self._differential_sign(at + 1)
        if sign is None:
            return None
        wrt = self._label_at(sign.end())
        if wrt is None:
            if above["plain"] is not None:
                return None
            self.token = self.words.scan(skip_space(self.text, sign.end()))
            raise self.words.unexpected(self.token)
        end = skip_space(self.text, wrt.end)
        if not self.text.startswith("}", end):
            self._refuse_second_order(end)
            return None
        return Symbol(wrt.held, start=wrt.start, end=wrt.end), end + 1

    def _slash_derivative(self, start: int, above: re.Match[str]) -> Derivative | None:
        self._refuse_second_order(above.end())
        of = self._label_at(above.end())
        slash = skip_space(self.text, of.end if of else above.end())
        if self.text[slash : slash + 1] not in _BELOW[:1] + _BELOW[2:]:
            if of is None and above["round"]:
                self.token = self.words.scan(skip_space(self.text, above.end()))
                if self.token.kind == "unknown":
                    raise self.words.unknown(self.token)
            return None
        below = self._differential_sign(slash + 1)
        wrt = self._label_at(below.end()) if below else None
        if below is None or wrt is None:
            if above["round"] or (below and below["round"]):
                place = below.end() if below else slash + 1
                self.token = self.words.scan(skip_space(self.text, place))
                raise self.words.unexpected(self.token)
            return None
        self.token = self.words.scan(wrt.end)
        self.last_end = wrt.end
        symbol = Symbol(wrt.held, start=wrt.start, end=wrt.end)
        inner = Symbol(of.held, start=of.start, end=of.end) if of else None
        return self._finished(inner, symbol, start)

    def _finished(self, of: Node | None, wrt: Symbol, start: int) -> Derivative:
        """The derivative; where nothing was above, of what follows."""
        if self.in_derivative:
            raise self._error(
                "a derivative inside a derivative", Token("partial", start, self.last_end),
                hint="first derivatives of labels and of plain formulas are read",
            )  # fmt: skip
        if of is None:
            inner = self._power if self.token.kind == "open" else self._bare_product
            of = self._within_derivative(inner)
        return Derivative(of, wrt, start=start, end=max(self.last_end, of.end))

    def _within_derivative(self, inner: Callable[[], Node]) -> Node:
        with self._nested():
            if self.in_derivative:
                raise self._error(
                    "a derivative inside a derivative",
                    hint="first derivatives of labels and of plain formulas are read",
                )
            self.in_derivative = True
            try:
                return inner()
            finally:
                self.in_derivative = False

    def _refuse_second_order(self, at: int) -> None:
        token = self.words.scan(skip_space(self.text, at))
        if token.kind in ("^", "raised"):
            raise self._error(
                "a second derivative", token, hint="first derivatives are read: ∂L/∂x"
            )

    def _unfinished(self, token: Token) -> FormulaError:
        return self._error(
            "a derivative that is not whole", token,
            hint=r"write \frac{\partial L}{\partial x}, both of known labels",
        )  # fmt: skip

    # Sums over an index.

    def _listed_sum(self) -> Node:
        r"""\sum_{j=1}^{3} body, or \sum_j body over all j that the known labels have."""
        sign = self.token
        index, numbers, stated, body = self._limits(sign)
        terms: list[Node] = []
        missing: FormulaError | None = None
        after = self.token
        brackets = list(self.open)
        with self._nested():
            for number in numbers:
                self.words.indices[index] = number
                try:
                    self.token = self.words.scan(body)
                    terms.append(self._signed(self._product))
                    after = self.token
                except FormulaError as error:
                    if stated or not error.unknown:
                        raise
                    missing = error
                    self.open = list(brackets)
                finally:
                    del self.words.indices[index]
        if not terms and missing:
            raise missing
        if not terms or (not stated and index not in self.words.used_indices):
            raise self._error(
                f"over which {index} is this sum?", sign,
                hint=rf"write its limits as \sum_{{{index}=1}}^{{3}}, of whole numbers",
            )  # fmt: skip
        self.last_end = terms[-1].end
        self.token = self.words.scan(after.start)  # once more, now that the index has no number
        if len(terms) == 1:
            return terms[0]
        return Sum(tuple(terms), start=sign.start, end=self.last_end)

    def _limits(self, sign: Token) -> tuple[str, range | list[int], bool, int]:
        """The index of a sum, its numbers, whether these are stated, and where the body begins."""
        at = sign.end
        limits: dict[str, str] = {}
        while limit := LIMIT.match(self.text, at):
            limits[limit[1]] = limit[2] or limit[3]
            at = limit.end()
        lower = LOWER_LIMIT.fullmatch(limits.get("_", "").strip())
        if lower is None:
            raise self._error(
                "a sum without an index", sign,
                hint=r"write it as \sum_{j=1}^{3} x_j, or \sum_j x_j for all that there are",
            )  # fmt: skip
        index, first = lower[1], lower[2]
        if index in self.words.indices:
            raise self._error(f"{index} already counts a sum around this one", sign)
        self.words.used_indices.discard(index)
        last = limits.get("^", "").strip()
        if first is not None and _WHOLE.fullmatch(last):
            numbers = range(int(first), int(last) + 1)
            if len(numbers) > _MOST_TERMS:
                raise self._error(f"a sum of {len(numbers)} terms", sign)
            return index, numbers, True, at
        if last and not last.isalpha():
            raise self._error(f"the upper limit {last} of this sum is not read", sign)
        least = 0 if first is None else int(first)
        return index, [n for n in self.words.labels.index_numbers() if n >= least], False, at

    # Tokens.

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

    def _advance(self) -> Token:
        """The token here; the next one takes its place."""
        token = self.token
        self.last_end = token.end
        self.token = self.words.scan(token.end)
        return token

    def _error(self, problem: str, token: Token | None = None, hint: str = "") -> FormulaError:
        """The error for a token, or for the one here."""
        return self.words.error(problem, token or self.token, hint)
