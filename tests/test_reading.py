"""Formula text: every spelling of a label, the grammar, errors that show the place; no crash."""

from __future__ import annotations

import contextlib
import math
import pickle
import random
import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd as ag
from autograd import ChalkgradError
from autograd.notation import (
    Applied,
    At,
    Call,
    Constant,
    Derivative,
    Expr,
    FormulaError,
    Meaning,
    Negative,
    Number,
    Power,
    Product,
    Reader,
    Relation,
    Sum,
    Symbol,
    expanded,
    read_formula,
    split_links,
    symbols_of,
    to_latex,
    to_unicode,
    walk,
)
from tests.trees import LABELS as TREE_LABELS
from tests.trees import cases, spelled, trees

if TYPE_CHECKING:
    from autograd.ops import Operation

LABELS = [
    "W_{11}^1", "W_{21}^1", "W_{11}^2", "W_{21}^2", "O_{11}", "O_{12}", r"\hat{y}", "y", "b_{21}",
    "x_{i1}", "L", "x", "z", "p", "z_1", "z_2", "z_3", "loss", r"\eta", "d",
]  # fmt: skip
NUMBERS = {label: 0.3 + 0.17 * place for place, label in enumerate(LABELS)}
READER = Reader(LABELS, aliases={"0_{11}": "O_{11}", "W'_{12}": "W_{21}^1", "i_q": "x_{i1}"})


def worth(tree: Expr, numbers: dict[str, float] = NUMBERS) -> float:
    """What a tree is worth, derivatives counting as 0.5."""
    meaning = Meaning(lambda part: numbers[part.label], float, lambda part: 0.5)
    return float(meaning.of(expanded(tree, numbers)))


def number(text: str) -> float:
    return worth(READER.read(text))


def n(label: str) -> float:
    return NUMBERS[label]


# Labels in all their spellings.


@pytest.mark.parametrize(
    ("label", "spellings"),
    [
        (
            "W_{11}^2",
            ["W_{11}^{2}", "W^2_{11}", "W^{2}_{11}", "W _ {1 1} ^ { 2 }", "W_11^2", "W₁₁²", "W²₁₁",
             "W11^2", r"\mathrm{W}_{11}^2", r"W_{\text{11}}^2", r"W_{1\,1}^2", "𝑊_{11}^2"],
        ),
        (
            r"\hat{y}",
            [r"\hat y", r"\hat{ y }", "ŷ", "y\u0302", r"\widehat{y}", "yhat", "y_hat"],
        ),
        ("b_{21}", ["b_21", "b₂₁", "b21", "b_{2 1}"]),
        ("b_1", ["b_{1}", "b₁", "b1", "b _ 1"]),
        ("b_{1}", ["b_1"]),
        ("x_{i1}", ["x_i1", "xᵢ₁", r"x_{i 1}"]),
        (r"\eta", ["η", "eta", r"{\eta}"]),
        (r"\hat{y}_1", [r"\hat{y_1}", "ŷ₁", "ŷ_1", r"\hat{y}_{1}", "y_hat_1"]),
        ("x^{(1)}_2", ["x_2^{(1)}", "x_2^(1)", r"x^{\left(1\right)}_2"]),
        ("w'", ["w′", r"w^{\prime}", r"w^\prime"]),
        ("W_{new}", [r"W_{\text{new}}", r"W_{\mathrm{new}}", "W_new"]),
        ("loss", [r"\text{loss}", r"\mathrm{loss}", r"\operatorname{loss}"]),
        ("f(x)", ["f (x)", "f( x )"]),
        (r"\mathcal{L}", [r"\mathcal L"]),
        (r"\varepsilon", [r"\epsilon", "ε", "ϵ"]),
    ],
)  # fmt: skip
def test_every_spelling_of_a_label_is_the_label(label: str, spellings: list[str]) -> None:
    for written in [label, *spellings]:
        formula = read_formula(f"2 {written} + 1", [label, "q"])
        assert [*symbols_of(formula)] == [label], written
        assert worth(formula, {label: 5.0}) == 11.0, written


def test_a_label_known_in_any_spelling_is_found_in_any_other() -> None:
    spellings = ["W_{11}^2", "W^{2}_{11}", "W₁₁²", "W_11^2"]
    for known in spellings:
        for written in spellings:
            assert [*symbols_of(read_formula(written, [known]))] == [known]


def test_the_longest_label_wins_and_a_power_follows_it() -> None:
    square = n("W_{11}^2") ** 2
    for text in [
        "W_{11}^2{}^2",
        "(W_{11}^2)^2",
        "{W_{11}^2}^2",
        "W_{11}^2 ^2",
        "W₁₁²^2",
        "W_{11}^2**2",
    ]:
        assert number(text) == pytest.approx(square), text
    assert worth(read_formula("W_{11}^2", ["W_{11}"]), {"W_{11}": 3.0}) == 9.0
    assert [*symbols_of(read_formula("x_1 x_{12} x", ["x", "x_1", "x_{12}"]))] == [
        "x_1",
        "x_{12}",
        "x",
    ]
    assert number("lossx") == pytest.approx(n("loss") * n("x"))
    assert number("x_i1y") == pytest.approx(n("x_{i1}") * n("y"))


def test_labels_that_differ_only_in_spelling_are_told_apart_as_written() -> None:
    assert worth(read_formula("x1 - x_1", ["x1", "x_1"]), {"x1": 5.0, "x_1": 3.0}) == 2.0


def test_a_known_label_comes_before_a_function_and_a_constant() -> None:
    assert worth(read_formula(r"\sigma(2)", [r"\sigma"]), {r"\sigma": 3.0}) == 6.0
    assert worth(read_formula("e^2", ["e"]), {"e": 3.0}) == 9.0
    assert worth(read_formula("e^2", ["x"]), {}) == math.exp(2)
    assert worth(read_formula("exp(x)", ["e", "x", "p"]), {"x": 0.0}) == 1.0
    assert read_formula("sum", ["s", "u", "m", "sum"]) == Symbol("sum")


def test_aliases_stand_for_labels() -> None:
    assert [*symbols_of(READER.read(r"-2(y - \hat{y}) 0_{11} W'_{12} i_q"))] == [
        "y", r"\hat{y}", "O_{11}", "W_{21}^1", "x_{i1}",
    ]  # fmt: skip
    assert number("0.5 0_{11}") == pytest.approx(0.5 * n("O_{11}"))
    with pytest.raises(FormulaError, match="no known label") as caught:
        Reader(["O_{11}", "x"], aliases={"o": "O_{12}"})
    assert "O_{11}" in str(caught.value)


# Grammar.


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 + 2 * 3 - 4 / 8", 6.5),
        ("2(3 + 4)5", 70),
        ("-2^2", -4),
        ("2^-1", 0.5),
        ("2^{-1}", 0.5),
        ("2**3", 8),
        ("2^3^2", 512),
        ("2^{1+1}", 4),
        ("--3", 3),
        ("+3", 3),
        ("3 - -2", 5),
        ("3 \u2212 2 \u00b7 4 \u00d7 5 \u00f7 10", -1),
        (r"2 \cdot 3 \times 4 \div 6 \ast 2", 8),
        ("6/2/3", 1),
        ("6/2*3", 9),
        (r"\frac{1}{4}", 0.25),
        (r"\frac12", 0.5),
        (r"\frac1{4}", 0.25),
        (r"\dfrac{3}{\tfrac{1}{2}}", 6),
        (r"\frac{1}{2} 8", 4),
        ("[2(1 + {3 - 1})]", 6),
        (r"\left[2\left(1 + \left\{3 - 1\right\}\right)\right]", 6),
        (r"\bigl(1 + \Big(2\Big)\bigr)", 3),
        ("|2 - 5|", 3),
        ("2|-3||-4|", 24),
        ("||-3| - 5|", 2),
        (r"\left|-3\right| \lvert -2 \rvert", 6),
        (r"\sqrt{16}", 4),
        (r"\sqrt[3]{27}", 3),
        (r"\sqrt 4", 2),
        ("√9", 3),
        ("√(9)", 3),
        ("sqrt(16)", 4),
        ("e^0 + exp(0) + \\exp{0}", 3),
        ("e^{2}", math.exp(2)),
        ("2e", 2 * math.e),
        (r"\ln(e) + \log(e) + ln e", 3),
        (r"\log_2 8 + \log_{10} 1000 + \log_e e", 7),
        ("log2(8) + log10(100)", 5),
        (r"\sin(0) + \cos(0) + tan(0) + \tanh 0", 1),
        (r"\sin^2(1) + \cos^{2}(1)", 1),
        (r"\sin^{-1}(1) - \arcsin 1", 0),
        (r"\sin 2 \cdot 3", 3 * math.sin(2)),
        (r"\sin(2)^2", math.sin(2) ** 2),
        (r"\sigma(0) + sigmoid(0) + σ(0) + \operatorname{sigmoid}(0) + \text{sigmoid}(0)", 2.5),
        (r"\operatorname{ReLU}(-1) + relu(2) + \mathrm{relu}(3)", 5),
        (r"\max(1, 5, 3) + \min\{4, 2\} + max(0, -1)", 7),
        (r"\sigma'(0)", 0.25),
        (r"\tanh'(0) + \tanh^{\prime}(0)", 2),
        ("3²", 9),
        ("10⁻²", 0.01),
        ("1e-3 + 1E3 + .5 + 5.", 1005.501),
        (r"1.2 \times 10^{-7}", 1.2e-7),
        (r"1\,234\,567", 1234567),
        (r"\pi - π", 0),
        (r"\displaystyle 1 \quad + ~ 2 \, .", 3),
        ("$1 + 2$,", 3),
        ("1 + 2;", 3),
        (r"\sum_{j=1}^{3} j", 6),
        (r"\sum_{i=1}^2 \sum_{j=1}^2 i j", 9),
        (r"\sum_{j=1}^{3} j + 10", 16),
        (r"2\sum\limits_{j=1}^{3}(j - 1)", 6),
        ("∑_{k=0}^{2} 2^k", 7),
    ],
)
def test_arithmetic(text: str, expected: float) -> None:
    assert number(text) == pytest.approx(expected, rel=1e-12, abs=1e-12)


# Scripts and groups, as TeX and as plain text have them. Each line is read as the one beside it.

PAGE = Reader([*"xyzwpqabfngtn", "W_{11}", "x_1", "x_2"], applied=["f", "g"], new_symbols=True)
TEX = [
    ("a_ka_i", "a_{k} a_{i}"),
    (r"-y_klog(p_k)", r"-y_{k} \log(p_{k})"),
    ("x_12", "x_{12}"),
    ("W_11 x", "W_{11} x"),
    ("x^2y", "x^{2} y"),
    ("{3 w}^2", "3 w^2"),
    ("{xy}^2", "x y^2"),
    ("{9(a)}^2", "9 a^2"),
    ("{a + b}^2", "a + b^2"),
    ("{-x}^2", "-(x^2)"),
    (r"{\sin x}^2", r"\sin(x^2)"),
    (r"{\sin(x)}^2", r"(\sin(x))^2"),
    (r"{\frac{a}{b}}^2", r"(\frac{a}{b})^2"),
    (r"{(a + b)}^2", "(a + b)^2"),
    (r"{\left(x\right)}^2", "x^2"),
    (r"{W_{11}}^2 ", "(W_{11})^2"),
    (r"{cot}^2(x)", r"(\cot(x))^2"),
    ("w^2_1", "(w_1)^2"),
    ("x^n_1", "(x_1)^n"),
    (r"\frac{e^z_1}{q}", r"\frac{e^{z_1}}{q}"),
    ("e^-z", "e^{-z}"),
    (r"10^2x", "(10^2) x"),
    (r"\frac{1}{2x}", "1/(2x)"),
    (r"\frac{ab}{\frac{p}{q}}", "(ab)/(p/q)"),
    (r"{a \over b}", r"\frac{a}{b}"),
    ("wx + b", "w x + b"),
    (r"\Delta w_5 - \eta \delta h", r"\Delta w_{5} - \eta \cdot \delta \cdot h"),
    (r"\operatorname{sec}(x) \csc x \operatorname{arcsec} x", r"\sec(x) csc(x) asec(x)"),
    (r"\operatorname{arsinh}(x) + \tg x", "asinh(x) + tan(x)"),
    (r"\sec^{-1}(x) - \sinh^{-1} x", "asec(x) - asinh(x)"),
    (r"\log_b x", r"\frac{\log x}{\log b}"),
    (r"\log_2 x + \log_{10}(x) + \log_e x", r"log2(x) + log10(x) + \ln x"),
    (r"\ln|x|", r"\ln(|x|)"),
    (r"\lvert x \rvert \left\lvert y \right\rvert |w|", r"|x| |y| |w|"),
    (r"\lfloor x \rfloor - ⌊x⌉", r"floor(x) - round(x)"),
    (r"\mathrm{e}^{x} \pi", "exp(x) pi"),
    ("eˣ + e⁻²ˣ + x⁽ᵃ⁺ᵇ⁾", "e^{x} + e^{-2x} + x^{a + b}"),
    ("½ x", r"\frac{1}{2} x"),
    (r"2.5 \cdot 10^{7}", "2.5e7"),
    (r"2.5\times10^7 x", "2.5e7 x"),
    (r"2.5{\cdot}10^{-7} - 2.5·10⁻⁷", "2.5e-7 - 2.5e-7"),
    (r"x^2 \cdot 10^3", r"(x^2) (10^3)"),
    (r"3/2 \cdot 10^3", r"\frac{3 (10^3)}{2}"),
    (r"2 \cdot 10^n", r"2 (10^{n})"),
    (r"x \odot y", "x y"),
    (r"\mathbb{1}\{z > 0\} + 1_{z > 0} + [z > 0] + (z > 0)",
     "1[z > 0] + 1[z > 0] + 1[z > 0] + 1[z > 0]"),
    (r"\sin x \cos x", r"\sin(x) \cos(x)"),
    (r"\begin{cases} x & \text{if } x > 0 \\ 0 & \text{otherwise.} \end{cases}",
     "x if x > 0 else 0"),
    (r"\begin{cases} x, & x \ge 0 \\[2pt] a x, & x < 0 \end{cases}",
     "x if x >= 0 else a x if x < 0"),
    (r"\left\{ \begin{array}{ll} 1 & x \neq 2 \\ 0 & \textrm{else} \end{array} \right.",
     "1 if x != 2 else 0"),
    (r"0 \text{ if } z < 0", "0 if z < 0"),
    (r"\begin{cases} x & (x > 0) \\ 0 & (x \leq 0) \end{cases}", "x if x > 0 else 0 if x <= 0"),
    (r"\sigma\prime(x) + y\prime", r"\sigma'(x) + y'"),
    (r"\boldsymbol{\mathbf{x}}_1", r"\mathbf{x}_1"),
    (r"\frac{\partial L(w, b)}{\partial w}", r"\frac{\partial L}{\partial w}"),
    ("[0.7, 0.2, x]", "(0.7, 0.2, x)"),
    (r"\begin{bmatrix} 1 \\ 0 \end{bmatrix}", "[1, 0]"),
]  # fmt: skip
PLAIN = [
    ("e^z_1", "e^(z_1)"),
    ("w_new - y_hat + theta yhat", r"w_{new} - \hat{y} + \theta \hat{y}"),
    ("x1 + w11", "x_{1} + w_{11}"),
    ("ηx + sinθ", r"\eta \cdot x + \sin(\theta)"),
    ("sqrt(x) |x| exp(x) pi", r"\sqrt{x} \left|x\right| e^{x} \pi"),
    ("2*x**2", "2 x^2"),
    ("e^z_1 / sum e^z_j", r"\frac{e^{z_1}}{\sum_j e^{z_j}}"),
    ("sum_j w_j x_j + b", r"\sum_{j} w_j x_j + b"),
    ("sum_{j=1}^3 x_j", r"\sum_{j=1}^{3} x_j"),
    ("sum(e^z_j) * 2", r"(\sum_j e^{z_j}) \cdot 2"),
    ("∑ᵢ₌₁³ xᵢ", r"\sum_{i=1}^{3} x_i"),
    ("Σ_k x_k", r"\sum_k x_k"),
    (r"\sum_{i,j} W_{ij} x_j", r"\sum_i \sum_j W_{ij} x_j"),
    (r"\prod_{j=1}^{n} x_j", r"∏_{j=1}^n x_j"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "same"), TEX)
def test_formulas_as_tex_prints_them(text: str, same: str) -> None:
    assert PAGE.read(text, tex=True) == PAGE.read(same, tex=True)


@pytest.mark.parametrize(("text", "same"), PLAIN)
def test_formulas_as_plain_text_means_them(text: str, same: str) -> None:
    assert PAGE.read(text) == PAGE.read(same)


# Derivatives.

Y, X, F = Symbol("y"), Symbol("x"), Symbol("f")
DERIVATIVES = {
    Derivative(Y, X): [
        r"\frac{dy}{dx}", r"\frac{\mathrm{d}y}{\mathrm{d}x}", r"\frac{\partial{}y}{\partial{}x}",
        "dy/dx", "∂y/∂x", r"\partial y / \partial x", r"\frac{\delta y}{\delta x}", "d/dx(y)",
        r"\frac{d}{dx} y", r"\partial_x y", "D_x y", r"\frac{dy}{dx}(x)", r"\frac{d(y)}{dx}",
    ],
    Derivative(Y, X, 2): [
        r"\frac{d^2 y}{dx^2}", r"\frac{d^{2}y}{d x^{2}}", "d^2y/dx^2", "d²y/dx²", "d2y/dx2",
        r"\frac{\partial^2 y}{\partial x^2}", "∂²y/∂x²", r"\frac{d^2}{dx^2} y", r"\partial_x^2 y",
        r"d^2/dx^2 (y)", r"D_x^2 y",
    ],
    Derivative(Power(X, Number("2")), X): ["(x^2)'", r"\left(x^2\right)'", r"\frac{dx^2}{dx}"],
    Derivative(Derivative(F, Y), X): [
        r"\frac{\partial^2 f}{\partial x \partial y}",
        r"\frac{\partial^2 f}{\partial x\,\partial y}",
        r"\frac{\partial^2{f}}{\partial{x}\partial{y}}",
        "∂²f/∂x∂y", "d2f/dxdy", r"\frac{\partial}{\partial x}\frac{\partial f}{\partial y}",
    ],
    Derivative(Derivative(F, Y), X, 2): [r"\frac{\partial^3 f}{\partial x^2 \partial y}"],
    Derivative(Derivative(Y, X), X): [r"\frac{d}{dx}(\frac{dy}{dx})", "d/dx(dy/dx)"],
    Derivative(Applied("f", (X,)), X): [r"\frac{df(x)}{dx}", r"\frac{d f(x)}{d x}", "df(x)/dx"],
    Derivative(Applied("f", (Applied("g", (X,)),)), X): [r"\frac{d f(g(x))}{dx}"],
    Applied("f", (X,), 1): ["f'(x)", "f′(x)", r"f^{\prime}(x)"],
    Applied("f", (Number("3"),), 1): ["f'(3)"],
    Applied("f", (X,), 2): ["f''(x)", "f″(x)"],
    Applied("f", (X,), 3): ["f'''(x)", "f^{(3)}(x)"],
    Applied("y", (), 1): ["y'", "y^{\\prime}"],
    Applied("y", (), 2): ["y''"],
    Applied("w_1", (), 1): ["w_1'", "w'_1"],
    At(Derivative(Y, X), X, Number("3")): [
        r"\frac{dy}{dx}\big|_{x=3}", r"\left.\frac{dy}{dx}\right|_{x = 3}", "dy/dx|_{x=3}",
        r"\left. \frac{dy}{dx} \right\rvert_{x = 3}", r"\frac{d}{dx} y \Big|_{x=3}",
    ],
    At(Derivative(F, X), X, Number("2")): [r"\frac{df}{dx}(2)"],
    Derivative(Product((Power(X, Number("2")), Power(Constant("e"), X))), X): [
        r"\frac{d}{dx} x^2 e^x", "d/dx x^2 e^x", r"\frac{d}{dx}[x^2 e^x]",
    ],
}  # fmt: skip


@pytest.mark.parametrize(
    ("text", "tree"), [(text, tree) for tree, texts in DERIVATIVES.items() for text in texts]
)
def test_derivatives(text: str, tree: Expr) -> None:
    assert PAGE.read(text) == tree


@pytest.mark.parametrize(
    "text",
    [
        r"\frac{\partial L}{\partial W_{11}^2}", r"\frac{dL}{dW_{11}^2}", "dL/dW_{11}^2",
        "∂L/∂W₁₁²", r"\partial L / \partial W_{11}^2", r"\dfrac{\partial L}{\partial W^2_{11}}",
        r"\frac{\mathrm{d}L}{\mathrm{d}W_{11}^2}", r"\frac{\partial{}L}{\partial{}W_{11}^2}",
    ],
)  # fmt: skip
def test_a_derivative_is_one_term(text: str) -> None:
    whole = f"2 {text} + 1"
    tree = READER.read(whole)
    derivative = Derivative(Symbol("L"), Symbol("W_{11}^2"))
    assert tree == Sum((Product((Number("2"), derivative)), Number("1")))
    (part,) = (part for part in walk(tree) if isinstance(part, Derivative))
    assert whole[part.start : part.end] == text


def test_chain_rule_products_and_operators() -> None:
    chain = r"\frac{\partial L}{\partial \hat{y}} \times \frac{\partial \hat{y}}{\partial O_{11}}"
    of = [(p.of, p.wrt) for p in walk(READER.read(chain)) if isinstance(p, Derivative)]
    assert of == [(Symbol("L"), Symbol(r"\hat{y}")), (Symbol(r"\hat{y}"), Symbol("O_{11}"))]
    square = Power(Sum((Symbol("y"), Negative(Symbol(r"\hat{y}")))), Number("2"))
    for text in [
        r"\frac{\partial}{\partial \hat{y}} (y - \hat{y})^2",
        r"\frac{\partial (y - \hat{y})^2}{\partial \hat{y}}",
        r"d/dŷ (y - ŷ)^2",
    ]:
        assert READER.read(text) == Derivative(square, Symbol(r"\hat{y}"))
    product = READER.read(r"\frac{d}{dx} 2x \cdot y")
    assert product == Product((Derivative(Product((Number("2"), X)), X), Y))


def test_a_letter_d_may_still_be_a_label() -> None:
    assert number("d x / y") == pytest.approx(n("d") * n("x") / n("y"))
    assert number(r"\frac{d + x}{y}") == pytest.approx((n("d") + n("x")) / n("y"))
    assert number(r"\frac{d x}{y}") == pytest.approx(n("d") * n("x") / n("y"))
    labels = ["dw", "w", "L", "d_2", "x"]
    assert read_formula("dL/dw - dw", labels) == Sum(
        (Derivative(Symbol("L"), Symbol("w")), Negative(Symbol("dw")))
    )
    assert read_formula("d_2 x", labels) == Product((Symbol("d_2"), X))


# What paper leaves open.


def test_what_paper_leaves_open_has_all_its_readings() -> None:
    values = {
        text: [worth(tree) for tree in READER.readings(text)]
        for text in ("1/2x", r"\log xy", "x y + 1", r"1/2 \log 2 x")
    }
    x, y = n("x"), n("y")
    assert values["1/2x"] == pytest.approx([x / 2, 1 / (2 * x)])
    assert values[r"\log xy"] == pytest.approx([math.log(x * y), math.log(x) * y])
    assert values["x y + 1"] == pytest.approx([x * y + 1])
    assert len(values[r"1/2 \log 2 x"]) == 4
    label_e = Reader(["e", "x"]).readings("e^x")
    assert [worth(tree, {"e": 2.0, "x": 3.0}) for tree in label_e] == [8.0, math.exp(3.0)]
    at_x, product = READER.readings("dy/dx(x)")
    assert (at_x, product) == (Derivative(Y, X), Product((Derivative(Y, X), X)))
    square = Power(X, Number("2"))
    assert READER.readings(r"\frac{d}{dx} x^2 + y")[1] == Derivative(Sum((square, Y)), X)
    assert READER.readings(r"\frac{d}{dx} (x^2) y")[1] == Derivative(Product((square, Y)), X)
    assert len(READER.readings(r"\frac{d}{dx} [x^2] + y")) == 1
    assert len(READER.readings(r"\frac{d}{dx} x^2 + \frac{d}{dx} y")) == 1


def test_sums_run_over_the_labels_that_there_are() -> None:
    total = sum(math.exp(n(f"z_{j}")) for j in (1, 2, 3))
    for text in [
        r"\sum_{j=1}^{3} e^{z_j}",
        r"\sum_j e^{z_j}",
        r"\sum_{j=1}^{n} e^{z_{j}}",
        "∑_k e^{z_k}",
        "sum e^z_j",
    ]:
        assert number(text) == pytest.approx(total), text
    assert number(r"\frac{e^{z_1}}{\sum_j e^{z_j}} - 1") == pytest.approx(
        math.exp(n("z_1")) / total - 1
    )
    assert number(r"\sum_{i=1}^{2} W_{i1}^1 z_i") == pytest.approx(
        n("W_{11}^1") * n("z_1") + n("W_{21}^1") * n("z_2")
    )


def test_parts_say_where_they_stand() -> None:
    text = r"-2(y - \hat{y})\, O_{11}"
    tree = READER.read(text)
    assert isinstance(tree, Negative)
    product = tree.operand
    assert isinstance(product, Product)
    assert [text[part.start : part.end] for part in product.factors] == [
        "2", r"y - \hat{y}", "O_{11}",
    ]  # fmt: skip
    text = r"\begin{cases} x^2 & x > 0 \\ y_1' & x < 0 \end{cases}"
    places = {text[part.start : part.end] for part in walk(PAGE.read(text))}
    assert {"x^2", "x > 0", "y_1'", "x < 0"} <= places


def test_numbers_keep_their_digits() -> None:
    assert READER.read("0.50") == Number("0.50")
    assert READER.read("1\\,234.5") == Number("1234.5")


def test_operations_of_ones_own_can_be_read() -> None:
    @ag.operation(lambda x, y: 3 * ag.square(x))
    def wave(x: float) -> float:
        return x**3

    @ag.operation(lambda x, y: 2 * x, latex=r"\Gamma(#1)")
    def bump(x: float) -> float:
        return x * x

    @ag.operation(lambda x, y: 1 + 0 * x, latex=r"#1 + \sin(#1)")
    def ramp(x: float) -> float:
        return x + math.sin(x)

    reader = Reader(["x"], functions=[wave, bump, ramp])
    assert worth(reader.read("wave(x) + wave'(x)"), {"x": 2.0}) == 20.0
    assert reader.read(r"\Gamma(x)") == Call(bump, (X,))
    assert spelled(Call(bump, (X,))) == Call(bump, (X,))
    assert spelled(Call(ramp, (Y,))) == Sum((Y, Call(ag.TABLE["sin"], (Y,))))


@pytest.mark.parametrize("operation", ag.TABLE.values(), ids=ag.TABLE)
def test_every_operation_is_read_by_its_name_and_as_it_is_printed(operation: Operation) -> None:
    call = Call(operation, (X, Y)[: operation.arity])
    for text in (to_latex(call), to_unicode(call)):
        assert READER.read(text) == spelled(call), text
    if not operation.symbol:
        inputs = ", ".join(("x", "y")[: operation.arity])
        assert spelled(READER.read(f"{operation.name}({inputs})")) == spelled(call)


def test_new_symbols_are_labels_of_their_own_where_allowed() -> None:
    reader = Reader(["W_{11}^2", "loss"], new_symbols=True)
    text = r"W_{11}^2 O_{11} + b_1^2 + loss - \hat{y} \alpha + w_{new} + q^{+} + net_{h1} + x^{(2)}"
    assert [*symbols_of(reader.read(text))] == [
        "W_{11}^2", "O_{11}", "b_1", "loss", r"\hat{y}", r"\alpha", "w_{new}", "q^{+}", "net_{h1}",
        "x^{(2)}",
    ]  # fmt: skip
    assert reader.read("dloss/dw") == Derivative(Symbol("loss"), Symbol("w"))
    assert reader.read(r"\sigma^2 \sigma(z)") == Product(
        (Power(Symbol(r"\sigma"), Number("2")), Call(ag.TABLE["sigmoid"], (Symbol("z"),)))
    )


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("aur dy/dx", "aur is a word"),
        ("toh 2x", "toh is a word"),
        ("2 the x", "the is a word"),
        (r"\operatorname{foo}(x)", "is a function that is not known"),
        ("softmax(x)", "softmax is a function that is not known"),
        (r"y \hspace{0.5in} \frac{\partial f}{\partial y}", "wide space"),
        (r"2x \quad 3y", "wide space"),
        (r"2x \\ y", "wide space"),
        (r"x_1 + \dots + x_n", "leaves open"),
        ("x_1 + x_2 + ... + x_5", "leaves open"),
        (r"1 + 2 + \cdots", "leaves open"),
        (r"x_1 x_2 \cdots x_n", "leaves open"),
        (r"\sum_{k \ne i} x_k", "what this sum is over"),
        (r"\sum_{i \in S} x_i", "what this sum is over"),
        (r"\nabla f", r"\nabla is not read"),
        ("W^T x", "transpose"),
        ("3½", "two numbers"),
        ("dw + x", "dw is a word"),
        ("(x y)'", "does not belong"),
        (r"W^\top x", "transpose"),
        ("(Wᵀ)x", "transpose"),
        ("||w||", "a norm"),
        (r"2 \begin{pmatrix} 1 \\ 2 \end{pmatrix}", "a vector within"),
        (r"\Delta(x)", "is a function that is not known"),
        ("f^{-1}(x)", "inverse"),
        (r"\frac{\partial^2 f}{\partial x}", "another order"),
        ("0 < x < 1 ", "cannot stand"),
        (r"\begin{cases} x & 0 < x < 1 \\ 0 & \text{else} \end{cases}", "two comparisons"),
        (r"\begin{pmatrix} 1 & 2 \\ 3 & 4 \end{pmatrix}", "a matrix"),
        (r"\begin{aligned} x \end{aligned}", "aligned is not read"),
        (r"\lim_{h \to 0} x", r"\lim is not read"),
    ],
)
def test_what_no_page_means_as_a_product_is_refused(text: str, problem: str) -> None:
    with pytest.raises(FormulaError) as caught:
        PAGE.read(text)
    assert problem in caught.value.problem


def test_conditions() -> None:
    assert PAGE.condition("z > 0") == Relation(Symbol("z"), ">", Number("0"))
    assert PAGE.condition(r"\text{if } x \leq y") == Relation(X, "<=", Y)
    with pytest.raises(FormulaError):
        PAGE.condition("z")


def test_links_of_a_chain() -> None:
    text = r"\frac{\partial L}{\partial W} = \sum_{j=1}^{3} x_j (a = b) \approx 0.5 ≈ 0.50"
    sides = [text[start:end].strip() for start, end in split_links(text)]
    assert sides == [
        r"\frac{\partial L}{\partial W}", r"\sum_{j=1}^{3} x_j (a = b)", "0.5", "0.50",
    ]  # fmt: skip
    assert split_links("x") == [(0, 1)]


# Errors.


@pytest.mark.parametrize(
    ("text", "problem", "place"),
    [
        ("", "no formula", ""),
        ("  ", "no formula", ""),
        ("2(x + w)", "w is not a known label", "w"),
        ("W_{13}^2 x", "W_{13}^2 is not a known label", "W_{13}^2"),
        ("taxi x", "taxi is not a known label", "taxi"),
        ("x2", "x2 is not a known label", "x2"),
        ("z_4 x", "z_4 is not a known label", "z_4"),
        ("2 + ", "ends", ""),
        ("(x", "never closed", "("),
        ("(x]", "is closed by", "]"),
        ("x)", "closes nothing", ")"),
        ("x + * y", "cannot stand here", "*"),
        ("2 3", "side by side", "3"),
        ("1,000", "comma", ","),
        ("2{,}5", "comma", ","),
        ("2(x, y)", "comma", ","),
        ("x = y", "'=' cannot stand", "="),
        (r"\int x", r"\int is not read", r"\int"),
        (r"\sum x", "without an index", r"\sum"),
        (r"\sum_j x", "over which j", r"\sum"),
        (r"\frac{\partial L}{\partial q}", "q is not a known label", "q"),
        (r"∂x", "∂ stands without", "∂"),
        ("x^{2}^3", "needs brackets", "^"),
        ("tanh(x, y)", "tanh with 2 inputs", "tanh"),
        (r"\max_3 x", "maximum with a script", r"\max"),
        ("1e999", "larger than the largest float", "1e999"),
        ("x % y", "'%' cannot stand", "%"),
    ],
)
def test_errors_name_the_place(text: str, problem: str, place: str) -> None:
    with pytest.raises(FormulaError) as caught:
        READER.read(text)
    error = caught.value
    assert problem in error.problem
    assert text[error.start : error.end] == place
    message = str(error).splitlines()
    caret = next(line for line in message if "^" in line and set(line) <= {" ", "^"})
    assert text.strip() in str(error)
    assert caret.count("^") == max(1, len(place))
    assert isinstance(error, ChalkgradError)
    assert isinstance(error, ValueError)


def test_the_nearest_labels_are_named() -> None:
    with pytest.raises(FormulaError) as caught:
        READER.read("W_{12}^2")
    assert caught.value.unknown == "W_{12}^2"
    assert "W_{11}^2" in caught.value.nearest
    assert "W_{11}^2" in caught.value.hint
    with pytest.raises(FormulaError, match="no labels are known"):
        Reader([]).read("x")


def test_errors_in_long_text_show_the_surroundings_and_pickle() -> None:
    with pytest.raises(FormulaError) as caught:
        READER.read("x + " * 100 + "q" + " + x" * 100)
    error = caught.value
    line, caret = str(error).splitlines()[1:3]
    assert line[caret.index("^")] == "q"
    assert len(line) < 100
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), again.start, again.nearest) == (str(error), error.start, error.nearest)


def test_text_must_be_text() -> None:
    for wrong in (None, 3, b"x", ["x"]):
        with pytest.raises(TypeError, match="must be text"):
            READER.read(wrong)  # type: ignore[arg-type]


# It survives anything.

PIECES = [
    *LABELS, *"+-*/^_(){}[]|.,'= \\", r"\frac", r"\frac{", r"\sum_{j=1}^{3}", r"\sum_j", "e^",
    r"\partial", "d", "dL/dx", r"\frac{\partial", r"\sqrt", r"\left(", r"\right)", "1", "0.5",
    "2e3", r"\,", r"\hat", "z_j", "j", r"\sigma", "exp", "log", "max", "²", "₁", "−", "ŷ",
    r"\text{", r"\mathrm{d}", r"\log_2", "$", "&", "\x00", "é", "𝑊",
    r"\sin^{-1}", "\n", "\u0302", "10^{", "ᵀ", r"\begin{cases}", r"\end{cases}", "&", r"\\", "|_{",
    "f'", "if ", " else ", "[z > 0]", "sum ", r"\left.", r"\right|", "½", "d2", "∂²", r"\quad", "<",
    r"\frac{d^2 y}{dx^2}", r"\cdot 10^{7}", "f(x", r"\mathbb{1}", "z'_1", "²₁", "...", r"\over",
]  # fmt: skip
SEEDS = [
    r"-2(y - \hat{y}) W_{11}^2 x_{i1}",
    r"\frac{\partial L}{\partial \hat{y}} \times \frac{\partial \hat{y}}{\partial O_{11}}",
    r"\frac{e^{z_1}}{\sum_{j=1}^{3} e^{z_j}} - 1",
    r"\sigma'(z)\left(1-\tanh^2 x\right)/2z + \sqrt[3]{|x|}",
    r"\begin{cases} x^2 & \text{if } x > 0 \\ 0 & \text{otherwise} \end{cases}",
    r"\left.\frac{\partial^2 L}{\partial x \partial y}\right|_{x = 3} + f''(x) \Delta z_1",
    "p_1 = e^z_1 / sum e^z_j - d2L/dx2 * (z > 0) if x >= 2.5·10⁷ else ∏ₖ₌₁³ zₖ",
]


def random_text(rng: random.Random) -> str:
    kind = rng.random()
    if kind < 0.4:
        return "".join(rng.choice(PIECES) for _ in range(rng.randint(1, 25)))
    if kind < 0.5:
        highest = rng.choice([0x7F, 0x3000, 0x10FFFF])
        return "".join(chr(rng.randint(0, highest)) for _ in range(rng.randint(0, 30)))
    text = list(rng.choice(SEEDS))
    for _ in range(rng.randint(1, 4)):
        place = rng.randrange(len(text) + 1)
        change = rng.random()
        if change < 0.4:
            text[place : place + 1] = []
        elif change < 0.8:
            text[place:place] = [rng.choice(PIECES)]
        else:
            text[place:place] = text[place : place + rng.randint(1, 8)]
    return "".join(text)


def survives(count: int, seed: int) -> None:
    rng = random.Random(seed)
    open_reader = Reader(LABELS, applied=["f"], new_symbols=True)
    read = 0
    for _ in range(count):
        text = random_text(rng)
        for reader in (READER, open_reader):
            for tree in readings(reader, text):
                read += 1
                with contextlib.suppress(ChalkgradError, KeyError):
                    assert math.isfinite(worth(tree)), text
    assert read > count / 50


def readings(reader: Reader, text: str) -> tuple[Expr, ...]:
    """The readings of a text; none where it is refused in a sentence that shows the place."""
    try:
        return reader.readings(text)
    except FormulaError as error:
        message, start = str(error), error.start
    assert "^" in message
    assert 0 <= start <= len(text)
    return ()


def test_random_text_is_read_or_refused() -> None:
    survives(3_000, seed=1)


@pytest.mark.slow
def test_a_hundred_thousand_random_texts_are_read_or_refused() -> None:
    survives(100_000, seed=2)


@given(st.text(max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    readings(READER, text)


@pytest.mark.parametrize(
    "opening",
    ["(", "[", "{", "|", r"\left(", r"\frac{", r"\frac", r"\sqrt{", r"\sqrt", "e^", "e^{", "x^",
     "sin", "-(", r"\sin ", r"\sin(", r"\hat{", "x_{", r"\sum_{j=1}^{2}", r"\sum_{j=1}^{2}(", "2(",
     "max(x, ", r"\frac{\partial (", r"\text{", "\\frac{\\partial}{\\partial x}(",
     "x if x > 0 else ", r"\log_", r"\left.", "[x > (", r"\begin{cases}"],
)  # fmt: skip
def test_a_thousand_levels_are_refused(opening: str) -> None:
    for text in (opening * 1000, opening * 1000 + "x" + ")" * 1000, opening * 100_000):
        with pytest.raises(FormulaError):
            READER.read(text)


@pytest.mark.parametrize(
    "piece",
    ["x + ", "-2(y - \\hat{y}) W_{11}^2 + ", "x/", "xy", "x y ", "- ", "{}", "x \\cdot ", "+ ",
     "x . ", "q", "W_{13} ", "|x|", "(x)", "x", "\u0302", "'", "\\, "],
)  # fmt: skip
def test_long_text_takes_work_in_proportion(piece: str) -> None:
    def calls(count: int) -> int:
        total = 0

        def counted(*_: object) -> None:
            nonlocal total
            total += 1

        text = piece * count + "x"
        sys.setprofile(counted)
        try:
            readings(READER, text)
        finally:
            sys.setprofile(None)
        return total

    assert calls(800) < 10 * calls(100) + 1000  # eight times the text; a quadratic reader needs 64


# Any tree, printed and read again, is the same tree.

PRINTED = Reader([*TREE_LABELS, "n"])


@given(st.one_of(trees, cases))
def test_a_tree_printed_is_read_as_itself(tree: Expr) -> None:
    for text in (to_latex(tree), to_unicode(tree)):
        assert PRINTED.read(text) == spelled(tree), text


def test_labels_that_are_no_text_are_refused():
    with pytest.raises(ag.ArgumentTypeError, match=r"not Value\nhint: .*v\.label"):
        ag.read_formula("w", [ag.Value(1.0, "w")])
