"""How the learning rate changes on the way: each schedule one formula of how often it stepped."""

from __future__ import annotations

import bisect
import math
from numbers import Real
from typing import TYPE_CHECKING, Any, Literal

from autograd import ArgumentError, ArgumentTypeError
from nn.callbacks import Callback
from nn.optimizers import Optimizer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from nn.callbacks import Training

__all__ = [
    "CosineAnnealingLR",
    "LinearLR",
    "ReduceLROnPlateau",
    "Schedule",
    "SequentialLR",
    "StepLR",
]


class Schedule(Callback):
    """The base of schedules: `rate(t)` is the learning rate after t calls of `step()`.

    Made for an optimizer it sets its `lr` to `rate(0)`, and once an epoch (or an update, as you
    call it) `step()` sets it to the next; `fit(..., callbacks=[schedule])` does so by itself. Rates
    count from the optimizer's `initial_lr`, so that schedules can follow one another; see
    `SequentialLR`. One of your own has `rate`:

    >>> from autograd import Value
    >>> from nn import SGD
    >>> class Halved(Schedule):
    ...     def rate(self, t):
    ...         return self.base / 2**t
    >>> optimizer = SGD([Value(1.0, "w")], lr=0.5)
    >>> schedule = Halved(optimizer)
    >>> schedule.step()
    >>> optimizer.lr
    0.25
    """

    memory: tuple[str, ...] = ("steps",)
    """The attributes it remembers from step to step."""

    def __init__(self, optimizer: Optimizer) -> None:
        if not isinstance(optimizer, Optimizer):
            raise ArgumentTypeError(
                f"a schedule was given a {type(optimizer).__name__} as its optimizer",
                hint="make the optimizer first: StepLR(SGD(model.parameters(), lr=0.1), 10)",
            )
        self.optimizer = optimizer
        self.base = optimizer.initial_lr
        self.steps = 0
        self._set(self.rate(0))

    def begin(self, training: Training) -> None:
        """Refuses a training by another optimizer."""
        if training.optimizer is not self.optimizer:
            raise ArgumentError(
                f"{type(self).__name__} is for another optimizer than the one that is trained with",
                hint="make the schedule with the optimizer that fit is given",
            )

    def after_epoch(self, training: Training) -> None:
        """Goes on to the next rate."""
        self.step()

    def rate(self, t: int) -> float:
        """The learning rate after t steps."""
        raise NotImplementedError(f"{type(self).__name__} has no rate()")

    def step(self) -> None:
        """Goes on to the next rate."""
        self._set(self.rate(self.steps + 1), steps=self.steps + 1)

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Takes up what `state_dict()` gave; the rate itself is in the optimizer's state.

        Raises ArgumentError, changing nothing, for another kind of schedule's.
        """
        for name, number in state.items():
            if not isinstance(number, Real) or isinstance(number, bool):
                raise ArgumentError(
                    f"{name} in the state is {number!r}", hint="a schedule remembers numbers"
                )
        super().load_state_dict(state)

    def _set(self, rate: float, **remembered: object) -> None:
        """Sets the rate and what is remembered; on an interrupt neither."""
        optimizer, old = self.optimizer, {name: getattr(self, name) for name in remembered}
        before = optimizer.lr
        try:
            optimizer.scheduled(rate)
            vars(self).update(remembered)
        except BaseException:
            optimizer.scheduled(before)
            vars(self).update(old)
            raise


class StepLR(Schedule):
    """lr gamma^floor(t / step_size): every `step_size` steps the rate is multiplied by `gamma`.

    Raises ArgumentError unless step_size is a whole number above 0 and gamma a number above 0.

    >>> from autograd import Value
    >>> from nn import SGD
    >>> schedule = StepLR(SGD([Value(1.0)], lr=8.0), step_size=2, gamma=0.5)
    >>> [schedule.rate(t) for t in range(5)]
    [8.0, 8.0, 4.0, 4.0, 2.0]
    """

    def __init__(self, optimizer: Optimizer, step_size: int, gamma: float = 0.1) -> None:
        self.step_size = _count(step_size, "step_size")
        self.gamma = _number(gamma, "gamma", above=0.0)
        super().__init__(optimizer)

    def rate(self, t: int) -> float:
        """The learning rate after t steps."""
        return self.base * self.gamma ** (t // self.step_size)


class CosineAnnealingLR(Schedule):
    """eta_min + (lr - eta_min) (1 + cos(pi t / T_max)) / 2: from lr down to `eta_min`.

    `T_max` is how many steps that takes; after it the rate rises again. Raises ArgumentError unless
    T_max is a whole number above 0 and eta_min a number of at least 0.
    Source: Loshchilov and Hutter, "SGDR: stochastic gradient descent with warm restarts", 2017.

    >>> from autograd import Value
    >>> from nn import SGD
    >>> schedule = CosineAnnealingLR(SGD([Value(1.0)], lr=1.0), T_max=4)
    >>> [round(schedule.rate(t), 3) for t in range(5)]
    [1.0, 0.854, 0.5, 0.146, 0.0]
    """

    def __init__(self, optimizer: Optimizer, T_max: int, eta_min: float = 0.0) -> None:  # noqa: N803
        self.T_max = _count(T_max, "T_max")
        self.eta_min = _number(eta_min, "eta_min", least=0.0)
        super().__init__(optimizer)

    def rate(self, t: int) -> float:
        """The learning rate after t steps."""
        wave = (1 + math.cos(math.pi * t / self.T_max)) / 2
        return self.eta_min + (self.base - self.eta_min) * wave


class LinearLR(Schedule):
    """lr (start + (end - start) min(t, n) / n): the warm-up, from a part of the rate to all of it.

    `start_factor` and `end_factor` are the parts, `total_iters` n how many steps lie between.
    Raises ArgumentError unless they are above 0 and n is a whole number above 0.

    >>> from autograd import Value
    >>> from nn import SGD
    >>> schedule = LinearLR(SGD([Value(1.0)], lr=8.0), start_factor=0.25, total_iters=3)
    >>> [schedule.rate(t) for t in range(5)]
    [2.0, 4.0, 6.0, 8.0, 8.0]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        start_factor: float = 1 / 3,
        end_factor: float = 1.0,
        total_iters: int = 5,
    ) -> None:
        self.start_factor = _number(start_factor, "start_factor", above=0.0)
        self.end_factor = _number(end_factor, "end_factor", above=0.0)
        self.total_iters = _count(total_iters, "total_iters")
        super().__init__(optimizer)

    def rate(self, t: int) -> float:
        """The learning rate after t steps."""
        part = min(t, self.total_iters) / self.total_iters
        return self.base * (self.start_factor + (self.end_factor - self.start_factor) * part)


class SequentialLR(Schedule):
    """Schedules one after another, each from step 0 on: from milestones[i] on it is schedules[i+1].

    Only this one is to be stepped. Raises ArgumentError unless the milestones are rising whole
    numbers, one fewer than schedules, and all schedules are for `optimizer`; a `ReduceLROnPlateau`
    has no place among them, as it is no formula of t.

    >>> from autograd import Value
    >>> from nn import SGD
    >>> optimizer = SGD([Value(1.0)], lr=8.0)
    >>> warm_up = LinearLR(optimizer, start_factor=0.25, total_iters=3)
    >>> schedule = SequentialLR(optimizer, [warm_up, StepLR(optimizer, 1, 0.5)], milestones=[3])
    >>> [schedule.rate(t) for t in range(6)]
    [2.0, 4.0, 6.0, 8.0, 4.0, 2.0]
    """

    def __init__(
        self, optimizer: Optimizer, schedules: Sequence[Schedule], milestones: Sequence[int]
    ) -> None:
        self.schedules, self.milestones = list(schedules), list(milestones)
        for schedule in self.schedules:
            fits = isinstance(schedule, Schedule) and not isinstance(schedule, ReduceLROnPlateau)
            if not fits or schedule.optimizer is not optimizer:
                raise ArgumentError(
                    f"{type(schedule).__name__} is no part of this sequence",
                    hint="give schedules with a rate(t), made for the same optimizer",
                )
        rising = all(a < b for a, b in zip([0, *self.milestones], self.milestones, strict=False))
        if len(self.milestones) != len(self.schedules) - 1 or not rising:
            raise ArgumentError(
                f"milestones is {self.milestones} for {len(self.schedules)} schedules",
                hint="say after how many steps each but the first begins: [5] for two of them",
            )
        super().__init__(optimizer)

    def rate(self, t: int) -> float:
        """The learning rate after t steps."""
        at = bisect.bisect_right(self.milestones, t)
        return self.schedules[at].rate(t - self.milestones[at - 1] if at else t)


class ReduceLROnPlateau(Schedule):
    """lr := max(lr factor, min_lr) where the loss has not become better for over `patience` steps.

    `step(loss)` is given what to watch, for instance the loss of rows held out; a callback of `fit`
    watches the loss of the validation rows, or where there are none that of training. Better is
    less than (1 - threshold) times the best so far, or with mode="max" more than (1 + threshold)
    times it. After the rate has fallen, `cooldown` steps are not counted. Raises ArgumentError for
    settings out of range and for a loss that is no finite number.

    >>> from autograd import Value
    >>> from nn import SGD
    >>> optimizer = SGD([Value(1.0)], lr=8.0)
    >>> schedule = ReduceLROnPlateau(optimizer, factor=0.5, patience=1)
    >>> for loss in (1.0, 0.5, 0.5, 0.5):
    ...     schedule.step(loss)
    >>> optimizer.lr
    4.0
    """

    memory = ("best", "bad", "cooling")

    def __init__(
        self,
        optimizer: Optimizer,
        mode: Literal["min", "max"] = "min",
        factor: float = 0.1,
        patience: int = 10,
        threshold: float = 1e-4,
        cooldown: int = 0,
        min_lr: float = 0.0,
    ) -> None:
        if mode not in ("min", "max"):
            raise ArgumentError(f"mode is {mode!r}", hint='"min" for a loss, "max" for an accuracy')
        self.mode = mode
        self.factor = _number(factor, "factor", above=0.0)
        if self.factor >= 1.0:
            raise ArgumentError(f"factor is {factor!r}", hint="it is less than 1, such as 0.1")
        self.patience = _count(patience, "patience", least=0)
        self.threshold = _number(threshold, "threshold", least=0.0)
        self.cooldown = _count(cooldown, "cooldown", least=0)
        self.min_lr = _number(min_lr, "min_lr", least=0.0)
        self.best = math.inf if mode == "min" else -math.inf
        self.bad = self.cooling = 0
        super().__init__(optimizer)

    def rate(self, t: int) -> float:
        """The learning rate as it stands, whatever t: it depends on the losses."""
        return self.optimizer.lr

    def after_epoch(self, training: Training) -> None:
        """Takes the loss that the epoch ended with."""
        self.step(training.history.latest())

    def step(self, loss: float | None = None) -> None:
        """Takes the loss of an epoch, and lowers the rate where it is due."""
        watched = _number(loss, "the loss", hint="schedule.step(loss) takes the epoch's loss")
        best, bad, cooling, rate = self.best, self.bad, self.cooling, self.optimizer.lr
        if self.mode == "min":
            better = watched < best * (1 - self.threshold)
        else:
            better = watched > best * (1 + self.threshold)
        best, bad = (watched, 0) if better else (best, bad + 1)
        if cooling:
            cooling, bad = cooling - 1, 0
        if bad > self.patience:
            rate = max(rate * self.factor, self.min_lr)
            cooling, bad = self.cooldown, 0
        self._set(rate, best=best, bad=bad, cooling=cooling)


def _count(number: object, what: str, *, least: int = 1) -> int:
    if isinstance(number, bool) or not isinstance(number, int) or number < least:
        raise ArgumentError(f"{what} is {number!r}", hint=f"a whole number, {least} or more")
    return number


def _number(
    number: object,
    what: str,
    *,
    above: float = -math.inf,
    least: float = -math.inf,
    hint: str = "",
) -> float:
    try:
        found = float(number) if isinstance(number, Real) else math.nan
    except OverflowError:
        found = math.inf
    if math.isfinite(found) and found > above and found >= least:
        return found
    bound = " above 0" if above == 0.0 else ", 0 or more" if least == 0.0 else ""
    raise ArgumentError(f"{what} is {number!r}", hint=hint or f"a finite number{bound}")
