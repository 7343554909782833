"""nn/callbacks.py: what is done after each epoch, and early stopping that goes back to the best."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import ArgumentError, ArgumentTypeError, Value, mean, native_available, softmax
from nn import (
    MLP,
    SGD,
    Adam,
    Callback,
    EarlyStopping,
    GradientNorms,
    History,
    Linear,
    Module,
    ReduceLROnPlateau,
    StepLR,
    accuracy,
    fit,
    mse,
    sparse_cross_entropy,
)
from nn.callbacks import Training

ROWS = [([0.5, -1.0], 1.0), ([2.0, 0.25], -1.0), ([1.0, 1.0], 0.5)]
NATIVE = pytest.mark.skipif(not native_available(), reason="llvmlite is not installed")
ENGINES = [False, pytest.param(True, marks=NATIVE)]


def trained(callbacks: Any, epochs: int = 6, **options: Any) -> tuple[MLP, History, SGD]:
    model = MLP(2, [2, 1], activation="tanh", seed=1)
    optimizer = SGD(model.parameters(), lr=0.1)
    if callable(callbacks) and not isinstance(callbacks, Callback):
        callbacks = callbacks(optimizer)
    history = fit(model, ROWS, mse, optimizer, epochs, callbacks=callbacks, **options)
    return model, history, optimizer


class Diary(Callback):
    def __init__(self, name: str, told: list[str], every: int = 1) -> None:
        self.name, self.told, self.every = name, told, every

    def begin(self, training: Training) -> None:
        self.told.append(f"{self.name} begins")

    def after_epoch(self, training: Training) -> None:
        self.told.append(f"{self.name} {training.epoch} of {training.epochs}")

    def end(self, training: Training) -> None:
        self.told.append(f"{self.name} ends")


@pytest.mark.parametrize("compiled", ENGINES)
def test_they_are_called_in_turn_and_end_in_reverse(compiled: bool) -> None:
    told: list[str] = []
    trained([Diary("a", told), Diary("b", told, every=2)], 3, compiled=compiled)
    assert told == [
        "a begins", "b begins", "a 1 of 3", "a 2 of 3", "b 2 of 3", "a 3 of 3", "b ends", "a ends",
    ]  # fmt: skip


@pytest.mark.parametrize("compiled", ENGINES)
def test_what_is_called_rarely_lets_native_code_run(compiled: bool) -> None:
    told: list[str] = []
    trained([Diary("a", told, every=5)], 12, compiled=compiled)
    assert told == ["a begins", "a 5 of 12", "a 10 of 12", "a ends"]


@pytest.mark.parametrize("compiled", ENGINES)
def test_a_function_may_change_everything(compiled: bool) -> None:
    def meddle(training: Training) -> None:
        training.optimizer.lr *= 0.5
        training.optimizer.momentum = 0.5  # type: ignore[attr-defined]
        for parameter in training.model.parameters():
            parameter.data += 0.125
        if training.epoch == 4:
            training.stop()

    def by_hand() -> tuple[list[float], list[float]]:
        model = MLP(2, [2, 1], activation="tanh", seed=1)
        optimizer = SGD(model.parameters(), lr=0.1)
        losses = []
        for _ in range(4):
            found = []
            for inputs, target in ROWS:
                optimizer.zero_grad()
                loss = mse(model(inputs), target)
                loss.backward()
                optimizer.step()
                found.append(loss.data)
            losses.append(math.fsum(found) / len(found))
            optimizer.lr, optimizer.momentum = optimizer.lr * 0.5, 0.5
            for parameter in model.parameters():
                parameter.data += 0.125
        return losses, [p.data for p in model.parameters()]

    model, history, _ = trained([meddle], 9, compiled=compiled)
    assert (list(history), [p.data for p in model.parameters()]) == by_hand()


@pytest.mark.parametrize("compiled", ENGINES)
def test_a_schedule_steps_once_an_epoch(compiled: bool) -> None:
    rates: list[float] = []
    trained(
        lambda o: [StepLR(o, 2, 0.5), lambda training: rates.append(training.optimizer.lr)],
        compiled=compiled,
    )
    assert rates == [0.1, 0.05, 0.05, 0.025, 0.025, 0.0125]


def test_a_plateau_is_one_of_the_validation_rows() -> None:
    rates = []
    model = MLP(1, [1], seed=1)
    optimizer = SGD(model.parameters(), lr=0.1)
    plateau = ReduceLROnPlateau(optimizer, factor=0.5, patience=0)
    history = fit(
        model, [([1], 1)], mse, optimizer, 8, validation=[([1], -1)],
        callbacks=[plateau, lambda training: rates.append(optimizer.lr)],
    )  # fmt: skip
    assert history.validation == sorted(history.validation)  # worse and worse
    assert rates == [0.1 * 0.5**n for n in range(8)]


def test_a_schedule_of_another_optimizer_is_refused() -> None:
    other = SGD([Value(1.0)], lr=0.1)
    with pytest.raises(ArgumentError, match="StepLR is for another optimizer"):
        trained([StepLR(other, 2)])


# Early stopping


@given(
    st.lists(st.integers(-5, 5).map(float), min_size=1, max_size=12),
    st.integers(1, 4),
    st.sampled_from([0.0, 1.0]),
    st.sampled_from(["min", "max"]),
)
def test_it_stops_by_its_definition(
    losses: list[float], patience: int, min_delta: float, mode: Any
) -> None:
    stopping = EarlyStopping(patience, mode=mode, min_delta=min_delta)
    w = Value(0.0, "w")
    training = Training(None, SGD([w], 0.1), len(losses))
    stopping.begin(training)
    for loss in losses:
        w.data = float(training.epoch + 1)
        training.history.losses.append(loss)
        stopping.after_epoch(training)
        if training.stopped:
            break
    stopping.end(training)
    # The same told otherwise: the best so far after each epoch, and how far back it lies.
    sign = 1 if mode == "min" else -1
    best, stops = 0, len(losses)
    for epoch, loss in enumerate(losses):
        if epoch and sign * (losses[best] - loss) > min_delta:
            best = epoch
        if epoch - best == patience:
            stops = epoch + 1
            break
    assert (training.epoch, stopping.best_epoch) == (stops, best + 1)
    assert stopping.best == losses[best]
    assert w.data == best + 1


@pytest.mark.parametrize("compiled", ENGINES)
def test_the_parameters_are_in_the_end_those_of_the_best_epoch(compiled: bool) -> None:
    def run(epochs: int, callbacks: list[Any]) -> Any:
        model = MLP(2, [8, 1], activation="tanh", seed=1)
        history = fit(
            model, ROWS[:2], mse, Adam(model.parameters(), 0.05), epochs,
            validation=ROWS[2:], callbacks=callbacks, compiled=compiled,
        )  # fmt: skip
        return model.state_dict(), history

    stopping = EarlyStopping(patience=4)
    best, history = run(200, [stopping])
    assert len(history) == stopping.best_epoch + 4 < 200
    assert min(history.validation) == history.validation[stopping.best_epoch - 1]
    assert best == run(stopping.best_epoch, [])[0]
    last, _ = run(200, [EarlyStopping(patience=4, restore_best=False)])
    assert last == run(len(history), [])[0]


def test_one_that_was_used_begins_anew() -> None:
    stopping = EarlyStopping(patience=2)
    assert len(trained([stopping])[1]) == len(trained([stopping])[1]) == 6


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: EarlyStopping(0), "patience is 0"),
        (lambda: EarlyStopping(mode="best"), "mode is 'best'"),  # type: ignore[arg-type]
        (lambda: EarlyStopping(min_delta=-1), "min_delta is -1"),
        (lambda: trained([EarlyStopping(watch="acuracy")]), "no acuracy.*\nhint: it has loss"),
    ],
)
def test_settings_out_of_range(make: Any, says: str) -> None:
    with pytest.raises(ArgumentError, match=says):
        make()


@pytest.mark.parametrize(
    ("callbacks", "says"),
    [
        (lambda o: EarlyStopping(), "a single one"),
        (lambda o: [EarlyStopping], r"EarlyStopping is no callback\nhint: make one"),
        (lambda o: ["stop"], "'stop' is no callback"),
    ],
)
def test_what_is_no_callback(callbacks: Any, says: str) -> None:
    with pytest.raises(ArgumentTypeError, match=says):
        trained(callbacks)


def test_a_state_of_another_kind_is_refused() -> None:
    with pytest.raises(ArgumentError, match=r"does not fit EarlyStopping: it has best\n"):
        EarlyStopping().load_state_dict({"best": 1.0})


# Gradients


class Two(Module):
    def __init__(self) -> None:
        self.first, self.scale, self.second = Linear(2, 2, seed=1), Value(2.0), Linear(2, 1, seed=2)

    def forward(self, row: Any) -> Any:
        return self.second([self.scale * z for z in self.first(row)])


@pytest.mark.parametrize("compiled", ENGINES)
def test_gradient_norms_are_those_of_each_layer(compiled: bool) -> None:
    model = Two()
    history = fit(
        model, ROWS, mse, SGD(model.parameters(), 0.01), 3,
        callbacks=[GradientNorms()], compiled=compiled,
    )  # fmt: skip
    assert list(history.gradients) == ["Two", "layer 1", "layer 2"]
    model.zero_grad()
    for name, parameters in [
        ("layer 1", model.first.parameters()),
        ("Two", [model.scale]),
        ("layer 2", model.second.parameters()),
    ]:
        norms = history.gradients[name]
        assert len(norms) == 3
        mean(mse(model(x), y) for x, y in ROWS).backward()
        assert norms[-1] == pytest.approx(math.sqrt(sum(p.grad**2 for p in parameters)))
        model.zero_grad()


def test_of_a_function_there_is_one_norm() -> None:
    w = Value(0.5, "w")
    history = fit(
        lambda x: w * x, [(2.0, 3.0)], mse, SGD([w], 0.01), 1, callbacks=[GradientNorms()]
    )
    assert history.gradients == {"parameters": [abs(2 * (3 - 2 * w.data) * 2)]}


def test_a_classifier_stops_by_its_accuracy() -> None:
    rows = [([0, 0], 0), ([0, 1], 1), ([1, 0], 1), ([1, 1], 0)]
    model = MLP(2, [8, 2], activation="tanh", seed=1)
    stopping = EarlyStopping(patience=30, watch="accuracy", mode="max")
    history = fit(
        model, rows, lambda z, k: sparse_cross_entropy(softmax(z), k),
        Adam(model.parameters(), 0.02), 300, metrics=[accuracy], callbacks=[stopping],
    )  # fmt: skip
    assert history.metrics["accuracy"][-1] == stopping.best == 1.0
    assert len(history) == stopping.best_epoch + 30
