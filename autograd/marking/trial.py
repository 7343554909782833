"""Formulas worked out in floats at one point, every part of them: where slips are tried out."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from autograd.errors import DomainError
from autograd.notation.calculus import Rule, form_of, is_zero, operands
from autograd.notation.errors import FormulaError
from autograd.notation.expr import At, Cases, Derivative, Expr, Meaning, Symbol, children, walk

if TYPE_CHECKING:
    from autograd.marking.judge import Judge, Point

_CLOSE: Final = 1e-9
_SLIGHT: Final = 1e-4  # of the larger numbers about: what is left of cancelling is not compared

_SIGNS: Final = {
    "<": operator.lt, ">": operator.gt, "<=": operator.le, ">=": operator.ge, "=": operator.eq,
    "!=": operator.ne,
}  # fmt: skip

Path = tuple[int, ...]


def is_close(a: float, b: float, about: float = 0.0) -> bool:
    """Whether two numbers agree in the digits that floats keep; `about` is the size of others."""
    return abs(a - b) <= _CLOSE * max(abs(a), abs(b), _SLIGHT * abs(about))


class Numbers(dict[str, float]):
    """What the symbols are worth at a point of the judge, or by the page's own numbers (None).

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
        self._judge = judge
        self._point = point
        self._at = at
        self._is_moved = bool(moved)

    def __missing__(self, label: str) -> float:
        if self._is_moved and label in self._judge.formulas:
            value = Trial.of_numbers(self).of(self._judge.formulas[label])
        else:
            value = self.worth(Symbol(label))
        self[label] = value
        return value

    def worth(self, tree: Expr) -> float:
        """What the judge says a tree is worth here."""
        if self._at is not None:
            tree = At(tree, *self._at)
        value = float(self._judge.worth(tree, self._point))
        if value - value != 0.0:
            raise DomainError("a number beyond floats")
        return value


@dataclass(frozen=True, slots=True)
class Trial(Meaning):
    """The worth of trees at one point; that of the parts of the trees that were `learn`ed is known,
    so a tree with little changed is worked out quickly."""

    known: dict[int, float] = field(default_factory=dict)

    @staticmethod
    def of_numbers(numbers: Numbers) -> Trial:
        """A trial with these numbers for symbols."""
        return Trial(lambda part: numbers[part.label], float, numbers.worth)

    def learn(self, tree: Expr) -> float:
        """Works a tree out and remembers each part; the tree must live as long as the trial."""
        waiting, parts = [tree], []
        while waiting:
            parts.append(waiting.pop())
            if not isinstance(
                parts[-1], Derivative | At | Cases
            ):  # their parts have no worth alone
                waiting.extend(children(parts[-1]))
        for part in reversed(parts):
            self.known[id(part)] = self.of(part)
        return self.known[id(tree)]

    def of(self, tree: Expr) -> Any:
        """The worth of a tree."""
        known = self.known.get(id(tree))
        return Meaning.of(self, tree) if known is None else known


# Derivatives.


@dataclass(slots=True)
class Place:
    """A part of a formula with its worth and slope, and d(formula)/d(part): what a wrong slope there
    comes to."""

    part: Expr
    rule: Rule | None
    u: tuple[float, ...]
    below: tuple[Place, ...]
    y: float
    slope: float = 0
    above: float = 0.0

    def slopes(self) -> list[float]:
        """The derivatives of what the part is made of, of a leaf its own; a whole 0 for none."""
        return [place.slope for place in self.below] or [self.slope]

    def walk(self) -> Iterator[Place]:
        """This place and those under it."""
        waiting = [self]
        while waiting:
            place = waiting.pop()
            yield place
            waiting.extend(reversed(place.below))


Form = Callable[[Sequence[float], Sequence[float], float], float]
Key = tuple[str, int]  # a definition, and the number of a place in it
Wrong = Mapping[Key, Form]

ROOT: Final = ""


class Chain:
    """The chain rule over the formulas between a tree and a symbol, worked out at one point."""

    def __init__(
        self, tree: Expr, wrt: str, judge: Judge, numbers: Numbers, moved: Mapping[str, float] = {}
    ) -> None:
        self.wrt = wrt
        self.numbers = numbers
        self._moved = moved
        self._trial = Trial.of_numbers(numbers)
        on_the_way = _between(tree, wrt, judge)
        self.formulas = {label: judge.formulas[label] for label in on_the_way if label != wrt}
        self.formulas[ROOT] = tree
        self.places: dict[str, list[Place]] = {}
        self.tangents: dict[str, float] = {wrt: 1.0}
        for label, formula in self.formulas.items():
            root = self._placed(formula)
            self.places[label] = list(root.walk())
            self.tangents[label] = root.slope
        self.adjoints: dict[str, float] = {ROOT: 1.0}
        for label in reversed(self.formulas):
            self._pass_on(label)

    @property
    def slope(self) -> float:
        """The derivative."""
        return self.tangents[ROOT]

    def _placed(self, part: Expr) -> Place:
        y = self._trial.of(part)
        if isinstance(part, Symbol):
            return Place(part, None, (), (), y, self.tangents.get(part.label, 0))
        if isinstance(part, Cases):
            taken = self._placed(self._taken(part))
            return Place(part, "sum", (taken.y,), (taken,), y, taken.slope)
        found = operands(part)
        if found is None:
            if any(isinstance(p, Symbol) and p.label in self.tangents for p in walk(part)):
                raise FormulaError("no slips are known of this", "", part.start, part.end)
            return Place(part, None, (), (), y)
        rule, parts = found
        below = tuple(map(self._placed, parts))
        u = tuple(self._moved.get(getattr(p.part, "label", ""), p.y) for p in below)
        place = Place(part, rule, u, below, y)
        place.slope = _slope(form_of(rule), place, place.slopes())
        return place

    def _taken(self, part: Cases) -> Expr:
        """The value whose condition holds."""
        for value, condition in zip(part.values, part.conditions, strict=False):
            left, right = self._trial.of(condition.left), self._trial.of(condition.right)
            if _SIGNS[condition.sign](left, right):
                return value
        if len(part.values) > len(part.conditions):
            return part.values[-1]
        raise DomainError("none of the cases holds")

    def _pass_on(self, label: str) -> None:
        """The adjoints of what a formula is made of, from its own."""
        places = self.places[label]
        places[0].above = 1.0
        for place in places:
            slopes: list[float] = [0] * len(place.below)
            for i, inner in enumerate(place.below):
                if place.rule == "sum":
                    inner.above = place.above
                elif not is_zero(inner.slope):
                    slopes[i] = 1.0
                    inner.above = place.above * form_of(place.rule or "")(place.u, slopes, place.y)
                    slopes[i] = 0
            if isinstance(place.part, Symbol) and place.part.label in self.tangents:
                before = self.adjoints.get(place.part.label, 0.0)
                passed = self.adjoints[label] * place.above
                self.adjoints[place.part.label] = before + passed

    def change(self, key: Key, slope: float) -> float:
        """By how much the derivative changes where a part has another slope."""
        place = self.places[key[0]][key[1]]
        return self.adjoints[key[0]] * place.above * (slope - place.slope)

    def wrong_slope(self, key: Key, form: Form) -> float:
        """What a part's slope is by a form that is not the right one."""
        place = self.places[key[0]][key[1]]
        slope = form(place.u, place.slopes(), place.y)
        if slope is None:
            raise ValueError
        return slope

    def altered(self, wrong: Wrong) -> float:
        """The derivative with wrong forms in several places."""
        tangents = dict(self.tangents)
        for label, places in self.places.items():
            slopes: dict[int, float] = {}
            for number in reversed(range(len(places))):
                place = places[number]
                inner = [slopes[id(p)] for p in place.below]
                if isinstance(place.part, Symbol):
                    inner = [tangents.get(place.part.label, 0)]
                form = wrong.get((label, number))
                if form is not None:
                    slope = form(place.u, inner, place.y)
                    if slope is None:
                        raise ValueError
                    slopes[id(place)] = slope
                elif place.rule is None:
                    slopes[id(place)] = inner[0] if inner else 0
                else:
                    slopes[id(place)] = _slope(form_of(place.rule), place, inner)
            tangents[label] = slopes[id(places[0])]
        return tangents[ROOT]


def _slope(form: Form, place: Place, slopes: Sequence[float]) -> float:
    return 0 if all(map(is_zero, slopes)) else form(place.u, slopes, place.y)


def _between(tree: Expr, wrt: str, judge: Judge) -> list[str]:
    if isinstance(tree, Symbol):
        return judge.between(tree.label, wrt)
    used = [p.label for p in walk(tree) if isinstance(p, Symbol) and judge.depends(p.label, wrt)]
    found = {label for symbol in used for label in judge.between(symbol, wrt)}
    return [label for label in judge.cone(tree) if label in found]
