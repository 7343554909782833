"""What stands in for the module `cython` in plain Python: decorators that do nothing.

The sources name it `cython`. Compiled, Cython puts its own in its place, and reads the C types of
`value.py` in `value.pxd`, and so on.
"""

from __future__ import annotations

from typing import Final, TypeVar

_Class = TypeVar("_Class")

compiled: Final = False


def cclass(of: _Class) -> _Class:
    """Compiled, a class that is a C struct."""
    return of


def final(of: _Class) -> _Class:
    """Compiled, a class that nothing derives from."""
    return of


def no_gc(of: _Class) -> _Class:
    """Compiled, a class outside the garbage collector."""
    return of
