r"""The graph of a Value as a drawing from which the chain rule can be read off.

Each box shows a number and its gradient, each arrow the local derivative: the gradient of a box is
the sum, over its arrows, of the number on the arrow times the gradient of the box it leads to.
"""

from __future__ import annotations

from itertools import groupby, pairwise
from typing import TYPE_CHECKING, Final, Literal, get_args

from autograd import ArgumentError, ArgumentTypeError, Value, topological_order
from viz.boxes import STYLES, in_fields, kinds_of, operation_text, value_text
from viz.captions import STAR, backward_has_run, explanation, uneven, warnings
from viz.errors import PictureError
from viz.neurons import neurons_of
from viz.rendering import Drawing
from viz.text import FONT, number, plain
from viz.views import every_step, labelled_nodes, labelled_only

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import graphviz  # type: ignore[import-untyped]

    from viz.views import Edge, View

__all__ = ["Detail", "Direction", "draw"]

Detail = Literal["full", "labelled"]
Direction = Literal["TB", "LR", "BT", "RL"]

_GRAPH: Final = {
    "fontname": FONT,
    "fontsize": "11",
    "labelloc": "t",
    "labeljust": "l",
    "nodesep": "0.2",
    "ranksep": "0.42",
}
_BOX: Final = {
    "fontname": FONT,
    "fontsize": "11",
    "shape": "box",
    "style": "filled",
    "margin": "0.08,0.04",
    "height": "0.3",
    "width": "0.3",
}
_ARROW: Final = {
    "fontname": FONT,
    "fontsize": "10",
    "fontcolor": "#a32c00",
    "color": "#7a7a7a",
    "arrowsize": "0.6",
}
_NEURON: Final = {
    "style": "rounded,filled",
    "color": "#f2f2f2",
    "fontcolor": "#555555",
}
_UNSEEN: Final = {
    "label": "",
    "shape": "point",
    "width": "0.01",
    "height": "0.01",
    "style": "invis",
}

_EITHER_WAY_ROUND: Final = ("add", "mul", "maximum", "minimum", "hypot")


def draw(
    root: Value,
    *,
    title: str = "",
    grad: bool = True,
    detail: Detail = "full",
    parameters: Iterable[Value] = (),
    rankdir: Direction = "TB",
    digits: int = 4,
    max_nodes: int = 200,
    legend: bool = True,
) -> graphviz.Digraph:
    r"""The graph that `root` was computed by, for `render` or a notebook to show.

    A box for each node: operation, symbol and number, and below it the gradient; an arrow from
    each input to each result, with the local derivative d(result)/d(input). So the gradient of a
    box is the sum over its arrows of the number on the arrow times the gradient it leads to, and
    the drawing says so with one of its own boxes. `a + a` has two arrows. Bare numbers, as the 2 in
    `x ** 2`, stand in the box of their operation, in the place of one of its inputs □.

    Inputs, parameters, intermediate results and the output differ in colour, shape and outline.
    A leaf is a parameter where it is among `parameters`, or is called W, w or θ with any indices,
    or b beside such weights. Nodes labelled in the notation of the notes (`W_{ij}^l`, `b_{lj}`,
    `z_{lj}`, `O_{lj}`) stand together, neuron by neuron.

    title: a line above the drawing.
    grad: False leaves out gradients and local derivatives. Where backward() has not run the drawing
        says so and shows no gradients.
    detail: "labelled" draws labelled nodes, inputs and root only; its arrows carry the derivative
        through all that is left out.
    rankdir: which way results lie from their inputs: "TB" (below), "LR" (to the right), "BT", "RL".
    digits: significant digits, 1 to 17.
    max_nodes: the most boxes to draw.
    legend: False leaves out the samples of the kinds and the lines on how to read the drawing.

    Raises ArgumentTypeError for what is no Value, ArgumentError for options that do not exist,
    PictureError for more than `max_nodes` boxes, saying how many and what to draw instead.

    >>> a = Value(3.0, "a")
    >>> b = a + a
    >>> b.backward()
    >>> drawing = draw(b, legend=False)
    >>> drawing.source.count("n0 -> n1"), "grad 2" in drawing.source
    (2, True)
    """
    _check(root, detail, rankdir, digits)
    order = topological_order(root)
    view = every_step(order) if detail == "full" else labelled_only(order)
    if len(view.nodes) > max_nodes:
        raise _too_large(order, view, max_nodes)
    return _Sheet(order, view, grad, detail, set(parameters), rankdir, digits).drawing(
        title, legend
    )


def _check(root: object, detail: object, rankdir: object, digits: object) -> None:
    if not isinstance(root, Value):
        if hasattr(root, "layers"):
            hint = "viz.draw_network() draws a network; draw() the graph of a result, e.g. a loss"
        else:
            hint = "draw one result, for example the loss: draw(loss)"
        raise ArgumentTypeError(f"draw() needs a Value, not {type(root).__name__}", hint=hint)
    for name, given, known in (
        ("detail", detail, get_args(Detail)),
        ("rankdir", rankdir, get_args(Direction)),
    ):
        if given not in known:
            raise ArgumentError(
                f"{name}={given!r} is not possible", hint=f"{name} is one of {', '.join(known)}"
            )
    if not isinstance(digits, int) or not 1 <= digits <= 17:
        raise ArgumentError(f"digits={digits!r} is not possible", hint="digits is from 1 to 17")


def _too_large(order: Sequence[Value], view: View, max_nodes: int) -> PictureError:
    labelled = len(labelled_nodes(order))
    instead = ["the loss of a single row", "a labelled intermediate result"]
    if labelled <= max_nodes and labelled < len(view.nodes):
        instead.append(f"the {labelled} labelled nodes with detail='labelled'")
    instead.append("the network itself with viz.draw_network(model)")
    return PictureError(
        f"a drawing of {len(view.nodes):,} boxes is more than anyone can read; "
        f"the limit is {max_nodes:,}",
        hint=f"draw {', '.join(instead)}; or set max_nodes",
    )


class _Sheet:
    """One drawing in the making."""

    def __init__(
        self,
        order: Sequence[Value],
        view: View,
        grad: bool,
        detail: Detail,
        parameters: set[Value],
        rankdir: Direction,
        digits: int,
    ) -> None:
        self.order = order
        self.view = view
        self.derivatives = grad
        self.detail = detail
        self.gradients = grad and backward_has_run(order)
        self.marked = uneven(order) if self.gradients else set()
        self.neurons = neurons_of(order)
        self.kinds = kinds_of(view.nodes, parameters)
        self.rankdir = rankdir
        self.turned = rankdir in ("LR", "RL")
        self.digits = digits
        self.names = {node: f"n{place}" for place, node in enumerate(view.nodes)}

    def drawing(self, title: str, legend: bool) -> Drawing:
        sheet = Drawing()
        lines = [title]
        if self.derivatives:
            lines += warnings(self.order, self.marked)
        if self.gradients and legend:
            lines += explanation(self.view, self.marked, self.digits)
        sheet.attr(rankdir=self.rankdir, **_GRAPH)
        lines = [line for line in map(plain, lines) if line]  # an empty first line crashes Graphviz
        if lines:
            sheet.attr(label="".join(rf"{line}\l" for line in lines))
        sheet.attr("node", **_BOX)
        sheet.attr("edge", **_ARROW)
        self._neurons(sheet)
        for node in self.view.nodes:
            if node not in self.neurons:
                self._box(sheet, node)
        for edge in self.view.edges:
            self._arrow(sheet, edge)
        _in_a_row(sheet, [self.names[node] for node in self._first_inputs()])
        if legend:
            self._legend(sheet)
        return sheet

    def _neurons(self, sheet: graphviz.Digraph) -> None:
        """The boxes of neurons, each neuron's on a ground of its own, in order within a layer."""
        inside = sorted(
            (node for node in self.view.nodes if node in self.neurons), key=self.neurons.__getitem__
        )
        groups = [
            (place, list(nodes)) for place, nodes in groupby(inside, self.neurons.__getitem__)
        ]
        side = "r" if self.turned else "l"  # where the fewest arrows pass
        for (layer, position), nodes in groups:
            with sheet.subgraph(name=f"cluster_{layer}_{position}") as ground:
                ground.attr(label=f"layer {layer}, neuron {position}", labeljust=side, **_NEURON)
                for node in nodes:
                    self._box(ground, node)
        for _, of_layer in groupby(groups, lambda group: group[0].layer):
            self._in_order(sheet, [nodes[0] for _, nodes in of_layer])

    def _in_order(self, sheet: graphviz.Digraph, firsts: Sequence[Value]) -> None:
        """Keeps the neurons of a layer in order, given a node of each, by unseen points in a row.

        Graphviz keeps the order of nodes in a row only where they are not grouped.
        """
        points = [f"above_{self.names[node]}" for node in firsts]
        if len(points) > 1:
            for point, node in zip(points, firsts, strict=True):
                sheet.node(point, **_UNSEEN)
                sheet.edge(point, self.names[node], style="invis", weight="0")
            _in_a_row(sheet, points)

    def _first_inputs(self) -> list[Value]:
        """The inputs of the first layer's neurons, in their order."""
        first = min((place.layer for place in self.neurons.values()), default=0)
        into = {e.start for e in self.view.edges if self._layer(e.end) == first}
        return [n for n in self.view.nodes if n in into and n not in self.neurons and n.is_leaf]

    def _layer(self, node: Value) -> int | None:
        return self.neurons[node].layer if node in self.neurons else None

    def _box(self, ground: graphviz.Digraph, node: Value) -> None:
        """The box of a node: value and gradient, at their left the operation."""
        labelled_only = self.detail == "labelled"
        lines = [value_text(node, self.digits, with_formula=labelled_only)]
        if self.gradients and not node.is_constant:
            star = f" {STAR}" if node in self.marked else ""
            lines.append(f"grad {number(node.grad, self.digits)}{star}")
        text = "".join(rf"{plain(line)}\l" for line in lines)
        attributes = dict(STYLES[self.kinds[node]])
        if node.parents:
            attributes["shape"] = "record"
            if labelled_only:
                fields = [text]
                attributes |= _exact_size(lines)
            else:
                fields = [plain(operation_text(node, self.digits)), text]
            text = in_fields(fields, turned=self.turned)
            if len(set(node.parents)) == 2 and node.op.name not in _EITHER_WAY_ROUND:
                attributes["ordering"] = "in"  # the first input first, as it is written
        ground.node(self.names[node], text, **attributes)

    def _arrow(self, sheet: graphviz.Digraph, edge: Edge) -> None:
        attributes = {}
        if self.derivatives and not edge.start.is_constant:
            # Spaces keep the number off its own line and its neighbours'.
            attributes["label"] = f" {number(edge.partial, self.digits)} "
            if edge.partial == 0.0:
                attributes["style"] = "dashed"  # no gradient passes here
        if edge.end in self.neurons and self.neurons.get(edge.start) != self.neurons[edge.end]:
            attributes["minlen"] = "2"  # room for the neuron's own parameters beside the way in
        sheet.edge(self.names[edge.start], self.names[edge.end], **attributes)

    def _legend(self, sheet: graphviz.Digraph) -> None:
        """A sample of each kind that occurs, beyond the root."""
        kinds = [kind for kind in STYLES if kind in self.kinds.values()]
        with sheet.subgraph() as row:
            row.attr(rank="same")
            for kind in kinds:
                text, attributes = kind, dict(STYLES[kind])
                if kind == "intermediate" and self.detail == "full":
                    text = in_fields(["operation", kind], turned=self.turned)
                    attributes["shape"] = "record"
                row.node(f"a_{kind}", text, fontsize="9", **attributes)
        for kind in kinds:
            sheet.edge(self.names[self.view.nodes[-1]], f"a_{kind}", style="invis")


def _exact_size(lines: Sequence[str]) -> dict[str, str]:
    """The size of a box with a formula, which Graphviz may take to be longer than it is."""
    from viz import fonts  # noqa: PLC0415 - loads matplotlib

    across, up = (float(margin) for margin in _BOX["margin"].split(","))
    size = float(_BOX["fontsize"])
    width = max(fonts.width(line, size) for line in lines) / 72 + 2 * across
    height = len(lines) * 1.2 * size / 72 + 2 * up
    return {"width": f"{width:.2f}", "height": f"{height:.2f}", "fixedsize": "true"}


def _in_a_row(sheet: graphviz.Digraph, names: Sequence[str]) -> None:
    """Nodes beside each other, in this order."""
    with sheet.subgraph() as row:
        row.attr(rank="same")
        for one, next_one in pairwise(names):
            row.edge(one, next_one, style="invis")
