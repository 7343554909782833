"""Ctrl-C at any line: a step happens wholly or not at all, and nothing stays switched on."""

from __future__ import annotations

import linecache
import sys
from pathlib import Path

import pytest

import autograd
from autograd import Value, no_grad
from nn import MLP, SGD, Adagrad, Adam, AdamW, RMSProp, StepLR, fit, mse

OURS = tuple(str(Path(autograd.__file__).parent.parent / name) for name in ("autograd", "nn"))
ROWS = [([0.5, -1.0], 1.0), ([2.0, 0.25], -1.0)]


def source_line(frame):
    return linecache.getline(frame.f_code.co_filename, frame.f_lineno).strip()


def interrupted(action, at):
    """Whether `action()` was stopped by an interrupt at its line number `at`; False: it ended."""
    lines = 0

    def trace(frame, event, _):
        nonlocal lines
        if not frame.f_code.co_filename.startswith(OURS) or frame.f_code.co_name == "__del__":
            return None  # what is raised in a finalizer Python ignores
        # Where a block is left, or a `try:` passed, a trace may raise, but no interrupt can come.
        if event == "line" and not source_line(frame).startswith(("with ", "try:")):
            lines += 1
            if lines == at:
                raise KeyboardInterrupt
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        action()
    except KeyboardInterrupt:
        return True
    finally:
        sys.settrace(before)
    assert lines < at, "the interrupt was swallowed"
    return False


def every_line(make):
    """Runs what `make()` gives once for each line, stopped there, and gives its object."""
    for at in range(1, 100_000):
        action, subject = make()
        if not interrupted(action, at):
            return
        assert not (Value(1.0) + 2.0).is_constant, f"no_grad() is still on after line {at}"
        yield subject
    raise AssertionError("it never ended")


def state(optimizer):
    held = {name: thing for name, thing in vars(optimizer).items() if name != "parameters"}
    return repr([p.data for p in optimizer.parameters]), repr(held)


@pytest.mark.parametrize(
    "optimizer",
    [
        lambda p: SGD(p, 0.1),
        lambda p: SGD(p, 0.1, 0.9, nesterov=True, weight_decay=0.1, clip_norm=1.0, clip_value=0.4),
        Adam,
        AdamW,
        lambda p: RMSProp(p, momentum=0.5),
        Adagrad,
    ],
)
def test_a_step_happens_wholly_or_not_at_all(optimizer):
    def make():
        parameters = [Value(x) for x in (1.0, -2.0, 3.0)]
        subject = optimizer(parameters)
        for p in parameters:
            p.grad = 0.5
        subject.step()
        return subject.step, subject

    action, subject = make()
    whole = {state(subject)}
    action()
    whole.add(state(subject))
    for subject in every_line(make):
        assert state(subject) in whole


def test_a_rate_changes_with_the_count_of_steps_or_not_at_all():
    def make():
        schedule = StepLR(SGD([Value(1.0)], 1.0), 1, 0.5)
        return schedule.step, schedule

    for schedule in every_line(make):
        assert (schedule.steps, schedule.optimizer.lr) in {(0, 1.0), (1, 0.5)}


def test_a_state_is_loaded_wholly_or_not_at_all():
    old, new = (MLP(2, [2, 1], seed=seed).state_dict() for seed in (1, 2))

    def make():
        model = MLP(2, [2, 1], seed=1)
        return lambda: model.load_state_dict(new), model

    for model in every_line(make):
        assert model.state_dict() in (old, new)


def test_backward_leaves_all_leaves_as_before_or_as_after():
    def make():
        a, b = Value(2.0), Value(3.0)
        root = (a * b + a).tanh() * b
        a.grad, b.grad = 1.0, 1.0
        return root.backward, (root, a, b)

    action, (_, *leaves) = make()
    action()
    whole = [(1.0, 1.0), tuple(leaf.grad for leaf in leaves)]
    for root, *leaves in every_line(make):
        assert tuple(leaf.grad for leaf in leaves) in whole
        for leaf in leaves:
            leaf.grad = 1.0
        root.backward()
        assert tuple(leaf.grad for leaf in leaves) == whole[1]


def test_no_grad_ends_with_its_block():
    def make():
        def action():
            with no_grad():
                Value(1.0) + 2.0

        return action, None

    list(every_line(make))


def test_fit_stops_between_two_steps_with_the_history_so_far():
    def training():
        model = MLP(2, [2, 1], activation="tanh", seed=1)
        optimizer = Adam(model.parameters(), 0.1)
        return model, optimizer

    whole = set()
    model, optimizer = training()
    whole.add(state(optimizer))
    for _ in range(2):
        for inputs, target in ROWS:
            optimizer.zero_grad()
            mse(model(inputs), target).backward()
            optimizer.step()
            whole.add(state(optimizer))
    losses = set()

    def make():
        model, optimizer = training()

        def action():
            try:
                fit(model, ROWS, mse, optimizer, 2, progress=False)
            except KeyboardInterrupt as interrupt:
                losses.add(len(getattr(interrupt, "history", ())))
                raise

        return action, optimizer

    for optimizer in every_line(make):
        assert state(optimizer) in whole
    assert losses == {0, 1, 2}
