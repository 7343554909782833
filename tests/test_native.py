"""Training in native code: the losses, parameters and errors of the engine's loop, to the bit."""

from __future__ import annotations

import io
import math
import os
import random
import re
import signal
import sys
import threading
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd
import nn.native
import nn.training
from autograd import (
    ArgumentError,
    ChalkgradError,
    Value,
    columns,
    native_available,
    softmax,
    where,
)
from autograd.program import functions, native, scan
from nn import (
    MLP,
    SGD,
    Adagrad,
    Adam,
    AdamW,
    Module,
    RMSProp,
    TrainingError,
    binary_cross_entropy,
    categorical_cross_entropy,
    fit,
    hinge,
    huber,
    mae,
    mse,
    sparse_cross_entropy,
)
from tests.ways import AT_ONCE, LOW, NATIVE, OPTIMISED, WAYS, needs_steps, run_in

pytestmark = pytest.mark.skipif(not native_available(), reason="llvmlite is not installed")

CLASSES = 3

# What the loss is, what the network's outputs are, and how a target is drawn.
LOSSES: dict[str, tuple[Any, str, Any]] = {
    "mse": (mse, "linear", lambda draw: draw.gauss(0, 1)),
    "mae": (mae, "tanh", lambda draw: draw.gauss(0, 1)),
    "huber": (lambda p, y: huber(p, y, delta=0.5), "linear", lambda draw: draw.gauss(0, 2)),
    "hinge": (hinge, "linear", lambda draw: draw.choice([-1, 1])),
    "binary": (binary_cross_entropy, "sigmoid", lambda draw: draw.choice([0, 1, 0.25])),
    "binary of logits": (
        lambda z, y: binary_cross_entropy(z, y, from_logits=True),
        "linear",
        lambda draw: draw.choice([0, 1]),
    ),
    "sparse": (
        lambda z, k: sparse_cross_entropy(z, k, from_logits=True),
        "linear",
        lambda draw: draw.randrange(CLASSES),
    ),
    "sparse of probabilities": (
        lambda z, k: sparse_cross_entropy(softmax(z), k, first_class=1),
        "linear",
        lambda draw: draw.randint(1, CLASSES),
    ),
    "categorical": (
        lambda z, k: categorical_cross_entropy(softmax(z), k),
        "tanh",
        lambda draw: draw.choice([[1, 0, 0], [0, 1, 0], [0, 0, 1]]),
    ),
    "one's own": (
        lambda p, y: where(p - y, 2 * (p - y) ** 2, abs(p - y)) + 0.1 * y,
        "linear",
        lambda draw: draw.gauss(0, 1),
    ),
}
OPTIMIZERS = {
    "sgd": lambda p: SGD(p, lr=0.05),
    "momentum": lambda p: SGD(p, lr=0.02, momentum=0.9),
    "adam": lambda p: Adam(p, lr=0.02, betas=(0.8, 0.95)),
    "nesterov": lambda p: SGD(p, lr=0.02, momentum=0.9, nesterov=True, weight_decay=0.1),
    "clipped": lambda p: SGD(p, lr=0.05, clip_value=0.25),
    "decayed adam": lambda p: Adam(p, lr=0.02, weight_decay=0.1, clip_value=0.5),
    "adamw": lambda p: AdamW(p, lr=0.02, weight_decay=0.1),
    "rmsprop": lambda p: RMSProp(p, lr=0.02, alpha=0.9),
    "rmsprop with momentum": lambda p: RMSProp(p, lr=0.02, momentum=0.5, weight_decay=0.1),
    "adagrad": lambda p: Adagrad(p, lr=0.05, weight_decay=0.1),
    "clipped by norm": lambda p: SGD(p, lr=0.05, clip_norm=0.5),
    "clipped twice": lambda p: Adam(p, 0.02, weight_decay=0.1, clip_value=0.3, clip_norm=0.4),
}


@pytest.fixture(params=WAYS[:2])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """At once by steps, or by LLVM."""
    run_in(request.param, monkeypatch)
    monkeypatch.setattr(
        autograd, "native_available", lambda: True
    )  # compiled=True may be asked for
    return request.param


def trained(
    compiled: bool, loss: str, optimizer: str, network: Any, count: int = 5, **options: Any
) -> Any:
    """Everything that a training leaves behind."""
    function, output, target = LOSSES[loss]
    sizes, activation, seed = network
    many = "sparse" in loss or loss == "categorical"
    sizes = [*sizes[:-1], CLASSES if many else 1]
    draw = random.Random(seed)
    model = MLP(2, sizes, activation=activation, output=output, seed=seed)
    rows = [([draw.gauss(0, 1), draw.gauss(0, 1)], target(draw)) for _ in range(count)]
    steps = OPTIMIZERS[optimizer](model.parameters())
    history = fit(model, rows, function, steps, 4, steps=True, compiled=compiled, **options)
    state = {name: thing for name, thing in vars(steps).items() if name != "parameters"}
    parameters = [(p.data, p.grad) for p in model.parameters()]
    return history.losses, history.steps, parameters, state


networks = st.tuples(
    st.lists(st.integers(1, 4), min_size=1, max_size=3),
    st.sampled_from(["relu", "tanh", "sigmoid", "gelu", "silu", "elu", "softplus", "leaky_relu"]),
    st.integers(0, 1000),
)


@settings(max_examples=40)
@given(
    st.sampled_from(NATIVE),
    st.sampled_from([2, 4, 8]),
    st.sampled_from(sorted(LOSSES)),
    st.sampled_from(sorted(OPTIMIZERS)),
    networks,
    st.booleans(),
    st.integers(1, 12),
)
def test_the_bits_of_the_engine(
    way: str, lanes: int, loss: str, optimizer: str, network: Any, shuffle: bool, batch: int
) -> None:
    options = {"shuffle": shuffle, "seed": 5, "batch_size": batch, "count": 11}
    slow = trained(False, loss, optimizer, network, **options)
    with pytest.MonkeyPatch.context() as patch:
        run_in(way, patch, lanes=lanes)
        patch.setattr(autograd, "native_available", lambda: True)
        assert trained(True, loss, optimizer, network, **options) == slow


def check(way: str, loss: str, optimizer: str) -> None:
    network = ([3, 1], "tanh", 1)
    for batch in (1, 3):
        options = {"batch_size": batch}
        slow = trained(False, loss, optimizer, network, **options)
        with pytest.MonkeyPatch.context() as patch:
            run_in(way, patch)
            patch.setattr(autograd, "native_available", lambda: True)
            assert trained(True, loss, optimizer, network, **options) == slow


@needs_steps
@pytest.mark.parametrize("loss", sorted(LOSSES))
@pytest.mark.parametrize("optimizer", sorted(OPTIMIZERS))
def test_every_loss_and_optimizer_at_once(loss: str, optimizer: str) -> None:
    check(AT_ONCE, loss, optimizer)


@pytest.mark.parametrize("way", [OPTIMISED, LOW])
@pytest.mark.parametrize("number", range(max(len(LOSSES), len(OPTIMIZERS))))
def test_every_loss_and_optimizer_compiled(number: int, way: str) -> None:
    losses, optimizers = sorted(LOSSES), sorted(OPTIMIZERS)
    check(way, losses[number % len(losses)], optimizers[number % len(optimizers)])


def test_a_second_fit_goes_on_from_the_first(way: str) -> None:
    def twice(first: bool, second: bool) -> Any:
        model = MLP(2, [3, 1], seed=3)
        adam = Adam(model.parameters(), lr=0.01)
        rows = [([0.5, 1.0], 1.0), ([-1.0, 0.25], 0.0)]
        losses = [fit(model, rows, mse, adam, 3, compiled=c).losses for c in (first, second)]
        return losses, model.state_dict()

    slow = twice(False, False)
    for first, second in [(True, True), (True, False), (False, True)]:
        assert twice(first, second) == slow


def test_parameters_that_are_not_trained_stay(way: str) -> None:
    def last_layer(compiled: bool) -> Any:
        model = MLP(2, [3, 1], activation="tanh", seed=3)
        optimizer = SGD(model.layers[1].parameters(), lr=0.1)
        fit(model, [([0.5, 1.0], 1.0), ([1, 2], 0)], mse, optimizer, 5, compiled=compiled)
        return model.state_dict()

    assert last_layer(True) == last_layer(False)


class Weird(Module):
    """A model that does by the numbers of a row what no program can."""

    def __init__(self, how: str) -> None:
        self.w = Value(0.5, "w")
        self.how = how

    def __call__(self, x: Any) -> Any:
        if self.how == "branches on a row":
            return self.w * x if x > 0 else -self.w * x
        if self.how == "branches on a parameter":
            return self.w * x if self.w.data > 0.4 else self.w
        if self.how == "is equal":
            return self.w * x if x == 1 else self.w * 2
        if self.how == "draws":
            return self.w * x * random.random()
        return self.w * math.sin(x)


@pytest.mark.parametrize(
    "how", ["branches on a row", "branches on a parameter", "is equal", "draws", "uses math"]
)
def test_what_cannot_be_compiled_is_said_and_left_to_the_engine(
    how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [(1.0, 2.0), (-1.0, 1.0), (2.0, 0.5)]
    model = Weird(how)
    with pytest.raises(ArgumentError, match="record"):
        fit(model, rows, mse, SGD(model.parameters(), lr=0.1), 3, compiled=True)
    assert model.w.data == 0.5
    monkeypatch.setattr(nn.training, "_LONG", 0.0)
    results = []
    for compiled in (False, "auto"):
        random.seed(3)
        model = Weird(how)
        history = fit(model, rows, mse, SGD(model.parameters(), lr=0.1), 3, compiled=compiled)  # type: ignore[arg-type]
        results.append((history.losses, model.w.data))
    if how != "draws":
        assert results[0] == results[1]


def test_auto_compiles_where_it_takes_long(monkeypatch: pytest.MonkeyPatch) -> None:
    made = []

    class Spy(nn.training.NativeTraining):
        def __init__(self, *args: Any) -> None:
            super().__init__(*args)
            made.append(self)

    monkeypatch.setattr(nn.training, "NativeTraining", Spy)
    model = MLP(2, [2, 1], seed=1)
    optimizer = SGD(model.parameters(), lr=1e-3)
    fit(model, [([1, 2], 3)], mse, optimizer, 2)
    assert not made
    monkeypatch.setattr(nn.training, "_LONG", 0.0)
    monkeypatch.setattr(nn.native, "_COMPILING", 0.0)
    fit(model, [([1, 2], 3)], mse, optimizer, 2)
    assert made


def test_auto_does_not_compile_what_takes_longer_than_training(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(nn.training, "_LONG", 0.0)
    monkeypatch.setattr(nn.native, "_COMPILING", 1e9)
    model = MLP(2, [2, 1], seed=1)
    fit(model, [([1, 2], 3)], mse, SGD(model.parameters(), lr=1e-3), 2)
    with pytest.raises(ArgumentError, match="longer than training"):
        nn.native.NativeTraining(
            model, [([1, 2], 1)], hinge, SGD(model.parameters(), 0.1), [0.0], 1, 1.0
        )


class Stubborn(SGD):
    def step(self) -> None:
        """Moves nothing."""


def test_an_optimizer_of_ones_own_is_not_taken_for_its_base() -> None:
    model = MLP(2, [1], seed=1)
    with pytest.raises(ArgumentError, match="Stubborn has no formula"):
        fit(model, [([1, 2], 3)], mse, Stubborn(model.parameters(), 0.1), 2, compiled=True)


def test_gradient_hooks_are_not_passed_over() -> None:
    model = MLP(2, [1], seed=1)
    model.parameters()[0].on_gradient(lambda gradient: 0.0)
    with pytest.raises(ArgumentError, match="hook"):
        fit(model, [([1, 2], 3)], mse, SGD(model.parameters(), 0.1), 2, compiled=True)


def test_batches_longer_than_a_block_of_sums(way: str) -> None:
    def trained_on_many(compiled: bool) -> Any:
        model = MLP(1, [2, 1], activation="tanh", seed=1)
        rows = [(math.sin(n), math.cos(n)) for n in range(2500)]
        adam = Adam(model.parameters(), 0.01)
        history = fit(model, rows, mse, adam, 2, batch_size=2100, compiled=compiled)
        return history.losses, [(p.data, p.grad) for p in model.parameters()]

    assert trained_on_many(True) == trained_on_many(False)


@pytest.mark.parametrize("batch", [1, 2])
@pytest.mark.parametrize("optimizer", sorted(OPTIMIZERS))
@pytest.mark.parametrize("what", ["overflow", "probability", "growth"])
def test_errors_are_those_of_the_engine(optimizer: str, what: str, batch: int, way: str) -> None:
    def failed(compiled: bool) -> Any:
        loss: Any = mse
        if what == "overflow":
            model = MLP(1, [2, 1], activation="exp", seed=1)
            rows = [(0.5, 1.0), (30.0, 1e6), (1.0, 2.0)]
        elif what == "probability":
            model = MLP(1, [1], seed=1)
            model.layers[0].neurons[0].weights[0].data = 0.4
            model.layers[0].neurons[0].bias.data = 0.5
            rows, loss = [(1.0, 1.0), (0.5, 0.0), (1.0, 1.0)], binary_cross_entropy
        else:
            model = MLP(1, [2, 2, 1], activation="linear", seed=1)
            rows = [(1e3, 1.0), (2e3, -1.0)]
        steps = OPTIMIZERS[optimizer](model.parameters())
        steps.lr = 0.3
        try:
            fit(model, rows, loss, steps, 60, batch_size=batch, compiled=compiled)
        except ChalkgradError as error:
            return type(error), str(error), model.state_dict(), [p.grad for p in model.parameters()]
        return None, model.state_dict()

    assert failed(True) == failed(False)


def test_a_row_in_trouble_that_is_none_goes_on(way: str) -> None:
    """Logits beyond 50 are shifted by the largest: that is another graph, for the engine."""

    def pushed(compiled: bool) -> Any:
        model = MLP(1, [3], seed=1)
        rows = [(1.0, 0), (40.0, 1), (0.5, 2), (3.0, 0)]

        def loss(z: Any, k: Any) -> Value:
            return sparse_cross_entropy(z, k, from_logits=True)

        history = fit(model, rows, loss, SGD(model.parameters(), 0.5), 6, compiled=compiled)
        return history.losses, model.state_dict()

    assert pushed(True) == pushed(False)


def test_ctrl_c_stops_within_a_second_and_leaves_all_as_a_row_left_it() -> None:
    model = MLP(2, [4, 1], activation="tanh", seed=1)
    rows = [([0.1 * i, 1.0], 0.05 * i) for i in range(4)]
    fit(model, rows, mse, SGD(model.parameters(), 0.01), 2, compiled=True)  # llvmlite is loaded
    model = MLP(2, [4, 1], activation="tanh", seed=1)
    timer = threading.Timer(1.0, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    begun = time.monotonic()
    with pytest.raises(KeyboardInterrupt) as stopped:
        fit(model, rows, mse, SGD(model.parameters(), 0.01), 100_000_000, compiled=True)
    assert time.monotonic() - begun < 5.0
    history = stopped.value.history  # type: ignore[attr-defined]
    assert len(history) > 0
    again = MLP(2, [4, 1], activation="tanh", seed=1)
    slow = fit(again, rows, mse, SGD(again.parameters(), 0.01), 50, compiled=False)
    assert slow.losses == history.losses[:50]
    assert all(map(math.isfinite, model.state_dict().values()))


def test_without_llvmlite_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    import builtins  # noqa: PLC0415

    real_import = builtins.__import__

    def no_llvmlite(name: str, *args: Any, **named: Any) -> Any:
        if name.startswith("llvmlite"):
            raise ImportError(name)
        return real_import(name, *args, **named)

    monkeypatch.setattr(builtins, "__import__", no_llvmlite)
    assert not native_available()
    model = MLP(2, [1], seed=1)
    optimizer = SGD(model.parameters(), 1e-3)
    fit(model, [([1, 2], 3)], mse, optimizer, 2)
    with pytest.raises(ImportError, match=r"pip install 'chalkgrad\[native\]'"):
        fit(model, [([1, 2], 3)], mse, optimizer, 2, compiled=True)


@pytest.mark.parametrize("optimizer", sorted(OPTIMIZERS))
@pytest.mark.parametrize("batch", [1, 3])
def test_settings_that_change_on_the_way_compile_nothing_anew(
    optimizer: str, batch: int, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = []
    scan = autograd.Scan

    def counted(*args: Any, **named: Any) -> Any:
        made.append(scan(*args, **named))
        return made[-1]

    monkeypatch.setattr(autograd, "Scan", counted)
    draw = random.Random(2)
    rows = [([draw.gauss(0, 1), draw.gauss(0, 1)], draw.gauss(0, 1)) for _ in range(7)]

    def change(steps: Any, model: Any, epoch: int) -> None:
        """What a schedule, or whoever looks on between two epochs, may do."""
        steps.lr *= 0.7
        for name, number in {"momentum": 0.6, "eps": 1e-6, "weight_decay": 0.05}.items():
            if getattr(steps, name, 0.0):
                setattr(steps, name, number * (1 + epoch / 8))
        for name in ("clip_value", "clip_norm"):
            if getattr(steps, name) is not None:
                setattr(steps, name, 0.2 + 0.1 * epoch)
        if epoch == 2:
            model.parameters()[0].data = 0.125

    def epochs(compiled: bool) -> Any:
        model = MLP(2, [3, 1], activation="tanh", seed=4)
        steps = OPTIMIZERS[optimizer](model.parameters())
        losses: list[float] = []
        if compiled:
            first = [mse(model(x), y).data for x, y in rows]
            native = nn.native.NativeTraining(model, rows, mse, steps, first, batch)
        for epoch in range(5):
            change(steps, model, epoch)
            if compiled:
                native.run(
                    list(range(7)), epoch, 1, lambda *_: pytest.fail("by the engine"), losses
                )
            else:
                options = {"steps": True, "batch_size": batch, "compiled": False}
                losses += fit(model, rows, mse, steps, 1, **options).steps  # type: ignore[arg-type]
        return losses, model.state_dict(), steps.state_dict(), [p.grad for p in model.parameters()]

    assert epochs(True) == epochs(False)
    assert len(made) == 1


def test_a_step_of_another_shape_is_made_anew(way: str) -> None:
    """Momentum that was not there before, a clip, Nesterov's step: no number, another formula."""

    def epochs(compiled: bool) -> Any:
        model = MLP(1, [2, 1], activation="tanh", seed=4)
        steps = SGD(model.parameters(), 0.1)
        rows = [(0.5, 1.0), (-1.0, 0.5)]
        losses: list[float] = []
        if compiled:
            first = [mse(model(x), y).data for x, y in rows]
            native = nn.native.NativeTraining(model, rows, mse, steps, first, 1)
        for epoch, change in enumerate(
            ["", "momentum", "nesterov", "clip_norm", "clip_value", "weight_decay"]
        ):
            if change:
                setattr(steps, change, 0.5 if change != "nesterov" else True)
            if compiled:
                native.run([0, 1], epoch, 1, lambda *_: pytest.fail("by the engine"), losses)
            else:
                losses += fit(model, rows, mse, steps, 1, steps=True, compiled=False).steps
        return losses, model.state_dict(), steps.state_dict()

    assert epochs(True) == epochs(False)


def test_a_parameter_that_is_minus_zero(way: str) -> None:
    def trained_from(compiled: bool) -> Any:
        model = MLP(1, [2, 1], activation="relu", seed=4)
        for parameter in model.parameters()[:3]:
            parameter.data = -0.0
        fit(
            model,
            [(0.5, 1.0), (-1.0, 0.5)],
            mse,
            SGD(model.parameters(), 0.1),
            3,
            compiled=compiled,
        )
        return [p.data.hex() for p in model.parameters()]

    assert trained_from(True) == trained_from(False)


@pytest.mark.parametrize("compiled", [True, False])
def test_bad_rows_are_named_and_change_nothing(compiled: bool) -> None:
    bad: list[tuple[Any, str]] = [
        (([1.0], 1.0), "row 3.*1 number was given where 2 are needed"),
        (([1.0, 2.0, 3.0], 1.0), "row 3.*3 numbers"),
        (([1.0, math.nan], 1.0), "row 3, input 2 is nan"),
        (([1.0, 2.0], math.inf), "row 3, target is inf"),
        (([1e200, 1e200], 1.0), "row 3"),
    ]
    for row, says in bad:
        model = MLP(2, [2, 1], seed=1)
        before = model.state_dict()
        with pytest.raises(ChalkgradError, match=f"(?s){says}"):
            fit(
                model, [([1, 2], 3), ([2, 1], 3), row], mse,
                SGD(model.parameters(), 0.1), 2, compiled=compiled,
            )  # fmt: skip
        assert model.state_dict() == before


class Terminal(io.StringIO):
    """A terminal that somebody looks at."""

    def isatty(self) -> bool:
        return True


def test_the_progress_bar_is_drawn_between_native_calls(
    monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    monkeypatch.setattr(nn.native, "_PATIENCE", 1e-4)
    monkeypatch.setattr(nn.progress, "_REFRESH", 0.0)
    monkeypatch.setenv("TERM", "xterm")
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    model = MLP(1, [2, 1], activation="tanh", seed=1)
    rows = [(0.5, 1.0), (-1.0, 0.5)]
    history = fit(model, rows, mse, SGD(model.parameters(), 0.01), 20_000, compiled=True)
    shown = [int(number) for number in re.findall(r"epoch (\d+)/20000", terminal.getvalue())]
    assert len(set(shown)) > 2  # more than the beginning and the end
    assert shown == sorted(shown)
    assert f"loss {history[shown[-1] - 1]:.6g}" in terminal.getvalue()


def refusing(patch: pytest.MonkeyPatch) -> None:
    """An LLVM that does not know the processor."""

    def refuse(*_: Any) -> Any:
        raise RuntimeError("Unable to find target for this triple")

    patch.setattr(native, "_machine", refuse)
    patch.setattr(native, "_broken", [])
    patch.setattr(native, "_unsaid", [])


@pytest.mark.parametrize("way", [LOW, OPTIMISED])
def test_where_llvm_does_not_work_that_is_said_once(
    way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [([0.1 * i, 1.0], 0.05 * i) for i in range(4)]

    def train(compiled: Any) -> Any:
        model = MLP(2, [3, 1], activation="tanh", seed=1)
        losses = fit(model, rows, mse, SGD(model.parameters(), 0.01), 20, compiled=compiled).losses
        return losses, model.state_dict()

    expected = train(False)
    monkeypatch.setattr(nn.training, "_LONG", 0.0)
    monkeypatch.setattr(nn.native, "_COMPILING", 0.0)
    monkeypatch.setattr(nn.native, "_WORTH_OPTIMISING", -1.0)
    monkeypatch.setattr(native, "_compiled", {})
    if way == LOW:
        monkeypatch.setattr(columns, "available", False)
    refusing(monkeypatch)
    joined = native.Native.improve

    def at_once(self: native.Native, *, wait: bool = False) -> None:
        joined(self, wait=wait)
        if self._thread is not None:
            self._thread.join()

    monkeypatch.setattr(native.Native, "improve", at_once)
    with pytest.warns(RuntimeWarning, match="Unable to find target") as said:
        assert [train("auto") for _ in range(3)] == [expected] * 3
    assert len(said) == 1
    assert not native_available()
    with pytest.raises((RuntimeError, ArgumentError), match="Unable to find target"):
        train(True)


@pytest.mark.parametrize("way", [LOW, OPTIMISED])
def test_errors_that_nobody_expected_are_not_hidden(
    way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> str:
        raise KeyError("a mistake of ours")

    monkeypatch.setattr(nn.training, "_LONG", 0.0)
    monkeypatch.setattr(nn.native, "_COMPILING", 0.0)
    monkeypatch.setattr(nn.native, "_WORTH_OPTIMISING", -1.0)
    monkeypatch.setattr(native, "_compiled", {})
    monkeypatch.setattr(scan, "scan_text", broken)
    monkeypatch.setattr(nn.native, "_PATIENCE", 1e-6)
    if way == LOW:
        monkeypatch.setattr(columns, "available", False)
    model = MLP(2, [3, 1], seed=1)
    with pytest.raises(KeyError, match="a mistake of ours"):
        fit(model, [([1, 2], 3)] * 8, mse, SGD(model.parameters(), 1e-3), 20_000)
    assert all(map(math.isfinite, model.state_dict().values()))


def test_a_mistake_while_recording_is_not_taken_for_a_branch(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(*_: Any, **__: Any) -> Any:
        raise KeyError("a mistake of ours")

    monkeypatch.setattr(nn.training, "_LONG", 0.0)
    monkeypatch.setattr(functions, "Recording", broken)
    model = MLP(2, [3, 1], seed=1)
    with pytest.raises(KeyError, match="a mistake of ours"):
        fit(model, [([1, 2], 3)], mse, SGD(model.parameters(), 1e-3), 2)


def test_a_loss_that_overflows_names_epoch_and_row() -> None:
    model = MLP(1, [1], seed=1)
    with pytest.raises(TrainingError, match=r"epoch 2, row 1: "):
        fit(model, [(1.0, 1.0), (1e150, 1.0)], mse, SGD(model.parameters(), 1e-3), 5, compiled=True)


def test_the_order_of_sums_is_told_once() -> None:
    numbers = [[random.Random(n).gauss(0, 1)] for n in range(3000)]
    blocks = []
    for begin in range(0, 3000, 1024):
        block = numbers[begin : begin + 1024]
        s = [0.0] * 8
        for i, (x,) in enumerate(block):
            s[i % 8] += x
        blocks.append(((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7])))
    assert autograd.added_in_order(numbers, 1) == [sum(blocks)]
