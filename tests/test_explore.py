"""viz/explorer/: what a page is made of, without looking at it in a browser."""

from __future__ import annotations

import base64
import hashlib
import json
import math
import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

import viz
from autograd import (
    ArgumentError,
    ArgumentTypeError,
    GradientError,
    PageError,
    Value,
    as_value,
    compile,
    sigmoid,
    topological_order,
    where,
)
from nn import MLP, constant, mse
from viz import PictureError
from viz.command import main
from viz.explorer import root_of

ROOT = Path(__file__).resolve().parents[1]
NOTES = ROOT / "demos" / "notes" / "backpropagation.md"


def lpa() -> Value:
    model = MLP(2, [2, 1], activation="linear", init=constant(W=1, b=0))
    return mse(model([as_value(80, "iq"), as_value(8, "cgpa")]), as_value(8, "y"))


def untaken() -> Value:
    """The square root of 0, whose derivative is infinite, in a branch that is not taken."""
    x = Value(0.0, "x")
    return where(x - 1, x**0.5, x)


class Elements(HTMLParser):
    """The elements of a page in their order, with what stands in each."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[tuple[str, dict[str, str | None], list[str]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs), []))

    def handle_endtag(self, tag: str) -> None:
        self.found.append((f"/{tag}", {}, []))

    def handle_data(self, data: str) -> None:
        if self.found:
            self.found[-1][2].append(data)

    def all(self, tag: str) -> list[tuple[dict[str, str | None], str]]:
        return [(attrs, "".join(text)) for name, attrs, text in self.found if name == tag]


def page_of(root: Value, folder: Path, **options: Any) -> str:
    return viz.explore(root, folder / "page.html", **options).read_text(encoding="utf-8")


def graph_of(page: str) -> dict[str, Any]:
    data = next(t for a, t in Elements(page).all("script") if a["type"] == "application/json")
    graph: dict[str, Any] = json.loads(data)
    return graph


def test_the_page_of_the_notes_network_is_small(tmp_path: Path) -> None:
    assert len(page_of(lpa(), tmp_path).encode()) < 150_000


def test_the_same_graph_makes_the_same_page(tmp_path: Path) -> None:
    assert page_of(lpa(), tmp_path) == page_of(lpa(), tmp_path)


def test_the_policy_lets_in_the_page_itself_and_nothing_else(tmp_path: Path) -> None:
    elements = Elements(page_of(lpa(), tmp_path))
    (policy,) = (a["content"] for a, _ in elements.all("meta") if a.get("http-equiv"))
    assert policy is not None
    assert policy.startswith("default-src 'none'; ")
    (style,) = elements.all("style")
    (script,) = ((a, t) for a, t in elements.all("script") if a["type"] == "module")
    for kind, (_, text) in (("script-src", script), ("style-src", style)):
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{kind} 'sha256-{digest}';" in policy


def test_nothing_on_the_page_points_elsewhere(tmp_path: Path) -> None:
    page = page_of(lpa(), tmp_path)
    assert set(re.findall(r"\b\w+://[^\"'\s)]+", page)) == {"http://www.w3.org/2000/svg"}
    for _, attributes, _ in Elements(page).found:
        for name in ("src", "href"):
            assert (attributes.get(name) or "data:,") == "data:,"


EVIL = [
    "</script><script>alert(1)</script>", '"><img src=x onerror=alert(2)>', "x\nalert(3)//",
    "\u2028alert(4)", '"""\nraise SystemExit\n"""', "*/ alert(5) /*", "<!--<script>",
]  # fmt: skip


def evil() -> Value:
    result = as_value(1.0)
    for label in EVIL:
        result = result * Value(2.0, label)
    result.label = "<b onclick=alert(6)>L</b>"
    return result


def test_labels_are_text(tmp_path: Path) -> None:
    elements = Elements(page_of(evil(), tmp_path))
    assert [name for name, _, _ in elements.found if name in ("script", "img", "b")] == [
        "script",
        "script",
    ]
    script = next(text for a, text in elements.all("script") if a["type"] == "module")
    assert "alert(" not in script


def test_labels_are_no_code_in_programs() -> None:
    program = compile(evil(), [])
    assert program.javascript_source.splitlines()[1].startswith("function program(")
    names: dict[str, Any] = {}
    exec(program.source, names)  # noqa: S102  # what was just made: it raises where a label runs
    assert names["program"]([], [2.0] * len(EVIL))[0] == [2.0 ** len(EVIL)]


def test_the_readers_graph_stays_as_it_is(tmp_path: Path) -> None:
    a, b = Value(2.0, "w"), Value(3.0, "w")
    root = (a * b + a).tanh() * Value(0.5)
    before = [(n.label, n.data, n.grad, n.op.name) for n in topological_order(root)]
    page = page_of(root, tmp_path)
    assert [(n.label, n.data, n.grad, n.op.name) for n in topological_order(root)] == before
    names = [node["text"] for node in graph_of(page)["nodes"] if "name" in node]
    assert names == ["w⁽¹⁾", "w⁽²⁾", "v₁", "f"] or len(set(names)) == len(names)


def test_the_page_shows_what_follows_from_the_data_now(tmp_path: Path) -> None:
    x = Value(2.0, "x")
    y = x * x
    x.data = 5.0
    assert graph_of(page_of(y, tmp_path))["nodes"][-1]["data"] == 25.0


def test_parameters_can_be_named(tmp_path: Path) -> None:
    x, k = Value(2.0, "x"), Value(3.0, "k")
    graph = graph_of(page_of(x * k, tmp_path, parameters=[k]))
    assert {node["text"]: node["kind"] for node in graph["nodes"][:2]} == {
        "x": "input",
        "k": "parameter",
    }


def test_the_learning_rate_takes_off_at_most_half_of_the_loss(tmp_path: Path) -> None:
    loss = lpa()
    rate = graph_of(page_of(loss, tmp_path))["lr"]
    assert rate == 1e-6  # the rate of the demo
    loss.backward()
    slope = math.fsum(n.grad**2 for n in topological_order(loss) if n.is_leaf)
    assert 0.05 < rate * slope / loss.data <= 0.5


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: viz.explore(3.0, "page.html"), ArgumentTypeError, "needs a Value"),  # type: ignore[arg-type]
        (lambda: viz.explore(lpa(), "page.png"), PictureError, "page.png"),
        (lambda: viz.explore(lpa(), "p.html", detail="most"), ArgumentError, "detail='most'"),  # type: ignore[arg-type]
        (lambda: viz.explore(lpa(), "p.html", lr=-1.0), ArgumentError, "-1.0"),
        (lambda: viz.explore(lpa(), "p.html", lr=math.nan), ArgumentError, "nan"),
        (lambda: viz.explore(lpa(), "p.html", max_nodes=20), PictureError, "27 nodes"),
        (lambda: viz.explore(Value(0.0, "x") ** 0.5, "p.html"), GradientError, "gradient of x"),
        (lambda: viz.explore(untaken(), "p.html"), PictureError, "not finite"),
    ],
)
def test_what_cannot_be_made_is_refused(
    call: Any, error: type[Exception], words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(error, match=re.escape(words)) as caught:
        call()
    assert getattr(caught.value, "hint", "")
    assert not list(tmp_path.iterdir())


def test_a_widget_says_what_it_lacks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "anywidget", None)
    sys.modules["viz.explorer.notebook"]._kind.cache_clear()  # type: ignore[attr-defined]
    with pytest.raises(viz.MissingPackageError, match=r"anywidget.*\n.*chalkgrad\[notebook\]"):
        viz.widget(lpa())


def test_the_command_says_what_is_to_be_installed(tmp_path: Path) -> None:
    code = (
        "import sys; sys.modules['matplotlib'] = None; from viz.command import main; "
        "sys.exit(main(['explore', 'L = w^2', 'w = 2']))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.returncode == 2
    assert "chalkgrad[pictures]" in done.stderr
    assert not list(tmp_path.iterdir())


# Notes and equations.


def test_notes_make_their_graph() -> None:
    loss = root_of(NOTES.read_text(encoding="utf-8"))
    assert (loss.label, loss.data) == ("L", 28224.0)
    loss.backward()
    gradients = {n.label: n.grad for n in topological_order(loss) if n.is_leaf and n.label}
    assert gradients["W_{11}^1"] == 26880.0
    assert gradients["b_{21}"] == 336.0


def test_equations_may_stand_in_any_order() -> None:
    text = "L = (y - a)^2\n\na = \\sigma(z)\n\nz = w x + b\n\nw=0.4\n\nb=-0.1\n\nx=1.5\n\ny=1"
    assert root_of(text, "L").data == (1 - sigmoid(0.4 * 1.5 - 0.1)) ** 2
    assert root_of(text, "z").data == 0.4 * 1.5 - 0.1


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("w = 3", "nothing is computed"),
        ("L = w x, w = 2", "L = w x"),
        ("L = a + 1\n\na = L", "no value"),
    ],
)
def test_what_is_missing_is_said(text: str, words: str) -> None:
    with pytest.raises(PageError, match=words):
        root_of(text)


def test_the_command_writes_a_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "lpa.html"
    assert main(["explore", str(NOTES), "-o", str(target), "--title", "LPA <1>"]) == 0
    assert capsys.readouterr().out == f"{target}\n"
    graph = graph_of(target.read_text(encoding="utf-8"))
    assert graph["title"] == "LPA <1>"
    assert graph["nodes"][-1]["data"] == 28224.0


def test_the_command_takes_equations(tmp_path: Path) -> None:
    target = tmp_path / "page.html"
    equations = ["L = (y - w x)^2", "w=2", "x=3", "y=5"]
    assert main(["explore", *equations, "-o", str(target), "--of", "L", "--lr", "0.5"]) == 0
    graph = graph_of(target.read_text(encoding="utf-8"))
    assert (graph["nodes"][-1]["data"], graph["lr"]) == (1.0, 0.5)


LONG = f"L = {' + '.join(['w'] * 200)}"


@pytest.mark.parametrize("sources", [["no-such-file.md"], ["L = w x"], ["w = 2"], [LONG]])
def test_the_command_refuses(
    sources: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["explore", *sources, "-o", str(tmp_path / "page.html")]) == 2
    assert "hint:" in capsys.readouterr().err
    assert not (tmp_path / "page.html").exists()


def test_what_is_explored_is_what_all_leads_to() -> None:
    """In whatever order the equations stand; and a symbol without a number is told."""
    equations = ["L = (y - a)^2", r"a = \sigma(w x)", "w = 0.4", "x = 1.5", "y = 1"]
    root = root_of("\n\n".join(equations))
    assert root.label == "L"
    assert root.data == pytest.approx((1 - 1 / (1 + math.exp(-0.6))) ** 2)
    with pytest.raises(PageError, match="a number or a formula"):
        root_of("\n\n".join(equations[:-1]))


def test_a_page_is_named_after_its_notes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("notes.md").write_text("L = w^2 with w = 3", encoding="utf-8")
    assert main(["explore", "notes.md"]) == 0
    assert main(["explore", "L = w^2", "w = 3"]) == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "notes.html", "notes.md", "page.html",
    ]  # fmt: skip
