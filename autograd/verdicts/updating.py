"""Gradients taken too late: when weights had been updated already."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from autograd.formulas.spelling import spellings_of
from autograd.graph import dependents
from autograd.verdicts.balls import Ball, ball
from autograd.verdicts.samples import Sample
from autograd.verdicts.slips import Altered, Slip, SlipKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from autograd.value import Value

# Letters of parameters; other leaves, such as inputs and targets, nobody updates.
_PARAMETERS: Final = frozenset(("W", "w", "b", "B", r"\theta", r"\beta", r"\omega"))
_SLIP: Final = Slip(SlipKind.UPDATED_WEIGHTS, "the gradient is taken with weights already updated")


def with_updated_weights(
    sample: Sample, output: Value, wrt: Value, lr: float, called: Mapping[Value, str]
) -> Iterator[Altered]:
    """The gradient after one step of gradient descent on some weights, in each way it happens.

    All parameters may have been updated, or all but `wrt`, or only the factors on its way to the
    output; and the forward pass may have been repeated since, or not.
    """
    slopes = sample.slopes(output)
    updated = {
        node: sample.balls[node].middle - lr * slopes[node].middle
        for node in sample.order
        if node.is_leaf and not node.is_constant and node in slopes
    }
    for some in _who_is_updated(sample, wrt, list(updated), called):
        numbers = {node: updated[node] for node in some}
        yield Altered(_SLIP, _repeated(numbers, output, wrt))
        yield Altered(_SLIP, _backward_only(numbers, output, wrt))


def _who_is_updated(
    sample: Sample, wrt: Value, leaves: list[Value], called: Mapping[Value, str]
) -> Iterator[list[Value]]:
    letters = _PARAMETERS | {_letter(called[wrt])}
    parameters = [node for node in leaves if _letter(called.get(node, "")) in letters]
    depends = dependents(sample.order, wrt)
    beside = {
        parent
        for node in sample.order
        if node in depends
        for parent in node.parents
        if parent not in depends
    }
    factors = [node for node in parameters if node in beside]
    yield from (leaves, parameters, [n for n in parameters if n is not wrt], factors)
    yield from ([node] for node in factors)


def _letter(symbol: str) -> str:
    spelling = next(iter(spellings_of(symbol)), None)
    return spelling.base if spelling else symbol


def _repeated(
    numbers: Mapping[Value, float], output: Value, wrt: Value
) -> Callable[[Sample], Ball]:
    def gradient(sample: Sample) -> Ball:
        leaves = {
            node: numbers.get(node, sample.balls[node].middle)
            for node in sample.order
            if node.is_leaf
        }
        return Sample(sample.order, sample.names, leaves).slope(output, wrt)

    return gradient


def _backward_only(
    numbers: Mapping[Value, float], output: Value, wrt: Value
) -> Callable[[Sample], Ball]:
    def gradient(sample: Sample) -> Ball:
        def local(node: Value, which: int) -> Callable[[Sample], Ball]:
            inputs = [
                Ball(numbers[parent]) if parent in numbers else sample.balls[parent]
                for parent in node.parents
            ]
            return lambda _: ball(node.op.rules[which](*inputs, sample.balls[node]))

        change = {
            (node, which): local(node, which)
            for node in sample.order
            if any(parent in numbers for parent in node.parents)
            for which in range(len(node.parents))
        }
        return sample.slope(output, wrt, change)

    return gradient
