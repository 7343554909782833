"""Slips of the chain rule in a network: paths left out, activations wrongly derived, late weights."""

from __future__ import annotations

from itertools import chain as chained
from typing import TYPE_CHECKING, Final, NamedTuple

from autograd import ops
from autograd.marking.kinds import SlipKind
from autograd.marking.trial import ROOT, Form, Key, Place
from autograd.notation.calculus import form_of, is_zero
from autograd.notation.expr import Expr, Symbol
from autograd.notation.labels import spellings_of
from autograd.ops import Operation

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from autograd.marking.judge import Judge
    from autograd.marking.trial import Chain, Numbers

_CONFUSED: Final = (ops.sigmoid, ops.tanh)
_NO_FUNCTIONS: Final = frozenset((ops.neg, ops.square, ops.cube, ops.reciprocal, ops.abs))
# Letters of parameters; other leaves, such as inputs and targets, nobody updates.
_PARAMETERS: Final = frozenset(("W", "w", "b", "B", r"\theta", r"\beta", r"\omega"))


class Wiring(NamedTuple):
    """A slip: its kind, it in words, and the forms that stand for the right ones."""

    kind: SlipKind
    words: Sequence[str | Expr]
    wrong: Mapping[Key, Form]


def _nothing(_u: Sequence[float], _du: Sequence[float], _y: float) -> float:
    return 0.0


class Rewiring:
    """The ways in which the chain rule can go wrong over the formulas of a network."""

    def __init__(self, chain: Chain, of: str) -> None:
        self.chain = chain
        self.of = of
        self.number = {
            id(place): (label, number)
            for label, places in chain.places.items()
            for number, place in enumerate(places)
        }
        self.uses: dict[str, list[Key]] = {}
        for label, places in chain.places.items():
            for number, place in enumerate(places):
                if isinstance(place.part, Symbol) and place.part.label in chain.tangents:
                    self.uses.setdefault(place.part.label, []).append((label, number))

    def slips(self) -> Iterator[Wiring]:
        """Each single slip; those that concern activations first."""
        return chained(self._activations(), self._missing_terms(), self._missing_uses())

    # Activations.

    def _activations(self) -> Iterator[Wiring]:
        """Each function with its derivative missing or wrong, at one place, in a layer, anywhere."""
        groups: dict[object, list[Key]] = {}
        for key, height in self._functions():
            op = self._place(key).rule
            for group in (key, (op, height), op):
                groups.setdefault(group, []).append(key)
        for keys in dict.fromkeys(map(tuple, groups.values())):
            yield from self._wrong_slopes(keys[::-1])

    def _place(self, key: Key) -> Place:
        return self.chain.places[key[0]][key[1]]

    def _functions(self) -> list[tuple[Key, int]]:
        """The functions on the way, each with how many lie above it at most: its layer."""
        heights: dict[str, int] = {}
        found: list[tuple[Key, int]] = []
        for label in reversed(self.chain.places):
            inside: dict[int, int] = {}
            for number, place in enumerate(self.chain.places[label]):
                height = inside.get(id(place), heights.get(label, 0))
                is_function = isinstance(place.rule, Operation) and _is_function(place, place.rule)
                if is_function:
                    found.append(((label, number), height))
                for below in place.below:
                    inside[id(below)] = height + is_function
                if isinstance(place.part, Symbol):
                    heights[place.part.label] = max(heights.get(place.part.label, 0), height)
        return found

    def _wrong_slopes(self, keys: Sequence[Key]) -> Iterator[Wiring]:
        op = self._place(keys[0]).rule
        if not isinstance(op, Operation):
            return
        at: list[str | Expr] = [f"of {op.name}, at "]
        for place, key in enumerate(keys[:3]):
            at += [", " if place else "", self._name(key)]
        at.append(", ...," if len(keys) > 3 else ",")
        rule = op.rules[0]
        wrong: list[tuple[SlipKind, tuple[str, str], Form]] = [
            (SlipKind.INNER_DERIVATIVE, ("the derivative ", " is missing"),
             lambda u, du, y: du[0]),
            (SlipKind.PRE_ACTIVATION,
             ("the derivative ", " has what goes in where what comes out belongs"),
             lambda u, du, y: rule(*u, u[0]) * du[0]),
            (SlipKind.POST_ACTIVATION, ("the derivative ", " is taken at what comes out"),
             lambda u, du, y: rule(y, *u[1:], op(y, *u[1:])) * du[0]),
        ]  # fmt: skip
        if op in _CONFUSED:
            other = next(each for each in _CONFUSED if each is not op)
            wrong += [
                (SlipKind.OTHER_FUNCTION,
                 (f"the derivative of {other.name} is taken where that ", " belongs"),
                 lambda u, du, y: other.rules[0](u[0], y) * du[0]),
                (SlipKind.EXTRA_DERIVATIVE, ("the derivative ", " is one too many"),
                 lambda u, du, y: rule(u[0], y) ** 2 * du[0]),
            ]  # fmt: skip
        for kind, (before, after), form in wrong:
            yield Wiring(kind, (before, *at, after), dict.fromkeys(keys, form))

    def _name(self, key: Key) -> Expr:
        label, number = key
        is_named = number == 0 and label not in (ROOT, self.of) and label[:1] != "\0"
        return Symbol(label) if is_named else self._place(key).part

    # Paths.

    def _missing_terms(self) -> Iterator[Wiring]:
        """A sum of which several terms depend on what is differentiated by, without one of these."""
        for label, places in self.chain.places.items():
            for place in places:
                live = [p for p in place.below if not is_zero(p.slope)]
                if place.rule != "sum" or len(live) < 2:
                    continue
                for term in live:
                    yield self._missing(
                        [self._below(label, term)], [self.number[id(term)]], term.part
                    )
                    others = [p for p in live if p is not term]
                    through = [self._below(label, p) for p in others]
                    if len(live) > 2 and any(through):
                        yield self._missing(through, [self.number[id(p)] for p in others])

    def _missing_uses(self) -> Iterator[Wiring]:
        """A symbol that is used for several others, without one of these, or all but one."""
        for uses in self.uses.values():
            ways: dict[str, list[Key]] = {}
            for key in uses:
                ways.setdefault(self._above(key[0]), []).append(key)
            for symbol, keys in ways.items() if len(ways) > 1 else ():
                yield self._missing([symbol], keys)
                if len(ways) > 2:
                    others = [other for other in ways if other != symbol]
                    yield self._missing(others, [key for other in others for key in ways[other]])

    def _missing(self, through: list[str], keys: Sequence[Key], term: Expr | None = None) -> Wiring:
        change = dict.fromkeys(keys, _nothing)
        named = list(dict.fromkeys(symbol for symbol in through if symbol))
        if not named and term is not None:
            return Wiring(SlipKind.LOST_TERM, ("the derivative of ", term, " is missing"), change)
        if not named:
            return Wiring(SlipKind.LOST_TERM, ("the term of the direct path is lost",), change)
        words: list[str | Expr] = [f"the path{'s' * (len(named) > 1)} through "]
        for place, symbol in enumerate(named):
            words += [", " if place else "", Symbol(symbol)]
        words.append(" are missing" if len(named) > 1 else " is missing")
        return Wiring(SlipKind.MISSING_PATH, words, change)

    def overwritten(self) -> Iterator[Wiring]:
        """Of the uses of a symbol only one counts, as where a program keeps the last gradient."""
        for label, uses in self.uses.items():
            for key in uses if len({above for above, _ in uses}) > 1 else ():
                place = self._above(key[0])
                where = ("the one in ", Symbol(place)) if place else ("the direct one",)
                words = (f"of the {len(uses)} uses of ", Symbol(label), " only ", *where,
                         " counts: overwritten, not added up")  # fmt: skip
                others = [other for other in uses if other != key]
                yield Wiring(SlipKind.OVERWRITTEN, words, dict.fromkeys(others, _nothing))

    def _above(self, label: str) -> str:
        """The symbol in whose formula something stands; empty for the function itself."""
        while label[:1] == "\0" and label in self.uses:
            label = self.uses[label][0][0]
        return "" if label in (ROOT, self.of) or label[:1] == "\0" else label

    def _below(self, label: str, term: Place) -> str:
        """A symbol on the way down from a term; empty where there is none."""
        for place in term.walk():
            if isinstance(place.part, Symbol) and place.part.label in self.chain.tangents:
                inner = place.part.label
                if inner[:1] == "\0":
                    return self._below(inner, self.chain.places[inner][0])
                return "" if inner == self.chain.wrt else inner
        return ""


def _is_function(place: Place, op: Operation) -> bool:
    is_one = op.arity == 1 or (op.arity == 2 and is_zero(place.below[1].slope))
    return is_one and not op.symbol and op not in _NO_FUNCTIONS and not is_zero(place.slope)


# Weights that had been updated already.


def updated(
    judge: Judge, of: Expr, chain: Chain, rate: float, numbers: Numbers
) -> Iterator[dict[str, float]]:
    """The parameters after a step of gradient descent on some of them, in each way it happens.

    All may have been updated, or all but one, or only the factors on the way to the output.
    """
    from autograd.notation.expr import Derivative

    leaves = [
        label for label in judge.cone(of) if label not in judge.formulas and label in judge.values
    ]
    new = {
        label: numbers[label] - rate * numbers.worth(Derivative(of, Symbol(label)))
        for label in leaves
    }
    letters = _PARAMETERS | {_letter(chain.wrt)}
    parameters = [label for label in leaves if _letter(label) in letters]
    beside = {
        place.part.label
        for places in chain.places.values()
        for place in places
        if isinstance(place.part, Symbol) and place.part.label not in chain.tangents
    }
    factors = [label for label in parameters if label in beside]
    rest = [label for label in parameters if label != chain.wrt]
    for some in (leaves, parameters, rest, factors, *([label] for label in factors)):
        if some:
            yield {label: new[label] for label in some}


def _letter(label: str) -> str:
    spelling = next(iter(spellings_of(label)), None)
    return spelling.base if spelling else label
