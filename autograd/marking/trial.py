"""Formulas and the chain rule worked out in floats at one point: where slips are tried out."""

from __future__ import annotations

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
    Form,
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
    from collections.abc import Iterator, Mapping, Sequence

    from autograd.marking.judge import Judge, Point

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


class Numbers(dict[str, float]):
    """What symbols are worth at a point of the judge, or by the page's own numbers (None).

    `at` puts a number in for a symbol, as in f'(3); `moved` are leaves with other numbers.
    """

    def __init__(
        self,
        judge: Judge,
        point: Point | None,
        at: tuple[Symbol, Expr] | None = None,
        moved: Mapping[str, float] | None = None,
    ) -> None:
        super().__init__(moved or {})
        self._judge, self._point, self._at = judge, point, at
        self._formulas = judge.formulas if moved else {}

    def __missing__(self, label: str) -> float:
        formula = self._formulas.get(label)
        self[label] = self.worth(Symbol(label)) if formula is None else trial(self).of(formula)
        return self[label]

    def worth(self, tree: Expr) -> float:
        """What the judge says a tree is worth here."""
        tree = tree if self._at is None else At(tree, *self._at)
        worth = self._judge.ball(tree, self._point)
        value = to_float(worth)
        if value - value != 0.0 or (abs(value) < _LEAST and worth != 0):
            raise DomainError("a number beyond floats")
        return value


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


def trial(numbers: Numbers) -> Trial:
    """A trial with these numbers."""
    return Trial(lambda part: numbers[part.label], float, numbers.worth)


@dataclass(slots=True)
class Place:
    """A part of a formula, its rule and what that is applied to; its worth and its derivative.

    `above` is d(formula)/d(part). A derivative is a whole 0 where the part does not depend. Of
    cases only the one that holds is `below`; `first` is its number.
    """

    part: Expr
    rule: Rule | None
    u: tuple[float, ...]
    below: tuple[Place, ...]
    y: float
    slope: float = 0
    above: float = 0.0
    first: int = 0

    @property
    def slopes(self) -> list[float]:
        """The derivatives of what the part is made of; of a leaf, its own."""
        return [place.slope for place in self.below] or [self.slope]

    def walk(self, path: Path = ()) -> Iterator[tuple[Path, Place]]:
        """The place and those under it, each with the way to it."""
        yield path, self
        for i, place in enumerate(self.below, self.first):
            yield from place.walk((*path, i))


Path = tuple[int, ...]
Key = tuple[str, Path]  # a formula's symbol, and the way to a place in it
ROOT: Final = ""  # the name of what is differentiated, where it is no symbol


class Chain:
    """The chain rule over the formulas between a tree and a symbol, at one point.

    With `moved` the rules, but not what is computed, take other numbers of leaves.
    """

    def __init__(
        self,
        tree: Expr,
        wrt: str,
        judge: Judge,
        numbers: Numbers,
        moved: Mapping[str, float] | None = None,
    ) -> None:
        self.wrt = wrt
        self._moved = moved or {}
        self._trial = trial(numbers)
        between = {s for label in symbols_of(tree) for s in judge.between(label, wrt)} - {wrt}
        self.formulas = {s: judge.formulas[s] for s in judge.cone(tree) if s in between}
        self.formulas[ROOT] = tree
        self.places: dict[str, dict[Path, Place]] = {}
        self.tangents: dict[str, float] = {wrt: 1.0}
        for label, formula in self.formulas.items():
            self._trial.learn(formula)
            self.places[label] = dict(self._placed(formula).walk())
            self.tangents[label] = self.places[label][()].slope
        self.adjoints: dict[str, float] = {ROOT: 1.0}
        for label in reversed(self.formulas):
            self._pass_on(label)

    def place(self, key: Key) -> Place:
        """A place by its formula and number."""
        return self.places[key[0]][key[1]]

    def _placed(self, part: Expr) -> Place:
        y = self._trial.of(part)
        if isinstance(part, Symbol):
            return Place(part, None, (), (), y, self.tangents.get(part.label, 0))
        if isinstance(part, Cases):
            number = self._taken(part)
            taken = self._placed(part.values[number])
            return Place(part, "sum", (taken.y,), (taken,), y, taken.slope, first=number)
        found = operands(part)
        if found is None:
            if not self.tangents.keys().isdisjoint(symbols_of(part)):
                raise FormulaError("no slips are known of this", "", part.start, part.end)
            return Place(part, None, (), (), y)
        below = tuple(map(self._placed, found[1]))
        u = tuple(self._moved.get(getattr(p.part, "label", ""), p.y) for p in below)
        place = Place(part, found[0], u, below, y)
        place.slope = _slope(place, place.slopes)
        return place

    def _taken(self, part: Cases) -> int:
        """The number of the value whose condition holds."""
        for number, condition in enumerate(part.conditions):
            sides = self._trial.of(condition.left), self._trial.of(condition.right)
            if _SIGNS[condition.sign](*sides):
                return number
        if len(part.values) == len(part.conditions):
            raise DomainError("none of the cases holds")
        return len(part.conditions)

    def _pass_on(self, label: str) -> None:
        """The adjoints of what a formula is made of, from its own."""
        self.places[label][()].above = 1.0
        for place in self.places[label].values():
            for i, inner in enumerate(place.below):
                if place.rule == "sum":
                    inner.above = place.above
                elif not is_zero(inner.slope):
                    slopes = [1.0 if j == i else 0 for j in range(len(place.below))]
                    inner.above = place.above * _slope(place, slopes)
            if isinstance(place.part, Symbol) and place.part.label in self.tangents:
                symbol, passed = place.part.label, self.adjoints[label] * place.above
                self.adjoints[symbol] = self.adjoints.get(symbol, 0.0) + passed

    def altered(self, wrong: Mapping[Key, Form]) -> float:
        """The derivative with other forms for the right ones in some places, where these count."""
        if len(wrong) == 1:
            ((key, only),) = wrong.items()
            if key[1] not in self.places[key[0]]:  # in a case that does not hold here
                return self.tangents[ROOT]
            place = self.place(key)
            change = only(place.u, place.slopes, place.y) - place.slope
            return self.tangents[ROOT] + self.adjoints[key[0]] * place.above * change
        tangents = dict(self.tangents)
        for label, places in self.places.items():
            slopes: dict[int, float] = {}
            for path, place in reversed(places.items()):
                inner = [slopes[id(p)] for p in place.below]
                if isinstance(place.part, Symbol):
                    inner = [tangents.get(place.part.label, 0)]
                form = wrong.get((label, path))
                if form is not None:
                    slopes[id(place)] = form(place.u, inner or [0], place.y)
                elif place.rule is None:
                    slopes[id(place)] = inner[0] if inner else 0
                else:
                    slopes[id(place)] = _slope(place, inner)
            tangents[label] = slopes[id(places[()])]
        return tangents[ROOT]


def _slope(place: Place, slopes: Sequence[float]) -> float:
    """The derivative of a part from those of what it is made of, by the right rule."""
    if place.rule is None or all(map(is_zero, slopes)):
        return 0
    slope: float = form_of(place.rule)(place.u, slopes, place.y)
    return slope
