"""Every line of working that is written can be read back, and says what is true."""

from __future__ import annotations

import math

import mpmath
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import autograd as ag
from autograd import (
    TABLE,
    ArgumentError,
    ChalkgradError,
    GraphError,
    NotANumberError,
    Value,
)
from autograd.derivation import Derivation, Working, derive, update_rule
from autograd.notation import At, Derivative, Expr, Meaning, Reader, Symbol, to_latex, to_unicode
from tests.expressions import programs, run
from tests.printed import meaning
from tests.test_derivation import NUMBERS, named, network

mp = mpmath.mp

SHOWN = {to_latex: r" \cdot ", to_unicode: " · "}


def lines(working: Working, show) -> list[str]:
    """What stands right of each sign = or ≈, lines that go on from one above put to it."""
    found: list[str] = []
    for row in working.rows:
        product = SHOWN[show].join(row.typeset(show))
        if row.sign in ("+", "-"):
            found[-1] += f" {row.sign} {product}"
        elif row.sign:
            found.append(product)
    return found


def meaning_of(derivation: Derivation) -> Meaning:
    """What the trees of a derivation are worth at the graph's numbers."""
    names = derivation._graph.names
    numbers = {names.symbols[node]: node.data for node in names.symbols}
    slopes = {factor.quotient: factor.number for factor in derivation.factors}
    slopes[derivation.quotient] = derivation.value

    def slope(part: Derivative | At) -> float:
        assert isinstance(part, Derivative)
        return slopes[part]

    return Meaning(lambda symbol: numbers[symbol.label], float, slope)


def check(derivation: Derivation) -> None:
    assert derivation.rows  # softmax outputs get their symbols on the way
    symbols = [*derivation._graph.names.symbols.values(), derivation.quotient.of.label]
    reader = Reader(symbols)
    worths = meaning_of(derivation)
    for show in SHOWN:
        assert reader.read(show(derivation.quotient)) == derivation.quotient
        for line in lines(derivation, show):
            worth = worths.of(reader.read(line))
            near = 1e-6 * max(1.0, abs(derivation.value))
            assert math.isclose(worth, derivation.value, abs_tol=near), line


@settings(max_examples=300, deadline=None)
@given(
    programs({name: operation.arity for name, operation in TABLE.items()}, NUMBERS),
    st.sets(st.integers(0, 14)),
    st.integers(0, 14),
)
def test_every_line_of_a_derivation_is_read_back_and_right(program, labelled, which):
    try:
        nodes = list(run(program, TABLE, Value, lambda x: Value(x).detach()))
        output, wrt = nodes[-1], nodes[which % len(nodes)]
        assume(not wrt.is_constant and not output.is_leaf)
        for i, node in enumerate(nodes):
            if node.is_leaf or i in labelled:
                node.label = f"s_{{{i}}}"
        derivation = derive(output, wrt, limit=100, digits=15)
        assume(all(abs(node.data) < 1e6 for node in nodes))
        assume(all(factor.form is not None for factor in derivation.factors))
        check(derivation)
    except ChalkgradError as error:
        assume(isinstance(error, ag.GradientError | ag.DomainError | ag.RangeError | ag.GraphError))
        assume(False)


def test_every_line_of_the_notes_network_and_of_classifiers():
    nodes = network({"y": 3.0, "W_{11}^1": -0.5})
    for label in nodes:
        if label != "L":
            check(derive(nodes["L"], nodes[label], digits=15))
    w = Value(0.3, "w")
    z = [named(w * x, f"z_{i}") for i, x in enumerate((1.0, -2.0, 0.5), start=1)]
    p = [named(each, rf"\hat{{y}}_{i}") for i, each in enumerate(ag.softmax(z), start=1)]
    loss = named(-p[1].log(), "L")
    for wrt in (w, *z):
        check(derive(loss, wrt, digits=15))


def test_the_part_of_a_derivative_with_others_held_fixed_is_written_out():
    """∂L/∂x by the chain rule holds no ∂L/∂x, which is more than that part of it."""
    x = Value(2.0, "x")
    h = named((Value(0.5, "w") * x).tanh(), "h")
    derivation = derive(named(h * Value(3.0, "v") + x, "L"), x, digits=15)
    assert str(derivation).splitlines()[:2] == ["∂L/∂x = ∂L/∂h · ∂h/∂x", "      + 1"]
    check(derivation)


@pytest.mark.parametrize("label", ["w", "W_{11}^1", "b_{21}", r"\theta", "w_1"])
def test_every_line_of_an_update_is_read_back(label):
    parameter = Value(1.0, label)
    parameter.grad = -2.5e-9
    working = update_rule(parameter, 1e-5)
    rule = working.rows[0].cells[0]
    assert isinstance(working.left, Symbol)
    assert isinstance(rule, Expr)
    old = rule.terms[0].label
    reader = Reader([label, old, working.left.label, "L", r"\eta"])
    for show in SHOWN:
        assert reader.read(show(working.left)) == working.left
        for row, line in zip(working.rows, lines(working, show), strict=True):
            assert (reader.read(line),) == row.cells


# The update rule with its numbers, as step 4 of the notes has it.


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
