"""The house as DESIGN draws it: which package and file may import which, and the contents pages."""

from __future__ import annotations

import ast
import graphlib
import importlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import hypothesis
import pytest

import nn
import tests.conftest as conftest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("autograd", "nn", "viz")
FOLDERS = ("autograd.program", "autograd.notation", "autograd.derivation", "autograd.marking")

# The command that trains with nn and draws with viz stands above both, on nn's public names only.
ABOVE = "viz/train.py"

# The wings of the engine, from the ground up: a file imports only from its own or a lower one.
WINGS = ("", "program", "notation", "derivation", "marking")


def imports(file: Path) -> set[str]:
    """The dotted names of all modules a file imports, also inside functions."""
    names = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file.name} uses a relative import"
            names.add(node.module or "")
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return names


def sources(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


@pytest.mark.parametrize(
    ("package", "forbidden"),
    [("autograd", ("nn", "viz")), ("nn", ("viz", "autograd.")), ("viz", ("nn", "autograd."))],
)
def test_packages_import_one_way(package: str, forbidden: tuple[str, ...]) -> None:
    own = {f"autograd.{name}" for name in importlib.import_module("autograd").__all__}
    for file in sources(package):
        for name in imports(file) - own:
            if f"{package}/{file.name}" == ABOVE and name.split(".")[0] == "nn":
                assert name.removeprefix("nn").removeprefix(".") in {"", *nn.__all__}, name
                continue
            for root in forbidden:
                inside = name.startswith(root) if root.endswith(".") else name.split(".")[0] == root
                assert not inside, f"{package}/{file.name} imports {name}"


def test_nothing_below_imports_the_command() -> None:
    for file in sources("viz"):
        if file.name not in ("train.py", "command.py", "__main__.py"):
            assert not {"viz.train", "viz.command"} & imports(file), file


def test_files_of_the_engine_import_downwards() -> None:
    files = [file for file in sources("autograd") if file.stem != "__init__"]
    modules = {".".join(file.relative_to(ROOT).with_suffix("").parts): file for file in files}
    height = {name: WINGS.index(".".join(name.split(".")[1:-1])) for name in modules}
    arrows = {name: imports(file) & modules.keys() for name, file in modules.items()}
    for name, imported in arrows.items():
        for module in imported:
            assert height[module] <= height[name], f"{name} imports {module} from above"
    graphlib.TopologicalSorter(arrows).prepare()  # raises CycleError where files import in a circle


@pytest.mark.parametrize("package", PACKAGES + FOLDERS)
def test_contents_pages_are_sorted_and_true(package: str) -> None:
    module = importlib.import_module(package)
    assert list(module.__all__) == sorted(set(module.__all__))
    for name in module.__all__:
        assert hasattr(module, name)
    public = {
        name
        for name, thing in vars(module).items()
        if not name.startswith("_") and not isinstance(thing, type(sys))
    }
    assert public - {"annotations"} <= set(module.__all__)


@pytest.mark.parametrize("package", PACKAGES + FOLDERS)
def test_every_public_thing_is_documented(package: str) -> None:
    module = importlib.import_module(package)
    for name in module.__all__:
        thing = getattr(module, name)
        if callable(thing) and thing is not importlib.import_module("autograd").Operation:
            assert (thing.__doc__ or "").strip(), f"{package}.{name} has no docstring"


@pytest.mark.parametrize("package", ["autograd", "nn"])
def test_importing_loads_only_the_standard_library(package: str) -> None:
    code = f"import sys, {package}; print(*(name.partition('.')[0] for name in sys.modules))"
    loaded = subprocess.run(
        [sys.executable, "-S", "-c", code], cwd=ROOT, capture_output=True, text=True, check=False,
        env={
            "PYTHONPATH": str(Path(hypothesis.__file__).parents[1]),
            "SYSTEMROOT": os.environ.get("SYSTEMROOT", ""),  # Windows cannot do without
        },
    )  # fmt: skip
    assert loaded.returncode == 0, loaded.stderr
    foreign = set(loaded.stdout.split()) - set(sys.stdlib_module_names) - {*PACKAGES, "__main__"}
    # What compiled modules share with each other, and no file: "cython_runtime" and a version.
    assert not {name for name in foreign if not name.startswith(("cython_runtime", "_cython_"))}


def test_only_the_marking_needs_flint() -> None:
    for file in sources("autograd"):
        for name in imports(file):
            assert name.split(".")[0] != "flint" or file.parent.name == "marking", file


def test_no_file_is_imported_by_a_private_name() -> None:
    for package in PACKAGES:
        for file in sources(package):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(PACKAGES):
                    home = ROOT / (node.module or "").replace(".", "/")
                    is_own = home.parent == file.parent or not file.relative_to(ROOT).parts[1:-1]
                    names = [alias.name for alias in node.names if alias.name.startswith("_")]
                    assert is_own or not names, f"{file.name} imports {names}"


def test_importing_viz_is_light() -> None:
    code = "import sys, viz; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    heavy = {"matplotlib", "fontTools", "PIL", "resvg_py", "rich", "numpy"}
    assert not heavy & set(loaded.stdout.split())


def test_a_compiled_file_older_than_its_source_is_found(tmp_path: Path) -> None:
    compiled, source = tmp_path / "value.so", tmp_path / "value.py"
    compiled.touch()
    source.touch()
    for newer, older, expected in [(compiled, source, []), (source, compiled, ["value.py"])]:
        os.utime(older, (1000, 1000))
        os.utime(newer, (2000, 2000))
        assert conftest.stale([(compiled, source)]) == expected


def test_a_copied_source_is_not_taken_to_be_a_changed_one(tmp_path: Path) -> None:
    folder = tmp_path / "autograd"
    folder.mkdir()
    compiled, source, types = folder / "value.so", folder / "value.py", folder / "value.pxd"
    for file in (source, types, compiled):
        file.write_text("a = 1\n", encoding="utf-8")
    hashes = {f"autograd/{file.name}": conftest.hash_of(file) for file in (source, types)}
    hashes[".build/nodes.h"] = "not installed with the rest"
    (folder / "build.json").write_text(json.dumps({"compiled": hashes}), encoding="utf-8")
    os.utime(compiled, (1000, 1000))  # before its source, as copied
    assert conftest.stale([(compiled, source)]) == []
    source.write_bytes(b"a = 1\r\n")
    assert conftest.stale([(compiled, source)]) == []
    types.write_text("a = 2\n", encoding="utf-8")
    os.utime(compiled, (2000, 2000))
    os.utime(types, (1000, 1000))
    assert conftest.stale([(compiled, source)]) == ["value.pxd"]


def test_nothing_evaluates_or_unpickles() -> None:
    forbidden = re.compile(
        r"(?<![\w.])(?<!def )(eval|exec)\(|pickle\.loads?\("
    )  # compile() is ours
    for package in PACKAGES:
        for file in sources(package):
            assert not forbidden.search(file.read_text(encoding="utf-8")), file.name
