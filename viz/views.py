"""What of a graph is drawn: its boxes and arrows, and how some of them are folded into others."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from heapq import heappop, heappush
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from autograd import Value
    from viz.neurons import Neuron

__all__ = [
    "Collapse",
    "Edge",
    "View",
    "collapsed",
    "every_step",
    "is_literal",
    "near_root",
    "on_paths",
    "within",
]

Collapse = Literal["nothing", "sums", "labels", "neurons", "layers"]
Fold = Literal["sum", "product", "labels", "neuron", "layer", "inputs"]

_FEW_INPUTS: Final = 4  # are not worth folding


class Edge(NamedTuple):
    """An arrow from a node to one computed from it, with d(end)/d(start), if that is one number."""

    start: Value
    end: Value
    partial: float | None


@dataclass(frozen=True)
class View:
    """What is drawn: nodes, each after those it was computed from, and arrows between them.

    A node may stand for others too: `inside` has what was folded into it, itself first, and `folds`
    says as what.
    """

    nodes: list[Value]
    edges: list[Edge]
    inside: Mapping[Value, list[Value]] = field(default_factory=dict)
    folds: Mapping[Value, Fold] = field(default_factory=dict)


def is_literal(node: Value) -> bool:
    """Whether it is a bare number, as the 2 in `x ** 2`, which needs no box of its own."""
    return node.is_leaf and node.is_constant and not node.label


def every_step(order: Sequence[Value]) -> View:
    """All nodes of a graph in their order; literals are told with the operation that uses them."""
    edges = [
        Edge(start, end, partial)
        for end in order
        for start, partial in zip(end.parents, end.partials, strict=True)
        if not is_literal(start)
    ]
    return View([node for node in order if not is_literal(node) or node is order[-1]], edges)


def collapsed(view: View, how: Collapse, place: Mapping[Value, Neuron], kept: set[Value]) -> View:
    """A view in which sums, neurons or layers are one box each; `kept` has a box in any case.

    `place` says to which neuron each node belongs.

    "sums": chains of + and of × without labels are one sum, one sum of products or one product.
    "labels": only labelled nodes, inputs and the root are left.
    "neurons": a neuron is one box, its last result, with its parameters inside; sums as well.
    "layers": the neurons of a layer are one box.
    """
    if how == "nothing":
        return view
    if how == "labels":
        return _labelled(view, kept)
    view = _sums(view, kept)
    if how == "sums":
        return view
    view = _neurons(view, place, kept)
    return view if how == "neurons" else _layers(view, place, kept)


# Sums and products

_TERMS: Final = ("add", "sub", "neg")


def _sums(view: View, kept: set[Value]) -> View:
    uses: defaultdict[Value, list[Value]] = defaultdict(list)
    for edge in view.edges:
        uses[edge.start].append(edge.end)
    hidden: dict[Value, Value] = {}  # and what it is a part of
    for node in view.nodes[:-1]:
        if node.label or node in kept or node.is_leaf or len(uses[node]) != 1:
            continue
        (user,) = uses[node]
        term = node.op.name in _TERMS and not any(map(is_literal, node.parents))
        of_sum = user.op.name in _TERMS and (term or node.op.name == "mul")
        if of_sum or user.op.name == node.op.name == "mul":
            hidden[node] = user
    return _without(view, hidden, lambda whole, _: _kind_of_sum(whole))


def _kind_of_sum(whole: Value) -> Fold:
    return "product" if whole.op.name == "mul" else "sum"


# Labels


def _labelled(view: View, kept: set[Value]) -> View:
    """The labelled nodes, inputs and root; an arrow stands for all ways through the others."""
    shown = {
        node
        for node in view.nodes
        if node.label or node in kept or (node.is_leaf and not node.is_constant)
    } | {view.nodes[-1]}
    edges = _edges_between(view, shown)
    nodes = [node for node in view.nodes if node in shown]
    return View(nodes, edges, {}, {node: "labels" for node in nodes if not node.is_leaf})


# Neurons and layers


def _neurons(view: View, place: Mapping[Value, Neuron], kept: set[Value]) -> View:
    """Each neuron as its results that are used elsewhere."""
    results = {view.nodes[-1], *kept}
    into: dict[Value, Value] = {}
    for edge in view.edges:
        if edge.start in place and place.get(edge.end) != place[edge.start]:
            results.add(edge.start)
    for edge in reversed(view.edges):
        if edge.start in place and edge.start not in results:
            into.setdefault(edge.start, edge.end)
    return _without(view, into, lambda _, parts: "neuron" if len(parts) > 1 else None)


def _layers(view: View, place: Mapping[Value, Neuron], kept: set[Value]) -> View:
    """The results of a layer's neurons as one box; the first inputs, where they are many, too."""
    layers: defaultdict[int, list[Value]] = defaultdict(list)
    for node in view.nodes:
        if node in place and node is not view.nodes[-1] and node not in kept:
            layers[place[node].layer].append(node)
    into = {node: nodes[-1] for nodes in layers.values() if len(nodes) > 1 for node in nodes[:-1]}
    ends: defaultdict[Value, set[Value]] = defaultdict(set)
    for edge in view.edges:
        ends[edge.start].add(into.get(edge.end, edge.end))
    inputs: defaultdict[Value, list[Value]] = defaultdict(list)
    for node in view.nodes:
        if node.is_leaf and node not in place and node not in kept and len(ends[node]) == 1:
            inputs[next(iter(ends[node]))].append(node)
    many = [nodes for nodes in inputs.values() if len(nodes) > _FEW_INPUTS]
    into |= {node: nodes[-1] for nodes in many for node in nodes[:-1]}
    inside = {
        nodes[-1]: [part for node in nodes for part in _inside(view, node)]
        for nodes in (*(each for each in layers.values() if len(each) > 1), *many)
    }
    folds = dict(view.folds)
    folds |= {nodes[-1]: "layer" for nodes in layers.values() if len(nodes) > 1}
    folds |= {nodes[-1]: "inputs" for nodes in many}
    merged = {
        (into.get(edge.start, edge.start), into.get(edge.end, edge.end)): edge
        for edge in view.edges
    }
    edges = [
        Edge(start, end, edge.partial if (start, end) == (edge.start, edge.end) else None)
        for (start, end), edge in merged.items()
        if start is not end
    ]
    edges = [
        edge._replace(partial=None) if {edge.start, edge.end} & inside.keys() else edge
        for edge in edges
    ]
    nodes = _sorted([node for node in view.nodes if node not in into], edges)
    return View(nodes, edges, {**view.inside, **inside}, folds)


def _sorted(nodes: list[Value], edges: list[Edge]) -> list[Value]:
    """The nodes with each after those that lead to it."""
    waiting = Counter(edge.end for edge in edges)
    after: defaultdict[Value, list[Value]] = defaultdict(list)
    for edge in edges:
        after[edge.start].append(edge.end)
    places = {node: place for place, node in enumerate(nodes)}
    ready = [(place, node) for node, place in places.items() if not waiting[node]]
    found = []
    while ready:
        _, node = heappop(ready)
        found.append(node)
        for end in after[node]:
            waiting[end] -= 1
            if not waiting[end]:
                heappush(ready, (places[end], end))
    return found


# What all of them share


def _inside(view: View, node: Value) -> Sequence[Value]:
    return view.inside.get(node, [node])


def _without(
    view: View, into: Mapping[Value, Value], fold: Callable[[Value, list[Value]], Fold | None]
) -> View:
    """The view without some nodes, each of which is told inside one that is still there."""
    if not into:
        return view
    inside: defaultdict[Value, list[Value]] = defaultdict(list)
    for node in view.nodes:
        whole = node
        while whole in into:
            whole = into[whole]
        inside[whole] += _inside(view, node)
    shown = [node for node in view.nodes if node not in into]
    found = {node: inside[node] for node in shown if len(inside[node]) > 1}
    folds = dict(view.folds)
    for node, parts in found.items():
        if parts != view.inside.get(node):
            kind = fold(node, parts)
            if kind is not None:
                folds[node] = kind
    return View(shown, _edges_between(view, set(shown)), found, folds)


def _edges_between(view: View, shown: set[Value]) -> list[Edge]:
    """Arrows between shown nodes, each for all ways through hidden ones.

    Its partial is the sum over them of the products of their local derivatives. Two arrows stay
    two where nothing lies between.
    """
    before: defaultdict[Value, list[Edge]] = defaultdict(list)
    for edge in view.edges:
        before[edge.end].append(edge)
    places = {node: place for place, node in enumerate(view.nodes)}
    edges: list[Edge] = []
    for end in view.nodes:
        if end in shown:
            if all(edge.start in shown for edge in before[end]):
                edges += before[end]
            else:
                derivatives = _through_hidden(end, shown, places, before)
                starts = _as_written(end, shown, before)
                edges += [Edge(start, end, derivatives[start]) for start in starts]
    return edges


def _as_written(
    end: Value, shown: set[Value], before: Mapping[Value, Sequence[Edge]]
) -> list[Value]:
    """The shown nodes that lead to `end` through hidden ones, in the order of its formula."""
    found: dict[Value, None] = {}
    seen = {end}
    waiting = [edge.start for edge in reversed(before[end])]
    while waiting:
        node = waiting.pop()
        if node in shown:
            found[node] = None
        elif node not in seen:
            seen.add(node)
            waiting += [edge.start for edge in reversed(before[node])]
    return list(found)


def _through_hidden(
    end: Value,
    shown: set[Value],
    places: Mapping[Value, int],
    before: Mapping[Value, Sequence[Edge]],
) -> dict[Value, float | None]:
    """d(end)/d(start) for each shown node that leads to `end` through none that is shown."""
    adjoints: dict[Value, float | None] = {end: 1.0}
    last_first = [(-places[end], end)]
    while last_first:
        _, node = heappop(last_first)  # by now all it was used for has been counted
        so_far = adjoints[node]
        for parent, _, partial in before[node]:
            if parent not in adjoints:
                adjoints[parent] = 0.0
                if parent not in shown:
                    heappush(last_first, (-places[parent], parent))
            known = adjoints[parent]
            if known is None or partial is None or so_far is None:
                adjoints[parent] = None
            elif so_far:
                adjoints[parent] = known + partial * so_far
    del adjoints[end]
    return {node: adjoint for node, adjoint in adjoints.items() if node in shown}


def on_paths(view: View, target: Value) -> tuple[set[Value], list[Edge]]:
    """The nodes and arrows of all ways from `target` to the root."""
    reached = {target}
    for edge in sorted(view.edges, key=_by_end(view)):
        if edge.start in reached:
            reached.add(edge.end)
    edges = [edge for edge in view.edges if edge.start in reached]
    return reached, edges


def within(view: View, nodes: set[Value]) -> View:
    """What of a view lies among some of its nodes."""
    return replace(
        view,
        nodes=[node for node in view.nodes if node in nodes],
        edges=[edge for edge in view.edges if edge.start in nodes and edge.end in nodes],
    )


def _by_end(view: View) -> Callable[[Edge], int]:
    places = {node: place for place, node in enumerate(view.nodes)}
    return lambda edge: places[edge.end]


def near_root(view: View, depth: int) -> set[Value]:
    """The nodes from which at most `depth` arrows lead to the root, by the shortest way."""
    before: defaultdict[Value, list[Value]] = defaultdict(list)
    for edge in view.edges:
        before[edge.end].append(edge.start)
    found = row = {view.nodes[-1]}
    for _ in range(depth):
        row = {start for end in row for start in before[end]} - found
        found = found | row
    return found
