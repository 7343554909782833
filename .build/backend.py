"""The build backend: setuptools, with the engine compiled by Cython where that is possible.

All or nothing: compiled where a C compiler and Python's headers work; plain, the same sources as
they stand, where they do not or where the environment says CHALKGRAD_PURE=1. Where it says
CHALKGRAD_REQUIRE_COMPILED=1 a plain build is an error. `pip install -v .` shows which it was, and
`python -c "import autograd; print(autograd.compiled)"` afterwards.
"""

from __future__ import annotations

import os
import sys
import sysconfig
from pathlib import Path

from setuptools import Extension, build_meta, setup
from setuptools.command.build_ext import build_ext
from setuptools.command.sdist import sdist

# All that a recorded operation, backward() and the transforms pass through. (Errors stay plain: a
# C class has one base, they have two.)
MODULES = [
    "reals", "ops", "modes", "value", "graph", "composites", "trees", "tape", "curvature",
    "transforms",
]  # fmt: skip

DIRECTIVES = {
    "language_level": 3,
    "annotation_typing": False,  # where the .pxd says all; value.py says otherwise
    "auto_pickle": False,
    "cdivision": True,  # divisors are checked where they can be 0
    "embedsignature": True,
    "embedsignature.format": "python",
    "initializedcheck": False,
}


def asked(variable: str) -> bool:
    """Whether an environment variable says yes."""
    return os.environ.get(variable, "0") not in ("", "0")


def say(text: str) -> None:
    """One line in the build's output."""
    print(f"chalkgrad: {text}", file=sys.stderr, flush=True)


def extensions() -> list[Extension]:
    """The engine as extension modules; none for a plain build."""
    if asked("CHALKGRAD_PURE"):
        return []
    if sysconfig.get_config_var("Py_GIL_DISABLED"):
        return plain("nodes.h needs the global interpreter lock")
    try:
        # Needed here only, and slow to import.
        from Cython.Build import cythonize  # noqa: PLC0415
        from Cython.Compiler.Errors import CompileError  # noqa: PLC0415
    except ImportError as error:
        return plain(str(error))
    # A fused multiply-add would round otherwise than plain Python does.
    flags = [] if sys.platform == "win32" else ["-O3", "-g0", "-ffp-contract=off"]
    modules = [
        Extension(
            f"autograd.{name}",
            [f"autograd/{name}.py"],
            include_dirs=[".build"],
            depends=[".build/nodes.h"],
            extra_compile_args=flags,
        )
        for name in MODULES
    ]
    try:
        return cythonize(
            modules, build_dir="build/cython", compiler_directives=DIRECTIVES, quiet=True
        )
    except CompileError as error:
        return plain(f"this Cython does not compile it: {error}")


def plain(trouble: str) -> list[Extension]:
    """No extension modules, and a word on why; an error where a compiled engine is required."""
    if asked("CHALKGRAD_REQUIRE_COMPILED"):
        raise SystemExit(f"chalkgrad: cannot be compiled here: {trouble}")
    say(f"cannot be compiled here, so the engine is plain, slower Python: {trouble}")
    return []


def remove_compiled(folder: Path) -> None:
    """Removes compiled files, which Python would prefer to the sources beside them."""
    for pattern in ("autograd/*.so", "autograd/*.pyd"):
        for old in folder.glob(pattern):
            old.unlink()


class AllOrNothing(build_ext):
    """Builds every extension module, or leaves none."""

    def run(self) -> None:
        """Compiles; where that fails, makes it a plain build."""
        try:
            super().run()
        except Exception as error:  # a missing compiler raises many things
            plain(f"{type(error).__name__}: {error}")
            remove_compiled(Path(self.build_lib))
            remove_compiled(Path())
            self.extensions = []


class SdistWithBackend(sdist):
    """A source distribution that can be built again."""

    def make_distribution(self) -> None:
        """Adds this folder's files, and the C types, to those that are packed."""
        types = [str(file) for file in Path("autograd").glob("*.pxd")]
        self.filelist.extend([".build/backend.py", ".build/nodes.h", *types])
        super().make_distribution()


class Backend(build_meta._BuildMetaBackend):
    """setuptools' own backend, with `setup()` called here instead of in a setup.py."""

    def run_setup(self, setup_script: str = "setup.py") -> None:
        """Runs the command that the hooks below have put into sys.argv."""
        builds = not {"egg_info", "dist_info", "sdist"} & set(sys.argv)
        if builds:
            remove_compiled(Path())
        commands = {"sdist": SdistWithBackend, "build_ext": AllOrNothing}
        setup(ext_modules=extensions() if builds else [], cmdclass=commands)


_backend = Backend()
build_wheel = _backend.build_wheel
build_editable = _backend.build_editable
build_sdist = _backend.build_sdist
prepare_metadata_for_build_wheel = _backend.prepare_metadata_for_build_wheel
prepare_metadata_for_build_editable = _backend.prepare_metadata_for_build_editable
get_requires_for_build_wheel = _backend.get_requires_for_build_wheel
get_requires_for_build_editable = _backend.get_requires_for_build_editable
get_requires_for_build_sdist = _backend.get_requires_for_build_sdist
