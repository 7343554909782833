"""Says so where the engine runs as plain Python, ten times slower, though nobody asked for that."""

from __future__ import annotations

import json
import os
import warnings
from pathlib import Path

__all__ = ["warn_unless_asked_for"]


def warn_unless_asked_for() -> None:
    """Warns of a plain engine, with the reason that its build has written down, and the remedy.

    Asked for is what was installed, or is run, with CHALKGRAD_PURE=1 in the environment.
    """
    reason = _reason()
    if reason and os.environ.get("CHALKGRAD_PURE", "0") in ("", "0"):
        warnings.warn(
            "Chalkgrad's engine runs as plain Python here, about ten times slower than compiled: "
            f"{reason}\nhint: with a C compiler and Python's headers installed, install it anew: "
            "pip install --force-reinstall --no-cache-dir --no-binary chalkgrad chalkgrad (in a "
            "clone: pip install -e .). Where plain Python is meant, set CHALKGRAD_PURE=1",
            RuntimeWarning,
            stacklevel=3,  # where autograd is imported
        )


def _reason() -> str:
    """Why it is plain; empty where that was asked for when it was built."""
    try:
        build = json.loads(Path(__file__).with_name("build.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return "nothing has compiled it"
    plain = str(build.get("plain", "it was compiled for another Python"))
    return "" if plain == "asked for" else plain
