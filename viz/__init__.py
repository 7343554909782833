"""Pictures of graphs, networks and training, with Graphviz installed or not."""

import importlib
import sys
import typing

from viz.errors import MissingPackageError, PictureError, PictureFileError
from viz.plots import plot_loss
from viz.sheet import sheet

if typing.TYPE_CHECKING:
    from viz.drawing import draw
    from viz.explorer import explore, widget
    from viz.network import draw_network
    from viz.rendering import Drawing, render
else:
    # What stands on the package graphviz, which the command does without, is loaded when first
    # asked for.
    _ON_DEMAND = {
        "Drawing": "rendering",
        "draw": "drawing",
        "draw_network": "network",
        "explore": "explorer",
        "render": "rendering",
        "widget": "explorer",
    }

    def __dir__() -> list[str]:
        return sorted({*globals(), *_ON_DEMAND})

    def __getattr__(name: str) -> object:
        if name not in _ON_DEMAND:
            raise AttributeError(
                f"module 'viz' has no attribute {name!r}", name=name, obj=sys.modules["viz"]
            )
        globals()[name] = getattr(importlib.import_module(f"viz.{_ON_DEMAND[name]}"), name)
        return globals()[name]


__all__ = [
    "Drawing",
    "MissingPackageError",
    "PictureError",
    "PictureFileError",
    "draw",
    "draw_network",
    "explore",
    "plot_loss",
    "render",
    "sheet",
    "widget",
]
