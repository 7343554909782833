"""How good a model is on rows that it is not trained on: `evaluate`, `accuracy`, and each epoch."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from numbers import Real
from typing import TYPE_CHECKING, Any

from autograd import ArgumentError, ArgumentTypeError, ChalkgradError, Value, jit, no_grad
from nn.callbacks import Callback
from nn.modules import evaluating
from nn.rows import examples_of, plain

if TYPE_CHECKING:
    from nn.callbacks import Training

    Metric = Callable[[Any, Any], Any]
    Metrics = Iterable[Metric] | Mapping[str, Metric]

__all__ = ["Evaluation", "accuracy", "evaluate", "name_of"]


def accuracy(y_hat: Any, y: Any, *, threshold: float | None = None) -> float:
    """1 where the prediction of a row is right, else 0: over many rows the part that is right.

    Of several numbers `y_hat`, one for each class, the largest counts; `y` is the class, from 0, or
    a one-hot vector. A single number counts as class 1 where it is above `threshold`, 1/2 unless
    told, as suits a probability and y = 0 or 1. For a logit, or for y = -1 or 1 as `hinge` has it,
    say `functools.partial(accuracy, threshold=0)`. Raises ArgumentError for another target.

    >>> accuracy([0.1, 0.7, 0.2], 1), accuracy([0.1, 0.7, 0.2], [0, 0, 1])
    (1.0, 0.0)
    >>> accuracy(0.7, 1), accuracy(0.3, 1), accuracy(0.3, 1, threshold=0)
    (1.0, 0.0, 1.0)
    """
    prediction, target = numbers_of(plain(y_hat)), numbers_of(plain(y))
    if isinstance(prediction, list) and len(prediction) > 1:
        if isinstance(target, list) and len(target) == len(prediction):
            target = target.index(max(target))
        if not isinstance(target, Real) or target not in range(len(prediction)):
            raise ArgumentError(
                f"accuracy() was given the target {y!r} for {len(prediction)} classes",
                hint=f"give the class, from 0 to {len(prediction) - 1}, or a one-hot vector",
            )
        return float(prediction.index(max(prediction)) == target)
    (single,) = prediction if isinstance(prediction, list) else [prediction]
    if isinstance(target, list) and len(target) == 1:
        (target,) = target
    if target not in ((0, 1) if threshold is None else (-1, 0, 1)):
        raise ArgumentError(
            f"accuracy() was given the target {y!r} for a single prediction",
            hint="its classes are 0 and 1; for -1 and 1 say partial(accuracy, threshold=0), "
            "for other numbers take nn.mae",
        )
    return float((single > (0.5 if threshold is None else threshold)) == (target == 1))


def evaluate(
    model: Callable[[Any], Any],
    rows: Iterable[tuple[Any, Any]],
    loss: Callable[[Any, Any], Value] | None = None,
    metrics: Metrics = (),
) -> dict[str, float]:
    """The mean over `rows` of the loss and of each metric, by name, as `fit` computes them.

    A Module is in its evaluation mode meanwhile, so that Dropout lets all pass; nothing is learnt.
    Errors are those of `fit`, with the row.

    >>> from nn import MLP, constant, mae, mse
    >>> model = MLP(1, [1], init=constant(W=2, b=0))
    >>> evaluate(model, [([1], 3), ([2], 4)], mse, [mae])
    {'loss': 0.5, 'mae': 0.5}
    """
    examples = examples_of(rows)
    return means(model, examples, loss, metrics_of(metrics))


class Evaluation(Callback):
    """Enters after each epoch the loss of the validation rows, and the metrics, in the history.

    The metrics are of the validation rows, or where there are none of the training's. With `fast`
    the predictions come from a program where the model can be recorded.
    """

    def __init__(
        self,
        examples: list[tuple[Any, Any]],
        loss: Callable[[Any, Any], Value] | None,
        metrics: dict[str, Metric],
    ) -> None:
        self._examples, self._loss, self._metrics = examples, loss, metrics
        self.fast = False
        self._predict: Callable[[Any], Any] | None = None

    def begin(self, training: Training) -> None:
        """Tries it once, so that what fails fails before the first update."""
        self._predict = training.model
        if self.fast:
            self._predict = jit(training.model)
            try:
                with evaluating(training.model):
                    for inputs, _ in self._examples[:1]:
                        self._predict(inputs)
            except Exception:  # models are the user's code; the engine can do whatever jit cannot
                self._predict = training.model
        self._means(training)

    def _means(self, training: Training) -> dict[str, float]:
        predict = self._predict or training.model
        return means(training.model, self._examples, self._loss, self._metrics, predict)

    def after_epoch(self, training: Training) -> None:
        """Computes and enters them."""
        found = self._means(training)
        history = training.history
        if "loss" in found:
            history.validation.append(found.pop("loss"))
        for name, number in found.items():
            history.metrics.setdefault(name, []).append(number)


def means(
    model: Callable[[Any], Any],
    examples: list[tuple[Any, Any]],
    loss: Callable[[Any, Any], Value] | None,
    metrics: Mapping[str, Metric],
    predict: Callable[[Any], Any] | None = None,
) -> dict[str, float]:
    """The mean over rows of the loss, if there is one, and of each metric.

    `predict` gives what the model gives, if it is another.
    """
    found: dict[str, list[float]] = {name: [] for name in metrics}
    if loss is not None:
        found = {"loss": [], **found}
    with evaluating(model):
        for number, (inputs, target) in enumerate(examples, start=1):
            try:
                prediction = (predict or model)(inputs)  # by jit outside of no_grad
                with no_grad():
                    if loss is not None:
                        found["loss"].append(_number(loss(_constants(prediction), target), "loss"))
                    numbers = numbers_of(prediction)
                    for name, metric in metrics.items():
                        found[name].append(_number(metric(numbers, target), name))
            except ChalkgradError as error:
                message = f"evaluating, row {number}: {error.message}"
                raise type(error)(message, hint=error.hint) from error
    return {name: math.fsum(each) / len(each) for name, each in found.items()}


def metrics_of(metrics: Metrics) -> dict[str, Metric]:
    """The metrics by name: their functions' own, or as a dict has them."""
    if isinstance(metrics, str) or not isinstance(metrics, Iterable):
        raise ArgumentTypeError(
            f"metrics was given as {metrics!r}", hint="a list of functions: metrics=[nn.accuracy]"
        )
    if isinstance(metrics, Mapping):
        named = list(metrics.items())
    else:
        named = [(name_of(m.func if isinstance(m, partial) else m), m) for m in metrics]
    found: dict[str, Metric] = {}
    for name, metric in named:
        if not callable(metric) or isinstance(metric, type):
            raise ArgumentTypeError(
                f"a metric was given as {metric!r}",
                hint="give the function itself, such as nn.accuracy or nn.mae",
            )
        if name in found or name in ("loss", "validation"):
            raise ArgumentError(
                f"two metrics are called {name}"
                if name in found
                else f"a metric is called {name}, as the history calls the loss",
                hint='give them names: metrics={"name": function}',
            )
        found[name] = metric
    return found


def name_of(function: object) -> str:
    """What a function is called; of a partial one, with what it was given."""
    if isinstance(function, partial):
        given = [f"{name}={value}" for name, value in sorted(function.keywords.items())]
        return f"{name_of(function.func)}({', '.join([*map(str, function.args), *given])})"
    name: str = getattr(function, "__name__", type(function).__name__)
    return name


def numbers_of(prediction: Any) -> Any:
    """A prediction in plain numbers."""
    if isinstance(prediction, Value):
        return prediction.data
    if isinstance(prediction, (list, tuple)):
        return [numbers_of(each) for each in prediction]
    return prediction


def _constants(prediction: Any) -> Any:
    """A prediction in Values, as a loss expects them."""
    if isinstance(prediction, (list, tuple)):
        return [_constants(each) for each in prediction]
    if isinstance(prediction, Real) and not isinstance(prediction, bool):
        return Value(float(prediction)).detach()
    return prediction


def _number(found: Any, what: str) -> float:
    number = found.data if isinstance(found, Value) else found
    if not isinstance(number, Real):
        raise ArgumentTypeError(
            f"the {what} is {found!r} ({type(found).__name__})",
            hint="give one number for each row, from a prediction and a target",
        )
    return float(number)
