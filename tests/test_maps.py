"""viz/maps.py: planes coloured by a model or a loss, and what was taken for what."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pytest

import nn
import viz.maps
from autograd import ArgumentError, ArgumentTypeError, Value, native_available
from viz import PictureError, plot_boundary, plot_confusion, plot_landscape

if TYPE_CHECKING:
    from pathlib import Path

PNG = b"\x89PNG"


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The axes of the plots that are written."""
    found: list[Any] = []
    save = viz.maps.save_figure

    def keep(figure: Any, place: Path) -> Any:
        found.append(figure.axes[0])
        return save(figure, place)

    monkeypatch.setattr(viz.maps, "save_figure", keep)
    return found


def line(row: Any) -> Any:
    return row[0] - row[1]


def test_a_boundary_is_where_the_model_changes_its_mind(tmp_path: Path, kept: list[Any]) -> None:
    path = plot_boundary(line, [[0, 1], [1, 0], [2, 1]], [-1, 1, 1], tmp_path / "line.png")
    assert path.read_bytes().startswith(PNG)
    (axes,) = kept
    drawn = axes.collections[1].get_paths()[0].vertices
    assert len(drawn) > 10
    assert all(abs(x - y) < 1e-9 for x, y in drawn)
    assert [t.get_text() for t in axes.get_legend().get_texts()] == ["-1", "1"]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("x₁", "x₂")


@pytest.mark.parametrize(
    ("targets", "threshold", "limit"),
    [([0, 1, 1], None, 0.5), ([0, 1, 1], 0.0, 0.0), ([1, 1, 1], None, 0.5)],
)
def test_the_threshold(
    tmp_path: Path, kept: list[Any], targets: Any, threshold: Any, limit: float
) -> None:
    plot_boundary(
        line, [[0, 1], [1, 0], [2, 1]], targets, tmp_path / "line.png", threshold=threshold
    )
    (axes,) = kept
    drawn = axes.collections[1].get_paths()[0].vertices
    assert all(abs(x - y - limit) < 1e-9 for x, y in drawn)


def test_of_several_outputs_the_largest_is_the_class(tmp_path: Path, kept: list[Any]) -> None:
    model = nn.MLP(2, [4, 3], activation="tanh", seed=1)
    rows = [[0, 1], [1, 0], [2, 1]]
    plot_boundary(model, rows, [0, 1, 1], tmp_path / "classes.svg", names=["a", "b"])
    (axes,) = kept
    (image,) = axes.images
    winners, (left, right, low, high) = image.get_array(), image.get_extent()
    side = len(winners)
    for i in range(0, side, 20):
        for j in range(0, side, 20):
            point = [left + (right - left) * j / (side - 1), low + (high - low) * i / (side - 1)]
            outputs = [z.data for z in model(point)]
            assert winners[i][j] == outputs.index(max(outputs))
    assert [t.get_text() for t in axes.get_legend().get_texts()] == ["0", "1"]


def test_what_cannot_be_recorded_is_asked_as_it_is(tmp_path: Path, kept: list[Any]) -> None:
    plot_boundary(
        lambda row: 1.0 if row[0] > 0.5 else -1.0, [[0, 1], [1, 0]], [-1, 1], tmp_path / "a.png"
    )
    assert kept
    if native_available():
        assert viz.maps._quickly(line, [1.0, 2.0]) is not line


def test_a_landscape_is_the_loss_over_two_parameters(tmp_path: Path, kept: list[Any]) -> None:
    a, b, c = Value(1.0, "W_{11}^1"), Value(2.0, "b_{11}"), Value(5.0)
    trail = [(0.0, 0.0), (2.0, 1.0)]
    plot_landscape(
        lambda: (a - 1) ** 2 + (b - c) ** 2, a, b, tmp_path / "bowl.png", trail=trail, title="T"
    )
    assert (a.data, b.data, c.data) == (1.0, 2.0, 5.0)
    (axes,) = kept
    assert (axes.get_xlabel(), axes.get_ylabel(), axes.get_title()) == ("W₁₁¹", "b₁₁", "T")
    assert [tuple(pair) for pair in axes.lines[0].get_xydata()] == trail
    assert axes.get_xlim()[0] < 0 < 2 < axes.get_xlim()[1]
    filled = axes.collections[0]
    assert filled.levels[0] == pytest.approx((4.85 - 3.85 - 1) ** 2 + (5 - 1.15) ** 2, rel=0.01)


def test_without_a_trail_it_is_around_where_they_are(tmp_path: Path, kept: list[Any]) -> None:
    a, b = Value(1.0), Value(2.0)
    plot_landscape(lambda: (a.log() + b) ** 2, a, b, tmp_path / "log.png", span=1.5)
    (axes,) = kept
    assert axes.get_xlim() == (-0.5, 2.5)  # where there is no logarithm it is white
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("a", "b")
    plot_landscape(lambda: Value(3.0), a, b, tmp_path / "flat.png")


def test_parameters_come_back_after_an_error(tmp_path: Path) -> None:
    a, b = Value(1.0), Value(2.0)

    def broken() -> Value:
        if a.data != 1.0:
            raise RuntimeError
        return a

    with pytest.raises(RuntimeError):
        plot_landscape(broken, a, b, tmp_path / "no.png")
    assert (a.data, b.data) == (1.0, 2.0)


def test_a_confusion_counts(tmp_path: Path, kept: list[Any]) -> None:
    plot_confusion("aabbb", "abbba", tmp_path / "confusion.png")
    (axes,) = kept
    assert [t.get_text() for t in axes.texts] == ["1", "1", "1", "2"]
    assert [t.get_text() for t in axes.get_xticklabels()] == ["a", "b"]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("predicted", "true")


@pytest.mark.parametrize(
    ("make", "error", "says"),
    [
        (lambda p: plot_boundary(line, [], [], p), ArgumentError, "0 rows and 0 targets"),
        (lambda p: plot_boundary(line, [[1, 2]], [1, 2], p), ArgumentError, "1 rows and 2"),
        (lambda p: plot_boundary(line, [[1, 2, 3]], [1], p), ArgumentError, "row 1 is"),
        (lambda p: plot_boundary(line, [[1, math.nan]], [1], p), ArgumentError, "row 1 is"),
        (lambda p: plot_confusion([], [], p), ArgumentError, "0 classes"),
        (lambda p: plot_confusion([1], [], p), ArgumentError, "1 classes and 0"),
        (
            lambda p: plot_landscape(lambda: Value(1.0), 1.0, Value(2.0), p),  # type: ignore[arg-type]
            ArgumentTypeError,
            "1.0 as a parameter",
        ),
        (
            lambda p: plot_landscape(lambda: Value(-1.0).log(), Value(1.0), Value(2.0), p),
            ArgumentError,
            "nowhere finite",
        ),
        (lambda p: plot_confusion([1], [1], "a.gif"), PictureError, r"\.png"),
    ],
)
def test_what_cannot_be_drawn(tmp_path: Path, make: Any, error: Any, says: str) -> None:
    with pytest.raises(error, match=says) as caught:
        make(tmp_path / "a.png")
    assert "\nhint: " in str(caught.value)
    assert not list(tmp_path.iterdir())
