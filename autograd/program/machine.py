"""`Machine`: a recording run natively, for one row, for each of many, or summed over them."""

from __future__ import annotations

import ctypes
import functools
import math
import threading
from array import array
from struct import Struct
from struct import error as UnfitError  # noqa: N812  # Python spells it like a function
from typing import TYPE_CHECKING, Any, Final

from autograd import columns
from autograd.program.assembly import Assembly, numbered
from autograd.program.buffers import Rows, doubles
from autograd.program.loops import BLOCK, PARTS, for_one, for_rows, for_sums
from autograd.program.native import Native, NativeError, lanes_here, module_text, native_available
from autograd.program.pieces import Pieces
from autograd.value import write_numbers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from autograd.program.native import Running
    from autograd.program.recording import Recording

__all__ = ["Machine", "machine_for"]

_POINTER: Final = ctypes.c_void_p
_MANY: Final = ctypes.CFUNCTYPE(ctypes.c_int64, *[_POINTER] * 7, ctypes.c_int64, ctypes.c_int64)
_FOLD: Final = ctypes.CFUNCTYPE(None, _POINTER, _POINTER, ctypes.c_int64)
_ONE: Final = ctypes.CFUNCTYPE(ctypes.c_double, *[_POINTER] * 4)
_ONE_SHORT: Final = ctypes.PYFUNCTYPE(ctypes.c_double, *[_POINTER] * 4)
_SHORT: Final = 10_000  # instructions, for which other threads may as well wait
_CHUNK: Final = 64 * BLOCK  # rows in a call: Ctrl-C comes through between two

# Operations run so far that make optimising worth while: alone, and many rows at once.
_MANY_SINGLY: Final = 2e7
_MANY_AT_ONCE: Final = 1e8


def machine_for(recording: Recording) -> Machine | None:
    """What runs the recording; None where the engine is plain Python and llvmlite is missing."""
    if (columns.available and recording.code.exact) or native_available():
        return Machine(recording)
    return None


class Machine:
    """A recording ready to run: each kind of run is made when first asked for."""

    def __init__(self, recording: Recording) -> None:
        self.recording = recording
        self._kinds: dict[str, _Kind] = {}
        self._work: dict[str, float] = {}

    def manner(self) -> str:
        """How it runs, in a line."""
        if not native_available():
            return "step by step on 64 rows: pip install 'chalkgrad[native]' for native code"
        lanes = f"natively, {lanes_here()} rows at once in the lanes of a vector"
        steps = columns.available and self.recording.code.exact
        return f"step by step on 64 rows, later {lanes}" if steps else lanes

    def text(self, kind: str) -> str:
        """The LLVM text for `one` row, its `gradient`, `map` or `total`."""
        return _Kind.written(self.recording, kind)[0]

    def state(self) -> str:
        """Which runs there are, and how well they are compiled."""
        words = ("at once, not yet optimised", "optimised")
        kinds = [f"{name} {words[kind.native.level]}" for name, kind in self._kinds.items()]
        return "; ".join(kinds) or "when first run"

    def ready(self, kind: str) -> bool:
        """Whether this kind can be run, being made now if need be."""
        try:
            self._kind(kind)
        except NativeError:  # who made it has said so
            return False
        return True

    def _kind(self, kind: str) -> _Kind:
        found = self._kinds.get(kind)
        if found is None:
            found = self._kinds[kind] = _Kind(self.recording, kind)
        return found

    def _worked(self, kind: str, rows: int) -> None:
        """Has the code optimised once it has run for long enough to be worth it."""
        done = self._work[kind] = self._work.get(kind, 0.0) + rows * len(self.recording.code)
        if done > _MANY_AT_ONCE:
            self._kinds[kind].native.improve()

    def optimise(self, *kinds: str) -> None:
        """Compiles and optimises at once: `one`, `gradient`, `map`, `total`."""
        for kind in kinds:
            self._kind(kind).native.improve(wait=True)

    # One row.

    def single(self, *, gradient: bool) -> Callable[[Sequence[Any]], list[float] | None]:
        """A function of a row: its outputs, then the gradients; None where something is wrong."""
        return _single(self.recording, self._kind("gradient" if gradient else "one"))

    # Many rows.

    def map(self, table: Rows, found: Any, threads: int) -> Iterator[int]:
        """Fills in the outputs; yields the rows that the engine has to look at."""
        kind = self._kind("map")
        out = ctypes.addressof(found)

        def run(begin: int, end: int, call: Any, lanes: int) -> list[int]:
            troubled: list[int] = []
            while begin < end:
                part = min(end, begin + _CHUNK)
                bad = call(out, begin, part)
                if bad >= 0:
                    part = min(end, bad + lanes)
                    troubled.extend(range(bad, part))
                begin = part
            return troubled

        yield from _shared(run, table, threads, kind, (0, table.count))
        self._worked("map", table.count)

    def total(self, table: Rows, threads: int) -> list[float] | None:
        """The sums of output and gradients; None where the engine has to look at a row."""
        kind = self._kind("total")
        count = kind.results
        blocks = -(-table.count // BLOCK)
        sums = doubles(count)
        chunk = max(threads, min(_CHUNK // BLOCK, 1 + 4_000_000 // count))
        for first in range(0, blocks, chunk):
            last = min(first + chunk, blocks)
            out = doubles((last - first) * count)
            place = ctypes.addressof(out)

            def run(
                begin: int,
                end: int,
                call: Any,
                lanes: int,
                place: int = place,
                base: int = first,
            ) -> list[int]:
                bad = call(place + 8 * count * (begin // BLOCK - base), begin, end)
                return [bad] if bad >= 0 else []

            rows = (first * BLOCK, min(last * BLOCK, table.count))
            if _shared(run, table, threads, kind, rows):
                return None
            kind.native.current.calls["fold"](place, ctypes.addressof(sums), last - first)
        self._worked("total", table.count)
        found: list[float] = sums[:]
        return found if math.isfinite(sum(found)) or all(map(math.isfinite, found)) else None


class _Kind:
    """A kind of run of a recording: `one` row, its `gradient`, a `map`, a `total`."""

    def __init__(self, recording: Recording, kind: str) -> None:
        self.recording, self.kind = recording, kind
        sinks, self.results = _Kind.sinks(recording, kind)
        assembly = Assembly(
            recording.code, sinks, recording.checked,
            inputs=len(recording.inputs), parameters=len(recording.parameters),
            results=self.results,
        )  # fmt: skip
        at_once: dict[str, Any] | None = None
        if assembly.runs and kind in ("map", "total"):
            at_once = {name: assembly.function(name) for name in (kind, "fold")}
        elif assembly.runs:
            at_once = {kind: assembly.function("one")}
        short = len(recording.code) < _SHORT
        functions: dict[str, Any] = {kind: _ONE_SHORT if short else _ONE}
        if kind in ("map", "total"):
            functions = {kind: _MANY, **({"fold": _FOLD} if kind == "total" else {})}
        self.native = Native(
            kind.encode() + assembly.key,
            lambda: _Kind.written(recording, kind),
            functions,
            at_once,
        )
        self.idle: list[_Buffers] = []  # memory to work in that nobody uses at the moment

    @staticmethod
    def sinks(recording: Recording, kind: str) -> tuple[dict[int, list[int]], int]:
        """Which results the places are, and how many results there are."""
        gradients = recording.gradients if kind in ("gradient", "total") else []
        wanted = [*recording.outputs, *gradients]
        return numbered(wanted), len(wanted)

    @staticmethod
    def written(recording: Recording, kind: str) -> tuple[str, list[Pieces]]:
        """The LLVM text, and the pieces it is made of."""
        sinks, count = _Kind.sinks(recording, kind)
        lanes = lanes_here() if kind in ("map", "total") else 1
        columns = len(recording.inputs)
        pieces = Pieces(
            recording.code, kind, lanes, sinks, recording.checked, adding=kind == "total"
        )
        if kind == "map":
            function = for_rows(pieces, columns, count)
        elif kind == "total":
            function = for_sums(pieces, columns, count)
        else:
            function = for_one(pieces, len(recording.outputs), count, kind)
        return module_text([function], [pieces]), [pieces]


class _Buffers:
    """Memory that the functions of a kind work in, for one thread."""

    def __init__(self, kind: _Kind, running: Running) -> None:
        self.running = running
        recording, count = kind.recording, kind.results
        slots, lanes, own = 0, 1, 0
        if running.pieces is not None:
            slots, lanes = running.pieces[0].slots, running.pieces[0].lanes
            own = 1
        sizes = (
            len(recording.parameters), slots * lanes, len(recording.inputs) * lanes * own,
            count * PARTS * own, count * lanes * own,
        )  # fmt: skip
        # In one piece, so that no two parts of it want the same place in the cache.
        self._all = doubles(sum(-(-size // 8) * 8 for size in sizes))
        at = ctypes.addressof(self._all)
        self.places = []
        for size in sizes:
            self.places.append(at)
            at += 64 * -(-size // 8)
        self.lanes = lanes

    def call(self, kind: str, rows: int) -> Callable[[int, int, int], int]:
        """A function of (out, begin, end): -1, or the first of the rows that are in trouble."""
        function = self.running.calls[kind]
        given = self.places if self.running.pieces is not None else self.places[:1]
        return lambda out, begin, end: function(rows, *given, out, begin, end)


def _shared(
    run: Callable[..., list[int]], table: Rows, threads: int, kind: _Kind, rows: tuple[int, int]
) -> list[int]:
    """`run` on the rows, in a part of whole blocks for each thread; what they found."""
    begin, end = rows
    running = kind.native.current
    memory = ctypes.addressof(table.memory)
    blocks = -(-(end - begin) // BLOCK)
    threads = max(1, min(threads, blocks))
    cuts = [begin + BLOCK * (blocks * i // threads) for i in range(threads)] + [end]
    found: list[list[int]] = [[] for _ in range(threads)]
    failed: list[BaseException] = []

    def work(i: int) -> None:
        try:
            try:
                buffers = kind.idle.pop()
            except IndexError:
                buffers = _Buffers(kind, running)
            if buffers.running is not running:
                buffers = _Buffers(kind, running)
            write_numbers(kind.recording.parameters, buffers.places[0])
            call = buffers.call(kind.kind, memory)
            found[i] = run(cuts[i], cuts[i + 1], call, buffers.lanes)
            kind.idle.append(buffers)
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


def _single(recording: Recording, kind: _Kind) -> Callable[[Sequence[Any]], list[float] | None]:
    """A call for one row, with memory of its own and as little around it as can be."""
    columns, parameters = len(recording.inputs), recording.parameters
    given, own = doubles(columns), doubles(len(parameters))
    out = array("d", bytes(8 * kind.results))
    pack, read = Struct(f"{columns}d").pack_into, out.tolist
    given_at, own_at, out_at = ctypes.addressof(given), ctypes.addressof(own), out.buffer_info()[0]
    lock, native, outputs = threading.Lock(), kind.native, len(recording.outputs)
    left = int(_MANY_SINGLY / len(recording.code)) + 1
    running: Running | None = None
    call: Callable[[], float]
    frame: Any = None

    def bound() -> Callable[[], float]:
        """The best function there is, on this memory."""
        nonlocal running, frame
        running = native.current
        function = running.calls[kind.kind]
        if running.pieces is None:
            return functools.partial(function, given_at, own_at, out_at, outputs)
        frame = doubles(running.pieces[0].slots)
        places = (given_at, own_at, ctypes.addressof(frame), out_at)
        return functools.partial(function, *map(_POINTER, places))

    def run(row: Sequence[Any]) -> list[float] | None:
        nonlocal left, call
        with lock:
            if native.current is not running:
                call = bound()
            try:
                pack(given, 0, *row)
            except UnfitError:
                return None
            write_numbers(parameters, own_at)
            flag = call()
            if flag - flag != 0.0:
                return None
            found = read()
        left -= 1
        if left == 0:
            native.improve()
        return found

    run.__dict__["memory"] = given, own  # of which the code knows the addresses only
    return run
