"""What holds for every test: deterministic properties, an engine that is what its source says."""

from __future__ import annotations

import hashlib
import importlib
import json
import os
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

import autograd

settings.register_profile(
    "deterministic",
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],  # a noisy machine is no reason to fail
)
settings.load_profile("deterministic")


# Where the packages are installed and their sources are elsewhere, as in a test of a wheel.
if not Path(__file__).parents[1].joinpath("autograd").exists():
    collect_ignore = ["test_build.py", "test_readme.py", "test_structure.py"]

# The suite tells which engine it runs on; the processes that it starts need not tell again.
if not autograd.compiled:
    os.environ.setdefault("CHALKGRAD_PURE", "1")


def compiled_files() -> list[tuple[Path, Path]]:
    """(compiled file, its source) for each module of the engine that runs compiled."""
    pairs = []
    for name, module in list(sys.modules.items()):
        if name.startswith("autograd.") and module.__file__ is not None:
            file = Path(module.__file__)
            if file.suffix != ".py":
                pairs.append((file, file.parent / f"{name.rpartition('.')[2]}.py"))
    return pairs


def stale(pairs: list[tuple[Path, Path]]) -> list[str]:
    """The sources that have changed since they were compiled.

    By the hashes that the build has written down, as a copy has times of its own; by the times
    where there are none.
    """
    changed = []
    for folder in {source.parent for _, source in pairs}:
        try:
            build = json.loads((folder / "build.json").read_text(encoding="utf-8"))
            hashes = build["compiled"].items()
        except (OSError, ValueError, KeyError):
            changed += [
                source.name
                for compiled, source in pairs
                if source.stat().st_mtime > compiled.stat().st_mtime
            ]
        else:
            changed += [
                Path(name).name
                for name, digest in hashes
                if (folder.parent / name).exists() and hash_of(folder.parent / name) != digest
            ]
    return sorted(changed)


def hash_of(file: Path) -> str:
    """That of a source, however its lines end."""
    return hashlib.sha256(file.read_bytes().replace(b"\r\n", b"\n")).hexdigest()


def pytest_configure() -> None:
    """Refuses to test an engine compiled from other sources than those that are read."""
    importlib.import_module("autograd")
    if old := stale(compiled_files()):
        raise pytest.UsageError(
            f"{', '.join(old)}: changed since the engine was compiled, so the tests would "
            "run old code\nhint: compile it again with: pip install -e ."
        )


def pytest_report_header() -> str:
    """Says which engine is tested."""
    return f"chalkgrad engine: {'compiled' if autograd.compiled else 'plain Python'}"
