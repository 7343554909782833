"""Claims: every form of the right formula is right, every other wrong; numbers to their digits."""

from __future__ import annotations

import math
import random
from typing import TYPE_CHECKING

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import autograd as ag
from autograd import Value
from autograd.derivation import derive
from autograd.marking.checks import Counterexample, check_formula, check_number
from autograd.notation import (
    Call,
    Expr,
    FormulaError,
    Meaning,
    Negative,
    Number,
    Power,
    Product,
    Sum,
    Symbol,
    children,
    to_latex,
    to_unicode,
    tree_of,
    with_children,
)
from tests.labelled import NETWORKS, Network, lpa, neuron, sigmoid_222, tanh_321, two_rows

if TYPE_CHECKING:
    from collections.abc import Callable

TWO, ONE = Number("2"), Number("1")


# The right formula in other forms.


@pytest.mark.parametrize(
    ("wrt", "forms"),
    [
        (
            "W_{11}^1",
            [
                r"-2(y - \hat{y}) W_{11}^2 x_{i1}",
                r"2(\hat{y} - y)\, W_{11}^2\, x_{i1}",
                r"-2 x_{i1} W_{11}^2 \left(y - \hat y\right)",
                r"2\hat{y} W_{11}^2 x_{i1} - 2y W_{11}^2 x_{i1}",
                r"\frac{-2(y-\hat{y}) W^2_{11}}{\frac{1}{x_{i1}}}",
                "-2(y − ŷ)·W₁₁²·xᵢ₁",
                "-2*(y - y_hat)*W_11^2*x_i1",
                r"\frac{\partial L}{\partial \hat{y}} W_{11}^2 x_{i1}",
                r"\frac{\partial L}{\partial \hat{y}} \times \frac{\partial \hat{y}}{\partial "
                r"O_{11}} \times \frac{\partial O_{11}}{\partial W_{11}^1}",
                r"\frac{\partial}{\partial W_{11}^1} (y - \hat{y})^2",
                r"\frac{\partial}{\partial \hat{y}} (y - \hat{y})^2 \cdot W_{11}^2 x_{i1}",
                r"dL/dŷ \cdot dŷ/dO_{11} \cdot x_{i1}",
                r"-2(y - (W_{11}^2 O_{11} + W_{21}^2 O_{12} + b_{21})) W_{11}^2 x_{i1}",
                r"-2(y - \hat{y}) W_{11}^2 \frac{O_{11} - W_{21}^1 x_{i2} - b_{11}}{W_{11}^1}",
                r"-\sqrt{4} (y - \hat{y}) W_{11}^2 e^{\log |x_{i1}|} \frac{x_{i1}}{|x_{i1}|}",
            ],
        ),
        ("b_{21}", [r"-2(y-\hat{y})", r"2\hat{y} - 2y", r"-(y - \hat{y}) - (y - \hat{y})"]),
    ],
)
def test_equivalent_forms_are_right(wrt: str, forms: list[str]) -> None:
    net = lpa()
    for text in forms:
        verdict = check_formula(net["L"], net[wrt], text)
        assert verdict.right, verdict
        assert verdict
        assert verdict.message.startswith("right: ∂L/∂")
        assert not verdict.slips
        assert verdict.counterexample is None


def test_forms_of_the_sigmoid_derivative() -> None:
    net = neuron()
    for text in [
        "p(1 - p)", r"\sigma(z)(1 - \sigma(z))", r"\sigma'(z)", r"\frac{e^{-z}}{(1 + e^{-z})^2}",
        "p - p^2", r"\sigma(z)\sigma(-z)", r"\frac{1}{4}(1 - \tanh^2(z/2))", r"dp/dz",
        r"\frac{1}{2 + e^z + e^{-z}}", r"\frac{\partial}{\partial z} \frac{1}{1 + e^{-z}}",
    ]:  # fmt: skip
        verdict = check_formula(net["p"], net["z"], text)
        assert verdict.right, verdict


def definitions(net: Network) -> dict[str, Expr]:
    """What each interior symbol is computed from, as a formula."""
    found = {}
    for label, node in net.items():
        if node.is_leaf:
            continue
        called = {other: name for name, other in net.items() if other is not node}
        tree = tree_of(node, called)
        assert tree is not None
        found[label] = tree
    return found


class Rearranger:
    """Rewrites a formula into another that is equal, at random, again and again."""

    def __init__(self, net: Network, symbols: list[str], source: random.Random) -> None:
        self.source = source
        self.symbols = symbols
        self.definitions = definitions(net)
        self.rules: list[Callable[[Expr], Expr]] = [
            self.shuffled, self.negated_twice, self.divided_and_multiplied, self.added_and_taken,
            self.spread_out, self.power_written_out, self.defined, self.sigmoid_written_out,
        ]  # fmt: skip

    def __call__(self, tree: Expr, times: int) -> Expr:
        for _ in range(times):
            tree = self.somewhere(tree, self.source.choice(self.rules))
        return tree

    def somewhere(self, node: Expr, rule: Callable[[Expr], Expr]) -> Expr:
        parts = children(node)
        if not parts or self.source.random() < 0.3:
            return rule(node)
        place = self.source.randrange(len(parts))
        changed = self.somewhere(parts[place], rule)
        return with_children(node, (*parts[:place], changed, *parts[place + 1 :]))

    def symbol(self) -> Symbol:
        return Symbol(self.source.choice(self.symbols))

    def shuffled(self, node: Expr) -> Expr:
        if isinstance(node, Sum):
            return Sum(tuple(self.source.sample(node.terms, len(node.terms))))
        if isinstance(node, Product):
            factors = tuple(self.source.sample(node.factors, len(node.factors)))
            return Product(factors, node.divisors)
        return node

    def negated_twice(self, node: Expr) -> Expr:
        return Negative(Negative(node))

    def divided_and_multiplied(self, node: Expr) -> Expr:
        symbol = self.symbol()
        return Product((symbol, node), (symbol,))

    def added_and_taken(self, node: Expr) -> Expr:
        symbol = self.symbol()
        return Sum((symbol, node, Negative(symbol)))

    def spread_out(self, node: Expr) -> Expr:
        if isinstance(node, Product):
            for place, factor in enumerate(node.factors):
                if isinstance(factor, Sum):
                    rest = (*node.factors[:place], *node.factors[place + 1 :])
                    terms = (Product((term, *rest), node.divisors) for term in factor.terms)
                    return Sum(tuple(terms))
        return node

    def power_written_out(self, node: Expr) -> Expr:
        if isinstance(node, Power) and node.exponent == TWO:
            return Product((node.base, node.base))
        return Product((TWO, node), (TWO,))

    def defined(self, node: Expr) -> Expr:
        if isinstance(node, Symbol):
            return self.definitions.get(node.label, node)
        return node

    def sigmoid_written_out(self, node: Expr) -> Expr:
        if isinstance(node, Call) and node.operation is ag.sigmoid:
            exponential = Call(ag.exp, (Negative(node.arguments[0]),))
            return Product((ONE,), (Sum((ONE, exponential)),))
        return node


CHOICES = st.tuples(
    st.sampled_from(sorted(NETWORKS)), st.integers(0, 99), st.randoms(use_true_random=False)
)


class Claim:
    """A right formula of a random network: for which symbol, and which symbols it may have."""

    def __init__(self, network: str, seed: int, source: random.Random) -> None:
        self.net = NETWORKS[network](seed)
        self.wrt = source.choice([label for label in self.net if label != "L"])
        self.symbols = [label for label in self.net if label != "L"]
        derivation = derive(self.net["L"], self.net[self.wrt])
        called = {node: label for label, node in self.net.items() if label != "L"}
        forms = [derivation.form, tree_of(derivation.gradient, called)]
        self.tree = source.choice([form for form in forms if form is not None])


@settings(max_examples=60, deadline=None)
@given(CHOICES, st.integers(0, 8))
def test_any_rearrangement_of_the_gradient_is_right(
    choice: tuple[str, int, random.Random], times: int
) -> None:
    claim = Claim(*choice)
    text = to_latex(Rearranger(claim.net, claim.symbols, choice[2])(claim.tree, times))
    verdict = check_formula(claim.net["L"], claim.net[claim.wrt], text)
    assert verdict.right, f"{text}\n{verdict}"


def worth(tree: Expr, at: dict[str, float]) -> float:
    meaning = Meaning(lambda part: at[part.label], float, lambda part: math.nan)
    return float(meaning.of(tree))


def values_at(net: Network, seed: int) -> dict[str, float]:
    source = random.Random(seed)
    drawn = {label: source.uniform(0.2, 1.4) for label in net.parameters}
    if "y_3" in drawn:  # targets, which sum to 1
        total = sum(drawn[f"y_{j}"] for j in "123")
        drawn |= {f"y_{j}": drawn[f"y_{j}"] / total for j in "123"}
    at = {net[label]: number for label, number in drawn.items()}
    return dict(zip(net, ag.evaluate_all(net.values(), at), strict=True))


def mutated(tree: Expr, symbols: list[str], source: random.Random) -> Expr:
    """One part of a formula replaced by something else."""
    parts = children(tree)
    if parts and source.random() < 0.85:
        place = source.randrange(len(parts))
        changed = mutated(parts[place], symbols, source)
        return with_children(tree, (*parts[:place], changed, *parts[place + 1 :]))
    changes: list[Expr] = [
        Negative(tree),
        Product((TWO, tree)),
        Product((tree, Symbol(source.choice(symbols)))),
        Symbol(source.choice(symbols)),
        Sum((tree, Number("0.01"))),
        Power(tree, TWO),
    ]
    return source.choice(changes)


@settings(max_examples=40, deadline=None)
@given(CHOICES)
def test_any_other_formula_is_wrong(choice: tuple[str, int, random.Random]) -> None:
    claim = Claim(*choice)
    net, right = claim.net, claim.tree
    wrong = mutated(right, claim.symbols, choice[2])
    text = to_latex(wrong)
    points = [values_at(net, seed) for seed in range(5)]
    try:
        pairs = [(worth(right, at), worth(wrong, at)) for at in points]
    except ag.ChalkgradError:
        assume(False)
    differs = [not math.isclose(a, b, rel_tol=1e-4, abs_tol=1e-7) for a, b in pairs]
    assume(all(differs))
    verdict = check_formula(net["L"], net[claim.wrt], text)
    assert not verdict.right, text
    assert verdict.answer
    example = verdict.counterexample
    assert isinstance(example, Counterexample)
    assert example.claimed != example.actual


# What is compared.


def test_neither_recorded_numbers_nor_one_scale_deceive() -> None:
    x, y = Value(0.0, "x"), Value(1.0, "y")
    wave = x.sin() * y
    wave.label = "f"
    assert check_formula(wave, x, r"y \cos x").right
    for text in ["y", "1", r"y(1 - x^2/2)", r"y(1 - \frac{x^2}{2} + \frac{x^4}{24})", r"\cos x"]:
        assert not check_formula(wave, x, text).right, text


def test_constants_with_a_label_vary_and_literals_do_not() -> None:
    x, c = Value(3.0, "x"), Value(5.0, "c").detach()
    product = x * c * 7 + x * Value(2.0)
    assert check_formula(product, x, "7c + 2").right
    assert not check_formula(product, x, "37").right
    assert not check_formula(product, x, "35 + 2").right


def test_leaves_without_a_label_vary_where_they_are_called_by_their_name() -> None:
    x = Value(3.0, "x")
    product = x * Value(2.0)
    assert check_formula(product, x, "2").right
    assert check_formula(product, x, "v_1").right
    assert not check_formula(product, x, "v_1 + v_1 - 2").right


def test_the_domain_is_respected() -> None:
    leaves = [Value(2.0 + i, f"p_{i}") for i in range(12)]
    total = ag.sum(leaf.log() * leaf.sqrt() for leaf in leaves)
    text = r"\frac{1}{\sqrt{p_3}} + \frac{\log p_3}{2\sqrt{p_3}}"
    assert check_formula(total, leaves[3], text).right
    assert check_formula(total, leaves[3], r"p_3^{-1/2} (1 + \log(p_3)/2)").right
    assert not check_formula(total, leaves[3], r"\frac{1}{\sqrt{p_3}}").right


def test_a_claim_that_is_defined_nowhere_is_undecided() -> None:
    x = Value(2.0, "x")
    verdict = check_formula(x * x, x, r"\log(-x^2)")
    assert not verdict.right
    assert not verdict.decided
    assert verdict.message.startswith("undecided")


def test_a_gradient_that_exists_nowhere_is_an_error() -> None:
    x = Value(2.0, "x")
    with pytest.raises(ag.DomainError, match="none of the points"):
        check_formula((x - x).sqrt(), x, "x")


def test_kinks_saturation_and_identities() -> None:
    x, w = Value(0.5, "x"), Value(-0.7, "w")
    z = w * x
    z.label = "z"
    relu = z.relu()
    relu.label = "O"
    assert check_formula(relu, w, r"\operatorname{step}(z) x").right
    assert check_formula(relu, w, "O/w").right
    assert not check_formula(relu, w, "x").right
    deep = z.tanh().tanh().sigmoid()
    deep.label = "s"
    assert check_formula(deep, z, r"s(1-s)(1 - \tanh^2(\tanh z))(1 - \tanh^2 z)").right
    assert not check_formula(deep, z, r"s(1-s)(1 - \tanh^2 z)").right


def test_a_gradient_that_is_zero_up_to_rounding() -> None:
    logits = [Value(0.3 * j, f"z_{j}") for j in range(3)]
    total = ag.sum(ag.softmax(logits))
    assert check_formula(total, logits[0], "0").right
    assert not check_formula(total, logits[0], "z_0").right


def test_the_output_itself_and_what_it_does_not_depend_on() -> None:
    x, y = Value(2.0, "x"), Value(3.0, "y")
    assert check_formula(x, x, "1").right
    assert check_formula(x * x, y, "0").right
    assert not check_formula(x * x, y, "x").right


def test_other_readings_of_what_brackets_leave_open() -> None:
    x = Value(2.0, "x")
    half_log = x.log() / 2
    verdict = check_formula(half_log, x, "1/2x")
    assert verdict.right
    assert "read as" in verdict.message
    assert check_formula(half_log, x, "1/(2x)").message.count("\n") == 0
    error = Value(0.5, "e")
    assert check_formula(error.exp() * x, x, "e^e").right
    assert check_formula(error**2 * x, x, "e^2").right
    assert not check_formula(error**2 * x, x, "e^3").right


def test_rounded_decimals_pass_as_such() -> None:
    x = Value(2.0, "x")
    third = x * x / 3
    exact, rounded, coarse = (
        check_formula(third, x, text) for text in (r"\frac{2}{3} x", "0.667 x", "0.7 x")
    )
    assert (exact.right, exact.rounded) == (True, False)
    assert (rounded.right, rounded.rounded) == (True, True)
    assert not coarse.right
    assert not check_formula(third, x, "0.668 x").right


def test_probabilities_of_other_classes_can_be_named() -> None:
    logits = [Value(0.3 * j, f"z_{j}") for j in (1, 2, 3)]
    probabilities = ag.softmax(logits)
    for j, probability in enumerate(probabilities, start=1):
        probability.label = rf"\hat{{y}}_{j}"
    loss = -probabilities[1].log()
    loss.label = "L"
    assert check_formula(loss, logits[0], r"\hat{y}_1").right
    assert check_formula(loss, logits[1], r"\hat{y}_2 - 1").right
    other = logits[0] * 2
    other.label = "q"
    assert check_formula(loss, logits[0], r"\hat{y}_1 + q - 2z_1", symbols=[other]).right


def test_aliases_and_labels_in_other_spellings() -> None:
    net = lpa()
    aliases = {"0_{11}": "O_{11}", "i_q": "x_{i1}", "W'_{12}": "W_{12}^1"}
    text = r"-2(y-\hat{y}) 0_{11}"
    assert check_formula(net["L"], net["W_{11}^2"], text, aliases=aliases).right
    w, x = Value(2.0, "ŵ"), Value(3.0, "σ_1")
    assert check_formula(w * x, w, "σ₁").right
    assert check_formula(w * x, x, r"\hat w", aliases={"q": "ŵ"}).right
    with pytest.raises(FormulaError, match="no known label"):
        check_formula(w * x, w, "q", aliases={"q": "nothing"})


def test_two_nodes_with_one_label() -> None:
    first, second = Value(2.0, "x"), Value(3.0, "x")
    w = Value(1.0, "w")
    total = w * first + w * second
    with pytest.raises(FormulaError, match="2 nodes are labelled x") as caught:
        check_formula(total, w, "x + x")
    assert "x⁽¹⁾, x⁽²⁾" in caught.value.hint
    assert check_formula(total, w, "x^{(1)} + x^{(2)}").right


def test_nothing_in_the_graph_changes() -> None:
    net = sigmoid_222()
    net["L"].backward()
    seen: list[float] = []
    net["O_{11}"].on_gradient(seen.append)
    order = ag.topological_order(net["L"])
    before = [(node.data, node.grad, node.label, node.partials) for node in order]
    check_formula(net["L"], net["W_{11}^1"], "x_1")
    check_formula(net["L"], net["W_{11}^1"], r"\frac{\partial L}{\partial W_{11}^1}")
    check_number(net["L"], net["W_{11}^1"], "0.5", lr=0.1)
    assert [(node.data, node.grad, node.label, node.partials) for node in order] == before
    assert ag.topological_order(net["L"]) == order
    assert seen == []


def test_a_leaf_changed_since_the_forward_pass_is_no_matter() -> None:
    net = neuron()
    net["w_1"].data = 100.0
    assert check_formula(net["L"], net["w_1"], "-2(y - p) p(1 - p) x_1").right


def test_verdicts_are_the_same_every_time() -> None:
    net = tanh_321()
    first, second = (
        check_formula(net["L"], net["W_{21}^1"], r"-2(y - \hat{y}) x_2") for _ in range(2)
    )
    assert first == second


def test_the_notes_slip_is_found() -> None:
    net = lpa()
    for label, number in {"x_{i1}": 80.0, "x_{i2}": 8.0, "y": 8.0}.items():
        net[label].data = number
    for label in net.parameters:
        if label[0] in "Wb":
            net[label].data = float(label[0] == "W")
    verdict = check_formula(net["L"], net["b_{11}"], r"-2(y - \hat{y}) W_{21}^2")
    assert verdict.slip is not None
    assert (verdict.slip.kind, verdict.slip.right) == ("wrong-index", Symbol("W_{11}^2"))
    assert to_latex(verdict.answer) == r"-2(y - \hat{y}) W_{11}^2"
    # With W = 1 everywhere the recorded numbers do not show it: the counterexample has others.
    assert verdict.counterexample is not None
    at = dict(verdict.counterexample.values)
    assert at["W_{21}^2"] != at["W_{11}^2"]


def test_messages() -> None:
    y, w, x = Value(3.0, "y"), Value(18.0, "w"), Value(80.0, "x")
    loss = (y - w * x) ** 2
    loss.label = "L"
    assert str(check_formula(loss, w, "-2(y - wx)")).splitlines() == [
        "wrong: ∂L/∂w = −2x(y − w x), not −2(y − w x)",
        "slip: the factor x is lost",
        "counterexample: at y = 3, w = 18, x = 80 it gives 2874, the gradient is 229920",
    ]
    long = check_formula(loss, w, "+".join(["x"] * 300))
    assert max(map(len, str(long).splitlines())) < 400


def test_bad_arguments() -> None:
    net = neuron()
    with pytest.raises(FormulaError, match="w_3 is not a known label") as caught:
        check_formula(net["L"], net["w_1"], "w_3 x_1")
    assert "w_1" in caught.value.hint
    with pytest.raises(FormulaError, match="no formula"):
        check_formula(net["L"], net["w_1"], "")
    with pytest.raises(FormulaError, match="'=' cannot stand"):
        check_formula(net["L"], net["w_1"], "x_1 = 3")
    for wrong in ((3.0, net["w_1"], "x_1"), (net["L"], "w_1", "x_1"), (net["L"], net["w_1"], 3)):
        with pytest.raises(TypeError):
            check_formula(*wrong)
        with pytest.raises(TypeError):
            check_number(*wrong)
    for lr in (0, -0.1, math.inf, math.nan, "0.1"):
        with pytest.raises(ValueError, match="lr"):
            check_number(net["L"], net["w_1"], "3", lr=lr)  # type: ignore[arg-type]
    with pytest.raises(FormulaError) as caught:
        check_number(net["L"], net["w_1"], "2 = w_3")
    assert caught.value.text[caught.value.start : caught.value.end] == "w_3"


def test_a_large_graph_takes_seconds_not_minutes() -> None:
    leaves = [Value(0.01 * i, f"x_{{{i}}}") for i in range(150)]
    total = ag.sum(leaf.tanh() * leaf for leaf in leaves)
    total.label = "L"
    text = r"\tanh(x_{7}) + x_{7}(1 - \tanh^2(x_{7}))"
    assert check_formula(total, leaves[7], text).right
    assert check_formula(total, leaves[7], text.replace("+", "-")).slips


# Numbers.


def loss_of(gradient: float) -> tuple[Value, Value]:
    w = Value(1.0, "w")
    loss = w * gradient
    loss.label = "L"
    return loss, w


@pytest.mark.parametrize(
    ("gradient", "text", "right"),
    [
        (0.08216704, "0.0822", True),
        (0.08216704, "0.082167", True),
        (0.08216704, ".08", True),
        (0.08216704, "8.2e-2", True),
        (0.08216704, r"8.22 \times 10^{-2}", True),
        (0.08216704, r"8.22 \cdot 10^{-3}", False),
        (0.08216704, "0.0823", False),
        (0.08216704, "0.0820", False),
        (0.08216704, "0.1", True),
        (0.08216704, "0", False),
        (2400.0, "2400", True),
        (2400.0, r"2\,400", True),
        (2400.3, "2400", True),
        (2401.0, "2400", False),
        (1500.0, "1.5e3", True),
        (1540.0, "1.5e3", True),
        (1640.0, "1.5e3", False),
        (-0.05, "-0.05", True),
        (-0.05, "−0.05", True),
        (-0.05, "0.05", False),
        (2.9, "3", False),
        (2.9, r"\approx 3", True),
        (1 / 3, r"\frac{1}{3}", True),
        (1 / 3, "1/3", True),
        (0.333, "1/3", False),
        (30.0, "-2(3 - 18)", True),
        (30.0, "-2(3 - 18) = 2 \\cdot 15 = 30", True),
        (30.0, "= 30", True),
        (30.0, r"\frac{dL}{dw} = 30", True),
        (30.0, "29", False),
        (0.0, "0", True),
        (0.0, "0.00", True),
        (1e-9, "0.00", True),
    ],
)
def test_numbers_to_the_digits_given(gradient: float, text: str, right: bool) -> None:
    verdict = check_number(*loss_of(gradient), text)
    assert verdict.right is right, verdict
    assert not verdict.rounded


@given(
    st.floats(1e-6, 1e6), st.sampled_from([-1.0, 1.0]), st.integers(2, 5), st.sampled_from("feg")
)
def test_a_number_rounded_in_any_style_is_right(
    size: float, sign: float, digits: int, style: str
) -> None:
    gradient = sign * size
    text = f"{gradient:.{digits}{style}}"
    assume(float(text) != 0 and ("." in text or abs(gradient) >= 100))
    verdict = check_number(*loss_of(gradient), text)
    assert verdict.right, (gradient, text)
    mantissa, _, exponent = text.partition("e")
    unit = 10.0 ** (int(exponent or 0) - len(mantissa.partition(".")[2]))
    off = float(text) + 2 * math.copysign(unit, gradient)
    wrong = f"{off:.{digits}{style}}"
    assume(len(wrong) == len(text) and wrong.partition("e")[2] == exponent)  # as many digits
    assert not check_number(*loss_of(gradient), wrong).right


def test_rounding_on_the_way_is_no_slip() -> None:
    net = neuron(1)
    y, p, x = net["y"].data, net["p"].data, net["x_1"].data
    worked = f"-2({y:.2f} - {p:.2f}) \\cdot {p:.2f}(1 - {p:.2f}) \\cdot {x:.2f}"
    result = -2 * (round(y, 2) - round(p, 2)) * round(p, 2) * (1 - round(p, 2)) * round(x, 2)
    for text in (
        worked,
        f"{worked} = {result:.6f}",
        f"-2(y-p) p(1-p) x_1 = {worked} = {result:.4f}",
    ):
        verdict = check_number(net["L"], net["w_1"], text.replace("(-", "((-1)"))
        assert verdict.right, verdict
        assert verdict.rounded
    alone = check_number(net["L"], net["w_1"], f"{result:.6f}")
    assert not alone.right


def test_cut_off_digits_are_said_to_be() -> None:
    verdict = check_number(*loss_of(0.08216704), "0.0821")
    assert verdict.right
    assert verdict.rounded
    assert "cut off" in verdict.message
    assert not check_number(*loss_of(0.08216704), "0.0820").right


def test_the_numbers_are_those_of_the_leaves_now() -> None:
    net = neuron(1)
    net["L"].backward()
    before = net["w_1"].grad
    net["w_1"].data += 1.0
    assert not check_number(net["L"], net["w_1"], f"{before:.6f}").right
    assert not check_number(net["L"], net["w_1"], f"{before:.6f}").slips


def test_number_messages() -> None:
    loss, w = loss_of(72.0)
    assert str(check_number(loss, w, "72")) == "right: ∂L/∂w = 72"
    assert str(check_number(loss, w, "-72")).splitlines() == [
        "wrong: ∂L/∂w = 72, not −72",
        "slip: the sign is the wrong one",
    ]
    net = two_rows(1)
    assert check_number(net["L"], net["w"], "12345").message.endswith("explains it")


def test_the_answer_is_in_the_form_of_the_claim() -> None:
    net = lpa()
    spread = r"2\hat{y} W_{11}^2 x_{i1} + 2y W_{11}^2 x_{i1}"
    verdict = check_formula(net["L"], net["W_{11}^1"], spread)
    assert to_unicode(verdict.answer) == "2ŷ W₁₁² xᵢ₁ − 2y W₁₁² xᵢ₁"
    assert verdict.lines[0].head == "wrong"


def test_verdicts_are_typeset() -> None:
    loss, w = loss_of(72.0)
    shown = check_number(loss, w, "-72")._repr_html_()
    assert shown.startswith("<table><tr><th>wrong</th>")
    assert "<mfrac>" in shown
    assert "the sign is the wrong one" in shown


def test_sums_over_an_index() -> None:
    inputs = [Value(float(i), f"x_{i}") for i in (1, 2, 3)]
    w = Value(2.0, "w")
    total = ag.sum(x * w for x in inputs)
    assert check_formula(total, w, r"\sum_{i=1}^{3} x_i").right
    assert check_formula(total, w, r"\sum_i x_i").right
    assert not check_formula(total, w, r"\sum_{i=1}^{2} x_i").right
