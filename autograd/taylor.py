"""Taylor coefficients: truncated power series pushed through a recorded graph.

With y = y_0 + y_1 h + y_2 h^2 + ... for each node, sums, products and quotients of series are the
schoolbook's. Every other operation follows from its rules in the table: y' = rule(x, y) x' gives
n y_n as a sum over lower coefficients, the rule being worked out on series itself.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

from autograd import ops
from autograd.errors import ArgumentError, ChalkgradError, GradientError
from autograd.graph import dependents, topological_order
from autograd.modes import recording
from autograd.reals import real
from autograd.value import Value, as_value

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from autograd.ops import Operation

    Coefficient = Callable[["Series", int], Any]

__all__ = ["taylor"]


def taylor(function: Callable[[Any], Any], x: object, order: int) -> list[float]:
    """The Taylor coefficients [c_0, ..., c_order] of a function of one number at x.

    f(x + h) = c_0 + c_1 h + ... + c_order h^order + ..., so that the k-th derivative is k! c_k. The
    time is linear in the size of the graph and quadratic in the order, where nested `grad` grows
    exponentially. At kinks the convention is that of the derivatives.

    Raises ArgumentError for an order that is no whole number from 0 on, GradientError where a
    coefficient is not finite, and what the function raises.
    Source: Griewank and Walther, "Evaluating Derivatives", 2008, chapter 13.

    >>> import autograd
    >>> taylor(autograd.exp, 0.0, 4)
    [1.0, 1.0, 0.5, 0.16666666666666666, 0.041666666666666664]
    >>> taylor(lambda x: 1 / (1 - x), 0.5, 3)
    [2.0, 4.0, 8.0, 16.0]
    """
    if isinstance(order, bool) or not isinstance(order, int) or order < 0:
        raise ArgumentError(f"taylor() to the order {order!r}", hint="a whole number, 0 or more")
    start = Value(real(x, "to taylor"))
    with recording([start]):
        result = function(start)
    output = as_value(result)
    nodes = topological_order(output)
    moving = dependents(nodes, start)
    table: dict[Value, Series] = {}
    known: dict[Any, Series] = {}
    for node in nodes:
        if node is start:
            table[node] = Series([node.data, 1.0])
        elif node not in moving:
            table[node] = Series([node.data])
        else:
            inputs = [table[parent] for parent in node.parents]
            table[node] = _applied(node.op, inputs, known, node.data)
            table[node].label = node.label
    series = table[output]
    for n in range(order + 1):  # parents first, so that nothing recurs deeply
        for node in nodes:
            table[node].prepare(n)
    return [series[n] for n in range(order + 1)]


class Series:
    """Coefficients in h, each worked out from lower ones when first asked for.

    It takes part in arithmetic and in the operations of the table, as their rules need.
    """

    def __init__(
        self,
        first: list[float],
        following: Coefficient | None = None,  # None: all are 0
        inputs: Sequence[Series] = (),
        known: dict[Any, Series] | None = None,
    ) -> None:
        self.coefficients = first
        self.following = following
        self.inputs = inputs  # `known` goes by their identity, so they must live on
        self.known = {} if known is None else known
        self.failure: ChalkgradError | None = None
        self.label = ""

    @property
    def is_constant(self) -> bool:
        """Whether all coefficients but the first are 0 for sure."""
        return self.following is None and not any(self.coefficients[1:])

    def __getitem__(self, n: int) -> float:
        while len(self.coefficients) <= n:
            if self.failure is not None:
                raise self.failure
            self.coefficients.append(self._next())
        return self.coefficients[n]

    def prepare(self, n: int) -> None:
        """Works out the coefficient n; what fails is raised when it is asked for, if ever."""
        if self.failure is None:
            try:
                self[n]
            except ChalkgradError as error:
                self.failure = error

    def _next(self) -> float:
        n = len(self.coefficients)
        if self.following is None:
            return 0.0
        try:
            coefficient = self.following(self, n)
        except ArithmeticError as error:
            why = error.message if isinstance(error, ChalkgradError) else str(error)
            raise _not_finite(self, n, why) from error
        if not math.isfinite(coefficient):
            raise _not_finite(self, n, repr(coefficient))
        return coefficient

    def _record(self, op: Operation, a: object, b: object = None) -> Series:
        """An operation on series and numbers, as the table calls it."""
        inputs = [_as_series(x) for x in ((a,) if b is None else (a, b))]
        return _applied(op, inputs, self.known, op.evaluate(*[x[0] for x in inputs]))

    def __add__(self, other: object) -> Series:
        return self._record(ops.add, self, other)

    def __radd__(self, other: object) -> Series:
        return self._record(ops.add, other, self)

    def __sub__(self, other: object) -> Series:
        return self._record(ops.sub, self, other)

    def __rsub__(self, other: object) -> Series:
        return self._record(ops.sub, other, self)

    def __mul__(self, other: object) -> Series:
        return self._record(ops.mul, self, other)

    def __rmul__(self, other: object) -> Series:
        return self._record(ops.mul, other, self)

    def __truediv__(self, other: object) -> Series:
        return self._record(ops.div, self, other)

    def __rtruediv__(self, other: object) -> Series:
        return self._record(ops.div, other, self)

    def __pow__(self, other: object) -> Series:
        return self._record(ops.pow, self, other)

    def __neg__(self) -> Series:
        return self._record(ops.neg, self)


def _as_series(x: Any) -> Series:
    return x if isinstance(x, Series) else Series([float(x)])


def _applied(op: Operation, inputs: list[Series], known: dict[Any, Series], value: float) -> Series:
    """The series of an operation; the same one again for the same inputs, as sin and cos need."""
    key = (op.name, *map(id, inputs))
    if key not in known:
        if op in _BY_HAND:
            following = _BY_HAND[op](*inputs)
        elif op is ops.pow and inputs[1].is_constant:
            following = _power(inputs[0], inputs[1][0])
        else:
            following = _by_rules(op, inputs)
        known[key] = Series([value], following, inputs, known)
    return known[key]


# y_n from lower coefficients of y, and from coefficients up to n of the inputs.


def _sum_over(a: Series, b: Series, n: int, first: int = 0) -> float:
    """a_first b_{n - first} + ... + a_n b_0."""
    return math.fsum(a[k] * b[n - k] for k in range(first, n + 1) if a[k] != 0.0)


def _quotient(a: Series, b: Series) -> Coefficient:
    return lambda y, n: (a[n] - _sum_over(b, y, n, 1)) / b[0]


_BY_HAND: Final[dict[Operation, Callable[..., Coefficient]]] = {
    ops.add: lambda a, b: lambda y, n: a[n] + b[n],
    ops.sub: lambda a, b: lambda y, n: a[n] - b[n],
    ops.neg: lambda a: lambda y, n: -a[n],
    ops.mul: lambda a, b: lambda y, n: _sum_over(a, b, n),
    ops.div: _quotient,
}


def _power(a: Series, b: float) -> Coefficient:
    """Of a^b: a y' = b a' y. Where a_0 is 0, whole powers are products."""
    if a[0] != 0.0:
        return lambda y, n: (
            math.fsum((b * k - (n - k)) * a[k] * y[n - k] for k in range(1, n + 1)) / (n * a[0])
        )
    if b == 0.0:
        return lambda y, n: 0.0
    if b == 1.0:
        return lambda y, n: a[n]
    rest: list[Series] = []

    def following(y: Series, n: int) -> float:
        if not rest:  # not before: where no coefficient is asked for, it need not exist
            rest.append(a ** (b - 1.0))
        return _sum_over(a, rest[0], n)

    return following


def _by_rules(op: Operation, inputs: list[Series]) -> Coefficient:
    """Of any operation: n y_n = sum over k of k (x_k rule_{n-k}), summed over the inputs."""
    slopes: list[Series] = []

    def following(y: Series, n: int) -> float:
        if not slopes:
            slopes.extend(_as_series(rule(*inputs, y)) for rule in op.rules)
        return (
            math.fsum(
                k * x[k] * slope[n - k]
                for x, slope in zip(inputs, slopes, strict=True)
                for k in range(1, n + 1)
                if slope[n - k] != 0.0
            )
            / n
        )

    return following


def _not_finite(series: Series, n: int, why: str) -> GradientError:
    what = f" of {series.label}" if series.label else ""
    return GradientError(
        f"the Taylor coefficient {n}{what} is not finite: {why}",
        hint="keep the input away from this point, where the derivative is not finite",
    )
