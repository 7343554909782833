r"""What a page has claimed wrongly, and what follows from it: errors that are carried forward.

A line is right given an earlier wrong one when it has the value that its left side has with the
wrong formula, or the wrong number, in the place of the true one: as it stands in the line, or in
the chain rule that leads to it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from autograd.derivations.derivation import derive
from autograd.errors import ChalkgradError
from autograd.formulas.reading import Formula
from autograd.formulas.syntax import Derivative, Node, Symbol
from autograd.graph import evaluate, topological_order
from autograd.worksheets.comparison import agrees, points, same

if TYPE_CHECKING:
    from collections.abc import Mapping

    from autograd.derivations.factors import Factor
    from autograd.value import Value
    from autograd.worksheets.chains import Side
    from autograd.worksheets.network import Network

__all__ = ["Belief", "Beliefs", "Key"]

Key = str | tuple[str, str]  # a symbol, or the symbols of d(one)/d(other)

_MOST_PATHS: Final = 64
_LONGEST_PATH: Final = 100
_DEEPEST: Final = 50  # beliefs about symbols that are computed from others


@dataclass(frozen=True, slots=True)
class Belief:
    """What was claimed instead of the truth, and in which line the wrong claim stands."""

    tree: Node
    line: int


@dataclass(slots=True)
class Beliefs:
    """The wrong claims so far about one network: formulas, and numbers at one set of values."""

    formulas: dict[Key, Belief] = field(default_factory=dict)
    numbers: dict[Key, Belief] = field(default_factory=dict)

    def add(self, subject: Node, claimed: Node, line: int, *, is_number: bool) -> None:
        """From now on, `subject` (a symbol or a derivative) is taken to be what was claimed."""
        key = key_of(subject)
        if key is not None:
            (self.numbers if is_number else self.formulas)[key] = Belief(claimed, line)

    def line_behind(self, reference: Node, side: Side, network: Network) -> int:
        """The wrong line by which a side equals the reference; 0 where it does not by any."""
        if not self.formulas and not self.numbers:
            return 0
        tree = side.readings[0].tree
        try:
            if side.is_number:
                number, line = self._value(reference, network, {}, in_numbers=True)
                return line if agrees(tree, number, known=network.numbers()) else 0
            claimed = network.build(tree)
            lines = [
                self._line_at(reference, claimed, network, point)
                for point in points(network, reference, tree)
            ]
        except ChalkgradError:
            return 0
        return min(lines, default=0)

    def _line_at(
        self, reference: Node, claimed: Value, network: Network, point: Mapping[Value, float]
    ) -> int:
        number, line = self._value(reference, network, point, in_numbers=False)
        return line if same(number, evaluate(claimed, point)) else 0

    def _value(
        self, tree: Node, network: Network, point: Mapping[Value, float], *, in_numbers: bool
    ) -> tuple[float, int]:
        """The value of a tree by these beliefs at a point, and the first line used; 0 for none."""
        reckoning = _Reckoning(self, network, dict(point), in_numbers)
        reckoning.take_symbols(tree)
        number = reckoning.number(tree)
        return number, min(reckoning.lines, default=0)


def key_of(subject: Node) -> Key | None:
    """What a belief about a symbol or a derivative of symbols goes by; None for other trees."""
    match subject:
        case Symbol(label):
            return label
        case Derivative(Symbol(of), Symbol(wrt)):
            return of, wrt
    return None


class _Reckoning:
    """One evaluation by beliefs."""

    def __init__(
        self, beliefs: Beliefs, network: Network, point: dict[Value, float], in_numbers: bool
    ) -> None:
        self.beliefs = beliefs
        self.network = network
        self.in_numbers = in_numbers
        self.lines: set[int] = set()
        self.open: set[Key] = set()
        self.point = point

    def take_symbols(self, tree: Node) -> None:
        """Puts what is believed of the symbols that a tree is computed from in their place."""
        symbols = Formula("", tree).symbols
        for node in topological_order(*(self.network.nodes[label] for label in symbols)):
            believed = self._believed(node.label) if node.label else None
            if believed is not None:
                self.point[node] = believed

    def number(self, tree: Node) -> float:
        formula = Formula("", tree)
        at = {label: self._symbol(label) for label in formula.symbols}
        return formula.evaluate(at, self._derivative)

    def _believed(self, key: Key) -> float | None:
        belief = self.beliefs.numbers.get(key) if self.in_numbers else None
        belief = belief or self.beliefs.formulas.get(key)
        if belief is None or key in self.open or len(self.open) > _DEEPEST:
            return None
        self.open.add(key)
        number = self.number(belief.tree)
        self.open.discard(key)
        self.lines.add(belief.line)
        return number

    def _symbol(self, label: str) -> float:
        believed = self._believed(label)
        if believed is not None:
            return believed
        tree = self.network.trees.get(label)
        deep = label in self.open or len(self.open) > _DEEPEST
        if tree is not None and not deep and Formula("", tree).derivatives:
            self.open.add(label)  # as delta, which is some dL/dz
            number = self.number(tree)
            self.open.discard(label)
            return number
        return evaluate(self.network.nodes[label], self.point)

    def _derivative(self, term: Derivative) -> float:
        key = key_of(term)
        if isinstance(key, tuple):
            believed = self._believed(key)
            return self._by_chain_rule(*key) if believed is None else believed
        return evaluate(self.network.build(term), self.point)

    def _by_chain_rule(self, of: str, wrt: str) -> float:
        """d(of)/d(wrt) by the derivatives on the way from one to the other, as believed."""
        output, leaf = self.network.nodes[of], self.network.nodes[wrt]
        derivation = derive(output, leaf, limit=_MOST_PATHS)
        factors: dict[Value, dict[Value, Factor]] = {}
        for path in derivation.paths:
            for factor in path.factors:
                factors.setdefault(factor.child, {})[factor.parent] = factor
        longest = max((len(path.factors) for path in derivation.paths), default=0)
        if derivation.path_count > len(derivation.paths) or longest > _LONGEST_PATH:
            return evaluate(derivation.gradient, self.point)
        adjoints = {output: 1.0}

        def adjoint(node: Value) -> float:
            if node not in adjoints:
                believed = self._believed((of, node.label)) if node is not leaf else None
                adjoints[node] = believed if believed is not None else sum(
                    adjoint(parent) * self._factor(factor)
                    for parent, factor in factors.get(node, {}).items()
                )  # fmt: skip
            return adjoints[node]

        return adjoint(leaf)

    def _factor(self, factor: Factor) -> float:
        believed = self._believed((factor.parent.label, factor.child.label))
        return evaluate(factor.gradient, self.point) if believed is None else believed
