"""Pictures of graphs, networks and training, with Graphviz installed or not."""

from viz.drawing import draw
from viz.errors import PictureError, PictureFileError
from viz.network import draw_network
from viz.plots import plot_loss
from viz.rendering import Drawing, render
from viz.sheet import sheet

__all__ = [
    "Drawing",
    "PictureError",
    "PictureFileError",
    "draw",
    "draw_network",
    "plot_loss",
    "render",
    "sheet",
]
