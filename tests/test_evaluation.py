"""nn/evaluation.py: rows that nothing is learnt from, and how good a model is on them."""

from __future__ import annotations

import math
import random
from functools import partial
from typing import Any

import pytest

from autograd import ArgumentError, ArgumentTypeError, Value, native_available, tanh
from nn import (
    MLP,
    SGD,
    Adam,
    Dropout,
    Embedding,
    Linear,
    Module,
    Sequential,
    accuracy,
    constant,
    evaluate,
    fit,
    hinge,
    mae,
    mse,
    sparse_cross_entropy,
)

NATIVE = pytest.mark.skipif(not native_available(), reason="llvmlite is not installed")
ENGINES = [False, pytest.param(True, marks=NATIVE)]
ROWS = [([0.5, -1.0], 1.0), ([2.0, 0.25], -1.0), ([1.0, 1.0], 0.5)]
HELD_OUT = [([0.25, 0.5], 0.5), ([-1.0, 1.0], -0.25)]


@pytest.mark.parametrize("compiled", ENGINES)
def test_after_each_epoch_the_validation_rows_are_computed(compiled: bool) -> None:
    def run(epochs: int, **options: Any) -> Any:
        model = MLP(2, [3, 1], activation="tanh", seed=1)
        history = fit(
            model, ROWS, mse, SGD(model.parameters(), 0.1), epochs, compiled=compiled, **options
        )
        return model, history

    _, history = run(
        4, validation=HELD_OUT,
        metrics={
            "mae": mae,
            "close": lambda p, y: abs(p - y) < 0.5,
            "plain": lambda p, y: type(p) is float,
        },
    )  # fmt: skip
    for epoch in range(1, 5):
        model, alone = run(epoch)
        away = [model(x).data - y for x, y in HELD_OUT]
        assert history.losses[:epoch] == alone.losses
        assert history.validation[epoch - 1] == math.fsum(d * d for d in away) / 2
        assert history.metrics["mae"][epoch - 1] == math.fsum(map(abs, away)) / 2
        assert history.metrics["close"][epoch - 1] == sum(abs(d) < 0.5 for d in away) / 2
    assert history.metrics["plain"] == [1.0] * 4
    assert "validation" in repr(history)


def test_without_validation_metrics_are_of_the_training_rows() -> None:
    model = MLP(2, [1], seed=1)
    history = fit(model, ROWS, mse, SGD(model.parameters(), 0.1), 2, metrics=[mae])
    assert history.validation == []
    assert history.metrics["mae"][-1] == evaluate(model, ROWS, metrics=[mae])["mae"]


def test_dropout_is_off_meanwhile_and_draws_nothing() -> None:
    def run(**options: Any) -> Any:
        drop = Dropout(0.5, seed=3)
        model = Sequential(Linear(2, 4, seed=1), tanh, drop, Linear(4, 1, seed=2))
        model.parts[0].eval()  # a part that is not trained stays so
        history = fit(model, ROWS, mse, SGD(model.parameters(), 0.1), 3, **options)
        modes = [part.training for part in model.modules()]
        return list(history), drop.generator.getstate(), model.state_dict(), modes

    assert run(validation=HELD_OUT, metrics=[mae]) == run()
    assert run()[3][:2] == [True, False]


def test_a_model_that_cannot_be_recorded_is_evaluated_by_the_engine() -> None:
    table = Embedding(3, 1, seed=1)
    rows: Any = [(0, 1.0), (2, -1.0)]
    history = fit(
        lambda k: table(k)[0], rows, mse, SGD(table.parameters(), 0.1), 3, validation=rows
    )
    assert len(history.validation) == 3
    if native_available():

        class Branches(Module):
            def __init__(self) -> None:
                self.w = Value(0.5, "w")

            def forward(self, x: Any) -> Any:
                return self.w * x if self.training else (self.w * x if x > 0 else self.w)

        results = []
        for compiled in (False, True):
            model = Branches()
            found = fit(
                model, [(1.0, 2.0), (3.0, 1.0)], mse, SGD([model.w], 0.01), 3,
                validation=[(1.0, 1.0), (-1.0, 1.0)], compiled=compiled,
            )  # fmt: skip
            results.append(found.validation)
        assert results[0] == results[1]


def test_a_loss_of_ones_own_gets_values() -> None:
    model = MLP(2, [2], seed=1)
    history = fit(
        model, [([1, 2], 0)], lambda z, k: (z[k] - 1).tanh() ** 2, SGD(model.parameters(), 0.1), 2,
        validation=[([1, 2], 1)],
    )  # fmt: skip
    assert len(history.validation) == 2


# evaluate


def test_evaluate_is_the_mean() -> None:
    model = MLP(1, [1], init=constant(W=2, b=0))
    found = evaluate(model, [([1], 3), ([2], 4), ([0], 2)], mse, [mae])
    assert found == {"loss": 5 / 3, "mae": 1.0}
    assert evaluate(model, [([1], 3)]) == {}


# accuracy


@pytest.mark.parametrize("seed", range(5))
def test_accuracy_is_how_often_the_class_is_right(seed: int) -> None:
    draw = random.Random(seed)
    model = MLP(2, [4], seed=seed)
    rows = [([draw.gauss(0, 1), draw.gauss(0, 1)], draw.randrange(4)) for _ in range(50)]
    right = 0
    for x, k in rows:
        outputs = [z.data for z in model(x)]
        right += all(outputs[k] > outputs[j] for j in range(4) if j != k)
    assert evaluate(model, rows, metrics=[accuracy]) == {"accuracy": right / 50}
    one_hot = [(x, [float(j == k) for j in range(4)]) for x, k in rows]
    assert evaluate(model, one_hot, metrics=[accuracy]) == {"accuracy": right / 50}


@pytest.mark.parametrize(
    ("prediction", "target", "threshold", "right"),
    [
        (0.7, 1, None, 1), (0.3, 1, None, 0), (0.3, 0, None, 1), ([0.7], [1], None, 1),
        (0.3, 1, 0.0, 1), (-0.3, -1, 0.0, 1), (0.3, -1, 0.0, 0), (-2.0, 0, 0.0, 1),
        (Value(0.7), True, None, 1), (0.7, 1.0, None, 1),
    ],
)  # fmt: skip
def test_of_two_classes(prediction: Any, target: Any, threshold: Any, right: int) -> None:
    assert accuracy(prediction, target, threshold=threshold) == right


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: accuracy([0.1, 0.9], 2), "target 2 for 2 classes"),
        (lambda: accuracy([0.1, 0.9], -1), "target -1 for 2 classes"),
        (lambda: accuracy([0.1, 0.9], 0.5), "target 0.5 for 2 classes"),
        (lambda: accuracy([0.1, 0.9], [1, 0, 0]), "for 2 classes"),
        (lambda: accuracy(0.5, 7.5), r"7.5 for a single.*\nhint: .*nn.mae"),
        (lambda: accuracy(0.5, -1), r"-1 for a single.*\nhint: .*threshold=0"),
    ],
)
def test_targets_that_are_no_class(call: Any, says: str) -> None:
    with pytest.raises(ArgumentError, match=says):
        call()


# What goes wrong


@pytest.mark.parametrize(
    ("options", "error", "says"),
    [
        ({"validation": []}, ArgumentError, "there are no validation rows"),
        ({"validation": [([1, 2], math.nan)]}, ArgumentError, "validation row 1, target is nan"),
        ({"validation": [([1, 2, 3], 1)]}, ArgumentError, "evaluating, row 1: .*3 numbers"),
        ({"metrics": mae}, ArgumentTypeError, "a list of functions"),
        ({"metrics": "mae"}, ArgumentTypeError, "a list of functions"),
        ({"metrics": ["mae"]}, ArgumentTypeError, "give the function itself"),
        ({"metrics": [mae, mae]}, ArgumentError, "two metrics are called mae"),
        ({"metrics": {"loss": mae}}, ArgumentError, "called loss"),
        ({"metrics": [accuracy]}, ArgumentError, "evaluating, row 2: accuracy"),
        ({"metrics": [lambda p, y: [p]]}, ArgumentTypeError, "row 1: the <lambda> is"),
        ({"metrics": [hinge]}, ArgumentError, "evaluating, row 3: hinge"),
    ],
)
def test_bad_rows_and_metrics_change_nothing(options: Any, error: Any, says: str) -> None:
    model = MLP(2, [1], seed=1)
    before = model.state_dict()
    with pytest.raises(error, match=says) as caught:
        fit(model, ROWS, mse, Adam(model.parameters(), 0.1), 2, **options)
    assert "\nhint: " in str(caught.value)
    assert model.state_dict() == before


def test_names_of_metrics() -> None:
    model = MLP(2, [1], seed=1)
    rows = [(x, round(y)) for x, y in ROWS if abs(y) == 1]
    history = fit(
        model, rows, hinge, SGD(model.parameters(), 0.1), 1,
        metrics=[partial(accuracy, threshold=0), mae],
    )  # fmt: skip
    assert list(history.metrics) == ["accuracy", "mae"]
    logits = partial(sparse_cross_entropy, from_logits=True)
    assert "loss" in evaluate(MLP(2, [2], seed=1), [([1, 2], 1)], logits)
