"""viz/train.py: `chalkgrad train` and `predict`, as a stranger types them."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from autograd import native_available
from viz.command import main

ROOT = Path(__file__).resolve().parents[1]
BASH = shutil.which("bash") or ""
STUDENTS = "cgpa,iq,lpa,name\n8,80,8,Ada\n7,70,7,Bo\n9,88,9,Cy\n6,62,6,Di\n7.5,77,7.4,Ed\n"
FLOWERS = "length,width,kind\n" + "".join(
    f"{1 + 0.1 * i},{0.2 + 0.03 * i},small\n{4 + 0.1 * i},{1.3 + 0.05 * i},large\n"
    for i in range(10)
)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("students.csv").write_text(STUDENTS, encoding="utf-8")
    Path("flowers.csv").write_text(FLOWERS, encoding="utf-8")
    return tmp_path


TRAIN = ["train", "students.csv", "--target", "lpa", "--hidden", "2", "--standardize"]


def test_it_writes_model_history_pictures_and_a_derivation(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*TRAIN, "--epochs", "60", "--validation", "0"]) == 0
    told = capsys.readouterr().out
    out = here / "out" / "students"
    assert sorted(os.listdir(out)) == [
        "derivation.html", "history.csv", "loss.png", "model.json", "network.png", "training.json",
    ]  # fmt: skip
    assert "left out, as they hold no numbers: name" in told
    assert "5 rows to learn from, 0 held out; TableModel(cgpa, iq -> lpa; MLP(2 -> 2" in told
    assert "∂L/∂W₁₁¹ = ∂L/∂ŷ · ∂ŷ/∂O₁₁" in told
    assert "cgpa" in told.partition("∂L/∂W₁₁¹")[2]
    history = list(csv.DictReader(io.StringIO((out / "history.csv").read_text())))
    assert [row["epoch"] for row in history] == [str(n) for n in range(1, 61)]
    assert float(history[-1]["loss"]) < float(history[0]["loss"])
    assert (out / "loss.png").read_bytes().startswith(b"\x89PNG")
    assert "<math" in (out / "derivation.html").read_text(encoding="utf-8")


def test_predictions_are_a_column_more(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*TRAIN, "--epochs", "400", "--validation", "0"]) == 0
    capsys.readouterr()
    assert main(["predict", "out/students/model.json", "students.csv"]) == 0
    told = capsys.readouterr()
    rows = list(csv.DictReader(io.StringIO(told.out)))
    assert [row["name"] for row in rows] == ["Ada", "Bo", "Cy", "Di", "Ed"]
    for row in rows:
        assert float(row["predicted lpa"]) == pytest.approx(float(row["lpa"]), abs=0.3)
    assert "off by 0." in told.err
    Path("new.csv").write_text("iq,cgpa\n80,8\n")
    assert main(["predict", "out/students/model.json", "new.csv", "--out", "said.csv"]) == 0
    assert Path("said.csv").read_text().splitlines()[1].startswith("80,8,")
    assert capsys.readouterr().out == ""


def test_classes(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["train", "flowers.csv", "--target", "kind", "--classes", "--hidden", "3"]
    assert main([*command, "--epochs", "60", "--out", "made/here"]) == 0
    told = capsys.readouterr().out
    assert {"boundary.png", "confusion.png"} <= set(os.listdir("made/here"))
    assert "16 rows to learn from, 4 held out" in told
    assert "accuracy 1" in told
    assert "p₁ = " in told
    assert main(["predict", "made/here/model.json", "flowers.csv"]) == 0
    said = capsys.readouterr()
    row = next(csv.DictReader(io.StringIO(said.out)))
    assert row["predicted kind"] == "small"
    assert 0.5 < float(row["probability"]) <= 1
    assert "20 of 20 right: 100.0%" in said.err


def test_columns_that_are_no_words_get_symbols(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("odd.csv").write_text("L,petal width,size,y\n1,2,3,4\n2,1,4,5\n3,3,5,2\n")
    assert main(["train", "odd.csv", "--target", "y", "--epochs", "2", "--validation", "0"]) == 0
    told = capsys.readouterr().out
    assert "x₁ is L, x₂ is petal width\n" in told
    assert "· x₁" in told


def test_resumed_is_unbroken(here: Path) -> None:
    assert main([*TRAIN, "--epochs", "40", "--out", "whole"]) == 0
    assert main([*TRAIN, "--epochs", "15", "--out", "parts"]) == 0
    assert main([*TRAIN, "--epochs", "40", "--out", "parts", "--resume"]) == 0
    for name in ("model.json", "history.csv"):
        assert Path("whole", name).read_bytes() == Path("parts", name).read_bytes()
    assert main([*TRAIN, "--epochs", "40", "--out", "parts", "--resume", "--lr", "0.5"]) == 2


def test_patience_stops_it(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*TRAIN, "--epochs", "3000", "--patience", "5"]) == 0
    epochs = int(re.search(r"loss in (\d+) epochs", capsys.readouterr().out)[1])  # type: ignore[index]
    assert epochs < 3000
    if native_available():
        assert main([*TRAIN, "--epochs", "3000", "--patience", "5", "--optimizer", "sgd"]) == 0


@pytest.mark.parametrize(
    ("command", "says"),
    [
        (["train", "no.csv", "--target", "y"], "no.csv cannot be read: No such file"),
        (["train", "students.csv", "--target", "salary"], "no column salary\nhint: .*cgpa, iq"),
        (["train", "students.csv", "--target", "name"], "name holds no numbers\nhint: .*--classes"),
        ([*TRAIN, "--inputs", "iq", "lpa"], "lpa is the target"),
        ([*TRAIN, "--inputs", "name"], "line 2, column name: 'Ada' is no number"),
        ([*TRAIN, "--epochs", "0"], "0 epochs"),
        ([*TRAIN, "--validation", "1"], "--validation is 1"),
        ([*TRAIN, "--activation", "rlu"], "'rlu' is no activation"),
        ([*TRAIN, "--lr", "-1"], "learning rate is -1"),
        (["train", "students.csv", "--target", "lpa", "--lr", "1e6", "--optimizer", "sgd",
          "--activation", "linear"], "--standardize"),
        ([*TRAIN, "--out", "students.csv/out"], "students.csv"),
        (["predict", "students.csv", "students.csv"], "students.csv is damaged"),
        (["predict", "no.json", "students.csv"], "no.json cannot be read"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said(
    here: Path, capsys: pytest.CaptureFixture[str], command: list[str], says: str
) -> None:
    assert main(command) == 2
    told = capsys.readouterr().err
    assert re.search(says, told, re.DOTALL), told
    assert "\nhint: " in told
    assert Path("students.csv").read_text() == STUDENTS


def test_a_hole_in_the_data_is_told_by_line(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("students.csv").write_text(STUDENTS.replace("70", "").replace("6,62,6", "6,62,"))
    assert main(TRAIN) == 2
    assert "line 5, column lpa: the cell is empty" in capsys.readouterr().err
    Path("students.csv").write_text(STUDENTS.replace("70", "").replace("62", "many"))
    assert main(TRAIN) == 2
    told = capsys.readouterr().err
    assert "line 3, column iq: the cell is empty; line 5, column iq: 'many' is no number" in told


def test_without_pictures_the_rest_is_there(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in sys.modules if name.startswith("matplotlib")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert main([*TRAIN, "--epochs", "5"]) == 0
    assert "No pictures: pictures need matplotlib" in capsys.readouterr().out
    assert {"model.json", "history.csv"} <= set(os.listdir("out/students"))


@pytest.mark.skipif(os.name == "nt", reason="Ctrl-C is another thing there")
def test_ctrl_c_says_how_to_go_on(here: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "viz", *TRAIN, "--epochs", "100000000"],
        env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, encoding="utf-8",
    )  # fmt: skip
    assert process.stdout is not None
    for line in process.stdout:
        if "One gradient" in line:
            break
    time.sleep(2)
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=30)
    assert process.returncode == 130
    assert re.search(r"stopped in epoch \d+; with --resume it goes on", told)


def test_the_model_of_another_column_is_not_replaced(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*TRAIN, "--epochs", "2"]) == 0
    model = (here / "out" / "students" / "model.json").read_text()
    assert main(["train", "students.csv", "--target", "iq", "--epochs", "2"]) == 2
    told = " ".join(capsys.readouterr().err.split())
    assert "has a model of lpa, which this one of iq would replace" in told
    assert "--out" in told
    assert (here / "out" / "students" / "model.json").read_text() == model
    assert main([*TRAIN, "--epochs", "2", "--hidden", "3"]) == 0


@pytest.mark.skipif(not BASH, reason="README speaks to a shell")
@pytest.mark.skipif(not (ROOT / "README.md").exists(), reason="README is not here")
def test_readme_as_a_stranger_types_it(tmp_path: Path) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (block,) = [
        block for block in re.findall(r"^```sh\n(.*?)^```", readme, re.MULTILINE | re.DOTALL)
        if "chalkgrad train" in block
    ]  # fmt: skip
    assert len(block.splitlines()) <= 8
    command = tmp_path / "bin" / "chalkgrad"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m viz "$@"\n')
    command.chmod(0o755)
    path = f"{command.parent}{os.pathsep}{os.environ['PATH']}"
    told = ""
    for line in block.splitlines():  # each by itself, as CI runs them
        done = subprocess.run(
            [BASH, "-c", line.partition("  #")[0]], cwd=tmp_path, capture_output=True,
            encoding="utf-8", check=False,
            env={**os.environ, "PYTHONPATH": str(ROOT), "PATH": path, "PYTHONIOENCODING": "utf-8"},
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        told = done.stdout
    (ada,) = csv.DictReader(io.StringIO(told))
    assert 7 < float(ada["predicted lpa"]) < 10
    assert json.loads((tmp_path / "out/students/model.json").read_text())["target"] == "lpa"
