"""What stands in for the module `cython` in plain Python: decorators that do nothing.

The sources name it `cython`. Compiled, Cython puts its own in its place, and reads the C types of
`value.py` in `value.pxd`, and so on.
"""

from __future__ import annotations

from typing import Final, TypeAlias, TypeVar

_Thing = TypeVar("_Thing")

compiled: Final = False

Py_ssize_t: TypeAlias = int


def cfunc(of: _Thing) -> _Thing:
    """Compiled, a C function, which Python does not see."""
    return of


def cclass(of: _Thing) -> _Thing:
    """Compiled, a class that is a C struct."""
    return of


def final(of: _Thing) -> _Thing:
    """Compiled, a class that nothing derives from."""
    return of


def no_gc(of: _Thing) -> _Thing:
    """Compiled, a class outside the garbage collector."""
    return of
