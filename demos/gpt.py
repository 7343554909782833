"""A GPT that makes up first names: one layer, 16 embeddings, 4 heads, learnt from demos/names.txt.

The list is of common first names of up to eight letters. Run it with `python -m demos.gpt`;
`--epochs N` says how often it goes through them, `--out DIR` where the picture goes.
"""

from __future__ import annotations

import random
from argparse import ArgumentParser, Namespace
from functools import partial
from pathlib import Path
from time import perf_counter

from rich.text import Text

import viz
from autograd import Value, dot, log_softmax, native_available, no_grad, softmax
from autograd import sum as total
from demos._terminal import heading, lines, number, run, say, table
from nn import (
    Adam,
    CosineAnnealingLR,
    Embedding,
    Linear,
    Module,
    RMSNorm,
    SelfAttention,
    fit,
    xavier,
)

MARK = "."  # where a name begins and ends
LETTERS = MARK + "abcdefghijklmnopqrstuvwxyz"
WIDTH, HEADS, LONGEST = 16, 4, 8
HELD_OUT = 70


class GPT(Module):
    """Each letter looks back at those before it, and says which comes next."""

    def __init__(self, draw: random.Random) -> None:
        matrix = partial(Linear, bias=False, init=xavier(), seed=draw)
        self.letter = matrix(len(LETTERS), WIDTH)  # an embedding, of one-hot letters
        self.place = Embedding(LONGEST + 1, WIDTH, init=xavier(), seed=draw)
        self.look = SelfAttention(WIDTH, HEADS, init=xavier(), seed=draw)
        self.wide, self.narrow = matrix(WIDTH, 4 * WIDTH), matrix(4 * WIDTH, WIDTH)
        self.before, self.between, self.after = (RMSNorm(WIDTH, eps=1e-5) for _ in range(3))
        self.out = matrix(WIDTH, len(LETTERS))

    def forward(self, name: list[list[float]]) -> list[list[Value]]:
        """The logits of the letter after each of these, which are one-hot."""
        rows = [added(self.letter(letter), self.place(at)) for at, letter in enumerate(name)]
        rows = list(map(added, rows, self.look([self.before(x) for x in rows])))
        return [self.out(self.after(added(x, self.think(x)))) for x in rows]

    def think(self, x: list[Value]) -> list[Value]:
        """What it makes of a letter by itself."""
        return self.narrow([z.relu() for z in self.wide(self.between(x))])


def added(x: list[Value], y: list[Value]) -> list[Value]:
    return [a + b for a, b in zip(x, y, strict=True)]


def loss(logits: list[list[Value]], following: list[list[float]]) -> Value:
    """Mean cross-entropy of the letters that follow; what comes after the end is all 0."""
    each = [-dot(y, log_softmax(z)) for z, y in zip(logits, following, strict=True)]
    return total(each) / total([y for letter in following for y in letter])


def main(arguments: Namespace) -> None:
    names = Path(__file__).with_name("names.txt").read_text(encoding="utf-8").split()
    draw = random.Random(2)  # noqa: S311 - it makes up names
    draw.shuffle(names)
    rows = [(one_hot(MARK + name), one_hot(name + MARK)) for name in names]
    heading("GPT", f"one layer, {WIDTH} embeddings, {HEADS} heads")
    model = GPT(draw)
    say(f"{len(names) - HELD_OUT} names to learn from, {HELD_OUT} held out; "
        f"{len(model.parameters())} parameters. Before it has learnt it makes up:")  # fmt: skip
    lines(", ".join(made_up(model, draw) for _ in range(5)))
    heading("Training", f"{arguments.epochs} epochs, a name a step, Adam")
    begun = perf_counter()
    adam = Adam(model.parameters(), lr=0.005)
    history = fit(
        model, rows[HELD_OUT:], loss, adam, arguments.epochs, shuffle=True, seed=1,
        validation=rows[:HELD_OUT], callbacks=[CosineAnnealingLR(adam, arguments.epochs)],
    )  # fmt: skip
    seconds = perf_counter() - begun
    marks = sorted({1, 2, 3, 5, 10, 15, arguments.epochs})
    table(["epoch", "loss", "held out"],
          [[e, number(history[e - 1], 4), number(history.validation[e - 1], 4)]
           for e in marks if e <= len(history)])  # fmt: skip
    how = "natively" if native_available() else "by the engine (llvmlite makes it quicker)"
    say(f"\n{number(seconds, 3)} seconds, {how}. Knowing nothing costs log 27 = 3.3. Made up:")
    for _ in range(4):
        lines(", ".join(new(model, draw, names) for _ in range(7)))
    heading("Picture", "the loss")
    lines(Text(str(viz.plot_loss(history, arguments.out / "loss.png"))))
    heading("Learned", "in two lines")
    lines(
        "Which letter is next depends on all before it: vowels and endings are found.",
        "Of a few hundred names it soon knows many by heart: see the loss held out.",
    )


def one_hot(text: str) -> list[list[float]]:
    rows = [[float(letter == each) for each in LETTERS] for letter in text]
    return rows + [[0.0] * len(LETTERS)] * (LONGEST + 1 - len(rows))


def made_up(model: GPT, draw: random.Random, heat: float = 0.7) -> str:
    """A name letter by letter, each drawn by its probability; less `heat` dares less."""
    name = MARK
    while len(name) <= LONGEST:
        with no_grad():
            logits = model(one_hot(name)[: len(name)])[-1]
        chances = [p.data for p in softmax([z / heat for z in logits])]
        (letter,) = draw.choices(LETTERS, chances)
        if letter == MARK:
            break
        name += letter
    return name.strip(MARK) or "(nothing)"


def new(model: GPT, draw: random.Random, names: list[str]) -> str:
    """One that is not on the list."""
    while (name := made_up(model, draw)) in names:
        pass
    return name


if __name__ == "__main__":
    parser = ArgumentParser("python -m demos.gpt", description="A GPT that makes up names.")
    parser.add_argument("--epochs", type=int, default=20, metavar="N",
                        help="default: %(default)s")  # fmt: skip
    parser.add_argument("--out", type=Path, default=Path("out/gpt"), metavar="DIR",
                        help="where the picture goes (default: out/gpt)")  # fmt: skip
    run(main, parser)
