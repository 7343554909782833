"""Pictures as text, to be compared with: `python -m tests.pictures` writes them anew."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import viz
from tests import graphs

if TYPE_CHECKING:
    from collections.abc import Callable

    from viz import Picture


def _drawn(make: Callable[[], graphs.Value]) -> Callable[[], Picture]:
    def drawn() -> Picture:
        root = make()
        root.backward()
        return viz.draw(root)

    return drawn


GRAPHS: dict[str, Callable[[], Picture]] = {
    make.__name__: _drawn(make)
    for make in (graphs.lpa, graphs.micrograd, graphs.softmax_cross_entropy)
}


def file_of(name: str) -> Path:
    """Where the text of a picture is kept."""
    return Path(__file__).with_name(f"{name}.dot")
