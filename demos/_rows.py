"""The students of a CSV file, or an error that says which line and column is wrong."""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from autograd import ArgumentError

if TYPE_CHECKING:
    from pathlib import Path

NUMBERS = ("cgpa", "iq", "lpa")


@dataclass(frozen=True)
class Student:
    """One row: what is known (cgpa, iq), what is to be predicted (lpa), where the row is from."""

    cgpa: float
    iq: float
    lpa: float
    source: str = ""


def read_students(path: Path) -> list[Student]:
    """Reads the columns cgpa, iq and lpa, in any order; `source` if there; others are ignored.

    Raises ArgumentError for a file that cannot be read, a missing column, a cell that is no finite
    number, no rows.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return _students(csv.DictReader(file), path)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no CSV text in UTF-8"
        raise ArgumentError(
            f"{path} cannot be read: {reason}", hint="give a CSV file such as demos/lpa.csv"
        ) from error


def _students(reader: csv.DictReader[str], path: Path) -> list[Student]:
    columns = [name.strip() for name in reader.fieldnames or []]
    missing = [name for name in NUMBERS if name not in columns]
    if missing:
        raise ArgumentError(
            f"{path}, line 1: there is no column {' and no column '.join(missing)}",
            hint=f"the first line names the columns, here: {', '.join(columns) or 'nothing'}",
        )
    reader.fieldnames = columns
    students = []
    for row in reader:
        if None in row:
            raise ArgumentError(
                f"{path}, line {reader.line_num}: more cells than the {len(columns)} columns",
                hint="write decimals with a point: 7.5",
            )
        numbers = {
            name: _number(row[name], f"{path}, line {reader.line_num}, column {name}")
            for name in NUMBERS
        }
        students.append(Student(**numbers, source=(row.get("source") or "").strip()))
    if not students:
        raise ArgumentError(f"{path} has no rows", hint="put a student on each line: 8,80,8")
    return students


def _number(cell: str | None, where: str) -> float:
    try:
        number = float(cell or "")
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        shown = f"{cell.strip()!r} is" if cell and cell.strip() else "the cell is empty,"
        raise ArgumentError(f"{where}: {shown} not a finite number", hint="such as 8 or 7.5")
    return number
