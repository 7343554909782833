r"""The graph that the definitions and values of a page make at one place of it."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from autograd import ops
from autograd.errors import ChalkgradError
from autograd.formulas.reading import Formula
from autograd.formulas.syntax import Call, Number, children, walk, with_children
from autograd.graph import topological_order
from autograd.value import Value
from autograd.worksheets.definitions import symbols_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from autograd.formulas.syntax import Node
    from autograd.worksheets.definitions import Definitions

__all__ = ["Network", "Networks"]

_TRIALS: Final = 16  # of numbers for the leaves that have none
_PLAIN: Final = (0.5, 0.8, 0.3, 0.6, 0.9, 0.2, 0.7)  # the first ones tried: logarithms exist


@dataclass(slots=True)
class Network:
    """A node for each symbol. Leaves without a value hold some number and are not in `valued`.

    `trees` are the formulas of the symbols that have one; `broken` says of the others that should
    have one, and of those that cannot be computed, why not.
    """

    nodes: dict[str, Value] = field(default_factory=dict)
    trees: dict[str, Node] = field(default_factory=dict)
    valued: set[Value] = field(default_factory=set)
    broken: dict[str, str] = field(default_factory=dict)
    formulas: object = None
    """What tells the definitions in force from others."""
    known: frozenset[float] | None = None

    def build(self, tree: Node) -> Value:
        """A tree over the symbols as a graph. Raises what its operations raise."""
        return Formula("", tree).build(self.nodes)

    def unvalued(self, *roots: Value) -> list[str]:
        """The symbols without a value that nodes are computed from."""
        leaves = (n for n in topological_order(*roots) if n.is_leaf and n.label)
        return [leaf.label for leaf in leaves if leaf not in self.valued]

    def numbers(self) -> frozenset[float]:
        """The sizes of numbers in formulas and of symbols, as far as the page gives them."""
        if self.known is None:
            found = {
                abs(part.value)
                for tree in self.trees.values()
                for part in walk(tree)
                if isinstance(part, Number)
            }
            open_ = set()
            for node in topological_order(*self.nodes.values()):
                if (node.is_leaf and node.label and node not in self.valued) or any(
                    parent in open_ for parent in node.parents
                ):
                    open_.add(node)
                elif node.label:
                    found.add(abs(node.data))
            self.known = frozenset(found)
        return self.known


class Networks:
    """The network at any place; the same one as long as nothing is defined or valued anew."""

    def __init__(self, definitions: Definitions, labels: Iterable[str]) -> None:
        self._definitions = definitions
        self._labels = tuple(labels)
        self._known: dict[object, Network] = {}

    def at(self, place: int) -> Network:
        """The network at the place of a chain."""
        epoch = self._definitions.epoch(place)
        if epoch not in self._known:
            formulas = self._definitions.in_force(place)
            trees = {label: d.tree for label, d in formulas.items() if d.tree is not None}
            broken = {
                label: f"the definition of ${label}$ in line {d.line} is not read"
                for label, d in formulas.items()
                if d.tree is None
            }
            values = self._definitions.values_at(place)
            self._known[epoch] = self._made(self._with_updates(trees), values, broken)
            self._known[epoch].formulas = epoch[0]
        return self._known[epoch]

    def _with_updates(self, trees: dict[str, Node]) -> dict[str, Node]:
        """The formulas, and those of the symbols that updates make, as w_{new}."""
        for place, update in self._definitions.updates.items():
            label = self._definitions.chains[place].label
            if update.tree is not None and label != update.parameter and not update.generic:
                trees.setdefault(label, update.tree)
        return trees

    def _made(
        self, trees: dict[str, Node], values: Mapping[str, float], broken: dict[str, str]
    ) -> Network:
        order = _order(trees, self._definitions.resolved)
        for label in trees.keys() - set(order):
            broken[label] = f"${label}$ is defined by itself"
        chance = random.Random(0)  # noqa: S311 - the same numbers every time
        for trial in range(_TRIALS):
            network = Network(trees={label: trees[label] for label in order}, broken=dict(broken))
            leaves = (s for s in self._labels if s not in network.trees)
            for place, label in enumerate(s for s in leaves if s not in self._definitions.synonyms):
                number = values.get(label)
                if number is None and trial == 0:
                    number = _PLAIN[place % len(_PLAIN)]
                node = Value(chance.uniform(-2.0, 2.0) if number is None else number, label)
                network.nodes[label] = node
                if label in values:
                    network.valued.add(node)
            self._compute(network)
            if len(network.broken) == len(broken):
                break
        return network

    def _compute(self, network: Network) -> None:
        """The nodes of all formulas; what cannot be computed at these numbers is broken."""
        known: dict[object, Value] = {}
        for label, tree in network.trees.items():
            for symbol in symbols_in(tree):
                symbol_of = self._definitions.resolved(symbol)
                if symbol_of in network.nodes:
                    network.nodes[symbol] = network.nodes[symbol_of]
            try:
                node = _shared(network.build(_with_relu(tree)), known)
            except ChalkgradError as error:
                network.broken[label] = f"${label}$ cannot be computed: {error.message}"
                network.nodes[label] = Value(1.0, label)
                continue
            network.nodes[label] = node if not node.label else node + 0.0
            network.nodes[label].label = label
        for synonym in self._definitions.synonyms:
            network.nodes[synonym] = network.nodes[self._definitions.resolved(synonym)]


def _shared(root: Value, known: dict[object, Value]) -> Value:
    """The same graph, with one node for what is computed in the same way in several formulas.

    The e^{z_1} of a softmax's sum and that of its first output are then one, as in a program.
    """
    stands_for: dict[Value, Value] = {}
    waiting = [root]
    while waiting:
        node = waiting[-1]
        missing = [parent for parent in node.parents if parent not in stands_for]
        if node in stands_for:
            waiting.pop()
        elif node.label:
            stands_for[node] = node
        elif not node.parents:
            stands_for[node] = known.setdefault(node.data, node)
        elif missing:
            waiting += missing
        else:
            parents = [stands_for[parent] for parent in node.parents]
            made = node.op(*parents)
            # The root gets a label, and d/d(label) is of where the label is written.
            stands_for[node] = made if node is root else known.setdefault((node.op, *parents), made)
    return stands_for[root]


def _with_relu(tree: Node) -> Node:
    """max(0, z) is read as relu(z), whose derivative at 0 is that of the textbooks, 0."""
    tree = with_children(tree, tuple(_with_relu(part) for part in children(tree)))
    match tree:
        case Call(operation, (Number(0.0), z) | (z, Number(0.0))) if operation is ops.maximum:
            return Call(ops.relu, (z,))
    return tree


def _order(trees: Mapping[str, Node], resolved: Callable[[str], str]) -> list[str]:
    """The symbols that have a formula, each after those it uses; those in a circle are left out."""
    order: list[str] = []
    state: dict[str, str] = {}
    for start in trees:
        waiting = [start]
        while waiting:
            label = waiting[-1]
            if state.get(label) == "done":
                waiting.pop()
                continue
            below = {resolved(s) for s in symbols_in(trees[label])} & trees.keys()
            if state.get(label) == "open":
                state[label] = "done"
                if all(state.get(symbol) == "done" for symbol in below) and below <= set(order):
                    order.append(label)
                waiting.pop()
            else:
                state[label] = "open"
                waiting += [symbol for symbol in below if symbol not in state]
    return order
