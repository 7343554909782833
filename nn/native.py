"""Training in native code: the same losses and parameters as `fit`'s own loop, to the last bit.

A row's numbers go into a program that was recorded from the first row. Where the target decides
what is computed, as a class label does, there is one program for each target. Whatever a program
cannot do is left to the engine, row by row.
"""

from __future__ import annotations

import array
import math
import time
from collections.abc import Callable, Iterable, Sequence
from numbers import Real
from typing import TYPE_CHECKING, Any, Final

import autograd
from autograd import ArgumentError, ChalkgradError, Value

if TYPE_CHECKING:
    from autograd import Program
    from nn.optimizers import Formula, Optimizer

    Example = tuple[Any, Any]

__all__ = ["NativeTraining", "NotNativeError"]

_GRAPHS: Final = 64  # targets with a program of their own
_COMPILING: Final = 3e-5  # seconds an operation
_MOST: Final = 200_000  # rows in one call
_PATIENCE: Final = 0.1  # seconds in native code, until Ctrl-C and the progress bar get a turn


class NotNativeError(ArgumentError):
    """A training cannot be compiled; the message says why."""


class NativeTraining:
    """A model, a loss, its rows and an optimizer as one native loop.

    `losses` are those of each row before the first update, which the programs must give to the last
    bit. Raises NotNativeError where they do not, for what cannot be recorded, and where compiling
    would take longer than `seconds`.
    """

    def __init__(
        self,
        model: Callable[[Any], Any],
        examples: list[Example],
        loss: Callable[[Any, Any], Value],
        optimizer: Optimizer,
        losses: list[float],
        batch: int,
        seconds: float = math.inf,
    ) -> None:
        self.optimizer = optimizer
        formula = _formula(optimizer)
        if formula is None:
            raise NotNativeError(
                f"{type(optimizer).__name__} has no formula() to be compiled",
                hint="SGD and Adam have one",
            )
        self._memory = formula.memory
        if any(p.data == 0.0 and math.copysign(1.0, p.data) < 0 for p in optimizer.parameters):
            raise NotNativeError("a parameter is -0.0", hint="make it 0.0")
        programs, rows, self._which = _recorded(
            model, examples, loss, optimizer.parameters, seconds
        )
        for program, own in zip(programs, _by_program(rows, self._which), strict=True):
            found = program.map([rows[number] for number in own])
            for number, value in zip(own, found, strict=True):
                if value != losses[number]:
                    raise NotNativeError(
                        f"recorded from another row, row {number + 1} has the loss {value!r}, "
                        f"not {losses[number]!r}",
                        hint="the model or the loss decides by the numbers of a row, or draws "
                        "random ones: use autograd.where, or compiled=False",
                    )
        self.size = sum(map(len, programs)) // len(programs)
        self._programs, self._settings = programs, _settings(optimizer)
        self._scan = self._scan_of(formula, batch)
        self._rows = self._scan.rows(rows)
        self._count, self._batch = len(rows), batch
        self._worked = 0
        self._speed = 2e-8 * self.size  # seconds a row, a guess until one knows
        self.load()

    def _scan_of(self, formula: Formula, batch: int) -> autograd.Scan:
        return autograd.Scan(
            self._programs, formula.schedule, formula.rule, len(formula.memory), batch, settings=1
        )

    # State: here while native code runs, in the optimizer whenever somebody may look.

    def load(self) -> None:
        """Takes the parameters, the rate and what the optimizer remembers."""
        optimizer = self.optimizer
        if _settings(optimizer) != self._settings:  # another formula
            formula = _formula(optimizer)
            if formula is None:
                raise NotNativeError("the optimizer is another", hint="compiled=False")
            self._settings, self._memory = _settings(optimizer), formula.memory
            self._scan = self._scan_of(formula, self._batch)
        self._scan.set(optimizer.lr)
        self._steps = getattr(optimizer, "_steps", 0)
        state = [[parameter.data for parameter in optimizer.parameters]]
        state += [getattr(optimizer, name) for name in self._memory]
        self._scan.load(state)
        self._gradients: list[float] | None = None

    def store(self) -> None:
        """Gives them back, all or nothing, with the last row's gradients."""
        optimizer = self.optimizer
        data, *memory = self._scan.data()
        remembered: dict[str, object] = dict(zip(self._memory, memory, strict=True))
        if hasattr(optimizer, "_steps"):
            remembered["_steps"] = self._steps
        for parameter, number in zip(optimizer.parameters, data, strict=True):
            parameter.data = number
        vars(optimizer).update(remembered)
        if self._gradients is not None:
            for parameter, number in zip(optimizer.parameters, self._gradients, strict=True):
                parameter.grad = number

    def whole_epochs(self) -> int:
        """How many epochs fit into one call."""
        return max(1, int(_PATIENCE / (self._speed * self._count)))

    def run(
        self,
        order: Sequence[int],
        epoch: int,
        epochs: int,
        learn: Callable[[int, Sequence[int]], list[float]],
        found: list[float],
    ) -> None:
        """Goes through the rows in this order in `epochs` epochs from `epoch` on.

        The rows' losses are added to `found` as they come, which an interrupt leaves as it is.
        Where native code stops, `learn(epoch, rows)` takes the step by the engine, all counted from
        0; what it raises goes through, with the parameters as they were before that step.
        """
        rows = array.array("q", order)
        at, end = epoch * self._count, (epoch + epochs) * self._count
        try:
            while at < end:
                part = min(end - at, _MOST, max(1, int(_PATIENCE / self._speed)))
                stop = self._whole(at + part - 1)
                begun = time.perf_counter()
                before = self._scan.data()
                losses = self._advance(rows, at, stop)
                if losses is None:
                    self._scan.load(before)
                    losses = []
                    step = at
                    while step < stop:
                        losses += self._one(rows, step, learn)
                        step = self._whole(step)
                self._speed = max(1e-9, (time.perf_counter() - begun) / (stop - at))
                self._worked += stop - at
                at = stop
                found += losses
        finally:
            self.store()

    def _whole(self, step: int) -> int:
        """Where the batch ends that a step is in."""
        epoch, place = divmod(step, self._count)
        return epoch * self._count + min(self._count, place - place % self._batch + self._batch)

    def _updates(self, step: int) -> int:
        """How many updates there are before a batch begins."""
        epoch, place = divmod(step, self._count)
        return epoch * -(-self._count // self._batch) + -(-place // self._batch)

    def _advance(self, rows: Any, begin: int, end: int) -> list[float] | None:
        """Steps in native code; None where any of them is in trouble."""
        count = end - begin
        taken, losses = self._scan.run(
            self._rows, steps=count, begin=begin, order=rows, which=self._which,
            count=self._count, time=self._steps,
        )  # fmt: skip
        if taken < count or not all(all(map(math.isfinite, kind)) for kind in self._scan.data()):
            return None
        self._steps += self._updates(end) - self._updates(begin)
        self._gradients = self._scan.gradients()
        if self._worked * self.size > _WORTH_OPTIMISING:
            self._scan.module.improve()
        return losses

    def _one(
        self, rows: Any, step: int, learn: Callable[[int, Sequence[int]], list[float]]
    ) -> list[float]:
        """A single update, by the engine where native code cannot say what it comes to."""
        before = self._scan.data()
        losses = self._advance(rows, step, self._whole(step))
        if losses is not None:
            return losses
        self._scan.load(before)
        self.store()
        try:
            epoch, place = divmod(step, self._count)
            return learn(epoch, rows[place : place + self._whole(step) - step])
        finally:
            self.load()


_WORTH_OPTIMISING: Final = 2e7  # operations run so far


def _formula(optimizer: Optimizer) -> Formula | None:
    """The optimizer's formula, if its step is still the one that the formula is of."""
    kind = type(optimizer)
    homes = {
        name: next(home for home in kind.__mro__ if name in vars(home))
        for name in ("step", "formula", "move")
    }
    own = homes["step"] is homes["formula"] and homes["move"] is kind.__mro__[-2]
    return optimizer.formula() if own and "step" not in vars(optimizer) else None


def _settings(optimizer: Optimizer) -> list[object]:
    """What its formula is made of; the rate alone is given to it anew."""
    names = {*optimizer.settings, *optimizer.options} - {"lr"}
    return [getattr(optimizer, name) for name in sorted(names)]


def _recorded(
    model: Callable[[Any], Any],
    examples: list[Example],
    loss: Callable[[Any, Any], Value],
    parameters: list[Value],
    seconds: float,
) -> tuple[list[Program], list[list[float]], bytes]:
    """The programs, each row's numbers for its program, and which of them that is."""
    inputs, target = examples[0]
    shape = _shape(inputs)
    if any(_shape(row[0]) != shape for row in examples):
        raise NotNativeError("the rows' inputs differ in shape", hint="pad them, or compiled=False")
    try:
        of_target = _shape(target)
        whole = autograd.record(
            lambda x, y: loss(model(x), y), _plain(inputs), _plain(target), wrt=parameters
        )
    except NotNativeError:
        raise
    except Exception:  # it looks at the target: one program for each there is
        return _by_target(model, examples, loss, parameters, seconds)
    if any(_shape(row[1]) != of_target for row in examples):
        raise NotNativeError("the targets differ in shape", hint="give each row one of the same")
    _check_worth(whole, 1, seconds)
    rows = [_numbers(row) for row in examples]
    return [whole], rows, bytes(len(rows))


def _by_target(
    model: Callable[[Any], Any],
    examples: list[Example],
    loss: Callable[[Any, Any], Value],
    parameters: list[Value],
    seconds: float,
) -> tuple[list[Program], list[list[float]], bytes]:
    """The same with a program for each target."""
    places: dict[Any, int] = {}
    programs: list[Program] = []
    which = bytearray()
    keys = [(type(target), tuple(_numbers(target))) for _, target in examples]
    graphs = len(set(keys))
    if graphs > _GRAPHS:
        raise NotNativeError(
            f"the loss looks at the target, and there are {graphs} of them",
            hint="compute it from the target by autograd's operations, or compiled=False",
        )
    for (inputs, target), key in zip(examples, keys, strict=True):
        if key not in places:
            places[key] = len(programs)
            try:
                programs.append(
                    autograd.record(
                        lambda x, y=target: loss(model(x), y), _plain(inputs), wrt=parameters
                    )
                )
            except ChalkgradError as error:
                raise NotNativeError(error.message, hint=error.hint) from error
            except Exception as error:  # models are the user's code: anything may go wrong
                raise NotNativeError(
                    f"it cannot be recorded: {error!r}", hint="compiled=False runs it as it stands"
                ) from error
            _check_worth(programs[0], graphs, seconds)
        which.append(places[key])
    return programs, [_numbers(inputs) for inputs, _ in examples], bytes(which)


def _check_worth(program: Program, graphs: int, seconds: float) -> None:
    """Raises where compiling so many programs of this size would take longer than it saves."""
    if len(program) * graphs * _COMPILING > seconds:
        raise NotNativeError(
            f"compiling {len(program)} operations for {graphs} graphs takes longer than training",
            hint="compiled=True does it all the same",
        )


def _by_program(rows: list[list[float]], which: bytes) -> list[list[int]]:
    found: list[list[int]] = [[] for _ in range(max(which) + 1)]
    for number in range(len(rows)):
        found[which[number]].append(number)
    return found


def _shape(thing: Any) -> Any:
    """What two rows must share: how many numbers there are, and how they are nested."""
    if isinstance(thing, Real):
        return 0
    if isinstance(thing, Iterable) and not isinstance(thing, (str, bytes, dict)):
        return [_shape(part) for part in thing]
    raise NotNativeError(
        f"a row holds {thing!r} ({type(thing).__name__})", hint="rows of plain numbers are compiled"
    )


def _plain(thing: Any) -> Any:
    """The same in lists and floats."""
    return float(thing) if isinstance(thing, Real) else [_plain(part) for part in thing]


def _numbers(thing: Any) -> list[float]:
    """All numbers, from left to right."""
    if isinstance(thing, Real):
        return [float(thing)]
    return [number for part in thing for number in _numbers(part)]
