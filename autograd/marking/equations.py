r"""The equations of a page as chains of formulas: `A = B = C`, each side a tree or an error."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from autograd.marking.frontmatter import PageError
from autograd.marking.statements import Statement, StatementSide, statements
from autograd.marking.symbols import PageSide, functions_of, page_reader, slopes_of
from autograd.notation import (
    Derivative,
    Expr,
    FormulaError,
    Reader,
    Relation,
    Symbol,
    is_numeric,
    rebuilt,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from autograd.marking.frontmatter import Given, Settings
    from autograd.marking.page import Page


_BEYOND = re.compile(r"\\(?:lim|limsup|liminf|i{0,3}nt|oint|nabla)(?![A-Za-z])|∫|∇")
_UNTOLD = {
    True: "it begins with its sign, and nothing stands before it",
    False: "what the left side is cannot be told from the words before the sign",
}


@dataclass(frozen=True, slots=True)
class Side:
    """One side of an equation: its text, its line, and the formula in it, or why it is not read.

    `readings` has the formula in every sense that it may have on paper, the usual one first.
    """

    text: str
    line: int
    readings: tuple[Expr, ...] = ()
    error: str = ""

    @property
    def tree(self) -> Expr | None:
        """The formula in its plainest sense."""
        return self.readings[0] if self.readings else None

    @property
    def label(self) -> str:
        """The symbol that the side is, if it is nothing more."""
        return self.tree.label if isinstance(self.tree, Symbol) else ""

    @property
    def is_number(self) -> bool:
        """Whether it was read and holds no symbols."""
        return self.tree is not None and is_numeric(self.tree)


@dataclass(frozen=True, slots=True)
class Equation:
    """Sides with a sign between each two, or a formula by itself, at a `place` on the page.

    `said` is the statement it was read from, or the first of them, in the paragraph of the last;
    `condition` is what it holds under, where that was read.
    In what is `given`, lines are those of the settings.
    """

    place: int
    sides: Sequence[Side]
    signs: Sequence[str]
    said: Statement
    problem: str = ""
    condition: Relation | None = None
    given: bool = False

    @property
    def line(self) -> int:
        """The line it begins on."""
        return self.said.line

    @property
    def section(self) -> int:
        """How many headings stand before it."""
        return self.said.section

    @property
    def text(self) -> str:
        """What stands on the page."""
        return self.said.text

    @property
    def is_condition(self) -> bool:
        """Whether it is supposed, not claimed: it stands after if, when, for, let, where."""
        is_fact = self.said.cue == "where" and isinstance(self.sides[0].tree, Derivative)
        return bool(self.said.cue) and not is_fact

    @property
    def is_aside(self) -> bool:
        """Whether it is a bare `y = 0` or `i = j` within a sentence: perhaps an example."""
        plain = all(side.label or side.is_number for side in self.sides[1:])
        return (
            self.said.setting == "inline"
            and plain
            and not isinstance(self.sides[0].tree, Derivative)
        )


def read_equations(page: Page, settings: Settings) -> tuple[Reader, list[Equation]]:
    """Every statement of the page and of what is given, read over all symbols that occur.

    A statement that begins with its sign goes on with the one before it. A formula by itself is an
    equation of one side. Raises PageError for what is given and cannot be read.
    """
    given = [(said, found) for said in settings.given for found in statements(said.text, said.line)]
    everything = [*(found for _, found in given), *page.statements]
    written = [_page_sides(found) for found in everything if found.signs]
    try:
        reader = page_reader(written, settings.aliases)
    except FormulaError as error:
        raise PageError(
            f"an alias cannot be used: {error.problem}",
            hint="an alias is a spelling and the symbol it stands for: 0_{11}: O_{11}",
        ) from error
    labels = reader.labels.names
    liberal = Reader(labels, applied=functions_of(written), new_symbols=True)
    reading = _Reading(reader, liberal, slopes_of(written, labels))
    equations: list[Equation] = []
    for said, found in given:
        equation = reading.equation(len(equations), found, given=True)
        _refuse_unread(equation, said)
        equations.append(equation)
    for found in page.statements:
        equation = reading.equation(len(equations), found)
        before = _before(equations, found) if found.continues else None
        if before is None:
            problem = equation.problem or (found.continues and _UNTOLD[found.leads]) or ""
            equations.append(replace(equation, problem=problem))
        else:
            sides = [*before.sides, *equation.sides[1:]]
            equations[before.place] = replace(
                before, sides=sides, signs=[*before.signs, *equation.signs],
                said=replace(before.said, paragraph=found.paragraph),
                problem=before.problem or equation.problem,
            )  # fmt: skip
    return reader, equations


def _page_sides(found: Statement) -> list[PageSide]:
    return [PageSide("" if side.problem else side.text, found.tex) for side in found.sides]


@dataclass(frozen=True, slots=True)
class _Reading:
    """Reads the sides of one page; `dw` as the derivative of the loss by w."""

    reader: Reader
    liberal: Reader  # new symbols are nothing wrong
    slopes: Mapping[str, tuple[str, str]]
    known: dict[tuple[str, bool | None], Side] = field(default_factory=dict)  # by their text

    def equation(self, place: int, found: Statement, *, given: bool = False) -> Equation:
        sides = [self._side(side, found) for side in found.sides]
        condition = self._condition(found)
        return Equation(place, sides, found.signs, found, found.problem, condition, given)

    def _side(self, side: StatementSide, found: Statement) -> Side:
        problem = side.problem
        if _BEYOND.search(side.text):
            problem = problem or "limits, integrals and gradients of fields are not read"
        if not side.text:
            problem = "nothing stands on one side of the equals sign"
        if problem or not found.signs:
            return Side(side.text, side.line, error=problem)
        key = side.text, found.tex
        if key not in self.known:
            self.known[key] = self._read(*key)
        return replace(self.known[key], line=side.line)

    def _read(self, text: str, tex: bool | None) -> Side:
        try:
            trees = self.reader.readings(text, tex=tex)
        except FormulaError as error:
            return Side(text, 0, error=self._problem(text, tex) or error.problem)
        return Side(text, 0, tuple(map(self._with_slopes, trees)))

    def _with_slopes(self, tree: Expr) -> Expr:
        def change(part: Expr) -> Expr | None:
            if isinstance(part, Symbol) and part.label in self.slopes:
                loss, of = self.slopes[part.label]  # only labels that have a loss are read
                return Derivative(Symbol(loss), Symbol(of), start=part.start, end=part.end)
            return None

        return rebuilt(tree, change) if self.slopes else tree

    def _problem(self, text: str, tex: bool | None) -> str:
        """What is wrong with a formula, its symbols aside: they are not found in what is broken."""
        try:
            self.liberal.read(text, tex=tex)
        except FormulaError as error:
            return error.problem
        return ""

    def _condition(self, found: Statement) -> Relation | None:
        if not found.condition:
            return None
        try:
            return self.reader.condition(found.condition, tex=found.tex)
        except FormulaError:
            return None  # words


def _refuse_unread(equation: Equation, said: Given) -> None:
    errors = [equation.problem, *(side.error for side in equation.sides)]
    if not equation.signs:
        errors.append("it is no equation")
    elif not equation.sides[0].label:
        errors.append("it does not begin with a symbol")
    problem = next(filter(None, errors), "")
    if problem:
        raise PageError(
            f"{said.where}: {said.text!r} cannot be used: {problem}",
            hint="what is given are definitions and values: h = \\tanh(w x), y = 3",
        )


def _before(equations: Sequence[Equation], found: Statement) -> Equation | None:
    """What a statement that begins with its sign goes on with: what stands right before it.

    That is no remark within a sentence, and no words stand between.
    """
    for last in reversed(equations if found.leads else ()):
        if last.signs and (last.said.setting != "inline" or found.setting == "inline"):
            apart = found.paragraph - last.said.paragraph
            return last if apart <= 1 and found.unit == last.said.unit and not last.given else None
    return None
