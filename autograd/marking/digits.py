"""Numbers as they are written: to how many digits, and what they may be the rounding of.

A number is right where the true one rounds to it: 0.0822 for 0.08216704. 0.0821 is cut off. In a
calculation such as 0.1407 · 0.47 a decimal stands for the known numbers that round to it, or where
there is none, for all that do.
"""

from __future__ import annotations

import itertools
import math
from bisect import bisect_left, bisect_right
from fractions import Fraction
from typing import TYPE_CHECKING, Final, Literal, TypeGuard

from autograd.marking import balls
from autograd.marking.tape import Tape
from autograd.notation import Expr, Negative, Number, Symbol, rebuilt, walk

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Sequence

    from autograd.marking.balls import Ball

_SLACK: Final = Fraction(1, 10**12)  # relative, for what was worked out in floating point
_CARRIED: Final = Fraction(1, 10**7)  # relative: to how many digits people carry known numbers on
_COUNTED: Final = 100  # whole numbers below this are exact: nobody rounds to 3
_LEAST_CUT: Final = 10  # units: of a single digit that is cut off, little is left
_MOST_WAYS: Final = 1000  # to take the decimals of a calculation

Match = Literal["right", "rounded", "cut off", "wrong"]


def half_unit(written: str) -> Fraction:
    """Half a unit in the last place of a number as written: 0.005 for 1.25, 50 for 1.2e3.

    >>> half_unit("1.25"), half_unit("1.2e3")
    (Fraction(1, 200), Fraction(50, 1))
    """
    mantissa, _, exponent = written.lower().partition("e")
    return Fraction(10) ** (int(exponent or 0) - len(mantissa.partition(".")[2])) / 2


def significant(written: str) -> int:
    """How many digits a number shows, from the first that is not 0 on."""
    return len(written.lower().partition("e")[0].replace(".", "").lstrip("0"))


def written(tree: Expr, *, rough: bool = False) -> tuple[Fraction, Fraction] | None:
    """Of a single number: it, and half a unit in its last place; None for a calculation.

    Whole numbers below 100 count as exact, unless they are `rough`, said to be approximate.

    >>> written(Number("2400")), written(Number("3"))
    ((Fraction(2400, 1), Fraction(1, 2)), (Fraction(3, 1), Fraction(0, 1)))
    """
    if isinstance(tree, Negative):
        inner = written(tree.operand, rough=rough)
        return inner and (-inner[0], inner[1])
    if not isinstance(tree, Number):
        return None
    half = half_unit(tree.written)
    is_exact = half == Fraction(1, 2) and tree.value < _COUNTED and not rough
    return tree.value, Fraction(0) if is_exact else half


def match(
    claim: Expr, true: Fraction, *, rough: bool = False, known: Sequence[float] = ()
) -> Match:
    """How a tree of numbers agrees with the true number; `known` are others, in order.

    Raises what the operations in the tree raise.

    >>> [match(Number(text), Fraction("0.08216704")) for text in ("0.0822", "0.0821", "0.0820")]
    ['right', 'cut off', 'wrong']
    """
    number = written(claim, rough=rough)
    if number is not None:
        return _shown(*number, true)
    worths = _worths(claim, known, wide=True)
    exact = next(worths)
    if _is_within(exact, true):
        return "right"
    if exact * balls.from_fraction(true) < 0:
        return "wrong"  # however coarse decimals are, they show the sign
    return "rounded" if any(_is_within(worth, true) for worth in worths) else "wrong"


def comes_to(calculation: Expr, number: Expr, *, known: Sequence[float] = ()) -> bool:
    """Whether a calculation with rounded numbers gives a number, as a person calculates."""
    digits, worths = written(number), _worths(calculation, known, wide=False)
    return digits is not None and any(
        _shown(*digits, balls.to_fraction(worth)) != "wrong" for worth in worths
    )


def _shown(value: Fraction, half: Fraction, true: Fraction) -> Match:
    if abs(value - true) <= half + _SLACK * abs(true):
        return "right"
    if not half or value * true <= 0:
        return "wrong"
    shown, whole = abs(value) / (2 * half), abs(true) * (1 + _SLACK) // (2 * half)
    return "cut off" if shown == whole >= _LEAST_CUT else "wrong"


def _is_within(worth: Ball, true: Fraction) -> bool:
    return not balls.are_apart(worth, balls.within(true, _SLACK * abs(true)))


def _worths(tree: Expr, known: Sequence[float], *, wide: bool) -> Iterator[Ball]:
    """What a calculation comes to as it stands, then for every way to take its decimals.

    A decimal stands for known numbers that it rounds; where there is none it is itself, or if
    `wide`, all that rounds to it. Raises what the operations in the tree raise.
    """
    decimals = {part.written: part for part in walk(tree) if _is_decimal(part)}
    names: dict[Expr, Expr] = {part: Symbol(text) for text, part in decimals.items()}
    tape = Tape()
    root = tape.recorded(rebuilt(tree, names.get), lambda part: tape.leaf(part.label))
    ways = [_meant(part, known, wide) for part in decimals.values()]
    if math.prod(map(len, ways)) > _MOST_WAYS:
        ways = [_meant(part, (), wide) for part in decimals.values()]
    as_written = [balls.from_fraction(part.value) for part in decimals.values()]
    for chosen in itertools.chain([as_written], itertools.product(*ways)):
        numbers: dict[Hashable, Ball] = dict(zip(decimals, chosen, strict=True))
        worth = tape.worth(root, [], balls.BITS, numbers.__getitem__)
        if isinstance(worth, Exception):
            raise worth.with_traceback(None)
        yield worth


def _is_decimal(part: Expr) -> TypeGuard[Number]:
    return isinstance(part, Number) and "." in part.written


def _meant(part: Number, known: Sequence[float], wide: bool) -> list[Ball]:
    value, half = part.value, half_unit(part.written)
    first = bisect_left(known, float(value - half))
    near = known[first : bisect_right(known, float(value + half))]
    if not near:
        return [balls.within(value, half if wide else Fraction(0))]
    numbers = sorted({Fraction(each) for each in near}, key=lambda each: abs(each - value))
    return [balls.within(each, each * _CARRIED) for each in (*numbers, value)]
