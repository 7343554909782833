"""Numbers in memory for native code: buffers of doubles are used where they stand, lists copied."""

from __future__ import annotations

import ctypes
import sys
from array import array
from typing import Any, Final

from autograd.errors import ArgumentError
from autograd.reals import real

__all__ = ["Rows", "doubles"]


# What a buffer of this machine's doubles says it holds; ctypes says the order of bytes, too.
_DOUBLES: Final = ("d", "@d", "=d", "<d" if sys.byteorder == "little" else ">d")


_LINE: Final = 64  # bytes


def doubles(count: int) -> Any:
    """Memory for so many doubles, all 0, where a vector stands in one line of the cache."""
    count = max(count, 1)
    room = (ctypes.c_char * (8 * count + _LINE))()
    return (ctypes.c_double * count).from_buffer(room, -ctypes.addressof(room) % _LINE)


class Rows:
    """Rows of numbers, one after the other: `memory` holds them, `count` says how many there are.

    Any contiguous buffer of doubles is used where it stands, as a numpy array's; whatever else is
    gone through by rows is copied. Raises ArgumentError for a row of another length than `columns`.
    """

    __slots__ = ("columns", "count", "memory")

    def __init__(self, rows: Any, columns: int) -> None:
        self.columns = columns
        self.memory: Any = self._in_place(rows)
        if self.memory is None:
            self.memory = self._copied(rows)

    def _in_place(self, rows: Any) -> Any:
        try:
            view = memoryview(rows)
        except TypeError:
            return None
        if view.format not in _DOUBLES or not view.c_contiguous or view.ndim > 2:
            return None
        width = view.shape[1] if view.ndim == 2 and view.shape is not None else self.columns
        size = view.nbytes // 8
        if width != self.columns or (self.columns and size % self.columns):
            raise _wrong(1, width if view.ndim == 2 else size, self.columns)
        self.count = size // self.columns if self.columns else 0
        if view.readonly:
            return (ctypes.c_double * size).from_buffer_copy(view)
        return (ctypes.c_double * size).from_buffer(view)

    def _copied(self, rows: Any) -> Any:
        numbers = array("d")
        count = 0
        for row in rows:
            count += 1
            cells = list(row) if hasattr(row, "__iter__") else [row]
            if len(cells) != self.columns:
                raise _wrong(count, len(cells), self.columns)
            try:
                numbers.extend(cells)
            except TypeError:
                numbers.extend([real(cell, f"in row {count}") for cell in cells])
        self.count = count
        return (ctypes.c_double * len(numbers)).from_buffer(numbers) if numbers else doubles(1)

    def row(self, number: int) -> list[float]:
        """The numbers of a row, counted from 0."""
        begin = number * self.columns
        found: list[float] = self.memory[begin : begin + self.columns]
        return found


def _wrong(row: int, found: int, needed: int) -> ArgumentError:
    return ArgumentError(
        f"row {row} has {found} number{'' if found == 1 else 's'} where {needed} are needed",
        hint="a row holds one number for each of the program's inputs, in their order",
    )
