"""What counts as a real number: anything Python or numpy calls one, as a 64-bit float."""

from __future__ import annotations

import math
from numbers import Real
from typing import Final

from autograd.errors import DomainError, NotANumberError, RangeError

NEVER_NUMBERS: Final = (str, bytes, complex, list, tuple, dict, set, type(None))


def is_real(thing: object) -> bool:
    """Whether it is a real number: an int, a float, a Fraction, a numpy scalar of a real type."""
    return isinstance(thing, (float, int, Real)) or isinstance(_item(thing), (float, int))


def real(number: object, what: str = "") -> float:
    """The number as a float; `what` says in an error's words what it was given as.

    Raises NotANumberError for what is no real number, DomainError for nan, RangeError for what is
    larger than the largest float.

    >>> real(2), real(True)
    (2.0, 1.0)
    """
    value = number if type(number) is float else _converted(number, what)
    if math.isnan(value):
        raise DomainError(
            f"nan (not a number) given{what and ' '}{what}",
            hint="look where the number comes from: 0 / 0, inf - inf, or a gap in the data",
        )
    return value


def not_a_number(what: object, where: str = "") -> NotANumberError:
    """The error for what is no real number, with a hint of what was perhaps meant."""
    shown = repr(what)
    shown = shown if len(shown) <= 60 else shown[:57] + "..."
    if isinstance(what, complex):
        hint = "Chalkgrad works with real numbers; take .real, or abs()"
    elif isinstance(what, (str, bytes)):
        hint = f"text is not converted by itself; write float({shown})"
    elif isinstance(what, (list, tuple)):
        hint = "a Value is a single number; loop over the elements, or use autograd.sum or dot"
    elif hasattr(what, "_record"):
        hint = "a plain number is needed here; use v.data for that of a Value"
    else:
        hint = "give an int, a float, a Fraction, a numpy scalar or a Value"
    return NotANumberError(
        f"{shown} ({type(what).__name__}) is not a real number{where and ' '}{where}", hint=hint
    )


def _converted(number: object, what: str) -> float:
    thing = number if isinstance(number, (float, int, Real)) else _item(number)
    if not isinstance(thing, (float, int, Real)):
        raise not_a_number(number, what)
    try:
        return float(thing)
    except TypeError:  # a span of time, which numpy takes for a whole number
        raise not_a_number(number, what) from None
    except OverflowError:
        too_large = f"a {type(thing).__name__} larger than the largest float, 1.8e308, given"
    raise RangeError(f"{too_large}{what and ' '}{what}", hint="scale the input")


def _item(thing: object) -> object:
    """What a numpy scalar or an array without dimensions holds; anything else as it is."""
    if getattr(thing, "ndim", None) != 0 or not hasattr(thing, "item"):
        return thing
    if getattr(thing, "mask", False):  # a gap in an array of numpy
        return thing
    item: object = thing.item()
    return item
