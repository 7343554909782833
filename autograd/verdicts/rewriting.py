r"""Slips of the pen: a formula with one symbol, sign or factor changed."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import zip_longest
from typing import TYPE_CHECKING, Final, NamedTuple

from autograd.derivations.markup import to_unicode
from autograd.formulas.spelling import Spelling, spellings_of
from autograd.formulas.syntax import (
    Call,
    Negative,
    Node,
    Number,
    Power,
    Product,
    Sum,
    Symbol,
    children,
    constant,
    latex,
    walk,
    with_children,
)
from autograd.verdicts.balls import ball
from autograd.verdicts.slips import Altered, Slip, SlipKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from autograd.verdicts.balls import Ball
    from autograd.verdicts.samples import Sample

    Gradient = Callable[[Sample], Ball]

LARGEST_TREE: Final = 400  # parts of a formula in which slips are looked for
_MOST_SIBLINGS: Final = 12  # of one symbol, the most alike

_ONE: Final = Number(1.0, "1")


class Edit(NamedTuple):
    """One change: what it is, what stood there before and what stands there now."""

    kind: SlipKind
    before: str
    after: str


Edited = tuple[Edit, Node]


def altered_formulas(truth: Node, others: Siblings) -> Iterator[Altered]:
    """The right formula with each single slip of the pen."""
    if is_too_large(truth):
        return
    for edit, tree in _edits(truth, others):
        yield Altered(_slip(edit.kind, edit.after, edit.before, lost=True), _worth(tree))


def altered_wholes(
    gradient: Gradient,
    truth: Node | None,
    factors: Iterable[str],
    others: Iterable[str],
    counts: Iterable[int],
) -> Iterator[Altered]:
    """The gradient as a whole with the wrong sign, or with a factor lost or too many.

    `truth` is its formula, where that is not too large. Of the symbols, `factors` may be lost, and
    they and `others` one too many; `counts` are the numbers of things that a mean is taken of.
    """
    yield Altered(
        Slip(SlipKind.SIGN, "the sign is the wrong one"), lambda sample: -gradient(sample)
    )
    for n in counts:
        kind, mean = SlipKind.FACTOR_N, f"the factor 1/{n} of the mean is"
        yield Altered(Slip(kind, f"{mean} lost"), _times(gradient, constant(n)))
        if n != 2:  # else it is rather the 2 of a square that is lost
            yield Altered(Slip(kind, f"{mean} one too many"), _over(gradient, constant(n)))
    kind, two = SlipKind.FACTOR_TWO, constant(2.0)
    yield Altered(Slip(kind, _fate("2", "one too many")), _times(gradient, two))
    yield Altered(Slip(kind, _fate("2", "lost")), _over(gradient, two))
    number = _coefficient(truth)
    if abs(number) not in (0.0, 1.0, 2.0, 0.5) or number in (-2.0, -0.5):
        slip = Slip(SlipKind.LOST_FACTOR, _fate(f"{number:g}", "lost"))
        yield Altered(slip, _over(gradient, constant(number)))
    lost = list(factors)
    for label in lost:
        slip = Slip(SlipKind.LOST_FACTOR, _fate(label, "lost"))
        yield Altered(slip, _over(gradient, Symbol(label)))
    for label in dict.fromkeys([*lost, *others]):
        slip = Slip(SlipKind.EXTRA_FACTOR, _fate(label, "one too many"))
        yield Altered(slip, _times(gradient, Symbol(label)))


def _times(gradient: Gradient, factor: Node) -> Gradient:
    return lambda sample: ball(gradient(sample) * sample.worth(factor))


def _over(gradient: Gradient, divisor: Node) -> Gradient:
    return lambda sample: ball(gradient(sample) / sample.worth(divisor))


def _fate(part: str, fate: str, of: str = "factor") -> str:
    return f"the {of} {to_unicode(part)} is {fate}"


def _coefficient(truth: Node | None) -> float:
    """The number that multiplies a product, its sign included."""
    inner = truth.operand if isinstance(truth, Negative) else truth
    number = -1.0 if isinstance(truth, Negative) else 1.0
    if isinstance(inner, Product):
        number *= math.prod(part.value for part in inner.factors if isinstance(part, Number))
        number /= math.prod(part.value for part in inner.divisors if isinstance(part, Number))
    return number


def cured_formulas(
    claim: Node, others: Siblings, differences: set[tuple[Node, Node]]
) -> Iterator[Altered]:
    """The claimed formula with each single slip of the pen mended.

    `differences` are those (a, b) for which a - b stands in the right formula, in this order.
    """
    if is_too_large(claim):
        return
    for edit, tree in _edits(claim, others):
        slip = _slip(edit.kind, edit.before, edit.after, lost=False)
        yield Altered(slip, _worth(tree), is_cure=True)
    for edit, tree in _rewritten(claim, lambda part: _turned_round(part, differences)):
        message = f"{edit.before} is written where {edit.after} belongs"
        slip = Slip(edit.kind, message, edit.before, edit.after)
        yield Altered(slip, _worth(tree), is_cure=True)


def is_too_large(tree: Node) -> bool:
    """Whether a formula has too many parts to try every slip."""
    return sum(1 for _ in walk(tree)) > LARGEST_TREE


def differences_in(tree: Node) -> set[tuple[Node, Node]]:
    """The (a, b) for which the formula says a - b."""
    found = set()
    for part in walk(tree):
        match part:
            case Sum((a, Negative(b))) | Sum((Negative(b), a)):
                found.add((a, b))
    return found


def _worth(tree: Node) -> Callable[[Sample], Ball]:
    return lambda sample: sample.worth(tree)


def _slip(kind: SlipKind, written: str, right: str, *, lost: bool) -> Slip:
    """The slip by which `right` was altered to `written`; a factor is `lost` or one too many."""
    if kind in (SlipKind.LOST_FACTOR, SlipKind.FACTOR_TWO):
        if kind is SlipKind.LOST_FACTOR and not lost:
            kind = SlipKind.EXTRA_FACTOR
        return Slip(kind, _fate(right, "lost") if lost else _fate(written, "one too many"))
    if kind is SlipKind.LOST_TERM:
        kind = kind if lost else SlipKind.EXTRA_TERM
        return Slip(
            kind, _fate(right, "lost", "term") if lost else _fate(written, "one too many", "term")
        )
    if kind is SlipKind.SIGN:
        return Slip(kind, f"the sign of {to_unicode(right.removeprefix('-'))} is the wrong one")
    message = f"{to_unicode(written)} is written where {to_unicode(right)} belongs"
    if kind is SlipKind.TRANSPOSED:
        message += ": the indices are exchanged"
    return Slip(kind, message, written, right)


# The edits.


def _edits(tree: Node, others: Siblings) -> Iterator[Edited]:
    yield from _everywhere(tree, others)
    yield from _rewritten(tree, lambda part: _other_symbols(part, others))
    yield from _rewritten(tree, _other_signs)
    yield from _rewritten(tree, _without_a_factor)
    yield from _rewritten(tree, _without_a_term)
    terms = tree.terms if isinstance(tree, Sum) else (tree,)
    for place, term in enumerate(terms):
        # A term that is a single factor leaves a 1 behind.
        inner = term.operand if isinstance(term, Negative) else term
        if isinstance(inner, Symbol | Power | Call) or (isinstance(inner, Sum) and inner is tree):
            one: Node = Negative(_ONE) if isinstance(term, Negative) else _ONE
            left = one if len(terms) == 1 else Sum((*terms[:place], one, *terms[place + 1 :]))
            yield Edit(SlipKind.LOST_FACTOR, latex(inner), "1"), left


def _rewritten(node: Node, change: Callable[[Node], Iterator[Edited]]) -> Iterator[Edited]:
    """The tree with one of its parts changed, in every way that `change` knows."""
    yield from change(node)
    parts = children(node)
    for place, part in enumerate(parts):
        for edit, changed in _rewritten(part, change):
            yield edit, with_children(node, (*parts[:place], changed, *parts[place + 1 :]))


def _other_symbols(part: Node, others: Siblings) -> Iterator[Edited]:
    if isinstance(part, Symbol):
        for other in others.of(part.label):
            yield Edit(_kind_of_index(part.label, other), part.label, other), Symbol(other)


def _everywhere(tree: Node, others: Siblings) -> Iterator[Edited]:
    """A symbol that stands in several places, changed in all of them."""
    labels = [part.label for part in walk(tree) if isinstance(part, Symbol)]
    for label in dict.fromkeys(label for label in labels if labels.count(label) > 1):
        for other in others.of(label):
            edit = Edit(_kind_of_index(label, other), label, other)
            yield edit, _replaced(tree, label, other)


def _replaced(node: Node, label: str, other: str) -> Node:
    if isinstance(node, Symbol):
        return Symbol(other) if node.label == label else node
    return with_children(node, tuple(_replaced(part, label, other) for part in children(node)))


def _other_signs(part: Node) -> Iterator[Edited]:
    if isinstance(part, Sum):
        for place, term in enumerate(part.terms):
            turned = term.operand if isinstance(term, Negative) else Negative(term)
            changed = Sum((*part.terms[:place], turned, *part.terms[place + 1 :]))
            yield Edit(SlipKind.SIGN, latex(term), latex(turned)), changed


def _without_a_term(part: Node) -> Iterator[Edited]:
    if isinstance(part, Sum):
        for place, term in enumerate(part.terms):
            rest = part.terms[:place] + part.terms[place + 1 :]
            yield (
                Edit(SlipKind.LOST_TERM, latex(term), ""),
                rest[0] if len(rest) == 1 else Sum(rest),
            )


def _turned_round(part: Node, differences: set[tuple[Node, Node]]) -> Iterator[Edited]:
    match part:
        case Sum((a, Negative(b))) | Sum((Negative(b), a)) if (b, a) in differences:
            changed = Sum((b, Negative(a)))
            before, after = to_unicode(latex(part)), to_unicode(latex(changed))
            yield Edit(SlipKind.TURNED_ROUND, before, after), changed


def _without_a_factor(part: Node) -> Iterator[Edited]:
    match part:
        case Product(factors, divisors):
            for place, factor in enumerate(factors):
                rest = factors[:place] + factors[place + 1 :] or (_ONE,)
                yield _lost(factor), _product(rest, divisors)
            for place, divisor in enumerate(divisors):
                rest = divisors[:place] + divisors[place + 1 :]
                yield _lost(divisor, inverse=True), _product(factors, rest)
        case Power(base, Number(value)) if value >= 2.0 and value == int(value):
            less: Node = base
            if value > 2.0:
                less = replace(part, exponent=Number(value - 1.0, f"{value - 1.0:g}"))
            yield _lost(base), less


def _lost(factor: Node, *, inverse: bool = False) -> Edit:
    text = latex(factor)
    is_two = isinstance(factor, Number) and factor.value in (2.0, 0.5)
    kind = SlipKind.FACTOR_TWO if is_two else SlipKind.LOST_FACTOR
    return Edit(kind, f"1/{text}" if inverse else text, "")


def _product(factors: tuple[Node, ...], divisors: tuple[Node, ...]) -> Node:
    return factors[0] if len(factors) == 1 and not divisors else Product(factors, divisors)


# Symbols of the same letter.


class Siblings:
    """The symbols of the same letter with other indices.

    >>> Siblings(["W_{12}", "W_{11}", "W_{21}", "x", "b_1"]).of("W_{12}")
    ['W_{21}', 'W_{11}']
    """

    def __init__(self, labels: Iterable[str]) -> None:
        self._families: dict[str, dict[str, Spelling]] = {}
        self._known: dict[str, list[str]] = {}
        for label in labels:
            spelling = _spelling(label)
            if spelling and (spelling.sub or spelling.sup):
                self._families.setdefault(spelling.base, {})[label] = spelling

    def of(self, label: str) -> list[str]:
        """Those of one symbol, the most alike first; not too many."""
        if label not in self._known:
            own = _spelling(label)
            family = self._families.get(own.base, {}) if own else {}
            others = [other for other in family if other != label and label in family]
            others.sort(key=lambda other: _unlikeness(family[other], family[label]))
            self._known[label] = others[:_MOST_SIBLINGS]
        return self._known[label]


def _unlikeness(a: Spelling, b: Spelling) -> int:
    """In how many characters two symbols of the same letter differ; 0 for exchanged ones."""
    if a.sup == b.sup and a.sub == b.sub[::-1]:
        return 0
    pairs = [*zip_longest(a.sub, b.sub), *zip_longest(a.sup, b.sup)]
    return sum(x != y for x, y in pairs)


def _kind_of_index(label: str, other: str) -> SlipKind:
    one, two = _spelling(label), _spelling(other)
    if one and two and one.sup == two.sup and len(one.sub) > 1 and one.sub == two.sub[::-1]:
        return SlipKind.TRANSPOSED
    return SlipKind.WRONG_INDEX


def _spelling(label: str) -> Spelling | None:
    return next(iter(spellings_of(label)), None)
