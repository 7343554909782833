"""Logistic regression by Newton's method: exact Hessians, and the digits double at each step.

Two of Fisher's irises, versicolor and virginica, by their petals (demos/iris.py has the source).

Run it with `python -m demos.newton`; `--out DIR` says where the pictures go. Where scipy is
installed its answer stands beside.
"""

from __future__ import annotations

import math
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from rich.text import Text

import viz
from autograd import Value, grad, hessian
from demos._terminal import heading, lines, number, run, say, table
from nn import TableModel, binary_cross_entropy, read_table

if TYPE_CHECKING:
    from collections.abc import Callable

Vector = list[float]
COLUMNS = ["petal length", "petal width"]


def main(arguments: Namespace) -> None:
    heading("Data", "versicolor (0) and virginica (1), petals standardised")
    rows, targets = flowers()
    say(f"{len(rows)} flowers. $p = \\sigma(w_1 x_1 + w_2 x_2 + b)$; $L$ is the mean of "
        "$-y \\log p - (1 - y) \\log(1 - p)$, which has a single minimum.")  # fmt: skip

    def loss(w: list[Value]) -> Value:
        logits = [w[0] * x1 + w[1] * x2 + w[2] for x1, x2 in rows]
        return binary_cross_entropy(logits, targets, from_logits=True)

    heading("Newton's method", "w := w − H⁻¹ ∇L")
    trail = newton(loss, [0.0, 0.0, 0.0])
    norms = [math.hypot(*grad(loss)(w)) for w in trail]
    best = trail[-1]
    table(["step", "loss", "|∇L|", "distance to the last w"],
          [[i, f"{loss(list(map(Value, w))).data:.15f}", f"{norm:.1e}", f"{math.dist(w, best):.1e}"]
           for i, (w, norm) in enumerate(zip(trail, norms, strict=True))])  # fmt: skip
    say(f"\n$w$ = ({', '.join(number(x, 8) for x in best)}).")
    tell_scipy(loss, best)

    heading("Gradient descent", "the same from the same place, lr = 2")
    slow = descent(loss, [0.0, 0.0, 0.0], 200)
    far = [math.hypot(*grad(loss)(w)) for w in slow]
    say(f"After {len(slow) - 1} steps |∇L| is {far[-1]:.1e}: Newton was there in "
        f"{next(i for i, norm in enumerate(norms) if norm < far[-1])}.")  # fmt: skip

    heading("Pictures", "both ways down, and how fast")
    w1, w2 = Value(0.0, "w_1"), Value(0.0, "w_2")
    out, b = arguments.out, Value(best[2])
    paths = [
        viz.plot_landscape(lambda: loss([w1, w2, b]), w1, w2, out / "newton.png",
                           trail=[(w[0], w[1]) for w in trail], title="Newton's method"),
        viz.plot_landscape(lambda: loss([w1, w2, b]), w1, w2, out / "descent.png",
                           trail=[(w[0], w[1]) for w in slow], title="Gradient descent"),
        viz.plot_gradients({"Newton": norms, "descent": far[:40]}, out / "gradients.png"),
    ]  # fmt: skip
    lines(*(Text(str(path)) for path in paths))
    heading("Learned", "in two lines")
    lines("The gradient says where down is, the Hessian how far: no learning rate.",
          "Near the minimum each step doubles the number of right digits.")  # fmt: skip


def flowers() -> tuple[list[Vector], list[int]]:
    found = read_table(Path(__file__).with_name("iris.csv"))
    pairs = [(row, name) for row, name in
             zip(found.numbers(COLUMNS), found.texts("species"), strict=True)
             if name != "setosa"]  # fmt: skip
    model = TableModel(COLUMNS, "species", classes=["versicolor", "virginica"])
    model.standardize([row for row, _ in pairs], [name for _, name in pairs])
    examples = [model.example(*pair) for pair in pairs]
    return [row for row, _ in examples], [int(k) for _, k in examples]


def newton(loss: Callable[[list[Value]], Value], w: Vector) -> list[Vector]:
    """The points that Newton's method goes through until the gradient is next to nothing."""
    trail = [w]
    while math.hypot(*grad(loss)(w)) > 1e-14 and len(trail) < 20:
        step = np.linalg.solve(hessian(loss)(w), grad(loss)(w))
        w = [x - float(s) for x, s in zip(w, step, strict=True)]
        trail.append(w)
    return trail


def descent(loss: Callable[[list[Value]], Value], w: Vector, steps: int) -> list[Vector]:
    trail = [w]
    for _ in range(steps):
        w = [x - 2 * g for x, g in zip(w, grad(loss)(w), strict=True)]
        trail.append(w)
    return trail


def tell_scipy(loss: Callable[[list[Value]], Value], best: Vector) -> None:
    try:
        from scipy.optimize import minimize  # noqa: PLC0415 - only to compare with
    except ImportError:
        say("(pip install scipy, and its answer stands here.)")
        return
    found = minimize(lambda w: loss(list(map(Value, w))).data, [0.0] * 3, method="trust-exact",
                     jac=lambda w: grad(loss)(list(w)), hess=lambda w: hessian(loss)(list(w)),
                     tol=1e-12)  # fmt: skip
    off = max(abs(a - b) for a, b in zip(found.x, best, strict=True))
    say(f"scipy's trust-exact, given the same derivatives, ends within {off:.0e} of it after "
        f"{found.nit} steps.")  # fmt: skip


if __name__ == "__main__":
    parser = ArgumentParser("python -m demos.newton", description="Logistic regression by Newton.")
    parser.add_argument("--out", type=Path, default=Path("out/newton"), metavar="DIR",
                        help="where the pictures go (default: out/newton)")  # fmt: skip
    run(main, parser)
