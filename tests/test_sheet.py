"""Sheets of derivations in each format: whole, well-formed, and with nothing left out."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import matplotlib.image
import pytest

import autograd as ag
import nn
from autograd import ArgumentTypeError, Value, derive, update_rule
from tests.pdfs import pieces_of
from tests.test_derivation import network
from viz import PictureError, PictureFileError
from viz.sheet import sheet


@pytest.fixture
def gradients():
    nodes = network({"y": 3.0})
    labels = [label for label in nodes if label[0] in "Wb"]
    assert len(labels) == 9
    return [derive(nodes["L"], nodes[label]) for label in labels]


def dimensions(png: bytes) -> tuple[int, int]:
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    return int.from_bytes(png[16:20], "big"), int.from_bytes(png[20:24], "big")


def body(page: str) -> ET.Element:
    """The page's body, which has to be well-formed."""
    inside = page.partition("<body>")[2].partition("</body>")[0]
    return ET.fromstring(f"<body>{inside}</body>")


def ink(file) -> float:
    """The part of a picture's pixels that are not white."""
    return float((matplotlib.image.imread(file)[:, :, :3].min(axis=2) < 0.5).mean())


def test_a_picture(gradients, tmp_path):
    one = sheet(gradients[:1], tmp_path / "one.png")
    nine = sheet(gradients, tmp_path / "nine.png", title="Nine gradients")
    narrow, wide = dimensions(one.read_bytes()), dimensions(nine.read_bytes())
    assert wide[0] > 1.4 * narrow[0]
    assert wide[1] > 3 * narrow[1]
    assert wide[0] < 2000
    assert 0.01 < ink(nine) < 0.2


def test_a_long_line_is_broken_where_it_can_be(tmp_path):
    x = node = Value(1.0, "x")
    for i in range(11):
        node = node * 1.5
        node.label = f"W_{{{i}, {i}}}^{{({i})}}"
    derivation = derive(node, x)
    width, _ = dimensions(sheet([derivation], tmp_path / "long.png").read_bytes())
    assert width < 2600


def test_a_pdf_has_as_many_pages_as_it_needs(gradients, tmp_path):
    few = sheet(gradients, tmp_path / "few.pdf").read_bytes()
    many = sheet(gradients * 6, tmp_path / "many.pdf", title="Many").read_bytes()
    assert few.startswith(b"%PDF")
    assert re.search(rb"/Count 1\b", few)
    assert re.search(rb"/Count 3\b", many)
    numbers = [piece.text for piece in pieces_of(many) if re.fullmatch(r"\d+ / \d+", piece.text)]
    assert numbers == ["1 / 3", "2 / 3", "3 / 3"]
    assert next(piece.text for piece in pieces_of(many)) == "Many"


def test_a_page_is_filled_in_columns_layer_by_layer(gradients, tmp_path):
    pieces = pieces_of(sheet(gradients, tmp_path / "few.pdf").read_bytes())
    left, right = min(piece.x for piece in pieces), max(piece.x for piece in pieces)
    assert left < 60
    assert right > 450
    starts = {round(piece.x) for piece in pieces if piece.text == "="}
    assert max(starts) - min(starts) > 300
    assert max(piece.x + 6 * len(piece.text) for piece in pieces) < 595
    headings = [piece.text for piece in pieces if piece.text.startswith("layer")]
    assert headings == ["layer 1", "layer 2"]
    assert pieces[0].text == "layer 1"


def test_lines_that_go_on_stand_behind_the_signs(tmp_path):
    x = Value(2.0, "x")
    a, b = x * 3, x.tanh()
    a.label, b.label = "a", "b"
    y = a * b
    y.label = "y"
    derivation = derive(y, x)
    assert [row.sign for row in derivation.rows][:2] == ["=", "+"]
    pieces = pieces_of(sheet([derivation], tmp_path / "sums.pdf").read_bytes())
    equals = {piece.x for piece in pieces if piece.text == "="}
    assert len(equals) == 1
    further = next(piece for piece in pieces if piece.text == "+")
    first = next(piece for piece in pieces if piece.text.startswith("∂") and piece.x > min(equals))
    assert further.x > first.x > min(equals)


def test_many_derivations_are_set(tmp_path):
    model = nn.MLP(2, [4, 3, 1], activation="tanh", seed=1)
    loss = nn.mse(model([0.3, 0.7]), 1.0)
    loss.backward()
    derivations = [derive(loss, parameter) for parameter in model.parameters()]
    pieces = pieces_of(sheet(derivations, tmp_path / "many.pdf").read_bytes())
    by_label = [each for each in pieces if each.text == "="]
    assert len(by_label) >= 2 * len(derivations)
    for derivation in derivations:
        assert any(piece.text == f"{abs(derivation.value):g}" for piece in pieces)
    assert [p.text for p in pieces if p.text.startswith("layer")] == [
        f"layer {i}" for i in (1, 2, 3)
    ]


def test_the_same_sheet_is_the_same_file(gradients, tmp_path):
    for ending in ("png", "pdf", "html", "md"):
        first = sheet(gradients, tmp_path / f"a.{ending}").read_bytes()
        assert sheet(gradients, tmp_path / f"b.{ending}").read_bytes() == first


def test_a_page_with_mathml_that_needs_nothing_else(gradients, tmp_path):
    page = sheet(gradients, tmp_path / "sheet.html", title="a < b & c").read_text("utf-8")
    assert "<title>a &lt; b &amp; c</title>" in page
    assert not re.search(r"<script|<link|https?:|src=|@import|url\(", page)
    tables = body(page).findall(".//math/mtable")
    assert len(tables) == 9
    for table, derivation in zip(tables, gradients, strict=True):
        rows = table.findall("mtr")
        assert len(rows) == len(derivation.rows)
        assert all(len(row.findall("mtd")) == 3 for row in rows)
        assert "".join(rows[-1][2].itertext()) == f"{derivation.value:g}"


def test_markdown(gradients, tmp_path):
    text = sheet(gradients, tmp_path / "sheet.md", title="Nine").read_text("utf-8")
    assert text == "\n\n".join(["# Nine", *(each.markdown() for each in gradients)]) + "\n"


def test_updates_and_remarks_are_set_too(tmp_path):
    w, other = Value(1.0, "W_{11}^1"), Value(2.0, "u")
    w.grad = 2400.0
    items = [update_rule(w, 0.0001), derive(w * w, other)]
    page = sheet(items, tmp_path / "sheet.html").read_text("utf-8")
    assert "<p>out does not depend on u</p>" in page
    for ending in ("png", "pdf"):
        assert sheet(items, tmp_path / f"sheet.{ending}").stat().st_size > 1000


def test_labels_of_any_kind_can_be_set(tmp_path):
    labels = ["50%", "a_b_c", "{", "\\", "$x$", "<b>", r"\unknown{x}", "x - y", "\x00", "é"]
    items = []
    for label in labels:
        w = Value(2.0, label)
        items.append(derive(w * w, w))
    for ending in ("png", "pdf", "html", "md"):
        sheet(items, tmp_path / f"sheet.{ending}")
    assert len(body((tmp_path / "sheet.html").read_text("utf-8"))) == len(labels)


def test_a_letter_that_the_font_lacks_is_not_passed_over(tmp_path):
    x = Value(2.0, "損")
    with pytest.warns(UserWarning, match="has no 損"):
        sheet([derive(x * x, x)], tmp_path / "sheet.pdf")
    assert "損" in sheet([derive(x * x, x)], tmp_path / "sheet.html").read_text("utf-8")


def test_an_old_sheet_stays_where_a_new_one_cannot_be_made(gradients, tmp_path):
    old = sheet(gradients[:1], tmp_path / "sheet.png")
    before = old.read_bytes()
    with pytest.raises(PictureError, match="inches high"):
        sheet(gradients * 100, old)
    assert old.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["sheet.png"]


def test_what_cannot_be_set(gradients, tmp_path):
    with pytest.raises(PictureError, match="the formats are"):
        sheet(gradients, tmp_path / "sheet.docx")
    with pytest.raises(PictureError, match="no derivations"):
        sheet([], tmp_path / "sheet.png")
    with pytest.raises(ArgumentTypeError, match="derive"):
        sheet([ag.Value(1.0)], tmp_path / "sheet.png")
    (tmp_path / "file").write_text("")
    with pytest.raises(PictureFileError):
        sheet(gradients, tmp_path / "file" / "sheet.png")


def test_one_derivation_by_itself(gradients, tmp_path):
    assert sheet(gradients[0], tmp_path / "a.md").read_text() == gradients[0].markdown() + "\n"
