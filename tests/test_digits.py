"""Numbers are right as far as their digits go, and wrong beyond."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from autograd import ops
from autograd.marking.judge import Judge
from autograd.notation import (
    Call,
    Derivative,
    Expr,
    Negative,
    Number,
    Product,
    Sum,
    Symbol,
    number,
)


def claim(text: str) -> Expr:
    size = Number(text.removeprefix("-"))
    return Negative(size) if text.startswith("-") else size


def judged(true: float | Fraction, claimed: Expr | str, rough: bool = False) -> str:
    tree = claim(claimed) if isinstance(claimed, str) else claimed
    return Judge({}, {"t": number(true)}).compare_number(Symbol("t"), tree, rough=rough).verdict


@pytest.mark.parametrize(
    ("true", "text", "verdict"),
    [
        (0.08216704, "0.0822", "right"),
        (0.08216704, "0.082167", "right"),
        (0.08216704, ".08", "right"),
        (0.08216704, "8.2e-2", "right"),
        (0.08216704, "8.22e-3", "wrong"),
        (0.08216704, "0.0823", "wrong"),
        (0.08216704, "0.0821", "cut off"),
        (0.08216704, "0.0820", "wrong"),
        (0.08216704, "0.1", "right"),
        (0.08216704, "0", "wrong"),
        (12, "11.9", "wrong"),
        (12, "11.99", "wrong"),
        (12, "12.0", "right"),
        (1.5, "1.4", "wrong"),
        (1.59, "1.5", "cut off"),
        (0.19, "0.1", "wrong"),
        (-1.59, "-1.5", "cut off"),
        (-1.59, "1.5", "wrong"),
        (150.6, "151", "right"),
        (150.6, "150", "cut off"),
        (150.6, "150.5", "wrong"),
        (2400.3, "2400", "right"),
        (2401, "2400", "wrong"),
        (1540, "1.5e3", "right"),
        (1640, "1.5e3", "wrong"),
        (2.9, "3", "wrong"),
        (-0.05, "-0.05", "right"),
        (-0.05, "0.05", "wrong"),
        (0, "0", "right"),
        (0, "0.00", "right"),
        (1e-9, "0.00", "right"),
        (1e-9, "0", "wrong"),
        (4.14e-21, "9e-12", "wrong"),
        (4.14e-21, "4.14e-21", "right"),
        (6.02e250, "6.02e250", "right"),
        (6.02e250, "6.03e250", "wrong"),
        (1e-250, "1.0e-250", "right"),
        (1e-250, "1.1e-250", "wrong"),
        (0.1 + 0.2, "0.3", "right"),
        (0.3, "0.30000000000000004", "right"),
    ],
)
def test_single_numbers(true: float, text: str, verdict: str) -> None:
    assert judged(true, text) == verdict


def test_whole_numbers_that_are_called_approximate() -> None:
    assert judged(2.9, "3", rough=True) == "right"
    assert judged(2.4, "3", rough=True) == "wrong"


@given(
    st.integers(100_000, 999_999), st.integers(-250, 250), st.sampled_from((-1, 1)),
    st.integers(1, 5),
)  # fmt: skip
def test_what_a_number_rounds_to_is_right_and_its_neighbours_are_wrong(
    digits: int, power: int, sign: int, shown: int
) -> None:
    true = sign * digits * Fraction(10) ** power
    unit = 10 ** (6 - shown)
    assume(digits % unit != unit // 2)
    rounded = (digits + unit // 2) // unit
    for off in (-2, -1, 0, 1, 2):
        text = f"{rounded + off}.e{power + 6 - shown}".replace(".e", "e")
        exact = abs(abs(true) - Fraction(text)) * 2 <= Fraction(unit) * Fraction(10) ** power
        verdict = judged(true, f"-{text}" if sign < 0 else text)
        is_cut = shown > 1 and rounded + off == digits // unit
        assert verdict == ("right" if exact else "cut off" if is_cut else "wrong")


# Calculations.


def times(*texts: str) -> Expr:
    return Product(tuple(map(claim, texts)))


def test_calculations_are_exact_unless_they_are_rounded() -> None:
    assert judged(Fraction(1, 3), Product((Number("1"),), (Number("3"),))) == "right"
    assert judged(0.333, Product((Number("1"),), (Number("3"),))) == "wrong"
    assert judged(30, Product((claim("-2"), Sum((Number("3"), claim("-18")))))) == "right"
    assert judged(29, Product((claim("-2"), Sum((Number("3"), claim("-18")))))) == "wrong"
    assert judged(0.25, times("0.5", "0.5")) == "right"
    assert judged(math.exp(-2), Call(ops.exp, (claim("-2"),))) == "right"


def test_decimals_stand_for_the_numbers_known_that_they_show() -> None:
    known = {"p": number(0.14066), "q": number(0.46998), "x": number(3)}
    judge = Judge({"f": Symbol("p") * Symbol("q")}, known)
    f = Symbol("f")
    assert judge.compare_number(f, times("0.1407", "0.47")).verdict == "rounded"
    assert judge.compare_number(f, times("0.1407", "0.48")).verdict == "wrong"
    assert judge.compare_number(f, times("-0.1407", "0.47")).verdict == "wrong"
    # 0.1409 shows no number of the page, but might be one on the way to it.
    assert judge.compare_number(f, times("0.1409", "0.47")).verdict == "wrong"
    assert judge.compare_number(f, times("0.14", "0.47")).verdict == "rounded"
    mixed = Product((Symbol("p"), Number("0.47")))
    assert judge.compare_number(f, mixed).verdict == "rounded"


def test_a_number_by_the_calculation_before_it() -> None:
    judge = Judge({}, {"t": number(0.0661)})
    t, before = Symbol("t"), times("0.14", "0.47")
    assert judge.compare_number(t, Number("0.0658")).verdict == "wrong"
    assert judge.compare_number(t, Number("0.0658"), before=before).verdict == "rounded"
    before_cut = times("0.142", "0.4645")  # 0.065959
    assert judge.compare_number(t, Number("0.0659"), before=before_cut).verdict == "rounded"
    assert judge.compare_number(t, Number("0.0655"), before=before).verdict == "wrong"


def test_what_cannot_be_worked_out_is_undecided() -> None:
    judge = Judge({"f": Symbol("x") * 2}, {"y": number(2)})
    missing = judge.compare_number(Symbol("f"), Number("4"))
    assert missing.verdict == "undecided"
    assert "x has no number" in str(missing.remark)
    endless = judge.compare_number(Symbol("y"), Product((Number("1"),), (Number("0"),)))
    assert endless.verdict == "undecided"
    root = Call(ops.sqrt, (claim("-2"),))
    assert judge.compare_number(Symbol("y"), root).verdict == "undecided"


def test_gradients_in_numbers() -> None:
    w, x, y = map(Symbol, "wxy")
    judge = Judge({"L": (y - w * x) ** 2}, {"w": number(18), "x": number(80), "y": number(3)})
    gradient = Derivative(Symbol("L"), w)
    assert judge.compare_number(gradient, Number("229920")).verdict == "right"
    assert judge.compare_number(gradient, Number("229921")).verdict == "wrong"
    assert judge.rounded(gradient) == Number("229920")
    assert judge.exact(gradient / 7) == Number("32845.7142857142857142857142857142857142857143")
