"""Canvases as the pages of a PDF: real text in its own font, and lines, no pixels.

PDF 1.7 is ISO 32000-1: the numbers in the names below are its sections.
"""

from __future__ import annotations

import io
import warnings
import zlib
from typing import TYPE_CHECKING, Any

from viz import fonts
from viz.canvas import Shape
from viz.svg import words_of
from viz.text import FONT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from viz.canvas import Canvas, Words

__all__ = ["pdf_of"]

_NAME = FONT.replace(" ", "")
_OPERATORS = {"M": "m", "L": "l", "C": "c", "Z": "h"}


def pdf_of(*canvases: Canvas) -> bytes:
    """A page for each canvas, as large as that; the same canvases give the same bytes."""
    font = _Font("".join(map(words_of, canvases)) or " ")
    pages = [8 + 2 * place for place in range(len(canvases))]  # each followed by its content
    kids = " ".join(f"{page} 0 R" for page in pages)
    title = canvases[0].told.encode("utf-16-be").hex()
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R /Lang (en) >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>".encode(),
        *font.objects(first=3),
    ]
    for canvas, page in zip(canvases, pages, strict=True):
        box = f"[0 0 {_number(canvas.width)} {_number(canvas.height)}]"
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox {box} /Contents {page + 1} 0 R "
            "/Resources << /Font << /F 3 0 R >> >> >>".encode()
        )
        content = zlib.compress("\n".join(_content(canvas, font)).encode("ascii"))
        objects.append(_stream(content, "/Filter /FlateDecode"))
    return _file([*objects, f"<< /Title <feff{title}> >>".encode()])


def _content(canvas: Canvas, font: _Font) -> Iterator[str]:
    """The operators that draw it (8.2), with y downwards as on the canvas."""
    s, height = canvas.scale, canvas.height
    yield f"1 1 1 rg 0 0 {_number(canvas.width)} {_number(height)} re f"
    yield f"{s:.5f} 0 0 {-s:.5f} {_number(canvas.left)} {_number(height - canvas.top)} cm"
    for part in canvas.parts:
        for item in part.items:
            yield _shape(item) if isinstance(item, Shape) else _words(item, font)


def _shape(shape: Shape) -> str:
    path = [" ".join([*map(_number, places), _OPERATORS[name]]) for name, places in shape.path]
    setting = []
    if shape.fill:
        setting.append(f"{_colour(shape.fill)} rg")
    if shape.line:
        dash = " ".join(map(_number, shape.dash))
        setting.append(f"{_colour(shape.line)} RG {_number(shape.width)} w [{dash}] 0 d")
    paint = {(True, True): "B", (True, False): "f", (False, True): "S", (False, False): "n"}
    return " ".join([*setting, *path, paint[bool(shape.fill), bool(shape.line)]])


def _words(words: Words, font: _Font) -> str:
    runs = [
        f"/F {_number(run.size)} Tf 1 0 0 -1 {_number(words.x + run.x)} "
        f"{_number(words.y - run.rise)} Tm <{font.coded(run.text)}> Tj"
        for run in words.line.runs
    ]
    return f"{_colour(words.colour)} rg BT {' '.join(runs)} ET"


class _Font:
    """The font cut down to some characters, as a font of two bytes a glyph (9.7)."""

    def __init__(self, text: str) -> None:
        lacking = "".join(sorted({ch for ch in text if not fonts.has_all(ch)}))
        if lacking:
            warnings.warn(
                f"{FONT} has no {lacking}: in the PDF a box stands in its place; "
                "an .svg, .png or .html takes it from the fonts of the system",
                stacklevel=2,
            )
        with fonts.part(text) as font:
            out = io.BytesIO()
            font.save(out, reorderTables=None)
            self._file = out.getvalue()
            names = font.getBestCmap()
            self._glyphs = {chr(code): font.getGlyphID(name) for code, name in names.items()}
            unit = 1000 / font["head"].unitsPerEm
            widths: Any = font["hmtx"]
            self._widths = {
                font.getGlyphID(name): round(widths[name][0] * unit) for name in names.values()
            }
            head, lines = font["head"], font["hhea"]
            self._box = [round(x * unit) for x in (head.xMin, head.yMin, head.xMax, head.yMax)]
            self._ascent, self._descent = round(lines.ascent * unit), round(lines.descent * unit)

    def coded(self, text: str) -> str:
        """The glyphs of a text, in hexadecimal; what the font lacks is its empty box."""
        return "".join(f"{self._glyphs.get(ch, 0):04x}" for ch in text)

    def objects(self, first: int) -> list[bytes]:
        """The five objects of the font, the first of which is the font itself."""
        below, descriptor, file, unicode = (first + place for place in range(1, 5))
        widths = " ".join(f"{glyph} [{width}]" for glyph, width in sorted(self._widths.items()))
        return [
            f"<< /Type /Font /Subtype /Type0 /BaseFont /{_NAME} /Encoding /Identity-H "
            f"/DescendantFonts [{below} 0 R] /ToUnicode {unicode} 0 R >>".encode(),
            f"<< /Type /Font /Subtype /CIDFontType2 /BaseFont /{_NAME} /CIDToGIDMap /Identity "
            "/CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >> "
            f"/DW 600 /W [{widths}] /FontDescriptor {descriptor} 0 R >>".encode(),
            f"<< /Type /FontDescriptor /FontName /{_NAME} /Flags 4 "
            f"/FontBBox [{' '.join(map(str, self._box))}] /ItalicAngle 0 /Ascent {self._ascent} "
            f"/Descent {self._descent} /CapHeight 729 /StemV 90 /FontFile2 {file} 0 R >>".encode(),
            _stream(zlib.compress(self._file), f"/Filter /FlateDecode /Length1 {len(self._file)}"),
            _stream(self._to_unicode().encode("ascii")),
        ]

    def _to_unicode(self) -> str:
        """What each glyph means, so that the text can be searched and copied (9.10.3)."""
        pairs = sorted((glyph, ch) for ch, glyph in self._glyphs.items())
        blocks = []
        for at in range(0, len(pairs), 100):
            lines = [
                f"<{glyph:04x}> <{ch.encode('utf-16-be').hex()}>"
                for glyph, ch in pairs[at : at + 100]
            ]
            blocks.append("\n".join([f"{len(lines)} beginbfchar", *lines, "endbfchar"]))
        return "\n".join(
            [
                "/CIDInit /ProcSet findresource begin 12 dict begin begincmap",
                "/CMapName /Adobe-Identity-UCS def /CMapType 2 def",
                "1 begincodespacerange <0000> <ffff> endcodespacerange",
                *blocks,
                "endcmap CMapName currentdict /CMap defineresource pop end end",
            ]
        )


def _stream(content: bytes, entries: str = "") -> bytes:
    return b"<< /Length %d %s >>\nstream\n%s\nendstream" % (
        len(content),
        entries.encode(),
        content,
    )


def _file(objects: list[bytes]) -> bytes:
    """Objects, the last of which is the information, with the table of their places (7.5)."""
    out = bytearray(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
    places = []
    for number, content in enumerate(objects, start=1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer\n<< /Size %d /Root 1 0 R /Info %d 0 R >>\n" % (len(objects) + 1, len(objects))
    out += b"startxref\n%d\n%%%%EOF\n" % table
    return bytes(out)


def _colour(colour: str) -> str:
    return " ".join(f"{int(colour[at : at + 2], 16) / 255:.3f}" for at in (1, 3, 5))


def _number(x: float) -> str:
    return f"{x:.2f}".rstrip("0").rstrip(".") if x else "0"
