"""Numbers that know how far off they may be: a ball is every number within `radius` of `middle`.

The table's operations and their derivative rules work on balls as they do on floats. A radius grows
by what rounding adds, so formulas whose balls lie apart are different formulas; and it carries the
half unit in the last place of a number that someone rounded on paper.
"""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, Any, Final

from autograd import ops
from autograd.errors import ChalkgradError

if TYPE_CHECKING:
    from autograd.ops import Operation

_HALF_UNIT: Final = 2.0**-53
_FOUR_UNITS: Final = 8 * _HALF_UNIT  # how exact the table's functions are, in last places
_GELU_ERROR: Final = 1e-13  # absolute: its tail is a difference of nearly equal numbers
_EXACT: Final = frozenset(
    (ops.neg, ops.abs, ops.sign, ops.step, ops.floor, ops.round, ops.relu, ops.gate, ops.maximum,
     ops.minimum, ops.at_least, ops.at_most)
)  # fmt: skip
_LEAST: Final = 1e-300  # below this, digits are lost for good


class _Arithmetic:
    """`+ - * / **` by the table's operations, with plain numbers on either side."""

    __slots__ = ()

    def __add__(self, other: object) -> Any:
        return ops.add(self, other)

    def __radd__(self, other: object) -> Any:
        return ops.add(other, self)

    def __sub__(self, other: object) -> Any:
        return ops.sub(self, other)

    def __rsub__(self, other: object) -> Any:
        return ops.sub(other, self)

    def __mul__(self, other: object) -> Any:
        return ops.mul(self, other)

    def __rmul__(self, other: object) -> Any:
        return ops.mul(other, self)

    def __truediv__(self, other: object) -> Any:
        return ops.div(self, other)

    def __rtruediv__(self, other: object) -> Any:
        return ops.div(other, self)

    def __pow__(self, other: object) -> Any:
        return ops.pow(self, other)

    def __rpow__(self, other: object) -> Any:
        return ops.pow(other, self)

    def __neg__(self) -> Any:
        return ops.neg(self)


class Ball(_Arithmetic):
    """Every number within `radius` of `middle`.

    Operations raise what they raise for the middle; a radius that reaches over the edge of an
    operation's domain makes the result's infinite.

    >>> third = Ball(1.0) / 3
    >>> third.middle, 0 < third.radius < 1e-16
    (0.3333333333333333, True)
    >>> round((Ball(0.5, 0.05) * 2).radius, 9)
    0.1
    """

    __slots__ = ("middle", "radius")

    def __init__(self, middle: float, radius: float = 0.0) -> None:
        self.middle = middle
        self.radius = radius

    @property
    def is_zero(self) -> bool:
        """Whether it is exactly 0, as what comes from a branch not taken."""
        return self.middle == 0.0 == self.radius

    def __repr__(self) -> str:
        return f"Ball({self.middle!r}, {self.radius!r})"

    def _record(self, op: Operation, a: object, b: object = None) -> Ball:
        left = ball(a)
        right = _ZERO if b is None else ball(b)
        middle = op.evaluate(left.middle, right.middle)
        radius = _rounding(op, left.middle, right.middle, middle)
        if left.radius or right.radius:
            radius += _spread(op, left, right, middle)
        return Ball(middle, radius)


_ZERO: Final = Ball(0.0)


def ball(number: object) -> Ball:
    """A number as a ball: itself where it is one, without radius where it is plain."""
    return number if isinstance(number, Ball) else Ball(float(number))  # type: ignore[arg-type]


def _rounding(op: Operation, a: float, b: float, middle: float) -> float:
    """How far the computed result may be off for inputs that are exact."""
    if op in _EXACT:
        return 0.0
    if op is ops.add or op is ops.sub:
        return math.fabs(_lost_in_sum(a, b if op is ops.add else -b, middle))
    if op is ops.mul or op is ops.div:
        return math.fabs(middle) * _HALF_UNIT
    return math.fabs(middle) * _FOUR_UNITS + (_GELU_ERROR if op is ops.gelu else 0.0)


def _lost_in_sum(a: float, b: float, total: float) -> float:
    """A + b - total, exactly (Knuth's two-sum): 0 where nothing is rounded, as in 2 - 1."""
    rest = total - a
    return (a - (total - rest)) + (b - rest)


def _spread(op: Operation, a: Ball, b: Ball, middle: float) -> float:
    """How far the result moves while the inputs move in their balls."""
    if op is ops.add or op is ops.sub:
        return a.radius + b.radius
    if op is ops.neg:
        return a.radius
    if op is ops.mul:
        if a.is_zero or b.is_zero:
            return 0.0
        return (
            math.fabs(a.middle) * b.radius
            + math.fabs(b.middle) * a.radius
            + a.radius * b.radius
            + _LEAST
        )
    if op is ops.div:
        nearest = math.fabs(b.middle) - b.radius
        return (a.radius + math.fabs(middle) * b.radius) / nearest if nearest > 0 else math.inf
    try:
        corners = [
            op.evaluate(a.middle + i * a.radius, b.middle + j * b.radius)
            for i, j in itertools.product((-1, 1), (-1, 1) if b.radius else (0,))
        ]
    except ChalkgradError:
        return math.inf
    return max(math.fabs(corner - middle) for corner in corners)


class Tangent(_Arithmetic):
    """A ball and its derivative by one variable, carried along together (forward mode).

    >>> x = Tangent(Ball(3.0), Ball(1.0))
    >>> (x * x + 1).slope.middle
    6.0
    """

    __slots__ = ("slope", "value")

    def __init__(self, value: Ball, slope: Ball) -> None:
        self.value = value
        self.slope = slope

    def _record(self, op: Operation, a: object, b: object = None) -> Tangent:
        inputs = [_tangent(a)] if b is None else [_tangent(a), _tangent(b)]
        values = [each.value for each in inputs]
        result: Ball = op(*values)
        slope = _ZERO
        for rule, each in zip(op.rules, inputs, strict=True):
            if not each.slope.is_zero:  # a branch not taken passes nothing on
                slope = slope + rule(*values, result) * each.slope
        return Tangent(result, slope)


def _tangent(number: object) -> Tangent:
    return number if isinstance(number, Tangent) else Tangent(ball(number), _ZERO)
