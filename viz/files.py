"""A file is replaced only when the new one is whole."""

from __future__ import annotations

import os
from pathlib import Path
from uuid import uuid4

from viz.errors import PictureFileError

__all__ = ["write_whole"]


def write_whole(path: Path, content: bytes) -> None:
    """Writes `content` to `path`, making folders that are missing.

    It goes into a file beside it first, which then takes its place, so that at no moment there is
    half a file. Raises PictureFileError where that cannot be done; what stood there still stands.
    """
    target = Path(os.path.realpath(path))  # a link stays a link
    beside = target.with_name(f".{target.name}.{uuid4().hex[:8]}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            beside.write_bytes(content)
            beside.replace(target)
        finally:
            beside.unlink(missing_ok=True)
    except OSError as error:
        raise PictureFileError(
            f"the picture cannot be written to {path}: {error.strerror or error}",
            hint="choose a folder that you may write to, and a name that is not a folder's",
        ) from error
