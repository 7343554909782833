r"""The equations of a page as chains of formulas: `A = B = C`, each side a tree or an error."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from autograd.formulas.reading import Formula, FormulaError, Reader
from autograd.formulas.shorthand import Shorthand, shorthand_of
from autograd.formulas.statements import Statement, statements
from autograd.formulas.symbols import page_reader
from autograd.formulas.syntax import Derivative, Symbol, walk
from autograd.worksheets.frontmatter import PageError

if TYPE_CHECKING:
    from autograd.formulas.syntax import Node
    from autograd.worksheets.frontmatter import Given, Settings
    from autograd.worksheets.pages import Page, Written

__all__ = ["Chain", "Side", "is_numeric", "read_chains"]


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a chain: its text, its line, and the formula in it, or why it could not be read.

    `readings` has the formula in every sense that it may have on paper.
    """

    text: str
    line: int
    readings: tuple[Formula, ...] = ()
    error: str = ""

    @property
    def formula(self) -> Formula | None:
        """The formula in its plainest sense."""
        return self.readings[0] if self.readings else None

    @property
    def tree(self) -> Node | None:
        """The formula's tree, where it was read."""
        return self.readings[0].tree if self.readings else None

    @property
    def label(self) -> str:
        """The symbol that the side is, if it is nothing more."""
        return self.tree.label if isinstance(self.tree, Symbol) else ""

    @property
    def is_number(self) -> bool:
        """Whether it was read and holds no symbols."""
        return self.tree is not None and is_numeric(self.tree)


@dataclass(slots=True)
class Chain:
    """Sides with a sign between each two. In what is `given`, lines are those of the settings."""

    place: int
    section: int
    line: int
    text: str
    sides: list[Side] = field(default_factory=list)
    signs: list[str] = field(default_factory=list)
    problem: str = ""
    given: bool = False

    @property
    def label(self) -> str:
        """The symbol it begins with, if it does."""
        return self.sides[0].label if self.sides else ""

    @property
    def lead(self) -> int:
        """The place of the first side that is more than a symbol; the last place if none is."""
        for place, side in enumerate(self.sides[1:], start=1):
            if not side.label:
                return place
        return len(self.sides) - 1


def is_numeric(tree: Node) -> bool:
    """Whether a tree holds neither symbols nor derivatives."""
    return not any(isinstance(part, Symbol | Derivative) for part in walk(tree))


def read_chains(page: Page, settings: Settings) -> tuple[Reader, list[Chain]]:
    """Every statement of the page and of what is given, read over all symbols that occur.

    A statement that begins with its sign goes on with the chain before it. A formula by itself is a
    chain of one side. Raises PageError for what is given and cannot be read.
    """
    given = [(said, found) for said in settings.given for found in statements(said.text)]
    everything = [found for _, found in given] + [found.statement for found in page.statements]
    equations = [[side.text for side in found.sides] for found in everything if found.signs]
    shorthand = shorthand_of(equations)
    full = [[shorthand.written_out(side)[0] for side in equation] for equation in equations]
    reader = _PageReader(page_reader(full, settings.aliases), shorthand)
    chains: list[Chain] = []
    for said, statement in given:
        chain = _chain(reader, len(chains), statement, said.line, 0, given=True)
        _refuse_unread(chain, said)
        chains.append(chain)
    for written in page.statements:
        chain = _written(reader, len(chains), written)
        before = chains[-1] if chains else None
        if not written.statement.continues or not _goes_on(before, chain, leads=written.leads):
            chains.append(chain)
        elif before is not None:
            before.sides += chain.sides[1:]
            before.signs += chain.signs
            before.problem = before.problem or chain.problem
    return reader.formulas, chains


@dataclass(frozen=True, slots=True)
class _PageReader:
    """Reads the sides of one page."""

    formulas: Reader
    shorthand: Shorthand

    def side(self, text: str, line: int) -> Side:
        if not text:
            return Side(text, line, error="nothing stands on one side of the equals sign")
        full, problem = self.shorthand.written_out(text)
        try:
            return Side(text, line, () if problem else self.formulas.readings(full), problem)
        except FormulaError as error:
            return Side(text, line, error=self._problem(full) or error.problem)

    def _problem(self, text: str) -> str:
        """What is wrong with a formula, its symbols aside: they are not found in what is broken."""
        try:
            Reader(self.formulas.labels.names, new_symbols=True).read(text)
        except FormulaError as error:
            return error.problem
        return ""


def _refuse_unread(chain: Chain, said: Given) -> None:
    errors = [chain.problem, *(side.error for side in chain.sides)]
    if not chain.signs:
        errors.append("it is no equation")
    elif not chain.label:
        errors.append("it does not begin with a symbol")
    problem = next(filter(None, errors), "")
    if problem:
        raise PageError(
            f"{said.where}: {said.text!r} cannot be used: {problem}",
            hint="what is given are definitions and values: h = \\tanh(w x), y = 3",
        )


def _goes_on(before: Chain | None, chain: Chain, *, leads: bool) -> bool:
    """Whether a chain that begins with its sign is the end of the one before it."""
    if not leads:
        chain.problem = "what the left side is cannot be told from the words before the sign"
    elif before is None or not before.signs or before.given or before.section != chain.section:
        chain.problem = "it begins with its sign, and nothing stands before it"
    return not chain.problem


def _written(reader: _PageReader, place: int, written: Written) -> Chain:
    chain = _chain(reader, place, written.statement, written.line, written.section)
    chain.sides = [
        replace(side, line=line) for side, line in zip(chain.sides, written.side_lines, strict=True)
    ]
    return chain


def _chain(
    reader: _PageReader, place: int, found: Statement, line: int, section: int, given: bool = False
) -> Chain:
    if found.signs:
        sides = [reader.side(side.text, line) for side in found.sides]
    else:
        sides = [Side(side.text, line) for side in found.sides]
    signs = list(found.signs)
    return Chain(place, section, line, found.text, sides, signs, found.problem, given)
