r"""Whether one side of an equation is what it should be, by the network in force where it stands.

Formulas agree when they have the same value at random points, all leaves random and everything else
computed from them. A number agrees with what rounds to it: 0.0822 with 0.08216704; and a
calculation, such as 0.1407 * 0.47, with what numbers that round to those in it would give.
"""

from __future__ import annotations

import itertools
import math
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from autograd.composites import sum as sum_of
from autograd.errors import ChalkgradError
from autograd.formulas.reading import Formula
from autograd.formulas.spelling import spellings_of
from autograd.formulas.syntax import (
    Derivative,
    Meaning,
    Negative,
    Number,
    Power,
    Product,
    Sum,
    Symbol,
    walk,
)
from autograd.graph import evaluate_all, topological_order
from autograd.verdicts.balls import Ball, ball
from autograd.verdicts.samples import Samples, differ, half_unit, rounded_number
from autograd.worksheets.chains import is_numeric
from autograd.worksheets.definitions import symbols_in

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from autograd.formulas.syntax import Node
    from autograd.value import Value
    from autograd.worksheets.chains import Side
    from autograd.worksheets.network import Network

__all__ = [
    "RIGHT",
    "WRONG",
    "Outcome",
    "agrees",
    "compare",
    "compare_generic",
    "points",
    "recorded",
    "same",
]

_POINTS: Final = 10
_ROUNDING: Final = 1e-7  # relative: more than rounding comes to in a long formula
_NOTHING: Final = 1e-11  # what is left of a difference that is zero
_SHOWN: Final = 4  # terms of a sum, in a remark
_TARGETS: Final = ("y", "t")
_MOST_WAYS: Final = 1000  # to take the decimals of a calculation
_EXACT_BELOW: Final = 100.0  # whole numbers from here on may be rounded ones


@dataclass(frozen=True, slots=True)
class Outcome:
    """Right, wrong, or not known; with a reason, or a remark on what is right."""

    verdict: Literal["right", "wrong", "unread"]
    reason: str = ""


RIGHT: Final = Outcome("right")
WRONG: Final = Outcome("wrong")


def compare(reference: Node, side: Side, network: Network, *, rough: bool = False) -> Outcome:
    """How a side compares with the tree it should equal, in any sense that it may have.

    `rough` says that the sign before the side was one of approximation.
    """
    if not side.readings:
        return Outcome("unread", side.error)
    reason = next(_unknown(reference, network), "")
    if reason:
        return Outcome("unread", reason)
    outcomes = []
    for reading in side.readings:
        try:
            if is_numeric(reading.tree):
                outcomes.append(_compared_number(reference, reading.tree, network, rough=rough))
            else:
                outcomes.append(_compared_formula(reference, reading.tree, network))
        except ChalkgradError as error:
            outcomes.append(Outcome("unread", error.message.partition("\n")[0]))
    found = next((outcome for outcome in outcomes if outcome.verdict == "right"), outcomes[0])
    missing = next(_missing_links(reference, network), "") if found is WRONG else ""
    return Outcome("unread", missing) if missing else found


def compare_generic(reference: Node, side: Side) -> Outcome:
    r"""As `compare`, where symbols and derivatives stand for any: `W_{new} = W - \eta dL/dW`."""
    if not side.readings:
        return Outcome("unread", side.error)
    if side.is_number:
        return Outcome("unread", "no parameter in particular is meant, so it has no number")
    tree = side.readings[0].tree
    chance = random.Random(0)  # noqa: S311 - the same numbers every time
    parts = [*walk(reference), *walk(tree)]
    for _ in range(_POINTS):
        numbers = {part.label: chance.uniform(0.5, 2) for part in parts if isinstance(part, Symbol)}
        slopes = {part: chance.uniform(0.5, 2) for part in parts if isinstance(part, Derivative)}
        true = Formula("", reference).evaluate(numbers, slopes.__getitem__)
        if not math.isclose(true, Formula("", tree).evaluate(numbers, slopes.__getitem__)):
            return WRONG
    return RIGHT


def recorded(tree: Node, network: Network) -> float:
    """The value of a tree at the numbers of the page. Raises what its operations raise."""
    return network.build(tree).data


def same(a: float, b: float) -> bool:
    """Whether the values of two formulas are the same number, but for rounding on the way."""
    return math.isclose(a, b, rel_tol=_ROUNDING, abs_tol=_NOTHING)


def agrees(
    tree: Node, true: float, *, rough: bool = False, known: frozenset[float] = frozenset()
) -> bool:
    """Whether a tree of numbers, rounded as they are written, can have the true value.

    A whole number counts as exact, unless it has three digits and more or `rough`. In a calculation
    a decimal stands for those of the `known` numbers that round to it, if there are any.

    >>> agrees(Number(0.0822, "0.0822"), 0.08216704), agrees(Number(3.0, "3"), 2.9)
    (True, False)
    """
    written = _written(tree)
    if written is None:
        target = Ball(true, abs(true) * 1e-9 + _NOTHING)
        return any(not differ(worth, target, room=1.0) for worth in _worths(tree, known))
    value, half, is_whole = written
    if is_whole and not rough and abs(value) < _EXACT_BELOW:
        half = 0.0
    return abs(value - true) <= half + 1e-9 * max(abs(value), abs(true)) + _NOTHING


def _worths(tree: Node, known: frozenset[float]) -> Iterator[Ball]:
    """What a calculation comes to, for every way to take its decimals."""
    decimals = {part for part in walk(tree) if isinstance(part, Number) and "." in part.written}
    meant = {part: _meant(part, known) for part in decimals}
    if math.prod(map(len, meant.values())) > _MOST_WAYS:
        meant = {part: [rounded_number(part)] for part in decimals}
    for chosen in itertools.product(*meant.values()):
        numbers = dict(zip(meant, chosen, strict=True))
        yield _calculated(tree, numbers)


def _meant(decimal: Number, known: frozenset[float]) -> list[Ball]:
    """What a decimal may stand for: itself, a known number that it shows; without any, all."""
    rounded = rounded_number(decimal)
    distances = {number: abs(number - decimal.value) for number in known}
    shown = [number for number in known if distances[number] <= rounded.radius]
    if not shown:
        return [rounded]
    nearest = sorted({decimal.value, *shown}, key=lambda number: distances.get(number, 0.0))
    return [Ball(number, number * _ROUNDING) for number in nearest]


def _calculated(tree: Node, numbers: Mapping[Number, Ball]) -> Ball:
    def of_number(part: Number) -> Ball:
        return numbers.get(part, Ball(part.value))

    def of_symbol(part: Node) -> Ball:
        raise AssertionError(f"{part} in a calculation")

    return ball(Meaning(of_symbol, of_number, of_symbol).of(tree))


def _is_cut_off(tree: Node, true: float) -> bool:
    """Whether a number as written has the true one's digits as far as it goes: 0.0821."""
    value, half, is_whole = _written(tree) or (0.0, 0.0, True)
    beyond = abs(true) - abs(value)
    return not is_whole and value != 0.0 and value * true > 0.0 and 0.0 < beyond < 2 * half


def points(network: Network, *trees: Node) -> Iterator[dict[Value, float]]:
    """Random numbers for all leaves that the symbols of trees are computed from."""
    nodes = [network.nodes[s] for s in sorted(set().union(*map(symbols_in, trees)))]
    if not nodes:
        yield {}
        return
    everything = sum_of(nodes) + 0.0
    free = [n for n in topological_order(everything) if n.is_leaf and not n.is_constant]
    for sample in Samples(everything, everything, network.nodes, free).take(_POINTS):
        yield {leaf: sample.balls[leaf].middle for leaf in free}


def _compared_number(reference: Node, tree: Node, network: Network, *, rough: bool) -> Outcome:
    true = network.build(reference)
    missing = network.unvalued(true)
    if not missing:
        if agrees(tree, true.data, rough=rough, known=network.numbers()):
            return RIGHT
        return Outcome("right", "cut off, not rounded") if _is_cut_off(tree, true.data) else WRONG
    values = [value for (value,) in _values(network, (reference,), true)]
    if values and all(agrees(tree, value) for value in values):
        return RIGHT
    if values and all(same(value, values[0]) for value in values):
        return WRONG
    shown = ", ".join(f"${label}$" for label in missing[:3]) + (", ..." if len(missing) > 3 else "")
    return Outcome("unread", f"{shown} {'has' if len(missing) == 1 else 'have'} no number here")


def _compared_formula(reference: Node, tree: Node, network: Network) -> Outcome:
    roots = network.build(reference), network.build(tree)
    compared = [same(*pair) for pair in _values(network, (reference, tree), *roots)]
    if (compared and all(compared)) or _is_right_in_numbers(reference, tree, network):
        return RIGHT
    for remark, targets in _targets(network) if compared else ():
        there = [same(*pair) for pair in _values(network, (reference, tree), *roots, where=targets)]
        if there and all(there):
            return Outcome("right", remark)
    reason = next(_unknown(tree, network), "")
    new = sorted(symbols_in(tree) - symbols_in(reference))
    unknown = [symbol for symbol in new if not _is_known(symbol, network)]
    if not reason and unknown:
        reason = f"${unknown[0]}$ stands in no definition on this page"
    if not compared and not reason:
        reason = "it has no value at any point that was tried"
    return Outcome("unread", reason) if reason else WRONG


def _targets(network: Network) -> Iterator[tuple[str, dict[Value, float]]]:
    """What is usual for targets y or y_1, y_2, ..., in words, and numbers of which it holds.

    That they are 0 or 1, as the page says: -log p is the loss for y = 1. That their sum is 1: p - y
    is the gradient of a softmax then.
    """
    spelled = {label: found for label in network.nodes for found in spellings_of(label)[:1]}
    labels = [
        s for s in sorted(spelled) if spelled[s].base in _TARGETS and network.nodes[s].is_leaf
    ]
    leaves = {label: network.nodes[label] for label in labels}
    given = {s: n for s, n in leaves.items() if n in network.valued and n.data in (0.0, 1.0)}
    if given:
        remark = ", ".join(f"${label} = {node.data:g}$" for label, node in given.items())
        yield f"where {remark}", {node: node.data for node in given.values()}
    shares = [label for label in leaves if spelled[label].sub.isdigit()]
    if len(shares) > 1:
        parts = [0.3 + 0.2 * place for place in range(len(shares))]
        numbers = {leaves[s]: part / sum(parts) for s, part in zip(shares, parts, strict=True)}
        shown = shares if len(shares) <= _SHOWN else [shares[0], r"\dots", shares[-1]]
        yield f"where ${' + '.join(shown)} = 1$", numbers


def _values(
    network: Network,
    trees: Sequence[Node],
    *roots: Value,
    where: Mapping[Value, float] | None = None,
) -> Iterator[list[float]]:
    """The values of the roots, which are those of trees, at random points where they have one.

    `where` holds leaves whose number is not random.
    """
    for point in points(network, *trees):
        try:
            yield evaluate_all(roots, point | dict(where or {}))
        except ChalkgradError:
            continue


def _is_right_in_numbers(reference: Node, tree: Node, network: Network) -> bool:
    """Whether it is right at the numbers of the page, some of which are put in for symbols."""
    alone = isinstance(reference, Symbol) and isinstance(tree, Symbol)
    known = {network.nodes[s].data for s in symbols_in(reference) | _above(reference, network)}
    known |= {recorded(part, network) for part in walk(reference) if isinstance(part, Derivative)}
    put_in = [number for number in _put_in(tree) if any(same(number, abs(k)) for k in known)]
    if not alone and not put_in:
        return False
    if network.unvalued(network.build(reference), network.build(tree)):
        return False
    return same(recorded(reference, network), recorded(tree, network))


def _above(tree: Node, network: Network) -> set[str]:
    """The symbols that those of a tree are computed from."""
    nodes = topological_order(*(network.nodes[symbol] for symbol in symbols_in(tree)))
    return {node.label for node in nodes if node.label}


def _put_in(tree: Node) -> set[float]:
    """The numbers in a formula that may stand for symbols.

    Not those that formulas have anyway: the 1 of 1 - a, a 1 or 2 before a product, exponents.
    """
    found: set[float] = set()
    for part in walk(tree):
        match part:
            case Sum(terms):
                found |= set(_numbers(terms)) - {1.0}
            case Product((first, *factors), divisors):
                found |= {*_numbers((first,))} - {1.0, 2.0} | {*_numbers((*factors, *divisors))}
    return found


def _numbers(parts: Sequence[Node]) -> Iterator[float]:
    for part in parts:
        match part:
            case Number(value) | Negative(Number(value)):
                yield value


def _unknown(tree: Node, network: Network) -> Iterator[str]:
    """Why the truth about a tree cannot be known from the page, if so."""
    yield from (network.broken[s] for s in sorted(symbols_in(tree)) if s in network.broken)
    for of, wrt in _independent(tree, network):
        node = network.nodes[of]
        if node.is_leaf:
            yield f"${of}$ has no definition on this page"
        under = {node.label for node in topological_order(node)}
        yield from (why for label, why in network.broken.items() if label in under)
        if not _is_known(wrt, network):
            yield f"${wrt}$ stands in no definition on this page"


def _missing_links(tree: Node, network: Network) -> Iterator[str]:
    """Derivatives that are 0 by what the page says, which is perhaps not all there is to say."""
    for of, wrt in _independent(tree, network):
        yield f"by the definitions on this page ${of}$ does not depend on ${wrt}$"


def _independent(tree: Node, network: Network) -> Iterator[tuple[str, str]]:
    """The derivatives in a tree of a symbol by another that it does not depend on."""
    for part in walk(tree):
        if isinstance(part, Derivative) and isinstance(part.of, Symbol):
            of, wrt = network.nodes[part.of.label], network.nodes[part.wrt.label]
            if wrt not in topological_order(of):
                yield part.of.label, part.wrt.label


def _is_known(label: str, network: Network) -> bool:
    """Whether the page says something of a symbol, or of one with the same letter."""
    node = network.nodes[label]
    known = set().union(network.trees, *map(symbols_in, network.trees.values()))
    if label in known or node.label in known or node in network.valued:
        return True
    letters = {found.base for other in known for found in spellings_of(other)[:1]}
    return any(found.base in letters and found.sub for found in spellings_of(label)[:1])


def _written(tree: Node) -> tuple[float, float, bool] | None:
    r"""Of a number as written: it, half a unit in its last place, whether it is whole."""
    match tree:
        case Number(value, written) if any(c.isdigit() for c in written):
            return value, half_unit(written.replace("\\,", "")), "." not in written
        case Negative(operand):
            inner = _written(operand)
            return inner and (-inner[0], inner[1], inner[2])
        case Product((Number() as digits, Power(Number(10.0), exponent)), ()):
            inner, power = _written(digits), _written(exponent)
            if inner and power and abs(power[0]) < 300:
                return inner[0] * 10.0 ** power[0], inner[1] * 10.0 ** power[0], False
    return None
