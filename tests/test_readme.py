"""README tells the truth: its session runs, its tree is the tree, its pictures and links exist."""

from __future__ import annotations

import doctest
import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_sessions_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    sessions = re.findall(r"^```python\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    assert sessions
    for number, session in enumerate(sessions):
        example = doctest.DocTestParser().get_doctest(session, names, f"session {number}", None, 0)
        assert example.examples
        told: list[str] = []
        doctest.DocTestRunner(verbose=False).run(example, out=told.append, clear_globs=False)
        assert not told, "".join(told)
        names = example.globs


def tree() -> list[Path]:
    """The paths of README's tree, which shows nesting by two spaces."""
    block = re.search(r"^## The house\n.*?^```text\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    assert block is not None
    paths: list[Path] = []
    folders: list[tuple[int, Path]] = []
    for line in block[1].splitlines():
        indent = len(line) - len(line.lstrip())
        while folders and folders[-1][0] >= indent:
            folders.pop()
        above = folders[-1][1] if folders else Path()
        paths += [above / name for name in line.split("  ")[indent // 2].split(", ")]
        if paths[-1].name and line.split()[0].endswith("/"):
            folders.append((indent, paths[-1]))
    return paths


def test_the_tree_is_true() -> None:
    paths = tree()
    for path in paths:
        assert (ROOT / path).exists(), f"README's tree has {path}, which is not there"
    for package in ("autograd", "nn", "viz"):
        told = {path for path in paths if path.parts[0] == package and path.suffix == ".py"}
        real = {file.relative_to(ROOT) for file in (ROOT / package).rglob("*.py")}
        assert told == real, f"README's tree and {package}/ differ: {told ^ real}"


def test_pictures_and_links_exist() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        if "://" not in target:
            assert (ROOT / target).exists(), f"README points to {target}, which is not there"
