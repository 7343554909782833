"""viz/formulas.py and viz/setting.py: formulas are set as one writes them by hand."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from autograd import to_mathml
from tests.trees import trees
from viz import fonts
from viz.canvas import Shape, Words
from viz.formulas import Formula, formula_of, in_lines, pieces_of
from viz.setting import set_line


def pieces(formula: Formula) -> list[Words]:
    return [item for item in formula.items if isinstance(item, Words)]


def text(formula: Formula) -> str:
    return "".join(words.line.text for words in pieces(formula))


def test_a_fraction_has_its_stroke_between_its_halves() -> None:
    formula = formula_of(to_mathml(r"\frac{a}{b}"), 10.0)
    above, below = pieces(formula)
    (stroke,) = [item for item in formula.items if isinstance(item, Shape)]
    heights = {y for _, (_, y) in stroke.path}
    assert (above.line.text, below.line.text) == ("a", "b")
    assert above.y < min(heights) <= max(heights) < below.y


def test_index_and_exponent_stand_above_one_another() -> None:
    formula = formula_of(to_mathml("W_{11}^2"), 10.0)
    base, low, high = pieces(formula)
    assert [each.line.text for each in (base, low, high)] == ["W", "11", "2"]
    assert low.x == high.x == pytest.approx(fonts.width("W", 10.0))
    assert low.y > base.y > high.y


@pytest.mark.parametrize(
    ("label", "shown"),
    [(r"\hat{y}", "ŷ"), (r"\tilde{x}", "x̃"), (r"\bar{a}", "ā"), (r"\dot{z}", "ż")],
)
def test_accents_are_one_letter_where_there_is_one(label: str, shown: str) -> None:
    found = text(formula_of(to_mathml(label), 10.0))
    assert found[0] == shown[0]
    assert len(found) == 1 or len(shown) > 1


@settings(max_examples=150)
@given(trees)
def test_any_formula_is_set_within_its_own_ground(tree: object) -> None:
    formula = formula_of(to_mathml(tree), 10.0)  # type: ignore[arg-type]
    for item in formula.items:
        if isinstance(item, Words):
            assert item.x >= -0.01
            assert item.x + item.line.width <= formula.width + 0.01
            assert -formula.ascent - 0.01 <= item.y <= formula.descent + 0.01
            assert item.line.size >= 6.0


@settings(max_examples=100)
@given(trees)
def test_lines_have_all_that_the_formula_has(tree: object) -> None:
    mathml = to_mathml(tree)  # type: ignore[arg-type]
    lines = in_lines(pieces_of(mathml, 10.0), 60.0)
    assert "".join(map(text, lines)) == text(formula_of(mathml, 10.0))


def test_a_long_sum_is_broken_before_its_signs() -> None:
    mathml = to_mathml(" + ".join(f"a_{{{i}}}" for i in range(20)))
    lines = in_lines(pieces_of(mathml, 10.0), 100.0)
    assert len(lines) > 3
    assert all(line.width <= 100.0 for line in lines)
    assert all(text(line).startswith("+") for line in lines[1:])


def test_brackets_are_as_tall_as_what_they_hold() -> None:
    formula = formula_of(to_mathml(r"\left(\frac{a}{b}\right)"), 10.0)
    bracket = next(words for words in pieces(formula) if words.line.text == "(")
    assert bracket.line.size > 15.0


def test_text_is_set_with_its_scripts() -> None:
    line = set_line("c_{gpa} = x₁² + 10⁻³", 10.0)
    low = [run for run in line.runs if run.rise < 0]
    high = [run for run in line.runs if run.rise > 0]
    assert [run.text for run in low] == ["gpa", "1"]
    assert [run.text for run in high] == ["2", "−3"]
    assert low[1].x == high[0].x
    assert line.width < fonts.width("cgpa = x12 + 10-3", 10.0)
