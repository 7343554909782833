"""Balls hold the true number, whatever rounding did; mpmath knows it to sixty digits."""

from __future__ import annotations

import math

import mpmath
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd as ag
from autograd.verdicts.balls import Ball, Tangent, ball
from tests.expressions import REFERENCES

mp = mpmath.mp
NUMBERS = st.floats(-20, 20).filter(lambda x: x == 0 or abs(x) > 1e-3)
OPERATIONS = sorted(set(REFERENCES) - {"atan2"})
STEPS = st.lists(
    st.tuples(st.sampled_from(OPERATIONS), st.integers(0, 9), st.integers(0, 9)), max_size=8
)
SMOOTH = ("add", "sub", "mul", "div", "exp", "log", "tanh", "sigmoid", "sin", "sqrt", "pow")


@given(st.lists(NUMBERS, min_size=2, max_size=3), STEPS)
def test_the_true_value_is_in_the_ball(
    leaves: list[float], steps: list[tuple[str, int, int]]
) -> None:
    with mp.workdps(60):
        balls = [Ball(x) for x in leaves]
        true = [mp.mpf(x) for x in leaves]
        for name, i, j in steps:
            op = ag.TABLE[name]
            places = [i % len(balls), j % len(balls)][: op.arity]
            try:
                balls.append(op(*(balls[place] for place in places)))
            except ag.ChalkgradError:
                return
            if not math.isfinite(balls[-1].radius):
                return
            true.append(REFERENCES[name](*(true[place] for place in places)))
            assert abs(true[-1] - balls[-1].middle) <= balls[-1].radius * 1.01 + mp.mpf("1e-290")


def test_exact_arithmetic_stays_exact() -> None:
    assert (Ball(2.0) - 1).radius == 0.0
    assert (Ball(-3.0) ** (Ball(3.0) - 1)).middle == 9.0
    assert math.isfinite((Ball(-3.0) ** (Ball(3.0) - 1)).radius)
    assert ag.ops.relu(Ball(-2.0)).is_zero
    assert (Ball(0.0) * Ball(5.0, 1.0)).is_zero


def test_radii_of_written_digits_carry_through() -> None:
    half, third = Ball(0.5, 0.05), Ball(0.33, 0.005)
    assert (half + third).radius == pytest.approx(0.055)
    assert (half * third).radius == pytest.approx(0.5 * 0.005 + 0.33 * 0.05 + 0.05 * 0.005)
    quotient = 1 / half
    assert quotient.middle - quotient.radius <= 1 / 0.55 <= 1 / 0.45
    assert quotient.middle + quotient.radius >= 1 / 0.45
    assert math.isinf((1 / Ball(0.01, 0.05)).radius)
    assert math.isinf(ag.ops.log(Ball(0.01, 0.05)).radius)


@given(NUMBERS, NUMBERS, st.sampled_from(SMOOTH))
def test_a_tangent_is_the_derivative(x: float, y: float, name: str) -> None:
    op = ag.TABLE[name]
    a, b = ag.Value(x), ag.Value(y)
    try:
        node = op(a, b) if op.arity == 2 else op(a)
        expected = ag.differentiate(node * node, a).data
        tangents = [Tangent(Ball(x), Ball(1.0)), Tangent(Ball(y), Ball(0.0))][: op.arity]
        result = op(*tangents)
        slope = (result * result).slope
    except ag.ChalkgradError:
        return
    assert slope.middle == pytest.approx(expected, rel=1e-12, abs=1e-300)


def test_balls_work_with_plain_numbers_on_either_side() -> None:
    two = Ball(2.0)
    results = [1 + two, two + 1, 5 - two, two - 5, 3 * two, two * 3, 1 / two, two / 4, two**3]
    results += [2**two, -two]
    assert [r.middle for r in results] == [3, 3, 3, -3, 6, 6, 0.5, 0.5, 8, 4, -2]
    assert ball(two) is two
    assert repr(Ball(1.0, 0.5)) == "Ball(1.0, 0.5)"
