"""What all plots share: the format by the ending, one look, and a picture that shows itself."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from viz.errors import PictureError
from viz.extras import for_pictures
from viz.files import write_whole

if sys.platform == "win32":
    from pathlib import WindowsPath as _Path
else:
    from pathlib import PosixPath as _Path

if TYPE_CHECKING:
    import os

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["BLUE", "COLOURS", "Plot", "new_axes", "place_of", "save_figure"]

_FORMATS: Final = (".png", ".svg", ".pdf")
_MEDIA: Final = {".png": "image/png", ".svg": "image/svg+xml"}

BLUE: Final = "#0067a3"
COLOURS: Final = (BLUE, "#d97a1a", "#8f1a5b", "#3c7d22", "#6b6b6b", "#a86500", "#00a3a3", "#5b4bb5")
"""The graphs' colours, for curves and classes in turn."""


class Plot(_Path):
    """The path of a picture, which a notebook shows as the picture itself."""

    def _repr_mimebundle_(
        self, include: object = None, exclude: object = None, **_: object
    ) -> dict[str, object]:
        shown: dict[str, object] = {"text/plain": str(self)}
        kind = _MEDIA.get(self.suffix.lower())
        if kind is not None and self.is_file():
            shown[kind] = self.read_text("utf-8") if kind.endswith("xml") else self.read_bytes()
        return shown


def place_of(path: str | os.PathLike[str]) -> Path:
    """The path, if it names a format. Raises PictureError."""
    place = Path(path)
    if place.suffix.lower() not in _FORMATS:
        raise PictureError(
            f"{place.name!r} does not end in the name of a picture format",
            hint=f"the formats are {', '.join(_FORMATS)}",
        )
    return place


def new_axes(title: str, *, width: float = 6.4, height: float = 4.0) -> Axes:
    """Axes in a figure of their own: pyplot, and the windows behind it, are the user's."""
    with for_pictures():
        from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415 - heavy
        from matplotlib.figure import Figure  # noqa: PLC0415 - heavy

    figure = Figure(figsize=(width, height), layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.set_title(title, parse_math=False)
    return axes


def save_figure(figure: Figure, place: Path) -> Plot:
    """Writes it; an old file is replaced only when the new one is whole."""
    out = io.BytesIO()
    figure.savefig(out, format=place.suffix[1:].lower(), dpi=150)
    write_whole(place, out.getvalue())
    return Plot(place)
