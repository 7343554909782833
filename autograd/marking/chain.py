"""Formulas and the chain rule worked out in floats at one point: where slips are tried out."""

from __future__ import annotations

import itertools
import operator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from autograd.errors import DomainError
from autograd.marking.balls import to_float
from autograd.notation import (
    At,
    Cases,
    Derivative,
    Expr,
    FormulaError,
    Meaning,
    Rule,
    Symbol,
    children,
    form_of,
    is_zero,
    operands,
    symbols_of,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from autograd.marking.judge import Judge, Point

Key = tuple[str, tuple[int, ...]]  # a formula's symbol, and the way to a place in it

_CLOSE: Final = 1e-9
_SLIGHT: Final = 1e-4  # of the larger numbers about: what is left of cancelling is not compared
_LEAST: Final = 1e-290
_SIGNS: Final = {
    "<": operator.lt, ">": operator.gt, "<=": operator.le, ">=": operator.ge, "=": operator.eq,
    "!=": operator.ne,
}  # fmt: skip


def is_close(a: float, b: float, about: float = 0.0) -> bool:
    """Whether two numbers agree in the digits that floats keep; `about` is the size of others."""
    return abs(a - b) <= _CLOSE * max(abs(a), abs(b), _SLIGHT * abs(about))


@dataclass(frozen=True, slots=True)
class Trial(Meaning):
    """The worth of trees at one point; that of parts of trees it has learned is remembered."""

    known: dict[int, float] = field(default_factory=dict)

    def learn(self, tree: Expr) -> float:
        """Works a tree out and remembers its parts; the tree must live as long as the trial."""
        waiting, parts = [tree], []
        while waiting:
            parts.append(part := waiting.pop())
            if not isinstance(part, Derivative | At | Cases):  # their parts have no worth alone
                waiting.extend(children(part))
        for part in reversed(parts):
            self.known[id(part)] = self.of(part)
        return self.known[id(tree)]

    def of(self, tree: Expr) -> Any:
        """The worth of a tree."""
        known = self.known.get(id(tree))
        return Meaning.of(self, tree) if known is None else known


def trial_at(
    judge: Judge,
    point: Point | None,
    at: tuple[Symbol, Expr] | None = None,
    moved: Mapping[str, float] | None = None,
) -> Trial:
    """A trial at a point of the judge, or by the page's own numbers (None).

    `at` puts a number in for a symbol, as in f'(3); `moved` are leaves with other numbers.
    """
    numbers = dict(moved or {})

    def number(part: Symbol) -> float:
        if part.label not in numbers:
            formula = judge.formulas.get(part.label) if moved else None
            numbers[part.label] = worth(part) if formula is None else trial.of(formula)
        return numbers[part.label]

    def worth(tree: Expr) -> float:
        ball = judge.ball(tree if at is None else At(tree, *at), point)
        value = to_float(ball)
        if value - value != 0.0 or (abs(value) < _LEAST and ball != 0):
            raise DomainError("a number beyond floats")
        return value

    trial = Trial(number, float, worth)
    return trial


@dataclass(slots=True, eq=False)
class Place:
    """A part of a formula, the rule for it and the places `below` that it is made of.

    `u` is what the rule is applied to, `y` what the part is worth. `slope` is its derivative, a
    whole 0 where it does not depend, and `above` that of the whole by it. A symbol has its own
    formula below, of cases only the one that holds.
    """

    key: Key
    part: Expr
    rule: Rule | None
    below: tuple[Place, ...]
    u: tuple[float, ...]
    y: float
    slope: float = 0
    above: float = 0.0

    @property
    def label(self) -> str:
        """The symbol that it is, if it is one."""
        return self.part.label if isinstance(self.part, Symbol) else ""

    def slope_of(self, slopes: Sequence[float]) -> float:
        """The derivative from those of what is below, by the right rule."""
        if self.rule is None:
            return slopes[0] if slopes else self.slope
        if all(map(is_zero, slopes)):
            return 0
        slope: float = form_of(self.rule)(self.u, slopes, self.y)
        return slope


class Chain:
    """The chain rule over the formulas between a tree and a symbol, at one point.

    `places` are in the order of computation, `roots` those of formulas by their symbols. With
    `moved` the rules, but not what is computed, take other numbers of leaves.
    """

    def __init__(
        self,
        tree: Expr,
        wrt: str,
        judge: Judge,
        trial: Trial,
        moved: Mapping[str, float] | None = None,
    ) -> None:
        self.tree, self.wrt = tree, wrt
        self._moved = moved or {}
        self._trial = trial
        self.places: dict[Key, Place] = {}
        self.uses: dict[str, list[Key]] = {}  # of the symbols between, and of `wrt`
        self.roots: dict[str, Place] = {}
        between = {s for label in symbols_of(tree) for s in judge.between(label, wrt)} - {wrt}
        for label in (s for s in judge.cone(tree) if s in between):
            self._trial.learn(judge.formulas[label])
            self.roots[label] = self._placed(judge.formulas[label], (label, ()))
        self._trial.learn(tree)
        self.root = self._placed(tree, ("", ()))
        self.root.above = 1.0
        for place in reversed(self.places.values()):
            for i, inner in enumerate(place.below):
                if place.rule in (None, "sum"):
                    inner.above += place.above
                elif not is_zero(inner.slope):
                    ones = [1.0 if j == i else 0 for j in range(len(place.below))]
                    inner.above += place.above * place.slope_of(ones)

    @property
    def of(self) -> str:
        """The symbol that is differentiated, if it is one."""
        return self.tree.label if isinstance(self.tree, Symbol) else ""

    @property
    def wholes(self) -> list[Place]:
        """The places of whole formulas, of the tree itself where it is no symbol."""
        return [*self.roots.values(), *([] if self.of else [self.root])]

    def _placed(self, part: Expr, key: Key) -> Place:
        y, found, first = self._trial.of(part), operands(part), 0
        rule, parts = found or (None, ())
        if isinstance(part, Cases):
            first = self._taken(part)
            rule, parts = "sum", (part.values[first],)
        elif found is None and not isinstance(part, Symbol) and self._depends(part):
            raise FormulaError("no slips are known of this", "", part.start, part.end)
        keys = ((key[0], (*key[1], i)) for i in itertools.count(first))
        below = tuple(map(self._placed, parts, keys))
        u = tuple(self._moved.get(place.label, place.y) for place in below)
        if isinstance(part, Symbol) and part.label in self.roots:
            below = (self.roots[part.label],)
        place = self.places[key] = Place(key, part, rule, below, u, y)
        if place.label == self.wrt:
            place.slope = 1.0
        if place.label == self.wrt or place.label in self.roots:
            self.uses.setdefault(place.label, []).append(key)
        place.slope = place.slope_of([each.slope for each in below])
        return place

    def _depends(self, part: Expr) -> bool:
        return not {self.wrt, *self.roots}.isdisjoint(symbols_of(part))

    def _taken(self, part: Cases) -> int:
        """The number of the value whose condition holds."""
        for number, condition in enumerate(part.conditions):
            sides = self._trial.of(condition.left), self._trial.of(condition.right)
            if _SIGNS[condition.sign](*sides):
                return number
        if len(part.values) == len(part.conditions):
            raise DomainError("none of the cases holds")
        return len(part.conditions)

    def altered(self, form: Expr, keys: Sequence[Key]) -> float:
        """The derivative with another form for the right one in some places, where these count."""
        if len(keys) == 1:
            place = self.places.get(keys[0])
            if place is None:  # in a case that does not hold here
                return self.root.slope
            change = worth_of(form, place, [each.slope for each in place.below]) - place.slope
            return self.root.slope + place.above * change
        wrong, slopes = set(keys), dict[Key, float]()  # those that change
        for key, place in self.places.items():
            if key in wrong or any(each.key in slopes for each in place.below):
                inner = [slopes.get(each.key, each.slope) for each in place.below]
                is_wrong = key in wrong
                slopes[key] = worth_of(form, place, inner) if is_wrong else place.slope_of(inner)
        return slopes.get(self.root.key, self.root.slope)


def worth_of(form: Expr, place: Place, slopes: Sequence[float]) -> float:
    """What a form of u0, u1, ..., their derivatives du0, du1, ... and y is worth at a place."""
    at = {"y": place.y} | {f"u{i}": each for i, each in enumerate(place.u)}
    at |= {f"du{i}": each for i, each in enumerate(slopes or [place.slope])}
    return float(Meaning(lambda part: at[part.label], float, _none).of(form))


def _none(part: Expr) -> float:
    raise DomainError("a derivative in a form")
