"""How the loss went down: a curve over the epochs."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

from autograd import ArgumentError, ArgumentTypeError
from viz.errors import PictureError
from viz.extras import for_pictures
from viz.files import write_whole

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

    from matplotlib.figure import Figure

__all__ = ["History", "figure_of", "plot_loss"]

_FORMATS: Final = (".png", ".svg", ".pdf")
_LARGEST: Final = 1e150  # with room around the curve, an axis must end among the floats
_WIDE: Final = 20  # from this ratio of largest to smallest on, a logarithmic axis shows more


class History(Protocol):
    """What training returns: the loss of each epoch."""

    @property
    def losses(self) -> Sequence[float]:
        """One number per epoch, the first epoch first."""
        ...


def plot_loss(
    history: History | Sequence[float], path: str | os.PathLike[str], *, title: str = ""
) -> Path:
    """Writes the loss of each epoch as a curve, `.png`, `.svg` or `.pdf` by the ending; gives it.

    `history` is what `nn.fit` returns, or the losses themselves. The loss axis is logarithmic where
    all losses are positive and the largest is 20 times the smallest or more. An old file is
    replaced only when the new one is whole.

    Raises ArgumentTypeError for what is not numbers, ArgumentError for none, or one that is nan or
    beyond 1e150 (saying which epoch), PictureError for an unknown format, PictureFileError where
    the file cannot be written.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     plot_loss([9.0, 4.0, 1.0], folder + "/loss.png").name
    'loss.png'
    """
    place = Path(path)
    if place.suffix.lower() not in _FORMATS:
        raise PictureError(
            f"{place.name!r} does not end in the name of a picture format",
            hint=f"the formats are {', '.join(_FORMATS)}",
        )
    losses = _checked(history)
    out = io.BytesIO()
    figure_of(losses, title).savefig(out, format=place.suffix[1:].lower(), dpi=150)
    write_whole(place, out.getvalue())
    return place


def _checked(history: History | Sequence[float]) -> list[float]:
    numbers: Any = getattr(history, "losses", history)
    try:
        losses = [float(loss) for loss in numbers]
    except (TypeError, ValueError) as error:
        raise ArgumentTypeError(
            f"plot_loss() needs losses, not {type(history).__name__}: {error}",
            hint="give what nn.fit returned, or a list of numbers",
        ) from error
    if not losses:
        raise ArgumentError("there are no losses to plot", hint="train for at least one epoch")
    for epoch, loss in enumerate(losses, start=1):
        if not abs(loss) <= _LARGEST:  # nan is not, either
            raise ArgumentError(
                f"the loss of epoch {epoch} is {loss}", hint="take a smaller learning rate"
            )
    return losses


def figure_of(losses: Sequence[float], title: str) -> Figure:
    """The curve as a figure of its own: pyplot, and the windows behind it, are the user's."""
    with for_pictures():
        from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415 - heavy
        from matplotlib.figure import Figure  # noqa: PLC0415 - heavy
        from matplotlib.ticker import MaxNLocator  # noqa: PLC0415 - heavy

    figure = Figure(figsize=(6.4, 4.0), layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    epochs = range(1, len(losses) + 1)
    axes.plot(epochs, losses, color="#0067a3", marker="o" if len(losses) <= 30 else "")
    if min(losses) > 0 and max(losses) / _WIDE >= min(losses):
        axes.set_yscale("log")
    axes.set_xlabel("epoch")
    axes.set_ylabel("loss")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_title(title, parse_math=False)
    axes.grid(visible=True, alpha=0.3)
    return figure
