"""Handwritten digits: scikit-learn's 1,797 pictures of 8 x 8 dots, sparse cross-entropy, 64-32-10.

Run it with `python -m demos.digits` (after `pip install -e '.[all,demos]'`); `--out DIR` says where
the pictures go, `--epochs N` how long it learns.
"""

from __future__ import annotations

import random
from argparse import ArgumentParser, Namespace
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any

from matplotlib.figure import Figure
from rich.text import Text

import viz
from autograd import native_available
from demos._terminal import heading, lines, number, run, say, table
from nn import MLP, Adam, EarlyStopping, accuracy, evaluate, fit, he, sparse_cross_entropy

HELD_OUT = 450  # a quarter of the pictures

Rows = list[tuple[list[float], int]]


def main(arguments: Namespace) -> None:
    try:
        from sklearn.datasets import load_digits  # noqa: PLC0415 - an extra of its own
    except ImportError:
        say("The digits are scikit-learn's: pip install -e '.\\[all,demos]'")
        return
    pictures = load_digits()
    rows: Rows = [
        ([dot / 16 for dot in picture], int(digit))
        for picture, digit in zip(pictures.data.tolist(), pictures.target, strict=True)
    ]
    random.Random(1).shuffle(rows)  # noqa: S311 - which rows are held out is no secret
    training, held_out = rows[HELD_OUT:], rows[:HELD_OUT]
    heading("Digits", "64 inputs, 32 relus, 10 outputs")
    model = MLP(64, [32, 10], init=he(), seed=1)
    say(f"{len(training)} pictures to learn from, {len(held_out)} held out; "
        f"{len(model.parameters())} parameters.")  # fmt: skip
    history, seconds = train(model, training, held_out, arguments.epochs)
    right = evaluate(model, held_out, metrics=[accuracy])["accuracy"]
    table(
        ["epoch", "loss", "held out", "right"],
        [
            [e, *(number(x[e - 1], 4) for x in (history.losses, history.validation)),
             f"{history.metrics['accuracy'][e - 1]:.1%}"]
            for e in shown(len(history))
        ],
    )  # fmt: skip
    how = "natively" if native_available() else "by the engine (llvmlite makes it quicker)"
    say(
        f"\n{number(seconds, 3)} seconds, {how}: [bold]{right:.1%}[/] of the digits held out right."
    )
    said = [predicted(model, x) for x, _ in held_out]
    wrong = [(x, k, s) for (x, k), s in zip(held_out, said, strict=True) if k != s]
    heading("Pictures", "the loss, what was taken for what, ten that it got wrong")
    paths = [
        viz.plot_loss(history, arguments.out / "loss.png"),
        viz.plot_confusion([k for _, k in held_out], said, arguments.out / "confusion.png",
                           title=f"{right:.1%} of the digits held out"),
        draw(wrong[:10], arguments.out / "wrong.png"),
    ]  # fmt: skip
    lines(*(Text(str(path)) for path in paths))
    heading("Learned", "in two lines")
    lines(
        f"Sixty-four dots and 32 relus are enough to read {right:.0%} of the digits right;",
        f"ten of the {len(wrong)} wrong ones are in wrong.png: would you have read them?",
    )


def train(model: MLP, training: Rows, held_out: Rows, epochs: int) -> tuple[Any, float]:
    begun = perf_counter()
    history = fit(
        model, training, partial(sparse_cross_entropy, from_logits=True),
        Adam(model.parameters(), lr=0.005), epochs, batch_size=16, shuffle=True, seed=1,
        validation=held_out, metrics=[accuracy], callbacks=[EarlyStopping(patience=5)],
    )  # fmt: skip
    return history, perf_counter() - begun


def predicted(model: MLP, dots: list[float]) -> int:
    outputs = [z.data for z in model(dots)]
    return outputs.index(max(outputs))


def shown(epochs: int) -> list[int]:
    return sorted({e for e in (1, 2, 3, 5, 10, 15, 20, 30, 50) if e < epochs} | {epochs})


def draw(wrong: list[tuple[list[float], int, int]], path: Path) -> Path:
    """The pictures side by side, with what they are and what they were taken for."""
    figure = Figure(figsize=(7.5, 3.6), layout="constrained", facecolor="white")
    for axes, (dots, true, said) in zip(figure.subplots(2, 5).flat, wrong, strict=False):
        axes.imshow([dots[i : i + 8] for i in range(0, 64, 8)], cmap="gray_r")
        axes.set_title(f"{true}, taken for {said}", fontsize=10)
    for axes in figure.axes:
        axes.set_axis_off()
    figure.savefig(path, dpi=150)
    return path


if __name__ == "__main__":
    parser = ArgumentParser("python -m demos.digits", description="Handwritten digits.")
    parser.add_argument("--out", type=Path, default=Path("out/digits"), metavar="DIR",
                        help="where the pictures go (default: out/digits)")  # fmt: skip
    parser.add_argument("--epochs", type=int, default=30, metavar="N",
                        help="at most (default: %(default)s)")  # fmt: skip
    run(main, parser)
