"""What of a graph is drawn: every step, or the labelled nodes with the steps between folded."""

from __future__ import annotations

from heapq import heappop, heappush
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from autograd import Value

__all__ = ["Edge", "View", "every_step", "is_literal", "labelled_nodes", "labelled_only"]


class Edge(NamedTuple):
    """An arrow from a node to one computed from it, with d(end)/d(start)."""

    start: Value
    end: Value
    partial: float


class View(NamedTuple):
    """What is drawn: nodes, each after those it was computed from, and arrows between them."""

    nodes: list[Value]
    edges: list[Edge]


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


def labelled_nodes(order: Sequence[Value]) -> list[Value]:
    """The labelled nodes of a graph, its inputs and its root, in their order."""
    return [
        node
        for node in order
        if node.label or node is order[-1] or (node.is_leaf and not node.is_constant)
    ]


def labelled_only(order: Sequence[Value]) -> View:
    """The labelled nodes of a graph, its inputs and its root, and how they depend on each other.

    An arrow stands for all ways through unlabelled nodes from its start to its end; its partial is
    the sum over them of the products of their local derivatives.
    """
    shown = labelled_nodes(order)
    among = set(shown)
    places = {node: place for place, node in enumerate(order)}
    edges: list[Edge] = []
    for end in shown:
        derivatives = _through_unlabelled(end, among, places)
        starts = sorted(derivatives, key=places.__getitem__)
        edges += [Edge(start, end, derivatives[start]) for start in starts]
    return View(shown, edges)


def _through_unlabelled(
    end: Value, shown: set[Value], places: dict[Value, int]
) -> dict[Value, float]:
    """d(end)/d(start) for each shown node that leads to `end` through none that is shown."""
    adjoints = {end: 1.0}
    last_first = [(-places[end], end)]
    while last_first:
        _, node = heappop(last_first)  # by now all it was used for has been counted
        for parent, partial in zip(node.parents, node.partials, strict=True):
            if parent not in adjoints:
                adjoints[parent] = 0.0
                if parent not in shown:
                    heappush(last_first, (-places[parent], parent))
            if adjoints[node]:
                adjoints[parent] += partial * adjoints[node]
    del adjoints[end]
    return {node: adjoint for node, adjoint in adjoints.items() if node in shown}
