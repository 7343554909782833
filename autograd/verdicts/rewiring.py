"""Slips in the chain rule: gradients with a path left out or an activation wrongly derived."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from autograd import ops
from autograd.derivations.markup import to_unicode
from autograd.graph import dependents
from autograd.verdicts.balls import Ball, ball
from autograd.verdicts.samples import Sample
from autograd.verdicts.slips import Altered, Slip, SlipKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from autograd.ops import Operation
    from autograd.value import Value

Edge = tuple["Value", int]  # a node and which of its parents: where a local derivative stands
Local = Callable[[Sample], Ball]

_DIRECT: Final = ""  # a way from wrt to the output with no symbol on it
_MOST_WORK: Final = 200_000  # local derivatives computed at one point, for all slips together
_CONFUSED: Final = (ops.sigmoid, ops.tanh)
_NO_FUNCTIONS: Final = frozenset((ops.neg, ops.square, ops.cube, ops.reciprocal))


class Rewiring:
    """The ways in which the derivative of `output` by `wrt` can go wrong in its graph.

    `order` holds the nodes behind the output, parents first; `called` the names of the symbols.
    """

    def __init__(
        self, order: Sequence[Value], output: Value, wrt: Value, called: Mapping[Value, str]
    ) -> None:
        self.output = output
        self.wrt = wrt
        self.called = called
        depends = dependents(order, wrt)
        self.edges: list[Edge] = [
            (node, which)
            for node in order
            for which, parent in enumerate(node.parents)
            if parent in depends
        ]
        self.uses: dict[Value, list[Edge]] = {}
        for node, which in self.edges:
            self.uses.setdefault(node.parents[which], []).append((node, which))

    def slips(self, *, overwritten: bool = False) -> Iterator[Altered]:
        """The gradient with each single slip; those that concern symbols first.

        `overwritten` is for numbers that a program computed: of the uses of a node the gradient of
        only one may have been kept.
        """
        found = itertools.chain(
            self._only_one_use() if overwritten else (),
            self._activations(),
            self._missing_terms(),
            self._missing_uses(),
        )
        return itertools.islice(found, max(20, _MOST_WORK // (len(self.edges) + 1)))

    def _altered(self, kind: SlipKind, message: str, change: Mapping[Edge, Local]) -> Altered:
        return Altered(
            Slip(kind, message), lambda sample: sample.slope(self.output, self.wrt, change)
        )

    # Activations.

    def _activations(self) -> Iterator[Altered]:
        """Each function with its derivative missing or wrong, at one node, in a layer, anywhere."""
        functions = [
            node
            for node, which in self.edges
            if (node.op.arity == 1 or (which == 0 and node.parents[1].is_constant))
            and not node.op.symbol
            and node.op not in _NO_FUNCTIONS
        ]
        height = self._heights(functions)
        groups: dict[object, list[Value]] = {}
        for node in functions:
            for key in (node, (node.op, height[node]), node.op):
                groups.setdefault(key, []).append(node)
        for group in dict.fromkeys(map(tuple, groups.values())):
            yield from self._wrong_slopes(group)

    def _heights(self, functions: list[Value]) -> dict[Value, int]:
        """How many functions lie above each node, at most, on the way to the output: its layer."""
        height = {self.output: 0}
        counted = set(functions)
        for node, which in reversed(self.edges):
            above = height.get(node, 0) + (node in counted)
            parent = node.parents[which]
            height[parent] = max(height.get(parent, 0), above)
        return height

    def _wrong_slopes(self, nodes: Sequence[Value]) -> Iterator[Altered]:
        name = nodes[0].op.name
        at = ", ".join(to_unicode(self._name(node)) for node in nodes[:3])
        where = f"of {name}, at {at}{', ...' if len(nodes) > 3 else ''},"
        wrong: list[tuple[SlipKind, Callable[[Value], Local], str]] = [
            (SlipKind.INNER_DERIVATIVE, _one, f"the derivative {where} is missing"),
            (
                SlipKind.PRE_ACTIVATION,
                _with_input_for_result,
                f"the derivative {where} has what goes in where what comes out belongs",
            ),
            (
                SlipKind.POST_ACTIVATION,
                _at_result,
                f"the derivative {where} is taken at what comes out",
            ),
        ]
        wrong += [
            (
                SlipKind.OTHER_FUNCTION,
                _of_another(other),
                f"the derivative of {other.name} is taken where that {where} belongs",
            )
            for other in _CONFUSED
            if other.name != name and nodes[0].op in _CONFUSED
        ]
        for kind, slope, message in wrong:
            yield self._altered(kind, message, {(node, 0): slope(node) for node in nodes})

    def _name(self, node: Value) -> str:
        if node in self.called:
            return self.called[node]
        inner = self.called.get(node.parents[0], r"\ldots") if node.parents else ""
        return rf"\operatorname{{{node.op.name}}}({inner})"

    # Paths.

    def _missing_terms(self) -> Iterator[Altered]:
        """A sum of which both terms depend on wrt, with one of them forgotten."""
        known = set(self.edges)
        for edge in self.edges:
            node, which = edge
            if node.op in (ops.add, ops.sub) and (node, 1 - which) in known:
                term = node.parents[which]
                if term is not node.parents[1 - which]:
                    yield self._missing([self._below(term)], [edge])

    def _missing_uses(self) -> Iterator[Altered]:
        """A node that is used for several symbols, without one of these, or all but one."""
        for uses in self.uses.values():
            if len(uses) < 2:
                continue
            ways: dict[str, list[Edge]] = {}
            for edge in uses:
                ways.setdefault(self._above(edge), []).append(edge)
            if len(ways) < 2:
                continue
            for symbol, edges in ways.items():
                yield self._missing([symbol], edges)
            for symbol in ways if len(ways) > 2 else ():
                others = [other for other in ways if other != symbol]
                yield self._missing(others, [edge for other in others for edge in ways[other]])

    def _missing(self, through: list[str], edges: list[Edge]) -> Altered:
        change = dict.fromkeys(edges, _none)
        if through == [_DIRECT]:
            message = "the term of the direct path is lost"
            return self._altered(SlipKind.LOST_TERM, message, change)
        names = ", ".join(to_unicode(symbol) for symbol in through if symbol != _DIRECT)
        message = f"the path{'s' * (len(through) > 1)} through {names} "
        message += "are missing" if len(through) > 1 else "is missing"
        return self._altered(SlipKind.MISSING_PATH, message, change)

    def _only_one_use(self) -> Iterator[Altered]:
        for node, uses in self.uses.items():
            if len(uses) < 2:
                continue
            for edge in uses:
                place = self._above(edge)
                where = "the direct one" if place == _DIRECT else f"the one in {to_unicode(place)}"
                message = (
                    f"of the {len(uses)} uses of {to_unicode(self._name(node))} only {where} "
                    "counts: overwritten, not added up"
                )
                others = [other for other in uses if other != edge]
                yield self._altered(SlipKind.OVERWRITTEN, message, dict.fromkeys(others, _none))

    def _above(self, edge: Edge) -> str:
        """The first symbol on the way from an edge up to the output; empty where there is none."""
        node = edge[0]
        while node not in self.called and node in self.uses:
            node = self.uses[node][0][0]
        return _DIRECT if node is self.output else self.called.get(node, _DIRECT)

    def _below(self, node: Value) -> str:
        """A symbol at or under a term, on the way down to wrt; empty where there is none."""
        while node not in self.called:
            under = [p for p in node.parents if p in self.uses and p is not self.wrt]
            if not under:
                return _DIRECT
            node = under[0]
        return _DIRECT if node is self.wrt else self.called[node]


def _one(node: Value) -> Local:
    return lambda sample: Ball(1.0)


def _none(sample: Sample) -> Ball:
    return Ball(0.0)


def _with_input_for_result(node: Value) -> Local:
    """The rule with the input where the result belongs: 1 - z^2 for tanh."""

    def local(sample: Sample) -> Ball:
        inputs = [sample.balls[parent] for parent in node.parents]
        return ball(node.op.rules[0](*inputs, inputs[0]))

    return local


def _at_result(node: Value) -> Local:
    """The derivative at the result instead of at the input: sigma'(O) for sigma'(z)."""

    def local(sample: Sample) -> Ball:
        result = sample.balls[node]
        others = [sample.balls[parent] for parent in node.parents[1:]]
        return ball(node.op.rules[0](result, *others, node.op(result, *others)))

    return local


def _of_another(other: Operation) -> Callable[[Value], Local]:
    """The rule of another function, with the input and the result that are there."""

    def slope(node: Value) -> Local:
        return lambda sample: ball(
            other.rules[0](sample.balls[node.parents[0]], sample.balls[node])
        )

    return slope
