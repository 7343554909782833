"""Functions of several Values, as loops that build ordinary nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeAlias

from autograd import ops
from autograd.errors import ArgumentError
from autograd.value import Value, _constant

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    Number: TypeAlias = Any  # a Value or any real number: what else there is, arithmetic refuses

# While all exponents are within +-this no sum of exponentials can overflow or vanish, nor what the
# first few derivatives make of it: nothing is shifted, and the graph reads as the formula in notes.
_SAFE: Final = 50.0


def sum(values: Iterable[Number]) -> Value:
    """x_1 + x_2 + ... + x_n, from left to right; a constant 0 where there is nothing to add.

    >>> sum([Value(1.0), Value(2.0), 3]).data
    6.0
    """
    total: Value | None = None
    for value in values:
        if total is not None:
            total = total + value
        else:
            total = value if isinstance(value, Value) else _constant(value)
    return _constant(0.0) if total is None else total


def dot(a: Sequence[Number], b: Sequence[Number], bias: Number | None = None) -> Value:
    """a_1 b_1 + a_2 b_2 + ... + a_n b_n (+ bias), from left to right.

    Raises ArgumentError for sequences of different lengths.

    >>> dot([Value(1.0), Value(2.0)], [3.0, 4.0], bias=0.5).data
    11.5
    """
    if len(a) != len(b):
        raise ArgumentError(
            f"dot() of {len(a)} and {len(b)} numbers", hint="both sequences must be equally long"
        )
    total: Value | None = None
    for x, y in zip(list(a), list(b)):  # noqa: B905  # as lists, and unchecked: this loop is hot
        product = x * y if isinstance(x, Value) else _value(y) * x
        total = product if total is None else total + product
    if total is None:
        return _value(0.0 if bias is None else bias)
    return total if bias is None else total + bias


def mean(values: Iterable[Number]) -> Value:
    """(x_1 + ... + x_n) / n. Raises ArgumentError for no values.

    >>> mean([Value(1.0), Value(2.0)]).data
    1.5
    """
    xs = list(values)
    if not xs:
        raise ArgumentError("mean() of no values", hint="give at least one")
    return sum(xs) / len(xs)


def logsumexp(values: Iterable[Number]) -> Value:
    """log(e^{x_1} + ... + e^{x_n}) without overflow. Raises ArgumentError for no values.

    >>> logsumexp([Value(1000.0), Value(1000.0)]).data
    1000.6931471805599
    """
    xs, shift = _shifted(values, "logsumexp")
    total = ops.log(sum([ops.exp(x) for x in xs]))
    return total + shift if shift else total


def softmax(values: Iterable[Number]) -> list[Value]:
    """e^{x_j} / (e^{x_1} + ... + e^{x_n}) for each j, without overflow. Raises as `logsumexp`.

    >>> [p.data for p in softmax([Value(0.0), Value(0.0)])]
    [0.5, 0.5]
    """
    xs, _ = _shifted(values, "softmax")
    exponentials = [ops.exp(x) for x in xs]
    total = sum(exponentials)
    return [e / total for e in exponentials]


def log_softmax(values: Iterable[Number]) -> list[Value]:
    """x_j - logsumexp(x) for each j: the log-probabilities, exact where softmax is 0.

    >>> [round(p, 3) for p in log_softmax([Value(0.0), Value(1000.0)])]
    [-1000.0, 0.0]
    """
    xs, _ = _shifted(values, "log_softmax")
    total = ops.log(sum([ops.exp(x) for x in xs]))
    return [x - total for x in xs]


def where(condition: Number, a: Number, b: Number) -> Value:
    """A where condition > 0, else b; the branch not taken gets no gradient, not even nan.

    >>> x = Value(0.0)
    >>> y = where(x, x.sqrt(), x)
    >>> y.backward()
    >>> y.data, x.grad
    (0.0, 1.0)
    """
    taken = ops.step(_value(condition))
    return ops.gate(taken, a) + ops.gate(1 - taken, b)


def clip(x: Number, low: Number, high: Number) -> Value:
    """x, but no less than `low` and no more than `high`; derivative 1 at the bounds, 0 beyond.

    Raises ArgumentError where low > high.

    >>> clip(Value(7.0), -1, 1).data
    1.0
    """
    if low > high:
        raise ArgumentError(f"clip() between {low} and {high}", hint="low must not exceed high")
    return ops.at_most(ops.at_least(_value(x), low), high)


def _value(number: Number) -> Value:
    return number if isinstance(number, Value) else _constant(number)


def _shifted(values: Iterable[Number], name: str) -> tuple[list[Value], float]:
    """The values less their largest number, and that number; unshifted where none is needed."""
    xs = [_value(x) for x in values]
    if not xs:
        raise ArgumentError(f"{name}() of no values", hint="give at least one")
    largest = max([x.data for x in xs])
    if largest <= _SAFE and min([x.data for x in xs]) >= -_SAFE:
        return xs, 0.0
    return [x - largest for x in xs], largest
