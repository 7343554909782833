# cython: annotation_typing=True
"""Functions of several Values, as loops that build ordinary nodes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final, TypeAlias, overload

from autograd import ops
from autograd import uncompiled as cython
from autograd.errors import ArgumentError
from autograd.value import Value, within

if False:  # nothing runs this: it tells Cython that `cython` is its own
    import cython  # type: ignore

if not cython.compiled:  # compiled, composites.pxd has them
    from operator import add as plus
    from operator import mul as times

    from autograd.modes import ACTIVE
    from autograd.value import _constant, as_value

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
    added = 0
    for value in values:
        added += 1
        if total is None:
            total = as_value(value)
        elif isinstance(value, Value):
            total = plus(total, value)
        else:
            total = total + value
    if total is None:
        return _constant(0.0)
    if added == 1 and (total.label or total.is_leaf):
        return plus(total, _constant(0.0))  # a node of its own, for a label of its own
    return total


def dot(
    a: Sequence[Number], b: Sequence[Number], bias: Number | None = None, label: str = ""
) -> Value:
    """a_1 b_1 + a_2 b_2 + ... + a_n b_n (+ bias), from left to right, with a label if given.

    Raises ArgumentError for sequences of different lengths.

    >>> dot([Value(1.0), Value(2.0)], [3.0, 4.0], bias=0.5).data
    11.5
    """
    if len(a) != len(b):
        raise ArgumentError(
            f"dot() of {len(a)} and {len(b)} numbers", hint="both sequences must be equally long"
        )
    left: list[Number] = a if type(a) is list else list(a)
    right: list[Number] = b if type(b) is list else list(b)
    total: Value | None = None
    product: Value
    at: cython.Py_ssize_t
    for at in range(len(left)):
        x, y = left[at], right[at]
        if isinstance(x, Value):
            product = times(x, y) if isinstance(y, Value) else x * y
        else:
            product = as_value(y) * x
        total = product if total is None else plus(total, product)
    if total is None:
        total = as_value(0.0 if bias is None else bias)
    elif bias is not None:
        total = plus(total, bias) if isinstance(bias, Value) else total + bias
    if label != "":
        total.label = label
    return total


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
    total = sum(_exponentials(xs)).log()
    return total + shift if shift else total


def softmax(values: Iterable[Number]) -> list[Value]:
    """e^{x_j} / (e^{x_1} + ... + e^{x_n}) for each j, without overflow. Raises as `logsumexp`.

    >>> [p.data for p in softmax([Value(0.0), Value(0.0)])]
    [0.5, 0.5]
    """
    xs, _ = _shifted(values, "softmax")
    exponentials = _exponentials(xs)
    total = sum(exponentials)
    return [e / total for e in exponentials]


@overload
def log_softmax(values: Iterable[Number]) -> list[Value]: ...
@overload
def log_softmax(values: Iterable[Number], *, only: int) -> Value: ...
def log_softmax(values: Iterable[Number], *, only: int | None = None) -> list[Value] | Value:
    """x_j - logsumexp(x) for each j: the log-probabilities, exact where softmax is 0.

    With `only` that of one place, from 0, without a node for each of the others.

    >>> [round(p, 3) for p in log_softmax([Value(0.0), Value(1000.0)])]
    [-1000.0, 0.0]
    >>> log_softmax([Value(0.0), Value(1000.0)], only=0).data
    -1000.0
    """
    xs, _ = _shifted(values, "log_softmax")
    total = sum(_exponentials(xs)).log()
    return [x - total for x in xs] if only is None else xs[only] - total


@cython.cfunc
def _exponentials(xs: list[Value]) -> list[Value]:
    results: list[Value] = []
    x: Value
    for x in xs:
        results.append(x.exp())  # noqa: PERF401  # a loop in C
    return results


def where(condition: Number, a: Number, b: Number) -> Value:
    """A where condition > 0, else b; the branch not taken gets no gradient, not even nan.

    >>> x = Value(0.0)
    >>> y = where(x, x.sqrt(), x)
    >>> y.backward()
    >>> y.data, x.grad
    (0.0, 1.0)
    """
    taken = ops.step(as_value(condition))
    return ops.gate(taken, a) + ops.gate(1 - taken, b)


def clip(x: Number, low: Number, high: Number) -> Value:
    """x, but no less than `low` and no more than `high`; derivative 1 at the bounds, 0 beyond.

    Raises ArgumentError where low > high.

    >>> clip(Value(7.0), -1, 1).data
    1.0
    """
    if low > high:
        raise ArgumentError(f"clip() between {low} and {high}", hint="low must not exceed high")
    return ops.at_most(ops.at_least(as_value(x), low), high)


def _shifted(values: Iterable[Number], name: str) -> tuple[list[Value], float]:
    """The values less their largest number, and that number; unshifted where none is needed."""
    xs = [as_value(value) for value in values]
    if not xs:
        raise ArgumentError(f"{name}() of no values", hint="give at least one")
    smallest, largest = math.inf, -math.inf
    x: Value
    for x in xs:
        smallest = min(smallest, x._data)
        largest = max(largest, x._data)
    if smallest >= -_SAFE and largest <= _SAFE:
        if ACTIVE:  # a program being recorded asks again in each row
            for x in xs:
                within(x, -_SAFE, _SAFE)
        return xs, 0.0
    if ACTIVE:  # what is subtracted is a number, and in each row another
        largest = max(x.data for x in xs)
    return [x - largest for x in xs], largest
