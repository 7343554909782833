"""autograd/checking.py: check_grads passes what is right and catches what is wrong."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pytest

import autograd
from autograd import (
    TABLE,
    ChalkgradError,
    DomainError,
    GradientMismatchError,
    Operation,
    check_grads,
    no_grad,
    operation,
)

if TYPE_CHECKING:
    from collections.abc import Callable

# Inside every domain, off every kink, and no two alike.
POINTS = {
    **dict.fromkeys(("acos", "asin", "atanh", "asech"), (0.3,)),
    **dict.fromkeys(("atan2", "gate"), (0.7, 1.3)),
}


@pytest.mark.parametrize("op", [pytest.param(op, id=name) for name, op in TABLE.items()])
def test_every_operation_passes(op: Operation) -> None:
    points = POINTS.get(op.name, (1.3, 0.7)[: op.arity])
    check_grads(op, *points, order=2)


@pytest.mark.parametrize(
    ("function", "points"),
    [
        (lambda x: x**3 - 2 * x, (1.5,)),
        (lambda x: x**3, (1e6,)),
        (lambda x: x**3, (-1e-6,)),
        (lambda p: (p["w"][0] * p["w"][1]).tanh() + p["b"], ({"w": [0.5, -1.0], "b": 2},)),
        (lambda x, ys: autograd.logsumexp([x, *ys]), (0.5, [1.0, 2.0])),
        (lambda x: 3.0, (1.0,)),
        (lambda x: 3.0 * x, (1.0,)),
        (lambda x, y: autograd.where(x, x * y, y.exp()), (-1.0, 0.5)),
        (lambda x: autograd.clip(x, -1, 1) * x, (0.5,)),
    ],
)
def test_right_functions_pass_to_order_three(
    function: Callable[..., Any], points: tuple[Any, ...]
) -> None:
    for order in (1, 2, 3):
        check_grads(function, *points, order=order)


@operation(lambda x, y: 3 * y)
def wrong_slope(x: float) -> float:
    return math.exp(2 * x)


@operation(lambda a, b, y: b, lambda a, b, y: -a)
def wrong_sign_of_the_second(a: float, b: float) -> float:
    return a * b


@operation(lambda x, y: autograd.floor(x * 1e9) * 1e-9 * 2)
def wrong_second_derivative(x: float) -> float:
    return x * x


def test_a_wrong_rule_is_caught_with_the_argument_and_both_numbers() -> None:
    with pytest.raises(GradientMismatchError) as caught:
        check_grads(wrong_slope, 0.0)
    message = str(caught.value)
    for part in ("argument 0", "at 0.0", "reverse mode gives 3.0", "central differences 2.0"):
        assert part in message
    assert "\nhint: " in message


def test_the_wrong_one_of_several_arguments_is_named() -> None:
    with pytest.raises(GradientMismatchError, match=r"argument 1\).*gives -2\.0, .*differences 2"):
        check_grads(wrong_sign_of_the_second, 2.0, 3.0)
    with pytest.raises(GradientMismatchError, match=r"argument 0\['w'\]\[1\]\) at 3\.0"):
        check_grads(lambda p: wrong_sign_of_the_second(p["w"][0], p["w"][1]), {"w": [2.0, 3.0]})


def test_a_wrong_second_derivative_is_caught_at_order_two_only() -> None:
    check_grads(wrong_second_derivative, 1.5, order=1)
    with pytest.raises(GradientMismatchError, match=r"gives 0\.0, central differences 2\.0"):
        check_grads(wrong_second_derivative, 1.5, order=2)


def test_detached_parts_are_caught() -> None:
    def partly(x: Any) -> Any:
        with no_grad():
            factor = x * x
        return factor * x

    def through_floats(x: Any) -> Any:
        return x * math.sin(x.data)

    for function in (lambda x: x.detach() * x, partly, through_floats):
        with pytest.raises(GradientMismatchError, match="detached"):
            check_grads(function, 3.0)


def test_a_kink_is_caught() -> None:
    with pytest.raises(GradientMismatchError, match="kink"):
        check_grads(autograd.leaky_relu, 0.0)


def test_a_slope_wrong_by_little_is_caught_down_to_the_tolerance() -> None:
    @operation(lambda x, y: 1 + 1e-4)
    def nearly(x: float) -> float:
        return x

    with pytest.raises(GradientMismatchError):
        check_grads(nearly, 1.0)
    with pytest.raises(GradientMismatchError):
        check_grads(nearly, 1.0, tolerance=1e-5)
    check_grads(nearly, 1.0, tolerance=1e-3)


def test_a_function_wrong_far_from_one_is_caught_relative_to_its_size() -> None:
    @operation(lambda x, y: 2.001 * x)
    def nearly_square(x: float) -> float:
        return x * x

    for point in (1e5, -1e5, 1.0):
        with pytest.raises(GradientMismatchError):
            check_grads(nearly_square, point)


def test_a_mismatch_is_an_assertion_error_of_chalkgrads_family() -> None:
    assert issubclass(GradientMismatchError, AssertionError)
    assert issubclass(GradientMismatchError, ChalkgradError)


@pytest.mark.parametrize("order", [0, -1])
def test_orders_count_from_one(order: int) -> None:
    with pytest.raises(ValueError, match=f"order={order}\nhint: "):
        check_grads(lambda x: x, 1.0, order=order)


def test_what_the_function_raises_comes_through() -> None:
    with pytest.raises(DomainError, match="log"):
        check_grads(lambda x: x.log(), -1.0)
    with pytest.raises(KeyError):
        check_grads(lambda p: p["x"], {"y": 1.0})
    with pytest.raises(TypeError, match="argument 0"):
        check_grads(lambda x: x, "1.0")
    with pytest.raises(ValueError, match="one number"):
        check_grads(lambda x: [x, x], 1.0)


def test_without_numbers_there_is_nothing_to_check() -> None:
    nothing: list[tuple[Any, ...]] = [(), ([],)]
    for points in nothing:
        with pytest.raises(ValueError, match="hint: "):
            check_grads(lambda *_: 1.0, *points)
