"""exp, log, tanh and sigmoid on all lanes at once, within 1 ulp: what `exact=False` asks for.

exp(x) is 2^n exp(r) with r = x - n ln 2 in two doubles, exp(r) - 1 a polynomial; tanh and sigmoid
are quotients of two such sums of two doubles each, divided with one correction. log is fdlibm's.
All of it is straight-line, with fused multiply-adds where they are written: the same bits in one
lane and in eight.
"""

from __future__ import annotations

import math
import struct
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["FAST", "fast_function"]

_MAGIC: Final = 1.5 * 2.0**52  # added, it leaves a whole number in the low bits
_LN2: Final = (float.fromhex("0x1.62e42fefa0000p-1"), float.fromhex("0x1.cf79abc9e3b39p-40"))
_TERMS: Final = [1.0 / math.factorial(n) for n in range(2, 15)]  # of (exp(r) - 1 - r) / r^2
_LG: Final = [
    0.6666666666666735130, 0.3999999999940941908, 0.2857142874366239149, 0.2222219843214978396,
    0.1818357216161805012, 0.1531383769920937332, 0.1479819860511658591,
]  # fmt: skip


class _Lines:
    """LLVM lines on vectors, one an operation: `v("fadd", a, b)` gives the result's name."""

    def __init__(self, lanes: int) -> None:
        self.lanes = lanes
        self.double = f"<{lanes} x double>" if lanes > 1 else "double"
        self.whole = f"<{lanes} x i64>" if lanes > 1 else "i64"
        self.truth = f"<{lanes} x i1>" if lanes > 1 else "i1"
        self.suffix = f"v{lanes}f64" if lanes > 1 else "f64"
        self.made: list[str] = []

    def _put(self, text: str) -> str:
        self.made.append(f"  %q{len(self.made)} = {text}")
        return f"%q{len(self.made) - 1}"

    def number(self, x: float) -> str:
        text = "0x" + struct.pack(">d", x).hex().upper()
        return f"splat (double {text})" if self.lanes > 1 else text

    def _of(self, x: str | float) -> str:
        return x if isinstance(x, str) else self.number(x)

    def __call__(self, name: str, *inputs: str | float) -> str:
        return self._put(f"{name} {self.double} {', '.join(map(self._of, inputs))}")

    def call(self, name: str, *inputs: str | float) -> str:
        given = ", ".join(f"{self.double} {self._of(x)}" for x in inputs)
        return self._put(f"call {self.double} @llvm.{name}.{self.suffix}({given})")

    def choose(self, condition: str, a: str | float, b: str | float) -> str:
        return self._put(
            f"select {self.truth} {condition}, {self.double} {self._of(a)}, "
            f"{self.double} {self._of(b)}"
        )

    def bits(self, name: str, a: str, b: int) -> str:
        other = f"splat (i64 {b})" if self.lanes > 1 else str(b)
        return self._put(f"{name} {self.whole} {a}, {other}")

    def to_bits(self, x: str) -> str:
        return self._put(f"bitcast {self.double} {x} to {self.whole}")

    def from_bits(self, x: str) -> str:
        return self._put(f"bitcast {self.whole} {x} to {self.double}")

    def fma(self, a: str | float, b: str | float, c: str | float) -> str:
        return self.call("fma", a, b, c)

    def two_sum(self, a: str | float, b: str | float) -> tuple[str, str]:
        """The sum of two numbers, the first the larger, and what it lost by rounding."""
        total = self("fadd", a, b)
        return total, self("fsub", b, self("fsub", total, a))

    def quotient(self, a: tuple[str, str], b: tuple[str, str]) -> str:
        """A sum of two doubles by another, rounded once but for a little."""
        first = self("fdiv", a[0], b[0])
        rest = self.fma(self("fneg", first), b[0], a[0])
        rest = self("fadd", self.fma(self("fneg", first), b[1], rest), a[1])
        return self("fadd", first, self("fdiv", rest, b[0]))


def _reduced(v: _Lines, x: str) -> tuple[str, str, str]:
    """(bits of n, s, c) with e^x = 2^n (1 + s + c)."""
    shifted = v("fadd", v("fmul", x, 1.0 / math.log(2.0)), _MAGIC)
    n = v("fsub", shifted, _MAGIC)
    high = v.fma(n, -_LN2[0], x)
    r = v.fma(n, -_LN2[1], high)
    lost = v.fma(n, -_LN2[1], v("fsub", high, r))
    polynomial = v.number(_TERMS[-1])
    for term in reversed(_TERMS[:-1]):
        polynomial = v.fma(polynomial, r, term)
    rest = v.fma(v("fmul", r, r), polynomial, v.fma(lost, r, lost))
    return v.to_bits(shifted), r, rest


def _power(v: _Lines, n: str) -> str:
    """2^n for n from -1022 to 1023, whose number stands in the low bits."""
    return v.from_bits(v.bits("shl", v.bits("add", n, 1023), 52))


def _halves(v: _Lines, n: str) -> tuple[str, str]:
    """2^n as two factors, for n beyond."""
    signed = v.bits("ashr", v.bits("shl", n, 32), 32)
    half = v.bits("ashr", signed, 1)
    rest = v._put(f"sub {v.whole} {signed}, {half}")
    return _power(v, half), _power(v, rest)


def _exp(v: _Lines, x: str) -> str:
    x = v.choose(v("fcmp ogt", x, 710.0), 710.0, x)
    x = v.choose(v("fcmp olt", x, -746.0), -746.0, x)
    n, s, c = _reduced(v, x)
    one, lost = v.two_sum(1.0, s)
    first, second = _halves(v, n)
    return v("fmul", v("fmul", v("fadd", one, v("fadd", lost, c)), first), second)


def _log(v: _Lines, x: str) -> str:
    small = v("fcmp olt", x, 2.0**-1022)
    scaled = v.choose(small, v("fmul", x, 2.0**54), x)
    bits = v.bits("add", v.to_bits(scaled), 0x3FF0000000000000 - 0x3FE6A09E00000000)
    k = v._put(f"sitofp {v.whole} {v.bits('sub', v.bits('lshr', bits, 52), 1023)} to {v.double}")
    k = v("fsub", k, v.choose(small, 54.0, 0.0))
    mantissa = v.bits("add", v.bits("and", bits, 0x000FFFFFFFFFFFFF), 0x3FE6A09E00000000)
    f = v("fsub", v.from_bits(mantissa), 1.0)
    s = v("fdiv", f, v("fadd", f, 2.0))
    z = v("fmul", s, s)
    polynomial = v.number(_LG[-1])
    for term in reversed(_LG[:-1]):
        polynomial = v.fma(polynomial, z, term)
    half = v("fmul", v("fmul", f, 0.5), f)
    inner = v.fma(s, v.fma(z, polynomial, half), v("fmul", k, 1.90821492927058770002e-10))
    found = v.fma(k, 6.93147180369123816490e-01, v("fsub", f, v("fsub", half, inner)))
    found = v.choose(v("fcmp oeq", x, math.inf), math.inf, found)
    found = v.choose(v("fcmp oeq", x, 0.0), -math.inf, found)
    return v.choose(v("fcmp ult", x, 0.0), math.nan, found)


def _tanh(v: _Lines, x: str) -> str:
    size = v.call("fabs", x)
    size = v.choose(v("fcmp ogt", size, 22.0), 22.0, size)
    n, s, c = _reduced(v, v("fadd", size, size))
    power = _power(v, n)
    a, b = v("fsub", power, 1.0), v("fmul", power, s)
    total = v("fadd", a, b)  # of which is the larger depends on n
    part = v("fsub", total, a)
    lost = v("fadd", v("fsub", a, v("fsub", total, part)), v("fsub", b, part))
    above = v.two_sum(total, v("fadd", lost, v("fmul", power, c)))
    two, rest = v("fadd", above[0], 2.0), above[1]
    part = v("fsub", two, above[0])
    lost = v("fadd", v("fsub", above[0], v("fsub", two, part)), v("fsub", 2.0, part))
    return v.call("copysign", v.quotient(above, (two, v("fadd", lost, rest))), x)


def _sigmoid(v: _Lines, x: str) -> str:
    size = v("fneg", v.call("fabs", x))
    size = v.choose(v("fcmp olt", size, -746.0), -746.0, size)
    n, s, c = _reduced(v, size)
    one, lost = v.two_sum(1.0, s)
    one, rest = v.two_sum(one, v("fadd", lost, c))
    first, second = _halves(v, n)
    power = v("fmul", first, second)
    e, e_rest = v("fmul", one, power), v("fmul", rest, power)
    below, below_rest = v.two_sum(1.0, e)
    negative = v("fcmp olt", x, 0.0)
    # For a denormal e the parts are not apart any more: there it is e itself.
    tiny = v("fcmp olt", x, -700.0)
    above = (v.choose(negative, e, 1.0), v.choose(negative, e_rest, 0.0))
    quotient = v.quotient(above, (below, v("fadd", below_rest, e_rest)))
    whole = v("fmul", v("fmul", v("fadd", one, rest), first), second)
    return v.choose(tiny, whole, quotient)


FAST: Final[dict[str, Callable[[_Lines, str], str]]] = {
    "exp": _exp,
    "log": _log,
    "tanh": _tanh,
    "logistic": _sigmoid,
}
"""What there is, by the instruction's name."""


def fast_function(name: str, lanes: int) -> str:
    """`@fast_name_lanes`, for so many lanes."""
    v = _Lines(lanes)
    result = FAST[name](v, "%x")
    body = "\n".join(v.made)
    return (
        f"define internal {v.double} @fast_{name}_{lanes}({v.double} %x) noinline nounwind {{\n"
        f"{body}\n  ret {v.double} {result}\n}}\n"
    )
