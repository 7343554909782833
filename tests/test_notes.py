r"""The hand-written notes: each of their formulas, at their own numbers and at random ones.

The network is the notes' 2-2-1: x_{i1} = iq, x_{i2} = cgpa,
O_{11} = W_{11}^1 x_{i1} + W_{21}^1 x_{i2} + b_{11}, O_{12} likewise,
y_hat = O_{21} = W_{11}^2 O_{11} + W_{21}^2 O_{12} + b_{21}, L = (y - y_hat)^2.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from autograd import Value, differentiate, evaluate, softmax, topological_order
from nn import MLP, SGD, categorical_cross_entropy, constant, fit, mse, sparse_cross_entropy

SETTINGS = settings(max_examples=40)

PARAMETERS = [
    "W_{11}^1", "W_{21}^1", "b_{11}", "W_{12}^1", "W_{22}^1", "b_{12}",
    "W_{11}^2", "W_{21}^2", "b_{21}",
]  # fmt: skip


@dataclass
class Row:
    """The notes' network after one row forward and back: its nodes by their symbols."""

    model: MLP
    loss: Value
    nodes: dict[str, Value]

    def __getitem__(self, symbol: str) -> float:
        return self.nodes[symbol].data

    def by(self, symbol: str) -> float:
        """dL/d(symbol), as backward() left it."""
        return self.nodes[symbol].grad


def row_of(weights: dict[str, float], iq: float, cgpa: float, lpa: float) -> Row:
    model = MLP(2, [2, 1], activation="linear", init=constant())
    model.load_state_dict(weights)
    inputs = [Value(iq, "x_{i1}"), Value(cgpa, "x_{i2}")]
    loss = mse(model(inputs), Value(lpa, "y"))
    loss.backward()
    return Row(model, loss, {node.label: node for node in topological_order(loss) if node.label})


NUMBERS = st.floats(-4, 4).map(lambda x: round(x, 3))
ROWS = st.builds(
    row_of,
    st.fixed_dictionaries(dict.fromkeys(PARAMETERS, NUMBERS)),
    iq=st.floats(50, 150),
    cgpa=st.floats(0, 10),
    lpa=st.floats(-5, 40),
)


def own_row() -> Row:
    """The notes' own: every W = 1 and b = 0, cgpa 8, iq 80, lpa 8."""
    weights = {name: 1.0 if name.startswith("W") else 0.0 for name in PARAMETERS}
    return row_of(weights, iq=80, cgpa=8, lpa=8)


# The table of derivatives: what, by what, and its formula in plain numbers.
BY_LOSS = {
    r"\hat{y}": lambda n: -2 * (n["y"] - n[r"\hat{y}"]),
    "W_{11}^2": lambda n: -2 * (n["y"] - n[r"\hat{y}"]) * n["O_{11}"],
    "W_{21}^2": lambda n: -2 * (n["y"] - n[r"\hat{y}"]) * n["O_{12}"],
    "b_{21}": lambda n: -2 * (n["y"] - n[r"\hat{y}"]),
    "W_{11}^1": lambda n: -2 * (n["y"] - n[r"\hat{y}"]) * n["W_{11}^2"] * n["x_{i1}"],
    "W_{21}^1": lambda n: -2 * (n["y"] - n[r"\hat{y}"]) * n["W_{11}^2"] * n["x_{i2}"],
    "b_{11}": lambda n: -2 * (n["y"] - n[r"\hat{y}"]) * n["W_{11}^2"],
    "W_{12}^1": lambda n: -2 * (n["y"] - n[r"\hat{y}"]) * n["W_{21}^2"] * n["x_{i1}"],
    "W_{22}^1": lambda n: -2 * (n["y"] - n[r"\hat{y}"]) * n["W_{21}^2"] * n["x_{i2}"],
    "b_{12}": lambda n: -2 * (n["y"] - n[r"\hat{y}"]) * n["W_{21}^2"],
}
BETWEEN = {
    (r"\hat{y}", "O_{11}"): lambda n: n["W_{11}^2"],
    (r"\hat{y}", "O_{12}"): lambda n: n["W_{21}^2"],
    (r"\hat{y}", "W_{11}^2"): lambda n: n["O_{11}"],
    (r"\hat{y}", "W_{21}^2"): lambda n: n["O_{12}"],
    (r"\hat{y}", "b_{21}"): lambda n: 1,
    ("O_{11}", "W_{11}^1"): lambda n: n["x_{i1}"],
    ("O_{11}", "W_{21}^1"): lambda n: n["x_{i2}"],
    ("O_{11}", "b_{11}"): lambda n: 1,
    ("O_{12}", "W_{12}^1"): lambda n: n["x_{i1}"],
    ("O_{12}", "W_{22}^1"): lambda n: n["x_{i2}"],
    ("O_{12}", "b_{12}"): lambda n: 1,
}


def close(expected: float) -> object:
    return pytest.approx(expected, rel=1e-12, abs=1e-12)


def test_the_notes_forward_pass_and_loss():
    own = own_row()
    assert own["O_{11}"] == own["O_{12}"] == 88
    assert own[r"\hat{y}"] == 176
    assert own.loss.data == (8 - 176) ** 2 == 28224
    assert mse(18, 3).data == (3 - 18) ** 2 == 225  # their example, which is no row of the table


def test_the_notes_gradients_at_their_own_numbers():
    own = own_row()
    assert {name: own.by(name) for name in PARAMETERS} == {
        "W_{11}^1": 26880, "W_{21}^1": 2688, "b_{11}": 336,
        "W_{12}^1": 26880, "W_{22}^1": 2688, "b_{12}": 336,
        "W_{11}^2": 29568, "W_{21}^2": 29568, "b_{21}": 336,
    }  # fmt: skip


@pytest.mark.parametrize("symbol", BY_LOSS)
@SETTINGS
@given(ROWS | st.builds(own_row))
def test_a_gradient_of_the_loss_is_the_notes_formula(symbol, row):
    expected = BY_LOSS[symbol](row)
    assert row.by(symbol) == close(expected)
    assert differentiate(row.loss, row.nodes[symbol]).data == close(expected)


@pytest.mark.parametrize(("output", "by"), BETWEEN)
@SETTINGS
@given(ROWS | st.builds(own_row))
def test_a_derivative_on_the_way_is_the_notes_formula(output, by, row):
    expected = BETWEEN[output, by](row)
    assert differentiate(row.nodes[output], row.nodes[by]).data == close(expected)
    for node in row.nodes.values():
        node.grad = 0.0  # of the loss
    row.nodes[output].backward()
    assert row.nodes[by].grad == close(expected)


@SETTINGS
@given(ROWS | st.builds(own_row))
def test_the_slip_in_the_bias_formula_is_one(row):
    as_written = -2 * (row["y"] - row[r"\hat{y}"]) * row["W_{21}^2"]
    bias = row.nodes["b_{11}"]
    h = 0.5  # L is a parabola in b_{11}: the central difference is exact, whatever h
    ahead, behind = (evaluate(row.loss, {bias: bias.data + step}) for step in (h, -h))
    difference = (ahead - behind) / (2 * h)
    assert difference == pytest.approx(bias.grad, rel=1e-8, abs=1e-7 * (1 + row.loss.data))
    apart = abs(row["W_{11}^2"] - row["W_{21}^2"]) * abs(row["y"] - row[r"\hat{y}"])
    assume(apart > 1e-3 * (1 + row.loss.data))
    assert as_written != pytest.approx(bias.grad, rel=1e-6, abs=1e-4)
    assert as_written != pytest.approx(difference, rel=1e-6, abs=1e-4)


def test_the_slip_does_not_show_while_all_weights_are_1():
    own = own_row()
    assert -2 * (8 - 176) * own["W_{21}^2"] == own.by("b_{11}") == 336


@SETTINGS
@given(ROWS | st.builds(own_row), st.floats(1e-6, 0.1))
def test_one_update_moves_all_nine_by_gradients_taken_before(row, eta):
    old = row.model.state_dict()
    expected = {name: old[name] - eta * BY_LOSS[name](row) for name in PARAMETERS}
    SGD(row.model.parameters(), eta).step()
    assert row.model.state_dict() == {name: close(number) for name, number in expected.items()}


def test_step_5_from_a_tenth_brings_the_loss_down():
    model = MLP(2, [2, 1], activation="linear", init=constant(W=0.1, b=0))
    assert list(model.state_dict().values()) == [0.1, 0.1, 0, 0.1, 0.1, 0, 0.1, 0.1, 0]
    rows = [([80, 8], 8), ([70, 7], 7)]
    history = fit(model, rows, mse, SGD(model.parameters(), 2e-4), epochs=50)
    assert history[0] > 15
    assert history[-1] < 1e-6


# Sparse cross-entropy

DISTRIBUTIONS = st.lists(st.floats(0.02, 1), min_size=2, max_size=6).map(
    lambda weights: [w / math.fsum(weights) for w in weights]
)


@pytest.mark.parametrize(("y", "expected"), [(1, 0.1), (2, 0.4), (3, 0.5)])
def test_the_notes_prediction_costs_minus_log_of_its_class(y, expected):
    prediction = [0.1, 0.4, 0.5]
    assert sparse_cross_entropy(prediction, y, first_class=1).data == -math.log(expected)
    one_hot = [int(j == y) for j in (1, 2, 3)]
    assert categorical_cross_entropy(prediction, one_hot).data == -math.log(expected)


@SETTINGS
@given(DISTRIBUTIONS, st.data())
def test_sparse_cross_entropy_by_its_predictions(p, data):
    k = data.draw(st.integers(0, len(p) - 1))
    y_hat = [Value(x, rf"\hat{{y}}_{{{j}}}") for j, x in enumerate(p, start=1)]
    loss = sparse_cross_entropy(y_hat, k)
    loss.backward()
    assert loss.data == -math.log(p[k])
    assert [v.grad for v in y_hat] == [close(-1 / p[k]) if j == k else 0 for j in range(len(p))]
    twin = [Value(x) for x in p]
    categorical = categorical_cross_entropy(twin, [int(j == k) for j in range(len(p))])
    categorical.backward()
    assert categorical.data == close(loss.data)
    assert [v.grad for v in twin] == [close(v.grad) for v in y_hat]


@SETTINGS
@given(st.lists(st.floats(-8, 8), min_size=2, max_size=6), st.data())
def test_through_softmax_the_gradient_is_the_prediction_less_the_one(z, data):
    k = data.draw(st.integers(0, len(z) - 1))
    total = math.fsum(math.exp(x) for x in z)
    expected = [close(math.exp(x) / total - (j == k)) for j, x in enumerate(z)]
    one_hot = [int(j == k) for j in range(len(z))]
    for loss_of in (
        lambda v: sparse_cross_entropy(softmax(v), k),
        lambda v: sparse_cross_entropy(v, k, from_logits=True),
        lambda v: categorical_cross_entropy(softmax(v), one_hot),
        lambda v: categorical_cross_entropy(v, one_hot, from_logits=True),
    ):
        logits = [Value(x) for x in z]
        loss_of(logits).backward()
        assert [v.grad for v in logits] == expected
