"""nn/optimizers.py: each step is its formula, taken for all parameters at once or for none."""

from __future__ import annotations

import math
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograd import ArgumentError, ArgumentTypeError, Value
from nn import MLP, SGD, Adam, Optimizer, TrainingError

SETTINGS = settings(max_examples=60)
NUMBERS = st.floats(-10, 10)
STEPS = st.lists(st.tuples(NUMBERS, NUMBERS), min_size=1, max_size=5)


def moved(make, steps):
    """Where two parameters, from 1 and -2, come to by these gradients."""
    parameters = [Value(1.0, "a"), Value(-2.0, "b")]
    optimizer = make(parameters)
    for gradients in steps:
        for parameter, gradient in zip(parameters, gradients, strict=True):
            parameter.grad = gradient
        optimizer.step()
    return [p.data for p in parameters]


@SETTINGS
@given(STEPS, st.floats(1e-4, 1))
def test_sgd_subtracts_the_rate_times_the_gradient(steps, lr):
    expected = [1.0, -2.0]
    for gradients in steps:
        expected = [w - lr * g for w, g in zip(expected, gradients, strict=True)]
    assert moved(lambda ps: SGD(ps, lr), steps) == expected


@SETTINGS
@given(STEPS, st.floats(1e-4, 1), st.floats(0, 0.99))
def test_momentum_is_a_sum_of_past_gradients(steps, lr, m):
    expected = [1.0, -2.0]
    for t in range(len(steps)):
        for i in range(2):
            velocity = math.fsum(m ** (t - s) * steps[s][i] for s in range(t + 1))
            expected[i] -= lr * velocity
    assert moved(lambda ps: SGD(ps, lr, momentum=m), steps) == pytest.approx(expected, rel=1e-9)


@SETTINGS
@given(STEPS, st.floats(1e-4, 1), st.floats(0, 0.99), st.floats(0, 0.999))
def test_adam_divides_the_mean_by_the_root_of_the_mean_square(steps, lr, b1, b2):
    expected = [1.0, -2.0]
    for t in range(1, len(steps) + 1):
        for i in range(2):
            past = [steps[s][i] for s in range(t)]
            first = [b1 ** (t - 1 - s) * (1 - b1) / (1 - b1**t) for s in range(t)]
            second = [b2 ** (t - 1 - s) * (1 - b2) / (1 - b2**t) for s in range(t)]
            mean = math.fsum(w * g for w, g in zip(first, past, strict=True))
            square = math.fsum(w * g * g for w, g in zip(second, past, strict=True))
            expected[i] -= lr * mean / (math.sqrt(square) + 1e-8)
    adam = moved(lambda ps: Adam(ps, lr, betas=(b1, b2)), steps)
    assert adam == pytest.approx(expected, rel=1e-6, abs=1e-9)


def test_all_gradients_are_read_before_anything_moves():
    # As the loss is w1 * w2, a second gradient taken after the first move would be another.
    w1, w2 = Value(3.0), Value(5.0)
    (w1 * w2).backward()
    SGD([w1, w2], lr=0.1).step()
    assert (w1.data, w2.data) == (3.0 - 0.1 * 5.0, 5.0 - 0.1 * 3.0)


@pytest.mark.parametrize("make", [SGD, lambda ps, lr: SGD(ps, lr, momentum=0.5), Adam])
def test_a_step_that_is_not_finite_changes_nothing(make):
    parameters, twins = ([Value(1.0, "a"), Value(-1e308, "W_{11}^2")] for _ in range(2))
    optimizer, twin = make(parameters, 1e10), make(twins, 1e10)
    for p in parameters:
        p.grad = 1e300

    def step_until_it_fails():
        for _ in range(100):
            optimizer.step()

    with pytest.raises(TrainingError, match="smaller learning rate than 1e") as caught:
        step_until_it_fails()
    assert "the update would make " in str(caught.value)
    # Nothing of the failed step is left behind: from here both go the same way.
    failed = [p.data for p in parameters]
    for t in twins:
        t.grad = 1e300
    while [t.data for t in twins] != failed:
        twin.step()
    for p in (*parameters, *twins):
        p.grad = 0.25
    optimizer.lr = twin.lr = 1e-3
    optimizer.step()
    twin.step()
    assert [p.data for p in parameters] == [t.data for t in twins]


def test_the_error_names_the_parameter_its_value_and_its_gradient():
    a, b = Value(1.0, "a"), Value(-1.5e308, "W_{11}^2")
    a.grad, b.grad = 1.0, 1e308
    with pytest.raises(TrainingError) as caught:
        SGD([a, b], lr=1).step()
    for part in ("W_{11}^2", "-inf", "-1.5e+308", "1e+308", "hint: take a smaller"):
        assert part in str(caught.value)
    assert (a.data, b.data) == (1.0, -1.5e308)
    nameless = Value(1e308)
    nameless.grad = -1e308
    with pytest.raises(TrainingError, match="parameter 2"):
        SGD([a, nameless], lr=1).step()


def test_adam_does_not_stall_in_silence_where_a_square_overflows():
    w = Value(1.0, "w")
    w.grad = 1e200
    with pytest.raises(TrainingError, match=r"the update would make w nan: .* gradient 1e\+200"):
        Adam([w], lr=0.001).step()
    assert w.data == 1


def test_zero_grad_clears_every_gradient():
    w = Value(1.0)
    (w * 3).backward()
    SGD([w], 0.1).zero_grad()
    assert w.grad == 0


def test_the_rate_may_change_on_the_way():
    w = Value(1.0)
    w.grad = 1.0
    optimizer = SGD([w], lr=0.5)
    optimizer.step()
    optimizer.lr = 0.25
    optimizer.step()
    assert w.data == 0.25
    with pytest.raises(ArgumentError):
        optimizer.lr = 0
    assert optimizer.lr == 0.25
    assert repr(optimizer) == "SGD(1 parameter, lr=0.25, momentum=0.0)"


def test_an_optimizer_of_ones_own_needs_only_a_step():
    class Signs(Optimizer):
        def step(self):
            self.move([-self.lr * math.copysign(1, p.grad) for p in self.parameters])

    w = Value(1.0)
    w.grad = -7.0
    Signs([w], lr=0.5).step()
    assert w.data == 1.5
    with pytest.raises(NotImplementedError, match="Optimizer has no step"):
        Optimizer([w], lr=1).step()


MODEL = MLP(2, [1], seed=1)
W = MODEL.parameters()


@pytest.mark.parametrize(
    ("make", "error", "says"),
    [
        (lambda: SGD(W, 0), ArgumentError, "learning rate is 0"),
        (lambda: SGD(W, -0.1), ArgumentError, "-0.1"),
        (lambda: SGD(W, math.nan), ArgumentError, "nan"),
        (lambda: Adam(W, math.inf), ArgumentError, "inf"),
        (lambda: SGD(W, "0.1"), ArgumentError, "'0.1'"),
        (lambda: SGD(W, None), ArgumentError, "None"),
        (lambda: SGD(W, 0.1, momentum=1), ArgumentError, "momentum is 1"),
        (lambda: SGD(W, 0.1, momentum=-0.1), ArgumentError, "momentum is -0.1"),
        (lambda: Adam(W, betas=(0.9, 1.0)), ArgumentError, r"betas\[1\] is 1.0"),
        (lambda: Adam(W, eps=0), ArgumentError, "eps is 0"),
        (lambda: SGD(MODEL, 0.1), ArgumentTypeError, r"model.parameters\(\)"),
        (lambda: SGD(MODEL.parameters, 0.1), ArgumentTypeError, r"model.parameters\(\)"),
        (lambda: SGD([1.0], 0.1), ArgumentTypeError, "parameter 1 is 1.0"),
        (lambda: SGD([], 0.1), ArgumentError, "no parameters"),
        (lambda: SGD([W[0], W[0]], 0.1), ArgumentError, "twice"),
        (lambda: SGD([W[0] * 2], 0.1), ArgumentError, "result of an operation"),
        (lambda: SGD([W[0].detach()], 0.1), ArgumentError, "a constant"),
    ],
)
def test_an_optimizer_that_cannot_be_made_says_why(make, error, says):
    with pytest.raises(error, match=says) as caught:
        make()
    assert "\nhint: " in str(caught.value)


@pytest.mark.parametrize(
    "make",
    [
        lambda w: SGD(w, 0.1),
        lambda w: SGD([w], 10**400),
        lambda w: SGD([w], "0.1"),
        lambda w: Adam([w], betas=0.9),
        lambda w: Adam([w], betas=(0.9,)),
        lambda w: Adam([w], eps="small"),
        lambda w: Adam([w], eps=0.0),
    ],
)
def test_bad_settings_say_what_would_be_good(make):
    with pytest.raises((ArgumentError, ArgumentTypeError), match="hint: "):
        make(Value(1.0, "w"))


@pytest.mark.parametrize(
    "make", [lambda ps: SGD(ps, 0.1), lambda ps: SGD(ps, 0.1, momentum=0.5), Adam]
)
@pytest.mark.parametrize("line", range(0, 40, 3))
def test_an_interrupted_step_happens_wholly_or_not_at_all(make, line):
    """A trace stands for Ctrl-C: it raises at one line after another of a step."""

    def state(optimizer):
        own = {k: v for k, v in vars(optimizer).items() if k != "parameters"}
        return [p.data for p in optimizer.parameters], repr(own)

    def ready():
        parameters = [Value(1.0 + n) for n in range(4)]
        for parameter in parameters:
            parameter.grad = 0.5
        return make(parameters)

    untouched, stepped = ready(), ready()
    stepped.step()
    optimizer, lines = ready(), 0

    def trace(frame, event, _):
        nonlocal lines
        if event == "line" and frame.f_code.co_name == "move":
            lines += 1
            if lines == line + 1:
                raise KeyboardInterrupt
        return trace

    sys.settrace(trace)
    try:
        optimizer.step()
    except KeyboardInterrupt:
        assert state(optimizer) == state(untouched)
    else:
        assert state(optimizer) == state(stepped)
    finally:
        sys.settrace(None)
