"""viz/text.py: labels and numbers short and true."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.legibility import number_in
from viz import fonts
from viz.text import number, plain, symbol


@pytest.mark.parametrize(
    ("label", "shown"),
    [
        ("W_{11}^2", "W₁₁²"),
        (r"\hat{y}", "ŷ"),
        (r"\hat{y}_{10}", "ŷ₁₀"),
        ("x_{i1}", "xᵢ₁"),
        ("W_{10,3}^{2}", "W₁₀,₃²"),
        ("b_{1,12}", "b₁,₁₂"),
        ("c_{gpa}", "c_gpa"),
        (r"\frac{\partial L}{\partial W_{11}^2}", "∂L/∂W₁₁²"),
        (r"\theta", "θ"),
        ("my_label", "my_label"),
        ("layer1.weight", "layer1.weight"),
        ("two\nlines\there", "two lines here"),
        ("{unclosed", "{unclosed"),
        ("", ""),
    ],
)
def test_symbols(label: str, shown: str) -> None:
    assert plain(symbol(label)) == shown


@given(st.text(max_size=300))
def test_any_label_is_one_short_printable_line(label: str) -> None:
    shown = symbol(label)
    assert len(shown) <= 60
    assert shown.isprintable()
    assert shown == shown.strip()


def test_the_notes_symbols_are_in_the_font() -> None:
    labels = [
        r"\hat{y}",
        "W_{12}^{3}",
        "O_{45}",
        "z_{67}",
        "b_{89}",
        "x_{i0}",
        r"\frac{\partial L}{x}",
    ]
    assert fonts.has_all("".join(map(symbol, labels)) + number(-1.5e-12) + "×…√")


@given(st.floats(-1e307, 1e307), st.integers(1, 17))
def test_a_shown_number_is_the_number_to_its_digits(x: float, digits: int) -> None:
    text = number(x, digits)
    assert len(text) <= max(digits, 6) + len("−0.00·10⁻³⁰⁸")
    assert math.isclose(number_in(text), x, rel_tol=0.5001 * 10.0 ** (1 - digits), abs_tol=5e-324)
    assert (number_in(text) == 0.0) == (x == 0.0)


@given(st.floats(1e-9, 1e6))
def test_only_whole_numbers_look_whole(x: float) -> None:
    if number(x).isdigit():
        assert math.isclose(x, round(x), rel_tol=1e-12)


@pytest.mark.parametrize(
    ("x", "shown"),
    [
        (0.0, "0"),
        (-0.0, "0"),
        (176.0, "176"),
        (29568.0, "29568"),
        (1e6, "1·10⁶"),
        (123456789.0, "1.235·10⁸"),
        (24916.5, "24916.5"),
        (0.1 + 0.2, "0.3"),
        (1 / 3, "0.3333"),
        (0.99999, "1.000"),
        (9.99996, "10.00"),
        (5e-324, "4.941·10⁻³²⁴"),
        (math.inf, "∞"),
        (-math.inf, "−∞"),
        (math.nan, "nan"),
    ],
)
def test_numbers(x: float, shown: str) -> None:
    assert number(x) == shown


def test_text_for_graphviz_is_on_one_line_and_means_itself() -> None:
    assert plain("a\\nb\n  c\x1b") == "a∖nb c"
