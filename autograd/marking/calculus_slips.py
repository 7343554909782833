"""Slips of the calculus: what people write instead of a rule of differentiation, as a table."""

from __future__ import annotations

import re
from functools import lru_cache, partial
from math import prod
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from autograd import ops
from autograd.marking.kinds import SlipKind as S
from autograd.marking.kinds import cost_of
from autograd.notation import (
    GREEK,
    Expr,
    Form,
    Negative,
    Rule,
    Symbol,
    as_expr,
    form_of,
    is_zero,
    normal,
    notation_name,
    term_of_product,
)
from autograd.ops import Operation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from autograd.marking.trial import Place

_FIELD: Final = re.compile(r"\{(\w+)\}")
_MOST_FACTORS: Final = 6  # of a product, of which each may go wrong
# What else costs as much as it does: rather a factor that is a symbol was lost, or any factor.
_ANY: Final = Symbol("x")
_WEAK, _WEAKER = 1.27, 1.37


class Mistake(NamedTuple):
    """One way to go wrong: it in words, and what is written for the derivative.

    The words name parts as {y}, {u}, {v}, and what is {right} and what {written}.
    """

    kind: S
    words: str
    form: Form
    cost: float

    def told(self, place: Place) -> list[str | Expr]:
        """It in words, of a place."""
        parts: list[str | Expr] = []
        for i, piece in enumerate(_FIELD.split(self.words)):
            if i % 2 == 0:
                parts.append(piece)
            elif piece in ("right", "written"):
                form = self.form if piece == "written" else form_of(place.rule or "")
                inner = tuple(below.part for below in place.below)
                parts.append(normal(as_expr(form(inner, (1,), place.part))))
            else:
                at = {"u": 0, "v": 1}.get(piece[0], 0) + int(piece[1:] or 0)
                parts.append(place.part if piece == "y" else place.below[at].part)
        return parts


def _of_one(form: Callable[[Any, Any, Any], Any]) -> Form:
    return lambda u, du, y: form(u[0], du[0], y)


def _of_two(form: Callable[[Any, Any, Any, Any, Any], Any]) -> Form:
    return lambda u, du, y: form(u[0], u[1], du[0], du[1], y)


# The tables read across: the kind of slip, it in words, what is written, perhaps what it costs.
# fmt: off

_Rows = tuple[tuple[Any, ...], ...]
_INNER: Final = "the inner derivative, of {%s}, is left out"
_PUT_IN: Final = "the inner derivative, of {u}, is put in for {u} itself"
_QUOTIENT: Final[_Rows] = (  # u / v
    (S.QUOTIENT_RULE, "the quotient rule for {y}: the denominator {v} is to be squared",
     lambda u, v, du, dv, y: (du * v - u * dv) / v),
    (S.QUOTIENT_RULE, "the quotient rule for {y}: it has a denominator, {v} squared",
     lambda u, v, du, dv, y: du * v - u * dv),
    (S.QUOTIENT_RULE, "in {y} the derivative of {v} is no denominator",
     lambda u, v, du, dv, y: u / dv),
)
_OF_BOTH: Final[_Rows] = (
    *_QUOTIENT,
    (S.QUOTIENT_RULE, "the quotient rule for {y} is the wrong way round",
     lambda u, v, du, dv, y: (u * dv - du * v) / v ** 2),
    (S.QUOTIENT_RULE, "the quotient rule for {y} has a minus between its terms",
     lambda u, v, du, dv, y: (du * v + u * dv) / v ** 2),
    (S.QUOTIENT_RULE, "the derivative of {y} is not the quotient of the derivatives",
     lambda u, v, du, dv, y: du / dv),
    (S.QUOTIENT_RULE, "the quotient rule for {y}: the term with the derivative of {v} is missing",
     lambda u, v, du, dv, y: du / v),
    (S.QUOTIENT_RULE, "the quotient rule for {y}: the term with the derivative of {u} is missing",
     lambda u, v, du, dv, y: -u * dv / v ** 2),
)
_OF_DENOMINATOR: Final[_Rows] = (
    *_QUOTIENT,
    (S.QUOTIENT_RULE, "the derivative of {y} has a minus", lambda u, v, du, dv, y: u * dv / v ** 2),
    (S.INNER_DERIVATIVE, _INNER % "v", lambda u, v, du, dv, y: -u / v ** 2, _WEAK),
)
_POWER: Final[_Rows] = (  # u^v, v constant
    (S.POWER_RULE, "the power rule for {y}: the factor {v} is lost",
     lambda u, v, du, dv, y: ops.pow(u, v - 1) * du),
    (S.POWER_RULE, "the power rule for {y}: the exponent is to become one less",
     lambda u, v, du, dv, y: v * y * du),
    (S.POWER_RULE, "the power rule for {y}: the exponent is to become one less, not one more",
     lambda u, v, du, dv, y: v * ops.pow(u, v + 1) * du),
    (S.POWER_RULE, "the power rule for {y}: the exponent is to become one less, not to be lost",
     lambda u, v, du, dv, y: v * u * du),
    (S.POWER_RULE, "the power rule for {y}: the factor {v} is lost, and the exponent is one more",
     lambda u, v, du, dv, y: ops.pow(u, v + 1) * du),
    (S.POWER_RULE, "the power rule for {y}: the factor is {v}, not one less",
     lambda u, v, du, dv, y: (v - 1) * ops.pow(u, v - 1) * du),
    (S.POWER_RULE, "the power rule for {y}: the base {u} is lost", lambda u, v, du, dv, y: v * du),
    (S.POWER_RULE, "{y} is a power, no exponential function",
     lambda u, v, du, dv, y: y * ops.log(u) * du),
    (S.ANTIDERIVATIVE, "{y} is integrated, not differentiated",
     lambda u, v, du, dv, y: ops.pow(u, v + 1) / (v + 1)),
    (S.INNER_DERIVATIVE, _INNER % "u", lambda u, v, du, dv, y: v * ops.pow(u, v - 1), _WEAK),
    (S.INNER_DERIVATIVE, _PUT_IN, lambda u, v, du, dv, y: v * ops.pow(du, v - 1), 1.1),
)
_TO_POWER: Final[_Rows] = (  # u constant
    (S.EXPONENTIAL, "the derivative of {y} has the logarithm of {u} as a factor",
     lambda u, v, du, dv, y: y * dv),
    (S.EXPONENTIAL, "the logarithm of {u} is a factor of the derivative of {y}, no divisor",
     lambda u, v, du, dv, y: y * dv / ops.log(u)),
    (S.EXPONENTIAL, "{y} is an exponential function, no power",
     lambda u, v, du, dv, y: v * ops.pow(u, v - 1) * dv),
    (S.INNER_DERIVATIVE, _INNER % "v", lambda u, v, du, dv, y: y * ops.log(u), _WEAK),
)
_TO_BOTH: Final[_Rows] = (
    (S.POWER_RULE, "in {y} the exponent is not constant",
     lambda u, v, du, dv, y: v * ops.pow(u, v - 1) * du, 1.04),
    (S.EXPONENTIAL, "in {y} the base is not constant", lambda u, v, du, dv, y: y * ops.log(u) * dv),
)
_LOGARITHM: Final[_Rows] = (
    (S.LOGARITHM, "the derivative of {y} has {u} itself in the denominator",
     lambda u, du, y: 1 / du),
    (S.LOGARITHM, "the derivative of {y} is not the logarithm of the derivative",
     lambda u, du, y: ops.log(du), 1.1),
    (S.LOGARITHM, "the logarithm of the base of {y} is left out", lambda u, du, y: du / u),
    *((S.LOGARITHM, "the logarithm of the base of {y} is a divisor, no factor",
       lambda u, du, y, base=base: ops.log(base) * du / u) for base in (2.0, 10.0)),
)
_OF_OPERATIONS: Final[dict[Operation, _Rows]] = {
    ops.exp: (
        (S.EXPONENTIAL, "{y} is an exponential function, no power",
         lambda u, du, y: u * ops.exp(u - 1) * du),
        (S.EXPONENTIAL, "{y} is an exponential function, no power",
         lambda u, du, y: u * ops.exp(u - 1)),
        (S.INNER_DERIVATIVE, _INNER % "u", lambda u, du, y: y, 1.04),
        (S.EXPONENTIAL, "the exponent of {y} stays as it is", lambda u, du, y: ops.exp(du)),
    ),
    ops.sqrt: (
        (S.POWER_RULE, "the factor 1/2 of the derivative of {y} is lost", lambda u, du, y: du / y,
         1.015),
        (S.POWER_RULE, "the root {y} belongs in the denominator", lambda u, du, y: y * du / 2),
        (S.POWER_RULE, "two times the root {y} belongs in the denominator",
         lambda u, du, y: 2 * y * du),
        (S.POWER_RULE, "the 2 in the derivative of {y} belongs in the denominator",
         lambda u, du, y: 2 * du / y),
        (S.POWER_RULE, "the derivative of the root {y} is not the root of the derivative",
         lambda u, du, y: ops.sqrt(du)),
    ),
    **dict.fromkeys((ops.log, ops.log2, ops.log10), _LOGARITHM),
}
_CONSTANT: Final[_Rows] = (
    (S.CONSTANT, "the constant {y} stays: its derivative is 0", lambda u, du, y: y),
    (S.CONSTANT, "the derivative of the constant {y} is 0, not 1", lambda u, du, y: 1.0),
)
_TERM: Final[_Rows] = (
    (S.NOT_DERIVED, "{y} stands there as it was: its derivative is not taken",
     lambda u, du, y: y, _WEAKER),
)

# Of functions people take another one's derivative: any of the family, or a product of two.
FAMILIES: Final = (
    (ops.sin, ops.cos, ops.tan, ops.sec, ops.csc, ops.cot),
    (ops.sinh, ops.cosh, ops.tanh, ops.sech, ops.csch, ops.coth),
)
ARCS: Final = (
    (ops.asin, ops.acos, ops.atan, ops.asec, ops.acsc, ops.acot),
    (ops.asinh, ops.acosh, ops.atanh),
)
# fmt: on


def spoken(op: Operation) -> str:
    """What a function is called in a sentence: arcsin, log2, sigmoid."""
    name = notation_name(op).lstrip("\\")
    return name if name.isalpha() and name not in GREEK else op.name


def _of_family(op: Operation) -> Iterator[Callable[[Any], Any]]:
    for family in (family for family in FAMILIES if op in family):
        yield from family
        for i, a in enumerate(family):
            for b in family[i:]:
                # Other products are another function of the family, or 1.
                if b is a or (i > 1 and (i, b) != (2, family[5])):
                    yield partial(lambda a, b, x: a(x) * b(x), a, b)
    arcs = [arc for family in ARCS for arc in family]
    for arc in arcs if op in arcs else ():
        yield partial(lambda arc, x: arc.rules[0](x, arc(x)), arc)


def _of_call(op: Operation) -> Iterator[tuple[Any, ...]]:
    rule = op.rules[0]
    others = list(_of_family(op))
    if others and isinstance(rule(_ANY, op(_ANY)), Negative):
        words = f"the derivative of {spoken(op)} is {{right}}: the sign is wrong"
        yield S.SIGN, words, lambda u, du, y: -rule(u, y) * du, 0.92
    yield S.INNER_DERIVATIVE, _INNER % "u", lambda u, du, y: rule(u, y), _WEAK
    yield S.INNER_DERIVATIVE, _PUT_IN, lambda u, du, y: rule(du, op(du)), 1.1
    words = f"{spoken(op)} stands there as it was: its derivative is {{right}}"
    yield S.NOT_DERIVED, words, lambda u, du, y: y * du, _WEAKER
    words = f"the derivative of {spoken(op)} is {{right}}, not {{written}}"
    for slope in others:
        for sign in (1, -1):
            form = partial(lambda slope, sign, u, du, y: sign * slope(u) * du, slope, sign)
            yield S.OTHER_FUNCTION, words, form, 1.07


def _of_product(live: tuple[bool, ...]) -> Iterator[Mistake]:
    rule = form_of("product")

    def less(i: int, times: int, u: Any, du: Any, y: Any) -> Any:
        return rule(u, du, y) - times * term_of_product(u, du, i)

    def of_slopes(u: Any, du: Any, y: Any) -> Any:
        return prod(a if is_zero(slope) else slope for a, slope in zip(u, du, strict=True))

    places = [i for i, is_live in enumerate(live) if is_live][:_MOST_FACTORS]
    for i in places if len(places) > 1 else ():
        term = f"the product rule for {{y}}: the term with the derivative of {{u{i}}} "
        yield Mistake(S.PRODUCT_RULE, f"{term}is missing", partial(less, i, 1), 1.05)
        yield Mistake(S.PRODUCT_RULE, f"{term}has the wrong sign", partial(less, i, 2), 1.03)
    if len(places) > 1:
        words = "the derivative of the product {y} is not the product of the derivatives"
        yield Mistake(S.PRODUCT_RULE, words, of_slopes, 1.05)
    for i in [i for i, is_live in enumerate(live) if not is_live][:_MOST_FACTORS]:
        form = partial(lambda i, u, du, y: rule(u, du, y) / u[i], i)
        yield Mistake(S.LOST_FACTOR, f"the constant factor {{u{i}}} is lost", form, _WEAKER)


def mistakes_in(place: Place, *, is_term: bool) -> tuple[Mistake, ...]:
    """What can go wrong with the rule at a place, and with it as a term of a sum."""
    live = tuple(not is_zero(slope) for slope in place.slopes)
    is_square = place.rule == "product" and len({below.part for below in place.below}) == 1
    found = _known(place.rule, live) if any(live) and not is_square else ()
    return found + _known("term" if any(live) else "constant", ()) if is_term else found


@lru_cache(maxsize=512)
def _known(rule: Rule | None, live: tuple[bool, ...]) -> tuple[Mistake, ...]:
    match rule, live:
        case "product", _:
            return tuple(_of_product(live))
        case "quotient", (above, True):
            return _mistakes(_OF_BOTH if above else _OF_DENOMINATOR, _of_two)
        case "power", (base, exponent):
            rows = _TO_BOTH if base and exponent else _POWER if base else _TO_POWER
            return _mistakes(rows, _of_two)
        case (("term" | "constant"), _):
            return _mistakes(_TERM if rule == "term" else _CONSTANT, lambda form: form)
        case Operation(arity=1) as op, _:
            return _mistakes((*_OF_OPERATIONS.get(op, ()), *_of_call(op)), _of_one)
    return ()


def _mistakes(rows: _Rows, as_form: Callable[[Any], Form]) -> tuple[Mistake, ...]:
    return tuple(
        Mistake(kind, words, as_form(form), *(cost or (cost_of(kind),)))
        for kind, words, form, *cost in rows
    )
