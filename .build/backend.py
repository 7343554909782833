"""The build backend: setuptools, with the engine compiled by mypyc where that is possible.

Compiled where a C compiler and Python's headers work; plain where they do not, or where the
environment says CHALKGRAD_PURE=1. The sources are the same. `pip install -v .` shows which it was,
and `python -c "import autograd; print(autograd.compiled)"` afterwards.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from setuptools import Distribution, Extension, build_meta, setup
from setuptools.command.build_ext import build_ext
from setuptools.command.sdist import sdist

if TYPE_CHECKING:
    from collections.abc import Iterable

# All that a recorded operation and backward() pass through. (Errors stay plain: a native class
# has one base, they have two.)
ENGINE = [f"autograd/{name}.py" for name in ("ops", "value", "graph", "composites", "transforms")]


def extensions() -> list[Extension]:
    """The engine as extension modules; none for a plain build."""
    if os.environ.get("CHALKGRAD_PURE", "0") not in ("", "0"):
        say("CHALKGRAD_PURE is set: the engine is installed as plain Python")
        return []
    if (trouble := compiler_trouble()) is not None:
        say(f"no working C compiler, so the engine is installed as plain, slower Python: {trouble}")
        return []
    # mypyc is needed here only, and takes a second to import.
    from mypyc.build import mypycify  # noqa: PLC0415

    modules: list[Extension] = mypycify(
        ["--config-file=", "--follow-imports=silent", *ENGINE],
        target_dir="build/mypyc",
        group_name="chalkgrad",
    )
    for source in {source for module in modules for source in module.sources}:
        take_value_out_of_trashcan(Path(source))
    for module in modules:
        if sys.platform != "win32":
            # A fused multiply-add would round otherwise than plain Python does.
            module.extra_compile_args.append("-ffp-contract=off")
    say("the engine is compiled to native code by mypyc")
    return modules


def say(text: str) -> None:
    """One line in the build's output."""
    print(f"chalkgrad: {text}", file=sys.stderr, flush=True)


def compiler_trouble() -> str | None:
    """Why a module that includes Python's headers cannot be built here; None where it can."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "probe.c")
        source.write_text(
            "#include <Python.h>\nPyMODINIT_FUNC PyInit_probe(void) { return NULL; }\n"
        )
        command = build_ext(Distribution({"ext_modules": [Extension("probe", [str(source)])]}))
        command.build_lib = command.build_temp = folder
        try:
            command.ensure_finalized()
            command.run()
        except Exception as error:  # a missing compiler raises many things
            return f"{type(error).__name__}: {error}"
    return None


def take_value_out_of_trashcan(source: Path) -> None:
    """Removes CPython's trashcan from the deallocator of `Value`, in C that mypyc made.

    The trashcan, which bounds how deep deallocations nest, keeps its list in the objects' garbage
    collector headers. mypyc puts it into acyclic classes too, which have no such header: a Value
    freed within 50 nested containers would overwrite what lies before it in memory. Value.__del__
    bounds the nesting by itself.
    """
    dealloc = r"CPy_TRASHCAN_BEGIN\(self, value___Value_dealloc\)(.*?)CPy_TRASHCAN_END\(self\)"
    text = source.read_text()
    mended, count = re.subn(dealloc, r"\1", text, flags=re.DOTALL)
    if count == 0 and "value___Value_dealloc(" in text:
        raise RuntimeError("mypyc's C for Value has changed: see take_value_out_of_trashcan()")
    source.write_text(mended)


def remove_stale(modules: Iterable[Extension]) -> None:
    """Removes compiled files beside the sources that this build does not make anew.

    Python prefers them to the sources, so a plain build would otherwise run the old ones.
    """
    if not list(modules):
        for pattern in ("autograd/*.so", "autograd/*.pyd", "chalkgrad__mypyc*"):
            for stale in Path().glob(pattern):
                stale.unlink()


class SdistWithBackend(sdist):
    """A source distribution that holds this file too."""

    def make_distribution(self) -> None:
        """Adds the backend to the list of files before they are packed."""
        self.filelist.append(".build/backend.py")
        super().make_distribution()


class Backend(build_meta._BuildMetaBackend):
    """setuptools' own backend, with `setup()` called here instead of in a setup.py."""

    def run_setup(self, setup_script: str = "setup.py") -> None:
        """Runs the command that the hooks below have put into sys.argv."""
        builds = not {"egg_info", "dist_info", "sdist"} & set(sys.argv)
        modules = extensions() if builds else []
        if builds:
            remove_stale(modules)
        setup(ext_modules=modules, cmdclass={"sdist": SdistWithBackend})


_backend = Backend()
build_wheel = _backend.build_wheel
build_editable = _backend.build_editable
build_sdist = _backend.build_sdist
prepare_metadata_for_build_wheel = _backend.prepare_metadata_for_build_wheel
prepare_metadata_for_build_editable = _backend.prepare_metadata_for_build_editable
get_requires_for_build_wheel = _backend.get_requires_for_build_wheel
get_requires_for_build_editable = _backend.get_requires_for_build_editable
get_requires_for_build_sdist = _backend.get_requires_for_build_sdist
