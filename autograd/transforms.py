"""Derivatives of graphs as graphs: `differentiate`, to any order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, overload

from autograd.errors import ChalkgradError, GradientError
from autograd.graph import topological_order
from autograd.value import Value, _constant, _folding, _name

if TYPE_CHECKING:
    from collections.abc import Sequence


@overload
def differentiate(output: Value, wrt: Value) -> Value: ...
@overload
def differentiate(output: Value, wrt: Sequence[Value]) -> list[Value]: ...
def differentiate(output: Value, wrt: Value | Sequence[Value]) -> Value | list[Value]:
    """d(output)/d(wrt) as a Value (a list of them for a sequence), itself differentiable.

    One walk from the output to the inputs: the adjoint of each node is the sum, over the nodes
    computed from it, of their adjoint times the local derivative, by the rules of the table.
    `wrt` may be leaves or interior nodes; what output does not depend on has derivative 0.
    No `grad` is read or changed. Raises GradientError where a derivative is not finite.

    >>> x = Value(3.0)
    >>> first = differentiate(x ** 4, x)
    >>> second = differentiate(first, x)
    >>> first.data, second.data
    (108.0, 108.0)
    """
    inputs = [wrt] if isinstance(wrt, Value) else list(wrt)
    order = topological_order(output)
    depends = set(inputs)
    for node in order:
        if any(parent in depends for parent in node.parents):
            depends.add(node)
    adjoints: dict[Value, Any] = {output: 1.0}
    with _folding():
        for node in reversed(order):
            adjoint = adjoints.get(node)
            if adjoint is None:
                continue
            for which, parent in enumerate(node.parents):
                if parent in depends:
                    passed = adjoint * _local_derivative(node, which)
                    before = adjoints.get(parent)
                    adjoints[parent] = passed if before is None else before + passed
    gradients = [_as_value(adjoints.get(node, 0.0)) for node in inputs]
    return gradients[0] if isinstance(wrt, Value) else gradients


def _local_derivative(node: Value, which: int) -> Any:
    """d(node)/d(its parent `which`) by the table's rule: a Value, or a float where it is one."""
    # Unlabelled constants go in as plain numbers, so that literal 0 and 1 disappear.
    inputs = [p.data if p.is_constant and not p.label else p for p in node.parents]
    try:
        return node.op.rules[which](*inputs, node)
    except ChalkgradError as error:
        at = ", ".join(_name(parent) for parent in node.parents)
        raise GradientError(
            f"the derivative of {node.op.usage} at {at} is not finite: {error.message}",
            hint="keep the input away from this point",
        ) from error


def _as_value(adjoint: Any) -> Value:
    return adjoint if isinstance(adjoint, Value) else _constant(adjoint)
