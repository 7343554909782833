"""What can go wrong with a picture: it cannot be made as asked, or not be written there."""

from __future__ import annotations

from autograd import ArgumentError, ChalkgradError

__all__ = ["MissingPackageError", "PictureError", "PictureFileError"]


class PictureError(ArgumentError):
    """A picture cannot be made as asked: too large, of an unknown format, on no page."""


class PictureFileError(ChalkgradError, OSError):
    """A picture cannot be written where it was asked for; what stood there is unchanged."""


class MissingPackageError(ChalkgradError, ImportError):
    """A picture needs a package that is not installed; the hint names the extra that brings it."""
