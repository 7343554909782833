"""micrograd's demo: two half moons told apart by a network of 337 parameters in 100 steps.

The points are those of micrograd's notebook (scikit-learn's make_moons(100, noise=0.1) with numpy's
seed 1337), the first weights too, so the losses are the ones that it prints, step for step.

Run it with `python -m demos.moons`; `--out DIR` says where the pictures go.
"""

from __future__ import annotations

import random
from argparse import ArgumentParser, Namespace
from functools import partial
from pathlib import Path

from rich.text import Text

import viz
from demos._terminal import heading, lines, number, run, say, table
from nn import MLP, SGD, GradientNorms, LinearLR, Module, Training, accuracy, fit, hinge, read_table

STEPS = 100
ALPHA = 1e-4  # how much of the sum of squares of all parameters is added to the loss
SHOWN = (0, 1, 2, 3, 4, 5, 10, 20, 50, 99)


def main(arguments: Namespace) -> None:
    points = read_table(Path(__file__).with_name("moons.csv")).numbers(["x", "y", "label"])
    rows = [([x, y], int(label)) for x, y, label in points]
    heading("Moons", "2-16-16-1, relu, hinge loss, 100 points")
    random.seed(1337)
    model = MLP(2, [16, 16, 1])
    say(f"{len(rows)} points of two classes; {len(model.parameters())} parameters, drawn as in "
        "micrograd's notebook.")  # fmt: skip
    losses, right, history = train(model, rows)
    tell(losses, right)
    heading("Pictures", "the boundary, the loss, the gradients of each layer")
    paths = [
        viz.plot_boundary(
            model, [x for x, _ in rows], [y for _, y in rows], arguments.out / "boundary.png",
            title=f"After {STEPS} steps: {right[-1]:.0%} right",
        ),
        viz.plot_loss(losses, arguments.out / "loss.png", title="Hinge loss and regularisation"),
        viz.plot_gradients(history, arguments.out / "gradients.png"),
    ]  # fmt: skip
    lines(*(Text(str(path)) for path in paths))
    heading("Learned", "in two lines")
    lines(f"A line cannot part the moons; 32 relus bend it until {right[-1]:.0%} are right.",
          "A rate that falls from 1 to 0.1 first jumps about, then settles.")  # fmt: skip


def train(
    model: MLP, rows: list[tuple[list[float], int]]
) -> tuple[list[float], list[float], object]:
    """Steps by the gradient of all rows; the losses and accuracies before each, and the history.

    The derivative of ALPHA times the squares' sum is a weight decay of 2 ALPHA.
    """
    optimizer = SGD(model.parameters(), lr=1.0, weight_decay=2 * ALPHA)
    schedule = LinearLR(optimizer, start_factor=1.0, end_factor=0.1, total_iters=STEPS)
    score = partial(accuracy, threshold=0)
    penalties = [penalty(model)]

    def after(training: Training) -> None:
        penalties.append(penalty(model))

    right = [sum(score(model(x).data, y) for x, y in rows) / len(rows)]
    history = fit(
        model, rows, hinge, optimizer, STEPS, batch_size=len(rows), metrics=[score],
        callbacks=[schedule, after, GradientNorms()],
    )  # fmt: skip
    losses = [loss + extra for loss, extra in zip(history, penalties, strict=False)]
    return losses, right + history.metrics["accuracy"], history


def penalty(model: Module) -> float:
    return ALPHA * sum(p.data * p.data for p in model.parameters())


def tell(losses: list[float], right: list[float]) -> None:
    table(
        ["step", "loss", "right", ""],
        [
            [k, f"{losses[k]:.12f}", f"{right[k]:.0%}", f"[cyan]{'█' * round(losses[k] * 20)}[/]"]
            for k in SHOWN
        ],
    )
    say(f"\nAfter the last step {number(100 * right[-1])} % are right. micrograd's notebook has a "
        "loss of 0.8958441028683222 in step 0, 1.7235905336972022 in step 1.")  # fmt: skip


if __name__ == "__main__":
    parser = ArgumentParser("python -m demos.moons", description="micrograd's demo.")
    parser.add_argument("--out", type=Path, default=Path("out/moons"), metavar="DIR",
                        help="where the pictures go (default: out/moons)")  # fmt: skip
    run(main, parser)
