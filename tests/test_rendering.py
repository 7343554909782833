"""viz/rendering.py and what it stands on: pictures in each format."""

from __future__ import annotations

import base64
import io
import os
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
import zlib
from html import unescape
from typing import TYPE_CHECKING, Any

import graphviz
import pytest
from fontTools.ttLib import TTFont
from PIL import Image

import viz
from autograd import ArgumentTypeError, Value
from tests.graphs import lpa
from tests.legibility import svg, texts
from tests.pdfs import characters_of, contents_of, pieces_of
from tests.pictures import GRAPHS
from viz import Picture, PictureError, PictureFileError, draw, fonts, render
from viz.pdf import pdf_of
from viz.picture import Box
from viz.png import png_of
from viz.svg import svg_of, words_of
from viz.text import plain

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

BEGINNINGS = {".png": b"\x89PNG\r\n", ".svg": b"<svg ", ".pdf": b"%PDF-", ".dot": b"digraph"}


@pytest.fixture(scope="module")
def picture() -> Picture:
    loss = lpa()
    loss.backward()
    return draw(loss)


def words(svg: str | bytes) -> list[str]:
    found = ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")
    return sorted(text.get("data-text") or "".join(text.itertext()) for text in found)


# Formats


@pytest.mark.parametrize("ending", [".png", ".svg", ".pdf", ".dot", ".PNG"])
def test_formats(picture: Picture, tmp_path: Path, ending: str) -> None:
    path = render(picture, tmp_path / f"graph{ending}")
    assert path == tmp_path / f"graph{ending}"
    assert path.read_bytes().startswith(BEGINNINGS[ending.lower()])
    assert os.listdir(tmp_path) == [path.name]


def test_an_svg_says_what_the_picture_says(picture: Picture) -> None:
    found = words(svg_of(picture.canvas))
    assert found == sorted(text.string for text in texts(svg(picture)))
    assert {"L = 28224", "grad 29568", "W₁₁² = 1"} <= set(found)


def test_an_svg_names_its_parts_and_tells_them_in_sentences(picture: Picture) -> None:
    root = svg(picture)
    parts = {part.get("id"): part for part in root.iter("{http://www.w3.org/2000/svg}g")}
    assert root.get("role") == "img"
    assert "chain rule at W₁₁²" in (root.get("aria-label") or "")
    for box in picture.boxes:
        title = parts[box.name].findtext("{http://www.w3.org/2000/svg}title")
        assert title == box.told
    assert {"×: 80; grad 336", "W₁₁¹ = 1; grad 26880"} <= {box.told for box in picture.boxes}
    for index, arrow in enumerate(picture.arrows):
        part = parts[f"a{index}"]
        assert (part.get("data-start"), part.get("data-end")) == (arrow.start, arrow.end)


def test_indices_and_exponents_stand_above_each_other(picture: Picture) -> None:
    found = [
        list(text)
        for text in svg(picture).iter("{http://www.w3.org/2000/svg}text")
        if text.get("data-text") == "W₁₁² = 1"
    ]
    ((letter, index, layer, _),) = found
    assert [span.text for span in (letter, index, layer)] == ["W", "11", "2"]
    assert index.get("x") == layer.get("x")
    low, middle, high = (float(span.get("y", "")) for span in (index, letter, layer))
    assert low > middle > high


def test_an_svg_brings_its_font(picture: Picture) -> None:
    text = svg_of(picture.canvas)
    assert set(re.findall('font-family="([^"]*)"', text)) == {"DejaVu Sans"}
    data = re.search(r'font-family:"DejaVu Sans";src:url\(data:font/woff;base64,([^)]*)\)', text)
    assert data
    with TTFont(io.BytesIO(base64.b64decode(data[1]))) as font:
        has = set(font.getBestCmap())
    assert set(map(ord, words_of(picture.canvas))) <= has
    assert len(text) < 100_000


def opened(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content)).convert("L")


def test_a_png_is_sharp_and_as_large_as_the_picture(picture: Picture) -> None:
    image = opened(png_of(picture.canvas))
    for pixels, points in zip(
        image.size, (picture.canvas.width, picture.canvas.height), strict=True
    ):
        assert abs(pixels - points * 192 / 72) < 2
    histogram = image.histogram()
    assert histogram[255] > 0.4 * sum(histogram)
    assert sum(histogram[:100]) > 0.005 * sum(histogram)


def test_a_png_has_each_text_at_its_place(picture: Picture) -> None:
    image = opened(png_of(picture.canvas))
    for text in texts(svg(picture)):
        corners = (text.left, text.top, text.right, text.bottom)
        ink = image.crop(tuple(round(side * 192 / 72) for side in corners))  # type: ignore[arg-type]
        darkest, lightest = ink.getextrema()
        assert darkest < 140 < 180 < lightest, text  # type: ignore[operator]


def alone(text: str, size: float = 11.0) -> Picture:
    return Picture((Box("n0", (text,)),), (), font_size=size)


def test_a_png_has_text_where_there_are_no_fonts() -> None:
    def ink(text: str) -> int:
        return sum(opened(png_of(alone(text).canvas)).histogram()[:100])

    assert ink("MMMM") > ink("....") + 300


def test_a_picture_too_large_for_a_png() -> None:
    huge = Picture((Box("n0", ("x" * 60,)),), (), font_size=400)
    assert png_of(huge.canvas)
    huge = Picture((Box("n0", tuple("x" * 30 for _ in range(40))),), (), font_size=500)
    with pytest.raises(PictureError, match=r"inches is too large[\s\S]*\.svg or \.pdf"):
        png_of(huge.canvas)


def test_characters_the_font_lacks_are_left_to_the_fonts_of_the_system(tmp_path: Path) -> None:
    y = Value(1.0, "温度") * 2
    assert not fonts.has_all("温度")
    assert "温度 = 1" in words(render(draw(y), tmp_path / "graph.svg").read_text("utf-8"))
    assert render(draw(y), tmp_path / "graph.png").stat().st_size > 1000
    with pytest.warns(UserWarning, match="DejaVu Sans has no 度温"):
        assert render(draw(y), tmp_path / "graph.pdf").stat().st_size > 1000


# PDF


def test_a_pdf_has_the_text_of_the_picture_in_its_font(picture: Picture) -> None:
    pdf = pdf_of(picture.canvas)
    drawn = [piece.text for piece in pieces_of(pdf)]
    runs = [
        run.text
        for part in picture.canvas.parts
        for item in part.items
        if hasattr(item, "line") and not isinstance(item.line, str)
        for run in item.line.runs
    ]
    assert drawn == runs
    file = re.search(rb"/Length1 (\d+) >>\nstream\n(.*?)\nendstream", pdf, re.DOTALL)
    assert file
    with TTFont(io.BytesIO(zlib.decompress(file[2]))) as font:
        glyphs = font.getBestCmap()
        for code, text in characters_of(pdf).items():
            assert font.getGlyphID(glyphs[ord(text)]) == int(code, 16)


def test_a_pdf_is_one_page_as_large_as_the_picture(picture: Picture) -> None:
    pdf = pdf_of(picture.canvas)
    box = re.search(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", pdf)
    assert box
    sides = [float(side) for side in box.groups()]
    assert sides == pytest.approx([picture.canvas.width, picture.canvas.height], abs=0.01)
    assert pdf.count(b"/Type /Page ") == 1


def test_the_table_of_a_pdf_says_where_its_objects_are(picture: Picture) -> None:
    pdf = pdf_of(picture.canvas)
    start = int(pdf.rsplit(b"startxref\n", 1)[1].split()[0])
    lines = pdf[start:].splitlines()
    assert lines[0] == b"xref"
    count = int(lines[1].split()[1])
    for number, line in enumerate(lines[3 : 2 + count], start=1):
        assert pdf[int(line[:10]) :].startswith(b"%d 0 obj\n" % number)


def test_a_pdf_draws_every_shape(picture: Picture) -> None:
    shapes = [item for part in picture.canvas.parts for item in part.items if hasattr(item, "path")]
    painted = re.findall(r"\b[BfSn]$", contents_of(pdf_of(picture.canvas))[0], re.MULTILINE)
    assert len(painted) == len(shapes) + 1  # the paper


# What holds for all


def test_pictures_are_the_same_every_time(picture: Picture) -> None:
    makers: list[Callable[[Any], object]] = [svg_of, png_of, pdf_of]
    for make in makers:
        assert make(picture.canvas) == make(picture.canvas)
    loss = lpa()
    loss.backward()
    assert svg_of(draw(loss).canvas) == svg_of(picture.canvas)


def test_a_notebook_shows_pictures(picture: Picture) -> None:
    bundle = picture._repr_mimebundle_(include=None, exclude=None)
    assert "ŷ = 176" in words(bundle["image/svg+xml"])
    assert bundle["text/plain"] == "<picture: 26 boxes, 27 arrows>"


def test_a_page_is_filled(tmp_path: Path) -> None:
    picture = draw(lpa(), page="slide")
    assert opened(render(picture, tmp_path / "slide.png").read_bytes()).size == (2560, 1440)


# Where the picture goes.


@pytest.mark.parametrize("name", ["graph.gif", "graph", "graph.", ".png"])
def test_an_unknown_format_names_the_known_ones(
    picture: Picture, tmp_path: Path, name: str
) -> None:
    with pytest.raises(PictureError, match=r"\.png, \.svg, \.pdf, \.dot"):
        render(picture, tmp_path / name)
    assert os.listdir(tmp_path) == []


def test_only_drawings_are_rendered(tmp_path: Path) -> None:
    thing: Any = Value(1.0)
    with pytest.raises(ArgumentTypeError, match=r"render\(draw\(loss\)"):
        render(thing, tmp_path / "graph.png")


def test_missing_folders_are_made(picture: Picture, tmp_path: Path) -> None:
    assert render(picture, tmp_path / "out" / "lpa" / "graph.dot").exists()


def test_a_folder_that_cannot_be_is_told(picture: Picture, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("text", encoding="utf-8")
    with pytest.raises(PictureFileError, match="cannot be written") as error:
        render(picture, tmp_path / "file" / "graph.dot")
    assert isinstance(error.value, OSError)
    assert "choose a folder" in error.value.hint


def test_a_folder_of_that_name_stays(picture: Picture, tmp_path: Path) -> None:
    (tmp_path / "graph.dot").mkdir()
    with pytest.raises(PictureFileError):
        render(picture, tmp_path / "graph.dot")
    assert os.listdir(tmp_path) == ["graph.dot"]


def test_an_old_picture_stays_where_the_new_one_cannot_be_drawn(tmp_path: Path) -> None:
    path = tmp_path / "graph.png"
    path.write_text("old", encoding="utf-8")
    huge = Picture((Box("n0", tuple("x" * 30 for _ in range(40))),), (), font_size=500)
    with pytest.raises(PictureError):
        render(huge, path)
    assert path.read_text(encoding="utf-8") == "old"


def test_a_script_that_renders_ends_without_a_word() -> None:
    code = (
        "import viz; from autograd import Value; from viz.png import png_of;"
        "picture = viz.draw(Value(2.0, 'x').tanh());"
        "picture._repr_mimebundle_(); png_of(picture.canvas)"
    )
    ran = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False
    )
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")


def test_viz_exports_it() -> None:
    assert viz.render is render


@pytest.mark.parametrize("name", sorted(GRAPHS))
def test_a_picture_is_a_graph_for_graphviz_too(name: str) -> None:
    picture = GRAPHS[name]()
    graph = picture.digraph
    assert isinstance(graph, graphviz.Digraph)
    assert graph.source == picture.source
    assert picture.source.count(" -> ") == len(picture.arrows)


@pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz's program dot is not installed")
@pytest.mark.parametrize("name", sorted(GRAPHS))
def test_graphviz_draws_what_stands_in_a_picture(name: str) -> None:
    picture = GRAPHS[name]()
    svg = unescape(picture.digraph.pipe("svg", quiet=False, encoding="utf-8")).replace("\xa0", " ")
    for box in picture.boxes:
        for line in (*box.lines, box.band):
            assert plain(line) in svg
