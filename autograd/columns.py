# cython: annotation_typing=True
"""`Columns`: straight-line instructions run at once, each on many rows, without compiling them.

An instruction is read once for 64 rows, so that going through a list of them costs little beside
the arithmetic; no number of the result depends on it. How it runs stands in columns.h, which plain
Python does not have: see `available`.
"""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING, Any, Final

from autograd import uncompiled as cython

if False:  # nothing runs this: it tells Cython that `cython` is its own
    import cython  # type: ignore

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

available: Final[bool] = cython.compiled

# The kinds of steps, in the order of columns.h; arithmetic has three forms, four kinds apart.
_ARITHMETIC: Final = {"add": 0, "sub": 1, "mul": 2, "div": 3}
_COLUMNS_ONLY: Final = {"neg": 12, "above": 13, "equal": 14, "select": 15}
_LEAVES: Final = frozenset(("input", "parameter", "constant"))
_CALL: Final = 16
_CALL_TWO: Final = 17
_CHECK: Final = 18
_PUT: Final = 19


def assembled(
    names: list[str],
    arguments: list[tuple[Any, ...]],
    sinks: Mapping[int, Sequence[int]],
    checked: Sequence[int],
    inputs: int,
    parameters: int,
) -> tuple[Any, Any, Any, list[str], int]:
    """Instructions as steps: (steps, constants, filled columns, functions called, columns).

    `names` and `arguments` are those of a program's code, `sinks` says which results a place is,
    `checked` which must be finite; what neither needs is left out.
    """
    steps = array("i")
    constants = array("d")
    functions: dict[str, int] = {}
    at: cython.Py_ssize_t
    a: cython.Py_ssize_t
    free: list[int] = []
    slot: list[int] = [-1] * len(names)  # the column of a place
    scalar: list[int] = [-1] * len(names)
    last: list[int] = [-1] * len(names)
    filled = array("i")
    looked_at = bytearray(len(names))
    used = bytearray(len(names))
    for at in checked:
        looked_at[at] = used[at] = 1
    for at in sinks:
        used[at] = 1
    for at in range(len(names) - 1, -1, -1):
        if used[at] and names[at] not in _LEAVES:
            for a in arguments[at]:
                used[a] = 1
    live: list[int] = [at for at in range(len(names)) if used[at]]
    columns: cython.Py_ssize_t = inputs
    emit = steps.extend
    for at in live:
        name: str = names[at]
        if name == "input":
            slot[at] = arguments[at][0]
        elif name == "parameter":
            scalar[at] = arguments[at][0]
        elif name == "constant":
            scalar[at] = parameters + len(constants)
            constants.append(arguments[at][0])
        else:
            for a in arguments[at]:
                last[a] = at
    for at in live:
        name = names[at]
        given: tuple[Any, ...] = arguments[at]
        if name not in _LEAVES:
            kind: cython.Py_ssize_t = _ARITHMETIC.get(name, -1)
            operands: list[int] = []
            if kind >= 0:
                left: cython.Py_ssize_t = given[0]
                right: cython.Py_ssize_t = given[1]
                if slot[left] < 0 and (slot[right] >= 0 or scalar[right] >= 0):
                    if slot[right] < 0:
                        slot[right], columns = columns, columns + 1
                        filled.extend((slot[right], scalar[right]))
                    kind += 8
                    operands = [scalar[left], slot[right], 0]
                elif slot[right] < 0:
                    kind += 4
                    operands = [slot[left], scalar[right], 0]
                else:
                    operands = [slot[left], slot[right], 0]
            else:
                for a in given:
                    if slot[a] < 0:
                        slot[a], columns = columns, columns + 1
                        filled.extend((slot[a], scalar[a]))
                    operands.append(slot[a])
                kind = _COLUMNS_ONLY.get(name, -1)
                if kind < 0:
                    kind = _CALL if len(given) == 1 else _CALL_TWO
                    while len(operands) < 2:
                        operands.append(0)
                    operands.append(functions.setdefault(name, len(functions)))
                while len(operands) < 3:
                    operands.append(0)
            if free:
                slot[at] = free.pop()
            else:
                slot[at], columns = columns, columns + 1
            emit((kind, slot[at], operands[0], operands[1], operands[2]))
            for a in given:
                if last[a] == at and scalar[a] < 0 and names[a] != "input":
                    last[a] = -2  # once, however often it is an argument
                    free.append(slot[a])
        wanted = sinks.get(at)
        if wanted is not None or looked_at[at]:
            if slot[at] < 0:
                slot[at], columns = columns, columns + 1
                filled.extend((slot[at], scalar[at]))
            if looked_at[at]:
                emit((_CHECK, 0, slot[at], 0, 0))
            if wanted is not None:
                for sink in wanted:
                    emit((_PUT, sink, slot[at], 0, 0))
        if last[at] == -1 and scalar[at] < 0 and name != "input":
            free.append(slot[at])
    return steps, constants, filled, list(functions), columns


def function_at(name: str) -> int:
    """The address of one of the functions of columns.h, which take what `assembled` gives."""
    found: cython.Py_ssize_t = 0
    if cython.compiled:
        found = address_of(_FUNCTIONS.index(name))  # type: ignore  # noqa: F821  # in columns.h
    return found


_FUNCTIONS: Final = ("map", "total", "fold", "one", "scan")  # in the order of columns.h
