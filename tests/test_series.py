"""notation/series.py: sums and products over an index, written out on the tree."""

from __future__ import annotations

import pytest

from autograd.notation import (
    Expr,
    FormulaError,
    Reader,
    Sum,
    Symbol,
    expanded,
    to_latex,
    with_indices,
)

LABELS = ["w_1", "w_2", "w_3", "x_1", "x_2", "x_3", "W_{11}", "W_{12}", "W_{21}", "W_{22}", "h_1",
          "h_2", "b", "L", "n", "z_2", "z_5"]  # fmt: skip
READER = Reader(LABELS)


def written_out(text: str) -> Expr:
    return expanded(READER.read(text), LABELS)


@pytest.mark.parametrize(
    ("text", "same"),
    [
        (r"\sum_{j=1}^{3} w_j x_j", "w_1 x_1 + w_2 x_2 + w_3 x_3"),
        (r"\sum_j w_j x_j + b", "(w_1 x_1 + w_2 x_2 + w_3 x_3) + b"),
        (r"\sum_{j=2}^n x_j", "x_2 + x_3"),
        (r"\sum_{j=2} x_j", "x_2 + x_3"),
        (r"\sum_j^2 x_j", "x_1 + x_2"),
        (r"\sum_j z_j", "z_2 + z_5"),
        (r"\sum_{j=1}^{1} x_j b", "x_1 b"),
        (r"\prod_{j=1}^{2} (x_j - j)", "(x_1 - 1) (x_2 - 2)"),
        (r"\sum_{i=1}^2 \sum_{j=1}^2 W_{ij} x_j",
         r"(W_{11} x_1 + W_{12} x_2) + (W_{21} x_1 + W_{22} x_2)"),
        (r"\sum_{i,j} W_{ij}", r"(W_{11} + W_{12}) + (W_{21} + W_{22})"),
        (r"\sum_{t=2}^{3} h_{t-1} w_t", "h_1 w_2 + h_2 w_3"),
        (r"\sum_j \frac{\partial L}{\partial w_j} x_j",
         r"\frac{\partial L}{\partial w_1} x_1 + \frac{\partial L}{\partial w_2} x_2"
         r" + \frac{\partial L}{\partial w_3} x_3"),
        ("2 - x_1", "2 - x_1"),
    ],
)  # fmt: skip
def test_series_are_written_out(text: str, same: str) -> None:
    assert written_out(text) == READER.read(same)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (r"\sum_{j=1}^{99999} j", "99999 terms"),
        (r"\sum_{i=1}^{200} \sum_{j=1}^{200} i j", "too many terms"),
        (r"\sum_{i=1}^{2000} i", "too many to be written out"),
        (r"\sum_{j=3}^{1} j", "does not say over which j"),
    ],
)
def test_series_without_a_clear_range_are_refused(text: str, problem: str) -> None:
    with pytest.raises(FormulaError) as caught:
        written_out(text)
    assert problem in caught.value.problem


def test_labels_keep_the_spelling_they_are_known_by() -> None:
    assert expanded(Reader(["w1", "w2"]).read(r"\sum_j w_j"), ["w1", "w2"]) == Sum(
        (Symbol("w1"), Symbol("w2"))
    )


def test_an_index_inside_a_series_of_its_own_is_left() -> None:
    tree = Reader([], new_symbols=True).read(r"w_j + \sum_j w_j x_k")
    assert to_latex(with_indices(tree, {"j": 2, "k": 1})) == r"w_2 + \sum_{j} w_j x_1"


def test_functions_of_the_page_may_have_an_index() -> None:
    reader = Reader([], applied=["f_j"], new_symbols=True)
    assert with_indices(reader.read("f_j(x_j)"), {"j": 2}) == Reader(
        [], applied=["f_2"], new_symbols=True
    ).read("f_2(x_2)")
