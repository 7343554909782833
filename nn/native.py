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
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import autograd
from autograd import ArgumentError, ChalkgradError, Value

if TYPE_CHECKING:
    from autograd import Program
    from nn.optimizers import Formula, Optimizer

    Example = tuple[Any, Any]

__all__ = ["NativeTraining", "NotNativeError"]

_GRAPHS: Final = 64  # targets with a program of their own
# Seconds an operation until the first step: recording it, and where the engine is plain Python,
# compiling it too.
_COMPILING: Final = 6e-6 if autograd.compiled else 3e-5
_MOST: Final = 200_000  # rows in one call
_PATIENCE: Final = 0.1  # seconds in native code, until Ctrl-C and the progress bar get a turn
_PART: Final = 64  # rows, of which a batch is left a multiple for the next call


class NotNativeError(ArgumentError):
    """A training cannot be compiled; the message says why."""


class _Moment(NamedTuple):
    """What a training has come to: between two of these nothing is to be seen of it."""

    data: list[list[float]]
    updates: int
    gradients: list[float] | None
    losses: int


class NativeTraining:
    """A model, a loss, its rows and an optimizer as one native loop.

    `losses` are those of each row before the first update, which the programs must give to the last
    bit. Raises NotNativeError where they do not, for what cannot be recorded, and where compiling
    would take longer than `seconds`; where these are not told and llvmlite is missing, ImportError.
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
        self._count, self._batch = len(examples), batch
        formula = _formula(optimizer)
        self._programs, rows, self._which = _recorded(
            model, examples, loss, optimizer.parameters, seconds
        )
        for program, own in zip(self._programs, _by_program(rows, self._which), strict=True):
            found = program.map([rows[number] for number in own])
            for number, value in zip(own, found, strict=True):
                if value != losses[number]:
                    raise NotNativeError(
                        f"recorded from another row, row {number + 1} has the loss {value!r}, "
                        f"not {losses[number]!r}",
                        hint="the model or the loss decides by the numbers of a row, or draws "
                        "random ones: use autograd.where, or compiled=False",
                    )
        self.size = sum(map(len, self._programs)) // len(self._programs)
        self._made(formula)
        if seconds == math.inf and not autograd.native_available():
            self._scan.optimise(wait=True)  # which says what is missing
        self._rows = self._scan.rows(rows)
        self._worked = 0
        self._speed = 4e-9 * self.size  # seconds a row, a guess until one knows

    def _made(self, formula: Formula) -> None:
        """The loop that steps by this formula."""
        try:
            self._scan = autograd.Scan(
                self._programs, formula.schedule, formula.rule, len(formula.memory), self._batch,
                settings=len(formula.settings), measure=formula.measure,
            )  # fmt: skip
        except RuntimeError as error:
            if autograd.native_available():
                raise
            raise NotNativeError(str(error), hint="compiled=False") from error
        self._formula = formula

    # State: here while native code runs, in the optimizer whenever somebody may look.

    def load(self) -> None:
        """Takes the parameters, what the optimizer remembers, and how it works by now."""
        optimizer = self.optimizer
        formula = _formula(optimizer)
        if (*formula.settings, *formula.memory) != (*self._formula.settings, *self._formula.memory):
            self._made(formula)  # somebody has given it another
        self._settings = list(formula.settings.values())
        state = [[parameter.data for parameter in optimizer.parameters]]
        state += [getattr(optimizer, name) for name in formula.memory]
        self._scan.load(state)
        self._now = _Moment(state, getattr(optimizer, "_steps", 0), None, 0)
        # To a gradient of -0 the engine adds 0: that shows in such a parameter only.
        self._fits = not any(p == 0.0 and math.copysign(1.0, p) < 0 for p in state[0])

    def store(self) -> None:
        """Gives them back, with the last row's gradients."""
        optimizer, now = self.optimizer, self._now
        data, *memory = now.data
        remembered: dict[str, object] = dict(zip(self._formula.memory, memory, strict=True))
        if hasattr(optimizer, "_steps"):
            remembered["_steps"] = now.updates
        for parameter, number in zip(optimizer.parameters, data, strict=True):
            parameter.data = number
        vars(optimizer).update(remembered)
        if now.gradients is not None:
            for parameter, number in zip(optimizer.parameters, now.gradients, strict=True):
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

        It begins with the optimizer as it stands by now, its settings included. The rows' losses
        are added to `found` as they come, which an interrupt leaves as it is. Where native code
        stops, `learn(epoch, rows)` takes the step by the engine, all counted from 0; what it raises
        goes through, with the parameters as they were before that step.
        """
        rows = array.array("q", order)
        at, end = epoch * self._count, (epoch + epochs) * self._count
        begun = len(found)
        self.load()
        try:
            while at < end:
                stop = min(end, self._whole(at + self._patient() - 1))
                if not self._advance(rows, at, stop, found):
                    while at < stop:
                        step = self._whole(at)
                        if not self._advance(rows, at, step, found):
                            self._one(rows, at, step, learn, found)
                        at = step
                at = stop
        finally:
            try:
                self.store()
            except BaseException:  # an interrupt on the way: once more, as a whole
                self.store()
                raise
            finally:
                del found[begun + self._now.losses :]

    def _patient(self) -> int:
        """For how many rows at most there is patience."""
        return max(1, min(_MOST, int(_PATIENCE / self._speed)))

    def _whole(self, step: int) -> int:
        """Where the batch ends that a step is in."""
        epoch, place = divmod(step, self._count)
        return epoch * self._count + min(self._count, place - place % self._batch + self._batch)

    def _updates(self, step: int) -> int:
        """How many updates there are before a batch begins."""
        epoch, place = divmod(step, self._count)
        return epoch * -(-self._count // self._batch) + -(-place // self._batch)

    def _advance(self, rows: Any, begin: int, end: int, found: list[float]) -> bool:
        """Steps in native code, in parts where a batch takes long; False, and none, in trouble."""
        if not self._fits:
            return False
        before, losses = self._now, []
        at = begin
        while at < end:
            part = end - at
            if self._whole(begin) == end and part > self._patient():
                part = max(_PART, self._patient() // _PART * _PART)
            part = min(part, end - at)
            clock = time.perf_counter()
            taken, some = self._scan.run(
                self._rows, steps=part, begin=at, order=rows, which=self._which,
                count=self._count, time=before.updates, settings=self._settings,
            )  # fmt: skip
            if taken < part:
                break
            self._speed = max(1e-9, (time.perf_counter() - clock) / part)
            losses += some
            at += part
        data = self._scan.data()
        if at < end or not all(all(map(math.isfinite, kind)) for kind in data):
            self._scan.load(before.data)
            return False
        found += losses
        updates = before.updates + self._updates(end) - self._updates(begin)
        self._now = _Moment(data, updates, self._scan.gradients(), before.losses + len(losses))
        self._worked += end - begin
        if self._worked * self.size > _WORTH_OPTIMISING:
            self._scan.optimise()
        return True

    def _one(
        self,
        rows: Any,
        begin: int,
        end: int,
        learn: Callable[[int, Sequence[int]], list[float]],
        found: list[float],
    ) -> None:
        """A single update by the engine, where native code cannot say what it comes to."""
        losses = self._now.losses
        self.store()
        epoch, place = divmod(begin, self._count)
        try:
            found += learn(epoch, rows[place : place + end - begin])
            losses += end - begin
        finally:
            self.load()
            self._now = self._now._replace(
                losses=losses, gradients=[p.grad for p in self.optimizer.parameters]
            )


_WORTH_OPTIMISING: Final = 2e7  # operations run so far


def _formula(optimizer: Optimizer) -> Formula:
    """The optimizer's formula, if its step is still the one that the formula is of."""
    kind = type(optimizer)
    homes = {
        name: next(home for home in kind.__mro__ if name in vars(home))
        for name in ("step", "formula", "move")
    }
    own = homes["step"] is homes["formula"] and homes["move"] is kind.__mro__[-2]
    found = optimizer.formula() if own and "step" not in vars(optimizer) else None
    if found is None:
        raise NotNativeError(
            f"{kind.__name__} has no formula() to be compiled",
            hint="nn's own optimizers have one, and what only changes their settings",
        )
    return found


class _OwnError(Exception):
    """Something went wrong in the user's own code while it was recorded."""


def _record(function: Callable[..., Value], *args: Any, parameters: list[Value]) -> Program:
    """The program of a row's loss; _OwnError for what the model or the loss raise."""

    def watched(*given: Any) -> Value:
        try:
            return function(*given)
        except Exception as error:
            raise _OwnError from error

    return autograd.record(watched, *args, wrt=parameters)


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
        whole = _record(
            lambda x, y: loss(model(x), y), _plain(inputs), _plain(target), parameters=parameters
        )
    except (_OwnError, ChalkgradError):  # it looks at the target: one program for each there is
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
                    _record(
                        lambda x, y=target: loss(model(x), y), _plain(inputs), parameters=parameters
                    )
                )
            except (_OwnError, ChalkgradError) as error:
                cause = error.__cause__ if isinstance(error, _OwnError) else error
                if isinstance(cause, ChalkgradError):
                    raise NotNativeError(cause.message, hint=cause.hint) from cause
                raise NotNativeError(
                    f"it cannot be recorded: {cause!r}", hint="compiled=False runs it as it stands"
                ) from cause
            _check_worth(programs[0], graphs, seconds)
        which.append(places[key])
    return programs, [_numbers(inputs) for inputs, _ in examples], bytes(which)


def _check_worth(program: Program, graphs: int, seconds: float) -> None:
    """Raises where compiling so many programs of this size would take longer than it saves."""
    try:
        size = len(program)
    except ChalkgradError as error:  # there is an operation whose derivative cannot be recorded
        raise NotNativeError(error.message, hint=error.hint) from error
    if size * graphs * _COMPILING > seconds:
        raise NotNativeError(
            f"compiling {size} operations for {graphs} graphs takes longer than training",
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
