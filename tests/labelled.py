"""Networks of several shapes with a label on every node, random but for their structure."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import autograd as ag
from autograd import Value

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


class Network(dict[str, Value]):
    """The nodes by label; `named` adds one, `leaves` makes random ones."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self._source = random.Random(seed)

    def leaves(self, *labels: str, positive: bool = False) -> None:
        for label in labels:
            sign = 1.0 if positive else self._source.choice((-1.0, 1.0))
            self[label] = Value(sign * self._source.uniform(0.3, 1.5), label)

    def named(self, label: str, node: Value) -> Value:
        node.label = label
        self[label] = node
        return node

    def linear(self, label: str, pairs: Iterable[tuple[str, str]], bias: str) -> Value:
        total = ag.sum(self[w] * self[x] for w, x in pairs)
        return self.named(label, total + self[bias])

    @property
    def parameters(self) -> list[str]:
        return [label for label, node in self.items() if node.is_leaf]


def lpa(seed: int = 0) -> Network:
    """The notes' network: 2-2-1, linear, (y - y_hat)^2."""
    net = Network(seed)
    net.leaves("W_{11}^1", "W_{21}^1", "W_{12}^1", "W_{22}^1", "b_{11}", "b_{12}")
    net.leaves("W_{11}^2", "W_{21}^2", "b_{21}", "x_{i1}", "x_{i2}", "y")
    for j in "12":
        pairs = [(f"W_{{1{j}}}^1", "x_{i1}"), (f"W_{{2{j}}}^1", "x_{i2}")]
        net.linear(f"O_{{1{j}}}", pairs, f"b_{{1{j}}}")
    net.linear(r"\hat{y}", [("W_{11}^2", "O_{11}"), ("W_{21}^2", "O_{12}")], "b_{21}")
    net.named("L", (net["y"] - net[r"\hat{y}"]) ** 2)
    return net


def neuron(seed: int = 0) -> Network:
    """One sigmoid neuron with two inputs, (y - p)^2."""
    net = Network(seed)
    net.leaves("w_1", "w_2", "b", "x_1", "x_2", "y")
    net.linear("z", [("w_1", "x_1"), ("w_2", "x_2")], "b")
    net.named("p", net["z"].sigmoid())
    net.named("L", (net["y"] - net["p"]) ** 2)
    return net


def tanh_321(seed: int = 0) -> Network:
    """3-2-1 with tanh inside, (y - y_hat)^2."""
    net = Network(seed)
    net.leaves("x_1", "x_2", "x_3", "y", "W_{11}^2", "W_{21}^2", "b_{21}")
    for j in "12":
        net.leaves(*(f"W_{{{i}{j}}}^1" for i in "123"), f"b_{{1{j}}}")
        net.linear(f"z_{j}", [(f"W_{{{i}{j}}}^1", f"x_{i}") for i in "123"], f"b_{{1{j}}}")
        net.named(f"h_{j}", net[f"z_{j}"].tanh())
    net.linear(r"\hat{y}", [("W_{11}^2", "h_1"), ("W_{21}^2", "h_2")], "b_{21}")
    net.named("L", (net["y"] - net[r"\hat{y}"]) ** 2)
    return net


def sigmoid_222(seed: int = 0) -> Network:
    """2-2-2 with sigmoids, two outputs and shared paths, the sum of two squares."""
    net = Network(seed)
    net.leaves("x_1", "x_2", "y_1", "y_2")
    for layer, inputs in (("1", ("x_1", "x_2")), ("2", ("O_{11}", "O_{12}"))):
        for j in "12":
            weights = [f"W_{{{i}{j}}}^{layer}" for i in "12"]
            net.leaves(*weights, f"b_{{{layer}{j}}}")
            pairs = zip(weights, inputs, strict=True)
            z = net.linear(f"z_{{{layer}{j}}}", pairs, f"b_{{{layer}{j}}}")
            net.named(f"O_{{{layer}{j}}}", z.sigmoid())
    errors = [(net[f"y_{j}"] - net[f"O_{{2{j}}}"]) ** 2 for j in "12"]
    net.named("L", errors[0] + errors[1])
    return net


def softmax_classifier(seed: int = 0) -> Network:
    """2-3 with softmax and the sparse cross-entropy of class 2."""
    net = _logits(seed)
    probabilities = ag.softmax(net[f"z_{j}"] for j in "123")
    for j, probability in zip("123", probabilities, strict=True):
        net.named(rf"\hat{{y}}_{j}", probability)
    net.named("L", -ag.log(net[r"\hat{y}_2"]))
    return net


def targets_classifier(seed: int = 0) -> Network:
    """2-3 with softmax and the cross-entropy with targets y_1, y_2, y_3 that sum to 1."""
    net = _logits(seed)
    probabilities = ag.softmax(net[f"z_{j}"] for j in "123")
    for j, probability, target in zip("123", probabilities, (0.0, 1.0, 0.0), strict=True):
        net.named(rf"\hat{{y}}_{j}", probability)
        net[f"y_{j}"] = Value(target, f"y_{j}")
    net.named("L", -ag.sum(net[f"y_{j}"] * ag.log(net[rf"\hat{{y}}_{j}"]) for j in "123"))
    return net


def _logits(seed: int) -> Network:
    net = Network(seed)
    net.leaves("x_1", "x_2")
    for j in "123":
        net.leaves(f"W_{{1{j}}}", f"W_{{2{j}}}", f"b_{j}")
        net.linear(f"z_{j}", [(f"W_{{1{j}}}", "x_1"), (f"W_{{2{j}}}", "x_2")], f"b_{j}")
    return net


def two_rows(seed: int = 0) -> Network:
    """One tanh neuron on two rows, the mean of the squares."""
    net = Network(seed)
    net.leaves("w", "b", "x_1", "x_2", "y_1", "y_2")
    for i in "12":
        net.named(rf"\hat{{y}}_{i}", ag.tanh(net["w"] * net[f"x_{i}"] + net["b"]))
    errors = [(net[f"y_{i}"] - net[rf"\hat{{y}}_{i}"]) ** 2 for i in "12"]
    net.named("L", ag.mean(errors))
    return net


NETWORKS: dict[str, Callable[[int], Network]] = {
    make.__name__: make
    for make in (
        lpa, neuron, tanh_321, sigmoid_222, softmax_classifier, targets_classifier, two_rows,
    )
}  # fmt: skip
