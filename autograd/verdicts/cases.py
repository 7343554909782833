"""What a claim about a gradient is held against: its graph, with symbols, at any numbers."""

from __future__ import annotations

import itertools
from collections import Counter
from contextlib import suppress
from functools import cached_property, partial
from typing import TYPE_CHECKING, Final

from autograd import ops
from autograd.derivations.derivation import Derivation, derive
from autograd.derivations.markup import to_unicode
from autograd.derivations.notation import Names
from autograd.derivations.recognition import Recogniser
from autograd.errors import ArgumentTypeError, ChalkgradError, DomainError
from autograd.formulas.reading import Formula, Reader
from autograd.formulas.syntax import Symbol, tree_of, walk
from autograd.formulas.tokens import FormulaError
from autograd.graph import topological_order
from autograd.transforms import differentiate
from autograd.value import Value
from autograd.verdicts.rewiring import Rewiring
from autograd.verdicts.rewriting import (
    LARGEST_TREE,
    Siblings,
    altered_formulas,
    altered_wholes,
    differences_in,
)
from autograd.verdicts.samples import Sample, Samples
from autograd.verdicts.slips import Altered, Slip, SlipKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from autograd.formulas.syntax import Node
    from autograd.verdicts.balls import Ball

_POINTS: Final = 24
_FEWEST_POINTS: Final = 4  # in graphs so large that each point takes its time
_MOST_NODES: Final = 60_000  # at all points together
_MOST_PATHS: Final = 64  # written out in a right formula
_MOST_FACTORS: Final = 60  # symbols of which each may be a factor too many


class Case:
    """The derivative of `output` by `wrt`: how to read, evaluate and write formulas for it.

    `nodes` are the nodes by their symbols, as `derive` calls them; `symbols` are further Values
    whose labels formulas may use. Raises ArgumentTypeError for what is no Value, FormulaError for
    an alias of an unknown label.
    """

    def __init__(
        self,
        output: Value,
        wrt: Value,
        aliases: Mapping[str, str] | None = None,
        symbols: Iterable[Value] = (),
    ) -> None:
        also = list(symbols)
        for name, given in (("output", output), ("wrt", wrt), *(("symbols", v) for v in also)):
            if not isinstance(given, Value):
                raise ArgumentTypeError(
                    f"{name} must be a Value, not {type(given).__name__}",
                    hint="check_formula(loss, w, text), as in derive(loss, w)",
                )
        self.output = output
        self.wrt = wrt
        before = [node for node in topological_order(*also, output) if node is not output]
        names = Names([*before, output], wrt)
        recogniser = Recogniser(topological_order(output), names)
        self.order = topological_order(output, wrt, *also, *recogniser.softmax())
        self.called = {
            node: symbol for node in self.order if (symbol := names.symbol(node)) is not None
        }
        self.nodes = {symbol: node for node, symbol in self.called.items()}
        self.siblings = Siblings(self.nodes)
        free = [node for node in self.order if node.is_leaf and node.label]
        self.samples = Samples(output, wrt, self.nodes, free, shares=recogniser.targets)
        self._reader = Reader(
            self.nodes,
            aliases={**self._other_spellings(), **(aliases or {})},
            functions={node.op for node in self.order if not node.is_leaf and not node.op.symbol},
        )

    def _other_spellings(self) -> dict[str, str]:
        """Labels as they were given, where they are shown otherwise."""
        count = Counter(node.label for node in self.called)
        return {
            node.label: symbol
            for node, symbol in self.called.items()
            if node.label and count[node.label] == 1 and node.label.strip() not in self.nodes
        }

    def readings(self, text: str) -> tuple[Formula, ...]:
        """The senses `text` may have, the likeliest first. Raises FormulaError."""
        try:
            return self._reader.readings(text)
        except FormulaError as error:
            same = [node for node in self.called if error.unknown and node.label == error.unknown]
            if len(same) < 2:
                raise
            names = ", ".join(to_unicode(self.called[node]) for node in same[:3])
            raise FormulaError(
                f"{len(same)} nodes are labelled {error.unknown}",
                text,
                error.start,
                error.end,
                hint=f"call them {names}{', ...' if len(same) > 3 else ''}, in the order of their "
                "computation, or give them labels of their own",
                unknown=error.unknown,
            ) from None

    def draw_also(self, formula: Formula) -> None:
        """Lets leaves without a label vary too where a formula calls them by a name."""
        for label in formula.symbols:
            node = self.nodes[label]
            if node.is_leaf and node not in self.samples.free:
                self.samples.free.append(node)

    def points(self) -> Iterator[Sample]:
        """The points at which claims are compared with the gradient, the same ones every time."""
        return self.samples.take(max(_FEWEST_POINTS, min(_POINTS, _MOST_NODES // len(self.order))))

    def gradient(self, sample: Sample) -> Ball:
        """The derivative at a sample."""
        return sample.slope(self.output, self.wrt)

    @property
    def recorded(self) -> Sample | None:
        """The graph at the numbers of its leaves; None where the gradient does not exist there."""
        try:
            sample = self.samples.recorded
            self.gradient(sample)
        except ChalkgradError:
            return None
        return sample

    # The same graph at a generic point: nothing there is 0, 1 or infinite by chance.

    @cached_property
    def _generic(self) -> dict[Value, Value]:
        point = next(itertools.islice(self.samples.take(2), 1, None), None)
        point = point or next(self.samples.take(1), None)
        if point is None:
            raise DomainError(
                f"the derivative of {self.called.get(self.output, 'the output')} by "
                f"{self.called[self.wrt]} exists at none of the points tried",
                hint="is an operation of the graph outside its domain for nearly all inputs?",
            )
        return replayed(self.order, {n: b.middle for n, b in point.balls.items()})

    @cached_property
    def derivation(self) -> Derivation:
        """The derivation of the gradient, its formulas those of any point."""
        return derive(self._generic[self.output], self._generic[self.wrt], limit=_MOST_PATHS)

    @cached_property
    def answer(self) -> str:
        """The right formula, in LaTeX."""
        return self.derivation.formula()

    @property
    def symbolic(self) -> str:
        """The left side, in Unicode: ∂L/∂w."""
        return to_unicode(self.derivation.symbolic)

    @property
    def equation(self) -> str:
        """Both sides, in Unicode: ∂L/∂w = 2w."""
        if self.answer == self.derivation.symbolic:
            return f"{self.symbolic} = (too long to be written out)"
        return f"{self.symbolic} = {to_unicode(self.answer)}"

    @cached_property
    def trees(self) -> list[Node]:
        """The gradient as trees in which to look for slips: as it is shown, and as it is computed.

        Without those that are too large, and what is shown where it is no whole formula.
        """
        called = {self._generic[node]: symbol for node, symbol in self.called.items()}
        gradient = differentiate(self._generic[self.output], self._generic[self.wrt])
        computed = tree_of(gradient, called, most=LARGEST_TREE)
        trees = [] if computed is None else [computed]
        if self.derivation.form is not None:
            with suppress(FormulaError):  # symbols that are no labels of the graph
                trees.insert(0, self._reader.read(self.answer).tree)
        return trees

    @property
    def symbols(self) -> list[str]:
        """The symbols of the gradient's formula."""
        parts = [part for tree in self.trees[:1] for part in walk(tree)]
        return list(dict.fromkeys(part.label for part in parts if isinstance(part, Symbol)))

    @cached_property
    def differences(self) -> set[tuple[Node, Node]]:
        """The (a, b) for which the gradient or the graph has a - b, in this order."""
        found = {pair for tree in self.trees for pair in differences_in(tree)}
        for node in self.order:
            if node.op is ops.sub and all(parent in self.called for parent in node.parents):
                a, b = (Symbol(self.called[parent]) for parent in node.parents)
                found.add((a, b))
        return found

    def altered(self, *, overwritten: bool = False) -> Iterator[Altered]:
        """The gradient with each single slip; `overwritten` as in `Rewiring.slips`."""
        factors = dict.fromkeys([*self.symbols, self.called[self.wrt]])
        leaves = [symbol for node, symbol in self.called.items() if node.is_leaf]
        first = self.trees[0] if self.trees else None
        yield from altered_wholes(
            self.gradient, first, factors, leaves[:_MOST_FACTORS], self.counts
        )
        for tree in self.trees:
            yield from altered_formulas(tree, self.siblings)
        rewiring = Rewiring(topological_order(self.output), self.output, self.wrt, self.called)
        yield from rewiring.slips(overwritten=overwritten)
        yield from self._gradients_by_others()

    def _gradients_by_others(self) -> Iterator[Altered]:
        """The gradients by symbols that differ from wrt in their indices only."""
        for label in self.siblings.of(self.called[self.wrt]):
            message = f"this is the gradient by {to_unicode(label)}"
            slip = Slip(SlipKind.WRONG_INDEX, message, label, self.called[self.wrt])
            yield Altered(slip, partial(_slope, self.output, self.nodes[label]))

    @property
    def counts(self) -> list[int]:
        """The numbers n of things that means are taken of: where a sum is divided by n."""
        found: dict[int, None] = {}
        for node in self.order:
            if node.op not in (ops.div, ops.mul):
                continue
            for whole, other in (node.parents, node.parents[::-1]):
                if other.is_constant and other.data > 0 and whole.op is ops.add:
                    n = other.data if node.op is ops.div else 1.0 / other.data
                    if round(n) >= 2 and abs(n - round(n)) < 1e-9:
                        found[round(n)] = None
        return list(found)


def _slope(of: Value, wrt: Value, sample: Sample) -> Ball:
    return sample.slope(of, wrt)


def replayed(order: list[Value], numbers: Mapping[Value, float]) -> dict[Value, Value]:
    """A copy of each node of a graph, computed anew from other numbers of its leaves."""
    copies: dict[Value, Value] = {}
    for node in order:
        if node.is_leaf:
            copy = Value(numbers[node], node.label)
            copies[node] = copy.detach() if node.is_constant else copy
        else:
            copies[node] = node.op(*(copies[parent] for parent in node.parents))
            copies[node].label = node.label
    return copies
