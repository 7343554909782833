"""llsq: how far a polynomial is from the sign function, at n points between -1 and 1."""

from __future__ import annotations

from autograd import dot, grad, sum


def objective(x, n):
    """1/2 of the sum of (sign t - x_0 - x_1 t - x_2 t^2 - ...)^2."""
    total = []
    for i in range(n):
        t = -1 + i * 2 / (n - 1)
        sign = (t > 0) - (t < 0)
        total.append((sign - dot(x, [t**power for power in range(len(x))])) ** 2)
    return sum(total) / 2


FUNCTIONS = {
    "primal": lambda given: objective(given["x"], given["n"]).data,
    "gradient": lambda given: grad(objective)(given["x"], given["n"]),
}
