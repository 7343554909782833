"""What can go wrong with a picture: it cannot be drawn as asked, or not be written there."""

from __future__ import annotations

from autograd import ChalkgradError

__all__ = ["PictureError", "PictureFileError"]


class PictureError(ChalkgradError, ValueError):
    """A picture cannot be drawn as asked: too large to read, an unknown format, no Graphviz."""


class PictureFileError(ChalkgradError, OSError):
    """A picture cannot be written where it was asked for; what stood there is unchanged."""
