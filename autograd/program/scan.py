"""`Scan`: a training natively, row after row: a gradient, then a step of every parameter by a rule.

The rule is one formula for all parameters, straight-line like those of the table: it is given what
it needs as numbers to be known later, and gives what takes their place.
"""

from __future__ import annotations

import ctypes
from array import array
from typing import TYPE_CHECKING, Any, Final

from autograd.errors import ArgumentError
from autograd.program.assembly import Assembly, numbered, training
from autograd.program.buffers import doubles
from autograd.program.loops import PARTS
from autograd.program.native import Native, lanes_here
from autograd.program.pieces import Pieces
from autograd.program.rule import Rule
from autograd.program.steps import scan_text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from autograd.program.program import Program

__all__ = ["Scan"]

_POINTER: Final = ctypes.c_void_p
_RUN: Final = ctypes.CFUNCTYPE(
    ctypes.c_int64, *[_POINTER] * 9, ctypes.c_double, *[ctypes.c_int64] * 3
)


class Scan:
    """Steps of a training in native code, one for each row, with state carried along.

    `programs` have one output each, the loss, and the same `parameters`, which are all of their
    `wrt`. `schedule(t, *settings)` gives what the rule needs of the step's number t = 1, 2, ... and
    of as many numbers as `settings` says, which each run is given anew; then
    `rule(numbers, p, g, *memory)` gives the new p and memory of a parameter from its gradient g.
    With `measure` the schedule is also given the sum of `measure(*settings, g)` over all gradients.
    With `batch` above 1 a step is for so many rows, and g the mean of their gradients; these and
    what is measured are summed in the order that `Program.total` tells. All are made of arithmetic
    and operations of the table. `memory` says how many numbers each parameter has beside itself.

    The state is kept in `numbers`, for each kind of number all parameters: `load` and `data` put it
    in and take it out. Raises an error where the engine is plain Python and llvmlite is missing.

    >>> from autograd import Value, compile
    >>> w, x = Value(2.0, "w"), Value(1.0, "x")
    >>> square = compile((w * x) ** 2, [x])
    >>> scan = Scan([square], lambda t, lr: [lr], lambda n, p, g: [p - n[0] * g], 0, settings=1)
    >>> scan.load([[2.0]])
    >>> scan.run(scan.rows([[1.0], [1.0]]), steps=2, settings=[0.25])
    (2, [4.0, 1.0])
    >>> scan.data()
    [[0.5]]
    """

    def __init__(
        self,
        programs: Sequence[Program],
        schedule: Callable[..., Sequence[Any]],
        rule: Callable[..., Sequence[Any]],
        memory: int,
        batch: int = 1,
        *,
        settings: int = 0,
        measure: Callable[..., Any] | None = None,
    ) -> None:
        self.recordings = [program.recording for program in programs]
        first = self.recordings[0]
        for recording in self.recordings:
            if recording.parameters != first.parameters or recording.wrt != first.parameters:
                raise ArgumentError(
                    "the programs of a scan have parameters that differ",
                    hint="compile each with the same wrt, and with no other leaves",
                )
        self.count = len(first.parameters)
        self.columns = max(len(recording.inputs) for recording in self.recordings)
        self.memory, self.batch = memory, batch
        self.rule = Rule(schedule, rule, measure, memory, settings)
        graphs = [
            Assembly(
                recording.code, numbered([*recording.outputs, *recording.gradients]),
                recording.checked, inputs=len(recording.inputs), parameters=self.count,
                results=1 + self.count,
            )
            for recording in self.recordings
        ]  # fmt: skip
        parts = self.rule.assemblies()
        at_once = None
        if all(part.runs for part in (*graphs, *parts)):
            sizes = {"count": self.count, "columns": self.columns, "memory": memory}
            at_once = {"scan": training(graphs, parts, batch=batch, settings=settings, **sizes)}
        told = repr((len(graphs), self.count, self.columns, memory, batch, settings)).encode()
        key = b"".join([told, *(part.key for part in (*graphs, *parts))])
        self.native = Native(key, self._written, {"scan": _RUN}, at_once)
        self._state = doubles((1 + memory) * self.count)
        self._results = doubles(1 + self.count)
        # Partial sums, with room for the losses; results in lanes, twice; the sums so far.
        size = 3 * PARTS * (1 + self.count) + self.count
        self._sums = doubles(size if batch > 1 else 0)
        self._frame: Any = doubles(1)

    def _written(self) -> tuple[str, list[Pieces]]:
        lanes = lanes_here() if self.batch > 1 else 1
        pieces = [self._cut(number, lanes) for number in range(len(self.recordings))]
        text = scan_text(pieces, self.rule, self.count, self.columns, self.memory, self.batch)
        return text, pieces

    def _cut(self, number: int, lanes: int) -> Pieces:
        recording = self.recordings[number]
        sinks = numbered([*recording.outputs, *recording.gradients])
        alone = self.batch > 1 and len(self.recordings) == 1
        return Pieces(
            recording.code, f"graph{number}_", lanes, sinks, recording.checked, adding=alone,
            stride=PARTS if self.batch > 1 else 1,
        )  # fmt: skip

    def optimise(self, *, wait: bool = False) -> None:
        """Has LLVM compile it for speed, in the background or at once; what runs is the same.

        At once it raises an ImportError where llvmlite is missing, and a RuntimeError where LLVM
        does not work; in the background a warning says so, and what runs so far runs on.
        """
        self.native.improve(wait=wait)

    # State.

    def load(self, state: Sequence[Sequence[float]]) -> None:
        """Puts the state in: the parameters, then each kind of memory."""
        self._state[:] = [number for kind in state for number in kind] or [0.0]
        ctypes.memset(self._sums, 0, ctypes.sizeof(self._sums))

    def data(self) -> list[list[float]]:
        """The state as it stands: the parameters, then each kind of memory."""
        numbers: list[float] = self._state[:]
        return [numbers[i * self.count : (i + 1) * self.count] for i in range(1 + self.memory)]

    def gradients(self) -> list[float]:
        """The gradients of the last row that was computed."""
        return [number + 0.0 for number in self._results[1:]]

    def rows(self, rows: Sequence[Sequence[float]]) -> Any:
        """Rows of numbers as memory for `run`."""
        found = doubles(len(rows) * self.columns)
        at = 0
        for row in rows:
            found[at : at + len(row)] = row
            at += self.columns
        return found

    # Steps.

    def run(
        self,
        rows: Any,
        *,
        steps: int,
        begin: int = 0,
        order: Any = None,
        which: Any = None,
        count: int = 0,
        time: int = 0,
        settings: Sequence[float] = (),
    ) -> tuple[int, list[float]]:
        """Goes through `steps` rows, from `begin` on; gives how many it was, and their losses.

        The s-th is row `order[s mod count]` (an array of "q", in order if None), by the program
        that `which` names for that row (bytes, the first if None); `time` steps were taken before.
        Batches begin anew where the order does. A run may leave a batch for the next to end, after
        a multiple of 64 of its rows. It stops before a row whose loss, or what it was computed
        from, is not finite (its batch is then to be begun anew, from a state that is loaded); not
        after a row that made the state infinite.
        """
        losses = doubles(steps)
        taken = self.into(
            losses, rows, steps=steps, begin=begin, order=order, which=which, count=count,
            time=time, settings=settings,
        )  # fmt: skip
        return taken, losses[:taken]

    def into(
        self,
        losses: Any,
        rows: Any,
        *,
        steps: int,
        begin: int = 0,
        order: Any = None,
        which: Any = None,
        count: int = 0,
        time: int = 0,
        settings: Sequence[float] = (),
    ) -> int:
        """`run` with the losses put into a buffer of doubles; gives how many steps were taken."""
        count = count or len(rows) // max(self.columns, 1)
        if not isinstance(order, array) or order.typecode != "q":
            order = array("q", range(count) if order is None else order)
        kinds = array("B", bytes(count) if which is None else which)
        given = array("d", settings)
        if len(given) != self.rule.settings:
            raise ArgumentError(
                f"a run with {len(given)} settings where {self.rule.settings} are taken",
                hint="settings=[...] gives the schedule its numbers",
            )
        running = self.native.current
        frame = [self._framed(running.pieces)] if running.pieces is not None else []
        at = ctypes.addressof
        stopped = running.calls["scan"](
            at(rows), kinds.buffer_info()[0], order.buffer_info()[0], at(self._state),
            at(self._results), *frame, at(losses), at(self._sums), given.buffer_info()[0],
            float(time), begin, begin + steps, count,
        )  # fmt: skip
        return steps if stopped < 0 else stopped - begin

    def _framed(self, pieces: list[Pieces]) -> int:
        """Where there is memory for what crosses from a piece to the next."""
        size = max(part.slots * part.lanes for part in pieces)
        if len(self._frame) < size:
            self._frame = doubles(size)
        return ctypes.addressof(self._frame)
