"""A file is replaced only when the new one is whole; what is no file is written to, or refused."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

from viz.errors import PictureFileError

__all__ = ["write_whole"]


def write_whole(path: Path, content: bytes) -> None:
    """Writes `content` to `path`, making folders that are missing.

    Onto a regular file or nothing it goes by way of a file beside it, which then takes its place
    and has its mode, so that at no moment there is half a file; a link stays a link. To a pipe, a
    terminal or the like it is written as a stream. Raises PictureFileError where that cannot be
    done, and for a read-only file, a folder, a disk or a socket; what stood there still stands.
    """
    try:
        old = _status(path)
        refusal = "" if old is None else _refusal(path, old.st_mode)
        if refusal:
            raise PictureFileError(f"{path} cannot be written: {refusal}", hint=_HINT)
        if _is_stream(path) or (old is not None and not stat.S_ISREG(old.st_mode)):
            _write_stream(path, content)
        else:
            _replace(Path(os.path.realpath(path)), old, content)
    except PictureFileError:
        raise
    except (OSError, ValueError) as error:  # ValueError: a name with a null character in it
        reason = getattr(error, "strerror", None) or error
        raise PictureFileError(f"{path} cannot be written: {reason}", hint=_HINT) from error


_HINT = "choose a folder that you may write to, and a name that is a file's or nothing's"


def _status(path: Path) -> os.stat_result | None:
    """That of what stands at the end of all links; None where nothing does."""
    try:
        return path.stat()
    except FileNotFoundError:
        return None


def _refusal(path: Path, mode: int) -> str:
    """Why nothing may be written there, or nothing."""
    kinds = [(stat.S_ISDIR, "a folder"), (stat.S_ISBLK, "a disk"), (stat.S_ISSOCK, "a socket")]
    for is_kind, name in kinds:
        if is_kind(mode):
            return f"it is {name}"
    # To the superuser, access() says that all may be written.
    writable = mode & (stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH) and os.access(path, os.W_OK)
    return "" if writable else "it is read-only"


def _is_stream(path: Path) -> bool:
    """Whether it is or leads to something that is open already, as /dev/stdout does."""
    for _ in range(40):
        folder = Path(os.path.realpath(path.parent))
        if folder.is_relative_to("/proc") or folder == Path("/dev/fd"):
            return True
        if not path.is_symlink():
            return False
        path = folder / path.readlink()
    return False


def _write_stream(path: Path, content: bytes) -> None:
    with open(os.open(path, os.O_WRONLY | os.O_APPEND), "wb") as stream:  # neither made nor cut
        stream.write(content)


def _replace(target: Path, old: os.stat_result | None, content: bytes) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    beside = target.with_name(f".{uuid4().hex}.part")
    try:
        if old is not None:
            beside.touch(stat.S_IRUSR | stat.S_IWUSR, exist_ok=False)
            if hasattr(os, "chown"):
                with suppress(OSError):  # the superuser may write other people's files
                    os.chown(beside, old.st_uid, old.st_gid)
            beside.chmod(stat.S_IMODE(old.st_mode))
        beside.write_bytes(content)
        beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)
