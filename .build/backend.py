"""The build backend: setuptools, with the engine compiled by Cython where that is possible.

All or nothing: compiled where a C compiler and Python's headers work; plain, the same sources as
they stand, where they do not or where the environment says CHALKGRAD_PURE=1. Where it says
CHALKGRAD_REQUIRE_COMPILED=1 a plain build is an error. `pip install -v .` shows which it was, and
`chalkgrad --version` afterwards. autograd/build.json keeps what a build was: plain as was asked
for, plain for a reason (of which importing it warns), or compiled from sources of these hashes.
(CHALKGRAD_PURE=fallback makes a plain wheel for whoever has no better one, which warns as well.)
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import sysconfig
from pathlib import Path
from typing import Any

from setuptools import Extension, build_meta, setup
from setuptools.command.build_ext import build_ext
from setuptools.command.sdist import sdist

# All that a recorded operation, backward() and the transforms pass through. (Errors stay plain: a
# C class has one base, they have two.)
MODULES = [
    "reals", "ops", "modes", "value", "graph", "composites", "leaves", "trees", "tape", "curvature",
    "transforms", "columns",
]  # fmt: skip

# What Cython cannot say.
HEADERS = [".build/nodes.h", ".build/columns.h"]

# Where nodes.h cannot work, and why.
NEVER_COMPILED = (
    "nodes.h needs the global interpreter lock"
    if sysconfig.get_config_var("Py_GIL_DISABLED")
    else "nodes.h gives memory back in parts, which WebAssembly does not know"
    if "emscripten" in (sys.platform, os.environ.get("_PYTHON_HOST_PLATFORM", "").partition("_")[0])
    else ""
)

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
        fallback = os.environ["CHALKGRAD_PURE"] == "fallback"
        remember({"plain": "this is the wheel for every system" if fallback else "asked for"})
        return []
    if NEVER_COMPILED:
        return plain(NEVER_COMPILED)
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
            depends=HEADERS,
            extra_compile_args=flags,
        )
        for name in MODULES
    ]
    try:
        made = cythonize(
            modules, build_dir="build/cython", compiler_directives=DIRECTIVES, quiet=True
        )
    except CompileError as error:
        return plain(f"this Cython does not compile it: {error}")
    sources = [*(Path(f"autograd/{name}.py") for name in MODULES), *types(), *map(Path, HEADERS)]
    remember({"compiled": {source.as_posix(): digest(source) for source in sources}})
    return made


def types() -> list[Path]:
    """The files with the C types of the modules beside them."""
    return sorted(Path("autograd").glob("*.pxd"))


def plain(trouble: str) -> list[Extension]:
    """No extension modules, and a word on why; an error where a compiled engine is required."""
    if asked("CHALKGRAD_REQUIRE_COMPILED"):
        raise SystemExit(f"chalkgrad: cannot be compiled here: {trouble}")
    say(f"cannot be compiled here, so the engine is plain, slower Python: {trouble}")
    remember({"plain": trouble})
    return []


def digest(file: Path) -> str:
    """The hash of a source, however its lines end."""
    return hashlib.sha256(file.read_bytes().replace(b"\r\n", b"\n")).hexdigest()


def remember(what: dict[str, object], folder: Path = Path()) -> None:
    """Writes down what the build in a folder is."""
    text = json.dumps(what, indent=1) + "\n"
    (folder / "autograd" / "build.json").write_text(text, encoding="utf-8")


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
            trouble = f"{type(error).__name__}: {error}"
            for folder in (Path(), Path(self.build_lib)):
                remove_compiled(folder)
                if (folder / "autograd").is_dir():
                    remember({"plain": trouble}, folder)
            self.extensions = plain(trouble)


class SdistWithBackend(sdist):
    """A source distribution that can be built again."""

    def make_distribution(self) -> None:
        """Adds this folder's files, and the C types, to those that are packed."""
        self.filelist.extend([".build/backend.py", *HEADERS, *map(str, types())])
        self.filelist.exclude("autograd/build.json")  # what was built here
        super().make_distribution()


class Backend(build_meta._BuildMetaBackend):
    """setuptools' own backend, with `setup()` called here instead of in a setup.py."""

    def get_requires_for_build_wheel(self, config_settings: Any = None) -> list[str]:
        """Cython too, where it is of use: a plain engine is built without it."""
        needs = [] if asked("CHALKGRAD_PURE") or NEVER_COMPILED else ["cython>=3.1,<4"]
        return [*super().get_requires_for_build_wheel(config_settings), *needs]

    def run_setup(self, setup_script: str = "setup.py") -> None:
        """Runs the command that the hooks below have put into sys.argv."""
        builds = not {"egg_info", "dist_info", "sdist"} & set(sys.argv)
        if builds:
            remove_compiled(Path())
        commands = {"sdist": SdistWithBackend, "build_ext": AllOrNothing}
        setup(ext_modules=extensions() if builds else [], cmdclass=commands)


_backend = Backend()
get_requires_for_build_wheel = _backend.get_requires_for_build_wheel
get_requires_for_build_editable = _backend.get_requires_for_build_wheel
build_wheel = _backend.build_wheel
build_editable = _backend.build_editable
build_sdist = _backend.build_sdist
prepare_metadata_for_build_wheel = _backend.prepare_metadata_for_build_wheel
prepare_metadata_for_build_editable = _backend.prepare_metadata_for_build_editable
get_requires_for_build_sdist = _backend.get_requires_for_build_sdist
