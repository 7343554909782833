"""Numbers however they come: lists, numpy's arrays, pandas' rows and columns, as plain lists."""

from __future__ import annotations

from typing import Any

__all__ = ["plain"]


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
