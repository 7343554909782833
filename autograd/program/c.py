"""The C target: a program as standalone C, for a microcontroller or another language."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from autograd.program.lines import lines, results
from autograd.program.python import signature

if TYPE_CHECKING:
    from autograd.program.recording import Recording

__all__ = ["c_source"]

_HEAD = """\
/* {signature}

   Needs libm and nothing else, and gives the bits of Chalkgrad where libm is the same: products and
   sums are not fused, and pow, which compilers like to replace, is called as it stands. */

#include <math.h>

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize ("fp-contract=off")
#else
#pragma STDC FP_CONTRACT OFF
#endif
{power}
void program(const double *inputs, const double *parameters, double *outputs, double *gradients)
{{
"""


_POWER = "\nstatic double (*const volatile power)(double, double) = pow;\n"


def c_source(recording: Recording) -> str:
    """Text that defines `program(inputs, parameters, outputs, gradients)`, arrays of doubles."""

    def statement(name: str, formula: str, kind: str) -> str:
        if kind == "pow":  # which compilers replace by a product or a quotient here and there
            formula = formula.replace("pow(", "power(", 1)
        declared = "int" if kind in ("above", "equal") else "double"
        return f"    const {declared} {name} = {formula};"

    made, names = lines(recording, lambda i: i.c, statement, _number)
    outputs, gradients = results(recording)
    stored = [f"    outputs[{n}] = {names[at]};" for n, at in enumerate(outputs)]
    stored += [f"    gradients[{n}] = {names[at]} + 0.0;" for n, at in enumerate(gradients)]
    body = "\n".join([*made, *stored])
    power = _POWER if "power(" in body else ""
    head = _HEAD.format(signature=signature(recording).replace("*/", "* /"), power=power)
    unused = "    (void)inputs; (void)parameters; (void)gradients;\n"
    return f"{head}{unused}{body}\n}}\n"


def _number(x: float) -> str:
    if math.isnan(x):
        return "NAN"
    if math.isinf(x):
        return "INFINITY" if x > 0 else "(-INFINITY)"
    return repr(x) if x >= 0.0 and math.copysign(1.0, x) > 0 else f"({x!r})"
