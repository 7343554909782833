"""The instruction set: what a program may do, and how that is written in each language.

Every instruction takes doubles and gives one, but for the comparisons, which give a truth value
that only `select` takes. Of libm's functions any may be called by its name.
"""

from __future__ import annotations

import math
import operator
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["INSTRUCTIONS", "LEAVES", "Instruction"]


class Instruction(NamedTuple):
    """One instruction: its value in Python, and its text in each target, `{0}` the first argument.

    `llvm` is the opcode, or empty for a function of libm, which LLVM calls by its name.
    """

    value: Callable[..., float]
    python: str
    c: str
    javascript: str
    llvm: str = ""


def _choose(condition: float, a: float, b: float) -> float:
    return a if condition else b


def _sign(symbol: str, value: Callable[..., float], llvm: str) -> Instruction:
    text = f"({{0}} {symbol} {{1}})"
    return Instruction(value, text, text, text.replace("==", "==="), llvm)


def _function(name: str, arity: int = 1, *, c: str = "", python: str = "") -> Instruction:
    """A function of libm, which Python's `math` has too; ours in JavaScript where that has none."""
    inputs = ", ".join(["{0}", "{1}"][:arity])
    home = "" if name in _OWN_IN_JAVASCRIPT else "Math."
    return Instruction(
        getattr(math, python or name),
        f"{python or name}({inputs})",
        f"{c or name}({inputs})",
        f"{home}{python or name}({inputs})",
    )


_OWN_IN_JAVASCRIPT: Final = ("erf", "erfc", "copysign", "rint")

LEAVES: Final = frozenset(("constant", "input", "parameter"))
"""What stands among the instructions without computing: numbers that are there beforehand."""

INSTRUCTIONS: Final[dict[str, Instruction]] = {
    "add": _sign("+", operator.add, "fadd"),
    "sub": _sign("-", operator.sub, "fsub"),
    "mul": _sign("*", operator.mul, "fmul"),
    "div": _sign("/", operator.truediv, "fdiv"),
    "neg": Instruction(operator.neg, "(-{0})", "(-{0})", "(-{0})", "fneg"),
    "above": _sign(">", operator.gt, "fcmp ogt"),
    "equal": _sign("==", operator.eq, "fcmp oeq"),
    "select": Instruction(
        _choose, "({1} if {0} else {2})", "({0} ? {1} : {2})", "({0} ? {1} : {2})", "select"
    ),
    **{
        name: _function(name)
        for name in (
            "sqrt", "exp", "expm1", "log", "log1p", "log2", "log10", "cbrt", "sin", "cos", "tan",
            "asin", "acos", "atan", "sinh", "cosh", "tanh", "asinh", "acosh", "atanh", "erf",
            "erfc",
        )
    },
    **{name: _function(name, 2) for name in ("pow", "atan2", "copysign")},
    # 1 / (1 + e^-x) as one instruction, where a program need not be exact.
    "logistic": Instruction(
        lambda x: 0.5 + 0.5 * math.tanh(0.5 * x),
        "(0.5 + 0.5 * tanh(0.5 * {0}))",
        "(1.0 / (1.0 + exp(-{0})))",
        "(1 / (1 + Math.exp(-{0})))",
    ),
    "fabs": Instruction(math.fabs, "fabs({0})", "fabs({0})", "Math.abs({0})"),
    "floor": Instruction(
        lambda x: float(math.floor(x)), "float(floor({0}))", "floor({0})", "Math.floor({0})"
    ),
    "rint": Instruction(lambda x: float(round(x)), "float(round({0}))", "rint({0})", "rint({0})"),
}  # fmt: skip
"""Every instruction by its name."""
