"""Slips of the chain rule in a network: missing paths, wrong activations, late weights."""

from __future__ import annotations

from itertools import chain as chained
from typing import TYPE_CHECKING, Final, NamedTuple

from autograd import ops
from autograd.marking.calculus_slips import spoken
from autograd.marking.kinds import SlipKind
from autograd.marking.trial import ROOT
from autograd.notation import Derivative, Expr, Symbol, is_zero, spelling_of
from autograd.ops import Operation

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from autograd.marking.judge import Judge
    from autograd.marking.trial import Chain, Key, Numbers, Place
    from autograd.notation import Form

_CONFUSED: Final = {ops.sigmoid: ops.tanh, ops.tanh: ops.sigmoid}
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
    """The ways in which the chain rule can go wrong over the formulas of a network.

    `of` is the symbol that is differentiated, if it is one.
    """

    def __init__(self, chain: Chain, of: str) -> None:
        self._chain = chain
        self._of = of
        self._keys: dict[int, Key] = {}
        self._uses: dict[str, list[Key]] = {}
        for label, places in chain.places.items():
            for path, place in places.items():
                self._keys[id(place)] = label, path
                if isinstance(place.part, Symbol) and place.part.label in chain.tangents:
                    self._uses.setdefault(place.part.label, []).append((label, path))

    def slips(self) -> Iterator[Wiring]:
        """Each single slip; those that concern activations first."""
        return chained(self._activations(), self._missing_terms(), self._missing_uses())

    def _activations(self) -> Iterator[Wiring]:
        """Each function with a missing or wrong derivative, at one place, in a layer, anywhere."""
        groups: dict[object, list[Key]] = {}
        for key, height in self._functions():
            rule = self._chain.place(key).rule
            for group in (key, (rule, height), rule):
                groups.setdefault(group, []).insert(0, key)
        for keys in dict.fromkeys(map(tuple, groups.values())):
            yield from self._wrong_slopes(keys)

    def _functions(self) -> Iterator[tuple[Key, int]]:
        """The functions on the way, each with how many lie above it at most: its layer."""
        heights: dict[object, int] = {}
        for label in reversed(self._chain.places):
            heights[id(self._chain.places[label][()])] = heights.get(label, 0)
            for place in self._chain.places[label].values():
                height = heights[id(place)]
                if is_function := _is_function(place):
                    yield self._keys[id(place)], height
                heights.update((id(below), height + is_function) for below in place.below)
                if isinstance(place.part, Symbol):
                    heights[place.part.label] = max(heights.get(place.part.label, 0), height)

    def _wrong_slopes(self, keys: Sequence[Key]) -> Iterator[Wiring]:
        place = self._chain.place(keys[0])
        op, live = place.rule, next(i for i, p in enumerate(place.below) if not is_zero(p.slope))
        if not isinstance(op, Operation):
            return
        rule, other = op.rules[live], _CONFUSED.get(op)
        at: list[str | Expr] = [f"of {spoken(op)}, at "]
        for label, path in keys[:3]:
            is_named = not path and self._above(label) == label != ROOT
            at += [Symbol(label) if is_named else self._chain.place((label, path)).part, ", "]
        at[-1] = ", ...," if len(keys) > 3 else ","
        # fmt: off
        wrong: list[tuple[SlipKind, str, str, Form]] = [
            (SlipKind.INNER_DERIVATIVE, "the derivative ", " is missing", lambda u, du, y: du[live])
        ]
        wrong += [
            (SlipKind.PRE_ACTIVATION, "the derivative ",
             " has what goes in where what comes out belongs",
             lambda u, du, y: rule(*u, u[0]) * du[0]),
            (SlipKind.POST_ACTIVATION, "the derivative ", " is taken at what comes out",
             lambda u, du, y: rule(y, *u[1:], op(y, *u[1:])) * du[0]),
        ] if live == 0 else []
        if other is not None:
            wrong += [
                (SlipKind.OTHER_FUNCTION, f"the derivative of {other.name} is taken where that ",
                 " belongs", lambda u, du, y: other.rules[0](u[0], y) * du[0]),
                (SlipKind.EXTRA_DERIVATIVE, "the derivative ", " is one too many",
                 lambda u, du, y: rule(u[0], y) ** 2 * du[0]),
            ]
        # fmt: on
        for kind, before, after, form in wrong:
            yield Wiring(kind, (before, *at, after), dict.fromkeys(keys, form))

    # Paths.

    def _missing_terms(self) -> Iterator[Wiring]:
        """A sum of which several terms depend on the variable, without some of these."""
        for place in (place for each in self._chain.places.values() for place in each.values()):
            live = [p for p in place.below if not is_zero(p.slope)]
            if place.rule == "sum" and len(live) > 1:
                ways = {self._keys[id(p)]: self._below(p) for p in live}
                for key, symbol in ways.items():
                    words = ("the derivative of ", self._chain.place(key).part, " is missing")
                    yield self._missing([symbol], [key], words)
                    others = [other for other in ways if other != key]
                    if len(live) > 2 and any(map(ways.get, others)):
                        yield self._missing(map(ways.__getitem__, others), others)

    def _missing_uses(self) -> Iterator[Wiring]:
        """A symbol that is used for several others, without one of these, or all but one."""
        for uses in self._uses.values():
            ways: dict[str, list[Key]] = {}
            for key in uses:
                ways.setdefault(self._above(key[0]), []).append(key)
            for symbol, keys in ways.items() if len(ways) > 1 else ():
                yield self._missing([symbol], keys)
                if len(ways) > 2:
                    others = [other for other in ways if other != symbol]
                    yield self._missing(others, [key for other in others for key in ways[other]])

    def _missing(
        self,
        through: Iterator[str] | list[str],
        keys: list[Key],
        direct: Sequence[str | Expr] = ("the term of the direct path is lost",),
    ) -> Wiring:
        wrong = dict.fromkeys(keys, _nothing)
        words: list[str | Expr] = []
        for symbol in filter(None, dict.fromkeys(through)):
            words += [", " if words else " through ", Symbol(symbol)]
        if not words:
            return Wiring(SlipKind.LOST_TERM, direct, wrong)
        path, are = ("the paths", " are missing") if len(words) > 2 else ("the path", " is missing")
        return Wiring(SlipKind.MISSING_PATH, (path, *words, are), wrong)

    def overwritten(self) -> Iterator[Wiring]:
        """Of the uses of a symbol only one counts, as where a program keeps the last gradient."""
        for label, uses in self._uses.items():
            for key in uses if len({above for above, _ in uses}) > 1 else ():
                place = self._above(key[0])
                where = ("the one in ", Symbol(place)) if place else ("the direct one",)
                words = (f"of the {len(uses)} uses of ", Symbol(label), " only ", *where,
                         " counts: overwritten, not added up")  # fmt: skip
                others = [other for other in uses if other != key]
                yield Wiring(SlipKind.OVERWRITTEN, words, dict.fromkeys(others, _nothing))

    def _above(self, label: str) -> str:
        """The symbol in whose formula something stands; empty for the function itself."""
        while label[:1] == "\0" and label in self._uses:
            label = self._uses[label][0][0]
        return "" if label in (ROOT, self._of) or label[:1] == "\0" else label

    def _below(self, term: Place) -> str:
        """A symbol on the way down from a term; empty where there is none."""
        for _, place in term.walk():
            if isinstance(place.part, Symbol) and place.part.label in self._uses:
                label = place.part.label
                if label[:1] == "\0":
                    return self._below(self._chain.places[label][()])
                return "" if label == self._chain.wrt else label
        return ""


def _is_function(place: Place) -> bool:
    """Whether it is a function of one thing that depends on what is differentiated by."""
    op = place.rule
    if not isinstance(op, Operation) or op.symbol or op in _NO_FUNCTIONS or is_zero(place.slope):
        return False
    return sum(not is_zero(below.slope) for below in place.below) == 1


def updated(
    judge: Judge, of: Expr, chain: Chain, rate: float, numbers: Numbers
) -> Iterator[dict[str, float]]:
    """The parameters after a step of gradient descent on some of them, in each way it happens.

    All may have been updated, or all but one, or only the factors on the way to the output.
    """
    used = [label for label in judge.cone(of) if label not in judge.formulas]
    leaves = [label for label in used if label in judge.values]
    slopes = {label: numbers.worth(Derivative(of, Symbol(label))) for label in leaves}
    new = {label: numbers[label] - rate * slopes[label] for label in leaves}
    letters = _PARAMETERS | {spelling_of(chain.wrt).base}
    parameters = [s for s in leaves if spelling_of(s).base in letters]
    parts = (place.part for places in chain.places.values() for place in places.values())
    beside = {part.label for part in parts if isinstance(part, Symbol)} - chain.tangents.keys()
    factors = [label for label in parameters if label in beside]
    rest = [label for label in parameters if label != chain.wrt]
    for some in (leaves, parameters, rest, factors, *([label] for label in factors)):
        yield {label: new[label] for label in some}
