"""gmm: the logarithm of the posterior of a mixture of Gaussians with a Wishart prior."""

from __future__ import annotations

import math

from autograd import dot, exp, grad, logsumexp, sum

INDEPENDENT = ("alpha", "mu", "q", "l")


def factor(q, below):
    """The rows of the triangle Q, exp(q) on the diagonal, filled below it column by column."""
    size = len(q)
    filling = iter(below)
    rows = [[0.0] * row for row in range(size)]
    for column in range(size):
        for row in range(column + 1, size):
            rows[row][column] = next(filling)
    return [[*row, exp(q_i)] for row, q_i in zip(rows, q, strict=True)]


def log_gamma(size, a):
    """That of the multivariate gamma function."""
    terms = [math.lgamma(a - j / 2) for j in range(size)]
    return size * (size - 1) / 4 * math.log(math.pi) + math.fsum(terms)


def objective(free, given):
    size, components, observations = given["d"], given["k"], given["x"]
    triangles = [factor(q, below) for q, below in zip(free["q"], free["l"], strict=True)]
    sums = [sum(q) for q in free["q"]]

    def exponent(x, k):
        away = [x_i - mu_i for x_i, mu_i in zip(x, free["mu"][k], strict=True)]
        turned = [dot(row, away[: len(row)]) for row in triangles[k]]
        return free["alpha"][k] + sums[k] - dot(turned, turned) / 2

    likelihood = sum(
        [logsumexp([exponent(x, k) for k in range(components)]) for x in observations]
    ) - len(observations) * (size / 2 * math.log(2 * math.pi) + logsumexp(free["alpha"]))
    n = size + given["m"] + 1
    constant = n * size * math.log(given["gamma"] / math.sqrt(2)) - log_gamma(size, n / 2)
    squares = [dot(row, row) for triangle in triangles for row in triangle]
    prior = components * constant - given["gamma"] ** 2 / 2 * sum(squares) + given["m"] * sum(sums)
    return likelihood + prior


def free_of(given):
    return {name: given[name] for name in INDEPENDENT}


FUNCTIONS = {
    "objective": lambda given: objective(free_of(given), given).data,
    "jacobian": lambda given: grad(objective)(free_of(given), given),
}
