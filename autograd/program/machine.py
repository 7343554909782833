"""`Machine`: a recording run natively, for one row, for each of many, or summed over them."""

from __future__ import annotations

import ctypes
import math
import threading
from array import array
from struct import Struct
from struct import error as UnfitError  # noqa: N812  # Python spells it like a function
from typing import TYPE_CHECKING, Any, Final

from autograd.program.buffers import Rows, doubles
from autograd.program.loops import BLOCK, PARTS, for_one, for_rows, for_sums
from autograd.program.native import Native, lanes_here, module_text
from autograd.program.pieces import Pieces
from autograd.value import write_numbers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from autograd.program.recording import Recording

__all__ = ["Machine"]

_POINTER: Final = ctypes.c_void_p
_MANY: Final = ctypes.CFUNCTYPE(ctypes.c_int64, *[_POINTER] * 7, ctypes.c_int64, ctypes.c_int64)
_FOLD: Final = ctypes.CFUNCTYPE(None, _POINTER, _POINTER, ctypes.c_int64)
_ONE: Final = ctypes.CFUNCTYPE(ctypes.c_double, *[_POINTER] * 4)
_ONE_SHORT: Final = ctypes.PYFUNCTYPE(ctypes.c_double, *[_POINTER] * 4)
_SHORT: Final = 10_000  # instructions, for which other threads may as well wait
_WORTH_OPTIMISING: Final = 2e7  # operations run so far
_CHUNK: Final = 64 * BLOCK  # rows in a call: Ctrl-C comes through between two
_CACHED: Final = 64  # modules kept in memory

_modules: Final[dict[str, Native]] = {}


def compiled(text: str, functions: dict[str, Any]) -> Native:
    """The module of that text, compiled once however many programs have it."""
    module = _modules.pop(text, None)
    if module is None:
        module = Native(text, functions, 0)
    _modules[text] = module
    while len(_modules) > _CACHED:
        del _modules[next(iter(_modules))]
    return module


class Machine:
    """Native code for a recording: each kind of run is compiled when first asked for."""

    def __init__(self, recording: Recording) -> None:
        self.recording = recording
        self.lanes = lanes_here()
        self._kinds: dict[str, tuple[Pieces, int, Native]] = {}
        self._texts: dict[str, str] = {}
        self._work: dict[str, float] = {}

    def text(self, kind: str) -> str:
        """The LLVM text for `one` row, its `gradient`, `map` or `total`."""
        return self._made(kind)[1]

    def state(self) -> str:
        """Which runs are compiled, and how well."""
        words = ("at once, not yet optimised", "optimised")
        kinds = [f"{kind} {words[module.level]}" for kind, (_, _, module) in self._kinds.items()]
        return "; ".join(kinds) or "when first run"

    def _made(self, kind: str) -> tuple[Pieces, str, int]:
        recording = self.recording
        gradients = recording.gradients if kind in ("gradient", "total") else []
        sinks: dict[int, list[int]] = {}
        for number, at in enumerate([*recording.outputs, *gradients]):
            sinks.setdefault(at, []).append(number)
        lanes = self.lanes if kind in ("map", "total") else 1
        count, columns = len(recording.outputs) + len(gradients), len(recording.inputs)
        pieces = Pieces(
            recording.code, kind, lanes, sinks, recording.checked, adding=kind == "total"
        )
        if kind == "map":
            function = for_rows(pieces, columns, count)
        elif kind == "total":
            function = for_sums(pieces, columns, count)
        else:
            function = for_one(pieces, len(recording.outputs), count)
        return pieces, module_text([function], [pieces]), count

    def _kind(self, kind: str) -> tuple[Pieces, int, Native]:
        found = self._kinds.get(kind)
        if found is None:
            pieces, text, count = self._made(kind)
            short = len(self.recording.code) < _SHORT
            functions: dict[str, Any] = {"one": _ONE_SHORT if short else _ONE}
            if kind in ("map", "total"):
                functions = {kind: _MANY, **({"fold": _FOLD} if kind == "total" else {})}
            found = self._kinds[kind] = (pieces, count, compiled(text, functions))
        return found

    def _worked(self, kind: str, rows: int) -> None:
        """Has the code optimised once it has run for long enough to be worth it."""
        done = self._work[kind] = self._work.get(kind, 0.0) + rows * len(self.recording.code)
        if done > _WORTH_OPTIMISING:
            self._kinds[kind][2].improve()

    def optimise(self, *kinds: str) -> None:
        """Compiles and optimises at once: `one`, `gradient`, `map`, `total`."""
        for kind in kinds:
            self._kind(kind)[2].improve(wait=True)

    # One row.

    def single(self, *, gradient: bool) -> Callable[[Sequence[Any]], list[float] | None]:
        """A function of a row: its outputs, then the gradients; None where something is wrong."""
        pieces, count, module = self._kind("gradient" if gradient else "one")
        return _single(self.recording, pieces, count, module)

    # Many rows.

    def map(self, table: Rows, found: Any, threads: int) -> Iterator[int]:
        """Fills in the outputs; yields the rows that the engine has to look at."""
        pieces, count, module = self._kind("map")
        lanes = pieces.lanes

        def run(begin: int, end: int, call: Any, buffers: _Buffers) -> list[int]:
            troubled: list[int] = []
            while begin < end:
                part = min(end, begin + _CHUNK)
                bad = buffers.call(call, table, found, begin, part)
                if bad >= 0:
                    troubled.append(bad)
                    part = bad + lanes
                begin = part
            return troubled

        for group in self._shared(run, table, threads, pieces, count, module):
            yield from range(group, min(group + lanes, table.count))
        self._worked("map", table.count)

    def total(self, table: Rows, threads: int) -> list[float] | None:
        """The sums of output and gradients; None where the engine has to look at a row."""
        pieces, count, module = self._kind("total")
        blocks = -(-table.count // BLOCK)
        sums = doubles(count)
        chunk = max(threads, min(_CHUNK // BLOCK, 1 + 4_000_000 // count))
        for first in range(0, blocks, chunk):
            last = min(first + chunk, blocks)
            out = doubles((last - first) * count)

            def run(
                begin: int,
                end: int,
                call: Any,
                buffers: _Buffers,
                out: Any = out,
                base: int = first,
            ) -> list[int]:
                place = ctypes.addressof(out) + 8 * count * (begin // BLOCK - base)
                bad = buffers.call(call, table, place, begin, end)
                return [bad] if bad >= 0 else []

            rows = (first * BLOCK, min(last * BLOCK, table.count))
            if self._shared(run, table, threads, pieces, count, module, rows):
                return None
            module.calls["fold"](out, sums, last - first)
        self._worked("total", table.count)
        found: list[float] = sums[:]
        return found if math.isfinite(sum(found)) or all(map(math.isfinite, found)) else None

    def _shared(
        self,
        run: Any,
        table: Rows,
        threads: int,
        pieces: Pieces,
        count: int,
        module: Native,
        rows: tuple[int, int] | None = None,
    ) -> list[int]:
        """`run` on the rows, in a part of whole blocks for each thread; what they found."""
        begin, end = rows or (0, table.count)
        call = module.calls["map" if "map" in module.calls else "total"]
        blocks = -(-(end - begin) // BLOCK)
        threads = max(1, min(threads, blocks))
        cuts = [begin + BLOCK * (blocks * i // threads) for i in range(threads)] + [end]
        found: list[list[int]] = [[] for _ in range(threads)]
        failed: list[BaseException] = []

        def work(i: int) -> None:
            try:
                try:
                    buffers = pieces.idle.pop()
                except IndexError:
                    buffers = _Buffers(self.recording, pieces, count)
                write_numbers(self.recording.parameters, buffers.parameters)
                found[i] = run(cuts[i], cuts[i + 1], call, buffers)
                pieces.idle.append(buffers)
            except BaseException as error:  # handed on to the caller
                failed.append(error)

        others = [threading.Thread(target=work, args=(i,)) for i in range(1, threads)]
        for thread in others:
            thread.start()
        work(0)
        for thread in others:
            thread.join()
        if failed:
            raise failed[0]
        return [row for part in found for row in part]


class _Buffers:
    """Memory that native code works in, for one thread."""

    def __init__(self, recording: Recording, pieces: Pieces, count: int) -> None:
        lanes = pieces.lanes
        sizes = (
            len(recording.parameters), pieces.slots * lanes, len(recording.inputs) * lanes,
            count * PARTS, count * lanes,
        )  # fmt: skip
        # In one piece, so that no two parts of it want the same place in the cache.
        self._all = doubles(sum(-(-size // 8) * 8 for size in sizes))
        at = ctypes.addressof(self._all)
        places = []
        for size in sizes:
            places.append(at)
            at += 64 * -(-size // 8)
        self.parameters, self.frame, self.x, self.sums, self.spare = places

    def call(self, function: Any, table: Rows, out: Any, begin: int, end: int) -> int:
        """Runs the rows from begin to end; -1, or the first of the rows that are in trouble."""
        bad: int = function(
            table.memory, self.parameters, self.frame, self.x, self.sums, self.spare, out,
            begin, end,
        )  # fmt: skip
        return bad


def _single(
    recording: Recording, pieces: Pieces, count: int, module: Native
) -> Callable[[Sequence[Any]], list[float] | None]:
    """A call for one row, with memory of its own and as little around it as can be."""
    columns, parameters = len(recording.inputs), recording.parameters
    given, own, frame = doubles(columns), doubles(len(parameters)), doubles(pieces.slots)
    out = array("d", bytes(8 * count))
    pack, read = Struct(f"{columns}d").pack_into, out.tolist
    x, p, frame_at = (_POINTER(ctypes.addressof(memory)) for memory in (given, own, frame))
    out_at, own_at = _POINTER(out.buffer_info()[0]), ctypes.addressof(own)
    lock, calls = threading.Lock(), module.calls
    left = int(_WORTH_OPTIMISING / len(recording.code)) + 1

    def run(row: Sequence[Any]) -> list[float] | None:
        nonlocal left
        with lock:
            try:
                pack(given, 0, *row)
            except UnfitError:
                return None
            write_numbers(parameters, own_at)
            flag = calls["one"](x, p, frame_at, out_at)
            if flag - flag != 0.0:
                return None
            found = read()
        left -= 1
        if left == 0:
            module.improve()
        return found

    run.__dict__["memory"] = own, frame  # of which the code knows the addresses only
    return run
