"""What is printed is read back as the same tree, from LaTeX and from text; numbers in one style."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograd import ops
from autograd.notation import (
    ONE,
    Call,
    Constant,
    Derivative,
    Expr,
    Negative,
    Number,
    Power,
    Product,
    Reader,
    Sentence,
    Sum,
    Symbol,
    number,
    to_latex,
    to_mathml,
    to_unicode,
    walk,
)
from tests.trees import LABELS, cases, spelled, trees

READER = Reader((*LABELS, "n"))
TWO = Number("2")
A, B, X, Y = (Symbol(label) for label in "abxy")


def read_back(tree: Expr) -> None:
    assert READER.read(to_latex(tree), tex=True) == spelled(tree), to_latex(tree)
    assert READER.read(to_unicode(tree), tex=False) == spelled(tree), to_unicode(tree)


@settings(max_examples=400)
@given(trees)
def test_what_is_printed_is_read_back_equal(tree: Expr) -> None:
    read_back(tree)
    ET.fromstring(f"<math>{to_mathml(tree)}</math>")


@settings(max_examples=100)
@given(cases)
def test_cases_are_read_back_equal(tree: Expr) -> None:
    assert READER.read(to_latex(tree), tex=True) == spelled(tree)
    if len(tree.conditions) == 1:
        assert READER.read(to_unicode(tree), tex=False) == spelled(tree)
    ET.fromstring(f"<math>{to_mathml(tree)}</math>")


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_keep_every_digit_on_the_way(x: float) -> None:
    read_back(number(x))


@pytest.mark.parametrize(
    ("tree", "written", "text"),
    [
        (A - (B - X), "a - b + x", "a − b + x"),
        (Sum((A, Negative(Sum((B, X))))), "a - (b + x)", "a − (b + x)"),
        (Negative(Negative(A)), "-(-a)", "−(−a)"),
        (Product((Negative(A), B)), "(-a) b", "(−a) b"),
        (A / (B * X), r"\frac{a}{b x}", "a/(b x)"),
        (Product((Product((A,), (B,)), X)), r"\frac{a}{b} x", "(a/b) x"),
        (
            Product((Product((ONE,), (TWO,)), Power(A - B, TWO))),
            r"\frac{1}{2}(a - b)^2",
            "(1/2)(a − b)²",
        ),
        (Product((TWO, Product((ONE,), (Number("3"),)))), r"2 \cdot \frac{1}{3}", "2 · (1/3)"),
        (Product((X, Number("3"))), r"x \cdot 3", "x · 3"),
        (Product((X, Negative(Number("3")))), r"x \cdot (-3)", "x · (−3)"),
        (Product((Number("1.05e-9"), X)), r"1.05{\cdot}10^{-9} x", "1.05·10⁻⁹ x"),
        (Product((X, Number("2.5e7"))), r"x \cdot (2.5{\cdot}10^{7})", "x · (2.5·10⁷)"),
        (Number("0.50"), "0.50", "0.50"),
        (Product((Symbol("z"), Power(Constant("e"), Symbol("z")))), "z e^{z}", "z eᶻ"),
        (Power(Constant("e"), A * B), "e^{a b}", "e^(a b)"),
        (Power(Constant("e"), A - ONE), "e^{a - 1}", "eᵃ⁻¹"),
        (A / (1 + ops.abs(X)), r"\frac{a}{1 + \left|x\right|}", "a/(1 + |x|)"),
        (ops.abs(A + ops.abs(B)), r"\left|a + \operatorname{abs}(b)\right|", "|a + abs(b)|"),
        (ops.floor(X), r"\lfloor x \rfloor", "⌊ x ⌋"),
        (ops.leaky_relu(X), r"\operatorname{leaky\_relu}(x, 0.01)", "leaky_relu(x, 0.01)"),
        (ops.sigmoid(A / B), r"\sigma\left(\frac{a}{b}\right)", "σ(a/b)"),
        (Call(ops.tanh, (X,), 1), r"\tanh'(x)", "tanh′(x)"),
        (Power(ops.sqrt(X), TWO), r"(\sqrt{x})^2", "(√x)²"),
        (ops.sqrt(Power(X, TWO)), r"\sqrt{x^2}", "√(x²)"),
        (Power(X, Product((ONE,), (Number("3"),))), "x^{1/3}", "x^(1/3)"),
        (Power(Symbol("W_{11}^2"), TWO), "(W_{11}^2)^2", "(W₁₁²)²"),
        (
            Derivative(Symbol("L"), Symbol(r"\hat{y}")),
            r"\frac{\partial L}{\partial \hat{y}}",
            "∂L/∂ŷ",
        ),
        (Derivative(Y, X, sign="d"), r"\frac{dy}{dx}", "dy/dx"),
        (Derivative(Y, X, 2, sign="d"), r"\frac{d^2 y}{dx^2}", "d²y/dx²"),
    ],
)  # fmt: skip
def test_what_could_be_misread_is_not(tree: Expr, written: str, text: str) -> None:
    assert to_latex(tree) == written
    assert to_unicode(tree) == text
    reader = Reader((*LABELS, "z"))
    assert reader.read(written) == tree
    assert reader.read(text) == tree


def test_powers_of_eulers_number_where_e_is_a_symbol() -> None:
    tree = Product((Symbol("e"), Power(Constant("e"), X)))
    assert to_latex(tree) == r"e \exp(x)"
    assert Reader(["e", "x"]).read(to_latex(tree)) == tree


def test_a_derivative_by_several_symbols() -> None:
    tree = Derivative(Derivative(Symbol("L"), X), Symbol("W_{11}^2"))
    assert to_latex(tree) == r"\frac{\partial^2 L}{\partial W_{11}^2 \partial x}"
    assert to_unicode(tree) == "∂²L/∂W₁₁²∂x"
    read_back(tree)


def test_a_sentence_is_typeset_in_each_style() -> None:
    sentence = Sentence(("the sign of ", Symbol("x_1"), " < 0 is wrong"))
    assert str(sentence) == sentence.text() == "the sign of x₁ < 0 is wrong"
    assert sentence.latex() == "the sign of $x_1$ < 0 is wrong"
    assert sentence.html() == (
        "the sign of <math><msub><mi>x</mi><mn>1</mn></msub></math> &lt; 0 is wrong"
    )
    assert to_latex(sentence) == r"\text{the sign of }x_1\text{ < 0 is wrong}"
    assert to_unicode(sentence) == str(sentence)


@given(trees)
def test_every_symbol_is_shown(tree: Expr) -> None:
    for part in walk(tree):
        if isinstance(part, Symbol):
            assert to_unicode(part.label) in to_unicode(part)
