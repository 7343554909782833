"""viz/plots.py: the curve of the losses, and nobody else's settings touched."""

from __future__ import annotations

import io
import math
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib as mpl
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nn
from autograd import ArgumentError, ArgumentTypeError
from viz import PictureError, PictureFileError, plot_gradients, plot_loss
from viz.figures import new_axes
from viz.plots import _number_epochs, figure_of


class History(NamedTuple):
    losses: list[float]


def test_the_curve_is_the_losses_by_epoch() -> None:
    (axes,) = figure_of([3.0, 2.0, 1.5], "A title").axes
    (curve,) = axes.lines
    assert list(curve.get_xdata()) == [1, 2, 3]
    assert list(curve.get_ydata()) == [3.0, 2.0, 1.5]
    assert (axes.get_xlabel(), axes.get_ylabel(), axes.get_title()) == ("epoch", "loss", "A title")


@pytest.mark.parametrize(
    ("losses", "scale"),
    [
        ([100.0, 1.0], "log"),
        ([20.0, 1.0], "log"),
        ([19.0, 1.0], "linear"),
        ([1.0], "linear"),
        ([100.0, 0.0], "linear"),
        ([100.0, -1.0], "linear"),
        ([1e-290, 1e150], "log"),
    ],
)
def test_a_wide_range_gets_a_logarithmic_axis(losses: list[float], scale: str) -> None:
    (axes,) = figure_of(losses, "").axes
    assert axes.get_yscale() == scale
    axes.figure.savefig(io.BytesIO(), format="png")


@pytest.mark.parametrize(
    ("epochs", "ticks"),
    [
        (1, [1]),
        (2, [1, 2]),
        (3, [1, 2, 3]),
        (10, [1, 2, 4, 6, 8, 10]),
        (20, [1, 5, 10, 15, 20]),
        (100, [1, 20, 40, 60, 80, 100]),
        (1000, [1, 200, 400, 600, 800, 1000]),
    ],
)
def test_the_axis_counts_the_epochs_that_there_were(epochs: int, ticks: list[int]) -> None:
    (axes,) = figure_of([1.0 / (1 + i) for i in range(epochs)], "").axes
    axes.figure.savefig(io.BytesIO(), format="png")
    assert list(axes.get_xticks()) == ticks


@given(st.integers(1, 100_000))
def test_no_tick_is_at_an_epoch_that_there_was_not(epochs: int) -> None:
    axes = new_axes("")
    _number_epochs(axes, epochs)
    ticks = list(axes.get_xticks())
    assert ticks[0] == 1
    assert ticks == sorted(set(ticks))
    assert all(tick == int(tick) and 1 <= tick <= epochs for tick in ticks)
    assert len(ticks) >= min(epochs, 3)


def test_validation_is_a_second_curve(tmp_path: Path) -> None:
    model = nn.MLP(1, [1], seed=1)
    history = nn.fit(
        model, [([1.0], 2.0)], nn.mse, nn.SGD(model.parameters(), lr=0.1), epochs=5,
        validation=[([2.0], 3.0)],
    )  # fmt: skip
    (axes,) = figure_of(history.losses, "", history.validation).axes
    assert [line.get_label() for line in axes.lines] == ["training rows", "validation rows"]
    assert list(axes.lines[1].get_ydata()) == history.validation
    assert plot_loss(history, tmp_path / "loss.png").exists()


def test_gradients_have_a_curve_for_each_layer(tmp_path: Path) -> None:
    model = nn.MLP(1, [2, 1], activation="tanh", seed=1)
    history = nn.fit(
        model, [([1.0], 2.0)], nn.mse, nn.SGD(model.parameters(), lr=0.1), epochs=5,
        callbacks=[nn.GradientNorms()],
    )  # fmt: skip
    svg = plot_gradients(history, tmp_path / "norms.svg", title="Norms").read_text("utf-8")
    assert all(f"<!-- {text} -->" in svg for text in ("layer 1", "layer 2", "Norms", "epoch"))


@pytest.mark.parametrize("thing", [History([1.0]), [1.0], 3.0])
def test_what_has_no_gradients(tmp_path: Path, thing: Any) -> None:
    with pytest.raises(ArgumentTypeError, match="needs norms by layer"):
        plot_gradients(thing, tmp_path / "norms.png")
    with pytest.raises(ArgumentError, match="no gradients to plot"):
        plot_gradients({}, tmp_path / "norms.png")


def test_a_notebook_shows_the_picture(tmp_path: Path) -> None:
    png = plot_loss([2.0, 1.0], tmp_path / "loss.png")
    svg = plot_loss([2.0, 1.0], tmp_path / "loss.svg")
    pdf = plot_loss([2.0, 1.0], tmp_path / "loss.pdf")
    assert png._repr_mimebundle_()["image/png"] == png.read_bytes()
    assert svg._repr_mimebundle_()["image/svg+xml"] == svg.read_text("utf-8")
    assert pdf._repr_mimebundle_() == {"text/plain": str(pdf)}
    assert png.parent._repr_mimebundle_() == {"text/plain": str(tmp_path)}
    assert png == tmp_path / "loss.png"


@pytest.mark.parametrize("ending", [".png", ".svg", ".pdf", ".SVG"])
def test_formats(tmp_path: Path, ending: str) -> None:
    beginnings = {".png": b"\x89PNG", ".svg": b"<?xml", ".pdf": b"%PDF-"}
    path = plot_loss([3.0, 2.0], tmp_path / f"loss{ending}")
    assert path.read_bytes().startswith(beginnings[ending.lower()])
    assert os.listdir(tmp_path) == [path.name]


@pytest.mark.parametrize(
    "history",
    [History([3.0, 2.0]), [3, 2], (3.0, 2.0), np.array([3.0, 2.0]), range(1, 4), iter([3.0, 2.0])],
    ids=["history", "ints", "tuple", "array", "range", "iterator"],
)
def test_histories_of_every_kind(tmp_path: Path, history: Any) -> None:
    assert plot_loss(history, tmp_path / "loss.svg").exists()


def test_what_fit_returns(tmp_path: Path) -> None:
    model = nn.MLP(1, [1], init=nn.constant(W=0.1, b=0))
    history = nn.fit(
        model, [([1.0], 2.0)], nn.mse, nn.SGD(model.parameters(), lr=0.1), epochs=5, progress=False
    )
    assert plot_loss(history, tmp_path / "loss.png").stat().st_size > 1000


def test_the_title_is_no_formula(tmp_path: Path) -> None:
    svg = plot_loss([1.0, 2.0], tmp_path / "loss.svg", title="$5 & <b> $x^2$").read_text("utf-8")
    assert "$5 &amp; &lt;b&gt; $x^2$" in svg or "$5 & <b> $x^2$" in re.sub("&amp;", "&", svg)


@pytest.mark.parametrize(
    ("losses", "message"),
    [
        ([], "no losses to plot"),
        ([1.0, math.nan], "epoch 2 is nan"),
        ([1.0, 2.0, math.inf], "epoch 3 is inf"),
        ([1.0, -1e300], "epoch 2 is -1e\\+300"),
    ],
)
def test_losses_that_cannot_be_plotted(tmp_path: Path, losses: Any, message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        plot_loss(losses, tmp_path / "loss.png")
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("thing", [3.0, None, ["a"], [[1.0, 2.0]]])
def test_what_is_no_history(tmp_path: Path, thing: Any) -> None:
    with pytest.raises(ArgumentTypeError, match=r"plot_loss\(\) needs losses"):
        plot_loss(thing, tmp_path / "loss.png")


@pytest.mark.parametrize("name", ["loss.gif", "loss", "loss.dot"])
def test_an_unknown_format(tmp_path: Path, name: str) -> None:
    with pytest.raises(PictureError, match=r"\.png, \.svg, \.pdf"):
        plot_loss([1.0], tmp_path / name)


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(PictureFileError):
        plot_loss([1.0], tmp_path / "file" / "loss.png")


def test_an_old_picture_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "loss.png"
    path.write_text("old", encoding="utf-8")
    plot_loss([1.0], path)
    assert path.read_bytes().startswith(b"\x89PNG")


def test_the_users_matplotlib_is_left_alone(tmp_path: Path) -> None:
    before = dict(mpl.rcParams)
    plot_loss([1.0, 2.0], tmp_path / "loss.png")
    assert dict(mpl.rcParams) == before
    code = (
        "import sys, viz; viz.plot_loss([2.0, 1.0], 'loss.png');"
        "print('matplotlib.pyplot' in sys.modules)"
    )
    ran = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).resolve().parents[1])},
    )
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "False\n", "")
