"""`Scan`: a training natively, row after row: a gradient, then a step of every parameter by a rule.

The rule is one formula for all parameters, straight-line like those of the table: it is given what
it needs as numbers to be known later, and gives what takes their place.
"""

from __future__ import annotations

import ctypes
from array import array
from typing import TYPE_CHECKING, Any, Final

from autograd.errors import ArgumentError
from autograd.program.buffers import doubles
from autograd.program.loops import PARTS
from autograd.program.machine import compiled
from autograd.program.pieces import Pieces
from autograd.program.steps import Steps

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
    of so many `settings`, numbers that may change between two runs, as a learning rate does; then
    `rule(numbers, p, g, *memory)` gives the new p and memory of a parameter from its gradient g.
    With `batch` above 1 a step is for so many rows, and g the mean of their gradients, summed in
    the order that `Program.total` tells. Both are made of arithmetic and operations of the table.
    `memory` says how many numbers each parameter has beside itself.

    The state is kept in `numbers`, for each kind of number all parameters: `load` and `data` put it
    in and take it out. Raises an error where llvmlite is missing.

    >>> from autograd import Value, compile
    >>> w, x = Value(2.0, "w"), Value(1.0, "x")
    >>> scan = Scan([compile((w * x) ** 2, [x])], lambda t: (), lambda _, p, g: [p - 0.25 * g], 0)
    >>> scan.load([[2.0]])
    >>> scan.run(scan.rows([[1.0], [1.0]]), steps=2)
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
        settings: int = 0,
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
        self._pieces = [self._cut(number) for number in range(len(self.recordings))]
        steps = Steps(self._pieces, self.count, self.columns, memory, batch)
        self.text = steps.text(schedule, rule, settings)
        self._settings = doubles(settings)
        self.module = compiled(self.text, {"scan": _RUN})
        self._state = doubles((1 + memory) * self.count)
        self._results = doubles(1 + self.count)
        self._frame = doubles(max(pieces.slots for pieces in self._pieces))
        self._sums = doubles((1 + PARTS) * self.count if batch > 1 else 0)

    def _cut(self, number: int) -> Pieces:
        recording = self.recordings[number]
        sinks: dict[int, list[int]] = {}
        for result, at in enumerate([*recording.outputs, *recording.gradients]):
            sinks.setdefault(at, []).append(result)
        return Pieces(recording.code, f"graph{number}_", 1, sinks, recording.checked, adding=False)

    # State.

    def set(self, *settings: float) -> None:
        """Says what the settings are from now on."""
        self._settings[:] = list(settings) or [0.0]

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
    ) -> tuple[int, list[float]]:
        """Goes through `steps` rows, from `begin` on; gives how many it was, and their losses.

        The s-th is row `order[s mod count]` (an array of "q", in order if None), by the program
        that `which` names for that row (bytes, the first if None); `time` steps were taken before.
        Batches begin anew where the order does; begin and end with whole ones.
        It stops before a row whose loss, or what it was computed from, is not finite; not after a
        row that made the state infinite.
        """
        losses = doubles(steps)
        taken = self.into(
            losses, rows, steps=steps, begin=begin, order=order, which=which, count=count, time=time
        )
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
    ) -> int:
        """`run` with the losses put into a buffer of doubles; gives how many steps were taken."""
        count = count or len(rows) // max(self.columns, 1)
        order = array("q", range(count)) if order is None else order
        place = (ctypes.c_int64 * len(order)).from_buffer(order) if order else None
        which = bytes(count) if which is None else which
        stopped = self.module.calls["scan"](
            rows, which, place, self._state, self._results, self._frame, losses, self._sums,
            self._settings, float(time), begin, begin + steps, count,
        )  # fmt: skip
        return steps if stopped < 0 else stopped - begin
