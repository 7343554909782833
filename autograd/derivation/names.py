"""What the nodes of a graph are called in formulas, and the formula of a node: `formula`."""

from __future__ import annotations

from itertools import chain, count
from typing import TYPE_CHECKING

from autograd.errors import ArgumentError, GraphError
from autograd.graph import topological_order
from autograd.notation import (
    Derivative,
    Symbol,
    decimal,
    normal,
    symbols_of,
    to_latex,
    to_unicode,
    tree_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from autograd.notation import Expr
    from autograd.value import Value


class Names:
    """What the nodes of a graph are called: their labels, told apart where two are the same.

    `order` holds the nodes, the root last. Leaves without a label are v_1, v_2, ...; `wrt`, which
    is a symbol in any case, is x where that is free. `symbols` holds what each is called, in LaTeX;
    what is not in it is to be written out.
    """

    def __init__(self, order: list[Value], wrt: Value | None = None) -> None:
        nodes = list(dict.fromkeys([*order, wrt])) if wrt is not None else order
        self.symbols: dict[Value, str] = {}
        self._shared: dict[Value, str] = {}  # labels that several nodes have
        labelled: dict[str, list[Value]] = {}
        for node in nodes:
            if node.label.strip():
                labelled.setdefault(to_latex(node.label), []).append(node)
        for latex, same in labelled.items():
            base = f"{{{latex}}}" if "^" in latex or "'" in latex else latex
            for place, node in enumerate(same, start=1):
                self.symbols[node] = f"{base}^{{({place})}}" if len(same) > 1 else latex
                self._shared |= {node: to_unicode(latex)} if len(same) > 1 else {}
        taken = set(self.symbols.values())
        free = (name for place in count(1) if (name := f"v_{{{place}}}") not in taken)
        self._nameless = {
            node: None
            for node in nodes
            if node not in self.symbols and node is not order[-1]
            if node is wrt or (node.is_leaf and not node.is_constant)
        }
        for node in self._nameless:
            own = ["x"] if node is wrt and "x" not in taken else []
            self.symbols[node] = next(chain(own, free))

    def remarks_on(self, nodes: Iterable[Value]) -> list[str]:
        """In words, which of the nodes are not called by their label, and why."""
        mentioned = list(dict.fromkeys(nodes))
        shared = dict.fromkeys(self._shared[node] for node in mentioned if node in self._shared)
        nameless = [
            f"{to_unicode(self.symbols[node])} = {to_unicode(decimal(node.data))}"
            for node in mentioned
            if node in self._nameless
        ]
        remarks = []
        if shared:
            remarks.append(
                f"several nodes are labelled {', '.join(shared)}: ⁽¹⁾, ⁽²⁾, ... number them in the "
                "order of their computation"
            )
        if nameless:
            more = f", ... ({len(nameless)} in all)" if len(nameless) > 5 else ""
            remarks.append(f"without a label: {', '.join(nameless[:5])}{more}")
        return remarks

    def called(self, node: Value) -> str:
        """What to call a node that has to be called something: its symbol, or "out"."""
        return self.symbols.get(node, r"\text{out}")

    def tree(self, node: Value) -> Symbol:
        """What a node is called, as a tree."""
        return Symbol(self.called(node))

    def quotient(self, over: Value, under: Value) -> Derivative:
        """The derivative of one node by another, before it is worked out."""
        return Derivative(self.tree(over), self.tree(under))

    def form_of(self, value: Value) -> Expr | None:
        """What a node was computed from, as a sum of products; None where it is too long."""
        tree = tree_of(value, self.symbols)
        return None if tree is None else normal(tree)

    def nodes_in(self, form: Expr | None) -> list[Value]:
        """The nodes that stand in a form as symbols, in order, each once."""
        nodes = {symbol: node for node, symbol in self.symbols.items()}
        return [nodes[label] for label in symbols_of(*[form] if form else []) if label in nodes]


def formula(value: Value, style: str = "latex") -> str:
    r"""What `value` was computed from, over the labelled nodes nearest to it.

    `style` is "latex" or "unicode". Leaves without a label are called v_1, v_2, ...; a leaf is
    its own formula. Raises GraphError for one too long to be read, ArgumentError for another
    style.

    >>> from autograd import Value
    >>> w, x, b = Value(0.5, "w"), Value(2.0, "x"), Value(0.0, "b")
    >>> formula((w * x + b - 3).tanh() / 2)
    '0.5 \\tanh(w x + b - 3)'
    >>> formula((w * x + b) ** 2 / w, style="unicode")
    '(w x + b)²/w'
    """
    names = Names(topological_order(value))
    if value.parents:
        names.symbols.pop(value, None)  # it is to be written out
    form = names.form_of(value)
    if form is None:
        raise GraphError(
            f"the formula of {described(value)} is too long to be read",
            hint="label nodes in between: v.label = 'h'; labelled nodes are written as symbols",
        )
    return styled(form, style)


def styled(tree: Expr, style: str) -> str:
    """A tree in the style asked for: "latex" or "unicode"."""
    if style not in ("latex", "unicode"):
        raise ArgumentError(f"{style!r} is no style of formulas", hint="'latex' or 'unicode'")
    return to_latex(tree) if style == "latex" else to_unicode(tree)


def described(value: Value) -> str:
    """A node in a message: its label, or what it is, and its number."""
    kind = "a leaf" if value.is_leaf else f"the result of {value.op.name}"
    return f"{value.label or kind} = {value.data!r}"
