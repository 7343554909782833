r"""A page of hand derivations marked line by line: right, wrong, or not read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from autograd.worksheets.chains import read_chains
from autograd.worksheets.frontmatter import PageError, read_settings
from autograd.worksheets.marking import Entry, Marker
from autograd.worksheets.pages import read_page

if TYPE_CHECKING:
    from autograd.worksheets.pages import Passed

__all__ = ["Entry", "Report", "grade"]


@dataclass(frozen=True, slots=True)
class Report:
    """The marks of a page: an entry for each equation, in order.

    `mentions` are formulas without an equals sign, which claim nothing, and `passed` lines that
    were not read, such as code.
    """

    entries: tuple[Entry, ...]
    mentions: tuple[tuple[int, str], ...] = ()
    passed: tuple[Passed, ...] = ()

    def count(self, verdict: str) -> int:
        """How many entries have this verdict."""
        return sum(entry.verdict == verdict for entry in self.entries)

    @property
    def wrong(self) -> tuple[Entry, ...]:
        """The claims that are wrong by themselves, the first one first."""
        return tuple(entry for entry in self.entries if entry.verdict == "wrong")

    @property
    def is_right(self) -> bool:
        """Whether nothing is wrong."""
        return not self.wrong


def grade(text: str, *, settings: str = "", settings_name: str = "settings") -> Report:
    r"""Marks a page of derivations: Markdown, LaTeX or plain text.

    Definitions (`L = (y - p)^2`) and values (`y = 3`) on the page make a graph; every other
    equation is a claim, each link of `A = B = C` by itself. Formulas are right where they agree at
    random points, numbers where they agree to the digits given. `settings` is what is said of the
    page beside it: other spellings of its symbols, and what is given (see
    `autograd.worksheets.frontmatter`); `settings_name` is for error messages.

    Raises PageError for a page without formulas, or for settings that cannot be used.

    >>> report = grade("p = w x + b, L = (y - p)^2, dL/dp = -2(y - p), dL/dw = -2(y - p)")
    >>> [entry.verdict for entry in report.entries if entry.kind == "claim"]
    ['right', 'wrong']
    >>> report.wrong[0].answer
    '-2(y - p) x'
    """
    page = read_page(text)
    beside = read_settings(settings, name=settings_name) if settings.strip() else None
    said = page.settings.merged(beside) if beside else page.settings
    if not page.statements:
        raise PageError(
            "there is no formula on the page",
            hint="formulas stand between dollars or in lines of their own, as dL/dw = -2(y - p) x",
        )
    reader, chains = read_chains(page, said)
    marker = Marker(chains, reader.labels.names)
    entries = tuple(entry for chain in marker.chains for entry in marker.entries(chain))
    mentions = tuple(
        (chain.line, chain.text)
        for chain in marker.chains
        if marker.definitions.roles[chain.place] == "mention"
    )
    return Report(entries, mentions, page.passed)
