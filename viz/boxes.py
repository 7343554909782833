"""What the box of a node says, and how it looks by the node's kind."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from autograd import GraphError, formula
from viz.picture import Style
from viz.text import number, symbol
from viz.views import is_literal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from autograd import Value

__all__ = ["EMPHASIS", "STYLES", "kinds_of", "operation_text", "value_text"]


# The kinds differ in outline too, for those who do not see the colours and for printing in grey.
STYLES: Final[Mapping[str, Style]] = {
    "input": Style("#d6e9f8", "#0067a3"),
    "parameter": Style("#ffe3ab", "#a86500", rounded=True),
    "intermediate": Style("#ffffff", "#6b6b6b"),
    "loss": Style("#f3d3e4", "#8f1a5b", 2.2),
    "output": Style("#f3d3e4", "#8f1a5b", 2.2),
}

EMPHASIS: Final = "#b3124e"  # of what stands out

_SIGNS: Final = {"*": "×", "-": "−", "**": "^"}
_AROUND: Final = {  # what an operation makes of what it is given
    "sqrt": "√{}",
    "square": "{}²",
    "cube": "{}³",
    "reciprocal": "1 / {}",
    "abs": "|{}|",
}
_NAMES: Final = {"maximum": "max", "minimum": "min"}
_OPERAND: Final = "(…)"  # a result without a name of its own
_LONGEST_NAME: Final = 6  # characters of a name that stands in an operation
_LONGEST_FORMULA: Final = 48  # characters
_RAISED: Final = re.compile(r"[⁰¹²³⁴-ⁿ^]")

_LOSS: Final = re.compile(r"(?:L|J|E|\\mathcal\{?\s*L\}?|\\ell|.*loss.*)(?:_.*)?", re.IGNORECASE)
_WEIGHT: Final = re.compile(r"(?:W|w|\\theta)(?![A-Za-z]).*")
_BIAS: Final = re.compile(r"b(?![A-Za-z]).*")


def kinds_of(nodes: Sequence[Value], parameters: set[Value]) -> dict[Value, str]:
    """The kind of each node, the last of which is the root."""
    leaves = [node for node in nodes if node.is_leaf]
    weights = any(_WEIGHT.fullmatch(leaf.label) for leaf in leaves)
    kinds = dict.fromkeys(nodes, "intermediate")
    for leaf in leaves:
        called_so = _WEIGHT.fullmatch(leaf.label) or (weights and _BIAS.fullmatch(leaf.label))
        kinds[leaf] = "parameter" if leaf in parameters or called_so else "input"
    root = nodes[-1]
    if not root.is_leaf:
        kinds[root] = "loss" if _LOSS.fullmatch(root.label) else "output"
    return kinds


def value_text(node: Value, digits: int, *, with_formula: bool, with_data: bool = True) -> str:
    """`ŷ = 176`, or `ŷ = W₁₁² O₁₁ + W₂₁² O₁₂ + b₂₁ = 176`, if that is not too long."""
    parts = [symbol(node.label)] if symbol(node.label) else []
    if with_formula and node.parents:
        parts += _short_formula(node)
    if with_data:
        parts.append(number(node.data, digits))
    return " = ".join(parts)


def _short_formula(node: Value) -> list[str]:
    if _too_many_operations(node):
        return []
    try:
        text = formula(node, style="unicode")
    except GraphError:  # too long to be written at all
        return []
    return [text] if len(text) <= _LONGEST_FORMULA else []


def _too_many_operations(node: Value) -> bool:
    """Whether writing out a node to the labelled ones takes more than fits in a formula."""
    count, waiting = 0, [node]
    while waiting:
        count += 1
        if count > _LONGEST_FORMULA // 2:
            return True
        waiting += [p for p in waiting.pop().parents if not p.label and not p.is_leaf]
    return False


def operation_text(node: Value, digits: int) -> str:
    """`×`, `tanh`, `x²`; with bare numbers among the inputs `+ 1`, `10 / x`, `max((…), 0)`.

    An input without a name, or with a long one, is (…).
    """
    sign = _SIGNS.get(node.op.symbol, node.op.symbol)
    name = _NAMES.get(node.op.name, node.op.name)
    literal = [is_literal(parent) for parent in node.parents]
    inputs = [
        number(p.data, digits) if bare else _operand(p)
        for p, bare in zip(node.parents, literal, strict=True)
    ]
    if node.op.name in _AROUND:
        raised = node.op.name in ("square", "cube")
        return _AROUND[node.op.name].format(_base(inputs[0]) if raised else inputs[0])
    if not any(literal):
        return sign or name
    if len(inputs) == 1:
        return f"{sign}{inputs[0]}" if sign else f"{name}({inputs[0]})"
    a, b = inputs
    if node.op.name in ("add", "mul") and not all(literal):
        return f"{sign} {a if literal[0] else b}"
    if node.op.name == "pow" and literal[1]:
        return symbol(f"{_base(a)}^{{{b}}}")
    return f"{a} {sign} {b}" if sign else f"{name}({a}, {b})"


def _operand(node: Value) -> str:
    name = symbol(node.label)
    return name if name and len(name) <= _LONGEST_NAME else _OPERAND


def _base(operand: str) -> str:
    """What a power is taken of: in brackets where it has an upper index itself."""
    return f"({operand})" if _RAISED.search(operand) else operand
