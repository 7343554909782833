"""The chain rule over the labelled nodes of a graph: its factors and its paths.

The derivative of one labelled node by another, with nothing but unlabelled nodes between them, is a
factor. A gradient is the sum, over the paths through labelled nodes, of the products of factors.
"""

from __future__ import annotations

import math
from collections import Counter
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

from autograd.derivations.markup import to_unicode
from autograd.derivations.notation import (
    ONE,
    Form,
    Names,
    form_of,
    has_fraction,
    has_kink,
    in_product,
    latex_of,
    styled,
    symbols_in,
    times,
)
from autograd.derivations.recognition import Recogniser
from autograd.errors import GradientError
from autograd.graph import dependents, topological_order
from autograd.transforms import _as_value, _local_derivative
from autograd.value import Value, _folding

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["Factor", "Path", "SymbolGraph", "adjoints_of"]

_MOST_FACTORS: Final = 12  # of a longer path only the two ends are written out


class Factor:
    """d(parent)/d(child) of two symbols with nothing but unlabelled nodes between them.

    `number` is its number, `gradient` the derivative as a Value, `formula()` the same in symbols.
    """

    def __init__(self, parent: Value, child: Value, number: float, graph: SymbolGraph) -> None:
        self.parent = parent
        self.child = child
        self.number = number
        self._graph = graph

    @cached_property
    def gradient(self) -> Value:
        """The derivative as a Value over the graph's nodes, all other symbols held fixed.

        Raises GradientError where a rule on the way has no finite value.
        """
        return _partial(self.parent, self.child, self._graph.names)

    @cached_property
    def form(self) -> Form | None:
        """The derivative as a sum of products; None where it cannot be written out."""
        try:
            form = form_of(self.gradient, self._graph.names)
        except GradientError:
            return None
        if is_simple(form):
            return form
        symbols = [self.parent, self.child, *symbols_in(form or ())]
        return self._graph.shorter(form, self._graph.recognised(self.gradient, self.child, symbols))

    @property
    def obstacle(self) -> str:
        """Why the derivative cannot be written out, in words; empty where it can."""
        if self.form is not None:
            return ""
        try:
            nodes = topological_order(self.gradient)
        except GradientError:
            return "has no finite formula at these numbers, so only its value is given"
        return f"is too long to be written out ({len(nodes):,} nodes): label nodes in between"

    def formula(self, style: str = "latex") -> str:
        """The derivative over symbols; as a fraction of partials where it cannot be written out."""
        form = self.form
        latex = self.symbolic if form is None else latex_of(form, self._graph.names)
        return styled(latex, style)

    def in_product(self, *, first: bool) -> str:
        """The derivative in LaTeX as one of several factors: sums and minus signs in brackets."""
        latex = self.formula()
        return latex if self.form is None else in_product(latex, self.form, first=first)

    @property
    def symbolic(self) -> str:
        r"""The derivative in LaTeX before it is worked out: `\frac{\partial L}{\partial W}`."""
        return self._graph.fraction(self.parent, self.child)

    def __repr__(self) -> str:
        return f"<factor {to_unicode(self.symbolic)} = {self.number!r}>"


class Path:
    """One way from the output down to `wrt`; the gradient along it is its factors' product.

    `nodes` are its symbols from the output down, `factors` those of neighbours, `product` is their
    product's number; `share` the product over the whole gradient: below 0 or above 1 where paths
    cancel each other, None where the gradient is 0.
    """

    def __init__(self, nodes: tuple[Value, ...], total: float, graph: SymbolGraph) -> None:
        self.nodes = nodes
        self.factors = tuple(graph.factor(parent, child) for parent, child in pairwise(nodes))
        numbers = [factor.number for factor in self.factors]
        # A branch not taken passes nothing on, not even 0 * inf.
        self.product: float = 0.0 if 0.0 in numbers else math.prod(numbers)
        self.share: float | None = self.product / total if total else None
        self._graph = graph

    @property
    def is_long(self) -> bool:
        """Whether only its first and last factors are written out."""
        return len(self.factors) > _MOST_FACTORS

    @property
    def ends(self) -> tuple[tuple[Factor, ...], tuple[Factor, ...]]:
        """The factors that are written out: the first and the last ones of a long path."""
        if not self.is_long:
            return self.factors, ()
        return self.factors[: _MOST_FACTORS // 2], self.factors[-(_MOST_FACTORS // 2) :]

    @property
    def dots(self) -> str:
        r"""What stands between the ends of a long path: `\cdots` and how many factors."""
        left_out = len(self.factors) - sum(map(len, self.ends))
        return rf"\cdots\text{{ ({left_out:,} factors) }}\cdots"

    @cached_property
    def form(self) -> Form | None:
        """The product as a sum of products; None where it is too long to be written out."""
        return None if self.is_long else product_of(self.factors)

    def formula(self, style: str = "latex") -> str:
        """The product over symbols: sign and number first, then in the order of the path."""
        names = self._graph.names
        if self.form is not None:
            return styled(latex_of(self.form, names), style)
        head, tail = ([f.in_product(first=f is self.factors[0]) for f in end] for end in self.ends)
        return styled(r" \cdot ".join([*head, self.dots, *tail] if tail else head), style)

    def __repr__(self) -> str:
        symbols = " → ".join(to_unicode(self._graph.names.called(node)) for node in self.nodes)
        return f"<path {symbols}: {self.product!r}>"


def product_of(factors: Iterable[Factor]) -> Form | None:
    """The product of factors; None where one of them cannot be written out."""
    product = ONE
    for factor in factors:
        if factor.form is None:
            return None
        product = times(product, factor.form)
    return product


def is_simple(form: Form | None) -> bool:
    """Whether no shorter form of it need be looked for, or none may be: it has a kink."""
    return form is not None and (not has_fraction(form) or has_kink(form))


class SymbolGraph:
    """The graph between output and wrt with nothing but symbols for nodes."""

    def __init__(self, order: list[Value], wrt: Value) -> None:
        self.output = order[-1]
        self.wrt = wrt
        self.names = Names(order, wrt)
        self.recogniser = Recogniser(order, self.names)
        self._depends = dependents(order, wrt)
        self._factors: dict[tuple[Value, Value], Factor] = {}
        self._below = self._symbols_below(order)
        ways: dict[Value, int] = {wrt: 1}
        for node, below in self._below.items():
            if self._is_symbol(node):
                ways[node] = sum(ways[symbol] for symbol in below)
        self.path_count: int = ways.get(self.output, 0)

    def _is_symbol(self, node: Value) -> bool:
        return node is self.output or self.names.symbol(node) is not None

    def _symbols_below(self, order: list[Value]) -> dict[Value, list[Value]]:
        """The symbols next below each symbol, on the way to wrt.

        Also those below each unlabelled node that several nodes are computed from: such a node is
        gone through once, not once for every symbol above it.
        """
        uses = Counter(parent for node in order for parent in node.parents)
        below: dict[Value, list[Value]] = {}
        for node in order:
            if node not in self._depends or node is self.wrt:
                continue
            if self._is_symbol(node) or uses[node] > 1:
                found: dict[Value, None] = {}
                waiting = [*reversed(node.parents)]
                while waiting:
                    inner = waiting.pop()
                    if inner not in self._depends:
                        continue
                    if self._is_symbol(inner):
                        found[inner] = None
                    elif inner in below:
                        found.update(dict.fromkeys(below[inner]))
                    else:
                        waiting.extend(reversed(inner.parents))
                below[node] = list(found)
        return below

    def paths(self) -> Iterator[tuple[Value, ...]]:
        """The symbols of each path, from the output to wrt."""
        if self.output is self.wrt:
            yield (self.output,)
            return
        path = [self.output]
        waiting = [iter(self._below.get(self.output, ()))]
        while path:
            node = next(waiting[-1], None)
            if node is None:
                path.pop()
                waiting.pop()
            elif node is self.wrt:
                yield (*path, node)
            else:
                path.append(node)
                waiting.append(iter(self._below[node]))

    def factor(self, parent: Value, child: Value) -> Factor:
        """The factor of two neighbours."""
        known = self._factors.get((parent, child))
        if known is None:
            region = _region(parent, self.names)
            slope = adjoints_of(region, dependents(region, child)).get(child, 0.0)
            known = Factor(parent, child, slope, self)
            self._factors[parent, child] = known
        return known

    def fraction(self, over: Value, under: Value) -> str:
        r"""`\frac{\partial over}{\partial under}`."""
        above, below = self.names.called(over), self.names.called(under)
        return rf"\frac{{\partial {above}}}{{\partial {below}}}"

    def recognised(self, gradient: Value, wrt: Value, symbols: Iterable[Value]) -> Form | None:
        """A short form of a `gradient` by `wrt` over `symbols` and softmax outputs, if found."""
        found = self.recogniser.simplest(gradient, wrt, symbols)
        return None if found is None else form_of(found, self.names)

    def shorter(self, form: Form | None, other: Form | None) -> Form | None:
        """The one of two forms that is written in fewer letters."""
        if form is None or other is None:
            return other if form is None else form
        return min(form, other, key=lambda each: len(latex_of(each, self.names)))


def adjoints_of(order: list[Value], depends: set[Value]) -> dict[Value, float]:
    """d(last of `order`)/d(node) for the nodes in `depends` that `order` reaches."""
    adjoints: dict[Value, float] = {order[-1]: 1.0}
    for node in reversed(order):
        gradient = adjoints.get(node, 0.0)
        if gradient == 0.0:  # a branch not taken passes nothing on, not even 0 * inf
            continue
        inputs = [parent.data for parent in node.parents]
        for which, parent in enumerate(node.parents):
            if parent in depends:
                slope = node.op.partial(which, inputs[0], inputs[-1], node.data)
                adjoints[parent] = adjoints.get(parent, 0.0) + slope * gradient
    return adjoints


def _region(symbol: Value, names: Names) -> list[Value]:
    """`symbol` and the unlabelled nodes it is computed from without crossing another symbol.

    Each after those of its parents that belong to the region.
    """
    order: list[Value] = []
    seen = {symbol}
    path = [symbol]
    while path:
        node = path[-1]
        for parent in node.parents:
            if parent not in seen and parent.parents and names.symbol(parent) is None:
                seen.add(parent)
                path.append(parent)
                break
        else:
            order.append(path.pop())
    return order


def _partial(parent: Value, child: Value, names: Names) -> Value:
    """d(parent)/d(child) as a Value, every symbol between the two held fixed."""
    region = _region(parent, names)
    leads = dependents(region, child)
    adjoints: dict[Value, Any] = {parent: 1.0}
    with _folding():
        for node in reversed(region):
            adjoint = adjoints.get(node)
            if adjoint is None:
                continue
            for which, source in enumerate(node.parents):
                if source in leads:
                    passed = adjoint * _local_derivative(node, which)
                    before = adjoints.get(source)
                    adjoints[source] = passed if before is None else before + passed
    return _as_value(adjoints.get(child, 0.0))
