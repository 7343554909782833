"""What the nodes of a graph are called in formulas, and the formula of a node: `formula`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from autograd.errors import ArgumentError, GraphError
from autograd.graph import topological_order
from autograd.notation import decimal, normal, to_latex, to_unicode, tree_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from autograd.notation import Expr
    from autograd.value import Value


class Names:
    """What the nodes of a graph are called: their labels, told apart where two are the same.

    `order` holds the nodes, the root last. Leaves without a label are v_1, v_2, ...; `wrt`, which
    is a symbol in any case, is x where that is free. `symbols` holds what each is called, in LaTeX.
    """

    def __init__(self, order: list[Value], wrt: Value | None = None) -> None:
        nodes = list(dict.fromkeys([*order, wrt])) if wrt is not None else order
        self._root = order[-1]
        self.symbols: dict[Value, str] = {}
        self._shared: dict[Value, str] = {}  # labels that several nodes have
        self._nameless: set[Value] = set()
        self._name_labelled(nodes)
        self._name_others(nodes, wrt)

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

    def symbol(self, node: Value) -> str | None:
        """The LaTeX symbol of a node; None where it is to be written out."""
        return self.symbols.get(node)

    def called(self, node: Value) -> str:
        """What to call a node that has to be called something: its symbol, or "out"."""
        return self.symbols.get(node, r"\text{out}")

    def is_taken(self, latex: str) -> bool:
        """Whether a node is called so, in whatever spelling: `y_1` is `y_{1}`."""
        text = to_unicode(latex)
        return any(to_unicode(taken) == text for taken in self.symbols.values())

    def _name_labelled(self, nodes: list[Value]) -> None:
        by_symbol: dict[str, list[Value]] = {}
        for node in nodes:
            if node.label.strip():
                by_symbol.setdefault(to_latex(node.label), []).append(node)
        for latex, same in by_symbol.items():
            if len(same) == 1:
                self.symbols[same[0]] = latex
                continue
            numbered = [_numbered(latex, i) for i in range(1, len(same) + 1)]
            self.symbols.update(zip(same, numbered, strict=True))
            self._shared.update(dict.fromkeys(same, to_unicode(latex)))

    def _name_others(self, nodes: list[Value], wrt: Value | None) -> None:
        taken = set(self.symbols.values())
        count = 0
        for node in nodes:
            nameless = node not in self.symbols and node is not self._root
            if not (node is wrt or (node.is_leaf and not node.is_constant)) or not nameless:
                continue
            name = "x" if node is wrt else ""
            while not name or name in taken:
                count += 1
                name = f"v_{{{count}}}"
            taken.add(name)
            self.symbols[node] = name
            self._nameless.add(node)


def _numbered(latex: str, number: int) -> str:
    """The symbol with (number) above it."""
    if "^" not in latex and "'" not in latex:
        return f"{latex}^{{({number})}}"
    return f"{{{latex}}}^{{({number})}}"


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
    tree = tree_of(value, names.symbols)
    if tree is None:
        raise GraphError(
            f"the formula of {described(value)} is too long to be read",
            hint="label nodes in between: v.label = 'h'; labelled nodes are written as symbols",
        )
    return styled(normal(tree), style)


def styled(tree: Expr, style: str) -> str:
    """A tree in the style asked for: "latex" or "unicode"."""
    if style not in ("latex", "unicode"):
        raise ArgumentError(f"{style!r} is no style of formulas", hint="'latex' or 'unicode'")
    return to_latex(tree) if style == "latex" else to_unicode(tree)


def described(value: Value) -> str:
    """A node in a message: its label, or what it is, and its number."""
    kind = "a leaf" if value.is_leaf else f"the result of {value.op.name}"
    return f"{value.label or kind} = {value.data!r}"
