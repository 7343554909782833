"""What stands above a drawing in words: how to read it, and what keeps it from being read so."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final

from autograd import ChalkgradError
from viz.text import number, symbol
from viz.views import on_paths

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from autograd import Value
    from viz.views import Edge, View

__all__ = [
    "STAR",
    "along_paths",
    "backward_has_run",
    "explanation",
    "sum_of_products",
    "uneven",
    "warnings",
]

STAR: Final = "*"  # marks the gradients that `uneven` finds


def backward_has_run(order: Sequence[Value]) -> bool:
    """Whether the nodes of a graph hold gradients of a backward() through it.

    Results say so; a leaf may hold the gradient of an earlier graph, so it counts only where there
    is nothing else.
    """
    results = [node for node in order if not node.is_leaf]
    return any(node.grad for node in results or order)


def uneven(order: Sequence[Value]) -> set[Value]:
    """The nodes whose gradient is not what their arrows bring.

    So it is for leaves after a second backward(), for the nodes of a part that is drawn without
    the whole, and where a hook changed a gradient. The last node, the root, is not judged.
    """
    brought: defaultdict[Value, float] = defaultdict(float)
    size: defaultdict[Value, float] = defaultdict(float)
    for end in order:
        for start, partial in zip(end.parents, end.partials, strict=True):
            if end.grad:
                brought[start] += partial * end.grad
                size[start] += abs(partial * end.grad)
    return {
        node
        for node in order[:-1]
        if not node.is_constant and abs(node.grad - brought[node]) > 1e-9 * size[node]
    }


def warnings(order: Sequence[Value], marked: set[Value]) -> list[str]:
    """What a reader must know lest the numbers mislead, a line each."""
    lines = []
    if order[-1].is_constant:
        lines.append("a constant: no graph was recorded, as under no_grad()")
    elif not backward_has_run(order):
        lines.append("backward() has not run: there are no gradients yet")
    elif marked:
        lines.append(
            f"{STAR} is not what the arrows bring: zero_grad(), another backward(), "
            "a hook, or a part not drawn"
        )
    if _changed_since(order):
        lines.append("data was changed after this graph was computed: its parts do not agree")
    return lines


def _changed_since(order: Sequence[Value]) -> bool:
    """Whether a result is no longer what its operation makes of its inputs."""
    for node in order:
        if not node.is_leaf:
            try:
                now = node.op.evaluate(*(parent.data for parent in node.parents))
            except ChalkgradError:
                return True
            if now != node.data:
                return True
    return False


def explanation(view: View, marked: set[Value], digits: int) -> list[str]:
    """How to read gradients and arrows, and the chain rule at one node with its numbers."""
    root = view.nodes[-1]
    of = (
        f"∂{symbol(root.label) or '(result)'}/∂(box)"
        if root.grad == 1.0
        else "as backward() left it"
    )
    lines = [f"grad: {of}; on an arrow: ∂(its end)/∂(its start)"]
    example = _example(view, marked)
    if example is not None:
        lines.append(f"chain rule at {symbol(example.label)}: {_chain_rule(view, example, digits)}")
    return lines


def _example(view: View, marked: set[Value]) -> Value | None:
    """The labelled node at which the chain rule is seen best: few factors, and not 0 or 1."""
    factors: defaultdict[Value, list[float]] = defaultdict(list)
    for edge in view.edges:
        factors[edge.start] += [edge.partial or 0.0, edge.end.grad]

    def merit(node: Value) -> tuple[int, int]:
        dull = sum(abs(factor) in (0.0, 1.0) for factor in factors[node])
        return -dull, -len(factors[node])

    fit = [
        node
        for node in view.nodes[:-1]
        if node.label
        and not node.is_constant
        and node not in marked
        and len(factors[node]) in (2, 4)
        and any(abs(factor) not in (0.0, 1.0) for factor in factors[node])
        and view.folds.get(node) not in ("layer", "inputs")
        and all(edge.partial is not None for edge in view.edges if edge.start is node)
    ]
    return max(fit, key=merit, default=None)


def _chain_rule(view: View, node: Value, digits: int) -> str:
    """`88 × 336 = 29568`: over the arrows of a node, the sum of local derivative times gradient."""
    ways = [[edge.partial or 0.0, edge.end.grad] for edge in view.edges if edge.start is node]
    return sum_of_products(ways, node.grad, digits)


def sum_of_products(products: Sequence[Sequence[float]], total: float, digits: int) -> str:
    """`88 × 336 = 29568`, or ≈ where a number shown is rounded."""
    numbers = [*(x for factors in products for x in factors), total]
    exact = all(number(x, digits) == number(x, 12) for x in numbers)
    terms = " + ".join(" × ".join(_bracketed(x, digits) for x in each) for each in products)
    return f"{terms} {'=' if exact else '≈'} {number(total, digits)}"


def _bracketed(x: float, digits: int) -> str:
    text = number(x, digits)
    return f"({text})" if text.startswith("−") else text


_FEW_PATHS: Final = 4


def along_paths(view: View, target: Value, digits: int) -> list[str]:
    """The derivative of the root by `target` as the sum, over paths, of products along them.

    The factors are derivatives of labelled nodes by labelled ones, as one writes them by hand.
    """
    root = view.nodes[-1]
    _, edges = on_paths(view, target)
    after: defaultdict[Value, list[Edge]] = defaultdict(list)
    for edge in edges:
        after[edge.start].append(edge)
    derivative = _derivative(root, target)
    count = _count(view, after, target)
    if any(edge.partial is None for edge in edges):
        return [f"{count:,} ways from {_name(target)} to {_name(root)}"]
    total = _along_all(view, after, target)
    if count > _FEW_PATHS:
        return [f"{derivative} = {number(total, digits)}: the sum over {count:,} paths"]
    paths = [_by_labels(path) for path in _paths(after, target, root)]
    lines = []
    if count == 1 and len(paths[0]) > 1:
        symbols = " · ".join(_derivative(end, start) for start, end, _ in paths[0])
        lines.append(f"{derivative} = {symbols}")
    products = [[factor for *_, factor in path] for path in paths]
    if products and products != [[]]:
        lines.append(f"{derivative} = {sum_of_products(products, total, digits)}")
    return lines


def _name(node: Value) -> str:
    return symbol(node.label) or "(result)"


def _derivative(of: Value, by: Value) -> str:
    return f"∂{_name(of)}/∂{_name(by)}"


def _count(view: View, after: dict[Value, list[Edge]], target: Value) -> int:
    counts = dict.fromkeys(view.nodes, 0)
    counts[view.nodes[-1]] = 1
    for node in reversed(view.nodes[:-1]):
        counts[node] = sum(counts[edge.end] for edge in after.get(node, ()))
    return counts[target]


def _along_all(view: View, after: dict[Value, list[Edge]], target: Value) -> float:
    adjoints = dict.fromkeys(view.nodes, 0.0)
    adjoints[view.nodes[-1]] = 1.0
    for node in reversed(view.nodes[:-1]):
        adjoints[node] = sum(
            (edge.partial or 0.0) * adjoints[edge.end] for edge in after.get(node, ())
        )
    return adjoints[target]


def _paths(after: dict[Value, list[Edge]], start: Value, root: Value) -> Iterator[list[Edge]]:
    """The paths, each from the root on; there are few."""
    if start is root:
        yield []
        return
    for edge in after.get(start, ()):
        for rest in _paths(after, edge.end, root):
            yield [*rest, edge]


def _by_labels(path: Sequence[Edge]) -> list[tuple[Value, Value, float]]:
    """(start, end, derivative) of each stretch of a path between labelled nodes."""
    stretches = []
    end, factor = (path[0].end, 1.0) if path else (None, 1.0)
    for place, edge in enumerate(path):
        factor *= edge.partial or 0.0
        if edge.start.label or place == len(path) - 1:
            assert end is not None  # noqa: S101 - there is an arrow
            stretches.append((edge.start, end, factor))
            end, factor = edge.start, 1.0
    return stretches
