"""Formulas mean what was computed, and look as a person writes them."""

from __future__ import annotations

from fractions import Fraction

import mpmath
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import autograd as ag
from autograd import ChalkgradError, GraphError, Value
from autograd.derivation import formula
from autograd.notation import decimal, is_rounded, shown, to_latex
from tests.expressions import REFERENCES, programs, reference, run
from tests.printed import meaning

mp = mpmath.mp

SYMBOLS = ["a", "W_{11}^2", r"\hat{y}", "b_{2}", r"\theta", "O'", "q", "x_{i1}", "M^{(2)}"]
ARITIES = {
    name: entry.arity for name, entry in ag.TABLE.items() if name in REFERENCES or hasattr(mp, name)
}
# All exact in binary and in decimals, so that a formula's digits are the graph's numbers.
NUMBERS = st.sampled_from([-3.0, -2.0, -1.5, -1.0, -0.5, 0.25, 0.5, 1.0, 2.0, 3.0])


@settings(max_examples=300)
@given(programs(ARITIES, NUMBERS), st.sets(st.integers(0, 14)))
def test_a_formula_means_the_graph_it_was_printed_from(program, labelled):
    with mp.workdps(60):
        try:
            nodes = list(run(program, ag.TABLE, Value, lambda x: Value(x).detach()))
        except ChalkgradError:
            assume(False)
        references = {name: reference(name) for name in ARITIES}
        numbers = list(run(program, references, mp.mpf, mp.mpf))
        symbols = {}
        for i, (node, x) in enumerate(zip(nodes, numbers, strict=True)):
            if program[i][0] == "leaf" or (i in labelled and not node.label):
                node.label = SYMBOLS[i] if i < len(SYMBOLS) else f"s_{{{i}}}"
                symbols[node.label] = x
        assume(all(mp.isfinite(x) for x in numbers))
        latex = formula(nodes[-1])
        expected = numbers[-1]
        assert abs(meaning(latex, symbols) - expected) <= mp.mpf("1e-40") * (1 + abs(expected))


def symbols(names: str) -> list[Value]:
    return [Value(i + 2.0, name) for i, name in enumerate(names.split())]


def test_formulas_look_as_a_person_writes_them():
    a, b, c = symbols("a b c")
    cases = {
        2 * (a - b) * -1: "-2(a - b)",
        a - (-b): "a + b",
        a + b * -1: "a - b",
        1 * a + 0 * b: "a",
        a * a * b / a: "a b",
        a * a: "a^2",
        (a + b) ** 2: "(a + b)^2",
        a - (b - c): "a - (b - c)",
        -(a * b): "-a b",
        a * 2: "2a",
        a / b: r"\frac{a}{b}",
        -a / b: r"-\frac{a}{b}",
        a / 3: r"\frac{a}{3}",
        (a + b) / (2 * c): r"\frac{a + b}{2c}",
        (a / b) ** 2: r"\frac{a^2}{b^2}",
        (a / b + 1) ** 2: r"\left(\frac{a}{b} + 1\right)^2",
        1 / a: r"\frac{1}{a}",
        a.reciprocal(): r"\frac{1}{a}",
        a.sqrt(): r"\sqrt{a}",
        (-a).exp(): "e^{-a}",
        a.exp() * 2: "2 e^{a}",
        a.tanh() ** 2: r"\tanh(a)^2",
        a.exp() ** 2: "(e^{a})^2",
        (a + b).sigmoid() * c: r"\sigma(a + b) c",
        2 * a.log(): r"2 \log(a)",
        abs(a - b): r"\left|a - b\right|",
        a**b: "a^{b}",
        (a + b) ** c: "(a + b)^{c}",
        (-a) ** 2: "a^2",
        (4 * a) ** 0.5: "(4a)^{0.5}",
        (a * a) ** 0.5: "(a^2)^{0.5}",
        a**0.5 * a**0.5: "a",
        a.hypot(b + 1): r"\sqrt{a^2 + (b + 1)^2}",
        a.maximum(b): r"\max(a, b)",
        0.1 * a: "0.1a",
        a * 1.5e-7: r"1.5{\cdot}10^{-7} a",
        a + 3 + 4: "a + 7",
        a - a: "0",
        -1 + a: "a - 1",
        -a + 1: "-a + 1",
    }
    for value, latex in cases.items():
        assert formula(value) == latex


def test_a_symbol_with_a_superscript_is_bracketed_before_another():
    w = Value(2.0, "W_{11}^2")
    assert formula(w * w) == "(W_{11}^2)^2"
    assert formula(w * w, "unicode") == "(W₁₁²)²"


def test_a_label_that_is_a_sum_is_bracketed_in_products():
    p, q = Value(0.5, "1 - p"), Value(2.0, "q")
    assert formula(p * q) == "(1 - p) q"
    assert formula(p + q) == "(1 - p) + q"


def test_constants_that_have_a_name_are_called_by_it():
    x = Value(2.0, "x")
    slope = ag.differentiate(x.log2(), x)
    assert formula(slope) == r"\frac{1}{x \log(2)}"


def test_derivatives_of_powers_are_written_without_their_rule_for_exponent_0():
    x, n = Value(2.0, "x"), Value(3.0, "n")
    assert formula(ag.differentiate(x**n, x)) == "n x^{n - 1}"
    assert formula(ag.differentiate(x**n, n)) == r"x^{n} \log(x)"


def test_a_labelled_node_is_a_symbol_unless_it_is_the_one_asked_for():
    x = Value(2.0, "x")
    h = x * x
    h.label = "h"
    assert formula(h) == "x^2"
    assert formula(h + 1) == "h + 1"
    assert formula(x) == "x"


def test_leaves_without_a_label_get_a_name_that_is_free():
    a, b = Value(2.0), Value(3.0)
    taken = Value(4.0, "v_{1}")
    assert formula(a * b + taken) == "v_{2} v_{3} + v_{1}"


def test_nodes_of_the_same_label_are_told_apart():
    first, second = Value(2.0, "x"), Value(3.0, "x")
    assert formula(first * second) == "x^{(1)} x^{(2)}"
    first.label = second.label = "W^2"
    assert formula(first - second, "unicode") == "W²⁽¹⁾ − W²⁽²⁾"


def test_a_formula_too_long_to_be_read_is_refused():
    x = Value(1.0, "x")
    long, deep, doubling, nested = x, x, x, x
    for _ in range(20_000):
        long = long + 1.5 * x
    for _ in range(100):
        deep = deep.sin()
        doubling = doubling.sin() * doubling
        nested = x - nested
    for value in (long, deep, doubling, nested):
        with pytest.raises(GraphError, match="label nodes in between"):
            formula(value)


def test_numbers_beyond_floats_are_written_too():
    x = Value(1e-300, "x")
    assert formula(1e300 * (1e300 * x)) == "10^{600} x"
    y = Value(1.0, "y")
    assert formula(1e-300 * (1.5e-300 * y)) == r"1.5{\cdot}10^{-600} y"
    assert formula((0.5 * y) ** 100**2) == "(0.5y)^{10000}"
    assert formula(y**1e9) == "y^{1000000000}"


def test_powers_of_powers_take_no_time():
    x = Value(1.0000001, "x")
    node = 0.75 * x
    for _ in range(40):
        node = node**99
    assert formula(node)
    assert str(ag.derive(named_loss(x**1e9), x))


def named_loss(value: Value) -> Value:
    value.label = "L"
    return value


def test_an_unknown_style_is_refused():
    with pytest.raises(ValueError, match="'latex' or 'unicode'"):
        formula(Value(1.0, "x"), "html")


def test_an_operation_of_ones_own_is_printed_by_its_notation():
    @ag.operation(lambda x, y: 1.0, latex=r"(1 + #1) \sin(#1)")
    def wave(x):
        return x

    @ag.operation(lambda x, y: 1.0, latex="{#1}^2")
    def squared(x):
        return x

    a, b = symbols("a b")
    assert formula(wave(a * b)) == r"(1 + a b) \sin(a b)"
    assert formula(wave(a)) == r"(1 + a) \sin(a)"
    assert formula(squared(a + b)) == "(a + b)^2"


@pytest.mark.parametrize(
    ("x", "latex"),
    [
        (2400.0, "2400"),
        (-0.0, "0"),
        (0.1, "0.1"),
        (1 / 3, "0.333333"),
        (123456789.0, "123456789"),
        (1234567.5, r"1.23457{\cdot}10^{6}"),
        (1e-7, "10^{-7}"),
        (-1.2e-7, r"-1.2{\cdot}10^{-7}"),
        (5e-324, r"4.94066{\cdot}10^{-324}"),
        (1e20, "10^{20}"),
        (0.0001, "0.0001"),
        (float("inf"), r"\infty"),
    ],
)
def test_numbers_as_people_write_them(x, latex):
    assert to_latex(decimal(x)) == latex


@given(st.floats(allow_nan=False, allow_infinity=False), st.integers(1, 17))
def test_a_number_shows_so_many_digits_and_never_0_for_something(x, digits):
    latex = to_latex(decimal(x, digits))
    with mp.workdps(700):
        exact = mp.mpf(shown(x, digits).numerator) / shown(x, digits).denominator
        assert mp.almosteq(meaning(latex), exact, rel_eps=mp.mpf("1e-600"))
    half_a_digit = Fraction(abs(x)) * Fraction(10) ** (1 - digits) / 2
    assert abs(shown(x, digits) - Fraction(x)) <= half_a_digit
    assert (latex == "0") == (x == 0)
    assert is_rounded(x, digits) <= (digits < 15)
