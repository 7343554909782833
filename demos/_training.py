"""The notes' step 5: epochs over rows from W = 0.1, b = 0, with a learning rate derived first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from demos._network import inputs, network, safe_rate, steepness, steepness_at_fit
from demos._terminal import heading, number, rounded, say, table
from nn import SGD, Adagrad, Adam, AdamW, History, RMSProp, TrainingError, fit, mse

if TYPE_CHECKING:
    from argparse import Namespace

    from autograd import Value
    from demos._rows import Student

OPTIMIZERS = {kind.__name__.lower(): kind for kind in (SGD, Adam, AdamW, RMSProp, Adagrad)}
SHOWN = (1, 2, 3, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000)


def train(students: list[Student], options: Namespace) -> History:
    heading("Step 5", "Train: W = 0.1, b = 0; every epoch, every row")
    model = network(W=0.1)
    rows = [(inputs(student), student.lpa) for student in students]
    first = max(steepness(model, student) for student in students)
    later = steepness_at_fit(students)
    tell_bound(first, later)
    rate, chosen = chosen_rate(options, safe_rate(max(first, later)))
    say(f"{chosen}: [bold]$\\eta$ = {number(rate)}[/].")
    before = [model(x).data for x, _ in rows]
    optimizer = OPTIMIZERS[options.optimizer](model.parameters(), lr=rate)
    if options.resume:
        options.out.mkdir(parents=True, exist_ok=True)
    history = fit(
        model, rows, mse, optimizer, options.epochs, resume=options.resume,
        checkpoint=options.out / "training.json" if options.resume else None,
    )  # fmt: skip
    tell_losses(history)
    table(
        ["cgpa", "iq", "lpa", "predicted before", "and after"],
        [
            [s.cgpa, s.iq, s.lpa, rounded(y_hat), rounded(model(x).data)]
            for s, (x, _), y_hat in zip(students, rows, before, strict=True)
        ],
    )
    met = max(steepness(model, student) for student in students)
    say(f"\n$S$ of the steepest row is now {number(met, 4)}.")
    tell_divergence(rows, 20 / max(first, later))
    return history


def chosen_rate(options: Namespace, safe: float) -> tuple[float, str]:
    """The learning rate, and how it was chosen."""
    if options.lr is not None:
        return options.lr, "As asked with --lr"
    if options.optimizer == "sgd":
        return safe, "A third of it, rounded down"
    return 0.01, f"{options.optimizer} scales its steps itself, so it gets a usual rate"


def tell_bound(first: float, later: float) -> None:
    say(
        r"Which $\eta$ now, when $W$ and so $S$ change on the way? "
        rf"$S$ begins at {number(first, 4)} or less. Gradient descent keeps the two layers in "
        r"balance; so where $\hat{y} = y$, $S$ is about $2|y|r$, $r = \sqrt{iq^2 + cgpa^2 + 1}$, "
        f"and in all these rows at most about {number(later, 4)}: large inputs make it large. "
        rf"Errors grow beyond $\eta = 1/S$ = {number(1 / max(first, later), 2)}."
    )


def tell_losses(history: History) -> None:
    widest = 34 / max(*history, 1e-300)
    rows = []
    for epoch in [*(epoch for epoch in SHOWN if epoch < len(history)), len(history)]:
        loss = history[epoch - 1]
        rows.append([epoch, rounded(loss), f"[cyan]{'█' * round(loss * widest)}[/]"])
    table(["epoch", "mean loss", ""], rows)


def tell_divergence(rows: list[tuple[list[Value], float]], rate: float) -> None:
    model = network(W=0.1)
    try:
        fit(model, rows, mse, SGD(model.parameters(), rate), epochs=100, progress=False)
    except TrainingError as error:
        say(f"\nWith $\\eta$ = {number(rate, 2)}, twenty times $1/S$, training stops instead:")
        say(Text(str(error), style="dim"))
