"""Ctrl-C at any line: a step happens wholly or not at all, and nothing stays switched on."""

from __future__ import annotations

import linecache
import os
import signal
import sys
import threading
import time
from pathlib import Path

import pytest

import autograd
import nn.native
from autograd import Value, columns, no_grad
from autograd.program import native
from nn import MLP, SGD, Adagrad, Adam, AdamW, RMSProp, StepLR, fit, mse

OURS = tuple(str(Path(autograd.__file__).parent.parent / name) for name in ("autograd", "nn"))
ROWS = [([0.5, -1.0], 1.0), ([2.0, 0.25], -1.0)]


def source_line(frame):
    return linecache.getline(frame.f_code.co_filename, frame.f_lineno).strip()


def interrupted(action, at, files=OURS, functions=()):
    """Whether `action()` was stopped by an interrupt at its line number `at`; False: it ended."""
    lines = 0

    def trace(frame, event, _):
        nonlocal lines
        if not frame.f_code.co_filename.startswith(files) or frame.f_code.co_name == "__del__":
            return None  # what is raised in a finalizer Python ignores
        if functions and frame.f_code.co_name not in functions:
            return None
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


def every_line(make, files=OURS, functions=()):
    """Runs what `make()` gives once for each line of these, stopped there; gives its object."""
    for at in range(1, 100_000):
        action, subject = make()
        if not interrupted(action, at, files, functions):
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

    for _ in every_line(make):
        assert not (Value(1.0) + 2.0).is_constant


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


@pytest.mark.skipif(not autograd.compiled, reason="there are no steps to run at once")
@pytest.mark.parametrize("batch", [1, 2, 130])
def test_native_training_stops_between_two_updates(batch, monkeypatch):
    """Whatever line of nn/native.py it is in: the state is one that an update has left."""
    monkeypatch.setattr(autograd, "native_available", lambda: True)
    monkeypatch.setattr(nn.native, "_PATIENCE", 0.0)  # each call as short as can be
    rows = [([0.01 * n, -1.0], 0.5 - 0.01 * n) for n in range(3 if batch < 100 else 131)]

    def training():
        model = MLP(2, [2, 1], activation="tanh", seed=1)
        return model, Adam(model.parameters(), 0.1)

    whole, gradients = [], []
    model, optimizer = training()
    whole.append(state(optimizer))
    for _ in range(2):
        for begin in range(0, len(rows), batch):
            slopes = []
            for inputs, target in rows[begin : begin + batch]:
                optimizer.zero_grad()
                mse(model(inputs), target).backward()
                slopes.append([p.grad for p in optimizer.parameters])
            sums = autograd.added_in_order(slopes, len(optimizer.parameters))
            for p, total in zip(optimizer.parameters, sums, strict=True):
                p.grad = total / len(slopes)
            optimizer.step()
            whole.append(state(optimizer))
            gradients.append(repr([p.grad for p in optimizer.parameters]))
    told = {}

    def make():
        model, optimizer = training()

        def action():
            try:
                fit(
                    model, rows, mse, optimizer, 2,
                    progress=False, steps=True, batch_size=batch, compiled=True,
                )  # fmt: skip
            except KeyboardInterrupt as interrupt:
                told[id(optimizer)] = len(interrupt.history.steps)
                raise

        return action, optimizer

    at = set()
    updates = [0]
    for begin in [*range(0, len(rows), batch)] * 2:
        updates.append(updates[-1] + min(batch, len(rows) - begin))
    training_alone = ("run", "load", "store", "_advance", "_one", "_patient", "_whole", "_updates")
    for optimizer in every_line(make, (nn.native.__file__,), training_alone):
        number = whole.index(state(optimizer))
        at.add(number)
        assert told.pop(id(optimizer)) == updates[number]  # the history is that of these steps
        if number:
            assert repr([p.grad for p in optimizer.parameters]) == gradients[number - 1]
    assert at == set(range(len(whole)))


class Stopping:
    """Sends a real SIGINT while the n-th native call runs, and tells what came after it."""

    def __init__(self, monkeypatch, after):
        self.calls, self.late, self.sent, self.longest = 0, 0, False, 0.0
        run = autograd.Scan.run

        def watched(scan, *args, **named):
            self.calls += 1
            self.late += self.sent
            if self.calls == after:
                self.sent = True
                timer = threading.Timer(0.005, os.kill, (os.getpid(), signal.SIGINT))
                timer.start()
            begun = time.thread_time()  # which waits for nobody on a busy machine
            try:
                found = run(scan, *args, **named)
            finally:
                self.longest = max(self.longest, time.thread_time() - begun)
            if self.calls == after:
                timer.join()
            return found

        monkeypatch.setattr(autograd.Scan, "run", watched)


needs_native = pytest.mark.skipif(
    not (autograd.compiled or autograd.native_available()), reason="there is nothing native"
)


@needs_native
@pytest.mark.parametrize("llvm", [False, True])
@pytest.mark.parametrize("batch", [1, 64, 20_000])
def test_a_real_interrupt_comes_through_within_a_second(batch, llvm, monkeypatch):
    """Of a network that takes its time: no native call is longer, and none begins afterwards."""
    if llvm and not autograd.native_available():
        pytest.skip("llvmlite is not installed")
    monkeypatch.setattr(autograd, "native_available", lambda: True)
    monkeypatch.setattr(native, "_compiled", {})
    if llvm:
        monkeypatch.setattr(columns, "available", False)
    rows = [([0.01 * (n % 100), -1.0], 0.5 - 0.01 * (n % 7)) for n in range(3_000)]
    if batch > len(rows):  # one step of a batch that takes longer than there is patience
        monkeypatch.setattr(nn.native, "_PATIENCE", 0.005)

    def training():
        model = MLP(2, [24, 24, 1], activation="tanh", seed=1)
        return model, SGD(model.parameters(), 0.01)

    model, optimizer = training()
    before = model.state_dict()
    stopping = Stopping(monkeypatch, 3)
    with pytest.raises(KeyboardInterrupt) as stopped:
        fit(
            model, rows, mse, optimizer, 100_000,
            steps=True, progress=False, compiled=True, batch_size=batch,
        )  # fmt: skip
    assert stopping.sent
    assert stopping.late == 0
    assert stopping.longest < 0.5
    steps = stopped.value.history.steps
    if batch > len(rows):
        assert len(steps) % len(rows) == 0
        assert bool(steps) is (model.state_dict() != before)
    again, optimizer = training()
    known = fit(
        again, rows[:128], mse, optimizer, 1, steps=True, progress=False, compiled=False,
        batch_size=batch,
    )  # fmt: skip
    assert steps[:128] == known.steps[: len(steps)]
    monkeypatch.undo()
    if steps:  # the parameters are those of exactly these steps
        again, optimizer = training()
        epochs, rest = divmod(len(steps), len(rows))
        if epochs:
            fit(
                again, rows, mse, optimizer, epochs,
                progress=False, compiled="auto", batch_size=batch,
            )  # fmt: skip
        if rest:
            fit(
                again, rows[:rest], mse, optimizer, 1,
                progress=False, compiled="auto", batch_size=batch,
            )  # fmt: skip
        assert again.state_dict() == model.state_dict()
