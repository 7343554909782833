r"""One judge: a claim has the same verdict on a page and about a graph of the page's formulas.

A page states formulas, values, and the claim `dL/dw = ...`; the graph is built from these formulas
and values. Where one of the two is undecided, so is the other.
"""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Literal, NamedTuple, get_args

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from autograd import (
    ChalkgradError,
    Value,
    build,
    check_formula,
    check_number,
    grade,
    read_formula,
)
from autograd.derivation import derive
from autograd.notation import to_latex
from tests.labelled import Network
from tests.test_claims import Rearranger, mutated

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Mapping

    from autograd import Verdict
    from autograd.notation import Expr


def graph(formulas: Mapping[str, str], values: Mapping[str, str]) -> Network:
    """A node for each symbol, by label."""
    net = Network(0)
    for label, number in values.items():
        net[label] = Value(float(number), label)
    for label, text in formulas.items():
        net.named(label, build(read_formula(text, net), net))
    return net


class Claim(NamedTuple):
    """A claim about dL/d(wrt) by some formulas and values, all as they are written."""

    formulas: Mapping[str, str]
    values: Mapping[str, str]
    wrt: str
    text: str = ""
    are_values_told: bool = True

    @property
    def page(self) -> str:
        """What a person would hand in."""
        told = self.values if self.are_values_told else {}
        stated = [f"{left} = {right}" for left, right in {**self.formulas, **told}.items()]
        sign = "" if self.text.startswith(r"\approx") else "="
        stated.append(rf"\frac{{dL}}{{d{self.wrt}}} {sign} {self.text}")
        return "\n".join(f"${each}$" for each in stated)

    def on_page(self) -> list[str]:
        """The verdict of `grade` on each link."""
        return [entry.verdict for entry in grade(self.page).entries if entry.kind == "claim"]

    def of_graph(self, check: Callable[..., Verdict]) -> str:
        """The verdict of `check_formula` or `check_number`."""
        net = graph(self.formulas, self.values)
        try:
            verdict = check(net["L"], net[self.wrt], self.text)
        except ChalkgradError as error:
            pytest.fail(f"{self.page}\n{error}")
        return "right" if verdict.right else "wrong" if verdict.decided else "unread"

    def verdict(self, check: Callable[..., Verdict]) -> str:
        """The one verdict of both; a chain is as its first link that is not right."""
        links = self.on_page()
        assert links, self.page
        on_page = next((link for link in links if link != "right"), "right")
        assert on_page == self.of_graph(check), self.page
        return on_page


# Formulas.


class Shape(NamedTuple):
    """Formulas, and the size of each leaf: powers of 10^k and 10^m, in which all terms agree."""

    formulas: dict[str, str]
    sizes: dict[str, tuple[int, int]]


ONE = (0, 0)
SHAPES = [
    Shape({"p": "w x + b", "L": "(y - p)^2"},
          {"w": (1, 0), "x": (0, 1), "b": (1, 1), "y": (1, 1)}),
    Shape({"z": "w x + b", "a": r"\tanh(z)", "p": "v a + c", "L": r"\frac{1}{2}(y - p)^2"},
          {"w": (1, 0), "x": (-1, 0), "b": ONE, "v": (0, 1), "c": (0, 1), "y": (0, 1)}),
    Shape({"z": "w x", "p": r"\frac{1}{1 + e^{-z}}", "L": r"-y \log(p) - (1 - y) \log(1 - p)"},
          {"w": (1, 0), "x": (-1, 0), "y": ONE}),
    Shape({"h_1": r"\sigma(u_1 x)", "h_2": r"\sigma(u_2 x)", "L": "(v_1 h_1 + v_2 h_2 - y)^2"},
          {"u_1": (1, 0), "u_2": (1, 0), "x": (-1, 0), "v_1": (0, 1), "v_2": (0, 1), "y": (0, 1)}),
    Shape({"f": "a b", "g": "a^2 + c", "L": "f g"},
          {"a": (1, 0), "b": (0, 1), "c": (2, 0)}),
    Shape({"n": "a x", "d": "b + x^2", "L": r"\frac{n}{d}"},
          {"a": (0, 1), "b": (2, 0), "x": (1, 0)}),
    Shape({"O": r"\operatorname{relu}(w x)", "L": "(O - y)^2"},
          {"w": (1, 0), "x": (0, 1), "y": (1, 1)}),
]  # fmt: skip
EXPONENTS = st.sampled_from([0, 0, -1, 2, -12, 15, -40, 40, -60, 60])


@st.composite
def derivations(draw: st.DrawFn) -> tuple[Claim, Expr, random.Random]:
    """A claim still without its text, the right formula, and a source of changes to it."""
    shape = draw(st.sampled_from(SHAPES))
    source = draw(st.randoms(use_true_random=False))
    k, m = draw(EXPONENTS), draw(EXPONENTS)
    values = {}
    for label, (by_k, by_m) in shape.sizes.items():
        exponent = by_k * k + by_m * m
        sign = "" if label in "xy" else source.choice(("", "-"))
        values[label] = f"{sign}{source.uniform(0.3, 0.9):.2f}{f'e{exponent}' if exponent else ''}"
    net = graph(shape.formulas, values)
    wrt = draw(st.sampled_from([label for label in net if label != "L"]))
    derivation = derive(net["L"], net[wrt])
    assert derivation.form is not None
    are_told = draw(st.booleans())
    return Claim(shape.formulas, values, wrt, "", are_told), derivation.form, source


def symbols(claim: Claim) -> list[str]:
    return [label for label in {**claim.values, **claim.formulas} if label != "L"]


@settings(max_examples=30)
@given(derivations(), st.integers(0, 6))
def test_a_right_formula_rewritten_is_right_in_both(
    derivation: tuple[Claim, Expr, random.Random], times: int
) -> None:
    claim, form, source = derivation
    net = graph(claim.formulas, claim.values)
    form = Rearranger(net, symbols(claim), source)(form, times)
    assert claim._replace(text=to_latex(form)).verdict(check_formula) == "right"


@settings(max_examples=45)
@given(derivations(), st.integers(0, 2))
def test_a_formula_with_a_slip_has_the_same_verdict_in_both(
    derivation: tuple[Claim, Expr, random.Random], times: int
) -> None:
    claim, form, source = derivation
    net = graph(claim.formulas, claim.values)
    form = Rearranger(net, symbols(claim), source)(form, times)
    claim._replace(text=to_latex(mutated(form, symbols(claim), source))).verdict(check_formula)


MAGNITUDES = (-250, -200, -100, -12, 0, 3, 12, 100, 200, 250)


def power_of_ten(exponent: int) -> str:
    return rf" \cdot 10^{{{exponent}}}" if exponent else ""


@pytest.mark.parametrize("exponent", MAGNITUDES)
@pytest.mark.parametrize(
    ("added", "verdict"),
    [(None, "right"), (-10, "wrong"), (-12, "wrong"), (-20, "wrong"), (-35, "wrong")],
)
def test_nothing_is_too_small_to_be_wrong(exponent: int, added: int | None, verdict: str) -> None:
    slope = f"3{power_of_ten(exponent)} w"
    text = slope if added is None else f"{slope} + 10^{{{exponent + added}}}"
    formula = f"1.5{power_of_ten(exponent)} w^2"
    for told in (True, False):
        claim = Claim({"L": formula}, {"w": "0.7"}, "w", text, told)
        assert claim.verdict(check_formula) == verdict


@pytest.mark.parametrize(
    ("text", "verdict"),
    [("2w", "right"), ("w + w", "right"), ("2w + 10^{-12}", "wrong"), ("2w + 1e-30", "wrong"),
     ("2w - 10^{-12} w", "wrong"), ("2w (1 + 10^{-12})", "wrong"), ("w^{1.000001}", "wrong"),
     (r"\log(-w^2)", "unread")],
)  # fmt: skip
def test_formulas_that_are_nearly_right(text: str, verdict: str) -> None:
    for told in (True, False):
        assert Claim({"L": "w^2"}, {"w": "3"}, "w", text, told).verdict(check_formula) == verdict


# Numbers.


class Sum(NamedTuple):
    """A loss whose slope is worked out here, of numbers whose sizes agree as in a `Shape`."""

    formulas: dict[str, str]
    sizes: dict[str, tuple[int, int]]
    wrt: str
    slope: Callable[..., Fraction]


SUMS = [
    Sum({"L": "w x + b"}, {"w": (1, 0), "x": (0, 1), "b": (1, 1)}, "w", lambda w, x, b: x),
    Sum({"p": "w x + b", "L": "(y - p)^2"},
        {"w": (1, 0), "x": (0, 1), "b": (1, 1), "y": (1, 1)}, "w",
        lambda w, x, b, y: -2 * (y - w * x - b) * x),
    Sum({"L": r"\frac{w}{x} + v"}, {"w": (0, 1), "x": (1, 0), "v": (-1, 1)}, "x",
        lambda w, x, v: -w / x**2),
    Sum({"f": "a b", "g": "a^2 + c", "L": "f g"}, {"a": (1, 0), "b": (0, 1), "c": (2, 0)}, "a",
        lambda a, b, c: b * (3 * a * a + c)),
    Sum({"n": "a x", "d": "b + x^2", "L": "n / d"}, {"a": (0, 1), "b": (2, 0), "x": (1, 0)}, "x",
        lambda a, b, x: a * (b - x * x) / (b + x * x) ** 2),
]  # fmt: skip
Kind = Literal["rounded", "cut off", "off by one", "off by two"]
Style = Literal["e", "power of ten", "plain"]


@st.composite
def numbers_of_sums(draw: st.DrawFn) -> tuple[Claim, Fraction]:
    """A claim still without its number, and the right one."""
    formulas, sizes, wrt, slope = draw(st.sampled_from(SUMS))
    k, m = draw(EXPONENTS), draw(EXPONENTS)
    values = {}
    for label, (by_k, by_m) in sizes.items():
        exponent, digits = by_k * k + by_m * m, draw(st.integers(100, 999))
        sign = draw(st.sampled_from(("", "-")))
        values[label] = f"{sign}{digits / 100}{f'e{exponent}' if exponent else ''}"
    try:
        true = slope(**{label: Fraction(text) for label, text in values.items()})
    except ZeroDivisionError:
        assume(False)
    assume(true)
    return Claim(formulas, values, wrt), true


def written(digits: int, exponent: int, style: Style) -> str:
    r"""`digits` times a power of ten, every digit shown: 1.51, 1.51e0 or 1.51 \cdot 10^{0}.

    Plain numbers that would need zeros which are no digits of theirs get a power of ten.
    """
    shown = str(digits)
    if style == "plain" and -12 < exponent <= 0:
        return f"{Decimal(digits).scaleb(exponent):f}"
    mantissa = shown[0] + ("." if shown[1:] else "") + shown[1:]
    exponent += len(shown) - 1
    return f"{mantissa}e{exponent}" if style == "e" else f"{mantissa} \\cdot 10^{{{exponent}}}"


@settings(max_examples=100)
@given(
    numbers_of_sums(), st.integers(1, 10), st.sampled_from(get_args(Kind)),
    st.sampled_from(get_args(Style)), st.sampled_from((-1, 1)),
)  # fmt: skip
def test_a_number_at_any_digits_has_the_same_verdict_in_both(
    case: tuple[Claim, Fraction], count: int, kind: Kind, style: Style, side: int
) -> None:
    claim, true = case
    size = abs(true)
    exponent = math.floor(math.log10(size.numerator) - math.log10(size.denominator)) - count + 1
    unit = Fraction(10) ** exponent
    rounded, cut = math.floor(size / unit + Fraction(1, 2)), math.floor(size / unit)
    digits = {
        "rounded": rounded, "cut off": cut, "off by one": rounded + side,
        "off by two": rounded + 2 * side,
    }[kind]  # fmt: skip
    assume(digits > 0)
    assume(exponent != 0 or digits >= 100)  # whole numbers below are exact
    sign = "-" if true < 0 else ""
    verdict = claim._replace(text=sign + written(digits, exponent, style)).verdict(check_number)
    is_near = abs(digits * unit - size) <= unit / 2
    assert verdict == ("right" if is_near or 10 <= digits == cut else "wrong")


def shifted(text: str, exponent: int) -> str:
    return f"{text}e{exponent}" if exponent else text


@pytest.mark.parametrize("exponent", [-252, -200, -100, -12, 0, 12, 100, 200, 248])
@pytest.mark.parametrize(
    ("true", "text", "verdict"),
    [
        ("150.6", "150.6", "right"),
        ("150.6", "150.60", "right"),
        ("150.6", "151", "right"),
        ("150.6", "150", "right"),  # cut off
        ("150.6", "150.5", "wrong"),
        ("150.6", "150.7", "wrong"),
        ("150.6", "149", "wrong"),
        ("150.6", "152", "wrong"),
        ("150.6", "-151", "wrong"),
        ("150.6", "150.600000001", "wrong"),
        ("150.6", "0", "wrong"),
        ("0.08216704", "0.0822", "right"),
        ("0.08216704", "0.0821", "right"),  # cut off
        ("0.08216704", "0.0820", "wrong"),
        ("12.0", "11.9", "wrong"),
        ("12.0", "11.99", "wrong"),
        ("1.5", "1.4", "wrong"),
    ],
)
def test_numbers_of_the_same_digits_at_any_size(
    true: str, text: str, verdict: str, exponent: int
) -> None:
    claim = Claim({"L": "w x"}, {"w": "3", "x": shifted(true, exponent)}, "w",
                  shifted(text, exponent))  # fmt: skip
    assert claim.verdict(check_number) == verdict


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("-2(3 - 7) 3", "right"),
        ("-2(3 - 7) 3 = 24", "right"),
        ("-2(y - p) x = 24", "right"),
        ("-2(3 - 7) 3 = -2 (-4) 3 = 24.0", "right"),
        ("-2(3 - 7) 3 = 25", "wrong"),
        ("-2(3 - 7) 4 = 24", "wrong"),
        ("-2(7 - 3) 3 = -24", "wrong"),
        ("24 = 24 = 2.4 \\cdot 10", "right"),
        (r"\approx 24.0", "right"),
        (r"\approx 25", "wrong"),
        ("-2(3 - p) x", "right"),  # the page's own numbers, put in here and there
        ("-2(y - 7) 4", "wrong"),
    ],
)
def test_chains_are_right_where_each_link_is(text: str, verdict: str) -> None:
    formulas = {"p": "w x + b", "L": "(y - p)^2"}
    values = {"w": "2", "x": "3", "b": "1", "y": "3"}
    assert Claim(formulas, values, "w", text).verdict(check_number) == verdict


# Where they do not agree yet.

SOFTMAX = {
    "s": "e^{z_1} + e^{z_2}", "p_1": r"\frac{e^{z_1}}{s}", "p_2": r"\frac{e^{z_2}}{s}",
    "L": r"-y_1 \log(p_1) - y_2 \log(p_2)",
}  # fmt: skip


@pytest.mark.parametrize(
    ("claim", "check", "verdict"),
    [
        # A search for the slip that leaves the range of floats is an error.
        (Claim({"L": "w^2"}, {"w": "1e-200"}, "w", "3e-200"), check_number, "wrong"),
        # Rounded decimals in a formula.
        (Claim({"L": r"\frac{x^2}{3}"}, {"x": "2"}, "x", "0.667 x"), check_formula, "right"),
        # Targets that usually sum to 1, but not by these numbers.
        (Claim(SOFTMAX, {"z_1": "1", "z_2": "2", "y_1": "0.7", "y_2": "0.7"}, "z_1", "p_1 - y_1"),
         check_formula, "wrong"),
    ],
)  # fmt: skip
def test_differences(claim: Claim, check: Callable[..., Verdict], verdict: str) -> None:
    assert claim.verdict(check) == verdict
