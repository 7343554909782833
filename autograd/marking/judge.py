"""The one judge: whether a claim is the truth, both trees, by fifty digits at the same points.

Two formulas are equal where they agree relative to the size of what was added up in them: the radii
of their balls say how large that was. There is no absolute floor, 0 is not 4e-21. Where so much
cancels that agreement says nothing, the point is computed again with more digits.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from autograd.errors import ChalkgradError, DomainError
from autograd.marking import balls
from autograd.marking.balls import BITS
from autograd.marking.points import KINDS, drawn, share
from autograd.marking.tape import HAS_KINK, IS_ROUGH, IS_WIDE, Tape
from autograd.notation.errors import FormulaError
from autograd.notation.expr import At, Derivative, Expr, symbols_of

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Mapping, Sequence

    from autograd.marking.balls import Raw

_LEVELS: Final = (BITS, 4 * BITS, 16 * BITS)  # bits: more where too much cancels
_TELLING: Final = 66  # bits, twenty digits: what two numbers must agree in for it to say something
_TELLING_ROUGHLY: Final = 27  # where an operation is known in floats only
_ENOUGH: Final = 3  # points of an analytic formula
_ENOUGH_AT_KINKS: Final = 12
_MOST_TRIED: Final = 4 * len(KINDS)
_LARGE: Final = 40_000  # steps of a page of which fewer points are tried


@dataclass(frozen=True, slots=True)
class Comparison:
    """Whether a claim is the same as the truth; if not, a point where it differs; if undecided, why."""

    verdict: Literal["same", "different", "undecided"]
    point: Point | None = None
    reason: str = ""


class Point:
    """A number for every leaf: number `number` of those drawn, or the page's own where it is None."""

    def __init__(self, judge: Judge, number: int | None) -> None:
        self._judge = judge
        self.number = number
        self._known: dict[int, list[Raw | ChalkgradError | None]] = {}

    def worth(self, step: int, bits: int = BITS) -> Raw | ChalkgradError:
        """What a step is worth here, or why nothing."""
        known = self._known.setdefault(bits, [])
        return self._judge.tape.value(step, known, bits, lambda key: self._leaf(key, bits))

    def _leaf(self, key: Hashable, bits: int) -> Raw | ChalkgradError:
        judge = self._judge
        if not isinstance(key, str):  # anything at all
            return balls.from_float(0.5 + abs(drawn(1, f"{self.number} {key}", None)[1]))
        if self.number is None:
            own = judge.own_step(key)
            return self.worth(own, bits) if own is not None else DomainError(f"{key} has no number")
        if key in judge.shares:
            return balls.from_fraction(bits, share(self.number, key, judge.shares))
        is_factor, value = drawn(self.number, key, judge.own_float(key))
        if not is_factor:
            return balls.from_float(value)
        return balls.mul(bits, judge.page.worth(judge.own_step(key), bits), balls.from_float(value))


class Judge:
    """Judges claims about symbols that have formulas, and others that are leaves.

    `values` are the page's own numbers of leaves; `shares` leaves that are positive and sum to 1,
    such as the targets of a cross-entropy. No symbol may be defined by itself.

    >>> from autograd.notation.expr import Symbol
    >>> w, x = Symbol("w"), Symbol("x")
    >>> judge = Judge({"L": w * w * x})
    >>> judge.compare(Derivative(Symbol("L"), w), 2 * x * w).verdict
    'same'
    """

    def __init__(
        self,
        formulas: Mapping[str, Expr],
        values: Mapping[str, Expr] | None = None,
        *,
        shares: Sequence[str] = (),
    ) -> None:
        self.formulas = formulas
        self.values = values or {}
        self.shares = tuple(shares)
        self.tape = Tape()
        self.page = Point(self, None)
        self._points: list[Point] = []
        self._steps: dict[str, int] = {}  # of the symbols, each after those it uses
        self._own: dict[str, int] = {}
        self._own_floats: dict[str, float] = {}

    # Trees as steps.

    def step(self, tree: Expr, *, opaque: bool = False) -> int:
        """The step of a tree. Raises FormulaError for what has no worth, as a sum without limits."""
        if opaque:
            return self.tape.recorded(tree, self._any, self._any)
        self._prepare(symbols_of(tree))
        return self.tape.recorded(tree, lambda part: self._steps[part.label], self._derivative)

    def _any(self, part: Expr) -> int:
        return self.tape.leaf((part,))

    def _prepare(self, labels: Iterable[str]) -> None:
        """Makes the steps of symbols, and of those they are computed from."""
        waiting = [label for label in labels if label not in self._steps]
        open_: set[str] = set()
        while waiting:
            label = waiting[-1]
            if label in self._steps:
                waiting.pop()
                continue
            below = [each for each in self._uses(label) if each not in self._steps]
            if below and label in open_:
                raise FormulaError(f"{label} is defined by itself", label, 0, len(label))
            open_.add(label)
            waiting += below
            if not below:
                self._steps[label] = self._symbol(label)

    def _uses(self, label: str) -> dict[str, None]:
        return symbols_of(self.formulas[label]) if label in self.formulas else {}

    def _symbol(self, label: str) -> int:
        if label not in self.formulas:
            return self.tape.leaf(label)
        return self.tape.alias(label, self.step(self.formulas[label]))

    def _derivative(self, part: Derivative | At) -> int:
        of = self.step(part.of)
        if isinstance(part, At):
            return self.tape.with_replaced(
                of, {self._steps[part.symbol.label]: self.step(part.value)}
            )
        for _ in range(part.order):
            of = self.tape.derivative(of, self._steps[part.wrt.label])
        return of

    # The page's own numbers.

    def own_step(self, label: str) -> int | None:
        """The step of a leaf's own number; None where it has none."""
        if label not in self._own and label in self.values:
            self._own[label] = self.tape.recorded(self.values[label])
        return self._own.get(label)

    def own_float(self, label: str) -> float | None:
        """A leaf's own number as a float."""
        if label not in self._own_floats:
            step = self.own_step(label)
            worth = None if step is None else self.page.worth(step)
            if not isinstance(worth, tuple):
                return None
            self._own_floats[label] = balls.to_float(worth)
        return self._own_floats[label]

    # Comparing.

    def point(self, number: int) -> Point:
        """One of the points at which formulas are compared."""
        while len(self._points) <= number:
            self._points.append(Point(self, len(self._points)))
        return self._points[number]

    def compare(
        self,
        truth: Expr,
        claim: Expr,
        *,
        where: Mapping[str, Expr] | None = None,
        opaque: bool = False,
    ) -> Comparison:
        """Whether a claim is the truth wherever both are defined, `where` some symbols are trees.

        With `opaque`, symbols and derivatives each stand for any number, as in update rules.
        """
        try:
            steps = [self.step(tree, opaque=opaque) for tree in (truth, claim)]
            if where:
                self._prepare(where)
                new = {self._steps[label]: self.step(tree) for label, tree in where.items()}
                steps = [self.tape.with_replaced(step, new) for step in steps]
        except FormulaError as error:
            return Comparison("undecided", reason=error.problem)
        return self._compared(*steps)

    def _compared(self, truth: int, claim: int) -> Comparison:
        if truth == claim:
            return Comparison("same")
        flags = self.tape.flags[truth] | self.tape.flags[claim]
        wanted = _ENOUGH_AT_KINKS if flags & HAS_KINK else _ENOUGH
        agreed, empty, reason = 0, 0, ""
        for number in range(self._most_tried()):
            agrees = self._agree(truth, claim, self.point(number), flags)
            if isinstance(agrees, ChalkgradError):
                reason = reason or agrees.message
            elif agrees is False:
                return Comparison("different", self.point(number))
            elif agrees:
                agreed += 1
            else:
                empty += 1
            if agreed + empty >= wanted:
                break
        if agreed or (empty >= _ENOUGH and not flags & IS_ROUGH):
            return Comparison("same")
        return Comparison("undecided", reason=reason or "all digits cancel")

    def _most_tried(self) -> int:
        return _MOST_TRIED if len(self.tape.inputs) < _LARGE else len(KINDS)

    def _agree(
        self, truth: int, claim: int, point: Point, flags: int
    ) -> bool | ChalkgradError | None:
        """Whether two steps agree at a point, or why they cannot be compared.

        None where each is nothing but what cancelling left, with as many digits as there are.
        """
        levels = _LEVELS[:1] if flags & IS_ROUGH else _LEVELS[2:] if flags & IS_WIDE else _LEVELS
        telling = _TELLING_ROUGHLY if flags & IS_ROUGH else _TELLING
        for bits in levels:
            a, b = point.worth(truth, bits), point.worth(claim, bits)
            if not isinstance(a, tuple):
                return a
            if not isinstance(b, tuple):
                return b
            if balls.are_apart(a, b):
                return False
            if balls.uncertainty(a, b) >= telling:
                return True
        return None
