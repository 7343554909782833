"""The equations of a page as chains of formulas: `A = B = C`, each side a tree or an error."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Final

from autograd.marking.frontmatter import PageError
from autograd.marking.statements import Equation, Side, statements
from autograd.marking.symbols import PageSide, functions_of, page_reader, slopes_of
from autograd.notation import Derivative, Expr, FormulaError, Reader, Symbol, rebuilt

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from autograd.marking.frontmatter import Given, Settings
    from autograd.marking.page import Page

_BEYOND: Final = re.compile(r"\\(?:lim|limsup|liminf|i{0,3}nt|oint|nabla)(?![A-Za-z])|∫|∇")
_UNTOLD: Final = {
    True: "it begins with its sign, and nothing stands before it",
    False: "what the left side is cannot be told from the words before the sign",
}


def read_equations(page: Page, settings: Settings) -> tuple[Reader, list[Equation]]:
    """Every equation of what is given and of the page, read over all symbols that occur.

    One that begins with its sign goes on with the one before it. A formula by itself is an
    equation of one side. Raises PageError for what is given and cannot be read.
    """
    given = [(said, found) for said in settings.given for found in statements(said.text, said.line)]
    everything = [*(replace(found, given=True) for _, found in given), *page.statements]
    written = [
        [PageSide("" if side.error else side.text, found.tex) for side in found.sides]
        for found in everything
        if found.signs
    ]
    try:
        reader = page_reader(written, settings.aliases)
    except FormulaError as error:
        raise PageError(
            f"an alias cannot be used: {error.problem}",
            hint="an alias is a spelling and the symbol it stands for: 0_{11}: O_{11}",
        ) from error
    labels = reader.labels.names
    liberal = Reader(labels, applied=functions_of(written), new_symbols=True)
    read = cache(_Reading(reader, liberal, slopes_of(written, labels)).side)
    equations: list[Equation] = []
    for found in everything:
        equation = _read(found, len(equations), reader, read)
        before = _before(equations, equation) if equation.continues else None
        if before is not None:
            equations[before.place] = replace(
                before,
                sides=(*before.sides, *equation.sides[1:]),
                signs=(*before.signs, *equation.signs),
                paragraph=equation.paragraph,
                problem=before.problem or equation.problem,
            )
        else:
            untold = _UNTOLD[equation.leads] if equation.continues and not equation.given else ""
            equations.append(replace(equation, problem=equation.problem or untold))
    for (said, _), equation in zip(given, equations, strict=False):
        _refuse_unread(equation, said)
    return reader, equations


def _read(
    found: Equation, place: int, reader: Reader, read: Callable[[str, bool | None], Side]
) -> Equation:
    """The equation with the formulas in its sides and its condition."""
    sides = []
    for side in found.sides:
        error = side.error
        if _BEYOND.search(side.text):
            error = error or "limits, integrals and gradients of fields are not read"
        if not side.text:
            error = "nothing stands on one side of the equals sign"
        is_read = found.signs and not error
        sides.append(
            replace(read(side.text, found.tex), line=side.line)
            if is_read
            else replace(side, error=error)
        )
    relation = None
    with suppress(FormulaError):  # words
        relation = reader.condition(found.condition, tex=found.tex) if found.condition else None
    return replace(found, place=place, sides=tuple(sides), relation=relation)


@dataclass(frozen=True, eq=False)
class _Reading:
    """Reads the sides of one page; `dw` as the derivative of the loss by w."""

    reader: Reader
    liberal: Reader  # new symbols are nothing wrong
    slopes: Mapping[str, tuple[str, str]]

    def side(self, text: str, tex: bool | None) -> Side:
        """The formula in a text in every sense, or why it is not read."""
        try:
            trees = self.reader.readings(text, tex=tex)
        except FormulaError as error:
            return Side(text, 0, self._problem(text, tex) or error.problem)
        return Side(text, 0, "", tuple(rebuilt(tree, self._slope) for tree in trees))

    def _problem(self, text: str, tex: bool | None) -> str:
        """What is wrong with a formula, its symbols aside: they are not found in what is broken."""
        try:
            self.liberal.read(text, tex=tex)
        except FormulaError as error:
            return error.problem
        return ""

    def _slope(self, part: Expr) -> Expr | None:
        if isinstance(part, Symbol) and part.label in self.slopes:
            loss, of = self.slopes[part.label]  # only labels that have a loss are read
            return Derivative(Symbol(loss), Symbol(of), start=part.start, end=part.end)
        return None


def _refuse_unread(equation: Equation, said: Given) -> None:
    errors = [equation.problem, *(side.error for side in equation.sides)]
    errors.append("" if equation.signs else "it is no equation")
    errors.append("" if equation.sides[0].label else "it does not begin with a symbol")
    if problem := next(filter(None, errors), ""):
        raise PageError(
            f"{said.where}: {said.text!r} cannot be used: {problem}",
            hint="what is given are definitions and values: h = \\tanh(w x), y = 3",
        )


def _before(equations: Sequence[Equation], found: Equation) -> Equation | None:
    """What an equation that begins with its sign goes on with: what stands right before it.

    That is no remark within a sentence, and no words stand between.
    """
    for last in reversed(equations if found.leads else ()):
        if last.signs and (last.setting != "inline" or found.setting == "inline"):
            apart = found.paragraph - last.paragraph
            return last if apart <= 1 and found.unit == last.unit and not last.given else None
    return None
