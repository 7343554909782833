r"""Claims about a gradient, judged: `check_formula` and `check_number`.

A formula is right where it has the gradient's value at random consistent points, so that every
equivalent form is; a number is right where the gradient rounds to it. Of a wrong claim the slip is
sought with which the gradient would be what was claimed.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from autograd.derivations.markup import to_unicode
from autograd.derivations.notation import number
from autograd.errors import ArgumentError, ChalkgradError
from autograd.formulas.syntax import (
    Node,
    Number,
    children,
    latex,
    with_children,
)
from autograd.verdicts.cases import Case
from autograd.verdicts.links import Link, links_of, shown_number, shown_text
from autograd.verdicts.rewriting import cured_formulas
from autograd.verdicts.samples import differ, is_telling
from autograd.verdicts.slips import Slip, SlipKind, most_telling
from autograd.verdicts.updating import with_updated_weights

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from autograd.formulas.reading import Formula
    from autograd.value import Value
    from autograd.verdicts.balls import Ball
    from autograd.verdicts.samples import Sample
    from autograd.verdicts.slips import Altered

    At = Callable[[Sample], Ball]

__all__ = ["Counterexample", "Verdict", "check_formula", "check_number"]

_MOST_VALUES: Final = 16  # of a counterexample in words
_ROOM: Final = 4.0  # radii that two values may be apart
_ROUNDED_ROOM: Final = 1.0 + 1e-6  # a rounded decimal is off by half a unit, floats by little more
_SLIP_POINTS: Final = 12
_VISIBLE: Final = 1e-2  # relative difference that a counterexample should show
_LEAST_DIGITS: Final = 3  # of a decimal in a formula that may pass as rounded


@dataclass(frozen=True, slots=True)
class Counterexample:
    """Numbers for all symbols involved at which a claimed formula and the gradient differ."""

    values: tuple[tuple[str, float], ...]
    claimed: float
    actual: float

    def __str__(self) -> str:
        values = [f"{to_unicode(label)} = {shown_number(x)}" for label, x in self.values]
        at = ", ".join(values[:_MOST_VALUES]) + (", ..." if len(values) > _MOST_VALUES else "")
        claimed, actual = shown_number(self.claimed), shown_number(self.actual)
        return f"{at and f'at {at} '}it gives {claimed}, the gradient is {actual}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a claim; true where it is right.

    `message` says it in words, `answer` is the right formula or number in LaTeX. `slips` each
    explain a wrong claim: one, several, or none that is known; `slip` is the only one. `rounded`
    says that a claim is right but for the rounding of numbers shown in it; `decided` is false where
    no point was found at which to compare.
    """

    right: bool
    message: str
    answer: str
    counterexample: Counterexample | None = None
    slips: tuple[Slip, ...] = ()
    rounded: bool = False
    decided: bool = True

    @property
    def slip(self) -> Slip | None:
        """The slip, where exactly one explains the claim."""
        return self.slips[0] if len(self.slips) == 1 else None

    def __bool__(self) -> bool:
        return self.right

    def __str__(self) -> str:
        return self.message


# Formulas.


def check_formula(
    output: Value,
    wrt: Value,
    text: str,
    *,
    aliases: Mapping[str, str] | None = None,
    symbols: Iterable[Value] = (),
) -> Verdict:
    r"""Whether `text` is a formula for d(output)/d(wrt), in any form; if not, what slipped.

    `text` is LaTeX or plain notation over the labels of the graph and of the Values in `symbols`;
    `aliases` maps other spellings to labels. Claim and gradient are compared at random points:
    labelled leaves, constants as well, are drawn at several scales with both signs, and what lies
    between is recomputed. What is recorded in the graph plays no part, and stays as it is.

    Raises FormulaError for text that cannot be read, ArgumentTypeError for what is no Value or no
    text, DomainError where the gradient exists at none of the points tried.

    >>> from autograd import Value
    >>> y, w, x = Value(3.0, "y"), Value(18.0, "w"), Value(80.0, "x")
    >>> loss = (y - w * x) ** 2
    >>> loss.label = "L"
    >>> check_formula(loss, w, "2wx^2 - 2xy").right
    True
    >>> print(check_formula(loss, w, "2(y - wx)x"))
    wrong: ∂L/∂w = −2(y − w x) x, not 2(y − wx)x
    slip: the sign is the wrong one
    counterexample: at y = 3, w = 18, x = 80 it gives −229920, the gradient is 229920
    """
    case = Case(output, wrt, aliases, symbols)
    readings = case.readings(text)
    case.draw_also(readings[0])
    comparisons = [_Comparison(case, _worth(formula.tree)) for formula in readings]
    for formula, comparison in zip(readings, comparisons, strict=True):
        if comparison.same:
            note = "" if formula is readings[0] else f"\nread as {to_unicode(latex(formula.tree))}"
            return Verdict(True, f"right: {case.equation}{note}", case.answer)
    different = comparisons[0].different
    if different is None:
        message = f"undecided: {shown_text(text)} can be compared at none of the points tried"
        return Verdict(False, f"{message}; {case.equation}", case.answer, decided=False)
    rounded = _rounded_decimals(readings[0].tree)
    if rounded and _Comparison(case, _shown_worth(rounded), rounded=True).same:
        message = f"right, but for the rounding of the decimals in it: {case.equation}"
        return Verdict(True, message, case.answer, rounded=True)
    return _wrong_formula(case, readings, different)


def _wrong_formula(case: Case, readings: Sequence[Formula], different: Sample) -> Verdict:
    example = _counterexample(case, readings[0], different)
    slips: tuple[Slip, ...] = ()
    for formula in readings:
        slips = slips or _slips_in_formula(case, formula.tree)
    message = (
        f"wrong: {case.equation}, not {shown_text(readings[0].text)}\n{_explained(slips)}\n"
        f"counterexample: {example}"
    )
    return Verdict(False, message, case.answer, example, slips)


def _worth(tree: Node) -> At:
    return lambda sample: sample.worth(tree)


def _shown_worth(tree: Node) -> At:
    return lambda sample: sample.worth(tree, digits=True)


class _Comparison:
    """The gradient beside something else, point after point, until the two differ.

    `same` says that they agree wherever both are defined, and that this says something; `different`
    is the point where they do not. With `rounded` the radii are those of rounded decimals.
    """

    def __init__(self, case: Case, other: At, *, rounded: bool = False) -> None:
        room = _ROUNDED_ROOM if rounded else _ROOM
        self.same = False
        self.different: Sample | None = None
        for sample in case.points():
            value, actual = _defined(other, sample), case.gradient(sample)
            if value is None:
                continue
            if differ(value, actual, room=room):
                self.same, self.different = False, sample
                return
            self.same |= rounded or is_telling(value, actual)


def _defined(at: At, sample: Sample) -> Ball | None:
    """A value at a sample; None where an operation is not defined there, or no digit is left."""
    try:
        value = at(sample)
    except ChalkgradError:
        return None
    return value if math.isfinite(value.radius) else None


def _rounded_decimals(tree: Node) -> Node | None:
    """The tree with only long decimals to be taken as rounded; None where it has none."""
    if isinstance(tree, Number):
        digits = tree.written.lower().partition("e")[0].replace(".", "").lstrip("0")
        long = "." in tree.written and len(digits) >= _LEAST_DIGITS
        return tree if long else None
    parts = children(tree)
    rounded = [_rounded_decimals(part) for part in parts]
    if not any(rounded):
        return None
    kept = (new or _exact(old) for new, old in zip(rounded, parts, strict=True))
    return with_children(tree, tuple(kept))


def _exact(tree: Node) -> Node:
    if isinstance(tree, Number):
        return replace(tree, written="")
    return with_children(tree, tuple(_exact(part) for part in children(tree)))


def _counterexample(case: Case, claim: Formula, different: Sample) -> Counterexample:
    """The recorded numbers where they show the difference, else the first point that does.

    `different` is a point at which the two differ, perhaps in the last digits only.
    """
    shown = next(
        (sample for sample in _examples(case) if _is_visible(case, claim, sample)), different
    )
    labels = dict.fromkeys([*claim.symbols, *case.symbols])
    values = tuple((label, shown.balls[case.nodes[label]].middle) for label in labels)
    claimed = shown.worth(claim.tree).middle
    return Counterexample(values, claimed, case.gradient(shown).middle)


def _examples(case: Case) -> Iterator[Sample]:
    recorded = case.recorded
    return itertools.chain([recorded] if recorded else [], case.points())


def _is_visible(case: Case, claim: Formula, sample: Sample) -> bool:
    claimed, actual = _defined(_worth(claim.tree), sample), _defined(case.gradient, sample)
    if claimed is None or actual is None:
        return False
    largest = max(abs(claimed.middle), abs(actual.middle))
    return abs(claimed.middle - actual.middle) > _VISIBLE * largest


def _slips_in_formula(case: Case, claim: Node) -> tuple[Slip, ...]:
    """The slips that make the gradient the claim at every point; of each kind the first found."""
    points = [
        (sample, value, case.gradient(sample))
        for sample in case.points()
        if (value := _defined(_worth(claim), sample)) is not None
    ][:_SLIP_POINTS]

    def explains(altered: Altered) -> bool:
        for sample, claimed, actual in points:
            value = _defined(altered.value, sample)
            if value is None or differ(value, actual if altered.is_cure else claimed):
                return False
        return True

    candidates = itertools.chain(
        cured_formulas(claim, case.siblings, case.differences), case.altered()
    )
    by_kind: dict[SlipKind, Slip] = {}
    for altered in candidates:
        if altered.slip.kind not in by_kind and explains(altered):
            by_kind[altered.slip.kind] = altered.slip
    return most_telling(by_kind.values())


def _explained(slips: Sequence[Slip]) -> str:
    if not slips:
        return "no single slip that is known explains it"
    if len(slips) == 1:
        return f"slip: {slips[0]}"
    return "several slips would each explain it: " + "; ".join(map(str, slips))


# Numbers.


def check_number(
    output: Value,
    wrt: Value,
    text: str,
    *,
    lr: float | None = None,
    aliases: Mapping[str, str] | None = None,
    symbols: Iterable[Value] = (),
) -> Verdict:
    r"""Whether `text` is the number that d(output)/d(wrt) has in the graph; if not, what slipped.

    A number is right where the gradient rounds to it: "0.0822" for 0.08216704. `text` may be a
    calculation or a chain of them, `-2(3 - 18) \cdot 80 = 2400`: every link is judged, and one that
    is off by no more than the rounding of the decimals before it counts as right, but `rounded`.
    Of a wrong number the slip is sought that gives these digits; with the learning rate `lr` also a
    gradient taken when weights had been updated already.

    The numbers are those of the leaves, everything else is recomputed; nothing is changed. Raises
    FormulaError for text that cannot be read, ArgumentTypeError for what is no Value or no text,
    ArgumentError for an lr that is not above 0, and what the operations raise.

    >>> from autograd import Value
    >>> y, w, x = Value(3.0, "y"), Value(18.0, "w"), Value(1.5, "x")
    >>> loss = (y - w * x) ** 2
    >>> loss.label = "L"
    >>> print(check_number(loss, w, "-2(3 - 27) 1.5 = 72.0"))
    right: ∂L/∂w = 72
    >>> print(check_number(loss, w, "-72"))
    wrong: ∂L/∂w = 72, not −72
    slip: the sign is the wrong one
    """
    if lr is not None and not (isinstance(lr, int | float) and 0 < lr < math.inf):
        raise ArgumentError(f"lr={lr!r}", hint="a learning rate is a number above 0, such as 0.01")
    case = Case(output, wrt, aliases, symbols)
    sample = case.samples.recorded
    actual = case.gradient(sample).middle
    answer = number(actual)
    equation = f"{case.symbolic} = {to_unicode(answer)}"
    links = links_of(case, sample, text, actual)
    remarks: list[str] = []
    for place, link in enumerate(links):
        if link.is_number(actual):
            continue
        before = links[place - 1] if place else None
        remark = link.excuse(actual, before)
        if not remark:
            return _wrong_number(case, sample, links, place, lr)
        remarks.append(remark)
    if remarks:
        message = f"right, but for rounding: {equation}\n{remarks[0]}"
        return Verdict(True, message, answer, rounded=True)
    return Verdict(True, f"right: {equation}", answer)


def _wrong_number(
    case: Case, sample: Sample, links: list[Link], place: int, lr: float | None
) -> Verdict:
    link = links[place]
    actual = case.gradient(sample).middle
    answer = number(actual)
    slips: tuple[Slip, ...]
    if place:
        before = links[place - 1]
        message = (
            f"the calculation: {shown_text(before.text)} is {shown_number(before.exact)}, "
            f"not {shown_text(link.text)}"
        )
        slips = (Slip(SlipKind.ARITHMETIC, message),)
    else:
        slips = _slips_in_number(case, sample, link, lr)
    message = (
        f"wrong: {case.symbolic} = {to_unicode(answer)}, not {shown_text(link.text)}\n"
        f"{_explained(slips)}"
    )
    return Verdict(False, message, answer, slips=slips)


def _slips_in_number(case: Case, sample: Sample, link: Link, lr: float | None) -> tuple[Slip, ...]:
    """The slips that give the digits shown; of each kind and number the first found."""
    candidates = case.altered(overwritten=True)
    if lr is not None:
        updated = with_updated_weights(sample, case.output, case.wrt, lr, case.called)
        candidates = itertools.chain(candidates, updated)
    found: list[Slip] = []
    for altered in candidates:
        value = _defined(altered.value, sample)
        if value is not None and link.is_number(value.middle):
            found.append(altered.slip)
    by_kind = {slip.kind: slip for slip in reversed(found)}
    return most_telling(slip for slip in found if by_kind[slip.kind] is slip)
