"""viz/rendering.py and what it stands on: pictures in each format, by each renderer."""

from __future__ import annotations

import base64
import io
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import TYPE_CHECKING, Any

import graphviz
import pytest
from fontTools.ttLib import TTFont

import viz
from autograd import ArgumentError, ArgumentTypeError, ChalkgradError, Value
from tests.graphs import lpa
from tests.legibility import layout_of, texts
from viz import Drawing, PictureError, PictureFileError, draw, fonts, layout, pictures, render
from viz.pdf import figure_of, pdf_of

if TYPE_CHECKING:
    from viz.layout import Renderer

needs_dot = pytest.mark.skipif(shutil.which("dot") is None, reason="there is no dot here")
RENDERERS: list[Any] = ["embedded", pytest.param("system", marks=needs_dot)]
BEGINNINGS = {".png": b"\x89PNG\r\n", ".svg": b"<?xml", ".pdf": b"%PDF-", ".dot": b"digraph"}


@pytest.fixture(scope="module")
def drawing() -> graphviz.Digraph:
    loss = lpa()
    loss.backward()
    return draw(loss)


@pytest.fixture
def no_dot(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine without Graphviz."""
    empty = tmp_path / "empty"
    empty.mkdir()
    monkeypatch.setenv("PATH", str(empty))


def fake_dot(monkeypatch: pytest.MonkeyPatch, folder: Path, script: str) -> None:
    """A machine on which `dot` is this."""
    folder.mkdir()
    program = folder / "dot"
    program.write_text(f"#!{sys.executable}\n{script}\n", encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))


def words(svg: str | bytes) -> list[str]:
    found = ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")
    return sorted("".join(text.itertext()).replace("\xa0", " ").strip() for text in found)


# Formats and renderers.


@pytest.mark.parametrize("renderer", RENDERERS)
@pytest.mark.parametrize("ending", [".png", ".svg", ".pdf", ".dot", ".PNG"])
def test_formats(drawing: Any, tmp_path: Path, ending: str, renderer: Renderer) -> None:
    path = render(drawing, tmp_path / f"graph{ending}", renderer=renderer)
    assert path == tmp_path / f"graph{ending}"
    assert path.read_bytes().startswith(BEGINNINGS[ending.lower()])
    assert os.listdir(tmp_path) == [path.name]


@pytest.mark.parametrize("renderer", RENDERERS)
def test_the_same_words_whoever_renders(drawing: Any, renderer: Renderer) -> None:
    svg = words(pictures.svg(drawing, renderer))
    assert svg == sorted(
        text.string
        for text in texts(
            [part for name in ("objects", "edges") for part in layout_of(drawing)[name]]
            + [layout_of(drawing)]
        )
    )
    assert {"L = 28224", "grad 29568", "W₁₁² = 1"} <= set(svg)


@pytest.mark.parametrize("renderer", RENDERERS)
def test_an_svg_brings_its_font(drawing: Any, renderer: Renderer) -> None:
    svg = pictures.svg(drawing, renderer).decode()
    assert set(re.findall('font-family="([^"]*)"', svg)) == {"DejaVu Sans"}
    data = re.search(r'font-family:"DejaVu Sans";src:url\(data:font/woff;base64,([^)]*)\)', svg)
    assert data
    with TTFont(io.BytesIO(base64.b64decode(data[1]))) as font:
        has = set(font.getBestCmap())
    assert {ord(ch) for word in words(svg) for ch in word} <= has
    assert len(svg) < 100_000


@pytest.mark.parametrize("renderer", RENDERERS)
def test_a_png_is_sharp_and_as_large_as_the_drawing(drawing: Any, renderer: Renderer) -> None:
    image = pictures.png(drawing, renderer)
    size = [int.from_bytes(image[at : at + 4], "big") for at in (16, 20)]
    box = layout_of(drawing, renderer)["bb"].split(",")[2:]
    for pixels, points in zip(size, map(float, box), strict=True):
        assert abs(pixels - (points + 8) * 192 / 72) < 8


def test_a_png_has_text_where_there_are_no_fonts() -> None:
    with_text, without = Drawing(), Drawing()
    for sheet, label in ((with_text, "MMMMMM"), (without, "")):
        sheet.attr("node", fontname="DejaVu Sans", shape="box", width="2", fixedsize="true")
        sheet.node("a", label)
    assert len(pictures.png(with_text, "embedded")) > 1.3 * len(pictures.png(without, "embedded"))


def test_a_drawing_too_large_for_a_png() -> None:
    huge = Drawing()
    huge.node("a", width="200", height="200")
    with pytest.raises(PictureError, match=r"200 by 200 inches[\s\S]*\.svg or \.pdf"):
        pictures.png(huge, "embedded")


def test_characters_the_font_lacks_are_left_to_the_fonts_of_the_system(tmp_path: Path) -> None:
    y = Value(1.0, "温度") * 2
    assert not fonts.has_all("温度")
    assert "温度 = 1" in words(render(draw(y), tmp_path / "graph.svg").read_text("utf-8"))
    assert render(draw(y), tmp_path / "graph.png").stat().st_size > 1000


@pytest.mark.parametrize("renderer", RENDERERS)
def test_a_pdf_has_every_text_at_its_place(drawing: Any, renderer: Renderer) -> None:
    graph = layout_of(drawing, renderer)
    figure = figure_of(graph)
    (page,) = figure.axes
    operations = [
        operation
        for thing in [graph, *graph["objects"], *graph["edges"]]
        for operation in thing.get("_ldraw_", [])
        if operation["op"] == "T"
    ]
    drawn = sorted((text.get_text(), *text.get_position()) for text in page.texts)
    assert drawn == sorted((op["text"], *op["pt"]) for op in operations)
    left, right = page.get_xlim()
    width, height = figure.get_size_inches()
    assert (right - left) / 72 == pytest.approx(width)
    content = pdf_of(json.dumps(graph))
    assert content.count(b"/MediaBox") == 1
    box = re.search(rb"/MediaBox \[ ?0 0 ([\d.]+) ([\d.]+) ?\]", content)
    assert box
    assert [float(side) / 72 for side in box.groups()] == pytest.approx([width, height], abs=0.01)


def test_a_pdf_draws_shapes_in_their_colours_and_order() -> None:
    sheet = Drawing()
    sheet.node("a", shape="ellipse", style="filled,dashed", fillcolor="#112233", color="#445566")
    sheet.node("b", style="filled", fillcolor="red:blue")  # runs from the one into the other
    sheet.edge("a", "b", penwidth="2.5")
    (page,) = figure_of(layout_of(sheet)).axes
    ellipse = next(patch for patch in page.patches if patch.get_linestyle() == "dashed")
    assert ellipse.get_facecolor()[:3] == pytest.approx((0x11 / 255, 0x22 / 255, 0x33 / 255))
    assert ellipse.get_edgecolor()[:3] == pytest.approx((0x44 / 255, 0x55 / 255, 0x66 / 255))
    assert any(patch.get_facecolor()[:3] == (1.0, 0.0, 0.0) for patch in page.patches)
    assert any(patch.get_linewidth() == 2.5 for patch in page.patches)
    heights = [artist.get_zorder() for artist in (*page.patches, *page.texts)]
    assert len(set(heights)) == len(heights)


def test_pictures_are_the_same_every_time(drawing: Any) -> None:
    for make in (pictures.svg, pictures.png, pictures.pdf):
        assert make(drawing, "embedded") == make(drawing, "embedded")


def test_a_digraph_made_by_hand_is_rendered_too(tmp_path: Path) -> None:
    sheet = graphviz.Digraph()
    sheet.edge("a", "b")
    assert render(sheet, tmp_path / "by_hand.svg").exists()


def test_a_notebook_shows_drawings_without_graphviz(drawing: Any, no_dot: None) -> None:
    bundle = drawing._repr_mimebundle_(include=None, exclude=None)
    assert list(bundle) == ["image/svg+xml"]
    assert "ŷ = 176" in words(bundle["image/svg+xml"])


def test_threads_may_render_at_the_same_time(drawing: Any) -> None:
    made: list[bytes] = []
    threads = [
        threading.Thread(target=lambda: made.append(pictures.svg(drawing, "embedded")))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 4
    assert len(set(made)) == 1


# Choosing the renderer.


def test_without_dot_the_embedded_graphviz_draws(
    drawing: Any, tmp_path: Path, no_dot: None
) -> None:
    assert render(drawing, tmp_path / "graph.png").stat().st_size > 10_000


def test_dot_asked_for_where_there_is_none(drawing: Any, tmp_path: Path, no_dot: None) -> None:
    with pytest.raises(PictureError, match="no program `dot`") as error:
        render(drawing, tmp_path / "graph.png", renderer="system")
    assert "renderer='embedded'" in error.value.hint
    assert isinstance(error.value, ChalkgradError)
    assert not (tmp_path / "graph.png").exists()


def test_dot_is_taken_where_there_is_one(
    drawing: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = 'import sys; sys.stdin.read(); print(\'<svg width="9pt" height="9pt"></svg>\')'
    fake_dot(monkeypatch, tmp_path / "bin", script)
    assert len(pictures.svg(drawing, None)) < 5000
    assert len(pictures.svg(drawing, "embedded")) > 5000


def test_where_dot_fails_the_embedded_graphviz_draws(
    drawing: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_dot(monkeypatch, tmp_path / "bin", "import sys; sys.exit('lost an edge')")
    assert "ŷ = 176" in words(pictures.svg(drawing, None))
    with pytest.raises(PictureError, match="lost an edge"):
        pictures.svg(drawing, "system")


def test_dot_finds_the_font_where_the_system_has_none(
    drawing: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = (
        "import os, pathlib, sys; sys.stdin.read()\n"
        "print(pathlib.Path(os.environ['FONTCONFIG_FILE']).read_text())"
    )
    fake_dot(monkeypatch, tmp_path / "bin", script)
    settings = ET.fromstring(layout.lay_out(drawing, "svg", "system"))
    folder = settings.findtext("dir")
    assert folder
    assert Path(folder, "DejaVuSans.ttf").exists()


@pytest.mark.parametrize("renderer", [None, *RENDERERS])
def test_what_graphviz_does_not_understand(tmp_path: Path, renderer: Any) -> None:
    broken = graphviz.Source("digraph { a -> }")
    with pytest.raises(PictureError, match="could not draw this"):
        render(broken, tmp_path / "graph.svg", renderer=renderer)
    assert os.listdir(tmp_path) == []


def test_after_a_crash_of_the_embedded_graphviz_it_draws_again(drawing: Any) -> None:
    crashing = graphviz.Source('digraph { label="\\l' + "a" * 60 + '" }')
    before = pictures.svg(drawing, "embedded")
    with pytest.raises(PictureError):
        pictures.svg(crashing, "embedded")
    assert pictures.svg(drawing, "embedded") == before


def test_an_unknown_renderer(drawing: Any, tmp_path: Path) -> None:
    wrong: Any = "best"
    with pytest.raises(ArgumentError, match="'best' is no renderer"):
        render(drawing, tmp_path / "graph.png", renderer=wrong)


# Where the picture goes.


@pytest.mark.parametrize("name", ["graph.gif", "graph", "graph.", ".png"])
def test_an_unknown_format_names_the_known_ones(drawing: Any, tmp_path: Path, name: str) -> None:
    with pytest.raises(PictureError, match=r"\.png, \.svg, \.pdf, \.dot"):
        render(drawing, tmp_path / name)
    assert os.listdir(tmp_path) == []


def test_only_drawings_are_rendered(tmp_path: Path) -> None:
    thing: Any = Value(1.0)
    with pytest.raises(ArgumentTypeError, match=r"render\(draw\(loss\)"):
        render(thing, tmp_path / "graph.png")


def test_missing_folders_are_made(drawing: Any, tmp_path: Path) -> None:
    assert render(drawing, tmp_path / "out" / "lpa" / "graph.dot").exists()


def test_a_folder_that_cannot_be_is_told(drawing: Any, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("text", encoding="utf-8")
    with pytest.raises(PictureFileError, match="cannot be written") as error:
        render(drawing, tmp_path / "file" / "graph.dot")
    assert isinstance(error.value, OSError)
    assert "choose a folder" in error.value.hint


def test_a_folder_of_that_name_stays(drawing: Any, tmp_path: Path) -> None:
    (tmp_path / "graph.dot").mkdir()
    with pytest.raises(PictureFileError):
        render(drawing, tmp_path / "graph.dot")
    assert os.listdir(tmp_path) == ["graph.dot"]


def test_an_old_picture_stays_where_the_new_one_cannot_be_drawn(tmp_path: Path) -> None:
    path = tmp_path / "graph.svg"
    path.write_text("old", encoding="utf-8")
    with pytest.raises(PictureError):
        render(graphviz.Source("digraph {"), path)
    assert path.read_text(encoding="utf-8") == "old"


def test_a_script_that_renders_ends_without_a_word() -> None:
    code = (
        "import viz; from autograd import Value; from viz import pictures;"
        "drawing = viz.draw(Value(2.0, 'x').tanh());"
        "pictures.svg(drawing, 'embedded'); pictures.png(drawing, 'embedded')"
    )
    ran = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False
    )
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")


def test_viz_exports_it() -> None:
    assert viz.render is render
