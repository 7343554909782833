"""Walks over a recorded graph: its nodes in order, and its value at other numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from autograd.reals import real
from autograd.value import Value, _parents_first

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def topological_order(*roots: Value) -> list[Value]:
    """Every node that `roots` were computed from, and they themselves, each after its parents.

    Without recursion, so any depth; each node once, in the same order at every call.

    >>> x = Value(2.0, "x")
    >>> [node.op.name for node in topological_order(x * x + 1)]
    ['leaf', 'mul', 'constant', 'add']
    """
    return _parents_first(list(roots))


def dependents(order: Iterable[Value], *nodes: Value) -> set[Value]:
    """These nodes, and those of `order`, where parents come first, that are computed from any.

    >>> x, y = Value(2.0), Value(3.0)
    >>> product = x * y
    >>> dependents(topological_order(product), x) == {x, product}
    True
    """
    found = set(nodes)
    for node in order:
        if any(parent in found for parent in node.parents):
            found.add(node)
    return found


def evaluate(root: Value, at: Mapping[Value, object]) -> float:
    """The value `root` would have, were the nodes in `at` to have the numbers given there.

    Leaves not in `at` keep their data; an interior node in `at` is taken as given, so what it was
    computed from plays no part. Nothing in the graph changes. Raises what the operations raise.

    >>> x = Value(2.0)
    >>> evaluate(x * x + 1, {x: 10})
    101.0
    """
    return evaluate_all([root], at)[0]


def evaluate_all(roots: Iterable[Value], at: Mapping[Value, object]) -> list[float]:
    """`evaluate` for several roots at once, each shared node computed once."""
    known: dict[Value, float] = {node: real(number) for node, number in at.items()}
    wanted = list(roots)
    for node in _needed(wanted, known):
        known[node] = _computed(node, known)
    return [known[root] for root in wanted]


def _needed(roots: list[Value], known: dict[Value, float]) -> list[Value]:
    """The nodes to compute, in order: those above the known ones that the roots depend on."""
    used: set[Value] = set(roots)
    order = topological_order(*roots)
    for node in reversed(order):
        if node in used and node not in known:
            used.update(node.parents)
    return [node for node in order if node in used and node not in known]


def _computed(node: Value, known: dict[Value, float]) -> float:
    parents = node.parents
    if not parents:
        return node.data
    if len(parents) == 1:
        return node.op.evaluate(known[parents[0]])
    return node.op.evaluate(known[parents[0]], known[parents[1]])
