"""Tables of numbers: a CSV file read by column, and a network that knows the columns it is for."""

from __future__ import annotations

import csv
import json
import math
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

import autograd
from autograd import ArgumentError, ChalkgradError, Value, no_grad
from nn.initializers import xavier
from nn.losses import mse, sparse_cross_entropy
from nn.modules import Module
from nn.networks import MLP
from nn.saving import read_json, replace_file

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Table", "TableModel", "read_table"]

_FORMAT: Final = "chalkgrad table model"
_VERSION: Final = 1
_TOLD: Final = 5  # bad cells named in an error
_MISSING: Final = {"", "na", "n/a", "nan", "null", "none", "?", "-"}


@dataclass
class Table:
    """A CSV file as text: the names of its columns, and each row's cells with its line."""

    path: str
    columns: list[str]
    cells: list[list[str]]
    lines: list[int]

    def texts(self, column: str) -> list[str]:
        """The cells of a column. Raises ArgumentError where there is none of that name."""
        at = self._at(column)
        return [row[at] for row in self.cells]

    def is_text(self, column: str) -> bool:
        """Whether no cell of a column is a number."""
        return all(not math.isfinite(_number(cell)) for cell in self.texts(column))

    def classes(self, column: str) -> list[str]:
        """The different cells of a column: numbers by their size, others by the alphabet."""
        names = set(self.texts(column))
        if all(math.isfinite(_number(name)) for name in names):
            return sorted(names, key=_number)
        return sorted(names)

    def numbers(self, columns: Sequence[str]) -> list[list[float]]:
        """Each row's numbers in these columns.

        Raises ArgumentError for a column that is not there, and for cells that are missing or no
        finite numbers, with their lines.
        """
        places = [self._at(column) for column in columns]
        found = [[_number(row[at]) for at in places] for row in self.cells]
        wrong = [
            f"line {line}, column {column}: {_told(row[at])}"
            for line, row, numbers in zip(self.lines, self.cells, found, strict=True)
            for column, at, number in zip(columns, places, numbers, strict=True)
            if not math.isfinite(number)
        ]
        if wrong:
            more = f"; and {len(wrong) - _TOLD} more" if len(wrong) > _TOLD else ""
            raise ArgumentError(
                f"{self.path}: {'; '.join(wrong[:_TOLD])}{more}",
                hint="mend or delete these lines, or do without the column; "
                "decimals are written with a point: 7.5",
            )
        return found

    def _at(self, column: str) -> int:
        if column not in self.columns:
            raise ArgumentError(
                f"{self.path}, line 1: there is no column {column}",
                hint=f"the first line names the columns, here: {', '.join(self.columns)}",
            )
        return self.columns.index(column)


def read_table(path: str | os.PathLike[str]) -> Table:
    r"""The rows of a CSV file, whose first line names the columns.

    Cells are parted by commas, semicolons or tabs, whichever the first line has most of; empty
    lines are passed over. Raises ArgumentError for a file that cannot be read or is no such text,
    for columns without a name or with the same one, a row of another length, and no rows.

    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder, "data.csv")
    ...     _ = file.write_text("cgpa,iq,lpa\n8,80,8\n7,70,7\n")
    ...     read_table(file).numbers(["iq", "lpa"])
    [[80.0, 8.0], [70.0, 7.0]]
    """
    name = os.fspath(path)
    try:
        with Path(name).open(encoding="utf-8-sig", newline="") as file:
            first = file.readline()
            file.seek(0)
            reader = csv.reader(file, delimiter=max(",;\t", key=first.count), strict=True)
            rows = [(reader.line_num, [cell.strip() for cell in row]) for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no CSV text in UTF-8"
        raise ArgumentError(
            f"{name} cannot be read: {reason}",
            hint="give a CSV file whose first line names the columns",
        ) from error
    rows = [(line, row) for line, row in rows if any(row)]
    if not rows:
        raise ArgumentError(f"{name} is empty", hint="its first line names the columns")
    _, columns = rows.pop(0)
    for number, column in enumerate(columns, start=1):
        if not column or columns.count(column) > 1:
            wrong = f"two columns are called {column}" if column else f"column {number} has no name"
            raise ArgumentError(
                f"{name}, line 1: {wrong}",
                hint="each column has a name of its own",
            )
    for line, row in rows:
        if len(row) != len(columns):
            raise ArgumentError(
                f"{name}, line {line}: {len(row)} cells, and there are {len(columns)} columns",
                hint="write decimals with a point, 7.5, and text with commas in quotes",
            )
    if not rows:
        raise ArgumentError(f"{name} has no rows", hint="below the names stands a row on each line")
    return Table(name, columns, [row for _, row in rows], [line for line, _ in rows])


class TableModel(Module):
    """A network from some columns of a table to another one, scaling and classes included.

    `inputs` are names of columns, `target` that of the one to be predicted: a number, or with
    `classes`, the names of its classes, one of these. `hidden` are the sizes of the layers between,
    with this `activation`. `scaling` holds for each column that is standardised its mean and
    standard deviation; see `standardize`. Raises what `MLP` raises.

    >>> model = TableModel(["iq", "cgpa"], "lpa", [2], seed=1)
    >>> model
    TableModel(iq, cgpa -> lpa; MLP(2 -> 2 tanh -> 1 linear; 9 parameters))
    >>> model.example([80.0, 8.0], "7")
    ([80.0, 8.0], 7.0)
    """

    def __init__(
        self,
        inputs: Sequence[str],
        target: str,
        hidden: Sequence[int] = (),
        *,
        activation: str = "tanh",
        classes: Sequence[str] = (),
        seed: int | None = None,
    ) -> None:
        self.inputs, self.target = list(inputs), target
        self.hidden, self.activation = list(hidden), activation
        self.classes = list(classes)
        self.scaling: dict[str, tuple[float, float]] = {}
        if not self.inputs:
            raise ArgumentError("there are no inputs", hint="name one column or more")
        if len(self.classes) == 1:
            raise ArgumentError(
                f"{target} has a single class, {self.classes[0]}", hint="there are two or more"
            )
        sizes = [*self.hidden, len(self.classes) or 1]
        self.network = MLP(len(self.inputs), sizes, activation=activation, init=xavier(), seed=seed)

    def forward(self, row: Any) -> Any:
        """The network's output for a row as `example` makes it: scaled."""
        return self.network(row)

    def loss(self, output: Any, target: Any) -> Value:
        """The squared error, or for classes the cross-entropy of the logits."""
        if self.classes:
            return sparse_cross_entropy(output, target, from_logits=True)
        return mse(output, target)

    def standardize(self, rows: Sequence[Sequence[float]], targets: Sequence[str]) -> None:
        """Makes each input, and a target that is a number, have mean 0 and deviation 1 in `rows`.

        A column of equal numbers is only shifted.
        """
        columns = dict(zip(self.inputs, zip(*rows, strict=True), strict=True))
        if not self.classes:
            columns[self.target] = tuple(map(float, targets))
        for name, numbers in columns.items():
            middle = math.fsum(numbers) / len(numbers)
            spread = math.sqrt(math.fsum((x - middle) ** 2 for x in numbers) / len(numbers))
            self.scaling[name] = (middle, spread or 1.0)

    def example(self, row: Sequence[float], target: str) -> tuple[list[float], float | int]:
        """A row for `fit`: the inputs scaled, the target scaled or the place of its class."""
        if self.classes:
            return self._scaled(row), self._class_of(target)
        middle, spread = self.scaling.get(self.target, (0.0, 1.0))
        return self._scaled(row), (float(target) - middle) / spread

    def output(self, row: Sequence[Any]) -> Any:
        """The network's output for a row of the table's numbers, as Values."""
        return self.network(self._scaled(row))

    def predict(self, row: Sequence[float]) -> float | str:
        """What it says of a row of the table's numbers: a number in the target's units, or a class.

        >>> TableModel(["x"], "y", classes=["no", "yes"], seed=1).predict([0.5])
        'yes'
        """
        with no_grad():
            output = self.output(row)
        if self.classes:
            return self.classes[max(range(len(output)), key=lambda k: output[k].data)]
        middle, spread = self.scaling.get(self.target, (0.0, 1.0))
        return float(output.data * spread + middle)

    def probabilities(self, row: Sequence[float]) -> list[float]:
        """That of each class, in their order."""
        with no_grad():
            return [p.data for p in autograd.softmax(self.output(row))]

    def _scaled(self, row: Sequence[Any]) -> list[Any]:
        pairs = [self.scaling.get(name, (0.0, 1.0)) for name in self.inputs]
        return [(x - middle) / spread for x, (middle, spread) in zip(row, pairs, strict=True)]

    def _class_of(self, name: str) -> int:
        if name not in self.classes:
            raise ArgumentError(
                f"{self.target} has no class {name!r}",
                hint=f"the classes are {', '.join(self.classes)}",
            )
        return self.classes.index(name)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes all of it to a file, as `nn.save` writes parameters."""
        held = {
            "format": _FORMAT, "version": _VERSION, "inputs": self.inputs, "target": self.target,
            "hidden": self.hidden, "activation": self.activation, "classes": self.classes,
            "scaling": self.scaling, "parameters": self.network.state_dict(),
        }  # fmt: skip
        replace_file(path, json.dumps(held, indent=1, ensure_ascii=False, allow_nan=False) + "\n")

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """The model in a file that `save` wrote.

        Raises ArgumentError for any other file, OSError where it cannot be read.
        """
        name = os.fspath(path)
        held = read_json(name, _FORMAT, _VERSION, "model of a table")
        try:
            model = cls(
                _names(held["inputs"]), _names([held["target"]])[0], held["hidden"],
                activation=held["activation"], classes=_names(held["classes"]),
            )  # fmt: skip
            model.scaling = {
                column: (float(middle), float(spread))
                for column, (middle, spread) in held["scaling"].items()
            }
            model.network.load_state_dict(held["parameters"])
        except (ChalkgradError, KeyError, TypeError, ValueError, AttributeError) as error:
            told = error.message if isinstance(error, ChalkgradError) else repr(error)
            raise ArgumentError(
                f"{name} is damaged: {told}", hint="train it again, or take another file"
            ) from error
        return model

    def __repr__(self) -> str:
        return f"TableModel({', '.join(self.inputs)} -> {self.target}; {self.network!r})"


def _names(held: Any) -> list[str]:
    if not isinstance(held, list) or not all(isinstance(name, str) for name in held):
        raise TypeError(f"{held!r} where names should be")
    return held


def _number(cell: str) -> float:
    try:
        return float(cell)
    except ValueError:
        return math.nan


def _told(cell: str) -> str:
    if not cell:
        return "the cell is empty"
    return f"{cell!r} is a missing value" if cell.lower() in _MISSING else f"{cell!r} is no number"
