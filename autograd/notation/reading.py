"""Formula text, in LaTeX or plain notation, read over known labels into a tree."""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import combinations
from typing import TYPE_CHECKING, Final

from autograd.errors import ArgumentTypeError
from autograd.notation.errors import FormulaError, known_labels
from autograd.notation.expr import Call, Symbol
from autograd.notation.grammar import Doubt, Parser
from autograd.notation.labels import Labels
from autograd.notation.plain import plain
from autograd.notation.scanner import Names, Scanner
from autograd.ops import TABLE

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from autograd.notation.expr import Expr, Relation
    from autograd.ops import Operation

_LONGEST: Final = 30_000  # characters of a formula
_TEX: Final = re.compile(r"\\[A-Za-z]")
_LINKING: Final = re.compile(
    r"(?P<opening>\\?\{|[(\[])|(?P<closing>\\?\}|[)\]])"
    r"|\\(?:approx|simeq|cong|equiv)(?![A-Za-z])|:?=|[≈≃≅≡]"
)


class Reader:
    r"""Reads formula text over known labels.

    `labels` are the known symbols; `aliases` further spellings of them; `functions` operations that
    may be called besides those of the table; `applied` the names of functions of the page, such as
    `f`: `f(x)` is then `Applied`, and f alone a symbol.

    Where `new_symbols` is true, a letter that is no known label is read as a label of its own
    instead of being an error: `x_1^2` is then the square of the new symbol `x_1`. A word of two and
    more letters is not, unless it has a subscript.

    Raises FormulaError for an alias of an unknown label.

    >>> reader = Reader(["W_{11}^2", "O_{11}"], aliases={"0_{11}": "O_{11}"})
    >>> reader.read(r"W_{11}^2 \cdot 0_{11}")
    Product(factors=(Symbol(label='W_{11}^2'), Symbol(label='O_{11}')), divisors=())
    """

    def __init__(
        self,
        labels: Iterable[str],
        *,
        aliases: Mapping[str, str] | None = None,
        functions: Iterable[Operation] = (),
        applied: Iterable[str] = (),
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
                    written, 0, len(written), hint=known_labels(near or known.names), nearest=near,
                )  # fmt: skip
            stands_for[written] = found
        self.labels = Labels(known.names, stands_for)
        self._names = Names(self.labels, applied, functions, new_symbols=new_symbols)

    def read(self, text: str, *, tex: bool | None = None) -> Expr:
        r"""The formula in `text`, with the place of each part.

        What paper leaves open is read so: `a/bc` from left to right, (a/b)c; `\sin xy` as sin(xy);
        and `e^x` as a power of e where e is a label. `tex` says whether the text stood between
        dollars, where `x_ab` is x_a b; by default it is taken to be so if it has commands.

        Raises FormulaError for what is not one formula, ArgumentTypeError (a TypeError) for what is
        not text.
        """
        return self._parser(text, (), tex).formula()

    def readings(self, text: str, *, tex: bool | None = None) -> tuple[Expr, ...]:
        r"""The formula in `text` in each sense it may have on paper, the one of `read` first.

        >>> len(Reader("abc").readings("a/bc"))
        2
        """
        parser = self._parser(text, (), tex)
        first = parser.formula()
        open_to_doubt = [doubt for doubt in Doubt if doubt in parser.doubts]
        others = (
            self._parser(text, otherwise, tex).formula()
            for count in range(1, len(open_to_doubt) + 1)
            for otherwise in combinations(open_to_doubt, count)
        )
        return tuple(dict.fromkeys((first, *others)))

    def condition(self, text: str, *, tex: bool | None = None) -> Relation:
        """A comparison, such as `z > 0`; the word `if` may stand before it."""
        return self._parser(text, (), tex).condition()

    def _parser(self, text: str, otherwise: Collection[Doubt], tex: bool | None) -> Parser:
        _refuse_other_than_text(text)
        if len(text) > _LONGEST:
            hint = "name parts of it with labels"
            raise FormulaError(f"longer than {_LONGEST} characters", text, 0, 1, hint=hint)
        is_tex = _TEX.search(text) is not None if tex is None else tex
        words = Scanner(plain(text), self._names, tex=is_tex, letters=tex is True)
        return Parser(words, otherwise)


def read_formula(
    text: str, labels: Iterable[str], aliases: Mapping[str, str] | None = None
) -> Expr:
    r"""Reads one formula over known labels; `Reader` with these labels does the same for many.

    Raises FormulaError for what cannot be read, with the place, and ArgumentTypeError (a TypeError)
    for what is not text, labels among them.

    >>> read_formula("2(x + w)", ["x", "y"])
    Traceback (most recent call last):
    autograd.notation.errors.FormulaError: w is not a known label
      2(x + w)
            ^
    hint: known labels: x, y
    """
    names = list(labels)
    for name in names:
        if not isinstance(name, str):
            raise ArgumentTypeError(
                f"a label must be text, not {type(name).__name__}",
                hint="give the symbols themselves, such as 'x'; those of Values are v.label",
            )
    return Reader(names, aliases=aliases).read(text)


@lru_cache(maxsize=512)
def notation_of(operation: Operation) -> Expr:
    r"""How an operation is written, over the symbols `#1` and `#2`.

    What cannot be read as it is written is a Call of the operation.

    >>> notation_of(TABLE["square"])
    Power(base=Symbol(label='#1'), exponent=Number(written='2'))
    """
    inputs = ("#1", "#2")[: operation.arity]
    own = () if TABLE.get(operation.name) is operation else (operation,)
    try:
        return Reader(inputs, functions=own).read(operation.latex)
    except FormulaError:
        return Call(operation, tuple(map(Symbol, inputs)))


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
    for sign in _LINKING.finditer(text):
        if sign["opening"]:
            depth += 1
        elif sign["closing"]:
            depth = max(0, depth - 1)
        elif depth == 0:
            sides.append((start, sign.start()))
            start = sign.end()
    return [*sides, (start, len(text))]


def _refuse_other_than_text(text: object) -> None:
    if not isinstance(text, str):
        raise ArgumentTypeError(
            f"a formula must be text, not {type(text).__name__}",
            hint=r"give LaTeX or plain notation, such as r'-2(y - \hat{y}) x'",
        )
