"""Programs in files: what comes back is what was saved; other files are refused with a reason."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

import autograd.program.storage as storage
from autograd import ArgumentError, GraphError, Program, Value, compile, jit, operation
from nn import MLP, mse

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def saved(tmp_path: Path) -> tuple[Program, Path]:
    model = MLP(2, [3, 1], activation="tanh", seed=1)
    x, z, y, unused = Value(0.5, "x"), Value(0.1), Value(2.0, "y"), Value(3.0, "unused")
    program = compile(mse(model([x, z]), y), [x, z, y], wrt=[*model.parameters(), unused])
    path = tmp_path / "program.json"
    program.save(path)
    return program, path


def test_what_was_saved_comes_back(saved: tuple[Program, Path]) -> None:
    program, path = saved
    again = Program.load(path)
    assert [v.label for v in again.inputs] == [v.label for v in program.inputs]
    assert [p.data for p in again.parameters] == [p.data for p in program.parameters]
    rows = [[0.1, -0.2, 0.3], [1.0, 2.0, 3.0]]
    assert again.map(rows) == program.map(rows)
    assert again.total(rows) == program.total(rows)
    assert again.source == program.source
    again.parameters[0].data += 1.0
    assert again.map(rows) != program.map(rows)


def test_damaged_and_foreign_files(saved: tuple[Program, Path]) -> None:
    _, path = saved
    text = path.read_text()
    head, _, body = text.partition("\n")
    told = json.loads(head)
    wrong = {
        "damaged": head + "\n" + body.replace("tanh", "sinh", 1),
        "checksum": text[:-20],
        "no program": '{"a": 1}\n' + body,
        "is no program": "\x00\x01binary",
        "another version": json.dumps({**told, "table": "0" * 16}) + "\n" + body,
        "version of Chalkgrad": json.dumps({**told, "chalkgrad program": 2}) + "\n" + body,
    }
    for why, content in wrong.items():
        path.write_text(content)
        with pytest.raises(ArgumentError, match=why):
            Program.load(path)
    graph = json.dumps({"nodes": [["tanh", 5, -1, ""]], "outputs": [0], "inputs": [], "wrt": []})
    path.write_text(json.dumps({**told, "sha256": storage._sum(graph)}) + "\n" + graph + "\n")
    with pytest.raises(ArgumentError, match="makes no sense"):
        Program.load(path)


def test_what_no_file_can_hold(tmp_path: Path) -> None:
    @operation(lambda a, b, y: 1.0, lambda a, b, y: 1.0)
    def together(a: float, b: float) -> float:
        return a + b

    x, y = Value(1.0), Value(2.0)
    with pytest.raises(GraphError, match="together"):
        compile(together(x, y), [x]).save(tmp_path / "a")
    from autograd import record  # noqa: PLC0415

    with pytest.raises(GraphError, match="function"):
        record(lambda a: a * y, 1.0, wrt=[y]).save(tmp_path / "a")
    assert jit(lambda a: a * 2)(1.0) == 2.0
