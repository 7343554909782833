"""lse: the logarithm of a sum of exponentials, by way of their maximum."""

from __future__ import annotations

from autograd import exp, grad, log, sum


def objective(x):
    largest = max(x)
    return largest + log(sum([exp(each - largest) for each in x]))


FUNCTIONS = {
    "primal": lambda given: objective(given["x"]).data,
    "gradient": lambda given: grad(objective)(given["x"]),
}
