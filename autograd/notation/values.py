"""Value graphs as trees of formulas, trees as Value graphs, and numbers as a person meant them."""

from __future__ import annotations

import math
from collections import Counter
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final

from autograd import ops
from autograd.graph import topological_order
from autograd.notation.errors import FormulaError
from autograd.notation.expr import (
    EULER,
    ONE,
    At,
    Derivative,
    Expr,
    Meaning,
    Negative,
    Number,
    Power,
    Sum,
    Symbol,
    as_expr,
    number,
)
from autograd.transforms import differentiate
from autograd.value import Value

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_LONGEST: Final = 400  # operations in a formula
_DEEPEST: Final = 60  # brackets and functions inside each other
_LARGEST_PART: Final = 60  # operations of an unlabelled node that has no formula of its own


# From graphs to trees.


def tree_of(root: Value, called: Mapping[Value, str]) -> Expr | None:
    """What `root` was computed from, the nodes in `called` being symbols.

    None where it is too long to be read: more than 400 operations, or 60 brackets in each other.

    >>> x = Value(3.0)
    >>> tree_of(x * x, {x: "x"}) == Symbol("x") * Symbol("x")
    True
    """
    order = _written_out(root, called)
    if order is None:
        return None
    trees: dict[Value, Expr] = {}
    for node in order:
        trees[node] = _combined(node, [_input(parent, called, trees) for parent in node.parents])
    return _input(root, called, trees)


def formulas_of(roots: Iterable[Value], called: Mapping[Value, str]) -> dict[str, Expr]:
    r"""The formula of every node in `called` that was computed, over the nodes in `called`.

    Unlabelled nodes that are large, or used several times, have formulas too, under names that no
    page has: "\0" and a number. So the whole is never larger than the graph. Labels come in the
    order of computation.

    >>> w, x = Value(2.0), Value(3.0)
    >>> formulas_of([w * x + 1], {w: "w", x: "x"})  # nothing here has a name
    {}
    """
    order = topological_order(*roots)
    uses = Counter(parent for node in order for parent in node.parents)
    names = dict(called)
    trees: dict[Value, Expr] = {}
    sizes: dict[Value, int] = {}
    formulas: dict[str, Expr] = {}
    for node in order:
        if not node.parents:
            continue
        tree = _combined(node, [_input(parent, names, trees) for parent in node.parents])
        size = 1 + sum(sizes.get(parent, 1) for parent in node.parents)
        if node not in names and (size > _LARGEST_PART or uses[node] > 1):
            names[node] = f"\0{len(names)}"
        if node in names:
            formulas[names[node]] = tree
        else:
            trees[node], sizes[node] = tree, size
    return formulas


def _written_out(root: Value, called: Mapping[Value, str]) -> list[Value] | None:
    """The nodes that are written out in the formula of `root`, each after its parents."""
    size: dict[Value, int] = {}
    depth: dict[Value, int] = {}
    order: list[Value] = []
    path = [root] if root.parents and root not in called else []
    while path:
        node = path[-1]
        waiting = [p for p in node.parents if p.parents and p not in size and p not in called]
        if waiting:
            path.append(waiting[0])
            continue
        path.pop()
        size[node] = 1 + sum(size.get(p, 1) for p in node.parents)
        nested = [depth.get(p, 0) for p in node.parents]
        if node.op is ops.add:
            depth[node] = max(nested)
        elif node.op is ops.sub:
            depth[node] = max(nested[0], nested[1] + 1)
        else:
            depth[node] = max(nested) + 1
        if size[node] > _LONGEST or depth[node] > _DEEPEST:
            return None
        order.append(node)
    return order


def _input(node: Value, called: Mapping[Value, str], trees: Mapping[Value, Expr]) -> Expr:
    if node in called:
        return Symbol(called[node])
    return constant(node.data) if node.is_leaf else trees[node]


def _combined(node: Value, inputs: list[Expr]) -> Expr:
    if node.op is ops.exp:
        return Power(EULER, inputs[0])
    if node.op is ops.abs and node.parents[0].op is ops.sign and node.parents[0].data != 0.0:
        return ONE  # in the rule for powers: |sign(b)| is 1 wherever b is not 0
    last = inputs[-1]
    if node.op in (ops.sub, ops.neg) and isinstance(last, Sum):  # a - (b - c) as it was computed
        before = inputs[:-1]
        above = before[0].terms if before and isinstance(before[0], Sum) else tuple(before)
        return Sum((*above, Negative(last))) if before else Negative(last)
    tree: Expr = node.op(*inputs)
    return tree


# From trees to graphs.


def build(tree: Expr, nodes: Mapping[str, Value]) -> Value:
    """A formula as a graph over the nodes of its labels, derivatives in it differentiated.

    Raises FormulaError for a label that has no node, and what the operations raise.

    >>> x = Value(3.0, "x")
    >>> y = build(Symbol("x") ** 2 + 1, {"x": x})
    >>> y.backward()
    >>> y.data, x.grad
    (10.0, 6.0)
    """

    def symbol(part: Symbol) -> Value:
        if part.label not in nodes:
            raise FormulaError(f"{part.label} has no value here", part.label, 0, len(part.label))
        return nodes[part.label]

    def derivative(part: Derivative | At) -> Value:
        if isinstance(part, At):
            place = build(part.value, nodes)
            place = Value(place.data) if place.is_constant else place
            return build(part.of, {**nodes, part.symbol.label: place})
        result = _recorded(meaning.of(part.of))
        for _ in range(part.order):
            result = differentiate(result, symbol(part.wrt))
        return result

    meaning = Meaning(symbol, float, derivative)
    return _recorded(meaning.of(tree))


def _recorded(result: Any) -> Value:
    """A result as a node: a formula of numbers alone is a constant."""
    return result if isinstance(result, Value) else Value(result).detach()


# Numbers.


def constant(x: float) -> Expr:
    """A constant of a graph as a person meant it: by its name, as a decimal or as a fraction.

    >>> constant(0.1), constant(math.pi)
    (Number(written='0.1'), Constant(name='pi'))
    """
    if not math.isfinite(x):
        return decimal(x)
    known = as_expr(x)
    return number(meant(x)) if isinstance(known, Number | Negative) else known


def meant(x: float) -> Fraction:
    """The number a person would have meant by x: 0.1 is 1/10 and 0.3333333333333333 is 1/3."""
    exact = Fraction(repr(x))
    if exact.denominator <= 10**6:
        return exact
    simple = exact.limit_denominator(1000)
    return simple if float(simple) == x else exact


def decimal(x: float, digits: int = 6) -> Expr:
    """A number to so many significant digits; whole numbers up to 1e15 in full.

    >>> decimal(2400.0), decimal(-0.0821670412), decimal(1.2e-7)
    (Number(written='2400'), Negative(operand=Number(written='0.082167')), Number(written='1.2e-7'))
    """
    if not math.isfinite(x):
        size: Expr = Symbol(r"\text{undefined}" if math.isnan(x) else r"\infty")
    elif x == int(x) and abs(x) < 1e15:
        size = Number(str(int(abs(x))))
    else:
        size = with_power_of_ten(f"{abs(x):.{digits}g}")
    return Negative(size) if x < 0 else size


def with_power_of_ten(written: str) -> Expr:
    """A number as Python prints it: `1.2e-07` is 1.2 times a power of ten, `1e-07` that alone."""
    digits, _, power = written.partition("e")
    if not power:
        return Number(digits)
    if digits != "1":
        return Number(f"{digits}e{int(power)}")
    return Power(Number("10"), number(float(power)))


def shown(x: float, digits: int) -> Fraction:
    """The number that `decimal(x, digits)` is, for a finite x."""
    if x == int(x) and abs(x) < 1e15:
        return Fraction(int(x))
    return Fraction(f"{x:.{digits}g}")


def is_rounded(x: float, digits: int) -> bool:
    """Whether `decimal(x, digits)` says less than x holds, the last bits of a float apart."""
    return math.isfinite(x) and abs(shown(x, digits) - Fraction(x)) > Fraction(abs(x)) / 10**14
