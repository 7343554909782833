"""A canvas as SVG, with its font inside and a sentence on each of its parts."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from viz import fonts
from viz.canvas import Shape
from viz.text import FONT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from viz.canvas import Canvas, Part, Words

__all__ = ["svg_of", "words_of"]


def svg_of(canvas: Canvas, *, with_font: bool = True) -> str:
    """The SVG. A node is the group with its name as id, an arrow tells its ends as data."""
    style = f"<style>{fonts.style_sheet(words_of(canvas))}</style>\n" if with_font else ""
    width, height = _number(canvas.width), _number(canvas.height)
    fitted = (canvas.scale, canvas.left, canvas.top) != (1.0, 0.0, 0.0)
    place = (
        f' transform="translate({_number(canvas.left)},{_number(canvas.top)})'
        f' scale({canvas.scale:.4f})"'
        if fitted
        else ""
    )
    body = "\n".join(_part(part) for part in canvas.parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}pt" height="{height}pt" '
        f'viewBox="0 0 {width} {height}" role="img" aria-label="{_text(canvas.told)}" '
        f'font-family="{FONT}">\n{style}<rect width="100%" height="100%" fill="#ffffff"/>\n'
        f"<g{place}>\n{body}\n</g>\n</svg>\n"
    )


def words_of(canvas: Canvas) -> str:
    """All characters that are drawn."""
    return "".join(
        run.text
        for part in canvas.parts
        for item in part.items
        if not isinstance(item, Shape)
        for run in item.line.runs
    )


def _part(part: Part) -> str:
    ends = f' data-start="{part.ends[0]}" data-end="{part.ends[1]}"' if part.ends else ""
    told = f"<title>{_text(part.told)}</title>" if part.told else ""
    return f'<g id="{part.name}" class="{part.kind}"{ends}>{told}{"".join(_items(part))}</g>'


def _items(part: Part) -> Iterator[str]:
    for item in part.items:
        yield _shape(item) if isinstance(item, Shape) else _words(item)


def _shape(shape: Shape) -> str:
    path = "".join(
        name + ",".join(_number(place) for place in places) for name, places in shape.path
    )
    line = ""
    if shape.line:
        dash = ",".join(map(_number, shape.dash))
        line = f' stroke="{shape.line}" stroke-width="{_number(shape.width)}"'
        line += f' stroke-dasharray="{dash}"' if dash else ""
    return f'<path d="{path}" fill="{shape.fill or "none"}"{line}/>'


def _words(words: Words) -> str:
    """A text element that copies and is found as what it says, each script a span."""
    runs = words.line.runs
    size = _number(words.line.size)
    start = f'<text x="{_number(words.x)}" y="{_number(words.y)}" font-size="{size}"'
    colour = "" if words.colour == "#000000" else f' fill="{words.colour}"'
    if len(runs) == 1 and not runs[0].rise:
        return f'{start}{colour} xml:space="preserve">{_text(runs[0].text)}</text>'
    spans = "".join(
        f'<tspan x="{_number(words.x + run.x)}" y="{_number(words.y - run.rise)}"'
        f' font-size="{_number(run.size)}">{_text(run.text)}</tspan>'
        for run in runs
    )
    told = _text(words.line.text)
    return f'{start}{colour} xml:space="preserve" data-text="{told}">{spans}</text>'


def _text(text: str) -> str:
    return escape("".join(ch for ch in text if ch.isprintable()))


def _number(x: float) -> str:
    return f"{x:.2f}".rstrip("0").rstrip(".") if x else "0"
