"""`chalkgrad train` and `chalkgrad predict`: a network from the columns of a CSV file.

The one place above both nn and viz: it trains with the one and draws with the other.
"""

from __future__ import annotations

import csv
import io
import random
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from autograd import ArgumentError, ChalkgradError, Value, derive, to_unicode
from nn import (
    SGD,
    Adagrad,
    Adam,
    AdamW,
    Callback,
    EarlyStopping,
    RMSProp,
    TableModel,
    TrainingError,
    accuracy,
    evaluate,
    fit,
    read_table,
)
from viz.errors import MissingPackageError
from viz.files import write_whole
from viz.maps import plot_boundary, plot_confusion
from viz.plots import plot_loss
from viz.sheet import sheet

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Callable, Iterator

    from autograd import Derivation
    from nn import History, Optimizer, Table

    Tell = Callable[[str], None]

__all__ = ["add_predict", "add_train", "predict", "train"]

_OPTIMIZERS: Final = {
    kind.__name__.lower(): kind for kind in (Adam, AdamW, SGD, RMSProp, Adagrad)
}  # the first is what is taken unless told

_LARGE: Final = 10.0  # where tanh has long been flat

ABOUT_TRAIN: Final = """\
Trains a network that predicts one column of a CSV file from the others.

  chalkgrad train data.csv --target lpa --hidden 2 --standardize
  chalkgrad train iris.csv --target species --classes --hidden 8
  chalkgrad predict out/data/model.json new.csv

The first line of the file names the columns. Columns without any number are
left out as inputs, which is said; a cell that is missing or no number is an
error, with its line. Into the folder out/NAME, or that of --out, are written:

  model.json        the network, with its columns, scaling and classes
  history.csv       the losses and metrics of each epoch
  loss.png          the same as a curve; network.png, and for classes of two
                    inputs boundary.png; for classes confusion.png
  derivation.html   the chain rule for the first row, written out
  training.json     the checkpoint from which --resume goes on
"""

ABOUT_PREDICT: Final = """\
Predicts a column of a CSV file by a model that `chalkgrad train` wrote.

Prints the file with a column more (for classes with the probability, too), as
CSV. Where the file has the true numbers, how far off they are is said, too.
"""


def add_train(parser: ArgumentParser) -> None:
    """Adds the options of `chalkgrad train`."""
    add = parser.add_argument
    add("data", metavar="DATA.csv", help="the rows to learn from")
    add("--target", required=True, metavar="COLUMN", help="what is to be predicted")
    add("--inputs", nargs="+", metavar="COLUMN", help="from what (default: all other numbers)")
    add("--classes", action="store_true", help="the target is a class, not a number")
    add("--hidden", nargs="*", type=int, default=[8], metavar="N",
        help="sizes of the hidden layers (default: 8); none for a linear model")  # fmt: skip
    add("--activation", default="tanh", help="of the hidden layers (default: %(default)s)")
    add("--standardize", action="store_true", help="scale columns to mean 0 and deviation 1")
    add("--epochs", type=int, default=200, metavar="N", help="in all (default: %(default)s)")
    add("--lr", type=float, default=0.01, metavar="RATE", help="default: %(default)s")
    add("--optimizer", choices=list(_OPTIMIZERS), default=next(iter(_OPTIMIZERS)),
        help="default: %(default)s")  # fmt: skip
    add("--batch-size", type=int, default=1, metavar="N", help="rows in a step (default: 1)")
    add("--validation", type=float, default=0.2, metavar="PART",
        help="the part of the rows held out (default: %(default)s; 0 for none)")  # fmt: skip
    add("--patience", type=int, metavar="N",
        help="stop where nothing gets better for N epochs, and keep the best")  # fmt: skip
    add("--seed", type=int, default=1, help="of weights, order and split (default: %(default)s)")
    add("--resume", action="store_true", help="go on from out/NAME/training.json, if it is there")
    add("--out", type=Path, metavar="DIR", help="where files go (default: out/NAME)")


def add_predict(parser: ArgumentParser) -> None:
    """Adds the options of `chalkgrad predict`."""
    parser.add_argument("model", metavar="MODEL.json", help="what `chalkgrad train` wrote")
    parser.add_argument("data", metavar="DATA.csv", help="rows with the model's inputs")
    parser.add_argument("--out", type=Path, metavar="FILE.csv", help="write it there instead")


def train(options: Namespace, tell: Tell) -> None:
    """`chalkgrad train`: learns, and writes what it learnt; `tell` prints a line."""
    table = read_table(options.data)
    out = options.out or Path("out") / Path(options.data).stem
    model = _model(table, options, tell)
    _spare_another(out, model)
    rows, targets = table.numbers(model.inputs), table.texts(model.target)
    learnt, held_out = _split(len(rows), options.validation, options.seed)
    if options.standardize:
        model.standardize([rows[i] for i in learnt], [targets[i] for i in learnt])
    examples = [model.example(*pair) for pair in zip(rows, targets, strict=True)]
    training, validation = ([examples[i] for i in part] for part in (learnt, held_out))
    if any(abs(x) > _LARGE for inputs, _ in training for x in inputs):
        tell("some inputs are large, which makes training hard: --standardize scales them")
    tell(f"{len(training)} rows to learn from, {len(validation)} held out; {model}")

    _, spread = model.scaling.get(model.target, (0.0, 1.0))
    metrics: dict[str, Any] = {"accuracy": accuracy}
    if not model.classes:
        metrics = {"mae": lambda y_hat, y: abs(y_hat - y) * spread}
    patience: list[Callback] = [EarlyStopping(options.patience)] if options.patience else []
    out.mkdir(parents=True, exist_ok=True)
    # At a row without zeros, which would hide what is multiplied by them.
    derivations = _one_row(model, next((row for row in training if all(row[0])), training[0]))
    tell(f"\nOne gradient of one row, before training:\n\n{derivations[0]}\n")
    pairs = zip(_symbols(model), model.inputs, strict=True)
    if other := [f"{to_unicode(symbol)} is {name}" for symbol, name in pairs if symbol != name]:
        tell(f"{', '.join(other)}\n")
    sheet(derivations, out / "derivation.html", title=f"A row of {Path(table.path).name}")
    try:
        history = fit(
            model, training, model.loss, _optimizer(model, options), options.epochs,
            batch_size=options.batch_size, shuffle=True, seed=options.seed,
            validation=validation or None, metrics=metrics, callbacks=patience,
            checkpoint=out / "training.json", checkpoint_every=max(1, options.epochs // 20),
            resume=options.resume,
        )  # fmt: skip
    except TrainingError as error:
        if options.standardize:
            raise
        raise TrainingError(error.message, hint=f"{error.hint}: --standardize does that") from error
    _tell_end(model, history, training, validation, metrics, tell)
    model.save(out / "model.json")
    write_whole(out / "history.csv", _history_csv(history).encode())
    files = ["derivation.html", "model.json", "history.csv"]
    try:
        files += _pictures(model, history, rows, examples, held_out, out)
    except MissingPackageError as error:
        tell(f"No pictures: {error.message}; {error.hint}")
    tell("\n".join(str(out / name) for name in [*files, "training.json"]))


def _spare_another(out: Path, model: TableModel) -> None:
    """Refuses to write over the model of another column."""
    try:
        target = TableModel.load(out / "model.json").target
    except (OSError, ChalkgradError):
        return  # there is none, or one that is of no use
    if target != model.target:
        raise ArgumentError(
            f"{out} has a model of {target}, which this one of {model.target} would replace",
            hint="say --out with another folder, or delete that one",
        )


def predict(options: Namespace, tell: Tell, note: Tell) -> None:
    """`chalkgrad predict`: `tell` prints the table, `note` what else there is to say."""
    try:
        model = TableModel.load(options.model)
    except OSError as error:
        raise ArgumentError(
            f"{options.model} cannot be read: {error.strerror}",
            hint="it is written by `chalkgrad train`: out/NAME/model.json",
        ) from error
    table = read_table(options.data)
    rows = table.numbers(model.inputs)
    said = [model.predict(row) for row in rows]
    columns = [*table.columns, f"predicted {model.target}"]
    more: list[list[object]] = [[each] for each in said]
    if model.classes:
        columns.append("probability")
        more = [[each, max(model.probabilities(row))] for each, row in zip(said, rows, strict=True)]
    text = _csv([columns, *([*c, *m] for c, m in zip(table.cells, more, strict=True))])
    if options.out is not None:
        write_whole(options.out, text.encode())
        note(f"{options.out}: {len(rows)} rows")
    else:
        tell(text.rstrip("\n"))
    if model.target in table.columns:
        targets = table.texts(model.target)
        if model.classes:
            right = sum(a == b for a, b in zip(targets, said, strict=True))
            note(f"{right} of {len(rows)} right: {right / len(rows):.1%}")
        elif not any(cell == "" for cell in targets):
            true = [number for (number,) in table.numbers([model.target])]
            off = sum(abs(a - float(b)) for a, b in zip(true, said, strict=True)) / len(rows)
            note(f"off by {off:.4g} on average")


def _model(table: Table, options: Namespace, tell: Tell) -> TableModel:
    """The network for the columns that are asked for."""
    target = options.target
    cells = table.texts(target)
    inputs = options.inputs or [name for name in table.columns if name != target]
    if target in inputs:
        raise ArgumentError(
            f"{target} is the target, and no input", hint="leave it out of --inputs"
        )
    if not options.inputs:
        texts = [name for name in inputs if table.is_text(name)]
        inputs = [name for name in inputs if name not in texts]
        if texts:
            tell(f"left out, as they hold no numbers: {', '.join(texts)}")
        if not inputs:
            raise ArgumentError(
                f"{table.path} has no numbers beside {target}",
                hint="inputs are columns of numbers",
            )
    if not options.classes:
        if table.is_text(target):
            raise ArgumentError(
                f"{target} holds no numbers", hint="say --classes where it names classes"
            )
        table.numbers([target])
    for line, cell in zip(table.lines, cells, strict=True):
        if not cell:
            raise ArgumentError(
                f"{table.path}, line {line}, column {target}: the cell is empty",
                hint="mend or delete the line",
            )
    return TableModel(
        inputs, target, options.hidden, activation=options.activation, seed=options.seed,
        classes=table.classes(target) if options.classes else (),
    )  # fmt: skip


def _optimizer(model: TableModel, options: Namespace) -> Optimizer:
    kind: Callable[..., Optimizer] = _OPTIMIZERS[options.optimizer]
    return kind(model.parameters(), lr=options.lr)


def _split(count: int, part: float, seed: int) -> tuple[list[int], list[int]]:
    """Which rows are learnt from, and which are held out: the same for the same seed."""
    if not 0.0 <= part < 1.0:
        raise ArgumentError(f"--validation is {part:g}", hint="a part of the rows, from 0 to 1")
    order = list(range(count))
    random.Random(seed).shuffle(order)  # noqa: S311 - the split is no secret
    held = min(round(count * part), count - 1)
    return sorted(order[held:]), sorted(order[:held])


def _tell_end(
    model: TableModel,
    history: History,
    training: list[Any],
    validation: list[Any],
    metrics: dict[str, Any],
    tell: Tell,
) -> None:
    for name, part in (("learnt from", training), ("held out", validation)):
        if part:
            found = evaluate(model, part, model.loss, metrics)
            tell(f"rows {name}: " + ", ".join(f"{k} {v:.6g}" for k, v in found.items()))
    tell(f"loss in {len(history)} epochs: {history[0]:.6g} -> {history[-1]:.6g}")


def _history_csv(history: History) -> str:
    columns: dict[str, list[float]] = {"loss": history.losses}
    if history.validation:
        columns["validation"] = history.validation
    columns |= history.metrics
    rows = zip(*columns.values(), strict=True)
    return _csv([["epoch", *columns], *([i, *row] for i, row in enumerate(rows, start=1))])


def _csv(rows: Any) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def _one_row(model: TableModel, example: tuple[list[float], Any]) -> list[Derivation]:
    """How the gradients of the first neuron come about for a row, by the names of the columns."""
    inputs, target = example
    row = [Value(x, name).detach() for x, name in zip(inputs, _symbols(model), strict=True)]
    model.zero_grad()
    loss = model.loss(model.network(row), target)
    loss.backward()
    return [derive(loss, each) for each in model.network.layers[0].neurons[0].parameters()]


def _symbols(model: TableModel) -> list[str]:
    """What the inputs are called in derivations: their names, where these are words."""
    return [
        name if re.fullmatch("[A-Za-z]{2,}", name) else f"x_{{{i}}}"  # a single letter may be L
        for i, name in enumerate(model.inputs, start=1)
    ]


def _pictures(
    model: TableModel,
    history: History,
    rows: list[list[float]],
    examples: list[Any],
    held_out: list[int],
    out: Path,
) -> Iterator[str]:
    """Draws what there is to be drawn; gives the names of the files."""
    from viz.network import draw_network  # noqa: PLC0415 - needs the extra `pictures`
    from viz.rendering import render  # noqa: PLC0415

    yield plot_loss(history, out / "loss.png", title=f"Predicting {model.target}").name
    yield render(draw_network(model.network, inputs=model.inputs), out / "network.png").name
    if not model.classes:
        return
    # Of the rows that were not learnt from, where there are some.
    judged = [rows[i] for i in held_out] or rows
    true = [model.classes[examples[i][1]] for i in (held_out or range(len(rows)))]
    said = [model.predict(row) for row in judged]
    title = "Rows held out" if held_out else "All rows"
    yield plot_confusion(true, said, out / "confusion.png", title=title).name
    if len(model.inputs) == 2:
        yield plot_boundary(
            model.output, rows, [k for _, k in examples], out / "boundary.png",
            names=model.inputs, classes=model.classes,
        ).name  # fmt: skip
