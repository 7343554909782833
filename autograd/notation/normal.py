"""The normal form, as a person writes a formula: a sum of products, sign and number first.

Numbers and signs are multiplied out, powers of the same base put together, like terms added. That
view, a Form, lives only while a tree is brought to it.
"""

from __future__ import annotations

from decimal import Context, Decimal
from fractions import Fraction
from functools import reduce
from math import prod
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

from autograd import ops
from autograd.notation.expr import (
    EULER,
    ONE,
    ZERO,
    Call,
    Expr,
    Negative,
    Number,
    Power,
    Product,
    Sum,
    children,
    is_decimal,
    number,
    with_children,
)
from autograd.notation.values import with_power_of_ten

if TYPE_CHECKING:
    from collections.abc import Iterable

_MOST_BITS: Final = 4000  # of a number raised to a power


def normal(tree: Expr) -> Expr:
    r"""The tree as a sum of products: number and sign first, like terms added, nothing times 1.

    >>> from autograd.notation import latex
    >>> from autograd.notation.expr import Symbol
    >>> x, y = Symbol("x"), Symbol("y")
    >>> latex(normal(x * (x - y) * -2 + Negative(Negative(x))))
    '-2x(x - y) + x'
    """
    return _tree(_form(tree))


class Term(NamedTuple):
    """A number times powers of trees and of sums."""

    number: Fraction
    powers: tuple[tuple[Base, Fraction], ...] = ()


Form: TypeAlias = tuple[Term, ...]
Base: TypeAlias = "Expr | Form"

_ONE: Final[Form] = (Term(Fraction(1)),)


# From a tree to its form.


def _form(tree: Expr) -> Form:
    match tree:
        case Number():
            return _constant(tree.value)
        case Negative(operand):
            return _times(_constant(Fraction(-1)), _form(operand))
        case Sum(terms):
            return _added(_form(term) for term in terms)
        case Product(factors, divisors):
            forms = [_form(factor) for factor in factors]
            forms += [_power(_form(divisor), Fraction(-1)) for divisor in divisors]
            return reduce(_times, forms)
        case Power(base, exponent):
            base_form, exponent_form = _form(base), _form(exponent)
            size = _number_of(exponent_form)
            if size is not None and base != EULER:
                return _power(base_form, size)
            return _of_base(Power(_tree(base_form), _tree(exponent_form)))
    return _of_base(with_children(tree, tuple(map(normal, children(tree)))))


def _constant(q: Fraction) -> Form:
    return (Term(q),) if q else ()


def _of_base(tree: Expr) -> Form:
    return (Term(Fraction(1), ((tree, Fraction(1)),)),)


def _number_of(form: Form) -> Fraction | None:
    """The number that a form is, if it is one."""
    if not form:
        return Fraction(0)
    return form[0].number if len(form) == 1 and not form[0].powers else None


def _added(forms: Iterable[Form]) -> Form:
    """The sum, like terms added."""
    terms: dict[frozenset[tuple[Base, Fraction]], Term] = {}
    for form in forms:
        for term in form:
            before = terms.setdefault(frozenset(term.powers), Term(Fraction(0), term.powers))
            total = before.number + term.number
            terms[frozenset(term.powers)] = before._replace(number=total)
    return tuple(term for term in terms.values() if term.number)


def _times(f: Form, g: Form) -> Form:
    """The product: numbers multiplied, powers of the same base put together in order."""
    if not f or not g:
        return ()
    a, b = _as_term(f), _as_term(g)
    powers: dict[Base, Fraction] = {}
    for base, exponent in (*a.powers, *b.powers):
        powers[base] = powers.get(base, Fraction(0)) + exponent
    return _as_form(a.number * b.number, powers)


def _as_form(q: Fraction, powers: dict[Base, Fraction]) -> Form:
    kept = tuple((base, exponent) for base, exponent in powers.items() if exponent)
    if q == 1 and len(kept) == 1 and kept[0][1] == 1 and isinstance(kept[0][0], tuple):
        return kept[0][0]
    return (Term(q, kept),)


def _as_term(form: Form) -> Term:
    return form[0] if len(form) == 1 else Term(Fraction(1), ((form, Fraction(1)),))


def _power(f: Form, exponent: Fraction) -> Form:
    if not exponent:
        return _ONE
    if not f:
        return ()
    term = _as_term(f)
    if exponent.denominator == 1 and _bits(term.number, exponent) <= _MOST_BITS:
        powers = {base: power * exponent for base, power in term.powers}
        return _as_form(term.number ** int(exponent), powers)
    base: Base = f
    if len(f) == 1 and term.number == 1 and len(term.powers) == 1 and term.powers[0][1] == 1:
        base = term.powers[0][0]
    return (Term(Fraction(1), ((base, exponent),)),)


def _bits(q: Fraction, exponent: Fraction) -> float:
    """How large the number q to a whole power is, at most."""
    if abs(q) == 1:
        return 0
    return max(q.numerator.bit_length(), q.denominator.bit_length()) * float(abs(exponent))


# From a form to its tree.


def _tree(form: Form) -> Expr:
    if not form:
        return ZERO
    if form[0].number < 0 and not form[0].powers:
        form = (*form[1:], form[0])  # x - 1 rather than -1 + x
    products = [(_product(abs(term.number), term.powers), term.number < 0) for term in form]
    terms = tuple(Negative(size) if is_negative else size for size, is_negative in products)
    return terms[0] if len(terms) == 1 else Sum(terms)


def _product(q: Fraction, powers: tuple[tuple[Base, Fraction], ...]) -> Expr:
    over = [(base, exponent) for base, exponent in powers if exponent > 0]
    under = [(base, -exponent) for base, exponent in powers if exponent < 0]
    is_simple = not is_decimal(q) or (bool(under) and q.denominator in (2, 4, 8))
    divided = is_simple and q.denominator < 10**4
    above = _multiplied(Fraction(q.numerator) if divided else q, over)
    below = _multiplied(Fraction(q.denominator if divided else 1), under)
    if not (divided or under):
        return above[0] if len(above) == 1 else Product(above)
    return Product(above, below)


def _multiplied(q: Fraction, powers: list[tuple[Base, Fraction]]) -> tuple[Expr, ...]:
    factors = [] if q == 1 else [_decimal(q)]
    for base, exponent in powers:
        tree = _tree(base) if isinstance(base, tuple) else base
        factors.append(tree if exponent == 1 else Power(tree, number(exponent)))
    return tuple(factors) or (ONE,)


def _decimal(q: Fraction) -> Expr:
    """A positive number with as many digits as it has, up to those of a float."""
    if q.denominator == 1 and q < 10**15:
        return Number(str(q.numerator))
    decimal = _WIDE.divide(Decimal(q.numerator), Decimal(q.denominator))
    if 1e-300 < decimal < 1e300:
        return with_power_of_ten(repr(float(q)).removesuffix(".0"))
    return with_power_of_ten(f"{_WIDE.normalize(decimal):e}".replace(".0e", "e"))


_WIDE: Final = Context(prec=15, Emin=-999_999, Emax=999_999)  # beyond all floats


# What a tree of numbers is worth.

CHOOSING: Final = (
    ops.relu, ops.step, ops.sign, ops.compare, ops.abs, ops.maximum, ops.minimum, ops.at_least,
    ops.at_most, ops.gate, ops.floor, ops.round,
)  # fmt: skip
"""Operations that give one of their inputs, or a whole number."""


def exact(tree: Expr) -> Fraction | None:
    """The number that a tree without symbols is, where that is a fraction; None where it is not.

    >>> exact(Power(Number("1.5"), Number("2"))), exact(Power(Number("2"), Number("0.5")))
    (Fraction(9, 4), None)
    """
    if isinstance(tree, Number):
        return tree.value
    parts = [exact(part) for part in children(tree)]
    numbers = [part for part in parts if part is not None]
    if len(numbers) < len(parts) or not numbers:
        return None
    match tree:
        case Negative():
            return -numbers[0]
        case Sum():
            return sum(numbers, Fraction(0))
        case Product(factors, _):
            below = prod(numbers[len(factors) :], start=Fraction(1))
            return prod(numbers[: len(factors)], start=Fraction(1)) / below if below else None
        case Power():
            base, exponent = numbers
            whole = exponent.denominator == 1 and (base or exponent > 0)
            return base ** int(exponent) if whole and _bits(base, exponent) <= _MOST_BITS else None
        case Call(operation, _, 0) if operation in CHOOSING and len(numbers) == operation.arity:
            return Fraction(operation.evaluate(*map(float, numbers)))
    return None
