"""The notes' step 5: for each epoch, for each row: forward, loss, backward, update."""

from __future__ import annotations

import difflib
import math
import random
import time
from typing import TYPE_CHECKING, Any, Final, Literal

import autograd
from autograd import (
    ArgumentError,
    ArgumentTypeError,
    ChalkgradError,
    DomainError,
    Value,
    no_grad,
)
from nn.callbacks import Callback, Training, callbacks_of
from nn.checkpoints import Checkpoint, rows_digest
from nn.errors import TrainingError
from nn.evaluation import Evaluation, metrics_of, name_of
from nn.modules import Module
from nn.native import NativeTraining, NotNativeError
from nn.progress import progress_bar
from nn.rows import examples_of

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from nn.evaluation import Metrics
    from nn.history import History
    from nn.optimizers import Optimizer

    Model = Callable[[Any], Any]
    Loss = Callable[[Any, Any], Value]
    Rows = Iterable[tuple[Any, Any]]

__all__ = ["fit"]

_BEFORE: Final = "before the first update"
_LONG: Final = 0.1  # seconds from which on a training is worth compiling


def fit(
    model: Model,
    rows: Rows,
    loss: Loss,
    optimizer: Optimizer,
    epochs: int | None = None,
    *,
    batch_size: int = 1,
    shuffle: bool = False,
    seed: int | None = None,
    validation: Rows | None = None,
    metrics: Metrics = (),
    callbacks: Iterable[Callback | Callable[[Training], object]] = (),
    checkpoint: str | os.PathLike[str] | None = None,
    checkpoint_every: int = 1,
    resume: bool = False,
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

    After each epoch `history.validation` gets the mean loss of the `validation` rows, on which
    nothing is learnt, and `history.metrics` each of the `metrics`: functions such as `accuracy` or
    `mae`, or one of yours, that give a number for a row's prediction (plain numbers) and target, in
    a list or by names in a dict. They are of the validation rows, or where there are none of
    `rows`. Then come the `callbacks`: `EarlyStopping`, schedules, functions of the `Training`.

    With `checkpoint` all of that is written to this file after each `checkpoint_every` epochs and
    the last; a crash never costs the last good one. With `resume=True` the training goes on from
    the file, if it is there, until there are `epochs` in all, and ends with the same bits as one
    that was never broken off: shuffling, dropout, optimizer, schedules, history.

    `compiled` says whether the rows are gone through in native code, which gives the same losses
    and parameters to the last bit: that of the compiled engine, and in a long training LLVM's,
    where llvmlite is there. "auto" does so where that is to be had and the training is no matter of
    a moment.

    Raises ArgumentError or ArgumentTypeError for rows that do not fit, naming the row, and for a
    checkpoint that is damaged or of another training, saying what differs; TrainingError where a
    loss, gradient or update is infinite or undefined, naming epoch, row and symbol: the parameters
    are then as the last good update left them. So they are where Ctrl-C stops it: the
    KeyboardInterrupt has the history so far as its attribute `history`. With compiled=True what
    cannot be compiled is an ArgumentError, and without llvmlite an ImportError.

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
    if resume and checkpoint is None:
        raise ArgumentError("resume=True without a checkpoint", hint="checkpoint='training.json'")
    examples = examples_of(rows)
    held_out = [] if validation is None else examples_of(validation, "validation ")
    training = Training(model, optimizer, epochs, examples, loss)
    history = training.history
    shuffler = random.Random(seed)  # noqa: S311 - the order of rows is no secret

    # What happens after an epoch: the validation, what the caller wants, and last the checkpoint.
    own, watched = callbacks_of(callbacks), metrics_of(metrics)
    evaluation = Evaluation(held_out or examples, loss if held_out else None, watched)
    each = [evaluation, *own] if held_out or watched else list(own)
    if checkpoint is not None:
        about = {
            "loss": name_of(loss), "rows": rows_digest(examples),
            "validation": rows_digest(held_out), "batch_size": batch_size, "shuffle": bool(shuffle),
            "seed": seed, "steps": bool(steps), "metrics": list(watched),
        }  # fmt: skip
        each.append(Checkpoint(checkpoint, checkpoint_every, resume, own, shuffler, about))

    begun = time.perf_counter()
    losses = _try_all(model, examples, loss, optimizer)
    # A step takes about three times as long as a try.
    expected = 3 * (time.perf_counter() - begun) * epochs

    def learn(epoch: int, rows: Sequence[int]) -> list[float]:
        return _learn(model, examples, rows, loss, optimizer, batch_size, f"epoch {epoch + 1}")

    try:
        native = _compiled(model, examples, loss, optimizer, losses, batch_size, compiled, expected)
        evaluation.fast = native is not None
        for callback in each:
            callback.begin(training)
        with progress_bar(epochs, wanted=progress) as show:
            while training.goes_on:
                epoch, order = training.epoch, list(range(len(examples)))
                if shuffle:
                    shuffler.shuffle(order)
                found: list[float] = []
                try:
                    if native is None:
                        for begin in range(0, len(order), batch_size):
                            found += learn(epoch, order[begin : begin + batch_size])
                    else:
                        native.load()  # a callback may have changed anything
                        several = (
                            1 if shuffle else min(native.whole_epochs(), _pause(training, each))
                        )
                        native.run(order, epoch, several, learn, found)
                finally:
                    history.enter(found, len(order), steps=steps)
                for callback in each:
                    if training.epoch % callback.every == 0:
                        callback.after_epoch(training)
                show(history)
        for callback in reversed(each):
            callback.end(training)
    except KeyboardInterrupt as interrupt:
        interrupt.history = history  # type: ignore[attr-defined]
        raise
    return history


def _pause(training: Training, callbacks: Sequence[Callback]) -> int:
    """How many epochs there are until a callback is to be called, or the last."""
    until = [callback.every - training.epoch % callback.every for callback in callbacks]
    return min([training.epochs - training.epoch, *until])


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
                raise _located(error, f"{_BEFORE}, row {number}", optimizer) from error
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
        if where.startswith(_BEFORE):
            hint = "scale the inputs; after a training that failed make the model anew"
    return TrainingError(f"{where}: {message}", hint=hint)
