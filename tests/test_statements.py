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
        (r"a = \begin{cases} 1 & z > 0 \\ 0, & b = c \end{cases}",
         [["a", r"\begin{cases} 1 & z > 0 \\ 0, & b = c \end{cases}"]]),
        ("y = 1 \\leftarrow 1/2/3", [["y", "1"], ["1/2/3"]]),
    ],
)
def test_equations_in_a_formula(source: str, expected: list[list[str]]) -> None:
    assert sides(source) == expected


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ("w += 1", "+="),
        ("w = 0,5", "comma between digits"),
        ("a <= b", "comparison"),
        ("a = (b", "never closed"),
    ],
)
def test_what_cannot_be_taken_apart_says_why(source: str, problem: str) -> None:
    found = statements(source)[0]
    assert problem in " ".join([found.problem, *(side.problem for side in found.sides)])


@given(st.text(st.sampled_from("ab=+-(){}\\,;&$^_ \n"), max_size=30))
def test_sides_stand_on_the_lines_they_say(source: str) -> None:
    lines = source.split("\n")
    for statement in statements(source):
        for side in statement.sides:
            assert not side.text or side.text[0] in "".join(lines[side.line - 1 :])
