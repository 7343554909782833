"""A picture as a graph for Graphviz: to be compared as text, changed, or laid out by any `dot`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from viz.extras import for_pictures
from viz.picture import measured
from viz.text import FONT, plain

with for_pictures():
    import graphviz

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from viz.picture import Arrow, Box, Group, Picture

__all__ = ["digraph_of"]


def digraph_of(picture: Picture) -> graphviz.Digraph:
    """The picture as a `graphviz.Digraph`; boxes have the sizes that their text needs here.

    Symbols are plain text in it: Graphviz cannot set an index above another.
    """
    size = f"{picture.font_size:g}"
    graph = graphviz.Digraph()
    graph.attr(fontname=FONT, fontsize=size, labelloc="t", labeljust="l")
    if picture.places:
        graph.attr(layout="neato", splines="line", outputorder="edgesfirst", inputscale="72")
    else:
        graph.attr(rankdir=picture.direction)
    caption = _left_aligned([picture.title, *picture.caption])
    if caption:  # an empty one crashes some versions of Graphviz
        graph.attr(label=caption)
    graph.attr("node", fontname=FONT, fontsize=size, shape="box", fixedsize="true")
    graph.attr("edge", fontname=FONT, fontsize=f"{0.9 * picture.font_size:g}", arrowsize="0.6")
    boxes = {box.name: box for box in picture.boxes}
    for group in picture.groups:
        _add_group(graph, picture, group, boxes)
    grouped = {name for group in picture.groups for name in group.all_boxes()}
    for box in picture.boxes:
        if box.name not in grouped:
            _add_box(graph, picture, box)
    for arrow in picture.arrows:
        _add_arrow(graph, arrow)
    return graph


def _add_group(
    graph: graphviz.Digraph, picture: Picture, group: Group, boxes: dict[str, Box]
) -> None:
    with graph.subgraph(name=f"cluster_{group.name}") as inside:
        inside.attr(label=plain(group.title), style="rounded", color="#c8c8c8", margin="10")
        for inner in group.groups:
            _add_group(inside, picture, inner, boxes)
        for name in group.boxes:
            _add_box(inside, picture, boxes[name])


def _add_box(graph: graphviz.Digraph, picture: Picture, box: Box) -> None:
    size, style = measured(box, picture.font_size), box.style
    lines = [line for line in (*box.lines, box.band, box.note, *box.below) if line]
    text = _left_aligned(lines)
    attributes = {
        "width": f"{size.width / 72:.3f}",
        "height": f"{size.height / 72:.3f}",
        "fillcolor": style.fill or "white",
        "color": style.line or "white",
        "penwidth": f"{style.width:g}",
        "style": ",".join(["filled", *["rounded"] * style.rounded, *["dashed"] * bool(style.dash)]),
    }
    if box.operation:
        text = _in_fields([plain(box.operation), text], turned=picture.direction in ("LR", "RL"))
        attributes["shape"] = "record"
    if box.radius:
        text = r"\n".join(map(plain, lines))
        attributes["shape"] = "circle"
    if box.name in picture.places:
        x, y = picture.places[box.name]
        attributes["pos"] = f"{x:.2f},{-y:.2f}!"
    graph.node(box.name, graphviz.nohtml(text), **attributes)


def _add_arrow(graph: graphviz.Digraph, arrow: Arrow) -> None:
    attributes = {"color": arrow.colour, "penwidth": f"{arrow.width:.2f}"}
    if arrow.label:
        text = r"\n".join(map(plain, arrow.label))
        attributes |= {"xlabel": graphviz.nohtml(text), "fontcolor": arrow.label_colour}
    if arrow.dash:
        attributes["style"] = "dashed"
    if arrow.long:
        attributes["minlen"] = "2"
    if not arrow.head:
        attributes["arrowhead"] = "none"
    graph.edge(arrow.start, arrow.end, **attributes)


def _left_aligned(lines: Iterable[str]) -> str:
    return "".join(rf"{plain(line)}\l" for line in lines if line)


def _in_fields(fields: Sequence[str], *, turned: bool) -> str:
    """Fields beside each other in one box, as the label of a record.

    In a `turned` drawing, which leads from left to right, Graphviz turns the fields too, unless
    braces turn them back.
    """
    text = "|".join(re.sub(r"([{}|<> ])", r"\\\1", field) for field in fields)
    return f"{{{text}}}" if turned else text
