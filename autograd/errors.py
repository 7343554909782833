"""What can go wrong: every error says what happened, with labels and values, then a `hint:`."""

from __future__ import annotations

__all__ = [
    "ArgumentError",
    "ArgumentTypeError",
    "ChalkgradError",
    "DivisionByZeroError",
    "DomainError",
    "GradientError",
    "GraphError",
    "NotANumberError",
    "RangeError",
]


class ChalkgradError(Exception):
    """The base of all of Chalkgrad's errors: a message and, on a line of its own, a hint.

    >>> raise ChalkgradError("the sky is green", hint="look again")
    Traceback (most recent call last):
    autograd.errors.ChalkgradError: the sky is green
    hint: look again
    """

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(f"{message}\nhint: {hint}" if hint else message)
        self.message = message
        self.hint = hint

    def __reduce__(self) -> tuple[object, ...]:
        # Exceptions pickle by their positional arguments; the hint is a keyword, so say how.
        return _rebuild, (type(self), self.message, self.hint)


def _rebuild(kind: type[ChalkgradError], message: str, hint: str) -> ChalkgradError:
    return kind(message, hint=hint)


class DomainError(ChalkgradError, ValueError):
    """An operation was asked for a number that does not exist, as `log(-1)`."""


class DivisionByZeroError(ChalkgradError, ZeroDivisionError):
    """Something was divided by zero, as `1 / 0` or `0 ** -1`."""


class RangeError(ChalkgradError, OverflowError):
    """A result is too large for a 64-bit float, as `exp(1000)`."""


class NotANumberError(ChalkgradError, TypeError):
    """Something that is not a real number was given where one is needed."""


class ArgumentError(ChalkgradError, ValueError):
    """A function was called with arguments that do not fit it or each other."""


class ArgumentTypeError(ChalkgradError, TypeError):
    """An argument is of the wrong kind, or there are too many or too few."""


class GradientError(ChalkgradError, ArithmeticError):
    """A gradient is infinite or undefined, as that of `sqrt(x)` at 0."""


class GraphError(ChalkgradError, RuntimeError):
    """The graph does not allow what was asked, as to pickle a node in its middle."""
