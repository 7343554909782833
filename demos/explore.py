"""Pages to explore: the notes' network, softmax with cross-entropy, XOR, and a single neuron.

Run it with `python -m demos.explore`, then open the pages that it names in any browser.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from rich.text import Text

import viz
from autograd import Value, as_value, softmax
from demos._terminal import heading, lines, run, say
from nn import MLP, constant, mse, sparse_cross_entropy
from viz.explorer import root_of


def main(arguments: Namespace) -> None:
    heading("Pages", "one file each: no network, no server")
    for name, (title, root) in stories().items():
        path = viz.explore(root, arguments.out / f"{name}.html", title=title)
        lines(Text(f"{path}  ({path.stat().st_size // 1000} kB)"))
    say(
        "\nOpen one in a browser. ▶ steps forward and backward; [bold]Predict, then reveal[/] asks "
        "for each gradient; a click on a box lights its paths and writes out its derivation; G is "
        "a step of gradient descent; and every number can be changed."
    )


def stories() -> dict[str, tuple[str, Value]]:
    """For each page its title and what is computed on it."""
    return {
        "lpa": ("Backpropagation by hand: iq 80, cgpa 8, lpa 8", lpa()),
        "softmax": ("Softmax and cross-entropy: ŷ − y comes out", cross_entropy()),
        "xor": ("XOR, one row: 1, 0 → 1", xor()),
        "neuron": ("One neuron", root_of(NEURON)),
    }


NEURON = r"""
$z = w x + b$, $a = \sigma(z)$, $L = (y - a)^2$ with w = 0.4, b = -0.1, x = 1.5 and y = 1.
"""


def lpa() -> Value:
    model = MLP(2, [2, 1], activation="linear", init=constant(W=1, b=0))
    return mse(model([as_value(80, "iq"), as_value(8, "cgpa")]), as_value(8, "y"))


def cross_entropy() -> Value:
    logits = [Value(z, f"z_{{{k}}}") for k, z in enumerate((0.1, 1.2, -0.3), start=1)]
    probabilities = softmax(logits)
    for k, p in enumerate(probabilities, start=1):
        p.label = rf"\hat{{y}}_{{{k}}}"
    loss = sparse_cross_entropy(probabilities, 2, first_class=1)
    loss.label = "L"
    return loss


def xor() -> Value:
    model = MLP(2, [3, 1], activation="tanh", seed=1)
    return mse(model([as_value(1, "x_{1}"), as_value(0, "x_{2}")]), as_value(1, "y"))


if __name__ == "__main__":
    parser = ArgumentParser("python -m demos.explore", description="Pages to explore graphs.")
    parser.add_argument("--out", type=Path, default=Path("out/explore"), metavar="DIR",
                        help="where the pages go (default: out/explore)")  # fmt: skip
    run(main, parser)
