"""nn/modules.py: parameters are found wherever they stand, and saved and restored by name."""

from __future__ import annotations

import json
import math

import pytest

from autograd import ArgumentError, ArgumentTypeError, Value
from nn import MLP, Module


class Pair(Module):
    def __init__(self):
        self.first = MLP(1, [1], seed=1)
        self.gain = Value(3.0)
        self.extras = {"a": [Value(1.0), self.gain], "b": (Value(2.0),)}
        self.fixed = Value(9.0).detach()
        self.cached = self.gain * 2
        self.name = "no parameter"


def test_parameters_are_found_wherever_they_stand_and_once():
    pair = Pair()
    assert [name for name, _ in pair.named_parameters()] == [
        "first.W_{11}^1", "first.b_{11}", "gain", "extras.a.0", "extras.b.0",
    ]  # fmt: skip
    assert pair.parameters() == [p for _, p in pair.named_parameters()]


def test_zero_grad_clears_every_parameter():
    model = MLP(2, [3, 1], activation="tanh", seed=1)
    model([1, 2]).backward()
    assert all(p.grad for p in model.parameters())
    model.zero_grad()
    assert not any(p.grad for p in model.parameters())


def test_a_state_survives_json_and_loading():
    model, other = MLP(2, [3, 1], seed=1), MLP(2, [3, 1], seed=2)
    other.load_state_dict(json.loads(json.dumps(model.state_dict())))
    assert other.state_dict() == model.state_dict()
    assert other([1, 2]).data == model([1, 2]).data


@pytest.mark.parametrize(
    ("change", "error", "says"),
    [
        (lambda s: s.pop("b_{11}"), ArgumentError, r"has no b_\{11\}"),
        (lambda s: s.update(c=1.0), ArgumentError, "has c, which the model does not"),
        (lambda s: s.update({"b_{11}": "1"}), ArgumentTypeError, r"b_\{11\} was given '1'"),
        (lambda s: s.update({"b_{11}": math.nan}), ArgumentError, "not finite"),
        (lambda s: s.update({"b_{11}": 10**400}), ArgumentError, "not finite"),
        (lambda s: s.update({"b_{11}": Value(1.0)}), ArgumentTypeError, "given Value"),
    ],
)
def test_a_state_that_does_not_fit_changes_nothing(change, error, says):
    model = MLP(2, [1], seed=1)
    before = model.state_dict()
    state = dict.fromkeys(before, 5.0)
    change(state)
    with pytest.raises(error, match=says):
        model.load_state_dict(state)
    assert model.state_dict() == before


def test_a_repr_lists_the_first_names():
    names = "first.W_{11}^1, first.b_{11}, gain, extras.a.0, extras.b.0"
    assert repr(Pair()) == f"Pair(5 parameters: {names})"
    assert repr(Module()) == "Module(0 parameters)"
    many = Module()
    many.values = [Value(float(i)) for i in range(7)]
    assert repr(many).endswith("values.3, values.4 and 2 more)")


class _Part(Module):
    def __init__(self, whole: Module) -> None:
        self.whole, self.weight = whole, Value(1.0)


class _Whole(Module):
    def __init__(self) -> None:
        self.bias = Value(2.0)
        self.part = _Part(self)


def test_a_part_may_know_what_it_is_part_of() -> None:
    whole = _Whole()
    assert whole.state_dict() == {"bias": 2.0, "part.weight": 1.0}
    assert set(whole.part.state_dict()) == {"weight", "whole.bias"}


def test_names_that_are_written_alike_are_refused() -> None:
    module = Module()
    module.table = {1: Value(1.0), "1": Value(2.0)}  # type: ignore[attr-defined]
    with pytest.raises(ArgumentError, match=r"table\.1"):
        module.state_dict()
