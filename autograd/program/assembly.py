"""`Assembly`: code as steps that run at once on columns of rows, without being compiled."""

from __future__ import annotations

import ctypes
import ctypes.util
import functools
import hashlib
import sys
from array import array
from typing import TYPE_CHECKING, Any, Final

from autograd import columns

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from autograd.program.code import Code

__all__ = ["Assembly", "libm", "numbered", "training"]

_POINTER, _WHOLE = ctypes.c_void_p, ctypes.c_int64
_MANY: Final = ctypes.CFUNCTYPE(_WHOLE, *[_POINTER] * 4, _WHOLE, _WHOLE)
_FOLD: Final = ctypes.CFUNCTYPE(None, *[_POINTER] * 3, _WHOLE)
_ONE: Final = (ctypes.c_double, *[_POINTER] * 4, _WHOLE)
_SCAN: Final = ctypes.CFUNCTYPE(_WHOLE, *[_POINTER] * 9, ctypes.c_double, *[_WHOLE] * 3)
_SHORT: Final = 10_000  # instructions, for which other threads may as well wait


class _Steps(ctypes.Structure):
    """As in columns.h."""

    _fields_ = (
        *((name, _POINTER) for name in ("steps", "constants", "functions", "filled")),
        *(
            (name, _WHOLE)
            for name in (
                "count", "parameters", "numbers", "pairs", "columns", "inputs", "results",
            )
        ),
    )  # fmt: skip


class _Training(ctypes.Structure):
    """As in columns.h."""

    _fields_ = (
        *((name, _POINTER) for name in ("graphs", "schedule", "rule", "measure")),
        *((name, _WHOLE) for name in ("kinds", "count", "columns", "memory", "batch", "settings")),
    )


_libraries: Final[list[Any]] = []


def libm(name: str) -> int:
    """The address of a function of the C library's: the one that the engine calls, too."""
    if not _libraries:
        path = ctypes.util.find_library("m") or ctypes.util.find_library("msvcrt")
        _libraries.append(ctypes.CDLL(path if sys.platform == "win32" else None))
    address = ctypes.cast(getattr(_libraries[0], name), ctypes.c_void_p).value
    assert address is not None  # noqa: S101  # functions stand somewhere
    return address


def numbered(places: Iterable[int]) -> dict[int, list[int]]:
    """Which results each place is, of results that stand at these."""
    found: dict[int, list[int]] = {}
    for number, at in enumerate(places):
        found.setdefault(at, []).append(number)
    return found


class Assembly:
    """The steps of some code: `sinks` says which results a place is, `checked` what must be finite.

    `key` is the same for two that compute the same. They can run where `runs` is true: where the
    engine is compiled and the code `exact`, as functions of our own are made by LLVM alone.
    """

    def __init__(
        self,
        code: Code,
        sinks: Mapping[int, Sequence[int]],
        checked: Iterable[int],
        *,
        inputs: int,
        parameters: int,
        results: int,
    ) -> None:
        looked_at = list(checked)
        steps, constants, filled, called, width = columns.assembled(
            code.names, code.arguments, sinks, looked_at, inputs, parameters
        )
        told = hashlib.sha256(repr((inputs, parameters, results, called, code.exact)).encode())
        for part in (steps, constants, filled):
            told.update(part.tobytes())
        self.key = told.digest()
        self.runs = columns.available and code.exact
        self._length = len(code)
        functions = array("Q", [libm(name) for name in called] if self.runs else [])
        self.own = (steps, constants, functions, filled)
        places = [part.buffer_info()[0] for part in self.own]
        self.steps = _Steps(
            *places, len(steps) // 5, parameters, len(constants), len(filled) // 2, width, inputs,
            results,
        )  # fmt: skip

    def function(self, name: str) -> Callable[..., Any]:
        """`map`, `total`, `fold` or `one` of columns.h, on these steps."""
        kind: Any = _FOLD if name == "fold" else _MANY
        if name == "one":
            kind = (ctypes.PYFUNCTYPE if self._length < _SHORT else ctypes.CFUNCTYPE)(*_ONE)
        function = kind(columns.function_at(name))
        return functools.partial(_on, self, function, ctypes.addressof(self.steps))


def _on(_: object, function: Callable[..., Any], steps: int, *given: Any) -> Any:
    """A function's answer; the first is there to stay as long as the function does."""
    found = function(steps, *given)
    if found == _NO_MEMORY:
        raise MemoryError("there is no memory for a program to work in")
    return found


_NO_MEMORY: Final = -2


def training(
    graphs: Sequence[Assembly], parts: Sequence[Assembly], **sizes: int
) -> Callable[..., int]:
    """`scan` of columns.h, by graphs and parts: a schedule, a rule and perhaps a measure."""
    pointers = (_POINTER * len(graphs))(*[ctypes.addressof(graph.steps) for graph in graphs])
    places = [ctypes.addressof(part.steps) for part in parts]
    whole = _Training(ctypes.addressof(pointers), *places, kinds=len(graphs), **sizes)
    function = _SCAN(columns.function_at("scan"))
    kept = (*graphs, *parts, pointers, whole)
    return functools.partial(_on, kept, function, ctypes.addressof(whole))
