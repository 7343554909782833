"""nn against PyTorch: the same values and gradients, steps and networks, to 1e-12."""

from __future__ import annotations

import random
import sys

import pytest

import autograd
from autograd import ArgumentError, ArgumentTypeError, Value, sigmoid, tanh
from nn import MLP, Layer, LayerNorm, Linear, SelfAttention, Sequential, from_torch, mse, to_torch
from tests import against_torch

GOLDEN = against_torch.golden()
LOSSES = against_torch.cases()
TRAININGS = against_torch.trainings()


def close(numbers):
    return pytest.approx(numbers, rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("name", LOSSES)
def test_a_loss_is_pytorchs(name):
    ours, theirs = against_torch.ours(name, LOSSES[name]), GOLDEN["losses"][name]
    assert ours["values"] == close(theirs["values"])
    assert ours["gradients"] == close(theirs["gradients"])


def test_the_golden_losses_are_pytorchs():
    pytest.importorskip("torch")
    assert GOLDEN["losses"].keys() == LOSSES.keys()
    for name, case in LOSSES.items():
        fresh, theirs = against_torch.theirs(name, case), GOLDEN["losses"][name]
        assert fresh["values"] == close(theirs["values"])
        assert fresh["gradients"] == close(theirs["gradients"])


@pytest.mark.parametrize("name", TRAININGS)
def test_every_step_and_rate_is_pytorchs(name):
    ours, theirs = against_torch.our_steps(*TRAININGS[name]), GOLDEN["steps"][name]
    assert ours["path"] == close(theirs["path"])
    assert ours["rates"] == close(theirs["rates"])


def test_the_golden_steps_are_pytorchs():
    pytest.importorskip("torch")
    assert GOLDEN["steps"].keys() == TRAININGS.keys()
    for name, training in TRAININGS.items():
        fresh, theirs = against_torch.their_steps(*training), GOLDEN["steps"][name]
        assert fresh["path"] == close(theirs["path"])
        assert fresh["rates"] == close(theirs["rates"])


# Networks there and back

ACTIVATIONS = [
    "linear", "relu", "tanh", "sigmoid", "gelu", "silu", "elu", "softplus", "leaky_relu",
    "softsign",
]  # fmt: skip


def outputs(model, row):
    found = model(row)
    return found if isinstance(found, list) else [found]


def gradients_of_both(torch, model, module, row):
    """Outputs and gradients, each parameter's and input's, of one and the other."""
    inputs = [Value(x) for x in row]
    model.zero_grad()
    ours = outputs(model, inputs)
    autograd.sum(k * y * y for k, y in enumerate(ours, start=1)).backward()
    tensor = torch.tensor(row, dtype=torch.float64, requires_grad=True)
    module.zero_grad()
    theirs = module(tensor)
    (theirs * theirs * torch.arange(1, len(ours) + 1)).sum().backward()
    their_grads = []
    for part in module:
        if isinstance(part, torch.nn.Linear):
            for j, weights in enumerate(part.weight.grad.tolist()):
                their_grads += [
                    *weights,
                    *([] if part.bias is None else [part.bias.grad[j].item()]),
                ]
    return (
        ([y.data for y in ours], [x.grad for x in inputs], [p.grad for p in model.parameters()]),
        (theirs.tolist(), tensor.grad.tolist(), their_grads),
    )


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_a_network_is_the_same_in_pytorch_and_back(activation):
    torch = pytest.importorskip("torch")
    draw = random.Random(activation)
    model = MLP(3, [4, 3, 2], activation=activation, output="tanh", seed=draw)
    for p in model.parameters():
        p.data += draw.uniform(-0.5, 0.5)
    module = to_torch(model)
    for _ in range(5):
        row = [draw.uniform(-2, 2) for _ in range(3)]
        for ours, theirs in zip(*gradients_of_both(torch, model, module, row), strict=True):
            assert ours == close(theirs)
    back = from_torch(module)
    assert repr(back) == repr(model)
    assert back.state_dict() == model.state_dict()


def test_layers_and_sequentials_go_to_pytorch_too():
    torch = pytest.importorskip("torch")
    for model in (
        Layer(2, 3, activation="tanh", seed=1),
        Layer(2, 3, activation="tanh", seed=1, bias=False),
        Sequential(Linear(2, 3, seed=1, bias=False), tanh, Linear(3, 1, seed=2)),
        Sequential(Linear(2, 3, seed=1), tanh, MLP(3, [2, 1], seed=2), sigmoid),
    ):
        ours, theirs = gradients_of_both(torch, model, to_torch(model), [0.5, -1.0])
        for a, b in zip(ours, theirs, strict=True):
            assert a == close(b)


def test_modules_of_pytorch_come_as_they_are():
    torch = pytest.importorskip("torch")
    nn = torch.nn
    module = nn.Sequential(
        nn.Linear(2, 3, bias=False), nn.ReLU(), nn.Linear(3, 2), nn.ReLU(), nn.Linear(2, 1)
    )
    model = from_torch(module)
    assert repr(model) == "MLP(2 -> 3 relu without bias -> 2 relu -> 1 linear; 17 parameters)"
    expected = module.double()(torch.tensor([0.5, -1.0], dtype=torch.float64))
    assert model([0.5, -1.0]).data == close(expected.item())
    assert mse(from_torch(nn.Linear(2, 1))([1, 2]), 0.0).data >= 0


def test_what_is_no_mlp_is_refused():
    torch = pytest.importorskip("torch")
    nn = torch.nn
    linear = nn.Linear(2, 2)
    for make, error, says in (
        (lambda: from_torch(nn.Conv1d(1, 1, 1)), ArgumentTypeError, "given a Conv1d"),
        (lambda: from_torch([linear]), ArgumentTypeError, "given a list"),
        (lambda: from_torch(nn.Sequential()), ArgumentError, "no Linear"),
        (lambda: from_torch(nn.Sequential(nn.Tanh(), linear)), ArgumentError, "part 0, Tanh"),
        (
            lambda: from_torch(nn.Sequential(linear, nn.LeakyReLU(0.5))),
            ArgumentError,
            "LeakyReLU.*0.5",
        ),
        (
            lambda: from_torch(nn.Sequential(linear, nn.ReLU(), linear, nn.Tanh(), linear)),
            ArgumentError,
            "not relu and tanh",
        ),
        (
            lambda: from_torch(nn.Sequential(linear, nn.ReLU(), nn.Linear(3, 1))),
            ArgumentError,
            "3 inputs stands behind one of 2",
        ),
        (lambda: to_torch(MLP(1, [1], output="cube")), ArgumentError, "activation cube"),
        (lambda: to_torch(LayerNorm(2)), ArgumentTypeError, "given LayerNorm"),
    ):
        with pytest.raises(error, match=says) as caught:
            make()
        assert "\nhint: " in str(caught.value)


def test_without_pytorch_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(ImportError, match="pip install torch"):
        to_torch(MLP(1, [1]))


def test_attention_is_pytorchs():
    torch = pytest.importorskip("torch")
    attention = SelfAttention(6, heads=2, bias=True, seed=4)
    draw = random.Random(5)
    for p in attention.parameters():
        p.data = draw.gauss(0, 1)
    theirs = torch.nn.MultiheadAttention(6, 2, dtype=torch.float64)
    layers = [attention.query, attention.key, attention.value, attention.out]
    w = [torch.tensor([[x.data for x in n.weights] for n in layer.neurons]) for layer in layers]
    b = [torch.tensor([n.bias.data for n in layer.neurons]) for layer in layers]
    with torch.no_grad():
        theirs.in_proj_weight.copy_(torch.cat(w[:3]))
        theirs.in_proj_bias.copy_(torch.cat(b[:3]))
        theirs.out_proj.weight.copy_(w[3])
        theirs.out_proj.bias.copy_(b[3])
    rows = [[draw.gauss(0, 1) for _ in range(6)] for _ in range(4)]
    x = torch.tensor(rows, dtype=torch.float64)
    mask = torch.triu(torch.ones(4, 4, dtype=torch.bool), 1)
    made, _ = theirs(x, x, x, attn_mask=mask)
    for ours, row in zip(attention(rows), made.tolist(), strict=True):
        assert [y.data for y in ours] == pytest.approx(row, abs=1e-12)
