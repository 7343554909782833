"""The equations of a page: which symbols it has, and each side read to a tree."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from autograd.marking.equations import read_equations
from autograd.marking.frontmatter import PageError, read_settings
from autograd.marking.page import read_page
from autograd.marking.symbols import PageSide, PageSymbols, stem, suggestions
from autograd.notation import Applied, Derivative, Listed, Number, Relation, Symbol

if TYPE_CHECKING:
    from autograd.marking.statements import Equation
    from autograd.notation import Expr


def equations(text: str, said: str = "") -> list[Equation]:
    page = read_page(text)
    return read_equations(page, read_settings(said).merged(page.settings))[1]


def labels(text: str) -> set[str]:
    page = read_page(text)
    return set(read_equations(page, page.settings)[0].names)


def tree(text: str) -> Expr | None:
    """The last side of a page."""
    return equations(text)[-1].sides[-1].tree


# Which symbols there are.


@pytest.mark.parametrize(
    ("sides", "expected"),
    [
        ([["p", "wx"], ["dp/dw", "x"]], {"p", "w", "x"}),
        ([["p", "iq + 1"], ["iq", "80"]], {"p", "iq"}),
        ([["L", "W_{11}^2 O"], [r"\frac{\partial L}{\partial W_{11}^2}", "O"]],
         {"L", "W_{11}^2", "O"}),
        ([["L", "W_{11}^2 + W_{11}^1"]], {"L", "W_{11}^1", "W_{11}^2"}),
        ([["L", "x_1^2"]], {"L", "x_1"}),
        ([["a^{[1]}", "w^{(2)} x"]], {"a^{[1]}", "w^{(2)}", "x"}),
        ([["a", "w^{(2)} a^{(1)}"]], {"a", "w^{(2)}", "a^{(1)}"}),
        ([["y_hat", "w"], ["L", r"\hat{y}^2"]], {r"\hat{y}", "w", "L"}),
        ([["z", r"\sum_{j=1}^{3} w_j x_j"]], {"z", "w_1", "w_2", "w_3", "x_1", "x_2", "x_3"}),
        ([["e", "y - p"], ["L", "e^2"]], {"e", "y", "p", "L"}),
        ([["w_{new}", r"w_{old} - \eta"]], {"w_{new}", "w", r"\eta"}),
        ([[r"W_{11}^2_{\text{new}}", r"W_{11}^2_{\text{old}} - \eta g"]],
         {"W_{11,new}^2", "W_{11}^2", r"\eta", "g"}),
        ([["w'", r"w - \eta g"]], {"w'", "w", r"\eta", "g"}),
        ([["p", "e^{-2} + 1"], ["e^{-2}", "0.1353"]], {"p"}),
        ([["y", "x^3"], ["y''", "6x"]], {"y", "x"}),
        ([["f", "x^2"], ["f'", "3x"]], {"f", "x"}),
        ([["dloss/dweight", "3"]], {"loss", "weight"}),
        ([["p_1", "e^z_1 / sum e^z_j"]], {"p_1", "z_1", "z_j"}),
    ],
)  # fmt: skip
def test_symbols_of_a_page(sides: list[list[str]], expected: set[str]) -> None:
    page = [[PageSide(side) for side in equation] for equation in sides]
    assert set(PageSymbols(page).labels.names) == expected


def test_marks_of_updates() -> None:
    assert [stem(label) for label in ("w^{new}", "w_{old}", "w_{t+1}", "w", "w_{12}")] == [
        ("w", "new"), ("w", "old"), ("w", "new"), ("w", ""), ("w_{12}", "")
    ]  # fmt: skip


def test_a_scanned_zero_suggests_a_letter() -> None:
    texts = ["O_{11}", "W 0_{11} + 0_{12} + 10_{11}"]
    labels = PageSymbols([[PageSide(text) for text in texts]]).labels
    assert suggestions(texts, labels) == {"0_{11}": "O_{11}"}


# Functions of the page.


def test_a_header_makes_a_function_and_its_primes_derivatives() -> None:
    page = equations("f(x, y) = x y\n\nf'(x) = 3 f(2, y)\n\ndf/dx = y")
    assert page[0].sides[0].tree == Applied("f", (Symbol("x"), Symbol("y")))
    assert page[1].sides[0].tree == Applied("f", (Symbol("x"),), 1)
    assert page[2].sides[0].tree == Derivative(Symbol("f"), Symbol("x"))


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (r"$\sigma(z) = z^2$, $p = \sigma(z)$", r"\sigma"),
        (r"$L(y, \hat{y}) = y$, $J = L(y, \hat{y})$", "L"),
        ("y = g(u)", "g"),
        ("E = 3 E(S, V)", "E"),
        (r"$\text{softmax}(z) = z^2$, $p = \text{softmax}(z)$", "softmax"),
    ],
)
def test_what_is_applied_is_a_function(text: str, name: str) -> None:
    last = tree(text)
    assert any(isinstance(part, Applied) and part.name == name for part in (last, *_parts(last)))


def _parts(tree: Expr | None) -> tuple[Expr, ...]:
    return getattr(tree, "factors", ())


@pytest.mark.parametrize("text", ["p = w(x)\n\nw = 3", "p = x(1 - x)", "p = 2(x)"])
def test_what_stands_alone_elsewhere_is_a_factor(text: str) -> None:
    assert not isinstance(equations(text)[0].sides[-1].tree, Applied)


# Sides.


def test_a_side_that_is_not_read_does_not_drag_others_along() -> None:
    (equation,) = equations(r"$L = w^\top x = 3 w + = w \lim 5 = 4$")
    assert [bool(side.readings) for side in equation.sides] == [True, False, False, False, True]
    assert equation.problem == ""
    assert "transpose" in equation.sides[1].error


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (r"$a = \begin{pmatrix} 1 & 2 \\ 3 & 4 \end{pmatrix}$", "matrix"),
        ("a = 3 > b", "a comparison"),
        ("w = 0,5", "a comma between digits"),
        ("$w = (x$", "never closed"),
        ("p = sum + 1", "sum"),
        ("w += 1", "+="),
        ("a = ", "nothing stands on one side"),
    ],
)
def test_an_error_says_what_a_student_understands(text: str, reason: str) -> None:
    (equation,) = equations(text)
    assert any(reason in side.error for side in equation.sides)


def test_lists_and_all_senses() -> None:
    assert tree("p = [0.7, 0.2]") == Listed((Number("0.7"), Number("0.2")))
    (equation,) = equations("p = a/bc, a = 1, b = 2, c = 3")[:1]
    assert len(equation.sides[1].readings) == 2


def test_a_line_that_begins_with_its_sign_goes_on() -> None:
    (equation,) = equations("L = (y - p)^2\n  = 4\n\n$$= 2^2$$")
    assert [side.line for side in equation.sides] == [1, 1, 2, 4]
    assert equation.problem == ""


@pytest.mark.parametrize("text", ["= 5", "# a\nx = 1\n# b\n= 5"])
def test_a_line_that_begins_with_its_sign_needs_a_line_before(text: str) -> None:
    assert "nothing stands before it" in equations(text)[-1].problem


def test_neither_a_remark_nor_what_is_far_is_gone_on_with() -> None:
    text = "$$L = (y - p)^2$$\n\nand with $y = 3$ we get\n\n$$= (3 - p)^2$$\n\n$$= 9$$"
    first, remark, last = equations(text)
    assert [len(each.sides) for each in (first, remark, last)] == [2, 2, 3]
    assert last.problem


def test_sides_of_a_derivation_with_two_paths_are_sums() -> None:
    text = "∂L/∂b = ∂L/∂p · ∂p/∂h\n      + ∂L/∂q · ∂q/∂h\n      ≈ 2.5·10⁷"
    (equation,) = equations(text)
    assert [side.error for side in equation.sides] == ["", "", ""]
    assert len(getattr(equation.sides[1].tree, "terms", ())) == 2


@pytest.mark.parametrize(("slope", "by"), [("dw", "w"), ("dw1", "w_1"), ("db_2", "b_2")])
def test_d_of_a_symbol_is_the_derivative_of_the_loss(slope: str, by: str) -> None:
    page = equations(f"L = {by} x\n\n{slope} = x\n\nq = 2 {slope} + dL/dx")
    assert page[1].sides[0].tree == Derivative(Symbol("L"), Symbol(by))


def test_d_of_a_symbol_is_nothing_without_a_loss() -> None:
    assert "dw" in equations("q = w x\n\ndw = x")[1].sides[0].error


# What is known of an equation besides its sides.


def test_conditions_are_read() -> None:
    (equation,) = equations("da/dz = z if z > 0")
    assert equation.relation == Relation(Symbol("z"), ">", Number("0"))
    assert equations("da/dz = z for all i")[0].relation is None


@pytest.mark.parametrize(
    ("text", "is_condition", "is_aside"),
    [
        ("If $y = 0$, stop.", True, True),
        ("The case $y = 0$ is easy.", False, True),
        ("It is $dL/dy = 3$ here.", False, False),
        ("Here $y = 3 x$ holds.", False, False),
        ("where $dL/dy = 3$", False, False),
        ("y = 0", False, False),
    ],
)
def test_what_is_no_claim_is_told(text: str, is_condition: bool, is_aside: bool) -> None:
    (equation,) = equations(text)
    assert (equation.is_condition, equation.is_aside) == (is_condition, is_aside)


def test_what_is_given_comes_first_and_must_be_read() -> None:
    first, second = equations("dL/dw = x", "given:\n  - L = w x\naliases:\n  q: x\n")
    assert (first.given, first.line, second.given) == (True, 2, False)
    with pytest.raises(PageError, match="line 2: 'y = 3 \\+' cannot be used"):
        equations("x = 1", "given:\n  - y = 3 +\n")
