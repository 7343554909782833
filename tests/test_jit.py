"""`jit`: functions recorded at their first call; what cannot be recorded is said."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from autograd import (
    ArgumentError,
    DomainError,
    GraphError,
    Value,
    clip,
    exp,
    grad,
    hessian,
    jit,
    log,
    logsumexp,
    record,
    softmax,
    value_and_grad,
    where,
    within,
)


def rosenbrock(v: Any) -> Any:
    total = 0.0
    for i in range(len(v) - 1):
        total = total + 100.0 * (v[i + 1] - v[i] ** 2) ** 2 + (1.0 - v[i]) ** 2
    return total


@pytest.mark.parametrize("transform", [lambda f: f, grad, value_and_grad])
def test_transforms_can_be_compiled(transform: Any) -> None:
    plain = transform(rosenbrock)
    compiled = jit(plain)
    for v in ([0.3, 0.4, 0.5], [1.0, -2.0, 0.25], [0.1, 0.2]):
        assert compiled(v) == plain(v)


def test_newtons_method_by_a_compiled_hessian() -> None:
    step = jit(lambda v: (grad(rosenbrock)(v), hessian(rosenbrock)(v)))
    v = [-1.2, 1.0]
    for _ in range(20):
        gradient, ((a, b), (c, d)) = step(v)
        size = a * d - b * c
        v = [
            v[0] - (d * gradient[0] - b * gradient[1]) / size,
            v[1] - (a * gradient[1] - c * gradient[0]) / size,
        ]
    assert v == pytest.approx([1.0, 1.0], abs=1e-12)


def test_structures_of_arguments_and_results() -> None:
    @jit
    def both(p: Any, *, scale: float) -> Any:
        return {"y": p["w"] * p["x"][0] * scale, "fixed": 2.5, "all": [p["w"], p["x"][1]]}

    assert both({"w": 2.0, "x": (3.0, 4)}, scale=2) == {"y": 12.0, "fixed": 2.5, "all": [2.0, 4.0]}
    assert both({"w": 1.0, "x": (3.0, 4)}, scale=1)["y"] == 3.0
    assert np.allclose(jit(lambda a: a * 2.0)(np.array([1.0, 2.0])), [2.0, 4.0])


def test_values_from_outside_are_read_at_each_call() -> None:
    w = Value(2.0, "w")
    times = jit(lambda x: w * x)
    assert times(3.0) == 6.0
    w.data = 5.0
    assert times(3.0) == 15.0


def test_called_with_values_it_is_the_function() -> None:
    cube = jit(lambda x: x**3)
    x = Value(2.0)
    y = cube(x)
    y.backward()
    assert (y.data, x.grad) == (8.0, 12.0)
    assert grad(cube)(2.0) == 12.0


@pytest.mark.parametrize(
    "function",
    [
        lambda x: x if x > 0 else -x,
        lambda x: x if x <= 0.0 else -x,
        lambda x: x * math.sin(x),
        lambda x: x * x.data,
        lambda x: x * round(x),
        lambda x: 1.0 if x * x else 2.0,
        lambda x: clip(x, 0.0, x),
    ],
)
def test_what_depends_on_the_numbers_of_a_row_is_refused(function: Any) -> None:
    with pytest.raises(GraphError, match="while a program is recorded") as caught:
        jit(function)(2.0)
    for name in ("where", "step", "maximum", "within"):
        assert name in caught.value.hint


def test_where_is_recorded() -> None:
    size = jit(lambda x: where(x, x, -x))
    assert (size(2.0), size(-2.0)) == (2.0, 2.0)


def test_softmax_of_large_numbers_after_small_ones() -> None:
    """What is shifted and what is not are two graphs: the second is left to the engine."""
    compiled = jit(lambda x: [*softmax([x, 2 * x, 0.0]), logsumexp([x, 1.0])])
    for x in (1.0, 100.0, -3.0, -1000.0):
        expected = [*softmax([Value(x), 2 * x, 0.0]), logsumexp([Value(x), 1.0])]
        assert compiled(x) == [e.data for e in expected]


def test_errors_are_the_operations() -> None:
    compiled = jit(lambda x: log(x) + exp(x))
    assert compiled(1.0) == math.e
    with pytest.raises(DomainError, match=r"log\(-1.0\)"):
        compiled(-1.0)


def test_a_recorded_function_follows_the_answer_of_each_row() -> None:
    w = Value(2.0, "w")
    w.grad = 7.0

    def loss(x: Value) -> Value:
        return (w * x).tanh() if within(x, 0.0, 10.0) else w * w * x

    program = record(loss, 1.0, wrt=[w])
    assert program.grad(1.0) == [1.0 - math.tanh(2.0) ** 2]
    assert program.value_and_grad(-1.0) == (-4.0, [-4.0])
    assert program.map([[1.0], [-1.0], [20.0]]) == [math.tanh(2.0), -4.0, 80.0]
    assert program.total([[-1.0], [20.0]]) == (76.0, [76.0])
    assert w.grad == 7.0


def test_what_record_refuses() -> None:
    w = Value(2.0, "w")
    for function in (lambda x: [w * x, w], lambda x: 3.0):
        with pytest.raises(ArgumentError, match="record"):
            record(function, 1.0, wrt=[w])


def test_a_function_of_the_module_math_is_told_what_to_use_instead():
    with pytest.raises(GraphError, match=r"autograd\.exp\(x\) in place of math\.exp\(x\)"):
        jit(math.exp)(2.0)
