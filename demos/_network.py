"""The network of the notes, its inputs under the notes' names, and a learning rate that suits it.

With e = y - y_hat, one update of size eta on a row turns e into about e (1 - 2 eta |grad|^2), where
|grad|^2 is the sum of squares of d(y_hat)/d(W) over the nine parameters (2 |grad|^2 is the largest
eigenvalue of the loss's Hessian at a fit). The error shrinks only while eta < 1 / |grad|^2.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from autograd import Value, differentiate
from nn import MLP, constant

if TYPE_CHECKING:
    from collections.abc import Sequence

    from demos._rows import Student


def network(W: float) -> MLP:  # noqa: N803 - the notes' symbol
    """Two inputs, two neurons, one output, no activations; every weight W, every bias 0."""
    return MLP(2, [2, 1], activation="linear", init=constant(W=W, b=0))


def inputs(student: Student) -> list[Value]:
    """x_{i1} = iq and x_{i2} = cgpa: the order of the notes' formulas, not of their table."""
    return [Value(student.iq, "x_{i1}").detach(), Value(student.cgpa, "x_{i2}").detach()]


def steepness(model: MLP, student: Student) -> float:
    """|grad|^2: the sum of squares of d(y_hat)/d(parameter)."""
    slopes = differentiate(model(inputs(student)), model.parameters())
    return math.fsum(slope.data**2 for slope in slopes)


def steepness_at_fit(students: Sequence[Student]) -> float:
    """About the largest |grad|^2 in training, where all weights begin equal and small.

    Gradient descent keeps the two layers in balance: of a neuron with weights v into it and u out
    of it, u^2 - |v|^2 hardly changes. So where y_hat = y in a row of length r = |(iq, cgpa, 1)|,
    u^2 and |v|^2 are about |y| / 2r, and a row of length s then has 2 (|y| / r) s^2 + 1. An
    estimate: rows that contradict each other may drive the weights further.
    """
    lengths = [math.hypot(s.iq, s.cgpa, 1) for s in students]
    largest_ratio = max(abs(s.lpa) / r for s, r in zip(students, lengths, strict=True))
    return 2 * largest_ratio * max(lengths) ** 2 + 1


def safe_rate(steepest: float) -> float:
    """A third of 1 / |grad|^2, rounded down to one digit.

    >>> safe_rate(28419.0)
    1e-05
    """
    third = 1 / (3 * steepest)
    digit = 10.0 ** math.floor(math.log10(third))
    return float(f"{math.floor(third / digit) * digit:.0e}")
