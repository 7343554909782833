r"""The derivative of a formula, written out by the rules of the calculus.

Each kind of part has one rule. `of_parts[rule](u, du, y)` says how the derivative of a part follows
from what it is made of (`u`), the derivatives of these (`du`) and the part itself (`y`), in plain
arithmetic: the same rules serve trees and numbers, and a rule can be replaced at one part by what
somebody may have written instead.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

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
    number,
    substituted,
    symbols_of,
    value_of,
)
from autograd.ops import Operation

if TYPE_CHECKING:
    from collections.abc import Mapping
    from fractions import Fraction

Form = Callable[[Sequence[Any], Sequence[Any], Any], Any]
"""A derivative from the operands, their derivatives and the result, in any arithmetic."""

Rule = str | Operation
"""The name of a rule: that of a kind of part, or the operation that is called."""


def derivative(tree: Expr, by: str, slope: Callable[[str], Expr] | None = None) -> Expr:
    r"""d(tree)/d(by): `slope(label)` is d(label)/d(by) for the other symbols, 0 unless given.

    Raises FormulaError for what has no derivative by rule: a function of several arguments without
    a formula, a sum over an index that the symbols carry.

    >>> x = Symbol("x")
    >>> derivative(3 * x ** 2 + 1, "x") == 3 * (2 * x)
    True
    >>> derivative(Symbol("y") ** 2, "x", lambda label: Symbol("y'")) == 2 * Symbol("y") * Symbol("y'")
    True
    """
    return Differentiator(by, slope).of(tree)


def is_zero(slope: Any) -> bool:
    """Whether a derivative is 0 because its part does not depend on what it is taken by."""
    return slope is ZERO or slope == ZERO or (isinstance(slope, int) and slope == 0)


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
        case Call(operation, arguments, 0) if len(arguments) == operation.arity:
            return operation, arguments
        case Call(operation, (argument,), 0):
            return operation, (argument, Number(repr(operation.default)))
    return None


def _product_of(factors: tuple[Expr, ...]) -> Expr:
    return factors[0] if len(factors) == 1 else Product(factors)


# The rules. A derivative that is 0 is left out, so that nothing is asked of what does not matter.


def _sum(_u: Sequence[Any], du: Sequence[Any], _y: Any) -> Any:
    return total(slope for slope in du if not is_zero(slope))


def _negative(_u: Sequence[Any], du: Sequence[Any], _y: Any) -> Any:
    return -du[0]


def _product(u: Sequence[Any], du: Sequence[Any], _y: Any) -> Any:
    return total(_term_of_product(u, du, i) for i in range(len(u)) if not is_zero(du[i]))


def _term_of_product(u: Sequence[Any], du: Sequence[Any], place: int) -> Any:
    result: Any = 1
    for i, factor in enumerate(u):
        result = result * (du[i] if i == place else factor)
    return result


def _quotient(u: Sequence[Any], du: Sequence[Any], _y: Any) -> Any:
    if is_zero(du[1]):
        return du[0] / u[1]
    if is_zero(du[0]):
        return -(u[0] * du[1]) / ops.pow(u[1], 2)
    return (du[0] * u[1] - u[0] * du[1]) / ops.pow(u[1], 2)


def _power(u: Sequence[Any], du: Sequence[Any], y: Any) -> Any:
    (base, exponent), (inner, outer) = u, du
    by_base = 0 if is_zero(inner) else exponent * ops.pow(base, _less_one(exponent)) * inner
    return by_base if is_zero(outer) else by_base + y * ops.log(base) * outer


def _less_one(exponent: Any) -> Any:
    """One less, as one number where it is one: x^2 for 3 x^2, no x^{3 - 1}."""
    value = _exactly(exponent) if isinstance(exponent, Expr) else None
    return exponent - 1 if value is None else number(value - 1)


def _exactly(tree: Expr) -> Fraction | None:
    """The number that a tree is: a decimal or a fraction, with its sign."""
    match tree:
        case Product((Number() as above,), (Number() as below,)) if below.value:
            return above.value / below.value
        case Negative(Product() as size):
            value = _exactly(size)
            return None if value is None else -value
    return value_of(tree)


def of_call(operation: Operation) -> Form:
    """The chain rule for an operation of the table."""

    def form(u: Sequence[Any], du: Sequence[Any], y: Any) -> Any:
        inputs = range(operation.arity)
        return total(operation.rules[i](*u, y) * du[i] for i in inputs if not is_zero(du[i]))

    return form


def total(slopes: Any) -> Any:
    """What is added up, 0 where it is nothing."""
    result: Any = 0
    for slope in slopes:
        result = result + slope
    return result


of_parts: Final[Mapping[str, Form]] = {
    "negative": _negative,
    "sum": _sum,
    "product": _product,
    "quotient": _quotient,
    "power": _power,
}


def form_of(rule: Rule) -> Form:
    """The right form of a rule."""
    return of_parts[rule] if isinstance(rule, str) else of_call(rule)


@dataclass(slots=True)
class Differentiator:
    """Derivatives by one symbol; `instead` holds, by the id of a part, other forms for the rule."""

    by: str
    slope: Callable[[str], Expr] | None = None
    instead: Mapping[int, Form] = field(default_factory=dict)

    def of(self, tree: Expr) -> Expr:
        """The derivative of a tree."""
        match tree:
            case Number() | Constant():
                slope: Any = ZERO
            case Symbol(label):
                slope = ONE if label == self.by else self.slope(label) if self.slope else ZERO
            case Call(operation, arguments, primes) if primes:
                slope = self.of(_without_prime(operation, arguments, primes))
            case Call(operation, (first, second, *more)) if more:  # max(a, b, c)
                slope = self.of(Call(operation, (Call(operation, (first, second)), *more)))
            case Applied():
                slope = self._applied(tree)
            case Derivative():
                slope = self._derivative(tree)
            case At():
                slope = self._at(tree)
            case Series():
                slope = self._series(tree)
            case Cases(values, conditions):
                slopes = tuple(map(self.of, values))
                slope = ZERO if all(map(is_zero, slopes)) else Cases(slopes, conditions)
            case Listed(items):
                slope = Listed(tuple(map(self.of, items)))
            case _:
                return self._by_rule(tree)
        if id(tree) in self.instead:
            slope = self.instead[id(tree)]((), (slope,), tree)
        return slope if isinstance(slope, Expr) else 0 * ONE + slope

    def _by_rule(self, tree: Expr) -> Expr:
        found = operands(tree)
        if found is None:
            raise _no_rule(tree, "a condition has no derivative")
        rule, parts = found
        slopes = [self.of(part) for part in parts]
        form = self.instead.get(id(tree))
        if form is None:
            if all(map(is_zero, slopes)):
                return ZERO
            form = form_of(rule)
        return 0 * ONE + form(parts, slopes, tree)

    def _applied(self, tree: Applied) -> Expr:
        slopes = [self.of(argument) for argument in tree.arguments]
        if all(map(is_zero, slopes)) and tree.arguments:
            return ZERO
        if len(slopes) == 1:
            return Applied(tree.name, tree.arguments, tree.primes + 1) * slopes[0]
        raise _no_rule(tree, f"{tree.name} has no formula to take the derivative of")

    def _derivative(self, tree: Derivative) -> Expr:
        if isinstance(tree.of, Symbol | Derivative):  # whose formula is known elsewhere
            if tree.wrt.label == self.by:
                return Derivative(tree.of, tree.wrt, tree.order + 1, sign=tree.sign)
            return Derivative(tree, Symbol(self.by), sign=tree.sign)
        inner = tree.of
        for _ in range(tree.order):
            inner = derivative(inner, tree.wrt.label)
        return self.of(inner)

    def _at(self, tree: At) -> Expr:
        """d g(v, by)/d by = g_s(v, by) v' + g_by(v, by)."""
        moved = self.of(tree.value)
        slope: Expr = ZERO
        if not is_zero(moved):
            through = derivative(tree.of, tree.symbol.label)
            slope = At(through, tree.symbol, tree.value) * moved
        if self.by != tree.symbol.label and not is_zero(direct := self.of(tree.of)):
            slope = slope + At(direct, tree.symbol, tree.value)
        return slope

    def _series(self, tree: Series) -> Expr:
        for label in symbols_of(tree.body):
            # The index counts in w_j; the letter of a symbol is no index.
            if label != tree.index and tree.index in label[1:]:
                raise _no_rule(tree, f"the sum over {tree.index} has to be written out")
        slope = self.of(tree.body)
        if is_zero(slope):
            return ZERO
        if tree.kind == "sum":
            return Series("sum", slope, tree.index, tree.first, tree.last)
        return tree * Series("sum", slope / tree.body, tree.index, tree.first, tree.last)


def _without_prime(operation: Operation, arguments: tuple[Expr, ...], primes: int) -> Expr:
    """f'(x) by the rule for f, and f''(x) as the derivative of that."""
    inner = Symbol("\0x")
    slope = operation.rules[0](inner, operation(inner))
    for _ in range(primes - 1):
        slope = derivative(0 * ONE + slope, inner.label)
    return substituted(0 * ONE + slope, {inner.label: arguments[0]})


def _no_rule(tree: Expr, problem: str) -> FormulaError:
    return FormulaError(problem, "", tree.start, tree.end)
