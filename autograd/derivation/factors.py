"""The chain rule over the labelled nodes of a graph: its factors and its paths.

The derivative of one labelled node by another, with nothing but unlabelled nodes between them, is a
factor. A gradient is the sum, over the paths through labelled nodes, of the products of factors.
"""

from __future__ import annotations

import math
from collections import Counter
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Final, NamedTuple

from autograd import ops
from autograd.derivation.names import Names, styled
from autograd.derivation.recognition import Recogniser
from autograd.errors import GradientError
from autograd.graph import dependents, topological_order
from autograd.notation import (
    CHOOSING,
    ONE,
    ZERO,
    Call,
    Expr,
    Product,
    Sum,
    Symbol,
    normal,
    to_latex,
    to_unicode,
    value_of,
    walk,
)
from autograd.transforms import differentiate
from autograd.value import Value

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_MOST_FACTORS: Final = 12  # of a longer path only the two ends are written out
_KINKED: Final = (*CHOOSING, ops.leaky_relu, ops.elu)


class Cell(NamedTuple):
    """What stands in a line for a factor: in the chain rule, worked out, in numbers if it can be.

    A Factor is one too.
    """

    in_chain: Expr
    form: Expr | None = None
    number: float | None = None


class Factor:
    """d(parent)/d(child) of two symbols with nothing but unlabelled nodes between them.

    `number` is its number, `quotient` the derivative before it is worked out, `gradient` the
    derivative as a Value, `formula()` the same in symbols.
    """

    def __init__(self, parent: Value, child: Value, number: float, graph: SymbolGraph) -> None:
        self.parent = parent
        self.child = child
        self.number = number
        self.quotient = graph.names.quotient(parent, child)
        self._graph = graph

    @cached_property
    def gradient(self) -> Value:
        """The derivative as a Value over the graph's nodes, all other symbols held fixed.

        Raises GradientError where a rule on the way has no finite value.
        """
        return _partial(self.child, _region(self.parent, self._graph.names))

    @cached_property
    def form(self) -> Expr | None:
        """The derivative as a sum of products; None where it cannot be written out."""
        names = self._graph.names
        try:
            form = names.form_of(self.gradient)
        except GradientError:
            return None
        if form is not None and is_simple(form):
            return form
        symbols = [self.parent, self.child, *names.nodes_in(form)]
        return shorter(form, self._graph.recognised(self.gradient, self.child, symbols))

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
        return styled(self.form or self.quotient, style)

    @property
    def in_chain(self) -> Expr:
        """The derivative as it stands in the chain rule: its quotient, where that says it.

        Where L depends on x through other symbols too, ∂L/∂x is more than the part in which those
        are held fixed, so that is written out.
        """
        others = self._graph.others_between(self.parent, self.child)
        if not others:
            return self.quotient
        held = ", ".join(map(self._graph.names.called, others))
        return self.form or Symbol(rf"\left.{self.symbolic}\right|_{{{held}}}")

    @property
    def symbolic(self) -> str:
        r"""The derivative in LaTeX before it is worked out: `\frac{\partial L}{\partial W}`."""
        return to_latex(self.quotient)

    def __repr__(self) -> str:
        return f"<factor {to_unicode(self.quotient)} = {self.number!r}>"


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
    def cells(self) -> tuple[Factor | Cell, ...]:
        """The factors that are written out; of a long path the ends, and dots between."""
        if not self.is_long:
            return self.factors
        half = _MOST_FACTORS // 2
        left_out = rf"\cdots\text{{ ({len(self.factors) - 2 * half:,} factors) }}\cdots"
        return (*self.factors[:half], Cell(Symbol(left_out)), *self.factors[-half:])

    @cached_property
    def form(self) -> Expr | None:
        """The product as a sum of products; None where it is too long to be written out."""
        return None if self.is_long else combined(Product, [f.form for f in self.factors])

    def formula(self, style: str = "latex") -> str:
        """The product over symbols: sign and number first, then in the order of the path."""
        return styled(self.written, style)

    @property
    def written(self) -> Expr:
        """The product of the factors as they are, dots among them, where it has no other form."""
        if self.form is not None:
            return self.form
        parts = [cell.form or cell.in_chain for cell in self.cells]
        return parts[0] if len(parts) == 1 else Product(tuple(parts))

    def __repr__(self) -> str:
        symbols = " → ".join(to_unicode(self._graph.names.tree(node)) for node in self.nodes)
        return f"<path {symbols}: {self.product!r}>"


def combined(kind: type[Sum | Product], forms: Iterable[Expr | None]) -> Expr | None:
    """The sum or product of forms; None where one of them cannot be written out."""
    parts = [ZERO if kind is Sum else ONE, *forms]
    known = tuple(part for part in parts if part is not None)
    return normal(kind(known)) if len(known) == len(parts) else None


def shorter(form: Expr | None, other: Expr | None) -> Expr | None:
    """The one of two forms that is written in fewer letters."""
    known = [each for each in (form, other) if each is not None]
    return min(known, key=lambda each: len(to_latex(each)), default=None)


def is_simple(form: Expr) -> bool:
    """Whether no shorter form need be looked for: nothing but numbers is divided by; or it may not.

    With a kink it is another formula in other places.
    """
    parts = [part for part in walk(form) if isinstance(part, Product)]
    divisors = (divisor for part in parts for divisor in part.divisors)
    return has_kink(form) or all(value_of(divisor) is not None for divisor in divisors)


def has_kink(form: Expr) -> bool:
    """Whether it is another formula in other places, as one with step(x) is."""
    return any(isinstance(part, Call) and part.operation in _KINKED for part in walk(form))


class SymbolGraph:
    """The graph between output and wrt with nothing but symbols for nodes.

    `below` holds the symbols next below each symbol, on the way to wrt.
    """

    def __init__(self, order: list[Value], wrt: Value) -> None:
        self.output = order[-1]
        self.wrt = wrt
        self.names = Names(order, wrt)
        self.recogniser = Recogniser(order, self.names)
        self._order = order
        self._depends = dependents(order, wrt)
        self._factors: dict[Value, dict[Value, Factor]] = {}
        self._above: dict[Value, set[Value]] = {}  # the nodes that depend on a symbol
        self.below: dict[Value, list[Value]] = {}
        ways: dict[Value, int] = {wrt: 1}
        uses = Counter(parent for node in order for parent in node.parents)
        for node in order:
            is_symbol = node is self.output or node in self.names.symbols
            # An unlabelled node that several are computed from is gone through once, not for each.
            if (is_symbol or uses[node] > 1) and node in self._depends and node is not wrt:
                self.below[node] = self._symbols_below(node)
                ways[node] = sum(ways[symbol] for symbol in self.below[node])
        self.path_count: int = ways.get(self.output, 0)

    def _symbols_below(self, node: Value) -> list[Value]:
        found: dict[Value, None] = {}
        waiting = [*reversed(node.parents)]
        while waiting:
            inner = waiting.pop()
            if inner in self._depends and inner in self.names.symbols:
                found[inner] = None
            elif inner in self.below:
                found.update(dict.fromkeys(self.below[inner]))
            elif inner in self._depends:
                waiting.extend(reversed(inner.parents))
        return list(found)

    def paths(self) -> Iterator[tuple[Value, ...]]:
        """The symbols of each path, from the output to wrt."""
        path: list[Value] = []
        waiting = [iter([self.output])]
        while waiting:
            node = next(waiting[-1], None)
            if node is None:
                waiting.pop()
                del path[-1:]
            elif node is self.wrt:
                yield (*path, node)
            else:
                path.append(node)
                waiting.append(iter(self.below.get(node, ())))

    def factor(self, parent: Value, child: Value) -> Factor:
        """The factor of two neighbours."""
        if parent not in self._factors:
            slopes = adjoints_of(_region(parent, self.names), self._depends)
            self._factors[parent] = {
                symbol: Factor(parent, symbol, slopes.get(symbol, 0.0), self)
                for symbol in self.below[parent]
            }
        return self._factors[parent][child]

    def others_between(self, parent: Value, child: Value) -> list[Value]:
        """The symbols next below `parent`, but for `child`, that depend on `child` too."""
        if child not in self._above:
            self._above[child] = dependents(self._order, child) - {child}
        return [node for node in self.below[parent] if node in self._above[child]]

    def recognised(self, gradient: Value, wrt: Value, symbols: Iterable[Value]) -> Expr | None:
        """A short form of a `gradient` by `wrt` over `symbols` and softmax outputs, if found."""
        found = self.recogniser.simplest(gradient, wrt, symbols)
        return None if found is None else self.names.form_of(found)


def adjoints_of(order: list[Value], depends: set[Value]) -> dict[Value, float]:
    """d(last of `order`)/d(node) for the nodes in `depends` that `order` reaches."""
    adjoints: dict[Value, float] = {order[-1]: 1.0}
    for node in reversed(order):
        gradient = adjoints.get(node, 0.0)
        if gradient == 0.0:  # a branch not taken passes nothing on, not even 0 * inf
            continue
        for parent, slope in _slopes(node, depends):
            adjoints[parent] = adjoints.get(parent, 0.0) + slope * gradient
    return adjoints


def _slopes(node: Value, depends: set[Value]) -> Iterator[tuple[Value, float]]:
    """The local derivative by each parent that is in `depends`."""
    inputs = [parent.data for parent in node.parents]
    for which, parent in enumerate(node.parents):
        if parent in depends:
            yield parent, node.op.partial(which, inputs[0], inputs[-1], node.data)


def _region(symbol: Value, names: Names) -> list[Value]:
    """The nodes in which a symbol is written out, each after its parents, itself last."""
    order: list[Value] = []
    seen = {symbol}
    path = [symbol]
    while path:
        for parent in path[-1].parents:
            if parent not in seen and parent.parents and parent not in names.symbols:
                seen.add(parent)
                path.append(parent)
                break
        else:
            order.append(path.pop())
    return order


def _partial(child: Value, region: list[Value]) -> Value:
    """d(last of `region`)/d(child) as a Value, every symbol between the two held fixed.

    Differentiated is a copy in which symbols are leaves; the result is put over the graph's nodes.
    """
    leads = dependents(region, child)
    copies: dict[Value, Value] = {}
    for node in region:
        if not all(math.isfinite(slope) for _, slope in _slopes(node, leads)):  # in any branch
            raise GradientError(f"a derivative of {node.op.usage} is not finite")
        for source in node.parents:
            if source not in copies and not (source.is_constant and not source.label):
                copies[source] = Value(source.data, source.label)
        copies[node] = node.op(*(copies.get(source, source) for source in node.parents))
    slope = differentiate(copies[region[-1]], copies[child])
    originals = {copy: node for node, copy in copies.items()}
    for node in topological_order(slope):
        if node not in originals:
            inputs = [originals[source] for source in node.parents]
            originals[node] = node.op(*inputs) if inputs else node
    return originals[slope]
