"""Fisher's irises: three species by four lengths, softmax, sparse cross-entropy, row by row.

The 150 flowers are Anderson's, published by R. A. Fisher, "The use of multiple measurements in
taxonomic problems", 1936; they are in the public domain.

Run it with `python -m demos.iris`; `--out DIR` says where the pictures go.
"""

from __future__ import annotations

import random
from argparse import ArgumentParser, Namespace
from math import isclose
from pathlib import Path
from statistics import mean

from rich.text import Text

import viz
from autograd import Value, derive, softmax
from demos._terminal import heading, lines, number, rounded, run, say, table
from nn import Adam, Table, TableModel, accuracy, evaluate, fit, read_table

HELD_OUT = 30


def main(arguments: Namespace) -> None:
    flowers = read_table(Path(__file__).with_name("iris.csv"))
    columns, species = flowers.columns[:-1], flowers.classes("species")
    tell_data(flowers, columns, species)
    rows, names = flowers.numbers(columns), flowers.texts("species")
    order = random.Random(1).sample(range(len(rows)), len(rows))  # noqa: S311 - no secret
    held_out, learnt = order[:HELD_OUT], order[HELD_OUT:]
    model = TableModel(columns, "species", classes=species, seed=1)
    model.standardize([rows[i] for i in learnt], [names[i] for i in learnt])
    examples = [model.example(*pair) for pair in zip(rows, names, strict=True)]
    sheet = tell_one_row(model, examples[learnt[0]], arguments.out / "derivation.html")

    heading("Training", f"{len(learnt)} flowers, {HELD_OUT} held out, Adam, 60 epochs")
    adam = Adam(model.parameters(), lr=0.01)
    training, testing = ([examples[i] for i in part] for part in (learnt, held_out))
    history = fit(model, training, model.loss, adam, 60, shuffle=True, seed=1, validation=testing,
                  metrics=[accuracy])  # fmt: skip
    right = history.metrics["accuracy"]
    table(["epoch", "loss", "held out", "right"],
          [[e, rounded(history[e - 1]), rounded(history.validation[e - 1]), f"{right[e - 1]:.0%}"]
           for e in (1, 2, 5, 10, 20, 40, 60)])  # fmt: skip
    everywhere = evaluate(model, examples, metrics=[accuracy])["accuracy"]
    say(f"\nOf all {len(rows)} flowers {everywhere:.1%} are right.")

    heading("Pictures", "the loss, what was taken for what, the petals' plane")
    out = arguments.out
    said = [model.predict(row) for row in rows]
    paths = [sheet, viz.plot_loss(history, out / "loss.png"),
             viz.plot_confusion(names, said, out / "confusion.png", title="All flowers"),
             petals(flowers, species, out / "petals.png")]  # fmt: skip
    lines(*(Text(str(path)) for path in paths))
    heading("Learned", "in two lines")
    lines("Every gradient is (probability - 1 or 0) times an input: no sums by hand.",
          "Setosa is far from the others; versicolor and virginica overlap a little.")  # fmt: skip


def tell_data(flowers: Table, columns: list[str], species: list[str]) -> None:
    heading("Data", "150 flowers, the means in cm")
    rows = list(zip(flowers.texts("species"), flowers.numbers(columns), strict=True))
    table(["species", *columns],
          [[kind, *(rounded(mean(row[i] for name, row in rows if name == kind))
                    for i in range(len(columns)))] for kind in species])  # fmt: skip


def tell_one_row(model: TableModel, example: tuple[list[float], int], path: Path) -> Path:
    """The gradients of one flower's loss beside the formula (p_j - [j = k]) x_i."""
    inputs, k = example
    heading("One row", f"a {model.classes[k]}, its lengths standardised")
    row = [Value(x, f"x_{{{i}}}").detach() for i, x in enumerate(inputs, start=1)]
    z = model.network(row)
    p = [each.data for each in softmax(z)]
    loss = model.loss(z, k)
    loss.backward()
    say(rf"$L = -\log p_{k + 1}$, $p$ being the softmax of the three outputs $\hat{{y}}_j$: "
        f"$p$ = {', '.join(number(x, 4) for x in p)}, $L$ = {number(loss.data)}.")  # fmt: skip
    rows, chosen = [], dict(model.network.named_parameters())
    for j, probability in enumerate(p, start=1):
        by_hand, weight = (probability - (j == k + 1)) * inputs[2], chosen[f"W_{{3{j}}}^1"]
        same = "[green]equal[/]" if isclose(by_hand, weight.grad) else "[red]different[/]"
        rows.append([f"$\\partial L/\\partial {weight.label}$",
                     f"$(p_{j} - {int(j == k + 1)}) x_3$", by_hand, weight.grad, same])  # fmt: skip
    table(["gradient", "by hand", "its value", "backward()", ""], rows)
    lines("", *str(derive(loss, chosen[f"W_{{3{k + 1}}}^1"])).splitlines())
    derivations = [derive(loss, weight) for weight in chosen.values()]
    return viz.sheet(derivations, path, title=f"One {model.classes[k]}: all 15 gradients")


def petals(flowers: Table, species: list[str], path: Path) -> Path:
    """The same with two of the columns, which can be drawn."""
    columns = ["petal length", "petal width"]
    model = TableModel(columns, "species", [6], classes=species, seed=1)
    rows, names = flowers.numbers(columns), flowers.texts("species")
    model.standardize(rows, names)
    examples = [model.example(*pair) for pair in zip(rows, names, strict=True)]
    fit(model, examples, model.loss, Adam(model.parameters(), lr=0.01), 60, shuffle=True, seed=1)
    kinds = [k for _, k in examples]
    return viz.plot_boundary(model.output, rows, kinds, path, names=columns, classes=species,
                             title="Two columns, 2-6-3")  # fmt: skip


if __name__ == "__main__":
    parser = ArgumentParser("python -m demos.iris", description="Fisher's irises.")
    parser.add_argument("--out", type=Path, default=Path("out/iris"), metavar="DIR",
                        help="where the pictures go (default: out/iris)")  # fmt: skip
    run(main, parser)
