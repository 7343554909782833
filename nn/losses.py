r"""What training makes small: losses as graphs, each the formula of the notes, labelled `L`.

One prediction and one target give the loss of one row, sequences of both that of many: their mean,
or by `reduction` "sum" or "none", all of them in a list, labelled `L_{1}`, `L_{2}`, ... A target
that is a plain number becomes a constant labelled `y` (or `y_{1}`, `y_{2}`, ...), so the graph of a
loss reads as its formula. Each is PyTorch's of the same name, held to it by tests/test_torch.py.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Iterable, Sequence
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, Final, Literal, overload

import autograd
from autograd import ArgumentError, ArgumentTypeError, DomainError, GraphError, Value, as_value
from nn.rows import plain

if TYPE_CHECKING:
    from collections.abc import Callable

    Number = Value | float
    Numbers = Number | Iterable[Number] | Iterable[Iterable[Number]]
    Rows = Iterable[Number] | Iterable[Iterable[Number]]
    Reduction = Literal["mean", "sum", "none"]
    Whole = Literal["mean", "sum"]

__all__ = [
    "binary_cross_entropy",
    "categorical_cross_entropy",
    "hinge",
    "huber",
    "kl_divergence",
    "mae",
    "mse",
    "negative_log_likelihood",
    "sparse_cross_entropy",
]

SUM_TOLERANCE: Final = 1e-6  # how far from 1 the sum of probabilities may be


@overload
def mse(y_hat: Numbers, y: Numbers, *, reduction: Whole = "mean") -> Value: ...
@overload
def mse(y_hat: Numbers, y: Numbers, *, reduction: Literal["none"]) -> Value | list[Value]: ...
def mse(y_hat: Numbers, y: Numbers, *, reduction: Reduction = "mean") -> Value | list[Value]:
    """(y - y_hat)^2 for one row, the mean of it for many: the mean squared error.

    `y_hat` is the prediction, `y` the target: both numbers or Values, or sequences of them of one
    length, or sequences of such rows, the mean being that of all numbers. Gives a Value, with
    reduction="none" a list of them for many rows, a list of lists for rows of several numbers.
    Raises ArgumentError where lengths differ or are 0, and for another `reduction` than "mean",
    "sum" and "none".

    >>> mse(18, 3).data
    225.0
    >>> mse([18, 5], [3, 4]).data, mse([18, 5], [3, 4], reduction="sum").data
    (113.0, 226.0)
    >>> [loss.data for loss in mse([18, 5], [3, 4], reduction="none")]
    [225.0, 1.0]
    >>> mse([[18, 5], [1, 2]], [[3, 4], [1, 0]]).data
    57.5
    """
    return _over_rows("mse", y_hat, y, reduction, _squared_error)


def _squared_error(prediction: Value, target: Value) -> Value:
    return (target - prediction) ** 2


@overload
def mae(y_hat: Numbers, y: Numbers, *, reduction: Whole = "mean") -> Value: ...
@overload
def mae(y_hat: Numbers, y: Numbers, *, reduction: Literal["none"]) -> Value | list[Value]: ...
def mae(y_hat: Numbers, y: Numbers, *, reduction: Reduction = "mean") -> Value | list[Value]:
    """|y - y_hat| for one row, the mean for many: the mean absolute error.

    Arguments and errors are those of `mse`; where both are equal the derivative is 0.

    >>> mae([18, 5], [3, 4]).data
    8.0
    """
    return _over_rows("mae", y_hat, y, reduction, _absolute_error)


def _absolute_error(prediction: Value, target: Value) -> Value:
    return abs(target - prediction)


@overload
def huber(
    y_hat: Numbers, y: Numbers, delta: float = 1.0, *, reduction: Whole = "mean"
) -> Value: ...
@overload
def huber(
    y_hat: Numbers, y: Numbers, delta: float = 1.0, *, reduction: Literal["none"]
) -> Value | list[Value]: ...
def huber(
    y_hat: Numbers, y: Numbers, delta: float = 1.0, *, reduction: Reduction = "mean"
) -> Value | list[Value]:
    """e^2 / 2 where |e| <= delta, else delta (|e| - delta / 2), with e = y - y_hat.

    A parabola near 0 and straight lines beyond, so that outliers pull with a bounded force; the
    mean for many. Raises ArgumentError unless 0 < delta < inf, and as `mse`.
    Source: Huber, "Robust estimation of a location parameter", 1964.

    >>> huber(0.5, 0).data, huber(3, 0).data
    (0.125, 2.5)
    """
    _need_positive("huber", "delta", delta)

    def of_one(prediction: Value, target: Value) -> Value:
        error = abs(target - prediction)
        capped: Value = autograd.minimum(error, delta)
        return capped * (error - capped / 2)

    return _over_rows("huber", y_hat, y, reduction, of_one)


@overload
def hinge(
    score: Numbers, y: Numbers, margin: float = 1.0, *, reduction: Whole = "mean"
) -> Value: ...
@overload
def hinge(
    score: Numbers, y: Numbers, margin: float = 1.0, *, reduction: Literal["none"]
) -> Value | list[Value]: ...
def hinge(
    score: Numbers, y: Numbers, margin: float = 1.0, *, reduction: Reduction = "mean"
) -> Value | list[Value]:
    """max(0, margin - y score) for one row, the mean for many: the max-margin loss of two classes.

    `y` is -1 or 1, `score` any number, its sign the predicted class: right and further than
    `margin` from 0 costs nothing. Raises ArgumentError for another y, unless 0 < margin < inf, and
    as `mse`. PyTorch has it as margin_ranking_loss(score, 0, y, margin).

    >>> hinge([0.3, -2], [1, -1]).data
    0.35
    >>> hinge(0.3, 1, margin=0.5).data
    0.2
    """
    _need_positive("hinge", "margin", margin)

    def of_one(prediction: Value, target: Value) -> Value:
        if abs(target.data) != 1.0:
            raise ArgumentError(
                f"hinge() was given the target {target.data:g}", hint="its classes are -1 and 1"
            )
        return (margin - target * prediction).relu()

    return _over_rows("hinge", score, y, reduction, of_one)


@overload
def binary_cross_entropy(
    y_hat: Numbers, y: Numbers, *, from_logits: bool = False, reduction: Whole = "mean"
) -> Value: ...
@overload
def binary_cross_entropy(
    y_hat: Numbers, y: Numbers, *, from_logits: bool = False, reduction: Literal["none"]
) -> Value | list[Value]: ...
def binary_cross_entropy(
    y_hat: Numbers, y: Numbers, *, from_logits: bool = False, reduction: Reduction = "mean"
) -> Value | list[Value]:
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

    return _over_rows("binary_cross_entropy", y_hat, y, reduction, of_one)


@overload
def sparse_cross_entropy(
    probabilities: Rows,
    label: int | Iterable[int],
    *,
    from_logits: bool = False,
    first_class: int = 0,
    class_weights: Sequence[float] | None = None,
    label_smoothing: float = 0.0,
    ignore_index: int | None = None,
    checked: bool = False,
    reduction: Whole = "mean",
) -> Value: ...
@overload
def sparse_cross_entropy(
    probabilities: Rows,
    label: int | Iterable[int],
    *,
    from_logits: bool = False,
    first_class: int = 0,
    class_weights: Sequence[float] | None = None,
    label_smoothing: float = 0.0,
    ignore_index: int | None = None,
    checked: bool = False,
    reduction: Literal["none"],
) -> Value | list[Value]: ...
def sparse_cross_entropy(
    probabilities: Rows,
    label: int | Iterable[int],
    *,
    from_logits: bool = False,
    first_class: int = 0,
    class_weights: Sequence[float] | None = None,
    label_smoothing: float = 0.0,
    ignore_index: int | None = None,
    checked: bool = False,
    reduction: Reduction = "mean",
) -> Value | list[Value]:
    """-log(y_hat_k), k being the class that `label` names: cross-entropy by an integer label.

    `probabilities` holds one number or Value for each class, within [0, 1] and with the sum 1 to
    within 1e-6; with `from_logits` it holds any numbers, whose softmax is meant (stable at +-1000).
    Classes count from 0, as in Python; `first_class=1` counts them 1, 2, 3 as the notes do. Many
    rows are a sequence of such rows and a sequence of labels; the loss is their mean.

    `class_weights` holds the weight w_j >= 0 of each class: a row costs w_k as much, and the mean
    is divided by the sum of the rows' weights, so that of a single row it has none (where rows are
    trained one at a time take reduction="sum"). With `label_smoothing` s, from 0 to 1, the class k
    counts 1 - s and s / n is spread over all n classes:
    (1 - s) w_k log(1 / y_hat_k) + s / n (w_1 log(1 / y_hat_1) + ... + w_n log(1 / y_hat_n)).
    Rows with the label `ignore_index` are left out; in a list of losses theirs is 0.

    Only the probability of class k enters the graph: three nodes, whatever the number of classes
    (unless `label_smoothing` asks for all). The others are only looked at as plain floats, to check
    range and sum; `checked=True` says that they are probabilities, as softmax gives them, and then
    they are not looked at, so that the time does not depend on their number either.

    Raises ArgumentTypeError for a label that is no whole number, ArgumentError for one out of range
    and for what are no probabilities, for settings that do not fit and for a mean of no rows,
    DomainError where class k has the probability 0.

    >>> sparse_cross_entropy([0.1, 0.4, 0.5], 0).data == -math.log(0.1)
    True
    >>> sparse_cross_entropy([0.1, 0.4, 0.5], 3, first_class=1).data == -math.log(0.5)
    True
    >>> sparse_cross_entropy([1000.0, 0.0], 1, from_logits=True).data
    1000.0
    >>> round(sparse_cross_entropy([[0.5, 0.5], [0.1, 0.9], [1, 0]], [0, 1, 9], ignore_index=9), 6)
    0.399254
    """

    def logs(row: Sequence[Number], which: Sequence[int], place: str) -> list[Value]:
        if from_logits:
            if len(which) == 1:
                return [autograd.log_softmax(row, only=which[0])]
            return autograd.log_softmax(row)
        if not checked:
            _check_probabilities(row)
        return [
            _log_of(row[j], rf"\hat{{y}}_{{{place}{j + 1}}}", f"class {j + first_class}")
            for j in which
        ]

    return _by_label(
        "sparse_cross_entropy", probabilities, label, logs,
        look=from_logits or not checked, first_class=first_class, class_weights=class_weights,
        label_smoothing=label_smoothing, ignore_index=ignore_index, reduction=reduction,
    )  # fmt: skip


@overload
def negative_log_likelihood(
    log_probabilities: Rows,
    label: int | Iterable[int],
    *,
    first_class: int = 0,
    class_weights: Sequence[float] | None = None,
    ignore_index: int | None = None,
    reduction: Whole = "mean",
) -> Value: ...
@overload
def negative_log_likelihood(
    log_probabilities: Rows,
    label: int | Iterable[int],
    *,
    first_class: int = 0,
    class_weights: Sequence[float] | None = None,
    ignore_index: int | None = None,
    reduction: Literal["none"],
) -> Value | list[Value]: ...
def negative_log_likelihood(
    log_probabilities: Rows,
    label: int | Iterable[int],
    *,
    first_class: int = 0,
    class_weights: Sequence[float] | None = None,
    ignore_index: int | None = None,
    reduction: Reduction = "mean",
) -> Value | list[Value]:
    """-z_k, k being the class that `label` names and z_k the logarithm of its probability.

    For what `autograd.log_softmax` gives; of the same row `sparse_cross_entropy` with `from_logits`
    gives the same by a smaller graph. The arguments and errors are that function's; the numbers are
    not checked.

    >>> negative_log_likelihood([-0.5, -1.25], 1).data
    1.25
    """

    def logs(row: Sequence[Number], which: Sequence[int], place: str) -> list[Value]:
        return [as_value(row[j], f"z_{{{place}{j + 1}}}") for j in which]

    return _by_label(
        "negative_log_likelihood", log_probabilities, label, logs,
        look=False, first_class=first_class, class_weights=class_weights,
        label_smoothing=0.0, ignore_index=ignore_index, reduction=reduction,
    )  # fmt: skip


@overload
def categorical_cross_entropy(
    probabilities: Rows, one_hot: Rows, *, from_logits: bool = False, reduction: Whole = "mean"
) -> Value: ...
@overload
def categorical_cross_entropy(
    probabilities: Rows, one_hot: Rows, *, from_logits: bool = False, reduction: Literal["none"]
) -> Value | list[Value]: ...
def categorical_cross_entropy(
    probabilities: Rows,
    one_hot: Rows,
    *,
    from_logits: bool = False,
    reduction: Reduction = "mean",
) -> Value | list[Value]:
    """-(y_1 log(y_hat_1) + ... + y_n log(y_hat_n)), the y being 0 but for a single 1.

    `probabilities`, `from_logits` and `reduction` are as for `sparse_cross_entropy`, which gives
    the same number by a smaller graph: this one holds every class. Where y_j and y_hat_j are both
    0, so is their term, and it is left out. Many rows are sequences of both.

    Raises ArgumentError for a vector that is not one-hot or not as long as the probabilities, and
    as `sparse_cross_entropy`.

    >>> categorical_cross_entropy([0.1, 0.4, 0.5], [0, 1, 0]).data == -math.log(0.4)
    True
    """

    def of_one(row: Sequence[Number], vector: Sequence[float], place: str) -> Value:
        k = _hot_one(vector, len(row))
        targets = [as_value(y, f"y_{{{place}{j}}}") for j, y in enumerate(vector, start=1)]
        if from_logits:
            return -autograd.dot(targets, autograd.log_softmax(row))
        _check_probabilities(row)
        if autograd.within(row[k], 0.0, 0.0):
            raise _impossible(f"the true class, number {k + 1} of {len(row)},")
        pairs = [
            (target, as_value(p, rf"\hat{{y}}_{{{place}{j}}}").log())
            for j, (target, p) in enumerate(zip(targets, row, strict=True), start=1)
            if not autograd.within(p, 0.0, 0.0)
        ]
        return -autograd.dot([y for y, _ in pairs], [log for _, log in pairs])

    return _of_distributions("categorical_cross_entropy", probabilities, one_hot, reduction, of_one)


@overload
def kl_divergence(
    prediction: Rows, target: Rows, *, from_logits: bool = False, reduction: Whole = "mean"
) -> Value: ...
@overload
def kl_divergence(
    prediction: Rows, target: Rows, *, from_logits: bool = False, reduction: Literal["none"]
) -> Value | list[Value]: ...
def kl_divergence(
    prediction: Rows,
    target: Rows,
    *,
    from_logits: bool = False,
    reduction: Reduction = "mean",
) -> Value | list[Value]:
    """y_1 log(y_1 / y_hat_1) + ... + y_n log(y_n / y_hat_n): how far y_hat is from y.

    `target` y and `prediction` y_hat are probabilities as for `sparse_cross_entropy`, or with
    `from_logits` the prediction is any numbers, whose softmax is meant. It is 0 where both are
    equal and above 0 otherwise, and is not the same the other way round. Terms with y_j = 0 are
    left out. The mean is over rows, PyTorch's reduction="batchmean" (its "mean" divides by the
    number of classes too).

    Raises ArgumentError for what are no probabilities or differs in length, DomainError where y_j
    is above 0 and y_hat_j is 0.
    Source: Kullback and Leibler, "On information and sufficiency", 1951.

    >>> round(kl_divergence([0.5, 0.5], [0.25, 0.75]), 6)
    0.130812
    >>> kl_divergence([0.5, 0.5], [0.5, 0.5]).data
    0.0
    """

    def of_one(row: Sequence[Number], targets: Sequence[Number], place: str) -> Value:
        if len(targets) != len(row):
            raise ArgumentError(
                f"a target of {len(targets)} probabilities was given for {len(row)} classes",
                hint="give one for each class, as the prediction has them",
            )
        _check_probabilities(targets)
        if not from_logits:
            _check_probabilities(row)
        logits = autograd.log_softmax(row) if from_logits else []
        terms = []
        for j, t in enumerate(targets):
            if autograd.within(t, 0.0, 0.0):
                continue
            y = as_value(t, f"y_{{{place}{j + 1}}}")
            log = (
                logits[j]
                if from_logits
                else _log_of(row[j], rf"\hat{{y}}_{{{place}{j + 1}}}", f"class {j}")
            )
            terms.append(y * (y.log() - log))
        return autograd.sum(terms)

    return _of_distributions("kl_divergence", prediction, target, reduction, of_one)


# One row or many


def _over_rows(
    name: str,
    y_hat: Numbers,
    y: Numbers,
    reduction: Reduction,
    of_one: Callable[[Value, Value], Value],
) -> Value | list[Value]:
    """The loss of one prediction and target, or what `reduction` makes of two sequences."""
    if _is_single(y_hat) and _is_single(y):
        loss = of_one(as_value(y_hat, r"\hat{y}"), as_value(y, "y"))
        if reduction != "mean":
            return _reduced([loss], reduction, True)
        loss.label = "L"
        return loss
    y_hat, y = plain(y_hat), plain(y)
    if not isinstance(y_hat, Iterable) or not isinstance(y, Iterable):
        if _is_single(y_hat) and _is_single(y):  # numpy's arrays of no dimension
            return _over_rows(name, y_hat, y, reduction, of_one)
        many, one = ("y", "y_hat") if _is_single(y_hat) else ("y_hat", "y")
        raise ArgumentTypeError(
            f"{name}() was given several numbers as {many} and a single one as {one}",
            hint="give two numbers, or two sequences of the same length",
        )
    predictions, targets = list(y_hat), list(y)
    _need_as_many(name, predictions, targets)
    if any(map(_is_row, predictions)) or any(map(_is_row, targets)):
        losses, rows = _over_nested(name, predictions, targets, of_one)
        found = _reduced(losses, reduction, False)
        return rows if reduction == "none" else found  # type: ignore[return-value]
    losses = [
        of_one(as_value(prediction, rf"\hat{{y}}_{{{j}}}"), as_value(target, f"y_{{{j}}}"))
        for j, (prediction, target) in enumerate(zip(predictions, targets, strict=True), start=1)
    ]
    return _reduced(losses, reduction, False)


def _over_nested(
    name: str,
    predictions: Sequence[Any],
    targets: Sequence[Any],
    of_one: Callable[[Value, Value], Value],
) -> tuple[list[Value], list[list[Value]]]:
    """The losses of rows of several numbers each: all of them, and row by row."""
    rows = []
    for i, (prediction, target) in enumerate(zip(predictions, targets, strict=True), start=1):
        if not _is_row(prediction) or not _is_row(target):
            many, one = ("y", "y_hat") if _is_row(target) else ("y_hat", "y")
            raise ArgumentTypeError(
                f"{name}() was given several numbers as row {i} of {many}, "
                f"and a single one as that of {one}",
                hint="give rows of the same length on both sides",
            )
        own, true = _listed(prediction), _listed(target)
        if len(own) != len(true) or not own or any(map(_is_row, [*own, *true])):
            raise ArgumentError(
                f"{name}() was given {len(own)} predictions and {len(true)} targets in row {i}"
                if len(own) != len(true) or not own
                else f"{name}() was given rows within row {i}",
                hint="a row holds one number for each output, as many on both sides",
            )
        rows.append(
            [
                of_one(as_value(p, rf"\hat{{y}}_{{{i},{j}}}"), as_value(t, f"y_{{{i},{j}}}"))
                for j, (p, t) in enumerate(zip(own, true, strict=True), start=1)
            ]
        )
    return [loss for row in rows for loss in row], rows


def _of_distributions(
    name: str,
    predictions: Rows,
    targets: Rows,
    reduction: Reduction,
    of_one: Callable[[Sequence[Any], Sequence[Any], str], Value],
) -> Value | list[Value]:
    """As `_over_rows`, where prediction and target of a row hold a number for each class."""
    each, vectors = _listed(predictions), _listed(targets)
    if not vectors or not _is_row(vectors[0]):
        return _reduced([of_one(_classes(each), vectors, "")], reduction, True)
    _need_as_many(name, each, vectors)
    losses = [
        of_one(_classes(row), _listed(vector), f"{i},")
        for i, (row, vector) in enumerate(zip(each, vectors, strict=True), start=1)
    ]
    return _reduced(losses, reduction, False)


def _by_label(
    name: str,
    rows: Rows,
    label: int | Iterable[int],
    logs: Callable[[Sequence[Number], Sequence[int], str], list[Value]],
    *,
    look: bool,
    first_class: int,
    class_weights: Sequence[float] | None,
    label_smoothing: float,
    ignore_index: int | None,
    reduction: Reduction,
) -> Value | list[Value]:
    """Cross-entropy by integer labels, of one row or many."""
    smooth = label_smoothing != 0.0
    if smooth and not (isinstance(label_smoothing, Real) and 0.0 <= label_smoothing <= 1.0):
        raise ArgumentError(f"label_smoothing is {label_smoothing!r}", hint="it is from 0 to 1")
    weights = None if class_weights is None else _weights(class_weights)
    labels: Any = label if type(label) is int else plain(label)
    single = type(labels) is int or not _is_row(labels)
    if single:
        each, labels = [rows], [labels]
    else:
        each, labels = _listed(rows), list(labels)
        _need_as_many(name, each, labels)
    losses: list[Value] = []
    total = 0.0  # of the rows' weights, by which the mean is divided
    for i, (row, target) in enumerate(zip(each, labels, strict=True), start=1):
        if ignore_index is not None and _is_whole(target) and target == ignore_index:
            losses.append(as_value(0.0))
            continue
        numbers = _classes(row, look=look)
        k = _class_of(target, len(numbers), first_class)
        if weights is not None and len(weights) != len(numbers):
            raise ArgumentError(
                f"{len(weights)} class_weights were given for {len(numbers)} classes",
                hint="give one for each class",
            )
        weight = 1.0 if weights is None else weights[k]
        total += weight
        place = "" if single else f"{i},"
        if smooth:
            counts = [label_smoothing / len(numbers)] * len(numbers)
            counts[k] += 1.0 - label_smoothing
            if weights is not None:
                counts = [w * count for w, count in zip(weights, counts, strict=True)]
            losses.append(-autograd.dot(counts, logs(numbers, range(len(numbers)), place)))
        else:
            (log,) = logs(numbers, (k,), place)
            losses.append(-log if weight == 1.0 else -weight * log)
    if reduction == "mean" and total == 0.0:
        raise ArgumentError(
            "the mean of no loss: "
            + ("the row has" if len(losses) == 1 else f"all {len(losses)} rows have")
            + " the weight 0 or the label to be ignored",
            hint='leave such rows out, or take reduction="sum", which is 0 there',
        )
    return _reduced(losses, reduction, single, None if total == len(losses) else total)


def _reduced(
    losses: list[Value], reduction: Reduction, single: bool, weight: float | None = None
) -> Value | list[Value]:
    """The mean, the sum or the list of the rows' losses, labelled.

    `weight` is what the mean is divided by, where that is not how many they are.
    """
    if reduction not in ("mean", "sum", "none"):
        raise ArgumentError(
            f"reduction is {reduction!r}", hint='it is "mean", "sum" or "none", which gives a list'
        )
    if reduction == "none" and not single:
        for i, each in enumerate(losses, start=1):
            each.label = f"L_{{{i}}}"
        return losses
    loss = losses[0] if len(losses) == 1 else autograd.sum(losses)
    if reduction == "mean":
        divisor = len(losses) if weight is None else weight
        if divisor != 1:
            loss = loss / divisor
    loss.label = "L"
    return loss


# What is looked at


def _is_single(numbers: Numbers) -> bool:
    return isinstance(numbers, (Value, int, float)) or not isinstance(numbers, Iterable)


def _is_row(thing: object) -> bool:
    if type(thing) in (Value, float):  # asked first, as Iterable asks at length
        return False
    return isinstance(thing, Iterable) and not isinstance(thing, (str, Value))


def _is_whole(label: object) -> bool:
    return type(label) is int or (isinstance(label, Integral) and not isinstance(label, bool))


def _need_positive(name: str, argument: str, number: float) -> None:
    if not isinstance(number, Real) or not 0.0 < float(number) < math.inf:
        raise ArgumentError(
            f"{name}() with {argument} = {number!r}", hint=f"{argument} is a positive number"
        )


def _need_as_many(name: str, predictions: Sequence[object], targets: Sequence[object]) -> None:
    if len(predictions) != len(targets) or not targets:
        raise ArgumentError(
            f"{name}() was given {len(predictions)} predictions and {len(targets)} targets",
            hint="give as many targets as predictions, at least one",
        )


def _listed(numbers: Any) -> list[Any]:
    numbers = plain(numbers)
    return numbers if type(numbers) is list else list(numbers) if _is_row(numbers) else [numbers]


def _classes(row: Any, *, look: bool = True) -> Sequence[Any]:
    """A row's numbers, one for each class; what is in places already is not gone through.

    Nor is an array from which one number is wanted: unless `look`, it stays what it is.
    """
    in_places = isinstance(row, (list, tuple))
    if not in_places and isinstance(row, (Value, Real)):
        raise ArgumentTypeError(
            "cross-entropy was given a single number for all classes",
            hint="give one for each class, or take binary_cross_entropy for a single output",
        )
    array = not look and not in_places and getattr(row, "ndim", 0) == 1 and not hasattr(row, "iloc")
    each: Sequence[Any] = row if in_places or array else _listed(row)
    if len(each) and _is_row(each[0]):
        raise ArgumentError(
            f"several rows were given, {len(each)}, and a single target",
            hint="give a target for each row: the labels of many rows are a list",
        )
    if len(each) == 0:
        raise ArgumentError("cross-entropy of no classes", hint="give one number for each class")
    return each


def _class_of(label: object, classes: int, first_class: int) -> int:
    """The place of the class in the list, from 0."""
    last_class = first_class + classes - 1
    if not _is_whole(label):
        raise ArgumentTypeError(
            f"{label!r} ({type(label).__name__}) is no class label",
            hint=f"a label is a whole number, here from {first_class} to {last_class}",
        )
    k = operator.index(label) - first_class  # type: ignore[arg-type]  # it is whole
    if not 0 <= k < classes:
        hint = "classes count from 0; say first_class=1 if yours count from 1"
        raise ArgumentError(
            f"there is no class {label}: the labels of {classes} classes run from "
            f"{first_class} to {last_class}",
            hint=hint if first_class == 0 else "look for a label of another data set",
        )
    return k


def _weights(class_weights: Sequence[float]) -> list[float]:
    weights = _listed(class_weights)
    for j, weight in enumerate(weights, start=1):
        if not isinstance(weight, Real) or not 0.0 <= float(weight) < math.inf:
            raise ArgumentError(
                f"weight {j} of class_weights is {weight!r}",
                hint="a weight is a finite number, 0 or more",
            )
    return list(map(float, weights))


def _check_probabilities(probabilities: Sequence[Number]) -> None:
    # As plain floats, in one pass that builds no node: large numbers of classes stay fast.
    total = 0.0
    try:
        for p in probabilities:
            # Not float(p): to look at a number is no conversion, which autograd.grad would refuse.
            x = p.data if type(p) is Value else _number(p)
            if not 0.0 <= x <= 1.0:
                raise _no_probabilities(f"number {_place(p, probabilities)} is {x:g}")
            total += x
    except GraphError:
        # A program is recorded: it asks the same in each row.
        if not all(autograd.within(p, 0.0, 1.0) for p in probabilities):
            raise
        if not autograd.within(autograd.sum(probabilities), 1 - SUM_TOLERANCE, 1 + SUM_TOLERANCE):
            raise
        return
    if not abs(total - 1.0) <= SUM_TOLERANCE:
        raise _no_probabilities(f"their sum is {math.fsum(map(_number, probabilities)):.9g}")


def _number(number: object) -> float:
    if isinstance(number, Value):
        return number.data
    if not isinstance(number, Real):
        raise ArgumentTypeError(
            f"cross-entropy was given a {type(number).__name__} among the classes' numbers",
            hint="give a plain number or a Value for each class",
        )
    return float(number)


def _place(number: object, numbers: Sequence[object]) -> int:
    return next(j for j, other in enumerate(numbers, start=1) if other is number)


def _no_probabilities(wrong: str) -> ArgumentError:
    return ArgumentError(
        f"these are no probabilities: {wrong}",
        hint="each is from 0 to 1, and their sum is 1 to within 1e-6; "
        "for the outputs of a linear layer say from_logits=True",
    )


def _log_of(probability: Number, label: str, name: str) -> Value:
    if autograd.within(probability, 0.0, 0.0):
        raise _impossible(name)
    log: Value = as_value(probability, label).log()
    return log


def _hot_one(one_hot: Sequence[float], classes: int) -> int:
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
