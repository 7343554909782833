"""The update rule with its numbers, as step 4 of the notes has it."""

from __future__ import annotations

import math

import mpmath
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import ArgumentError, GraphError, NotANumberError, Value
from autograd.derivation import update_rule
from tests.printed import meaning

mp = mpmath.mp


def parameter(data: float, grad: float, label: str = "W_{11}^1") -> Value:
    value = Value(data, label)
    value.grad = grad
    return value


def test_the_update_of_the_notes():
    rule = update_rule(parameter(1.0, 2400.0), 0.0001)
    assert str(rule) == (
        "W₁₁¹_new = W₁₁¹_old − η ∂L/∂W₁₁¹\n"
        "         = 1 − 0.0001 · 2400\n"
        "         = 0.76"
    )  # fmt: skip
    assert rule.latex() == (
        "\\begin{align*}\n"
        r"{W_{11}^1}_{\text{new}} &= {W_{11}^1}_{\text{old}} - "
        r"\eta \frac{\partial L}{\partial W_{11}^1} \\" "\n"
        r"&= 1 - 0.0001 \cdot 2400 \\" "\n"
        r"&= 0.76" "\n"
        "\\end{align*}"
    )  # fmt: skip
    assert r"\begin{aligned}" in rule.markdown()


def test_negative_and_rounded_numbers():
    text = str(update_rule(parameter(-1 / 3, -0.12, "b"), 0.05, loss="E"))
    assert text == (
        "b_new = b_old − η ∂E/∂b\n"
        "      ≈ −0.333333 − 0.05 · (−0.12)\n"
        "      = −0.327333"
    )  # fmt: skip


@given(
    st.floats(-1e3, 1e3), st.floats(-1e3, 1e3), st.floats(1e-6, 10), st.integers(1, 12)
)  # fmt: skip
def test_each_line_follows_from_the_one_above_as_its_sign_says(data, grad, lr, digits):
    rule = update_rule(parameter(data, grad), lr, digits=digits)
    _, numbers, result = rule.rows
    new = data - lr * grad
    with mp.workdps(700):
        above, below = meaning(numbers.latex), meaning(result.latex)
        assert (result.sign == "=") == (abs(above - below) <= mp.mpf("1e-600") * abs(below))
        assert abs(below - new) <= mp.mpf(10) ** (1 - digits) * abs(new)
    if numbers.sign == "=":
        assert math.isclose(float(above), new, rel_tol=1e-9, abs_tol=1e-9)


def test_a_parameter_without_a_label_is_called_w():
    assert str(update_rule(parameter(1.0, 1.0, ""), 0.5)).startswith("w_new = w_old − η ∂L/∂w")


def test_what_cannot_be_updated():
    w = parameter(1.0, 1.0)
    for lr in (0.0, -0.1, float("inf")):
        with pytest.raises(ArgumentError, match="positive"):
            update_rule(w, lr)
    with pytest.raises(NotANumberError):
        update_rule(w, "0.1")
    for no_parameter in (w * 2, w.detach()):
        with pytest.raises(GraphError, match="no parameter"):
            update_rule(no_parameter, 0.1)
