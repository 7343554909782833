"""What people write instead of a rule of differentiation, as one table, and paths they forget.

A mistake is a formula that stands for the right derivative of a part: of what the part is made of
(u0, u1, ...), the derivatives of these (du0, du1, ...) and the part itself (y).
"""

from __future__ import annotations

import operator
import re
from functools import lru_cache, reduce
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from autograd import ops
from autograd.marking.kinds import SlipKind as S
from autograd.marking.kinds import cost_of
from autograd.notation import (
    GREEK,
    ONE,
    ZERO,
    Derivative,
    Expr,
    Negative,
    Rule,
    Symbol,
    as_expr,
    form_of,
    is_zero,
    normal,
    notation_name,
    spelling_of,
    substituted,
    term_of_product,
)
from autograd.ops import Operation

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from autograd.marking.chain import Chain, Key, Place, Trial
    from autograd.marking.judge import Judge

_FIELD: Final = re.compile(r"\{(\w+)\}")
_MOST_FACTORS: Final = 6  # of a product, of which each may go wrong
_MOST_NAMED: Final = 3  # places of a slip in several
# Letters of parameters; other leaves, such as inputs and targets, nobody updates.
_PARAMETERS: Final = frozenset(("W", "w", "b", "B", r"\theta", r"\beta", r"\omega"))
_NO_FUNCTIONS: Final = frozenset((ops.neg, ops.square, ops.cube, ops.reciprocal, ops.abs))
# What else costs as much as it does: rather a factor that is a symbol was lost, or any factor.
_WEAK, _WEAKER = 1.27, 1.37
_ANY: Final = Symbol("x")
U, V, DU, DV, Y = map(Symbol, ("u0", "u1", "du0", "du1", "y"))


class Mistake(NamedTuple):
    """One way to go wrong: it in words, and what is written for the derivative.

    The words name parts as {y}, {u}, {v}, what is {right} and what {written}, and places {at} which
    it happens: then it is the slip of a network, which may be one of a whole layer.
    """

    kind: S
    words: str
    form: Expr
    cost: float

    @property
    def is_of_networks(self) -> bool:
        """Whether it is told by the places at which it happens."""
        return "{at}" in self.words

    def told(self, chain: Chain, places: Sequence[Place]) -> list[str | Expr]:
        """It in words, of places."""
        place, parts = places[0], list[str | Expr]()
        inner = [below.part for below in place.below]
        for i, piece in enumerate(_FIELD.split(self.words)):
            match piece:
                case _ if i % 2 == 0:
                    parts.append(piece)
                case "y":
                    parts.append(place.part)
                case "right":
                    right = form_of(place.rule or "")(inner, (1,), place.part)
                    parts.append(normal(as_expr(right)))
                case "written":
                    given = {"u0": inner[0], "du0": ONE, "y": place.part}
                    parts.append(normal(substituted(self.form, given)))
                case "at":
                    for each in places[:_MOST_NAMED]:
                        parts += [", "] if each is not place else []
                        parts.append(_name_of(each, chain))
                    parts += [", ..."] if len(places) > _MOST_NAMED else []
                case _:
                    parts.append(inner[int(piece[1:] or 0) + (piece[0] == "v")])
        is_more = len(places) > 1 and not self.is_of_networks
        return [*parts, ", and so elsewhere"] if is_more else parts


def _name_of(place: Place, chain: Chain) -> Expr:
    formula, path = place.key
    is_named = not path and formula and _visible_above(formula, chain) == formula
    return Symbol(formula) if is_named else place.part


# The tables read across: the kind of slip, it in words, what is written, perhaps what it costs.
# fmt: off

_Rows = tuple[tuple[Any, ...], ...]
_INNER: Final = "the inner derivative, of {%s}, is left out"
_PUT_IN: Final = "the inner derivative, of {u}, is put in for {u} itself"
_QUOTIENT: Final[_Rows] = (  # u / v
    (S.QUOTIENT_RULE, "the quotient rule for {y}: the denominator {v} is to be squared",
     (DU * V - U * DV) / V),
    (S.QUOTIENT_RULE, "the quotient rule for {y}: it has a denominator, {v} squared",
     DU * V - U * DV),
    (S.QUOTIENT_RULE, "in {y} the derivative of {v} is no denominator", U / DV),
)
_OF_BOTH: Final[_Rows] = (
    *_QUOTIENT,
    (S.QUOTIENT_RULE, "the quotient rule for {y} is the wrong way round",
     (U * DV - DU * V) / V ** 2),
    (S.QUOTIENT_RULE, "the quotient rule for {y} has a minus between its terms",
     (DU * V + U * DV) / V ** 2),
    (S.QUOTIENT_RULE, "the derivative of {y} is not the quotient of the derivatives", DU / DV),
    (S.QUOTIENT_RULE, "the quotient rule for {y}: the term with the derivative of {v} is missing",
     DU / V),
    (S.QUOTIENT_RULE, "the quotient rule for {y}: the term with the derivative of {u} is missing",
     -U * DV / V ** 2),
)
_OF_DENOMINATOR: Final[_Rows] = (
    *_QUOTIENT,
    (S.QUOTIENT_RULE, "the derivative of {y} has a minus", U * DV / V ** 2),
    (S.INNER_DERIVATIVE, _INNER % "v", -U / V ** 2, _WEAK),
)
_FOR: Final = "the power rule for {y}: the "
_POWER: Final[_Rows] = (  # u^v, v constant
    (S.POWER_RULE, _FOR + "factor {v} is lost", U ** (V - 1) * DU),
    (S.POWER_RULE, _FOR + "exponent is to become one less", V * Y * DU),
    (S.POWER_RULE, _FOR + "exponent is to become one less, not one more", V * U ** (V + 1) * DU),
    (S.POWER_RULE, _FOR + "exponent is to become one less, not to be lost", V * U * DU),
    (S.POWER_RULE, _FOR + "factor {v} is lost, and the exponent is one more", U ** (V + 1) * DU),
    (S.POWER_RULE, _FOR + "factor is {v}, not one less", (V - 1) * U ** (V - 1) * DU),
    (S.POWER_RULE, _FOR + "base {u} is lost", V * DU),
    (S.POWER_RULE, "{y} is a power, no exponential function", Y * ops.log(U) * DU),
    (S.ANTIDERIVATIVE, "{y} is integrated, not differentiated", U ** (V + 1) / (V + 1)),
    (S.INNER_DERIVATIVE, _INNER % "u", V * U ** (V - 1), _WEAK),
    (S.INNER_DERIVATIVE, _PUT_IN, V * DU ** (V - 1), 1.1),
)
_TO_POWER: Final[_Rows] = (  # u constant
    (S.EXPONENTIAL, "the derivative of {y} has the logarithm of {u} as a factor", Y * DV),
    (S.EXPONENTIAL, "{y} is an exponential function, no power", V * U ** (V - 1) * DV),
    (S.INNER_DERIVATIVE, _INNER % "v", Y * ops.log(U), _WEAK),
)
_TO_BOTH: Final[_Rows] = (
    (S.POWER_RULE, "in {y} the exponent is not constant", V * U ** (V - 1) * DU, 1.04),
    (S.EXPONENTIAL, "in {y} the base is not constant", Y * ops.log(U) * DV),
)
_LOGARITHM: Final[_Rows] = (
    (S.LOGARITHM, "the derivative of {y} has {u} itself in the denominator", 1 / DU),
    (S.LOGARITHM, "the logarithm of the base of {y} is left out", DU / U),
    *((S.LOGARITHM, "the logarithm of the base of {y} is a divisor, no factor",
       ops.log(as_expr(base)) * DU / U) for base in (2, 10)),
)
_OF_OPERATIONS: Final[dict[Rule, _Rows]] = {
    ops.exp: (
        (S.EXPONENTIAL, "{y} is an exponential function, no power", U * ops.exp(U - 1) * DU),
        (S.INNER_DERIVATIVE, _INNER % "u", Y, 1.04),
    ),
    ops.sqrt: (
        (S.POWER_RULE, "the factor 1/2 of the derivative of {y} is lost", DU / Y, 1.015),
        (S.POWER_RULE, "the root {y} belongs in the denominator", Y * DU / 2),
    ),
    **dict.fromkeys((ops.log, ops.log2, ops.log10), _LOGARITHM),
}
_CONSTANT: Final[_Rows] = (
    (S.CONSTANT, "the constant {y} stays: its derivative is 0", Y),
    (S.CONSTANT, "the derivative of the constant {y} is 0, not 1", ONE),
)
_TERM: Final[_Rows] = (
    (S.NOT_DERIVED, "{y} stands there as it was: its derivative is not taken", Y, _WEAKER),
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


def _of_family(op: Operation) -> Iterator[Expr]:
    """The derivatives that are taken for that of a function, as far as it goes."""
    for family in (family for family in FAMILIES if op in family):
        yield from (a(U) for a in family)
        for i, a in enumerate(family):
            for b in family[i:]:
                # Other products are another function of the family, or 1.
                if b is a or (i > 1 and (i, b) != (2, family[5])):
                    yield a(U) * b(U)
    arcs = [arc for family in ARCS for arc in family]
    for arc in arcs if op in arcs else ():
        yield arc.rules[0](U, arc(U))


def _of_call(op: Operation) -> Iterator[tuple[Any, ...]]:
    name, right = _spoken(op), op.rules[0](U, Y)
    others = list(_of_family(op))
    if others and isinstance(op.rules[0](_ANY, op(_ANY)), Negative):
        words = f"the derivative of {name} is {{right}}: the sign is wrong"
        yield S.SIGN, words, -right * DU, 0.92
    yield S.INNER_DERIVATIVE, _INNER % "u", right, _WEAK
    yield S.INNER_DERIVATIVE, _PUT_IN, op.rules[0](DU, op(DU)), 1.1
    words = f"{name} stands there as it was: its derivative is {{right}}"
    yield S.NOT_DERIVED, words, Y * DU, _WEAKER
    words = f"the derivative of {name} is {{right}}, not {{written}}"
    for slope in others:
        for other in (slope, -slope):
            yield S.OTHER_FUNCTION, words, other * DU, 1.07


def _spoken(op: Operation) -> str:
    """What a function is called in a sentence: arcsin, log2, sigmoid."""
    name = notation_name(op).lstrip("\\")
    return name if name.isalpha() and name not in GREEK else op.name


def _in_network(op: Operation, live: int) -> Iterator[tuple[Any, ...]]:
    """The slips of a function of one thing, as networks have them."""
    at = f"of {_spoken(op)}, at {{at}},"
    inputs = [Symbol(f"u{i}") for i in range(op.arity)]
    yield S.INNER_DERIVATIVE, f"the derivative {at} is missing", Symbol(f"du{live}")
    if live == 0:
        words = f"the derivative {at} has what goes in where what comes out belongs"
        yield S.PRE_ACTIVATION, words, op.rules[0](*inputs, U) * DU
        words = f"the derivative {at} is taken at what comes out"
        again = op.rules[0](Y, *inputs[1:], op(Y, *inputs[1:]))
        yield S.POST_ACTIVATION, words, again * DU
    other = {ops.sigmoid: ops.tanh, ops.tanh: ops.sigmoid}.get(op)
    if other is not None:
        words = f"the derivative of {other.name} is taken where that {at} belongs"
        yield S.OTHER_FUNCTION, words, other.rules[0](U, Y) * DU
        words = f"the derivative {at} is one too many"
        yield S.EXTRA_DERIVATIVE, words, op.rules[0](U, Y) ** 2 * DU


def _of_product(live: tuple[bool, ...]) -> Iterator[tuple[Any, ...]]:
    u = [Symbol(f"u{i}") for i in range(len(live))]
    du = [Symbol(f"du{i}") if is_live else ZERO for i, is_live in enumerate(live)]
    terms = [term_of_product(u, du, i) for i in range(len(live))]
    places = [i for i, is_live in enumerate(live) if is_live][:_MOST_FACTORS]
    for i in places if len(places) > 1 else ():
        term = f"the product rule for {{y}}: the term with the derivative of {{u{i}}} "
        others = reduce(operator.add, (*terms[:i], *terms[i + 1 :]))
        yield S.PRODUCT_RULE, f"{term}is missing", others, 1.05
        yield S.PRODUCT_RULE, f"{term}has the wrong sign", others - terms[i], 1.03
    if len(places) > 1:
        words = "the derivative of the product {y} is not the product of the derivatives"
        slopes = (slope if is_live else a for a, slope, is_live in zip(u, du, live, strict=True))
        yield S.PRODUCT_RULE, words, reduce(operator.mul, slopes), 1.05
    for i in [i for i, is_live in enumerate(live) if not is_live][:_MOST_FACTORS]:
        rest = reduce(operator.add, terms) / u[i]
        yield S.LOST_FACTOR, f"the constant factor {{u{i}}} is lost", rest, _WEAKER


@lru_cache(maxsize=512)
def _known(rule: Rule | None, live: tuple[bool, ...]) -> tuple[Mistake, ...]:
    rows: Iterable[tuple[Any, ...]] = ()
    match rule, live:
        case "product", _:
            rows = _of_product(live)
        case "quotient", (above, True):
            rows = _OF_BOTH if above else _OF_DENOMINATOR
        case "power", (base, exponent):
            rows = _TO_BOTH if base and exponent else _POWER if base else _TO_POWER
        case (("term" | "constant"), _):
            rows = _TERM if rule == "term" else _CONSTANT
        case Operation() as op, _:
            rows = (*_OF_OPERATIONS.get(op, ()), *_of_call(op)) if op.arity == 1 else ()
            if sum(live) == 1 and not op.symbol and op not in _NO_FUNCTIONS:
                rows = (*_in_network(op, live.index(True)), *rows)
    return tuple(
        Mistake(kind, words, form, *(cost or (cost_of(kind),))) for kind, words, form, *cost in rows
    )


# Where the rules go wrong.


def mistakes(chain: Chain) -> Iterator[tuple[Mistake, list[Place]]]:
    """Each mistake at one place, in one layer of a network, and wherever the rule is applied."""
    places = list(chain.places.values())
    sums = [place for place in places if place.rule in ("sum", "negative")]
    terms = {each.key for place in sums for each in place.below}
    terms |= {root.key for root in chain.wholes if root.rule != "sum"}
    heights = dict.fromkeys(chain.places, 0)  # how many functions lie above
    found: dict[tuple[int, object], tuple[Mistake, list[Place]]] = {}
    for place in reversed(places):
        live = tuple(not is_zero(below.slope) for below in place.below)
        is_square = place.rule == "product" and len({below.part for below in place.below}) == 1
        known = _known(place.rule, live) if any(live) and not is_square else ()
        height = heights[place.key] + any(each.is_of_networks for each in known)
        for below in place.below:
            heights[below.key] = max(heights[below.key], height)
        if place.key in terms:
            known += _known("constant" if is_zero(place.slope) else "term", ())
        for mistake in known:
            layer = (height,) if mistake.is_of_networks else ()
            for group in (place.key, *layer, None):
                found.setdefault((id(mistake), group), (mistake, []))[1].insert(0, place)
    unlike = {
        (id(mistake), *(p.key for p in group)): (mistake, group)
        for mistake, group in found.values()
    }
    return iter(unlike.values())


class Wiring(NamedTuple):
    """Uses of symbols, or terms, that are forgotten: their derivatives count as 0."""

    kind: S
    words: Sequence[str | Expr]
    keys: Sequence[Key]


def forgotten(chain: Chain) -> Iterator[Wiring]:
    """Sums without some of their terms, symbols without some of their uses."""
    for ways in _branches(chain):
        for way in ways:
            yield _missing([way], chain)
            others = [other for other in ways if other is not way]
            if len(others) > 1 and any(symbol for symbol, _ in others):
                yield _missing(others, chain)


def _branches(chain: Chain) -> Iterator[list[tuple[str, list[Key]]]]:
    """Where several ways lead down to what is differentiated by: each by a symbol on it."""
    for place in chain.places.values():
        live = [below for below in place.below if not is_zero(below.slope)]
        if place.rule == "sum" and len(live) > 1:
            yield [(_visible_below(each, chain), [each.key]) for each in live]
    for uses in chain.uses.values():
        parts: dict[str, list[Key]] = {}
        for key in uses:
            parts.setdefault(_visible_above(key[0], chain), []).append(key)
        if len(parts) > 1:
            yield list(parts.items())


def _missing(ways: Sequence[tuple[str, list[Key]]], chain: Chain) -> Wiring:
    keys = [key for _, some in ways for key in some]
    words: list[str | Expr] = []
    for symbol in filter(None, dict.fromkeys(symbol for symbol, _ in ways)):
        words += [", " if words else " through ", Symbol(symbol)]
    if words:
        path, are = ("paths", " are missing") if len(words) > 2 else ("path", " is missing")
        return Wiring(S.MISSING_PATH, (f"the {path}", *words, are), keys)
    place = chain.places[keys[0]]
    if place.label or len(keys) > 1:
        return Wiring(S.LOST_TERM, ("the term of the direct path is lost",), keys)
    return Wiring(S.LOST_TERM, ("the derivative of ", place.part, " is missing"), keys)


def overwritten(chain: Chain) -> Iterator[Wiring]:
    """Of the uses of a symbol only one counts, as where a program keeps the last gradient."""
    for label, uses in chain.uses.items():
        for key in uses if len({formula for formula, _ in uses}) > 1 else ():
            above = _visible_above(key[0], chain)
            where = ("the one in ", Symbol(above)) if above else ("the direct one",)
            words = (f"of the {len(uses)} uses of ", Symbol(label), " only ", *where,
                     " counts: overwritten, not added up")  # fmt: skip
            yield Wiring(S.OVERWRITTEN, words, [other for other in uses if other != key])


def _visible_above(label: str, chain: Chain) -> str:
    """The symbol in whose formula something stands; empty for the function itself."""
    while label[:1] == "\0":
        label = chain.uses[label][0][0]
    return "" if label == chain.of else label


def _visible_below(term: Place, chain: Chain) -> str:
    """A symbol on the way down from a term; empty where there is none."""
    waiting = [term]
    while waiting:
        place = waiting.pop()
        if place.label == chain.wrt:
            return ""
        if place.label in chain.roots and place.label[:1] != "\0":
            return place.label
        waiting += place.below[::-1]
    return ""


def updated(judge: Judge, chain: Chain, rate: float, trial: Trial) -> Iterator[dict[str, float]]:
    """The parameters after a step of gradient descent on some of them, in each way it happens.

    All may have been updated, or all but one, or only the factors on the way to the output.
    """
    leaves = [s for s in judge.cone(chain.tree) if s not in judge.formulas and s in judge.values]
    slopes = {label: trial.derivative(Derivative(chain.tree, Symbol(label))) for label in leaves}
    new = {label: trial.of(Symbol(label)) - rate * slopes[label] for label in leaves}
    letters = _PARAMETERS | {spelling_of(chain.wrt).base}
    parameters = [s for s in leaves if spelling_of(s).base in letters]
    beside = {place.label for place in chain.places.values() if is_zero(place.slope)}
    factors = [label for label in parameters if label in beside]
    rest = [label for label in parameters if label != chain.wrt]
    for some in (leaves, parameters, rest, factors, *([label] for label in factors)):
        yield {label: new[label] for label in some}
