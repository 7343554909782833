"""What the notes have wrong, each point shown by calculation."""

from __future__ import annotations

from autograd import evaluate, topological_order
from demos._formulas import AS_WRITTEN, GRADIENTS, LISTED
from demos._network import inputs, network
from demos._rows import Student
from demos._terminal import heading, number, say, table
from nn import mse

ROW = Student(cgpa=8, iq=80, lpa=8)  # the notes' first, whatever data the demo is run with


def tell_slips() -> None:
    heading("Found", "What is wrong in the notes")
    tell_wrong_index()
    tell_wrong_list()
    tell_other_numbers()


def tell_wrong_index() -> None:
    formula, as_written = AS_WRITTEN
    _, corrected = GRADIENTS["b_{11}"]
    say(
        f"[bold]1.[/] $\\partial L/\\partial b_{{11}}$ is written ${formula}$. But $b_{{11}}$ acts "
        "through $O_{11}$, whose weight is $W_{11}^2$. While both weights are 1 the slip does not "
        "show; at $W_{11}^2 = 0.5$, $W_{21}^2 = 2$ it does:"
    )
    model = network(W=1)
    parameters = dict(model.named_parameters())
    parameters["W_{11}^2"].data, parameters["W_{21}^2"].data = 0.5, 2
    loss = mse(model(inputs(ROW)), ROW.lpa)
    loss.backward()
    n = {node.label: node.data for node in topological_order(loss)}
    bias, h = parameters["b_{11}"], 1e-3
    difference = (evaluate(loss, {bias: h}) - evaluate(loss, {bias: -h})) / (2 * h)
    table(
        ["", r"$\partial L/\partial b_{11}$"],
        [
            ["as written, with $W_{21}^2$", as_written(n)],
            ["with $W_{11}^2$", corrected(n)],
            ["backward()", bias.grad],
            ["(L(b + h) − L(b − h)) / 2h", difference],
        ],
    )


def tell_wrong_list() -> None:
    listed = {label for group in LISTED for label in group}
    names = [name for name, _ in network(W=1).named_parameters()]
    unknown = [f"${label}$" for label in sorted(listed) if label not in names]
    forgotten = [f"${name}$" for name in names if name not in listed]
    say(
        "\n[bold]2.[/] The list of gradients to be found gives the weights of layer 1 the upper "
        f"index 2. So it has {' and '.join(unknown)}, which this network does not have, and lacks "
        f"{', '.join(forgotten)}. The derivations after it are of the right nine."
    )


def tell_other_numbers() -> None:
    predicted = network(W=1)(inputs(ROW)).data
    say(
        f"\n[bold]3.[/] The loss example, (3 − 18)² = {number(mse(18, 3).data)}, is of no row in "
        f"the table: with W = 1 and b = 0 the first row predicts {number(predicted)}, not 18, and "
        f"its loss is {number(mse(predicted, ROW.lpa).data)}."
    )
    say(
        "\n[bold]4.[/] That loss is called MSE, but for one row it is the squared error; the mean "
        "is taken over rows, as the losses of step 5 are."
    )
