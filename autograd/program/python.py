"""The Python target: a program as straight-line code that anybody can read, run and change."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from autograd.program.lines import lines, results

if TYPE_CHECKING:
    from autograd.program.recording import Recording

__all__ = ["python_source"]

_HEAD = '''from math import *


def program(inputs, parameters):
    """{signature}"""
'''


def python_source(recording: Recording) -> str:
    """Text that defines `program(inputs, parameters)`, giving outputs and gradients as lists."""
    made, names = lines(
        recording, lambda i: i.python, lambda name, formula, _: f"    {name} = {formula}", _number
    )
    outputs, gradients = results(recording)
    given = f"    return [{', '.join(names[at] for at in outputs)}], ["
    given += ", ".join(f"{names[at]} + 0.0" for at in gradients) + "]"
    return _HEAD.format(signature=signature(recording)) + "\n".join([*made, given]) + "\n"


def signature(recording: Recording) -> str:
    """What goes in and what comes out, by the labels: one line that cannot end a comment."""

    def listed(values: list[object]) -> str:
        shown = ", ".join(values[:8]) + (", ..." if len(values) > 8 else "")  # type: ignore
        return " ".join(f"[{shown}]".replace("\\", "").replace('"', "'").split())

    inputs = listed([v.label or f"x{n}" for n, v in enumerate(recording.inputs)])
    own = listed([v.label or f"p{n}" for n, v in enumerate(recording.parameters)])
    return f"From inputs {inputs} and parameters {own}: outputs, and gradients by {own}."


def _number(x: float) -> str:
    return repr(x) if math.isfinite(x) else f"float('{x}')"
