"""Why a gradient is 0, and where it nearly is: relus that are off, saturated neurons, factors 0."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final

from viz.text import number, symbol

if TYPE_CHECKING:
    from autograd import Value
    from viz.views import Edge, View

__all__ = ["reasons"]

_FLAT: Final = 0.01  # a slope below which next to nothing comes through
_SATURATING: Final = ("tanh", "sigmoid", "softsign", "hard_sigmoid", "hard_tanh", "erf")


def reasons(view: View) -> dict[Value, str]:
    """A few words for each node that is the cause of a gradient 0, or has one.

    Gradients are taken as backward() left them.
    """
    after: defaultdict[Value, list[Edge]] = defaultdict(list)
    for edge in view.edges:
        after[edge.start].append(edge)
    found: dict[Value, str] = {}
    for node in view.nodes:
        own = _of_operation(node)
        if own:
            found[node] = own
        elif node.grad == 0.0 and not node.is_constant and node is not view.nodes[-1]:
            found[node] = _of_zero(after[node])
    return {node: reason for node, reason in found.items() if reason}


def _of_operation(node: Value) -> str:
    """What a relu, a tanh or the like does to what comes back through it."""
    name = node.op.name
    if "relu" in name and node.partials and node.partials[0] == 0.0:
        return f"{name} is off: its input is {number(node.parents[0].data, 3)}"
    if name in _SATURATING and abs(node.partials[0]) < _FLAT:
        return f"saturated: slope {number(node.partials[0], 2)}"
    return ""


def _of_zero(edges: list[Edge]) -> str:
    """Why what comes over some arrows adds up to 0."""
    blocked = next((edge for edge in edges if edge.partial == 0.0 and edge.end.grad), None)
    if any(edge.partial is None for edge in edges):
        return ""
    if any(edge.partial and edge.end.grad for edge in edges):
        return "0: what the arrows bring cancels"
    if blocked is None:
        return "0: nothing comes back to it"
    return f"0: {_blocking(blocked)}"


def _blocking(edge: Edge) -> str:
    """What makes a local derivative 0."""
    operation = edge.end.op.name
    if edge.start not in edge.end.parents:  # something is folded between the two
        return "nothing passes"
    if operation == "mul":
        other = next((p for p in edge.end.parents if p is not edge.start), edge.start)
        return f"its factor {symbol(other.label)} is 0".replace("  ", " ")
    if "relu" in operation:
        return f"the {operation} is off"
    return f"the slope of {operation} is 0"
