"""Why a claim is wrong: the slip with which the truth would be what is claimed.

Every slip is tried at one point first, in floats: the truth with the slip in it is worth what the
claim is, or the claim without it what the truth is. What passes is tried at more points. Of the
slips that explain a claim the one nearest to what a person sees is named; where no single one does,
two at once.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Final

from autograd.errors import ChalkgradError
from autograd.marking import digits
from autograd.marking.calculus_slips import Mistake, mistakes_in, mistakes_with_term
from autograd.marking.kinds import Slip, SlipKind, cost_of, most_telling
from autograd.marking.pen import (
    LARGEST_TREE,
    Edit,
    Known,
    Siblings,
    differences_in,
    edits,
    supplied,
)
from autograd.marking.trial import ROOT, Chain, Form, Key, Numbers, Place, Trial, is_close
from autograd.marking.wiring import Rewiring, updated
from autograd.notation.calculus import derivative
from autograd.notation.errors import FormulaError
from autograd.notation.expr import (
    ONE,
    ZERO,
    At,
    Call,
    Constant,
    Derivative,
    Expr,
    Negative,
    Number,
    Power,
    Product,
    Sum,
    Symbol,
    is_numeric,
    size_of,
    substituted,
    symbols_of,
    value_of,
    walk,
)
from autograd.notation.layout import Sentence

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from autograd.marking.judge import Judge, Point

__all__ = ["Candidate", "Slip", "SlipKind", "found", "most_telling", "other_derivative"]

_POINTS: Final = 4
_MOST_POINTS: Final = 28
_MOST_CANDIDATES: Final = 6_000
_MOST_TRIED: Final = 60  # of those that pass at the first point
_MOST_FACTORS: Final = 60  # symbols of which each may be a factor too many
_MOST_WORK: Final = 200_000  # parts worked out anew for slips in several places
# What may be one of two slips at once.
_CHEAP: Final = frozenset(SlipKind) - {
    SlipKind.LOST_TERM, SlipKind.EXTRA_TERM, SlipKind.WRONG_NUMBER, SlipKind.OTHER_SYMBOL,
    SlipKind.MISPLACED, SlipKind.SWAPPED, SlipKind.UPSIDE_DOWN, SlipKind.NOT_DERIVED,
}  # fmt: skip
_OF_FORMULAS: Final = frozenset((SlipKind.LOST_TERM, SlipKind.WRONG_NUMBER))  # of no number alone


@dataclass(frozen=True, slots=True)
class Candidate:
    """A slip, and what the truth altered by it, or for a cure the mended claim, is worth at a spot."""

    kind: SlipKind
    cost: float
    told: Callable[[], Slip]
    worth: Callable[[Spot], float]
    is_cure: bool = False


class Spot:
    """One point at which slips are tried: what truth and claim are worth, and all their parts."""

    def __init__(self, case: _Case, point: Point | None) -> None:
        self._case = case
        self.numbers = Numbers(case.judge, point, case.at)
        self.trial = Trial.of_numbers(self.numbers)
        self.claimed = self.trial.learn(case.claim)
        self.true = self.trial.learn(case.truth)

    @cached_property
    def chain(self) -> Chain:
        """The derivative by the chain rule."""
        of, wrt = self._case.gradient
        return Chain(of, wrt, self._case.judge, self.numbers)

    def whole(self, slope: float) -> float:
        """What the truth is worth where the derivative in it is worth this."""
        part = self._case.inner
        return Trial(self.trial.symbol, float, self.numbers.worth, known={id(part): slope}).of(
            self._case.truth
        )


class _Case:
    """A claim and the truth, and all slips that there may be."""

    def __init__(self, claim: Expr, truth: Expr, formula: Expr | None, judge: Judge) -> None:
        while isinstance(truth, Symbol) and isinstance(judge.formulas.get(truth.label), Derivative):
            truth = judge.formulas[truth.label]
        self.at = (truth.symbol, truth.value) if isinstance(truth, At) else None
        self.truth = truth.of if isinstance(truth, At) else truth
        self.claim = claim
        self.judge = judge
        self.inner = next((p for p in walk(self.truth) if isinstance(p, Derivative)), None)
        self.formulas = [tree for tree in (formula,) if tree is not None and self._fits(tree)]
        labels = [*judge.formulas, *judge.values, *symbols_of(claim, truth)]
        self.siblings = Siblings(label for label in dict.fromkeys(labels) if label[:1] != "\0")

    @staticmethod
    def _fits(tree: Expr) -> bool:
        return size_of([tree]) <= LARGEST_TREE

    @cached_property
    def gradient(self) -> tuple[Expr, str]:
        """What is differentiated once more, by what."""
        if self.inner is None:
            raise FormulaError("no derivative", "", 0, 0)
        of, wrt = self.inner.of, self.inner.wrt.label
        for _ in range(self.inner.order - 1):
            of = derivative(self._expanded(of, wrt), wrt)
        return of, wrt

    def _expanded(self, tree: Expr, wrt: str) -> Expr:
        """The tree with the formulas of all that depends on a symbol put in."""
        for label in reversed(self.judge.cone(tree)):
            if label != wrt and label in self.judge.formulas and self.judge.depends(label, wrt):
                tree = substituted(tree, {label: self.judge.formulas[label]})
                if not self._fits(tree):
                    raise FormulaError("too long to be written out", "", 0, 0)
        return tree

    @property
    def has_numbers(self) -> bool:
        """Whether the page gives numbers for all that the truth is made of."""
        tree = self.truth if self.inner is None else self.inner.of
        return not self.judge.missing(tree if self.at is None else At(tree, *self.at))

    @cached_property
    def spots(self) -> list[Spot]:
        """Points at which claim and truth have a worth; at the first they differ."""
        spots: list[Spot] = []
        for number in range(_MOST_POINTS):
            try:
                spot = Spot(self, self.judge.point(number))
            except ChalkgradError:
                continue
            if spots or not is_close(spot.true, spot.claimed):
                spots.append(spot)
            if len(spots) == _POINTS:
                break
        return spots if len(spots) > 1 else []

    # Candidates.

    def candidates(self, spot: Spot) -> Iterator[Candidate]:
        """All single slips that are tried one by one."""
        known = self._known(spot)
        yield from self._of_pen(self.claim, spot, spot.true, known, is_cure=True)
        for tree in self.formulas:
            spot.trial.learn(tree)
            yield from self._of_pen(tree, spot, spot.claimed, known, is_cure=False)
        if self.inner is not None:
            yield from self._of_gradient(spot)

    def _of_pen(
        self, tree: Expr, spot: Spot, target: float, known: Known, *, is_cure: bool
    ) -> Iterator[Candidate]:
        if not self._fits(tree):
            return
        for edit in edits(tree, self.siblings, self._differences if is_cure else set()):
            if is_cure or self._is_written(edit):
                yield self._edited(edit, tree, is_cure)
        for edit in supplied(tree, spot.trial, target, known):
            if not is_numeric(tree) or edit.kind not in _OF_FORMULAS:
                yield self._edited(edit, tree, is_cure)

    def _edited(self, edit: Edit, tree: Expr, is_cure: bool) -> Candidate:
        kind = _kind(edit, is_cure)
        cost = cost_of(kind, edit.size if is_cure else 0)
        if kind is SlipKind.FACTOR_N and _lost_factor(edit, is_cure) == (Number("2"), True):
            cost += 0.5  # rather it is the 2 of a square
        if kind in (SlipKind.LOST_FACTOR, SlipKind.EXTRA_FACTOR) and self._says_little(edit):
            cost += 0.1
        return Candidate(
            kind,
            cost,
            lambda: self._told(edit, tree, kind, is_cure),
            lambda spot: spot.trial.of(edit.tree),
            is_cure,
        )

    def _is_written(self, edit: Edit) -> bool:
        """Whether a symbol or function that stands for another one does stand in the claim."""
        match edit.after:
            case Symbol() as symbol:
                return symbol in walk(self.claim)
            case Call(operation) if edit.kind is SlipKind.OTHER_FUNCTION:
                return any(
                    isinstance(p, Call) and p.operation is operation for p in walk(self.claim)
                )
        return True

    def _says_little(self, edit: Edit) -> bool:
        """Whether a lost factor may as well be part of a derivative by a rule."""
        factor = edit.after or edit.before
        is_wrt = self.inner is not None and factor == self.inner.wrt
        return is_wrt or not isinstance(factor, Symbol)

    def _told(self, edit: Edit, tree: Expr, kind: SlipKind, is_cure: bool) -> Slip:
        written, right = (edit.before, edit.after) if is_cure else (edit.after, edit.before)
        words = _words(edit, kind, is_cure, is_whole=edit.before is tree)
        is_part = kind is not SlipKind.SIGN and None not in (written, right)
        mended = edit.tree if is_cure else None
        return self._slip(
            kind, words, written if is_part else None, right if is_part else None, mended
        )

    def _slip(
        self,
        kind: SlipKind,
        words: Iterable[str | Expr],
        written: Expr | None = None,
        right: Expr | None = None,
        mended: Expr | None = None,
    ) -> Slip:
        parts = tuple(w if isinstance(w, str) else self._visible(w) for w in words)
        return Slip(kind, Sentence(parts), written, right, mended)

    def _visible(self, tree: Expr) -> Expr:
        """A tree with formulas for what has no name."""
        while hidden := [label for label in symbols_of(tree) if label[:1] == "\0"]:
            tree = substituted(tree, {label: self.judge.formulas[label] for label in hidden})
            if not self._fits(tree):
                return Symbol(r"\ldots")
        return tree

    @cached_property
    def _differences(self) -> set[tuple[Expr, Expr]]:
        """The (a, b) for which the right formula, or one of the page, has a - b, in this order."""
        trees = [*self.formulas, *islice(self.judge.formulas.values(), LARGEST_TREE)]
        return {pair for tree in trees for pair in differences_in(tree)}

    def _known(self, spot: Spot) -> Known:
        labels = dict.fromkeys(symbols_of(self.claim, *self.formulas, self.truth))
        used = self.judge.cone(self.truth)
        labels.update(dict.fromkeys(label for label in used if label not in self.judge.formulas))
        visible = [label for label in labels if label[:1] != "\0"][:_MOST_FACTORS]
        symbols = [
            (label, worth)
            for label in visible
            if (worth := _tried(spot, Symbol(label))) is not None
        ]
        factors = [(SlipKind.FACTOR_N, Number(str(n)), float(n)) for n in self._counts]
        factors.append((SlipKind.FACTOR_TWO, Number("2"), 2.0))
        factors += [(SlipKind.LOST_FACTOR, Symbol(label), worth) for label, worth in symbols]
        numbers = [
            Number("2"),
            *(p for tree in self.formulas for p in walk(tree) if isinstance(p, Number)),
        ]
        constants: list[Expr] = [Constant("pi"), Constant("e")]
        constants += [_log(part) for part in dict.fromkeys(numbers) if part.value > 1]
        factors += [
            (SlipKind.LOST_FACTOR, tree, worth)
            for tree in constants
            if (worth := _tried(spot, tree)) is not None
        ]
        return Known(factors, symbols)

    @cached_property
    def _counts(self) -> list[int]:
        """The numbers n of things that means are taken of: where a sum is divided by n."""
        found: dict[int, None] = {}
        for tree in islice(self.judge.formulas.values(), LARGEST_TREE):
            for part in walk(tree):
                if isinstance(part, Product) and any(map(self._is_total, part.factors)):
                    values = [value_of(d) for d in part.divisors]
                    found |= {int(n): None for n in values if n and n.denominator == 1 and n >= 2}
        return list(found)

    def _is_total(self, tree: Expr) -> bool:
        """Whether it is a sum of like things."""
        while isinstance(tree, Symbol) and tree.label[:1] == "\0":
            tree = self.judge.formulas[tree.label]
        return isinstance(tree, Sum) and not any(
            isinstance(t, Number | Negative) for t in tree.terms
        )

    # Slips in the derivative.

    def _of_gradient(self, spot: Spot) -> Iterator[Candidate]:
        yield from self._of_wholes(spot)
        yield from self._of_others()
        try:
            chain = spot.chain
        except ChalkgradError:
            return  # what the chain rule cannot be worked out for has no slips in it
        if not is_close(spot.whole(chain.slope), spot.true):
            return
        rewiring = Rewiring(chain, self._name_of(chain))
        size = sum(map(len, chain.places.values()))
        for wiring in islice(rewiring.slips(), max(20, _MOST_WORK // size)):
            yield self._rewired(wiring.kind, wiring.words, wiring.wrong)
        yield from self._of_calculus(chain)
        yield from self._of_links(chain)

    def _name_of(self, chain: Chain) -> str:
        of = chain.formulas[ROOT]
        return of.label if isinstance(of, Symbol) else ROOT

    def _rewired(
        self,
        kind: SlipKind,
        words: Iterable[str | Expr],
        wrong: Mapping[Key, Form],
        cost: float = 0.0,
    ) -> Candidate:
        def worth(spot: Spot) -> float:
            if len(wrong) > 1:
                return spot.whole(spot.chain.altered(wrong))
            ((key, form),) = wrong.items()
            chain = spot.chain
            return spot.whole(chain.slope + chain.change(key, chain.wrong_slope(key, form)))

        return Candidate(kind, cost or cost_of(kind), lambda: self._slip(kind, words), worth)

    def _of_calculus(self, chain: Chain) -> Iterator[Candidate]:
        """The rules of the calculus applied wrongly, at one place or at all."""
        places: dict[int, tuple[Mistake, list[Key]]] = {}
        for label, inside in chain.places.items():
            if label == ROOT and isinstance(chain.formulas[ROOT], Symbol):
                continue
            terms = {
                id(p) for place in inside if place.rule in ("sum", "negative") for p in place.below
            }
            terms |= {id(place) for place in inside[:1] if place.rule != "sum"}
            for number, place in enumerate(inside):
                mistakes = mistakes_in(place) if place.slope != 0 else ()
                if id(place) in terms:
                    mistakes += mistakes_with_term(place)
                for mistake in mistakes:
                    slope = _attempted(mistake.form, place)
                    if slope is None or is_close(slope, place.slope):
                        continue
                    key = (label, number)
                    places.setdefault(id(mistake), (mistake, []))[1].append(key)
                    yield self._mistaken(mistake, place, {key: mistake.form})
        for mistake, keys in places.values():
            if len(keys) > 1:
                place = chain.places[keys[0][0]][keys[0][1]]
                yield self._mistaken(mistake, place, dict.fromkeys(keys, mistake.form))

    def _mistaken(self, mistake: Mistake, place: Place, wrong: Mapping[Key, Form]) -> Candidate:
        words = [] if len(wrong) == 1 else [", and so elsewhere"]
        cost = self._cost(mistake) + 0.02 * (len(wrong) > 1) + 0.5 * is_numeric(self.claim)
        found = self._rewired(mistake.kind, (), wrong, cost)
        return replace(found, told=lambda: self._slip(mistake.kind, [*mistake.told(place), *words]))

    def _cost(self, mistake: Mistake) -> float:
        """What a wrong rule costs; less where the claim has the form of the rule."""
        match mistake.kind, self.claim:
            case SlipKind.QUOTIENT_RULE, Product((Sum(), *_), (_, *_)):
                return mistake.cost - 0.3
            case SlipKind.QUOTIENT_RULE, _ if not any(_divides(part) for part in walk(self.claim)):
                return mistake.cost + 1.0
            case SlipKind.PRODUCT_RULE, Sum():
                return mistake.cost - 0.1
        return mistake.cost

    def _of_links(self, chain: Chain) -> Iterator[Candidate]:
        """Only part of the chain: dy/du, or du/dx, for dy/dx."""
        of, wrt = chain.formulas[ROOT], Symbol(chain.wrt)
        for label in chain.tangents:
            if label in (ROOT, chain.wrt, self._name_of(chain)) or label[:1] == "\0":
                continue
            outer, inner = Derivative(of, Symbol(label)), Derivative(Symbol(label), wrt)
            kind = SlipKind.INNER_DERIVATIVE
            for part, missing, links, cost in (
                (outer, inner, "adjoints", 1.25), (inner, outer, "tangents", 1.35),
            ):  # fmt: skip
                words = ("this is ", part, ", the factor ", missing, " is left out")
                yield Candidate(
                    kind, cost, lambda words=words: self._slip(kind, words),  # type: ignore[misc]
                    lambda spot, links=links, label=label:  # type: ignore[misc]
                        spot.whole(getattr(spot.chain, links)[label]),
                )  # fmt: skip

    def _of_wholes(self, spot: Spot) -> Iterator[Candidate]:
        """The function itself, or another order of derivative, for the derivative."""
        inner = self.inner
        assert inner is not None
        yield self._instead(
            SlipKind.NOT_DERIVED, inner.of, ("this is ", inner.of, ", not its derivative")
        )
        for order in range(1, inner.order + 2) if not is_numeric(self.claim) else ():
            if order != inner.order:
                other = replace(inner, order=order)
                yield self._instead(SlipKind.WRONG_ORDER, other, ("this is ", other))
        if self.truth is inner and inner.order == 1 and not is_numeric(self.claim):
            words = (
                "the derivative of this is ",
                inner.of,
                ": it is integrated, not differentiated",
            )
            start = self._rise(spot)
            yield Candidate(
                SlipKind.ANTIDERIVATIVE, cost_of(SlipKind.ANTIDERIVATIVE),
                lambda: self._slip(SlipKind.ANTIDERIVATIVE, words),
                lambda spot: spot.claimed if is_close(self._rise(spot), start, spot.claimed) else spot.true,
            )  # fmt: skip

    def _rise(self, spot: Spot) -> float:
        """How much the slope of the claim is above the function: constant for its integral."""
        assert self.inner is not None
        slope = spot.numbers.worth(Derivative(self.claim, self.inner.wrt))
        return slope - spot.trial.of(self.inner.of)

    def _of_others(self) -> Iterator[Candidate]:
        """The derivatives by symbols that differ from the right one in their indices only."""
        assert self.inner is not None
        wrt = self.inner.wrt
        for label in self.siblings.of(wrt.label):
            other = replace(self.inner, wrt=Symbol(label))
            words = ("this is the gradient by ", Symbol(label))
            kind = SlipKind.WRONG_INDEX
            candidate = self._instead(kind, other, words)
            yield replace(
                candidate, told=lambda w=words, s=label: self._slip(kind, w, Symbol(s), wrt)
            )  # type: ignore[misc]

    def _instead(self, kind: SlipKind, tree: Expr, words: tuple[str | Expr, ...]) -> Candidate:
        """Something else in the place of the derivative."""
        return Candidate(
            kind,
            cost_of(kind),
            lambda: self._slip(kind, words),
            lambda spot: spot.whole(spot.numbers.worth(tree)),
        )

    # Slips that are looked for in numbers only.

    def in_numbers(self, spot: Spot, rate: float | None) -> Iterator[Candidate]:
        """The derivative as a whole, and what a program may have done."""
        truth = self.truth
        yield self._edited(Edit(SlipKind.SIGN, -truth, truth, -truth), truth, False)
        for kind, factor, _ in self._known(spot).factors:
            if factor != Number("1"):
                yield self._edited(Edit(kind, factor * truth, None, factor), truth, False)
                yield self._edited(Edit(kind, truth / factor, factor, None), truth, False)
        for tree in self.formulas:
            spot.trial.learn(tree)
            for edit in edits(tree, self.siblings, set()):
                yield self._edited(edit, tree, False)
        if self.inner is None:
            return
        yield from self._of_gradient(spot)
        of, wrt = self.gradient
        for wiring in Rewiring(spot.chain, self._name_of(spot.chain)).overwritten():
            yield self._rewired(wiring.kind, wiring.words, wiring.wrong)
        kind, words = (
            SlipKind.UPDATED_WEIGHTS,
            ("the gradient is taken with weights already updated",),
        )
        for moved in updated(self.judge, of, spot.chain, rate, spot.numbers) if rate else ():
            for numbers, other in (
                (Numbers(self.judge, None, self.at, moved), {}), (spot.numbers, moved),
            ):  # fmt: skip
                slope = Chain(of, wrt, self.judge, numbers, other).slope
                yield Candidate(
                    kind, cost_of(kind), lambda: self._slip(kind, words),
                    lambda spot, slope=slope: spot.whole(slope),  # type: ignore[misc]
                )  # fmt: skip


def _divides(part: Expr) -> bool:
    return isinstance(part, Power) or (isinstance(part, Product) and part.divisors != ())


def _attempted(form: Form, place: object) -> float | None:
    try:
        slope = form(place.u, place.slopes(), place.y)  # type: ignore[attr-defined]
    except (ChalkgradError, ArithmeticError, ValueError):
        return None
    return slope if slope is None or slope - slope == 0 else None


def _tried(spot: Spot, tree: Expr) -> float | None:
    try:
        return float(spot.trial.of(tree))
    except ChalkgradError:
        return None


def _log(part: Number) -> Expr:
    from autograd import ops

    return ops.log(part)


# In words.


def _kind(edit: Edit, is_cure: bool) -> SlipKind:
    """The kind of an edit; where a factor or a term came or went, by which way it went."""
    if edit.kind is SlipKind.LOST_FACTOR and not _lost_factor(edit, is_cure)[1]:
        return SlipKind.EXTRA_FACTOR
    if edit.kind is SlipKind.LOST_TERM and (edit.after is None) is is_cure:
        return SlipKind.EXTRA_TERM
    return edit.kind


def _lost_factor(edit: Edit, is_cure: bool) -> tuple[Expr, bool]:
    """The factor that came or went, and whether it is lost; 1/x that came is x that went."""
    factor = edit.after or edit.before
    lost = (edit.after is None) is not is_cure
    match factor:
        case Product((Number("1"),), (divisor,)) if edit.before is None:
            return divisor, not lost
    assert factor is not None
    return factor, lost


def _words(edit: Edit, kind: SlipKind, is_cure: bool, *, is_whole: bool) -> tuple[str | Expr, ...]:
    before, after = edit.before, edit.after
    if before is None or after is None:
        if edit.kind is not SlipKind.LOST_TERM:
            return _fate(edit, is_cure)
        term = after or before or ZERO
        return ("the term ", term, " is lost" if kind is SlipKind.LOST_TERM else " is one too many")
    written, right = (before, after) if is_cure else (after, before)
    match kind:
        case SlipKind.SIGN:
            if is_whole:
                return ("the sign is the wrong one",)
            return (
                "the sign of ",
                before.operand if isinstance(before, Negative) else before,
                " is wrong",
            )
        case SlipKind.SWAPPED:
            return (before, " and ", after, " are exchanged")
        case SlipKind.TRANSPOSED:
            return (written, " is written where ", right, " belongs: the indices are exchanged")
    return (written, " is written where ", right, " belongs")


def _fate(edit: Edit, is_cure: bool) -> tuple[str | Expr, ...]:
    factor, lost = _lost_factor(edit, is_cure)
    if edit.kind is SlipKind.FACTOR_N:
        # The mean has 1/n: a factor n too many is a 1/n that is lost.
        mean = Product((ONE,), (factor,))
        return ("the factor ", mean, " of the mean is ", "one too many" if lost else "lost")
    if edit.kind is SlipKind.BIAS_CORRECTION:
        return ("the bias correction, ", factor, ", is ", "left out" if lost else "one too many")
    return ("the factor ", factor, " is ", "lost" if lost else "one too many")


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

    `formula` is the truth written out; `calculation` what stands before a number, where that is
    right; `rate` the learning rate. Empty where no slip that is known explains it.

    >>> from autograd.marking.judge import Judge
    >>> x = Symbol("x")
    >>> truth = Derivative(5 * x ** 2 - x, x)
    >>> [str(slip) for slip in found(10 * x + 1, truth, 10 * x - 1, Judge({}))]
    ['the sign of 1 is wrong']
    """
    if calculation is not None:
        worth = judge.rounded(calculation)
        words = ("the calculation: ", calculation, " is ", worth, ", not ", claim)
        return (Slip(SlipKind.ARITHMETIC, Sentence(words), claim, worth),)
    case = _Case(claim, truth, formula, judge)
    if is_numeric(claim) and case.has_numbers:
        return _in_number(case, None if rate is None else float(judge.number(_as_tree(rate))))
    if not case.spots:
        return ()
    first, *others = case.spots
    singles: list[tuple[Candidate, float]] = []
    hits: list[Candidate] = []
    for candidate in islice(case.candidates(first), _MOST_CANDIDATES):
        worth = _worth(candidate, first)
        if worth is None:
            continue
        singles.append((candidate, worth))
        if is_close(worth, first.true if candidate.is_cure else first.claimed, first.true):
            hits.append(candidate)
    hits.sort(key=lambda candidate: candidate.cost)
    explained = [hit for hit in hits[:_MOST_TRIED] if all(_explains(hit, spot) for spot in others)]
    return _named(explained) or _two_at_once(singles, others)


def _as_tree(rate: float | Expr) -> Expr:
    return rate if isinstance(rate, Expr) else Number(repr(rate))


def _worth(candidate: Candidate, spot: Spot) -> float | None:
    try:
        return candidate.worth(spot)
    except (ChalkgradError, ArithmeticError, ValueError):
        return None


def _explains(candidate: Candidate, spot: Spot) -> bool:
    worth = _worth(candidate, spot)
    target = spot.true if candidate.is_cure else spot.claimed
    return worth is not None and is_close(worth, target, spot.true)


def _named(candidates: Iterable[Candidate]) -> tuple[Slip, ...]:
    return most_telling([replace(each.told(), cost=each.cost) for each in candidates])


def _two_at_once(singles: list[tuple[Candidate, float]], others: list[Spot]) -> tuple[Slip, ...]:
    """One slip in the truth and one in the claim, with which the two are worth the same."""
    cheap = [(candidate, worth) for candidate, worth in singles if candidate.kind in _CHEAP]
    cures = sorted(((w, i) for i, (c, w) in enumerate(cheap) if c.is_cure))
    pairs: list[tuple[Candidate, Candidate]] = []
    for candidate, worth in cheap:
        if candidate.is_cure:
            continue
        slack = 1e-9 * abs(worth)
        at = bisect_left(cures, (worth - slack, -1))
        while at < len(cures) and cures[at][0] <= worth + slack:
            pairs.append((candidate, cheap[cures[at][1]][0]))
            at += 1
    pairs.sort(key=lambda pair: pair[0].cost + pair[1].cost)
    for altered, cure in pairs[:_MOST_TRIED]:
        if all(_meet(altered, cure, spot) for spot in others):
            a, b = altered.told(), cure.told()
            words = Sentence(("two slips: ", *a.words.parts, ", and ", *b.words.parts))
            return (Slip(SlipKind.TWO_SLIPS, words),)
    return ()


def _meet(altered: Candidate, cure: Candidate, spot: Spot) -> bool:
    a, b = _worth(altered, spot), _worth(cure, spot)
    return a is not None and b is not None and is_close(a, b, spot.true)


def _in_number(case: _Case, rate: float | None) -> tuple[Slip, ...]:
    spot = Spot(case, None)
    hits = []
    for candidate in islice(case.in_numbers(spot, rate), _MOST_CANDIDATES):
        worth = _worth(candidate, spot)
        if worth is not None and _shows(case.claim, spot.claimed, worth):
            hits.append(candidate)
    return _named(hits)


def _shows(claim: Expr, claimed: float, worth: float) -> bool:
    """Whether a claimed number shows another one, as far as its digits go.

    A single digit shows only what is exactly that.
    """
    number = digits.written(claim)
    if number is None or not number[1] or abs(number[0]) < 20 * number[1]:
        return is_close(worth, claimed)
    return abs(float(number[0]) - worth) <= float(number[1]) * (1 + 1e-9)


def other_derivative(by: str, parameter: str) -> Slip:
    """The slip of an update with the derivative by another parameter."""
    words = ("the derivative by ", Symbol(by), " is not that by ", Symbol(parameter))
    return Slip(SlipKind.WRONG_INDEX, Sentence(words), Symbol(by), Symbol(parameter))
