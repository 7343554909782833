"""The JavaScript target: a program for a page, with the functions that its Math lacks."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from autograd.program.lines import lines, results
from autograd.program.python import signature

if TYPE_CHECKING:
    from autograd.program.recording import Recording

__all__ = ["javascript_source"]

# The error function: its series near 0, and beyond a continued fraction (Abramowitz and Stegun,
# 7.1.6 and 7.1.14).
_OWN = {
    "erf(": """\
function erf(x) {
    if (Math.abs(x) > 2) return Math.sign(x) * (1 - erfc(Math.abs(x)));
    let term = x, sum = x;
    for (let n = 1; n < 80; n++) { term *= 2 * x * x / (2 * n + 1); sum += term; }
    return 2 / Math.sqrt(Math.PI) * Math.exp(-x * x) * sum;
}
""",
    "erfc(": """\
function erfc(x) {
    if (x < 2) return x < -2 ? 2 - erfc(-x) : 1 - erf(x);
    let f = x;
    for (let n = 120; n > 0; n--) f = x + n / 2 / f;
    return Math.exp(-x * x) / Math.sqrt(Math.PI) / f;
}
""",
    "copysign(": """\
function copysign(x, y) {
    const negative = y < 0 || Object.is(y, -0);
    return negative ? -Math.abs(x) : Math.abs(x);
}
""",
    "rint(": """\
function rint(x) {
    const low = Math.floor(x), part = x - low;
    if (part === 0.5) return low % 2 === 0 ? low : low + 1;
    return part < 0.5 ? low : low + 1;
}
""",
}


def javascript_source(recording: Recording) -> str:
    """Text that defines `program(inputs, parameters)`, giving {outputs, gradients}."""
    made, names = lines(
        recording,
        lambda i: i.javascript,
        lambda name, formula, _: f"    const {name} = {formula};",
        _number,
    )
    outputs, gradients = results(recording)
    body = "\n".join(made)
    helpers = "".join(
        text for call, text in _OWN.items() if call in body or call[:3] + "c(" in body
    )
    if "erfc(" in body and "function erf(" not in helpers:
        helpers += _OWN["erf("]
    if "function erf(" in helpers and "function erfc(" not in helpers:
        helpers += _OWN["erfc("]
    return (
        f"// {signature(recording)}\n{helpers}function program(inputs, parameters) {{\n{body}\n"
        f"    return {{outputs: [{', '.join(names[at] for at in outputs)}], "
        f"gradients: [{', '.join(f'{names[at]} + 0' for at in gradients)}]}};\n}}\n"
    )


def _number(x: float) -> str:
    if math.isfinite(x):
        return repr(x) if x > 0 or (x == 0 and math.copysign(1, x) > 0) else f"({x!r})"
    return "NaN" if math.isnan(x) else f"({'' if x > 0 else '-'}Infinity)"
