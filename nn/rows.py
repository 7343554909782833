"""Rows however they come: numpy's and pandas' as plain lists, and checked before the training."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from numbers import Real
from typing import Any

from autograd import ArgumentError

__all__ = ["examples_of", "plain"]


def plain(numbers: Any) -> Any:
    """What numpy, pandas and torch hold as lists of plain numbers; all else as it is.

    Their methods are asked for, `to_numpy` and `tolist`, so that none of the three is imported.

    >>> import array
    >>> plain(array.array("d", [1, 2])), plain(5)
    ([1.0, 2.0], 5)
    """
    kind = type(numbers)
    to_numpy = getattr(kind, "to_numpy", None)  # a DataFrame, whose iteration gives names
    if callable(to_numpy):
        numbers = to_numpy(numbers)
    tolist = getattr(type(numbers), "tolist", None)
    return tolist(numbers) if callable(tolist) else numbers


def examples_of(rows: Iterable[tuple[Any, Any]], kind: str = "") -> list[tuple[Any, Any]]:
    """The rows as a list of pairs without infinite or missing numbers.

    `kind` says in errors which rows they are: "validation ". Raises ArgumentError naming the row.

    >>> examples_of([[[80, 8], 8]])
    [([80, 8], 8)]
    """
    examples = []
    for number, row in enumerate(rows, start=1):
        if not isinstance(row, (tuple, list)) or len(row) != 2:
            raise ArgumentError(
                f"{kind}row {number} is {row!r}",
                hint="a row is a pair (inputs, target): ([80, 8], 8)",
            )
        # What can be gone through only once is kept, as it is needed in every epoch.
        inputs, target = (list(part) if isinstance(part, Iterator) else part for part in row)
        _check_finite(inputs, f"{kind}row {number}, input")
        _check_finite(target, f"{kind}row {number}, target")
        examples.append((inputs, target))
    if not examples:
        raise ArgumentError(
            f"there are no {kind}rows{'' if kind else ' to train on'}", hint="give at least one"
        )
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
