"""autograd/curvature.py: second derivatives in one sweep are those of the rules of the table."""

from __future__ import annotations

import itertools
import math
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import autograd
from autograd import TABLE, ChalkgradError, GradientError, Value, differentiate, grad, hessian
from autograd import jacobian as jacobian_of
from autograd.curvature import second_partials
from tests.expressions import count_leaves, programs, run

OPERATIONS = [pytest.param(op, id=name) for name, op in TABLE.items()]
BINARY = [op for op in TABLE.values() if op.arity == 2]
SHIFTED = ("asec", "acsc", "acosh", "acoth")  # they need a number above 1
POINTS = [-1.7, -0.6, 0.3, 0.9, 2.0]
# Of about the size of 1, as second derivatives of tiny numbers cancel in any arithmetic of floats.
numbers = st.integers(-200, 200).map(lambda n: n / 97)


@pytest.mark.parametrize("op", OPERATIONS)
def test_each_operations_second_derivatives_are_those_of_its_rules(op: Any) -> None:
    checked = 0
    for point in itertools.product(POINTS, repeat=op.arity):
        for constant in [None] if op.arity == 1 else [None, 0, 1]:
            free = [at for at in range(op.arity) if at != constant]

            def function(v: Any, free: list[int] = free, point: Any = point) -> Any:
                inputs: list[Any] = list(point)
                for at, x in zip(free, v, strict=True):
                    inputs[at] = x
                return op(*inputs) * 1.5

            at = [point[place] for place in free]
            try:
                by_rules = jacobian_of(grad(function))(at)
            except ChalkgradError:
                continue
            for row, expected in zip(hessian(function)(at), by_rules, strict=True):
                assert row == pytest.approx(expected, rel=1e-12, abs=1e-14)
            checked += 1
    assert checked > 0


@pytest.mark.parametrize("op", BINARY, ids=lambda op: op.name)
@pytest.mark.parametrize("scale", [1.5, -2.0])
def test_an_operation_on_one_number_twice(op: Any, scale: float) -> None:
    """Also beneath and above others, and times a number below 0."""

    def function(v: Any) -> Any:
        inner = v[0] * v[1] + 0.25
        return op(inner, inner) * v[1] * scale

    for at in ([0.5, 0.75], [1.25, 2.0]):
        try:
            by_rules = jacobian_of(grad(function))(at)
        except GradientError:
            continue
        for row, expected in zip(hessian(function)(at), by_rules, strict=True):
            assert row == pytest.approx(expected, rel=1e-12, abs=1e-14)


@pytest.mark.parametrize("op", BINARY, ids=lambda op: op.name)
@pytest.mark.parametrize("inner", BINARY, ids=lambda op: op.name)
def test_a_constant_on_either_side_of_what_is_bent_from_above(op: Any, inner: Any) -> None:
    def function(v: Any) -> Any:
        left, right = inner(0.75, v[0]), inner(v[1], 1.25)
        return op(left, v[1]) * op(v[0], right) - op(left, left)

    at = [0.5, 1.5]
    try:
        by_rules = jacobian_of(grad(function))(at)
    except ChalkgradError:
        return
    for row, expected in zip(hessian(function)(at), by_rules, strict=True):
        assert row == pytest.approx(expected, rel=1e-11, abs=1e-13)


@pytest.mark.parametrize("op", BINARY, ids=lambda op: op.name)
@pytest.mark.parametrize("side", ["left", "right"])
def test_the_square_of_an_operation_with_a_constant(op: Any, side: str) -> None:
    """Of one input alone, and of the last of two: beside it stands nothing that hides an error."""

    def function(x: Any) -> Any:
        return (op(0.75, x) if side == "left" else op(x, 0.75)) ** 2

    expected = grad(grad(function))(1.5)
    assert hessian(function)(1.5) == pytest.approx(expected, rel=1e-12)
    assert hessian(lambda v: function(v[1]) + v[0] ** 2)([3.0, 1.5])[1] == pytest.approx(
        [0.0, expected], rel=1e-12
    )


def test_the_square_of_arithmetic_with_a_constant() -> None:
    """Nodes made by Python's signs hold what would be the derivative by the constant, too."""
    assert hessian(lambda x: (3 * x) ** 2)(1.5) == hessian(lambda x: (x * 3) ** 2)(1.5) == 18.0
    assert hessian(lambda x: (3 - x) ** 2)(1.5) == hessian(lambda x: (x + 3) ** 2)(1.5) == 2.0
    assert hessian(lambda x: (3 / x) ** 2)(2.0) == pytest.approx(54 / 16)
    assert hessian(lambda x: (x / 4) ** 2)(2.0) == 0.125
    assert hessian(lambda x: (2**x) ** 2)(1.0) == pytest.approx(4 * math.log(4) ** 2)
    assert hessian(lambda v: v[0] ** 2 + (3 * v[1]) ** 2)([1.0, 1.5]) == [[2.0, 0.0], [0.0, 18.0]]


@pytest.mark.parametrize("op", OPERATIONS)
def test_second_partials_that_are_not_asked_for_are_zero(op: Any) -> None:
    node = op(
        *[Value(x) for x in (0.75, 0.5)[: op.arity]] if op.name not in SHIFTED else [Value(1.5)]
    )
    both = second_partials(node, True, True)
    if op.name == "div":  # written out: all of them exist, and cost nothing
        assert second_partials(node, True, False) == both
        return
    assert second_partials(node, True, False) == (both[0], 0.0, 0.0)
    assert second_partials(node, False, True) == (0.0, 0.0, both[2])
    assert second_partials(node, False, False) == (0.0, 0.0, 0.0)


@given(program=programs({name: op.arity for name, op in TABLE.items()}, numbers))
def test_the_hessian_of_random_graphs_is_the_jacobian_of_the_gradient(program: Any) -> None:
    count = count_leaves(program)
    point = [step[1] for step in program[:count]]

    def function(v: Any) -> Any:
        inputs = iter(v)
        return list(run(program, TABLE, lambda _: next(inputs), lambda x: x))[-1]

    try:
        leaves = [Value(x) for x in point]
        output = function(leaves)
        assume(isinstance(output, Value))
        firsts = differentiate(output, leaves)
        expected = [[d.data for d in differentiate(first, leaves)] for first in firsts]
        found = hessian(function)(point)
    except ChalkgradError:
        assume(False)
    scale = 1e-8 * max(1.0, *(abs(x) for row in expected for x in row))
    for row, true in zip(found, expected, strict=True):
        assert row == pytest.approx(true, rel=1e-9, abs=scale)
    for row, column in itertools.product(range(count), repeat=2):
        assert found[row][column] == found[column][row]


def test_a_sparse_hessian_has_the_entries_that_are_not_zero() -> None:
    def chain(v: Any) -> Any:
        return autograd.sum([(v[i + 1] - v[i] ** 2) ** 2 for i in range(len(v) - 1)])

    point = [0.1 * n for n in range(1, 9)]
    dense = hessian(chain)(point)
    entries = hessian(chain, sparse=True)(point)
    assert len(entries.values) == 3 * len(point) - 2
    places = list(zip(entries.rows, entries.columns, strict=True))
    assert places == sorted(places)
    for row, column in itertools.product(range(len(point)), repeat=2):
        at = places.index((row, column)) if (row, column) in places else None
        assert dense[row][column] == (0.0 if at is None else entries.values[at])


def test_a_sparse_hessian_may_be_nested_and_use_values_from_outside() -> None:
    w = Value(3.0)
    entries = hessian(lambda v: v[0] ** 2 * w + v[1], sparse=True)([2.0, 5.0])
    assert (entries.rows, entries.columns) == ([0], [0])
    assert (entries.values[0].data, differentiate(entries.values[0], w).data) == (6.0, 2.0)


def test_a_branch_not_taken_bends_nothing() -> None:
    def function(x: Any) -> Any:
        return autograd.where(x, autograd.sqrt(x), x * x + 2 * x)

    assert hessian(function)(0.0) == 2.0


def test_what_has_no_slope_may_bend() -> None:
    assert hessian(lambda x: (x - 3) ** 2)(3.0) == 2.0
    assert hessian(lambda v: (v[0] - v[1]) * (v[1] - v[0]) * 0.5)([2.0, 2.0]) == [
        [-1.0, 1.0], [1.0, -1.0],
    ]  # fmt: skip
    assert hessian(lambda x: 1 - autograd.cos(x * x - 4))(2.0) == pytest.approx(16.0)


def test_a_second_derivative_that_does_not_exist_is_explained() -> None:
    with pytest.raises(GradientError, match=r"pow(.|\n)*hint: "):
        hessian(lambda x: abs(x) ** 1.5)(0.0)
    with pytest.raises(GradientError, match="second derivative"):
        hessian(lambda x: (x * 1e-200) ** 1.5 * 1e300)(1e-100)


def test_many_inputs_cost_one_sweep() -> None:
    point = [1.0 + 1e-4 * n for n in range(2_000)]
    entries = hessian(
        lambda v: autograd.sum([v[i] * v[i + 1] for i in range(len(v) - 1)]), sparse=True
    )(point)
    assert set(entries.values) == {1.0}
    assert len(entries.values) == 2 * (len(point) - 1)
    assert math.isfinite(sum(entries.values))
