"""Planted slips are named: each kind in networks of several shapes."""

from __future__ import annotations

import math
import random
import time
import tomllib
from pathlib import Path

import pytest

from autograd import Value
from autograd.marking import Judge, Slip, SlipKind, check_formula, check_number, grade
from autograd.marking.slips import found, most_telling
from autograd.notation import (
    Derivative,
    Expr,
    Number,
    Reader,
    Sentence,
    Symbol,
    derivative,
    normal,
    to_unicode,
)
from tests.benchmarks.judging import network
from tests.labelled import NETWORKS, Network, neuron, tanh_321, two_rows

SLIPS = tomllib.loads((Path(__file__).parent / "pages" / "slips.toml").read_text(encoding="utf-8"))

# Parts of right gradients, to plant slips in.
LPA = r"-2(y - \hat{y})"
NEURON = "-2(y - p)"
TANH = r"-2(y - \hat{y}) W_{11}^2"
OUT_1 = r"-2(y_1 - O_{21}) O_{21}(1 - O_{21})"
OUT_2 = r"2(y_2 - O_{22}) O_{22}(1 - O_{22})"
HIDDEN = "O_{11}(1 - O_{11}) x_1"
ROW_1 = r"(y_1 - \hat{y}_1)(1 - \hat{y}_1^2)"
ROW_2 = r"(y_2 - \hat{y}_2)(1 - \hat{y}_2^2)"

PLANTED = [
    # sign
    ("lpa", "W_{11}^2", r"2(y - \hat{y}) O_{11}", "sign", "the sign is the wrong one"),
    ("lpa", "W_{11}^2", r"-2(y + \hat{y}) O_{11}", "sign", "the sign of ŷ"),
    ("neuron", "w_1", f"{NEURON} p(1 + p) x_1", "sign", "the sign of p"),
    ("tanh_321", "W_{21}^1", f"{TANH}(1 + h_1^2) x_2", "sign", "the sign of h₁²"),
    (
        "sigmoid_222",
        "W_{11}^1",
        f"({OUT_1} W_{{11}}^2 + {OUT_2} W_{{12}}^2) {HIDDEN}",
        "sign",
        "the sign of",
    ),
    ("softmax_classifier", "W_{11}", r"-\hat{y}_1 x_1", "sign", "the sign is the wrong one"),
    ("targets_classifier", "z_1", r"\hat{y}_1 + y_1", "sign", "the sign of y₁"),
    ("two_rows", "w", f"-({ROW_1} x_1 - {ROW_2} x_2)", "sign", "the sign of"),
    # turned round
    ("lpa", "W_{11}^2", r"-2(\hat{y} - y) O_{11}", "turned-round", "ŷ − y is written"),
    ("neuron", "w_1", "-2(p - y) p(1 - p) x_1", "turned-round", "p − y is written"),
    ("tanh_321", "b_{21}", r"-2(\hat{y} - y)", "turned-round", "ŷ − y is written"),
    (
        "sigmoid_222",
        "W_{11}^1",
        rf"({OUT_1} W_{{11}}^2 - {OUT_2.replace('y_2 - O_{22}', 'O_{22} - y_2')} W_{{12}}^2)"
        + HIDDEN,
        "turned-round",
        "O₂₂ − y₂ is written where y₂ − O₂₂ belongs",
    ),
    ("two_rows", "b", rf"-(\hat{{y}}_1 - y_1)(1 - \hat{{y}}_1^2) - {ROW_2}", "turned-round", "ŷ₁"),
    ("softmax_classifier", "z_2", r"1 - \hat{y}_2", "turned-round", "1 − ŷ₂ is written"),
    # lost and extra factors
    ("lpa", "W_{11}^2", LPA, "lost-factor", "the factor O₁₁ is lost"),
    ("lpa", "W_{11}^2", r"(y - \hat{y}) O_{11}", "lost-factor", "the factor −2 is lost"),
    ("neuron", "w_1", f"{NEURON} p x_1", "lost-factor", "the factor 1 − p is lost"),
    ("neuron", "w_1", f"{NEURON} p(1 - p)", "lost-factor", "the factor x₁ is lost"),
    ("tanh_321", "W_{21}^1", f"{TANH}(1 - h_1) x_2", "lost-factor", "the factor h₁ is lost"),
    ("sigmoid_222", "W_{12}^2", f"-{OUT_2}", "lost-factor", "the factor O₁₁ is lost"),
    ("softmax_classifier", "W_{11}", r"\hat{y}_1", "lost-factor", "the factor x₁ is lost"),
    ("two_rows", "w", f"-{ROW_1} x_1 - {ROW_2}", "lost-factor", "the factor x₂ is lost"),
    ("lpa", "b_{11}", f"{LPA} W_{{11}}^2 x_{{i1}}", "extra-factor", "xᵢ₁ is one too many"),
    ("neuron", "b", f"{NEURON} p(1 - p) x_1", "extra-factor", "x₁ is one too many"),
    ("tanh_321", "b_{11}", f"{TANH}(1 - h_1^2) z_1", "extra-factor", "z₁ is one too many"),
    ("softmax_classifier", "b_2", r"(\hat{y}_2 - 1) x_1", "extra-factor", "x₁ is one too many"),
    ("two_rows", "b", f"-{ROW_1} - {ROW_2} x_2", "extra-factor", "x₂ is one too many"),
    # factor 2, 1/n
    ("lpa", "W_{11}^2", r"-(y - \hat{y}) O_{11}", "factor-two", "the factor 2 is lost"),
    ("lpa", "W_{11}^2", r"-4(y - \hat{y}) O_{11}", "factor-two", "the factor 2 is one too many"),
    ("neuron", "w_1", "-(y - p) p(1 - p) x_1", "factor-two", "the factor 2 is lost"),
    ("softmax_classifier", "z_2", r"2(\hat{y}_2 - 1)", "factor-two", "2 is one too many"),
    ("two_rows", "w", f"-2({ROW_1} x_1 + {ROW_2} x_2)", "factor-n", "the factor 1/2 of the mean"),
    ("two_rows", "w", rf"-\frac12({ROW_1} x_1 + {ROW_2} x_2)", "factor-two", "1/2 is one"),
    # wrong index, transposed
    ("lpa", "b_{11}", f"{LPA} W_{{21}}^2", "wrong-index", "W₂₁² is written where W₁₁² belongs"),
    ("lpa", "W_{11}^2", f"{LPA} O_{{12}}", "wrong-index", "O₁₂ is written where O₁₁ belongs"),
    ("neuron", "w_1", f"{NEURON} p(1 - p) x_2", "wrong-index", "x₂ is written where x₁ belongs"),
    ("tanh_321", "W_{21}^1", f"{TANH}(1 - h_2^2) x_2", "wrong-index", "h₂ is written where h₁"),
    ("sigmoid_222", "W_{12}^2", OUT_1 + "O_{11}", "wrong-index", "the gradient by W₁₁²"),
    ("softmax_classifier", "W_{12}", r"(\hat{y}_1 - 1) x_1", "wrong-index", "ŷ₁ is written"),
    ("targets_classifier", "z_1", r"\hat{y}_1 - y_2", "wrong-index", "y₂ is written where y₁"),
    ("two_rows", "w", f"-{ROW_1} x_1 - {ROW_2} x_1", "wrong-index", "x₁ is written where x₂"),
    (
        "tanh_321",
        "x_2",
        rf"{LPA}(W_{{11}}^2 (1 - h_1^2) W_{{12}}^1 + W_{{21}}^2 (1 - h_2^2) W_{{22}}^1)",
        "transposed",
        "W₁₂¹ is written where W₂₁¹ belongs: the indices are exchanged",
    ),
    (
        "sigmoid_222",
        "W_{11}^1",
        f"({OUT_1} W_{{11}}^2 - {OUT_2} W_{{21}}^2) {HIDDEN}",
        "transposed",
        "W₂₁² is written where W₁₂² belongs",
    ),
    (
        "softmax_classifier",
        "x_1",
        r"\hat{y}_1 W_{11} + (\hat{y}_2 - 1) W_{21} + \hat{y}_3 W_{13}",
        "transposed",
        "W₂₁ is written where W₁₂ belongs",
    ),
    # missing path
    ("lpa", "x_{i1}", f"{LPA} W_{{11}}^2 W_{{11}}^1", "missing-path", "through O₁₂ is missing"),
    (
        "tanh_321",
        "x_2",
        f"{TANH}(1 - h_1^2) W_{{21}}^1",
        "missing-path",
        "the path through h₂ is missing",
    ),
    ("sigmoid_222", "W_{11}^1", f"{OUT_1} W_{{11}}^2 {HIDDEN}", "missing-path", "through O₂₂"),
    (
        "softmax_classifier",
        "x_1",
        r"\hat{y}_1 W_{11} + (\hat{y}_2 - 1) W_{12}",
        "missing-path",
        "the path through z₃ is missing",
    ),
    ("two_rows", "w", f"-{ROW_1} x_1", "missing-path", "the path through ŷ₂ is missing"),
    # activations
    ("neuron", "w_1", f"{NEURON} x_1", "inner-derivative", "the derivative of sigmoid, at p,"),
    ("tanh_321", "W_{21}^1", f"{TANH} x_2", "inner-derivative", "of tanh, at h₁,"),
    (
        "sigmoid_222",
        "W_{11}^1",
        f"({OUT_1} W_{{11}}^2 - {OUT_2} W_{{12}}^2) x_1",
        "inner-derivative",
        "of sigmoid, at O₁₁,",
    ),
    (
        "sigmoid_222",
        "W_{11}^1",
        rf"(-2(y_1 - O_{{21}}) W_{{11}}^2 - 2(y_2 - O_{{22}}) W_{{12}}^2) {HIDDEN}",
        "inner-derivative",
        "of sigmoid, at O₂₁, O₂₂,",
    ),
    (
        "two_rows",
        "w",
        r"-(y_1 - \hat{y}_1) x_1 - (y_2 - \hat{y}_2) x_2",
        "inner-derivative",
        "of tanh, at ŷ₁, ŷ₂,",
    ),
    ("neuron", "w_1", f"{NEURON} z(1 - z) x_1", "pre-activation", "at p, has what goes in"),
    ("tanh_321", "W_{21}^1", f"{TANH}(1 - z_1^2) x_2", "pre-activation", "at h₁,"),
    (
        "sigmoid_222",
        "W_{11}^2",
        "-2(y_1 - O_{21}) z_{21}(1 - z_{21}) O_{11}",
        "pre-activation",
        "at O₂₁,",
    ),
    ("neuron", "w_1", rf"{NEURON} \sigma'(p) x_1", "post-activation", "at p, is taken at"),
    ("tanh_321", "W_{21}^1", rf"{TANH}(1 - \tanh^2 h_1) x_2", "post-activation", "at h₁,"),
    ("tanh_321", "W_{21}^1", f"{TANH} h_1(1 - h_1) x_2", "other-function", "of sigmoid is taken"),
    ("neuron", "w_1", f"{NEURON} p^2(1 - p)^2 x_1", "extra-derivative", "of sigmoid, at p, is one"),
    # terms
    ("softmax_classifier", "z_1", r"\hat{y}_1 - 1", "extra-term", "the term −1 is one too many"),
    ("targets_classifier", "z_1", r"\hat{y}_1", "lost-term", "the term −y₁ is lost"),
]


@pytest.mark.parametrize(("network", "wrt", "text", "kind", "message"), PLANTED)
def test_a_planted_slip_is_named(
    network: str, wrt: str, text: str, kind: str, message: str
) -> None:
    net = NETWORKS[network](1)
    verdict = check_formula(net["L"], net[wrt], text)
    assert not verdict.right
    assert [slip.kind for slip in verdict.slips] == [kind], verdict.message
    assert message in str(verdict.slip)
    assert str(verdict.slip) in verdict.message


def test_every_kind_that_a_formula_can_show_is_planted() -> None:
    of_numbers = {SlipKind.UPDATED_WEIGHTS, SlipKind.OVERWRITTEN, SlipKind.ARITHMETIC}
    planted = [kind for *_, kind, _ in [*PLANTED, *SLIPS["calculus"], *SLIPS["updates"]]]
    assert set(planted) == set(SlipKind) - of_numbers


def test_symbols_of_a_slip_can_be_read_by_machine() -> None:
    net = NETWORKS["lpa"](1)
    verdict = check_formula(net["L"], net["b_{11}"], r"-2(y-\hat{y}) W_{21}^2")
    assert verdict.slip == Slip(
        SlipKind.WRONG_INDEX,
        Sentence((Symbol("W_{21}^2"), " is written where ", Symbol("W_{11}^2"), " belongs")),
        Symbol("W_{21}^2"),
        Symbol("W_{11}^2"),
    )


@pytest.mark.parametrize(
    ("text", "first", "second"),
    [
        ("2(y - p) p(1 - p) x_2", "the sign is the wrong one", "x₂ is written where x₁ belongs"),
        ("-(y - p) x_1", "the derivative of sigmoid, at p, is missing", "the factor 2 is lost"),
    ],
)
def test_two_slips_at_once_are_told_where_no_single_one_explains(
    text: str, first: str, second: str
) -> None:
    net = NETWORKS["neuron"](1)
    verdict = check_formula(net["L"], net["w_1"], text)
    assert [slip.kind for slip in verdict.slips] == [SlipKind.TWO_SLIPS]
    assert first in str(verdict.slip)
    assert second in str(verdict.slip)


def test_what_no_slip_explains_has_none() -> None:
    net = NETWORKS["neuron"](1)
    for text in ["3y", "x_1 x_2 + 5", "p^3 x_2 - y"]:
        verdict = check_formula(net["L"], net["w_1"], text)
        assert verdict.slips == ()
        assert "no single slip" in verdict.message


def test_slips_that_explain_equally_well_are_all_named() -> None:
    # L = w + sw with s = w^2, so dL/dw = 1 + s + 2w^2. In 1 + w^2 the path through s may be missing
    # (1 + s is left) or the sign of s be wrong (1 - s + 2w^2).
    w = Value(0.7, "w")
    square = w * w
    square.label = "s"
    total = w + square * w
    total.label = "L"
    verdict = check_formula(total, w, "1 + w^2")
    assert {slip.kind for slip in verdict.slips} == {SlipKind.MISSING_PATH, SlipKind.SIGN}
    assert verdict.slip is None
    assert "several slips" in verdict.message


def test_the_cheapest_slips_are_named_one_of_each_kind() -> None:
    words = Sentence(("a slip",))
    sign, turned = (
        Slip(SlipKind.SIGN, words, cost=1.0),
        Slip(SlipKind.TURNED_ROUND, words, cost=0.8),
    )
    path = Slip(SlipKind.MISSING_PATH, words, cost=1.0)
    assert most_telling([sign, turned, sign]) == (turned,)
    assert most_telling([sign, path, sign]) == (sign, path)
    assert most_telling([]) == ()


# Slips of the calculus, on a page.


@pytest.mark.parametrize(("right", "claimed", "kind", "said"), SLIPS["calculus"])
def test_a_slip_of_the_calculus_is_named(right: str, claimed: str, kind: str, said: str) -> None:
    report = grade(f"$$f(x) = {right}$$\n\nso\n\n$$f'(x) = {claimed}$$\n")
    entry = report.entries[-1]
    assert (entry.verdict, entry.slip) == ("wrong", kind), entry.words
    assert said in str(entry.words)


@pytest.mark.parametrize(("right", "claimed", "kind", "said"), SLIPS["updates"])
def test_a_slip_in_an_update_is_named(right: str, claimed: str, kind: str, said: str) -> None:
    reader = Reader([r"\hat{m}", r"\hat{v}", "b_1", "b_2", *"wamvegthd"])
    truth = reader.read(right)
    slips = found(reader.read(claimed), truth, truth, Judge({}))
    assert [slip.kind for slip in slips] == [kind], [str(slip) for slip in slips]
    assert said in str(slips[0])


def test_a_part_of_the_chain_is_not_the_whole() -> None:
    x, u = Symbol("x"), Symbol("u")
    judge = Judge({"y": u**3, "u": 7 * x**2 - 4})
    for claim, said in [(3 * u**2, "the factor ∂u/∂x is left out"), (14 * x, "the factor ∂y/∂u")]:
        (slip,) = found(claim, Derivative(Symbol("y"), x), 42 * x * u**2, judge)
        assert slip.kind is SlipKind.INNER_DERIVATIVE
        assert said in str(slip) or "the inner derivative, of u, is left out" in str(slip)


def test_the_claim_is_mended_in_its_own_form() -> None:
    x = Symbol("x")
    truth = Derivative(5 * x**2 - x, x)
    for claim, mended in [(10 * x + 1, "10x − 1"), (1 - 10 * x, "10x − 1"), (5 * x - 1, "10x − 1")]:
        (slip,) = found(claim, truth, 10 * x - 1, Judge({}))
        assert slip.mended is not None
        assert to_unicode(slip.mended) == mended


def test_no_slip_is_named_for_what_is_defined_nowhere() -> None:
    x = Symbol("x")
    log = Reader(["x"]).read(r"\ln(-1 - x^2)")
    assert found(2 * x, Derivative(log, x), None, Judge({})) == ()


def test_cases_and_values_put_in() -> None:
    reader = Reader(["x", "f"], applied=["f"])
    tree = reader.read(r"\begin{cases} x^3 & x > 0 \\ -x & x \le 0 \end{cases}")
    (slip,) = found(
        reader.read(r"\begin{cases} x^2 & x > 0 \\ -1 & x \le 0 \end{cases}"),
        Derivative(tree, Symbol("x")), None, Judge({}),
    )  # fmt: skip
    assert slip.kind is SlipKind.POWER_RULE
    entries = grade("$$f(x) = x^3 - 2x$$\n\n$$f'(3) = -25$$\n\n$$f'(3) = 27$$").entries
    assert [entry.slip for entry in entries[1:]] == ["sign", "lost-term"]


def random_formula(parts: int, source: random.Random) -> Expr:
    """A sum of products of powers and functions, of about so many parts."""
    reader = Reader(["x", "a", "b"])
    terms = [
        reader.read(
            f"{source.randint(2, 9)} x^{source.randint(2, 9)} \\sin({i + 2} x + a) e^{{b x}}"
        )
        for i in range(max(1, parts // 15))
    ]
    tree = terms[0]
    for term in terms[1:]:
        tree = tree + term
    return tree


@pytest.mark.parametrize(("parts", "at_most"), [(30, 0.3), (360, 6.0)])
def test_the_search_takes_about_as_long_as_the_formula(parts: int, at_most: float) -> None:
    tree = random_formula(parts, random.Random(1))
    truth = Derivative(tree, Symbol("x"))
    claim = derivative(tree, "x") + Number("1") + Symbol("b") ** 3
    start = time.process_time()
    assert found(claim, truth, normal(derivative(tree, "x")), Judge({})) == ()
    assert time.process_time() - start < at_most  # far above what it takes


def test_slips_in_a_large_network() -> None:
    formulas, claims = network(20)
    truth, claim = claims[5]
    judge = Judge(formulas)
    (slip,) = found(-claim, truth, None, judge)
    assert str(slip) == "the sign is the wrong one"
    assert found(7 * claim + 1, truth, None, judge) == ()


# Slips in numbers.


def gradients(net: Network) -> dict[str, float]:
    net["L"].backward()
    return {label: net[label].grad for label in net.parameters}


def slips_in(net: Network, wrt: str, number: float, lr: float | None = None) -> list[str]:
    verdict = check_number(net["L"], net[wrt], f"{number:.8g}", lr=lr)
    assert not verdict.right
    return [slip.kind.value for slip in verdict.slips]


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize(
    ("kind", "factor"), [("sign", -1.0), ("factor-two", 2.0), ("factor-two", 0.5)]
)
def test_factors_in_numbers(network: str, kind: str, factor: float) -> None:
    net = NETWORKS[network](2)
    wrt = "w" if "w" in net else net.parameters[0]
    slips = slips_in(net, wrt, factor * gradients(net)[wrt])
    assert slips == ["factor-n" if network == "two_rows" and factor == 2.0 else kind]


def test_indices_factors_and_activations_in_numbers() -> None:
    net = tanh_321(3)
    grads = gradients(net)
    assert slips_in(net, "W_{21}^1", grads["W_{31}^1"]) == ["wrong-index"]
    assert slips_in(net, "W_{21}^1", grads["b_{11}"]) == ["lost-factor"]
    assert slips_in(net, "b_{11}", grads["W_{21}^1"]) == ["extra-factor"]
    h, z = net["h_1"].data, net["z_1"].data
    forgotten = grads["W_{21}^1"] / (1 - h * h)
    assert slips_in(net, "W_{21}^1", forgotten) == ["inner-derivative"]
    assert slips_in(net, "W_{21}^1", forgotten * (1 - z * z)) == ["pre-activation"]
    assert slips_in(net, "W_{21}^1", forgotten / math.cosh(h) ** 2) == ["post-activation"]


def test_a_gradient_overwritten_instead_of_accumulated() -> None:
    net = two_rows(3)
    y, y_hat, x = (net[label].data for label in ("y_2", r"\hat{y}_2", "x_2"))
    last = -(y - y_hat) * (1 - y_hat * y_hat) * x
    assert slips_in(net, "w", last) == ["overwritten"]
    assert slips_in(net, "b", last / x) == ["overwritten"]


def stepped(net: Network, grads: dict[str, float], lr: float, labels: list[str]) -> Network:
    for label in labels:
        net[label].data -= lr * grads[label]
    return net


@pytest.mark.parametrize("forward_again", [True, False])
def test_gradients_taken_with_updated_weights(forward_again: bool) -> None:
    lr = 0.05
    grads = gradients(tanh_321(4))
    net = tanh_321(4)
    weights = [label for label in net.parameters if label[0] in "Wb"]
    new = {label: net[label].data - lr * grads[label] for label in weights}
    h, y_hat = net["h_1"].data, net[r"\hat{y}"].data
    if forward_again:
        z = new["b_{11}"] + sum(new[f"W_{{{i}1}}^1"] * net[f"x_{i}"].data for i in "123")
        z_2 = new["b_{12}"] + sum(new[f"W_{{{i}2}}^1"] * net[f"x_{i}"].data for i in "123")
        h = math.tanh(z)
        y_hat = new["W_{11}^2"] * h + new["W_{21}^2"] * math.tanh(z_2) + new["b_{21}"]
    late = -2 * (net["y"].data - y_hat) * new["W_{11}^2"] * (1 - h * h) * net["x_2"].data
    assert slips_in(net, "W_{21}^1", late, lr=lr) == ["updated-weights"]
    assert slips_in(net, "W_{21}^1", late) == []


def test_a_calculation_that_goes_wrong_is_where_the_slip_is() -> None:
    net = neuron(1)
    grads = gradients(net)
    y, p, x = net["y"].data, net["p"].data, net["x_1"].data
    worked = f"-2(y - p) p(1 - p) x_1 = -2({y:.12f} - {p:.12f}) {p * (1 - p) * x:.12f}"
    right = check_number(net["L"], net["w_1"], f"{worked} = {grads['w_1']:.4f}")
    assert right.right
    wrong = check_number(net["L"], net["w_1"], f"{worked} = {1.5 * grads['w_1']:.4f}")
    assert [slip.kind for slip in wrong.slips] == [SlipKind.ARITHMETIC]
