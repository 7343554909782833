"""What stands above a drawing in words: how to read it, and what keeps it from being read so."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final

from autograd import ChalkgradError
from viz.text import number, symbol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from autograd import Value
    from viz.views import View

__all__ = ["STAR", "backward_has_run", "explanation", "uneven", "warnings"]

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
        factors[edge.start] += [edge.partial, edge.end.grad]

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
    ]
    return max(fit, key=merit, default=None)


def _chain_rule(view: View, node: Value, digits: int) -> str:
    """`88 × 336 = 29568`: over the arrows of a node, the sum of local derivative times gradient."""
    ways = [(edge.partial, edge.end.grad) for edge in view.edges if edge.start is node]
    factors = [x for way in ways for x in way]
    shown = [number(x, digits) for x in (*factors, node.grad)]
    exact = all(number(x, digits) == number(x, 12) for x in (*factors, node.grad))
    inside = iter(f"({x})" if x.startswith("−") else x for x in shown)
    terms = " + ".join(f"{next(inside)} × {next(inside)}" for _ in ways)
    return f"{terms} {'=' if exact else '≈'} {shown[-1]}"
