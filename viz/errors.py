"""What can go wrong with a picture; for arguments that do not fit there are autograd's errors."""

from __future__ import annotations

from autograd import ChalkgradError

__all__ = ["PictureError", "PictureFileError"]


class PictureError(ChalkgradError, RuntimeError):
    """A drawing cannot be made a picture: no Graphviz where it is asked for, or it refuses."""


class PictureFileError(ChalkgradError, OSError):
    """A picture cannot be written where it was asked for; what stood there is unchanged."""
