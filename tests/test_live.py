"""viz/live.py: the curve of a training under way."""

from __future__ import annotations

import sys
from typing import Any

import pytest

import nn
import viz
from viz import MissingPackageError, live


class Shown:
    """Stands for a cell's output: what was displayed there, in turn."""

    def __init__(self) -> None:
        self.drawn: list[str] = []

    def SVG(self, data: bytes) -> str:  # noqa: N802 - IPython's name
        return data.decode()

    def display(self, thing: str, *, display_id: bool) -> Shown:
        assert display_id
        self.drawn.append(thing)
        return self

    def update(self, thing: str) -> None:
        self.drawn.append(thing)


@pytest.fixture
def cell(monkeypatch: pytest.MonkeyPatch) -> Shown:
    shown = Shown()
    ipython: Any = type(sys)("IPython")
    ipython.display = shown
    ipython.version_info = (9, 0)  # matplotlib asks
    ipython.get_ipython = lambda: None
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    return shown


def trained(curve: viz.LiveLoss, **options: Any) -> nn.History:
    model = nn.MLP(1, [1], seed=1)
    rows = [(0.5, 1.0), (-1.0, 0.5)]
    return nn.fit(
        model, rows, nn.mse, nn.SGD(model.parameters(), 0.01), 6, callbacks=[curve], **options
    )


def test_it_is_drawn_anew_in_the_same_place(cell: Shown, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "_PAUSE", 0.0)
    trained(viz.LiveLoss(title="My training"))
    assert len(cell.drawn) == 6
    assert len(set(cell.drawn)) == 6
    assert all("<svg" in each for each in cell.drawn)


def test_it_is_drawn_at_first_and_at_the_end_where_training_is_quick(cell: Shown) -> None:
    trained(viz.LiveLoss())
    assert len(cell.drawn) == 2


@pytest.mark.parametrize("compiled", [False, True])
def test_it_looks_as_often_as_it_is_told(
    cell: Shown, monkeypatch: pytest.MonkeyPatch, compiled: bool
) -> None:
    pytest.importorskip("llvmlite")
    monkeypatch.setattr(live, "_PAUSE", 0.0)
    history = trained(viz.LiveLoss(every=3), compiled=compiled, validation=[(0.0, 1.0)])
    assert len(cell.drawn) == 2
    assert len(history) == 6


def test_without_ipython_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "IPython", None)
    with pytest.raises(MissingPackageError, match="notebook"):
        viz.LiveLoss()
