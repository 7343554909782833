"""nn/networks.py and nn/initializers.py: networks compute their formula and are labelled by it."""

from __future__ import annotations

import copy
import math
import pickle
import random
from statistics import fmean, pvariance

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd
from autograd import (
    ArgumentError,
    ArgumentTypeError,
    NotANumberError,
    Value,
    operation,
    topological_order,
)
from nn import (
    MLP,
    Initializer,
    Layer,
    Linear,
    Neuron,
    constant,
    he,
    uniform,
    xavier,
)

SETTINGS = settings(max_examples=60)
NUMBERS = st.floats(-3, 3)

ACTIVATIONS = {
    "linear": lambda z: z,
    "relu": lambda z: max(z, 0.0),
    "tanh": math.tanh,
    "sigmoid": lambda z: 1 / (1 + math.exp(-z)),
    "leaky_relu": lambda z: z if z > 0 else 0.01 * z,
    "softplus": lambda z: math.log(1 + math.exp(z)),
}


def predicted(model, row, inside, outside):
    """The network's formula in plain floats, written without nn."""
    outputs = list(row)
    for layer in model.layers:
        act = outside if layer is model.layers[-1] else inside
        outputs = [
            act(sum(w.data * x for w, x in zip(n.weights, outputs, strict=True)) + n.bias.data)
            for n in layer.neurons
        ]
    return outputs


@SETTINGS
@given(
    sizes=st.lists(st.integers(1, 4), min_size=1, max_size=3),
    row=st.lists(NUMBERS, min_size=1, max_size=3),
    inside=st.sampled_from(sorted(ACTIVATIONS)),
    outside=st.sampled_from(sorted(ACTIVATIONS)),
    seed=st.integers(0, 10**6),
)
def test_a_network_computes_its_formula(sizes, row, inside, outside, seed):
    model = MLP(len(row), sizes, activation=inside, output=outside, seed=seed)
    outputs = model(row)
    outputs = outputs if isinstance(outputs, list) else [outputs]
    expected = predicted(model, row, ACTIVATIONS[inside], ACTIVATIONS[outside])
    assert [v.data for v in outputs] == pytest.approx(expected, rel=1e-12, abs=1e-12)


def test_defaults_are_micrograds_relu_inside_and_linear_at_the_end():
    model = MLP(2, [3, 4, 1])
    assert [n.activation for layer in model.layers for n in layer.neurons] == ["relu"] * 7 + [
        "linear"
    ]
    assert Neuron(2).activation == "relu"
    assert Neuron(2, False).activation == "linear"
    assert [n.activation for n in Layer(2, 2, nonlin=False).neurons] == ["linear"] * 2


def test_default_weights_are_micrograds_for_the_same_random_seed():
    random.seed(1337)
    model = MLP(2, [16, 16, 1])
    random.seed(1337)
    expected = []
    for nin, nout in ((2, 16), (16, 16), (16, 1)):
        for _ in range(nout):
            expected += [random.uniform(-1, 1) for _ in range(nin)] + [0.0]
    assert [p.data for p in model.parameters()] == expected
    assert len(expected) == 337


def test_micrograds_demo_loop_trains_as_numpy_says():
    generator = random.Random(3)
    x = [[generator.gauss(0, 1), generator.gauss(0, 1)] for _ in range(12)]
    y = [1 if a * b > 0 else -1 for a, b in x]
    random.seed(5)
    model = MLP(2, [8, 1])
    w1, b1, w2, b2 = parts(model)

    for k in range(4):
        # As in micrograd's demo.ipynb.
        inputs = [list(map(Value, row)) for row in x]
        scores = list(map(model, inputs))
        losses = [(1 + -yi * scorei).relu() for yi, scorei in zip(y, scores, strict=True)]
        data_loss = sum(losses) * (1.0 / len(losses))
        reg_loss = 1e-4 * sum(p * p for p in model.parameters())
        total_loss = data_loss + reg_loss
        model.zero_grad()
        total_loss.backward()
        learning_rate = 1.0 - 0.9 * k / 100
        for p in model.parameters():
            p.data -= learning_rate * p.grad

        # The same by matrices.
        xs, ys = np.array(x), np.array(y)
        z = xs @ w1 + b1
        hidden = np.maximum(z, 0)
        score = hidden @ w2 + b2
        assert total_loss.data == pytest.approx(
            np.mean(np.maximum(1 - ys * score, 0))
            + 1e-4 * sum((a * a).sum() for a in (w1, b1, w2, np.array(b2))),
            rel=1e-12,
        )
        by_score = np.where(1 - ys * score > 0, -ys, 0) / len(ys)
        by_z = np.outer(by_score, w2) * (z > 0)
        w2_next = w2 - learning_rate * (hidden.T @ by_score + 2e-4 * w2)
        b2 = b2 - learning_rate * (by_score.sum() + 2e-4 * b2)
        w1 = w1 - learning_rate * (xs.T @ by_z + 2e-4 * w1)
        b1 = b1 - learning_rate * (by_z.sum(axis=0) + 2e-4 * b1)
        w2 = w2_next
        for ours, theirs in zip(parts(model), (w1, b1, w2, b2), strict=True):
            assert ours == pytest.approx(theirs, rel=1e-10, abs=1e-12)


def parts(model):
    hidden, (last,) = model.layers[0].neurons, model.layers[1].neurons
    return (
        np.array([[w.data for w in n.w] for n in hidden]).T,
        np.array([n.b.data for n in hidden]),
        np.array([w.data for w in last.w]),
        last.b.data,
    )


# Labels


def test_the_notes_network_is_labelled_as_in_the_notes():
    model = MLP(2, [2, 1], activation="linear", init=constant(W=1, b=0))
    assert [name for name, _ in model.named_parameters()] == [
        "W_{11}^1", "W_{21}^1", "b_{11}", "W_{12}^1", "W_{22}^1", "b_{12}",
        "W_{11}^2", "W_{21}^2", "b_{21}",
    ]  # fmt: skip
    assert all(p.label == name for name, p in model.named_parameters())
    y_hat = model([80, 8])
    values = {node.label: node.data for node in topological_order(y_hat) if node.label}
    assert values["x_{1}"] == 80
    assert values["x_{2}"] == 8
    assert values["O_{11}"] == values["O_{12}"] == 88
    assert values[r"\hat{y}"] == y_hat.data == 176
    assert model.aliases == {"O_{21}": r"\hat{y}"}


def test_an_activation_parts_z_from_the_output():
    y = MLP(1, [1, 2], activation="tanh", output="sigmoid", seed=1)([0.3])
    assert [v.label for v in y] == [r"\hat{y}_{1}", r"\hat{y}_{2}"]
    assert [v.parents[0].label for v in y] == ["z_{21}", "z_{22}"]
    labels = {node.label for node in topological_order(y[0])}
    assert {"z_{11}", "O_{11}"} <= labels


def test_indices_of_two_digits_are_parted_by_commas():
    model = MLP(12, [3, 11], seed=0)
    names = [name for name, _ in model.named_parameters()]
    assert "W_{12,3}^1" in names
    assert "W_{3,11}^2" in names
    assert "b_{2,11}" in names
    assert "W_{93}^1" in names
    assert len(set(names)) == len(names)
    deep = MLP(1, [1] * 11, seed=0)
    assert [name for name, _ in deep.named_parameters()][-2:] == ["W_{11}^{11}", "b_{11,1}"]
    assert list(deep.aliases) == ["O_{11,1}"]


def test_a_number_given_as_input_is_one_labelled_constant_and_a_value_stays_itself():
    x = Value(2.0, "x")
    layer = Layer(2, 3, seed=1)
    outputs = layer([x, 5.0])
    nodes = {node for output in outputs for node in topological_order(output)}
    assert x in nodes
    assert [n.data for n in nodes if n.is_constant and n.label == "x_{2}"] == [5.0]
    autograd.sum(outputs).backward()
    slopes = (n.weights[0].data for n, out in zip(layer.neurons, outputs, strict=True) if out > 0)
    assert x.grad == pytest.approx(sum(slopes))


def test_rows_may_be_tuples_arrays_iterators_and_single_numbers():
    model = MLP(2, [1], seed=1)
    expected = model([0.5, -1.0]).data
    for row in ((0.5, -1.0), np.array([0.5, -1.0]), iter([0.5, -1.0])):
        assert model(row).data == expected
    one = MLP(1, [1], seed=1)
    assert one(0.5).data == one([0.5]).data


# Initializers


def test_the_same_seed_gives_the_same_network_and_leaves_pythons_generator_alone():
    random.seed(1)
    state = random.getstate()
    for init in (uniform(), xavier(), he()):
        twins = [MLP(3, [4, 2], init=init, seed=11).state_dict() for _ in range(2)]
        assert twins[0] == twins[1]
        assert twins[0] != MLP(3, [4, 2], init=init, seed=12).state_dict()
    assert random.getstate() == state
    generator = random.Random(11)
    assert MLP(3, [4], seed=generator).state_dict() == MLP(3, [4], seed=11).state_dict()
    assert MLP(3, [4], seed=generator).state_dict() != MLP(3, [4], seed=11).state_dict()


def test_constant_sets_every_weight_and_bias():
    state = MLP(3, [2, 2], init=constant(W=0.1, b=-2)).state_dict()
    assert {v for k, v in state.items() if k.startswith("W")} == {0.1}
    assert {v for k, v in state.items() if k.startswith("b")} == {-2.0}


@pytest.mark.parametrize(
    ("init", "variance"),
    [(uniform(-0.5, 0.5), 1 / 12), (xavier(), 2 / (40 + 60)), (he(), 2 / 40)],
)
def test_weights_have_the_variance_their_source_asks_for(init, variance):
    layer = Layer(40, 60, init=init, seed=2)
    weights = [w.data for n in layer.neurons for w in n.weights]
    assert pvariance(weights) == pytest.approx(variance, rel=0.05)
    assert fmean(weights) == pytest.approx(0, abs=0.02)
    assert all(n.bias.data == 0 for n in layer.neurons)


def test_weights_stay_within_their_bounds():
    for init, bound in ((uniform(-0.2, 0.2), 0.2), (xavier(), math.sqrt(6 / (3 + 50)))):
        weights = [w.data for n in Layer(3, 50, init=init, seed=0).neurons for w in n.weights]
        assert max(map(abs, weights)) <= bound
        assert max(map(abs, weights)) > 0.9 * bound


def test_an_initializer_of_ones_own():
    sizes = Initializer("sizes", lambda generator, nin, nout: nin + nout / 10, bias=7)
    model = MLP(2, [3, 1], init=sizes)
    assert model.layers[0].neurons[2].weights[1].data == 2.3
    assert model.layers[1].neurons[0].weights[0].data == 3.1
    assert model.layers[1].neurons[0].bias.data == 7


def test_networks_copy_and_pickle():
    model = MLP(2, [2, 1], activation="gelu", seed=3)
    for twin in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert twin.state_dict() == model.state_dict()
        assert twin([1, 2]).data == model([1, 2]).data
        twin.parameters()[0].data = 100
        assert twin.state_dict() != model.state_dict()


def test_a_repr_says_the_shape():
    assert repr(MLP(2, [16, 16, 1])) == "MLP(2 -> 16 relu -> 16 relu -> 1 linear; 337 parameters)"
    assert repr(Layer(2, 3, activation="tanh")) == "Layer(2 -> 3 tanh; 9 parameters)"
    assert repr(Neuron(1, nonlin=False)) == "Neuron(1 -> 1 linear; 2 parameters)"


# Bad input


@operation(lambda x, y: 2 * x)
def twice_half_square(x):
    return x * x


def test_an_activation_may_be_an_operation_of_ones_own():
    neuron = Neuron(1, activation=twice_half_square, init=constant(W=3, b=0))
    assert neuron([2]).data == 36
    assert neuron.activation == "twice_half_square"
    assert Neuron(1, activation=autograd.tanh).activation == "tanh"


@pytest.mark.parametrize(
    ("make", "error", "says"),
    [
        (lambda: MLP(2, []), ArgumentError, "without layers"),
        (lambda: MLP(2, 3), ArgumentTypeError, r"MLP\(2, \[3\]\)"),
        (lambda: MLP(2, 2, 1), ArgumentTypeError, r"MLP\(2, \[2, 1\]\)"),
        (lambda: MLP(2, [2, 1])(80, 8), ArgumentTypeError, r"model\(\[80, 8\]\)"),
        (lambda: MLP(0, [1]), ArgumentError, "number of inputs is 0"),
        (lambda: MLP(2, [3, 0]), ArgumentError, "neurons in layer 2 is 0"),
        (lambda: MLP(2, [1.5]), ArgumentError, "1.5"),
        (lambda: MLP(True, [1]), ArgumentError, "True"),
        (lambda: Layer(2, -1), ArgumentError, "number of neurons is -1"),
        (lambda: MLP(2, [1], activation="rleu"), ArgumentError, "did you mean relu"),
        (lambda: MLP(2, [1], activation="ReLU"), ArgumentError, "did you mean relu"),
        (lambda: MLP(2, [1], output=autograd.softmax), ArgumentError, "acts on a whole layer"),
        (lambda: MLP(2, [1], output="softmax"), ArgumentError, "acts on a whole layer"),
        (lambda: MLP(2, [1], activation="add"), ArgumentError, "'add' is no activation"),
        (lambda: MLP(2, [1], activation=math.tanh), ArgumentError, "autograd.operation"),
        (lambda: MLP(2, [1], init=he), ArgumentTypeError, r"init=nn.he\(\)"),
        (lambda: MLP(2, [1], init="he"), ArgumentTypeError, "no initializer"),
        (lambda: MLP(2, [1], seed="7"), ArgumentTypeError, "no seed"),
        (lambda: uniform(1, -1), ArgumentError, "smaller bound first"),
        (lambda: constant(W=math.inf), ArgumentError, "W = inf"),
    ],
)
def test_a_network_that_cannot_be_made_says_why(make, error, says):
    with pytest.raises(error, match=says) as caught:
        make()
    assert "\nhint: " in str(caught.value)


@pytest.mark.parametrize(
    ("row", "error", "says"),
    [
        ([1], ArgumentError, "a row of 1 number was given where 2 are needed"),
        ([1, 2, 3], ArgumentError, "3 numbers"),
        (5, ArgumentError, "1 number"),
        ([[1, 2], [3, 4]], NotANumberError, "not a real number"),
        (["8", 80], NotANumberError, "float"),
        ([None, 80], NotANumberError, "NoneType"),
        (None, ArgumentError, "1 number"),
    ],
)
def test_a_row_that_does_not_fit_says_why(row, error, says):
    for model in (MLP(2, [2, 1]), Layer(2, 2), Neuron(2)):
        with pytest.raises(error, match=says):
            model(row)


def test_a_layer_without_bias():
    layer, twin = Linear(2, 3, seed=1, bias=False), Linear(2, 3, seed=1)
    assert [y.data for y in layer([0.5, -1])] == [y.data for y in twin([0.5, -1])]  # b = 0 there
    assert [name for name, _ in layer.named_parameters()] == [
        "W_{11}^1", "W_{21}^1", "W_{12}^1", "W_{22}^1", "W_{13}^1", "W_{23}^1",
    ]  # fmt: skip
    assert all(neuron.bias is None and neuron.b is None for neuron in layer.neurons)
    assert repr(layer) == "Linear(2 -> 3 linear without bias; 6 parameters)"
    layer.renumber(2)
    assert [p.label for p in layer.parameters()][-1] == "W_{23}^2"
    assert layer([0.5, 2])[0].label == "O_{21}"
    single = Linear(1, 1, init=constant(W=3, b=5), bias=False)
    assert single(2).data == 6
