r"""The graph of a Value as a picture from which the chain rule can be read off.

Each box shows a number and its gradient, each arrow the local derivative: the gradient of a box is
the sum, over its arrows, of the number on the arrow times the gradient of the box it leads to.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import groupby
from typing import TYPE_CHECKING, Final, Literal, get_args

from autograd import ArgumentError, ArgumentTypeError, Value, topological_order
from viz.boxes import EMPHASIS, STYLES, kinds_of, operation_text, value_text
from viz.captions import (
    STAR,
    along_paths,
    backward_has_run,
    explanation,
    uneven,
    warnings,
)
from viz.composing import legible_scale
from viz.errors import PictureError
from viz.neurons import neurons_of
from viz.picture import (
    Arrow,
    Box,
    Direction,
    Group,
    Page,
    Picture,
    Sample,
    Scale,
    Style,
    check_text_options,
    page_size,
)
from viz.reasons import reasons
from viz.scales import scale, tint
from viz.text import number, one_line, symbol
from viz.views import Collapse, collapsed, every_step, near_root, on_paths, within

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from viz.neurons import Neuron
    from viz.views import Edge, View

__all__ = ["Show", "draw"]

Show = Literal["data", "grad", "partial"]

_FEW: Final = 40  # boxes are read at once; of more, some are folded
_MOST: Final = 2000  # boxes are drawn
_LEGIBLE: Final = 8.5  # points: text on a page is no smaller, where folding helps
_LEVELS: Final[tuple[Collapse, ...]] = ("nothing", "sums", "neurons", "layers")
_FOLDED: Final[Mapping[Collapse, str]] = {
    "sums": "each sum and product is one box",
    "labels": "only what has a label is drawn",
    "neurons": "each neuron is one box",
    "layers": "each layer is one box",
}
_NO_GRADIENT: Final = (3.0, 2.0)
_NO_WAY: Final = (4.0, 3.0)
_ZERO_WAY: Final = "#9a9a9a"


def draw(
    root: Value,
    *,
    title: str = "",
    show: Iterable[Show] | Show = ("data", "grad", "partial"),
    collapse: Collapse | None = None,
    only: Value | str | None = None,
    depth: int | None = None,
    highlight: Value | str | None = None,
    direction: Direction | None = None,
    page: Page | None = None,
    font_size: float = 11.0,
    precision: int = 4,
    parameters: Iterable[Value] = (),
    legend: bool = True,
) -> Picture:
    r"""The graph that `root` was computed by, for `render` or a notebook to show.

    A box for each node: operation, symbol and number, and below it the gradient on a ground whose
    colour tells its sign and size; an arrow from each input to each result, with the local
    derivative d(result)/d(input). So the gradient of a box is the sum over its arrows of the number
    on the arrow times the gradient it leads to, and the picture says so with one of its own boxes.
    `a + a` has two arrows. Bare numbers, as the 2 in `x ** 2`, stand in the box of their operation.

    Inputs, parameters, intermediate results and the output differ in colour and outline. A leaf is
    a parameter where it is among `parameters`, or is called W, w or θ with any indices, or b beside
    such weights. Nodes labelled in the notation of the notes (`W_{ij}^l`, `b_{lj}`, `z_{lj}`,
    `O_{lj}`) stand together, neuron by neuron and layer by layer. What gets no gradient has a
    dashed outline; a gradient of 0 says why it is 0, relus that are off and saturated neurons that
    they are.

    title: a line above the picture.
    show: which of "data", "grad" and "partial" (the numbers on the arrows) to show.
    collapse: "nothing"; "sums" (chains of + and of × are one box each); "neurons" (each is one
        box); "layers"; or "labels" (labelled nodes, inputs and root only). Arrows carry the
        derivative through what is folded. Without it what has more than 40 boxes is folded, sums
        first, then neurons, then layers, and the picture says so.
    only: a node, or its label: of everything else only what lies between it and the root is drawn.
    depth: how many arrows from the root are drawn.
    highlight: a node, or its label: the paths from it to the root stand out, and the product along
        them is written out.
    direction: which way results lie from their inputs: "TB" (below), "LR" (to the right), "BT",
        "RL"; without it the one that fits the page, or "TB".
    page: "slide", "a4" or (width, height) in points: the picture is as large, and what would not
        be legible there is folded.
    font_size: of the text in boxes, in points, 4 to 72; on a page it is fitted to it.
    precision: significant digits, 1 to 17.
    legend: False leaves out the samples of the kinds and the lines on how to read the picture.

    Raises ArgumentTypeError for what is no Value, ArgumentError for options that are not possible,
    PictureError for more than 2,000 boxes, saying how many and what to draw instead.

    >>> a = Value(3.0, "a")
    >>> b = a + a
    >>> b.backward()
    >>> picture = draw(b, legend=False)
    >>> picture.source.count("n0 -> n1"), "grad 2" in picture.source
    (2, True)
    """
    shown = _checked(root, show, collapse, depth, direction, font_size, precision)
    size = page_size(page)
    order = topological_order(root)
    targets = {
        name: _found(order, target, name)
        for name, target in (("only", only), ("highlight", highlight))
        if target is not None
    }
    sheet = _Sheet(
        order, targets, shown, depth, set(parameters), precision, legend, one_line(title)
    )
    levels = _LEVELS if collapse is None else (collapse,)
    for how in levels:
        view, left_out = sheet.view(how)
        if len(view.nodes) > _FEW and how != levels[-1]:
            continue
        if len(view.nodes) > _MOST:
            break
        picture = sheet.picture(view, how, left_out, collapse is None, direction, font_size, size)
        if size is None or how == levels[-1] or legible_scale(picture) * font_size >= _LEGIBLE:
            return picture
    raise _too_large(len(view.nodes), collapse)


def _checked(
    root: object,
    show: Iterable[Show] | Show,
    collapse: object,
    depth: object,
    direction: object,
    font_size: object,
    precision: object,
) -> set[str]:
    """What is to be shown; raises for options that are not possible."""
    if not isinstance(root, Value):
        if hasattr(root, "layers"):
            hint = "viz.draw_network() draws a network; draw() the graph of a result, e.g. a loss"
        else:
            hint = "draw one result, for example the loss: draw(loss)"
        raise ArgumentTypeError(f"draw() needs a Value, not {type(root).__name__}", hint=hint)
    shown: set[str] = {show} if isinstance(show, str) else set(show)
    for name, given, known in (
        ("show", shown, get_args(Show)),
        ("collapse", {collapse} - {None}, get_args(Collapse)),
        ("direction", {direction} - {None}, get_args(Direction)),
    ):
        for each in given - set(known):
            choices = ", ".join(map(repr, known))
            raise ArgumentError(f"{name}={each!r} is not possible", hint=f"{name} is {choices}")
    check_text_options(font_size, precision)
    if depth is not None and (not isinstance(depth, int) or depth < 1):
        raise ArgumentError(
            f"depth={depth!r} is not possible",
            hint="depth is how many arrows from the root are drawn: 1, 2, ...",
        )
    return shown


def _found(order: Sequence[Value], target: Value | str, option: str) -> Value:
    """The node that is meant by itself or by its label."""
    if isinstance(target, Value):
        if any(node is target for node in order):
            return target
        name = f"{target.label or 'a Value'} = {target.data:g}"
        raise ArgumentError(
            f"{option}: {name} is not in this graph",
            hint="give a node that the root was computed from, or its label",
        )
    if not isinstance(target, str):
        raise ArgumentTypeError(
            f"{option}={target!r} is no node", hint="give a node of the graph, or its label"
        )
    found = [node for node in order if node.label and symbol(node.label) == symbol(target)]
    if found:
        return found[-1]
    labels = list(dict.fromkeys(node.label for node in order if node.label))
    near = get_close_matches(target, labels, 3, 0.3) or labels[:5]
    raise ArgumentError(
        f"{option}={target!r}: nothing in this graph has that label",
        hint=f"labels in it are {', '.join(near)}" if near else "give the node itself",
    )


def _too_large(boxes: int, collapse: Collapse | None) -> PictureError:
    fold = "" if collapse in (None, "layers") else "let it be folded (collapse=None), "
    return PictureError(
        f"a picture of {boxes:,} boxes is more than anyone can read; the limit is {_MOST:,}",
        hint=f"{fold}draw the loss of a single row, a labelled intermediate result, what is near "
        "the root (depth=4), the way to one node (only=...), the labelled nodes "
        "(collapse='labels'), or the network itself with viz.draw_network(model)",
    )


@dataclass(frozen=True)
class _Sheet:
    """One picture in the making."""

    order: Sequence[Value]
    targets: Mapping[str, Value]
    shown: set[str]
    depth: int | None
    parameters: set[Value]
    digits: int
    legend: bool
    title: str

    def view(self, how: Collapse) -> tuple[View, int]:
        """What is drawn, folded like that, and how many boxes of it are left out."""
        kept = set(self.targets.values())
        whole = collapsed(every_step(self.order), how, neurons_of(self.order), kept)
        view = whole
        if "only" in self.targets:
            view = within(view, on_paths(view, self.targets["only"])[0])
        if self.depth is not None:
            near = near_root(view, self.depth)
            view = within(view, near)
            if self.targets.get("highlight", view.nodes[-1]) not in near:
                raise ArgumentError(
                    f"highlight: it lies more than {self.depth} arrows from the root",
                    hint="take a larger depth",
                )
        return view, len(whole.nodes) - len(view.nodes)

    def picture(
        self,
        view: View,
        how: Collapse,
        left_out: int,
        by_itself: bool,
        direction: Direction | None,
        font_size: float,
        page: tuple[float, float] | None,
    ) -> Picture:
        """The picture of a view: in the direction asked for, or that which fits the page best."""
        plan = _Plan(self, view, how)
        caption = plan.caption(left_out, by_itself)
        choices: tuple[Direction, ...] = ("TB",)
        if direction is not None:
            choices = (direction,)
        elif page is not None:
            choices = ("LR", "TB") if page[0] > page[1] else ("TB", "LR")
        made = [
            Picture(
                plan.boxes(),
                plan.arrows(),
                plan.groups(),
                rows=plan.rows(),
                title=self.title,
                caption=caption,
                legend=plan.legend(),
                direction=each,
                font_size=font_size,
                page=page,
            )
            for each in choices
        ]
        return made[0] if len(made) == 1 else max(made, key=legible_scale)


class _Plan:
    """What stands in a picture of a view."""

    def __init__(self, sheet: _Sheet, view: View, how: Collapse) -> None:
        self.sheet = sheet
        self.view = view
        self.how = how
        self.digits = sheet.digits
        self.gradients = "grad" in sheet.shown and backward_has_run(sheet.order)
        self.marked = uneven(sheet.order) if self.gradients else set()
        self.place = neurons_of(sheet.order)
        self.kinds = kinds_of(view.nodes, sheet.parameters)
        index = {node: place for place, node in enumerate(sheet.order)}
        self.names = {node: f"n{index[node]}" for node in view.nodes}
        self.reasons = reasons(view) if self.gradients else {}
        finite = [abs(n.grad) for n in view.nodes if not n.is_constant and abs(n.grad) < 1e300]
        self.largest = max(finite, default=0.0)
        target = sheet.targets.get("highlight")
        self.path = on_paths(view, target) if target is not None else None

    # Words

    def caption(self, left_out: int, by_itself: bool) -> tuple[str, ...]:
        """The lines above the picture, below its title."""
        sheet, lines = self.sheet, []
        if "grad" in sheet.shown:
            lines += warnings(sheet.order, self.marked)
        if self.how != "nothing" and self.view.folds:
            boxes = len(every_step(sheet.order).nodes)
            why = f"folded, as {boxes:,} boxes do not fit: " if by_itself else ""
            lines.append(f"{why}{_FOLDED[self.how]}")
        if left_out:
            lines.append(f"left out: {left_out:,} other box{'es' * (left_out > 1)}")
        if self.path is not None:
            lines += along_paths(self.view, sheet.targets["highlight"], self.digits)
        elif self.gradients and sheet.legend:
            lines += explanation(self.view, self.marked, self.digits)
        return tuple(lines)

    def legend(self) -> tuple[Sample | Scale, ...]:
        """Samples of what occurs, and the scale of the gradients."""
        if not self.sheet.legend:
            return ()
        found = set(self.kinds.values())
        entries: list[Sample | Scale] = [
            Sample(style, kind) for kind, style in STYLES.items() if kind in found
        ]
        folds = set(self.view.folds.values())
        if folds & {"sum", "product"}:
            signs = sorted({self._operation(n) for n, f in self.view.folds.items() if f == "sum"})
            if "Σ×" in " ".join(signs):
                entries.append(Sample(Style(), "a sum of products", "Σ×"))
        if self.gradients:
            if any(node.is_constant for node in self.view.nodes):
                entries.append(Sample(Style(dash=_NO_GRADIENT), "gets no gradient"))
            if any(edge.partial == 0.0 for edge in self.view.edges):
                line = Style(line=_ZERO_WAY, dash=_NO_WAY, width=1.2)
                entries.append(Sample(line, "nothing passes", is_line=True))
            gradients = [n.grad for n in self.view.nodes if not n.is_constant]
            if any(gradients):
                of = symbol(self.view.nodes[-1].label)
                text = f"gradient ∂{of}/∂(box), log scale" if of else "gradient, log scale"
                entries.append(scale(text, [self.largest], self.digits))
        return tuple(entries)

    # Boxes

    def boxes(self) -> tuple[Box, ...]:
        """A box for each node of the view."""
        return tuple(map(self._box, self.view.nodes))

    def _box(self, node: Value) -> Box:
        style = STYLES[self.kinds[node]]
        lines = self._lines(node)
        band = fill = ""
        if self.gradients and not node.is_constant and self._has_one_gradient(node):
            star = f" {STAR}" if node in self.marked else ""
            band = f"grad {number(node.grad, self.digits)}{star}"
            fill = tint(node.grad, self.largest)
        if self.gradients and node.is_constant:
            style = style._replace(dash=_NO_GRADIENT)
        faded = False
        if self.path is not None:
            faded = node not in self.path[0]
            if not faded:
                style = style._replace(line=EMPHASIS, width=2.0)
        return Box(
            self.names[node],
            tuple(filter(None, lines)) or (symbol(node.label) or "·",),
            style,
            operation=self._operation(node),
            band=band,
            band_fill=fill,
            note=self._note(node),
            faded=faded,
        )

    def _has_one_gradient(self, node: Value) -> bool:
        return self.view.folds.get(node) not in ("layer", "inputs")

    def _lines(self, node: Value) -> list[str]:
        with_data = "data" in self.sheet.shown
        if self._has_one_gradient(node):
            by_formula = self.how == "labels"
            text = value_text(node, self.digits, with_formula=by_formula, with_data=with_data)
            return [text] if text else []
        results = self._results(node)
        few = results if len(results) <= 4 else results[:3]
        lines = [value_text(each, self.digits, with_formula=False, with_data=with_data)
                 for each in few]  # fmt: skip
        return lines if len(few) == len(results) else [*lines, f"⋮ {len(results)} in all"]

    def _results(self, node: Value) -> list[Value]:
        """The results of a layer that is one box, or its inputs."""
        inside = self.view.inside[node]
        among = set(inside)
        used_inside = {p for each in inside for p in each.parents if p in among}
        if self.view.folds[node] == "inputs":
            return sorted(inside, key=_natural)
        return sorted(
            (n for n in inside if not n.is_leaf and (n is node or n not in used_inside)),
            key=lambda n: self.place.get(n, (0, 0)),
        )

    def _operation(self, node: Value) -> str:
        """What stands at the left of a box."""
        fold = self.view.folds.get(node)
        if fold == "inputs":
            return f"{len(self.view.inside[node])} inputs"
        if fold == "layer":
            results = self._results(node)
            count = len(results)
            return f"{count} neurons"
        if not node.parents or fold == "labels" or self.how == "labels":
            return ""
        if fold == "neuron":
            inner = self._sum_sign(node)
            name = operation_text(node, self.digits)
            return inner if node.op.name in ("add", "sub", "mul") else f"{name} {inner}"
        if fold == "product":
            return operation_text(node, self.digits).replace("×", "Π", 1)
        if fold == "sum":
            return self._sum_sign(node)
        return operation_text(node, self.digits)

    def _sum_sign(self, node: Value) -> str:
        """Σ, or Σ× where what is added up are products."""
        inside = self.view.inside.get(node, [node])
        return "Σ×" if any(part.op.name == "mul" for part in inside) else "Σ"

    def _note(self, node: Value) -> str:
        fold = self.view.folds.get(node)
        if fold in ("neuron", "layer"):
            own = [
                part
                for part in self.view.inside[node]
                if part.is_leaf and not part.is_constant and part is not node
            ]
            if own:
                count = f"{len(own)} parameter{'s' * (len(own) > 1)}"
                largest = max(abs(part.grad) for part in own)
                bound = f", |grad| ≤ {number(largest, 3)}" if self.gradients else ""
                return count + bound
        return self.reasons.get(node, "")

    # Arrows

    def arrows(self) -> tuple[Arrow, ...]:
        """An arrow for each edge of the view."""
        return tuple(map(self._arrow, self.view.edges))

    def _arrow(self, edge: Edge) -> Arrow:
        known = edge.partial is not None and not edge.start.is_constant
        with_label = known and "partial" in self.sheet.shown
        blocked = known and edge.partial == 0.0
        crossing = edge.end in self.place and self.place.get(edge.start) != self.place[edge.end]
        on_path = self.path is not None and edge in self.path[1]
        return Arrow(
            self.names[edge.start],
            self.names[edge.end],
            (number(edge.partial or 0.0, self.digits),) if with_label else (),
            edge.partial,
            colour=EMPHASIS if on_path else _ZERO_WAY if blocked else "#7a7a7a",
            width=2.2 if on_path else 1.0,
            dash=_NO_WAY if blocked else (),
            # Room for the neuron's own parameters beside the way in.
            long=crossing and self.how in ("nothing", "sums"),
            faded=self.path is not None and not on_path,
        )

    # Where they stand

    def groups(self) -> tuple[Group, ...]:
        """The neurons of each layer, and the layer around them."""
        inside = [node for node in self.view.nodes if node in self.place and self._is_grouped(node)]
        found = []
        for layer, of_layer in self._by_layer(inside):
            neurons = [
                Group(
                    f"{layer}_{position}",
                    f"neuron {position}",
                    tuple(self.names[node] for node in nodes),
                )
                for position, nodes in of_layer
            ]
            if self.how in ("neurons", "layers"):
                boxes = tuple(name for group in neurons for name in group.boxes)
                if len(boxes) > 1:
                    found.append(Group(str(layer), f"layer {layer}", boxes))
            elif len(neurons) == 1:
                (group,) = neurons
                found.append(Group(group.name, f"layer {layer}, {group.title}", group.boxes))
            else:
                found.append(Group(str(layer), f"layer {layer}", (), tuple(neurons)))
        return tuple(found)

    def _is_grouped(self, node: Value) -> bool:
        return self.view.folds.get(node) != "layer"

    def _by_layer(
        self, nodes: Iterable[Value]
    ) -> Iterator[tuple[int, list[tuple[int, list[Value]]]]]:
        def place(node: Value) -> Neuron:
            return self.place[node]

        ordered = sorted(nodes, key=place)  # stable: within a neuron as they were computed
        for layer, of_layer in groupby(ordered, lambda node: place(node).layer):
            yield (
                layer,
                [
                    (position, list(of_neuron))
                    for position, of_neuron in groupby(of_layer, lambda node: place(node).position)
                ],
            )

    def rows(self) -> tuple[tuple[str, ...], ...]:
        """Boxes that stand beside each other in the order of their indices."""
        families: defaultdict[tuple[object, ...], list[Value]] = defaultdict(list)
        levels = _levels(self.view)
        for node in self.view.nodes:
            fold = self.view.folds.get(node)
            if node in self.place and self.how == "neurons" and fold != "layer":
                if not node.is_leaf:
                    families["layer", self.place[node].layer].append(node)
            elif node.is_leaf and node.label and node in self.place:
                # Of a neuron's own, those that are used at the same step.
                families["own", self.place[node], levels[node]].append(node)
            elif node.is_leaf and node.label:
                families["input", re.sub(r"\d+", "#", node.label)].append(node)
        return tuple(
            tuple(self.names[node] for node in sorted(nodes, key=self._in_order))
            for nodes in families.values()
            if 1 < len(nodes) <= _FEW
        )

    def _in_order(self, node: Value) -> tuple[object, ...]:
        place = self.place.get(node)
        return (place is None or node.is_leaf, place if not node.is_leaf and place else (0, 0),
                *_natural(node))  # fmt: skip


def _levels(view: View) -> dict[Value, int]:
    """How many arrows lead from a node to the root, by the longest way."""
    levels = dict.fromkeys(view.nodes, 0)
    after: defaultdict[Value, list[Value]] = defaultdict(list)
    for edge in view.edges:
        after[edge.start].append(edge.end)
    for node in reversed(view.nodes):
        levels[node] = max((levels[end] + 1 for end in after[node]), default=0)
    return levels


def _natural(node: Value) -> tuple[object, ...]:
    """Labels in the order of the numbers in them: x₂ before x₁₀."""
    parts = re.split(r"(\d+)", node.label)
    return tuple((int(part), "") if part.isdecimal() else (-1, part) for part in parts)
