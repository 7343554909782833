"""The one judge: whether a claim is the truth, both of them trees, by fifty digits at some points.

Two formulas are the same where they agree relative to the size of what was added up in them, which
the radii of their balls tell. There is no absolute floor: 0 is not 4e-21. Where so much cancels
that agreement would say nothing, a point is worked out again with more digits.
"""

from __future__ import annotations

import math
from contextlib import suppress
from dataclasses import dataclass, replace
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Final, Literal

from flint import arb

from autograd import ops
from autograd.errors import ArgumentError, ChalkgradError
from autograd.marking import balls, digits
from autograd.marking.balls import BITS
from autograd.marking.points import KINDS, ROUNDS, drawn, share
from autograd.marking.tape import HAS_KINK, IS_ROUGH, IS_WIDE, KINKED, Tape
from autograd.notation import (
    At,
    Call,
    Derivative,
    Expr,
    FormulaError,
    Negative,
    Number,
    Sentence,
    Symbol,
    decimal,
    number,
    rebuilt,
    symbols_of,
    walk,
)

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence

    from autograd.marking.balls import Ball
    from autograd.marking.tape import Worth

_LEVELS: Final = (BITS, 4 * BITS, 16 * BITS, 64 * BITS)  # more bits where too much cancels
_TELLING: Final = 66  # bits, twenty digits: less agreement says nothing
_TELLING_ROUGHLY: Final = 27  # where an operation is known in floats only
_ENOUGH: Final = 3  # points of an analytic formula
_ENOUGH_AT_KINKS: Final = 12
_MOST_KINKS: Final = 32  # of which both sides are looked for
_LARGE: Final = 20_000  # steps of a page, of which fewer points are tried
_BLURRED: Final = 6  # bits in which rounded decimals must agree for it to say something
_INSIDE: Final = Symbol("\0")  # what a function is of
_ABOUT: Final = "\0~"  # begins the label of a decimal that stands for all that rounds to it
_FAR: Final = 400  # places before or after the point, beyond which a number is not written out
_VISIBLE: Final = 0.01  # relative difference that a counterexample should show


@dataclass(frozen=True, slots=True)
class Comparison:
    """What became of a claim; `reason` says why it is undecided."""

    verdict: Literal["same", "different", "undecided"]
    reason: Sentence | None = None


@dataclass(frozen=True, slots=True)
class Agreement:
    """How a number agrees with the true one, as far as its digits go, with a remark on that."""

    verdict: Literal["right", "rounded", "cut off", "wrong", "undecided"]
    remark: Sentence | None = None


@dataclass(frozen=True, slots=True)
class Counterexample:
    """Numbers of symbols at which a claim has another worth than the truth."""

    values: tuple[tuple[str, Expr], ...]
    claimed: Expr
    actual: Expr


class Point:
    """A number for every leaf: those of draw `number`, or the page's own where that is None."""

    def __init__(self, judge: Judge, number: int | None) -> None:
        self._judge = judge
        self.number = number
        self._known: dict[int, list[Worth | None]] = {}
        self._leaves: dict[Hashable, Worth] = {}

    def worth(self, step: int, bits: int = BITS) -> Worth:
        """What a step is worth here, or why it has no worth."""
        return self._judge.tape.worth(step, self._known.setdefault(bits, []), bits, self._leaf)

    def worths(self, steps: Iterable[int]) -> list[Ball]:
        """What those steps are worth that have a worth here."""
        found = map(self.worth, steps)
        return [worth for worth in found if not isinstance(worth, ChalkgradError)]

    def _leaf(self, leaf: Hashable) -> Worth:
        if self.number is None:
            own = self._judge.own(str(leaf))
            return ArgumentError(f"{leaf} has no number here") if own is None else self.worth(own)
        if leaf not in self._leaves:
            self._leaves[leaf] = self._drawn(leaf, self.number)
        return self._leaves[leaf]

    def _drawn(self, leaf: Hashable, number: int) -> Worth:
        judge = self._judge
        if not isinstance(leaf, str):  # what stands for anything
            return arb(0.5 + abs(drawn(1, f"{number} {leaf}", None)[1]))
        if leaf.startswith(_ABOUT):
            written = leaf.removeprefix(_ABOUT)
            return balls.within(Fraction(written), digits.half_unit(written))
        if leaf in judge.shares:
            return balls.from_fraction(share(number, leaf, judge.shares))
        own = judge.own(leaf)
        worth = None if own is None else judge.page.worth(own)
        if worth is None or isinstance(worth, ChalkgradError):
            return arb(drawn(number, leaf, None)[1])
        is_factor, value = drawn(number, leaf, balls.to_float(worth))
        with balls.precision(BITS):
            return (worth * arb(value)).mid() if is_factor else arb(value)


class Judge:
    """Judges claims about symbols, which have formulas or are leaves.

    `values` are the page's own numbers of leaves; `shares` leaves that are positive and sum to 1,
    such as the targets of a cross-entropy. No symbol may be defined by itself: FormulaError.

    >>> from autograd.notation import Symbol
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
        self._steps: dict[str, int] = {}  # of symbols, each after those it uses
        self._used: dict[str, tuple[str, ...]] = {}
        self._own: dict[str, int | None] = {}
        self._numbers: tuple[float, ...] | None = None

    # Trees as steps.

    def step(self, tree: Expr, *, opaque: bool = False) -> int:
        """The step of a tree. Raises FormulaError for what has no worth, as a sum without limits.

        If opaque, symbols and derivatives each stand for anything.
        """
        if opaque:
            return self.tape.recorded(tree, *[lambda part: self.tape.leaf((part,))] * 2)
        parts = list(walk(tree))
        if any(isinstance(part, Call) and part.primes > 1 for part in parts):
            return self.step(rebuilt(tree, _with_orders))
        self._prepare(dict.fromkeys(part.label for part in parts if isinstance(part, Symbol)))
        return self.tape.recorded(tree, lambda part: self._steps[part.label], self._derivative)

    def _derivative(self, part: Derivative | At) -> int:
        of = self.step(part.of)
        if isinstance(part, At):
            new = {self._steps[part.symbol.label]: self.step(part.value)}
            return self.tape.with_replaced(of, new)
        for _ in range(part.order):
            of = self.tape.derivative(of, self._steps[part.wrt.label])
        return of

    def _prepare(self, labels: Iterable[str]) -> None:
        """Makes steps of symbols, and before of those they are computed from."""
        waiting = list(labels)[::-1]
        open_: set[str] = set()
        while waiting:
            label = waiting[-1]
            missing = [s for s in self._uses(label) if s not in self._steps]
            if label in self._steps or not missing:
                waiting.pop()
                if label not in self._steps:
                    tree, tape = self.formulas.get(label), self.tape
                    self._steps[label] = (
                        tape.alias(label, self.step(tree)) if tree else tape.leaf(label)
                    )
            elif label in open_:
                raise FormulaError(f"{label} is defined by itself", label, 0, len(label))
            else:
                open_.add(label)
                waiting += missing[::-1]

    def _uses(self, label: str) -> Iterable[str]:
        """The symbols in the formula of a symbol."""
        if label not in self._used:
            tree = self.formulas.get(label)
            self._used[label] = tuple(symbols_of(tree)) if tree is not None else ()
        return self._used[label]

    def own(self, leaf: str) -> int | None:
        """The step of the page's own number of a leaf; None where it has none."""
        if leaf not in self._own:
            value = self.values.get(leaf)
            self._own[leaf] = None if value is None else self.tape.recorded(value)
        return self._own[leaf]

    # Comparing formulas.

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
        """Whether a claim is the truth wherever both are defined, `where` symbols are some trees.

        With `opaque`, symbols and derivatives each stand for any number, as in update rules.
        """
        try:
            steps = [self.step(tree, opaque=opaque) for tree in (truth, claim)]
            if where:
                self._prepare(where)
                new = {self._steps[label]: self.step(tree) for label, tree in where.items()}
                steps = [self.tape.with_replaced(step, new) for step in steps]
        except FormulaError as error:
            return Comparison("undecided", Sentence((error.problem,)))
        return self._compared(*steps)

    def is_rounding(self, truth: Expr, claim: Expr) -> bool:
        """Whether a claim is the truth but for the rounding of the longer decimals in it."""
        blurred = rebuilt(claim, _blurred)
        points = map(self.point, range(len(KINDS) if blurred != claim else 0))
        both = list(_where_defined(points, self.step(truth), self.step(blurred)))
        is_seen = any(balls.common_bits(*worths) >= _BLURRED for worths in both)
        return is_seen and not any(balls.are_apart(*worths) for worths in both)

    def _compared(self, truth: int, claim: int) -> Comparison:
        if truth == claim:
            return Comparison("same")
        flags = self.tape.flags[truth] | self.tape.flags[claim]
        kinks = self._kinks(truth, claim) if flags & HAS_KINK else {}
        is_large = len(self.tape.inputs) > _LARGE
        wanted = _ENOUGH_AT_KINKS if flags & HAS_KINK else _ENOUGH - is_large
        agreed = empty = 0
        reason = "all digits of it cancel"
        for place in range(len(KINDS) * (1 if is_large else len(ROUNDS))):
            point = self.point(place)
            agrees = self._agree(truth, claim, point, flags)
            if agrees is False:
                return Comparison("different")
            if isinstance(agrees, ChalkgradError):
                reason = agrees.message
                continue
            agreed, empty = agreed + (agrees is True), empty + (agrees is None)
            for kink, sides in kinks.items():
                worth = point.worth(kink)
                sides.add(not isinstance(worth, ChalkgradError) and worth > 0)
            if agreed + empty >= wanted and all(len(sides) > 1 for sides in kinks.values()):
                break
        if agreed or (empty >= _ENOUGH and not flags & IS_ROUGH):
            return Comparison("same")
        return Comparison("undecided", Sentence((reason,)))

    def _agree(
        self, truth: int, claim: int, point: Point, flags: int
    ) -> bool | ChalkgradError | None:
        """Whether two steps agree at a point, or why one has no worth there.

        None where nothing is left of either, however many digits are taken.
        """
        for bits in _LEVELS[:1] if flags & IS_ROUGH else _LEVELS[2 if flags & IS_WIDE else 0 :]:
            a, b = point.worth(truth, bits), point.worth(claim, bits)
            if isinstance(a, ChalkgradError):
                return a
            if isinstance(b, ChalkgradError):
                return b
            with balls.precision(bits):
                if balls.are_apart(a, b):
                    return False
                if balls.common_bits(a, b) >= (_TELLING_ROUGHLY if flags & IS_ROUGH else _TELLING):
                    return True
        return None

    def _kinks(self, *steps: int) -> dict[int, set[bool]]:
        """The steps whose sign tells on which side of a kink one is; none where these are many."""
        tape, kinks = self.tape, dict[int, set[bool]]()
        seen, waiting = set(steps), list(steps)
        while waiting and len(kinks) <= _MOST_KINKS:
            each = waiting.pop()
            op, inputs = tape.operations[each], tape.inputs[each]
            if op in KINKED and op not in (ops.floor, ops.round):
                both = len(inputs) > 1 and op not in (ops.gate, ops.leaky_relu)
                kinks[tape.step(ops.sub, *inputs) if both else inputs[0]] = set()
            new = [i for i in inputs if i not in seen and tape.flags[i] & HAS_KINK]
            seen.update(new)
            waiting += new
        return {} if waiting else kinks

    # The page's own numbers.

    def worth(self, tree: Expr, point: Point | None = None) -> Fraction:
        """What a tree is worth at a point, or by the page's own numbers.

        Raises what its operations raise, and ArgumentError for a leaf without a number.
        """
        return balls.to_fraction(self.ball(tree, point))

    def ball(self, tree: Expr, point: Point | None = None) -> Ball:
        """The same, with how far off it may be."""
        step = self.step(tree)
        worth = (point or self.page).worth(step)
        for bits in _LEVELS[1:] if point is None else ():
            if isinstance(worth, arb) and worth.rel_accuracy_bits() < _TELLING:
                worth = self.page.worth(step, bits)
        if isinstance(worth, ChalkgradError):
            raise worth.with_traceback(None)  # it may be raised again and again
        return balls.ZERO if isinstance(worth, arb) and 0 in worth else worth

    def number(self, tree: Expr) -> Fraction:
        """What a tree is worth by the page's own numbers; raises as `worth` does."""
        return self.worth(tree)

    def exact(self, tree: Expr) -> Expr:
        """What a tree is worth by the page's own numbers, with all its digits."""
        return _to_digits(self.number(tree), 45)

    def rounded(self, tree: Expr) -> Expr:
        """What a tree is worth by the page's own numbers, as a person writes it."""
        return shown(self.ball(tree))

    def leaves(self, *trees: Expr) -> list[str]:
        """The symbols without a formula that trees depend on."""
        steps = (each for tree in trees for each in sorted(self.tape.under(self.step(tree))))
        keys = dict.fromkeys(map(self.tape.leaves.get, steps))
        return [key for key in keys if isinstance(key, str)]

    def missing(self, tree: Expr) -> list[str]:
        """The leaves without a number that a tree depends on."""
        return [leaf for leaf in self.leaves(tree) if leaf not in self.values]

    def is_constant(self, tree: Expr) -> bool:
        """Whether a tree depends on no leaf."""
        return not self.leaves(tree)

    def is_equal_here(self, a: Expr, b: Expr) -> bool:
        """Whether two trees have the same worth by the page's own numbers."""
        with balls.precision(BITS):
            return not balls.are_apart(self.ball(a), self.ball(b))

    def is_near(self, a: Expr, b: Expr, *, within: Fraction = Fraction(1, 50)) -> bool:
        """Whether two trees have about the same worth by the page's own numbers."""
        x, y = self.number(a), self.number(b)
        return abs(x - y) <= within * max(abs(x), abs(y))

    def known_numbers(self) -> tuple[float, ...]:
        """The sizes of numbers in formulas, and of symbols as far as they are known, in order."""
        if self._numbers is None:
            trees = self.formulas.values()
            found = {float(p.value) for t in trees for p in walk(t) if isinstance(p, Number)}
            for label in {**self.formulas, **self.values}:
                with suppress(FormulaError):  # what has no worth is no known number
                    self._prepare([label])
            found |= {abs(balls.to_float(each)) for each in self.page.worths(self._steps.values())}
            self._numbers = tuple(sorted(found))
        return self._numbers

    def compare_number(
        self,
        truth: Expr,
        claim: Expr,
        *,
        rough: bool = False,
        known: Sequence[float] | None = None,
        before: Expr | None = None,
    ) -> Agreement:
        """How a number or a calculation agrees with the truth, or else with the calculation before.

        `rough` says that it is called approximate; `known` are numbers that it may show rounded,
        the page's own unless given. Symbols in a calculation are the page's own numbers.
        """
        known = self.known_numbers() if known is None else known
        try:
            true = self.number(truth)
            verdict = digits.match(self._in_numbers(claim), true, rough=rough, known=known)
            if verdict == "wrong" and before is not None:
                worked = self._in_numbers(before)
                verdict = "rounded" if digits.comes_to(worked, claim, known=known) else verdict
        except ChalkgradError as error:
            return Agreement("undecided", Sentence((error.message.partition("\n")[0],)))
        remark = Sentence(("cut off, not rounded",)) if verdict == "cut off" else None
        return Agreement(verdict, remark)

    def _in_numbers(self, tree: Expr) -> Expr:
        """A tree with the page's own numbers for symbols and derivatives."""
        varies = Symbol | Derivative | At
        return rebuilt(tree, lambda part: self.exact(part) if isinstance(part, varies) else None)

    # What depends on what.

    def depends(self, of: str, on: str) -> bool:
        """Whether a symbol is computed from another, or is that."""
        return on in self._cone([of], on)

    def cone(self, tree: Expr) -> list[str]:
        """The symbols that a tree depends on, each after those it is computed from."""
        return self._cone(symbols_of(tree))

    def _cone(self, labels: Iterable[str], down_to: str = "") -> list[str]:
        waiting = list(labels)
        self._prepare([*waiting, down_to] if down_to else waiting)
        least = self._steps[down_to] if down_to else 0
        found = set(waiting)
        while waiting:
            used = self._uses(waiting.pop())
            new = [each for each in used if each not in found and self._steps[each] >= least]
            found.update(new)
            waiting += new
        return sorted(found, key=self._steps.__getitem__)

    def between(self, of: str, wrt: str) -> list[str]:
        """The symbols on the ways from one to another that it is computed from, these two too."""
        on_the_way = {wrt}
        labels = self._cone([of], wrt)
        for label in labels:
            if not on_the_way.isdisjoint(self._uses(label)):
                on_the_way.add(label)
        return [label for label in labels if label in on_the_way]

    def users(self, wrt: str, of: str) -> list[str]:
        """The symbols on the ways from `of` to `wrt` in whose formulas `wrt` stands."""
        return [label for label in self.between(of, wrt) if wrt in self._uses(label)]

    # Examples.

    def examples(self, *trees: Expr) -> Iterator[dict[str, float]]:
        """Numbers of all symbols that trees depend on, at points where all have one."""
        labels = self._cone(symbols_of(*trees))
        steps = [*(self._steps[label] for label in labels), *map(self.step, trees)]
        points = map(self.point, range(1, len(ROUNDS) * len(KINDS)))
        for worths in _where_defined(points, *steps):
            yield dict(zip(labels, map(balls.to_float, worths), strict=False))

    def example(self, *trees: Expr) -> dict[str, float] | None:
        """The first of the `examples`; None where there is none."""
        return next(self.examples(*trees), None)

    def counterexample(
        self, truth: Expr, claim: Expr, *, answer: Expr | None = None, most: int | None = None
    ) -> Counterexample | None:
        """Numbers at which a claim is seen to differ from the truth, the page's own if they do.

        They are of the symbols in the claim and in the answer, or else of the leaves of the truth.
        None where these are more than `most`, or nothing is seen.
        """
        others = symbols_of(answer) if answer else self.leaves(truth)
        labels = list(dict.fromkeys([*symbols_of(claim), *others]))
        steps = map(self.step, (truth, claim, *map(Symbol, labels)))
        found = None
        places = range(2 * len(KINDS) if most is None or len(labels) <= most else 0)
        whole_first = sorted(places, key=lambda place: not KINDS[place % len(KINDS)].whole)
        for worths in _where_defined((self.page, *map(self.point, whole_first)), *steps):
            (actual, claimed, *numbers), (a, b, *_) = (
                map(shown, worths),
                map(balls.to_float, worths),
            )
            if actual != claimed and balls.are_apart(*worths[:2]):
                example = Counterexample(tuple(zip(labels, numbers, strict=True)), claimed, actual)
                if abs(a - b) > _VISIBLE * max(abs(a), abs(b)):
                    return example
                found = found or example
        return found


def _where_defined(points: Iterable[Point], *steps: int) -> Iterator[list[Ball]]:
    """What steps are worth at those points where all have a worth."""
    for point in points:
        worths = point.worths(steps)
        if len(worths) == len(steps):
            yield worths


def _blurred(part: Expr) -> Expr | None:
    """A decimal of three digits and more as all that rounds to it."""
    if isinstance(part, Number) and "." in part.written and digits.significant(part.written) >= 3:
        return Symbol(_ABOUT + part.written)
    return None


def _with_orders(part: Expr) -> Expr | None:
    """A function with several primes as a derivative of that order."""
    if not isinstance(part, Call) or part.primes < 2:
        return None
    slope = Derivative(replace(part, arguments=(_INSIDE,), primes=0), _INSIDE, part.primes)
    return At(slope, _INSIDE, rebuilt(part.arguments[0], _with_orders))


def shown(worth: Ball) -> Expr:
    """A number as a person writes it, to six digits; whole ones in full."""
    rough = balls.to_float(worth)
    if math.isfinite(rough) and (rough or worth == 0):
        return decimal(rough)
    return _to_digits(balls.to_fraction(worth), 6)  # beyond floats


def _to_digits(value: Fraction, count: int) -> Expr:
    """A number to so many significant digits."""
    context = Context(prec=count, Emax=MAX_EMAX, Emin=MIN_EMIN)
    found = context.divide(Decimal(value.numerator), Decimal(value.denominator))
    if abs(found.adjusted()) < _FAR:
        return number(Fraction(found))
    digits, _, power = f"{abs(found):e}".partition("e")
    size = Number(f"{digits.rstrip('0').rstrip('.')}e{int(power)}")
    return Negative(size) if found < 0 else size
