"""The ways in which a program can run: at once by steps, compiled by LLVM, or by the engine."""

from __future__ import annotations

from typing import Any

import pytest

from autograd import columns, native_available
from autograd.program import machine, native, scan

needs_llvm = pytest.mark.skipif(not native_available(), reason="llvmlite is not installed")
needs_steps = pytest.mark.skipif(not columns.available, reason="the engine runs plain here")

AT_ONCE, OPTIMISED, LOW = "at once", "optimised", "compiled at the low level"
BY_ENGINE = "by the engine"
WAYS = [
    pytest.param(AT_ONCE, marks=needs_steps),
    pytest.param(OPTIMISED, marks=needs_llvm),
    pytest.param(LOW, marks=needs_llvm),
    pytest.param(BY_ENGINE),
]
# Those in which no graph is built row by row, where they can be had.
NATIVE = [
    *([AT_ONCE] if columns.available else []),
    *([OPTIMISED, LOW] if native_available() else []),
]


def run_in(way: str, patch: pytest.MonkeyPatch, *, lanes: int | None = None) -> None:
    """Has programs run this way: AT_ONCE is without llvmlite, LOW without a compiled engine."""
    patch.setattr(native, "_compiled", {})
    if way in (AT_ONCE, BY_ENGINE):
        for place in (machine, native):
            patch.setattr(place, "native_available", lambda: False)
    if way in (LOW, BY_ENGINE):
        patch.setattr(columns, "available", False)
    if way == OPTIMISED:
        made = native.Native.__init__

        def optimised(self: native.Native, *args: Any) -> None:
            made(self, *args)
            self.improve(wait=True)
            assert self.level == native.HIGHEST

        patch.setattr(native.Native, "__init__", optimised)
    if lanes is not None:
        for place in (machine, scan):
            patch.setattr(place, "lanes_here", lambda: lanes)
