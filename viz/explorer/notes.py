"""A page of notes, or equations alone, as the graph that its definitions make."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from autograd import FormulaError, PageError, Value, build, grade, read_formula, to_latex

if TYPE_CHECKING:
    from autograd import Entry

__all__ = ["root_of"]


def root_of(text: str, of: str = "") -> Value:
    r"""The symbol `of`, or the one that all leads to, as a Value computed as the text says.

    Equations are read as in `grade`: those with a number give a symbol its value (the last one
    counts, and W = 1 is for each W_{ij} without one), the others define a symbol by others, in any
    order; of several that no other is computed from the last one is taken. Raises
    PageError where nothing is defined, or not that symbol, and for a symbol without a number, and
    what the operations raise.

    >>> root_of("L = (y - w x)^2 with w = 2, x = 3, y = 5").data
    1.0
    """
    entries = grade(text).entries
    numbers = {
        to_latex(entry.left): build(read_formula(entry.right, []), {}).data
        for entry in entries
        if entry.kind == "value"
    }
    definitions: dict[str, Entry] = {}
    for entry in entries:
        if entry.kind == "definition":
            definitions.setdefault(to_latex(entry.left), entry)
    wanted = to_latex(of) if of else _result(definitions, [*definitions, *numbers])
    if wanted not in definitions:
        said = f"{of!r} is not computed" if of else "nothing is computed"
        raise PageError(
            f"{said} in this text", hint="say how it is: L = (y - w x)^2 with w = 2, x = 3, y = 5"
        )
    reading = _Reading(definitions, numbers)
    reading.value(wanted)
    return reading.nodes[wanted]


def _result(definitions: dict[str, Entry], known: list[str]) -> str:
    """The last symbol that no other is computed from."""
    used: set[str] = set()
    for label, entry in definitions.items():
        used |= _symbols(_formula(entry), known) - {label}
    last = next(reversed(definitions), "")  # in a circle each is computed from another
    return next((label for label in reversed(definitions) if label not in used), last)


def _symbols(formula: str, known: list[str]) -> set[str]:
    """Those in a formula, among them some that are not known."""
    labels = list(known)
    while True:
        try:
            return set(read_formula(formula, labels).symbols)
        except FormulaError as error:
            name = to_latex(error.unknown or "")
            if not name or name in labels:
                return set()  # what is wrong with it is told when it is computed
            labels.append(name)


def _formula(entry: Entry) -> str:
    """What a symbol is: of a = b = c + d it is c + d."""
    return entry.right.rpartition("=")[2].strip()


class _Reading:
    """Makes symbols into Values, each when it is first needed."""

    def __init__(self, definitions: dict[str, Entry], numbers: dict[str, float]) -> None:
        self.definitions = definitions
        self.numbers = numbers
        self.labels = list({**definitions, **numbers})
        self.nodes: dict[str, Value] = {}

    def value(self, label: str) -> Value | None:
        """The node of a symbol; None where it has neither formula nor number."""
        if label in self.definitions:
            self._compute(label)
        elif label not in self.nodes:
            number = self.numbers.get(label, self.numbers.get(re.split("[_^]", label)[0]))
            if number is not None:
                self.nodes[label] = Value(number, label)
        return self.nodes.get(label)

    def _compute(self, label: str) -> None:
        entry = self.definitions.pop(label)  # so that none is defined by itself
        formula = _formula(entry)
        result = None
        while result is None:
            try:
                result = build(read_formula(formula, self.labels), self.nodes)
            except FormulaError as error:
                name = to_latex(error.unknown or error.text)
                if name in self.nodes or self.value(name) is None:
                    raise PageError(
                        f"line {entry.line}: {entry.left} = {entry.right}: {error.problem}",
                        hint="give each symbol a number or a formula of its own: w = 0.4",
                    ) from error
                self.labels.append(name)
        if result in self.nodes.values():  # another name for a symbol that has one
            result = result + 0.0
        result.label = label
        self.nodes[label] = result
