"""Balls hold the true number, whatever rounding did; mpmath knows it to many more digits."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from typing import Any

import mpmath
import pytest
from flint import arb, fmpq
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd as ag
from autograd.marking import balls
from tests.expressions import reference

mp = mpmath.mp
FAILURES = (ValueError, ArithmeticError)
Drawn = tuple[int, int, int]  # a middle, a radius and an exponent of 2

EXACT = st.builds(lambda m, e: (m, 0, e), st.integers(-(1 << 20), 1 << 20), st.integers(-25, -14))
WIDE = st.builds(
    lambda m, r, e: (m << 160, r, e - 160),
    st.integers(-(1 << 20), 1 << 20),
    st.integers(0, 1 << 12),
    st.integers(-25, -14),
)
COARSE = st.builds(
    lambda m, r, e: (m, r, e), st.integers(-4000, 4000), st.integers(0, 400), st.just(-10)
)
BALLS = st.one_of(EXACT, WIDE, COARSE)


def ball(m: int, r: int, e: int) -> balls.Ball:
    scale = Fraction(2) ** e
    return balls.within(m * scale, r * scale)


def applied(name: str, *inputs: balls.Ball) -> balls.Ball:
    return balls.settled(balls.FUNCTIONS[name](*inputs))


def mpf(m: int, e: int) -> Any:
    return mp.mpf(m) * mp.mpf(2) ** e


def assert_holds(result: balls.Ball, true: Any) -> None:
    middle = balls.to_fraction(result)
    radius = balls.to_fraction(result.rad()) if isinstance(result, arb) else 0
    off = abs(true - mp.mpf(middle.numerator) / middle.denominator)
    assert off <= mp.mpf(radius) * (1 + mp.mpf(10) ** -8) + abs(true) * mp.mpf(10) ** -280


@settings(max_examples=80)
@pytest.mark.parametrize("name", balls.FUNCTIONS)
@given(data=st.data())
def test_the_true_value_is_in_the_ball(name: str, data: st.DataObject) -> None:
    exact = reference(name)
    assert exact is not None
    given_ = [data.draw(BALLS) for _ in range(ag.TABLE[name].arity)]
    try:
        with balls.precision(data.draw(st.sampled_from((180, 720)))):
            result = applied(name, *(ball(*each) for each in given_))
    except FAILURES:
        return
    with mp.workdps(300):
        for where in data.draw(st.permutations((-1, 0, 1))):
            inputs = [mpf(4 * m + where * 3 * r, e - 2) for m, r, e in given_]
            true = exact(*inputs)
            assert not mp.isnan(true)
            assert_holds(result, true)


STEPS = st.lists(
    st.tuples(st.sampled_from(sorted(balls.FUNCTIONS)), st.integers(0, 9), st.integers(0, 9)),
    max_size=8,
)


@given(st.lists(EXACT, min_size=2, max_size=3), STEPS)
def test_radii_grow_as_rounding_does(
    leaves: list[Drawn], steps: list[tuple[str, int, int]]
) -> None:
    with mp.workdps(300), balls.precision(180):
        found, true = [ball(*each) for each in leaves], [mpf(m, e) for m, _, e in leaves]
        for name, i, j in steps:
            places = [i % len(found), j % len(found)][: ag.TABLE[name].arity]
            try:
                result = applied(name, *(found[place] for place in places))
            except FAILURES:
                return
            size = abs(result)
            if balls.common_bits(result, result) < 100 or size > 2**2000 or 2**2000 * size < 1:
                return
            found.append(result)
            true.append(reference(name)(*(true[place] for place in places)))  # type: ignore[misc]
            assert_holds(result, true[-1])


def test_exact_arithmetic_stays_exact() -> None:
    two, minus_three = fmpq(2), fmpq(-3)
    assert applied("sub", two, fmpq(1)) == 1
    assert applied("pow", minus_three, two) == 9
    assert applied("pow", two, minus_three) == fmpq(1, 8)
    assert applied("relu", minus_three) == 0
    assert applied("mul", balls.ZERO, ball(5, 1, 0)) == 0
    assert balls.to_fraction(balls.from_fraction(Fraction(-64))) == -64
    assert applied("sqrt", fmpq(4)) == 2
    assert applied("div", fmpq(1), fmpq(3)) == fmpq(1, 3)
    assert applied("round", fmpq(5, 2)) == 2
    assert isinstance(applied("pow", fmpq(3), fmpq(4000)), arb)  # too long to be kept exactly


def test_written_digits_carry_through() -> None:
    half, third = (
        balls.within(Fraction(text), Fraction(radius))
        for text, radius in (("0.5", "0.05"), ("0.33", "0.005"))
    )

    def radius(result: balls.Ball) -> float:
        return float(result.rad())

    assert radius(applied("add", half, third)) == pytest.approx(0.055)
    product = applied("mul", half, third)
    assert radius(product) == pytest.approx(0.5 * 0.005 + 0.33 * 0.05 + 0.05 * 0.005)
    quotient = applied("div", fmpq(1), half)
    middle = balls.to_float(quotient)
    assert middle - radius(quotient) <= 1 / 0.55 <= 1 / 0.45 <= middle + radius(quotient)
    wide = balls.within(Fraction(1, 100), Fraction(1, 20))
    for name in ("reciprocal", "log", "sqrt", "sign", "step"):
        with pytest.raises(FAILURES):
            applied(name, wide)


def test_what_is_too_far_out_takes_no_time() -> None:
    far = fmpq(1 << 30)
    for name in ("exp", "sinh", "gelu", "expm1", "softplus"):
        with pytest.raises(FAILURES):
            applied(name, far * far)
    for base in (fmpq(3), fmpq(1, 3)):
        assert balls.is_far(applied("pow", base, far))
    tower = applied("exp", fmpq(1 << 15))
    for name in ("sin", "cos", "tan", "exp", "floor"):
        with pytest.raises(FAILURES):
            applied(name, tower)
    assert not applied("add", tower, fmpq(1)).is_exact()


def test_balls_that_lie_apart() -> None:
    with balls.precision(180):
        third = arb(fmpq(1, 3))
        assert not balls.are_apart(third, fmpq(1) / fmpq(3))
        assert balls.are_apart(third, third + arb(2) ** -170)
        assert balls.are_apart(balls.ZERO, fmpq(1, 1 << 10_000))
        assert not balls.are_apart(balls.ZERO, ball(1, 2, -10_000))
        assert balls.common_bits(third, third) > 170
        assert balls.common_bits(balls.ZERO, ball(0, 1, -60)) < 0


def test_threads_take_turns() -> None:
    def at(bits: int) -> bool:
        for _ in range(20):
            with balls.precision(bits):
                time.sleep(0)  # others may run
                third = 1 / arb(3)
                if not bits - 4 < third.rel_accuracy_bits() <= bits:
                    return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(at, (60, 180, 720, 2880)))


def test_the_precision_is_put_back() -> None:
    before = balls.ctx.prec
    assert ag.grade("$f(x) = x^2$\n\n$f'(x) = 2x$").entries[-1].verdict == "right"
    assert balls.ctx.prec == before
