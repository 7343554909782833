"""Random expressions, and a meaning for them that shares nothing with the engine: mpmath's."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import mpmath
from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    Function = Callable[..., Any]
    Step = list[Any]
    Program = list[Step]

mp = mpmath.mp

# Beyond these powers of e everything is above or below all floats, and mpmath takes long.
_ENDLESS = 10_000


def _exp(x: Any) -> Any:
    return mp.exp(max(-_ENDLESS, min(x, _ENDLESS)))


def _expm1(x: Any) -> Any:
    return mp.expm1(max(-_ENDLESS, min(x, _ENDLESS)))


def _power(a: Any, b: Any) -> Any:
    if a == 0 or b == 0 or abs(exponent := b * mp.log(abs(a))) < _ENDLESS:
        return mp.power(a, b)
    if a < 0 and b != mp.floor(b):
        return mp.nan
    return _exp(exponent) * (-1 if a < 0 and b % 2 == 1 else 1)


def _atan2(a: Any, b: Any) -> Any:
    return mp.atan2(a, b) if a or b else mp.zero


REFERENCES: Mapping[str, Function] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "div": lambda a, b: a / b,
    "pow": _power,
    "neg": lambda x: -x,
    "reciprocal": lambda x: 1 / x,
    "square": lambda x: x**2,
    "cube": lambda x: x**3,
    "cbrt": lambda x: mp.sign(x) * mp.cbrt(abs(x)),
    "hypot": lambda a, b: mp.sqrt(a**2 + b**2),
    "exp": _exp,
    "expm1": _expm1,
    "log": mp.ln,
    "log1p": lambda x: mp.log1p(x) if x > -1 else mp.nan,
    "log2": lambda x: mp.log(x) / mp.log(2),
    "log10": lambda x: mp.log(x) / mp.log(10),
    "atan2": _atan2,
    "acot": lambda x: mp.atan2(1, x),
    "sech": lambda x: 2 / (_exp(x) + _exp(-x)),
    "csch": lambda x: 2 / (_exp(x) - _exp(-x)) if abs(x) > 1 else 1 / mp.sinh(x),
    "sinh": lambda x: (_exp(x) - _exp(-x)) / 2 if abs(x) > 1 else mp.sinh(x),
    "cosh": lambda x: (_exp(x) + _exp(-x)) / 2,
    "sigmoid": lambda x: 1 / (1 + _exp(-x)),
    "softplus": lambda x: x + mp.log1p(_exp(-x)) if x > 0 else mp.log1p(_exp(x)),
    "relu": lambda x: x if x > 0 else 0 * x,
    "leaky_relu": lambda a, b: a if a > 0 else a * b,
    "elu": lambda x: x if x > 0 else _expm1(x),
    "silu": lambda x: x / (1 + _exp(-x)),
    "gelu": lambda x: x * mp.erfc(min(-x / mp.sqrt(2), _ENDLESS)) / 2,
    "erf": mp.erf,
    "softsign": lambda x: x / (1 + abs(x)),
    "abs": lambda x: x if x > 0 else -x,
    "sign": lambda x: mp.mpf((x > 0) - (x < 0)),
    "compare": lambda a, b: mp.mpf((a > b) - (a < b)),
    "step": lambda x: mp.mpf(x > 0),
    "round": mp.nint,
    "maximum": lambda a, b: a if a > b else b,
    "minimum": lambda a, b: a if a < b else b,
    "at_least": lambda a, b: a if a > b else b,
    "at_most": lambda a, b: a if a < b else b,
    "gate": lambda a, b: b if a > 0 else 0 * b,
}
"""What the operations mean, in mpmath's numbers; for those not here, mpmath's of the same name."""


def reference(name: str) -> Function | None:
    """What an operation means, as a function of mpmath's numbers; None where nobody has said."""
    found = REFERENCES.get(name) or getattr(mp, name, None)
    if found is None:
        return None

    def real(*point: Any) -> Any:
        """The value as a real number; nan where there is none."""
        try:
            value = found(*point)
        except (ZeroDivisionError, ValueError):
            return mp.nan
        return value if mp.isfinite(value) and not mp.im(value) else mp.nan

    return real


def digits_for(point: Sequence[float]) -> int:
    """The decimal digits that differences at `point` need, so as to keep some 30 themselves."""
    return 90 + sum(math.ceil(abs(math.log10(abs(x)))) for x in point if x)


def derivative(function: Function, point: Sequence[float], which: int = 0) -> Any:
    """d(function)/d(point[which]) by differences to some 30 digits; None at a kink or an edge."""
    with mp.workdps(max(mp.dps, digits_for(point))):
        at = [mp.mpf(x) for x in point]
        h = mp.mpf(10) ** -30 * (min(1, abs(at[which])) or 1)
        here = function(*at)
        above = function(*at[:which], at[which] + h, *at[which + 1 :])
        below = function(*at[:which], at[which] - h, *at[which + 1 :])
        halfway = function(*at[:which], at[which] + h / 2, *at[which + 1 :])
        right, left, closer = (above - here) / h, (here - below) / h, 2 * (halfway - here) / h
        smooth = max(abs(right - left), abs(right - closer)) <= 1e-18 + 1e-10 * abs(right)
        return (above - below) / (2 * h) if smooth else None


def second_derivative(function: Function, point: Sequence[float], i: int, j: int) -> Any:
    """d2(function)/d(point[i])d(point[j]) by differences; None at a kink or an edge."""
    with mp.workdps(2 * digits_for(point)):
        at = [mp.mpf(x) for x in point]
        h = mp.mpf(10) ** -12 * (min(1, abs(at[j])) or 1)
        slopes = [
            derivative(function, [*at[:j], at[j] + step, *at[j + 1 :]], i) for step in (h, 0, -h)
        ]
        if None in slopes:
            return None
        above, here, below = slopes
        right, left = (above - here) / h, (here - below) / h
        smooth = abs(right - left) <= 1e-6 * (1 + abs(right))
        return (above - below) / (2 * h) if smooth else None


# A program is a list of steps, each of which makes one node: ["leaf", number], ["number", number]
# or [operation, node, ...], where nodes are counted from 0. It is plain data: JSON holds it.


def run(
    program: Program, operations: Mapping[str, Function], leaf: Function, number: Function
) -> Iterator[Any]:
    """The nodes of a program one by one, in whatever numbers the functions given work with."""
    nodes: list[Any] = []
    for name, *operands in program:
        if name == "leaf":
            nodes.append(leaf(operands[0]))
        elif name == "number":
            nodes.append(number(operands[0]))
        else:
            nodes.append(operations[name](*(nodes[index] for index in operands)))
        yield nodes[-1]


def count_leaves(program: Program) -> int:
    """How many leaves a program has; they are its first steps."""
    return sum(1 for name, *_ in program if name == "leaf")


@st.composite
def programs(
    draw: st.DrawFn,
    arities: Mapping[str, int],
    numbers: st.SearchStrategy[float],
    max_steps: int = 12,
) -> Program:
    """Programs of the operations in `arities`, over a few leaves and constants from `numbers`."""
    program: Program = [["leaf", x] for x in draw(st.lists(numbers, min_size=1, max_size=3))]
    program += [["number", x] for x in draw(st.lists(numbers, max_size=1))]
    names = sorted(arities)
    for _ in range(draw(st.integers(1, max_steps))):
        name = draw(st.sampled_from(names))
        nodes = st.integers(0, len(program) - 1)
        program.append([name, *(draw(nodes) for _ in range(arities[name]))])
    return program
