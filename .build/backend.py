"""The build backend: setuptools, with the engine compiled by mypyc where that is possible.

Compiled where a C compiler and Python's headers work; plain where they do not, or where the
environment says CHALKGRAD_PURE=1. The sources are the same. `pip install -v .` shows which it was,
and `python -c "import autograd; print(autograd.compiled)"` afterwards.
"""

from __future__ import annotations

import ast
import json
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
MODULES = ["reals", "ops", "value", "graph", "composites", "transforms"]
ENGINE = [f"autograd/{name}.py" for name in MODULES]


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

    folder = Path("build", "mypyc")
    modules: list[Extension] = mypycify(
        ["--config-file=", "--follow-imports=silent", *ENGINE],
        target_dir=str(folder),
        group_name="chalkgrad",
    )
    try:
        mend_deallocators(folder / "__native_chalkgrad.c")
        add_docstrings(folder / "__native_chalkgrad.c")
    except LookupError as error:
        say(f"another mypyc than this project knows ({error}): installed as plain, slower Python")
        return []
    for module in modules:
        if sys.platform != "win32" and "-ffp-contract=off" not in module.extra_compile_args:
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


# How nodes are freed. A node frees its parents when it held the last reference to them, and they
# theirs: nested 50 deep, lest a long chain overflow the C stack; what is deeper waits, linked
# through a field that a dead node has no use for. mypyc would bound the nesting by CPython's
# trashcan, which keeps its own list in the header of the garbage collector. An acyclic class has no
# such header, so that a Value freed amid 50 nested containers would overwrite its neighbour.
NODE_DEALLOCATOR = """
    static {struct} *waiting = NULL;
    static int depth = 0;
    if (depth == 50) {{
        self->__edges = (int64_t)(intptr_t)waiting;
        waiting = self;
        return;
    }}
    for (;;) {{
        depth++;
        {clear}((PyObject *)self);
        Py_TYPE(self)->tp_free((PyObject *)self);
        depth--;
        if (depth != 0 || waiting == NULL)
            return;
        self = waiting;
        waiting = ({struct} *)(intptr_t)self->__edges;
    }}
"""
NOTES_DEALLOCATOR = """
    {clear}((PyObject *)self);
    Py_TYPE(self)->tp_free((PyObject *)self);
"""


def mend_deallocators(source: Path) -> None:
    """Puts the bodies above in place of those that mypyc wrote for the acyclic classes."""
    text = source.read_text(encoding="utf-8")
    for name, body in [("Value", NODE_DEALLOCATOR), ("_Notes", NOTES_DEALLOCATOR)]:
        head = rf"(\n\s*value___{name}_dealloc\((\w+) \*self\)\s*\{{)"
        found = re.search(head + r"(.*?)(\n\s*\}\n)", text, re.DOTALL)
        clear = f"CPyDef_value___{name}_clear"
        if found is None or clear not in found[3]:
            raise LookupError(f"the C that mypyc makes for {name} is not as expected")
        mended = found[1] + body.format(struct=found[2], clear=clear) + found[4]
        text = text[: found.start()] + mended + text[found.end() :]
    source.write_text(text, encoding="utf-8")


def add_docstrings(source: Path) -> None:
    """Puts the docstrings, which mypyc leaves out, behind the signatures it wrote."""
    text = source.read_text(encoding="utf-8")
    for file in ENGINE:
        tree = ast.parse(Path(file).read_text(encoding="utf-8"))
        methods = {
            id(item) for node in tree.body if isinstance(node, ast.ClassDef) for item in node.body
        }
        for node in ast.walk(tree):
            if not isinstance(node, (ast.ClassDef, ast.FunctionDef)):
                continue
            words = ast.get_docstring(node)
            if words:
                first = r"\$self" if id(node) in methods else r"(?!\$self)"
                signature = rf'(PyDoc_STR\("{node.name}\({first}[^"]*\)\\n--\\n\\n)"\)'
                quoted = json.dumps(words).strip('"').replace("??", "?\\?")
                text = re.sub(signature, lambda found, q=quoted: f'{found[1]}{q}")', text)
    source.write_text(text, encoding="utf-8")


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
