"""Every example in a docstring runs, in both modes: they are taken from the sources."""

from __future__ import annotations

import ast
import doctest
import importlib
from pathlib import Path

import pytest

import autograd
import nn
import viz
from autograd import Value, native_available

PACKAGES = [Path(package.__file__ or "").parent for package in (autograd, nn, viz)]
SOURCES = sorted(file for package in PACKAGES for file in package.rglob("*.py"))
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef)


def name_of(source: Path) -> str:
    """The module's dotted name."""
    (package,) = (package for package in PACKAGES if package in source.parents)
    return ".".join(source.relative_to(package.parent).with_suffix("").parts)


def examples(source: Path) -> list[doctest.DocTest]:
    """The examples of each docstring of a file, as doctest sees them."""
    module = importlib.import_module(name_of(source))
    # A compiled file has the types it imports as C only.
    names = {"Value": Value, **vars(module)}
    found = []
    for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
        text = ast.get_docstring(node) if isinstance(node, DOCUMENTED) else None
        if text and ">>>" in text:
            name = f"{module.__name__}.{getattr(node, 'name', '')}".rstrip(".")
            line = getattr(node, "lineno", 0)
            found.append(
                doctest.DocTestParser().get_doctest(text, dict(names), name, str(source), line)
            )
    return found


@pytest.mark.parametrize("source", SOURCES, ids=name_of)
def test_examples_in_docstrings(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if source.name == "scan.py" and not native_available():
        pytest.skip("llvmlite is not installed")
    monkeypatch.chdir(tmp_path)
    for example in examples(source):
        told: list[str] = []
        doctest.DocTestRunner(verbose=False).run(example, out=told.append)
        assert not told, "".join(told)
