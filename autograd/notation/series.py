r"""Sums and products over an index, written out: \sum_{j=1}^{2} w_j x_j is w_1 x_1 + w_2 x_2."""

from __future__ import annotations

import re
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
)
from autograd.notation.labels import Labels, Spelling, atoms_of, spellings_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

_MOST_TERMS: Final = 10_000  # of all sums in one formula
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
                return part if indexed == label else Symbol(indexed, start=part.start, end=part.end)
            case Applied(name) if (indexed := _label_with(name, numbers)) != name:
                new = tuple(with_indices(argument, numbers) for argument in part.arguments)
                return Applied(indexed, new, part.primes, start=part.start, end=part.end)
            case Series(_, _, index) if index in numbers:
                rest = {name: n for name, n in numbers.items() if name != index}
                return with_indices(part, rest) if rest else part
        return None

    return rebuilt(tree, change)


def _label_with(label: str, numbers: Mapping[str, int]) -> str:
    """A label with numbers for the indices in its scripts; `h_{t-1}` is h_1 for t = 2."""
    for spelling in spellings_of(label)[-1:]:
        sub, sup = (_script_with(script, numbers) for script in spelling[1:])
        if (sub, sup) != spelling[1:]:
            return Spelling(spelling.base, sub, sup).label
    return label


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
    left = [_MOST_TERMS]

    def change(part: Expr) -> Expr | None:
        return _written_out(part, known, left, change) if isinstance(part, Series) else None

    return rebuilt(tree, change)


def _written_out(
    series: Series, known: Labels, left: list[int], change: Callable[[Expr], Expr | None]
) -> Expr:
    index, terms = series.index, []
    numbers = _range_of(series, known)
    for n in numbers if numbers is not None else known.index_numbers():
        if numbers is None and not _is_within(series, n):
            continue
        term = rebuilt(with_indices(series.body, {index: n}), change)
        left[0] -= 1
        if left[0] < 0:
            raise _unclear(series, "has too many terms to be written out")
        if numbers is not None or _is_known(term, series.body, known):
            terms.append(term)
    if not terms or (numbers is None and not stands_in(series.body, index)):
        raise _unclear(series, f"does not say over which {index} it runs")
    if len(terms) == 1:
        return terms[0]
    build = Sum if series.kind == "sum" else Product
    return build(tuple(terms), start=series.start, end=series.end)


def _unclear(series: Series, problem: str) -> FormulaError:
    name = "sum" if series.kind == "sum" else "product"
    hint = rf"write its limits as \{series.kind}_{{{series.index}=1}}^{{3}}, of whole numbers"
    return FormulaError(f"this {name} {problem}", "", 0, 0, hint=hint)


def _range_of(series: Series, known: Labels) -> range | list[int] | None:
    """The numbers of its index, where its limits give them."""
    first, last = (_whole(limit) for limit in (series.first, series.last))
    if first is None or last is None:
        return None
    if last - first >= _MOST_TERMS:
        raise _unclear(series, f"has {last - first + 1} terms, too many to be written out")
    return range(first, last + 1)


def _is_within(series: Series, n: int) -> bool:
    first, last = (_whole(limit) for limit in (series.first, series.last))
    return (first is None or n >= first) and (last is None or n <= last)


def _whole(limit: Expr | None) -> int | None:
    value = None if limit is None else value_of(limit)
    return value.numerator if value is not None and value.denominator == 1 else None


def _is_known(term: Expr, body: Expr, known: Labels) -> bool:
    """Whether all labels of a term that the index has changed are known."""
    return all(known.find(label) for label in symbols_of(term).keys() - symbols_of(body).keys())
