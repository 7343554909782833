"""A PDF of what Graphviz laid out, drawn by matplotlib: real text and lines, no pixels.

Graphviz with `-Tjson` says for each node, edge and cluster what to draw, as a list of operations
(https://graphviz.org/docs/outputs/canon/#xdot): a polygon, an ellipse, a spline, a text, a colour.
"""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any, Final

from matplotlib.backends.backend_pdf import FigureCanvasPdf
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.patches import PathPatch
from matplotlib.path import Path
from matplotlib.transforms import Affine2D

from viz import fonts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matplotlib.axes import Axes

    Operations = list[dict[str, Any]]

__all__ = ["figure_of", "pdf_of"]

_MARGIN: Final = 4.0  # points around the drawing, as in Graphviz's own formats
_LISTS: Final = ("_draw_", "_tdraw_", "_hdraw_", "_ldraw_", "_tldraw_", "_hldraw_")


def pdf_of(layout: str) -> bytes:
    """A one-page PDF of a drawing in Graphviz's JSON; the page is as large as the drawing."""
    figure = figure_of(json.loads(layout))
    out = io.BytesIO()
    canvas = FigureCanvasPdf(figure)
    canvas.print_pdf(out, metadata={"CreationDate": None})  # type: ignore[no-untyped-call]
    return out.getvalue()


def figure_of(graph: dict[str, Any]) -> Figure:
    """The drawing as a matplotlib figure, one unit of its axes being a point on paper."""
    left, bottom, right, top = (float(x) for x in graph["bb"].split(","))
    width, height = right - left + 2 * _MARGIN, top - bottom + 2 * _MARGIN
    figure = Figure(figsize=(width / 72, height / 72), facecolor="white")
    page = figure.add_axes((0, 0, 1, 1), frameon=False)
    page.set_axis_off()
    page.set_xlim(left - _MARGIN, right + _MARGIN)
    page.set_ylim(bottom - _MARGIN, top + _MARGIN)
    pen = _Pen(page)
    for operations in _in_drawing_order(graph):
        pen.draw(operations)
    return figure


def _in_drawing_order(graph: dict[str, Any]) -> Iterator[Operations]:
    """The operations of the background, the clusters, then nodes and edges, later ones on top."""
    objects = graph.get("objects", [])
    clusters = [thing for thing in objects if "nodes" in thing or "subgraphs" in thing]
    nodes = [thing for thing in objects if "nodes" not in thing and "subgraphs" not in thing]
    edges = graph.get("edges", [])
    above = [edges, nodes] if graph.get("outputorder") == "edgesfirst" else [nodes, edges]
    for things in ([graph], clusters, *above):
        for thing in things:
            for name in _LISTS:
                yield thing.get(name, [])


class _Pen:
    """Draws operations on a page; colours, line style and font stay until changed."""

    def __init__(self, page: Axes) -> None:
        self.page = page
        self.height = 0  # each thing lies above the one drawn before

    def draw(self, operations: Operations) -> None:
        """Draws one list of operations, which begins with the default colours and style."""
        self.line, self.fill = "#000000", "#000000"
        self.width, self.dashes = 1.0, "solid"
        self.size = 14.0
        for operation in operations:
            self._do(operation["op"], operation)

    def _do(self, op: str, given: dict[str, Any]) -> None:
        if op == "c":
            self.line = _colour(given)
        elif op == "C":
            self.fill = _colour(given)
        elif op == "S":
            self._style(given["style"])
        elif op == "F":
            self.size = float(given["size"])
        elif op == "T":
            self._text(given)
        elif op in "eE":
            self._shape(_ellipse(*given["rect"]), filled=op == "E")
        elif op in "pP":
            self._shape(_polygon(given["points"]), filled=op == "P")
        elif op in "bB":
            self._shape(_spline(given["points"]), filled=op == "B")
        elif op == "L":
            self._shape(_line(given["points"]), filled=False)

    def _style(self, style: str) -> None:
        if style.startswith("setlinewidth("):
            self.width = float(style[len("setlinewidth(") : -1])
        elif style in ("solid", "dashed", "dotted"):
            self.dashes = style

    def _shape(self, path: Path, *, filled: bool) -> None:
        self.height += 1
        self.page.add_patch(
            PathPatch(
                path,
                facecolor=self.fill if filled else "none",
                edgecolor=self.line,
                linewidth=self.width,
                linestyle=self.dashes,
                capstyle="butt",
                joinstyle="miter",
                zorder=self.height,
            )
        )

    def _text(self, given: dict[str, Any]) -> None:
        self.height += 1
        x, y = given["pt"]
        self.page.text(
            x,
            y,
            given["text"],
            color=self.line,
            font=FontProperties(fname=str(fonts.file()), size=self.size),
            horizontalalignment={"l": "left", "c": "center", "r": "right"}[given["align"]],
            verticalalignment="baseline",
            parse_math=False,
            usetex=False,
            zorder=self.height,
        )


def _colour(given: dict[str, Any]) -> str:
    """A colour; of one that runs into another the first."""
    return str(given["color"] if given["grad"] == "none" else given["stops"][0]["color"])


def _ellipse(x: float, y: float, across: float, up: float) -> Path:
    return Affine2D().scale(across, up).translate(x, y).transform_path(Path.unit_circle())


def _polygon(points: list[list[float]]) -> Path:
    return Path([*points, points[0]], closed=True)


def _line(points: list[list[float]]) -> Path:
    return Path(points)


def _spline(points: list[list[float]]) -> Path:
    """Cubic Bezier curves end to end: the first point, then three for each curve."""
    return Path(points, [Path.MOVETO, *[Path.CURVE4] * (len(points) - 1)])
