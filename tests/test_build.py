""".build/backend.py: the engine compiled as a whole, or plain as a whole, and it says so."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import hash_of

ROOT = Path(__file__).resolve().parents[1]
BUILD = """
import sys
sys.path.insert(0, ".build")
import backend
sys.argv = ["setup.py", "build_ext", "--inplace"]
backend._backend.run_setup()
"""
PLAIN = {"CHALKGRAD_PURE": "1"}
NO_COMPILER = {"CC": "false", "CXX": "false"}
NO_CYTHON = {"PYTHONPATH": "hidden"}
ON_WEBASSEMBLY = {"_PYTHON_HOST_PLATFORM": "emscripten_4_0_9_wasm32"}
NEVER_COMPILED = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))
REQUIRED = {"CHALKGRAD_REQUIRE_COMPILED": "1"}

LACKING = [
    pytest.param(
        NO_COMPILER, id="compiler",
        marks=pytest.mark.skipif(os.name == "nt", reason="that compiler is not named by CC"),
    ),
    pytest.param(NO_CYTHON, id="Cython"),
    pytest.param(ON_WEBASSEMBLY, id="WebAssembly"),
]  # fmt: skip


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of what is built, with a compiled file that an earlier build has left."""
    for name in (".build", "autograd"):
        ignored = shutil.ignore_patterns("*.so", "*.pyd", "__pycache__")
        shutil.copytree(ROOT / name, tmp_path / name, ignore=ignored)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, tmp_path / name)
    (tmp_path / "nn").mkdir()
    (tmp_path / "viz" / "explorer").mkdir(parents=True)
    (tmp_path / "autograd" / "value.cpython-old.so").touch()
    (tmp_path / "hidden" / "Cython").mkdir(parents=True)
    (tmp_path / "hidden" / "Cython" / "__init__.py").write_text("raise ImportError('no Cython')")
    return tmp_path


def build(project: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    asked_for = {k: v for k, v in os.environ.items() if not k.startswith("CHALKGRAD")}
    return subprocess.run(
        [sys.executable, "-c", BUILD],
        cwd=project, env={**asked_for, **environment}, capture_output=True, text=True, check=False,
    )  # fmt: skip


def needed(project: Path, **environment: str) -> list[str]:
    """What the backend asks for before it builds a wheel."""
    code = "import sys; sys.path.insert(0, '.build'); import backend; print(*backend.{}())"
    asked_for = {k: v for k, v in os.environ.items() if not k.startswith("CHALKGRAD")}
    wheel, editable = (
        subprocess.run(
            [sys.executable, "-c", code.format(f"get_requires_for_build_{kind}")],
            cwd=project, env={**asked_for, **environment}, capture_output=True, text=True,
            check=True,
        ).stdout.splitlines()[-1]
        for kind in ("wheel", "editable")
    )  # fmt: skip
    assert wheel == editable
    return wheel.split()


def recorded(project: Path) -> Any:
    return json.loads((project / "autograd" / "build.json").read_text(encoding="utf-8"))


def importing(project: Path, *options: str, **environment: str) -> Any:
    """What importing the engine of this copy says."""
    asked_for = {k: v for k, v in os.environ.items() if not k.startswith("CHALKGRAD")}
    return subprocess.run(
        [sys.executable, *options, "-c", "import autograd; import autograd.checking"],
        cwd=project, env={**asked_for, "PYTHONPATH": "", **environment}, capture_output=True,
        text=True, check=False,
    )  # fmt: skip


def compiled(project: Path) -> set[str]:
    """The modules of which there is a compiled file."""
    files = [*(project / "autograd").glob("*.so"), *(project / "autograd").glob("*.pyd")]
    return {file.name.partition(".")[0] for file in files}


def said(build: subprocess.CompletedProcess[str]) -> list[str]:
    return [line for line in build.stderr.splitlines() if line.startswith("chalkgrad: ")]


def test_a_plain_engine_is_built_where_asked_for(project: Path) -> None:
    done = build(project, **PLAIN)
    assert done.returncode == 0, done.stderr
    assert compiled(project) == set()
    assert said(done) == []
    assert recorded(project) == {"plain": "asked for"}
    assert importing(project, "-W", "error").stderr == ""


@pytest.mark.parametrize("lacks", LACKING)
def test_where_it_cannot_be_compiled_the_whole_engine_is_plain_and_says_so_in_a_line(
    project: Path, lacks: dict[str, str]
) -> None:
    done = build(project, **lacks)
    assert done.returncode == 0, done.stderr
    assert compiled(project) == set()
    (line,) = said(done)
    assert "plain" in line
    told = importing(project).stderr
    assert told.count("RuntimeWarning: Chalkgrad's engine runs as plain Python here") == 1
    assert recorded(project)["plain"] in told
    assert recorded(project)["plain"] in line
    assert "hint: " in told
    assert told.startswith("<string>:1: ")  # the import, not a line of ours
    assert importing(project, **PLAIN).stderr == ""


@pytest.mark.parametrize("lacks", LACKING)
def test_a_plain_engine_is_an_error_where_a_compiled_one_is_required(
    project: Path, lacks: dict[str, str]
) -> None:
    done = build(project, **lacks, **REQUIRED)
    assert done.returncode != 0
    assert "cannot be compiled" in done.stderr


def test_one_module_that_fails_makes_the_whole_engine_plain(project: Path) -> None:
    header = project / ".build" / "nodes.h"
    header.write_text("#error a compiler that knows no such thing\n")
    done = build(project)
    assert done.returncode == 0, done.stderr
    assert compiled(project) == set()
    assert len(said(done)) == 1


def test_a_plain_engine_that_was_never_built_says_so_too(project: Path) -> None:
    (project / "autograd" / "value.cpython-old.so").unlink()
    (project / "autograd" / "build.json").unlink(missing_ok=True)
    assert "nothing has compiled it" in importing(project).stderr
    (project / "autograd" / "build.json").write_text('{"compiled": {}}')
    assert "compiled for another Python" in importing(project).stderr
    assert importing(project, "-W", "error").returncode == 1
    assert importing(project, **PLAIN).stderr == ""


def test_the_wheel_for_every_system_warns(project: Path) -> None:
    assert build(project, CHALKGRAD_PURE="fallback").returncode == 0
    assert "this is the wheel for every system" in importing(project).stderr


def test_cython_is_asked_for_only_where_it_is_of_use(project: Path) -> None:
    assert needed(project)[0].startswith("cython") is not NEVER_COMPILED
    assert needed(project, **PLAIN) == []
    assert needed(project, **ON_WEBASSEMBLY) == []


@pytest.mark.slow
def test_the_whole_engine_is_compiled(project: Path) -> None:
    sys.path.insert(0, str(project / ".build"))
    try:
        from backend import MODULES  # noqa: PLC0415
    finally:
        sys.path.remove(str(project / ".build"))
    done = build(project, **REQUIRED)
    assert done.returncode == 0, done.stderr
    assert compiled(project) == set(MODULES)
    hashes = recorded(project)["compiled"]
    assert hashes["autograd/value.py"] == hash_of(ROOT / "autograd" / "value.py")
    assert {"autograd/value.pxd", ".build/nodes.h"} <= hashes.keys()
    assert importing(project, "-W", "error").stderr == ""
