"""Graphs to draw: the notes' network, micrograd's example, and random ones with random labels."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

import autograd
from autograd import Value


def lpa(rows: int = 1) -> Value:
    """The loss of the notes' network, W = 1 and b = 0, for a row of iq 80, cgpa 8, lpa 8."""
    p = {name: Value(1.0, name) for name in ("W_{11}^1", "W_{21}^1", "W_{12}^1", "W_{22}^1")}
    p |= {name: Value(1.0, name) for name in ("W_{11}^2", "W_{21}^2")}
    p |= {name: Value(0.0, name) for name in ("b_{11}", "b_{12}", "b_{21}")}
    loss = Value(0.0).detach()
    for _ in range(rows):
        x1, x2, y = Value(80, "x_{i1}"), Value(8, "x_{i2}"), Value(8, "y")
        o11 = p["W_{11}^1"] * x1 + p["W_{21}^1"] * x2 + p["b_{11}"]
        o12 = p["W_{12}^1"] * x1 + p["W_{22}^1"] * x2 + p["b_{12}"]
        y_hat = p["W_{11}^2"] * o11 + p["W_{21}^2"] * o12 + p["b_{21}"]
        o11.label, o12.label, y_hat.label = "O_{11}", "O_{12}", r"\hat{y}"
        loss = (y - y_hat) ** 2 if rows == 1 else loss + (y - y_hat) ** 2
    loss.label = "L"
    return loss


def micrograd() -> Value:
    """The example of micrograd's README."""
    a, b = Value(-4.0, "a"), Value(2.0, "b")
    c = a + b
    d = a * b + b**3
    c += c + 1
    c += 1 + c + (-a)
    d += d * 2 + (b + a).relu()
    d += 3 * d + (b - a).relu()
    f = (c - d) ** 2
    g = f / 2.0
    g += 10.0 / f
    g.label = "g"
    return g


def softmax_cross_entropy() -> Value:
    """-log of the second of three softmax outputs."""
    logits = [Value(z, f"z_{{{j}}}") for j, z in enumerate((1.0, 2.0, 0.5), start=1)]
    probabilities = autograd.softmax(logits)
    for j, probability in enumerate(probabilities, start=1):
        probability.label = rf"\hat{{y}}_{{{j}}}"
    loss = -probabilities[1].log()
    loss.label = "L"
    return loss


_OPERATIONS = ("add", "sub", "mul", "tanh", "sin", "relu", "square", "neg", "maximum")


@st.composite
def random_graphs(draw: Any) -> Value:
    """A graph of up to about 40 nodes, some of them labelled, some literals among them."""
    nodes = [Value(draw(st.floats(-2, 2)), f"x_{{{i}}}") for i in range(draw(st.integers(1, 4)))]
    for step in range(draw(st.integers(1, 20))):
        operation = autograd.TABLE[draw(st.sampled_from(_OPERATIONS))]
        inputs: list[Any] = [draw(st.sampled_from(nodes))]
        if operation.arity == 2:
            other = st.one_of(st.sampled_from(nodes), st.floats(-2, 2))
            inputs.append(draw(other))
            if draw(st.booleans()):
                inputs.reverse()
        node = operation(*inputs)
        if draw(st.integers(0, 3)) == 0:
            node.label = f"h_{{{step}}}"
        nodes.append(node)
    return nodes[-1]
