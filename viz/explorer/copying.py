"""A graph of one's own to be shown: each symbol once, and nothing of the reader's graph touched."""

from __future__ import annotations

from collections import Counter
from itertools import count
from typing import TYPE_CHECKING

from autograd import Value, as_value, to_latex, topological_order
from viz.views import is_literal

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["copied"]


def copied(root: Value, parameters: Iterable[Value]) -> tuple[list[Value], set[Value]]:
    r"""The nodes of a graph of its own that computes the same, root last, and its parameters.

    It is computed anew from the leaves. Each node that is a symbol has a label of its own: a label
    that several have is numbered, leaves without one are v_1, v_2, ..., and the root is f.
    """
    order = topological_order(root)
    names = _names(order)
    copies: dict[Value, Value] = {}
    for node in order:
        if node.parents:
            copy = node.op(*(copies[parent] for parent in node.parents))
        else:
            copy = as_value(node.data) if node.is_constant else Value(node.data)
        copy.label = names.get(node, "")
        copies[node] = copy
    return list(copies.values()), {copies[node] for node in parameters if node in copies}


def _names(order: list[Value]) -> dict[Value, str]:
    """What the nodes that are symbols are called, in LaTeX."""
    names = {node: to_latex(node.label) for node in order if node.label.strip()}
    often = Counter(names.values())
    seen: Counter[str] = Counter()
    for node, name in names.items():
        if often[name] > 1:
            seen[name] += 1
            base = f"{{{name}}}" if "^" in name or "'" in name else name
            names[node] = f"{base}^{{({seen[name]})}}"
    taken = set(names.values())
    free = (name for place in count(1) if (name := f"v_{{{place}}}") not in taken)
    root = order[-1]
    for node in order:
        if node not in names and node.is_leaf and not is_literal(node):
            names[node] = next(free)
    if root not in names:
        names[root] = next(name for name in ("f", "F", r"\text{out}") if name not in taken)
    return names
