"""What is right instead of a wrong claim, in the symbols of the page, and the slip behind it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Final

from autograd.derivation import derive
from autograd.errors import ChalkgradError
from autograd.marking import slips
from autograd.marking.judge import Judge
from autograd.notation import (
    Derivative,
    Expr,
    Relation,
    Sentence,
    Symbol,
    build,
    derivative,
    is_numeric,
    normal,
    rebuilt,
    size_of,
    to_latex,
    to_unicode,
    walk,
)
from autograd.value import Value

if TYPE_CHECKING:
    from autograd.marking.scopes import Scope
    from autograd.marking.slips import Slip

_MOST_SYMBOLS: Final = 60  # of a page, of which one may be the answer
_MOST_VALUES: Final = 6
_LONGEST: Final = 400  # parts of an answer


@dataclass(frozen=True, slots=True)
class Answer:
    """The right formula or number, the slips that each explain the claim, a counterexample."""

    tree: Expr | None = None
    slips: tuple[Slip, ...] = ()
    example: Sentence | None = None


def explained(
    truth: Expr, claim: Expr, scope: Scope, *, calculation: Expr | None, rate: Expr | None
) -> Answer:
    """Why a claim is not what it should be.

    `calculation` is the side before, where that is right; `rate` the learning rate of the page.
    """
    judge = scope.judge
    formula = None
    with suppress(ChalkgradError):  # an answer that cannot be written out is none
        formula = _right_formula(truth, scope)
        formula = formula if formula is not None and size_of([formula]) <= _LONGEST else None
    found: tuple[Slip, ...] = ()
    with suppress(ChalkgradError):  # what cannot be altered has no slip that is known
        found = slips.found(claim, truth, formula, judge, calculation=calculation, rate=rate)
    if is_numeric(claim) and not judge.missing(truth):
        return Answer(judge.rounded(truth), found)
    mended = next((slip.mended for slip in found[:1] if slip.mended is not None), None)
    if mended is not None and judge.compare(truth, mended).verdict == "same":  # not just in floats
        formula = mended if formula is None else _nearest(claim, formula, mended)
    example = None
    if at := judge.counterexample(truth, claim, most=_MOST_VALUES):
        parts: list[str | Expr] = []
        for label, value in at.values:
            parts += [", " if parts else "at ", Relation(Symbol(label), "=", value)]
        example = Sentence((*parts, " this is ", at.claimed, ", not ", at.actual))
    return Answer(formula, found, example)


def explained_update(truth: Expr, claim: Expr) -> Answer:
    """Why a claim is not the update that it should be, derivatives taken as symbols."""
    by = {part.wrt.label for part in walk(claim) if isinstance(part, Derivative)}
    parameter = next(part.wrt.label for part in walk(truth) if isinstance(part, Derivative))
    if len(by) == 1 and parameter not in by:
        return Answer(truth, (slips.other_derivative(min(by), parameter),))
    right, claimed = (
        rebuilt(tree, lambda part: Symbol(to_latex(part)) if isinstance(part, Derivative) else None)
        for tree in (truth, claim)
    )
    return Answer(truth, slips.found(claimed, right, right, Judge({})))


def _nearest(claim: Expr, *candidates: Expr) -> Expr:
    """Of the right formulas, what looks most like the claim."""
    shown, *others = (to_unicode(tree).replace(" ", "") for tree in (claim, *candidates))
    likeness = [SequenceMatcher(None, shown, other).ratio() for other in others]
    return candidates[likeness.index(max(likeness))]


def _right_formula(truth: Expr, scope: Scope) -> Expr | None:
    """The right formula for a tree: one symbol of the page where that is enough."""
    if isinstance(truth, Symbol) and isinstance(scope.formulas.get(truth.label), Derivative):
        truth = scope.formulas[truth.label]
    match truth:
        case Derivative(Symbol(of), Symbol(wrt), 1):
            return _symbol_for(truth, scope) or _derived(of, wrt, scope)
        case Derivative(of, Symbol(wrt), order):
            for _ in range(order):
                of = derivative(of, wrt, lambda label: _slope(label, wrt, scope))
            return normal(of)
        case Symbol(label) if label in scope.formulas:
            return scope.formulas[label]
    return normal(truth)


def _slope(label: str, wrt: str, scope: Scope) -> Expr:
    """d(label)/d(wrt) by the page's formulas, written out."""
    if label == wrt or not scope.judge.depends(label, wrt):
        return derivative(Symbol(label), wrt)
    return derivative(scope.formulas[label], wrt, lambda inner: _slope(inner, wrt, scope))


def _symbol_for(truth: Expr, scope: Scope) -> Expr | None:
    """A symbol that the page defines and that is the same as `truth`, or its negative."""
    labels = [label for label in scope.formulas if label not in scope.broken]
    for label in labels[:_MOST_SYMBOLS]:
        for tree in (Symbol(label), -Symbol(label)):
            if scope.judge.compare(truth, tree).verdict == "same":
                return tree
    return None


def _derived(of: str, wrt: str, scope: Scope) -> Expr | None:
    """What `derive` writes, at a point where the page's formulas have values."""
    point = scope.judge.example(Symbol(of), Symbol(wrt))
    if point is None:
        return None
    nodes: dict[str, Value] = {}
    for label in scope.judge.cone(Derivative(Symbol(of), Symbol(wrt))):
        formula = scope.formulas.get(label)
        if label == wrt or formula is None:
            nodes[label] = Value(point[label], label)
        else:
            node = build(formula, nodes)
            nodes[label] = node + 0.0 if node.label else node
            nodes[label].label = label
    return derive(nodes[of], nodes[wrt]).form
