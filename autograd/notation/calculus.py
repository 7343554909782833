r"""The derivative of a formula, written out by the rules of the calculus.

Each kind of part has one rule: `form_of(rule)(u, du, y)` is the derivative of a part, from what it
is made of (`u`), the derivatives of these (`du`) and the part itself (`y`), in plain arithmetic. So
the same rules serve trees and numbers, and what somebody wrote instead of a rule has the same form.
"""

from __future__ import annotations

import operator
from functools import reduce
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from autograd import ops
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
    Series,
    Sum,
    Symbol,
    as_expr,
    number,
    substituted,
    symbols_of,
)
from autograd.notation.normal import exact
from autograd.ops import Operation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

Form: TypeAlias = "Callable[[Sequence[Any], Sequence[Any], Any], Any]"
"""A derivative from the operands, their derivatives and the result, in any arithmetic."""

Rule = str | Operation
"""The name of a rule for a kind of part, or the operation that is called."""


def derivative(tree: Expr, by: str, slope: Callable[[str], Expr] | None = None) -> Expr:
    r"""d(tree)/d(by); `slope(label)` is d(label)/d(by) of the other symbols, 0 unless given.

    Raises FormulaError for what has no derivative by rule: a function of several arguments without
    a formula, a sum over an index that its symbols carry.

    >>> x, y = Symbol("x"), Symbol("y")
    >>> derivative(3 * x ** 2 + 1, "x") == 3 * (2 * x)
    True
    >>> derivative(y ** 2, "x", lambda label: Symbol("y'")) == 2 * y * Symbol("y'")
    True
    """

    def slope_of(part: Expr) -> Expr:
        return derivative(part, by, slope)

    match tree:
        case Number() | Constant():
            return ZERO
        case Symbol(label):
            return ONE if label == by else slope(label) if slope else ZERO
        case Call(operation, (argument,), primes) if primes:
            return slope_of(_without_primes(operation, argument, primes))
        case Applied(name, (argument,), primes):
            return Applied(name, (argument,), primes + 1) * slope_of(argument)
        case Applied(name, arguments):
            if arguments and all(is_zero(slope_of(argument)) for argument in arguments):
                return ZERO
            raise _no_rule(tree, f"{name} has no formula to take the derivative of")
        case Derivative(Symbol() | Derivative() as of, wrt, order):  # of a formula known elsewhere
            if wrt.label == by:
                return Derivative(of, wrt, order + 1, sign=tree.sign)
            return Derivative(tree, Symbol(by), sign=tree.sign)
        case Derivative(of, wrt, order):
            return slope_of(reduce(lambda part, _: derivative(part, wrt.label), range(order), of))
        case At(of, symbol, value):  # g(v, by)' = g_v v' + g_by
            moved = slope_of(value)
            inner = ZERO if is_zero(moved) else derivative(of, symbol.label)
            direct = ZERO if by == symbol.label else slope_of(of)
            through = ZERO if is_zero(moved) else At(inner, symbol, value) * moved
            return through if is_zero(direct) else through + At(direct, symbol, value)
        case Series(kind, body, index, first, last):
            # The index counts in w_j; the letter of a symbol is no index.
            if any(label != index and index in label[1:] for label in symbols_of(body)):
                raise _no_rule(tree, f"the sum over {index} has to be written out")
            inner = slope_of(body)
            if is_zero(inner):
                return ZERO
            if kind == "sum":
                return Series("sum", inner, index, first, last)
            return tree * Series("sum", inner / body, index, first, last)
        case Cases(values, conditions):
            slopes = tuple(map(slope_of, values))
            return ZERO if all(map(is_zero, slopes)) else Cases(slopes, conditions)
        case Listed(items):
            return Listed(tuple(map(slope_of, items)))
    if (found := operands(tree)) is None:
        raise _no_rule(tree, "a condition has no derivative")
    rule, parts = found
    slopes = tuple(map(slope_of, parts))
    return ZERO if all(map(is_zero, slopes)) else as_expr(form_of(rule)(parts, slopes, tree))


def _without_primes(operation: Operation, argument: Expr, primes: int) -> Expr:
    """f'(x) by the rule for f, and f''(x) as the derivative of that."""
    inner = Symbol("\0x")
    slope = as_expr(operation.rules[0](inner, operation(inner)))
    for _ in range(primes - 1):
        slope = derivative(slope, inner.label)
    return substituted(slope, {inner.label: argument})


def _no_rule(tree: Expr, problem: str) -> FormulaError:
    return FormulaError(problem, "", tree.start, tree.end)


def is_zero(slope: Any) -> bool:
    """Whether a derivative is 0 because its part does not depend on what it is taken by."""
    return slope == ZERO if isinstance(slope, Expr) else type(slope) is int and slope == 0


def operands(tree: Expr) -> tuple[Rule, tuple[Expr, ...]] | None:
    """The rule by which a part is differentiated, and what the rule is applied to.

    None for leaves and for what is no arithmetic: derivatives, sums over an index, cases.
    """
    match tree:
        case Negative(inner):
            return "negative", (inner,)
        case Sum(terms):
            return "sum", terms
        case Product(factors, ()):
            return "product", factors
        case Product(factors, divisors):
            return "quotient", (_product_of(factors), _product_of(divisors))
        case Power(Constant("e"), exponent):
            return ops.exp, (exponent,)
        case Power(base, exponent):
            return "power", (base, exponent)
        case Call(operation, (first, second, *more), 0) if more:  # max(a, b, c)
            return operation, (Call(operation, (first, second)), *more)
        case Call(operation, (argument,), 0) if operation.arity == 2:
            return operation, (argument, as_expr(operation.default))
        case Call(operation, arguments, 0):
            return operation, arguments
    return None


def _product_of(factors: tuple[Expr, ...]) -> Expr:
    return factors[0] if len(factors) == 1 else Product(factors)


# The rules. A derivative that is 0 is left out, so that nothing is asked of what does not matter.


def _sum(_u: Sequence[Any], du: Sequence[Any], _y: Any) -> Any:
    return _total(slope for slope in du if not is_zero(slope))


def _product(u: Sequence[Any], du: Sequence[Any], _y: Any) -> Any:
    return _total(term_of_product(u, du, i) for i in range(len(u)) if not is_zero(du[i]))


def term_of_product(u: Sequence[Any], du: Sequence[Any], place: int) -> Any:
    """One term of the product rule: the derivative of one factor times the others."""
    return reduce(operator.mul, (*u[:place], du[place], *u[place + 1 :]))


def _quotient(u: Sequence[Any], du: Sequence[Any], _y: Any) -> Any:
    if is_zero(du[1]):
        return du[0] / u[1]
    if is_zero(du[0]):
        return -(u[0] * du[1]) / ops.pow(u[1], 2)
    return (du[0] * u[1] - u[0] * du[1]) / ops.pow(u[1], 2)


def _power(u: Sequence[Any], du: Sequence[Any], y: Any) -> Any:
    base, exponent = u
    by_base = 0 if is_zero(du[0]) else exponent * ops.pow(base, _less_one(exponent)) * du[0]
    return by_base if is_zero(du[1]) else by_base + y * ops.log(base) * du[1]


def _less_one(exponent: Any) -> Any:
    """One less, as one number where it is one: x^2, no x^{3 - 1}."""
    value = exact(exponent) if isinstance(exponent, Expr) else None
    return exponent - 1 if value is None else number(value - 1)


def _of_call(operation: Operation) -> Form:
    def form(u: Sequence[Any], du: Sequence[Any], y: Any) -> Any:
        inputs = [i for i in range(operation.arity) if not is_zero(du[i])]
        return _total(operation.rules[i](*u, y) * du[i] for i in inputs)

    return form


def _total(slopes: Iterable[Any]) -> Any:
    return reduce(operator.add, slopes, 0)


_FORMS: Final[Mapping[str, Form]] = {
    "negative": lambda _, du, __: -du[0], "sum": _sum, "product": _product, "quotient": _quotient,
    "power": _power,
}  # fmt: skip


def form_of(rule: Rule) -> Form:
    """The right form of a rule."""
    return _FORMS[rule] if isinstance(rule, str) else _of_call(rule)
