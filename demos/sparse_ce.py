"""The notes' first page: cross-entropy by an integer label, and why it is fast.

Run it with `python -m demos.sparse_ce`; `--out DIR` says where the pictures go.
"""

from __future__ import annotations

import random
from argparse import ArgumentParser, Namespace
from functools import partial
from math import log
from pathlib import Path
from statistics import median
from time import perf_counter

from rich.text import Text

import viz
from autograd import Value, compiled, softmax, topological_order
from demos._terminal import heading, lines, number, rounded, run, say, table
from nn import categorical_cross_entropy, sparse_cross_entropy

PREDICTION = (0.1, 0.4, 0.5)
CLASSES = (10, 1_000, 10_000)
REPEATS = 15


def main(arguments: Namespace) -> None:
    tell_values()
    tell_softmax()
    tell_cost()
    heading("Pictures", "each class, in both forms")
    for label in (1, 2, 3):
        for name, (loss, _) in both_forms(label).items():
            loss.backward()
            drawing = viz.draw(loss, title=f"{name} cross-entropy, y = {label}")
            lines(Text(str(viz.render(drawing, arguments.out / f"{name}_{label}.png"))))
    heading("Learned", "in two lines")
    lines(
        r"Only the true class enters: $L = -\log \hat{y}_k$, three nodes at any size.",
        r"Through softmax the gradient is $\hat{y}_j - [j = k]$: predicted minus true.",
    )


def both_forms(label: int) -> dict[str, tuple[Value, list[Value]]]:
    """The loss of the notes' prediction by its label and by its one-hot vector."""
    by_label, by_vector = (
        [Value(p, rf"\hat{{y}}_{{{j}}}") for j, p in enumerate(PREDICTION, start=1)]
        for _ in range(2)
    )
    return {
        "sparse": (sparse_cross_entropy(by_label, label, first_class=1), by_label),
        "categorical": (categorical_cross_entropy(by_vector, one_hot(label - 1, 3)), by_vector),
    }


def tell_values() -> None:
    heading("Values", "a prediction [0.1 0.4 0.5] and y = 1, 2 or 3")
    rows = []
    for label, p in enumerate(PREDICTION, start=1):
        forms = both_forms(label)
        (sparse, inputs), (categorical, _) = forms["sparse"], forms["categorical"]
        sparse.backward()
        gradient = ", ".join(number(p.grad) for p in inputs)
        rows.append([label, f"−log {p}", -log(p), sparse.data, categorical.data, f"({gradient})"])
    by_y_hat = r"$\partial L/\partial \hat{y}$"
    table(["y", "formula", "by hand", "sparse", "categorical", by_y_hat], rows)
    say(
        "\n"
        r"$L = -\log \hat{y}_k$, $k$ being the class that y names, so the derivative is "
        r"$-1/\hat{y}_k$ there and 0 elsewhere. The categorical form, $-\sum_j y_j \log \hat{y}_j$ "
        "with a one-hot y, has the same value by way of every class."
    )


def tell_softmax() -> None:
    heading("Through softmax", r"$\partial L/\partial z_j = \hat{y}_j - [j = k]$")
    logits = [Value(log(p), f"z_{{{j}}}") for j, p in enumerate(PREDICTION, start=1)]
    sparse_cross_entropy(softmax(logits), 2, first_class=1).backward()
    rows = [
        [f"${z.label}$", p, 1 if j == 2 else 0, rounded(z.grad)]
        for j, (z, p) in enumerate(zip(logits, PREDICTION, strict=True), start=1)
    ]
    table(["y = 2", r"$\hat{y}_j$", "$[j = k]$", r"$\partial L/\partial z_j$"], rows)


def tell_cost() -> None:
    heading("Cost", "nodes in the graph, and time forward and back")
    rows = []
    for classes in CLASSES:
        (small, quick), (large, slow) = measured(classes)
        rows.append([classes, small, large, rounded(large / small),
                     rounded(quick * 1e6), rounded(slow * 1e6), rounded(slow / quick)])  # fmt: skip
    table(["classes", "sparse", "categorical", "times", "sparse, µs", "categ., µs", "times"], rows)
    say(
        f"\nNodes, then medians of {REPEATS} runs taken in turn, the engine "
        f"{'compiled' if compiled else 'in plain Python'}. The sparse graph has three nodes at any "
        "size; what grows is the check that the probabilities sum to 1, on plain floats."
    )


def measured(classes: int) -> list[tuple[int, float]]:
    """Nodes and median seconds, forward and back, of the sparse and of the categorical form."""
    generator = random.Random(classes)  # noqa: S311 - any numbers will do
    weights = [generator.random() for _ in range(classes)]
    total = sum(weights)
    probabilities = [Value(weight / total) for weight in weights]
    k = classes // 2
    forms = [
        partial(sparse_cross_entropy, probabilities, k),
        partial(categorical_cross_entropy, probabilities, one_hot(k, classes)),
    ]
    times: list[list[float]] = [[], []]
    for _ in range(REPEATS):
        for form, taken in zip(forms, times, strict=True):
            start = perf_counter()
            form().backward()
            taken.append(perf_counter() - start)
    nodes = [len(topological_order(form())) for form in forms]
    return [(count, median(taken)) for count, taken in zip(nodes, times, strict=True)]


def one_hot(k: int, classes: int) -> list[int]:
    return [int(j == k) for j in range(classes)]


if __name__ == "__main__":
    parser = ArgumentParser("python -m demos.sparse_ce", description="Sparse cross-entropy.")
    parser.add_argument("--out", type=Path, default=Path("out/sparse_ce"), metavar="DIR",
                        help="where the pictures go (default: out/sparse_ce)")  # fmt: skip
    run(main, parser)
