"""The bar that a training shows on a terminal: epochs, loss, time left."""

from __future__ import annotations

import math
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from nn.history import History

__all__ = ["progress_bar"]

_REFRESH: Final = 0.1  # seconds between two changes of the bar


@contextmanager
def progress_bar(epochs: int, *, wanted: bool) -> Iterator[Callable[[History], None]]:
    """Gives what is to be called with the history so far; it does nothing off a terminal."""
    if not wanted or not sys.stderr.isatty():
        yield lambda history: None
        return
    # Here, as it is slow to load and needed for nothing else.
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import (  # noqa: PLC0415
        BarColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("epoch {task.completed}/{task.total}"),
        BarColumn(),
        TextColumn("loss {task.fields[loss]:.6g}{task.fields[more]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=epochs, loss=math.nan, more="")
        shown = 0.0

        def show(history: History) -> None:
            nonlocal shown
            if time.monotonic() - shown > _REFRESH and history.losses:
                more = f", validation {history.validation[-1]:.6g}" if history.validation else ""
                bar.update(
                    task, completed=len(history), loss=history.losses[-1], more=more, refresh=True
                )
                shown = time.monotonic()

        yield show
