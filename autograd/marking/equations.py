"""The equations of a page as chains of formulas: `A = B = C`, each side a tree or an error."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Final

from autograd.marking.frontmatter import PageError
from autograd.marking.statements import Equation, Side, statements
from autograd.marking.symbols import PageSide, PageSymbols
from autograd.notation import Expr, FormulaError, Labels

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from autograd.marking.frontmatter import Given, Settings
    from autograd.marking.page import Page

_BEYOND: Final = re.compile(r"\\(?:lim|limsup|liminf|i{0,3}nt|oint|nabla)(?![A-Za-z])|∫|∇")
_ORDER: Final = re.compile(
    r"[-+−]\s*(?:[Oo]|\\mathcal\s*\{?\s*O\s*\}?)\s*(?:\\left\s*)?\(\s*\|?\s*\\?[A-Za-z]+\s*\|?"
    r"\s*(?:\^\s*\{?\s*\w\s*\}?)?\s*(?:\\right\s*)?\)"
)
_UNTOLD: Final = {
    True: "it begins with its sign, and nothing stands before it",
    False: "what the left side is cannot be told from the words before the sign",
}


def read_equations(page: Page, settings: Settings) -> tuple[Labels, list[Equation]]:
    """The symbols of a page, and every equation of what is given and of it, read over these.

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
        symbols = PageSymbols(written, settings.aliases)
    except FormulaError as error:
        raise PageError(
            f"an alias cannot be used: {error.problem}",
            hint="an alias is a spelling and the symbol it stands for: 0_{11}: O_{11}",
        ) from error
    read = cache(symbols.readings)
    equations: list[Equation] = []
    for found in everything:
        equation = replace(
            found,
            place=len(equations),
            sides=tuple(_read(side, found, read) for side in found.sides),
            relation=symbols.condition(found.condition, found.tex),
        )
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
    return symbols.labels, equations


def _read(
    side: Side, found: Equation, read: Callable[[str, bool | None], tuple[Expr, ...]]
) -> Side:
    """The side with the formula in it, or with why it is not read."""
    error = side.error
    if _BEYOND.search(side.text):
        error = error or "limits, integrals and gradients of fields are not read"
    if _ORDER.search(side.text):
        error = error or "O(...) leaves open what is left out"
    if not side.text:
        error = "nothing stands on one side of the equals sign"
    try:
        readings = read(side.text, found.tex) if found.signs and not error else ()
    except FormulaError as wrong:
        return replace(side, error=wrong.problem)
    return replace(side, readings=readings, error=error)


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
