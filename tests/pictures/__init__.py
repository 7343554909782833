"""Pictures as text, to be compared with, and README's gallery made of some of them.

`python -m tests.pictures` writes all of them anew, to be looked at.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import nn
import viz
from autograd import Value, softmax
from tests import graphs

if TYPE_CHECKING:
    from collections.abc import Callable

    from viz import Picture

GALLERY_FOLDER = Path(__file__).parents[2] / "docs" / "gallery"


def _drawn(make: Callable[[], Value]) -> Callable[[], Picture]:
    def drawn() -> Picture:
        root = make()
        root.backward()
        return viz.draw(root)

    return drawn


GRAPHS: dict[str, Callable[[], Picture]] = {
    make.__name__: _drawn(make)
    for make in (graphs.lpa, graphs.micrograd, graphs.softmax_cross_entropy)
}


def _lpa() -> tuple[nn.MLP, Value]:
    """The notes' network and its loss on a row of iq 80, cgpa 8 and lpa 8, with gradients."""
    model = nn.MLP(2, [2, 1], activation="linear", init=nn.constant(W=1, b=0))
    loss = nn.mse(model([80, 8]), 8)
    loss.backward()
    return model, loss


def lpa() -> Picture:
    return viz.draw(_lpa()[1], title="One row, forward and back")


def path() -> Picture:
    title = "From the loss to one weight"
    return viz.draw(_lpa()[1], collapse="sums", highlight="W_{11}^1", direction="LR", title=title)


def network() -> Picture:
    model, _ = _lpa()
    return viz.draw_network(
        model, row=[80, 8], inputs=["iq", "cgpa"], gradients=True, title="The network of the notes"
    )


def softmax_and_sparse_cross_entropy() -> Picture:
    logits = [Value(z, f"z_{{{j}}}") for j, z in enumerate((1.0, 2.0, 0.5), start=1)]
    predictions = softmax(logits)
    for j, prediction in enumerate(predictions, start=1):
        prediction.label = rf"\hat{{y}}_{{{j}}}"
    loss = nn.sparse_cross_entropy(predictions, 2, first_class=1)
    loss.backward()
    return viz.draw(loss, title="Softmax and sparse cross-entropy, class 2")


GALLERY: dict[str, Callable[[], Picture]] = {
    make.__name__: make for make in (lpa, path, network, softmax_and_sparse_cross_entropy)
}


def file_of(name: str) -> Path:
    """Where the text of a graph's picture is kept."""
    return Path(__file__).with_name(f"{name}.dot")


def gallery_text(name: str) -> Path:
    """Where the text of a picture of the gallery is kept: an SVG without its font."""
    return Path(__file__).with_name(f"{name}.svg")


def gallery_image(name: str) -> Path:
    """The picture in README."""
    return GALLERY_FOLDER / f"{name}.png"
