"""nn/schedules.py: each rate is its formula, wrong settings are told; test_torch has the rest."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograd import ArgumentError, ArgumentTypeError, Value
from nn import (
    SGD,
    CosineAnnealingLR,
    LinearLR,
    ReduceLROnPlateau,
    Schedule,
    SequentialLR,
    StepLR,
)

SETTINGS = settings(max_examples=60)


def optimizer(lr=0.5):
    return SGD([Value(1.0, "w")], lr=lr)


@SETTINGS
@given(st.floats(1e-6, 10), st.integers(1, 20), st.integers(0, 60), st.floats(0.1, 1.5))
def test_rates_are_their_formulas_and_so_set(lr, n, t, gamma):
    for make, expected in (
        (lambda o: StepLR(o, n, gamma), lr * gamma ** (t // n)),
        (lambda o: CosineAnnealingLR(o, n), lr * math.cos(math.pi * t / n / 2) ** 2),
        (lambda o: LinearLR(o, gamma, 1.0, n), lr * (gamma + (1 - gamma) * min(t / n, 1))),
    ):
        steps = optimizer(lr)
        schedule = make(steps)
        assert steps.lr == schedule.rate(0)
        for _ in range(t):
            schedule.step()
        assert steps.lr == schedule.rate(t) == pytest.approx(expected, rel=1e-9, abs=1e-9)


def test_a_sequence_begins_each_schedule_anew():
    steps = optimizer(8.0)
    parts = [LinearLR(steps, 0.5, 1.0, 2), StepLR(steps, 1, 0.5), StepLR(steps, 1, 0.25)]
    schedule = SequentialLR(steps, parts, [2, 4])
    rates = [steps.lr]
    for _ in range(5):
        schedule.step()
        rates.append(steps.lr)
    assert rates == [4, 6, 8, 4, 8, 2]


@pytest.mark.parametrize(
    "make", [lambda o: StepLR(o, 2, 0.5), lambda o: ReduceLROnPlateau(o, factor=0.5, patience=1)]
)
def test_a_state_goes_through_json(make):
    def run(schedule, count):
        for _ in range(count):
            schedule.step(1.0) if isinstance(schedule, ReduceLROnPlateau) else schedule.step()

    whole, halved = make(optimizer()), make(optimizer())
    run(whole, 7)
    run(halved, 3)
    again = make(optimizer())
    again.load_state_dict(json.loads(json.dumps(halved.state_dict())))
    again.optimizer.load_state_dict(halved.optimizer.state_dict())
    run(again, 4)
    assert again.optimizer.lr == whole.optimizer.lr
    assert again.state_dict() == whole.state_dict()


STEPS = optimizer()


@pytest.mark.parametrize(
    ("make", "error", "says"),
    [
        (lambda: StepLR(0.1, 3), ArgumentTypeError, "given a float as its optimizer"),
        (lambda: StepLR(STEPS, 0), ArgumentError, "step_size is 0"),
        (lambda: StepLR(STEPS, 2, 0), ArgumentError, "gamma is 0"),
        (lambda: CosineAnnealingLR(STEPS, 1.5), ArgumentError, "T_max is 1.5"),
        (lambda: CosineAnnealingLR(STEPS, 5, -1), ArgumentError, "eta_min is -1"),
        (lambda: LinearLR(STEPS, "a"), ArgumentError, "start_factor is 'a'"),
        (lambda: ReduceLROnPlateau(STEPS, "least"), ArgumentError, "mode is 'least'"),
        (lambda: ReduceLROnPlateau(STEPS, factor=2), ArgumentError, "factor is 2"),
        (lambda: ReduceLROnPlateau(STEPS).step(), ArgumentError, "the loss is None"),
        (lambda: ReduceLROnPlateau(STEPS).step(math.nan), ArgumentError, "the loss is nan"),
        (lambda: SequentialLR(STEPS, [StepLR(STEPS, 1)], [2]), ArgumentError, "milestones"),
        (lambda: SequentialLR(STEPS, [StepLR(STEPS, 1)] * 3, [2, 2]), ArgumentError, "milestones"),
        (lambda: SequentialLR(STEPS, [StepLR(optimizer(), 1)], []), ArgumentError, "no part"),
        (lambda: SequentialLR(STEPS, [ReduceLROnPlateau(STEPS)], []), ArgumentError, "no part"),
        (lambda: StepLR(STEPS, 1).load_state_dict({"step": 1}), ArgumentError, "does not fit"),
        (lambda: StepLR(STEPS, 1).load_state_dict({"steps": "1"}), ArgumentError, "steps in the"),
    ],
)
def test_what_cannot_be_says_why(make, error, says):
    with pytest.raises(error, match=says) as caught:
        make()
    assert "\nhint: " in str(caught.value)
    with pytest.raises(NotImplementedError, match="Schedule has no rate"):
        Schedule(STEPS)
