"""Gradients in either mode, and the descent along them that saddle and particle ask for."""

from __future__ import annotations

from autograd import grad, jvp, sum


def forward(function):
    """The gradient, a direction at a time."""

    def gradient(x):
        units = [[float(i == j) for j in range(len(x))] for i in range(len(x))]
        return [jvp(function, (x,), (unit,))[1] for unit in units]

    return gradient


MODES = {"f": forward, "r": grad}
CLOSE = 1e-5


def length(x):
    return sum([each * each for each in x])  # squared, as it is compared only


def argmin(function, mode, start):
    """Where a function is least, for which steps are taken and made longer or shorter.

    Source: Siskind and Pearlmutter, "Using programming language theory to make automatic
    differentiation sound and efficient", 2008.
    """
    gradient = MODES[mode](function)
    x, rate, good = list(start), 1e-5, 0
    least, slope = function(x), gradient(x)
    while length(slope) > CLOSE**2:
        if good == 10:
            rate, good = 2 * rate, 0
        to = [x_i - rate * slope_i for x_i, slope_i in zip(x, slope, strict=True)]
        if length([a - b for a, b in zip(x, to, strict=True)]) <= CLOSE**2:
            break
        there = function(to)
        if there < least:
            x, least, slope, good = to, there, gradient(to), good + 1
        else:
            rate, good = rate / 2, 0
    return x


def argmax(function, mode, start):
    return argmin(lambda x: -function(x), mode, start)
