"""What can go wrong in training; for arguments that do not fit there are autograd's errors."""

from __future__ import annotations

from autograd import ChalkgradError

__all__ = ["TrainingError"]


class TrainingError(ChalkgradError, ArithmeticError):
    """A loss, gradient or update is infinite or undefined, which stopped the training."""
