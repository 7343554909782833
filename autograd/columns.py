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
    steps: list[int] = []
    constants: list[float] = []
    filled: list[int] = []
    functions: dict[str, int] = {}
    free: list[int] = []
    slot: list[int] = [-1] * len(names)  # the column of a place
    scalar: list[int] = [-1] * len(names)
    last: list[int] = [-1] * len(names)  # where it is needed for the last time
    looked_at = bytearray(len(names))
    used = bytearray(len(names))
    at: cython.Py_ssize_t
    a: cython.Py_ssize_t
    b: cython.Py_ssize_t
    kind: cython.Py_ssize_t
    first: cython.Py_ssize_t
    second: cython.Py_ssize_t
    third: cython.Py_ssize_t
    columns: cython.Py_ssize_t = inputs
    name: str
    given: tuple[Any, ...]
    for at in checked:
        looked_at[at] = used[at] = 1
    for at in sinks:
        used[at] = 1
    for at in range(len(names) - 1, -1, -1):
        if used[at]:
            name, given = names[at], arguments[at]
            if name == "input":
                slot[at] = given[0]
            elif name == "parameter":
                scalar[at] = given[0]
            elif name == "constant":
                scalar[at] = parameters + len(constants)
                constants.append(given[0])
            else:
                for a in given:
                    used[a] = 1
                    if last[a] < 0:
                        last[a] = at
    for at in range(len(names)):
        if not used[at]:
            continue
        if scalar[at] < 0 and slot[at] < 0:  # no leaf, and so to be computed
            name, given = names[at], arguments[at]
            kind = _ARITHMETIC.get(name, -1)
            first = second = third = 0
            if kind >= 0:
                a, b = given
                if slot[a] < 0 and slot[b] < 0:  # one of them has to be a column
                    slot[b] = columns
                    filled += [columns, scalar[b]]
                    columns += 1
                if slot[a] < 0:
                    kind += 8
                    first, second = scalar[a], slot[b]
                elif slot[b] < 0:
                    kind += 4
                    first, second = slot[a], scalar[b]
                else:
                    first, second = slot[a], slot[b]
            else:
                for a in given:
                    if slot[a] < 0:
                        slot[a] = columns
                        filled += [columns, scalar[a]]
                        columns += 1
                first = slot[given[0]]
                if len(given) > 1:
                    second = slot[given[1]]
                if len(given) > 2:
                    third = slot[given[2]]
                kind = _COLUMNS_ONLY.get(name, -1)
                if kind < 0:
                    kind = _CALL if len(given) == 1 else _CALL_TWO
                    third = functions.setdefault(name, len(functions))
            if free:
                slot[at] = free.pop()
            else:
                slot[at] = columns
                columns += 1
            steps += [kind, slot[at], first, second, third]
            for a in given:
                if last[a] == at:
                    last[a] = -1  # once, however often it is an argument
                    if scalar[a] < 0 and slot[a] >= inputs:
                        free.append(slot[a])
        wanted = sinks.get(at)
        if wanted is not None or looked_at[at]:
            if slot[at] < 0:
                slot[at] = columns
                filled += [columns, scalar[at]]
                columns += 1
            if looked_at[at]:
                steps += [_CHECK, 0, slot[at], 0, 0]
            if wanted is not None:
                for sink in wanted:
                    steps += [_PUT, sink, slot[at], 0, 0]
            if last[at] < 0 and scalar[at] < 0 and slot[at] >= inputs:
                free.append(slot[at])
    return array("i", steps), array("d", constants), array("i", filled), list(functions), columns


def function_at(name: str) -> int:
    """The address of one of the functions of columns.h, which take what `assembled` gives."""
    found: cython.Py_ssize_t = 0
    if cython.compiled:
        found = address_of(_FUNCTIONS.index(name))  # type: ignore  # noqa: F821  # in columns.h
    return found


_FUNCTIONS: Final = ("map", "total", "fold", "one", "scan")  # in the order of columns.h
