"""nn/checkpoints.py: a training that was broken off ends with the bits of one that was not."""

from __future__ import annotations

import hashlib
import json
import math
import os
import random
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograd import ArgumentError, native_available, tanh
from nn import (
    MLP,
    SGD,
    Adagrad,
    Adam,
    AdamW,
    Callback,
    CosineAnnealingLR,
    Dropout,
    EarlyStopping,
    GradientNorms,
    Linear,
    LinearLR,
    ReduceLROnPlateau,
    RMSProp,
    Sequential,
    SequentialLR,
    StepLR,
    accuracy,
    fit,
    hinge,
    mae,
    mse,
)

ROOT = Path(__file__).resolve().parents[1]
EPOCHS = 7

OPTIMIZERS = {
    "sgd": lambda p: SGD(p, lr=0.05),
    "nesterov": lambda p: SGD(p, lr=0.05, momentum=0.9, nesterov=True, weight_decay=0.1),
    "adam": lambda p: Adam(p, lr=0.05, clip_value=0.5),
    "adamw": lambda p: AdamW(p, lr=0.05),
    "rmsprop": lambda p: RMSProp(p, lr=0.02, momentum=0.5),
    "adagrad": lambda p: Adagrad(p, lr=0.1),
}
SCHEDULES = {
    "none": lambda o: [],
    "step": lambda o: [StepLR(o, 2, 0.5)],
    "cosine to 0": lambda o: [CosineAnnealingLR(o, EPOCHS)],
    "warm-up": lambda o: [
        SequentialLR(o, [LinearLR(o, 0.25, total_iters=3), StepLR(o, 1, 0.5)], [3])
    ],
    "plateau": lambda o: [ReduceLROnPlateau(o, factor=0.5, patience=0, cooldown=1)],
}


class Mean(Callback):
    """One of a user's own, with a state, called every other epoch."""

    every = 2
    memory = ("mean", "count")

    def __init__(self) -> None:
        self.mean, self.count = math.inf, 0

    def after_epoch(self, training: Any) -> None:
        self.mean = training.history[-1] + (0.0 if math.isinf(self.mean) else self.mean / 2)
        self.count += 1


def close(prediction: Any, target: Any) -> bool:
    return abs(prediction - target) < 0.5


def trained(path: Path | None, epochs: int, case: dict[str, Any], **options: Any) -> Any:
    """All that a training of so many epochs leaves behind; each call begins from nothing."""
    draw = random.Random(case["seed"])
    rows = [([draw.gauss(0, 1), draw.gauss(0, 1)], draw.choice([-1, 1])) for _ in range(6)]
    if case["dropout"]:
        model: Any = Sequential(
            Linear(2, 4, seed=case["seed"]), tanh, Dropout(0.3, seed=9), Linear(4, 1, seed=2)
        )
    else:
        model = MLP(2, [3, 1], activation="tanh", seed=case["seed"])
    optimizer = OPTIMIZERS[case["optimizer"]](model.parameters())
    callbacks: list[Any] = [*SCHEDULES[case["schedule"]](optimizer), GradientNorms(), Mean()]
    if case["stopping"]:
        callbacks.append(EarlyStopping(patience=case["stopping"]))
    kept = {} if path is None else {"checkpoint": path, "checkpoint_every": case["every"]}
    history = fit(
        model, rows[:5], hinge if case["hinge"] else mse, optimizer, epochs,
        batch_size=case["batch"], shuffle=case["shuffle"], seed=case["order"], steps=True,
        validation=rows[4:] if case["validation"] else None,
        metrics={"accuracy": partial(accuracy, threshold=0), "mae": mae, "close": close},
        callbacks=callbacks, **kept, **options,
    )  # fmt: skip
    dropout = [part.generator.getstate() for part in model.modules() if isinstance(part, Dropout)]
    return (
        history.state_dict(),
        [p.data.hex() for p in model.parameters()],
        repr(optimizer.state_dict()),
        repr([callback.state_dict() for callback in callbacks]),
        dropout,
    )


cases = st.fixed_dictionaries(
    {
        "seed": st.integers(0, 100),
        "order": st.integers(0, 100),
        "dropout": st.booleans(),
        "hinge": st.booleans(),
        "shuffle": st.booleans(),
        "validation": st.booleans(),
        "batch": st.integers(1, 6),
        "every": st.integers(1, 4),
        "stopping": st.integers(0, 3),
        "optimizer": st.sampled_from(sorted(OPTIMIZERS)),
        "schedule": st.sampled_from(sorted(SCHEDULES)),
    }
)
NATIVE = pytest.mark.skipif(not native_available(), reason="llvmlite is not installed")
ENGINES = [False, pytest.param(True, marks=NATIVE)]
CASE = {
    "seed": 1, "order": 2, "dropout": False, "hinge": False, "shuffle": True, "validation": True,
    "batch": 2, "every": 1, "stopping": 0, "optimizer": "adam", "schedule": "step",
}  # fmt: skip


@pytest.mark.parametrize("compiled", ENGINES)
@settings(max_examples=40)
@given(case=cases, breaks=st.lists(st.integers(1, EPOCHS), max_size=3))
def test_resumed_is_unbroken(
    tmp_path_factory: pytest.TempPathFactory, compiled: bool, case: Any, breaks: list[int]
) -> None:
    path = tmp_path_factory.mktemp("kept") / "training.json"
    case = case | ({"dropout": False} if compiled else {})  # which draws, as no program can
    unbroken = trained(None, EPOCHS, case, compiled=compiled)
    for until in sorted(breaks):
        trained(path, until, case, compiled=compiled, resume=True)
    assert trained(path, EPOCHS, case, compiled=compiled, resume=True) == unbroken
    assert trained(path, EPOCHS, case, compiled=compiled, resume=True) == unbroken  # nothing to do


@NATIVE
@settings(max_examples=40)
@given(case=cases, broken=st.integers(1, EPOCHS))
def test_compiled_or_not_the_bits_are_the_same(
    tmp_path_factory: pytest.TempPathFactory, case: Any, broken: int
) -> None:
    path = tmp_path_factory.mktemp("kept") / "training.json"
    case = case | {"dropout": False}
    slow = trained(None, EPOCHS, case, compiled=False)
    assert trained(None, EPOCHS, case, compiled=True) == slow
    trained(path, broken, case, compiled=True)
    assert trained(path, EPOCHS, case, compiled=False, resume=True) == slow


def test_a_seed_that_nobody_chose_is_kept_too(tmp_path: Path) -> None:
    path = tmp_path / "training.json"
    case = CASE | {"order": None}
    trained(path, 3, case)
    held = path.read_bytes()
    whole = trained(path, EPOCHS, case, resume=True)
    path.write_bytes(held)
    assert trained(path, EPOCHS, case, resume=True) == whole


# The file


def test_the_file_is_json_that_says_what_it_is(tmp_path: Path) -> None:
    path = tmp_path / "training.json"
    _, parameters, *_ = trained(path, 3, CASE)
    held = json.loads(path.read_text(encoding="utf-8"))
    assert (held["format"], held["version"]) == ("chalkgrad checkpoint", 1)
    kept = held["training"]
    assert (kept["epoch"], kept["stopped"]) == (3, False)
    assert [x.hex() for x in kept["parameters"].values()] == parameters
    assert kept["about"]["optimizer"]["kind"] == "Adam"
    assert os.listdir(tmp_path) == ["training.json"]


def test_it_is_written_every_so_many_epochs_and_at_the_end(tmp_path: Path) -> None:
    path, seen = tmp_path / "training.json", []
    model = MLP(1, [1], seed=1)

    def look(training: Any) -> None:
        epoch = json.loads(path.read_text())["training"]["epoch"] if path.exists() else 0
        seen.append((training.epoch, epoch))

    fit(
        model, [([1], 2)], mse, SGD(model.parameters(), 0.1), 5,
        callbacks=[look], checkpoint=path, checkpoint_every=2,
    )  # fmt: skip
    assert seen == [(1, 0), (2, 0), (3, 2), (4, 2), (5, 4)]
    assert json.loads(path.read_text())["training"]["epoch"] == 5


def test_without_resume_it_begins_anew(tmp_path: Path) -> None:
    path = tmp_path / "training.json"
    assert trained(path, 3, CASE) == trained(path, 3, CASE)


def test_a_file_of_another_kind_is_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    path.write_text("a,b\n1,2\n")
    with pytest.raises(ArgumentError, match=r"(?s)data.csv is there already.*hint"):
        trained(path, 3, CASE)
    assert path.read_text() == "a,b\n1,2\n"


def test_what_cannot_be_kept_is_said_before_training(tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match="there is no folder"):
        trained(tmp_path / "nowhere" / "training.json", 3, CASE)
    with pytest.raises(ArgumentError, match="resume=True without a checkpoint"):
        trained(None, 3, CASE, resume=True)
    with pytest.raises(ArgumentError, match="checkpoint_every is 0"):
        trained(tmp_path / "training.json", 3, CASE | {"every": 0})
    assert os.listdir(tmp_path) == []


def altered(path: Path, change: Any) -> None:
    """Changes what the file holds, and its checksum with it."""
    held = json.loads(path.read_text(encoding="utf-8"))
    change(held["training"])
    text = json.dumps(held["training"], ensure_ascii=False)
    held["sha256"] = hashlib.sha256(text.encode()).hexdigest()
    path.write_text(json.dumps(held, ensure_ascii=False), encoding="utf-8")


def set_in(*keys: Any) -> Any:
    *way, last, value = keys

    def change(held: Any) -> None:
        for key in way:
            held = held[key]
        held[last] = value

    return change


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda p: p.write_bytes(b""), "is damaged"),
        (lambda p: p.write_bytes(p.read_bytes()[:-30]), "is damaged"),
        (lambda p: p.write_bytes(b"\x80\x04\x95"), "is damaged"),
        (lambda p: p.write_text("[" * 100_000), "is damaged"),
        (lambda p: p.write_text(p.read_text().replace("0", "1", 40)), "is damaged|of another"),
        (lambda p: p.write_text("{}"), "holds no checkpoint"),
        (lambda p: p.write_text(p.read_text().replace('n": 1', 'n": 9', 1)), "version 9"),
        (lambda p: altered(p, lambda held: held.pop("optimizer")), "does not have all of"),
        (lambda p: altered(p, set_in("parameters", "b_{11}", None)), r"b_\{11\} is None"),
        (lambda p: altered(p, set_in("parameters", "c", 1.0)), "has the parameter c"),
        (lambda p: altered(p, set_in("optimizer", "means", [0.5])), "means in the state"),
        (lambda p: altered(p, set_in("optimizer", "lr", "fast")), "'fast'"),
        (lambda p: altered(p, set_in("generators", "shuffle", [3, [1], None])), "cannot be used"),
        (lambda p: altered(p, set_in("callbacks", 0, {})), "does not fit StepLR"),
        (lambda p: altered(p, set_in("history", {})), "cannot be used"),
        (lambda p: altered(p, set_in("epoch", 99)), "gone on for 99 epochs, and epochs is 7"),
    ],
)
def test_a_damaged_file_says_so_and_changes_nothing(tmp_path: Path, spoil: Any, says: str) -> None:
    path = tmp_path / "training.json"
    trained(path, 3, CASE)
    spoil(path)
    refused(path, says, CASE)


@pytest.mark.parametrize(
    ("other", "says"),
    [
        ({"optimizer": "sgd"}, r"optimizer is Adam\(lr=0.05.*here it is SGD\(lr=0.05"),
        ({"schedule": "cosine to 0"}, "callbacks is .*StepLR.*here it is .*Cosine"),
        ({"stopping": 2}, "callbacks is .*here it is .*EarlyStopping.*patience=2"),
        ({"dropout": True}, r"model is MLP\(.*here it is Sequential"),
        ({"seed": 5}, "the numbers of its rows are others"),
        ({"validation": False}, "the numbers of its validation rows are others"),
        ({"hinge": True}, "loss is mse, here it is hinge"),
        ({"batch": 3}, "batch_size is 2, here it is 3"),
        ({"shuffle": False}, "shuffle is True, here it is False"),
        ({"order": 3}, "seed is 2, here it is 3"),
    ],
)
def test_the_file_of_another_training_says_what_differs(
    tmp_path: Path, other: dict[str, Any], says: str
) -> None:
    path = tmp_path / "training.json"
    trained(path, 3, CASE)
    refused(path, f"is of another training: .*{says}", CASE | other)


def test_other_settings_of_the_same_optimizer_are_named(tmp_path: Path) -> None:
    path = tmp_path / "training.json"
    for lr, resume in [(0.1, False), (0.2, True)]:
        model = MLP(1, [1], seed=1)
        task = (model, [([1], 2)], mse, SGD(model.parameters(), lr), 2)
        if resume:
            with pytest.raises(ArgumentError, match=r"optimizer SGD has lr 0.1, here it is 0.2"):
                fit(*task, checkpoint=path, resume=True)
        else:
            fit(*task, checkpoint=path)


def refused(path: Path, says: str, case: dict[str, Any]) -> None:
    """That a checkpoint is refused, and leaves itself, model, optimizer and callbacks alone."""
    before = path.read_bytes()
    trainings: list[Any] = []
    kept = []

    def snapshot(training: Any) -> Any:
        return (
            {name: p.data for name, p in training.parameters().items()},
            repr(training.optimizer.state_dict()),
            training.history.state_dict(),
            training.stopped,
        )

    def look(mean: Mean, training: Any) -> None:
        trainings.append(training)
        kept.append(snapshot(training))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Mean, "begin", look)  # called before the checkpoint is read
        with pytest.raises(ArgumentError, match=f"(?s){says}") as caught:
            trained(path, EPOCHS, case, resume=True)
    assert "\nhint: " in str(caught.value)
    assert [snapshot(training) for training in trainings] == kept
    assert len(kept) == 1
    assert path.read_bytes() == before


def test_what_a_callback_remembers_must_be_plain(tmp_path: Path) -> None:
    class Odd(Callback):
        memory = ("thing",)
        thing = object()

    model = MLP(1, [1], seed=1)
    with pytest.raises(ArgumentError, match="a callback remembers <object"):
        fit(
            model, [([1], 2)], mse, SGD(model.parameters(), 0.1), 2,
            callbacks=[Odd()], checkpoint=tmp_path / "training.json",
        )  # fmt: skip


# What kills it

TRAINING = """
import sys
from nn import MLP, Adam, StepLR, fit, mse
model = MLP(2, [4, 1], activation="tanh", seed=1)
optimizer = Adam(model.parameters(), lr=0.01)
rows = [([0.1 * i, 0.2 * i * i], 0.3 * i) for i in range(4)]
fit(
    model, rows, mse, optimizer, int(sys.argv[2]), shuffle=True, seed=1, checkpoint=sys.argv[1],
    resume=True, callbacks=[StepLR(optimizer, 50, 0.9)], compiled=False,
)
print(*(p.data.hex() for p in model.parameters()))
"""


def start(path: Path, epochs: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", TRAINING, str(path), str(epochs)],
        cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def kill_while_it_writes(path: Path, times: int, epochs: int) -> str:
    """Kills the training so many times at random moments; what it says at its end."""
    draw = random.Random(7)
    killed, reached = 0, -1
    while killed < times:
        process = start(path, epochs)
        while process.poll() is None:  # until it has begun to write
            if path.exists() and epoch_in(path) > reached:
                break
            time.sleep(0.002)
        time.sleep(draw.uniform(0.0, 0.05))
        if process.poll() is not None:
            break
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
        killed += 1
        reached = epoch_in(path)
    process = start(path, epoch_in(path) + 5)
    said, wrong = process.communicate()
    assert process.returncode == 0, wrong
    assert killed == times
    return said


def epoch_in(path: Path) -> int:
    epoch: int = json.loads(path.read_text(encoding="utf-8"))["training"]["epoch"]
    return epoch


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="there is no kill -9 here")
@pytest.mark.parametrize("times", [3, pytest.param(50, marks=pytest.mark.slow)])
def test_kill_never_leaves_an_unreadable_file(tmp_path: Path, times: int) -> None:
    path = tmp_path / "training.json"
    said = kill_while_it_writes(path, times, 1_000_000)
    epochs = epoch_in(path)
    unbroken, wrong = start(tmp_path / "another.json", epochs).communicate()
    assert wrong == ""
    assert said == unbroken
