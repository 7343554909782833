"""The notes' step 5: epochs over rows from W = 0.1, b = 0, with a learning rate derived first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from demos._network import inputs, network, safe_rate, steepness, steepness_at_fit
from demos._terminal import heading, number, rounded, say, table
from nn import SGD, History, TrainingError, fit, mse

if TYPE_CHECKING:
    from autograd import Value
    from demos._rows import Student

SHOWN = (1, 2, 3, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000)


def train(students: list[Student], epochs: int, lr: float | None) -> History:
    heading("Step 5", "Train: W = 0.1, b = 0; every epoch, every row")
    model = network(W=0.1)
    rows = [(inputs(student), student.lpa) for student in students]
    first = max(steepness(model, student) for student in students)
    later = steepness_at_fit(students)
    tell_bound(first, later)
    rate = safe_rate(max(first, later)) if lr is None else lr
    chosen = "A third of it, rounded down" if lr is None else "As asked with --lr"
    say(f"{chosen}: [bold]$\\eta$ = {number(rate)}[/].")
    before = [model(x).data for x, _ in rows]
    history = fit(model, rows, mse, SGD(model.parameters(), rate), epochs)
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
