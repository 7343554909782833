r"""The graph of a Value as a drawing from which the chain rule can be read off.

Each box shows a number and its gradient, each arrow the local derivative: the gradient of a box is
the sum, over its arrows, of the number on the arrow times the gradient of the box it leads to.
"""

from __future__ import annotations

import re
from itertools import groupby, pairwise
from typing import TYPE_CHECKING, Final, Literal, get_args

from autograd import GraphError, Value, formula, topological_order
from viz.captions import STAR, backward_has_run, explanation, uneven, warnings
from viz.errors import PictureError
from viz.neurons import neurons_of
from viz.rendering import Drawing
from viz.text import FONT, number, symbol
from viz.views import every_step, is_literal, labelled_only

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import graphviz  # type: ignore[import-untyped]

    from viz.views import Edge, View

__all__ = ["Detail", "Direction", "draw"]

# ruff: noqa: RUF001 - minus and times are meant

Detail = Literal["full", "labelled"]
Direction = Literal["TB", "LR", "BT", "RL"]

# What a box looks like, by its kind. The kinds differ in shape and outline too, for those who do
# not see the colours and for printing in grey.
_STYLES: Final = {
    "input": {"shape": "record", "fillcolor": "#d6e9f8", "color": "#0067a3"},
    "parameter": {"shape": "Mrecord", "fillcolor": "#ffdf9e", "color": "#a86500"},
    "intermediate": {"shape": "record", "fillcolor": "#ffffff", "color": "#6b6b6b"},
    "loss": {"shape": "record", "fillcolor": "#efc8dc", "color": "#8f1a5b", "penwidth": "2.5"},
    "output": {"shape": "record", "fillcolor": "#efc8dc", "color": "#8f1a5b", "penwidth": "2.5"},
    "constant": {"shape": "plaintext", "style": "", "fontcolor": "#555555"},
}
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
_UNSEEN: Final = {"label": "", "shape": "point", "width": "0.01", "height": "0.01"}

_SIGNS: Final = {"*": "×", "-": "−", "**": "^"}
_NAMES: Final = {
    "sqrt": "√",
    "square": "□²",
    "cube": "□³",
    "reciprocal": "1 / □",
    "abs": "|□|",
    "maximum": "max",
    "minimum": "min",
}
_LONGEST_FORMULA: Final = 48  # characters
_EITHER_WAY_ROUND: Final = {"add", "mul", "maximum", "minimum", "hypot"}
_LOSSES: Final = re.compile(r"(?:[LJE]|\\mathcal\{?\s*L\}?|\\ell|.*loss.*)(?:_.*)?", re.IGNORECASE)
_WEIGHTS: Final = re.compile(r"(?:W|w|\\theta)(?![A-Za-z]).*")
_BIASES: Final = re.compile(r"b(?![A-Za-z]).*")


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

    Raises TypeError for what is no Value; PictureError for more than `max_nodes` boxes, saying how
    many there are and what to draw instead, and for options that do not exist.

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
        raise TypeError(f"draw() needs a Value, not {type(root).__name__}\nhint: {hint}")
    for name, given, known in (
        ("detail", detail, get_args(Detail)),
        ("rankdir", rankdir, get_args(Direction)),
    ):
        if given not in known:
            raise PictureError(
                f"{name}={given!r} is not possible", hint=f"{name} is one of {', '.join(known)}"
            )
    if not isinstance(digits, int) or not 1 <= digits <= 17:
        raise PictureError(f"digits={digits!r} is not possible", hint="digits is from 1 to 17")


def _too_large(order: Sequence[Value], view: View, max_nodes: int) -> PictureError:
    labelled = len(labelled_only(order).nodes)
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
        self.kinds = _kinds(view, parameters)
        self.rankdir = rankdir
        self.digits = digits
        self.names = {node: f"n{place}" for place, node in enumerate(view.nodes)}
        self.shown = set(view.nodes)

    def drawing(self, title: str, legend: bool) -> Drawing:
        sheet = Drawing()
        lines = [_escaped(" ".join(title.split()))] if title.strip() else []
        if self.derivatives:
            lines += warnings(self.order, self.marked)
        if self.gradients and legend:
            lines += explanation(self.view, self.marked, self.digits)
        sheet.attr(rankdir=self.rankdir, **_GRAPH)
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
        for (layer, position), nodes in groups:
            with sheet.subgraph(name=f"cluster_{layer}_{position}") as ground:
                ground.attr(label=f"layer {layer}, neuron {position}", **_NEURON)
                for node in nodes:
                    self._box(ground, node)
        for _, of_layer in groupby(groups, lambda group: group[0].layer):
            firsts = {f"at_{place.layer}_{place.position}": nodes[0] for place, nodes in of_layer}
            if len(firsts) > 1:
                _in_a_row(sheet, list(firsts))
                for point, node in firsts.items():
                    sheet.edge(point, self.names[node], style="invis", weight="0")

    def _box(self, ground: graphviz.Digraph, node: Value) -> None:
        body = _in_record(self._value(node)) + r"\l"
        if self.gradients and not node.is_constant:
            star = f" {STAR}" if node in self.marked else ""
            body += rf"grad {self._number(node.grad)}{star}\l"
        if node.parents and self.detail == "full":
            body = f"{_in_record(self._operation(node))}|{body}"
        if self.rankdir in ("LR", "RL"):
            body = f"{{{body}}}"  # fields beside each other all the same
        ordering = {}
        if len(set(node.parents)) == 2 and node.op.name not in _EITHER_WAY_ROUND:
            ordering["ordering"] = "in"  # the first input first, as it is written
        style = _STYLES[self.kinds[node]]
        ground.node(self.names[node], body, **style, **ordering, **self._exact_width(node))

    def _value(self, node: Value) -> str:
        """`ŷ = 176`, or with its formula where the steps to it are left out."""
        parts = [symbol(node.label)] if symbol(node.label) else []
        if node.parents and self.detail == "labelled":
            parts += _short_formula(node)
        return " = ".join([*parts, self._number(node.data)])

    def _exact_width(self, node: Value) -> dict[str, str]:
        """The width of a box with a formula; Graphviz may take subscripts for full letters."""
        if self.detail == "full" or not node.parents:
            return {}
        from viz import fonts  # noqa: PLC0415 - loads matplotlib

        margin = 2 * float(_BOX["margin"].partition(",")[0])
        inches = fonts.width(self._value(node), float(_BOX["fontsize"])) / 72 + margin
        return {"width": f"{max(inches, 1.1):.2f}", "fixedsize": "true", "height": "0.52"}

    def _operation(self, node: Value) -> str:
        """What the box says of its operation, with the bare numbers among its inputs."""
        sign = _SIGNS.get(node.op.symbol, node.op.symbol)
        name = _NAMES.get(node.op.name, node.op.name)
        drawn = [parent in self.shown for parent in node.parents]
        if all(drawn) or not any(drawn):
            return sign or name
        a, b = ("□" if p in self.shown else self._number(p.data) for p in node.parents)
        if node.op.name in ("add", "mul"):
            return f"{sign} {a if drawn[1] else b}"
        if node.op.name == "pow" and drawn[0]:
            return symbol(f"□^{{{b}}}")
        return f"{a} {sign} {b}" if sign else f"{name}({a}, {b})"

    def _arrow(self, sheet: graphviz.Digraph, edge: Edge) -> None:
        attributes = {}
        if self.derivatives and not edge.start.is_constant:
            # Spaces keep the number off its own line and its neighbours'.
            attributes["label"] = f" {self._number(edge.partial)} "
            if edge.partial == 0.0:
                attributes["style"] = "dashed"  # no gradient passes here
        if edge.end in self.neurons and self.neurons.get(edge.start) != self.neurons[edge.end]:
            attributes["minlen"] = "2"  # room for the neuron's own parameters beside the way in
        sheet.edge(self.names[edge.start], self.names[edge.end], **attributes)

    def _legend(self, sheet: graphviz.Digraph) -> None:
        """A sample of each kind that occurs, beyond the root."""
        kinds = [kind for kind in _STYLES if kind in self.kinds.values() and kind != "constant"]
        with sheet.subgraph() as row:
            row.attr(rank="same")
            for kind in kinds:
                text = "operation|intermediate" if kind == "intermediate" else kind
                if self.rankdir in ("LR", "RL"):
                    text = f"{{{text}}}"
                row.node(f"a_{kind}", text, fontsize="9", **_STYLES[kind])
        for kind in kinds:
            sheet.edge(self.names[self.view.nodes[-1]], f"a_{kind}", style="invis")

    def _number(self, x: float) -> str:
        return number(x, self.digits)


def _kinds(view: View, parameters: set[Value]) -> dict[Value, str]:
    """The kind of each box."""
    leaves = [node for node in view.nodes if node.is_leaf]
    weights = any(_WEIGHTS.fullmatch(leaf.label) for leaf in leaves)
    kinds = dict.fromkeys(view.nodes, "intermediate")
    for leaf in leaves:
        named_so = _WEIGHTS.fullmatch(leaf.label) or (weights and _BIASES.fullmatch(leaf.label))
        if is_literal(leaf):
            kinds[leaf] = "constant"
        else:
            kinds[leaf] = "parameter" if leaf in parameters or named_so else "input"
    root = view.nodes[-1]
    if not root.is_leaf:
        kinds[root] = "loss" if _LOSSES.fullmatch(root.label) else "output"
    return kinds


def _short_formula(node: Value) -> list[str]:
    """The node's formula over labelled nodes, if it fits in a box."""
    try:
        text = formula(node, style="unicode")
    except GraphError:  # it is too long to be written at all
        return []
    return [text] if len(text) <= _LONGEST_FORMULA else []


def _in_a_row(sheet: graphviz.Digraph, points: Sequence[str]) -> None:
    """Unseen points that keep their order, for the neurons below them to keep it too."""
    with sheet.subgraph() as row:
        row.attr(rank="same")
        for point in points:
            row.node(point, style="invis", **_UNSEEN)
        for one, next_one in pairwise(points):
            row.edge(one, next_one, style="invis")


def _escaped(text: str) -> str:
    """Text for a label in which no character has a meaning of its own."""
    return text.replace("\\", "\\\\")


def _in_record(text: str) -> str:
    """Text for a field of a record."""
    return re.sub(r"([\\{}|<> ])", r"\\\1", text)
