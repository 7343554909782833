"""nn/saving.py: every double comes back, the last good file stands, and nothing is half loaded."""

from __future__ import annotations

import errno
import json
import math
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograd import ArgumentError, ArgumentTypeError
from nn import MLP, Embedding, LayerNorm, Linear, Sequential, load, save


@settings(max_examples=60)
@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=9, max_size=9))
def test_every_double_comes_back(tmp_path_factory, numbers):
    path = tmp_path_factory.mktemp("saved") / "model.json"
    model, twin = MLP(2, [2, 1], seed=1), MLP(2, [2, 1], seed=2)
    for p, number in zip(model.parameters(), numbers, strict=True):
        p.data = number
    save(model, path)
    assert load(path, twin) is twin
    assert [p.data.hex() for p in twin.parameters()] == [float(x).hex() for x in numbers]


def test_the_file_is_json_that_says_what_it_is(tmp_path):
    path = tmp_path / "model.json"
    model = Sequential(Linear(2, 2, seed=1), LayerNorm(2), Embedding(2, 2, seed=1))
    save(model, str(path))
    held = json.loads(path.read_text(encoding="utf-8"))
    assert held["format"] == "chalkgrad parameters"
    assert held["version"] == 1
    assert held["model"].startswith("Sequential(Linear(2 -> 2 linear")
    assert held["parameters"] == model.state_dict()
    assert os.listdir(tmp_path) == ["model.json"]


@pytest.fixture
def saved(tmp_path):
    path = tmp_path / "model.json"
    save(MLP(1, [1], seed=1), path)
    return path


def change(path, **changes):
    held = json.loads(path.read_text(encoding="utf-8"))
    held.update(changes)
    path.write_text(json.dumps(held), encoding="utf-8")


@pytest.mark.parametrize(
    ("spoil", "error", "says"),
    [
        (lambda p: p.write_bytes(b""), ArgumentError, "is damaged"),
        (lambda p: p.write_bytes(p.read_bytes()[:-20]), ArgumentError, "is damaged"),
        (lambda p: p.write_bytes(b"\x80\x04\x95"), ArgumentError, "is damaged"),
        (lambda p: p.write_text("[" * 100_000), ArgumentError, "is damaged"),
        (lambda p: p.write_text("[]"), ArgumentError, "holds no parameters saved by"),
        (lambda p: p.write_text('{"a": 1, "a": 2}'), ArgumentError, "a is in it twice"),
        (lambda p: change(p, format="another"), ArgumentError, "holds no parameters saved by"),
        (lambda p: change(p, version=2), ArgumentError, "version 2.*reads 1"),
        (lambda p: change(p, parameters=[1, 2]), ArgumentError, "has no parameters"),
        (lambda p: change(p, parameters={"b_{11}": 1}), ArgumentError, r"has no W_\{11\}\^1"),
        (
            lambda p: change(p, parameters={"W_{11}^1": 5, "b_{11}": 5, "c": 1}),
            ArgumentError,
            "has c, which the model does not",
        ),
        (
            lambda p: change(p, parameters={"W_{11}^1": 5, "b_{11}": math.nan}),
            ArgumentError,
            r"b_\{11\} was given a number that is not finite",
        ),
        (
            lambda p: change(p, parameters={"W_{11}^1": 5, "b_{11}": "5"}),
            ArgumentTypeError,
            r"b_\{11\} was given '5'",
        ),
        (
            lambda p: change(p, parameters={"W_{11}^1": 5, "b_{11}": True}),
            ArgumentTypeError,
            r"b_\{11\} was given True",
        ),
        (
            lambda p: change(p, parameters={"W_{11}^1": 5, "b_{11}": [1.0]}),
            ArgumentTypeError,
            r"b_\{11\} was given \[1.0\]",
        ),
        (
            lambda p: save(MLP(1, [2, 1]), p),
            ArgumentError,
            r"\{12\}\^1.*\n.*from MLP\(1 -> 2",
        ),
    ],
)
def test_a_file_that_does_not_fit_says_why_and_changes_nothing(saved, spoil, error, says):
    spoil(saved)
    model = MLP(1, [1], seed=2)
    before = model.state_dict()
    with pytest.raises(error, match=says) as caught:
        load(saved, model)
    assert "\nhint: " in str(caught.value)
    assert model.state_dict() == before


def test_wrong_calls_say_what_is_right(tmp_path, saved):
    for call in (
        lambda: save(saved, MLP(1, [1])),
        lambda: save({"w": 1.0}, saved),
        lambda: load(saved, MLP),
    ):
        with pytest.raises(ArgumentTypeError, match="as the model\nhint: "):
            call()
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "none.json", MLP(1, [1]))
    with pytest.raises(FileNotFoundError, match=r"no folder.model\.json'$"):
        save(MLP(1, [1]), tmp_path / "no folder" / "model.json")
    model = MLP(1, [1])
    model.parameters()[1].data = math.inf
    before = saved.read_bytes()
    with pytest.raises(ArgumentError, match=r"b_\{11\} is inf"):
        save(model, saved)
    assert saved.read_bytes() == before


def test_a_full_disk_costs_nothing(saved, monkeypatch):
    before = saved.read_bytes()

    def full(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        save(MLP(1, [1], seed=9), saved)
    assert saved.read_bytes() == before
    assert os.listdir(saved.parent) == [saved.name]


@pytest.mark.skipif(sys.platform == "win32", reason="links and modes are POSIX's")
def test_a_link_stays_a_link_and_a_mode_a_mode(saved):
    saved.chmod(0o640)
    link = saved.with_name("link.json")
    link.symlink_to(saved)
    model = MLP(1, [1], seed=9)
    save(model, link)
    assert link.is_symlink()
    assert saved.stat().st_mode & 0o777 == 0o640
    assert load(saved, MLP(1, [1])).state_dict() == model.state_dict()


SAVING = """
import sys
from nn import MLP, save
model = MLP(8, [8, 8, 1], seed=1)
print("ready", flush=True)
while True:
    save(model, sys.argv[1])
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
@pytest.mark.parametrize("times", [5, pytest.param(50, marks=pytest.mark.slow)])
def test_a_process_killed_while_saving_leaves_a_whole_file(tmp_path, times):
    path = tmp_path / "model.json"
    model = MLP(8, [8, 8, 1], seed=1)
    save(model, path)
    for number in range(times):
        process = subprocess.Popen(
            [sys.executable, "-c", SAVING, str(path)],
            stdout=subprocess.PIPE,
            cwd=Path(__file__).parents[1],
        )
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(0.001 + 0.0137 * number % 0.05)
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        twin = load(path, MLP(8, [8, 8, 1], seed=2))
        assert twin.state_dict() == model.state_dict()
