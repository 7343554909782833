"""README's gallery is what the code draws: its text is compared, and its images are as large."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from PIL import Image

from tests.legibility import faults
from tests.pictures import GALLERY, gallery_image, gallery_text
from viz.svg import svg_of

README = (Path(__file__).resolve().parents[1] / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", GALLERY)
def test_the_gallery_is_not_stale(name: str) -> None:
    """If it is: `python -m tests.pictures`, and look at what it has drawn."""
    canvas = GALLERY[name]().canvas
    assert svg_of(canvas, with_font=False) == gallery_text(name).read_text(encoding="utf-8")
    with Image.open(gallery_image(name)) as image:
        sides = zip(image.size, (canvas.width, canvas.height), strict=True)
        assert all(abs(pixels - points * 192 / 72) < 2 for pixels, points in sides)


@pytest.mark.parametrize("name", GALLERY)
def test_nothing_is_in_the_way_of_anything(name: str) -> None:
    assert faults(GALLERY[name]()) == []


def test_the_gallery_is_shown() -> None:
    shown = re.findall(r"docs/gallery/(\w+)\.png", README)
    assert set(GALLERY) <= set(shown)
