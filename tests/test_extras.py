"""viz/extras.py and the extras of pyproject.toml: what works without pictures, and what is said."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import viz
from autograd import ChalkgradError
from viz import MissingPackageError
from viz.extras import for_pictures

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
PICTURES = ("fontTools", "graphviz", "matplotlib", "numpy", "PIL", "resvg_py")


def light(code: str) -> subprocess.CompletedProcess[str]:
    """Runs a program as on a machine that has none of the packages of the extra `pictures`."""
    hide = f"import sys\nsys.modules.update(dict.fromkeys({PICTURES}))\n"
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", hide + code], cwd=ROOT, check=False,
        capture_output=True, encoding="utf-8",
        env={**os.environ, "PYTHONIOENCODING": "utf-8", "COLUMNS": "80"},
    )  # fmt: skip


def test_engine_networks_and_marking_do_without_pictures(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("p = w x\n\ndp/dw = x\n", encoding="utf-8")
    done = light(
        "import autograd, nn, viz\n"
        "from viz.command import main\n"
        "model = nn.MLP(2, [2, 1])\n"
        "loss = nn.mse(model([80, 8]), 8)\n"
        "loss.backward()\n"
        "assert autograd.check_formula(loss, loss, '1').right\n"
        f"viz.sheet([autograd.derive(loss, model.parameters()[0])], {str(tmp_path / 's.html')!r})\n"
        f"sys.exit(main(['check', {str(page)!r}, '--html', {str(tmp_path / 'r.html')!r}]))"
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "1 claim: 1 right" in done.stdout
    assert (tmp_path / "s.html").exists()
    assert (tmp_path / "r.html").exists()


@pytest.mark.parametrize(
    ("code", "package"),
    [
        ("viz.draw(Value(1.0))", "fontTools"),
        ("from viz import draw_network", "fontTools"),
        ("viz.render", "fontTools"),
        ("viz.plot_loss([2.0, 1.0], 'never.png')", "matplotlib"),
        ("w = Value(1.0, 'w'); viz.sheet([derive(w * w, w)], 'never.png')", "fontTools"),
        ("w = Value(1.0, 'w'); viz.sheet([derive(w * w, w)], 'never.pdf')", "fontTools"),
        ("sys.modules.pop('fontTools'); viz.render(viz.draw(Value(1.0)), 'n.svg')", "matplotlib"),
        (
            "for name in ('matplotlib', 'numpy', 'fontTools'): sys.modules.pop(name)\n"
            "viz.render(viz.draw(Value(1.0)), 'never.png')",
            "resvg_py",
        ),
    ],
)
def test_a_missing_package_names_its_extra(code: str, package: str) -> None:
    done = light(f"import viz\nfrom autograd import Value, derive\n{code}")
    assert done.returncode == 1
    told = done.stderr.splitlines()
    assert told[-2:] == [
        f"viz.errors.MissingPackageError: pictures need {package}, which is not installed",
        "hint: pip install 'chalkgrad[pictures]'",
    ]
    assert not (ROOT / "never.png").exists()


def test_a_missing_package_is_an_import_error_and_ours() -> None:
    assert issubclass(MissingPackageError, ImportError)
    assert issubclass(MissingPackageError, ChalkgradError)
    with pytest.raises(ZeroDivisionError), for_pictures():
        raise ZeroDivisionError


def test_the_contents_page_knows_only_its_own() -> None:
    assert {"draw", "render", "sheet"} <= set(dir(viz))
    with pytest.raises(AttributeError, match="no attribute 'paint'"):
        _ = viz.paint  # type: ignore[attr-defined]


def names(requirements: list[str]) -> set[str]:
    return {each.partition(">=")[0].lower().replace("-", "_") for each in requirements}


def test_extras_bring_what_they_say() -> None:
    extras = PROJECT["optional-dependencies"]
    known = {name.lower() for name in PICTURES} - {"numpy", "pil"} | {"pillow"}
    assert names(extras["pictures"]) == known
    assert not names(extras["pictures"]) & names(PROJECT["dependencies"])
    for extra in ("all", "test"):
        assert any(each.startswith("chalkgrad[pictures") for each in extras[extra])
