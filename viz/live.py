"""The curve of the loss in a notebook, drawn anew while a training runs."""

from __future__ import annotations

import io
import time
from typing import TYPE_CHECKING, Any, Final, Protocol

from viz.errors import MissingPackageError
from viz.plots import figure_of

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["LiveLoss"]

_PAUSE: Final = 0.5  # seconds between two drawings, which take a tenth of that


class _History(Protocol):
    @property
    def losses(self) -> Sequence[float]: ...
    @property
    def validation(self) -> Sequence[float]: ...


class _Training(Protocol):
    @property
    def history(self) -> _History: ...
    @property
    def goes_on(self) -> bool: ...


class LiveLoss:
    """Draws the loss so far below the cell that trains: `fit(..., callbacks=[viz.LiveLoss()])`.

    It looks every so many epochs, and draws where the last drawing is half a second old, and at the
    end; with validation rows there are two curves. In native code a training pauses whenever it
    looks, so that for many short epochs `every=100` is quicker.

    Raises MissingPackageError where IPython is missing, which every notebook has.
    """

    def __init__(self, every: int = 1, *, title: str = "") -> None:
        try:
            from IPython import display  # noqa: PLC0415 - for notebooks only
        except ModuleNotFoundError as error:
            raise MissingPackageError(
                "a live curve needs IPython, which is not installed",
                hint="pip install 'chalkgrad[notebook]'; or viz.plot_loss(history, 'loss.png')",
            ) from error
        self._display: Any = display
        self.every = every
        self.title = title
        self._shown: Any = None
        self._drawn = -float("inf")

    def __call__(self, training: _Training) -> None:
        """Draws the training's losses, if it is time to."""
        if training.goes_on and time.monotonic() - self._drawn < _PAUSE:
            return
        history, out = training.history, io.BytesIO()
        figure_of(history.losses, self.title, history.validation).savefig(out, format="svg")
        curve = self._display.SVG(out.getvalue())
        if self._shown is None:
            self._shown = self._display.display(curve, display_id=True)
        else:
            self._shown.update(curve)
        self._drawn = time.monotonic()
