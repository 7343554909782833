"""What is true of every operation, parametrised over the table: a new entry is tested at once."""

from __future__ import annotations

import copy
import importlib.util
import itertools
import math
import pickle
import random
import re
import sys
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import mpmath
import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

import autograd
from autograd import (
    TABLE,
    ChalkgradError,
    DivisionByZeroError,
    DomainError,
    GradientError,
    NotANumberError,
    Operation,
    RangeError,
    Value,
    differentiate,
)
from tests.expressions import derivative, reference, second_derivative

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

mp = mpmath.mp

OPERATIONS = [pytest.param(op, id=name) for name, op in TABLE.items()]
every_operation = pytest.mark.parametrize("op", OPERATIONS)

LARGEST = sys.float_info.max
NO_VALUE = (DomainError, DivisionByZeroError)

# Where formulas lose digits, overflow or turn: around 0, 1, multiples of pi / 2, and where e^x
# leaves the range of floats.
LANDMARKS = [
    0.0, 0.3, 0.5, 1 - 1e-10, math.nextafter(1.0, 0.0), 1.0, math.nextafter(1.0, 2.0), 1 + 1e-10,
    1.5, 2.0, 2.5, 3.0,
    math.pi / 2, math.pi, 11 * math.pi, 18.4, 19.1, 36.7, 37.5, 38.6, 100.0, 354.9, 708.4, 709.78,
    709.79, 710.47, 710.48, 744.44, 745.13, 745.14, 1000.0, 1e16, 1.7e308, LARGEST,
]  # fmt: skip


def magnitudes(spacing: int) -> list[float]:
    """Numbers from the least denormal to the largest float, some for each `spacing` exponents."""
    numbers = [
        math.ldexp(mantissa, exponent)
        for exponent in [*range(-1074, 1023, spacing), 1023]
        for mantissa in (1.0, 1.3247179572447460, 1.9999999999999998)
    ]
    return [*LANDMARKS, *numbers]


def signed(numbers: list[float]) -> list[float]:
    """The numbers and their negatives, but no -0.0, which mpmath does not know."""
    return [*numbers, *(-x for x in numbers if x)]


EVERYWHERE = signed(magnitudes(23))
WIDELY = signed(magnitudes(151))
CORNERS = signed([0.0, 5e-324, 3e-308, 1e-160, 1e-17, 0.3, 1.0, 2.0, 3.5, 1e16, 1e153, 1e308])
MODERATE = [-37.0, -3.0, -1.7, -1.0, -0.9, -0.3, -0.01, 0.01, 0.2, 0.7, 1.0, 1.3, 2.0, 4.6, 21.0]

any_float = st.floats(allow_nan=False, allow_infinity=False).map(lambda x: x + 0.0)
near_one = st.floats(-4.0, 4.0).map(lambda x: x + 0.0)


def points(op: Operation, unary: list[float], binary: list[float]) -> list[tuple[float, ...]]:
    if op.arity == 1:
        return [(x,) for x in unary]
    return list(itertools.product(binary, repeat=2))


def call(op: Operation, point: tuple[float, ...]) -> float | type[ChalkgradError]:
    try:
        return op.evaluate(*point)
    except ChalkgradError as error:
        return type(error)


def slope(op: Operation, which: int, point: tuple[float, ...], y: float) -> float:
    return op.partial(which, point[0], point[-1] if op.arity == 2 else 0.0, y)


def meaning(op: Operation) -> Callable[..., Any]:
    found = reference(op.name)
    if found is None:
        pytest.skip(f"mpmath has no {op.name}: add its formula to REFERENCES in expressions.py")
    return found


def assert_right_value(op: Operation, meant: Callable[..., Any], point: tuple[float, ...]) -> None:
    """Within 4 units in the last place of the true value, or the error that says there is none."""
    found = call(op, point)
    with mp.workdps(50):
        true = meant(*map(mp.mpf, point))
        where = f"{op.name}{point}"
        if mp.isnan(true):
            assert found in NO_VALUE, f"{where} has no real value, but gave {found}"
        elif isinstance(found, type):
            assert found is RangeError, f"{where} is {mp.nstr(true)}, but raised {found.__name__}"
            assert abs(true) > LARGEST * (1 - 1e-15), f"{where} is {mp.nstr(true)}: it fits a float"
        else:
            tolerance = 4 * math.ulp(float(true)) if abs(true) < LARGEST else 4 * 2.0**971
            if op.name == "gelu":
                tolerance += min(1e-13, 1e-12 * abs(float(true)))  # what erfc loses in the tail
            off = abs(found - true)
            assert off <= tolerance, f"{where} gave {found}, not {mp.nstr(true, 20)}"


def denormal(x: float) -> bool:
    return 0.0 < abs(x) < sys.float_info.min


def out_of_reach(op: Operation, point: tuple[float, ...]) -> bool:
    """Where a rule passes through a number that floats do not have: the root of a sum of denormal
    squares, a ** (b - 1) for a denormal a, and b - 1 itself, odd or even, for b past 2 ** 53."""
    if op.name == "hypot":
        return any(map(denormal, point))
    return op.name == "pow" and (denormal(point[0]) or (point[0] < 0 and abs(point[1]) > 2**53))


def assert_right_slopes(op: Operation, meant: Callable[..., Any], point: tuple[float, ...]) -> None:
    """Within 1e-12 relative or 1e-15 absolute of the true derivatives; not finite where they do
    not fit a float."""
    y = call(op, point)
    if isinstance(y, type) or out_of_reach(op, point):
        return
    for which in range(op.arity):
        true = derivative(meant, point, which)
        if true is None:
            continue
        found = slope(op, which, point, y)
        where = f"d{op.name}{point}/d(input {which})"
        if abs(true) > LARGEST * (1 - 1e-12):
            assert not math.isfinite(found) or abs(found) > LARGEST * (1 - 1e-12), where
        else:
            assert math.isfinite(found), f"{where} gave {found}, not {mp.nstr(true, 20)}"
            off = abs(found - true)
            right = off <= 1e-12 * abs(true) or off <= 1e-15
            assert right, f"{where} gave {found}, not {mp.nstr(true, 20)}"


@every_operation
def test_values_over_the_whole_range(op: Operation) -> None:
    meant = meaning(op)
    for point in points(op, EVERYWHERE, CORNERS):
        assert_right_value(op, meant, point)


@every_operation
@settings(max_examples=40)
@given(data=st.data())
def test_values_anywhere(op: Operation, data: st.DataObject) -> None:
    numbers = any_float | near_one
    point = tuple(data.draw(numbers) for _ in range(op.arity))
    assert_right_value(op, meaning(op), point)


@every_operation
def test_derivatives_over_the_whole_range(op: Operation) -> None:
    meant = meaning(op)
    for point in points(op, WIDELY, CORNERS):
        assert_right_slopes(op, meant, point)


@every_operation
@settings(max_examples=30)
@given(data=st.data())
def test_derivatives_anywhere(op: Operation, data: st.DataObject) -> None:
    numbers = any_float | near_one
    point = tuple(data.draw(numbers) for _ in range(op.arity))
    assert_right_slopes(op, meaning(op), point)


@every_operation
def test_second_derivatives(op: Operation) -> None:
    meant = meaning(op)
    checked = 0
    for point in points(op, MODERATE, MODERATE[::3]):
        if mp.isnan(meant(*map(mp.mpf, point))):
            continue
        inputs = [Value(x) for x in point]
        places = list(itertools.product(range(op.arity), repeat=2))
        true = {(i, j): second_derivative(meant, point, i, j) for i, j in places}
        scale = max([1.0, *(abs(x) for x in true.values() if x is not None)])
        output = op(*inputs)
        for i, j in places:
            if true[i, j] is None:
                continue
            found = differentiate(differentiate(output, inputs[i]), inputs[j]).data
            assert abs(found - true[i, j]) <= 1e-10 * abs(true[i, j]) + 1e-14 * scale, (
                f"d2{op.name}{point}/d({i})d({j}) gave {found}, not {mp.nstr(true[i, j], 20)}"
            )
            checked += 1
    assert checked > 0


@every_operation
def test_first_derivative_agrees_with_own_values(op: Operation) -> None:
    """Needs no reference: what holds for any operation at once, to the digits differences give."""
    checked = 0
    for point in points(op, MODERATE, MODERATE[1::3]):
        y = call(op, point)
        for which in range(op.arity):
            h = 6e-6 * max(1.0, abs(point[which]))
            rises = []
            for step in (h, h / 2, -h):
                beside = call(op, (*point[:which], point[which] + step, *point[which + 1 :]))
                if isinstance(y, float) and isinstance(beside, float):
                    rises.append((beside - y) / step)
            if len(rises) < 3 or max(rises) - min(rises) > 1e-2 * (1.0 + abs(rises[0])):
                continue  # an edge, a kink, or too curved for differences of floats
            assert isinstance(y, float)
            found, true = slope(op, which, point, y), (rises[0] + rises[2]) / 2
            assert found == pytest.approx(true, rel=2e-4, abs=2e-6), (op.name, point)
            checked += 1
    assert checked > 0


@every_operation
@settings(max_examples=20)
@given(data=st.data())
def test_function_method_and_table_agree(op: Operation, data: st.DataObject) -> None:
    numbers = st.floats(-4.0, 4.0) | st.floats(0.01, 1.0) | any_float
    point = tuple(data.draw(numbers) for _ in range(op.arity))
    y = call(op, point)
    assume(isinstance(y, float))
    assert isinstance(y, float)
    inputs = [Value(x) for x in point]
    node = op(*inputs)
    same = getattr(inputs[0], op.name)(*inputs[1:])
    partials = [slope(op, which, point, y) for which in range(op.arity)]
    for made in (node, same):
        assert type(made) is Value
        assert (made.op, made.parents) == (op, tuple(inputs))
        assert bits(made.data) == bits(y)
        assert [*map(bits, made.partials)] == [*map(bits, partials)]
    plain = op(*point)
    assert type(plain) is float
    assert bits(plain) == bits(y)


def bits(x: float) -> str:
    """A float to the last bit, the sign of zero too; nan equals nan."""
    return float(x).hex()


@every_operation
def test_numbers_of_any_kind_give_floats(op: Operation) -> None:
    for one in (1, True, Fraction(1), np.float64(1.0), np.float32(1.0), np.int64(1)):
        for numbers in itertools.product((one, 0.5), repeat=op.arity):
            if one in numbers and not isinstance(call(op, tuple(map(float, numbers))), type):
                result = op(*numbers)
                assert type(result) is float
                assert result == op.evaluate(*map(float, numbers))


@every_operation
def test_what_is_no_number_raises_type_error(op: Operation) -> None:
    for wrong in ("1.0", b"1", 1j, np.complex128(1j), [1.0], (1.0,), {}, object()):
        for place in range(op.arity):
            inputs: list[Any] = [1.0] * op.arity
            inputs[place] = wrong
            with pytest.raises(NotANumberError, match=type(wrong).__name__):
                op(*inputs)


@every_operation
def test_nan_is_never_let_through(op: Operation) -> None:
    for numbers in itertools.product((math.nan, 1.0), repeat=op.arity):
        if any(map(math.isnan, numbers)):
            with pytest.raises(DomainError):
                op(*numbers)


@every_operation
def test_results_are_never_nan_nor_infinite_without_reason(op: Operation) -> None:
    extremes = [*CORNERS, math.inf, -math.inf, -0.0, LARGEST, -LARGEST]
    for point in itertools.product(extremes, repeat=op.arity):
        y = call(op, point)
        if not isinstance(y, type):
            assert not math.isnan(y), f"{op.name}{point} is nan"
            assert math.isfinite(y) or not all(map(math.isfinite, point)), f"{op.name}{point}"


@every_operation
def test_is_a_public_function_and_method_that_explain_themselves(op: Operation) -> None:
    assert getattr(autograd, op.name) is op
    assert op.name in autograd.__all__
    assert callable(getattr(Value, op.name))
    assert op.name.isidentifier()
    assert op.__name__ == op.name
    assert op.usage in repr(op)
    assert op.about in op.__doc__
    assert op.domain in op.__doc__
    assert len(op.about) >= 3


@every_operation
def test_latex_has_every_input_and_balanced_braces(op: Operation) -> None:
    assert set(re.findall("#.", op.latex)) == {f"#{n + 1}" for n in range(op.arity)}
    assert "$" not in op.latex
    depths = list(itertools.accumulate({"{": 1, "}": -1}.get(c, 0) for c in op.latex))
    assert min(depths) >= 0
    assert depths[-1] == 0
    assert op.latex.count(r"\left") == op.latex.count(r"\right")


@every_operation
def test_operations_copy_and_pickle_as_themselves(op: Operation) -> None:
    assert pickle.loads(pickle.dumps(op)) is op
    assert copy.copy(op) is op
    assert copy.deepcopy(op) is op


@every_operation
def test_wrong_number_of_inputs_says_how_to_call_it(op: Operation) -> None:
    if op.default is not None:
        assert op(-2.0) == op(-2.0, op.default)
        assert getattr(Value(-2.0), op.name)().data == op(-2.0)
        return
    wrong = (1.0, 2.0) if op.arity == 1 else (1.0,)
    for inputs in (wrong, [Value(x) for x in wrong]):
        with pytest.raises(TypeError, match=re.escape(f"hint: {op.usage}")):
            op(*inputs)


@every_operation
def test_a_value_that_does_not_exist_is_explained(op: Operation) -> None:
    """The error names the operation, the number, the label and what the operation needs."""
    kinds = set()
    for point in points(op, [-2.0, 0.0, 1000.0, 1e308], [-2.5, -1.0, 0.0, 0.5, 1e308]):
        kind = call(op, point)
        if not isinstance(kind, type):
            continue
        kinds.add(kind)
        inputs = [Value(x, label) for x, label in zip(point, ("p_1", "q_2"), strict=False)]
        with pytest.raises(kind) as caught:
            op(*inputs)
        message = str(caught.value)
        assert (op.symbol or op.name) in message
        for x in inputs:
            assert (f"{x.data:.6g}" if kind is RangeError else repr(x.data)) in message
            assert x.label in message
        assert message.splitlines()[1].startswith("hint: ")
        assert caught.value.__context__ is None or caught.value.__suppress_context__
    assert (kinds & set(NO_VALUE) != set()) == bool(op.domain), "`domain` says what inputs need"


@pytest.mark.parametrize(
    ("make", "kind", "builtin"),
    [
        (lambda: Value(0.0).log(), DomainError, ValueError),
        (lambda: Value(-1.0).log(), DomainError, ValueError),
        (lambda: Value(-1.0).sqrt(), DomainError, ValueError),
        (lambda: Value(2.0).asin(), DomainError, ValueError),
        (lambda: Value(-1.0).log1p(), DomainError, ValueError),
        (lambda: Value(-2.0) ** 0.5, DomainError, ValueError),
        (lambda: (-2) ** Value(0.5), DomainError, ValueError),
        (lambda: Value(1000.0).exp(), RangeError, OverflowError),
        (lambda: Value(1e200) * Value(1e200), RangeError, OverflowError),
        (lambda: Value(1e200) * 1e200, RangeError, OverflowError),
        (lambda: Value(1e308) + Value(1e308), RangeError, OverflowError),
        (lambda: Value(-1e308) - Value(1e308), RangeError, OverflowError),
        (lambda: Value(1e200) ** 2, RangeError, OverflowError),
        (lambda: Value(1e308) / 1e-10, RangeError, OverflowError),
        (lambda: Value(1.0) / 0, DivisionByZeroError, ZeroDivisionError),
        (lambda: Value(1.0) / Value(0.0), DivisionByZeroError, ZeroDivisionError),
        (lambda: 1 / Value(0.0), DivisionByZeroError, ZeroDivisionError),
        (lambda: Value(0.0).reciprocal(), DivisionByZeroError, ZeroDivisionError),
        (lambda: Value(0.0) ** -1, DivisionByZeroError, ZeroDivisionError),
        (lambda: Value(0.0) ** -0.5, DivisionByZeroError, ZeroDivisionError),
        (lambda: 0 ** Value(-1.0), DivisionByZeroError, ZeroDivisionError),
        (lambda: autograd.log(0), DomainError, ValueError),
        (lambda: autograd.exp(1000), RangeError, OverflowError),
        (lambda: autograd.div(1, 0), DivisionByZeroError, ZeroDivisionError),
    ],
)
def test_floats_surprises_are_errors_where_they_happen(
    make: Callable[[], object], kind: type[ChalkgradError], builtin: type[Exception]
) -> None:
    with pytest.raises(kind, match="hint: ") as caught:
        make()
    assert isinstance(caught.value, builtin)


# Kinks: the derivative is the documented one of those on either side.


def slopes_at(make: Callable[..., Value], *point: float) -> tuple[float, ...]:
    """The gradient by backward(), which must be the one by differentiate()."""
    inputs = [Value(x) for x in point]
    output = make(*inputs)
    output.backward()
    found = tuple(x.grad for x in inputs)
    assert found == tuple(slope.data for slope in differentiate(output, inputs))
    return found


@pytest.mark.parametrize(
    ("make", "point", "expected"),
    [
        (autograd.relu, (0.0,), (0.0,)),
        (autograd.relu, (-0.0,), (0.0,)),
        (autograd.abs, (0.0,), (0.0,)),
        (abs, (0.0,), (0.0,)),
        (autograd.sign, (0.0,), (0.0,)),
        (autograd.step, (0.0,), (0.0,)),
        (autograd.floor, (2.0,), (0.0,)),
        (autograd.round, (2.5,), (0.0,)),
        (autograd.leaky_relu, (0.0,), (0.01,)),
        (lambda x: x.leaky_relu(0.3), (0.0,), (0.3,)),
        (autograd.leaky_relu, (0.0, 0.3), (0.3, 0.0)),
        (autograd.elu, (0.0,), (1.0,)),
        (autograd.softsign, (0.0,), (1.0,)),
        (autograd.maximum, (2.0, 2.0), (0.5, 0.5)),
        (autograd.minimum, (2.0, 2.0), (0.5, 0.5)),
        (autograd.maximum, (0.0, -0.0), (0.5, 0.5)),
        (autograd.at_least, (2.0, 2.0), (1.0, 0.0)),
        (autograd.at_most, (2.0, 2.0), (1.0, 0.0)),
        (lambda x: autograd.clip(x, -1, 1), (1.0,), (1.0,)),
        (lambda x: autograd.clip(x, -1, 1), (-1.0,), (1.0,)),
        (lambda x: autograd.clip(x, -1, 1), (math.nextafter(1.0, 2.0),), (0.0,)),
        (lambda x: autograd.clip(x, -1, 1), (math.nextafter(-1.0, -2.0),), (0.0,)),
        (lambda x: autograd.clip(x, 2, 2), (2.0,), (1.0,)),
        (autograd.gate, (0.0, 5.0), (0.0, 0.0)),
        (autograd.gate, (5e-324, 5.0), (0.0, 1.0)),
        (lambda x: autograd.maximum(x, 0.0), (0.0,), (0.5,)),
    ],
)
def test_kinks_take_the_documented_derivative(
    make: Callable[..., Value], point: tuple[float, ...], expected: tuple[float, ...]
) -> None:
    assert slopes_at(make, *point) == expected


@pytest.mark.parametrize("a", [Value(1e308), Value(-1e308), Value(3.0)])
@pytest.mark.parametrize("name", ["maximum", "minimum", "at_least", "at_most"])
def test_the_larger_of_numbers_far_apart_has_the_whole_derivative(name: str, a: Value) -> None:
    b = Value(-a.data)
    output = TABLE[name](a, b)
    slopes = differentiate(output, [a, b])
    assert [s.data for s in slopes] == [float(x.data == output.data) for x in (a, b)]


# Powers.


@pytest.mark.parametrize(
    ("exponent", "derivatives"),
    [(0, [0, 0, 0]), (1, [1, 0, 0]), (2, [0, 2, 0]), (3, [0, 0, 6]), (4, [0, 0, 0])],
)
@pytest.mark.parametrize("zero", [0.0, -0.0])
def test_derivatives_of_powers_at_zero(exponent: int, derivatives: list[int], zero: float) -> None:
    x = Value(zero)
    y = x**exponent
    assert y.data == 0.0**exponent
    for expected in derivatives:
        y = differentiate(y, x)
        assert y.data == expected


def test_third_derivative_of_the_square_at_zero_is_zero() -> None:
    third = autograd.grad(autograd.grad(autograd.grad(lambda x: x**2)))
    assert third(0.0) == 0.0
    assert third(-3.0) == 0.0


@pytest.mark.parametrize("base", [-3.0, -0.5, 2.0])
@pytest.mark.parametrize("exponent", [-3, -2, -1, 0, 1, 2, 5])
def test_derivatives_of_whole_powers_of_any_number(base: float, exponent: int) -> None:
    x = Value(base)
    y = x**exponent
    factor = 1.0
    for order in range(1, 4):
        factor *= exponent - order + 1
        y = differentiate(y, x)
        assert y.data == pytest.approx(factor * base ** (exponent - order), rel=1e-14)


@pytest.mark.parametrize("exponent", [0.0, 1.0, 2.0])
def test_programs_compute_small_whole_powers_without_the_librarys(exponent: float) -> None:
    x, power = Value(1.25), Value(exponent)
    assert "pow(" not in autograd.compile(x**exponent, [x]).source
    assert "pow(" in autograd.compile(x**3.0, [x]).source
    a = 1.301511120506715  # GNU's pow misses its square by a bit
    program = autograd.compile(x**power, [x, power])
    for b in (0.0, 1.0, 2.0, 3.0):
        assert program(a, b) == autograd.pow(a, b) == (a * a if b == 2.0 else math.pow(a, b))


def test_hypot_is_right_to_little_more_than_half_a_digit() -> None:
    """Which the root of the sum of squares is not: what it misses is put right."""
    draw = random.Random(1)
    for _ in range(2_000):
        a = math.ldexp(draw.uniform(1, 2), draw.randint(-1000, 1000))
        b = math.ldexp(draw.uniform(1, 2) * a, draw.randint(-4, 4))
        found = autograd.hypot(a, b)
        with mp.workdps(60):
            true = mp.sqrt(mp.mpf(a) ** 2 + mp.mpf(b) ** 2)
            assert abs(found - true) <= 0.55 * mp.mpf(math.ulp(found)), (a, b)


def test_a_power_of_zero_has_the_derivatives_that_exist() -> None:
    assert slopes_at(lambda a, b: a**b, 0.0, 2.0) == (0.0, 0.0)
    assert slopes_at(lambda a, b: a**b, 0.0, 1.0) == (1.0, 0.0)
    assert slopes_at(lambda b: 0**b, 2.0) == (0.0,)
    assert slopes_at(lambda b: 0**b, 0.5) == (0.0,)


def test_the_square_root_as_a_power_has_no_derivative_at_zero() -> None:
    x = Value(0.0, "x")
    with pytest.raises(GradientError, match=r"x = 0\.0"):
        (x**0.5).backward()
    with pytest.raises(GradientError, match=r"x = 0\.0"):
        differentiate(x**0.5, x)


def test_a_negative_base_has_no_derivative_by_its_exponent() -> None:
    a, b = Value(-2.0, "a"), Value(3.0, "b")
    power = a**b
    assert power.data == -8.0
    with pytest.raises(GradientError, match=r"b = 3\.0"):
        power.backward()
    assert (a.grad, b.grad) == (0.0, 0.0)
    assert differentiate(power, a).data == 12.0
    assert slopes_at(lambda a: a**3, -2.0) == (12.0,)


# Arithmetic written in place for speed equals the table, to the last bit.

ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "div": lambda a, b: a / b,
    "pow": lambda a, b: a**b,
}


@pytest.mark.parametrize("name", ARITHMETIC)
@settings(max_examples=150)
@given(a=any_float | near_one, b=any_float | near_one | st.integers(-3, 3).map(float))
@example(a=-0.0, b=0.0)
@example(a=0.0, b=-0.0)
@example(a=5e-324, b=1e308)
@example(a=0.0, b=0.0)
def test_inline_arithmetic_equals_the_table(name: str, a: float, b: float) -> None:
    compute, op = ARITHMETIC[name], TABLE[name]
    y = call(op, (a, b))
    if isinstance(y, type):
        for left, right in [(Value(a), Value(b)), (Value(a), b), (a, Value(b))]:
            with pytest.raises(y):
                compute(left, right)
        return
    for made in (compute(Value(a), Value(b)), compute(Value(a), b), compute(a, Value(b))):
        assert made.op is op
        assert bits(made.data) == bits(y)
        assert [parent.data for parent in made.parents] == [a, b]
        for which, parent in enumerate(made.parents):
            if not parent.is_constant:
                assert bits(made.partials[which]) == bits(op.partial(which, a, b, y))


@settings(max_examples=50)
@given(a=any_float)
@example(a=0.0)
@example(a=-0.0)
@example(a=math.inf)
@example(a=-math.inf)
def test_inline_operations_of_one_input_equal_the_table(a: float) -> None:
    x = Value(a)
    neg, relu = TABLE["neg"], TABLE["relu"]
    for made, op in [(-x, neg), (x.relu(), relu), (relu(x), relu)]:
        y = op.evaluate(a)
        assert made.op is op
        assert made.parents == (x,)
        assert bits(made.data) == bits(y)
        assert [*map(bits, made.partials)] == [bits(op.partial(0, a, 0.0, y))]
    assert +x is x
    assert bits(abs(x).data) == bits(TABLE["abs"].evaluate(a))
    assert abs(x).op is TABLE["abs"]


# The decorator.

WAVES = '''
"""A user's own file."""
import math
from autograd import cos, exp, operation, sin

@operation(lambda x, y: cos(x) * (1 + x) + sin(x), latex=r"(1 + #1) \\sin(#1)", about="a wave")
def wave(x):
    return (1 + x) * math.sin(x)

@operation(
    lambda a, b, y: -2 * a * y, lambda a, b, y: exp(-a * a), domain="b > -1", name="bell_curve"
)
def bell(a, b):
    """A bell of height b."""
    if b <= -1:
        raise ValueError
    return b * math.exp(-a * a)
'''


@pytest.fixture
def waves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    path = tmp_path / "users_waves.py"
    path.write_text(WAVES)
    spec = importlib.util.spec_from_file_location("users_waves", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "users_waves", module)
    spec.loader.exec_module(module)
    return module


def test_a_users_operation_is_a_function_of_numbers_and_values(waves: Any) -> None:
    assert isinstance(waves.wave, Operation)
    assert waves.wave(0.5) == 1.5 * math.sin(0.5)
    node = waves.wave(Value(0.5))
    assert node.data == 1.5 * math.sin(0.5)
    assert node.op is waves.wave
    assert waves.bell(0.5, 2) == 2 * math.exp(-0.25)
    assert "wave" not in TABLE


def test_a_users_operation_is_differentiable_to_order_three(waves: Any) -> None:
    x, s, c = 0.7, math.sin(0.7), math.cos(0.7)
    grad = autograd.grad
    assert grad(waves.wave)(x) == pytest.approx(1.7 * c + s, rel=1e-15)
    assert grad(grad(waves.wave))(x) == pytest.approx(2 * c - 1.7 * s, rel=1e-14)
    assert grad(grad(grad(waves.wave)))(x) == pytest.approx(-3 * s - 1.7 * c, rel=1e-14)
    autograd.check_grads(waves.wave, 0.7, order=3)
    autograd.check_grads(waves.bell, 0.7, 2.0, order=2)


def test_a_users_operation_prints_in_its_own_notation(waves: Any) -> None:
    node = waves.wave(Value(0.5, r"\theta"))
    assert autograd.formula(node).replace(" ", "") == r"(1+\theta)\sin(\theta)"
    assert waves.bell.latex == r"\operatorname{bell\_curve}(#1, #2)"
    assert waves.wave.about == "a wave"
    assert waves.bell.about == "A bell of height b"


def test_a_users_operation_explains_its_errors(waves: Any) -> None:
    with pytest.raises(
        DomainError, match=r"bell_curve\(1\.0, -2\.0\), that is bell_curve\(1\.0, h\),"
    ) as caught:
        waves.bell(Value(1.0), Value(-2.0, "h"))
    assert "hint: bell_curve needs b > -1" in str(caught.value)


def test_a_users_operation_pickles_by_its_place(waves: Any) -> None:
    assert pickle.loads(pickle.dumps(waves.wave)) is waves.wave


@pytest.mark.parametrize("count", [0, 3])
def test_operation_needs_a_rule_for_each_of_one_or_two_inputs(count: int) -> None:
    with pytest.raises(ValueError, match=f"{count} derivative rules\nhint: "):
        autograd.operation(*[lambda x, y: 1.0] * count)


def test_an_operation_that_cannot_be_found_again_is_not_pickled() -> None:
    nameless = autograd.operation(lambda x, y: y)(math.exp)
    renamed = autograd.operation(lambda x, y: 1.0, name="elsewhere")(lambda x: x)
    for op in (nameless, renamed):
        assert copy.copy(op) is copy.deepcopy(op) is op
        with pytest.raises(pickle.PicklingError, match="hint: "):
            pickle.dumps(op)
    assert pickle.loads(pickle.dumps(TABLE["tanh"])) is TABLE["tanh"]


def test_a_users_own_error_is_the_cause_of_ours() -> None:
    @autograd.operation(lambda x, y: 1.0)
    def look_up(x: float) -> float:
        raise ValueError("row 7 is missing")

    for attempt in (lambda: look_up(1.0), lambda: look_up(Value(1.0, "x"))):
        with pytest.raises(DomainError) as caught:
            attempt()
        assert str(caught.value.__cause__) == "row 7 is missing"
    with pytest.raises(DomainError) as caught:
        autograd.log(-1.0)
    assert caught.value.__cause__ is None


def test_infinity_has_no_whole_number_but_rounds_to_itself() -> None:
    for infinite in (math.inf, -math.inf):
        assert autograd.floor(Value(infinite)).data == autograd.round(infinite) == infinite
        with pytest.raises(RangeError, match="int"):
            int(Value(infinite, "x"))
    assert math.trunc(Value(-2.7)) == -2
