"""The chain rule written out over the labelled nodes of a graph, in symbols and in numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice, pairwise
from typing import TYPE_CHECKING, Any

from autograd.errors import GradientError, GraphError
from autograd.graph import topological_order
from autograd.notation import (
    ONE,
    Form,
    Names,
    form_of,
    latex_of,
    styled,
    times,
)
from autograd.transforms import _as_value, _local_derivative, differentiate
from autograd.value import Value, _folding, _name

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Derivation", "Factor", "Path", "derive"]


def derive(output: Value, wrt: Value, *, digits: int = 6, limit: int = 8) -> Derivation:
    r"""d(output)/d(wrt) by the chain rule over the labelled nodes between the two.

    Numbers are shown to `digits` significant digits; of more than `limit` paths the first `limit`
    are written out and the others counted. Neither `grad` nor anything else in the graph changes.

    Raises GraphError where a leaf was changed after the graph was computed from it, GradientError
    where the gradient is infinite or undefined.

    >>> x, w, b = Value(80.0, "x"), Value(1.0, "w"), Value(0.0, "b")
    >>> y_hat = w * x + b
    >>> y_hat.label = r"\hat{y}"
    >>> loss = (75 - y_hat) ** 2
    >>> loss.label = "L"
    >>> derive(loss, w).formula()
    '-2(75 - \\hat{y}) x'
    """
    return Derivation(output, wrt, digits, limit)


@dataclass(frozen=True, eq=False)
class Factor:
    """d(parent)/d(child) of two symbols with nothing but unlabelled nodes between them."""

    parent: Value
    child: Value
    number: float
    _names: Names = field(repr=False)

    @cached_property
    def gradient(self) -> Value:
        """The derivative as a Value over the graph's nodes, all other symbols held fixed.

        Raises GradientError where a rule on the way has no finite value.
        """
        return _partial(self.parent, self.child, self._names)

    @cached_property
    def form(self) -> Form | None:
        """The derivative as a sum of products; None where it cannot be written out."""
        try:
            return form_of(self.gradient, self._names)
        except GradientError:
            return None

    def formula(self, style: str = "latex") -> str:
        """The derivative over symbols; as a fraction of partials where it cannot be written out."""
        form = self.form
        return styled(self.symbolic if form is None else latex_of(form, self._names), style)

    @property
    def symbolic(self) -> str:
        r"""The derivative as LaTeX writes it before it is known: `\frac{\partial L}{...}`."""
        return _fraction(self._names.called(self.parent), self._names.called(self.child))


@dataclass(frozen=True, eq=False)
class Path:
    """One way from the output down to `wrt`: the gradient along it is the factors' product."""

    factors: tuple[Factor, ...]
    share: float | None
    """The product over the whole gradient: negative or above 1 where paths cancel, None where the
    gradient is 0."""
    _names: Names = field(repr=False)

    @property
    def product(self) -> float:
        """The number of this path's part of the gradient."""
        return math.prod(factor.number for factor in self.factors)

    @cached_property
    def form(self) -> Form | None:
        """The product as one term or bracket; None where a factor cannot be written out."""
        product = ONE
        for factor in self.factors:
            if factor.form is None:
                return None
            product = times(product, factor.form)
        return product

    def formula(self, style: str = "latex") -> str:
        """The product over symbols, sign and number first."""
        form = self.form
        if form is not None:
            return styled(latex_of(form, self._names), style)
        return styled(r" \cdot ".join(factor.formula() for factor in self.factors), style)


class Derivation:
    """d(output)/d(wrt) as the sum over paths of products of factors; made by `derive`."""

    def __init__(self, output: Value, wrt: Value, digits: int, limit: int) -> None:
        self.output = output
        self.wrt = wrt
        order = topological_order(output)
        _refuse_stale(order)
        self._names = Names(output, wrt)
        self.value: float = _gradient(order, wrt)
        self._symbols = _SymbolGraph(output, wrt, order, self._names)
        self.path_count: int = self._symbols.count
        self.paths: tuple[Path, ...] = tuple(
            self._path(nodes) for nodes in islice(self._symbols.paths(), limit)
        )

    def _path(self, nodes: list[Value]) -> Path:
        factors = tuple(self._symbols.factor(parent, child) for parent, child in pairwise(nodes))
        product = math.prod(factor.number for factor in factors)
        return Path(factors, product / self.value if self.value else None, self._names)

    @cached_property
    def gradient(self) -> Value:
        """The gradient as a Value over the graph's nodes: what `differentiate` gives."""
        return differentiate(self.output, self.wrt)

    def formula(self, style: str = "latex") -> str:
        """The gradient over symbols: the products of all paths, added."""
        text = ""
        for path in self.paths:
            part = path.formula()
            if not text:
                text = part
            elif part.startswith("-"):
                text += f" - {part[1:]}"
            else:
                text += f" + {part}"
        if self.path_count > len(self.paths):
            text += r" + \cdots"
        return styled(text or "0", style)


def _fraction(over: str, under: str) -> str:
    return rf"\frac{{\partial {over}}}{{\partial {under}}}"


def _refuse_stale(order: list[Value]) -> None:
    for node in order:
        inputs = [parent.data for parent in node.parents]
        if inputs and node.op.evaluate(*inputs) != node.data:
            raise GraphError(
                f"{_name(node)}, was computed from other numbers than stand in the graph now",
                hint="a leaf was changed after the forward pass (by an optimizer?): compute the "
                "output again, then derive",
            )


def _gradient(order: list[Value], wrt: Value) -> float:
    """d(last of `order`)/d(wrt), as backward() computes it."""
    depends = _dependents(order, wrt)
    adjoints = _adjoints(order, depends)
    gradient = adjoints.get(wrt, 0.0)
    if not math.isfinite(gradient):
        raise GradientError(
            f"the gradient of {_name(order[-1])} by {_name(wrt)} is {gradient!r}",
            hint="keep the inputs away from points where a derivative is not finite",
        )
    return gradient


def _adjoints(order: list[Value], depends: set[Value]) -> dict[Value, float]:
    """d(last of `order`)/d(node) for the nodes in `depends` and what they reach in `order`."""
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


def _dependents(order: list[Value], wrt: Value) -> set[Value]:
    """The nodes of `order` that are computed from wrt, and wrt."""
    depends = {wrt}
    for node in order:
        if any(parent in depends for parent in node.parents):
            depends.add(node)
    return depends


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
    leads = _dependents(region, child)
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


class _SymbolGraph:
    """The graph between output and wrt with nothing but symbols for nodes."""

    def __init__(self, output: Value, wrt: Value, order: list[Value], names: Names) -> None:
        self._output = output
        self._wrt = wrt
        self._names = names
        self._depends = _dependents(order, wrt)
        self._below: dict[Value, list[Value]] = {}
        self._factors: dict[tuple[Value, Value], Factor] = {}
        ways: dict[Value, int] = {wrt: 1}
        for node in order:
            is_joint = node is output or names.symbol(node) is not None
            if is_joint and node in self._depends and node is not wrt:
                self._below[node] = self._symbols_under(node)
                ways[node] = sum(ways[below] for below in self._below[node])
        self.count: int = ways.get(output, 0)

    def _symbols_under(self, node: Value) -> list[Value]:
        found: dict[Value, None] = {}
        for inner in _region(node, self._names):
            for parent in inner.parents:
                if parent in self._depends and self._names.symbol(parent) is not None:
                    found[parent] = None
        return list(found)

    def paths(self) -> Iterator[list[Value]]:
        """The symbols of each path, from the output to wrt."""
        if self._output is self._wrt:
            yield [self._output]
            return
        if not self.count:
            return
        path = [self._output]
        waiting = [iter(self._below[self._output])]
        while path:
            node = next(waiting[-1], None)
            if node is None:
                path.pop()
                waiting.pop()
            elif node is self._wrt:
                yield [*path, node]
            else:
                path.append(node)
                waiting.append(iter(self._below[node]))

    def factor(self, parent: Value, child: Value) -> Factor:
        """The factor of two neighbours."""
        known = self._factors.get((parent, child))
        if known is None:
            region = _region(parent, self._names)
            slope = _adjoints(region, _dependents(region, child)).get(child, 0.0)
            known = Factor(parent, child, slope, self._names)
            self._factors[parent, child] = known
        return known
