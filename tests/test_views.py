"""viz/views.py: what is drawn of a graph has the gradients of the graph."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from hypothesis import given

from autograd import Value, topological_order
from tests.graphs import lpa, random_graphs
from viz.neurons import neurons_of
from viz.views import collapsed, every_step

if TYPE_CHECKING:
    from viz.views import Collapse, View


def views(order: list[Value]) -> list[View]:
    """All steps, and folded in each way but the last, in which an arrow may be many numbers."""
    whole = every_step(order)
    ways: tuple[Collapse, ...] = ("sums", "labels", "neurons")
    return [whole, *(collapsed(whole, how, neurons_of(order), set()) for how in ways)]


def by_labels(order: list[Value]) -> View:
    return collapsed(every_step(order), "labels", {}, set())


def gradients(view: View) -> dict[Value, float]:
    """By the chain rule over the arrows of a view, from its last node to its first."""
    found = dict.fromkeys(view.nodes, 0.0)
    found[view.nodes[-1]] = 1.0
    for node in reversed(view.nodes):
        for edge in view.edges:
            if edge.end is node:
                found[edge.start] += (edge.partial or 0.0) * found[node]
    return found


@given(random_graphs())
def test_all_views_have_the_gradients_of_the_graph(root: Value) -> None:
    root.backward()
    order = topological_order(root)
    for view in views(order):
        for node, gradient in gradients(view).items():
            if not node.is_constant:
                assert math.isclose(gradient, node.grad, rel_tol=1e-9, abs_tol=1e-9)


@given(random_graphs())
def test_arrows_lead_forward_between_what_is_shown(root: Value) -> None:
    order = topological_order(root)
    for view in views(order):
        places = {node: place for place, node in enumerate(view.nodes)}
        assert view.nodes[-1] is root
        assert all(places[edge.start] < places[edge.end] for edge in view.edges)


@given(random_graphs())
def test_every_step_leaves_out_only_literals(root: Value) -> None:
    order = topological_order(root)
    view = every_step(order)
    literals = [n for n in order if n.is_leaf and n.is_constant and not n.label and n is not root]
    assert set(view.nodes) | set(literals) == set(order)
    drawn_inputs = sum(1 for node in order for p in node.parents if p not in literals)
    assert len(view.edges) == drawn_inputs


def test_a_node_used_twice_has_two_arrows_or_one_with_the_sum() -> None:
    a = Value(3.0, "a")
    order = topological_order(a + a)
    assert [edge.partial for edge in every_step(order).edges] == [1.0, 1.0]
    order = topological_order(a * 2 + a * 3)
    assert [edge.partial for edge in by_labels(order).edges] == [5.0]


def test_labelled_nodes_of_the_notes_network() -> None:
    labels = [node.label for node in by_labels(topological_order(lpa())).nodes]
    assert len(labels) == 9 + 3 + 3 + 1
    partials = {
        (edge.start.label, edge.end.label): edge.partial
        for edge in by_labels(topological_order(lpa())).edges
    }
    assert partials["W_{11}^2", r"\hat{y}"] == 88.0
    assert partials[r"\hat{y}", "L"] == 336.0
    assert ("W_{11}^1", "L") not in partials


def test_a_wide_sum_is_viewed_quickly() -> None:
    xs = [Value(1.0, f"x_{{{i}}}") for i in range(3000)]
    total = xs[0] * 1
    for x in xs[1:]:
        total = total + x * x
    view = by_labels(topological_order(total))
    assert len(view.edges) == 3000
