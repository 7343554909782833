"""Why a claim is wrong: the slip with which the truth would be what is claimed.

Every slip is tried at one point first, in floats: the truth with the slip in it is worth what the
claim is, or the claim without it what the truth is. What passes is tried at more points. Of the
slips that explain a claim the one nearest to what a person sees is named; where no single one does,
two at once.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import cached_property, partial
from itertools import islice
from typing import TYPE_CHECKING, Final, NamedTuple

from autograd import ops
from autograd.errors import ChalkgradError
from autograd.marking import digits
from autograd.marking.chain import Chain, is_close, trial_at
from autograd.marking.kinds import UNSURE, Slip, SlipKind, cost_of, most_telling
from autograd.marking.pen import Edit, Siblings, differences_in, edits, supplied, wholes
from autograd.marking.rules import Mistake, forgotten, mistakes, overwritten, updated
from autograd.notation import (
    CHOOSING,
    ONE,
    ZERO,
    At,
    Call,
    Constant,
    Derivative,
    Expr,
    FormulaError,
    Negative,
    Number,
    Power,
    Product,
    Sentence,
    Sum,
    Symbol,
    as_expr,
    derivative,
    exact,
    is_numeric,
    size_of,
    substituted,
    symbols_of,
    walk,
)

if TYPE_CHECKING:
    from autograd.marking.chain import Place
    from autograd.marking.judge import Judge, Point
    from autograd.marking.pen import Known
    from autograd.marking.rules import Wiring

__all__ = ["Slip", "SlipKind", "found", "most_telling", "other_derivative"]

_LARGEST: Final = 400  # parts of a formula in which slips are looked for
_LARGEST_CHAIN: Final = 20_000  # parts of all formulas between a function and its variable
_POINTS: Final = 4
_MOST_POINTS: Final = 28
_MOST_CANDIDATES: Final = 6_000
_MOST_TRIED: Final = 60  # of those that pass at the first point
_MOST_FACTORS: Final = 60  # symbols of which each may be a factor too many
_MOST_WORK: Final = 200_000  # parts worked out anew for slips in several places

Words = Sequence["str | Expr"]


class Spot:
    """One point at which slips are tried: what truth and claim are worth there, and their parts."""

    def __init__(self, case: _Case, point: Point | None) -> None:
        self._case = case
        self.trial = trial_at(case.judge, point, case.at)
        self.claimed = self.trial.learn(case.claim)
        self.true = self.trial.learn(case.truth)
        if case.inner is not None:
            self.trial.of(case.inner.of)  # defined where its derivative is to be looked into

    @cached_property
    def chain(self) -> Chain:
        """The derivative by the chain rule."""
        return Chain(*self._case.gradient, self._case.judge, self.trial)

    def whole(self, slope: float) -> float:
        """What the truth is worth where the derivative in it is worth this."""
        known = {id(self._case.inner): slope}
        return float(replace(self.trial, known=known).of(self._case.truth))

    def is_hit(self, candidate: Candidate, worth: float | None) -> bool:
        """Whether a worth is the one looked for, of a number as far as its digits go.

        A single digit shows only what is exactly that.
        """
        if worth is None:
            return False
        number = digits.written(self._case.claim) if self._case.is_number else None
        if number is None or abs(number[0]) < 20 * number[1] or not number[1]:
            wanted = self.true if candidate.is_cure else self.claimed
            # A formula may cancel to next to nothing; a number that is given is given exactly.
            return is_close(worth, wanted, self.true if number is None else wanted)
        return abs(float(number[0]) - worth) <= float(number[1]) * (1 + 1e-9)


class Candidate(NamedTuple):
    """A slip, what it costs, and what the truth with it, or the claim without it, is worth."""

    kind: SlipKind
    cost: float
    words: Words | Callable[[], Words]
    worth: Callable[[Spot], float]
    edit: Edit | None = None

    @property
    def is_cure(self) -> bool:
        """Whether it is the claim that was changed."""
        return self.edit is not None and self.edit.is_cure

    def tried(self, spot: Spot) -> float | None:
        """The worth at a spot, if there is one."""
        try:
            return self.worth(spot)
        except (ChalkgradError, ArithmeticError, ValueError):
            return None

    def explains(self, spot: Spot) -> bool:
        """Whether truth and claim are the same there with the slip, or without it."""
        return spot.is_hit(self, self.tried(spot))


class _Case:
    """A claim and the truth, and all slips that there may be between them."""

    def __init__(
        self, claim: Expr, truth: Expr, formula: Expr | None, judge: Judge, rate: Expr | None
    ) -> None:
        while isinstance(truth, Symbol) and isinstance(judge.formulas.get(truth.label), Derivative):
            truth = judge.formulas[truth.label]
        self.at = (truth.symbol, truth.value) if isinstance(truth, At) else None
        self.truth = truth.of if isinstance(truth, At) else truth
        self.claim = claim
        self.judge = judge
        self._rate = rate
        self.inner = next((p for p in walk(self.truth) if isinstance(p, Derivative)), None)
        self.formulas = [tree for tree in (formula,) if tree is not None and _fits(tree)]
        labels = dict.fromkeys([*judge.formulas, *judge.values, *symbols_of(claim, truth)])
        self.siblings = Siblings(filter(_is_visible, labels))
        called = {part.operation.name for part in walk(claim) if isinstance(part, Call)}
        self.claimed = symbols_of(claim).keys() | called
        of = self.truth if self.inner is None else self.inner.of
        of = of if self.at is None else At(of, *self.at)
        self.is_number = is_numeric(claim) and not judge.missing(of)  # and all else is known

    @cached_property
    def gradient(self) -> tuple[Expr, str]:
        """What is differentiated once more, and by what."""
        if self.inner is None:
            raise FormulaError("no derivative", "", 0, 0)
        of, wrt = self.inner.of, self.inner.wrt.label
        for _ in range(self.inner.order - 1):
            of = derivative(self._expanded(of, wrt), wrt)
        used = (self.judge.formulas[s] for s in self.judge.cone(of) if s in self.judge.formulas)
        if size_of(used) > _LARGEST_CHAIN:
            raise FormulaError("too much to try every slip", "", 0, 0)
        return of, wrt

    def _expanded(self, tree: Expr, wrt: str = "") -> Expr:
        """The tree with formulas for all that depends on a symbol, or for what has no name."""
        for label in reversed(self.judge.cone(tree)):
            formula = self.judge.formulas.get(label) if label != wrt else None
            if formula and (self.judge.depends(label, wrt) if wrt else not _is_visible(label)):
                tree = substituted(tree, {label: formula})
                if not _fits(tree):
                    raise FormulaError("too long to be written out", "", 0, 0)
        return tree

    @cached_property
    def _spots(self) -> Iterator[Spot]:
        """Points at which claim and truth have a worth; at the first they differ."""
        size = 1 + len(self.judge.cone(self.truth))
        differ = False
        for number in range(max(_POINTS, min(_MOST_POINTS, _MOST_WORK // (10 * size)))):
            with suppress(ChalkgradError):
                spot = Spot(self, self.judge.point(number))
                differ = differ or not is_close(spot.true, spot.claimed)
                if differ:
                    yield spot

    @cached_property
    def first(self) -> Spot | None:
        """Where slips are tried first; of a number the only one."""
        return Spot(self, None) if self.is_number else next(self._spots, None)

    @cached_property
    def others(self) -> list[Spot]:
        """Where those are tried again that explain the claim at the first."""
        return list(islice(self._spots, _POINTS - 1))

    def agrees(self, explains: Callable[[Spot], bool]) -> bool:
        """Whether it is so at the other points, if there are any."""
        return self.is_number or (bool(self.others) and all(map(explains, self.others)))

    def slip(self, candidate: Candidate) -> Slip:
        """The slip of a candidate, told."""
        words = candidate.words if isinstance(candidate.words, Sequence) else candidate.words()
        try:
            words = [w if isinstance(w, str) else self._expanded(w) for w in words]
        except FormulaError:
            words = [w if isinstance(w, str) else Symbol(r"\ldots") for w in words]
        edit = candidate.edit
        sides = edit.sides if edit and None not in edit.sides else (None, None)
        mended = edit.tree if edit and edit.is_cure else None
        return Slip(candidate.kind, Sentence(tuple(words)), *sides, mended, candidate.cost)

    # Slips of the pen.

    def candidates(self, spot: Spot) -> Iterator[Candidate]:
        """All single slips."""
        known = self._known(spot)
        whole = self.truth if self.is_number else self.claim
        yield from self._edited(wholes(whole, known, is_cure=whole is self.claim))
        for tree in (each for each in (whole, *self.formulas) if _fits(each)):
            is_cure = tree is self.claim
            spot.trial.learn(tree)
            yield from self._edited(edits(tree, self.siblings, self._differences, is_cure=is_cure))
            if not self.is_number:
                target = spot.true if is_cure else spot.claimed
                found = supplied(tree, spot.trial, target, known, is_cure=is_cure)
                if is_numeric(tree):  # to a number by itself any term could be added
                    found = (each for each in found if each.change not in UNSURE)
                yield from self._edited(found)
        if self.inner is not None:
            yield from self._of_gradient(self.inner, spot)

    def _edited(self, found: Iterable[Edit]) -> Iterator[Candidate]:
        for edit in found:
            if edit.is_cure or self._is_written(edit):
                yield Candidate(
                    edit.kind, self._cost(edit), edit.words, partial(_worth_of, edit.tree), edit
                )

    def _is_written(self, edit: Edit) -> bool:
        """Whether people write such things, and what stands for another does stand in the claim."""
        for tree in filter(None, edit.sides):
            if any(isinstance(p, Call) and p.operation in CHOOSING for p in walk(tree)):
                return False
        match edit.after:
            case _ if is_numeric(self.claim):
                return True
            case Symbol(label):
                return label in self.claimed
            case Call(operation) if edit.kind is SlipKind.OTHER_FUNCTION:
                return operation.name in self.claimed
        return True

    def _cost(self, edit: Edit) -> float:
        cost = cost_of(edit.kind, edit.size if edit.is_cure else 0)
        factor, lost = edit.factor()
        if edit.kind is SlipKind.FACTOR_N and lost and factor == Number("2"):
            return cost + 0.5  # rather it is the 2 of a square
        if edit.kind in (SlipKind.LOST_FACTOR, SlipKind.EXTRA_FACTOR):
            # Other factors may as well come from a rule of the calculus.
            return cost + 0.1 * (not isinstance(factor, Symbol) or factor == self._variable)
        return cost

    @cached_property
    def _variable(self) -> Expr | None:
        """What is differentiated by, where nothing else varies."""
        inner, known = self.inner, self.judge.formulas
        leaves = [s for s in self.judge.cone(inner.of) if s not in known] if inner else []
        return inner.wrt if inner and leaves == [inner.wrt.label] else None

    @cached_property
    def _differences(self) -> set[tuple[Expr, Expr]]:
        """The (a, b) for which the right formula, or one of the page, has a - b, in this order."""
        if self.is_number:
            return set()
        trees = [*self.formulas, *islice(self.judge.formulas.values(), _LARGEST)]
        return {pair for tree in trees for pair in differences_in(tree)}

    def _known(self, spot: Spot) -> Known:
        leaves = [s for s in self.judge.cone(self.truth) if s not in self.judge.formulas]
        labels = dict.fromkeys([*symbols_of(self.claim, *self.formulas, self.truth), *leaves])
        symbols = list(map(Symbol, filter(_is_visible, labels)))[:_MOST_FACTORS]
        parts = (part for tree in self.formulas for part in walk(tree))
        numbers = [Number("2"), *(part for part in parts if isinstance(part, Number))]
        others = (*symbols, Constant("pi"), Constant("e"), *map(ops.log, dict.fromkeys(numbers)))
        trees: list[tuple[SlipKind, Expr]] = [(SlipKind.FACTOR_TWO, Number("2"))]
        trees += [(SlipKind.FACTOR_N, Number(str(n))) for n in self._counts]
        trees += [(SlipKind.LOST_FACTOR, tree) for tree in others]
        known: list[tuple[SlipKind, Expr, float]] = []
        for kind, tree in trees:
            with suppress(ChalkgradError):
                known.append((kind, tree, _worth_of(tree, spot)))
        return known

    @cached_property
    def _counts(self) -> list[int]:
        """The numbers n of things that means are taken of: where a sum is divided by n."""
        trees = islice(self.judge.formulas.values(), _LARGEST)
        parts = (part for tree in trees for part in walk(tree) if isinstance(part, Product))
        means = (part for part in parts if any(map(self._is_total, part.factors)))
        rest = (Product((ONE, *filter(is_numeric, p.factors)), p.divisors) for p in means)
        shares = filter(None, map(exact, rest))
        return list(dict.fromkeys(int(1 / n) for n in shares if n < 1 and n.numerator == 1))

    def _is_total(self, tree: Expr) -> bool:
        """Whether it is a sum of like things."""
        while isinstance(tree, Symbol) and not _is_visible(tree.label):
            tree = self.judge.formulas[tree.label]
        return isinstance(tree, Sum) and not any(
            isinstance(t, Number | Negative) for t in tree.terms
        )

    # Slips in the derivative.

    def _of_gradient(self, inner: Derivative, spot: Spot) -> Iterator[Candidate]:
        yield from self._of_wholes(inner)
        try:
            chain = spot.chain
        except ChalkgradError:
            return
        if not is_close(spot.whole(chain.root.slope), spot.true):
            return  # it cannot be worked out by the chain rule
        most = max(20, _MOST_WORK // (3 * len(chain.places)))
        yield from map(_rewired, islice(forgotten(chain), most))
        for mistake, places in mistakes(chain):
            most -= len(places) > 1
            if most >= 0 or len(places) == 1:
                yield self._mistaken(mistake, places, chain)
        yield from self._of_links(inner, chain)
        if self.is_number:
            yield from map(_rewired, overwritten(chain))
            yield from self._of_late_weights(chain, spot) if self._rate else ()

    def _mistaken(self, mistake: Mistake, places: list[Place], chain: Chain) -> Candidate:
        """A rule of the calculus that is applied wrongly in some places."""
        cost, place = mistake.cost, places[0]
        if not mistake.is_of_networks:
            cost += 0.02 * (len(places) > 1) + 0.5 * is_numeric(self.claim)
            cost = self._of_attempt(mistake.kind, cost, place)
        keys = [each.key for each in places]
        return Candidate(
            mistake.kind, cost, partial(mistake.told, chain, places),
            lambda spot: spot.whole(spot.chain.altered(mistake.form, keys)),
        )  # fmt: skip

    def _of_attempt(self, kind: SlipKind, cost: float, place: Place) -> float:
        """The cost where what has the form of a rule is rather an attempt at it."""
        match kind, self.claim:
            case SlipKind.QUOTIENT_RULE, Product((Sum(), *_), (_, *_)):
                return cost - 0.3
            case SlipKind.QUOTIENT_RULE, _ if not any(map(_divides, walk(self.claim))):
                return cost + 1.0
            case SlipKind.PRODUCT_RULE, Sum() if all(map(self._is_written_out, place.below)):
                return cost - 0.1
            case SlipKind.PRODUCT_RULE, _:
                return cost + 0.03  # rather a path is missing
            case SlipKind.INNER_DERIVATIVE, _ if not all(map(self._is_written_out, place.below)):
                return max(cost, 1.27)  # rather a factor is lost
        return cost

    def _is_written_out(self, place: Place) -> bool:
        """Whether a part is no symbol with a formula of its own."""
        return not isinstance(place.part, Symbol) or place.part.label not in self.judge.formulas

    def _of_links(self, inner: Derivative, chain: Chain) -> Iterator[Candidate]:
        """Only part of the chain: dy/du, or du/dx, for dy/dx."""
        for label in filter(_is_visible, chain.roots.keys() - {chain.of}):
            above = Derivative(chain.tree, Symbol(label), sign=inner.sign)
            below = Derivative(Symbol(label), inner.wrt, sign=inner.sign)
            for this, other, cost in ((above, below, 1.27), (below, above, 1.37)):
                words = ("this is ", this, ", the factor ", other, " is left out")
                worth = partial(_link, label, above=this is above)
                yield Candidate(SlipKind.INNER_DERIVATIVE, cost, words, worth)

    def _of_wholes(self, inner: Derivative) -> Iterator[Candidate]:
        """The function itself, its integral, or another derivative for the derivative."""
        itself = ("this is ", inner.of, ", not its derivative")
        yield self._instead(SlipKind.NOT_DERIVED, inner.of, itself)
        size = 1 + len(self.judge.cone(inner.of))
        for label in self.siblings.of(inner.wrt.label)[: max(2, _MOST_WORK // (30 * size))]:
            told = ("this is the gradient by ", Symbol(label))
            other = replace(inner, wrt=Symbol(label))
            edit = Edit(SlipKind.WRONG_INDEX, other, inner.wrt, Symbol(label), is_whole=True)
            yield self._instead(SlipKind.WRONG_INDEX, other, told)._replace(edit=edit)
        if is_numeric(self.claim) or size > _LARGEST:
            return
        for order in {*range(1, inner.order + 2)} - {inner.order}:
            other = replace(inner, order=order)
            found = self._instead(SlipKind.WRONG_ORDER, other, ("this is ", other))
            yield found._replace(cost=found.cost + 0.05 * (order > inner.order))
        if self.truth is inner and inner.order == 1:
            kind, fate = SlipKind.ANTIDERIVATIVE, ": it is integrated, not differentiated"
            words = ("the derivative of this is ", inner.of, fate)
            yield Candidate(kind, cost_of(kind), words, partial(self._integrated, inner))

    def _integrated(self, inner: Derivative, spot: Spot) -> float:
        """What the claim is worth; something else if it is no integral of the function."""
        assert self.first is not None  # noqa: S101  # for mypy
        return spot.claimed + self._rise(inner, spot) - self._rise(inner, self.first)

    def _rise(self, inner: Derivative, spot: Spot) -> float:
        """How much the slope of the claim is above the function: constant for its integral."""
        slope = spot.trial.derivative(Derivative(self.claim, inner.wrt))
        return slope - float(spot.trial.of(inner.of))

    def _instead(self, kind: SlipKind, tree: Expr, words: Words) -> Candidate:
        """Something else in the place of the derivative."""
        return Candidate(kind, cost_of(kind), words, lambda spot: spot.whole(spot.trial.of(tree)))

    def _of_late_weights(self, chain: Chain, spot: Spot) -> Iterator[Candidate]:
        kind = SlipKind.UPDATED_WEIGHTS
        words = ("the gradient is taken with weights already updated",)
        rate = float(self.judge.number(self._rate or ONE))
        for moved in updated(self.judge, chain, rate, spot.trial):
            forward_again = trial_at(self.judge, None, self.at, moved)
            for trial, other in ((forward_again, None), (spot.trial, moved)):
                slope = Chain(chain.tree, chain.wrt, self.judge, trial, other).root.slope
                yield Candidate(kind, cost_of(kind), words, partial(Spot.whole, slope=slope))


def _fits(tree: Expr) -> bool:
    return size_of([tree]) <= _LARGEST


def _is_visible(label: str) -> bool:
    return label[:1] != "\0"


def _divides(part: Expr) -> bool:
    return isinstance(part, Power) or (isinstance(part, Product) and part.divisors != ())


def _worth_of(tree: Expr, spot: Spot) -> float:
    return float(spot.trial.of(tree))


def _link(label: str, spot: Spot, *, above: bool) -> float:
    root = spot.chain.roots[label]
    return spot.whole(root.above if above else root.slope)


def _rewired(wiring: Wiring) -> Candidate:
    """A derivative in which something does not count."""
    return Candidate(
        wiring.kind, cost_of(wiring.kind), wiring.words,
        lambda spot: spot.whole(spot.chain.altered(ZERO, wiring.keys)),
    )  # fmt: skip


# The search.


def found(
    claim: Expr,
    truth: Expr,
    formula: Expr | None,
    judge: Judge,
    *,
    calculation: Expr | None = None,
    rate: float | Expr | None = None,
) -> tuple[Slip, ...]:
    """The slips that each explain a wrong claim; of several the nearest to what a person sees.

    `formula` is the truth written out; `calculation` what stands before it, where that is
    right; `rate` the learning rate. Empty where no slip that is known explains it.

    >>> from autograd.marking.judge import Judge
    >>> x = Symbol("x")
    >>> truth = Derivative(5 * x ** 2 - x, x)
    >>> [str(slip) for slip in found(10 * x + 1, truth, 10 * x - 1, Judge({}))]
    ['the sign of 1 is wrong']
    """
    if calculation is not None and is_numeric(calculation) and is_numeric(claim):
        worth = judge.rounded(calculation)
        words = ("the calculation: ", calculation, " is ", worth, ", not ", claim)
        return (Slip(SlipKind.ARITHMETIC, Sentence(words), claim, worth),)
    with suppress(ChalkgradError):  # slips are sought in floats, which do not hold everything
        return _found(_Case(claim, truth, formula, judge, rate if rate is None else as_expr(rate)))
    return ()


def _found(case: _Case) -> tuple[Slip, ...]:
    first = case.first
    if first is None:
        return ()
    tried = [(each, each.tried(first)) for each in islice(case.candidates(first), _MOST_CANDIDATES)]
    hits = [each for each, worth in tried if first.is_hit(each, worth)]
    hits = sorted(hits, key=lambda each: each.cost)[:_MOST_TRIED]
    explained = most_telling(case.slip(each) for each in hits if case.agrees(each.explains))
    if explained or case.is_number:
        return explained
    return _two_at_once(case, [(each, worth) for each, worth in tried if worth is not None])


def _two_at_once(case: _Case, worths: list[tuple[Candidate, float]]) -> tuple[Slip, ...]:
    """One slip in the truth and one in the claim, with which the two are worth the same."""
    cheap = [(each, worth) for each, worth in worths if each.kind not in UNSURE]
    cures = sorted((worth, i) for i, (each, worth) in enumerate(cheap) if each.is_cure)
    pairs: list[tuple[Candidate, Candidate]] = []
    for each, worth in cheap:
        slack = 1e-9 * abs(worth)
        least, most = bisect_left(cures, (worth - slack, 0)), bisect_left(cures, (worth + slack, 0))
        if not each.is_cure:
            pairs += [(each, cheap[i][0]) for _, i in cures[least:most]]
    pairs.sort(key=lambda pair: pair[0].cost + pair[1].cost)
    for altered, cure in pairs[:_MOST_TRIED]:
        if case.agrees(partial(_meet, altered, cure)):
            a, b = (case.slip(each).words.parts for each in (altered, cure))
            return (Slip(SlipKind.TWO_SLIPS, Sentence(("two slips: ", *a, ", and ", *b))),)
    return ()


def _meet(altered: Candidate, cure: Candidate, spot: Spot) -> bool:
    a, b = altered.tried(spot), cure.tried(spot)
    return a is not None and b is not None and is_close(a, b, spot.true)


def other_derivative(by: str, parameter: str) -> Slip:
    """The slip of an update with the derivative by another parameter."""
    words = ("the derivative by ", Symbol(by), " is not that by ", Symbol(parameter))
    return Slip(SlipKind.WRONG_INDEX, Sentence(words), Symbol(by), Symbol(parameter))
