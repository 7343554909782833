"""What stands on the pages of a PDF that Chalkgrad wrote, read from its operators."""

from __future__ import annotations

import re
import zlib
from typing import NamedTuple


class Piece(NamedTuple):
    """A piece of text: its page, where its base line begins, from the upper left, and its size."""

    page: int
    text: str
    x: float
    y: float
    size: float


def contents_of(pdf: bytes) -> list[str]:
    """What each page draws."""
    streams = re.findall(rb"/FlateDecode >>\nstream\n(.*?)\nendstream", pdf, re.DOTALL)
    return [zlib.decompress(stream).decode("ascii") for stream in streams]


def characters_of(pdf: bytes) -> dict[str, str]:
    """What each glyph means, by the table that programs copy text with."""
    pairs = re.findall(rb"^<([0-9a-f]{4})> <([0-9a-f]+)>$", pdf, re.MULTILINE)
    return {code.decode(): bytes.fromhex(text.decode()).decode("utf-16-be") for code, text in pairs}


def pieces_of(pdf: bytes) -> list[Piece]:
    """The text of all pages, in the order it is drawn."""
    meaning = characters_of(pdf)
    pattern = r"/F ([\d.]+) Tf 1 0 0 -1 ([-\d.]+) ([-\d.]+) Tm <([0-9a-f]*)> Tj"
    return [
        Piece(
            page,
            "".join(meaning[codes[at : at + 4]] for at in range(0, len(codes), 4)),
            float(x),
            float(y),
            float(size),
        )
        for page, content in enumerate(contents_of(pdf), start=1)
        for size, x, y, codes in re.findall(pattern, content)
    ]
