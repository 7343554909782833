"""The normal form, as a person writes a formula: a sum of products, sign and number first.

Numbers and signs are multiplied out, powers of the same base put together, like terms added.
"""

from __future__ import annotations

from decimal import Context, Decimal
from fractions import Fraction
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

CHOOSING: Final = (
    ops.relu, ops.step, ops.sign, ops.compare, ops.abs, ops.maximum, ops.minimum, ops.at_least,
    ops.at_most, ops.gate, ops.floor, ops.round,
)  # fmt: skip
"""Operations that give one of their inputs, or a whole number."""


def normal(tree: Expr) -> Expr:
    r"""The tree as a sum of products: number and sign first, like terms added, nothing times 1.

    >>> from autograd.notation import to_latex
    >>> from autograd.notation.expr import Symbol
    >>> x, y = Symbol("x"), Symbol("y")
    >>> to_latex(normal(x * (x - y) * -2 + Negative(Negative(x))))
    '-2x(x - y) + x'
    """
    return _tree(_form(tree))


def exact(tree: Expr) -> Fraction | None:
    """The number that a tree without symbols is, where that is a fraction; None where it is not.

    >>> exact(Power(Number("1.5"), Number("2"))), exact(Power(Number("2"), Number("0.5")))
    (Fraction(9, 4), None)
    """
    return _number_of(_form(tree))


class _Term(NamedTuple):
    """A number times powers of trees."""

    number: Fraction
    powers: dict[Expr, Fraction]


_Form: TypeAlias = list[_Term]  # a sum; without terms it is 0
_Powers: TypeAlias = "Iterable[tuple[Expr, Fraction]]"


# From a tree to its form.


def _form(tree: Expr) -> _Form:
    one = Fraction(1)
    match tree:
        case Number():
            return _constant(tree.value)
        case Negative(operand):
            return _multiplied([(operand, one)], -one)
        case Sum(terms):
            return _added(map(_form, terms))
        case Product(factors, divisors):
            return _multiplied([*((f, one) for f in factors), *((d, -one) for d in divisors)])
        case Power(base, exponent):
            size = _form(exponent)
            times = _number_of(size)
            if times is not None and base != EULER:
                return _multiplied([(base, times)])
            return [_Term(one, {Power(normal(base), _tree(size)): one})]
    inner = [_form(part) for part in children(tree)]
    if isinstance(tree, Call) and tree.operation in CHOOSING and not tree.primes:
        known = [q for q in map(_number_of, inner) if q is not None]
        numbers = [float(q) for q in known if abs(q) < 10**300]
        if len(numbers) == tree.operation.arity:
            return _constant(Fraction(repr(tree.operation.evaluate(*numbers))))
    return [_Term(one, {with_children(tree, tuple(map(_tree, inner))): one})]


def _constant(q: Fraction) -> _Form:
    return [_Term(q, {})] if q else []


def _number_of(form: _Form) -> Fraction | None:
    """The number that a form is, if it is one."""
    if not form:
        return Fraction(0)
    return form[0].number if len(form) == 1 and not form[0].powers else None


def _added(forms: Iterable[_Form]) -> _Form:
    """The sum, like terms added."""
    found: dict[frozenset[tuple[Expr, Fraction]], _Term] = {}
    for term in (term for form in forms for term in form):
        alike = frozenset(term.powers.items())
        before = found.get(alike, _Term(Fraction(0), term.powers))
        found[alike] = before._replace(number=before.number + term.number)
    return [term for term in found.values() if term.number]


def _multiplied(parts: _Powers, q: Fraction = Fraction(1)) -> _Form:
    """The product of powers and a number, powers of the same base put together in order."""
    powers: dict[Expr, Fraction] = {}
    sums: dict[Expr, _Form] = {}
    for tree, exponent in parts:
        form = _form(tree)
        if not form and exponent > 0:
            return []
        if len(form) == 1 and _may_be_raised(form[0].number, exponent):
            q *= form[0].number ** int(exponent)
            inner = [(base, power * exponent) for base, power in form[0].powers.items()]
        else:
            base = _tree(form)
            inner, sums[base] = [(base, exponent)], form
        for base, power in inner:
            powers[base] = powers.get(base, Fraction(0)) + power
    powers = {base: power for base, power in powers.items() if power}
    if q == 1 and len(powers) == 1 and (base := next(iter(powers))) in sums and powers[base] == 1:
        return sums[base]
    return [_Term(q, powers)]


def _may_be_raised(q: Fraction, exponent: Fraction) -> bool:
    """Whether a number has a power that is a fraction, and one of a length that can be written."""
    bits = max(q.numerator.bit_length(), q.denominator.bit_length()) if abs(q) != 1 else 0
    return exponent.denominator == 1 and bits * abs(exponent) <= _MOST_BITS


# From a form to its tree.


def _tree(form: _Form) -> Expr:
    if not form:
        return ZERO
    if form[0].number < 0 and not form[0].powers:
        form = [*form[1:], form[0]]  # x - 1 rather than -1 + x
    sizes = [_product(abs(term.number), term.powers) for term in form]
    terms = [Negative(x) if t.number < 0 else x for x, t in zip(sizes, form, strict=True)]
    return terms[0] if len(terms) == 1 else Sum(tuple(terms))


def _product(q: Fraction, powers: dict[Expr, Fraction]) -> Expr:
    under = [(base, -exponent) for base, exponent in powers.items() if exponent < 0]
    over = [(base, exponent) for base, exponent in powers.items() if exponent > 0]
    is_simple = not is_decimal(q) or (bool(under) and q.denominator in (2, 4, 8))
    divided = is_simple and q.denominator < 10**4
    above = _factors(Fraction(q.numerator) if divided else q, over)
    below = _factors(Fraction(q.denominator if divided else 1), under)
    if divided or under:
        return Product(above, below)
    return above[0] if len(above) == 1 else Product(above)


def _factors(q: Fraction, powers: _Powers) -> tuple[Expr, ...]:
    factors = [] if q == 1 else [_decimal(q)]
    factors += [base if power == 1 else Power(base, number(power)) for base, power in powers]
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
