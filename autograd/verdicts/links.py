"""The sides of a chain of numbers, each judged to the digits in which it is written."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from autograd.derivations.markup import to_unicode
from autograd.derivations.notation import number
from autograd.formulas.reading import FormulaError, split_links
from autograd.formulas.syntax import Negative, Node, Number, Power, Product
from autograd.verdicts.samples import half_unit

if TYPE_CHECKING:
    from autograd.verdicts.balls import Ball
    from autograd.verdicts.cases import Case
    from autograd.verdicts.samples import Sample

__all__ = ["Link", "links_of", "shown_number", "shown_text"]

_SLACK: Final = 1e-12  # relative, for what is worked out in floating point
_COUNTED: Final = 100.0  # whole numbers below this are taken as exact: nobody rounds to 3
_LONGEST: Final = 200  # characters of a claim repeated in a message
_APPROXIMATE: Final = re.compile(r"(?:\\(?:approx|simeq|cong)|[≈≃≅])\s*$")


@dataclass(frozen=True, slots=True)
class Link:
    """One side of a chain: its text and number, and how well that is known.

    `shown` is the number with room for the rounding of the decimals in the text; `half` is half a
    unit in the last place where the text is a single number, and 0 where it counts as exact.
    """

    text: str
    exact: float
    shown: Ball
    half: float | None

    def is_number(self, actual: float) -> bool:
        """Whether the number is this one, to the digits given."""
        return abs(self.exact - actual) <= (self.half or 0.0) + self._slack(actual)

    def excuse(self, actual: float, before: Link | None) -> str:
        """Why the number may be off by rounding, in words; empty where nothing excuses it."""
        off = abs(self.exact - actual)
        if self.half and off < 2 * self.half * (1 - _SLACK) and 0 < self.exact / actual < 1:
            return f"{shown_text(self.text)} is cut off, not rounded"
        if self.half is None and off <= self.shown.radius:
            return (
                f"{shown_text(self.text)} is {shown_number(self.exact)}: its decimals are rounded"
            )
        if before is not None and before.has_decimals:
            room = before.shown.radius + (self.shown.radius if self.half is None else self.half)
            if abs(self.exact - before.exact) <= room + self._slack(before.exact):
                return f"the decimals in {shown_text(before.text)} are rounded"
        return ""

    @property
    def has_decimals(self) -> bool:
        """Whether rounding in the text leaves room for more than floating point does."""
        return self.shown.radius > self._slack(self.exact)

    def _slack(self, other: float) -> float:
        return _SLACK * max(abs(other), abs(self.exact))


def links_of(case: Case, sample: Sample, text: str, actual: float) -> list[Link]:
    """The sides of `text` at a sample; of several readings the one that gives the actual number.

    Raises FormulaError for a side that cannot be read, and what the operations raise.
    """
    found = []
    for start, end in split_links(text):
        if not text[start:end].strip() and end < len(text):
            continue  # a chain that goes on from the line before: "= 5"
        try:
            formulas = case.readings(text[start:end])
        except FormulaError as error:
            raise error.within(text, start) from None
        rough = _APPROXIMATE.search(text, 0, start) is not None
        links = [_link(sample, formula.text, formula.tree, rough=rough) for formula in formulas]
        found.append(next((link for link in links if link.is_number(actual)), links[0]))
    return found


def _link(sample: Sample, text: str, tree: Node, *, rough: bool) -> Link:
    exact, shown = sample.worth(tree), sample.worth(tree, digits=True)
    half = _half_unit(tree)
    if half is not None and half >= 0.5 and not rough and abs(exact.middle) < _COUNTED:
        half = 0.0
    return Link(text.strip(), exact.middle, shown, half)


def _half_unit(tree: Node) -> float | None:
    r"""Half a unit in the last place of a single number, as -0.5 or 1.2 \times 10^{-7}."""
    match tree:
        case Number(_, written):
            return half_unit(written)
        case Negative(operand):
            return _half_unit(operand)
        case Product((Number() as mantissa, Power(Number(10.0), exponent)), ()):
            sign = -1.0 if isinstance(exponent, Negative) else 1.0
            size = exponent.operand if isinstance(exponent, Negative) else exponent
            if isinstance(size, Number) and abs(size.value) <= 300:
                return half_unit(mantissa.written) * 10.0 ** (sign * size.value)
    return None


def shown_number(value: float) -> str:
    """A number as messages show it: six digits, in Unicode."""
    return to_unicode(number(value))


def shown_text(text: str) -> str:
    """A claim as messages repeat it."""
    shown = to_unicode(text.strip())
    return shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]}..."
