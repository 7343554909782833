# cython: annotation_typing=True
"""Leaves changed together, all or none: what training does to parameters between two graphs."""

from __future__ import annotations

from typing import Any

from autograd import uncompiled as cython
from autograd.errors import ArgumentError, ArgumentTypeError, RangeError
from autograd.value import Value, _name

if False:  # nothing runs this: it tells Cython that `cython` is its own
    import cython  # type: ignore


def descend(values: list[Value], rate: float) -> None:
    """One step of gradient descent: takes from each number `rate` times its gradient.

    All of them move or, on an error or an interrupt, none. Raises RangeError where a number would
    become infinite or undefined, naming it.

    >>> w, b = Value(1.0, "w"), Value(0.0, "b")
    >>> (3 * w + b).backward()
    >>> descend([w, b], 0.5)
    >>> w.data, b.data
    (-0.5, -0.5)
    """
    at: cython.Py_ssize_t
    value: Value
    number: float
    for at in range(len(values)):
        value = _leaf(values, at)
        number = value._data - rate * value._grad
        if number - number != 0.0:
            raise _not_finite(value, number)
    if cython.compiled:  # nobody can come between
        for at in range(len(values)):
            value = values[at]
            value._data -= rate * value._grad
    else:
        _set_all(values, [value._data - rate * value._grad for value in values])


def move(values: list[Value], changes: list[float]) -> None:
    """Adds to each number its change: what the step of any optimizer comes down to.

    All of them move or none, as for `descend`. Raises ArgumentError where there are not as many
    changes as values.

    >>> w, b = Value(1.0, "w"), Value(0.0, "b")
    >>> move([w, b], [-0.25, 2.0])
    >>> w.data, b.data
    (0.75, 2.0)
    """
    if len(values) != len(changes):
        raise ArgumentError(
            f"move() of {len(values)} values by {len(changes)} changes",
            hint="give one change for each",
        )
    at: cython.Py_ssize_t
    value: Value
    number: float
    change: float
    for at in range(len(values)):
        value = _leaf(values, at)
        change = changes[at]
        number = value._data + change
        if number - number != 0.0:
            raise _not_finite(value, number)
    if cython.compiled:
        for at in range(len(values)):
            value = values[at]
            change = changes[at]
            value._data += change
    else:
        _set_all(values, [value._data + changes[at] for at, value in enumerate(values)])


def zero_grad(values: list[Value]) -> None:
    """Sets the gradient of each to 0, as is due before each `backward()`.

    >>> w = Value(3.0)
    >>> (w * w).backward()
    >>> zero_grad([w])
    >>> w.grad
    0.0
    """
    value: Value
    at: cython.Py_ssize_t
    for at in range(len(values)):
        value = _leaf(values, at)
        value._grad = 0.0


@cython.cfunc
def _leaf(values: list[Any], at: cython.Py_ssize_t) -> Value:
    value = values[at]
    if not isinstance(value, Value):
        raise ArgumentTypeError(
            f"{value!r} ({type(value).__name__}) has no number to change",
            hint="give a list of Values",
        )
    return value


def _not_finite(value: Value, number: float) -> RangeError:
    return RangeError(f"{_name(value)} would become {number!r}", hint="change it by less")


def _set_all(values: list[Value], numbers: list[float]) -> None:
    """Sets the number of each; where it is interrupted, all get back what they had."""
    before = [value._data for value in values]
    try:
        for value, number in zip(values, numbers, strict=True):
            value._data = number
    except BaseException:
        for value, number in zip(values, before, strict=True):
            value._data = number
        raise
