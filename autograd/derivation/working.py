r"""Working: lines of mathematics aligned at their signs, as text, LaTeX and Markdown.

And the shortest one, a step of gradient descent: W_new = W_old - \eta dL/dW in symbols and numbers.
"""

from __future__ import annotations

import math
import unicodedata
from typing import TYPE_CHECKING, NamedTuple

from autograd.derivation.names import Names, described
from autograd.errors import ArgumentError, GraphError
from autograd.notation import (
    Derivative,
    Negative,
    Product,
    Sum,
    Symbol,
    decimal,
    exact,
    is_rounded,
    marked,
    to_latex,
    to_mathml,
    to_unicode,
)
from autograd.reals import real

if TYPE_CHECKING:
    from collections.abc import Callable

    from autograd.notation import Expr, Sentence
    from autograd.value import Value

EQUAL = "="
ROUNDED = r"\approx"
_FURTHER = ("+", "-")


def sign_between(before: Expr, after: Expr) -> str:
    """What stands between two lines of numbers: whether they are worth the same."""
    worth = exact(before)
    return EQUAL if worth is not None and worth == exact(after) else ROUNDED


class Row(NamedTuple):
    r"""One line after the left side.

    `sign` is `=` or `\approx`; `+` or `-` where the line goes on from the one above; or empty where
    it is a remark. `cells` are the factors of a product, or all of the line in one.
    """

    sign: str
    cells: tuple[Expr | Sentence, ...]

    @property
    def latex(self) -> str:
        """What stands after the sign, in LaTeX."""
        return r" \cdot ".join(self.typeset(to_latex))

    @property
    def mathml(self) -> str:
        """What stands after the sign, as the inside of a `<math>` element."""
        return "<mo>·</mo>".join(self.typeset(to_mathml))

    def typeset(self, show: Callable[..., str]) -> list[str]:
        """Each cell by `to_latex` or its like, in brackets where its place in a product needs them.

        A sum needs them beside other cells and after a sign, a minus sign behind the first cell.
        """
        several = len(self.cells) > 1 or self.sign in _FURTHER
        return [
            show(
                cell,
                enclosed=(several and isinstance(cell, Sum))
                or (place > 0 and isinstance(cell, Negative)),
            )
            for place, cell in enumerate(self.cells)
        ]


class Working:
    """A quantity, the lines that work it out, and remarks in words.

    `str()` gives text for a terminal. Jupyter shows it typeset.
    """

    def __init__(self, left: Expr, rows: tuple[Row, ...], remarks: tuple[str, ...] = ()) -> None:
        self.left = left
        self._given = rows, remarks

    @property
    def _written(self) -> tuple[tuple[Row, ...], tuple[str, ...]]:
        """Rows and remarks."""
        return self._given

    @property
    def rows(self) -> tuple[Row, ...]:
        """The lines."""
        return self._written[0]

    @property
    def remarks(self) -> tuple[str, ...]:
        """What has to be said of them."""
        return self._written[1]

    def __str__(self) -> str:
        left = to_unicode(self.left)
        margin = " " * _width(left)
        lines: list[str] = []
        for block in _blocks(self.rows):
            for row, text in zip(block, _aligned(block), strict=True):
                sign = to_unicode(row.sign) if row.sign else " "
                lines.append(f"{margin if lines else left} {sign} {text}".rstrip())
        return "\n".join([*lines, *(f"({remark})" for remark in self.remarks)])

    def latex(self) -> str:
        r"""An `align*` environment, for LaTeX with amsmath, KaTeX and MathJax."""
        return f"\\begin{{align*}}\n{self._lines()}\n\\end{{align*}}"

    def markdown(self) -> str:
        """A display formula between double dollars, then the remarks."""
        formula = f"$$\n\\begin{{aligned}}\n{self._lines()}\n\\end{{aligned}}\n$$"
        return "\n\n".join([formula, *(f"({_plain(remark)})" for remark in self.remarks)])

    def _repr_latex_(self) -> str:
        return f"$$\\begin{{aligned}}\n{self._lines()}\n\\end{{aligned}}$$"

    def _repr_markdown_(self) -> str:
        return self.markdown()

    def _lines(self) -> str:
        lines = []
        for i, row in enumerate(self.rows):
            left = to_latex(self.left) if i == 0 else ""
            joint = rf"\quad {row.sign}" if row.sign in ("", *_FURTHER) else row.sign
            lines.append(f"{left} &{joint} {row.latex}".lstrip())
        return " \\\\\n".join(lines)


def _blocks(rows: tuple[Row, ...]) -> list[list[Row]]:
    """Each line with the lines that go on from it."""
    blocks: list[list[Row]] = []
    for row in rows:
        if row.sign in _FURTHER and blocks:
            blocks[-1].append(row)
        else:
            blocks.append([row])
    return blocks


def _aligned(block: list[Row]) -> list[str]:
    """The text of each row, the factors below one another where all have as many."""
    texts = [row.typeset(to_unicode) for row in block]
    if len({len(cells) for cells in texts}) == 1:
        widths = [max(map(_width, column)) for column in zip(*texts, strict=True)]
        texts = [
            [cell + " " * (width - _width(cell)) for cell, width in zip(cells, widths, strict=True)]
            for cells in texts
        ]
    return [" · ".join(cells).rstrip() for cells in texts]


def _width(text: str) -> int:
    """How many columns of a terminal the text takes: accents stand above, not beside."""
    return sum(not unicodedata.combining(c) for c in text)


def _plain(remark: str) -> str:
    """Words that Markdown does not take for markup."""
    for mark in r"\`*_{}[]<>#|$":
        remark = remark.replace(mark, f"\\{mark}")
    return remark


def update_rule(parameter: Value, lr: float, *, loss: str = "L", digits: int = 6) -> Working:
    r"""The update of one parameter by gradient descent, from its `data` and its `grad`.

    W_new = W_old - lr dL/dW, with `lr` > 0 the learning rate and `loss` the loss's symbol. Nothing
    is changed: call it after backward() and before the optimizer's step.

    Raises GraphError for a result or a constant, NotANumberError or ArgumentError for `lr`.

    >>> from autograd import Value
    >>> w = Value(1.0, "W_{11}^1")
    >>> w.grad = 2400
    >>> print(update_rule(w, 0.0001))
    W₁₁¹_new = W₁₁¹_old − η ∂L/∂W₁₁¹
             = 1 − 0.0001 · 2400
             = 0.76
    """
    rate = real(lr)
    if not 0.0 < rate < math.inf:
        raise ArgumentError(
            f"a learning rate of {rate!r} cannot be used",
            hint="give a positive number such as 0.01",
        )
    if parameter.parents or parameter.is_constant:
        raise GraphError(
            f"{described(parameter)}, is no parameter, so it is not updated",
            hint="only leaves that have a gradient are: Value(1.0, 'w')",
        )
    symbol = Names([parameter]).symbols.get(parameter, "w")
    slope = Derivative(Symbol(to_latex(loss)), Symbol(symbol))
    step = Product((Symbol(r"\eta"), slope))
    given = (parameter.data, rate, parameter.grad)
    old, *factors = (decimal(x, digits) for x in given)
    numbers = Sum((old, Negative(Product(tuple(factors)))))
    new = decimal(parameter.data - rate * parameter.grad, digits)
    rounded = any(is_rounded(x, digits) for x in given)
    return Working(
        Symbol(marked(symbol, "new")),
        (
            Row(EQUAL, (Sum((Symbol(marked(symbol, "old")), Negative(step))),)),
            Row(ROUNDED if rounded else EQUAL, (numbers,)),
            Row(sign_between(numbers, new), (new,)),
        ),
    )
