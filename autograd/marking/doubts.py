"""Why a side of an equation that is not right is, all the same, not surely wrong."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from autograd.marking.judge import Judge
from autograd.marking.kinds import FACTORS, FAR, OF_ONE_SIGN, WEAK
from autograd.marking.prose import states
from autograd.notation import (
    OTHER_NAMES,
    Applied,
    At,
    Call,
    Derivative,
    Expr,
    Number,
    Sentence,
    Symbol,
    is_numeric,
    spelling_of,
    symbols_of,
    walk,
)
from autograd.ops import TABLE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from autograd.marking.answers import Answer
    from autograd.marking.definitions import Definition, Definitions
    from autograd.marking.kinds import SlipKind
    from autograd.marking.report import Verdict
    from autograd.marking.scopes import Scope
    from autograd.marking.statements import Equation

Words = tuple[str | Expr, ...]

_OPEN_SUM: Final = re.compile(
    r"(?:\\sum|\\prod|∑|∏)\s*_\s*(?:\{[^{}]*\}|\w)\s*\^\s*\{?\s*[A-Za-z\\]"
)
_APPLIED: Final = re.compile(
    r"(?<![A-Za-z\\}{])(?:\\(?:hat|bar|tilde)\{(?=\w\})|\\?(?=[A-Za-z]{1,8}\s*\())([A-Za-z]{1,8})\}?"
    r"\s*\(\s*[A-Za-z]\s*\)"
)
_TRANSPOSE: Final = re.compile(r"\^\s*\{?\s*-?\s*(?:T|\\top|\\intercal)\s*\}?(?![A-Za-z])")
_TRANSPOSED: Final = ("T", r"\top", r"\intercal")
_VECTORS: Final = (r"\mathbf", r"\vec", r"\mathbb")
_OF_VECTORS: Final = ("of vectors or matrices: formulas of numbers are judged",)


@dataclass(slots=True)
class Line:
    """An equation being marked: what all its sides should equal, and the marks so far.

    `trees` are the sides in every sense they may have, by the scope, `subjects` what they should
    equal, in every sense; none where that is not known, for the reason `no_subject`.
    """

    equation: Equation
    scope: Scope
    trees: Sequence[tuple[Expr, ...]]
    subjects: tuple[Expr, ...]
    no_subject: Sentence | None
    first: int = 1  # the place of the first side that can stand for those after it
    is_update: bool = False
    is_generic: bool = False
    is_implicit: bool = False  # dy/dx where y has no formula, only an equation
    verdicts: dict[int, Verdict] = field(default_factory=dict)
    wrong: int = 0  # the line of the first side that is wrong, and those after it follow from

    @property
    def subject(self) -> Expr | None:
        """What all sides should equal, in its plainest sense."""
        return self.subjects[0] if self.subjects else None

    def leave_open(self, reason: Sentence) -> None:
        """From now on it is not known what the sides should equal."""
        self.subjects, self.no_subject = (), reason

    def before(self, place: int) -> int | None:
        """The nearest side before that was read."""
        return next((k for k in range(place - 1, -1, -1) if self.trees[k]), None)

    def worked(self, place: int) -> Expr | None:
        """The side before, where it is right."""
        before = self.before(place)
        is_right = before is not None and self.verdicts.get(before) == "right"
        return self.trees[before][0] if before is not None and is_right else None

    def is_rough(self, place: int) -> bool:
        """Whether the sign before a side is one of approximation."""
        return self.equation.signs[place - 1] == "~"


def doubts(
    line: Line, place: int, reference: Expr, answer: Answer, definitions: Definitions
) -> Iterator[Words]:
    """Why a side that is not what it should be is not surely wrong, the gravest reason first."""
    equation, scope, claim = line.equation, line.scope, line.trees[place][0]
    formulas = definitions.formulas_at(equation.place)
    is_subject, is_number = reference is line.subject, is_numeric(claim)
    cone = scope.judge.cone(reference)
    units = [side.unit for side in equation.sides[: place + 1] if side.unit]
    if len(set(units)) > 1:
        yield (f"in {units[0]} and in {units[-1]} numbers are not the same",)
    if is_number and (scaled := definitions.scaled(cone, equation.place)):
        yield Symbol(scaled), " is measured in a unit that numbers may be converted from"
    yield from _of_writing(line, place, reference, claim)
    for label in symbols_of(reference, claim):
        spelled = spelling_of(label)
        if spelled.base.startswith(_VECTORS) or spelled.sup in _TRANSPOSED:
            yield _OF_VECTORS
        is_far = label not in formulas or formulas[label].said.section != equation.section
        is_partial = is_far and definitions.is_partial(label)
        if is_partial or (label not in scope.formulas and definitions.is_derived(label)):
            yield Symbol(label), " looks like a derivative: is it?"
    for formula in (scope.formulas[label] for label in cone if label in scope.formulas):
        for of, wrt in scope.zero_slopes(formula):
            yield "by the definitions on this page ", of, " does not depend on ", wrt
    sloped = (
        isinstance(t, Derivative) and not (isinstance(t.of, Symbol) and t.of.label in formulas)
        for t in (reference, claim)
    )
    if is_subject and not line.is_update and (all(sloped) or not scope.names(reference)):
        yield ("an equation of two formulas: it may be one to be solved",)
    if all(isinstance(t, Symbol) and t.label not in scope.formulas for t in (reference, claim)):
        yield reference, " and ", claim, " have no formula: they may be two names, or numbers alike"
    sure = {slip.kind for slip in answer.slips} - WEAK
    if is_number or equation.setting == "inline":
        sure -= FACTORS | FAR  # which explain many a number, and many a formula in passing
    if not (is_subject or sure or is_number):
        yield ("no slip that is known explains it, and it is no definite quantity",)
    if line.is_update and not is_number:
        if not sure and sum(isinstance(part, Derivative) for part in walk(claim)) > 1:
            yield ("by which derivative it steps is not known",)
        return
    begun, is_sought = reference, is_subject  # what the line began with, where that is a formula
    own = formulas.get(reference.label) if isinstance(reference, Symbol) else None
    if own is not None and own.said.place == equation.place and own.tree is not None:
        begun, is_sought = own.tree, False
    gone, come = symbols_of(begun).keys(), symbols_of(claim).keys()
    put_in = (come - gone if is_sought else come ^ gone) if not (sure - FAR - FACTORS) else ()
    for label in put_in if not (is_sought and sure) else ():
        if label in formulas and formulas[label].said.section != equation.section:
            yield "the formula of ", Symbol(label), " stands under another heading"
    if is_subject:
        yield from _of_subject(line, claim, sure, answer, definitions)
    if equation.setting == "inline" and not (sure or is_number or states(equation.before)):
        yield ("it stands within a sentence, which does not say it as a fact",)
    if sure <= FACTORS:
        yield from _of_what_is_meant(reference, claim, scope)


def _of_writing(line: Line, place: int, reference: Expr, claim: Expr) -> Iterator[Words]:
    """Why a side, as it is written, may be no claim, or of something else than numbers."""
    equation, is_subject = line.equation, reference is line.subject
    written = equation.sides[place].text
    if line.is_implicit and is_subject:
        yield ("it may be right on the curve: what is given by an equation is compared as it "
               "stands",)  # fmt: skip
    match reference:
        case Derivative(Symbol(of), Symbol(by)) if of == by and "'" in equation.sides[0].text:
            yield Symbol(of), " may be a constant"
        case _:
            pass
    is_zero = claim == Number("0") and (place > 1 or equation.setting != "display")
    if is_zero and not line.scope.judge.is_constant(reference):
        yield ("an equation to be solved",)
    if equation.is_aside and place == 1:
        yield ("it may be a condition or an example: it stands within a sentence",)
    if equation.condition and equation.relation is None:
        yield (f"it holds under a condition: {equation.condition}",)
    if line.is_rough(place) and not is_numeric(claim):
        yield ("it is called approximate, and formulas are compared exactly",)
    if is_subject and "~" in equation.signs[: place - 1]:
        yield ("it goes on from an approximation",)
    if _OPEN_SUM.search(equation.text):
        yield ("how many terms its sum has is not said on this page",)
    if _TRANSPOSE.search(f"{equation.sides[place - 1].text} {written}"):
        yield _OF_VECTORS
    known = {*TABLE, *OTHER_NAMES, *line.scope.arguments}
    called = _APPLIED.finditer(f"{equation.sides[place - 1].text} = {written}")
    if any(use[1] not in known for use in called):
        yield ("it may be a function of a symbol, or a product with it",)


def _of_subject(
    line: Line, claim: Expr, sure: set[SlipKind], answer: Answer, definitions: Definitions
) -> Iterator[Words]:
    """Why it is not sure what a letter stands for here."""
    equation, scope, is_number = line.equation, line.scope, is_numeric(claim)
    label, role = definitions.resolved(equation.head()[0]), definitions.roles[equation.place]
    formulas = definitions.formulas_at(equation.place)
    is_known = label in formulas and label in scope.formulas
    if role == "claim" and is_known and not (is_number or sure & OF_ONE_SIGN):
        reason = (f"line {formulas[label].line} gives another formula for ", Symbol(label),
                  ": which of the two holds?")  # fmt: skip
        definitions.doubt(label, equation.place, Sentence(reason))
        yield reason
    called = [
        [part for part in walk(side.tree) if isinstance(part, Applied)]
        for side in equation.sides
        if side.tree is not None
    ]
    if not sure and any(not part.primes for parts in called[1:] for part in parts):
        yield ("it may be a differential equation, to be solved",)
    if role == "definition" and not (is_number or sure):
        yield "two formulas are given for ", Symbol(label), ": which one holds?"
    own = any(found.said.unit == equation.unit for found in formulas.values())
    for part in called[0] if called and own and not sure else ():
        if part.name in formulas and formulas[part.name].said.unit != equation.unit:
            yield "the formula of ", Symbol(part.name), " belongs to another example"
    cone = scope.judge.cone(line.subject) if line.subject is not None else ()
    for name in cone:
        estimate = Symbol(rf"\hat{{{name}}}")
        if name in formulas and estimate.label in cone and not scope.names(estimate):
            yield "the formula of ", Symbol(name), " may be that of ", estimate, ", which has none"
    for part in called[0] if called and is_number else ():
        if definitions.is_equation_for(part.name, equation):
            yield "it may be a condition for ", Symbol(part.name), ", of which an equation is given"
    if is_number and not sure and definitions.is_unsettled(cone, equation):
        yield ("which numbers hold here is not sure: some are said more than once, or under "
               "another heading",)  # fmt: skip
    match line.subject:
        case Derivative(Symbol(of)) | At(Derivative(Symbol(of))) | Symbol(of):
            by_curve = sure if of in symbols_of(claim) else FAR  # y on both sides: dy/dx = -x/y
            is_far = of in formulas and formulas[of].said.section != equation.section
            if is_far and not sure - by_curve:
                yield "the formula of ", Symbol(of), " stands under another heading"
        case _:
            return
    if isinstance(line.subject, Derivative):
        yield from _of_symbols_apart(line, claim, of, formulas)
        if other := definitions.nearer(of, equation.place):
            yield Symbol(of), " may be ", Symbol(other), ", which is defined in between"
        if of in formulas and formulas[of].said.place > equation.place and not sure:
            yield "the formula of ", Symbol(of), " comes only after this line"
        letters: list[Expr] = [Symbol(label) for label in scope.arguments.get(of, ())]
        for slip in answer.slips:
            if slip.written and slip.right and slip.right in letters:
                yield slip.written, " may be another letter for ", slip.right


def _of_symbols_apart(
    line: Line, claim: Expr, of: str, formulas: Mapping[str, Definition]
) -> Iterator[Words]:
    """Whether it is right where what has a formula under another heading is a symbol by itself:
    z = x y gives dz/dx = y, whatever y is in another example.
    """
    scope, subject = line.scope, line.subject
    cone = scope.judge.cone(subject) if subject is not None else ()
    apart = [
        label
        for label in cone
        if label != of and label in formulas
        if formulas[label].said.section != line.equation.section
    ]
    if not apart or subject is None or of not in scope.formulas:
        return
    judge = Judge({s: t for s, t in scope.formulas.items() if s not in apart}, scope.values)
    subjects = [subject]
    if isinstance(subject, Derivative) and "'" in line.equation.sides[0].text:
        subjects += [replace(subject, wrt=Symbol(s)) for s in symbols_of(scope.formulas[of])]
    for label in apart:
        if any(judge.compare(each, claim).verdict == "same" for each in subjects):
            yield "it is right where the formula of ", Symbol(label), (
                " does not hold, which stands under another heading")  # fmt: skip


def _of_what_is_meant(reference: Expr, claim: Expr, scope: Scope) -> Iterator[Words]:
    """Whether it may speak of something else: of symbols that have nothing to do with what it
    should equal; or be right for positive numbers, which somebody had in mind.
    """
    related, named = set(symbols_of(reference)), scope.names(reference)
    if named:
        related |= {*scope.judge.cone(reference), *scope.values}
    for label in symbols_of(claim):
        is_far = not named or related.isdisjoint(scope.judge.cone(Symbol(label)))
        if label not in related and is_far:
            yield (Symbol(label), " has nothing to do with what stands before, as far as this page "
                   "says")  # fmt: skip
    positive = {s: Call(TABLE["exp"], (Symbol(s),)) for s in scope.judge.leaves(reference, claim)}
    if positive and scope.judge.compare(reference, claim, where=positive).verdict == "same":
        yield ("it is right for positive numbers, not for others",)
