r"""What training makes small: losses as graphs, each the formula of the notes, labelled `L`.

A target that is a plain number becomes a constant labelled `y` (or `y_{1}`, `y_{2}`, ...), so the
graph of a loss reads as its formula. One prediction and one target give the loss of one row,
sequences of both the mean.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Iterable
from numbers import Integral, Real
from typing import TYPE_CHECKING, Final

import autograd
from autograd import ArgumentError, ArgumentTypeError, DomainError, GraphError, Value, as_value

if TYPE_CHECKING:
    from collections.abc import Callable

    Number = Value | float
    Numbers = Number | Iterable[Number]

__all__ = [
    "binary_cross_entropy",
    "categorical_cross_entropy",
    "hinge",
    "huber",
    "mae",
    "mse",
    "sparse_cross_entropy",
]

SUM_TOLERANCE: Final = 1e-6  # how far from 1 the sum of probabilities may be


def mse(y_hat: Numbers, y: Numbers) -> Value:
    """(y - y_hat)^2 for one row, the mean of it for many: the mean squared error.

    `y_hat` is the prediction, `y` the target: both numbers or Values, or sequences of them of one
    length. Raises ArgumentError where lengths differ or are 0.

    >>> mse(18, 3).data
    225.0
    >>> mse([18, 5], [3, 4]).data
    113.0
    """
    return _mean_over("mse", y_hat, y, lambda prediction, target: (target - prediction) ** 2)


def mae(y_hat: Numbers, y: Numbers) -> Value:
    """|y - y_hat| for one row, the mean for many: the mean absolute error. Raises as `mse`.

    >>> mae([18, 5], [3, 4]).data
    8.0
    """
    return _mean_over("mae", y_hat, y, lambda prediction, target: abs(target - prediction))


def huber(y_hat: Numbers, y: Numbers, delta: float = 1.0) -> Value:
    """e^2 / 2 where |e| <= delta, else delta (|e| - delta / 2), with e = y - y_hat.

    A parabola near 0 and straight lines beyond, so that outliers pull with a bounded force; the
    mean for many. Raises ArgumentError unless 0 < delta < inf, and as `mse`.
    Source: Huber, "Robust estimation of a location parameter", 1964.

    >>> huber(0.5, 0).data, huber(3, 0).data
    (0.125, 2.5)
    """
    if not 0.0 < delta < math.inf:
        raise ArgumentError(f"huber() with delta = {delta!r}", hint="delta is a positive number")

    def of_one(prediction: Value, target: Value) -> Value:
        error = abs(target - prediction)
        capped: Value = autograd.minimum(error, delta)
        return capped * (error - capped / 2)

    return _mean_over("huber", y_hat, y, of_one)


def hinge(score: Numbers, y: Numbers) -> Value:
    """max(0, 1 - y score) for one row, the mean for many: the max-margin loss of two classes.

    `y` is -1 or 1, `score` any number, its sign the predicted class. Raises ArgumentError for
    another y, and as `mse`.

    >>> hinge([0.3, -2], [1, -1]).data
    0.35
    """

    def of_one(prediction: Value, target: Value) -> Value:
        if abs(target.data) != 1.0:
            raise ArgumentError(
                f"hinge() was given the target {target.data:g}", hint="its classes are -1 and 1"
            )
        return (1 - target * prediction).relu()

    return _mean_over("hinge", score, y, of_one)


def binary_cross_entropy(y_hat: Numbers, y: Numbers, *, from_logits: bool = False) -> Value:
    """-y log(y_hat) - (1 - y) log(1 - y_hat) for one row, the mean for many.

    `y_hat` is the probability of class 1, or with `from_logits` the z whose sigmoid it is (stable
    for every z); `y` is 0 or 1, or a number between. Terms with the factor 0 are left out, so a
    certain and right prediction costs 0. Raises ArgumentError for y or y_hat outside [0, 1],
    DomainError where the probability of the true class is 0, and as `mse`.

    >>> round(binary_cross_entropy(0.8, 1), 6)
    0.223144
    >>> binary_cross_entropy(-1000.0, 1, from_logits=True).data
    1000.0
    """

    def of_one(prediction: Value, target: Value) -> Value:
        weight = target.data
        if not 0.0 <= weight <= 1.0:
            raise ArgumentError(
                f"binary_cross_entropy() was given the target {weight:g}",
                hint="a target is 0, 1 or between",
            )
        if not from_logits and not autograd.within(prediction, 0.0, 1.0):
            raise ArgumentError(
                f"binary_cross_entropy() was given the probability {prediction.data:g}",
                hint="take the sigmoid of the output, or say from_logits=True",
            )
        terms = []
        if weight > 0.0:
            term = (-prediction).softplus() if from_logits else -prediction.log()
            terms.append(term if weight == 1.0 else weight * term)
        if weight < 1.0:
            term = prediction.softplus() if from_logits else -(-prediction).log1p()
            terms.append(term if weight == 0.0 else (1.0 - weight) * term)
        return autograd.sum(terms)

    return _mean_over("binary_cross_entropy", y_hat, y, of_one)


def sparse_cross_entropy(
    probabilities: Iterable[Number],
    label: int,
    *,
    from_logits: bool = False,
    first_class: int = 0,
) -> Value:
    """-log(y_hat_k), k being the class that `label` names: cross-entropy by an integer label.

    `probabilities` holds one number or Value for each class, within [0, 1] and with the sum 1 to
    within 1e-6; with `from_logits` it holds any numbers, whose softmax is meant (stable at +-1000).
    Classes count from 0, as in Python; `first_class=1` counts them 1, 2, 3 as the notes do.

    Only the probability of class k enters the graph: three nodes, whatever the number of classes.
    The others are only looked at as plain floats, to check range and sum.

    Raises ArgumentTypeError for a label that is no whole number, ArgumentError for one out of range
    and for what are no probabilities, DomainError where class k has the probability 0.

    >>> sparse_cross_entropy([0.1, 0.4, 0.5], 0).data == -math.log(0.1)
    True
    >>> sparse_cross_entropy([0.1, 0.4, 0.5], 3, first_class=1).data == -math.log(0.5)
    True
    >>> sparse_cross_entropy([1000.0, 0.0], 1, from_logits=True).data
    1000.0
    """
    each = _classes(probabilities)
    k = _class_of(label, len(each), first_class)
    if from_logits:
        return _labelled(-autograd.log_softmax(each, only=k))
    _check_probabilities(each)
    target = as_value(each[k], rf"\hat{{y}}_{{{k + 1}}}")
    if autograd.within(target, 0.0, 0.0):
        raise _impossible(f"class {label}")
    return _labelled(-target.log())


def categorical_cross_entropy(
    probabilities: Iterable[Number], one_hot: Iterable[float], *, from_logits: bool = False
) -> Value:
    """-(y_1 log(y_hat_1) + ... + y_n log(y_hat_n)), the y being 0 but for a single 1.

    `probabilities` and `from_logits` are as for `sparse_cross_entropy`, which gives the same number
    by a smaller graph: this one holds every class. Where y_j and y_hat_j are both 0, so is their
    term, and it is left out.

    Raises ArgumentError for a vector that is not one-hot or not as long as the probabilities, and
    as `sparse_cross_entropy`.

    >>> categorical_cross_entropy([0.1, 0.4, 0.5], [0, 1, 0]).data == -math.log(0.4)
    True
    """
    each = _classes(probabilities)
    vector = list(one_hot)
    k = _hot_one(vector, len(each))
    targets = [as_value(y, f"y_{{{j}}}") for j, y in enumerate(vector, start=1)]
    if from_logits:
        return _labelled(-autograd.dot(targets, autograd.log_softmax(each)))
    _check_probabilities(each)
    if autograd.within(each[k], 0.0, 0.0):
        raise _impossible(f"the true class, number {k + 1} of {len(each)},")
    pairs = [
        (target, as_value(p, rf"\hat{{y}}_{{{j}}}").log())
        for j, (target, p) in enumerate(zip(targets, each, strict=True), start=1)
        if not autograd.within(p, 0.0, 0.0)
    ]
    return _labelled(-autograd.dot([y for y, _ in pairs], [log for _, log in pairs]))


def _mean_over(
    name: str, y_hat: Numbers, y: Numbers, of_one: Callable[[Value, Value], Value]
) -> Value:
    """The loss of one prediction and target, or the mean over two sequences of them."""
    if _is_single(y_hat) and _is_single(y):
        return _labelled(of_one(as_value(y_hat, r"\hat{y}"), as_value(y, "y")))
    if not isinstance(y_hat, Iterable) or not isinstance(y, Iterable):
        many, one = ("y", "y_hat") if _is_single(y_hat) else ("y_hat", "y")
        raise ArgumentTypeError(
            f"{name}() was given several numbers as {many} and a single one as {one}",
            hint="give two numbers, or two sequences of the same length",
        )
    predictions, targets = list(y_hat), list(y)
    if len(predictions) != len(targets) or not targets:
        raise ArgumentError(
            f"{name}() was given {len(predictions)} predictions and {len(targets)} targets",
            hint="give as many targets as predictions, at least one",
        )
    losses = [
        of_one(as_value(prediction, rf"\hat{{y}}_{{{j}}}"), as_value(target, f"y_{{{j}}}"))
        for j, (prediction, target) in enumerate(zip(predictions, targets, strict=True), start=1)
    ]
    return _labelled(losses[0] if len(losses) == 1 else autograd.mean(losses))


def _is_single(numbers: Numbers) -> bool:
    return isinstance(numbers, (Value, int, float)) or not isinstance(numbers, Iterable)


def _number(number: Number) -> float:
    # Not float(): to look at a number is no conversion, which autograd.grad would refuse.
    return number.data if isinstance(number, Value) else float(number)


def _labelled(loss: Value) -> Value:
    loss.label = "L"
    return loss


def _classes(probabilities: Iterable[Number]) -> list[Number]:
    if isinstance(probabilities, (Value, Real)):
        raise ArgumentTypeError(
            "cross-entropy was given a single number for all classes",
            hint="give one for each class, or take binary_cross_entropy for a single output",
        )
    each = list(probabilities)
    if not each:
        raise ArgumentError("cross-entropy of no classes", hint="give one number for each class")
    for kind in set(map(type, each)):
        if not issubclass(kind, (Value, Real)):
            raise ArgumentTypeError(
                f"cross-entropy was given a {kind.__name__} among the classes' numbers",
                hint="give a plain number or a Value for each class",
            )
    return each


def _class_of(label: object, classes: int, first_class: int) -> int:
    """The place of the class in the list, from 0."""
    last_class = first_class + classes - 1
    if isinstance(label, bool) or not isinstance(label, Integral):
        raise ArgumentTypeError(
            f"{label!r} ({type(label).__name__}) is no class label",
            hint=f"a label is a whole number, here from {first_class} to {last_class}",
        )
    k = operator.index(label) - first_class
    if not 0 <= k < classes:
        hint = "classes count from 0; say first_class=1 if yours count from 1"
        raise ArgumentError(
            f"there is no class {label}: the labels of {classes} classes run from "
            f"{first_class} to {last_class}",
            hint=hint if first_class == 0 else "look for a label of another data set",
        )
    return k


def _check_probabilities(probabilities: list[Number]) -> None:
    # As plain floats and by loops in C: no nodes, so large numbers of classes stay fast.
    try:
        numbers = list(map(_number, probabilities))
    except GraphError:
        # A program is recorded: it asks the same in each row.
        if not all(autograd.within(p, 0.0, 1.0) for p in probabilities):
            raise
        if not autograd.within(autograd.sum(probabilities), 1 - SUM_TOLERANCE, 1 + SUM_TOLERANCE):
            raise
        return
    total = math.fsum(numbers)
    if min(numbers) < 0.0 or max(numbers) > 1.0 or not abs(total - 1.0) <= SUM_TOLERANCE:
        wrong = next(
            (f"number {j} is {p:g}" for j, p in enumerate(numbers, start=1) if not 0 <= p <= 1),
            f"their sum is {total:.9g}",
        )
        raise ArgumentError(
            f"these are no probabilities: {wrong}",
            hint="each is from 0 to 1, and their sum is 1 to within 1e-6; "
            "for the outputs of a linear layer say from_logits=True",
        )


def _hot_one(one_hot: list[float], classes: int) -> int:
    """Where the 1 of a one-hot vector stands, from 0."""
    if len(one_hot) != classes:
        raise ArgumentError(
            f"a one-hot vector of {len(one_hot)} numbers was given for {classes} classes",
            hint="give one number for each class: a 1 and otherwise 0",
        )
    hot = [j for j, y in enumerate(one_hot) if y == 1]
    if len(hot) != 1 or any(y not in (0, 1) for y in one_hot):
        shown = ", ".join(f"{y}" for y in one_hot[:8]) + (", ..." if classes > 8 else "")
        raise ArgumentError(
            f"[{shown}] is not one-hot", hint="a single 1 for the true class, and otherwise 0"
        )
    return hot[0]


def _impossible(which: str) -> DomainError:
    return DomainError(
        f"{which} has the probability 0, and -log(0) is infinite",
        hint="compute the loss from the logits, which loses nothing: from_logits=True",
    )
