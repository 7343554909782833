r"""Sums and products over an index, written out: \sum_{j=1}^{2} w_j x_j is w_1 x_1 + w_2 x_2."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from autograd.notation.errors import FormulaError
from autograd.notation.expr import (
    Applied,
    Expr,
    Product,
    Series,
    Sum,
    Symbol,
    number,
    rebuilt,
    symbols_of,
    value_of,
    walk,
)
from autograd.notation.labels import Labels, atoms_of, spelling_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_MOST_TERMS: Final = 1_000  # of all sums in one formula
_CALCULATED: Final = re.compile(r"([0-9]{1,6})([+-])([0-9]{1,6})")


def with_indices(tree: Expr, numbers: Mapping[str, int]) -> Expr:
    r"""The tree with numbers in the place of indices: in scripts of labels, and by themselves.

    >>> with_indices(Symbol("w_{ij}") * Symbol("j"), {"i": 1, "j": 2})
    Product(factors=(Symbol(label='w_{12}'), Number(written='2')), divisors=())
    """

    def change(part: Expr) -> Expr | None:
        match part:
            case Symbol(label):
                if label in numbers:
                    return number(numbers[label])
                indexed = _label_with(label, numbers)
                return part if indexed == label else replace(part, label=indexed)
            case Applied(name) if (indexed := _label_with(name, numbers)) != name:
                arguments = tuple(with_indices(argument, numbers) for argument in part.arguments)
                return replace(part, name=indexed, arguments=arguments)
            case Series(_, _, index) if index in numbers:
                rest = {name: n for name, n in numbers.items() if name != index}
                return with_indices(part, rest) if rest else part
        return None

    return rebuilt(tree, change)


def _label_with(label: str, numbers: Mapping[str, int]) -> str:
    """A label with numbers for the indices in its scripts; `h_{t-1}` is h_1 for t = 2."""
    spelling = spelling_of(label)
    sub, sup = (_script_with(script, numbers) for script in spelling[1:])
    return label if (sub, sup) == spelling[1:] else spelling._replace(sub=sub, sup=sup).label


def _script_with(script: str, numbers: Mapping[str, int]) -> str:
    atoms = atoms_of(script)
    if not any(atom in numbers for atom in atoms):
        return script
    put = "".join(str(numbers.get(atom, atom)) for atom in atoms)
    sum_ = _CALCULATED.fullmatch(put)
    if not sum_:
        return put
    first, second = int(sum_[1]), int(sum_[3])
    return str(first + second if sum_[2] == "+" else first - second)


def stands_in(tree: Expr, index: str) -> bool:
    """Whether an index occurs in a tree, by itself or in a label."""
    return with_indices(tree, {index: 1}) != tree


def expanded(tree: Expr, labels: Labels | Iterable[str]) -> Expr:
    r"""The tree with every sum and product over an index written out.

    An index without limits runs over all numbers for which the labels in the body are known.
    Raises FormulaError where it is not clear which numbers those are.

    >>> expanded(Series("sum", Symbol("w_j"), "j"), ["w_1", "w_2"])
    Sum(terms=(Symbol(label='w_1'), Symbol(label='w_2')))
    """
    known = labels if isinstance(labels, Labels) else Labels(labels)
    left = _MOST_TERMS

    def change(part: Expr) -> Expr | None:
        nonlocal left
        if isinstance(part, Symbol):
            label = known.find(part.label) or part.label
            return None if label == part.label else replace(part, label=label)
        if not isinstance(part, Series):
            return None
        numbers = _numbers_of(part, known)
        left -= len(numbers)
        if left < 0:
            raise _unclear(part, "has too many terms to be written out")
        if not numbers:
            raise _unclear(part, f"does not say over which {part.index} it runs")
        terms = [rebuilt(with_indices(part.body, {part.index: n}), change) for n in numbers]
        build = Sum if part.kind == "sum" else Product
        whole = build(tuple(terms), start=part.start, end=part.end)
        return terms[0] if len(terms) == 1 else whole

    return rebuilt(tree, change)


def _numbers_of(series: Series, known: Labels) -> Sequence[int]:
    """The numbers its index runs over: by its limits, or all for which the labels are known."""
    first, last = (
        value.numerator if value is not None and value.denominator == 1 else None
        for value in (value_of(limit) if limit else None for limit in (series.first, series.last))
    )
    if first is not None and last is not None:
        if last - first >= _MOST_TERMS:
            raise _unclear(series, f"has {last - first + 1} terms, too many to be written out")
        return range(first, last + 1)
    index, inner = series.index, {p.index for p in walk(series.body) if isinstance(p, Series)}
    indexed = [
        label for label in symbols_of(series.body) if _label_with(label, {index: 1}) != label
    ]

    def exists(label: str) -> bool:
        return bool(known.find(label)) or known.is_indexed(spelling_of(label), inner)

    return [
        n
        for n in known.index_numbers()
        if (first is None or n >= first) and (last is None or n <= last)
        if indexed and all(exists(_label_with(label, {index: n})) for label in indexed)
    ]


def _unclear(series: Series, problem: str) -> FormulaError:
    name = "sum" if series.kind == "sum" else "product"
    hint = rf"write its limits as \{series.kind}_{{{series.index}=1}}^{{3}}, of whole numbers"
    return FormulaError(f"this {name} {problem}", "", 0, 0, hint=hint)
