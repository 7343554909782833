"""A derivative is trusted because it is computed in ways that share nothing: `check_grads`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Final

from autograd.errors import ArgumentError, ChalkgradError
from autograd.transforms import grad, jvp, value_and_grad
from autograd.trees import flatten, rebuild, walk
from autograd.value import Value

if TYPE_CHECKING:
    from collections.abc import Callable

    Function = Callable[..., Any]

# Central differences err by about h^2 (the curve) + eps / h (rounding): least at h = eps^(1/3),
# and then by eps^(2/3), times what the third derivative makes of it.
_STEP: Final = sys.float_info.epsilon ** (1 / 3)
_TOLERANCE: Final = 1e-6


class GradientMismatchError(ChalkgradError, AssertionError):
    """Two ways to compute one derivative disagree."""


def check_grads(
    function: Function, *points: Any, order: int = 2, tolerance: float = _TOLERANCE
) -> None:
    """Checks the derivatives of a function with one number as result, at `points`.

    For each number in `points` (the arguments: numbers, or nested lists, tuples and dicts of them)
    three derivatives must agree: in reverse mode, in forward mode, and the central difference
    (f(x + h) - f(x - h)) / 2h with h = eps^(1/3) max(1, |x|). `order=2` checks each of the first
    derivatives in the same way as a function, and so on. `tolerance` is relative to the largest of
    the numbers compared and 1; reverse and forward mode must agree to a thousandth of it.

    Raises GradientMismatchError (an AssertionError), which names the argument and both numbers;
    ArgumentError for an order below 1; and whatever the function raises, also beside the points.

    >>> from autograd import tanh
    >>> check_grads(lambda w, x: tanh(w * x), 0.5, 2.0)
    >>> check_grads(lambda x: x.detach() * x, 3.0)
    Traceback (most recent call last):
    autograd.checking.GradientMismatchError: df/d(argument 0) at 3.0: reverse mode gives 3.0, central differences 6.0
    hint: is part of the function detached, computed with plain floats, or at a kink?
    """  # noqa: E501  # the message is one line
    if order < 1:
        raise ArgumentError(f"check_grads() was given order={order}", hint="orders count from 1")
    if not [pair for n, point in enumerate(points) for pair in walk(point, f"argument {n}")]:
        raise ArgumentError("check_grads() was given no numbers", hint="give the points to check")
    _check(function, list(points), order, tolerance, "f")


def _check(function: Function, points: list[Any], order: int, tolerance: float, name: str) -> None:
    places, leaves = zip(
        *(pair for n, point in enumerate(points) for pair in walk(point, f"argument {n}")),
        strict=True,
    )
    numbers = [float(leaf) for leaf in leaves]
    arguments = range(len(points))

    def at(values: list[Any]) -> list[Any]:
        built: list[Any] = rebuild(points, values)
        return built

    def value_at(values: list[float]) -> float:
        return float(function(*at([Value(value) for value in values])))

    def flat_gradient(*args: Any) -> list[Any]:
        return flatten(list(grad(function, arguments)(*args)))

    _, gradient = value_and_grad(function, arguments)(*at(numbers))
    reverse = [float(leaf) for leaf in flatten(list(gradient))]
    for index, place in enumerate(places):
        direction = [float(other == index) for other in range(len(numbers))]
        _, forward = jvp(function, at(numbers), at(direction))
        step = _STEP * max(1.0, abs(numbers[index]))
        above, below = list(numbers), list(numbers)
        above[index] += step
        below[index] -= step
        rise = value_at(above) - value_at(below)
        difference = rise / (above[index] - below[index])
        what = f"d{name}/d({place}) at {numbers[index]!r}"
        _compare(what, reverse[index], "forward mode", float(forward), tolerance / 1000)
        _compare(what, reverse[index], "central differences", difference, tolerance)
        if order > 1:

            def component(*args: Any, index: int = index) -> Any:
                return flat_gradient(*args)[index]

            _check(component, points, order - 1, tolerance, f"(d{name}/d({place}))")


def _compare(what: str, reverse: float, other: str, found: float, tolerance: float) -> None:
    if not abs(reverse - found) <= tolerance * max(1.0, abs(reverse), abs(found)):
        raise GradientMismatchError(
            f"{what}: reverse mode gives {reverse!r}, {other} {_rounded(found, other)}",
            hint="is part of the function detached, computed with plain floats, or at a kink?",
        )


def _rounded(found: float, other: str) -> str:
    """As many digits as the method can be trusted for."""
    return repr(found) if other == "forward mode" else repr(float(f"{found:.6g}"))
