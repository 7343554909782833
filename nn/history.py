"""How a training went, epoch by epoch: losses, what validation rows say, metrics."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, overload

from autograd import ArgumentError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["History"]


class History(Sequence[float]):
    """How a training went: the mean loss of each epoch, as a sequence of numbers.

    A row's loss is the one computed for its update, so before it. `steps` holds the loss of every
    row in the order of training where `fit` was asked for it with `steps=True`; `validation` the
    mean loss of the validation rows after each epoch, `metrics` by its name each metric's number,
    and `gradients` the norms that `GradientNorms` enters, by layer.

    >>> history = History([4.0, 1.0, 0.25])
    >>> history, history[-1], len(history)
    (History(3 epochs, loss 4 -> 0.25), 0.25, 3)
    """

    def __init__(self, losses: Iterable[float] = (), steps: Iterable[float] = ()) -> None:
        self.losses = list(losses)
        self.steps = list(steps)
        self.validation: list[float] = []
        self.metrics: dict[str, list[float]] = {}
        self.gradients: dict[str, list[float]] = {}

    @overload
    def __getitem__(self, index: int) -> float: ...
    @overload
    def __getitem__(self, index: slice) -> list[float]: ...
    def __getitem__(self, index: int | slice) -> float | list[float]:
        return self.losses[index]

    def __len__(self) -> int:
        return len(self.losses)

    def latest(self, what: str = "") -> float:
        """The last number of "loss", "validation" or a metric; unless told, of the first to be had
        of "validation" and "loss".

        Raises ArgumentError for what is not there.

        >>> History([4.0, 1.0]).latest()
        1.0
        """
        kept = {"loss": self.losses, "validation": self.validation, **self.metrics}
        numbers = (self.validation or self.losses) if what == "" else kept.get(what)
        if not numbers:
            there = ", ".join(name for name, found in kept.items() if found) or "nothing yet"
            raise ArgumentError(
                f"the history has no {what or 'loss'}",
                hint=f"it has {there}; fit(..., validation=rows, metrics=[...]) enters more",
            )
        return numbers[-1]

    def enter(self, losses: Sequence[float], count: int, *, steps: bool) -> None:
        """Enters the rows' losses: those of all of them, and the mean of each whole epoch."""
        for begin in range(0, len(losses) - count + 1, count):
            self.losses.append(math.fsum(losses[begin : begin + count]) / count)
        if steps:
            self.steps.extend(losses)

    def state_dict(self) -> dict[str, Any]:
        """All that it holds, as plain data."""
        return {name: _copied(kept) for name, kept in vars(self).items()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Takes up what `state_dict()` gave."""
        for name in vars(self):
            setattr(self, name, _copied(state[name]))

    def __repr__(self) -> str:
        if not self.losses:
            return "History(0 epochs)"
        count = f"{len(self)} epoch{'' if len(self) == 1 else 's'}"
        last = {"validation": self.validation, **self.metrics}
        more = "".join(f", {name} {found[-1]:.6g}" for name, found in last.items() if found)
        return f"History({count}, loss {self.losses[0]:.6g} -> {self.losses[-1]:.6g}{more})"


def _copied(kept: Any) -> Any:
    if isinstance(kept, dict):
        return {name: list(numbers) for name, numbers in kept.items()}
    return list(kept)
