"""hello: a square and its derivative."""

from __future__ import annotations

from autograd import grad


def square(x):
    return x * x


FUNCTIONS = {"square": square, "double": grad(square)}
