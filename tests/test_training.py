"""nn/training.py: fit() is the notes' step 5, and says where it could not go on."""

from __future__ import annotations

import functools
import io
import math
import random
import subprocess
import sys

import numpy as np
import pytest

from autograd import ArgumentError, ArgumentTypeError, Value, softmax
from nn import (
    MLP,
    SGD,
    Adam,
    History,
    TrainingError,
    constant,
    fit,
    hinge,
    mse,
    sparse_cross_entropy,
)

ROWS = [([80, 8], 8), ([70, 7], 7), ([88, 9], 9), ([62, 6], 6)]


def lpa(W=0.1):  # noqa: N803
    return MLP(2, [2, 1], activation="linear", init=constant(W=W, b=0))


def by_hand(model, rows, lr, epochs):
    """The notes' step 5 written out; the losses in the order of the rows."""
    losses = []
    for _ in range(epochs):
        for inputs, target in rows:
            model.zero_grad()
            loss = (target - model(inputs)) ** 2
            loss.backward()
            losses.append(loss.data)
            for parameter in model.parameters():
                parameter.data -= lr * parameter.grad
    return losses


def test_fit_is_the_notes_loop_to_the_last_bit():
    model, twin = lpa(), lpa()
    history = fit(model, ROWS, mse, SGD(model.parameters(), 2e-4), epochs=5, steps=True)
    losses = by_hand(twin, ROWS, 2e-4, epochs=5)
    assert history.steps == losses
    assert list(history) == pytest.approx([sum(losses[i : i + 4]) / 4 for i in range(0, 20, 4)])
    assert model.state_dict() == twin.state_dict()


def test_the_lpa_network_learns():
    model = lpa()
    history = fit(model, ROWS, mse, SGD(model.parameters(), 2e-4), epochs=100)
    assert history[0] > 20
    assert history[-1] < 0.03
    assert [round(model(x).data) for x, _ in ROWS] == [y for _, y in ROWS]


def test_a_classifier_learns_xor_with_each_kind_of_loss():
    points = [([0, 0], 0), ([0, 1], 1), ([1, 0], 1), ([1, 1], 0)]
    model = MLP(2, [8, 2], activation="tanh", seed=1)
    loss = functools.partial(sparse_cross_entropy, from_logits=True)
    fit(model, points, loss, Adam(model.parameters(), 0.02), epochs=200, shuffle=True, seed=1)
    assert [max((p.data, k) for k, p in enumerate(softmax(model(x))))[1] for x, _ in points] == [
        y for _, y in points
    ]
    model = MLP(2, [8, 1], activation="tanh", seed=1)
    signs = [(x, 2 * y - 1) for x, y in points]
    fit(model, signs, hinge, SGD(model.parameters(), 0.05, momentum=0.9), epochs=200)
    assert all(model(x).data * y > 0 for x, y in signs)


def test_rows_and_targets_may_come_from_any_iterator():
    model, twin = lpa(), lpa()
    fit(model, ((iter(x), y) for x, y in ROWS), mse, SGD(model.parameters(), 1e-4), epochs=3)
    fit(twin, [list(row) for row in ROWS], mse, SGD(twin.parameters(), 1e-4), epochs=3)
    assert model.state_dict() == twin.state_dict()


def test_any_callable_is_a_model():
    slope = Value(0.0, "w")
    fit(lambda x: slope * x, [(1, 2), (2, 4)], mse, SGD([slope], 0.1), epochs=50)
    assert slope.data == pytest.approx(2)


# The order of rows


def order_of(**options):
    """The inputs as fit() went through them, without those of its trial."""
    weight, seen = Value(1.0), []

    def model(x):
        seen.append(x)
        return weight * x

    fit(model, [(float(i), 0.0) for i in range(1, 7)], mse, SGD([weight], 1e-6), 3, **options)
    return [seen[i : i + 6] for i in range(6, len(seen), 6)]


def test_rows_are_taken_in_order_unless_shuffled():
    assert order_of() == [[1, 2, 3, 4, 5, 6]] * 3


def test_shuffling_visits_every_row_in_a_new_order_that_the_seed_decides():
    state = random.getstate()
    epochs = order_of(shuffle=True, seed=3)
    assert [sorted(epoch) for epoch in epochs] == [[1, 2, 3, 4, 5, 6]] * 3
    assert len({tuple(epoch) for epoch in epochs}) == 3
    assert epochs == order_of(shuffle=True, seed=3)
    assert epochs != order_of(shuffle=True, seed=4)
    assert random.getstate() == state


# History


def test_a_history_is_a_sequence_of_losses():
    history = History([4.0, 1.0, 0.25])
    assert (len(history), history[-1], history[1:], list(history)) == (
        3, 0.25, [1.0, 0.25], [4.0, 1.0, 0.25],
    )  # fmt: skip
    assert repr(history) == "History(3 epochs, loss 4 -> 0.25)"
    assert repr(History()) == "History(0 epochs)"
    assert history.steps == []


# Progress


class Terminal(io.StringIO):
    def isatty(self):
        return True


def trained(**options):
    model = lpa()
    fit(model, ROWS, mse, SGD(model.parameters(), 1e-4), epochs=3, **options)


def test_nothing_is_printed_off_a_terminal(capfd):
    trained()
    assert capfd.readouterr() == ("", "")


def test_a_terminal_shows_a_bar_unless_it_is_not_wanted(monkeypatch):
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    trained(progress=False)
    assert screen.getvalue() == ""
    monkeypatch.setenv("TERM", "xterm")
    trained()
    assert "epoch " in screen.getvalue()
    assert "/3" in screen.getvalue()
    assert "loss " in screen.getvalue()


def test_training_loads_only_the_standard_library():
    code = (
        "import sys, nn; model = nn.MLP(1, [1], seed=1)\n"
        "nn.fit(model, [([1], 2)], nn.mse, nn.SGD(model.parameters(), 0.1), epochs=2)\n"
        "print(sorted({'rich', 'matplotlib', 'numpy', 'viz'} & set(sys.modules)))"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"


# What goes wrong on the way


def test_diverging_stops_where_it_happens_with_the_last_good_parameters():
    model, twin = lpa(), lpa()
    with pytest.raises(TrainingError) as caught:
        fit(model, ROWS, mse, SGD(model.parameters(), 0.01), epochs=100)
    found = str(caught.value)
    assert found.startswith("epoch 2, row 2: ")
    assert "hint: take a smaller learning rate than 0.01, or scale the inputs" in found
    by_hand(twin, ROWS, 0.01, epochs=1)
    by_hand(twin, ROWS[:1], 0.01, epochs=1)
    assert model.state_dict() == twin.state_dict()
    assert all(map(math.isfinite, model.state_dict().values()))


def test_a_gradient_that_does_not_exist_names_the_symbol():
    w = Value(0.0, "w")
    with pytest.raises(TrainingError, match=r"epoch 1, row 2: the gradient of w = 0\.0") as caught:
        fit(
            lambda x: w.sqrt() * x,
            [(0.0, 1.0), (2.0, 3.0)],
            mse,
            SGD([w], 0.1),
            epochs=1,
        )
    assert "hint: keep the input away from this point" in str(caught.value)
    assert w.data == 0.0


def test_an_update_too_large_names_the_parameter_and_keeps_all():
    w, v = Value(1.0, "w"), Value(1.0, "v")
    with pytest.raises(TrainingError, match=r"epoch 1, row 1: the update would make w -inf"):
        fit(lambda x: w * x + v, [(1e150, 0.0)], mse, SGD([w, v], 1e100), epochs=1)
    assert (w.data, v.data) == (1.0, 1.0)


def test_a_probability_of_0_keeps_its_own_hint():
    w = Value(0.0, "w")
    with pytest.raises(TrainingError, match=r"(?s)before the first update, row 1: .*from_logits"):
        fit(lambda x: [w, 1 - w], [(1.0, 0)], sparse_cross_entropy, SGD([w], 0.1), epochs=1)


def test_plain_overflow_is_told_like_any():
    w = Value(1.0, "w")
    with pytest.raises(TrainingError, match="row 1"):
        fit(lambda x: w * math.exp(x), [(1000.0, 0)], mse, SGD([w], 0.1), epochs=1)


@pytest.mark.parametrize(
    ("bad", "error", "says"),
    [
        (([70], 7), ArgumentError, "row 3.*a row of 1 number was given where 2 are needed"),
        (([70, 7, 1], 7), ArgumentError, "row 3.*3 numbers"),
        (([70, math.nan], 7), ArgumentError, "row 3, input 2 is nan"),
        ((np.array([70, math.inf]), 7), ArgumentError, "row 3, input 2 is inf"),
        (([70, 7], math.inf), ArgumentError, "row 3, target is inf"),
        (([70, "7"], 7), TypeError, "before the first update, row 3: '7'"),
        (([70, 7], "7"), TypeError, "row 3"),
        (([70, 7], [7, 8]), ArgumentTypeError, "row 3"),
        ([70, 7, 7], ArgumentError, "row 3 is .* a pair"),
        (7, ArgumentError, "row 3 is 7"),
    ],
)
def test_a_bad_row_is_named_and_changes_nothing(bad, error, says):
    model = lpa()
    before = model.state_dict()
    with pytest.raises(error, match=f"(?s){says}"):
        fit(model, [*ROWS[:2], bad], mse, SGD(model.parameters(), 1e-4), epochs=2)
    assert model.state_dict() == before


def test_a_label_out_of_range_in_the_last_row_changes_nothing():
    model = MLP(1, [2], seed=1)
    before = model.state_dict()
    loss = functools.partial(sparse_cross_entropy, from_logits=True)
    with pytest.raises(ArgumentError, match=r"row 3: .*no class 2"):
        fit(model, [([1], 0), ([2], 1), ([3], 2)], loss, SGD(model.parameters(), 0.1), 1)
    assert model.state_dict() == before


@pytest.mark.parametrize(
    ("options", "error", "says"),
    [
        ({"epochs": 0}, ArgumentError, "0 epochs"),
        ({"epochs": 1.5}, ArgumentError, "1.5 epochs"),
        ({"epochs": True}, ArgumentError, "True epochs"),
        ({"epochs": None}, ArgumentError, "epochs=100"),
        ({"epoch": 50}, ArgumentTypeError, "did you mean epochs"),
        ({"rows": []}, ArgumentError, "no rows"),
        ({"loss": "mse"}, ArgumentTypeError, r"nn\.mse"),
        ({"optimizer": SGD}, ArgumentTypeError, r"SGD\(model.parameters\(\), lr=0.01\)"),
        ({"loss": lambda p, y: float(p) - y}, ArgumentTypeError, "gave .*float.*, not a Value"),
        ({"optimizer": SGD([Value(1.0)], 0.1)}, ArgumentError, "none of the model's parameters"),
    ],
)
def test_fit_says_what_it_cannot_use(options, error, says):
    model = lpa()
    settings = {"rows": ROWS, "loss": mse, "optimizer": SGD(model.parameters(), 1e-4), "epochs": 1}
    with pytest.raises(error, match=says) as caught:
        fit(model, **(settings | options))
    assert "\nhint: " in str(caught.value)


def test_a_model_that_a_failed_training_left_behind_is_not_blamed_on_the_rate():
    model = MLP(1, [1], seed=1)
    for parameter in model.parameters():
        parameter.data = 1e200
    with pytest.raises(TrainingError, match=r"(?s)before the first update, row 1.*make the model"):
        fit(model, [([1.0], 1.0)], mse, SGD(model.parameters(), 0.01), 2)
