r"""A short form of a gradient, found by trial: `\hat{y} - 1` where the rules give much algebra.

A candidate is taken for the gradient where the two agree, to 1e-9, at several random points: all
leaves random, everything else recomputed from them. So the agreement is no accident of the numbers
that happen to stand in the graph. Candidates are s, s - 1, s - t, s t, s(1 - s), 1 - s^2 and 1 for
labelled nodes s and t, times a simple fraction.

Outputs of a softmax count as labelled nodes even where the graph of the loss does not hold them:
from -log(\hat{y}_2), and from a loss on logits, the graph has only the exponentials and their sum.
"""

from __future__ import annotations

import math
import random
from fractions import Fraction
from functools import cached_property
from itertools import combinations, islice
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from autograd import ops
from autograd.errors import ChalkgradError
from autograd.graph import evaluate, evaluate_all
from autograd.notation import Spelling, spelling_of
from autograd.value import Value

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from autograd.derivation.names import Names

    _Draw = Callable[[float, random.Random], float]

_POINTS: Final = 8
_MOST_NODES: Final = 5000  # a larger graph takes too long to recompute at random points
_MOST_SYMBOLS: Final = 60
_AGREEMENT: Final = 1e-9


class _Shape(NamedTuple):
    """A form of one or two symbols, the same for numbers and Values; and how -form is written."""

    form: Callable[..., Any]
    negative: Callable[..., Any] | None = None


# Tried in this order: of how many symbols, and which shapes of them.
_SHAPES: Final = (
    (1, (_Shape(lambda s: s), _Shape(lambda s: s - 1.0, lambda s: 1.0 - s))),
    (2, (_Shape(lambda s, t: s - t, lambda s, t: t - s),)),
    (1, (_Shape(lambda s: s * (1.0 - s)), _Shape(lambda s: 1.0 - s * s))),
    (2, (_Shape(lambda s, t: s * t),)),
)


def _of_its_sign(x: float, source: random.Random) -> float:
    """Of the size of 1, off the tails of exp and tanh."""
    return math.copysign(min(max(abs(x), 0.5), 3.0) * source.uniform(0.3, 1.3), x)


# How the numbers of leaves are drawn, each where those before give too few points.
_DRAWS: Final[tuple[_Draw, ...]] = (
    lambda x, source: _of_its_sign(x, source) * source.choice((-1.0, 1.0)),
    _of_its_sign,
    lambda x, source: x + source.uniform(-0.2, 0.2),
)


class Recogniser:
    """Finds short forms of gradients in one graph."""

    def __init__(self, order: list[Value], names: Names) -> None:
        self._order = order
        self._names = names
        self._softmax: list[Value] | None = None
        self.targets = _targets(order)
        """Labelled leaves that multiply logarithms and sum to 1: random points keep the sum."""
        self.invented: list[Value] = []
        """Softmax outputs that are no nodes of the graph but have a symbol now."""

    def simplest(self, gradient: Value, wrt: Value, symbols: Iterable[Value]) -> Value | None:
        """A short form over `symbols` and softmax outputs that equals `gradient`, or None.

        Of several forms, as there are for two classes, one over the softmax output of `wrt`.
        """
        if len(self._order) > _MOST_NODES or len(self._points) < _POINTS:
            return None
        try:
            wanted = [evaluate(gradient, point) for point in self._points]
        except ChalkgradError:
            return None
        if (multiple := _ratio(wanted, [1.0] * _POINTS)) is not None:
            return Value(float(multiple)).detach()
        own = [output for output in self.softmax() if logit_of(output.parents[0]) is wrt]
        known = list(dict.fromkeys([*symbols, *own, *self.softmax()]))[:_MOST_SYMBOLS]
        at = {
            symbol: [p[symbol] if symbol in p else evaluate(symbol, p) for p in self._points]
            for symbol in known
        }
        for shape, nodes in _candidates(known, own):
            numbers = [shape.form(*x) for x in zip(*(at[node] for node in nodes), strict=True)]
            if (multiple := _ratio(wanted, numbers)) is not None:
                if multiple < 0 and shape.negative is not None:
                    return shape.negative(*nodes) * float(-multiple)
                return shape.form(*nodes) * float(multiple)
        return None

    def softmax(self) -> list[Value]:
        """The outputs of softmaxes: nodes of the graph, else new ones that were given a symbol."""
        if self._softmax is None:
            self._softmax = list(_softmax_outputs(self._order, self._names))
            nodes = set(self._order)
            self.invented = [output for output in self._softmax if output not in nodes]
        return self._softmax

    @cached_property
    def _points(self) -> list[dict[Value, float]]:
        """The numbers of all nodes at several random points; fewer where too few are defined."""
        source = random.Random(0)  # noqa: S311 - the same points every time
        found: list[dict[Value, float]] = []
        for draw in _DRAWS:
            tries = (self._point(source, draw) for _ in range(4 * _POINTS))
            found = list(islice(filter(None, tries), _POINTS))
            if len(found) == _POINTS:
                break
        return found

    def _point(self, source: random.Random, draw: _Draw) -> dict[Value, float]:
        """The number of every node at random leaves; none where an operation has no value."""
        shares = [source.uniform(0.1, 1.0) for _ in self.targets]
        leaves = {
            leaf: draw(leaf.data, source)
            for leaf in self._order
            if leaf.is_leaf and (leaf.label or not leaf.is_constant)
        } | {leaf: share / sum(shares) for leaf, share in zip(self.targets, shares, strict=True)}
        try:
            return dict(zip(self._order, evaluate_all(self._order, leaves), strict=True))
        except ChalkgradError:
            return {}


def _candidates(
    symbols: list[Value], first: list[Value]
) -> Iterator[tuple[_Shape, tuple[Value, ...]]]:
    for arity, shapes in _SHAPES:
        ordered = [*first, *symbols] if arity == 1 else symbols
        for nodes in combinations(dict.fromkeys(ordered), arity):
            for shape in shapes:
                yield shape, nodes


def _ratio(wanted: list[float], numbers: list[float]) -> Fraction | None:
    """The simple fraction c with wanted = c numbers at every point; None where there is none."""
    if not all(numbers) or not all(wanted):
        return None
    ratio = wanted[0] / numbers[0]
    if any(abs(w - ratio * n) > _AGREEMENT * abs(w) for w, n in zip(wanted, numbers, strict=True)):
        return None
    simple = Fraction(ratio).limit_denominator(100)
    agrees = abs(simple - Fraction(ratio)) <= _AGREEMENT * abs(simple)
    return simple if agrees and abs(simple.numerator) <= 100 else None


def _targets(order: list[Value]) -> list[Value]:
    """The labelled leaves that multiply a logarithm, if there are several and they sum to 1."""
    found: dict[Value, None] = {}
    for node in order:
        if node.op is ops.mul:
            for one, other in (node.parents, node.parents[::-1]):
                if one.is_leaf and one.label and other.op is ops.log:
                    found[one] = None
    total = sum(leaf.data for leaf in found)
    return list(found) if len(found) > 1 and abs(total - 1.0) < 1e-9 else []


# Softmax


def _softmax_outputs(order: list[Value], names: Names) -> Iterator[Value]:
    """e^{z_j} / (e^{z_1} + ... + e^{z_n}) for every sum of exponentials and each of its terms.

    Nodes of the graph where they are symbols; else new ones, as a new symbol would cut the graph.
    """
    quotients = {node.parents: node for node in order if node.op is ops.div}
    totals = [node.parents[-1] for node in order if node.op in (ops.div, ops.log)]
    for total in dict.fromkeys(totals):
        terms = _terms(total)
        if len(terms) < 2 or any(term.op is not ops.exp for term in terms):
            continue
        nodes = [quotients.get((term, total)) for term in terms]
        known = ["" if node is None else names.symbols.get(node, "") for node in nodes]
        logits = [names.symbols.get(logit_of(term), "") for term in terms]
        symbols = _completed(known, logits, names)
        for term, node, old, symbol in zip(terms, nodes, known, symbols, strict=True):
            if node is not None and old:
                yield node
            elif symbol:
                output = term / total
                names.symbols[output] = symbol
                yield output


def _terms(total: Value) -> list[Value]:
    """What is added up in an unlabelled chain of additions."""
    terms: list[Value] = []
    waiting = [total]
    while waiting:
        node = waiting.pop()
        if node.op is ops.add and (node is total or not node.label):
            waiting.extend(reversed(node.parents))
        else:
            terms.append(node)
    return terms


def logit_of(exponential: Value) -> Value:
    """The z of e^z, and of e^{z - c} for a constant c."""
    inner = exponential.parents[0]
    shifted = inner.op is ops.sub and not inner.label and inner.parents[1].is_constant
    return inner.parents[0] if shifted else inner


_STEMS: Final = (r"\hat{y}", "p", "s")  # what to call the outputs where none has a symbol


def _completed(known: list[str], logits: list[str], names: Names) -> list[str]:
    r"""The symbols of a softmax's outputs, unknown ones made after the others; "" where unclear.

    Where the output of z_2, or the second one, is \hat{y}_2, the first is \hat{y}_1. Where none
    has a symbol, that of z_1 is \hat{y}_1, or p_1 where that means something else.
    """
    taken = set(map(spelling_of, names.symbols.values()))  # y_1 is y_{1}
    by_logit = [spelling_of(logit).sub for logit in logits]
    by_place = [[str(i + first) for i in range(len(known))] for first in (1, 0)]
    stems = {spelling_of(symbol).base for symbol in known if symbol}
    for indices in (by_logit, *by_place) if stems else (by_logit,):
        for stem in stems or _STEMS:
            made = [Spelling(stem, index) for index in indices]
            pairs = [*zip(known, made, strict=True)]
            if all(
                spelling_of(old) == own if old else not (own.sub and own in taken)
                for old, own in pairs
            ):
                return [old or (own.label if own.sub else "") for old, own in pairs]
    return known
