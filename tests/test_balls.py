"""Balls hold the true number, whatever rounding did; mpmath knows it to many more digits."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import mpmath
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd as ag
from autograd.marking import balls
from tests.expressions import reference

mp = mpmath.mp
FAILURES = (ValueError, ArithmeticError)

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


def mpf(m: int, e: int) -> Any:
    return mp.mpf(m) * mp.mpf(2) ** e


def assert_holds(ball: balls.Raw, true: Any) -> None:
    m, r, e = ball
    assert abs(true - mpf(m, e)) <= mpf(r, e) + abs(true) * mp.mpf(10) ** -280


@settings(max_examples=80)
@pytest.mark.parametrize("name", balls.FUNCTIONS)
@given(data=st.data())
def test_the_true_value_is_in_the_ball(name: str, data: st.DataObject) -> None:
    exact = reference(name)
    assert exact is not None
    given_ = [data.draw(BALLS) for _ in range(ag.TABLE[name].arity)]
    try:
        result = balls.FUNCTIONS[name](data.draw(st.sampled_from((180, 720))), *given_)
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
    leaves: list[balls.Raw], steps: list[tuple[str, int, int]]
) -> None:
    with mp.workdps(300):
        found, true = [*leaves], [mpf(m, e) for m, _, e in leaves]
        for name, i, j in steps:
            places = [i % len(found), j % len(found)][: ag.TABLE[name].arity]
            try:
                result = balls.FUNCTIONS[name](180, *(found[place] for place in places))
            except FAILURES:
                return
            if balls.common_bits(result, result) < 100 or abs(result[2]) > 2000:
                return
            found.append(result)
            true.append(reference(name)(*(true[place] for place in places)))  # type: ignore[misc]
            assert_holds(result, true[-1])


def test_exact_arithmetic_stays_exact() -> None:
    two, minus_three = (2, 0, 0), (-3, 0, 0)
    assert balls.sub(180, two, balls.ONE) == balls.ONE
    assert balls.FUNCTIONS["pow"](180, minus_three, two) == (9, 0, 0)
    assert balls.FUNCTIONS["relu"](180, minus_three) == balls.ZERO
    assert balls.mul(180, balls.ZERO, (5, 1, 0)) == balls.ZERO
    assert balls.to_fraction(balls.from_fraction(180, Fraction(-64))) == -64
    assert balls.from_fraction(180, Fraction(-64))[1] == 0
    assert balls.FUNCTIONS["sqrt"](180, (4, 0, 0))[1] == 0


def test_written_digits_carry_through() -> None:
    half, third = (
        balls.within(Fraction(text), Fraction(radius))
        for text, radius in (("0.5", "0.05"), ("0.33", "0.005"))
    )

    def radius(ball: balls.Raw) -> float:
        return balls.to_float((ball[1], 0, ball[2]))

    assert radius(balls.add(180, half, third)) == pytest.approx(0.055)
    product = balls.mul(180, half, third)
    assert radius(product) == pytest.approx(0.5 * 0.005 + 0.33 * 0.05 + 0.05 * 0.005)
    quotient = balls.div(180, balls.ONE, half)
    middle = balls.to_float(quotient)
    assert middle - radius(quotient) <= 1 / 0.55 <= 1 / 0.45 <= middle + radius(quotient)
    wide = balls.within(Fraction(1, 100), Fraction(1, 20))
    for name in ("reciprocal", "log", "sqrt", "sign", "step"):
        with pytest.raises(FAILURES):
            balls.FUNCTIONS[name](180, wide)


def test_what_is_too_far_out_takes_no_time() -> None:
    far = (1, 0, 30)
    for name in ("exp", "sinh", "gelu", "expm1", "softplus"):
        with pytest.raises(FAILURES):
            balls.FUNCTIONS[name](180, balls.mul(180, far, far))
    with pytest.raises(OverflowError):
        balls.FUNCTIONS["pow"](180, (3, 0, 0), far)
    tower = balls.FUNCTIONS["exp"](180, (1, 0, 15))
    for name in ("sin", "cos", "tan", "exp", "floor"):
        with pytest.raises(FAILURES):
            balls.FUNCTIONS[name](180, tower)
    assert balls.add(180, tower, balls.ONE)[1] > 0


def test_balls_that_lie_apart() -> None:
    third = balls.from_fraction(180, Fraction(1, 3))
    assert not balls.are_apart(third, balls.div(180, balls.ONE, (3, 0, 0)))
    assert balls.are_apart(third, balls.add(180, third, (1, 0, -170)))
    assert balls.are_apart(balls.ZERO, (1, 0, -10_000))
    assert not balls.are_apart(balls.ZERO, (1, 2, -10_000))
    assert balls.common_bits(third, third) > 170
    assert balls.common_bits(balls.ZERO, (0, 1, -60)) < 0
