"""nn/layers.py and modules made of layers: numbered, called, switched between train and eval."""

from __future__ import annotations

import copy
import math
import pickle
import random
from abc import ABC, abstractmethod

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd
from autograd import (
    ArgumentError,
    ArgumentTypeError,
    Value,
    derive,
    relu,
    softmax,
    tanh,
    topological_order,
)
from nn import (
    MLP,
    SGD,
    Dropout,
    Embedding,
    Layer,
    LayerNorm,
    Linear,
    Module,
    Neuron,
    RMSNorm,
    SelfAttention,
    Sequential,
    Softmax,
    constant,
    fit,
    mse,
)
from viz import draw_network

SETTINGS = settings(max_examples=60)
ROWS = st.lists(st.floats(-10, 10), min_size=1, max_size=6)


# Modules made of layers


class Net(Module):
    def __init__(self):
        self.hidden = Layer(2, 3, activation="tanh", seed=1)
        self.out = Linear(3, 1, seed=2)

    def forward(self, row):
        return self.out(self.hidden(row))


def test_layers_are_numbered_in_the_order_they_are_set():
    net = Net()
    assert [name for name, _ in net.named_parameters()][::6] == [
        "hidden.W_{11}^1", "hidden.W_{13}^1", "out.b_{21}",
    ]  # fmt: skip
    assert [p.label for p in net.out.parameters()] == ["W_{11}^2", "W_{21}^2", "W_{31}^2", "b_{21}"]
    y = net([0.5, -1.0])
    labels = {node.label for node in topological_order(y)}
    assert {"O_{11}", "z_{12}", "O_{21}", "x_{2}"} <= labels
    assert len([x for x in labels if x.startswith("W")]) == 9


def test_a_module_of_layers_is_derived_and_drawn_like_an_mlp():
    net = Net()
    loss = mse(net([0.5, -1.0]), 1.0)
    loss.backward()
    text = str(derive(loss, net.hidden.neurons[0].weights[0]))
    assert "W₁₁²" in text
    assert "⁽" not in text  # no two of them share a symbol
    mlp = MLP(2, [3, 1], activation="tanh")
    mlp.load_state_dict({p.label: p.data for p in net.parameters()})
    mse(mlp([0.5, -1.0]), 1.0).backward()
    assert draw_network(net).source == draw_network(mlp).source
    deep = Module()
    deep.layers = [net]
    assert draw_network(deep).source == draw_network(mlp).source


def test_a_network_inside_counts_with_the_rest_and_is_called_by_its_prediction():
    class Two(Module):
        def __init__(self):
            super().__init__()
            self.parts = []
            for seed in range(2):
                self.parts.append(MLP(2, [2, 2], seed=seed))

        def forward(self, row):
            for part in self.parts:
                row = part(row)
            return row

    two = Two()
    assert [layer.number for part in two.parts for layer in part.layers] == [1, 2, 3, 4]
    assert len({p.label for p in two.parameters()}) == len(two.parameters())
    assert two([1, 2])[0].label == r"\hat{y}_{1}"
    assert two.parts[1].aliases == {r"O_{41}": r"\hat{y}_{1}", r"O_{42}": r"\hat{y}_{2}"}


def test_numbers_given_stay_and_labels_of_ones_own_too():
    class Given(Module):
        def __init__(self):
            self.a, self.b = Layer(1, 1, layer=2), Layer(1, 1, layer=5)
            self.c = Layer(1, 1)

    given = Given()
    assert [given.a.number, given.b.number, given.c.number] == [2, 5, 6]
    layer = Layer(1, 1)
    layer.neurons[0].bias.label = "shift"
    given.d = layer
    assert layer.number == 7
    assert [p.label for p in layer.parameters()] == ["W_{11}^7", "shift"]


def test_layers_set_from_outside_are_numbered_too():
    module = Module()
    module.layers = [Layer(1, 1), Layer(1, 1)]
    module.more = {"a": Layer(1, 1)}
    numbers = [layer.number for layer in (*module.layers, module.more["a"])]
    assert numbers == [1, 2, 3]


def test_a_shared_layer_has_one_number():
    class Shared(Module):
        def __init__(self):
            self.a = Layer(2, 2)
            self.again = self.a
            self.b = Layer(2, 2)

    shared = Shared()
    assert (shared.a.number, shared.b.number) == (1, 2)
    assert len(shared.parameters()) == 12


def test_attributes_may_be_called_and_hold_what_they_like():
    class Own(Module):
        def __init__(self):
            self.modules = {"a": [Layer(1, 1)], "b": (Layer(1, 1), 7, "text")}
            self.cycle = [self]
            self.cycle.append(self.cycle)

    own = Own()
    assert [layer.number for layer in (own.modules["a"][0], own.modules["b"][0])] == [1, 2]
    assert own.eval().modules["a"][0].training is False


def test_what_it_computes_may_be_forward_or_call_and_must_be_something():
    class Called(Module):
        def __call__(self, x):
            return 2 * x

    assert Called()(3.0) == 6.0
    with pytest.raises(ArgumentTypeError, match=r"does not say what it computes\n.*forward"):
        Module()(1)

    class Shape(Module, ABC):
        @abstractmethod
        def forward(self, x): ...

    with pytest.raises(TypeError, match="abstract"):
        Shape()


def test_modules_are_found_wherever_they_stand_and_switched_together():
    model = Sequential(Linear(2, 2), Dropout(0.5), Sequential(Dropout(0.1), tanh))
    kinds = [type(module).__name__ for module in model.modules()]
    assert kinds == ["Sequential", "Linear", "Dropout", "Sequential", "Dropout"]
    assert model.eval() is model
    assert not any(module.training for module in model.modules())
    model.train()
    assert all(module.training for module in model.modules())


def test_rows_of_pandas_and_numpy_go_in():
    class Series:
        def to_numpy(self):
            return np.array([0.5, -1.0])

    for model in (Net(), MLP(2, [2, 1], seed=1), Sequential(Linear(2, 1, seed=1), LayerNorm(1))):
        expected = model([0.5, -1.0])
        for row in (np.array([0.5, -1.0]), Series(), np.array([0.5, -1.0], dtype=np.float32)):
            found = model(row)
            assert str(found) == str(expected)


# Activations


def test_an_activation_may_be_a_function():
    def swish(z):
        return z * z.sigmoid()

    neuron = Neuron(1, activation=swish, init=constant(W=2, b=0))
    assert neuron.activation == "swish"
    assert neuron([0.5]).data == pytest.approx(1 / (1 + math.exp(-1)))
    assert neuron([0.5]).label == "O_{11}"
    model = MLP(2, [2, 1], activation=swish, output=autograd.sigmoid)
    assert repr(model) == "MLP(2 -> 2 swish -> 1 sigmoid; 9 parameters)"
    for op in (relu, tanh, autograd.gelu, autograd.leaky_relu):
        by_name = MLP(2, [3, 1], activation=op.name, seed=1)([0.5, 1])
        assert MLP(2, [3, 1], activation=op, seed=1)([0.5, 1]).data == by_name.data


# Sequential


def test_a_sequential_is_its_parts_one_after_another():
    model = Sequential(Linear(2, 3, seed=1), tanh, softmax, Linear(3, 2, seed=2), Softmax())
    row = [0.5, -1.0]
    hidden = softmax([x.tanh() for x in model[0](row)])
    expected = softmax(model[3](hidden))
    assert [p.data for p in model(row)] == [p.data for p in expected]
    assert len(model) == 5
    names = [name for name, _ in model.named_parameters()]
    assert names[0] == "0.W_{11}^1"
    assert names[-1] == "3.b_{22}"
    assert repr(Sequential(Linear(1, 2), relu, Softmax())) == (
        "Sequential(Linear(1 -> 2 linear; 4 parameters), relu, Softmax())"
    )


@pytest.mark.parametrize("between", [tanh, softmax, LayerNorm(3), RMSNorm(3), Softmax()])
def test_a_sequential_trains_natively_to_the_last_bit(between):
    def trained(compiled):
        own = copy.deepcopy(between)
        model = Sequential(Linear(2, 3, seed=1), own, Linear(3, 1, seed=2))
        rows = [([0.5, 1.0], 1.0), ([-1.0, 0.25], 0.0)]
        fit(model, rows, mse, SGD(model.parameters(), 0.1), 5, compiled=compiled)
        return model.state_dict()

    pytest.importorskip("llvmlite")
    assert trained(True) == trained(False)


# Dropout


@SETTINGS
@given(ROWS, st.floats(0, 0.95), st.integers(0, 1000))
def test_dropout_drops_or_scales_by_its_own_generator(row, p, seed):
    leaves = [Value(x) for x in row]
    random.seed(1)
    before = random.getstate()
    out = Dropout(p, seed=seed)(leaves)
    assert random.getstate() == before
    assert [x.data for x in out] == [x.data for x in Dropout(p, seed=seed)(row)]
    autograd.sum(out).backward()
    for x, y in zip(leaves, out, strict=True):
        assert (y.data, x.grad) in {(0.0, 0.0), (x.data * (1 / (1 - p)), 1 / (1 - p))} or p == 0
    passed = Dropout(p).eval()(leaves)
    assert all(a is b for a, b in zip(passed, leaves, strict=True))


def test_dropout_keeps_as_many_as_it_says_and_the_mean():
    kept = [y.data for y in Dropout(0.25, seed=1)([1.0] * 20_000)]
    assert kept.count(0.0) / 20_000 == pytest.approx(0.25, abs=0.01)
    assert sum(kept) / 20_000 == pytest.approx(1, abs=0.01)


def test_a_training_with_dropout_is_not_compiled_but_one_without_is():
    pytest.importorskip("llvmlite")
    model = Sequential(Linear(1, 2, seed=1), Dropout(0.5, seed=1), Linear(2, 1, seed=2))
    optimizer = SGD(model.parameters(), 0.01)
    rows = [([1.0], 2.0)]
    with pytest.raises(ArgumentError, match="Dropout draws for each row anew"):
        fit(model, rows, mse, optimizer, 3, compiled=True)
    assert len(fit(model, rows, mse, optimizer, 3)) == 3
    assert len(fit(model.eval(), rows, mse, optimizer, 3, compiled=True)) == 3


# Embedding


def test_an_embedding_gives_rows_of_parameters():
    table = Embedding(12, 3, seed=1, symbol="P")
    assert [x.label for x in table(np.int64(0))] == ["P_{11}", "P_{12}", "P_{13}"]
    assert table(11)[0].label == "P_{12,1}"
    rows = table(np.array([[2, 0], [2, 1]]))
    assert rows[0][0] == rows[1][0] == table(2)
    assert len(table.parameters()) == 36
    autograd.sum(table(4)).backward()
    assert sum(p.grad for p in table.parameters()) == 3
    assert {x.data for x in Embedding(2, 2, init=constant(W=0.5)).parameters()} == {0.5}
    assert Embedding(3, 2, seed=5).state_dict() == Embedding(3, 2, seed=5).state_dict()


# Norms


@SETTINGS
@given(st.lists(st.floats(-10, 10), min_size=2, max_size=6), st.data())
def test_norms_are_their_formulas(row, data):
    scales = st.lists(st.floats(-2, 2), min_size=len(row), max_size=len(row))
    gains, shifts = data.draw(scales), data.draw(scales)
    layer, rms = LayerNorm(len(row), eps=1e-3), RMSNorm(len(row), eps=1e-3)
    for p, number in zip([*layer.gain, *rms.gain], gains * 2, strict=True):
        p.data = number
    for p, number in zip(layer.shift, shifts, strict=True):
        p.data = number
    x, g, b = np.array(row), np.array(gains), np.array(shifts)
    expected = g * (x - x.mean()) / np.sqrt(x.var() + 1e-3) + b
    assert [y.data for y in layer(row)] == pytest.approx(expected, rel=1e-9, abs=1e-9)
    expected = g * x / np.sqrt((x * x).mean() + 1e-3)
    assert [y.data for y in rms(row)] == pytest.approx(expected, rel=1e-9, abs=1e-9)


def test_norms_name_their_parameters():
    assert [p.label for p in LayerNorm(2).parameters()] == [
        r"\gamma_{1}", r"\gamma_{2}", r"\beta_{1}", r"\beta_{2}",
    ]  # fmt: skip
    assert [name for name, _ in RMSNorm(2).named_parameters()] == ["gain.0", "gain.1"]


def test_all_copy_and_pickle():
    model = Sequential(
        Linear(2, 3, seed=1), LayerNorm(3), tanh, Dropout(0.5, seed=1), RMSNorm(3), Softmax()
    )
    for twin in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert twin.state_dict() == model.state_dict()
        assert str(twin([1, 2])) == str(copy.deepcopy(model)([1, 2]))


@pytest.mark.parametrize(
    ("make", "error", "says"),
    [
        (Sequential, ArgumentError, "no parts"),
        (lambda: Sequential(Linear(1, 1), Softmax), ArgumentTypeError, r"part 1.*\n.*Softmax\(\)"),
        (lambda: Sequential("relu"), ArgumentTypeError, "part 0 of a Sequential is 'relu'"),
        (lambda: Dropout(1.0), ArgumentError, "p = 1.0"),
        (lambda: Dropout("0.5"), ArgumentError, "p = '0.5'"),
        (lambda: Dropout(0.5, seed="x"), ArgumentTypeError, "no seed"),
        (lambda: Embedding(0, 2), ArgumentError, "number of rows is 0"),
        (lambda: Embedding(3, 2)(3), ArgumentError, "no row 3 .* 3 rows"),
        (lambda: Embedding(3, 2)(-1), ArgumentError, "no row -1"),
        (lambda: Embedding(3, 2)(1.0), ArgumentTypeError, r"1.0 \(float\) is no row"),
        (lambda: Embedding(3, 2)("ab"), ArgumentTypeError, "str"),
        (lambda: LayerNorm(0), ArgumentError, "length of a row is 0"),
        (lambda: LayerNorm(2, eps=-1), ArgumentError, "eps is -1"),
        (lambda: LayerNorm(2)([1.0]), ArgumentError, r"1 number where 2 .*\n.*LayerNorm\(1\)"),
        (lambda: Layer(1, 1, activation=lambda z: 0.5), ArgumentError, "no activation"),
        (lambda: Linear(2, 0), ArgumentError, "number of neurons is 0"),
    ],
)
def test_what_cannot_be_says_why(make, error, says):
    with pytest.raises(error, match=says) as caught:
        make()
    assert "\nhint: " in str(caught.value)


# Attention


def attended(attention, rows):
    """Numpy's answer: all scores at once, those of later rows masked."""
    weights = [
        np.array([[w.data for w in n.weights] for n in layer.neurons])
        for layer in (attention.query, attention.key, attention.value, attention.out)
    ]
    x = np.array(rows)
    q, k, v = (x @ w.T for w in weights[:3])
    size = x.shape[1] // attention.heads
    mixed = np.zeros_like(x)
    for at in range(0, x.shape[1], size):
        part = slice(at, at + size)
        scores = q[:, part] @ k[:, part].T / np.sqrt(size)
        scores[np.triu_indices(len(rows), 1)] = -np.inf
        chances = np.exp(scores - scores.max(axis=1, keepdims=True))
        mixed[:, part] = chances / chances.sum(axis=1, keepdims=True) @ v[:, part]
    return mixed @ weights[3].T


@pytest.mark.parametrize(("width", "heads"), [(4, 1), (4, 2), (6, 3), (3, 3), (1, 1)])
@pytest.mark.parametrize("length", [1, 2, 5])
def test_attention_is_its_formula(width, heads, length):
    draw = random.Random(width * heads + length)
    attention = SelfAttention(width, heads, seed=3)
    rows = [[draw.gauss(0, 1) for _ in range(width)] for _ in range(length)]
    expected = attended(attention, rows)
    for given_ in (rows, np.array(rows)):
        assert [[y.data for y in row] for row in attention(given_)] == [
            pytest.approx(list(row), abs=1e-12) for row in expected
        ]


def test_attention_never_looks_ahead():
    attention = SelfAttention(2, seed=1)
    inputs = [[Value(0.5), Value(-1.0)], [Value(1.0), Value(2.0)]]
    first, _ = attention(inputs)
    autograd.sum(first).backward()
    assert all(x.grad != 0 for x in inputs[0])
    assert all(x.grad == 0 for x in inputs[1])


@pytest.mark.parametrize(("width", "heads"), [(4, 3), (0, 1), (4, 0)])
def test_heads_part_the_width(width, heads):
    with pytest.raises(ArgumentError, match=r"heads|width"):
        SelfAttention(width, heads)
