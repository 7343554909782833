"""The notebook tells the truth: it runs from top to bottom; the widget holds what it shows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import viz
from autograd import Value

NOTEBOOK = Path(__file__).resolve().parents[1] / "demos" / "backprop_by_hand.ipynb"
HINT = "is not installed: pip install 'chalkgrad[notebook]'"


def cells() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    return found


def test_the_notebook_is_kept_without_outputs() -> None:
    for cell in cells():
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None


@pytest.mark.filterwarnings("default")  # those of the kernel's packages are not ours
def test_the_notebook_runs(tmp_path: Path) -> None:
    nbclient = pytest.importorskip("nbclient", reason=f"nbclient {HINT}")
    for package in ("ipykernel", "anywidget"):
        pytest.importorskip(package, reason=f"{package} {HINT}")
    nbformat = pytest.importorskip("nbformat")
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    nbclient.NotebookClient(
        notebook, timeout=120, resources={"metadata": {"path": str(tmp_path)}}
    ).execute()
    shown = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    text = json.dumps(shown, ensure_ascii=False)
    assert "28224" in text
    assert "26880" in text
    assert "W₂₁² is written where W₁₁² belongs" in text
    assert "application/vnd.jupyter.widget-view+json" in text


@pytest.mark.filterwarnings("default")
def test_the_widget_holds_graph_numbers_and_module() -> None:
    pytest.importorskip("anywidget", reason=f"anywidget {HINT}")
    w, x = Value(3.0, "w"), Value(2.0, "x")
    shown = viz.widget(w * x, title="One product")
    state = shown.get_state()
    assert state["numbers"] == {"w": 3.0, "x": 2.0}
    assert state["graph"]["title"] == "One product"
    assert "export default" in state["_esm"]
    assert ".chalk" in state["_css"]
    shown.set_state({"numbers": {"w": 4.0, "x": 2.0}})
    assert shown.numbers["w"] == 4.0
