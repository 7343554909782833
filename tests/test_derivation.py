"""Derivations have the gradient's value and the form in which it is written by hand."""

from __future__ import annotations

import itertools
import math

import mpmath
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import autograd as ag
from autograd import ChalkgradError, GradientError, GraphError, Value
from autograd.derivation import Derivation, derive
from tests.expressions import REFERENCES, programs, run
from tests.printed import meaning

mp = mpmath.mp

ARITIES = {name: entry.arity for name, entry in ag.TABLE.items() if name in REFERENCES}
NUMBERS = st.sampled_from([-3.0, -2.0, -1.5, -1.0, -0.5, 0.25, 0.5, 1.0, 2.0, 3.0])
PLAIN = st.floats(-3.0, 3.0).map(lambda x: round(x, 2))


def named(value: Value, label: str) -> Value:
    value.label = label
    return value


def network(numbers: dict[str, float] | None = None) -> dict[str, Value]:
    """The network of the notes with the notes' labels: W = 1, b = 0, unless `numbers` say."""
    at = {"x_{i1}": 80.0, "x_{i2}": 8.0, "y": 8.0, **(numbers or {})}
    nodes: dict[str, Value] = {}

    def leaf(label: str) -> Value:
        start = 0.0 if label.startswith("b") else 1.0
        nodes[label] = Value(at.get(label, start), label)
        return nodes[label]

    def result(value: Value, label: str) -> Value:
        nodes[label] = named(value, label)
        return value

    x1, x2 = leaf("x_{i1}"), leaf("x_{i2}")
    o11 = leaf("W_{11}^1") * x1 + leaf("W_{21}^1") * x2 + leaf("b_{11}")
    o12 = leaf("W_{12}^1") * x1 + leaf("W_{22}^1") * x2 + leaf("b_{12}")
    result(o11, "O_{11}")
    result(o12, "O_{12}")
    y_hat = leaf("W_{11}^2") * o11 + leaf("W_{21}^2") * o12 + leaf("b_{21}")
    result(y_hat, r"\hat{y}")
    result((leaf("y") - y_hat) ** 2, "L")
    return nodes


FORMULAS = [
    ("L", r"\hat{y}", r"-2(y - \hat{y})", "−2(y − ŷ)"),
    ("L", "W_{11}^2", r"-2(y - \hat{y}) O_{11}", "−2(y − ŷ) O₁₁"),
    ("L", "W_{21}^2", r"-2(y - \hat{y}) O_{12}", "−2(y − ŷ) O₁₂"),
    ("L", "b_{21}", r"-2(y - \hat{y})", "−2(y − ŷ)"),
    (r"\hat{y}", "O_{11}", "W_{11}^2", "W₁₁²"),
    (r"\hat{y}", "O_{12}", "W_{21}^2", "W₂₁²"),
    ("L", "W_{11}^1", r"-2(y - \hat{y}) W_{11}^2 x_{i1}", "−2(y − ŷ) W₁₁² xᵢ₁"),
    ("L", "W_{21}^1", r"-2(y - \hat{y}) W_{11}^2 x_{i2}", "−2(y − ŷ) W₁₁² xᵢ₂"),
    ("L", "b_{11}", r"-2(y - \hat{y}) W_{11}^2", "−2(y − ŷ) W₁₁²"),
    ("L", "W_{12}^1", r"-2(y - \hat{y}) W_{21}^2 x_{i1}", "−2(y − ŷ) W₂₁² xᵢ₁"),
    ("L", "W_{22}^1", r"-2(y - \hat{y}) W_{21}^2 x_{i2}", "−2(y − ŷ) W₂₁² xᵢ₂"),
    ("L", "b_{12}", r"-2(y - \hat{y}) W_{21}^2", "−2(y − ŷ) W₂₁²"),
    ("O_{11}", "W_{11}^1", "x_{i1}", "xᵢ₁"),
    ("O_{11}", "W_{21}^1", "x_{i2}", "xᵢ₂"),
    ("O_{11}", "b_{11}", "1", "1"),
    ("O_{12}", "W_{12}^1", "x_{i1}", "xᵢ₁"),
    ("O_{12}", "W_{22}^1", "x_{i2}", "xᵢ₂"),
    ("O_{12}", "b_{12}", "1", "1"),
]


@pytest.mark.parametrize(("output", "wrt", "latex", "text"), FORMULAS)
def test_the_formulas_of_the_notes_in_their_own_form(output, wrt, latex, text):
    nodes = network()
    derivation = derive(nodes[output], nodes[wrt])
    assert derivation.formula() == latex
    assert derivation.formula("unicode") == text


@given(st.dictionaries(st.sampled_from([*network()]), PLAIN))
def test_the_gradients_of_the_notes_for_any_numbers(numbers):
    nodes = network(numbers)
    nodes["L"].backward()
    at = {label: mp.mpf(node.data) for label, node in nodes.items()}
    for output, wrt, latex, _ in FORMULAS:
        if output == "L":
            derivation = derive(nodes["L"], nodes[wrt])
            assert derivation.value == nodes[wrt].grad
            assert math.isclose(meaning(latex, at), nodes[wrt].grad, rel_tol=1e-12, abs_tol=1e-12)


def design() -> tuple[Value, Value]:
    """y = 3 and y_hat = 18, as in the notes' example of a loss."""
    iq, w = Value(80.0, "iq"), Value(1.0, "W_{11}^1")
    o11 = named(w * iq + Value(-62.0, "b_{11}"), "O_{11}")
    y_hat = named(Value(1.0, "W_{11}^2") * o11, r"\hat{y}")
    return named((Value(3.0, "y") - y_hat) ** 2, "L"), w


def test_the_four_lines_of_the_design():
    assert str(derive(*design())) == (
        "∂L/∂W₁₁¹ = ∂L/∂ŷ · ∂ŷ/∂O₁₁ · ∂O₁₁/∂W₁₁¹\n"
        "         = −2(y − ŷ) · W₁₁² · iq\n"
        "         = −2(3 − 18) · 1 · 80\n"
        "         = 2400"
    )


def test_the_same_lines_in_latex_and_markdown():
    derivation = derive(*design())
    lines = (
        r"\frac{\partial L}{\partial W_{11}^1} &= \frac{\partial L}{\partial \hat{y}} \cdot "
        r"\frac{\partial \hat{y}}{\partial O_{11}} \cdot "
        r"\frac{\partial O_{11}}{\partial W_{11}^1} \\" "\n"
        r"&= -2(y - \hat{y}) \cdot W_{11}^2 \cdot iq \\" "\n"
        r"&= -2(3 - 18) \cdot 1 \cdot 80 \\" "\n"
        r"&= 2400"
    )  # fmt: skip
    assert derivation.latex() == f"\\begin{{align*}}\n{lines}\n\\end{{align*}}"
    assert derivation.markdown() == f"$$\n\\begin{{aligned}}\n{lines}\n\\end{{aligned}}\n$$"
    assert derivation._repr_latex_() == f"$$\\begin{{aligned}}\n{lines}\n\\end{{aligned}}$$"
    assert derivation._repr_markdown_() == derivation.markdown()


def test_the_parts_of_a_derivation():
    nodes = network({"y": 3.0})
    derivation = derive(nodes["L"], nodes["W_{11}^1"])
    assert derivation.path_count == 1
    (path,) = derivation.paths
    assert [node.label for node in path.nodes] == ["L", r"\hat{y}", "O_{11}", "W_{11}^1"]
    assert [(f.parent.label, f.child.label) for f in path.factors] == [
        ("L", r"\hat{y}"), (r"\hat{y}", "O_{11}"), ("O_{11}", "W_{11}^1"),
    ]  # fmt: skip
    assert [f.formula() for f in path.factors] == [r"-2(y - \hat{y})", "W_{11}^2", "x_{i1}"]
    assert [f.number for f in path.factors] == [346.0, 1.0, 80.0]
    assert [f.gradient.data for f in path.factors] == [346.0, 1.0, 80.0]
    assert path.product == derivation.value == derivation.gradient.data == 27680.0
    assert path.share == 1.0
    assert derivation.factors == path.factors
    assert repr(derivation) == "<derivation ∂L/∂W₁₁¹ = 27680.0, 1 path>"
    assert repr(path) == "<path L → ŷ → O₁₁ → W₁₁¹: 27680.0>"
    assert repr(path.factors[0]) == "<factor ∂L/∂ŷ = 346.0>"


def test_paths_are_added_and_aligned():
    nodes = network({"y": 4.0, "x_{i1}": 2.0, "x_{i2}": 1.0, "W_{11}^1": -3.0, "W_{12}^1": 0.5})
    derivation = derive(nodes["L"], nodes["x_{i1}"])
    assert str(derivation) == (
        "∂L/∂xᵢ₁ = ∂L/∂ŷ · ∂ŷ/∂O₁₁ · ∂O₁₁/∂xᵢ₁\n"
        "        + ∂L/∂ŷ · ∂ŷ/∂O₁₂ · ∂O₁₂/∂xᵢ₁\n"
        "        = −2(y − ŷ) · W₁₁² · W₁₁¹\n"
        "        − 2(y − ŷ)  · W₂₁² · W₁₂¹\n"
        "        = −2(4 − (−3)) · 1 · (−3)\n"
        "        − 2(4 − (−3))  · 1 · 0.5\n"
        "        = 42 − 7\n"
        "        = 35"
    )
    assert [path.share for path in derivation.paths] == [42 / 35, -7 / 35]
    assert r"&\quad - 2(y - \hat{y}) \cdot W_{21}^2 \cdot W_{12}^1 \\" in derivation.latex()


def test_factors_put_together_stay_a_path_a_line():
    x = Value(6.0, "x")
    p, q = named(x / Value(2.0, "a"), "p"), named(x / Value(3.0, "b"), "q")
    assert str(derive(named(p * q, "L"), x)) == (
        "∂L/∂x = ∂L/∂p · ∂p/∂x\n"
        "      + ∂L/∂q · ∂q/∂x\n"
        "      = q · 1/a\n"
        "      + p · 1/b\n"
        "      = q/a\n"
        "      + p/b\n"
        "      = 2/2\n"
        "      + 3/3\n"
        "      = 1 + 1\n"
        "      = 2"
    )


def test_the_result_is_written_even_where_the_last_term_is_the_same_number():
    x = Value(1.0, "x")
    numbers = {"a": 5.0, "b": -5.0, "c": 3.0}
    parts = [named(Value(n, name) * x, f"p_{name}") for name, n in numbers.items()]
    lines = str(derive(named(ag.sum(parts), "L"), x)).splitlines()
    assert [line.strip() for line in lines[3:]] == [
        "= a", "+ b", "+ c", "= 5", "− 5", "+ 3", "= 3",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("activation", "formula"),
    [
        ("sigmoid", "−2(y − O) O(1 − O) x"),
        ("tanh", "−2(y − O)(1 − O²) x"),
        ("relu", "−2(y − O) step(w x + b) x"),
        ("exp", "−2(y − O) O x"),
        ("softplus", "−2(y − O) σ(w x + b) x"),
        ("sqrt", "−(y − O) x/O"),
        ("identity", "−2(y − O) x"),
    ],
)
def test_the_derivative_of_an_activation_is_written_by_its_result(activation, formula):
    w, x, b = Value(0.5, "w"), Value(2.0, "x"), Value(0.25, "b")
    inner = w * x + b
    out = named(inner if activation == "identity" else getattr(inner, activation)(), "O")
    loss = named((Value(1.0, "y") - out) ** 2, "L")
    assert derive(loss, w).formula("unicode") == formula


# Values, for any graph


@settings(max_examples=300)
@given(programs(ARITIES, NUMBERS), st.sets(st.integers(0, 14)), st.integers(0, 14))
def test_the_value_is_that_of_backward_and_the_formula_means_it(program, labelled, which):
    try:
        nodes = list(run(program, ag.TABLE, Value, lambda x: Value(x).detach()))
        output, wrt = nodes[-1], nodes[which % len(nodes)]
        assume(not wrt.is_constant and not output.is_leaf)
        for i, node in enumerate(nodes):
            if node.is_leaf or i in labelled:
                node.label = f"s_{{{i}}}"
        derivation = derive(output, wrt, limit=100)
        output.backward()
    except ChalkgradError:
        assume(False)
    assert derivation.value == wrt.grad
    assume(all(abs(node.data) < 1e6 for node in nodes))
    numbers = {derivation._graph.names.symbols.get(node): mp.mpf(node.data) for node in nodes}
    numbers.pop(None, None)
    near = {"rel_tol": 1e-9, "abs_tol": 1e-9 * max(1.0, abs(wrt.grad))}
    for factor in derivation.factors:
        if math.isfinite(factor.number) and factor.form is not None:
            assert math.isclose(meaning(factor.formula(), numbers), factor.number, **near)
    if derivation.path_count <= 100 and abs(wrt.grad) < 1e9:
        assert math.isclose(math.fsum(p.product for p in derivation.paths), wrt.grad, **near)
        if derivation.form is not None:
            assert math.isclose(meaning(derivation.formula(), numbers), wrt.grad, **near)


@settings(max_examples=200)
@given(st.data())
def test_every_path_is_found_once(data):
    """A random graph of sums and products: paths counted by walking all of them."""
    nodes = [Value(float(data.draw(st.integers(-3, 3))), "s_0")]
    labelled = [True]
    edges: list[tuple[int, ...]] = [()]
    for i in range(1, data.draw(st.integers(1, 14))):
        a, b = (data.draw(st.integers(0, i - 1)) for _ in range(2))
        nodes.append(nodes[a] + nodes[b] if data.draw(st.booleans()) else nodes[a] * nodes[b])
        edges.append((a, b))
        labelled.append(data.draw(st.booleans()))
        if labelled[-1]:
            nodes[-1].label = f"s_{{{i}}}"
    index = {node: i for i, node in enumerate(nodes)}

    def walks(i: int) -> set[tuple[int, ...]]:
        if i == 0:
            return {(0,)}
        seen = labelled[i] or i == len(nodes) - 1
        below = set().union(*(walks(j) for j in edges[i]))
        return {(i, *walk) for walk in below} if seen else below

    expected = walks(len(nodes) - 1)
    derivation = derive(nodes[-1], nodes[0], limit=10**6)
    found = [tuple(index[node] for node in path.nodes) for path in derivation.paths]
    assert set(found) == expected
    assert len(found) == len(expected) == derivation.path_count


@settings(max_examples=150)
@given(
    st.dictionaries(st.sampled_from([*network()]), st.floats(-50, 50)),
    st.sampled_from([label for output, label, *_ in FORMULAS if output == "L"] + ["x_{i1}"]),
    st.integers(2, 8),
    st.booleans(),
)
def test_every_line_follows_from_the_one_above_as_its_sign_says(numbers, wrt, digits, squash):
    nodes = network(numbers)
    if squash:
        named(nodes[r"\hat{y}"].tanh(), r"\hat{z}")
        nodes["L"] = named((nodes["y"] - nodes[r"\hat{y}"].tanh()) ** 2, "L")
    derivation = derive(nodes["L"], nodes[wrt], digits=digits)
    at = {label: mp.mpf(node.data) for label, node in nodes.items()}
    with mp.workdps(60):
        blocks = [
            (sign, meaning(latex, at))
            for sign, latex in sums(derivation)
            if r"\partial" not in latex
        ]
        value = mp.mpf(derivation.value)
        for (_, above), (sign, below) in itertools.pairwise(blocks[1:]):
            if sign == "=":
                assert abs(above - below) <= mp.mpf("1e-40") * (1 + abs(above))
        for _, below in (blocks[0], blocks[-1]):
            assert abs(below - value) <= 10 ** mp.mpf(1 - digits) * abs(value) + mp.mpf("1e-9")


def sums(derivation: Derivation) -> list[tuple[str, str]]:
    """The sign and the LaTeX of each line, lines that go on put together."""
    lines: list[tuple[str, str]] = []
    for row in derivation.rows:
        if row.sign in ("+", "-"):
            lines[-1] = (lines[-1][0], f"{lines[-1][1]} {row.sign} {row.latex}")
        elif row.sign:
            lines.append((row.sign, row.latex))
    return lines


def test_rounded_numbers_are_marked():
    x = Value(1 / 3, "x")
    assert str(derive(named(x * x, "L"), x)) == "∂L/∂x = 2x\n      ≈ 2 · 0.333333\n      ≈ 0.666667"
    assert str(derive(named(x * x, "L"), x, digits=2)).endswith("≈ 2 · 0.33\n      ≈ 0.67")
    third = Value(1e-9, "x")
    assert str(derive(named(third * third, "L"), third)).endswith("= 2 · (10⁻⁹)\n      = 2·10⁻⁹")
    noisy = Value(0.1 + 0.2, "x")  # 0.30000000000000004 is 0.3, but for a float's last bit
    assert str(derive(named(noisy * noisy, "L"), noisy)).endswith("= 2 · 0.3\n      = 0.6")


def test_numbers_that_look_the_same_when_rounded_divide_by_nothing():
    a, b = Value(1.00000001, "a"), Value(1.0, "b")
    text = str(derive(named((a - b).log(), "L"), a, digits=3))
    assert text == "∂L/∂a = 1/(a − b)\n      ≈ 1/(1 − 1)\n      ≈ 10⁸"


# Softmax, sigmoid and cross-entropy


def logits(*numbers: float) -> list[Value]:
    return [Value(x, f"z_{i + 1}") for i, x in enumerate(numbers)]


def probabilities(z: list[Value], label: str = r"\hat{y}_") -> list[Value]:
    return [named(p, f"{label}{i + 1}") for i, p in enumerate(ag.softmax(z))]


THREE = st.lists(st.floats(-4, 4), min_size=3, max_size=3)


@given(THREE, st.integers(0, 2), st.integers(0, 2))
def test_softmax_and_sparse_cross_entropy_are_recognised(numbers, true, j):
    z = logits(*numbers)
    y_hat = probabilities(z)
    loss = named(-y_hat[true].log(), "L")
    derivation = derive(loss, z[j])
    symbol = rf"\hat{{y}}_{j + 1}"
    assert derivation.formula() == (f"{symbol} - 1" if j == true else symbol)
    assert math.isclose(derivation.value, y_hat[j].data - (j == true), abs_tol=1e-12)
    (factor,) = derive(y_hat[true], z[j]).paths[0].factors
    other = rf"\hat{{y}}_{true + 1}"
    assert factor.formula() == (
        f"{symbol}(1 - {symbol})" if j == true else f"-{other} {symbol}"
    ) or (factor.formula() == f"-{symbol} {other}")


def test_a_softmax_output_that_is_not_in_the_graph_is_explained():
    z = logits(0.5, -1.0, 2.0)
    loss = named(-probabilities(z)[1].log(), "L")
    assert str(derive(loss, z[0])) == (
        "∂L/∂z₁ = ∂L/∂ŷ₂ · ∂ŷ₂/∂z₁\n"
        "       = −1/ŷ₂ · (−ŷ₂ ŷ₁)\n"
        "       = ŷ₁\n"
        "       ≈ 0.17529\n"
        "         where ŷ₁ = e^(z₁)/(e^(z₁) + e^(z₂) + e^(z₃))"
    )
    assert r"&\quad  \text{where }\hat{y}_1 = \frac{e^{z_1}}" in derive(loss, z[0]).latex()
    assert str(derive(loss, z[1])) == (
        "∂L/∂z₂ = ∂L/∂ŷ₂ · ∂ŷ₂/∂z₂\n"
        "       = −1/ŷ₂ · ŷ₂(1 − ŷ₂)\n"
        "       = ŷ₂ − 1\n"
        "       ≈ 0.0391126 − 1\n"
        "       ≈ −0.960887"
    )


@given(THREE, st.integers(0, 2), st.integers(0, 2), st.booleans())
def test_a_loss_on_logits_is_recognised(numbers, true, j, by_log_softmax):
    z = logits(*numbers)
    loss = -ag.log_softmax(z)[true] if by_log_softmax else ag.logsumexp(z) - z[true]
    symbol = rf"\hat{{y}}_{j + 1}"
    formula = derive(named(loss, "L"), z[j]).formula()
    assert formula == (f"{symbol} - 1" if j == true else symbol)


def test_large_logits_are_recognised_although_they_are_shifted():
    z = logits(1000.0, 999.0)
    assert derive(named(ag.logsumexp(z) - z[0], "L"), z[0]).formula() == r"\hat{y}_1 - 1"


def test_categorical_cross_entropy_is_recognised_by_targets_that_sum_to_1():
    z = logits(0.5, -1.0, 2.0)
    y = [Value(x, f"y_{i + 1}") for i, x in enumerate([0.0, 1.0, 0.0])]
    terms = [t * p.log() for t, p in zip(y, probabilities(z), strict=True)]
    derivation = derive(named(-ag.sum(terms), "L"), z[0])
    assert derivation.path_count == 3
    assert derivation.formula() == r"\hat{y}_1 - y_1"
    assert "with y₁ + y₂ + y₃ = 1" in str(derivation)


def test_targets_that_do_not_sum_to_1_are_not_simplified_as_if_they_did():
    z = logits(0.5, -1.0)
    y = [Value(0.25, "y_1"), Value(0.5, "y_2")]
    terms = [t * p.log() for t, p in zip(y, probabilities(z), strict=True)]
    derivation = derive(named(-ag.sum(terms), "L"), z[0])
    assert "with" not in str(derivation)
    at = {f"y_{i + 1}": mp.mpf(t.data) for i, t in enumerate(y)}
    at |= {rf"\hat{{y}}_{i + 1}": mp.mpf(p.data) for i, p in enumerate(ag.softmax(z))}
    assert math.isclose(meaning(derivation.formula(), at), derivation.value, rel_tol=1e-12)


def test_sigmoid_and_binary_cross_entropy_down_to_a_weight():
    w, x, y = Value(0.3, "w"), Value(2.0, "x"), Value(1.0, "y")
    z = named(w * x, "z")
    y_hat = named(z.sigmoid(), r"\hat{y}")
    loss = named(-(y * y_hat.log() + (1 - y) * (1 - y_hat).log()), "L")
    assert derive(loss, z).formula() == r"\hat{y} - y"
    assert derive(loss, w).formula() == r"(\hat{y} - y) x"


def test_what_holds_on_one_side_of_a_kink_only_is_not_taken_for_the_formula():
    z = Value(0.3, "z")
    out = named(1 / (1 + (-z.relu()).exp()), "O")
    assert "step" in derive(out, z).formula()


def test_a_sigmoid_written_out_is_recognised():
    z = Value(0.3, "z")
    out = named(1 / (1 + (-z).exp()), "O")
    assert derive(out, z).formula() == "O(1 - O)"


@settings(max_examples=40)
@given(THREE, st.sets(st.integers(0, 20)), st.integers(0, 2), st.integers(0, 3))
def test_losses_of_classifiers_are_right_whatever_has_a_label(numbers, unlabelled, true, kind):
    """Every factor and the whole formula mean the gradient, softmax symbols made up included."""
    w = Value(0.5, "w")
    z = [w * x + b for x, b in zip(numbers, (0.3, -0.2, 0.1), strict=True)]
    p = ag.softmax(z)
    losses = [
        lambda: -p[true].log(),
        lambda: ag.logsumexp(z) - z[true],
        lambda: -ag.sum(y * q.log() for y, q in zip((0.2, 0.5, 0.3), p, strict=True)),
        lambda: (1 - p[true]) ** 2,
    ]
    loss = losses[kind]()
    labels = [*(rf"\hat{{y}}_{{{i}}}" for i in (1, 2, 3)), "p_1", "p_2", "p_3", "L"]
    for i, (node, label) in enumerate(zip([*z, *p, loss], labels, strict=True)):
        node.label = "" if i in unlabelled else label
    for wrt in (w, *z):
        derivation = derive(loss, wrt, limit=100)
        names = derivation._graph.names
        nodes = [*ag.topological_order(loss), *derivation._graph.recogniser.softmax()]
        at = {names.symbols.get(node): mp.mpf(node.data) for node in nodes}
        at.pop(None, None)
        for part, number in [
            *((factor, factor.number) for factor in derivation.factors),
            (derivation, derivation.value),
        ]:
            if part.form is not None:
                assert math.isclose(meaning(part.formula(), at), number, abs_tol=1e-12)


def test_softmax_outputs_are_not_called_like_the_logits():
    z = [named(Value(x), rf"\hat{{y}}_{{{i}}}") for i, x in enumerate((0.5, -1.0, 2.0))]
    loss = named(-ag.softmax(z)[1].log(), "L")
    assert derive(loss, z[0]).formula() == "p_0"
    assert derive(loss, z[1]).formula() == "p_1 - 1"


def test_several_softmax_outputs_are_explained_in_one_line():
    w = Value(0.5, "w")
    z = [named(w * x, f"z_{i}") for i, x in enumerate((1.0, 2.0, 3.0))]
    text = str(derive(named(ag.logsumexp(z) - z[0], "L"), w))
    assert "where ŷ₀ = e^(z₀)/(e^(z₀) + e^(z₁) + e^(z₂)), likewise ŷ₁, ŷ₂" in text


def test_letters_and_places_name_softmax_outputs_too():
    z = [Value(x, f"z_{{{name}}}") for x, name in zip((0.5, -1.0), "ab", strict=True)]
    p = ag.softmax(z)
    p[0].label = "p_{a}"
    assert derive(-p[0].log(), z[1]).formula() == "p_b"
    unlabelled = [Value(0.5), Value(-1.0)]
    p = ag.softmax(unlabelled)
    p[0].label = "p_0"
    assert derive(-p[0].log(), unlabelled[1]).formula() == "p_1"


def test_a_softmax_without_any_symbol_stays_written_out():
    w, v = Value(0.5, "w"), Value(-1.0, "v")
    loss = -ag.softmax([w * 2, v * 3])[0].log()
    formula = derive(loss, w).formula()
    at = {"w": mp.mpf(w.data), "v": mp.mpf(v.data)}
    assert math.isclose(meaning(formula, at), ag.differentiate(loss, w).data, rel_tol=1e-12)


# Graphs that are not as nice


def test_output_and_wrt_the_same():
    x = Value(2.0, "x")
    derivation = derive(x, x)
    assert (derivation.value, derivation.path_count, str(derivation)) == (1.0, 1, "∂x/∂x = 1")


def test_an_output_that_does_not_depend_on_wrt():
    x, w = Value(2.0, "x"), Value(3.0, "w")
    derivation = derive(named(x * x, "L"), w)
    assert (derivation.value, derivation.path_count, derivation.formula()) == (0.0, 0, "0")
    assert str(derivation) == "∂L/∂w = 0\n(L does not depend on w)"
    assert derivation.gradient.data == 0.0


def test_a_graph_without_labels():
    a, b = Value(2.0), Value(3.0)
    assert str(derive(a * b + a, a)) == (
        "∂out/∂x = 1 + v₁\n        = 1 + 3\n        = 4\n(without a label: x = 2, v₁ = 3)"
    )


def test_an_unlabelled_node_inside_the_graph_as_wrt():
    x = Value(2.0, "x")
    inner = x * x
    derivation = derive(named(inner * 3 + x, "L"), inner)
    assert derivation.formula() == "3"
    assert str(derivation).startswith("∂L/∂v₁ = 3")


def test_nodes_of_the_same_label_are_told_apart_and_it_is_said():
    w = Value(2.0, "w")
    rows = [named(w * x, "O") for x in (Value(3.0, "x"), Value(4.0, "x"))]
    derivation = derive(named(rows[0] + rows[1], "L"), w)
    assert derivation.formula() == "x^{(1)} + x^{(2)}"
    assert str(derivation).endswith(
        "(several nodes are labelled O, x: ⁽¹⁾, ⁽²⁾, ... number them in the order of their "
        "computation)"
    )


def test_a_constant_with_a_label_is_a_symbol_and_one_without_a_number():
    w, x = Value(2.0, "w"), Value(80.0, "x").detach()
    assert derive(named(3 * w * x, "L"), w).formula() == "3x"


def test_labels_of_any_kind_are_shown():
    for label in ("50%", "a_b_c", "{", "\\", "ŷ", "a b", "a\nb", "$x$", "x - y", "é", "\\left("):
        w = Value(2.0, label)
        derivation = derive(named(w * w, "L"), w)
        assert "\n" not in derivation.symbolic
        assert derivation.latex()
        assert str(derivation).endswith("= 4")


def diamonds(count: int, *, label: bool) -> tuple[Value, Value]:
    x = Value(1.0, "x")
    node = x
    for i in range(count):
        left, right = (node * 0.5, node * 0.5) if label else (node.sin(), node.cos())
        if label:
            left.label, right.label = f"l_{{{i}}}", f"r_{{{i}}}"
        node = left + right
    return named(node, "L"), x


def test_more_paths_than_can_be_listed_are_counted():
    derivation = derive(*diamonds(200, label=True), limit=3)
    assert derivation.path_count == 2**200
    assert len(derivation.paths) == 3
    assert derivation.value == 1.0
    assert f"and {2**200 - 3:,} more paths" in str(derivation)
    assert derivation.formula().endswith(r"+ \cdots")
    assert derivation.form is None


def test_the_numbers_of_paths_that_are_not_listed_are_in_the_sum():
    derivation = derive(*diamonds(2, label=True), limit=1)
    assert str(derivation).endswith("= 0.25 + 0.75 (3 more)\n      = 1")


@pytest.mark.parametrize(("label", "length"), [(False, 100_000), (True, 20_000)])
def test_long_chains(label, length):
    x = node = Value(1.0, "x")
    for i in range(length):
        node = node + 0.25
        if label:
            node.label = f"h_{{{i}}}"
    derivation = derive(named(node, "L"), x)
    assert (derivation.value, derivation.path_count) == (1.0, 1)
    text = str(derivation)
    assert len(text) < 1000
    assert ("19,988 factors" in text) == label


def test_an_unlabelled_graph_with_more_ways_than_could_be_written():
    output, x = diamonds(100, label=False)
    derivation = derive(output, x)
    assert derivation.path_count == 1
    assert derivation.formula() == r"\frac{\partial L}{\partial x}"
    assert "is too long to be written out" in str(derivation)


def test_a_branch_that_is_not_taken_passes_nothing_on():
    x = Value(0.0, "x")
    derivation = derive(named(ag.where(x, x.sqrt(), 3 * x), "L"), x)
    assert derivation.value == 3.0
    assert "has no finite formula at these numbers" in str(derivation)


def test_an_infinite_gradient_is_an_error():
    x = Value(0.0, "x")
    with pytest.raises(GradientError, match="keep the inputs away"):
        derive(x.sqrt(), x)


def test_a_graph_whose_leaves_have_changed_is_refused():
    nodes = network()
    nodes["W_{11}^1"].data = 2.0
    with pytest.raises(GraphError, match="one of them was changed"):
        derive(nodes["L"], nodes["W_{11}^1"])


def test_nothing_in_the_graph_changes():
    nodes = network()
    before = [(node.data, node.grad, node.label, node.partials) for node in nodes.values()]
    str(derive(nodes["L"], nodes["W_{11}^1"]))
    assert before == [(n.data, n.grad, n.label, n.partials) for n in nodes.values()]


def test_what_cannot_be_derived():
    x = Value(2.0, "x")
    with pytest.raises(TypeError, match="give two Values"):
        derive(2.0, x)
    for name in ("digits", "limit"):
        with pytest.raises(ValueError, match=f"{name} is a whole number"):
            derive(x, x, **{name: 0})
