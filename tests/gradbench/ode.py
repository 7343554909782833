"""ode: y_0' = x_0 and y_i' = x_i y_{i-1}, from 0 to 2 in steps of Runge and Kutta."""

from __future__ import annotations

from autograd import grad


def slopes(x, y):
    return [x[0], *(x_i * before for x_i, before in zip(x[1:], y, strict=False))]


def solution(x, steps):
    h = 2 / steps
    y = [0.0] * len(x)
    for _ in range(steps):
        k1 = slopes(x, y)
        k2 = slopes(x, [y_i + h / 2 * k for y_i, k in zip(y, k1, strict=True)])
        k3 = slopes(x, [y_i + h / 2 * k for y_i, k in zip(y, k2, strict=True)])
        k4 = slopes(x, [y_i + h * k for y_i, k in zip(y, k3, strict=True)])
        y = [
            y_i + h / 6 * (a + 2 * b + 2 * c + d)
            for y_i, a, b, c, d in zip(y, k1, k2, k3, k4, strict=True)
        ]
    return y


FUNCTIONS = {
    "primal": lambda given: solution(given["x"], given["s"]),
    "gradient": lambda given: grad(lambda x: solution(x, given["s"])[-1])(given["x"]),
}
