"""The notes' story on their own data, step 0 to step 5: from one row to a trained network.

Run it with `python -m demos.lpa`; `--help` tells the options.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from math import isclose
from pathlib import Path

from rich.text import Text

import viz
from autograd import Value, derive, topological_order
from demos._formulas import GRADIENTS
from demos._network import inputs, network, safe_rate, steepness
from demos._rows import Student, read_students
from demos._slips import tell_slips
from demos._terminal import heading, lines, number, run, say, table
from demos._training import OPTIMIZERS, train
from nn import MLP, SGD, mse


def main(arguments: Namespace) -> None:
    students = read_students(arguments.data)
    tell_data(students)
    model = network(W=1)
    loss = predict(model, students[0])
    tell_gradients(model, loss)
    drawings = {
        "graph.png": viz.draw(loss, title="One row: forward, and back"),
        "network.png": viz.draw_network(
            model, row=[students[0].iq, students[0].cgpa], gradients=True, inputs=["iq", "cgpa"]
        ),
    }
    update_once(model, students[0])
    history = train(students, arguments)
    tell_slips()
    heading("Pictures", "the graph, the network, the loss")
    paths = [viz.render(drawing, arguments.out / name) for name, drawing in drawings.items()]
    paths.append(viz.plot_loss(history, arguments.out / "loss.png"))
    lines(*(Text(str(path)) for path in paths))
    heading("Learned", "in two lines")
    lines("Every gradient is a product along its path: −2(y − ŷ), weights, an input.",
          "Large inputs make the loss steep, and steep losses need small steps.")  # fmt: skip


def tell_data(students: list[Student]) -> None:
    heading("Step 0", "The data and the network")
    say("Hand-written notes, worked through: a network learns a salary (lpa) from iq and cgpa.")
    table(
        ["cgpa", "iq", "lpa", "row from"],
        [[s.cgpa, s.iq, s.lpa, Text(s.source)] for s in students],
    )
    lines(
        "",
        "iq    $x_{i1}$ ●────▶ $O_{11}$ ──╮",
        "             ╳         ├──▶ $\\hat{y} = O_{21}$ ──▶ $L = (y - \\hat{y})^2$",
        "cgpa  $x_{i2}$ ●────▶ $O_{12}$ ──╯",
    )
    say(
        "\nNine parameters: a weight $W_{ij}^l$ from source i to neuron j of layer l (the upper "
        "index is a name, no power) and a bias $b_{lj}$ for each neuron."
    )


def predict(model: MLP, student: Student) -> Value:
    loss = mse(model(inputs(student)), student.lpa)
    n = {node.label: number(node.data) for node in topological_order(loss)}
    heading("Step 1", "W → 1, b → 0, and pick a row")
    lines(f"row 1: cgpa {n['x_{i2}']}, iq {n['x_{i1}']}, lpa {n['y']}")
    heading("Step 2", "Predict: forward propagation")
    for formula, result in [
        ("O_{11} = W_{11}^1 x_{i1} + W_{21}^1 x_{i2} + b_{11}", "O_{11}"),
        ("O_{12} = W_{12}^1 x_{i1} + W_{22}^1 x_{i2} + b_{12}", "O_{12}"),
        (r"\hat{y} = W_{11}^2 O_{11} + W_{21}^2 O_{12} + b_{21}", r"\hat{y}"),
    ]:
        by_weights = ("x_{i1}", "x_{i2}") if result[0] == "O" else ("O_{11}", "O_{12}")
        a, b = (n[label] for label in by_weights)
        lines(f"${formula}$ = 1·{a} + 1·{b} + 0 = {n[result]}")
    heading("Step 3", "The loss: how wrong that is")
    y_hat = n[r"\hat{y}"]
    lines(rf"$L = (y - \hat{{y}})^2$ = ({n['y']} − {y_hat})² = {n['L']}")
    return loss


def tell_gradients(model: MLP, loss: Value) -> None:
    heading("Step 4", "Nine gradients, each beside the notes' formula for it")
    loss.backward()
    numbers = {node.label: node.data for node in topological_order(loss)}
    parameters = dict(model.named_parameters())
    rows = []
    for label, (formula, gradient) in GRADIENTS.items():
        expected, computed = gradient(numbers), parameters[label].grad
        same = "[green]equal[/]" if isclose(expected, computed) else "[red]different[/]"
        rows.append([rf"$\partial L/\partial {label}$", f"${formula}$", expected, computed, same])
    table(["gradient", "the notes' formula", "its value", "backward()", ""], rows)
    say(
        "\n(In $\\partial L/\\partial b_{11}$ the notes have $W_{21}^2$: a slip, see the end.) How "
        "one of the nine comes about, as derive() writes it out:\n"
    )
    lines(*str(derive(loss, parameters["W_{11}^1"])).splitlines(), "")


def update_once(model: MLP, student: Student) -> None:
    steep = steepness(model, student)
    rate = safe_rate(steep)
    say(
        "Then gradient descent moves all nine at once, every gradient taken before anything "
        r"moves: new $W$ = old $W - \eta$ $\partial L/\partial W$. How large may $\eta$ be? One "
        r"update multiplies the error $y - \hat{y}$ by about $1 - 2 \eta S$, where $S$ is the sum "
        f"of the squares of the nine $\\partial \\hat{{y}}/\\partial W$, here {number(steep)}. The "
        f"error shrinks only while $\\eta < 1/S$ = {number(1 / steep, 2)}. A third of that, "
        f"rounded down to one digit, is $\\eta$ = {number(rate)}."
    )
    before = {name: (p.data, p.grad) for name, p in model.named_parameters()}
    SGD(model.parameters(), rate).step()
    after = model.state_dict()
    table(
        ["", "old", "gradient", "new"],
        [[f"${name}$", *before[name], after[name]] for name in GRADIENTS],
    )
    y_hat = model(inputs(student))
    loss = mse(y_hat, student.lpa)
    say(f"\n$\\hat{{y}}$ is now {number(y_hat.data)}, and $L$ = {number(loss.data)}.")


def parser() -> ArgumentParser:
    parser = ArgumentParser("python -m demos.lpa", description="The notes' story, step by step.")
    here = Path(__file__)
    for flag, kind, default, metavar, about in (
        ("--data", Path, here.with_name("lpa.csv"), "FILE", "a CSV with columns cgpa, iq, lpa"),
        ("--out", Path, Path("out/lpa"), "DIR", "where the pictures go"),
        ("--epochs", int, 20, "N", "how often step 5 goes through the rows"),
        ("--lr", float, None, "RATE", "learning rate of step 5, else derived from the rows"),
    ):
        shown = f"{about} (default: %(default)s)" if default is not None else about
        parser.add_argument(flag, type=kind, default=default, metavar=metavar, help=shown)
    parser.add_argument("--optimizer", choices=list(OPTIMIZERS), default="sgd",
                        help="of step 5 (default: %(default)s)")  # fmt: skip
    parser.add_argument("--resume", action="store_true",
                        help="keep step 5 in DIR/training.json, and go on from there")  # fmt: skip
    return parser


if __name__ == "__main__":
    run(main, parser())
