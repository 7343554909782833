"""Writes the texts of the pictures, and README's gallery, anew."""

import shutil
import tempfile
from argparse import Namespace
from pathlib import Path

import viz
from demos import moons
from tests.pictures import GALLERY, GRAPHS, file_of, gallery_image, gallery_text
from viz.svg import svg_of

if __name__ == "__main__":
    for name, make in GRAPHS.items():
        file_of(name).write_text(make().source, encoding="utf-8")
        print(file_of(name))
    for name, make in GALLERY.items():
        picture = make()
        gallery_text(name).write_text(svg_of(picture.canvas, with_font=False), encoding="utf-8")
        print(viz.render(picture, gallery_image(name)))
    # What matplotlib draws differs from version to version: this one is not compared.
    with tempfile.TemporaryDirectory() as folder:
        moons.main(Namespace(out=Path(folder)))
        shutil.copy(Path(folder, "boundary.png"), gallery_image("moons"))
