"""autograd/reals.py: what counts as a real number, and what is said of what does not."""

from __future__ import annotations

import datetime
import math
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from autograd import DomainError, NotANumberError, RangeError, Value
from autograd.reals import NEVER_NUMBERS, is_real, not_a_number, real

NUMBERS = [
    2, True, 2.5, Fraction(5, 2), np.float16(2.5), np.longdouble(2.5), np.int8(2), np.bool_(True),
    np.array(2.5), np.array(2), np.ma.masked_array(2.5, mask=False),
]  # fmt: skip
OTHERS = [
    "2", b"2", None, 2j, [2], (2,), {2}, {2: 2}, Decimal(2), object(), Value(2.0),
    np.complex128(2), np.array([2.0]), np.array("2"), np.ma.masked,
    np.timedelta64(2, "s"), np.datetime64(2, "s"), datetime.timedelta(2),
]  # fmt: skip


@pytest.mark.parametrize("number", NUMBERS, ids=repr)
def test_numbers_of_every_kind_become_floats(number: object) -> None:
    assert is_real(number)
    assert type(real(number)) is float
    assert real(number) == float(number)  # type: ignore[arg-type]


@pytest.mark.parametrize("other", OTHERS, ids=lambda thing: type(thing).__name__)
def test_what_is_no_number_is_refused_by_its_type_and_its_place(other: object) -> None:
    with pytest.raises(
        NotANumberError, match=r"\) is not a real number in the row\nhint: "
    ) as raised:
        real(other, "in the row")
    assert f"({type(other).__name__})" in raised.value.message
    with pytest.raises(NotANumberError, match=r"\) is not a real number\nhint: "):
        real(other)
    assert raised.value.__suppress_context__ or raised.value.__context__ is None


@pytest.mark.parametrize("other", OTHERS, ids=lambda thing: type(thing).__name__)
def test_what_is_never_a_number_is_no_real_one(other: object) -> None:
    assert not (isinstance(other, NEVER_NUMBERS) and is_real(other))


@pytest.mark.parametrize("nan", [math.nan, np.float32("nan"), np.array(math.nan)], ids=repr)
def test_nan_is_refused(nan: object) -> None:
    with pytest.raises(DomainError, match=r"given\nhint: "):
        real(nan)
    with pytest.raises(DomainError, match=r"given as data\nhint: "):
        real(nan, "as data")


@pytest.mark.parametrize("large", [10**400, -(10**400), Fraction(10**400)], ids=["int", "-", "/"])
def test_what_no_float_holds_is_refused(large: object) -> None:
    with pytest.raises(RangeError, match=rf"a {type(large).__name__} larger .* given\nhint: "):
        real(large)
    with pytest.raises(RangeError, match=r"given as data\nhint: "):
        real(large, "as data")


@given(length=st.integers(0, 200) | st.integers(56, 61))
@example(length=57)
@example(length=58)
@example(length=59)
def test_what_is_shown_of_a_long_thing_has_sixty_characters(length: int) -> None:
    text = "x" * length
    shown = not_a_number(text).message.rpartition(" (str)")[0]
    whole = repr(text)
    assert shown == (whole if len(whole) <= 60 else whole[:57] + "...")
    assert len(shown) <= 60


@pytest.mark.parametrize(
    ("other", "hint"),
    [
        (2j, r"\.real"),
        ("2", r"float\('2'\)"),
        (b"2", r"float\(b'2'\)"),
        ([2], "sum or dot"),
        ((2,), "sum or dot"),
        (Value(2.0), r"v\.data"),
        (None, "Fraction"),
    ],
)
def test_the_hint_is_of_what_was_perhaps_meant(other: object, hint: str) -> None:
    with pytest.raises(NotANumberError, match=f"hint: .*{hint}"):
        real(other)
