"""`replay`: a recorded graph built once more with other numbers, by the engine itself.

What native code cannot say, where nothing is installed to run it and what went wrong, is asked
here: the same operations on the same Values, with all their errors.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from autograd.modes import recording as recorded
from autograd.value import Value

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from autograd.program.recording import Recording

__all__ = ["added_in_order", "replay"]

_BLOCK, _PARTS = 1024, 8  # as in loops.py


def replay(recording: Recording, row: Sequence[float]) -> tuple[list[Value], dict[Value, Value]]:
    """The outputs for a row as a fresh graph, and the fresh leaf for each recorded one."""
    numbers = dict(zip(recording.inputs, row, strict=True))
    tape = recording.tape
    made: list[Value] = []
    fresh: dict[Value, Value] = {}
    with recorded():
        for node, left, right in zip(tape.nodes, tape.lefts, tape.rights, strict=True):
            if left >= 0:
                again = node.op(made[left]) if right < 0 else node.op(made[left], made[right])
                if node.label:
                    again.label = node.label
            elif node in numbers:
                again = Value(numbers[node], node.label)
                if node.is_constant:
                    again = again.detach()
                fresh[node] = again
            elif node.is_constant:
                again = node
            else:
                again = fresh[node] = Value(node.data, node.label)
            made.append(again)
    return [made[at] for at in tape.ends], fresh


def added_in_order(rows: Iterable[Sequence[float]], width: int) -> list[float]:
    """The sums of the rows' columns, in the order that `Program.total` tells.

    >>> added_in_order([[1.0, 10.0], [2.0, 20.0]], 2)
    [3.0, 30.0]
    """
    total = [0.0] * width
    parts = [[0.0] * width for _ in range(_PARTS)]
    count = 0
    for row in rows:
        part = parts[count % _PARTS]
        for at, number in enumerate(row):
            part[at] += number
        count += 1
        if count == _BLOCK:
            _close(total, parts)
            parts = [[0.0] * width for _ in range(_PARTS)]
            count = 0
    if count:
        _close(total, parts)
    return total


def _close(total: list[float], parts: list[list[float]]) -> None:
    for at, (a, b, c, d, e, f, g, h) in enumerate(zip(*parts, strict=True)):
        total[at] += ((a + e) + (c + g)) + ((b + f) + (d + h))
