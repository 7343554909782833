"""nn/optimizers.py: each step is its formula, taken for all parameters at once or for none."""

from __future__ import annotations

import json
import math
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograd import ArgumentError, ArgumentTypeError, Value
from nn import (
    MLP,
    SGD,
    Adagrad,
    Adam,
    AdamW,
    Optimizer,
    RMSProp,
    TrainingError,
)

SETTINGS = settings(max_examples=60)
NUMBERS = st.floats(-10, 10)
ALL = {
    "SGD": SGD,
    "momentum": lambda ps, lr: SGD(ps, lr, momentum=0.5),
    "Nesterov": lambda ps, lr: SGD(ps, lr, 0.5, nesterov=True, weight_decay=0.01),
    "Adam": Adam,
    "AdamW": AdamW,
    "RMSProp": lambda ps, lr: RMSProp(ps, lr, momentum=0.5),
    "Adagrad": Adagrad,
    "clipped": lambda ps, lr: SGD(ps, lr, clip_value=1e299, clip_norm=1e299),
}
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


@pytest.mark.parametrize("make", ALL.values(), ids=ALL)
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


@pytest.mark.parametrize("make", [Adam, AdamW, RMSProp, Adagrad])
def test_none_stalls_in_silence_where_a_square_overflows(make):
    w = Value(1.0, "w")
    w.grad = 1e200
    with pytest.raises(TrainingError, match=r"the update would make w nan: .* gradient 1e\+200"):
        make([w], lr=0.001).step()
    assert w.data == 1


@SETTINGS
@given(STEPS, st.floats(1e-4, 1), st.floats(0, 0.99), st.floats(0, 0.5))
def test_nesterov_looks_ahead_and_decay_adds_to_the_gradient(steps, lr, m, d):
    w, velocity = [1.0, -2.0], [0.0, 0.0]
    for gradients in steps:
        for i in range(2):
            g = gradients[i] + d * w[i]
            velocity[i] = m * velocity[i] + g
            w[i] -= lr * (g + m * velocity[i])
    assert m == 0 or moved(
        lambda ps: SGD(ps, lr, m, nesterov=True, weight_decay=d), steps
    ) == pytest.approx(w, rel=1e-9, abs=1e-12)


@SETTINGS
@given(STEPS, st.floats(1e-4, 1), st.floats(0, 0.5))
def test_adamw_is_adam_and_a_shrinking_beside_it(steps, lr, d):
    for gradients in steps:  # of one step each, as the next begins elsewhere
        plain = moved(lambda ps: Adam(ps, lr), [gradients])
        beside = moved(lambda ps: AdamW(ps, lr, weight_decay=d), [gradients])
        expected = [p - lr * d * w for p, w in zip(plain, (1.0, -2.0), strict=True)]
        assert beside == pytest.approx(expected, rel=1e-12, abs=1e-12)


@SETTINGS
@given(STEPS, st.floats(1e-4, 1), st.floats(0, 0.99))
def test_rmsprop_and_adagrad_divide_by_roots_of_squares(steps, lr, a):
    rms, ada = [1.0, -2.0], [1.0, -2.0]
    for t in range(1, len(steps) + 1):
        for i in range(2):
            g = steps[t - 1][i]
            squares = [steps[s][i] ** 2 for s in range(t)]
            mean = math.fsum(a ** (t - 1 - s) * (1 - a) * q for s, q in enumerate(squares))
            rms[i] -= lr * g / (math.sqrt(mean) + 1e-8)
            ada[i] -= lr * g / (math.sqrt(math.fsum(squares)) + 1e-10)
    close = {"rel": 1e-6, "abs": 1e-9}
    assert moved(lambda ps: RMSProp(ps, lr, a), steps) == pytest.approx(rms, **close)
    assert moved(lambda ps: Adagrad(ps, lr), steps) == pytest.approx(ada, **close)


@SETTINGS
@given(st.tuples(NUMBERS, NUMBERS), st.floats(0.1, 5))
def test_clipping_bounds_what_a_step_takes_and_leaves_the_gradients(gradients, limit):
    by_value = moved(lambda ps: SGD(ps, 1.0, clip_value=limit), [gradients])
    assert by_value == [w - min(max(g, -limit), limit) for w, g in zip((1, -2), gradients)]  # noqa: B905
    by_norm = moved(lambda ps: SGD(ps, 1.0, clip_norm=limit), [gradients])
    taken = math.dist(by_norm, (1, -2))
    assert taken <= limit * (1 + 1e-12)
    assert taken == pytest.approx(min(limit, math.hypot(*gradients)), rel=1e-4)
    w = Value(1.0)
    w.grad = 50.0
    SGD([w], 0.1, clip_value=1.0, clip_norm=1.0).step()
    assert w.grad == 50.0


@pytest.mark.parametrize("make", ALL.values(), ids=ALL)
def test_a_state_goes_through_json_and_on_to_the_last_bit(make):
    def run(optimizer, parameters, count):
        for _ in range(count):
            for p in parameters:
                p.grad = math.sin(p.data) / 3
            optimizer.step()

    whole, halved = [Value(1.0), Value(-2.0)], [Value(1.0), Value(-2.0)]
    run(make(whole, 0.1), whole, 6)
    first = make(halved, 0.1)
    run(first, halved, 3)
    second = make(halved, 0.7)
    second.load_state_dict(json.loads(json.dumps(first.state_dict())))
    assert second.lr == 0.1
    run(second, halved, 3)
    assert [p.data for p in halved] == [p.data for p in whole]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda s: s.pop("means"), "does not fit Adam: it has lr, steps, squares"),
        (lambda s: s.update(means=[1.0]), "means in the state is not 2 finite numbers"),
        (lambda s: s.update(squares=[1.0, math.nan]), "squares in the state"),
        (lambda s: s.update(squares="12"), "squares in the state"),
        (lambda s: s.update(steps=-1), "steps in the state is -1"),
        (lambda s: s.update(lr=math.inf), "the learning rate is inf"),
    ],
)
def test_a_state_that_does_not_fit_changes_nothing(change, says):
    optimizer = Adam([Value(1.0), Value(2.0)], 0.1)
    before = optimizer.state_dict()
    state = optimizer.state_dict() | {"means": [1.0, 2.0], "lr": 0.5}
    change(state)
    with pytest.raises(ArgumentError, match=says):
        optimizer.load_state_dict(state)
    assert optimizer.state_dict() == before


def test_it_shows_what_it_was_told():
    w = [Value(1.0)]
    shown = "SGD(1 parameter, lr=0.1, momentum=0.9, nesterov=True, clip_norm=2.0)"
    assert repr(SGD(w, 0.1, 0.9, nesterov=True, clip_norm=2)) == shown
    assert repr(AdamW(w)).endswith("eps=1e-08, weight_decay=0.01)")


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
        (lambda: SGD(W, 0.1, nesterov=True), ArgumentError, "nesterov without momentum"),
        (lambda: SGD(W, 0.1, weight_decay=-1), ArgumentError, "weight_decay is -1"),
        (lambda: SGD(W, 0.1, clip_norm=0), ArgumentError, "clip_norm is 0"),
        (lambda: Adam(W, clip_value=math.inf), ArgumentError, "clip_value is inf"),
        (lambda: RMSProp(W, alpha=1.5), ArgumentError, "alpha is 1.5"),
        (lambda: Adagrad(W, eps=0), ArgumentError, "eps is 0"),
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


@pytest.mark.parametrize("make", ALL.values(), ids=ALL)
@pytest.mark.parametrize("line", range(0, 60, 3))
def test_an_interrupted_step_happens_wholly_or_not_at_all(make, line):
    """A trace stands for Ctrl-C: it raises at one line after another of a step."""

    def state(optimizer):
        own = {k: v for k, v in vars(optimizer).items() if k != "parameters"}
        return [p.data for p in optimizer.parameters], repr(own)

    def ready():
        parameters = [Value(1.0 + n) for n in range(4)]
        for parameter in parameters:
            parameter.grad = 0.5
        return make(parameters, 0.1)

    untouched, stepped = ready(), ready()
    stepped.step()
    optimizer, lines = ready(), 0

    def trace(frame, event, _):
        nonlocal lines
        if event == "line" and frame.f_code.co_name in ("step", "move", "descend", "_set_all"):
            lines += 1
            if lines == line + 1:
                raise KeyboardInterrupt
        return trace

    sys.settrace(trace)
    try:
        optimizer.step()
    except KeyboardInterrupt:
        assert state(optimizer) in (state(untouched), state(stepped))
    else:
        assert state(optimizer) == state(stepped)
    finally:
        sys.settrace(None)
