"""saddle: the least of the greatest values of a function, a descent within a descent."""

from __future__ import annotations

from tests.gradbench.descent import argmax, argmin


def height(x, y):
    return (x[0] ** 2 + x[1] ** 2) - (y[0] ** 2 + y[1] ** 2)


def saddle(modes, start):
    """x and y, by one mode outside and another inside."""
    outer, inner = modes

    def greatest(x):
        return height(x, argmax(lambda y: height(x, y), inner, start))

    x = argmin(greatest, outer, start)
    return [*x, *argmax(lambda y: height(x, y), outer, start)]


FUNCTIONS = {
    modes: lambda given, modes=modes: saddle(modes, given["start"])
    for modes in ("ff", "fr", "rf", "rr")
}
