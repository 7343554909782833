"""viz/films.py: each frame is one node's step, and at the end all gradients are there."""

from __future__ import annotations

import io
import math
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from PIL import Image

import viz
from autograd import ArgumentError, Value, topological_order
from tests.graphs import lpa, random_graphs
from tests.legibility import faults, number_in, read
from viz import PictureError, draw, film
from viz.films import frames
from viz.picture import Arrow

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def loss() -> Value:
    root = lpa()
    root.backward()
    return root


@settings(max_examples=30)
@given(random_graphs())
def test_at_the_end_every_gradient_is_there(root: Value) -> None:
    root.backward()
    order = topological_order(root)
    *_, last = frames(draw(root), 12)
    boxes = read(last).boxes
    for index, node in enumerate(order):
        lines = boxes.get(f"n{index}", [])
        (band,) = [line for line in lines if line.startswith("grad")] or [""]
        if band:
            assert math.isclose(number_in(band), node.grad, rel_tol=1e-9, abs_tol=1e-9)


def test_gradients_come_one_node_after_the_other_to_where_arrows_lead(loss: Value) -> None:
    picture = draw(loss)
    made = list(frames(picture, 4))
    assert len(made) == 27
    counts = [
        sum("grad" in line for lines in read(f).boxes.values() for line in lines) for f in made
    ]
    assert counts[0] == 0
    assert counts[1] == 2  # L's own, and that of the box before it
    assert counts == sorted(counts)
    assert counts[-1] == 26
    assert made[1].caption == ("1 of 26: L has its gradient, 1", "it sends back (−336) × 1 = −336")
    lit = [arrow for arrow in made[2].arrows if arrow.colour != picture.arrows[0].colour]
    assert {arrow.end for arrow in lit} == {made[2].boxes[-2].name}


def test_frames_hold_still(loss: Value) -> None:
    made = list(frames(draw(loss, collapse="sums"), 4))
    sizes = {(frame.canvas.width, frame.canvas.height) for frame in made}
    assert len(sizes) == 1
    assert faults(made[5]) == []
    assert {tuple(box.name for box in frame.boxes) for frame in made} == {
        tuple(box.name for box in made[0].boxes)
    }


def test_a_gif(loss: Value, tmp_path: Path) -> None:
    path = film(loss, tmp_path / "backward.gif", collapse="neurons", seconds=0.5)
    with Image.open(io.BytesIO(path.read_bytes())) as image:
        assert image.format == "GIF"
        assert image.n_frames == len(draw(loss, collapse="neurons").boxes) + 1  # type: ignore[attr-defined]
        assert image.info["duration"] == 500
        assert image.info["loop"] == 0


def test_a_folder_of_frames(loss: Value, tmp_path: Path) -> None:
    film(loss, tmp_path / "frames", collapse="neurons")
    names = sorted(file.name for file in (tmp_path / "frames").iterdir())
    count = len(draw(loss, collapse="neurons").boxes) + 1
    assert names == [f"frame_{index:03}.png" for index in range(count)]


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("a.mp4", {}, "neither a GIF nor a folder"),
        ("a.gif", {"seconds": 0}, "0.05 to 60"),
        ("a.gif", {"collapse": "layers"}, "no number of its own"),
    ],
)
def test_what_cannot_be_filmed(
    loss: Value, tmp_path: Path, name: str, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ArgumentError, match=message):
        film(loss, tmp_path / name, **options)
    assert not list(tmp_path.iterdir())


def test_before_backward_there_is_nothing_to_show(tmp_path: Path) -> None:
    with pytest.raises(PictureError, match=r"backward\(\) has not run"):
        film(lpa(), tmp_path / "a.gif")


def test_a_film_that_nobody_would_watch(tmp_path: Path) -> None:
    y = Value(0.5, "x")
    for _ in range(250):
        y = y.sin()
    y.backward()
    with pytest.raises(PictureError, match="251 nodes"):
        film(y, tmp_path / "a.gif")


def test_viz_exports_it() -> None:
    assert viz.film is film


def test_constants_are_sent_nothing_and_negative_factors_stand_in_brackets() -> None:
    w, x = Value(-0.5, "w"), Value(3.0, "x").detach()
    loss = -2.0 * (w * x)
    loss.label = "L"
    loss.backward()
    made = list(frames(draw(loss), 4))
    told = [line for frame in made for line in frame.caption]
    assert "it sends back 3 × (−2) = −6" in told
    assert not any(" and " in line for line in told if line.startswith("it sends"))
    for frame in made[1:]:
        of_x = [box.name for box in frame.boxes if box.lines[0].startswith("x")]
        assert {a.colour for a in frame.arrows if a.start in of_x} == {Arrow("", "").colour}
