"""viz/network.py: circles and arrows, with the numbers where there is room."""

from __future__ import annotations

from itertools import pairwise
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nn
import viz
from autograd import ArgumentError, ArgumentTypeError, Value, tanh
from tests.legibility import faults, outline, parts, read, svg, texts
from viz import draw_network, fonts
from viz.scales import NEGATIVE, POSITIVE
from viz.text import symbol


class Neuron(NamedTuple):
    weights: list[Value]
    bias: Value
    activation: Any = None


class Layer(NamedTuple):
    neurons: list[Neuron]


class Model(NamedTuple):
    layers: list[Layer]


def model(*sizes: int, weight: float = 1.0) -> Model:
    """A network that is none of nn's and has no labels."""
    return Model(
        [
            Layer([Neuron([Value(weight) for _ in range(m)], Value(0.0)) for _ in range(n)])
            for m, n in pairwise(sizes)
        ]
    )


def trained(sizes: list[int], seed: int = 1) -> nn.MLP:
    """A network of nn with gradients."""
    network = nn.MLP(sizes[0], sizes[1:], activation="tanh", seed=seed)
    outputs = network([0.3, -0.7, 1.9][: sizes[0]])
    loss = sum(output**2 for output in outputs) if isinstance(outputs, list) else outputs**2
    assert isinstance(loss, Value)
    loss.backward()
    return network


def labels(picture: viz.Picture) -> dict[tuple[str, str], str]:
    """What is written beside each arrow."""
    return {(arrow.start, arrow.end): arrow.label for arrow in read(picture).arrows}


def test_the_notes_network_with_its_row_and_gradients() -> None:
    network = nn.MLP(2, [2, 1], activation="linear", init=nn.constant(W=1, b=0))
    nn.mse(network([80, 8]), 8).backward()
    picture = draw_network(
        network, title="The notes' network", inputs=["iq", "cgpa"], row=[80, 8], gradients=True
    )
    reading = read(picture)
    boxes = reading.boxes
    assert boxes["n0_1"] == ["iq", "80"]
    assert boxes["n0_2"] == ["cgpa", "8"]
    assert boxes["n1_1"] == ["O₁₁", "88", "b₁₁ = 0", "grad 336"]
    assert boxes["n2_1"] == ["ŷ", "176", "b₂₁ = 0", "grad 336"]
    assert boxes["heading_0"] == ["2 inputs"]
    assert boxes["heading_2"] == ["layer 2", "linear"]
    assert labels(picture) == {
        ("n0_1", "n1_1"): "W₁₁¹ = 1 grad 26880",
        ("n0_1", "n1_2"): "W₁₂¹ = 1 grad 26880",
        ("n0_2", "n1_1"): "W₂₁¹ = 1 grad 2688",
        ("n0_2", "n1_2"): "W₂₂¹ = 1 grad 2688",
        ("n1_1", "n2_1"): "W₁₁² = 1 grad 29568",
        ("n1_2", "n2_1"): "W₂₁² = 1 grad 29568",
    }
    assert reading.caption[0] == "The notes' network"
    assert "as the last backward() left it" in " ".join(reading.caption)
    assert faults(picture) == []


def test_gradients_only_on_request_and_none_are_told() -> None:
    network = trained([2, 2, 1])
    assert "grad" not in draw_network(network).source
    assert read(draw_network(network)).caption == []
    network.zero_grad()
    reading = read(draw_network(network, gradients=True))
    assert " ".join(reading.caption).startswith("all gradients are 0: backward() has not run")


def test_after_fit_gradients_are_not_passed_off_as_those_of_the_picture() -> None:
    network = nn.MLP(1, [1], seed=1)
    rows = [([1.0], 2.0), ([2.0], 3.0)]
    nn.fit(network, rows, nn.mse, nn.SGD(network.parameters(), 0.01), 2, progress=False)
    assert "grad" not in draw_network(network).source
    assert "after fit" in " ".join(read(draw_network(network, gradients=True)).caption)


def test_activations_of_custom_modules_and_of_a_training_one() -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            self.hidden = nn.Layer(2, 3, activation="tanh", seed=1)
            self.out = nn.Linear(3, 1, seed=2)

        def forward(self, row: Any) -> Any:
            return self.out(self.hidden(row))

    net = Net()
    reading = read(draw_network(net, row=[0.5, -1.0], precision=6))
    hidden = [value.data for value in net.hidden([0.5, -1.0])]
    for place, value in enumerate(hidden, start=1):
        assert float(reading.boxes[f"n1_{place}"][1].replace("−", "-")) == pytest.approx(value)
    assert net.training


@pytest.mark.parametrize(
    ("row", "message"),
    [([1.0], "1 numbers for 2 inputs"), ("ab", "no row of numbers"), (3.0, "no row of numbers")],
)
def test_rows_that_do_not_fit(row: Any, message: str) -> None:
    with pytest.raises((ArgumentError, ArgumentTypeError), match=message):
        draw_network(trained([2, 1]), row=row)


def test_a_model_that_cannot_compute() -> None:
    with pytest.raises(ArgumentTypeError, match="cannot be called with a row"):
        draw_network(model(2, 1), row=[1, 2])


def test_activations_are_named_whatever_they_are_given_as() -> None:
    sources = [Value(1.0)]
    layers = [
        Layer([Neuron(sources, Value(0.0), tanh)]),
        Layer([Neuron(sources, Value(0.0), "relu")]),
        Layer([Neuron(sources, Value(0.0))]),
    ]
    boxes = read(draw_network(Model(layers))).boxes
    assert [boxes[f"heading_{i}"][-1] for i in (1, 2, 3)] == ["tanh", "relu", "linear"]


def test_large_networks_show_signs_and_sizes_instead_of_numbers() -> None:
    network = nn.MLP(8, [16, 16, 4], seed=3)
    picture = draw_network(network, row=[1.0] * 8)
    reading = read(picture)
    assert len(reading.arrows) == 8 * 16 + 16 * 16 + 16 * 4
    assert not any(arrow.label for arrow in reading.arrows)
    assert reading.caption == ["left out: the numbers of 484 weights and biases"]
    assert {"positive weight (thicker: larger)", "negative weight"} <= set(reading.legend)
    assert reading.boxes["n1_16"][0] == "O_{1,16}"
    assert max(picture.canvas.width, picture.canvas.height) * 96 / 72 < 1100
    assert faults_of_text(picture) == []


def faults_of_text(picture: viz.Picture) -> list[object]:
    """Where circles are close, only text must be free: arrows end at all of them."""
    from tests.legibility import overflowing, overlapping  # noqa: PLC0415

    root = svg(picture)
    return [*overlapping(root), *overflowing(root)]


def test_large_networks_show_gradients_on_request() -> None:
    network = trained([3, 16, 16, 1])
    picture = draw_network(network, gradients=True)
    assert "positive gradient (thicker: larger)" in read(picture).legend
    first = network.layers[0].neurons[0].weights[0]
    (arrow,) = (a for a in picture.arrows if (a.start, a.end) == ("n0_1", "n1_1"))
    largest = max(abs(w.grad) for n in network.layers[0].neurons for w in n.weights)
    assert arrow.width == pytest.approx(0.3 + 1.6 * abs(first.grad) / largest)


def test_arrows_tell_sign_and_size() -> None:
    network = model(3, 1)
    for weight, data in zip(network.layers[0].neurons[0].weights, (2.0, -1.0, 0.0), strict=True):
        weight.data = data
    arrows = {arrow.start: arrow for arrow in draw_network(network).arrows}
    blue, orange, grey = (arrows[start] for start in sorted(arrows))
    assert (blue.colour, orange.colour) == (POSITIVE, NEGATIVE)
    assert len({blue.colour, orange.colour, grey.colour}) == 3
    assert blue.width == pytest.approx(2 * orange.width - grey.width)
    assert grey.dash
    assert not blue.dash


def test_all_weights_zero() -> None:
    assert len(read(draw_network(model(2, 2, weight=0.0))).arrows) == 4


def test_long_columns_are_shortened_and_say_so() -> None:
    reading = read(draw_network(model(784, 100, 10), max_neurons=8))
    inputs = [name for name in reading.boxes if name.startswith("n0_")]
    assert inputs == [*(f"n0_{i}" for i in range(1, 7)), "n0_784"]
    assert reading.boxes["more_0"] == ["⋮"]
    assert reading.boxes["heading_0"] == ["784 inputs"]
    assert reading.boxes["heading_1"][0] == "100 neurons"
    assert reading.boxes["n2_10"] == ["ŷ₁₀"]
    assert len(reading.arrows) == 7 * 7 + 7 * 7
    told = " ".join(" ".join(reading.caption).split())
    assert "777 of 784 inputs, 93 of 100 neurons of layer 1, 3 of 10 neurons of layer 2" in told


@pytest.mark.parametrize("gradients", [True, False])
@pytest.mark.parametrize(
    "sizes", [[1, 1], [2, 2, 1], [2, 3, 1], [3, 3, 3], [2, 6, 2], [3, 4, 4, 2]]
)
@pytest.mark.parametrize("numbers", [None, True, False])
def test_nothing_is_in_the_way_of_anything(
    sizes: list[int], numbers: bool | None, gradients: bool
) -> None:
    row = [0.3, -0.7, 1.9][: sizes[0]]
    picture = draw_network(
        trained(sizes), title="A title", numbers=numbers, gradients=gradients, row=row
    )
    assert faults(picture) == []


@settings(max_examples=15)
@given(st.lists(st.integers(1, 4), min_size=2, max_size=4), st.integers(0, 99))
def test_every_number_is_there_and_beside_its_arrow(sizes: list[int], seed: int) -> None:
    sizes = [min(sizes[0], 3), *sizes[1:]]
    picture = draw_network(trained(sizes, seed), numbers=True)
    weights = sum(m * n for m, n in pairwise(sizes))
    assert len(picture.arrows) == weights
    assert all(len(arrow.label) == 1 for arrow in picture.arrows)
    assert faults(picture) == []


@pytest.mark.parametrize("name", ["x", "<x>", r"\hat{temperature}", "a name too long for a circle"])
def test_names_fit_their_circles(name: str) -> None:
    root = svg(draw_network(model(1, 1), inputs=[name]))
    circle = next(part for part in parts(root, "node") if part.get("id") == "n0_1")
    left, _, right, _ = outline(circle)
    (text,) = (text for text in texts(root) if text.of == "n0_1")
    assert text.right - text.left <= right - left
    assert fonts.has_all(text.string)
    assert text.string == symbol(name)


@pytest.mark.parametrize("thing", [Value(1.0), None, [1, 2], nn.Layer(2, 2)])
def test_only_networks_are_drawn(thing: Any) -> None:
    with pytest.raises(ArgumentTypeError, match=r"draw_network\(\) needs a network"):
        draw_network(thing)


@pytest.mark.parametrize(
    "network", [Model([]), Model([Layer([])]), Model([Layer([Neuron([], Value(0.0))])])]
)
def test_empty_networks(network: Model) -> None:
    with pytest.raises(ArgumentError):
        draw_network(network)


def test_layers_that_do_not_fit_together() -> None:
    network = Model([*model(2, 3).layers, *model(2, 1).layers])
    with pytest.raises(ArgumentError, match="neuron 1 of layer 2 has 2 weights for 3 sources"):
        draw_network(network)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"inputs": ["x"]}, "1 names were given for 2 inputs"),
        ({"max_neurons": 2}, "3 or more"),
        ({"precision": 0}, "1 to 17"),
    ],
)
def test_options_that_do_not_fit(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        draw_network(model(2, 1), **options)


def test_it_is_the_same_every_time() -> None:
    assert draw_network(trained([2, 3, 1])).source == draw_network(trained([2, 3, 1])).source
    assert viz.draw_network is draw_network


def test_a_layer_without_bias_is_drawn_without_it() -> None:
    network = nn.MLP(2, [2, 1], seed=1)
    network.layers[0] = nn.Layer(2, 2, seed=1, bias=False)
    picture = draw_network(network)
    below = {box.name: box.below for box in picture.boxes}
    assert below["n2_1"] == ("b₂₁ = 0",)
    assert below["n1_1"] == ()
