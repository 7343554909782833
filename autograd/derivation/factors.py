"""The chain rule over the labelled nodes of a graph: its factors and its paths.

The derivative of one labelled node by another, with nothing but unlabelled nodes between them, is a
factor. A gradient is the sum, over the paths through labelled nodes, of the products of factors.
"""

from __future__ import annotations

import math
from collections import Counter
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from autograd import ops
from autograd.derivation.names import Names, styled
from autograd.derivation.recognition import Recogniser
from autograd.errors import GradientError
from autograd.graph import dependents, topological_order
from autograd.notation import (
    CHOOSING,
    ONE,
    Call,
    Derivative,
    Expr,
    Product,
    Symbol,
    normal,
    symbols_of,
    to_latex,
    to_unicode,
    tree_of,
    value_of,
    walk,
)
from autograd.transforms import differentiate
from autograd.value import Value

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

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
    def form(self) -> Expr | None:
        """The derivative as a sum of products; None where it cannot be written out."""
        try:
            form = self._graph.form_of(self.gradient)
        except GradientError:
            return None
        if is_simple(form):
            return form
        symbols = [self.parent, self.child, *self._graph.nodes_in(form)]
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
        return styled(self.form or self.quotient, style)

    @property
    def quotient(self) -> Derivative:
        """The derivative before it is worked out."""
        return self._graph.quotient(self.parent, self.child)

    @property
    def in_chain(self) -> Expr:
        """The derivative as it stands in the chain rule: its quotient, where that says it.

        Where L depends on x through other symbols too, ∂L/∂x is more than the part in which those
        are held fixed, so that is written out.
        """
        others = self._graph.others_between(self.parent, self.child)
        if not others:
            return self.quotient
        held = ", ".join(self._graph.names.called(node) for node in others)
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
    def ends(self) -> tuple[tuple[Factor, ...], tuple[Factor, ...]]:
        """The factors that are written out: the first and the last ones of a long path."""
        if not self.is_long:
            return self.factors, ()
        return self.factors[: _MOST_FACTORS // 2], self.factors[-(_MOST_FACTORS // 2) :]

    @property
    def dots(self) -> Symbol:
        """What stands between the ends of a long path: dots and how many factors."""
        left_out = len(self.factors) - sum(map(len, self.ends))
        return Symbol(rf"\cdots\text{{ ({left_out:,} factors) }}\cdots")

    @cached_property
    def form(self) -> Expr | None:
        """The product as a sum of products; None where it is too long to be written out."""
        return None if self.is_long else product_of(self.factors)

    def formula(self, style: str = "latex") -> str:
        """The product over symbols: sign and number first, then in the order of the path."""
        return styled(self.written, style)

    @property
    def written(self) -> Expr:
        """The product of the factors as they are, dots among them, where it has no other form."""
        if self.form is not None:
            return self.form
        head, tail = (tuple(factor.form or factor.quotient for factor in end) for end in self.ends)
        parts = (*head, self.dots, *tail) if tail else head
        return parts[0] if len(parts) == 1 else Product(parts)

    def __repr__(self) -> str:
        symbols = " → ".join(to_unicode(self._graph.symbol(node)) for node in self.nodes)
        return f"<path {symbols}: {self.product!r}>"


def product_of(factors: Iterable[Factor]) -> Expr | None:
    """The product of factors; None where one of them cannot be written out."""
    forms = [factor.form for factor in factors]
    known = tuple(form for form in forms if form is not None)
    return normal(Product((ONE, *known))) if len(known) == len(forms) else None


def is_simple(form: Expr | None) -> bool:
    """Whether no shorter form of it need be looked for, or none may be: it has a kink."""
    return form is not None and (not _has_fraction(form) or has_kink(form))


def _has_fraction(form: Expr) -> bool:
    """Whether something other than a number is divided by."""
    return any(
        value_of(divisor) is None
        for part in walk(form)
        if isinstance(part, Product)
        for divisor in part.divisors
    )


def has_kink(form: Expr) -> bool:
    """Whether it is another formula in other places, as one with step(x) is."""
    return any(isinstance(part, Call) and part.operation in _KINKED for part in walk(form))


_KINKED: Final = (*CHOOSING, ops.leaky_relu, ops.elu)


class SymbolGraph:
    """The graph between output and wrt with nothing but symbols for nodes."""

    def __init__(self, order: list[Value], wrt: Value) -> None:
        self.output = order[-1]
        self.wrt = wrt
        self.names = Names(order, wrt)
        self.recogniser = Recogniser(order, self.names)
        self._depends = dependents(order, wrt)
        self._order = order
        self._factors: dict[tuple[Value, Value], Factor] = {}
        self._above: dict[Value, set[Value]] = {}  # the nodes that depend on a symbol
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

    def others_between(self, parent: Value, child: Value) -> list[Value]:
        """The symbols next below `parent`, but for `child`, that depend on `child` too."""
        if child not in self._above:
            self._above[child] = dependents(self._order, child) - {child}
        return [node for node in self._below[parent] if node in self._above[child]]

    def symbol(self, node: Value) -> Symbol:
        """What a node is called, as a tree."""
        return Symbol(self.names.called(node))

    def quotient(self, over: Value, under: Value) -> Derivative:
        """The derivative of one symbol by another, before it is worked out."""
        return Derivative(self.symbol(over), self.symbol(under))

    def form_of(self, value: Value) -> Expr | None:
        """What a node was computed from, as a sum of products; None where it is too long."""
        tree = tree_of(value, self.names.symbols)
        return None if tree is None else normal(tree)

    def nodes_in(self, form: Expr | None) -> list[Value]:
        """The nodes that stand in a form as symbols, in order, each once."""
        if form is None:
            return []
        nodes = {symbol: node for node, symbol in self.names.symbols.items()}
        return [nodes[label] for label in symbols_of(form) if label in nodes]

    def recognised(self, gradient: Value, wrt: Value, symbols: Iterable[Value]) -> Expr | None:
        """A short form of a `gradient` by `wrt` over `symbols` and softmax outputs, if found."""
        found = self.recogniser.simplest(gradient, wrt, symbols)
        return None if found is None else self.form_of(found)

    @staticmethod
    def shorter(form: Expr | None, other: Expr | None) -> Expr | None:
        """The one of two forms that is written in fewer letters."""
        known = [each for each in (form, other) if each is not None]
        return min(known, key=lambda each: len(to_latex(each)), default=None)


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
    """d(parent)/d(child) as a Value, every symbol between the two held fixed.

    Differentiated is a copy in which symbols are leaves; the result is put over the graph's nodes.
    """
    region = _region(parent, names)
    leads = dependents(region, child)
    copies: dict[Value, Value] = {}
    for node in region:
        _refuse_infinite(node, leads)
        for source in node.parents:
            if source not in copies and not (source.is_constant and not source.label):
                copies[source] = Value(source.data, source.label)
        copies[node] = node.op(*(copies.get(source, source) for source in node.parents))
    slope = differentiate(copies[parent], copies[child])
    originals = {copy: node for node, copy in copies.items()}
    for node in topological_order(slope):
        if node not in originals:
            inputs = [originals[source] for source in node.parents]
            originals[node] = node.op(*inputs) if inputs else node
    return originals[slope]


def _refuse_infinite(node: Value, leads: set[Value]) -> None:
    """Raises GradientError where the derivative by an input has no value, taken branch or not."""
    inputs = [source.data for source in node.parents]
    for which, source in enumerate(node.parents):
        slope = node.op.partial(which, inputs[0], inputs[-1], node.data) if source in leads else 0.0
        if not math.isfinite(slope):
            raise GradientError(f"the derivative of {node.op.usage} at {inputs} is not finite")
