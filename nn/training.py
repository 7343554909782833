"""The notes' step 5: for each epoch, for each row: forward, loss, backward, update."""

from __future__ import annotations

import difflib
import math
import random
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from numbers import Real
from typing import TYPE_CHECKING, Any, Final, Literal, overload

import autograd
from autograd import (
    ArgumentError,
    ArgumentTypeError,
    ChalkgradError,
    DomainError,
    Value,
    no_grad,
)
from nn.errors import TrainingError
from nn.modules import Module
from nn.native import NativeTraining, NotNativeError

if TYPE_CHECKING:
    from nn.optimizers import Optimizer

    Model = Callable[[Any], Any]
    Loss = Callable[[Any, Any], Value]

__all__ = ["History", "fit"]

_LONG: Final = 0.1  # seconds from which on a training is worth compiling
_REFRESH: Final = 0.1  # seconds between two changes of the progress bar


class History(Sequence[float]):
    """How a training went: the mean loss of each epoch, as a sequence of numbers.

    A row's loss is the one computed for its update, so before it. `steps` holds the loss of every
    row in the order of training where `fit` was asked for it with `steps=True`.

    >>> history = History([4.0, 1.0, 0.25])
    >>> history, history[-1], len(history)
    (History(3 epochs, loss 4 -> 0.25), 0.25, 3)
    """

    def __init__(self, losses: Iterable[float] = (), steps: Iterable[float] = ()) -> None:
        self.losses = list(losses)
        self.steps = list(steps)

    @overload
    def __getitem__(self, index: int) -> float: ...
    @overload
    def __getitem__(self, index: slice) -> list[float]: ...
    def __getitem__(self, index: int | slice) -> float | list[float]:
        return self.losses[index]

    def __len__(self) -> int:
        return len(self.losses)

    def __repr__(self) -> str:
        if not self.losses:
            return "History(0 epochs)"
        count = f"{len(self)} epoch{'' if len(self) == 1 else 's'}"
        return f"History({count}, loss {self.losses[0]:.6g} -> {self.losses[-1]:.6g})"


def fit(
    model: Model,
    rows: Iterable[tuple[Any, Any]],
    loss: Loss,
    optimizer: Optimizer,
    epochs: int | None = None,
    *,
    batch_size: int = 1,
    shuffle: bool = False,
    seed: int | None = None,
    steps: bool = False,
    progress: bool = True,
    compiled: bool | Literal["auto"] = "auto",
    **unknown: object,
) -> History:
    """Trains `model` on `rows`, one row or batch at a time, and tells how the loss went.

    For each epoch, for each row (inputs, target): predict `model(inputs)`, compute
    `loss(prediction, target)`, run backward, and let `optimizer` update the parameters.

    `rows` are pairs of inputs (numbers, or one number) and whatever target `loss` takes; every row
    is tried once before the first update, so that a bad one changes nothing. `epochs` is how often
    all rows are gone through. An update is for one row, or for `batch_size` of them, by the mean of
    their gradients (summed in the order that `Program.total` tells). With `shuffle` each epoch has
    a new order, the same for the same `seed`. `steps` asks for the loss of every row in the
    history. `progress` shows a bar, on a terminal only.

    `compiled` says whether the rows are gone through in native code, which takes llvmlite and gives
    the same losses and parameters to the last bit: "auto" where that is to be had and the training
    takes longer than compiling it.

    Raises ArgumentError or ArgumentTypeError for rows that do not fit, naming the row, and
    TrainingError where a loss, gradient or update is infinite or undefined, naming epoch, row and
    symbol: the parameters are then as the last good update left them. So they are where Ctrl-C
    stops it: the KeyboardInterrupt has the history so far as its attribute `history`. With
    compiled=True what cannot be compiled is an ArgumentError, and without llvmlite an ImportError.

    >>> from nn import MLP, SGD, mse
    >>> model = MLP(1, [1], seed=1)
    >>> rows = [([0], 1), ([1], 3), ([2], 5)]
    >>> history = fit(model, rows, mse, SGD(model.parameters(), lr=0.1), epochs=200)
    >>> [round(number, 3) for number in model.state_dict().values()]
    [2.0, 1.0]
    """
    epochs = _checked_call(loss, optimizer, epochs, unknown)
    if isinstance(batch_size, bool) or not isinstance(batch_size, int) or batch_size < 1:
        raise ArgumentError(f"a batch of {batch_size!r} rows", hint="a whole number, 1 or more")
    examples = _checked(rows)
    history = History()
    begun = time.perf_counter()
    losses = _try_all(model, examples, loss, optimizer)
    # A step takes about three times as long as a try.
    expected = 3 * (time.perf_counter() - begun) * epochs
    order = list(range(len(examples)))
    shuffler = random.Random(seed)  # noqa: S311 - the order of rows is no secret

    def learn(epoch: int, rows: Sequence[int]) -> list[float]:
        return _learn(model, examples, rows, loss, optimizer, batch_size, f"epoch {epoch + 1}")

    try:
        native = _compiled(model, examples, loss, optimizer, losses, batch_size, compiled, expected)
        with _progress_bar(epochs, wanted=progress) as show:
            while len(history) < epochs:
                epoch = len(history)
                if shuffle:
                    shuffler.shuffle(order)
                found: list[float] = []
                try:
                    if native is None:
                        for begin in range(0, len(order), batch_size):
                            found += learn(epoch, order[begin : begin + batch_size])
                    else:
                        several = 1 if shuffle else min(epochs - epoch, native.whole_epochs())
                        native.run(order, epoch, several, learn, found)
                finally:
                    _enter(history, found, len(order), steps)
                show(len(history), history.losses[-1])
    except KeyboardInterrupt as interrupt:
        interrupt.history = history  # type: ignore[attr-defined]
        raise
    return history


def _compiled(
    model: Model,
    examples: list[tuple[Any, Any]],
    loss: Loss,
    optimizer: Optimizer,
    losses: list[float],
    batch: int,
    compiled: bool | Literal["auto"],
    expected: float,
) -> NativeTraining | None:
    """The training in native code where that is asked for, or pays; `expected` are its seconds."""
    if compiled is True:
        return NativeTraining(model, examples, loss, optimizer, losses, batch)
    can = autograd.compiled or autograd.native_available()
    if compiled != "auto" or expected <= _LONG or not can:
        return None
    try:
        return NativeTraining(model, examples, loss, optimizer, losses, batch, expected)
    except NotNativeError:  # the engine can do whatever a program cannot
        return None


def _enter(history: History, losses: list[float], count: int, steps: bool) -> None:
    """Enters the rows' losses: those of all of them, and the mean of each whole epoch."""
    for begin in range(0, len(losses) - count + 1, count):
        history.losses.append(math.fsum(losses[begin : begin + count]) / count)
    if steps:
        history.steps.extend(losses)


def _checked_call(
    loss: object, optimizer: object, epochs: object, unknown: Mapping[str, object]
) -> int:
    """The number of epochs; refuses arguments of another kind than `fit` takes."""
    for name in unknown:
        near = difflib.get_close_matches(name, fit.__annotations__, n=1)
        hint = f"did you mean {near[0]}?" if near else "help(nn.fit) lists all arguments"
        raise ArgumentTypeError(f"fit() has no argument {name}", hint=hint)
    if not callable(loss):
        raise ArgumentTypeError(
            f"the loss was given as {loss!r}", hint="give the function itself, such as nn.mse"
        )
    if not callable(getattr(optimizer, "step", None)) or isinstance(optimizer, type):
        name = getattr(optimizer, "__name__", repr(optimizer))
        raise ArgumentTypeError(
            f"the optimizer was given as {name}",
            hint=f"make one for the model: {name if isinstance(optimizer, type) else 'nn.SGD'}"
            "(model.parameters(), lr=0.01)",
        )
    if isinstance(epochs, bool) or not isinstance(epochs, int) or epochs < 1:
        raise ArgumentError(
            "fit() was not told how many epochs" if epochs is None else f"{epochs!r} epochs",
            hint="a whole number, 1 or more: fit(model, rows, loss, optimizer, epochs=100)",
        )
    return epochs


def _learn(
    model: Model,
    examples: list[tuple[Any, Any]],
    rows: Sequence[int],
    loss: Loss,
    optimizer: Optimizer,
    batch: int,
    where: str,
) -> list[float]:
    """One update, by the mean gradient of some rows; gives their losses before it."""
    losses, gradients = [], []
    row = rows[0]
    try:
        for row in rows:  # which it was is told below
            losses.append(_slope(model, examples[row], loss, optimizer))
            if batch > 1:
                gradients.append([parameter.grad for parameter in optimizer.parameters])
        if batch > 1:
            sums = autograd.added_in_order(gradients, len(optimizer.parameters))
            for parameter, total in zip(optimizer.parameters, sums, strict=True):
                parameter.grad = total / len(rows)
        optimizer.step()
    except (ChalkgradError, ArithmeticError) as error:
        raise _located(error, f"{where}, row {row + 1}", optimizer) from error
    return losses


def _slope(model: Model, example: tuple[Any, Any], loss: Loss, optimizer: Optimizer) -> float:
    """One row's gradient: forward, loss, backward; gives the loss."""
    inputs, target = example
    error = _sound(loss(model(inputs), target))
    optimizer.zero_grad()
    error.backward()
    return error.data


def _sound(error: Value) -> Value:
    """The loss of a row, if it is one to go on with."""
    if not isinstance(error, Value):
        raise ArgumentTypeError(
            f"the loss function gave {error!r} ({type(error).__name__}), not a Value",
            hint="compute the loss of one row from the prediction, as nn.mse does",
        )
    if not math.isfinite(error.data):
        raise TrainingError(f"the loss is {error.data!r}")
    return error


def _checked(rows: Iterable[tuple[Any, Any]]) -> list[tuple[Any, Any]]:
    """The rows as a list of pairs without infinite or missing numbers."""
    examples = []
    for number, row in enumerate(rows, start=1):
        if not isinstance(row, (tuple, list)) or len(row) != 2:
            raise ArgumentError(
                f"row {number} is {row!r}", hint="a row is a pair (inputs, target): ([80, 8], 8)"
            )
        # What can be gone through only once is kept, as it is needed in every epoch.
        inputs, target = (list(part) if isinstance(part, Iterator) else part for part in row)
        _check_finite(inputs, f"row {number}, input")
        _check_finite(target, f"row {number}, target")
        examples.append((inputs, target))
    if not examples:
        raise ArgumentError("there are no rows to train on", hint="give at least one")
    return examples


def _check_finite(numbers: object, where: str) -> None:
    """Refuses nan and inf; whether the rest fits, the model and the loss will tell."""
    if isinstance(numbers, Real):
        if not math.isfinite(numbers):
            raise ArgumentError(
                f"{where} is {float(numbers)!r}", hint="fill the gaps of the data or leave them out"
            )
    elif isinstance(numbers, Iterable) and not isinstance(numbers, (str, bytes, Mapping)):
        for column, number in enumerate(numbers, start=1):
            _check_finite(number, f"{where} {column}")


def _try_all(
    model: Model, examples: list[tuple[Any, Any]], loss: Loss, optimizer: Optimizer
) -> list[float]:
    """Computes every row's loss without learning, so that what fails fails before any update."""
    losses = []
    if isinstance(model, Module) and set(model.parameters()).isdisjoint(optimizer.parameters):
        raise ArgumentError(
            "the optimizer holds none of the model's parameters",
            hint="make it for this model: SGD(model.parameters(), lr)",
        )
    with no_grad():
        for number, (inputs, target) in enumerate(examples, start=1):
            try:
                losses.append(_sound(loss(model(inputs), target)).data)
            except (ChalkgradError, ArithmeticError) as error:
                raise _located(
                    error, f"before the first update, row {number}", optimizer
                ) from error
    return losses


def _located(error: Exception, where: str, optimizer: Optimizer) -> ChalkgradError:
    """The same error saying where it happened; a TrainingError where numbers went out of range."""
    message, hint = str(error), ""
    if isinstance(error, ChalkgradError):
        message, hint = error.message, error.hint
        if not isinstance(error, (ArithmeticError, DomainError)):
            return type(error)(f"{where}: {message}", hint=hint)
    if not hint or isinstance(error, OverflowError):
        hint = f"take a smaller learning rate than {optimizer.lr:g}, or scale the inputs"
    return TrainingError(f"{where}: {message}", hint=hint)


@contextmanager
def _progress_bar(epochs: int, *, wanted: bool) -> Iterator[Callable[[int, float], None]]:
    """Gives what is to be called with each epoch and its loss; does nothing off a terminal."""
    if not wanted or not sys.stderr.isatty():
        yield lambda epoch, loss: None
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
        TextColumn("loss {task.fields[loss]:.6g}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=epochs, loss=math.nan)
        shown = 0.0

        def show(epoch: int, loss: float) -> None:
            nonlocal shown
            if time.monotonic() - shown > _REFRESH:
                bar.update(task, completed=epoch, loss=loss, refresh=True)
                shown = time.monotonic()

        yield show
