"""nn/tables.py: what a CSV file says by column, and a network that knows its columns."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import ArgumentError
from nn import Adam, TableModel, evaluate, fit, read_table

if TYPE_CHECKING:
    from pathlib import Path

STUDENTS = "cgpa,iq,lpa,name\n8,80,8,Ada\n7,70,7,Bo\n\n9,88,9,Cy\n6,62,6,Di\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "students.csv"
    path.write_text(STUDENTS, encoding="utf-8")
    return path


def test_columns_by_name_and_lines_as_in_the_file(file: Path) -> None:
    table = read_table(file)
    assert table.columns == ["cgpa", "iq", "lpa", "name"]
    assert table.numbers(["lpa", "cgpa"]) == [[8, 8], [7, 7], [9, 9], [6, 6]]
    assert table.lines == [2, 3, 5, 6]
    assert table.texts("name") == ["Ada", "Bo", "Cy", "Di"]
    assert [table.is_text(name) for name in table.columns] == [False, False, False, True]
    assert table.classes("name") == ["Ada", "Bo", "Cy", "Di"]


@pytest.mark.parametrize(
    "text",
    [
        "a;b\n1;2\n",
        "a\tb\n1\t2\n",
        "\ufeffa, b \r\n 1 , 2\r\n",
        '"a","b"\n"1","2"\n',
        "a,b\n1,2",
        "a,b\n1.0,2e0\n,\n",
    ],
)
def test_spellings_of_csv(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(text.encode())
    assert read_table(path).numbers(["a", "b"]) == [[1, 2]]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (b"", "is empty"),
        (b"a,b\n", "has no rows"),
        (b"a,a\n1,2\n", "line 1: two columns are called a"),
        (b"a,,c\n1,2,3\n", "line 1: column 2 has no name"),
        (b"a,b\n1,2\n3\n", "line 3: 1 cells, and there are 2 columns"),
        (b"a,b\n1,2,3\n", "line 2: 3 cells"),
        (b"a,b\n\xff,2\n", "cannot be read: it is no CSV text in UTF-8"),
        (b'a,b\n"1,2\n', "cannot be read"),
    ],
)
def test_what_is_no_table(tmp_path: Path, text: bytes, says: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(text)
    with pytest.raises(ArgumentError, match=says) as caught:
        read_table(path)
    assert "\nhint: " in str(caught.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match="cannot be read: No such file"):
        read_table(tmp_path / "nothing.csv")


def test_text_and_missing_values_are_told_by_line(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("a,b\n1,2\nx,3\n,NA\n4,inf\n" + "?,?\n" * 4, encoding="utf-8")
    with pytest.raises(ArgumentError) as caught:
        read_table(path).numbers(["a", "b"])
    assert caught.value.message == (
        f"{path}: line 3, column a: 'x' is no number; line 4, column a: the cell is empty; "
        "line 4, column b: 'NA' is a missing value; line 5, column b: 'inf' is no number; "
        "line 6, column a: '?' is a missing value; and 7 more"
    )
    with pytest.raises(ArgumentError, match=r"no column c\nhint: .*here: a, b"):
        read_table(path).numbers(["c"])


@given(
    st.lists(
        st.tuples(st.floats(-1e3, 1e3), st.floats(-1e3, 1e3)), min_size=2, max_size=6, unique=True
    )
)
def test_standardized_columns_have_mean_0_and_deviation_1(rows: list[tuple[float, float]]) -> None:
    model = TableModel(["a"], "y", seed=1)
    model.standardize([[x] for x, _ in rows], [str(y) for _, y in rows])
    examples = [model.example([x], str(y)) for x, y in rows]
    for given_, scaled in [
        ([x for x, _ in rows], [inputs[0] for inputs, _ in examples]),
        ([y for _, y in rows], [target for _, target in examples]),
    ]:
        if max(given_) - min(given_) > 1e-6:
            assert math.fsum(scaled) == pytest.approx(0, abs=1e-6)
            assert math.fsum(x * x for x in scaled) / len(scaled) == pytest.approx(1, rel=1e-6)
    # What it predicts is what the network says, scaled back.
    middle, spread = model.scaling["y"]
    x, scaled_x = rows[0][0], examples[0][0]
    assert model.predict([x]) == model.network(scaled_x).data * spread + middle


def trained(file: Path, classes: bool) -> TableModel:
    table = read_table(file)
    target = "name" if classes else "lpa"
    names = table.classes("name") if classes else ()
    model = TableModel(["iq", "cgpa"], target, [3], classes=names, seed=1)
    numbers, targets = table.numbers(model.inputs), table.texts(target)
    model.standardize(numbers, targets)
    examples = [model.example(*pair) for pair in zip(numbers, targets, strict=True)]
    fit(model, examples, model.loss, Adam(model.parameters(), 0.05), 300)
    assert evaluate(model, examples, model.loss)["loss"] < 0.1
    return model


@pytest.mark.parametrize("classes", [False, True])
def test_it_learns_and_comes_back_from_its_file(file: Path, classes: bool, tmp_path: Path) -> None:
    model = trained(file, classes)
    model.save(tmp_path / "model.json")
    twin = TableModel.load(tmp_path / "model.json")
    assert repr(twin) == repr(model)
    for row in read_table(file).numbers(model.inputs):
        assert twin.predict(row) == model.predict(row)
        if classes:
            assert twin.probabilities(row) == model.probabilities(row)
            assert sum(twin.probabilities(row)) == pytest.approx(1)
    if classes:
        assert model.predict([80, 8]) == "Ada"
    else:
        assert model.predict([80, 8]) == pytest.approx(8, abs=0.2)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"version": 2}, "version 2"),
        ({"format": "chalkgrad parameters"}, "holds no model of a table"),
        ({"inputs": []}, "no inputs"),
        ({"inputs": "iq"}, "where names should be"),
        ({"target": 3}, "where names should be"),
        ({"hidden": [0]}, "number of neurons"),
        ({"hidden": None}, "damaged"),
        ({"activation": "rlu"}, "no activation"),
        ({"scaling": {"iq": [1]}}, "damaged"),
        ({"scaling": 3}, "damaged"),
        ({"parameters": {}}, "does not fit the model"),
        ({"classes": ["a"]}, "a single class"),
    ],
)
def test_damaged_files_say_so(file: Path, tmp_path: Path, change: Any, says: str) -> None:
    path = tmp_path / "model.json"
    TableModel(["iq"], "lpa", [2], seed=1).save(path)
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(ArgumentError, match=says):
        TableModel.load(path)


def test_a_class_that_it_does_not_know() -> None:
    model = TableModel(["x"], "y", classes=["no", "yes"], seed=1)
    with pytest.raises(ArgumentError, match=r"y has no class 'maybe'\nhint: .*no, yes"):
        model.example([1.0], "maybe")


def test_classes_are_in_the_order_of_numbers_or_the_alphabet(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("a,b\n10,z\n9,x\n10,y\n")
    assert read_table(path).classes("a") == ["9", "10"]
    assert read_table(path).classes("b") == ["x", "y", "z"]
