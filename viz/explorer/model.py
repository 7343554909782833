"""What a page knows of a graph: nodes, numbers, formulas and derivations as JSON, and a program."""

from __future__ import annotations

import math
import re
from collections import Counter
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from autograd import (
    ArgumentError,
    ArgumentTypeError,
    ChalkgradError,
    FormulaError,
    GraphError,
    Value,
    as_value,
    compile,
    derive,
    formula,
    read_formula,
    to_mathml,
    to_unicode,
)
from viz.boxes import kinds_of, operation_text
from viz.errors import PictureError
from viz.explorer.copying import copied
from viz.explorer.geometry import HEIGHT, in_order, views_of
from viz.text import number, symbol
from viz.views import is_literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from autograd import Derivation
    from viz.explorer.page import Detail

__all__ = ["Model", "model_of"]

_MOST_DERIVATIONS: Final = 100
_LONGEST_FORMULA: Final = 160  # characters of LaTeX
_WITH_BOTH_SCRIPTS: Final = re.compile(
    r"<msubsup>(<mi>[^<]*</mi>(?:<m[in]>[^<]*</m[in]>|<mrow>.*?</mrow>))(.*?)</msubsup>"
)
_NUMBER: Final = re.compile(r"<mn>[^<]*</mn>")  # a label that cannot be told from a number
_NO_SYMBOLS: Final = "eπσ"  # letters that stand for a number or a function


class Model(NamedTuple):
    """A graph for a page: `graph` is what JSON can hold, `program` JavaScript that computes it."""

    graph: dict[str, Any]
    program: str


def model_of(
    root: Value,
    *,
    title: str,
    parameters: Iterable[Value],
    lr: float | None,
    detail: Detail | None,
    max_nodes: int,
) -> Model:
    """The model of the graph that `root` was computed by; `explore` says what is refused."""
    _check(root, lr, detail)
    order, chosen = copied(root, parameters)
    if len(order) > max_nodes:
        raise PictureError(
            f"a page of {len(order):,} nodes is slow to open; the limit is {max_nodes:,}",
            hint="explore the loss of a single row, or an intermediate result; or set max_nodes",
        )
    order[-1].backward()
    return _Writer(order, chosen).model(title, lr, detail)


def _check(root: object, lr: object, detail: object) -> None:
    if not isinstance(root, Value):
        raise ArgumentTypeError(
            f"explore() needs a Value, not {type(root).__name__}",
            hint="explore one result, for example the loss: explore(loss, 'page.html')",
        )
    if detail not in (None, "full", "labelled"):
        raise ArgumentError(
            f"detail={detail!r} is not possible", hint="detail is one of full, labelled"
        )
    is_rate = isinstance(lr, (int, float)) and 0.0 < lr < math.inf
    if lr is not None and not is_rate:
        raise ArgumentError(
            f"a learning rate of {lr!r} cannot be used", hint="give a positive number such as 0.01"
        )


class _Writer:
    """Writes one model."""

    def __init__(self, order: list[Value], parameters: set[Value]) -> None:
        self.order = order
        self.root = order[-1]
        self.numbers = {node: place for place, node in enumerate(order)}
        self.kinds = kinds_of(order, parameters)
        self.leaves = [node for node in order if node.is_leaf and not is_literal(node)]
        named = {to_mathml(node.label): node for node in order if node.label}
        self.symbols = {name: node for name, node in named.items() if not _NUMBER.fullmatch(name)}
        for mathml, node in list(self.symbols.items()):
            if mathml.startswith("<mrow>"):  # a word, whose letters stand bare in a product
                self.symbols[mathml.removeprefix("<mrow>").removesuffix("</mrow>")] = node
        by_length = sorted(self.symbols, key=len, reverse=True)
        self.symbol = re.compile("|".join(map(re.escape, by_length)) or r"(?!)")
        self.cells: dict[str, int] = {}

    def model(self, title: str, lr: float | None, detail: Detail | None) -> Model:
        results = [node for node in self.order if node.parents]
        places = {node: place for place, node in enumerate(results)}
        slopes: list[Value] = []
        slope_places: dict[Value, list[int]] = {}
        for node in results:
            slope_places[node] = []
            for which, parent in enumerate(node.parents):
                known = -1 if parent.is_constant else len(results) + len(slopes)
                slope_places[node].append(known)
                if known >= 0:
                    slopes.append(_slope(node, which))
        program = compile([*results, *slopes], self.leaves)
        written = iter(slopes)
        nodes = []
        for node in self.order:
            told = self._node(node)
            if node.parents:
                told |= {
                    "parents": [self.numbers[parent] for parent in node.parents],
                    "at": places[node],
                    "slopes": slope_places[node],
                    "rules": [
                        self._written(next(written)) if at >= 0 else None
                        for at in slope_places[node]
                    ],
                }
            nodes.append(told)
        views = self._views()
        derivations, factors = self._derivations()
        if detail is None:
            between = [node for node in results[:-1] if node.label]
            detail = "labelled" if between else "full"
        graph = {
            "title": title or f"{symbol(self.root.label)}, step by step",
            "nodes": nodes,
            "leaves": [self.numbers[leaf] for leaf in self.leaves],
            "table": sorted(range(len(self.leaves)), key=lambda at: in_order(self.leaves[at])),
            "lr": lr or self._rate(),
            "height": HEIGHT,
            "views": views,
            "first": 0 if detail == "labelled" else len(views) - 1,
            "derivations": derivations,
            "factors": factors,
            "cells": list(self.cells),
        }
        return Model(graph, program.javascript_source)

    def _node(self, node: Value) -> dict[str, Any]:
        told: dict[str, Any] = {"kind": self.kinds[node], "data": node.data}
        if node.label:
            told |= {"name": to_mathml(node.label), "text": symbol(node.label)}
        if node.is_constant:
            told["constant"] = True
        if node.parents:
            sign = operation_text(node, 4)
            told |= {"sign": sign, "op": node.op.name, "formula": self._formula(node)}
            if not node.label:
                told["text"] = sign
        elif not node.label:
            told["text"] = number(node.data, 4)
        return told

    def _formula(self, node: Value) -> int | None:
        """The formula of a result over symbols; None where it is too long to be read."""
        try:
            text = formula(node)
            if len(text) > _LONGEST_FORMULA:
                return None
            tree = read_formula(text, _symbols_in(node))
        except (GraphError, FormulaError):  # the first where it is too long to be written at all
            return None
        return self._cell(to_mathml(tree))

    def _written(self, value: Value) -> int | None:
        """What a local derivative is: a symbol, a number, or a formula over symbols."""
        if value.label:
            return self._cell(to_mathml(value.label))
        if value.is_leaf:
            return self._cell(to_mathml(number(value.data, 6)))
        return self._formula(value)

    def _cell(self, mathml: str) -> int:
        """The number of a piece of a formula, in which each symbol is marked with its node."""
        if "<mi>∂</mi>" not in mathml:
            mathml = self.symbol.sub(
                lambda found: (
                    f'<mrow data-node="{self.numbers[self.symbols[found[0]]]}">{found[0]}</mrow>'
                ),
                self._with_exponents(mathml),
            )
        return self.cells.setdefault(mathml, len(self.cells))

    def _with_exponents(self, mathml: str) -> str:
        """The formula with x_1^2 as a power of x_1, where x_1 is a symbol and x_1^2 is none."""

        def apart(found: re.Match[str]) -> str:
            symbol = f"<msub>{found[1]}</msub>"
            if found[0] in self.symbols or symbol not in self.symbols:
                return found[0]
            return f"<msup>{symbol}{found[2]}</msup>"

        return _WITH_BOTH_SCRIPTS.sub(apart, mathml)

    def _views(self) -> list[dict[str, Any]]:
        """The ways to look at the graph, told by the numbers of nodes.

        An arrow says which input of its end it is, -1 where it stands for ways through others.
        """
        told = []
        for view, places in views_of(self.order):
            places["nodes"] = [self.numbers[node] for node in view.nodes]
            shown = set(view.nodes)
            seen: Counter[tuple[int, int]] = Counter()
            for arrow in places["arrows"]:
                start, end = (view.nodes[place] for place in arrow[:2])
                pair = arrow[:2] = self.numbers[start], self.numbers[end]
                which = -1
                if all(parent in shown or is_literal(parent) for parent in end.parents):
                    found = [n for n, parent in enumerate(end.parents) if parent is start]
                    which = found[seen[pair]]
                    seen[pair] += 1
                arrow.insert(2, which)
            told.append(places)
        return told

    def _derivations(self) -> tuple[dict[int, Any], dict[str, int]]:
        """Of each symbol the lines of its derivation, and the formula of each factor in them."""
        symbols = [node for node in self.order if node.label and not node.is_constant]
        ranks = {"parameter": 0, "intermediate": 1, "input": 2}
        symbols = sorted(
            (node for node in symbols if node is not self.root),
            key=lambda node: ranks[self.kinds[node]],
        )
        written: dict[int, Any] = {}
        factors: dict[str, int] = {}
        for node in symbols[:_MOST_DERIVATIONS]:
            try:
                derivation = derive(self.root, node)
                lines = self._lines(derivation)
            except ChalkgradError:
                continue  # a derivative that is not finite has no derivation: the page says so
            written[self.numbers[node]] = lines
            for factor in derivation.factors:
                key = f"{self.numbers[factor.parent]},{self.numbers[factor.child]}"
                if factor.form is not None:
                    factors[key] = self._cell(to_mathml(factor.form))
        return written, factors

    def _lines(self, derivation: Derivation) -> dict[str, Any]:
        """The lines up to those with numbers, which the page makes of the last ones itself."""
        blocks: list[list[tuple[str, list[str]]]] = []
        remarks: list[str] = []
        for row in derivation.rows:
            line = (row.sign, row.typeset(to_mathml))
            if row.sign == "":
                remarks.append(row.mathml)
            elif row.sign in ("+", "-") and blocks:
                blocks[-1].append(line)
            else:
                blocks.append([line])
        symbolic: list[list[tuple[str, list[str]]]] = []
        for block in blocks:
            if not self._has_symbols(_text(block)):
                break
            symbolic.append(block)
        numeric = blocks[len(symbolic)] if len(symbolic) < len(blocks) else []
        last = symbolic[-1] if symbolic else []
        return {
            "left": to_mathml(derivation.quotient),
            "lines": [
                [sign, *map(self._cell, cells)] for block in symbolic for sign, cells in block
            ],
            # The lines of the last block, and those of them in which numbers are put in the place
            # of symbols: none where a symbol stands there that is no node.
            "last": len(last),
            "filled": len(last) if self._letters(last) == self._letters(numeric) else 0,
            "remarks": remarks,
            "sum": self._condition(remarks),
            "notes": list(derivation.remarks),
            "paths": derivation.path_count,
        }

    def _condition(self, remarks: Sequence[str]) -> list[int]:
        """The nodes whose sum has to be 1 for the last lines to hold, as the remarks say."""
        said = [remark for remark in remarks if remark.startswith("<mrow><mtext>with")]
        return [
            self.numbers[self.symbols[symbol[0]]]
            for remark in said
            for symbol in self.symbol.finditer(remark)
        ]

    def _has_symbols(self, mathml: str) -> bool:
        """Whether it is no line of numbers: a symbol stands in it, be it none of a node's."""
        letters = re.findall(r"<mi\b[^>]*>([^<]*)</mi>", mathml)
        return bool(self.symbol.search(self._with_exponents(mathml))) or any(
            len(letter) == 1 and letter not in _NO_SYMBOLS for letter in letters
        )

    def _letters(self, block: list[tuple[str, list[str]]]) -> list[str]:
        """The letters of lines that stand for no number."""
        without = self.symbol.sub("", self._with_exponents(_text(block)))
        return re.findall(r"<mi\b[^>]*>[^<]*</mi>", without)

    def _rate(self) -> float:
        """A power of ten at which a step takes off at most half of the loss, by its slope."""
        parameters = [leaf for leaf in self.leaves if self.kinds[leaf] == "parameter"]
        slope = math.fsum(leaf.grad**2 for leaf in parameters)
        if not (slope and self.root.data):
            return 0.1
        return 10.0 ** min(0, math.floor(math.log10(0.5 * abs(self.root.data) / slope)))


def _symbols_in(node: Value) -> list[str]:
    """The labels that the formula of a node may be over."""
    found: dict[str, None] = {}
    waiting = [*node.parents]
    while waiting:
        inner = waiting.pop()
        if inner.label:
            found[inner.label] = None
        else:
            waiting += inner.parents
    return list(found)


def _text(block: Sequence[tuple[str, list[str]]]) -> str:
    return "".join(cell for _, cells in block for cell in cells)


def _slope(node: Value, which: int) -> Value:
    """d(node)/d(its input number `which`), by the rule of the table, as a Value."""
    try:
        return as_value(node.op.rules[which](*node.parents, node))
    except ChalkgradError as error:
        name = to_unicode(node.label) or node.op.usage
        raise PictureError(
            f"the local derivative of {name} is not finite at these numbers: {error.message}",
            hint="begin with other numbers: those on the page can be changed to these",
        ) from error
