"""autograd/taylor.py: coefficients by series, against mpmath's and against nested derivatives."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING

import mpmath
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd
from autograd import (
    TABLE,
    ArgumentError,
    GradientError,
    NotANumberError,
    Value,
    grad,
    hypot,
    tanh,
    taylor,
    where,
)
from tests.expressions import reference

if TYPE_CHECKING:
    from autograd import Operation

mp = mpmath.mp
ORDER = 8
POINTS = [-2.3, -0.4, 0.3, 0.8, 1.7, 3.1]


def expected(function, x):
    """mpmath's coefficients at a plain number, nan where the function has none around it."""
    with mp.workdps(60):
        try:
            return [float(mp.re(c)) for c in mp.taylor(function, mp.mpf(x), ORDER)]
        except (ValueError, ZeroDivisionError, TypeError):
            return [math.nan]


def close(found, true):
    size = max(map(abs, true))
    return all(
        abs(a - b) <= 1e-11 * max(abs(b), 1e-3 * size) for a, b in zip(found, true, strict=True)
    )


LINES = {
    1: [lambda h: (h,)],
    2: [lambda h: (h, 2.5), lambda h: (2.5, h), lambda h: (h, h * h + 1.25)],
}


@pytest.mark.parametrize("op", [pytest.param(op, id=name) for name, op in TABLE.items()])
def test_every_operation_has_its_series(op: Operation) -> None:
    """Along lines through its inputs; round() and floor() where they are constant around."""
    meant = reference(op.name)
    checked = 0
    for x, line in itertools.product(POINTS, LINES[op.arity]):
        true = expected(lambda h, line=line: meant(*line(h)), x)
        if all(map(math.isfinite, true)):
            assert close(taylor(lambda h, line=line: op(*line(h)), x, ORDER), true), x
            checked += 1
    assert checked > 0


@given(x=st.floats(-2, 2), order=st.integers(0, 4))
def test_coefficients_are_the_derivatives_over_factorials(x: float, order: int) -> None:
    def function(v):
        return tanh(v * 3) * autograd.exp(-v) + hypot(v, 1.5) ** 1.5

    derivative = function
    for _ in range(order):
        derivative = grad(derivative)
    true = float(derivative(x)) / math.factorial(order)
    assert taylor(function, x, order)[-1] == pytest.approx(true, rel=1e-9, abs=1e-9)


def test_a_high_order_costs_little_where_nested_derivatives_explode() -> None:
    found = taylor(tanh, 0.25, 200)
    h = 0.125
    assert math.fsum(c * h**k for k, c in enumerate(found)) == pytest.approx(
        math.tanh(0.375), 1e-14
    )


def test_a_branch_not_taken_spoils_nothing_and_kinks_follow_the_derivatives() -> None:
    assert taylor(lambda x: where(x, x.sqrt(), x), 0.0, 3) == [0.0, 1.0, 0.0, 0.0]
    assert taylor(abs, 0.0, 2) == [0.0, 0.0, 0.0]
    assert taylor(lambda x: (x - 1) ** 3, 1.0, 4) == [0.0, 0.0, 0.0, 1.0, 0.0]
    assert taylor(lambda x: (x - 1) ** 0, 1.0, 2) == [1.0, 0.0, 0.0]


def test_powers_at_zero_have_the_coefficients_that_exist() -> None:
    assert taylor(lambda x: x**0.5, 0.0, 0) == [0.0]
    assert taylor(lambda x: x**1.5, 0.0, 1) == [0.0, 0.0]
    assert taylor(lambda x: (2 * x + x * x) ** 2.5, 0.0, 2) == [0.0, 0.0, 0.0]
    assert taylor(lambda x: where(x - 1, x**0.5, x), 0.0, 2) == [0.0, 1.0, 0.0]
    assert taylor(lambda x: (2 * x + x * x) ** 3, 0.0, 5) == [0.0, 0.0, 0.0, 8.0, 12.0, 6.0]
    assert taylor(lambda x: (2 * x + x * x) ** 1, 0.0, 3) == [0.0, 2.0, 1.0, 0.0]
    for power, order in ((0.5, 1), (1.5, 2), (2.5, 3)):
        with pytest.raises(GradientError, match=rf"coefficient {order} is not finite"):
            taylor(lambda x, power=power: x**power, 0.0, order)


def test_what_is_not_finite_is_called_by_its_label() -> None:
    def function(x):
        root = autograd.sqrt(x)
        root.label = "r"
        return root * 2

    with pytest.raises(GradientError, match=r"coefficient 1 of r is not finite: .* by zero"):
        taylor(function, 0.0, 1)
    with pytest.raises(GradientError, match=r"coefficient 2 is not finite: inf\n"):
        taylor(lambda x: (x * 1e200) ** 2, 0.0, 2)


def test_series_of_rational_functions_by_hand() -> None:
    assert taylor(lambda x: 1 / (1 - x), 0.0, 4) == [1.0, 1.0, 1.0, 1.0, 1.0]
    assert taylor(lambda x: (1 - x) * (2 - x), 0.0, 3) == [2.0, -3.0, 1.0, 0.0]
    assert taylor(lambda x: (x - 1) / (1 - x * x), 0.0, 4) == [-1.0, 1.0, -1.0, 1.0, -1.0]
    assert taylor(lambda x: -x - (2 - x) + 3 / x, 1.0, 3) == [1.0, -3.0, 3.0, -3.0]


@pytest.mark.parametrize("x", [-2.0, -0.5, 3.0])
@pytest.mark.parametrize("power", [-3, -1, 0, 1, 2, 5])
def test_whole_powers_of_any_number_are_binomial(x: float, power: int) -> None:
    """Also where the exponent is a Value that stays."""
    true, factor = [], 1.0
    for k in range(7):
        true.append(factor * x ** (power - k))
        factor *= (power - k) / (k + 1)
    for exponent in (power, Value(power), Value(power).detach()):
        found = taylor(lambda v, exponent=exponent: v**exponent, x, 6)
        assert found == pytest.approx(true, rel=1e-13, abs=1e-15)


def test_values_from_outside_are_constants() -> None:
    w = Value(3.0)
    assert taylor(lambda x: w * x * x, 2.0, 2) == [12.0, 12.0, 3.0]
    assert taylor(lambda x: 7.0, 2.0, 1) == [7.0, 0.0]
    assert w.grad == 0.0


def test_a_deep_graph_needs_no_recursion() -> None:
    def deep(x):
        for _ in range(5000):
            x = x * 0.999 + 0.001
        return x

    assert taylor(deep, 1.0, 2) == pytest.approx([1.0, 0.999**5000, 0.0])


@pytest.mark.parametrize(
    ("call", "error", "says"),
    [
        (lambda: taylor(tanh, 0.5, -1), ArgumentError, "to the order -1"),
        (lambda: taylor(tanh, 0.5, 1.5), ArgumentError, "1.5"),
        (lambda: taylor(tanh, "0.5", 1), NotANumberError, "to taylor"),
        (lambda: taylor(autograd.sqrt, 0.0, 1), GradientError, "coefficient 1 is not finite"),
        (lambda: taylor(lambda x: [x], 0.5, 1), NotANumberError, "list"),
    ],
)
def test_what_cannot_be_done_says_why(call, error, says) -> None:
    with pytest.raises(error, match=says) as caught:
        call()
    assert str(caught.value).count("\nhint: ") == 1
