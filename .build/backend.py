"""The build backend: setuptools, with the engine compiled by mypyc where that is possible.

Compiled where a C compiler and Python's headers work; plain where they do not, or where the
environment says CHALKGRAD_PURE=1. The sources are the same. `pip install -v .` shows which it was,
and `python -c "import autograd; print(autograd.compiled)"` afterwards.
"""

from __future__ import annotations

import ast
import functools
import json
import os
import re
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from setuptools import Distribution, Extension, build_meta, setup
from setuptools.command.build_ext import build_ext
from setuptools.command.sdist import sdist

if TYPE_CHECKING:
    from collections.abc import Callable

# All that a recorded operation and backward() pass through. (Errors stay plain: a native class
# has one base, they have two.)
MODULES = ["reals", "ops", "value", "graph", "composites", "transforms"]
ENGINE = [f"autograd/{name}.py" for name in MODULES]


def extensions() -> list[Extension]:
    """The engine as extension modules; none for a plain build."""
    if pure():
        say("CHALKGRAD_PURE is set: the engine is installed as plain Python")
        return []
    if (trouble := compiler_trouble()) is not None:
        say(f"cannot compile here, so the engine is installed as plain, slower Python: {trouble}")
        return []
    # mypyc is needed here only, and takes a second to import.
    from mypyc.build import mypycify  # noqa: PLC0415

    folder = Path("build", "mypyc")
    modules: list[Extension] = mypycify(
        ["--config-file=", "--follow-imports=silent", *ENGINE],
        target_dir=str(folder),
        group_name="chalkgrad",
    )
    source = folder / "__native_chalkgrad.c"
    text = source.read_text(encoding="utf-8")
    try:
        for mend in (own_memory_management, refuse_deletion, add_docstrings):
            text = mend(text)
    except LookupError as error:
        say(f"another mypyc than this project knows ({error}): installed as plain, slower Python")
        return []
    source.write_text(text, encoding="utf-8")
    for module in modules:
        # A newer compiler's new warning is no reason not to install.
        module.extra_compile_args = [a for a in module.extra_compile_args if a != "-Werror"]
        if sys.platform != "win32":
            # A fused multiply-add would round otherwise than plain Python does.
            module.extra_compile_args.append("-ffp-contract=off")
    return modules


def pure() -> bool:
    """Whether a plain engine is asked for."""
    return os.environ.get("CHALKGRAD_PURE", "0") not in ("", "0")


def say(text: str) -> None:
    """One line in the build's output."""
    print(f"chalkgrad: {text}", file=sys.stderr, flush=True)


def compiler_trouble() -> str | None:
    """Why a module that includes Python's headers cannot be built here; None where it can."""
    if sysconfig.get_config_var("Py_GIL_DISABLED"):
        return "nodes.c needs the global interpreter lock"
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


def own_memory_management(text: str) -> str:
    """Lets the functions of nodes.c allocate and free the nodes.

    mypyc's own deallocators would be wrong: nodes.c says why. That of the notes on a node, which
    hold no nodes, needs no more than to go without CPython's trashcan.
    """

    def replace(pattern: str, replacement: str) -> None:
        nonlocal text
        text, found = re.subn(pattern, lambda _: replacement, text, count=1, flags=re.DOTALL)
        if not found:
            raise LookupError(f"its C has no {pattern.partition('(')[0]!r}")

    def replace_body(function: str, body: str) -> None:
        nonlocal text
        head = rf"(\n *)([^\n;]*\b{function}\([^\n;]*\)\s*\{{)"
        whole = re.search(rf"{head}.*?\1\}}\n", text, re.DOTALL)
        if not whole:
            raise LookupError(f"its C has no function {function!r}")
        text = f"{text[: whole.start()]}{whole[1]}{whole[2]}\n    {body}\n}}\n{text[whole.end() :]}"

    nodes = Path(__file__).with_name("nodes.c").read_text(encoding="utf-8")
    value = "value___Value"
    replace(
        rf"\(autograd___{value}Object \*\)type->tp_alloc\(type, 0\);",
        "node_allocate(type);\n    if (self != NULL)\n"
        "        self->__operation = self->__left = self->__right = self->__notes = NULL;",
    )
    replace_body(f"{value}_dealloc", f"node_free(self, CPyDef_{value}_clear);")
    replace_body("CPyDef_value____blank", f"return node_blank(CPyType_{value}, {value}_vtable);")
    replace_body(
        "value____Notes_dealloc",
        "CPyDef_value____Notes_clear((PyObject *)self);\n"
        "    Py_TYPE(self)->tp_free((PyObject *)self);",
    )
    replace(rf"(?=\n *static void\s+{value}_dealloc\()", f"\n{nodes}")
    return text


def refuse_deletion(text: str) -> str:
    """Lets `del v.grad` raise, as in plain Python: mypyc's setters of properties would crash."""
    setter = re.compile(r"\{\n(?= *char retval = 2;\n *retval = \w+__mypyc_setter__(\w+)\()")
    text, found = setter.subn(
        lambda match: (
            "{\n    if (value == NULL) {\n"
            f'        PyErr_SetString(PyExc_AttributeError, "{match[1]} cannot be deleted");\n'
            "        return -1;\n    }\n"
        ),
        text,
    )
    if not found:
        raise LookupError("its C has no setters of properties")
    return text


def add_docstrings(text: str) -> str:
    """Puts the docstrings, which mypyc leaves out, behind the signatures it wrote."""
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
    return text


def remove_compiled() -> None:
    """Removes compiled files beside the sources: Python prefers them, also where they are old."""
    for pattern in ("autograd/*.so", "autograd/*.pyd", "chalkgrad__mypyc*"):
        for old in Path().glob(pattern):
            old.unlink()


class SdistWithBackend(sdist):
    """A source distribution that can be built again."""

    def make_distribution(self) -> None:
        """Adds this folder's files to those that are packed."""
        self.filelist.extend([".build/backend.py", ".build/nodes.c"])
        super().make_distribution()


class Backend(build_meta._BuildMetaBackend):
    """setuptools' own backend, with `setup()` called here instead of in a setup.py."""

    def run_setup(self, setup_script: str = "setup.py") -> None:
        """Runs the command that the hooks below have put into sys.argv."""
        builds = not {"egg_info", "dist_info", "sdist"} & set(sys.argv)
        modules = extensions() if builds else []
        if builds and not modules:
            remove_compiled()
        setup(ext_modules=modules, cmdclass={"sdist": SdistWithBackend})
        if modules:
            say("the engine is compiled to native code by mypyc")


def or_plain(build: Callable[..., str]) -> Callable[..., str]:
    """The hook `build`, tried once more for a plain engine where compiling fails."""

    @functools.wraps(build)
    def hook(*arguments: object, **named: object) -> str:
        try:
            return build(*arguments, **named)
        except SystemExit as error:
            if pure():
                raise
            say(f"compiling failed ({error}), so it is done without")
            os.environ["CHALKGRAD_PURE"] = "1"
            return build(*arguments, **named)

    return hook


_backend = Backend()
build_wheel = or_plain(_backend.build_wheel)
build_editable = or_plain(_backend.build_editable)
build_sdist = _backend.build_sdist
prepare_metadata_for_build_wheel = _backend.prepare_metadata_for_build_wheel
prepare_metadata_for_build_editable = _backend.prepare_metadata_for_build_editable
get_requires_for_build_wheel = _backend.get_requires_for_build_wheel
get_requires_for_build_editable = _backend.get_requires_for_build_editable
get_requires_for_build_sdist = _backend.get_requires_for_build_sdist
