"""exact=False: exp, log, tanh and sigmoid within one unit in the last place of mpmath's."""

from __future__ import annotations

import math
import random
from typing import TYPE_CHECKING, Any

import mpmath
import pytest

from autograd import TABLE, Value, compile, native_available

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.skipif(not native_available(), reason="llvmlite is not installed")

mp = mpmath.mp

MEANINGS: dict[str, Callable[[Any], Any]] = {
    "exp": mp.exp,
    "log": mp.log,
    "tanh": mp.tanh,
    "sigmoid": lambda x: 1 / (1 + mp.exp(-x)),
}
SPECIAL = {
    "exp": [0.0, -0.0, 709.78, -708.4, -720.3, -744.9, -745.2, -800.0, 5e-324],
    "log": [5e-324, 1e-310, 2.0**-1022, 0.5, math.nextafter(1, 0), 1.0, 1 + 2.0**-52, 1.7e308],
    "tanh": [0.0, -0.0, 5e-324, -1e-310, 19.06, 22.0, -30.0, 1e300],
    "sigmoid": [0.0, -0.0, 40.0, 800.0, -36.7, -700.0, -700.1, -720.0, -745.0, -800.0],
}  # fmt: skip


def points(name: str) -> list[float]:
    draw = random.Random(1)
    found = list(SPECIAL[name])
    for _ in range(1500):
        wide = math.ldexp(draw.uniform(1, 2), draw.randint(-1074, 1023))
        if name == "log":
            found += [wide, draw.uniform(0.1, 10), 1 + 1e-3 * draw.gauss(0, 1)]
        else:
            small = math.ldexp(draw.uniform(-1, 1), draw.randint(-60, 4))
            found += [small, draw.uniform(-40, 40), draw.uniform(-708, 708)]
    return found


@pytest.mark.parametrize("name", MEANINGS)
def test_within_one_ulp_and_the_same_in_every_lane(name: str) -> None:
    x = Value(0.5, "x")
    program = compile(TABLE[name](x), [x], exact=False)
    numbers = points(name)
    found = program.map([[number] for number in numbers])
    with mp.workdps(40):
        for number, value in zip(numbers, found, strict=True):
            true = MEANINGS[name](mp.mpf(number))
            assert abs(value - true) <= math.ulp(float(true)), (number, value)
    assert [program(number) for number in numbers[:200]] == found[:200]
    assert program._machine is not None
    program._machine.optimise("map")
    assert program.map([[number] for number in numbers]) == found


@pytest.mark.parametrize("name", MEANINGS)
def test_gradients_are_as_close(name: str) -> None:
    x = Value(0.5, "x")
    exact, quick = (compile(TABLE[name](x), [x], [x], exact=e) for e in (True, False))
    for number in (0.25, 1.5, 3.0):
        assert quick.grad(number) == pytest.approx(exact.grad(number), rel=1e-14)


def test_errors_stay() -> None:
    x = Value(0.5, "x")
    for name, number in [("exp", 1000.0), ("log", 0.0), ("log", -1.0), ("tanh", math.nan)]:
        with pytest.raises(ValueError if name != "exp" else OverflowError, match=r"exp|log|nan"):
            compile(TABLE[name](x), [x], exact=False)(number)
