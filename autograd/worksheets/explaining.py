r"""Why a claim is wrong: what is right instead, and the slip that explains it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, cast

from autograd.composites import sum as sum_of
from autograd.derivations.derivation import derive
from autograd.derivations.markup import to_unicode
from autograd.derivations.notation import formula, number
from autograd.errors import ChalkgradError
from autograd.formulas.reading import Formula
from autograd.formulas.syntax import (
    Derivative,
    Node,
    Symbol,
    children,
    latex,
    walk,
    with_children,
)
from autograd.graph import evaluate_all, topological_order
from autograd.ops import gate
from autograd.value import Value
from autograd.verdicts.claims import check_formula, check_number
from autograd.verdicts.slips import SlipKind
from autograd.worksheets.comparison import points, recorded, same
from autograd.worksheets.definitions import symbols_in

if TYPE_CHECKING:
    from collections.abc import Mapping

    from autograd.verdicts.claims import Counterexample, Verdict
    from autograd.worksheets.chains import Side
    from autograd.worksheets.network import Network

__all__ = ["Explanation", "explained", "explained_update"]

_ONE: Final = r"\mathbb{1}"
_MOST_VALUES: Final = 6
_LEAST: Final = 1e-6


@dataclass(frozen=True, slots=True)
class Explanation:
    """The right formula or number in LaTeX, the kind of slip and it in words, a counterexample."""

    answer: str = ""
    slip: str = ""
    message: str = ""
    example: str = ""


def explained(
    reference: Node,
    side: Side,
    network: Network,
    *,
    calculation: Side | None = None,
    rate: float | None = None,
) -> Explanation:
    """Why a side is not what the reference says.

    `calculation` is the side before a number, where that is right and holds numbers only; `rate`
    is the learning rate of the page.
    """
    tree = side.readings[0].tree
    if side.is_number:
        answer = number(recorded(reference, network))
    else:
        answer = right_formula(reference, network)
    with suppress(ChalkgradError):  # what cannot be checked by itself has no slip that is known
        output, wrt = _gradient(reference, network)
        if not side.is_number:
            claimed = _in_labels(tree, network)
            output = _with_symbols(output, claimed, network)
            return _told(answer, check_formula(output, wrt, latex(claimed)))
        before = "" if calculation is None else f"{calculation.text} = "
        return _told(answer, check_number(output, wrt, before + side.text, lr=rate))
    return Explanation(answer)


def explained_update(reference: Node, side: Side) -> Explanation:
    """Why a side is not the update that the reference is, derivatives taken as symbols."""
    tree = side.readings[0].tree
    answer = latex(reference)
    by = {part.wrt.label for part in walk(tree) if isinstance(part, Derivative)}
    parameter = next(part.wrt.label for part in walk(reference) if isinstance(part, Derivative))
    if by and parameter not in by:
        message = f"the derivative by {to_unicode(min(by))} is not that by {to_unicode(parameter)}"
        return Explanation(answer, SlipKind.WRONG_INDEX.value, message)
    right, claimed = _with_slopes_as_symbols(reference), _with_slopes_as_symbols(tree)
    nodes = {label: Value(1.0, label) for label in symbols_in(right) | symbols_in(claimed)}
    with suppress(ChalkgradError):
        return _told(answer, check_formula(*_times_one(right, nodes), latex(claimed)))
    return Explanation(answer)


def right_formula(tree: Node, network: Network) -> str:
    """The right formula for a tree: one symbol of the page where that is enough."""
    match tree:
        case Symbol(label) if isinstance(network.trees.get(label), Derivative):
            return right_formula(network.trees[label], network)
        case Derivative(Symbol(of), Symbol(wrt)):
            return _symbol_for(network.build(tree), network) or (
                derive(network.nodes[of], network.nodes[wrt]).formula()
            )
    return formula(network.build(tree))


def _told(answer: str, verdict: Verdict) -> Explanation:
    if verdict.right:
        return Explanation(answer)
    slip = verdict.slip
    message = "no single slip that is known explains it" if slip is None else slip.message
    if len(verdict.slips) > 1:
        message = "either " + ", or ".join(each.message for each in verdict.slips)
    example = "" if verdict.counterexample is None else _example(verdict.counterexample)
    return Explanation(answer, slip.kind.value if slip else "", message, example)


def _example(example: Counterexample) -> str:
    """Numbers at which claim and truth differ; none where these are too many or tell little."""
    values = [(label, value) for label, value in example.values if label != _ONE]
    if len(values) > _MOST_VALUES or max(abs(example.claimed), abs(example.actual)) < _LEAST:
        return ""
    at = ", ".join(f"${label} = {number(value, 4)}$" for label, value in values)
    return f"at {at} this is ${number(example.claimed, 4)}$, not ${number(example.actual, 4)}$"


def _gradient(reference: Node, network: Network) -> tuple[Value, Value]:
    """Nodes of which the derivative of one by the other is what the reference says."""
    match reference:
        case Derivative(Symbol(of), Symbol(wrt)):
            return network.nodes[of], network.nodes[wrt]
        case Symbol(label) if label in network.trees:
            return _gradient(network.trees[label], network)
    return _times_one(reference, network.nodes)


def _times_one(tree: Node, nodes: Mapping[str, Value]) -> tuple[Value, Value]:
    """The tree times a leaf, and the leaf: the derivative of the one by the other is the tree."""
    one = Value(1.0, _ONE)
    return Formula("", tree).build(nodes) * one, one


def _in_labels(tree: Node, network: Network) -> Node:
    """The tree with the labels of the nodes for symbols that are synonyms."""
    if isinstance(tree, Symbol):
        return Symbol(network.nodes[tree.label].label)
    if isinstance(tree, Derivative):
        wrt = Symbol(network.nodes[tree.wrt.label].label)
        return replace(tree, of=_in_labels(tree.of, network), wrt=wrt)
    return with_children(tree, tuple(_in_labels(part, network) for part in children(tree)))


def _with_symbols(output: Value, tree: Node, network: Network) -> Value:
    """The output with all symbols of a tree in its graph, though it does not depend on the others.

    So a claim may speak of p_2 where the loss is -log p_1.
    """
    inside = {node.label for node in topological_order(output)}
    others = [network.nodes[label] for label in sorted(symbols_in(tree) - inside)]
    if not others or output.is_leaf:
        return output
    label = output.label
    same_output = output.op(*output.parents) + gate(0.0, sum_of(others))
    same_output.label = label
    return cast("Value", same_output)


def _with_slopes_as_symbols(tree: Node) -> Node:
    if isinstance(tree, Derivative):
        return Symbol(latex(tree))
    return with_children(tree, tuple(_with_slopes_as_symbols(part) for part in children(tree)))


def _symbol_for(true: Value, network: Network) -> str:
    """A symbol that the page defines and that is the same as `true`, or its negative."""
    labels = [label for label in network.trees if label not in network.broken]
    rows: list[list[float]] = []
    for point in points(network, *map(Symbol, labels)):
        with suppress(ChalkgradError):  # not defined at this point
            rows.append(evaluate_all([true, *(network.nodes[label] for label in labels)], point))
    for place, label in enumerate(labels, start=1):
        for sign, factor in (("", 1.0), ("-", -1.0)):
            if rows and all(same(row[0], factor * row[place]) for row in rows):
                return sign + label
    return ""
