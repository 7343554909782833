"""A graph at other numbers: random consistent points, at which formulas are compared.

Leaves are drawn, everything else is recomputed from them, so what was recorded plays no part.
"""

from __future__ import annotations

import math
import random
from typing import TYPE_CHECKING, Final

from autograd.errors import ChalkgradError
from autograd.formulas.syntax import Derivative, Meaning, Node, Number, Symbol
from autograd.graph import dependents, topological_order
from autograd.verdicts.balls import Ball, Tangent, ball

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from autograd.value import Value

    Draw = Callable[[random.Random, float], float]
    Change = Mapping[tuple[Value, int], Callable[["Sample"], Ball]]

_SEED: Final = 1837
_CLOSE: Final = 4.0  # balls this many times their radii apart are apart
_TELLING: Final = 1e-6  # relative: with larger radii, two numbers agree too easily
_NOISE: Final = 1e-9  # absolute: what is left where everything cancels


class Sample:
    """A graph at one point: a ball for each node, computed from the numbers of its leaves.

    `names` are the nodes by the labels that formulas call them. Raises what the operations raise
    where one of them is not defined there.

    >>> from autograd import Value
    >>> x = Value(2.0, "x")
    >>> y = x * x
    >>> at_five = Sample([x, y], {"x": x}, {x: 5.0})
    >>> at_five.balls[y].middle, at_five.slope(y, x).middle
    (25.0, 10.0)
    """

    def __init__(
        self, order: Sequence[Value], names: Mapping[str, Value], leaves: Mapping[Value, float]
    ) -> None:
        self.order = order
        self.names = names
        self.balls: dict[Value, Ball] = {}
        self._slopes: dict[tuple[Value, Value], Ball] = {}
        for node in order:
            if node.is_leaf:
                self.balls[node] = Ball(leaves.get(node, node.data))
            else:
                self.balls[node] = node.op(*(self.balls[parent] for parent in node.parents))

    def local(self, node: Value, which: int) -> Ball:
        """d(node)/d(its parent number `which`)."""
        inputs = [self.balls[parent] for parent in node.parents]
        return ball(node.op.rules[which](*inputs, self.balls[node]))

    def slope(self, of: Value, wrt: Value, change: Change | None = None) -> Ball:
        """d(of)/d(wrt), with other local derivatives in the places that `change` names."""
        if change is not None:
            return self._adjoints(of, dependents(self.order, wrt), change).get(wrt, Ball(0.0))
        if (of, wrt) not in self._slopes:
            adjoints = self._adjoints(of, dependents(self.order, wrt), {})
            self._slopes[of, wrt] = adjoints.get(wrt, Ball(0.0))
        return self._slopes[of, wrt]

    def slopes(self, of: Value) -> dict[Value, Ball]:
        """d(of)/d(node) for every node that `of` depends on, without constants."""
        variable = {node for node in self.order if node.is_leaf and not node.is_constant}
        return self._adjoints(of, dependents(self.order, *variable), {})

    def _adjoints(self, of: Value, wanted: set[Value], change: Change) -> dict[Value, Ball]:
        adjoints: dict[Value, Ball] = {of: Ball(1.0)}
        for node in reversed(self.order):
            adjoint = adjoints.get(node)
            if adjoint is None or adjoint.is_zero:  # a branch not taken passes nothing on
                continue
            for which, parent in enumerate(node.parents):
                if parent not in wanted:
                    continue
                other = change.get((node, which))
                passed = (self.local(node, which) if other is None else other(self)) * adjoint
                before = adjoints.get(parent)
                adjoints[parent] = passed if before is None else before + passed
        return adjoints

    def worth(self, tree: Node, *, digits: bool = False) -> Ball:
        """What a formula is worth here; `digits` counts decimals as rounded in their last place."""
        number = rounded_number if digits else exact_number
        return ball(Meaning(self._symbol, number, self._derivative).of(tree))

    def _symbol(self, part: Symbol) -> Ball:
        return self.balls[self.names[part.label]]

    def _derivative(self, part: Derivative) -> Ball:
        wrt = self.names[part.wrt.label]
        if isinstance(part.of, Symbol):
            return self.slope(self.names[part.of.label], wrt)

        def symbol(inner: Symbol) -> Tangent:
            return Tangent(self._symbol(inner), self.slope(self.names[inner.label], wrt))

        result = Meaning(symbol, lambda number: number.value, self._derivative).of(part.of)
        return result.slope if isinstance(result, Tangent) else Ball(0.0)


def exact_number(part: Number) -> Ball:
    """A written number as it stands."""
    return Ball(part.value)


def rounded_number(part: Number) -> Ball:
    """A written number, a decimal known to half a unit in its last place; whole ones are exact.

    >>> rounded_number(Number(0.25, "0.25")).radius
    0.005
    >>> rounded_number(Number(18.0, "18")).radius
    0.0
    """
    return Ball(part.value, half_unit(part.written) if "." in part.written else 0.0)


def half_unit(written: str) -> float:
    """Half a unit in the last place of a number as written: 0.005 for 1.25, 50 for 1.2e3.

    >>> half_unit("1.25"), half_unit("2400"), half_unit("1.2e3")
    (0.005, 0.5, 50.0)
    """
    mantissa, _, exponent = written.lower().partition("e")
    decimals = len(mantissa.partition(".")[2])
    try:
        return 0.5 * 10.0 ** (int(exponent or "0") - decimals)
    except (ValueError, OverflowError):
        return 0.0


def differ(a: Ball, b: Ball, *, room: float = _CLOSE) -> bool:
    """Whether two balls are too far apart, by `room` times their radii, to be the same number."""
    return math.fabs(a.middle - b.middle) > room * (a.radius + b.radius)


def is_telling(a: Ball, b: Ball) -> bool:
    """Whether two balls are so small that their agreement says something."""
    largest = max(math.fabs(a.middle), math.fabs(b.middle))
    return a.radius + b.radius <= max(_TELLING * largest, _NOISE)


class Samples:
    """Random points of a graph, made as they are asked for, the same ones every time.

    `output` and `wrt` fix the gradient that must exist at every point; `free` are the leaves drawn,
    `shares` those of them that are positive and sum to 1, such as the targets of a cross-entropy.
    The kinds of points take turns: small whole numbers, several scales with both signs, the
    recorded signs, the neighbourhood of the recorded numbers, numbers between 0 and 1. Points at
    which an operation is not defined are left out.
    """

    def __init__(
        self,
        output: Value,
        wrt: Value,
        names: Mapping[str, Value],
        free: Iterable[Value],
        *,
        shares: Sequence[Value] = (),
    ) -> None:
        self.output = output
        self.wrt = wrt
        self.names = names
        self.free = list(free)
        self.shares = shares
        self.order = topological_order(output, wrt, *names.values())
        self._source = random.Random(_SEED)  # noqa: S311  no secret: the same points every time
        self._found: list[Sample] = []
        self._tried = 0

    @property
    def recorded(self) -> Sample:
        """The graph at the numbers its leaves have; raises where these are outside a domain."""
        return Sample(self.order, self.names, {})

    def take(self, count: int) -> Iterator[Sample]:
        """Up to `count` points; fewer where forty tries for each did not find more."""
        for number in range(count):
            while len(self._found) <= number:
                if self._tried >= 40 * count:
                    return
                self._try()
            yield self._found[number]

    def _try(self) -> None:
        draw = _DRAWS[self._tried % len(_DRAWS)]
        self._tried += 1
        drawn = draw(self._source, [leaf.data for leaf in self.free])
        leaves = dict(zip(self.free, drawn, strict=True))
        parts = [self._source.uniform(0.1, 1.0) for _ in self.shares]
        leaves.update(zip(self.shares, (part / sum(parts) for part in parts), strict=True))
        try:
            sample = Sample(self.order, self.names, leaves)
            slope = sample.slope(self.output, self.wrt)
        except ChalkgradError:
            return  # not in the domain: another point
        if math.isfinite(slope.radius):
            self._found.append(sample)


# How a point is drawn: from the source of chance and the recorded numbers of the leaves.


def _whole(source: random.Random, recorded: list[float]) -> list[float]:
    count = len(recorded)
    step = 1.0 if count <= 8 else 0.5
    sizes = source.sample(range(1, max(6, count) + 1), count)
    return [source.choice((-1, 1)) * step * size for size in sizes]


def _scaled(scale: float) -> Callable[[random.Random, list[float]], list[float]]:
    def draw(source: random.Random, recorded: list[float]) -> list[float]:
        return [source.choice((-1, 1)) * scale * source.uniform(0.3, 1.5) for _ in recorded]

    return draw


def _same_signs(source: random.Random, recorded: list[float]) -> list[float]:
    scale = source.choice((0.2, 1.0, 4.0))
    return [math.copysign(scale * source.uniform(0.3, 1.5), number) for number in recorded]


def _near(source: random.Random, recorded: list[float]) -> list[float]:
    return [
        number * source.uniform(0.7, 1.3) if number else source.uniform(-0.3, 0.3)
        for number in recorded
    ]


def _between_0_and_1(source: random.Random, recorded: list[float]) -> list[float]:
    return [source.uniform(0.05, 0.95) for _ in recorded]


_DRAWS: Final = (
    _whole, _scaled(1.0), _same_signs, _near, _scaled(0.3), _between_0_and_1, _scaled(3.0), _near,
    _same_signs, _scaled(0.05), _scaled(10.0),
)  # fmt: skip
