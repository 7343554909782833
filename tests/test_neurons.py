"""viz/neurons.py: which neuron a node belongs to, by the notes' notation."""

from __future__ import annotations

import pytest

import nn
from autograd import Value, softmax, topological_order
from tests.graphs import lpa
from viz.neurons import Neuron, neuron_named, neurons_of


@pytest.mark.parametrize(
    ("label", "neuron"),
    [
        ("W_{21}^1", (1, 1)),
        ("W_{12}^{3}", (3, 2)),
        ("W^{2}_{13}", (2, 3)),
        ("W_{10,3}^2", (2, 3)),
        ("W_{3,12}^{11}", (11, 12)),
        ("w_{12}^{(4)}", (4, 2)),
        ("W_{1, 2}^1", (1, 2)),
        ("b_{21}", (2, 1)),
        ("b_{2,14}", (2, 14)),
        ("z_{12}", (1, 2)),
        ("O_{31}", (3, 1)),
        ("W_{123}^1", None),  # 1,23 or 12,3
        ("W_{11}", None),
        ("W", None),
        ("b", None),
        ("b_{1}", None),
        ("x_{i1}", None),
        ("O_{11}O_{12}", None),
        (r"\hat{y}", None),
        ("", None),
    ],
)
def test_labels(label: str, neuron: tuple[int, int] | None) -> None:
    assert neuron_named(label) == neuron


def test_every_node_of_the_notes_network_has_its_place() -> None:
    order = topological_order(lpa())
    found = neurons_of(order)
    outside = [node for node in order if node not in found]
    assert sorted(node.label or node.op.name for node in outside) == sorted(
        ["x_{i1}", "x_{i2}", "y", "sub", "constant", "L"]
    )
    by_label = {node.label: found.get(node) for node in order if node.label}
    assert by_label[r"\hat{y}"] == Neuron(2, 1)  # by its parameters
    assert by_label["W_{12}^1"] == by_label["O_{12}"] == Neuron(1, 2)
    sizes = [list(found.values()).count(neuron) for neuron in ((1, 1), (1, 2), (2, 1))]
    assert sizes == [7, 7, 7]  # three parameters, two products, two sums


@pytest.mark.parametrize("activation", ["tanh", "leaky_relu"])
def test_networks_of_nn_are_found_out_too(activation: str) -> None:
    model = nn.MLP(3, [12, 2], activation=activation, output="sigmoid", seed=1)
    outputs = model([0.5, -1.0, 2.0])
    assert isinstance(outputs, list)
    for index, output in enumerate(outputs, start=1):
        order = topological_order(output)
        found = neurons_of(order)
        assert found[output] == Neuron(2, index)
        without = [node for node in order if node not in found and not node.is_constant]
        assert not without
        for node in order:
            if node.label.startswith(("O", "z")):
                assert found[node] == neuron_named(node.label)


def test_what_mixes_neurons_belongs_to_none() -> None:
    zs = [Value(1.0, "z_{21}"), Value(2.0, "z_{22}")]
    loss = -softmax(zs)[0].log()
    found = neurons_of(topological_order(loss))
    assert loss not in found
    assert {node.op.name for node in found} == {"leaf", "exp"}


def test_graphs_without_the_notation_have_no_neurons() -> None:
    x = Value(2.0, "x")
    assert neurons_of(topological_order((x * x + 1).tanh())) == {}
