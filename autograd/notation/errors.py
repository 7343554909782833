"""What can be wrong with formula text, shown with a caret under the place."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from autograd.errors import ChalkgradError

if TYPE_CHECKING:
    from collections.abc import Iterable

_EXCERPT: Final = 72  # columns of the text shown in an error


class FormulaError(ChalkgradError, ValueError):
    """Formula text that cannot be read: shows the text with a caret under the place.

    `text[start:end]` is the place; `unknown` the symbol that is no known label, if that is the
    reason, and `nearest` the labels most like it.
    """

    def __init__(
        self,
        problem: str,
        text: str,
        start: int,
        end: int,
        *,
        hint: str = "",
        unknown: str = "",
        nearest: tuple[str, ...] = (),
    ) -> None:
        super().__init__(f"{problem}\n{_excerpt(text, start, end)}", hint=hint)
        self.problem = problem
        self.text = text
        self.start = start
        self.end = end
        self.unknown = unknown
        self.nearest = nearest

    def within(self, text: str, offset: int) -> FormulaError:
        """The same error for a longer text, in which this one begins at `offset`."""
        start, end = self.start + offset, self.end + offset
        return FormulaError(
            self.problem, text, start, end,
            hint=self.hint, unknown=self.unknown, nearest=self.nearest,
        )  # fmt: skip

    def __reduce__(self) -> tuple[object, ...]:
        build = partial(type(self), hint=self.hint, unknown=self.unknown, nearest=self.nearest)
        return build, (self.problem, self.text, self.start, self.end)


def _excerpt(text: str, start: int, end: int) -> str:
    """The text around a place, on one line, and carets under it."""
    first = max(0, min(start, len(text)) - _EXCERPT // 2)
    last = min(len(text), first + _EXCERPT)
    before = "..." if first else ""
    after = "..." if last < len(text) else ""
    line = "".join(c if c.isprintable() else " " for c in text[first:last])
    carets = max(1, min(end, last) - start)
    return f"  {before}{line}{after}\n  {' ' * (len(before) + start - first)}{'^' * carets}"


def known_labels(labels: Iterable[str]) -> str:
    """A hint that lists the first few labels."""
    names = list(labels)
    if not names:
        return "no labels are known; label the Values: Value(2.0, label='x')"
    more = ", ..." if len(names) > 8 else ""
    return f"known labels: {', '.join(names[:8])}{more}"
