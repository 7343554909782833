"""The LLVM target: instructions as LLVM's text, for one row or for as many as there are lanes.

No fast-math and no contraction: every lane has the bits of a scalar program. Functions of libm are
called lane by lane, by names of which LLVM knows nothing.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from autograd.program.instructions import INSTRUCTIONS, LEAVES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from autograd.program.code import Code

__all__ = ["INTRINSICS", "computed", "formula", "hexadecimal", "lane_function"]

INTRINSICS: Final = ("sqrt", "fabs", "floor", "rint", "copysign")  # exact, and of any width


def hexadecimal(number: float) -> str:
    """A double as LLVM reads it, to the last bit."""
    return "0x" + struct.pack(">d", number).hex().upper()


def lane_function(name: str, arity: int, lanes: int) -> str:
    """`@lanes_name`: a function of libm applied to one lane after the other."""
    kind = f"<{lanes} x double>"
    text = f"define internal {kind} @lanes_{name}({', '.join(f'{kind} %{i}' for i in 'ab'[:arity])}"
    text += ") noinline nounwind {\n"
    result = "poison"
    for lane in range(lanes):
        inputs = []
        for i in "ab"[:arity]:
            text += f"  %{i}{lane} = extractelement {kind} %{i}, i64 {lane}\n"
            inputs.append(f"double %{i}{lane}")
        text += f"  %y{lane} = call double @libm_{name}({', '.join(inputs)})\n"
        text += f"  %r{lane} = insertelement {kind} {result}, double %y{lane}, i64 {lane}\n"
        result = f"%r{lane}"
    return f"{text}  ret {kind} {result}\n}}\n"


def computed(name: str, what: str, inputs: Sequence[str], lanes: int) -> str:
    """The line that computes an instruction."""
    kind = f"<{lanes} x double>" if lanes > 1 else "double"
    opcode = "" if what not in INSTRUCTIONS else INSTRUCTIONS[what].llvm
    if what == "select":
        truth = f"<{lanes} x i1>" if lanes > 1 else "i1"
        return f"{name} = select {truth} {inputs[0]}, {kind} {inputs[1]}, {kind} {inputs[2]}"
    if opcode:
        return f"{name} = {opcode} {kind} {', '.join(inputs)}"
    function = f"lanes_{what}" if lanes > 1 else f"libm_{what}"
    if what.startswith("fast_"):
        function = f"{what}_{lanes}"
    elif what in INTRINSICS:
        function = f"llvm.{what}.{f'v{lanes}f64' if lanes > 1 else 'f64'}"
    return f"{name} = call {kind} @{function}({', '.join(f'{kind} {i}' for i in inputs)})"


def formula(
    code: Code, wanted: Sequence[int], leaves: Mapping[int, str], called: set[str], prefix: str
) -> tuple[list[str], list[str]]:
    """The lines that compute a few places from leaves of these names, and what they are called."""
    names = dict(leaves)
    lines: list[str] = []
    for at in code.live(list(wanted)):
        what = code.names[at]
        if what == "constant":
            names[at] = hexadecimal(code.arguments[at][0])
        elif what not in LEAVES:
            names[at] = f"%{prefix}{at}"
            lines.append(computed(names[at], what, [names[a] for a in code.arguments[at]], 1))
            if not INSTRUCTIONS[what].llvm:
                called.add(what)
    return lines, [names[at] for at in wanted]
