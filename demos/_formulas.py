r"""The notes' formulas for the nine gradients, as they write them and as plain arithmetic.

No autograd here: these are what its gradients are compared with.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Numbers = Mapping[str, float]  # by symbol
    Formula = tuple[str, Callable[[Numbers], float]]


def _by_y_hat(n: Numbers) -> float:
    """dL/dy_hat = -2(y - y_hat), with which every gradient begins."""
    return -2 * (n["y"] - n[r"\hat{y}"])


def _times(*symbols: str) -> Formula:
    """-2(y - y_hat) times the symbols: the form of all nine."""

    def gradient(n: Numbers) -> float:
        product = _by_y_hat(n)
        for symbol in symbols:
            product *= n[symbol]
        return product

    return " ".join([r"-2(y - \hat{y})", *symbols]), gradient


GRADIENTS: dict[str, Formula] = {
    "W_{11}^2": _times("O_{11}"),
    "W_{21}^2": _times("O_{12}"),
    "b_{21}": _times(),
    "W_{11}^1": _times("W_{11}^2", "x_{i1}"),
    "W_{21}^1": _times("W_{11}^2", "x_{i2}"),
    "b_{11}": _times("W_{11}^2"),
    "W_{12}^1": _times("W_{21}^2", "x_{i1}"),
    "W_{22}^1": _times("W_{21}^2", "x_{i2}"),
    "b_{12}": _times("W_{21}^2"),
}

# What the notes write for b_{11}; above it is mended.
AS_WRITTEN: Formula = _times("W_{21}^2")

# The list of derivatives to be found, in three groups, as the scan of the notes has it.
LISTED = (
    ("W_{11}^2", "W_{21}^2", "b_{21}"),
    ("W_{11}^2", "W_{12}^2", "b_{11}"),
    ("W_{12}^2", "W_{22}^2", "b_{12}"),
)
