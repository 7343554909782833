"""particle: a charge between two others is steered to the origin: derivatives of a field's path."""

from __future__ import annotations

from autograd import sqrt
from tests.gradbench.descent import MODES, argmin

STEP = 0.1


def miss(control, mode):
    """How far from the origin, squared, the particle crosses the axis."""
    charges = [(10.0, 10.0 - control), (10.0, 0.0)]

    def potential(x):
        total = 0.0
        for charge in charges:
            total = total + 1 / sqrt((x[0] - charge[0]) ** 2 + (x[1] - charge[1]) ** 2)
        return total

    field = MODES[mode](potential)
    x, speed = [0.0, 8.0], [0.75, 0.0]
    while True:
        to = [x_i + STEP * v for x_i, v in zip(x, speed, strict=True)]
        if not to[1] > 0:
            break
        speed = [v - STEP * slope for v, slope in zip(speed, field(x), strict=True)]
        x = to
    time = -x[1] / speed[1]
    return (x[0] + time * speed[0]) ** 2


def particle(modes, control):
    outer, inner = modes
    return argmin(lambda w: miss(w[0], inner), outer, [control])[0]


FUNCTIONS = {
    modes: lambda given, modes=modes: particle(modes, given["w"])
    for modes in ("ff", "fr", "rf", "rr")
}
