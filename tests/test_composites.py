"""autograd/composites.py: sums, means and softmaxes against mpmath, also where they are large."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd
from autograd import (
    GraphError,
    RangeError,
    Value,
    check_grads,
    clip,
    differentiate,
    dot,
    log_softmax,
    logsumexp,
    mean,
    modes,
    softmax,
    topological_order,
    where,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

mp = mpmath.mp

EPS = 2.0**-52


def lists_up_to(size: float) -> st.SearchStrategy[list[float]]:
    return st.lists(st.floats(-size, size), min_size=1, max_size=8)


usual, large = lists_up_to(30.0), lists_up_to(1000.0)


def grads(make: Callable[[list[Value]], Value], numbers: Sequence[float]) -> list[float]:
    """The gradient by backward(), which must be that by differentiate()."""
    xs = [Value(x) for x in numbers]
    output = make(xs)
    output.backward()
    found = [x.grad for x in xs]
    again = [slope.data for slope in differentiate(output, xs)]
    assert again == pytest.approx(found, rel=1e-12, abs=1e-300)
    return found


def exact(numbers: Sequence[float]) -> list[Any]:
    return [mp.mpf(x) for x in numbers]


def exp(x: Any) -> Any:
    """mpmath's, which takes long far below all floats."""
    return mp.exp(x) if x > -10_000 else mp.zero


def true_logsumexp(numbers: Sequence[float]) -> Any:
    top = max(exact(numbers))
    return top + mp.log(mp.fsum(exp(x - top) for x in exact(numbers)))


def true_softmax(numbers: Sequence[float]) -> list[Any]:
    top = true_logsumexp(numbers)
    return [exp(x - top) for x in exact(numbers)]


# Sums.


@given(numbers=st.lists(st.floats(-1e6, 1e6), max_size=10))
def test_sum_adds_from_left_to_right(numbers: list[float]) -> None:
    total = autograd.sum([Value(x) for x in numbers])
    expected = 0.0
    for x in numbers:
        expected += x
    assert total.data == expected
    if numbers:
        assert grads(autograd.sum, numbers) == [1.0] * len(numbers)


@given(numbers=usual, factors=usual)
def test_dot_multiplies_and_adds_from_left_to_right(
    numbers: list[float], factors: list[float]
) -> None:
    n = min(len(numbers), len(factors))
    numbers, factors = numbers[:n], factors[:n]
    expected = numbers[0] * factors[0]
    for x, y in zip(numbers[1:], factors[1:], strict=True):
        expected += x * y
    a, b = [Value(x) for x in numbers], [Value(y) for y in factors]
    pairs: list[Any] = [(a, b), (a, factors), (numbers, b), (tuple(a), tuple(b))]
    for left, right in pairs:
        assert dot(left, right).data == expected
        assert dot(left, right, bias=0.5).data == expected + 0.5
    assert grads(lambda xs: dot(xs, factors), numbers) == factors
    assert grads(lambda xs: dot(factors, xs, Value(1.0)), numbers) == factors


@given(numbers=usual)
def test_mean(numbers: list[float]) -> None:
    found = mean([Value(x) for x in numbers]).data
    true = mp.fsum(exact(numbers)) / len(numbers)
    assert abs(found - true) <= len(numbers) * EPS * max(map(abs, numbers))
    assert grads(mean, numbers) == [1 / len(numbers)] * len(numbers)


def test_numbers_and_values_mix() -> None:
    x = Value(2.0)
    mixed: list[Any] = [1, x, Fraction(1, 2), np.float64(3.0), np.float32(0.5), True]
    assert autograd.sum(mixed).data == 8.0
    assert mean(mixed).data == 8.0 / 6
    assert dot(mixed, mixed).data == 1 + 4 + 0.25 + 9 + 0.25 + 1
    assert softmax(mixed)[1].data == pytest.approx(softmax([float(m) for m in mixed])[1].data)
    assert autograd.sum(n * x for n in range(3)).data == 6.0
    half: Any = Fraction(1, 2)
    more: Any = np.float32(1.5)
    assert dot([x], [half], bias=half).data == 1.5
    assert clip(x, half, more).data == 1.5
    conditions: list[Any] = [True, np.bool_(True), more]
    for condition in conditions:
        assert where(condition, half, x).data == 0.5
    assert mean([x, 4]).data == 3.0
    assert dot([1, x], [x, 3.0]).data == 8.0
    assert dot([1, x], [x, 3.0], bias=x).data == 10.0
    assert softmax([x, 2])[1].data == 0.5
    assert logsumexp([0, 0]).data == pytest.approx(math.log(2))


def test_the_sum_of_one_value_is_another_node() -> None:
    w = Value(3.0, "w")
    total = autograd.sum([w])
    total.label = "s"
    assert (w.label, total.data, total.label) == ("w", 3.0, "s")


def test_the_sum_of_one_unlabelled_result_is_that_result() -> None:
    x, result = Value(3.0), Value(3.0) * 2
    assert autograd.sum([result]) is result
    assert autograd.sum([x]) is not x
    result.label = "r"
    assert autograd.sum([result]).parents[0] is result


def test_results_are_values_even_of_plain_numbers_and_of_nothing() -> None:
    sums = [autograd.sum([]), autograd.sum([1, 2])]
    products = [dot([], []), dot([], [], 3), dot([1], [2]), dot([1], [2], 3)]
    assert {type(made) for made in sums + products} == {Value}
    assert (autograd.sum([]).data, dot([], []).data, dot([], [], 3).data) == (0.0, 0.0, 3.0)
    assert autograd.sum([]).is_constant
    x = Value(1.0)
    assert dot([], [], x) is x
    assert autograd.sum([x]).data == 1.0


def test_sum_and_dot_build_no_more_nodes_than_written_out() -> None:
    xs = [Value(float(n)) for n in range(4)]
    ws = [Value(float(n)) for n in range(4)]
    assert len(topological_order(autograd.sum(xs))) == 4 + 3
    assert len(topological_order(dot(xs, ws, xs[0]))) == 8 + 4 + 3 + 1


# Exponentials and their sums.


@pytest.mark.parametrize("size", [30.0, 1000.0, 1e300])
@given(data=st.data())
def test_logsumexp_against_mpmath(size: float, data: st.DataObject) -> None:
    numbers = data.draw(lists_up_to(size))
    with mp.workdps(50):
        found = logsumexp([Value(x) for x in numbers]).data
        # Relative to the largest input, as that is where its digits come from.
        largest = max(1.0, abs(max(numbers)))
        assert abs(found - true_logsumexp(numbers)) <= 4 * len(numbers) * EPS * largest


@pytest.mark.parametrize("size", [30.0, 1000.0, 1e300])
@given(data=st.data())
def test_softmax_and_log_softmax_against_mpmath(size: float, data: st.DataObject) -> None:
    numbers = data.draw(lists_up_to(size))
    xs = [Value(x) for x in numbers]
    with mp.workdps(350):
        top = true_logsumexp(numbers)
        for p, log_p, x in zip(softmax(xs), log_softmax(xs), exact(numbers), strict=True):
            assert abs(p.data - exp(x - top)) <= 1e-13 * exp(x - top) + 1e-300
            assert abs(log_p.data - (x - top)) <= 4 * len(numbers) * EPS * (1 + abs(x - top))
        for at, log_p in enumerate(log_softmax(xs)):
            for place in (at, at - len(xs)):
                assert log_softmax(xs, only=place).data == log_p.data
    assert math.fsum(p.data for p in softmax(xs)) == pytest.approx(1.0, rel=1e-14)


@given(numbers=large)
def test_gradients_of_logsumexp_are_the_softmax(numbers: list[float]) -> None:
    true = [float(p) for p in true_softmax(numbers)]
    assert grads(logsumexp, numbers) == pytest.approx(true, rel=1e-11, abs=1e-14)


@given(numbers=large, data=st.data())
def test_gradients_of_softmax_and_log_softmax(numbers: list[float], data: st.DataObject) -> None:
    j = data.draw(st.integers(0, len(numbers) - 1))
    p = [float(x) for x in true_softmax(numbers)]
    by_softmax = [p[j] * ((k == j) - p[k]) for k in range(len(p))]
    by_log = [(k == j) - p[k] for k in range(len(p))]
    assert grads(lambda xs: softmax(xs)[j], numbers) == pytest.approx(by_softmax, abs=1e-13)
    assert grads(lambda xs: log_softmax(xs)[j], numbers) == pytest.approx(by_log, abs=1e-13)


def test_stable_at_a_thousand() -> None:
    assert logsumexp([Value(1000.0), Value(1000.0)]).data == 1000.0 + math.log(2)
    assert logsumexp([Value(-1000.0), Value(-1000.0)]).data == -1000.0 + math.log(2)
    assert logsumexp([Value(1000.0), Value(-1000.0)]).data == 1000.0
    assert [p.data for p in softmax([Value(1000.0), Value(-1000.0)])] == [1.0, 0.0]
    assert [p.data for p in log_softmax([Value(1000.0), Value(-1000.0)])] == [0.0, -2000.0]
    assert grads(logsumexp, [1000.0, 1000.0]) == [0.5, 0.5]


def test_usual_sizes_give_the_formula_as_written_in_the_notes() -> None:
    """No shift in the graph where none is needed."""
    p = softmax([Value(1.0), Value(2.0)])[0]
    assert [node.op.name for node in topological_order(p)] == [
        "leaf", "exp", "leaf", "exp", "add", "div",
    ]  # fmt: skip


@pytest.mark.parametrize("function", [softmax, log_softmax, lambda xs: [logsumexp(xs)]])
def test_what_is_not_too_large_is_not_shifted(function: Callable[[list[Value]], Any]) -> None:
    beyond = math.nextafter(50.0, 51.0)
    for numbers, shifted in [
        ([-50.0, 50.0], False), ([1.0, beyond], True), ([1.0, -beyond], True), ([beyond], True),
        ([50.0], False), ([-50.0], False),
    ]:  # fmt: skip
        nodes = topological_order(*function([Value(x) for x in numbers]))
        assert (
            any(node.op.name == "sub" and node.parents[1].is_constant for node in nodes) is shifted
        )


@pytest.mark.parametrize("function", [softmax, log_softmax, lambda xs: [logsumexp(xs)]])
def test_what_is_recorded_asks_again_whether_it_is_too_large(
    function: Callable[[list[Value]], Any],
) -> None:
    xs = [Value(1.0), Value(-2.0)]
    asked: list[Any] = []
    with modes.watching(asked):
        function(xs)
        with pytest.raises(GraphError, match="while a program is recorded"):
            function([Value(1.0), Value(60.0)])
    assert asked == [(x, -50.0, 50.0, True) for x in xs]


def test_second_derivatives() -> None:
    numbers = [0.3, -1.2, 2.0]
    check_grads(logsumexp, numbers, order=2)
    check_grads(lambda xs: softmax(xs)[1], numbers, order=2)
    check_grads(lambda xs: log_softmax(xs)[2], numbers, order=2)
    check_grads(lambda xs: mean([x * x * x for x in xs]), numbers, order=3)
    check_grads(lambda xs, ys: dot(xs, ys, 1.0) ** 2, numbers, [1.0, 0.5, -2.0], order=2)
    shifted = autograd.hessian(logsumexp)([1000.0, 999.0])
    near = autograd.hessian(logsumexp)([1.0, 0.0])
    for row, expected in zip(shifted, near, strict=True):
        assert row == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("function", [mean, logsumexp, softmax, log_softmax])
def test_no_values_are_an_error(function: Callable[[list[Value]], object]) -> None:
    with pytest.raises(ValueError, match=rf"{function.__name__}\(\) of no values\nhint: "):
        function([])


def test_dot_of_unequal_lengths_is_an_error() -> None:
    with pytest.raises(ValueError, match="dot\\(\\) of 1 and 2 numbers\nhint: "):
        dot([Value(1.0)], [1.0, 2.0])


@pytest.mark.parametrize("function", [autograd.sum, mean, logsumexp, softmax, log_softmax])
def test_what_is_no_number_is_an_error(function: Callable[[Any], object]) -> None:
    for wrong in ("text", [1.0], None):
        for numbers in ([wrong], [Value(1.0), wrong], [wrong, Value(1.0)]):
            with pytest.raises(TypeError, match=type(wrong).__name__):
                function(numbers)


def test_sums_too_large_for_a_float_are_errors() -> None:
    with pytest.raises(RangeError):
        autograd.sum([Value(1e308), Value(1e308)])
    with pytest.raises(RangeError):
        dot([Value(1e200)], [Value(1e200)])


# where and clip.


@pytest.mark.parametrize("condition", [-1.0, -0.0, 0.0, 5e-324, 2.0])
def test_where_takes_a_above_zero_and_b_elsewhere(condition: float) -> None:
    a, b, c = Value(3.0), Value(5.0), Value(condition)
    for test in (c, condition):
        a.grad = b.grad = c.grad = 0.0
        chosen = where(test, a, b)
        chosen.backward()
        taken = condition > 0
        assert chosen.data == (3.0 if taken else 5.0)
        assert (a.grad, b.grad, c.grad) == (float(taken), float(not taken), 0.0)


@pytest.mark.parametrize("taken", [True, False])
def test_the_branch_not_taken_can_not_poison_any_derivative(taken: bool) -> None:
    """sqrt has no derivative at 0, but nobody asks for it there: to any order."""
    x = Value(0.0)
    steep, gentle = x.sqrt(), x * x + 2 * x
    y = where(-1, steep, gentle) if taken else where(1, gentle, steep)
    y.backward()
    assert (y.data, x.grad) == (0.0, 2.0)
    first = differentiate(y, x)
    assert first.data == 2.0
    assert differentiate(first, x).data == 2.0


def test_where_with_plain_numbers() -> None:
    x = Value(2.0)
    assert where(x > 1, x, 0).data == 2.0
    assert where(True, 1, 2).data == 1.0
    assert where(0, 1, 2).data == 2.0


@given(x=st.floats(-5.0, 5.0), low=st.floats(-3.0, 0.0), high=st.floats(0.0, 3.0))
def test_clip(x: float, low: float, high: float) -> None:
    clipped = clip(Value(x), low, high)
    assert clipped.data == min(max(x, low), high)
    assert grads(lambda xs: clip(xs[0], low, high), [x]) == [float(low <= x <= high)]
    bounds = grads(lambda xs: clip(x, xs[0], xs[1]), [low, high])
    assert bounds == [float(x < low), float(x > high)]


def test_clip_refuses_crossed_bounds() -> None:
    with pytest.raises(ValueError, match="low must not exceed high"):
        clip(Value(1.0), 2, 1)
    assert clip(5, 2, 2).data == 2.0
