"""viz/boxes.py: what boxes say."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import autograd
from autograd import Value, operation
from viz.boxes import kinds_of, operation_text, value_text

if TYPE_CHECKING:
    from collections.abc import Callable

X, Y = Value(2.0, "x"), Value(3.0, "y")
W = Value(2.0, "W_{11}^2")


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: X + Y, "+"),
        (lambda: X - Y, "−"),
        (lambda: X * Y, "×"),
        (lambda: X / Y, "/"),
        (lambda: X**Y, "^"),
        (lambda: -X, "−"),
        (lambda: X + 1, "+ 1"),
        (lambda: 2 * X, "× 2"),
        (lambda: X - 0.5, "x − 0.5"),
        (lambda: 1 - X, "1 − x"),
        (lambda: X / 2, "x / 2"),
        (lambda: 10 / X, "10 / x"),
        (lambda: X**2, "x²"),
        (lambda: X**-1, "x⁻¹"),
        (lambda: X**0.5, "x^(0.5)"),
        (lambda: 2**X, "2 ^ x"),
        (lambda: (X * Y) ** 2, "(…)²"),
        (lambda: W**3, "(W₁₁²)³"),
        (W.square, "(W₁₁²)²"),
        (lambda: 1 / (X * Y), "1 / (…)"),
        (lambda: Value(2.0, "temperature").square(), "(…)²"),
        (X.tanh, "tanh"),
        (X.sqrt, "√x"),
        (X.square, "x²"),
        (X.reciprocal, "1 / x"),
        (lambda: abs(X), "|x|"),
        (lambda: X.maximum(0), "max(x, 0)"),
        (X.leaky_relu, "leaky_relu(x, 0.01)"),
        (lambda: X.hypot(Y), "hypot"),
    ],
)
def test_operations(make: Callable[[], Value], text: str) -> None:
    assert operation_text(make(), 4) == text


@pytest.mark.parametrize("name", sorted(autograd.TABLE))
def test_every_operation_of_the_table_has_a_short_name(name: str) -> None:
    entry = autograd.TABLE[name]
    x = 2.0 if ">= 1" in entry.domain or "> 1" in entry.domain else 0.5
    node = entry(Value(x)) if entry.arity == 1 else entry(Value(x), Value(0.25))
    assert 1 <= len(operation_text(node, 4)) <= 12


def test_an_operation_of_the_users_own_is_named() -> None:
    @operation(lambda x, y: 3.0)
    def triple(x: float) -> float:
        return 3 * x

    assert operation_text(triple(X), 4) == "triple"


def test_values() -> None:
    h = X * Y + 1
    h.label = r"\hat{h}"
    assert value_text(h, 4, with_formula=False) == "ĥ = 7"
    assert value_text(h, 4, with_formula=True) == "ĥ = x y + 1 = 7"
    assert value_text(X * Y, 4, with_formula=False) == "6"
    assert value_text(X, 4, with_formula=True) == "x = 2"


def test_a_formula_too_long_for_a_box_is_left_out() -> None:
    total = X
    for _ in range(30):
        total = (total * Y).tanh() + X
    total.label = "t"
    assert value_text(total, 4, with_formula=True).startswith("t = ")
    assert "tanh" not in value_text(total, 4, with_formula=True)


def test_kinds() -> None:
    w, b, x, plain = Value(1.0, "w_{1}"), Value(0.0, "b"), Value(2.0, "x"), Value(3.0)
    y = Value(1.0, "y").detach()
    y_hat = w * x * plain + b
    loss = (y - y_hat) ** 2
    loss.label = r"\mathcal{L}"
    nodes = [w, b, x, plain, y, y_hat, loss]
    kinds = kinds_of(nodes, set())
    assert [kinds[node] for node in nodes] == [
        *("parameter", "parameter", "input", "input", "input", "intermediate", "loss")
    ]
    assert kinds_of([w, b, x, y_hat], {x})[x] == "parameter"
    assert kinds_of([w, b, x, y_hat], set())[y_hat] == "output"


@pytest.mark.parametrize("label", ["L", "L_1", "J", r"\ell", "loss", "total_loss", r"\mathcal L"])
def test_losses_are_known_by_their_names(label: str) -> None:
    root = X * Y
    root.label = label
    assert kinds_of([X, Y, root], set())[root] == "loss"
    root.label = "y"


def test_b_is_a_parameter_only_beside_weights() -> None:
    a, b = Value(1.0, "a"), Value(2.0, "b")
    assert kinds_of([a, b, a * b], set())[b] == "input"
