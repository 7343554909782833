"""`Pieces`: a program as LLVM functions of a few hundred instructions each.

One long function compiles in time that grows far faster than its length. What crosses a cut goes
through memory, a frame whose slots are used again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from autograd.program.instructions import INSTRUCTIONS, LEAVES
from autograd.program.llvm import computed, hexadecimal
from autograd.program.vectors import FAST

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from autograd.program.code import Code

__all__ = ["Pieces"]

PIECE: Final = 400  # instructions in a function
INLINED: Final = 150
_CONDITIONS: Final = ("above", "equal")


class Pieces:
    """Functions `@name0`, `@name1`, ... of `(frame, parameters, x, results)`, run in this order.

    `sinks` says what becomes of a place: it is stored in `results[number]`, or added to what stands
    there where `adding`; from one result to the next are `stride` doubles, all lanes if not given.
    The sum of all that is `checked` stands in the frame's first slot afterwards. `x` holds the
    inputs, each for all lanes.
    """

    def __init__(
        self,
        code: Code,
        name: str,
        lanes: int,
        sinks: Mapping[int, Sequence[int]],
        checked: Iterable[int],
        adding: bool,
        size: int = PIECE,
        stride: int = 0,
    ) -> None:
        self.stride = stride or lanes
        self.code, self.name, self.lanes, self.adding = code, name, lanes, adding
        self.kind = f"<{lanes} x double>" if lanes > 1 else "double"
        self.sinks, self.checked = sinks, set(checked)
        self.called: set[str] = set()
        self.idle: list[Any] = []  # memory to work in that nobody uses at the moment
        live = code.live([*sinks, *self.checked])
        order = [at for at in live if code.names[at] not in LEAVES]
        self.parts = [order[i : i + size] for i in range(0, len(order), size)] or [[]]
        # Where it is called for one row after another a short one is part of the loop.
        self.inlined = len(order) <= INLINED
        self.slots = 1
        self._slot: dict[int, int] = {}
        self._place_in_frame()
        looked_at = {**dict.fromkeys(sinks), **dict.fromkeys(checked)}
        leaves = [at for at in looked_at if code.names[at] in LEAVES]
        self.texts = [
            self._text(number, part, leaves if number == 0 else [])
            for number, part in enumerate(self.parts)
        ]

    def _needed(self, at: int) -> list[int]:
        """What an instruction needs computed; conditions are worked out where they are asked."""
        needed: list[int] = []
        for a in self.code.arguments[at]:
            kind = self.code.names[a]
            if kind in _CONDITIONS:
                needed += self._needed(a)
            elif kind not in LEAVES:
                needed.append(a)
        return needed

    def _place_in_frame(self) -> None:
        """Gives a slot to every result that a later piece needs, as long as one does."""
        home = {at: number for number, part in enumerate(self.parts) for at in part}
        last: dict[int, int] = {}
        for number, part in enumerate(self.parts):
            for at in part:
                for needed in self._needed(at):
                    last[needed] = number
        free: list[int] = []
        ending: list[list[int]] = [[] for _ in self.parts]
        for number, part in enumerate(self.parts):
            for at in part:
                if last.get(at, number) > home[at]:
                    if free:
                        self._slot[at] = free.pop()
                    else:
                        self._slot[at], self.slots = self.slots, self.slots + 1
                    ending[last[at]].append(self._slot[at])
            free += ending[number]

    def _text(self, number: int, part: list[int], leaves: list[int]) -> str:
        code, kind, lanes, slots = self.code, self.kind, self.lanes, self._slot
        lines: list[str] = []
        known: dict[int, str] = {}
        own = set(part)
        checks: list[str] = []

        def address(base: str, index: int) -> str:
            name = f"%p{len(lines)}"
            lines.append(f"{name} = getelementptr double, ptr %{base}, i64 {index}")
            return name

        def name_of(at: int) -> str:
            if at in known:
                return known[at]
            what, arguments = code.names[at], code.arguments[at]
            name = known[at] = f"%t{at}"
            if what == "constant":
                value = f"double {hexadecimal(arguments[0])}"
                known[at] = f"splat ({value})" if lanes > 1 else value[7:]
            elif what == "input":
                lines.append(
                    f"{name} = load {kind}, ptr {address('x', arguments[0] * lanes)}, align 8"
                )
            elif what == "parameter":
                at_p = address("parameters", arguments[0])
                if lanes == 1:
                    lines.append(f"{name} = load double, ptr {at_p}")
                else:
                    lines.append(f"%s{at} = load double, ptr {at_p}")
                    lines.append(f"%i{at} = insertelement {kind} poison, double %s{at}, i64 0")
                    lines.append(
                        f"{name} = shufflevector {kind} %i{at}, {kind} poison, "
                        f"<{lanes} x i32> zeroinitializer"
                    )
            elif at in own or what in _CONDITIONS:
                compute(at, name)
            else:
                lines.append(
                    f"{name} = load {kind}, ptr {address('frame', slots[at] * lanes)}, align 8"
                )
            return known[at]

        def compute(at: int, name: str) -> None:
            what = code.names[at]
            inputs = [name_of(a) for a in code.arguments[at]]
            if not code.exact and what in FAST:
                what = f"fast_{what}"
            lines.append(computed(name, what, inputs, lanes))
            if what not in INSTRUCTIONS or not INSTRUCTIONS[what].llvm:
                self.called.add(what)

        for at in [*leaves, *part]:
            name = name_of(at)
            if at in slots:
                to = address("frame", slots[at] * lanes)
                lines.append(f"store {kind} {name}, ptr {to}, align 8")
            if at in self.checked:
                checks.append(name)
            for sink in self.sinks.get(at, ()):
                to = address("results", sink * self.stride)
                if self.adding:
                    lines.append(f"%a{sink} = load {kind}, ptr {to}, align 8")
                    lines.append(f"%b{sink} = fadd {kind} %a{sink}, {name}")
                    name_to_store = f"%b{sink}"
                else:
                    name_to_store = name
                lines.append(f"store {kind} {name_to_store}, ptr {to}, align 8")
        total = "zeroinitializer" if lanes > 1 else "0.0"
        if number:
            lines.append(f"%c = load {kind}, ptr %frame, align 8")
            total = "%c"
        for count, name in enumerate(checks):
            lines.append(f"%c{count} = fadd {kind} {total}, {name}")
            total = f"%c{count}"
        lines.append(f"store {kind} {total}, ptr %frame, align 8")
        body = "\n  ".join(lines)
        return (
            f"define internal void @{self.name}{number}(ptr noalias %frame, "
            "ptr noalias readonly %parameters, ptr noalias readonly %x, ptr noalias %results) "
            f"{'always' if self.inlined else 'no'}inline nounwind {{\n  {body}\n  ret void\n}}\n"
        )

    def calls(self, x: str, results: str) -> str:
        """The calls of all pieces, one after the other."""
        return "\n".join(
            f"  call void @{self.name}{number}(ptr %frame, ptr %parameters, ptr {x}, ptr {results})"
            for number in range(len(self.parts))
        )
