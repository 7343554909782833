"""Numbers of fifty digits that know how far off they may be.

A ball is every number (m ± r) 2^e, three whole numbers. What is computed from balls holds whatever
is computed from the numbers in them, so balls that lie apart are different numbers. Functions take
the bits to work with, then balls; they raise ValueError, ZeroDivisionError or OverflowError as the
table's forward functions do, and where a ball is too wide to tell, or too far out for its time.
"""

from __future__ import annotations

import math
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import mpmath
from mpmath import libmp

from autograd import ops
from autograd.errors import ChalkgradError, DivisionByZeroError, DomainError, RangeError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from autograd.ops import Operation

    Function: TypeAlias = Callable[..., "Raw"]

Raw: TypeAlias = tuple[int, int, int]

BITS: Final = 180  # some fifty digits, and a few to spare
ZERO: Final[Raw] = (0, 0, 0)
ONE: Final[Raw] = (1, 0, 0)
_TWO: Final[Raw] = (1, 0, 1)
_GUARD: Final = 6  # more bits for mpmath's functions, which are off in the last place
_FARTHEST: Final = 1 << 17  # exponents beyond, about those of 10^40000, are "undefined here"
_NARROW: Final = 26  # bits: a ball this much smaller than its middle has next to constant slopes
_MOST_TIMES: Final = 1024  # powers up to this are multiplied out
_OWN: Final = 45  # bits that a user's own function of floats is good for


# Arithmetic.


def _cut(m: int, r: int, e: int, bits: int) -> Raw:
    """The ball with no more bits than are asked for, nor more of its radius than tell."""
    surplus = max(m.bit_length() - bits, r.bit_length() - 40)
    if surplus > 0:
        m >>= surplus
        r = (r >> surplus) + 2
        e += surplus
    if not -_FARTHEST < e < _FARTHEST:
        raise OverflowError
    return m, r, e


def add(bits: int, a: Raw, b: Raw) -> Raw:
    """A + b."""
    if not (a[0] or a[1]):
        return b
    if not (b[0] or b[1]):
        return a
    (ma, ra, ea), (mb, rb, e) = (a, b) if a[2] >= b[2] else (b, a)
    raised = ea - e
    if raised > 4 * bits:  # the last bits of the other are lost anyway, and not written out
        dropped = raised - min(raised, max(bits + 8 - ma.bit_length(), 0))
        mb, rb, e, raised = mb >> dropped, (rb >> dropped) + 2, e + dropped, raised - dropped
    m, r = (ma << raised) + mb, (ra << raised) + rb
    surplus = m.bit_length() - bits
    return (m >> surplus, (r >> surplus) + 2, e + surplus) if surplus > 0 else (m, r, e)


def neg(_: int, a: Raw) -> Raw:
    """-a."""
    m, r, e = a
    return -m, r, e


def sub(bits: int, a: Raw, b: Raw) -> Raw:
    """A - b."""
    m, r, e = b
    return add(bits, a, (-m, r, e))


def mul(bits: int, a: Raw, b: Raw) -> Raw:
    """A b."""
    ma, ra, ea = a
    mb, rb, eb = b
    m = ma * mb
    r = abs(ma) * rb + abs(mb) * ra + ra * rb if ra or rb else 0
    return _cut(m, r, ea + eb, bits) if m or r else ZERO


def div(bits: int, a: Raw, b: Raw) -> Raw:
    """A / b."""
    ma, ra, ea = a
    mb, rb, eb = b
    nearest = abs(mb) - rb
    if nearest <= 0:
        raise ValueError if rb else ZeroDivisionError
    if not (ma or ra):
        return ZERO
    shift = max(bits + mb.bit_length() - ma.bit_length() - 1, 0)
    m, rest = divmod(ma << shift, mb)
    r = 1 if rest else 0
    if ra or rb:
        r += ((ra << shift) + abs(m) * rb) // nearest + 1
    return _cut(m, r, ea - eb - shift, bits)


def sign(_: int, x: Raw) -> Raw:
    """-1, 0 or 1."""
    m, r, _e = x
    if abs(m) <= r > 0:
        raise ValueError
    return (m > 0) - (m < 0), 0, 0


def _is_above(x: Raw) -> bool:
    return sign(0, x)[0] > 0


def are_apart(a: Raw, b: Raw, *, room: int = 4) -> bool:
    """Whether two balls, or others `room` times as wide, hold no number in common."""
    m, r, _ = sub(max(a[0].bit_length(), b[0].bit_length(), BITS) + 64, a, b)
    return abs(m) > room * r


def common_bits(a: Raw, b: Raw) -> int:
    """In how many bits two balls that are not apart surely agree."""
    if not (a[1] or b[1]):
        return _FARTHEST
    sizes = [m.bit_length() + e for m, _, e in (a, b) if m] or [-_FARTHEST]
    return max(sizes) - max(r.bit_length() + e for _, r, e in (a, b) if r)


# From other numbers and to them.


def from_fraction(bits: int, value: Fraction) -> Raw:
    """The ball of an exact number; it has no radius where so few bits hold it."""
    return div(bits, (value.numerator, 0, 0), (value.denominator, 0, 0))


def within(value: Fraction, radius: Fraction) -> Raw:
    """The ball of all numbers within a radius."""
    scale = BITS - max(_size(value), _size(radius))
    factor = Fraction(2) ** scale
    return _cut(math.floor(value * factor), math.floor(radius * factor) + 2, -scale, BITS)


def _size(value: Fraction) -> int:
    return value.numerator.bit_length() - value.denominator.bit_length()


def from_float(value: float) -> Raw:
    """The ball of a float, without a radius."""
    if not math.isfinite(value):
        raise OverflowError
    numerator, denominator = value.as_integer_ratio()
    return numerator, 0, 1 - denominator.bit_length()


def to_fraction(x: Raw) -> Fraction:
    """The middle of a ball."""
    m, _, e = x
    return Fraction(m << e) if e >= 0 else Fraction(m, 1 << -e)


def to_float(x: Raw) -> float:
    """The middle of a ball as a float, infinite where it is beyond them."""
    m, _, e = x
    surplus = max(m.bit_length() - 64, 0)
    try:
        return math.ldexp(m >> surplus, e + surplus)
    except OverflowError:
        return math.inf if m > 0 else -math.inf


def to_mpf(x: Raw) -> mpmath.mpf:
    """The middle of a ball, with all its digits."""
    return mpmath.mp.make_mpf(libmp.from_man_exp(x[0], x[2]))


def _from_mpf(value: Any, bits: int) -> Raw:
    is_negative, man, exponent, size = value
    if not man:
        if exponent:
            raise ValueError  # infinite, or not a number
        return ZERO
    raised = max(bits + _GUARD - size, 0)
    m = int(man) << raised
    return _cut(-m if is_negative else m, 4, exponent - raised, bits)


# Functions, most by mpmath.


def _wider(y: Raw, slope: Raw, r: int, e: int) -> Raw:
    """The ball around y with what a radius r 2^e of the input comes to at a slope."""
    m, radius, exponent = y
    grown = (abs(slope[0]) + slope[1]) * r
    grown += grown >> 16  # slopes change a little over a narrow ball
    shift = slope[2] + e - exponent
    if shift > 4 * BITS + m.bit_length():
        raise ValueError
    grown = grown << shift if shift > 0 else (grown >> -shift) + 1
    return _cut(m, radius + grown, exponent, m.bit_length())


def _around(bits: int, y: Raw, *ends: Raw) -> Raw:
    """The ball around y that reaches to each of the ends."""
    for end in ends:
        m, r, e = sub(bits, end, y)
        y = _wider(y, ONE, abs(m) + r, e)
    return y


def _by_mpmath(
    function: Callable[..., Any], limit: int = 600, steepest: Function | None = None
) -> Function:
    """A function of mpmath, of numbers below 2^limit: larger ones are too far out.

    `steepest` is its slope, which serves narrow balls. Of wider ones, and without it, the ends
    tell, as the function is monotone on either side of 0.
    """

    def at_number(m: int, e: int, bits: int) -> Raw:
        return _from_mpf(function(libmp.from_man_exp(m, e), bits + _GUARD), bits)

    def at(bits: int, x: Raw) -> Raw:
        m, r, e = x
        if m.bit_length() + e > limit:
            raise OverflowError
        y = at_number(m, e, bits)
        if not r:
            return y
        is_narrow = r.bit_length() + _NARROW < min(m.bit_length(), -e)
        if steepest and (is_narrow or steepest is _flat):
            return _wider(y, steepest(bits, x, y), r, e)
        return _around(bits, y, *(at_number(m + end, e, bits) for end in (r, -r)))

    return at


def _flat(bits: int, x: Raw, y: Raw) -> Raw:
    return ONE  # the slope is nowhere more


def _for_tiny(function: Function) -> Function:
    """A function that is x for tiny x: there it takes the more bits, so as to keep its digits."""

    def at(bits: int, x: Raw) -> Raw:
        lost = max(-x[0].bit_length() - x[2], 0)
        if lost <= bits or not x[0]:
            return function(bits + lost, x)
        m, r, e = mul(8, x, x)
        return _wider(x, ONE, abs(m) + r, e)

    return at


exp: Final = _by_mpmath(libmp.mpf_exp, 16, lambda _, x, y: y)
_log: Final = _by_mpmath(libmp.mpf_log, _FARTHEST, lambda _, x, y: div(64, ONE, x))
_sin, _cos = (_by_mpmath(f, 600, _flat) for f in (libmp.mpf_sin, libmp.mpf_cos))
_atan: Final = _by_mpmath(libmp.mpf_atan, _FARTHEST, _flat)
_tanh: Final = _by_mpmath(libmp.mpf_tanh, _FARTHEST, lambda _, x, y: sub(64, ONE, mul(64, y, y)))
_sinh, _cosh = (_by_mpmath(f, 16) for f in (libmp.mpf_sinh, libmp.mpf_cosh))
_asin, _acos, _atanh = map(_by_mpmath, (libmp.mpf_asin, libmp.mpf_acos, libmp.mpf_atanh))
_asinh, _acosh = (_by_mpmath(f, _FARTHEST) for f in (libmp.mpf_asinh, libmp.mpf_acosh))
_erf, _erfc = (_by_mpmath(f, 12) for f in (libmp.mpf_erf, libmp.mpf_erfc))


def pi(bits: int) -> Raw:
    """Pi."""
    return _from_mpf(libmp.mpf_pi(bits + _GUARD), bits)


def log(bits: int, x: Raw) -> Raw:
    """The natural logarithm."""
    if x[0] <= x[1]:
        raise ValueError
    return _log(bits, x)


_expm1: Final = _for_tiny(lambda bits, x: sub(bits, exp(bits, x), ONE))
_log1p: Final = _for_tiny(lambda bits, x: log(bits, add(bits, ONE, x)))


def _sqrt(bits: int, x: Raw) -> Raw:
    m, r, e = x
    if m <= r:
        if m or r:
            raise ValueError
        return ZERO
    shift = max(2 * bits - m.bit_length() - 1, 0)
    shift += (e - shift) & 1
    root = math.isqrt(m << shift)
    wide = (r << shift) // root + 1 if r else 0  # twice as far as a narrow ball reaches
    return _cut(root, wide + (root * root != m << shift), (e - shift) // 2, bits)


def _sigmoid(bits: int, x: Raw) -> Raw:
    return div(bits, ONE, add(bits, ONE, exp(bits, neg(bits, x))))


def _softplus(bits: int, x: Raw) -> Raw:
    tail = _log1p(bits, exp(bits, (-abs(x[0]), x[1], x[2])))
    return add(bits, x, tail) if x[0] > 0 else tail


def _gelu(bits: int, x: Raw) -> Raw:
    tail = _erfc(bits, neg(bits, div(bits, x, _sqrt(bits, _TWO))))
    return div(bits, mul(bits, x, tail), _TWO)


def _pow(bits: int, a: Raw, b: Raw) -> Raw:
    m, r, e = b
    whole = m << e if e >= 0 else m >> -e
    if r == 0 and (e >= 0 or whole << -e == m):
        return _whole_power(bits, a, whole)
    if not (a[0] or a[1]):
        if _is_above(b):
            return ZERO
        raise ZeroDivisionError
    wide = bits + 32  # the digits of an exponent before its point are lost to those after it
    return _cut(*exp(wide, mul(wide, b, log(wide, a))), bits)


def _whole_power(bits: int, a: Raw, n: int) -> Raw:
    if abs(n) > _MOST_TIMES and a[0] and (a[0] > 0 or n & 1):
        size = exp(bits + 32, mul(bits + 32, (n, 0, 0), log(bits + 32, (abs(a[0]), *a[1:]))))
        return _cut(size[0] if a[0] > 0 else -size[0], *size[1:], bits)
    result, square, left = ONE, a, abs(n)
    while left:
        if left & 1:
            result = mul(bits + 16, result, square)
        left >>= 1
        if left:
            square = mul(bits + 16, square, square)
    return div(bits, ONE, result) if n < 0 else _cut(*result, bits)


def _atan2(bits: int, a: Raw, b: Raw) -> Raw:
    if not (a[0] or a[1] or b[0] or b[1]):
        return ZERO
    m, r, e = pi(bits)
    if abs(a[0]) << max(a[2] - b[2], 0) > abs(b[0]) << max(b[2] - a[2], 0):
        m = m if a[0] > 0 else -m
        return sub(bits, (m, r, e - 1), _atan(bits, div(bits, b, a)))
    angle = _atan(bits, div(bits, a, b))
    if _is_above(b):
        return angle
    return add(bits, angle, (m, r, e) if sign(bits, a)[0] >= 0 else (-m, r, e))


def _abs(_: int, x: Raw) -> Raw:
    m, r, e = x
    return abs(m), r, e


def _larger(bits: int, a: Raw, b: Raw) -> Raw:
    m, r, e = sub(bits, a, b)
    if abs(m) > r or not r:
        return a if m > 0 else b
    return _wider(a, ONE, abs(m) + r, e)


def _smaller(bits: int, a: Raw, b: Raw) -> Raw:
    return neg(bits, _larger(bits, neg(bits, a), neg(bits, b)))


def _rounded(how: Callable[[Fraction], int]) -> Function:
    def at(_: int, x: Raw) -> Raw:
        m, r, e = x
        if m.bit_length() + e > 600:
            raise OverflowError
        ends = {how(to_fraction((m + end, 0, e))) for end in (-r, r)}
        if len(ends) > 1:
            raise ValueError
        return ends.pop(), 0, 0

    return at


def _one_over(function: Function) -> Function:
    return lambda bits, x: div(bits, ONE, function(bits, x))


def _at_one_over(function: Function) -> Function:
    return lambda bits, x: function(bits, div(bits, ONE, x))


# fmt: off
FUNCTIONS: Final[dict[str, Function]] = {
    "add": add, "sub": sub, "mul": mul, "div": div, "neg": neg, "pow": _pow,
    "reciprocal": lambda bits, x: div(bits, ONE, x),
    "square": lambda bits, x: mul(bits, x, x),
    "cube": lambda bits, x: mul(bits, mul(bits, x, x), x),
    "hypot": lambda bits, a, b: _sqrt(bits, add(bits, mul(bits, a, a), mul(bits, b, b))),
    "sqrt": _sqrt, "exp": exp, "expm1": _expm1, "log": log, "log1p": _log1p,
    "log2": lambda bits, x: div(bits, log(bits, x), log(bits, _TWO)),
    "log10": lambda bits, x: div(bits, log(bits, x), log(bits, (10, 0, 0))),
    "sin": _sin, "cos": _cos, "sec": _one_over(_cos), "csc": _one_over(_sin),
    "tan": lambda bits, x: div(bits, _sin(bits, x), _cos(bits, x)),
    "cot": lambda bits, x: div(bits, _cos(bits, x), _sin(bits, x)),
    "asin": _asin, "acos": _acos, "asec": _at_one_over(_acos), "acsc": _at_one_over(_asin),
    "atan": _atan, "atan2": _atan2, "acot": lambda bits, x: _atan2(bits, ONE, x),
    "sinh": _sinh, "cosh": _cosh, "sech": _one_over(_cosh), "csch": _one_over(_sinh),
    "tanh": _tanh, "coth": _one_over(_tanh),
    "asinh": _asinh, "acosh": _acosh, "asech": _at_one_over(_acosh), "acsch": _at_one_over(_asinh),
    "atanh": _atanh, "acoth": _at_one_over(_atanh), "erf": _erf, "gelu": _gelu,
    "sigmoid": _sigmoid, "silu": lambda bits, x: mul(bits, x, _sigmoid(bits, x)),
    "softplus": _softplus, "softsign": lambda bits, x: div(bits, x, add(bits, ONE, _abs(bits, x))),
    "relu": lambda bits, x: _larger(bits, x, ZERO),
    "leaky_relu": lambda bits, a, b: a if _is_above(a) else mul(bits, a, b),
    "elu": lambda bits, x: x if _is_above(x) else _expm1(bits, x),
    "abs": _abs, "sign": sign, "step": lambda _, x: ONE if _is_above(x) else ZERO,
    "floor": _rounded(math.floor), "round": _rounded(round),
    "compare": lambda bits, a, b: sign(bits, sub(bits, a, b)),
    "maximum": _larger, "minimum": _smaller, "at_least": _larger, "at_most": _smaller,
    "gate": lambda _, a, b: b if _is_above(a) else ZERO,
}
# fmt: on
"""The operations of the table by name."""


def is_own(op: Operation) -> bool:
    """Whether an operation is a user's own, of which only a function of floats is known."""
    return ops.TABLE.get(op.name) is not op


@lru_cache(maxsize=1024)
def function_of(op: Operation) -> Function:
    """What an operation does with balls. A user's own is worked out in floats."""
    return _own(op) if is_own(op) else FUNCTIONS[op.name]


def _own(op: Operation) -> Function:
    def at(_: int, *inputs: Raw) -> Raw:
        middles = [to_float(x) for x in inputs]
        y = from_float(op.evaluate(*middles))
        for place, (x, middle) in enumerate(zip(inputs, middles, strict=True)):
            step = max(abs(middle) * 2.0**-51, math.ldexp(x[1], x[2]), 2.0**-1074)
            moved = [[*middles[:place], middle + s, *middles[place + 1 :]] for s in (step, -step)]
            y = _around(BITS, y, *(from_float(op.evaluate(*each)) for each in moved))
        return _wider(y, ONE, abs(y[0]), y[2] - _OWN)

    return at


def failure(op: Operation, error: Exception, inputs: Sequence[Raw]) -> ChalkgradError:
    """The error that the operation itself raises for such inputs."""
    if isinstance(error, ChalkgradError):
        return error
    kind: type[ChalkgradError] = DomainError
    if isinstance(error, ZeroDivisionError | OverflowError):
        kind = DivisionByZeroError if isinstance(error, ZeroDivisionError) else RangeError
    a, b = [*map(to_float, inputs), 0.0][:2]
    return op.failure(kind, a, b)
