"""What can go wrong with a network: what it was given, or how its training went."""

from __future__ import annotations

from autograd import ChalkgradError

__all__ = ["ArgumentError", "ArgumentTypeError", "TrainingError"]


class ArgumentError(ChalkgradError, ValueError):
    """A size, row, target, probability or setting that does not fit where it was given."""


class ArgumentTypeError(ChalkgradError, TypeError):
    """A thing of the wrong kind, as text for an optimizer or a float for a class label."""


class TrainingError(ChalkgradError, ArithmeticError):
    """A loss, gradient or update that is infinite or undefined; it stopped the training."""
