"""Numbers that know how far off they may be: short fractions exactly, all others as flint's balls.

A ball holds whatever is computed from the numbers in its inputs, so balls that lie apart are
different numbers.
"""

from __future__ import annotations

import math
from contextlib import contextmanager
from fractions import Fraction
from functools import lru_cache
from threading import RLock
from typing import TYPE_CHECKING, Final, TypeAlias

from flint import arb, ctx, fmpq

from autograd import ops
from autograd.errors import ChalkgradError, DomainError, RangeError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from autograd.ops import Operation

    Function: TypeAlias = Callable[..., "Ball"]

Ball: TypeAlias = fmpq | arb

BITS: Final = 180  # some fifty digits, and a few to spare
ZERO: Final = fmpq(0)
_LONGEST: Final = 4000  # bits of a fraction that is kept exactly
_FARTHEST: Final = 1 << 17  # exponents beyond, about those of 10^40000, are "undefined here"
_OWN: Final = 2.0**-45  # relative: how far a user's own function of floats may be off

_SETTING: Final = RLock()


@contextmanager
def precision(bits: int) -> Iterator[None]:
    """Works with so many bits. Flint has one setting for all threads, so these take turns."""
    with _SETTING, ctx.workprec(bits):
        yield


def are_apart(a: Ball, b: Ball) -> bool:
    """Whether two numbers are surely different."""
    return a != b if isinstance(a, fmpq) and isinstance(b, fmpq) else not arb(a).overlaps(arb(b))


def common_bits(a: Ball, b: Ball) -> int:
    """In how many bits two numbers that are not apart surely agree."""
    bits: int = arb(a).union(arb(b)).rel_accuracy_bits()
    return bits


def is_wide(x: Ball, bits: int = 100) -> bool:
    """Whether a number is so large or small that digits beside it may be lost."""
    size, limit = abs(arb(x)), arb(2) ** bits
    return bool(size > limit or (x != 0 and size < 1 / limit))


def is_far(x: Ball) -> bool:
    """Whether a number has so many digits before the point, or zeros after it, that it is none."""
    return isinstance(x, arb) and is_wide(x, _FARTHEST)


# From other numbers and to them.


def from_fraction(value: Fraction) -> fmpq:
    """The exact number."""
    return fmpq(value.numerator, value.denominator)


def within(value: Fraction, radius: Fraction) -> Ball:
    """All numbers within a radius, as a ball where that is not 0."""
    low, high = from_fraction(value - radius), from_fraction(value + radius)
    return arb(low).union(arb(high)) if radius else low


def to_fraction(x: Ball) -> Fraction:
    """The middle of a ball."""
    if isinstance(x, fmpq):
        return Fraction(int(x.p), int(x.q))
    man, exponent = x.mid().man_exp()
    return Fraction(int(man)) * Fraction(2) ** int(exponent)


def to_float(x: Ball) -> float:
    """The middle of a ball as a float, infinite where it is beyond them."""
    try:
        return float(x)
    except OverflowError:
        return math.inf if x > 0 else -math.inf


# The operations of the table.


def _of(name: str, farthest: int = _FARTHEST) -> Function:
    """A function of flint, of numbers below 2^farthest: larger ones are too far out."""
    method, limit = getattr(arb, name), arb(2) ** farthest

    def at(x: Ball) -> Ball:
        ball = arb(x)
        if not abs(ball) < limit:
            raise OverflowError
        return method(ball)

    return at


def _sign(x: Ball) -> fmpq:
    for sign, holds in ((1, x > 0), (-1, x < 0), (0, x == 0)):
        if holds:
            return fmpq(sign)
    raise ValueError  # too wide to tell


def _pow(a: Ball, b: Ball) -> Ball:
    whole = None
    if isinstance(b, fmpq):
        whole = int(b.p) if b.q == 1 else None
    elif b.is_integer():
        whole = int(b.fmpz())
    if whole is None:
        return ZERO if a == 0 and b > 0 else arb(a) ** b
    if isinstance(a, fmpq):
        return a**whole if abs(whole) * int(a.height_bits()) < _LONGEST else arb(a) ** whole
    if whole > 0 and a.overlaps(arb(0)):
        most = a.abs_upper() ** whole
        return most.union(-most)
    return a**whole


def _rounded(how: Callable[[Fraction], int]) -> Function:
    def at(x: Ball) -> Ball:
        ball = arb(x)
        if not abs(ball) < 1 << 600:
            raise OverflowError
        ends = {how(to_fraction(each)) for each in (ball.lower(), ball.upper())}
        if len(ends) > 1:
            raise ValueError
        return fmpq(ends.pop())

    return at


def _larger(a: Ball, b: Ball) -> Ball:
    return a if a >= b else b if b >= a else arb(a).max(arb(b))


_exp, _expm1, _log1p, _erfc = _of("exp", 16), _of("expm1", 16), _of("log1p"), _of("erfc", 16)
_log, _sqrt, _tan, _acos = _of("log"), _of("sqrt"), _of("tan", 600), _of("acos")


def _divided(a: Ball, b: Ball) -> Ball:
    return a / b


def _sigmoid(x: Ball) -> Ball:
    return 1 / (1 + _exp(-x))


def _softplus(x: Ball) -> Ball:
    return x + _log1p(_exp(-x)) if x > 0 else _log1p(_exp(x))


def _cbrt(x: Ball) -> Ball:
    most = arb(abs(arb(x)).abs_upper()).root(3)
    if arb(x).overlaps(arb(0)):
        return ZERO if x == 0 else most.union(-most)
    return abs(arb(x)).root(3) * (1 if x > 0 else -1)


def _atan2(a: Ball, b: Ball) -> Ball:
    return ZERO if a == 0 and b == 0 else arb.atan2(arb(a), arb(b))


# fmt: off
FUNCTIONS: Final[dict[str, Function]] = {
    **{name: _of(name) for name in ("asin", "atan", "asinh", "acosh", "atanh", "tanh", "coth")},
    **{name: _of(name, 16) for name in ("sinh", "cosh", "sech", "csch", "erf")},
    **{name: _of(name, 600) for name in ("sin", "cos", "sec", "csc", "cot")},
    "exp": _exp, "expm1": _expm1, "log1p": _log1p, "log": _log, "sqrt": _sqrt, "tan": _tan,
    "acos": _acos,
    "add": lambda a, b: a + b, "sub": lambda a, b: a - b, "mul": lambda a, b: a * b,
    "div": _divided, "neg": lambda x: -x, "pow": _pow, "reciprocal": lambda x: 1 / x,
    "square": lambda x: _pow(x, fmpq(2)), "cube": lambda x: _pow(x, fmpq(3)),
    "cbrt": _cbrt,
    "hypot": lambda a, b: _sqrt(_pow(a, fmpq(2)) + _pow(b, fmpq(2))),
    "log2": lambda x: _log(x) / _log(fmpq(2)), "log10": lambda x: _log(x) / _log(fmpq(10)),
    "asec": lambda x: _acos(1 / x), "acsc": lambda x: FUNCTIONS["asin"](1 / x),
    "asech": lambda x: FUNCTIONS["acosh"](1 / x), "acsch": lambda x: FUNCTIONS["asinh"](1 / x),
    "acoth": lambda x: FUNCTIONS["atanh"](1 / x),
    "atan2": _atan2, "acot": lambda x: _atan2(fmpq(1), x),
    "gelu": lambda x: x * _erfc(-x / _sqrt(fmpq(2))) / 2,
    "sigmoid": _sigmoid, "silu": lambda x: x * _sigmoid(x), "softplus": _softplus,
    "softsign": lambda x: x / (1 + abs(x)), "relu": lambda x: _larger(x, ZERO),
    "leaky_relu": lambda a, b: a if _sign(a) > 0 else a * b,
    "elu": lambda x: x if _sign(x) > 0 else _expm1(x),
    "abs": abs, "sign": _sign, "step": lambda x: fmpq(_sign(x) > 0),
    "floor": _rounded(math.floor), "round": _rounded(round),
    "compare": lambda a, b: _sign(a - b),
    "maximum": _larger, "minimum": lambda a, b: -_larger(-a, -b),
    "at_least": _larger, "at_most": lambda a, b: -_larger(-a, -b),
    "gate": lambda a, b: b if _sign(a) > 0 else ZERO,
}
# fmt: on
"""The operations of the table by name."""


def is_own(op: Operation) -> bool:
    """Whether an operation is a user's own, of which only a function of floats is known."""
    return ops.TABLE.get(op.name) is not op


@lru_cache(maxsize=1024)
def function_of(op: Operation) -> Function:
    """What an operation does with numbers. A user's own is worked out in floats."""
    return _own(op) if is_own(op) else FUNCTIONS[op.name]


def _own(op: Operation) -> Function:
    def at(*inputs: Ball) -> Ball:
        middles = [to_float(x) for x in inputs]
        y = arb(op.evaluate(*middles))
        for i, x in enumerate(inputs):
            radius = float(x.rad()) if isinstance(x, arb) else 0.0
            for step in (-1, 1):
                moved = middles.copy()
                moved[i] += step * max(abs(middles[i]) * 2.0**-51, radius, 2.0**-1074)
                y = y.union(arb(op.evaluate(*moved)))
        return y + arb(0, y.abs_upper() * _OWN)

    return at


def settled(y: Ball) -> Ball:
    """A result, a long fraction as a ball. Raises ValueError for what is not finite."""
    if isinstance(y, arb):
        if not y.is_finite():
            raise ValueError
        return y
    return arb(y) if isinstance(y, fmpq) and y.height_bits() > _LONGEST else y


def failure(op: Operation, error: Exception, inputs: Sequence[Ball]) -> ChalkgradError:
    """The error that the operation itself raises for such inputs."""
    a, b = [*map(to_float, inputs), 0.0][:2]
    try:
        op.evaluate(a, b)
    except ChalkgradError as known:
        return known
    return op.failure(RangeError if isinstance(error, OverflowError) else DomainError, a, b)
