"""viz/network.py: circles and arrows, with the numbers where there is room."""

from __future__ import annotations

import math
import shutil
from itertools import pairwise
from typing import Any, NamedTuple

import graphviz
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nn
import viz
from autograd import ArgumentError, ArgumentTypeError, Value, tanh
from tests.legibility import layout_of, overlapping, read, texts
from viz import draw_network, fonts
from viz.text import plain, symbol

RENDERERS: list[Any] = [
    "embedded",
    pytest.param(
        "system",
        marks=pytest.mark.skipif(shutil.which("dot") is None, reason="there is no dot here"),
    ),
]


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


def test_the_notes_network_with_its_gradients() -> None:
    network = nn.MLP(2, [2, 1], activation="linear", init=nn.constant(W=1, b=0))
    loss = nn.mse(network([80, 8]), 8)
    loss.backward()
    reading = read(draw_network(network, title="The notes' network", inputs=["iq", "cgpa"]))
    boxes = reading.boxes
    assert boxes["n0_1"] == ["iq"]
    assert boxes["n0_2"] == ["cgpa"]
    assert boxes["n1_1"] == ["O₁₁"]
    assert boxes["n2_1"] == ["ŷ"]
    assert boxes["w1_1_2"] == ["W₁₂¹ = 1", "grad 26880"]
    assert boxes["w1_2_1"] == ["W₂₁¹ = 1", "grad 2688"]
    assert boxes["w2_1_1"] == ["W₁₁² = 1", "grad 29568"]
    assert boxes["b2_1"] == ["b₂₁ = 0", "grad 336"]
    assert boxes["heading_0"] == ["2 inputs"]
    assert boxes["heading_2"] == ["layer 2", "linear"]
    ends = {(arrow.start, arrow.end) for arrow in reading.arrows}
    first = {(f"n0_{i}", f"n1_{j}") for i in (1, 2) for j in (1, 2)}
    assert ends == first | {("n1_1", "n2_1"), ("n1_2", "n2_1")}
    assert reading.caption[0] == "The notes' network"


def test_without_gradients_it_says_so() -> None:
    reading = read(draw_network(model(2, 2, 1)))
    assert reading.caption[0].startswith("all gradients are 0: backward() has not run")
    assert reading.boxes["w2_2_1"] == ["W₂₁² = 1"]
    assert reading.boxes["b1_2"] == ["b₁₂ = 0"]


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
    drawing = draw_network(nn.MLP(2, [16, 16, 1], seed=3))
    reading = read(drawing)
    assert len(reading.arrows) == 2 * 16 + 16 * 16 + 16
    assert not any(name.startswith(("w", "b")) for name in reading.boxes)
    assert "blue: positive weight" in reading.caption[-1]
    _, _, width, height = map(float, layout_of(drawing)["bb"].split(","))
    assert max(width, height) * 96 / 72 < 1000


def test_arrows_tell_sign_and_size() -> None:
    network = model(3, 1)
    for weight, data in zip(network.layers[0].neurons[0].weights, (2.0, -1.0, 0.0), strict=True):
        weight.data = data
    edges = {edge["tail"]: edge for edge in layout_of(draw_network(network))["edges"]}
    blue, orange, grey = (edges[tail] for tail in sorted(edges))
    assert len({edge["color"] for edge in (blue, orange, grey)}) == 3
    widths = [float(edge["penwidth"]) for edge in (blue, orange, grey)]
    assert widths[0] == pytest.approx(2 * widths[1] - widths[2], abs=0.011)
    assert widths[2] < 0.5


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


@pytest.mark.parametrize("renderer", RENDERERS)
@pytest.mark.parametrize(
    "sizes", [[1, 1], [2, 2, 1], [2, 3, 1], [3, 3, 3], [2, 6, 2], [3, 4, 4, 2]]
)
@pytest.mark.parametrize("numbers", [None, True, False])
def test_no_text_is_in_anothers_way(sizes: list[int], numbers: bool | None, renderer: Any) -> None:
    layout = layout_of(draw_network(trained(sizes), title="A title", numbers=numbers), renderer)
    assert overlapping(layout) == []


@settings(max_examples=15)
@given(st.lists(st.integers(1, 4), min_size=2, max_size=4), st.integers(0, 99))
def test_every_number_is_there_and_on_its_arrow(sizes: list[int], seed: int) -> None:
    sizes = [min(sizes[0], 3), *sizes[1:]]
    drawing = draw_network(trained(sizes, seed), numbers=True)
    reading = read(drawing)
    at = {thing["name"]: thing["pos"].split(",") for thing in layout_of(drawing)["objects"]}
    for arrow in reading.arrows:
        place, source = map(int, arrow.start[1:].split("_"))
        target = int(arrow.end.split("_")[1])
        label = f"w{place + 1}_{source}_{target}"
        assert len(reading.boxes[label]) == 2
        (x0, y0), (x1, y1), (x, y) = (
            (float(a), float(b)) for a, b in (at[arrow.start], at[arrow.end], at[label])
        )
        assert x0 < x < x1
        beside = (x - x0) * (y1 - y0) - (y - y0) * (x1 - x0)
        assert abs(beside) / math.hypot(x1 - x0, y1 - y0) < 1  # point
    weights = sum(m * n for m, n in pairwise(sizes))
    assert len(reading.arrows) == weights


@pytest.mark.parametrize("name", ["x", "<x>", r"\hat{temperature}", "a name too long for a circle"])
def test_names_fit_their_circles(name: str) -> None:
    layout = layout_of(draw_network(model(1, 1), inputs=[name]))
    circle = next(thing for thing in layout["objects"] if thing["name"] == "n0_1")
    (text,) = texts([circle])
    assert text.right - text.left <= float(circle["width"]) * 72
    assert fonts.has_all(text.string)
    assert text.string == plain(symbol(name))


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
        ({"digits": 0}, "1 to 17"),
    ],
)
def test_options_that_do_not_fit(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        draw_network(model(2, 1), **options)


def test_it_is_a_digraph_and_the_same_every_time() -> None:
    assert isinstance(draw_network(model(2, 2, 1)), graphviz.Digraph)
    assert draw_network(trained([2, 3, 1])).source == draw_network(trained([2, 3, 1])).source
    assert viz.draw_network is draw_network


def test_a_layer_without_bias_is_drawn_without_it() -> None:
    network = nn.MLP(2, [2, 1], seed=1)
    network.layers[0] = nn.Layer(2, 2, seed=1, bias=False)
    boxes = read(draw_network(network)).boxes
    assert "b2_1" in boxes
    assert "b1_1" not in boxes
    assert boxes["n1_1"] == ["O₁₁"]
