"""The kinds of slips that people make, and which of several says most."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from autograd.notation import Expr, Sentence


class SlipKind(StrEnum):
    """What kind of slip it is; the text is for machines and stays as it is."""

    SIGN = "sign"
    TURNED_ROUND = "turned-round"
    LOST_FACTOR = "lost-factor"
    EXTRA_FACTOR = "extra-factor"
    FACTOR_TWO = "factor-two"
    FACTOR_N = "factor-n"
    LOST_TERM = "lost-term"
    EXTRA_TERM = "extra-term"
    WRONG_INDEX = "wrong-index"
    TRANSPOSED = "transposed"
    OTHER_SYMBOL = "other-symbol"
    WRONG_NUMBER = "wrong-number"
    EXPONENT = "exponent"
    SWAPPED = "swapped"
    MISPLACED = "misplaced"
    UPSIDE_DOWN = "upside-down"
    MISSING_PATH = "missing-path"
    INNER_DERIVATIVE = "inner-derivative"
    EXTRA_DERIVATIVE = "extra-derivative"
    PRE_ACTIVATION = "pre-activation"
    POST_ACTIVATION = "post-activation"
    OTHER_FUNCTION = "other-function"
    PRODUCT_RULE = "product-rule"
    QUOTIENT_RULE = "quotient-rule"
    POWER_RULE = "power-rule"
    EXPONENTIAL = "exponential-rule"
    LOGARITHM = "logarithm-rule"
    CONSTANT = "constant"
    NOT_DERIVED = "not-differentiated"
    ANTIDERIVATIVE = "antiderivative"
    WRONG_ORDER = "wrong-order"
    BIAS_CORRECTION = "bias-correction"
    UPDATED_WEIGHTS = "updated-weights"
    OVERWRITTEN = "overwritten"
    ARITHMETIC = "arithmetic"
    TWO_SLIPS = "two-slips"


# What slips of a kind cost, 1 unless they stand here: those that say more cost less. A term more or
# less, and another number, say least.
_COSTS: Final[Mapping[SlipKind, float]] = {
    SlipKind.TURNED_ROUND: 0.8, SlipKind.TRANSPOSED: 0.8, SlipKind.FACTOR_N: 0.8,
    SlipKind.OVERWRITTEN: 0.8, SlipKind.BIAS_CORRECTION: 0.9, SlipKind.UPDATED_WEIGHTS: 0.9,
    SlipKind.CONSTANT: 0.99, SlipKind.EXPONENTIAL: 0.99, SlipKind.LOST_FACTOR: 1.2,
    SlipKind.EXPONENT: 1.25, SlipKind.EXTRA_FACTOR: 1.3, SlipKind.OTHER_SYMBOL: 1.4,
    SlipKind.MISPLACED: 1.5, SlipKind.SWAPPED: 1.5, SlipKind.UPSIDE_DOWN: 1.5,
    SlipKind.WRONG_NUMBER: 1.9, SlipKind.LOST_TERM: 2.0, SlipKind.EXTRA_TERM: 2.005,
}  # fmt: skip

OF_ONE_SIGN: Final = frozenset((SlipKind.SIGN, SlipKind.TURNED_ROUND, SlipKind.EXPONENT))
"""Slips of one sign on the page: what is written with one is no other formula."""

UNSURE: Final = frozenset((
    SlipKind.LOST_TERM, SlipKind.EXTRA_TERM, SlipKind.WRONG_NUMBER, SlipKind.OTHER_SYMBOL,
    SlipKind.MISPLACED, SlipKind.SWAPPED, SlipKind.UPSIDE_DOWN, SlipKind.NOT_DERIVED,
))  # fmt: skip
"""Kinds that would explain much else as well: they are not surely what happened."""

WEAK: Final = UNSURE - {SlipKind.LOST_TERM, SlipKind.NOT_DERIVED} | {
    SlipKind.TWO_SLIPS, SlipKind.ANTIDERIVATIVE}  # fmt: skip
"""Kinds that do not prove a line wrong: nearly anything can be explained by them."""

FACTORS: Final = frozenset((SlipKind.LOST_FACTOR, SlipKind.EXTRA_FACTOR))

FAR: Final = frozenset((SlipKind.LOST_TERM, SlipKind.EXPONENT))
"""Kinds that prove little where the formula in question stands under another heading."""


def cost_of(kind: SlipKind, size: int = 0) -> float:
    """What a slip costs; `size` is how much of the claim shows it, 0 where nothing does."""
    return _COSTS.get(kind, 1.0) + (0.01 * min(size, 4) if size else 0.05)


@dataclass(frozen=True, slots=True)
class Slip:
    """One slip: its kind, it in words, and where it is one part for another, these two.

    `mended` is the claim without it, where it is a slip in the claim as that stands. Of slips that
    each explain a claim, those of the least `cost` are named.
    """

    kind: SlipKind
    words: Sentence
    written: Expr | None = None
    right: Expr | None = None
    mended: Expr | None = field(default=None, compare=False, repr=False)
    cost: float = field(default=1.0, compare=False, repr=False)

    def __str__(self) -> str:
        return self.words.text()


def most_telling(slips: Iterable[Slip]) -> tuple[Slip, ...]:
    """The slips of the least cost, one of each kind."""
    by_kind: dict[SlipKind, Slip] = {}
    for slip in sorted(slips, key=lambda slip: slip.cost):
        if all(slip.cost <= other.cost + 1e-6 for other in by_kind.values()):
            by_kind.setdefault(slip.kind, slip)
    return tuple(by_kind.values())
