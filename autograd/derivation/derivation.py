"""A derivation: the chain rule written out in symbols and in numbers, as one writes it by hand."""

from __future__ import annotations

import math
from fractions import Fraction
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Final, NamedTuple

from autograd.derivation.factors import (
    Factor,
    Path,
    SymbolGraph,
    adjoints_of,
    has_kink,
    is_simple,
    product_of,
)
from autograd.derivation.names import described, styled
from autograd.derivation.recognition import logit_of
from autograd.derivation.working import EQUAL, ROUNDED, Row, Working
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
    Derivative,
    Expr,
    Negative,
    Product,
    Relation,
    Sentence,
    Sum,
    Symbol,
    decimal,
    exact,
    is_rounded,
    normal,
    shown,
    substituted,
    to_latex,
    to_unicode,
)
from autograd.transforms import differentiate
from autograd.value import Value

if TYPE_CHECKING:
    from collections.abc import Sequence


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


class Derivation:
    """d(output)/d(wrt) as the sum over paths of products of factors; made by `derive`.

    `value` is its number, `paths` the paths written out, `path_count` the number of all of them;
    `gradient` and `formula()` are the whole derivative as a Value and in symbols. `str()`,
    `latex()` and `markdown()` give the lines of `working`.
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
        forms = [path.form for path in self.paths]
        known = tuple(form for form in forms if form is not None)
        total = normal(Sum((ZERO, *known))) if len(known) == len(forms) else None
        return _recognised(self, total)

    def formula(self, style: str = "latex") -> str:
        r"""The gradient over symbols; where paths are left out, it ends in `+ \cdots`."""
        if self.form is not None:
            return styled(self.form, style)
        more = (_DOTS,) if self.path_count > len(self.paths) else ()
        return styled(_sum_of([*(path.written for path in self.paths), *more]), style)

    @property
    def quotient(self) -> Derivative:
        """The left side."""
        return self._graph.quotient(self.output, self.wrt)

    @property
    def symbolic(self) -> str:
        r"""The left side in LaTeX: `\frac{\partial L}{\partial W}`."""
        return to_latex(self.quotient)

    @cached_property
    def working(self) -> Working:
        """The lines: chain rule, formulas, numbers, result; and remarks."""
        return _Writer(self).working()

    def latex(self) -> str:
        r"""An `align*` environment, for LaTeX with amsmath, KaTeX and MathJax."""
        return self.working.latex()

    def markdown(self) -> str:
        """A display formula between double dollars, then the remarks."""
        return self.working.markdown()

    def __str__(self) -> str:
        return str(self.working)

    def __repr__(self) -> str:
        paths = "1 path" if self.path_count == 1 else f"{self.path_count} paths"
        return f"<derivation {to_unicode(self.quotient)} = {self.value!r}, {paths}>"

    def _repr_latex_(self) -> str:
        return self.working._repr_latex_()

    def _repr_markdown_(self) -> str:
        return self.markdown()


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
        kinks = any(f.form is not None and has_kink(f.form) for f in heads)
        if kinks or all(is_simple(f.form) for f in heads):
            continue
        symbols = [node for path in paths for node in path.nodes[1:]]
        symbols += [node for factor in heads for node in graph.nodes_in(factor.form)]
        try:
            gradient = differentiate(derivation.output, joint)
        except GradientError:
            continue
        head, rest = graph.recognised(gradient, joint, symbols), _below(paths, joint)
        if head is not None and rest is not None:
            short = graph.shorter(form, normal(Product((head, rest))))
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
    ways = {}
    for path in paths:
        i = path.nodes.index(joint)
        ways[path.nodes[i:]] = path.factors[i:]
    products = [product_of(factors) for factors in ways.values()]
    known = tuple(product for product in products if product is not None)
    return normal(Sum((ZERO, *known))) if len(known) == len(products) else None


def _sum_of(parts: Sequence[Expr]) -> Expr:
    """Terms added; a term that is taken away is no term in brackets."""
    if len(parts) < 2:
        return parts[0] if parts else ZERO
    return Sum(tuple(parts))


_DOTS: Final = Symbol(r"\cdots")


# The lines


class _Cell(NamedTuple):
    """A factor as it stands in a line: in the chain rule, and worked out where it can be.

    Dots for factors left out have no number either.
    """

    form: Expr | None
    in_chain: Expr
    number: float | None

    @property
    def in_symbols(self) -> Expr:
        return self.in_chain if self.form is None else self.form


def _cells(path: Path) -> list[_Cell]:
    """The factors of a path that are written out, with dots where some are not."""
    head, tail = (
        [_Cell(factor.form, factor.in_chain, factor.number) for factor in end] for end in path.ends
    )
    return [*head, _Cell(None, path.dots, None), *tail] if tail else head


def _letters(latex: str) -> str:
    """A formula without what only sets it apart: spaces, dots and the size of brackets."""
    for mark in (r"\cdot", r"\left", r"\right", " "):
        latex = latex.replace(mark, "")
    return latex


def _shown(x: float, digits: int) -> Fraction | None:
    return shown(x, digits) if math.isfinite(x) else None


def _total(parts: Sequence[Fraction | None]) -> Fraction | None:
    known = [part for part in parts if part is not None]
    return sum(known, Fraction(0)) if len(known) == len(parts) else None


class _Writer:
    """Writes the lines of one derivation."""

    def __init__(self, derivation: Derivation) -> None:
        self._derivation = derivation
        self._graph = derivation._graph
        self._digits = derivation.digits
        self._paths = derivation.paths
        self._more = derivation.path_count - len(derivation.paths)
        self._rows: list[Row] = []
        self._remarks: list[str] = []

    def working(self) -> Working:
        self._write_chain()
        sides = self._write_formulas()
        sides = self._write_gathered(sides)
        value = self._write_numbers(sides)
        self._write_result(value)
        self._explain()
        return Working(self._derivation.quotient, tuple(self._rows), tuple(self._remarks))

    def _write_chain(self) -> None:
        if len(self._paths) > 1 or any(len(path.factors) > 1 for path in self._paths):
            self._add(EQUAL, [[cell.in_chain for cell in _cells(path)] for path in self._paths])

    def _write_formulas(self) -> list[list[_Cell]]:
        """The factors' formulas, those that are 1 left out; gives what stands in the line."""
        sides = [[cell for cell in _cells(path) if cell.form != ONE] for path in self._paths]
        if any(cell.form is not None for cells in sides for cell in cells) or not any(sides):
            self._add(EQUAL, [[cell.in_symbols for cell in cells] for cells in sides])
        return sides

    def _write_gathered(self, sides: list[list[_Cell]]) -> list[list[_Cell]]:
        """The whole formula, where that says more than the factors side by side."""
        form = self._derivation.form
        if form is None or not sides:
            return sides
        rows = _rows(EQUAL, [[cell.in_symbols for cell in cells] for cells in sides])
        side_by_side = "".join(f"{row.sign}{row.latex}" for row in rows)
        if f"={_letters(to_latex(form))}" == _letters(side_by_side):
            return sides
        terms = [*form.terms] if isinstance(form, Sum) else [form]
        a_term_a_path = terms == [path.form for path in self._paths]
        gathered = [[_Cell(part, part, None)] for part in (terms if a_term_a_path else [form])]
        self._add(EQUAL, [[cell.in_symbols for cell in cells] for cells in gathered])
        return gathered

    def _write_numbers(self, sides: list[list[_Cell]]) -> Fraction | None:
        """The line with numbers for symbols; gives its exact value, None where that is unknown."""
        digits = self._digits
        numbers = [[self._in_numbers(cell) for cell in cells] for cells in sides]
        if any(cell.form is not None or cell.number is not None for c in sides for cell in c):
            rounded = any(self._is_rounded(cell) for cells in sides for cell in cells)
            self._add(ROUNDED if rounded else EQUAL, numbers)
        parts = [exact(Product((ONE, *cells))) for cells in numbers]
        products = [path.product for path in self._paths]
        if self._more:
            products.append(self._derivation.value - math.fsum(products))
            parts.append(_shown(products[-1], digits))
        texts = [decimal(product, digits) for product in products]
        if len(parts) == 1 or len(parts) < len(products) or numbers == [[text] for text in texts]:
            return _total(parts)
        if self._more:
            texts[-1] *= Symbol(rf"\text{{ ({self._more:,} more)}}")
        shown_parts = [_shown(product, digits) for product in products]
        self._rows.append(Row(EQUAL if parts == shown_parts else ROUNDED, (_sum_of(texts),)))
        return _total(shown_parts)

    def _write_result(self, value: Fraction | None) -> None:
        number = decimal(self._derivation.value, self._digits)
        last = self._rows[-1] if self._rows else Row("", ())
        if last.cells != (number,) or last.sign not in (EQUAL, ROUNDED):
            is_exact = value == shown(self._derivation.value, self._digits)
            self._rows.append(Row(EQUAL if is_exact else ROUNDED, (number,)))

    def _explain(self) -> None:
        """Says what the symbols are that are not labels, and what is not written out."""
        derivation, graph = self._derivation, self._graph
        factors = dict.fromkeys(f for path in self._paths for end in path.ends for f in end)
        used = [node for factor in factors for node in (factor.parent, factor.child)]
        used += [node for factor in factors for node in graph.nodes_in(factor.form)]
        used += graph.nodes_in(derivation.form)
        self._define([o for o in graph.recogniser.invented if o in used])
        if derivation._shortest[1]:
            total = _sum_of([graph.symbol(leaf) for leaf in derivation._shortest[1]])
            self._rows.append(Row("", (Sentence(("with ", Relation(total, "=", ONE))),)))
        if not self._paths:
            over, under = (
                to_unicode(graph.symbol(node)) for node in (derivation.output, derivation.wrt)
            )
            self._remarks.append(f"{over} does not depend on {under}")
        for factor in factors:
            if factor.form is None:
                self._remarks.append(f"{to_unicode(factor.quotient)} {factor.obstacle}")
        self._remarks += graph.names.remarks_on([derivation.output, derivation.wrt, *used])

    def _define(self, outputs: list[Value]) -> None:
        """Says which softmax outputs symbols stand for that no node of the graph has."""
        if not outputs:
            return
        first, *others = (self._graph.symbol(output) for output in outputs)
        exponential, total = outputs[0].parents
        form = self._graph.form_of(exponential / total)
        definition: list[str | Expr]
        if form is not None:
            definition = [Relation(first, "=", form)]
        else:
            label = self._graph.names.symbol(logit_of(exponential))
            logit = Symbol(label) if label else "its logit"
            definition = [first, " is what softmax makes of ", logit]
        joints = [", likewise ", *[", "] * len(others)]
        likewise = [part for pair in zip(joints, others, strict=False) for part in pair]
        self._rows.append(Row("", (Sentence(("where ", *definition, *likewise)),)))

    def _in_numbers(self, cell: _Cell) -> Expr:
        if cell.form is not None:
            nodes = self._graph.nodes_in(cell.form)
            numbers = {self._graph.names.called(n): decimal(n.data, self._digits) for n in nodes}
            return substituted(cell.form, numbers)
        return cell.in_chain if cell.number is None else decimal(cell.number, self._digits)

    def _is_rounded(self, cell: _Cell) -> bool:
        """Whether a number that replaces a symbol is shown with fewer digits than it has."""
        if cell.form is None:
            return cell.number is not None and is_rounded(cell.number, self._digits)
        return any(is_rounded(node.data, self._digits) for node in self._graph.nodes_in(cell.form))

    def _add(self, sign: str, sides: list[list[Expr]]) -> None:
        """A line for each side, the paths left out counted; nothing where it says nothing new."""
        rows = _rows(sign, sides)
        if self._more:
            rows.append(Row("+", (Symbol(rf"\cdots\text{{ and {self._more:,} more paths}}"),)))
        if [row.cells for row in rows] != [row.cells for row in self._rows[-len(rows) :]]:
            self._rows.extend(rows)


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
