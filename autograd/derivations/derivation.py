"""A derivation: the chain rule written out in symbols and in numbers, as one writes it by hand."""

from __future__ import annotations

import math
from fractions import Fraction
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from autograd.derivations.factors import (
    Factor,
    Path,
    SymbolGraph,
    adjoints_of,
    is_simple,
    product_of,
)
from autograd.derivations.markup import to_unicode
from autograd.derivations.notation import (
    ONE,
    Form,
    Names,
    add,
    exact_value,
    form_of,
    has_kink,
    in_product,
    is_rounded,
    latex_at_numbers,
    latex_of,
    number,
    shown,
    styled,
    symbols_in,
    times,
)
from autograd.derivations.recognition import logit_of
from autograd.derivations.working import EQUAL, ROUNDED, Row, Working
from autograd.errors import (
    ArgumentError,
    ArgumentTypeError,
    ChalkgradError,
    GradientError,
    GraphError,
)
from autograd.graph import dependents, topological_order
from autograd.transforms import differentiate
from autograd.value import Value, _name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

__all__ = ["Derivation", "derive"]


def derive(output: Value, wrt: Value, *, digits: int = 6, limit: int = 8) -> Derivation:
    r"""d(output)/d(wrt) by the chain rule over the labelled nodes between the two.

    A node with a label is a symbol; nodes without are written out. Numbers are shown to `digits`
    significant digits. Of more than `limit` paths the first `limit` are written out and the others
    counted. Neither `grad` nor anything else in the graph is read or changed.

    Raises GraphError where a leaf was changed after the graph was computed from it, GradientError
    where the gradient is infinite or undefined, ArgumentError for digits or limit below 1.

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
    def form(self) -> Form | None:
        """The whole derivative, as short as is known; None where it cannot be written out."""
        return self._shortest[0]

    @cached_property
    def _shortest(self) -> tuple[Form | None, list[Value]]:
        """The whole derivative, and the targets whose sum has to be 1 for it to hold."""
        if self.path_count > len(self.paths):
            return None, []
        total: Form | None = ()
        for path in self.paths:
            total = None if total is None or path.form is None else add(total, path.form)
        return _recognised(self, total)

    def formula(self, style: str = "latex") -> str:
        r"""The gradient over symbols; where paths are left out, it ends in `+ \cdots`."""
        if self.form is not None:
            return styled(latex_of(self.form, self._graph.names), style)
        parts = [path.formula() for path in self.paths]
        if self.path_count > len(self.paths):
            parts.append(r"\cdots")
        return styled(_sum_of(parts), style)

    @property
    def symbolic(self) -> str:
        r"""The left side in LaTeX: `\frac{\partial L}{\partial W}`."""
        return self._graph.fraction(self.output, self.wrt)

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
        return f"<derivation {to_unicode(self.symbolic)} = {self.value!r}, {paths}>"

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
                f"{_name(node)} is not what its inputs give now: one of them was changed after it "
                "was computed",
                hint="after an optimizer's step compute the output again, then derive",
            )


def _gradient(order: list[Value], wrt: Value) -> float:
    """d(last of `order`)/d(wrt), as backward() computes it."""
    gradient = adjoints_of(order, dependents(order, wrt)).get(wrt, 0.0)
    if not math.isfinite(gradient):
        raise GradientError(
            f"the gradient of {_name(order[-1])} by {_name(wrt)} is {gradient!r}",
            hint="keep the inputs away from points where a derivative is not finite",
        )
    return gradient


def _recognised(derivation: Derivation, form: Form | None) -> tuple[Form | None, list[Value]]:
    r"""The form, or a shorter one where the gradient by a symbol on all paths is recognised.

    Through softmax or sigmoid and a cross-entropy, dL/dz is \hat{y} - y: that, times dz/d(wrt).
    Also the targets whose sum has to be 1 for it to hold.
    """
    graph, paths = derivation._graph, derivation.paths
    for joint in _joints(paths):
        heads = dict.fromkeys(f for p in paths for f in p.factors[: p.nodes.index(joint)])
        if all(is_simple(f.form) for f in heads) or any(has_kink(f.form or ()) for f in heads):
            continue
        symbols = [node for path in paths for node in path.nodes[1:]]
        symbols += [node for factor in heads for node in symbols_in(factor.form or ())]
        try:
            gradient = differentiate(derivation.output, joint)
        except GradientError:
            continue
        head, rest = graph.recognised(gradient, joint, symbols), _below(paths, joint)
        if head is not None and rest is not None:
            short = graph.shorter(form, times(head, rest))
            used = set() if short is form else set(topological_order(gradient))
            return short, [target for target in graph.recogniser.targets if target in used]
    return form, []


def _joints(paths: Sequence[Path]) -> list[Value]:
    """The symbols that are on every path, the lowest first, without the output."""
    if not paths or any(path.is_long for path in paths):
        return []
    common = set.intersection(*(set(path.nodes) for path in paths))
    return [node for node in reversed(paths[0].nodes[1:]) if node in common]


def _below(paths: Sequence[Path], joint: Value) -> Form | None:
    """d(joint)/d(wrt): the products of the ways from a symbol on all paths down to wrt, added."""
    ways = {}
    for path in paths:
        i = path.nodes.index(joint)
        ways[path.nodes[i:]] = path.factors[i:]
    total: Form = ()
    for factors in ways.values():
        product = product_of(factors)
        if product is None:
            return None
        total = add(total, product)
    return total


def _sum_of(parts: Iterable[str]) -> str:
    """LaTeX of terms added; a term may begin with a minus sign."""
    text = ""
    for part in parts:
        if not text:
            text = part
        else:
            text += f" - {part[1:]}" if part.startswith("-") else f" + {part}"
    return text or "0"


# The lines


class _Cell(NamedTuple):
    """A factor as it stands in a line: its form, or its symbolic name where it has none.

    Dots for factors left out have no number either.
    """

    form: Form | None
    symbolic: str
    number: float | None

    def in_symbols(self, names: Names) -> str:
        return self.symbolic if self.form is None else latex_of(self.form, names)

    def in_numbers(self, digits: int) -> str:
        if self.form is not None:
            return latex_at_numbers(self.form, digits)
        return self.symbolic if self.number is None else number(self.number, digits)

    def exactly(self, digits: int) -> Fraction | None:
        """The value of what `in_numbers` shows, where that is a fraction."""
        if self.form is not None:
            return exact_value(self.form, digits)
        return None if self.number is None else _shown(self.number, digits)

    def is_rounded(self, digits: int) -> bool:
        """Whether a number that replaces a symbol is shown with fewer digits than it has."""
        if self.form is None:
            return self.number is not None and is_rounded(self.number, digits)
        return any(is_rounded(node.data, digits) for node in symbols_in(self.form))


def _cells(path: Path) -> list[_Cell]:
    """The factors of a path that are written out, with dots where some are not."""
    head, tail = (
        [_Cell(factor.form, factor.symbolic, factor.number) for factor in end] for end in path.ends
    )
    return [*head, _Cell(None, path.dots, None), *tail] if tail else head


def _letters(latex: str) -> str:
    """A formula without what only sets it apart: spaces, dots and the size of brackets."""
    for mark in (r"\cdot", r"\left", r"\right", " "):
        latex = latex.replace(mark, "")
    return latex


def _product(parts: Iterable[Fraction | None]) -> Fraction | None:
    product = Fraction(1)
    for part in parts:
        if part is None:
            return None
        product *= part
    return product


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
        self._names = derivation._graph.names
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
        return Working(self._derivation.symbolic, tuple(self._rows), tuple(self._remarks))

    def _write_chain(self) -> None:
        if len(self._paths) > 1 or any(len(path.factors) > 1 for path in self._paths):
            self._add(EQUAL, [[cell.symbolic for cell in _cells(path)] for path in self._paths])

    def _write_formulas(self) -> list[list[_Cell]]:
        """The factors' formulas, those that are 1 left out; gives what stands in the line."""
        sides = [[cell for cell in _cells(path) if cell.form != ONE] for path in self._paths]
        if any(cell.form is not None for cells in sides for cell in cells) or not any(sides):
            self._add(EQUAL, self._in_symbols(sides))
        return sides

    def _write_gathered(self, sides: list[list[_Cell]]) -> list[list[_Cell]]:
        """The whole formula, where that says more than the factors side by side."""
        form = self._derivation.form
        if form is None or not sides:
            return sides
        side_by_side = _sum_of(" ".join(cells) or "1" for cells in self._in_symbols(sides))
        if _letters(latex_of(form, self._names)) == _letters(side_by_side):
            return sides
        terms: list[Form] = [(term,) for term in form]
        a_term_a_path = terms == [path.form for path in self._paths]
        gathered = [[_Cell(part, "", None)] for part in (terms if a_term_a_path else [form])]
        self._add(EQUAL, self._in_symbols(gathered))
        return gathered

    def _write_numbers(self, sides: list[list[_Cell]]) -> Fraction | None:
        """The line with numbers for symbols; gives its exact value, None where that is unknown."""
        digits = self._digits
        numbers = self._fitted(sides, lambda cell: cell.in_numbers(digits))
        if any(cell.form is not None or cell.number is not None for c in sides for cell in c):
            rounded = any(cell.is_rounded(digits) for cells in sides for cell in cells)
            self._add(ROUNDED if rounded else EQUAL, numbers)
        parts = [_product(cell.exactly(digits) for cell in cells) for cells in sides]
        products = [path.product for path in self._paths]
        if self._more:
            products.append(self._derivation.value - math.fsum(products))
            parts.append(_shown(products[-1], digits))
        texts = [number(product, digits) for product in products]
        if len(parts) == 1 or len(parts) < len(products) or numbers == [[text] for text in texts]:
            return _total(parts)
        if self._more:
            texts[-1] += rf"\text{{ ({self._more:,} more)}}"
        shown_parts = [_shown(product, digits) for product in products]
        self._rows.append(Row(EQUAL if parts == shown_parts else ROUNDED, (_sum_of(texts),)))
        return _total(shown_parts)

    def _write_result(self, exact: Fraction | None) -> None:
        text = number(self._derivation.value, self._digits)
        last = self._rows[-1] if self._rows else Row("", ())
        if last.cells != (text,) or last.sign not in (EQUAL, ROUNDED):
            is_exact = exact == shown(self._derivation.value, self._digits)
            self._rows.append(Row(EQUAL if is_exact else ROUNDED, (text,)))

    def _explain(self) -> None:
        """Says what the symbols are that are not labels, and what is not written out."""
        derivation, names = self._derivation, self._names
        factors = dict.fromkeys(f for path in self._paths for end in path.ends for f in end)
        used = [node for factor in factors for node in (factor.parent, factor.child)]
        used += [node for factor in factors for node in symbols_in(factor.form or ())]
        used += symbols_in(derivation.form or ())
        self._define([o for o in self._graph.recogniser.invented if o in used])
        if derivation._shortest[1]:
            total = _sum_of(names.called(leaf) for leaf in derivation._shortest[1])
            self._rows.append(Row("", (rf"\text{{with }}{total} = 1",)))
        if not self._paths:
            over, under = (to_unicode(names.called(n)) for n in (derivation.output, derivation.wrt))
            self._remarks.append(f"{over} does not depend on {under}")
        for factor in factors:
            if factor.form is None:
                self._remarks.append(f"{to_unicode(factor.symbolic)} {factor.obstacle}")
        self._remarks += names.remarks_on([derivation.output, derivation.wrt, *used])

    def _define(self, outputs: list[Value]) -> None:
        """Says which softmax outputs symbols stand for that no node of the graph has."""
        if not outputs:
            return
        names = self._names
        first, *others = (names.called(output) for output in outputs)
        likewise = rf"\text{{, likewise }}{', '.join(others)}" if others else ""
        exponential, total = outputs[0].parents
        form = form_of(exponential / total, names)
        if form is not None:
            definition = rf"{first} = {latex_of(form, names)}{likewise}"
        else:
            logit = names.symbol(logit_of(exponential)) or r"\text{its logit}"
            definition = rf"{first} \text{{ is what softmax makes of }}{logit}{likewise}"
        self._rows.append(Row("", (rf"\text{{where }}{definition}",)))

    def _in_symbols(self, sides: list[list[_Cell]]) -> list[list[str]]:
        return self._fitted(sides, lambda cell: cell.in_symbols(self._names))

    def _fitted(self, sides: list[list[_Cell]], write: Callable[[_Cell], str]) -> list[list[str]]:
        """The text of each cell, in brackets where its place in a sum or product needs them."""
        if len(sides) == 1 and len(sides[0]) == 1:
            return [[write(sides[0][0])]]
        return [
            [
                in_product(write(cell), cell.form or ONE, first=i == 0)
                for i, cell in enumerate(cells)
            ]
            for cells in sides
        ]

    def _add(self, sign: str, sides: list[list[str]]) -> None:
        """A line for each side, the paths left out counted; nothing where it says nothing new."""
        rows: list[Row] = []
        for cells in sides or [["0"]]:
            start = cells[0] if cells else "1"
            joint = sign if not rows else "-" if start.startswith("-") else "+"
            start = start[1:] if joint == "-" else start
            rows.append(Row(joint, (start, *cells[1:])))
        if self._more:
            rows.append(Row("+", (rf"\cdots\text{{ and {self._more:,} more paths}}",)))
        if [row.cells for row in rows] != [row.cells for row in self._rows[-len(rows) :]]:
            self._rows.extend(rows)
