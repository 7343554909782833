"""Formula text, in LaTeX or plain notation, read over known labels."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

from autograd.errors import ArgumentTypeError
from autograd.formulas.parsing import Doubt, Parser
from autograd.formulas.spelling import Labels
from autograd.formulas.syntax import Derivative, Meaning, Node, Number, Symbol, walk
from autograd.formulas.tokens import (
    CLOSING,
    FUNCTIONS,
    LINKING,
    OPENING,
    FormulaError,
    Scanner,
    known_labels,
)
from autograd.transforms import differentiate
from autograd.value import Value

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from autograd.ops import Operation

__all__ = ["Formula", "FormulaError", "Reader", "read_formula", "split_links"]


@dataclass(frozen=True, slots=True)
class Formula:
    r"""A formula that was read: its text and its tree.

    >>> formula = read_formula(r"-2(y - \hat{y}) x", ["y", r"\hat{y}", "x"])
    >>> formula.symbols
    ('y', '\\hat{y}', 'x')
    >>> formula.evaluate({"y": 3, r"\hat{y}": 18, "x": 80})
    2400.0
    """

    text: str
    tree: Node

    @property
    def symbols(self) -> tuple[str, ...]:
        """The labels in it, each once, in the order of the text."""
        parts = (part.label for part in walk(self.tree) if isinstance(part, Symbol))
        return tuple(dict.fromkeys(parts))

    @property
    def derivatives(self) -> tuple[Derivative, ...]:
        """The derivative terms in it, each once, in the order of the text."""
        return tuple(
            dict.fromkeys(part for part in walk(self.tree) if isinstance(part, Derivative))
        )

    def written(self, part: Node) -> str:
        """The text of one part of the tree."""
        return self.text[part.start : part.end]

    def evaluate(
        self,
        at: Mapping[str, float],
        derivatives: Callable[[Derivative], float] | None = None,
    ) -> float:
        """Its number, where each label has the number in `at`.

        `derivatives` gives the numbers of its derivative terms. Raises FormulaError for a label or
        a derivative that has none, and what the operations raise (DomainError, ...).
        """

        def derivative(part: Derivative) -> float:
            if derivatives is None:
                raise self._without("the number of this derivative is not given", part)
            return derivatives(part)

        return float(Meaning(self._lookup(at, float), _plain_number, derivative).of(self.tree))

    def build(self, nodes: Mapping[str, Value]) -> Value:
        """The formula as a graph over the nodes of these labels, derivative terms differentiated.

        Raises FormulaError for a label that has no node, and what the operations raise.

        >>> x = Value(3.0, "x")
        >>> y = read_formula("x^2 + 1", ["x"]).build({"x": x})
        >>> y.backward()
        >>> y.data, x.grad
        (10.0, 6.0)
        """
        symbol = self._lookup(nodes, lambda node: node)

        def derivative(part: Derivative) -> Value:
            return differentiate(_recorded(meaning.of(part.of)), symbol(part.wrt))

        meaning = Meaning(symbol, _plain_number, derivative)
        return _recorded(meaning.of(self.tree))

    def _lookup(self, table: Mapping[str, Any], convert: Callable[[Any], Any]) -> Any:
        def symbol(part: Symbol) -> Any:
            if part.label not in table:
                raise self._without(f"{part.label} has no value here", part)
            return convert(table[part.label])

        return symbol

    def _without(self, problem: str, part: Node) -> FormulaError:
        return FormulaError(problem, self.text, part.start, part.end)


def _plain_number(part: Number) -> float:
    return part.value


def _recorded(result: Value | float) -> Value:
    """A result as a node: a formula of numbers alone is a constant."""
    return result if isinstance(result, Value) else Value(result).detach()


class Reader:
    r"""Reads formula text over known labels.

    `labels` are the known symbols; `aliases` further spellings of them; `functions` operations that
    may be called besides those of the table. Where `new_symbols` is true, a symbol that is no known
    label is read as a label of its own instead of being an error: `x_1^2` is then the square of the
    new symbol `x_1`, and a word such as `loss` is one symbol.

    Raises FormulaError for an alias of an unknown label.

    >>> reader = Reader(["W_{11}^2", "O_{11}"], aliases={"0_{11}": "O_{11}"})
    >>> reader.read(r"W_{11}^2 \cdot 0_{11}").symbols
    ('W_{11}^2', 'O_{11}')
    """

    def __init__(
        self,
        labels: Iterable[str],
        *,
        aliases: Mapping[str, str] | None = None,
        functions: Iterable[Operation] = (),
        new_symbols: bool = False,
    ) -> None:
        known = Labels(labels)
        stands_for = {}
        for written, label in (aliases or {}).items():
            found = label if new_symbols else known.find(label)
            if found is None:
                near = known.nearest(label)
                raise FormulaError(
                    f"{written} is to stand for {label}, which is no known label",
                    written,
                    0,
                    len(written),
                    hint=known_labels(near or known.names),
                    nearest=near,
                )
            stands_for[written] = found
        self.labels = Labels(known.names, stands_for)
        self.functions = FUNCTIONS | {operation.name: operation for operation in functions}
        self.new_symbols = new_symbols

    def read(self, text: str) -> Formula:
        r"""The formula in `text`.

        What paper leaves open is read so: `a/bc` from left to right, (a/b)c; `\sin xy` as sin(xy);
        and `e^x` as a power of e where e is a label. Raises FormulaError for what is not one
        formula, ArgumentTypeError (a TypeError) for what is not text.
        """
        return self._parsed(text, ())[0]

    def readings(self, text: str) -> tuple[Formula, ...]:
        r"""The formula in `text` in each sense it may have on paper, the one of `read` first.

        >>> a_bc, bc_below = Reader("abc").readings("a/bc")
        >>> at = {"a": 1, "b": 2, "c": 3}
        >>> round(a_bc.evaluate(at), 3), round(bc_below.evaluate(at), 3)
        (1.5, 0.167)
        """
        first, doubts = self._parsed(text, ())
        open_to_doubt = [doubt for doubt in Doubt if doubt in doubts]
        others = (
            self._parsed(text, otherwise)[0]
            for count in range(1, len(open_to_doubt) + 1)
            for otherwise in combinations(open_to_doubt, count)
        )
        return tuple({formula.tree: formula for formula in (first, *others)}.values())

    def _parsed(self, text: str, otherwise: Collection[Doubt]) -> tuple[Formula, set[Doubt]]:
        _refuse_other_than_text(text)
        words = Scanner(text, self.labels, self.functions, new_symbols=self.new_symbols)
        parser = Parser(words, otherwise)
        return Formula(text, parser.formula()), parser.doubts


def read_formula(
    text: str, labels: Iterable[str], aliases: Mapping[str, str] | None = None
) -> Formula:
    r"""Reads one formula over known labels; `Reader` with these labels does the same for many.

    Raises FormulaError for what cannot be read, with the place, and ArgumentTypeError (a TypeError)
    for what is not text.

    >>> read_formula(r"\frac{1}{2}(a - b)^2", ["a", "b"]).evaluate({"a": 5, "b": 2})
    4.5
    """
    return Reader(labels, aliases=aliases).read(text)


def split_links(text: str) -> list[tuple[int, int]]:
    r"""Where the sides of a chain of equations stand: `a = b = c` has three, `a` alone one.

    An equals sign in brackets or scripts, as in `\sum_{j=1}^{3}`, does not divide.

    >>> text = r"\sum_{j=1}^{3} x_j = 5 \approx 5.0"
    >>> [text[start:end].strip() for start, end in split_links(text)]
    ['\\sum_{j=1}^{3} x_j', '5', '5.0']
    """
    _refuse_other_than_text(text)
    sides: list[tuple[int, int]] = []
    start = depth = 0
    for sign in LINKING.finditer(text):
        if sign[0] in OPENING:
            depth += 1
        elif sign[0] in CLOSING:
            depth = max(0, depth - 1)
        elif depth == 0 and not sign[0].startswith("\\{"):
            sides.append((start, sign.start()))
            start = sign.end()
    return [*sides, (start, len(text))]


def _refuse_other_than_text(text: object) -> None:
    if not isinstance(text, str):
        raise ArgumentTypeError(
            f"a formula must be text, not {type(text).__name__}",
            hint=r"give LaTeX or plain notation, such as r'-2(y - \hat{y}) x'",
        )
