"""Numbers of fifty digits that know how far off they may be: a ball is every number within a radius.

A ball is (m ± r) 2^e in whole numbers, `(m, r, e)`; it has no largest or smallest size to speak of.
What is computed from balls holds whatever is computed from the numbers in them, so balls that lie
apart are different numbers. Functions here take the bits to work with, then balls; they raise
ValueError, ZeroDivisionError or OverflowError where the table's operations do, and also where a
ball is too wide to tell, or too far out to be worth its time.
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
    from collections.abc import Callable

    from autograd.ops import Operation

    Function: TypeAlias = Callable[..., "Raw"]

Raw: TypeAlias = tuple[int, int, int]

BITS: Final = 180  # some fifty digits, and a few to spare
_GUARD: Final = 6  # further bits for mpmath's functions, which are off in the last place
_FARTHEST: Final = 1 << 24  # exponents beyond are "undefined here": 10 to the power of 5 million
_NARROW: Final = 26  # bits: a ball this much smaller than its middle has next to constant slopes
_MOST_TIMES: Final = 1024  # powers up to this are multiplied out

ZERO: Final[Raw] = (0, 0, 0)
ONE: Final[Raw] = (1, 0, 0)
_TWO: Final[Raw] = (1, 0, 1)


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
    ma, ra, ea = a
    mb, rb, eb = b
    if not (mb or rb):
        return a
    if not (ma or ra):
        return b
    d = ea - eb
    if d < 0:
        ma, ra, ea, mb, rb, eb, d = mb, rb, eb, ma, ra, ea, -d
    if d > 4 * bits:  # nearly all of b is lost: its last bits are not written out
        raised = max(bits + 8 - ma.bit_length(), 0)
        dropped = max(d - raised, 0)
        raised = d - dropped
        if dropped:
            return _cut((ma << raised) + (mb >> dropped), (ra << raised) + (rb >> dropped) + 2,
                        ea - raised, bits)  # fmt: skip
    m = (ma << d) + mb
    surplus = m.bit_length() - bits
    if surplus > 0:
        return m >> surplus, (((ra << d) + rb) >> surplus) + 2, eb + surplus
    return m, (ra << d) + rb, eb


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
        if rb:
            raise ValueError
        raise ZeroDivisionError
    if not (ma or ra):
        return ZERO
    shift = max(bits + mb.bit_length() - ma.bit_length(), 0)
    m, rest = divmod(ma << shift, mb)
    r = 1 if rest else 0
    if ra or rb:
        r += ((ra << shift) + abs(m) * rb) // nearest + 1
    return _cut(m, r, ea - eb - shift, bits)


def sign(_: int, x: Raw) -> Raw:
    """-1, 0 or 1."""
    m, r, _e = x
    if abs(m) <= r:
        if r:
            raise ValueError
        return ZERO
    return ONE if m > 0 else (-1, 0, 0)


def is_above(x: Raw) -> bool:
    """Whether x > 0; ValueError where the ball does not tell."""
    return sign(0, x)[0] > 0


def from_fraction(bits: int, value: Fraction) -> Raw:
    """The ball of an exact number; without a radius where it has that few bits."""
    return div(bits, (value.numerator, 0, 0), (value.denominator, 0, 0))


def to_fraction(x: Raw) -> Fraction:
    """The exact middle of a ball."""
    m, _, e = x
    return Fraction(m << e) if e >= 0 else Fraction(m, 1 << -e)


def to_float(x: Raw) -> float:
    """The middle of a ball as a float, infinite where it is beyond them."""
    m, _, e = x
    surplus = max(m.bit_length() - 64, 0)
    try:
        return math.ldexp(m >> surplus, e + surplus)
    except OverflowError:
        return math.copysign(math.inf, m)


def magnitude(x: Raw) -> int:
    """The n for which 2^(n-1) <= |middle| < 2^n."""
    return x[0].bit_length() + x[2]


def are_apart(a: Raw, b: Raw) -> bool:
    """Whether two balls hold no number in common, and some way to spare."""
    bits = max(a[0].bit_length(), b[0].bit_length(), BITS) + 64
    m, r, _ = sub(bits, a, b)
    return abs(m) > 4 * r


def uncertainty(a: Raw, b: Raw) -> int:
    """How many bits the radii of two balls are below the larger of their middles."""
    if not a[1] and not b[1]:
        return _FARTHEST
    size = max(magnitude(x) for x in (a, b) if x[0]) if a[0] or b[0] else -_FARTHEST
    return size - max(x[1].bit_length() + x[2] for x in (a, b) if x[1])


class Ball:
    """A number known to within a radius, to be looked at from outside."""

    __slots__ = ("raw",)

    def __init__(self, raw: Raw) -> None:
        self.raw = raw

    @property
    def middle(self) -> mpmath.mpf:
        """The number."""
        return mpmath.mp.make_mpf(_to_mpf(self.raw))

    @property
    def radius(self) -> mpmath.mpf:
        """How far it may be off."""
        return mpmath.mp.make_mpf(_to_mpf((self.raw[1], 0, self.raw[2])))

    @property
    def is_zero(self) -> bool:
        """Whether it is exactly 0, as what comes from a branch not taken."""
        return not (self.raw[0] or self.raw[1])

    def differs_from(self, other: Ball) -> bool:
        """Whether the two are surely different numbers."""
        return are_apart(self.raw, other.raw)

    def __float__(self) -> float:
        return to_float(self.raw)

    def __repr__(self) -> str:
        return f"Ball({mpmath.nstr(self.middle, 15)} ± {mpmath.nstr(self.radius, 2)})"


# Functions of mpmath: monotone ones by the ends of a ball, others by a bound on their slope.


def _to_mpf(x: Raw) -> Any:
    return libmp.from_man_exp(x[0], x[2])


def _from_mpf(value: Any, bits: int) -> Raw:
    negative, man, exponent, size = value
    if not man:
        if exponent:
            raise ValueError  # infinite, or not a number
        return ZERO
    raised = max(bits + _GUARD - size, 0)
    m = int(man) << raised
    return _cut(-m if negative else m, 4, exponent - raised, bits)


def _wider(y: Raw, slope: Raw, r: int, e: int) -> Raw:
    """The ball with what a radius r 2^e of the input comes to at a slope."""
    m, radius, exponent = y
    grown = (abs(slope[0]) + slope[1]) * r
    shift = slope[2] + e - exponent
    if shift > 4 * BITS + m.bit_length():
        raise ValueError
    return _cut(m, radius + (grown << shift if shift > 0 else (grown >> -shift) + 1), exponent,
                max(m.bit_length(), 1))  # fmt: skip


def _from_mpmath(function: Callable[..., Any], steepest: Function | None = None) -> Function:
    def at(bits: int, x: Raw) -> Raw:
        m, r, e = x
        y = _from_mpf(function(libmp.from_man_exp(m, e), bits + _GUARD), bits)
        if not r:
            return y
        if steepest and r.bit_length() + _NARROW < m.bit_length():
            return _wider(y, steepest(bits, x, y), r, e)
        ends = (_from_mpf(function(libmp.from_man_exp(m + end, e), bits + _GUARD), bits)
                for end in (r, -r))  # fmt: skip
        return _over(bits, y, *ends)

    return at


def _over(bits: int, y: Raw, *ends: Raw) -> Raw:
    """The ball around y that reaches to each of the ends."""
    for end in ends:
        m, r, e = sub(bits, end, y)
        y = _wider(y, ONE, abs(m) + r, e)
    return y


def _within(limit: int, function: Function) -> Function:
    """The function of inputs below 2^limit: larger ones are too far out."""

    def at(bits: int, x: Raw) -> Raw:
        if magnitude(x) > limit:
            raise OverflowError
        return function(bits, x)

    return at


def _lipschitz(function: Callable[..., Any]) -> Function:
    """A function of mpmath whose slope is nowhere steeper than 1."""

    def at(bits: int, x: Raw) -> Raw:
        m, r, e = x
        y = _from_mpf(function(libmp.from_man_exp(m, e), bits + _GUARD), bits)
        return _wider(y, ONE, r, e) if r else y

    return at


exp: Final = _within(23, _from_mpmath(libmp.mpf_exp, lambda bits, x, y: (y[0], y[1], y[2] + 1)))
_positive_log: Final = _from_mpmath(libmp.mpf_log, lambda bits, x, y: div(32, _TWO, x))
_sin: Final = _within(600, _lipschitz(libmp.mpf_sin))
_cos: Final = _within(600, _lipschitz(libmp.mpf_cos))
_tanh: Final = _lipschitz(libmp.mpf_tanh)
_erfc: Final = _within(12, _from_mpmath(libmp.mpf_erfc))
_cosh: Final = _within(23, _from_mpmath(libmp.mpf_cosh))
_sinh: Final = _within(23, _from_mpmath(libmp.mpf_sinh))
_asin: Final = _from_mpmath(libmp.mpf_asin)
_acos: Final = _from_mpmath(libmp.mpf_acos)
_asinh: Final = _from_mpmath(libmp.mpf_asinh)
_acosh: Final = _from_mpmath(libmp.mpf_acosh)
_atanh: Final = _from_mpmath(libmp.mpf_atanh)
_atan: Final = _lipschitz(libmp.mpf_atan)


def pi(bits: int) -> Raw:
    """Pi."""
    return _from_mpf(libmp.mpf_pi(bits + _GUARD), bits)


def log(bits: int, x: Raw) -> Raw:
    """The natural logarithm."""
    if x[0] <= x[1]:
        raise ValueError
    return _positive_log(bits, x)


def _sqrt(bits: int, x: Raw) -> Raw:
    m, r, e = x
    if m <= r:
        if m or r:
            raise ValueError
        return ZERO
    shift = max(2 * bits - m.bit_length(), 0)
    shift += (e - shift) & 1
    root = math.isqrt(m << shift)
    spread = (r << shift) // root + 1 if r else 0  # twice what it is for a narrow ball
    return _cut(root, spread + (root * root != m << shift), (e - shift) // 2, bits)


def _tiny(function: Function) -> Function:
    """A function that is x for small x: there it takes the more bits, so as to keep its digits."""

    def at(bits: int, x: Raw) -> Raw:
        below = max(-magnitude(x), 0)
        if below <= bits:
            return function(bits + below, x)
        m, r, e = mul(8, x, x)
        return _wider(x, ONE, abs(m) + r, e) if x[0] else x

    return at


_expm1: Final = _tiny(lambda bits, x: sub(bits, exp(bits, x), ONE))
_log1p: Final = _tiny(lambda bits, x: log(bits, add(bits, ONE, x)))


def _softplus(bits: int, x: Raw) -> Raw:
    tail = _log1p(bits, exp(bits, (-abs(x[0]), x[1], x[2])))
    return add(bits, x, tail) if x[0] > 0 else tail


def _sigmoid(bits: int, x: Raw) -> Raw:
    return div(bits, ONE, add(bits, ONE, exp(bits, neg(bits, x))))


def _gelu(bits: int, x: Raw) -> Raw:
    scaled = neg(bits, div(bits, x, _sqrt(bits, _TWO)))
    m, r, e = mul(bits, x, _erfc(bits, scaled))
    return m, r, e - 1


def _power(bits: int, a: Raw, b: Raw) -> Raw:
    m, r, e = b
    n = m << e if e >= 0 else m >> -e
    if r == 0 and (e >= 0 or n << -e == m):
        return _whole_power(bits, a, n)
    if not (a[0] or a[1]):
        if is_above(b):
            return ZERO
        raise ZeroDivisionError
    wide = bits + 32  # the exponent's digits before its point are lost to those after it
    return _cut(*exp(wide, mul(wide, b, log(wide, a))), bits)


def _whole_power(bits: int, a: Raw, n: int) -> Raw:
    if n == 0:
        return ONE
    if n < 0 and not a[0] and not a[1]:
        raise ZeroDivisionError
    if abs(n) > _MOST_TIMES and (a[0] or a[1]):
        size = _power(bits, (abs(a[0]), a[1], a[2]), (2 * n + 1, 0, -1)) if n.bit_length() < 30 else None
        if size is None:
            raise OverflowError
        size = div(bits, size, _sqrt(bits, (abs(a[0]), a[1], a[2])))
        return neg(bits, size) if a[0] < 0 and n & 1 else size
    result, square, left = ONE, a, abs(n)
    while True:
        if left & 1:
            result = mul(bits + 16, result, square)
        left >>= 1
        if not left:
            break
        square = mul(bits + 16, square, square)
    return div(bits, ONE, result) if n < 0 else _cut(*result, bits)


def _hypot(bits: int, a: Raw, b: Raw) -> Raw:
    return _sqrt(bits, add(bits, mul(bits, a, a), mul(bits, b, b)))


def _atan2(bits: int, a: Raw, b: Raw) -> Raw:
    if not (a[0] or a[1] or b[0] or b[1]):
        return ZERO
    if b[0] < 0 and abs(a[0]) <= a[1] > 0:
        raise ValueError  # on either side of the cut
    y = _from_mpf(libmp.mpf_atan2(_to_mpf(a), _to_mpf(b), bits + _GUARD), bits)
    steepest = div(32, _TWO, _hypot(64, a, b))
    return _wider(_wider(y, steepest, a[1], a[2]), steepest, b[1], b[2])


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
        ends = {how(to_fraction((m + end, 0, e))) for end in (-r, r)}
        if len(ends) > 1:
            raise ValueError
        return ends.pop(), 0, 0

    return _within(600, at)


def _of_reciprocal(function: Function) -> Function:
    return lambda bits, x: function(bits, div(bits, ONE, x))


def _reciprocal(function: Function) -> Function:
    return lambda bits, x: div(bits, ONE, function(bits, x))


FUNCTIONS: Final[dict[str, Function]] = {
    "add": add,
    "sub": sub,
    "mul": mul,
    "div": div,
    "pow": _power,
    "neg": neg,
    "reciprocal": lambda bits, x: div(bits, ONE, x),
    "square": lambda bits, x: mul(bits, x, x),
    "cube": lambda bits, x: mul(bits, mul(bits, x, x), x),
    "sqrt": _sqrt,
    "hypot": _hypot,
    "exp": exp,
    "expm1": _expm1,
    "log": log,
    "log1p": _log1p,
    "log2": lambda bits, x: div(bits, log(bits, x), log(bits, _TWO)),
    "log10": lambda bits, x: div(bits, log(bits, x), log(bits, (10, 0, 0))),
    "sin": _sin,
    "cos": _cos,
    "tan": lambda bits, x: div(bits, _sin(bits, x), _cos(bits, x)),
    "sec": _reciprocal(_cos),
    "csc": _reciprocal(_sin),
    "cot": lambda bits, x: div(bits, _cos(bits, x), _sin(bits, x)),
    "asin": _asin,
    "acos": _acos,
    "atan": _atan,
    "atan2": _atan2,
    "asec": _of_reciprocal(_acos),
    "acsc": _of_reciprocal(_asin),
    "acot": _of_reciprocal(_atan),
    "sinh": _sinh,
    "cosh": _cosh,
    "tanh": _tanh,
    "sech": _reciprocal(_cosh),
    "csch": _reciprocal(_sinh),
    "coth": _reciprocal(_tanh),
    "asinh": _asinh,
    "acosh": _acosh,
    "atanh": _atanh,
    "asech": _of_reciprocal(_acosh),
    "acsch": _of_reciprocal(_asinh),
    "acoth": _of_reciprocal(_atanh),
    "sigmoid": _sigmoid,
    "softplus": _softplus,
    "relu": lambda bits, x: _larger(bits, x, ZERO),
    "leaky_relu": lambda bits, a, b: a if is_above(a) else mul(bits, a, b),
    "elu": lambda bits, x: x if is_above(x) else _expm1(bits, x),
    "silu": lambda bits, x: mul(bits, x, _sigmoid(bits, x)),
    "gelu": _gelu,
    "erf": _from_mpmath(libmp.mpf_erf),
    "softsign": lambda bits, x: div(bits, x, add(bits, ONE, _abs(bits, x))),
    "abs": _abs,
    "sign": sign,
    "step": lambda bits, x: ONE if is_above(x) else ZERO,
    "floor": _rounded(math.floor),
    "round": _rounded(round),
    "compare": lambda bits, a, b: sign(bits, sub(bits, a, b)),
    "maximum": _larger,
    "minimum": _smaller,
    "at_least": _larger,
    "at_most": _smaller,
    "gate": lambda _, a, b: b if is_above(a) else ZERO,
}
"""The operations of the table by name."""


def is_own(op: Operation) -> bool:
    """Whether an operation is a user's own, of which only floats are known."""
    return ops.TABLE.get(op.name) is not op


@lru_cache(maxsize=1024)
def function_of(op: Operation) -> Function:
    """What an operation does with balls. A user's own is evaluated in floats, for what they tell."""
    if not is_own(op):
        return FUNCTIONS[op.name]

    def at(_: int, *inputs: Raw) -> Raw:
        middles = [to_float(x) for x in inputs]
        y = from_float(op.evaluate(*middles))
        for place, x in enumerate(inputs):
            step = max(abs(middles[place]) * 2.0**-51, math.ldexp(x[1], x[2]), 2.0**-1074)
            for moved in (middles[place] - step, middles[place] + step):
                there = op.evaluate(*middles[:place], moved, *middles[place + 1 :])
                y = _over(BITS, y, from_float(there))
        return _wider(y, ONE, abs(y[0]), y[2] - 51)

    return at


def from_float(value: float) -> Raw:
    """The ball of a float, which is exact."""
    if not math.isfinite(value):
        raise OverflowError
    numerator, denominator = value.as_integer_ratio()
    return numerator, 0, 1 - denominator.bit_length()


def failure(op: Operation, error: Exception, inputs: list[Raw]) -> ChalkgradError:
    """The error that the operation itself raises for such inputs."""
    if isinstance(error, ChalkgradError):
        return error
    kind: type[ChalkgradError] = DomainError
    if isinstance(error, ZeroDivisionError):
        kind = DivisionByZeroError
    elif isinstance(error, OverflowError):
        kind = RangeError
    a, b = [*map(to_float, inputs), 0.0][:2]
    return op.failure(kind, a, b)
