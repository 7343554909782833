"""Numbers for the leaves of formulas, at which these are compared: the same ones every time.

Each leaf has its number at each point from a hash of both, so what else is on the page, and what
was asked before, plays no part. The kinds of points take turns: near the page's own numbers, at
several scales with both signs, between 0 and 1, small whole numbers.
"""

from __future__ import annotations

from fractions import Fraction
from hashlib import blake2b
from typing import Final, Literal, NamedTuple


class Kind(NamedTuple):
    """How the size of a number is drawn: between two limits times one of the scales, then its sign.

    `near` draws this share around the page's own number instead, where there is one.
    """

    least: float = 0.3
    most: float = 1.5
    scales: tuple[float, ...] = (1.0,)
    sign: Literal["either", "own", "plus"] = "either"
    near: float = 0.0
    whole: bool = False


# fmt: off
KINDS: Final = (
    Kind(near=0.3), Kind(0.05, 0.95, sign="plus"), Kind(), Kind(scales=(0.2, 1.0, 4.0), sign="own"),
    Kind(0.6, 8.4, whole=True), Kind(near=0.03), Kind(scales=(0.3,)), Kind(scales=(3.0,)),
    Kind(1.05, 4.0, sign="plus"), Kind(scales=(0.05,)),
    Kind(scales=(0.03, 0.3, 3.0, 30.0), sign="own"), Kind(near=0.003), Kind(scales=(10.0,)),
    Kind(scales=(0.01, 0.1, 1.0, 10.0)),
)
# fmt: on
ROUNDS: Final = (1.0, 10.0, 0.1, 100.0)  # scales once more, when all kinds have had their turn
_FINE: Final = 1 << 24


def drawn(point: int, label: str, own: float | None) -> tuple[bool, float]:
    """The number of a leaf at a point; where the first is true, as a multiple of its own number.

    >>> drawn(1, "x", None) == drawn(1, "x", 5.0) != drawn(1, "y", None)
    True
    """
    turn, which = divmod(point, len(KINDS))
    kind, scale = KINDS[which], ROUNDS[turn % len(ROUNDS)]
    chance, part = divmod(_hash(f"{point} {label}"), _FINE)
    share = part / _FINE
    if kind.near and own is not None:
        around = kind.near * (2.0 * share - 1.0)
        return own != 0.0, 1.0 + around if own else around
    chance, is_negative = divmod(chance, 2)
    size = kind.least + share * (kind.most - kind.least)
    scaled = size * scale * kind.scales[chance % len(kind.scales)]
    if kind.sign != "either":
        is_negative = kind.sign == "own" and own is not None and own < 0.0
    size = float(round(size)) if kind.whole else scaled
    return False, -size if is_negative else size


def share(point: int, label: str, labels: tuple[str, ...]) -> Fraction:
    """The number of one of several leaves that are positive and sum to 1."""
    parts = {each: 101 + _hash(f"{point} share {each}") % 1000 for each in labels}
    return Fraction(parts[label], sum(parts.values()))


def _hash(text: str) -> int:
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big")
