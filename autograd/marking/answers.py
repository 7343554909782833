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


def right_formula(truth: Expr, scope: Scope) -> Expr | None:
    """The right formula for a tree: one symbol of the page where that is enough.

    None where it would be too long to be read.
    """
    if isinstance(truth, Symbol) and isinstance(scope.formulas.get(truth.label), Derivative):
        truth = scope.formulas[truth.label]
    match truth:
        case Derivative(Symbol(of), Symbol(wrt), 1):
            found = _symbol_for(truth, scope) or _derived(of, wrt, scope)
        case Derivative(of, Symbol(wrt), order):
            found = of
            for _ in range(order):
                found = derivative(found, wrt, lambda label: _slope(label, wrt, scope))
            found = normal(found)
        case Symbol(label) if label in scope.formulas:
            found = scope.formulas[label]
        case _:
            found = normal(truth)
    return found if found is not None and size_of([found]) <= _LONGEST else None


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
            node = node + 0.0 if node.label else node
            node.label = label
            nodes[label] = node
    return derive(nodes[of], nodes[wrt]).form


def explained(
    truth: Expr,
    claim: Expr,
    scope: Scope,
    *,
    calculation: Expr | None = None,
    rate: Expr | None = None,
) -> Answer:
    """Why a claim is not what it should be.

    `calculation` is the side before, where that is right; `rate` the learning rate of the page.
    """
    is_number = is_numeric(claim) and not scope.judge.missing(truth)
    right = scope.judge.rounded(truth) if is_number else None
    formula = None
    with suppress(ChalkgradError):  # an answer that cannot be written out is none
        formula = right_formula(truth, scope)
    found: tuple[Slip, ...] = ()
    with suppress(ChalkgradError):  # what cannot be altered has no slip that is known
        found = slips.found(claim, truth, formula, scope.judge, calculation=calculation, rate=rate)
    mended = next((slip.mended for slip in found[:1] if slip.mended is not None), None)
    if mended is not None and scope.judge.compare(truth, mended).verdict != "same":
        mended = None  # slips are found in floats
    example = None if is_number else _example(truth, claim, scope)
    return Answer(right if is_number else _nearest(claim, mended, formula), found, example)


def _nearest(claim: Expr, mended: Expr | None, formula: Expr | None) -> Expr | None:
    """Of the claim mended and the formula by itself, what looks most like the claim."""
    if mended is None or formula is None:
        return formula if mended is None else mended
    shown, one, other = (to_unicode(tree).replace(" ", "") for tree in (claim, mended, formula))
    likeness = [SequenceMatcher(None, shown, each).ratio() for each in (one, other)]
    return mended if likeness[0] > likeness[1] else formula


def explained_update(truth: Expr, claim: Expr, scope: Scope) -> Answer:
    """Why a claim is not the update that it should be, derivatives taken as symbols."""
    by = {part.wrt.label for part in walk(claim) if isinstance(part, Derivative)}
    parameter = next(part.wrt.label for part in walk(truth) if isinstance(part, Derivative))
    if len(by) == 1 and parameter not in by:
        return Answer(truth, (slips.other_derivative(min(by), parameter),))
    right, claimed = _with_slopes_as_symbols(truth), _with_slopes_as_symbols(claim)
    found = slips.found(claimed, right, right, Judge({}))
    return Answer(truth, found)


def _with_slopes_as_symbols(tree: Expr) -> Expr:
    return rebuilt(
        tree, lambda part: Symbol(to_latex(part)) if isinstance(part, Derivative) else None
    )


def _example(truth: Expr, claim: Expr, scope: Scope) -> Sentence | None:
    """Numbers at which claim and truth differ; none where these are too many or tell little."""
    found = scope.judge.counterexample(truth, claim, most=_MOST_VALUES)
    if found is None:
        return None
    parts: list[str | Expr] = []
    for label, value in found.values:
        parts += [", " if parts else "at ", Relation(Symbol(label), "=", value)]
    return Sentence((*parts, " this is ", found.claimed, ", not ", found.actual))
