"""Recorded once, run natively: the notes' network and moons trained both ways, side by side.

Run it with `python -m demos.fast` (after `pip install -e '.[all]'`); `--out DIR` says where the
picture goes, `--quick` trains for a tenth of the time.
"""

from __future__ import annotations

import math
import random
from argparse import ArgumentParser, Namespace
from pathlib import Path
from time import perf_counter
from typing import Any

from matplotlib.figure import Figure
from rich.text import Text

from autograd import Value, compile, native_available
from demos._terminal import heading, lines, number, run, say, table
from nn import MLP, SGD, Adam, History, fit, hinge, mse

LPA = [([80.0, 8.0], 8.0), ([70.0, 7.0], 6.0), ([90.0, 9.0], 9.0), ([60.0, 6.0], 4.0)]


def main(arguments: Namespace) -> None:
    if not native_available():
        say("Native programs are compiled by llvmlite: pip install -e '.\\[native]'")
        return
    shorter = 10 if arguments.quick else 1
    heading("One row at a time", "per-row gradient descent on the notes' 2-2-1 network")
    side_by_side(
        lambda: MLP(2, [2, 1], activation="linear", seed=1), LPA, mse,
        lambda model: SGD(model.parameters(), 1e-6), 20_000 // shorter,
    )  # fmt: skip
    heading("Moons", "2-16-16-1, hinge loss, Adam, 100 points")
    side_by_side(
        lambda: MLP(2, [16, 16, 1], seed=1), moons(100), hinge,
        lambda model: Adam(model.parameters(), 0.01), 100 // shorter,
    )  # fmt: skip
    heading("Time over rows", "loss and 337 gradients of the moons network")
    times = time_over_rows([10**n for n in range(1, 5 if arguments.quick else 6)])
    path = plot(times, arguments.out / "fast.png")
    lines("", Text(str(path)))


def side_by_side(network: Any, rows: Any, loss: Any, optimizer: Any, epochs: int) -> None:
    """Trains the same network by the engine and natively: times, and whether the bits agree."""
    results: list[tuple[float, History, dict[str, float]]] = []
    for compiled in (False, True):
        model = network()
        begun = perf_counter()
        history = fit(
            model, rows, loss, optimizer(model), epochs, progress=False, compiled=compiled
        )
        results.append((perf_counter() - begun, history, model.state_dict()))
    slow, fast = (seconds for seconds, _, _ in results)
    table(
        ["", "seconds", "a row", "loss at the end"],
        [
            [name, number(seconds, 3), f"{seconds / epochs / len(rows) * 1e9:,.0f} ns", end[-1]]
            for name, (seconds, end, _) in zip(("engine", "native"), results, strict=True)
        ],
    )
    (_, history, end), (_, again, natively) = results
    same = "" if list(history) == list(again) and end == natively else "NOT "
    say(
        f"\nNatively [bold]{number(slow / fast, 3)} times[/] as fast, recording and compiling "
        f"counted, and every loss and parameter {same}the same to the last bit."
    )


def moons(count: int) -> list[tuple[list[float], int]]:
    """Two noisy half circles, labelled -1 and 1."""
    draw = random.Random(1337)  # noqa: S311 - the points are no secret
    rows = []
    for n in range(count):
        label, angle = 2 * (n % 2) - 1, draw.uniform(0, math.pi)
        x, y = math.cos(angle), math.sin(angle)
        if label < 0:
            x, y = 1 - x, 0.5 - y
        rows.append(([x + draw.gauss(0, 0.1), y + draw.gauss(0, 0.1)], label))
    return rows


def time_over_rows(counts: list[int]) -> list[tuple[int, float, float]]:
    """(rows, seconds by the engine, seconds of the program) for the gradient of a sum over rows.

    The engine is timed on the first thousand rows, and takes as long for each of the others.
    """
    model = MLP(2, [16, 16, 1], seed=1)
    x, y, target = Value(0.0, "x"), Value(0.0, "y"), Value(1.0, "t")
    program = compile((1 - target * model([x, y])).relu(), [x, y, target], wrt=model.parameters())
    program.total([[0.0, 0.0, 1.0]])  # compiled here
    times = []
    for count in counts:
        rows = [[*point, float(label)] for point, label in moons(count)]
        begun = perf_counter()
        program.total(rows)
        native = perf_counter() - begun
        few = rows[:1000]
        begun = perf_counter()
        for a, b, t in few:
            (1 - t * model([a, b])).relu().backward()
        times.append((count, (perf_counter() - begun) * count / len(few), native))
    table(
        ["rows", "engine, seconds", "program, seconds", "ratio"],
        [[f"{n:,}", number(a, 3), number(b, 3), number(a / b, 3)] for n, a, b in times],
    )
    return times


def plot(times: list[tuple[int, float, float]], path: Path) -> Path:
    """Both curves, on logarithmic axes."""
    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.add_subplot()
    counts, engine, program = zip(*times, strict=True)
    axes.loglog(counts, engine, "o-", label="engine, a graph for each row (timed on 1,000)")
    axes.loglog(counts, program, "o-", label="program, several rows at once")
    axes.set(xlabel="rows", ylabel="seconds", title="Loss and 337 gradients")
    axes.legend()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120)
    return path


if __name__ == "__main__":
    parser = ArgumentParser(prog="python -m demos.fast", description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("out/fast"), help="folder of the picture")
    parser.add_argument("--quick", action="store_true", help="a tenth of the epochs")
    run(main, parser)
