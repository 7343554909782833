"""One formula of a page taken apart: equations, sides, signs, and what holds them back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd.marking.statements import statements


def sides(source: str) -> list[list[str]]:
    return [[side.text for side in statement.sides] for statement in statements(source)]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (r"a = 1, \quad b = 2 \text{ and } c = 3", [["a", "1"], ["b", "2"], ["c", "3"]]),
        (r"a &= b \\ &= c \\ d &= e", [["a", "b", "c"], ["d", "e"]]),
        (r"a &= b & c &= d", [["a", "b"], ["c", "d"]]),
        (r"a = b \\ + c", [["a", "b + c"]]),
        (r"a = b + \\ c", [["a", r"b + c"]]),
        ("a = b\nc = d", [["a", "b"], ["c", "d"]]),
        (r"a \approx 0.5 = b", [["a", "0.5", "b"]]),
        (r"a = b \Rightarrow c = d", [["a", "b"], ["c", "d"]]),
        (r"a \xrightarrow{b} \quad c = d", [["a", "b"], ["c", "d"]]),
        (r"\sum_{j=1}^{3} x_j = 5", [[r"\sum_{j=1}^{3} x_j", "5"]]),
        (r"f(a, b) = 1", [["f(a, b)", "1"]]),
        ("L = 28,224", [["L", "28224"]]),
        (r"L = 28{,}224", [["L", "28224"]]),
        ("(x, y) = (1, 2)", [["x", "1"], ["y", "2"]]),
        (r"w_{\text{new}} = \text{relu}(z)", [[r"w_{\text{new}}", r"\text{relu}(z)"]]),
        (r"a = b % a remark, c = d", [["a", "b"]]),
        (r"a = b \text{ (chain rule)}", [["a", "b"]]),
        (
            r"a = \begin{cases} 1 & z > 0 \\ 0, & b = c \end{cases}",
            [["a", r"\begin{cases} 1 & z > 0 \\ 0, & b = c \end{cases}"]],
        ),
        ("y = 1 \\leftarrow 1/2/3", [["y", "1"], ["1/2/3"]]),
    ],
)
def test_equations_in_a_formula(source: str, expected: list[list[str]]) -> None:
    assert sides(source) == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (r"\frac{\partial f}{\partial x} = y \hspace{0.5in} \frac{\partial f}{\partial y} = x",
         [[r"\frac{\partial f}{\partial x}", "y"], [r"\frac{\partial f}{\partial y}", "x"]]),
        (r"a = 1 \; \; b = 2", [["a", "1"], ["b", "2"]]),
        (r"a \quad = \quad 1", [["a", "1"]]),
        (r"a = b && c = d", [["a", "b"], ["c", "d"]]),
        (r"a &= b && c &= d", [["a", "b"], ["c", "d"]]),
        (r"a &= b \\ &\quad + c \\ &\approx 3", [["a", "b + c", "3"]]),
        (r"\left( a \\ + b \right) = c", [[r"\left( a + b \right)", "c"]]),
        ("p = [0.659, 0.242, 0.099]", [["p", "[0.659, 0.242, 0.099]"]]),
        (r"p = [0.1 \ 0.4 \ 0.5]", [["p", "[0.1, 0.4, 0.5]"]]),
        ("z = (2, 1, 0.1)", [["z", "(2, 1, 0.1)"]]),
        ("(f(x), y) = (1, 2)", [["f(x)", "1"], ["y", "2"]]),
        ("a, b = 1, 2", [["a", "1"], ["b", "2"]]),
        ("a = 1, b", [["a", "1"], ["b"]]),
        (r"y_{\text{new}} = 3 \quad (1)", [[r"y_{\text{new}}", "3"], ["(1)"]]),
        (r"w_{\text{z > 0}} = 1", [[r"w_{\text{z > 0}}", "1"]]),
        (r"\rightarrow a = b", [["a", "b"]]),
        (r"T = a \cdot \text{\bf{I}} b", [["T", r"a \cdot \text{\bf{I}} b"]]),
        ("q = 1 - p。", [["q", "1 - p"]]),
        (r"a = \mbox{log}(b)", [["a", r"\text{log}(b)"]]),
    ],
)  # fmt: skip
def test_separators_and_lists(source: str, expected: list[list[str]]) -> None:
    assert sides(source) == expected


@pytest.mark.parametrize(
    ("source", "signs"),
    [
        ("a = b = c", ["=", "="]),
        (r"a \approx b \simeq c", ["~", "~"]),
        (r"a := b", [":="]),
        (r"a \equiv b", [":="]),
        (r"a \triangleq b", [":="]),
        (r"a \coloneqq b", [":="]),
        (r"a \leftarrow b", [":="]),
        ("a <- b", [":="]),
        (r"a \to 1", ["->"]),
        (r"a \ne b", []),
        (r"a \not= b", []),
        (r"a \in b", []),
        ("a >= b", []),
    ],
)
def test_signs(source: str, signs: list[str]) -> None:
    assert [list(found.signs) for found in statements(source)] == [signs]


@pytest.mark.parametrize(
    ("source", "text", "condition"),
    [
        (r"a = x \text{ if } z > 0", "a = x", "z > 0"),
        (r"a = x, \quad z > 0", "a = x", "z > 0"),
        (r"a = x \quad (z \neq 0)", "a = x", "z ≠ 0"),
        (r"a = x (z > 0)", "a = x", "z > 0"),
        (r"a = x \quad \text{for all } i", "a = x", "all i"),
        (r"a = 0 \text{ otherwise}", "a = 0", "otherwise"),
        (r"a = x \text{ by the chain rule}", "a = x", ""),
        (r"\frac{dL}{dw} = x \quad \text{as } w \to 0", r"\frac{dL}{dw} = x", "w → 0"),
    ],
)
def test_conditions_at_the_end(source: str, text: str, condition: str) -> None:
    first = statements(source)[0]
    assert (first.text, first.condition) == (text, condition)


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ("w += 1", "+="),
        ("w = 0,5", "comma between digits"),
        ("k = 1, ..., K", "a list as [0.7, 0.2]"),
        ("p = 0.7, 0.2, 0.1", "a list as [0.7, 0.2]"),
        ("0 < a = b", "comparison"),
        (r"w \sim N(0, 1) = b", "comparison"),
        ("a <= b", "comparison"),
    ],
)
def test_what_cannot_be_taken_apart_says_why(source: str, problem: str) -> None:
    found = statements(source)[0]
    assert problem in " ".join([found.problem, *(side.error for side in found.sides)])


@given(st.text(st.sampled_from("ab=+-(){}\\,;&$^_ \n"), max_size=30))
def test_sides_stand_on_the_lines_they_say(source: str) -> None:
    lines = source.split("\n")
    for statement in statements(source):
        for side in statement.sides:
            assert not side.text or side.text[0] in "".join(lines[side.line - 1 :])
