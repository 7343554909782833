"""How one side of an equation compares with what it should equal: right, wrong, or not known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from autograd.errors import ChalkgradError
from autograd.marking.judge import Judge
from autograd.notation import (
    At,
    Call,
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
from autograd.ops import TABLE

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

    verdict: Literal["right", "wrong", "unread"]
    reason: Sentence | None = None


RIGHT: Final = Outcome("right")
WRONG: Final = Outcome("wrong")


def unread(*reason: str | Expr) -> Outcome:
    """Not read or not to be judged, for this reason."""
    return Outcome("unread", Sentence(reason))


def compared(
    reference: Expr,
    readings: Sequence[Expr],
    scope: Scope,
    *,
    rough: bool = False,
    before: Expr | None = None,
) -> Outcome:
    """How a side compares with the tree it should equal, in any sense that it may have.

    `rough` says that the sign before the side was one of approximation; `before` is the calculation
    that stands before a number, where that is right.
    """
    reason = next(_unknown(reference, scope), None)
    if reason is not None:
        return Outcome("unread", reason)
    if isinstance(reference, Symbol) and not is_named(reference, scope):
        return unread(reference, " has no definition on this page")
    if is_numeric(reference) and not any(map(is_numeric, readings)):
        return unread("a number and a formula: an equation to be solved, or to be filled in")
    outcomes = []
    for tree in readings:
        try:
            judge = _compared_number if is_numeric(tree) else _compared_formula
            outcomes.append(judge(reference, tree, scope, rough, before))
        except ChalkgradError as error:
            outcomes.append(unread(error.message.partition("\n")[0]))
    found = next((outcome for outcome in outcomes if outcome.verdict == "right"), outcomes[0])
    if found is WRONG and any(_is_identity(reference, tree) for tree in readings):
        return RIGHT
    if found is WRONG:
        open_ = next((each for each in outcomes if each.verdict == "unread"), None)
        for of, wrt in (
            pair for tree in (reference, *readings) for pair in scope.derivatives(tree)
        ):
            return unread("by the definitions on this page ", of, " does not depend on ", wrt)
        return open_ or found
    return found


def _is_identity(reference: Expr, tree: Expr) -> bool:
    """Whether two formulas are the same whatever their symbols stand for: d/dx (b x) = b."""
    parts = [*walk(reference), *walk(tree)]
    by_page = any(isinstance(part, Derivative) and isinstance(part.of, Symbol) for part in parts)
    if by_page or isinstance(reference, Symbol):
        return False
    return Judge({}).compare(reference, tree).verdict == "same"


def is_named(tree: Expr, scope: Scope) -> bool:
    """Whether a tree is a quantity of the page: a symbol with a formula, a derivative, a number."""
    if isinstance(tree, Symbol):
        return tree.label in scope.formulas or tree.label in scope.values
    return is_numeric(tree) or isinstance(tree, Derivative | At)


def doubt_about(reference: Expr, claim: Expr, scope: Scope) -> Sentence | None:
    """Why a claim that is not right, and that no slip explains, is not surely wrong.

    It may speak of something else: of symbols that have nothing to do with what it should equal.
    Or it may be right for positive numbers, which somebody had in mind.
    """
    related, named = set(symbols_of(reference)), is_named(reference, scope)
    if named:
        related |= {*scope.judge.cone(reference), *scope.values}
    for label in symbols_of(claim):
        is_far = not named or related.isdisjoint(scope.judge.cone(Symbol(label)))
        if label not in related and is_far:
            return Sentence((Symbol(label), " has nothing to do with what stands before, as far as "
                             "this page says"))  # fmt: skip
    positive = {s: Call(TABLE["exp"], (Symbol(s),)) for s in scope.judge.leaves(reference, claim)}
    if positive and scope.judge.compare(reference, claim, where=positive).verdict == "same":
        return Sentence(("it is right for positive numbers, not for others",))
    return None


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


def _compared_formula(
    reference: Expr, tree: Expr, scope: Scope, rough: bool, before: Expr | None
) -> Outcome:
    comparison = scope.judge.compare(reference, tree)
    if comparison.verdict == "same" and not _unmentioned(reference, tree, scope):
        return RIGHT
    if _is_right_in_numbers(reference, tree, scope):
        return RIGHT
    for label in _unmentioned(reference, tree, scope):
        return unread(Symbol(label), " stands in no definition on this page")
    if comparison.verdict == "same":
        return RIGHT
    for remark, where in (
        _targets(scope, reference, tree) if comparison.verdict == "different" else ()
    ):
        if scope.judge.compare(reference, tree, where=where).verdict == "same":
            return Outcome("right", remark)
    if comparison.verdict == "different" and scope.judge.is_rounding(reference, tree):
        return Outcome("right", Sentence(("but for the rounding of the decimals in it",)))
    reason = next(_unknown(tree, scope), None)
    if reason is None and comparison.verdict == "undecided":
        reason = comparison.reason
    return Outcome("unread", reason) if reason is not None else WRONG


def _unmentioned(reference: Expr, tree: Expr, scope: Scope) -> list[str]:
    """The symbols of a tree of which the page says nothing but in it."""
    new = symbols_of(tree).keys() - symbols_of(reference).keys()
    return sorted(label for label in new if not scope.is_known(label))


def _targets(scope: Scope, *trees: Expr) -> Iterator[tuple[Sentence, dict[str, Expr]]]:
    """What is usual for targets y or y_1, y_2, ..., in words, and trees of which it holds.

    That they are 0 or 1, as the page says: -log p is the loss for y = 1. That their sum is 1: p - y
    is the gradient of a softmax then.
    """
    inputs = {*scope.values, *symbols_of(*scope.formulas.values(), *trees)}
    labels = [s for s in sorted(inputs - scope.formulas.keys()) if spelling_of(s).base in _TARGETS]
    given = {
        s: scope.values[s] for s in labels if scope.values.get(s) in (Number("0"), Number("1"))
    }
    if given:
        parts: list[str | Expr] = []
        for label, number in given.items():
            parts += [", " if parts else "where ", Relation(Symbol(label), "=", number)]
        yield Sentence(tuple(parts)), given
    shares = [Symbol(label) for label in labels if spelling_of(label).sub.isdigit()]
    total = Sum(tuple(shares)) if len(shares) > 1 else None
    if total and not scope.judge.missing(total):
        total = total if abs(scope.judge.number(total) - 1) < _ROUNDED else None
    if total:
        rest = Number("1") - Sum(tuple(shares[:-1])) if len(shares) > 2 else 1 - shares[0]
        one = Relation(Sum(tuple(shares)), "=", Number("1"))
        told = ("where ", one) if len(shares) <= _SHOWN else (
            "where ", shares[0], " + ... + ", shares[-1], " = 1")  # fmt: skip
        yield Sentence(told), {shares[-1].label: rest}


def _is_right_in_numbers(reference: Expr, tree: Expr, scope: Scope) -> bool:
    """Whether it is right at the numbers of the page, some of which are put in for symbols."""
    alone = isinstance(reference, Symbol) and isinstance(tree, Symbol)
    if scope.judge.missing(reference) or scope.judge.missing(tree):
        return False
    known = {abs(scope.judge.number(Symbol(label))) for label in scope.judge.cone(reference)}
    known |= {
        abs(scope.judge.number(part)) for part in walk(reference) if isinstance(part, Derivative)
    }
    put_in = [number for number in _put_in(tree) if any(_same(number, each) for each in known)]
    if not alone and not put_in:
        return False
    return scope.judge.is_equal_here(reference, tree)


def _same(number: Fraction, known: Fraction) -> bool:
    return abs(number - known) * 10**9 <= abs(number)


def _put_in(tree: Expr) -> set[Fraction]:
    """The numbers in a formula that may stand for symbols.

    Not those that formulas have anyway: the 1 of 1 - a, a 1 or 2 before a product, exponents.
    """
    found: set[Fraction] = set()
    for part in walk(tree):
        match part:
            case Sum(terms):
                found |= set(_numbers(terms)) - {1}
            case Product((first, *factors), divisors):
                found |= {*_numbers((first,))} - {1, 2} | {*_numbers((*factors, *divisors))}
    return found


def _numbers(parts: Sequence[Expr]) -> Iterator[Fraction]:
    values = (value_of(part) for part in parts)
    yield from (abs(value) for value in values if value is not None)


def _unknown(tree: Expr, scope: Scope) -> Iterator[Sentence]:
    """Why the truth about a tree cannot be known from the page, if so."""
    yield from scope.reasons_against(tree)
    for of, wrt in scope.derivatives(tree):
        if isinstance(of, Symbol) and of.label not in scope.formulas:
            yield Sentence((of, " has no definition on this page"))
        if isinstance(of, Symbol) and not scope.is_known(wrt.label):
            yield Sentence((wrt, " stands in no definition on this page"))
