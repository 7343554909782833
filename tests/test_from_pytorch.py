"""docs/from-pytorch.md: every line of its tables runs, and both columns give the same."""

from __future__ import annotations

import re
import warnings
from pathlib import Path
from typing import Any

import pytest

from autograd import Value

PAGE = Path(__file__).resolve().parents[1] / "docs" / "from-pytorch.md"
# A wheel is tested without the manual.
pytestmark = pytest.mark.skipif(not PAGE.exists(), reason="docs/ is not here")


def lines() -> list[tuple[str, str]]:
    """What stands beside what in the tables."""
    page = PAGE.read_text(encoding="utf-8")
    found = re.findall(r"^\| (.+) \| (.+) \|$", page, re.MULTILINE)
    return [cells for cells in found if cells not in (("PyTorch", "Chalkgrad"), ("---", "---"))]


def ran(cell: str, names: dict[str, Any]) -> Any:
    """What a cell gives, if it is an expression; runs it, if it is code."""
    found = re.fullmatch(r"`([^`]+)`", cell)
    if found is None:
        return None
    try:
        code = compile(found[1], cell, "eval")
    except SyntaxError:
        exec(compile(found[1], cell, "exec"), names)  # noqa: S102  # the page is ours
        return None
    return eval(code, names)  # noqa: S307


def numbers(thing: Any) -> list[float] | None:
    """The numbers that it comes to, if it comes to numbers."""
    if isinstance(thing, Value):
        return [thing.data]
    if isinstance(thing, (int, float)):
        return [float(thing)]
    if isinstance(thing, list) and all(isinstance(x, Value) for x in thing):
        return [x.data for x in thing]
    if type(thing).__name__ == "Tensor":
        return [float(x) for x in thing.detach().flatten().tolist()]
    return None


def test_every_line_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert len(lines()) > 70
    names: dict[str, Any] = {}
    for _, ours in lines():
        ran(ours, names)
        assert "`" not in ours.strip("`"), ours


def test_both_columns_give_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch")
    monkeypatch.chdir(tmp_path)
    ours, theirs = {}, {}  # type: dict[str, Any], dict[str, Any]
    compared = 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PyTorch's own, of what it was built without
        for left, right in lines():
            expected, found = numbers(ran(left, theirs)), numbers(ran(right, ours))
            if "net" in left or expected is None:  # what is drawn differs
                continue
            assert found == pytest.approx(expected, rel=1e-12, abs=1e-12), (left, right)
            compared += 1
    assert compared > 25
