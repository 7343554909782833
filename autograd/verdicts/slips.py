"""The slips people make in a gradient: their kinds, and which of several says most."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from autograd.verdicts.balls import Ball
    from autograd.verdicts.samples import Sample


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
    MISSING_PATH = "missing-path"
    INNER_DERIVATIVE = "inner-derivative"
    PRE_ACTIVATION = "pre-activation"
    POST_ACTIVATION = "post-activation"
    OTHER_FUNCTION = "other-function"
    UPDATED_WEIGHTS = "updated-weights"
    OVERWRITTEN = "overwritten"
    ARITHMETIC = "arithmetic"


@dataclass(frozen=True, slots=True)
class Slip:
    """One slip: its kind, a sentence, and where it is one symbol for another, these two."""

    kind: SlipKind
    message: str
    written: str = ""
    right: str = ""

    def __str__(self) -> str:
        return self.message


@dataclass(frozen=True, slots=True)
class Altered:
    """A formula's value at any sample, were this slip made - or, for a `cure`, were it mended.

    A slip is what has happened where the gradient altered by it is what was claimed, and where the
    claim cured of it is the gradient.
    """

    slip: Slip
    value: Callable[[Sample], Ball]
    is_cure: bool = False


# A slip that says more makes those that say less superfluous.
_SAYS_MORE: Final[Mapping[SlipKind, frozenset[SlipKind]]] = {
    SlipKind.TURNED_ROUND: frozenset((SlipKind.SIGN,)),
    SlipKind.TRANSPOSED: frozenset((SlipKind.WRONG_INDEX,)),
    SlipKind.INNER_DERIVATIVE: frozenset((SlipKind.LOST_FACTOR,)),
    SlipKind.FACTOR_TWO: frozenset((SlipKind.LOST_FACTOR, SlipKind.EXTRA_FACTOR)),
    SlipKind.FACTOR_N: frozenset(
        (SlipKind.LOST_FACTOR, SlipKind.EXTRA_FACTOR, SlipKind.FACTOR_TWO)
    ),
    SlipKind.OVERWRITTEN: frozenset((SlipKind.MISSING_PATH,)),
    SlipKind.LOST_FACTOR: frozenset((SlipKind.EXTRA_FACTOR,)),  # 1/x too many is x lost
}

# A term more or less says least: any other slip that explains the claim is preferred.
_LAST_RESORT: Final = frozenset((SlipKind.LOST_TERM, SlipKind.EXTRA_TERM))


def most_telling(slips: Iterable[Slip]) -> tuple[Slip, ...]:
    """The slips without repetitions, and without those of which another one says more.

    >>> general = Slip(SlipKind.WRONG_INDEX, "W_{12} for W_{21}")
    >>> special = Slip(SlipKind.TRANSPOSED, "W_{12} for W_{21}: transposed")
    >>> [str(slip) for slip in most_telling([general, special, general])]
    ['W_{12} for W_{21}: transposed']
    """
    found = list(dict.fromkeys(slips))
    found = [slip for slip in found if slip.kind not in _LAST_RESORT] or found
    said = {kind for slip in found for kind in _SAYS_MORE.get(slip.kind, ())}
    return tuple(slip for slip in found if slip.kind not in said)
