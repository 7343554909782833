"""A picture as text in Graphviz's language DOT: to be compared, or drawn by any Graphviz."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from viz.picture import Box, measured
from viz.text import FONT, plain

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from viz.picture import Arrow, Group, Picture

__all__ = ["dot_of"]


def dot_of(picture: Picture) -> str:
    """The picture as DOT; boxes have the sizes that their text needs as it is set here.

    https://graphviz.org/doc/info/lang.html
    """
    lines = ["digraph {", *(f"    {line}" for line in _body(picture)), "}"]
    return "\n".join(lines) + "\n"


def _body(picture: Picture) -> Iterator[str]:
    size = picture.font_size
    caption = [plain(line) for line in (picture.title, *picture.caption)]
    label = "".join(rf"{line}\l" for line in caption if line)  # an empty one crashes Graphviz
    head = [f'fontname="{FONT}" fontsize={size:g} labelloc=t labeljust=l']
    if label:
        head.append(f"label={_quoted(label)}")
    if picture.places:
        head.append("layout=neato splines=line outputorder=edgesfirst inputscale=72")
    else:
        head.append(f"rankdir={picture.direction}")
    yield f"graph [{' '.join(head)}]"
    yield f'node [fontname="{FONT}" fontsize={size:g} shape=box fixedsize=true]'
    yield f'edge [fontname="{FONT}" fontsize={0.9 * size:g} arrowsize=0.6]'
    boxes = {box.name: box for box in picture.boxes}
    grouped: set[str] = set()
    for group in picture.groups:
        yield from _group(picture, group, boxes)
        grouped |= set(group.all_boxes())
    for box in picture.boxes:
        if box.name not in grouped:
            yield _box(picture, box)
    for arrow in picture.arrows:
        yield _arrow(arrow)


def _group(picture: Picture, group: Group, boxes: dict[str, Box]) -> Iterator[str]:
    yield f"subgraph cluster_{group.name} {{"
    yield f'    label={_quoted(plain(group.title))} style=rounded color="#c8c8c8" margin=10'
    for inner in group.groups:
        for line in _group(picture, inner, boxes):
            yield f"    {line}"
    for name in group.boxes:
        yield f"    {_box(picture, boxes[name])}"
    yield "}"


def _box(picture: Picture, box: Box) -> str:
    size = measured(box, picture.font_size)
    lines = [line for line in (*box.lines, box.band, box.note, *box.below) if line]
    text = "".join(rf"{plain(line)}\l" for line in lines)
    style = box.style
    attributes = {
        "width": f"{size.width / 72:.3f}",
        "height": f"{size.height / 72:.3f}",
        "fillcolor": f'"{style.fill or "white"}"',
        "color": f'"{style.line or "white"}"',
        "penwidth": f"{style.width:g}",
        "style": '"' + ",".join(
            ["filled", *["rounded"] * style.rounded, *["dashed"] * bool(style.dash)]
        ) + '"',
    }  # fmt: skip
    if box.operation:
        text = _in_fields([plain(box.operation), text], turned=picture.direction in ("LR", "RL"))
        attributes["shape"] = "record"
    if box.radius:
        text = r"\n".join(plain(line) for line in lines)
        attributes["shape"] = "circle"
    if box.name in picture.places:
        x, y = picture.places[box.name]
        attributes["pos"] = f'"{x:.2f},{-y:.2f}!"'
    told = " ".join(f"{name}={value}" for name, value in attributes.items())
    return f"{box.name} [label={_quoted(text)} {told}]"


def _in_fields(fields: Sequence[str], *, turned: bool) -> str:
    """Fields beside each other in one box, as the label of a record.

    In a `turned` drawing, which leads from left to right, Graphviz turns the fields too, unless
    braces turn them back.
    """
    text = "|".join(re.sub(r"([{}|<> ])", r"\\\1", field) for field in fields)
    return f"{{{text}}}" if turned else text


def _arrow(arrow: Arrow) -> str:
    attributes = [f'color="{arrow.colour}"', f"penwidth={arrow.width:.2f}"]
    if arrow.label:
        text = r"\n".join(map(plain, arrow.label))
        attributes.append(f'xlabel={_quoted(text)} fontcolor="{arrow.label_colour}"')
    if arrow.dash:
        attributes.append("style=dashed")
    if arrow.long:
        attributes.append("minlen=2")
    if not arrow.head:
        attributes.append("arrowhead=none")
    return f"{arrow.start} -> {arrow.end} [{' '.join(attributes)}]"


def _quoted(text: str) -> str:
    """Text between quotes, in which only the escapes made here are escapes."""
    return '"' + text.replace('"', r"\"") + '"'
