"""Slips of the calculus: what people write instead of a rule of differentiation, as a table."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from math import prod
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from autograd import ops
from autograd.marking.kinds import SlipKind, cost_of
from autograd.notation.calculus import Rule, form_of, is_zero, term_of_product
from autograd.notation.expr import Expr, as_expr
from autograd.ops import Operation

if TYPE_CHECKING:
    from autograd.marking.trial import Place

Wrong = Callable[[Sequence[Any], Sequence[Any], Any], Any]
"""What is written for a derivative, from operands, their derivatives and the result."""

_FIELD: Final = re.compile(r"\{(\w+)\}")
_MOST_FACTORS: Final = 6  # of a product, of which each may go wrong
_WEAK: Final = 1.25  # rather a factor that is a symbol was lost
_WEAKER: Final = 1.37  # rather any factor was lost


class Mistake(NamedTuple):
    """One way to go wrong; `words` name parts as {y}, {u0}, {u1}, and what is {right} and {written}."""

    kind: SlipKind
    words: str
    form: Wrong
    cost: float

    def told(self, place: Place) -> list[str | Expr]:
        """It in words, of a place."""
        parts: list[str | Expr] = []
        for i, piece in enumerate(_FIELD.split(self.words)):
            if i % 2 == 0:
                parts.append(piece)
            elif piece[0] in "yu":
                parts.append(place.part if piece == "y" else place.below[int(piece[1:])].part)
            else:
                form = self.form if piece == "written" else form_of(place.rule or "")
                inner = tuple(below.part for below in place.below)
                parts.append(as_expr(form(inner, (1,), place.part)))
        return parts


def _row(kind: SlipKind, words: str, form: Wrong, cost: float = 0.0) -> Mistake:
    return Mistake(kind, words, form, cost or cost_of(kind))


# The table reads across: the kind of slip, it in words, and what is written for the derivative.
# fmt: off

_INNER: Final = "the inner derivative, of {%s}, is left out"
_PUT_IN: Final = "the inner derivative, of {u0}, is put in for {u0} itself"
_IN_QUOTIENTS: Final = "the quotient rule for {y}: "
_IN_POWERS: Final = "the power rule for {y}: "

_CONSTANT: Final = (
    _row(SlipKind.CONSTANT, "the constant {y} stays: its derivative is 0", lambda u, du, y: y),
    _row(SlipKind.CONSTANT, "the derivative of the constant {y} is 0, not 1", lambda u, du, y: 1.0),
)
_TERM: Final = (
    _row(SlipKind.NOT_DERIVED, "{y} stands there as it was: its derivative is not taken",
         lambda u, du, y: y, _WEAKER),
)
_QUOTIENT: Final = tuple(
    _row(SlipKind.QUOTIENT_RULE, _IN_QUOTIENTS + words, form) for words, form in (
        ("the denominator {u1} is to be squared",
         lambda u, du, y: form_of("quotient")(u, du, y) * u[1]),
        ("it has a denominator, {u1} squared",
         lambda u, du, y: form_of("quotient")(u, du, y) * u[1] ** 2),
        ("the derivative of {u1} is no denominator", lambda u, du, y: u[0] / du[1]),
    )
)
_OF_BOTH: Final = tuple(
    _row(SlipKind.QUOTIENT_RULE, _IN_QUOTIENTS + words, form) for words, form in (
        ("it is the wrong way round", lambda u, du, y: (u[0] * du[1] - du[0] * u[1]) / u[1] ** 2),
        ("there is a minus between its terms",
         lambda u, du, y: (du[0] * u[1] + u[0] * du[1]) / u[1] ** 2),
        ("it is not the quotient of the derivatives", lambda u, du, y: du[0] / du[1]),
        ("the term with the derivative of {u1} is missing", lambda u, du, y: du[0] / u[1]),
        ("the term with the derivative of {u0} is missing",
         lambda u, du, y: -u[0] * du[1] / u[1] ** 2),
    )
)
_OF_DENOMINATOR: Final = (
    _row(SlipKind.QUOTIENT_RULE, "the derivative of {y} has a minus",
         lambda u, du, y: u[0] * du[1] / u[1] ** 2),
    _row(SlipKind.INNER_DERIVATIVE, _INNER % "u1", lambda u, du, y: -u[0] / u[1] ** 2, _WEAK),
)
_POWER: Final = (
    *(_row(SlipKind.POWER_RULE, _IN_POWERS + words, form) for words, form in (
        ("the factor {u1} is lost", lambda u, du, y: ops.pow(u[0], u[1] - 1) * du[0]),
        ("the exponent is to become one less", lambda u, du, y: u[1] * y * du[0]),
        ("the exponent is to become one less, not one more",
         lambda u, du, y: u[1] * ops.pow(u[0], u[1] + 1) * du[0]),
        ("the exponent is to become one less, it is lost", lambda u, du, y: u[1] * u[0] * du[0]),
        ("the base is lost", lambda u, du, y: u[1] * du[0]),
        ("the factor {u1} is lost, and the exponent is to become one less, not one more",
         lambda u, du, y: ops.pow(u[0], u[1] + 1) * du[0]),
        ("the factor is {u1}, not one less",
         lambda u, du, y: (u[1] - 1) * ops.pow(u[0], u[1] - 1) * du[0]),
    )),
    _row(SlipKind.POWER_RULE, "{y} is a power, no exponential function",
         lambda u, du, y: y * ops.log(u[0]) * du[0]),
    _row(SlipKind.ANTIDERIVATIVE, "{y} is integrated, not differentiated",
         lambda u, du, y: ops.pow(u[0], u[1] + 1) / (u[1] + 1)),
    _row(SlipKind.INNER_DERIVATIVE, _INNER % "u0",
         lambda u, du, y: u[1] * ops.pow(u[0], u[1] - 1), _WEAK),
    _row(SlipKind.INNER_DERIVATIVE, _PUT_IN, lambda u, du, y: u[1] * ops.pow(du[0], u[1] - 1), 1.1),
)
_TO_POWER: Final = (
    _row(SlipKind.EXPONENTIAL, "the derivative of {y} has the logarithm of {u0} as a factor",
         lambda u, du, y: y * du[1]),
    _row(SlipKind.EXPONENTIAL, "the logarithm of {u0} is a factor of the derivative of {y}, no "
         "divisor", lambda u, du, y: y * du[1] / ops.log(u[0])),
    _row(SlipKind.EXPONENTIAL, "{y} is an exponential function, no power",
         lambda u, du, y: u[1] * ops.pow(u[0], u[1] - 1) * du[1]),
    _row(SlipKind.INNER_DERIVATIVE, _INNER % "u1", lambda u, du, y: y * ops.log(u[0]), _WEAK),
)
_TO_BOTH: Final = (
    _row(SlipKind.POWER_RULE, "in {y} the exponent is not constant",
         lambda u, du, y: u[1] * ops.pow(u[0], u[1] - 1) * du[0]),
    _row(SlipKind.EXPONENTIAL, "in {y} the base is not constant",
         lambda u, du, y: y * ops.log(u[0]) * du[1]),
)
_OF_OPERATIONS: Final[dict[Operation, tuple[Mistake, ...]]] = {
    ops.exp: (
        _row(SlipKind.EXPONENTIAL, "{y} is an exponential function, no power",
             lambda u, du, y: u[0] * ops.exp(u[0] - 1) * du[0]),
        _row(SlipKind.EXPONENTIAL, "the exponent of {y} stays as it is",
             lambda u, du, y: ops.exp(du[0])),
    ),
    ops.sqrt: tuple(_row(SlipKind.POWER_RULE, words, form) for words, form in (
        ("the factor 1/2 of the derivative of {y} is lost", lambda u, du, y: du[0] / y),
        ("the root {y} belongs in the denominator", lambda u, du, y: y * du[0] / 2),
        ("the root {y} belongs in the denominator, with the 2", lambda u, du, y: 2 * y * du[0]),
        ("the 2 in the derivative of {y} belongs in the denominator",
         lambda u, du, y: 2 * du[0] / y),
        ("the derivative of the root {y} is not the root of the derivative",
         lambda u, du, y: ops.sqrt(du[0])),
    )),
}
_LOGARITHM: Final = (
    _row(SlipKind.LOGARITHM, "the derivative of {y} has {u0} itself in the denominator",
         lambda u, du, y: 1 / du[0]),
    _row(SlipKind.LOGARITHM, "the derivative of {y} is not the logarithm of the derivative",
         lambda u, du, y: ops.log(du[0])),
    _row(SlipKind.LOGARITHM, "the logarithm of the base of {y} is left out",
         lambda u, du, y: du[0] / u[0]),
    *(_row(SlipKind.LOGARITHM, "the logarithm of the base of {y} is a divisor, no factor",
           lambda u, du, y, base=base: ops.log(base) * du[0] / u[0]) for base in (2.0, 10.0)),
)


# Of functions people take another one's derivative: any product of two of the family, or power.

_FAMILIES: Final = (
    (ops.sin, ops.cos, ops.tan, ops.sec, ops.csc, ops.cot),
    (ops.sinh, ops.cosh, ops.tanh, ops.sech, ops.csch, ops.coth),
)
_ARCS: Final = (
    ops.asin, ops.acos, ops.atan, ops.asec, ops.acsc, ops.acot, ops.asinh, ops.acosh, ops.atanh,
)
# fmt: on


def _of_family(op: Operation) -> Iterator[Wrong]:
    for family in _FAMILIES:
        for i, a in enumerate(family) if op in family else ():
            yield lambda u, du, y, a=a: a(u[0]) * du[0]
            for b in family[i:]:
                if b is not a and (a not in family[2:] or (a, b) == (family[2], family[5])):
                    continue  # a product that is another function, or 1
                yield lambda u, du, y, a=a, b=b: a(u[0]) * b(u[0]) * du[0]
    for other in _ARCS if op in _ARCS else ():
        yield lambda u, du, y, other=other: other.rules[0](u[0], other(u[0])) * du[0]


def _of_call(op: Operation) -> Iterator[Mistake]:
    right = form_of(op)
    if any(op in family for family in (*_FAMILIES, _ARCS)):
        words = f"the derivative of {op.name} is {{right}}: the sign is wrong"
        yield _row(SlipKind.SIGN, words, lambda u, du, y: -right(u, du, y), 1.04)
    yield _row(
        SlipKind.INNER_DERIVATIVE, _INNER % "u0", lambda u, du, y: right(u, (1.0,), y), _WEAK
    )
    words = f"{op.name} stands there as it was: its derivative is {{right}}"
    yield _row(SlipKind.NOT_DERIVED, words, lambda u, du, y: y * du[0], _WEAKER)
    yield _row(
        SlipKind.INNER_DERIVATIVE, _PUT_IN, lambda u, du, y: right((du[0],), (1.0,), op(du[0]))
    )
    words = f"the derivative of {op.name} is {{right}}, not {{written}}"
    for form in _of_family(op):
        yield _row(SlipKind.OTHER_FUNCTION, words, form, 1.07)
        yield _row(SlipKind.OTHER_FUNCTION, words, _negated(form), 1.07)


def _negated(form: Wrong) -> Wrong:
    return lambda u, du, y: -form(u, du, y)


def _of_product(live: tuple[bool, ...]) -> Iterator[Mistake]:
    words = f"the product rule for {{y}}: the term with the derivative of {{u%d}} "
    right = form_of("product")
    places = [i for i, is_live in enumerate(live) if is_live][:_MOST_FACTORS]
    for i in places if len(places) > 1 else ():
        for share, fate, cost in ((1, "is missing", 1.05), (2, "has the wrong sign", 1.03)):
            yield _row(
                SlipKind.PRODUCT_RULE,
                words % i + fate,
                lambda u, du, y, i=i, share=share: (
                    right(u, du, y) - share * term_of_product(u, du, i)
                ),
                cost,
            )
    if len(places) > 1:
        yield _row(
            SlipKind.PRODUCT_RULE,
            "the derivative of the product {y} is not the product of the derivatives",
            lambda u, du, y: prod(a if is_zero(d) else d for a, d in zip(u, du, strict=True)),
        )
    for i in [i for i, is_live in enumerate(live) if not is_live][:_MOST_FACTORS]:
        words = f"the constant factor {{u{i}}} is lost"
        yield _row(
            SlipKind.LOST_FACTOR, words, lambda u, du, y, i=i: right(u, du, y) / u[i], _WEAKER
        )


def mistakes_in(place: Place) -> tuple[Mistake, ...]:
    """What can go wrong with the rule at a place."""
    return _known(place.rule, tuple(not is_zero(slope) for slope in place.slopes()))


@lru_cache(maxsize=512)
def _known(rule: Rule | None, live: tuple[bool, ...]) -> tuple[Mistake, ...]:
    match rule, live:
        case "product", _:
            return tuple(_of_product(live))
        case "quotient", (above, True):
            return (*_QUOTIENT, *(_OF_BOTH if above else _OF_DENOMINATOR))
        case "power", (True, exponent):
            return _TO_BOTH if exponent else _POWER
        case "power", (False, True):
            return _TO_POWER
        case Operation(arity=1) as op, _:
            logarithms = _LOGARITHM if op in (ops.log, ops.log2, ops.log10) else ()
            return (*_OF_OPERATIONS.get(op, ()), *logarithms, *_of_call(op))
    return ()


def mistakes_with_term(place: Place) -> tuple[Mistake, ...]:
    """What can go wrong with a place that is a term of a sum, or the whole."""
    return _CONSTANT if is_zero(place.slope) else _TERM
