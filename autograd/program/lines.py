"""`lines`: a recording as lines of text, one an instruction, for the targets that people read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from autograd.program.instructions import INSTRUCTIONS, LEAVES

if TYPE_CHECKING:
    from collections.abc import Callable

    from autograd.program.instructions import Instruction
    from autograd.program.recording import Recording

__all__ = ["lines", "results"]


def results(recording: Recording) -> tuple[list[int], list[int]]:
    """Where outputs and gradients stand; no gradients where there is more than one output."""
    gradients = recording.gradients if len(recording.outputs) == 1 else []
    return recording.outputs, gradients


def lines(
    recording: Recording,
    text: Callable[[Instruction], str],
    statement: Callable[[str, str, str], str],
    number: Callable[[float], str] = repr,
) -> tuple[list[str], dict[int, str]]:
    """The statements, and how each place is called afterwards.

    `text` is a target's column of the instruction set, `statement(name, formula, kind)` makes a
    line of it, kind being that of the instruction; `number` writes a constant.
    """
    code = recording.code
    outputs, gradients = results(recording)
    names: dict[int, str] = {}
    made: list[str] = []
    for at in code.live([*outputs, *gradients]):
        kind, arguments = code.names[at], code.arguments[at]
        if kind == "constant":
            names[at] = number(arguments[0])
        elif kind in LEAVES:
            names[at] = f"{kind}s[{arguments[0]}]"
        else:
            formula = text(INSTRUCTIONS[kind]).format(*[names[a] for a in arguments])
            if formula[0] == "(" and kind != "select":
                formula = formula[1:-1]
            names[at] = f"t{len(made)}"
            made.append(statement(names[at], formula, kind))
    return made, names
