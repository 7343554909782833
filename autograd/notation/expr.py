r"""A formula as it was written: one tree, read, printed, substituted into, evaluated.

`Expr` is the only representation of formula text in the house. Its parts know where they stand in
the text (`start`, `end`), which plays no part in equality. Trees are made by the reader, from
Values, and by plain arithmetic, so that the table's derivative rules work on them as on numbers:

>>> x = Symbol("x")
>>> 2 * x ** 2 - 1 == Sum((Product((Number("2"), Power(x, Number("2")))), Negative(Number("1"))))
True
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import lru_cache, reduce
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, Literal

from autograd import ops
from autograd.errors import DivisionByZeroError
from autograd.notation.errors import FormulaError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from autograd.ops import Operation


@dataclass(frozen=True, slots=True)
class Expr:
    """A part of a formula; `text[start:end]` is where it stands. Equality is of content alone."""

    start: int = field(default=0, compare=False, repr=False, kw_only=True)
    end: int = field(default=0, compare=False, repr=False, kw_only=True)

    def evaluate(self, at: Mapping[str, float]) -> float:
        """Its number, where each label has the number in `at`.

        Raises FormulaError for a label without one and for derivatives, and what the operations
        raise (DomainError, ...).

        >>> (2 * Symbol("x") + 1).evaluate({"x": 3})
        7.0
        """

        def symbol(part: Symbol) -> float:
            if part.label not in at:
                raise FormulaError(f"{part.label} has no value here", part.label, 0, 0)
            return float(at[part.label])

        def derivative(part: Expr) -> float:
            raise FormulaError("the number of a derivative is not known", "", part.start, part.end)

        return float(Meaning(symbol, float, derivative).of(self))

    @property
    def symbols(self) -> tuple[str, ...]:
        """The labels in it, each once, in the order of the text."""
        return tuple(symbols_of(self))

    def __add__(self, other: object) -> Expr:
        return _sum(self, as_expr(other))

    def __radd__(self, other: object) -> Expr:
        return _sum(as_expr(other), self)

    def __sub__(self, other: object) -> Expr:
        return _sum(self, _negative(as_expr(other)))

    def __rsub__(self, other: object) -> Expr:
        return _sum(as_expr(other), _negative(self))

    def __mul__(self, other: object) -> Expr:
        return _product(self, as_expr(other))

    def __rmul__(self, other: object) -> Expr:
        return _product(as_expr(other), self)

    def __truediv__(self, other: object) -> Expr:
        return _quotient(self, as_expr(other))

    def __rtruediv__(self, other: object) -> Expr:
        return _quotient(as_expr(other), self)

    def __pow__(self, other: object) -> Expr:
        return _power(self, as_expr(other))

    def __rpow__(self, other: object) -> Expr:
        return _power(as_expr(other), self)

    def __neg__(self) -> Expr:
        return _negative(self)

    def _record(self, op: Operation, a: object, b: object = None) -> Expr:
        """What the table's operations do with trees."""
        inputs = [as_expr(a)] if b is None else [as_expr(a), as_expr(b)]
        build = _BUILDERS.get(op)
        return build(*inputs) if build else Call(op, tuple(inputs))


@dataclass(frozen=True, slots=True)
class Number(Expr):
    """A number of no sign, with its digits as written: `Number("0.50")`, `Number("1.5e-7")`."""

    written: str

    @property
    def value(self) -> Fraction:
        """Its exact value."""
        return _decimal(self.written)


@dataclass(frozen=True, slots=True)
class Constant(Expr):
    """A number with a name: "e" or "pi"."""

    name: Literal["e", "pi"]


@dataclass(frozen=True, slots=True)
class Symbol(Expr):
    """A symbol by its label, in the label's own spelling."""

    label: str


@dataclass(frozen=True, slots=True)
class Negative(Expr):
    """-operand."""

    operand: Expr


@dataclass(frozen=True, slots=True)
class Sum(Expr):
    """The terms added up; a term taken away is a Negative."""

    terms: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Product(Expr):
    """The factors multiplied, and divided by the divisors."""

    factors: tuple[Expr, ...]
    divisors: tuple[Expr, ...] = ()


@dataclass(frozen=True, slots=True)
class Power(Expr):
    """base ^ exponent."""

    base: Expr
    exponent: Expr


@dataclass(frozen=True, slots=True)
class Call(Expr):
    r"""An operation of its arguments; with primes its derivative there, as in `\tanh'(z)`.

    `maximum` and `minimum` may have more than two arguments.
    """

    operation: Operation
    arguments: tuple[Expr, ...]
    primes: int = 0


@dataclass(frozen=True, slots=True)
class Applied(Expr):
    """A function of the page, such as f in f(x, y); with primes its derivative."""

    name: str
    arguments: tuple[Expr, ...]
    primes: int = 0


@dataclass(frozen=True, slots=True)
class Derivative(Expr):
    r"""The derivative of `of` by `wrt`: `\frac{\partial L}{\partial W}`, or of an expression.

    `sign` is the letter it is written with, ∂ or d, which plays no part in equality.
    """

    of: Expr
    wrt: Symbol
    order: int = 1
    sign: str = field(default="∂", compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class At(Expr):
    """A formula where a symbol has a value: f'(3), dy/dx at x = 3."""

    of: Expr
    symbol: Symbol
    value: Expr


@dataclass(frozen=True, slots=True)
class Series(Expr):
    r"""A big sum or product over an index, `\sum_{j=1}^{3} w_j x_j`; limits may be left open."""

    kind: Literal["sum", "prod"]
    body: Expr
    index: str
    first: Expr | None = None
    last: Expr | None = None


@dataclass(frozen=True, slots=True)
class Relation(Expr):
    """A condition, `left sign right`; the signs are < > <= >= = !=."""

    left: Expr
    sign: str
    right: Expr


@dataclass(frozen=True, slots=True)
class Cases(Expr):
    """The first value whose condition holds; a last one without a condition is for all others."""

    values: tuple[Expr, ...]
    conditions: tuple[Relation, ...]


@dataclass(frozen=True, slots=True)
class Listed(Expr):
    """Items in brackets with commas between, as in p = [0.7, 0.2, 0.1]."""

    items: tuple[Expr, ...]


ZERO: Final = Number("0")
ONE: Final = Number("1")
EULER: Final = Constant("e")


# Numbers.


@lru_cache(maxsize=4096)
def _decimal(written: str) -> Fraction:
    return Fraction(written)


def number(value: float | Fraction) -> Expr:
    """A number as a tree that holds every digit of it; negative ones are Negatives.

    >>> number(-0.5), number(Fraction(1, 3))
    (Negative(operand=Number(written='0.5')), Product(factors=(Number(written='1'),), \
divisors=(Number(written='3'),)))
    """
    size: Expr
    exact = value if isinstance(value, Fraction) else Fraction(repr(abs(float(value))))
    exact = abs(exact)
    if exact.denominator == 1 and exact.numerator < 10**15:
        size = Number(str(exact.numerator))
    elif not isinstance(value, Fraction):
        digits, _, power = repr(abs(float(value))).partition("e")
        size = Number(f"{digits}e{int(power)}" if power else digits)
    elif is_decimal(exact):
        size = Number(_digits(exact))
    else:
        size = Product((number(Fraction(exact.numerator)),), (number(Fraction(exact.denominator)),))
    return Negative(size) if value < 0 else size


def is_decimal(value: Fraction) -> bool:
    """Whether finitely many decimals hold the number."""
    rest = value.denominator
    for prime in (2, 5):
        while rest % prime == 0:
            rest //= prime
    return rest == 1


def _digits(value: Fraction) -> str:
    places = 0
    while value.denominator != 1:
        value *= 10
        places += 1
    text = str(value.numerator)
    if len(text) > 15 and not places:
        stripped = text.rstrip("0")
        return f"{stripped}e{len(text) - len(stripped)}"
    if len(text) < places - 6:
        return f"{text}e-{places}"
    text = text.rjust(places + 1, "0")
    return f"{text[:-places]}.{text[-places:]}" if places else text


def as_expr(given: object) -> Expr:
    """A number, or a tree as it is, as a tree."""
    if isinstance(given, Expr):
        return given
    if isinstance(given, int | float | Fraction):
        if isinstance(given, float) and (known := _NAMED.get(given)):
            return known
        return number(given)
    raise TypeError(f"a formula of {type(given).__name__}")


def value_of(tree: Expr) -> Fraction | None:
    """The number that a tree without calculation is: a Number, or the Negative of one."""
    match tree:
        case Number():
            return tree.value
        case Negative(Number() as size):
            return -size.value
    return None


# Building, with 0 and 1 folded and no brackets that say nothing.


def _sum(a: Expr, b: Expr) -> Expr:
    if a == ZERO or b == ZERO:
        return b if a == ZERO else a
    return Sum(
        (a.terms if isinstance(a, Sum) else (a,)) + (b.terms if isinstance(b, Sum) else (b,))
    )


def _negative(a: Expr) -> Expr:
    if isinstance(a, Negative):
        return a.operand
    if isinstance(a, Sum):
        return Sum(tuple(_negative(term) for term in a.terms))
    return a if a == ZERO else Negative(a)


def _product(a: Expr, b: Expr) -> Expr:
    if isinstance(a, Negative) or isinstance(b, Negative):
        return _signed(_product, a, b)
    if ZERO in (a, b):
        return ZERO
    if ONE in (a, b):
        return b if a == ONE else a
    (above, below), (more, less) = fraction_of(a), fraction_of(b)
    return Product(_without_ones(above + more), below + less)


def _quotient(a: Expr, b: Expr) -> Expr:
    if isinstance(a, Negative) or isinstance(b, Negative):
        return _signed(_quotient, a, b)
    if b == ONE or a == ZERO:
        return a
    (above, below), (more, less) = fraction_of(a), fraction_of(b)
    factors, divisors = _without_ones(above + less), tuple(d for d in below + more if d != ONE)
    return factors[0] if len(factors) == 1 and not divisors else Product(factors, divisors)


def _signed(build: Callable[[Expr, Expr], Expr], a: Expr, b: Expr) -> Expr:
    """What is built of the sizes, its sign before it: (-a) b is -(a b)."""
    size = build(*(each.operand if isinstance(each, Negative) else each for each in (a, b)))
    return size if isinstance(a, Negative) and isinstance(b, Negative) else _negative(size)


def _without_ones(factors: tuple[Expr, ...]) -> tuple[Expr, ...]:
    return tuple(factor for factor in factors if factor != ONE) or (ONE,)


def fraction_of(tree: Expr) -> tuple[tuple[Expr, ...], tuple[Expr, ...]]:
    """What is multiplied and what is divided by; a tree by itself is multiplied."""
    return (tree.factors, tree.divisors) if isinstance(tree, Product) else ((tree,), ())


def _power(a: Expr, b: Expr) -> Expr:
    if b == ONE:
        return a
    return ONE if b == ZERO else Power(a, b)


_BUILDERS: Final[dict[Operation, Callable[..., Expr]]] = {
    ops.add: _sum,
    ops.sub: lambda a, b: _sum(a, _negative(b)),
    ops.mul: _product,
    ops.div: _quotient,
    ops.neg: _negative,
    ops.pow: _power,
    ops.reciprocal: lambda a: _quotient(ONE, a),
    ops.square: lambda a: _power(a, Number("2")),
    ops.cube: lambda a: _power(a, Number("3")),
}

_TWO: Final = Number("2")
_PI: Final = Constant("pi")
# Constants of the table's rules that have a name.
_NAMED: Final[dict[float, Expr]] = {
    math.log(2.0): Call(ops.log, (_TWO,)),
    math.log(10.0): Call(ops.log, (Number("10"),)),
    math.pi: _PI,
    math.e: EULER,
    math.sqrt(0.5): Product((ONE,), (Call(ops.sqrt, (_TWO,)),)),
    1.0 / math.sqrt(2.0 * math.pi): Product((ONE,), (Call(ops.sqrt, (Product((_TWO, _PI)),)),)),
    2.0 / math.sqrt(math.pi): Product((_TWO,), (Call(ops.sqrt, (_PI,)),)),
}


# Walking and changing trees.


# The fields of each kind that hold its parts: one tree, several, or none for an open limit.
_HELD_IN: Final[dict[type[Expr], tuple[str, ...]]] = {
    Negative: ("operand",), Sum: ("terms",), Product: ("factors", "divisors"),
    Power: ("base", "exponent"), Call: ("arguments",), Applied: ("arguments",),
    Derivative: ("of", "wrt"), At: ("of", "symbol", "value"), Series: ("body", "first", "last"),
    Relation: ("left", "right"), Cases: ("values", "conditions"), Listed: ("items",),
}  # fmt: skip


def children(tree: Expr) -> tuple[Expr, ...]:
    """The parts directly under a part, from left to right."""
    held = [getattr(tree, name) for name in _HELD_IN.get(type(tree), ())]
    return tuple(p for h in held if h is not None for p in (h if type(h) is tuple else (h,)))


def with_children(tree: Expr, parts: tuple[Expr, ...]) -> Expr:
    """The same part with others under it, as many as `children` gave."""
    changed: dict[str, Any] = {}
    others = iter(parts)
    for name in _HELD_IN.get(type(tree), ()):
        held = getattr(tree, name)
        if held is not None:
            several = type(held) is tuple
            changed[name] = tuple(islice(others, len(held))) if several else next(others)
    return replace(tree, **changed) if changed else tree


def walk(tree: Expr) -> Iterator[Expr]:
    """A part and every part in it, from left to right."""
    waiting = [tree]
    while waiting:
        part = waiting.pop()
        yield part
        waiting.extend(reversed(children(part)))


def symbols_of(*trees: Expr) -> dict[str, None]:
    """The labels in trees, each once, in the order of the text."""
    return {part.label: None for tree in trees for part in walk(tree) if isinstance(part, Symbol)}


def is_numeric(tree: Expr) -> bool:
    """Whether a tree holds neither symbols nor functions of the page."""
    return not any(isinstance(part, Symbol | Applied | Series) for part in walk(tree))


def rebuilt(tree: Expr, change: Callable[[Expr], Expr | None]) -> Expr:
    """The tree with each part for which `change` gives another replaced by that, outermost first.

    What a derivative is by, and where, stays a symbol: a change of it to anything else is left out.

    >>> rebuilt(Symbol("x") + 1, lambda part: Symbol("y") if part == Symbol("x") else None)
    Sum(terms=(Symbol(label='y'), Number(written='1')))
    """
    changed = change(tree)
    if changed is not None:
        return changed
    parts = children(tree)
    new = tuple(rebuilt(part, change) for part in parts)
    if isinstance(tree, Derivative | At) and not isinstance(new[1], Symbol):
        new = (new[0], parts[1], *new[2:])
    return (
        tree if all(a is b for a, b in zip(parts, new, strict=True)) else with_children(tree, new)
    )


def substituted(tree: Expr, by_label: Mapping[str, Expr]) -> Expr:
    """The tree with trees in the place of symbols."""
    return rebuilt(
        tree, lambda part: by_label.get(part.label) if isinstance(part, Symbol) else None
    )


# What trees are worth.

_INSIDE: Final = Symbol("\0x")  # what a function with primes is differentiated by


@dataclass(frozen=True, slots=True)
class Meaning:
    """What the leaves of trees are worth, in any arithmetic, and so what a tree is worth.

    The arithmetic is the table's own - floats, Values, or whatever else has `_record` - so it
    raises what the operations raise. `derivative` is asked for Derivative and At, and for a call
    with several primes as the derivative of that order at its argument. A tree that still holds
    functions of the page, or sums over an index, has no worth: FormulaError.

    >>> doubled = Meaning(symbol=lambda s: 10.0, number=float, derivative=lambda d: 0.0)
    >>> doubled.of(Product((Number("2"), Symbol("x"))))
    20.0
    """

    symbol: Callable[[Symbol], Any]
    number: Callable[[Any], Any]
    """What becomes of a Fraction, or of the float of a named constant."""
    derivative: Callable[[Derivative | At], Any]
    constant: Callable[[Constant], Any] | None = None

    def of(self, tree: Expr) -> Any:
        """The worth of a tree."""
        match tree:
            case Number():
                return self.number(tree.value)
            case Constant(name):
                if self.constant is not None:
                    return self.constant(tree)
                return self.number(math.e if name == "e" else math.pi)
            case Symbol():
                return self.symbol(tree)
            case Derivative() | At():
                return self.derivative(tree)
            case Negative(operand):
                return ops.neg(self.of(operand))
            case Sum(terms):
                return reduce(self._plus, terms[1:], self.of(terms[0]))
            case Product(factors, divisors):
                product = reduce(ops.mul, map(self.of, factors))
                return reduce(ops.div, map(self.of, divisors), product)
            case Power(Constant("e"), exponent):
                return ops.exp(self.of(exponent))
            case Power(base, exponent):
                return ops.pow(self.of(base), self.of(exponent))
            case Call(operation, (argument,), primes) if primes > 1:
                slope = Derivative(Call(operation, (_INSIDE,)), _INSIDE, primes)
                return self.derivative(At(slope, _INSIDE, argument))
            case Call(operation, (argument,), 1):
                return slope_of(operation, self.of(argument))
            case Call(operation, arguments):
                inputs = [self.of(part) for part in arguments]
                return reduce(operation, inputs) if len(inputs) > 1 else operation(*inputs)
            case Cases(values, conditions):
                return self._chosen(values, conditions)
        raise FormulaError(f"{type(tree).__name__.lower()} without a number", "", 0, 0)

    def _plus(self, total: Any, term: Expr) -> Any:
        if isinstance(term, Negative):  # no sum of a and -b: Values keep what was written
            return ops.sub(total, self.of(term.operand))
        return ops.add(total, self.of(term))

    def _chosen(self, values: tuple[Expr, ...], conditions: tuple[Relation, ...]) -> Any:
        """The branches gated by their conditions, so that one not taken can't poison the result."""
        total: Any = self.number(Fraction(0))
        remaining: Any = self.number(Fraction(1))
        for place, value in enumerate(values):
            holds = remaining
            if place < len(conditions):
                holds = ops.mul(remaining, self._holds(conditions[place]))
                remaining = ops.sub(remaining, holds)
            total = ops.add(total, ops.gate(holds, self.of(value)))
        return total

    def _holds(self, condition: Relation) -> Any:
        """1 where a condition holds, else 0."""
        difference = ops.sub(self.of(condition.left), self.of(condition.right))
        above, below = ops.step(difference), ops.step(ops.neg(difference))
        return _HOLDS[condition.sign](above, below)


_HOLDS: Final[dict[str, Callable[[Any, Any], Any]]] = {
    ">": lambda above, below: above,
    "<": lambda above, below: below,
    ">=": lambda above, below: ops.sub(1.0, below),
    "<=": lambda above, below: ops.sub(1.0, above),
    "!=": ops.add,
    "=": lambda above, below: ops.sub(1.0, ops.add(above, below)),
}
"""Whether a condition holds, from whether its left side is above or below its right side."""


def slope_of(operation: Operation, x: Any) -> Any:
    """The derivative of an operation of one input, in any arithmetic."""
    y = operation(x)
    if not isinstance(x, float):
        return operation.rules[0](x, y)
    slope = operation.partial(0, x, 0.0, y)
    if slope - slope != 0.0:
        raise operation.failure(DivisionByZeroError, x, 0.0)
    return slope


def size_of(trees: Iterable[Expr]) -> int:
    """How many parts trees have together."""
    return sum(1 for tree in trees for _ in walk(tree))
