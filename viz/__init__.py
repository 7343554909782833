"""Pictures of graphs, networks and training."""

import importlib
import sys
import typing

from viz.errors import MissingPackageError, PictureError, PictureFileError
from viz.maps import plot_boundary, plot_confusion, plot_landscape
from viz.plots import plot_gradients, plot_loss
from viz.sheet import sheet

if typing.TYPE_CHECKING:
    from viz.drawing import draw
    from viz.explorer import explore, widget
    from viz.films import film
    from viz.live import LiveLoss
    from viz.network import draw_network
    from viz.picture import Picture
    from viz.rendering import render
else:
    # What stands on the extra `pictures`, which the command does without, is loaded when first
    # asked for.
    _ON_DEMAND = {
        "Picture": "picture",
        "draw": "drawing",
        "draw_network": "network",
        "explore": "explorer",
        "film": "films",
        "LiveLoss": "live",
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
    "LiveLoss",
    "MissingPackageError",
    "Picture",
    "PictureError",
    "PictureFileError",
    "draw",
    "draw_network",
    "explore",
    "film",
    "plot_boundary",
    "plot_confusion",
    "plot_gradients",
    "plot_landscape",
    "plot_loss",
    "render",
    "sheet",
    "widget",
]
