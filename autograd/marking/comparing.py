"""How one side of an equation compares with what it should equal: right, wrong, or not known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from autograd.errors import ChalkgradError
from autograd.marking.judge import Judge
from autograd.notation import (
    Derivative,
    Expr,
    Number,
    Product,
    Relation,
    Sentence,
    Sum,
    Symbol,
    is_numeric,
    spelling_of,
    symbols_of,
    value_of,
    walk,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from fractions import Fraction

    from autograd.marking.scopes import Scope

_SHOWN: Final = 4  # terms of a sum, in a remark
_ROUNDED: Final = 1e-2  # how far rounded shares may be from 1 together
_TARGETS: Final = ("y", "t")


@dataclass(frozen=True, slots=True)
class Outcome:
    """Right, wrong, or not known; with a reason, or a remark on what is right."""

    verdict: Literal["right", "wrong", "carried", "unread"]
    reason: Sentence | None = None


RIGHT: Final = Outcome("right")
WRONG: Final = Outcome("wrong")


def unread(*reason: str | Expr) -> Outcome:
    """Not read or not to be judged, for this reason."""
    return Outcome("unread", Sentence(reason))


def compared(
    references: Sequence[Expr],
    readings: Sequence[Expr],
    scope: Scope,
    *,
    rough: bool = False,
    before: Expr | None = None,
) -> Outcome:
    """How a side compares with what it should equal, in any sense that either may have.

    `rough` says that the sign before the side was one of approximation; `before` is the calculation
    that stands before a number, where that is right.
    """
    first = None
    for reference in references:
        outcome = _compared(reference, readings, scope, rough, before)
        if outcome.verdict == "right":
            return outcome
        first = first or outcome
    return first or unread("what it should equal is not known")


def _compared(
    reference: Expr, readings: Sequence[Expr], scope: Scope, rough: bool, before: Expr | None
) -> Outcome:
    for reason in scope.unknown(reference):
        return Outcome("unread", reason)
    if isinstance(reference, Symbol) and not scope.names(reference):
        return unread(reference, " has no definition on this page")
    if is_numeric(reference) and not any(map(is_numeric, readings)):
        return unread("a number and a formula: an equation to be solved, or to be filled in")
    outcomes = []
    for tree in readings:
        try:
            if is_numeric(tree):
                outcomes.append(_compared_number(reference, tree, scope, rough, before))
            else:
                outcomes.append(_compared_formula(reference, tree, scope))
        except ChalkgradError as error:
            outcomes.append(unread(error.message.partition("\n")[0]))
    found = next((outcome for outcome in outcomes if outcome.verdict == "right"), outcomes[0])
    if found is not WRONG:
        return found
    if any(_is_identity(reference, tree) for tree in readings):
        return RIGHT
    for tree in (reference, *readings):
        for of, wrt in scope.zero_slopes(tree):
            return unread("by the definitions on this page ", of, " does not depend on ", wrt)
    return next((each for each in outcomes if each.verdict == "unread"), found)


def _is_identity(reference: Expr, tree: Expr) -> bool:
    """Whether two formulas are the same whatever their symbols stand for: d/dx (b x) = b."""
    parts = [*walk(reference), *walk(tree)]
    by_page = any(isinstance(part, Derivative) and isinstance(part.of, Symbol) for part in parts)
    if by_page or isinstance(reference, Symbol):
        return False
    return Judge({}).compare(reference, tree).verdict == "same"


def _compared_number(
    reference: Expr, tree: Expr, scope: Scope, rough: bool, before: Expr | None
) -> Outcome:
    missing = scope.judge.missing(reference)
    if missing and not scope.judge.is_constant(reference):
        if scope.judge.compare(reference, tree).verdict == "same":
            return RIGHT
        shown = [part for s in missing[:3] for part in (Symbol(s), ", ")][:-1]
        more = ", ..." if len(missing) > 3 else ""
        return unread(*shown, f"{more} {'has' if len(missing) == 1 else 'have'} no number here")
    for part in walk(reference):
        if isinstance(part, Derivative) and not scope.judge.missing(part.of):
            scope.judge.number(part.of)  # what has no number has no derivative there
    found = scope.judge.compare_number(reference, tree, rough=rough, before=before)
    if found.verdict == "undecided":
        return Outcome("unread", found.remark)
    return WRONG if found.verdict == "wrong" else Outcome("right", found.remark)


def _compared_formula(reference: Expr, tree: Expr, scope: Scope) -> Outcome:
    found = scope.judge.compare(reference, tree)
    is_same, is_different = found.verdict == "same", found.verdict == "different"
    added = symbols_of(tree).keys() - symbols_of(reference).keys()
    unheard = sorted(label for label in added if not scope.is_known(label))
    if (is_same and not unheard) or _is_right_in_numbers(reference, tree, scope):
        return RIGHT
    if unheard:
        return unread(Symbol(unheard[0]), " stands in no definition on this page")
    for remark, where in _targets(scope, reference, tree) if is_different else ():
        if scope.judge.compare(reference, tree, where=where).verdict == "same":
            return Outcome("right", remark)
    if is_different and scope.judge.is_rounding(reference, tree):
        return Outcome("right", Sentence(("but for the rounding of the decimals in it",)))
    reason = next(scope.unknown(tree), None if is_different else found.reason)
    return Outcome("unread", reason) if reason is not None else WRONG


def _targets(scope: Scope, *trees: Expr) -> Iterator[tuple[Sentence, dict[str, Expr]]]:
    """What is usual for targets y or y_1, y_2, ..., in words, and trees of which it holds.

    That they are 0 or 1, as the page says: -log p is the loss for y = 1. That their sum is 1: p - y
    is the gradient of a softmax then.
    """
    inputs = {*scope.values, *symbols_of(*scope.formulas.values(), *trees)}
    labels = [s for s in sorted(inputs - scope.formulas.keys()) if spelling_of(s).base in _TARGETS]
    given: dict[str, Expr] = {
        s: n for s in labels if (n := scope.values.get(s)) in (Number("0"), Number("1"))
    }
    if given:
        parts: list[str | Expr] = []
        for label, number in given.items():
            parts += [", " if parts else "where ", Relation(Symbol(label), "=", number)]
        yield Sentence(tuple(parts)), given
    shares = tuple(Symbol(label) for label in labels if spelling_of(label).sub.isdigit())
    if len(shares) < 2:
        return
    total = Sum(shares)
    if scope.judge.missing(total) or abs(scope.judge.number(total) - 1) < _ROUNDED:
        rest = Number("1") - Sum(shares[:-1]) if len(shares) > 2 else 1 - shares[0]
        told: tuple[str | Expr, ...] = ("where ", shares[0], " + ... + ", shares[-1], " = 1")
        if len(shares) <= _SHOWN:
            told = ("where ", Relation(total, "=", Number("1")))
        yield Sentence(told), {shares[-1].label: rest}


def _is_right_in_numbers(reference: Expr, tree: Expr, scope: Scope) -> bool:
    """Whether it is right at the numbers of the page, some of which are put in for symbols."""
    judge = scope.judge
    if judge.missing(reference) or judge.missing(tree):
        return False
    parts: list[Expr] = [part for part in walk(reference) if isinstance(part, Derivative)]
    parts += [Symbol(label) for label in judge.cone(reference)]
    known = [abs(judge.number(part)) for part in parts]
    put_in = any(abs(n - each) * 10**9 <= n for n in _put_in(tree) for each in known)
    alone = isinstance(reference, Symbol) and isinstance(tree, Symbol)
    return (alone or put_in) and judge.is_equal_here(reference, tree)


def _put_in(tree: Expr) -> set[Fraction]:
    """The numbers in a formula that may stand for symbols.

    Not those that formulas have anyway: the 1 of 1 - a, a 1 or 2 before a product, exponents.
    """
    found: set[Fraction] = set()
    for part in walk(tree):
        match part:
            case Sum(terms):
                found |= _numbers(terms) - {1}
            case Product((first, *factors), divisors):
                found |= _numbers((first,)) - {1, 2} | _numbers((*factors, *divisors))
    return found


def _numbers(parts: Sequence[Expr]) -> set[Fraction]:
    return {abs(value) for value in map(value_of, parts) if value is not None}
