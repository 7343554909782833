"""autograd/transforms.py: derivatives of every order, as graphs and as functions."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple

import mpmath
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import autograd
import nn
from autograd import (
    TABLE,
    ArgumentError,
    ChalkgradError,
    GradientError,
    GraphError,
    NotANumberError,
    Value,
    differentiate,
    evaluate,
    grad,
    hessian,
    jacobian,
    jvp,
    logsumexp,
    modes,
    no_grad,
    topological_order,
    value_and_grad,
    vjp,
)
from autograd.transforms import push_forward
from autograd.value import literals_and_results
from tests.expressions import count_leaves, derivative, programs, reference, run, second_derivative

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.expressions import Program

mp = mpmath.mp

SMOOTH = [
    "add", "sub", "mul", "neg", "square", "cube", "sin", "cos", "atan", "tanh", "sigmoid",
    "softplus", "silu", "gelu", "erf", "hypot", "atan2", "softsign", "relu", "maximum",
]  # fmt: skip
# Numbers of about the size of 1, as differences of tiny ones cancel in any arithmetic of floats.
numbers = st.integers(-200, 200).map(lambda n: n / 97)
smooth_programs = programs({name: TABLE[name].arity for name in SMOOTH}, numbers)
small = st.floats(-2.0, 2.0)


class Line(NamedTuple):
    slope: Any
    shift: Any


# differentiate().


def test_derivatives_of_a_graph_by_leaves_and_by_results() -> None:
    w, x = Value(3.0, "w"), Value(2.0, "x")
    product = w * x
    loss = product**2
    assert differentiate(loss, w).data == 24.0
    assert differentiate(loss, product).data == 12.0
    assert [d.data for d in differentiate(loss, [x, w, product])] == [36.0, 24.0, 12.0]
    assert differentiate(loss, loss).data == 1.0
    assert differentiate(loss, [loss, w])[1].data == 24.0
    assert differentiate(loss, []) == []
    assert differentiate(loss, (w,))[0].data == 24.0


def test_what_the_output_does_not_depend_on_has_derivative_zero() -> None:
    w, x = Value(3.0), Value(2.0)
    zero = differentiate(w * w, x)
    assert type(zero) is Value
    assert zero.data == 0.0
    assert differentiate(w * w, (w * w) * x).data == 0.0
    assert differentiate(Value(1.0).detach(), x).data == 0.0
    assert differentiate(x.detach() * 3, x).data == 0.0


def test_differentiating_changes_no_gradient_and_no_data() -> None:
    w, x = Value(3.0), Value(2.0)
    loss = (w * x).tanh()
    loss.backward()
    before = [(node.data, node.grad) for node in topological_order(loss)]
    differentiate(differentiate(loss, w), x)
    assert [(node.data, node.grad) for node in topological_order(loss)] == before


def test_derivatives_are_graphs_that_hold_at_other_numbers() -> None:
    x = Value(2.0)
    slope = differentiate(x.exp() * x, x)
    for elsewhere in (-1.0, 0.0, 3.0):
        true = (1 + elsewhere) * math.exp(elsewhere)
        assert evaluate(slope, {x: elsewhere}) == pytest.approx(true)


def test_backward_through_a_derivative() -> None:
    x = Value(2.0)
    differentiate(x**4, x).backward()
    assert x.grad == 48.0


def test_derivatives_that_do_not_exist_are_explained() -> None:
    x = Value(0.0, "x")
    with pytest.raises(GradientError, match=r"sqrt\(x\) at x = 0\.0(.|\n)*hint: "):
        differentiate(x.sqrt(), x)
    with pytest.raises(GradientError):
        grad(lambda x: abs(x) ** 0.5)(0.0)


def test_a_derivative_nobody_asks_for_does_not_matter() -> None:
    x, w = Value(0.0), Value(2.0)
    assert differentiate(x.sqrt() * w, w).data == 0.0
    assert differentiate((x * 2).sqrt() * w + (x * w).sqrt() * 0, w).data == 0.0
    assert differentiate((x * 3 * 2).sqrt() ** 2 * w, w).data == 0.0
    assert grad(lambda w: (x * 2).sqrt() * w)(2.0).data == 0.0


def test_derivatives_of_deep_graphs_need_no_recursion() -> None:
    x = y = Value(1.0)
    for _ in range(20_000):
        y = y * 0.9999
    assert differentiate(y, x).data == pytest.approx(0.9999**20_000)
    assert jvp(lambda x: autograd.sum([x] * 20_000), (1.0,), (1.0,))[1] == 20_000.0


def test_derivatives_through_exponentially_many_paths() -> None:
    def function(x: Any) -> Any:
        for _ in range(200):
            x = x * 0.5 + x * 0.5
        return x * x

    x = Value(1.0)
    assert differentiate(function(x), x).data == 2.0
    assert grad(function)(1.0) == 2.0
    assert value_and_grad(function)(1.0) == (1.0, 2.0)
    assert jacobian(lambda x: [function(x)])(1.0) == [2.0]
    assert jvp(function, (1.0,), (1.0,)) == (1.0, 2.0)
    assert vjp(function, 1.0)[1](1.0) == (2.0,)
    assert hessian(function)(1.0) == grad(grad(function))(1.0) == 2.0


def test_literal_zeros_and_ones_disappear_from_derivative_graphs() -> None:
    x = Value(3.0, "x")
    assert differentiate(x * x + x, x).data == 7.0
    slope = differentiate(5 * x + 7, x)
    assert (slope.data, slope.parents) == (5.0, ())
    assert len(topological_order(differentiate(x**2, x))) <= 4


# Every order.

FUNCTIONS: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "x^5": (lambda x: x**5, lambda x: x**5),
    "x^-2": (lambda x: x**-2, lambda x: x**-2),
    "x^1.5": (lambda x: x**1.5, lambda x: x ** mp.mpf(1.5)),
    "x^x": (lambda x: x**x, lambda x: x**x),
    "2^x": (lambda x: 2**x, lambda x: 2**x),
    "1 / (1 + x^2)": (lambda x: 1 / (1 + x * x), lambda x: 1 / (1 + x * x)),
    "x^3 sin x": (lambda x: x**3 * x.sin(), lambda x: x**3 * mp.sin(x)),
    "e^sin x": (lambda x: x.sin().exp(), lambda x: mp.exp(mp.sin(x))),
    "e^-x^2": (lambda x: (-x * x).exp(), lambda x: mp.exp(-x * x)),
    "log(1 + x^2)": (lambda x: (1 + x * x).log(), lambda x: mp.log(1 + x * x)),
    "tanh x": (lambda x: x.tanh(), mp.tanh),
    "sigmoid x": (lambda x: x.sigmoid(), lambda x: 1 / (1 + mp.exp(-x))),
    "gelu x": (lambda x: x.gelu(), lambda x: x * mp.erfc(-x / mp.sqrt(2)) / 2),
    "atan x": (lambda x: x.atan(), mp.atan),
    "sqrt(x + 3)": (lambda x: (x + 3).sqrt(), lambda x: mp.sqrt(x + 3)),
    "softplus(x) / x": (lambda x: x.softplus() / x, lambda x: mp.log1p(mp.exp(x)) / x),
}


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("point", [0.3, 1.7])
def test_derivatives_to_order_four(name: str, point: float) -> None:
    function, meant = FUNCTIONS[name]
    nested: Any = function
    for order in range(1, 5):
        nested = grad(nested)
        with mp.workdps(60):
            true = mp.diff(meant, mp.mpf(point), order, h=mp.mpf("1e-12"))
            assert nested(point) == pytest.approx(float(true), rel=1e-9, abs=1e-10), order


@pytest.mark.parametrize(
    ("function", "power"),
    [
        (autograd.tanh, 2),
        (lambda x: x.sin() * x.exp(), 2),
        (lambda x: 1 / (1 + x * x), 3),
        (lambda x: x * (x * x + 2).log(), 3),
        (lambda x: autograd.where(x, x.sqrt() * x, x), 3),
    ],
)
def test_derivatives_by_one_number_grow_like_a_power_of_their_order(
    function: Any, power: float
) -> None:
    x = Value(0.375)
    output, sizes = function(x), []
    coefficients = autograd.taylor(function, 0.375, 12)
    derivative = function
    for order in range(1, 13):
        output = push_forward([output], {x: 1.0})[0]
        derivative = grad(derivative)
        true = coefficients[order] * math.factorial(order)
        assert output.data == pytest.approx(true, rel=1e-7)
        assert derivative(0.375) == pytest.approx(true, rel=1e-7)
        sizes.append(len(autograd.topological_order(output)))
    assert sizes[11] < sizes[5] * 2 ** (power + 1)


def test_what_is_shared_is_what_holds_the_same_number() -> None:
    """Neither 0 and -0 nor a result whose input was set afterwards are the same."""
    x = Value(0.0, "x")
    with modes.sharing(literals_and_results([x])):
        assert (x * 0.0) is (x * 0.0)
        assert (x * 0.0) is not (x * -0.0)
        assert math.copysign(1.0, (1.0 / (x * -0.0 + 1e-300)).data) == 1.0
        assert (x + 1.0) is (1.0 + x)
        before = x + 2.0
        x.data = 5.0
        after = x + 2.0
    assert (before.data, after.data) == (2.0, 7.0)
    assert (x + 1.0) is not (x + 1.0)


def test_high_orders_of_polynomials_are_exact() -> None:
    nested: Any = lambda x: x**6  # noqa: E731
    for expected in (6.0, 30.0, 120.0, 360.0, 720.0, 720.0, 0.0, 0.0):
        nested = grad(nested)
        assert nested(1.0) == expected
        assert type(nested(1.0)) is float


# Perturbation confusion.


def test_perturbation_confusion_of_a_product_and_a_sum() -> None:
    """d/dx [x * d/dy (x + y)] = d/dx [x * 1] = 1."""
    assert grad(lambda x: x * grad(lambda y: x + y)(1.0))(1.0) == 1.0


def test_perturbation_confusion_of_a_constant_inner_function() -> None:
    """d/dx [x * d/dy x] = d/dx [x * 0] = 0."""
    assert grad(lambda x: x * grad(lambda y: x)(0.0))(0.0) == 0.0


def test_perturbation_confusion_where_the_inner_point_is_the_outer_variable() -> None:
    """d/dx [x * (d/dy x y at y = x)] = d/dx x^2 = 2 x, and with y^2 in it, d/dx 2 x^2 = 4 x."""
    assert grad(lambda x: x * grad(lambda y: x * y)(x))(3.0) == 6.0
    assert grad(lambda x: x * grad(lambda y: y * y)(x))(3.0) == 12.0
    assert grad(lambda x: grad(lambda y: x * y * y)(x))(3.0) == 12.0


def test_perturbation_confusion_in_forward_mode() -> None:
    def slope(function: Callable[[Any], Any], at: Any) -> Any:
        return jvp(function, (at,), (1.0,))[1]

    assert slope(lambda x: x * slope(lambda y: x + y, 1.0), 1.0) == 1.0
    assert slope(lambda x: x * slope(lambda y: x, 0.0), 0.0) == 0.0
    assert slope(lambda x: x * grad(lambda y: x + y)(1.0), 1.0) == 1.0
    assert grad(lambda x: x * slope(lambda y: x + y, 1.0))(1.0) == 1.0


def test_perturbation_confusion_of_a_returned_closure() -> None:
    """d/dx of a function-valued function: each use keeps its own variable."""

    def shifted_product(x: Any) -> Any:
        return lambda y: x * y

    assert grad(lambda x: grad(shifted_product(x))(5.0) * x)(3.0) == 6.0


# Functions of numbers in nested lists, tuples, named tuples and dicts.


def test_gradients_have_the_shape_of_the_argument() -> None:
    def f(p: Any) -> Any:
        return p["w"][0] * p["w"][1][0] + p["line"].slope * p["line"].shift + 2 * p["c"]

    point = {"w": [2.0, (3.0,)], "line": Line(5, Fraction(1, 2)), "c": np.float64(7.0)}
    found = grad(f)(point)
    assert found == {"w": [3.0, (2.0,)], "line": Line(0.5, 5.0), "c": 2.0}
    assert type(found["line"]) is Line
    assert type(found["w"][1]) is tuple
    assert list(found) == ["w", "line", "c"]
    assert value_and_grad(f)(point) == (22.5, found)


def test_empty_parts_keep_their_place() -> None:
    assert grad(lambda p: p["x"] * 2)({"x": 1.0, "none": [], "nothing": {}}) == {
        "x": 2.0, "none": [], "nothing": {},
    }  # fmt: skip


def test_argnums_choose_the_arguments() -> None:
    def f(x: Any, y: Any, z: Any) -> Any:
        return x * y**2 + z[0]

    point = (2.0, 3.0, [5.0])
    assert grad(f)(*point) == 9.0
    assert grad(f, 1)(*point) == 12.0
    assert grad(f, -1)(*point) == [1.0]
    assert grad(f, (0, 1))(*point) == (9.0, 12.0)
    assert grad(f, [2, 0])(*point) == ([1.0], 9.0)
    assert grad(f, (0,))(*point) == (9.0,)
    assert value_and_grad(f, (1, 2))(*point) == (23.0, (12.0, [1.0]))
    assert jacobian(f, (0, 1))(*point) == (9.0, 12.0)
    assert hessian(f, 1)(*point) == 4.0


def test_options_go_by_their_names() -> None:
    for transform in (grad, value_and_grad, jacobian, hessian):
        assert transform(lambda x, y: x * y * y, argnums=1)(3.0, 2.0) == transform(
            lambda y: 3.0 * y * y
        )(2.0)
    for transform in (grad, value_and_grad, hessian):
        with pytest.raises(TypeError):
            transform(lambda x: x, 0, True)


def test_arguments_not_differentiated_by_may_be_anything() -> None:
    assert grad(lambda x, how: x**2 if how == "square" else x)(3.0, "square") == 6.0
    assert grad(lambda x, nothing: x * 2)(3.0, None) == 2.0


def test_whole_numbers_and_results_that_are_plain_numbers() -> None:
    assert grad(lambda x: x**2)(3) == 6.0
    assert grad(lambda x: 5.0)(3.0) == 0.0
    assert grad(lambda x: 5)(3.0) == 0.0
    assert value_and_grad(lambda x: 5)(3.0) == (5.0, 0.0)
    assert jacobian(lambda x: [x, 1, 2.0])(3.0) == [1.0, 0.0, 0.0]


def test_results_are_floats_and_jacobians_nest_inside_the_results_shape() -> None:
    def f(v: Any) -> Any:
        return {"product": v[0] * v[1], "both": (v[0] + v[1], [v[1] ** 2])}

    assert jacobian(f)([2.0, 3.0]) == {"product": [3.0, 2.0], "both": ([1.0, 1.0], [[0.0, 6.0]])}
    assert type(jacobian(f)([2.0, 3.0])["product"][0]) is float
    assert jacobian(lambda x: x * 2)(1.0) == 2.0


def test_hessian_of_a_tree_has_the_tree_in_each_place() -> None:
    def f(p: Any) -> Any:
        return p["w"][0] ** 2 * p["w"][1] + p["b"] * p["w"][0]

    assert hessian(f)({"w": [2.0, 3.0], "b": 1.0}) == {
        "w": [{"w": [6.0, 4.0], "b": 1.0}, {"w": [4.0, 0.0], "b": 0.0}],
        "b": {"w": [1.0, 0.0], "b": 0.0},
    }


# Values from outside, and nesting.


def test_values_from_outside_make_results_values() -> None:
    w = Value(5.0)
    found = grad(lambda x: x**2 * w)(3.0)
    assert type(found) is Value
    assert found.data == 30.0
    assert differentiate(found, w).data == 6.0
    assert w.grad == 0.0


def test_values_as_arguments_keep_the_graph() -> None:
    x = Value(3.0)
    slope = grad(lambda x: x**3)(x)
    assert slope.data == 27.0
    slope.backward()
    assert x.grad == 18.0
    value, _ = value_and_grad(lambda x: x**3)(x)
    assert differentiate(value, x).data == 27.0


def test_constants_as_arguments_make_results_floats() -> None:
    assert grad(lambda x: x**3)(Value(3.0).detach()) == 27.0


def test_transforms_nest_in_each_other() -> None:
    def cubic(x: Any) -> Any:
        return x**3 + 2 * x

    assert grad(lambda x: jvp(cubic, (x,), (1.0,))[1])(2.0) == 12.0
    assert grad(lambda x: vjp(cubic, x)[1](1.0)[0])(2.0) == 12.0
    assert jvp(grad(cubic), (2.0,), (10.0,)) == (14.0, 120.0)
    assert jacobian(jacobian(cubic))(2.0) == 12.0
    assert grad(lambda x: value_and_grad(cubic)(x)[0] * value_and_grad(cubic)(x)[1])(
        2.0
    ) == pytest.approx(14.0 * 14.0 + 12.0 * 12.0)
    assert grad(hessian(cubic))(2.0) == 6.0
    assert hessian(lambda v: grad(lambda x: x * v[0] * v[1] ** 2)(1.0))([2.0, 3.0]) == [
        [0.0, 6.0], [6.0, 4.0],
    ]  # fmt: skip


def test_detached_parts_count_as_constants() -> None:
    assert grad(lambda x: x.detach() * x)(3.0) == 3.0

    def partly(x: Any) -> Any:
        with no_grad():
            factor = x * 2
        return factor * x

    assert grad(partly)(3.0) == 6.0


def test_derivatives_under_no_grad_are_right_all_the_same() -> None:
    """What a function's derivative is does not depend on who asks for it."""
    with no_grad():
        assert grad(lambda x: x**2)(3.0) == 6.0
        assert jvp(lambda x: x**2, (3.0,), (1.0,)) == (9.0, 6.0)
        assert hessian(lambda x: x**3)(2.0) == 12.0
        assert (Value(1.0) * 2).is_constant


def test_functions_may_raise_and_leave_nothing_behind() -> None:
    with pytest.raises(KeyError):
        grad(lambda x: {}[x])(1.0)
    with pytest.raises(ChalkgradError):
        grad(lambda x: x.log())(-1.0)
    assert grad(lambda x: x.log())(2.0) == 0.5
    x = Value(2.0)
    assert len((x * 1).parents) == 2  # literals are folded within derivatives only


# Forward and reverse mode.


def three_of_two(v: Any, s: Any) -> Any:
    return [v[0] * v[1].sin() + s, {"a": (v[0] * s).tanh()}, v[1] / (1 + s * s)]


@given(v=st.tuples(small, small), s=small, tangent=st.tuples(small, small, small),
       cotangent=st.tuples(small, small, small))  # fmt: skip
def test_jvp_and_vjp_are_transposes_of_each_other_and_products_with_the_jacobian(
    v: tuple[float, float],
    s: float,
    tangent: tuple[float, float, float],
    cotangent: tuple[float, float, float],
) -> None:
    result, moved = jvp(three_of_two, (v, s), (tangent[:2], tangent[2]))
    again, pullback = vjp(three_of_two, v, s)
    assert again == result
    pulled = pullback([cotangent[0], {"a": cotangent[1]}, cotangent[2]])
    tangents_out = [moved[0], moved[1]["a"], moved[2]]
    cotangents_in = [*pulled[0], pulled[1]]
    assert inner(cotangent, tangents_out) == pytest.approx(inner(cotangents_in, tangent), abs=1e-12)
    by_v, by_s = zip(*flat_jacobian(v, s), strict=True)
    for row, slope, out in zip(by_v, by_s, tangents_out, strict=True):
        assert out == pytest.approx(inner([*row, slope], tangent), abs=1e-12)


def inner(a: Any, b: Any) -> float:
    return math.fsum(x * y for x, y in zip(a, b, strict=True))


def flat_jacobian(v: Any, s: float) -> list[tuple[tuple[float, float], float]]:
    rows = jacobian(three_of_two, (0, 1))(v, s)
    return [rows[0], rows[1]["a"], rows[2]]


def test_dicts_of_tangents_go_by_their_keys_not_by_their_order() -> None:
    def f(p: Any) -> Any:
        return {"first": p["w"] ** 2, "second": p["b"] * 5}

    _, moved = jvp(f, ({"w": 3.0, "b": 1.0},), ({"b": 100.0, "w": 1.0},))
    assert moved == {"first": 6.0, "second": 500.0}
    _, pullback = vjp(f, {"w": 3.0, "b": 1.0})
    assert pullback({"second": 100.0, "first": 1.0}) == ({"w": 6.0, "b": 500.0},)


def test_a_pullback_may_be_used_again_and_takes_values() -> None:
    _, pullback = vjp(lambda x: [x * x, x], 3.0)
    assert pullback([1.0, 0.0]) == (6.0,)
    assert pullback([0, 1]) == (1.0,)
    weight = Value(2.0)
    (pulled,) = pullback([weight, 0.0])
    assert (pulled.data, differentiate(pulled, weight).data) == (12.0, 6.0)


def test_one_value_as_two_arguments_is_two_inputs() -> None:
    x = Value(3.0)
    by_first, by_second = grad(lambda a, b: a * a * b, (0, 1))(x, x)
    assert (by_first.data, by_second.data) == (18.0, 9.0)


# Random expressions against mpmath.


@settings(max_examples=60)
@given(program=smooth_programs)
def test_derivatives_of_random_expressions(program: Program) -> None:
    """First and second derivatives, in reverse and in forward mode."""
    point = [step[1] for step in program[: count_leaves(program)]]
    meanings: Any = {name: reference(name) for name in SMOOTH}

    def meant(*leaves: Any) -> Any:
        inputs = iter(leaves)
        return list(run(program, meanings, lambda _: next(inputs), mp.mpf))[-1]

    def function(*leaves: Any) -> Any:
        inputs = iter(leaves)
        return list(run(program, TABLE, lambda _: next(inputs), float))[-1]

    with mp.workdps(40):
        inputs = iter(point)
        sizes = list(run(program, meanings, lambda _: mp.mpf(next(inputs)), mp.mpf))
    assume(max(map(abs, sizes)) < 100)
    every = range(len(point))
    try:
        slopes = grad(function, every)(*point)
        curves = hessian(function, every)(*point)
    except GradientError:
        assume(False)
    for i in every:
        true = derivative(meant, point, i)
        assume(true is not None and abs(true) < 1e6)
        assert slopes[i] == pytest.approx(float(true), rel=1e-9, abs=1e-9)
        direction = [float(i == j) for j in every]
        assert jvp(function, point, direction)[1] == pytest.approx(slopes[i], rel=1e-9, abs=1e-9)
    for i, j in itertools.product(every, repeat=2):
        true = second_derivative(meant, point, i, j)
        assume(true is not None and abs(true) < 1e8)
        assert curves[i][j] == pytest.approx(float(true), rel=1e-7, abs=1e-7)


@settings(max_examples=50)
@given(program=smooth_programs)
def test_hessians_are_symmetric(program: Program) -> None:
    point = [step[1] for step in program[: count_leaves(program)]]

    def function(leaves: Any) -> Any:
        inputs = iter(leaves)
        return list(run(program, TABLE, lambda _: next(inputs), float))[-1]

    try:
        rows = hessian(function)(point)
    except ChalkgradError:
        assume(False)
    scale = max(1.0, *(abs(x) for row in rows for x in row))
    for i, j in itertools.product(range(len(point)), repeat=2):
        assert rows[i][j] == pytest.approx(rows[j][i], rel=1e-9, abs=1e-12 * scale)


# Bad arguments.


@pytest.mark.parametrize("transform", [grad, value_and_grad, jacobian, hessian])
def test_argnums_beyond_the_arguments(transform: Any) -> None:
    for argnums, count in ((2, 2), (3, 2), (-3, 2), ((0, 5), 2), (0, 0), (1, 0)):
        with pytest.raises(ValueError, match=r"argnums(.|\n)*hint: "):
            transform(lambda *xs: sum(xs), argnums)(*[1.0] * count)


@pytest.mark.parametrize("transform", [grad, value_and_grad, jacobian, hessian])
@pytest.mark.parametrize("wrong", ["x", None, 1j, {1.0}, object()], ids=lambda x: type(x).__name__)
def test_arguments_that_are_no_numbers_are_named_by_their_place(
    transform: Any, wrong: object
) -> None:
    with pytest.raises(NotANumberError, match=rf"argument 0.*\({type(wrong).__name__}\)"):
        transform(lambda x: x)(wrong)
    with pytest.raises(NotANumberError, match=r"argument 1\['w'\]\[1\]: "):
        transform(lambda x, p: x, 1)(1.0, {"w": [1.0, wrong]})


def test_results_that_are_no_numbers() -> None:
    for transform in (grad, value_and_grad, jacobian, hessian):
        with pytest.raises(NotANumberError, match="the result"):
            transform(lambda x: "text")(1.0)
        with pytest.raises(NotANumberError, match="the result"):
            transform(lambda x: None)(1.0)
    with pytest.raises(NotANumberError, match="the result"):
        jvp(lambda x: None, (1.0,), (1.0,))
    with pytest.raises(NotANumberError, match="the result"):
        vjp(lambda x: [x, "text"], 1.0)


def test_gradients_need_one_number_as_result() -> None:
    for result in ([], [1.0], (1.0, 2.0), {"a": 1.0}):
        with pytest.raises(ValueError, match=rf"{type(result).__name__}(.|\n)*hint: use jacobian"):
            grad(lambda x, result=result: result)(1.0)


def test_tangents_and_cotangents_need_the_shape_of_what_they_belong_to() -> None:
    for tangents in ((), (1.0,), (1.0, 2.0, 3.0), ([1.0, 2.0],), ([1.0], 2.0)):
        with pytest.raises(ValueError, match="hint: "):
            jvp(lambda x, y: x * y, (1.0, 2.0), tangents)
    _, pullback = vjp(lambda x: [x, {"a": x}], 1.0)
    for cotangent in (1.0, [1.0], [1.0, 2.0], [1.0, {"b": 2.0}], [1.0, {"a": 2.0, "b": 3.0}]):
        with pytest.raises(ValueError, match="hint: "):
            pullback(cotangent)
    with pytest.raises(NotANumberError, match="str"):
        pullback([1.0, {"a": "2"}])
    with pytest.raises(NotANumberError, match="str"):
        jvp(lambda x: x, (1.0,), ("1",))


@pytest.mark.parametrize("wrong", [1.0, "x", None, [1.0]])
def test_differentiate_needs_values(wrong: Any) -> None:
    x = Value(2.0)
    with pytest.raises(TypeError):
        differentiate(wrong, x)
    with pytest.raises(TypeError):
        differentiate(x * x, [wrong])
    with pytest.raises(TypeError):
        grad(wrong)(1.0)


# At constants, without recording, at numbers that have changed.


def test_derivatives_at_a_constant_and_without_recording() -> None:
    def cubed(x: Any) -> Any:
        return x**3

    for point in (2.0, Value(2.0), Value(2.0).detach()):
        for second in (hessian(cubed), grad(grad(cubed))):
            assert float(second(point)) == 12.0
            with no_grad():
                assert float(second(point)) == 12.0
        with no_grad():
            assert [*map(float, jvp(grad(cubed), (point,), (1.0,)))] == [12.0, 12.0]


def test_an_argument_asked_for_twice_is_refused() -> None:
    for argnums in [(0, 0), (0, -2)]:
        with pytest.raises(ArgumentError, match="twice"):
            grad(lambda x, y: x * y, argnums)(2.0, 3.0)
    assert grad(lambda x, y: x * y, (0, -1))(2.0, 3.0) == (3.0, 2.0)


def test_infinite_derivatives_raise_in_every_mode() -> None:
    for function in (lambda x: x * 1e308 * 1e308, lambda x: x / 1e-310):
        with pytest.raises(GradientError):
            grad(function)(0.0)
        with pytest.raises(GradientError):
            jvp(function, (0.0,), (1.0,))


def test_numbers_set_afterwards_are_not_mixed_with_those_computed_before() -> None:
    x = Value(1.0, "x")
    y = x * x.exp()
    x.data = 2.0
    with pytest.raises(GraphError, match=r"hint: compute it again"):
        differentiate(y, x)


def test_a_constant_to_differentiate_by_needs_a_label() -> None:
    bare, named = Value(2.0).detach(), Value(2.0, "c").detach()
    with pytest.raises(GraphError, match="label"):
        differentiate(bare * bare * bare, bare)
    cube = named * named * named
    assert differentiate(differentiate(cube, named), named).data == 12.0


def test_higher_derivatives_of_softmaxes_far_from_zero() -> None:
    for at in (-700.0, -400.0, -60.0, -40.0, 0.0, 40.0, 60.0, 400.0, 700.0):
        found = hessian(logsumexp)([at, at])
        assert np.allclose(found, [[0.25, -0.25], [-0.25, 0.25]], rtol=1e-12, atol=0.0)
        assert abs(grad(grad(grad(lambda v: logsumexp([v, v + 1]))))(at)) < 1e-12


# Numbers out of range, has_aux, keywords, numpy.


@pytest.mark.parametrize(
    ("name", "point"),
    [("atan", 1e200), ("erf", 1e160), ("gelu", 1e160), ("gelu", -1e160), ("log10", 1e308)],
)
def test_one_convention_for_what_passes_through_numbers_too_large(name: str, point: float) -> None:
    function = TABLE[name]
    x = Value(point)
    output = function(x)
    output.backward()
    assert differentiate(output, x).data == x.grad == grad(function)(point)
    assert grad(grad(function))(point) == 0.0


def test_a_gradient_that_is_infinite_is_an_error_in_every_mode() -> None:
    x = Value(1.0, "x")
    output = Value(math.inf) * x
    with pytest.raises(GradientError, match="x"):
        output.backward()
    with pytest.raises(GradientError, match="x"):
        differentiate(output, x)
    with pytest.raises(GradientError):
        grad(lambda x: x * math.inf)(1.0)


def test_a_gradient_within_a_loop_that_is_differentiated_is_linear() -> None:
    """The inner gradient walks its own function's graph, not all that led to its argument."""
    w = 0.5

    def nodes(steps: int) -> int:
        visited = 0

        def path(x: Any) -> Any:
            for _ in range(steps):
                x = x + 0.01 * grad(lambda q: q * q * w)(x)
            nonlocal visited
            visited = len(topological_order(x))
            return x

        slope = grad(path)(1.0)
        assert slope == pytest.approx((1 + 0.02 * w) ** steps)
        return visited

    assert nodes(400) < 2.1 * nodes(200)


def test_keyword_arguments_are_passed_on() -> None:
    def f(x: Any, *, power: int = 2) -> Any:
        return x**power

    assert grad(f)(3.0, power=3) == 27.0
    assert value_and_grad(f)(3.0, power=1) == (3.0, 1.0)
    assert jacobian(f)(3.0, power=2) == 6.0
    assert hessian(f)(3.0, power=3) == 18.0


def test_what_else_a_function_returns_comes_along() -> None:
    def f(x: Any) -> Any:
        return x * x, {"seen": x.data}

    assert grad(f, has_aux=True)(3.0) == (6.0, {"seen": 3.0})
    assert value_and_grad(f, has_aux=True)(3.0) == ((9.0, {"seen": 3.0}), 6.0)
    with pytest.raises(ArgumentError, match="has_aux"):
        grad(lambda x: x * x, has_aux=True)(3.0)
    for wrong in ((), (Value(1.0),), (Value(1.0), 2, 3), [Value(1.0), 2]):
        with pytest.raises(ArgumentError, match=rf"\(result, aux\), not {type(wrong).__name__}"):
            value_and_grad(lambda x, wrong=wrong: wrong, has_aux=True)(3.0)


def test_arrays_are_taken_and_given_back() -> None:
    a = np.array([[1.0, 2.0], [3.0, 4.0]])
    v = np.array([0.5, -1.0])

    def quadratic(x: Any) -> Any:
        return x @ a @ x

    found = grad(quadratic)(v)
    assert (type(found), found.dtype, found.tolist()) == (
        np.ndarray,
        float,
        ((a + a.T) @ v).tolist(),
    )
    value, slopes = value_and_grad(quadratic)(v)
    assert (value, slopes.tolist()) == (v @ a @ v, found.tolist())
    assert np.array_equal(jacobian(lambda x: a @ x)(v), a)
    assert np.array_equal(hessian(quadratic)(v), a + a.T)
    result, moved = jvp(lambda x: a @ x, (v,), (np.array([1.0, 0.0]),))
    assert np.array_equal(result, a @ v)
    assert np.array_equal(moved, a[:, 0])
    result, pullback = vjp(lambda x: a @ x, v)
    assert np.array_equal(pullback(np.array([1.0, 0.0]))[0], a[0])
    tree = grad(lambda p: autograd.sum(list((p["w"] * p["w"]).flat)) * p["b"])({"w": a, "b": 2})
    assert np.array_equal(tree["w"], 4 * a)
    assert tree["b"] == (a * a).sum()
    w = Value(2.0)
    of_values = grad(lambda x: w * x @ x)(v)
    assert of_values.dtype == object
    assert [slope.data for slope in of_values] == [2.0, -4.0]
    with pytest.raises(ArgumentError, match="shape"):
        jvp(lambda x: a @ x, (v,), (np.array([1.0]),))
    with pytest.raises(NotANumberError, match=r"argument 0\[1\]"):
        grad(lambda x: x[0])(np.array([1.0, "a"], dtype=object))


def test_an_inner_derivatives_plain_arguments_leave_the_outer_one_a_float() -> None:
    inner = {
        "grad": lambda w: grad(lambda q: q * q * w)(1.0),
        "value_and_grad": lambda w: value_and_grad(lambda q: q * q * w)(1.0)[1],
        "jacobian": lambda w: jacobian(lambda q: [q * q * w])(1.0)[0],
        "hessian": lambda w: hessian(lambda q: q * q * w)(1.0),
        "jvp": lambda w: jvp(lambda q: q * q * w, (1.0,), (1.0,))[1],
    }
    for name, function in inner.items():
        slope = grad(lambda w, function=function: w * function(w))(2.0)
        assert type(slope) is float, name
        assert slope == 8.0
    for second in (
        lambda w: hessian(lambda q: q * q * q * w)(1.0),
        lambda w: hessian(lambda q: q * q * q * w, sparse=True)(1.0).values[0],
        lambda w: jacobian(jacobian(lambda q: [q * q * q * w]))(1.0)[0],
        lambda w: jvp(grad(lambda q: q * q * q * w), (1.0,), (1.0,))[1],
        lambda w: value_and_grad(grad(lambda q: q * q * q * w))(1.0)[1],
    ):
        slope = grad(lambda w, second=second: w * second(w))(2.0)
        assert (slope, type(slope)) == (24.0, float)


def test_a_function_that_goes_backward_itself_spoils_no_derivative() -> None:
    def function(x: Any) -> Any:
        (x * x * 7).backward()
        return x * 3

    assert grad(function)(2.0) == 3.0
    assert value_and_grad(function)(2.0) == (6.0, 3.0)
    assert jacobian(lambda x: [function(x), x * x])(2.0) == [3.0, 4.0]
    assert hessian(lambda x: function(x) * x)(2.0) == 6.0


def test_a_gradient_of_values_from_outside_changes_no_grad_of_theirs() -> None:
    w = Value(3.0)
    h = w * 2
    h.backward()
    grad(lambda x: x * h)(2.0)
    assert (h.grad, w.grad) == (1.0, 2.0)


def test_each_derivative_is_a_value_only_where_values_from_outside_play_a_part() -> None:
    w = Value(5.0)

    def function(v: Any) -> Any:
        return v[0] ** 2 + w * v[1] + v[2] * v[3] + (v[4] * w) ** 2 + 3 * v[5]

    at = [2.0, 3.0, 4.0, 5.0, 6.0, 7.0]
    for found in (
        grad(function)(at),
        jvp(function, (at,), ([1.0] * 6,))[1:],
        value_and_grad(function)(at)[1],
        jacobian(function)(at),
        vjp(function, at)[1](1.0)[0],
        vjp(lambda v: [v[0], function(v)], at)[1]([0.0, 1.0])[0],
        jacobian(lambda v: [1, function(v)])(at)[1],
    ):
        numbers = [float(number) for number in found]
        if len(found) == 1:
            assert (numbers, type(found[0])) == ([4.0 + 5.0 + 9.0 + 300.0 + 3.0], Value)
        else:
            assert numbers == [4.0, 5.0, 5.0, 4.0, 300.0, 3.0]
            assert [type(number) for number in found] == [float, Value, float, float, Value, float]
    result, _ = vjp(lambda v: [v[0], v[0] * v[1], w, w * v[0], 2.0, v[1] ** 2 + w], at)
    assert [type(number) for number in result] == [float, float, Value, Value, float, Value]
    rows = hessian(function)(at)
    assert [[float(x) for x in row] for row in rows][4] == [0.0, 0.0, 0.0, 0.0, 50.0, 0.0]
    assert [type(x) for x in rows[4]] == [float] * 4 + [Value, float]


# Never a derivative lost in silence.

LOSSES = {
    "math": lambda x: x * math.exp(-x),
    "float": lambda x: x * float(x),
    "int": lambda x: x * int(x),
    "trunc": lambda x: x * math.trunc(x),
    "floor": lambda x: x * math.floor(x),
    "round": lambda x: x * round(x),
    "round to digits": lambda x: x * round(x, 2),
    "numpy": lambda x: x * np.float64(x),
    "of a result": lambda x: x * math.sin(x * x + 1),
    "within another": lambda x: x * grad(lambda y: y * math.exp(x))(1.0),
    "of the inner one": lambda x: x * grad(lambda y: y * math.exp(y))(1.0),
}


@pytest.mark.parametrize("name", LOSSES)
def test_a_conversion_that_would_lose_a_derivative_is_an_error(name: str) -> None:
    function = LOSSES[name]
    for transformed in (
        grad(function), value_and_grad(function), jacobian(function), hessian(function),
        lambda x: jvp(function, (x,), (1.0,)), lambda x: vjp(function, x), grad(grad(function)),
    ):  # fmt: skip
        with pytest.raises(
            GraphError, match=r"would lose its derivative(.|\n)*hint: .*autograd\.exp"
        ):
            transformed(1.5)
    assert float(Value(1.5)) == 1.5


def test_what_depends_on_no_argument_may_be_converted_and_all_may_be_compared() -> None:
    w = Value(2.0)

    def function(x: Any) -> Any:
        scale = math.exp(w) * float(w * w)
        assert f"{x:.2f}" == "1.50"
        assert max(x, w) is w
        return x * scale if x > 1 and x else x * x.data

    assert grad(function)(1.5) == math.exp(2.0) * 4.0
    assert float(grad(lambda x: x * w)(1.5)) == 2.0
    assert grad(lambda x: autograd.softmax([x, 0.0])[0])(0.0) == 0.25
    assert grad(lambda x: autograd.clip(x, 0, 2))(1.5) == 1.0


def test_losses_of_probabilities_can_be_differentiated() -> None:
    def loss(p: Any) -> Any:
        return nn.sparse_cross_entropy([p, 1 - p], 0)

    assert grad(loss)(0.25) == pytest.approx(-4.0)
    one_hot = grad(lambda p: nn.categorical_cross_entropy([p, 1 - p], [1, 0]))
    assert one_hot(0.25) == pytest.approx(-4.0)


# Corners of the rules.


@pytest.mark.parametrize("op", TABLE.values(), ids=lambda op: op.name)
@pytest.mark.parametrize("way", [-1, 1])
@pytest.mark.parametrize("which", [0, 1])
def test_a_number_set_either_way_is_seen_by_every_operation(op: Any, way: int, which: int) -> None:
    if which == op.arity:
        return
    inputs = [Value(x, "x") for x in (1.625, 1.5, 0.375, 0.5) if _has_slope(op, x)][: op.arity]
    output = op(*inputs)
    differentiate(output, inputs)
    before = output.data
    inputs[which].data += way * 0.0625
    if op.evaluate(*[x.data for x in inputs]) == before:
        differentiate(output, inputs)  # nothing is wrong with it
        return
    with pytest.raises(GraphError, match=rf"{before!r}(.|\n)*x = (.|\n)*hint: compute it again"):
        differentiate(output, inputs)


def test_a_number_set_to_where_nothing_can_be_computed_is_an_error_of_ours() -> None:
    x = Value(2.0, "x")
    for output in (1 / x, x / (x * 1), x.log(), x**-1):
        x.data = 0.0
        with pytest.raises(ChalkgradError, match="hint: "):
            differentiate(output, x)
        x.data = 2.0
        differentiate(output, x)


def _has_slope(op: Any, x: float) -> bool:
    """Whether an operation is defined, and its slopes, around x."""
    inputs = [Value(at) for at in (x, 1.5)[: op.arity]]
    try:
        differentiate(op(*inputs), inputs)
        op.evaluate(x + 0.0625, 1.5)
        op.evaluate(x - 0.0625, 1.5)
    except ChalkgradError:
        return False
    return True


def test_what_passes_an_infinite_slope_is_zero_where_nothing_arrives() -> None:
    x = Value(2.0)
    flat = autograd.tanh(x * math.inf)
    assert differentiate(flat, x).data == 0.0
    flat.backward()
    assert x.grad == 0.0
    assert jvp(lambda x: autograd.tanh(x * math.inf), (2.0,), (0.0,))[1] == 0.0
    for sign in (1.0, -1.0):
        with pytest.raises(GradientError, match="inf"):
            differentiate(x * math.inf * sign, x)
        with pytest.raises(GradientError, match="inf"):
            jvp(lambda x: x * math.inf, (2.0,), (sign,))


def test_infinite_slopes_that_would_cancel_are_an_error() -> None:
    x, v = Value(0.0, "x"), Value(1.0, "v")
    steep, as_steep = x * 1e308 * 1e308, x * 1e308 * 1e308
    for output in (v * steep - v * as_steep, v * steep + (-v) * as_steep):
        with pytest.raises(GradientError, match=r"a gradient is not finite: (.|\n)*hint: keep the"):
            differentiate(output, x)
    with pytest.raises(GradientError, match=r"a gradient is not finite: (.|\n)*hint: keep the"):
        jvp(lambda x: x * 1e308 * 1e308 - x * 1e308 * 1e308, (0.0,), (v,))


def test_what_passes_a_slope_of_zero_leaves_nothing_in_the_graph() -> None:
    x, v, w = Value(2.0, "x"), Value(5.0, "v"), Value(7.0, "w")
    for constant in (autograd.gate(x, 3.0), autograd.gate(x, v), autograd.step(x), x**0):
        assert differentiate(v * constant + w * x, x) is w
        assert differentiate(w * x + v * constant, x) is w


def test_what_rules_pass_through_may_be_too_large_in_arithmetic_only() -> None:
    """As for plain numbers, which backward() takes: 1 / inf is 0."""
    big = 1.7e308
    rules: dict[str, Callable[[Any], Any]] = {
        "add": lambda x: 1 / (x * 1e308 + big),
        "sub": lambda x: 1 / (x * 1e308 - -big),
        "mul": lambda x: 1 / (x * 1e308 * big),
        "div": lambda x: 1 / (x * 1e308 / (x * 1e-308)),
    }
    for name, rule in rules.items():
        op = autograd.operation(lambda x, y, rule=rule: rule(x), name=name)(lambda x: x)
        x = Value(1.0)
        output = op(x)
        output.backward()
        assert (x.grad, differentiate(output, x).data) == (0.0, 0.0), name
        assert grad(op)(1.0) == 0.0
    for rule in (lambda x: 1 / (x * 1e200) ** 2, lambda x: 1 / autograd.exp(x * 1000)):
        op = autograd.operation(lambda x, y, rule=rule: rule(x))(lambda x: x)
        with pytest.raises(GradientError, match="is larger than the largest float"):
            differentiate(op(x), x)
