"""Packages that only pictures need: where one is missing, what is to be installed is said."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from viz.errors import MissingPackageError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["for_pictures"]


@contextmanager
def for_pictures() -> Iterator[None]:
    """Around the import of a package of the extra `pictures`. Raises MissingPackageError.

    >>> with for_pictures():
    ...     import a_package_that_nobody_has
    Traceback (most recent call last):
    viz.errors.MissingPackageError: pictures need a_package_that_nobody_has, which is not installed
    hint: pip install 'chalkgrad[pictures]'
    """
    try:
        yield
    except ModuleNotFoundError as error:
        missing = (error.name or str(error)).partition(".")[0]
        raise MissingPackageError(
            f"pictures need {missing}, which is not installed",
            hint="pip install 'chalkgrad[pictures]'",
        ) from error
