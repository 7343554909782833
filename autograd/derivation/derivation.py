"""A derivation: the chain rule written out in symbols and in numbers, as one writes it by hand."""

from __future__ import annotations

import math
import re
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Final

from autograd.derivation.factors import (
    Cell,
    Factor,
    Path,
    SymbolGraph,
    adjoints_of,
    combined,
    has_kink,
    is_simple,
    shorter,
)
from autograd.derivation.names import described, styled
from autograd.derivation.recognition import logit_of
from autograd.derivation.working import EQUAL, ROUNDED, Row, Working, sign_between
from autograd.errors import (
    ArgumentError,
    ArgumentTypeError,
    ChalkgradError,
    GradientError,
    GraphError,
)
from autograd.graph import dependents, topological_order
from autograd.notation import (
    ONE,
    ZERO,
    Expr,
    Negative,
    Product,
    Relation,
    Sentence,
    Sum,
    Symbol,
    decimal,
    is_rounded,
    normal,
    substituted,
    to_latex,
    to_unicode,
)
from autograd.transforms import differentiate
from autograd.value import Value

if TYPE_CHECKING:
    from collections.abc import Sequence

    _Side = Sequence[Factor | Cell]  # a product; a line is the sum of some


def derive(output: Value, wrt: Value, *, digits: int = 6, limit: int = 8) -> Derivation:
    r"""d(output)/d(wrt) by the chain rule over the labelled nodes between the two.

    A node with a label is a symbol; nodes without are written out. Numbers are shown to `digits`
    significant digits. Of more than `limit` paths the first `limit` are written out and the others
    counted. Neither `grad` nor anything else in the graph is read or changed.

    Raises GraphError where a leaf was changed after the graph was computed from it, GradientError
    where the gradient is infinite or undefined, ArgumentError for digits or limit below 1.

    >>> from autograd import Value
    >>> w, x, y = Value(2.0, "w"), Value(80.0, "x"), Value(75.0, "y")
    >>> y_hat = w * x
    >>> y_hat.label = r"\hat{y}"
    >>> loss = (y - y_hat) ** 2
    >>> loss.label = "L"
    >>> print(derive(loss, w))
    ∂L/∂w = ∂L/∂ŷ · ∂ŷ/∂w
          = −2(y − ŷ) · x
          = −2(75 − 160) · 80
          = 13600
    """
    for given in (output, wrt):
        if not isinstance(given, Value):
            raise ArgumentTypeError(
                f"derive() of {type(given).__name__}",
                hint="give two Values, the output and what to differentiate by: derive(loss, w)",
            )
    for name, count in (("digits", digits), ("limit", limit)):
        if not isinstance(count, int) or count < 1:
            raise ArgumentError(
                f"derive() with {name}={count!r}", hint=f"{name} is a whole number, at least 1"
            )
    return Derivation(output, wrt, digits, limit)


class Derivation(Working):
    """d(output)/d(wrt) as the sum over paths of products of factors; made by `derive`.

    `value` is its number, `quotient` the left side, `paths` the paths written out, `path_count` the
    number of all of them; `gradient` and `formula()` are the whole derivative as a Value and in
    symbols. As a Working it has lines: chain rule, formulas, numbers, result; and remarks.
    """

    def __init__(self, output: Value, wrt: Value, digits: int, limit: int) -> None:
        order = topological_order(output)
        _refuse_stale(order)
        self.output = output
        self.wrt = wrt
        self.digits = digits
        self.value: float = _gradient(order, wrt)
        self._graph = SymbolGraph(order, wrt)
        self.path_count: int = self._graph.path_count
        self.paths: tuple[Path, ...] = tuple(
            Path(nodes, self.value, self._graph) for nodes in islice(self._graph.paths(), limit)
        )
        self.left = self.quotient = self._graph.names.quotient(output, wrt)

    @cached_property
    def _written(self) -> tuple[tuple[Row, ...], tuple[str, ...]]:
        lines = _Lines(self)
        return tuple(lines.rows), tuple(lines.remarks)

    @property
    def factors(self) -> tuple[Factor, ...]:
        """The factors of the paths written out, each once."""
        return tuple(dict.fromkeys(factor for path in self.paths for factor in path.factors))

    @cached_property
    def gradient(self) -> Value:
        """The gradient as a Value over the graph's nodes: what `differentiate` gives."""
        return differentiate(self.output, self.wrt)

    @property
    def form(self) -> Expr | None:
        """The whole derivative, as short as is known; None where it cannot be written out."""
        return self._shortest[0]

    @cached_property
    def _shortest(self) -> tuple[Expr | None, list[Value]]:
        """The whole derivative, and the targets whose sum has to be 1 for it to hold."""
        if self.path_count > len(self.paths):
            return None, []
        return _recognised(self, combined(Sum, [path.form for path in self.paths]))

    def formula(self, style: str = "latex") -> str:
        r"""The gradient over symbols; where paths are left out, it ends in `+ \cdots`."""
        if self.form is not None:
            return styled(self.form, style)
        more = (_DOTS,) if self.path_count > len(self.paths) else ()
        return styled(_added([*(path.written for path in self.paths), *more]), style)

    @property
    def symbolic(self) -> str:
        r"""The left side in LaTeX: `\frac{\partial L}{\partial W}`."""
        return to_latex(self.quotient)

    def __repr__(self) -> str:
        paths = "1 path" if self.path_count == 1 else f"{self.path_count} paths"
        return f"<derivation {to_unicode(self.quotient)} = {self.value!r}, {paths}>"


_DOTS: Final = Symbol(r"\cdots")


def _refuse_stale(order: list[Value]) -> None:
    """Raises GraphError where a node is not what its inputs give."""
    for node in order:
        inputs = [parent.data for parent in node.parents]
        try:
            is_stale = bool(inputs) and node.op.evaluate(*inputs) != node.data
        except ChalkgradError:
            is_stale = True
        if is_stale:
            raise GraphError(
                f"{described(node)} is not what its inputs give now: one of them was changed after "
                "it was computed",
                hint="after an optimizer's step compute the output again, then derive",
            )


def _gradient(order: list[Value], wrt: Value) -> float:
    """d(last of `order`)/d(wrt), as backward() computes it."""
    gradient = adjoints_of(order, dependents(order, wrt)).get(wrt, 0.0)
    if not math.isfinite(gradient):
        raise GradientError(
            f"the gradient of {described(order[-1])} by {described(wrt)} is {gradient!r}",
            hint="keep the inputs away from points where a derivative is not finite",
        )
    return gradient


def _recognised(derivation: Derivation, form: Expr | None) -> tuple[Expr | None, list[Value]]:
    r"""The form, or a shorter one where the gradient by a symbol on all paths is recognised.

    Through softmax or sigmoid and a cross-entropy, dL/dz is \hat{y} - y: that, times dz/d(wrt).
    Also the targets whose sum has to be 1 for it to hold.
    """
    graph, paths = derivation._graph, derivation.paths
    for joint in _joints(paths):
        heads = dict.fromkeys(f for p in paths for f in p.factors[: p.nodes.index(joint)])
        forms = [factor.form for factor in heads]
        known = [each for each in forms if each is not None]
        if any(map(has_kink, known)) or (len(known) == len(forms) and all(map(is_simple, known))):
            continue
        symbols = [node for path in paths for node in path.nodes[1:]]
        symbols += [node for each in known for node in graph.names.nodes_in(each)]
        try:
            gradient = differentiate(derivation.output, joint)
        except GradientError:
            continue
        head, rest = graph.recognised(gradient, joint, symbols), _below(paths, joint)
        if head is not None and rest is not None:
            short = shorter(form, normal(Product((head, rest))))
            used = set() if short is form else set(topological_order(gradient))
            return short, [target for target in graph.recogniser.targets if target in used]
    return form, []


def _joints(paths: Sequence[Path]) -> list[Value]:
    """The symbols that are on every path, the lowest first, without the output."""
    if not paths or any(path.is_long for path in paths):
        return []
    common = set.intersection(*(set(path.nodes) for path in paths))
    return [node for node in reversed(paths[0].nodes[1:]) if node in common]


def _below(paths: Sequence[Path], joint: Value) -> Expr | None:
    """d(joint)/d(wrt): the products of the ways from a symbol on all paths down to wrt, added."""
    ways = {path.nodes[i:]: path.factors[i:] for path in paths for i in [path.nodes.index(joint)]}
    return combined(Sum, [combined(Product, [f.form for f in way]) for way in ways.values()])


def _added(terms: Sequence[Expr]) -> Expr:
    """Terms added; a term that is taken away is no term in brackets."""
    if len(terms) < 2:
        return terms[0] if terms else ZERO
    return Sum(tuple(terms))


# The lines.


class _Lines:
    """Writes the lines of one derivation, and what has to be said of them."""

    def __init__(self, derivation: Derivation) -> None:
        self._derivation = derivation
        self._names = derivation._graph.names
        self._paths = derivation.paths
        self._more = derivation.path_count - len(derivation.paths)
        self.rows: list[Row] = []
        self.remarks: list[str] = []
        self._add(EQUAL, [[cell.in_chain for cell in path.cells] for path in self._paths])
        sides: list[_Side] = [[c for c in path.cells if c.form != ONE] for path in self._paths]
        self._add(EQUAL, _in_symbols(sides))
        sides = self._gathered(sides)
        self._add_result(self._add_numbers(sides))
        self._explain()

    def _add(self, sign: str, sides: list[list[Expr]]) -> None:
        """A line for each side, the paths left out counted; nothing where it says nothing new."""
        rows = _rows(sign, sides)
        if self._more:
            rows.append(Row("+", (Symbol(rf"\cdots\text{{ and {self._more:,} more paths}}"),)))
        before = self.rows[-len(rows) :] or [Row("", (self._derivation.quotient,))]
        if [row.cells for row in rows] != [row.cells for row in before]:
            self.rows += rows

    def _gathered(self, sides: list[_Side]) -> list[_Side]:
        """The whole formula, where that says more than the factors side by side."""
        form = self._derivation.form
        rows = _rows(EQUAL, _in_symbols(sides))
        side_by_side = "".join(f"{row.sign}{row.latex}" for row in rows)
        if form is None or not sides or _letters(f"={to_latex(form)}") == _letters(side_by_side):
            return sides
        terms = [*form.terms] if isinstance(form, Sum) else [form]
        a_term_a_path = terms == [path.form for path in self._paths]
        gathered = [[Cell(part, part)] for part in (terms if a_term_a_path else [form])]
        self._add(EQUAL, _in_symbols(gathered))
        return [*gathered]

    def _add_numbers(self, sides: list[_Side]) -> Expr:
        """The lines with numbers for symbols; gives the last one."""
        digits = self._derivation.digits
        cells = [[self._in_numbers(cell) for cell in side] for side in sides]
        rounded = any(is_rounded(x, digits) for c in cells for _, given in c for x in given)
        numbers = [[shown for shown, _ in side] for side in cells]
        self._add(ROUNDED if rounded else EQUAL, numbers)
        total = _added([Product((ONE, *factors)) for factors in numbers])
        products = [path.product for path in self._paths]
        shown = [decimal(product, digits) for product in products]
        if len(numbers) < len(shown) or numbers == [[product] for product in shown]:
            return total
        texts = [*shown]
        if self._more:
            rest = decimal(self._derivation.value - math.fsum(products), digits)
            total, shown = _added([total, rest]), [*shown, rest]
            texts.append(rest * Symbol(rf"\text{{ ({self._more:,} more)}}"))
        if len(texts) < 2:
            return total
        self.rows.append(Row(sign_between(total, _added(shown)), (_added(texts),)))
        return _added(shown)

    def _add_result(self, before: Expr) -> None:
        number = decimal(self._derivation.value, self._derivation.digits)
        last = self.rows[-1] if self.rows else Row("", ())
        if last.cells != (number,) or last.sign not in (EQUAL, ROUNDED):
            self.rows.append(Row(sign_between(before, number), (number,)))

    def _in_numbers(self, cell: Factor | Cell) -> tuple[Expr, list[float]]:
        """A cell with numbers for its symbols, and these."""
        digits = self._derivation.digits
        if cell.form is not None:
            nodes = self._names.nodes_in(cell.form)
            shown = {self._names.called(node): decimal(node.data, digits) for node in nodes}
            return substituted(cell.form, shown), [node.data for node in nodes]
        if cell.number is not None:
            return decimal(cell.number, digits), [cell.number]
        return cell.in_chain, []

    def _explain(self) -> None:
        """Says what the symbols are that are not labels, and what is not written out."""
        derivation, names = self._derivation, self._names
        cells = dict.fromkeys(cell for path in self._paths for cell in path.cells)
        factors = [cell for cell in cells if isinstance(cell, Factor)]
        used = [node for factor in factors for node in (factor.parent, factor.child)]
        used += [node for factor in factors for node in names.nodes_in(factor.form)]
        used += names.nodes_in(derivation.form)
        self._define([o for o in derivation._graph.recogniser.invented if o in used])
        if targets := derivation._shortest[1]:
            total = Relation(_added([names.tree(leaf) for leaf in targets]), "=", ONE)
            self.rows.append(Row("", (Sentence(("with ", total)),)))
        if not self._paths:
            over, under = (
                to_unicode(part) for part in (derivation.quotient.of, names.tree(derivation.wrt))
            )
            self.remarks.append(f"{over} does not depend on {under}")
        self.remarks += [f"{to_unicode(f.quotient)} {f.obstacle}" for f in factors if not f.form]
        self.remarks += names.remarks_on([derivation.output, derivation.wrt, *used])

    def _define(self, outputs: list[Value]) -> None:
        """Says which softmax outputs symbols stand for that no node of the graph has."""
        if not outputs:
            return
        first, *others = map(self._names.tree, outputs)
        exponential, total = outputs[0].parents
        form = self._names.form_of(exponential / total)
        definition: list[str | Expr] = [Relation(first, "=", form)] if form else []
        if form is None:
            label = self._names.symbols.get(logit_of(exponential))
            definition = [
                first,
                " is what softmax makes of ",
                Symbol(label) if label else "its logit",
            ]
        joints = [", likewise ", *[", "] * len(others)]
        likewise = [part for pair in zip(joints, others, strict=False) for part in pair]
        self.rows.append(Row("", (Sentence(("where ", *definition, *likewise)),)))


def _in_symbols(sides: Sequence[_Side]) -> list[list[Expr]]:
    return [[cell.form or cell.in_chain for cell in side] for side in sides]


def _letters(latex: str) -> str:
    """A formula without what only sets it apart: spaces, dots and the size of brackets."""
    return re.sub(r"\\cdot|\\left|\\right| ", "", latex)


def _rows(sign: str, sides: list[list[Expr]]) -> list[Row]:
    """Products that are added, each in a row of its own; a minus sign is the row's."""
    rows: list[Row] = []
    for cells in sides or [[ZERO]]:
        first, *others = cells or [ONE]
        joint = sign
        if rows:
            joint = "-" if isinstance(first, Negative) else "+"
            first = first.operand if isinstance(first, Negative) else first
        rows.append(Row(joint, (first, *others)))
    return rows
